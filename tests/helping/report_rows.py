"""Rows of every table of reports, as they are stored: what a test needs that reads tables, not actions."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from programme.database import Act, Database, add_event, insert, one, transaction
from programme.reviews import Review
from report.actions import ReportAction
from report.practice import load_practice
from report.schema import TABLES

PRACTICE = json.dumps(load_practice("wales-round-2").model_dump(mode="json"))
"""A practice as it is stored, which pages can read."""
NUMBERS = (1, 2)
"""Two rows in every table."""


def add_report_rows(db: Database, review: Review, at: datetime, *, words: str = "") -> None:
    """Two rows in every table of reports; `words` begin all that people would have typed."""
    source = one(db, "select min(id) from source where review_id = ?", [review.id])
    run = one(db, "select max(id) from run where review_id = ?", [review.id])
    told = {"review_id": review.id, "source_id": source, "run_id": run}
    for number in NUMBERS:
        with transaction(db):
            event = add_event(db, Act(ReportAction.WRITE, "lead", at, review.id, target=f"rows {number}"))
            for table in TABLES:
                columns = {column.name: column.sql for column in table.columns}
                events = {name for name, sql in columns.items() if " references event" in sql}
                row = {
                    name: _value(table.name, name, sql, number, event, words, told)
                    for name, sql in columns.items()
                    if name != "id" and name not in events
                }
                insert(db, table.name, {**row, **dict.fromkeys(events & {"added_event"}, event)})
                if number > 1:
                    for mark in sorted(events - {"added_event"}):
                        db.conn.execute(f"update {table.name} set {mark} = ? where id = 1", [event])


def _value(table: str, name: str, sql: str, number: int, event: int, words: str, told: dict[str, Any]) -> Any:
    if name in told:
        return told[name]
    if name in ("audit_event", "event"):
        return event
    if " references " in sql:
        # The row of the same number in the table it refers to; a text is made from none, nor amends one.
        return None if name in ("made_from", "amends") else number
    if "check" in sql and " in (" in sql:
        allowed = [one.strip(" '") for one in sql.rpartition("in (")[2].partition(")")[0].split(",")]
        allowed = [one for one in allowed if one]
        chosen = allowed[(number - 1) % len(allowed)]
        return int(chosen) if " integer " in sql else chosen
    if " integer " in sql or " real" in sql:
        return number
    if name in ("bodies", "domains"):
        return "[]"
    if name in ("at", "planned_for", "publish_from"):
        return f"2010-01-0{number}T10:00:00+00:00"
    if name == "body" and table == "review_practice":
        return PRACTICE
    if name.endswith(("_on", "_date", "_until", "_to")):
        return f"2010-01-0{number}"
    return f"{words}{name} {number}"
