-- name: lock
-- Items are always locked in the order of their ids: two settlements over the same items queue, they never deadlock.
SELECT FROM item WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE

-- name: items
-- What is decided on. Read after the lock, where there is one: a lock that was waited for shows what came before it.
SELECT i.id, i.host_id, i.site_id, i.state, i.attention, i.priority, i.confirmed, i.classification, i.basis,
       i.copied_from, i.received_at, i.resolved_at, i.looked_at, i.first_country, i.first_attempt_at,
       i.first_accepted_at, greatest(i.last_up_at, s.up_at) AS last_up_at, i.first_down_at, i.gone_at,
       i.gone_known_at, i.gone_by, i.closed_at, i.ended_at, i.hold_until, i.hold_on_return, i.spell, i.placed_version,
       coalesce(s.checks, i.checks) AS checks, coalesce(s.checked_at, i.checked_at) AS checked_at, i.last_verdict,
       i.last_reason, i.last_round_id, i.first_sha256, i.first_type, i.first_length, i.first_likeness,
       i.first_denied, coalesce(s.watch, 0) AS watch, i.kind, i.new_victim, i.target, s.checks IS NOT NULL AS unsaved
  FROM item i
  LEFT JOIN schedule s ON s.item_id = i.id
 WHERE i.id = ANY($1::uuid[])
 ORDER BY i.id

-- name: stays
-- Those not ended, and the refused ones: they say which country is not to be told again. Rounds that changed nothing
-- saw every open place up.
SELECT y.id, y.item_id, y.hoster_id, y.country, y.place_id, y.recipient_id, y.contacts, y.partner, y.spell, y.began_at,
       y.began_by, y.began_known_at, y.located_at, y.ended_at, y.ended_by, y.ended_known_at, y.first_attempt_at,
       y.clock_at, y.noticed_at, y.forwarded_at, y.failed_at,
       CASE WHEN y.ended_at IS NULL AND y.gone_at IS NULL THEN greatest(y.last_up_at, s.up_at)
            ELSE y.last_up_at END AS last_up_at,
       y.first_down_at, y.run_at, y.run_rounds, y.gone_at, y.gone_known_at, y.gone_by, y.returned_at, y.told_at,
       y.told_by_us, y.reminders, y.answered_at, y.partner_reminded, y.told_directly, y.steps_done, y.follow_up_at,
       y.asked_at
  FROM stay y
  LEFT JOIN schedule s ON s.item_id = y.item_id
 WHERE y.item_id = ANY($1::uuid[]) AND (y.ended_at IS NULL OR y.ended_by = 'refused')
 ORDER BY y.item_id, y.id

-- name: save_items
-- The whole of what may change, written back in one statement for a batch.
UPDATE item i
   SET state = n.state, attention = string_to_array(n.attention, ','), priority = n.priority,
       resolved_at = n.resolved_at, looked_at = n.looked_at, first_country = n.first_country,
       first_attempt_at = n.first_attempt_at, first_accepted_at = n.first_accepted_at, last_up_at = n.last_up_at,
       first_down_at = n.first_down_at, gone_at = n.gone_at, gone_known_at = n.gone_known_at, gone_by = n.gone_by,
       closed_at = n.closed_at, ended_at = n.ended_at, hold_until = n.hold_until,
       hold_on_return = n.hold_on_return, spell = n.spell,
       placed_version = n.placed_version, checks = n.checks, checked_at = n.checked_at,
       last_verdict = n.last_verdict, last_reason = n.last_reason, last_round_id = n.last_round_id,
       first_sha256 = n.first_sha256, first_type = n.first_type, first_length = n.first_length,
       copied_from = n.copied_from, target = n.target, first_likeness = n.first_likeness,
       first_denied = n.first_denied
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::text[],
              $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[],
              $13::timestamptz[], $14::text[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::int[],
              $19::int[], $20::int[], $21::timestamptz[], $22::text[], $23::text[], $24::bigint[], $25::bytea[],
              $26::text[], $27::bigint[], $28::text[], $29::bool[], $30::text[], $31::text[], $32::bool[])
       AS n (id, state, attention, priority, resolved_at, looked_at, first_country, first_attempt_at,
             first_accepted_at, last_up_at, first_down_at, gone_at, gone_known_at, gone_by, closed_at, ended_at,
             hold_until, spell, placed_version, checks, checked_at, last_verdict, last_reason, last_round_id,
             first_sha256, first_type, first_length, copied_from, hold_on_return, target,
             first_likeness, first_denied)
 WHERE i.id = n.id

