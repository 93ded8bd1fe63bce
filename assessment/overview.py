"""What the overviews show: reviews with their latest run, runs of a review, evidence by domain and kind."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlite_utils import Database

from assessment.decided import decided_levels
from assessment.run import Run
from evidence.check import EvidenceCheck
from evidence.database import one, rows
from evidence.measures import evidence_digest
from evidence.models import SOURCE_KINDS
from evidence.reviews import Review
from rules.framework import Framework
from rules.rulebook import Rulebook

# Every review with its framework, how many items count now, and its latest run.
REVIEWS = """
select v.id, v.key, v.authority, f.key as framework, f.title as framework_title, v.window_from, v.window_to,
  (select count(*) from evidence e where e.review_id = v.id and e.withdrawn_event is null) as items,
  r.id as run, r.made_on
from review v join framework f on f.id = v.framework_id left join latest_run r on r.review_id = v.id
where :only is null or v.key in (select value from json_each(:only))
order by v.authority, v.key limit :limit offset :offset
"""
COUNT = "select count(*) from review where :only is null or key in (select value from json_each(:only))"
# Where the latest runs place their reviews: one row per question, in the order of the framework.
POSITIONS = """
select r.review_id, x.target as question, x.title, x.level, x.level_title, x.status,
  (select count(*) from question q join level l on l.question_id = q.id and l.of_domains = 0
    where q.framework_id = v.framework_id and q.key = x.target) as levels
from latest_run r join review v on v.id = r.review_id
join rating x on x.run_id = r.id and x.kind = 'question'
order by r.review_id, x.position
"""
# The frameworks that reviews are judged by, with how many there are of each and how many were assessed.
FRAMEWORKS = """
select f.key as framework, f.title, count(*) as reviews, count(r.id) as assessed
from framework f join review v on v.framework_id = f.id left join latest_run r on r.review_id = v.id
where :only is null or v.key in (select value from json_each(:only))
group by f.id order by f.title, f.key
"""
# The items that count now, by domain and kind of source.
MATRIX = """
select d.key as domain, s.kind, count(*) as items, sum(e.direction is 'strength') as strengths,
  sum(e.direction is 'weakness') as weaknesses
from evidence e
join tag t on t.evidence_id = e.id and t.withdrawn_event is null
join domain d on d.id = t.domain_id
join source s on s.id = e.source_id
where e.review_id = ? and e.withdrawn_event is null
group by d.id, s.kind
"""
# The runs of a review, newest first, with the titles of the levels they came to.
RUNS = """
select r.id, r.made_on, r.result_digest as digest, e.at, e.by,
  (select group_concat(title, ' / ') from (
    select coalesce(x.level_title, 'not rated') as title from rating x
    where x.run_id = r.id and x.kind = 'question' order by x.position)) as position
from run r join event e on e.id = r.added_event
where r.review_id = ? order by r.id desc
"""
FACTS = """
select r.id, r.made_on, r.software, r.second_engine, r.seed, r.input_digest, r.result_digest,
  r.evidence_digest, e.at, e.by, b.key as rulebook, b.version as rulebook_version
from run r join event e on e.id = r.added_event join policy_text b on b.digest = r.rulebook_digest
where r.id = ?
"""
POLICY_TEXT = """
select p.body from run r
join policy_text p
  on p.digest = case :kind when 'framework' then r.framework_digest else r.rulebook_digest end
where r.id = :run
"""
# The decisions that counted in a run: of every target the latest override by then of the level it froze.
DECISIONS = """
select d.target, d.level_key, d.by, d.because, e.at, (
    select a.by from approval a where a.decision_id = d.id and a.added_event <= r.evidence_event
    order by a.id desc limit 1) as approved_by
from run r join json_each(r.decided) j
join decision d on d.id = (
  select max(o.id) from decision o where o.review_id = r.review_id and o.target = j.key
    and o.kind = 'override' and o.level = j.value and o.added_event <= r.evidence_event)
