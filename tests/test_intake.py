"""The import: everything checked and stored at once or not at all, and repeated without doubling anything."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from example_framework import (
    AT,
    SOURCES,
    Desk,
    added,
    answer,
    contents,
    counts,
    finding,
    new_programme,
    new_review,
    policy_of,
    small_framework,
    source,
    write,
    write_csv,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from trying import Tried

from evidence.digests import item_digest, item_fields
from evidence.intake import staging
from evidence.intake.importing import import_files, import_row
from evidence.intake.layouts import LAYOUTS, template
from evidence.intake.report import ImportReport
from evidence.items import tag_item, withdraw_item
from evidence.rows import CaseScoreRow, FindingRow, IndicatorRow, SurveyResultRow
from joint_review.upgrades.evidence import migrations as evidence_upgrades
from programme import database
from programme.database import Act, add_event, one, open_database, transaction
from programme.reviews import create_review, find_review, store_frameworks
from rules.errors import DatabaseUnusable, ImportRefused, UnknownName
from rules.loader import load_policy

EXAMPLE = Path(__file__).parents[1] / "examples" / "wales-2004-08"
NEEDED = ("sources", "findings", "case-scores", "survey-responses", "respondents")
"""Layouts whose rows the rows of other layouts refer to."""


@pytest.fixture
def loaded(desk: Desk) -> Desk:
    """A review with four sources and two findings, the second one tagged to two domains."""
    desk.load_sources()
    desk.load_rows(
        "findings", finding("p. 1"), finding("p. 2", "Plans are late.", domains="carers;assessment")
    )
    return desk


def item(desk: Desk, locator: str) -> int:
    """The number of the item that counts at a locator."""
    found = one(desk.db, "select id from evidence where locator = ? and withdrawn_event is null", [locator])
    assert found is not None
    return int(found)


def withdraw(desk: Desk, locator: str, domain: str | None = None) -> None:
    number = item(desk, locator)
    withdraw_item(desk.db, desk.review, number, by="moderator", because="wrong", at=AT, domain=domain)


# --- templates and real files --------------------------------------------------------------------------


def test_all_templates_together_import_as_they_are(desk: Desk) -> None:
    files = [write(desk.folder / f"{layout}.csv", template(layout)) for layout in LAYOUTS]
    report = desk.load(*reversed(files))
    # One item from each of findings, case scores, survey results and indicators, and two made of answers.
    assert report.added == added(
        sources=4, responses=5, items=6, tags=7, characteristics=3, margins=2, codings=2
    )
    # The finding names the domain of the tags template, too; from there comes the note.
    assert [row["note"] for row in desk.rows("select note from tag where note <> ''")] == [
        "Says how carers are offered help."
    ]
    assert desk.load(*files).added == added()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_template_imports_cleanly_into_a_review_that_has_its_sources(desk: Desk, layout: str) -> None:
    desk.load(write(desk.folder / "sources.csv", template("sources")))
    needed = {
        "tags": NEEDED[1:3],
        "codings": NEEDED[1:3],
        "respondents": NEEDED[3:4],
        "population-margins": NEEDED[3:],
    }
    for name in needed.get(layout, ()):
        desk.load(write(desk.folder / f"{name}.csv", template(name)))
    path = write(desk.folder / f"{layout}.csv", template(layout))
    first = contents(desk.db)
    desk.load(path)
    second = contents(desk.db)
    again = desk.load(path)
    assert not any(again.added.values())
    assert again.already_there > 0
    assert contents(desk.db) == second
    if layout not in ("sources", "tags"):
        assert second != first


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_template_says_the_same_in_every_format(tmp_path: Path, layout: str) -> None:
    headers, *rows = csv.reader(io.StringIO(template(layout)))
    shown = {}
    for suffix in (".csv", ".xlsx", ".json", ".yml"):
        folder = tmp_path / suffix[1:]
        folder.mkdir()
        with closing(new_programme(folder / "programme.db").conn) as connection:
            db = database.Database(connection)
            review = new_review(db)
            needed = [write(folder / f"{name}.csv", template(name)) for name in NEEDED]
            import_files(db, review, needed, by="lead", at=AT)
            path = folder / f"{layout}{suffix}"
            dicts = [dict(zip(headers, row, strict=True)) for row in rows]
            if suffix == ".xlsx":
                book = Workbook()
                assert book.active is not None
                for line in (headers, *rows):
                    book.active.append(line)
                book.save(path)
            elif suffix == ".csv":
                write(path, template(layout))
            else:
                write(path, json.dumps(dicts))
            import_files(db, review, [path], by="lead", at=AT)
            shown[suffix] = contents(db)
    assert shown[".csv"] == shown[".xlsx"] == shown[".json"] == shown[".yml"]


def test_the_worked_example_is_imported_and_repeated_without_doubling(tmp_path: Path) -> None:
    with closing(new_programme(tmp_path / "programme.db").conn) as connection:
        db = database.Database(connection)
        store_frameworks(db, [load_policy("wales-round-2")])
        review = create_review(
            *(db, "wales", "Ten councils", "wales-round-2"), window_from=None, window_to=None, by="x", at=AT
        )
        names = ("findings", "indicators", "sources", "survey-results")
        files = [EXAMPLE / f"{name}.csv" for name in names]
        lines = {path.stem: len(path.read_text(encoding="utf-8").splitlines()) - 1 for path in files}
        report = import_files(db, review, files, by="x", at=AT)
        assert report.added["sources"] == lines["sources"]
        assert report.added["items"] == sum(lines.values()) - lines["sources"]
        before = counts(db)
        again = import_files(db, review, files[::-1], by="x", at=AT)
        assert again.already_there == sum(lines.values())
        assert counts(db) == before


# --- all or nothing ------------------------------------------------------------------------------------


def test_sources_and_what_refers_to_them_come_in_one_command_in_any_order(desk: Desk) -> None:
    report = desk.load(
        write_csv(desk.folder / "tags.csv", [{"source": "I1", "locator": "p. 1", "domain": "leadership"}]),
        write_csv(desk.folder / "findings.csv", [finding()]),
        write_csv(desk.folder / "sources.csv", SOURCES),
    )
    assert report == ImportReport(added(sources=4, items=1, tags=2))
    [event] = desk.rows("select by, action, target, detail from event where action = 'import'")
    assert (event["by"], event["target"]) == ("lead", "tags.csv, findings.csv, sources.csv")
    assert json.loads(event["detail"])["items"] == 1


def test_every_bad_row_of_every_file_is_named_with_its_place_and_what_was_expected(loaded: Desk) -> None:
    found = loaded.problems(
        write_csv(
            loaded.folder / "a.csv",
            [
                finding("p. 3", direction="strenght"),
                finding("p. 4"),
                finding("p. 5", significance=4, domains="asessment"),
                finding("p. 6", source="I9"),
                finding(""),
            ],
        ),
        write_csv(loaded.folder / "b.csv", [answer("1", 6), answer("2", 5)]),
        write_csv(loaded.folder / "c.csv", [{"source": "I1", "locator": "p. 9", "finding": "x"}]),
        loaded.folder / "e5.txt",
        write_csv(loaded.folder / "sources.csv", [source("X1", "intervew"), source("I1", title="Another")]),
    )
    assert found == [
        "a.csv, row 2, column 'direction': found 'strenght'; expected one of strength, weakness,"
        " neutral. Did you mean 'strength'?",
        "a.csv, row 4, column 'domains': found 'asessment'; expected domains of the framework,"
        " separated by semicolons. Did you mean 'assessment'?",
        "a.csv, row 4, column 'significance': found '4'; expected 1 (minor), 2 (important) or 3 (serious).",
        "a.csv, row 6, column 'locator': found nothing; expected a text.",
        "b.csv, row 2, column 'answer': found '6'; expected 1 (strongly disagree) to 5 (strongly"
        " agree), or the words, or empty. Answers on a scale with other steps are not converted: write 1 to"
        " 5. Leave the cell empty where somebody did not answer.",
        "c.csv, headers: the column 'direction' is missing (layout findings).",
        "c.csv, headers: the column 'significance' is missing (layout findings).",
        f"e5.txt: there is no file {loaded.folder / 'e5.txt'}.",
        "sources.csv, row 2, column 'kind': found 'intervew'; expected one of case_file, interview,"
        " group_meeting, survey, indicator_return, document, observation. Did you mean 'interview'?",
        "sources.csv, row 3: the source 'I1' is already there, with different content. Stored sources never"
        " change: give the new version an index number of its own.",
    ]


def test_problems_with_what_is_stored_are_found_beside_those_of_the_rows(loaded: Desk) -> None:
    found = loaded.problems_of_rows(
        "findings",
        finding("p. 1", "Something else."),
        finding("p. 3", direction="?"),
        finding("p. 4", source="I11"),
    )
    assert [line.partition(": ")[0] for line in found] == [
        "findings.csv, row 2",
        "findings.csv, row 3, column 'direction'",
        "findings.csv, row 4, column 'source'",
    ]
    assert "item E1 has the same source and locator, but different content" in found[0]
    assert "Replace(" in found[0]
    assert found[2].endswith("there is no source 'I11' in this review. Did you mean 'I1'?")


def test_what_refers_to_a_row_that_is_itself_refused_is_not_named_as_well(desk: Desk) -> None:
    desk.load_sources()
    found = desk.problems(
        write_csv(desk.folder / "sources.csv", [source("X1", "?")]),
        write_csv(desk.folder / "findings.csv", [finding(source="X1"), finding("p. 2", direction="?")]),
        write_csv(desk.folder / "tags.csv", [{"source": "I1", "locator": "p. 2", "domain": "carers"}]),
    )
    assert [line.partition(": ")[0] for line in found] == [
        "sources.csv, row 2, column 'kind'",
        "findings.csv, row 3, column 'direction'",
    ]
    # Nor is what a file may hold that could not be read.
    found = desk.problems(
        write(desk.folder / "sources.csv", 'source,title,kind\nX1,"open,survey\n'),
        write_csv(desk.folder / "findings.csv", [finding(source="X1")]),
    )
    assert [line.partition(": ")[0] for line in found] == ["sources.csv, row 2"]


def test_the_first_two_hundred_problems_are_listed_and_the_rest_counted(loaded: Desk) -> None:
    rows = [finding(f"p. {i}", direction=f"?{i}", significance="?") for i in range(3_000)]
    path = write_csv(loaded.folder / "findings.csv", rows)
    before = counts(loaded.db)
    with pytest.raises(ImportRefused) as caught:
        loaded.load(path)
    assert caught.value.message == "Nothing was imported: 6,000 problems found."
    # 199 directions were looked at: three by their words, the others in one line; one for all significances.
    assert (len(caught.value.problems), caught.value.more) == (5, 2_801)
    assert caught.value.problems[0].where == "findings.csv, row 2, column 'direction'"
    assert caught.value.problems[1].where == "findings.csv, rows 2-3001, column 'significance'"
    assert caught.value.problems[-1].where == "findings.csv, rows 5-200, column 'direction'"
    assert "... and 2,801 more" in str(caught.value)
    assert counts(loaded.db) == before


def test_problems_with_what_is_stored_are_counted_as_well(loaded: Desk) -> None:
    path = write_csv(loaded.folder / "findings.csv", [finding(f"p. {i}", source="Z") for i in range(500)])
    with pytest.raises(ImportRefused) as caught:
        loaded.load(path)
    [problem] = caught.value.problems
    assert problem.where == "findings.csv, rows 2-501, column 'source'"
    assert "(500 times)" in problem.message
    assert caught.value.more == 0
    assert caught.value.message == "Nothing was imported: 500 problems found."


def test_a_file_with_headers_only_is_refused(loaded: Desk) -> None:
    path = write(loaded.folder / "findings.csv", template("findings").splitlines()[0] + "\n\n")
    assert loaded.problems(path) == [
        "findings.csv: there are no rows below the headers. Give a file with rows.",
    ]


def test_files_of_the_same_name_are_told_apart(loaded: Desk) -> None:
    paths = []
    for name in ("adults", "children"):
        (loaded.folder / name).mkdir()
        paths.append(write_csv(loaded.folder / name / "findings.csv", [finding("p. 3", direction="?")]))
    found = loaded.problems(*paths)
    assert [line.partition(", row")[0] for line in found] == [str(path) for path in paths]


def test_an_unknown_layout_is_refused_before_anything_is_read(loaded: Desk) -> None:
    with pytest.raises(UnknownName, match="there is no layout 'finding'"):
        loaded.load(loaded.folder / "none.csv", layout="finding")


def test_a_layout_can_be_given_for_a_file_whose_name_says_another(loaded: Desk) -> None:
    path = write_csv(loaded.folder / "sources.csv", [finding("p. 3")])
    assert loaded.load(path, layout="findings").added["items"] == 1


def test_an_encoding_can_be_given(loaded: Desk) -> None:
    path = write_csv(loaded.folder / "findings.csv", [finding("p. 3", "Caffi dôr")], encoding="cp1252")
    [problem] = loaded.problems(path)
    assert problem.startswith("findings.csv, line 2: this is not utf-8 text")
    loaded.load(path, encoding="cp1252")
    assert one(loaded.db, "select text from evidence where locator = 'p. 3'") == "Caffi dôr"


# --- repeating -----------------------------------------------------------------------------------------


def test_an_import_can_be_repeated_without_doubling_anything(loaded: Desk) -> None:
    before, stored = counts(loaded.db), contents(loaded.db)
    report = loaded.load_rows(
        "findings", finding("p. 1"), finding("p. 2", "Plans are late.", domains="carers;assessment")
    )
    assert report == ImportReport(added(), already_there=2)
    assert loaded.load_sources().already_there == 4
    assert (counts(loaded.db), contents(loaded.db)) == (before, stored)  # nor is there an event


def test_a_row_that_stands_twice_is_stored_once_and_counted(loaded: Desk) -> None:
    report = loaded.load_rows(
        "findings", finding("p. 3"), finding("p. 3", domains="assessment"), finding("p. 3")
    )
    assert (report.added["items"], report.added["tags"], report.already_there) == (1, 2, 2)


def test_a_file_given_twice_is_read_twice_and_stored_once(loaded: Desk) -> None:
    path = write_csv(loaded.folder / "findings.csv", [finding("p. 3")])
    report = loaded.load(path, path)
    assert (report.added["items"], report.already_there) == (1, 1)


def test_a_new_domain_of_an_item_that_is_there_is_a_new_tag(loaded: Desk) -> None:
    report = loaded.load_rows("findings", finding("p. 1", domains="carers;leadership"))
    assert report == ImportReport(added(tags=1), already_there=1)


def test_text_in_any_normal_form_names_the_same_source_and_item(loaded: Desk) -> None:
    composed, decomposed = "T\u0177 4", "Ty\u0302 4"
    loaded.load_rows("sources", source(composed))
    loaded.load_rows("findings", finding(composed, "D\u0175r", source=composed))
    report = loaded.load_rows("findings", finding(decomposed, "Dw\u0302r", source=decomposed))
    assert (report.added["items"], report.already_there) == (0, 1)
    assert one(loaded.db, "select text from evidence where locator = ?", [composed]) == "D\u0175r"


def test_the_same_locator_in_two_sources_is_two_items(loaded: Desk) -> None:
    assert loaded.load_rows("findings", finding("p. 1", source="I2")).added["items"] == 1


def test_two_reviews_keep_their_sources_apart(loaded: Desk) -> None:
    other = new_review(loaded.db, "south")
    paths = [
        write_csv(loaded.folder / "sources.csv", [source("I1", title="Theirs")]),
        write_csv(loaded.folder / "findings.csv", [finding("p. 1", "Theirs.")]),
    ]
    report = import_files(loaded.db, other, paths, by="lead", at=AT)
    assert report.added == added(sources=1, items=1, tags=1)


def test_who_recorded_what_and_when_is_kept_or_is_the_import(loaded: Desk) -> None:
    loaded.load_rows(
        "findings",
        finding("p. 3", recorded_by="reviewer-1", recorded_on="31 May 2004"),
        finding("p. 4"),
    )
    found = loaded.rows("select recorded_by, recorded_on from evidence where id > 2 order by id")
    assert found == [
        {"recorded_by": "reviewer-1", "recorded_on": "2004-05-31"},
        {"recorded_by": "lead", "recorded_on": "2004-06-01"},
    ]
    assert one(loaded.db, "select tagged_by from tag where evidence_id = 3") == "reviewer-1"


def test_all_that_an_item_says_is_stored(loaded: Desk) -> None:
    """Each kind fills other columns; what is staged must be what `item_fields` and the digest say."""
    given: dict[str, Any] = {
        "findings": FindingRow.model_validate(finding("a", quote="asked")),
        "case-scores": CaseScoreRow.model_validate(
            {"source": "I1", "locator": "b", "standard": "Risk", "score": 3, "scale_max": 5, "quote": "asked"}
        ),
        "survey-results": SurveyResultRow.model_validate(
            {"source": "S1", "locator": "c", "group": "Adults", "question": "Heard?", "positive": "71.5%"}
            | {"base": 200, "better": "lower", "best": 82, "worst": 63, "period": "2004", "quote": "q"}
        ),
        "indicators": IndicatorRow.model_validate(
            {
                "source": "N1",
                "locator": "d",
                "indicator": "Referrals",
                "period": "2004/05",
                "value": "1,234.5",
            }
            | {"unit": "people", "better": "neither", "comparator": 90, "comparator_name": "Wales"}
        ),
    }
    for layout, row in given.items():
        values = {k: v for k, v in row.model_dump().items() if v not in (None, ())}
        path = write(loaded.folder / f"{layout}.json", json.dumps([values], default=str))
        loaded.load(path)
        names = ", ".join((*staging.ITEM_COLUMNS, *staging.PLACED))
        [stored] = loaded.rows(f"select {names} from evidence where locator = '{row.locator}'")
        assert stored == item_fields(row), layout
        digest = one(loaded.db, "select digest from evidence where locator = ?", [row.locator])
        assert digest == item_digest(row.source, row.locator, item_fields(row))


# --- withdrawn and replaced ----------------------------------------------------------------------------


def test_what_was_withdrawn_stays_withdrawn_and_is_counted(loaded: Desk) -> None:
    rows = [finding("p. 1"), finding("p. 2", "Plans are late.", domains="carers;assessment")]
    withdraw(loaded, "p. 1")
    withdraw(loaded, "p. 2", "assessment")
    before, stored = counts(loaded.db), contents(loaded.db)
    for replace in (False, True):
        report = loaded.load_rows("findings", *rows, rows[0], replace=replace)
        assert not any(report.added.values())
        # Two rows of the withdrawn item, and the withdrawn tag.
        assert (report.already_there, report.withdrawn, report.replaced) == (1, 3, 0)
        assert (counts(loaded.db), contents(loaded.db)) == (before, stored)


def test_a_correction_takes_the_place_of_what_was_withdrawn(loaded: Desk) -> None:
    withdraw(loaded, "p. 1")
    assert loaded.load_rows("findings", finding("p. 1", "Corrected.")).added["items"] == 1
    # The old file again: its row is the withdrawn one, and neither refused nor tied to the correction.
    report = loaded.load_rows("findings", finding("p. 1", domains="carers;leadership"))
    assert (report.already_there, report.withdrawn) == (0, 1)
    assert not any(report.added.values())
    assert one(loaded.db, "select text from evidence where id = ?", [item(loaded, "p. 1")]) == "Corrected."
    # Not even --replace brings back what a person withdrew.
    assert loaded.load_rows("findings", finding("p. 1"), replace=True).withdrawn == 1
    assert one(loaded.db, "select text from evidence where id = ?", [item(loaded, "p. 1")]) == "Corrected."


def test_replacing_withdraws_the_old_item_and_adds_the_new_one(loaded: Desk) -> None:
    old = item(loaded, "p. 1")
    changed = [finding("p. 1", "Carers are not asked.", domains="leadership"), finding("p. 3")]
    [problem] = loaded.problems_of_rows("findings", *changed)
    assert f"item E{old} has the same source and locator" in problem
    report = loaded.load_rows("findings", *changed, replace=True)
    assert report == ImportReport(added(items=2, tags=2), replaced=1)
    [was] = loaded.rows(f"select withdrawn_event, text from evidence where id = {old}")
    assert was["withdrawn_event"] is not None and was["text"] == "Carers are asked."
    tags = loaded.rows(
        "select d.key from tag t join domain d on d.id = t.domain_id"
        f" where t.evidence_id = {item(loaded, 'p. 1')}"
    )
    assert tags == [{"key": "leadership"}]
    assert loaded.load_rows("findings", *changed, replace=True).already_there == 2


def test_after_a_replacement_either_version_can_come_again_and_none_is_lost(loaded: Desk) -> None:
    first, second = finding("p. 1"), finding("p. 1", "Carers are not asked.")
    loaded.load_rows("findings", second, replace=True)
    # The first version without --replace: it was replaced, and stays so.
    report = loaded.load_rows("findings", first)
    assert (report.withdrawn, report.replaced) == (1, 0)
    assert (
        one(loaded.db, "select text from evidence where id = ?", [item(loaded, "p. 1")]) == second["finding"]
    )
    # With --replace it takes its place back.
    report = loaded.load_rows("findings", first, replace=True)
    assert (report.added["items"], report.replaced) == (1, 1)
    assert (
        one(loaded.db, "select text from evidence where id = ?", [item(loaded, "p. 1")]) == first["finding"]
    )
    counted = one(
        loaded.db, "select count(*) from evidence where locator = 'p. 1' and withdrawn_event is null"
    )
    assert counted == 1


def test_the_search_index_follows_every_import(loaded: Desk) -> None:
    loaded.load_rows("findings", finding("p. 1", "Grandparents are asked."), replace=True)
    found = loaded.rows("select rowid from evidence_fts where evidence_fts match 'grandparents'")
    assert [row["rowid"] for row in found] == [item(loaded, "p. 1")]
    loaded.db.conn.execute("insert into evidence_fts (evidence_fts) values ('integrity-check')")


# --- sources and their texts ---------------------------------------------------------------------------


def test_a_stored_text_is_kept_by_pages_and_quotes_are_looked_up_in_it(desk: Desk) -> None:
    text = "\fSecond page:\ncarers said: nobody asked us.\n\f"
    sources = write_csv(desk.folder / "sources.csv", [source("I1", text=text), source("I2")])
    good = [finding("p. 2", quote="nobody asked us"), finding("p. 9", source="I2", quote="not stored")]
    bad = write_csv(desk.folder / "findings.csv", [*good, finding("p. 3", quote="somebody asked us")])
    told = (
        "findings.csv, row 4, column 'quote': these words are not in the stored text of source 'I1'."
        " Quote word for word."
    )
    assert desk.problems(sources, bad) == [told]  # when the text comes with the quote
    desk.load(sources)
    assert desk.problems(bad) == [told]  # and when it is there already
    pages = desk.rows("select number, text from source_page order by number")
    assert [page["number"] for page in pages] == [1, 2]
    assert pages[0]["text"] == "" and pages[1]["text"].startswith("Second page:\ncarers")
    assert desk.load_rows("findings", *good).added["items"] == 2
    assert desk.rows("select rowid from source_page_fts where source_page_fts match 'nobody'") == [
        {"rowid": 2}
    ]


def test_a_stored_text_and_its_quotes_are_spelt_as_those_of_added_files(desk: Desk) -> None:
    text = "Nobody\xa0asked us,  \r\n\r\n\r\n\r\nshe said in the inter\xadview.\f\ufeffSecond page."
    desk.load(write_csv(desk.folder / "sources.csv", [source("I1", text=text)]))
    pages = [row["text"] for row in desk.rows("select text from source_page order by number")]
    assert pages == ["Nobody asked us,\n\nshe said in the interview.", "Second page."]
    assert desk.load_rows("findings", finding("p. 1", quote="Nobody\xa0asked us")).added["items"] == 1


def test_a_stored_source_never_changes(loaded: Desk) -> None:
    [problem] = loaded.problems_of_rows("sources", source("I1", text="now with text"))
    assert "is already there, with different content" in problem and "an index number of its own" in problem


def test_a_source_that_stands_twice_differently_is_named_with_both_places(desk: Desk) -> None:
    found = desk.problems(
        write_csv(desk.folder / "a.csv", [source("I1"), source("I2"), source("I1")]),
        write_csv(desk.folder / "b.csv", [source("I1", title="Another")]),
    )
    assert found == [
        "b.csv, row 2: the source 'I1' appears twice, with different content (also a.csv, row 2)."
        " Give each source an index number of its own."
    ]


# --- tags ----------------------------------------------------------------------------------------------


def tag(locator: str = "p. 1", domain: str = "leadership", **more: Any) -> dict[str, Any]:
    return {"source": "I1", "locator": locator, "domain": domain, **more}


def test_tags_tie_items_that_are_there_or_come_with_them(loaded: Desk) -> None:
    report = loaded.load(
        write_csv(loaded.folder / "tags.csv", [tag(note="Says how."), tag("p. 3"), tag("p. 3", "Carers")]),
        write_csv(loaded.folder / "findings.csv", [finding("p. 3", domains="")]),
    )
    assert report.added == added(items=1, tags=3)
    assert loaded.load_rows("tags", tag(note="Says how.")).already_there == 1


def test_a_note_is_not_lost_when_the_item_names_the_same_domain(desk: Desk) -> None:
    desk.load_sources()
    desk.load(
        write_csv(desk.folder / "findings.csv", [finding("p. 1", recorded_by="a")]),
        write_csv(desk.folder / "tags.csv", [tag("p. 1", "carers", note="Says how.", tagged_by="b")]),
    )
    assert desk.rows("select note, tagged_by from tag") == [{"note": "Says how.", "tagged_by": "b"}]


def test_a_tag_on_nothing_is_named(loaded: Desk) -> None:
    found = loaded.problems_of_rows("tags", tag(), tag("p. 77"), tag("p. 1", source="Interview 7"))
    assert found == [
        "tags.csv, row 3: there is no item with source 'I1' and locator 'p. 77' to tag. Source and locator"
        " must be written exactly as in the item.",
        "tags.csv, row 4, column 'source': there is no source 'Interview 7' in this review. Allowed: I1, I2,"
        " N1, S1.",
    ]


def test_withdrawn_tags_and_tags_on_withdrawn_items_are_counted_and_change_nothing(loaded: Desk) -> None:
    withdraw(loaded, "p. 1")
    withdraw(loaded, "p. 2", "assessment")
    before = counts(loaded.db)
    report = loaded.load_rows("tags", tag("p. 1", "carers"), tag("p. 1"), tag("p. 2", "assessment"))
    assert report.withdrawn == 3
    assert counts(loaded.db) == before


def test_a_tag_that_a_person_gave_back_counts_as_there(loaded: Desk) -> None:
    withdraw(loaded, "p. 2", "assessment")
    tag_item(loaded.db, loaded.review, item(loaded, "p. 2"), ["assessment"], by="moderator", at=AT)
    report = loaded.load_rows("tags", tag("p. 2", "assessment"))
    assert (report.already_there, report.withdrawn) == (1, 0)


# --- answers of a survey -------------------------------------------------------------------------------


def result(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.survey_results("value", "base", "strand")


def test_results_are_the_share_that_agrees_of_those_who_answered(desk: Desk) -> None:
    desk.load_sources()
    given = [5, "agree", 3, "strongly disagree", "", 4]
    rows = [answer(f"{number:04}", value, domains="carers") for number, value in enumerate(given)]
    rows += [answer("9", 5, group="Carers", strand="carers")]
    report = desk.load_rows("survey-responses", *rows)
    assert report.added == added(responses=7, items=2, tags=1)
    assert result(desk) == [("Adults", 60.0, 5.0, "adults"), ("Carers", 100.0, 1.0, "carers")]
    [locator] = {row["locator"] for row in desk.rows("select locator from evidence where base = 5")}
    assert locator == "question I was heard, group Adults"


def test_answers_imported_again_change_nothing(desk: Desk) -> None:
    desk.load_sources()
    rows = [answer("1", 5), answer("2", 1), answer("3", "")]
    desk.load_rows("survey-responses", *rows)
    before = counts(desk.db)
    report = desk.load_rows("survey-responses", *rows, *rows)
    assert report == ImportReport(added(), already_there=6)
    assert counts(desk.db) == before


def test_more_respondents_make_the_result_anew_and_its_tags_stay_as_people_left_them(desk: Desk) -> None:
    desk.load_sources()
    desk.load_rows("survey-responses", answer("1", 5, domains="carers;assessment"), answer("2", 5))
    place = "question I was heard, group Adults"
    tag_item(desk.db, desk.review, item(desk, place), ["leadership"], by="moderator", at=AT, note="Says so.")
    withdraw(desk, place, "assessment")
    old = item(desk, place)
    report = desk.load_rows(
        *("survey-responses", answer("2", 5), answer("3", 1, domains="assessment;partnership")),
    )
    assert report.added == added(responses=1, items=1, tags=3)
    assert (report.replaced, report.already_there, report.withdrawn) == (1, 1, 1)
    assert result(desk) == [("Adults", pytest.approx(200 / 3), 3.0, "adults")]
    assert item(desk, place) != old
    tags = desk.rows(
        "select d.key, t.note, t.tagged_by from tag t join domain d on d.id = t.domain_id"
        f" where t.evidence_id = {item(desk, place)} order by d.key"
    )
    assert [tuple(row.values()) for row in tags] == [
        ("carers", "", "lead"),
        ("leadership", "Says so.", "moderator"),
        ("partnership", "", "lead"),
    ]


def test_a_result_that_a_person_withdrew_stays_withdrawn_until_more_answers_come(desk: Desk) -> None:
    desk.load_sources()
    desk.load_rows("survey-responses", answer("1", 5))
    withdraw(desk, "question I was heard, group Adults")
    report = desk.load_rows("survey-responses", answer("1", 5))
    assert (report.withdrawn, report.already_there) == (1, 1)
    assert result(desk) == []
    desk.load_rows("survey-responses", answer("2", 1))
    assert result(desk) == [("Adults", 50.0, 2.0, "adults")]


def test_a_question_that_nobody_answered_is_refused(desk: Desk) -> None:
    desk.load_sources()
    found = desk.problems_of_rows(
        "survey-responses", answer("1", ""), answer("2", ""), answer("3", 4, group="X")
    )
    assert found == [
        "survey-responses.csv, row 2: no respondent of 'Adults' answered 'I was heard'. Leave the question"
        " out for this group."
    ]
    desk.load_rows("survey-responses", answer("1", 5))
    assert desk.load_rows("survey-responses", answer("2", "")).added["items"] == 0


def test_a_respondent_answers_a_question_once(desk: Desk) -> None:
    desk.load_sources()
    found = desk.problems_of_rows("survey-responses", answer("1", 5), answer("2", 3), answer("1", 4))
    assert found == [
        "survey-responses.csv, row 4: respondent '1' answers 'I was heard' differently in"
        " survey-responses.csv, row 2. Each respondent belongs to one group and answers a question once."
    ]
    desk.load_rows("survey-responses", answer("1", 5), answer("2", ""))
    for clash in (answer("1", 4), answer("2", 1), answer("1", 5, group="Carers"), answer("1", "")):
        [problem] = desk.problems_of_rows("survey-responses", clash)
        assert "differently in what is stored" in problem


def test_a_group_of_several_strands_is_about_all(desk: Desk) -> None:
    desk.load_sources()
    desk.load_rows("survey-responses", answer("1", 5), answer("2", 1, strand="carers"))
    assert result(desk) == [("Adults", 50.0, 2.0, "all")]


def test_without_a_strand_for_all_a_group_has_one_strand(tmp_path: Path) -> None:
    strands = [{"id": name, "title": name} for name in ("adults", "carers")]
    with closing(new_programme(tmp_path / "programme.db").conn) as connection:
        db = database.Database(connection)
        store_frameworks(db, [policy_of(small_framework(id="strict", strands=strands))])
        review = create_review(
            *(db, "strict", "North", "strict"), window_from=None, window_to=None, by="x", at=AT
        )
        paths = [
            write_csv(tmp_path / "sources.csv", [source("S1", "survey", strand="adults")]),
            write_csv(tmp_path / "a.csv", [answer("1", 5), answer("2", 1, strand="carers")]),
        ]
        with pytest.raises(ImportRefused, match="name several strands"):
            import_files(db, review, paths, by="x", at=AT)


def test_many_answers_are_counted_right(desk: Desk) -> None:
    desk.load_sources()
    chance = random.Random(7)
    rows = [
        answer(f"{person:05}", chance.choice([1, 2, 3, 4, 5, ""]), question=f"Q{q}", group=f"G{person % 3}")
        for person in range(1_000)
        for q in range(5)
    ]
    halves = rows[::2], rows[1::2]
    desk.load_rows("survey-responses", *halves[0])
    desk.load_rows("survey-responses", *halves[1])
    expected = {}
    for row in rows:
        key = (row["question"], row["group"])
        base, positive = expected.get(key, (0, 0))
        answered = row["answer"] != ""
        expected[key] = base + answered, positive + (answered and row["answer"] >= 4)
    found = {
        (row["text"], row["group_name"]): (row["base"], row["value"])
        for row in desk.rows("select * from evidence where withdrawn_event is null")
    }
    assert found == {key: (base, pytest.approx(100 * p / base)) for key, (base, p) in expected.items()}


# --- order ---------------------------------------------------------------------------------------------

FILES: dict[str, list[dict[str, Any]]] = {
    "sources": [*SOURCES, SOURCES[0]],
    "findings": [
        finding("p. 1"),
        finding("p. 1", domains="assessment", recorded_by="b", recorded_on="2004-05-01"),
        finding("p. 1", domains="", recorded_by="a", recorded_on="2004-05-02"),
        *(finding(f"p. {number}", f"Finding {number}") for number in range(2, 6)),
    ],
    "survey-responses": [
        *(
            answer(person, person % 5 + 1, domains="carers" if person % 2 else "assessment")
            for person in range(7)
        ),
        answer(2, 3, domains="assessment"),
    ],
    "tags": [
        tag("p. 1", "carers", note="b", tagged_by="y"),
        tag("p. 1", "carers", note="a", tagged_by="z"),
        tag("p. 1", "carers", tagged_by="a"),
        tag("p. 2"),
        {"source": "S1", "locator": "question I was heard, group Adults", "domain": "leadership"},
    ],
}


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review without any evidence, to be copied."""
    folder = tmp_path_factory.mktemp("blank")
    with closing(new_programme(folder / "programme.db").conn) as connection:
        new_review(database.Database(connection))
    return folder


