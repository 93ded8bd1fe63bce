"""What stands in a table where a number is suppressed or missing, kept as it is and told from every number.

The letters in brackets are the shorthand of the UK Government Analysis Function ("Using symbols and
shorthand", https://analysisfunction.civilservice.gov.uk/policy-store/symbols-in-tables-definitions-and-help/)
and of StatsWales; the signs are those of older releases, whose notes say what each means there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

SHORTHAND = {
    "c": "confidential: suppressed, so that nobody can be recognised",
    "x": "not available",
    "z": "not applicable",
    "low": "rounds to zero, but is not zero",
    "k": "rounds to zero, but is not zero",
    "u": "low reliability",
    "w": "none recorded in the survey",
    "s": "suppressed (as the source explains)",
    "n": "not available, or not published (as the source explains)",
    "e": "estimated",
    "f": "forecast",
    "p": "provisional",
    "r": "revised",
    "b": "break in the series",
}
"""The letters that stand in brackets, and what each means."""
BARE = ("c", "x", "z", "low", "k", "u", "w", "s")
"""Those that stand for a number without brackets, too."""
SIGNS = {
    **dict.fromkeys(("*", "**", "***", "#"), "suppressed"),
    **dict.fromkeys(("..", "...", "\u2026", ":"), "not available"),
    ".": "not applicable",
    **dict.fromkeys(("-", "\u2013", "\u2014", "~"), "not published, or too small to show"),
    "0~": "rounds to zero, but is not zero",
}
"""The signs of older tables; write 0 where the notes of a table give a sign for exactly none."""
WORDS = {
    **dict.fromkeys(("na", "n/a", "n.a.", "n.a"), "not available, or not applicable"),
    **dict.fromkeys(("missing", "not available", "dim ar gael", "ddim ar gael"), "not available"),
    **dict.fromkeys(("not applicable", "amherthnasol", "ddim yn berthnasol"), "not applicable"),
    **dict.fromkeys(("not published", "withheld", "ni chyhoeddwyd"), "not published"),
    **dict.fromkeys(("suppressed", "supp", "confidential", "cyfrinachol", "wedi'i atal"), "suppressed"),
}
"""Words in place of a number, in lower case."""
BOUND = re.compile(r"([<>\u2264\u2265]) ?([0-9]{1,6}) ?(%?)")
"""A number that is suppressed because it is small (or large): '<5', '>95%'."""
BRACKETED = re.compile(r"\[([A-Za-z][A-Za-z ]{0,18}[0-9]{0,2})\]")
EUROSTAT = re.compile(r": ?\(?([cnuz])\)?")
BESIDE = re.compile(
    r"([+-]?[0-9][0-9,.]{0,20}%?) ?(\[[A-Za-z][A-Za-z ]{0,18}[0-9]{0,2}\]|\([a-z]\)|[a-z]|[*#~]{1,3})"
)
"""A number with a mark beside it."""
LONGEST = 40
"""Characters of the longest mark."""
NO_VALUE = frozenset(
    ("NA", "N/A", "n/a", "N/a", "N.A.", "n.a.", "#N/A", "NaN", "nan", "NULL", "null", "[x]", "[z]", "[c]")
)
"""What stands for 'nothing here' in a column of words. (Not 'na', Welsh for no, nor 'none'.)"""


def read_mark(text: str) -> str | None:
    """The mark that a text is, as it was written; None if it is none (or nothing)."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return None
    word = text.casefold()
    known = word in BARE or word in SIGNS or word in WORDS
    if known or BRACKETED.fullmatch(text) or BOUND.fullmatch(text) or EUROSTAT.fullmatch(text):
        return text
    return None


def meaning_of(mark: str) -> str:
    """What a mark means by the usual conventions, in a few words."""
    word = mark.strip().casefold()
    if found := BOUND.fullmatch(word):
        than = {"<": "fewer than", ">": "more than", "\u2264": "at most", "\u2265": "at least"}[found[1]]
        return f"suppressed: {than} {found[2]}{' %' if found[3] else ''}"
    if found := BRACKETED.fullmatch(word):
        letters = found[1].rstrip("0123456789").strip()
        return SHORTHAND.get(letters) or WORDS.get(letters) or "not published, as the source explains"
    if found := EUROSTAT.fullmatch(word):
        return SHORTHAND[found[1]]
    return SHORTHAND.get(word) or SIGNS.get(word) or WORDS.get(word) or "not published"


def most_of(mark: str) -> int | None:
    """The most people that a mark leaves open: 4 for '<5' (1 at least); None where it says nothing of it."""
    found = BOUND.fullmatch(mark.strip())
    if found is None or found[3] or found[1] not in "<\u2264":
        return None
    return max(1, int(found[2]) - (found[1] == "<"))


def beside_number(text: str) -> tuple[str, str] | None:
    """The number and the mark of a cell that holds both ('12.3 [p]'); None for any other."""
    found = BESIDE.fullmatch(text.strip())
    return (found[1], found[2]) if found else None


def marks_text(marks: Mapping[str, str]) -> str | None:
    """Marks by column as they are stored: JSON in one spelling; None for none."""
    return json.dumps(dict(marks), sort_keys=True, ensure_ascii=False) if marks else None


def marks_of(stored: str | None) -> dict[str, str]:
    """Stored marks by column: 'value', 'base', 'best', 'worst', 'comparator'."""
    found: dict[str, str] = json.loads(stored) if stored else {}
    return found


def said_of(mark: str) -> str:
    """A mark with its meaning, as people read it: 'not published: [c] (confidential: ...)'."""
    return f"not published: {mark} ({meaning_of(mark)})"
