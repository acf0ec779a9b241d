-- +goose Up
-- Times are milliseconds since 1970 in UTC. doc is the JSON of the document;
-- the other columns repeat what queries look for.

CREATE TABLE tokens (
  id   TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  rev  INTEGER NOT NULL,
  doc  TEXT NOT NULL
) STRICT;

CREATE TABLE suppliers (
  number TEXT PRIMARY KEY,
  rev    INTEGER NOT NULL,
  name   TEXT NOT NULL, -- folded, for search
  doc    TEXT NOT NULL
) STRICT;
-- Covers the search, so that documents are read for hits only.
CREATE INDEX suppliers_search ON suppliers (number, name);

CREATE TABLE offerings (
  id       TEXT PRIMARY KEY,
  supplier TEXT NOT NULL,
  rev      INTEGER NOT NULL,
  doc      TEXT NOT NULL
) STRICT;
CREATE INDEX offerings_supplier ON offerings (supplier, id);

CREATE TABLE challenges (
  id         TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  doc        TEXT NOT NULL
) STRICT;
CREATE INDEX challenges_expires ON challenges (expires_at);

CREATE TABLE evidence (
  owner       TEXT NOT NULL,
  sha256      TEXT NOT NULL,
  uploaded_at INTEGER NOT NULL,
  rev         INTEGER NOT NULL,
  doc         TEXT NOT NULL,
  PRIMARY KEY (owner, sha256)
) STRICT;
CREATE INDEX evidence_sha256 ON evidence (sha256, owner);
CREATE INDEX evidence_newest ON evidence (owner, uploaded_at, sha256);

-- seq is never used twice, so that the highest one of an offering tells
-- whether something was declared for it since.
CREATE TABLE attestations (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  digest      TEXT NOT NULL UNIQUE,
  offering    TEXT NOT NULL,
  set_id      TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  doc         TEXT NOT NULL,
  bundle      BLOB -- last, so that lists do not read it
) STRICT;
CREATE INDEX attestations_set ON attestations (offering, set_id, received_at, digest);
CREATE INDEX attestations_offering ON attestations (offering, received_at, digest);
CREATE INDEX attestations_received ON attestations (received_at, digest);
CREATE INDEX attestations_revision ON attestations (offering);

CREATE TABLE withdrawals (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  attestation TEXT NOT NULL UNIQUE,
  offering    TEXT NOT NULL,
  doc         TEXT NOT NULL,
  bundle      BLOB
) STRICT;
CREATE INDEX withdrawals_revision ON withdrawals (offering);

CREATE TABLE procurements (
  id     TEXT PRIMARY KEY,
  agency TEXT NOT NULL,
  rev    INTEGER NOT NULL,
  doc    TEXT NOT NULL
) STRICT;
CREATE INDEX procurements_agency ON procurements (agency, id);

CREATE TABLE responses (
  id          TEXT PRIMARY KEY,
  procurement TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  doc         TEXT NOT NULL
) STRICT;
CREATE INDEX responses_procurement ON responses (procurement, received_at, id);

CREATE TABLE log_states (
  origin     TEXT PRIMARY KEY,
  rev        INTEGER NOT NULL,
  size       INTEGER NOT NULL,
  root       BLOB NOT NULL,
  checkpoint BLOB NOT NULL
) STRICT;

CREATE TABLE log_entries (
  origin    TEXT NOT NULL,
  idx       INTEGER NOT NULL,
  key       TEXT NOT NULL,
  logged_at INTEGER NOT NULL,
  body      BLOB NOT NULL,
  PRIMARY KEY (origin, idx),
  UNIQUE (origin, key)
) STRICT;

CREATE TABLE log_hashes (
  origin TEXT NOT NULL,
  idx    INTEGER NOT NULL,
  hash   BLOB NOT NULL,
  PRIMARY KEY (origin, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  token      TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  data       BLOB NOT NULL
) STRICT;
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE secrets (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;
