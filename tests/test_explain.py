"""Why this rating and why not the next one up."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from assessment_example import (
    AT,
    ENGLISH,
    WELSH,
    assess_plainly,
    finding,
    good_domain,
    new_programme,
    new_review,
    whole_review,
)
from sqlite_utils import Database

from assessment.decide import rate
from assessment.explain import explain
from assessment.run import Run, result_of
from evidence.reviews import Review
from rules.engine import fire_of_record
from rules.errors import UnknownName
from rules.inference import infer
from rules.loader import PolicySet
from rules.ratings import MeasureValue

explain_welsh = partial(explain, WELSH.framework)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """All domains alike, but for safeguarding (held down), carers (decided) and workforce (too little)."""
    db = new_programme(tmp_path_factory.mktemp("explain"))
    others = [d for d in WELSH.framework.domains if d not in ("safeguarding", "workforce", "resources")]
    rows = [
        *whole_review(domains=others),
        *good_domain("safeguarding", 4, 0),
        *[finding("G1", "weakness", 3, domains="safeguarding") for _ in range(2)],
        finding("I1", domains="workforce"),
        *good_domain("resources", 2, 0),
        finding("I1", "weakness", 1, domains="resources"),
        *[finding("G1", "weakness", 3, domains="resources") for _ in range(2)],
    ]
    review = new_review(db, "r1", "wales-round-2", *rows)
    rate(db, review, "carers", "poor", by="moderator", because="Seen on visits.", at=AT)
    yield assess_plainly(db, review)
    db.conn.close()


def names(outcomes: list[dict[str, Any]]) -> list[str]:
    return [f"{outcome['part']}/{outcome['criterion']}" for outcome in outcomes]


def test_what_is_met_and_what_the_next_level_needs_is_complete(run: Run) -> None:
    [told] = explain_welsh(run, "leadership")
    assert (told["title"], told["status"], told["level"], told["level_title"]) == (
        "Leadership",
        "proposed",
        "well",
        "Well placed",
    )
    assert names(told["met"]) == [
        f"{level}/{criterion}"
        for level in ("uncertainly", "well")
        for criterion in ("strengths", "surveys", "case-files")
    ]
    assert told["next_level"] == "Strongly placed"
    assert [(name, o["met"]) for name, o in zip(names(told["next"]), told["next"], strict=True)] == [
        ("strongly/strengths", True),
        ("strongly/surveys", True),
        ("strongly/case-files", True),
        ("strongly/several-kinds", False),
        ("strongly/comparators", True),
    ]
    assert told["missed"] == []
    assert names(told["sufficiency"]) == [
        f"sufficiency/{criterion}" for criterion in ("enough-items", "enough-findings", "enough-kinds")
    ]
    assert told["because"].startswith("Well placed: strengths make up 80 % of what was found; not Strongly")


def test_a_limit_says_whether_it_binds(run: Run) -> None:
    [told] = explain_welsh(run, "safeguarding")
    assert (told["level"], told["proposed"]) == ("inconsistent", "inconsistent")
    assert [(o["criterion"], o["met"], o["binds"]) for o in told["limits"]] == [
        ("serious-weaknesses", True, True),
        ("serious-weaknesses-prevail", False, False),
    ]
    assert "mainly-good/strengths" in names(told["met"])
    assert told["because"].startswith(
        "Inconsistent, held down from Mainly good: serious weaknesses are 33.3 %"
    )


def test_a_limit_in_force_that_holds_nothing_down_does_not_bind(run: Run) -> None:
    [told] = explain_welsh(run, "resources")
    assert told["level"] == "uncertainly"
    assert [(o["met"], o["binds"]) for o in told["limits"]] == [(True, False), (False, False)]


def test_a_decision_is_explained_beside_what_the_rules_say(run: Run) -> None:
    [told] = explain_welsh(run, "carers")
    assert (told["status"], told["level"], told["proposed"]) == ("decided", "poor", "mainly-good")
    assert told["because"] == "Poor, decided by a person; the rules propose Mainly good."
    assert told["next_level"] == "Excellent"


def test_too_little_evidence_is_explained_by_what_is_missing(run: Run) -> None:
    [told] = explain_welsh(run, "workforce")
    assert (told["status"], told["level"], told["next_level"]) == ("insufficient", None, None)
    assert (told["met"], told["next"]) == ([], [])
    assert [(o["criterion"], o["met"]) for o in told["sufficiency"]] == [
        ("enough-items", False),
        ("enough-findings", False),
        ("enough-kinds", False),
    ]


def test_the_cell_is_explained_by_its_questions(run: Run) -> None:
    [told] = explain_welsh(run, "cell")
    assert (told["status"], told["level"]) == ("placed", ["mainly-good", "well"])
    assert told["level_title"] == "Mainly good / Well placed"
    assert told["because"] == (
        "How good are the services? Mainly good; How well placed is the council to sustain and improve"
        " services? Well placed."
    )


def test_without_a_target_everything_is_explained_and_the_cell_last(run: Run) -> None:
    told = explain_welsh(run)
    assert [one["target"] for one in told] == [r["target"] for r in run.result["ratings"]] + ["cell"]
    assert {frozenset(one) for one in told} == {frozenset(told[0])}


def test_every_outcome_is_told_once_unless_it_belongs_to_a_level_beyond_the_next(run: Run) -> None:
    for told, rating in zip(explain_welsh(run)[:-1], run.result["ratings"], strict=True):
        shown = [names(told[part]) for part in ("met", "missed", "next", "limits", "sufficiency")]
        flat = [name for part in shown for name in part]
        assert len(flat) == len(set(flat))
        scale = [level.id for level in WELSH.framework.scale_of(rating["target"])]
        level = rating["before_limits"]
        beyond = set(scale[level + 1 :]) if level else set(scale)
        assert set(flat) == {n for n in names(rating["outcomes"]) if n.partition("/")[0] not in beyond}


def test_the_highest_level_has_no_next(tmp_path: Path) -> None:
    db = new_programme(tmp_path)
    rows = [finding(source, domains="carers") for source in ("I1", "G1", "O1", "I1", "G1")]
    run = assess_plainly(db, new_review(db, "r1", "wales-round-2", *rows))
    [told] = explain_welsh(run, "carers")
    assert (told["level"], told["next"], told["next_level"]) == ("excellent", [], None)
    assert len(told["met"]) == 11
    db.conn.close()


def test_a_cell_not_yet_placed_says_which_question_is_not_rated(tmp_path: Path) -> None:
    db = new_programme(tmp_path)
    services = [d.id for d in WELSH.framework.question("services").domains]
    run = assess_plainly(db, new_review(db, "r1", "wales-round-2", *whole_review(domains=services)))
    [told] = explain_welsh(run, "cell")
    assert (told["status"], told["level"], told["level_title"]) == ("open", None, "Mainly good / not rated")
    assert told["because"].endswith("improve services? not rated.")
    db.conn.close()


@pytest.mark.parametrize(("target", "hint"), [("carer", "carers"), ("grid", "cell"), ("servces", "services")])
def test_a_mistyped_target_gets_the_nearest_one(run: Run, target: str, hint: str) -> None:
    with pytest.raises(UnknownName) as caught:
        explain_welsh(run, target)
    assert f"'{hint}'" in caught.value.hint or hint in caught.value.hint


def test_what_is_left_to_people_is_explained_as_open(tmp_path: Path) -> None:
    db: Database = new_programme(tmp_path)
    review: Review = new_review(db, "r1", "cqc-local-authority")
    [told] = explain(ENGLISH.framework, assess_plainly(db, review, ENGLISH), "safeguarding")
    assert (told["status"], told["because"]) == ("open", "Left to people: no level is proposed.")
    db.conn.close()


def test_under_best_fit_what_the_level_misses_is_told_too() -> None:
    rules = WELSH.rulebook.domain_defaults["services"]
    levels = {"poor": rules.levels["inconsistent"][:1], **rules.levels}
    best = rules.model_copy(update={"policy": "best-fit", "levels": levels, "sufficiency": ()})
    defaults = {**WELSH.rulebook.domain_defaults, "services": best}
    policy = PolicySet(WELSH.framework, WELSH.rulebook.model_copy(update={"domain_defaults": defaults}))
    values = {"carers": {"strengths_share": MeasureValue(10), "survey_positive": MeasureValue(70)}}
    inference = infer(policy.compiled, values, {}, partial(fire_of_record, worker=None))
    review = Review(1, "r1", "A", WELSH.framework, 1, "", None, None, "")
    run = Run(1, "r1", "", result_of(review, policy, {"engines": []}, inference))
    [told] = explain_welsh(run, "carers")
    assert told["level"] == "inconsistent"
    assert names(told["missed"]) == ["poor/strengths", "inconsistent/strengths"]
    assert names(told["met"]) == ["inconsistent/surveys", "inconsistent/case-files"]
