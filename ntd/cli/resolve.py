"""`ntd resolve`: one look-up with every fact and its source; needs no database and no key."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.tree import Tree

from geo.platforms import content_address
from geo.registration_cache import MemoryRegistrations
from geo.resolve import Locator
from ntd.cli.frame import CLOCK, run, settings_of
from ntd.cli.output import console, print_json
from schemas.hosting import Contact, DomainFacts, Located, PlatformKind, Resolution
from schemas.settings import Settings
from schemas.url import HostKind, Url, parse_url
from schemas.wire import resolution_json

app = typer.Typer()


@app.command()
def resolve(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The URL to look up.", metavar="URL")],
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Look one URL up, with every fact and its source."""
    settings, parsed = settings_of(context, required=False), parse_url(url)
    resolution = run(_look(settings, parsed))
    if json:
        print_json(resolution_json(parsed, resolution))
    else:
        console().print(tree_of(parsed, resolution))


async def _look(settings: Settings, url: Url) -> Resolution:
    async with Locator.open(settings, MemoryRegistrations()) as locator:
        return await locator.resolve(url.host, url.site, url.kind, CLOCK.now(), registrar=True)


def tree_of(url: Url, resolution: Resolution) -> Tree:
    """Draw the reasoning: what was found, who is told and why, and every question asked on the way."""
    tree = Tree(url.text)
    name = tree.add(f"host {resolution.host}, site {resolution.site}, kind {resolution.kind}: {resolution.fate}")
    for label, values in (
        ("CNAME", resolution.cnames),
        ("name servers", resolution.nameservers),
        ("not public, never dialled", tuple(map(str, resolution.not_public))),
    ):
        if values:
            name.add(f"{label}: {', '.join(values)}")
    for line in _kind_lines(url, resolution):
        name.add(line)
    if resolution.registrar is not None:
        name.add(f"registrar: {resolution.registrar}{_domain_words(resolution.domain)}")
    for located in resolution.located:
        _draw(tree, located)
    if not resolution.located:
        tree.add("no hosting found")
    if not resolution.complete:
        tree.add("not complete: somebody did not answer; what stands here is still true")
    asked = tree.add("questions")
    for question in resolution.questions:
        age_s = question.age_s(resolution.at)
        age = f", {age_s:.0f} s ago" if age_s else ""
        asked.add(f"{question.asked} — {question.of}{age}: {question.answer}")
    return tree


def _kind_lines(url: Url, resolution: Resolution) -> Iterator[str]:
    """Say what the kind of host means for who is told."""
    shared = resolution.shared
    if shared is not None:
        yield f"shared with strangers under {shared.under} — {shared.rule}"
        spared = "upstreams" if shared.own_domain else "upstreams and registrar"
        yield f"never told about it: {spared}, who would hit everybody else there"
        if shared.kind is PlatformKind.SHORTENER:
            yield "a link shortener: what it leads to is a URL of its own, told about only when it is submitted"
    if (content := content_address(url)) is not None:
        yield f"IPFS content {content}, shown by a gateway: what one no longer shows, every other one still does"
    if resolution.kind is HostKind.ONION:
        yield "an onion service: nobody can tell where it stands, so nobody can be told (RFC 7686)"


def _domain_words(domain: DomainFacts | None) -> str:
    if domain is None:
        return ""
    created = [f"created {domain.created.date().isoformat()}"] if domain.created is not None else []
    return "".join(f", {words}" for words in (*created, *domain.status))


def _draw(tree: Tree, located: Located) -> None:
    place = located.place
    front = f", a front: {place.front}" if place.front is not None else ""
    branch = tree.add(f"{place.hoster} in {place.country or 'an unknown country'}{front}")
    branch.add(f"addresses: {', '.join(map(str, located.addresses))}")
    asn = f"AS{place.asn} {place.as_name or ''}".strip() if place.asn is not None else "no AS known"
    branch.add(f"network: {place.prefix or 'not known'}, {asn}{f', {place.category}' if place.category else ''}")
    if place.reach is not None:
        branch.add(place.reach.words)
    sources = ", ".join(f"{source} says {country}" for source, country in place.country_sources.items())
    branch.add(f"country: {sources or 'nobody says'}{' — DISPUTED' if place.country_disputed else ''}")
    for rank, contact in enumerate(located.contacts):
        branch.add(_contact_line(rank, contact))
    if not located.contacts:
        branch.add("contact: nobody is known")


def _contact_line(rank: int, contact: Contact) -> str:
    what = "contact" if rank == 0 else "then"
    doubt = f"; put behind: {contact.doubt}" if contact.doubt is not None else ""
    return f"{what}: {contact.address} ({contact.channel}, {contact.source}) — {contact.rule}{doubt}"
