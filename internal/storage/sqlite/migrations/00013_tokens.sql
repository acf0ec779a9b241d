-- +goose Up
-- Organisations list their tokens.
ALTER TABLE tokens ADD COLUMN org TEXT NOT NULL AS (doc ->> '$.org') VIRTUAL;
CREATE INDEX tokens_org ON tokens (org, id);
