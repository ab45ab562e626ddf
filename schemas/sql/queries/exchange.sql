-- name: page
-- What waits is always served, whatever the cursor: ids are made before they are committed, so one may come late.
SELECT id, state
FROM notice
WHERE partner = $1 AND kind IN ('forward', 'withdrawal') AND channel = 'exchange' AND message IS NOT NULL AND voided_at IS NULL
  AND (state = 'waiting' OR (state = 'accepted' AND ($2::uuid IS NULL OR id > $2)))
ORDER BY id
LIMIT $3;

-- name: served
-- Of these, those that stand as accepted now: one may have been struck meanwhile, and is not to be shown.
SELECT id, kind, message
FROM notice
WHERE id = ANY($1::uuid[]) AND state = 'accepted' AND message IS NOT NULL
ORDER BY id;

-- name: asked
-- The notice behind an answer link, while the link is good.
SELECT id, kind, written_at, language, detail
FROM notice
WHERE token_hash = $1 AND token_expires_at > $2;

-- name: asked_items
-- Its items, and what was last said of each through the link.
SELECT notice_item.item_id, said.action, said.at
FROM notice_item
LEFT JOIN LATERAL (
    SELECT action, at FROM answer
    WHERE answer.notice_id = notice_item.notice_id AND answer.item_id = notice_item.item_id AND answer.by = 'link'
    ORDER BY answer.id DESC
    LIMIT 1) AS said ON true
WHERE notice_item.notice_id = $1
ORDER BY notice_item.item_id;
