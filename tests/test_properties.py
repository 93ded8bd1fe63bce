"""What holds whatever the rulebook and whatever the evidence: one property a test, over random ones."""

from __future__ import annotations

import csv
import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pytest
from assessment_example import AT, NO_INPUTS, WELSH, add, assess_plainly, new_programme, new_review
from evidence_rows import Row, finding, indicator, score, survey, whole_review
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_rulebooks import (
    SAID,
    evidence_values,
    infer_alone,
    levels,
    measures_of_ratings,
    policy_sets,
)
from uncertainty_example import SURVEY_MEAN, one_criterion

from assessment.reasons.trail import MeasureNode, Node, trail_of
from assessment.robustness.alternatives import load_baseline
from assessment.robustness.smallest import smallest_changes
from assessment.robustness.uncertainty import measure_uncertainty
from assessment.robustness.whatif import leave_one_out
from assessment.runs.run import Run, load_run
from evidence.intake.importing import import_files
from evidence.items import tag_item, withdraw_item
from programme.database import Database, rows
from programme.reviews import Review, create_review, store_frameworks
from rules.arrays import ArrayEvaluator
from rules.engine import EngineWorker, available, fire_of_record
from rules.framework import Domain, Framework, Question, Strand
from rules.inference import infer
from rules.lint import is_monotone
from rules.loader import PolicySet
from rules.ratings import MeasureValue
from rules.rulebook import Criterion, Filter, Limit, Measure, Of, Policy, Rulebook, RuleSet, Statistic

few = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
DOMAINS = ("first", "second", "third")
KINDS = {"I1": "interview", "G1": "group_meeting", "O1": "observation"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for the databases of one test, a new file for every example."""
    with TemporaryDirectory() as name:
        yield Path(name)


# --- a strength more ------------------------------------------------------------------------------------
#
# Lint calls a rulebook monotone by its measures: none gets better and the level worse. A strength more makes
# some measures worse, though (see BEYOND_LINT). The rulebooks here are made of measures that it cannot make
# worse: counts and shares of strengths, items and kinds of source, of which more is better, and counts and
# shares of weaknesses, of which less is better. Nor is it said of a question over more rated domains than
# before: a domain that gets its first rating may get a low one.


def _measure(name: str, statistic: Statistic, of: Of = Of.FINDINGS, **more: Any) -> Measure:
    return Measure(id=name, title={"en": name}, of=of, statistic=statistic, **more)


STRENGTH, WEAKNESS, EITHER = (
    Filter(direction=given) for given in (("strength",), ("weakness",), ("strength", "weakness"))
)
MOVED_BY_STRENGTHS = (
    _measure("items", Statistic.COUNT, Of.ITEMS),
    _measure("kinds", Statistic.KINDS, Of.ITEMS),
    _measure("strengths", Statistic.COUNT, where=STRENGTH),
    _measure("weaknesses", Statistic.COUNT, where=WEAKNESS, better="lower"),
    _measure("strengths_share", Statistic.SHARE, where=STRENGTH, among=EITHER),
    _measure("weight_of_strengths", Statistic.SHARE, where=STRENGTH, weighted=True),
    _measure(
        "grave_share",
        Statistic.SHARE,
        where=Filter(direction=("weakness",), significance_at_least=3),
        better="lower",
    ),
    _measure("survey", Statistic.MEAN, Of.SURVEY_RESULTS),
)


def small_framework() -> Framework:
    domains = tuple(Domain(id=name, title={"en": name}) for name in DOMAINS)
    return Framework(
        id="small",
        title={"en": "Small"},
        reference="Made for tests.",
        strands=(Strand(id="all", title={"en": "All"}),),
        questions=(
            Question(id="question-0", title={"en": "How?"}, scale=levels("q0", 3), domains=domains[:2]),
            Question(
                id="question-1",
                title={"en": "Whither?"},
                scale=levels("q1", 2),
                domain_scale=levels("d1", 4),
                domains=domains[2:],
            ),
        ),
    )


SMALL = small_framework()


@st.composite
def criteria(
    draw: st.DrawFn, measures: Sequence[Measure], good: bool, least: int = 1
) -> list[dict[str, Any]]:
    """Criteria that ask for good values (or bad ones), now and then one the other way round."""
    made = []
    for n in range(draw(st.integers(least, 2))):
        measure = draw(st.sampled_from(measures))
        upwards = (measure.better == "higher") == good
        if draw(st.integers(0, 19)) == 0:
            upwards = not upwards
        test = draw(st.sampled_from(["at_least", "more_than"] if upwards else ["at_most", "less_than"]))
        if measure.statistic in (Statistic.RATING, Statistic.LOWEST):
            number: float = draw(st.integers(1, 3))
        else:
            number = draw(
                st.sampled_from([1, 2, 3, 5] if measure.is_count else [25, 33.3333, 50, 66.6667, 75])
            )
        missing = draw(st.sampled_from(["met", "not-met"]))
        made.append({"id": f"c{n}", "measure": measure.id, test: number, "when_missing": missing, **SAID})
    return made


@st.composite
def rule_sets(
    draw: st.DrawFn, scale: Sequence[str], measures: Sequence[Measure], of_evidence: bool
) -> RuleSet:
    policy = draw(st.sampled_from(list(Policy)))
    rated = scale[1:] if policy is Policy.SECURE_FIT else scale
    good = criteria(measures, good=True)
    enough = draw(criteria(measures, good=True, least=0)) if of_evidence else []
    limits = draw(criteria(measures, good=False, least=0))
    return RuleSet(
        policy=policy,
        sufficiency=tuple(Criterion(**{**one, "when_missing": "not-met"}) for one in enough),
        levels={name: tuple(Criterion(**one) for one in draw(good)) for name in rated},
        limits=tuple(Limit(**one, no_better_than=draw(st.sampled_from(scale[:-1]))) for one in limits),
    )


@st.composite
def monotone_policies(draw: st.DrawFn) -> PolicySet:
    """Rulebooks of the small framework that lint calls monotone."""
    of_ratings = {q.id: draw(measures_of_ratings(SMALL, q)) for q in SMALL.questions}
    book = Rulebook(
        id="small-rules",
        framework="small",
        version="1",
        title={"en": "Small rules"},
        measures=(*MOVED_BY_STRENGTHS, *itertools.chain(*of_ratings.values())),
        domain_defaults={
            q.id: draw(rule_sets([level.id for level in q.levels_of_domains], MOVED_BY_STRENGTHS, True))
            for q in SMALL.questions
        },
        questions={
            q.id: draw(rule_sets([level.id for level in q.scale], of_ratings[q.id], False))
            for q in SMALL.questions
        },
    )
    policy = PolicySet(SMALL, book)
    assume(is_monotone(policy))
    return policy


@st.composite
def some_findings(draw: st.DrawFn, domains: Sequence[str], most: int = 5) -> list[Row]:
    """Findings of any direction, significance and source in these domains."""
    return [
        finding(
            draw(st.sampled_from(sorted(KINDS))),
            draw(st.sampled_from(["strength", "weakness", "neutral"])),
            draw(st.integers(1, 3)),
            domains=domain,
        )
        for domain in domains
        for _ in range(draw(st.integers(0, most)))
    ]


@contextmanager
def programme_in(folder: Path) -> Iterator[Database]:
    """A new working database for one example of many."""
    with closing(new_programme(folder).conn) as connection:
        yield Database(connection)


def small_review(db: Database, *found: Row) -> Review:
    store_frameworks(db, [PolicySet(SMALL, WELSH.rulebook)])
    window = {"window_from": None, "window_to": None}
    review = create_review(db, "r1", "Sir Enghraifft", "small", **window, by="lead", at=AT)
    sources = [{"source": ref, "title": ref, "kind": kind} for ref, kind in KINDS.items()]
    add(db, review, *sources, *found)
    return review


def assert_none_is_lower(before: Run, after: Run) -> None:
    """No domain, and no question over as many rated domains as before, is rated lower or not any more."""
    rated = [
        {r.target for r in run.result.ratings if r.kind == "domain" and r.level} for run in (before, after)
    ]
    assert rated[0] <= rated[1]
    for old in before.result.ratings:
        new = after.rating(old.target)
        if old.level and (old.kind == "domain" or rated[0] == rated[1]):
            said = before.sentences().because(old), after.sentences().because(new)
            assert new.level and new.level >= old.level, said


@settings(few, max_examples=20)
@given(data=st.data(), policy=monotone_policies())
def test_a_strength_more_never_lowers_a_rating_under_a_monotone_rulebook(
    folder: Path, data: st.DataObject, policy: PolicySet
) -> None:
    with programme_in(folder) as db:
        review = small_review(db, *data.draw(some_findings(DOMAINS)))
        before = assess_plainly(db, review, policy)
        domain, ref = data.draw(st.sampled_from(DOMAINS)), data.draw(st.sampled_from(sorted(KINDS)))
        add(db, review, finding(ref, "strength", data.draw(st.integers(1, 3)), domains=domain))
        assert_none_is_lower(before, assess_plainly(db, review, policy))


@few
@given(data=st.data())
def test_a_strength_more_never_lowers_a_rating_under_the_welsh_rulebook(
    folder: Path, data: st.DataObject
) -> None:
    """It is monotone, and its counts of items and findings are only asked to be high enough."""
    assert is_monotone(WELSH)
    domains = [domain.id for domain in WELSH.framework.question("services").domains][:4]
    with programme_in(folder) as db:
        enough = whole_review(3, 2, domains=["safeguarding"])
        review = new_review(db, "r1", "wales-round-2", *enough, *data.draw(some_findings(domains, 7)))
        before = assess_plainly(db, review)
        ref, significance = data.draw(st.sampled_from(sorted(KINDS))), data.draw(st.integers(1, 3))
        add(db, review, finding(ref, "strength", significance, domains=data.draw(st.sampled_from(domains))))
        assert_none_is_lower(before, assess_plainly(db, review))


BEYOND_LINT = {
    "few findings asked for, of which neither more nor less is said to be better": (
        _measure("m", Statistic.COUNT, better="neither"),
        {"at_most": 2},
    ),
    "important strengths among all strengths": (
        _measure("m", Statistic.SHARE, where=Filter(significance_at_least=2), among=STRENGTH),
        {"at_least": 100},
    ),
}


@pytest.mark.parametrize("name", BEYOND_LINT)
def test_a_measure_that_a_strength_makes_worse_is_beyond_what_lint_can_see(tmp_path: Path, name: str) -> None:
    """Lint varies measures and knows no items: the property holds of measures strengths cannot make worse."""
    measure, asked = BEYOND_LINT[name]
    rules = RuleSet(levels={"q0-2": (Criterion(id="c", measure="m", **asked, **SAID),)})
    people = RuleSet(propose="people")
    book = Rulebook(
        id="small-rules",
        framework="small",
        version="1",
        title={"en": "Small rules"},
        measures=(measure,),
        domain_defaults={"question-0": rules, "question-1": people},
        questions={"question-0": people, "question-1": people},
    )
    policy = PolicySet(SMALL, book)
    assert is_monotone(policy)
    db = new_programme(tmp_path)
    review = small_review(db, *(finding("I1", "strength", 2, domains="first") for _ in range(2)))
    before = assess_plainly(db, review, policy)
    add(db, review, finding("I1", "strength", 1, domains="first"))
    after = assess_plainly(db, review, policy)
    assert (before.rating("first").level, after.rating("first").level) == (2, 1)
    db.conn.close()


# --- three ways to the same levels ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def worker() -> Iterator[EngineWorker | None]:
    """The engine in its own process; None where this Python has none."""
    if not available():
        yield None
        return
    with EngineWorker() as started:
        yield started


@settings(few, max_examples=40)
@given(data=st.data(), policy=policy_sets(most_domains=3, most_levels=3))
def test_the_engine_the_evaluator_and_the_arrays_agree(
    worker: EngineWorker | None, data: st.DataObject, policy: PolicySet
) -> None:
    values = data.draw(evidence_values(policy))
    targets = list(policy.framework.question_of)
    decided = {
        target: data.draw(st.integers(1, len(policy.framework.scale_of(target))))
        for target in data.draw(st.sets(st.sampled_from(targets), max_size=2))
    }
    alone = infer_alone(policy, values, decided)
    as_measured = {d: {name: MeasureValue(v) for name, v in some.items()} for d, some in values.items()}
    with_engine = infer(
        policy.compiled,
        as_measured,
        decided,
        # It raises EnginesDisagree where the two fire differently.
        lambda rules, facts: fire_of_record(rules, facts, worker),
    )
    assert with_engine == alone
    assert_arrays_agree(policy, values, decided, {r.target: r.level for r in alone.ratings})


def assert_arrays_agree(
    policy: PolicySet,
    values: Mapping[str, Mapping[str, Any]],
    decided: Mapping[str, int],
    expected: Mapping[str, int | None],
) -> None:
    arrays = {
        domain: {name: np.array([np.nan if v is None else v], dtype=float) for name, v in some.items()}
        for domain, some in values.items()
    }
    found = ArrayEvaluator(policy.compiled).rate(arrays, decided, 1)
    assert {target: int(level[0]) or None for target, level in found.items()} == dict(expected)


@pytest.mark.skipif(not available(), reason="durable_rules does not import on this Python")
@settings(few, max_examples=2)
@given(found=some_findings(DOMAINS), policy=monotone_policies())
def test_a_run_with_the_engine_is_the_run_without_it(
    folder: Path, found: list[Row], policy: PolicySet
) -> None:
    with programme_in(folder) as db:
        review = small_review(db, *found)
        runs = [assess_plainly(db, review, policy, use_engine=engine) for engine in (True, False)]
    with_engine, alone = (dataclasses.replace(run.result, inputs=NO_INPUTS) for run in runs)
    assert [run.result.second_engine for run in runs] == [True, False]
    assert with_engine == alone
    values = {
        domain: {name: measure.value for name, measure in alone.measures[domain].items()}
        for domain in DOMAINS
    }
    assert_arrays_agree(policy, values, {}, {r.target: r.level for r in alone.ratings})


# --- a huge base ----------------------------------------------------------------------------------------


@few
@given(data=st.data(), threshold=st.integers(5, 95), seed=st.integers(0, 2**32))
def test_with_a_huge_base_every_draw_gives_the_rating_itself(
    folder: Path, data: st.DataObject, threshold: int, seed: int
) -> None:
    """10**10 answers scatter a share by at most 0.0005 points; no mean is so near the threshold."""
    domains = ["carers", "leadership", "workforce"]
    share = st.floats(0, 100).map(lambda value: round(value, 3))
    shares = {d: data.draw(st.lists(share, min_size=1, max_size=3)) for d in domains}
    assume(all(abs(np.mean(some) - threshold) > 0.005 for some in shares.values()))
    with programme_in(folder) as db:
        found = [
            survey("S1", f"Question {n} on {domain}", value, 10**10, domains=domain)
            for domain, some in shares.items()
            for n, value in enumerate(some)
        ]
        review = new_review(db, "r1", "wales-round-2", *found)
        run = assess_plainly(db, review, one_criterion(SURVEY_MEAN, threshold))
        sure = measure_uncertainty(db, review, run, draws=100, seed=seed)
    for domain, some in shares.items():
        assert run.rating(domain).level == (2 if np.mean(some) >= threshold else 1)
        assert (sure.target(domain).agreement, sure.target(domain).level_id) == (
            1,
            run.rating(domain).level_id,
        )


# --- withdrawn evidence ---------------------------------------------------------------------------------


class Counted(NamedTuple):
    """What should count: the domains of every item not withdrawn."""

    tags: dict[int, frozenset[str]]

    def of(self, domain: str) -> set[int]:
        return {number for number, domains in self.tags.items() if domain in domains}


def numbers_in(tree: Node) -> set[int]:
    """The items at the ends of a trail."""
    if isinstance(tree, MeasureNode):
        assert tree.items_in_all == len(tree.below)
        return {item["id"] for item in tree.below}
    return set().union(*(numbers_in(child) for child in tree.below))


BEHIND = """
select distinct m.target, b.evidence_id from measure_evidence b join measure m on m.id = b.measure_id
where m.run_id = ?
"""


def assert_only_counted(db: Database, review: Review, run: Run, counted: Counted) -> None:
    """Trail, view and what-ifs of a run know the items that counted for it, all of them and no others."""
    framework = WELSH.framework
    for domain in framework.domains:
        assert numbers_in(trail_of(db, run, domain, items=1000)) == counted.of(domain)
    behind = {(row["target"], row["evidence_id"]) for row in rows(db, BEHIND, [run.id])}
    assert behind == {(domain, n) for domain in framework.domains for n in counted.of(domain)}
    everything = {number for number, domains in counted.tags.items() if domains}
    base = load_baseline(db, review, run)
    turns = leave_one_out(db, base)
    assert turns["items"] == len(everything)
    assert {int(row["item"][1:]) for row in turns["by_item"]} <= everything
    told = smallest_changes(db, base, "carers")
    sets = [one for move in told["withdrawals"].values() if isinstance(move, list) for one in move]
    named = {int(item["item"][1:]) for one in sets for item in one.get("items", [])}
    assert named <= counted.of("carers")


@few
@given(data=st.data())
def test_withdrawn_evidence_never_appears_in_a_later_trail(folder: Path, data: st.DataObject) -> None:
    domains = ["carers", "assessment", "leadership"]
    made: list[tuple[int, Counted]] = []
    with programme_in(folder) as db:
        review = new_review(db)
        tags: dict[int, frozenset[str]] = {}

        def act(name: str) -> None:
            living, domain = sorted(tags), data.draw(st.sampled_from(domains))
            if name == "add":
                kind = data.draw(st.sampled_from(["strength", "weakness"]))
                add(db, review, finding(data.draw(st.sampled_from(["I1", "G1"])), kind, domains=domain))
                tags[rows(db, "select max(id) as id from evidence")[0]["id"]] = frozenset({domain})
            elif name == "assess" or not living:
                found = assess_plainly(db, review, seed=len(made))
                made.append((found.id, Counted(dict(tags))))
            else:
                number = data.draw(st.sampled_from(living))
                if name == "tag":
                    tag_item(db, review, number, [domain], by="reviewer-1", at=AT)
                    tags[number] |= {domain}
                elif name == "withdraw item":
                    withdraw_item(db, review, number, by="reviewer-1", because="Recorded twice.", at=AT)
                    del tags[number]
                elif domain in tags[number]:
                    withdraw_item(
                        *(db, review, number), by="reviewer-1", because="Not about it.", at=AT, domain=domain
                    )
                    tags[number] -= {domain}

        names = st.sampled_from(["add", "add", "add", "tag", "withdraw item", "withdraw tag", "assess"])
        for name in [*["add"] * 3, *data.draw(st.lists(names, min_size=3, max_size=9)), "assess"]:
            act(name)
        # Also what was withdrawn since leaves the runs before it as they were.
        for number, counted in made[-2:]:
            assert_only_counted(db, review, load_run(db, review, number), counted)


# --- the order of import --------------------------------------------------------------------------------

LAYOUTS: dict[str, list[Row]] = {
    "findings": [
        *(
            finding("I1", direction, n, domains="carers; assessment")
            for n, direction in ((1, "strength"), (2, "weakness"), (3, "strength"), (2, "neutral"))
        ),
        finding("G1", "weakness", 3, domains="leadership"),
    ],
    "case-scores": [score(ref, value) for ref, value in (("C1", 3), ("C1", 2), ("C2", 4))],
    "survey-results": [survey("S1", f"Question {n}", 41.5 + n, 60 + n) for n in range(3)],
    "survey-responses": [
        {
            "source": "S1",
            "respondent": f"{n:03}",
            "question": question,
            "group": "Carers",
            "answer": answer,
            "strand": "carers",
            "domains": "carers",
        }
        for question, answers in (("Help?", "52254422415245"), ("Heard?", "5455525542 525"))
        for n, answer in enumerate(answers)
    ],
    "indicators": [
        indicator("Waits", period, value, "lower", 30) for period, value in (("2006", 40), ("2007", 28.5))
    ],
}


def write(folder: Path, layout: str, found: Sequence[Row]) -> Path:
    path = folder / f"{layout}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return path


def result_of_import(folder: Path, batches: Sequence[Sequence[tuple[str, Sequence[Row]]]]) -> str:
    """The result of assessing what these files hold, imported batch by batch."""
    with programme_in(folder) as db:
        review = new_review(db)
        for batch in batches:
            paths = [write(folder, layout, found) for layout, found in batch]
            import_files(db, review, paths, by="reviewer-1", at=AT)
        return assess_plainly(db, review).result.text


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> str:
    return result_of_import(tmp_path_factory.mktemp("order"), [list(LAYOUTS.items())])


@few
@given(data=st.data())
def test_the_order_of_files_and_rows_never_changes_a_run(
    folder: Path, in_order: str, data: st.DataObject
) -> None:
    shuffled = [(name, data.draw(st.permutations(found))) for name, found in LAYOUTS.items()]
    files = data.draw(st.permutations(shuffled))
    cut = data.draw(st.integers(0, len(files)))
    batches = [batch for batch in (files[:cut], files[cut:]) if batch]
    assert result_of_import(folder, batches) == in_order


def test_what_is_shuffled_moves_the_ratings(in_order: str) -> None:
    """All kinds of evidence are there and count, so that the order could matter."""
    for name in ("strengths_share", "survey_positive", "cases_met", "at_comparator"):
        assert f'"measure":"{name}"' in in_order
    assert in_order.count('"status":"proposed"') >= 1
