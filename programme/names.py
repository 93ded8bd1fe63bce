"""When two names are one person's."""

from __future__ import annotations

import unicodedata

from rules.errors import DecisionRefused


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's; capitals, spaces and forms of the same letters do not count."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def check_person(by: str, what: str) -> str:
    """The name without spaces around it; raises DecisionRefused for none. `what`: what nobody would give."""
    if not by.strip():
        raise DecisionRefused(f"{what} needs the person who gives it", hint="Give it with --by.")
    return by.strip()


def check_words(text: str, what: str, needs: str = "a reason", option: str = "--because") -> str:
    """The text without spaces around it; raises DecisionRefused for none. `what`: what would have none."""
    if not text.strip():
        raise DecisionRefused(f"{what} needs {needs}", hint=f"Give it with {option}.")
    return text.strip()
