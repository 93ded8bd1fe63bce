"""The plain form in which rules and facts reach the engine and the evaluator, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Value = str | int | float
Fact = Mapping[str, Value]
Operator = Literal["eq", "gte", "gt", "lte", "lt"]


@dataclass(frozen=True)
class Condition:
    """One test of one key of a fact."""

    key: str
    comparison: Operator
    value: Value

    def holds(self, fact: Fact) -> bool:
        """Whether `fact` has the key, with a value of the same type family, that passes the test."""
        value = fact.get(self.key)
        if value is None or isinstance(value, str) != isinstance(self.value, str):
            return False
        if self.comparison == "eq":
            return value == self.value
        if isinstance(value, str) or isinstance(self.value, str):
            return False
        if self.comparison == "gte":
            return value >= self.value
        if self.comparison == "gt":
            return value > self.value
        if self.comparison == "lte":
            return value <= self.value
        return value < self.value


@dataclass(frozen=True)
class Rule:
    """A rule fires once for every choice of one fact per pattern that passes all the pattern's conditions."""

    id: str
    patterns: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True, order=True)
class Firing:
    """One firing: the rule and the positions of the facts it matched, one per pattern."""

    rule: str
    facts: tuple[int, ...]
