"""Who is told, and how?

A `schemas.notice.Message` becomes bytes, an `Envelope` is handed over, and what came of it is a `Delivery`.
Who is told and when is decided in `ntd/`.

compose    P: a message to the exact bytes of a mail, of a report to an API, or of a forward
letter     P: the words of a mail, in the recipient's language and in English
stationery P: layouts and words, ours and those of an organisation's own folder
proof      P: they are tried before anybody is written to
samples    P: messages with the hardest that can stand in one
law        P: which law a notice names, by the country of the recipient
xarf       P: one item as a XARF v4 document
exchange   P: a forward as JSON, and what a partner answered to it
tables     P: the same items as CSV
mime       P: parts and headers to the bytes of a mail (RFC 5322, 2045-2047, 5965)
plain      P: text, URLs and moments so that they can break no line and no header
outcomes   P: what a reply code, a status or a lost connection means for the message
press      a message to the bytes that leave: composed, sealed, signed
sealing    mail for one reader only: OpenPGP, S/MIME
dkim       mail signed for our domain
registry   the dispatcher: which way an envelope leaves
smtp       by mail, over the relay
imap       the mailbox that answers and bounces come to
webapi     to a hoster's API
abuse_signal to the AWS Abuse Signal API
sigv4      P: and the signature that it wants
forward    to a partner's API
folder     dry run: into a folder
post       one bounded POST, and what came back
names      names of APIs to addresses, by the configured resolvers
incoming   P: what comes back by mail: bounces, automatic replies, answers
templates/ the layout of a mail, and words/ for each language
data/      law with its source; the phrases that incoming mail is recognised by, those of answers by language
"""
