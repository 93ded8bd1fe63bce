"""joint-review serve as a process: it prints a link, answers, keeps its secret, and stops what it started."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from serving import free_port

from programme.accounts import accounts_path


def start(database: Path, port: int) -> tuple[subprocess.Popen[str], str]:
    """The process when it is ready, and the link that signs in."""
    command = [sys.executable, "-c", "from joint_review.cli import main; main()", "serve"]
    command += ["--db", str(database), "--port", str(port)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    link = ""
    for line in process.stdout:
        link = link or "".join(re.findall(r"http://\S+/-/auth-token\?token=\w+", line))
        if "Uvicorn running" in line:
            break
    return process, link


def test_it_prints_a_link_shows_strangers_nothing_and_takes_its_server_with_it(example_copy: Path) -> None:
    port = free_port()
    process, link = start(example_copy, port)
    try:
        assert link.startswith(f"http://127.0.0.1:{port}/-/auth-token?token=")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/reviews", timeout=20).close()
            raise AssertionError("a stranger was let in")
        except urllib.error.HTTPError as refused:
            assert refused.code == 403
            assert b"Ten councils" not in refused.read()
            refused.close()
        with urllib.request.urlopen(link, timeout=20) as signed_in:
            assert signed_in.status == 403 or signed_in.url.endswith("/")
    except urllib.error.HTTPError as refused:  # no cookie is kept here, so the page after the link is closed
        assert refused.code == 403
        refused.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.stdout
        process.stdout.read()
        process.stdout.close()
        process.wait(20)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    accounts = accounts_path(example_copy)
    assert stat.S_IMODE(accounts.stat().st_mode) == 0o600
