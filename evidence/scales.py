"""What people answer in surveys, as a level of the scale of five, or as said instead of an answer.

Levels run from 1 (strongly disagree, very dissatisfied, never) to 5 (strongly agree, very satisfied,
always). Words are taken in English and Welsh, whatever their case, apostrophes and blanks, and with the
number of their level beside them ('5 - Strongly agree'). Where a word is a level of one usual scale and
another level of another ('good', 'fair', 'not sure'), it is no answer here: nothing is guessed, and nothing
is converted from a scale with other steps.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from rules.errors import refuse, suggest
from rules.letters import one_spelling
from rules.words import many

LOWEST, HIGHEST = 1, 5
"""The ends of the scale."""
POSITIVE_FROM = 4
"""Answers from this level up count as positive ('agreed or strongly agreed')."""
NEGATIVE_TO = LOWEST + HIGHEST - POSITIVE_FROM
"""Answers up to this level count as positive where agreeing is bad."""

BAD_WORDS = frozenset(
    (
        *("not", "never", "no", "nobody", "ignored", "worried", "worry", "difficult", "hard", "late"),
        *("rushed", "alone", "afraid", "unsafe", "confused", "confusing", "problem", "problems", "anxious"),
        *("frustrated", "excluded", "bullied", "stressed", "unhappy", "wait", "waited", "lonely", "isolated"),
        *("unfair", "dim", "ddim", "byth", "neb", "anodd", "anwybyddu", "pryderu", "ofn", "unig"),
    )
)
"""Words in a question with which agreeing is often bad."""

AGREEMENT = (
    (
        *("strongly disagree", "disagree strongly", "definitely disagree", "completely disagree"),
        *("totally disagree", "anghytuno'n gryf", "anghytuno yn gryf"),
    ),
    (
        *("disagree", "tend to disagree", "somewhat disagree", "slightly disagree", "disagree slightly"),
        *("disagree somewhat", "mostly disagree", "anghytuno", "tueddu i anghytuno"),
    ),
    (
        *("neither agree nor disagree", "neither agree or disagree", "neither disagree nor agree", "neither"),
        *("neutral", "ddim yn cytuno nac yn anghytuno", "ddim yn cytuno nac anghytuno"),
        *(
            "ddim yn cytuno nac yn anghytuno â hyn",
            "heb gytuno nac anghytuno",
            "nac yn cytuno nac yn anghytuno",
        ),
        *("nid wyf yn cytuno nac yn anghytuno", "niwtral"),
    ),
    (
        *("agree", "tend to agree", "somewhat agree", "slightly agree", "agree slightly", "agree somewhat"),
        *("mostly agree", "cytuno", "tueddu i gytuno"),
    ),
    (
        *("strongly agree", "agree strongly", "definitely agree", "completely agree", "totally agree"),
        *("cytuno'n gryf", "cytuno yn gryf"),
    ),
)
SATISFACTION = (
    ("very dissatisfied", "very unsatisfied", "anfodlon iawn"),
    (
        *("dissatisfied", "unsatisfied", "fairly dissatisfied", "quite dissatisfied"),
        *("somewhat dissatisfied", "anfodlon", "eithaf anfodlon", "gweddol anfodlon"),
    ),
    (
        *("neither satisfied nor dissatisfied", "neither satisfied or dissatisfied"),
        *("neither dissatisfied nor satisfied", "ddim yn fodlon nac yn anfodlon"),
        *("ddim yn fodlon nac anfodlon", "heb fod yn fodlon nac yn anfodlon"),
    ),
    (
        *("satisfied", "fairly satisfied", "quite satisfied", "somewhat satisfied", "bodlon"),
        *("eithaf bodlon", "gweddol fodlon"),
    ),
    ("very satisfied", "bodlon iawn"),
)
FREQUENCY = (
    ("never", "none of the time", "byth"),
    ("rarely", "seldom", "hardly ever", "anaml", "yn anaml"),
    ("sometimes", "some of the time", "weithiau"),
    ("often", "usually", "most of the time", "yn aml", "fel arfer", "y rhan fwyaf o'r amser"),
    ("always", "all of the time", "bob amser", "drwy'r amser"),
)
SCALES = {"agreement": AGREEMENT, "satisfaction": SATISFACTION, "frequency": FREQUENCY}
"""The usual scales: for each of the five levels, from the lowest up, the words for it."""
LEVELS = {
    word: level for scale in SCALES.values() for level, words in enumerate(scale, LOWEST) for word in words
}
"""The level of every word."""

SAID_INSTEAD = frozenset(
    (
        *("don't know", "dont know", "do not know", "i don't know", "i do not know", "dk", "can't say"),
        *("cannot say", "prefer not to say", "prefer not to answer", "i prefer not to say", "rather not say"),
        *("i'd rather not say", "would rather not say", "refused", "refusal", "declined to answer"),
        *("n/a", "n.a", "not applicable", "does not apply", "doesn't apply", "does not apply to me"),
        *("not relevant", "not answered", "no answer", "no response", "not stated", "skipped", "missing"),
        *(
            "not asked",
            "didn't answer",
            "did not answer",
            "don't know / not applicable",
            "don't know/not applicable",
        ),
        *(
            "don't know or not applicable",
            "don't know / prefer not to say",
            "ddim yn gwybod",
            "dim yn gwybod",
        ),
        *(
            "dwi ddim yn gwybod",
            "dw i ddim yn gwybod",
            "gwell gennyf beidio â dweud",
            "gwell gen i beidio â dweud",
        ),
        *("mae'n well gen i beidio â dweud", "mae'n well gennyf beidio â dweud", "well gen i beidio â dweud"),
        *("gwell gennyf beidio dweud", "gwell gen i beidio dweud", "ddim yn berthnasol", "amherthnasol"),
        *("ddim eisiau ateb", "dim ateb", "heb ateb", "heb ei ateb", "gwrthod"),
    )
)
"""What people say, or programs write, in place of an answer."""
NOT_A_NUMBER = ("NA", "NaN", "NULL")
"""The same, in capitals as here alone: 'na' is Welsh for no."""
CODES = frozenset(-number for number in (7, 8, 9, 77, 88, 97, 98, 99, 777, 888, 997, 998, 999))
"""The same as numbers: codes of survey programs for 'refused', 'do not know', 'not applicable', 'missing'.

