-- A claim for a look writes no index: the lease has a time of its own, and `due_at`, by which the claims' index is sorted,
-- stands until the look is settled. A look that changes nothing costs that index one entry, and the daily bread of the
-- database is a row written over in its own page.

ALTER TABLE schedule ADD COLUMN leased_until timestamptz; -- the look is under way, until then at most; null: it is not
-- Until now a lease pushed `due_at` ahead: what was under way is due when that lapses, within a minute.
UPDATE schedule SET token = NULL WHERE token IS NOT NULL;
ALTER TABLE schedule ADD CONSTRAINT schedule_lease_check CHECK ((token IS NULL) = (leased_until IS NULL));
