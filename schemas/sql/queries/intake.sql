-- name: stage
-- What a batch brings lies here until it is sorted into items and duplicates: local to the connection, never on disk.
CREATE TEMPORARY TABLE IF NOT EXISTS ntd_intake (
    id              uuid,
    stay_id         uuid,
    url_hash        bytea,
    host_hash       bytea,
    secret          bytea,
    held            boolean,
    hold_until      timestamptz,
    priority        smallint,
    source          text,
    confirmed       boolean,
    classification  text,
    confirmed_at    timestamptz,
    basis           text,
    site_type       text,
    media           text,
    copied_from     text,
    kind            text,
    new_victim      boolean,
    pair_hash       bytea,
    report          bytea,
    reference       bytea
) ON COMMIT DELETE ROWS

-- name: known_hosts
-- Which hosts of a batch are there already.
SELECT name_hash FROM host WHERE name_hash = ANY($1::bytea[])

-- name: add_sites
-- Sites nobody has heard of; in the order of their hashes, so that two submitters wait instead of blocking each other.
INSERT INTO site (name_hash, name, created_at)
SELECT name_hash, name, $1 FROM unnest($2::bytea[], $3::bytea[]) AS n (name_hash, name)
 ORDER BY name_hash
    ON CONFLICT (name_hash) DO NOTHING

-- name: add_hosts
-- Hosts nobody has heard of, due for their first look.
INSERT INTO host (site_id, name_hash, name, created_at, look_due_at)
SELECT s.id, n.name_hash, n.name, $1, $1
  FROM unnest($2::bytea[], $3::bytea[], $4::bytea[]) AS n (site_hash, name_hash, name)
  JOIN site s ON s.name_hash = n.site_hash
 ORDER BY n.name_hash
    ON CONFLICT (name_hash) DO NOTHING

-- name: take
-- The staged URLs become items with all that belongs to them at once; those that are known already are given back.
-- Their hosts are woken: looked up when that was never done or long ago, and placed by what is known otherwise. Under
-- the hosts' locks, so that a look that is being settled meanwhile sees the items, or is seen; everything else was done
-- before, because other batches wait for these locks.
WITH woken AS (
    UPDATE host
       SET look_due_at = CASE WHEN look_token IS NULL
                              THEN least(look_due_at, coalesce(looked_at + $3::interval, $1::timestamptz))
                              ELSE look_due_at END,
           place_due_at = CASE WHEN looks > 0 THEN $1::timestamptz ELSE place_due_at END,
           place_token = CASE WHEN looks > 0 THEN NULL ELSE place_token END
     WHERE id IN (SELECT h.id FROM host h WHERE h.name_hash IN (SELECT host_hash FROM ntd_intake)
                   ORDER BY h.id FOR UPDATE)
    RETURNING id, site_id, name_hash
), fresh AS (
    INSERT INTO item (id, url_hash, secret, host_id, site_id, state, priority, source, confirmed, classification, basis,
                      site_type, media, copied_from, kind, new_victim, received_at, confirmed_at, hold_until)
    SELECT n.id, n.url_hash, n.secret, h.id, h.site_id, CASE WHEN n.held THEN 'held' ELSE 'received' END, n.priority,
           n.source, n.confirmed, n.classification, n.basis, n.site_type, n.media, n.copied_from, n.kind, n.new_victim, $1,
           n.confirmed_at, n.hold_until
      FROM ntd_intake n JOIN woken h ON h.name_hash = n.host_hash
     ORDER BY n.url_hash
        ON CONFLICT (url_hash) DO NOTHING
    RETURNING id
), taken AS MATERIALIZED (
    SELECT n.* FROM ntd_intake n JOIN fresh USING (id)
), stays AS (
    INSERT INTO stay (id, item_id, began_at) SELECT stay_id, id, $1 FROM taken
), reports AS (
    INSERT INTO item_report (item_id, pair_hash, report, reference, source, at)
    SELECT id, pair_hash, report, reference, source, $1 FROM taken WHERE pair_hash IS NOT NULL
), spells AS (
    INSERT INTO held_spell (item_id, from_at, by) SELECT id, $1, $2 FROM taken WHERE held
), events AS (
    INSERT INTO event (at, item_id, event, from_state, to_state, by)
    SELECT $1, e.id, e.event, e.from_state, e.to_state, $2
      FROM (SELECT id, 1 AS place, 'received' AS event, NULL AS from_state, 'received' AS to_state FROM taken
             UNION ALL SELECT id, 2, 'confirmed', NULL, NULL FROM taken WHERE confirmed
             UNION ALL SELECT id, 3, 'held', 'received', 'held' FROM taken WHERE held) AS e
     ORDER BY e.id, e.place
)
SELECT n.url_hash FROM ntd_intake n WHERE NOT EXISTS (SELECT FROM taken t WHERE t.id = n.id)

-- name: standing
-- The items that stand for URLs submitted again.
SELECT id, url_hash, state, priority, confirmed, new_victim, 'resubmitted' = ANY(attention) AS resubmitted
  FROM item WHERE url_hash = ANY($1::bytea[])

-- name: add_reports
-- One more report or reference that named an item; the same pair again is no news.
INSERT INTO item_report (item_id, pair_hash, report, reference, source, at)
SELECT item_id, pair_hash, report, reference, source, $1
  FROM unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[])
       AS n (item_id, pair_hash, report, reference, source)
 ORDER BY item_id, pair_hash
    ON CONFLICT (item_id, pair_hash) DO NOTHING
RETURNING item_id

-- name: confirm
-- Somebody has judged what was only presumed; never the reverse.
UPDATE item i SET confirmed = true, classification = n.classification, confirmed_at = n.confirmed_at
  FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS n (id, classification, confirmed_at)
 WHERE i.id = n.id AND NOT i.confirmed

-- name: flag
-- Somebody knows by now that the victim may be one nobody knows; never the reverse.
UPDATE item SET new_victim = true WHERE id = ANY($1::uuid[])

-- name: hasten
-- What waits to be told about an item goes with its new priority; what is urgent waits for no window any more.
UPDATE telling t
   SET priority = least(t.priority, n.priority),
       gather_at = CASE WHEN n.priority <= 1 AND t.wait_for IS NULL
                        THEN least(t.gather_at, greatest(t.written_at, t.not_before)) ELSE t.gather_at END
  FROM unnest($1::uuid[], $2::smallint[]) AS n (item_id, priority)
 WHERE t.item_id = n.item_id AND t.notice_id IS NULL
