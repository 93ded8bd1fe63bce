"""Processes and rounds: what a command takes, measured by turns with what it is compared with."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class Took:
    """What one process took."""

    seconds: float
    """By the clock on the wall."""
    cpu: float
    """Seconds of processor time, of the processes it started and waited for too."""
    memory: float
    """The most memory it held at once, in MiB."""
    again: Took | None = None
    """The same once more in the same process, where that was measured."""


def call(*command: object) -> tuple[Took, str]:
    """Run a command to its end: what it took and what it printed; SystemExit where it fails."""
    start = perf_counter()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout
    said = process.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)  # the only way to the memory of this one process
    seconds = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}\nended with exit code {process.returncode}:\n{said}")
    return Took(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), said


def child(*arguments: object) -> tuple[Any, Took]:
    """What child.py measured, and what its whole process took."""
    took, said = call(sys.executable, CHILD, *arguments)
    answer = next(line for line in said.splitlines() if line.startswith(("{", "[")))
    return json.loads(answer), took


def rounds(times: int, what: str, *contenders: Callable[[int], Took]) -> list[list[Took]]:
    """What every contender took in every round, A B A B ...; a contender is given the round's number."""
    found: list[list[Took]] = [[] for _ in contenders]
    for number in range(1, times + 1):
        say(f"{what}, round {number} of {times}")
        for mine, contender in zip(found, contenders, strict=True):
            mine.append(contender(number))
    return found


def say(what: str) -> None:
    """Tell whoever waits what is going on."""
    print(f"  {what} ...", file=sys.stderr, flush=True)


def seconds(took: Sequence[Took]) -> float:
    """The median time."""
    return statistics.median(one.seconds for one in took)


def cpu(took: Sequence[Took]) -> float:
    """The median processor time."""
    return statistics.median(one.cpu for one in took)


def memory(took: Sequence[Took]) -> float:
    """The median of the peak memory, in MiB."""
    return statistics.median(one.memory for one in took)


def shown(took: Sequence[Took]) -> str:
    """The median time, and from the fastest to the slowest round."""
    times = [one.seconds for one in took]
    spread = f" ({min(times):.2f}-{max(times):.2f})" if len(times) > 1 else ""
    return f"{statistics.median(times):.2f} s{spread}"


def shown_ms(times: Sequence[float]) -> str:
    """The median in milliseconds, and the middle half: of hundreds of rounds the slowest says nothing."""
    low, middle, high = (quartile * 1000 for quartile in statistics.quantiles(times, n=4))
    return f"{middle:.2f} ms ({low:.2f}-{high:.2f})"
