"""Sources with their text: stored once and for good, listed, read, and searched with and without accents."""

from __future__ import annotations

import json
import sqlite3
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from command_line import Done, Say
from example_framework import AT, Desk, counts, new_review
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from text_files import docx, paragraph, pdf, run

from evidence.files.texts import GivenFile
from evidence.intake.importing import import_row
from evidence.items import withdraw_item
from evidence.search import search_sources
from evidence.sources import (
    AddedSources,
    SourceDetails,
    add_sources,
    find_page,
    find_source,
    list_sources,
    withdraw_source,
)
from joint_review.upgrades.evidence import migrations as evidence_upgrades
from programme.check import check_record
from programme.database import one, open_database
from rules.errors import EvidenceInvalid, ImportRefused, UnknownName, WordsMissing

WELSH = "Mae dŵr yn y tŷ.\fGofalwyr: ni ofynnodd neb.\fDim byd arall am y dwr."
ENGLISH = "Carers said that nobody asked them. The water [in the house] was cold.\n\nWater, again."


def add(desk: Desk, *files: tuple[str, str | bytes], **details: Any) -> AddedSources:
    given_files = [GivenFile(name, data.encode() if isinstance(data, str) else data) for name, data in files]
    return add_sources(desk.db, desk.review, given_files, SourceDetails(**details), by="reviewer-1", at=AT)


def refused(desk: Desk, *files: tuple[str, str | bytes], **details: Any) -> list[str]:
    """What is said of files that are refused; that nothing of them is stored is checked, too."""
    before = counts(desk.db)
    with pytest.raises(ImportRefused) as caught:
        add(desk, *files, **details)
    assert counts(desk.db) == before
    return [str(problem) for problem in caught.value.problems]


def found(desk: Desk, words: str) -> list[tuple[str, int]]:
    return [(row["source"], row["page"]) for row in search_sources(desk.db, desk.review, words)[0]]


# --- adding ----------------------------------------------------------------------------------------------


def test_a_file_becomes_a_source_with_its_text_by_page(desk: Desk) -> None:
    report = add(
        desk, ("Adroddiad_2004.txt", WELSH), kind="Interview", dated="31 May 2004", strand="carers", ref="I-9"
    )
    assert report.added == [
        {
            "source": "I-9",
            "title": "Adroddiad 2004",
            "file": "Adroddiad_2004.txt",
            "type": "text",
            "pages": 3,
            "characters": 65,
            "notes": [],
        }
    ]
    [listed] = list_sources(desk.db, desk.review)
    expected = {
        "source": "I-9",
        "kind": "interview",
        "title": "Adroddiad 2004",
        "dated": "2004-05-31",
        "strand": "carers",
        "status": "authorised",
        "pages": 3,
        "items": 0,
        "added_by": "reviewer-1",
    }
    assert {name: listed[name] for name in expected} == expected
    assert listed["reference"].startswith("Adroddiad_2004.txt (SHA-256 ")
    contents = find_source(desk.db, desk.review, "I-9")["contents"]
    assert contents[0] == {"number": 1, "characters": 16, "begins": "Mae dŵr yn y tŷ."}
    assert find_page(desk.db, desk.review, "I-9", 2) == {
        "source": "I-9",
        "title": "Adroddiad 2004",
        "pages": 3,
        "page": 2,
        "text": "Gofalwyr: ni ofynnodd neb.",
    }


def test_sources_without_an_index_number_get_the_next_of_their_kind_in_the_order_of_their_names(
    desk: Desk,
) -> None:
    desk.load_rows("sources", {"source": "D-041", "title": "x", "kind": "document"})
    files = [("c.txt", "three"), ("a.txt", "one"), ("b.md", "two")]
    assert [row["source"] for row in add(desk, *files).added] == ["D-042", "D-043", "D-044"]
    assert [row["file"] for row in find_all(desk, "D-04[2-4]")] == ["a.txt", "b.md", "c.txt"]
    assert add(desk, ("d.txt", "four"), kind="observation").added[0]["source"] == "O-001"


def find_all(desk: Desk, pattern: str) -> list[dict[str, str]]:
    listed = desk.rows(f"select reference from source where ref glob '{pattern}' order by ref")
    return [{"file": row["reference"].partition(" (")[0]} for row in listed]


