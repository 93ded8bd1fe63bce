"""Backups: one checked file of one moment, also while others write; and restored without losing what was."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from assessment_example import AT
from click.testing import CliRunner
from trying import Tried

from assessment.runs.audit import audit_programme
from joint_review.cli import cli
from joint_review.opening import open_programme
from programme.backup import back_up, restore_backup
from programme.check import head_of_record
from programme.database import Act, Database, add_event, one, rows, transaction
from rules.errors import DatabaseUnusable
from rules.remedy import Replace

ROOT = Path(__file__).parent.parent


@pytest.fixture
def path(many_findings: Path, tmp_path: Path) -> Path:
    """A working database with 300 items."""
    return Path(shutil.copy(many_findings, tmp_path / "programme.db"))


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as plain:
        names = [row[0] for row in plain.execute("select name from sqlite_master where type = 'table'")]
        return {name: plain.execute(f"select * from [{name}]").fetchall() for name in names}


def head_of(path: Path) -> str:
    with closing(open_programme(path).conn) as connection:
        return str(head_of_record(Database(connection)))


def one_more_event(path: Path) -> None:
    with closing(open_programme(path).conn) as connection, transaction(Database(connection)) as db:
        add_event(db, Act(Tried.TRY, "lead", AT))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm")))


# --- backups -------------------------------------------------------------------------------------------


def test_a_backup_holds_the_same_rows_in_one_file_for_its_owner_alone(path: Path, tmp_path: Path) -> None:
    expected, head = contents(path), head_of(path)
    found = back_up(path, tmp_path / "copy.db")
    assert contents(tmp_path / "copy.db") == expected
    assert str(found.head) == head
    assert found.bytes == (tmp_path / "copy.db").stat().st_size
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert names_in(tmp_path) == ["copy.db", "programme.db"]
    assert not (tmp_path / "copy.db-wal").exists()


def test_a_backup_has_what_still_stands_in_the_log_of_the_database(path: Path, tmp_path: Path) -> None:
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        with transaction(db):
            add_event(db, Act(Tried.LAST, "lead", AT))
        assert path.with_name(path.name + "-wal").stat().st_size
        back_up(path, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("select count(*) from event where action = 'the last word'").fetchone() == (1,)


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from joint_review.opening import open_programme
from evidence.items import tag_item, withdraw_item
from programme.reviews import find_review
db = open_programme(Path(sys.argv[1]))
review, number = find_review(db, "r1"), 0
print("ready", flush=True)
while True:
    number += 1
    tag_item(db, review, number % 300 + 1, ["leadership"], by="reviewer-1", at=datetime.now(UTC))
    withdraw_item(db, review, number % 300 + 1, by="reviewer-1", because="No.", at=datetime.now(UTC),
                  domain="leadership")
"""


