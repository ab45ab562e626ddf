"""The commands of ntd: a table of doors, each opened only when it is called, so that `ntd --help` is quick.

Exit codes: 0 done; 1 something failed; 2 wrong use or configuration; 3 input partly refused; 4 not found; 5 a needed
service cannot be reached. A fault is one sentence on standard error, never a traceback.
"""

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from schemas.errors import IllegalTransition, Misconfigured, NotFound, NtdError, Refused, Unreachable


class Door(NamedTuple):
    """Where a command lives: a module of this package whose `app` has it, and the line that the help shows."""

    module: str
    help: str


COMMANDS: Final = {
    "init": Door("init", "Write a commented ntd.toml, the key file and the database, or what is missing of them."),
    "check-config": Door("check_config", "Say whether the configuration would start."),
    "doctor": Door("doctor", "Try everything outside, a line each."),
    "migrate": Door("migrate", "Bring the database to this version."),
    "run": Door("run", "Run the daemon."),
    "submit": Door("submit", "Take items as NDJSON or CSV."),
    "inbox": Door("inbox", "Take one incoming message: a bounce, an answer."),
    "show": Door("show", "Tell the whole story of one item."),
    "list": Door("listing", "List items, newest first."),
    "hold": Door("acts", "Stop everything about items."),
    "release": Door("acts", "Let held items go on."),
    "reopen": Door("acts", "Begin anew with ended or gone items."),
    "withdraw": Door("acts", "Take items back."),
    "legal-hold": Door("acts", "Keep items beyond retention, until a day."),
    "gone": Door("acts", "Say by hand that content is gone."),
    "up": Door("acts", "Say by hand that content is up."),
    "seen": Door("acts", "Say that what came back was seen to: answers, bounces, attachments."),
    "resume": Door("acts", "Let items go that were only told in a dry run."),
    "notice": Door("notice", "What a notice looks like: preview; web forms to be filled in by hand: text, done."),
    "geo": Door("geo", "Data about registries: refresh."),
    "resolve": Door("resolve", "Look one URL up, with every fact and its source."),
    "check": Door("check", "Look at one URL from every vantage, with the evidence."),
    "site": Door(
        "site", "Sites followed even with no open item: watch, unwatch, list; what stands behind a front: origin."
    ),
    "report": Door("report", "Figures: removal, where sites went, what waits, what partners did."),
    "token": Door("token", "API tokens: create, list, revoke."),
    "demo": Door("demo", "The lab and the daemon together, end to end."),
}

#: The exit code of each kind of foreseen failure, the first that fits; every other is 1.
_CODES: Final[tuple[tuple[type[NtdError], int], ...]] = (
    (Misconfigured, 2),
    (Refused, 2),
    (NotFound, 4),
    (Unreachable, 5),
    (IllegalTransition, 1),
)

#: What the library that reads the command line says, and what we say.
_THEIRS: Final = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "not a whole number",
    "Input should be a valid number, unable to parse string as a number": "not a number",
    "Input should be greater than or equal to": "the least is",
}

app = typer.Typer(
    name="ntd",
    help="Notice and takedown: items in, notices out, checks until gone, figures.",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _remember(context: typer.Context, config: Path | None) -> None:
    """Keep the file for whoever asks for the settings; the mention nearest to the end of the line wins."""
    if config is not None:
        context.find_root().obj = config


@app.callback()
def _ntd(
    _config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="The configuration, before or after the command's name; else NTD_CONFIG, else ./ntd.toml.",
            callback=_remember,
            expose_value=False,
        ),
    ] = None,
) -> None:
    pass


class _Lazy(TyperCommand):
    """Stands in the list of commands; its module is imported when it is called."""

    def __init__(self, name: str, door: Door, config: Any) -> None:
        super().__init__(name=name, help=door.help)
        self._door = door
        self._config = config

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Import the command and let it read its arguments."""
        command: Any = get_command(import_module(f"ntd.cli.{self._door.module}").app)
        command = getattr(command, "commands", {}).get(self.name, command)
        _take_config(command, self._config)
        return command.make_context(info_name, args, parent=parent, **extra)


def _take_config(command: Any, option: Any) -> None:
    """Let a command, and all below it, take --config after its name too."""
    if not any("--config" in parameter.opts for parameter in command.params):
        command.params.append(option)
    for inner in getattr(command, "commands", {}).values():
        _take_config(inner, option)


def root() -> TyperGroup:
    """Make the command `ntd` with all its doors closed."""
    group = get_command(app)
    if not isinstance(group, TyperGroup):
        raise TypeError("ntd has commands")
    (config,) = (parameter for parameter in group.params if "--config" in parameter.opts)
    for name, door in COMMANDS.items():
        group.add_command(_Lazy(name, door, config))
    return group


def run(arguments: Sequence[str]) -> int:
    """Do what was typed and give the exit code."""
    try:
        outcome = root().main(list(arguments) or ["--help"], prog_name="ntd", standalone_mode=False)
    except typer.TyperException as fault:
        return _say(_plainly(fault.format_message()), getattr(fault, "exit_code", 1), _usage(fault))
    except typer.Abort:
        return _say("aborted", 1)
    except NtdError as fault:
        return _say(str(fault), code_of(fault))
    except OSError as fault:
        return _say(_of_system(fault), 1)
    except Exception as fault:  # noqa: BLE001 -- a bug is a sentence too: a traceback could quote what must not be shown
        return _say(_of_bug(fault), 1)
    return outcome if isinstance(outcome, int) else 0


def code_of(fault: NtdError) -> int:
    """Give the exit code of a foreseen failure."""
    return next((code for kind, code in _CODES if isinstance(fault, kind)), 1)


def _say(sentence: str, code: int, hint: str = "") -> int:
    sys.stderr.write(f"ntd: {sentence.rstrip('.') if hint else sentence}{hint}\n")
    return code


def _plainly(message: str) -> str:
    """Say it to who typed it, who knows no library: its words for what it checked go, or become ours."""
    for theirs, ours in _THEIRS.items():
        message = message.replace(theirs, ours)
    return message


def _usage(fault: Exception) -> str:
    context = getattr(fault, "ctx", None)
    return f"; see `{context.command_path} --help`" if context is not None else ""


def _of_system(fault: OSError) -> str:
    return f"{fault.filename}: {fault.strerror}" if fault.filename else f"the system says: {fault.strerror or fault}"


def _of_bug(fault: Exception) -> str:
    place = traceback.extract_tb(fault.__traceback__)[-1]
    return (
        f"this is a bug: {type(fault).__name__} in {Path(place.filename).name}, line {place.lineno}; please report it"
    )
