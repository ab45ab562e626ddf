-- name: load
-- All of them: a few per month and year of operation, and any row may need any.
SELECT id, class, month, master_id, wrapped
FROM data_key
ORDER BY id;

-- name: add
-- Two daemons may want the same key at once: the first row stands and both read it afterwards.
INSERT INTO data_key (class, month, master_id, wrapped)
VALUES ($1, $2, $3, $4)
ON CONFLICT (class, month) DO NOTHING;
