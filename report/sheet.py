"""The comment sheet: a row for every paragraph of an edition, for the authority to fill in and send back.

It goes out as XLSX, or as a table in a Word document, in English or Welsh. It comes back as XLSX, DOCX, CSV
or ODS, and is read in the process that reads files. Beside each number is what the paragraph says: a row
whose number and words do not belong together was edited by hand and is refused, with its place. Rows in which
nothing was filled in say nothing. People add rows where a paragraph has several comments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.files.grid import Wanted
from evidence.files.rawtable import RawTable, header_name
from evidence.files.tables import open_tables
from programme.progress import Progress, no_progress
from report.model import (
    LANGUAGES,
    Bullets,
    Column,
    Language,
    Paragraph,
    Report,
    Table,
    Text,
    Words,
    paragraphs_of,
    texts_of,
)
from report.schema import CLASSES
from rules.errors import ImportRefused, Problem, suggest
from rules.limits import LONGEST_TEXT, MOST_PROBLEMS
from rules.words import many, shown_value

LAYOUT = "accuracy-comments"
"""The name of the layout, and of its table."""
HEADERS: Mapping[str, Words] = {
    "paragraph": Words(en="Paragraph", cy="Paragraff"),
    "said": Words(en="What it says", cy="Yr hyn y mae'n ei ddweud"),
    "kind": Words(en="Class", cy="Dosbarth"),
    "text": Words(en="What is wrong", cy="Beth sy'n anghywir"),
    "proposed_words": Words(en="Words proposed", cy="Geiriau a gynigir"),
    "evidence_offered": Words(en="Evidence and page", cy="Tystiolaeth a thudalen"),
    "position_at_review": Words(
        en="Was this so at the time of the review?", cy="Ai felly yr oedd adeg yr adolygiad?"
    ),
}
"""The columns, in their order."""
FILLED_IN = ("kind", "text", "proposed_words", "evidence_offered", "position_at_review")
"""The columns that the authority fills in."""
MEANINGS: Mapping[str, Words] = {
    "A": Words(
        en="A slip: spelling, a number, a date, a title", cy="Llithriad: sillafu, rhif, dyddiad, teitl"
    ),
    "B": Words(
        en="A fact that is wrong and bears on a judgement",
        cy="Ffaith sy'n anghywir ac sy'n effeithio ar ddyfarniad",
    ),
    "C": Words(
        en="Something left out; please name the evidence",
        cy="Rhywbeth a adawyd allan; enwch y dystiolaeth",
    ),
    "D": Words(en="A view about a rating, without a new fact", cy="Barn am ddyfarniad, heb ffaith newydd"),
}
"""What each class is for."""
WHOLE = Words(en="whole report", cy="adroddiad cyfan")
"""What is written in place of a number in a comment on all of a report."""
HOW = Words(
    en="Fill in one row for each comment; add rows where you need them. Leave the other rows as they are."
    " Write as much as you need. A comment on the whole report has “whole report” in place of a number.",
    cy="Llenwch un rhes ar gyfer pob sylw; ychwanegwch resi lle bo angen. Gadewch y rhesi eraill fel y maent."
    " Ysgrifennwch gymaint ag sydd ei angen. I sylw ar yr adroddiad cyfan, rhowch “adroddiad cyfan” yn lle"
    " rhif.",
)
YES, NO = ("yes", "y", "oedd", "ydy", "ie"), ("no", "n", "nac oedd", "nac ydy", "na")
WIDTHS = (16, 25, 10, 21, 18, 17, 14)
MOST_SHOWN = 30_000
"""Characters of a paragraph that are shown beside its number: a cell of a workbook holds little more."""


@dataclass(frozen=True)
class CommentRow:
    """A comment as it was given: in a row of a sheet, or in a form."""

    paragraph: int | None
    """None: on the whole report."""
    kind: str
    """Its class: A, B, C or D."""
    text: str
    proposed_words: str = ""
    evidence_offered: str = ""
    position_at_review: str = ""
    """yes, no, or empty where nothing was said."""
    place: str = ""
    """Where it was, e.g. 'comments.xlsx, row 7'."""


@dataclass(frozen=True)
class SheetRead:
    """What came back in a sheet."""

    rows: tuple[CommentRow, ...]
    notes: tuple[str, ...]
    """What was left out of the file, e.g. pictures and macros."""


def said_by_number(report: Report, lang: Language = "en") -> dict[int, str]:
    """What every paragraph of a report says, by its number."""
    return {
        number: "\n".join(line for block in blocks for line in texts_of(block, lang) if line)
        for number, blocks in paragraphs_of(report).items()
    }


# --- out -------------------------------------------------------------------------------------------------


def sheet_columns(lang: Language) -> tuple[str, ...]:
    """The headers of the sheet in a language."""
    return tuple(words.spoken(lang)[0] for words in HEADERS.values())


def sheet_rows(report: Report, lang: Language = "en") -> list[dict[str, str]]:
    """A row for every paragraph, with empty cells to fill in, by header; the last is for the whole report."""
    columns = sheet_columns(lang)
    said = [(f"p{number}", text) for number, text in said_by_number(report, lang).items()]
    return [
        dict(zip(columns, [number, text[:MOST_SHOWN], *[""] * len(FILLED_IN)], strict=True))
        for number, text in [*said, (WHOLE.spoken(lang)[0], "")]
    ]


def meanings(lang: Language) -> list[dict[str, str]]:
    """What the classes mean, as rows of a table beside the sheet."""
    kind, meaning = HEADERS["kind"].spoken(lang)[0], {"en": "For", "cy": "Ar gyfer"}[lang]
    rows = [{kind: name, meaning: words.spoken(lang)[0]} for name, words in MEANINGS.items()]
    return [*rows, {kind: "", meaning: HOW.spoken(lang)[0]}]


def sheet_document(report: Report) -> Report:
    """The sheet as a document of its own: how to fill it in, then the table."""
    columns = [
        Column(title=title, width=width) for title, width in zip(HEADERS.values(), WIDTHS, strict=True)
    ]
    said = {lang: said_by_number(report, lang) for lang in LANGUAGES}
    rows = [
        (Words.same(f"p{number}"), Words(en=text, cy=said["cy"].get(number, "")), *[Words()] * len(FILLED_IN))
        for number, text in said["en"].items()
    ]
    classes = [Text.plain(f"{name}: {words.en}.", f"{name}: {words.cy}.") for name, words in MEANINGS.items()]
    return report.model_copy(
        update={
            "title": Words(en="Comments on accuracy", cy="Sylwadau ar gywirdeb"),
            "facts": (),
            "blocks": (
                Paragraph(id="how", text=Text.plain(HOW.en, HOW.cy)),
                Bullets(id="classes", items=tuple(classes)),
                Table(
                    id=LAYOUT,
                    caption=Words(en="Comments", cy="Sylwadau"),
                    columns=tuple(columns),
                    rows=(*rows, (WHOLE, *[Words()] * (len(columns) - 1))),
                ),
            ),
        }
    )


# --- in --------------------------------------------------------------------------------------------------

NAMES: Mapping[str, str] = (
    {header_name(title): key for key, words in HEADERS.items() for title in (words.en, words.cy)}
    | {key: key for key in HEADERS}
    | {"class": "kind"}
)
"""What every header means, in either language and as the layout names it."""
NEEDED = ("paragraph", "kind", "text")


def key_of(header: str) -> str:
    """Which column a header names; empty for another one."""
    return NAMES.get(header.replace("’", "'"), "")


def read_sheet(
    path: Path,
    report: Report,
    *,
    before: Mapping[str, Report] | None = None,
    name: str = "",
    encoding: str = "utf-8",
    progress: Progress = no_progress,
) -> SheetRead:
    """The comments in a file that came back on an edition.

    `before`: earlier editions by what they are called; a row of one of those says so. Raises ImportRefused
    with every row that cannot be a comment.
    """
    name = name or path.name
    problems: list[Problem] = []
    rows: list[CommentRow] = []
    reader = _Reader(report, before or {}, problems)
    wanted = [
        Wanted(frozenset(header_name(HEADERS[key].spoken(lang)[0]) for key in NEEDED), frozenset(NAMES))
        for lang in LANGUAGES
    ]
    with open_tables(path, encoding, progress, name, wanted=wanted, also=(".docx", ".docm")) as tables:
        notes = list(tables.notes)
        sheets = [table for table in tables if {key_of(one) for one in table.headers} >= set(NEEDED)]
        if not sheets:
            found = " and ".join(f"“{HEADERS[key].en}”" for key in NEEDED)
            raise ImportRefused(
                "Nothing was recorded.",
                [
                    Problem(
                        name, f"it has no table with the columns {found}.", "Send the sheet as it was given."
                    )
                ],
            )
        for table in sheets:
            rows += reader.rows(table)
            notes += table.notes
            problems += table.problems
    if path.suffix.lower() in (".xlsm",):
        notes.append("macros were left out")
    if problems:
        count = len(problems)
        raise ImportRefused(
            f"No comment was recorded: {many(count, 'problem')} found.", problems[:MOST_PROBLEMS]
        )
    return SheetRead(tuple(rows), tuple(dict.fromkeys(notes)))


class _Reader:
    """Rows of a sheet on their way to comments; what is wrong with them is noted."""

    def __init__(self, report: Report, before: Mapping[str, Report], problems: list[Problem]) -> None:
        self.problems = problems
        self.said = _plain_by_number(report)
        self.before = {name: _plain_by_number(earlier) for name, earlier in before.items()}

    def rows(self, table: RawTable) -> Iterator[CommentRow]:
        keys = [key_of(header) for header in table.headers]
        for place, values in table.rows:
            cells = {key: _cell(value) for key, value in zip(keys, values, strict=True) if key}
            if not any(cells.get(key) for key in FILLED_IN):
                continue
            if row := self.row(place, cells):
                yield row

    def row(self, place: str, cells: Mapping[str, str]) -> CommentRow | None:
        count = len(self.problems)
        paragraph = self.paragraph(place, cells["paragraph"], cells.get("said", ""))
        kind = cells["kind"].strip()[:1].upper()
        if kind not in CLASSES or (len(cells["kind"].strip()) > 1 and cells["kind"].strip()[1].isalnum()):
            self.problem(place, f"found {shown_value(cells['kind'])} as the class.", "Write A, B, C or D.")
        position = cells.get("position_at_review", "").strip(" .").casefold()
        if position and position not in (*YES, *NO):
            self.problem(
                place,
                f"found {shown_value(position)} for whether it was so at the time of the review.",
                "Write yes or no, or leave the cell empty.",
            )
        if not cells["text"] and not cells.get("proposed_words"):
            self.problem(place, "it does not say what is wrong.", "Say it, or propose other words.")
        for key in FILLED_IN:
            if len(cells.get(key, "")) > LONGEST_TEXT:
                self.problem(place, f"“{HEADERS[key].en}” is longer than a file can be.", "Shorten it.")
        if len(self.problems) > count:
            return None
        return CommentRow(
            paragraph,
            kind,
            cells["text"],
            cells.get("proposed_words", ""),
            cells.get("evidence_offered", ""),
            "yes" if position in YES else "no" if position else "",
            place,
        )

    def paragraph(self, place: str, text: str, said: str) -> int | None:
        """The number of a row, if it belongs to the words beside it; None for the whole report."""
        if text.casefold() in ("", WHOLE.en, WHOLE.cy):
            if said:
                self.problem(
                    place,
                    "the number of the paragraph was taken out.",
                    "Put back what was there, or take the"
                    " words beside it out, too, for a comment on the whole report.",
                )
            return None
        digits = text.lower().removeprefix("p").strip()
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
        if number is None or number not in self.said:
            known = [f"p{one}" for one in self.said]
            other = next((name for name, words in self.before.items() if number in words), "")
            if other:
                self.problem(
                    place, f"{text} was a paragraph of {other}, and is not in this edition.", "Leave it out."
                )
            else:
                self.problem(place, f"there is no paragraph {shown_value(text)}.", suggest(text, known))
            return None
        words = _plain(said)
        if words and words not in self.said[number]:
            message, hint = self.whose(words, number)
            self.problem(place, f"the words beside p{number} are {message}.", hint)
        return number

    def whose(self, words: str, number: int) -> tuple[str, str]:
        """Where other words are from, another paragraph or an earlier edition, and what would do."""
        for name, said in self.before.items():
            if words in said.get(number, ()):
                return f"those that it had in {name}", "Ask for the sheet of this edition."
        for other, texts in self.said.items():
            if words in texts:
                return f"those of p{other}", "Put back the number that was there."
        return f"not what p{number} says", "Put back the number and the words that were there."

    def problem(self, place: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(place, message, hint))


def _plain_by_number(report: Report) -> dict[int, tuple[str, ...]]:
    """What paragraphs say, in every language, without regard to spaces."""
    said = [said_by_number(report, lang) for lang in LANGUAGES]
    return {number: tuple(_plain(one[number][:MOST_SHOWN]) for one in said) for number in said[0]}


def _plain(text: str) -> str:
    return "".join(text.split())


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value if value is not None else "").strip()


def check_rows(rows: Sequence[CommentRow], known: Sequence[int]) -> None:
    """Raise ImportRefused for comments from a form on an unknown paragraph, of no class, or without words."""
    problems = list[Problem]()
    for row in rows:
        if row.paragraph is not None and row.paragraph not in known:
            hint = suggest(f"p{row.paragraph}", [f"p{number}" for number in known])
            problems.append(
                Problem(row.place or "paragraph", f"there is no paragraph p{row.paragraph}.", hint)
            )
        if row.kind not in CLASSES:
            problems.append(
                Problem(row.place or "class", f"found {shown_value(row.kind)}.", "Give A, B, C or D.")
            )
        if not row.text.strip() and not row.proposed_words.strip():
            problems.append(Problem(row.place or "text", "it does not say what is wrong.", "Say it."))
    if problems:
        raise ImportRefused("No comment was recorded.", problems)
