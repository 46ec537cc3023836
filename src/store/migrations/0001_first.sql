-- Which migrations this file has had, and what they were.
CREATE TABLE migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL
) STRICT;

-- One row. The secret is the key of lease tokens; random_key() comes from the program.
CREATE TABLE meta (
  secret BLOB NOT NULL CHECK (length(secret) = 32)
) STRICT;
INSERT INTO meta (secret) VALUES (random_key());

-- A seal is a checksum of the columns before it: SQLite finds damage to its structure by itself, but none inside a value.
CREATE TABLE pools (
  name TEXT PRIMARY KEY,
  revision INTEGER NOT NULL,
  at INTEGER NOT NULL,
  seal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE environments (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  seal INTEGER NOT NULL
) STRICT;

-- The body is the whole lease as JSON; the other columns are there to be looked up by.
CREATE TABLE leases (
  id TEXT PRIMARY KEY,
  pool TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('QUEUED', 'OFFERED', 'HELD', 'ENDED')),
  request_key TEXT,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  body TEXT NOT NULL,
  seal INTEGER NOT NULL,
  CHECK ((state = 'ENDED') = (ended_at IS NOT NULL))
) STRICT;
CREATE INDEX leases_all ON leases (created_at, id);
CREATE INDEX leases_live ON leases (created_at, id) WHERE ended_at IS NULL;
CREATE INDEX leases_ended ON leases (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX leases_request ON leases (request_key, created_at) WHERE request_key IS NOT NULL AND ended_at IS NOT NULL;

CREATE TABLE events (
  pool TEXT NOT NULL,
  revision INTEGER NOT NULL,
  body TEXT NOT NULL,
  seal INTEGER NOT NULL,
  PRIMARY KEY (pool, revision)
) STRICT, WITHOUT ROWID;

-- The latest event of a pool that history no longer keeps.
CREATE TABLE trimmed (
  pool TEXT PRIMARY KEY,
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
