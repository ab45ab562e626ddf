-- name: clock
-- What the database's own clock says: only to compare, never to decide.
SELECT clock_timestamp()

-- name: beat
-- A daemon says that it lives, and where.
INSERT INTO daemon (id, roles, started_at, seen_at, machine, pid) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at

-- name: leave
-- A daemon that ends says so; those that were killed are forgotten after a day.
DELETE FROM daemon WHERE id = $1 OR seen_at < $2::timestamptz - interval '1 day'

-- name: lookers
-- Daemons that look, in the one order in which they share what a host can bear.
SELECT id FROM daemon WHERE 'check' = ANY(roles) AND seen_at > $1 ORDER BY id

-- name: see
-- A daemon says whether it can see anything.
UPDATE daemon SET blind = $2 WHERE id = $1

-- name: all_blind
-- Can none of those that look see anything? Null: nobody looks.
SELECT bool_and(blind) FROM daemon WHERE 'check' = ANY(roles) AND seen_at > $1

-- name: neighbours
-- Daemons that said to run on the same machine: whoever is there can see whether they still do.
SELECT id, pid FROM daemon WHERE machine = $1 AND id <> $2

-- name: forget
-- Killed, and everything it held was taken back.
DELETE FROM daemon WHERE id = ANY($1::uuid[])

-- name: take_back_looks
-- What killed daemons held is due at once instead of when their leases lapse. A lease ends soon after now: the range of
-- its index finds it without a walk over the table.
UPDATE host SET look_due_at = $2, look_token = NULL
 WHERE look_due_at <= $2::timestamptz + $3::interval AND look_token = ANY($1::uuid[])

-- name: take_back_places
-- The same for hosts whose items are to follow.
UPDATE host SET place_due_at = $2, place_token = NULL
 WHERE place_due_at <= $2::timestamptz + $3::interval AND place_token = ANY($1::uuid[])

-- name: take_back_sends
-- The same for messages: the claim that follows sees by the attempt whether it is in doubt. A killed daemon's try says
-- nothing about the other side, and lengthens no pause.
UPDATE notice SET send_at = $2, token = NULL, attempts = greatest(attempts - 1, 0)
 WHERE send_at <= $2::timestamptz + $3::interval AND token = ANY($1::uuid[])

-- name: take_back_checks
-- The same for looks at items, which were due already.
UPDATE schedule SET token = NULL, leased_until = NULL
 WHERE due_at <= $2::timestamptz + $3::interval AND token = ANY($1::uuid[])

-- name: take_back_follow_ups
-- The same for stays.
UPDATE stay SET follow_up_at = $2, follow_token = NULL
 WHERE follow_up_at <= $2::timestamptz + $3::interval AND follow_token = ANY($1::uuid[])