-- name: saved
-- What rounds that changed nothing had left is written with the item now; what another one left meanwhile stays.
UPDATE schedule s SET checks = NULL, checked_at = NULL, up_at = NULL
  FROM unnest($1::uuid[], $2::timestamptz[]) AS n (item_id, checked_at)
 WHERE s.item_id = n.item_id AND s.checked_at <= n.checked_at

-- name: save_stays
-- Ended stays come first in the arrays, so that a new one never meets the old one's place.
INSERT INTO stay (id, item_id, hoster_id, country, place_id, recipient_id, contacts, partner, spell, began_at, began_by,
                  ended_at, ended_by, ended_known_at, first_attempt_at, clock_at, noticed_at, forwarded_at, failed_at,
                  last_up_at, first_down_at, run_at, run_rounds, gone_at, gone_known_at, gone_by, returned_at, told_at,
                  told_by_us, reminders, answered_at, partner_reminded, told_directly, steps_done, follow_up_at,
                  began_known_at, located_at, asked_at)
SELECT id, item_id, hoster_id, country, place_id, recipient_id, string_to_array(contacts, ',')::bigint[], partner,
       spell, began_at, began_by, ended_at, ended_by, ended_known_at, first_attempt_at, clock_at, noticed_at,
       forwarded_at, failed_at, last_up_at, first_down_at, run_at, run_rounds, gone_at, gone_known_at, gone_by,
       returned_at, told_at, told_by_us, reminders, answered_at, partner_reminded, told_directly, steps_done,
       follow_up_at, began_known_at, located_at, asked_at
  FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
              $9::int[], $10::timestamptz[], $11::text[], $12::timestamptz[], $13::text[], $14::timestamptz[],
              $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::timestamptz[],
              $20::timestamptz[], $21::timestamptz[], $22::timestamptz[], $23::int[], $24::timestamptz[],
              $25::timestamptz[], $26::text[], $27::timestamptz[], $28::timestamptz[], $29::bool[], $30::int[],
              $31::timestamptz[], $32::bool[], $33::bool[], $34::int[], $35::timestamptz[], $36::timestamptz[],
              $37::timestamptz[], $38::timestamptz[])
       AS n (id, item_id, hoster_id, country, place_id, recipient_id, contacts, partner, spell, began_at, began_by,
             ended_at, ended_by, ended_known_at, first_attempt_at, clock_at, noticed_at, forwarded_at, failed_at,
             last_up_at, first_down_at, run_at, run_rounds, gone_at, gone_known_at, gone_by, returned_at, told_at,
             told_by_us, reminders, answered_at, partner_reminded, told_directly, steps_done, follow_up_at,
             began_known_at, located_at, asked_at)
    ON CONFLICT (id) DO UPDATE
   SET hoster_id = excluded.hoster_id, country = excluded.country, place_id = excluded.place_id,
       recipient_id = excluded.recipient_id, contacts = excluded.contacts, partner = excluded.partner,
       spell = excluded.spell, ended_at = excluded.ended_at, ended_by = excluded.ended_by,
       ended_known_at = excluded.ended_known_at, first_attempt_at = excluded.first_attempt_at,
       clock_at = excluded.clock_at, noticed_at = excluded.noticed_at, forwarded_at = excluded.forwarded_at,
       failed_at = excluded.failed_at, last_up_at = excluded.last_up_at, first_down_at = excluded.first_down_at,
       run_at = excluded.run_at, run_rounds = excluded.run_rounds, gone_at = excluded.gone_at,
       gone_known_at = excluded.gone_known_at, gone_by = excluded.gone_by, returned_at = excluded.returned_at,
       told_at = excluded.told_at, told_by_us = excluded.told_by_us, reminders = excluded.reminders,
       answered_at = excluded.answered_at, partner_reminded = excluded.partner_reminded,
       told_directly = excluded.told_directly, steps_done = excluded.steps_done, follow_up_at = excluded.follow_up_at,
       began_known_at = excluded.began_known_at, located_at = excluded.located_at,
       asked_at = excluded.asked_at, follow_token = NULL

-- name: tell
-- One message per recipient, item, spell, kind and step: the constraint keeps the promise.
INSERT INTO telling (recipient_id, item_id, stay_id, kind, step, spell, priority, written_at, wait_for, gather_at,
                     not_before)
