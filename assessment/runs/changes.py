"""What changed between two runs of a review, and which change moved which rating.

Causes are found by making the earlier run again with one thing changed at a time (evidence, rules, decisions,
how periods are sorted): a change that alone gives the later rating is named as its cause.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from assessment.runs.run import Run, decided_levels, infer_of_record
from assessment.runs.verify import Frozen, frozen_inputs
from evidence.at_event import PLACED_SINCE, added_by, came_between, not_withdrawn_by, went_between
from evidence.measures.compute import compute_measures
from evidence.series import READ_OTHERWISE, read_otherwise_since
from programme.corrections import Correction, as_correction
from programme.database import Database, login_of, rows, rows_as
from programme.reviews import Review
from rules.errors import RunImpossible
from rules.framework import in_language
from rules.inference import Rating

Leaf = str | int | float | bool | None
FACTORS = ("evidence", "rules", "decisions", "order of periods")

ITEMS_BETWEEN = f"""
select e.id, s.ref as source, e.locator, e.text,
  case when e.added_event > :before then 'added' else 'withdrawn' end as change, v.by, v.at, v.because
from evidence e join source s on s.id = e.source_id
join event v on v.id = case when e.added_event > :before then e.added_event else e.withdrawn_event end
where e.review_id = :review
  and ({came_between("e", ":before", ":after")} or {went_between("e", ":before", ":after")})
order by e.id
"""
TAGS_BETWEEN = f"""
select e.id, d.key as domain, case when t.added_event > :before then 'added' else 'withdrawn' end as change,
  v.by, v.at, v.because
from tag t join evidence e on e.id = t.evidence_id join domain d on d.id = t.domain_id
join event v on v.id = case when t.added_event > :before then t.added_event else t.withdrawn_event end
where e.review_id = :review and {added_by("e", ":before")}
  and {not_withdrawn_by("e", ":after")}
  and ({came_between("t", ":before", ":after")} or {went_between("t", ":before", ":after")})
order by e.id, d.position
"""

CORRECTIONS_BETWEEN = f"""
select s.ref as source, e.id as event, e.by, {login_of("e")} as login, e.at, e.because, e.before, e.after
from source_was w join source s on s.id = w.source_id join event e on e.id = w.added_event
where s.review_id = :review and w.added_event > :before and w.added_event <= :after
  and {added_by("s", ":before")} order by e.id
"""

SORTED_ANEW = f"select :before < {PLACED_SINCE} and :after >= {PLACED_SINCE}"
PERIODS_READ_OTHERWISE = f"""
with {READ_OTHERWISE.replace(":event", ":after")}
select e.id, e.text, coalesce(nullif(e.period, ''), s.dated, '') as period,
  iif(e.period = '', s.dated, e.begins) as begins, iif(e.period = '', s.dated, e.ends) as ends
