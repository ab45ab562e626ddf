"""Where does it live?

A host goes in, a Resolution comes out: its addresses, who hosts each in which country, who is to be told and why, every
fact with its source. Files that decide (pure) and files that do are never the same.

resolve             the door: `Locator` puts everything below together
dns                 names to addresses: remembered by TTL, every resolver asked before a name is called dead
nameserver          questions over a few shared sockets
canaries            which name servers lie
canary           P  what the answer for a name we know says of a server
names            P  what several replies say together
wire             P  what one reply says
zones            P  what the DNS says around a host
networks            network files, read again when they change
packaged            networks from the optional package plevin
watched             a file that is read again when it changes
prefixes         P  longest prefix, several origins, several files: the rule
questions        P  what was asked on the way, for the record
network_rows     P  a network file in CSV
network_records  P  a record of an .mmdb file, whoever made it
announced           the AS of an address by Team Cymru's zone
cymru            P  what that zone says
registration        registration data: of networks with what is around them, of domains, of AS
answers             through a cache: asked once for everybody, stale rather than absent, asked again meanwhile
looked           P  what asking came to, in a record and in words
registration_cache  where answers are kept between looks
registries          which registry, and how politely
fetch               one bounded request, redirects included
whois               port 43 through ipwhois
whois_text       P  its answer in RDAP's shape
rdap             P  what an answer says
blocks           P  which addresses it speaks of
entities         P  who stands in it: owner, abuse mailboxes, by one rule
jcard            P  what a card says
kept             P  the form in which it is kept
bootstrap        P  IANA's lists of registries
renewed             newer lists than those shipped, read when they change
renewal             fetches them, checks them, puts them in place
contacts         P  who is told: ordered rules
postal           P  whether a domain takes mail, and what that does to the order
postmaster          asks whether it does
book             P  the operator's contact book
matching         P  what a rule is about
rulebook            settings, book and shipped data as rules
platforms        P  what strangers share, who runs it, and whom that spares
geofeeds            what holders publish of their addresses: fetched, kept
geofeed          P  what such a file says, and of which addresses it may
places           P  facts about addresses to places
country          P  in which country, and whose word counts
reach            P  what stands in no one place: anycast, satellites
fronts           P  the machine itself, or a front
upstreams        P  who sells transit to whom
transit             who can be told upstream
moves            P  when a host has moved
hotlines         P  where hotlines are
reserved         P  addresses that are nobody's server
mailbox          P  what is a mail address
remembered          bounded memory, by time
addresses           what is known of one address: files, zone, registrations
known               the two below together
sharing             one question for all who ask it
gate                so many at once
data/               what we ship, each file with source and date
"""
