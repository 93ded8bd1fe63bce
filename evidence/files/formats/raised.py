"""Raised and lowered characters in plain text: a note's number never runs into the figure that it follows."""

from __future__ import annotations

import re

RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
"""Unicode's raised digits, from 0 to 9."""
PLAIN = str.maketrans(RAISED + "\u207b", "0123456789-")
UP = str.maketrans("0123456789", RAISED)
UNITS = ("m", "km", "cm", "mm", "ft", "mi", "yd", "dm")
"""Lengths: what is raised behind them is an area (2) or a volume (3)."""
POWERS = ("2", "3")
NUMBERS = re.compile(rf"\u207b?[{RAISED}]++(?!\u2044)")
"""Raised digits with a raised minus, unless a fraction slash follows (¹⁄₂)."""
LOOKED_BACK = 12
"""Characters before what is raised that say what it is."""
BRACKETED = ("[", "(")


def kept_apart(text: str) -> str:
    """The text with raised digits in square brackets, as 2007[1]; areas and volumes (km²) stay as they are.

    So a search for 2007 finds it, and nobody reads 20071.
    """
    if not any(char in text for char in RAISED):
        return text

    def written(found: re.Match[str]) -> str:
        return raised(found[0].translate(PLAIN), text[max(0, found.start() - LOOKED_BACK) : found.start()])

    return NUMBERS.sub(written, text)


def raised(text: str, before: str) -> str:
    """What is raised in a document, as it is written in a plain one behind `before`.

    Digits are put in square brackets, whatever they follow; what has brackets already, and letters (1st),
    stay as they are, but for a single letter behind a digit.
    """
    text = text.strip()
    last = before[-1:]
    digits = any(char.isdigit() for char in text)
    if not text or text.startswith(BRACKETED):
        return text
    if text in POWERS and _word(before).lower() in UNITS:
        return text.translate(UP)
    if digits or (last.isdigit() and len(text) == 1 and text.isalpha()):
        return f"[{text}]"
    return text


def lowered(text: str, before: str) -> str:
    """What is lowered in a document (H2O), as it is written in a plain one: digits behind a digit apart."""
    text = text.strip()
    return f"[{text}]" if text[:1].isdigit() and before[-1:].isdigit() else text


def joined(runs: list[tuple[str, str]]) -> str:
    """The runs of a cell as one text; each is its words and "up", "down", "struck" or "" for how they look.

    What is raised or lowered is written as in `raised` and `lowered`; words that are struck through never
    run into those that are not: 12 with a struck 15 behind it is "12 15", not 1215.
    """
    text, look = "", ""
    for words, looks in runs:
        if looks == "up":
            blank = words[len(words.rstrip()) :]
            words = raised(words, text[-LOOKED_BACK:]) + blank
        elif looks == "down":
            words = lowered(words, text[-LOOKED_BACK:])
        if "struck" in (look, looks) and look != looks and text[-1:].isalnum() and words[:1].isalnum():
            words = f" {words}"
        text, look = text + words, looks
    return text


def _word(before: str) -> str:
    """The letters at the end of a text."""
    at = len(before)
    while at and before[at - 1].isalpha():
        at -= 1
    return before[at:]
