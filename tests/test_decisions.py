"""Decisions: accepted or overridden, by whom, on which run; approved by a second person; lapsed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from assessment_example import (
    AT,
    ENGLISH,
    ROOT,
    WELSH,
    add,
    assess_plainly,
    new_programme,
    new_review,
    rate_approved,
    tables_of,
)
from click.testing import CliRunner
from evidence_rows import finding, good_domain, whole_review

from assessment.decisions.decide import accept, approve, decision_states, override
from assessment.decisions.standing import Standing
from assessment.reasons.history import history_of
from assessment.runs.audit import audit_programme
from assessment.runs.recorded import decisions_in, is_out_of_date
from assessment.runs.run import decided_levels, load_run
from assessment.runs.verify import verify_run
from comparison.overrides import count_overrides
from joint_review.cli import cli
from joint_review.opening import open_programme
from programme.database import Database, one, rows
from programme.names import same_person
from programme.reviews import Review
from rules.errors import DecisionRefused, ReviewError, RunImpossible, UnknownName, WordsMissing

BECAUSE = {"because": "Seen on visits.", "at": AT}


@pytest.fixture
def review(db: Database) -> Review:
    """Four fifths strengths in every domain: mainly good, and well placed."""
    return new_review(db, "r1", "wales-round-2", *whole_review())


def worse(db: Database, review: Review, domain: str = "carers") -> None:
    """Evidence that makes the next proposal of a domain inconsistent: four strengths of ten."""
    add(db, review, *(finding("I1", "weakness", domains=domain) for _ in range(5)))


def state_of(db: Database, review: Review, target: str = "carers") -> dict[str, Any]:
    return next(row for row in decision_states(Standing(db, review)) if row["target"] == target)


def level_in(run: Any, target: str = "carers") -> tuple[str, str]:
    rating = run.rating(target)
    return rating.status, rating.level_id


# Accepting ------------------------------------------------------------------------------------------------


def test_accepting_names_the_run_and_who_did_it(db: Database, review: Review) -> None:
    run = assess_plainly(db, review, by="lead")
    assert state_of(db, review)["state"] == "proposed"
    assert accept(db, review, "carers", by="moderator-1", at=AT) == [
        {"target": "carers", "level": "mainly-good", "by": "moderator-1", "because": "", "run": run.id}
    ]
    found = state_of(db, review)
    assert (found["state"], found["run"], found["settled"], found["counts"]) == (
        "accepted",
        run.id,
        True,
        False,
    )
    assert found["decision"] == {
        "kind": "accept",
        "level": "mainly-good",
        "level_title": "Mainly good",
        "proposed": "mainly-good",
        "by": "moderator-1",
        "because": "",
        "at": AT.isoformat(),
        "run": run.id,
    }
    event = rows(db, "select * from event order by id desc limit 1")[0]
    assert (event["action"], event["by"], event["target"]) == ("accept", "moderator-1", "carers")
    assert (json.loads(event["before"]), json.loads(event["after"])) == (None, {"accepted": "mainly-good"})


def test_domains_questions_and_the_cell_can_all_be_accepted(db: Database, review: Review) -> None:
    run = assess_plainly(db, review)
    names = [*WELSH.framework.question_of, "cell"]
    accept(db, review, *names, by="moderator-1", at=AT)
    found = {row["target"]: row for row in decision_states(Standing(db, review))}
    assert list(found) == [*(r.target for r in run.result.ratings), "cell"]
    assert {row["state"] for row in found.values()} == {"accepted"} and all(
        row["settled"] for row in found.values()
    )
    assert found["cell"]["level"] == "mainly-good / well"
    assert found["cell"]["level_title"] == "Mainly good / Well placed"


def test_an_accepted_rating_stays_a_proposal_of_the_rules_in_later_runs(db: Database, review: Review) -> None:
    first = assess_plainly(db, review)
    accept(db, review, "carers", by="moderator-1", at=AT)
    assert decided_levels(db, review) == {}
    assert assess_plainly(db, review).id == first.id


def test_who_made_the_run_cannot_accept_its_ratings_under_any_spelling(db: Database, review: Review) -> None:
    assess_plainly(db, review, by="Lead One")
    for name in ("Lead One", " lead  one ", "ＬＥＡＤ one"):
        with pytest.raises(DecisionRefused, match="was recorded by Lead One, who cannot accept its ratings"):
            accept(db, review, "carers", by=name, at=AT)
    accept(db, review, "carers", by="Lead Two", at=AT)


def test_an_acceptance_lapses_when_a_later_run_rates_otherwise_and_stays_lapsed(
    db: Database, review: Review
) -> None:
    first = assess_plainly(db, review)
    accept(db, review, "carers", "workforce", "services", by="moderator-1", at=AT)
    add(db, review, finding("I1", "neutral"))
    second = assess_plainly(db, review)
    assert second.id != first.id and state_of(db, review)["state"] == "accepted"
    worse(db, review)
    third = assess_plainly(db, review)
    assert level_in(third) == ("proposed", "inconsistent")
    found = state_of(db, review)
    assert (found["state"], found["lapsed_on"], found["settled"]) == ("lapsed", third.id, False)
    assert state_of(db, review, "workforce")["state"] == "accepted"
    add(db, review, *good_domain("carers", 12, 0))
    fourth = assess_plainly(db, review)
    assert fourth.rating("carers").level_id == "mainly-good"
    assert state_of(db, review)["lapsed_on"] == third.id
    accept(db, review, "carers", by="moderator-1", at=AT)
    assert state_of(db, review)["state"] == "accepted"


def test_the_acceptance_of_the_cell_lapses_when_a_question_moves(db: Database, review: Review) -> None:
    assess_plainly(db, review)
    accept(db, review, "cell", "organisation", by="moderator-1", at=AT)
    for domain in list(WELSH.framework.domains)[:7]:
        worse(db, review, domain)
    run = assess_plainly(db, review)
    assert run.result.cell == ("inconsistent", "well")
    assert state_of(db, review, "cell")["state"] == "lapsed"
    assert state_of(db, review, "organisation")["state"] == "accepted"


def test_a_run_that_a_later_one_contradicts_cannot_be_accepted(db: Database, review: Review) -> None:
    first = assess_plainly(db, review)
    worse(db, review)
    second = assess_plainly(db, review)
    with pytest.raises(DecisionRefused, match=rf"a later run \({second.id}\) changed the rating of “Support"):
        accept(db, review, "carers", by="moderator-1", run=first.id, at=AT)
    [done] = accept(db, review, "workforce", by="moderator-1", run=first.id, at=AT)
    assert done["run"] == first.id


def test_that_there_is_not_enough_evidence_can_be_accepted(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers", 1, 0))
    assess_plainly(db, review)
    [done] = accept(db, review, "carers", by="moderator-1", at=AT)
    found = state_of(db, review)
    assert (done["level"], found["state"], found["status"]) == (None, "accepted", "insufficient")
    add(db, review, *good_domain("carers"))
    assess_plainly(db, review)
    assert state_of(db, review)["state"] == "lapsed"


def test_what_is_left_to_people_cannot_be_accepted_but_rated(db: Database) -> None:
    review = new_review(db, "r1", "cqc-local-authority")
    assess_plainly(db, review, ENGLISH)
    domain = next(iter(ENGLISH.framework.domains))
    with pytest.raises(
        DecisionRefused, match="the rules propose no level for the rating of “Assessing needs”"
    ):
        accept(db, review, domain, by="moderator-1", at=AT)
    for name in ENGLISH.framework.domains:
        override(db, review, name, "good-standard", by="assessor", **BECAUSE)
    approve(db, review, *ENGLISH.framework.domains, by="lead", at=AT)
    assert assess_plainly(db, review, ENGLISH).result.cell == ("good",)
    assert state_of(db, review, domain)["settled"]


# Overriding -----------------------------------------------------------------------------------------------


def test_an_override_counts_only_once_a_second_person_approves_it(db: Database, review: Review) -> None:
    first = assess_plainly(db, review)
    override(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
    assert state_of(db, review)["state"] == "override awaiting approval"
    assert decided_levels(db, review) == {} and not is_out_of_date(db, review, first)
    assert assess_plainly(db, review).id == first.id
    assert approve(db, review, "carers", by="lead", because="I saw it too.", at=AT) == [
        {
            "target": "carers",
            "level": "poor",
            "rated_by": "moderator-1",
            "by": "lead",
            "because": "I saw it too.",
            "run": first.id,
        }
    ]
    found = state_of(db, review)
    assert (found["state"], found["counts"], found["settled"]) == ("approved", True, False)
    assert found["approval"] == {"by": "lead", "at": AT.isoformat(), "run": first.id}
    assert is_out_of_date(db, review, first)
    second = assess_plainly(db, review)
    assert level_in(second) == ("decided", "poor")
    assert second.rating("carers").proposed_id == "mainly-good"
    assert state_of(db, review)["settled"]
    assert decisions_in(db, second)["carers"] | {"at": None} == {
        "level_key": "poor",
        "by": "moderator-1",
        "because": "Seen on visits.",
        "at": None,
        "approved_by": "lead",
    }
    assert decisions_in(db, first) == {}


def test_nobody_approves_their_own_override_under_any_spelling(db: Database, review: Review) -> None:
    assess_plainly(db, review)
    override(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
    for name in ("moderator-1", "Moderator-1", " moderator-1 "):
        with pytest.raises(DecisionRefused, match="by moderator-1, who cannot approve it"):
            approve(db, review, "carers", by=name, at=AT)
    assert decided_levels(db, review) == {}


def test_who_made_the_run_may_override_and_may_approve_anothers_override(
    db: Database, review: Review
) -> None:
    assess_plainly(db, review, by="lead")
    override(db, review, "carers", "poor", by="lead", **BECAUSE)
    approve(db, review, "carers", by="moderator-1", at=AT)
    override(db, review, "workforce", "badly", by="moderator-1", **BECAUSE)
    approve(db, review, "workforce", by="lead", at=AT)
    assert decided_levels(db, review) == {"carers": 1, "workforce": 1}


def test_an_override_can_be_refused_by_accepting_the_proposal_instead(db: Database, review: Review) -> None:
    assess_plainly(db, review)
    override(db, review, "carers", "poor", by="lead", **BECAUSE)
    accept(db, review, "carers", by="moderator-1", because="The visits were two.", at=AT)
    assert state_of(db, review)["state"] == "accepted"
    with pytest.raises(
        DecisionRefused, match="no override of the rating of “Support for carers” awaits approval"
    ):
        approve(db, review, "carers", by="moderator-1", at=AT)


def test_a_new_override_takes_the_place_of_an_approved_one_and_needs_its_own_approval(
    db: Database, review: Review
) -> None:
    assess_plainly(db, review)
    rate_approved(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
    override(db, review, "carers", "excellent", by="moderator-2", **BECAUSE)
    assert decided_levels(db, review) == {}
    approve(db, review, "carers", by="moderator-1", at=AT)
    assert decided_levels(db, review) == {"carers": 4}


def test_an_approval_lapses_when_a_later_run_proposes_something_else(db: Database, review: Review) -> None:
    assess_plainly(db, review)
    rate_approved(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
    counted = assess_plainly(db, review)
    add(db, review, finding("I1", "neutral"))
    same_proposal = assess_plainly(db, review)
    assert level_in(same_proposal) == ("decided", "poor")
    assert state_of(db, review)["state"] == "approved"
    worse(db, review)
    moved = assess_plainly(db, review)
    # The run was made while the approval held; that what it rests on has moved shows from then on.
    assert level_in(moved) == ("decided", "poor")
    found = state_of(db, review)
    assert (found["state"], found["lapsed_on"], found["counts"]) == ("lapsed", moved.id, False)
    assert is_out_of_date(db, review, moved)
    after = assess_plainly(db, review)
    assert level_in(after) == ("proposed", "inconsistent")
    assert assess_plainly(db, review).id == after.id
    approve(db, review, "carers", by="approver", at=AT)
    assert (state_of(db, review)["state"], decided_levels(db, review)) == ("approved", {"carers": 1})
    assert state_of(db, review)["approval"]["run"] == after.id
    for run in (counted, same_proposal, moved, after):
        assert verify_run(db, review, load_run(db, review, run.id)).same


def test_overriding_a_domain_makes_the_override_of_its_question_lapse_if_the_proposal_moves(
    db: Database, review: Review
) -> None:
    assess_plainly(db, review)
    override(db, review, "services", "excellent", by="moderator-1", **BECAUSE)
    for domain in list(WELSH.framework.domains)[:7]:
        override(db, review, domain, "poor", by="moderator-1", **BECAUSE)
    approve(db, review, "services", *list(WELSH.framework.domains)[:7], by="lead", at=AT)
    run = assess_plainly(db, review)
    assert run.rating("services").proposed_id == "poor"
    assert state_of(db, review, "services")["state"] == "lapsed"
    assert state_of(db, review, "carers")["state"] == "approved"


def test_an_approval_on_a_run_that_a_later_one_contradicts_is_refused(db: Database, review: Review) -> None:
    first = assess_plainly(db, review)
    override(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
    worse(db, review)
    second = assess_plainly(db, review)
    with pytest.raises(DecisionRefused, match=rf"a later run \({second.id}\) changed the proposal for"):
        approve(db, review, "carers", by="lead", run=first.id, at=AT)
    [done] = approve(db, review, "carers", by="lead", at=AT)
    assert done["run"] == second.id


def test_a_rating_that_people_gave_is_taken_back_before_a_proposal_is_accepted(
    db: Database, review: Review
) -> None:
    assess_plainly(db, review)
    rate_approved(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
    assess_plainly(db, review)
    with pytest.raises(
        DecisionRefused, match="in run 2 is an approved override; there is no proposal to accept"
    ):
        accept(db, review, "carers", by="moderator-2", at=AT)
    override(db, review, "carers", None, by="moderator-2", because="Asked again.", at=AT)
    assert state_of(db, review)["state"] == "proposed"
    run = assess_plainly(db, review, seed=1)
    accept(db, review, "carers", by="moderator-2", at=AT)
    assert (state_of(db, review)["state"], level_in(run)) == ("accepted", ("proposed", "mainly-good"))


def test_an_acceptance_can_be_taken_back_too(db: Database, review: Review) -> None:
    assess_plainly(db, review)
    accept(db, review, "carers", by="moderator-1", at=AT)
    override(db, review, "carers", None, by="moderator-1", because="Too soon.", at=AT)
    assert state_of(db, review)["state"] == "proposed"
    with pytest.raises(DecisionRefused, match="no decision to take back"):
        override(db, review, "carers", None, by="moderator-1", because="Too soon.", at=AT)


def test_the_cell_is_overridden_by_overriding_its_questions(db: Database, review: Review) -> None:
    assess_plainly(db, review)
    found = override(db, review, "cell", "poor/badly", by="moderator-1", **BECAUSE)
    assert [(one["target"], one["level"]) for one in found["questions"]] == [
        ("services", "poor"),
        ("organisation", "badly"),
    ]
    with pytest.raises(DecisionRefused, match="who cannot approve it"):
        approve(db, review, "cell", by="moderator-1", at=AT)
    assert len(approve(db, review, "cell", by="lead-2", at=AT)) == 2
    run = assess_plainly(db, review)
    assert run.result.cell == ("poor", "badly")
    accept(db, review, "cell", by="moderator-2", at=AT)
    assert {state_of(db, review, t)["state"] for t in ("services", "organisation")} == {"approved"}
    assert state_of(db, review, "cell")["settled"]


@pytest.mark.parametrize("level", ["poor", "poor/badly/badly", "poor/poor"])
def test_a_cell_that_the_grid_does_not_have_is_refused(db: Database, review: Review, level: str) -> None:
    with pytest.raises(UnknownName):
        override(db, review, "cell", level, by="moderator-1", **BECAUSE)


# What is refused leaves no trace ---------------------------------------------------------------------------


REFUSED: dict[str, tuple[Callable[..., Any], tuple[str, ...], dict[str, Any], type[ReviewError], str]] = {
    "accepting a mistyped domain": (accept, ("carer",), {}, UnknownName, "Did you mean 'carers'"),
    "accepting by nobody": (accept, ("carers",), {"by": " "}, WordsMissing, "a decision needs the name"),
    "accepting by who made the run": (accept, ("carers",), {"by": "lead"}, DecisionRefused, "cannot accept"),
    "accepting on an unknown run": (
        accept,
        ("carers",),
        {"run": 77},
        UnknownName,
        "there is no run of r1 '77'",
    ),
    "accepting twice": (
        accept,
        ("workforce",),
        {},
        DecisionRefused,
        "has already been accepted by moderator-1 on run 1",
    ),
    "accepting one that is sound and one that is not": (
        accept,
        ("getting-help", "workforce"),
        {},
        DecisionRefused,
        "already",
    ),
    "approving what nobody rated": (
        approve,
        ("carers",),
        {},
        DecisionRefused,
        "no override of the rating of “Support for carers” awaits",
    ),
    "approving the cell": (
        approve,
        ("cell",),
        {},
        DecisionRefused,
        "no override of the position on the grid awaits approval",
    ),
    "approving by nobody": (approve, ("leadership",), {"by": ""}, WordsMissing, "an approval needs"),
    "approving one's own": (approve, ("leadership",), {"by": "lead-2"}, DecisionRefused, "cannot approve it"),
    "approving on an unknown run": (approve, ("leadership",), {"run": 77}, UnknownName, "Allowed: 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_leaves_no_trace(db: Database, review: Review, name: str) -> None:
    function, targets, given, error, message = REFUSED[name]
    assess_plainly(db, review)
    accept(db, review, "workforce", by="moderator-1", at=AT)
    override(db, review, "leadership", "badly", by="lead-2", **BECAUSE)
    before = tables_of(db)
    with pytest.raises(error, match=message):
        function(db, review, *targets, **{"by": "moderator-1", "at": AT, **given})
    assert tables_of(db) == before


def test_without_a_run_there_is_nothing_to_accept_or_approve(db: Database, review: Review) -> None:
    with pytest.raises(RunImpossible, match="has not been assessed yet"):
        accept(db, review, "carers", by="moderator-1", at=AT)
    override(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
    with pytest.raises(RunImpossible, match="has not been assessed yet"):
        approve(db, review, "carers", by="lead", at=AT)
    assert state_of(db, review)["state"] == "override awaiting approval"


@pytest.mark.parametrize("table", ["decision", "approval"])
@pytest.mark.parametrize("change", ["update {0} set by = 'x'", "delete from {0}"])
def test_decisions_and_approvals_are_never_changed(
    db: Database, review: Review, table: str, change: str
) -> None:
    assess_plainly(db, review)
    rate_approved(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
    with pytest.raises(sqlite3.IntegrityError, match=f"rows of {table} are never changed"):
        db.conn.execute(change.format(table))


def test_two_names_are_one_persons_whatever_the_capitals_and_spaces() -> None:
    assert same_person("Siân  Parry", "siân parry ")
    assert same_person("Siân", "Sia\u0302n")
    assert not same_person("reviewer-1", "reviewer-11")


# The record -----------------------------------------------------------------------------------------------


def test_the_audit_holds_over_decisions_and_names_one_that_was_changed(db: Database, review: Review) -> None:
    assess_plainly(db, review)
    rate_approved(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
    accept(db, review, "workforce", by="moderator-1", at=AT)
    assert audit_programme(db).problems == ()
    db.conn.execute("drop trigger approval_never_update")
    db.conn.execute("update approval set by = 'somebody else'")
    assert [p.says for p in audit_programme(db).problems] == [
        "row 1 of approval was changed after event 5 stored it."
    ]


def test_the_life_of_an_item_tells_that_its_domain_was_accepted(db: Database, review: Review) -> None:
    assess_plainly(db, review)
    item = one(
        db, "select t.evidence_id from tag t join domain d on d.id = t.domain_id where d.key = 'carers'"
    )
    accept(db, review, "carers", by="moderator-1", at=AT)
    assert history_of(db, item)["life"][-1]["said"] == "accepted as mainly-good"


def test_a_file_from_before_approvals_keeps_its_runs_and_asks_for_approval(
    db: Database, review: Review, tmp_path: Path
) -> None:
    """An earlier version let a rating count at once: its runs stay as they are, the next wants approval."""
    rate_approved(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
    run = assess_plainly(db, review)
    db.conn.close()
    raw = sqlite3.connect(tmp_path / "programme.db", isolation_level=None)
    views = [row[0] for row in raw.execute("select name from sqlite_master where type = 'view'")]
    for view in set(views) & {"decision_state", "panel_state"}:
        raw.execute(f"drop view {view}")
    for table in (
        *("challenge_effect", "challenge_outcome", "challenge_reply", "challenge", "shown_vote", "vote"),
        *("panel_member", "panel", "approval"),
    ):
        raw.execute(f"drop table {table}")
    raw.execute("alter table decision drop column kind")
    raw.execute("delete from _sqlite_migrations where name = 'decision_tables'")
    raw.close()
    with closing(open_programme(tmp_path / "programme.db").conn) as connection:
        db = Database(connection)
        assert verify_run(db, review, load_run(db, review, run.id)).same
        assert decisions_in(db, run)["carers"]["by"] == "moderator-1"
        assert state_of(db, review)["state"] == "override awaiting approval"
        assert level_in(assess_plainly(db, review, seed=1)) == ("proposed", "mainly-good")


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from assessment.decisions import decide
from joint_review.opening import open_programme
from programme.reviews import find_review

db = open_programme(Path(sys.argv[1]))
stored = decide.insert
def insert(db, table, values):
    number = stored(db, table, values)
    os.kill(os.getpid(), signal.SIGKILL)
    return number
decide.insert = insert
decide.accept(db, find_review(db, "r1"), "carers", by="moderator-1", at=datetime.now(UTC))
"""


