-- +goose Up
-- Withdrawals in the order they came, for those a crash left out of the log.

ALTER TABLE withdrawals ADD COLUMN withdrawn_at INTEGER NOT NULL DEFAULT 0;
UPDATE withdrawals SET withdrawn_at = CAST(round(unixepoch(doc ->> '$.at', 'subsec') * 1000) AS INTEGER);
CREATE INDEX withdrawals_at ON withdrawals (withdrawn_at, attestation);
