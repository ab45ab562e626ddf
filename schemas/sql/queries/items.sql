-- name: one
-- The item with the names of its host and site, and what the last look at the host found.
SELECT item.id, item.secret, item.state, item.attention, item.priority, item.source, item.confirmed,
       item.classification, item.basis, item.site_type, item.media, item.copied_from, item.spell,
       item.received_at, item.confirmed_at, item.resolved_at, item.first_attempt_at, item.first_accepted_at,
       greatest(item.last_up_at, schedule.up_at) AS last_up_at, item.first_down_at, item.gone_at, item.gone_by,
       item.closed_at, item.ended_at, item.hold_until, item.legal_hold_until,
       coalesce(schedule.checks, item.checks) AS checks,
       coalesce(schedule.checked_at, item.checked_at) AS checked_at, item.last_verdict, item.last_reason,
       item.last_round_id,
       item.host_id, item.site_id, host.name AS host_name, host.name_hash AS host_hash, host.facts AS host_facts,
       site.name AS site_name, site.name_hash AS site_hash
FROM item
JOIN host ON host.id = item.host_id
JOIN site ON site.id = item.site_id
LEFT JOIN schedule ON schedule.item_id = item.id
WHERE item.id = $1;

-- name: by_url
-- A URL is found by the keyed hash of its identity, never by its text.
SELECT id FROM item WHERE url_hash = $1;

-- name: reports
-- Bounded: one URL may be reported by thousands, and a story is read by one.
SELECT pair_hash, report, reference, source, at
FROM item_report
WHERE item_id = $1
ORDER BY at, pair_hash
LIMIT 1000;

-- name: stays
-- Every time the item spent at a hoster, with its clock.
SELECT stay.id, hoster.key_hash, hoster.name, stay.country, place.asn, stay.began_at, stay.began_by, stay.ended_at,
       stay.ended_by, stay.clock_at, stay.noticed_at, stay.forwarded_at, stay.partner,
       CASE WHEN stay.ended_at IS NULL AND stay.gone_at IS NULL THEN greatest(stay.last_up_at, schedule.up_at)
            ELSE stay.last_up_at END AS last_up_at,
       stay.gone_at, stay.gone_by, stay.returned_at,
       -- Of hosters and partners, as the figures count them.
       (SELECT count(*) FROM notice_item ni JOIN notice n ON n.id = ni.notice_id
         WHERE ni.item_id = stay.item_id AND ni.stay_id = stay.id AND n.kind = 'reminder' AND n.state = 'accepted'
           AND n.voided_at IS NULL) AS reminders
FROM stay
LEFT JOIN schedule ON schedule.item_id = stay.item_id
LEFT JOIN hoster ON hoster.id = stay.hoster_id
LEFT JOIN place ON place.id = stay.place_id
WHERE stay.item_id = $1
ORDER BY stay.began_at, stay.id
LIMIT 1000;

-- name: held
-- Spells without an end are still running.
SELECT from_at, until_at FROM held_spell WHERE item_id = $1 ORDER BY from_at;

-- name: messages
-- Notices and forwards alike: the kind tells them apart.
SELECT notice.id, notice.kind, notice.step, notice.partner, notice.channel, notice.format, notice.message_id,
       notice.state, notice.created_at, notice.accepted_at, notice.accepted_by, notice.delivered_at, notice.bounced_at,
       notice.ticket, notice.dry_run, notice.voided_at, notice.item_count, notice_item.outcome, notice_item.refused_for,
       recipient.address, recipient.address_hash
FROM notice_item
JOIN notice ON notice.id = notice_item.notice_id
JOIN recipient ON recipient.id = notice.recipient_id
WHERE notice_item.item_id = $1
ORDER BY notice.id
LIMIT 1000;

-- name: attempts
-- Every try to hand one of its messages over.
SELECT attempt.notice_id, attempt.started_at, attempt.outcome, attempt.by, attempt.reply
FROM notice_item
JOIN attempt ON attempt.notice_id = notice_item.notice_id
WHERE notice_item.item_id = $1
ORDER BY attempt.id
LIMIT 10000;

-- name: answers
-- What recipients and partners said about it.
SELECT answer.notice_id, answer.at, answer.by, answer.action, answer.reason, answer.note,
       incoming.identity_hash, incoming.detail
FROM answer
LEFT JOIN incoming ON incoming.id = answer.incoming_id
WHERE answer.item_id = $1
ORDER BY answer.id
LIMIT 1000;

