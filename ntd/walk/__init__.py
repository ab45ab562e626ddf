"""The walk of a URL, in its order.

look_up   host → places: where does it live?
place     item → stays: it follows its host, and who is to be told follows from where it stands
gather    tellings → one message per recipient, written into the outbox
send      message → accepted, refused, in doubt
check     item → a round of looks: is it still there?
watch     can we see at all, and what part of every host is ours?
inbox     mail that came back → what it says of a notice, once
follow    stay → reminder, next step of the ladder, a partner's silence; holds that are over

Each is a turn (a batch of database work) or a line (claimed, done outside, settled); see `ntd/worker.py`.
"""
