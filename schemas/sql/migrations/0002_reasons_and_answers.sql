-- Why a place is what it is, where the machine behind a front stands, what a round that changed nothing leaves, the pace at
-- which messages leave, and what comes back by mail.

-- ── Where it lives ──────────────────────────────────────────────────────────────────────────────────────────────

ALTER TABLE place
    ADD COLUMN origins bigint[] NOT NULL DEFAULT '{}', -- every AS that announces the network, ascending; `asn` leads
    ADD COLUMN reach text;                     -- anycast, satellite; null: one place, as far as we know

ALTER TABLE episode
    -- Somebody told us that the machine stands here, behind the host's front; with a front as its place: the front's own
    -- hoster is it, and the name leads there too.
    ADD COLUMN origin boolean NOT NULL DEFAULT false;

-- Where the machine behind a front stands, as a person learnt and confirmed it: of a whole site, or of one host.
CREATE TABLE origin (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id     bigint NOT NULL REFERENCES site,
    host_id     bigint REFERENCES host,        -- null: every host of the site that stands behind a front
    address_hash bytea NOT NULL,
    address     bytea NOT NULL,                -- sealed
    place_id    bigint REFERENCES place,       -- where the last look found it to stand
    learnt_at   timestamptz NOT NULL,
    by          text NOT NULL,                 -- who confirmed it
    source      bytea,                         -- sealed: where it was learnt, in words
    removed_at  timestamptz,
    removed_by  text,
    CHECK ((removed_at IS NULL) = (removed_by IS NULL))
);
CREATE UNIQUE INDEX origin_standing ON origin (site_id, host_id, address_hash) NULLS NOT DISTINCT WHERE removed_at IS NULL;

CREATE INDEX registration_expired ON registration (expires_at);

ALTER TABLE recipient
    ADD COLUMN failures integer NOT NULL DEFAULT 0; -- refusals and bounces since it last took something

-- ── Items and the looks at them ─────────────────────────────────────────────────────────────────────────────────

ALTER TABLE item
    ADD COLUMN hold_on_return boolean NOT NULL DEFAULT false, -- asked for while nothing was to be sent
    -- Of what was "up" the first time: the shape of a picture, or 64 salted bits of a page's words.
    ADD COLUMN first_likeness text,
    ADD COLUMN first_denied boolean NOT NULL DEFAULT false, -- a person has said that this is not the thing
    ADD COLUMN new_victim boolean NOT NULL DEFAULT false, -- possibly a victim nobody knows yet: a reason for the police
    ADD COLUMN target text;                    -- keyed hash of the site it leads to, as assessed: see ntd/targets.py

ALTER TABLE schedule
    -- Rounds that changed nothing write here only; the next change carries them to the item and its stays. Null: none.
    ADD COLUMN checks integer,                 -- rounds in all
    ADD COLUMN checked_at timestamptz,
    ADD COLUMN up_at timestamptz,              -- the last of them that saw it up at every place
    ADD COLUMN evidence bytea,                 -- hash of what the row in last_look shows, its times left out
    ADD CONSTRAINT schedule_check CHECK ((checks IS NULL) = (checked_at IS NULL));

-- Hosts that answered "not now" (Retry-After): no item of theirs is looked at before, by any daemon.
CREATE TABLE quiet (
    host_id     bigint PRIMARY KEY REFERENCES host,
    until       timestamptz NOT NULL
);

-- ── Who is told ─────────────────────────────────────────────────────────────────────────────────────────────────

ALTER TABLE telling
    ADD COLUMN look_by timestamptz,            -- goes from here on, whatever the look-up before sending found
    DROP CONSTRAINT telling_wait_for_check,
    -- Not ready: the first check, a run not yet confirmed, or its host is looked up once more before it goes.
    ADD CONSTRAINT telling_wait_for_check CHECK (wait_for IN ('check', 'run', 'look'));
CREATE INDEX telling_look ON telling (item_id) WHERE wait_for = 'look';

-- The pace of a recipient domain: a bucket, by the moment at which all that was taken out of it is filled in again.
CREATE TABLE lane (
    name_hash   bytea PRIMARY KEY,
    spent_until timestamptz NOT NULL
) WITH (fillfactor = 50);

ALTER TABLE notice
    ADD COLUMN paused boolean NOT NULL DEFAULT false, -- one of its items is held: not offered, not again either
    ADD COLUMN bounced_at timestamptz,         -- when the bounce was taken in: before it the acceptance counts
    ADD COLUMN ticket bytea,                   -- sealed JSON: the number under which the other side keeps it
    ADD CONSTRAINT notice_bounced_check CHECK ((state = 'bounced') = (bounced_at IS NOT NULL));
DROP INDEX notice_send;
CREATE INDEX notice_send ON notice (send_at) WHERE send_at IS NOT NULL AND NOT paused;
CREATE INDEX notice_claim ON notice (urgency, priority, send_at) WHERE send_at IS NOT NULL AND NOT paused;
CREATE INDEX notice_written ON notice (recipient_id, created_at);

-- Written in the same transaction as the notice, and with the stay of a telling, which refers to it.
ALTER TABLE notice_item
    DROP CONSTRAINT notice_item_notice_id_fkey,
    DROP CONSTRAINT notice_item_stay_id_fkey;

-- ── What comes back ─────────────────────────────────────────────────────────────────────────────────────────────

-- A mail that came back and was about something of ours: read once, however often it comes. Of everything else nothing
-- is kept.
CREATE TABLE incoming (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    identity_hash bytea NOT NULL UNIQUE,       -- keyed: of Message-ID, date, sender, subject and body
    at          timestamptz NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('bounce', 'delay', 'delivered', 'auto_reply', 'answer')),
    notice_id   uuid REFERENCES notice,        -- null: of ours by its form, and not known
    acted       boolean NOT NULL,              -- it proved what it is about
    detail      bytea NOT NULL                 -- sealed JSON: sender, subject, bounded text, status, recipient, ticket
);
CREATE INDEX incoming_notice ON incoming (notice_id) WHERE notice_id IS NOT NULL;

-- What a bounce took back from a stay: a report of a moment before it goes on saying what was known then.
CREATE TABLE taken_back (
    stay_id     uuid NOT NULL REFERENCES stay,
    at          timestamptz NOT NULL,          -- when the bounce was taken in
    clock_at    timestamptz,                   -- how the stay stood until then
    noticed_at  timestamptz,
    forwarded_at timestamptz,
    failed_at   timestamptz,
    PRIMARY KEY (stay_id, at)
);
CREATE INDEX taken_back_at ON taken_back (at);

ALTER TABLE answer ADD COLUMN incoming_id bigint REFERENCES incoming; -- the mail that says it

-- ── Daemons ─────────────────────────────────────────────────────────────────────────────────────────────────────

ALTER TABLE daemon ADD COLUMN blind boolean NOT NULL DEFAULT false; -- none of its vantages reaches its canaries
