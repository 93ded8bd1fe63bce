"""Several answers in one cell ("Day care;Home care;"): which options a column has, and which a cell names.

A question on which people tick all that applies becomes a question for every option: whoever answered at all
either ticked it or did not. An option may hold a comma itself, so a cell is never cut without its options.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from evidence.mapping.words import same_words

TICKED, NOT_TICKED = 5, 1
"""The answer to the question of an option: agrees, disagrees."""
MOST_OPTIONS = 30
"""Options of a question; where cells hold more different parts, they are no options."""
LONGEST_OPTION = 100
LONGEST_CELL, MOST_MARKS = 3_000, 200
"""Characters, and semicolons or commas, of a cell that is taken apart."""
BETWEEN = " ;,\t"


def options_in(words: Mapping[str, int]) -> list[str]:
    """The options that cells join with semicolons or commas, by how often each text is in a cell; else none.

    Parts that commas make are options only if some of them come back in other cells.
    """
    for mark in (";", ","):
        joined = [text for text in words if mark in text.strip(BETWEEN)]
        if not joined:
            continue
        parts = Counter(
            part.strip() for text in words for part in text.split(mark) if part.strip() and len(part) > 1
        )
        few = len(parts) <= MOST_OPTIONS and all(len(part) <= LONGEST_OPTION for part in parts)
        again = mark == ";" or any(parts[part.strip()] > 1 for text in joined for part in text.split(mark))
        if few and again:
            return sorted(parts)
    return []


class Unclear(Exception):
    """A cell can be read as naming these options, or others."""


def ticked(text: str, options: Sequence[str], known: Mapping[str, str]) -> tuple[set[str], list[str]]:
    """The options that a cell names, and its parts that are none; raises Unclear where it has two readings.

    `known` says of other parts, as `same_words` writes them, which option they mean; '' for none.
    """
    names = {same_words(option): option for option in options} | dict(known)
    whole = " ".join(text.casefold().split())
    marks = (";",) if whole.endswith(";") else (";", ",")
    whole = whole.strip(BETWEEN)
    found = set[frozenset[str]]().union(*(_readings(whole, names, mark) for mark in marks))
    if len(found) > 1:
        raise Unclear
    if found:
        return set(found.pop()), []
    mark = ";" if ";" in text else ","
    parts = [part.strip() for part in text.split(mark)]
    return set(), [part for part in parts if part and same_words(part) not in names] or [text]


def _readings(text: str, names: Mapping[str, str], mark: str) -> set[frozenset[str]]:
    """The ways to read a text as names with marks between them, as what the names mean."""
    if len(text) > LONGEST_CELL or text.count(mark) > MOST_MARKS:
        return set()
    ends = {at for at, letter in enumerate(text) if letter == mark} | {len(text)}
    starts = sorted({0, *(at + 1 for at in ends if at < len(text))}, reverse=True)
    ways: dict[int, set[frozenset[str]]] = {len(text) + 1: {frozenset()}}
    for start in starts:
        here: set[frozenset[str]] = set()
        for end in ends:
            if end < start or end - start > LONGEST_OPTION + 20:
                continue
            part = same_words(text[start:end])
            if part in names or not part:
                meant = {names[part]} - {""} if part else set()
                here |= {rest | meant for rest in ways.get(end + 1, ())}
        # Two are as good as many: either way it has to be said which is meant.
        ways[start] = set(sorted(here, key=sorted)[:2])
    return ways.get(0, set())
