"""Where sites went: the rows of the migration report (definitions, "migration" and "Moves")."""

from collections.abc import Iterable, Mapping
from typing import Any

from ntd.reports.figures import Row, moment


def routes(counted: Iterable[Mapping[str, Any]]) -> Row:
    """Make the rows and the figures beside them; `counted` are rows of the statement report_migration.paths.

    A site whose country was never known is counted as stayed: nothing says that it went.
    """
    paths = list(counted)
    moved = [path for path in paths if path["moved"]]
    sites, went = _sites(paths), _sites(moved)
    return {
        "sites": sites,
        "stayed": sites - went,
        "rows": sorted(map(_row, moved), key=lambda row: (-row["sites"], row["path"])),
        "total": {"sites": went},
        "out_of_sight": _sites(path for path in paths if path["path"] and not path["visible"]),
    }


def _sites(paths: Iterable[Mapping[str, Any]]) -> int:
    return sum(path["sites"] for path in paths)


def _row(path: Mapping[str, Any]) -> Row:
    return {name: path[name] for name in ("path", "sites", "returned", "visible")}


def move(counted: Mapping[str, Any], sites: Mapping[int, str], hosters: Mapping[int, str]) -> Row:
    """Write one move as the contract shows it; `front` names what hides the machine, whose country is then unknown."""
    return {
        "site": sites[counted["site_id"]],
        "seen_old_until": moment(counted["seen_old_until"]),
        "seen_new_from": moment(counted["seen_new_from"]),
        "from": _place("from", counted, hosters),
        "to": _place("to", counted, hosters),
        "kind": counted["kind"],
        "items": counted["items"],
    }


def _place(side: str, counted: Mapping[str, Any], hosters: Mapping[int, str]) -> Row:
    return {
        "country": counted[f"{side}_country"],
        "asn": counted[f"{side}_asn"],
        "hoster": hosters[counted[f"{side}_hoster"]],
        "front": counted[f"{side}_front"],
    }
