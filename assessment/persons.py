"""What everything a person says must have; when two names are one person's (see `evidence.names`)."""

from __future__ import annotations

from evidence.names import same_person
from rules.errors import DecisionRefused

__all__ = ["check_person", "check_words", "same_person"]


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
