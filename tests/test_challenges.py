"""The challenge register: what is challenged, what that bars, how it ends, and what came of it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from assessment_example import (
    AT,
    ROOT,
    WELSH,
    assess_plainly,
    item_at,
    new_programme,
    new_review,
    rate_approved,
    tables_of,
)
from click.testing import CliRunner
from evidence_rows import finding, good_domain, whole_review

from assessment.decisions.challenges import (
    close_challenge,
    list_challenges,
    open_challenges,
    raise_challenge,
    reply_to_challenge,
    show_challenge,
)
from assessment.decisions.decide import accept, approve, decision_states, override
from assessment.decisions.schema import GROUNDS
from assessment.decisions.standing import Standing
from assessment.runs.audit import audit_programme
from evidence.items import tag_item, withdraw_item
from joint_review.cli import cli
from joint_review.opening import open_programme
from programme.database import Database, rows
from programme.reviews import Review
from rules.errors import (
    DecisionRefused,
    EvidenceInvalid,
    ReviewError,
    RunImpossible,
    UnknownName,
    WordsMissing,
)

HEARSAY = finding("I1", "strength", domains="carers;workforce", finding="Everybody says so.")
"""An item that two domains of different questions rest on."""
GIVEN = {"ground": "not supported", "text": "Nobody else says so.", "by": "moderator-1", "at": AT}


@pytest.fixture
def review(db: Database) -> Review:
    """Enough in every domain, one item in two of them, and a run by the lead."""
    review = new_review(db, "r1", "wales-round-2", *whole_review(), HEARSAY)
    assess_plainly(db, review)
    return review


def item(db: Database, review: Review) -> int:
    return item_at(db, review, HEARSAY)


def refused(db: Database, review: Review, *targets: str) -> set[str]:
    """Those of the targets that cannot be accepted now."""
    found = set()
    for target in targets:
        try:
            accept(db, review, target, by="moderator-1", at=AT)
        except DecisionRefused as error:
            assert "while challenge" in str(error)
            found.add(target)
    return found


EVERYTHING = (*WELSH.framework.question_of, "cell")


# What an open challenge bars ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "target", "barred"),
    [
        ("rating", "carers", {"carers", "services", "cell"}),
        ("rating", "services", {"services", "cell"}),
        ("rating", "cell", {"cell"}),
        ("rule", "carers.mainly-good.strengths", {"carers", "services", "cell"}),
        ("rule", "carers.strengths", {"carers", "services", "cell"}),
        ("rule", "cell.mainly-good.well", {"cell"}),
        ("measure", "workforce.strengths_share", {"workforce", "organisation", "cell"}),
        ("measure", "services.domains_rated", {"services", "cell"}),
        ("item", "E{0}", {"carers", "services", "workforce", "organisation", "cell"}),
        ("tag", "E{0}:workforce", {"workforce", "organisation", "cell"}),
    ],
)
def test_while_a_challenge_is_open_what_rests_on_it_cannot_be_accepted(
    db: Database, review: Review, kind: str, target: str, barred: set[str]
) -> None:
    challenge = raise_challenge(db, review, kind, target.format(item(db, review)), **GIVEN)
    assert (set(challenge["blocks"]), challenge["state"]) == (barred, "open")
    assert refused(db, review, *EVERYTHING) == barred
    close_challenge(db, challenge["number"], "not upheld", because="It is.", by="moderator-2", at=AT)
    assert refused(db, review, *barred) == set()


def test_while_a_challenge_is_open_no_override_of_the_rating_is_approved(
    db: Database, review: Review
) -> None:
    override(db, review, "carers", "poor", by="moderator-2", because="Seen.", at=AT)
    challenge = raise_challenge(db, review, "rating", "carers", **GIVEN)
    with pytest.raises(
        DecisionRefused,
        match="the rating of “Support for carers” cannot be approved while challenge 1 is open",
    ):
        approve(db, review, "carers", by="lead", at=AT)
    close_challenge(db, challenge["number"], "not upheld", because="It is.", by="lead", at=AT)
    approve(db, review, "carers", by="lead", at=AT)


def test_all_open_challenges_in_the_way_are_named(db: Database, review: Review) -> None:
    raise_challenge(db, review, "rating", "carers", **GIVEN)
    raise_challenge(db, review, "item", f"E{item(db, review)}", **GIVEN)
    with pytest.raises(DecisionRefused, match="while challenges 1, 2 are open"):
        accept(db, review, "services", by="moderator-1", at=AT)


def test_what_was_accepted_before_stays_accepted_but_is_not_settled(db: Database, review: Review) -> None:
    accept(db, review, "carers", by="moderator-1", at=AT)
    challenge = raise_challenge(db, review, "rating", "carers", **GIVEN)

    def carers() -> dict[str, Any]:
        return next(row for row in decision_states(Standing(db, review)) if row["target"] == "carers")

    found = carers()
    assert (found["state"], found["settled"], found["challenges"]) == ("accepted", False, [1])
    close_challenge(db, challenge["number"], "withdrawn", because="A slip.", by="moderator-1", at=AT)
    assert carers()["settled"]


def test_an_item_withdrawn_before_a_run_is_behind_none_of_its_ratings(db: Database, review: Review) -> None:
    number = item(db, review)
    raise_challenge(db, review, "item", f"E{number}", **GIVEN)
    withdraw_item(db, review, number, by="lead", because="Hearsay.", at=AT, domain="carers")
    # The run looked at still counts it in both domains.
    assert "carers" in open_challenges(db, review, [1])[1]
    second = assess_plainly(db, review)
    assert set(open_challenges(db, review, [second.id])[second.id]) == {"workforce", "organisation", "cell"}
    assert refused(db, review, "carers", "workforce") == {"workforce"}
    withdraw_item(db, review, number, by="lead", because="Hearsay.", at=AT)
    third = assess_plainly(db, review)
    assert open_challenges(db, review, [third.id])[third.id] == {}


def test_an_item_tagged_to_another_domain_meanwhile_bars_that_one_too(db: Database, review: Review) -> None:
    number = item(db, review)
    raise_challenge(db, review, "item", f"E{number}", ground="wrong domain", text="See.", by="m", at=AT)
    tag_item(db, review, number, ["leadership"], by="reviewer-1", at=AT)
    run = assess_plainly(db, review)
    assert "leadership" in open_challenges(db, review, [run.id])[run.id]


def test_a_challenge_of_one_review_bars_nothing_in_another(db: Database, review: Review) -> None:
    other = new_review(db, "r2", "wales-round-2", *good_domain("carers"))
    assess_plainly(db, other)
    raise_challenge(db, review, "rating", "carers", **GIVEN)
    accept(db, other, "carers", by="moderator-1", at=AT)


# Raising, replying, closing -------------------------------------------------------------------------------


def test_a_challenge_says_what_on_which_ground_by_whom_and_when(db: Database, review: Review) -> None:
    found = raise_challenge(db, review, "tag", f"e{item(db, review)}:carers", **GIVEN)
    assert found == {
        "number": 1,
        "review": "r1",
        "kind": "tag",
        "target": f"E{item(db, review)}:carers",
        "rating": "carers",
        "item": item(db, review),
        "ground": "not supported",
        "text": "Nobody else says so.",
        "by": "moderator-1",
        "at": AT.isoformat(),
        "run": 1,
        "state": "open",
        "replies": [],
        "outcome": None,
        "blocks": ["carers", "services", "cell"],
        "next_run": None,
        "moved": [],
    }


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_ground_can_be_given(db: Database, review: Review, ground: str) -> None:
    found = raise_challenge(db, review, "rating", "carers", **{**GIVEN, "ground": ground})
    assert found["ground"] == ground


def test_replies_follow_in_order_and_end_with_the_outcome(db: Database, review: Review) -> None:
    raise_challenge(db, review, "rating", "carers", **GIVEN)
    reply_to_challenge(db, 1, text="E1 says so.", by="lead", at=AT + timedelta(days=1))
    reply_to_challenge(db, 1, text="E1 is hearsay.", by="moderator-1", at=AT + timedelta(days=2))
    close_challenge(db, 1, "partly upheld", because="In part.", by="moderator-1", at=AT + timedelta(days=3))
    found = show_challenge(db, 1)
    assert [(reply["text"], reply["by"]) for reply in found["replies"]] == [
        ("E1 says so.", "lead"),
        ("E1 is hearsay.", "moderator-1"),
    ]
    assert found["outcome"] == {
        "outcome": "partly upheld",
        "because": "In part.",
        "by": "moderator-1",
        "at": (AT + timedelta(days=3)).isoformat(),
        "changed": [],
    }
    with pytest.raises(DecisionRefused, match="challenge 1 was closed by moderator-1: partly upheld"):
        reply_to_challenge(db, 1, text="But.", by="lead", at=AT)
    with pytest.raises(DecisionRefused, match="challenge 1 was closed"):
        close_challenge(db, 1, "upheld", because="Once more.", by="moderator-1", at=AT)


def test_only_who_raised_a_challenge_withdraws_it(db: Database, review: Review) -> None:
    raise_challenge(db, review, "rating", "carers", **GIVEN)
    with pytest.raises(DecisionRefused, match="was raised by moderator-1; only they can withdraw it"):
        close_challenge(db, 1, "withdrawn", because="Nothing in it.", by="lead", at=AT)
    found = close_challenge(db, 1, "withdrawn", because="Nothing in it.", by="Moderator-1", at=AT)
    assert found["state"] == "withdrawn"


def test_the_register_lists_by_review_and_by_what_is_open(db: Database, review: Review) -> None:
    other = new_review(db, "r2", "wales-round-2", *good_domain("carers"))
    assess_plainly(db, other)
    for made in (review, review, other):
        raise_challenge(db, made, "rating", "carers", **GIVEN)
    close_challenge(db, 1, "not upheld", because="No.", by="lead", at=AT)

    def numbers(**asked: Any) -> list[int]:
        return [row["number"] for row in list_challenges(db, **asked)]

    assert numbers() == [1, 2, 3]
    assert numbers(review=review) == [1, 2]
    assert numbers(only_open=True) == [2, 3]
    assert numbers(review=review, only_open=True) == [2]
    assert numbers(only=["r2"]) == [3]


BAD: dict[str, tuple[tuple[str, str], dict[str, str], type[ReviewError], str]] = {
    "an unknown kind": (("ratings", "carers"), {}, UnknownName, "Did you mean 'rating'"),
    "an unknown ground": (("rating", "carers"), {"ground": "one sourse"}, UnknownName, "'one source'"),
    "no text": (("rating", "carers"), {"text": "  "}, WordsMissing, "a challenge needs its text"),
    "nobody": (("rating", "carers"), {"by": ""}, WordsMissing, "a challenge needs the name"),
    "a mistyped domain": (("rating", "carer"), {}, UnknownName, "Did you mean 'carers'"),
    "a mistyped rule": (("rule", "carers.mainly-good.strength"), {}, UnknownName, "Did you mean"),
    "a mistyped measure": (("measure", "carers.strengths_shar"), {}, UnknownName, "carers.strengths_share"),
    "a measure of nothing": (("measure", "carer.items"), {}, UnknownName, "Did you mean 'carers'"),
    "a measure without a domain": (("measure", "carers"), {}, UnknownName, "there is no measure 'carers'"),
    "no item": (("item", "carers"), {}, EvidenceInvalid, "not the number of an item"),
    "an item there is not": (("item", "E4711"), {}, EvidenceInvalid, "has no item E4711"),
    "a tag there is not": (("tag", "E1:workforce"), {}, UnknownName, "there is no tag of E1 to 'workforce'"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_challenged_is_refused_and_leaves_no_trace(
    db: Database, review: Review, name: str
) -> None:
    what, given, error, message = BAD[name]
    before = tables_of(db)
    with pytest.raises(error, match=message):
        raise_challenge(db, review, *what, **{**GIVEN, **given})
    assert tables_of(db) == before


def test_items_can_be_challenged_before_there_is_a_run_ratings_cannot(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
    found = raise_challenge(db, review, "item", "E1", **GIVEN)
    assert (found["run"], found["blocks"]) == (None, [])
    for kind, target in (("rating", "carers"), ("rule", "carers.strengths"), ("measure", "carers.items")):
        with pytest.raises(RunImpossible, match="has not been assessed yet"):
            raise_challenge(db, review, kind, target, **GIVEN)
    run = assess_plainly(db, review)
    assert set(open_challenges(db, review, [run.id])[run.id]) == {"carers", "services", "cell"}


def test_a_challenge_there_is_not_is_named(db: Database, review: Review) -> None:
    for function in (
        lambda: show_challenge(db, 7),
        lambda: reply_to_challenge(db, 7, text="x", by="lead", at=AT),
        lambda: close_challenge(db, 7, "upheld", because="x", by="lead", at=AT),
    ):
        with pytest.raises(UnknownName, match="there is no challenge '7'"):
            function()


# What came of it ------------------------------------------------------------------------------------------


def test_what_was_changed_because_of_it_is_kept_and_what_moved_shows_after_the_next_run(
    db: Database,
) -> None:
    carers = good_domain("carers", 4, 3)
    review = new_review(
        db, "r1", "wales-round-2", *carers, *good_domain("workforce"), finding("O1", "neutral")
    )
    first = assess_plainly(db, review)
    raise_challenge(db, review, "rating", "carers", **GIVEN)
    hearsay = [item_at(db, review, row) for row in carers[:2]]
    withdraw_item(db, review, hearsay[0], by="lead", because="Hearsay.", at=AT)
    tag_item(db, review, hearsay[1], ["leadership"], by="lead", at=AT)
    withdraw_item(db, review, hearsay[1], by="lead", because="Not carers.", at=AT, domain="carers")
    found = close_challenge(
        db,
        1,
        "upheld",
        because="Two items were hearsay.",
        changed=[f"E{number}" for number in hearsay],
        by="moderator-1",
        at=AT,
    )
    assert [(change["kind"], change["what"]) for change in found["outcome"]["changed"]] == [
        ("item", f"E{hearsay[0]} withdrawn"),
        ("tag", f"E{hearsay[1]} tagged to “Leadership”"),
        ("tag", f"tag of E{hearsay[1]} to “Support for carers” withdrawn"),
    ]
    assert (found["next_run"], found["moved"]) == (None, [])
    second = assess_plainly(db, review)
    # Strengths were four of seven (57 %); now they are two of five (40 %, and mainly good needs 50).
    found = show_challenge(db, 1)
    assert (found["run"], found["next_run"]) == (first.id, second.id)
    assert found["moved"] == [
        {
            "target": "carers",
            "title": "Support for carers",
            "before": "Mainly good",
            "after": "Inconsistent",
        }
    ]
    # Later runs do not change what moved in the next one.
    withdraw_item(db, review, item_at(db, review, carers[2]), by="lead", because="Hearsay.", at=AT)
    assess_plainly(db, review)
    assert show_challenge(db, 1) == found


def test_a_run_made_after_the_change_but_before_the_outcome_is_the_next_one(
    db: Database, review: Review
) -> None:
    raise_challenge(db, review, "item", f"E{item(db, review)}", **GIVEN)
    number = item(db, review)
    withdraw_item(db, review, number, by="lead", because="Hearsay.", at=AT)
    run = assess_plainly(db, review)
    found = close_challenge(db, 1, "upheld", because="Yes.", changed=[f"E{number}"], by="lead", at=AT)
    assert (found["next_run"], found["moved"]) == (run.id, [])


def test_a_decision_or_the_rulebook_may_be_what_was_changed(db: Database, review: Review) -> None:
    raise_challenge(db, review, "rating", "carers", **GIVEN)
    override(db, review, "carers", "poor", by="lead", because="Seen.", at=AT)
    found = close_challenge(
        db, 1, "upheld", because="Yes.", changed=["carers", "rulebook"], by="moderator-1", at=AT
    )
    assert [(change["kind"], change["what"]) for change in found["outcome"]["changed"]] == [
        ("decision", "“Support for carers” rated Poor"),
        ("rulebook", "rulebook changed"),
    ]
    approve(db, review, "carers", by="moderator-1", at=AT)
    run = assess_plainly(db, review)
    found = show_challenge(db, 1)
    assert found["next_run"] == run.id
    assert [(m["target"], m["before"], m["after"]) for m in found["moved"]] == [
        ("carers", "Mainly good", "Poor")
    ]


@pytest.mark.parametrize(
    ("name", "called"),
    [("E1", "E1"), ("workforce", "“Workforce”"), ("cell", "the position on the grid")],
)
def test_what_has_not_changed_since_cannot_be_named_as_an_effect(
    db: Database, review: Review, name: str, called: str
) -> None:
    if name == "workforce":
        rate_approved(db, review, "workforce", "badly", by="lead", because="Seen.", at=AT)
    raise_challenge(db, review, "rating", "carers", **GIVEN)
    before = tables_of(db)
    with pytest.raises(DecisionRefused, match=f"nothing about {called} has changed since challenge 1"):
        close_challenge(db, 1, "upheld", because="Yes.", changed=[name], by="lead", at=AT)
    assert tables_of(db) == before


def test_without_an_effect_the_reason_stands_alone_but_must_be_there(db: Database, review: Review) -> None:
    raise_challenge(db, review, "rating", "carers", **GIVEN)
    with pytest.raises(WordsMissing, match="an outcome needs a reason"):
        close_challenge(db, 1, "not upheld", because=" ", by="lead", at=AT)
    with pytest.raises(UnknownName, match="Did you mean 'upheld'"):
        close_challenge(db, 1, "uphelt", because="No.", by="lead", at=AT)
    found = close_challenge(db, 1, "not upheld", because="Six more say so.", by="lead", at=AT)
    assert (found["outcome"]["changed"], found["outcome"]["because"]) == ([], "Six more say so.")


# The record -----------------------------------------------------------------------------------------------


def test_every_step_is_an_event_with_what_was_there_before_and_after(db: Database, review: Review) -> None:
    raise_challenge(db, review, "rating", "carers", **GIVEN)
    reply_to_challenge(db, 1, text="But.", by="lead", at=AT)
    close_challenge(db, 1, "not upheld", because="No.", by="moderator-1", at=AT)
    events = rows(db, "select action, by, target, before, after from event order by id desc limit 3")[::-1]
    assert [(e["action"], e["by"], e["target"]) for e in events] == [
        ("challenge", "moderator-1", "carers"),
        ("reply to challenge", "lead", "challenge 1"),
        ("close challenge", "moderator-1", "challenge 1"),
    ]
    assert [(json.loads(e["before"]), json.loads(e["after"])) for e in events] == [
        (None, {"challenge": "open"}),
        (None, {"reply": "But."}),
        ({"challenge": "open"}, {"challenge": "not upheld"}),
    ]
    assert audit_programme(db).problems == ()


@pytest.mark.parametrize("table", ["challenge", "challenge_reply", "challenge_outcome", "challenge_effect"])
@pytest.mark.parametrize("change", ["update {0} set id = id + 100", "delete from {0}"])
def test_nothing_of_the_register_is_ever_changed(
    db: Database, review: Review, table: str, change: str
) -> None:
    raise_challenge(db, review, "rating", "carers", **GIVEN)
    reply_to_challenge(db, 1, text="But.", by="lead", at=AT)
    close_challenge(db, 1, "upheld", because="Yes.", changed=["rulebook"], by="moderator-1", at=AT)
    with pytest.raises(sqlite3.IntegrityError, match=f"rows of {table} are never changed"):
        db.conn.execute(change.format(table))


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from assessment.decisions import challenges
from joint_review.opening import open_programme

db = open_programme(Path(sys.argv[1]))
stored = challenges.insert
def insert(db, table, values):
    if table == "challenge_effect":
        os.kill(os.getpid(), signal.SIGKILL)
    return stored(db, table, values)
challenges.insert = insert
challenges.close_challenge(
    db, 1, "upheld", because="Yes.", changed=["rulebook"], by="moderator-1", at=datetime.now(UTC))
"""


