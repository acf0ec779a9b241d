-- +goose Up
-- Reviews by public bodies, and their withdrawals. shared repeats whether all
-- bodies may see a review ('agencies') or only its own ('body').

CREATE TABLE reviews (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: see attestations
  digest      TEXT NOT NULL UNIQUE,
  attestation TEXT NOT NULL,
  offering    TEXT NOT NULL,
  supplier    TEXT NOT NULL,
  reviewer    TEXT NOT NULL,
  shared      TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  doc         TEXT NOT NULL,
  bundle      BLOB -- last, so that lists do not read it
) STRICT;
CREATE INDEX reviews_attestation ON reviews (attestation, received_at, digest);
CREATE INDEX reviews_offering ON reviews (offering, received_at, digest);
CREATE INDEX reviews_supplier ON reviews (supplier, received_at, digest);
CREATE INDEX reviews_reviewer ON reviews (reviewer, received_at, digest);
CREATE INDEX reviews_received ON reviews (received_at, digest);
CREATE INDEX reviews_revision ON reviews (offering, shared, reviewer);

CREATE TABLE review_withdrawals (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,
  review       TEXT NOT NULL UNIQUE,
  offering     TEXT NOT NULL,
  reviewer     TEXT NOT NULL,
  shared       TEXT NOT NULL,
  withdrawn_at INTEGER NOT NULL,
  doc          TEXT NOT NULL,
  bundle       BLOB
) STRICT;
CREATE INDEX review_withdrawals_at ON review_withdrawals (withdrawn_at, review);
CREATE INDEX review_withdrawals_revision ON review_withdrawals (offering, shared, reviewer);

-- Public bodies that sign reviews stand among the suppliers, since they have
-- keys; the search of suppliers leaves them out.
ALTER TABLE suppliers ADD COLUMN body INTEGER NOT NULL DEFAULT 0; -- 0 or 1
DROP INDEX suppliers_search;
CREATE INDEX suppliers_search ON suppliers (number, name, body);
