"""What would the internet do?

A small internet on loopback, in one process, that runs in the world's place: the daemon cannot tell. It is a
counterpart, not a mock: real DNS, RDAP, HTTP and SMTP, and a script in time for everything that lives there.

scenarios.toml  the table: who hosts what, what happens to it, and how it must end
world           P  the table read into values
script          P  steps in time: "told +2s: 404"
plot            P  where every script stands by now
ledger          P  all that was asked, sent and posted, with its time
zone            P  questions to answers
nameserver      the name server, over UDP and TCP
registry        P  registration data as registries answer it
registry_server the RDAP server
pages           P  what a page looks like
web             the hosters' web servers, one port on all their addresses
letter          P  a mail as its recipient reads it
mail            the mail server for everybody who can be told
recipient       people who answer through the link of a notice
hoster_api      hosters that want XARF over HTTP
partner         hotlines of other countries: those we call, those that fetch, those that get mail
partner_tokens  P  the tokens by which partners know us
settings_file   P  the files that lead a daemon into the lab
sockets         free ports, and the same port on many addresses
stage           opens all of it at once

And `ntd demo`, which plays the table against an unmodified daemon:

demo            the order of the evening
processes       the lab, the daemon and commands as programs of their own
watching        the items, watched through the API until they have ended
verify          P  what happened against what the table says
screen          what is shown meanwhile
tables          reports as tables that fit a terminal
keepsakes       what is left in the folder
"""