join event e on e.id = d.added_event
where r.id = :run
"""
MEASURES = "select key, title, unit, made_of from measure where run_id = ? and target = ?"
TESTED = (
    "select part, met, statement, needed, margin, reference from criterion where measure_id = ? order by id"
)
# The items of one table of a source: all whose locator begins with the same words before ', row '.
TABLE = """
select id, locator, text, value, unit, direction from evidence
where source_id = :source and withdrawn_event is null and substr(locator, 1, length(:stem)) = :stem
order by id limit 200
"""
ROW, COLUMN = ", row ", ", column "


def count_reviews(db: Database, only: Collection[str] | None = None) -> int:
    """How many reviews there are, of those named in `only` (None: all)."""
    return int(one(db, COUNT, {"only": _as_list(only)}))


def reviews_with_position(
    db: Database, *, only: Collection[str] | None = None, limit: int = 50, offset: int = 0
) -> list[dict[str, Any]]:
    """A page of the reviews named in `only` (None: all): name, framework, window, items, latest run.

    `position` holds one entry per question; `run` and `made_on` are None and `position` is empty for a review
    that was not assessed yet.
    """
    found = rows(db, REVIEWS, {"only": _as_list(only), "limit": limit, "offset": offset})
    positions: dict[int, list[dict[str, Any]]] = {}
    for row in rows(db, POSITIONS):
        positions.setdefault(row.pop("review_id"), []).append(row)
    return [row | {"position": positions.get(row.pop("id"), [])} for row in found]


def _as_list(names: Collection[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))


def frameworks_in_use(db: Database, only: Collection[str] | None = None) -> list[dict[str, Any]]:
    """The frameworks that reviews are judged by: `framework`, `title`, `reviews`, `assessed`.

    Counted are the reviews named in `only` (None: all).
    """
    return rows(db, FRAMEWORKS, {"only": _as_list(only)})


def evidence_matrix(db: Database, review: Review) -> list[dict[str, Any]]:
    """A row per domain: `counts` per kind of source, `items`, `strengths`, `weaknesses` in all."""
    table = {
        domain: {
            "domain": domain,
            "counts": dict.fromkeys(SOURCE_KINDS, 0),
            "items": 0,
            "strengths": 0,
            "weaknesses": 0,
        }
        for domain in review.framework.domains
    }
    for row in rows(db, MATRIX, [review.id]):
        line: dict[str, Any] = table[row["domain"]]
        line["counts"][row["kind"]] = row["items"]
        for name in ("items", "strengths", "weaknesses"):
            line[name] += row[name]
    return list(table.values())


def runs_of(db: Database, review: Review) -> list[dict[str, Any]]:
    """The runs of a review, newest first: number, date, who, when, digest and position."""
    return rows(db, RUNS, [review.id])


def facts_of(db: Database, run: Run) -> dict[str, Any]:
    """What a run was made with, by whom and when."""
    return rows(db, FACTS, [run.id])[0]


def framework_of(db: Database, run: Run) -> Framework:
    """The framework exactly as the run used it."""
    return Framework.model_validate_json(one(db, POLICY_TEXT, {"kind": "framework", "run": run.id}))


def rulebook_of(db: Database, run: Run) -> Rulebook:
    """The rulebook exactly as the run used it."""
    return Rulebook.model_validate_json(one(db, POLICY_TEXT, {"kind": "rulebook", "run": run.id}))


def decisions_in(db: Database, run: Run) -> dict[str, dict[str, Any]]:
    """The overrides that counted in a run, by domain or question: level, who, why, when, approved by whom."""
    return {row.pop("target"): row for row in rows(db, DECISIONS, {"run": run.id})}


def measures_of(db: Database, run: Run, target: str) -> dict[str, dict[str, Any]]:
    """Title, unit and making of every measure of a target, by the measure's name."""
    return {row.pop("key"): row for row in rows(db, MEASURES, [run.id, target])}


def criteria_testing(db: Database, measure_id: int) -> list[dict[str, Any]]:
    """The criteria of a run that test one of its measures."""
    return [{**row, "met": bool(row["met"])} for row in rows(db, TESTED, [measure_id])]


def is_out_of_date(db: Database, review: Review, run: Run) -> bool:
    """Whether evidence or decisions have changed since a run, so that assessing again may differ."""
    event = int(one(db, "select coalesce(max(id), 0) from event"))
    inputs = run.result["inputs"]
    if decided_levels(db, review) != inputs["decided"]:
        return True
    return bool(evidence_digest(db, review, event) != inputs["evidence"])


def items_to_look_at(check: EvidenceCheck) -> dict[str, list[int]]:
    """The numbers of the items behind every heading of the evidence check that is about items."""
    return {
        "untagged": [row["id"] for row in check.untagged],
        "used-in-many": [row["id"] for row in check.used_in_many],
        "outside-window": [row["id"] for row in check.outside_window],
        "drafts": [row["id"] for row in check.drafts],
    }


def table_around(db: Database, item: dict[str, Any]) -> dict[str, Any] | None:
    """The table of the source that an item is a cell of, from its locator ('..., row A, column B').

    `title`, `columns`, and `rows` of {title, cells}; a cell is the item there or None. None where the
    locator names no row, or the table has this one cell only.
    """
    stem, row, _ = item["locator"].partition(ROW)
    if not row:
        return None
    cells: dict[str, dict[str, Any]] = {}
    columns: dict[str, None] = {}
    for found in rows(db, TABLE, {"source": item["source_id"], "stem": stem + ROW}):
        name, _, column = found.pop("locator").removeprefix(stem + ROW).partition(COLUMN)
        cells.setdefault(name, {})[column] = found
        columns[column] = None
    if sum(map(len, cells.values())) < 2:
        return None
    return {
        "title": stem,
        "columns": list(columns),
        "rows": [{"title": name, "cells": [line.get(c) for c in columns]} for name, line in cells.items()],
    }
