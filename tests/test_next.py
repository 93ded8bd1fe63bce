"""Where to look next: gaps first, then how far more evidence lowers the chance of a wrong rating."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from assessment_example import AT, WELSH, assess_plainly, new_review, rate_approved
from command_line import Say
from evidence_rows import Row, finding, score, survey
from scipy.stats import binom
from uncertainty_example import CASES_MET, KINDS, STRENGTHS, SURVEY_MEAN, near, one_criterion

from assessment.robustness.next_evidence import DomainNext, Next, look_next
from programme.database import Database
from rules.errors import RunImpossible
from rules.loader import PolicySet

N = 5_000


def looked(db: Database, policy: PolicySet, *rows: Row, draws: int = N) -> Next:
    review = new_review(db, "r1", "wales-round-2", *rows)
    return look_next(db, review, assess_plainly(db, review, policy), draws=draws, seed=2)


def of(found: Next, domain: str = "carers") -> DomainNext:
    return next(one for one in found.domains if one.target == domain)


def case_files(met: int, count: int) -> list[Row]:
    refs = [f"F{n}" for n in range(count)]
    sources: list[Row] = [{"source": ref, "title": ref, "kind": "case_file"} for ref in refs]
    return sources + [score(ref, 4 if n < met else 2) for n, ref in enumerate(refs)]


def below(base: int, share: float, at_least: float) -> float:
    """The chance that a binomial share lies below a threshold in percent."""
    return float(binom.cdf(np.ceil(at_least * base / 100 - 1e-9) - 1, base, share))


EVIDENCE: dict[str, tuple[str, list[Row]]] = {
    "survey": ("responses", [survey("S1", "Satisfied", 70, 40)]),
    "cases": ("case files", case_files(28, 40)),
    "findings": ("interviews", [finding("I1", "strength" if n < 28 else "weakness") for n in range(40)]),
}


@pytest.mark.parametrize("what", EVIDENCE)
def test_the_chance_of_a_wrong_rating_falls_as_the_binomial_says(db: Database, what: str) -> None:
    kind, rows = EVIDENCE[what]
    found = of(looked(db, one_criterion(KINDS[what], 60), *rows))
    assert found.chance_wrong is not None and near(found.chance_wrong, below(40, 0.7, 60), N)
    assert {gain.kind for gain in found.gains} == {kind}
    for gain in found.gains:
        # One interview there has given all 40 findings.
        base = 40 + gain.amount * (40 if kind == "interviews" else 1)
        assert near(gain.chance_wrong, below(base, 0.7, 60), N), gain
        assert gain.fall == pytest.approx(found.chance_wrong - gain.chance_wrong)
    assert found.best is not None and found.best.kind == kind
    assert f"{found.best.amount} more {kind} would lower that share to" in found.said


def test_right_at_its_threshold_no_amount_of_the_same_settles_it(db: Database) -> None:
    found = of(looked(db, one_criterion(SURVEY_MEAN, 70), survey("S1", "Satisfied", 70, 1_000)))
    assert found.best is None and 0.4 < (found.chance_wrong or 0) < 0.6
    assert "would not settle it" in found.said


def test_a_sure_rating_asks_for_nothing(db: Database) -> None:
    found = of(looked(db, one_criterion(SURVEY_MEAN, 20), survey("S1", "Satisfied", 70, 1_000)))
    assert found.best is None and found.chance_wrong == 0
    assert found.said.startswith("Less than 1 % of simulated resamplings give a different level.")
    assert "More evidence of the same kinds would change little" in found.said


def test_gaps_come_first_with_what_is_lacking(db: Database) -> None:
    rows = [finding(source, domains="carers") for source in ("I1", "G1", "I1", "G1", "O1")]
    review = new_review(db, "r1", "wales-round-2", *rows, finding("I1", domains="workforce"))
    found = look_next(db, review, assess_plainly(db, review), draws=200)
    assert [one.target for one in found.domains if one.chance_wrong is not None] == ["carers"]
    assert found.domains[-1].target == "carers" and found.domains[0].said.startswith("Close the gap first")
    workforce = of(found, "workforce")
    assert {short.measure: short.short_by for short in workforce.short_by} == {
        "items": 4,
        "findings": 2,
        "kinds": 1,
    }
    assert len(workforce.missing) == 3


def test_kinds_that_the_rules_ask_for_and_that_are_not_there_are_named(db: Database) -> None:
    rows = [finding(source, domains="carers") for source in ("I1", "G1", "I1", "G1", "O1")]
    review = new_review(db, "r1", "wales-round-2", *rows, survey("S1", "Satisfied", 70, 50))
    found = of(look_next(db, review, assess_plainly(db, review), draws=200))
    assert found.nothing_yet == ("case files",)
    assert found.sizes.interviews == 2 and found.sizes.findings_of_interviews == 4
    assert found.sizes.smallest_base == 50


def test_the_least_sure_domain_comes_before_the_others(db: Database) -> None:
    rows = [
        survey("S1", "A", 70, 40),
        survey("S1", "B", 62, 40, domains="assessment"),
        survey("S1", "C", 95, 40, domains="leadership"),
    ]
    found = looked(db, one_criterion(SURVEY_MEAN, 60), *rows, draws=1_000)
    rated = [one for one in found.domains if one.gains]
    assert [one.target for one in rated] == ["assessment", "carers", "leadership"]


def test_a_decided_domain_is_looked_at_as_the_rules_propose_it(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", survey("S1", "Satisfied", 70, 40))
    rate_approved(db, review, "carers", "poor", by="lead", because="Seen.", at=AT)
    run = assess_plainly(db, review, one_criterion(SURVEY_MEAN, 60))
    found = of(look_next(db, review, run, draws=N, seed=2))
    assert found.status == "decided" and found.level_title == "Inconsistent"
    assert found.chance_wrong is not None and near(found.chance_wrong, below(40, 0.7, 60), N)


def test_the_same_seed_gives_the_same_advice(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *case_files(9, 15))
    run = assess_plainly(db, review, one_criterion(CASES_MET, 50))
    assert look_next(db, review, run, draws=200, seed=5) == look_next(db, review, run, draws=200, seed=5)


def test_steps_below_one_and_too_few_draws_are_refused(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", finding("I1"))
    run = assess_plainly(db, review, one_criterion(STRENGTHS, 50))
    with pytest.raises(RunImpossible, match="cannot be tried"):
        look_next(db, review, run, step={"interviews": 0})
    with pytest.raises(RunImpossible):
        look_next(db, review, run, draws=50)


def test_the_command_says_where_to_look_what_it_rests_on_and_what_it_assumes(
    example_copy: Path, say: Say
) -> None:
    words = ["next", "wales-2004-08", "--draws", "400", "--db", str(example_copy)]
    done = say(*words)
    assert done.code == 0
    text = " ".join(done.out.split())
    for said in (
        "Every domain can be rated. Look first at ",
        "Rests on 36 findings",
        "Assumptions:",
    ):
        assert said in text, said
    done = say(*words, "--interviews", "10", "--json")
    assert done.code == 0
    data = done.data
    amounts = {gain["amount"] for gain in data["domains"][0]["gains"] if gain["kind"] == "interviews"}
    assert amounts == {10, 20, 40} and data["assumed"].startswith("Assumptions")


def test_a_review_that_has_just_begun_is_told_its_gaps(db: Database) -> None:
    found = looked(db, WELSH, draws=200)
    assert len(found.domains) == 13
    assert all(one.chance_wrong is None and not one.gains for one in found.domains)
    assert all(one.said.startswith("Close the gap first: the number of items") for one in found.domains)
