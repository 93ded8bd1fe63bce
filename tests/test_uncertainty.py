"""How sure a run is: closed forms, the same rules as the run, the same numbers for the same seed."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assessment_example import AT, WELSH, add, assess_plainly, new_review, rate_approved
from command_line import Say
from evidence_rows import Row, finding, indicator, score, survey, whole_review
from scipy.stats import binom
from uncertainty_example import KINDS, SURVEY_MEAN, near, one_criterion

from assessment.robustness.uncertainty import Uncertainty, check_draws, measure_uncertainty, prepare
from assessment.runs.run import Run
from programme.database import Database, one
from programme.reviews import Review
from rules.errors import ReviewError, RunImpossible
from rules.evaluate import Evaluator
from rules.inference import infer
from rules.ratings import MeasureValue

N = 20_000


@pytest.fixture(scope="module")
def sure(example: tuple[Database, Review, Run]) -> Uncertainty:
    return measure_uncertainty(*example, draws=2_000, seed=1)


def case_files(met: int, count: int) -> list[Row]:
    refs = [f"F{n}" for n in range(count)]
    sources: list[Row] = [{"source": ref, "title": ref, "kind": "case_file"} for ref in refs]
    return sources + [score(ref, 4 if n < met else 2) for n, ref in enumerate(refs)]


# Closed forms ----------------------------------------------------------------------------------------------

EVIDENCE: dict[str, list[Row]] = {
    "survey": [survey("S1", "Satisfied", 70, 40)],
    "cases": case_files(28, 40),
    "findings": [finding("I1", "strength" if n < 28 else "weakness") for n in range(40)],
}


@pytest.mark.parametrize("kind", EVIDENCE)
@pytest.mark.parametrize("at_least", [50, 65, 70, 80])
def test_the_probability_of_a_level_is_the_tail_of_the_binomial(
    db: Database, kind: str, at_least: float
) -> None:
    review = new_review(db, "r1", "wales-round-2", *EVIDENCE[kind])
    run = assess_plainly(db, review, one_criterion(KINDS[kind], at_least))
    found = measure_uncertainty(db, review, run, draws=N, seed=4).target("carers")
    expected = binom.sf(np.ceil(at_least * 40 / 100 - 1e-9) - 1, 40, 0.7)
    assert near(found.levels[1].probability, expected, N)
    assert found.levels[1].level_id == "inconsistent"
    assert found.agreement == found.levels[1 if at_least <= 70 else 0].probability


def test_the_monte_carlo_error_is_the_standard_error_of_a_share(sure: Uncertainty) -> None:
    for target in sure.targets:
        for chance in target.levels:
            around = (chance.probability * 2_000 + 2) / 2_004
            assert chance.error == pytest.approx(np.sqrt(around * (1 - around) / 2_004))
            assert 0 < chance.error < 0.012


def test_with_a_huge_base_only_the_rating_itself_is_left(db: Database) -> None:
    rows = [
        survey("S1", "Satisfied", 70.5, 10**10),
        *whole_review(),
        *(survey("S1", f"About {domain}", 66, 10**10, domains=domain) for domain in WELSH.framework.domains),
    ]
    review = new_review(db, "r1", "wales-round-2", *rows)
    run = assess_plainly(db, review)
    found = measure_uncertainty(db, review, run, draws=300, findings="fixed")
    assert {target.agreement for target in found.targets} == {1.0}
    assert [cell.probability for cell in found.cells if cell.here] == [1.0]


# The whole rulebook ----------------------------------------------------------------------------------------


def test_every_draw_is_rated_as_a_run_would_rate_it(example: tuple[Database, Review, Run]) -> None:
    db, review, run = example
    prepared = prepare(db, review, run)
    ((count, values),) = prepared.resampler.draw(40, 5)
    levels = prepared.rate(values, {}, count)
    compiled = prepared.frozen.policy.compiled
    known = {
        domain: {name: [None if np.isnan(v) else float(v) for v in array] for name, array in given.items()}
        for domain, given in values.items()
    }
    for draw in range(count):
        measures = {
            d: {name: MeasureValue(v[draw]) for name, v in given.items()} for d, given in known.items()
        }
        found = infer(compiled, measures, {}, lambda rules, facts: Evaluator(rules).fire(facts))
        assert {r.target: r.level or 0 for r in found.ratings} == {t: a[draw] for t, a in levels.items()}


def test_probabilities_add_up(sure: Uncertainty) -> None:
    for target in sure.targets:
        assert sum(chance.probability for chance in target.levels) == pytest.approx(1)
    assert sum(cell.probability for cell in sure.cells) == pytest.approx(1)
    assert len(sure.cells) == 17
    services = sure.target("services")
    for chance in services.levels[:-1]:
        cells = [c.probability for c in sure.cells if c.levels and c.levels[0] == chance.level_id]
        assert sum(cells) == pytest.approx(chance.probability)


def test_the_run_is_compared_with_its_draws(sure: Uncertainty, example: tuple[Database, Review, Run]) -> None:
    for rating in example[2].result.ratings:
        target = sure.target(rating.target)
        assert target.level_id == rating.level_id
        given = [c.probability for c in target.levels if c.level_id == rating.level_id]
        assert given == [target.agreement]
    (here,) = [cell for cell in sure.cells if cell.here]
    assert here.levels == example[2].result.cell


def test_what_people_decided_counts_in_every_draw_beside_the_rules_alone(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *EVIDENCE["survey"])
    rate_approved(db, review, "carers", "excellent", by="lead", because="Seen on visits.", at=AT)
    run = assess_plainly(db, review, one_criterion(SURVEY_MEAN, 65))
    found = measure_uncertainty(db, review, run, draws=500).target("carers")
    assert found.status == "decided" and found.agreement == 1 and found.levels[3].probability == 1
    assert 0.6 < found.rules_alone[1].probability < 0.95
    assert measure_uncertainty(db, review, run, draws=500).target("assessment").rules_alone == ()


def test_too_little_evidence_stays_too_little(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", finding("I1"), finding("G1", "weakness"))
    found = measure_uncertainty(db, review, assess_plainly(db, review), draws=200)
    carers = found.target("carers")
    assert carers.level_id is None and carers.agreement == 1 and carers.likeliest.title == "not rated"
    assert found.cells[-1].here and found.cells[-1].probability == 1


def test_later_evidence_decisions_and_rulebooks_change_nothing(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *whole_review())
    run = assess_plainly(db, review)
    before = measure_uncertainty(db, review, run, draws=300)
    add(db, review, *(finding("O1", "weakness", 3) for _ in range(9)))
    rate_approved(db, review, "carers", "poor", by="lead", because="Later.", at=AT)
    assert measure_uncertainty(db, review, run, draws=300) == before
    assert measure_uncertainty(db, review, assess_plainly(db, review), draws=300) != before


# Repeating it ----------------------------------------------------------------------------------------------


def test_the_seed_gives_the_numbers_again_whatever_the_chunk(example: tuple[Database, Review, Run]) -> None:
    first = measure_uncertainty(*example, draws=600, seed=9)
    assert measure_uncertainty(*example, draws=600, seed=9, chunk=77) == first
    assert measure_uncertainty(*example, draws=600, seed=10) != first


def test_memory_does_not_grow_with_the_draws(example: tuple[Database, Review, Run]) -> None:
    def peak(draws: int) -> int:
        tracemalloc.start()
        try:
            measure_uncertainty(*example, draws=draws, chunk=500)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)
    few, many = peak(1_000), peak(10_000)
    assert many < 30 * 2**20 and many < few + 2 * 2**20


# Refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draws", "seed"), [(99, 0), (0, 0), (-5, 0), (100.5, 0), (True, 0), ("many", 0), (100, -1), (100, 1.5)]
)
def test_draws_and_seed_are_whole_numbers(
    example: tuple[Database, Review, Run], draws: Any, seed: Any
) -> None:
    with pytest.raises(RunImpossible):
        measure_uncertainty(*example, draws=draws, seed=seed)


def test_a_run_with_nothing_to_draw_is_refused(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", indicator("Breaks", "2007", 4, comparator=3))
    with pytest.raises(RunImpossible, match="nothing that can be resampled"):
        measure_uncertainty(db, review, assess_plainly(db, review))
    add(db, review, finding("I1"))
    run = assess_plainly(db, review)
    with pytest.raises(RunImpossible, match="case files or surveys"):
        measure_uncertainty(db, review, run, findings="fixed")
    assert measure_uncertainty(db, review, run, draws=100)


def test_all_answers_missing_is_an_error(db: Database) -> None:
    row = {
        "source": "S1",
        "respondent": "1",
        "question": "A",
        "group": "All",
        "answer": 5,
        "domains": "carers",
    }
    review = new_review(db, "r1", "wales-round-2", {**row, "domains": "carers"}, finding("I1"))
    run = assess_plainly(db, review)
    db.conn.execute("drop trigger survey_response_never_update")
    db.conn.execute("update survey_response set answer = null")
    with pytest.raises(ReviewError, match="no respondent answered"):
        measure_uncertainty(db, review, run)


# The command -----------------------------------------------------------------------------------------------


@pytest.fixture
def say(say: Say, example_copy: Path) -> Say:
    """Run `joint-review WORDS... --db EXAMPLE`."""
    return lambda *words: say(*words, "--db", str(example_copy))


def test_the_command_says_it_in_a_sentence_then_in_tables(say: Say) -> None:
    code, out, err = say("uncertainty", "wales-2004-08", "--draws", "500", "--seed", "1")
    assert code == 0, err
    text = " ".join(out.split())
    assert text.startswith("Run 1 of wales-2004-08: 9")
    for words in (
        "The least sure domain is Promoting independence and choice",
        "(here)",
        "not yet",
        "not rated",
        "with 10 answers if it is unknown",
    ):
        assert words in text, words


def test_the_command_gives_the_same_json_for_the_same_seed(say: Say) -> None:
    words = ("uncertainty", "wales-2004-08", "--draws", "200", "--seed", "3", "--json")
    (code, out, _), again = say(*words), say(*words)
    assert code == 0 and again[1] == out
    data = json.loads(out)
    assert data["draws"] == 200 and data["findings"] == "resampled" and len(data["targets"]) == 15
    assert data["confidence"]["carers"]["stated"] is None
    fixed = json.loads(say(*words, "--findings", "fixed")[1])
    assert fixed["targets"] != data["targets"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--draws", "99"), 1, "Give at least 100"),
        (("--seed=-1",), 1, "whole number from 0 up"),
        (("--draws", "many"), 2, "not a valid integer"),
        (("--seed", "1.5"), 1, "whole number from 0 up"),
        (("--findings", "some"), 2, "'some' is not one of"),
        (("--run", "9"), 1, "there is no run"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(
    say: Say, words: tuple[str, ...], code: int, said: str
) -> None:
    done = say("uncertainty", "wales-2004-08", *words)
    assert done[0] == code and said in done[2]


def test_the_command_changes_nothing(
    say: Say, example_copy: Path, connect: Callable[[Path], Database]
) -> None:
    before = one(connect(example_copy), "select max(id) from event")
    say("uncertainty", "wales-2004-08", "--draws", "100")
    say("next", "wales-2004-08", "--draws", "100")
    assert one(connect(example_copy), "select max(id) from event") == before


def test_so_many_draws_that_no_one_would_wait_for_them_are_refused() -> None:
    with pytest.raises(RunImpossible, match="100,000,000,000 draws are too many"):
        check_draws(100_000_000_000, 0)
