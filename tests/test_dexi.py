"""Complete ordinal tables: the rules and the plus-minus changes agree with DEXi's.

DEXi evaluates alternatives by complete decision tables over ordinal scales, and shows in its plus-minus
analysis what each input, some steps up or down, does to the result. Rulebooks of the same tables must agree.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assessment_example import assess_plainly, new_programme, new_review
from dexipy.analyse import plus_minus
from dexipy.dexi import DexiAttribute, DexiDiscreteScale, DexiModel, DexiTabularFunction
from dexipy.parse import read_dexi_from_string
from dexipy.tests.testdata import CAR_XML
from evidence_rows import finding, indicator, score, survey
from hypothesis import given, settings
from hypothesis import strategies as st
from random_rulebooks import SAID, infer_alone, levels

from assessment.robustness.alternatives import Baseline, Mover, load_baseline, rate_alternatives
from assessment.robustness.smallest import smallest_changes
from programme.reviews import Review
from rules.arrays import ArrayEvaluator
from rules.framework import Domain, Framework, Question, Strand
from rules.loader import PolicySet
from rules.ratings import MeasureValue
from rules.rulebook import Criterion, Filter, Limit, Measure, Of, Policy, Rulebook, RuleSet, Statistic

STEP = 10
"""A domain has level n from a share of n - 1 steps on; its share stands in the middle of the step."""
Row = tuple[int, ...]
"""The levels of the inputs, 1 the worst."""
Changes = dict[tuple[str, int], int]
"""The level that an input, so many steps up or down, gives: DEXi's plus-minus analysis."""


# --- the same table in DEXi -----------------------------------------------------------------------------


def dexi_model(sizes: Mapping[str, int], outcomes: int, value: Callable[[Row], int]) -> DexiModel:
    """A DEXi model of one table: `value` gives the level (1 the worst) for every row of input levels."""

    def scale(count: int) -> DexiDiscreteScale:
        return DexiDiscreteScale(values=[f"level {n}" for n in range(1, count + 1)])

    inputs = [DexiAttribute(name, scale=scale(count)) for name, count in sizes.items()]
    out = DexiAttribute("out", inputs=inputs, scale=scale(outcomes))
    rows = itertools.product(*(range(1, count + 1) for count in sizes.values()))
    out.funct = DexiTabularFunction(out, values=[value(row) - 1 for row in rows])
    return DexiModel(name="table", root=DexiAttribute("root", inputs=[out]))


def dexi_levels(model: DexiModel, rows: Sequence[Mapping[str, int]], target: str) -> list[int]:
    """The level of a target for every alternative, as DEXi evaluates it."""
    alternatives = [{"name": "a", **{name: n - 1 for name, n in row.items()}} for row in rows]
    return [int(found[target]) + 1 for found in model.evaluate(alternatives)]


def dexi_changes(model: DexiModel, row: Mapping[str, int], target: str) -> Changes:
    """What DEXi's plus-minus analysis prints for an alternative, read off its table."""
    [alternative] = model.evaluate([{"name": "a", **{name: n - 1 for name, n in row.items()}}])
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        plus_minus(model, alternative, model.attrib(target), text=False, structure=False)
    head, _, *lines = printed.getvalue().splitlines()
    steps = [0 if label == "a" else int(label) for label in head.split()[1:]]
    starts = [head.index(label) for label in head.split()[1:]]
    found: Changes = {}
    for line in lines:
        name = line.split()[0]
        for step, start, end in zip(steps, starts, [*starts[1:], None], strict=True):
            cell = line[start:end].strip()
            inside = 1 <= row[name] + step <= model.attrib(name).scale.count()
            assert inside or cell in ("", "[", "]")
            if step and inside:
                found[name, step] = int(cell or alternative[target]) + 1
    return found


# --- the same table as a rulebook -----------------------------------------------------------------------


