"""What does `ntd doctor` try?

finding   one line of what was found, how that is, what to do
ours      our own things: key file, database, words, certificates
names     name servers, registration data, the lists of registries
mail      the relay, the mailbox, the readers of mail
peers     partners and hosters with an API
vantages  the canaries, from every vantage

Each trial asks for one thing, sends nothing and changes nothing.
"""
