"""A bar that shows on a terminal how far long work has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str], None]]:
    """A progress callback; a bar shows on a terminal once the work has taken a second."""
    bars: dict[str, tqdm[Any]] = {}

    def show(done: int, total: int, what: str) -> None:
        if what not in bars:
            from tqdm import tqdm

            # No thread of tqdm's own: bars are moved by the work itself.
            tqdm.monitor_interval = 0
            close()
            bars[what] = tqdm(total=total, desc=what, delay=1, disable=None, leave=False, unit_scale=True)
        bars[what].update(done - bars[what].n)

    def close() -> None:
        for bar in bars.values():
            bar.close()

    try:
        yield show
    finally:
        close()
