"""A run made again from its record is the same byte for byte; and what changed between two is said."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime

import pytest
from assessment_example import rate_approved

from assessment.runs.changes import compare_runs
from assessment.runs.run import Run, assess, load_run
from assessment.runs.verify import verify_run
from evidence.intake.importing import import_row
from evidence.items import withdraw_item
from programme.database import Database
from programme.reviews import Review, create_review
from rules.engine import available
from rules.errors import RunImpossible
from rules.loader import PolicySet, load_policy
from rules.rulebook import Rulebook

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
ON = date(2026, 3, 31)


@pytest.fixture
def review(db: Database) -> Review:
    """Carers: four strengths and one weakness from a meeting, and a survey; mainly good."""
    made = create_review(
        db,
        "north",
        "North",
        "wales-round-2",
        window_from=None,
        window_to=None,
        by="reviewer-1",
        at=NOW,
    )
    for ref, kind in (("I1", "group_meeting"), ("S1", "survey")):
        add(db, made, "sources", source=ref, title=f"Source {ref}", kind=kind)
    for n in range(5):
        finding(db, made, n, "weakness" if n == 0 else "strength")
    add(
        *(db, made, "survey-results"),
        **{
            "source": "S1",
            "locator": "1",
            "group": "Carers",
            "question": "Help?",
            "positive": "70",
            "base": "90",
        },
        domains="carers",
    )
    return made


def add(db: Database, review: Review, layout: str, **values: str) -> None:
    import_row(db, review, layout, values, by="reviewer-1", at=NOW)


def finding(db: Database, review: Review, n: int, direction: str) -> None:
    add(
        *(db, review, "findings"),
        **{"source": "I1", "locator": f"page {n}", "finding": f"Finding {n}", "direction": direction},
        significance="2",
        domains="carers",
    )


def make(db: Database, review: Review, policy: PolicySet | None = None, engine: bool | None = False) -> Run:
    chosen = policy or load_policy("wales-round-2")
    return assess(db, review, chosen, on=ON, by="lead", at=NOW, use_engine=engine)


def stricter() -> PolicySet:
    """The Welsh rulebook with 90 % strengths for mainly good."""
    policy = load_policy("wales-round-2")
    body = policy.rulebook.model_dump(mode="json", exclude_unset=True)
    for criterion in body["domain_defaults"]["services"]["levels"]["mainly-good"]:
        if criterion["measure"] == "strengths_share":
            criterion["at_least"] = 90
    return PolicySet(policy.framework, Rulebook.model_validate(body))


def test_a_run_is_repeated_byte_for_byte_after_evidence_was_added_and_withdrawn(
    db: Database, review: Review
) -> None:
    run = make(db, review)
    finding(db, review, 20, "weakness")
    withdraw_item(db, review, 1, by="reviewer-1", because="Recorded twice", at=NOW)
    rate_approved(db, review, "carers", "poor", by="moderator-1", because="Seen on visits.", at=NOW)
    done = verify_run(db, review, load_run(db, review, run.id))
    assert done.same and done.differences == ()
    assert done.second_engine is available()


def test_a_run_under_a_changed_rulebook_is_repeated_with_that_rulebook(db: Database, review: Review) -> None:
    run = make(db, review, stricter())
    assert run.rating("carers").level_id == "inconsistent"
    assert verify_run(db, review, run).same


def test_a_tampered_item_is_found_with_the_place_where_the_result_differs(
    db: Database, review: Review
) -> None:
    run = make(db, review)
    db.conn.execute("drop trigger evidence_never_update")
    db.conn.execute("update evidence set direction = 'weakness', digest = 'x' where id = 2")
    done = verify_run(db, review, run)
    assert not done.same
    assert any(text.startswith("inputs.evidence") for text in done.differences)
    assert any("strengths_share" in text for text in done.differences)


def test_a_tampered_result_is_found(db: Database, review: Review) -> None:
    run = make(db, review)
    db.conn.execute("drop trigger run_never_update")
    db.conn.execute("update run set result = replace(result, 'mainly-good', 'excellent')")
    assert not verify_run(db, review, run).same


def test_triggers_refuse_to_change_a_run(db: Database, review: Review) -> None:
    make(db, review)
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        db.conn.execute("update run set cell = null")


def test_withdrawn_evidence_is_named_as_the_cause_of_the_rating_it_moved(
    db: Database, review: Review
) -> None:
    before = make(db, review)
    for number in (2, 3, 4):
        withdraw_item(db, review, number, by="moderator-1", because="Hearsay", at=NOW)
    finding(db, review, 30, "weakness")
    after = make(db, review)
    found = compare_runs(db, review, before, after)
    (moved,) = [r for r in found["ratings"] if r["target"] == "carers"]
    assert (moved["before"], moved["causes"]) == ("Mainly good", ["evidence"])
    assert [(i["id"], i["change"], i["because"]) for i in found["items"]] == [
        (2, "withdrawn", "Hearsay"),
        (3, "withdrawn", "Hearsay"),
        (4, "withdrawn", "Hearsay"),
        (7, "added", ""),
    ]
    assert {"strengths_share", "items"} <= {m["measure"] for m in found["measures"]}
    assert found["rules"] == [] and found["decisions"] == []


def test_a_changed_threshold_is_named_with_its_path_and_as_the_cause(db: Database, review: Review) -> None:
    found = compare_runs(db, review, make(db, review), make(db, review, stricter()))
    assert [(r["target"], r["causes"]) for r in found["ratings"]] == [("carers", ["rules"])]
    (change,) = found["rules"]
    assert change["path"] == "domain_defaults/services/levels/mainly-good/strengths/at_least"
    assert (change["before"], change["after"]) == (50, 90)
    assert found["items"] == []


def test_a_decision_is_named_as_the_cause(db: Database, review: Review) -> None:
    before = make(db, review)
    rate_approved(db, review, "carers", "poor", by="moderator-1", because="Seen on visits.", at=NOW)
    found = compare_runs(db, review, before, make(db, review))
    assert [(r["target"], r["after"], r["causes"]) for r in found["ratings"]] == [
        ("carers", "Poor", ["decisions"])
    ]
    assert found["decisions"] == [
        {"target": "carers", "title": "Support for carers", "before": None, "after": "Poor"}
    ]


def test_changes_that_only_together_move_a_rating_are_said_to_do_so(db: Database, review: Review) -> None:
    """All strengths, or an easier rulebook, are each too little for excellent; both are enough."""
    before = make(db, review)
    withdraw_item(db, review, 1, by="moderator-1", because="Hearsay", at=NOW)
    policy = load_policy("wales-round-2")
    body = policy.rulebook.model_dump(mode="json", exclude_unset=True)
    for criterion in body["domain_defaults"]["services"]["levels"]["excellent"]:
        if criterion["measure"] in ("survey_positive", "kinds"):
            criterion["at_least"] = 1
        if criterion["measure"] == "strengths_share":
            criterion["at_least"] = 95
    easier = PolicySet(policy.framework, Rulebook.model_validate(body))
    found = compare_runs(db, review, before, make(db, review, easier))
    (moved,) = found["ratings"]
    assert (moved["after"], moved["causes"]) == ("Excellent", ["together"])


def test_runs_are_named_earlier_first(db: Database, review: Review) -> None:
    before = make(db, review)
    after = make(db, review, stricter())
    with pytest.raises(RunImpossible, match="later than run"):
        compare_runs(db, review, after, before)
