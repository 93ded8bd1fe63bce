"""A backup or restoring that is killed: the name has one whole database at every moment, nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, new_programme, new_review
from evidence_rows import finding
from killing import killed_at_each_step
from trying import Tried

from assessment.runs.audit import audit_programme
from joint_review.opening import init_programme, open_programme
from programme import files
from programme.backup import back_up, restore_backup
from programme.check import head_of_record
from programme.database import Act, Database, add_event, transaction
from rules.errors import DatabaseUnusable


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a working database and an older backup of it."""
    folder = tmp_path_factory.mktemp("made")
    with closing(new_programme(folder).conn) as connection:
        new_review(Database(connection), "r1", "wales-round-2", *(finding("I1") for _ in range(20)))
    back_up(folder / "programme.db", folder / "copy.db")
    one_more_event(folder / "programme.db")
    return folder


def one_more_event(path: Path) -> str:
    with closing(open_programme(path).conn) as connection, transaction(Database(connection)) as db:
        add_event(db, Act(Tried.TRY, "lead", AT))
    return head_of(path)


def head_of(path: Path) -> str:
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        assert audit_programme(db).problems == ()
        return str(head_of_record(db))


def restore(folder: Path) -> None:
    restore_backup(
        folder / "copy.db", folder / "programme.db", by="lead", at=AT, reopen=open_programme, replace=True
    )


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm")))


def each_kill(made: Path, folder: Path, work: str) -> Iterator[str]:
    """The work killed at every step, each time in a fresh copy of what was made."""
    place = folder / "place"

    def fresh() -> None:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(made, place)
        for path in place.iterdir():
            path.chmod(0o640)

    def do() -> None:
        if work == "restore":
            restore(place)
        else:
            back_up(place / "programme.db", place / "copy.db", replace=True)

    fresh()
    for step in killed_at_each_step(place, do):
        yield step
        fresh()


