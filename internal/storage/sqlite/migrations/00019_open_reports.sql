-- +goose Up
-- The reports that wait for an answer, on any requirement.
CREATE INDEX reports_open ON reports (id) WHERE resolved = 0;
