-- name: due_groups
-- Recipients with something due, first notices and forwards before everything else.
SELECT recipient_id, kind
  FROM telling
 WHERE notice_id IS NULL AND gather_at <= $1 AND wait_for IS DISTINCT FROM 'check'
 GROUP BY recipient_id, kind
 ORDER BY min(CASE WHEN kind IN ('first', 'front', 'forward') THEN 0 ELSE 1 END), min(priority), min(gather_at)
 LIMIT $2

-- name: lock_recipient
-- One daemon gathers for a recipient at a time; whoever comes second finds the work done.
SELECT id, channel, address, address_hash, partner, format, language, grouping
  FROM recipient WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED

-- name: gather
-- What is due for a recipient, and what is ready and may go along.
SELECT id, item_id
  FROM telling
 WHERE recipient_id = $1 AND kind = $2 AND notice_id IS NULL
   AND (wait_for IS NULL OR (wait_for = 'run' AND gather_at <= $3))
   AND gather_at IS NOT NULL AND (not_before IS NULL OR not_before <= $3)
 ORDER BY priority, written_at, id
 LIMIT $4

-- name: gathered
-- The same once more under lock, with all that a message says of them.
SELECT t.id, t.item_id, t.stay_id, t.kind, t.step, t.spell, t.priority, t.first_written_at, t.tries,
       i.secret, i.state, i.confirmed, i.classification, i.basis, i.site_type, i.media, i.received_at, i.confirmed_at,
       s.host_id, s.hoster_id, s.country, greatest(s.last_up_at, q.up_at) AS last_up_at, s.began_at, s.noticed_at, s.clock_at,
       s.began_by,
       p.prefix, p.asn, p.as_name, coalesce(p.front, f.front) AS front, o.name AS hoster_name, o.key_hash AS hoster_hash,
       h.name AS host_name, h.name_hash AS host_hash, w.name AS site_name, w.name_hash AS site_hash,
       e.addresses, e.seen_at
  FROM telling t
  JOIN item i ON i.id = t.item_id
  JOIN host h ON h.id = i.host_id
  JOIN site w ON w.id = i.site_id
  LEFT JOIN LATERAL (SELECT i.host_id, y.* FROM stay y WHERE y.id = t.stay_id) s ON true
  LEFT JOIN schedule q ON q.item_id = t.item_id AND s.ended_at IS NULL AND s.gone_at IS NULL
  LEFT JOIN place p ON p.id = s.place_id
  LEFT JOIN hoster o ON o.id = s.hoster_id
  LEFT JOIN LATERAL (SELECT e.addresses, e.seen_at, e.origin FROM episode e
                      WHERE e.host_id = i.host_id AND e.hoster_id = s.hoster_id
                        AND e.country IS NOT DISTINCT FROM s.country
                      ORDER BY e.from_at DESC LIMIT 1) e ON true
  -- What stands behind a front is told which one.
  LEFT JOIN LATERAL (SELECT string_agg(DISTINCT q.front, ', ') AS front
                       FROM episode y JOIN place q ON q.id = y.place_id
                      WHERE e.origin AND y.host_id = i.host_id AND y.until_at IS NULL) f ON true
 WHERE t.id = ANY($1::bigint[]) AND t.notice_id IS NULL
 ORDER BY t.priority, t.written_at, t.id
   FOR NO KEY UPDATE OF t

-- name: drop_tellings
-- What cannot be told this way, or need not be told any more.
DELETE FROM telling WHERE id = ANY($1::bigint[])

-- name: references
-- One representative reference per item: somebody reported it under this name.
SELECT DISTINCT ON (item_id) item_id, pair_hash, reference
  FROM item_report WHERE item_id = ANY($1::uuid[]) AND reference IS NOT NULL ORDER BY item_id, at

-- name: earlier
-- What this recipient was told before about these items: reminders and returns refer to it.
SELECT n.message_id, min(n.accepted_at) AS accepted_at, bool_or(n.kind IN ('first', 'front')) AS first
  FROM notice_item ni JOIN notice n ON n.id = ni.notice_id
 WHERE ni.item_id = ANY($1::uuid[]) AND n.recipient_id = $2 AND n.state IN ('accepted', 'doubtful', 'bounced')
   AND n.voided_at IS NULL AND n.kind IN ('first', 'front', 'reminder')
 GROUP BY n.id, n.message_id ORDER BY min(n.accepted_at) DESC NULLS LAST LIMIT 20

-- name: write
-- Rendered once, stored, then sent: the row is the outbox.
INSERT INTO notice (id, kind, step, recipient_id, partner, channel, format, language, state, message, message_id,
                    token_hash, token_expires_at, item_count, priority, urgency, created_at, written_at, send_at,
                    attempts, dry_run, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)

-- name: write_items
-- Which items a message speaks of, and the stay each began with.
INSERT INTO notice_item (notice_id, item_id, stay_id, spell, step)
SELECT $1, item_id, stay_id, spell, step
  FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::int[]) AS n (item_id, stay_id, spell, step)

-- name: written
-- From now on this message carries them.
UPDATE telling SET notice_id = $2, wait_for = NULL, first_written_at = coalesce(first_written_at, $3)
 WHERE id = ANY($1::bigint[])

-- name: supersede
-- Not taken within an hour of being written and never in doubt: written anew with a new id and deadline.
WITH stale AS (
    SELECT id FROM notice
     WHERE send_at <= $1 AND state = 'waiting' AND NOT doubted AND NOT paused AND created_at < $1::timestamptz - interval '1 hour'
       AND channel NOT IN ('form', 'exchange')
     ORDER BY send_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
), old AS (
    UPDATE notice n SET state = 'superseded', ended_at = $1, send_at = NULL, token = NULL
      FROM stale WHERE n.id = stale.id
    RETURNING n.id, n.attempts
)
UPDATE telling t SET notice_id = NULL, gather_at = $1, tries = old.attempts
  FROM old WHERE t.notice_id = old.id

