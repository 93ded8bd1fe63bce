"""One row of each kind of evidence, as it may stand in a file: columns, types, allowed values.

The field descriptions are the documentation of the layouts. Validation turns what people write (78%,
'Case file', 1 May 2004) into what is stored, refuses what would have to be guessed, and says what was
expected.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from rules.errors import suggest

SOURCE_KINDS = (
    "case_file",
    "interview",
    "group_meeting",
    "survey",
    "indicator_return",
    "document",
    "observation",
)
DIRECTIONS = ("strength", "weakness", "neutral")
SIGNIFICANCE = {"minor": 1, "important": 2, "serious": 3}
ANSWERS = {"strongly disagree": 1, "disagree": 2, "neither": 3, "agree": 4, "strongly agree": 5}
POSITIVE_FROM = 4
"""Answers from this value up count as positive ('agreed or strongly agreed')."""

MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "ionawr chwefror mawrth ebrill mai mehefin gorffennaf awst medi hydref tachwedd rhagfyr",
    )
    for number, name in enumerate(names.split(), start=1)
}


def refuse(expected: str, hint: str = "") -> PydanticCustomError:
    """What a validator raises: what was expected, and a hint."""
    return PydanticCustomError("expected", "{expected}", {"expected": expected, "hint": hint})


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) and not value.is_integer() else str(int(value))
    return value.isoformat() if isinstance(value, date) else value


def _needed(value: str) -> str:
    if not value:
        raise refuse("a text")
    return value


def _blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _word(allowed: tuple[str, ...]) -> BeforeValidator:
    """One of the allowed words, in any case, blanks for underscores."""

    def check(value: Any) -> str:
        word = str(_text(value)).lower().replace(" ", "_").replace("-", "_")
        if word not in allowed:
            raise refuse("one of " + ", ".join(allowed), suggest(word, allowed))
        return word

    return BeforeValidator(check)


GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")


def _number(value: Any) -> Any:
    """A number, with thousands commas where they are certain; a blank is no value."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if GROUPED.fullmatch(text):
            text = text.replace(",", "")
        if not PLAIN.fullmatch(text):
            raise refuse("a number", "Write 1234.5 or 1,234.5; units belong in their own column.")
        value = float(text)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse("a number")
    if not math.isfinite(value) or abs(value) >= 1e15:
        raise refuse("a number below a thousand million million")
    return float(value)


def _percent(value: Any) -> Any:
    """78, '78' and '78%' are seventy-eight per cent; 0.78 could be two things and is refused."""
    sure = False
    if isinstance(value, str) and value.strip().endswith("%"):
        value, sure = value.strip()[:-1].strip(), True
    number = _number(value)
    if number is None:
        return None
    if 0 < number < 1 and not sure:
        shown = f"{number:g}"
        raise refuse(
            "a percentage from 0 to 100",
            f"{shown} could mean {number * 100:g} % or {shown} %: write '{number * 100:g}%' or '{shown}%'.",
        )
    if not 0 <= number <= 100:
        raise refuse("a percentage from 0 to 100")
    return number


ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})([T ].*)?")
SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
WORDED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\s+([^\W\d_]+)\.?,?\s+(\d{4})")
DATE_HINT = "Write 2004-05-31 or 31 May 2004."


def read_date(value: Any) -> date | None:
    """A date as people write it; a day and month that could be swapped are refused, never guessed."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date) or value is None:
        return value
    text = str(value).strip()
    if not text:
        return None
    try:
        if match := ISO.fullmatch(text):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := WORDED.fullmatch(text):
            month = MONTHS.get(match[2].lower())
            if month is None:
                raise refuse("a date", suggest(match[2], MONTHS))
            return date(int(match[3]), month, int(match[1]))
        if match := SLASHED.fullmatch(text):
            day, month = int(match[1]), int(match[2])
            if day <= 12 and month <= 12 and day != month:
                raise refuse("a date", f"{text} could be two dates. {DATE_HINT}")
            return date(int(match[3]), *((month, day) if month <= 12 else (day, month)))
    except ValueError as error:
        if isinstance(error, PydanticCustomError):
            raise
        raise refuse("a date that exists", DATE_HINT) from error
    raise refuse("a date", DATE_HINT)


def _significance(value: Any) -> Any:
    word = str(_text(value)).lower()
    number = SIGNIFICANCE.get(word, word)
    if str(number) not in ("1", "2", "3"):
        raise refuse("1 (minor), 2 (important) or 3 (serious)")
    return int(number)


def _answer(value: Any) -> Any:
    word = str(_text(value) or "").lower()
    if not word:
        return None
    number = ANSWERS.get(word, word)
    if str(number) not in ("1", "2", "3", "4", "5"):
        raise refuse("1 (strongly disagree) to 5 (strongly agree), or empty", suggest(word, ANSWERS))
    return int(number)


def _named(context_key: str, what: str) -> Any:
    """One of the names the review's framework allows (given as validation context)."""

    def check(value: str, info: ValidationInfo) -> str:
        allowed = (info.context or {}).get(context_key)
        if allowed is not None and value not in allowed:
            key = value.lower().replace(" ", "-").replace("_", "-")
            if key in allowed:
                return key
            raise refuse(what, suggest(value, allowed))
        return value

    return check


