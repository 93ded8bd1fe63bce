"""The working database: made, opened, upgraded, refused in words; written to together or not at all."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from example_framework import AT, counts, new_programme
from trying import Tried

from joint_review.upgrades.evidence import migrations as evidence_upgrades
from programme import database
from programme.columns import add_columns, columns, create, table
from programme.database import (
    APPLICATION_ID,
    Act,
    Database,
    Migrations,
    add_event,
    create_database,
    insert,
    one,
    open_database,
    rows,
    said_plainly,
    transaction,
)
from rules.errors import DatabaseUnusable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A working database, closed."""
    path = tmp_path / "programme.db"
    new_programme(path).conn.close()
    return path


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    """A working database, open."""
    with closing(open_database(path, [evidence_upgrades]).conn) as connection:
        yield Database(connection)


def why(path: Path, *migrations: Migrations) -> str:
    """What is said of a file that cannot be opened."""
    with pytest.raises(DatabaseUnusable) as caught:
        open_database(path, [evidence_upgrades, *migrations]).conn.close()
    assert caught.value.hint or caught.value.remedies
    return str(caught.value)


# --- tables, as the schemas describe them -----------------------------------------------------------------

CHAPTER = table(
    """
    chapter -- The chapters of books.
      id integer primary key -- Number of the row.
      number integer not null check (number between 1
        and 99) -- Its place in the book.
      title text not null default ''
        -- Its title; empty for a chapter that
        -- has none.
      unique (number, title)
    create unique index chapter_by_title on chapter(title)
      where title <> ''
    """,
    label="title",
    never_changed=True,
)


def test_a_table_is_created_from_the_sql_that_describes_it_without_the_comments(db: Database) -> None:
    create(db, (CHAPTER,))
    add_columns(db, "chapter", columns("pages integer -- How many pages it has."))
    made = "select sql from sqlite_master where name in ('chapter', 'chapter_by_title') order by rowid"
    assert [row["sql"] for row in rows(db, made)] == [
        "CREATE TABLE chapter (\n"
        "  id integer primary key,\n"
        "  number integer not null check (number between 1 and 99),\n"
        "  title text not null default '', pages integer,\n"
        "  unique (number, title)\n"
        ")",
        "CREATE UNIQUE INDEX chapter_by_title on chapter(title) where title <> ''",
    ]
    insert(db, "chapter", {"number": 1, "title": "One"})
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        db.execute("update chapter set number = 2")


def test_people_read_of_a_table_what_the_comments_say(db: Database) -> None:
    assert (CHAPTER.name, CHAPTER.description) == ("chapter", "The chapters of books.")
    assert {column.name: column.description for column in CHAPTER.columns} == {
        "id": "Number of the row.",
        "number": "Its place in the book.",
        "title": "Its title; empty for a chapter that has none.",
    }


# --- making and opening --------------------------------------------------------------------------------


def test_a_new_database_has_all_tables_and_is_marked_as_ours(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        names = {row[0] for row in plain.execute("select name from sqlite_master")}
        assert plain.execute("pragma application_id").fetchone()[0] == APPLICATION_ID
        assert plain.execute("pragma integrity_check").fetchone()[0] == "ok"
    assert {"framework", "review", "source", "evidence", "tag", "event", "evidence_fts"} <= names
    assert {"survey_response", "source_page", "current_evidence"} <= names


def test_making_a_database_where_there_is_one_loses_nothing(path: Path) -> None:
    with closing(create_database(path, [evidence_upgrades]).conn) as connection:
        assert connection.execute("select count(*) from framework").fetchone()[0] == 1


def test_a_database_can_be_made_in_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.touch()
    create_database(path, [evidence_upgrades]).conn.close()
    with closing(open_database(path, [evidence_upgrades]).conn) as connection:
        assert connection.execute("select count(*) from framework").fetchone()[0] == 0


def test_a_making_that_was_cut_off_is_completed_by_the_next_opening(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path)) as plain:
        plain.execute(f"pragma application_id={APPLICATION_ID}")
    with closing(open_database(path, [evidence_upgrades]).conn) as connection:
        assert connection.execute("select count(*) from evidence").fetchone()[0] == 0