def test_a_restoring_killed_at_any_step_leaves_the_old_database_or_the_restored_one(
    made: Path, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    old = head_of(made / "programme.db")
    found, steps = set(), []
    for step in each_kill(made, tmp_path, "restore"):
        steps.append(step)
        assert (place / "programme.db").exists(), f"killed before {step}"
        # The old one has its own name still, or one that says what it is; and no file has two.
        now = head_of(place / "programme.db")
        kept = [path for path in place.glob("programme.db.before-*") if "-wal" not in path.name]
        found.add(now == old)
        assert [head_of(path) for path in kept] == ([] if now == old else [old]), f"killed before {step}"
        assert all(path.stat().st_nlink == 1 for path in place.iterdir())
        # The next one does what this one could not, and clears what it left.
        restore(place)
        assert not list(place.glob("*.part*"))
        assert old in {head_of(path) for path in place.glob("programme.db.before-*")}
    assert found == {True, False}, "killed before the new one was there, and after"
    for kind in ("os.link", "os.rename", "sqlite3.connect", "os.chmod"):
        assert any(step.startswith(kind) for step in steps), f"never killed at {kind}"


def test_a_backup_killed_at_any_step_leaves_the_older_one_or_the_new_one(made: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    older, newer = head_of(made / "copy.db"), head_of(made / "programme.db")
    found, left = set(), 0
    for step in each_kill(made, tmp_path, "backup"):
        left += len(list(place.glob("*.part*")))
        found.add(head_of(place / "copy.db"))
        assert head_of(place / "programme.db") == newer, f"killed before {step}"
        back_up(place / "programme.db", place / "copy.db", replace=True)
        assert names_in(place) == ["copy.db", "programme.db"], f"killed before {step}"
    assert left, "no kill left anything"
    assert found == {older, newer}, "killed before it had its name, and after"


def test_a_damaged_database_and_its_log_are_somewhere_whenever_a_restoring_is_killed(
    made: Path, tmp_path: Path
) -> None:
    place, source = tmp_path / "place", tmp_path / "source"
    shutil.copytree(made, source)
    shutil.rmtree(place, ignore_errors=True)
    with closing(open_programme(source / "programme.db").conn) as connection:
        with transaction(Database(connection)) as db:
            add_event(db, Act(Tried.TRY, "lead", AT))
        log = (source / "programme.db-wal").read_bytes()
    damaged = b"\xff" * 5_000
    (source / "programme.db").write_bytes(damaged)
    (source / "programme.db-wal").write_bytes(log)
    seen = set()
    for step in each_kill(source, tmp_path, "restore"):
        contents = {path.read_bytes() for path in place.iterdir() if "copy" not in path.name}
        assert {damaged, log} <= contents, f"killed before {step}"
        now = (place / "programme.db").read_bytes()
        seen.add(now == damaged)
        if now != damaged:
            assert not (place / "programme.db-wal").exists()
            assert head_of(place / "programme.db")
    assert seen == {True, False}


def test_a_new_database_that_is_killed_at_any_step_is_not_there_or_is_whole(tmp_path: Path) -> None:
    path, found = tmp_path / "place" / "new.db", set()
    path.parent.mkdir()
    for step in killed_at_each_step(path.parent, lambda: init_programme(path)):
        found.add(path.exists())
        if path.exists():
            with closing(open_programme(path).conn) as connection:
                assert connection.execute("select count(*) from framework").fetchone() == (3,), step
        init_programme(path)[0].conn.close()
        assert names_in(path.parent) == ["new.db"], f"killed before {step}"
        path.unlink()
    assert found == {True, False}


def test_a_file_that_another_process_is_making_is_not_cleared(made: Path, tmp_path: Path) -> None:
    for name in ("programme.db", "copy.db"):
        shutil.copy(made / name, tmp_path / name)
    told, telling = os.pipe()
    going, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go)
        try:
            with files.new_file(tmp_path / "copy.db"):
                os.write(telling, b"made")
                os.read(going, 1)  # until it may go on, or nobody is there any more
        finally:
            os._exit(0)
    try:
        os.read(told, 4)
        [part] = tmp_path.glob(f"*{files.PART}")
        back_up(tmp_path / "programme.db", tmp_path / "copy.db", replace=True)
        assert part.exists()
    finally:
        for handle in (told, telling, going, go):
            os.close(handle)
        os.waitpid(child, 0)
    assert not part.exists()


def test_a_file_cleared_in_the_moment_before_it_is_held_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, cleared = tempfile.mkstemp, []

    def make_and_be_too_slow(**options: Any) -> tuple[int, str]:
        handle, name = make(**options)
        if not cleared:
            files.clear_leftovers(tmp_path)
            cleared.append(Path(name))
        return handle, name

    monkeypatch.setattr(tempfile, "mkstemp", make_and_be_too_slow)
    with files.new_file(tmp_path / "copy.db") as made:
        assert not cleared[0].exists()
        made.write_text("whole")
        files.clear_leftovers(tmp_path)
        files.put_in_place(made, tmp_path / "copy.db")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("copy.db", "whole")]


def test_files_of_people_are_never_taken_for_leftovers(made: Path, tmp_path: Path) -> None:
    shutil.copy(made / "programme.db", tmp_path / "programme.db")
    names = [
        "other.db.x.part",
        "copy.db.x.part",
        "copy.db.k3jw02xs.part",
        "programme.db.part-1",
        "copy.db-old.part",
        "notes.part",
    ]
    for name in names:
        (tmp_path / name).write_text("mine")
    left = tmp_path / f"copy-of-last-week.db.k3jw02xs{files.PART}"
    for suffix in ("", "-journal"):
        files.beside(left, suffix).write_text("of a backup that was killed")
    back_up(tmp_path / "programme.db", tmp_path / "copy.db")
    assert not list(tmp_path.glob(f"*{files.PART}*"))
    assert all((tmp_path / name).read_text() == "mine" for name in names)


