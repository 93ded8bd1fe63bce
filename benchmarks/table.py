"""The one table that the benchmark prints, and what it was measured on."""

from __future__ import annotations

import hashlib
import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADERS = ("measured", "joint-review", "beside it", "ratio", "of CPU", "bound", "held")
NAMED = ("joint-review", "durable-rules", "sqlite-utils", "clipspy", "zen-engine")
PACKAGES = (
    "rules",
    "programme",
    "evidence",
    "assessment",
    "comparison",
    "pictures",
    "report",
    "joint_review",
)
HELD = {None: "", True: "yes", False: "no"}


@dataclass(frozen=True)
class Row:
    """One line of the table; ratios are joint-review divided by what stands beside it."""

    measured: str
    own: str
    beside: str = ""
    ratio: float | None = None
    """By the clock."""
    of_cpu: float | None = None
    """By processor time, which a busy machine disturbs less."""
    bound: str = ""
    held: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """The line as text, in the order of the headers."""
        return (
            *(self.measured, self.own, self.beside),
            *(_as_ratio(ratio) for ratio in (self.ratio, self.of_cpu)),
            *(self.bound, HELD[self.held]),
        )

    def at_most(self, bound: float, because: str) -> Row:
        """The line with a bound on its ratio."""
        held = self.ratio is not None and self.ratio <= bound
        return replace(self, bound=f"at most {bound:g} ({because})", held=held)


def as_table(rows: Sequence[Row]) -> str:
    """A table that reads as it stands and as Markdown."""
    lines = [HEADERS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADERS))]

    def text(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    ruler = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([text(lines[0]), ruler, *map(text, lines[1:])])


def _as_ratio(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio:.2f}" if ratio >= 0.01 else f"{ratio:.4f}"


def machine(named: Sequence[str] = NAMED) -> str:
    """Processor, memory, system, and versions of what is `named`, in two lines."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {gib:.0f} GiB, {_system()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}\n"
        + ", ".join(f"{name} {version(name)}" for name in named)
    )


def code() -> str:
    """A name for the code as it stands: whoever edits it while it is measured measures two programs."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def load() -> str:
    """How busy the machine is: 1, 5 and 15 minutes."""
    return ", ".join(f"{number:.1f}" for number in os.getloadavg())


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.platform()
