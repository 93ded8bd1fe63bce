"""A file replaced, moved, removed or copied over while it is open; a log that belongs to another database."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import Say
from serving import serving
from trying import Tried
from visitors import AT, SOURCE, Visitor, finding, new_programme

from assessment.runs.audit import audit_programme
from joint_review.opening import init_programme, open_programme
from programme import files, logs
from programme.backup import back_up
from programme.check import head_of_record
from programme.database import Act, Database, add_event, open_for_reading, transaction
from programme.files import beside
from programme.logs import follows, has_own_log, next_stamp, stamps_in_log
from rules.errors import DatabaseUnusable


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a working database, and one that went on from a copy of it."""
    folder = tmp_path_factory.mktemp("replaced")
    new_programme(folder / "programme.db", "reviewer-1")
    back_up(folder / "programme.db", folder / "other.db")
    more_events(folder / "other.db", 3)
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A folder of the test's own with the same."""
    for path in made.iterdir():
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def more_events(path: Path, number: int) -> None:
    with closing(open_programme(path).conn) as connection:
        for _ in range(number):
            with transaction(Database(connection)) as db:
                add_event(db, Act(Tried.TRY, "lead", AT))


def head_of(path: Path) -> str:
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        assert audit_programme(db).problems == ()
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        return str(head_of_record(db))


def findings_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("select count(*) from evidence").fetchone()[0])


# --- under a running server ----------------------------------------------------------------------------


@contextmanager
def at_work(path: Path) -> Iterator[SimpleNamespace]:
    """A server over a database, and a reviewer who has stored three findings."""
    with serving(path) as server, Visitor(server.address, "reviewer-1") as visitor:
        assert visitor.sign_in().status_code == 303
        visitor.read(SOURCE)
        for number in range(3):
            assert visitor.send(f"{SOURCE}/record", finding(number, "reviewer-1")).status_code == 303
        yield SimpleNamespace(visitor=visitor, log=path.with_suffix(".server.log"))


def put_in_its_place(place: Path) -> None:
    os.replace(place / "other.db", place / "programme.db")


def copy_over_it(place: Path) -> None:
    shutil.copyfile(place / "other.db", place / "programme.db")


def move_it_away(place: Path) -> None:
    (place / "programme.db").rename(place / "elsewhere.db")


def remove_it(place: Path) -> None:
    (place / "programme.db").unlink()


def copy_over_it_bit_by_bit(place: Path) -> None:
    content = (place / "other.db").read_bytes()
    with (place / "programme.db").open("r+b") as file:
        for at in range(0, len(content), 65_536):
            file.seek(at)
            file.write(content[at : at + 65_536])
        file.truncate(len(content))


KINDS: dict[Callable[[Path], None], tuple[str, bool]] = {
    put_in_its_place: ("was replaced", True),
    copy_over_it: ("was copied over", False),
    copy_over_it_bit_by_bit: ("was copied over", False),
    move_it_away: ("was moved or removed", True),
    remove_it: ("was moved or removed", True),
}
"""What is done to the file, what the server says of it, and whether it still has the old one whole."""


FIRST = {
    put_in_its_place: ("a form", "a page", "a command"),
    copy_over_it: ("a form", "a page", "a command"),
    copy_over_it_bit_by_bit: ("a form",),
    move_it_away: ("a form",),
    remove_it: ("a form", "a page"),
}
"""Who comes first afterwards."""


