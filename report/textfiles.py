"""The text of a report as people write it: Markdown files, tables of paragraphs, Word documents.

What is read is a `Given`: paragraphs and recommendations, each with its place, and for which headings it is
all there is. Nothing is looked up here but the names of headings; `report.writing` does the rest. Files are
read in the process that reads files, with its limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evidence.files.grid import Wanted
from evidence.files.rawtable import UNREADABLE, RawTable
from evidence.files.tables import open_tables
from evidence.files.texts import GivenFile, read_texts
from programme.progress import Progress
from report.markdown import refused_in
from report.marks import LABEL, Support, supports_named
from report.model import LANGUAGES, Language
from report.schema import KINDS_OF_RECOMMENDATION, STYLES
from rules.errors import ImportRefused, Problem, suggest
from rules.limits import LONGEST_WORDS
from rules.spellings import Spellings
from rules.words import many, shown_value

NUMBER = re.compile(r"\[p([1-9][0-9]{0,8})\][ \t]*")
FRONT = re.compile(r"([a-z]+):[ \t]*(.*)")
LANG = re.compile(r"(en|cy):[ \t]*")
LABELLED = re.compile(r"([RP][1-9][0-9]{0,5}):[ \t]*")
ITEM_OF_LIST = re.compile(r"(?:[-*+]|[0-9]{1,9}[.)])[ \t]")
PARAGRAPHS, RECOMMENDATIONS = "report-paragraphs", "recommendations"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    PARAGRAPHS: ("paragraph", "heading", "style", "lang", "text", "supports"),
    RECOMMENDATIONS: ("number", "kind", "basis", "text", "text_cy", "domains"),
}
"""The columns of the tables, by layout."""
NEEDED: Mapping[str, tuple[str, ...]] = {PARAGRAPHS: ("heading", "text"), RECOMMENDATIONS: ("number", "text")}
TEXTS, TABLES, WORD = (".md", ".markdown", ".txt"), (".csv", ".tsv", ".xlsx", ".xlsm", ".ods"), ".docx"


@dataclass(frozen=True)
class GivenParagraph:
    """A paragraph as it was given."""

    place: str
    """E.g. 'carers.md, line 5'."""
    heading: str
    style: str
    texts: Mapping[Language, str]
    """A language that is not named is left as it is; an empty text withdraws the paragraph."""
    number: int | None = None
    """Its number, where one was given."""
    label: str = ""
    """R1 or P2, of a recommendation or priority."""
    supports: tuple[Support, ...] | None = None
    """Named beside the text; None: nothing was said of them."""


@dataclass(frozen=True)
class GivenTerms:
    """Kind, basis and domains of a recommendation, as given."""

    place: str
    label: str
    kind: str
    basis: str
    domains: tuple[str, ...]


@dataclass(frozen=True)
class Given:
    """The text of a report, or of parts of it, as it was given."""

    paragraphs: tuple[GivenParagraph, ...] = ()
    terms: tuple[GivenTerms, ...] = ()
    whole: frozenset[tuple[str, Language]] = frozenset()
    """The headings, each in a language, of which the paragraphs are all there are."""
    notes: tuple[str, ...] = ()
    """What could not be placed, and what was left out of files."""


@dataclass
class _Reader:
    """What is read, and the problems found."""

    headings: Spellings
    domains: Spellings
    progress: Progress
    paragraphs: list[GivenParagraph] = field(default_factory=list)
    terms: list[GivenTerms] = field(default_factory=list)
    whole: set[tuple[str, Language]] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, place: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(place, message, hint))

    def heading(self, place: str, text: str) -> str | None:
        """The heading that a text names."""
        found = self.headings.find(text)
        if found is None:
            self.problem(place, f"there is no heading {text!r}.", suggest(text, self.headings))
        return found


def read_files(
    path: Path, headings: Spellings, domains: Spellings, progress: Progress, *, encoding: str = "utf-8"
) -> Given:
    """The text in a file, or in all files of a folder; raises ImportRefused with every problem at once."""
    reader = _Reader(headings, domains, progress)
    files = sorted(_files(path)) if path.is_dir() else [path]
    if not files:
        raise ImportRefused(
            "Nothing was stored: 1 problem found.",
            [Problem(str(path), "no text of a report is in this folder.", "Give .md, .csv, .xlsx or .docx.")],
        )
    for file in files:
        suffix = file.suffix.lower()
        try:
            if suffix in TABLES:
                _read_tables(reader, file, encoding)
            elif suffix in (*TEXTS, WORD):
                _read_document(reader, file, encoding)
            else:
                reader.problem(file.name, "this is no text of a report.", "Give .md, .csv, .xlsx or .docx.")
        except ImportRefused as error:
            reader.problems += error.problems
    if reader.problems:
        count = many(len(reader.problems), "problem")
        raise ImportRefused(f"Nothing was stored: {count} found.", reader.problems)
    return Given(
        tuple(_with_translations(reader)),
        tuple(reader.terms),
        frozenset(reader.whole),
        tuple(reader.notes),
    )


def _files(folder: Path) -> Iterator[Path]:
    for file in folder.iterdir():
        known = file.suffix.lower() in (*TEXTS, *TABLES, WORD)
        if known and file.is_file() and not file.name.startswith((".", "~")) and file.stem != "README":
            yield file


# --- Markdown and Word -----------------------------------------------------------------------------------


def _read_document(reader: _Reader, file: Path, encoding: str) -> None:
    # As plain text: what divides a Markdown text at its headings moves its lines.
    name = file.name if file.suffix.lower() == WORD else f"{file.name}.txt"
    try:
        [text] = read_texts([GivenFile(name, file)], reader.progress, encoding=encoding)
    except ImportRefused as error:
        reader.problems += [replace(one, where=file.name) for one in error.problems]
        return
    if text.kind == "word":
        reader.notes += [f"{file.name}: {note}" for note in text.notes]
        _read_word(reader, file.name, text.pages)
    else:
        _read_markdown(reader, file.name, "\n".join(text.pages))


def _read_markdown(reader: _Reader, name: str, text: str) -> None:
    lines = text.split("\n")
    front: dict[str, str] = {}
    at = 0
    while at < len(lines) and (found := FRONT.fullmatch(lines[at].strip())):
        front[found[1]] = found[2].strip()
        at += 1
    if unknown := sorted(set(front) - {"heading", "lang"}):
        hint = suggest(unknown[0], ["heading", "lang"])
        reader.problem(f"{name}, line 1", f"there is no front line {unknown[0]!r}.", hint)
    if "heading" not in front:
        hint = "Begin the file with its heading, e.g. heading: carers"
        reader.problem(f"{name}, line 1", "the heading is missing.", hint)
        return
    heading = reader.heading(f"{name}, line 1", front["heading"])
    lang = _language(reader, f"{name}, line 1", front.get("lang", "en"))
    if heading is None or lang is None:
        return
    reader.whole.add((heading, lang))
    for line, block in _blocks(lines, at):
        _add_block(reader, f"{name}, line {line}", heading, lang, block)


def _language(reader: _Reader, place: str, text: str) -> Language | None:
    for lang in LANGUAGES:
        if text == lang:
            return lang
    reader.problem(place, f"there is no language {text!r}.", "Write en or cy.")
    return None


def _blocks(lines: Sequence[str], at: int) -> Iterator[tuple[int, str]]:
    """(line from 1, text) of what blank lines divide."""
    block: list[str] = []
    for number, line in enumerate([*lines[at:], ""], at + 1):
        if line.strip():
            block.append(line.rstrip())
        elif block:
            yield number - len(block), "\n".join(block)
            block = []


def _add_block(reader: _Reader, place: str, heading: str, lang: Language, block: str) -> None:
    """One block of a file: a paragraph, or the other language of the one before."""
    number = label = None
    if found := NUMBER.match(block):
        number, block = int(found[1]), block[found.end() :]
    if (found := LANG.match(block)) and found[1] != lang:
        _add_translation(reader, place, heading, block[found.end() :].strip(), lang)
        return
    if found := LABELLED.match(block):
        label, block = found[1], block[found.end() :]
    style = {"recommendations": "recommendation", "priorities": "priority"}.get(heading, "") if label else ""
    if label and (style[:1].upper() != label[0]):
        where = {"R": "recommendations", "P": "priorities"}[label[0]]
        reader.problem(place, f"{label} belongs under another heading.", f"Move it to heading: {where}")
        return
    if not style:
        style, block = _style(block)
    if len(block) > LONGEST_WORDS:
        said = f"the paragraph has {len(block):,} characters; at most {LONGEST_WORDS:,} are stored."
        reader.problem(place, said, "Divide it with a blank line.")
        return
    if _is_readable(reader, place, block):
        reader.paragraphs.append(GivenParagraph(place, heading, style, {lang: block}, number, label or ""))


def _style(block: str) -> tuple[str, str]:
    """The style that the beginning of a block says, and its text without it."""
    if block.startswith(">"):
        return "example", "\n".join(line.removeprefix(">").strip() for line in block.split("\n"))
    return ("list" if ITEM_OF_LIST.match(block) else "text"), block


def _is_readable(reader: _Reader, place: str, text: str) -> bool:
    refused = list(refused_in(text))
    for line, what, hint in refused:
        reader.problem(_below(place, line), f"{what} is not read in a paragraph.", hint)
    return not refused


def _below(place: str, line: int) -> str:
    """The place some lines below, where it names a line."""
    name, sep, at = place.rpartition(", line ")
    return f"{name}{sep}{int(at) + line - 1}" if sep and at.isdecimal() else place


def _add_translation(reader: _Reader, place: str, heading: str, text: str, lang: Language) -> None:
    other: Language = "cy" if lang == "en" else "en"
    before = reader.paragraphs[-1] if reader.paragraphs else None
    file = place.rpartition(", ")[0]
    if before is None or before.heading != heading or not before.place.startswith(file):
        reader.problem(place, f"no paragraph is before this {other}: line.", "Put it below its paragraph.")
    elif other in before.texts:
        reader.problem(place, f"the paragraph before has two texts in {other}.", "Keep one of them.")
    elif _is_readable(reader, place, text):
        text = _style(text)[1] if before.style == "example" else text
        reader.paragraphs[-1] = replace(before, texts={**before.texts, other: text})
        reader.whole.add((heading, other))


def _read_word(reader: _Reader, name: str, pages: Sequence[str]) -> None:
    """The sections of a Word document by their headings; what is under another one is listed, not stored."""
    for page in pages:
        blocks = [block for _, block in _blocks(page.split("\n"), 0)]
        heading = reader.headings.find(blocks[0]) if blocks else None
        if heading is None:
            for block in blocks:
                reader.notes.append(f"{name}: not placed, under no heading of the report: “{block[:80]}”")
            continue
        reader.whole.add((heading, "en"))
        for block in blocks[1:]:
            lines = [_escaped(line.strip()) for line in block.split("\n")]
            # The items of a list are lines of one block.
            text = "\n".join(f"- {line}" for line in lines) if len(lines) > 1 else lines[0]
            _add_block(reader, f"{name}, “{lines[0][:40]}”", heading, "en", text)


def _escaped(text: str) -> str:
    """A text of Word, in which a star is a star."""
    return re.sub(r"([*_<`])", r"\\\1", text)


def _with_translations(reader: _Reader) -> Iterator[GivenParagraph]:
    """Welsh files beside English ones: paragraphs without numbers go with the English, in their order."""
    first = {lang: [p for p in reader.paragraphs if lang in p.texts] for lang in LANGUAGES}
    only_cy: dict[str, list[GivenParagraph]] = {}
    for one in first["cy"]:
        if "en" not in one.texts and one.number is None and not one.label:
            only_cy.setdefault(one.heading, []).append(one)
    tied: dict[int, GivenParagraph] = {}
    gone: set[int] = set()
    for heading, welsh in only_cy.items():
        english = [p for p in first["en"] if p.heading == heading and "cy" not in p.texts]
        if len(english) == len(welsh):
            for en, cy in zip(english, welsh, strict=True):
                tied[id(en)] = replace(en, texts={**en.texts, **cy.texts})
                gone.add(id(cy))
    for one in reader.paragraphs:
        if id(one) not in gone:
            yield tied.get(id(one), one)


# --- tables ----------------------------------------------------------------------------------------------


def _read_tables(reader: _Reader, file: Path, encoding: str) -> None:
    wanted = [Wanted(frozenset(NEEDED[name]), frozenset(COLUMNS[name])) for name in COLUMNS]
    with open_tables(file, encoding, reader.progress, wanted=wanted) as tables:
        reader.notes += [f"{file.name}: {note}" for note in tables.notes]
        for table in tables:
            layout = _layout(reader, table)
            take: Callable[[_Reader, str, Mapping[str, Any]], None]
            take = _take_paragraph if layout == PARAGRAPHS else _take_recommendation
            for place, cells in table.rows:
                if layout is None or any(cell is UNREADABLE for cell in cells):
                    continue
                row = {name: _cell(value) for name, value in zip(table.headers, cells, strict=False) if name}
                if any(row.values()):
                    take(reader, place, row)
            reader.problems += table.problems


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def _layout(reader: _Reader, table: RawTable) -> str | None:
    for name in COLUMNS:
        if set(NEEDED[name]) <= set(table.headers):
            if unknown := sorted({one for one in table.headers if one} - set(COLUMNS[name])):
                hint = suggest(unknown[0], COLUMNS[name])
                reader.problem(table.place, f"there is no column {unknown[0]!r} in {name}.", hint)
                return None
            return name
    needed = " or ".join(f"{name}: {', '.join(COLUMNS[name])}" for name in COLUMNS)
    reader.problem(table.place, "the columns are those of no table of a report.", f"Give {needed}.")
    return None


def _take_paragraph(reader: _Reader, place: str, row: Mapping[str, str]) -> None:
    heading = reader.heading(place, row.get("heading", ""))
    lang = _language(reader, place, row.get("lang") or "en")
    style, number = row.get("style") or "text", row.get("paragraph", "").lower().removeprefix("p")
    if style not in STYLES:
        reader.problem(place, f"there is no style {style!r}.", suggest(style, STYLES))
    elif number and not (number.isascii() and number.isdecimal() and 0 < len(number) < 10):
        reader.problem(place, f"{shown_value(row['paragraph'])} is no number of a paragraph.", "Write 12.")
    elif style in ("recommendation", "priority") and not number:
        hint = "Give recommendations with their numbers in recommendations.csv."
        reader.problem(place, f"a {style} needs a number.", hint)
    elif heading is not None and lang is not None and _is_readable(reader, place, row["text"]):
        supports = tuple(supports_named(row["supports"])) if "supports" in row else None
        if not row["text"] and not number:
            reader.problem(place, "the text is missing.", "An empty text withdraws a numbered paragraph.")
            return
        reader.paragraphs.append(
            GivenParagraph(
                place, heading, style, {lang: row["text"]}, int(number) if number else None, "", supports
            )
        )


def _take_recommendation(reader: _Reader, place: str, row: Mapping[str, str]) -> None:
    label, kind = row["number"].strip().upper(), row.get("kind", "").lower()
    if not LABEL.fullmatch(label):
        reader.problem(place, f"{shown_value(row['number'])} is no number of a recommendation.", "Write R4.")
        return
    is_priority = label.startswith("P")
    if not is_priority and kind not in KINDS_OF_RECOMMENDATION:
        hint = suggest(kind, KINDS_OF_RECOMMENDATION)
        reader.problem(place, f"there is no kind of recommendation {kind!r}.", hint)
        return
    domains = reader.domains.find_all(row.get("domains", ""))
    for name in domains:
        if name not in reader.domains:
            reader.problem(place, f"there is no domain {name!r}.", suggest(name, reader.domains))
    texts: dict[Language, str] = {"en": row["text"]}
    if "text_cy" in row and (row["text_cy"] or not row["text"]):
        texts["cy"] = row["text_cy"]
    readable = [_is_readable(reader, place, text) for text in texts.values()]
    if not all(readable):
        return
    heading, style = ("priorities", "priority") if is_priority else ("recommendations", "recommendation")
    reader.paragraphs.append(GivenParagraph(place, heading, style, texts, None, label))
    kind = "" if is_priority else kind
    reader.terms.append(GivenTerms(place, label, kind, row.get("basis", ""), tuple(domains)))
