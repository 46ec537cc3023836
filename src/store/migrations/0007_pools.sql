-- What operators have set for pools, apart from the pools' own rows, which many commits write.
CREATE TABLE pool_configs (
  pool TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  seal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