def test_a_search_finds_what_is_stored_and_forgets_what_is_changed(db: Database) -> None:
    assert one(db, "select count(*) from evidence_fts where evidence_fts match 'carers'") == 0
    triggers = {r["name"] for r in rows(db, "select name from sqlite_master where type = 'trigger'")}
    assert {"evidence_ai", "evidence_au", "evidence_ad"} <= triggers


def test_a_missing_database_is_named_with_the_way_to_make_one(tmp_path: Path) -> None:
    said = why(tmp_path / "none.db")
    assert "there is no database at" in said and "MakeDatabase(" in said


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match=r"the folder .* does not exist\n  Create it first"):
        create_database(tmp_path / "nowhere" / "programme.db", [evidence_upgrades])
    assert "there is no database" in why(tmp_path / "nowhere" / "programme.db")


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "is a folder, not a database" in why(tmp_path)
    with pytest.raises(DatabaseUnusable, match="is a folder"):
        create_database(tmp_path, [evidence_upgrades])


@pytest.mark.parametrize(
    "content", [b"source,locator\n1,2\n", b"x" * 5000, b"SQLite format 2\0" + bytes(200)]
)
def test_a_file_of_another_kind_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "findings.csv"
    path.write_bytes(content)
    assert "is not a database" in why(path)
    with pytest.raises(DatabaseUnusable):
        create_database(path, [evidence_upgrades])
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("create table notes (text)")
    before = path.read_bytes()
    assert "is a SQLite file, but not a joint-review database" in why(path)
    with pytest.raises(DatabaseUnusable):
        create_database(path, [evidence_upgrades])
    assert path.read_bytes() == before


@pytest.mark.parametrize("kept", [0, 50, 100, 4096, 8192 + 17])
def test_a_database_that_was_cut_short_is_named_as_such(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    assert "cut short" in why(path)


def test_a_database_with_a_damaged_schema_is_named_as_such(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100:400] = b"\xff" * 300
    path.write_bytes(content)
    assert "is damaged" in why(path)


def test_a_python_with_an_old_sqlite_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 1))
    said = why(path)
    assert "too old" in said and "SQLite 3.35 or newer is needed" in said


# --- versions ------------------------------------------------------------------------------------------

later = Migrations("joint-review later")


@later()
def one_more_table(db: Database) -> None:
    db.conn.execute("create table later (id integer primary key)")


def test_an_older_file_is_upgraded_when_it_is_opened(path: Path) -> None:
    with closing(open_database(path, [evidence_upgrades, later]).conn) as connection:
        assert connection.execute("select count(*) from later").fetchone()[0] == 0
        assert connection.execute("select count(*) from framework").fetchone()[0] == 1
    open_database(path, [evidence_upgrades, later]).conn.close()


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    broken = Migrations("joint-review broken")

    @broken()
    def first(db: Database) -> None:
        db.conn.execute("create table half (id integer primary key)")

    @broken()
    def second(db: Database) -> None:
        raise RuntimeError("the second step fails")

    with pytest.raises(RuntimeError):
        open_database(path, [evidence_upgrades, broken])
    with closing(sqlite3.connect(path)) as plain:
        names = {row[0] for row in plain.execute("select name from sqlite_master")}
        applied = {row[0] for row in plain.execute("select name from _sqlite_migrations")}
    assert "half" not in names
    assert not applied & {"first", "second"}


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    with closing(open_database(path, [evidence_upgrades, later]).conn) as connection:
        connection.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at)"
            " values ('joint-review later', 'from_the_future', '2031-01-01')"
        )
    said = why(path, later)
    assert "made by a newer version of joint-review (it knows from_the_future)" in said
    assert "Update this installation" in said
    # Who does not use that part of the file can still open it.
    open_database(path, [evidence_upgrades]).conn.close()


# --- writing -------------------------------------------------------------------------------------------