def test_a_decision_that_was_killed_half_way_was_never_made(tmp_path: Path) -> None:
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        review = new_review(db, "r1", "wales-round-2", *whole_review())
        assess_plainly(db, review)
        before = tables_of(db)
    path = tmp_path / "programme.db"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        assert tables_of(db) == before
        assert audit_programme(db).problems == ()
        accept(db, review, "carers", by="moderator-1", at=AT)


# Across reviews -------------------------------------------------------------------------------------------


def test_overrides_are_counted_by_review_rule_and_reviewer(db: Database) -> None:
    first = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
    second = new_review(db, "r2", "wales-round-2", *good_domain("carers"), *good_domain("workforce"))
    for review in (first, second):
        assess_plainly(db, review)
    rate_approved(db, first, "carers", "poor", by="moderator-1", **BECAUSE)
    accept(db, second, "carers", by="moderator-1", at=AT)
    rate_approved(db, second, "workforce", "strongly", by="moderator-1", **BECAUSE)
    rate_approved(db, second, "leadership", "well", by="moderator-1", **BECAUSE)
    override(db, second, "resources", "well", by="moderator-1", **BECAUSE)  # nobody approved it
    for review in (first, second):
        assess_plainly(db, review)
    found = count_overrides(db, WELSH)

    def counts(row: dict[str, Any]) -> tuple[int, ...]:
        return tuple(row[n] for n in ("decided", "accepted", "overridden", "higher", "lower", "given"))

    assert counts(found["all"]) == (4, 1, 2, 1, 1, 1)
    assert {row["review"]: counts(row) for row in found["reviews"]} == {
        "r1": (1, 0, 1, 0, 1, 0),
        "r2": (3, 1, 1, 1, 0, 1),
    }
    assert {row["target"]: counts(row) for row in found["targets"] if row["decided"]} == {
        "carers": (2, 1, 1, 0, 1, 0),
        "workforce": (1, 0, 1, 1, 0, 0),
        "leadership": (1, 0, 0, 0, 0, 1),
    }
    rules = {row["rule"]: counts(row) for row in found["rules"]}
    # 80 % strengths of five: this rule gave mainly good in both reviews, and was overridden in one of them.
    assert rules["carers.mainly-good.strengths"] == (2, 1, 1, 0, 1, 0)
    assert rules["workforce.well.strengths"] == (1, 0, 1, 1, 0, 0)
    assert not [rule for rule in rules if rule.startswith("leadership")]
    # All tags are the importing reviewer's; nobody tagged anything to leadership.
    assert {row["reviewer"]: counts(row) for row in found["reviewers"]} == {"reviewer-1": (3, 1, 2, 1, 1, 0)}


