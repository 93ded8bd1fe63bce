"""The upgrades of the tables of reports, in their order.

Files have recorded the name of the set and of every upgrade: neither ever changes.
"""

from __future__ import annotations

from evidence.late import CLOSED_TO_TAGS
from programme.columns import create, refuse_other_changes
from programme.database import Database, Migrations
from programme.schema import ROLES_OF_REPORTS
from report.schema import FIRST_TABLES
from report.states import FIRST_VIEWS

migrations = Migrations("joint-review report")


@migrations()
def report_tables(db: Database) -> None:
    """Reports, editions, moderation, comments, recipients, copies, publication; the roles for them."""
    create(db, FIRST_TABLES)
    create(db, FIRST_VIEWS)
    for table, marks in {
        "support": ("withdrawn_event",),
        "listed_name": ("withdrawn_event",),
        "moderation_point": ("settled_event",),
        "clearance": ("withdrawn_event",),
        "meeting": ("withdrawn_event",),
        "comment_source": ("released_event",),
        "recipient": ("withdrawn_event",),
        "presentation": ("withdrawn_event",),
    }.items():
        refuse_other_changes(db, table, *marks)
    db.conn.execute(CLOSED_TO_TAGS)
    _take_more_roles(db)


def _take_more_roles(db: Database) -> None:
    """The table of roles made again with more roles in its check, which SQLite cannot change; rows stay."""
    columns = ", ".join(column.name for column in ROLES_OF_REPORTS.columns)
    db.conn.execute("alter table user_role rename to user_role_before")
    for index in ("user_role_once", "user_role_by_withdrawn_event"):
        db.conn.execute(f"drop index if exists {index}")
    create(db, (ROLES_OF_REPORTS,))
    db.conn.execute(f"insert into user_role ({columns}) select {columns} from user_role_before order by id")
    db.conn.execute("drop table user_role_before")
    refuse_other_changes(db, "user_role", "withdrawn_event")
