"""What comes back by mail, and what does it say? All of it is pure: bytes in, one `schemas.incoming.Incoming` out.

reading     P: the whole of it: what kind of message, what it names of ours, what it says
mail        P: bytes to headers and parts, bounded, never failing
markup      P: HTML to lines of text
hidden      P: files hidden in a text are left out of it
quotation   P: what somebody wrote, and what they only quoted
names       P: notices and items of ours that a message names
reports     P: bounces, delays and receipts of mail systems, standard and sloppy
automatic   P: did a machine answer?
tickets     P: the number under which the other side keeps our notice
suggestion  P: what an answer seems to say
words       P: the phrases of data/incoming.toml and data/answers/, compared without case and accents
"""
