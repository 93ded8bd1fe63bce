"""The text of a PDF page in the pieces in which it is drawn: raised digits apart, values beside labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from evidence.files.formats.raised import LOOKED_BACK, raised

SMALLER = 0.86
"""Size of what is raised, as a share of the size of what it follows; at most."""
HIGHER = 0.12
"""How far it is raised, as a share of that size; at least."""
SAME_LINE = 0.1
"""How far two pieces of one line are apart in height, as a share of their size; at most."""
WIDTH = 0.5
"""Width of a character, as a share of its size; roughly."""
UNSURE = 0.1
"""How far the width of a character may be from that, as a share of its size."""
SHOWS = (b"Tj", b"TJ", b"'", b'"')
LABEL_ABOVE = 24.0
"""Points between a field and a label above it; at most."""
LABEL_BESIDE = 400.0
"""Points between a field and a label on its line; at most."""
SLASHES = ("/", "\u2044")


@dataclass
class Piece:
    """Some text, where it begins, and how large it is."""

    text: str
    x: float
    y: float
    size: float
    up: tuple[float, float] = (0.0, 1.0)
    """Which way is up for it."""

    @property
    def ends(self) -> float:
        """Where it ends, roughly."""
        return self.x + len(self.text.strip()) * self.size * WIDTH


@dataclass
class Drawn:
    """The pieces of a page, as pypdf tells of them."""

    pieces: list[Piece] = field(default_factory=list)
    rise: float = 0.0
    shown: float = 0.0
    """How far the text that was last drawn is raised."""
    kept: list[float] = field(default_factory=list)

    def operator(self, operator: bytes, operands: Any, cm: Any, tm: Any) -> None:
        """Mind how far text is raised; for `visitor_operand_before`."""
        if operator == b"Ts" and operands and isinstance(operands[0], int | float):
            self.rise = float(operands[0])
        elif operator == b"q":
            self.kept.append(self.rise)
        elif operator == b"Q" and self.kept:
            self.rise = self.kept.pop()
        elif operator in SHOWS:
            self.shown = self.rise

    def text(self, text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float) -> None:
        """Take a piece; for `visitor_text`."""
        if not text:
            return
        up = tm[2] * cm[0] + tm[3] * cm[2], tm[2] * cm[1] + tm[3] * cm[3]
        scale = math.hypot(*up) or 1.0
        unit = up[0] / scale, up[1] / scale
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4] + self.shown * up[0]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5] + self.shown * up[1]
        self.pieces.append(Piece(text, x, y, abs(size) * scale, unit))


def with_flushes(operations: Sequence[tuple[Any, bytes]]) -> list[tuple[Any, bytes]] | None:
    """The operations of a page with its font set again where the text gets another size without that.

    pypdf begins a new piece where a font is set. None where nothing is to be added.
    """
    made: list[tuple[Any, bytes]] = []
    font: Any = None
    scale: Any = None
    added = False
    for operands, operator in operations:
        made.append((operands, operator))
        if operator == b"Tf":
            font = operands
        elif operator == b"BT":
            scale = None
        elif operator == b"Tm":
            now = [value for value in operands[:4] if isinstance(value, int | float)]
            if font is not None and scale is not None and now != scale:
                made.append((font, b"Tf"))
                added = True
            scale = now
    return made if added else None


def keep_apart(pieces: list[Piece]) -> None:
    """Put small raised digits that follow something at once in brackets: In 2007¹ is In 2007[1]."""
    base: Piece | None = None
    for at, piece in enumerate(pieces):
        text = piece.text.strip()
        if not text:
            continue
        if base is not None and _is_raised(piece, base, pieces[at - 1]):
            before = base.text.rstrip("\n")
            after = next((each for each in pieces[at + 1 :] if each.text.strip()), None)
            if after is not None and after.text.startswith(SLASHES):
                mark = f" {text}"
            else:
                mark = raised(text, before[-LOOKED_BACK:])
            end = piece.text[len(piece.text.rstrip()) :]
            if end and after is not None and _level(after, base):
                end = "" if after.text.startswith(" ") else " "
            pieces[at - 1].text = pieces[at - 1].text.rstrip("\n")
            piece.text = mark + end
            continue
        base = piece


def _is_raised(piece: Piece, base: Piece, before: Piece) -> bool:
    text = piece.text
    if not text[0].isdigit() or not all(char.isdigit() or char in ",;-–* \n" for char in text):
        return False
    if piece.size > SMALLER * base.size or before.text.endswith(" ") or piece.up != base.up:
        return False
    height = _height(piece, base)
    if not HIGHER * base.size < height < base.size:
        return False
    # Where a new line begins, what is raised is close to the end of the one before.
    far = abs(piece.x - base.ends) > base.size * (1 + UNSURE * len(base.text.strip()))
    return not (before.text.endswith("\n") and far)


def _height(piece: Piece, base: Piece) -> float:
    """How far a piece is above another one, in its own direction."""
    return (piece.x - base.x) * base.up[0] + (piece.y - base.y) * base.up[1]


def _level(piece: Piece, base: Piece) -> bool:
    return abs(_height(piece, base)) < SAME_LINE * base.size


# --- values beside their labels ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Value:
    """What is filled in or typed somewhere on a page."""

    text: str
    name: str
    """What it is called, where no label is beside it; may be empty."""
    place: tuple[float, float, float, float]
    """Left, bottom, right, top."""
    box: bool = False
    """Whether it is a box to tick."""


def put_beside(pieces: list[Piece], values: Sequence[Value]) -> None:
    """Put every value beside its label: on its line, else above it; else at the end, with its name."""
    labels = [piece for piece in pieces if piece.text.strip()]
    behind: dict[int, list[Value]] = {}
    last: list[str] = []
    for value in sorted(values, key=lambda value: (-value.place[3], value.place[0])):
        label, before = _label_of(labels, value)
        if label is None:
            last.append(f"{value.name}: {value.text}" if value.name else value.text)
        elif before:
            blanks = len(label.text) - len(label.text.lstrip())
            label.text = f"{label.text[:blanks]}{value.text} {label.text[blanks:]}"
        else:
            behind.setdefault(id(label), []).append(value)
    for label in labels:
        for value in behind.get(id(label), ()):
            text = label.text.rstrip()
            label.text = f"{text} {value.text}{label.text[len(text) :] or ' '}"
    if last:
        pieces.append(Piece("\n" + "\n".join(last), 0, 0, 0))


def _label_of(labels: Sequence[Piece], value: Value) -> tuple[Piece | None, bool]:
    """The label of a value, and whether the value comes before it."""
    left, bottom, right, top = value.place
    line = [each for each in labels if bottom - 0.5 * each.size <= each.y <= top]
    behind = [(left - min(each.ends, left), each) for each in line if each.x <= left]
    before = [(each.x - right, each) for each in line if each.x >= right - 1] if value.box else []
    near = min(behind, key=lambda found: left - found[1].x, default=None)
    next_to = min(before, key=lambda found: found[0], default=None)
    if next_to is not None and (near is None or next_to[0] <= max(near[0], 3.0)):
        return next_to[1], True
    if near is not None and near[0] <= LABEL_BESIDE:
        return near[1], False
    above = [
        (each.y - top, each)
        for each in labels
        if 0 <= each.y - top <= LABEL_ABOVE and each.x <= right and each.ends >= left
    ]
    return (min(above, key=lambda found: found[0])[1] if above and not value.box else None), False