@pytest.mark.parametrize(
    ("kind", "first"),
    [(kind, first) for kind, all_first in FIRST.items() for first in all_first],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_file_that_is_no_longer_the_one_served_is_noticed_before_anything_is_written(
    place: Path, kind: Callable[[Path], None], first: str, say: Say
) -> None:
    path = place / "programme.db"
    said, still_there = KINDS[kind]
    new = head_of(place / "other.db")
    with at_work(path) as work:
        kind(place)
        there = path.exists()
        before = path.read_bytes() if there else b""
        if first == "a page":
            answer = work.visitor.read(SOURCE)
            assert answer.status_code == 503 and said in answer.text and "start it again" in answer.text
            assert str(place) not in answer.text
        if first == "a command" and there:
            listed = say("review", "list", "--db", str(path))
            assert listed[0] == 0 and "north" in listed[1]
            assert head_of(path) == new
            assert say("audit", "verify", "--db", str(path))[0] == 0
            before = path.read_bytes()
        typed = finding(7, "reviewer-1") | {"note": "Typed with much care."}
        answer = work.visitor.send(f"{SOURCE}/record", typed)
        assert answer.status_code == 503 and said in answer.text and "start it again" in answer.text
        assert all(typed[name] in answer.text for name in ("quote", "finding", "note"))
        answer = work.visitor.send(f"{SOURCE}/record.json", typed)
        assert answer.status_code == 503 and said in answer.json()["error"]
        assert work.visitor.read(SOURCE).status_code == 503
        if there:
            assert path.read_bytes() == before
            listed = say("review", "list", "--db", str(path))
            assert listed[0] == 0, listed
            more_events(path, 1)
            assert work.visitor.send(f"{SOURCE}/record", typed).status_code == 503
        told = work.log.read_text(encoding="utf-8")
        assert f"{path} {said} while this server had it open" in told
    # The server is gone; neither file was harmed, and all that it had answered as saved is there.
    if there:
        assert head_of(path) != new
        assert findings_in(path) == 0
    else:
        assert not path.exists(), "an empty database was made in its place"
    kept = [file for file in place.glob("programme.db.served-*") if not file.name.endswith(("-wal", "-shm"))]
    assert len(kept) == 1 or not still_there
    for found in kept:
        assert head_of(found) and findings_in(found) == 3
        assert stat.S_IMODE(found.stat().st_mode) == 0o600
        assert f"kept as {found}" in told


def test_what_a_server_does_with_its_own_file_and_others_with_it_is_no_replacing(
    place: Path, say: Say
) -> None:
    path = place / "programme.db"
    with at_work(path) as work:
        number = 3
        for _ in range(6):
            # Commands write and fold the log into the file, as does whoever likes to.
            more_events(path, 40)
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("pragma wal_checkpoint")
            back_up(path, place / "copy.db", replace=True)
            assert work.visitor.read(SOURCE).status_code == 200
            answer = work.visitor.send(f"{SOURCE}/record", finding(number, "reviewer-1"))
            assert answer.status_code == 303
            number += 1
            # The server holds it all the while, whoever looks at the file.
            code, _, err = say("restore", str(place / "copy.db"), "--replace", "--db", str(path))
            assert code == 1 and "is open in another process" in err
        os.utime(path)
        assert work.visitor.send(f"{SOURCE}/record", finding(number, "reviewer-1")).status_code == 303
    assert findings_in(path) == number + 1
    assert head_of(path)


def checkpoint(path: Path, how: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        busy, left, _ = connection.execute(f"pragma wal_checkpoint({how})").fetchone()
        assert not busy and (how != "truncate" or left == 0)


def look(work: SimpleNamespace) -> None:
    assert work.visitor.read(SOURCE).status_code == 200


@pytest.mark.parametrize("looked", ["before", "between", "never"])
def test_a_log_folded_in_and_emptied_by_hand_is_no_copying_over(place: Path, looked: str) -> None:
    path = place / "programme.db"
    with at_work(path) as work:
        for number in range(3, 6):
            more_events(path, 4)
            if looked == "before":
                look(work)
            checkpoint(path, "passive")
            if looked == "between":
                look(work)
            checkpoint(path, "truncate")
            assert beside(path, "-wal").stat().st_size == 0
            look(work)
            answer = work.visitor.send(f"{SOURCE}/record", finding(number, "reviewer-1"))
            assert answer.status_code == 303
    assert findings_in(path) == 6
    assert head_of(path)


def test_a_log_begun_anew_with_what_no_event_is_about_is_no_copying_over(place: Path) -> None:
    path = place / "programme.db"
    with at_work(path) as work:
        more_events(path, 2)
        checkpoint(path, "restart")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("delete from form_answer")
        assert stamps_in_log(beside(path, "-wal")) == []
        look(work)
    assert head_of(path)


@pytest.mark.parametrize("when", ["after a look", "at once"])
def test_a_file_copied_over_once_its_log_was_emptied_is_noticed(place: Path, when: str) -> None:
    path = place / "programme.db"
    back_up(path, place / "before.db")
    with at_work(path) as work:
        more_events(path, 2)
        checkpoint(path, "truncate")
        if when == "after a look":
            look(work)
            checkpoint(path, "truncate")
        shutil.copyfile(place / "before.db", path)
        answer = work.visitor.send(f"{SOURCE}/record", finding(7, "reviewer-1"))
        assert answer.status_code == 503 and "was copied over" in answer.text


def test_a_link_that_comes_to_lead_elsewhere_is_noticed(place: Path) -> None:
    link, path = place / "current.db", place / "programme.db"
    link.symlink_to(path)
    new = head_of(place / "other.db")
    with at_work(link) as work:
        link.unlink()
        link.symlink_to(place / "other.db")
        answer = work.visitor.send(f"{SOURCE}/record", finding(7, "reviewer-1"))
        assert answer.status_code == 503 and "was replaced" in answer.text
    assert head_of(place / "other.db") == new
    assert findings_in(path) == 3


def test_a_server_begins_without_the_log_of_another_database(place: Path) -> None:
    path = place / "programme.db"
    log = left_log(place, "other.db")
    beside(path, "-wal").write_bytes(log)
    with at_work(path) as work:
        assert "programme.db.set-aside-1-wal" in work.log.read_text(encoding="utf-8")
    assert (place / "programme.db.set-aside-1-wal").read_bytes() == log
    assert head_of(path) and findings_in(path) == 3


def test_a_log_emptied_under_a_server_is_noticed_before_more_is_written_to_it(place: Path) -> None:
    path = place / "programme.db"
    before = head_of(path)
    with at_work(path) as work:
        os.truncate(beside(path, "-wal"), 0)
        answer = work.visitor.send(f"{SOURCE}/record", finding(7, "reviewer-1"))
        assert answer.status_code == 503 and "lost its log" in answer.text
    assert head_of(path) == before


def test_a_log_taken_away_under_a_server_is_noticed_and_what_it_held_is_kept(place: Path) -> None:
    path = place / "programme.db"
    with at_work(path) as work:
        beside(path, "-wal").unlink()
        answer = work.visitor.send(f"{SOURCE}/record", finding(7, "reviewer-1"))
        assert answer.status_code == 503 and "lost its log" in answer.text
    assert findings_in(place / "programme.db.served-1") == 3


# --- under a command -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [put_in_its_place, move_it_away, remove_it], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("when", ["before it writes", "while it writes"])
def test_a_command_writes_nothing_once_its_file_is_another(
    place: Path, kind: Callable[[Path], None], when: str
) -> None:
    path = place / "programme.db"
    new = head_of(place / "other.db")
    db = open_programme(path)
    with closing(db.conn):
        if when == "before it writes":
            kind(place)
        with (
            pytest.raises(DatabaseUnusable, match="while it was open, so nothing was written"),
            transaction(db),
        ):
            add_event(db, Act(Tried.TRY, "lead", AT))
            if when == "while it writes":
                kind(place)
    if path.exists():
        assert head_of(path) == new


# --- a log that does not belong ------------------------------------------------------------------------


def left_log(place: Path, of: str, events: int = 2) -> bytes:
    """The log that a process leaves that had stored events in a database and was killed."""
    path = place / of
    with closing(open_programme(path).conn) as connection:
        for _ in range(events):
            with transaction(Database(connection)) as db:
                add_event(db, Act(Tried.LAST, "lead", AT))
        found = beside(path, "-wal").read_bytes()
        file = path.read_bytes()
    path.write_bytes(file)
    return found


def test_the_log_of_a_killed_process_belongs_and_is_taken_up(place: Path) -> None:
    path = place / "programme.db"
    before = head_of(path)
    beside(path, "-wal").write_bytes(left_log(place, "programme.db"))
    assert has_own_log(path)
    db = open_programme(path)
    db.conn.close()
    assert db.set_aside == ()
    assert head_of(path) != before


@pytest.mark.parametrize("of", ["other.db", "an older state", "a newer state", "another programme"])
def test_the_log_of_another_database_is_named_and_put_aside_whole(place: Path, of: str, say: Say) -> None:
    path = place / "programme.db"
    if of == "other.db":
        log = left_log(place, "other.db")
    elif of == "another programme":
        new_programme(place / "third.db")
        log = left_log(place, "third.db")
    elif of == "an older state":
        # Put back as it was before some changes that the log does not hold.
        older = path.read_bytes()
        more_events(path, 1)
        log = left_log(place, "programme.db")
        path.write_bytes(older)
    else:
        log = left_log(place, "programme.db")
        more_events(path, 2)
    before = head_of(path)
    file = path.read_bytes()
    beside(path, "-wal").write_bytes(log)
    assert not has_own_log(path)
    with pytest.raises(DatabaseUnusable, match="is the log of another database"):
        open_for_reading(path)
    # To verify is to read: it does without the log, says so, and leaves it where it is.
    code, out, err = say("audit", "verify", "--db", str(path))
    assert code == 0 and before in out and "belongs to another database; it was not read" in err
    assert beside(path, "-wal").read_bytes() == log and path.read_bytes() == file
    code, out, err = say("review", "list", "--db", str(path))
    assert code == 0 and "north" in out
    kept = place / "programme.db.set-aside-1-wal"
    assert str(kept) in err and kept.read_bytes() == log
    assert head_of(path) == before
    assert file == path.read_bytes()


def test_a_log_beside_an_empty_file_or_none_is_kept(place: Path, say: Say) -> None:
    path = place / "programme.db"
    log = left_log(place, "programme.db")
    for how in ("empty", "missing"):
        path.unlink()
        if how == "empty":
            path.touch()
        beside(path, "-wal").write_bytes(log)
        if how == "missing":
            code, _, err = say("review", "list", "--db", str(path))
            assert code == 1 and "Its log is there" in err and beside(path, "-wal").read_bytes() == log
        code, _, err = say("init", "--db", str(path))
        assert code == 0 and "set-aside" in err
        assert log in {file.read_bytes() for file in place.glob("programme.db.set-aside-*-wal")}


@pytest.mark.parametrize("now", ["a text", "a database of another program", "an older journal"])
def test_what_is_left_of_a_database_is_never_mixed_into_what_has_its_name_now(
    place: Path, now: str, say: Say
) -> None:
    path = place / "programme.db"
    log = left_log(place, "programme.db")
    if now == "an older journal":
        # As it is left by a process that was killed while it changed how SQLite keeps its log.
        with closing(sqlite3.connect(place / "other.db", isolation_level=None)) as connection:
            connection.execute("pragma journal_mode=delete")
            connection.execute("begin immediate")
            connection.execute("delete from seal where event_id = -1")
            connection.execute("create table later (text)")
            connection.execute("pragma cache_spill=1")
            connection.execute("pragma cache_size=1")
            connection.execute("insert into later select hex(randomblob(900)) from event, event b, event c")
            left = beside(place / "other.db", "-journal").read_bytes()
            connection.execute("rollback")
        assert left.startswith(logs.JOURNAL_MAGIC), "nothing was to be put back"
        before = head_of(path)
        beside(path, "-journal").write_bytes(left)
        assert "was not read" in say("audit", "verify", "--db", str(path))[2]
        code, _, err = say("review", "list", "--db", str(path))
        assert code == 0 and "set-aside-1-journal" in err and head_of(path) == before
        assert (place / "programme.db.set-aside-1-journal").read_bytes() == left
        return
    path.unlink()
    if now == "a text":
        path.write_text("Minutes of the meeting, long enough to be taken for a page of a database. " * 99)
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("create table notes (text)")
    content = path.read_bytes()
    beside(path, "-wal").write_bytes(log)
    for _ in range(2):
        code, _, err = say("review", "list", "--db", str(path))
        assert code == 1 and "not a" in err
        assert path.read_bytes() == content
    assert (place / "programme.db.set-aside-1-wal").read_bytes() == log


def test_the_log_of_another_program_is_its_own_business(place: Path) -> None:
    path = place / "notes.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table notes (text)")
        connection.execute("insert into notes values ('kept')")
        with pytest.raises(DatabaseUnusable, match="not a joint-review database"):
            open_programme(path)
        assert connection.execute("select text from notes").fetchone() == ("kept",)
        assert beside(path, "-wal").exists()


def test_files_without_stamps_are_looked_at_as_a_whole(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Written as by an older version, which knows no stamps.
    for name in ("stamp_file", "first_stamp"):
        monkeypatch.setattr(f"programme.database.{name}", lambda *_: None)
    more_events(place / "other.db", 60)
    for name in ("programme.db", "other.db"):
        with closing(sqlite3.connect(place / name)) as connection:
            connection.execute("pragma user_version=0")
    path = place / "programme.db"
    for name, own in (("other.db", False), ("programme.db", True)):
        log = left_log(place, name)
        beside(path, "-wal").write_bytes(log)
        assert set(stamps_in_log(beside(path, "-wal")) or ()) <= {0}
        assert has_own_log(path) == own, name
        beside(path, "-wal").unlink()
    assert [file.name for file in place.iterdir() if ".part" in file.name] == []


def test_processes_that_look_at_a_file_without_stamps_all_at_once_find_the_same(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stamp_file", "first_stamp"):
        monkeypatch.setattr(f"programme.database.{name}", lambda *_: None)
    path = place / "programme.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma user_version=0")
    beside(path, "-wal").write_bytes(left_log(place, "programme.db"))
    children = []
    for _ in range(8):
        if (child := os.fork()) == 0:
            own = False
            try:
                own = all(has_own_log(path) for _ in range(5))
            finally:
                os._exit(0 if own else 1)
        children.append(child)
    assert {os.waitpid(child, 0)[1] for child in children} == {0}
    assert [file.name for file in place.iterdir() if ".part" in file.name] == []


def test_a_file_gets_its_first_stamp_when_it_is_made_or_first_opened(tmp_path: Path) -> None:
    path = tmp_path / "programme.db"
    init_programme(path)[0].conn.close()
    with closing(sqlite3.connect(path)) as connection:
        first = connection.execute("pragma user_version").fetchone()[0]
        assert first
        connection.execute("pragma user_version=0")
    stamps = []
    for _ in range(2):
        open_programme(path).conn.close()
        with closing(sqlite3.connect(path)) as connection:
            stamps.append(connection.execute("pragma user_version").fetchone()[0])
    assert stamps[0] and stamps[0] == stamps[1]


def test_stamps_tell_what_a_log_goes_on_from() -> None:
    digests = [f"{number:04x}{'0' * 60}" for number in (0x1111, 0x2222, 0x3333, 0x3333, 0xFFFF)]
    stamps, stamp = [], 0
    for digest in digests:
        stamp = next_stamp(stamp, digest)
        stamps.append(stamp)
    assert stamps == [0x11110000, 0x22221111, 0x33332222, 0x33332222, 0xFFFF3333]
    assert follows(None, stamps[0])
    assert follows(stamps[1:], stamps[0]) and follows(stamps, stamps[2])
    assert follows(stamps[2:], stamps[0]) is False
    assert follows([], stamps[0]) is None and follows(stamps, 0) is None


def test_the_stamp_is_of_the_last_event_and_of_the_one_before(place: Path) -> None:
    path = place / "programme.db"
    with closing(open_programme(path).conn) as connection:
        heads = []
        for _ in range(3):
            with transaction(Database(connection)) as db:
                add_event(db, Act(Tried.TRY, "lead", AT))
            head = head_of_record(db)
            assert head is not None
            heads.append(head.digest)
        found = stamps_in_log(beside(path, "-wal"))
    assert found is not None
    assert [f"{stamp:08x}" for stamp in found[-2:]] == [
        heads[1][:4] + heads[0][:4],
        heads[2][:4] + heads[1][:4],
    ]


def test_a_torn_end_of_a_log_is_no_part_of_it(place: Path) -> None:
    path = place / "programme.db"
    log = left_log(place, "programme.db", 3)
    whole = None
    for length in (len(log), len(log) - 1, len(log) - 4_000, 32, 10, 0):
        beside(path, "-wal").write_bytes(log[:length])
        found = stamps_in_log(beside(path, "-wal"))
        whole = whole or found
        assert found is None or (whole and found == whole[: len(found)])
        assert has_own_log(path)
    beside(path, "-wal").write_bytes(b"no log at all, but long enough to be one" * 200)
    assert has_own_log(path)


# --- who may read them ---------------------------------------------------------------------------------


def test_an_older_file_and_what_is_beside_it_are_for_their_owner_alone_once_opened(place: Path) -> None:
    path = place / "programme.db"
    beside(path, "-wal").write_bytes(left_log(place, "programme.db"))
    for file in (path, beside(path, "-wal")):
        file.chmod(0o664)
    with closing(open_programme(path).conn) as connection:
        connection.execute("select count(*) from event").fetchone()
        files = [file for file in place.iterdir() if file.name.startswith("programme.db-")]
        assert len(files) == 2, "the log and its index"
        for file in (path, *files):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_a_new_file_is_for_its_owner_alone_from_its_first_moment(tmp_path: Path, mask: int) -> None:
    modes = []

    def look(event: str, given: tuple[object, ...]) -> None:
        if event == "sqlite3.connect" and str(tmp_path) in str(given[0]) and Path(str(given[0])).exists():
            modes.append(stat.S_IMODE(Path(str(given[0])).stat().st_mode))

    sys.addaudithook(look)
    before = os.umask(mask)
    try:
        init_programme(tmp_path / "programme.db")[0].conn.close()
    finally:
        os.umask(before)
    assert modes and set(modes) == {0o600}


def test_a_file_of_another_user_is_left_as_it_is(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place / "programme.db"
    path.chmod(0o664)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(files.Path, "chmod", refused)
    assert head_of(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o664
