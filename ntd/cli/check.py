"""`ntd check`: one check from every vantage with its verdict and evidence; needs no database and no key."""

import secrets
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.tree import Tree

from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from ntd.cli.frame import CLOCK, run, settings_of
from ntd.cli.output import console, print_json
from ntd.looking import open_looker
from schemas.check import Observation, Round, Tls
from schemas.settings import Settings
from schemas.url import Url, parse_url
from schemas.wire import moment_json

app = typer.Typer(add_completion=False)


@app.command()
def check(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The URL to look at.", metavar="URL")],
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Look at one URL from every vantage once; the exit code is 0 whatever the verdict."""
    settings, parsed = settings_of(context, required=False), parse_url(url)
    seen = run(_look(settings, parsed))
    if json:
        print_json(check_json(parsed, seen))
    else:
        console().print(_tree(parsed, seen))


async def _look(settings: Settings, url: Url) -> Round:
    async with (
        Locator.open(settings, MemoryRegistrations()) as locator,
        open_looker(settings, locator, CLOCK, secrets.token_bytes(16)) as looker,
    ):
        return await looker.round(url, now=CLOCK.now())


def check_json(url: Url, seen: Round) -> dict[str, Any]:
    """Write a round as the contract shows it (section 6)."""
    return {
        "url": url.text,
        "at": moment_json(seen.at),
        "verdict": seen.meaning.verdict,
        "reason": seen.meaning.reason,
        "gone_by": seen.meaning.gone_by,
        "observations": [_observation_json(one) for one in seen.observations],
    }


def _observation_json(seen: Observation) -> dict[str, Any]:
    return {
        "vantage": seen.vantage,
        "outcome": seen.sight,
        "addresses": [str(address) for address in seen.addresses],
        "address": str(seen.address) if seen.address else None,
        "hops": [asdict(hop) for hop in seen.hops],
        "status": seen.status,
        "type": seen.body.type if seen.body else None,
        "length_bytes": seen.body.length_bytes if seen.body else None,
        "truncated": seen.body.truncated if seen.body else None,
        "sha256": seen.body.sha256 if seen.body else None,
        "likeness": seen.body.likeness if seen.body else None,
        "signs": asdict(seen.signs),
        "fault": seen.fault,
        "tls": _tls_json(seen.tls) if seen.tls else None,
        "retry_after_s": seen.retry_after_s,
        "elapsed_s": seen.elapsed_s,
        "phases": asdict(seen.phases),
    }


def _tls_json(noted: Tls) -> dict[str, Any]:
    return asdict(noted) | {"expires_at": moment_json(noted.expires_at)}


def _tree(url: Url, seen: Round) -> Tree:
    by = f" ({seen.meaning.gone_by})" if seen.meaning.gone_by else ""
    tree = Tree(f"{url.text}: {seen.meaning.verdict}{by}, {seen.meaning.reason}")
    for one in seen.observations:
        look = tree.add(f"{one.vantage} at {one.address or 'no address'}: {one.sight}, {one.elapsed_s:.2f} s")
        for hop in one.hops:
            look.add(f"{hop.status} {hop.url}")
        if one.body is not None:
            cut = ", cut" if one.body.truncated else ""
            look.add(f"{one.body.type or 'no type'}, {one.body.length_bytes} bytes{cut}, sha256 {one.body.sha256}")
        marks = {name: mark for name, mark in asdict(one.signs).items() if mark not in {None, False}}
        for label, value in (("signs", marks), ("tls", one.tls.trust if one.tls else None), ("fault", one.fault)):
            if value:
                look.add(f"{label}: {value}")
    return tree
