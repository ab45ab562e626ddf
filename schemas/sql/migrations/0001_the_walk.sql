-- The rows of the walk. Every name, URL, address and outside text is ciphertext (bytea sealed by ntd/vault.py),
-- found again by a keyed hash (bytea, 16 bytes). Ids that leave us are UUIDv7 made by us; bigint identities stay inside.
-- Times are timestamptz; `now` always comes in as a parameter.

-- Data keys, one per class of text and month, wrapped by the master key in the key file.
CREATE TABLE data_key (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    class       text NOT NULL,
    month       date NOT NULL,
    master_id   text NOT NULL,
    wrapped     bytea NOT NULL,
    UNIQUE (class, month)
);

-- Small facts about this installation that outlive a daemon (was the last start a dry run, when was it sealed …).
CREATE TABLE installation (
    key         text PRIMARY KEY,
    value       jsonb NOT NULL,
    at          timestamptz NOT NULL
);

-- ── Where it lives ──────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE site (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name_hash   bytea NOT NULL UNIQUE,
    name        bytea NOT NULL,
    watched_since timestamptz,                 -- followed even with no open item
    label       text,                          -- the policy staff's own word for it
    created_at  timestamptz NOT NULL
);

CREATE TABLE host (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id     bigint NOT NULL REFERENCES site,
    name_hash   bytea NOT NULL UNIQUE,
    name        bytea NOT NULL,
    created_at  timestamptz NOT NULL,
    look_due_at timestamptz,                   -- next look-up; null: nobody needs it
    look_token  uuid,                          -- lease: only its holder settles
    looks       integer NOT NULL DEFAULT 0,
    failures    integer NOT NULL DEFAULT 0,    -- consecutive looks that located nothing
    looked_at   timestamptz,                   -- last look, whatever it found
    located_at  timestamptz,                   -- last look that located something
    version     integer NOT NULL DEFAULT 0,    -- rises when the standing of hosters changes; items follow in batches
    place_due_at timestamptz,                  -- items of this host wait to be placed
    place_token uuid,
    facts       bytea                          -- sealed JSON of the last resolution with every fact and its source
)  WITH (fillfactor = 80);
CREATE INDEX host_look_due  ON host (look_due_at)  WHERE look_due_at IS NOT NULL;
CREATE INDEX host_place_due ON host (place_due_at) WHERE place_due_at IS NOT NULL;
CREATE INDEX host_site ON host (site_id);

-- Identity: the AS where one is known, else the network's organisation, else the network. Never renamed into another.
CREATE TABLE hoster (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_hash    bytea NOT NULL UNIQUE,
    name        bytea NOT NULL,                -- sealed: the organisation, else "AS64501", else the network
    asn         bigint,
    created_at  timestamptz NOT NULL
);

-- One combination of network, AS, country, organisation and front.
CREATE TABLE place (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_hash    bytea NOT NULL UNIQUE,
    hoster_id   bigint NOT NULL REFERENCES hoster,
    prefix      cidr,
    asn         bigint,
    as_name     text,
    country     text CHECK (country ~ '^[A-Z]{2}$'),
    country_sources jsonb NOT NULL DEFAULT '{}',
    country_disputed boolean NOT NULL DEFAULT false,
    category    text,
    front       text,                          -- name of the front, null when the machine itself
    created_at  timestamptz NOT NULL
);

-- A host at a place with some addresses, from–until: extended while nothing changes.
CREATE TABLE episode (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host_id     bigint NOT NULL REFERENCES host,
    hoster_id   bigint NOT NULL REFERENCES hoster,
    country     text,
    place_id    bigint NOT NULL REFERENCES place,  -- of its lowest address; another address of the same hoster and country is no move
    addresses   bytea NOT NULL,                -- sealed JSON list of addresses, IPv4 first, ascending
    contacts    bigint[] NOT NULL DEFAULT '{}',-- recipients in order of choice, see below
    from_at     timestamptz NOT NULL,          -- first look that showed it
    seen_at     timestamptz NOT NULL,          -- last look that showed it
    joined_at   timestamptz,                   -- confirmed: items have a stay there
    absent_since timestamptz,                  -- first look that located something and did not show it
    absent_with bigint[] NOT NULL DEFAULT '{}',-- hosters that look showed instead
    until_at    timestamptz                    -- left, confirmed
);
CREATE UNIQUE INDEX episode_standing ON episode (host_id, hoster_id, country) NULLS NOT DISTINCT WHERE until_at IS NULL;
CREATE INDEX episode_host ON episode (host_id, from_at);

