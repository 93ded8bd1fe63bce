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

import httpx
import pytest
from command_line import Say
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
    assert "--port" in done.stderr and "auth-token" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "Open the link" not in done.stderr
    assert not list(leftovers.iterdir())


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_said_before_any_link(
    example_copy: Path, host: str, say: Say
) -> None:
    code, out, err = say("serve", "--db", str(example_copy), "--host", host, "--port", str(free_port()))
    assert code == 1 and host in err and "--host" in err
    assert "Open the link" not in out + err


ODD = ["programme #1? 50%.db", "100%20.db", "-x.db", "adolygiad’r a&b=c.db"]
"""Names that mean something in an address, or on a command line."""


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_means_something_in_an_address_works_everywhere(
    tmp_path: Path, name: str, say: Say
) -> None:
    folder = tmp_path / f"in {name.removesuffix('.db')}"
    folder.mkdir()
    path, copy, again = (str(folder / f"{kind}{name}") for kind in ("", "copy of ", "again "))
    assert say("init", f"--db={path}")[0] == 0
    lead = ["--by", "lead", f"--db={path}"]
    window = ["--from", "2025-01-01", "--to", "2026-12-31"]
    created = say(
        "review", "create", "north", "--authority", "North", "--framework", "wales-round-2", *window, *lead
    )
    assert created[0] == 0, created
    assert "north" in say("review", "list", f"--db={path}")[1]
    assert say("backup", copy, f"--db={path}")[0] == 0
    assert say("restore", copy, f"--db={again}", "--by", "lead")[0] == 0
    assert say("restore", copy, "--replace", *lead)[0] == 0
    assert say("audit", "verify", f"--db={again}")[0] == 0
    with serving_as_a_person_would(Path(path), free_port()) as said:
        link = "".join(re.findall(r"http://\S+/-/auth-token\?token=\w+", said))
        with httpx.Client(follow_redirects=True, timeout=60) as client:
            assert client.get(link).status_code == 200
            home = link.partition("/-/")[0]
            page = client.get(f"{home}/reviews")
            assert page.status_code == 200 and "North" in page.text
            tables = re.search(r'href="(/[^"/]+)"[^>]*>\s*Tables', page.text)
            assert tables, "no link to the tables"
            for address in (tables[1], f"{tables[1]}/review", f"{tables[1]}/review.json"):
                assert client.get(f"{home}{address}").status_code == 200, address
            token = re.search(r'name="csrftoken" value="([^"]+)"', client.get(f"{home}/reviews/north").text)
            assert token
            done = client.post(
                f"{home}/reviews/north/sources/add/files.json",
                data={"csrftoken": token[1], "kind": "document"},
                files={"files": ("a.txt", b"Words that were noted.")},
                headers={"origin": home},
            )
            assert done.status_code == 200 and done.json()["ok"], done.text
    assert "Words that were noted." in say("source", "show", "north", "D-001", f"--db={path}")[1]
    there = {file.name for file in folder.iterdir()}
    assert all(file.startswith((name, "copy of ", "again ")) for file in there), there


def test_a_folder_for_what_is_temporary_that_datasette_cannot_read_is_said(
    example_copy: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "50%"
    odd.mkdir()
    path = example_copy.rename(tmp_path / "odd#.db")
    command = [sys.executable, "-c", "from joint_review.cli import main; main()", "serve"]
    done = subprocess.run(
        [*command, "--db", str(path), "--port", str(free_port())],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(odd)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 1 and "Rename one of them" in done.stderr and "Traceback" not in done.stderr
