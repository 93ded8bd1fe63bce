"""What styles and lists of a Word document do to its text: hide, raise or number it, make it a heading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evidence.files.formats.markup import list_number

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
OFF = ("0", "false", "off", "none")
LEVELS = 9
LONGEST_CHAIN = 20
"""Styles that are based on each other."""
LONGEST_LABEL = 80
"""Characters of the number before a paragraph."""

Element = Any
"""An element of the standard library's ElementTree."""


def value_of(parent: Element | None, name: str) -> str | None:
    """The value of a property (w:val), '' for one without a value, None where it is not given."""
    found = parent.find(W + name) if parent is not None else None
    return None if found is None else found.get(W + "val", "")


def switch_of(parent: Element | None, name: str) -> bool | None:
    """Whether a property is switched on; None where it is not given."""
    found = value_of(parent, name)
    return None if found is None else found not in OFF


def moved_by(properties: Element | None) -> str | None:
    """Whether text is raised ('superscript') or lowered ('subscript'), '' for neither; None if not given."""
    align = value_of(properties, "vertAlign")
    if align is not None:
        return align if align in ("superscript", "subscript") else ""
    position = value_of(properties, "position")
    if position is not None and position.lstrip("-").isdigit() and position.strip("-0"):
        return "subscript" if position.startswith("-") else "superscript"
    return None


@dataclass
class Style:
    """What one style says itself, without those that it is based on."""

    based_on: str = ""
    vanish: bool | None = None
    moved: str | None = None
    outline: int | None = None
    """Level of a heading, from 0."""
    number: str | None = None
    """The list that it belongs to."""
    level: int | None = None


class Styles:
    """The styles of a document."""

    def __init__(self, root: Element | None) -> None:
        self.styles: dict[str, Style] = {}
        for found in root.iter(W + "style") if root is not None else ():
            runs, paragraphs = found.find(W + "rPr"), found.find(W + "pPr")
            numbers = paragraphs.find(W + "numPr") if paragraphs is not None else None
            self.styles[found.get(W + "styleId", "")] = Style(
                value_of(found, "basedOn") or "",
                switch_of(runs, "vanish"),
                moved_by(runs),
                _whole(value_of(paragraphs, "outlineLvl")),
                value_of(numbers, "numId"),
                _whole(value_of(numbers, "ilvl")),
            )

    def chain(self, name: str) -> Iterator[Style]:
        """A style and those that it is based on, nearest first."""
        for _ in range(LONGEST_CHAIN):
            style = self.styles.get(name)
            if style is None:
                return
            yield style
            name = style.based_on

    def hidden(self, run: Element | None, paragraph_style: str) -> bool:
        """Whether a run with these properties is hidden; styles switch it, and what the run says decides."""
        direct = switch_of(run, "vanish")
        if direct is not None:
            return direct
        styles = (paragraph_style, value_of(run, "rStyle") or "")
        return (
            sum(next((s.vanish for s in self.chain(name) if s.vanish is not None), 0) for name in styles) == 1
        )

    def moved(self, run: Element | None, paragraph_style: str) -> str:
        """Whether a run is raised or lowered: 'superscript', 'subscript' or ''."""
        direct = moved_by(run)
        if direct is not None:
            return direct
        for name in (value_of(run, "rStyle") or "", paragraph_style):
            for style in self.chain(name):
                if style.moved is not None:
                    return style.moved
        return ""

    def heading(self, paragraph: Element | None, name: str) -> int:
        """The level of a heading, from 1; 0 for a paragraph that is none."""
        level = _whole(value_of(paragraph, "outlineLvl"))
        if level is None:
            level = next((s.outline for s in self.chain(name) if s.outline is not None), None)
        return 0 if level is None or level >= LEVELS else level + 1


