-- +goose Up
-- Signatures on declarations that need two, one for each signer.
CREATE TABLE signatures (
  attestation TEXT NOT NULL,
  key_id      TEXT NOT NULL,
  supplier    TEXT NOT NULL,
  at          INTEGER NOT NULL,
  doc         TEXT NOT NULL,
  bundle      BLOB, -- last, so that lists do not read it
  PRIMARY KEY (attestation, key_id)
) STRICT;
CREATE INDEX signatures_supplier ON signatures (supplier, at, attestation, key_id);
