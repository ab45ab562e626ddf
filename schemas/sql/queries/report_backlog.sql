-- name: today
-- What is in work now, by state and attention, and when something is next due to happen to it.
-- $1 from, $2 to (half-open, of the receipt; null: unbounded), $3 as_of = now
WITH waiting AS (
    SELECT i.id, i.host_id, i.state, i.received_at, i.hold_until,
           (SELECT string_agg(a, ',' ORDER BY a) FROM unnest(i.attention) a) AS attention
    FROM item i
    WHERE i.state IN ('received', 'held', 'untraceable', 'routed', 'noticed', 'forwarded')
      AND i.received_at <= $3::timestamptz
      AND i.received_at >= coalesce($1::timestamptz, '-infinity')
      AND i.received_at < coalesce($2::timestamptz, 'infinity')
), due AS (
    -- Everything that has a due time: checks, follow-ups, messages to be gathered, messages to be sent.
    SELECT item_id, due_at FROM schedule
    UNION ALL
    SELECT item_id, follow_up_at FROM stay WHERE follow_up_at IS NOT NULL
    UNION ALL
    SELECT item_id, gather_at FROM telling WHERE notice_id IS NULL AND gather_at IS NOT NULL
    UNION ALL
    SELECT ni.item_id, n.send_at FROM notice n JOIN notice_item ni ON ni.notice_id = n.id WHERE n.send_at IS NOT NULL
), next AS (
    SELECT item_id, min(due_at) AS due_at
    FROM due
    GROUP BY item_id
), dated AS (
    -- And what is due to its host: look-ups and placing.
    SELECT w.state, w.attention, w.received_at,
           least(n.due_at, w.hold_until, h.look_due_at, h.place_due_at) AS due_at
    FROM waiting w
    JOIN host h ON h.id = w.host_id
    LEFT JOIN next n ON n.item_id = w.id
)
SELECT state,
       attention,
       grouping(state) = 1 AS whole,
       count(*) AS items,
       $3 - min(received_at) AS oldest,
       min(due_at) AS next_due_at
FROM dated
GROUP BY GROUPING SETS ((state, attention), ());

-- name: then
-- What was in work at a moment in the past: state and attention are what the record of events says of it. Due times of
-- then are not kept.
-- $1 from, $2 to (half-open, of the receipt; null: unbounded), $3 as_of
WITH stood AS (
    SELECT DISTINCT ON (item_id) item_id, to_state AS state
    FROM event
    WHERE at <= $3::timestamptz AND to_state IS NOT NULL
    ORDER BY item_id, at DESC, id DESC
), asked AS (
    SELECT DISTINCT ON (item_id) item_id, attention
    FROM event
    WHERE at <= $3 AND attention IS NOT NULL
    ORDER BY item_id, at DESC, id DESC
), waiting AS (
    SELECT s.state, i.received_at,
           (SELECT string_agg(a, ',' ORDER BY a) FROM unnest(n.attention) a) AS attention
    FROM stood s
    JOIN item i ON i.id = s.item_id
    LEFT JOIN asked n ON n.item_id = s.item_id
    WHERE s.state IN ('received', 'held', 'untraceable', 'routed', 'noticed', 'forwarded')
      AND i.received_at <= $3
      AND i.received_at >= coalesce($1::timestamptz, '-infinity')
      AND i.received_at < coalesce($2::timestamptz, 'infinity')
)
SELECT state,
       attention,
       grouping(state) = 1 AS whole,
       count(*) AS items,
       $3 - min(received_at) AS oldest,
       NULL::timestamptz AS next_due_at
FROM waiting
GROUP BY GROUPING SETS ((state, attention), ());
