"""A report as plain values: blocks in their order, each text in English and Welsh.

An edition freezes a report as the canonical JSON of this model (`to_json`, `from_json`), so that it can be
rendered again years later. All figures are words here ("62.4 %"): what writes the model has formatted them.
Only the bars of a chart and the places of a grid are numbers, since they say where something is drawn.

Texts of one line are `Words`; texts that people wrote are `Text`, in runs: plain, emphasised, strong, a
number that was filled in from the run, a support (E214, R4), or words removed or added since an edition.
Where a language has no text, the other one's is shown, and renderers mark it as being in that language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from assessment.runs.result import canonical
from rules.framework import PolicyModel
from rules.words import many

Language = Literal["en", "cy"]
LANGUAGES: tuple[Language, ...] = ("en", "cy")
BlockId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$", max_length=80)]


class Plain(PolicyModel):
    """Base of all values of a report: frozen, unknown keys refused."""


class Words(Plain):
    """A text of one line in one language or both."""

    en: str = ""
    cy: str = ""

    @classmethod
    def of(cls, words: Mapping[str, str]) -> Words:
        """The texts of a framework ({"en": ..., "cy": ...})."""
        return cls(en=words.get("en", ""), cy=words.get("cy", ""))

    @classmethod
    def same(cls, text: str) -> Words:
        """What reads alike in both languages: a figure, a number, a name."""
        return cls(en=text, cy=text)

    def spoken(self, lang: Language) -> tuple[str, Language]:
        """The text in that language, or the other one's; and which language it is in."""
        there: str = getattr(self, lang)
        return (there, lang) if there else (getattr(self, _other(lang)) or "", _other(lang))

    def __bool__(self) -> bool:
        return bool(self.en or self.cy)


class Run(Plain):
    """Letters of a text that look alike."""

    text: str
    style: Literal["plain", "emphasis", "strong", "number", "support", "removed", "added"] = "plain"
    """Removed and added are words beside those of an earlier edition, marked in what shows changes."""
    target: str = ""
    """Of a support, what it names (E214, R4, S1:p.3); of a number, the name it was filled in for."""


class Text(Plain):
    """A text that was written, in one language or both."""

    en: tuple[Run, ...] = ()
    cy: tuple[Run, ...] = ()

    @classmethod
    def plain(cls, en: str = "", cy: str = "") -> Text:
        """A text without any marks."""
        return cls(en=(Run(text=en),) if en else (), cy=(Run(text=cy),) if cy else ())

    def spoken(self, lang: Language) -> tuple[tuple[Run, ...], Language]:
        """The runs in that language, or the other one's; and which language they are in."""
        there: tuple[Run, ...] = getattr(self, lang)
        if there:
            return there, lang
        other: tuple[Run, ...] = getattr(self, _other(lang))
        return (other, _other(lang)) if other else ((), lang)

    def words(self, lang: Language) -> str:
        """The text without its supports, as it is read."""
        runs, _ = self.spoken(lang)
        return " ".join("".join(run.text for run in without_supports(runs)).split())

    def supports(self) -> tuple[str, ...]:
        """What the text names as its supports, once each, in their order."""
        return tuple(
            dict.fromkeys(run.target for run in (*self.en, *self.cy) if run.style == "support" and run.target)
        )

    def __bool__(self) -> bool:
        return bool(self.en or self.cy)


