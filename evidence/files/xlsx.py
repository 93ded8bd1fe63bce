"""Excel workbooks (.xlsx, Strict ones too) as sheets of cells as people see them, streamed.

What is here and in no library that streams: rows, columns and sheets that are hidden, number formats
evaluated, formulas that were never computed, formats that depend on a condition, Strict workbooks.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from evidence.files.damage import Damaged
from evidence.files.formats.raised import joined
from evidence.files.grid import MOST_IN_SHEET, MOST_WIDE, Bounds, FarOut, Fault, Line, Sheet
from evidence.files.numberformats import BUILT_IN, GENERAL, Format, general, number_format
from evidence.files.sharedtexts import PIECE, Strings, local, looks_of, plain_text, xml_parser

LARGEST_PART = 50_000_000
"""Bytes of the parts that say what the workbook is, without its cells and their texts."""
MOST_MERGED = 50_000
"""Merged areas of a sheet; each is read, so that none in the table is missed."""
LARGEST_TAIL = 20_000_000
"""Bytes behind the cells of a sheet: what is merged, and what formats depend on."""
REFERENCE = re.compile("([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
MERGED = re.compile(rb'<(?:\w{1,50}:)?mergeCell\s[^<>]{0,400}?ref="([A-Z0-9:]{1,40})"')
CONDITIONAL = re.compile(
    rb'<(?:\w{1,50}:)?conditionalFormatting\s[^<>]{0,100000}?sqref="([A-Z0-9: ]{1,90000})"'
)
RULE = re.compile(rb'<(?:\w{1,50}:)?cfRule\s[^<>]{0,2000}?dxfId="(\d{1,6})"')
CELLS_END = re.compile(rb"</(?:\w{1,50}:)?sheetData>|<(?:\w{1,50}:)?sheetData\s*/>")
NEVER = Fault("the formula was never computed.", "Open the workbook in a spreadsheet program and save it.")
DEPENDS = Fault("what the cell shows depends on a conditional format.", "Type into the cell what it shows.")


@dataclass
class Entry:
    """A sheet as the workbook names it."""

    name: str
    part: str
    hidden: bool
    is_cells: bool
    """False for a chart, a macro or a dialog on a sheet of its own."""


@dataclass
class _Book:
    """What the parts beside the sheets say."""

    sheets: list[Entry] = field(default_factory=list)
    from_1904: bool = False
    never_computed: bool = False
    """Whether the workbook asks to be computed when it is opened: whoever wrote it computed nothing."""
    computed: bool = False
    """Whether a program that computes saved it."""
    formats: list[Format] = field(default_factory=list)
    conditional: set[int] = field(default_factory=set)
    """The styles of conditions that bring a number format."""
    strings: str = ""


class Workbook:
    """A workbook, open for reading; raises zipfile.BadZipFile, expat.ExpatError, KeyError and the like."""

    def __init__(self, file: Path | IO[bytes]) -> None:
        self.archive = zipfile.ZipFile(file)
        try:
            self.book = self._read_book()
            self.strings = Strings(self.archive, self.book.strings)
        except BaseException:
            self.archive.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.archive.close()

    @property
    def entries(self) -> list[Entry]:
        """Its sheets, in their order."""
        return self.book.sheets

    def sheet(self, entry: Entry, progress: Callable[[int, int], None] = lambda done, size: None) -> Sheet:
        """A sheet to read; its part is gone through once before, for what stands behind its cells."""
        merged, conditional = self._behind(entry.part)
        sheet = Sheet(entry.name, iter(()), merged)
        sheet.lines = _lines(self, entry.part, sheet, conditional, progress)
        return sheet

    def _part(self, name: str) -> bytes:
        with self.archive.open(name) as part:
            data = part.read(LARGEST_PART + 1)
        if len(data) > LARGEST_PART:
            raise Damaged(f"{name} is larger than any program writes it")
        return data

    def _elements(self, name: str) -> Iterator[tuple[str, dict[str, str], str]]:
        """The elements of a part as they begin: local name, attributes by local name, the element around."""
        found: list[tuple[str, dict[str, str], str]] = []
        around: list[str] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            found.append((local(tag), {local(k): v for k, v in attributes.items()}, "/".join(around[-2:])))
            around.append(local(tag))

        parser = xml_parser()
        parser.StartElementHandler = start
        parser.EndElementHandler = lambda _: around.pop()
        parser.Parse(self._part(name), True)
        yield from found

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Kind and part of what a part refers to, by its id."""
        folder, name = posixpath.split(part)
        try:
            found = list(self._elements(f"{folder}/_rels/{name}.rels".lstrip("/")))
        except KeyError:
            return {}
        return {
            said["Id"]: (
                said.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, said.get("Target", ""))).lstrip("/"),
            )
            for tag, said, _ in found
            if tag == "Relationship" and said.get("TargetMode") != "External" and "Id" in said
        }

    def _read_book(self) -> _Book:
        main = next((p for kind, p in self._relations("").values() if kind == "officeDocument"), "")
        if not main:
            raise Damaged("it names no workbook")
        book = _Book()
        relations = self._relations(main)
        for tag, said, _ in self._elements(main):
            if tag == "sheet":
                kind, part = relations.get(said.get("id", ""), ("", ""))
                hidden = said.get("state", "visible") != "visible"
                book.sheets.append(Entry(said.get("name", ""), part, hidden, kind == "worksheet"))
            elif tag == "workbookPr":
                book.from_1904 = said.get("date1904") in ("1", "true")
            elif tag == "calcPr":
                book.never_computed = said.get("fullCalcOnLoad") in ("1", "true")
        kinds = dict(relations.values())
        book.strings = kinds.get("sharedStrings", "")
        book.computed = "calcChain" in kinds or self._by_libreoffice()
        if "styles" in kinds:
            self._read_styles(book, kinds["styles"])
        return book

    def _by_libreoffice(self) -> bool:
        """Whether LibreOffice saved it, which computes and keeps no chain of calculation."""
        with suppress(KeyError, ValueError):
            return b"<Application>LibreOffice" in self._part("docProps/app.xml")
        return False

    def _read_styles(self, book: _Book, part: str) -> None:
        codes = dict(BUILT_IN)
        styles = -1
        for tag, said, around in self._elements(part):
            if tag == "numFmt":
                if around.endswith("dxf"):
                    book.conditional.add(styles)
                else:
                    with suppress(ValueError):
                        codes[int(said.get("numFmtId", ""))] = said.get("formatCode", "")
            elif tag == "dxf":
                styles += 1
            elif tag == "xf" and around.endswith("cellXfs"):
                number = int(said.get("numFmtId", "0") or 0)
                book.formats.append(number_format(codes.get(number, GENERAL)))

    def _behind(self, part: str) -> tuple[list[tuple[str, Bounds]], list[Bounds]]:
        """What stands behind the cells: merged areas, and areas whose formats depend on a condition.

        Reads the part to its end, so that a damaged one is known before its rows are.
        """
        tail, kept = bytearray(), b""
        inside = True
        with self.archive.open(part) as xml:
            while some := xml.read(1_000_000):
                if not inside:
                    if len(tail) < LARGEST_TAIL:
                        tail += some
                    continue
                kept = kept[-100:] + some
                if end := CELLS_END.search(kept):
                    inside = False
                    tail += kept[end.end() :]
        areas = [found[1].decode() for found in islice(MERGED.finditer(tail), MOST_MERGED + 1)]
        if len(areas) > MOST_MERGED or len(tail) >= LARGEST_TAIL:
            raise Damaged(f"it has more than {MOST_MERGED:,} merged areas, or too much behind its cells")
        merged = [(area, bounds) for area in areas if (bounds := _bounds(area))]
        depending: list[Bounds] = []
        if self.book.conditional:
            found = list(CONDITIONAL.finditer(tail))
            for one, following in zip(found, [*(f.start() for f in found[1:]), len(tail)], strict=True):
                styles = {int(style) for style in RULE.findall(tail[one.end() : following])}
                if styles & self.book.conditional:
                    depending += filter(None, map(_bounds, one[1].decode().split()))
        return merged, depending


