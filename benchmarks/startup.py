"""How long commands take before they answer, beside `sqlite-utils --version`.

Alone: python benchmarks/startup.py. Bounds are on processor time (user and system, of the engine's process
too), of the quickest round: whatever else a machine does adds to it and never takes away. The first page of
`serve` is the list of reviews, from the start of the command, by way of the link that it prints; its bound is
on the clock, and beside it stands the processor time, which is what the clock shows on a quiet machine.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from urllib.parse import urljoin

from rounds import Took, call, cpu, rounds, seconds
from table import ROOT, Row, as_table, load, machine

from rules.loader import load_policy

BIN = Path(sys.executable).parent
EXAMPLE = ROOT / "examples" / "wales-2004-08"
REVIEW = "wales-2004-08"
FRAMEWORK = "cqc-local-authority"
PEER = "sqlite-utils --version"
FIRST_PAGE = "serve: first page"
PATIENCE = 60
BOUNDS = {"--version": 0.15, "--help": 0.15, FIRST_PAGE: 1.5}
"""Seconds at most: of processor time, for the page by the clock."""
OTHERS = 0.35
"""Seconds of processor time at most, for all other commands."""


def measure_start(folder: Path, times: int) -> dict[str, list[Took]]:
    """What every command took in every round, its words as key, and `sqlite-utils --version` among them."""
    # Installed packages come compiled; ours, installed to be edited, would be compiled anew by every command.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    db = _assessed(folder / "start.db")
    ratings = folder / "ratings.csv"
    domains = list(load_policy(FRAMEWORK).framework.domains)
    ratings.write_text("\n".join([",".join(["authority", *domains]), "A" + ",3" * len(domains)]) + "\n")
    commands: dict[str, Sequence[object]] = {
        "--version": ["--version"],
        "--help": ["--help"],
        "review list": ["review", "list", "--db", db],
        "explain DOMAIN": ["explain", REVIEW, "carers", "--db", db],
        "trail DOMAIN": ["trail", REVIEW, "carers", "--db", db],
        "judge": ["judge", FRAMEWORK, ratings],
    }
    contenders: dict[str, Callable[[int], Took]] = {
        PEER: lambda _: call(BIN / "sqlite-utils", "--version")[0]
    }
    contenders |= {name: partial(_own, words) for name, words in commands.items()}
    contenders[FIRST_PAGE] = lambda _: _first_page(db)
    found = rounds(times, "starting the commands", *contenders.values())
    return dict(zip(contenders, found, strict=True))


def _own(words: Sequence[object], _: int) -> Took:
    return call(BIN / "joint-review", *words)[0]


def _assessed(db: Path) -> Path:
    """A new working database with the worked example, assessed."""
    files = [EXAMPLE / f"{name}.csv" for name in ("sources", "findings", "survey-results", "indicators")]
    for words in (
        ["init"],
        ["review", "create", "--file", EXAMPLE / "review.yml", "--by", "benchmark"],
        ["evidence", "import", REVIEW, *files, "--by", "benchmark"],
        ["assess", REVIEW, "--by", "benchmark"],
    ):
        call(BIN / "joint-review", *words, "--db", db)
    return db


def _first_page(db: Path) -> Took:
    """From the start of `serve` until the reviews have come; SystemExit if they do not."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = list(map(str, (BIN / "joint-review", "serve", "--db", db, "--port", port)))
    start = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    try:
        link = re.search(r"http://\S+/-/auth-token\?token=\w+", process.stdout.readline())
        if not link or not _reviews_come(link[0], start + PATIENCE):
            sys.exit(f"{' '.join(command)} gave no page")
        took = perf_counter() - start
    finally:
        process.send_signal(signal.SIGTERM)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
    return Took(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _reviews_come(link: str, end: float) -> bool:
    """Whether the link signs in and the list of reviews comes before the end."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    while perf_counter() < end:
        try:
            browser.open(link, timeout=PATIENCE).close()
            with browser.open(urljoin(link, "/reviews"), timeout=PATIENCE) as answer:
                return bool(answer.status == 200 and REVIEW in answer.read().decode())
        except urllib.error.HTTPError as error:
            sys.exit(f"the first page was refused: {error}")
        except OSError:
            sleep(0.01)
    return False


def start_rows(found: Mapping[str, Sequence[Took]]) -> list[Row]:
    """A line per command: processor time of the quickest round and the median beside the peer's."""
    peer = found[PEER]
    rows = []
    for name, took in found.items():
        if name == PEER:
            continue
        bound = BOUNDS.get(name, OTHERS)
        by_clock = name == FIRST_PAGE
        times = [one.seconds if by_clock else one.cpu for one in took]
        kind = "by the clock" if by_clock else "of CPU"
        middle = (seconds if by_clock else cpu)(took)
        rows.append(
            Row(
                f"start of {name}",
                f"{min(times):.2f} s {kind} at best; median {middle:.2f}"
                + (f"; {min(one.cpu for one in took):.2f} s of CPU" if by_clock else ""),
                f"{PEER}: {min(one.cpu for one in peer):.2f} s of CPU; median {cpu(peer):.2f}",
                seconds(took) / seconds(peer),
                cpu(took) / cpu(peer),
                bound=f"at most {bound:g} s {kind}, quiet",
                held=min(times) <= bound,
            )
        )
    return rows


def main() -> None:
    """Measure and print the table."""
    before = load()
    with tempfile.TemporaryDirectory(prefix="joint-review-bench-") as folder:
        rows = start_rows(measure_start(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 7))
    print(machine(("joint-review", "sqlite-utils", "click", "pydantic", "datasette")))
    print(f"Load average (1, 5, 15 minutes) before: {before}; after: {load()}\n")
    print(as_table(rows))


if __name__ == "__main__":
    main()
