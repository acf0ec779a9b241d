-- +goose Up
-- People who act for organisations, and what brings them there. circle_people
-- says in which circles a person is; it is written with the circle.
CREATE TABLE people (
  id      TEXT PRIMARY KEY,
  last_at INTEGER NOT NULL,
  rev     INTEGER NOT NULL,
  doc     TEXT NOT NULL
) STRICT;
CREATE INDEX people_last ON people (last_at, id);
CREATE TABLE circles (
  org TEXT PRIMARY KEY,
  rev INTEGER NOT NULL,
  doc TEXT NOT NULL
) STRICT;
CREATE TABLE circle_people (
  person TEXT NOT NULL,
  org    TEXT NOT NULL,
  PRIMARY KEY (person, org)
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_people_org ON circle_people (org);
CREATE TABLE invitations (
  id   TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  org  TEXT NOT NULL,
  rev  INTEGER NOT NULL,
  doc  TEXT NOT NULL
) STRICT;
CREATE INDEX invitations_org ON invitations (org, id);
CREATE TABLE claims (
  id     TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  state  TEXT NOT NULL,
  rev    INTEGER NOT NULL,
  doc    TEXT NOT NULL
) STRICT;
CREATE INDEX claims_person ON claims (person, id);
CREATE INDEX claims_state ON claims (state, id);
