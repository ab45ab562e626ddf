"""What happens next?

The corridor between the rooms: it takes their facts, decides, writes down, and opens the next door. A URL walks:
intake, look up, place, gather, send, check, follow up, report.

A *look-up* finds where a host lives, a *look* what stands at a URL; the looks of one moment, from several vantages at
several addresses, are a *round*, and rounds in a row that say "gone" are a *run*. A *seat* is a hoster in a country; an
item at a seat is a *stay*, and stays that are told about together are of one *spell*, until a return or a new routing
begins the next. A *telling* is one item that one recipient is to hear of; several make a *notice*.

daemon          the one place where everything is put together
cli/            the doors: what can be typed
api/            and what can be asked over HTTP
walk/           the turns of the walk, in its order
looking         the looker, with names from the locator
acts            what people and partners can do to items
preview         what a message would say of given items
inbox           one incoming message, and what follows from it
intake_stream   a stream of items, however long, in bounded memory
worker          two loops: a turn repeated, and a line that claims, does and settles
store/          what is written down, and in what order it is taken up again
lifecycle       P  what can happen to an item, as one table
case            P  one item with its open stays, and what a decision makes of it
world           P  where a host stands and who the partners are, as decisions see it
placing         P  an item follows its host
addressing      P  whom its stays are told to by now, and what a human must see
police          P  when the police get a copy, and for which reason
gathering       P  what is gathered for a recipient becomes messages
allowance       P  how many of them may be written now
tongues         P  in which language they are written
letterhead      P  the layouts and words they are written in, tried before
telling         P  what became of a message, and what that does to its items
checking        P  what a round of looks does to an item
pacing          P  which due items are looked at now, and which later
uneventful      P  rounds that change nothing
worth           P  what a recipient is worth: who refused or bounced is told after the others
targets         P  a URL that leads to another site, and what nobody has assessed there
going           P  what makes an item gone, and when it is looked at afterwards
returning       P  an item that was seen up again goes back to work
succeeding      P  gone here, and up again under another name of its site
following       P  what follows up on a stay, and when
acting          P  what a person decides
voiding         P  a dry run is over
holding         P  nothing goes out about an item, now or when it comes back
incoming        P  what an incoming message is about, and whether it may act
bouncing        P  what a bounce takes back
answering       P  what an answer does to an item
duplicates      P  a URL that is submitted again
intake          P  one record becomes a submission, or a refusal with its reason
intake_values   P  its values, each read with care
intake_records  P  bytes cut into records
material        P  input that carries the material itself: refused, and kept nowhere
reports/        P  what the figures say
routing         P  who is to be told about a stay
sla             P  when the next message about a stay is due
rejects         the file of refused lines
hotlines        which countries have a hotline
config          ntd.toml and NTD_… variables to Settings
config_problems P  what is wrong with a configuration, in sentences
metrics         what the daemon says of itself
vault           the one module that encrypts and decrypts
clock           the one reader of the clock
machine         which machine this is, and whether a process on it still runs
process         what we ask of our own
log             events, and the one place where they are redacted
lab/            a small internet on loopback: what the daemon is shown to work against
"""