@dataclass
class Level:
    """One level of a list."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    style: str = ""
    hidden: bool = False
    only_digits: bool = False


@dataclass
class List:
    """A list as it is defined; several of the document may go on counting in it."""

    levels: dict[int, Level] = field(default_factory=dict)
    counted: list[int | None] = field(default_factory=lambda: [None] * LEVELS)
    link: str = ""
    """The style of lists that it is defined by, where it is."""


class Numbers:
    """The numbers before paragraphs, counted as Word counts them."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        self.styles = styles
        self.lists: dict[str, List] = {}
        self.of: dict[str, str] = {}
        """The list that every number of a list stands for."""
        self.starts: dict[str, dict[int, int]] = {}
        """Where a list is begun anew: the first numbers by level."""
        self.own: dict[str, dict[int, Level]] = {}
        if root is not None:
            self.read(root)

    def read(self, root: Element) -> None:
        """Read the definitions."""
        linked: dict[str, str] = {}
        for found in root.iter(W + "abstractNum"):
            name = found.get(W + "abstractNumId", "")
            levels = {key: level for key, level in map(_level, found.iter(W + "lvl")) if key is not None}
            self.lists[name] = List(levels, link=value_of(found, "numStyleLink") or "")
            if style := value_of(found, "styleLink"):
                linked[style] = name
        for found in root.iter(W + "num"):
            number = found.get(W + "numId", "")
            name = value_of(found, "abstractNumId") or ""
            link = self.lists[name].link if name in self.lists else ""
            self.of[number] = linked.get(link, name)
            for other in found.iter(W + "lvlOverride"):
                level = _whole(other.get(W + "ilvl"))
                start = _whole(value_of(other, "startOverride"))
                if level is not None and start is not None:
                    self.starts.setdefault(number, {})[level] = start
                if (own := other.find(W + "lvl")) is not None and level is not None:
                    self.own.setdefault(number, {})[level] = _level(own)[1]

    def label(self, paragraph: Element | None, style: str) -> str:
        """The number before a paragraph with these properties, which is counted; '' where it has none."""
        direct = paragraph.find(W + "numPr") if paragraph is not None else None
        number, at = value_of(direct, "numId"), _whole(value_of(direct, "ilvl"))
        if number is None:
            number, at = self._of_style(style, at)
        found = self.lists.get(self.of.get(number or "", ""))
        if found is None or number is None:
            return ""
        at = min(at or 0, LEVELS - 1)
        levels: Mapping[int, Level] = {**found.levels, **self.own.get(number, {})}
        level = levels.get(at)
        if level is None:
            return ""
        self._count(found, number, at, levels)
        if level.form == "bullet" or level.hidden:
            return ""
        text = level.text
        for other in range(LEVELS):
            sign = f"%{other + 1}"
            if sign in text:
                of = levels.get(other, Level())
                form = "decimal" if level.only_digits else of.form
                text = text.replace(sign, formatted(found.counted[other] or of.start, form))
        return text[:LONGEST_LABEL].strip()

    def _of_style(self, style: str, at: int | None) -> tuple[str | None, int | None]:
        for each in self.styles.chain(style):
            if each.number is not None:
                found = self.lists.get(self.of.get(each.number, ""))
                named = (
                    key for key, level in (found.levels if found else {}).items() if level.style == style
                )
                return each.number, at if at is not None else next(named, each.level)
        return None, at

    def _count(self, found: List, number: str, at: int, levels: Mapping[int, Level]) -> None:
        counted = found.counted
        begun = self.starts.get(number, {}).pop(at, None)
        now = counted[at]
        start = levels[at].start
        counted[at] = begun if begun is not None else start if now is None else now + 1
        for higher in range(at):
            if counted[higher] is None:
                counted[higher] = levels[higher].start if higher in levels else 1
        counted[at + 1 :] = [None] * (LEVELS - at - 1)


def _level(found: Element) -> tuple[int | None, Level]:
    runs = found.find(W + "rPr")
    start = _whole(value_of(found, "start"))
    return _whole(found.get(W + "ilvl")), Level(
        1 if start is None else start,
        value_of(found, "numFmt") or "decimal",
        value_of(found, "lvlText") or "",
        value_of(found, "pStyle") or "",
        bool(switch_of(runs, "vanish")),
        bool(switch_of(found, "isLgl")),
    )


LETTERS = {"lowerRoman": "i", "upperRoman": "I"}
ENDS = {1: "st", 2: "nd", 3: "rd"}


def formatted(number: int, form: str) -> str:
    """A number in one of Word's forms; in digits where the form is another one."""
    if form in LETTERS:
        return list_number(number, LETTERS[form])
    if form in ("lowerLetter", "upperLetter") and number > 0:
        # After z come aa, bb, cc.
        letter = chr(97 + (number - 1) % 26) * min((number - 1) // 26 + 1, 9)
        return letter if form == "lowerLetter" else letter.upper()
    if form == "decimalZero":
        return f"{number:02}"
    if form == "ordinal":
        return f"{number}{'th' if 10 < number % 100 < 14 else ENDS.get(number % 10, 'th')}"
    return "" if form == "none" else str(number)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
