"""The reasoning of a look as a tree: what was found, who is told by which rule, and every question with its answer."""

from collections.abc import Iterator, Sequence

from rich.text import Text
from rich.tree import Tree

from geo.platforms import content_address
from schemas.hosting import Contact, DomainFacts, Located, NameFate, PlatformKind, Question, Resolution
from schemas.url import HostKind, Url

_GUIDE = "dim"
_BAD = "red"
#: First words of questions to others than name servers, and who they are.
_ASKED = {"network": "network files", "rdap": "registries"}
_FATES = {
    NameFate.FOUND: "found",
    NameFate.NXDOMAIN: "there is no such name (NXDOMAIN)",
    NameFate.NODATA: "the name has no address (NODATA)",
    NameFate.SERVFAIL: "could not be found out: the name servers fail (SERVFAIL)",
    NameFate.REFUSED: "could not be found out: the name servers refuse (REFUSED)",
    NameFate.LAME: "could not be found out: the name servers point elsewhere (LAME)",
    NameFate.TIMEOUT: "could not be found out: no name server answered (TIMEOUT)",
    NameFate.VOID: "could not be found out: the name servers lie (VOID)",
    NameFate.NOT_ASKED: "not asked of any name server",
    NameFate.FAULT: "could not be found out: the fault is ours",
}


def tree_of(url: Url, resolution: Resolution) -> Tree:
    """Draw a look, the answer first and below it every question asked on the way, of whom, and how long ago."""
    tree = Tree(Text(url.text, style="bold"), guide_style=_GUIDE)
    _draw_host(tree, url, resolution)
    for located in resolution.located:
        _draw_place(tree, located, resolution)
    if not resolution.located:
        tree.add(Text("no hosting found", style=_BAD))
    if not resolution.complete:
        tree.add(Text("not complete: somebody did not answer; what stands here is still true", style=_BAD))
    asked = tree.add("questions")
    for who, questions in _by_whom(resolution.questions):
        _draw_questions(asked.add(who), questions, resolution)
    return tree


def _draw_host(tree: Tree, url: Url, resolution: Resolution) -> None:
    name = tree.add(f"host {resolution.host}, site {resolution.site}, kind {resolution.kind}")
    holds = f", for {resolution.ttl_s:,} s" if resolution.ttl_s else ""
    name.add(Text(_FATES[resolution.fate] + holds, style="" if resolution.fate.answered else _BAD))
    for label, values in (
        ("addresses", resolution.addresses),
        ("not public, never dialled", resolution.not_public),
        ("CNAME", resolution.cnames),
        ("name servers", resolution.nameservers),
    ):
        if values:
            name.add(f"{label}: {', '.join(map(str, values))}")
    for line in (*_zone_lines(resolution), *_kind_lines(url, resolution)):
        name.add(line)
    if resolution.registrar is not None:
        told = resolution.registrar_contact
        registrar = name.add(f"registrar: {resolution.registrar}{_domain_words(resolution.domain)}")
        registrar.add(_contact("reached at", told) if told else "no contact known")


def _domain_words(domain: DomainFacts | None) -> str:
    if domain is None:
        return ""
    created = [f"created {domain.created.date().isoformat()}"] if domain.created is not None else []
    return "".join(f", {words}" for words in (*created, *domain.status))


def _zone_lines(resolution: Resolution) -> Iterator[str]:
    soa = resolution.soa
    if soa is not None:
        yield f"zone {soa.zone}: served first by {soa.primary}, run by {soa.mailbox}, serial {soa.serial}"
    if resolution.wildcard:
        yield "a wildcard: a name that nobody ever gave out is answered the same"


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


def _draw_place(tree: Tree, located: Located, resolution: Resolution) -> None:
    place = located.place
    front = f", a front: {place.front}" if place.front is not None else ""
    branch = tree.add(Text(f"{place.hoster} in {place.country or 'an unknown country'}{front}", style="bold"))
    branch.add(f"addresses: {', '.join(map(str, located.addresses))}")
    asn = f"AS{place.asn} {place.as_name or ''}".strip() if place.asn is not None else "no AS known"
    category = f", {place.category}" if place.category else ""
    branch.add(f"network: {place.prefix or 'not known'}, {asn}{category}{_network_source(located, resolution)}")
    if place.reach is not None:
        branch.add(place.reach.words)
    branch.add(_country(located))
    for rank, contact in enumerate(located.contacts):
        branch.add(_contact("contact" if rank == 0 else "then", contact))
    if not located.contacts:
        branch.add(Text("contact: nobody is known", style=_BAD))


def _network_source(located: Located, resolution: Resolution) -> str:
    """Name the source that knew the network of the lowest address."""
    asked = {question.asked: question for question in resolution.questions}
    question = asked.get(f"network {located.addresses[0]}")
    known = question is not None and str(located.place.prefix) in question.answer
    return f" — {question.of}, longest prefix" if question is not None and known else ""


def _country(located: Located) -> Text:
    place = located.place
    said = ", ".join(f"{source.replace('_', ' ')} says {country}" for source, country in place.country_sources.items())
    if not said:
        return Text("country: nobody says", style=_BAD)
    decided = f"{place.country}, by the first of geo.country_order that names one" if place.country else "not known"
    line = Text(f"country: {decided} — {said}")
    return line.append(": DISPUTED, a human looks", style=_BAD) if place.country_disputed else line


def _contact(what: str, contact: Contact) -> str:
    doubt = f"; put behind: {contact.doubt}" if contact.doubt is not None else ""
    return f"{what}: {contact.address} ({contact.channel}, {contact.source}) — {contact.rule}{doubt}"


def _by_whom(questions: Sequence[Question]) -> Iterator[tuple[str, list[Question]]]:
    """Group the questions by who was asked, the name servers first."""
    groups: dict[str, list[Question]] = {}
    for question in questions:
        who = _ASKED.get(question.asked.partition(" ")[0], "name servers")
        groups.setdefault(who, []).append(question)
    yield from groups.items()


def _draw_questions(branch: Tree, questions: Sequence[Question], resolution: Resolution) -> None:
    nodes: dict[str, Tree] = {}
    for question in questions:
        node = nodes.get(question.asked) or nodes.setdefault(question.asked, branch.add(question.asked))
        age_s = question.age_s(resolution.at)
        line = Text(f"{question.of}, {f'{age_s:,.0f} s ago' if age_s else 'now'}: ", style="dim")
        node.add(line.append(question.answer, style=_BAD if _is_bad(question.answer) else "not dim"))


def _is_bad(answer: str) -> bool:
    return answer.startswith((*(fate.name for fate in NameFate if not fate.answered), "A LIE", "could not"))
