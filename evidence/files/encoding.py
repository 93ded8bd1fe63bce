"""Which encoding a text file is in, and what is said of one that is in another."""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rules.errors import ImportRefused, Problem

if TYPE_CHECKING:
    from rules.remedy import Remedy

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""What stands at the start of a file that says its encoding itself."""


def refuse_file(where: str, message: str, hint: str = "", *remedies: Remedy) -> NoReturn:
    """Raise ImportRefused for a file that cannot be read."""
    raise ImportRefused("Nothing was imported.", [Problem(where, message, hint, remedies)])


def open_text(path: Path, name: str, encoding: str) -> io.TextIOWrapper:
    """The file as text, in the encoding that its bytes show or that was given; raises ImportRefused.

    A byte order mark, or text beyond ASCII that is UTF-8 throughout, says more than an encoding given for
    several files.
    """
    with path.open("rb") as raw:
        start = raw.read(8_192)
        marked = next((found for mark, found in MARKS if start.startswith(mark)), None)
        if start.startswith(b"PK\x03\x04"):
            refuse_file(
                name, "this is not a text file.", "If it is a workbook, its name must end with .xlsx or .ods."
            )
        wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
        if not marked and not wide:
            if b"\x00" in start and not (marked := _without_mark(start)):
                refuse_file(name, "this is not a text file (it holds zero bytes).", "Save it as 'CSV UTF-8'.")
            if not marked and encoding != "utf-8" and _is_utf8(raw, start):
                marked = "utf-8"
    try:
        return path.open(encoding=marked or encoding or "?", newline="")
    except (LookupError, ValueError):
        refuse_file(name, f"the encoding {encoding!r} is not known.", "Use utf-8, cp1252 or utf-16.")


def _without_mark(start: bytes) -> str | None:
    """The encoding of a text in two bytes a letter whose file does not say so; None for anything else."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    few, most = min(even, odd), max(even, odd)
    if few * 20 > most or most * 5 < len(start) // 2 * 3:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_utf8(raw: io.BufferedReader, start: bytes) -> bool:
    """Whether a file with bytes above 127 is UTF-8 throughout: text in another encoding never is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    beyond = False
    try:
        while start:
            decoder.decode(start)
            beyond = beyond or not start.isascii()
            start = raw.read(1_000_000)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return beyond


def not_in_encoding(
    name: str, encoding: str, lines: int, error: UnicodeError
) -> tuple[str, str, str, Remedy]:
    """Where (the line), what, and what would do, when text after `lines` lines cannot be decoded."""
    from rules.remedy import Give, Part

    line, byte = lines + 1, ""
    if isinstance(error, UnicodeDecodeError):
        line += error.object[: error.start].count(b"\n")
        byte = f" (byte {error.object[error.start]:#04x})"
    other = "cp1252" if encoding.startswith("utf") else "utf-8"
    return (
        f"{name}, line {line}",
        f"this is not {encoding} text{byte}.",
        "Save it as 'CSV UTF-8', or give its encoding (older Excel: cp1252).",
        Give(Part.ENCODING, (other,)),
    )
