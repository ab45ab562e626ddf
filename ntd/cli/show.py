"""`ntd show`: the whole story of one item."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.tree import Tree

from ntd.cli.frame import CLOCK, with_store
from ntd.cli.output import console, print_json, shown
from ntd.store.items import story

app = typer.Typer(add_completion=False)

_HEAD = ("id", "attention", "site", "classification", "confirmed", "source", "priority", "reports")


@app.command()
def show(
    context: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ID|URL", help="As `ntd list` shows it, or the whole URL.")],
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Tell the whole story of one item."""
    told = with_store(context, lambda store: story(store, item, CLOCK.now()))
    if json:
        print_json(told)
    else:
        console().print(tree_of(told))


def tree_of(told: Mapping[str, Any]) -> Tree:
    """Draw a story: what it is, where it lives, what it was told and answered, what was seen, what happened."""
    tree = Tree(f"{told['url']}: {told['state']}")
    _facts(tree.add("item"), {key: told.get(key) for key in (*_HEAD, "references")})
    hosting = tree.add("hosting")
    for hoster in told["hosters"]:
        _facts(hosting.add(shown(hoster.get("hoster")) or "unknown"), _place(hoster))
    _facts(tree.add("clock"), told["clock"])
    _list(
        tree,
        "notices",
        told["notices"],
        ("id", "kind", "to", "state", "accepted_at", "delivered_at", "bounced_at", "ticket", "answers", "mail"),
    )
    _list(tree, "forwards", told["forwards"], ("partner", "state", "accepted_at", "answers"))
    checks = tree.add(f"checks: {told['checks']['count']}")
    _facts(checks, told["checks"]["last"] or {})
    _list(tree, "relocations", told["relocations"], ("kind", "seen_old_until", "seen_new_from", "from", "to"))
    _list(tree, "history", told["history"], ("at", "event", "from", "to", "by", "detail"))
    return tree


def _place(hoster: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what only says again what stands beside it."""
    again = {
        "hoster": True,  # the branch is called so
        "origins": hoster["origins"] == [hoster["asn"]],
        "origin": not hoster["origin"],
        "contacts": hoster["contacts"] == [hoster["contact"]],
    }
    return {name: value for name, value in hoster.items() if not again.get(name)}


def _facts(branch: Tree, facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        if text := shown(value):
            branch.add(f"{name.replace('_', ' ')}: {text}")


def _list(tree: Tree, title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    if rows:
        branch = tree.add(title)
        for row in rows:
            branch.add("  ".join(text for column in columns if (text := shown(row.get(column)))))
