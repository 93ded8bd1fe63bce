"""Before and after: words, ratings, and which comment alone would have moved which rating."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from assessment_example import (
    AT,
    WELSH,
    add,
    assess_plainly,
    item_at,
    new_review,
    rate_approved,
)
from evidence_rows import Row, finding, whole_review
from report_example import freeze, sent_report, write_words

from assessment.runs.run import load_run
from evidence.findings import Said, change_finding
from evidence.items import tag_item, withdraw_item
from evidence.measures.compute import compute_measures
from evidence.some_events import with_some_events
from programme.database import Database, last_event
from programme.reviews import Review
from report.changes import Changes, changes_between
from report.comments import answer_comment, receive_comments
from report.sheet import CommentRow
from rules.errors import RunImpossible

STRENGTHS = [finding("I1", "strength", 3, finding=f"Strength {n}.", domains="carers") for n in (1, 2, 3, 4)]
OTHER = finding("I1", "strength", finding="They listen.", domains="workforce")
WAYS = ("strength", "weakness")
TITLE = WELSH.framework.title_of("carers")


@pytest.fixture
def review(db: Database) -> Review:
    found = new_review(db, "r1", "wales-round-2", *whole_review(2, 2), *STRENGTHS, OTHER)
    assess_plainly(db, found)
    return found


@pytest.fixture
def sent(db: Database, review: Review) -> tuple[int, int]:
    return sent_report(db, review, {1: "Carers are served.", 2: "Staff are able.", 3: "We thank all."})


def comments(db: Database, edition: int, *kinds: str) -> list[int]:
    rows = [CommentRow(number, kind, f"Not so, {number}.") for number, kind in enumerate(kinds, start=1)]
    at = AT + timedelta(days=1)
    return [one["id"] for one in receive_comments(db, edition, rows, by="director", at=at)["comments"]]


def answer(db: Database, comment: int, outcome: str, *changed: str) -> None:
    answer_comment(db, comment, outcome, because="We looked again.", changed=changed, by="reviewer-9", at=AT)


def moved(found: Changes) -> dict[str, list[int]]:
    return {one["target"]: one["comments"] for one in found["ratings"]}


def test_the_comment_that_moved_a_rating_is_named_and_the_others_are_not(
    db: Database, review: Review, sent: tuple[int, int]
) -> None:
    report, first = sent
    one, two, three = comments(db, first, "B", "A", "D")
    taken = [item_at(db, review, row) for row in STRENGTHS]
    for number in taken:
        withdraw_item(db, review, number, by="lead", because="Counted twice.", at=AT)
    answer(db, one, "accepted", *(f"E{number}" for number in taken))
    other = item_at(db, review, OTHER)
    withdraw_item(db, review, other, by="lead", because="Hearsay.", at=AT)
    write_words(db, report, {1: "Some carers are served.", 2: ""})
    answer(db, two, "partly", f"E{other}", "p2")
    answer(db, three, "not_accepted")
    assess_plainly(db, review)
    second = freeze(db, review, report, amends=first)
    found = changes_between(db, first, second)
    assert moved(found)["carers"] == [1]
    by_number = {entry["number"]: entry for entry in found["register"]}
    assert by_number[1]["alone"][0]["target"] == "carers"
    assert by_number[1]["changed"] == [f"E{number} withdrawn" for number in taken]
    assert (by_number[3]["outcome"], by_number[3]["changed"], by_number[3]["alone"]) == (
        "not_accepted",
        [],
        [],
    )
    # What moved ratings comes first.
    assert [bool(entry["alone"]) for entry in found["register"]] == sorted(
        (bool(entry["alone"]) for entry in found["register"]), reverse=True
    )
    assert [one_of["id"] for one_of in found["runs"]["items"]] == sorted([*taken, other])
    assert [(one_of.number, one_of.change) for one_of in found["words"]["en"]] == [
        ("p1", "changed"),
        ("p2", "removed"),
    ]
    assert not found["same_evidence"]


def test_where_nothing_but_words_changed_equal_digests_show_that_no_rating_moved(
    db: Database, review: Review, sent: tuple[int, int]
) -> None:
    report, first = sent
    [slip] = comments(db, first, "A")
    write_words(db, report, {1: "Carers are well served."})
    answer(db, slip, "accepted", "p1")
    second = freeze(db, review, report, amends=first)
    found = changes_between(db, first, second)
    assert (found["same_evidence"], found["nothing_can_have_moved"], found["ratings"]) == (True, True, [])
    assert found["evidence_digest"] == load_run(db, review).result.inputs.evidence


def test_a_decision_because_of_a_comment_is_what_moved_the_rating(
    db: Database, review: Review, sent: tuple[int, int]
) -> None:
    report, first = sent
    one, _ = comments(db, first, "B", "B")
    rate_approved(db, review, "carers", "poor", by="lead", because="The law asks for more.", at=AT)
    answer(db, one, "accepted", "carers")
    assess_plainly(db, review)
    second = freeze(db, review, report, amends=first)
    found = changes_between(db, first, second)
    assert moved(found)["carers"] == [1]
    assert found["same_evidence"] and not found["nothing_can_have_moved"]


def test_editions_are_compared_in_their_order(db: Database, review: Review, sent: tuple[int, int]) -> None:
    report, first = sent
    second = freeze(db, review, report)
    with pytest.raises(RunImpossible, match="does not come after"):
        changes_between(db, second, first)
    assert changes_between(db, first, first)["ratings"] == []


def test_what_some_events_alone_did_is_what_they_would_have_done_without_the_others(db: Database) -> None:
    """Every other act, on items of their own, is chosen: measures agree with those after the chosen alone."""
    acts = ["add", "withdraw", "move", "tag", "withdraw", "add", "tag", "move"]
    measures = WELSH.rulebook.evidence_measures
    rows = [finding("I1", WAYS[place % 2], domains="carers") for place in range(len(acts))]
    more = [finding("G1", WAYS[place % 2], domains="carers") for place in range(len(acts))]
    one, other = (new_review(db, key, "wales-round-2", *rows) for key in ("r1", "r2"))
    before = last_event(db)
    events: list[int] = []
    for place, act in enumerate(acts):
        since = last_event(db)
        do(db, one, act, rows[place], more[place])
        if place % 2 == 0:
            events += range(since + 1, last_event(db) + 1)
            do(db, other, act, rows[place], more[place])
    with with_some_events(db, before, events):
        alone = compute_measures(db, one, measures, before)
    assert alone == compute_measures(db, other, measures, last_event(db))
    assert alone != compute_measures(db, one, measures, last_event(db))
    assert alone != compute_measures(db, one, measures, before)


def do(db: Database, review: Review, act: str, row: Row, another: Row) -> None:
    """Do something to an item, or add another."""
    by: Any = {"by": "lead", "at": AT}
    if act == "add":
        add(db, review, another)
    elif act == "withdraw":
        withdraw_item(db, review, item_at(db, review, row), because="Hearsay.", **by)
    elif act == "tag":
        tag_item(db, review, item_at(db, review, row), ["workforce"], **by)
    else:
        said = Said(row["finding"], row["direction"], str(row["significance"]), domains=("workforce",))
        change_finding(db, review, item_at(db, review, row), said, **by)
