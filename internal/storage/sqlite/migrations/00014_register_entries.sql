-- +goose Up
-- What the register of legal entities says about organisations.
CREATE TABLE register_entries (
  number  TEXT PRIMARY KEY,
  fetched INTEGER NOT NULL,
  rev     INTEGER NOT NULL,
  doc     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
