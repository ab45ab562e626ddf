"""What do things look like?

In memory (types), on the wire (JSON), on disk (SQL). No IO, no decisions beyond parsing.

ids        identities: UUIDv7 for what the outside sees
errors     the one tree of failures, and what each means for the caller
duration   "90s", "15m", "24h", "7d" and back
pace       "20/s", "1200/m": how many in how long
url        the identity of a URL: WHATWG, without fragment; host, site and kind
item       an item: states, classifications, the line it came in
hosting    where a host lives: address, place, contact, resolution, each fact with its source
notice     messages: kinds, states, channels, what came of an attempt
check      what a look saw and what a round means
exchange   forwards and answers between hotlines
incoming   what comes back by mail
access     who may ask, and in which role
report     what a report is asked for
wire       hosting as JSON
settings   the keys of ntd.toml
canary     names whose answer is known before they are asked
spelling   how values are written in ntd.toml
sql/       migrations and named statements
"""
