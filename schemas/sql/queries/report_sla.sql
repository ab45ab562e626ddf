-- name: figures
-- Removal figures by stay (definitions, "Stays and clocks" and "`sla`"), one row per key and one for all of them.
-- One statement, so that rows, total and survival curves see the same moment of the database.
-- Spans are whole microseconds: they sort and compare several times faster than intervals.
-- $1 from, $2 to (half-open, null: unbounded), $3 as_of, $4 what a key is, $5 sla.removal, $6 the five buckets (the
-- first is 24 hours), $7 whether the beginning of the removal interval is told as well
WITH taken AS (
    -- What bounces after as_of took back was still so then: the first of them says how the stay stood.
    SELECT DISTINCT ON (stay_id) stay_id, clock_at, noticed_at, forwarded_at, failed_at
    FROM taken_back
    WHERE at > $3
    ORDER BY stay_id, at
), held AS (
    SELECT item_id, array_agg(from_at) AS from_at, array_agg(until_at) AS until_at
    FROM held_spell
    GROUP BY item_id
), unlocated AS (
    -- Before an item was located it had one stay, of which the hosters found later each took over the beginning.
    SELECT DISTINCT ON (item_id, began_at) id
    FROM stay
    WHERE hoster_id IS NULL OR coalesce(located_at, began_at) > $3
    ORDER BY item_id, began_at, id
), known AS (
    -- The stays of the period, with nothing on them that was not yet known at as_of.
    SELECT s.id, s.item_id, s.began_at,
           i.site_id, i.site_type, i.source,
           l.located,
           CASE WHEN l.located THEN s.hoster_id END AS hoster_id,
           CASE WHEN l.located THEN s.place_id END AS place_id,
           CASE WHEN l.located THEN s.country END AS country,
           CASE WHEN c.clock_at <= $3 THEN c.clock_at END AS clock_at,
           CASE WHEN b.noticed_at <= $3 THEN b.noticed_at END AS noticed_at,
           CASE WHEN b.forwarded_at <= $3 THEN b.forwarded_at END AS forwarded_at,
           CASE WHEN b.failed_at <= $3 THEN b.failed_at END AS failed_at,
           CASE WHEN s.returned_at <= $3 THEN s.returned_at END AS returned_at,
           CASE WHEN greatest(s.gone_at, s.gone_known_at) <= $3 THEN s.gone_at END AS gone_at,
           CASE WHEN greatest(s.gone_at, s.gone_known_at) <= $3 THEN s.gone_by END AS gone_by,
           CASE WHEN greatest(s.ended_at, s.ended_known_at) <= $3 THEN s.ended_at END AS ended_at,
           CASE WHEN greatest(s.ended_at, s.ended_known_at) <= $3 THEN s.ended_by END AS ended_by,
           s.last_up_at,
           w.from_at AS held_from,
           w.until_at AS held_until
    FROM stay s
    JOIN item i ON i.id = s.item_id
    LEFT JOIN held w ON w.item_id = s.item_id
    LEFT JOIN taken t ON t.stay_id = s.id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN t.stay_id IS NULL THEN s.clock_at ELSE t.clock_at END AS clock_at,
               CASE WHEN t.stay_id IS NULL THEN s.noticed_at ELSE t.noticed_at END AS noticed_at,
               CASE WHEN t.stay_id IS NULL THEN s.forwarded_at ELSE t.forwarded_at END AS forwarded_at,
               CASE WHEN t.stay_id IS NULL THEN s.failed_at ELSE t.failed_at END AS failed_at) b
    -- Another notifier had told the hoster before we received the item: its clock runs before we know who that is.
    CROSS JOIN LATERAL (
        SELECT coalesce(b.clock_at, CASE WHEN i.copied_from IS NOT NULL AND s.began_by = 'receipt'
                                         THEN i.received_at END) AS clock_at) c
    -- A hoster is known from the look that found it; until then the keys are null.
    CROSS JOIN LATERAL (SELECT s.hoster_id IS NOT NULL AND coalesce(s.located_at, s.began_at) <= $3 AS located) l
    WHERE s.began_at >= coalesce($1::timestamptz, '-infinity')
      AND s.began_at < coalesce($2::timestamptz, 'infinity')
      -- A stay begins when the host arrived there, but is known only from the confirmation of that.
      AND coalesce(s.began_known_at, s.began_at) <= $3::timestamptz
      AND (l.located OR s.id IN (SELECT id FROM unlocated))
), clocked AS (
    -- The clock of a hoster whose notice was accepted only after the end never ran.
    SELECT k.*,
           CASE WHEN k.clock_at <= least(k.gone_at, k.ended_at, k.clock_at) THEN k.clock_at END AS started_at
    FROM known k
), judged AS (
    -- The outcome: the first that applies.
    SELECT c.*,
           CASE
               WHEN ended_by = 'withdrawn' THEN 'withdrawn'
               WHEN ended_by = 'refused' THEN 'refused'
               WHEN ended_by = 'relocated' THEN 'relocated'
               WHEN started_at IS NOT NULL AND gone_at IS NOT NULL THEN 'gone'
               WHEN started_at IS NOT NULL THEN 'open'
               WHEN forwarded_at IS NOT NULL AND noticed_at IS NULL AND clock_at IS NULL THEN 'forwarded'
               WHEN failed_at IS NOT NULL AND noticed_at IS NULL AND clock_at IS NULL AND forwarded_at IS NULL
                    AND gone_at IS NULL THEN 'unreachable'
               WHEN gone_at IS NOT NULL THEN 'gone_before_notice'
               ELSE 'open'
           END AS outcome
    FROM clocked c
), reminded AS (
    -- Accepted reminders per stay; what only a dry run accepted counts nowhere.
    SELECT ni.stay_id, count(*) AS reminders
    FROM notice n
    JOIN notice_item ni ON ni.notice_id = n.id
    WHERE n.kind = 'reminder' AND (n.state = 'accepted' OR n.bounced_at > $3) AND n.voided_at IS NULL AND n.accepted_at <= $3
    GROUP BY ni.stay_id
), keyed AS (
    -- `ran`: how long the clock ran, until gone, the end or as_of. `removal`: the same, of those that are gone.
    SELECT CASE $4::text
               WHEN 'hoster' THEN j.hoster_id::text
               WHEN 'asn' THEN coalesce(p.asn, h.asn)::text
               WHEN 'country' THEN j.country
               WHEN 'site' THEN j.site_id::text
               WHEN 'site_type' THEN j.site_type
               WHEN 'source' THEN j.source
               WHEN 'month' THEN to_char(j.began_at AT TIME ZONE 'UTC', 'YYYY-MM')
           END COLLATE "C" AS key,
           j.outcome,
           j.gone_by,
           j.returned_at,
           r.ran,
           CASE WHEN j.outcome = 'gone' THEN r.ran END AS removal,
           -- The other end of the interval (last_up_at, gone_at], never before the clock started.
           CASE WHEN $7::bool AND j.outcome = 'gone'
                THEN (date_part('epoch', least(greatest(j.last_up_at, j.started_at), j.gone_at) - j.started_at)
                      * 1000000)::bigint END AS earliest,
           j.outcome NOT IN ('withdrawn', 'refused') AS counts,
           -- Held spells as far as they lie inside the stay.
           CASE WHEN j.held_from IS NOT NULL THEN (
               SELECT sum(least(h.until_at, j.gone_at, j.ended_at, $3) - greatest(h.from_at, j.began_at))
               FROM unnest(j.held_from, j.held_until) AS h (from_at, until_at)
               WHERE greatest(h.from_at, j.began_at) < least(h.until_at, j.gone_at, j.ended_at, $3)) END AS held,
           reminded.reminders
    FROM judged j
    LEFT JOIN place p ON p.id = j.place_id
    LEFT JOIN hoster h ON h.id = j.hoster_id
    LEFT JOIN reminded ON reminded.stay_id = j.id
    CROSS JOIN LATERAL (
        SELECT (date_part('epoch',
                          CASE WHEN j.outcome = 'gone' THEN j.gone_at ELSE least(j.ended_at, $3) END - j.started_at)
                * 1000000)::bigint AS ran) r
)
SELECT key,
       grouping(key) = 1 AS whole,
       count(*) AS items,
       count(ran) AS measured,
       -- Gone in time, or the clock ran longer: 24 h 0 s is within.
       count(*) FILTER (WHERE counts AND (removal <= ($6::bigint[])[1] OR ran > ($6)[1])) AS due,
       count(*) FILTER (WHERE counts AND (removal <= $5::bigint OR ran > $5)) AS due_sla,
       count(*) FILTER (WHERE outcome = 'gone') AS gone,
       count(*) FILTER (WHERE outcome = 'open') AS open,
       count(*) FILTER (WHERE outcome = 'forwarded') AS forwarded,
       count(*) FILTER (WHERE outcome = 'relocated') AS relocated,
       count(*) FILTER (WHERE outcome = 'gone_before_notice') AS gone_before_notice,
       count(*) FILTER (WHERE outcome = 'refused') AS refused,
       count(*) FILTER (WHERE outcome = 'withdrawn') AS withdrawn,
       count(*) FILTER (WHERE outcome = 'unreachable') AS unreachable,
       count(*) FILTER (WHERE outcome = 'gone' AND gone_by = 'name') AS gone_name,
       ARRAY[count(*) FILTER (WHERE removal <= ($6)[1]),
             count(*) FILTER (WHERE removal <= ($6)[2]),
             count(*) FILTER (WHERE removal <= ($6)[3]),
             count(*) FILTER (WHERE removal <= ($6)[4]),
             count(*) FILTER (WHERE removal <= ($6)[5])] AS within,
       count(*) FILTER (WHERE removal <= $5) AS within_sla,
       percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY removal) AS quantiles,
       ARRAY[count(*) FILTER (WHERE earliest <= ($6)[1]),
             count(*) FILTER (WHERE earliest <= ($6)[2]),
             count(*) FILTER (WHERE earliest <= ($6)[3]),
             count(*) FILTER (WHERE earliest <= ($6)[4]),
             count(*) FILTER (WHERE earliest <= ($6)[5])] AS within_earliest,
       count(*) FILTER (WHERE earliest <= $5) AS within_sla_earliest,
       percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY earliest) AS quantiles_earliest,
       sum(held) AS held,
       count(returned_at) AS returned,
       max(ran) FILTER (WHERE outcome = 'open') AS oldest_open,
       coalesce(sum(reminders), 0)::bigint AS reminders,
       -- For survival: after how long each was gone, and after how long each other was last known to be up.
       array_agg(ran) FILTER (WHERE removal IS NOT NULL) AS gone_after,
       array_agg(ran) FILTER (WHERE removal IS NULL AND ran IS NOT NULL) AS censored_after
FROM keyed
GROUP BY GROUPING SETS ((key), ());
