"""From criteria met to a level: three policies, what is enough, and what holds a level down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.propose import Met, Proposal, best_fit, first_match, propose_level, secure_fit
from rules.rulebook import Criterion, Limit, Policy, RuleSet

SCALE = ("poor", "inconsistent", "mainly-good", "excellent")


def criterion(name: str) -> Criterion:
    return Criterion(id=name, measure="items", at_least=1, because="{value}", reference="Made for tests.")


def limit(name: str, no_better_than: str) -> Limit:
    return Limit(**criterion(name).model_dump(exclude_none=True), no_better_than=no_better_than)


def rule_set(
    policy: Policy = Policy.SECURE_FIT,
    *,
    enough: Sequence[str] = (),
    limits: Sequence[tuple[str, str]] = (),
    **levels: Sequence[str],
) -> RuleSet:
    """Rules with criteria by name; levels are given with underscores for hyphens."""
    return RuleSet(
        policy=policy,
        sufficiency=tuple(criterion(name) for name in enough),
        levels={level.replace("_", "-"): tuple(map(criterion, names)) for level, names in levels.items()},
        limits=tuple(limit(*names) for names in limits),
    )


def met(*names: str) -> Met:
    """Criteria met, each written 'part/criterion'."""
    return {(part, name) for part, _, name in (text.partition("/") for text in names)}


SECURE = rule_set(inconsistent=["a"], mainly_good=["a", "b"], excellent=["a", "b"])
BEST = rule_set(
    Policy.BEST_FIT, poor=["a"], inconsistent=["a", "b"], mainly_good=["a", "b", "c"], excellent=["a", "b"]
)
FIRST = rule_set(Policy.FIRST_MATCH, poor=["a"], inconsistent=["a"], mainly_good=["a", "b"], excellent=["a"])


@pytest.mark.parametrize(
    ("criteria_met", "level"),
    [
        ((), "poor"),
        (("inconsistent/a",), "inconsistent"),
        (("inconsistent/a", "mainly-good/a"), "inconsistent"),
        (("inconsistent/a", "mainly-good/a", "mainly-good/b"), "mainly-good"),
        (("mainly-good/a", "mainly-good/b", "excellent/a", "excellent/b"), "poor"),
        (("inconsistent/a", "excellent/a", "excellent/b"), "inconsistent"),
        (
            ("inconsistent/a", "mainly-good/a", "mainly-good/b", "excellent/a", "excellent/b"),
            "excellent",
        ),
    ],
    ids=[
        "nothing met is the lowest level",
        "all of one level",
        "part of a level does not count",
        "two levels in full",
        "a gap at the bottom makes the rest worthless",
        "a gap in the middle stops there",
        "everything met is the highest level",
    ],
)
def test_secure_fit_climbs_while_every_criterion_is_met(criteria_met: tuple[str, ...], level: str) -> None:
    assert SCALE[secure_fit(SECURE, SCALE, met(*criteria_met)) - 1] == level


@pytest.mark.parametrize(
    ("criteria_met", "level"),
    [
        ((), "poor"),
        (("poor/a", "excellent/a"), "poor"),
        (("inconsistent/a", "mainly-good/a", "mainly-good/b"), "mainly-good"),
        (("inconsistent/a", "excellent/a"), "inconsistent"),
        (("inconsistent/a", "inconsistent/b", "excellent/a", "excellent/b"), "inconsistent"),
        (("mainly-good/a", "excellent/a", "excellent/b"), "excellent"),
    ],
    ids=[
        "nothing met is the lowest level",
        "all of poor beats half of excellent",
        "two thirds beat a half",
        "of equal halves the lower",
        "of equal wholes the lower",
        "all of excellent beats a third of mainly good",
    ],
)
def test_best_fit_takes_the_largest_share_and_of_equals_the_lower(
    criteria_met: tuple[str, ...], level: str
) -> None:
    assert SCALE[best_fit(BEST, SCALE, met(*criteria_met)) - 1] == level


@pytest.mark.parametrize(
    ("criteria_met", "level"),
    [
        ((), None),
        (("poor/a",), "poor"),
        (("poor/a", "inconsistent/a"), "inconsistent"),
        (("mainly-good/a",), None),
        (("poor/a", "mainly-good/a", "mainly-good/b"), "mainly-good"),
        (("excellent/a",), "excellent"),
    ],
    ids=[
        "nothing met is no level",
        "the lowest has criteria of its own",
        "the better of two",
        "part of a level is no level",
        "a gap below does not matter",
        "the best is looked at first",
    ],
)
def test_first_match_is_the_best_level_whose_own_criteria_are_met(
    criteria_met: tuple[str, ...], level: str | None
) -> None:
    found = first_match(FIRST, SCALE, met(*criteria_met))
    assert (None if found is None else SCALE[found - 1]) == level
    assert propose_level(FIRST, SCALE, met(*criteria_met)) == Proposal(found, found, (), ())


def test_without_enough_evidence_there_is_no_level_and_what_lacks_is_named() -> None:
    rules = rule_set(enough=["items", "kinds"], inconsistent=["a"], limits=[("low", "poor")])
    proposal = propose_level(rules, SCALE, met("sufficiency/items", "inconsistent/a", "limits/low"))
    assert (proposal.level, proposal.before_limits, proposal.limits) == (None, None, ())
    assert [lacking.id for lacking in proposal.missing] == ["kinds"]


def test_with_just_enough_evidence_the_policy_decides() -> None:
    rules = rule_set(enough=["items", "kinds"], inconsistent=["a"])
    proposal = propose_level(rules, SCALE, met("sufficiency/items", "sufficiency/kinds"))
    assert proposal == Proposal(1, 1, (), ())


def test_a_criterion_counts_only_in_its_own_part() -> None:
    rules = rule_set(enough=["a"], inconsistent=["a"])
    assert propose_level(rules, SCALE, met("inconsistent/a")).level is None
    assert propose_level(rules, SCALE, met("sufficiency/a", "mainly-good/a")).level == 1


def test_where_people_give_the_level_none_is_proposed_but_evidence_may_still_lack() -> None:
    rules = RuleSet(propose="people", sufficiency=(criterion("items"),))
    assert propose_level(rules, SCALE, met("sufficiency/items")) == Proposal(None, None, (), ())
    assert [lacking.id for lacking in propose_level(rules, SCALE, met()).missing] == ["items"]


ALL = met("inconsistent/a", "mainly-good/a", "mainly-good/b", "excellent/a", "excellent/b")


@pytest.mark.parametrize(
    ("limits_met", "level", "holding"),
    [
        (("limits/other",), "excellent", ()),
        (("limits/some",), "mainly-good", ("some",)),
        (("limits/some", "limits/many"), "inconsistent", ("many",)),
        (("limits/many", "limits/more"), "inconsistent", ("many", "more")),
        (("limits/top",), "excellent", ()),
    ],
    ids=[
        "a limit that is not the block's own",
        "one limit",
        "the stricter of two",
        "two that hold at the same level",
        "a limit at the level reached holds nothing",
    ],
)
def test_a_limit_holds_a_level_down_and_is_named_where_it_does(
    limits_met: tuple[str, ...], level: str, holding: tuple[str, ...]
) -> None:
    rules = SECURE.model_copy(
        update={
            "limits": (
                limit("some", "mainly-good"),
                limit("more", "inconsistent"),
                limit("many", "inconsistent"),
                limit("top", "excellent"),
            )
        }
    )
    proposal = propose_level(rules, SCALE, ALL | met(*limits_met))
    assert proposal == Proposal(SCALE.index(level) + 1, 4, holding, ())


def test_a_limit_never_lifts_a_level_up_to_its_own() -> None:
    rules = rule_set(inconsistent=["a"], limits=[("some", "mainly-good")])
    assert propose_level(rules, SCALE, met("limits/some")) == Proposal(1, 1, (), ())


# Properties that hold for any rules and whatever is met

any_speed = settings(deadline=None)
names = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True)


@st.composite
def situations(draw: st.DrawFn, policies: Sequence[Policy] = tuple(Policy)) -> tuple[RuleSet, Met]:
    """Well-formed rules on the four levels, and any set of their criteria as met."""
    policy = draw(st.sampled_from(policies))
    lowest = 1 if policy is Policy.SECURE_FIT else 0
    levels: dict[str, Any] = {level.replace("-", "_"): draw(names) for level in SCALE[lowest:]}
    limit_names = draw(st.lists(st.sampled_from("xyz"), max_size=3, unique=True))
    limits = [(name, draw(st.sampled_from(SCALE))) for name in limit_names]
    enough = draw(st.lists(st.sampled_from("mn"), max_size=2, unique=True))
    rules = rule_set(policy, enough=enough, limits=limits, **levels)
    return rules, draw(some_of([(part, c.id) for part, c in rules.criteria()]))


def some_of(given_names: Sequence[tuple[str, str]]) -> st.SearchStrategy[set[tuple[str, str]]]:
    if not given_names:
        return st.just(set())
    return st.sets(st.sampled_from(given_names))


def summary(proposal: Proposal) -> tuple[object, ...]:
    missing = sorted(lacking.id for lacking in proposal.missing)
    return proposal.level, proposal.before_limits, proposal.limits, missing


@any_speed
@given(situation=situations(), data=st.data())
def test_the_order_of_criteria_levels_and_limits_never_matters(
    situation: tuple[RuleSet, Met], data: st.DataObject
) -> None:
    rules, given_met = situation
    levels = data.draw(st.permutations(list(rules.levels.items())))
    mixed = rules.model_copy(
        update={
            "levels": {name: tuple(data.draw(st.permutations(criteria))) for name, criteria in levels},
            "limits": tuple(data.draw(st.permutations(rules.limits))),
            "sufficiency": tuple(data.draw(st.permutations(rules.sufficiency))),
        }
    )
    assert summary(propose_level(mixed, SCALE, given_met)) == summary(propose_level(rules, SCALE, given_met))


@any_speed
@given(situation=situations())
def test_a_limit_that_is_met_never_raises_a_level(situation: tuple[RuleSet, Met]) -> None:
    rules, given_met = situation
    level = propose_level(rules, SCALE, given_met).level
    for one in rules.limits:
        held = propose_level(rules, SCALE, given_met | {("limits", one.id)}).level
        assert (held is None) == (level is None)
        if held is not None and level is not None:
            assert held <= level
            assert held <= SCALE.index(one.no_better_than) + 1


@any_speed
@given(situation=situations())
def test_a_level_stays_on_the_scale_and_every_limit_named_was_needed(situation: tuple[RuleSet, Met]) -> None:
    rules, given_met = situation
    proposal = propose_level(rules, SCALE, given_met)
    if proposal.level is None or proposal.before_limits is None:
        assert proposal.limits == ()
        return
    assert 1 <= proposal.level <= proposal.before_limits <= len(SCALE)
    assert bool(proposal.limits) == (proposal.level < proposal.before_limits)
    freed = given_met - {("limits", name) for name in proposal.limits}
    if proposal.limits:
        assert (propose_level(rules, SCALE, freed).level or 0) > proposal.level


@any_speed
@given(situation=situations([Policy.SECURE_FIT]), data=st.data())
def test_under_secure_fit_meeting_more_never_lowers_a_level(
    situation: tuple[RuleSet, Met], data: st.DataObject
) -> None:
    rules, given_met = situation
    of_levels = [(part, c.id) for part, c in rules.criteria() if part != "limits"]
    more = given_met | data.draw(some_of(of_levels))
    assert secure_fit(rules, SCALE, more) >= secure_fit(rules, SCALE, given_met)
    before = propose_level(rules, SCALE, given_met).level
    after = propose_level(rules, SCALE, more).level
    assert before is None or (after is not None and after >= before)


@any_speed
@given(situation=situations())
def test_whatever_lacks_for_sufficiency_leaves_no_level(situation: tuple[RuleSet, Met]) -> None:
    rules, given_met = situation
    proposal = propose_level(rules, SCALE, given_met)
    lacking = [c for c in rules.sufficiency if ("sufficiency", c.id) not in given_met]
    assert list(proposal.missing) == lacking
    if lacking:
        assert proposal.level is None
    elif rules.policy is not Policy.FIRST_MATCH:
        assert proposal.level is not None
