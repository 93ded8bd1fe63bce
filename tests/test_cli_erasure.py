"""Erasing and keeping on the command line: previews, requests, approvals, what is due."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from assessment_example import AT, new_programme, new_review
from command_line import Say

from evidence.files.texts import GivenFile
from evidence.sources import SourceDetails, add_sources
from joint_review.opening import open_programme
from programme.accounts import open_accounts
from programme.calendar import uk_day
from programme.database import Database
from programme.retention import due_reviews, set_retention
from programme.reviews import find_review

WORDS = "Zqŵen ap Zqfamily was not asked"
NAME = "Zqŵen ap Zqfamily"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A review with one source of one page."""
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        review = new_review(db)
        given = [GivenFile("letter.txt", f"In May, {WORDS}.".encode())]
        add_sources(db, review, given, SourceDetails(), by="lead", at=AT)
    return tmp_path / "programme.db"


def held(folder: Path, words: str) -> bool:
    return any(words.encode() in path.read_bytes() for path in folder.iterdir() if path.is_file())


def test_a_dry_run_shows_where_and_records_nothing(say: Say, file: Path) -> None:
    before = file.read_bytes()
    asked = ("erase", "person", "r1", NAME, "--dry-run", "--db", str(file))
    code, out, _ = say(*asked)
    assert code == 0 and "source_page" in out and "Nothing was changed or recorded." in out
    found = json.loads(say(*asked, "--json")[1])
    assert found["places"] == [{"table": "source_page", "column": "text", "rows": 1}]
    assert found["tables"] > 30 and found["columns"] > 100
    assert file.read_bytes() == before
    assert say("erase", "list", "r1", "--db", str(file))[1] == "No requests to erase.\n"


def test_one_asks_another_approves_and_verify_names_it(say: Say, file: Path, tmp_path: Path) -> None:
    db = ("--db", str(file))
    code, out, _ = say("erase", "person", "r1", NAME, "--because", "By letter.", "--by", "lead", *db)
    assert code == 0 and "joint-review erase approve r1 1" in out
    assert "awaits approval" in say("erase", "list", "r1", *db)[1]
    code, _, errors = say("erase", "approve", "r1", "1", "--by", "lead", *db)
    assert code == 1 and "who cannot approve it" in errors and held(tmp_path, NAME)
    code, out, _ = say("erase", "approve", "r1", "1", "--by", "moderator-1", *db)
    assert code == 0 and "for stretches of these words: none is left" in out
    assert not held(tmp_path, NAME)
    code, out, _ = say("audit", "verify", *db)
    assert code == 0 and "Changed by an event: event 5 changed text of row 1 of source_page" in out
    assert "erased by moderator-1" in say("erase", "list", "r1", *db)[1]
    assert json.loads(say("erase", "show", "r1", "1", "--json", *db)[1])["would_blank"] is None


def test_a_reason_is_needed_but_for_a_dry_run(say: Say, file: Path) -> None:
    code, _, errors = say("erase", "source", "r1", "D-001", "--by", "lead", "--db", str(file))
    assert code == 1 and "needs a reason" in errors and "--because" in errors


def test_a_request_is_refused_with_a_reason(say: Say, file: Path, tmp_path: Path) -> None:
    db = ("--db", str(file))
    say("erase", "source", "r1", "D-001", "--because", "Consent.", "--by", "lead", *db)
    code, out, _ = say("erase", "refuse", "r1", "1", "--because", "Needed.", "--by", "moderator-1", *db)
    assert (code, out) == (0, "Request 1 refused by moderator-1.\n")
    assert held(tmp_path, WORDS)


def test_a_user_is_erased_from_all_reviews_and_from_the_file_of_passwords(
    say: Say, file: Path, tmp_path: Path
) -> None:
    db = ("--db", str(file))
    say("user", "add", "zquser-1", "--role", "reviewer", "--review", "r1", "--by", "zquser-1", *db)
    open_accounts(file).set_password("zquser-1", "several words in a row", at=AT)
    say("user", "disable", "zquser-1", "--because", "Left.", "--by", "zquser-1", *db)
    assert held(tmp_path, "zquser-1")
    say("erase", "person", "-", "zquser-1", "--because", "Left.", "--by", "lead", *db)
    code, out, _ = say("erase", "approve", "-", "1", "--by", "moderator-1", *db)
    assert code == 0 and "for stretches of these words: none is left" in out
    assert not held(tmp_path, "zquser-1")
    assert say("audit", "verify", *db)[0] == 0


