-- +goose Up
-- Since when the bytes of evidence are arriving or being erased; NULL when
-- they are neither.
ALTER TABLE evidence ADD COLUMN unsettled INTEGER;
CREATE INDEX evidence_unsettled ON evidence (unsettled, owner, sha256) WHERE unsettled IS NOT NULL;
