"""The layouts and words that notices are written in, tried before anybody is written to."""

from datetime import datetime

from notifiers.proof import prove
from notifiers.stationery import SHIPPED, Stationery
from ntd.gathering import sender
from schemas.errors import Misconfigured
from schemas.settings import Settings


def letterhead(settings: Settings, now: datetime) -> Stationery:
    """Give ours, or an organisation's own over ours; Misconfigured names file and line of what would fail."""
    folder = settings.notices.templates
    if folder is None:
        return SHIPPED  # the tests have tried them
    if not folder.is_dir():
        raise Misconfigured(
            f"notices.templates: {folder} is no folder; make it, with letter.txt, list.txt or words/LANGUAGE.toml "
            'in it, or write templates = ""'
        )
    stationery = Stationery(folder)
    prove(stationery, sender(settings), now)
    return stationery
