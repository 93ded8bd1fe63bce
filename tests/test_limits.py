"""Limits on what comes in: each is held on every way in, refused with its place, and nothing changes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from command_line import Say
from openpyxl import Workbook

from evidence.files.tables import open_tables
from evidence.files.texts import GivenFile, Together, read_texts
from evidence.intake.importing import import_files, import_row
from evidence.intake.layouts import ROWS, template
from evidence.sources import SourceDetails, add_sources
from programme.database import LONGEST, Database, insert, transaction
from programme.progress import no_progress
from programme.reviewfile import read_review_file
from programme.reviews import Review, create_review, find_review
from rules.errors import ImportRefused, PolicyFileInvalid, TextTooLong
from rules.framework import Framework
from rules.limits import (
    LARGEST_POLICY,
    LONGEST_LINE,
    LONGEST_NAME,
    LONGEST_PAGE,
    LONGEST_SAID,
    LONGEST_TEXT,
    LONGEST_WORDS,
    MOST_COLUMNS,
    MOST_PAGES,
    MOST_PROBLEMS,
    MOST_TABLES,
)
from rules.policyfile import parse_policy_text, validate_policy

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def review(db: Database) -> Review:
    create_review(db, "r1", "One", "wales-round-2", window_from=None, window_to=None, by="lead", at=AT)
    return find_review(db, "r1")


def refusal(read: Callable[[], Any]) -> list[str]:
    with pytest.raises(ImportRefused) as caught:
        read()
    assert all(len(problem.message) <= LONGEST_SAID for problem in caught.value.problems)
    return [f"{problem.where}: {problem.message}" for problem in caught.value.problems]


# --- texts of files ----------------------------------------------------------------------------------------


def book(*, sheets: int = 1, cell: str = "A2", merged: int = 0) -> bytes:
    made, out = Workbook(), io.BytesIO()
    assert made.active
    made.active["A1"], made.active[cell] = "source", "x"
    for number in range(merged):
        made.active[f"A{2 * number + 5}"] = "x"
        made.active.merge_cells(f"A{2 * number + 5}:B{2 * number + 5}")
    for number in range(1, sheets):
        made.create_sheet(f"S{number}")["A1"] = "a"
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (
            "a.txt",
            b"a" + b"\f" * MOST_PAGES + b"b",
            "it has more than 5,000 pages, which is",
        ),
        (
            "a.md",
            b"# a\nb\n" * (MOST_PAGES + 1),
            "it has more than 5,000 sections, which is",
        ),
        (
            "a.html",
            b"<h1>a</h1>b" * (MOST_PAGES + 1),
            "it has more than 5,000 sections, which is",
        ),
        ("a.txt", b"a" * (LONGEST_TEXT + 1), "its text has 10,000,001 characters"),
        (
            "a.xlsx",
            book(cell="XFD2"),
            "sheet 'Sheet': a cell is so far out that the sheet has 16,384",
        ),
    ],
)
def test_a_text_has_so_many_pages_and_characters_at_most_in_whatever_format(
    name: str, data: bytes, said: str
) -> None:
    [found] = refusal(lambda: read_texts([GivenFile(name, data)], no_progress))
    assert found.startswith(f"{name}: {said}")


def test_a_page_that_is_too_long_for_one_is_divided_and_that_is_said() -> None:
    text = "word " * (LONGEST_PAGE // 5 + 1)
    [found] = read_texts([GivenFile("a.txt", f"{text}\fend".encode())], no_progress)
    assert len(found.pages) > 10 and max(map(len, found.pages)) < LONGEST_PAGE
    assert "page 1 is too long for one page" in found.notes[0]


def test_the_files_of_a_form_have_a_limit_together() -> None:
    files = [GivenFile(f"{number}.txt", b"a" * 1_000) for number in range(3)]
    said = refusal(lambda: read_texts(files, no_progress, together=Together(characters=2_500)))
    assert said == ["2.txt: with it the files have more than 2,500 characters together."]
    said = refusal(lambda: read_texts(files, no_progress, together=Together(seconds=0)))
    assert len(said) == 3 and "it was not read: the files before it took 0 seconds." in said[0]


# --- tables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", ",".join(map(str, range(1_500))).encode(), "a.csv, headers: it has 1,500 columns; at most"),
        ("a.csv", b"a" * 600 + b",b\n1,2\n", "a.csv, headers: the header 'aaa"),
        ("a.csv", b"a" * 200_000, "a.csv, row 1: the line has 100,000 characters or more"),
        (
            "a.json",
            b"[" + b",".join(b'{"k%d": 1}' % number for number in range(1_100)) + b"]",
            "a.json, a 1001: it has 1,001 columns; at most 1,000 are read.",
        ),
        (
            "a.yml",
            b"".join(b"l%d:\n- a: 1\n" % number for number in range(MOST_TABLES + 2)),
            "a.yml, line 201: there are more than 100 lists.",
        ),
        ("a.xlsx", book(sheets=MOST_TABLES + 1), "a.xlsx: it has 101 sheets; at most 100 are read."),
        (
            "a.xlsx",
            book(cell="XFD2"),
            "a.xlsx, sheet 'Sheet': a cell is so far out",
        ),
        ("a.xlsx", book(merged=300), "a.xlsx, sheet 'Sheet', cells A"),
    ],
)
def test_a_table_over_a_limit_is_refused_with_its_place(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    try:
        with open_tables(path, "utf-8", no_progress) as tables:
            for table in tables:
                list(table.rows)
            found = [str(problem) for table in tables for problem in table.problems]
    except ImportRefused as error:
        found = [str(problem) for problem in error.problems]
    assert len(found) <= MOST_PROBLEMS
    assert found[0].startswith(said)


def test_only_so_many_problems_of_an_import_are_listed(db: Database, review: Review, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.csv" for number in range(260)]
    for path in paths:
        path.write_text("source,locator\nX,p. 1\n")
    with pytest.raises(ImportRefused) as caught:
        import_files(db, review, paths, by="lead", at=AT)
    assert len(caught.value.problems) == MOST_PROBLEMS and caught.value.more >= 60


def test_long_values_are_shown_short_and_many_are_counted(
    db: Database, review: Review, tmp_path: Path
) -> None:
    path = tmp_path / "findings.csv"
    rows = [f"X,p,f,{number}{'up' * 900},9\n" for number in range(1_000)]
    path.write_text("source,locator,finding,direction,significance\n" + "".join(rows))
    with pytest.raises(ImportRefused) as caught:
        import_files(db, review, [path], by="lead", at=AT)
    assert 0 < len(caught.value.problems) <= MOST_PROBLEMS and caught.value.more >= 800
    assert max(len(str(problem)) for problem in caught.value.problems) < 3 * LONGEST_SAID


# --- what is written ---------------------------------------------------------------------------------------


def columns() -> list[tuple[str, str]]:
    """Every column of every layout that takes a text as it stands."""
    free = [
        (layout, name)
        for layout, model in ROWS.items()
        for name, field in model.model_fields.items()
        if field.annotation is str and name not in ("text", *NAMED)
    ]
    assert len(free) >= 45
    return free


def example_of(layout: str) -> dict[str, str]:
    """The first row of a layout's template."""
    return next(iter(csv.DictReader(io.StringIO(template(layout)))))


