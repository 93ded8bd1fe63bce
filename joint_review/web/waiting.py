"""Tables that were sent and wait for the mapping they are imported with: in memory alone, for an hour.

They may hold names and addresses that are never imported, so nothing of them is written anywhere.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from threading import Lock

LARGEST_WAITING = 5_000_000
"""Bytes of a table that is imported on a page: a survey of some thousand people."""
MOST_WAITING = 16
"""Tables that wait at once, of all users; the oldest goes first."""
KEPT_SECONDS = 3_600


@dataclass(frozen=True)
class Waiting:
    """A table that somebody sent."""

    token: str
    by: str
    review: str
    name: str
    """What the file is called."""
    data: bytes
    encoding: str
    at: float


_tables: dict[str, Waiting] = {}
_lock = Lock()


def put_to_wait(*, by: str, review: str, name: str, data: bytes, encoding: str) -> Waiting:
    """Keep a table until its mapping comes."""
    now = time.monotonic()
    found = Waiting(secrets.token_urlsafe(16), by, review, name, data, encoding, now)
    with _lock:
        for token in [one.token for one in _tables.values() if now - one.at > KEPT_SECONDS]:
            del _tables[token]
        while len(_tables) >= MOST_WAITING:
            del _tables[next(iter(_tables))]
        _tables[found.token] = found
    return found


def find_waiting(token: str, *, by: str, review: str) -> Waiting | None:
    """The table of this token, if this person sent it to this review, and not too long ago."""
    with _lock:
        found = _tables.get(token)
    if found is None or (found.by, found.review) != (by, review):
        return None
    return found if time.monotonic() - found.at <= KEPT_SECONDS else None


def forget(token: str) -> None:
    """Let go of a table."""
    with _lock:
        _tables.pop(token, None)
