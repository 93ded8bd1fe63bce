"""What would change it: a recorded run with some evidence left out or some measures otherwise.

The rules are applied again to every alternative; nothing is approximated, and nothing is written. What people
decided counts in every alternative too; where that hides a change of the proposal, the result says so.
See assessment.robustness.smallest for the smallest changes that move a rating.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

import numpy as np

from assessment.reasons.grid import CELL
from assessment.robustness.alternatives import (
    Baseline,
    MeasureChange,
    Rated,
    cell_title,
    domains_under,
    rate_alternatives,
    rate_left_out,
)
from assessment.runs.run import infer_of_record
from evidence.at_event import source_at
from evidence.items import find_item, item_number
from evidence.measures.pairs import Codes
from evidence.measures.scenarios import compute_measures_without, each_left_out
from evidence.rows import SOURCE_KINDS
from programme.database import Database, rows
from rules.compile import measures_tested
from rules.errors import ReviewError, UnknownName
from rules.framework import in_language
from rules.inference import Inference, Rating
from rules.ratings import Measured, MeasureValue, rounded
from rules.remedy import Give, Part
from rules.sentences import Sentences
from rules.words import listed

KINDS_OF_NAMES = ("source", "item", "kind", "strand")


class Flip(TypedDict):
    """A rating that changes: of a domain, a question or the cell."""

    target: str
    title: str
    before: str
    after: str
    hidden: bool
    """Whether a person's rating counts, so that only the proposal changes."""


class SourceFlips(TypedDict):
    """What changes without one source."""

    source: str
    title: str
    kind: str
    flips: list[Flip]


class ItemFlips(TypedDict):
    """What changes without one item."""

    item: str
    source: str
    locator: str
    text: str
    flips: list[Flip]


class Deciding(TypedDict):
    """A source that alone decides a rating."""

    source: str
    after: str
    """The level without it."""
    hidden: bool


class Resting(TypedDict):
    """A rating that rests on one source."""

    target: str
    title: str
    kind: str
    deciding: list[Deciding]
    only_source: str | None
    """The source of all its items, if it is one."""


class LeftOut(TypedDict):
    """Every source and every item left out alone."""

    run: int
    sources: int
    """How many were left out in turn."""
    items: int
    by_source: list[SourceFlips]
    """Those alone that flip anything."""
    by_item: list[ItemFlips]
    rests_on_one_source: list[Resting]
    decided: list[str]
    """Titles of what people decided."""


class Given(TypedDict):
    """What a name stood for, and of how many items."""

    given: str
    kind: str
    items: int


class GivenItems(Given):
    """The same with the numbers of the items."""

    numbers: list[int]


class SetMeasure(TypedDict):
    """A measure set to a value (None: nothing to measure)."""

    target: str
    measure: str
    value: int | float | None


class RatingChange(TypedDict):
    """What becomes of a rating."""

    target: str
    title: str
    kind: str
    before: str
    after: str
    status: str
    changed: bool
    hidden: bool
    """Whether a person's rating counts, and the proposal beside it changes."""
    because: str


class TriedChange(TypedDict):
    """A run with something left out or set."""

    run: int
    left_out: list[Given]
    items: int
    """How many are left out in all."""
    set: list[SetMeasure]
    measures: list[MeasureChange]
    ratings: list[RatingChange]
    """All domains and questions, and the cell."""


def leave_one_out(db: Database, baseline: Baseline) -> LeftOut:
    """Every source and every item left out alone: what flips, and which ratings rest on one source."""
    codes, of_sources = each_left_out(baseline.counted.source.codes)
    numbers, of_items = each_left_out(baseline.counted.item)
    by_source = list(_flips(baseline, rate_left_out(baseline, of_sources), of_sources.count))
    rated = rate_left_out(baseline, of_items)
    by_item = [(int(numbers[at]), flips) for at, flips in _flips(baseline, rated, of_items.count)]
    items = {row["id"]: row for row in rows(db, ITEMS, [json.dumps([number for number, _ in by_item])])}
    names = [baseline.counted.source.names[code] for code in codes]
    known = {row["ref"]: row for row in sources_then(db, baseline)}
    flipping: list[SourceFlips] = [
        {"source": row["ref"], "title": row["title"], "kind": row["kind"], "flips": flips}
        for row, flips in ((known[names[at]], flips) for at, flips in by_source)
    ]
    return {
        "run": baseline.run,
        "sources": len(codes),
        "items": len(numbers),
        "by_source": flipping,
        "by_item": [
            {
                "item": f"E{item['id']}",
                "source": item["source"],
                "locator": item["locator"],
                "text": item["text"],
                "flips": flips,
            }
            for item, flips in ((items[number], flips) for number, flips in by_item)
        ],
        "rests_on_one_source": list(_resting(baseline, flipping)),
        "decided": [baseline.title(target) for target in baseline.targets if target in baseline.decided],
    }


