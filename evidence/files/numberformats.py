"""What a spreadsheet cell shows: number formats (ECMA-376, part 1, 18.8.30 and 18.8.31) evaluated.

People read what a cell shows, and a figure may be suppressed by its format alone (`[<5]"[c]"`), so that is
what is taken. Shown as an English Excel shows it; only the width of the column is not looked at. A date that
shows day, month and year is handed over as a date, since `03/04/2019` is two dates.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

BUILT_IN = {
    **{1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0_);("$"#,##0)'},
    **{6: '"$"#,##0_);("$"#,##0)', 7: '"$"#,##0.00_);("$"#,##0.00)', 8: '"$"#,##0.00_);("$"#,##0.00)'},
    **{9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "dd/mm/yyyy"},
    **{15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm"},
    **{21: "h:mm:ss", 22: "dd/mm/yyyy h:mm", 37: "#,##0_);(#,##0)", 38: "#,##0_);(#,##0)"},
    **{39: "#,##0.00_);(#,##0.00)", 40: "#,##0.00_);(#,##0.00)"},
    **{41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)', 42: '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)'},
    43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)',
    **{45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@"},
    # Of East Asia: dates and times, whatever their signs.
    **dict.fromkeys((27, 28, 29, 30, 31, 36, *range(50, 55), 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "h:mm:ss"),
}
"""The formats that a workbook names by number alone; those of dates and money depend on who looks."""
GENERAL = "General"
LONGEST_FORMAT = 1_000
"""Characters of a format; Excel takes 255."""
TOO_WIDE = "########"
"""What a cell shows where its format cannot show its value, e.g. a negative date."""
FIRST_DAY, LEAP = datetime(1899, 12, 31), 60
"""Day 0, and the 29 February 1900 that there was not."""
DAYS_TO_1904 = 1_462
MOST_DAYS = 2_958_466
SECONDS = Decimal(86_400)
MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905

TOKEN = re.compile(
    r"""
    (?P<quoted>"[^"]*"?) | (?P<escaped>\\.|!.) | (?P<blank>_.) | (?P<fill>\*.) | (?P<bracket>\[[^\]]*\]?)
    | (?P<general>General) | (?P<half>AM/PM|A/P) | (?P<exponent>E[+-]) | (?P<date>y+|m+|d+|h+|s+|e+|b+)
    | (?P<digit>[0#?]) | (?P<point>\.) | (?P<comma>,) | (?P<percent>%) | (?P<text>@)
    | (?P<slash>/) | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(
    r"\[(<=|>=|<>|<|>|=)\s{0,9}([+-]?[0-9.]{1,30}(?:E[+-]?[0-9]{1,3})?)\s{0,9}\]", re.IGNORECASE
)
MONEY = re.compile(r"\[\$([^\]-]{0,20})[^\]]*\]?")
ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
TESTS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}
EXACT = Context(prec=400)


@dataclass(frozen=True)
class Token:
    """A part of a section: what it is, and its characters as they are shown or tell."""

    kind: str
    text: str


@dataclass(frozen=True)
class Section:
    """One of the parts of a format that semicolons divide."""

    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None

    def kinds(self) -> set[str]:
        """What its parts are."""
        return {token.kind for token in self.tokens}

    @property
    def is_date(self) -> bool:
        """Whether it shows a date or a time."""
        return not self.kinds().isdisjoint(("date", "elapsed"))

    def takes(self, value: float) -> bool:
        """Whether its condition is met."""
        return self.condition is not None and TESTS[self.condition[0]](value, self.condition[1])


@dataclass(frozen=True)
class Format:
    """A number format, taken apart."""

    sections: tuple[Section, ...]
    text: Section | None
    """What shows a text, where that is not the text alone."""

    @property
    def general(self) -> bool:
        """Whether it shows every number as it is."""
        return len(self.sections) == 1 and [t.kind for t in self.sections[0].tokens] in (
            ["general"],
            ["text"],
        )

    def show(self, value: float, *, from_1904: bool = False) -> str | datetime:
        """What a cell with this number shows; a date where that is day, month and year."""
        if not math.isfinite(value):
            return TOO_WIDE
        section, negative = self._section(value)
        if section is None:
            return general(value)
        if section.is_date:
            return _show_date(section, value, from_1904)
        return _show_number(section, abs(value), "-" if value < 0 and not negative else "").strip()

    def show_text(self, text: str) -> str:
        """What a cell with this text shows."""
        if self.text is None:
            return text
        return "".join(text if t.kind in ("text", "general") else _literal(t) for t in self.text.tokens)

    def _section(self, value: float) -> tuple[Section | None, bool]:
        """The section for a number, and whether it is one for negative numbers alone, which show no sign."""
        first, *rest = self.sections
        if first.condition is None and not (rest and rest[0].condition):
            if value < 0 and rest:
                return rest[0], True
            return (rest[1] if value == 0 and len(rest) > 1 else first), False
        if first.takes(value) or (first.condition is None and value > 0):
            return first, _below_zero(first.condition)
        second = rest[0] if rest else None
        if second is None:
            return None, False
        if second.condition is None:
            if len(rest) == 1 or value < 0:
                return second, first.condition in ((">", 0.0), (">=", 0.0))
        elif second.takes(value):
            return second, _below_zero(second.condition)
        if len(rest) > 1:
            return rest[1], False
        return (first, False) if first.condition is None else (None, False)


def _below_zero(condition: tuple[str, float] | None) -> bool:
    if condition is None:
        return False
    test, limit = condition
    return (test == "<" and limit <= 0) or (test in ("<=", "=") and limit < 0)


@lru_cache(maxsize=2_000)
def number_format(code: str) -> Format:
    """The format that is written so; what is no format shows numbers as they are."""
    sections = [_section(part) for part in _parts(code[:LONGEST_FORMAT])] or [_section(GENERAL)]
    text = None
    if len(sections) > 3:
        sections, text = sections[:3], sections[3]
    elif any("text" in section.kinds() for section in sections[-1:]):
        text = sections[-1]
        if len(sections) > 1:
            sections = sections[:-1]
    if text is not None and [t.kind for t in text.tokens] == ["text"]:
        text = None
    return Format(tuple(sections), text)


def general(value: float) -> str:
    """A number as it is, in the 15 digits that a spreadsheet keeps."""
    rounded = float(f"{value:.15g}") + 0.0
    if rounded.is_integer() and abs(rounded) < 1e15:
        return str(int(rounded))
    return f"{Decimal(f'{rounded:.15g}'):f}"


# --- taking a format apart -------------------------------------------------------------------------------


def _parts(code: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for match in TOKEN.finditer(code):
        kind, text = str(match.lastgroup), match[0]
        if kind == "other" and text == ";":
            parts.append([])
        else:
            parts[-1].append(Token(kind, text))
    return parts


def _section(tokens: list[Token] | str) -> Section:
    if isinstance(tokens, str):
        tokens = [Token("general", tokens)]
    found: list[Token] = []
    condition: tuple[str, float] | None = None
    for token in tokens:
        kind, text = token.kind, token.text
        if kind == "bracket":
            if test := CONDITION.fullmatch(text):
                try:
                    condition = test[1], float(test[2])
                except ValueError:
                    condition = None
            elif unit := ELAPSED.fullmatch(text):
                found.append(Token("elapsed", unit[1].lower()))
            elif money := MONEY.match(text):
                found.append(Token("literal", money[1]))
        elif kind == "quoted":
            found.append(Token("literal", text.strip('"')))
        elif kind in ("escaped", "blank", "other", "fill"):
            shown = {"escaped": text[1:], "blank": " ", "other": text, "fill": ""}[kind]
            found.append(Token("literal", shown))
        else:
            found.append(Token(kind, text.lower() if kind == "date" else text))
    return Section(tuple(_minutes(found)), condition)


def _minutes(tokens: list[Token]) -> list[Token]:
    """The same, with m after hours or before seconds told apart from months."""
    timed = [i for i, token in enumerate(tokens) if token.kind in ("date", "elapsed")]
    for before, at, after in zip([-1, *timed], timed, [*timed[1:], -1], strict=False):
        text = tokens[at].text
        if tokens[at].kind == "date" and text[0] == "m" and len(text) < 3:
            follows = before >= 0 and tokens[before].text[0] == "h"
            leads = after >= 0 and tokens[after].text[0] == "s"
            if follows or leads:
                tokens[at] = Token("date", "n" * len(text))
    return tokens


def _literal(token: Token) -> str:
    return token.text if token.kind in ("literal", "percent", "slash", "comma", "point") else ""


# --- numbers ---------------------------------------------------------------------------------------------


def _show_number(section: Section, value: float, sign: str) -> str:
    kinds = section.kinds()
    if "digit" not in kinds:
        kept = ("general", "text")
        whole = "".join(general(value) if t.kind in kept else _literal(t) for t in section.tokens)
        return sign + whole if kinds & {"general", "text"} else whole
    number = Decimal(f"{value:.15g}") * Decimal(100) ** sum(t.kind == "percent" for t in section.tokens)
    if "exponent" in kinds:
        return sign + _scientific(section, number)
    if _is_fraction(section):
        return sign + _fraction(section, number)
    return _decimal(section, number, sign)


def _decimal(section: Section, number: Decimal, sign: str) -> str:
    tokens = section.tokens
    digits = [i for i, token in enumerate(tokens) if token.kind == "digit"]
    point = next((i for i, token in enumerate(tokens) if token.kind == "point"), len(tokens))
    before = [i for i in digits if i < point]
    after = [i for i in digits if i > point]
    # A comma behind the last digit before the point divides by a thousand; one between digits groups them.
    end = (before or [point])[-1]
    scaled = 0
    for i in (*range(end + 1, point), *(range(after[-1] + 1, len(tokens)) if after else ())):
        if tokens[i].kind != "comma":
            break
        scaled += 1
    grouped = any(tokens[i].kind == "comma" for i in range(before[0], end)) if before else False
    rounded = (number / Decimal(1_000) ** scaled).quantize(
        Decimal(1).scaleb(-len(after)), ROUND_HALF_UP, context=EXACT
    )
    whole, _, part = f"{rounded:f}".partition(".")
    whole = whole.lstrip("0")
    if not whole and not part.strip("0"):
        sign = ""
    shown = _whole([tokens[i].text for i in before], whole, grouped)
    kept = len(part.rstrip("0"))
    out = [sign]
    done = 0
    for i, token in enumerate(tokens):
        if token.kind == "digit" and i < point:
            out.append(shown.pop(0))
        elif token.kind == "digit":
            done += 1
            zero = {"0": "0", "?": " ", "#": ""}[token.text]
            out.append(part[done - 1] if done <= kept else zero)
        elif token.kind == "point":
            if not before:
                out.append(whole)
            out.append(".")
        elif token.kind != "comma":
            out.append(_literal(token))
    return "".join(out)


def _whole(places: list[str], whole: str, grouped: bool) -> list[str]:
    """What stands for each digit of a format before the point; the first takes all that are left over."""
    out: list[str] = []
    for place, sign in enumerate(reversed(places)):
        digit = whole[-1 - place] if place < len(whole) else {"0": "0", "?": " ", "#": ""}[sign]
        mark = "," if grouped and place and place % 3 == 0 and digit.strip() else ""
        out.append(digit + mark)
    if out and len(whole) > len(places):
        more = whole[: len(whole) - len(places)]
        for place, digit in enumerate(reversed(more), start=len(places)):
            out[-1] = digit + ("," if grouped and place % 3 == 0 else "") + out[-1]
    return out[::-1]


def _scientific(section: Section, number: Decimal) -> str:
    tokens = section.tokens
    at = next(i for i, token in enumerate(tokens) if token.kind == "exponent")
    point = next((i for i, t in enumerate(tokens) if t.kind == "point" and i < at), at)
    wide = max(1, sum(t.kind == "digit" for t in tokens[:point]))
    places = sum(t.kind == "digit" for t in tokens[point:at])
    exponent = 0
    if number:
        exponent = number.adjusted() // wide * wide if wide > 1 else number.adjusted()
        if abs(round(number.scaleb(-exponent), places)) >= Decimal(10) ** wide:
            exponent += wide
    mantissa = Section(tokens[:at], None)
    shown = _decimal(mantissa, number.scaleb(-exponent), "")
    width = sum(t.kind == "digit" for t in tokens[at:])
    sign = "-" if exponent < 0 else tokens[at].text[1].replace("-", "")
    tail = "".join(_literal(t) for t in tokens[at:] if t.kind == "literal")
    return f"{shown}E{sign}{abs(exponent):0{max(width, 1)}d}{tail}"


def _is_fraction(section: Section) -> bool:
    tokens = section.tokens
    slashes = [i for i, token in enumerate(tokens) if token.kind == "slash"]
    if len(slashes) != 1:
        return False
    before, after = tokens[: slashes[0]], tokens[slashes[0] + 1 :]
    numeral = any(t.kind == "literal" and t.text.isdigit() for t in after[:1])
    return any(t.kind == "digit" for t in before) and (numeral or any(t.kind == "digit" for t in after))


def _fraction(section: Section, number: Decimal) -> str:
    tokens = section.tokens
    at = next(i for i, token in enumerate(tokens) if token.kind == "slash")
    after = tokens[at + 1 :]
    named = ""
    for token in after:
        if token.text.isdigit():
            named += token.text
        else:
            break
    size = len([t for t in after if t.kind == "digit"])
    runs = "".join("d" if t.kind == "digit" else " " for t in tokens[:at]).split()
    exact = Fraction(number)
    whole, rest = (int(exact), exact - int(exact)) if len(runs) > 1 else (0, exact)
    if named.strip("0"):
        bottom = int(named)
        top = int(rest * bottom + Fraction(1, 2))
    else:
        near = rest.limit_denominator(10 ** min(max(size, 1), 7) - 1)
        top, bottom = near.numerator, near.denominator
    if len(runs) > 1 and top == bottom:
        whole, top = whole + 1, 0
    if len(runs) > 1 and not top:
        return str(whole)
    return f"{whole} {top}/{bottom}" if whole else f"{top}/{bottom}"


# --- dates and times -------------------------------------------------------------------------------------


def _show_date(section: Section, value: float, from_1904: bool) -> str | datetime:
    tokens = section.tokens
    if value < 0 or value >= MOST_DAYS:
        return TOO_WIDE
    places = 0
    for i, token in enumerate(tokens[:-1]):
        if token.kind == "point" and i and tokens[i - 1].text[0] == "s":
            places = len([t for t in tokens[i + 1 :] if t.kind == "digit"])
    seconds = (Decimal(f"{value:.15g}") * SECONDS).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    days, within = divmod(seconds, SECONDS)
    day = int(days) + (DAYS_TO_1904 if from_1904 else 0)
    when = FIRST_DAY + timedelta(days=day - (day >= LEAP), seconds=int(within))
    units = {token.text[0] for token in tokens if token.kind == "date"}
    if units >= {"m", "d"} and units & {"y", "e"} and "elapsed" not in section.kinds() and day:
        return when.replace(
            hour=when.hour if "h" in units else 0,
            minute=when.minute if "n" in units else 0,
            second=when.second if "s" in units else 0,
        )
    half = any(token.kind == "half" for token in tokens)
    out = []
    for i, token in enumerate(tokens):
        if token.kind == "date":
            # Day 0 is the zeroth of January 1900.
            out.append(_unit(token.text, when if day else when + timedelta(days=1), half))
        elif token.kind == "elapsed":
            size = {"h": 3_600, "m": 60, "s": 1}[token.text[0]]
            out.append(f"{int(seconds // size):0{len(token.text)}d}")
        elif token.kind == "half":
            out.append(("AM" if when.hour < 12 else "PM")[: len(token.text) // 2])
        elif token.kind == "point" and places and tokens[i - 1].text[0] == "s":
            out.append(f"{within % 1:f}"[1:])
        elif token.kind == "general":
            out.append(general(value))
        elif token.kind != "digit":
            out.append(_literal(token))
    return "".join(out).strip()


def _unit(unit: str, when: datetime, half: bool) -> str:
    size = len(unit)
    if unit[0] in "yeb":
        return f"{when.year:04d}" if size > 2 or unit[0] == "e" else f"{when.year % 100:02d}"
    if unit[0] == "m" and size > 2:
        name = MONTHS[when.month - 1]
        return name[:3] if size == 3 else name[:1] if size == 5 else name
    if unit[0] == "d" and size > 2:
        name = WEEKDAYS[when.weekday()]
        return name[:3] if size == 3 else name
    hour = (when.hour % 12 or 12) if half else when.hour
    number = {"m": when.month, "d": when.day, "h": hour, "n": when.minute, "s": when.second}[unit[0]]
    return f"{number:02d}" if size > 1 else str(number)
