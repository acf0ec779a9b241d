-- +goose Up
-- That a workbook was made of a procurement, by whom and when; not the file.
CREATE TABLE issued_workbooks (
  id          TEXT PRIMARY KEY,
  procurement TEXT NOT NULL,
  doc         TEXT NOT NULL
) STRICT;
CREATE INDEX issued_workbooks_procurement ON issued_workbooks (procurement, id);
