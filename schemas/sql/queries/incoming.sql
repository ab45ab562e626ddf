-- name: notices
-- The notices that a message may be about, of all that it names.
SELECT n.id, n.kind, n.recipient_id, n.partner, r.address, r.address_hash, n.message_id,
       array_agg(ni.item_id ORDER BY ni.item_id) AS items
  FROM notice n JOIN recipient r ON r.id = n.recipient_id JOIN notice_item ni ON ni.notice_id = n.id
 WHERE n.id = ANY($1::uuid[])
 GROUP BY n.id, r.id

-- name: latest
-- The latest notice about each item that a message names; only one that left us can be meant.
SELECT DISTINCT ON (ni.item_id) ni.item_id, n.id
  FROM notice_item ni JOIN notice n ON n.id = ni.notice_id
 WHERE ni.item_id = ANY($1::uuid[]) AND n.state IN ('sending', 'accepted', 'doubtful', 'bounced')
 ORDER BY ni.item_id, n.created_at DESC

-- name: by_url
-- Items whose URL somebody has written.
SELECT id FROM item WHERE url_hash = ANY($1::bytea[])

-- name: told
-- Of these mailboxes, those that we have written to.
SELECT r.address_hash FROM recipient r
 WHERE r.address_hash = ANY($1::bytea[]) AND EXISTS (SELECT FROM notice n WHERE n.recipient_id = r.id)

-- name: take
-- The same message taken twice does nothing twice.
INSERT INTO incoming (identity_hash, at, kind, notice_id, acted, detail) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (identity_hash) DO NOTHING
RETURNING id

-- name: hold_notice
-- The notice as it is, under lock: after its recipient and its items, like every settlement.
SELECT id, kind, recipient_id, partner, state, accepted_at, dry_run
  FROM notice WHERE id = $1 FOR NO KEY UPDATE

-- name: bounce
-- It had been taken, and did not arrive.
UPDATE notice SET state = 'bounced', bounced_at = $2, send_at = NULL, token = NULL WHERE id = $1

-- name: deliver
-- Proved by a receipt, a ticket or an answer.
UPDATE notice SET delivered_at = $2 WHERE id = $1 AND delivered_at IS NULL

-- name: ticket
-- The newest number is the one they use.
UPDATE notice SET ticket = $2 WHERE id = $1

-- name: standing
-- Other messages about these items that were accepted and still count, each with the stay it began with.
SELECT ni.item_id, ni.stay_id, s.spell AS stay_spell, n.kind, n.recipient_id, n.partner, n.accepted_at
  FROM notice_item ni
  JOIN notice n ON n.id = ni.notice_id
  LEFT JOIN stay s ON s.id = ni.stay_id
 WHERE ni.item_id = ANY($1::uuid[]) AND n.id <> $2 AND n.state = 'accepted' AND n.voided_at IS NULL
   AND ni.outcome IS DISTINCT FROM 'refused'

-- name: ended_stays
-- Stays that are over and that a message began with, or whose spell it spoke of: their clocks may be taken back too.
SELECT s.id, s.item_id, s.hoster_id, s.country, s.place_id, s.recipient_id, s.contacts, s.partner, s.spell, s.began_at,
       s.began_by, s.began_known_at, s.located_at, s.ended_at, s.ended_by, s.ended_known_at, s.first_attempt_at,
       s.clock_at, s.noticed_at, s.forwarded_at, s.failed_at, s.last_up_at, s.first_down_at, s.run_at, s.run_rounds,
       s.gone_at, s.gone_known_at, s.gone_by, s.returned_at, s.told_at, s.told_by_us, s.reminders, s.answered_at,
       s.partner_reminded, s.told_directly, s.steps_done, s.follow_up_at, s.asked_at
  FROM notice_item ni
  LEFT JOIN stay b ON b.id = ni.stay_id
  JOIN stay s ON s.item_id = ni.item_id AND (s.id = ni.stay_id OR s.spell = b.spell)
 WHERE ni.notice_id = $1 AND s.ended_at IS NOT NULL AND s.ended_by <> 'refused'
 ORDER BY s.item_id, s.id

-- name: take_back
-- How stays stood until now.
INSERT INTO taken_back (stay_id, at, clock_at, noticed_at, forwarded_at, failed_at)
SELECT stay_id, $1, clock_at, noticed_at, forwarded_at, failed_at
  FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
       AS n (stay_id, clock_at, noticed_at, forwarded_at, failed_at)
    ON CONFLICT (stay_id, at) DO NOTHING

-- name: answer
-- What somebody wrote, about each item that is meant.
INSERT INTO answer (notice_id, item_id, at, by, action, answer_hash, incoming_id)
SELECT $1, item_id, $2, 'mail', $3, $4, $5 FROM unnest($6::uuid[]) AS n (item_id)
    ON CONFLICT (notice_id, item_id, answer_hash) DO NOTHING