def without_supports(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The runs as they read without their supports: no space is left before a full stop or at the end."""
    kept: list[Run] = []
    taken_out = False
    for run in runs:
        if run.style == "support":
            taken_out = True
            continue
        if taken_out and kept and (not run.text or run.text[0] in ".,;:!?) "):
            kept[-1] = kept[-1].model_copy(update={"text": kept[-1].text.rstrip()})
        kept.append(run)
        taken_out = False
    if taken_out and kept:
        kept[-1] = kept[-1].model_copy(update={"text": kept[-1].text.rstrip()})
    return tuple(kept)


def _other(lang: Language) -> Language:
    return "cy" if lang == "en" else "en"


class Block(Plain):
    """What every part of a report has: an id of its own, which links and contents use."""

    id: BlockId


class Numbered(Block):
    """A block of a paragraph that can be commented on.

    A paragraph of several blocks (a text, then a list) gives each its number; it is shown at the first.
    """

    number: int | None = Field(default=None, ge=1)
    """The paragraph's number, which never changes; None for what the product writes."""


class Heading(Block):
    """A heading; the levels of a report skip none."""

    kind: Literal["heading"] = "heading"
    level: int = Field(ge=1, le=4)
    text: Words
    key: str = ""
    """The domain, the question or the fixed part it is the heading of."""


class Appendix(Block):
    """The heading of an appendix, level 1, with its letter."""

    kind: Literal["appendix"] = "appendix"
    letter: str = Field(pattern=r"^[A-Z]$")
    text: Words


class Paragraph(Numbered):
    """A paragraph of text."""

    kind: Literal["paragraph"] = "paragraph"
    text: Text


class Example(Numbered):
    """An example of evidence, set apart from the text."""

    kind: Literal["example"] = "example"
    text: Text


class Bullets(Numbered):
    """A list, its items marked by points or by numbers."""

    kind: Literal["list"] = "list"
    items: tuple[Text, ...] = Field(min_length=1)
    ordered: bool = False


class Recommendation(Numbered):
    """Something the authority should do: R1, R2, ..."""

    kind: Literal["recommendation"] = "recommendation"
    label: str
    sort: Literal["compliance", "improvement"]
    text: Text
    basis: Words = Words()
    """The statute or guidance that asks for it, with its section."""
    headings: tuple[Words, ...] = ()
    """Titles of the headings it belongs to."""


class Priority(Numbered):
    """A broader aim for improvement: P1, P2, ..."""

    kind: Literal["priority"] = "priority"
    label: str
    text: Text


class Rated(Block):
    """The rating of a question or a heading, with the scale it is on."""

    kind: Literal["rating"] = "rating"
    target: str
    title: Words
    """Of the question or heading."""
    scale: tuple[Words, ...] = Field(min_length=2)
    """Titles of the levels, worst first."""
    level: int | None = Field(default=None, ge=1)
    """Which of them, counted from 1; None where there is no rating."""


class Grid(Block):
    """The overall judgement: the first question across (worst left), the second up (best at the top)."""

    kind: Literal["grid"] = "grid"
    caption: Words
    across: Words
    up: Words = Words()
    """The second question; empty for a framework with one."""
    columns: tuple[Words, ...] = Field(min_length=2)
    rows: tuple[Words, ...] = (Words(),)
    """Levels of the second question, best first."""
    column: int | None = Field(default=None, ge=0)
    row: int | None = Field(default=None, ge=0)
    """Where the authority is, counted from 0; None while a question has no rating."""
    alt: Words
    """The position in a sentence."""


class Column(Plain):
    """A column of a table."""

    title: Words
    width: int = Field(default=1, ge=1)
    """Its share of the width, beside those of the other columns."""
    align: Literal["start", "end"] = "start"
    """`end` for figures."""


class Table(Block):
    """A table with headers; its first column names the rows if `row_titles`."""

    kind: Literal["table"] = "table"
    caption: Words
    columns: tuple[Column, ...] = Field(min_length=1)
    rows: tuple[tuple[Words, ...], ...]
    row_titles: bool = True
    note: Words = Words()
    """Below the table: what was left out, how figures were made."""
    empty: Words = Words()
    """What is shown in place of a table without rows."""


class Bar(Plain):
    """One bar of a chart."""

    label: Words
    shown: Words
    """Its value as it is read, with the unit."""
    value: float
    low: float | None = None
    high: float | None = None
    """The interval of the value."""
    worst: float | None = None
    best: float | None = None
    """The range of the other reviews."""


class Figure(Block):
    """A chart of bars from 0 to `most`; renderers draw it and show the same figures as a table."""

    kind: Literal["figure"] = "figure"
    caption: Words
    alt: Words
    axis: Words
    """What is measured along the bars, with the unit."""
    most: float = Field(default=100.0, gt=0)
    bars: tuple[Bar, ...] = Field(min_length=1)


AnyBlock = Annotated[
    Heading
    | Appendix
    | Paragraph
    | Example
    | Bullets
    | Recommendation
    | Priority
    | Rated
    | Grid
    | Table
    | Figure,
    Field(discriminator="kind"),
]


class Report(Plain):
    """A whole report, or a summary, as it is frozen in an edition."""

    format: Literal[1] = 1
    kind: Literal["report", "summary"] = "report"
    title: Words
    subject: Words
    """The authority that was reviewed."""
    authors: Words
    """The bodies whose report it is."""
    dated: Words
    """The day of the edition as people read it: 31 March 2006."""
    status: Words = Words()
    """The line on every page of what is not published: Draft for moderation, not for publication."""
    edition: str = ""
    """Number of the edition; empty while it is being written."""
    record: Language = "en"
    """The language of record."""
    languages: tuple[Language, ...] = ("en",)
    """The languages it is written in."""
    facts: tuple[tuple[Words, Words], ...] = ()
    """What identifies it, named: review, framework, run, digests. Shown after the title page."""
    shows_numbers: bool = True
    """Whether the numbers of paragraphs are shown, in the margin."""
    shows_supports: bool = True
    """Whether the supports in texts are shown."""
    blocks: tuple[AnyBlock, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Report:
        twice = sorted(
            name for name, times in Counter(block.id for block in self.blocks).items() if times > 1
        )
        if twice:
            raise ValueError(f"these ids are used twice: {', '.join(twice)}")
        level = 0
        for block in self.blocks:
            _fits(block)
            if isinstance(block, Heading | Appendix):
                here = block.level if isinstance(block, Heading) else 1
                if here > level + 1:
                    raise ValueError(f"heading {block.id} is of level {here} below one of level {level}")
                level = here
        return self


def _fits(block: AnyBlock) -> None:
    """Refuse rows, levels and places that a block has no room for."""
    if isinstance(block, Table):
        for number, row in enumerate(block.rows, 1):
            if len(row) != len(block.columns):
                columns, cells = many(len(block.columns), "column"), many(len(row), "cell")
                raise ValueError(f"table {block.id} has {columns}, row {number} has {cells}")
    elif isinstance(block, Rated) and block.level is not None and block.level > len(block.scale):
        raise ValueError(f"rating {block.id} is above its scale")
    elif isinstance(block, Grid) and (
        (block.column is None) != (block.row is None)
        or (block.column or 0) >= len(block.columns)
        or (block.row or 0) >= len(block.rows)
    ):
        raise ValueError(f"grid {block.id} has no such place")


def to_json(report: Report) -> str:
    """The canonical JSON of a report: equal reports give equal texts."""
    return canonical(report.model_dump(mode="json"))


def from_json(body: str | bytes) -> Report:
    """The report that `to_json` wrote.

    Raises pydantic's ValidationError for a text that is not one.
    """
    return Report.model_validate_json(body)


def texts_of(block: AnyBlock, lang: Language) -> Iterator[str]:
    """What a reader reads of a block, line by line, without supports: to search, to compare, to check."""
    match block:
        case Heading() | Appendix():
            yield block.text.spoken(lang)[0]
        case Paragraph() | Example() | Priority():
            yield block.text.words(lang)
        case Recommendation():
            yield block.text.words(lang)
            if block.basis:
                yield block.basis.spoken(lang)[0]
        case Bullets():
            for item in block.items:
                yield item.words(lang)
        case Rated():
            yield block.title.spoken(lang)[0]
            if block.level:
                yield block.scale[block.level - 1].spoken(lang)[0]
        case Grid():
            yield from (one.spoken(lang)[0] for one in (block.caption, block.across, block.up, block.alt))
        case Table():
            yield block.caption.spoken(lang)[0]
            for row in block.rows:
                yield from (cell.spoken(lang)[0] for cell in row)
            yield block.note.spoken(lang)[0]
        case Figure():
            yield from (one.spoken(lang)[0] for one in (block.caption, block.alt))


def paragraphs_of(report: Report) -> dict[int, tuple[Any, ...]]:
    """The blocks of every paragraph by its number, in the order of the report."""
    found: dict[int, list[Any]] = {}
    for block in report.blocks:
        if isinstance(block, Numbered) and block.number is not None:
            found.setdefault(block.number, []).append(block)
    return {number: tuple(blocks) for number, blocks in found.items()}