-- name: claim
-- First notices before reminders, urgent before routine; a lapsed lease is simply due again.
WITH due AS (
    SELECT id FROM notice WHERE send_at <= $1 AND NOT paused ORDER BY urgency, priority, send_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE notice n
   SET state = CASE WHEN n.doubted OR l.offered THEN 'doubtful' ELSE 'sending' END, doubted = n.doubted OR coalesce(l.offered, false),
       token = $3, send_at = $1 + $4::interval, attempts = n.attempts + 1
  FROM due
  LEFT JOIN LATERAL (SELECT bool_or(a.offered_at IS NOT NULL AND a.finished_at IS NULL) AS offered
                       FROM attempt a WHERE a.notice_id = due.id) l ON true,
       recipient r
 WHERE n.id = due.id AND r.id = n.recipient_id
RETURNING n.id, n.kind, n.channel, n.message, n.message_id, n.partner, n.attempts, n.doubted, n.detail,
          r.channel AS reached_by,
          r.address, r.address_hash

-- name: close_attempts
-- An attempt that a stopped daemon left open: after the offer it is in doubt, before it nothing had left.
UPDATE attempt
   SET finished_at = $2, outcome = CASE WHEN offered_at IS NULL THEN 'temporary' ELSE 'doubtful' END
 WHERE notice_id = ANY($1::uuid[]) AND finished_at IS NULL

-- name: attempt
-- The record of an attempt is made before it.
INSERT INTO attempt (notice_id, started_at) SELECT unnest($1::uuid[]), $2 RETURNING id, notice_id

-- name: offered
-- From here on the other side may have taken it.
UPDATE attempt SET offered_at = $2 WHERE id = $1

-- name: finish_attempt
-- And finished after it, kept on failure.
UPDATE attempt SET finished_at = $2, outcome = $3, by = $4, reply = $5 WHERE id = $1

-- name: lock_recipient_of
-- Recipient, items, message: every settlement and every gathering takes its locks in this order.
SELECT r.id FROM recipient r JOIN notice n ON n.recipient_id = r.id WHERE n.id = $1 FOR NO KEY UPDATE OF r

-- name: held_by
-- Only the holder of the lease settles.
SELECT id, kind, recipient_id, partner, written_at, attempts, dry_run, doubted
  FROM notice WHERE id = $1 AND token = $2 FOR NO KEY UPDATE

-- name: items_of
-- Which items a message speaks of, in the order in which items are locked.
SELECT ni.item_id, ni.stay_id, ni.spell, ni.step, s.spell AS stay_spell
  FROM notice_item ni LEFT JOIN stay s ON s.id = ni.stay_id WHERE ni.notice_id = $1 ORDER BY ni.item_id

-- name: accept
-- Taken by the other side.
UPDATE notice SET state = 'accepted', accepted_at = $2, accepted_by = $3, send_at = NULL, token = NULL WHERE id = $1

-- name: fail
-- It will not work however often it is tried.
UPDATE notice SET state = 'failed', ended_at = $2, send_at = NULL, token = NULL WHERE id = $1

-- name: later
-- Tried again: waiting, or the same bytes in doubt.
UPDATE notice SET state = CASE WHEN $3 THEN 'doubtful' ELSE 'waiting' END, doubted = $3, send_at = $2, token = NULL
 WHERE id = $1

-- name: refused_items
-- A partner answers per item.
UPDATE notice_item ni SET outcome = 'refused', refused_for = n.reason
  FROM unnest($2::uuid[], $3::bytea[]) AS n (item_id, reason)
 WHERE ni.notice_id = $1 AND ni.item_id = n.item_id

-- name: accepted_items
-- What was not refused was accepted.
UPDATE notice_item SET outcome = 'accepted' WHERE notice_id = $1 AND outcome IS NULL

-- name: health
-- What this recipient is worth: the next message begins with it or with somebody else.
UPDATE recipient
   SET health = $2, health_at = $3, first_told_at = CASE WHEN $2 = 'good' THEN coalesce(first_told_at, $3) ELSE first_told_at END
 WHERE id = $1

-- name: return_sends
-- What a stopping daemon claimed and never offered is due at once for the next one.
UPDATE notice SET state = 'waiting', send_at = $2, token = NULL, attempts = greatest(attempts - 1, 0)
 WHERE token = $1 AND state = 'sending'
   AND NOT EXISTS (SELECT FROM attempt a WHERE a.notice_id = notice.id AND a.finished_at IS NULL
                      AND a.offered_at IS NOT NULL)

-- name: told
-- Who accepted a message about these items: a withdrawal goes to all of them.
SELECT DISTINCT ni.item_id, n.recipient_id
  FROM notice_item ni JOIN notice n ON n.id = ni.notice_id
 WHERE ni.item_id = ANY($1::uuid[]) AND n.state IN ('accepted', 'doubtful', 'sending', 'bounced')
   AND n.voided_at IS NULL AND n.kind <> 'withdrawal' AND ni.outcome IS DISTINCT FROM 'refused'
 ORDER BY ni.item_id, n.recipient_id

-- name: renew
-- Work under way keeps its lease; what was settled or lost to another daemon has another token.
UPDATE notice SET send_at = $3 WHERE id = ANY($1::uuid[]) AND token = $2
