"""`ntd check-config`: would it start?"""

import typer

from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from notifiers.press import open_press
from notifiers.registry import Dispatcher
from ntd.cli.frame import CLOCK, file_of, run, say, settings_of
from ntd.letterhead import letterhead
from ntd.vault import read_key_file
from schemas.settings import Settings

app = typer.Typer(add_completion=False)


@app.command("check-config")
def check_config(context: typer.Context) -> None:
    """Say whether the configuration would start: keys, secrets, key file, tables; nothing outside is asked."""
    settings = settings_of(context)
    read_key_file(settings.security.key_file)
    now = CLOCK.now()
    press = open_press(settings, letterhead(settings, now))
    unspoken = [one for one in settings.organisation.languages if not press.stationery.serves(one)]
    if unspoken:
        known = f"English instead; there are {', '.join(press.stationery.languages)}"
        say(f"ntd: warning: organisation.languages: no words in {', '.join(unspoken)}: {known}")
    if (bounces := settings.notices.bounce_address) and "TOKEN" not in bounces:
        say(f"ntd: warning: notices.bounce_address: {_extended(bounces)}")
    for certificate in press.expired(now):
        say(f"ntd: warning: {certificate.path} has expired: what is for its reader waits for a new one")
    for fault in run(_opened(settings)):
        say(f"ntd: warning: {fault}")
    say(f"{file_of(context)} would start")
    if settings.notices.dry_run:
        say(f"notices.dry_run is true: every message is written to {settings.notices.folder}, none is sent")


def _extended(bounces: str) -> str:
    local, _, domain = bounces.rpartition("@")
    return (
        f'"{bounces}" has no TOKEN; each message\'s own is put behind the name ({local}+…@{domain}), which your mail '
        f'server must deliver there; write for example "bounces+TOKEN@{domain}" to say where it stands'
    )


async def _opened(settings: Settings) -> tuple[str, ...]:
    """Open what needs nobody outside; give the rows that cannot be used."""
    async with Locator.open(settings, MemoryRegistrations()) as locator, Dispatcher.open(settings, CLOCK.now):
        return locator.faults