def rulebook_of(
    sizes: Mapping[str, int], outcomes: int, rules: RuleSet, measures: Sequence[Measure]
) -> PolicySet:
    """A framework of one question 'out' whose domains are the inputs, each rated by a measure of its own."""
    most = max(sizes.values())
    question = Question(
        id="out",
        title={"en": "Out"},
        scale=levels("out", outcomes),
        domain_scale=levels("in", most),
        domains=tuple(Domain(id=name, title={"en": name}) for name in sizes),
    )
    framework = Framework(
        id="tables",
        title={"en": "Tables"},
        reference="Made for tests.",
        strands=(Strand(id="all", title={"en": "All"}),),
        questions=(question,),
    )
    share = Measure(id="share", title={"en": "Share"}, of=Of.FINDINGS, statistic=Statistic.SHARE, unit="%")
    of_domains = RuleSet(
        levels={
            f"in-{n}": (Criterion(id="share", measure="share", at_least=(n - 1) * STEP, **SAID),)
            for n in range(2, most + 1)
        }
    )
    of_ratings = [
        Measure(id=f"of_{name}", title={"en": name}, of=Of.RATINGS, statistic=Statistic.RATING, domain=name)
        for name in sizes
    ]
    book = Rulebook(
        id="tables",
        framework="tables",
        version="1",
        title={"en": "Tables"},
        measures=(share, *of_ratings, *measures),
        domain_defaults={"out": of_domains},
        questions={"out": rules},
    )
    return PolicySet(framework, book)


def as_share(level: Any) -> Any:
    return (level - 1) * STEP + STEP / 2


def base_at(policy: PolicySet, row: Mapping[str, int]) -> Baseline:
    """A recorded run as it would be whose domains have these levels; nothing is read from a database."""
    measures = {name: {"share": MeasureValue(as_share(level))} for name, level in row.items()}
    inference = infer_alone(policy, {name: {"share": as_share(level)} for name, level in row.items()}, {})
    review = Review(1, "r1", "A", policy.framework, 1, "", None, None, "")
    nothing: Any = None
    return Baseline(review, 1, policy, 0, {}, nothing, measures, inference, ArrayEvaluator(policy.compiled))


def our_levels(policy: PolicySet, rows: Sequence[Mapping[str, int]]) -> list[int]:
    """The levels of the question for many rows of domain levels."""
    measures = {
        name: {"share": as_share(np.array([row[name] for row in rows], dtype=float))}
        for name in policy.framework.domains
    }
    rated = rate_alternatives(base_at(policy, rows[0]), measures, len(rows))
    return [int(level) for level in rated.counting["out"]]


def our_changes(
    policy: PolicySet, row: Mapping[str, int], sizes: Mapping[str, int]
) -> tuple[Changes, Changes]:
    """The levels, and the moves (1 up, -1 down, 0), under every change of one domain's measure."""
    mover = Mover(base_at(policy, row), "out")
    given: Changes = {}
    moves: Changes = {}
    for name, size in sizes.items():
        others = [level for level in range(1, size + 1) if level != row[name]]
        values = as_share(np.array(others, dtype=float))
        found, rated = mover.moves({name: {"share": values}}, len(others))
        for at, level in enumerate(others):
            given[name, level - row[name]] = int(rated.counting["out"][at])
            moves[name, level - row[name]] = int(found[at])
    return given, moves


# --- random tables --------------------------------------------------------------------------------------

Test = Callable[[Row], bool]


