-- +goose Up
-- The editing of content: drafts, what was published, releases, reports.

CREATE TABLE drafts (
  id      TEXT PRIMARY KEY,
  rev     INTEGER NOT NULL,
  summary TEXT NOT NULL, -- doc without the texts of its files, for lists
  doc     TEXT NOT NULL  -- last, so that lists do not read it
) STRICT;

-- One row: what was published, on top of the program's own files.
CREATE TABLE published_content (
  id  TEXT PRIMARY KEY,
  rev INTEGER NOT NULL,
  doc TEXT NOT NULL
) STRICT;

CREATE TABLE set_releases (
  set_id  TEXT NOT NULL,
  version TEXT NOT NULL,
  doc     TEXT NOT NULL,
  PRIMARY KEY (set_id, version)
) STRICT;

CREATE TABLE reports (
  id          TEXT PRIMARY KEY,
  requirement TEXT NOT NULL,
  kind        TEXT NOT NULL,
  resolved    INTEGER NOT NULL, -- 0 or 1
  rev         INTEGER NOT NULL,
  doc         TEXT NOT NULL
) STRICT;
CREATE INDEX reports_requirement ON reports (requirement, id);
CREATE INDEX reports_count ON reports (requirement, resolved, kind);
