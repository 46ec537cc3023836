CREATE TABLE migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL
) STRICT;

CREATE TABLE meta (
  secret BLOB NOT NULL CHECK (length(secret) = 32)
) STRICT;

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

CREATE TABLE events (
  pool TEXT NOT NULL,
  revision INTEGER NOT NULL,
  body TEXT NOT NULL,
  seal INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (pool, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE trimmed (
  pool TEXT PRIMARY KEY,
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE probe (
  count INTEGER NOT NULL
) STRICT;

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

CREATE TABLE fences (
  environment TEXT PRIMARY KEY,
  fence INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  seal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX leases_ended ON leases (ended_at, request_key) WHERE ended_at IS NOT NULL;

CREATE TABLE pool_configs (
  pool TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  seal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  seal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
