-- name: claim_looks
-- A lapsed lease is simply due again: no OR, the index is a range scan.
WITH due AS (
    SELECT id FROM host WHERE look_due_at <= $1 ORDER BY look_due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE host h SET look_token = $3, look_due_at = $1 + $4::interval
  FROM due WHERE h.id = due.id
RETURNING h.id, h.site_id, h.name_hash, h.name

-- name: return_looks
-- What a stopping daemon still holds is due at once for the next one.
UPDATE host SET look_due_at = $2, look_token = NULL WHERE look_token = $1

-- name: locked
-- Only the holder of the lease settles; hosts are locked in the order of their ids.
SELECT id, site_id, name_hash, name, looks, failures, located_at, version, facts IS NOT NULL AS known
  FROM host WHERE id = ANY($1::bigint[]) AND look_token = $2 ORDER BY id FOR NO KEY UPDATE

-- name: add_hosters
-- A hoster is never renamed into another: its key is its AS, else its organisation, else its network.
INSERT INTO hoster (key_hash, name, asn, created_at)
SELECT key_hash, name, asn, $1 FROM unnest($2::bytea[], $3::bytea[], $4::bigint[]) AS n (key_hash, name, asn)
 ORDER BY key_hash
    ON CONFLICT (key_hash) DO NOTHING

-- name: hosters
-- Ids of hosters by their keys.
SELECT id, key_hash FROM hoster WHERE key_hash = ANY($1::bytea[])

-- name: add_places
-- One row per combination of network, AS, country, organisation and front.
INSERT INTO place (key_hash, hoster_id, prefix, asn, as_name, country, country_sources, country_disputed, category,
                   front, origins, reach, created_at)
SELECT key_hash, hoster_id, prefix::cidr, asn, as_name, country, country_sources::jsonb, country_disputed, category,
       front, string_to_array(origins, ',')::bigint[], reach, $1
  FROM unnest($2::bytea[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bool[],
              $10::text[], $11::text[], $12::text[], $13::text[])
       AS n (key_hash, hoster_id, prefix, asn, as_name, country, country_sources, country_disputed, category, front,
             origins, reach)
 ORDER BY key_hash
    ON CONFLICT (key_hash) DO NOTHING

-- name: places
-- Ids of places by their keys.
SELECT id, key_hash, hoster_id, country, front FROM place WHERE key_hash = ANY($1::bytea[])

-- name: add_recipients
-- A mailbox or endpoint is one recipient however many hosters share it; what it wants may be configured anew.
INSERT INTO recipient (address_hash, channel, address, partner, format, language, grouping, created_at)
SELECT address_hash, channel, address, partner, format, language, grouping, $1
  FROM unnest($2::bytea[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[])
       AS n (address_hash, channel, address, partner, format, language, grouping)
 ORDER BY address_hash
    ON CONFLICT (address_hash) DO UPDATE
   SET format = excluded.format, language = excluded.language, grouping = excluded.grouping
 WHERE (recipient.format, recipient.language, recipient.grouping)
       IS DISTINCT FROM (excluded.format, excluded.language, excluded.grouping)

-- name: recipients
-- Ids of recipients by their addresses.
SELECT id, address_hash FROM recipient WHERE address_hash = ANY($1::bytea[])

-- name: standing
-- Where hosts stand now, candidates that wait for a second look included.
SELECT e.id, e.host_id, e.hoster_id, e.country, e.place_id, e.addresses, e.from_at, e.seen_at, e.joined_at,
       e.absent_since, e.absent_with, e.origin, e.origin AND p.front IS NULL AS told,
       p.front IS NOT NULL AS fronted
  FROM episode e JOIN place p ON p.id = e.place_id
 WHERE e.host_id = ANY($1::bigint[]) AND e.until_at IS NULL

-- name: save_episodes
-- Extended while nothing changes: a year of daily looks is one row.
INSERT INTO episode (host_id, hoster_id, country, place_id, addresses, contacts, from_at, seen_at, joined_at, origin)
SELECT host_id, hoster_id, country, place_id, addresses, string_to_array(contacts, ',')::bigint[], from_at, seen_at,
       joined_at, origin
  FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bytea[], $6::text[], $7::timestamptz[],
              $8::timestamptz[], $9::timestamptz[], $10::bool[])
       AS n (host_id, hoster_id, country, place_id, addresses, contacts, from_at, seen_at, joined_at, origin)
    ON CONFLICT (host_id, hoster_id, country) WHERE until_at IS NULL DO UPDATE
   SET place_id = excluded.place_id, addresses = excluded.addresses, contacts = excluded.contacts,
       seen_at = excluded.seen_at, joined_at = excluded.joined_at, origin = excluded.origin, absent_since = NULL,
       absent_with = '{}'

-- name: absent_episodes
-- Places this look did not show.
UPDATE episode e SET absent_since = n.absent_since, absent_with = string_to_array(n.absent_with, ',')::bigint[]
  FROM unnest($1::bigint[], $2::timestamptz[], $3::text[]) AS n (id, absent_since, absent_with)
 WHERE e.id = n.id

-- name: end_episodes
-- Left for good, by the two-look rule of moves.
UPDATE episode e SET until_at = n.until_at
  FROM unnest($1::bigint[], $2::timestamptz[]) AS n (id, until_at) WHERE e.id = n.id

-- name: forget_episodes
-- Seen once, never confirmed and not seen again: a glitch, not a stay.
DELETE FROM episode WHERE id = ANY($1::bigint[])

-- name: settle_looks
-- The lease falls with the settlement; `version` rises when the standing changed, and the items follow in batches. So do
-- those that were reopened and have waited for this look.
UPDATE host h
   SET look_token = NULL, look_due_at = n.look_due_at, looks = h.looks + 1, failures = n.failures, looked_at = n.at,
       located_at = CASE WHEN n.located THEN $1 ELSE h.located_at END, version = n.version,
       place_due_at = CASE WHEN n.follow THEN $1 ELSE h.place_due_at END,
       place_token = CASE WHEN n.follow THEN NULL ELSE h.place_token END,
       facts = coalesce(n.facts, h.facts)
  FROM unnest($2::bigint[], $3::timestamptz[], $4::int[], $5::bool[], $6::int[], $7::bytea[], $8::timestamptz[],
              $9::bool[])
       AS n (id, look_due_at, failures, located, version, facts, at, follow)
 WHERE h.id = n.id

-- name: wanted
-- Which hosts have items at work, and which belong to a followed site. `reopened_at`: since when reopened items wait to be
-- placed anew.
SELECT h.id, s.watched_since IS NOT NULL AS watched,
       (SELECT max(y.began_at) FROM item i JOIN stay y ON y.item_id = i.id
         WHERE i.host_id = h.id AND i.placed_version < 0 AND y.ended_at IS NULL) AS reopened_at,
       EXISTS (SELECT FROM item i WHERE i.host_id = h.id
                  AND i.state NOT IN ('closed', 'withdrawn', 'gone')) AS at_work,
       EXISTS (SELECT FROM item i WHERE i.host_id = h.id AND i.state = 'gone') AS after_gone
  FROM host h JOIN site s ON s.id = h.site_id WHERE h.id = ANY($1::bigint[])

-- name: still_there
-- Of the places that hosts have left: those where another host of the same site still stands.
SELECT n.site_id, n.hoster_id, n.country
  FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS n (site_id, hoster_id, country)
 WHERE EXISTS (SELECT FROM host h JOIN episode e ON e.host_id = h.id
                WHERE h.site_id = n.site_id AND e.hoster_id = n.hoster_id AND e.country IS NOT DISTINCT FROM n.country
                  AND e.until_at IS NULL AND e.joined_at IS NOT NULL AND e.absent_since IS NULL)

-- name: earlier
-- Every place of a site so far, for telling a return from a move.
SELECT DISTINCT h.site_id, h.id AS host_id, e.hoster_id, e.country
  FROM host h JOIN episode e ON e.host_id = h.id
 WHERE h.site_id = ANY($1::bigint[]) AND e.until_at IS NOT NULL AND e.joined_at IS NOT NULL

-- name: place_facts
-- What naming a move needs to know of places.
SELECT id, hoster_id, country, front IS NOT NULL AS fronted FROM place WHERE id = ANY($1::bigint[])

-- name: relocate
-- One row for the host and, when no host of the site shows the old place any more, one for the site. A stay that began
-- after the host had left, and of which nobody was told, never was: no move ends it. Neither does it where the item came
-- back or was reopened, and no look has shown it there since.
INSERT INTO relocation (site_id, host_id, kind, seen_old_until, seen_new_from, known_at, from_place_id, to_place_id,
                        items)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
        (SELECT count(DISTINCT s.item_id) FROM stay s JOIN item i ON i.id = s.item_id
          WHERE i.site_id = $1 AND ($2::bigint IS NULL OR i.host_id = $2) AND s.ended_at IS NULL AND s.gone_at IS NULL
            AND s.hoster_id = $9 AND s.country IS NOT DISTINCT FROM $10
            AND (s.began_at < CASE WHEN s.began_by IN ('return', 'reopen') THEN least($11::timestamptz, $4) ELSE $11 END
                 OR s.noticed_at IS NOT NULL OR s.forwarded_at IS NOT NULL))
        + CASE WHEN $2::bigint IS NULL
               THEN (SELECT count(DISTINCT s.item_id) FROM stay s JOIN item i ON i.id = s.item_id
                      WHERE i.site_id = $1 AND s.ended_by = 'relocated' AND s.ended_at >= $4
                        AND s.hoster_id = $9 AND s.country IS NOT DISTINCT FROM $10)
               ELSE 0 END)

-- name: seats
-- Where hosts stand, confirmed: what their items follow.
SELECT e.host_id, e.hoster_id, e.country, e.place_id, e.addresses, e.contacts, e.from_at, e.absent_since,
       p.front IS NOT NULL AND NOT e.origin AS fronted, e.origin, p.front, p.category, p.country_disputed, p.prefix, p.asn,
       p.as_name, o.name AS hoster_name, o.key_hash AS hoster_hash
  FROM episode e JOIN place p ON p.id = e.place_id JOIN hoster o ON o.id = e.hoster_id
 WHERE e.host_id = ANY($1::bigint[]) AND e.until_at IS NULL AND e.joined_at IS NOT NULL

-- name: left
-- When the places that no longer stand were last left, and last shown by a look.
SELECT host_id, hoster_id, country, max(until_at) AS until_at, max(seen_at) AS seen_at
  FROM episode WHERE host_id = ANY($1::bigint[]) AND until_at IS NOT NULL GROUP BY host_id, hoster_id, country

-- name: versions
-- How often the standing of hosts has changed, and when they were last looked up.
SELECT id, version, looked_at FROM host WHERE id = ANY($1::bigint[])

-- name: health
-- Which contacts are usable, and which were written to before.
SELECT id, health, health_at, failures, first_told_at IS NOT NULL AS told FROM recipient
 WHERE id = ANY($1::bigint[])

-- name: partner_tokens
-- Partners that can fetch their forwards from us.
SELECT DISTINCT partner FROM token WHERE partner IS NOT NULL AND revoked_at IS NULL

-- name: claim_places
-- Hosts whose items are to follow; the token keeps two daemons from the same host.
WITH due AS (
    SELECT id FROM host WHERE place_due_at <= $1 ORDER BY place_due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE host h SET place_token = $3, place_due_at = $1 + $4::interval
  FROM due WHERE h.id = due.id
RETURNING h.id, h.version

-- name: to_place
-- Of each host the next items that have not followed its standing yet; last those that may have to wait for a look-up.
SELECT asked.host_id, waiting.id
  FROM unnest($1::bigint[], $2::int[]) AS asked (host_id, version)
 CROSS JOIN LATERAL (
    SELECT id FROM item WHERE host_id = asked.host_id AND placed_version < asked.version
     ORDER BY placed_version DESC, id LIMIT $3
) AS waiting

-- name: placed
-- All items of these hosts have followed, unless new ones came meanwhile: then the token is gone. Of those in $3 more
-- wait than fit one batch: they are due again. Locked in the order of their ids, as everywhere.
WITH mine AS (
    SELECT id FROM host WHERE id = ANY($1::bigint[]) AND place_token = $2 ORDER BY id FOR NO KEY UPDATE
)
UPDATE host h
   SET place_due_at = CASE WHEN h.id = ANY($3::bigint[]) THEN $4::timestamptz END, place_token = NULL
  FROM mine WHERE h.id = mine.id

-- name: renew_looks
-- Work under way keeps its lease; what was settled or lost to another daemon has another token.
UPDATE host SET look_due_at = $3 WHERE id = ANY($1::bigint[]) AND look_token = $2

-- name: for_ladder
-- What choosing somebody to climb to needs to know of a host: its names, where it stands and its last facts.
SELECT h.id, h.name, h.name_hash, h.facts, p.asn, e.addresses, p.front IS NOT NULL AND NOT e.origin AS fronted
  FROM host h
  LEFT JOIN LATERAL (SELECT place_id, addresses, origin FROM episode
                      WHERE host_id = h.id AND hoster_id = $2 AND country IS NOT DISTINCT FROM $3
                      ORDER BY from_at DESC LIMIT 1) e ON true
  LEFT JOIN place p ON p.id = e.place_id
 WHERE h.id = $1
