"""One row of each kind of evidence, as it may stand in a file: columns, types, allowed values.

The field descriptions are the documentation of the layouts. Validation turns what people write (78%,
'Case file', 1 May 2004) into what is stored, refuses what would have to be guessed, and says what was
expected.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from evidence.extents import EXAMPLES, Extent, read_extent
from evidence.files.formats.pages import tidy
from evidence.files.spreadsheets import MARK, as_given
from evidence.marks import NO_VALUE, read_mark
from evidence.numerals import (
    given,
    given_in_unit,
    or_mark,
    read_in_unit,
    read_number,
    read_percent,
    unit_shown,
)
from evidence.scales import read_answer
from programme.calendar import Day
from programme.periods import AS_WORDS, NO_PERIOD, PERIOD, Period
from rules.errors import Near, refuse
from rules.letters import one_spelling
from rules.limits import (
    LONGEST_LINE,
    LONGEST_NAME,
    LONGEST_PAGE,
    LONGEST_TEXT,
    LONGEST_WORDS,
    MOST_NAMED,
    MOST_PAGES,
)
from rules.spellings import NearName, Spellings

KINDS_OF_SOURCE = {
    "case_file": "case files",
    "interview": "interviews",
    "group_meeting": "group meetings",
    "survey": "surveys",
    "indicator_return": "indicator returns",
    "document": "documents",
    "observation": "observation",
}
"""The kinds of source, and what each is called in a sentence."""
SOURCE_KINDS = tuple(KINDS_OF_SOURCE)
DIRECTIONS = ("strength", "weakness", "neutral")
SIGNIFICANCE = {"minor": 1, "important": 2, "serious": 3, "1": 1, "2": 2, "3": 3}


CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
"""Characters that no text of people's holds: they would be lost in other files or break them."""


LINE_END = "_x000D_"
"""How exports of Office programs write a line end."""


def _tidy(text: str) -> str:
    """The text as it is stored: Unicode NFC, so that one word has one spelling, and plain line ends."""
    if found := CONTROL.search(text):
        raise refuse("a text without control characters", f"Remove the character U+{ord(found[0]):04X}.")
    return one_spelling(text.replace("\r\n", "\n").replace("\r", "\n"))


