"""What happened against what the table says: the daemon's own story beside what the lab received. Pure.

The story is that of `ntd show --json`, the ledger that of the lab, the reports those of `ntd report … --json`. Nothing
here trusts one side alone: a notice counts when the story says accepted, and it must lie in the mailbox as well.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ntd.lab.ledger import key_of
from ntd.lab.world import Item, World

Document = Mapping[str, Any]

#: A look that began before the page changed may still have met the old one, and the other way round.
_SLACK = timedelta(seconds=4)
#: What an item's history calls the end of a page and its return.
_TURNS = frozenset({"gone", "returned"})
#: How long after a page changed that must have shown: three rounds, or the longest pause of the lab's watch.
_PATIENCE = timedelta(seconds=20)
#: States in which a message is nobody's yet, or nobody's any more.
_UNSETTLED = frozenset({"waiting", "sending", "struck", "superseded"})
_OUTCOMES = (
    "gone",
    "open",
    "forwarded",
    "relocated",
    "gone_before_notice",
    "refused",
    "withdrawn",
    "unreachable",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One thing that is not as it must be."""

    about: str  # a row of the table, a site, or a whole
    what: str
    expected: str
    seen: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.about}: {self.what}: expected {self.expected}, seen {self.seen}"


def check_item(item: Item, story: Document) -> list[Mismatch]:
    """Hold one item's story against its row."""
    ending, counts = item.ending, _notices(story)
    wanted = [
        ("state", ends_in(ending.state), story["state"] in ends_in(ending.state), story["state"]),
        ("attention", list(ending.attention), set(ending.attention) == set(story["attention"]), story["attention"]),
        *_counted(ending.notices, counts),
    ]
    taken = [one for one in story["forwards"] if one["state"] == "accepted" and one["outcome"] != "refused"]
    forwards = sorted({one["partner"] for one in taken})
    wanted.append(("forwards", list(ending.forwards), list(ending.forwards) == forwards, forwards))
    moves = [one["kind"] for one in story["relocations"]]
    wanted.append(("relocations", list(ending.relocations), list(ending.relocations) == moves, moves))
    if ending.verdict:
        verdict = (story["checks"]["last"] or {}).get("verdict")
        wanted.append(("last verdict", ending.verdict, verdict == ending.verdict, verdict))
    if ending.gone_by:
        by = story["clock"]["gone_by"]
        wanted.append(("gone by", ending.gone_by, by == ending.gone_by, by))
    return [Mismatch(about=item.url, what=what, expected=_say(e), seen=_say(s)) for what, e, ok, s in wanted if not ok]


def _say(value: object) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(one) for one in value) or "none"
    return str(value)


def ends_in(state: str) -> tuple[str, ...]:
    """Give the states that a row's ending allows: after its last look what is gone is closed."""
    return ("gone", "closed") if state == "gone" else (state,)


def _notices(story: Document) -> Counter[str]:
    counts: Counter[str] = Counter()
    for notice in story["notices"]:
        if notice["state"] not in _UNSETTLED:
            counts[notice["kind"] + ("" if notice["state"] == "accepted" else f" {notice['state']}")] += 1
    return counts


def _counted(wanted: Mapping[str, str], counts: Counter[str]) -> Iterable[tuple[str, object, bool, object]]:
    for kind in sorted(wanted.keys() | counts.keys()):
        span = wanted.get(kind, "0")
        yield f"notices of kind {kind}", span, within(counts[kind], span), counts[kind]


def within(count: int, span: str) -> bool:
    """Say whether a count is in a span as the table writes it.

    >>> within(3, "1+"), within(2, "0-1"), within(1, "1")
    (True, False, True)
    """
    least, _, most = span.removesuffix("+").partition("-")
    return int(least) <= count and (span.endswith("+") or count <= int(most or least))


def check_times(item: Item, story: Document, ledger: Document) -> list[Mismatch]:
    """Hold the interval of removal against the moment at which the lab took the page away."""
    steps = ledger["pages"].get(item.url, [])
    clock = story["clock"]
    if "gone" not in ends_in(item.ending.state) or item.ending.gone_by == "name" or len(steps) < 2:  # noqa: PLR2004 -- one step: it never changed
        return []
    taken_away = datetime.fromisoformat(steps[-1]["at"])
    last_up, gone = _moment(clock["last_up_at"]), _moment(clock["gone_at"])
    if last_up and gone and last_up <= taken_away + _SLACK and gone >= taken_away - _SLACK and last_up < gone:
        return []
    seen = f"({clock['last_up_at']}, {clock['gone_at']}]"
    return [Mismatch(about=item.url, what="removal", expected=f"around {taken_away.isoformat()}", seen=seen)]


