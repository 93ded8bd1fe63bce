"""The text of a paragraph in runs and lists: the one door to markdown-it.

CommonMark without HTML: paragraphs, lists, emphasis. What else it knows (headings, links, pictures, code,
HTML) is refused before, by `refused_in`, so that nobody takes a link for one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from report.marks import Mark, marks_in
from report.model import Run

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

BEGINS, ENDS = "\ue000", "\ue001"
"""Around the number of a mark, while the text around it is read; no text holds these characters."""
HELD = re.compile(f"{BEGINS}([0-9]{{1,9}}){ENDS}")
REFUSED = (
    (re.compile(r"^ {0,3}#{1,6}(?:\s|$)", re.M), "a heading", "A file has one heading, in its front lines."),
    (re.compile(r"^ {0,3}(?:```|~~~)", re.M), "a block of code", "Write it as a paragraph or a list."),
    (re.compile(r"!\["), "a picture", "Charts come with the report."),
    (re.compile(r"\]\("), "a link", "Name the source: [D-014:p.3]."),
    (re.compile(r"<[A-Za-z/!]"), "HTML", "Write *emphasis* or a list, or a backslash before the <."),
    (re.compile(f"[{BEGINS}{ENDS}]"), "a character that is no letter", "Remove it."),
)


@dataclass(frozen=True)
class Part:
    """A paragraph of runs, or a list with runs in its items."""

    items: tuple[tuple[Run, ...], ...]
    """One for a paragraph."""
    is_list: bool = False
    ordered: bool = False


Fill = Callable[[Mark], Run]
"""What takes the place of a mark."""


def refused_in(text: str) -> Iterator[tuple[int, str, str]]:
    """What a text holds that is not read: line (from 1), what it is, and what to do."""
    for pattern, what, hint in REFUSED:
        if found := pattern.search(text):
            yield text.count("\n", 0, found.start()) + 1, what, hint


def parts_of(text: str, fill: Fill) -> tuple[Part, ...]:
    """The paragraphs and lists of a text, each mark replaced by what `fill` gives for it."""
    marks = marks_in(text)
    held, at = [], 0
    for number, mark in enumerate(marks):
        held += [text[at : mark.start], f"{BEGINS}{number}{ENDS}"]
        at = mark.end
    tokens = _reader().parse("".join([*held, text[at:]]))
    return tuple(_parts(tokens, [fill(mark) for mark in marks]))


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("zero").enable(["emphasis", "list", "newline", "escape"])


def _parts(tokens: Sequence[Token], filled: Sequence[Run]) -> Iterator[Part]:
    items: list[tuple[Run, ...]] = []
    depth, ordered = 0, False
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            ordered = token.type.startswith("ordered") if not depth else ordered
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
            if not depth and items:
                yield Part(tuple(items), True, ordered)
                items = []
        elif token.type == "inline":
            runs = tuple(_joined(_runs(token.children or (), filled)))
            if depth:
                items.append(runs)
            elif runs:
                yield Part((runs,))


def _runs(tokens: Sequence[Token], filled: Sequence[Run]) -> Iterator[Run]:
    emphasis = strong = 0
    for token in tokens:
        if token.type in ("em_open", "em_close"):
            emphasis += 1 if token.type == "em_open" else -1
        elif token.type in ("strong_open", "strong_close"):
            strong += 1 if token.type == "strong_open" else -1
        elif token.type in ("softbreak", "hardbreak"):
            yield Run(text=" ")
        elif token.content:
            for number, piece in enumerate(HELD.split(token.content)):
                if number % 2:
                    yield filled[int(piece)]
                elif piece:
                    yield Run(text=piece, style="strong" if strong else "emphasis" if emphasis else "plain")


def _joined(runs: Iterator[Run]) -> Iterator[Run]:
    """Runs next to each other that look alike as one."""
    last: Run | None = None
    for run in runs:
        if last and last.style == run.style and run.style in ("plain", "emphasis", "strong"):
            last = Run(text=last.text + run.text, style=run.style)
            continue
        if last:
            yield last
        last = run
    if last:
        yield last
