"""Small reviews for tests, in real working databases.

`add` imports rows of evidence through the same intake as any file.
"""

from __future__ import annotations

import atexit
import csv
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from evidence_rows import LAYOUT_OF, SOURCES, Row

from assessment.decisions.decide import approve, override
from assessment.runs.result import Inputs
from assessment.runs.run import Run, assess
from evidence.intake.importing import import_files
from evidence.intake.report import ImportReport
from joint_review.opening import init_programme, open_programme
from programme.columns import refuse_other_changes
from programme.database import Database, one
from programme.reviewfile import read_review_file
from programme.reviews import Review, create_review
from rules.loader import PolicySet, load_policy

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "wales-2004-08"
EXAMPLE_FILES = [EXAMPLE / f"{name}.csv" for name in ("sources", "findings", "survey-results", "indicators")]
AT = datetime(2009, 6, 1, 9, 30, tzinfo=UTC)
ON = date(2009, 6, 1)
WELSH = load_policy("wales-round-2")
ENGLISH = load_policy("cqc-local-authority")

NO_INPUTS = Inputs("r1", "", "", "", {}, "2009-06-01", 0, "", ("evaluator",))
"""For results that are made without a database."""


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="joint-review-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    init_programme(folder / "programme.db")[0].conn.close()
    return folder / "programme.db"


def new_programme(folder: Path, name: str = "programme.db") -> Database:
    """A new working database with the frameworks of the library."""
    shutil.copy(_template(), folder / name)
    return open_programme(folder / name)


def new_review(db: Database, key: str = "r1", framework: str = "wales-round-2", *rows: Row) -> Review:
    """A review with the sources of `SOURCES` and these rows."""
    window = {"window_from": date(2004, 1, 1), "window_to": date(2008, 12, 31)}
    review = create_review(db, key, "Sir Enghraifft", framework, **window, by="lead", at=AT)
    add(db, review, *SOURCES, *rows)
    return review


def add(db: Database, review: Review, *rows: Row, replace: bool = False) -> ImportReport:
    """Import rows of any layouts, in this order within each layout."""
    by_layout: dict[str, list[Row]] = {}
    for row in rows:
        layout = next(name for column, name in LAYOUT_OF.items() if column in row)
        by_layout.setdefault(layout, []).append(row)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        path.write_text(json.dumps(by_layout), encoding="utf-8")
        return import_files(db, review, [path], by="reviewer-1", at=AT, replace=replace)


def as_stored_before(db: Database, period: str, words: str) -> None:
    """Put other words in the place of a period, unread: as a version stored them that read no periods."""
    db.execute("drop trigger evidence_never_update")
    db.execute(
        "update evidence set period = ?, begins = null, ends = null, turn = null where period = ?",
        [words, period],
    )
    refuse_other_changes(db, "evidence", "withdrawn_event")


def item_at(db: Database, review: Review, row: Row) -> int:
    """The number of the item that a row became, as far as it counts."""
    found = one(
        db,
        "select e.id from evidence e join source s on s.id = e.source_id"
        " where e.review_id = ? and s.ref = ? and e.locator = ? and e.withdrawn_event is null",
        [review.id, row["source"], row["locator"]],
    )
    assert found is not None, row
    return int(found)


def last_event(db: Database) -> int:
    """The number of the last event there is."""
    return int(one(db, "select max(id) from event"))


def assess_plainly(db: Database, review: Review, policy: PolicySet = WELSH, **more: Any) -> Run:
    """A run made by the evaluator alone, which is what a test needs that is not about the engine."""
    return assess(db, review, policy, **{"on": ON, "by": "lead", "at": AT, "use_engine": False, **more})


def rewrite_results(path: Path, change: Callable[[Any], None]) -> None:
    """Change every recorded result past the trigger that forbids it, as no version of this software would."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("drop trigger run_never_update")
        for number, text in connection.execute("select id, result from run").fetchall():
            result = json.loads(text)
            change(result)
            connection.execute("update run set result = ? where id = ?", [json.dumps(result), number])


def rate_approved(
    db: Database, review: Review, target: str, level: str, *, by: str, because: str, at: datetime
) -> None:
    """A person's rating, approved by another on the latest run (made first where there is none)."""
    if one(db, "select max(id) from run where review_id = ?", [review.id]) is None:
        assess_plainly(db, review, load_policy(review.framework.id))
    override(db, review, target, level, by=by, because=because, at=at)
    approve(db, review, target, by="approver", at=at)


def load_example(db: Database, paths: Sequence[Path] = tuple(EXAMPLE_FILES)) -> Review:
    """The worked example, imported."""
    review = create_review(db, **read_review_file(EXAMPLE / "review.yml"), by="lead", at=AT)
    import_files(db, review, paths, by="lead", at=AT)
    return review


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tables_of(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, to see that nothing changed."""
    names = [row[0] for row in db.conn.execute("select name from sqlite_master where type = 'table'")]
    return {name: db.conn.execute(f"select * from [{name}]").fetchall() for name in sorted(names)}
