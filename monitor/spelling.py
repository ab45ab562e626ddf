"""Words spelled as the data files spell them. Pure."""

import re
import unicodedata
from typing import Final

#: Letters that are written without their accents too, and that Unicode does not take apart.
_PLAIN: Final = str.maketrans("ıłđø", "ildo")
#: Marks that are made of two and nothing else (Unicode, NonStarterDecomposition).
_MARKS_IN_ONE: Final = "\u0f73\u0f75\u0f81"
#: Marks that stand upon other letters: all that Unicode has, which are below this.
_MARKS_END: Final = 0x20000
_MARKS: Final = re.compile(
    f"[{''.join(filter(unicodedata.combining, map(chr, range(0x300, _MARKS_END))))}{_MARKS_IN_ONE}]+"
)
#: Characters that are taken apart at once.
_PIECE: Final = 4096
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
    # Piece by piece, because each letter is an object of its own for a moment; and without the marks that stand alone
    # first, because to put a page full of them in order takes time by its square.
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    letters = "".join(_MARKS.sub("", unicodedata.normalize("NFD", _MARKS.sub("", piece))) for piece in pieces)
    return unicodedata.normalize("NFC", letters).translate(_PLAIN)
