"""Numbers as people write them in tables: thousands, money, percentages, marks of what is not published."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pydantic import BeforeValidator, ValidationInfo

from evidence.marks import beside_number, meaning_of, read_mark
from rules.errors import refuse
from rules.limits import LONGEST_NUMERAL

GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
MONEY = re.compile(r"([+-\u2212]?) ?([£€$]) ?(?=[\d.])", re.ASCII)
"""A minus and the sign of money, before a number."""
CURRENCIES = {
    "£": re.compile(r"£|\b(gbp|pounds?|punt|bunt|punn?oedd|bunn?oedd)\b", re.IGNORECASE),
    "€": re.compile(r"€|\b(eur|euros?|ewros?)\b", re.IGNORECASE),
    "$": re.compile(r"\$|\b(usd|dollars?|doleri|ddoleri)\b", re.IGNORECASE),
}
"""By the sign of money, the units that it is; pence are a hundredth."""
PERCENT_UNIT = re.compile(r"(%|per ?cent(age)?|pct|y cant|canran)(?! ?points?)(\b|(?<=%))", re.IGNORECASE)
"""A unit that is percent; percentage points are another."""

SCALED = re.compile(
    r"[£€$]? ?([0-9][0-9,.]{0,20}) ?(k|m|mn|bn|thousand|million|billion|mil|miliwn|biliwn)",
    re.IGNORECASE | re.ASCII,
)
NOTED = re.compile(r"([+-]?[0-9][0-9,.]{0,20}%?) ?(\[[0-9]{1,3}\]|[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}|[†‡§¶^]{1,3})", re.ASCII)
MINUS = re.compile(r"\(([0-9][0-9,.]{0,20}%?)\)|\u2013([0-9][0-9,.]{0,20}%?)", re.ASCII)
ELSEWHERE = re.compile(r"([+-]?[0-9]{1,3}(?:[.' \u00a0\u202f]?[0-9]{3}){0,5}),([0-9]{1,9})", re.ASCII)
"""Numbers as they are written in other countries: 1.234,5."""
BLANKS = re.compile("[ \u00a0\u202f]")
NONE = ("nil", "none", "zero", "no", "dim", "sero")


def read_number(value: Any) -> float | None:
    """A number, with thousands commas where they are certain; a blank is no value."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if len(text) > LONGEST_NUMERAL:
            raise refuse("a number", f"A number has at most {LONGEST_NUMERAL} characters.")
        text = f"-{text[1:]}" if text[0] == "\u2212" else text
        if GROUPED.fullmatch(text):
            text = text.replace(",", "")
        if not PLAIN.fullmatch(text):
            raise refuse("a number", _about_number(text))
        value = float(text)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse("a number")
    # Compared before it becomes a float: a whole number may be larger than any float.
    if not abs(value) < 1e15:
        raise refuse("a number below a thousand million million")
    return float(value) + 0.0


def _about_number(text: str) -> str:
    """What to do about a text that is no number."""
    if found := SCALED.fullmatch(text):
        return f"Write the number in full, or write {found[1]} and put {found[2]!r} into the unit."
    if found := NOTED.fullmatch(text):
        return f"Write {found[1]} alone; {found[2]} looks like the mark of a note."
    if MONEY.match(text):
        return "It is money, which this column does not hold."
    if found := MINUS.fullmatch(text):
        return f"Write -{found[1] or found[2]} if it is below zero."
    if found := ELSEWHERE.fullmatch(text):
        plain = BLANKS.sub("", found[1]).replace(".", "").replace("'", "")
        return f"Write {plain}.{found[2]} if the comma begins the decimals."
    if (whole := BLANKS.sub("", text).replace("'", "")) != text and PLAIN.fullmatch(whole):
        return f"Write {whole} if it is one number."
    if text.casefold() in NONE:
        return "Write 0 if it says that there were none, or the mark that the source gives, e.g. [x]."
    if beside := beside_number(text):
        number, mark = beside
        known = meaning_of(mark) if mark.strip("[]()")[:1].isalpha() else "not published"
        says = f"says: {known}" if known != "not published" else "has a meaning that the source explains"
        return f"Write {number} alone if it may be used as it is; {mark} {says}."
    if read_mark(text):
        return f"{text} says: {meaning_of(text)}. This column needs a number."
    return "Write 1234.5 or 1,234.5; units belong in their own column."


def or_mark(check: Callable[[Any], float | None]) -> BeforeValidator:
    """What `check` gives, or the mark of a number that is not published."""

    def read(value: Any) -> float | str | None:
        # Nearly all are numbers: they are not looked up.
        if isinstance(value, str) and not (value[:1].isdigit() and value[-1:].isdigit()):
            mark = read_mark(value)
            if mark is not None:
                return mark
        return check(value)

    return BeforeValidator(read)


def read_percent(value: Any) -> float | None:
    """78, '78' and '78%' are seventy-eight per cent; 0.78 could be two things and is refused."""
    sure = False
    if isinstance(value, str) and value.strip().endswith("%"):
        value, sure = value.strip()[:-1].strip(), True
    number = read_number(value)
    if number is None:
        return None
    if 0 < number < 1 and not sure:
        raise _share_or_percent(number, "a percentage from 0 to 100")
    if not 0 <= number <= 100:
        raise refuse("a percentage from 0 to 100")
    return number


def _share_or_percent(number: float, what: str) -> Exception:
    """The refusal of a number that may be a share or a percentage."""
    small, large = f"{number:.10g}", f"{number * 100:.10g}"
    return refuse(what, f"{small} could mean {large} % or {small} %: write '{large}%' or '{small}%'.")


def read_in_unit(value: Any, info: ValidationInfo) -> float | str | None:
    """A number in the unit of its row; where that is percent 62.4% is 62.4, and 0.624 is refused."""
    unit = info.data.get("unit", "")
    percent = bool(PERCENT_UNIT.match(unit))
    doubtful = isinstance(value, str) and not (value[:1].isdigit() and value[-1:].isdigit())
    if doubtful and (mark := read_mark(value)) is not None:
        return mark
    if isinstance(value, str) and value.strip().endswith("%"):
        if not percent:
            raise refuse(f"a number in the unit {unit!r}", "The cell says percent.")
        return read_number(value.strip()[:-1])
    if doubtful and (money := MONEY.match(value.strip())):
        if not CURRENCIES[money[2]].search(unit):
            what = f"a number in the unit {unit!r}" if unit else "a number without a unit"
            raise refuse(what, f"The cell says {money[2]}. Correct the unit or the number.")
        value = money[1] + value.strip()[money.end() :]
    number = read_number(value)
    if percent and number is not None and 0 < abs(number) < 1:
        raise _share_or_percent(number, "a percentage")
    return number


def unit_shown(value: Any) -> str:
    """The unit that a number has by its sign, where its row names none: percent, £, € or $; or ''."""
    if not isinstance(value, str):
        return ""
    if value.rstrip().endswith("%"):
        return "percent"
    money = MONEY.match(value.strip())
    return money[2] if money else ""


def given(value: float | None) -> float:
    """The number; refuses an empty cell."""
    if value is None:
        raise refuse(
            "a number",
            "Where the source publishes none, write its mark, [x] or [c] for example, or leave the row out.",
        )
    return value


def given_in_unit(value: Any, info: ValidationInfo) -> float | str:
    """What `read_in_unit` gives; refuses an empty cell."""
    found = read_in_unit(value, info)
    return found if isinstance(found, str) else given(found)
