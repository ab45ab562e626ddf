"""`ntd init`: what a new installation needs, and nothing over what is there."""

from pathlib import Path
from typing import Annotated

import typer

import ntd
from ntd import log
from ntd.cli.frame import CLOCK, chosen, run, say
from ntd.config import DEFAULT_FILE, load
from ntd.store.connect import bring_up_to_date
from ntd.vault import create_key_file
from schemas.errors import Misconfigured

app = typer.Typer(add_completion=False)

_PACKAGE = Path(ntd.__file__).resolve().parent
#: A wheel brings it along inside the package; in a checkout it stands at the root, where people look for it.
_TEMPLATES = (_PACKAGE / "ntd.toml", _PACKAGE.parent / "ntd.toml")


@app.command()
def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where ntd.toml is to be.")] = Path(),
) -> None:
    """Write a commented ntd.toml, the key file and the database, or what is missing of them; never over another."""
    log.configure("console", "warning")
    file = chosen(context) or folder / DEFAULT_FILE
    _made(file, write_default(file))
    settings = load(file)
    _made(settings.security.key_file, _write_key(settings.security.key_file))
    applied = run(bring_up_to_date(settings, CLOCK.now()))
    say(f"{'made' if applied else 'kept'} the database")
    if settings.notices.dry_run:
        say(f"notices.dry_run is true: every message is written to {settings.notices.folder}, none is sent")


def _made(path: Path, wrote: bool) -> None:
    say(f"{'wrote' if wrote else 'kept'} {path}")


def write_default(file: Path) -> bool:
    """Write the commented default; False, and nothing touched, where there is a file already."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(next(one for one in _TEMPLATES if one.is_file()).read_text(encoding="utf-8"))
    except FileExistsError:
        return False
    except OSError as fault:
        raise Misconfigured(f"{file} cannot be written: {fault.strerror}") from fault
    return True


def _write_key(file: Path) -> bool:
    try:
        create_key_file(file)
    except FileExistsError:
        return False
    except OSError as fault:
        raise Misconfigured(f"security.key_file: {file} cannot be written: {fault.strerror}") from fault
    return True
