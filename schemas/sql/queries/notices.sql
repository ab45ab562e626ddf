-- name: due_groups
-- Recipients with something due: first notices and forwards before everything else, the urgent before the routine ones
-- of everybody, in messages of their own.
SELECT recipient_id, kind, priority <= 1 AS urgent
  FROM telling
 WHERE notice_id IS NULL AND gather_at <= $1 AND wait_for IS DISTINCT FROM 'check'
 GROUP BY recipient_id, kind, priority <= 1
 ORDER BY min(CASE WHEN kind IN ('first', 'front', 'forward') THEN 0 ELSE 1 END), min(priority) > 1, min(priority),
          min(gather_at)
 LIMIT $2

-- name: waiting_items
-- Items of a group that cannot be told for now, and do not say so yet.
SELECT DISTINCT t.item_id
  FROM telling t JOIN item i ON i.id = t.item_id
 WHERE t.recipient_id = $1 AND t.kind = $2 AND t.notice_id IS NULL AND t.gather_at <= $3
   AND NOT $4::text = ANY(i.attention)
 ORDER BY t.item_id LIMIT $5

-- name: lock_recipient
-- One daemon gathers for a recipient at a time; whoever comes second finds the work done. Not the row: a settlement that
-- writes what the recipient is worth need not wait until its next messages are written. 1: the lock of gathering.
SELECT id, channel, address, address_hash, partner, format, language, grouping
  FROM recipient WHERE id = $1 AND pg_try_advisory_xact_lock(1, (id % 2147483647)::int)

-- name: gather
-- What is due for a recipient, and what is ready and may go along. `old`: its host was not looked up since $6. `fresh`:
-- it was, the item has followed what was found (or both took too long), and the last look did not miss the place that is
-- to be told, unless that has stood unconfirmed since before $7. A withdrawal is for whoever was told, wherever it is now.
-- `police_until`: what tells somebody for the first time waits until the police have had their copy for $8; where that is
-- still on its way, for a while.
SELECT t.id, t.item_id, i.host_id, t.gather_at <= $4 AS due, coalesce(h.looked_at < $6, true) AS old,
       CASE WHEN $8::interval > interval '0' AND $2 IN ('first', 'front', 'forward') THEN
            (SELECT nullif(greatest(coalesce(n.accepted_at + $8, $4 + interval '30 seconds'), $4), $4)
               FROM telling c LEFT JOIN notice n ON n.id = c.notice_id
              WHERE c.item_id = t.item_id AND c.kind = 'police'
                AND (n.id IS NULL OR n.state IN ('waiting', 'sending', 'doubtful', 'accepted'))
              LIMIT 1) END AS police_until,
       $2 IN ('withdrawal', 'police')
       OR ((coalesce(t.look_by <= $4, false) OR (coalesce(h.looked_at >= $6, false) AND i.placed_version >= h.version))
           AND NOT EXISTS (SELECT FROM stay s JOIN episode e
                               ON e.host_id = i.host_id AND e.hoster_id = s.hoster_id
                              AND e.country IS NOT DISTINCT FROM s.country
                            WHERE s.id = t.stay_id AND e.until_at IS NULL AND e.absent_since > $7)) AS fresh
  FROM (SELECT id, item_id, stay_id, priority, written_at, gather_at, look_by
          FROM telling
         WHERE recipient_id = $1 AND kind = $2 AND (priority <= 1) = $3 AND notice_id IS NULL
           AND (wait_for IS NULL OR (wait_for IN ('run', 'look') AND gather_at <= $4))
           AND gather_at IS NOT NULL AND (not_before IS NULL OR not_before <= $4)
         ORDER BY priority, written_at, id
         LIMIT $5) t
  JOIN item i ON i.id = t.item_id
  JOIN host h ON h.id = i.host_id
 ORDER BY t.priority, t.written_at, t.id

-- name: park
-- Their hosts are looked up once more: the look lets them go, or strikes them. `look_by`: no look is waited for longer.
UPDATE telling SET wait_for = 'look', look_by = coalesce(look_by, $2), gather_at = $3
 WHERE id = ANY($1::bigint[])

-- name: after_police
-- The police have their head start until then.
UPDATE telling t SET gather_at = n.at FROM unnest($1::bigint[], $2::timestamptz[]) AS n (id, at) WHERE t.id = n.id

