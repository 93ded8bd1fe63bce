"""The plain evaluator: which rules fire on which facts, and how near every other rule came.

It re-derives the engine's firings in every run and makes them alone where the engine is absent. What the
engine cannot say, it says: for every rule which conditions held, which failed, and by how much.

A pattern is looked up by all of its equalities on strings at once (kind, target, measure), so the cost is
that of reading the facts once, not of trying every rule on every fact.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Literal, NamedTuple

from rules.errors import EngineRefused
from rules.rule import Condition, Fact, Firing, Rule, Value

MOST_FIRINGS = 100_000
"""One rule may fire this often on one set of facts; more is a rule whose patterns do not belong together."""


class Tried(NamedTuple):
    """One condition tried on one fact."""

    condition: Condition
    """The condition."""
    held: bool
    """Whether the fact passes it."""
    observed: Value | None
    """What the fact gives under the condition's key; None where it has no such key."""
    margin: int | float | None
    """Numbers only, in the measure's unit: positive = met by this much, negative = missed by this much.
    For an equality it is minus the distance, so 0 when met."""


class PatternExplained(NamedTuple):
    """One pattern of a rule, tried on the fact that comes nearest to it."""

    held: bool
    """Whether the nearest fact passes every condition."""
    fact: int | None
    """Position of the nearest fact among those with all the strings asked for; None where there is none."""
    tried: tuple[Tried, ...]
    """The conditions, equalities on strings first; empty where there is no such fact."""


class Explanation(NamedTuple):
    """What one rule made of the facts."""

    rule: str
    """The rule's id."""
    fired: bool
    """Whether the rule fired (at least once)."""
    patterns: tuple[PatternExplained, ...]
    """The rule's patterns, in its order."""


class _Test(NamedTuple):
    """A condition that no look-up answers; met at sign * (observed - threshold) > 0, or = 0 if not strict."""

    condition: Condition
    key: str
    threshold: int | float | None  # None: not a number, so the condition itself is asked
    sign: Literal[1, 0, -1]  # 0: equality
    strict: bool


class _Pattern(NamedTuple):
    """A pattern made ready: its strings are asked for by one look-up, its other conditions one by one."""

    slot: int
    strings: tuple[Tried, ...]  # as they stand for every fact that the look-up finds
    tests: tuple[_Test, ...]


class _Shape(NamedTuple):
    """All look-ups by the same keys: what reads them off a fact, and the slot of each."""

    read: Callable[[Fact], Any]
    slots: dict[Any, int]


_NO_FACT = PatternExplained(False, None, ())


