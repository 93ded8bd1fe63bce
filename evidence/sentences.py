"""The paragraphs of a page and their sentences, as people read them, whatever lines a printer made of them.

nupunkt tells where sentences end (the door to it). It is given one paragraph at a time, of at most
LONGEST_AT_ONCE characters: on some runs of punctuation its time grows with the square of the text. What it
does not know of Welsh and of reports like these is put right here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

Span = tuple[int, int]
"""From and to, in code points."""

LONGEST_AT_ONCE = 4_000
"""Characters of a paragraph; a longer one is divided, between sentences where it can be."""
LONGEST_SENTENCE = 1_000
"""Characters from which what has no end is divided at line ends, if it has any: a table, a list."""
FULL = 0.9
"""How much of the longest line the others reach, in letters of unlike width."""
SHORT = 0.7
"""A line up to so much of the longest, without a stop, before a capital, is a heading."""

EMPTY_LINES = re.compile(r"\n[ \t]*+\n\s*+")
STOPS = tuple(".!?:;؟۔…。！？")
CLOSING = "\"”’'»)] \t"
ITEM = re.compile(
    r"[ \t]*+(?:[•‣▪◦●○∙·*–-]|\(?[0-9]{1,3}[.)]|[0-9]{1,3}(?:\.[0-9]{1,3}){1,4}[.)]?"
    r"|\(?[a-zA-Z][.)]|\(?[ivx]{1,5}[.)])[ \t]"
)
BULLET = re.compile(r"[ \t]*+[•‣▪◦●○]")
# nupunkt knows the stops of English alone.
OTHER_STOPS = re.compile(r"[؟۔。！？][\"”’'»)\]]*+\s*+")
ALONE = re.compile(r"\s*+\(?(?:[0-9]{1,3}(?:\.[0-9]{1,3}){0,4}|[a-zA-Z]|[ivx]{1,5})[.)]\s*+")
"""The number of a paragraph, which is no sentence."""
BEFORE_MORE = re.compile(
    r"(?:^|[\s(\[“‘\"'])(?:e\.e|h\.y|e\.g|i\.e|gw|cf|viz|approx|cllr|cyng|d\.s|n\.b|sef|dr|mr|mrs|ms|parch|incl)"
    r"\.\s*+\Z",
    re.IGNORECASE,
)
"""Abbreviations that something always follows, in English and Welsh."""
BEFORE_NUMBER = re.compile(
    r"(?:^|[\s(\[])(?:no|nos|rhif|rhifau|p|pp|t|tt|tud|thud|dud|para|paras|par|ch|pen|s|ss|sec|adran|sch|atod|reg|art|fig"
    r"|ffig|vol|cyf|app|annex|ref|cyfeirnod|table|tabl|item|eitem|c)\.\s*+\Z",
    re.IGNORECASE,
)
"""Those that a number follows; 'No.' alone is an answer."""
LONGEST_ABBREVIATION = 14


@dataclass(frozen=True)
class Passage:
    """A paragraph, and the sentences that it is made of, one after the other."""

    start: int
    end: int
    sentences: tuple[Span, ...]


def paragraphs_of(text: str) -> list[Passage]:
    """The paragraphs of a page, without the blanks between them; each is covered by its sentences.

    An empty line ends a paragraph, and so does a line that ends a sentence and has room for the next word; a
    heading, an item of a list and a row of a table are paragraphs of their own. No paragraph ends within a
    sentence. Time grows with the text.
    """
    found = []
    for start, end in _paragraphs(text):
        words = text[start:end]
        start, end = start + len(words) - len(words.lstrip()), start + len(words.rstrip())
        if start < end:
            found.append(Passage(start, end, tuple(_sentences(text, start, end))))
    return found


def _paragraphs(text: str) -> Iterator[Span]:
    cuts = [0, *(found.end() for found in EMPTY_LINES.finditer(text)), len(text)]
    for start, end in pairwise(cuts):
        ends = [start, *_ends_of_lines(text, start, end), end]
        for first, last in pairwise(ends):
            yield from _in_parts(text, first, last)


def _ends_of_lines(text: str, start: int, end: int) -> Iterator[int]:
    """Where lines begin that begin a paragraph, in a stretch without empty lines."""
    lines: list[Span] = []
    at = start
    while at < end:
        until = text.find("\n", at, end)
        until = end if until < 0 else until + 1
        lines.append((at, until))
        at = until
    longest = max((last - first for first, last in lines), default=0)
    for (first, last), (following, until) in pairwise(lines):
        if _ends_paragraph(text[first:last].rstrip(), text[following:until], longest):
            yield following


def _ends_paragraph(line: str, following: str, longest: int) -> bool:
    """Whether a line is the last one of its paragraph."""
    if "\t" in line or "\t" in following.strip() or BULLET.match(following):
        return True
    stopped = line.rstrip(CLOSING).endswith(STOPS)
    next_word = following.split(maxsplit=1)[0] if following.strip() else ""
    reach = len(line) + 1 + len(next_word)
    if ITEM.match(following):
        return stopped or reach <= SHORT * longest
    if stopped:
        return reach <= FULL * longest
    return reach <= SHORT * longest and next_word[:1].isupper() and not line.endswith(("-", ",", "‐"))


def _in_parts(text: str, start: int, end: int) -> Iterator[Span]:
    """A paragraph, or parts of one that is too long: up to a stop at a line end, a line end, or a blank."""
    while end - start > LONGEST_AT_ONCE:
        last = start + LONGEST_AT_ONCE
        stops = (text.rfind(f"{stop}{gap}", start + 1, last) for stop in ".!?" for gap in "\n ")
        at = max(max(stops) + 1, text.rfind("\n", start + 1, last)) or 0
        at = at if at > start else text.rfind(" ", start + 1, last)
        at = at if at > start else last
        yield start, at
        start = at
    yield start, end


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentences of a paragraph: the blanks behind each belong to it."""
    for first, last in pairwise([start, *_ends_of_sentences(text, start, end), end]):
        if last - first <= LONGEST_SENTENCE:
            yield first, last
            continue
        lines = [at + 1 for at in range(first, last - 1) if text[at] == "\n"]
        yield from pairwise([first, *lines, last])


def _ends_of_sentences(text: str, start: int, end: int) -> list[int]:
    from nupunkt import sent_spans

    words = text[start:end]
    ends = {last for _, last in sent_spans(words)} | {found.end() for found in OTHER_STOPS.finditer(words)}
    found: list[int] = []
    begins = 0
    for at in sorted(ends):
        # A sentence takes the blanks behind it, so that no other one begins with them.
        at += len(words) - at - len(words[at:].lstrip())
        if begins < at < len(words) and not _goes_on(words, begins, at):
            found.append(start + at)
            begins = at
    return found


def _goes_on(words: str, begins: int, at: int) -> bool:
    """Whether a sentence goes on where nupunkt ends it."""
    if ALONE.fullmatch(words, begins, at):
        return True
    tail = words[max(begins, at - LONGEST_ABBREVIATION) : at]
    if BEFORE_MORE.search(tail):
        return True
    return words[at].isdigit() and BEFORE_NUMBER.search(tail) is not None