def load_into_copy(blank: Path, files: list[tuple[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    path = Path(shutil.copy(blank / "programme.db", blank / "copy.db"))
    with closing(open_database(path, [evidence_upgrades]).conn) as connection:
        db = database.Database(connection)
        paths = [write_csv(blank / f"{name}.csv", rows) for name, rows in files]
        report = import_files(db, find_review(db, "north"), paths, by="lead", at=AT)
        return {**contents(db), "report": report}


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_the_order_of_rows_and_files_never_changes_what_is_stored(blank: Path, data: st.DataObject) -> None:
    expected = load_into_copy(blank, list(FILES.items()))
    shuffled = [
        (name, data.draw(st.permutations(FILES[name]), name))
        for name in data.draw(st.permutations(list(FILES)), "files")
    ]
    assert load_into_copy(blank, shuffled) == expected


# --- other formats -------------------------------------------------------------------------------------


def test_a_workbook_with_several_sheets_is_imported_as_a_whole(desk: Desk) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.title = "Sources"
    book.active.append(["Source", "Title", "Kind", "Dated"])
    book.active.append(["S1", "Survey", "Survey", date(2004, 5, 31)])
    sheet = book.create_sheet("Survey results")
    sheet.append(["source", "locator", "group", "question", "positive", "base", "recorded on"])
    sheet.append(["S1", 7, "Adults", "Heard?", 0.785, 240, datetime(2004, 5, 31)])
    sheet["E2"].number_format = "0.0%"
    book.create_sheet("tags").append(["source", "locator", "domain"])
    book.save(desk.folder / "all.xlsx")
    assert desk.load(desk.folder / "all.xlsx").added == added(sources=1, items=1)
    assert desk.rows("select dated from source") == [{"dated": "2004-05-31"}]
    found = desk.rows("select locator, value, base, recorded_on from evidence")
    assert [tuple(row.values()) for row in found] == [("7", 78.5, 240.0, "2004-05-31")]


def test_every_problem_of_a_workbook_is_named_by_sheet_row_and_column(desk: Desk) -> None:
    desk.load_sources()
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "survey-results"
    sheet.append(["source", "locator", "group", "question", "positive", "base"])
    sheet.append(["S1", 1, "Adults", "Heard?", 0.78, 0])
    sheet.append(["S1", 2, "Adults", "=A1", "#REF!", 10])
    sheet.append(["S1", "=1+1", "Adults", "Heard?", -1, 10])
    sheet.append(["S1", 4, "Adults", "Heard?", 70, 10])
    sheet.merge_cells("C4:C5")
    book.create_sheet("Notes").append(["To do"])
    book.save(desk.folder / "all.xlsx")
    place = "all.xlsx, sheet 'survey-results'"
    assert [line.partition(": ")[0] for line in desk.problems(desk.folder / "all.xlsx")] == [
        f"{place}, cells C4:C5",
        f"{place}, row 2, column 'base'",
        f"{place}, row 2, column 'positive'",
        f"{place}, row 3, column 'positive'",
        f"{place}, row 3, column 'question'",
        f"{place}, row 4, column 'locator'",
        f"{place}, row 4, column 'positive'",
    ]


def test_yaml_and_json_hold_several_layouts(desk: Desk) -> None:
    text = """
sources:
- {source: S1, title: Arolwg, kind: survey}
survey-responses:
- {source: S1, respondent: 0012, question: A glywyd chi?, group: Oedolion, answer: 5, domains: [carers]}
- {source: S1, respondent: 0013, question: A glywyd chi?, group: Oedolion, answer: ~}
findings: []
"""
    report = desk.load(write(desk.folder / "all.yml", text))
    assert report.added == added(sources=1, responses=2, items=1, tags=1)
    assert [row["respondent"] for row in desk.rows("select respondent from survey_response")] == [
        "0012",
        "0013",
    ]
    found = desk.problems(write(desk.folder / "all.yml", text.replace("answer: 5", "answer: 6")))
    assert found[0].startswith("all.yml, survey-responses 1, line 5, column 'answer': found '6'")


# --- one row, and the database underneath --------------------------------------------------------------


def test_one_row_goes_through_the_same_checks_as_a_file(loaded: Desk) -> None:
    def put(layout: str, **values: str) -> tuple[ImportReport, int | None]:
        return import_row(loaded.db, loaded.review, layout, values, by="lead", at=AT)

    row = {key: str(value) for key, value in finding("p. 3").items()}
    report, number = put("findings", **row)
    assert (report.added["items"], number) == (1, item(loaded, "p. 3"))
    assert put("findings", **row)[1] == number
    assert put("tags", source="I1", locator="p. 3", domain="leadership")[1] == number
    assert put("sources", source="I9", title="Nine", kind="document")[1] is None
    with pytest.raises(ImportRefused) as caught:
        put("findings", **{**row, "locator": "p. 4", "direction": "?", "Shoe size": "44"})
    assert [problem.where for problem in caught.value.problems] == ["this findings row, headers"]
    with pytest.raises(ImportRefused) as caught:
        put("findings", **{**row, "locator": "p. 4", "direction": "?", "source": "I77"})
    assert [problem.where for problem in caught.value.problems] == [
        *("this findings row, column 'direction'", "this findings row, column 'source'"),
    ]
    with pytest.raises(UnknownName):
        put("finding", **row)


def test_an_import_waits_for_another_writer_and_says_so_when_it_lasts(
    loaded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded.db.conn.execute("pragma busy_timeout=50")
    path = write_csv(loaded.folder / "findings.csv", [finding("p. 3")])
    before = counts(loaded.db)
    with closing(sqlite3.connect(loaded.path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(DatabaseUnusable, match="is in use by another process"):
            loaded.load(path)
        assert counts(loaded.db) == before
        # What is wrong with the file is said without waiting for anybody.
        loaded.problems_of_rows("a", finding("p. 3", direction="?"), finding("p. 4", source="I77"))
        other.execute("rollback")
    assert loaded.load(path).added["items"] == 1


def test_others_can_read_and_write_while_a_file_is_being_read(loaded: Desk) -> None:
    path = write_csv(loaded.folder / "findings.csv", [finding(f"p. {i}") for i in range(3, 9_000)])
    seen: list[int] = []

    def write_meanwhile(done: int, total: int, what: str) -> None:
        if what.startswith("reading"):
            with (
                closing(open_database(loaded.path, [evidence_upgrades]).conn) as other,
                transaction(database.Database(other)),
            ):
                seen.append(add_event(database.Database(other), Act(Tried.TRY, "other", AT)))

    assert loaded.load(path, progress=write_meanwhile).added["items"] == 8_997
    assert len(seen) > 2


def test_an_import_that_is_broken_off_leaves_nothing_behind(loaded: Desk) -> None:
    steps: list[tuple[int, str]] = []
    first = write_csv(loaded.folder / "findings.csv", [finding(f"p. {i}") for i in range(3, 5_000)])
    loaded.load(first, progress=lambda done, total, what: steps.append((done, what)))
    assert [done for done, what in steps if what == "storing"] == [0, 1, 2, 3, 4]
    more = write_csv(loaded.folder / "findings.csv", [finding(f"q. {i}") for i in range(3, 5_000)])
    before = counts(loaded.db)
    for stop in range(len(steps) - 1):
        left = iter(range(stop, -1, -1))

        def break_off(done: int, total: int, what: str, left: Iterator[int] = left) -> None:
            if not next(left):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            loaded.load(more, progress=break_off)
        assert counts(loaded.db) == before
        assert not loaded.db.conn.in_transaction
        assert loaded.rows("select name from sqlite_temp_master") == []
    assert loaded.load(more).added["items"] == 4_997


def test_a_failed_import_leaves_no_temporary_tables_behind(loaded: Desk) -> None:
    loaded.problems_of_rows("findings", finding("p. 3", direction="?"))
    assert loaded.rows("select name from sqlite_temp_master") == []


# --- cost ----------------------------------------------------------------------------------------------

QUOTED = "nobody asked us"


def rows_of(what: str, count: int) -> tuple[str, list[dict[str, Any]]]:
    """A layout and so many rows of it."""
    numbers = range(count)
    if what == "answers":
        rows = [answer(n // 4, n % 5 + 1, question=f"Q{n % 4}", group=f"G{n // 4 % 3}") for n in numbers]
        return "survey-responses", rows
    if what == "sources":
        return what, [source(f"X{n}", text=QUOTED) for n in numbers]
    if what == "tags":
        return what, [tag(f"p. {n}", note="Says so.") for n in numbers]
    if what == "quotes":
        return "findings", [finding(f"p. {n}", source=f"X{n}", quote=QUOTED) for n in numbers]
    return "findings", [finding(f"p. {n}", f"{what} {n}") for n in numbers]


def instructions_of(desk: Desk, what: str, count: int, **options: Any) -> int:
    """How many of SQLite's instructions an import takes, in hundreds: no clock, so no chance."""
    layout, rows = rows_of(what, count)
    path = write_csv(desk.folder / f"{layout}.csv", rows)
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    desk.db.conn.set_progress_handler(step, 100)
    try:
        desk.load(path, **options)
    finally:
        desk.db.conn.set_progress_handler(None, 0)
    return taken


@pytest.mark.parametrize(
    "imports",
    [
        ["findings", "findings", "tags", "tags", "changed findings", "findings"],
        ["answers", "answers"],
        ["sources", "sources", "quotes"],
    ],
    ids=lambda imports: ", ".join(imports),
)
def test_the_cost_of_an_import_grows_as_its_rows_do(tmp_path: Path, imports: list[str]) -> None:
    taken: dict[int, list[int]] = {}
    for count in (200, 800):
        folder = tmp_path / str(count)
        folder.mkdir()
        desk = Desk(folder)
        desk.load_sources()
        taken[count] = [instructions_of(desk, what, count, replace=True) for what in imports]
        desk.close()
    for what, few, many in zip(imports, *taken.values(), strict=True):
        assert many < 5 * few, f"four times as many {what} take {many / few:.1f} times as long"
