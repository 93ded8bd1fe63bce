"""Small reviews for tests: rows of evidence as dicts, imported into a real working database.

`finding`, `score`, `survey` and `indicator` make one row each, with a locator of its own; `add` imports rows
through the same intake as any file.
"""

from __future__ import annotations

import atexit
import csv
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from assessment.decisions.decide import approve, override
from assessment.runs.result import Inputs
from assessment.runs.run import Run, assess
from evidence.intake.importing import ImportReport, import_files
from joint_review.opening import init_programme, open_programme
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

Row = dict[str, Any]
_numbers = itertools.count(1)

SOURCES: tuple[Row, ...] = tuple(
    {"source": ref, "title": f"Source {ref}", "kind": kind, "dated": dated, "status": status}
    for ref, kind, dated, status in (
        ("C1", "case_file", "2007-05-31", "authorised"),
        ("C2", "case_file", "2007-06-30", "authorised"),
        ("I1", "interview", "2007-06-14", "authorised"),
        ("G1", "group_meeting", "2007-06-15", "authorised"),
        ("S1", "survey", "2007-03-01", "authorised"),
        ("S0", "survey", "2001-03-01", "authorised"),
        ("N1", "indicator_return", "2008-03-31", "authorised"),
        ("D1", "document", "2007-01-31", "draft"),
        ("O1", "observation", "2007-06-20", "authorised"),
    )
)
"""One source of every kind, two case files, an older survey, and a draft document."""


def _row(source: str, more: Row, **row: Any) -> Row:
    return {"source": source, "locator": f"place {next(_numbers)}", "domains": "carers", **row, **more}


def finding(source: str, direction: str = "strength", significance: int = 2, **more: Any) -> Row:
    """A finding about carers, unless other domains are given."""
    row = _row(source, more, direction=direction, significance=significance)
    return {"finding": f"Finding {row['locator']}.", **row}


def score(source: str, value: float, **more: Any) -> Row:
    """A score of a case file, of 4 at best."""
    return _row(source, more, standard="The carer was offered an assessment", score=value)


def survey(source: str, question: str, positive: float, base: float | str = "", **more: Any) -> Row:
    """A survey result in percent; without a base unless one is given."""
    return _row(source, more, question=question, group="Carers", positive=f"{positive:.10f}%", base=base)


def indicator(
    name: str, period: str, value: float, better: str = "higher", comparator: float | str = "", **more: Any
) -> Row:
    """The value of an indicator in one period."""
    return _row("N1", more, indicator=name, period=period, value=value, better=better, comparator=comparator)


LAYOUT_OF = {
    "title": "sources",
    "percent": "population-margins",
    "category": "respondents",
    "finding": "findings",
    "standard": "case-scores",
    "positive": "survey-results",
    "indicator": "indicators",
    "answer": "survey-responses",
    "domain": "tags",
}
"""The layout of a row by a column that no other layout has."""


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


def rate_approved(
    db: Database, review: Review, target: str, level: str, *, by: str, because: str, at: datetime
) -> None:
    """A person's rating, approved by another on the latest run (made first where there is none)."""
    if one(db, "select max(id) from run where review_id = ?", [review.id]) is None:
        assess_plainly(db, review, load_policy(review.framework.id))
    override(db, review, target, level, by=by, because=because, at=at)
    approve(db, review, target, by="approver", at=at)


def good_domain(domain: str, strengths: int = 4, weaknesses: int = 1) -> list[Row]:
    """Findings that are enough for a rating: at least five items from two kinds of source."""
    kinds = itertools.cycle(["I1", "G1"])
    directions = ["strength"] * strengths + ["weakness"] * weaknesses
    return [finding(next(kinds), direction, domains=domain) for direction in directions]


def whole_review(strengths: int = 4, weaknesses: int = 1, domains: Iterable[str] = ()) -> list[Row]:
    """Enough findings in every domain of the second Welsh round."""
    names = list(domains) or list(WELSH.framework.domains)
    return [row for name in names for row in good_domain(name, strengths, weaknesses)]


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
