"""The one matcher of words, for quotes and for searches, whatever printers made of the text.

A text is compared in a plain spelling: one blank for every stretch of blanks and line ends, one hyphen and
one apostrophe for all their kinds, ligatures spelt out. A word that is divided at a line end has more than
one reading: "infor-" and "mation" on the next line is "information", "self-" and "assessment" is
"self-assessment". Which of them is meant, the words that are looked for decide. Capitals, accents and
everything else must be as they are in the text.

All of it costs time that grows with the text, whatever is looked for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate

from rules.letters import DIVIDED, one_spelling

Pages = Sequence[tuple[int, str]]
"""The pages of a source's text: number and text."""
Pair = tuple[str, str]
"""The letters just before a hyphen, and those just after."""
Place = tuple[int, int, int]
"""Which page, from 0; from and to on it, in code points."""

PAGE_ENDS = "\x00"
"""Put between pages that are searched together; no text holds it."""
HYPHENS = "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"
APOSTROPHES = "\u2018\u2019\u201b\u02bc\u2032\uff07"
QUOTATION_MARKS = "\u201c\u201d\u201e\u201f\u2033\uff02"
BLANKS = (
    "\n\t\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
ALIKE = {
    **dict.fromkeys(BLANKS, " "),
    **dict.fromkeys(HYPHENS, "-"),
    **dict.fromkeys(APOSTROPHES, "'"),
    **dict.fromkeys(QUOTATION_MARKS, '"'),
}
"""Characters that are compared as another one; as many of the one as of the other."""
LIGATURES = {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"}
LIGATURES |= {"\ufb05": "st", "\ufb06": "st"}
UNSEEN = "\xad\u200b\ufeff"
SPELT_OUT = {**ALIKE, **LIGATURES, **dict.fromkeys(UNSEEN, "")}
SPELT_OUT_IN_ASCII = {char: same for char, same in ALIKE.items() if char.isascii()}
"""Each character that is replaced: one search for each is many times as quick as one for all of them."""
LONGEST_PART = 60
"""Letters of a word on one side of a hyphen that are compared."""
# All that is compared in more characters or fewer.
MORE_BLANKS = re.compile(r"\s{2,}+")
RESPELT = re.compile(rf"{DIVIDED.pattern}|{MORE_BLANKS.pattern}|[{''.join(LIGATURES)}]|[{UNSEEN}]")
HYPHENED = re.compile(rf"([^\W_]{{1,{LONGEST_PART}}})(- ?)(?=([^\W_]{{1,{LONGEST_PART}}}))")

Readings = Mapping[Pair, str]
"""How divided words are read: '-', '- ', or without a hyphen."""


def _letters_before(text: str, end: int) -> str:
    start = end
    while start > max(0, end - LONGEST_PART) and text[start - 1].isalnum():
        start -= 1
    return text[start:end]


def _letters_after(text: str, start: int) -> str:
    end = start
    while end < min(len(text), start + LONGEST_PART) and text[end].isalnum():
        end += 1
    return text[start:end]


def _pair(found: re.Match[str]) -> Pair:
    """What is divided, with ligatures spelt out."""
    parts = _letters_before(found.string, found.start()), _letters_after(found.string, found.end())
    before, after = ("".join(LIGATURES.get(char, char) for char in part) for part in parts)
    return before, after


def _spelt(found: re.Match[str], readings: Readings) -> str:
    """What a stretch that RESPELT found is compared as."""
    char = found[0][0]
    if char in LIGATURES:
        return LIGATURES[char]
    if len(found[0]) > 1 and char in "-\u2010\xad":
        before, after = pair = _pair(found)
        # Numbers are not divided: 2007-2008 has its hyphen.
        return readings.get(pair, "" if (before[-1] + after[0]).isalpha() else "-")
    return "" if char in UNSEEN else " "


def plainly(text: str, readings: Readings | None = None) -> str:
    """The text as it is compared; divided words as `readings` say, the others without hyphens."""
    known = readings or {}
    text = MORE_BLANKS.sub(" ", DIVIDED.sub(lambda found: _spelt(found, known), text))
    spelling = SPELT_OUT_IN_ASCII if text.isascii() else SPELT_OUT
    for char, same in spelling.items():
        text = text.replace(char, same)
    return text


def _in_text(text: str, start: int, end: int, readings: Readings) -> tuple[int, int] | None:
    """From and to in a text of a stretch of what `plainly` made of it; None for a part of a ligature."""
    moved, first, last = 0, None, None
    for found in RESPELT.finditer(text):
        begins, length = found.start() - moved, len(_spelt(found, readings))
        if first is None and start < begins + length:
            if start > begins:
                return None
            first = start + moved
        if end <= begins:
            last = end + moved
            break
        if end < begins + length:
            return None
        moved += len(found[0]) - length
    return (start + moved if first is None else first), (end + moved if last is None else last)


def pairs_in(text: str) -> dict[Pair, str]:
    """The words with a hyphen in a text that is compared, each with how it is written there."""
    return {(found[1], found[3]): found[2] for found in HYPHENED.finditer(text)}


class Matcher:
    """The pages of a text, in which words are looked for."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    def find(self, words: str, most: int = 20) -> list[Place]:
        """The places of words that somebody typed, pasted or imported, in reading order; none for blanks.

        Overlapping ones, too; at most `most`.
        """
        words = one_spelling(words).strip()
        if not words or PAGE_ENDS in words:
            return []
        found = dict.fromkeys(_find(self._together, words, most))
        found |= dict.fromkeys(self._places(self._plain, plainly(words), {}, most))
        for readings, wanted in self._other_readings(words):
            text = _Together([plainly(text, readings) for _, text in self.pages])
            found |= dict.fromkeys(self._places(text, wanted, readings, most))
        return sorted(found)[:most]

    def _places(self, text: _Together, wanted: str, readings: Readings, most: int) -> Iterator[Place]:
        for page, start, end in _find(text, wanted.strip(), most):
            text_of_page = self.pages[page][1]
            if place := _in_text(text_of_page, start, end, readings):
                exact = text_of_page[slice(*place)]
                yield page, place[0], place[0] + len(exact.rstrip())

    def _other_readings(self, words: str) -> Iterator[tuple[Readings, str]]:
        """Where a hyphen at a line end may be one of the word: how the text, and how the words, are read."""
        asked = pairs_in(plainly(words))
        of_text = {pair: asked[pair] for pair in self._divided & asked.keys()}
        of_words: dict[Pair, str] = {}
        if divided := {_pair(found) for found in DIVIDED.finditer(words)}:
            of_words = {pair: self._hyphened[pair] for pair in divided & self._hyphened.keys()}
        if of_text or of_words:
            yield of_text, plainly(words, of_words)

    @cached_property
    def _together(self) -> _Together:
        return _Together([text for _, text in self.pages])

    @cached_property
    def _plain(self) -> _Together:
        return _Together([plainly(text) for _, text in self.pages])

    @cached_property
    def _divided(self) -> set[Pair]:
        """What is divided at line ends."""
        return {_pair(found) for _, text in self.pages for found in DIVIDED.finditer(text)}

    @cached_property
    def _hyphened(self) -> dict[Pair, str]:
        return pairs_in(self._plain.text)


class _Together:
    """Pages in one piece, so that all of them are searched at once."""

    def __init__(self, pages: Sequence[str]) -> None:
        self.text = PAGE_ENDS.join(pages)
        self.begins = list(accumulate((len(page) + 1 for page in pages), initial=0))


def _find(together: _Together, words: str, most: int) -> Iterator[Place]:
    start = together.text.find(words) if words else -1
    while start >= 0 and most:
        page = bisect_right(together.begins, start) - 1
        at = start - together.begins[page]
        yield page, at, at + len(words)
        start, most = together.text.find(words, start + 1), most - 1


def same_words(one: str, other: str) -> bool:
    """Whether two texts are the same words, as the matcher compares them."""
    one = one.strip()
    return (0, 0, len(one)) in Matcher([(1, one)]).find(other, most=2)


def as_searched(text: str) -> tuple[str, str] | None:
    """What a text is searched as beside its own words; None where that is nothing else.

    All of it with divided words joined and ligatures spelt out; and the divided words with their hyphens.
    """
    spelt = SEARCHED.sub(lambda found: _spelt(found, {}), text)
    if spelt == text:
        return None
    pairs = dict.fromkeys(_pair(found) for found in DIVIDED.finditer(text))
    return spelt, "\n".join(f"{before}-{after}" for before, after in pairs)


SEARCHED = re.compile(rf"{DIVIDED.pattern}|[{''.join(LIGATURES)}]")
