"""Words spelled as the data files spell them. Pure."""

import re
import unicodedata
from typing import Final

#: Letters that are written without their accents too, and that Unicode does not take apart.
_PLAIN: Final = str.maketrans("ıłđø", "ildo")
#: A word or an ending in parentheses: "does not exist (anymore)", "your file(s)".
_ASIDE: Final = re.compile(r"\(([^\W\d_]{1,8})\)")


def plain_words(text: str) -> str:
    """Spell words as the data files do: lower case, plain apostrophes, no soft hyphens, "file(s)" as "files"."""
    text = folded(text.lower().replace("’", "'").replace("\u00ad", "").replace("\u00a0", " "))
    return _ASIDE.sub(r"\1", text) if "(" in text else text


def folded(text: str) -> str:
    """Leave the accents away: many who write a language, and many pages in it, do.

    >>> folded("fișierul a fost șters")
    'fisierul a fost sters'
    """
    if text.isascii():
        return text
    letters = (one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))
    return unicodedata.normalize("NFC", "".join(letters)).translate(_PLAIN)
