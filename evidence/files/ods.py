"""OpenDocument spreadsheets (.ods) as sheets of cells as people see them, streamed.

Every cell holds beside its value the text that it shows, which is what is taken: number formats need no
evaluating. Only where the office that saved it writes numbers in another way (1.234,5) does the value decide.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from evidence.files.damage import Damaged
from evidence.files.formats.raised import joined
from evidence.files.grid import MOST_IN_SHEET, MOST_WIDE, Bounds, FarOut, Fault, Line, Sheet
from evidence.files.numberformats import general
from evidence.files.sharedtexts import PIECE, xml_parser

CONTENT = "content.xml"
LARGEST_STYLES = 50_000_000
"""Bytes before the first sheet: the styles of cells, rows and sheets."""
LONGEST_TAG = 20_000
MOST_REPEATED = 10_000
"""Equal rows, one below the other, that hold something; more of them are a fill, not evidence."""
TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0"
NUMBER = "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
NAMED = {"table": TABLE, "office": OFFICE, "text": TEXT, "style": STYLE, "number": NUMBER}
NEVER = Fault("the formula was never computed.", "Open it in a spreadsheet program and save it.")
SILENT = Fault(
    "the cell shows nothing, but holds a value.", "Show it, or delete it, in a spreadsheet program; save."
)
NUMERAL = re.compile(r"[+-]?[0-9][0-9.,' \u00a0\u202f]{0,60}", re.ASCII)
LEADING = re.compile(r"[0-9]{4}|[0-9]{1,2}", re.ASCII)


@dataclass
class Entry:
    """A sheet as the document names it, and the byte of its content where it begins."""

    name: str
    begin: int
    hidden: bool
    is_cells: bool = True


@dataclass
class _Styles:
    """What styles say that changes what is seen."""

    hidden_tables: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    """Styles of numbers that show every number."""
    looks: dict[str, str] = field(default_factory=dict)
    """How the words of a style look that are raised ("up"), lowered ("down") or "struck" through."""
    data: dict[str, str] = field(default_factory=dict)
    """The style of numbers that each style of cells names."""


class Protected(Damaged):
    """The file has a password."""


class Spreadsheet:
    """A spreadsheet, open for reading; raises zipfile.BadZipFile, expat.ExpatError, KeyError and the like."""

    def __init__(self, file: Path | IO[bytes]) -> None:
        self.archive = zipfile.ZipFile(file)
        try:
            self._check()
            self.prolog, self.entries = self._outline()
        except BaseException:
            self.archive.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.archive.close()

    def _check(self) -> None:
        with suppress(KeyError), self.archive.open("META-INF/manifest.xml") as part:
            if b"encryption-data" in part.read(LARGEST_STYLES):
                raise Protected("it is protected by a password")

    def _outline(self) -> tuple[bytes, list[Entry]]:
        """The root of the content, and its sheets; goes through it once, so that damage is known at once."""
        styles = _Styles()
        if "styles.xml" in self.archive.namelist():
            with self.archive.open("styles.xml") as part:
                _read_styles(part.read(LARGEST_STYLES), styles, whole=True)
        entries: list[Entry] = []
        begun, kept, read, depth = bytearray(), b"", 0, 0
        prolog = b""
        found: re.Pattern[bytes] | None = None
        with self.archive.open(CONTENT) as xml:
            while some := xml.read(1_000_000):
                if found is None:
                    begun += some
                    body = re.search(rb"<(?:\w{1,50}:)?spreadsheet[\s>/]", begun)
                    if body is None:
                        if len(begun) > LARGEST_STYLES:
                            raise Damaged("it holds no spreadsheet")
                        continue
                    root = re.search(rb"<(?:\w{1,50}:)?document-content\b[^<>]{0,20000}>", begun)
                    if root is None:
                        raise Damaged("it is no spreadsheet")
                    prolog = root[0]
                    _read_styles(bytes(begun[: body.start()]), styles, whole=False)
                    prefix = re.search(rb'xmlns:(\w{1,50})="' + TABLE.encode() + rb'"', prolog)
                    name = (prefix[1] + b":" if prefix else b"") + b"table"
                    found = re.compile(rb"<(/?)" + name + rb"(?=[\s>/])([^<>]{0,20000}>)?")
                    read, kept = body.start(), bytes(begun[body.start() :])
                    begun.clear()
                else:
                    kept += some
                end = 0
                for match in found.finditer(kept):
                    if match[2] is None:
                        break
                    end = match.end()
                    if match[1]:
                        depth -= 1
                        continue
                    if not depth and (sheet := _entry(prolog, match[0], styles)):
                        entries.append(Entry(sheet[0], read + match.start(), sheet[1]))
                    depth += not match[0].endswith(b"/>")
                # What is cut off at the end of a piece is looked at with the next.
                cut = max(end, kept.rfind(b"<", max(0, len(kept) - LONGEST_TAG)))
                cut = cut if cut > 0 else len(kept)
                read, kept = read + cut, kept[cut:]
        if found is None:
            raise Damaged("it holds no spreadsheet")
        self.styles = styles
        return prolog, entries

    def sheet(self, entry: Entry, progress: Callable[[int, int], None] = lambda done, size: None) -> Sheet:
        """A sheet to read."""
        sheet = Sheet(entry.name, iter(()))
        sheet.lines = self._lines(entry, sheet, progress)
        return sheet

    def _lines(self, entry: Entry, sheet: Sheet, progress: Callable[[int, int], None]) -> Iterator[Line]:
        done: list[Line] = []
        parser = xml_parser()
        cells = _Cells(sheet, self.styles, done, parser)
        parser.Parse(self.prolog, False)
        size, read = self.archive.getinfo(CONTENT).file_size, 0
        with self.archive.open(CONTENT) as xml:
            left = entry.begin
            while left and (some := xml.read(min(left, 1_000_000))):
                left -= len(some)
            read = entry.begin
            while not cells.ended and (some := xml.read(PIECE)):
                with suppress(_End):
                    parser.Parse(some, False)
                yield from done
                done.clear()
                read += len(some)
                progress(read, size)


class _End(Exception):
    """The sheet ends."""


def _entry(prolog: bytes, tag: bytes, styles: _Styles) -> tuple[str, bool] | None:
    """Name of a sheet and whether it is hidden, from its tag; None for a table that is no sheet."""
    found: dict[str, str] = {}
    parser = xml_parser()
    parser.StartElementHandler = lambda _, said: found.update(said)
    parser.Parse(prolog, False)
    found.clear()
    parser.Parse(tag, False)
    name = found.get(f"{TABLE} name")
    if name is None:
        return None
    return name, found.get(f"{TABLE} style-name") in styles.hidden_tables or found.get(
        f"{TABLE} display"
    ) == "false"


def _read_styles(xml: bytes, styles: _Styles, *, whole: bool) -> None:
    around: list[str] = []
    named = ""

    def start(tag: str, said: dict[str, str]) -> None:
        nonlocal named
        space, _, name = tag.rpartition(" ")
        if space == STYLE and name == "style":
            named = said.get(f"{STYLE} name", "")
            if data := said.get(f"{STYLE} data-style-name"):
                styles.data[named] = data
        elif name == "table-properties" and said.get(f"{TABLE} display") == "false":
            styles.hidden_tables.add(named)
        elif name == "text-properties" and (looks := _looks(said)):
            styles.looks[named] = looks
        elif space == NUMBER and name == "number" and around and around[-1].endswith("number-style"):
            styles.plain.add(named)
        elif space == STYLE and name == "map":
            styles.plain.discard(named)
        elif space == NUMBER and name.endswith("-style"):
            named = said.get(f"{STYLE} name", "")
        around.append(tag)

    parser = xml_parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: around.pop()
    parser.Parse(xml, whole)


def _looks(said: dict[str, str]) -> str:
    """How words with these properties look: raised ("up"), lowered ("down"), "struck" through, or ""."""
    place = said.get(f"{STYLE} text-position", "").partition(" ")[0]
    if place.startswith(("super", "sub")):
        return "up" if place.startswith("super") else "down"
    if place.rstrip("0%.-") and place.endswith("%"):
        return "down" if place.startswith("-") else "up"
    through = [said.get(f"{STYLE} text-line-through-{what}", "none") for what in ("style", "type")]
    return "struck" if through != ["none", "none"] else ""


# --- the cells of a sheet -----------------------------------------------------------------------------------


class _Cells:
    """The cells of a sheet as its XML goes by."""

    def __init__(self, sheet: Sheet, styles: _Styles, done: list[Line], parser: Any) -> None:
        self.sheet, self.styles, self.done, self.parser = sheet, styles, done, parser
        self.ended = False
        parser.StartElementHandler = lambda name, said: None
        parser.EndElementHandler = lambda name: None
        self._handle()

    def _handle(self) -> None:
        """Handlers with all that they need at hand: they are called for every cell."""
        sheet, done, styles, value_of = self.sheet, self.done, self.styles, self._value
        cell, covered, row = f"{TABLE} table-cell", f"{TABLE} covered-table-cell", f"{TABLE} table-row"
        table, column_tag = f"{TABLE} table", f"{TABLE} table-column"
        paragraph, span_tag, blanks, tab, line_break = (
            f"{TEXT} {n}" for n in ("p", "span", "s", "tab", "line-break")
        )
        repeated, spanned = f"{TABLE} number-columns-repeated", f"{TABLE} number-columns-spanned"
        rows_repeated, rows_spanned = f"{TABLE} number-rows-repeated", f"{TABLE} number-rows-spanned"
        visibility, kind_key = f"{TABLE} visibility", f"{OFFICE} value-type"
        text: list[str] = []
        cells: list[Any] = []
        columns: list[str] = []
        """The default style of cells in each column."""
        runs: list[tuple[str, str]] = []
        """The runs of the cell before this one, and how they look."""
        looks: list[str] = []
        """How the words look that are read, for each of the spans around them."""
        said_of: dict[str, str] = {}
        number, column, rows, times, depth, apart = 0, 0, 1, 1, 0, 0
        hidden = inside = False
        open_paragraph = False
        paragraphs = columns_seen = 0
        parser = self.parser

        def start(name: str, said: dict[str, str]) -> None:
            nonlocal cells, said_of, column, rows, times, hidden, inside, depth, apart, paragraphs
            nonlocal columns_seen, open_paragraph
            if apart:
                apart += 1
            elif name in (cell, covered):
                said_of, inside, paragraphs = said, True, 0
                text.clear()
                times = int(said.get(repeated, 1))
            elif inside:
                if name == paragraph:
                    if paragraphs:
                        text.append("\n")
                    paragraphs += 1
                    open_paragraph = True
                    parser.CharacterDataHandler = text.append
                elif name == span_tag:
                    next_run()
                    inner = styles.looks.get(said.get(f"{TEXT} style-name", ""), "")
                    looks.append(inner or (looks[-1] if looks else ""))
                elif name == blanks:
                    text.append(" " * min(int(said.get(f"{TEXT} c", 1)), 1_000))
                elif name == tab:
                    text.append("\t")
                elif name == line_break:
                    text.append("\n")
                elif not name.startswith(TEXT) or name.endswith((" note", " ruby-text")):
                    # A comment, a picture, a table within the cell: it has texts of its own.
                    apart = 1
                    parser.CharacterDataHandler = None
            elif name == row:
                cells, column = [], 0
                rows = int(said.get(rows_repeated, 1))
                hidden = said.get(visibility) in ("collapse", "filter")
            elif name == column_tag:
                few = int(said.get(repeated, 1))
                if said.get(visibility) in ("collapse", "filter"):
                    upto = min(columns_seen + few, MOST_WIDE)
                    sheet.hidden_columns += range(columns_seen + 1, upto + 1)
                style = said.get(f"{TABLE} default-cell-style-name", "")
                columns.extend([style] * min(few, max(0, MOST_WIDE - len(columns))))
                columns_seen += few
            elif name == table:
                depth += 1

        def end(name: str) -> None:
            nonlocal column, inside, depth, apart, open_paragraph
            if apart:
                apart -= 1
                if not apart and open_paragraph:
                    parser.CharacterDataHandler = text.append
                return
            if name == paragraph:
                open_paragraph = False
                parser.CharacterDataHandler = None
            elif name == span_tag and looks:
                next_run()
                looks.pop()
            elif name in (cell, covered):
                inside = False
                if runs:
                    next_run()
                    text[:] = [joined(runs)]
                    runs.clear()
                if text or kind_key in said_of or f"{TABLE} formula" in said_of:
                    put()
                if spanned in said_of or rows_spanned in said_of:
                    span()
                column += times
            elif name == row:
                finish()
            elif name == table:
                depth -= 1
                if not depth:
                    self.ended = True
                    parser.StartElementHandler = parser.EndElementHandler = None
                    parser.CharacterDataHandler = None
                    raise _End

        def next_run() -> None:
            if text:
                runs.append(("".join(text), looks[-1] if looks else ""))
                text.clear()

        def put() -> None:
            style = said_of.get(f"{TABLE} style-name") or (columns[column] if column < len(columns) else "")
            shown = value_of(said_of, "".join(text), styles.data.get(style, ""))
            if shown == "":
                return
            if column + times > MOST_WIDE:
                raise FarOut(f"{column + times:,} columns")
            for at in range(column, column + times):
                if at + 1 in sheet.hidden_columns:
                    if not hidden:
                        sheet.filled_columns.add(at + 1)
                    continue
                cells.extend([""] * (at - len(cells)))
                cells.append(shown)

        def span() -> None:
            wide, high = int(said_of.get(spanned, 1)), int(said_of.get(rows_spanned, 1))
            if wide > 1 or high > 1:
                left, top = column + 1, number + 1
                bounds: Bounds = (left, top, left + wide - 1, top + high - 1)
                sheet.merged.append(("", bounds))

        def finish() -> None:
            nonlocal number
            first, number = number + 1, number + rows
            if not cells:
                return
            if number > MOST_IN_SHEET or rows > MOST_REPEATED:
                raise FarOut(f"{rows:,} equal rows" if rows > MOST_REPEATED else f"{number:,} rows")
            for each in range(first, number + 1):
                if hidden:
                    sheet.hidden_rows.append(each)
                else:
                    done.append((each, list(cells)))

        parser.StartElementHandler = start
        parser.EndElementHandler = end

    def _value(self, said: dict[str, str], text: str, data_style: str) -> Any:
        """What a cell shows."""
        kind = said.get(f"{OFFICE} value-type", "")
        value = said.get(f"{OFFICE} value", "")
        if f"{TABLE} formula" in said and not kind:
            return text or NEVER
        if text.startswith("#") and text[1:3].isupper() and f"{TABLE} formula" in said:
            return Fault(f"the cell holds the error {text[:40]}.", "Correct the cell.", text)
        if kind == "boolean":
            return said.get(f"{OFFICE} boolean-value") == "true"
        if kind == "date":
            return _date(said.get(f"{OFFICE} date-value", ""), text)
        if kind in ("float", "percentage", "currency"):
            if not text:
                return self._silent(kind, value, data_style)
            return as_number(text, value)
        return text

    def _silent(self, kind: str, value: str, data_style: str) -> Any:
        """A number of which nothing is shown: some programs write no text beside it, some formats hide it."""
        try:
            number = float(value)
        except ValueError:
            return SILENT
        if data_style and data_style not in self.styles.plain:
            return SILENT
        if kind == "percentage":
            return f"{general(number * 100)}%"
        return as_number(general(number), value)


def as_number(text: str, value: str) -> Any:
    """What a cell with a number shows: the number, where it is that; with English signs instead of others."""
    if text == value and (text.isdigit() or text[1:].isdigit()) and len(text) < 16 and str(int(text)) == text:
        return int(text)
    shown = text.strip()
    body = shown.rstrip("%").rstrip()
    percent = shown[len(body) :].strip()
    brackets = body.startswith("(") and body.endswith(")")
    if brackets:
        body = f"-{body[1:-1]}"
    body = body.replace("\u2212", "-")
    if not NUMERAL.fullmatch(body):
        return shown
    if body.lstrip("+-").isdigit():
        return f"{body}{percent}"
    try:
        number = float(value) * (100 if percent else 1)
    except ValueError:
        return shown
    for thousands, point in (
        (",", "."),
        (".", ","),
        ("'", "."),
        (" ", ","),
        ("\u00a0", ","),
        ("\u202f", ","),
    ):
        with suppress(ValueError):
            plain = body.replace(thousands, "").replace(point, ".")
            places = len(plain.partition(".")[2])
            if abs(float(plain) - number) <= 0.5001 * 10.0**-places:
                return f"{body if thousands == ',' else plain}{percent}"
    return shown


def _date(value: str, text: str) -> Any:
    """A date, where day, month and year are shown; else what is shown."""
    try:
        when = datetime.fromisoformat(value.rstrip("Z")[:26])
    except ValueError:
        return text
    shown = [int(part) for part in LEADING.findall(text)]
    year = when.year in shown or shown.count(when.year % 100) > (when.year % 100 in (when.day, when.month))
    words = re.findall(r"[^\W\d_]{3,}", text)
    month = bool(words) or shown.count(when.month) > (when.month == when.day)
    if not text or (year and month and when.day in shown):
        clock = when.hour in shown and when.minute in shown and ":" in text
        return when if clock or not text else when.replace(hour=0, minute=0, second=0, microsecond=0)
    return text
