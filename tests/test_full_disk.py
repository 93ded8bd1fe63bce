"""A full disk: forms, commands and sign-ins that find no room say so and change nothing; reading goes on.

The disk is filled in two ways. Everywhere where there is Linux, a process may write no file beyond a size
(RLIMIT_FSIZE), which it is told as an error of writing. Where a small file system can be mounted without any
privilege, the same tests run once more on one that is full.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from serving import serving
from visitors import (
    REVIEW,
    SOURCE,
    Visitor,
    assert_whole,
    finding,
    findings,
    new_programme,
)

from joint_review.web.signin import SIGN_OUT
from programme.accounts import accounts_path

pytestmark = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="fills the disk as Linux can")

SMALL_DISK = "JOINT_REVIEW_SMALL_DISK"
"""Names the small file system, in the process that tests on one."""
TOLD = ("the disk is full", "disk full?")
"""What people are told, in one way or the other."""
ONE_BY_ONE = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from joint_review.cli import main
for line in sys.stdin:
    sys.argv, said, code = ["joint-review", *json.loads(line)], io.StringIO(), 0
    with redirect_stdout(said), redirect_stderr(said):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    print(json.dumps([code, said.getvalue()]), flush=True)
"""


@contextmanager
def no_room(process: int, leaving: int = 0) -> Iterator[None]:
    """No file of a process grows beyond so many bytes; or the small disk is full but for so many."""
    disk = os.environ.get(SMALL_DISK)
    if disk is None:
        before = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (leaving, before[1]))
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                resource.prlimit(process, resource.RLIMIT_FSIZE, before)
        return
    filler = Path(disk) / "filler"
    try:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        os.truncate(filler, filler.stat().st_size - leaving)
        yield
    finally:
        filler.unlink()


def told(text: str) -> bool:
    return any(words in text for words in TOLD) and "Traceback" not in text and "Internal" not in text


def test_forms_and_sign_ins_that_find_no_room_say_so_and_succeed_when_there_is_room(tmp_path: Path) -> None:
    path = new_programme(tmp_path / "programme.db", "reviewer-1", "reviewer-2")
    with serving(path) as server, Visitor(server.address, "reviewer-1") as writer:
        assert writer.sign_in().status_code == 303
        writer.read(SOURCE)
        assert writer.send(f"{SOURCE}/record", finding(1, "reviewer-1")).status_code == 303
        writer.read(SOURCE)
        stored = findings(path)
        long_ago = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="seconds")
        with closing(sqlite3.connect(accounts_path(path))) as connection, connection:
            connection.execute("update session set used = ?", [long_ago])

        with no_room(server.process.pid):
            typed = finding(2, "reviewer-1") | {"note": "Typed with much care."}
            answer = writer.send(f"{SOURCE}/record", typed)
            assert answer.status_code == 503 and told(answer.text)
            assert all(typed[name] in answer.text for name in ("quote", "finding", "note"))
            answer = writer.send(f"{SOURCE}/record.json", typed)
            assert answer.status_code == 503 and not answer.json()["ok"]
            assert told(answer.json()["error"] + answer.json()["hint"])
            tagged = writer.send(f"{SOURCE}/tag", {"item": "1", "domain": "leadership"})
            assert tagged.status_code == 503 and told(tagged.text)
            text = {"files": ("notes.txt", b"Something that was noted.\n" * 10_000)}
            uploaded = writer.send(f"{REVIEW}/sources/add/files", {"kind": "document"}, files=text)
            assert uploaded.status_code == 503 and told(uploaded.text)

            # Reading goes on, for who is signed in: that a session was used need not be noted.
            for page in (REVIEW, SOURCE, f"{REVIEW}/items", f"{REVIEW}/queue", f"{REVIEW}/coverage"):
                assert writer.read(page).status_code == 200
            assert "Finding 001" in writer.read(SOURCE).text
            with Visitor(server.address, "reviewer-2") as other:
                answer = other.sign_in()
                assert answer.status_code == 503 and "Nobody can sign in at the moment" in answer.text
                assert str(path) not in answer.text
            assert findings(path) == stored

        assert_whole(path)
        assert findings(path) == stored
        assert writer.send(f"{SOURCE}/record", typed).status_code == 303
        assert findings(path) == [*stored, (typed["finding"], "carers")]
        uploaded = writer.send(f"{REVIEW}/sources/add/files", {"kind": "document"}, files=text)
        assert uploaded.status_code == 303
        with Visitor(server.address, "reviewer-2") as other:
            assert other.sign_in().status_code == 303
            other.read(SOURCE)
            with no_room(server.process.pid):
                answer = other.send(SIGN_OUT, {})
                assert answer.status_code == 503 and "could not be ended" in answer.text
                # In this browser it has ended all the same.
                assert other.read(SOURCE).status_code == 403
        assert_whole(path)


class Commands:
    """`joint-review` commands, one after the other in a process of their own; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, "-c", ONE_BY_ONE], **pipes)

    def __enter__(self) -> Commands:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def run(self, *arguments: object, room: int | None = None) -> tuple[int, str]:
        """The exit code of a command and all it said; with so many bytes of room, if it is said."""
        assert self.process.stdin and self.process.stdout
        line = json.dumps([*map(str, arguments), "--db", str(self.path)])
        with nullcontext() if room is None else no_room(self.process.pid, room):
            print(line, file=self.process.stdin, flush=True)
            code, said = json.loads(self.process.stdout.readline())
        return code, said


def contents(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump())


def test_commands_that_find_no_room_say_so_and_change_nothing(tmp_path: Path) -> None:
    path = new_programme(tmp_path / "programme.db")
    before = contents(path)
    many = tmp_path / "findings.csv"
    lines = [f"D-001,no. {n},Finding number {n},strength,2,carers" for n in range(3_000)]
    many.write_text("\n".join(["source,locator,finding,direction,significance,domains", *lines]) + "\n")
    text = tmp_path / "notes.txt"
    text.write_text("\f".join(f"Something noted on page {page}. " * 100 for page in range(200)))
    copy = tmp_path / "copy.db"
    # No room at all; and room enough to begin with.
    commands = {
        ("evidence", "import", "north", many): (0, 200_000),
        ("source", "add", "north", text): (0, 200_000),
        ("user", "add", "reviewer-9", "--role", "reviewer", "--all-reviews"): (0,),
        ("backup", copy): (0, 200_000),
    }
    with Commands(path) as joint_review:
        for command, rooms in commands.items():
            for room in rooms:
                code, said = joint_review.run(*command, room=room)
                assert code == 1 and told(said), (command, room, said)
                assert contents(path) == before, (command, room)
                assert not copy.exists()
        assert_whole(path)
        for command in commands:
            code, said = joint_review.run(*command)
            assert code == 0, said
    assert_whole(path)


def test_the_same_holds_on_a_disk_that_is_full(tmp_path: Path) -> None:
    if os.environ.get(SMALL_DISK):
        pytest.skip("this is the test on the small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"'
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(disk)]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here without privileges")
    tests = [sys.executable, "-m", "pytest", __file__, "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*alone, *tests, "--basetemp", str(disk / "tests")],
        env={**os.environ, SMALL_DISK: str(disk)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed, 1 skipped" in done.stdout
