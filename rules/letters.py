"""Letters and their marks in one spelling (Unicode NFC), in time that grows with the text alone.

Putting marks in order costs the square of how many stand on one letter. No language has letters with more
than a few, so a run of more than MOST_MARKS is parted by U+034F, which is not seen: that is Unicode's own
Stream-Safe Text Format (UAX 15, section 13).
"""

from __future__ import annotations

import re
import unicodedata

from rules.limits import MOST_MARKS

PARTS = "\u034f"
"""COMBINING GRAPHEME JOINER: shows nothing, and is no mark."""
BEGIN_WITH_MARKS = "\u0344\u0f73\u0f75\u0f81"
"""Characters that are taken apart into marks alone."""
DIVIDED = re.compile(r"[-\u2010\xad](?<=[^\W_].)[ \t]*+\n[ \t]*+(?=[^\W_])")
"""Where a word is divided at a line end: the hyphen, the line end and the blanks beside it."""
# All marks lie above U+0300, so that most texts are left alone after one look.
PERHAPS = re.compile(f"[\u0300-\U0010ffff]{{{MOST_MARKS + 1},}}")


def is_mark(char: str) -> bool:
    """Whether a character stands on the letter before it."""
    return unicodedata.combining(char) != 0 or char in BEGIN_WITH_MARKS


def one_spelling(text: str) -> str:
    """The text in NFC, at most MOST_MARKS marks in a row; one that is so already stays as it is."""
    if text.isascii():
        return text
    while True:
        text = unicodedata.normalize("NFC", PERHAPS.sub(_parted, text))
        # What is put together and in order may have one mark more in a row than before.
        if PERHAPS.sub(_parted, text) == text:
            return text


def _parted(found: re.Match[str]) -> str:
    parts: list[str] = []
    marks = 0
    for char in found[0]:
        marks = marks + 1 if is_mark(char) else 0
        if marks > MOST_MARKS:
            parts.append(PARTS)
            marks = 1
        parts.append(char)
    return "".join(parts)
