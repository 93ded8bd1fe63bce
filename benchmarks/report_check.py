"""What the check of a report costs: 300 paragraphs, each with its supports, over a review of many items.

    python benchmarks/report_check.py   50,000 items

The review is generated evidence, assessed; every paragraph names items, a measure and the rating of its
heading, half of them in two languages. The check is timed as the page of the report asks for it: in a process
that has the database open.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, process_time

from generate import make_reviews
from rounds import call
from table import Row, as_table, machine

from assessment.runs.run import load_run
from joint_review.opening import init_programme, open_programme
from programme.database import Database
from programme.reviews import find_review
from report.check import check_report
from report.model import Language
from report.textfiles import Given, GivenParagraph
from report.writing import start_report, write_report
from report.written import find_report

ITEMS, PARAGRAPHS, ROUNDS = 50_000, 300, 9
MOST_SECONDS = 0.3
REVIEW = "a001"
NOW = datetime(2026, 11, 2, tzinfo=UTC)


@dataclass(frozen=True)
class ReportChecked:
    """What checks of one report took."""

    items: int
    paragraphs: int
    supports: int
    findings: int
    seconds: list[float]
    cpu: list[float]


def measure_check(folder: Path, items: int = ITEMS) -> ReportChecked:
    """A report of `PARAGRAPHS` over a review of that many items, checked `ROUNDS` times."""
    folder.mkdir(exist_ok=True)
    path = folder / "programme.db"
    db, _ = init_programme(path)
    make_reviews(db, 1, items)
    db.conn.close()
    command = (Path(sys.executable).parent / "joint-review", "assess", REVIEW, "--by", "benchmark")
    call(*command, "--evaluator-only", "--db", path)
    db = open_programme(path)
    try:
        return _measured(db)
    finally:
        db.conn.close()


def _measured(db: Database) -> ReportChecked:
    review = find_review(db, REVIEW)
    run = load_run(db, review)
    report = start_report(db, review, by="benchmark", at=NOW)
    numbers = cycle(
        [row[0] for row in db.execute("select id from evidence where review_id = ?", [review.id]).fetchall()]
    )
    given = []
    for place, heading in zip(range(PARAGRAPHS), cycle(review.framework.domains), strict=False):
        named = " ".join(f"[E{number}]" for number in islice(numbers, 5))
        measure = next(iter(run.result.measures[heading]))
        text = (
            f"This heading is {{rating:{heading}}}: {{{heading}.{measure}}} of what was found {named}. " * 2
        )
        texts: dict[Language, str] = {"en": text}
        if place % 2:
            texts["cy"] = text
        given.append(GivenParagraph(f"paragraph {place}", heading, "text", texts))
    write_report(db, report, Given(tuple(given)), by="benchmark", at=NOW)
    seconds, cpu, findings, supports = [], [], 0, 0
    for _ in range(ROUNDS):
        start, used = perf_counter(), process_time()
        checked = check_report(db, find_report(db, review))
        seconds.append(perf_counter() - start)
        cpu.append(process_time() - used)
        findings, supports = len(checked.findings), checked.named
    return ReportChecked(checked.items, checked.paragraphs, supports, findings, seconds, cpu)


def check_rows(found: ReportChecked) -> list[Row]:
    """The line of the table."""
    took, used = statistics.median(found.seconds), statistics.median(found.cpu)
    return [
        Row(
            f"report check, {found.paragraphs} paragraphs over {found.items:,} items",
            f"{took * 1000:.0f} ms, {used * 1000:.0f} ms of processor time",
            f"{found.supports:,} items named, {found.findings:,} findings",
            bound=f"at most {MOST_SECONDS:g} s",
            held=used <= MOST_SECONDS,
        )
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="joint-review-bench-") as name:
        measured = measure_check(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else ITEMS)
    print(machine(("joint-review",)))
    print(as_table(check_rows(measured)))
    print(json.dumps(asdict(measured)["cpu"]))
