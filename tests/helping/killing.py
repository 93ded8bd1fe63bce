"""Work that is killed at every moment at which it is about to do something to a file of a folder."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

STEPS = frozenset({"open", "os.rename", "os.link", "os.remove", "os.chmod", "os.truncate", "sqlite3.connect"})
"""What Python tells before it does it: `os.replace` is a renaming too."""


def killed_at_each_step(folder: Path, work: Callable[[], object]) -> Iterator[str]:
    """Do the work over and over in processes of their own, killed before one step more each time.

    You get the step before which it was killed; when the work came to its end, no more. Set the folder up
    again before you ask for the next one.
    """
    number = 0
    while True:
        number += 1
        told, telling = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                _kill_at(number, folder, telling)
                work()
                os.write(telling, b"the end")
            finally:
                os._exit(0)
        os.close(telling)
        with os.fdopen(told) as pipe:
            said = pipe.read()
        _, how = os.waitpid(child, 0)
        if said == "the end":
            return
        assert os.WIFSIGNALED(how) and os.WTERMSIG(how) == signal.SIGKILL, f"it failed: {said or how}"
        yield said


def _kill_at(number: int, folder: Path, telling: int) -> None:
    count = 0

    def told(event: str, given: tuple[object, ...]) -> None:
        nonlocal count
        if event in STEPS and any(isinstance(x, str | Path) and str(folder) in str(x) for x in given):
            count += 1
            if count == number:
                names = " ".join(str(x).replace(f"{folder}/", "") for x in given if isinstance(x, str | Path))
                os.write(telling, f"{event} {names}".encode())
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(told)
