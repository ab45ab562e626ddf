"""What would the internet do?

A small internet on loopback, in one process, that runs in the world's place: the daemon cannot tell. It is a
counterpart, not a mock: real DNS, RDAP, HTTP and SMTP, and a script in time for everything that lives there.

scenarios.toml  the table: who hosts what, what happens to it, and how it must end
world           the table read into values
script          steps in time: "told +2s: 404"
plot            where every script stands by now
ledger          all that was asked, sent and posted, with its time
zone            questions to answers; `nameserver` carries them
registry        registration data (RDAP); `registry_server` serves it
pages           what a page looks like; `web` serves it on each hoster's addresses
letter          a mail read as its recipient reads it; `mail` takes it
hoster_api      a hoster that takes XARF over HTTP
partner         hotlines of other countries: those we call, those that fetch, those that get mail
stage           opens all of it, writes the ntd.toml that leads a daemon there
verify          what happened against what the table says
"""
