"""Which statements a page asks the database: its own, not SQLite's pragmas nor what Datasette asks itself."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from datasette.database import Database as DatasetteDatabase

PLUMBING = re.compile(r"^\s*(--|pragma|begin|commit|rollback)", re.IGNORECASE)
"""Not counted: what triggers and full-text tables run inside a statement, pragmas, the transaction itself."""


class Watched:
    """The statements that were run inside the transactions of pages since `clear`, in their order."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget what was seen."""
        self.statements.clear()

    def of_connection(self) -> Callable[[str], None]:
        """What a connection tells its statements to."""
        inside = False

        def seen(statement: str) -> None:
            nonlocal inside
            word = statement.strip().lower()
            if word.startswith(("begin", "commit", "rollback")):
                inside = word.startswith("begin")
            elif inside and not PLUMBING.match(statement):
                with self._lock:
                    self.statements.append(" ".join(statement.split()))

        return seen


@contextmanager
def watched() -> Iterator[Watched]:
    """Watch every connection that Datasette opens meanwhile."""
    found, connect = Watched(), DatasetteDatabase.connect

    def open_watched(database: Any, *given: Any, **named: Any) -> Any:
        connection = connect(database, *given, **named)
        connection.set_trace_callback(found.of_connection())
        return connection

    with patch.object(DatasetteDatabase, "connect", open_watched):
        yield found
