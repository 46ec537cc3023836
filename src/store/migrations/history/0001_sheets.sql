-- Which migrations this file has had, and what they were.
CREATE TABLE migrations (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL
) STRICT;

-- One row: from when on everything is in the history.
CREATE TABLE begin (
  at INTEGER NOT NULL
) STRICT;

-- Up to which revision of a pool events were taken over from the store's log.
CREATE TABLE cursors (
  pool TEXT PRIMARY KEY,
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Parts of the log as they came. The columns before the text can be read without it.
CREATE TABLE parts (
  first INTEGER PRIMARY KEY,
  length INTEGER NOT NULL,
  events INTEGER NOT NULL,
  until INTEGER NOT NULL,
  seal INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT;

-- What parts were made into. Two seals, as the statistics read the first half alone.
CREATE TABLE sheets (
  first INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  seal INTEGER NOT NULL,
  names TEXT NOT NULL,
  columns BLOB NOT NULL,
  rest_seal INTEGER NOT NULL,
  ids TEXT NOT NULL,
  details BLOB NOT NULL
) STRICT;