-- name: ask_looks
-- Looked up as soon as somebody is free; one that is under way is enough.
UPDATE host SET look_due_at = $2
 WHERE id IN (SELECT id FROM host
               WHERE id = ANY($1::bigint[]) AND look_token IS NULL AND (look_due_at IS NULL OR look_due_at > $2)
               ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)

-- name: ask_ahead
-- Hosts of what is due before $2, and of what may go along with it, are looked up meanwhile, so that nothing waits when
-- its time has come.
UPDATE host SET look_due_at = $1
 WHERE id IN (SELECT h.id FROM host h
               WHERE h.id IN (SELECT i.host_id FROM telling t JOIN item i ON i.id = t.item_id
                               WHERE t.notice_id IS NULL AND t.gather_at > $1
                                 AND (t.recipient_id, t.kind) IN
                                     (SELECT recipient_id, kind FROM telling
                                       WHERE notice_id IS NULL AND gather_at > $1 AND gather_at <= $2 LIMIT $4)
                               LIMIT $4)
                 AND h.looked_at < $3 AND h.look_token IS NULL AND (h.look_due_at IS NULL OR h.look_due_at > $1)
               ORDER BY h.id FOR NO KEY UPDATE SKIP LOCKED)

-- name: looked
-- A look was made: what waited for it is gathered now, and looked at again there.
UPDATE telling SET wait_for = NULL, gather_at = $2
 WHERE id IN (SELECT t.id FROM telling t JOIN item i ON i.id = t.item_id
               WHERE t.wait_for = 'look' AND t.notice_id IS NULL AND i.host_id = ANY($1::bigint[])
                 FOR NO KEY UPDATE OF t SKIP LOCKED)

-- name: postpone
-- No room for more messages to this recipient now.
UPDATE telling SET gather_at = $5
 WHERE recipient_id = $1 AND kind = $2 AND (priority <= 1) = $3 AND notice_id IS NULL AND gather_at <= $4

-- name: add_lane
-- A domain that nobody has been written at yet.
INSERT INTO lane (name_hash, spent_until) VALUES ($1, $2) ON CONFLICT (name_hash) DO NOTHING

-- name: lane
-- When the bucket of a domain is full again; two recipients of one domain take out of it one after the other.
SELECT spent_until FROM lane WHERE name_hash = $1 FOR NO KEY UPDATE

-- name: lane_spent
-- So much was taken out of it.
UPDATE lane SET spent_until = $2 WHERE name_hash = $1

-- name: written_lately
-- How many messages a recipient was written since, and when the one was that must grow old for some room.
WITH lately AS (
    SELECT created_at FROM notice
     WHERE recipient_id = $1 AND created_at > $2 AND state NOT IN ('superseded', 'struck')
)
SELECT (SELECT count(*) FROM lately) AS written,
       (SELECT created_at FROM lately ORDER BY created_at OFFSET $3 LIMIT 1) AS freed_by

-- name: gathered
-- The same once more under lock, with all that a message says of them.
SELECT t.id, t.item_id, t.stay_id, t.step, t.spell, t.priority, t.first_written_at, t.tries,
       i.secret, i.host_id, i.state, i.confirmed, i.classification, i.basis, i.site_type, i.media, i.received_at,
       i.confirmed_at,
       s.country, greatest(s.last_up_at, q.up_at) AS last_up_at, s.began_at, s.began_by,
       p.asn, p.as_name, coalesce(p.front, f.front) AS front, o.name AS hoster_name, o.key_hash AS hoster_hash,
       w.name AS site_name, w.name_hash AS site_hash, e.addresses, e.seen_at
  FROM telling t
  JOIN item i ON i.id = t.item_id
  JOIN site w ON w.id = i.site_id
  LEFT JOIN stay s ON s.id = t.stay_id
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

