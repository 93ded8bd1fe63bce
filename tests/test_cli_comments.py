"""The commands from a frozen edition to the answers to its comments, and what they refuse."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from assessment_example import AT, assess_plainly, item_at, new_programme, new_review
from command_line import Say
from evidence_rows import good_domain

from assessment.decisions.decide import accept
from joint_review.opening import open_programme
from report.amending import amend

CARERS = good_domain("carers", 3, 2)
TODAY = date.today()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A working database with a review whose rating is accepted, and beside it what is written of it."""
    db = new_programme(tmp_path)
    review = new_review(db, "r1", "wales-round-2", *CARERS)
    assess_plainly(db, review)
    accept(db, review, "carers", by="moderator-1", at=AT)
    item = item_at(db, review, CARERS[0])
    db.conn.close()
    (tmp_path / "carers.md").write_text(
        f"heading: carers\n\nCarers are {{rating:carers}}.\n\nThey wait two weeks. [E{item}]\n",
        encoding="utf-8",
    )
    return tmp_path / "programme.db"


def ok(say: Say, *words: str) -> str:
    """What a command writes that succeeds."""
    done = say(*words)
    assert done.code == 0, done.err
    return done.out


def frozen(say: Say, file: Path) -> tuple[str, str]:
    """Have the first edition frozen; the words that name the database."""
    db = ("--db", str(file))
    ok(say, "report", "start", "r1", "--by", "lead", *db)
    ok(say, "report", "write", "r1", str(file.parent / "carers.md"), "--by", "lead", *db)
    ok(say, "report", "freeze", "r1", "--for", "moderation", "--by", "lead", *db)
    return db


def passed_and_cleared(say: Say, *db: str) -> str:
    """Have the latest edition passed and cleared; the head of the record."""
    ok(say, "report", "moderate", "r1", "passed", "--because", "Sound.", "--by", "moderator-9", *db)
    for body in ("CSSIW", "WAO"):
        ok(say, "report", "clear", "r1", "--body", body, "--by", f"manager-{body}", *db)
    head = say("audit", "head", *db, "--json").data
    return f"{head['number']}:{head['digest']}"


def sent(say: Say, file: Path, *more: str) -> tuple[str, str]:
    """Have the first edition sent, as people would; the words that name the database."""
    db = frozen(say, file)
    send = ("report", "send", "r1", "--lodged", passed_and_cleared(say, *db), "--by", "lead")
    ok(say, *send, "--until", TODAY.isoformat(), *more, *db)
    return db


def test_a_returned_edition_shows_its_points_and_how_each_was_settled(say: Say, file: Path) -> None:
    db = frozen(say, file)
    points = file.parent / "points.csv"
    points.write_text("about,severity,text\ncarers,should,Is this rating right?\n", encoding="utf-8")
    out = ok(
        say,
        *("report", "moderate", "r1/1", "returned", "--because", "Thin.", "--must", "p2: How many?"),
        *("--points", str(points), "--by", "moderator-9", *db),
    )
    assert out.splitlines()[0] == "Edition 1 of the report of r1: returned"
    assert "  1. should, carers: Is this rating right? (open)" in out
    assert "  2. must, p2: How many? (open)" in out
    out = ok(say, "report", "settle", "r1/1", "2", "--because", "Said in p2.", "--by", "lead", *db)
    assert "  2. must, p2: How many? (settled by lead)" in out


def test_points_that_are_none_are_named_with_their_rows(say: Say, file: Path) -> None:
    db = frozen(say, file)
    points = file.parent / "points.csv"
    points.write_text("about,severity,text\np1,perhaps,What?\np1,must,\n", encoding="utf-8")
    done = say(
        *("report", "moderate", "r1", "returned", "--because", "Thin.", "--points", str(points)),
        *("--by", "moderator-9", *db),
    )
    assert done.code == 1
    assert "row 2: found 'perhaps' as the severity. Allowed: must, should." in done.err
    assert "row 3: it has no text." in done.err


def test_sending_prints_the_head_to_be_lodged_and_waits_for_it(say: Say, file: Path) -> None:
    db = sent(say, file)
    again = ok(say, "report", "send", "r1", "--by", "lead", *db)
    assert again.startswith("Edition 1 of the report of r1 sent on ")
    ok(say, "report", "freeze", "r1", "--for", "authority", "--by", "lead", *db)
    done = say("report", "send", "r1", "--by", "lead", *db)
    assert (done.code, "the moderator has not passed edition 2" in done.err) == (1, True)
    head = passed_and_cleared(say, *db)
    done = say("report", "send", "r1", "--no-comments", "--by", "lead", *db)
    assert done.code == 1
    assert f"the head is now {head}" in done.err
    done = say(
        *("report", "send", "r1", "--until", TODAY.isoformat(), "--lodged", head),
        *("--by", "lead", *db),
    )
    assert (done.code, "a second round of comments needs a reason" in done.err) == (1, True)


SHEETS = {"r1-report-1-comments-en.xlsx", "r1-report-1-comments-en.docx"}


def test_what_goes_to_the_authority_is_written_into_a_folder(say: Say, file: Path) -> None:
    folder = file.parent / "for-the-authority"
    sent(say, file, "--into", str(folder))
    names = {path.name for path in folder.iterdir()}
    assert names >= {"r1-report-1-en.html", "r1-report-1-en.docx", *SHEETS}
    done = say("report", "send", "r1", "--into", str(folder), "--by", "lead", "--db", str(file))
    assert (done.code, "is there already" in done.err) == (1, True)


