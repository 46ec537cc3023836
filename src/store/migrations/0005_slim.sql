-- The latest grant on an environment, whose own row is written when anything else of it changes.
CREATE TABLE fences (
  environment TEXT PRIMARY KEY,
  fence INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  seal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A row has some events of one commit, up to `revision`, and how many they are.
ALTER TABLE events ADD COLUMN count INTEGER NOT NULL DEFAULT 1;

-- How much the events of a pool are is counted by the program, which writes a page less in each commit.
DROP TABLE logs;
