"""The report as a Word document, as other readers of such documents see it; tracked changes; copies."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mammoth
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from whole_report import MADE, MARKUP, text_of, whole_report

from report.model import (
    Appendix,
    Bullets,
    Figure,
    Grid,
    Heading,
    Language,
    Numbered,
    Paragraph,
    Report,
    Table,
    Words,
    texts_of,
)
from report.render.spoken import Mark
from report.render.tracked import Line, compared_blocks
from report.render.word import tracked, word

ROOT = Path(__file__).parents[1]
READER = ROOT / ".venv" / "docx-ng"
MARK = Mark(7, 23, Words(en="Director", cy="Cyfarwyddwr"))
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read(folder: Path, *contents: bytes) -> list[dict[str, Any]]:
    """What python-docx-ng reads of these documents."""
    if not READER.is_dir():
        pytest.fail(f"python-docx-ng is not at {READER}; install it with: make test", pytrace=False)
    files = []
    for number, content in enumerate(contents):
        files.append(folder / f"{number}.docx")
        files[-1].write_bytes(content)
    script = ROOT / "tests" / "helping" / "read_word.py"
    done = subprocess.run(
        [sys.executable, str(script), *map(str, files)],
        env=os.environ | {"PYTHONPATH": str(READER)},
        capture_output=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@cache
def made(lang: Language = "en", mark: Mark | None = None) -> bytes:
    return word(whole_report(), lang, MADE, mark)


@pytest.fixture(scope="module")
def as_read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The report in both languages and a copy of it, as python-docx-ng reads them."""
    english, welsh, copy = read(tmp_path_factory.mktemp("read"), made(), made("cy"), made("cy", MARK))
    return {"en": english, "cy": welsh, "copy": copy}


def part(content: bytes, name: str = "word/document.xml") -> ElementTree.Element:
    return ElementTree.fromstring(zipfile.ZipFile(io.BytesIO(content)).read(name))


def headings_of(report: Report, lang: Language) -> list[tuple[str, str]]:
    found = []
    for block in report.blocks:
        if isinstance(block, Appendix):
            name = "Appendix" if lang == "en" else "Atodiad"
            found.append(("h1", f"{name} {block.letter}: {block.text.spoken(lang)[0]}"))
        elif isinstance(block, Heading):
            found.append((f"h{block.level}", block.text.spoken(lang)[0]))
    return found


@pytest.mark.parametrize("lang", ["en", "cy"])
def test_mammoth_finds_the_headings_of_the_report_and_no_others(lang: Language) -> None:
    html = mammoth.convert_to_html(io.BytesIO(made(lang))).value
    found = LexborHTMLParser(html).css("h1, h2, h3, h4, h5, h6")
    # The first is the title, which Word keeps apart from headings.
    titled = [(one.tag, one.text().strip()) for one in found]
    assert [one for one in titled if one[1] != whole_report().title.spoken(lang)[0]] == headings_of(
        whole_report(), lang
    )


@pytest.mark.parametrize("lang", ["en", "cy"])
def test_every_paragraph_is_in_the_document_in_its_order(lang: Language, as_read: dict[str, Any]) -> None:
    paragraphs = [text for _, text in as_read[lang]["paragraphs"]]
    at = 0
    for block in whole_report().blocks:
        if not isinstance(block, Numbered):
            continue
        for line in texts_of(block, lang):
            words = line.removesuffix(".")
            found = next((n for n, text in enumerate(paragraphs[at:], at) if words in text), None)
            assert found is not None, f"{line!r} is missing or out of its order"
            at = found
    assert any(MARKUP in text for text in paragraphs)


def test_tables_have_a_title_a_header_on_every_page_and_all_their_cells(as_read: dict[str, Any]) -> None:
    report = whole_report()
    grid, sources = (
        block for block in report.blocks if isinstance(block, Grid | Table) and block.id != "files"
    )
    assert isinstance(grid, Grid)
    assert isinstance(sources, Table)
    first, second = as_read["en"]["tables"]
    assert (first["title"], first["header"]) == (grid.alt.en, True)
    assert first["rows"][0] == [grid.up.en, *(level.en for level in grid.columns)]
    assert first["rows"][1] == ["Well placed", "", "Porth Council", "", ""]
    assert (second["title"], second["header"]) == (sources.caption.en, True)
    assert second["rows"] == [
        [column.title.en for column in sources.columns],
        *([cell.en for cell in row] for row in sources.rows),
    ]