def test_who_is_named_gets_a_marked_copy_and_no_unmarked_one_is_written(say: Say, file: Path) -> None:
    folder, people = file.parent / "for-the-authority", file.parent / "recipients.csv"
    people.write_text(
        "role,organisation,stage,purpose\n"
        "Director,The authority,draft,Comments on accuracy\n"
        "Chief executive,The authority,draft,For information\n",
        encoding="utf-8",
    )
    sent(say, file, "--to", str(people), "--into", str(folder))
    assert {path.name for path in folder.iterdir()} == {"copies", *SHEETS}
    copies = sorted(path.name for path in (folder / "copies").iterdir())
    assert copies[0].startswith("r1-report-1-copy-001-en.") and copies[-1].startswith(
        "r1-report-1-copy-002-en."
    )
    assert "Copy 2 of 2" in (folder / "copies" / "r1-report-1-copy-002-en.html").read_text(encoding="utf-8")


def test_nothing_of_an_edition_goes_out_as_a_sheet_before_it_is_cleared(say: Say, file: Path) -> None:
    db = frozen(say, file)
    done = say("report", "comments", "sheet", "r1", str(file.parent / "comments.xlsx"), *db)
    assert (done.code, "the moderator has not passed edition 1" in done.err) == (1, True)
    assert not (file.parent / "comments.xlsx").exists()


def test_comments_go_out_come_in_are_answered_and_their_effect_is_shown(say: Say, file: Path) -> None:
    db = sent(say, file)
    sheet = file.parent / "comments.xlsx"
    out = ok(say, "report", "comments", "sheet", "r1/1", str(sheet), *db)
    assert "a row for each of 2 paragraphs" in out
    book: Any = openpyxl.load_workbook(sheet)
    rows = book["accuracy-comments"]
    for column, text in enumerate(("B", "It is three weeks.", "", "Return, p. 3", "yes"), start=3):
        rows.cell(3, column).value = text
    rows.cell(4, 3).value, rows.cell(4, 4).value = "D", "Too strict."
    book.save(sheet)
    importing = ("report", "comments", "import", "r1/1", str(sheet), "--from", "director", "--by", "lead")
    came = ok(say, *importing, *db)
    assert came.splitlines()[0] == "2 comments recorded; 0 recorded before."
    listed = ok(say, "report", "comments", "list", "r1/1", "--open", *db)
    assert "r1/1: class B, p2" in listed and "r1/2: class D, the whole report" in listed

    # Evidence that it offers is from after the window: it is read, not tagged, until the lead releases it.
    (file.parent / "return.txt").write_text("Three weeks.", encoding="utf-8")
    offer = ("report", "comments", "offer", "r1/1", str(file.parent / "return.txt"), "--dated", "2009-03-31")
    assert "until the lead releases it" in ok(say, *offer, "--by", "lead", *db)
    ok(say, "report", "comments", "release", "r1/1", "D-001", "--because", "Of 2008.", "--by", "lead", *db)
    assert "offered late, with comment 1" in ok(say, "source", "show", "r1", "D-001", "--json", *db)

    text = file.parent / "carers.md"
    written = text.read_text(encoding="utf-8").replace("They wait two", "[p2] They wait three")
    text.write_text(written.replace("\n\nCarers", "\n\n[p1] Carers"), encoding="utf-8")
    ok(say, "report", "write", "r1", str(text), "--by", "lead", *db)
    refused = say("report", "amend", "r1", "--by", "lead", *db)
    assert (refused.code, "the authority may comment until" in refused.err) == (1, True)
    because = ("--because", "We looked again.", *db)
    ok(
        say,
        "report",
        "answer",
        "r1/1",
        "--outcome",
        "accepted",
        "--changed",
        "p2",
        "--by",
        "other-1",
        *because,
    )
    view = ("report", "answer", "r1/2", "--outcome", "not-accepted", *because)
    refused = say(*view, "--by", "reviewer-1")
    assert (refused.code, "reviewer-1 recorded" in refused.err) == (1, True)
    ok(say, *view, "--by", "x-1")
    assert ok(say, "report", "comments", "list", "r1/1", "--open", *db) == "No comments without an answer.\n"

    with_db = open_programme(file)
    amend(with_db, 1, "authority", by="lead", at=AT.replace(year=TODAY.year + 1))
    with_db.conn.close()
    data = say("report", "changes", "r1/1", "r1/2", "--json", *db).data
    assert [entry["number"] for entry in data["register"]] == [1, 2]
    assert [block["number"] for block in data["words"]["en"]] == ["p2"]
    shown = ok(say, "report", "changes", "r1/1", "r1/2", *db)
    assert "No rating moved." in shown
    assert "They wait [-two-]{+three+} weeks." in shown
    for suffix in ("docx", "html", "xlsx"):
        target = file.parent / f"changes.{suffix}"
        ok(say, "report", "changes", "r1/1", "r1/2", "--to", str(target), *db)
        assert target.stat().st_size > 1_000
    done = say("report", "changes", "r1/1", "r1/2", "--to", str(file.parent / "changes.odt"), *db)
    assert (done.code, "no changes are written as '.odt'" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("moderate", "r1/7", "passed", "--because", "Sound."), "there is no edition 'r1/7'"),
        (("clear", "r2", "--body", "WAO"), "there is no review 'r2'"),
        (("answer", "r1/9", "--outcome", "accepted", "--because", "Yes."), "there is no comment 'r1/9'"),
        (("settle", "r1/one", "1", "--because", "Done."), "there is no edition or comment 'r1/one'"),
    ],
)
def test_a_name_that_nothing_has_is_refused_with_the_nearest(
    say: Say, file: Path, words: tuple[str, ...], said: str
) -> None:
    done = say("report", *words, "--by", "lead", "--db", str(file))
    assert (done.code, said in done.err) == (1, True), done.err
