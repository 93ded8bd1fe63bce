"""Being told to stop: the server ends within seconds, whatever is under way.

The signals are uvicorn's, which waits for what is under way without end. So beside it, files are no longer
read and the bodies of forms no longer waited for, and who asked is told so. What goes on all the same is cut
off after SECONDS: the database is as safe then as when the machine fails, for what is stored is stored whole.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from evidence.files.reading import stop_reading

T = TypeVar("T")
SECONDS = 8.0
"""From being told to stop to the end, at most."""
_told = threading.Event()
_waiting: set[asyncio.Future[None]] = set()
_folders: set[Path] = set()


class BeingStopped(Exception):
    """The server is being stopped; nothing is waited for."""


def listen() -> None:
    """Be told, too, when this process is told to stop; to be called in the loop that serves."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for which in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(which)

        def stop(number: int, frame: FrameType | None, before: object = before) -> None:
            if not _told.is_set():
                _told.set()
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_tell)
                threading.Thread(target=_see_to_it, daemon=True).start()
            if callable(before):
                before(number, frame)

        signal.signal(which, stop)


def _tell() -> None:
    for future in _waiting:
        if not future.done():
            future.set_result(None)


def _see_to_it() -> None:
    """End all reading, and the process itself if it is there much longer."""
    stop_reading()
    threading.Event().wait(SECONDS)
    for folder in list(_folders):
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


@contextmanager
def removed_at_the_end(folder: Path) -> Iterator[Path]:
    """A folder of passing things, which is gone also when the process is cut off."""
    _folders.add(folder)
    try:
        yield folder
    finally:
        _folders.discard(folder)


async def unless_stopped(work: Awaitable[T], seconds: float) -> T:
    """What `work` gives; raises TimeoutError after `seconds`, BeingStopped when the server is to stop."""
    if _told.is_set():
        raise BeingStopped
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()
    _waiting.add(told)
    doing = asyncio.ensure_future(work)
    either: set[asyncio.Future[Any]] = {doing, told}
    try:
        await asyncio.wait(either, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        if told.done():
            raise BeingStopped
        raise TimeoutError
    finally:
        _waiting.discard(told)
        if not doing.done():
            doing.cancel()
