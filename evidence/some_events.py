"""Evidence as it was at an event, and with what some later events did to it besides: what they alone change.

Rows are never changed for this: inside `with_some_events`, views of this connection alone take the place of
the tables of items and tags, in which the events asked for happened together with the one looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from programme.database import Database
from programme.seals import columns_of

MOVED = ("added_event", "withdrawn_event")
TABLES = ("evidence", "tag")


@contextmanager
def with_some_events(db: Database, event: int, later: Collection[int]) -> Iterator[None]:
    """Inside, what counts at `event` is what counted then, with what the events `later` added and withdrew.

    For reading alone, by one reader of the connection at a time.
    """
    numbers = ", ".join(str(int(number)) for number in sorted(later)) or "null"
    try:
        for table in TABLES:
            columns = ", ".join(
                f"case when {name} in ({numbers}) then {int(event)} else {name} end as {name}"
                if name in MOVED
                else name
                for name in columns_of(db.conn, table)
            )
            db.conn.execute(f"create temp view {table} as select {columns} from main.{table}")
        yield
    finally:
        for table in TABLES:
            db.conn.execute(f"drop view if exists temp.{table}")
