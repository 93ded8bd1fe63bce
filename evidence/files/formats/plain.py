"""Plain text, Markdown and CSV: the encoding, and the sections."""

from __future__ import annotations

import codecs
import csv
import io
import re

from evidence.files.delimited import DELIMITERS, loose_quotes
from evidence.files.encoding import MARKS
from evidence.files.formats.pages import CONTROL
from rules.errors import EvidenceInvalid
from rules.limits import MOST_PAGES

CHARSET = re.compile(rb"<meta[^<>]*?charset[ \t\r\n]*=[ \t\r\n\"']*([\w:.-]+)", re.IGNORECASE)
CHARSET_WITHIN = 1_024
"""Bytes within which a page has to name its encoding, by the HTML standard."""
HEADING = re.compile(r" {0,3}#{1,3}\s+\S")
FENCE = re.compile(r" {0,3}(```|~~~)")


def decode(data: bytes, encoding: str = "utf-8") -> str:
    """The text of a file: by its byte order mark, else as UTF-8, else in the encoding given.

    Text beyond ASCII that is UTF-8 throughout is never anything else, so it says more than an encoding that
    is given for several files. Raises EvidenceInvalid, with the line, for bytes that are not in the encoding
    and for control characters.
    """
    marked = next((found for mark, found in MARKS if data.startswith(mark)), "")
    wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    if not marked and not wide and b"\x00" in data:
        raise EvidenceInvalid("this is not a text file (it holds zero bytes).", hint="Give the text itself.")
    tried = [marked] if marked else [encoding] if wide else ["utf-8", encoding]
    for name in tried[:-1]:
        try:
            return without_controls(data.decode(name))
        except UnicodeDecodeError:
            pass
    try:
        return without_controls(data.decode(tried[-1]))
    except LookupError:
        hint = "Use utf-8, cp1252 or utf-16."
        raise EvidenceInvalid(f"the encoding {encoding!r} is not known.", hint=hint) from None
    except UnicodeDecodeError as error:
        from rules.remedy import Give, Part

        line = data.count(b"\n", 0, error.start) + 1
        other = "cp1252" if tried[-1].startswith("utf") else "utf-8"
        raise EvidenceInvalid(
            f"line {line} is not {tried[-1]} text (byte {data[error.start]:#04x}).",
            hint="Save it as UTF-8, or give its encoding (older Windows: cp1252).",
            remedies=[Give(Part.ENCODING, (other,))],
        ) from None


def without_controls(text: str) -> str:
    """The text itself; raises EvidenceInvalid, with the line, if control characters stand in it."""
    if found := CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        more = sum(1 for _ in CONTROL.finditer(text)) - 1
        raise EvidenceInvalid(
            f"line {line} holds the control character U+{ord(found[0]):04X}"
            + (f", and {more:,} more follow." if more else "."),
            hint="Remove it, or save the file as UTF-8.",
        )
    return text


def decode_html(data: bytes, encoding: str = "utf-8") -> str:
    """The text of an HTML file, in the encoding that it names itself; else as `decode` has it."""
    marked = any(data.startswith(mark) for mark, _ in MARKS)
    named = CHARSET.search(data[:CHARSET_WITHIN])
    if marked or not named:
        return decode(data, encoding)
    try:
        name = codecs.lookup(named[1].decode("ascii", "replace")).name
    except LookupError:
        return decode(data, encoding)
    # Browsers take these names for Windows' own encoding (the WHATWG's Encoding standard), and a
    # page whose name for its encoding can be read is in no wide one.
    name = {"iso8859-1": "cp1252", "ascii": "cp1252"}.get(name, name)
    return decode(data, encoding if name.startswith(("utf-16", "utf-32")) else name)


def text_sections(text: str) -> tuple[list[str], bool]:
    """The pages of a text that form feeds divide; one section without. And whether the pages are numbered."""
    pages = text.split("\f")
    return pages, len(pages) > 1


def markdown_sections(text: str) -> list[str]:
    """The text at its headings (#, ##, ###); it stays as it is written. Code between fences has none.

    One more than MOST_PAGES at most: so many are not stored, and it ends there.
    """
    sections: list[list[str]] = [[]]
    fence = ""
    said = False
    for line in text.replace("\f", "\n").splitlines():
        if len(sections) > MOST_PAGES:
            break
        if mark := FENCE.match(line):
            fence = "" if fence == mark[1] else fence or mark[1]
        elif not fence and HEADING.match(line):
            if said:
                sections.append([])
            said = False
            sections[-1].append(line)
            continue
        said = said or bool(line.strip())
        sections[-1].append(line)
    return ["\n".join(lines) for lines in sections]


def csv_sections(text: str) -> list[str]:
    """The rows of a CSV table as lines, a tab between cells; raises EvidenceInvalid for loose quotes."""
    lines = text.replace("\f", " ").lstrip("\r\n")
    first = lines.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(lines, newline=""), delimiter=max(DELIMITERS, key=first.count), strict=True
    )
    rows: list[str] = []
    try:
        for cells in reader:
            rows.append(row_text(cells))
    except csv.Error as error:
        raise EvidenceInvalid(
            f"the quotation marks do not match in line {reader.line_num}: {loose_quotes(error)}.",
            hint='Close every quotation mark; write one inside a text twice ("").',
        ) from None
    return ["\n".join(row for row in rows if row)]


def row_text(cells: list[str]) -> str:
    """A row of a table as a line: a tab between cells, none after the last; a cell is on one line."""
    return "\t".join(" ".join(cell.split()) for cell in cells).rstrip("\t")
