-- +goose Up
-- What public bodies watch, one document each.
CREATE TABLE watch_lists (
  org TEXT PRIMARY KEY,
  rev INTEGER NOT NULL,
  doc TEXT NOT NULL
) STRICT;

-- Offerings are found by name: folded, as suppliers are. What is here already is
-- folded for the letters that Norwegian has, and wholly when it is next saved.
ALTER TABLE offerings ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE offerings SET name = replace(replace(replace(lower(doc ->> '$.name'), 'Æ', 'æ'), 'Ø', 'ø'), 'Å', 'å');
-- Covers the search, so that documents are read for hits only.
CREATE INDEX offerings_search ON offerings (supplier, name);
