"""What tells how far long work has come."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with units done, units in all, and what is being done."""


def no_progress(done: int, total: int, what: str) -> None:
    """A progress callback that shows nothing."""
