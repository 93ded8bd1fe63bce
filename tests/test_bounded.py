"""What a statement of somebody's own may cost: bytes of the statement, of a value, of what it gives."""

from __future__ import annotations

import sqlite3
import time
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


@pytest.mark.parametrize("call", ["instr(?, ?)", "replace(?, ?, '')"])
def test_a_search_within_one_function_takes_time_that_grows_with_the_text_alone(
    connection: sqlite3.Connection, call: str
) -> None:
    # SQLite compares the words at every place, without looking at the clock: here 40,000 million letters.
    text, part = "a" * 400_000, "a" * 200_000 + "b"
    begun = time.process_time()
    connection.execute(f"select {call}", [text, part]).fetchone()
    assert time.process_time() - begun < 0.2


async def test_a_statement_on_the_pages_that_goes_on_and_on_is_stopped(programme: Path) -> None:
    sql = "with n(i) as (select 1 union all select i + 1 from n where i < 1e9) select max(i) from n"
    async with opened(programme, sql_time_limit_ms=100) as bench:
        answer = await bench.get(f"/programme.json?{urlencode({'sql': sql})}", MODERATOR)
        assert answer.status_code == 400 and "took too long" in answer.text
        assert (await bench.get("/reviews.json", MODERATOR)).status_code == 200


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
