-- name: by_hash
-- An item by its URL's keyed hash.
SELECT id FROM item WHERE url_hash = $1

-- name: legal_hold
-- What is to be kept beyond retention, until a day; the last word counts.
UPDATE item SET legal_hold_until = $2 WHERE id = ANY($1::uuid[])

-- name: link
-- The notice behind an answer link, with its items; expired links answer nobody.
SELECT n.id, n.kind, n.language, n.created_at, n.detail, n.recipient_id
  FROM notice n WHERE n.token_hash = $1 AND n.token_expires_at > $2

-- name: link_items
-- Which items a notice spoke of.
SELECT ni.item_id, i.state FROM notice_item ni JOIN item i ON i.id = ni.item_id
 WHERE ni.notice_id = $1 ORDER BY ni.item_id

-- name: add_answers
-- The same answer again is one answer.
INSERT INTO answer (notice_id, item_id, at, by, action, reason, answer_hash, note)
SELECT notice_id, item_id, $1, $2, action, reason, answer_hash, note
  FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bytea[], $8::bytea[])
       AS n (notice_id, item_id, action, reason, answer_hash, note)
    ON CONFLICT (notice_id, item_id, answer_hash) DO NOTHING
RETURNING item_id

-- name: answered_lately
-- How often answers about an item have had it checked in the last hour.
SELECT item_id, count(*) AS n FROM answer
 WHERE item_id = ANY($1::uuid[]) AND at > $2::timestamptz - interval '1 hour' GROUP BY item_id

-- name: forwarded_to
-- The latest forward of each item to this partner.
SELECT DISTINCT ON (ni.item_id) ni.item_id, n.id AS notice_id
  FROM notice_item ni JOIN notice n ON n.id = ni.notice_id
 WHERE ni.item_id = ANY($1::uuid[]) AND n.partner = $2 AND n.kind = 'forward'
   AND n.state IN ('accepted', 'sending', 'doubtful', 'waiting')
 ORDER BY ni.item_id, n.created_at DESC

-- name: serve
-- Forwards that a partner fetches: served is accepted.
SELECT id, kind, recipient_id, partner, written_at, attempts, dry_run, doubted
  FROM notice WHERE id = ANY($1::uuid[]) AND partner = $2 AND channel = 'exchange' AND state = 'waiting'
 ORDER BY id FOR NO KEY UPDATE

-- name: notices_items
-- The items of several forwards, in the order in which items are locked.
SELECT ni.notice_id, ni.item_id, ni.step, s.spell AS stay_spell, s.hoster_id AS stay_hoster
  FROM notice_item ni LEFT JOIN stay s ON s.id = ni.stay_id WHERE ni.notice_id = ANY($1::uuid[]) ORDER BY ni.item_id

-- name: serve_attempt
-- A fetch is an attempt like any other.
INSERT INTO attempt (notice_id, started_at, offered_at, finished_at, outcome, by)
SELECT unnest($1::uuid[]), $2, $2, $2, 'accepted', 'recipient'

-- name: form
-- A form that waits to be filled in.
SELECT id, kind, recipient_id, partner, written_at, attempts, dry_run, doubted, state, channel, message
  FROM notice WHERE id = $1 FOR NO KEY UPDATE

-- name: filled
-- Filling it in was the attempt.
INSERT INTO attempt (notice_id, started_at, offered_at, finished_at, outcome, by, reply)
VALUES ($1, $2, $2, $2, 'accepted', 'form', $3)
