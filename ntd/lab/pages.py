"""What a page looks like: an action of the table as status, headers and body. Pure.

The bodies are noise that a seed makes, or a sentence: nothing here resembles what the daemon is made for.
"""

import hashlib
from dataclasses import dataclass, field

_IMAGE_BYTES = 3000
_OTHER_BYTES = 41_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is answered. `manner`: "" at once | "drip" | "reset" | "stall"."""

    status: int
    body: bytes
    kind: str = "text/html"
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = ""


def page(action: str, path: str) -> Page:
    """Turn an action into the page it stands for; ValueError where there is no such action.

    >>> page("404", "/i/1.jpg").status
    404
    """
    word, _, rest = action.partition(" ")
    if action in _PAGES:
        return _PAGES[action]
    if action in _MANNERS:
        return Page(status=200, kind="image/jpeg", body=_noise(path, _IMAGE_BYTES), manner=action)
    match word:
        case "image":
            return _image(path, _IMAGE_BYTES)
        case "page":
            return _html(200, f"Album {path}", f"<p>Pictures of {_noise(path, 6).hex()}.</p>" * 20)
        case "reencoded":
            return Page(
                status=200, kind="image/jpeg", body=b"\xff\xd8\xff\xe0" + _noise(action + path, _IMAGE_BYTES - 300)
            )
        case "another":
            return Page(status=200, kind="application/zip", body=_noise("another" + path, _OTHER_BYTES))
        case "redirect" | "hops" | "loop":
            return Page(status=302, body=b"", headers={"Location": _target(word, rest, path)})
        case _ if action.isdigit() and int(action) in _TITLES:
            return _plain(int(action))
        case _:
            raise ValueError(f"the lab has no page that does {action!r}")


def _target(word: str, rest: str, path: str) -> str:
    return {"redirect": rest, "loop": path}.get(word) or f"/hop/{int(rest) - 1}{path}"


def beyond(path: str) -> Page:
    """Give what a site answers for a path that is nobody's row: few places exist, the others are missing."""
    if path.startswith("/real/"):
        return _image(path, _IMAGE_BYTES)
    if path.startswith("/hop/"):
        number, _, rest = path.removeprefix("/hop/").partition("/")
        target = f"/hop/{int(number) - 1}/{rest}" if number.isdigit() and int(number) > 1 else f"/real/{rest}"
        return Page(status=302, body=b"", headers={"Location": target})
    if path == "/":
        return _html(200, "Welcome", "<p>Upload and share.</p>")
    return _plain(404)


def flapping(count: int, path: str) -> Page:
    """Give what a flapping page answers the `count`-th time: there, missing, missing, there again."""
    return _plain(404) if count % 3 else _image(path, _IMAGE_BYTES)


def _image(path: str, length: int) -> Page:
    return Page(status=200, kind="image/jpeg", body=b"\xff\xd8\xff\xe0" + _noise(path, length) + b"\xff\xd9")


def _noise(seed: str, length: int) -> bytes:
    block = hashlib.sha256(seed.encode()).digest()
    return (block * (length // len(block) + 1))[:length]


def _html(status: int, title: str, body: str, headers: dict[str, str] | None = None) -> Page:
    text = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"
    return Page(status=status, body=text.encode(), headers=headers or {})


_MANNERS = frozenset({"drip", "reset", "stall"})
_TITLES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    410: "Gone",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


def _plain(status: int) -> Page:
    return _html(status, f"{status} {_TITLES[status]}", "<hr><p>lab</p>")


_PAGES = {
    "soft404": _html(200, "Page not found", "<p>Sorry, the page you are looking for does not exist.</p>"),
    "removed page": _html(200, "File removed", "<p>This file has been removed because it violated our terms.</p>"),
    "suspended": _html(200, "Account Suspended", "<p>This account has been suspended. Contact your provider.</p>"),
    "parked": _html(200, "parked", "<p>This domain is for sale. Buy this domain today.</p>"),
    "login": _html(
        200,
        "Log in",
        '<p>You must log in to continue.</p><form method="post" action="/login">'
        '<input name="user"><input type="password" name="password"></form>',
    ),
    "another page": _html(
        200, "Garden tools", "<p>Rakes, spades and a wheelbarrow from Delft, at a fair price.</p>" * 9
    ),
    "third page": _html(
        200, "Tide tables", "<p>High water at noon, low water six hours later, wind from the west.</p>" * 9
    ),
    "captcha": _html(200, "Just a moment...", "<p>Checking your browser before you go on.</p>"),
    "geo": _html(200, "Sorry", "<p>This content is not available in your country.</p>"),
    "age": _html(200, "Are you over 18?", "<p>You must be over 18 to enter.</p>"),
    "maintenance": _html(200, "Maintenance", "<p>We are down for maintenance and will be back soon.</p>"),
    "cdn error": _html(200, "522: Connection timed out", '<div id="cf-error-details">Error 522</div>'),
    "default page": _html(200, "Welcome to nginx!", "<p>The web server is successfully installed.</p>"),
    "empty": Page(status=200, body=b""),
    "wildcard": _image("wildcard", _IMAGE_BYTES),
    "451 here": _html(451, "Unavailable", "<p>This content is not available in your country.</p>"),
    "451 everywhere": _html(451, "Removed", "<p>This content has been removed for all users in every country.</p>"),
}
#: Actions that show on every path of a host, not on one.
OF_THE_WHOLE_HOST = frozenset({"soft404", "suspended", "wildcard"})
#: … and what is shown to those only who look from where the lab itself lives.
CLOAKED = {"cloaked": "404", "cloaked wall": "403"}
