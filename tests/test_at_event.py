"""What counted at an event: added by then and not withdrawn by then, defined in one place."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from tree import LAYERS, ROOT

from evidence.at_event import added_by, came_between, counted_at, not_withdrawn_by, went_between

ITEMS = [("never withdrawn", 2, None), ("withdrawn at 5", 2, 5), ("came at 4", 4, None), ("3 to 4", 3, 4)]


def that(condition: str) -> list[str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table item (name, added_event, withdrawn_event)")
        connection.executemany("insert into item values (?, ?, ?)", ITEMS)
        return [name for (name,) in connection.execute(f"select name from item i where {condition}")]


@pytest.mark.parametrize(
    ("event", "counted"),
    [
        (1, []),
        (2, ["never withdrawn", "withdrawn at 5"]),
        (3, ["never withdrawn", "withdrawn at 5", "3 to 4"]),
        (4, ["never withdrawn", "withdrawn at 5", "came at 4"]),
        (5, ["never withdrawn", "came at 4"]),
    ],
)
def test_an_item_counts_from_the_event_that_added_it_until_the_one_that_withdrew_it(
    event: int, counted: list[str]
) -> None:
    assert that(counted_at("i", str(event))) == counted
    assert that(f"{added_by('i', str(event))} and {not_withdrawn_by('i', str(event))}") == counted


def test_between_two_events_items_come_and_go_and_what_did_both_did_neither() -> None:
    assert that(came_between("i", "2", "4")) == ["came at 4"]
    assert that(went_between("i", "2", "5")) == ["withdrawn at 5"]


def test_no_other_module_writes_the_condition_itself() -> None:
    written = [
        f"{path.relative_to(ROOT)}:{number}"
        for layer in LAYERS[1:]
        for path in sorted((ROOT / layer).rglob("*.py"))
        if path.name != "at_event.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "withdrawn_event is null or " in line
    ]
    assert written == []