-- name: lines
-- Items as a message would speak of them now, each by its latest stay.
SELECT DISTINCT ON (i.id)
       i.id AS item_id, i.secret, i.confirmed, i.classification, i.basis, i.site_type, i.media, i.received_at,
       i.confirmed_at, i.host_id, s.country, greatest(s.last_up_at, q.up_at) AS last_up_at, s.began_at, s.began_by,
       p.asn, p.as_name, p.front, o.name AS hoster_name, o.key_hash AS hoster_hash, e.addresses, e.seen_at
  FROM item i
  LEFT JOIN stay s ON s.item_id = i.id
  LEFT JOIN schedule q ON q.item_id = i.id AND s.ended_at IS NULL AND s.gone_at IS NULL
  LEFT JOIN place p ON p.id = s.place_id
  LEFT JOIN hoster o ON o.id = s.hoster_id
  LEFT JOIN LATERAL (SELECT addresses, seen_at FROM episode
                      WHERE host_id = i.host_id AND hoster_id = s.hoster_id AND country IS NOT DISTINCT FROM s.country
                      ORDER BY from_at DESC LIMIT 1) e ON true
 WHERE i.id = ANY($1::uuid[])
 ORDER BY i.id, s.ended_at IS NOT NULL, s.began_at DESC

-- name: lock_items
-- Items before messages, in the order of their ids, as everywhere; what they hold is not asked for.
SELECT id FROM item WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE

-- name: drop_tellings
-- What cannot be told this way, or need not be told any more.
DELETE FROM telling WHERE id = ANY($1::bigint[])

-- name: tried
-- Whom a first word about an item in this spell was meant for, reached or not: nobody gets a second one.
SELECT DISTINCT recipient_id FROM telling
 WHERE item_id = $1 AND spell = $2 AND kind IN ('first', 'front', 'forward')

-- name: references
-- One representative reference per item: somebody reported it under this name.
SELECT DISTINCT ON (item_id) item_id, pair_hash, reference
  FROM item_report WHERE item_id = ANY($1::uuid[]) AND reference IS NOT NULL ORDER BY item_id, at

-- name: earlier
-- What this recipient was told before about these items: reminders and returns refer to it.
SELECT ni.item_id, n.id, n.message_id, n.accepted_at, n.ticket, n.kind IN ('first', 'front') AS first
  FROM notice_item ni JOIN notice n ON n.id = ni.notice_id
 WHERE ni.item_id = ANY($1::uuid[]) AND n.recipient_id = $2 AND n.state IN ('accepted', 'doubtful', 'bounced')
   AND n.voided_at IS NULL AND n.kind IN ('first', 'front', 'reminder')
 ORDER BY n.accepted_at NULLS LAST, n.id

-- name: write
-- Rendered once, stored, then sent: the row is the outbox.
INSERT INTO notice (id, kind, step, recipient_id, partner, channel, format, language, state, message, message_id,
                    token_hash, token_expires_at, item_count, priority, urgency, created_at, written_at, send_at,
                    attempts, dry_run, detail)
SELECT id, kind, step, recipient_id, partner, channel, format, language, 'waiting', message, message_id, token_hash,
       token_expires_at, item_count, priority, urgency, $1, written_at, send_at, attempts, dry_run, detail
  FROM unnest($2::uuid[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
              $10::bytea[], $11::text[], $12::bytea[], $13::timestamptz[], $14::int[], $15::int[], $16::int[],
              $17::timestamptz[], $18::timestamptz[], $19::int[], $20::bool[], $21::bytea[])
       AS n (id, kind, step, recipient_id, partner, channel, format, language, message, message_id, token_hash,
             token_expires_at, item_count, priority, urgency, written_at, send_at, attempts, dry_run, detail)

-- name: write_items
-- Which items a message speaks of, and the stay each began with.
INSERT INTO notice_item (notice_id, item_id, stay_id, spell, step)
SELECT notice_id, item_id, stay_id, spell, step
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::int[])
       AS n (notice_id, item_id, stay_id, spell, step)

-- name: written
-- From now on this message carries them.
UPDATE telling t
   SET notice_id = n.notice_id, wait_for = NULL, look_by = NULL, first_written_at = coalesce(t.first_written_at, $1)
  FROM unnest($2::bigint[], $3::uuid[]) AS n (id, notice_id)
 WHERE t.id = n.id

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
RETURNING n.id, n.kind, n.channel, n.message, n.message_id, n.partner, n.attempts, n.doubted, n.detail, n.urgency, n.priority,
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

-- name: finish_attempts
-- And finished after it, kept on failure.
UPDATE attempt a SET finished_at = n.at, outcome = n.outcome, by = n.by, reply = n.reply
  FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::bytea[]) AS n (id, at, outcome, by, reply)
 WHERE a.id = n.id

