"""The words pages use for what the tables hold as short names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evidence.extents import MIDDLES, in_words
from evidence.marks import said_of
from evidence.rows import KINDS_OF_SOURCE
from programme.calendar import day_words, moment_words
from programme.corrections import Correction, correction_words
from rules import words
from rules.rulebook import Filter, Measure, Of, Statistic
from rules.words import SIGNIFICANCE, listed, shown_number

KINDS = {
    "finding": "Finding",
    "case_score": "Case-file score",
    "survey_result": "Survey result",
    "indicator": "Indicator",
}
SOURCE_KINDS = {kind: title.capitalize() for kind, title in KINDS_OF_SOURCE.items()}
DIRECTIONS = {"strength": "Strength", "weakness": "Weakness", "neutral": "Neutral"}
MANY = {"strength": "strengths", "weakness": "weaknesses", "neutral": "neutral"}
NEEDED = {
    "direction": "Choose strength, weakness or neutral.",
    "significance": "Choose minor, important or serious.",
}
"""What is said where a finding is not judged."""
BETTER = {"higher": "higher is better", "lower": "lower is better", "neither": "neither way is better"}
STATUSES = {
    "proposed": "proposed by the rules",
    "decided": "decided by moderators",
    "insufficient": "not enough evidence",
    "open": "for a moderator to decide",
    "none": "not assessed yet",
}
PANEL_STATES = {
    "open": "Voting",
    "complete": "Complete: all have voted",
    "closed early": "Closed before all had voted",
}
FIELDS = {
    "domain": "Domain",
    "kind": "Kind of item",
    "source_kind": "Kind of source",
    "strand": "Group of people",
    "direction": "Direction",
    "only": "Selection",
}
LOOKS = {
    "untagged": "Tagged to no domain",
    "used-in-many": "Used in three domains or more",
    "outside-window": "Outside the evidence window",
    "no-place-in-time": "Periods that do not say when they were",
    "out-of-order": "In a series whose order in time is not known",
    "recorded-later": "Recorded after they were added",
    "beyond-source": "On a page that the source does not have",
    "drafts": "From sources that are still drafts",
    "withdrawn": "Withdrawn",
}
LOOKS_BECAUSE = {
    "untagged": "No rating uses them.",
    "used-in-many": "The same evidence counts in each of these domains.",
    "outside-window": "Their date is before or after the period under review.",
    "no-place-in-time": "Periods such as 'last year' cannot be compared with the period under review.",
    "out-of-order": "The review cannot be assessed until they have a period that says when it was.",
    "recorded-later": "The day may be a slip.",
    "beyond-source": "Its stored text has fewer pages.",
    "drafts": "The source may still change.",
}
LANGUAGES = {"en": "English", "cy": "Cymraeg"}
ROLES = {
    "sufficiency": "before any level is proposed",
    "below": "below the level reached",
    "reached": "the level reached",
    "next": "the next level",
    "beyond": "beyond the next level",
    "limits": "caps on the rating",
}
THINGS = {
    Of.ITEMS: "items of evidence",
    Of.FINDINGS: "findings",
    Of.CASE_SCORES: "case-file scores",
    Of.SURVEY_RESULTS: "survey results",
    Of.INDICATORS: "indicators",
    Of.RATINGS: "domain ratings",
}


def number(value: float | None, unit: str = "") -> str:
    """A number as people read it, with its unit; a dash where there is none."""
    if value is None:
        return "–"
    unit = "%" if unit == "percent" else unit
    precise = f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) < 100 else shown_number(value)
    return f"{precise} {unit}".strip()


def signed(value: float | None, unit: str = "") -> str:
    """A difference with its sign, of percentages in percentage points; a dash where there is none."""
    if value is None:
        return "–"
    shown = number(round(abs(value), 1), "percentage points" if unit in ("percent", "%") else unit)
    return f"+{shown}" if value > 0 else f"−{shown}" if value < 0 else shown


def interval(low: float | None, high: float | None, unit: str = "") -> str:
    """A 95 % interval in words; empty where there is none."""
    if low is None or high is None:
        return ""
    return f"{number(round(low, 1))} to {number(round(high, 1), unit)}"


def rests_on(item: Mapping[str, Any]) -> str:
    """How many answered, for numbers that rest on answers; empty for others."""
    mark = item["marks"].get("base")
    if mark and item["value"] is not None:
        return f"base {said_of(mark)}"
    if item["base"] is None:
        return "base unknown" if item["value"] is not None and item["kind"] == "survey_result" else ""
    return f"base {number(round(item['base'], 1))}"


def moment(text: str) -> str:
    """A recorded date and time (ISO 8601) as people read it, in UK time."""
    return moment_words(text)


def day(text: str | None) -> str:
    """A date (ISO 8601) as people read it: '1 July 2026'; empty where there is none."""
    return day_words(text or "")


def window(first: str | None, last: str | None) -> str:
    """The evidence window in words: its days, those that are set."""
    if first and last:
        return f"{day(first)} to {day(last)}"
    return f"from {day(first)}" if first else f"up to {day(last)}" if last else "not set"


def corrected(correction: Correction) -> str:
    """A correction of details in one sentence: when, by whom, what, why."""
    return correction_words(correction)


def plural(count: int, one: str, many: str = "") -> str:
    """'1 item', '2 items'."""
    return words.many(count, one, many)


def sentence(text: str) -> str:
    """A message as a sentence: with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "?", "!")) else ".")