def check_turns(item: Item, story: Document, ledger: Document) -> list[Mismatch]:
    """Hold what became of an item, turn by turn, against the steps of its page that it must follow from, and soon."""
    if item.ending.turns is None:
        return []
    seen = [(one["event"], datetime.fromisoformat(one["at"])) for one in story["history"] if one["event"] in _TURNS]
    steps = [datetime.fromisoformat(one["at"]) for one in ledger["pages"].get(item.url, [])]
    wanted = [(event, int(step)) for event, _, step in (turn.partition(" ") for turn in item.ending.turns)]
    fits = len(seen) == len(wanted) and all(
        event == must and step < len(steps) and steps[step] <= at <= steps[step] + _PATIENCE
        for (event, at), (must, step) in zip(seen, wanted, strict=True)
    )
    if fits:
        return []
    told = ", ".join(f"{event} at {at.isoformat()}" for event, at in seen) or "none"
    expected = _say(item.ending.turns) + f" (steps at {_say([at.isoformat() for at in steps])})"
    return [Mismatch(about=item.url, what="turns", expected=expected, seen=told)]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def check_arrivals(item: Item, story: Document, ledger: Document) -> list[Mismatch]:
    """Hold what the daemon says it told about an item against what arrived."""
    known = {one["message_id"] for one in story["notices"]}
    until = datetime.fromisoformat(ledger["now"])
    said = {
        one["message_id"]
        for one in story["notices"]
        if one["channel"] == "mail"
        and one["state"] == "accepted"
        and datetime.fromisoformat(one["accepted_at"]) < until
    }
    mails = [one for one in ledger["mails"] if one["letter"] and item.key in _named(one)]
    came = {one["letter"]["message_id"] for one in mails}
    said_forwards = {f"<{one['id']}@" for one in story["forwards"]}
    extra = {one for one in came - known if not any(one.startswith(mark) for mark in said_forwards)}
    found = []
    if said - came - _without_urls(story):
        found.append(("mails that the story calls accepted", "all of them", f"{len(said - came)} did not arrive"))
    if extra:
        found.append(("mails that arrived", "those of the story", f"{len(extra)} more"))
    keys = {one["key"] for one in ledger["reports"] if one["url"] and key_of(one["url"]) == item.key}
    posted = [one for one in story["notices"] if one["channel"] == "api"]
    if len(keys) > len(posted):
        found.append(("reports to an API under different keys", str(len(posted)), str(len(keys))))
    if item.ending.untouched and ledger["requests"].get(item.url):
        found.append(("requests for the page", "none", str(ledger["requests"][item.url])))
    return [Mismatch(about=item.url, what=what, expected=expected, seen=seen) for what, expected, seen in found]


def _named(mail: Document) -> set[tuple[str, str]]:
    return {key_of(url) for url in mail["letter"]["items"].values() if url}


def _without_urls(story: Document) -> set[str]:
    # A withdrawal names item ids only, upstream and registrar are told no item URLs (contract, sections 2 and 8).
    silent = {"withdrawal", "upstream", "registrar"}
    return {one["message_id"] for one in story["notices"] if one["kind"] in silent}


def check_ledger(world: World, ledger: Document) -> list[Mismatch]:
    """Hold everything that arrived against what holds for all of it."""
    found = [
        Mismatch(about=f"mail to {one['to']}", what="form", expected="as promised", seen=fault)
        for one in ledger["mails"]
        for fault in (one["letter"] or {}).get("faults", ())
    ]
    strangers = sorted({one["to"] for one in ledger["mails"] if one["outcome"] == "stranger"})
    if strangers:
        found.append(Mismatch(about="mail", what="unknown recipients", expected="none", seen=_say(strangers)))
    for what in ("reports", "forwards"):
        bad = sorted({one["outcome"] for one in ledger[what]} & {"malformed", "unauthorised"})
        if bad:
            found.append(Mismatch(about=what, what="outcomes", expected="none of these", seen=_say(bad)))
    turned_away = sorted({f"{one['action']} {one['status']}" for one in ledger["said"] if one["status"] >= 400})  # noqa: PLR2004 -- a refusal
    if turned_away:
        found.append(Mismatch(about="answers to us", what="turned away", expected="none", seen=_say(turned_away)))
    return found + _same_bytes(ledger) + _xarf(world, ledger)


