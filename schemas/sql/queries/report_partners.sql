-- name: figures
-- What became of items that partners accepted (definitions, "partners"), one row per partner and one for all of them.
-- The unit is one item accepted by one partner; an item that returned and was forwarded again is accepted again.
-- $1 from, $2 to (half-open, of the acceptance; null: unbounded), $3 as_of
WITH carried AS (
    -- The forwards that a partner accepted by as_of, item by item; what only a dry run accepted counts nowhere.
    SELECT n.id AS notice_id, n.partner, n.accepted_at, n.delivered_at, ni.item_id, ni.stay_id, ni.spell
    FROM notice n
    JOIN notice_item ni ON ni.notice_id = n.id
    WHERE n.kind = 'forward' AND n.partner IS NOT NULL AND n.voided_at IS NULL
      AND (n.state = 'accepted' OR n.bounced_at > $3)
      AND n.accepted_at <= $3::timestamptz
      AND ni.outcome IS DISTINCT FROM 'refused'
), units AS (
    SELECT partner, item_id, spell,
           min(accepted_at) AS accepted_at,
           array_agg(stay_id) AS stay_ids,
           -- A machine takes a forward and proves it at once: a sign of life is what came later.
           min(delivered_at) FILTER (WHERE delivered_at > accepted_at AND delivered_at <= $3) AS delivered_at
    FROM carried
    GROUP BY partner, item_id, spell
    HAVING min(accepted_at) >= coalesce($1::timestamptz, '-infinity')
       AND min(accepted_at) < coalesce($2::timestamptz, 'infinity')
), answers AS (
    -- What the partner said about the item.
    SELECT c.partner, c.item_id, c.spell,
           min(a.at) AS first_at,
           bool_or(a.action = 'not_illegal') AS not_illegal
    FROM carried c
    JOIN answer a ON a.notice_id = c.notice_id AND a.item_id = c.item_id
    WHERE a.at <= $3
    GROUP BY c.partner, c.item_id, c.spell
), stays AS (
    -- The stays that the forward speaks of: the one it began with, and others of that spell with the same partner.
    SELECT u.partner, u.item_id, u.spell,
           bool_or(e.ended_by = 'withdrawn') AS withdrawn,
           bool_or(e.ended_by = 'refused') AS refused,
           bool_or(e.ended_by = 'relocated') AS relocated,
           bool_or(g.gone_at IS NULL AND e.ended_by IS NULL) AS up,
           max(g.gone_at) AS gone_at
    FROM units u
    JOIN stay s ON s.item_id = u.item_id
               AND (s.id = ANY (u.stay_ids) OR (s.spell = u.spell AND s.partner = u.partner))
    CROSS JOIN LATERAL (
        SELECT CASE WHEN greatest(s.gone_at, s.gone_known_at) <= $3 THEN s.gone_at END AS gone_at) g
    CROSS JOIN LATERAL (
        SELECT CASE WHEN greatest(s.ended_at, s.ended_known_at) <= $3 THEN s.ended_by END AS ended_by) e
    GROUP BY u.partner, u.item_id, u.spell
), judged AS (
    -- The outcome, the first that applies; with several hosters an item is gone when the last of them is.
    SELECT u.partner, u.accepted_at, s.gone_at,
           least(u.delivered_at, a.first_at) AS acknowledged_at,
           a.first_at AS answered_at,
           CASE
               WHEN s.withdrawn THEN 'withdrawn'
               WHEN s.refused OR a.not_illegal THEN 'refused'
               WHEN s.up THEN 'open'
               WHEN s.gone_at IS NOT NULL THEN 'gone'
               WHEN s.relocated THEN 'relocated'
               ELSE 'open'
           END AS outcome
    FROM units u
    LEFT JOIN stays s USING (partner, item_id, spell)
    LEFT JOIN answers a USING (partner, item_id, spell)
)
SELECT partner AS key,
       grouping(partner) = 1 AS whole,
       count(*) AS forwarded,
       count(acknowledged_at) AS acknowledged,
       count(answered_at) AS answered,
       count(*) FILTER (WHERE outcome = 'gone') AS gone,
       count(*) FILTER (WHERE outcome = 'open') AS open,
       count(*) FILTER (WHERE outcome = 'refused') AS refused,
       count(*) FILTER (WHERE outcome = 'relocated') AS relocated,
       count(*) FILTER (WHERE outcome = 'withdrawn') AS withdrawn,
       count(*) FILTER (WHERE outcome = 'open' AND answered_at IS NULL) AS silent,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY greatest(acknowledged_at - accepted_at, interval '0'))
           FILTER (WHERE acknowledged_at IS NOT NULL) AS median_acknowledge,
       -- Gone before the partner had it is not a time that the partner took.
       percentile_disc(0.5) WITHIN GROUP (ORDER BY gone_at - accepted_at)
           FILTER (WHERE outcome = 'gone' AND gone_at >= accepted_at) AS median
FROM judged
GROUP BY GROUPING SETS ((partner), ());
