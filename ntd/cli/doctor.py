"""`ntd doctor`: everything outside is tried, a line each; nothing is sent, nothing is changed."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer

from ntd.cli.frame import run, settings_of
from ntd.cli.output import print_json
from ntd.cli.trials import mail, names, ours, peers, vantages
from ntd.cli.trials.finding import Finding, Health, Trial
from schemas.errors import NtdError, Unreachable
from schemas.settings import Settings

app = typer.Typer(add_completion=False)

#: In the order in which the lines come.
_TRIALS: Final[Sequence[Trial]] = (
    *(ours.database, names.names, names.registries, mail.mail, mail.inbox),
    *(peers.partners, peers.hosters, ours.letters, vantages.vantages, mail.readers),
)


@app.command()
def doctor(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False
) -> int:
    """Try everything outside, a line each; 1 when something is wrong, 5 when something needed cannot be reached."""
    findings = run(examine(settings_of(context)))
    if json:
        print_json({"findings": [asdict(finding) for finding in findings]})
    else:
        print("\n".join(map(_line, findings)))
    healths = {finding.health for finding in findings}
    return 5 if Health.AWAY in healths else 1 if Health.FAULT in healths else 0


def _line(finding: Finding) -> str:
    remedy = f" — {finding.remedy}" if finding.remedy else ""
    return f"{finding.health.upper():<12} {finding.name}: {finding.detail}{remedy}"


async def examine(settings: Settings) -> list[Finding]:
    """Try one after the other."""
    return [finding for trial in _TRIALS async for finding in _safely(trial, settings)]


async def _safely(trial: Trial, settings: Settings) -> AsyncIterator[Finding]:
    try:
        async for finding in trial(settings):
            yield finding
    except Unreachable as fault:
        yield Finding(name=trial.__name__, health=Health.AWAY, detail=str(fault))
    except NtdError as fault:
        yield Finding(name=trial.__name__, health=Health.FAULT, detail=str(fault))