def test_one_reviewer_in_two_spellings_is_counted_once(db: Database) -> None:
    rows = good_domain("carers")
    spelled = ("anna", "ANNA", "Ａnna", " anna")
    named = [{**row, "recorded_by": spelled[n % len(spelled)]} for n, row in enumerate(rows)]
    review = new_review(db, "r1", "wales-round-2", *named)
    assess_plainly(db, review)
    accept(db, review, "carers", by="moderator-1", at=AT)
    [found] = count_overrides(db, WELSH)["reviewers"]
    assert (found["reviewer"], found["decided"]) == ("ANNA", 1)


def test_the_same_profile_rated_differently_is_found_across_reviews(db: Database) -> None:
    first, second = (new_review(db, key, "wales-round-2", *good_domain("carers")) for key in ("r1", "r2"))
    for review in (first, second):
        assess_plainly(db, review)
    rate_approved(db, first, "carers", "poor", by="moderator-1", **BECAUSE)
    assess_plainly(db, first)
    found = count_overrides(db, WELSH)
    [row] = found["same_profile"]
    [pair] = row["pairs"]
    assert (row["target"], pair["reviews"], pair["criteria_apart"]) == ("carers", ["r1", "r2"], 0)
    assert [rating["level_title"] for rating in pair["ratings"]] == ["Poor", "Mainly good"]
    [differently] = found["decided_differently"]
    assert differently["target"] == "carers"


