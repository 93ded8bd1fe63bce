"""Charts of rows: what moves a rating, the profile of a review, the chances of a wrong rating.

A row is a name and, beside it (above it, where the chart is narrow), what is to be seen. Every function gives
the text of an SVG file (see pictures.plots). All lengths are CSS pixels, measured from the top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assessment.robustness.next_evidence import DomainNext, Next
from assessment.robustness.profile import Line, Profile, Section
from assessment.robustness.tornado import Bar, Tornado
from pictures.plots import (
    ACCENT,
    BAD,
    EDGE,
    GROUND,
    INK,
    MARGIN,
    NARROW,
    PALE,
    QUIET,
    SMALL,
    TEXT,
    WIDE,
    Paper,
    as_svg,
    paper,
    wrapped,
)
from rules.words import percent, percentage

if TYPE_CHECKING:
    from pictures.plots import Axes

BESIDE, GAP, LINE_HEIGHT = 236, 12, 15
"""Room for names beside a row, between rows, and for a line of text."""
HATCH = "////"


@dataclass(frozen=True)
class Rows:
    """Where the rows of a chart go: names in `names`, what they show from `start` to `end`."""

    width: int
    names: int
    start: int

    @property
    def end(self) -> int:
        """The right edge."""
        return self.width - 2 * MARGIN

    def columns(self, count: int) -> list[float]:
        """The middles of so many columns."""
        return [self.start + (number + 0.5) * self.column(count) for number in range(count)]

    def column(self, count: int) -> float:
        """The width of one of so many columns."""
        return (self.end - self.start) / count

    def height(self, name: str, body: float) -> float:
        """Of a row with that name and what it shows."""
        lines = len(wrapped(name, self.names)) * LINE_HEIGHT
        return (max(lines, body) if self.start else lines + 4 + body) + GAP


def rows_of(width: int) -> Rows:
    """Rows of a chart of that width: with names beside them, if there is room."""
    beside = width >= (WIDE + NARROW) / 2
    return Rows(width, BESIDE - GAP if beside else width - 2 * MARGIN, BESIDE if beside else 0)


def _canvas(page: Paper, height: float) -> Axes:
    """The axes as a sheet measured in pixels, with nothing drawn yet."""
    page.axes.set_axis_off()
    page.axes.set_xlim(0, page.width - 2 * MARGIN)
    page.axes.set_ylim(height, 0)
    return page.axes


def _words(axes: Axes, x: float, y: float, lines: Sequence[str], **style: Any) -> float:
    """Lines of text from `y` down; gives where they end."""
    for line in lines:
        axes.text(x, y + 11, line, **{"size": TEXT, **style})
        y += LINE_HEIGHT
    return y


def _name(axes: Axes, rows: Rows, y: float, name: str, body: float, **style: Any) -> float:
    """The name of a row that shows something `body` high; gives where that begins."""
    lines = wrapped(name, rows.names)
    if not rows.start:
        return _words(axes, 0, y, lines, **style) + 4
    _words(axes, 0, y + max(0, (body - len(lines) * LINE_HEIGHT) / 2), lines, **style)
    return y


def _box(axes: Axes, left: float, top: float, width: float, height: float, *, dark: bool) -> None:
    """A filled area; light ones are hatched."""
    style: dict[str, Any] = {"facecolor": ACCENT} if dark else {"facecolor": GROUND, "hatch": HATCH}
    axes.barh(top, width, height, left, align="edge", edgecolor=ACCENT, linewidth=0.8, **style)


def _rule(axes: Axes, x: float, top: float, bottom: float) -> None:
    """An upright line that is seen on dark and on light."""
    axes.plot([x, x], [top, bottom], color=GROUND, linewidth=4.5, solid_capstyle="butt")
    axes.plot([x, x], [top, bottom], color=INK, linewidth=2, solid_capstyle="butt")


def _headings(axes: Axes, rows: Rows, y: float, titles: Sequence[str]) -> float:
    """The names of columns; gives where they end."""
    room = rows.column(len(titles)) - 4
    broken = [wrapped(title, room, SMALL) for title in titles]
    for x, lines in zip(rows.columns(len(titles)), broken, strict=True):
        _words(axes, x, y, lines, size=SMALL, color=QUIET, ha="center")
    return y + _headings_height(rows, titles)


def _headings_height(rows: Rows, titles: Sequence[str]) -> float:
    room = rows.column(len(titles)) - 4
    return max(len(wrapped(title, room, SMALL)) for title in titles) * LINE_HEIGHT + 6


Sign = Callable[["Axes", float], None]
"""Draws a sign of the key at the left edge, in a line of text that begins at y."""
SIGN = 34
"""Room for it."""


def _key(axes: Axes, width: int, y: float, signs: Sequence[tuple[Sign, str]]) -> None:
    for draw, said in signs:
        draw(axes, y)
        y = _words(axes, SIGN, y, _key_lines(width, said), size=SMALL, color=QUIET) + 3


def _key_lines(width: int, said: str) -> list[str]:
    return wrapped(said, width - 2 * MARGIN - SIGN, SMALL)


def _key_height(width: int, signs: Sequence[tuple[Sign, str]]) -> float:
    return sum(len(_key_lines(width, said)) * LINE_HEIGHT + 3 for _, said in signs)


def _sign_of_box(dark: bool) -> Sign:
    return lambda axes, y: _box(axes, 2, y + 2, 24, 10, dark=dark)


def _sign_of_rule(axes: Axes, y: float) -> None:
    _rule(axes, 14, y, y + 13)


# What moves a rating

BAR = 18


def tornado_plot(found: Tornado, width: int = WIDE) -> str:
    """What moves a rating: the levels that each measure (or domain) reaches alone.

    One column per level; what moves nothing is named below.
    """
    rows = rows_of(width)
    moving = [bar for bar in found.bars if bar.moves]
    still = [f"{bar.title} ({bar.shown})" for bar in found.bars if not bar.moves]
    unrated = not found.level or any(0 in bar.reaches for bar in found.bars)
    titles = [*(["No rating"] if unrated else []), *found.levels]
    each = "measure" if found.of == "measures" else "domain"
    is_measure = found.of == "measures"
    key: list[tuple[Sign, str]] = [
        (_sign_of_rule, f"In the run: {found.level_title}" + (" (proposed)" if found.decided else "")),
        (_sign_of_box(dark=True), WITHIN[found.of]),
        (_sign_of_box(dark=False), WHOLE[found.of]),
    ]
    if not moving:
        key = []
    none = f"No {each} alone moves it." if not moving else ""
    last = wrapped(none or f"Alone they move nothing: {'; '.join(still)}.", width - 2 * MARGIN, SMALL)
    if moving and not still:
        last = []
    names = [_bar_name(bar) if is_measure else f"{bar.title}: {bar.shown}" for bar in moving]
    top = _headings_height(rows, titles) + LINE_HEIGHT if moving else 0
    whole = sum(rows.height(name, BAR) for name in names)
    height = top + whole + GAP + _key_height(width, key) + len(last) * LINE_HEIGHT
    with paper(f"What moves: {found.title}", width, height, below=MARGIN) as page:
        axes = _canvas(page, height)
        if moving:
            _words(axes, rows.start, 0, ["Level reached"], size=SMALL, color=QUIET)
            _headings(axes, rows, LINE_HEIGHT, titles)
        y = top
        middles = rows.columns(len(titles))
        here = middles[_column(found.level, unrated)]
        for bar, name in zip(moving, names, strict=True):
            at = _name(axes, rows, y, name, BAR)
            for levels, dark in ((bar.reaches, False), (bar.within, True)):
                places = [_column(level, unrated) for level in levels]
                if not dark:
                    ends = [middles[places[0]], middles[places[-1]]]
                    axes.plot(ends, [at + BAR / 2] * 2, color=ACCENT, linewidth=1, zorder=0.5)
                _blocks(axes, rows, at, places, len(titles), dark=dark)
            _rule(axes, here, at - 2, at + BAR + 2)
            y += rows.height(name, BAR)
        _key(axes, width, y + GAP, key)
        _words(axes, 0, y + GAP + _key_height(width, key), last, size=SMALL, color=QUIET)
        return as_svg(page, f"{_tornado_words(found)} {' '.join(last)}".strip())


WITHIN = {
    "measures": "With any value within its 95 % interval (its own value, where it has none)",
    "domains": "With any rating that one of its measures alone makes within its 95 % interval",
}
WHOLE = {"measures": "With any value that it can have", "domains": "With any rating that it can have"}


def _bar_name(bar: Bar) -> str:
    if bar.low is None or bar.high is None:
        return f"{bar.title}: {bar.shown}"
    return f"{bar.title}: {bar.shown} ({bar.low:.0f} to {bar.high:.0f})"


def _column(level: int, unrated: bool) -> int:
    return level if unrated else level - 1


def _blocks(axes: Axes, rows: Rows, top: float, places: Sequence[int], count: int, *, dark: bool) -> None:
    """One area for each run of neighbouring columns."""
    wide, start = rows.column(count), places[0]
    for place, following in zip(places, [*places[1:], None], strict=True):
        if following != place + 1:
            inset = 4 if dark else 0
            left = rows.start + start * wide + 3
            _box(axes, left, top + inset, (place - start + 1) * wide - 6, BAR - 2 * inset, dark=dark)
            start = following or 0


def _tornado_words(found: Tornado) -> str:
    titles = ("no rating", *found.levels)
    said = [
        f"{bar.title} ({bar.shown}): {', '.join(titles[level] for level in bar.reaches)}"
        for bar in found.bars
        if bar.moves
    ]
    return f"In the run: {found.level_title}. Levels reached by each alone: {'; '.join(said) or 'no other'}."


# The profile

HIGHEST, NUMBER, RANGE = 24, 13, 10
"""Of a column of all draws, of the number over it, and of the range under it."""


def profile_plot(found: Profile, width: int = WIDE) -> str:
    """The levels of all domains with how often the draws gave each, and the range that holds 95 % of them."""
    rows = rows_of(width)
    unrated = any(line.chances[0] or not line.level for s in found.sections for line in s.lines)
    key: list[tuple[Sign, str]] = [
        (_sign_of_point, "Level in the run (no mark: not rated)" if unrated else "Level in the run"),
        (_sign_of_box(dark=True), f"Share of {found.draws:,} resamplings that give it, in percent"),
        (_sign_of_box(dark=False), "Share that gives a different level"),
        (_sign_of_range, "Levels covering 95 % of those that give a rating"),
    ]
    body = NUMBER + HIGHEST + RANGE
    height = GAP + _key_height(width, key)
    for section in found.sections:
        height += _section_height(rows, section, unrated) + sum(
            rows.height(_line_name(line), body) for line in section.lines
        )
    with paper("Profile: how sure each level is", width, height, below=MARGIN) as page:
        axes = _canvas(page, height)
        y = 0.0
        for section in found.sections:
            titles = [*(["No rating"] if unrated else []), *section.levels]
            at = _words(axes, 0, y, _section_title(width, section), weight="bold")
            _headings(axes, rows, at + 2, titles)
            y += _section_height(rows, section, unrated)
            for line in section.lines:
                weight = "bold" if line.target == section.question else "normal"
                at = _name(axes, rows, y, _line_name(line), body, weight=weight)
                _draw_line(axes, rows, at, line, len(titles), unrated)
                y += rows.height(_line_name(line), body)
        _key(axes, width, y + GAP, key)
        return as_svg(page, _profile_words(found))


def _line_name(line: Line) -> str:
    return f"{line.title} (decided)" if line.status == "decided" else line.title


def _section_title(width: int, section: Section) -> list[str]:
    return wrapped(section.title, width - 2 * MARGIN, TEXT, bold=True)


def _section_height(rows: Rows, section: Section, unrated: bool) -> float:
    titles = [*(["No rating"] if unrated else []), *section.levels]
    return len(_section_title(rows.width, section)) * LINE_HEIGHT + 2 + _headings_height(rows, titles)


def _draw_line(axes: Axes, rows: Rows, top: float, line: Line, count: int, unrated: bool) -> None:
    middles, wide = rows.columns(count), min(44, rows.column(count) - 14)
    ground = top + NUMBER + HIGHEST
    axes.plot([rows.start, rows.end], [ground, ground], color=EDGE, linewidth=0.8)
    for level, chance in enumerate(line.chances):
        if not chance or (not level and not unrated):
            continue
        x, high = middles[_column(level, unrated)], HIGHEST * chance
        _box(axes, x - wide / 2, ground - high, wide, high, dark=level == line.level)
        axes.text(x, ground - high - 3, percentage(chance), size=SMALL, ha="center")
    if line.low and line.high:
        ends = [middles[_column(level, unrated)] for level in (line.low, line.high)]
        _range(axes, ends[0] - wide / 2, ends[1] + wide / 2, ground + 6)
    if line.level:
        axes.plot([middles[_column(line.level, unrated)]], [ground + 6], "D", color=INK, markersize=7)


def _range(axes: Axes, left: float, right: float, y: float) -> None:
    axes.plot([left, right], [y, y], color=INK, linewidth=1.2)
    for end in (left, right):
        axes.plot([end, end], [y - 4, y + 4], color=INK, linewidth=1.2)


def _sign_of_point(axes: Axes, y: float) -> None:
    axes.plot([14], [y + 7], "D", color=INK, markersize=7)


def _sign_of_range(axes: Axes, y: float) -> None:
    _range(axes, 2, 26, y + 7)


def _profile_words(found: Profile) -> str:
    said = []
    for section in found.sections:
        titles = ("no rating", *section.levels)
        for line in section.lines:
            shares = [f"{titles[n]} {percent(chance)}" for n, chance in enumerate(line.chances) if chance]
            said.append(f"{line.title}: {titles[line.level]} in the run; {', '.join(shares)} of resamplings.")
    return " ".join(said)


# Where to look next

THICK, AXIS = 14, 40


def chances_plot(found: Next, width: int = WIDE) -> str:
    """How likely the rating of every domain is to change, now and with what would lower that most."""
    rows = rows_of(width)
    key: list[tuple[Sign, str]] = [
        (_sign_of_box(dark=False), "Now"),
        (_sign_of_box(dark=True), "With the named addition, which would lower it most"),
    ]
    most = max([domain.chance_wrong or 0.0 for domain in found.domains], default=0.0)
    step = 0.05 if most <= 0.2 else 0.1 if most <= 0.5 else 0.2
    ticks = [step * n for n in range(max(1, -int(-most // step)) + 1)]
    per = (rows.end - rows.start - 130) / ticks[-1]
    heights = [rows.height(one.title, 2 * THICK + 2 if one.best else THICK) for one in found.domains]
    height = sum(heights) + AXIS + GAP + _key_height(width, key)
    with paper("How likely each rating is to change", width, height, below=MARGIN) as page:
        axes = _canvas(page, height)
        ground = sum(heights)
        for tick in ticks:
            x = rows.start + per * tick
            axes.plot([x, x], [0, ground], color=PALE, linewidth=1, zorder=0)
            axes.text(
                x,
                ground + 12,
                percent(tick),
                size=SMALL,
                color=QUIET,
                ha="center" if tick else "left",
            )
        _words(axes, rows.start, ground + 17, ["Resamplings that give a different level (%)"], size=SMALL)
        y = 0.0
        for domain, deep in zip(found.domains, heights, strict=True):
            at = _name(axes, rows, y, domain.title, 2 * THICK if domain.best else THICK)
            _draw_chances(axes, rows.start, at, per, domain)
            y += deep
        _key(axes, width, ground + AXIS + GAP, key)
        return as_svg(page, " ".join(f"{domain.title}: {domain.said}" for domain in found.domains))


def _draw_chances(axes: Axes, start: float, top: float, per: float, domain: DomainNext) -> None:
    if domain.chance_wrong is None:
        axes.text(start + 4, top + 11, "no rating yet: close the gap first", size=SMALL, color=BAD)
        return
    best = domain.best
    bars = [(domain.chance_wrong, False, "")]
    if best:
        bars.append((best.chance_wrong, True, f"with {best.amount} more {best.kind}"))
    for number, (chance, dark, said) in enumerate(bars):
        y = top + number * (THICK + 1)
        _box(axes, start, y, max(per * chance, 1), THICK, dark=dark)
        axes.text(start + per * chance + 5, y + 11, f"{percent(chance)} {said}".strip(), size=SMALL)