-- One registration answer per network block, domain or AS.
CREATE TABLE registration (
    key_hash    bytea PRIMARY KEY,
    block       cidr,                          -- for networks: found by containment
    answer      bytea NOT NULL,                -- sealed JSON
    fetched_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX registration_block ON registration USING gist (block inet_ops) WHERE block IS NOT NULL;

-- Somebody who can be told: a mailbox, an endpoint, a partner.
CREATE TABLE recipient (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address_hash bytea NOT NULL UNIQUE,        -- of channel and address
    channel     text NOT NULL CHECK (channel IN ('mail', 'api', 'form', 'partner')),
    address     bytea NOT NULL,                -- sealed: mailbox, base URL or partner code
    partner     text,                          -- code, when a partner
    format      text NOT NULL DEFAULT 'digest' CHECK (format IN ('digest', 'xarf')),
    language    text,
    grouping    text NOT NULL DEFAULT 'recipient' CHECK (grouping IN ('recipient', 'ip', 'site')),
    health      text NOT NULL DEFAULT 'unknown' CHECK (health IN ('unknown', 'good', 'failed', 'bounced')),
    health_at   timestamptz,
    first_told_at timestamptz,
    created_at  timestamptz NOT NULL
);
-- ── Items and their stays ───────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE item (
    id          uuid PRIMARY KEY,
    url_hash    bytea NOT NULL UNIQUE,
    secret      bytea NOT NULL,                -- sealed JSON: url and every text that came with it
    host_id     bigint NOT NULL REFERENCES host,
    site_id     bigint NOT NULL,               -- of the host: what it refers to, the host refers to
    state       text NOT NULL CHECK (state IN ('received', 'held', 'untraceable', 'routed', 'noticed', 'forwarded',
                                               'gone', 'closed', 'refused', 'withdrawn')),
    attention   text[] NOT NULL DEFAULT '{}',
    priority    smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
    source      text,
    confirmed   boolean NOT NULL,
    classification text,
    basis       text NOT NULL,
    site_type   text,
    media       text,
    copied_from text,
    kind        text NOT NULL DEFAULT 'web',   -- web | onion …: known kinds of host
    received_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    resolved_at timestamptz,                   -- first located
    looked_at   timestamptz,                   -- first looked up, located or not
    first_country text,                        -- of the first look-up that located it, for the annual figures
    first_attempt_at timestamptz,
    first_accepted_at timestamptz,
    last_up_at  timestamptz,
    first_down_at timestamptz,
    gone_at     timestamptz,
    gone_known_at timestamptz,
    gone_by     text CHECK (gone_by IN ('content', 'account', 'name')),
    closed_at   timestamptz,
    ended_at    timestamptz,                   -- closed, refused or withdrawn
    hold_until  timestamptz,
    legal_hold_until timestamptz,
    spell       integer NOT NULL DEFAULT 1,    -- a return or a new routing begins a new one
    placed_version integer NOT NULL DEFAULT 0, -- host.version this item has followed
    checks      integer NOT NULL DEFAULT 0,
    checked_at  timestamptz,
    last_verdict text,
    last_reason text,
    last_round_id bigint,
    first_sha256 bytea,                        -- what "up" looked like the first time: hash, type and length, nothing else
    first_type  text,
    first_length bigint,
    CHECK ((state IN ('gone', 'closed')) <= (gone_at IS NOT NULL)),
    CHECK ((state = 'closed') <= (closed_at IS NOT NULL))
) WITH (fillfactor = 80);
-- Items that have not followed their host's standing yet: a range per host.
CREATE INDEX item_host ON item (host_id, placed_version);
CREATE INDEX item_site ON item (site_id);
CREATE INDEX item_state ON item (state, received_at, id);
CREATE INDEX item_hold ON item (hold_until) WHERE state = 'held' AND hold_until IS NOT NULL;

-- The check schedule, narrow: it is what changes most.
CREATE TABLE schedule (
    item_id     uuid PRIMARY KEY REFERENCES item,
    due_at      timestamptz NOT NULL,
    token       uuid,
    watch       smallint NOT NULL DEFAULT 0    -- how many looks of watch_after_gone are done
) WITH (
    fillfactor = 70,
    -- Every claim begins at the end of the index where the dead lie: they are cleared away early.
    autovacuum_vacuum_scale_factor = 0.05
);
CREATE INDEX schedule_due ON schedule (due_at);

CREATE TABLE item_report (
    item_id     uuid NOT NULL,                 -- written in the same statement as the item
    pair_hash   bytea NOT NULL,                -- of report and reference
    report      bytea,
    reference   bytea,
    source      text,
    at          timestamptz NOT NULL,
    PRIMARY KEY (item_id, pair_hash)
);

-- One item at one hoster in one country, from–until, with its clock: the unit of every removal figure.
CREATE TABLE stay (
    id          uuid PRIMARY KEY,
    item_id     uuid NOT NULL,                 -- its first one is written in the same statement as the item
    hoster_id   bigint REFERENCES hoster,      -- null: not yet located
    country     text,
    place_id    bigint REFERENCES place,       -- as first resolved in the stay
    recipient_id bigint REFERENCES recipient,  -- the hoster's side contact chosen for it
    contacts    bigint[] NOT NULL DEFAULT '{}',-- recipients still to try after it, in order
    partner     text,                          -- code of the partner it is forwarded to
    spell       integer NOT NULL DEFAULT 1,
    began_at    timestamptz NOT NULL,
    began_by    text NOT NULL DEFAULT 'receipt' CHECK (began_by IN ('receipt', 'joined', 'move', 'return', 'reopen')),
    began_known_at timestamptz,                -- when we knew: a move is known at its confirmation; null: at once
    located_at  timestamptz,                   -- when its hoster was first found
    ended_at    timestamptz,                   -- the stay is over: moved, returned elsewhere, refused, withdrawn
    ended_by    text CHECK (ended_by IN ('relocated', 'returned', 'refused', 'withdrawn', 'reopened')),
    ended_known_at timestamptz,
    -- clock (definitions.md)
    first_attempt_at timestamptz,              -- first try to tell the hoster's side
    clock_at    timestamptz,                   -- start: earliest accepted first notice, or receipt for copied_from
    noticed_at  timestamptz,                   -- earliest acceptance by the hoster's side of first or front
    forwarded_at timestamptz,                  -- earliest acceptance by the partner
    failed_at   timestamptz,                   -- the last contact failed or bounced, none is left
    last_up_at  timestamptz,
    first_down_at timestamptz,                 -- first gone-answer ever seen in the stay
    run_at      timestamptz,                   -- first gone-answer of the standing run
    run_rounds  integer NOT NULL DEFAULT 0,
    gone_at     timestamptz,
    gone_known_at timestamptz,
    gone_by     text CHECK (gone_by IN ('content', 'account', 'name')),
    returned_at timestamptz,                   -- seen again after this stay was gone
    -- follow-up: reminders and the ladder
    told_at     timestamptz,                   -- last message to the hoster's side or a step that was accepted
    told_by_us  boolean NOT NULL DEFAULT false,-- false for copied_from until we tell the hoster ourselves
    reminders   integer NOT NULL DEFAULT 0,
    answered_at timestamptz,                   -- the partner's first sign of life
    partner_reminded boolean NOT NULL DEFAULT false,
    told_directly boolean NOT NULL DEFAULT false, -- the foreign hoster, after the partner's patience
    steps_done  integer NOT NULL DEFAULT 0,    -- steps of the ladder taken or skipped
    asked_at    timestamptz,                   -- a reminder or step is on its way since: the next waits for what becomes of it
    follow_up_at timestamptz,
    follow_token uuid,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CHECK ((gone_at IS NULL) = (gone_known_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX stay_item ON stay (item_id);
CREATE UNIQUE INDEX stay_open ON stay (item_id, hoster_id, country) NULLS NOT DISTINCT WHERE ended_at IS NULL AND gone_at IS NULL;
CREATE INDEX stay_follow_up ON stay (follow_up_at) WHERE follow_up_at IS NOT NULL;
CREATE INDEX stay_began ON stay (began_at);

CREATE TABLE held_spell (
    item_id     uuid NOT NULL REFERENCES item,
    from_at     timestamptz NOT NULL,
    until_at    timestamptz,
    by          text NOT NULL,
    PRIMARY KEY (item_id, from_at)
);

-- ── Who is told ─────────────────────────────────────────────────────────────────────────────────────────────────

-- Somebody is to be told something about an item, and why. The unique key is the promise:
-- nothing is sent twice for the same reason.
CREATE TABLE telling (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient_id bigint NOT NULL REFERENCES recipient,
    item_id     uuid NOT NULL REFERENCES item,
    stay_id     uuid REFERENCES stay,          -- the stay it began with; one message may serve several stays
    kind        text NOT NULL CHECK (kind IN ('first', 'reminder', 'site', 'upstream', 'registrar', 'regulator',
                                              'front', 'withdrawal', 'police', 'forward')),
    step        integer NOT NULL DEFAULT 0,
    spell       integer NOT NULL,
    priority    smallint NOT NULL,
    written_at  timestamptz NOT NULL,
    wait_for    text CHECK (wait_for IN ('check', 'run')),  -- not ready: the first check, or a run not yet confirmed
    gather_at   timestamptz,                   -- due for gathering
    not_before  timestamptz,                   -- goes along with others no earlier than this
    notice_id   uuid,                          -- the notice that carries it now
    first_written_at timestamptz,              -- of the first notice that carried it: giving up is counted from here
    tries       integer NOT NULL DEFAULT 0,    -- attempts of superseded notices
    UNIQUE (recipient_id, item_id, spell, kind, step)
);
CREATE INDEX telling_gather ON telling (gather_at) WHERE notice_id IS NULL AND gather_at IS NOT NULL;
CREATE INDEX telling_ready ON telling (recipient_id, kind) WHERE notice_id IS NULL;
CREATE INDEX telling_item ON telling (item_id);

-- One rendered message (notice or forward), its identity, its recipient, its way out.
CREATE TABLE notice (
    id          uuid PRIMARY KEY,
    kind        text NOT NULL,
    step        integer NOT NULL DEFAULT 0,
    recipient_id bigint NOT NULL REFERENCES recipient,
    partner     text,                          -- forwards: the partner's code
    channel     text NOT NULL CHECK (channel IN ('mail', 'api', 'form', 'folder', 'exchange')),
    format      text NOT NULL,
    language    text NOT NULL,
    state       text NOT NULL CHECK (state IN ('waiting', 'sending', 'accepted', 'failed', 'bounced', 'doubtful',
                                               'superseded', 'struck')),
    message     bytea,                         -- sealed: the exact bytes handed over
    message_id  text NOT NULL,
    token_hash  bytea UNIQUE,                  -- of the answer link
    token_expires_at timestamptz,
    item_count  integer NOT NULL,
    priority    smallint NOT NULL,
    urgency     smallint NOT NULL DEFAULT 1,   -- 0: a first notice or forward; 1: everything else
    created_at  timestamptz NOT NULL,
    written_at  timestamptz NOT NULL,          -- of the first writing, kept over supersession
    send_at     timestamptz,
    token       uuid,
    attempts    integer NOT NULL DEFAULT 0,
    doubted     boolean NOT NULL DEFAULT false,
    accepted_at timestamptz,
    accepted_by text CHECK (accepted_by IN ('relay', 'recipient', 'api', 'form')),
    delivered_at timestamptz,
    dry_run     boolean NOT NULL DEFAULT false,
    voided_at   timestamptz,                   -- a dry-run acceptance after dry run was switched off
    ended_at    timestamptz,                   -- failed, superseded, struck
    replaces    uuid,                          -- the superseded notice it was written anew for
    detail      bytea,                         -- sealed JSON: due time, hoster named, references
    CHECK ((state = 'accepted') <= (accepted_at IS NOT NULL)),
    CHECK ((send_at IS NOT NULL) <= (state IN ('waiting', 'sending', 'doubtful')))
);
CREATE INDEX notice_send ON notice (send_at) WHERE send_at IS NOT NULL;
CREATE INDEX notice_recipient ON notice (recipient_id, kind, accepted_at);
CREATE INDEX notice_partner ON notice (partner, created_at) WHERE partner IS NOT NULL;
-- Asked for at every turn that follows up, and nearly always empty.
CREATE INDEX notice_dry_run ON notice (id) WHERE dry_run AND state = 'accepted' AND voided_at IS NULL;

CREATE TABLE notice_item (
    notice_id   uuid NOT NULL REFERENCES notice,
    item_id     uuid NOT NULL REFERENCES item,
    stay_id     uuid REFERENCES stay,
    spell       integer NOT NULL,
    step        integer NOT NULL DEFAULT 0,
    outcome     text CHECK (outcome IN ('accepted', 'refused')),  -- forwards answer per item
    refused_for bytea,
    PRIMARY KEY (notice_id, item_id)
);
CREATE INDEX notice_item_item ON notice_item (item_id);

-- One try to hand a message over: committed before the first byte leaves, finished after.
CREATE TABLE attempt (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id   uuid NOT NULL REFERENCES notice,
    started_at  timestamptz NOT NULL,
    offered_at  timestamptz,                   -- the message itself was about to be handed over: from here on it may have been taken
    finished_at timestamptz,
    outcome     text CHECK (outcome IN ('accepted', 'temporary', 'permanent', 'doubtful')),
    by          text,
    reply       bytea
);
CREATE INDEX attempt_notice ON attempt (notice_id);

-- What came back: answer link, partner's answer.
CREATE TABLE answer (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice_id   uuid NOT NULL REFERENCES notice,
    item_id     uuid REFERENCES item,
    at          timestamptz NOT NULL,
    by          text NOT NULL,                 -- 'link' or 'partner:CODE'
    action      text NOT NULL,                 -- removed|passed_on|… or an exchange action
    reason      text,
    answer_hash bytea,                         -- the same answer again is one answer
    note        bytea,
    UNIQUE (notice_id, item_id, answer_hash)
);
CREATE INDEX answer_item ON answer (item_id);

-- ── Is it still there ───────────────────────────────────────────────────────────────────────────────────────────

-- A check round, kept when it changed something.
CREATE TABLE round (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id     uuid NOT NULL REFERENCES item,
    at          timestamptz NOT NULL,
    verdict     text NOT NULL,
    reason      text NOT NULL,
    observations bytea NOT NULL                -- sealed JSON
);
CREATE INDEX round_item ON round (item_id, at);

-- What the newest look saw, whether it changed anything or not: one row per item, written over.
CREATE TABLE last_look (
    item_id     uuid PRIMARY KEY REFERENCES item,
    at          timestamptz NOT NULL,
    observations bytea NOT NULL                -- sealed JSON
) WITH (fillfactor = 50);

-- ── It moves ────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE relocation (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id     bigint NOT NULL REFERENCES site,
    host_id     bigint REFERENCES host,        -- a move of one host; null: the move of the whole site
    kind        text NOT NULL CHECK (kind IN ('fronted', 'unfronted', 'returned', 'country', 'hoster', 'successor')),
    seen_old_until timestamptz NOT NULL,
    seen_new_from timestamptz NOT NULL,
    known_at    timestamptz NOT NULL,          -- when it was confirmed
    from_place_id bigint NOT NULL REFERENCES place,
    to_place_id bigint NOT NULL REFERENCES place,
    items       integer NOT NULL DEFAULT 0     -- items of the site whose stay ended by it
);
CREATE INDEX relocation_site ON relocation (site_id, seen_new_from);
CREATE INDEX relocation_host ON relocation (host_id, seen_new_from) WHERE host_id IS NOT NULL;

-- ── The record ──────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE event (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL,
    item_id     uuid NOT NULL,
    event       text NOT NULL,
    from_state  text,
    to_state    text,
    by          text NOT NULL,                 -- daemon role, user, token name, partner:CODE
    attention   text[],                        -- the item's whole attention afterwards; null: the event did not touch it
    detail      bytea,                         -- sealed JSON
    PRIMARY KEY (item_id, id)                  -- read by item: one index serves both
);

CREATE FUNCTION event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the record of events is append-only'; END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE ON event
    FOR EACH ROW EXECUTE FUNCTION event_is_append_only();

-- ── Who may ask ─────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE token (
    id          uuid PRIMARY KEY,
    name        text NOT NULL,
    role        text NOT NULL CHECK (role IN ('submitter', 'analyst', 'policy', 'operator', 'partner')),
    partner     text,
    hash        bytea NOT NULL UNIQUE,         -- SHA-256 of the secret
    created_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    CHECK ((role = 'partner') = (partner IS NOT NULL))
);

-- A daemon says that it lives: for readiness, and so that a newcomer can see its clock against the database's.
CREATE TABLE daemon (
    id          uuid PRIMARY KEY,
    roles       text[] NOT NULL,
    started_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    machine     text,                          -- with its pid: others there can see that it was killed; null: nobody can
    pid         integer,
    CHECK ((machine IS NULL) = (pid IS NULL))
);