@st.composite
def criteria_of_rows(
    draw: st.DrawFn, names: Sequence[str], size: int
) -> tuple[dict[str, Any], Measure | None, Test]:
    """A criterion over the ratings of the inputs, the measure it needs, and the same in plain Python."""
    kind = draw(st.sampled_from(["at_least", "at_least", "at_most", "one_of", "lowest", "count", "sum"]))
    at, level = draw(st.integers(0, len(names) - 1)), draw(st.integers(1, size))
    if kind == "at_least":
        return {"measure": f"of_{names[at]}", "at_least": f"in-{level}"}, None, lambda row: row[at] >= level
    if kind == "at_most":
        return {"measure": f"of_{names[at]}", "at_most": level}, None, lambda row: row[at] <= level
    if kind == "one_of":
        some = draw(st.sets(st.integers(1, size), min_size=1))
        return (
            {"measure": f"of_{names[at]}", "one_of": tuple(sorted(some))},
            None,
            lambda row: row[at] in some,
        )
    made: dict[str, Any] = {"title": {"en": kind}, "of": Of.RATINGS}
    if kind == "lowest":
        lowest = Measure(id="lowest", statistic=Statistic.LOWEST, **made)
        return {"measure": "lowest", "at_least": f"in-{level}"}, lowest, lambda row: min(row) >= level
    if kind == "count":
        least = draw(st.integers(1, len(names)))
        where = Filter(level_at_least=f"in-{level}")
        count = Measure(id=f"from_{level}", statistic=Statistic.COUNT, where=where, **made)
        return (
            {"measure": count.id, "at_least": least},
            count,
            lambda row: sum(one >= level for one in row) >= least,
        )
    total = draw(st.integers(len(names), len(names) * size))
    percent = Measure(id="percent", statistic=Statistic.PERCENT_OF_MAXIMUM, **made)
    needed = math.ceil(100 * total / (len(names) * size))
    return {"measure": "percent", "at_least": needed}, percent, lambda row: sum(row) >= total


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, int], int, PolicySet, Callable[[Row], int]]:
    """Inputs with their sizes, the number of outcomes, a rulebook, and what it means in plain Python."""
    size, outcomes = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    names = [f"input{n}" for n in range(draw(st.integers(2, 4)))]
    policy = draw(st.sampled_from([Policy.SECURE_FIT, Policy.FIRST_MATCH]))
    measures: dict[str, Measure] = {}

    def draw_test(more: Mapping[str, Any], kind: type[Criterion]) -> tuple[Any, Test]:
        asked, measure, test = draw(criteria_of_rows(names, size))
        if measure:
            measures[measure.id] = measure
        return kind(**asked, **more, **SAID), test

    criteria: dict[str, tuple[Criterion, ...]] = {}
    meant: dict[int, list[Test]] = {}
    for number in range(2, outcomes + 1):
        drawn = [draw_test({"id": f"c{n}"}, Criterion) for n in range(draw(st.integers(1, 3)))]
        criteria[f"out-{number}"] = tuple(criterion for criterion, _ in drawn)
        meant[number] = [test for _, test in drawn]
    if policy is Policy.FIRST_MATCH:
        # The lowest level matches every row, which makes the table complete.
        always = Criterion(id="always", measure=f"of_{names[0]}", at_least=1, **SAID)
        criteria = {"out-1": (always,), **criteria}
    limits: list[Limit] = []
    held: list[tuple[int, Test]] = []
    for n in range(draw(st.integers(0, 1))):
        ceiling = draw(st.integers(1, outcomes))
        limit, test = draw_test({"id": f"l{n}", "no_better_than": f"out-{ceiling}"}, Limit)
        limits.append(limit)
        held.append((ceiling, test))
    rules = RuleSet(policy=policy, levels=criteria, limits=tuple(limits))

    def value(row: Row) -> int:
        matching = [number for number, tests in meant.items() if all(test(row) for test in tests)]
        if policy is Policy.FIRST_MATCH:
            level = max(matching, default=1)
        else:
            level = next((n - 1 for n in range(2, outcomes + 1) if n not in matching), outcomes)
        return min([level, *(ceiling for ceiling, test in held if test(row))])

    sizes = dict.fromkeys(names, size)
    return sizes, outcomes, rulebook_of(sizes, outcomes, rules, list(measures.values())), value


@settings(max_examples=40, deadline=None, derandomize=True)
@given(table=tables(), data=st.data())
def test_a_complete_table_gives_the_same_as_rules_and_in_dexi(
    table: tuple[dict[str, int], int, PolicySet, Callable[[Row], int]], data: st.DataObject
) -> None:
    sizes, outcomes, policy, value = table
    model = dexi_model(sizes, outcomes, value)
    rows = [
        dict(zip(sizes, row, strict=True))
        for row in itertools.product(*(range(1, size + 1) for size in sizes.values()))
    ]
    assert our_levels(policy, rows) == dexi_levels(model, rows, "out")
    for row in data.draw(st.lists(st.sampled_from(rows), min_size=1, max_size=3)):
        theirs, before = dexi_changes(model, row, "out"), value(tuple(row.values()))
        given_, moves = our_changes(policy, row, sizes)
        assert given_ == theirs
        assert moves == {name: int(np.sign(level - before)) for name, level in theirs.items()}
        inferred = infer_alone(policy, {name: {"share": as_share(n)} for name, n in row.items()}, {})
        assert inferred.rating("out").level == before


