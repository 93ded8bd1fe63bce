"""The charts of a report, drawn once for all renderers: SVG for PDF and HTML, PNG for Word."""

from __future__ import annotations

import re
from functools import lru_cache

from pictures.plots import FONTS
from pictures.shares import Share, Shares, shares_picture, shares_plot
from report.model import Bar, Figure, Language
from report.render.phrases import phrase

WIDTH = 560
"""Pixels: on a page of paper, its letters are a little smaller than those of the text."""
KEPT = 64
"""Charts that are kept: all of a report, for its PDF, its page and its many copies."""
REFERS = re.compile(r'( id="| href="#| xlink:href="#|url\(#| aria-labelledby=")([^")]+)')


@lru_cache(maxsize=KEPT)
def svg_of(figure: Figure, lang: Language) -> str:
    """The chart as SVG text, with its words in that language."""
    return shares_plot(_chart(figure, lang), WIDTH)


@lru_cache(maxsize=KEPT)
def png_of(figure: Figure, lang: Language) -> bytes:
    """The chart as a PNG file of 200 dots to the inch."""
    return shares_picture(_chart(figure, lang), WIDTH)


def with_ids_of_its_own(svg: str, name: str) -> str:
    """The SVG with `name` before all its ids, so that many charts can be in one page."""

    def renamed(match: re.Match[str]) -> str:
        return match[1] + " ".join(f"{name}-{part}" for part in match[2].split())

    return REFERS.sub(renamed, svg)


def with_font(svg: str, font: str) -> str:
    """The SVG with its texts in another font."""
    return svg.replace(FONTS, f"'{font}'")


def _chart(figure: Figure, lang: Language) -> Shares:
    return Shares(
        title=figure.caption.spoken(lang)[0],
        described=figure.alt.spoken(lang)[0],
        axis=figure.axis.spoken(lang)[0],
        rows=[_row(bar, lang) for bar in figure.bars],
        interval=phrase(lang, "interval"),
        others=phrase(lang, "range"),
        most=figure.most,
    )


def _row(bar: Bar, lang: Language) -> Share:
    return Share(
        name=bar.label.spoken(lang)[0],
        shown=bar.shown.spoken(lang)[0],
        value=bar.value,
        interval=None if bar.low is None or bar.high is None else (bar.low, bar.high),
        others=None if bar.worst is None or bar.best is None else (bar.worst, bar.best),
    )
