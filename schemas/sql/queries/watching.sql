-- name: watch
-- Followed from now on even with no open item; watched again, it keeps its beginning, and takes a label where one is given.
INSERT INTO site (name_hash, name, created_at, watched_since, label) VALUES ($1, $2, $3, $3, $4)
    ON CONFLICT (name_hash) DO UPDATE
   SET watched_since = coalesce(site.watched_since, excluded.watched_since),
       label = coalesce(excluded.label, site.label)
RETURNING id

-- name: add_host
-- A site is followed by the hosts that are known of it; where none is, by its own name.
INSERT INTO host (site_id, name_hash, name, created_at)
SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT FROM host WHERE site_id = $1)
    ON CONFLICT (name_hash) DO NOTHING

-- name: wake
-- Its hosts are looked up as often as followed sites are, at once where that was never done or long ago.
UPDATE host SET look_due_at = least(look_due_at, coalesce(looked_at + $3::interval, $2::timestamptz))
 WHERE look_token IS NULL AND id IN (SELECT id FROM host WHERE site_id = $1 ORDER BY id FOR NO KEY UPDATE)

-- name: unwatch
-- What it has shown so far stays.
UPDATE site SET watched_since = NULL WHERE name_hash = $1 AND watched_since IS NOT NULL RETURNING id
