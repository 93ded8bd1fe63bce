"""Where the rules of one domain or question differ between two rulebooks, and which of it moves a rating.

A rating moves through an edit if the old rules with this edit alone propose what the new rules propose. Where
no edit does so alone, the cause is a set of edits none of which can be left out. A question may also move
because the ratings of its domains did: that counts as one more edit, `RATINGS`. All of it is exact: the rules
are applied again to each mixture of old and new.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from rules.arrays import ArrayEvaluator
from rules.compile import measures_tested, thresholds
from rules.inference import Inference, Outcome
from rules.loader import PolicySet
from rules.propose import propose_level
from rules.ratings import MeasureValue, measure_ratings
from rules.rulebook import Criterion, Limit, Policy, RuleSet

Key = tuple[str, str]
"""A criterion of a target: its part ('sufficiency', a level, 'limits') and its id."""
POLICY: Key = ("policy", "")
"""How criteria add up, and whether the rules propose at all."""
RATINGS: Key = ("ratings", "")
"""The ratings of a question's domains."""
Values = Mapping[str, MeasureValue]
Proposed = tuple[int | None, bool]
"""The level proposed, and whether evidence is missing for one."""


@dataclass(frozen=True)
class Assessed:
    """One review under one rulebook."""

    policy: PolicySet
    inference: Inference

    @property
    def levels(self) -> dict[str, int]:
        """The levels that count, of all that have one."""
        return {r.target: r.level for r in self.inference.ratings if r.level is not None}


@dataclass(frozen=True)
class Cause:
    """What moved a rating."""

    edits: tuple[Key, ...]
    """Each alone, or with `together` all of them and no fewer."""
    together: bool
    followed: tuple[Key, ...]
    """For RATINGS: the unchanged criteria that are met now and were not, or the other way round."""


class Definition(TypedDict):
    """All of a criterion that bears on ratings."""

    test: str
    thresholds: list[float]
    when_missing: str
    no_better_than: str | None
    measure: dict[str, object]
    """How it is made, as its rulebook says it."""


def definition(policy: PolicySet, target: str, criterion: Criterion) -> Definition:
    """All of a criterion that bears on ratings: its test and how its measure is made, without the words."""
    measure = policy.rulebook.measure(criterion.measure)
    return {
        "test": criterion.test,
        "thresholds": sorted(thresholds(policy.framework, policy.rulebook, target, criterion)),
        "when_missing": criterion.when_missing,
        "no_better_than": criterion.no_better_than if isinstance(criterion, Limit) else None,
        "measure": measure.model_dump(mode="json", exclude={"title", "unit", "better"}),
    }


def edits_of(old: PolicySet, new: PolicySet, target: str) -> list[Key]:
    """What is not the same in the rules of a target, in the order of the old rulebook, then of the new."""
    before, after = _criteria(old, target), _criteria(new, target)
    found = [
        key
        for key in dict.fromkeys([*before, *after])
        if key not in before
        or key not in after
        or definition(old, target, before[key]) != definition(new, target, after[key])
    ]
    rules, others = _rules(old, target), _rules(new, target)
    return [*([POLICY] if _how(rules) != _how(others) else []), *found]


def cause_of(target: str, old: Assessed, new: Assessed) -> Cause:
    """Through which edits what is proposed to `target` moved; asked of targets where it did."""
    mixture = Mixture(target, old, new)
    wanted = mixture.propose({*mixture.edits})
    alone = [edit for edit in mixture.edits if mixture.propose({edit}) == wanted]
    needed = set(mixture.edits)
    if not alone:
        for edit in reversed(mixture.edits):
            if mixture.propose(needed - {edit}) == wanted:
                needed.discard(edit)
    edits = tuple(alone or [edit for edit in mixture.edits if edit in needed])
    return Cause(edits, not alone, mixture.followed() if RATINGS in edits else ())


