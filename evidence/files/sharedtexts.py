"""The texts that the cells of an Excel workbook share: read as they are asked for, block by block."""

from __future__ import annotations

import re
import zipfile
import zlib
from bisect import bisect_right
from typing import Any
from xml.parsers import expat

from evidence.files.damage import Damaged
from evidence.files.formats.raised import joined

PIECE = 65_536
"""Bytes of XML that are taken apart at a time."""
PACKED = 8_192
"""Bytes that are unpacked at a time where reading may begin again behind them."""
ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
OFF = ("0", "false")


class Declared(Damaged):
    """The XML declares entities, which no spreadsheet program writes."""


def xml_parser(separator: str = " ") -> expat.XMLParserType:
    """A parser that joins text, gives names as "namespace name", and raises Declared for entities."""
    parser = expat.ParserCreate(namespace_separator=separator)
    parser.buffer_text = True

    def refuse(*_: Any) -> None:
        raise Declared("it declares XML entities, which no spreadsheet program writes")

    parser.StartDoctypeDeclHandler = refuse
    return parser


def local(name: str) -> str:
    """The name of an element or attribute without its namespace."""
    return name.rpartition(" ")[2]


def plain_text(text: str) -> str:
    """A text as it was typed: `_x000D_` stands for a line end, as XML has none of its own for it."""
    if "_x" not in text:
        return text
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text).replace("\r\n", "\n")


def looks_of(tag: str, said: dict[str, str]) -> str:
    """How a run of a cell looks with this property: raised ("up"), lowered ("down"), "struck" or ""."""
    if tag.endswith("vertAlign"):
        return {"superscript": "up", "subscript": "down"}.get(said.get("val", ""), "")
    return "struck" if tag.endswith("strike") and said.get("val") not in OFF else ""


class Strings:
    """The texts that cells refer to by number, read from the file block by block as they are asked for.

    Programs write them in the order in which the cells first need them. So few blocks are held at a time, and
    memory does not grow with the file; each block that is needed again is one more that is held.
    """

    BLOCK = 1_000_000
    """Bytes of XML in a block."""

    def __init__(self, archive: zipfile.ZipFile, part: str) -> None:
        self._held: dict[int, list[str]] = {}
        self._most = 3
        self._starts: list[int] = []
        """The number of the first text of each block."""
        self._places: list[_Place] = []
        self._first, self._texts = 0, list[str]()
        """The block that was asked last."""
        self._next = None if not part else _Place.at_start(archive, part)
        self._count = 0

    def get(self, number: int) -> str:
        """The text with this number; raises IndexError."""
        at = number - self._first
        if 0 <= at < len(self._texts):
            return self._texts[at]
        while number >= self._count:
            if self._next is None:
                raise IndexError(f"there is no text {number}")
            place = self._next
            texts, self._next = place.read(self.BLOCK)
            self._places.append(place)
            self._starts.append(self._count)
            self._hold(len(self._places) - 1, texts)
            self._count += len(texts)
        block = bisect_right(self._starts, number) - 1
        if block not in self._held:
            self._most += 1
            self._hold(block, self._places[block].read(self.BLOCK)[0])
        self._first, self._texts = self._starts[block], self._held[block]
        return self._texts[number - self._first]

    def _hold(self, block: int, texts: list[str]) -> None:
        self._held[block] = texts
        if len(self._held) > self._most:
            # The first block has what comes in every row.
            oldest = next(each for each in self._held if each)
            del self._held[oldest]


