-- +goose Up
-- Suppliers are found by the grams of their names and numbers, and of the names
-- of their offerings: see search.go. slot is the row in the index of grams; it
-- rises with the number, so that the index gives suppliers in order. Small
-- pages let it skip more of what it need not read.
ALTER TABLE suppliers ADD COLUMN slot INTEGER NOT NULL DEFAULT 0;
UPDATE suppliers SET slot = search_slot(number);
DROP INDEX suppliers_search;
-- Covers the search, so that documents are read for hits only.
CREATE INDEX suppliers_search ON suppliers (slot, number, name, body);
CREATE VIRTUAL TABLE supplier_grams USING fts5(grams, content='', contentless_delete=1, detail=none, tokenize='ascii');
INSERT INTO supplier_grams (supplier_grams, rank) VALUES ('pgsz', 1000);
INSERT INTO supplier_grams (rowid, grams)
  SELECT slot, search_grams(CAST(group_concat(name || char(0) || lower(number), char(0)) AS BLOB)) FROM suppliers GROUP BY slot;

ALTER TABLE offerings ADD COLUMN slot INTEGER NOT NULL DEFAULT 0; -- of the supplier
UPDATE offerings SET slot = search_slot(supplier);
DROP INDEX offerings_search;
CREATE INDEX offerings_search ON offerings (slot, supplier, name);
CREATE VIRTUAL TABLE offering_grams USING fts5(grams, content='', contentless_delete=1, detail=none, tokenize='ascii');
INSERT INTO offering_grams (offering_grams, rank) VALUES ('pgsz', 1000);
INSERT INTO offering_grams (rowid, grams)
  SELECT slot, search_grams(CAST(group_concat(name, char(0)) AS BLOB)) FROM offerings GROUP BY slot;
