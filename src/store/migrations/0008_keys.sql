-- Who may call. Of the secrets only digests are here.
CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  seal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
