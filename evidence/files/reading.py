"""Having a file read in a process of its own, within limits, and stopping that at any moment.

Processes are made by hosts (see `formats.child`), which are started when they are needed, kept for the next
file, and end with this process. They are given none of its environment.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from evidence.files.encoded import from_json

HERE = Path(__file__).resolve().parents[2]
LONGEST_LINE = 150_000_000
"""Bytes of one line of an answer: the longest text that is stored, several times over."""
LOOK_EVERY = 0.5
"""Seconds between two looks at whether the work is to be stopped."""
KEPT = 2
"""Hosts that are kept for the next file."""
NOTHING = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""The environment of a host: libraries for figures, which come with some readers, start no threads."""
_stopping = threading.Event()
_idle: list[Host] = []
_busy: set[Host] = set()
_lock = threading.Lock()


class ReaderEnded(Exception):
    """The process that read a file ended without an answer; the message says how."""


class TooSlow(Exception):
    """It took longer than allowed."""


class Stopped(Exception):
    """This process is being stopped."""


class Host:
    """A process that makes the processes that read."""

    def __init__(self) -> None:
        self.control, other = socket.socketpair()
        self.of = os.getpid(), HERE
        with other:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "evidence.files.formats.child"],
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=HERE,
                env=NOTHING,
                start_new_session=True,
            )

    @property
    def usable(self) -> bool:
        """Whether it is of this process, and still there."""
        return self.of == (os.getpid(), HERE) and self.process.poll() is None

    def begin(self, job: dict[str, Any], question: int, answer: int) -> None:
        """Have a file read; raises OSError where the host is gone."""
        socket.send_fds(self.control, [json.dumps(job).encode()], [question, answer])

    def ended(self) -> int | None:
        """With what code the reading process ended; None where the host did not live to tell."""
        self.control.settimeout(5)
        try:
            return int(self.control.recv(20))
        except (OSError, ValueError):
            return None

    def end(self) -> int:
        """End it and what it has under way at once; returns how it ended."""
        self.control.close()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()


@contextmanager
def being_read(job: dict[str, Any], file: IO[bytes] | None, seconds: float) -> Iterator[Iterator[Any]]:
    """The lines of the answer as they come, each within `seconds`; afterwards nothing goes on.

    Progress is among them. While they are gone through, TooSlow, ReaderEnded and Stopped are raised.
    """
    host = _take()
    whole = False

    def lines() -> Iterator[Any]:
        nonlocal whole
        yield from _lines(host, read, seconds)
        whole = True

    read, answer = os.pipe()
    try:
        with _question(file) as question:
            try:
                host.begin(job, question, answer)
            except OSError:
                pass  # it ended at once: the answer, which is none, says so
            finally:
                os.close(answer)
            yield lines()
    finally:
        os.close(read)
        _give_back(host, whole)


@contextmanager
def _question(file: IO[bytes] | None) -> Iterator[int]:
    if file is not None:
        yield file.fileno()
        return
    with open(os.devnull, "rb") as nothing:
        yield nothing.fileno()


def _lines(host: Host, read: int, seconds: float) -> Iterator[Any]:
    begun: list[bytes] = []
    size = 0
    ends = time.monotonic() + seconds
    while True:
        if _stopping.is_set():
            raise Stopped
        if not _comes(read, max(0.0, min(LOOK_EVERY, ends - time.monotonic()))):
            if time.monotonic() > ends:
                raise TooSlow
            continue
        some = os.read(read, 1_000_000)
        if not some:
            _check_end(host, bool(begun))
            return
        *whole, rest = some.split(b"\n")
        for end in whole:
            begun.append(end)
            try:
                said = from_json(b"".join(begun))
            except (ValueError, RecursionError):
                raise ReaderEnded("answered what nobody understands") from None
            begun, size = [], 0
            yield said
            if not (isinstance(said, dict) and "at" in said):
                ends = time.monotonic() + seconds
        if rest:
            begun.append(rest)
            size += len(rest)
        if size > LONGEST_LINE:
            raise ReaderEnded("answered more than any file holds")


def _comes(read: int, seconds: float) -> bool:
    # Not select.select, which takes no descriptor above 1,023: a server with many readers has more.
    with selectors.DefaultSelector() as waiting:
        waiting.register(read, selectors.EVENT_READ)
        return bool(waiting.select(seconds))


def _check_end(host: Host, torn: bool) -> None:
    """Raise ReaderEnded where the process did not end as it should."""
    code = host.ended()
    if _stopping.is_set():
        raise Stopped
    if code is None:
        code = host.end()
    if code or torn:
        how = f"died of signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise ReaderEnded(how)


# --- hosts that are kept -----------------------------------------------------------------------------------


def _take() -> Host:
    with _lock:
        if _stopping.is_set():
            raise Stopped
        while _idle:
            host = _idle.pop()
            if host.usable:
                break
            host.end()
        else:
            host = Host()
        _busy.add(host)
    return host


def _give_back(host: Host, whole: bool) -> None:
    with _lock:
        _busy.discard(host)
        if whole and host.usable and len(_idle) < KEPT and not _stopping.is_set():
            _idle.append(host)
            return
    host.end()


def stop_reading() -> None:
    """End all reading, now and from now on: this process is told to stop."""
    _stopping.set()
    with _lock:
        hosts = [*_idle, *_busy]
        _idle.clear()
    for host in hosts:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(host.process.pid, signal.SIGKILL)
        if host not in _busy:
            host.end()


def _end_idle() -> None:
    while _idle:
        _idle.pop().end()


atexit.register(_end_idle)


@contextmanager
def put_aside(data: bytes) -> Iterator[IO[bytes]]:
    """A file without a name that holds these bytes."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file
