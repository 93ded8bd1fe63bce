"""What `rules.lint` finds, and the combinations that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rules.combinations import QuestionSpace, Space, View
from rules.ranges import Value

Kind = Literal[
    "gap",
    "overlap",
    "unreachable",
    "never-matters",
    "duplicate",
    "not-monotone",
    "missing-better",
    "unused",
]
Severity = Literal["problem", "note"]


@dataclass(frozen=True)
class Example:
    """One combination and what the rules make of it."""

    given: Mapping[str, int | float | str | None]
    """Measures with their values; or, for a question, domains with their level ids. None: no value."""
    level: str
    """The level id; 'insufficient'; or 'open' where no level is given."""


@dataclass(frozen=True)
class Oddity:
    """One thing that is odd, where it stands, and the combinations that show it."""

    kind: Kind
    severity: Severity
    block: str
    """Where the rules stand, e.g. 'questions/services'; 'measures' for an unused measure."""
    level: str
    """A level id, 'sufficiency' or 'limits'; empty where it concerns none of them."""
    criterion: str
    """The criterion's id; else the measure or domain it is about, or empty."""
    message: str
    counterexample: tuple[Example, ...] = ()
    """For something that gets better, the combination before and the one after."""

    @property
    def where(self) -> str:
        """The place in words, e.g. 'domains/carers, good, surveys'."""
        return ", ".join(part for part in (self.block, self.level, self.criterion) if part)


def oddity(
    space: Space,
    kind: Kind,
    message: str,
    *counterexample: Example,
    level: str = "",
    criterion: str = "",
    severity: Severity = "problem",
) -> Oddity:
    """An oddity in the rules of a space."""
    return Oddity(kind, severity, space.block, level, criterion, message, counterexample)


def example_of(space: Space, view: View, row: int, name: str = "", value: Value = None) -> Example:
    """A combination of a view in words; the factor `name`, if given, is said to have this very `value`."""
    given: dict[str, int | float | str | None] = {}
    for factor, pick in zip(space.factors, view.picks[row], strict=True):
        shown = value if factor.name == name else factor.options[pick]
        if isinstance(space, QuestionSpace) and shown is not None:
            given[factor.name] = space.policy.framework.level(factor.name, int(shown)).id
        else:
            given[factor.name] = shown
    return Example(given, result_name(space, int(view.results[row])))


def result_name(space: Space, result: int) -> str:
    """A result of a space as examples say it."""
    return space.scale[result - 1] if result > 0 else "insufficient" if result < 0 else "open"
