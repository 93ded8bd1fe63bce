"""What a trail page costs: statements, processor time and time, beside a page of Datasette's own.

python benchmarks/page.py     the rows of the table alone

The yardstick is the page that Datasette makes of one row of a table: nothing of ours but its templates, and
the same work whatever the review holds. Both pages are asked for by turns in one process, as root, without a
network between. The first page of a run is not among them: it also works out what is kept of the run.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from generate import make_reviews
from rounds import call, child, say, shown_ms
from table import Row, as_table, machine

from joint_review.opening import init_programme

SIZES = (567, 5_000, 50_000)
ROUNDS = 60
MOST_STATEMENTS, MOST_GROWTH = 12, 1.3
REVIEW = "a001"
PAGE, YARDSTICK = f"/reviews/{REVIEW}/trail/getting-help", "/programme/rating/1"


@dataclass(frozen=True)
class Pages:
    """What the pages of one review took, in seconds and in seconds of processor time."""

    items: int
    statements: int
    own: Sequence[float]
    own_cpu: Sequence[float]
    yardstick: Sequence[float]
    yardstick_cpu: Sequence[float]


def measure_page(path: str) -> dict[str, Any]:
    """The trail page of a review that was assessed, beside the yardstick: see `Pages`."""
    return asyncio.run(_by_turns(Path(path)))


async def _by_turns(path: Path) -> dict[str, Any]:
    from datasette.app import Datasette
    from datasette.database import Database

    statements: list[str] = []
    connect = Database.connect

    def watched(database: Any, *given: Any, **named: Any) -> Any:
        connection = connect(database, *given, **named)
        connection.set_trace_callback(statements.append)
        return connection

    Database.connect = watched
    datasette = Datasette([str(path)])
    await datasette.invoke_startup()
    cookies = {"ds_actor": datasette.sign({"a": {"id": "root"}}, "actor")}
    taken: dict[str, list[tuple[float, float]]] = {PAGE: [], YARDSTICK: []}
    await datasette.client.get(PAGE, cookies=cookies)
    statements.clear()
    await datasette.client.get(PAGE, cookies=cookies)
    count = len(_of_pages(statements))
    for _ in range(ROUNDS):
        for asked, times in taken.items():
            start, used = perf_counter(), process_time()
            response = await datasette.client.get(asked, cookies=cookies)
            times.append((perf_counter() - start, process_time() - used))
            if response.status_code != 200:
                sys.exit(f"{asked} answered {response.status_code}: {response.text[:500]}")
    own, yardstick = taken.values()
    return {
        "statements": count,
        "own": [seconds for seconds, _ in own],
        "own_cpu": [used for _, used in own],
        "yardstick": [seconds for seconds, _ in yardstick],
        "yardstick_cpu": [used for _, used in yardstick],
    }


def _of_pages(statements: Sequence[str]) -> list[str]:
    """Those run inside the transactions of pages, without what full-text tables run inside a statement."""
    found, inside = [], False
    for statement in statements:
        word = statement.strip().lower()
        if word.startswith(("begin", "rollback")):
            inside = word.startswith("begin")
        elif inside and not word.startswith(("--", "pragma")):
            found.append(statement)
    return found


def page_rows(found: Sequence[Pages]) -> list[Row]:
    """A line per size, by processor time, which load disturbs less; and whether the largest costs more."""
    rows = []
    for one in found:
        row = Row(
            f"trail page of a review of {one.items:,} items",
            f"{shown_ms(one.own_cpu)} of processor time, {one.statements} statements",
            f"Datasette's page of one row: {shown_ms(one.yardstick_cpu)}",
            statistics.median(one.own) / statistics.median(one.yardstick),
            statistics.median(one.own_cpu) / statistics.median(one.yardstick_cpu),
            bound=f"at most {MOST_STATEMENTS} statements",
            held=one.statements <= MOST_STATEMENTS,
        )
        rows.append(row)
    small, large = found[0], found[-1]
    first, last = rows[0].of_cpu or 1, rows[-1].of_cpu or 1
    return [
        *rows,
        Row(
            f"trail page of a review of {large.items:,} items, in yardsticks",
            f"{last:.2f}",
            f"{small.items:,} items: {first:.2f}",
            of_cpu=last / first,
            bound=f"at most {MOST_GROWTH} of CPU (flat)",
            held=last / first <= MOST_GROWTH,
        ),
    ]


def measure_pages(folder: Path) -> list[Pages]:
    """The trail page of reviews of all sizes, each in a process of its own."""
    found = []
    for items in SIZES:
        say(f"trail pages of a review of {items:,} items")
        path = _assessed(folder / f"pages-{items}", items)
        found.append(Pages(items, **child("page", path)[0]))
    return found


def _assessed(folder: Path, items: int) -> Path:
    """A working database with one review of that many items, assessed."""
    folder.mkdir()
    path = folder / "programme.db"
    db, _ = init_programme(path)
    try:
        make_reviews(db, 1, items)
    finally:
        db.conn.close()
    command = (Path(sys.executable).parent / "joint-review", "assess", REVIEW, "--by", "benchmark")
    call(*command, "--evaluator-only", "--db", path)
    return path


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="joint-review-bench-") as name:
        measured = page_rows(measure_pages(Path(name)))
    print(machine(("joint-review", "datasette")))
    print(as_table(measured))
