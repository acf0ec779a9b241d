-- +goose Up
-- What an overview needs of each declaration, many to a page. It has a table of
-- its own and is found by number: as part of an index its length would be read
-- at every step of a search. The text is that of attestation.Outlined; ids of
-- requirements from before this step hold letters, digits and hyphens only, so
-- that none needs an escape.
CREATE TABLE attestation_outlines (
  seq     INTEGER PRIMARY KEY, -- that of the declaration
  outline TEXT NOT NULL
) STRICT;
INSERT INTO attestation_outlines (seq, outline) SELECT seq, json_set(doc, '$.answers', (
  SELECT coalesce(group_concat(line, char(10)), '') FROM (
    SELECT json_extract(a.value, '$.requirement') || ' ' || json_extract(a.value, '$.status') || ' ' ||
      coalesce(json_array_length(a.value, '$.evidence'), 0) AS line
    FROM json_each(doc, '$.answers') AS a ORDER BY a.key))) FROM attestations;
