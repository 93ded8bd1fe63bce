"""Lists of pages as Excel and CSV: whole, for those alone who may see the page; Datasette's own tables."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from every_table import fill_every_table
from openpyxl import load_workbook
from reading import ROOT, Site

from evidence.intake.importing import import_files
from evidence.items import ItemFilter, list_items
from joint_review.opening import open_programme
from joint_review.web.page import REVIEW, Page
from joint_review.web.routes import all_pages
from joint_review.web.tables import MORE, as_asked
from programme.database import one
from programme.reviews import find_review

REVIEWER = {"id": "reviewer-1", "held": [["reviewer", "r1"]], "all_reviews": []}
ELSEWHERE = {"id": "reviewer-9", "held": [["reviewer", "elsewhere"]], "all_reviews": []}
MANY = 1_100


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    path = fill_every_table(folder / "programme.db")
    db = open_programme(path)
    head = "source,locator,finding,direction,significance,domains\n"
    many = "".join(f"C1,line {n},Tŷ number {n}.,strength,1,resources\n" for n in range(MANY))
    (folder / "findings.csv").write_text(head + many, encoding="utf-8")
    review = find_review(db, "r1")
    import_files(db, review, [folder / "findings.csv"], by="lead", at=datetime(2026, 3, 1, tzinfo=UTC))
    db.conn.close()
    return path


def sheets(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = load_workbook(io.BytesIO(content), read_only=True)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def records(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_a_list_of_items_goes_out_whole_with_its_filter(programme: Path, site: Site) -> None:
    answer = await site.get("/reviews/r1/items.xlsx?domain=resources&page=2", REVIEWER)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="r1-items.xlsx"'
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    found = sheets(answer.content)
    assert set(found) == {"sources", "findings"} and len(found["findings"]) == MANY + 1
    answer = await site.get("/reviews/r1/items.zip?domain=resources", REVIEWER)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        content = archive.read("evidence/findings.csv")
    assert content.startswith(b"\xef\xbb\xbf") and len(records(content)) == MANY + 1
    db = open_programme(programme)
    _, total = list_items(db, find_review(db, "r1"), ItemFilter())
    db.conn.close()
    everything = sheets((await site.get("/reviews/r1/items.xlsx", REVIEWER)).content)
    items = sum(len(rows) - 1 for name, rows in everything.items() if name != "sources")
    assert items == total > MANY


async def test_a_whole_review_goes_out_with_single_answers_for_some_alone(site: Site) -> None:
    with_all = sheets((await site.get("/reviews/r1.xlsx", ROOT)).content)
    assert {"survey-responses", "respondents", "ratings", "measures", "decisions"} <= set(with_all)
    found = sheets((await site.get("/reviews/r1.xlsx", REVIEWER)).content)
    assert {"findings", "survey-results", "ratings"} <= set(found)
    assert not {"survey-responses", "respondents", "population-margins"} & set(found)


def addresses() -> list[str]:
    """Every page that has something that goes out, of the review r1."""
    names = {"review": "r1", "source": "D-001", "framework": "wales-round-2"}
    found = []
    for page, _ in all_pages():
        if isinstance(page, Page) and page.goes_out:
            path = page.path
            for name, value in names.items():
                path = path.replace(f"(?P<{name}>[^/]+?)", value)
            found.append(path)
    return found


async def test_every_list_is_to_be_had_and_the_page_says_so(site: Site) -> None:
    assert len(addresses()) > 12
    empty = []
    for path in addresses():
        page = await site.get(path)
        assert f'href="{path}.xlsx"' in page.text and f'href="{path}.zip"' in page.text, path
        answer = await site.get(f"{path}.xlsx")
        if answer.status_code == 404 and "nothing to export" in answer.text:
            empty.append(path)
            continue
        assert answer.status_code == 200, (path, answer.text)
        assert all(len(rows) > 1 for rows in sheets(answer.content).values()), path
    assert len(empty) < 4, empty


@pytest.mark.parametrize("said", [None, ELSEWHERE])
async def test_nothing_goes_out_to_who_may_not_see_the_page(site: Site, said: dict[str, Any] | None) -> None:
    for path in addresses():
        if path == "/reviews" and said:
            continue
        for suffix in (".xlsx", ".zip", ".csv"):
            answer = await site.get(path + suffix, said)
            assert answer.status_code == 403, (path, answer.status_code)
            assert b"PK" not in answer.content[:4]


async def test_who_codes_blind_has_no_items_of_the_review(programme: Path, site: Site) -> None:
    db = open_programme(programme)
    coder = one(db, "select coder from coding_batch where done_event is null")
    db.conn.close()
    assert coder
    said = {"id": coder, "held": [["reviewer", "r1"]], "all_reviews": []}
    answer = await site.get("/reviews/r1/items.xlsx", said)
    assert answer.headers["content-type"].startswith("text/html") and b"PK" not in answer.content[:4]
    answer = await site.get("/reviews/r1/sources.xlsx", said)
    assert set(sheets(answer.content)) - {"Left out"} == {"sources"}


async def test_a_list_of_another_kind_keeps_what_its_json_holds(site: Site) -> None:
    told = (await site.json("/reviews/r1/challenges.json"))["challenges"]
    found = sheets((await site.get("/reviews/r1/challenges.xlsx")).content)["challenges"]
    column = found[0].index("number")
    assert [row[column] for row in found[1:]] == [one["number"] for one in told]


# Datasette's own tables


@pytest.mark.parametrize(
    "asked", ["?_search=+&_sort=id", "?_search=%22%22", "?_search_text=+", "?_search=%09"]
)
@pytest.mark.parametrize("suffix", ["", ".json", ".csv"])
async def test_a_blank_search_shows_the_whole_table(site: Site, asked: str, suffix: str) -> None:
    answer = await site.get(f"/programme/evidence{suffix}{asked}")
    assert answer.status_code == 200
    if suffix == ".csv":
        assert len(records(answer.content)) > MANY
    if suffix == ".json":
        assert answer.json()["filtered_table_rows_count"] > MANY


async def test_a_search_still_searches(site: Site) -> None:
    answer = await site.get("/programme/evidence.json?_search=%22number+1099%22")
    assert answer.json()["filtered_table_rows_count"] == 1


async def test_the_csv_of_a_table_has_every_row(programme: Path, site: Site) -> None:
    page = (await site.get("/programme/evidence?_sort=locator")).text
    [link] = {part.split('"')[0] for part in page.split('href="')[1:] if ".csv?" in part.split('"')[0]}
    content = (await site.get(link.replace("&amp;", "&"))).content
    db = open_programme(programme)
    assert len(records(content)) - 1 == one(db, "select count(*) from evidence") > MANY
    db.conn.close()
    assert content.startswith(b"\xef\xbb\xbf") and "Tŷ number 1099.".encode() in content
    some = (await site.get("/programme/evidence.csv?_size=5")).content
    assert len(records(some)) == 6


async def test_the_csv_of_a_query_that_was_ended_says_so(site: Site) -> None:
    query = "/programme.csv?sql=select+id+from+evidence+limit+"
    ended = records((await site.get(f"{query}1001")).content)
    assert len(ended) == 1_002 and ended[-1] == [MORE]
    assert records((await site.get(f"{query}3")).content)[-1] != [MORE]


def test_what_is_asked_of_other_tables_stays_as_it_is() -> None:
    scope = {"path": "/programme/evidence", "query_string": b"_search=carers&_search_text=+&_sort=id"}
    assert as_asked(scope)["query_string"] == b"_search=carers&_sort=id"
    scope["query_string"] = b"_search=a%26b&x=%C5%B7"
    assert as_asked(scope) == scope
    assert REVIEW
