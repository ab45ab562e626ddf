-- name: items
-- One pass over the items serves every figure about them.
SELECT state, last_verdict, attention, count(*) AS items, sum(coalesce(schedule.checks, item.checks)) AS checks
FROM item
LEFT JOIN schedule ON schedule.item_id = item.id
GROUP BY state, last_verdict, attention;

-- name: messages
-- Notices and forwards by where they stand; what was only a dry run, and taken back, counts nowhere.
SELECT kind = 'forward' AS forward, state, count(*) AS messages
FROM notice
WHERE voided_at IS NULL
GROUP BY kind = 'forward', state;

-- name: checks_due
-- The oldest due check, and how many wait: bounded, for a figure that alarms needs no exact end. What is under way waits
-- no more.
SELECT min(due_at) AS oldest, count(*) AS due
FROM (
    SELECT due_at FROM schedule
    WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
    ORDER BY due_at LIMIT $2
) AS late;

-- name: looks_due
-- The same for hosts that wait to be looked up.
SELECT min(look_due_at) AS oldest, count(*) AS due
FROM (SELECT look_due_at FROM host WHERE look_due_at <= $1 ORDER BY look_due_at LIMIT $2) AS late;

-- name: messages_due
-- The same for messages that wait to be sent.
SELECT min(send_at) AS oldest, count(*) AS due
FROM (SELECT send_at FROM notice WHERE send_at <= $1 AND NOT paused ORDER BY send_at LIMIT $2) AS late;

-- name: reachable
-- Is somebody there?
SELECT 1;
