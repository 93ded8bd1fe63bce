"""The report as one HTML page: everything in it, nothing from elsewhere, no barrier to anyone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from browsing import barriers, chromium, context, fits
from playwright.sync_api import Browser
from selectolax.lexbor import LexborHTMLParser
from whole_report import MARKUP, whole_report

from report.model import Appendix, Figure, Heading, Language, Report, Words, texts_of
from report.render.page import page
from report.render.spoken import Mark

MARK = Mark(7, 23, Words(en="Director", cy="Cyfarwyddwr"))


@cache
def made(lang: Language = "en", mark: Mark | None = None) -> str:
    return page(whole_report(), lang, mark)


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.mark.parametrize(
    ("lang", "width", "mark"), [("en", 360, None), ("cy", 1280, None), ("en", 1280, MARK), ("cy", 360, MARK)]
)
def test_the_page_keeps_nobody_out(
    browser: Browser, lang: Language, width: int, mark: Mark | None, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text(page(whole_report(), lang, mark, other="report.html"), encoding="utf-8")
    scheme = "light" if mark else "dark"
    with context(browser, viewport={"width": width, "height": 900}, color_scheme=scheme) as profile:
        shown = profile.new_page()
        shown.goto(file.as_uri())
        assert barriers(shown) == []
        fits(shown)


@pytest.mark.parametrize("lang", ["en", "cy"])
def test_everything_that_was_written_is_on_the_page_in_its_order(lang: Language) -> None:
    main = LexborHTMLParser(made(lang)).css_first("main")
    text = plain(main.text()) if main else ""
    at = 0
    for block in whole_report().blocks:
        if block.kind in ("rating", "grid"):
            continue
        for line in texts_of(block, lang):
            found = text.find(plain(line).removesuffix("."), at)
            assert found >= 0, f"{line!r} is missing or out of its order"
            at = found


def test_headings_go_down_one_level_at_a_time() -> None:
    levels = [int(tag) for tag in re.findall(r"<h([1-6])", made())]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    titles = [block for block in whole_report().blocks if isinstance(block, Heading | Appendix)]
    # And the title, the contents, the facts.
    assert len(levels) == len(titles) + 3


def test_every_id_is_there_once_and_every_link_in_the_page_leads_to_one() -> None:
    two = whole_report().blocks
    chart = next(block for block in two if isinstance(block, Figure))
    again = chart.model_copy(update={"id": "f-again"})
    report = whole_report().model_copy(update={"blocks": (*two, again)})
    found = LexborHTMLParser(page(report, "en"))
    ids = [one.attributes["id"] for one in found.css("[id]")]
    assert len(ids) == len(set(ids)), "charts have ids of their own"
    leads = [one.attributes["href"] or "" for one in found.css("a[href]")]
    assert [lead for lead in leads if lead[1:] not in ids] == []
    named = [
        name
        for one in found.css("[aria-labelledby]")
        for name in str(one.attributes["aria-labelledby"]).split()
    ]
    assert [name for name in named if name not in ids] == []


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    found = LexborHTMLParser(made())
    assert found.css("script, link, img, iframe, object, embed, form") == []
    style = "".join(one.text() for one in found.css("style"))
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r'\son\w+="', made())


def test_what_looks_like_markup_is_read_as_it_was_written() -> None:
    assert plain(MARKUP) in plain(LexborHTMLParser(made()).css_first("#p6").text())  # type: ignore[union-attr]
    title = Words(en="Costs & <i>benefits</i>")
    assert "Costs &amp; &lt;i&gt;" in page(whole_report().model_copy(update={"title": title}), "en")


def test_the_page_and_passages_in_the_other_language_say_which_it_is() -> None:
    assert '<html lang="cy">' in made("cy")
    assert '<h4 id="carers-strengths"><span lang="en">Strengths</span></h4>' in made("cy")
    assert 'lang="en"' not in re.sub(r"<html[^>]*>", "", made("en"))
    link = LexborHTMLParser(page(whole_report(), "en", other="porth-cy.html")).css_first("a[hreflang]")
    assert link is not None
    assert (link.text(), link.attributes["href"], link.attributes["lang"]) == (
        "Cymraeg",
        "porth-cy.html",
        "cy",
    )


def test_a_chart_shows_its_figures_as_a_table_too() -> None:
    table = LexborHTMLParser(made()).css_first("#f-carers details table")
    assert table is not None
    assert [[cell.text() for cell in row.css("th, td")] for row in table.css("tbody tr")] == [
        ["Carers had a break", "62.4 %"],
        ["Carers were asked", "38 %"],
    ]


def test_a_copy_says_whose_it_is_and_the_edition_of_record_does_not() -> None:
    assert "Copi 7 o 23, Cyfarwyddwr" in made("cy", MARK)
    assert '<meta name="keywords" content="copy 7 of 23">' in made("cy", MARK)
    assert "Copi" not in made("cy")


def test_the_same_report_gives_the_same_page() -> None:
    made.cache_clear()
    first = made("cy")
    made.cache_clear()
    assert made("cy") == first


def test_words_taken_out_and_put_in_are_marked_for_everyone() -> None:
    text = {"en": [{"text": "rarely", "style": "removed"}, {"text": "often", "style": "added"}]}
    block = (
        whole_report().blocks[1].model_validate({"id": "p1", "number": 1, "text": text, "kind": "paragraph"})
    )
    report: Report = whole_report().model_copy(update={"blocks": (block,)})
    assert "<del>rarely</del><ins>often</ins>" in page(report, "en")
