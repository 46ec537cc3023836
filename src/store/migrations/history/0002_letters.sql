-- Notices that are to be delivered, those to one receiver in the order of their numbers, and those that were given up.
CREATE TABLE letters (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  receiver TEXT NOT NULL,
  notice TEXT NOT NULL,
  died_at INTEGER,
  why TEXT
) STRICT;
CREATE INDEX letters_waiting ON letters (receiver, number) WHERE died_at IS NULL;
CREATE INDEX letters_dead ON letters (number) WHERE died_at IS NOT NULL;

-- Of which live leases there was a letter that is written once for each.
CREATE TABLE marks (
  lease TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (lease, id)
) STRICT, WITHOUT ROWID;
