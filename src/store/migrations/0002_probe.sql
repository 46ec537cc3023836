-- A probe raises it: a write that nobody but the disk can refuse, and that SQLite cannot leave out as one that changes nothing.
CREATE TABLE probe (
  count INTEGER NOT NULL
) STRICT;
INSERT INTO probe (count) VALUES (0);
