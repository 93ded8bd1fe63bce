"""Plots as SVG text: the one door to matplotlib, which is imported when the first plot is drawn.

Every plot (pictures.charts has some) is a function from plain data to the text of an SVG file. To add one:
`paper` gives the figure, the axes and room for a title, the axes' own methods draw, `as_svg` gives the text.
The same data gives the same bytes, in any process: no date, no random ids, no settings of the machine.
Lengths are CSS pixels.

Text stays text (`svg.fonttype: none`): it can be searched, read aloud and copied, and takes the fonts of the
pages. Places are computed with DejaVu Sans, which comes with matplotlib, has the letters of Welsh, and is
wider than any of those fonts, so that what fits here fits there. Nothing is said by colour alone: areas
differ in hatch or lightness, points in their shape, and numbers and names stand beside them.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure

INK, QUIET, LINE, EDGE = "#1a2530", "#4a5866", "#c5ced6", "#7b8996"
ACCENT, PALE, BAD, GROUND = "#0b4a6f", "#e3eef5", "#93261f", "#ffffff"
"""The colours of the pages, in their light scheme (joint_review/web/static/review.css)."""
DARK = {
    INK: "#e8edf1",
    QUIET: "#b1bdc8",
    LINE: "#3a4752",
    EDGE: "#7d8b98",
    ACCENT: "#8ecbf0",
    PALE: "#1e3a4e",
    BAD: "#ff9d94",
    GROUND: "#12191f",
}
"""What stands in place of each for readers who prefer dark pages."""
WIDE, NARROW = 720, 328
"""Widths to draw for: the text column of a page, and that of a telephone."""
MARGIN = 8
TITLE, TEXT, SMALL = 14, 12, 10.5
"""Font sizes."""
FONTS = "'Segoe UI', 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
MEASURED_WITH = "'DejaVu Sans', sans-serif"
SETTINGS: dict[str, Any] = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT,
    "svg.fonttype": "none",
    "svg.hashsalt": "joint-review",
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": EDGE,
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "grid.color": LINE,
    "grid.linewidth": 0.75,
    "hatch.color": ACCENT,
    "hatch.linewidth": 0.8,
    "lines.linewidth": 1.5,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "path.simplify": False,
}
_DRAWING = threading.RLock()
"""Fonts are not safe between threads, and pages draw in several."""


@cache
def _library() -> SimpleNamespace:
    """What is used of matplotlib, with its settings as they must be; takes half a second the first time."""
    import matplotlib
    from matplotlib import font_manager
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    matplotlib.rcdefaults()
    settings: Any = matplotlib.rcParams
    settings.update(SETTINGS)
    return SimpleNamespace(figure=Figure, canvas=FigureCanvasSVG, fonts=font_manager)


@dataclass(frozen=True)
class Paper:
    """A figure with one pair of axes to draw in."""

    figure: Figure
    axes: Axes
    title: str
    width: int
    height: int
    """Of the whole, as `width`."""


@contextmanager
def paper(
    title: str,
    width: int,
    height: float,
    *,
    left: float = MARGIN,
    below: float = 44,
    title_drawn: bool = True,
) -> Iterator[Paper]:
    """A figure with its title, and axes `height` high in what `left` and `below` (for labels) leave of it.

    One is drawn at a time: `as_svg` and `as_png` must be called within. A title that is not drawn, since the
    page shows it beside the figure, is still the title of the SVG file.
    """
    with _DRAWING:
        kit = _library()
        lines = wrapped(title, width - 2 * MARGIN, TITLE, bold=True) if title_drawn else []
        above = MARGIN + len(lines) * TITLE * 1.3 + MARGIN
        whole = round(above + height + below)
        figure = kit.figure(figsize=(width / 72, whole / 72), dpi=72)
        kit.canvas(figure)
        box = (left / width, below / whole, (width - left - MARGIN) / width, (whole - above - below) / whole)
        axes = figure.add_axes(box)
        for number, line in enumerate(lines):
            at = MARGIN + TITLE + number * TITLE * 1.3
            figure.text(MARGIN / width, 1 - at / whole, line, size=TITLE, weight="bold")
        yield Paper(figure, axes, title, width, whole)


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = TEXT, *, bold: bool = False) -> float:
    """How wide a text is, at most."""
    with _DRAWING:
        fonts = _library().fonts
        found = fonts.FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
        font = fonts.get_font(fonts.findfont(found))
        font.set_size(size, 72)
        font.set_text(text, 0.0)
        return float(font.get_width_height()[0]) / 64


def wrapped(text: str, width: float, size: float = TEXT, *, bold: bool = False) -> list[str]:
    """The text in lines no wider than `width`, broken between words only."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines or [""]


def as_svg(page: Paper, described: str) -> str:
    """The figure as the text of an SVG file, titled, and described in words for those who do not see it."""
    out = io.StringIO()
    page.figure.savefig(out, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = out.getvalue()
    # What stands before the root names a file elsewhere; the title goes where readers look for it.
    text = text[text.index("<svg ") :].replace(MEASURED_WITH, FONTS)
    head, rest = text.split(">", 1)
    head = re.sub(r'(\d)pt"', r'\1"', head)
    style = f"<style>@media screen and (prefers-color-scheme: dark) {{ {_in_the_dark()} }}</style>"
    words = f'<title id="title">{escape(page.title)}</title>\n <desc id="desc">{escape(described)}</desc>'
    return f'{head} role="img" aria-labelledby="title desc">\n {words}\n {style}{rest}'


def as_png(page: Paper, dots: int) -> bytes:
    """The figure as a PNG file with so many dots to the inch, 72 pixels wide: for what shows no SVG."""
    out = io.BytesIO()
    page.figure.savefig(out, format="png", dpi=dots, metadata={"Software": None})
    return out.getvalue()


@cache
def _in_the_dark() -> str:
    """CSS that puts every colour's dark counterpart in its place, wherever it fills or draws.

    By the colours themselves and not by custom properties, so that the file keeps its light colours where it
    is shown by what knows neither (word processors, printers).
    """
    return " ".join(
        f'[style*="{part}: {light}"], [{part}="{light}"] {{ {part}: {dark} !important }}'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
    )