def test_writes_happen_together_or_not_at_all(db: Database) -> None:
    with pytest.raises(RuntimeError), transaction(db):
        add_event(db, Act(Tried.TRY, "lead", AT))
        raise RuntimeError
    assert one(db, "select count(*) from event") == 0
    with transaction(db):
        number = add_event(db, Act(Tried.TRY, "lead", AT), detail={"ŵ": 1})
    assert rows(db, "select id, at, by, detail from event") == [
        {"id": number, "at": "2004-06-01T09:30:00+00:00", "by": "lead", "detail": '{"ŵ": 1}'}
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "update event set by = 'somebody else'",
        "delete from event",
        "insert or replace into event (id, at, by, action) values (1, '2004', 'x', 'y')",
        "replace into event (id, at, by, action) values (1, '2004', 'x', 'y')",
        "insert into event (id, at, by, action) values (1, '2004', 'x', 'y')"
        " on conflict (id) do update set by = 'x'",
    ],
)
def test_the_record_of_events_is_never_changed(db: Database, statement: str) -> None:
    with transaction(db):
        add_event(db, Act(Tried.TRY, "lead", AT))
    with pytest.raises(sqlite3.IntegrityError, match="rows of event are never changed"):
        db.conn.execute(statement)
    assert rows(db, "select by, action from event") == [{"by": "lead", "action": "try"}]


def test_what_refers_to_nothing_is_not_stored(db: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        insert(db, "tag", {"evidence_id": 7, "domain_id": 1, "tagged_by": "x", "added_event": 1})
    with pytest.raises(sqlite3.IntegrityError), transaction(db):
        db.conn.execute("delete from question")


def test_a_database_that_stays_locked_is_named_after_a_while(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 50)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with closing(open_database(path, [evidence_upgrades]).conn) as connection:
            mine = Database(connection)
            before = counts(mine)
            with pytest.raises(DatabaseUnusable) as caught, transaction(mine):
                add_event(mine, Act(Tried.TRY, "lead", AT))
            assert "is in use by another process" in str(caught.value)
            assert "nothing was changed" in caught.value.hint
            assert counts(mine) == before
            other.execute("rollback")
            with transaction(mine):
                add_event(mine, Act(Tried.TRY, "lead", AT))


def test_an_upgrade_waits_for_nobody_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 50)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        assert "stayed locked" in why(path, later)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users may enter: those of pytest are its owner's alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def as_somebody_else(path: Path) -> list[str]:
    """What opening and making say to a user who may read but not write (root may always write)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            for open_or_make in (open_database, create_database):
                try:
                    open_or_make(path, [evidence_upgrades]).conn.close()
                    said = "opened"
                except Exception as error:
                    said = f"{type(error).__name__}: {error}".replace("\n", " ")
                os.write(writing, f"{said}\n".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        found = pipe.read().splitlines()
    os.waitpid(child, 0)
    return found


def test_a_database_that_may_only_be_read_is_named_before_anything_is_tried(public_folder: Path) -> None:
    path = public_folder / "programme.db"
    new_programme(path).conn.close()
    path.chmod(0o444)
    said = as_somebody_else(path)
    assert len(said) == 2
    assert all("cannot be opened for writing" in line and "permissions" in line for line in said)


def test_a_folder_that_may_only_be_read_takes_no_new_database(public_folder: Path) -> None:
    public_folder.chmod(0o555)
    missing, making = as_somebody_else(public_folder / "programme.db")
    assert "there is no database" in missing
    assert "cannot be opened for writing" in making
    assert list(public_folder.iterdir()) == []


def test_a_full_disk_is_named_and_nothing_is_half_written(db: Database) -> None:
    before = counts(db)
    db.conn.execute(f"pragma max_page_count={one(db, 'pragma page_count')}")
    with pytest.raises(DatabaseUnusable) as caught, transaction(db):
        for _ in range(100):
            add_event(db, Act(Tried.TRY, "lead", AT, because="x" * 10_000))
    assert "could not be written: the disk is full" in str(caught.value)
    assert counts(db) == before


def test_mistakes_of_our_own_are_not_taken_for_trouble_with_the_file() -> None:
    with (
        closing(sqlite3.connect(":memory:")) as plain,
        pytest.raises(sqlite3.OperationalError, match="no such table: locked_and_full"),
        said_plainly(),
    ):
        plain.execute("select * from locked_and_full")


def test_a_new_working_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    db = database.create_database(tmp_path / "programme.db", [evidence_upgrades])
    try:
        modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        db.conn.close()
    assert modes == {0o600}
