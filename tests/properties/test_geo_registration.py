"""Whatever a registry sends ends in a record or in our own error, and can be kept."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.blocks import filed_under
from geo.kept import Kept, decode
from geo.rdap import BadAnswer, NetworkRecord, domain_record, entity_record, load, network_record, system_record
from geo.rulebook import shipped_countries
from geo.whois_text import as_rdap

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COUNTRIES = shipped_countries()
SAMPLES = [
    json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[1] / "data" / "registration").glob("*.json"))
]
MEMBERS = sorted(
    {key for sample in SAMPLES for key in sample["answer"]} | {"v4prefix", "length", "href", "rel", "description"}
)
TEXTS = ["", "abuse", "198.51.100.0", "198.51.100.255", "2001:db8::", "email", "vcard", "text", "a@b.test", "US", "\\n"]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(TEXTS),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=6)),
    max_leaves=25,
)


def read_every_way(answer: Any, asked: str = "198.51.100.7") -> None:
    """Read an answer as each kind of object, and keep it; only BadAnswer is allowed."""
    address = ip_address(asked)
    readers = (
        lambda loaded: kept_under(network_record(loaded, address, COUNTRIES), asked),
        lambda loaded: system_record(loaded, COUNTRIES),
        domain_record,
        lambda loaded: entity_record(loaded, desk=True),
    )
    try:
        loaded = load(orjson.dumps(answer))
    except BadAnswer:
        return
    kept = Kept(asked="rdap", of="registry", at=NOW, answer=loaded, block=ip_network("198.51.100.0/24"))
    assert decode(kept.encode()) == kept
    for reader in readers:
        try:
            reader(loaded)
        except BadAnswer:
            continue


def kept_under(record: NetworkRecord, asked: str) -> None:
    """Say under which block a record is kept: one that holds the address asked for."""
    address = ip_address(asked)

    assert address in filed_under(record.blocks, record.kind, address, None)


@settings(max_examples=80)
@given(JSON)
def test_hostile_json_raises_our_own_error_or_none(answer: Any) -> None:
    """Any JSON at all, of members that we read."""
    read_every_way(answer if isinstance(answer, dict) else {"entities": [answer], "startAddress": answer})


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Name every place in a JSON value."""
    inner = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    return [path, *(place for key, entry in inner for place in places(entry, (*path, key)))]


@settings(max_examples=80)
@given(st.data())
def test_a_recorded_answer_with_a_wrong_part_raises_our_own_error_or_none(data: st.DataObject) -> None:
    """One to three parts of a real answer replaced by anything, of any type, or taken away."""
    sample = data.draw(st.sampled_from(SAMPLES))
    answer = deepcopy(sample["answer"])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(answer)[1:] or [()]))
        if not path:
            break
        around: Any = answer
        for key in path[:-1]:
            around = around[key]
        if data.draw(st.booleans()):
            around[path[-1]] = data.draw(JSON)
        else:
            del around[path[-1]]
    kind, _, key = sample["asked"].partition("/")
    read_every_way(answer, key if kind == "ip" else "198.51.100.7")


def nested(depth: int, key: str) -> bytes:
    """Make an answer that nests its members so deep."""
    return (f'{{"{key}": [' * depth + "7" + "]}" * depth).encode()


def test_deep_and_huge_answers_raise_our_own_error_or_none() -> None:
    """Deeper than is walked, than can be written again, than the parser reads; wider than is read."""
    for depth in (7, 60, 125, 126, 127, 128, 250, 511, 512, 100_000):
        for key in ("entities", "vcardArray", "links", "roles"):
            try:
                loaded = load(nested(depth, key))
            except BadAnswer:
                assert depth > 100
                continue
            assert depth < 128
            read_every_way(loaded)
    entities = [{"handle": f"H{number}", "roles": ["abuse"] * 50} for number in range(5_000)]
    read_every_way({"entities": entities, "remarks": [{}] * 5_000})


@settings(max_examples=50)
@given(JSON, st.text(max_size=200))
def test_a_hostile_answer_of_port_43_raises_our_own_error_or_none(net: Any, raw: str) -> None:
    """Whatever ipwhois makes of it."""
    address = ip_address("198.51.100.7")
    result = {
        "nets": [net if isinstance(net, dict) else {}, {"cidr": "198.51.100.0/24", "description": net}],
        "raw": raw,
    }
    found = as_rdap(result, address)

    assert found is not None
    read_every_way(found)
