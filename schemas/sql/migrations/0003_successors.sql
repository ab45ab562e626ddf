-- An item that is up for the first time may be one that is gone under another name: found by what it looked like.
CREATE INDEX item_gone_body ON item (first_sha256) WHERE state IN ('gone', 'closed') AND first_sha256 IS NOT NULL;