def _same_bytes(ledger: Document) -> list[Mismatch]:
    bytes_of: dict[str, set[str]] = {}
    for one in ledger["mails"]:
        if one["letter"]:
            bytes_of.setdefault(one["letter"]["message_id"], set()).add(one["sha256"])
    changed = sum(len(sums) > 1 for sums in bytes_of.values())
    if not changed:
        return []
    return [Mismatch(about="mail", what="Message-IDs with different bytes", expected="none", seen=str(changed))]


def _xarf(world: World, ledger: Document) -> list[Mismatch]:
    # Presumed items, classification national and any basis but csam have no XARF (contract, section 8).
    never = {item.key for item in world.items if not _is_csam(item)}
    documents = [key_of(url) for one in ledger["mails"] if one["letter"] for url in one["letter"]["xarf"]]
    documents += [key_of(one["url"]) for one in ledger["reports"] if one["url"]]
    wrong = sorted({host + path for host, path in documents if (host, path) in never})
    return [Mismatch(about=one, what="XARF", expected="none", seen="a document") for one in wrong]


def _is_csam(item: Item) -> bool:
    told = item.intake
    confirmed_csam = told.get("confirmed", True) and told.get("basis", "csam") == "csam"
    return bool(confirmed_csam and told.get("classification") != "national")


def check_answers(world: World, answers: Sequence[Document]) -> list[Mismatch]:
    """Hold the answers of `ntd submit` against the lines, one by one."""
    wanted = ["accepted"] * len(world.items) + [line.answer for line in world.lines]
    says = [""] * len(world.items) + [line.says for line in world.lines]
    found = []
    if len(answers) != len(wanted):
        about = "submit"
        found.append(Mismatch(about=about, what="answers", expected=str(len(wanted)), seen=str(len(answers))))
    for number, (outcome, word, answer) in enumerate(zip(wanted, says, answers, strict=False), start=1):
        if answer["outcome"] != outcome or word not in (answer["error"] or ""):
            seen = f"{answer['outcome']} {answer['error'] or ''}".strip()
            expected = f"{outcome} {word}".strip()
            found.append(Mismatch(about=f"line {number}", what="answer", expected=expected, seen=seen))
    return found


def check_sla(world: World, report: Document) -> list[Mismatch]:
    """Hold `ntd report sla --by site` against the outcomes of the rows."""
    rows = {row["key"]: row for row in report["rows"]}
    found = []
    for site, wanted in _by_site(world).items():
        row = rows.get(site, {})
        seen = {outcome: row.get(outcome, 0) for outcome in _OUTCOMES if row.get(outcome, 0)}
        if dict(wanted) != seen:
            found.append(Mismatch(about=site, what="outcomes", expected=_figures(wanted), seen=_figures(seen)))
    total = {key: sum(row.get(key, 0) for row in report["rows"]) for key in ("items", *_OUTCOMES)}
    if any(report["total"].get(key, 0) != figure for key, figure in total.items()):
        found.append(Mismatch(about="sla", what="total", expected=_figures(total), seen=_figures(report["total"])))
    return found


def _by_site(world: World) -> dict[str, Counter[str]]:
    sites: dict[str, Counter[str]] = {}
    for story in world.stories:
        for item in story.items:
            sites.setdefault(story.site, Counter()).update(item.ending.outcomes)
    return sites


def _figures(figures: Mapping[str, Any]) -> str:
    named = [f"{figures[key]} {key}" for key in ("items", *_OUTCOMES) if figures.get(key)]
    return ", ".join(named) or "none"


def check_migration(world: World, report: Document) -> list[Mismatch]:
    """Hold `ntd report migration` against the paths of the stories."""
    wanted = Counter(">".join(story.path) for story in world.stories if len(story.path) > 1)
    seen = Counter({">".join(row["path"]): row["sites"] for row in report["rows"]})
    if wanted == seen:
        return []
    return [
        Mismatch(
            about="migration",
            what="paths",
            expected=_say(sorted(f"{path} ×{count}" for path, count in wanted.items())),
            seen=_say(sorted(f"{path} ×{count}" for path, count in seen.items())),
        )
    ]
