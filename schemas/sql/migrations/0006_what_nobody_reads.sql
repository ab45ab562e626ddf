-- No statement has ever written or read these: which notice a superseded one was written anew as is told by the telling
-- that both carry, and facts about an installation are the daemons' own rows.
ALTER TABLE notice DROP COLUMN replaces;
DROP TABLE installation;
