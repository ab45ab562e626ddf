-- name: get
-- Answers under their keys, each while it is fresh at its moment: those of many looks at once.
SELECT asked.key_hash AS sought, found.key_hash, found.answer
  FROM unnest($1::bytea[], $2::timestamptz[]) AS asked (key_hash, now)
  JOIN registration AS found ON found.key_hash = asked.key_hash AND found.expires_at > asked.now

-- name: block
-- Of each address the smallest block that holds it: networks shared by many hosts are asked once.
SELECT asked.address AS sought, found.key_hash, found.answer
  FROM unnest($1::inet[], $2::timestamptz[]) AS asked (address, now)
 CROSS JOIN LATERAL (
    SELECT key_hash, answer FROM registration
     WHERE block >>= asked.address AND expires_at > asked.now ORDER BY masklen(block) DESC LIMIT 1
) AS found

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
