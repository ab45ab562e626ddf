-- name: counting
-- Which addresses are said to stand behind the front of each host. Those told of the host itself before those told of its
-- whole site; only while a front stands or may stand before it, and until it was found at another place of its own since.
SELECT h.id AS host_id, o.id, o.site_id, o.address_hash, o.address
  FROM host h
  JOIN origin o ON o.site_id = h.site_id AND (o.host_id IS NULL OR o.host_id = h.id)
  LEFT JOIN place there ON there.id = o.place_id
 WHERE h.id = ANY($1::bigint[]) AND o.removed_at IS NULL
   AND (o.host_id IS NOT NULL
        OR NOT EXISTS (SELECT FROM origin mine WHERE mine.host_id = h.id AND mine.removed_at IS NULL))
   AND EXISTS (SELECT FROM episode e JOIN place p ON p.id = e.place_id
                WHERE e.host_id = h.id AND e.until_at IS NULL AND p.front IS NOT NULL)
   AND NOT EXISTS (SELECT FROM episode e JOIN place p ON p.id = e.place_id
                    WHERE e.host_id = h.id AND NOT e.origin AND p.front IS NULL AND e.joined_at > o.learnt_at
                      AND (e.hoster_id, e.country) IS DISTINCT FROM (there.hoster_id, there.country))
 ORDER BY h.id, o.id

-- name: placed
-- Where the addresses were found to stand, for whoever reads the list; written only when that changed, in one order.
WITH news AS (
    SELECT o.id, n.place_id
      FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS n (site_id, address_hash, place_id)
      JOIN origin o ON o.site_id = n.site_id AND o.address_hash = n.address_hash AND o.removed_at IS NULL
     WHERE o.place_id IS DISTINCT FROM n.place_id
     ORDER BY o.id FOR NO KEY UPDATE OF o
)
UPDATE origin SET place_id = news.place_id FROM news WHERE origin.id = news.id

-- name: find_site
-- A site by its name, with the host of the name that was typed, where that is one.
SELECT s.id, (SELECT h.id FROM host h WHERE h.site_id = s.id AND h.name_hash = $2) AS host_id
  FROM site s WHERE s.name_hash = $1

-- name: learn
-- Said again, it is the same origin, counted from now: a move since then is forgotten.
INSERT INTO origin (site_id, host_id, address_hash, address, learnt_at, by, source)
VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (site_id, host_id, address_hash) WHERE removed_at IS NULL DO UPDATE
   SET learnt_at = excluded.learnt_at, by = excluded.by, source = excluded.source

-- name: remove
-- It stands there no more, or never did.
UPDATE origin SET removed_at = $4, removed_by = $5
 WHERE site_id = $1 AND host_id IS NOT DISTINCT FROM $2 AND address_hash = $3 AND removed_at IS NULL
RETURNING id

-- name: wake
-- The hosts concerned are looked up at once; what is under way without this news is thrown away when it ends.
UPDATE host SET look_due_at = $3, look_token = NULL
 WHERE id IN (SELECT id FROM host WHERE site_id = $1 AND ($2::bigint IS NULL OR id = $2) ORDER BY id FOR NO KEY UPDATE)

-- name: listed
-- What is said of these sites now, with where the last look found it to stand.
SELECT o.site_id, o.address_hash, o.address, o.learnt_at, o.by, o.source, h.name AS host_name, h.name_hash AS host_hash,
       p.hoster_id, p.asn, p.country, p.front
  FROM origin o LEFT JOIN host h ON h.id = o.host_id LEFT JOIN place p ON p.id = o.place_id
 WHERE o.site_id = ANY($1::bigint[]) AND o.removed_at IS NULL
 ORDER BY o.site_id, o.id

-- name: answers
-- What recipients and partners said about items of a site, newest first: one may have named the origin.
SELECT e.item_id, e.at, e.by, e.detail
  FROM item i JOIN event e ON e.item_id = i.id
 WHERE i.site_id = $1 AND e.event = 'answered' AND e.detail IS NOT NULL
 ORDER BY e.at DESC, e.id DESC LIMIT $2
