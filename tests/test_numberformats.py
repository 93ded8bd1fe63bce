"""What a cell shows: number formats of spreadsheets, as Excel shows them."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.files.numberformats import BUILT_IN, number_format

KNOWN = {
    # What is suppressed, and what is not.
    '[<5]"[c]"': {3: "[c]", 4.9: "[c]", 5: "5", 7: "7"},
    '[<5]"[c]";0': {3: "[c]", 7.4: "7", -3: "[c]"},
    '[<5]"[c]";[>=100]0.0;#,##0': {1: "[c]", 99.5: "100", 1234: "1234.0"},
    '[=0]"none";0': {0: "none", 7: "7"},
    '#,##0;-#,##0;"-"': {0: "-", 1234: "1,234", -1234.567: "-1,235"},
    ";;;": {5: "", 0: "", -3: ""},
    "0;;": {5: "5", 0: "", -3: ""},
    # Numbers.
    "General": {0.1 + 0.2: "0.3", 1e-7: "0.0000001", 123456789012: "123456789012", -3.5: "-3.5"},
    "0": {2.5: "3", 62.4: "62", -0.4: "0"},
    "0.00": {2.675: "2.68", 5: "5.00", 0.005: "0.01"},
    "#.##": {0.5: ".5", 7: "7."},
    "000": {7: "007", 1234: "1234"},
    "000-00-0000": {123456789: "123-45-6789"},
    "#,##0.00": {12345678.9: "12,345,678.90", 99.5: "99.50"},
    "0.0,": {1234: "1.2"},
    '#,##0.0,,"m"': {12345678.9: "12.3m"},
    "0%": {0.624: "62%"},
    "0.0%": {0.624: "62.4%", -0.4: "-40.0%"},
    '0"%"': {78: "78%"},
    r"0\%": {78: "78%"},
    "#,##0_);(#,##0)": {-1234.567: "(1,235)", 5: "5"},
    '"£"#,##0.00': {1234.5: "£1,234.50", -3: "-£3.00"},
    "[$£-809]#,##0.00": {1234.5: "£1,234.50"},
    '_-£* #,##0.00_-;-£* #,##0.00_-;_-£* "-"??_-;_-@_-': {0: "£-", 1234.5: "£1,234.50", -3: "-£3.00"},
    '0" people"': {7: "7 people"},
    'General" p"': {7.25: "7.25 p"},
    "[Red]0;[Blue]-0": {-3: "-3"},
    "0.00E+00": {12345678.9: "1.23E+07", 0.005: "5.00E-03", 0: "0.00E+00"},
    "##0.0E+0": {12345678.9: "12.3E+6"},
    "# ?/?": {0.5: "1/2", 99.5: "99 1/2", 4: "4"},
    "?/8": {0.624: "5/8"},
    "@": {7: "7"},
    # Times and dates that are not whole.
    "[h]:mm": {26.5 / 24: "26:30", 1.5: "36:00"},
    "[h]:mm:ss": {26.5 / 24: "26:30:00"},
    "[mm]:ss": {0.5: "720:00"},
    "h:mm": {26.5 / 24: "2:30", 0.999999: "0:00"},
    "h:mm AM/PM": {44105.5: "12:00 PM"},
    "mm:ss.0": {39813.7654321: "22:13.3"},
    "mmm-yy": {44105: "Oct-20"},
    "mmm yyyy": {44105.5: "Oct 2020"},
    "yyyy": {44105: "2020"},
    "d-mmm": {44105: "1-Oct"},
    "dddd": {44105: "Thursday"},
    "mmmm": {-3: "########"},
}
"""By format: a number, and what Excel shows of it. Compared with ssf, the Python port of SheetJS's SSF; that
shows fewer digits of General, rounds 2.675 down and drops decimals before some exponents."""


@pytest.mark.parametrize("code", KNOWN)
def test_a_number_is_shown_as_its_format_says(code: str) -> None:
    shown = number_format(code)
    assert {value: shown.show(value) for value in KNOWN[code]} == KNOWN[code]


@pytest.mark.parametrize(
    ("code", "value", "day"),
    [
        ("dd/mm/yyyy", 39813, datetime(2008, 12, 31)),
        ("d mmm yy", 39813.75, datetime(2008, 12, 31)),
        ("dd/mm/yyyy hh:mm", 39813.75, datetime(2008, 12, 31, 18)),
        ("[$-F800]dddd, mmmm dd, yyyy", 44105, datetime(2020, 10, 1)),
        (BUILT_IN[14], 1, datetime(1900, 1, 1)),
        ("yyyy-mm-dd", 61, datetime(1900, 3, 1)),
    ],
)
def test_a_date_that_shows_day_month_and_year_is_a_date(code: str, value: float, day: datetime) -> None:
    assert number_format(code).show(value) == day


def test_a_workbook_that_counts_from_1904_has_later_days() -> None:
    assert number_format("yyyy-mm-dd").show(0, from_1904=True) == datetime(1904, 1, 1)
    assert number_format("mmm yyyy").show(38351, from_1904=True) == "Dec 2008"


def test_a_text_is_shown_as_its_format_says() -> None:
    assert number_format("General").show_text("a") == "a"
    assert number_format('0;0;0;"("@")"').show_text("a") == "(a)"
    assert number_format(";;;").show_text("hidden") == ""
    assert number_format(";;").show_text("seen") == "seen"


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_decimals_are_rounded_half_up_as_the_number_is_written(value: float, places: int) -> None:
    shown = number_format("0." + "0" * places if places else "0").show(value)
    exact = Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    assert isinstance(shown, str) and Decimal(shown) == exact


@given(st.floats(allow_nan=True), st.integers(1, 3))
def test_groups_are_of_three_digits(value: float, wide: int) -> None:
    shown = number_format("#," + "#" * (3 - wide) + "0" * wide).show(value)
    assert isinstance(shown, str)
    groups = shown.lstrip("-").split(",")
    assert shown == "########" or all(len(group) == 3 for group in groups[1:])


@given(
    st.text('0#?.,%;"[]<>=@yYmdhsE+-/\\_* AMPGeneral5£', max_size=30),
    st.floats(allow_nan=True, allow_infinity=True),
)
@example("[h", 1.0)
@example("0.0E+0;;;", 1e300)
@example("?/?", 1e20)
@example("#,,,,", 1e-300)
@example('"', 1.0)
def test_whatever_is_written_as_a_format_something_is_shown(code: str, value: float) -> None:
    shown = number_format(code)
    assert isinstance(shown.show(value), str | datetime)
    assert isinstance(shown.show_text("a"), str)
