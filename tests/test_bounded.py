"""What a statement of somebody's own may cost: bytes of the statement, of a value, of what it gives."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from form_bench import MODERATOR, made, opened, programme
from hypothesis import example, given, settings
from hypothesis import strategies as st

from programme import bounded
from programme.hidden import as_pages, as_writer

__all__ = ["made", "programme"]


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as made:
        made.row_factory = sqlite3.Row
        bounded.prepare(made)
        yield made


NUMBERS = st.one_of(st.integers(-5, 5), st.sampled_from([1.5, 2.0, 1e20]))
TEXTS = st.one_of(st.none(), st.text("ab% é", max_size=6), NUMBERS)
CALLS = (
    "instr(?, ?)",
    "replace(?, ?, 'b')",
    "replace(?1, ?2, ?1)",
    "trim(?, ?)",
    "ltrim(?, ?)",
    "rtrim(?, ?)",
    "trim(?) || ?",
)


@settings(deadline=None)
@example("replace(?, ?, 'b')", 0, "")
@given(st.sampled_from(CALLS), TEXTS, TEXTS)
def test_functions_that_take_the_place_of_the_databases_own_give_the_same(
    call: str, one: Any, two: Any
) -> None:
    with closing(sqlite3.connect(":memory:")) as own, closing(sqlite3.connect(":memory:")) as ours:
        bounded.prepare(ours)
        [wanted] = own.execute(f"select {call}", [one, two]).fetchone()
        [found] = ours.execute(f"select {call}", [one, two]).fetchone()
        assert (type(found), found) == (type(wanted), wanted)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select 1 -- " + "x" * bounded.LONGEST_STATEMENT, "query string is too large"),
        (f"select zeroblob({bounded.LARGEST_VALUE + 1})", "too big"),
        (f"select replace(printf('%.*c', {bounded.LARGEST_VALUE // 2}, 'x'), 'x', 'abc')", "too big"),
        ("select 'a' like printf('%.*c', 2000, '%')", "LIKE or GLOB pattern too complex"),
        (
            "with n(i) as (select 1 union all select i + 1 from n) select zeroblob(9000000) from n",
            "larger than",
        ),
    ],
)
def test_a_statement_that_costs_too_many_bytes_is_refused(
    connection: sqlite3.Connection, sql: str, said: str
) -> None:
    with pytest.raises(sqlite3.Error, match=said):
        connection.execute(sql).fetchmany(1_000)
    assert connection.execute("select 1").fetchone()[0] == 1


def test_what_pages_and_forms_ask_is_held_to_the_databases_own_limits(connection: sqlite3.Connection) -> None:
    larger = f"select length(zeroblob({bounded.LARGEST_VALUE + 1}))"
    for mode in (as_pages, as_writer):
        with mode(connection):
            assert connection.execute(larger).fetchone()[0] == bounded.LARGEST_VALUE + 1
            assert connection.row_factory is sqlite3.Row
        with pytest.raises(sqlite3.Error, match="too big"):
            connection.execute(larger).fetchone()


def test_the_size_of_a_result_is_counted_for_each_statement(connection: sqlite3.Connection) -> None:
    for _ in range(4):
        assert len(connection.execute("select zeroblob(18000000)").fetchall()) == 1


async def test_a_statement_on_the_pages_is_bounded(programme: Path) -> None:
    statements = {
        "select length(zeroblob(9))": 200,
        "select zeroblob(20000001)": 400,
        "select '" + "x" * 20_000 + "'": 400,
    }
    async with opened(programme) as bench:
        for sql, status in statements.items():
            answer = await bench.get(f"/programme.json?{urlencode({'sql': sql})}", MODERATOR)
            assert answer.status_code == status, answer.text[:500]
        assert (await bench.get("/reviews.json", MODERATOR)).status_code == 200
