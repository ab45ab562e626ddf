"""The description of the API holds what is served, and nothing else."""

from collections.abc import Iterator
from typing import Any

import orjson

from ntd.api.application import routes
from ntd.api.openapi import document


def test_every_route_is_described_and_nothing_else() -> None:
    """Paths and methods of the router and of the description are the same."""
    served = {(route.path, route.method.lower()) for route in routes()}
    described = {(path, method) for path, methods in document()["paths"].items() for method in methods}
    assert served == described
    assert len(served) == 21


def test_the_roles_in_the_description_are_those_at_the_door() -> None:
    """Each operation names exactly the roles that may use it; without a token only what is open to all."""
    for route in routes():
        operation = document()["paths"][route.path][route.method.lower()]
        if route.roles is None:
            assert operation["security"] == []
        else:
            told = operation["description"].removeprefix("Roles: ").rstrip(".")
            assert set(told.split(", ")) == {role.value for role in route.roles}
            assert "security" not in operation


def references(value: Any) -> Iterator[str]:
    """Find every reference."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_leads_somewhere() -> None:
    """No schema is missing, and none is there that nobody uses; the whole is JSON."""
    described = document()
    used = {ref.removeprefix("#/components/schemas/") for ref in references(described)}
    assert used == described["components"]["schemas"].keys()
    assert orjson.loads(orjson.dumps(described))["openapi"] == "3.1.0"


def test_every_parameter_of_a_path_is_described() -> None:
    """What stands in braces is a parameter, and operation names are not used twice."""
    operations = [(path, operation) for path, methods in document()["paths"].items() for operation in methods.values()]
    for path, operation in operations:
        named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert {f"{{{name}}}" in path for name in named} <= {True}
        assert path.count("{") == len(named)
    names = [operation["operationId"] for _, operation in operations]
    assert len(set(names)) == len(names)
