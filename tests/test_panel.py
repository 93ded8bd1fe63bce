"""Independent first votes: hidden until all have voted, then the spread; closed early with a reason."""

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
from assessment_example import AT, ROOT, WELSH, assess_plainly, new_programme, new_review, tables_of
from click.testing import CliRunner
from evidence_rows import good_domain
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessment.decisions.decide import accept, approve, decision_states, override
from assessment.decisions.panel import close_panel, open_panel, show_panels, vote
from assessment.decisions.standing import Standing
from assessment.runs.audit import audit_programme
from joint_review.cli import cli
from joint_review.opening import open_programme
from programme.database import Database, rows
from programme.reviews import Review
from rules.errors import DecisionRefused, ReviewError, UnknownName, WordsMissing

MEMBERS = ("lead-1", "moderator-1", "reviewer-1")
SCALE = [level.id for level in WELSH.framework.scale_of("carers")]


@pytest.fixture
def review(db: Database) -> Review:
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
    assess_plainly(db, review)
    return review


def ask(db: Database, review: Review, *members: str) -> dict[str, Any]:
    return open_panel(db, review, "carers", members or MEMBERS, by="lead", at=AT)


def give(db: Database, review: Review, votes: dict[str, str]) -> dict[str, Any]:
    for member, level in votes.items():
        found = vote(db, review, "carers", level, by=member, because=f"I say {level}.", at=AT)
    return found


def seen(db: Database, review: Review, to: str | None = None) -> dict[str, Any]:
    return show_panels(db, review, "carers", to=to)[-1]


# What is hidden -------------------------------------------------------------------------------------------


def test_until_all_have_voted_a_member_sees_their_own_vote_alone(db: Database, review: Review) -> None:
    ask(db, review)
    give(db, review, {"lead-1": "poor", "moderator-1": "excellent"})
    for to in (*MEMBERS, "lead", None):
        found = seen(db, review, to)
        assert (found["state"], found["votes"], found["spread"]) == ("open", [], None)
        assert found["waiting_for"] == ["reviewer-1"]
    assert seen(db, review, "lead-1")["own_vote"] == {
        "level": "poor",
        "level_title": "Poor",
        "because": "I say poor.",
    }
    # Whose vote is asked for is who asks: nobody else's words or level are anywhere in the answer.
    for to, others in (("reviewer-1", ("poor", "excellent")), ("lead-1", ("excellent",)), (None, ("poor",))):
        text = json.dumps(seen(db, review, to)).lower()
        assert not [level for level in others if level in text]


def test_the_last_vote_shows_the_spread_to_everybody(db: Database, review: Review) -> None:
    ask(db, review)
    found = give(db, review, {"lead-1": "poor", "moderator-1": "excellent", "reviewer-1": "mainly-good"})
    assert found["state"] == "complete" and found["waiting_for"] == []
    assert found["votes"] == [
        {"member": member, "level": level, "level_title": title, "because": f"I say {level}."}
        for member, level, title in (
            ("lead-1", "poor", "Poor"),
            ("reviewer-1", "mainly-good", "Mainly good"),
            ("moderator-1", "excellent", "Excellent"),
        )
    ]
    assert found["spread"] == {
        "votes": 3,
        "median": ["Mainly good"],
        "range": ["Poor", "Excellent"],
        "agreed": False,
    }
    assert seen(db, review)["spread"] == found["spread"]
    assert (found["proposed"], found["run"]) == ("mainly-good", 1)


def test_the_median_of_an_even_number_of_votes_may_fall_between_two_levels(
    db: Database, review: Review
) -> None:
    ask(db, review, "a", "b", "c", "d")
    found = give(db, review, {"a": "poor", "b": "inconsistent", "c": "mainly-good", "d": "mainly-good"})
    assert found["spread"]["median"] == ["Inconsistent", "Mainly good"]
    assert found["spread"]["range"] == ["Poor", "Mainly good"]
    ask(db, review, "a", "b")
    found = give(db, review, {"a": "poor", "b": "poor"})
    assert found["spread"] == {"votes": 2, "median": ["Poor"], "range": ["Poor", "Poor"], "agreed": True}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(levels=st.lists(st.sampled_from(SCALE), min_size=2, max_size=6), data=st.data())
