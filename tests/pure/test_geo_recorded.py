"""Recorded answers of the five registries and of domain registries, read right; what was expected was read by eye."""

import json
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from geo.rdap import domain_record, entity_record, load, network_record, system_record
from geo.rulebook import shipped_countries

COUNTRIES = shipped_countries()
SAMPLES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[1] / "data" / "registration").glob("*.json"))
}


def read(asked: str, answer: dict[str, Any], *, desk: bool = False) -> Any:
    """Read an answer as what was asked for."""
    kind, _, key = asked.partition("/")
    if kind == "ip":
        return network_record(answer, ip_address(key), COUNTRIES)
    if kind == "autnum":
        return system_record(answer, COUNTRIES)
    return domain_record(answer) if kind == "domain" else entity_record(answer, desk=desk, countries=COUNTRIES)


def said(record: Any, name: str) -> object:
    """Give a member of a record as the expectation spells it."""
    value = getattr(record, name)
    if name == "abuse":
        return [contact.address for contact in value]
    if name == "created":
        return value.isoformat() if value is not None else None
    return [str(entry) for entry in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", SAMPLES)
def test_a_recorded_answer_is_read_as_it_stands(name: str) -> None:
    """Country, name, organisation, block, abuse mailboxes in order; registrar, status, servers, date of domains."""
    sample = SAMPLES[name]
    expected = {key: value for key, value in sample["expected"].items() if key != "desk"}
    body = json.dumps(sample["answer"]).encode()
    record = read(sample["asked"], load(body), desk=sample["expected"].get("desk", False))

    assert {key: said(record, key) for key in expected} == expected


def test_every_registry_is_recorded() -> None:
    """Each of the five address registries stands in the samples with networks, and each sample names its source."""
    networks = {name.partition("-")[0] for name, sample in SAMPLES.items() if sample["asked"].startswith("ip/")}

    assert networks >= {"ripe", "arin", "apnic", "lacnic", "afrinic"}
    assert all(sample["source"] and sample["licence"] and sample["recorded"] for sample in SAMPLES.values())
