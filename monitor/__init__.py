"""Is it still there?

A URL goes in, a Round comes out: what each vantage saw at each address asked, and what that means. The content itself
passes through memory and nothing of it stays but a hash, a length, a type, a likeness and marks of known wordings.

look       one round: every chosen vantage, every address as far as needed, limits per host and in all
probe      one look: names, dial, redirects, bounded read, sibling; observes and never judges
trail      where a look has come to: answers taken in, the page it stands on until it ends
comparing  an item's page beside the page of a name that nobody uploaded
slots      how many connections at once to one host, to one network, and in all
reading    an answer read under bounds
vantage    where we look from: direct, through a proxy; canaries that say whether to believe it
pinned     one question to exactly one address, directly or by proxy; library errors become named faults
exchange   one connection: a request out, an answer in, nothing stored on the way
wordings   the data files of known pages, loaded
asking     P  the head of a request, as a browser writes it
assigning  P  who looks in a round, by chance
shares     P  how a limit is shared by several daemons
faults     P  what a look ran into, by name
framing    P  an HTTP/1 answer told from its bytes, every part under a bound
certificate  P  what a server's certificate says of itself
decoding   P  a body unpacked under a bound
pages      P  what of a page is read: title, headings, words, media
markup     P  markup read tag by tag; what stands around every page told from what a page is about
boxes      P  boxes around every page of a site, and those that nobody sees yet
media      P  how media are named and placed: a thing to look at, or an ornament of the site
spelling   P  words spelled as the data files spell them
answers    P  what an answer in JSON says of a fault
pictures   P  the shape of a picture, from its head
likeness   P  how like two pages are, and what one has of its own
imprint    P  what is kept of a body, to tell a changed one from another thing
removals   P  pages that say of themselves that the thing is not there
statements P  sentences that sites say it with, told by their words, in all languages
offers     P  whether a page offers other things, or shows the cover of its own
beside     P  what stands beside such a sentence: more of it, or what the page is about
signs      P  known pages recognised: walls, servers, removals, parked
siblings   P  the names that nobody has uploaded
verdict    P  observations to up, gone, changed, blocked, unknown, with a reason
schedule   P  when to look again
data/      known pages: removed, parked, login, default, in many languages; firms that park domains
"""
