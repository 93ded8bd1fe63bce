"""Pages asked for in Welsh: titles are Welsh and marked as such; the page says that all else is English."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from reading import REVIEW, Site

from rules.loader import load_policy

SAYS_SO = 'Titles are in <span lang="cy">Cymraeg</span>; all other text on this page is in English.'
VOID = {"br", "circle", "col", "hr", "img", "input", "line", "link", "meta", "path", "rect", "source"}


class Spoken(HTMLParser):
    """Every text of a page's body with the language that its nearest element with one gives."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = [("", "en")]
        self.feed(page.partition("<body")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("lang") or self._open[-1][1]))

    def handle_endtag(self, tag: str) -> None:
        while self._open[-1][0] not in (tag, ""):
            self._open.pop()
        if len(self._open) > 1:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1][1], " ".join(data.split())))


def titles(words: Any) -> Iterator[tuple[str, str]]:
    """Every title that is there in both languages."""
    if isinstance(words, dict):
        if set(words) >= {"en", "cy"}:
            yield words["en"], words["cy"]
        for part in words.values():
            yield from titles(part)
    elif isinstance(words, list | tuple):
        for part in words:
            yield from titles(part)


def wrongly_marked(page: str) -> list[tuple[str, str]]:
    framework = load_policy("wales-round-2").framework
    english, welsh = map(set, zip(*titles(framework.model_dump()), strict=True))
    return [
        (language, text)
        for language, text in Spoken(page).texts
        if (language == "cy" and text in english - welsh) or (language == "en" and text in welsh - english)
    ]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/trail/cell",
        "/trail/services",
        "/trail/carers",
        "/rule/getting-help.excellent.strengths",
        "/rule/cell.mainly-good.uncertainly",
        "/whatif/cell",
        "/whatif/carers",
        "/uncertainty",
        "/next",
        "/panel",
        "/panel/carers",
    ],
)
async def test_a_page_in_welsh_says_what_is_welsh_and_marks_every_title(site: Site, path: str) -> None:
    page = await site.page(f"{REVIEW}{path}?lang=cy")
    assert SAYS_SO in page
    assert wrongly_marked(page) == []
    assert any(language == "cy" for language, _ in Spoken(page).texts)


async def test_a_page_in_english_says_nothing_of_languages(site: Site) -> None:
    assert "all other text on this page" not in await site.page(f"{REVIEW}/trail/carers")


def test_a_title_without_its_mark_and_a_mark_on_english_are_found() -> None:
    page = '<body><p>Cymorth i ofalwyr <br>and <b lang="cy">Support for carers</b></p><i>Gwael</i></body>'
    assert wrongly_marked(page) == [
        ("en", "Cymorth i ofalwyr"),
        ("cy", "Support for carers"),
        ("en", "Gwael"),
    ]
