"""Comments on accuracy: received in time or late, answered by who is independent, with what was changed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from assessment_example import AT, WELSH, add, assess_plainly, item_at, new_review, rate_approved
from evidence_rows import finding, score, survey, whole_review
from report_example import UNTIL, freeze, sent_report, write_words

from assessment.runs.run import load_run
from evidence.files.texts import GivenFile
from evidence.findings import Passage, Said, record_finding
from evidence.items import find_item, tag_item, withdraw_item
from evidence.late import late_sources
from evidence.sources import SourceDetails, add_sources
from programme.database import Database
from programme.reviews import Review
from report.comments import CommentListed, answer_comment, find_comment, list_comments, receive_comments
from report.offered import Offered, offer_evidence, read_offered, release_source
from report.sheet import CommentRow
from rules.errors import DecisionRefused, EvidenceInvalid, ImportRefused, UnknownName, WordsMissing

TITLE = WELSH.framework.title_of("carers")
HEARD = finding("I1", "weakness", finding="Carers wait for months.", recorded_by="reviewer-2")
INDEPENDENT = {"because": "We looked again.", "by": "reviewer-9", "at": AT}


@pytest.fixture
def review(db: Database) -> Review:
    found = new_review(
        db,
        "r1",
        "wales-round-2",
        *whole_review(),
        HEARD,
        survey("S1", "Were you heard?", 60, 200),
        score("C1", 3),
    )
    assess_plainly(db, found)
    return found


@pytest.fixture
def heard(db: Database, review: Review) -> int:
    return item_at(db, review, HEARD)


@pytest.fixture
def edition(db: Database, review: Review, heard: int) -> int:
    question = next(f"services.{name}" for name in load_run(db, review).result.measures["services"])
    supports = {
        1: [f"item:E{heard}"],
        2: ["measure:carers.strengths_share"],
        3: ["rating:carers"],
        4: [],
        5: [f"measure:{question}"],
    }
    return sent_report(
        db,
        review,
        {
            1: "Carers wait.",
            2: "There is much evidence.",
            3: "Carers are well served.",
            4: "We thank all.",
            5: "Most ratings are good.",
        },
        supports,
    )[1]


def received(db: Database, edition: int, *rows: CommentRow, came: date | None = None) -> list[CommentListed]:
    found = receive_comments(
        db, edition, rows, sender="director", received_on=came, by="lead", at=AT + timedelta(days=40)
    )
    return found["comments"]


def one_on(db: Database, edition: int, paragraph: int | None, kind: str = "B") -> int:
    return received(db, edition, CommentRow(paragraph, kind, f"Not so ({kind})."), came=UNTIL)[0]["id"]


def test_comments_are_numbered_and_stay_as_they_were_written(db: Database, edition: int) -> None:
    long = "We disagree. " * 5_000
    rows = [
        CommentRow(1, "A", "“Carers” has a capital.", "carers wait."),
        CommentRow(1, "B", long, evidence_offered="Return of 2007, p. 3", position_at_review="yes"),
        CommentRow(None, "D", "You are too strict."),
    ]
    found = received(db, edition, *rows, came=UNTIL)
    assert [(one["number"], one["paragraph"], one["kind"], one["late"]) for one in found] == [
        (1, 1, "A", False),
        (2, 1, "B", False),
        (3, None, "D", False),
    ]
    assert found[1]["text"] == long.strip()
    assert found[0]["by"] == "director"
    again = receive_comments(db, edition, rows, sender="director", by="lead", at=AT + timedelta(days=1))
    assert (again["comments"], again["already_there"]) == ([], 3)
    assert list_comments(db, edition=edition) == found


def test_what_comes_after_the_last_day_is_kept_and_marked_late(db: Database, edition: int) -> None:
    day_after = UNTIL + timedelta(days=1)
    found = receive_comments(
        db,
        edition,
        [CommentRow(2, "C", "You left out our plan.")],
        received_on=day_after,
        by="director",
        at=AT + timedelta(days=30),
    )
    assert found["comments"][0]["late"]
    assert found["notes"] == [
        "late: comments were asked for until 15 June 2009",
        "comment 1: no evidence named",
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (CommentRow(9, "A", "What?"), "there is no paragraph p9"),
        (CommentRow(1, "E", "What?"), "found 'E'"),
        (CommentRow(1, "A", " "), "does not say what is wrong"),
    ],
)
def test_a_comment_that_cannot_be_is_refused_and_none_is_recorded(
    db: Database, edition: int, row: CommentRow, words: str
) -> None:
    with pytest.raises(ImportRefused, match=words):
        received(db, edition, CommentRow(1, "A", "Fine."), row)
    assert list_comments(db, edition=edition) == []


def test_only_an_edition_that_was_sent_is_commented_on_and_not_before(
    db: Database, review: Review, edition: int
) -> None:
    with pytest.raises(DecisionRefused, match="the edition was sent on 1 June 2009"):
        received(db, edition, CommentRow(1, "A", "Fine."), came=date(2009, 5, 31))
    second = freeze(db, review, 1)
    with pytest.raises(DecisionRefused, match="was not sent"):
        received(db, second, CommentRow(1, "A", "Fine."))


def test_a_comment_on_an_edition_that_was_followed_says_what_became_of_the_paragraph(
    db: Database, review: Review, edition: int
) -> None:
    write_words(db, 1, {2: ""})
    freeze(db, review, 1)
    found = receive_comments(
        db, edition, [CommentRow(1, "A", "A slip."), CommentRow(2, "A", "Another.")], by="director", at=AT
    )
    assert found["notes"] == [
        "edition 1 of the report of r1 was followed by a later edition",
        "comment 1: p1 is still in the report",
        "comment 2: p2 was withdrawn since",
    ]


def test_who_recorded_tagged_or_scored_what_a_paragraph_rests_on_does_not_answer(
    db: Database, review: Review, edition: int, heard: int
) -> None:
    first = one_on(db, edition, 1)
    with pytest.raises(DecisionRefused, match=f"Reviewer-2 recorded E{heard}, on which p1 rests"):
        answer_comment(db, first, "accepted", because="Yes.", by="Reviewer-2", at=AT)
    # The others recorded nothing of this paragraph, but much of what the measure and the rating rest on.
    with pytest.raises(DecisionRefused, match="reviewer-1 recorded"):
        answer_comment(db, one_on(db, edition, 2), "accepted", because="Yes.", by="reviewer-1", at=AT)
    for paragraph in (3, 5, None):
        with pytest.raises(DecisionRefused, match=r"reviewer-[12] recorded"):
            answer_comment(
                db, one_on(db, edition, paragraph), "accepted", because="Yes.", by="reviewer-2", at=AT
            )
    assert answer_comment(db, one_on(db, edition, 4), "not_accepted", because="No.", by="reviewer-2", at=AT)
    assert answer_comment(db, first, "accepted", **INDEPENDENT)["answer"]


def test_tagging_an_item_afterwards_makes_nobody_independent(
    db: Database, review: Review, edition: int, heard: int
) -> None:
    first = one_on(db, edition, 1)
    tag_item(db, review, heard, ["workforce"], by="reviewer-9", at=AT)
    with pytest.raises(DecisionRefused, match=f"reviewer-9 tagged E{heard}"):
        answer_comment(db, first, "accepted", **INDEPENDENT)


def test_an_answer_names_what_was_changed_and_finds_it_in_the_record(
    db: Database, review: Review, edition: int, heard: int
) -> None:
    comment = one_on(db, edition, 1)
    for name in (f"E{heard}", "p1", "carers"):
        with pytest.raises(DecisionRefused, match="has changed since comment 1 came in"):
            answer_comment(db, comment, "accepted", changed=[name], **INDEPENDENT)
    withdraw_item(db, review, heard, by="lead", because="Hearsay.", at=AT)
    write_words(db, 1, {1: "Some carers wait."})
    rate_approved(db, review, "carers", "poor", by="lead", because="Seen.", at=AT)
    found = answer_comment(db, comment, "accepted", changed=[f"E{heard}", "p1", "carers"], **INDEPENDENT)
    assert found["answer"] is not None
    assert [(one["kind"], one["what"]) for one in found["answer"]["effects"]] == [
        ("item", f"E{heard} withdrawn"),
        ("words", "p1 changed"),
        ("decision", f"“{TITLE}” rated Poor"),
        ("decision", f"rating of “{TITLE}” approved"),
    ]
    with pytest.raises(EvidenceInvalid, match="'rulebook' is nothing that a comment changes"):
        answer_comment(db, comment, "accepted", changed=["rulebook"], **INDEPENDENT)


def test_an_answer_that_changes_nothing_says_so_and_a_later_one_takes_its_place(
    db: Database, edition: int
) -> None:
    comment = one_on(db, edition, 1)
    first = answer_comment(
        db, comment, "not_accepted", because="Three sources say so.", by="reviewer-9", at=AT
    )
    assert first["answer"] is not None
    assert first["answer"]["effects"] == [{"kind": "none", "what": "nothing was changed", "event": None}]
    answer_comment(db, comment, "partly", because="Two do.", by="reviewer-8", at=AT)
    found = find_comment(db, comment)["answer"]
    assert found is not None
    assert (found["outcome"], found["because"], found["by"]) == ("partly", "Two do.", "reviewer-8")


def test_a_view_is_recorded_and_answered_and_changes_nothing_by_itself(
    db: Database, review: Review, edition: int, heard: int
) -> None:
    view = one_on(db, edition, 1, "D")
    withdraw_item(db, review, heard, by="lead", because="Hearsay.", at=AT)
    with pytest.raises(DecisionRefused, match="a view about a rating changes nothing by itself"):
        answer_comment(db, view, "accepted", changed=[f"E{heard}"], **INDEPENDENT)
    assert answer_comment(db, view, "not_accepted", **INDEPENDENT)["answer"]


def test_an_outcome_and_a_reason_are_needed_also_where_a_comment_is_accepted(
    db: Database, review: Review, edition: int, heard: int
) -> None:
    comment = one_on(db, edition, 1)
    with pytest.raises(UnknownName, match="no outcome of a comment 'agreed'"):
        answer_comment(db, comment, "agreed", **INDEPENDENT)
    with pytest.raises(WordsMissing, match="needs a reason"):
        answer_comment(db, comment, "accepted", because=" ", by="reviewer-9", at=AT)
    withdraw_item(db, review, heard, by="lead", because="Hearsay.", at=AT)
    with pytest.raises(DecisionRefused, match="not one that was not accepted"):
        answer_comment(db, comment, "not_accepted", changed=[f"E{heard}"], **INDEPENDENT)


# --- evidence offered ------------------------------------------------------------------------------------


def offered(
    db: Database, review: Review, comment: int, dated: date, words: str = "Plans were made."
) -> Offered:
    details = SourceDetails(title="Plan", dated=dated)
    texts = read_offered(review, [GivenFile("plan.txt", words.encode())], details)
    return offer_evidence(db, comment, texts, details, dated=dated, by="lead", at=AT)


def recorded(db: Database, review: Review, source: str) -> int:
    said = Said("Plans were made.", "strength", "2", domains=("carers",))
    return record_finding(db, review, source, Passage("Plans were made.", 1), said, by="reviewer-1", at=AT)


def test_evidence_of_the_time_is_a_source_marked_late_that_can_be_tagged(
    db: Database, review: Review, edition: int
) -> None:
    comment = one_on(db, edition, 1, "C")
    found = offered(db, review, comment, date(2008, 12, 31))
    assert (found["added"], found["closed"]) == (["D-001"], False)
    [source] = find_comment(db, comment)["sources"]
    assert (source["source"], source["of_the_time"], source["dated"]) == ("D-001", 1, "2008-12-31")
    assert list(late_sources(db).values()) == ["offered late, with comment 1 on edition 1 of the report"]
    item = recorded(db, review, "D-001")
    assert find_item(db, review, item)["late"] == "offered late, with comment 1 on edition 1 of the report"


@pytest.mark.parametrize(
    ("dated", "position"),
    [(date(2009, 1, 1), ""), (date(2008, 1, 1), "no")],
    ids=["after the window", "not so"],
)
def test_what_is_not_of_the_time_is_read_but_not_tagged_until_the_lead_releases_it(
    db: Database, review: Review, edition: int, dated: date, position: str
) -> None:
    row = CommentRow(1, "C", "You left out our plan.", position_at_review=position)
    comment = received(db, edition, row, came=UNTIL)[0]["id"]
    assert offered(db, review, comment, dated)["closed"]
    with pytest.raises(EvidenceInvalid, match="not of the time of the review, so it cannot be tagged"):
        recorded(db, review, "D-001")
    with pytest.raises(EvidenceInvalid, match="cannot be tagged"):
        add(
            db,
            review,
            {
                "source": "D-001",
                "locator": "p. 1",
                "finding": "A plan.",
                "direction": "strength",
                "significance": 2,
                "domains": "carers",
            },
        )
    with pytest.raises(UnknownName, match="I1"):
        release_source(db, comment, "I1", because="It was so.", by="lead", at=AT)
    release_source(db, comment, "D-001", because="It describes 2008.", by="lead", at=AT)
    assert recorded(db, review, "D-001")
    with pytest.raises(DecisionRefused, match="is not closed"):
        release_source(db, comment, "D-001", because="Again.", by="lead", at=AT)


def test_what_the_review_holds_already_is_not_late(db: Database, review: Review, edition: int) -> None:
    add_sources(db, review, [GivenFile("known.txt", b"Known.")], SourceDetails(), by="reviewer-1", at=AT)
    comment = one_on(db, edition, 1, "C")
    found = offered(db, review, comment, date(2009, 1, 1), "Known.")
    assert (found["added"], found["already_there"]) == ([], ["D-001"])
    assert late_sources(db) == {}
    # What another comment offered first is late with the second one, too.
    offered(db, review, comment, date(2009, 1, 1), "New.")
    other = one_on(db, edition, 2, "C")
    offered(db, review, other, date(2009, 1, 1), "New.")
    assert [one["source"] for one in find_comment(db, other)["sources"]] == ["D-002"]