SOURCES = f"""
select ref, title, kind, strand from {source_at(":event")} s where review_id = :review order by ref
"""
ITEMS = """
select e.id, s.ref as source, e.locator, e.text from evidence e join source s on s.id = e.source_id
where e.id in (select value from json_each(?))
"""


def sources_then(db: Database, baseline: Baseline) -> list[dict[str, str]]:
    """Ref, title, kind and strand of every source, as they were when the run was made."""
    return rows(db, SOURCES, {"review": baseline.review.id, "event": baseline.event})


def _flips(baseline: Baseline, rated: Rated, count: int) -> Iterator[tuple[int, list[Flip]]]:
    """The alternatives under which something changes, with what."""
    before = rate_alternatives(baseline, {}, 1)
    changed = np.zeros(count, dtype=bool)
    for target in baseline.targets:
        changed |= rated.proposed[target] != before.proposed[target][0]
        changed |= rated.counting[target] != before.counting[target][0]
    for at in np.flatnonzero(changed):
        flips: list[Flip] = []
        for target in baseline.targets:
            hidden = target in baseline.decided
            levels, was = (rated.proposed, before.proposed) if hidden else (rated.counting, before.counting)
            old, new = int(was[target][0]), int(levels[target][at])
            if old != new:
                flips.append(_flip(baseline, target, old, new, hidden))
        cell = [
            tuple(int(r.counting[q][i]) for q in baseline.questions) for r, i in ((before, 0), (rated, at))
        ]
        if cell[0] != cell[1]:
            flips.append(_cell_flip(baseline, cell[0], cell[1]))
        yield int(at), flips


def _flip(baseline: Baseline, target: str, old: int, new: int, hidden: bool) -> Flip:
    return {
        "target": target,
        "title": baseline.title(target),
        "before": baseline.level_title(target, old),
        "after": baseline.level_title(target, new),
        "hidden": hidden,
    }


def _cell_flip(baseline: Baseline, old: Sequence[int], new: Sequence[int]) -> Flip:
    return {
        "target": CELL,
        "title": baseline.title(CELL),
        "before": cell_title(baseline, old),
        "after": cell_title(baseline, new),
        "hidden": False,
    }


def _resting(baseline: Baseline, flipping: Sequence[SourceFlips]) -> Iterator[Resting]:
    framework = baseline.policy.framework
    for target in (*baseline.targets, CELL):
        deciding: list[Deciding] = [
            {"source": row["source"], "after": flip["after"], "hidden": flip["hidden"]}
            for row in flipping
            for flip in row["flips"]
            if flip["target"] == target
        ]
        under = domains_under(baseline, target)
        sources = np.unique(baseline.counted.source.codes[baseline.counted.domain.where(under)])
        only = baseline.counted.source.names[sources[0]] if len(sources) == 1 else None
        if deciding or only:
            yield {
                "target": target,
                "title": baseline.title(target),
                "kind": "cell" if target == CELL else "domain" if framework.is_domain(target) else "question",
                "deciding": deciding,
                "only_source": only,
            }


def without(db: Database, baseline: Baseline, names: Sequence[str]) -> TriedChange:
    """The run without the evidence that `names` stand for; see `find_left_out` and `try_change`."""
    return try_change(db, baseline, names, {})


def with_measures(
    db: Database, baseline: Baseline, values: Mapping[tuple[str, str], float | None]
) -> TriedChange:
    """The run with other values of some measures, by domain and measure id; see `try_change`."""
    return try_change(db, baseline, (), values)


def try_change(
    db: Database, baseline: Baseline, names: Sequence[str], values: Mapping[tuple[str, str], float | None]
) -> TriedChange:
    """The run with evidence left out, then measures set: what becomes of every rating."""
    left_out = [find_left_out(db, baseline, name) for name in names]
    items = sorted({number for one in left_out for number in one["numbers"]})
    made = baseline.policy.rulebook.evidence_measures
    measures = compute_measures_without(db, baseline.review, made, baseline.event, items)
    for (target, name), value in values.items():
        check_setting(baseline, target, name, value)
        old = measures[target][name]
        new = None if value is None else rounded(value)
        if new != old.value:
            # Without a value there is no base, or it would say that too few people answered.
            measures[target][name] = MeasureValue(new, 0 if new is None else old.base)
    after = infer_of_record(baseline.policy, measures, baseline.decided, with_engine=False)
    return {
        "run": baseline.run,
        "left_out": [{"given": one["given"], "kind": one["kind"], "items": one["items"]} for one in left_out],
        "items": len(items),
        "set": [
            {"target": target, "measure": name, "value": None if value is None else rounded(value)}
            for (target, name), value in values.items()
        ],
        "measures": list(_measure_changes(baseline, measures)),
        "ratings": [*_rating_changes(baseline, after), _cell_change(baseline, after)],
    }


