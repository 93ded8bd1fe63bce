"""Style sheets and scripts of the pages, each with an address that changes when its bytes do."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parent / "static"


def static_address(datasette: Any, name: str, folder: Path = STATIC) -> str:
    """The address of a static file with the digest of its bytes, so that no cache serves an older one.

    Every link to a static file is made here. Raises FileNotFoundError for a file that is not there.
    """
    path = folder / name
    found = path.stat()
    digest = _digest(path, found.st_mtime_ns, found.st_size)
    # Joined with '+', it stays what Datasette knows to have its base address in front already.
    address: str = datasette.urls.static_plugins("joint-review", name) + f"?{digest}"
    return address


@lru_cache(maxsize=64)
def _digest(path: Path, changed: int, size: int) -> str:
    """The first eight hex digits of the SHA-256 of a file, read again once it has changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]
