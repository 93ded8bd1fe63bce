"""The cells of a table as JSON and back: dates, and what stands for a cell that cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from evidence.files.rawtable import UNREADABLE, Unreadable

SPECIAL = "\x00"
"""The key of an object that stands for a value that JSON has not.

A file may hold an object with this key, too. So what comes from a file is a mapping that is no dict, and is
handed over as its pairs.
"""


def as_json(said: Any) -> bytes:
    """What is handed over, as one line."""
    # Not in ASCII: what that makes of other letters is up to three times as long, and as long to read.
    line = json.dumps(said, default=_special, separators=(",", ":"), ensure_ascii=False)
    return line.encode("utf-8", "surrogatepass")


def from_json(line: bytes) -> Any:
    """What `as_json` was given; raises ValueError for anything else."""
    return json.loads(line, object_hook=_value)


def _special(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {SPECIAL: "object", "is": list(value.items())}
    if isinstance(value, Unreadable):
        return {SPECIAL: ""}
    if isinstance(value, datetime):
        return {SPECIAL: "datetime", "is": value.isoformat()}
    if isinstance(value, date):
        return {SPECIAL: "date", "is": value.isoformat()}
    if isinstance(value, time):
        return {SPECIAL: "time", "is": value.isoformat()}
    if isinstance(value, timedelta):
        return {SPECIAL: "timedelta", "is": str(value.total_seconds())}
    return {SPECIAL: "text", "is": str(value)}


KINDS: dict[str, Callable[[Any], Any]] = {
    "": lambda _: UNREADABLE,
    "object": dict,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda text: timedelta(seconds=float(text)),
    "text": str,
}


def _value(found: dict[str, Any]) -> Any:
    if SPECIAL not in found:
        return found
    try:
        return KINDS[found[SPECIAL]](found.get("is", ""))
    except (LookupError, TypeError, OverflowError):
        raise ValueError("this is not what as_json gives") from None
