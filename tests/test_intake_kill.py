"""An import that is killed leaves the database as it was; one that is large needs no more memory."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from example_framework import (
    AT,
    SOURCES,
    added,
    contents,
    counts,
    finding,
    new_programme,
    new_review,
    write_csv,
)

from evidence.intake.importing import import_files
from joint_review.upgrades.evidence import migrations as evidence_upgrades
from programme.database import Database, open_database
from programme.reviews import find_review

STRANDS = ("all", "adults", "older-people", "carers")
DOMAINS = ("carers", "assessment;carers", "care-planning", "leadership")


def many_findings(path: Path, count: int, prefix: str = "p.") -> Path:
    return write_csv(
        path,
        [
            finding(
                f"{prefix} {number}",
                f"Finding number {number} of many, in a sentence of the usual length about plans and carers.",
                source=f"I{number % 2 + 1}",
                strand=STRANDS[number % 4],
                domains=DOMAINS[number % 4],
            )
            for number in range(count)
        ],
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A review with its sources and a few findings, closed."""
    path = tmp_path / "programme.db"
    with closing(new_programme(path).conn) as connection:
        db = Database(connection)
        files = [write_csv(tmp_path / "sources.csv", SOURCES), many_findings(tmp_path / "few.csv", 50, "f.")]
        import_files(db, new_review(db), files, by="lead", at=AT)
    return path


@pytest.fixture
def db(path: Path) -> Iterator[Callable[[], Database]]:
    """Opens the database; closes it after the test."""
    opened: list[Database] = []

    def open_it() -> Database:
        opened.append(open_database(path, [evidence_upgrades]))
        return opened[-1]

    yield open_it
    for found in opened:
        found.conn.close()


Moment = Callable[[Database, int, str], None]


def killed_at(path: Path, file: Path, moment: Moment) -> bool:
    """Import a file in a process of its own that kills itself at a moment; whether it got to the moment."""
    child = os.fork()
    if child == 0:
        try:
            db = open_database(path, [evidence_upgrades])
            # So small a cache that pages are written to the log long before the end.
            db.conn.execute("pragma cache_size=50")
            review = find_review(db, "north")
            import_files(
                *(db, review, [file]), by="lead", at=AT, progress=lambda done, _, what: moment(db, done, what)
            )
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def kill(*_: object) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def at_step(step: int, what: str = "storing") -> Moment:
    """When the import says that it is at a step of storing (or reading a file)."""
    return lambda db, done, said: kill() if said.startswith(what) and done >= step else None


def within_step(step: int, instructions: int) -> Moment:
    """In the middle of a statement, so many of SQLite's instructions after a step has begun."""

    def moment(db: Database, done: int, said: str) -> None:
        if (done, said) == (step, "storing"):
            db.conn.set_progress_handler(kill, instructions)

    return moment


LARGE = {
    "while the file is read": at_step(200_000, "reading"),
    "while rows are decided on": within_step(0, 500_000),
    "among the items": within_step(2, 1_500_000),
    "among the tags": within_step(3, 200_000),
}
"""Moments of an import of 30,000 rows."""
SMALL = {
    "while the file is read": at_step(0, "reading"),
    "before anything is decided": at_step(0),
    "while rows are decided on": within_step(0, 50_000),
    "when all is decided": at_step(1),
    "before the items": at_step(2),
    "among the items": within_step(2, 100_000),
    "before the tags": at_step(3),
    "among the tags": within_step(3, 20_000),
}
"""Moments of an import of 3,000 rows."""


