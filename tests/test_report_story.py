"""A report on its whole way: returned, cleared, sent, commented on, amended, presented, published in time."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import docx
import pytest
from assessment_example import WELSH, assess_plainly, item_at, new_review
from evidence_rows import finding, good_domain
from release_example import DIRECTOR, PRESS, html, list_people, practice_in_english, uk
from report_example import pass_and_clear

from assessment.decisions.decide import accept
from evidence.items import withdraw_item
from programme.check import check_record, head_of_record
from programme.database import Database
from programme.progress import no_progress
from programme.reviews import Review
from report.amending import amend
from report.changes import changes_between
from report.changes_document import changes_document
from report.comments import CommentListed, answer_comment, list_comments, receive_comments
from report.copies import copies_like, make_copies
from report.editions import body_of, freeze
from report.embargo import consult_director, present
from report.milestones import comments_until
from report.model import Language, Report, texts_of
from report.moderation import Point, clear, find_edition, moderate, settle_point
from report.practice import follow_practice, read_practice
from report.publication import SUMS, publish, rendered
from report.render.page import page
from report.sending import Deadline, Sent, send
from report.sheet import CommentRow, read_sheet, sheet_columns, sheet_rows
from report.textfiles import read_files
from report.writing import start_report, write_report
from report.written import find_report, heading_names
from rules.errors import DecisionRefused, RunImpossible

START = date(2009, 1, 5)
"""The Monday from which the weeks of the review count."""
FROZEN = datetime(2009, 8, 5, 9, tzinfo=UTC)
SENT = FROZEN + timedelta(days=5)
OTHERS = good_domain("carers", 2, 4)
HEARD = [finding("I1", "strength", 3, finding=f"Carers say so, {n}.", domains="carers") for n in (1, 2, 3, 4)]
RATED = "[p1] Support for carers is rated {rating:carers}."
WEEKS = timedelta(days=21)
TITLE = WELSH.framework.title_of("carers")


def plain_page(report: Report, lang: Language, made: datetime) -> bytes:
    return page(report, lang).encode()


def present_on(db: Database, edition: int, when: str) -> None:
    """Record when an edition is to be presented."""
    at = SENT + WEEKS
    present(db, edition, uk(when), "Civic Centre", "council", by="manager-1", at=at)


def sent_on(db: Database, review: Review, edition: int, at: datetime = SENT) -> Sent:
    """Send an edition, with the last day for comments that the calendar gives."""
    found = comments_until(db, review, at.date())
    return send(db, edition, Deadline(found.day, found.how), lodged=str(head_of_record(db)), by="lead", at=at)


def filled_in(folder: Path, body: Report) -> Path:
    """The sheet in Word, with a comment of each class."""
    comments = {
        "p2": ("A", "It is three weeks.", "They wait three weeks.", "", "yes"),
        "p1": ("B", "The four who praise it are one carer.", "", "Interview notes, p. 2", "yes"),
        "p4": ("C", "You left out what the plan has changed since.", "", "", "no"),
        "p3": ("D", "You should have rated us higher.", "", "", ""),
    }
    document = docx.Document()
    table = document.add_table(0, len(sheet_columns("en")))
    rows = [list(row.values()) for row in sheet_rows(body)]
    for row in sorted(rows, key=lambda row: comments.get(row[0], ("E",))[0]):
        row[2:] = comments.get(row[0], row[2:])
    for row in [list(sheet_columns("en")), *sorted(rows, key=lambda row: row[2] or "E")]:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.save(str(folder / "comments.docx"))
    return folder / "comments.docx"


def write(
    db: Database, review: Review, folder: Path, at: datetime, kind: str = "report", **texts: str
) -> None:
    """Write what is said under headings, each in a file of its own, as the lead does."""
    framework = review.framework
    for heading, text in texts.items():
        file = folder / f"{kind}-{heading}.md"
        file.write_text(f"heading: {heading}\n\n{text}\n", encoding="utf-8")
        given = read_files(file, heading_names(framework), framework.domain_names, no_progress)
        write_report(db, find_report(db, review, kind), given, by="lead", at=at)


def freeze_for(db: Database, review: Review, purpose: str, at: datetime, kind: str = "report") -> int:
    return freeze(db, find_report(db, review, kind), purpose, by="lead", at=at).id


def amended(db: Database, edition: int) -> int:
    return amend(db, edition, by="lead", at=SENT + WEEKS).id


def act_and_answer(
    db: Database, review: Review, folder: Path, taken: list[int], kept: int, comments: list[CommentListed]
) -> None:
    """What the team does about the comments: a word, four items, nothing, nothing, and a sentence."""
    slip, fact, left_out, view, late = (comment["id"] for comment in comments)
    at = SENT + timedelta(days=20)
    for number in taken:
        withdraw_item(db, review, number, by="lead", because="One carer was counted four times.", at=at)
    weeks = f"[p2] They wait three weeks for an assessment. [E{kept}]"
    write(db, review, folder, at, carers=f"{RATED}\n\n{weeks}\n\n[p3] Staff listen to carers. [E{kept}]")
    by = {"by": "reviewer-9", "at": at}
    answer_comment(db, slip, "accepted", because="It is three weeks.", changed=["p2"], **by)
    names = [f"E{number}" for number in taken]
    answer_comment(db, fact, "accepted", because="They were one carer.", changed=[*names, "p3"], **by)
    answer_comment(db, left_out, "not_accepted", because="The plan is from after the review.", **by)
    answer_comment(db, view, "not_accepted", because="The rating follows from the evidence.", **by)
    answer_comment(db, late, "partly", because="The sentence is gone.", changed=["p4"], **by)


@pytest.mark.parametrize(
    ("presented", "too_early", "in_time"),
    [
        ("2009-10-14T18:00+01:00", "2009-10-14T23:59+01:00", "2009-10-15T00:00+01:00"),
        # The clocks go back in the night after the presentation.
        ("2009-10-24T11:00+01:00", "2009-10-24T23:59+01:00", "2009-10-25T00:00+01:00"),
    ],
    ids=["summer time", "the night in which it ends"],
)
def test_a_report_from_the_first_freeze_to_publication(
    db: Database, tmp_path: Path, presented: str, too_early: str, in_time: str
) -> None:
    review = new_review(db, "r1", "wales-round-2", *OTHERS, *HEARD)
    follow_practice(db, review, read_practice(practice_in_english(tmp_path)), START, by="lead", at=FROZEN)
    assess_plainly(db, review, at=FROZEN)
    taken, kept = [item_at(db, review, row) for row in HEARD], item_at(db, review, OTHERS[0])
    start_report(db, review, by="lead", at=FROZEN)
    texts = (
        RATED.removeprefix("[p1] "),
        f"They wait two weeks for an assessment. [E{kept}]",
        f"Staff listen to carers. [E{taken[0]}]",
        "The council has a plan for carers. [I1:p.2]",
    )
    write(db, review, tmp_path, FROZEN, carers="\n\n".join(texts), introduction="We thank all who took part.")
    with pytest.raises(DecisionRefused, match="Support for carers is neither accepted nor approved"):
        freeze_for(db, review, "moderation", FROZEN)
    accept(db, review, "carers", by="moderator-1", at=FROZEN)

    # Returned by the external moderator, written again, and not passed until what must change is settled.
    first = freeze_for(db, review, "moderation", FROZEN)
    points = [Point("How many say so?", "must", "p3"), Point("Thank them first.", "should", "p5")]
    outsider = {"by": "moderator-9", "at": FROZEN}
    moderate(db, first, "returned", points=points, because="Thin in one place.", **outsider)
    with pytest.raises(DecisionRefused, match="has not passed"):
        sent_on(db, review, first)
    said = f"Most carers say that staff listen. [E{taken[0]}]"
    told = [f"[p{number}] {text}" for number, text in enumerate((*texts[:2], said, texts[3]), start=1)]
    write(db, review, tmp_path, FROZEN, carers="\n\n".join(told))
    second = freeze_for(db, review, "moderation", FROZEN)
    with pytest.raises(DecisionRefused, match="1 point that must be settled is not"):
        moderate(db, second, "passed", because="Sound.", **outsider)
    settle_point(db, first, 1, because="The number is in p3.", by="lead", at=FROZEN)
    moderate(db, second, "passed", because="Sound.", **outsider)

    # Cleared by each body, then sent, with the record lodged; no authority sees it before.
    clear(db, second, "CSSIW", by="manager-1", at=FROZEN)
    with pytest.raises(DecisionRefused, match="not cleared by WAO"):
        sent_on(db, review, second)
    clear(db, second, "WAO", by="manager-2", at=FROZEN)
    with pytest.raises(DecisionRefused, match="no head of the record was given"):
        send(db, second, None, lodged="", by="lead", at=SENT)
    sent = sent_on(db, review, second)
    assert sent["comments_until"] == "2009-08-23"

    # Four comments come back in the sheet, one of each class; one comes late.
    body = body_of(db, second)
    read = read_sheet(filled_in(tmp_path, body), body)
    came = {"sender": "director", "by": "lead"}
    received = receive_comments(db, second, read.rows, received_on=date(2009, 8, 21), at=SENT + WEEKS, **came)
    assert [comment["kind"] for comment in received["comments"]] == ["A", "B", "C", "D"]
    assert received["notes"] == ["comment 3: no evidence named"]
    late = CommentRow(4, "B", "There is no such plan.")
    assert receive_comments(db, second, [late], at=SENT + WEEKS, **came)["comments"][0]["late"]

    # Each is answered by somebody independent, with what was changed; the run then moves one rating.
    with pytest.raises(DecisionRefused, match="5 comments have no answer"):
        amended(db, second)
    with pytest.raises(DecisionRefused, match="reviewer-1 recorded"):
        fact = list_comments(db, edition=second)[1]["id"]
        answer_comment(db, fact, "accepted", because="Yes.", by="reviewer-1", at=SENT + WEEKS)
    act_and_answer(db, review, tmp_path, taken, kept, list_comments(db, edition=second))
    with pytest.raises(RunImpossible, match="was made before this was changed because of comment 2"):
        amended(db, second)
    assess_plainly(db, review, at=SENT + WEEKS)
    with pytest.raises(DecisionRefused, match="Support for carers is neither accepted nor approved"):
        amended(db, second)
    accept(db, review, "carers", by="moderator-1", at=SENT + WEEKS)
    third = amended(db, second)
    found = changes_between(db, second, third)
    moved = [
        (one_of["title"], one_of["before"], one_of["after"], one_of["comments"])
        for one_of in found["ratings"]
    ]
    assert moved == [(TITLE, "Mainly good", "Inconsistent", [2])]
    assert found["register"][0]["number"] == 2
    assert {one_of.number for one_of in found["words"]["en"]} >= {"p2", "p4"}
    said = "\n".join(line for block in changes_document(found, body).blocks for line in texts_of(block, "en"))
    assert "They wait two three weeks for an assessment." in said

    # Amended, the moderator and both bodies pass it again; the summary is a document of its own.
    for verdict in (lambda: present_on(db, third, presented), lambda: sent_on(db, review, third)):
        with pytest.raises(DecisionRefused):
            verdict()
    pass_and_clear(db, third, at=SENT + WEEKS)
    with pytest.raises(DecisionRefused, match="was not consulted on the summary"):
        present_on(db, third, presented)
    start_report(db, review, "summary", by="lead", at=SENT + WEEKS)
    write(db, review, tmp_path, SENT + WEEKS, "summary", introduction="Carers wait three weeks.")
    summary = freeze_for(db, review, "publication", SENT + WEEKS, "summary")
    pass_and_clear(db, summary, at=SENT + WEEKS)
    consult_director(db, summary, (SENT + WEEKS).date(), "Content.", by="manager-1", at=SENT + WEEKS)

    # The authority gets the answer to its comments; it is asked for no more of them.
    answered = send(db, third, None, lodged=str(head_of_record(db)), by="lead", at=SENT + WEEKS)
    assert answered["comments_until"] == ""

    # Copies under embargo, each with its own number; a file that turns up is found.
    present_on(db, third, presented)
    list_people(db, review, DIRECTOR, PRESS, at=SENT + WEEKS)
    day_before = uk(presented) - timedelta(hours=12)
    made = make_copies(
        db, third, "embargo", tmp_path / "copies", {"html": html}, ["en"], by="coordinator", at=day_before
    )
    assert [(copy.number, copy.role) for copy in made] == [(1, DIRECTOR["role"]), (2, PRESS["role"])]
    [leaked] = copies_like(db, tmp_path / "copies" / made[1].files[0]["name"])
    assert leaked.role == PRESS["role"]

    # Published the day after, by the day in the UK, and not a minute earlier.
    makers = [rendered("html", plain_page)]
    out = tmp_path / "public"
    with pytest.raises(DecisionRefused, match="may be published from"):
        publish(db, review, out, makers, by="manager-1", at=uk(too_early))
    assert not out.exists()
    done = publish(db, review, out, makers, by="manager-1", at=uk(in_time))
    assert [one_of["on_date"] for one_of in done] == [in_time[:10], in_time[:10]]
    assert {path.name for path in out.iterdir()} >= {"report-en.html", "summary-en.html", SUMS}
    shown = (out / "report-en.html").read_text(encoding="utf-8")
    assert "They wait three weeks" in shown and "The council has a plan" not in shown
    listed = dict(reversed(line.split("  ", 1)) for line in (out / SUMS).read_text().splitlines())
    content = (out / "report-en.html").read_bytes()
    assert listed["report-en.html"] == hashlib.sha256(content).hexdigest()

    # All of it is in the record, sealed.
    assert find_edition(db, third)["state"] == "published"
    assert check_record(db).problems == ()
