"""Real servers for tests: Datasette as a process over a working database, until the test is done with it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joint_review.metadata import metadata_yaml


@dataclass
class Server:
    """A running server, the link that signs its owner in once, and the cookies of who signed in."""

    address: str
    path: Path
    link: str
    process: subprocess.Popen[bytes]
    cookies: dict[str, list[Any]] = field(default_factory=dict)
    """Of each user, kept so that a test need not sign in again."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving_as_a_person_would(path: Path, port: int) -> Iterator[str]:
    """`joint-review serve`, ready to answer; you get what it has said. Its Datasette is gone when it is."""
    command = [sys.executable, "-c", "from joint_review.cli import main; main()", "serve"]
    command += ["--db", str(path), "--port", str(port)]
    told: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"}, **told) as process:
        assert process.stdout
        said = ""
        try:
            while "Uvicorn running" not in said:
                line = process.stdout.readline()
                assert line, f"the server did not start: {said}"
                said += line
            yield said
        finally:
            process.terminate()
            process.communicate(timeout=20)


@contextmanager
def serving(path: Path, *options: str) -> Iterator[Server]:
    """`datasette serve` over a working database, ready to answer."""
    told = path.with_suffix(".metadata.yml")
    told.write_text(metadata_yaml(path.stem), encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "datasette", "serve", str(path), "--metadata", str(told), "--root"]
    command += ["--host", "127.0.0.1", "--port", str(port), *options]
    # Into a file and not a pipe: a pipe that nobody reads is full after some hundred requests.
    log = path.with_suffix(".server.log")
    with (
        log.open("wb") as said,
        subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        ) as process,
    ):
        try:
            while "Uvicorn running" not in log.read_text(encoding="utf-8"):
                assert process.poll() is None, log.read_text(encoding="utf-8")
                time.sleep(0.05)
            link = re.search(r"http://\S+/-/auth-token\?token=\w+", log.read_text(encoding="utf-8"))
            assert link, log.read_text(encoding="utf-8")
            yield Server(f"http://127.0.0.1:{port}", path, link[0], process)
        finally:
            process.terminate()
