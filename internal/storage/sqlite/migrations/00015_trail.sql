-- +goose Up
-- The audit trail. What an entry can be found by stands beside it.
CREATE TABLE trail (
  seq       INTEGER PRIMARY KEY,
  at        INTEGER NOT NULL,
  addressed INTEGER NOT NULL,
  doc       TEXT NOT NULL
) STRICT;
CREATE INDEX trail_at ON trail (at, seq);
CREATE INDEX trail_addressed ON trail (at, seq) WHERE addressed = 1;

CREATE TABLE trail_refs (
  ref TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (ref, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE trail_anchors (
  seq INTEGER PRIMARY KEY,
  at  INTEGER NOT NULL,
  doc TEXT NOT NULL
) STRICT;
CREATE INDEX trail_anchors_at ON trail_anchors (at, seq);
