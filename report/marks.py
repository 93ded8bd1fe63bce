"""The marks in a text: what it rests on ([E214], [S1:p.3], [R4]) and what is filled in ({rating:carers}).

A backslash before a bracket or brace makes it a plain one. A mark is on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

SUPPORT = re.compile(r"(?<!\\)\[([A-Za-z][A-Za-z0-9._/-]{0,59})(?::([^\[\]\n]{1,80}))?\](?!\()")
FILLED = re.compile(r"(?<!\\)\{([^{}\n]{1,400})\}")
ITEM = re.compile(r"E([1-9][0-9]{0,15})")
LABEL = re.compile(r"([RP])([1-9][0-9]{0,5})")
RATING, SURVEY, CELL = "rating:", "survey:", "cell"
Kind = Literal["item", "source", "measure", "rating", "survey", "recommendation"]


@dataclass(frozen=True, order=True)
class Support:
    """What a paragraph rests on."""

    kind: Kind
    target: str
    """E12, D-014, carers.strengths_share, carers, question|group, R4."""
    note: str = ""
    """The place in a source, e.g. p.3."""

    @property
    def mark(self) -> str:
        """How it is written in a text."""
        if self.kind == "measure" or self.target == CELL:
            return f"{{{self.target}}}"
        if self.kind in ("rating", "survey"):
            return f"{{{self.kind}:{self.target}}}"
        return f"[{self.target}:{self.note}]" if self.note else f"[{self.target}]"


@dataclass(frozen=True)
class Mark:
    """A mark where it is in a text."""

    start: int
    end: int
    is_filled: bool
    """Whether a value takes its place; otherwise it names a support."""
    name: str
    note: str = ""


def marks_in(text: str) -> list[Mark]:
    """The marks of a text in their order; one inside another is none."""
    found = [Mark(one.start(), one.end(), False, one[1], one[2] or "") for one in SUPPORT.finditer(text)]
    found += [Mark(one.start(), one.end(), True, one[1].strip()) for one in FILLED.finditer(text)]
    marks: list[Mark] = []
    for mark in sorted(found, key=lambda mark: mark.start):
        if not marks or mark.start >= marks[-1].end:
            marks.append(mark)
    return marks


def support_of(mark: Mark) -> Support:
    """What a mark makes its paragraph rest on, by its form alone."""
    if mark.is_filled:
        return filled_support(mark.name)
    if ITEM.fullmatch(mark.name):
        return Support("item", mark.name)
    if LABEL.fullmatch(mark.name):
        return Support("recommendation", mark.name)
    return Support("source", mark.name, mark.note.strip())


def filled_support(name: str) -> Support:
    """What a value to be filled in is taken from, by its form alone."""
    if name == CELL:
        return Support("rating", CELL)
    if name.startswith(RATING):
        return Support("rating", name.removeprefix(RATING).strip())
    if name.startswith(SURVEY):
        question, _, group = name.removeprefix(SURVEY).partition("|")
        return Support("survey", f"{question.strip()}|{group.strip()}")
    return Support("measure", name)


def supports_in(texts: Iterable[str]) -> tuple[Support, ...]:
    """What texts rest on, once each, in their order."""
    return tuple(dict.fromkeys(support_of(mark) for text in texts for mark in marks_in(text)))


def supports_named(listed: str) -> Iterator[Support]:
    """The supports of a list in a cell of a table: E12, D-014:p.3; {carers.strengths_share}.

    Divided by semicolons or line ends; the brackets of a mark may be left out.
    """
    for part in re.split(r"[;\n]", listed):
        name = part.strip()
        if name.startswith("{") and name.endswith("}"):
            yield filled_support(name[1:-1].strip())
        elif name:
            name, _, note = name.strip("[]").partition(":")
            yield support_of(Mark(0, 0, False, name.strip(), note))


def without_marks(text: str) -> str:
    """A text without its marks: what people typed."""
    kept, at = [], 0
    for mark in marks_in(text):
        kept.append(text[at : mark.start])
        at = mark.end
    return " ".join([*kept, text[at:]])