def percent(chance: float) -> str:
    """A share of draws in percent, as pictures show it too."""
    return words.percent(chance)


def says(item: Mapping[str, Any]) -> str:
    """What an item says beside its text: direction, significance and extent, or its number."""
    if item["kind"] == "finding":
        how = (
            DIRECTIONS[item["direction"]],
            SIGNIFICANCE.get(item["significance"]),
            in_words(item["extent"]),
        )
        return ", ".join(filter(None, how))
    if item["value"] is None:
        return f"N{said_of(item['marks'].get('value', ''))[1:]}"
    if item["kind"] == "case_score":
        best = item.get("scale_max")
        return f"Score {number(item['value'])}" + (f" of {number(best)}" if best else "")
    return number(item["value"], item["unit"])


COMPARED = {"best": "best authority", "comparator": "comparator", "worst": "worst authority"}
"""What numbers that an item is seen against are called where they are not published."""


def comparisons(item: Mapping[str, Any]) -> list[str]:
    """What an item's number is to be seen against, one phrase each."""
    unit = item["unit"]
    not_published = {name: said_of(mark) for name, mark in item["marks"].items() if name in COMPARED}
    phrases = [
        item["group_name"] and f"asked: {item['group_name']}",
        item["period"] and f"for {item['period']}",
        rests_on(item),
        item["comparator"] is not None
        and f"{item['comparator_name'] or 'compared with'} {number(item['comparator'], unit)}",
        item["best"] is not None and f"best authority {number(item['best'], unit)}",
        item["worst"] is not None and f"worst authority {number(item['worst'], unit)}",
        *(f"{COMPARED[name]} {said}" for name, said in not_published.items()),
        "agreeing is bad: share who disagreed" if item["reversed"] else BETTER.get(item["better"] or "", ""),
    ]
    return [phrase for phrase in phrases if phrase]


def describe_measure(measure: Measure) -> list[str]:
    """What a measure is made of and how, in sentences."""
    things = THINGS[measure.of]
    where = _filter(measure.where)
    sentences = {
        Statistic.COUNT: f"How many {things}{where} there are.",
        Statistic.SHARE: f"The share of {things}{where} among the {things}{_filter(measure.among)}.",
        Statistic.KINDS: f"From how many kinds of source the {things}{where} come.",
        Statistic.SOURCES: f"From how many sources the {things}{where} come.",
        Statistic.AT_COMPARATOR: "The share of indicators whose latest value with a comparator is as good as "
        "that comparator or better. Every indicator counts once per group of people.",
        Statistic.IMPROVING: "The share of indicators whose latest value is better than their earliest. "
        "Every indicator counts once per group of people.",
        Statistic.LOWEST: "The lowest rating among the domains.",
        Statistic.PERCENT_OF_MAXIMUM: "The domains' levels added up, as a percentage of the most they could "
        "be, rounded up to a whole number.",
        Statistic.RATING: "The rating of one domain.",
        Statistic.MEAN: f"The mean of the {things}{where}.",
    }
    said = [sentences[measure.statistic]]
    if measure.weighted:
        said.append(
            "Every finding counts as often as its significance (1 minor, 2 important, 3 serious); the base is"
            " the effective number of findings after that weighting."
        )
    if measure.of is Of.FINDINGS and measure.statistic is Statistic.SHARE:
        said.append(
            "A finding that says how widespread it is counts for that share of a finding: in 7 of 30 files as"
            f" 7/30, {listed(_counting_for())}. One that does not say counts whole."
            if measure.by_extent
            else "Every finding counts whole, however widespread it is."
        )
    if measure.of is Of.SURVEY_RESULTS and measure.statistic is Statistic.MEAN:
        said.append(
            "Every question counts once per group, with its latest period; where lower is better the share is"
            " reversed. The base is the smallest base among them, unknown if one of them is."
        )
    if measure.is_percent and measure.of is not Of.RATINGS:
        said.append("The interval is Wilson's 95 % score interval; it is shown where the base is known.")
    return said


def _counting_for() -> list[str]:
    """What each word for an extent counts for: 'most as 0.75'."""
    return [f"{word} as {middle:g}" for word, middle in MIDDLES.items()]


def _filter(where: Filter) -> str:
    words = []
    if where.significance_at_least:
        levels = [name for number, name in SIGNIFICANCE.items() if number >= where.significance_at_least]
        words.append(f"that are {listed(levels, 'or')}")
    if where.direction:
        words.append("that are " + listed((MANY[direction] for direction in where.direction), "or"))
    if where.score_at_least is not None:
        words.append(f"of {where.score_at_least} or more")
    if where.strand:
        words.append("about " + listed((name.replace("-", " ") for name in where.strand), "or"))
    if where.source_kind:
        words.append("from " + listed((SOURCE_KINDS[kind].lower() for kind in where.source_kind), "or"))
    if where.level_at_least:
        words.append(f"at {where.level_at_least.replace('-', ' ')} or better")
    if where.level_at_most:
        words.append(f"at {where.level_at_most.replace('-', ' ')} or worse")
    return " " + listed(words) if words else ""
