"""Where does it live?

A host goes in, a Resolution comes out: its addresses, who hosts each in which country, who is to be told and why, every
fact with its source. Files that decide (pure) and files that do are never the same.

resolve             the door: `Locator` puts everything below together
dns, nameserver     names to addresses: remembered by TTL, asked over a few shared sockets
names, wire         what replies of name servers say, and what several say together (pure)
networks, watched   network files, read again when they change
prefixes            rows, longest prefix, several files (pure)
cymru               Team Cymru's zone (pure)
registration        registration data: per block, asked once for everybody, stale rather than absent
registration_cache  where answers are kept between looks
registries, fetch   which registry, how politely, within which bounds
whois, whois_text   port 43 through ipwhois, and its answer in RDAP's shape
rdap, kept          what an answer says, and the form it is kept in (pure)
bootstrap           IANA's lists of registries (pure)
contacts, book      who is told: ordered rules, and the operator's contact book (pure)
rulebook            settings, book and shipped data as rules
places              facts about addresses to places (pure)
country, fronts     in which country; the machine or a front (pure)
moves, hotlines     when a host has moved; where hotlines are (pure)
reserved, mailbox   addresses that are nobody's server; what is a mail address (pure)
remembered, sharing, gate  bounded memory, one question for all who ask it, so many at once
data/               what we ship, each file with source and date
"""