# --- the car model, DEXi's own example ------------------------------------------------------------------
#
# The model comes with dexipy. Its four tables as rules: every input must be fair, and how many of them are
# good, or how much they are together, makes it better than that.


def sum_of(names: Sequence[str], size: int, total: int) -> dict[str, Any]:
    """A criterion that the levels of the inputs add up to a total, as a percentage of their maximum."""
    return {"measure": "percent", "at_least": math.ceil(100 * total / (len(names) * size))}


def fair(names: Sequence[str]) -> tuple[Criterion, ...]:
    return tuple(Criterion(id=name, measure=f"of_{name}", at_least=2, **SAID) for name in names)


PERCENT = Measure(
    id="percent", title={"en": "Sum"}, of=Of.RATINGS, statistic=Statistic.PERCENT_OF_MAXIMUM, unit="%"
)
THIRD = Measure(
    id="third",
    title={"en": "At the third level"},
    of=Of.RATINGS,
    statistic=Statistic.COUNT,
    where=Filter(level_at_least="in-3"),
)


def car_rules(sizes: Mapping[str, int], outcomes: int, more: Mapping[int, Mapping[str, Any]]) -> PolicySet:
    """Level 2 where every input is fair; `more` is asked for the levels above."""
    rules = RuleSet(
        levels={
            "out-2": fair(list(sizes)),
            **{f"out-{n}": (Criterion(id="more", **asked, **SAID),) for n, asked in more.items()},
        }
    )
    return rulebook_of(sizes, outcomes, rules, [PERCENT, THIRD])


CAR_INPUTS = {"BUY.PRICE": 3, "MAINT.PRICE": 3, "#PERS": 3, "#DOORS": 4, "LUGGAGE": 3, "SAFETY": 3}
NODES: dict[str, tuple[tuple[str, ...], PolicySet]] = {
    "PRICE": (
        ("BUY.PRICE", "MAINT.PRICE"),
        car_rules({"buy": 3, "maint": 3}, 3, {3: sum_of("bm", 3, 5)}),
    ),
    "COMFORT": (
        ("#PERS", "#DOORS", "LUGGAGE"),
        car_rules({"pers": 3, "doors": 4, "luggage": 3}, 3, {3: {"measure": "third", "at_least": 2}}),
    ),
    "TECH.CHAR.": (
        ("COMFORT", "SAFETY"),
        car_rules({"comfort": 3, "safety": 3}, 4, {3: sum_of("cs", 3, 5), 4: sum_of("cs", 3, 6)}),
    ),
    "CAR": (
        ("PRICE", "TECH.CHAR."),
        car_rules({"price": 3, "tech": 4}, 4, {3: sum_of("pt", 4, 5), 4: sum_of("pt", 4, 6)}),
    ),
}


@pytest.fixture(scope="module")
def car() -> DexiModel:
    return read_dexi_from_string(CAR_XML)


def our_cars(cars: Sequence[Mapping[str, int]]) -> list[dict[str, int]]:
    """All levels of cars by the rulebooks of the four tables, one after the other."""
    found = [dict(one) for one in cars]
    for node, (inputs, policy) in NODES.items():
        rows = [dict(zip(policy.framework.domains, (one[i] for i in inputs), strict=True)) for one in found]
        for one, level in zip(found, our_levels(policy, rows), strict=True):
            one[node] = level
    return found


def test_every_car_is_rated_as_in_dexi(car: DexiModel) -> None:
    cars = [
        dict(zip(CAR_INPUTS, row, strict=True))
        for row in itertools.product(*(range(1, n + 1) for n in CAR_INPUTS.values()))
    ]
    assert len(cars) == 972
    ours = our_cars(cars)
    for node in NODES:
        assert [one[node] for one in ours] == dexi_levels(car, cars, node), node


def test_the_two_published_cars_change_as_in_dexi(car: DexiModel) -> None:
    published = [{name: int(one[name]) + 1 for name in CAR_INPUTS} for one in car.alternatives]
    assert [one["CAR"] for one in our_cars(published)] == [4, 3]
    for row in published:
        changed = {
            (name, level - row[name]): {**row, name: level}
            for name, size in CAR_INPUTS.items()
            for level in range(1, size + 1)
            if level != row[name]
        }
        ours = dict(zip(changed, (one["CAR"] for one in our_cars(list(changed.values()))), strict=True))
        assert ours == dexi_changes(car, row, "CAR")