def _text(value: Any) -> str:
    """A text, tidied and without blanks around it; numbers and dates of a spreadsheet as they look."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith(MARK):
            text = as_given(text)
        if LINE_END in text:
            text = text.replace(f"{LINE_END}\n", "\n").replace(LINE_END, "\n").strip()
        if len(text) > LONGEST_WORDS:
            raise refuse(
                f"at most {LONGEST_WORDS:,} characters", f"There are {len(text):,}. Shorten the text."
            )
        return text if text.isascii() and text.isprintable() else _tidy(text)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.15g}" if abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise refuse("a text")


LEAVE_EMPTY = "Leave the cell empty."
LEAVE_OUT = "Give it, or leave the row out."


def _words(value: Any) -> str:
    """A text; not what stands for 'nothing here'."""
    text = _text(value)
    if text in NO_VALUE:
        raise refuse("a text, or nothing", LEAVE_EMPTY)
    return text


def _needed(value: Any) -> str:
    text = _text(value)
    if not text:
        raise refuse("a text")
    if text in NO_VALUE:
        raise refuse("a text", LEAVE_OUT)
    return text


def _person(value: Any) -> str:
    """The name of a person: NA may be initials."""
    return "NA" if value == "NA" else _words(value)


def _needed_person(value: Any) -> str:
    return "NA" if value == "NA" else _needed(value)


def _or_empty(value: Any) -> Any:
    """What is left to the next check; not what stands for 'nothing here'."""
    if isinstance(value, str) and value.strip() in NO_VALUE:
        raise refuse("a date, or nothing", LEAVE_EMPTY)
    return value


def _near(given: str, allowed: Iterable[str], default: str = "") -> Near | str:
    """What to do about a word that is not allowed: the nearest, or where it says nothing, to leave it out."""
    if given.upper() in NO_VALUE:
        return LEAVE_EMPTY if default else LEAVE_OUT
    return Near(given, allowed)


def _at_most(longest: int, check: Callable[[Any], str]) -> BeforeValidator:
    """What `check` gives, as long as it is no longer than this."""

    def short(value: Any) -> str:
        text = check(value)
        if len(text) > longest:
            raise refuse(f"at most {longest:,} characters", f"There are {len(text):,}. Shorten the text.")
        return text

    return BeforeValidator(short)


def _pages(value: Any) -> str:
    """A stored text: its pages tidied as those of added files are; empty ones at its ends count, too."""
    if not isinstance(value, str):
        return _text(value)
    value = as_given(value)
    if len(value) > LONGEST_TEXT:
        raise refuse(f"at most {LONGEST_TEXT:,} characters", f"There are {len(value):,}. Divide the source.")
    if (count := value.count("\f")) > MOST_PAGES:
        raise refuse(f"at most {MOST_PAGES:,} pages", f"There are {count:,}. Divide the source.")
    pages = _tidy(value).split("\f")
    if long := next((number for number, page in enumerate(pages, 1) if len(page) > LONGEST_PAGE), 0):
        raise refuse(
            f"at most {LONGEST_PAGE:,} characters on a page",
            f"Page {long} has {len(pages[long - 1]):,}. End each page with a form feed.",
        )
    return "\f".join(map(tidy, pages))


def _quote(value: Any) -> str:
    """Words of a stored text, spelt as those are, so that they are found there."""
    text = _text(value)
    return text if text.isascii() and text.isprintable() else tidy(text)


def _word(allowed: tuple[str, ...], default: str = "") -> BeforeValidator:
    """One of the allowed words, in any case, blanks for underscores; `default` where nothing stands."""
    exact = {word: word for word in allowed}

    def check(value: Any) -> str:
        if isinstance(value, str) and (word := exact.get(value)):
            return word
        word = _text(value).lower().replace(" ", "_").replace("-", "_") or default
        if word not in exact:
            raise refuse("one of " + ", ".join(allowed), _near(word, allowed, default))
        return word

    return BeforeValidator(check)


def _significance(value: Any) -> int:
    number = SIGNIFICANCE.get(value) if isinstance(value, str) else None
    number = number or SIGNIFICANCE.get(_text(value).lower().removesuffix(".0"))
    if number is None:
        raise refuse("1 (minor), 2 (important) or 3 (serious)", LEAVE_OUT if value in NO_VALUE else "")
    return number


def _extent(value: Any) -> Extent | None:
    if isinstance(value, date):
        raise refuse(EXAMPLES, "A spreadsheet made a date of it: write '7 of 30', not '7/30'.")
    return value if isinstance(value, Extent) else read_extent(_text(value))


def _answer(value: Any) -> int | str | None:
    if isinstance(value, str) and len(value) == 1 and value in "12345":
        return int(value)
    return read_answer(_text(value))


def _named(value: Any, info: ValidationInfo, context_key: str, what: str, default: str = "") -> str:
    """One of the names or titles that the review's framework has (given as validation context: Spellings)."""
    allowed = (info.context or {}).get(context_key)
    if isinstance(value, str) and allowed is not None and value in allowed:
        return value
    name = _text(value) or default
    if not name:
        raise refuse(what)
    if allowed is None:
        return name
    found: str | None = allowed.find(name)
    if found is None:
        leave = LEAVE_EMPTY if default else LEAVE_OUT
        raise refuse(what, leave if name.upper() in NO_VALUE else NearName(name, allowed))
    return found


def _strand(value: Any, info: ValidationInfo) -> str:
    return _named(value, info, "strands", "a strand of the framework", "all")


def _domain(value: Any, info: ValidationInfo) -> str:
    return _named(value, info, "domains", "a domain of the framework")


def _domains(value: Any, info: ValidationInfo) -> tuple[str, ...]:
    # The same few cells come again and again in a file: an import gives a dict to remember them in.
    seen = (info.context or {}).get("seen_domains", {})
    if isinstance(value, str) and (known := seen.get(value)) is not None:
        found: tuple[str, ...] = known
        return found
    if isinstance(value, str) and value.strip() in NO_VALUE:
        raise refuse("domains of the framework, or nothing", LEAVE_EMPTY)
    allowed: Spellings | None = (info.context or {}).get("domains")
    if isinstance(value, list | tuple):
        parts = value
    else:
        parts = allowed.find_all(_text(value)) if allowed is not None else re.split(r"[;,]", _text(value))
    what = "domains of the framework, separated by semicolons"
    names = (_text(part) for part in parts)
    if len(parts) > MOST_NAMED:
        raise refuse(f"at most {MOST_NAMED} domains", f"There are {len(parts):,}.")
    found = tuple(dict.fromkeys(_named(name, info, "domains", what) for name in names if name))
    if isinstance(value, str) and len(seen) < 10_000:
        seen[value] = found
    return found


