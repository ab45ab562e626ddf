"""The lab's steps in time."""

from datetime import UTC, datetime, timedelta

import pytest

from ntd.lab.script import Cue, Script, Standing, advance, hear, parse_script

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Give the moment so many seconds after the start."""
    return START + timedelta(seconds=seconds)


def action(script: Script, standing: Standing, now: datetime) -> str:
    """Give what holds at a moment."""
    return script[advance(script, standing, now).index].action


def test_first_step_stands_until_its_successors_cue() -> None:
    """A step with a cue begins its delay after the cue, however long that takes."""
    script = parse_script(["image", "told +2s: 404"])
    standing = Standing(index=0, since=START)

    assert action(script, standing, after(1000)) == "image"
    told = hear(script, standing, Cue.TOLD, after(1000))
    assert action(script, told, after(1001.9)) == "image"
    assert action(script, told, after(1002)) == "404"


def test_cues_count_only_after_the_step_before_has_begun() -> None:
    """A second telling is heard only by the step that waits for a second one."""
    script = parse_script(["image", "told: same", "told +1s: 404"])
    standing = Standing(index=0, since=START)

    once = hear(script, standing, Cue.TOLD, after(5))
    assert action(script, once, after(100)) == "image"
    twice = hear(script, once, Cue.TOLD, after(20))
    assert action(script, twice, after(21)) == "404"


def test_a_cue_is_heard_once() -> None:
    """The same cue again while a delay runs does not begin it anew."""
    script = parse_script(["image", "told +5s: 404"])
    first = hear(script, Standing(index=0, since=START), Cue.TOLD, after(1))

    again = hear(script, first, Cue.TOLD, after(4))
    assert action(script, again, after(6)) == "404"


def test_steps_of_time_alone_follow_one_another() -> None:
    """A step without cue counts from the moment the step before it began, also when several pass at once."""
    script = parse_script(["image", "+3s: 404", "+2s: image", "forwarded: 410"])

    late = advance(script, Standing(index=0, since=START), after(60))
    assert (late.index, late.since) == (2, after(5))


def test_looking_can_begin_a_step_that_ends_by_itself() -> None:
    """A parking page that lasts less than a second is seen by the look that begins it."""
    script = parse_script(["polder.1", "looked: parkeer.1", "+0.8s: polder.1"])

    seen = hear(script, Standing(index=0, since=START), Cue.LOOKED, after(7))
    assert script[seen.index].action == "parkeer.1"
    assert action(script, seen, after(7.8)) == "polder.1"


def test_an_action_may_hold_a_url() -> None:
    """What looks like a cue inside a URL is none."""
    (step,) = parse_script(["redirect http://10.9.8.7/x.jpg"])

    assert (step.cue, step.action) == (None, "redirect http://10.9.8.7/x.jpg")


@pytest.mark.parametrize("lines", [[], [""], ["  "]])
def test_a_script_that_says_nothing_is_refused(lines: list[str]) -> None:
    """Who writes an empty script is told what one looks like."""
    with pytest.raises(ValueError, match="told"):
        parse_script(lines)
