"""The upgrades of the tables of runs and decisions, in their order.

Files have recorded the name of the set and of every upgrade: neither ever changes.
"""

from __future__ import annotations

from assessment.decisions.schema import (
    CONFIDENCE,
    DECISION_TABLES,
    DECISION_VIEWS,
    FIRST_TABLES,
    KIND_OF_DECISION,
)
from assessment.runs import schema as run_schema
from programme.columns import add_columns, create, refuse_changes, refuse_other_changes
from programme.database import Database, Migrations
from programme.schema import FIRST_USERS

migrations = Migrations("joint-review assessment")


@migrations()
def run_tables(db: Database) -> None:
    """The first version of the tables of runs and decisions."""
    create(db, (*run_schema.FIRST_TABLES, *FIRST_TABLES))
    create(db, run_schema.FIRST_VIEWS)


@migrations()
def confidence_table(db: Database) -> None:
    """Statements of confidence, kept with the run they are about."""
    create(db, (CONFIDENCE,))


@migrations()
def user_tables(db: Database) -> None:
    """Users and what they are to which review."""
    create(db, FIRST_USERS)


@migrations()
def decision_tables(db: Database) -> None:
    """Ratings accepted or overridden with a second person's approval; challenges; panels."""
    add_columns(db, "decision", KIND_OF_DECISION)
    create(db, DECISION_TABLES)
    create(db, DECISION_VIEWS)


@migrations()
def rows_never_replaced(db: Database) -> None:
    """Rows that are never changed are not replaced either, whatever key the new row shares with them."""
    # Those that there were then: later ones have the triggers from their own upgrade, which comes after this.
    for table in (*run_schema.FIRST_TABLES, *FIRST_TABLES, CONFIDENCE, *DECISION_TABLES):
        if table.never_changed:
            refuse_changes(db, table.name)


@migrations()
def rows_change_by_marks_alone(db: Database) -> None:
    """Sealed rows that can be marked (closed, disabled, taken away) are not changed or replaced either."""
    refuse_other_changes(db, "panel", "closed_event")
    refuse_other_changes(db, "user", "disabled_event")
    refuse_other_changes(db, "user_role", "withdrawn_event")


@migrations()
def views_of_corrected_sources(db: Database) -> None:
    """Items behind the measures of a run are found with the details their sources had when it was made."""
    for view in run_schema.CORRECTED_VIEWS:
        db.conn.execute(f"drop view {view.name}")
        create(db, (view,))


@migrations()
def what_is_not_published_counts_for_nothing(db: Database) -> None:
    """Numbers that are not published are behind no measure."""
    for view in run_schema.PUBLISHED_VIEWS:
        db.conn.execute(f"drop view {view.name}")
        create(db, (view,))


@migrations()
def latest_by_time(db: Database) -> None:
    """The items behind the measures of runs in which periods are read as times."""
    for view in run_schema.VIEWS_BY_TIME:
        db.conn.execute(f"drop view {view.name}")
        create(db, (view,))