def test_an_import_killed_at_any_moment_leaves_the_database_as_it_was(
    path: Path, tmp_path: Path, db: Callable[[], Database]
) -> None:
    file = many_findings(tmp_path / "findings.csv", 30_000)
    before = db()
    expected, stored = counts(before), contents(before)
    before.conn.close()
    logged = 0
    for name, moment in LARGE.items():
        assert killed_at(path, file, moment), f"the import ended before it could be killed {name}"
        log = path.with_name(path.name + "-wal")
        logged = max(logged, log.stat().st_size if log.exists() else 0)
        after = db()
        assert counts(after) == expected, name
        assert after.conn.execute("pragma integrity_check").fetchone()[0] == "ok", name
        assert after.conn.execute("pragma foreign_key_check").fetchall() == [], name
        after.conn.execute("insert into evidence_fts (evidence_fts) values ('integrity-check')")
        after.conn.close()
    assert logged > 1_000_000, "no kill came after pages had been written"
    last = db()
    assert contents(last) == stored
    report = import_files(last, find_review(last, "north"), [file], by="lead", at=AT)
    assert report.added == added(items=30_000, tags=37_500)
    assert last.conn.execute("pragma integrity_check").fetchone()[0] == "ok"


@pytest.mark.parametrize("name", SMALL)
def test_the_same_import_succeeds_after_the_kill(
    path: Path, tmp_path: Path, db: Callable[[], Database], name: str
) -> None:
    file = many_findings(tmp_path / "findings.csv", 3_000)
    before = db()
    expected = counts(before)
    before.conn.close()
    assert killed_at(path, file, SMALL[name])
    again = db()
    assert counts(again) == expected
    assert again.conn.execute("pragma integrity_check").fetchone()[0] == "ok"
    assert import_files(again, find_review(again, "north"), [file], by="lead", at=AT).added["items"] == 3_000
    assert counts(again)["evidence"] == 3_050


def test_an_import_killed_when_it_was_done_is_stored(
    path: Path, tmp_path: Path, db: Callable[[], Database]
) -> None:
    file = many_findings(tmp_path / "findings.csv", 3_000)
    assert killed_at(path, file, at_step(4))
    after = db()
    assert counts(after)["evidence"] == 3_050
    report = import_files(after, find_review(after, "north"), [file], by="lead", at=AT)
    assert (report.added["items"], report.already_there) == (0, 3_000)


def test_a_reader_sees_all_of_an_import_or_nothing(path: Path, tmp_path: Path) -> None:
    file = many_findings(tmp_path / "findings.csv", 3_000)
    seen: list[int] = []
    with (
        closing(open_database(path, [evidence_upgrades]).conn) as connection,
        closing(sqlite3.connect(path)) as reader,
    ):
        db = Database(connection)

        def look(done: int, total: int, what: str) -> None:
            seen.append(reader.execute("select count(*) from evidence").fetchone()[0])

        import_files(db, find_review(db, "north"), [file], by="lead", at=AT, progress=look)
    assert set(seen) == {50, 3_050}
    assert seen[-1] == 3_050 and seen[:-1] == [50] * (len(seen) - 1)


IMPORT = r"""
import re, sys
from datetime import UTC, datetime
from pathlib import Path
from programme.database import open_database
from joint_review.upgrades.evidence import migrations as evidence_upgrades
from evidence.intake.importing import import_files
from programme.reviews import find_review
db = open_database(Path(sys.argv[1]), [evidence_upgrades])
db.conn.execute("pragma cache_size=-2000")
import_files(db, find_review(db, "north"), [Path(sys.argv[2])], by="lead", at=datetime.now(UTC))
db.conn.close()
print(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def memory_of(path: Path, file: Path) -> float:
    """The most memory that an import in a process of its own held, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, str(path), str(file)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) / 1_000


# Not ru_maxrss: a new process takes the memory of the one that started it into its account.
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from Linux's /proc")
def test_four_times_the_rows_need_no_more_memory(path: Path, tmp_path: Path) -> None:
    other = Path(shutil.copy(path, tmp_path / "other.db"))
    small = memory_of(path, many_findings(tmp_path / "small.csv", 10_000))
    large = memory_of(other, many_findings(tmp_path / "large.csv", 40_000))
    # 30,000 rows held in memory as they are validated would be 60 MB and more.
    assert large - small < 10, f"{small:.0f} MB for 10,000 rows, {large:.0f} MB for 40,000"
