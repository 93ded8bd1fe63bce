"""Numbers, shares, plurals and lists read the same in every sentence."""

from __future__ import annotations

import re

import pytest
from tree import LAYERS, ROOT

from rules.words import listed, many, percent, percentage, shown_number


@pytest.mark.parametrize(
    ("number", "shown"), [(3, "3"), (3.0, "3"), (1234567, "1,234,567"), (0.25, "0.2"), (1234.56, "1,234.6")]
)
def test_numbers_are_shown_as_people_read_them(number: float, shown: str) -> None:
    assert shown_number(number) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0, "0 %"),
        (0.0001, "<1 %"),
        (0.005, "<1 %"),
        (0.006, "1 %"),
        (0.624, "62 %"),
        (0.994, "99 %"),
        (0.9999, ">99 %"),
        (1, "100 %"),
    ],
)
def test_a_share_that_is_not_nothing_and_not_all_never_looks_like_it(share: float, shown: str) -> None:
    assert percent(share) == shown
    assert percentage(share) == shown.removesuffix(" %")


def test_a_share_may_be_shown_with_decimals() -> None:
    assert percent(0.6239, decimals=1) == "62.4 %"


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 criteria"), (1, "1 criterion"), (2000, "2,000 criteria")]
)
def test_a_noun_follows_its_number(count: int, shown: str) -> None:
    assert many(count, "criterion", "criteria") == shown
    assert many(count, "item") == shown.replace("criterion", "item").replace("criteria", "items")


@pytest.mark.parametrize(
    ("words", "shown"), [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")]
)
def test_a_list_is_read_as_in_a_sentence(words: list[str], shown: str) -> None:
    assert listed(words, "or") == shown
    assert listed(iter(words)) == shown.replace(" or ", " and ")


def test_no_other_module_makes_its_own_plurals_or_percentages() -> None:
    own = re.compile(r"""\{'s' if |\{'' if .* else 's'\}|:\.\df\} %|100 \* \w+:""")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for package in LAYERS
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.name != "words.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if own.search(line)
    ]
    assert found == []
