-- +goose Up
-- Requirement workbooks that public bodies uploaded, and what they decided about
-- their templates.
CREATE TABLE own_workbooks (
  id          TEXT PRIMARY KEY,
  procurement TEXT NOT NULL,
  due         INTEGER NOT NULL,
  rev         INTEGER NOT NULL,
  doc         TEXT NOT NULL
) STRICT;
CREATE INDEX own_workbooks_procurement ON own_workbooks (procurement, id);
CREATE INDEX own_workbooks_due ON own_workbooks (due, id);

CREATE TABLE own_mappings (
  body     TEXT NOT NULL,
  template TEXT NOT NULL,
  rev      INTEGER NOT NULL,
  doc      TEXT NOT NULL,
  PRIMARY KEY (body, template)
) STRICT, WITHOUT ROWID;