def test_a_copy_put_aside_by_a_restore_is_named(say: Say, file: Path, tmp_path: Path) -> None:
    db = ("--db", str(file))
    say("backup", str(tmp_path / "copy.db"), *db)
    say("restore", str(tmp_path / "copy.db"), "--replace", "--by", "lead", *db)
    code, out, _ = say("erase", "source", "r1", "D-001", "--because", "Consent.", "--by", "lead", *db)
    assert code == 0 and "programme.db.before-" in out
    code, out, _ = say("erase", "approve", "r1", "1", "--by", "moderator-1", *db)
    assert code == 0 and "still holds what was erased" in out


def test_a_backup_from_before_brings_the_words_back_and_the_record_says_so(
    say: Say, file: Path, tmp_path: Path
) -> None:
    """Why earlier backups are deleted, and why a request is made again after one was restored."""
    db = ("--db", str(file))
    say("erase", "source", "r1", "D-001", "--because", "Consent.", "--by", "lead", *db)
    say("backup", str(tmp_path / "copy.db"), *db)
    say("erase", "approve", "r1", "1", "--by", "moderator-1", *db)
    say("restore", str(tmp_path / "copy.db"), "--replace", "--by", "lead", *db)
    assert held(tmp_path, WORDS)
    assert "awaits approval" in say("erase", "list", "r1", *db)[1]
    assert say("erase", "approve", "r1", "1", "--by", "moderator-1", *db)[0] == 0


def test_a_review_is_kept_until_a_day_and_then_due_and_nothing_is_erased(say: Say, file: Path) -> None:
    db = ("--db", str(file))
    until = ("--until", "2032-03-31", "--because", "Schedule 4.", "--by", "lead")
    code, out, _ = say("review", "retain", "r1", *until, *db)
    assert (code, out) == (0, "r1 is kept until 31 March 2032: Schedule 4.\n")
    assert say("review", "retain", "r1", *until, *db)[0] == 1
    assert json.loads(say("review", "due", "--on", "2032-03-31", "--json", *db)[1])["due"] == []
    events = say("audit", "head", *db)[1]
    code, out, _ = say("review", "due", "--on", "2032-04-01", *db)
    assert code == 0 and "r1" in out and "31 March 2032" in out and "Schedule 4." in out
    assert say("audit", "head", *db)[1] == events
    later = ("--until", "2040-01-01", "--because", "An inquiry.", "--by", "lead")
    say("review", "retain", "r1", *later, *db)
    assert "No review is due" in say("review", "due", "--on", "2032-04-01", *db)[1]
    assert json.loads(say("review", "show", "r1", "--json", *db)[1])["keep_until"] == "2040-01-01"


def test_a_review_is_due_once_its_last_day_is_over_in_the_uk(file: Path) -> None:
    late = datetime(2032, 6, 30, 22, 30, tzinfo=UTC)
    with closing(open_programme(file).conn) as connection:
        db = Database(connection)
        review = find_review(db, "r1")
        kept = set_retention(db, review, date(2032, 6, 30), by="lead", because="Schedule 4.", at=late)
        assert not kept["due"]
        # Half past midnight of 1 July in the UK, while it is 30 June elsewhere.
        after = late + timedelta(hours=1)
        assert after.date() == date(2032, 6, 30)
        assert uk_day(after) == date(2032, 7, 1)
        assert [one["review"] for one in due_reviews(db, uk_day(after))] == ["r1"]
        kept = set_retention(db, review, date(2032, 6, 29), by="lead", because="Schedule 4.", at=after)
        again = set_retention(db, review, date(2032, 6, 30), by="lead", because="Schedule 4.", at=after)
        assert kept["due"] and again["due"]


def test_a_review_without_a_date_is_named(say: Say, file: Path) -> None:
    assert "Without a retention date: r1" in say("review", "due", "--db", str(file))[1]


def test_importing_an_erased_item_again_is_refused_also_to_replace_it(
    say: Say, file: Path, tmp_path: Path
) -> None:
    db = ("--db", str(file))
    rows = tmp_path / "findings.csv"
    columns = "source,locator,finding,direction,significance,domains"
    rows.write_text(f"{columns}\nI1,p. 1,Zqword was not heard,weakness,2,carers\n")
    assert say("evidence", "import", "r1", str(rows), "--by", "lead", *db)[0] == 0
    say("erase", "item", "r1", "E1", "--because", "By letter.", "--by", "lead", *db)
    say("erase", "approve", "r1", "1", "--by", "moderator-1", *db)
    assert b"Zqword" not in file.read_bytes()
    for also in ((), ("--replace",)):
        done = say("evidence", "import", "r1", str(rows), *also, "--by", "lead", *db)
        assert done[0] == 1 and "words of item E1 were erased" in done.err
    assert b"Zqword" not in b"".join(one.read_bytes() for one in tmp_path.glob("programme.db*"))
