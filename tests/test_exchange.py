"""What goes out of a review comes back as it was; nothing hidden goes out, and no formula."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT
from every_table import fill_every_table
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from evidence.digests import ITEM_COLUMNS
from evidence.files.spreadsheets import as_exported, as_given, as_text
from evidence.files.texts import GivenFile
from evidence.intake.importing import import_files, import_row
from evidence.intake.layouts import LAYOUTS, columns
from evidence.items import ItemFilter
from evidence.measures.compute import compute_measures
from evidence.sources import SourceDetails, add_sources
from exchange.evidence import evidence_tables
from exchange.files import LEFT_OUT, write_tables, write_xlsx
from exchange.tables import OutTable
from exchange.whole import TABLES, review_tables
from joint_review.opening import open_programme
from programme.database import Database, last_event, one, rows
from programme.reviews import Review, create_review, find_review
from rules.errors import EvidenceInvalid, UnknownName
from rules.loader import load_policy

Say = Callable[..., tuple[int, str, str]]

# What an item is, whatever its number and the event that brought it. (Those that were erased have digests
# of their own.)
ITEMS = f"""
select s.ref, e.locator, {", ".join(f"e.{name}" for name in ITEM_COLUMNS)}, e.recorded_by, e.recorded_on, (
  select group_concat(domain) from (select d.key || ':' || t.tagged_by || ':' || t.note as domain
    from tag t join domain d on d.id = t.domain_id
    where t.evidence_id = e.id and t.withdrawn_event is null order by 1)) as tags
from evidence e join source s on s.id = e.source_id
where e.review_id = ? and e.withdrawn_event is null order by 1, 2
"""
SOURCES = """
select ref, title, kind, dated, status, strand, reference, (select group_concat(text, char(12)) from (
  select text from source_page where source_id = s.id order by number))
