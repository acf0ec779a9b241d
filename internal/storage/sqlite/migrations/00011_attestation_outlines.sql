-- +goose Up
-- What an overview needs of a declaration, small enough to stand in an index.
-- The text is that of attestation.Outlined; ids of requirements from before this
-- step hold letters, digits and hyphens only, so that none needs an escape.
ALTER TABLE attestations ADD COLUMN outline TEXT;
UPDATE attestations SET outline = json_set(doc, '$.answers', (
  SELECT coalesce(group_concat(line, char(10)), '') FROM (
    SELECT json_extract(a.value, '$.requirement') || ' ' || json_extract(a.value, '$.status') || ' ' ||
      coalesce(json_array_length(a.value, '$.evidence'), 0) AS line
    FROM json_each(doc, '$.answers') AS a ORDER BY a.key)));
CREATE INDEX attestations_outline ON attestations (offering, set_id, received_at, digest, outline);