def test_whatever_the_order_of_the_votes_none_shows_before_the_last(
    db: Database, levels: list[str], data: st.DataObject
) -> None:
    number = len(rows(db, "select id from review")) + 1
    review = new_review(db, f"h{number}", "wales-round-2")
    votes = {f"member-{at}": level for at, level in enumerate(levels)}
    ask(db, review, *votes)
    order = data.draw(st.permutations(sorted(votes)))
    for member in order[:-1]:
        assert give(db, review, {member: votes[member]})["spread"] is None
        assert (
            rows(
                db,
                "select 1 from shown_vote s join panel p on p.id = s.panel_id where p.review_id = ?",
                [review.id],
            )
            == []
        )
    spread = give(db, review, {order[-1]: votes[order[-1]]})["spread"]
    ranks = sorted(SCALE.index(level) for level in levels)
    middle = {ranks[(len(ranks) - 1) // 2], ranks[len(ranks) // 2]}
    titles = [level.title["en"] for level in WELSH.framework.scale_of("carers")]
    assert spread["median"] == [titles[rank] for rank in sorted(middle)]
    assert spread["range"] == [titles[ranks[0]], titles[ranks[-1]]]


def test_the_record_says_that_somebody_voted_not_what(db: Database, review: Review) -> None:
    ask(db, review)
    give(db, review, {"lead-1": "poor"})
    [event] = rows(db, "select * from event order by id desc limit 1")
    assert (event["action"], event["by"], event["after"]) == ("vote", "lead-1", '{"voted": true}')
    assert "poor" not in json.dumps(event)


# Who votes, and how it ends -------------------------------------------------------------------------------


def test_a_panel_closed_early_shows_what_there_is_and_says_why(db: Database, review: Review) -> None:
    ask(db, review)
    give(db, review, {"lead-1": "poor"})
    later = AT + timedelta(days=2)
    found = close_panel(db, review, "carers", by="lead", because="Two are ill.", at=later)
    assert found["state"] == "closed early"
    assert found["closed"] == {"by": "lead", "at": later.isoformat(), "because": "Two are ill."}
    assert found["waiting_for"] == ["moderator-1", "reviewer-1"]
    assert (found["spread"]["votes"], found["votes"][0]["member"]) == (1, "lead-1")
    [event] = rows(db, "select * from event order by id desc limit 1")
    assert (event["action"], event["because"]) == ("close panel", "Two are ill.")
    assert json.loads(event["detail"])["without"] == ["moderator-1", "reviewer-1"]
    with pytest.raises(DecisionRefused, match="no panel is voting on the rating of “Support for carers”"):
        vote(db, review, "carers", "poor", by="moderator-1", at=AT)
    ask(db, review)
    found = close_panel(db, review, "carers", by="lead", because="All are ill.", at=later)
    assert (found["votes"], found["spread"]) == ([], None)
    assert [panel["state"] for panel in show_panels(db, review)] == ["closed early", "closed early"]


def test_while_a_panel_votes_nobody_decides_on_the_rating(db: Database, review: Review) -> None:
    override(db, review, "carers", "poor", by="moderator-2", because="Seen.", at=AT)
    ask(db, review, "a", "b")
    for decide in (
        lambda: accept(db, review, "carers", by="moderator-2", at=AT),
        lambda: override(db, review, "carers", "poor", by="moderator-2", because="Seen.", at=AT),
        lambda: approve(db, review, "carers", by="moderator-1", at=AT),
    ):
        with pytest.raises(DecisionRefused, match="a panel is voting on the rating of “Support for carers”"):
            decide()
    [row] = [row for row in decision_states(Standing(db, review)) if row["target"] == "carers"]
    assert row["panel"] == 1
    give(db, review, {"a": "poor", "b": "poor"})
    approve(db, review, "carers", by="moderator-1", at=AT)


def test_a_finished_panel_makes_room_for_another(db: Database, review: Review) -> None:
    ask(db, review, "a", "b")
    with pytest.raises(
        DecisionRefused, match="a panel is already voting on the rating of “Support for carers”"
    ):
        ask(db, review, "c", "d")
    give(db, review, {"a": "poor", "b": "poor"})
    assert ask(db, review, "c", "d")["number"] == 2
    give(db, review, {"c": "excellent"})
    first, second = show_panels(db, review, "carers", to="a")
    assert (first["spread"]["agreed"], second["spread"], second["own_vote"]) == (True, None, None)


REFUSED: dict[str, tuple[Callable[..., Any], dict[str, Any], type[ReviewError], str]] = {
    "a panel on the cell": (open_panel, {"target": "cell"}, UnknownName, "there is no domain or question"),
    "a panel of one": (open_panel, {"members": ["a"]}, DecisionRefused, "at least two members"),
    "a member twice": (open_panel, {"members": ["a", "b", " A "]}, DecisionRefused, "named twice"),
    "a member without a name": (open_panel, {"members": ["a", " "]}, WordsMissing, "needs the name"),
    "a panel by nobody": (open_panel, {"by": " "}, WordsMissing, "a panel needs the name"),
    "a vote of a stranger": (vote, {"by": "lead-2"}, DecisionRefused, "lead-2 is not a member"),
    "a second vote": (
        vote,
        {"by": "Lead-1"},
        DecisionRefused,
        "lead-1 has already voted on the rating of “Support for carers”",
    ),
    "a vote on what nobody asks": (
        vote,
        {"target": "workforce", "level_id": "well"},
        DecisionRefused,
        "no panel is voting on the rating of “Workforce”",
    ),
    "a level there is not": (vote, {"level_id": "por"}, UnknownName, "Did you mean 'poor'"),
    "closing without a reason": (
        close_panel,
        {"because": " "},
        WordsMissing,
        "panel early needs a reason",
    ),
    "closing what is not open": (
        close_panel,
        {"target": "workforce"},
        DecisionRefused,
        "no panel is voting on the rating of “Workforce”",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_leaves_no_trace(db: Database, review: Review, name: str) -> None:
    function, given_, error, message = REFUSED[name]
    ask(db, review)
    give(db, review, {"lead-1": "poor"})
    sound: dict[Any, dict[str, Any]] = {
        open_panel: {"target": "leadership", "members": ["a", "b"], "by": "lead"},
        vote: {"target": "carers", "level_id": "poor", "by": "moderator-1"},
        close_panel: {"target": "carers", "because": "Late.", "by": "lead"},
    }
    before = tables_of(db)
    with pytest.raises(error, match=message):
        function(db, review, **{**sound[function], **given_, "at": AT})
    assert tables_of(db) == before


# The record -----------------------------------------------------------------------------------------------


def test_the_audit_holds_over_panels_and_names_a_vote_that_was_changed(db: Database, review: Review) -> None:
    ask(db, review, "a", "b")
    give(db, review, {"a": "poor"})
    close_panel(db, review, "carers", by="lead", because="Late.", at=AT)
    assert audit_programme(db).problems == ()
    db.conn.execute("drop trigger vote_never_update")
    db.conn.execute("update vote set level = 4")
    [problem] = audit_programme(db).problems
    assert "row 1 of vote was changed" in problem.says


@pytest.mark.parametrize("table", ["panel_member", "vote", "shown_vote"])
@pytest.mark.parametrize("change", ["update {0} set id = id + 100", "delete from {0}"])
def test_members_and_votes_are_never_changed(db: Database, review: Review, table: str, change: str) -> None:
    ask(db, review, "a", "b")
    give(db, review, {"a": "poor", "b": "poor"})
    with pytest.raises(sqlite3.IntegrityError, match=f"rows of {table} are never changed"):
        db.conn.execute(change.format(table))


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from assessment.decisions import panel
from joint_review.opening import open_programme
from programme.reviews import find_review

db = open_programme(Path(sys.argv[1]))
db.conn.create_function("killed", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
panel.SHOW = panel.SHOW.replace("v.id, m.name", "killed(), m.name")
panel.vote(db, find_review(db, "r1"), "carers", "poor", by="b", at=datetime.now(UTC))
"""


def test_a_last_vote_that_was_killed_half_way_was_never_given(tmp_path: Path) -> None:
    path = tmp_path / "programme.db"
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        review = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
        ask(db, review, "a", "b")
        give(db, review, {"a": "poor"})
        before = tables_of(db)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        assert tables_of(db) == before and audit_programme(db).problems == ()
        assert give(db, review, {"b": "poor"})["state"] == "complete"


# The command line -----------------------------------------------------------------------------------------


def test_the_commands_open_vote_show_and_close(tmp_path: Path) -> None:
    with closing(new_programme(tmp_path).conn) as connection:
        assess_plainly(Database(connection), new_review(Database(connection)))

    def say(*words: str) -> Any:
        return CliRunner().invoke(cli, [*words, "--db", str(tmp_path / "programme.db")])

    assert "No panels." in say("panel", "show", "r1").output
    opened = say("panel", "open", "r1", "carers", "--member", "a", "--member", "b", "--by", "lead").output
    assert "0 of 2 voted." in opened and "Waiting for: a, b." in opened
    given_ = say("panel", "vote", "r1", "carers", "poor", "--by", "a").output
    assert "Your vote: Poor." in given_ and "Median" not in given_
    assert "Poor" not in say("panel", "show", "r1", "--by", "b").output
    assert json.loads(say("panel", "show", "r1", "--by", "b", "--json").output)[0]["votes"] == []
    done = say("panel", "vote", "r1", "carers", "inconsistent", "--by", "b", "--because", "Few asked.").output
    assert "Median Poor to Inconsistent; from Poor to Inconsistent." in done and "Few asked." in done
    say("panel", "open", "r1", "workforce", "--member", "a", "--member", "b")
    closed = say("panel", "close", "r1", "workforce", "--because", "b has left.", "--by", "lead").output
    assert "Closed by lead: b has left." in closed and "Did not vote: a, b." in closed
    assert isinstance(say("panel", "vote", "r1", "workforce", "well", "--by", "a").exception, DecisionRefused)
    assert say("panel", "open", "r1", "carers").exit_code == 2
