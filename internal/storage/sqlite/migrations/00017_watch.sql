-- +goose Up
-- What public bodies watch, one document each.
CREATE TABLE watch_lists (
  org TEXT PRIMARY KEY,
  rev INTEGER NOT NULL,
  doc TEXT NOT NULL
) STRICT;