def outcomes_by_key(assessed: Assessed, target: str) -> dict[Key, Outcome]:
    """What came of every criterion of a target."""
    return {(o.part, o.criterion): o for o in assessed.inference.rating(target).outcomes}


def _rules(policy: PolicySet, target: str) -> RuleSet:
    return policy.rulebook.rules_of(policy.framework, target)


def _criteria(policy: PolicySet, target: str) -> dict[Key, Criterion]:
    return {(part, criterion.id): criterion for part, criterion in _rules(policy, target).criteria()}


def _how(rules: RuleSet) -> tuple[str, str]:
    return rules.policy.value, rules.propose


class Mixture:
    """The rules of one target, each criterion as in the old rulebook or as in the new.

    `edits` is all that may be either; without any of them the old rules propose, with all of them the new.
    """

    def __init__(self, target: str, old: Assessed, new: Assessed) -> None:
        self.target, self.sides = target, (old, new)
        self.criteria = tuple(_criteria(side.policy, target) for side in self.sides)
        self.scale = [level.id for level in old.policy.framework.scale_of(target)]
        self.edits = edits_of(old.policy, new.policy, target)
        # Which criteria are met, by rulebook and by whose ratings of the domains are looked at.
        self.met = {(rules, of): self._met(rules, of) for rules in (0, 1) for of in (0, 1)}
        if any(self.met[rules, 0] != self.met[rules, 1] for rules in (0, 1)):
            self.edits.append(RATINGS)

    def followed(self) -> tuple[Key, ...]:
        """The criteria whose outcome the ratings of the domains changed, under the old rules."""
        changed = self.met[0, 0] ^ self.met[0, 1]
        return tuple(key for key in self.criteria[0] if key in changed and key not in self.edits)

    def propose(self, edited: Set[Key]) -> Proposed | None:
        """What the rules with these edits propose; None for a mixture that no rulebook could have.

        That is one where a level is without criteria, or the lowest has some under secure-fit.
        """
        of = int(RATINGS in edited)
        kept, met = [], set()
        for key in dict.fromkeys([*self.criteria[0], *self.criteria[1]]):
            side = int(key in edited)
            criterion = self.criteria[side].get(key)
            if criterion is not None:
                kept.append((key[0], criterion))
                met |= {key} & self.met[side, of]
        how = _rules(self.sides[int(POLICY in edited)].policy, self.target)
        levels = {name: tuple(c for part, c in kept if part == name) for name in self.scale}
        lowest = self.scale[0]
        if how.propose != "people" and any(
            bool(found) is (how.policy is Policy.SECURE_FIT and name == lowest)
            for name, found in levels.items()
        ):
            return None
        rules = how.model_copy(
            update={
                "sufficiency": tuple(c for part, c in kept if part == "sufficiency"),
                "limits": tuple(c for part, c in kept if part == "limits"),
                "levels": {name: found for name, found in levels.items() if found},
            }
        )
        proposal = propose_level(rules, self.scale, met)
        return proposal.level, bool(proposal.missing)

    def _met(self, rules: int, of: int) -> set[Key]:
        side = self.sides[rules]
        values = self._values(side, self.sides[of])
        evaluator = ArrayEvaluator(side.policy.compiled)

        def is_met(criterion: Criterion) -> bool:
            value = values[criterion.measure].value
            given = np.array([np.nan if value is None else value], dtype=float)
            return bool(evaluator.met(self.target, criterion, given, 1)[0])

        return {key for key, criterion in self.criteria[rules].items() if is_met(criterion)}

    def _values(self, side: Assessed, of: Assessed) -> Values:
        """The measures of the target as `side` defines them; of a question from the ratings in `of`."""
        framework, book = side.policy.framework, side.policy.rulebook
        if framework.is_domain(self.target):
            return side.inference.measures[self.target]
        levels = {name: level for name, level in of.levels.items() if framework.is_domain(name)}
        return {
            name: measure_ratings(framework, self.target, book.measure(name), levels)
            for name in measures_tested(framework, book, self.target)
        }