-- name: held_by
-- Only the holder of the lease settles.
SELECT id, kind, recipient_id, partner, written_at, attempts, dry_run, doubted
  FROM notice WHERE id = ANY($1::uuid[]) AND token = $2 ORDER BY id FOR NO KEY UPDATE

-- name: items_of
-- Which items messages speak of.
SELECT ni.notice_id, ni.item_id, ni.stay_id, ni.spell, ni.step, s.spell AS stay_spell, s.hoster_id AS stay_hoster
  FROM notice_item ni LEFT JOIN stay s ON s.id = ni.stay_id WHERE ni.notice_id = ANY($1::uuid[]) ORDER BY ni.item_id

-- name: accept
-- Taken by the other side.
UPDATE notice SET state = 'accepted', accepted_at = $2, accepted_by = $3, send_at = NULL, token = NULL WHERE id = $1

-- name: settle_notices
-- Taken by the other side; failed, because it will not work however often it is tried; or tried again: waiting, or the
-- same bytes in doubt. A message struck or superseded meanwhile is not ours any more and is not among these.
UPDATE notice o
   SET state = n.state, doubted = n.doubted, send_at = n.again_at, token = NULL, accepted_by = n.by,
       accepted_at = CASE WHEN n.state = 'accepted' THEN n.at END,
       ended_at = CASE WHEN n.state = 'failed' THEN n.at END
  FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::bool[], $6::timestamptz[])
       AS n (id, state, at, by, doubted, again_at)
 WHERE o.id = n.id

-- name: refused_items
-- A partner answers per item.
UPDATE notice_item ni SET outcome = 'refused', refused_for = n.reason
  FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS n (notice_id, item_id, reason)
 WHERE ni.notice_id = n.notice_id AND ni.item_id = n.item_id

-- name: accepted_items
-- What was not refused was accepted.
UPDATE notice_item SET outcome = 'accepted' WHERE notice_id = ANY($1::uuid[]) AND outcome IS NULL

-- name: health
-- What recipients are worth: the next message begins with them or with somebody else. Each stands here once, with the
-- latest that is known of it; last of all that a settlement locks, in the order of their ids. 'taken': a relay took a
-- message, which proves nothing of a mailbox whose last one bounced.
WITH news AS (
    SELECT r.id, n.at, n.health = 'good' OR n.health = 'taken' AS told,
           CASE WHEN n.health <> 'taken' THEN n.health WHEN r.health = 'bounced' THEN r.health ELSE 'good' END AS health,
           n.health IN ('failed', 'bounced') AS failed
      FROM unnest($1::bigint[], $2::text[], $3::timestamptz[]) AS n (id, health, at)
      JOIN recipient r ON r.id = n.id
     WHERE n.health IN ('failed', 'bounced') OR r.first_told_at IS NULL
        OR r.health <> 'good' AND (n.health = 'good' OR r.health <> 'bounced')
     ORDER BY r.id FOR NO KEY UPDATE OF r
)
UPDATE recipient r
   SET health = n.health, health_at = CASE WHEN n.failed OR n.health = 'good' THEN n.at ELSE r.health_at END,
       failures = CASE WHEN n.failed THEN r.failures + 1 WHEN n.health = 'good' THEN 0 ELSE r.failures END,
       first_told_at = CASE WHEN n.told THEN coalesce(r.first_told_at, n.at) ELSE r.first_told_at END
  FROM news n
 WHERE r.id = n.id

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

-- name: of_notice
-- What a message spoke of, and of which kind it was: for whoever wants to see it written anew.
SELECT n.kind, ni.item_id
  FROM notice n JOIN notice_item ni ON ni.notice_id = n.id WHERE n.id = $1 ORDER BY ni.item_id

-- name: told_about
-- Who is told about items, or would be: who waits for a message, and who had one.
SELECT DISTINCT r.id, r.channel, r.address, r.address_hash, r.language
  FROM (SELECT recipient_id FROM telling WHERE item_id = ANY($1::uuid[]) AND kind IN ('first', 'front')
        UNION
        SELECT n.recipient_id FROM notice_item ni JOIN notice n ON n.id = ni.notice_id
         WHERE ni.item_id = ANY($1::uuid[]) AND n.kind IN ('first', 'front')) t
  JOIN recipient r ON r.id = t.recipient_id ORDER BY r.id