class _Place:
    """A place between two texts in the packed part of a workbook, from which reading can begin again."""

    def __init__(self, source: _Packed, state: Any, at: int, begun: bytes, prolog: bytes) -> None:
        self.source, self.state, self.at, self.begun, self.prolog = source, state, at, begun, prolog

    @classmethod
    def at_start(cls, archive: zipfile.ZipFile, part: str) -> _Place | None:
        """The place before the first text; None where there is none."""
        with archive.open(part) as whole:
            while whole.read(1_000_000):  # damage is known before any text is taken
                pass
        source = _Packed(archive, archive.getinfo(part))
        text, state, at = source.more(source.unpacker(), 0, PACKED)
        root = re.search(rb"<(?:(\w{1,50}):)?sst[\s>/]", text)
        end = text.find(b">", root.start()) if root else -1
        if root is None or end < 0:
            raise Damaged("its texts are not readable")
        if text[end - 1 : end] == b"/":
            return None
        return cls(source, state, at, text[end + 1 :], text[root.start() : end + 1])

    def read(self, size: int) -> tuple[list[str], _Place | None]:
        """The texts from here on, about so many bytes of them, and the place behind the last."""
        prefix = re.match(rb"<(\w{1,50}:)?", self.prolog)
        close = b"</" + (prefix[1] or b"" if prefix else b"") + b"si>"
        state, at, data = self.state.copy() if self.state else None, self.at, self.begun
        ended = False
        while (len(data) < size or data.find(close) < 0) and not ended:
            some, state, at = self.source.more(state, at, PACKED)
            ended = not some
            data += some
        end = data.rfind(close) + len(close) if close in data else 0
        texts = _texts(self.prolog, data[:end], close)
        rest = data[end:]
        if ended:
            return texts, None
        return texts, _Place(self.source, state, at, rest, self.prolog)


class _Packed:
    """A part of an archive that can be unpacked from any place where somebody was before."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self.archive, self.info = archive, info
        file: Any = archive.fp
        here = file.tell()
        file.seek(info.header_offset + 26)
        name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
        file.seek(here)
        self.begin = info.header_offset + 30 + name + extra

    def unpacker(self) -> Any:
        """What unpacks it from its start."""
        return zlib.decompressobj(-15) if self.info.compress_type == zipfile.ZIP_DEFLATED else None

    def more(self, state: Any, at: int, size: int) -> tuple[bytes, Any, int]:
        """Some bytes from a place on, and the place behind them; none at the end."""
        file: Any = self.archive.fp
        here = file.tell()
        try:
            while True:
                file.seek(self.begin + at)
                packed = file.read(min(size, self.info.compress_size - at))
                at += len(packed)
                if state is None:
                    return packed, None, at
                out = state.decompress(packed) if packed else state.flush()
                if out or not packed:
                    return out, state, at
        finally:
            file.seek(here)


def _texts(prolog: bytes, data: bytes, close: bytes) -> list[str]:
    """The texts of whole `si` elements."""
    found: list[str] = []
    text: list[str] = []
    runs: list[tuple[str, str]] = []
    """The runs before this one, where one of them is raised, lowered or struck through."""
    parser = xml_parser()
    name_of = local
    taking = False
    silent = False
    looks = ""

    def start(name: str, said: dict[str, str]) -> None:
        nonlocal taking, silent, looks
        tag = name_of(name)
        if tag == "si":
            text.clear()
        elif tag == "t":
            taking = not silent
        elif tag == "rPh":
            silent = True
        elif tag == "r":
            if looks:
                runs.append(("".join(text), looks))
                text.clear()
                looks = ""
        elif tag in ("vertAlign", "strike") and not looks and (looks := looks_of(tag, said)):
            runs.append(("".join(text), ""))
            text.clear()

    def end(name: str) -> None:
        nonlocal taking, silent, looks
        tag = name_of(name)
        if tag == "t":
            taking = False
        elif tag == "si":
            if runs:
                runs.append(("".join(text), looks))
                text[:] = [joined(runs)]
                runs.clear()
            found.append(plain_text("".join(text)))
            looks = ""
        elif tag == "rPh":
            silent = False

    def characters(some: str) -> None:
        if taking:
            text.append(some)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    prefix = close[2:-3]
    parser.Parse(prolog, False)
    parser.Parse(data, False)
    parser.Parse(b"</" + prefix + b"sst>", True)
    return found
