"""What is filled in, typed on, or pinned to the pages of a PDF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from evidence.files.formats.pdf_lines import Value
from evidence.files.formats.said import COMMENT, EMBEDDED, HIDDEN, STAMP, Said

HIDDEN_FLAGS = 2 | 32
"""Hidden, and not to be viewed."""
PASSWORD, BUTTON = 1 << 13, 1 << 16
"""Flags of fields that show nothing that was filled in."""
DEEPEST = 20
"""Fields within fields."""
DRAWN = ("/Link", "/Popup", "/Watermark", "/PrinterMark", "/TrapNet", "/Screen", "/3D", "/Ink")
"""Annotations without words of their own."""
MOST_VALUES = 5_000
"""Fields and notes on one page."""


def values_of(page: Any, said: Said) -> list[Value]:
    """The values of a page's form, and what was typed on it; what is pinned to it is counted."""
    return list(_values(page, said))


def _values(page: Any, said: Said) -> Iterator[Value]:
    for number, reference in enumerate(_items(page.get("/Annots"))):
        if number >= MOST_VALUES:
            said.add(f"a page has more than {MOST_VALUES:,} fields and comments: the others were left out")
            return
        found = _object(reference)
        kind = str(found.get("/Subtype", ""))
        hidden = bool(_whole(found.get("/F")) & HIDDEN_FLAGS)
        text, box = ("", False)
        if kind == "/Widget":
            text, box = _field(found, said)
        elif kind == "/FreeText":
            text = _text(found.get("/Contents"))
        elif not hidden:
            _count(kind, found, said)
        if text.strip() and hidden:
            said.left_out[HIDDEN] += 1
        elif text.strip():
            name = _text(_inherited(found, "/TU")) or _text(_inherited(found, "/T"))
            yield Value(text.strip(), name.strip(), _place(found), box)


def notes_on(reader: Any, said: Said) -> None:
    """Say what the file as a whole brings that is not on its pages."""
    root = _object(reader.trailer.get("/Root"))
    form = _object(root.get("/AcroForm"))
    if "/XFA" in form:
        said.add("it holds a form of another kind (XFA): compare the text with what Adobe Reader shows")
    if "/EmbeddedFiles" in _object(root.get("/Names")):
        said.add("files attached to the PDF were left out")
    layers = _object(_object(root.get("/OCProperties")).get("/D"))
    if list(_items(layers.get("/OFF"))):
        said.add("the text of hidden layers is in the text, too: compare it with the PDF")


def _count(kind: str, found: Any, said: Said) -> None:
    if kind == "/Redact":
        said.add("words are marked for redaction but were never removed: they are in the text")
    elif kind == "/Stamp":
        said.left_out[STAMP] += 1
    elif kind in ("/FileAttachment", "/Movie", "/Sound", "/RichMedia"):
        said.left_out[EMBEDDED] += 1
    elif kind not in DRAWN and _text(found.get("/Contents")).strip():
        said.left_out[COMMENT] += 1


def _field(widget: Any, said: Said) -> tuple[str, bool]:
    """What a field of a form shows, and whether it is a box to tick."""
    kind, flags = str(_inherited(widget, "/FT")), _whole(_inherited(widget, "/Ff"))
    value = _object(_inherited(widget, "/V"))
    if kind == "/Btn":
        if flags & BUTTON:
            return "", False
        state = widget.get("/AS")
        on = str(state) != "/Off" if state is not None else str(value) not in ("None", "/Off", "")
        return "☒" if on else "☐", True
    if kind == "/Sig":
        if value is not None and value != {}:
            said.add("it is signed; the signature was not checked")
        return "", False
    if kind == "/Ch":
        shown = {
            _text(pair[0]): _text(pair[1]) for pair in map(_pair, _items(_inherited(widget, "/Opt"))) if pair
        }
        chosen = [_text(each) for each in (_items(value) if isinstance(value, list) else [value])]
        return ", ".join(shown.get(each, each) for each in chosen if each), False
    return ("" if flags & PASSWORD else _text(value)), False


def _pair(option: Any) -> list[Any] | None:
    found = _object(option)
    return list(found) if isinstance(found, list) and len(found) == 2 else None


def _inherited(found: Any, key: str) -> Any:
    """A value of a field, or of the one that it belongs to."""
    for _ in range(DEEPEST):
        if key in found:
            return found[key]
        found = _object(found.get("/Parent"))
        if not found:
            break
    return None


def _place(found: Any) -> tuple[float, float, float, float]:
    sides = [float(_object(side)) for side in _items(found.get("/Rect"))][:4]
    left, bottom, right, top = sides if len(sides) == 4 else (0.0, 0.0, 0.0, 0.0)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def _object(reference: Any) -> Any:
    """What a reference is of; nothing for none."""
    found = reference.get_object() if hasattr(reference, "get_object") else reference
    return {} if found is None else found


def _items(reference: Any) -> Iterable[Any]:
    found = _object(reference)
    return found if isinstance(found, list) else ()


def _whole(value: Any) -> int:
    found = _object(value)
    return int(found) if isinstance(found, int | float) else 0


def _text(value: Any) -> str:
    """The words of a string, or of a stream that holds them."""
    found = _object(value)
    if hasattr(found, "get_data"):
        data = found.get_data()
        found = data.decode("utf-16" if data[:2] in (b"\xfe\xff", b"\xff\xfe") else "latin-1", "replace")
    if isinstance(found, bytes):
        found = found.decode("latin-1")
    return found.replace("\r\n", "\n").replace("\r", "\n") if isinstance(found, str) else ""
