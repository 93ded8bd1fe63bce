"""By how much a criterion is met or not met, in words."""

from __future__ import annotations

from dataclasses import dataclass, fields

from rules.inference import Outcome, shown_exactly
from rules.loader import PolicySet
from rules.rulebook import Measure
from rules.sentences import OutcomeInWords, Sentences, titles_of_levels
from rules.words import shown_number


@dataclass(frozen=True, kw_only=True)
class OutcomeExplained(OutcomeInWords):
    """An outcome of a criterion with what people need to read it."""

    measure_title: str
    unit: str
    value_words: str
    by_how_much: str
    rules: tuple[str, ...]
    """Ids of the rules that the criterion became."""


def explain_outcome(words: Sentences, target: str, outcome: Outcome) -> OutcomeExplained:
    """A recorded outcome of a criterion with what people need to read it."""
    policy, said = words.policy, words.outcome(target, outcome)
    measure = policy.rulebook.measure(outcome.measure)
    margin = Margin(outcome.met, outcome.value, outcome.margin)
    return OutcomeExplained(
        **{part.name: getattr(said, part.name) for part in fields(said)},
        measure_title=words.measure_title(outcome.measure),
        unit=measure.unit,
        value_words=value_words(policy, target, measure, outcome.value),
        by_how_much=by_how_much(policy, target, measure, margin),
        rules=policy.compiled.rules_of[(target, outcome.part, outcome.criterion)],
    )


@dataclass(frozen=True)
class Margin:
    """Whether a test is met, and by how much."""

    met: bool
    value: int | float | None
    margin: int | float | None
    """Negative: not met by this much; None where there is none."""


def value_words(policy: PolicySet, target: str, measure: Measure, value: int | float | None) -> str:
    """A measure's value as people read it: with its unit, or the title of the level it stands for."""
    if value is None:
        return "no value"
    titles = titles_of_levels(policy.framework, target, measure)
    return shown_exactly(value, titles) + (f" {measure.unit}" if measure.unit and not titles else "")


def by_how_much(policy: PolicySet, target: str, measure: Measure, margin: Margin) -> str:
    """'met by 8.1 percentage points', 'not met, by 1 level', 'met exactly', or plainly 'met' or 'not met'."""
    met, distance = margin.met, margin.margin
    if margin.value is None:
        return "met without a value" if met else "not met, without a value"
    if distance is None:
        return "met" if met else "not met"
    if distance == 0:
        return "met exactly" if met else "not met, exactly at the threshold"
    return f"{'met' if met else 'not met,'} by {distance_words(policy, target, measure, distance)}"


def distance_words(policy: PolicySet, target: str, measure: Measure, distance: int | float) -> str:
    """A distance from a threshold in words: '8.1 percentage points', '1 level', '3'."""
    size = abs(distance)
    exact = size < 0.05 and size != 0
    text = f"{size:.4f}".rstrip("0") if exact else shown_number(round(size, 1))
    if titles_of_levels(policy.framework, target, measure):
        unit = "level"
    elif measure.unit == "%" or (measure.is_percent and not measure.unit):
        unit = "percentage point"
    else:
        return f"{text} {measure.unit}".rstrip()
    return f"{text} {unit}" if text == "1" else f"{text} {unit}s"
