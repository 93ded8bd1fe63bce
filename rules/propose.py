"""From criteria met to a proposed level: the three policies, sufficiency and limits.

Everything here is decided from names and numbers, never from the order in which rules fired.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from rules.rulebook import Criterion, Policy, RuleSet

Met = Set[tuple[str, str]]
"""The criteria met, as (part, criterion id)."""


@dataclass(frozen=True)
class Proposal:
    """A level proposed for one target."""

    level: int | None
    """1 (worst) to n after limits; None where nothing can be proposed."""
    before_limits: int | None
    """The level the policy alone gives."""
    limits: tuple[str, ...]
    """Ids of the limits that hold the level down, i.e. without which it would be higher."""
    missing: tuple[Criterion, ...]
    """The sufficiency criteria that are not met."""


def propose_level(rules: RuleSet, scale: Sequence[str], met: Met) -> Proposal:
    """The level of `scale` (ids, worst to best) that `rules` propose, given the criteria met.

    Not enough evidence is a result of its own (level None), never a low level.
    """
    missing = tuple(c for c in rules.sufficiency if ("sufficiency", c.id) not in met)
    if missing or rules.propose == "people":
        return Proposal(None, None, (), missing)
    fitted = {Policy.SECURE_FIT: secure_fit, Policy.BEST_FIT: best_fit, Policy.FIRST_MATCH: first_match}[
        rules.policy
    ](rules, scale, met)
    if fitted is None:
        return Proposal(None, None, (), ())
    bound = [
        (limit.id, scale.index(limit.no_better_than) + 1)
        for limit in rules.limits
        if ("limits", limit.id) in met
    ]
    level = min([fitted, *(ceiling for _, ceiling in bound)])
    holding = tuple(sorted(name for name, ceiling in bound if ceiling == level < fitted))
    return Proposal(level, fitted, holding, ())


def secure_fit(rules: RuleSet, scale: Sequence[str], met: Met) -> int:
    """The highest level of which every criterion, and every criterion below it, is met; else the lowest."""
    reached = 1
    for number, level in enumerate(scale, start=1):
        if level in rules.levels:
            if not all((level, c.id) in met for c in rules.levels[level]):
                break
            reached = number
    return reached


def best_fit(rules: RuleSet, scale: Sequence[str], met: Met) -> int:
    """The level with the largest share of its criteria met; of equals, the lower one."""
    shares = []
    for number, level in enumerate(scale, start=1):
        criteria = rules.levels.get(level, ())
        if criteria:
            count = sum((level, c.id) in met for c in criteria)
            shares.append((-count / len(criteria), number))
    return min(shares)[1]


def first_match(rules: RuleSet, scale: Sequence[str], met: Met) -> int | None:
    """The first level, best first, all of whose own criteria are met; None where no level matches."""
    for number, level in reversed(list(enumerate(scale, start=1))):
        criteria = rules.levels.get(level, ())
        if criteria and all((level, c.id) in met for c in criteria):
            return number
    return None
