"""Two versions of a report beside each other: which words of which paragraph were kept, removed and added.

Paragraphs are compared by their numbers, which never change and are never used again: a paragraph is never
guessed to be another. Within a paragraph, words are compared as `difflib` does. Rejecting every change gives
the first version letter by letter, accepting every change the second (`rejecting`, `accepting`), so that what
Word does with tracked changes made from this is known before.

One language at a time: give the paragraphs of one language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby

STOPS = ".,;:!?)]}”’\"'"
"""What ends a word without belonging to it: a comma that became a stop is no other word."""
MOST_PAIRS = 4_000_000
"""How many pairs of words of one paragraph are compared, at most: 2,000 words with 2,000. Beyond, what is
between the same beginning and the same end is removed and added whole."""


class Change(StrEnum):
    """What became of words or of a paragraph."""

    KEPT = "kept"
    REMOVED = "removed"
    ADDED = "added"
    CHANGED = "changed"
    """Of a paragraph only: some of its words were removed or added."""


@dataclass(frozen=True)
class Worded:
    """A paragraph of one version: its number and its words as one text."""

    number: str
    text: str


@dataclass(frozen=True)
class Piece:
    """Words next to each other, with their spaces, that were all kept, all removed or all added."""

    change: Change
    text: str


@dataclass(frozen=True)
class Compared:
    """What became of a paragraph, and of its words in their order."""

    number: str
    change: Change
    """Kept, removed or added as a whole, or changed in its words."""
    pieces: tuple[Piece, ...]
    """In order; where words were replaced, those removed come before those added. None of no words."""
    moved: bool = False
    """Whether the paragraph is in both versions, but in another place: it is then removed here and added
    there."""


def compare_paragraphs(before: Iterable[Worded], after: Iterable[Worded]) -> tuple[Compared, ...]:
    """The paragraphs of both versions, in an order that fits both, with what became of their words.

    Raises ValueError where a version has a number twice.
    """
    old, new = _by_number(before), _by_number(after)
    numbers = list(old), list(new)
    found = list[Compared]()
    for kept, first, second in _stretches(*numbers):
        if kept:
            found += [_compared(old[number], new[number]) for number in first]
        else:
            found += [_whole(old[number], Change.REMOVED, number in new) for number in first]
            found += [_whole(new[number], Change.ADDED, number in old) for number in second]
    return tuple(found)


def changed_only(compared: Iterable[Compared]) -> tuple[Compared, ...]:
    """The paragraphs in which anything is different, moved ones included."""
    return tuple(one for one in compared if one.change != Change.KEPT)


def rejecting(compared: Iterable[Compared]) -> tuple[Worded, ...]:
    """The first version again: every change rejected."""
    return tuple(
        Worded(one.number, words_of(one.pieces, Change.ADDED))
        for one in compared
        if one.change != Change.ADDED
    )


def accepting(compared: Iterable[Compared]) -> tuple[Worded, ...]:
    """The second version: every change accepted."""
    return tuple(
        Worded(one.number, words_of(one.pieces, Change.REMOVED))
        for one in compared
        if one.change != Change.REMOVED
    )


def words_of(pieces: Iterable[Piece], without: Change) -> str:
    """The words of pieces as one text, without those that were removed (or added)."""
    return "".join(piece.text for piece in pieces if piece.change != without)


def compare_words(before: str, after: str) -> tuple[Piece, ...]:
    """What became of the words of a text, in order."""
    old, new = _words(before), _words(after)
    head = _same_at_start(old, new)
    tail = _same_at_start(old[head:][::-1], new[head:][::-1])
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    too_many = len(middle[0]) * len(middle[1]) > MOST_PAIRS
    stretches = _without_islands([(False, *middle)] if too_many else [*_stretches(*middle)])
    found = [Piece(Change.KEPT, "".join(old[:head]))]
    for kept, first, second in stretches:
        if kept:
            found.append(Piece(Change.KEPT, "".join(first)))
        else:
            found += [Piece(Change.REMOVED, "".join(first)), Piece(Change.ADDED, "".join(second))]
    found.append(Piece(Change.KEPT, "".join(old[len(old) - tail :])))
    return tuple(_joined(piece for piece in found if piece.text))


def _by_number(version: Iterable[Worded]) -> dict[str, Worded]:
    found = dict[str, Worded]()
    for paragraph in version:
        if paragraph.number in found:
            raise ValueError(f"the number {paragraph.number} appears twice in one version")
        found[paragraph.number] = paragraph
    return found


def _compared(before: Worded, after: Worded) -> Compared:
    if before.text == after.text:
        return Compared(before.number, Change.KEPT, _pieces(Change.KEPT, before.text))
    return Compared(before.number, Change.CHANGED, compare_words(before.text, after.text))


def _whole(paragraph: Worded, change: Change, moved: bool) -> Compared:
    return Compared(paragraph.number, change, _pieces(change, paragraph.text), moved)


def _pieces(change: Change, text: str) -> tuple[Piece, ...]:
    return (Piece(change, text),) if text else ()


Stretch = tuple[bool, Sequence[str], Sequence[str]]
"""Whether it is the same in both; what is there in the first; what is there in the second."""


def _stretches(before: Sequence[str], after: Sequence[str]) -> Iterator[Stretch]:
    for change, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        yield change == "equal", before[i:j], after[k:m]


def _without_islands(stretches: list[Stretch]) -> list[Stretch]:
    """The same with spaces that were kept between two changes counted to both: 'in May' was replaced by
    'since June', not 'in' by 'since' and 'May' by 'June'."""
    found: list[Stretch] = []
    for place, (kept, first, second) in enumerate(stretches):
        island = kept and 0 < place < len(stretches) - 1 and "".join(first).isspace()
        changed = not kept or island
        if changed and found and not found[-1][0]:
            _, before, after = found.pop()
            found.append((False, [*before, *first], [*after, *second]))
        else:
            found.append((not changed, first, second))
    return found


def _same_at_start(before: Sequence[str], after: Sequence[str]) -> int:
    same = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        same += 1
    return same


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for change, together in groupby(pieces, key=lambda piece: piece.change):
        yield Piece(change, "".join(piece.text for piece in together))


def _words(text: str) -> list[str]:
    """Words, the stops after them, and spaces, in order; together they are the text."""
    found = list[str]()
    for space, letters in groupby(text, key=str.isspace):
        together = "".join(letters)
        word = together if space else together.rstrip(STOPS)
        found += [part for part in (word, together[len(word) :]) if part]
    return found
