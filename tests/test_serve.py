"""joint-review serve as a process: it prints a link, answers, keeps its secret, and stops what it started."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from serving import free_port, serving_as_a_person_would

from programme.accounts import accounts_path


def test_it_prints_a_link_shows_strangers_nothing_and_takes_its_server_with_it(example_copy: Path) -> None:
    port = free_port()
    with serving_as_a_person_would(example_copy, port) as said:
        link = "".join(re.findall(r"http://\S+/-/auth-token\?token=\w+", said))
        assert link.startswith(f"http://127.0.0.1:{port}/-/auth-token?token=")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/reviews", timeout=20).close()
            raise AssertionError("a stranger was let in")
        except urllib.error.HTTPError as refused:
            assert refused.code == 403
            assert b"Ten councils" not in refused.read()
            refused.close()
        try:
            with urllib.request.urlopen(link, timeout=20) as signed_in:
                assert signed_in.status == 403 or signed_in.url.endswith("/")
        except urllib.error.HTTPError as refused:  # no cookie is kept here, so the page after it is closed
            assert refused.code == 403
            refused.close()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    accounts = accounts_path(example_copy)
    assert stat.S_IMODE(accounts.stat().st_mode) == 0o600


def test_a_port_that_is_taken_ends_it_with_one_and_leaves_nothing_behind(
    example_copy: Path, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-c", "from joint_review.cli import main; main()", "serve"]
        command += ["--db", str(example_copy), "--port", str(taken.getsockname()[1])]
        leftovers = tmp_path / "temporary"
        leftovers.mkdir()
        told = {**os.environ, "TMPDIR": str(leftovers)}
        done = subprocess.run(command, capture_output=True, text=True, env=told, timeout=60, check=False)
    assert done.returncode == 1 and "address already in use" in done.stderr
    assert not list(leftovers.iterdir())
