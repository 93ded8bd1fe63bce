"""The trail of a rating, level by level: judgement, domains, criteria, measures, items, sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from assessment.runs.run import Run
from evidence.at_event import counted_at, detail_then, was_of_source
from evidence.extents import EXTENT_TEXT
from evidence.items import SMALL
from evidence.late import late_sources
from programme.corrections import correction_words, corrections_of
from programme.database import Database, one, rows, rows_as
from rules.errors import UnknownName
from rules.inference import Outcome
from rules.rulebook import Of
from rules.sentences import Sentences

# The rows that stand for the criteria of a target, and for the measures they test.
NUMBERS = "select part, key, id, measure_id from criterion where run_id = ? and target = ?"
ITEMS = f"""
select e.id, e.kind, e.strand, e.text, e.quote, e.direction, e.significance, {EXTENT_TEXT} as extent,
  e.value, e.scale_max, e.base, {SMALL}, e.unit,
  e.group_name, e.period, e.best, e.worst, e.comparator, e.comparator_name, e.better, e.locator,
  s.ref as source, {detail_then("s", "title")} as source_title, {detail_then("s", "kind")} as source_kind,
  s.id as source_id,
  (select count(*) from tag t where t.evidence_id = e.id and {counted_at("t", "r.evidence_event")}) as uses,
  e.withdrawn_event is not null as withdrawn
