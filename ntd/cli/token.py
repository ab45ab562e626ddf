"""`ntd token`: API tokens."""

from typing import Annotated

import typer

from ntd.cli.frame import CLOCK, say, settings_of, with_store
from ntd.cli.output import emit, print_json
from ntd.store import tokens
from schemas.access import Role

app = typer.Typer(add_completion=False, help="API tokens: create, list, revoke.")

Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Csv = Annotated[bool, typer.Option("--csv", help="Rows as CSV.")]


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose token it is, as the record will name it.")],
    role: Annotated[Role, typer.Option(help="What it is for.")],
    partner: Annotated[str | None, typer.Option(metavar="CODE", help="Of role partner: whose.")] = None,
    json: Json = False,
) -> None:
    """Make a token and show it, this once."""
    known = {one.code for one in settings_of(context).partner}
    if partner is not None and partner not in known:
        say(f"ntd: warning: no [[partner]] has the code {partner} yet")
    token, secret = with_store(context, lambda store: tokens.create(store, name, role, partner, CLOCK.now()))
    if json:
        print_json({"token": secret, "id": str(token)})
    else:
        print(secret)


@app.command("list")
def listing(context: typer.Context, json: Json = False, csv: Csv = False) -> None:
    """List all tokens, revoked ones too."""
    rows = with_store(context, tokens.listing)
    columns = ("id", "name", "role", "partner", "created_at", "revoked_at")
    emit({"tokens": rows}, columns, rows, json=json, csv=csv)


@app.command()
def revoke(
    context: typer.Context, token: Annotated[str, typer.Argument(metavar="NAME|ID", help="As the list shows it.")]
) -> None:
    """Make a token worthless at once; by name, all that carry it."""
    count = with_store(context, lambda store: tokens.revoke(store, token, CLOCK.now()))
    say(f"{count} revoked")
