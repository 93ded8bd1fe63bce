"""A Dask scheduler and workers on this machine alone, for a while.

They listen on 127.0.0.1 and on ports that were free, without Dask's dashboard. Whatever happens, all of them
are stopped at the end; should their parent be killed, the workers follow a lost scheduler after ten seconds,
and the scheduler ends after ten minutes without work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client

HERE = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 5.0
UNWATCHED = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
"""Dask looks a hundred times a second at what a worker is doing, for a dashboard that nobody opens here."""
QUIET = ("--no-dashboard", "--dashboard-address", f"{HERE}:0")


@dataclass
class Cluster:
    """A running scheduler and its workers."""

    folder: Path
    """Where the processes write their logs and what they need to find each other."""
    scheduler: subprocess.Popen[bytes]
    address: str = ""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_worker(
        self, python: Sequence[str] = (sys.executable,), environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """One more worker: a process with one thread."""
        module = ("-m", "distributed.cli.dask_worker", self.address, "--no-nanny", "--nthreads", "1")
        own = self.folder / f"worker-{len(self.workers)}"
        more = ("--host", HERE, "--death-timeout", "10", "--local-directory", str(own), *QUIET)
        self.workers.append(_start(self.folder, [*python, *module, *more], environment))
        return self.workers[-1]

    def wait(self) -> None:
        """Wait for all workers."""
        client: Client = Client(self.address, set_as_default=False)  # type: ignore[no-untyped-call]
        try:
            client.wait_for_workers(len(self.workers), timeout=START_SECONDS)
        finally:
            client.close()  # type: ignore[no-untyped-call]


@contextmanager
def running_cluster(
    folder: Path, workers: int = 2, environment: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """A cluster that has all its workers, until the end of the block."""
    found = folder / "scheduler.json"
    module = ("-m", "distributed.cli.dask_scheduler", "--host", HERE, "--port", "0", "--idle-timeout", "600s")
    command = [sys.executable, *module, "--scheduler-file", str(found), *QUIET]
    cluster = Cluster(folder, _start(folder, command, environment))
    try:
        end = time.monotonic() + START_SECONDS
        while not found.exists() or not found.read_text(encoding="utf-8").strip():
            if cluster.scheduler.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the Dask scheduler did not start:\n{log(folder)}")
            time.sleep(0.05)
        cluster.address = json.loads(found.read_text(encoding="utf-8"))["address"]
        for _ in range(workers):
            cluster.add_worker(environment=environment)
        cluster.wait()
        yield cluster
    finally:
        for process in (*cluster.workers, cluster.scheduler):
            process.terminate()
        for process in (*cluster.workers, cluster.scheduler):
            _wait(process)


def log(folder: Path) -> str:
    """What the processes have said."""
    return (folder / "dask.log").read_text(encoding="utf-8")


def _start(
    folder: Path, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    with (folder / "dask.log").open("ab") as said:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=folder,
            env={**(os.environ if environment is None else environment), **UNWATCHED},
        )


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