from measure_evidence b join run r on r.id = b.run_id
join evidence e on e.id = b.evidence_id join source s on s.id = e.source_id
{was_of_source("s", "r.evidence_event")}
where b.measure_id = :measure order by e.significance desc, {detail_then("s", "ref")}, e.id
limit :limit offset :offset
"""


class Item(TypedDict):
    """An item behind a measure, with its source and locator."""

    id: int
    kind: str
    strand: str
    text: str
    quote: str
    direction: str | None
    significance: int | None
    extent: str
    """How widespread a finding is: '7 of 30 files'; empty where that was not recorded."""
    value: float | None
    scale_max: float | None
    base: float | None
    small: int
    """1 for a survey result on so few answers that it never decides alone."""
    unit: str
    group_name: str
    period: str
    best: float | None
    worst: float | None
    comparator: float | None
    comparator_name: str
    better: str
    locator: str
    source: str
    source_title: str
    """As it was when the run was made, like the kind."""
    source_kind: str
    source_corrected: list[str]
    """How details of the source were corrected since the item came in: a sentence for each time."""
    source_late: str
    """How the source was offered late, with a comment on the report; empty for one that was not."""
    uses: int
    """In how many domains the run counts it."""
    withdrawn: int


class MeasureFigures(TypedDict):
    """A measure of a run and what it is made of."""

    key: str
    title: str
    value: float | None
    base: float | None
    low: float | None
    high: float | None
    unit: str
    made_of: str


class MeasureRow(MeasureFigures):
    """A measure of a run, as its table holds it."""

    id: int
    run_id: int
    target: str
    item_kind: str | None
    item_filter: str


@dataclass(frozen=True, kw_only=True)
class MeasureNode:
    """A measure, and the items behind it."""

    kind: Literal["measure"] = "measure"
    id: int
    measure: str
    title: str
    value: int | float | None
    base: int | float | None
    low: int | float | None
    high: int | float | None
    unit: str
    made_of: str
    items_in_all: int
    below: Sequence[Item]


@dataclass(frozen=True, kw_only=True)
class CriterionNode:
    """A criterion, and the measure it tests."""

    kind: Literal["criterion"] = "criterion"
    id: int
    part: str
    """'sufficiency', the id of a level, or 'limits'."""
    key: str
    met: bool
    margin: int | float | None
    """Distance to the threshold: positive on the side that meets the test."""
    statement: str
    """The sentence about the measure."""
    needed: str
    """What the test asks for."""
    reference: str
    below: Sequence[MeasureNode]


@dataclass(frozen=True, kw_only=True)
class RatingNode:
    """A rating, and the criteria and (of a question) the domains it rests on."""

    kind: Literal["domain", "question"]
    target: str
    title: str
    status: str
    level: str | None
    """Title of the level."""
    because: str
    below: Sequence[CriterionNode | RatingNode]


@dataclass(frozen=True, kw_only=True)
class CellNode:
    """The position on the grid, and the questions that make it."""

    kind: Literal["cell"] = "cell"
    run: int
    cell: tuple[str, ...] | None
    below: Sequence[RatingNode]


Node = CellNode | RatingNode | CriterionNode | MeasureNode


def trail_of(
    db: Database, run: Run, target: str, *, items: int = 20, offset: int = 0, language: str = "en"
) -> CellNode | RatingNode:
    """The tree from a rating ('cell', a question or a domain) down to items with source and locator.

    Under every measure at most `items` items stand, from `offset` on; `items_in_all` says how many there
    are. `below` of a node holds the nodes it rests on. Raises UnknownName.
    """
    words = run.sentences(language)
    if target == "cell":
        questions = [_rating(db, run, words, q.id, items, offset) for q in words.framework.questions]
        return CellNode(run=run.id, cell=run.result.cell, below=questions)
    return _rating(db, run, words, target, items, offset)


def _rating(db: Database, run: Run, words: Sentences, target: str, items: int, offset: int) -> RatingNode:
    rating = run.rating(target)
    numbers = {(row["part"], row["key"]): row for row in rows(db, NUMBERS, [run.id, target])}
    below: list[CriterionNode | RatingNode] = []
    for outcome in rating.outcomes:
        row = numbers[outcome.part, outcome.criterion]
        measure = _measure(db, words, outcome, row["measure_id"], items, offset)
        said = words.outcome(target, outcome)
        below.append(
            CriterionNode(
                id=row["id"],
                part=outcome.part,
                key=outcome.criterion,
                met=outcome.met,
                margin=outcome.margin,
                statement=said.statement,
                needed=said.needed,
                reference=said.reference,
                below=[measure],
            )
        )
    if rating.kind == "question":
        domains = words.framework.question(target).domains
        below += [_rating(db, run, words, domain.id, items, offset) for domain in domains]
    return RatingNode(
        kind=rating.kind,
        target=target,
        title=words.title(target),
        status=rating.status,
        level=words.level_title(target, rating.level),
        because=words.because(rating),
        below=below,
    )


def _measure(
    db: Database, words: Sentences, outcome: Outcome, number: int, items: int, offset: int
) -> MeasureNode:
    measure = words.policy.rulebook.measure(outcome.measure)
    found: list[Item] = []
    in_all = 0
    if measure.of is not Of.RATINGS:
        found, in_all = items_behind(db, number, limit=items, offset=offset)
    return MeasureNode(
        id=number,
        measure=outcome.measure,
        title=words.measure_title(outcome.measure),
        value=outcome.value,
        base=outcome.base,
        low=outcome.low,
        high=outcome.high,
        unit=measure.unit,
        made_of=measure.of.value,
        items_in_all=in_all,
        below=found,
    )


def items_behind(
    db: Database, measure_id: int, *, limit: int = 50, offset: int = 0
) -> tuple[list[Item], int]:
    """A page of the items behind a measure, gravest first, and how many there are in all."""
    at = {"measure": measure_id, "limit": limit, "offset": offset}
    said: dict[int, list[str]] = {}
    found: list[Item] = []
    listed = rows(db, ITEMS, at) if limit else []
    late = late_sources(db, {row["source_id"] for row in listed}) if listed else {}
    for row in listed:
        source = row.pop("source_id")
        if source not in said:
            said[source] = list(map(correction_words, corrections_of(db, "source", source)))
        more = {"source_corrected": said[source], "source_late": late.get(source, "")}
        found.append({**row, **more})  # type: ignore[typeddict-item]
    total = one(db, "select count(*) from measure_evidence where measure_id = ?", [measure_id])
    return found, int(total)


def find_measure(db: Database, run: Run, target: str, key: str) -> MeasureRow:
    """One measure of a run with its number, value, base and interval; raises UnknownName."""
    found = rows_as(
        MeasureRow,
        db,
        "select * from measure where run_id = ? and target = ? and key = ?",
        [run.id, target, key],
    )
    if not found:
        known = rows(db, "select key from measure where run_id = ? and target = ?", [run.id, target])
        raise UnknownName(f"measure of {target}", key, [row["key"] for row in known])
    return found[0]