from source s where review_id = ? order by 1
"""
CODINGS = """
select s.ref, e.locator, c.coded_by, c.direction, c.significance, c.score, c.note
from shown_coding c join evidence e on e.id = c.evidence_id join source s on s.id = e.source_id
where e.review_id = ? and e.withdrawn_event is null order by 1, 2, 3
"""
ANSWERS = """
select s.ref, a.respondent, a.question, a.group_name, a.strand, a.answer, a.said
from survey_response a join source s on s.id = a.source_id where s.review_id = ? order by 1, 2, 3
"""
POLICY = load_policy("wales-round-2")


def what_counts(db: Database, review: Review) -> dict[str, Any]:
    """All that an export should bring back."""
    said = {
        name: db.conn.execute(sql, [review.id]).fetchall()
        for name, sql in (("items", ITEMS), ("sources", SOURCES), ("codings", CODINGS), ("answers", ANSWERS))
    }
    measures = compute_measures(db, review, POLICY.rulebook.evidence_measures, last_event(db))
    return {**said, "measures": measures}


def written(db: Database, review: Review, suffix: str, **asked: Any) -> bytes:
    out = io.BytesIO()
    write_tables(review_tables(db, review, **asked), out, suffix)
    return out.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill_every_table(tmp_path_factory.mktemp("made") / "programme.db")


@pytest.fixture
def full(made: Path, tmp_path: Path) -> Iterator[tuple[Database, Review]]:
    """A review with some of everything."""
    (tmp_path / "programme.db").write_bytes(made.read_bytes())
    db = open_programme(tmp_path / "programme.db")
    review = find_review(db, "r1")
    row = {"source": "C1", "direction": "weakness", "significance": "2", "domains": "leadership"}
    more = [
        {"locator": "p. 1", "finding": '=HYPERLINK("x")', "quote": "", "extent": "7 of 30 files"},
        {"locator": "p. 2", "finding": "- first\n- second, “so” to say", "extent": "most teams"},
        {"locator": "p. 3", "finding": "'=1 is not a formula", "recorded_by": "reviewer-2"},
        {"locator": "p. 4", "finding": 'Tŷ ar y dŵr; "late"', "recorded_on": "2004-05-31"},
    ]
    for one_ in more:
        import_row(db, review, "findings", {**row, **one_}, by="lead", at=AT)
    tag = {"source": "C1", "locator": "p. 1", "domain": "carers", "note": "+ Why.", "tagged_by": "reviewer-2"}
    import_row(db, review, "tags", tag, by="lead", at=AT)
    part = {"source": "S1", "locator": "t. 9", "group": "All", "question": "Rare?", "domains": "carers"}
    import_row(db, review, "survey-results", {**part, "positive": "0.5%", "base": "1000"}, by="lead", at=AT)
    series = {
        "source": "C1",
        "indicator": "Late",
        "better": "lower",
        "unit": "percent",
        "comparator": "0.25%",
    }
    for year, value in (("2007/08", "0.5%"), ("2008/09", "1.5")):
        late = {**series, "period": year, "value": value, "comparator": "0.25%", "locator": year}
        import_row(db, review, "indicators", late, by="lead", at=AT)
    hidden = {**part, "locator": "t. 10", "question": "Suppressed?", "positive": "[c]"}
    import_row(db, review, "survey-results", hidden, by="lead", at=AT)
    yield db, review
    db.conn.close()


def again(db: Database, key: str) -> Review:
    create_review(db, key, "Again", "wales-round-2", window_from=None, window_to=None, by="lead", at=AT)
    return find_review(db, key)


@pytest.mark.parametrize("suffix", [".zip", ".xlsx"])
def test_a_review_comes_back_unchanged(full: tuple[Database, Review], tmp_path: Path, suffix: str) -> None:
    db, review = full
    before = what_counts(db, review)
    assert len(before["items"]) > 15 and before["codings"] and before["answers"]
    out = tmp_path / f"out{suffix}"
    out.write_bytes(written(db, review, suffix))
    if suffix == ".zip":
        with zipfile.ZipFile(out) as archive:
            archive.extractall(tmp_path)
        files = sorted((tmp_path / "evidence").glob("*.csv"))
    else:
        with out.open("wb") as file:
            counts, left = write_xlsx(evidence_tables(db, review), file)
            assert counts["findings"] > 5 and left == []
        files = [out]
    found = again(db, "again")
    # Results of single answers are made again, by who imports these.
    import_files(db, found, files, by="reviewer-1", at=AT)
    after = what_counts(db, found)
    for name in ("sources", "items", "codings", "answers", "measures"):
        assert after[name] == before[name], name
    # And once more it brings nothing new.
    report = import_files(db, found, files, by="reviewer-1", at=AT)
    assert (sum(report.added.values()), report.replaced) == (0, 0)


def test_every_column_of_every_layout_goes_out(full: tuple[Database, Review]) -> None:
    db, review = full
    seen = {table.name: table.columns for table in evidence_tables(db, review)}
    assert set(seen) == set(LAYOUTS)
    for layout, names in seen.items():
        assert list(names) == [name for name, _, _ in columns(layout)]


def test_results_have_what_the_run_recorded(full: tuple[Database, Review]) -> None:
    db, review = full
    tables = {table.name: list(table.rows) for table in review_tables(db, review)}
    assert set(tables) == set(TABLES)
    run = one(db, "select max(id) from run where review_id = ?", [review.id])
    recorded = rows(db, "select target, level from rating where run_id = ? order by position", [run])
    assert [(row["target"], row["level"]) for row in tables["ratings"]] == [
        (row["target"], row["level"]) for row in recorded
    ]
    assert {row["run"] for row in tables["measures"]} == {run}
    assert len(tables["decisions"]) == one(
        db, "select count(*) from decision where review_id = ?", [review.id]
    )
    assert {row["title"] for row in tables["decisions"]} & {"Support for carers", "Leadership"}


def test_what_was_withdrawn_or_is_hidden_stays(full: tuple[Database, Review]) -> None:
    db, review = full
    out = "".join(
        json.dumps([dict(row) for row in table.rows], ensure_ascii=False)
        for table in review_tables(db, review)
    )
    withdrawn = rows(db, "select locator from evidence where withdrawn_event is not null")
    assert withdrawn
    locators = [
        row["locator"] for table in evidence_tables(db, review) for row in table.rows if "locator" in row
    ]
    counting = {
        row["locator"] for row in rows(db, "select locator from evidence where withdrawn_event is null")
    }
    assert set(locators) <= counting
    open_notes = rows(
        db,
        "select c.coded_by, c.note from coding c where c.id not in (select id from shown_coding)"
        " and c.withdrawn_event is null and c.note <> ''",
    )
    shown = {(row["coded_by"], row["note"]) for row in rows(db, "select coded_by, note from shown_coding")}
    assert all((row["coded_by"], row["note"]) in shown or row["note"] not in out for row in open_notes)
    for vote in rows(db, "select because from vote where because not in (select because from shown_vote)"):
        assert not vote["because"] or vote["because"] not in out
    assert "gone-1" not in out


def test_answers_of_single_people_are_left_to_those_who_may_see_them(full: tuple[Database, Review]) -> None:
    db, review = full
    tables = {table.name: list(table.rows) for table in review_tables(db, review, answers=False)}
    assert not {"survey-responses", "respondents", "population-margins"} & set(tables)
    made_of_answers = {row["locator"] for row in tables["survey-results"]}
    given = {row["locator"] for t in evidence_tables(db, review, only="survey-results") for row in t.rows}
    assert made_of_answers > given
    # They can be imported, too.
    found = again(db, "others")
    for table in ("sources", "survey-results"):
        for row in tables[table]:
            said = {name: "" if cell is None else str(cell) for name, cell in row.items()}
            import_row(db, found, table, said, by="lead", at=AT)


def test_a_result_that_was_turned_round_comes_back_turned_without_its_answers(
    full: tuple[Database, Review],
) -> None:
    db, review = full
    answer = {"source": "S1", "question": "I felt ignored", "group": "Turned", "better": "lower"}
    for number, level in enumerate((1, 2, 4, 5, 1), start=1):
        given = {"respondent": f"T{number}", "answer": str(level), "domains": "leadership"}
        import_row(db, review, "survey-responses", {**answer, **given}, by="lead", at=AT)
    tables = {table.name: list(table.rows) for table in review_tables(db, review, answers=False)}
    found = again(db, "others")
    for table in ("sources", "survey-results"):
        for row in tables[table]:
            said = {name: "" if cell is None else str(cell) for name, cell in row.items()}
            import_row(db, found, table, said, by="lead", at=AT)
    turned = "select value, base, better, reversed, digest from evidence"
    here = " where text = 'I felt ignored' and withdrawn_event is null order by id"
    first, second = db.execute(turned + here).fetchall()
    assert first == second and first[:4] == (60.0, 5.0, "higher", 1)


def test_a_filter_gives_its_items_whole_and_their_sources(full: tuple[Database, Review]) -> None:
    db, review = full
    chosen = ItemFilter(domain="leadership", kind="finding", limit=1)
    tables = {table.name: list(table.rows) for table in evidence_tables(db, review, chosen=chosen)}
    assert set(tables) == {"sources", "findings"}
    assert len(tables["findings"]) >= 4
    assert {row["domains"] for row in tables["findings"]} >= {"carers;leadership"} or any(
        "carers" in str(row["domains"]) for row in tables["findings"]
    )
    assert {row["source"] for row in tables["sources"]} == {row["source"] for row in tables["findings"]}


# As files


def test_csv_begins_with_a_mark_and_holds_no_formula(full: tuple[Database, Review]) -> None:
    db, review = full
    out = written(db, review, ".csv", only="findings")
    assert out.startswith(b"\xef\xbb\xbfsource,locator,")
    cells = [cell for row in csv.reader(io.StringIO(out.decode("utf-8-sig"), newline="")) for cell in row]
    assert "''=HYPERLINK(\"x\")" in cells
    assert all(as_text(cell) == cell for cell in cells)


def test_a_workbook_holds_texts_as_texts_and_numbers_as_numbers(full: tuple[Database, Review]) -> None:
    db, review = full
    book = load_workbook(io.BytesIO(written(db, review, ".xlsx")))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type in ("f", "e")]
    assert '=HYPERLINK("x")' in [cell.value for cell in cells]
    ratings = book["ratings"]
    level = [cell.value for cell in ratings[1]].index("level") + 1
    assert ratings.cell(2, level).data_type == "n"


def test_a_text_that_no_cell_can_hold_is_left_out_and_named(full: tuple[Database, Review]) -> None:
    db, review = full
    given = [GivenFile("long.txt", b"First page.\fSecond page.")]
    add_sources(db, review, given, SourceDetails(ref="D-900"), by="lead", at=AT)
    book = load_workbook(io.BytesIO(written(db, review, ".xlsx")), read_only=True)
    rows_ = list(book[LEFT_OUT].iter_rows(values_only=True))
    assert rows_[0] == ("table", "row", "column", "why")
    assert rows_[1][:3] == ("sources", "D-900", "text")
    out = written(db, review, ".csv", only="sources").decode("utf-8-sig")
    assert "First page.\fSecond page." in out


@given(st.text("'=+-@a ＝1", max_size=6))
def test_what_a_table_is_guarded_with_an_import_takes_away(cell: str) -> None:
    out = as_exported(cell)
    assert as_given(out) == cell
    assert as_text(out) == out


def test_one_csv_file_holds_one_table_and_every_row_of_it() -> None:
    many = [{"n": number, "text": f"Row {number}"} for number in range(1_100)]
    out = io.BytesIO()
    write_tables([OutTable("many", ("n", "text"), many)], out, ".csv")
    assert len(list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"))))) == 1_101
    table = OutTable("a", ("n",), [{"n": 1}])
    with pytest.raises(EvidenceInvalid, match="one CSV file holds one table, not a and b"):
        write_tables([table, OutTable("b", ("n",), [{"n": 1}])], io.BytesIO(), ".csv")
    with pytest.raises(EvidenceInvalid, match="nothing to export"):
        write_tables([], io.BytesIO(), ".csv")
    with pytest.raises(EvidenceInvalid, match="no export is written as"):
        write_tables([table], io.BytesIO(), ".pdf")


# On the command line


def test_the_command_writes_a_file_whole_or_not_at_all(say: Say, tmp_path: Path, full: Any) -> None:
    assert full
    base = ["--db", str(tmp_path / "programme.db")]
    file = tmp_path / "review.xlsx"
    code, out, _ = say("review", "export", "r1", str(file), *base)
    assert code == 0 and "findings (" in out and "decisions (" in out
    before = file.read_bytes()
    code, _, err = say("evidence", "export", "r1", str(file), *base)
    assert code == 1 and "already exists" in err and file.read_bytes() == before
    code, out, _ = say("evidence", "export", "r1", str(file), "--replace", "--json", *base)
    assert code == 0 and set(json.loads(out)["rows"]) == set(LAYOUTS)
    for wrong, said in (
        (["evidence", "export", "r1", str(tmp_path / "a.csv")], "one CSV file holds one table"),
        (["evidence", "export", "r1", str(tmp_path / "a.pdf")], "no export is written as 'a.pdf'"),
        (["evidence", "export", "r1", str(tmp_path / "a.csv"), "--only", "findngs"], "findings"),
        (["review", "export", "r1", str(tmp_path / "a.csv"), "--only", "rating"], "ratings"),
        (["review", "export", "r1", str(tmp_path / "a.csv"), "--only", "ratings", "--run", "99"], "99"),
    ):
        code, _, err = say(*wrong, *base)
        assert code == 1 and said in err, wrong
    assert not list(tmp_path.glob("a.*"))


def test_withdrawn_items_do_not_go_out_where_they_would_count_again(full: tuple[Database, Review]) -> None:
    db, review = full
    with pytest.raises(EvidenceInvalid, match="withdrawn items do not go out"):
        list(evidence_tables(db, review, chosen=ItemFilter(withdrawn=True)))


def test_an_unknown_table_is_refused(full: tuple[Database, Review]) -> None:
    db, review = full
    with pytest.raises(UnknownName):
        list(evidence_tables(db, review, only="findngs"))
    with pytest.raises(UnknownName):
        list(review_tables(db, review, only="everything"))
