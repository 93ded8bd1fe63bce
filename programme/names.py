"""By whom and why: what every action is recorded with; and when two names are one person's."""

from __future__ import annotations

import sqlite3
import unicodedata
from datetime import datetime
from typing import TypedDict

from rules.errors import WordsMissing
from rules.letters import one_spelling
from rules.limits import LONGEST_NAME
from rules.remedy import Give, Part


class Doing(TypedDict):
    """Who does something, why and when: what an action takes that can be done for a reason alone."""

    by: str
    because: str
    at: datetime


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's; capitals, spaces and forms of the same letters do not count."""
    return _plain(one) == _plain(other)


def give_names(connection: sqlite3.Connection) -> None:
    """Give a connection the SQL function `person(name)`: equal for two names that are one person's."""
    connection.create_function("person", 1, _person, deterministic=True)


def _person(name: object) -> str | None:
    return _plain(name) if isinstance(name, str) else None


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", one_spelling(name[:LONGEST_NAME])).casefold().split())


NEEDED = {Part.REASON: "a reason", Part.TEXT: "its text"}


def check_person(by: str, what: str) -> str:
    """The name without spaces around it; raises WordsMissing for none. `what`: what nobody would give."""
    if not by.strip():
        raise WordsMissing(f"{what} needs the name of a person", remedies=[Give(Part.PERSON)])
    return by.strip()


def check_words(text: str, what: str, part: Part = Part.REASON) -> str:
    """The text without spaces around it; raises WordsMissing for none, and for a reason without a letter.

    `what`: what would have none.
    """
    said = any(map(str.isalnum, text)) if part is Part.REASON else text.strip()
    if not said:
        hint = f"{text.strip()[:20]!r} is not one." if text.strip() else ""
        raise WordsMissing(f"{what} needs {NEEDED[part]}", hint=hint, remedies=[Give(part)])
    return text.strip()
