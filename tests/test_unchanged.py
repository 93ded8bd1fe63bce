"""The record is checked without changing a byte: of a backup, an older file, a file in use, a locked disk."""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from assessment_example import AT
from click.testing import CliRunner, Result
from trying import Tried

from joint_review.cli import cli
from joint_review.opening import open_programme
from joint_review.record import audit_file, head_of_file
from joint_review.upgrades import assessment, evidence
from programme import unchanged
from programme.backup import back_up
from programme.database import APPLICATION_ID, Act, Database, add_event, one, transaction
from programme.unchanged import read_unchanged
from rules.errors import DatabaseUnusable

ROOT = Path(__file__).parent.parent
OLDER = ROOT / "tests" / "files" / "made-by-0.1.0.db.xz"


@pytest.fixture
def path(many_findings: Path, tmp_path: Path) -> Path:
    """A working database with 300 items, in a folder of its own."""
    (tmp_path / "data").mkdir()
    return Path(shutil.copy(many_findings, tmp_path / "data" / "programme.db"))


def bytes_in(folder: Path) -> dict[str, str]:
    """The digest of every file in a folder."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def event_in(path: Path) -> None:
    with closing(open_programme(path).conn) as connection, transaction(Database(connection)) as db:
        add_event(db, Act(Tried.TRY, "lead", AT))


def verify(path: Path) -> Result:
    return CliRunner().invoke(cli, ["audit", "verify", "--db", str(path)])


@contextmanager
def another_process(path: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has the database open as `db`, runs the code, says so, and waits; then it is killed."""
    begin = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from joint_review.opening import open_programme\n"
        "from evidence.items import tag_item; from programme.reviews import find_review\n"
        "db = open_programme(Path(sys.argv[1])); review = find_review(db, 'r1')\n"
        "def tag(n): tag_item(db, review, n, ['leadership'], by='reviewer-1', at=datetime.now(UTC))\n"
    )
    end = "\nprint('ready', flush=True); sys.stdin.readline()"
    words = [sys.executable, "-c", begin + code + end, str(path)]
    with subprocess.Popen(
        words, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout and process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def events_in(path: Path) -> int:
    return audit_file(path).events


# --- nothing is changed --------------------------------------------------------------------------------


def test_checking_a_closed_database_leaves_nothing_beside_it(path: Path) -> None:
    before = bytes_in(path.parent)
    assert list(before) == ["programme.db"]
    assert verify(path).exit_code == 0
    assert head_of_file(path) is not None
    assert bytes_in(path.parent) == before


def test_checking_a_backup_changes_nothing(path: Path) -> None:
    back_up(path, path.with_name("backup.db"))
    before = bytes_in(path.parent)
    assert "The record is intact" in verify(path.with_name("backup.db")).output
    assert bytes_in(path.parent) == before


def test_an_older_file_is_checked_and_not_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "programme.db"
    path.write_bytes(lzma.decompress(OLDER.read_bytes()))
    before = bytes_in(tmp_path)
    found = audit_file(path)
    assert (found.problems, found.events) == ((), 71)
    assert found.not_sealed == (
        "its triggers and views, which an older version made",
        *(f"the rows of {table}" for table in ("domain", "framework", "level", "question")),
    )
    assert "Not sealed: the rows of domain" in verify(path).output
    assert bytes_in(tmp_path) == before


BEFORE_SEALS = {
    evidence.migrations: {"evidence_tables", "coding_tables", "respondent_tables"},
    assessment.migrations: {"run_tables", "confidence_table", "user_tables"},
}
"""The upgrades of a version that sealed nothing."""


def make_before_seals(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute(f"pragma application_id = {APPLICATION_ID}")
        raw.execute("begin")
        for migrations, names in BEFORE_SEALS.items():
            migrations.apply(Database(raw), names)
        for day in (1, 2):
            raw.execute("insert into event (at, by, action) values (?, 'lead', 'try')", [f"2009-06-0{day}"])
        raw.execute("commit")


def test_of_a_file_older_than_seals_the_command_says_that_it_is_not_sealed(tmp_path: Path) -> None:
    (tmp_path / "older").mkdir()
    path = tmp_path / "older" / "programme.db"
    make_before_seals(path)
    before = bytes_in(path.parent)
    found = verify(path)
    assert found.exit_code == 1
    assert "the record is not sealed: its 2 events and all rows" in str(found.exception)
    assert (head_of_file(path), audit_file(path).problems) == (None, ())
    assert bytes_in(path.parent) == before
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("drop table gap")
    assert "the table gap is missing" in str(verify(path).exception), "what can be checked is checked"


def test_of_a_file_older_than_seals_whose_events_are_gone_nothing_is_said_to_be_intact(
    tmp_path: Path,
) -> None:
    path = tmp_path / "programme.db"
    make_before_seals(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("insert into user (name, added_event) values ('reviewer-1', 1)")
        # As a file was before triggers kept its events.
        for (trigger,) in raw.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            raw.execute(f'drop trigger "{trigger}"')
        raw.execute("delete from event")
    found = verify(path)
    assert found.exit_code == 1
    assert "the record is not sealed: its 1 row, because" in str(found.exception)
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("drop table event")
    found = verify(path)
    assert found.exit_code == 1
    assert "the table event is missing" in str(found.exception), "not an error of SQLite's"


def test_a_file_older_than_seals_is_sealed_when_it_is_opened_for_work(tmp_path: Path) -> None:
    make_before_seals(tmp_path / "programme.db")
    open_programme(tmp_path / "programme.db").conn.close()
    found = audit_file(tmp_path / "programme.db")
    assert (found.problems, found.not_sealed, found.events) == ((), (), 3)


def test_while_another_process_has_it_open_the_log_is_read_and_left_as_it_is(path: Path) -> None:
    with another_process(path, "tag(1); tag(2)"):
        before = bytes_in(path.parent)
        assert set(before) == {"programme.db", "programme.db-shm", "programme.db-wal"}
        assert events_in(path) == 4, "what is in the log counts"
        assert {name for name, digest in bytes_in(path.parent).items() if digest != before[name]} == set()


def test_what_a_killed_process_left_in_its_log_is_read_and_left_as_it_is(path: Path) -> None:
    with another_process(path, "tag(1); tag(2)"):
        pass
    before = bytes_in(path.parent)
    assert set(before) == {"programme.db", "programme.db-shm", "programme.db-wal"}
    assert events_in(path) == 4
    assert bytes_in(path.parent) == before


def test_a_database_copied_with_its_log_alone_is_read_with_it(path: Path, tmp_path: Path) -> None:
    with another_process(path, "tag(1)"):
        for name in ("programme.db", "programme.db-wal"):
            (tmp_path / "copy").mkdir(exist_ok=True)
            shutil.copy(path.with_name(name), tmp_path / "copy" / name)
    before = bytes_in(tmp_path / "copy")
    assert events_in(tmp_path / "copy" / "programme.db") == 3
    assert bytes_in(tmp_path / "copy") == before


def test_a_backup_with_a_journal_that_was_left_is_read_as_it_was_before(path: Path) -> None:
    backup = path.with_name("backup.db")
    back_up(path, backup)
    with closing(sqlite3.connect(backup, isolation_level=None)) as raw:
        raw.execute("pragma cache_size=1")
        raw.execute("begin")
        raw.execute("drop trigger evidence_never_update")
        raw.execute("update evidence set text = text || hex(randomblob(4000))")
        # What a process leaves that is killed at this moment.
        left = {name: backup.with_name(name).read_bytes() for name in ("backup.db", "backup.db-journal")}
        raw.execute("rollback")
    (path.parent / "left").mkdir()
    for name, content in left.items():
        (path.parent / "left" / name).write_bytes(content)
    before = bytes_in(path.parent / "left")
    assert "The record is intact" in verify(path.parent / "left" / "backup.db").output
    assert bytes_in(path.parent / "left") == before


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder that is owned by whom `on_read_only_media` runs as."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


NOBODY = 65534
CHECK = f"""
import os, sys
from pathlib import Path
from joint_review.record import audit_file
audit_file(Path(sys.argv[2]))  # everything is imported that is needed: then only the files cannot be read
if os.getuid() == 0:
    os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
assert not any(os.access(p, os.W_OK) for p in (sys.argv[1], os.path.dirname(sys.argv[1])))
found = audit_file(Path(sys.argv[1]))
print(found.events, found.problems)
"""


def on_read_only_media(folder: Path, other: Path) -> str:
    """Events and problems, found by a process that may write neither file nor folder, not even as root."""
    for path in (*folder.iterdir(), folder):
        path.chmod(0o500 if path.is_dir() else 0o400)
        if os.getuid() == 0:
            os.chown(path, NOBODY, NOBODY)
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(folder / "programme.db"), str(other)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("left", [False, True], ids=["closed", "with the log of a killed process"])
def test_it_works_where_nothing_can_be_written(path: Path, read_only: Path, left: bool) -> None:
    if left:
        with another_process(path, "tag(1); tag(2)"):
            pass
    for file in path.parent.iterdir():
        shutil.copy(file, read_only / file.name)
    before = bytes_in(read_only)
    assert on_read_only_media(read_only, path) == f"{4 if left else 2} ()\n"
    assert bytes_in(read_only) == before


# --- the result is right, whatever others do -----------------------------------------------------------


def test_a_file_changed_while_it_is_read_is_read_again(path: Path) -> None:
    seen: list[int] = []

    def work(db: Database) -> int:
        seen.append(int(one(db, "select count(*) from event")))
        if len(seen) == 1:
            event_in(path)
        return seen[-1]

    assert read_unchanged(path, work) == 3
    assert seen == [2, 3]


def test_a_file_that_changes_every_time_is_refused(path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="changes all the time"):
        read_unchanged(path, lambda db: event_in(path))
    assert events_in(path) == 2 + unchanged.TRIES


def test_a_process_that_writes_all_the_time_never_makes_a_whole_record_look_altered(path: Path) -> None:
    forever = (
        "import threading\n"
        "def go():\n"
        "    n = 0\n"
        "    mine = open_programme(Path(sys.argv[1]))\n"
        "    while True:\n"
        "        n += 1\n"
        "        domain = ['leadership', 'workforce', 'resources'][n // 40 % 3]\n"
        "        tag_item(mine, review, n % 40 + 1, [domain], by='r', at=datetime.now(UTC))\n"
        "        if n % 25 == 0: mine.conn.execute('pragma wal_checkpoint(truncate)')\n"
        "threading.Thread(target=go, daemon=True).start()"
    )
    with another_process(path, forever) as process:
        found = [audit_file(path) for _ in range(6)]
        assert process.poll() is None
    assert [check.problems for check in found] == [()] * 6
    numbers = [check.events for check in found]
    assert numbers == sorted(numbers) and numbers[-1] > numbers[0], "nothing was written meanwhile"


# --- what cannot be read -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty or was cut short"), (b"no database at all" * 99, "is not a database")],
)
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "p.db").write_bytes(content)
    with pytest.raises(DatabaseUnusable, match=says):
        audit_file(tmp_path / "p.db")
    assert bytes_in(tmp_path) == {"p.db": hashlib.sha256(content).hexdigest()}


def test_a_missing_file_and_a_foreign_database_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="there is no database at"):
        audit_file(tmp_path / "p.db")
    with closing(sqlite3.connect(tmp_path / "p.db")) as raw:
        raw.execute("create table t (x)")
    with pytest.raises(DatabaseUnusable, match="not a joint-review database"):
        audit_file(tmp_path / "p.db")


def test_a_name_with_signs_of_an_address_is_read(path: Path) -> None:
    odd = path.with_name("50% of #3?.db")
    shutil.copy(path, odd)
    assert events_in(odd) == 2