def _base(value: Any) -> float | None:
    number = read_number(value)
    if number is not None and (number <= 0 or not number.is_integer()):
        raise refuse(
            "how many answered, a whole number above 0",
            "Leave the row out if nobody answered; leave the cell empty if the number is not known.",
        )
    return number


NOT_WEIGHTED = (
    "Nobody can be weighted to a number that is not published: merge the category with another one."
)


def _margin(check: Callable[[Any], float | None], value: Any) -> float | None:
    if isinstance(value, str) and read_mark(value):
        raise refuse("a number that is known", NOT_WEIGHTED)
    return check(value)


def _people(value: Any, info: ValidationInfo) -> float | None:
    number = _margin(read_number, value)
    if number is not None and (number < 0 or not number.is_integer()):
        raise refuse("how many people, a whole number from 0 up")
    if "percent" in info.data and (number is None) == (info.data["percent"] is None):
        raise refuse("a share or a number of people", "Fill in one of the columns 'percent' and 'people'.")
    return number


def _scale_max(value: Any) -> float:
    number = read_number(value)
    if number is not None and number <= 1:
        raise refuse("the best possible score, more than 1")
    return number or 4.0


Text = Annotated[str, BeforeValidator(_words)]
Line = Annotated[str, _at_most(LONGEST_LINE, _words)]
Name = Annotated[str, _at_most(LONGEST_NAME, _person)]
Needed = Annotated[str, BeforeValidator(_needed)]
NeededLine = Annotated[str, _at_most(LONGEST_LINE, _needed)]
NeededName = Annotated[str, _at_most(LONGEST_NAME, _needed)]
Pages = Annotated[str, BeforeValidator(_pages)]
Quote = Annotated[str, BeforeValidator(_quote)]
NeededPerson = Annotated[str, _at_most(LONGEST_NAME, _needed_person)]
PlainNumber = Annotated[float | None, BeforeValidator(read_number)]
Date = Annotated[Day, BeforeValidator(_or_empty)]
Number = Annotated[float | str | None, or_mark(read_number)]
"""A number, the mark of one that is not published, or None; so are the next ones."""
Percent = Annotated[float | str | None, or_mark(read_percent)]
GivenNumber = Annotated[float | str, or_mark(lambda value: given(read_number(value)))]
GivenPercent = Annotated[float | str, or_mark(lambda value: given(read_percent(value)))]
NumberInUnit = Annotated[float | str | None, BeforeValidator(read_in_unit)]
ValueInUnit = Annotated[float | str, BeforeValidator(given_in_unit)]
StrandName = Annotated[str, BeforeValidator(_strand), Field(validate_default=True)]
DomainName = Annotated[str, BeforeValidator(_domain)]
DomainNames = Annotated[tuple[str, ...], BeforeValidator(_domains)]
Better = Annotated[str, _word(("higher", "lower", "neither"))]
Direction = Annotated[str, _word(DIRECTIONS)]
When = Annotated[Period, PERIOD, _at_most(LONGEST_LINE, _words), AS_WORDS]
NeededWhen = Annotated[Period, PERIOD, _at_most(LONGEST_LINE, _needed), AS_WORDS]
Significance = Annotated[int, BeforeValidator(_significance)]


