"""Work for the tests of a cluster; its workers import it by this name."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from rules.errors import RunImpossible


def square(shared: int, job: int) -> int:
    """Shared times the square of the job."""
    return shared * job * job


def note_and_die(shared: str, job: int) -> int:
    """The first job ends its process; that it was begun stands in the file `shared`."""
    if job == 0:
        with Path(shared).open("a", encoding="utf-8") as file:
            file.write("begun\n")
        os._exit(3)
    return job


def halt(shared: int, job: int) -> int:
    """Stops the process with the number `shared`, which can be woken again."""
    os.kill(shared, signal.SIGSTOP)
    return job


def refuse(shared: int, job: int) -> int:
    """An error of ours."""
    raise RunImpossible(f"job {job} cannot be done", hint="Leave it out.")


def stumble(shared: int, job: int) -> int:
    """A fault of the program."""
    return shared // 0


def ready(shared: object) -> str | None:
    """Nothing keeps a worker from its work."""
    return None


def reluctant(shared: object) -> str | None:
    """Something does."""
    return "the disk is not mounted"