NAMED = ("kind", "status", "strand", "domain", "direction", "better")
"""Columns that hold one of certain words: nothing else is taken, however long."""


@pytest.mark.parametrize(("layout", "name"), columns())
def test_every_column_of_every_layout_has_a_limit(
    db: Database, review: Review, layout: str, name: str
) -> None:
    values = {**example_of(layout), name: "a" * (LONGEST_WORDS + 1)}
    found = [
        line
        for line in refusal(lambda: import_row(db, review, layout, values, by="lead", at=AT))
        if name in line
    ]
    assert found and "characters" in found[0]


def test_the_text_of_a_source_in_an_import_has_limits(db: Database, review: Review) -> None:
    example = {**example_of("sources"), "strand": "all"}
    for text, said in (
        ("a" * (LONGEST_TEXT + 1), "at most 10,000,000 characters"),
        ("a\f" * (MOST_PAGES + 2), "at most 5,000 pages"),
        ("a" * (LONGEST_PAGE + 1), "at most 200,000 characters on a page"),
    ):
        values = {**example, "text": text}
        [found] = refusal(lambda values=values: import_row(db, review, "sources", values, by="lead", at=AT))  # type: ignore[misc]
        assert said in found


@pytest.mark.parametrize("column", LONGEST)
def test_whatever_is_stored_in_a_column_that_people_write_into_has_a_limit(db: Database, column: str) -> None:
    assert LONGEST[column] in (LONGEST_NAME, LONGEST_LINE, LONGEST_WORDS)
    before = db.conn.execute("select count(*) from event").fetchone()
    with pytest.raises(TextTooLong, match="at most") as caught, transaction(db):
        insert(db, "user", {column: "x" * (LONGEST[column] + 1)})
    assert caught.value.hint == "Shorten it."
    assert db.conn.execute("select count(*) from event").fetchone() == before


def test_who_does_something_and_why_has_a_limit_on_the_command_line(
    db: Database, review: Review, tmp_path: Path, say: Say
) -> None:
    add_sources(db, review, [GivenFile("a.txt", b"Carers waited.")], SourceDetails(), by="lead", at=AT)
    finding = {"source": "D-001", "locator": "page 1", "finding": "Waited.", "direction": "weakness"}
    import_row(db, review, "findings", {**finding, "significance": "2"}, by="lead", at=AT)
    command = ("evidence", "tag", "r1", "E1", "carers", "--db", str(tmp_path / "programme.db"))
    for more in (("--by", "x" * (LONGEST_NAME + 1)), ("--by", "lead", "--note", "x" * (LONGEST_WORDS + 1))):
        done = say(*command, *more)
        assert done.code == 1 and "at most" in done.err and len(done.err) < 1_000
    assert not db.conn.execute("select count(*) from tag").fetchone()[0]
    assert say(*command, "--by", "lead", "--note", "x").code == 0


def test_a_policy_file_has_a_limit_and_so_have_its_problems(tmp_path: Path) -> None:
    path = tmp_path / "review.yml"
    path.write_bytes(b"#" * (LARGEST_POLICY + 1))
    with pytest.raises(PolicyFileInvalid, match="at most 2 MB are read"):
        read_review_file(path)
    path.write_text(f"id: r1\nauthority: {'x' * 9_000}\nframework: wales-round-2\n")
    with pytest.raises(PolicyFileInvalid, match="1 problem"):
        read_review_file(path)
    found = parse_policy_text("".join(f"k{number}: 1\n" for number in range(1_000)), "framework.yml")
    assert validate_policy(found, Framework) is None
    with pytest.raises(PolicyFileInvalid) as caught:
        found.refuse_if_problems()
    assert len(caught.value.problems) == MOST_PROBLEMS and caught.value.more > 700


def test_more_columns_than_any_layout_has_are_read() -> None:
    assert 5 * max(len(model.model_fields) for model in ROWS.values()) < MOST_COLUMNS
