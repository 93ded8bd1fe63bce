"""The life of an item: who added, tagged, withdrew and erased it, when and why, and what rested on it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, add, assess_plainly, new_review
from click.testing import CliRunner
from evidence_rows import finding, good_domain

from assessment.decisions.decide import override
from assessment.reasons.history import history_of
from evidence.erasing import ask_to_erase, blank
from evidence.items import tag_item, withdraw_item
from joint_review.cli import cli
from programme.database import Database
from programme.reviews import Review
from rules.errors import EvidenceInvalid

NAMES = ("what", "about", "by", "said", "because")


@pytest.fixture
def review(db: Database) -> Review:
    """A review whose first five items are about carers."""
    return new_review(db, "r1", "wales-round-2", *good_domain("carers"))


def life(db: Database, number: int) -> list[tuple[Any, ...]]:
    return [tuple(step[name] for name in NAMES) for step in history_of(db, number)["life"]]


ADDED = ("added", "", "reviewer-1", "", "")
TAGGED = ("tagged", "carers", "reviewer-1", "", "")


def test_an_item_begins_with_who_added_and_tagged_it(db: Database, review: Review) -> None:
    assert life(db, 1) == [ADDED, TAGGED]
    found = history_of(db, 1)
    assert (found["review"], found["source"], found["withdrawn"]) == ("r1", "I1", False)
    assert {step["at"] for step in found["life"]} == {AT.isoformat()}


def test_tags_runs_decisions_and_the_end_follow_in_the_order_they_happened(
    db: Database, review: Review
) -> None:
    tag_item(db, review, 1, ["leadership"], by="reviewer-2", at=AT + timedelta(days=1), note="The director.")
    assess_plainly(db, review)
    override(db, review, "carers", "inconsistent", by="moderator-1", because="Few were asked.", at=AT)
    withdraw_item(db, review, 1, by="reviewer-2", because="Not leaders.", at=AT, domain="leadership")
    override(db, review, "leadership", "well", by="moderator-1", because="Seen.", at=AT)
    override(db, review, "carers", None, by="moderator-1", because="Asked again.", at=AT)
    withdraw_item(db, review, 1, by="lead", because="Recorded twice.", at=AT)
    assess_plainly(db, review)
    assert life(db, 1) == [
        ADDED,
        TAGGED,
        ("tagged", "leadership", "reviewer-2", "The director.", ""),
        ("in a run", "run 1", "lead", "carers, leadership", ""),
        ("domain decided", "carers", "moderator-1", "inconsistent", "Few were asked."),
        ("tag withdrawn", "leadership", "reviewer-2", "", "Not leaders."),
        ("domain decided", "carers", "moderator-1", "taken back", "Asked again."),
        ("withdrawn", "", "lead", "", "Recorded twice."),
    ]
    [note] = [step for step in history_of(db, 1)["life"] if step["about"] == "leadership" and step["said"]]
    assert note["before"] == {"domains": ["carers"]} and note["after"] == {
        "domains": ["carers", "leadership"]
    }
    assert history_of(db, 1)["withdrawn"] is True
    # The others were in both runs, and were never about leadership.
    assert [step[:2] for step in life(db, 2)] == [
        ("added", ""),
        ("tagged", "carers"),
        ("in a run", "run 1"),
        ("domain decided", "carers"),
        ("domain decided", "carers"),
        ("in a run", "run 2"),
    ]


def test_every_change_says_what_was_there_before_and_after(db: Database, review: Review) -> None:
    tag_item(db, review, 1, ["leadership"], by="reviewer-2", at=AT)
    withdraw_item(db, review, 1, by="reviewer-2", because="No.", at=AT, domain="carers")
    withdraw_item(db, review, 1, by="reviewer-2", because="No.", at=AT)
    steps = {step["what"]: (step["before"], step["after"]) for step in history_of(db, 1)["life"][2:]}
    assert steps == {
        "tagged": ({"domains": ["carers"]}, {"domains": ["carers", "leadership"]}),
        "tag withdrawn": ({"domains": ["carers", "leadership"]}, {"domains": ["leadership"]}),
        "withdrawn": ({"counts": True, "domains": ["leadership"]}, {"counts": False, "domains": []}),
    }


def test_a_rating_says_which_one_it_takes_the_place_of(db: Database, review: Review) -> None:
    for level in ("inconsistent", "excellent", None):
        override(db, review, "carers", level, by="moderator-1", because="Seen.", at=AT)
    steps = [(s["before"], s["after"]) for s in history_of(db, 1)["life"] if s["what"] == "domain decided"]
    assert steps == [
        (None, {"level": "inconsistent"}),
        ({"level": "inconsistent"}, {"level": "excellent"}),
        ({"level": "excellent"}, None),
    ]


def test_an_item_that_was_replaced_and_the_one_in_its_place_name_each_other(
    db: Database, review: Review
) -> None:
    row = finding("I1", locator="p. 77", finding="As it was first written.")
    add(db, review, row)
    add(db, review, {**row, "finding": "As it was written then."}, replace=True)
    assert [step[:3] for step in life(db, 6)] == [
        ("added", "", "reviewer-1"),
        ("tagged", "carers", "reviewer-1"),
        ("withdrawn", "replaced by E7", "reviewer-1"),
    ]
    assert life(db, 7)[0][:3] == ("added", "in place of E6", "reviewer-1")


def test_an_item_without_a_domain_is_in_a_run_but_counts_nowhere(db: Database, review: Review) -> None:
    add(db, review, finding("I1", domains=""))
    assess_plainly(db, review)
    assert life(db, 6)[-1] == ("in a run", "run 1", "lead", "no domain", "")


def test_who_is_credited_stands_beside_who_did_it(db: Database, review: Review) -> None:
    add(db, review, finding("I1", recorded_by="reviewer-7"))
    [first, *_] = history_of(db, 6)["life"]
    assert (first["by"], first["named"]) == ("reviewer-1", "reviewer-7")


def test_an_item_that_is_not_there_is_named(db: Database, review: Review) -> None:
    with pytest.raises(EvidenceInvalid, match="there is no item E99") as caught:
        history_of(db, 99)
    assert "holds 5 items" in caught.value.hint


def test_the_command_tells_the_life_in_lines(db: Database, review: Review, tmp_path: Path) -> None:
    withdraw_item(db, review, 1, by="lead", because="Recorded twice.", at=AT)
    path = str(tmp_path / "programme.db")
    done = CliRunner().invoke(cli, ["history", "E1", "--db", path])
    assert done.exit_code == 0
    assert "E1 of r1 (withdrawn)" in done.output
    assert "1 June 2009, 10:30am" in done.output and "Recorded twice." in done.output
    found = json.loads(CliRunner().invoke(cli, ["history", "1", "--json", "--db", path]).output)
    assert [step["what"] for step in found["life"]] == ["added", "tagged", "withdrawn"]


def test_the_words_of_an_item_that_were_erased_are_a_step_with_the_request(
    db: Database, review: Review
) -> None:
    ask_to_erase(db, review, "item", "E1", by="lead", because="It names a child.", at=AT)
    blank(db, review, 1, by="moderator-1", because="Agreed.", at=AT)
    assert life(db, 1) == [ADDED, TAGGED, ("words erased", "request 1", "moderator-1", "", "Agreed.")]
    assert life(db, 2) == [ADDED, TAGGED]