def test_reviews_that_somebody_may_not_see_are_not_counted(db: Database) -> None:
    for key in ("r1", "r2"):
        review = new_review(db, key, "wales-round-2", *good_domain("carers"))
        assess_plainly(db, review)
        rate_approved(db, review, "carers", "poor", by="moderator-1", **BECAUSE)
        assess_plainly(db, review)
    found = count_overrides(db, WELSH, only=["r2"])
    assert found["all"]["decided"] == 1 and [row["review"] for row in found["reviews"]] == ["r2"]
    assert {row["decided"] for row in [*found["rules"], *found["reviewers"]]} == {1}


# The command line -----------------------------------------------------------------------------------------


@pytest.fixture
def say(db: Database, review: Review, tmp_path: Path) -> Callable[..., Any]:
    assess_plainly(db, review)
    return lambda *words: CliRunner().invoke(cli, [*words, "--db", str(tmp_path / "programme.db")])


def test_the_commands_tell_the_way_from_a_proposal_to_what_is_settled(say: Callable[..., Any]) -> None:
    assert "proposed" in say("decisions", "r1").output
    done = say("accept", "r1", "carers", "workforce", "--by", "moderator-1").output
    assert "carers: accepted by moderator-1 as mainly-good (run 1)." in done
    done = say("rate", "r1", "leadership", "badly", "--by", "moderator-1", "--because", "Seen.").output
    assert "It takes effect in the next run after another person approves it:" in done
    assert "joint-review approve r1 leadership" in done
    done = say("approve", "r1", "leadership", "--by", "lead").output
    assert "leadership: badly, rated by moderator-1, approved by lead on run 1." in done
    shown = say("decisions", "r1").output
    assert "takes effect in the next run" in " ".join(shown.split()) and "2 of 16 settled." in shown
    assert json.loads(say("decisions", "r1", "--json").output)[6]["state"] == "accepted"
    assert say("assess", "r1", "--evaluator-only", "--by", "lead").exit_code == 0
    assert "3 of 16 settled." in say("decisions", "r1").output
    shown = say("overrides").output
    assert "3 ratings decided, 1 of them overridden." in shown


def test_what_the_functions_refuse_the_commands_say_with_exit_code_one(say: Callable[..., Any]) -> None:
    for words, error in (
        (("accept", "r1", "carers", "--by", "lead"), DecisionRefused),
        (("accept", "r1", "carer", "--by", "moderator-1"), UnknownName),
        (("approve", "r1", "carers", "--by", "moderator-1"), DecisionRefused),
        (("rate", "r1", "carers", "awful", "--because", "x"), UnknownName),
    ):
        assert isinstance(say(*words).exception, error), words
    assert say("accept", "r1").exit_code == 2


def test_results_can_be_had_as_json(say: Callable[..., Any]) -> None:
    assert json.loads(say("accept", "r1", "carers", "--by", "m", "--json").output)[0]["run"] == 1
    found = say("rate", "r1", "cell", "poor/badly", "--by", "m", "--because", "x", "--json").output
    assert len(json.loads(found)["questions"]) == 2
    assert len(json.loads(say("approve", "r1", "cell", "--by", "n", "--json").output)) == 2
    assert json.loads(say("overrides", "--json").output)["all"]["decided"] == 3