def test_a_link_to_the_database_stays_a_link_and_what_it_leads_to_is_restored(
    made: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    shutil.copy(made / "copy.db", tmp_path / "copy.db")
    shutil.copy(made / "programme.db", tmp_path / "data" / "programme.db")
    old = head_of(tmp_path / "data" / "programme.db")
    (tmp_path / "programme.db").symlink_to(tmp_path / "data" / "programme.db")
    restore(tmp_path)
    assert (tmp_path / "programme.db").is_symlink()
    [kept] = (tmp_path / "data").glob("programme.db.before-*")
    assert head_of(kept) == old != head_of(tmp_path / "programme.db")


def test_a_restoring_that_fails_at_the_end_puts_everything_back(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("programme.db", "copy.db"):
        shutil.copy(made / name, tmp_path / name)
    old = head_of(tmp_path / "programme.db")

    def refused(*_: object) -> None:
        raise OSError("no renaming today")

    monkeypatch.setattr("programme.files.os.replace", refused)
    with pytest.raises(OSError, match="no renaming today"):
        restore(tmp_path)
    assert names_in(tmp_path) == ["copy.db", "programme.db"]
    assert head_of(tmp_path / "programme.db") == old


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_a_disk_that_knows_no_second_names_keeps_the_old_database_too(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    for name in ("programme.db", "copy.db"):
        shutil.copy(made / name, tmp_path / name)
    old = head_of(tmp_path / "programme.db")
    if not links:

        def refused(*_: object) -> None:
            raise PermissionError("this file system has no links")

        monkeypatch.setattr("programme.files.os.link", refused)
    restore(tmp_path)
    [kept] = tmp_path.glob("programme.db.before-*")
    assert head_of(kept) == old


def test_a_log_of_another_database_is_put_aside_before_a_restoring_and_never_folded_in(
    made: Path, tmp_path: Path
) -> None:
    for name in ("programme.db", "copy.db"):
        shutil.copy(made / name, tmp_path / name)
    shutil.copy(made / "copy.db", tmp_path / "other.db")
    with closing(open_programme(tmp_path / "other.db").conn) as connection:
        for _ in range(3):
            with transaction(Database(connection)) as db:
                add_event(db, Act(Tried.TRY, "somebody", AT))
        log = (tmp_path / "other.db-wal").read_bytes()
    old = (tmp_path / "programme.db").read_bytes()
    (tmp_path / "programme.db-wal").write_bytes(log)
    found = restore_backup(
        tmp_path / "copy.db", tmp_path / "programme.db", by="lead", at=AT, reopen=open_programme, replace=True
    )
    assert {path.read_bytes() for path in found.set_aside} >= {log}
    assert found.kept is not None
    with closing(sqlite3.connect(f"{found.kept.as_uri()}?immutable=1", uri=True)) as connection:
        kept = connection.execute("select count(*) from event").fetchone()
    (tmp_path / "old.db").write_bytes(old)
    with closing(sqlite3.connect(f"{(tmp_path / 'old.db').as_uri()}?immutable=1", uri=True)) as connection:
        assert connection.execute("select count(*) from event").fetchone() == kept


def test_a_backup_names_the_log_of_another_database_and_copies_without_it(made: Path, tmp_path: Path) -> None:
    for name in ("programme.db", "copy.db"):
        shutil.copy(made / name, tmp_path / name)
    head = head_of(tmp_path / "programme.db")
    with closing(open_programme(tmp_path / "copy.db").conn) as connection:
        with transaction(Database(connection)) as db:
            add_event(db, Act(Tried.TRY, "somebody", AT))
        shutil.copy(tmp_path / "copy.db-wal", tmp_path / "programme.db-wal")
    found = back_up(tmp_path / "programme.db", tmp_path / "again.db")
    assert [path.name for path in found.set_aside] == ["programme.db.set-aside-1-wal"]
    assert str(found.head) == head == head_of(tmp_path / "again.db")


def test_a_missing_backup_changes_nothing(made: Path, tmp_path: Path) -> None:
    shutil.copy(made / "programme.db", tmp_path / "programme.db")
    with pytest.raises(DatabaseUnusable, match="there is no database at"):
        restore(tmp_path)
    assert names_in(tmp_path) == ["programme.db"]
