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
SMALL = r"fewer than|less than|under|below|llai na|o dan"
LARGE = r"more than|over|above|mwy na|dros"
IN_WORDS = re.compile(
    rf"(?:(?P<small>{SMALL})|(?P<large>{LARGE})) (?P<than>[0-9]{{1,6}}) ?(?P<percent>%?)"
    r"|(?P<at>[0-9]{1,6}) ?(?P<at_percent>%?) (?:or|neu)"
    r" (?:(?P<most>fewer|less|under|below|lai)|(?:more|over|above|fwy))",
    re.IGNORECASE,
)
"""The same in words: 'fewer than 5', '5 or fewer', 'llai na 5'."""
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
    # Accounts show nothing as '£-'.
    known = word in BARE or word in SIGNS or word in WORDS or word.lstrip("£€$ ") in ("-", "\u2013")
    if known or BRACKETED.fullmatch(text) or _bound(text) or EUROSTAT.fullmatch(text):
        return text
    return None


def meaning_of(mark: str) -> str:
    """What a mark means by the usual conventions, in a few words."""
    word = mark.strip().casefold()
    if bound := _bound(word):
        sign, number, percent = bound
        than = {"<": "fewer than", ">": "more than", "\u2264": "at most", "\u2265": "at least"}[sign]
        return f"suppressed: {than} {number}{' %' if percent else ''}"
    if found := BRACKETED.fullmatch(word):
        letters = found[1].rstrip("0123456789").strip()
        return SHORTHAND.get(letters) or WORDS.get(letters) or "not published, as the source explains"
    if found := EUROSTAT.fullmatch(word):
        return SHORTHAND[found[1]]
    return SHORTHAND.get(word) or SIGNS.get(word.lstrip("£€$ ")) or WORDS.get(word) or "not published"


def most_of(mark: str) -> int | None:
    """The most people that a mark leaves open: 4 for '<5' (1 at least); None where it says nothing of it."""
    bound = _bound(mark.strip())
    if bound is None or bound[2] or bound[0] not in "<\u2264":
        return None
    return max(1, int(bound[1]) - (bound[0] == "<"))


def _bound(text: str) -> tuple[str, str, str] | None:
    """Sign, number and percent sign of a mark that gives a bound, in signs or in words; None for others."""
    if found := BOUND.fullmatch(text):
        return found[1], found[2], found[3]
    if not (found := IN_WORDS.fullmatch(text)):
        return None
    if found["than"]:
        return "<" if found["small"] else ">", found["than"], found["percent"]
    return "\u2264" if found["most"] else "\u2265", found["at"], found["at_percent"]


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
