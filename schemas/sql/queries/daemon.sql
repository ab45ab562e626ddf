-- name: clock
-- What the database's own clock says: only to compare, never to decide.
SELECT clock_timestamp()

-- name: beat
-- A daemon says that it lives.
INSERT INTO daemon (id, roles, started_at, seen_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at

-- name: leave
-- A daemon that ends says so; those that were killed are forgotten after a day.
DELETE FROM daemon WHERE id = $1 OR seen_at < $2::timestamptz - interval '1 day'
