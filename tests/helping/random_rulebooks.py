"""Random small frameworks and rulebooks that the loader would accept, and values for their measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from rules.compile import thresholds
from rules.evaluate import Evaluator
from rules.framework import Domain, Framework, Level, Question, Strand
from rules.inference import Inference, infer
from rules.loader import PolicySet
from rules.ratings import MeasureValue, rounded
from rules.rulebook import Criterion, Filter, Limit, Measure, Of, Policy, Rulebook, RuleSet, Statistic

Value = int | float | None

COUNTS = [(Of.ITEMS, Statistic.COUNT), (Of.ITEMS, Statistic.KINDS), (Of.FINDINGS, Statistic.COUNT)]
PERCENTS = [
    (Of.FINDINGS, Statistic.SHARE),
    (Of.SURVEY_RESULTS, Statistic.MEAN),
    (Of.INDICATORS, Statistic.AT_COMPARATOR),
]
SCORES = [(Of.CASE_SCORES, Statistic.MEAN)]
OF_RATINGS = [
    Statistic.COUNT,
    Statistic.SHARE,
    Statistic.LOWEST,
    Statistic.PERCENT_OF_MAXIMUM,
    Statistic.RATING,
]
SAID: dict[str, Any] = {"because": "the value is {value}", "reference": "Made for tests."}


def infer_alone(
    policy: PolicySet, measures: Mapping[str, Mapping[str, Value]], decided: Mapping[str, int]
) -> Inference:
    """What is concluded from plain values, the evaluator making the firings."""
    values = {
        target: {name: MeasureValue(value) for name, value in given.items()}
        for target, given in measures.items()
    }
    return infer(policy.compiled, values, decided, lambda rules, facts: Evaluator(rules).fire(facts))


def levels(prefix: str, count: int) -> tuple[Level, ...]:
    return tuple(Level(id=f"{prefix}-{n}", title={"en": f"{prefix} {n}"}) for n in range(1, count + 1))


@st.composite
def frameworks(draw: st.DrawFn, most_domains: int = 4, most_levels: int = 4) -> Framework:
    questions = []
    for n in range(draw(st.integers(1, 2))):
        own = draw(st.booleans())
        questions.append(
            Question(
                id=f"question-{n}",
                title={"en": f"Question {n}"},
                scale=levels(f"q{n}", draw(st.integers(2, most_levels))),
                domain_scale=levels(f"d{n}", draw(st.integers(2, most_levels))) if own else None,
                domains=tuple(
                    Domain(id=f"domain-{n}-{d}", title={"en": f"Domain {n} {d}"})
                    for d in range(draw(st.integers(0, most_domains)))
                ),
            )
        )
    return Framework(
        id="random",
        title={"en": "Random"},
        reference="Made for tests.",
        strands=(Strand(id="all", title={"en": "All"}),),
        questions=tuple(questions),
    )


@st.composite
def measures_of_evidence(draw: st.DrawFn) -> list[Measure]:
    made = draw(st.lists(st.sampled_from(COUNTS + PERCENTS * 2 + SCORES), min_size=1, max_size=3))
    better = st.sampled_from(["higher", "lower", "neither"])
    return [
        Measure(id=f"m{n}", title={"en": f"Measure {n}"}, of=of, statistic=statistic, better=draw(better))
        for n, (of, statistic) in enumerate(made)
    ]


@st.composite
def measures_of_ratings(draw: st.DrawFn, framework: Framework, question: Question) -> list[Measure]:
    names = [level.id for level in question.levels_of_domains]
    found = []
    allowed = [s for s in OF_RATINGS if s is not Statistic.RATING or framework.domains]
    number = question.id[-1]
    for n, statistic in enumerate(draw(st.lists(st.sampled_from(allowed), min_size=1, max_size=3))):
        where: dict[str, str] = {}
        if statistic in (Statistic.COUNT, Statistic.SHARE):
            for key in draw(st.sets(st.sampled_from(["level_at_least", "level_at_most"]))):
                where[key] = draw(st.sampled_from(names))
        domain = draw(st.sampled_from(list(framework.domains))) if statistic is Statistic.RATING else None
        found.append(
            Measure(
                id=f"r{number}_{n}",
                title={"en": f"Ratings {number} {n}"},
                of=Of.RATINGS,
                statistic=statistic,
                where=Filter.model_validate(where),
                domain=domain,
            )
        )
    return found


def numbers_for(framework: Framework, question: Question, measure: Measure) -> list[int | float | str]:
    """Thresholds that make sense for a measure, and some that do not."""
    if measure.statistic in (Statistic.RATING, Statistic.LOWEST):
        scale = framework.scale_of(measure.domain) if measure.domain else question.levels_of_domains
        return [*(level.id for level in scale), 0, 2, 2.5]
    if measure.is_count:
        return [0, 1, 2, 3, 2.5]
    return [0, 33.3333, 50, 66.6667, 66.6668, 100, 120] if measure.is_percent else [1, 2.5, 2.5001, 4]


@st.composite
def criteria(
    draw: st.DrawFn, framework: Framework, question: Question, measures: Sequence[Measure], least: int
) -> list[Criterion]:
    made = []
    for n in range(draw(st.integers(least, 2))):
        measure = draw(st.sampled_from(measures))
        test = draw(
            st.sampled_from(["at_least", "at_least", "at_most", "more_than", "less_than", "equals", "one_of"])
        )
        numbers = st.sampled_from(numbers_for(framework, question, measure))
        asked: Any = (
            tuple(draw(st.lists(numbers, min_size=1, max_size=3))) if test == "one_of" else draw(numbers)
        )
        missing = draw(st.sampled_from(["met", "not-met"]))
        given = {"id": f"c{n}", "measure": measure.id, test: asked, "when_missing": missing, **SAID}
        made.append(Criterion.model_validate(given))
    return made


@st.composite
def rule_sets(
    draw: st.DrawFn,
    framework: Framework,
    question: Question,
    scale: Sequence[Level],
    measures: Sequence[Measure],
) -> RuleSet:
    some = criteria(framework, question, measures, 0)
    sufficiency = tuple(draw(some)) if draw(st.booleans()) else ()
    if draw(st.integers(0, 9)) == 0:
        return RuleSet(propose="people", sufficiency=sufficiency)
    policy = draw(st.sampled_from(list(Policy)))
    rated = scale[1:] if policy is Policy.SECURE_FIT else scale
    names = draw(st.permutations([level.id for level in rated]))
    ceilings = st.sampled_from([level.id for level in scale])
    return RuleSet(
        policy=policy,
        sufficiency=sufficiency,
        levels={name: tuple(draw(criteria(framework, question, measures, 1))) for name in names},
        limits=tuple(
            Limit(**criterion.model_dump(exclude_none=True), no_better_than=draw(ceilings))
            for criterion in draw(some)
        ),
    )


@st.composite
def policy_sets(draw: st.DrawFn, most_domains: int = 4, most_levels: int = 4) -> PolicySet:
    """A framework with its rulebook; every kind of measure, test, policy, limit and sufficiency comes up."""
    framework = draw(frameworks(most_domains, most_levels))
    evidence = draw(measures_of_evidence())
    of_ratings = {q.id: draw(measures_of_ratings(framework, q)) for q in framework.questions}

    def of_domains(question: Question) -> st.SearchStrategy[RuleSet]:
        return rule_sets(framework, question, question.levels_of_domains, evidence)

    with_domains = [question for question in framework.questions if question.domains]
    alone = {q.domains[0].id: draw(of_domains(q)) for q in with_domains if draw(st.integers(0, 3)) == 0}
    rulebook = Rulebook(
        id="random-rules",
        framework="random",
        version="1",
        title={"en": "Random rules"},
        measures=(*evidence, *(measure for made in of_ratings.values() for measure in made)),
        domain_defaults={q.id: draw(of_domains(q)) for q in with_domains},
        domains=alone,
        questions={
            q.id: draw(rule_sets(framework, q, q.scale, of_ratings[q.id])) for q in framework.questions
        },
    )
    return PolicySet(framework, rulebook)


@st.composite
def evidence_values(draw: st.DrawFn, *policies: PolicySet) -> dict[str, dict[str, Value]]:
    """A value of every evidence measure in every domain, near thresholds of rulebooks alike in both."""
    first = policies[0]
    return {
        domain: {
            measure.id: draw(
                st.sampled_from([near for one in policies for near in values_near(one, domain, measure)])
            )
            for measure in first.rulebook.evidence_measures
        }
        for domain in first.framework.domains
    }


def values_near(policy: PolicySet, target: str, measure: Measure, missing: bool = True) -> list[Value]:
    """Values of an evidence measure at, just beside and between its thresholds, and the ends of its range."""
    low, high = (0, 100) if measure.is_percent else (0 if measure.is_count else 1, 1e6)
    found: set[int | float] = {low, min(high, 100), 50, 4}
    step = 1 if measure.is_count else 0.0001
    rules = policy.rulebook.rules_of(policy.framework, target)
    for _, criterion in rules.criteria():
        if criterion.measure == measure.id:
            for number in thresholds(policy.framework, policy.rulebook, target, criterion):
                at = int(number) if measure.is_count else number
                found |= {rounded(at - step), rounded(at), rounded(at + step)}
    inside: list[Value] = sorted(value for value in found if low <= value <= high)
    return [*inside, None] if missing else inside