SELECT recipient_id, item_id, stay_id, kind, step, spell, priority, $1, wait_for, gather_at, not_before
  FROM unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::int[], $8::int[], $9::text[],
              $10::timestamptz[], $11::timestamptz[])
       AS n (recipient_id, item_id, stay_id, kind, step, spell, priority, wait_for, gather_at, not_before)
    ON CONFLICT (recipient_id, item_id, spell, kind, step) DO NOTHING

-- name: strike_tellings
-- What is not in a message yet goes no further; a withdrawal still does. Of items as a whole, or of single stays.
DELETE FROM telling
 WHERE (item_id = ANY($1::uuid[]) OR stay_id = ANY($2::uuid[])) AND notice_id IS NULL AND kind <> 'withdrawal'
RETURNING recipient_id, item_id, spell, kind, step

-- name: strike_notices
-- Messages that were written but never offered to anybody: struck, and their other items gathered anew.
WITH meant AS (
    SELECT notice_id, item_id FROM notice_item WHERE item_id = ANY($1::uuid[])
     UNION
    SELECT o.notice_id, o.item_id
      FROM stay y JOIN notice_item o ON o.item_id = y.item_id AND o.stay_id = y.id
     WHERE y.id = ANY($2::uuid[])
), struck AS (
    UPDATE notice
       SET state = 'struck', ended_at = $3, send_at = NULL, token = NULL
     WHERE id IN (SELECT notice_id FROM meant) AND state = 'waiting' AND NOT doubted AND kind <> 'withdrawal'
    RETURNING id
), anew AS (
    UPDATE telling SET notice_id = NULL, gather_at = $3
      FROM struck
     WHERE telling.notice_id = struck.id
       AND NOT EXISTS (SELECT FROM meant WHERE meant.notice_id = struck.id AND meant.item_id = telling.item_id)
)
DELETE FROM telling USING struck, meant
 WHERE telling.notice_id = struck.id AND meant.notice_id = struck.id AND telling.item_id = meant.item_id
RETURNING telling.recipient_id, telling.item_id, telling.spell, telling.kind, telling.step

-- name: never_said
-- Of what was struck: a step of the ladder that nobody was told of is not climbed, and a partner that was not reminded
-- still is to be.
WITH dropped AS (
    SELECT recipient_id, item_id, spell, kind, step
      FROM unnest($1::bigint[], $2::uuid[], $3::int[], $4::text[], $5::int[])
           AS n (recipient_id, item_id, spell, kind, step)
), reminded AS (
    SELECT dropped.item_id, dropped.spell, r.partner
      FROM dropped JOIN recipient r ON r.id = dropped.recipient_id
     WHERE dropped.kind = 'reminder' AND r.partner IS NOT NULL
), climbed AS (
    SELECT DISTINCT item_id, spell, step FROM dropped WHERE kind IN ('site', 'upstream', 'registrar', 'regulator')
), undone AS (
    SELECT s.id, c.step, m.partner
      FROM stay s
      LEFT JOIN climbed c ON c.item_id = s.item_id AND c.spell = s.spell AND c.step = s.steps_done
      LEFT JOIN reminded m ON m.item_id = s.item_id AND m.spell = s.spell AND m.partner = s.partner
     WHERE s.item_id IN (SELECT item_id FROM dropped) AND (c.step IS NOT NULL OR m.partner IS NOT NULL)
)
UPDATE stay SET steps_done = coalesce(undone.step - 1, stay.steps_done),
                partner_reminded = stay.partner_reminded AND undone.partner IS NULL
  FROM undone WHERE stay.id = undone.id

-- name: forget_stays
-- Stays that never were: what was tried to say of each goes to the stay that takes its time over.
WITH never AS (
    SELECT y.id, n.heir, y.item_id
      FROM unnest($1::uuid[], $2::uuid[]) AS n (id, heir) JOIN stay y ON y.id = n.id
), tried AS (
    UPDATE telling t SET stay_id = never.heir FROM never WHERE t.item_id = never.item_id AND t.stay_id = never.id
), written AS (
    UPDATE notice_item o SET stay_id = never.heir FROM never WHERE o.item_id = never.item_id AND o.stay_id = never.id
), bounced AS (
    DELETE FROM taken_back USING never WHERE taken_back.stay_id = never.id
)
DELETE FROM stay USING never WHERE stay.id = never.id

