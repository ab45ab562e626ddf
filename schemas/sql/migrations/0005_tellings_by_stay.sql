-- What waits to be told of a stay is struck when its host leaves, and a stay that never was is forgotten: found by the
-- stay, not by reading every telling there is.
CREATE INDEX telling_stay ON telling (stay_id) WHERE stay_id IS NOT NULL;