-- name: mail
-- What mail systems and ticket systems said about its messages; what people wrote stands among the answers.
SELECT incoming.notice_id, incoming.at, incoming.kind, incoming.acted, incoming.identity_hash, incoming.detail
FROM notice_item
JOIN incoming ON incoming.notice_id = notice_item.notice_id
WHERE notice_item.item_id = $1 AND incoming.kind <> 'answer'
ORDER BY incoming.id
LIMIT 1000;

-- name: last_look
-- What the newest look saw.
SELECT at, observations FROM last_look WHERE item_id = $1;

-- name: relocations
-- Confirmed moves of its host since the item came to us, with both places.
SELECT r.site_id, r.kind, r.seen_old_until, r.seen_new_from, r.items,
       CASE WHEN o.front IS NULL THEN o.country END AS from_country, o.asn AS from_asn, o.hoster_id AS from_hoster,
       o.front AS from_front,
       CASE WHEN n.front IS NULL THEN n.country END AS to_country, n.asn AS to_asn, n.hoster_id AS to_hoster,
       n.front AS to_front
FROM item
JOIN relocation r ON r.host_id = item.host_id AND r.seen_new_from >= item.received_at
JOIN place o ON o.id = r.from_place_id
JOIN place n ON n.id = r.to_place_id
WHERE item.id = $1
ORDER BY r.seen_new_from, r.id
LIMIT 1000;

-- name: history
-- The record, oldest first.
SELECT at, event, from_state, to_state, by, detail FROM event WHERE item_id = $1 ORDER BY at, id LIMIT 10000;

-- name: seats
-- Where hosts stand now: confirmed places, and the addresses that tell which of them comes first.
SELECT episode.host_id, episode.addresses, episode.seen_at, episode.contacts, episode.origin, place.prefix, place.asn, place.origins,
       place.as_name, place.country, place.country_sources, place.country_disputed, place.category, place.front,
       place.reach, hoster.name AS hoster_name, hoster.key_hash AS hoster_key
FROM episode
JOIN place ON place.id = episode.place_id
JOIN hoster ON hoster.id = place.hoster_id
WHERE episode.host_id = ANY($1::bigint[])
  AND episode.until_at IS NULL
  AND episode.joined_at IS NOT NULL
ORDER BY episode.host_id, episode.id;

-- name: contacts
-- The recipients that an episode names.
SELECT id, channel, address, address_hash, format, language, health, health_at, failures FROM recipient
 WHERE id = ANY($1::bigint[]);

-- name: page
-- Newest first, by the id, which is made of the time: a page never shifts under its reader. Names are joined to the
-- chosen rows only, not to all that were looked at on the way.
WITH chosen AS MATERIALIZED (
    SELECT item.id, item.secret, item.state, item.attention, item.priority, item.source, item.received_at,
           item.checked_at, item.last_verdict, item.host_id, item.site_id
    FROM item
    WHERE ($1::uuid IS NULL OR item.id < $1)
      AND ($2::text IS NULL OR item.state = $2)
      AND ($3::text IS NULL OR item.attention @> ARRAY[$3])
      AND ($4::text IS NULL OR item.source = $4)
      AND ($5::bytea IS NULL OR item.host_id = (SELECT id FROM host WHERE name_hash = $5))
      AND ($6::bytea IS NULL OR item.site_id = (SELECT id FROM site WHERE name_hash = $6))
      AND (($7::bigint IS NULL AND $8::text IS NULL) OR item.host_id IN (
            SELECT episode.host_id
            FROM episode
            JOIN place ON place.id = episode.place_id
            WHERE episode.until_at IS NULL AND episode.joined_at IS NOT NULL
              AND ($7::bigint IS NULL OR place.asn = $7)
              AND ($8::text IS NULL OR place.country = $8)))
    ORDER BY item.id DESC
    LIMIT $9
)
SELECT chosen.id, chosen.secret, chosen.state, chosen.attention, chosen.priority, chosen.source, chosen.received_at,
       coalesce(schedule.checked_at, chosen.checked_at) AS checked_at, chosen.last_verdict, chosen.host_id,
       host.name AS host_name, host.name_hash AS host_hash, site.name AS site_name, site.name_hash AS site_hash
FROM chosen
JOIN host ON host.id = chosen.host_id
JOIN site ON site.id = chosen.site_id
LEFT JOIN schedule ON schedule.item_id = chosen.id
ORDER BY chosen.id DESC;

-- name: states
-- What an act left behind, for its answer.
SELECT id, state, attention FROM item WHERE id = ANY($1::uuid[]);
