-- +goose Up
-- When evidence that waits for its malware scan is to be scanned next; NULL
-- when it does not wait.
ALTER TABLE evidence ADD COLUMN scan_due INTEGER;
CREATE INDEX evidence_scan ON evidence (scan_due, owner, sha256) WHERE scan_due IS NOT NULL;
