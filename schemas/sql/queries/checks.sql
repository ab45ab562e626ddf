-- name: claim
-- A lapsed lease is simply due again; the narrow table is what changes most. A lease changes no index: what is under way
-- stands at the beginning of the range, and there are never more of it than the daemons can do at once.
WITH due AS (
    SELECT item_id, due_at FROM schedule
     WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
     ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
), leased AS (
    UPDATE schedule s SET token = $3, leased_until = $1 + $4::interval FROM due WHERE s.item_id = due.item_id
    RETURNING s.item_id, due.due_at
)
SELECT i.id, i.secret, i.host_id, i.state, i.confirmed, i.first_sha256, i.first_type, i.first_length, i.first_likeness,
       i.first_denied, i.received_at, i.kind, leased.due_at
  FROM leased JOIN item i ON i.id = leased.item_id

-- name: claim_untold
-- While nobody can see anything, only items about which a first message waits for a look: it goes out all the same.
WITH due AS (
    SELECT item_id, due_at FROM schedule
     WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
       AND item_id IN (SELECT item_id FROM telling WHERE notice_id IS NULL AND wait_for = 'check')
     ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
), leased AS (
    UPDATE schedule s SET token = $3, leased_until = $1 + $4::interval FROM due WHERE s.item_id = due.item_id
    RETURNING s.item_id, due.due_at
)
SELECT i.id, i.secret, i.host_id, i.state, i.confirmed, i.first_sha256, i.first_type, i.first_length, i.first_likeness,
       i.first_denied, i.received_at, i.kind, leased.due_at
  FROM leased JOIN item i ON i.id = leased.item_id

-- name: put_off
-- What was claimed and is not looked at now is due again at a moment of its own.
UPDATE schedule s SET due_at = n.due_at, token = NULL, leased_until = NULL
  FROM unnest($1::uuid[], $2::timestamptz[]) AS n (item_id, due_at)
 WHERE s.item_id = n.item_id AND s.token = $3

-- name: quiet
-- Hosts that asked not to be asked for a while: few, so all of them.
SELECT host_id, until FROM quiet WHERE until > $1

-- name: hush
-- A host asked not to be asked until then; what is over is forgotten on the way.
WITH over AS (
    DELETE FROM quiet WHERE until <= $1 AND NOT host_id = ANY($2::bigint[])
)
INSERT INTO quiet (host_id, until) SELECT host_id, until FROM unnest($2::bigint[], $3::timestamptz[]) AS n (host_id, until)
    ON CONFLICT (host_id) DO UPDATE SET until = greatest(quiet.until, excluded.until)

-- name: lost
-- Rounds since a moment that could not tell for want of a network count as not done: due at once. Read over the whole
-- table, but only when an outage is over.
UPDATE schedule s SET due_at = $2
  FROM item i
 WHERE i.id = s.item_id AND s.due_at > $2 AND s.token IS NULL AND i.last_verdict = 'unknown' AND i.last_reason = ANY($3::text[])
   AND coalesce(s.checked_at, i.checked_at) >= $1

-- name: ahead_of_time
-- What was looked at, or claimed, in a time that has not come yet: the clock had gone ahead. Due at once. Read over the
-- whole table, but only when a daemon starts or its clock was set back.
UPDATE schedule s SET due_at = $1, token = NULL, leased_until = NULL
  FROM item i
 WHERE i.id = s.item_id
   AND ((s.due_at > $1 AND greatest(s.checked_at, i.checked_at) > $1::timestamptz + interval '1 minute')
        OR s.leased_until > $1::timestamptz + interval '2 minutes')

-- name: make_up
-- What has become due while nobody could look is spread by the chance in its id, a batch at a time. The last four bytes
-- of the id are chance; nothing falls on the moment itself, so that no row is met twice.
WITH late AS (
    SELECT item_id FROM schedule
     WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
     ORDER BY due_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE schedule s
   SET token = NULL, leased_until = NULL,
       due_at = $1::timestamptz + interval '1 second'
              + $2::interval * (('x' || right(s.item_id::text, 8))::bit(32)::bigint / 4294967296.0)
  FROM late WHERE s.item_id = late.item_id

-- name: held
-- Only the holder of the lease settles. What the kept look shows comes along: the same again is not written again.
SELECT item_id, evidence FROM schedule WHERE item_id = ANY($1::uuid[]) AND token = $2

-- name: waiting
-- Items with a message that waits for a look: to let it go is a change.
SELECT DISTINCT item_id FROM telling WHERE item_id = ANY($1::uuid[]) AND notice_id IS NULL AND wait_for IS NOT NULL

-- name: keep_uneventful
-- A round that changed nothing: this narrow row is all that is written, and only by the holder of its lease.
UPDATE schedule s
   SET due_at = n.due_at, token = NULL, leased_until = NULL, checks = n.checks, checked_at = n.checked_at,
       up_at = greatest(s.up_at, n.up_at)
  FROM unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::timestamptz[], $5::timestamptz[])
       AS n (item_id, due_at, checks, checked_at, up_at)
 WHERE s.item_id = n.item_id AND s.token = $6

-- name: give_back
-- What a stopping daemon still holds was due already, and is so for the next one.
UPDATE schedule SET token = NULL, leased_until = NULL WHERE due_at <= $2 AND token = $1

-- name: check_now
-- Looked at as soon as somebody is free; a look under way began too early, and loses its lease.
INSERT INTO schedule (item_id, due_at) SELECT unnest($1::uuid[]), $2
    ON CONFLICT (item_id) DO UPDATE
   SET due_at = least(schedule.due_at, excluded.due_at), token = NULL, leased_until = NULL

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
-- How long the most overdue look has waited; one under way does not wait any more.
SELECT min(due_at) AS oldest FROM schedule WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)

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
UPDATE schedule SET leased_until = $3 WHERE item_id = ANY($1::uuid[]) AND token = $2

-- name: last_looks
-- What the newest look of each of these items saw.
SELECT item_id, observations FROM last_look WHERE item_id = ANY($1::uuid[])

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
