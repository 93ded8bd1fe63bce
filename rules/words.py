"""Numbers, shares, plurals and lists in sentences: once for every layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

SIGNIFICANCE = {1: "minor", 2: "important", 3: "serious"}
"""How much a finding matters."""


def shown_number(value: int | float) -> str:
    """A number as people read it: one decimal where needed, thousands separated."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def percent(share: float, decimals: int = 0) -> str:
    """A share (0 to 1) in percent, with its sign: '62 %'; with `decimals`, '62.4 %'."""
    return f"{percentage(share, decimals)} %"


def percentage(share: float, decimals: int = 0) -> str:
    """A share (0 to 1) in percent; as a whole number, what is not nothing and not all never looks like it."""
    shown = f"{100 * share:.{decimals}f}"
    if decimals:
        return shown
    return "<1" if shown == "0" and share else ">99" if shown == "100" and share < 1 else shown


def shown_value(value: object, longest: int = 60) -> str:
    """What stands in a cell or behind a key, as a message says it: 'carers', 5, nothing, a list."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return repr(str(value).lower())
    if isinstance(value, int | float):
        return str(value)[:longest]
    if isinstance(value, Mapping):
        return "keys with values"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "a list"
    text = str(value)
    shown = repr(text[:longest])
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."


def many(count: int, one: str, more: str = "") -> str:
    """A number with its noun: '1 item', '2,000 items'; `more` is the plural where it takes more than an s."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as a list in a sentence: 'a', 'a and b', 'a, b and c'."""
    *before, end = [*words] or [""]
    return f"{', '.join(before)} {last} {end}" if before else end
