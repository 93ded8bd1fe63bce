"""Mappings kept in the programme, and the one for a table of the same shape.

What is kept is without the index number of its source: a mapping that is used again is told the source of the
next file, so that a new survey never goes into an old one unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evidence.actions import EvidenceAction
from evidence.mapping.spec import TableMapping, mapping_of
from programme.database import Act, Database, add_event, insert, rows, transaction
from programme.reviews import Review
from rules.errors import UnknownName

KEPT = """
select k.id, k.name, k.shape, k.layout, k.body, e.by, e.at
from kept_mapping k join event e on e.id = k.added_event
where {} order by k.id desc
"""


@dataclass(frozen=True)
class KeptMapping:
    """A mapping of the programme."""

    id: int
    name: str
    shape: str
    layout: str
    mapping: TableMapping
    by: str
    at: str


def keep_mapping(
    db: Database, review: Review, mapping: TableMapping, shape: str, *, by: str, at: datetime
) -> str:
    """Keep a mapping for tables of a shape; returns its name, or nothing where the same is kept already.

    The latest of a name is used from now on; the ones before stay in the record.
    """
    body = mapping.for_any_file().as_json()
    with transaction(db):
        latest = rows(
            db, "select shape, body from kept_mapping where name = ? order by id desc", [mapping.name]
        )
        if latest and (latest[0]["shape"], latest[0]["body"]) == (shape, body):
            return ""
        act = Act(EvidenceAction.KEEP_MAPPING, by, at, review.id, target=mapping.name)
        event = add_event(db, act, detail={"layout": mapping.layout, "shape": shape})
        row = {"name": mapping.name, "shape": shape, "layout": mapping.layout, "body": body}
        insert(db, "kept_mapping", {**row, "added_event": event})
    return mapping.name


def kept_for(db: Database, shape: str) -> list[KeptMapping]:
    """The mappings for tables of a shape, the latest of every name, the newest first."""
    found: dict[str, KeptMapping] = {}
    for one in rows(db, KEPT.format("k.shape = ?"), [shape]):
        found.setdefault(one["name"], _as_kept(one))
    return list(found.values())


def list_mappings(db: Database) -> list[KeptMapping]:
    """All mappings, the latest of every name, by name."""
    found: dict[str, KeptMapping] = {}
    for one in rows(db, KEPT.format("1")):
        found.setdefault(one["name"], _as_kept(one))
    return [found[name] for name in sorted(found)]


def find_mapping(db: Database, name: str) -> KeptMapping:
    """The latest mapping of a name; raises UnknownName."""
    found = rows(db, KEPT.format("k.name = ?"), [name])
    if not found:
        names = [row["name"] for row in rows(db, "select distinct name from kept_mapping")]
        raise UnknownName("mapping", name, names)
    return _as_kept(found[0])


def _as_kept(row: dict[str, Any]) -> KeptMapping:
    mapping = mapping_of(row["body"], row["name"])
    return KeptMapping(row["id"], row["name"], row["shape"], row["layout"], mapping, row["by"], row["at"])