def _measure_changes(baseline: Baseline, measures: Measured) -> Iterator[MeasureChange]:
    for domain in baseline.policy.framework.domains:
        for name in measures_tested(baseline.policy.framework, baseline.policy.rulebook, domain):
            old, new = baseline.measures[domain][name].value, measures[domain][name].value
            if old != new:
                title = in_language(baseline.policy.rulebook.measure(name).title)
                yield {
                    "target": domain,
                    "title": baseline.title(domain),
                    "measure": name,
                    "measure_title": title,
                    "unit": baseline.policy.rulebook.measure(name).unit,
                    "before": old,
                    "after": new,
                }


def _rating_changes(baseline: Baseline, after: Inference) -> Iterator[RatingChange]:
    words = Sentences(baseline.policy)
    for old, new in zip(baseline.inference.ratings, after.ratings, strict=True):
        yield {
            "target": old.target,
            "title": baseline.title(old.target),
            "kind": old.kind,
            "before": _level_words(baseline, old),
            "after": _level_words(baseline, new),
            "status": new.status,
            "changed": old.level != new.level,
            "hidden": old.target in baseline.decided and old.proposed != new.proposed,
            "because": words.because(new),
        }


def _level_words(baseline: Baseline, rating: Rating) -> str:
    return baseline.level_title(rating.target, rating.level or 0)


def _cell_change(baseline: Baseline, after: Inference) -> RatingChange:
    old, new = (
        cell_title(baseline, [found.rating(q).level or 0 for q in baseline.questions])
        for found in (baseline.inference, after)
    )
    return {
        "target": CELL,
        "title": baseline.title(CELL),
        "kind": CELL,
        "before": old,
        "after": new,
        "status": "placed" if after.cell else "open",
        "changed": old != new,
        "hidden": False,
        "because": "",
    }


def find_left_out(db: Database, baseline: Baseline, given: str) -> GivenItems:
    """The items that counted in the run and that a name stands for: a source, an item, a kind, or a strand.

    'source:', 'item:', 'kind:' or 'strand:' before the name says which is meant. Raises UnknownName,
    UnknownItem, or ReviewError where the name could be several, or nothing of it counted.
    """
    counted = baseline.counted
    refs = [row["ref"] for row in sources_then(db, baseline)]
    strands = [strand.id for strand in baseline.policy.framework.strands]
    known = {"source": refs, "kind": list(SOURCE_KINDS), "strand": strands}
    prefix, _, rest = given.partition(":")
    name, kinds = (rest, (prefix,)) if prefix in KINDS_OF_NAMES and rest else (given, KINDS_OF_NAMES)
    meant = [kind for kind in kinds if name in known.get(kind, ())]
    if kinds == ("item",) or ("item" in kinds and name[:1] in ("E", "e") and name[1:].isdigit()):
        meant.append("item")
    if not meant:
        names = [one for kind in kinds for one in known.get(kind, ())]
        raise UnknownName(listed(kinds, "or"), name, names)
    if len(meant) > 1:
        raise ReviewError(
            f"{name!r} is a {' and a '.join(meant)} of this review",
            remedies=[Give(Part.WITHOUT, tuple(f"{kind}:{name}" for kind in meant))],
        )
    kind = meant[0]
    if kind == "item":
        chosen = counted.item == find_item(db, baseline.review, item_number(name))["id"]
    else:
        column = {"source": counted.source, "kind": counted.source_kind, "strand": counted.strand}[kind]
        chosen = column.where([name])
    numbers: Codes = np.unique(counted.item[chosen])
    if not len(numbers):
        raise ReviewError(
            f"nothing of the {kind} {name!r} counted in run {baseline.run},"
            " so nothing would change without it",
            hint="Withdrawn items, items without a domain and later additions do not count.",
        )
    return {"given": given, "kind": kind, "items": len(numbers), "numbers": numbers.tolist()}


def check_setting(baseline: Baseline, target: str, name: str, value: float | None) -> None:
    """Raise UnknownName or ReviewError unless this measure of a domain can be set to this value."""
    framework, rulebook = baseline.policy.framework, baseline.policy.rulebook
    framework.check_target(target)
    if not framework.is_domain(target):
        raise ReviewError(
            f"{target!r} is a question: its measures are computed from the ratings of its domains",
            hint="Set measures of its domains: " + ", ".join(domains_under(baseline, target)) + ".",
        )
    tested = measures_tested(framework, rulebook, target)
    if name not in tested:
        raise UnknownName(f"measure that the rules of {target} test", name, tested)
    measure = rulebook.measure(name)
    if value is None:
        if measure.is_count:
            raise ReviewError(f"{name} is a count and cannot be missing", hint="Set it to 0.")
    elif not np.isfinite(value) or (measure.is_percent and not 0 <= value <= 100):
        raise ReviewError(f"{name} cannot be {value:g}", hint="It is a percentage: 0 to 100.")
    elif measure.is_count and (value < 0 or not float(value).is_integer()):
        raise ReviewError(f"{name} cannot be {value:g}", hint="It is a count: 0, 1, 2, ...")