def test_the_order_in_which_files_are_given_changes_nothing(tmp_path: Path) -> None:
    files = [("b.txt", "two"), ("a.txt", "one"), ("c.html", "<h1>three</h1>")]
    stored = []
    for number, order in enumerate((files, files[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        desk = Desk(folder)
        report = add(desk, *order)
        stored.append((vars(report), desk.rows("select id, ref, digest from source"), pages_of(desk)))
        desk.close()
    assert stored[0] == stored[1]


def pages_of(desk: Desk) -> list[dict[str, Any]]:
    return desk.rows("select source_id, number, text from source_page order by id")


def test_a_text_that_is_there_is_said_to_be_and_not_stored_twice(desk: Desk) -> None:
    add(desk, ("first.txt", ENGLISH), ref="D-1")
    before = counts(desk.db)
    same = [("again.txt", ENGLISH.replace("\n", "\r\n")), ("first.txt", ENGLISH)]
    assert vars(add(desk, *same)) == {
        "added": [],
        "already_there": [
            {"file": "again.txt", "source": "D-1"},
            {"file": "first.txt", "source": "D-1"},
        ],
    }
    assert counts(desk.db) == before
    report = add(desk, ("x.txt", "new"), ("y.txt", "new"), ("z.txt", ENGLISH + " more"))
    assert [row["file"] for row in report.added] == ["x.txt", "z.txt"]
    assert report.already_there == [{"file": "y.txt", "source": "D-002"}]


def test_another_review_keeps_its_own_copy(desk: Desk) -> None:
    add(desk, ("a.txt", ENGLISH))
    desk.review = new_review(desk.db, "south")
    assert add(desk, ("a.txt", ENGLISH)).added[0]["source"] == "D-001"


def test_a_new_version_of_a_text_is_a_new_source(desk: Desk) -> None:
    add(desk, ("a.txt", ENGLISH), ref="D-1")
    assert refused(desk, ("a.txt", "Another text."), ref="D-1") == [
        "a.txt: the source 'D-1' is already there, with different content."
        " Stored sources never change: give the new version an index number of its own."
    ]


def test_all_problems_are_said_at_once_and_nothing_is_stored(desk: Desk) -> None:
    said = refused(
        desk,
        ("good.txt", "Carers were asked."),
        ("bad.pdf", "no PDF"),
        ("worse.docx", b"\x89PNG\r\n\x1a\n"),
        *[("empty.txt", "")],
        ref="D-1",
        kind="documents",
        dated="1/2/2004",
        strand="carer",
    )
    assert [problem.partition(":")[0] for problem in said] == [
        *("ref", "kind", "dated", "strand", "bad.pdf", "worse.docx", "empty.txt"),
    ]
    assert said[1].endswith("Did you mean 'document'?") and said[3].endswith("Did you mean 'carers'?")
    assert refused(desk) == ["files: no file was given. Give at least one."]


def test_a_failure_half_way_leaves_nothing_behind(desk: Desk) -> None:
    desk.db.conn.execute(
        "create trigger fails before insert on source_page when new.number = 3"
        " begin select raise(abort, 'no more'); end"
    )
    before = counts(desk.db)
    with pytest.raises(sqlite3.IntegrityError, match="no more"):
        add(desk, ("a.txt", ENGLISH), ("b.txt", WELSH))
    assert counts(desk.db) == before
    assert found(desk, "carers") == []


# --- for good --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "update source_page set text = 'changed'",
        "update source_page set number = 7 where number = 1",
        "delete from source_page",
        "insert or replace into source_page (id, source_id, number, text) values (1, 1, 9, 'x')",
        "insert or replace into source_page (source_id, number, text) values (1, 1, 'x')",
        "insert into source_page (source_id, number, text) values (1, 1, 'x')",
    ],
)
def test_a_stored_text_cannot_be_changed(desk: Desk, change: str) -> None:
    add(desk, ("a.txt", WELSH))
    before = pages_of(desk)
    with pytest.raises(sqlite3.IntegrityError, match="rows of source_page are never changed"):
        desk.db.conn.execute(change)
    assert pages_of(desk) == before


def test_the_digest_covers_the_text_and_is_that_of_an_import(desk: Desk, tmp_path: Path) -> None:
    add(desk, ("a.txt", WELSH), ref="D-1", title="Adroddiad", dated="2004-05-31")
    [stored] = desk.rows("select * from source")
    (tmp_path / "other").mkdir()
    other = Desk(tmp_path / "other")
    columns = {"source": "D-1", "title": "Adroddiad", "kind": "document", "dated": "2004-05-31"}
    import_row(
        other.db,
        other.review,
        "sources",
        {**columns, "reference": stored["reference"], "text": WELSH},
        by="lead",
        at=AT,
    )
    assert other.rows("select digest from source") == [{"digest": stored["digest"]}]
    assert pages_of(other) == pages_of(desk)
    # ... and a source that was imported is known by its text.
    assert add(other, ("b.txt", WELSH)).already_there == [{"file": "b.txt", "source": "D-1"}]
    other.close()


def test_the_record_says_who_added_what_and_covers_every_page(desk: Desk) -> None:
    add(desk, ("b.txt", WELSH), ("a.pdf", pdf("Carers")))
    event = desk.rows("select * from event order by id desc limit 1")[0]
    assert (event["action"], event["by"], event["target"]) == ("add sources", "reviewer-1", "D-001, D-002")
    files = json.loads(event["detail"])["files"]
    assert [(file["source"], file["file"], file["type"]) for file in files] == [
        ("D-001", "a.pdf", "pdf"),
        ("D-002", "b.txt", "text"),
    ]
    assert all(len(file["sha256"]) == 64 for file in files)
    assert check_record(desk.db).problems == ()
    desk.db.conn.execute("drop trigger source_page_never_update")
    desk.db.conn.execute("update source_page set text = 'Something else' where number = 3")
    [problem] = check_record(desk.db).problems
    assert problem.kind == "changed" and "source_page" in problem.what


def test_an_older_file_is_brought_up_to_date_with_its_texts(desk: Desk) -> None:
    add(desk, ("a.txt", WELSH + " ộ"))
    conn = desk.db.conn
    names = desk.rows(
        "select name from sqlite_master where type = 'trigger' and name like 'source_page_never_%'"
    )
    assert len(names) == 3
    for row in names:
        conn.execute(f"drop trigger {row['name']}")
    sqlite_utils.Database(conn).table("source_page").enable_fts(["text"], create_triggers=True, replace=True)
    conn.execute("delete from _sqlite_migrations where name = 'texts_never_change'")
    assert found(desk, "o") == []
    desk.close()
    desk.db = open_database(desk.path, [evidence_upgrades])
    assert found(desk, "o") == [("D-001", 3)]
    assert found(desk, "dwr") == [("D-001", 1), ("D-001", 3)]
    add(desk, ("b.txt", "dŵr eto"))
    assert found(desk, "dwr eto") == [("D-002", 1)]
    with pytest.raises(sqlite3.IntegrityError):
        desk.db.conn.execute("delete from source_page")


# --- reading and searching -------------------------------------------------------------------------------


def test_a_source_or_page_that_is_not_there_is_said_so(desk: Desk) -> None:
    add(desk, ("a.txt", WELSH), ref="D-1")
    desk.load_rows("sources", {"source": "C-1", "title": "x", "kind": "case_file"})
    with pytest.raises(UnknownName, match="there is no source 'D-2'"):
        find_source(desk.db, desk.review, "D-2")
    with pytest.raises(EvidenceInvalid, match="no page 4\n  It has the pages 1 to 3"):
        find_page(desk.db, desk.review, "D-1", 4)
    with pytest.raises(EvidenceInvalid, match="None of its text is stored"):
        find_page(desk.db, desk.review, "C-1", 1)


@pytest.mark.parametrize("typed", ["dwr", "dŵr", "dw\u0302r", "DŴR", "ẁ* dwr", '"y dwr"', "yn dŵr"])
def test_accents_and_case_do_not_matter(desk: Desk, typed: str) -> None:
    add(desk, ("a.txt", WELSH), ("b.txt", "Dim."))
    pages = {'"y dwr"': [3], "yn dŵr": [1], "ẁ* dwr": []}.get(typed, [1, 3])
    assert found(desk, typed) == [("D-001", page) for page in pages]
    assert found(desk, "ty") == found(desk, "tŷ") == found(desk, "TY\u0302") == [("D-001", 1)]


def test_a_result_shows_where_on_the_page_the_words_stand(desk: Desk) -> None:
    add(desk, ("a.txt", ENGLISH))
    [result], total = search_sources(desk.db, desk.review, "water carers")
    assert total == 1
    words = [result["snippet"][start:end] for start, end in result["found"]]
    assert words == ["Carers", "water", "Water"]
    assert "[in the house]" in result["snippet"] and "\n" not in result["snippet"]


def test_words_phrases_and_beginnings(desk: Desk) -> None:
    add(desk, ("a.txt", ENGLISH), ("b.txt", "Nobody asked. Carer."), ("c.txt", "asked nobody"))
    assert found(desk, "nobody asked") == [("D-001", 1), ("D-002", 1), ("D-003", 1)]
    assert found(desk, '"nobody asked"') == found(desk, '"nobody asked') == [("D-001", 1), ("D-002", 1)]
    assert found(desk, "carer") == [("D-002", 1)]
    assert found(desk, "carer*") == [("D-001", 1), ("D-002", 1)]
    assert found(desk, "asked -- !") == found(desk, "asked")
    for nothing in ("", " ", "--", '""', "*", "\0"):
        with pytest.raises(EvidenceInvalid, match="there is no word to search for"):
            found(desk, nothing)
    with pytest.raises(EvidenceInvalid, match="at most 50 words"):
        found(desk, "a " * 51)


SYNTAX = st.sampled_from([*"\"*^:-+(){}[]\\';,.?/\0", " ", "AND", "OR", "NOT", "NEAR", "text", "ŵ", "asked"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(SYNTAX, max_size=25).map("".join) | st.text(max_size=40))
def test_nothing_that_is_typed_makes_a_search_fail(searchable: Desk, words: str) -> None:
    try:
        result, total = search_sources(searchable.db, searchable.review, words)
    except EvidenceInvalid as error:
        assert "search" in error.message
    else:
        assert total == len(result) <= 2


@pytest.fixture
def searchable(desk: Desk) -> Desk:
    add(desk, ("a.txt", ENGLISH), ("b.txt", "text AND OR NOT NEAR asked ŵ"))
    return desk


def test_pages_are_listed_in_order_some_at_a_time(desk: Desk) -> None:
    add(desk, *[(f"{n}.txt", f"{n} dŵr\fdwr {n}") for n in range(1, 6)])
    everything, total = search_sources(desk.db, desk.review, "dwr")
    assert total == 10 and [(row["source"], row["page"]) for row in everything] == [
        (f"D-00{n}", page) for n in range(1, 6) for page in (1, 2)
    ]
    assert search_sources(desk.db, desk.review, "dwr", limit=3, offset=4) == (everything[4:7], 10)


def test_a_search_never_shows_another_review(desk: Desk) -> None:
    add(desk, ("a.txt", ENGLISH))
    desk.review = new_review(desk.db, "south")
    assert search_sources(desk.db, desk.review, "carers") == ([], 0)
    assert list_sources(desk.db, desk.review) == []
    with pytest.raises(UnknownName):
        find_source(desk.db, desk.review, "D-001")


def test_items_that_quote_a_stored_text_are_counted_with_it(desk: Desk) -> None:
    add(desk, ("a.docx", docx(paragraph("Carers said that nobody asked them."))), ref="I-1", kind="interview")
    row = {
        "source": "I-1",
        "locator": "page 1",
        "finding": "Carers are not asked.",
        "direction": "weakness",
        "significance": "2",
        "quote": "nobody asked",
    }
    desk.load_rows("findings", row)
    assert list_sources(desk.db, desk.review)[0]["items"] == 1
    [lost] = desk.problems_of_rows("findings", {**row, "locator": "page 2", "quote": "everybody asked"})
    assert "these words are not in the stored text of source 'I-1'" in lost


def test_a_source_is_withdrawn_with_all_items_that_count_or_not_at_all(desk: Desk) -> None:
    add(desk, ("a.txt", "Nobody asked. Carers waited."), ref="I-1", kind="interview")
    add(desk, ("b.txt", "Nobody came."), ref="I-2", kind="interview")
    places = (("I-1", "page 1"), ("I-1", "page 2"), ("I-1", "page 3"), ("I-2", "page 1"))
    for source, place in places:
        said = {"finding": f"{source}, {place}.", "direction": "weakness", "significance": "2"}
        desk.load_rows("findings", {"source": source, "locator": place, **said})
    because: dict[str, Any] = {"by": "reviewer-1", "because": "Consent was withdrawn.", "at": AT}
    withdraw_item(desk.db, desk.review, 2, **because)
    before = one(desk.db, "select max(id) from event")
    with pytest.raises(WordsMissing):
        withdraw_source(desk.db, desk.review, "I-1", **{**because, "because": " "})
    assert one(desk.db, "select max(id) from event") == before
    assert withdraw_source(desk.db, desk.review, "I-1", **because) == [1, 3]
    counting = desk.db.execute("select id from evidence where withdrawn_event is null").fetchall()
    assert counting == [(4,)]
    assert one(desk.db, "select count(*) from event where id > ?", [before]) == 2
    assert "Carers waited." in find_page(desk.db, desk.review, "I-1", 1)["text"]
    with pytest.raises(EvidenceInvalid, match="no item of I-1 counts"):
        withdraw_source(desk.db, desk.review, "I-1", **because)
    assert check_record(desk.db).problems == ()


def test_a_thousand_pages_are_one_transaction_that_fits_into_seconds(desk: Desk) -> None:
    text = "\f".join(f"Page {number}. " + "Mae dŵr yn y tŷ, carers said. " * 30 for number in range(1000))
    assert add(desk, ("long.txt", text)).added[0]["pages"] == 1000
    assert one(desk.db, "select count(*) from source_page") == 1000
    assert search_sources(desk.db, desk.review, "dwr")[1] == 1000


def test_the_index_of_words_is_that_of_the_pages(desk: Desk) -> None:
    add(desk, ("a.txt", ENGLISH), ("b.txt", WELSH))
    assert one(desk.db, "select count(*) from source_page_fts") == 4
    desk.db.conn.execute("insert into source_page_fts (source_page_fts) values ('integrity-check')")


# --- the command -----------------------------------------------------------------------------------------


@pytest.fixture
def say(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Run `joint-review WORDS...` in a folder with a review 'north', as reviewer-1."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JOINT_REVIEW_BY", "reviewer-1")
    assert say("init").code == 0
    assert say("review", "create", "north", "--authority", "N", "--framework", "wales-round-2").code == 0
    return say


def test_sources_are_added_listed_shown_and_searched_by_command(say: Say, tmp_path: Path) -> None:
    (tmp_path / "Adroddiad.txt").write_text(WELSH, encoding="utf-8")
    (tmp_path / "report.pdf").write_bytes(pdf(["Carers said that nobody asked them."], ""))
    done = say("source", "add", "north", "report.pdf", "Adroddiad.txt", "--strand", "carers")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "Added D-001: Adroddiad.txt, 3 pages, 65 characters.",
        "Added D-002: report.pdf, 1 page, 35 characters.",
        "  Note: no text on page 2 (blank, or a picture of text).",
    ]
    again = say("source", "add", "north", "report.pdf")
    assert again == Done(0, "Already there: report.pdf has the same text as D-002.\n", "")
    listed = json.loads(say("source", "list", "north", "--json").out)
    assert [(row["source"], row["pages"]) for row in listed] == [("D-001", 3), ("D-002", 1)]
    assert "Adroddiad" in say("source", "list", "north").out
    assert "Gofalwyr: ni ofynnodd neb." in say("source", "show", "north", "D-001").out
    page = say("source", "show", "north", "D-001", "--page", "2")
    assert page.out.splitlines()[-1] == "Gofalwyr: ni ofynnodd neb."
    assert json.loads(say("source", "show", "north", "D-001", "--page", "2", "--json").out)["pages"] == 3
    assert say("source", "search", "north", "dwr").out.splitlines() == [
        "D-001, page 1: Adroddiad",
        "    Mae *dŵr* yn y tŷ.",
        "D-001, page 3: Adroddiad",
        "    Dim byd arall am y *dwr*.",
    ]
    hits = json.loads(say("source", "search", "north", "said that", "carers", "--json").out)
    assert hits["total"] == 1 and hits["pages"][0]["source"] == "D-002"
    assert say("source", "search", "north", "that said").out == "No page contains these words.\n"
    assert say("source", "search", "north", "dwr", "--limit", "1").out.endswith(
        "--offset 1 shows the next.\n"
    )


def test_files_that_are_refused_leave_exit_code_1_and_nothing_behind(say: Say, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("Carers", encoding="utf-8")
    (tmp_path / "scan.pdf").write_bytes(pdf("", picture=True))
    done = say("source", "add", "north", "good.txt", "scan.pdf", "nowhere.md")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "Error: Nothing was stored: 2 problems found.",
        "  scan.pdf: it is a scan: its page is a picture without a text layer."
        " Run it through text recognition (OCR), check the text, and add the result.",
        "  nowhere.md: there is no file nowhere.md.",
    ]
    assert json.loads(say("source", "list", "north", "--json").out) == []
    assert say("source", "list", "north").out == "No sources.\n"
    assert say("source", "add", "north").code == 2
    assert say("source", "search", "north", "--", "--").code == 1


def test_a_source_is_withdrawn_by_command(say: Say, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Nobody asked.", encoding="utf-8")
    say("source", "add", "north", "a.txt", "--ref", "I-1", "--kind", "interview")
    refused = say("source", "withdraw", "north", "I-1", "--because", "Consent was withdrawn.")
    assert refused.code == 1 and "no item of I-1 counts" in refused.err
    for place in ("page 1", "page 2"):
        words = ("finding=Nobody asked.", "direction=weakness", "significance=2", "domains=carers")
        done = say("evidence", "add", "north", "findings", "source=I-1", f"locator={place}", *words)
        assert done.code == 0, done.err
    done = say("source", "withdraw", "north", "I-1", "--because", "Consent was withdrawn.")
    assert done == Done(0, "Withdrawn: 2 items of I-1 (E1 and E2). Later runs leave them out.\n", "")
    assert say("source", "withdraw", "north", "I-9", "--because", "Gone.").code == 1


def test_what_was_said_when_a_file_was_read_stays_with_its_source(desk: Desk) -> None:
    hidden = docx(paragraph("Seen", xml=run(" secret", "<w:vanish/>")))
    report = add(desk, ("a.txt", "plain"), ("b.docx", hidden), ("c.html", "<p>x<img src=y>"))
    said = [[], ["1 hidden passage was left out"], ["1 picture was left out"]]
    assert [one["notes"] for one in report.added] == said
    found = [find_source(desk.db, desk.review, one["source"])["notes"] for one in report.added]
    assert found == said
    assert check_record(desk.db).problems == ()


def test_a_file_that_is_read_to_another_text_than_before_is_stored_and_said_to_be_the_same(
    desk: Desk,
) -> None:
    page = "<p>In 2007<sup>1</sup>"
    digest = sha256(page.encode()).hexdigest()[:12]
    # As it was stored before raised digits were kept apart.
    add(desk, ("a.txt", "In 20071"))
    desk.db.conn.execute("drop trigger source_never_update")
    desk.db.conn.execute(
        "update source set reference = ? where ref = 'D-001'", [f"a.html (SHA-256 {digest})"]
    )
    report = add(desk, ("a.html", page))
    assert report.added[0]["notes"] == ["the same file was read to another text before, which stays as D-001"]
    assert find_page(desk.db, desk.review, "D-001", 1)["text"] == "In 20071"
    assert find_page(desk.db, desk.review, "D-002", 1)["text"] == "In 2007[1]"


def test_the_notes_of_a_source_are_shown_by_command(say: Say, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>x<img src=z><p hidden>y", encoding="utf-8")
    assert say("source", "add", "north", "a.html").out.splitlines()[1:] == [
        "  Note: 1 hidden passage was left out.",
        "  Note: 1 picture was left out.",
    ]
    shown = say("source", "show", "north", "D-001").out
    assert "note  1 hidden passage was left out.\n" in shown and "note  1 picture was left out.\n" in shown
    notes = json.loads(say("source", "show", "north", "D-001", "--json").out)["notes"]
    assert notes == ["1 hidden passage was left out", "1 picture was left out"]
