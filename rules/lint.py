"""What is odd in a rulebook, found by trying every combination that makes a difference.

Every oddity comes with combinations (see rules.combinations) that show it and can be checked by running the
rules on them. Oddities are *problems*, or *notes* on what may well be meant:

    gap             problem   first-match: no level's criteria are all met
    overlap         note      first-match: the criteria of two levels are all met, and the better is given
                    problem   best-fit: the same, and the lower is given
                    note      best-fit: two levels have the same share of their criteria met, but not all
    unreachable     problem   a level (or enough evidence) that no combination reaches
    never-matters   problem   a criterion, limit or sufficiency criterion without which nothing changes
    duplicate       problem   the same test twice in one level, in the limits or in the sufficiency
    not-monotone    problem   a measure, or the rating of a domain, gets better and the level worse or lost
    missing-better  note      having no value, or no rating, is better than having a bad one
    unused          problem   a measure that no criterion tests
                    note      rules that rate nothing
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rules.arrays import Truth, count_met
from rules.combinations import Part, QuestionSpace, Space, View, spaces_of
from rules.compile import measures_tested, thresholds
from rules.loader import PolicySet
from rules.oddity import Example, Oddity, Severity, example_of, oddity, result_name
from rules.ranges import Value
from rules.rulebook import Criterion, Policy, RuleSet
from rules.words import listed

Ranked = tuple[int, Value]
"""An option of a factor, with the value that stands for it."""


def lint(policy: PolicySet) -> list[Oddity]:
    """All oddities of a rulebook, by block of rules, in the order of the framework; then what is unused.

    Raises ReviewError where a block has too many combinations to be tried.
    """
    found: list[Oddity] = []
    for space in spaces_of(policy):
        found += _gap(space)
        found += _overlaps(space)
        found += _unreachable(space)
        found += _never_matters(space)
        found += _duplicates(space)
        found += _not_monotone(space)
        found += _missing_better(space)
    return [*found, *_unused(policy)]


def is_monotone(policy: PolicySet) -> bool:
    """Whether nothing that gets better, all else equal, lowers a level or loses it.

    That holds for each domain and its measures (of which one way is better), and for each question and the
    ratings of the domains that are rated. It is not said of a domain that had no rating and gets a low one:
    that can lower a question (see missing-better).
    """
    return not any(oddity for space in spaces_of(policy) for oddity in _not_monotone(space))


def reachable_levels(policy: PolicySet) -> dict[str, set[str]]:
    """By block, all that its rules can give: level ids, 'insufficient', 'open'."""
    return {
        space.block: {result_name(space, int(result)) for result in np.unique(space.everything().results)}
        for space in spaces_of(policy)
    }


def _gap(space: Space) -> Iterator[Oddity]:
    if space.rules.policy is not Policy.FIRST_MATCH or space.rules.propose == "people":
        return
    view = space.everything()
    row = _first(view.results == 0)
    if row is not None:
        message = "no level results, because no level's criteria are all met"
        yield oddity(space, "gap", message, example_of(space, view, row))


def _overlaps(space: Space) -> Iterator[Oddity]:
    rules, view = space.rules, space.everything()
    if rules.policy is Policy.SECURE_FIT or rules.propose == "people":
        return
    enough, count = view.results >= 0, len(view.results)
    held = {name: count_met(rules, name, view.met, count) for name in space.scale if rules.levels.get(name)}
    share = {name: found / len(rules.levels[name]) for name, found in held.items()}
    first_match = rules.policy is Policy.FIRST_MATCH
    for position, high in enumerate(share):
        for low in list(share)[:position]:
            row = _first(enough & (share[low] == 1) & (share[high] == 1))
            if row is not None:
                given = "first-match gives the better" if first_match else "best-fit gives the lower"
                message = f"all criteria of {low!r} and of {high!r} are met at once; {given}"
                example = example_of(space, view, row)
                severity: Severity = "note" if first_match else "problem"
                yield oddity(space, "overlap", message, example, level=high, severity=severity)
    if not first_match and share:
        best = np.max(list(share.values()), axis=0)
        ties = np.sum([one == best for one in share.values()], axis=0) > 1
        row = _first(enough & ties & (best > 0) & (best < 1))
        if row is not None:
            names = listed(repr(name) for name, one in share.items() if one[row] == best[row])
            message = f"{names} have the same share of their criteria met; best-fit gives the lower one"
            yield oddity(space, "overlap", message, example_of(space, view, row), severity="note")


def _unreachable(space: Space) -> Iterator[Oddity]:
    rules, view = space.rules, space.everything()
    if rules.propose == "people":
        return
    enough = view.results >= 0
    if not enough.any():
        lacking = sum((~view.met["sufficiency", c.id]).astype(int) for c in rules.sufficiency)
        message = "there is never enough evidence, whatever is found, so no level ever results"
        example = example_of(space, view, int(np.argmin(lacking)))
        yield oddity(space, "unreachable", message, example, level="sufficiency")
        return
    count = len(view.results)
    for number, level in enumerate(space.scale, start=1):
        if (view.results == number).any():
            continue
        needed = [level] if rules.policy is not Policy.SECURE_FIT else space.scale[:number]
        sizes = sum(len(rules.levels.get(name, ())) for name in needed)
        unmet = np.full(count, sizes)
        for name in needed:
            unmet -= count_met(rules, name, view.met, count)
        row = int(np.argmin(np.where(enough, unmet, sizes + 1)))
        message = "no combination reaches this level: "
        if not sizes:
            message += "a better one is always reached"
        elif unmet[row]:
            below = " and those of the levels below" if len(needed) > 1 else ""
            message += f"its criteria{below} are never all met at once"
        else:
            message += "where its criteria are met, another level results"
        yield oddity(space, "unreachable", message, example_of(space, view, row), level=level)


def _never_matters(space: Space) -> Iterator[Oddity]:
    repeated = {part for group in _repeated(space) for part in group}
    for part, criterion in space.criteria.items():
        if part in repeated:
            continue
        view = space.view_of(part)
        without = space.results(_without(space.rules, part), view.met, len(view.results))
        if (without == view.results).all():
            reason, wanted = _why(space, part, view)
            message = f"{reason}; without it no combination gets another level"
            row = next(row for mask in wanted if (row := _first(mask)) is not None)
            example = example_of(space, view, row)
            yield oddity(space, "never-matters", message, example, level=part[0], criterion=criterion.id)


def _why(space: Space, part: Part, view: View) -> tuple[str, list[Truth]]:
    """Why a criterion does not matter, and the combinations that show it best, in order of preference."""
    met, rated, anything = view.met[part], view.results > 0, np.ones(len(view.results), dtype=bool)
    if met.all():
        return "it is always met", [rated, anything]
    if not met.any():
        return "it is never met", [rated, anything]
    if part[0] == "limits":
        return "where it is met, the level is no better anyway", [met & rated, met]
    level, secure = part[0], space.rules.policy is Policy.SECURE_FIT
    beside = space.scale[: space.scale.index(level) + 1] if secure and level in space.scale else [level]
    others = [truth for other, truth in view.met.items() if other[0] in beside and other != part]
    alone = ~met & np.all(others, axis=0) if others else ~met
    if others and not alone.any():
        below = " or a lower one" if len(beside) > 1 else ""
        return f"where it is not met, another criterion of the same level{below} is not met either", [
            ~met & rated,
            ~met,
        ]
    return "where it is not met, the level is the same", [alone & rated, alone]


def _without(rules: RuleSet, part: Part) -> RuleSet:
    def kept(name: str, criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        return tuple(criterion for criterion in criteria if (name, criterion.id) != part)

    return rules.model_copy(
        update={
            "sufficiency": kept("sufficiency", rules.sufficiency),
            "levels": {name: kept(name, criteria) for name, criteria in rules.levels.items()},
            "limits": tuple(limit for limit in rules.limits if ("limits", limit.id) != part),
        }
    )


def _repeated(space: Space) -> list[list[Part]]:
    """Criteria of one part that are met by the same values of the same measure, in groups."""
    groups: dict[object, list[Part]] = {}
    framework, book = space.policy.framework, space.policy.rulebook
    for part, criterion in space.criteria.items():
        numbers = thresholds(framework, book, space.target, criterion)
        test: object = (criterion.test, tuple(sorted(numbers)), criterion.when_missing)
        met = space.view_of(part).met[part]
        if met.any() and not met.all():
            test = met.tobytes()
        groups.setdefault((part[0], criterion.measure, test), []).append(part)
    return [group for group in groups.values() if len(group) > 1]


def _duplicates(space: Space) -> Iterator[Oddity]:
    for group in _repeated(space):
        first = group[0]
        view = space.view_of(first)
        met = view.met[first]
        wanted = [met & (view.results > 0), met, np.ones(len(met), dtype=bool)]
        row = next(row for mask in wanted if (row := _first(mask)) is not None)
        for part, name in group[1:]:
            message = f"this tests the same as {first[1]!r}"
            example = example_of(space, view, row)
            yield oddity(space, "duplicate", message, example, level=part, criterion=name)


def _not_monotone(space: Space) -> Iterator[Oddity]:
    for probe in space.probes:
        ranked = space.factors[probe].ranked
        near_first = [
            pair
            for apart in range(1, len(ranked))
            for pair in zip(ranked[:-apart], ranked[apart:], strict=True)
        ]
        fall = _worst_fall(space, probe, near_first)
        if fall is not None:
            (before, after), name = fall, space.factors[probe].name
            lost = after.level in ("open", "insufficient")
            message = (
                f"{_subject(space, probe)} gets better, from {before.given[name]} to {after.given[name]}, "
                f"and the level {'is lost' if lost else 'gets worse'}: {before.level}, then {after.level}"
            )
            yield oddity(space, "not-monotone", message, before, after, criterion=name)


def _missing_better(space: Space) -> Iterator[Oddity]:
    for probe in space.probes:
        factor = space.factors[probe]
        if factor.missing is None:
            continue
        nothing: Ranked = (factor.missing, None)
        fall = _worst_fall(space, probe, [(nothing, ranked) for ranked in factor.ranked])
        if fall is not None:
            without, having = fall
            message = (
                f"having no {_subject(space, probe)} at all is better than {having.given[factor.name]}: "
                f"{without.level} instead of {having.level}"
            )
            examples = (having, without)
            yield oddity(space, "missing-better", message, *examples, criterion=factor.name, severity="note")


def _worst_fall(
    space: Space, probe: int, pairs: Sequence[tuple[Ranked, Ranked]]
) -> tuple[Example, Example] | None:
    """Two combinations that differ only in one factor, of which the second has a lower level, or none.

    Of all such pairs those with a level on both sides come first, then the largest fall.
    """
    factor, view = space.factors[probe], space.view(probe)
    results = np.maximum(view.results, 0).astype(int).reshape(-1, len(factor.options))
    worst, found = 0, None
    for (one, value), (other, changed) in pairs:
        fall = results[:, one] - results[:, other]
        weight = np.where(fall > 0, fall + len(space.scale) * (results[:, other] > 0), 0)
        row = int(np.argmax(weight))
        if weight[row] > worst:
            worst, start = int(weight[row]), row * len(factor.options)
            first = example_of(space, view, start + one, factor.name, value)
            found = first, example_of(space, view, start + other, factor.name, changed)
    return found


def _subject(space: Space, probe: int) -> str:
    """What varies, in words: a measure, a domain that a measure names, or any other domain."""
    name = space.factors[probe].name
    if isinstance(space, QuestionSpace):
        return f"rating of {name}" if name in space.named else f"rating of a domain (as of {name})"
    return name


def _unused(policy: PolicySet) -> Iterator[Oddity]:
    framework, book = policy.framework, policy.rulebook
    targets = [*framework.domains, *(question.id for question in framework.questions)]
    blocks = {book.block_of(framework, target) for target in targets}
    for name in book.domain_defaults:
        block = f"domain_defaults/{name}"
        if block not in blocks and book.domain_defaults[name].propose != "people":
            message = "these rules rate nothing: every domain of the question has rules of its own"
            yield Oddity("unused", "note", block, "", "", message)
    tested = {name for target in targets for name in measures_tested(framework, book, target)}
    for measure in book.measures:
        if measure.id not in tested:
            message = "no criterion tests this measure"
            yield Oddity("unused", "problem", "measures", "", measure.id, message)


def _first(mask: Truth) -> int | None:
    return int(np.argmax(mask)) if mask.any() else None
