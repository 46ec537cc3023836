-- How much the events of a pool are, so that a log which is too long is seen without counting it.
CREATE TABLE logs (
  pool TEXT PRIMARY KEY,
  events INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO logs (pool, events, bytes) SELECT pool, count(*), sum(octet_length(body)) FROM events GROUP BY pool;

CREATE TRIGGER events_added AFTER INSERT ON events BEGIN
  INSERT INTO logs (pool, events, bytes) VALUES (new.pool, 1, octet_length(new.body))
  ON CONFLICT (pool) DO UPDATE SET events = events + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER events_removed AFTER DELETE ON events BEGIN
  UPDATE logs SET events = events - 1, bytes = bytes - octet_length(old.body) WHERE pool = old.pool;
END;