def _bounds(area: str) -> Bounds | None:
    match = REFERENCE.fullmatch(area)
    if not match:
        return None
    left, top = column_number(match[1]), int(match[2])
    right, bottom = (column_number(match[3]), int(match[4])) if match[3] else (left, top)
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def column_number(letters: str) -> int:
    """The number of a column, from 1: AB is 28."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


# --- the cells of a sheet -----------------------------------------------------------------------------------


def _lines(
    book: Workbook, part: str, sheet: Sheet, conditional: list[Bounds], progress: Callable[[int, int], None]
) -> Iterator[Line]:
    done: list[Line] = []
    parser = xml_parser()
    parser.StartElementHandler = _Cells(book, sheet, conditional, done, parser).begin
    size, read = book.archive.getinfo(part).file_size, 0
    with book.archive.open(part) as xml:
        while some := xml.read(PIECE):
            parser.Parse(some, False)
            if done:
                yield from done
                done.clear()
            read += len(some)
            progress(read, size)
        parser.Parse(b"", True)
        yield from done


class _Cells:
    """The cells of a sheet as its XML goes by."""

    def __init__(
        self, book: Workbook, sheet: Sheet, conditional: list[Bounds], done: list[Line], parser: Any
    ) -> None:
        self.book, self.sheet, self.conditional, self.done, self.parser = (
            book,
            sheet,
            conditional,
            done,
            parser,
        )

    def begin(self, root: str, _: dict[str, str]) -> None:
        """Set out at the root element, whose namespace the others have."""
        namespace = root.rpartition(" ")[0]
        prefix = f"{namespace} " if namespace else ""
        self.handle(*(prefix + name for name in ("row", "c", "v", "t", "f", "rPh", "col", "r")))

    def handle(self, row: str, c: str, v: str, t: str, f: str, sound: str, col: str, run: str) -> None:
        """Handlers with all that they need at hand: they are called for every cell."""
        about, formats, sheet, done = self.book.book, self.book.book.formats, self.sheet, self.done
        string, from_1904, conditional = self.book.strings.get, about.from_1904, self.conditional
        text: list[str] = []
        columns: dict[str, int] = {}
        shown: dict[tuple[str, str], Any] = {}
        cells: list[Any] = []
        hidden_columns = set(sheet.hidden_columns)
        number = column = 0
        kind = style = value = looks = ""
        formula = hidden = False
        runs: list[tuple[str, str]] = []
        """The runs of a text that the cell itself holds, before the one that is read."""

        def start(name: str, said: dict[str, str]) -> None:
            nonlocal number, column, kind, style, value, formula, hidden, cells, looks
            if name == c:
                kind, style, value, formula = said.get("t", "n"), said.get("s", "0"), "", False
                place = said.get("r")
                if place is None:
                    column += 1
                else:
                    letters = place.rstrip("0123456789")
                    column = columns.get(letters) or columns.setdefault(letters, column_number(letters))
            elif name in (v, t):
                text.clear()
            elif name == f:
                formula = True
            elif name == row:
                number = int(said.get("r") or number + 1)
                hidden = said.get("hidden") in ("1", "true") or said.get("ht") in ("0", "0.0")
                column, cells = 0, []
                if number > MOST_IN_SHEET:
                    raise FarOut(f"more than {MOST_IN_SHEET:,} rows")
            elif name == col:
                if said.get("hidden") in ("1", "true") or said.get("width") == "0":
                    few = range(int(said["min"]), min(int(said["max"]), MOST_WIDE) + 1)
                    hidden_columns.update(few)
                    sheet.hidden_columns = sorted(hidden_columns)
            elif name == run:
                runs.append((value, looks))
                value = looks = ""
            elif runs and not looks:
                looks = looks_of(name, said)
            elif name == sound:
                self.parser.CharacterDataHandler = None

        def end(name: str) -> None:
            nonlocal value, looks
            if name == v:
                value = text[0] if len(text) == 1 else "".join(text)
            elif name == c:
                if runs:
                    value, looks = joined([*runs, (value, looks)]), ""
                    runs.clear()
                if value or formula:
                    put()
            elif name == t:
                value += "".join(text)
                text.clear()
            elif name == row:
                if cells:
                    if hidden:
                        sheet.hidden_rows.append(number)
                    else:
                        done.append((number, cells))
            elif name == sound:
                self.parser.CharacterDataHandler = text.append

        def put() -> None:
            known = shown.get((style, value)) if kind == "n" and not formula else None
            if known is None:
                known = self._value(kind, value, style, formula, formats, string, from_1904)
                if kind == "n" and not formula and len(shown) < 5_000:
                    shown[style, value] = known
            if known == "":
                return
            if column in hidden_columns:
                if not hidden:
                    sheet.filled_columns.add(column)
                return
            if column > MOST_WIDE:
                raise FarOut(f"{column:,} columns")
            if conditional and kind == "n":
                for left, top, right, bottom in conditional:
                    if left <= column <= right and top <= number <= bottom:
                        known = DEPENDS
            while len(cells) < column - 1:
                cells.append("")
            cells.append(known) if len(cells) < column else cells.__setitem__(column - 1, known)

        self.parser.StartElementHandler = start
        self.parser.EndElementHandler = end
        self.parser.CharacterDataHandler = text.append

    def _value(
        self,
        kind: str,
        value: str,
        style: str,
        formula: bool,
        formats: list[Format],
        string: Callable[[int], str],
        from_1904: bool,
    ) -> Any:
        """What a cell shows."""
        if formula and (fault := self._not_computed(kind, value)):
            return fault
        number = int(style)
        shows = formats[number] if number < len(formats) else None
        if kind == "n":
            return _number(value, shows, from_1904) if value else ""
        if kind in ("s", "str", "inlineStr"):
            text = string(int(value)) if kind == "s" else plain_text(value)
            return shows.show_text(text) if shows and shows.text else text
        if kind == "b":
            return value in ("1", "true")
        if kind == "d":
            return _iso(value)
        if kind == "e":
            return Fault(f"the cell holds the error {value[:40]}.", "Correct the cell.", value)
        return plain_text(value)

    def _not_computed(self, kind: str, value: str) -> Fault | None:
        about = self.book.book
        if about.never_computed or (not value and kind != "str"):
            return NEVER
        return NEVER if not about.computed and value in ("", "0", "0.0") else None


def _number(value: str, shows: Format | None, from_1904: bool) -> Any:
    try:
        number = float(value)
    except ValueError:
        return Fault(f"the cell holds {value[:40]!r} as a number.", "Correct the cell.")
    if shows is None or shows.general:
        return int(value) if value.isdigit() and len(value) < 16 else float(general(number))
    said = shows.show(number, from_1904=from_1904)
    # Accountants write a minus as brackets.
    if number < 0 and isinstance(said, str) and said.startswith("(") and said.endswith(")"):
        return f"-{said[1:-1]}"
    return said


def _iso(value: str) -> Any:
    """A date of a Strict workbook."""
    try:
        return datetime.fromisoformat(value.rstrip("Z"))
    except ValueError:
        return value
