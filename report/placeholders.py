"""What is filled into a text, from one run: ratings, the position on the grid, measures, survey results.

`Values` knows every name that a text can use. A value is words: with its unit and the rounding of the pages,
and the titles of levels in the language of the text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

from assessment.reasons.grid import CELL
from assessment.runs.run import Run
from evidence.at_event import counted_at, sorted_by
from programme.database import Database, rows_as
from programme.reviews import Review
from report.marks import Support, filled_support
from report.model import Language
from rules.errors import UnknownName
from rules.framework import in_language
from rules.ratings import FEWEST_ANSWERS
from rules.rulebook import Statistic
from rules.sentences import titles_of_levels
from rules.words import shown_number

# The survey results that counted in a run, each with what its period is sorted by; `wanted`: these alone.
SURVEYS = f"""
select e.id, e.text as question, e.group_name as group_name, e.value, e.base, e.unit,
  {sorted_by()} as sorted
from evidence e join source s on s.id = e.source_id
where e.review_id = :review and e.kind = 'survey_result' and {counted_at("e", ":event")}
  and (:wanted is null or e.text || '|' || e.group_name in (select value from json_each(:wanted)))
order by e.text, e.group_name, sorted, e.id
"""
NO_RATING: dict[Language, str] = {"en": "not rated", "cy": "heb sgôr"}
NO_VALUE: dict[Language, str] = {"en": "no value", "cy": "dim gwerth"}
FEW: dict[Language, str] = {
    "en": f"fewer than {FEWEST_ANSWERS} answers",
    "cy": f"llai na {FEWEST_ANSWERS} ateb",
}


class SurveyResult(TypedDict):
    """A survey result that counted in a run."""

    id: int
    question: str
    group_name: str
    value: float | None
    base: float | None
    unit: str | None
    sorted: str


@dataclass(frozen=True)
class Value:
    """A value as it is read, and as a number where it is one."""

    words: str
    number: float | None = None


class Values:
    """What the names in a text stand for in one run."""

    def __init__(self, db: Database, review: Review, run: Run, wanted: Iterable[Support] = ()) -> None:
        """`wanted`: the supports whose survey results are read at once; any other is looked up by itself."""
        self._db, self._review, self.run = db, review, run
        self._wanted = tuple(one.target for one in wanted if one.kind == "survey")

    @cached_property
    def _surveys(self) -> dict[str, SurveyResult]:
        """The latest result of each question and group that is wanted."""
        return self._read(json.dumps(self._wanted))

    @cached_property
    def _all_surveys(self) -> dict[str, SurveyResult]:
        return self._read(None)

    def _read(self, wanted: str | None) -> dict[str, SurveyResult]:
        told = {"review": self._review.id, "event": self.run.event, "wanted": wanted}
        found = rows_as(SurveyResult, self._db, SURVEYS, told)
        return {f"{row['question']}|{row['group_name']}": row for row in found}

    def survey(self, target: str) -> SurveyResult:
        """The latest result of 'question|group'; raises UnknownName."""
        found = self._surveys.get(target) or self._all_surveys.get(target)
        if found is None:
            question, _, group = target.partition("|")
            groups = [row["group_name"] for row in self._all_surveys.values() if row["question"] == question]
            if groups:
                raise UnknownName(f"group that answered “{question}” called", group, groups)
            questions = {row["question"] for row in self._all_surveys.values()}
            raise UnknownName("survey question", question, questions)
        return found

    def value(self, support: Support, lang: Language) -> Value:
        """The value of a rating, a measure or a survey result; raises UnknownName."""
        if support.kind == "rating":
            return Value(self._cell(lang) if support.target == CELL else self._rating(support.target, lang))
        if support.kind == "survey":
            row = self.survey(support.target)
            if row["value"] is None:
                return Value(NO_VALUE[lang])
            if row["base"] is not None and row["base"] < FEWEST_ANSWERS:
                return Value(FEW[lang])
            return Value(f"{shown_number(row['value'])} %", row["value"])
        return self._measure(support.target, lang)

    def named(self, name: str, lang: Language) -> Value:
        """The value of what stands between braces; raises UnknownName."""
        return self.value(filled_support(name), lang)

    def _rating(self, target: str, lang: Language) -> str:
        framework = self.run.policy.framework
        if target not in framework.question_of:
            raise UnknownName("domain or question", target, framework.question_of)
        level = self.run.rating(target).level
        return in_language(framework.level(target, level).title, lang) if level else NO_RATING[lang]

    def _cell(self, lang: Language) -> str:
        framework, cell = self.run.policy.framework, self.run.result.cell
        if cell is None:
            return NO_RATING[lang]
        titles = []
        for question, name in zip(framework.questions, cell, strict=True):
            level = framework.level(question.id, framework.level_number(question.id, name))
            titles.append(in_language(level.title, lang))
        return ", ".join(titles)

    def _measure(self, target: str, lang: Language) -> Value:
        rated, _, name = target.partition(".")
        known = self.run.result.measures
        if rated not in known or name not in known[rated]:
            raise UnknownName("measure, rating or survey", target, self.names(rated))
        measure, value = self.run.policy.rulebook.measure(name), known[rated][name].value
        if value is None:
            too_few = known[rated][name].too_few_answers
            return Value(FEW[lang] if too_few else NO_VALUE[lang])
        titles = titles_of_levels(self.run.policy.framework, rated, measure)
        if measure.statistic is Statistic.RATING and titles:
            level = self.run.policy.framework.level(measure.domain or rated, int(value))
            return Value(in_language(level.title, lang))
        unit = f" {measure.unit}" if measure.unit and not titles else ""
        return Value(f"{shown_number(value)}{unit}", float(value))

    def names(self, rated: str = "") -> Iterator[str]:
        """Every name that a text can use, but for survey results; of one domain or question alone."""
        known = self.run.result.measures
        if rated in known:
            yield from (f"{rated}.{name}" for name in known[rated])
            return
        yield CELL
        yield from (f"rating:{name}" for name in self.run.policy.framework.question_of)
        yield from (f"{of}.{name}" for of, values in known.items() for name in values)

    def with_value(self, shown: float, heading: str) -> Iterator[str]:
        """The names of what has this value, to one decimal, in a heading: how a typed number is written."""
        for name, value in self.run.result.measures.get(heading, {}).items():
            if value.value is not None and abs(value.value - shown) < 0.05:
                yield f"{heading}.{name}"

    def check(self, support: Support) -> None:
        """Raise UnknownName unless the support names a rating, a measure or a survey result there is."""
        self.value(support, "en")