def test_a_challenge_whose_closing_was_killed_half_way_is_still_open(tmp_path: Path) -> None:
    path = tmp_path / "programme.db"
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        review = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
        assess_plainly(db, review)
        raise_challenge(db, review, "rating", "carers", **GIVEN)
        before = tables_of(db)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        assert tables_of(db) == before and show_challenge(db, 1)["state"] == "open"
        assert audit_programme(db).problems == ()


# The command line -----------------------------------------------------------------------------------------


@pytest.fixture
def say(db: Database, tmp_path: Path) -> Callable[..., Any]:
    assess_plainly(db, new_review(db, "r1", "wales-round-2", *whole_review()))
    return lambda *words: CliRunner().invoke(cli, [*words, "--db", str(tmp_path / "programme.db")])


def test_the_commands_lead_from_a_challenge_to_what_moved(say: Callable[..., Any]) -> None:
    assert "No challenges." in say("challenge", "list").output
    raised = say(
        *("challenge", "add", "r1", "rating", "carers", "--ground", "one-source"),
        *("--text", "One visit.", "--by", "moderator-1"),
    ).output
    assert "Challenge 1 is open: carers, one source." in raised
    assert "it blocks acceptance of: “Support for carers”, “How good are the services?” and the" in raised
    barred = say("accept", "r1", "carers", "--by", "moderator-1")
    assert "the rating of “Support for carers” cannot be accepted while challenge 1 is open" in str(
        barred.exception
    )
    assert say("challenge", "reply", "1", "--text", "Two.", "--by", "lead").exit_code == 0
    assert say("evidence", "withdraw", "r1", "E31", "--because", "Hearsay.").exit_code == 0
    closed = say(
        *("challenge", "close", "1", "partly-upheld", "--because", "So it is.", "--changed", "E31"),
        *("--by", "moderator-1"),
    ).output
    assert closed == ("Challenge 1 is closed: partly upheld. Changed because of it: E31 withdrawn.\n")
    assert say("assess", "r1", "--evaluator-only").exit_code == 0
    shown = say("challenge", "show", "1").output
    assert "Reply of lead, " in shown and "The next run is 2. Moved since run 1:" in shown
    listed = say("challenge", "list", "r1").output
    assert "partly upheld" in listed and "No open challenges." in say("challenge", "list", "--open").output


def test_a_challenge_to_what_no_rating_rests_on_says_so(say: Callable[..., Any]) -> None:
    say("evidence", "withdraw", "r1", "E31", "--because", "Hearsay.")
    say("assess", "r1", "--evaluator-only")
    words = ("challenge", "add", "r1", "item", "E31", "--ground", "used-twice", "--text", "As E32.")
    assert "No rating of the latest run rests on it." in say(*words).output


def test_challenges_can_be_had_as_json(say: Callable[..., Any]) -> None:
    words = ("challenge", "add", "r1", "rating", "carers", "--ground", "other", "--text", "x", "--json")
    assert json.loads(say(*words).output)["number"] == 1
    assert json.loads(say("challenge", "list", "--json").output)[0]["state"] == "open"
    assert json.loads(say("challenge", "reply", "1", "--text", "y", "--json").output)["replies"]
    closed = say("challenge", "close", "1", "upheld", "--because", "z", "--json").output
    assert json.loads(closed) == json.loads(say("challenge", "show", "1", "--json").output)


def test_a_mistyped_subcommand_gets_the_nearest(say: Callable[..., Any]) -> None:
    done = say("challenge", "ad")
    assert done.exit_code == 2 and "Did you mean 'add'" in done.output
