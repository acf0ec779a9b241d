-- +goose Up
-- Small records beside a log, one of each for a log: who sequences it, and what witnesses have cosigned.

CREATE TABLE log_leases (
  origin TEXT PRIMARY KEY,
  rev    INTEGER NOT NULL,
  doc    TEXT NOT NULL
) STRICT;

CREATE TABLE log_cosigned (
  origin TEXT PRIMARY KEY,
  rev    INTEGER NOT NULL,
  doc    TEXT NOT NULL
) STRICT;