def test_pictures_have_their_texts_and_pages_are_a4(as_read: dict[str, Any]) -> None:
    figure = next(block for block in whole_report().blocks if isinstance(block, Figure))
    assert as_read["en"]["pictures"] == [[figure.caption.en, figure.alt.en]]
    assert as_read["cy"]["pictures"] == [[figure.caption.cy, figure.alt.en]]
    assert as_read["en"]["page"] == [210, 297]


def test_the_file_says_what_it_is_whose_and_in_which_language(as_read: dict[str, Any]) -> None:
    title = "Joint review of social services: Porth Council"
    assert as_read["en"]["about"] == [title, "The joint review team", "en-GB", ""]
    assert as_read["cy"]["about"][2] == "cy-GB"
    assert part(made("cy"), "word/styles.xml").find(f".//{W}rPrDefault//{W}lang").get(f"{W}val") == "cy-GB"  # type: ignore[union-attr]


def test_every_passage_in_the_other_language_says_so() -> None:
    def tagged(content: bytes) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for run in part(content).iter(f"{W}r"):
            lang = run.find(f"{W}rPr/{W}lang")
            text = "".join(one.text or "" for one in run.iter(f"{W}t"))
            found.setdefault(lang.get(f"{W}val", "") if lang is not None else "", set()).add(text)
        return found

    welsh, english = tagged(made("cy")), tagged(made("en"))
    assert "Mae tŷ, dŵr a gwŷr yn Llŷn." in welsh[""]
    assert {"Strengths", "Answer letters within a week.", "Draft"} & welsh["en-GB"] == {
        "Strengths",
        "Answer letters within a week.",
    }
    assert set(english) == {""}


def test_lists_with_numbers_count_from_one_each() -> None:
    lists = [block for block in whole_report().blocks if isinstance(block, Bullets) and block.ordered]
    numbers = [one.get(f"{W}val") for one in part(made()).iter(f"{W}numId")]
    assert len(set(numbers)) == len(lists)
    starts = {
        one.get(f"{W}numId"): one.find(f".//{W}startOverride")
        for one in part(made(), "word/numbering.xml").iter(f"{W}num")
    }
    assert all(starts[number] is not None for number in numbers)


def test_the_same_report_and_time_give_the_same_bytes() -> None:
    assert word(whole_report(), "cy", MADE, MARK) == made("cy", MARK)
    assert made("cy") != made("cy", MARK)


def test_a_copy_says_on_every_page_and_in_its_properties_whose_it_is(as_read: dict[str, Any]) -> None:
    copy = as_read["copy"]
    assert copy["foot"][0].startswith("Copi 7 o 23, Cyfarwyddwr\t")
    assert "Drafft, nid i'w gyhoeddi" in copy["foot"][1]
    assert copy["about"][3] == "copy 7 of 23"
    names = [name for name in zipfile.ZipFile(io.BytesIO(made("cy", MARK))).namelist() if "header" in name]
    texts = [zipfile.ZipFile(io.BytesIO(made("cy", MARK))).read(name).decode() for name in names]
    assert len(texts) == 2, "the first page has a head of its own"
    assert all('string="Copi 7"' in text for text in texts), "the mark across the page"


def test_nothing_in_the_file_leads_elsewhere() -> None:
    archive = zipfile.ZipFile(io.BytesIO(made()))
    for name in archive.namelist():
        if name.endswith(".rels"):
            assert b'TargetMode="External"' not in archive.read(name), name
    assert not [name for name in archive.namelist() if "thumbnail" in name or "vba" in name.lower()]


