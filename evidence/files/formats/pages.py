"""One spelling for every text, and sections as pages.

What is stored is exactly what is shown and quoted later, so it is put into one form once, before it is
stored: Unicode NFC, plain line ends and blanks, nothing invisible. After that it never changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rules.errors import EvidenceInvalid
from rules.letters import is_mark, one_spelling
from rules.limits import LONGEST_TEXT, MOST_MARKS

LONGEST_SECTION = 20_000
"""Characters, about seven printed pages: a section that is longer goes on as the next one, so that a page of
reading stays short and a search names a place. Pages that are numbered in the file are never divided."""

CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no text of people's holds: they would be lost in other files or break them."""
STAND_IN = "\ufffd"
"""Stands for a character that could not be read."""

SPELLING = {
    **dict.fromkeys("\r\v\x85\u2028\u2029", "\n"),
    # A browser copies a no-break space that is selected as a plain one: a quote would not be found again.
    **dict.fromkeys("\xa0\u202f", " "),
    # Where a word may be divided, and the byte order mark: neither is seen, and both hide words from search.
    **dict.fromkeys("\xad\u200b\ufeff", ""),
}
RESPELT = re.compile(f"[{''.join(SPELLING)}]")
ESCAPED = re.compile(r"_x00(?:0D_(?:_x000A_)?\n?|0A_|0(9)_)", re.IGNORECASE)
"""How Office files write line ends and tabs where XML would lose them."""
# There a soft hyphen is seen: without it nobody could tell the halves of a word from two words.
SEEN_HYPHEN = re.compile("\xad[ \t\xa0]*+(?=[\n\r\v\x85\u2028\u2029])")
GAPS = re.compile(r"\n{3,}")


def too_long(characters: int) -> EvidenceInvalid:
    """What is said of a text with so many characters, which are more than are stored."""
    return EvidenceInvalid(
        f"its text has {characters:,} characters; at most {LONGEST_TEXT:,} are stored as one source.",
        hint="Divide it into several sources.",
    )


def line_ends(text: str, end: str = "\n") -> str:
    """The text with `end` for what an export of tables wrote as _x000D_ or _x000A_, and a tab for _x0009_."""
    if "_x00" not in text:
        return text
    return ESCAPED.sub(lambda found: "\t" if found[1] else end, text)


def tidy(text: str) -> str:
    """The text as it is stored; tidying it again changes nothing.

    Unicode NFC, so that ŵ is one character however it was typed; line ends are one character, too, no-break
    spaces are spaces, invisible characters (soft hyphens within a line, zero-width spaces, byte order marks)
    and blanks at the ends of lines are gone, and no more than one line is empty between two.
    """
    text = SEEN_HYPHEN.sub("-", text)
    text = RESPELT.sub(lambda found: SPELLING[found[0]], text.replace("\r\n", "\n"))
    lines = one_spelling(text).split("\n")
    return GAPS.sub("\n\n", "\n".join([line.rstrip(" \t") for line in lines])).strip("\n")


def as_pages(sections: Iterable[str], numbered: bool) -> list[str]:
    """The pages to store: sections tidied, empty ones left out, long ones continued.

    Where the pages have numbers of their own (`numbered`), each stays the page that it is, empty or not; only
    empty ones at the end are left out.
    """
    tidied = [tidy(section) for section in sections]
    if not numbered:
        return [part for section in tidied if section.strip() for part in _continued(section)]
    while tidied and not tidied[-1].strip():
        tidied.pop()
    return tidied


def _continued(section: str) -> Iterator[str]:
    """A section in parts of at most LONGEST_SECTION characters: between paragraphs, lines or words."""
    begin = 0
    while begin < len(section):
        end = _end_of_part(section, begin)
        if part := section[begin:end].strip("\n"):
            yield tidy(part)
        begin = end


def _end_of_part(section: str, begin: int) -> int:
    """Where the part that begins there ends: behind `begin`, whatever the section holds."""
    half, last = begin + LONGEST_SECTION // 2, begin + LONGEST_SECTION
    if last >= len(section):
        return len(section)
    for gap in ("\n\n", "\n", " "):
        if (at := section.rfind(gap, half, last)) > 0:
            return at
    # A letter keeps its marks; where so many stand together that they are parted, the part ends among them.
    end = last
    while end > last - 2 * MOST_MARKS and is_mark(section[end]):
        end -= 1
    return end
