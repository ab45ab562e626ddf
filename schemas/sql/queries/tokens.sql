-- name: add
-- Only the hash of the secret is kept.
INSERT INTO token (id, name, role, partner, hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: all
-- Revoked ones too: the record of events names them.
SELECT id, name, role, partner, created_at, revoked_at FROM token ORDER BY created_at, id

-- name: revoke
-- By id, or all that carry a name; one that is revoked already keeps its time.
UPDATE token SET revoked_at = $3
 WHERE (id = $1 OR name = $2) AND revoked_at IS NULL
RETURNING id