-- name: ready_tellings
-- A check was made, and no run of their stay stands: what waited is gathered, `window` after it was written; what is
-- urgent, now.
UPDATE telling t
   SET wait_for = NULL,
       gather_at = greatest(t.written_at + CASE WHEN t.priority > 1 THEN $3::interval ELSE interval '0' END,
                            $2::timestamptz, t.not_before)
 WHERE t.item_id = ANY($1::uuid[]) AND t.notice_id IS NULL AND t.wait_for IS NOT NULL
   AND (t.stay_id IS NULL OR NOT t.stay_id = ANY($4::uuid[]))

-- name: run_tellings
-- While a run stands unconfirmed everything of its stay waits; at its limit first notices go, reminders and steps do not.
UPDATE telling t
   SET wait_for = 'run',
       gather_at = CASE WHEN t.kind IN ('first', 'front', 'forward') THEN greatest(n.until_at, t.not_before) END
  FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS n (item_id, stay_id, until_at)
 WHERE t.item_id = n.item_id AND t.stay_id = n.stay_id AND t.notice_id IS NULL AND t.kind <> 'withdrawal'

-- name: schedule
-- The next look; a lease that stood on the row falls.
INSERT INTO schedule (item_id, due_at, watch)
SELECT item_id, due_at, watch FROM unnest($1::uuid[], $2::timestamptz[], $3::int[]) AS n (item_id, due_at, watch)
    ON CONFLICT (item_id) DO UPDATE SET due_at = excluded.due_at, watch = excluded.watch, token = NULL,
                                        leased_until = NULL

-- name: unschedule
-- Nothing is looked at any more: ended or held.
DELETE FROM schedule WHERE item_id = ANY($1::uuid[])

-- name: look_up_hosts
-- Looked up as soon as somebody is free, but no two looks closer than $3; never later than already planned.
UPDATE host SET look_due_at = least(look_due_at, greatest($2::timestamptz, looked_at + $3::interval))
 WHERE id IN (SELECT id FROM host WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE)

-- name: record
-- The record of everything that happened.
INSERT INTO event (at, item_id, event, from_state, to_state, by, attention, detail)
SELECT at, item_id, event, from_state, to_state, $1, string_to_array(attention, ','), detail
  FROM unnest($2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[])
       AS n (at, item_id, event, from_state, to_state, attention, detail)

-- name: rounds
-- Only rounds that changed something are kept.
INSERT INTO round (item_id, at, verdict, reason, observations)
SELECT item_id, at, verdict, reason, observations
  FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::bytea[])
       AS n (item_id, at, verdict, reason, observations)
RETURNING id, item_id

-- name: held_from
-- Held spells are counted apart in every figure.
INSERT INTO held_spell (item_id, from_at, by) SELECT unnest($1::uuid[]), $2, $3 ON CONFLICT DO NOTHING

-- name: held_until
-- The spell ends with the release or the end of the item.
UPDATE held_spell SET until_at = $2 WHERE item_id = ANY($1::uuid[]) AND until_at IS NULL

-- name: pause
-- Nothing goes out about a held item: what was offered already, and may have been taken, is not offered again either.
UPDATE notice SET paused = true
 WHERE id IN (SELECT notice_id FROM notice_item WHERE item_id = ANY($1::uuid[]))
   AND state IN ('waiting', 'sending', 'doubtful') AND NOT paused AND kind <> 'withdrawal'

-- name: lock_paused
-- Before it is asked whether another of their items is held: a hold that is under way has its message locked.
SELECT FROM notice
 WHERE paused AND id IN (SELECT notice_id FROM notice_item WHERE item_id = ANY($1::uuid[]))
 ORDER BY id FOR NO KEY UPDATE

-- name: go_on
-- Offered again when none of its items is held any more.
UPDATE notice n SET paused = false
 WHERE n.paused AND n.id IN (SELECT notice_id FROM notice_item WHERE item_id = ANY($1::uuid[]))
   AND NOT EXISTS (SELECT FROM notice_item o JOIN item i ON i.id = o.item_id
                    WHERE o.notice_id = n.id AND i.state = 'held')

-- name: take_back
-- What was in doubt and speaks of withdrawn items only is not offered again: the withdrawal has the last word.
UPDATE notice n SET paused = true
 WHERE n.id IN (SELECT notice_id FROM notice_item WHERE item_id = ANY($1::uuid[]))
   AND n.state IN ('waiting', 'sending', 'doubtful') AND NOT n.paused AND n.kind <> 'withdrawal'
   AND NOT EXISTS (SELECT FROM notice_item o JOIN item i ON i.id = o.item_id
                    WHERE o.notice_id = n.id AND i.state <> 'withdrawn')
