-- name: other_hosts
-- The other names of the items' sites, newest first: something may have stood there before. A site with thousands of
-- names is somebody's wildcard, so no more than some are tried.
SELECT i.id AS item_id, h.name, h.name_hash
  FROM item i
 CROSS JOIN LATERAL (SELECT name, name_hash FROM host WHERE site_id = i.site_id AND id <> i.host_id
                      ORDER BY id DESC LIMIT $2) h
 WHERE i.id = ANY($1::uuid[])

-- name: by_path
-- What is gone at these URLs.
SELECT id, url_hash FROM item WHERE url_hash = ANY($1::bytea[]) AND state IN ('gone', 'closed')

-- name: by_body
-- What is gone under another name of the site and was the very same bytes.
SELECT n.id AS item_id, a.id
  FROM item n
 CROSS JOIN LATERAL (SELECT id FROM item
                      WHERE first_sha256 = n.first_sha256 AND site_id = n.site_id AND host_id <> n.host_id
                        AND state IN ('gone', 'closed')
                      ORDER BY gone_at DESC LIMIT $2) a
 WHERE n.id = ANY($1::uuid[])

-- name: places
-- Where items were last, or are.
SELECT DISTINCT ON (s.item_id) s.item_id, s.place_id, i.site_id, i.host_id, i.last_up_at, i.gone_by
  FROM stay s JOIN item i ON i.id = s.item_id
 WHERE s.item_id = ANY($1::uuid[]) AND s.place_id IS NOT NULL
 ORDER BY s.item_id, s.began_at DESC, s.id DESC

-- name: relocate
-- The old name is no more: its host has moved. Said once, however many of its items succeed one another.
INSERT INTO relocation (site_id, host_id, kind, seen_old_until, seen_new_from, known_at, from_place_id, to_place_id)
SELECT $1, $2, $3, $4, $5, $5, $6, $7
 WHERE NOT EXISTS (SELECT FROM relocation WHERE host_id = $2 AND to_place_id = $7 AND seen_new_from >= $4)