def test_a_backup_taken_while_somebody_writes_is_of_one_moment(path: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as writer:
        try:
            assert writer.stdout and writer.stdout.readline() == "ready\n"
            found = [back_up(path, tmp_path / f"copy-{number}.db") for number in range(3)]
            assert writer.poll() is None, "the writer ended too soon"
        finally:
            writer.kill()
    numbers = [copy.head.number for copy in found if copy.head]
    assert numbers == sorted(numbers) and numbers[-1] > numbers[0], "nothing was written meanwhile"
    for number, copy in enumerate(found):
        with closing(open_programme(tmp_path / f"copy-{number}.db").conn) as connection:
            db = Database(connection)
            assert audit_programme(db, lodged=str(copy.head)).problems == ()
            # Every event of the writer adds or withdraws one tag; no backup has one without the other.
            tags = one(
                db,
                "select count(added_event) + count(withdrawn_event) from tag where domain_id in"
                " (select id from domain where key = 'leadership')",
            )
            assert tags == one(db, "select count(*) from event where action in ('tag', 'withdraw tag')")
    assert audit_whole(path)


def audit_whole(path: Path) -> bool:
    with closing(open_programme(path).conn) as connection:
        return audit_programme(Database(connection)).problems == ()


def test_an_older_backup_is_replaced_only_when_told_to(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    back_up(path, target)
    first = target.read_bytes()
    one_more_event(path)
    with pytest.raises(DatabaseUnusable, match="already exists"):
        back_up(path, target)
    assert target.read_bytes() == first
    back_up(path, target, replace=True)
    assert head_of(target) == head_of(path)


def test_a_backup_goes_to_a_file_of_its_own(path: Path, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="is the working database itself"):
        back_up(path, path, replace=True)
    (tmp_path / "link.db").symlink_to(path)
    with pytest.raises(DatabaseUnusable, match="is the working database itself"):
        back_up(path, tmp_path / "link.db", replace=True)
    with pytest.raises(DatabaseUnusable, match="is a folder"):
        back_up(path, tmp_path)
    with pytest.raises(DatabaseUnusable, match=r"the folder .* does not exist"):
        back_up(path, tmp_path / "nowhere" / "copy.db")
    with pytest.raises(DatabaseUnusable, match="there is no database at"):
        back_up(tmp_path / "none.db", tmp_path / "copy.db")
    other = tmp_path / "other.db"
    shutil.copy(path, other)
    with closing(open_programme(other).conn), pytest.raises(DatabaseUnusable, match="is a database in use"):
        back_up(path, other, replace=True)


def test_another_file_is_no_database_to_back_up(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as plain:
        plain.execute("create table notes (text)")
    with pytest.raises(DatabaseUnusable, match="is not a joint-review database"):
        back_up(tmp_path / "other.db", tmp_path / "copy.db")
    (tmp_path / "text.db").write_text("no database, but long enough to be taken for one" * 9)
    with pytest.raises(DatabaseUnusable, match="is not a database"):
        back_up(tmp_path / "text.db", tmp_path / "copy.db")
    assert names_in(tmp_path) == ["other.db", "text.db"]


def damaged(path: Path) -> None:
    """Overwrite pages in the middle."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 8192 * 4096
    content[middle : middle + 40_960] = b"\xa5" * 40_960
    path.write_bytes(content)


def test_a_damaged_database_gives_no_backup(path: Path, tmp_path: Path) -> None:
    damaged(path)
    with pytest.raises(DatabaseUnusable, match="is damaged"):
        back_up(path, tmp_path / "copy.db")
    assert names_in(tmp_path) == ["programme.db"]


def test_a_disk_without_room_is_named_and_nothing_is_left_half_made(path: Path, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            # No file may grow beyond this: what a full disk does, without filling one.
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            try:
                back_up(path, tmp_path / "to" / "copy.db")
                said = "done"
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
            os.write(writing, said.encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    assert said.startswith(f"DatabaseUnusable: {tmp_path / 'to' / 'copy.db'} ")
    assert "could not be read or written" in said and "is the disk full?" in said
    assert list((tmp_path / "to").iterdir()) == []
    assert audit_whole(path)


# --- restoring -----------------------------------------------------------------------------------------


def test_a_backup_is_restored_and_that_is_on_the_record(path: Path, tmp_path: Path) -> None:
    backup, target = tmp_path / "copy.db", tmp_path / "again.db"
    made = back_up(path, backup)
    before = backup.read_bytes()
    found = restore_backup(backup, target, by="administrator-1", at=AT, reopen=open_programme)
    assert found.kept is None
    assert head_of(target) == str(found.head)
    with closing(open_programme(target).conn) as connection:
        db = Database(connection)
        assert audit_programme(db, lodged=str(made.head)).problems == ()
        [event] = rows(db, 'select action, by, target, "after" from event order by id desc limit 1')
        assert one(db, "select count(*) from evidence") == 300
    assert event == {
        "action": "restore",
        "by": "administrator-1",
        "target": "copy.db",
        "after": json.dumps({"head": str(made.head)}),
    }
    assert backup.read_bytes() == before


def test_a_working_database_is_never_written_over_and_kept_aside_when_told_to(
    path: Path, tmp_path: Path
) -> None:
    back_up(path, tmp_path / "copy.db")
    one_more_event(path)
    lost = head_of(path)
    with pytest.raises(DatabaseUnusable, match="there is a database at") as caught:
        restore_backup(tmp_path / "copy.db", path, by="lead", at=AT, reopen=open_programme)
    assert isinstance(caught.value.remedies[0], Replace) and head_of(path) == lost
    path.chmod(0o640)
    (tmp_path / "copy.db").chmod(0o644)
    first = restore_backup(tmp_path / "copy.db", path, by="lead", at=AT, reopen=open_programme, replace=True)
    assert first.kept is not None and first.kept.parent == tmp_path
    assert head_of(first.kept) == lost
    assert head_of(path) == str(first.head) != lost
    for file in (path, first.kept, tmp_path / "copy.db"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # A second time in the same second keeps both.
    second = restore_backup(tmp_path / "copy.db", path, by="lead", at=AT, reopen=open_programme, replace=True)
    assert second.kept not in (None, first.kept)
    assert head_of(first.kept) == lost


def test_what_a_killed_process_left_beside_the_database_is_not_mixed_into_the_restored_one(
    path: Path, tmp_path: Path
) -> None:
    back_up(path, tmp_path / "copy.db")
    log = path.with_name(path.name + "-wal")
    with closing(open_programme(path).conn) as connection:
        with transaction(Database(connection)) as db:
            add_event(db, Act(Tried.TRY, "lead", AT))
        left = log.read_bytes()
    path.unlink()
    log.write_bytes(left)
    found = restore_backup(tmp_path / "copy.db", path, by="lead", at=AT, reopen=open_programme)
    assert head_of(path) == str(found.head)
    assert audit_whole(path)
    assert found.kept is None
    assert [file.read_bytes() for file in found.set_aside] == [left]
    assert "-wal" in found.set_aside[0].name


HOLDER = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1])
held.execute("select count(*) from event").fetchone()
print("ready", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """The database open in another process that reads nothing at the moment, as Datasette holds it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == "ready\n"
        yield


def test_a_database_that_another_process_has_open_is_not_replaced(path: Path, tmp_path: Path) -> None:
    back_up(path, tmp_path / "copy.db")
    head = head_of(path)
    with held_open(path), pytest.raises(DatabaseUnusable, match="is open in another process"):
        restore_backup(tmp_path / "copy.db", path, by="lead", at=AT, reopen=open_programme, replace=True)
    assert head_of(path) == head
    assert names_in(tmp_path) == ["copy.db", "programme.db"]
    restore_backup(tmp_path / "copy.db", path, by="lead", at=AT, reopen=open_programme, replace=True)


def test_a_damaged_database_can_be_replaced_and_is_kept(path: Path, tmp_path: Path) -> None:
    back_up(path, tmp_path / "copy.db")
    content = b"\xff" * 5_000
    path.write_bytes(content)
    found = restore_backup(tmp_path / "copy.db", path, by="lead", at=AT, reopen=open_programme, replace=True)
    assert found.kept is not None and found.kept.read_bytes() == content
    assert audit_whole(path)


@pytest.mark.parametrize("how", ["pages", "cut short", "another file", "empty", "missing"])
def test_a_damaged_backup_is_refused_and_nothing_changes(path: Path, tmp_path: Path, how: str) -> None:
    backup = tmp_path / "copy.db"
    back_up(path, backup)
    head = head_of(path)
    if how == "pages":
        damaged(backup)
    elif how == "cut short":
        backup.write_bytes(backup.read_bytes()[:50_000])
    elif how == "another file":
        backup.write_text("no database, but long enough to be taken for one" * 9)
    elif how == "empty":
        backup.write_bytes(b"")
    else:
        backup.unlink()
    with pytest.raises(DatabaseUnusable) as caught:
        restore_backup(backup, path, by="lead", at=AT, reopen=open_programme, replace=True)
    assert str(caught.value).startswith((str(backup), "there is no database at"))
    assert head_of(path) == head
    assert [name for name in names_in(tmp_path) if name != "copy.db"] == ["programme.db"]


def test_a_backup_of_a_newer_version_is_refused(path: Path, tmp_path: Path) -> None:
    back_up(path, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db", isolation_level=None)) as raw:
        raw.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at)"
            " values ('joint-review evidence', 'from_the_future', '2031-01-01')"
        )
    with pytest.raises(DatabaseUnusable, match="made by a newer version"):
        restore_backup(tmp_path / "copy.db", tmp_path / "again.db", by="lead", at=AT, reopen=open_programme)
    assert names_in(tmp_path) == ["copy.db", "programme.db"]


def test_a_database_is_no_backup_of_itself(path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="is the working database itself"):
        restore_backup(path, path, by="lead", at=AT, reopen=open_programme, replace=True)


# --- the command ---------------------------------------------------------------------------------------


def test_the_commands_say_what_they_made_and_what_was_kept(path: Path, tmp_path: Path) -> None:
    copy, db = str(tmp_path / "copy.db"), str(path)
    head = head_of(path)
    done = CliRunner().invoke(cli, ["backup", copy, "--db", db])
    assert done.exit_code == 0 and f"{copy} is a checked copy of {db}: " in done.output
    assert f"head {head}" in done.output
    done = CliRunner().invoke(cli, ["backup", copy, "--replace", "--json", "--db", db])
    assert f"{json.loads(done.output)['head']['number']}:{json.loads(done.output)['head']['digest']}" == head
    done = CliRunner().invoke(cli, ["restore", copy, "--db", db])
    assert isinstance(done.exception, DatabaseUnusable)
    done = CliRunner().invoke(cli, ["restore", copy, "--replace", "--by", "lead", "--db", db])
    assert f"{db} restored from {copy}" in done.output and "The previous database is kept as" in done.output
    assert audit_whole(path)
