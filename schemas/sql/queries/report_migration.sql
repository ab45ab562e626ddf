-- name: paths
-- Through which countries the followed sites went, one row per path (definitions, "migration" and "Moves").
-- $1 since (null: from the beginning), $2 to (null: unbounded), $3 as_of, $4 country at the beginning (null: any),
-- $5 label (null: any), $6 countries that have a hotline
WITH followed AS (
    -- Sites that have items, or are watched without.
    SELECT s.id
    FROM site s
    WHERE ($5::text IS NULL OR s.label = $5)
      AND (s.watched_since <= $3::timestamptz
           OR EXISTS (SELECT FROM item i WHERE i.site_id = s.id AND i.received_at <= $3))
), moved AS (
    -- Their confirmed moves as whole sites. Where a front hides the machine, the country is unknown.
    SELECT r.id, r.site_id, r.seen_new_from,
           CASE WHEN o.front IS NULL THEN o.country END AS from_country,
           CASE WHEN n.front IS NULL THEN n.country END AS to_country
    FROM relocation r
    JOIN followed f ON f.id = r.site_id
    JOIN place o ON o.id = r.from_place_id
    JOIN place n ON n.id = r.to_place_id
    WHERE r.host_id IS NULL AND r.known_at <= $3 AND r.seen_new_from < coalesce($2::timestamptz, 'infinity')
), settled AS (
    -- Where it stood at `since`, for a site that had moved before.
    SELECT DISTINCT ON (site_id) site_id, to_country AS country
    FROM moved
    WHERE seen_new_from < $1::timestamptz
    ORDER BY site_id, seen_new_from DESC, id DESC
), departed AS (
    -- Where it came from, for a site that moved since.
    SELECT DISTINCT ON (site_id) site_id, from_country AS country
    FROM moved
    WHERE seen_new_from >= coalesce($1, '-infinity')
    ORDER BY site_id, seen_new_from, id
), found AS (
    -- Where its hosts were found, for a site that never moved: what stood at `since` before what was found later.
    SELECT DISTINCT ON (h.site_id) h.site_id, p.country
    FROM host h
    JOIN followed f ON f.id = h.site_id
    JOIN episode e ON e.host_id = h.id
    JOIN place p ON p.id = e.place_id
    WHERE e.joined_at <= $3 AND p.front IS NULL AND p.country IS NOT NULL
      AND e.from_at < coalesce($2, 'infinity')
      AND (e.until_at > $1 OR e.until_at IS NULL OR $1 IS NULL)
    ORDER BY h.site_id, greatest(e.from_at, $1), e.from_at, e.id
), stops AS (
    -- The beginning, then every move since.
    SELECT f.id AS site_id, '-infinity'::timestamptz AS at, 0 AS id,
           CASE
               WHEN s.site_id IS NOT NULL THEN s.country
               WHEN d.site_id IS NOT NULL THEN d.country
               ELSE w.country
           END AS country
    FROM followed f
    LEFT JOIN settled s ON s.site_id = f.id
    LEFT JOIN departed d ON d.site_id = f.id
    LEFT JOIN found w ON w.site_id = f.id
    UNION ALL
    SELECT site_id, seen_new_from, id, to_country
    FROM moved
    WHERE seen_new_from >= coalesce($1, '-infinity')
    UNION ALL
    -- What was learnt to stand behind a front makes the country known from then on.
    SELECT f.id, e.from_at, e.id, e.country
    FROM followed f
    JOIN host h ON h.site_id = f.id
    JOIN episode e ON e.host_id = h.id
    JOIN place p ON p.id = e.place_id
    WHERE e.origin AND p.front IS NULL AND e.joined_at <= $3
      AND e.from_at >= coalesce($1, '-infinity') AND e.from_at < coalesce($2::timestamptz, 'infinity')
), known AS (
    -- What is unknown adds nothing, and what repeats the stop before it is no new stop.
    SELECT site_id, at, id, country,
           country IS DISTINCT FROM lag(country) OVER (PARTITION BY site_id ORDER BY at, id) AS new
    FROM stops
    WHERE country IS NOT NULL
), paths AS (
    SELECT f.id AS site_id,
           coalesce(array_agg(k.country ORDER BY k.at, k.id) FILTER (WHERE k.new), '{}') AS path
    FROM followed f
    LEFT JOIN known k ON k.site_id = f.id
    GROUP BY f.id
)
SELECT path,
       count(*) AS sites,
       array_agg(site_id) AS site_ids,
       cardinality(path) > 1 AS moved,
       path[1] = path[cardinality(path)] AS returned,
       path[cardinality(path)] = ANY ($6::text[]) AS visible
FROM paths
WHERE $4::text IS NULL OR path[1] = $4
GROUP BY path;

-- name: moves
-- The moves of these sites since then, oldest first, with both places as ids of what is to be opened.
-- $1 since, $2 to, $3 as_of, $4 sites
SELECT r.site_id, r.kind, r.seen_old_until, r.seen_new_from, r.items,
       CASE WHEN o.front IS NULL THEN o.country END AS from_country, o.asn AS from_asn, o.hoster_id AS from_hoster,
       o.front AS from_front,
       CASE WHEN n.front IS NULL THEN n.country END AS to_country, n.asn AS to_asn, n.hoster_id AS to_hoster,
       n.front AS to_front
FROM relocation r
JOIN place o ON o.id = r.from_place_id
JOIN place n ON n.id = r.to_place_id
WHERE r.host_id IS NULL AND r.known_at <= $3::timestamptz
  AND r.seen_new_from >= coalesce($1::timestamptz, '-infinity')
  AND r.seen_new_from < coalesce($2::timestamptz, 'infinity')
  AND r.site_id = ANY ($4::bigint[])
ORDER BY r.seen_new_from, r.id;
