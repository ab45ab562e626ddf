"""HTML to lines of text, so that it can be read like any other mail: quotations are marked, what is hidden is dropped.

No parser: mail is not valid HTML, and only its words matter. It reads the text once, whatever stands in it.
"""

import html
import re

#: What stands between these is not shown.
_HIDDEN = {
    "<!--": "-->",
    "<style": "</style",
    "<script": "</script",
    "<head": "</head",
    "<title": "</title",
    "<svg": "</svg",
}
_OPENS = re.compile("|".join(_HIDDEN), re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})([^<>]{0,4000})>")
_LINES = frozenset(
    [
        "address",
        "br",
        "div",
        "dl",
        "dt",
        "dd",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "table",
        "td",
        "tr",
        "ul",
    ]
)
_QUOTED = re.compile(r"gmail_quote|yahoo_quoted|moz-cite|protonmail_quote|divRplyFwdMsg", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\xa0]+")
_MANY = re.compile(r"\n{3,}")


def lines_of(markup: str) -> str:
    """Give the text of an HTML part, what stands in a blockquote marked with ">"."""
    flat = _SPACES.sub(" ", _shown(markup).replace("\n", " "))
    depth, end = 0, 0
    lines: list[list[str]] = [[""]]
    for tag in _TAG.finditer(flat):
        lines[-1].append(flat[end : tag.start()])
        end = tag.end()
        name = tag[2].lower()
        if name == "blockquote":
            depth = max(0, depth + (-1 if tag[1] else 1))
        if name == "blockquote" or name in _LINES:
            lines.append(["> " * min(depth, 3)])
        if _QUOTED.search(tag[3][:500]):
            lines += [["-----Original Message-----"], [""]]
    lines[-1].append(flat[end:])
    written = ("".join(line).strip(" ") for line in lines)
    text = html.unescape("\n".join(line if line.strip("> ") else "" for line in written))
    return _MANY.sub("\n\n", _SPACES.sub(" ", text)).strip()


def _shown(markup: str) -> str:
    lower, kept, at = markup.lower(), [], 0
    while opening := _OPENS.search(lower, at):
        kept.append(markup[at : opening.start()])
        close = lower.find(_HIDDEN[opening[0]], opening.end())
        if close < 0:
            return "".join(kept)  # hidden to the end
        at = lower.find(">", close) + 1 or len(markup)
    return "".join([*kept, markup[at:]])
