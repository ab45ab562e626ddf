"""Steps in time, as the scenario table writes them. Pure.

A script is a list of steps; the first stands from the beginning, each next one begins after its cue:

    "404"                    (first step) from the beginning
    "told: 404"              as soon as a message about it was taken, counted from the step before
    "told +2s: 404"          two seconds after that
    "+9s: image"             nine seconds after the step before began
    "told: same"             wait for the cue, change nothing

Cues are heard in order: a step's cue counts only once the step before it has begun.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Cue(StrEnum):
    """What a step can wait for."""

    LOOKED = "looked"  # somebody asked for it: a question for the name, a request for the page
    TOLD = "told"  # the hoster's side took a message that names it
    FORWARDED = "forwarded"  # a partner took it
    ESCALATED = "escalated"  # the regulator was told


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happens next, and what it waits for. `cue` None: for time alone."""

    cue: Cue | None
    delay: timedelta
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a script stands: the step that holds, since when, and when the next one's cue was heard."""

    index: int
    since: datetime
    cued_at: datetime | None = None


Script = tuple[Step, ...]

_STEP = re.compile(
    r"(?:(?P<cue>looked|told|forwarded|escalated)?\s*(?:\+(?P<delay>\d+(?:\.\d+)?)s)?:\s+)?(?P<action>\S.*)"
)


def parse_script(lines: list[str]) -> Script:
    """Read the steps of a script; ValueError names the one that cannot be read.

    >>> [step.action for step in parse_script(["image", "told +2s: 404"])]
    ['image', '404']
    """
    steps: list[Step] = []
    for line in lines:
        step = _parse_step(line)
        if step.action == "same":
            step = Step(cue=step.cue, delay=step.delay, action=steps[-1].action)
        steps.append(step)
    if not steps:
        raise ValueError('a script has at least one step, for example ["image", "told +2s: 404"]')
    return tuple(steps)


def _parse_step(line: str) -> Step:
    match = _STEP.fullmatch(line)
    if match is None:
        raise ValueError(f'{line!r} is not a step; write for example "told +2s: 404"')
    return Step(
        cue=Cue(match["cue"]) if match["cue"] else None,
        delay=timedelta(seconds=float(match["delay"] or 0)),
        action=match["action"],
    )


def advance(script: Script, standing: Standing, now: datetime) -> Standing:
    """Let time pass: give the step that holds at `now`."""
    while standing.index + 1 < len(script):
        following = script[standing.index + 1]
        heard = standing.since if following.cue is None else standing.cued_at
        if heard is None or heard + following.delay > now:
            return standing
        standing = Standing(index=standing.index + 1, since=heard + following.delay)
    return standing


def hear(script: Script, standing: Standing, cue: Cue, at: datetime) -> Standing:
    """Let something happen at `at`; the next step may have waited for it."""
    standing = advance(script, standing, at)
    if standing.index + 1 < len(script) and standing.cued_at is None and script[standing.index + 1].cue is cue:
        standing = Standing(index=standing.index, since=standing.since, cued_at=at)
    return advance(script, standing, at)
