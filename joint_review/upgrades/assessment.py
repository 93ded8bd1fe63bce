"""The upgrades of the tables of runs and decisions, in their order.

Files have recorded the name of the set and of every upgrade: neither ever changes.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from assessment.decisions.schema import (
    CONFIDENCE,
    DECISION_TABLES,
    DECISION_VIEWS,
    DECISIONS_NEVER_CHANGED,
    FIRST_TABLES,
    KIND_OF_DECISION,
)
from assessment.runs import schema as run_schema
from programme.columns import create
from programme.schema import USERS

migrations = Migrations("joint-review assessment")


@migrations()
def run_tables(db: Database) -> None:
    """The first version of the tables of runs and decisions."""
    create(db, (*run_schema.FIRST_TABLES, *FIRST_TABLES))
    create(db, run_schema.FIRST_VIEWS)
    _never_change(db, (*run_schema.NEVER_CHANGED, "decision"))


@migrations()
def confidence_table(db: Database) -> None:
    """Statements of confidence, kept with the run they are about."""
    create(db, (CONFIDENCE,))
    _never_change(db, ("confidence",))


@migrations()
def user_tables(db: Database) -> None:
    """Users and what they are to which review."""
    create(db, USERS)


@migrations()
def decision_tables(db: Database) -> None:
    """Ratings accepted or overridden with a second person's approval; challenges; panels."""
    for column in KIND_OF_DECISION:
        db.conn.execute(f"alter table decision add column {column.name} {column.sql}")
    create(db, DECISION_TABLES)
    create(db, DECISION_VIEWS)
    _never_change(db, DECISIONS_NEVER_CHANGED)


def _never_change(db: Database, tables: tuple[str, ...]) -> None:
    """Triggers that refuse to change or delete rows."""
    for name in tables:
        for verb in ("update", "delete"):
            db.conn.execute(
                f"create trigger {name}_never_{verb} before {verb} on {name}"
                f" begin select raise(abort, 'rows of {name} are never changed'); end"
            )
