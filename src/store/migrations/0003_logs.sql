-- How much the events of a pool are, so that a log which is too long is seen without counting it.
CREATE TABLE logs (
  pool TEXT PRIMARY KEY,
  events INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO logs (pool, events, bytes) SELECT pool, count(*), sum(octet_length(body)) FROM events GROUP BY pool;
