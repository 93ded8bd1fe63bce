"""The rules over arrays: the same levels as the inference gives, for every alternative."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_rulebooks import Value, infer_alone, policy_sets, values_near

from rules.arrays import ArrayEvaluator, proposed_levels, rounded_values
from rules.loader import PolicySet, library_ids, load_policy, load_rulebook
from rules.propose import propose_level
from rules.ratings import rounded
from rules.rulebook import Criterion, Policy, RuleSet

Alternative = dict[str, dict[str, Value]]

many = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def alternatives(draw: st.DrawFn, policy: PolicySet) -> list[Alternative]:
    """Values for all the evidence measures of all the domains, some missing, some left out."""
    choices = {
        (domain, measure.id): st.sampled_from(values_near(policy, domain, measure))
        for domain in policy.framework.domains
        for measure in policy.rulebook.evidence_measures
    }
    return [
        {
            domain: {name: draw(values) for (of, name), values in choices.items() if of == domain}
            for domain in policy.framework.domains
        }
        for _ in range(draw(st.integers(0, 5)))
    ]


def as_arrays(policy: PolicySet, given_alternatives: list[Alternative]) -> dict[str, dict[str, np.ndarray]]:
    return {
        domain: {
            measure.id: np.array(
                [np.nan if (v := one[domain][measure.id]) is None else v for one in given_alternatives],
                dtype=float,
            )
            for measure in policy.rulebook.evidence_measures
        }
        for domain in policy.framework.domains
    }


def assert_same(policy: PolicySet, given_alternatives: list[Alternative], decided: dict[str, int]) -> None:
    count = len(given_alternatives)
    found = ArrayEvaluator(policy.compiled).rate(as_arrays(policy, given_alternatives), decided, count)
    assert list(found) == [*policy.framework.domains, *(q.id for q in policy.framework.questions)]
    for target, levels in found.items():
        assert (levels.dtype, levels.shape) == (np.int8, (count,)), target
    for position, one in enumerate(given_alternatives):
        expected = {r.target: r.level or 0 for r in infer_alone(policy, one, decided).ratings}
        assert {target: int(levels[position]) for target, levels in found.items()} == expected


@many
@given(data=st.data())
def test_any_rules_give_arrays_the_levels_that_the_inference_gives(data: st.DataObject) -> None:
    policy = data.draw(policy_sets())
    given_alternatives = data.draw(alternatives(policy))
    decided = {
        target: data.draw(st.integers(1, len(policy.framework.scale_of(target))))
        for target in data.draw(st.sets(st.sampled_from(list(policy.framework.question_of))))
    }
    assert_same(policy, given_alternatives, decided)


@pytest.mark.parametrize("framework_id", library_ids())
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_library_gives_arrays_the_levels_that_the_inference_gives(
    framework_id: str, data: st.DataObject
) -> None:
    policy = load_policy(framework_id)
    given_alternatives = data.draw(alternatives(policy))
    scales = {target: len(policy.framework.scale_of(target)) for target in policy.framework.domains}
    decided = {
        target: data.draw(st.integers(1, scales[target]))
        for target in data.draw(st.sets(st.sampled_from(sorted(scales))))
    }
    assert_same(policy, given_alternatives, decided)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(policy=policy_sets())
def test_the_random_rulebooks_are_ones_that_the_loader_accepts(
    policy: PolicySet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path: Path = tmp_path_factory.mktemp("random") / "rulebook.yml"
    data = policy.rulebook.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    assert load_rulebook(path, policy.framework) == policy.rulebook


# Criteria and levels by themselves


def criterion(name: str) -> Criterion:
    return Criterion(id=name, measure="m", at_least=1, because="{value}", reference="Made for tests.")


@pytest.mark.parametrize("policy", list(Policy))
def test_shares_of_different_sizes_are_compared_exactly(policy: Policy) -> None:
    """One third of three criteria is one third of six; every number of criteria met is tried."""
    sizes = {"a": 3, "b": 6, "c": 7}
    rules = RuleSet(
        policy=policy,
        levels={name: tuple(criterion(f"c{n}") for n in range(size)) for name, size in sizes.items()},
    )
    combinations = [(a, b, c) for a in range(4) for b in range(7) for c in range(8)]
    met = {
        (name, f"c{n}"): np.array([one[column] > n for one in combinations])
        for column, (name, size) in enumerate(sizes.items())
        for n in range(size)
    }
    found = proposed_levels(rules, ["a", "b", "c"], met, len(combinations))
    for position, level in enumerate(found):
        names = {key for key, truth in met.items() if truth[position]}
        assert (propose_level(rules, ["a", "b", "c"], names).level or 0) == level


def test_a_level_that_lost_its_last_criterion_is_judged_as_the_policies_judge_it() -> None:
    """Lint takes criteria away; what is left of a level may be nothing."""
    for policy in Policy:
        rules = RuleSet(policy=policy, levels={"b": (), "c": (criterion("x"),)})
        met = {("c", "x"): np.array([True, False])}
        expected = [propose_level(rules, ["a", "b", "c"], held).level or 0 for held in ({("c", "x")}, set())]
        assert proposed_levels(rules, ["a", "b", "c"], met, 2).tolist() == expected


# Rounding


def test_a_tie_is_rounded_as_facts_are_and_not_as_numpy_does_it() -> None:
    value = 100 * 1 / 16_000
    assert (rounded(value), float(np.round(value, 4))) == (0.0063, 0.0062)
    assert rounded_values(np.array([value])).tolist() == [0.0063]


@given(
    numerator=st.integers(-10_000, 10_000),
    denominator=st.sampled_from([3, 7, 128, 640, 3_200, 16_000, 100_000, 1_000_000]),
)
def test_shares_are_rounded_as_facts_are(numerator: int, denominator: int) -> None:
    value = 100 * numerator / denominator
    assert rounded_values(np.array([value])).tolist() == [rounded(value)]


@given(st.lists(st.floats(allow_infinity=False)))
def test_any_number_is_rounded_as_facts_are_and_nothing_stays_nothing(values: list[float]) -> None:
    found = rounded_values(np.array(values, dtype=float))
    expected = [value if np.isnan(value) else float(rounded(value)) for value in values]
    np.testing.assert_array_equal(found, expected)
    assert not np.signbit(found[found == 0]).any()


def test_the_inputs_are_left_as_they_are() -> None:
    values = np.array([0.00625, np.nan])
    rounded_values(values)
    np.testing.assert_array_equal(values, [0.00625, np.nan])
