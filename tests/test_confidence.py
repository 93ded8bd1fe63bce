"""Statements of confidence: suggested by figures, signed by a person, kept with the run, never changed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, assess_plainly, new_programme, new_review, rate_approved
from command_line import Say
from evidence_rows import Row, finding, good_domain, survey
from uncertainty_example import SURVEY_MEAN, one_criterion

from assessment.decisions.confidence import (
    Part,
    Suggestion,
    state_confidence,
    statements_of,
    suggest_confidence,
)
from assessment.robustness.uncertainty import measure_uncertainty
from assessment.runs.run import Run
from joint_review.opening import open_programme
from programme.database import Database, one
from programme.reviews import Review
from rules.errors import UnknownName, WordsMissing
from rules.loader import PolicySet


def suggested(db: Database, *rows: Row, policy: PolicySet | None = None) -> Suggestion:
    """What the figures suggest for carers in a review with these rows."""
    review = new_review(db, "r1", "wales-round-2", *rows)
    run = assess_plainly(db, review, *([policy] if policy else []))
    return suggest_confidence(db, review, run, measure_uncertainty(db, review, run, draws=500))["carers"]


def state(db: Database, review: Review, run: Run, level: str = "low", **more: Any) -> dict[str, Any]:
    given = {"domain": "carers", "because": "Surveys say otherwise.", "by": "lead", "at": AT, **more}
    sure = measure_uncertainty(db, review, run, draws=200, seed=3)
    return state_confidence(db, review, run, given.pop("domain"), level, sure, **given)


@pytest.fixture
def assessed(db: Database) -> tuple[Review, Run]:
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
    return review, assess_plainly(db, review)


# What the figures suggest ----------------------------------------------------------------------------------


def test_ample_and_unanimous_evidence_suggests_high_confidence(db: Database) -> None:
    rows = good_domain("carers", strengths=40, weaknesses=0)
    found = suggested(db, *rows, survey("S1", "Satisfied", 75, 5_000))
    assert {name: part.concern for name, part in found.parts.items()} == {
        "methods": "none",
        "coherence": "none",
        "adequacy": "none",
        "relevance": "none",
    }
    assert found.level == "high"


def test_one_kind_of_source_and_drafts_are_concerns_about_methods(db: Database) -> None:
    found = suggested(db, *(finding("D1") for _ in range(6)))
    assert found.parts["methods"] == Part(
        concern="serious", figures="1 kind of source; 100 % of the items from drafts"
    )


def test_shares_without_a_base_are_at_most_a_moderate_concern(db: Database) -> None:
    found = suggested(db, *good_domain("carers", 12, 0), survey("S1", "Satisfied", 70))
    assert found.parts["methods"].concern == "moderate"
    assert "1 of 1 survey result without a base" in found.parts["methods"].figures


def test_kinds_of_evidence_that_disagree_are_a_concern_about_coherence(db: Database) -> None:
    rows = [finding("I1", "strength") for _ in range(6)] + [finding("G1", "weakness") for _ in range(5)]
    found = suggested(db, *rows, survey("S1", "Satisfied", 20, 100)).parts["coherence"]
    assert found.concern == "serious"
    assert found.figures == (
        "6 strengths and 5 weaknesses; the opposite in findings from group meetings;"
        " but survey results are 20 % positive on average"
    )


@pytest.mark.parametrize(
    ("positive", "concern"), [(90, "none"), (70, "minor"), (67, "moderate"), (65, "serious")]
)
def test_adequacy_follows_the_draws_that_agree(db: Database, positive: float, concern: str) -> None:
    rows = [survey("S1", "Satisfied", positive, 100), finding("I1")]
    found = suggested(db, *rows, policy=one_criterion(SURVEY_MEAN, 65)).parts["adequacy"]
    assert found.concern == concern, found
    assert found.figures.startswith("2 items from 2 sources; ")


def test_for_a_decided_domain_the_draws_are_those_of_the_rules_alone(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", survey("S1", "A", 70, 100), finding("I1"))
    rate_approved(db, review, "carers", "excellent", by="lead", because="Seen.", at=AT)
    run = assess_plainly(db, review, one_criterion(SURVEY_MEAN, 65))
    sure = measure_uncertainty(db, review, run, draws=500)
    found = suggest_confidence(db, review, run, sure)["carers"].parts["adequacy"]
    assert found == Part(
        concern="serious",
        figures="2 items from 2 sources; 0 % of resamplings, by the rules only, give Excellent",
    )


def test_too_little_evidence_is_a_serious_concern_about_adequacy(db: Database) -> None:
    found = suggested(db, finding("I1"))
    assert found.parts["adequacy"] == Part(concern="serious", figures="1 item from 1 source: not rated")
    assert found.level in ("low", "very low")


def test_evidence_from_outside_the_window_is_a_concern_about_relevance(db: Database) -> None:
    rows = [*good_domain("carers", 3, 1), survey("S0", "Satisfied", 70, 100, period="2001")]
    found = suggested(db, *rows).parts["relevance"]
    assert found == Part(
        concern="minor",
        figures="20 % of the items outside the evidence window; 0 % tagged to 3 domains or more",
    )


# What people state -----------------------------------------------------------------------------------------


def test_a_statement_keeps_the_suggestion_the_words_and_the_draws(
    db: Database, assessed: tuple[Review, Run]
) -> None:
    said = state(db, *assessed, "moderate", words={"coherence": " Groups differ. "})
    (kept,) = statements_of(db, assessed[1])
    assert {**said, "at": kept["at"]} == kept
    assert (kept["level"], kept["by"], kept["because"]) == ("moderate", "lead", "Surveys say otherwise.")
    assert (kept["draws"], kept["seed"], kept["coherence_words"]) == (200, 3, "Groups differ.")
    assert kept["suggested_level"] and kept["methods_figures"].startswith("2 kinds of source")
    event = dict(
        zip(("action", "target"), db.conn.execute(EVENT, [kept["added_event"]]).fetchone(), strict=True)
    )
    assert event == {"action": "state confidence", "target": "carers"}


EVENT = "select action, target from event where id = ?"


def test_statements_are_never_changed_and_the_latest_stands_last(
    db: Database, assessed: tuple[Review, Run]
) -> None:
    for level in ("low", "high"):
        state(db, *assessed, level)
    assert [row["level"] for row in statements_of(db, assessed[1])] == ["low", "high"]
    for statement in ("update confidence set level = 'high'", "delete from confidence"):
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            db.conn.execute(statement)


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"domain": "carer"}, UnknownName, "Did you mean 'carers'"),
        ({"domain": "services"}, UnknownName, "no domain 'services'"),
        ({"level": "middling"}, UnknownName, "no level of confidence"),
        ({"words": {"method": "x"}}, UnknownName, "Did you mean 'methods'"),
        ({"because": " "}, WordsMissing, "needs a reason"),
        ({"by": ""}, WordsMissing, "needs the name"),
    ],
)
def test_a_statement_that_cannot_be_signed_is_refused(
    db: Database, assessed: tuple[Review, Run], wrong: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        state(db, *assessed, **wrong)
    assert not statements_of(db, assessed[1])
    assert one(db, "select count(*) from event where action = 'state confidence'") == 0


def test_an_older_database_gets_the_table(tmp_path: Path) -> None:
    db = new_programme(tmp_path)
    db.conn.execute("drop table confidence")
    db.conn.execute("delete from _sqlite_migrations where name = 'confidence_table'")
    db.conn.close()
    again = open_programme(tmp_path / "programme.db")
    try:
        assert one(again, "select count(*) from confidence") == 0
    finally:
        again.conn.close()


# The command -----------------------------------------------------------------------------------------------


@pytest.fixture
def say(say: Say, example_copy: Path) -> Say:
    """Run `joint-review confidence wales-2004-08 WORDS...` with few draws."""
    where = ("--draws", "200", "--db", str(example_copy))
    return lambda *words: say("confidence", "wales-2004-08", *words, *where)


def test_the_command_shows_the_suggestion_records_the_statement_and_shows_it(say: Say) -> None:
    code, out, err = say("carers")
    assert code == 0, err
    assert "No statement has been made yet." in " ".join(out.split()) and "minor concern" in out
    stated = ("--level", "low", "--because", "Surveys say otherwise.", "--by", "moderator-1")
    code, out, err = say("carers", *stated, "--adequacy", "Few carers were met.")
    assert code == 0, err
    assert out.startswith("Confidence in carers: low, signed by moderator-1 (the figures suggest ")
    shown = " ".join(say("carers")[1].split())
    assert "moderator-1: low. Surveys say otherwise. adequacy: Few carers were met." in shown
    data = json.loads(say("carers", "--json")[1])
    assert [row["by"] for row in data["stated"]] == ["moderator-1"]
    assert list(data["suggested"]["parts"]) == ["adequacy", "coherence", "methods", "relevance"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("carer",), 1, "Did you mean 'carers'"),
        (("carers", "--level", "low"), 1, "--because"),
        (("carers", "--because", "So."), 2, "give --level"),
        (("carers", "--level", "some", "--because", "So."), 2, "is not one of"),
    ],
)
def test_the_command_refuses_half_a_statement(say: Say, words: tuple[str, ...], code: int, said: str) -> None:
    done = say(*words)
    assert done[0] == code and said in done[2], done
