"""What tests share: the worked example in a database, built once, and connections that get closed."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from assessment_example import assess_plainly, load_example, new_programme, new_review
from command_line import Say, run_command
from evidence_rows import finding
from example_framework import Desk

from assessment.runs.run import Run, assess
from evidence.intake.importing import import_files
from joint_review.opening import init_programme, open_programme
from programme.database import Database
from programme.reviews import Review, create_review
from rules.loader import load_policy

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from reading import Site

# What tests write is gone after them: in memory, none of the many small commits waits for a disk.
MEMORY = Path("/dev/shm")
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 * 1024**3:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# openpyxl writes other bytes where lxml is installed, which the reports in Word bring along.
os.environ["OPENPYXL_LXML"] = "False"

EXAMPLE = Path(__file__).parents[1] / "examples" / "wales-2004-08"
NOW = datetime(2009, 6, 1, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def example_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working database with the worked example, imported and assessed once; never write to it."""
    path = tmp_path_factory.mktemp("example") / "programme.db"
    db, _ = init_programme(path)
    try:
        review = create_review(
            db,
            "wales-2004-08",
            "Ten councils of the second round, taken together",
            "wales-round-2",
            window_from=date(2004, 1, 1),
            window_to=date(2008, 12, 31),
            by="lead",
            at=NOW,
        )
        import_files(db, review, sorted(EXAMPLE.glob("[!e]*.csv")), by="lead", at=NOW)
        assess(db, review, load_policy("wales-round-2"), on=NOW.date(), by="lead", at=NOW)
    finally:
        db.conn.close()
    return path


@pytest.fixture(scope="session")
def many_findings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working database with a review of 300 findings; never write to it."""
    folder = tmp_path_factory.mktemp("findings")
    with closing(new_programme(folder).conn) as connection:
        new_review(Database(connection), "r1", "wales-round-2", *(finding("I1") for _ in range(300)))
    return folder / "programme.db"


@pytest.fixture
def example_copy(example_db: Path, tmp_path: Path) -> Path:
    """The worked example in a file of the test's own, to write to."""
    return Path(shutil.copy(example_db, tmp_path / "programme.db"))


@pytest.fixture(scope="module")
def programme(example_db: Path) -> Path:
    """The working database behind `site`: the worked example, where a test file makes no other."""
    return example_db


@pytest.fixture
async def site(programme: Path) -> AsyncIterator[Site]:
    """The pages over `programme`."""
    from reading import served

    async with served(programme) as found:
        yield found


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A new working database with the frameworks of the library, `programme.db` in the folder of the test."""
    with closing(new_programme(tmp_path).conn) as connection:
        yield Database(connection)


@pytest.fixture(scope="module")
def shared_db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The same for all tests of a module."""
    with closing(new_programme(tmp_path_factory.mktemp("shared")).conn) as connection:
        yield Database(connection)


@pytest.fixture(scope="module")
def example(shared_db: Database) -> tuple[Database, Review, Run]:
    """The worked example, assessed by the evaluator alone, for all tests of a module; only looked at."""
    review = load_example(shared_db)
    return shared_db, review, assess_plainly(shared_db, review)


@pytest.fixture
def connect() -> Iterator[Callable[[Path], Database]]:
    """Opens working databases (a new one where there is none) and closes them after the test."""
    opened: list[Database] = []

    def open_or_make(path: Path) -> Database:
        opened.append(open_programme(path) if path.exists() else init_programme(path)[0])
        return opened[-1]

    yield open_or_make
    for db in opened:
        db.conn.close()


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs `joint-review WORDS...` and gives its exit code, output and errors."""
    return partial(run_command, monkeypatch, capsys)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser, closed after the module: while one is open, no event loop of another kind can run."""
    from browsing import chromium

    with chromium() as found:
        yield found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A review without any evidence, in a database of its own."""
    made = Desk(tmp_path)
    yield made
    made.close()
