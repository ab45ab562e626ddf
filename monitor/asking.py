"""The head of a request as a browser writes it, so that a hoster cannot tell us by it. Pure."""

from monitor.decoding import ENCODINGS


def fields_of(user_agent: str, accept_language: str, referrer: str | None = None) -> bytes:
    """Write the lines behind Host, in a browser's order. A referrer that does not fit into one line is left away.

    >>> fields_of("Mozilla/5.0", "nl").splitlines()[0]
    b'User-Agent: Mozilla/5.0'
    """
    fields = {
        "User-Agent": user_agent,
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language": accept_language,
        "Accept-Encoding": ", ".join(ENCODINGS),
    }
    if referrer is not None and referrer.isascii() and referrer.isprintable():
        fields["Referer"] = referrer
    fields |= {
        "Connection": "keep-alive",
        "Upgrade-Insecure-Requests": "1",
        "Sec-Fetch-Dest": "document",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Site": "none" if "Referer" not in fields else "cross-site",
        "Sec-Fetch-User": "?1",
    }
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
