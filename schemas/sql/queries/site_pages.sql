-- name: sites
-- Sites in the order in which they became known, with how many items they have.
SELECT site.id, site.name, site.name_hash, site.label, site.watched_since, site.created_at,
       (SELECT count(*) FROM item WHERE item.site_id = site.id) AS items,
       (SELECT count(*) FROM item
         WHERE item.site_id = site.id
           AND item.state IN ('received', 'held', 'untraceable', 'routed', 'noticed', 'forwarded')) AS open_items
FROM site
WHERE ($1::bigint IS NULL OR site.id > $1)
  AND ($2::boolean IS NULL OR (site.watched_since IS NOT NULL) = $2)
  AND ($3::text IS NULL OR site.label = $3)
ORDER BY site.id
LIMIT $4;

-- name: seats
-- Where the hosts of these sites stand now; a place that several hosts share is one row.
SELECT DISTINCT host.site_id, episode.hoster_id, episode.country, place.asn, place.front, episode.origin
FROM host
JOIN episode ON episode.host_id = host.id
JOIN place ON place.id = episode.place_id
WHERE host.site_id = ANY($1::bigint[]) AND episode.until_at IS NULL AND episode.joined_at IS NOT NULL
ORDER BY host.site_id, episode.country, episode.hoster_id;

-- name: relocations
-- Confirmed moves of whole sites, in the order in which they became known: whoever follows them misses none.
SELECT r.id, r.site_id, r.kind, r.seen_old_until, r.seen_new_from, r.items,
       CASE WHEN o.front IS NULL THEN o.country END AS from_country, o.asn AS from_asn, o.hoster_id AS from_hoster,
       o.front AS from_front,
       CASE WHEN n.front IS NULL THEN n.country END AS to_country, n.asn AS to_asn, n.hoster_id AS to_hoster,
       n.front AS to_front
FROM relocation r
JOIN place o ON o.id = r.from_place_id
JOIN place n ON n.id = r.to_place_id
WHERE r.host_id IS NULL
  AND ($1::bigint IS NULL OR r.id > $1)
  AND ($2::timestamptz IS NULL OR r.seen_new_from >= $2)
  AND ($3::bytea IS NULL OR r.site_id = (SELECT id FROM site WHERE name_hash = $3))
ORDER BY r.id
LIMIT $4;