def changed_report() -> Report:
    """After comments: a paragraph reworded, one gone, two new; a row gone, one new, one reworded."""
    report = whole_report(8)
    blocks = {block.id: block for block in report.blocks}
    sources = blocks["sources"]
    assert isinstance(sources, Table)
    rows = [row for number, row in enumerate(sources.rows) if number != 2]
    rows[0] = (rows[0][0], Words(en="Minutes of the first meeting"))
    rows.append((Words.same("S99"), Words(en="A letter of the council")))
    blocks["sources"] = sources.model_copy(update={"rows": tuple(rows)})
    blocks["p1"] = blocks["p1"].model_copy(update={"text": text_of("Services help many people, not all.")})
    del blocks["p5"]
    new = {
        f"p{number}": Paragraph(id=f"p{number}", number=number, text=text_of("Quite new."))
        for number in (20, 21)
    }
    placed = []
    for block in blocks.values():
        placed.append(block)
        placed += list(new.values()) if block.id == "p6" else []
    return report.model_copy(update={"blocks": tuple(placed)})


def words_of(report: Report) -> dict[str, Any]:
    """What a document with nothing tracked says of a report."""
    paragraphs, tables = [], []
    for one in compared_blocks(report, report, "en"):
        if isinstance(one, Line):
            number = "" if one.number is None else f"{one.number}\t"
            paragraphs.append(number + "".join(piece.text for piece in one.pieces))
        else:
            tables.append([["".join(piece.text for piece in cell) for cell in row.cells] for row in one.rows])
            paragraphs.append("")
    return {"paragraphs": paragraphs, "tables": tables}


def test_rejecting_all_tracked_changes_gives_the_first_edition_and_accepting_all_the_second(
    tmp_path: Path,
) -> None:
    before, after = whole_report(8), changed_report()
    (found,) = read(tmp_path, tracked(before, after, "en", MADE))
    assert found["rejected"] == words_of(before)
    assert found["accepted"] == words_of(after)
    assert found["rejected"] != found["accepted"]


def test_changes_are_tracked_word_by_word_with_author_and_date() -> None:
    document = part(tracked(whole_report(8), changed_report(), "en", MADE))
    added = ["".join(text.text or "" for text in one.iter(f"{W}t")) for one in document.iter(f"{W}ins")]
    removed = [
        "".join(text.text or "" for text in one.iter(f"{W}delText")) for one in document.iter(f"{W}del")
    ]
    assert [text for text in added if text][:2] == ["many", ", not all"]
    assert "most" in removed
    marks = [*document.iter(f"{W}ins"), *document.iter(f"{W}del")]
    assert {one.get(f"{W}author") for one in marks} == {"The joint review team"}
    assert {one.get(f"{W}date") for one in marks} == {"2026-11-28T12:00:00Z"}
    assert len({one.get(f"{W}id") for one in marks}) == len(marks)


def test_an_edition_that_changed_nothing_has_no_tracked_change() -> None:
    document = part(tracked(whole_report(8), whole_report(8), "en", MADE))
    assert not list(document.iter(f"{W}ins")) + list(document.iter(f"{W}del"))


paragraphs = st.dictionaries(
    st.integers(1, 6), st.lists(st.sampled_from(["a", "b", "the", "wait,", "ŵyl"]), max_size=5), max_size=6
)


@settings(max_examples=60)
@given(paragraphs, paragraphs)
def test_both_versions_can_be_read_from_what_is_compared(
    before: dict[int, list[str]], after: dict[int, list[str]]
) -> None:
    def report(texts: dict[int, list[str]]) -> Report:
        blocks = tuple(
            Paragraph(id=f"p{number}", number=number, text=text_of(" ".join(words)))
            for number, words in texts.items()
        )
        return whole_report().model_copy(update={"blocks": blocks})

    lines = [one for one in compared_blocks(report(before), report(after), "en") if isinstance(one, Line)]
    for version, without in ((before, "added"), (after, "removed")):
        read_back = [
            "".join(piece.text for piece in line.pieces if piece.change != without)
            for line in lines
            if line.change != without
        ]
        assert read_back == [" ".join(words) for words in version.values()]