from read_otherwise o join evidence e on e.id = o.id join source s on s.id = e.source_id
where {added_by("e", ":before")} and :before < {PLACED_SINCE}
order by e.text, e.group_name, e.strand, o.key, e.id
"""
NEVER_REACHED = 2**53
"""A number that no event has: up to it is up to now."""
COUNTS = f"""
select 'items' as what, change, count(*) as number from ({ITEMS_BETWEEN}) group by change
union all
select 'tags', change, count(*) from ({TAGS_BETWEEN}) group by change
union all
select 'sources', 'corrected', count(distinct source) from ({CORRECTIONS_BETWEEN})
"""


def count_changes(
    db: Database, review: Review, run: Run, decided: Mapping[str, int] | None = None
) -> dict[str, int]:
    """How much has changed since a run: what assessing again would count otherwise.

    `items_added`, `items_withdrawn`, `tags_added` and `tags_withdrawn` (of items that count then and now),
    `sources_corrected`, `decisions`: the domains and questions on which another level of people counts now,
    or none any more; and `periods`: the numbers that are elsewhere in their series, now that periods are
    sorted by time.
    `decided` spares asking for the levels that people have decided by now (see `run.decided_levels`).
    """
    then = run.result.inputs.decided
    counts = {f"{what}_{change}": 0 for what in ("items", "tags") for change in ("added", "withdrawn")}
    for row in rows(db, COUNTS, {"review": review.id, "before": run.event, "after": NEVER_REACHED}):
        counts[f"{row['what']}_{row['change']}"] = row["number"]
    decided = decided_levels(db, review) if decided is None else decided
    counts["decisions"] = sum(decided.get(name) != then.get(name) for name in {*decided, *then})
    counts["periods"] = read_otherwise_since(db, review, run.event)
    return counts


class ItemChange(TypedDict):
    """An item added or withdrawn."""

    id: int
    source: str
    locator: str
    text: str
    change: str
    """'added' or 'withdrawn'."""
    by: str
    at: str
    because: str


class TagChange(TypedDict):
    """A tag of an item that counts in both runs, added or withdrawn."""

    id: int
    domain: str
    change: str
    by: str
    at: str
    because: str


class SourceCorrected(Correction):
    """A source whose details were corrected."""

    source: str
    """Its index number now."""


class RuleChange(TypedDict):
    """A place in the rulebook with what was and what is there."""

    path: str
    before: Leaf
    after: Leaf


class DecisionChange(TypedDict):
    """Another level of people counts: titles, None for no decision."""

    target: str
    title: str
    before: str | None
    after: str | None


class MeasureMoved(TypedDict):
    """A measure with another value."""

    target: str
    measure: str
    before: int | float | None
    after: int | float | None


class RatingMoved(TypedDict):
    """A rating that is another."""

    target: str
    title: str
    before: str
    after: str
    because: str
    causes: list[str]
    """The changes that alone would have moved it so, or 'together'."""


class BeforeAndAfter(TypedDict):
    """What was and what is."""

    before: Any
    after: Any


class PeriodReadOtherwise(TypedDict):
    """A number that is elsewhere in its series than the words of its period put it."""

    id: int
    text: str
    period: str
    begins: str | None
    ends: str | None


class InputsChanged(TypedDict):
    """What changed between two runs of a review in what they were made from."""

    before: int
    after: int
    items: list[ItemChange]
    tags: list[TagChange]
    corrections: list[SourceCorrected]
    rules: list[RuleChange]
    decisions: list[DecisionChange]
    periods: list[PeriodReadOtherwise]
    """The numbers of both runs that are elsewhere in their series, now that periods are sorted by time."""
    software: BeforeAndAfter | None
    engines: BeforeAndAfter | None


class RunChanges(InputsChanged):
    """What changed between two runs of a review."""

    measures: list[MeasureMoved]
    ratings: list[RatingMoved]
    cell: BeforeAndAfter


def compare_runs(db: Database, review: Review, before: Run, after: Run) -> RunChanges:
    """What changed from one run to a later one of the same review.

    Raises RunImpossible when the runs stand in the wrong order.
    """
    if before.id > after.id:
        raise RunImpossible(
            f"run {before.id} is later than run {after.id}",
            hint="Name the earlier run first, then the later one.",
        )
    old, new = frozen_inputs(db, review, before), frozen_inputs(db, review, after)
    span = {"review": review.id, "before": old.event, "after": new.event}
    moved = [
        (one, other)
        for one, other in _pairs(before, after)
        if (one.level, one.status) != (other.level, other.status)
    ]
    causes = _Causes(db, review, old, new)
    then, now = before.sentences(), after.sentences()
    return {
        "before": before.id,
        "after": after.id,
        "items": rows_as(ItemChange, db, ITEMS_BETWEEN, span),
        "tags": rows_as(TagChange, db, TAGS_BETWEEN, span),
        "corrections": [
            {**as_correction(_with_json(row)), "source": row["source"]}
            for row in rows(db, CORRECTIONS_BETWEEN, span)
        ],
        "rules": list(_rule_changes(old, new)),
        "decisions": _decision_changes(old, new),
        "periods": rows_as(PeriodReadOtherwise, db, PERIODS_READ_OTHERWISE, span),
        "software": _changed(before, after, "software"),
        "engines": _changed(before, after, "engines"),
        "measures": _measure_changes(before, after),
        "ratings": [
            {
                "target": one.target,
                "title": then.title(one.target),
                "before": then.level_title(one.target, one.level) or one.status,
                "after": now.level_title(other.target, other.level) or other.status,
                "because": now.because(other),
                "causes": causes.of(one.target, other.level),
            }
            for one, other in moved
        ],
        "cell": {"before": before.result.cell, "after": after.result.cell},
    }


def _with_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "before": json.loads(row["before"]), "after": json.loads(row["after"])}


def _pairs(before: Run, after: Run) -> Iterator[tuple[Rating, Rating]]:
    earlier = {rating.target: rating for rating in before.result.ratings}
    for rating in after.result.ratings:
        if rating.target in earlier:
            yield earlier[rating.target], rating


def _changed(before: Run, after: Run, name: str) -> BeforeAndAfter | None:
    one, other = getattr(before.result.inputs, name), getattr(after.result.inputs, name)
    return None if one == other else {"before": one, "after": other}


def _measure_changes(before: Run, after: Run) -> list[MeasureMoved]:
    found = list[MeasureMoved]()
    for target, measures in after.result.measures.items():
        for name, measure in measures.items():
            old = before.result.measures.get(target, {}).get(name)
            was = old.value if old else None
            if was != measure.value:
                found.append({"target": target, "measure": name, "before": was, "after": measure.value})
    return found


def _decision_changes(old: Frozen, new: Frozen) -> list[DecisionChange]:
    def level_title(frozen: Frozen, target: str) -> str | None:
        level = frozen.decided.get(target)
        framework = frozen.policy.framework
        return None if level is None else in_language(framework.scale_of(target)[level - 1].title)

    return [
        {
            "target": target,
            "title": new.policy.framework.title_of(target),
            "before": level_title(old, target),
            "after": level_title(new, target),
        }
        for target in sorted({*old.decided, *new.decided})
        if old.decided.get(target) != new.decided.get(target)
    ]


def _rule_changes(old: Frozen, new: Frozen) -> Iterator[RuleChange]:
    if old.policy.rulebook_digest == new.policy.rulebook_digest:
        return
    one, other = (
        _flat(old.policy.rulebook.model_dump(mode="json")),
        _flat(new.policy.rulebook.model_dump(mode="json")),
    )
    for path in sorted({*one, *other}):
        if one.get(path) != other.get(path):
            yield {"path": path, "before": one.get(path), "after": other.get(path)}


def _flat(value: Any, path: str = "") -> dict[str, Leaf]:
    """Nested data by path; list members with an id are named by it, so that order does not count."""
    if isinstance(value, dict):
        parts = [(f"{path}/{key}", child) for key, child in value.items()]
    elif isinstance(value, list):
        parts = [
            (f"{path}/{child['id'] if isinstance(child, dict) and 'id' in child else position}", child)
            for position, child in enumerate(value)
        ]
    else:
        return {path.lstrip("/"): value}
    return {name: leaf for at, child in parts for name, leaf in _flat(child, at).items()}


class _Causes:
    """The levels of the earlier run with one thing changed, each computed once."""

    def __init__(self, db: Database, review: Review, old: Frozen, new: Frozen) -> None:
        self.db, self.review, self.old, self.new = db, review, old, new
        self.known: dict[str, Mapping[str, int | None]] = {}
        self.sorted_anew = db.execute(SORTED_ANEW, {"before": old.event, "after": new.event}).fetchone()[0]

    def of(self, target: str, level: int | None) -> list[str]:
        """The factors that alone give `level` to `target`; ['together'] where none does."""
        factors = FACTORS if self.sorted_anew else FACTORS[:-1]
        alone = [factor for factor in factors if self._levels(factor).get(target) == level]
        return alone or ["together"]

    def _levels(self, factor: str) -> Mapping[str, int | None]:
        if factor not in self.known:
            policy = (self.new if factor == "rules" else self.old).policy
            event = (self.new if factor == "evidence" else self.old).event
            decided = (self.new if factor == "decisions" else self.old).decided
            read_at = (self.new if factor == "order of periods" else self.old).event
            then = dataclasses.replace(self.review, framework=policy.framework)
            measures = compute_measures(self.db, then, policy.rulebook.evidence_measures, event, read_at)
            inference = infer_of_record(policy, measures, decided, with_engine=False)
            self.known[factor] = {rating.target: rating.level for rating in inference.ratings}
        return self.known[factor]