def _domains(value: Any, info: ValidationInfo) -> tuple[str, ...]:
    if value is None:
        return ()
    parts = value if isinstance(value, list | tuple) else re.split(r"[;,]", str(value))
    check = _named("domains", "domains of the framework, separated by semicolons")
    return tuple(dict.fromkeys(check(str(part).strip(), info) for part in parts if str(part).strip()))


def _base(value: float | None) -> float | None:
    if value is not None and value <= 0:
        raise refuse(
            "how many answered, more than 0",
            "Leave the row out if nobody answered; leave it empty if unknown.",
        )
    return value


def _given(value: float | None) -> float:
    if value is None:
        raise refuse("a number; the cell is empty")
    return value


Text = Annotated[str, BeforeValidator(_text)]
Needed = Annotated[str, BeforeValidator(_text), AfterValidator(_needed)]
Number = Annotated[float | None, BeforeValidator(_number)]
Percent = Annotated[float | None, BeforeValidator(_percent)]
GivenNumber = Annotated[float, BeforeValidator(lambda value: _given(_number(value)))]
GivenPercent = Annotated[float, BeforeValidator(lambda value: _given(_percent(value)))]
Day = Annotated[date | None, BeforeValidator(read_date)]
StrandName = Annotated[
    str,
    BeforeValidator(lambda value: _text(value) or "all"),
    AfterValidator(_named("strands", "a strand of the framework")),
]
DomainNames = Annotated[tuple[str, ...], BeforeValidator(_domains)]
Better = Annotated[str, _word(("higher", "lower", "neither"))]


