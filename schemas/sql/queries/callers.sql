-- name: find
-- A token is known by the hash of its secret, until it is revoked.
SELECT id, name, role, partner FROM token WHERE hash = $1 AND revoked_at IS NULL;