# --- the smallest changes of a real review --------------------------------------------------------------

CUTS = {
    "items": (5,),
    "findings": (3,),
    "kinds": (2, 3),
    "strengths_share": (20, 50, 80),
    "serious_weakness_share": (30, 60),
    "survey_positive": (40, 65, 85),
    "cases_met": (40, 65, 85),
    "at_comparator": (75,),
}
"""Where the Welsh rulebook cuts the measures of a services domain."""


def welsh_level(row: Row) -> int:
    """1 for not enough evidence, 2 to 5 for poor to excellent: the Welsh rules of a services domain."""
    items, findings, kinds, strengths, serious, surveys, cases, comparator = row
    if items == 1 or findings == 1 or kinds == 1:
        return 1
    level = min(strengths, surveys, cases)
    if level == 4 and not (kinds == 3 and comparator == 2):
        level = 3
    return min(level, {1: 4, 2: 2, 3: 1}[serious]) + 1


def cell_of(measure: str, value: float) -> int:
    return 1 + sum(value >= cut for cut in CUTS[measure])


def first_moves(changes: Changes, before: int) -> Iterator[tuple[str, int, str, int]]:
    """(input, way, move, level) of the nearest step of every input and way, by how it moves the level."""
    for way in (1, -1):
        for name in CUTS:
            seen = set()
            for far in range(1, 5):
                level = changes.get((name, way * far), before)
                move = "up" if level > before else "unrated" if level == 1 else "down"
                if level != before and move not in seen:
                    seen.add(move)
                    yield name, way, move, level


def carers(strengths: int, weaknesses: int, grave: int, cases: int, positive: float, at: int) -> list[Any]:
    """Findings in two kinds of source, ten case scores, a survey and four indicators about carers."""
    return [
        *(finding("I1") for _ in range(strengths)),
        *(finding("I1", "weakness") for _ in range(weaknesses)),
        *(finding("I1", "weakness", 3) for _ in range(grave)),
        *(score("C1", 3 if n < cases else 2) for n in range(10)),
        survey("S1", "Were you offered an assessment?", positive, 40),
        *(indicator(f"Indicator {n}", "2007-08", 60 if n < at else 40, "higher", 50) for n in range(4)),
    ]


REVIEWS = {
    "mainly good": carers(7, 3, 0, 8, 70, 4),
    "held down by grave weaknesses": carers(8, 1, 4, 9, 90, 4),
    "poor": carers(1, 8, 0, 3, 30, 1),
    "excellent": carers(9, 1, 0, 10, 95, 4),
    "few findings": carers(2, 1, 0, 7, 66, 3),
}


@pytest.mark.parametrize("name", REVIEWS)
def test_the_smallest_single_changes_of_a_review_are_those_of_the_plus_minus_analysis(
    tmp_path: Path, name: str
) -> None:
    db = new_programme(tmp_path)
    try:
        review = new_review(db, "r1", "wales-round-2", *REVIEWS[name])
        run = assess_plainly(db, review)
        base = load_baseline(db, review, run)
        told = smallest_changes(db, base, "carers")
    finally:
        db.conn.close()
    model = dexi_model({key: len(cuts) + 1 for key, cuts in CUTS.items()}, 5, welsh_level)
    row = {key: cell_of(key, run.result.measures["carers"][key].value) for key in CUTS}
    before = welsh_level(tuple(row.values()))
    rating = run.rating("carers")
    assert (rating.proposed or 0) + 1 == before == dexi_levels(model, [row], "out")[0]
    titles = ["no rating", "Poor", "Inconsistent", "Mainly good", "Excellent"]
    ours = {
        (change["measure"], 1 if change["after"] > change["before"] else -1, one["move"], one["after"])
        for one in told["measures"]
        if one["size"] == 1
        for change in one["changes"]
        if change["after"] is not None
    }
    theirs = {
        (key, way, move, titles[level - 1])
        for key, way, move, level in first_moves(dexi_changes(model, row, "out"), before)
    }
    assert ours == theirs
