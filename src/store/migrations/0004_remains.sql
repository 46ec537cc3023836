-- What is kept of an ended lease for which history has no room: enough to know its request_id again. In the order in which they ended.
CREATE TABLE remains (
  number INTEGER PRIMARY KEY,
  request_key TEXT NOT NULL,
  lease TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  end_reason TEXT,
  created_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  seal INTEGER NOT NULL
) STRICT;
CREATE INDEX remains_request ON remains (request_key);
