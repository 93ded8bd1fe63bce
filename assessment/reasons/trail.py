"""The trail of a rating, level by level: judgement, domains, criteria, measures, items, sources."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database

from assessment.runs.run import Run
from evidence.items import SMALL
from programme.database import one, rows
from rules.errors import UnknownName

CRITERIA = """
select c.id, c.part, c.key, c.met, c.margin, c.statement, c.needed, c.reference, m.key as measure, m.title,
  m.value, m.base, m.low, m.high, m.unit, m.made_of, m.id as measure_id
from criterion c join measure m on m.id = c.measure_id
where c.run_id = ? and c.target = ? order by c.id
"""
ITEMS = f"""
select e.id, e.kind, e.strand, e.text, e.quote, e.direction, e.significance, e.value, e.scale_max, e.base,
  {SMALL}, e.unit,
  e.group_name, e.period, e.best, e.worst, e.comparator, e.comparator_name, e.better, e.locator,
  s.ref as source, s.title as source_title, s.kind as source_kind,
  (select count(*) from tag t where t.evidence_id = e.id and t.added_event <= r.evidence_event
    and (t.withdrawn_event is null or t.withdrawn_event > r.evidence_event)) as uses,
  e.withdrawn_event is not null as withdrawn
from measure_evidence b join run r on r.id = b.run_id
join evidence e on e.id = b.evidence_id join source s on s.id = e.source_id
where b.measure_id = :measure order by e.significance desc, s.ref, e.id limit :limit offset :offset
"""


def trail_of(db: Database, run: Run, target: str, *, items: int = 20, offset: int = 0) -> dict[str, Any]:
    """The tree from a rating ('cell', a question or a domain) down to items with source and locator.

    Under every measure at most `items` items stand, from `offset` on; `items_in_all` says how many there
    are. Nodes hold what their level needs and `below`, the nodes they rest on. Raises UnknownName.
    """
    framework = run.policy.framework
    if target == "cell":
        below = [trail_of(db, run, q.id, items=items, offset=offset) for q in framework.questions]
        return {"kind": "cell", "run": run.id, "cell": run.result["cell"], "below": below}
    rating = run.rating(target)
    node = {
        "kind": rating["kind"],
        "target": target,
        "title": rating["title"],
        "status": rating["status"],
        "level": rating["level_title"],
        "because": rating["because"],
        "below": [_criterion(db, row, items, offset) for row in rows(db, CRITERIA, [run.id, target])],
    }
    if rating["kind"] == "question":
        domains = framework.question(target).domains
        node["below"] += [trail_of(db, run, d.id, items=items, offset=offset) for d in domains]
    return node


def _criterion(db: Database, row: dict[str, Any], items: int, offset: int) -> dict[str, Any]:
    measure = {
        key: row.pop(key) for key in ("measure", "title", "value", "base", "low", "high", "unit", "made_of")
    }
    measure_id = row.pop("measure_id")
    found: list[dict[str, Any]] = []
    in_all = 0
    if measure["made_of"] != "ratings":
        found, in_all = items_behind(db, measure_id, limit=items, offset=offset)
    below = {"kind": "measure", "id": measure_id, **measure, "items_in_all": in_all, "below": found}
    return {**row, "kind": "criterion", "met": bool(row["met"]), "below": [below]}


def items_behind(
    db: Database, measure_id: int, *, limit: int = 50, offset: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """A page of the items behind a measure, gravest first, and how many there are in all."""
    found = rows(db, ITEMS, {"measure": measure_id, "limit": limit, "offset": offset}) if limit else []
    total = one(db, "select count(*) from measure_evidence where measure_id = ?", [measure_id])
    return found, int(total)


def find_measure(db: Database, run: Run, target: str, key: str) -> dict[str, Any]:
    """One measure of a run with its number, value, base and interval; raises UnknownName."""
    found = rows(
        db, "select * from measure where run_id = ? and target = ? and key = ?", [run.id, target, key]
    )
    if not found:
        known = rows(db, "select key from measure where run_id = ? and target = ?", [run.id, target])
        raise UnknownName(f"measure of {target}", key, [row["key"] for row in known])
    return found[0]
