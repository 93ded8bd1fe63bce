"""The report as PDF: all that was written, in order, for screen readers and archives, the same bytes."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pdfua
import pikepdf
import pytest
from pypdf import PdfReader
from whole_report import MADE, MARKUP, whole_report

import report.render.pdf
import report.render.word
from report.model import Figure, Grid, Heading, Language, Rated, Report, Table, Text, Words, texts_of
from report.render.page import page
from report.render.pdf import TEMPLATES, pdf
from report.render.spoken import Mark
from report.render.word import word
from rules.errors import ReportNotRendered
from rules.remedy import Install

MARK = Mark(7, 23, Words(en="Director", cy="Cyfarwyddwr"), Words(en="24 November 2026, 2pm"))


@cache
def made(lang: Language = "en", mark: Mark | None = None) -> bytes:
    return pdf(whole_report(), lang, MADE, mark)


def text_of_pages(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


def without_spaces(text: str) -> str:
    return re.sub(r"\s", "", text)


def structure(content: bytes) -> Iterator[tuple[str, Any]]:
    """(kind, element) of everything in the structure tree, in reading order."""

    def walk(element: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(element, pikepdf.Dictionary) and "/S" in element:
            yield str(element["/S"]), element
        kids = element.get("/K") if isinstance(element, pikepdf.Dictionary) else None
        for kid in kids if isinstance(kids, pikepdf.Array) else [kids] if kids is not None else []:
            yield from walk(kid)

    with pikepdf.open(io.BytesIO(content)) as file:
        yield from walk(file.Root.StructTreeRoot)


def bookmarks(content: bytes) -> list[str]:
    def walk(items: list[Any]) -> Iterator[str]:
        for item in items:
            if isinstance(item, list):
                yield from walk(item)
            else:
                yield str(item.title)

    return list(walk(PdfReader(io.BytesIO(content)).outline))


@pytest.mark.parametrize("lang", ["en", "cy"])
def test_every_paragraph_is_in_the_pdf_in_its_order(lang: Language) -> None:
    text = without_spaces(" ".join(text_of_pages(made(lang))[2:]))
    at = 0
    for block in whole_report().blocks:
        if isinstance(block, Grid | Table | Figure):
            continue
        # The title of a rating is that of the heading above it.
        lines = list(texts_of(block, lang))[1 if isinstance(block, Rated) else 0 :]
        for line in lines:
            # Its supports are between the words where they were written.
            for part in re.split(r"(?<=one)(?=\.)", line):
                found = text.find(without_spaces(part), at)
                assert found >= 0, f"{part!r} is missing or out of its order"
                at = found


def test_every_cell_of_a_table_over_several_pages_is_in_the_pdf() -> None:
    pages = text_of_pages(made())
    text = " ".join(pages)
    assert all(f"S{number} Minutes of meeting {number}" in text for number in range(1, 61))
    with_sources = [page for page in pages if "Minutes of meeting" in page]
    assert len(with_sources) > 1
    assert all("Index Title" in page for page in with_sources), "the header is on every page"


def test_what_looks_like_markup_is_read_as_it_was_written() -> None:
    assert without_spaces(MARKUP) in without_spaces(" ".join(text_of_pages(made())))


@pytest.mark.parametrize("mark", [None, MARK], ids=["edition", "copy"])
@pytest.mark.parametrize("lang", ["en", "cy"])
def test_another_checker_of_pdf_ua_finds_nothing(lang: Language, mark: Mark | None, tmp_path: Path) -> None:
    # What it covers is 16 of 106 rules that machines can check; veraPDF is in no registry that tests may use.
    file = tmp_path / "report.pdf"
    file.write_bytes(made(lang, mark))
    assert [finding.message for finding in pdfua.validate(str(file)).findings] == []


def test_the_file_says_that_it_is_pdf_ua_and_pdf_a() -> None:
    said = made()[made().index(b"<?xpacket") :].decode("utf-8", "replace")
    assert "<pdfuaid:part>1</pdfuaid:part>" in said
    assert "<pdfaid:part>2</pdfaid:part>" in said
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in said


def test_headings_tables_and_pictures_are_in_the_structure_with_their_texts() -> None:
    report = whole_report()
    kinds = [kind for kind, _ in structure(made())]
    levels = [block.level for block in report.blocks if isinstance(block, Heading)]
    # Two appendices, the title of the contents and that of the facts are of level 1 as well.
    assert kinds.count("/H1") == levels.count(1) + 4
    assert kinds.count("/H2") == levels.count(2)
    assert kinds.count("/H3") == levels.count(3)
    # One table over all of its pages: the grid, and the sources.
    assert kinds.count("/Table") == 2
    assert kinds.count("/TH") >= 2 + len(report.blocks[2].columns)  # type: ignore[union-attr]
    figures = [block for block in report.blocks if isinstance(block, Figure)]
    alternatives = [str(one["/Alt"]) for _, one in structure(made()) if "/Alt" in one]
    assert alternatives == [figure.alt.en for figure in figures]


def test_headings_are_bookmarks() -> None:
    titles = [
        block.text.en for block in whole_report().blocks if isinstance(block, Heading) and block.level < 3
    ]
    found = bookmarks(made())
    assert [title for title in found if title in titles] == titles
    assert "Appendix A: Sources of evidence" in found


@pytest.mark.parametrize(("lang", "tag", "other"), [("en", "en-GB", None), ("cy", "cy-GB", "en")])
def test_the_file_and_passages_in_the_other_language_say_which_it_is(
    lang: Language, tag: str, other: str | None
) -> None:
    reader = PdfReader(io.BytesIO(made(lang)))
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == tag
    marked = {str(one["/Lang"]) for _, one in structure(made(lang)) if "/Lang" in one}
    assert (other in {name.partition("-")[0] for name in marked}) == bool(other)


def test_the_same_report_and_time_give_the_same_bytes() -> None:
    assert pdf(whole_report(), "cy", MADE, MARK) == made("cy", MARK)
    assert made("cy", MARK) != made("cy")


def test_a_copy_says_on_every_page_and_in_its_properties_whose_it_is() -> None:
    pages = text_of_pages(made("cy", MARK))
    assert all("Copi 7 o 23, Cyfarwyddwr, embargo tan 24 November 2026, 2pm" in page for page in pages)
    assert all("Copi 7" in page.replace("Copi 7 o 23", "") for page in pages), "the mark across the page"
    assert PdfReader(io.BytesIO(made("cy", MARK))).metadata["/Keywords"] == "copy 7 of 23"  # type: ignore[index]


def test_a_report_shows_no_supports_and_numbers_where_it_is_for_the_public() -> None:
    shown = whole_report().model_copy(update={"shows_supports": False, "shows_numbers": False})
    text = " ".join(text_of_pages(pdf(shown, "en", MADE)))
    assert "[E12]" in " ".join(text_of_pages(made()))
    assert "[E12]" not in text
    assert "62.4 % had one." in text
    assert "1 Services help" not in text


def test_no_page_is_lost_to_a_table_whose_one_row_is_longer_than_a_page() -> None:
    long = " ".join(f"word{number}" for number in range(4_000))
    table = whole_report().blocks[-3]
    assert isinstance(table, Table)
    rows = ((Words.same("S1"), Words.same(long)),)
    report = whole_report().model_copy(update={"blocks": (table.model_copy(update={"rows": rows}),)})
    text = " ".join(text_of_pages(pdf(report, "en", MADE)))
    assert [word for word in long.split() if word not in text] == []


def test_a_report_of_one_paragraph_is_a_report() -> None:
    one = whole_report().blocks[1]
    report = whole_report().model_copy(update={"blocks": (one,), "facts": ()})
    assert "Services help most people." in " ".join(text_of_pages(pdf(report, "en", MADE)))


def test_the_template_fetches_no_package() -> None:
    source = (TEMPLATES / "report.typ").read_text(encoding="utf-8")
    assert "@" not in source
    assert not re.search(r"#?\b(import|include|read)\b", source)


def test_words_taken_out_and_put_in_are_shown_as_such() -> None:
    runs = [("Carers ", "plain"), ("rarely", "removed"), ("often", "added"), (" ask.", "plain")]
    text = Text.model_validate({"en": [{"text": words, "style": style} for words, style in runs]})
    paragraph = whole_report().blocks[1].model_copy(update={"text": text})
    report: Report = whole_report().model_copy(update={"blocks": (paragraph,)})
    assert "Carers rarelyoften ask." in " ".join(text_of_pages(pdf(report, "en", MADE)))


@pytest.mark.parametrize(
    ("library", "renderer", "said"),
    [("typst", pdf, "PDF files need"), ("docx", word, "Word files need")],
)
def test_where_a_library_is_missing_the_refusal_names_what_to_install(
    library: str, renderer: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Python has it where a package is not installed; what was loaded before is put back afterwards.
    for door in (report.render.pdf._compiler, report.render.word._library):
        door.cache_clear()
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ReportNotRendered, match=said) as refused:
        renderer(whole_report(), "en", MADE)
    assert refused.value.remedies == (Install("report"),)
    assert "Services help most people." in page(whole_report(), "en")