class Row(BaseModel):
    """Base of all rows: frozen, unknown columns refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    layout: ClassVar[str]
    """The name of its layout, and of its template in evidence/intake/templates."""


class SourceRow(Row):
    """A source: where evidence comes from."""

    layout: ClassVar[str] = "sources"
    source: NeededName = Field(description="Index number of the source within the review.")
    title: NeededLine = Field(description="Title. Never the name of a person who uses services.")
    kind: Annotated[str, _word(SOURCE_KINDS)] = Field(
        description="Kind of evidence: " + ", ".join(SOURCE_KINDS)
    )
    dated: Date = Field(default=None, description="Its date, e.g. 2004-05-31 or 31 May 2004.")
    status: Annotated[str, _word(("draft", "authorised"), "authorised")] = Field(
        default="authorised", description="draft or authorised; 'authorised' if empty."
    )
    strand: StrandName = Field(default="all", description="Group of people that it is about; 'all' if empty.")
    reference: Line = Field(default="", description="Where the source itself can be found.")
    text: Pages = Field(
        default="", description="The text, if you want to store it; pages end with a form feed."
    )


class ItemRow(Row):
    """What every evidence item has."""

    source: NeededName = Field(description="Index number of the source, as in the sources file.")
    locator: NeededLine = Field(description="Where in the source: page, section, table and row.")
    strand: StrandName = Field(default="all", description="Group of people that it is about; 'all' if empty.")
    domains: DomainNames = Field(default=(), description="Domains it bears on, separated by semicolons.")
    quote: Quote = Field(default="", description="The exact words of the source, if quoted.")
    recorded_by: Name = Field(default="", description="Who recorded it; the person importing, if empty.")
    recorded_on: Date = Field(default=None, description="The day it was recorded; today, if empty.")


class FindingRow(ItemRow):
    """Something a reviewer found: a strength, a weakness, or neither."""

    layout: ClassVar[str] = "findings"
    finding: Needed = Field(description="The finding, in one sentence.")
    direction: Direction = Field(description="strength, weakness or neutral.")
    significance: Significance = Field(description="1 minor, 2 important, 3 serious.")
    extent: Annotated[Extent | None, BeforeValidator(_extent)] = Field(
        default=None,
        description="How widespread it is: 7 of 30 files, or isolated, some, most or all where no number is"
        " known; empty if the source does not say.",
    )


DISAGREEING = "disagreeing"
"""What is better where agreeing is bad and a share is of those who disagreed."""


def _on_scale(value: float | str, info: ValidationInfo) -> float | str:
    best = info.data.get("scale_max")
    if isinstance(value, float) and best is not None and not 1 <= value <= best:
        raise refuse(f"a score from 1 to {best:g}")
    return value


class CaseScoreRow(ItemRow):
    """A score: how well one case file meets one standard."""

    layout: ClassVar[str] = "case-scores"
    standard: Needed = Field(description="The standard that was judged.")
    scale_max: Annotated[float, BeforeValidator(_scale_max)] = Field(
        default=4.0, description="The best possible score; 4 if empty."
    )
    score: Annotated[GivenNumber, AfterValidator(_on_scale)] = Field(description="The score, 1 the worst.")


class SurveyResultRow(ItemRow):
    """The share of one group answering one survey question positively."""

    layout: ClassVar[str] = "survey-results"
    group: NeededLine = Field(description="Who answered.")
    question: Needed = Field(description="What they were asked.")
    positive: GivenPercent = Field(description="Share answering positively, in percent: 78 or 78%.")
    base: Annotated[float | str | None, or_mark(_base)] = Field(
        default=None, description="How many answered; empty if it was not published."
    )
    better: Annotated[str, _word(("higher", "lower", "neither", DISAGREEING), "higher")] = Field(
        default="higher",
        description="higher; lower where agreeing is bad; disagreeing where it is bad and the share is that"
        " of people who disagreed; 'higher' if empty.",
    )
    best: Percent = Field(default=None, description="Share in the best authority, if published.")
    worst: Percent = Field(default=None, description="Share in the worst authority, if published.")
    period: When = Field(
        default=NO_PERIOD,
        description="When the survey was, e.g. 2019, November 2019 or Autumn 2023; if empty, the date of the"
        " source.",
    )


class IndicatorRow(ItemRow):
    """The value of an indicator in one period."""

    layout: ClassVar[str] = "indicators"
    indicator: Needed = Field(description="Name of the indicator, the same in every period.")
    period: NeededWhen = Field(
        description="When the value is for, e.g. 2007/08, 2019, Q4 2022 or year to March 2019."
    )
    unit: Line = Field(
        default="",
        description="Unit of the value, e.g. percent, people, per 1,000; if empty, percent where the value"
        " has a %, and £, € or $ where it has that.",
    )
    value: ValueInUnit = Field(
        description="The value, a plain number; percent also as 78%; or its mark, e.g. [c], if it has none."
    )
    better: Better = Field(description="Which direction is better: higher, lower or neither.")
    comparator: NumberInUnit = Field(default=None, description="What it is compared with, in the same unit.")
    comparator_name: Line = Field(default="", description="Whose value the comparator is, e.g. England.")

    @model_validator(mode="before")
    @classmethod
    def _unit_by_its_sign(cls, row: Any) -> Any:
        """A value that says percent, or money, has that unit, if the row names none."""
        if isinstance(row, dict) and not row.get("unit") and (unit := unit_shown(row.get("value"))):
            return {**row, "unit": unit}
        return row


class RowOfSurvey(Row):
    """What every row about the respondents of a survey has."""

    source: NeededName = Field(description="Index number of the survey, as in the sources file.")


class SurveyResponseRow(RowOfSurvey):
    """One respondent's answer to one question; results per question and group are computed from them."""

    layout: ClassVar[str] = "survey-responses"
    respondent: NeededName = Field(description="Number of the respondent within the survey, never a name.")
    question: Needed = Field(description="What was asked; the same words for every respondent.")
    group: NeededLine = Field(description="The group the respondent belongs to.")
    strand: StrandName = Field(default="all", description="Group of people that it is about; 'all' if empty.")
    answer: Annotated[int | str | None, BeforeValidator(_answer)] = Field(
        description="1 strongly disagree to 5 strongly agree, or the usual words; what was said instead of an"
        " answer, e.g. Don't know; empty if nothing was said."
    )
    """Its level; what was said instead of an answer; or None."""
    better: Annotated[str, _word(("higher", "lower", ""))] = Field(
        default="",
        description="higher, or lower where agreeing is bad: the result is then the share who disagree."
        " One value for all answers to a question; 'higher' if it is empty in all of them.",
    )
    domains: DomainNames = Field(default=(), description="Domains the question bears on.")


