"""What is measured in a process of its own; prints one line of JSON.

python benchmarks/child.py assess FILE.db REVIEW SEED     two runs of assessment.runs.run.assess
python benchmarks/child.py statements FILE.db REVIEW      the bare statements such a run needs
python benchmarks/child.py engines ROUNDS                 all engines on the same rules and facts
python benchmarks/child.py page FILE.db                   a trail page beside a page of Datasette's own
"""

from __future__ import annotations

import gc
import json
import resource
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from generate import FRAMEWORK

from rules.loader import load_policy


def assess(path: str, review: str, seed: str) -> list[tuple[float, float]]:
    """Two runs, recorded: (seconds, seconds of processor time) of each.

    A new seed makes a new run. Opening the file is not timed, everything else is. The first run also loads
    the libraries it needs; the second finds them there.
    """
    from assessment.runs.run import assess
    from joint_review.opening import open_programme
    from programme.reviews import find_review

    policy = load_policy(FRAMEWORK)
    db = open_programme(Path(path))
    found = find_review(db, review)
    at, on = datetime(2009, 1, 1, tzinfo=UTC), date(2008, 12, 31)
    taken: list[tuple[float, float]] = []
    for number in (2 * int(seed), 2 * int(seed) + 1):
        with taking(taken):
            run = assess(db, found, policy, on=on, by="benchmark", at=at, seed=number)
        assert run.is_new and run.result.cell
    return taken


def statements(path: str, review: str) -> list[tuple[float, float]]:
    """The same measures' statements, executed with plain sqlite3 and nothing else."""
    from evidence.measures.compute import COUNTED, measure_sql

    queries = [measure_sql(measure) for measure in load_policy(FRAMEWORK).rulebook.evidence_measures]
    taken: list[tuple[float, float]] = []
    with taking(taken):
        connection = sqlite3.connect(path)
        number = connection.execute("select id from review where key = ?", [review]).fetchone()[0]
        event = connection.execute("select max(id) from event").fetchone()[0]
        connection.execute(COUNTED, {"review": number, "event": event})
        for sql, parameters in queries:
            connection.execute(sql, parameters).fetchall()
        connection.close()
    return taken


@contextmanager
def taking(taken: list[tuple[float, float]]) -> Iterator[None]:
    """Append what the block takes: seconds, and of the processor, child processes included."""
    start, used = time.perf_counter(), _used()
    yield
    taken.append((time.perf_counter() - start, _used() - used))


def _used() -> float:
    mine, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime


def engines(rounds: str) -> dict[str, Any]:
    """Every engine by turns, A B C A B C ...: seconds, processor time of this process, and what fired."""
    from engines import contenders, made_up_rules, welsh_rules

    from rules.engine import EngineWorker

    result: dict[str, Any] = {}
    for name, (rules, facts) in {"made up": made_up_rules(), "Wales": welsh_rules()}.items():
        with EngineWorker() as worker:
            ready = contenders(rules, facts, worker)
            answers = {who: one.read(one.run()) for who, one in ready.items()}
            times: dict[str, list[float]] = {who: [] for who in ready}
            used: dict[str, list[float]] = {who: [] for who in ready}
            # What is there already is not searched for garbage at the cost of whoever's turn it is.
            gc.collect()
            gc.freeze()
            for _ in range(int(rounds)):
                for who, one in ready.items():
                    start, before = time.perf_counter(), time.process_time()
                    one.run()
                    used[who].append(time.process_time() - before)
                    times[who].append(time.perf_counter() - start)
        expected = answers["evaluator"]
        result[name] = {
            "facts": len(facts),
            "rules": len(rules),
            "firings": len(expected),
            "differ": [who for who, found in answers.items() if found != expected],
            "seconds": times,
            "cpu": used,
        }
    return result


def page(path: str) -> dict[str, Any]:
    """A trail page by turns with a page of Datasette's own: see page.py."""
    from page import measure_page

    return measure_page(path)


MEASURED: dict[str, Callable[..., Any]] = {
    "assess": assess,
    "statements": statements,
    "engines": engines,
    "page": page,
}

if __name__ == "__main__":
    print(json.dumps(MEASURED[sys.argv[1]](*sys.argv[2:])))
