"""Words that are known in headers and cells: personal details, periods, directions, weights, scores.

What a row accepts by itself needs no word here. These serve proposals, which people look at; what decides is
the mapping they import with, and the checks of every row.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from evidence.rows import Row
from programme.periods import stored_period


def as_words(value: Any) -> str:
    """A cell as people see it, blanks and line ends in it made one blank."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else " ".join(str(value).split())


def same_words(text: str) -> str:
    """The text without what does not tell words apart: case, blanks, a full stop at the end."""
    return " ".join(text.split()).casefold().rstrip(".")


# --- columns that say who somebody is ----------------------------------------------------------------------

PERSONAL = frozenset(
    """name|full name|your name|first name|last name|forename|surname|family name|given name|middle name|
    respondent name|participant name|contact name|name of respondent|carer name|service user name|client name|
    recipient first name|recipient last name|recipientfirstname|recipientlastname|
    e mail|email|e mail address|email address|your email|your email address|recipient email|recipientemail|
    ip|ip address|ipaddress|ip addr|phone|phone number|telephone|telephone number|mobile|mobile number|
    address|home address|postal address|postcode|post code|date of birth|dob|nhs number|
    national insurance number|location latitude|location longitude|locationlatitude|locationlongitude|
    latitude|longitude|user name|username|login|
    enw|enw llawn|enw cyntaf|cyfenw|e bost|ebost|cyfeiriad e bost|cyfeiriad ip|ffon|rhif ffon|cyfeiriad|
    cod post|dyddiad geni""".replace("\n", "")
    .replace("|    ", "|")
    .split("|")
)
"""Headers of columns with the names, addresses and numbers of people, as the tools for surveys write them."""
EMAIL = re.compile(r"[^@\s]{1,100}@[^@\s]{1,200}\.[A-Za-z]{2,30}")
IP_4 = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", re.ASCII)
IP_6 = re.compile(r"(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}", re.IGNORECASE)


def plain_header(title: str) -> str:
    """A header in small letters, without what joins or parts its words."""
    text = re.sub(r"[-_/.:?*()\[\]]", " ", title.casefold())
    return " ".join(text.split())


def is_personal(title: str) -> bool:
    """Whether a header is that of a column that says who somebody is."""
    return plain_header(title) in PERSONAL


def says_who(text: str) -> str:
    """What a cell is that says who somebody is: 'an e-mail address', 'an IP address', or nothing."""
    if "@" in text and EMAIL.fullmatch(text):
        return "an e-mail address"
    if text.count(".") == 3 and IP_4.fullmatch(text):
        return "an IP address"
    if text.count(":") > 3 and len(text) < 50 and IP_6.fullmatch(text):
        return "an IP address"
    return ""


# --- periods as headers ------------------------------------------------------------------------------------


def is_period(title: str) -> bool:
    """Whether a header is a year, a quarter, a month or the like."""
    found = stored_period(title)
    return found.placed or found.turn != ""


# --- what cells mean ---------------------------------------------------------------------------------------

MEANINGS: dict[str, dict[str, str]] = {
    "direction": {
        **dict.fromkeys(("+", "positive", "strengths", "good practice", "what works well"), "strength"),
        **dict.fromkeys(("doing well", "working well", "cryfder", "cryfderau", "pos"), "strength"),
        **dict.fromkeys(("-", "−", "negative", "weaknesses", "concern", "neg"), "weakness"),
        **dict.fromkeys(("area for improvement", "areas for improvement", "gwendid"), "weakness"),
        **dict.fromkeys(("area for development", "areas for development", "gwendidau"), "weakness"),
        **dict.fromkeys(("0", "=", "neither", "mixed", "niwtral"), "neutral"),
    },
    "significance": {
        **dict.fromkeys(("low", "small", "isel", "l"), "1"),
        **dict.fromkeys(("medium", "moderate", "canolig", "m"), "2"),
        **dict.fromkeys(("high", "major", "critical", "uchel", "h"), "3"),
    },
    "better": {
        **dict.fromkeys(("up", "high", "higher is better", "↑", "increase"), "higher"),
        **dict.fromkeys(("high is good", "higher is good", "bigger is better", "uchel", "uwch"), "higher"),
        **dict.fromkeys(("down", "low", "lower is better", "↓", "decrease"), "lower"),
        **dict.fromkeys(("low is good", "lower is good", "smaller is better", "isel", "is"), "lower"),
        **dict.fromkeys(("n/a", "none", "no direction", "context"), "neither"),
    },
    "score": dict.fromkeys(("n/a", "na", "not applicable", "amherthnasol", "not scored", "-", ""), ""),
}
"""What words mean that a row does not take by itself, by column of the layout."""
GRADES: tuple[tuple[tuple[str, ...], ...], ...] = (
    (
        ("not met", "no", "n", "fail", "heb ei fodloni"),
        ("partly met", "partially met", "partly", "partial", "yn rhannol", "rhannol"),
        ("met", "fully met", "yes", "y", "pass", "wedi'i fodloni"),
    ),
    (("inadequate",), ("requires improvement", "adequate"), ("good",), ("outstanding", "excellent")),
    (("poor",), ("fair", "adequate"), ("good",), ("very good", "excellent")),
    (("red",), ("amber",), ("green",)),
)
"""Words that grade a case file, the worst first; the scale has as many scores."""


@cache
def _column_of(model: type[Row], column: str) -> TypeAdapter[Any]:
    field = model.model_fields[column]
    kind: Any = field.annotation
    for one in field.metadata:
        kind = Annotated[kind, one]
    return TypeAdapter(kind)


def is_taken(model: type[Row], column: str, value: Any) -> bool:
    """Whether a column of a layout takes a value by itself, apart from the names of a framework."""
    try:
        _column_of(model, column).validate_python(value)
    except (ValidationError, AttributeError):
        return False
    return True
