-- +goose Up
-- Checks of lists of suppliers. open is 1 while work is to come, due is when the
-- sweep has something to do, and both are NULL else.
CREATE TABLE check_jobs (
  id     TEXT PRIMARY KEY,
  body   TEXT NOT NULL,
  hidden INTEGER NOT NULL, -- 1 when it is deleted
  open   INTEGER,
  due    INTEGER,
  rev    INTEGER NOT NULL,
  doc    TEXT NOT NULL
) STRICT;
CREATE INDEX check_jobs_body ON check_jobs (body, hidden, id);
CREATE INDEX check_jobs_open ON check_jobs (open, id);
CREATE INDEX check_jobs_due ON check_jobs (due, id);