class Evaluator:
    """Tells which of the rules fire on facts, and why the others do not.

    Make it once per set of rules and use it for any number of facts. Nothing it says depends on the order of
    the facts, except that they are named by their positions.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._new_slot = itertools.count()
        self._rules = [(rule.id, [self._prepare(pattern) for pattern in rule.patterns]) for rule in rules]

    def fire(self, facts: Sequence[Fact]) -> list[Firing]:
        """All firings, sorted: one for every choice of one fact per pattern (also the same fact for two).

        Raises EngineRefused where one rule alone would fire more than `MOST_FIRINGS` times.
        """
        found = self._candidates(facts)
        firings = []
        for rule_id, patterns in self._rules:
            choices = []
            for pattern in patterns:
                passing = [at for at in found.get(pattern.slot, ()) if _passes(pattern.tests, facts[at])]
                if not passing:
                    break
                choices.append(passing)
            else:
                _check_times(rule_id, choices)
                firings += [Firing(rule_id, chosen) for chosen in itertools.product(*choices)]
        return sorted(firings, key=attrgetter("rule", "facts"))

    def explain(self, facts: Sequence[Fact]) -> list[Explanation]:
        """One explanation per rule, in the order of the rules.

        The nearest fact of a pattern is the one that passes most conditions; among equals the one with the
        larger margins, then the last by content.
        """
        found = self._candidates(facts)
        explanations = []
        for rule_id, patterns in self._rules:
            fired, explained = True, []
            for pattern in patterns:
                nearest = _explain(pattern, found.get(pattern.slot), facts)
                fired = fired and nearest.held
                explained.append(nearest)
            explanations.append(Explanation(rule_id, fired, tuple(explained)))
        return explanations

    def _prepare(self, pattern: Sequence[Condition]) -> _Pattern:
        strings: dict[str, Condition] = {}
        tests = []
        for condition in pattern:
            key, value = condition.key, condition.value
            if isinstance(value, str) and condition.comparison == "eq" and key not in strings:
                strings[key] = condition
            else:
                tests.append(_prepare_test(condition))
        keys = tuple(sorted(strings))
        if keys not in self._shapes:
            self._shapes[keys] = _Shape(itemgetter(*keys) if keys else lambda _: (), {})
        shape = self._shapes[keys]
        asked = shape.read({key: condition.value for key, condition in strings.items()})
        slot = shape.slots.get(asked)
        if slot is None:
            slot = shape.slots[asked] = next(self._new_slot)
        known = tuple(Tried(condition, True, condition.value, None) for condition in strings.values())
        return _Pattern(slot, known, tuple(tests))

    def _candidates(self, facts: Sequence[Fact]) -> dict[int, list[int]]:
        """The positions of the facts that have the strings asked for, by slot."""
        found: dict[int, list[int]] = defaultdict(list)
        for read, slots in self._shapes.values():
            for position, fact in enumerate(facts):
                try:
                    slot = slots.get(read(fact))
                except KeyError:
                    continue
                if slot is not None:
                    found[slot].append(position)
        return found


def _prepare_test(condition: Condition) -> _Test:
    comparison, value = condition.comparison, condition.value
    threshold = None if isinstance(value, str) else value
    sign: Literal[1, 0, -1] = 0 if comparison == "eq" else 1 if comparison in ("gte", "gt") else -1
    return _Test(condition, condition.key, threshold, sign, strict=comparison in ("gt", "lt"))


def _passes(tests: tuple[_Test, ...], fact: Fact) -> bool:
    for test in tests:  # noqa: SIM110 - all() with a generator costs twice as much
        if not test.condition.holds(fact):
            return False
    return True


def _check_times(rule_id: str, choices: list[list[int]]) -> None:
    times = math.prod(map(len, choices))
    if times > MOST_FIRINGS:
        raise EngineRefused(
            f"it would fire {times:,} times; at most {MOST_FIRINGS:,} are allowed",
            where=f"rule {rule_id!r}",
            hint="Name the target in each of its patterns, so that only the facts meant are combined.",
        )


def _explain(pattern: _Pattern, positions: list[int] | None, facts: Sequence[Fact]) -> PatternExplained:
    if not positions:
        return _NO_FACT
    if len(positions) == 1:
        return _try(pattern, positions[0], facts[positions[0]])

    def rank(one: PatternExplained) -> tuple[int, list[float], list[str]]:
        margins = [-math.inf if test.margin is None else test.margin for test in one.tried]
        content = [] if one.fact is None else sorted(map(repr, facts[one.fact].items()))
        return sum(test.held for test in one.tried), margins, content

    return max((_try(pattern, position, facts[position]) for position in positions), key=rank)


def _try(pattern: _Pattern, position: int, fact: Fact) -> PatternExplained:
    _, tried, tests = pattern
    held = True
    margin: int | float | None
    for condition, key, threshold, sign, strict in tests:
        observed = fact.get(key)
        if observed is None or threshold is None or isinstance(observed, str):
            passed, margin = condition.holds(fact), None
        else:
            above = observed - threshold
            margin = above if sign > 0 else 0 - above if sign else 0 - abs(above)
            passed = margin > 0 or (margin == 0 and not strict)
        tried += (Tried(condition, passed, observed, margin),)
        held = held and passed
    return PatternExplained(held, position, tried)
