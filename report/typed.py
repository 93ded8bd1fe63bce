"""Numbers and ratings that were typed into a text, in place of values that are filled in from the run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from report.model import Language
from rules.framework import Framework, in_language

NUMBER = r"(?<![\w.,])[0-9]{1,12}(?:[.,][0-9]{1,6})?"
SHARES = re.compile(
    rf"({NUMBER})[ \u00a0]?(?:%|per[ ]cent\b|y[ ]cant\b|percent\b)"
    rf"|({NUMBER}) (?:of|out of|o'r) (?:the )?(?:[0-9]{{1,6}}|[a-z]{{3,12}})\b"
    rf"|({NUMBER}) in (?:every )?(?:[0-9]{{1,6}}|ten|five|four|three)\b",
    re.IGNORECASE,
)
"""A number with a share behind it: 62 %, 62 per cent, 7 of the ten, 1 in 4."""
SENTENCE = re.compile(r"(?<=[.!?])\s+")
JUDGED = {
    "en": r"(?:rated|judged|rating is|rating of)\s+(?:as\s+|to be\s+)?",
    "cy": r"(?:sgôr(?: o| yw)?|dyfarnwyd yn|barnwyd yn)\s+",
}
"""What stands before a rating in words."""


@dataclass(frozen=True)
class TypedNumber:
    """A number that was typed."""

    shown: str
    """As it is in the text, with what is behind it."""
    value: float | None
    """As a percentage, where it is one."""


def typed_numbers(text: str) -> Iterator[TypedNumber]:
    """The shares that were typed into a text."""
    for found in SHARES.finditer(text):
        percent = found[1]
        value = float(percent.replace(",", ".")) if percent else None
        yield TypedNumber(found[0], value)


def rating_in_words(
    framework: Framework, heading: str, text: str, lang: Language
) -> Iterator[tuple[str, str]]:
    """(level as it is written, domain or question) of every rating that a text says in words.

    It is that of the domain or question named in the sentence, or else of the heading.
    """
    said = _said(framework, lang)
    for sentence in SENTENCE.split(text):
        for found in said.finditer(sentence):
            target = _named(framework, sentence, lang) or (
                heading if heading in framework.question_of else ""
            )
            if target and found[1].casefold() in _titles(framework, target, lang):
                yield found[1], target


def _said(framework: Framework, lang: Language) -> re.Pattern[str]:
    titles = {
        in_language(level.title, lang)
        for question in framework.questions
        for level in (*question.scale, *question.levels_of_domains)
    }
    levels = "|".join(re.escape(title) for title in sorted(titles, key=len, reverse=True))
    return re.compile(rf"\b{JUDGED[lang]}({levels})\b", re.IGNORECASE)


def _titles(framework: Framework, target: str, lang: Language) -> set[str]:
    return {in_language(level.title, lang).casefold() for level in framework.scale_of(target)}


def _named(framework: Framework, sentence: str, lang: Language) -> str | None:
    lowered = sentence.casefold()
    for target in framework.question_of:
        if framework.title_of(target, lang).casefold() in lowered:
            return target
    return None
