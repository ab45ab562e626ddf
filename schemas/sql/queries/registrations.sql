-- name: get
-- An answer under its key, while it is fresh.
SELECT key_hash, answer FROM registration WHERE key_hash = $1 AND expires_at > $2

-- name: block
-- The smallest block that holds the address: networks shared by many hosts are asked once.
SELECT key_hash, answer FROM registration
 WHERE block >>= $1::inet AND expires_at > $2 ORDER BY masklen(block) DESC LIMIT 1

-- name: put
-- A newer answer takes the place of the older.
INSERT INTO registration (key_hash, block, answer, fetched_at, expires_at) VALUES ($1, $2::cidr, $3, $4, $5)
    ON CONFLICT (key_hash) DO UPDATE
   SET block = excluded.block, answer = excluded.answer, fetched_at = excluded.fetched_at,
       expires_at = excluded.expires_at

-- name: forget
-- What nobody would be given any more takes no room; a little at a time, so that nobody waits for it.
DELETE FROM registration WHERE key_hash IN (
    SELECT key_hash FROM registration WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