class Row(BaseModel):
    """Base of all rows: frozen, unknown columns refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    layout: ClassVar[str]
    example: ClassVar[dict[str, str]]


class SourceRow(Row):
    """Where evidence comes from."""

    layout: ClassVar[str] = "sources"
    example: ClassVar[dict[str, str]] = {
        "source": "C-014",
        "title": "Case file 14, adult services",
        "kind": "case_file",
        "dated": "2004-05-31",
        "status": "authorised",
        "strand": "older-people",
        "reference": "Sample list, line 14",
    }
    source: Needed = Field(description="Index number of the source within the review.")
    title: Needed = Field(description="What it is. Never the name of a person who uses services.")
    kind: Annotated[str, _word(SOURCE_KINDS)] = Field(
        description="Kind of evidence: " + ", ".join(SOURCE_KINDS)
    )
    dated: Day = Field(default=None, description="Its date, e.g. 2004-05-31 or 31 May 2004.")
    status: Annotated[str, _word(("draft", "authorised"))] = Field(
        default="authorised", description="draft or authorised (the default)."
    )
    strand: StrandName = Field(default="all", description="Group of people it is about; 'all' if empty.")
    reference: Text = Field(default="", description="Where the source itself can be found.")
    text: Text = Field(default="", description="Its text, if it is to be stored; pages end with a form feed.")


class ItemRow(Row):
    """What every evidence item has."""

    source: Needed = Field(description="Index number of the source, as in the sources file.")
    locator: Needed = Field(description="Where in the source: page, section, table and row.")
    strand: StrandName = Field(default="all", description="Group of people it is about; 'all' if empty.")
    domains: DomainNames = Field(default=(), description="Domains it bears on, separated by semicolons.")
    quote: Text = Field(default="", description="The exact words of the source, if quoted.")
    recorded_by: Text = Field(default="", description="Who recorded it; the person importing, if empty.")
    recorded_on: Day = Field(default=None, description="The day it was recorded; today, if empty.")


class FindingRow(ItemRow):
    """Something a reviewer found: a strength, a weakness, or neither."""

    layout: ClassVar[str] = "findings"
    example: ClassVar[dict[str, str]] = {
        "source": "I-003",
        "locator": "page 2, paragraph 4",
        "strand": "carers",
        "finding": "Carers are offered an assessment of their own at the first visit.",
        "direction": "strength",
        "significance": "2",
        "domains": "carers;assessment",
        "recorded_by": "reviewer-1",
    }
    finding: Needed = Field(description="The finding, in one sentence.")
    direction: Annotated[str, _word(DIRECTIONS)] = Field(description="strength, weakness or neutral.")
    significance: Annotated[int, BeforeValidator(_significance)] = Field(
        description="1 minor, 2 important, 3 serious."
    )


def _on_scale(value: float, info: ValidationInfo) -> float:
    best = info.data.get("scale_max", 4.0)
    if not 1 <= value <= best:
        raise refuse(f"a score from 1 to {best:g}")
    return value


class CaseScoreRow(ItemRow):
    """How well one case file meets one standard."""

    layout: ClassVar[str] = "case-scores"
    example: ClassVar[dict[str, str]] = {
        "source": "C-014",
        "locator": "standard 3",
        "strand": "older-people",
        "standard": "Risk is assessed and the assessment is up to date",
        "score": "3",
        "scale_max": "4",
        "domains": "assessment",
        "recorded_by": "reviewer-1",
    }
    standard: Needed = Field(description="The standard that was judged.")
    scale_max: Annotated[float, BeforeValidator(lambda value: _number(value) or 4.0)] = Field(
        default=4.0, validate_default=True, description="The best score there is; 4 if empty."
    )
    score: Annotated[GivenNumber, AfterValidator(_on_scale)] = Field(description="The score, 1 the worst.")


class SurveyResultRow(ItemRow):
    """The share of one group answering one survey question positively."""

    layout: ClassVar[str] = "survey-results"
    example: ClassVar[dict[str, str]] = {
        "source": "S-001",
        "locator": "table 2, row 1",
        "strand": "adults",
        "group": "Adults receiving support",
        "question": "Treated with dignity and respect",
        "positive": "92",
        "base": "240",
        "domains": "care-planning",
        "recorded_by": "reviewer-1",
    }
    group: Needed = Field(description="Who answered.")
    question: Needed = Field(description="What they were asked.")
    positive: GivenPercent = Field(description="Share answering positively, in percent: 78 or 78%.")
    base: Annotated[float | None, BeforeValidator(_number), AfterValidator(_base)] = Field(
        default=None, description="How many answered; empty if it was not published."
    )
    better: Annotated[Better, BeforeValidator(lambda value: _text(value) or "higher")] = Field(
        default="higher", description="higher, or lower where agreeing is bad; 'higher' if empty."
    )
    best: Percent = Field(default=None, description="Share in the best authority, if published.")
    worst: Percent = Field(default=None, description="Share in the worst authority, if published.")
    period: Text = Field(default="", description="The year or date of the survey.")


class IndicatorRow(ItemRow):
    """The value of an indicator in one period."""

    layout: ClassVar[str] = "indicators"
    example: ClassVar[dict[str, str]] = {
        "source": "N-001",
        "locator": "referrals table, 2007/08, response in one day",
        "strand": "children-and-families",
        "indicator": "Referrals answered within one working day",
        "period": "2007/08",
        "value": "93",
        "unit": "percent",
        "better": "higher",
        "comparator": "",
        "comparator_name": "",
        "domains": "getting-help",
        "recorded_by": "reviewer-1",
    }
    indicator: Needed = Field(description="Name of the indicator, the same in every period.")
    period: Needed = Field(description="The year or date the value is for, e.g. 2007/08.")
    value: GivenNumber = Field(description="The value, as a plain number.")
    unit: Text = Field(default="", description="Unit of the value, e.g. percent, people, per 1,000.")
    better: Better = Field(description="Which direction is better: higher, lower or neither.")
    comparator: Number = Field(default=None, description="What it is compared with, in the same unit.")
    comparator_name: Text = Field(default="", description="Whose value that is, e.g. England.")


class SurveyResponseRow(Row):
    """One respondent's answer to one question; results per question and group are made from them."""

    layout: ClassVar[str] = "survey-responses"
    example: ClassVar[dict[str, str]] = {
        "source": "S-001",
        "respondent": "0001",
        "question": "I was treated with dignity and respect",
        "group": "Adults receiving support",
        "strand": "adults",
        "answer": "5",
        "domains": "care-planning",
    }
    source: Needed = Field(description="Index number of the survey, as in the sources file.")
    respondent: Needed = Field(description="Number of the respondent within the survey, never a name.")
    question: Needed = Field(description="What was asked; the same words for every respondent.")
    group: Needed = Field(description="The group the respondent belongs to.")
    strand: StrandName = Field(default="all", description="Group of people it is about; 'all' if empty.")
    answer: Annotated[int | None, BeforeValidator(_answer)] = Field(
        description="1 strongly disagree to 5 strongly agree (or the words); empty if not answered."
    )
    domains: DomainNames = Field(default=(), description="Domains the question bears on.")


class TagRow(Row):
    """Ties an item that is already there to a domain."""

    layout: ClassVar[str] = "tags"
    example: ClassVar[dict[str, str]] = {
        "source": "I-003",
        "locator": "page 2, paragraph 4",
        "domain": "carers",
        "note": "Says how carers are offered help.",
        "tagged_by": "reviewer-2",
    }
    source: Needed = Field(description="Index number of the item's source.")
    locator: Needed = Field(description="Locator of the item, exactly as it was imported.")
    domain: Annotated[
        str, BeforeValidator(_text), AfterValidator(_named("domains", "a domain of the framework"))
    ] = Field(description="The domain it bears on.")
    note: Text = Field(default="", description="Why it bears on the domain.")
    tagged_by: Text = Field(default="", description="Who ties them; the person importing, if empty.")


ROWS: dict[str, type[Row]] = {
    row.layout: row
    for row in (
        SourceRow,
        FindingRow,
        CaseScoreRow,
        SurveyResultRow,
        SurveyResponseRow,
        IndicatorRow,
        TagRow,
    )
}
"""The row model of every layout."""
