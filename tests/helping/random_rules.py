"""Rules and facts: any there can be, and those of a review as it comes."""

from __future__ import annotations

from hypothesis import strategies as st

from rules.rule import Condition, Fact, Operator, Rule, Value

TEXTS = ["measure", "missing", "a", "b", "", '"', "\\", "a,b", "}]", "\n", "\x00", "è", "☃"]
NUMBERS: list[int | float] = [-3, 0, 0.0, -0.0, 1, 1.0, 2.5, 50, 50.0, 0.0001, 99.99, 2**53, 1e15]
OPERATORS: list[Operator] = ["eq", "gte", "gt", "lte", "lt"]
texts = st.sampled_from(TEXTS[:4]) | st.sampled_from(TEXTS)
numbers = st.sampled_from(NUMBERS)
equalities = st.builds(Condition, st.sampled_from(["kind", "target", "measure"]), st.just("eq"), texts)
number_conditions = st.builds(
    Condition, st.sampled_from(["value", "base"]), st.sampled_from(OPERATORS), numbers
)
conditions = equalities | number_conditions
patterns = (
    st.lists(conditions, min_size=1, max_size=4, unique_by=lambda condition: condition.key)
    | st.lists(conditions, min_size=1, max_size=3)
).map(tuple)
rulebooks = st.lists(st.lists(patterns, min_size=1, max_size=2), min_size=1, max_size=6).map(
    lambda rules: [Rule(f"rule.{n}", tuple(rule)) for n, rule in enumerate(rules)]
)
steps = st.sampled_from([0, 0.0, 1, -1, 0.5])
any_fact = st.fixed_dictionaries(
    {}, optional={"kind": texts, "target": texts, "measure": texts, "value": numbers, "base": numbers}
)


@st.composite
def reviews(draw: st.DrawFn) -> tuple[list[Rule], list[Fact]]:
    """Any rules, and facts of which about half are made to meet a pattern of them, or nearly so."""
    rules = draw(rulebooks)
    facts: list[Fact] = []
    for near in draw(st.lists(st.booleans(), max_size=6)):
        fact: dict[str, Value] = dict(draw(any_fact))
        if near:
            for condition in draw(st.sampled_from([pattern for rule in rules for pattern in rule.patterns])):
                value = condition.value
                fact[condition.key] = value if isinstance(value, str) else min(value + draw(steps), 2**53)
        facts.append(fact)
    return rules, facts


def review_of(domains: int, measures: int, tried: int) -> tuple[list[Rule], list[dict[str, Value]]]:
    """A review as it comes: one fact per domain and measure, one threshold on each of the first `tried`."""
    about = [(f"domain-{d}", f"measure_{m}") for d in range(domains) for m in range(measures)]
    facts: list[dict[str, Value]] = [
        {"kind": "measure", "target": target, "measure": measure, "value": n * 37 % 101 / (1 if n % 3 else 7)}
        for n, (target, measure) in enumerate(about)
    ]
    for fact in facts:
        fact["value"] = round(float(fact["value"]), 2)
    rules = [
        rule_about(
            f"{target}.{measure}", target, measure, Condition("value", OPERATORS[1 + n % 4], 20 + n % 60)
        )
        for n, (target, measure) in enumerate(about[:tried])
    ]
    return rules, facts


def rule_about(rule_id: str, target: str, measure: str, test: Condition) -> Rule:
    about = (
        Condition("kind", "eq", "measure"),
        Condition("target", "eq", target),
        Condition("measure", "eq", measure),
    )
    return Rule(rule_id, ((*about, test),))
