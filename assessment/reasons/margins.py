"""By how much a criterion is met or missed, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.framework import in_language
from rules.inference import shown_exactly, shown_number, titles_of_levels
from rules.loader import PolicySet
from rules.rulebook import Measure


def tell_outcome(policy: PolicySet, target: str, outcome: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded outcome of a criterion with what people need to read it.

    Beside what the run recorded (see rules.inference.Outcome): `measure_title`, `unit`, `value_words`,
    `by_how_much`, and `rules`, the ids of the rules that the criterion became.
    """
    measure = policy.rulebook.measure(outcome["measure"])
    return {
        **outcome,
        "measure_title": in_language(measure.title),
        "unit": measure.unit,
        "value_words": value_words(policy, target, measure, outcome["value"]),
        "by_how_much": by_how_much(policy, target, measure, outcome),
        "rules": list(policy.compiled.rules_of[(target, outcome["part"], outcome["criterion"])]),
    }


def value_words(policy: PolicySet, target: str, measure: Measure, value: int | float | None) -> str:
    """A measure's value as people read it: with its unit, or the title of the level it stands for."""
    if value is None:
        return "no value"
    titles = titles_of_levels(policy.framework, target, measure)
    return shown_exactly(value, titles) + (f" {measure.unit}" if measure.unit and not titles else "")


def by_how_much(policy: PolicySet, target: str, measure: Measure, outcome: Mapping[str, Any]) -> str:
    """'met by 8.1 percentage points', 'missed by 1 level', 'met exactly', or plainly 'met' or 'missed'.

    `outcome` holds `met`, `value` and `margin` (negative: missed by this much; None where there is none).
    """
    met, margin = outcome["met"], outcome["margin"]
    if outcome["value"] is None:
        return "met without a value" if met else "missed without a value"
    if margin is None:
        return "met" if met else "missed"
    if margin == 0:
        return "met exactly" if met else "missed, standing exactly at it"
    return f"{'met' if met else 'missed'} by {distance_words(policy, target, measure, margin)}"


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
