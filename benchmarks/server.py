"""A server of the pages, as `joint-review serve` starts it, that can be killed and started anew."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import sleep

BIN = Path(sys.executable).parent


class Server:
    """`joint-review serve`, which can be killed and started anew at the same address."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self.up = asyncio.Event()
        self.killed = False
        self.log = path.with_name("server.log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [BIN / "joint-review", "serve", "--db", self.path, "--port", self.port]
        with self.log.open("ab") as log:
            begins = log.tell()
            # A session of its own, so that it can be killed with what it starts.
            self.process = subprocess.Popen(
                list(map(str, command)), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        while b"Uvicorn running" not in self.log.read_bytes()[begins:]:
            if self.process.poll() is not None:
                sys.exit(f"the server did not start:\n{self.log.read_text()}")
            sleep(0.1)
        self.up.set()

    def last_words(self) -> str:
        """Whether it runs, and the end of its log."""
        assert self.process
        state = "runs" if self.process.poll() is None else f"ended with {self.process.returncode}"
        lines = [line for line in self.log.read_text().splitlines() if not re.search(r" (200|303) ", line)]
        return "\n".join([f"\nThe server {state}; the end of its log, but for what went well:", *lines[-30:]])

    def kill(self) -> None:
        """End it as a failing machine would."""
        assert self.process
        self.killed = True
        self.up.clear()
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it as Ctrl-C would."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
