"""Frameworks and rulebooks as databases hold them, as JSON; a process parses each of them once.

What is kept is kept under the text itself, not under a name or digest that stands beside it: another text,
even one that somebody put in its place, is another policy. Policies are never changed once they are made, so
that whoever asks for the same text can be given the same one. The oldest are dropped.
"""

from __future__ import annotations

import json
from functools import lru_cache

from rules.framework import Framework
from rules.loader import PolicySet
from rules.rulebook import Rulebook

MOST_KEPT = 64


@lru_cache(MOST_KEPT)
def stored_framework(text: str) -> Framework:
    """The framework that a database holds as this text; raises ValueError where it cannot be read.

    The same one for texts that differ in their spaces alone: reviews and runs write theirs differently.
    """
    return _framework(json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False))


@lru_cache(MOST_KEPT)
def _framework(text: str) -> Framework:
    return Framework.model_validate_json(text)


@lru_cache(MOST_KEPT)
def stored_rulebook(text: str) -> Rulebook:
    """The rulebook that a database holds as this text; raises ValueError where it cannot be read."""
    return Rulebook.model_validate_json(text)


@lru_cache(MOST_KEPT)
def stored_policy(framework: str, rulebook: str) -> PolicySet:
    """The framework and rulebook of these texts, to be compiled once; raises ValueError for either."""
    return PolicySet(stored_framework(framework), stored_rulebook(rulebook))