class RespondentRow(RowOfSurvey):
    """One characteristic of one survey respondent, so that answers can be weighted."""

    layout: ClassVar[str] = "respondents"
    respondent: NeededName = Field(description="Number of the respondent, as in the responses, never a name.")
    characteristic: NeededLine = Field(
        description="A characteristic, e.g. age band, area or sex. Use few, with broad categories: people who"
        " share all theirs with few others can be recognised. Never a date of birth or an address."
    )
    category: Line = Field(description="The respondent's category; empty if the respondent did not say.")


class MarginRow(RowOfSurvey):
    """The share or number of the people in one category; answers are weighted to it."""

    layout: ClassVar[str] = "population-margins"
    group: Line = Field(
        default="", description="The group of respondents it holds for; empty for all respondents together."
    )
    characteristic: NeededLine = Field(
        description="The characteristic, in the same words as for the respondents."
    )
    category: NeededLine = Field(description="One of its categories; together they make 100 %.")
    percent: Annotated[float | None, BeforeValidator(lambda value: _margin(read_percent, value))] = Field(
        default=None, description="Share of the people in it, in percent: 40 or 40%."
    )
    people: Annotated[float | None, BeforeValidator(_people)] = Field(
        default=None, validate_default=True, description="Or how many people are in it."
    )


class MadeResult(SurveyResultRow):
    """A survey result made of single answers; of no layout, for nobody writes it."""

    base: float | None = Field(description="How many answered; if they are weighted, the effective number.")
    answers: int = Field(description="How many answered.")
    reversed: bool = Field(
        default=False, description="Whether agreeing is bad: the share is of those who disagreed."
    )
    design_effect: float | None = Field(description="Answers divided by the base; None if not weighted.")


class RowAboutItem(Row):
    """What every row has that is about an item which another row, or an earlier import, brings in."""

    source: NeededName = Field(description="Index number of the item's source.")
    locator: NeededLine = Field(description="Locator of the item, exactly as it was imported.")


class TagRow(RowAboutItem):
    """A tag that links an existing item to a domain."""

    layout: ClassVar[str] = "tags"
    domain: DomainName = Field(description="The domain it bears on.")
    note: Text = Field(default="", description="Why it bears on the domain.")
    tagged_by: Name = Field(default="", description="Who tagged it; the person importing, if empty.")


ROWS_OF_EVIDENCE: tuple[type[Row], ...] = (
    SourceRow,
    FindingRow,
    CaseScoreRow,
    SurveyResultRow,
    SurveyResponseRow,
    RespondentRow,
    MarginRow,
    IndicatorRow,
    TagRow,
)
"""The rows that files of evidence hold, in the order in which their layouts are listed."""
