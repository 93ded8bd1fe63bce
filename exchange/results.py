"""What was concluded of a review, as tables: ratings, measures, decisions. No import takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assessment.runs.recorded import latest_run
from exchange.tables import Cell, OutTable
from programme.database import Database
from programme.reviews import Review

RESULTS = {
    "ratings": """
select x.run_id as run, x.question, x.kind, x.target, x.title, x.status, x.level, x.level_title,
  (select v.title from level v join question q on q.id = v.question_id
    where q.framework_id = :framework and q.key = x.question and v.key = x.proposed) as proposed,
  x.because
from rating x where x.run_id = :run order by x.position
""",
    "measures": """
select m.run_id as run, m.target, coalesce(x.title, m.target) as "domain or question", m.key as measure,
  m.title, m.value, m.unit, m.base, m.low, m.high
from measure m left join rating x on x.run_id = m.run_id and x.target = m.target
where m.run_id = :run order by x.position, m.id
""",
    "decisions": """
select d.id as decision, d.target, coalesce(
    (select n.title from domain n join question q on q.id = n.question_id
      where q.framework_id = :framework and n.key = d.target),
    (select title from question where framework_id = :framework and key = d.target), d.target) as title,
  d.kind, d.level, d.level_key as "level id", d.proposed, d.on_run_id as run, d.by, e.at, d.because,
  a.by as approved_by, f.at as approved_at, a.because as "approver's comment"
from decision d join event e on e.id = d.added_event
left join approval a on a.id = (select max(id) from approval where decision_id = d.id)
left join event f on f.id = a.added_event
where d.review_id = :review order by d.id
""",
}
"""What each table is read by; ratings and measures are those of one run."""


def result_tables(
    db: Database, review: Review, *, only: str | None = None, run: int | None = None
) -> Iterator[OutTable]:
    """Ratings and measures of a run (the latest if none is given), and all decisions; none without rows."""
    wanted = {
        "review": review.id,
        "framework": review.framework_id,
        "run": latest_run(db, review) if run is None else run,
    }
    for name, sql in RESULTS.items():
        if only in (None, name):
            cursor = db.conn.execute(sql, wanted)
            columns = tuple(column for column, *_ in cursor.description)
            rows: list[Mapping[str, Cell]] = [dict(zip(columns, row, strict=True)) for row in cursor]
            if rows:
                yield OutTable(name, columns, rows, folder="results")


def review_table(review: Review) -> OutTable:
    """What the review is: its short name, authority, framework, window and note."""
    said: dict[str, Cell] = {
        "id": review.key,
        "authority": review.authority,
        "framework": review.framework.id,
        "from": review.window_from,
        "to": review.window_to,
        "note": review.note,
    }
    return OutTable("review", tuple(said), [said], folder="results")
