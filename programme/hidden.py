"""What is read by nobody before its time on a connection that people ask questions on.

Votes of panels (those that show are copied to `shown_vote`), what a second coding says, and the salts of
seals, with which a guess at either could be tested. Such columns read as empty, in whatever way a statement
names them, conditions and counts included: SQLite asks an authorizer about every column of a table that a
statement reads. It cannot be told that a view may read what a statement may not, since it is told the name of
a common table expression as that of a view. So codings are hidden on tables and views alike, handed in or
not; pages that show those handed in read on the same connection with `as_pages`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from programme.bounded import bound, unbound

Columns = Mapping[str, frozenset[str]]

FROM_PAGES: Columns = {
    "vote": frozenset({"level", "level_key", "because"}),
    "seal": frozenset({"salt"}),
    # With them a guess at what was erased could be tested.
    "revised_row": frozenset({"was", "salt", "now"}),
    # The file itself as a table, where SQLite was built with it.
    "sqlite_dbpage": frozenset({"data"}),
}
"""What no page shows."""
FROM_PEOPLE: Columns = {
    **FROM_PAGES,
    "coding": frozenset({"direction", "significance", "score", "note", "digest"}),
    "coding_domain": frozenset({"domain_id"}),
}
"""What no table, query or statement of somebody's own shows."""


def hide(connection: sqlite3.Connection) -> None:
    """Make what is in `FROM_PEOPLE` read as empty on a connection."""
    connection.set_authorizer(_PEOPLE)
    bound(connection)


def as_pages(connection: sqlite3.Connection) -> AbstractContextManager[None]:
    """Read on a hidden connection what pages may show: what is in `FROM_PAGES` alone reads as empty."""
    return _under(connection, _PAGES)


def as_writer(connection: sqlite3.Connection) -> AbstractContextManager[None]:
    """Read on a hidden connection all there is, as what is written is sealed."""
    return _under(connection, _WRITER)


@contextmanager
def _under(connection: sqlite3.Connection, authorizer: Callable[..., int]) -> Iterator[None]:
    # Never None, which takes it away: SQLite would go on with statements that were made under the one before.
    connection.set_authorizer(authorizer)
    unbound(connection)
    try:
        yield
    finally:
        hide(connection)


def _empty(hidden: Columns) -> Callable[..., int]:
    def may(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action != sqlite3.SQLITE_READ or table is None:
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_IGNORE if column in hidden.get(table.lower(), ()) else sqlite3.SQLITE_OK

    return may


_PEOPLE, _PAGES, _WRITER = _empty(FROM_PEOPLE), _empty(FROM_PAGES), _empty({})
