"""What a person decides about items: hold, release, reopen, withdraw, gone, up, seen, resume.

All items of one command change together, or none does.
"""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import typer

from ntd import acts
from ntd.cli.frame import CLOCK, say, settings_of, with_store
from ntd.cli.words import moment, who
from ntd.store.base import Store
from ntd.store.items import Filters, pages
from schemas.ids import ItemId
from schemas.item import Attention

app = typer.Typer(add_completion=False)

Items = Annotated[list[str], typer.Argument(metavar="ID…", help="Ids as `ntd list` shows them, or whole URLs.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why: it stands in the record.")]
Decide = Callable[..., Awaitable[None]]

# What waits for `ntd resume` may be everything: so many go in one transaction.
_AT_ONCE = 500
_DRY_RUN_OVER = "the dry run is over"


class Because(StrEnum):
    """Why an item is withdrawn; only an error of ours tells the recipients."""

    ERROR = "error"
    POLICE = "police"
    DUPLICATE = "duplicate"


@app.command()
def hold(
    context: typer.Context,
    items: Items,
    reason: Reason,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Let go by itself then; else by `release`.")] = None,
) -> None:
    """Stop everything about items: nothing is sent; nothing is looked at without police.probe_held."""
    _do(context, items, acts.hold, "held", reason=reason, until=moment(until))


@app.command()
def release(context: typer.Context, items: Items, reason: Reason) -> None:
    """Let held items go on from what the facts say."""
    _do(context, items, acts.release, "released", reason=reason)


@app.command()
def reopen(context: typer.Context, items: Items, reason: Reason) -> None:
    """Begin anew with ended or gone items: looked up and told again."""
    _do(context, items, acts.reopen, "reopened", reason=reason)


@app.command()
def withdraw(
    context: typer.Context,
    items: Items,
    reason: Reason,
    because: Annotated[Because, typer.Option(help="Only `error` tells who was told, by item id.")] = Because.ERROR,
) -> None:
    """Take items back: our work on them ends."""
    _do(context, items, acts.withdraw, "withdrawn", reason=reason, because=because.value)


@app.command("legal-hold")
def legal_hold(
    context: typer.Context,
    items: Items,
    until: Annotated[str, typer.Option(metavar="DATE", help="Kept at least until then; the last word counts.")],
    reason: Reason,
) -> None:
    """Keep items beyond retention, whatever becomes of them: a court or the police want them."""
    _do(context, items, acts.legal_hold, f"kept until {until}", reason=reason, until=moment(until))


@app.command()
def gone(context: typer.Context, items: Items, reason: Reason) -> None:
    """Say by hand that the content is gone; it is watched from now on."""
    _do(context, items, acts.gone, "gone", reason=reason)


@app.command()
def up(context: typer.Context, items: Items, reason: Reason) -> None:
    """Say by hand that the content is up: a run is broken, a gone item has returned."""
    _do(context, items, acts.up, "up", reason=reason)


@app.command()
def seen(context: typer.Context, items: Items, reason: Reason) -> None:
    """Say that what came back about items was seen to: answers, bounces, attachments wait no more."""
    _do(context, items, acts.seen, "seen", reason=reason)


@app.command()
def resume(
    context: typer.Context,
    items: Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="None: all that wait for it.")] = None,
) -> None:
    """Let items go that were only told in a dry run."""
    if items:
        _do(context, items, acts.resume, "resumed", reason=_DRY_RUN_OVER)
    else:
        settings = settings_of(context)
        act = partial(acts.resume, settings=settings, reason=_DRY_RUN_OVER, by=who())
        say(f"{with_store(context, lambda store: _resume_all(store, act))} resumed")


def _do(context: typer.Context, items: Sequence[str], act: Decide, done: str, **given: Any) -> None:
    settings = settings_of(context)

    async def work(store: Store) -> None:
        ids = [await acts.item_id(store, one) for one in items]
        await act(store, settings, list(dict.fromkeys(ids)), by=who(), now=CLOCK.now(), **given)

    with_store(context, work)
    say(f"{len(set(items))} {done}")


async def _resume_all(store: Store, act: Decide) -> int:
    waiting = [
        ItemId(UUID(one["id"])) async for page in pages(store, Filters(attention=Attention.DRY_RUN)) for one in page
    ]
    for at in range(0, len(waiting), _AT_ONCE):
        await act(store, ids=waiting[at : at + _AT_ONCE], now=CLOCK.now())
    return len(waiting)