No 9 or 99, which are answers on other scales, and no -1 or -2, which are answers on scales around 0.
"""

EXPECTED = "1 (strongly disagree) to 5 (strongly agree), or the words, or empty"
OTHER_SCALE = "Answers on a scale with other steps are not converted: write 1 to 5."
TWO_MEANINGS = "It is the middle of some scales and no answer on others: write 3, or leave the cell empty."
UNCLEAR = frozenset(("not sure", "unsure", "undecided", "no opinion", "ddim yn siŵr", "ansicr", "dim barn"))
ENGLISH = ("strongly disagree", "disagree", "neither agree nor disagree", "agree", "strongly agree")
"""The words that a misspelt one is compared with."""
LEAVE_EMPTY = "Leave the cell empty where somebody did not answer."

APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u2032`\u00b4", "'"))
LONGEST = 80
"""Characters of the longest word that is looked up."""
NUMBERED = re.compile(r"([+\-\u2212]?[0-9]{1,4})(?:\.0{1,6})?(?![0-9]|[.,][0-9])")
AROUND = " -\u2013\u2014:=.()[]\t"
"""What is between a number and its word, or around either."""


def plain(text: str) -> str:
    """A word as it is looked up: one form of its letters, apostrophes and blanks, no full stop after it."""
    text = unicodedata.normalize("NFKC", one_spelling(text).translate(APOSTROPHES))
    return " ".join(text.casefold().split()).removesuffix(".")


def level_of(text: str) -> int | None:
    """The level of a usual answer word, 1 to 5; None for anything else."""
    return LEVELS.get(plain(text)) if len(text) <= LONGEST else None


def is_said_instead(text: str) -> bool:
    """Whether this is said in place of an answer: 'Don't know', 'Prefer not to say', 'N/A', '-99'."""
    if len(text) > LONGEST:
        return False
    text = text.strip()
    return text in NOT_A_NUMBER or plain(text) in SAID_INSTEAD or _number(text) in CODES


def read_answer(text: str) -> int | str | None:
    """An answer: its level, what was said instead of one (as it was written), or None for nothing.

    Raises PydanticCustomError for what is neither, and for a number with a word of another level.
    """
    text = text.strip()
    if not text:
        return None
    if (level := level_of(text)) is not None:
        return level
    if is_said_instead(text):
        return text
    number = _number(text)
    if number is not None:
        if LOWEST <= number <= HIGHEST:
            return number
        raise refuse(EXPECTED, f"{OTHER_SCALE} {LEAVE_EMPTY}")
    return _with_number(text)


def _with_number(text: str) -> int | str:
    """An answer of a number and a word: '5 - Strongly agree', 'Strongly agree (5)', '6 = Don't know'."""
    if found := NUMBERED.match(text):
        number, word = found[1], text[found.end() :].strip(AROUND)
    else:
        word, _, number = text.removesuffix(")").rpartition("(")
    level, code = level_of(word), _number(number)
    said = is_said_instead(word)
    if code is None or not (level or said):
        raise refuse(EXPECTED, _Hint(text[:LONGEST]))
    if said and not LOWEST <= code <= HIGHEST:
        return text
    if level == code:
        return level
    raise refuse(
        EXPECTED,
        f"The number {code} and the words {word!r} say different things: write the words alone.",
    )


def _number(text: str) -> int | None:
    found = NUMBERED.fullmatch(text)
    return int(found[1].replace("\u2212", "-")) if found else None


class _Hint:
    """What to do about a word that is no answer; the nearest one is found only when somebody reads it."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __str__(self) -> str:
        if plain(self.word) in UNCLEAR:
            return TWO_MEANINGS
        near = suggest(plain(self.word), ENGLISH)
        return " ".join([*([near] if near.startswith("Did") else []), OTHER_SCALE, LEAVE_EMPTY])


def describe_not_answered(said: Mapping[str, int]) -> str:
    """How often something was said instead of an answer: '3 answers not given (2 Don't know, 1 N/A)'."""
    if not said:
        return ""
    each = ", ".join(f"{count:,} {words}" for words, count in said.items())
    return f"{many(sum(said.values()), 'answer')} not given ({each})"


def may_be_bad(question: str) -> bool:
    """Whether agreeing with a question may be bad, by its words: something to ask about, never to decide."""
    return not BAD_WORDS.isdisjoint(re.findall(r"\w+", question.casefold()))
