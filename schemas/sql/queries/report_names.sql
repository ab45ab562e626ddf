-- name: hosters
-- The sealed names of the hosters that a report shows, with what binds each to its row.
SELECT id, key_hash, name, asn
FROM hoster
WHERE id = ANY ($1::bigint[]);

-- name: sites
-- The sealed names of the sites that a report shows, with what binds each to its row.
SELECT id, name_hash, name
FROM site
WHERE id = ANY ($1::bigint[]);

-- name: room
-- A report sorts every stay of its period: in memory, planned for what was asked, and not compiled to run once.
SELECT set_config('work_mem', '64MB', true),
       set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('jit', 'off', true);
