"""How widespread a finding is: its extent, in numbers (7 of 30 files) or a word (most teams), and its weight.

A finding counts for the share of what was looked at in which it was found:

- `k of n` counts for k / n. How sure that share is follows from n: it is a binomial proportion.
- A word counts for the middle of the range that it stands for (`RANGES`), and may be anything in it. The
  ranges are cut where inspectors of education in Scotland cut "few" (up to 15 %) and "less than half" (15 to
  49 %): Education Scotland, Terms we use in the inspection process. "Most" is then more than half, not all.
- Without an extent a finding counts whole, as it always did.

Weights are whole numbers of `WHOLE` (a finding that counts whole), so that sums of them are exact in any
order. Of every n up to 12, and of 15, 16, 20, 24, 25, 30, 50 and 100, k / n is such a number exactly. With
more than 13 million findings in one domain, the sums of their squares would be too large.

The base of a share of findings is Kish's effective number (see `evidence.measures.compute`), in which the
square of a weight is the mean of the squares that it may have: the square of its middle and the variance of
its share, p (1 - p) / n, or that of an even spread over the range of its word. So a base grows with the
numbers looked at, and is never larger than it would be if all extents were sure. At 0 of n and n of n, p is
(k + 1/2) / (n + 1), as for published shares that would never vary (`evidence.measures.resample`). Files or
teams behind several findings are often the same ones: they are not counted as observations of their own, and
a finding is one at most.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rules.errors import refuse, suggest
from rules.limits import LONGEST_NAME

WHOLE = 277_200
"""The weight of a finding that counts whole: the least common multiple of 1 to 12, 16 and 25."""
RANGES = {"isolated": (0.0, 0.15), "some": (0.15, 0.5), "most": (0.5, 1.0), "all": (1.0, 1.0)}
"""The share that each word stands for, from and up to."""
EXAMPLES = "how many of how many (7 of 30 files), or isolated, some, most or all (most teams), or empty"
"""What is expected where an extent is given."""


@dataclass(frozen=True)
class Extent:
    """How widespread a finding is: `found` of `of`, or a `word`, each with its unit."""

    found: int | None = None
    of: int | None = None
    word: str | None = None
    """isolated, some, most or all; None where the numbers are known."""
    unit: str = ""
    """What was looked at, in words: files, councils, teams."""

    @property
    def text(self) -> str:
        """The extent as it is written: '7 of 30 files', 'most teams'."""
        return f"{self.word or f'{self.found:,} of {self.of:,}'} {self.unit}".rstrip()


def in_words(extent: str) -> str:
    """Where a finding with this extent (`Extent.text`) applies: 'in 7 of 30 files'; empty without one."""
    return f"in {extent} cases" if extent in RANGES else extent and f"in {extent}"


COLUMNS = ("extent_found", "extent_of", "extent_word", "extent_unit")
"""Columns of `evidence` that hold an extent."""


def extent_columns(extent: Extent | None) -> dict[str, Any]:
    """What is stored of an extent, by column."""
    given = extent or Extent()
    return dict(zip(COLUMNS, (given.found, given.of, given.word, given.unit), strict=True))


# --- reading -----------------------------------------------------------------------------------------------

COUNT = r"[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2}"
COUNTED = re.compile(
    rf"({COUNT})(?: (?:out of the|out of|of the|of|allan o'r|allan o|o'r|o) | ?/ ?)({COUNT})(?: (.+))?",
    re.IGNORECASE,
)
WORDS = {
    **{"isolated": "isolated", "ynysig": "isolated"},
    **{"some of the": "some", "some": "some", "rhai o'r": "some", "rhai": "some"},
    **{"most of the": "most", "most": "most"},
    **{"y rhan fwyaf o'r": "most", "y rhan fwyaf o": "most", "y rhan fwyaf": "most"},
    **{"rhan fwyaf o'r": "most", "rhan fwyaf o": "most", "rhan fwyaf": "most"},
    **{"y mwyafrif o'r": "most", "y mwyafrif o": "most", "y mwyafrif": "most", "mwyafrif": "most"},
    **{"all of the": "all", "all the": "all", "all": "all"},
    **{"pob un o'r": "all", "pob un": "all", "pob": "all", "yr holl": "all", "holl": "all"},
}
"""The words for an extent, in English and Welsh, each with the one it is stored as; longer ones first."""
NO_UNIT = frozenset(
    (
        *("about", "above", "and", "apart", "at", "bar", "below", "but", "except"),
        *("excluding", "few", "fewer", "half", "if", "in", "less", "many", "more"),
        *("nearly", "neu", "none", "not", "o", "of", "only", "or", "over"),
        *("plus", "save", "than", "the", "to", "under", "ac", "a", "ond"),
    )
)
"""Words that begin no unit: what follows them would change the extent ('all but two', '7 of 30 or more')."""


ANOTHER = re.compile(r"[0-9](?: (?:out of|of|allan o|o'r|o) | ?/ ?)(?:the )?[0-9]", re.IGNORECASE)
"""Another extent among the words of a unit."""


def read_extent(text: str) -> Extent | None:
    """The extent that a text gives, None for an empty one; refuses what would have to be guessed."""
    said = " ".join(text.replace("\u2019", "'").split()).rstrip(".")
    if not said:
        return None
    if numbers := COUNTED.fullmatch(said):
        return _counted(_whole(numbers[1]), _whole(numbers[2]), numbers[3] or "")
    folded = said.casefold()
    for phrase, word in WORDS.items():
        if folded == phrase:
            return Extent(word=word)
        if folded.startswith(f"{phrase} "):
            return _worded(word, said[len(phrase) + 1 :])
    near = suggest(folded, RANGES)
    raise refuse(EXAMPLES, near if near.startswith("Did") else "")


def _whole(text: str) -> int:
    return int(text.replace(",", ""))


def _counted(found: int, of: int, unit: str) -> Extent:
    if of < 1 or found > of:
        raise refuse(EXAMPLES, f"{found:,} of {of:,} is not possible: write how many of how many.")
    unit = unit.removeprefix("o ").removeprefix("o'r ")
    return Extent(found, of, unit=_unit(unit) if unit else "")


def _worded(word: str, unit: str) -> Extent:
    number, _, rest = unit.partition(" ")
    if word == "all" and re.fullmatch(COUNT, number):
        return _counted(_whole(number), _whole(number), rest)
    if re.search("[0-9]", unit):
        raise refuse(EXAMPLES, "Where the number is known, write how many of how many.")
    return Extent(word=word, unit=_unit(unit))


def _unit(unit: str) -> str:
    first = re.split(r"[^\w']", unit, maxsplit=1)[0].casefold()
    if not unit[0].isalpha() or first in NO_UNIT or ANOTHER.search(unit):
        raise refuse(EXAMPLES, f"Of {unit[:40]!r} it is not clear what was counted: give one extent.")
    if len(unit) > LONGEST_NAME:
        raise refuse(f"at most {LONGEST_NAME} characters", f"There are {len(unit)}. Shorten the text.")
    return unit


# --- in SQL ------------------------------------------------------------------------------------------------


def _share(of_numbers: str, of_range: dict[str, float], without: str) -> str:
    """SQL: a figure of the extent of `e`, from its numbers or its word."""
    words = " ".join(f"when '{word}' then {value!r}" for word, value in of_range.items())
    return (
        f"case when e.extent_of is not null then {of_numbers}"
        f" when e.extent_word is not null then case e.extent_word {words} end else {without} end"
    )


POINT = "1.0 * e.extent_found / e.extent_of"
NOT_SURE = f"min(max({POINT}, 0.5 / (e.extent_of + 1)), (e.extent_of + 0.5) / (e.extent_of + 1))"
MIDDLES = {word: (low + high) / 2 for word, (low, high) in RANGES.items()}
SQUARES = {word: MIDDLES[word] ** 2 + (high - low) ** 2 / 12 for word, (low, high) in RANGES.items()}

EXTENT_TEXT = """trim(case when e.extent_of is not null
  then printf('%,d of %,d', e.extent_found, e.extent_of) else coalesce(e.extent_word, '') end
  || ' ' || e.extent_unit)"""
"""SQL: the extent of the item `e` as it is written (`Extent.text`); empty without one."""
EXTENT_WEIGHT = f"cast(round({WHOLE} * {_share(POINT, MIDDLES, '1.0')}) as integer)"
"""SQL: what the extent of the item `e` lets it count for, in whole numbers of `WHOLE`."""
EXTENT_SQUARE = (
    f"cast(round({WHOLE * WHOLE}.0 * "
    + _share(f"(({POINT}) * ({POINT}) + {NOT_SURE} * (1 - {NOT_SURE}) / e.extent_of)", SQUARES, "1.0")
    + ") as integer)"
)
"""SQL: the mean of the squares of the weights that the item may have, in whole numbers of `WHOLE` squared."""
