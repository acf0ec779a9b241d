-- +goose Up
-- Answers that suppliers work on before they are signed.
CREATE TABLE answer_drafts (
  offering TEXT NOT NULL,
  "set"    TEXT NOT NULL,
  due      INTEGER NOT NULL,
  rev      INTEGER NOT NULL,
  doc      TEXT NOT NULL,
  PRIMARY KEY (offering, "set")
) STRICT;
CREATE INDEX answer_drafts_due ON answer_drafts (due, offering, "set");

-- How often declarations are used in procurements.
CREATE TABLE declaration_uses (
  attestation TEXT PRIMARY KEY,
  rev         INTEGER NOT NULL,
  doc         TEXT NOT NULL
) STRICT;
