-- name: claim
-- A lapsed lease is simply due again; the narrow table is what changes most.
WITH due AS (
    SELECT item_id FROM schedule WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
), leased AS (
    UPDATE schedule s SET token = $3, due_at = $1 + $4::interval FROM due WHERE s.item_id = due.item_id
    RETURNING s.item_id
)
SELECT i.id, i.secret, i.host_id, i.state, i.confirmed, i.first_sha256, i.first_type, i.first_length, i.received_at,
       i.kind
  FROM leased JOIN item i ON i.id = leased.item_id

-- name: held
-- Only the holder of the lease settles. What the kept look shows comes along: the same again is not written again.
SELECT item_id, evidence FROM schedule WHERE item_id = ANY($1::uuid[]) AND token = $2

-- name: waiting
-- Items with a message that waits for a look: to let it go is a change.
SELECT DISTINCT item_id FROM telling WHERE item_id = ANY($1::uuid[]) AND notice_id IS NULL AND wait_for IS NOT NULL

-- name: keep_uneventful
-- A round that changed nothing: this narrow row is all that is written, and only by the holder of its lease.
UPDATE schedule s
   SET due_at = n.due_at, token = NULL, checks = n.checks, checked_at = n.checked_at,
       up_at = greatest(s.up_at, n.up_at)
  FROM unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::timestamptz[], $5::timestamptz[])
       AS n (item_id, due_at, checks, checked_at, up_at)
 WHERE s.item_id = n.item_id AND s.token = $6

-- name: give_back
-- What a stopping daemon still holds is due at once for the next one.
UPDATE schedule SET due_at = $2, token = NULL WHERE token = $1

-- name: check_now
-- Looked at as soon as somebody is free.
INSERT INTO schedule (item_id, due_at) SELECT unnest($1::uuid[]), $2
    ON CONFLICT (item_id) DO UPDATE SET due_at = least(schedule.due_at, excluded.due_at)

-- name: follow_ups
-- Reminders, the ladder, partners' patience: due times of stays.
WITH due AS (
    SELECT id FROM stay WHERE follow_up_at <= $1 ORDER BY follow_up_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE stay s SET follow_up_at = $1 + $4::interval, follow_token = $3 FROM due WHERE s.id = due.id
RETURNING s.id, s.item_id

-- name: released
-- Holds that are over.
SELECT id FROM item WHERE state = 'held' AND hold_until <= $1 ORDER BY hold_until LIMIT $2

-- name: lateness
-- How long the most overdue look has waited.
SELECT min(due_at) AS oldest FROM schedule WHERE due_at <= $1

-- name: dry_run_accepted
-- What was only accepted in a dry run and was not taken back yet.
SELECT n.id FROM notice n WHERE n.dry_run AND n.state = 'accepted' AND n.voided_at IS NULL ORDER BY n.id LIMIT $1

-- name: items_of_notices
-- Whom the dry run pretended to tell about.
SELECT DISTINCT item_id FROM notice_item WHERE notice_id = ANY($1::uuid[])

-- name: really_told
-- What was really accepted, stay by stay: a dry run that came afterwards takes nothing of it back.
SELECT ni.stay_id, max(n.accepted_at) AS last_at, count(*) FILTER (WHERE n.kind = 'reminder') AS reminders
  FROM notice_item ni JOIN notice n ON n.id = ni.notice_id
 WHERE ni.item_id = ANY($1::uuid[]) AND ni.stay_id IS NOT NULL AND NOT n.dry_run AND n.state = 'accepted'
   AND n.kind IN ('first', 'front', 'forward', 'reminder') AND ni.outcome IS DISTINCT FROM 'refused'
 GROUP BY ni.stay_id

-- name: void_dry_run
-- Dry-run acceptances count nowhere from now on.
UPDATE notice SET voided_at = $2 WHERE id = ANY($1::uuid[])

-- name: renew
-- Work under way keeps its lease; what was settled or lost to another daemon has another token.
UPDATE schedule SET due_at = $3 WHERE item_id = ANY($1::uuid[]) AND token = $2

-- name: keep_looks
-- The evidence of the newest look that saw something else, written over: rounds that changed something are kept beside it.
WITH seen AS (
    SELECT item_id, at, observations, evidence
      FROM unnest($1::uuid[], $2::timestamptz[], $3::bytea[], $4::bytea[]) AS n (item_id, at, observations, evidence)
), marked AS (
    UPDATE schedule s SET evidence = seen.evidence FROM seen WHERE s.item_id = seen.item_id
)
INSERT INTO last_look (item_id, at, observations)
SELECT item_id, at, observations FROM seen
    ON CONFLICT (item_id) DO UPDATE SET at = excluded.at, observations = excluded.observations
