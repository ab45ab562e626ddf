-- A claim for a look writes no index: the lease has a time of its own, and `due_at`, by which the index of the claims is
-- sorted, stands until the look is settled. A look that changes nothing costs that index one entry.

ALTER TABLE schedule
    ADD COLUMN leased_until timestamptz, -- a look is under way, until then at most; null: none is
    -- A row is made narrow and grows with its first looks: it finds the room in its own page.
    SET (fillfactor = 60);
-- Until now a lease pushed `due_at` ahead: what was under way is due when that lapses, within a minute.
UPDATE schedule SET token = NULL WHERE token IS NOT NULL;
ALTER TABLE schedule ADD CONSTRAINT schedule_lease_check CHECK ((token IS NULL) = (leased_until IS NULL));
