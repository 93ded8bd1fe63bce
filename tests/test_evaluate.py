"""The plain evaluator: what fires, what does not, and by how much."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_rules import review_of, reviews, rule_about

from rules.errors import EngineRefused
from rules.evaluate import Evaluator, Explanation, PatternExplained, Tried
from rules.rule import Condition, Fact, Firing, Operator, Rule, Value


def fire_plainly(rules: Sequence[Rule], facts: Sequence[Fact]) -> list[Firing]:
    """The meaning of a rule, word by word: every choice of one fact per pattern."""
    return sorted(
        Firing(rule.id, chosen)
        for rule in rules
        for chosen in itertools.product(range(len(facts)), repeat=len(rule.patterns))
        if all(c.holds(facts[at]) for at, pattern in zip(chosen, rule.patterns, strict=True) for c in pattern)
    )


CASES_OF_ONE_CONDITION: list[tuple[str, Condition, dict[str, Value], bool]] = [
    ("a number equals itself written as a float", Condition("v", "eq", 1), {"v": 1.0}, True),
    ("a float equals itself written as an integer", Condition("v", "eq", 1.0), {"v": 1}, True),
    ("text does not equal the number it spells", Condition("v", "eq", 1), {"v": "1"}, False),
    ("a number does not equal the text that spells it", Condition("v", "eq", "1"), {"v": 1}, False),
    ("text is not above a number", Condition("v", "gte", 1), {"v": "9"}, False),
    ("a missing key meets nothing", Condition("v", "lte", 1), {"w": 1}, False),
    ("at least is met at the threshold", Condition("v", "gte", 70), {"v": 70}, True),
    ("at least is missed just below", Condition("v", "gte", 70), {"v": 69.99}, False),
    ("more than is missed at the threshold", Condition("v", "gt", 70), {"v": 70.0}, False),
    ("at most is met at the threshold", Condition("v", "lte", 70.0), {"v": 70}, True),
    ("less than is missed at the threshold", Condition("v", "lt", 70), {"v": 70}, False),
    ("less than is met just below", Condition("v", "lt", 70), {"v": 69.99}, True),
    ("zero equals minus zero", Condition("v", "eq", 0), {"v": -0.0}, True),
]


@pytest.mark.parametrize(
    ("condition", "fact", "fires"),
    [case[1:] for case in CASES_OF_ONE_CONDITION],
    ids=[case[0] for case in CASES_OF_ONE_CONDITION],
)
def test_one_condition_is_met_as_it_reads(condition: Condition, fact: dict[str, Value], fires: bool) -> None:
    evaluator = Evaluator([Rule("r", ((condition,),))])
    assert evaluator.fire([fact]) == ([Firing("r", (0,))] if fires else [])
    assert evaluator.explain([fact])[0].fired is fires


def test_a_rule_fires_once_for_every_choice_of_one_fact_per_pattern() -> None:
    rule = Rule("pair", ((Condition("kind", "eq", "a"),), (Condition("value", "gt", 1),)))
    facts: list[Fact] = [{"kind": "a"}, {"kind": "a", "value": 2}, {"kind": "b", "value": 3}]
    fired = [firing.facts for firing in Evaluator([rule]).fire(facts)]
    assert fired == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_firings_are_sorted_by_rule_and_facts_whatever_the_order_of_the_rules() -> None:
    anything = Condition("value", "gte", 0)
    rules = [Rule("b", ((anything,),)), Rule("a", ((anything,),))]
    fired = Evaluator(rules).fire([{"value": 1}, {"value": 2}])
    assert fired == [Firing("a", (0,)), Firing("a", (1,)), Firing("b", (0,)), Firing("b", (1,))]


def test_two_texts_asked_of_one_key_are_never_both_there() -> None:
    rule = Rule("torn", ((Condition("kind", "eq", "a"), Condition("kind", "eq", "b")),))
    (explanation,) = Evaluator([rule]).explain([{"kind": "a"}])
    assert not explanation.fired
    assert [one.held for one in explanation.patterns[0].tried] == [True, False]


def test_a_rule_that_would_fire_without_end_is_refused_by_name() -> None:
    rule = Rule("all.with.all", ((Condition("value", "gte", 0),),) * 3)
    with pytest.raises(EngineRefused, match=r"'all.with.all': it would fire 1,000,000 times") as refused:
        Evaluator([rule]).fire([{"value": n} for n in range(100)])
    assert "Name the target" in refused.value.hint


@given(reviews())
def test_firings_are_those_of_the_rules_read_word_by_word(review: tuple[list[Rule], list[Fact]]) -> None:
    rules, facts = review
    assert Evaluator(rules).fire(facts) == fire_plainly(rules, facts)


def test_an_explanation_tells_what_held_and_by_how_much_the_rest_was_missed() -> None:
    test = Condition("value", "gte", 70)
    (rule,) = rules = [rule_about("r", "safety", "share", test)]
    fact: Fact = {"kind": "measure", "target": "safety", "measure": "share", "value": 68}
    about = tuple(Tried(c, True, c.value, None) for c in rule.patterns[0][:3])
    tried = (*about, Tried(test, False, 68, -2))
    expected = [Explanation("r", False, (PatternExplained(False, 1, tried),))]
    assert Evaluator(rules).explain([{"kind": "rating"}, fact]) == expected


@pytest.mark.parametrize(
    ("comparison", "observed", "held", "margin"),
    [
        ("gte", 72, True, 2),
        ("gte", 70, True, 0),
        ("gt", 70, False, 0),
        ("gt", 70.5, True, 0.5),
        ("lte", 70.5, False, -0.5),
        ("lte", 60, True, 10),
        ("lt", 75, False, -5),
        ("eq", 70.0, True, 0),
        ("eq", 67, False, -3),
        ("eq", 73, False, -3),
    ],
)
def test_a_margin_is_positive_when_met_and_negative_when_missed(
    comparison: Operator, observed: float, held: bool, margin: float
) -> None:
    rules = [Rule("r", ((Condition("value", comparison, 70),),))]
    tried = Evaluator(rules).explain([{"value": observed}])[0].patterns[0].tried[0]
    assert (tried.held, tried.observed, tried.margin) == (held, observed, margin)


def test_a_number_that_is_missing_or_text_has_no_margin() -> None:
    rules = [Rule("r", ((Condition("kind", "eq", "a"), Condition("value", "gte", 1)),))]
    for fact in ({"kind": "a"}, {"kind": "a", "value": "high"}):
        tried = Evaluator(rules).explain([fact])[0].patterns[0].tried[1]
        assert (tried.held, tried.observed, tried.margin) == (False, fact.get("value"), None)


def test_a_rule_without_any_fact_about_its_target_says_so() -> None:
    rules = [rule_about("r", "safety", "share", Condition("value", "gte", 70))]
    facts: list[Fact] = [{"kind": "measure", "target": "leadership", "measure": "share", "value": 90}]
    assert Evaluator(rules).explain(facts) == [Explanation("r", False, (PatternExplained(False, None, ()),))]


def test_the_nearest_of_several_facts_is_explained() -> None:
    rules = [Rule("r", ((Condition("kind", "eq", "a"), Condition("value", "gte", 70)),))]
    facts: list[Fact] = [{"kind": "a"}, *({"kind": "a", "value": n} for n in (10, 69, 40)), {"value": 99}]
    (explanation,) = Evaluator(rules).explain(facts)
    assert (explanation.patterns[0].fact, explanation.patterns[0].tried[1].margin) == (2, -1)


def test_every_rule_is_explained_in_the_order_of_the_rules() -> None:
    rules, facts = review_of(5, 4, 20)
    explained = Evaluator(rules).explain(facts)
    assert [one.rule for one in explained] == [rule.id for rule in rules]
    assert 0 < sum(one.fired for one in explained) < len(rules)


@given(reviews())
def test_what_is_explained_as_fired_is_what_fired(review: tuple[list[Rule], list[Fact]]) -> None:
    rules, facts = review
    evaluator = Evaluator(rules)
    explained = evaluator.explain(facts)
    assert {one.rule for one in explained if one.fired} == {firing.rule for firing in evaluator.fire(facts)}
    for explanation in explained:
        assert explanation.fired == all(pattern.held for pattern in explanation.patterns)
        for pattern in explanation.patterns:
            if pattern.fact is not None:
                assert pattern.held == all(one.held for one in pattern.tried)
                for one in pattern.tried:
                    assert one.held == one.condition.holds(facts[pattern.fact])


@given(reviews(), st.randoms(use_true_random=False))
def test_an_explanation_does_not_depend_on_the_order_of_the_facts(
    review: tuple[list[Rule], list[Fact]], random: Random
) -> None:
    rules, facts = review
    order = random.sample(range(len(facts)), len(facts))
    shuffled = [facts[at] for at in order]

    def content(explained: list[Explanation], of: list[Fact]) -> list[object]:
        return [
            (
                e.rule,
                e.fired,
                [(p.tried, p.fact is None or sorted(map(repr, of[p.fact].items()))) for p in e.patterns],
            )
            for e in explained
        ]

    evaluator = Evaluator(rules)
    assert content(evaluator.explain(shuffled), shuffled) == content(evaluator.explain(facts), facts)
    moved = sorted(Firing(f.rule, tuple(order[at] for at in f.facts)) for f in evaluator.fire(shuffled))
    assert moved == evaluator.fire(facts)


def test_a_whole_review_is_explained_in_about_a_millisecond() -> None:
    rules, facts = review_of(20, 15, 133)
    evaluator = Evaluator(rules)
    times = []
    for _ in range(30):
        started = time.perf_counter()
        evaluator.explain(facts)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.003  # 0.0005 on a quiet machine
