"""The power fails at any moment: the disk holds the state before or the state after, and the record is whole.

A few moments of every act are tried; CRASHES=all tries them all, and CRASHES=20 twenty of each.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from assessment_example import AT, new_programme, new_review
from evidence_rows import finding
from power import Recording, State, built, compiler, put, record

from assessment.runs.audit import audit_programme
from assessment.runs.run import assess
from joint_review.opening import open_programme
from programme.backup import back_up
from programme.check import head_of_record
from programme.database import Database, one
from rules.errors import DatabaseUnusable
from rules.loader import load_policy

pytestmark = pytest.mark.skipif(compiler() is None, reason="records what is written with C, on Linux")

MOMENTS = os.environ.get("CRASHES", "6")
MIXED = 2
"""How often something between all and nothing is tried at each moment."""


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("recorder"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working database with a run, an older backup of it, and a file to import."""
    folder = tmp_path_factory.mktemp("made")
    with closing(new_programme(folder).conn) as connection:
        db = Database(connection)
        review = new_review(db, "r1", "wales-round-2", *(finding("I1") for _ in range(20)))
        back_up(folder / "programme.db", folder / "copy.db")
        assess(db, review, load_policy("wales-round-2"), on=AT.date(), by="lead", at=AT)
    return folder


ROWS = tuple(f"I1,p. {n},Finding {n} that a file brought,strength,2,carers" for n in range(600))
DB = "programme.db"
ACTS: dict[str, tuple[str, ...]] = {
    "an import": ("evidence", "import", "r1", "{files}/findings.csv", "--by", "lead", "--db", DB),
    "a decision": ("rate", "r1", "carers", "inconsistent", "--because", "Seen.", "--by", "m", "--db", DB),
    "a backup": ("backup", "copy.db", "--replace", "--db", DB),
    "a first backup": ("backup", "new.db", "--db", DB),
    "a restoring": ("restore", "copy.db", "--replace", "--by", "lead", "--db", DB),
    "a new database": ("init", "--db", "new.db"),
}
"""What is done while the power fails."""
CHANGED = {"a backup": "copy.db", "a first backup": "new.db", "a new database": "new.db"}
"""The file that an act changes, where it is not the working database."""


STORED = ("framework", "evidence", "tag", "decision")


def seen(path: Path) -> tuple[object, ...] | None:
    """What a database holds, checked in every way; None where there is none."""
    try:
        db = open_programme(path)
    except DatabaseUnusable as error:
        assert "there is no database" in error.message, error
        return None
    with closing(db.conn) as connection:
        assert db.set_aside == (), "a log was taken for that of another database"
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        assert audit_programme(db).problems == ()
        counts = [one(db, f"select count(*) from {table}") for table in STORED]
        return (str(head_of_record(db)), *counts)


def moments_of(found: Recording) -> set[int]:
    """The moments to try: syncs and what is between, spread over the whole; the last one in any case."""
    steps = [number for number, note in enumerate(found.notes) if note.what in "swrlut"]
    syncs = found.syncs
    if MOMENTS == "all":
        return {*syncs, *steps[:: max(1, len(steps) // 200)], len(found.notes) - 1}
    wanted = int(MOMENTS)
    chosen = {syncs[len(syncs) * k // wanted] for k in range(wanted)} if syncs else set()
    renamed = {number for number, note in enumerate(found.notes) if note.what in "rl"}
    return {*chosen, *renamed, len(found.notes) - 1}


def tried(found: Recording, place: Path) -> Iterator[tuple[str, State]]:
    """Every state of the disk once, put into a folder."""
    known: set[int] = set()
    moments, kinds = moments_of(found), set()
    for said, state in found.states_at(moments, MIXED):
        kinds.add(said.partition(",")[0])
        digest = hash(tuple(sorted(state.items())))
        if digest not in known:
            known.add(digest)
            put(state, place)
            yield said, state
    assert len(kinds) == 2 + MIXED
    print(f"{len(known)} states of the disk at {len(moments)} moments of {len(found.syncs)} syncs")


@pytest.mark.parametrize("act", ACTS)
def test_when_the_power_fails_the_disk_holds_the_state_before_or_after(
    made: Path, recorder: Path, tmp_path: Path, act: str
) -> None:
    work, place, files = tmp_path / "work", tmp_path / "place", tmp_path / "files"
    shutil.copytree(made, work)
    files.mkdir()
    header = "source,locator,finding,direction,significance,domains"
    (files / "findings.csv").write_text("\n".join([header, *ROWS]) + "\n")
    words = [str(work / word) if word.endswith(".db") else word.format(files=files) for word in ACTS[act]]
    changed = CHANGED.get(act, DB)
    before = seen(work / changed)
    others = {name: (made / name).read_bytes() for name in (DB, "copy.db") if name != changed}
    heads = {name: seen(made / name) for name in others}
    # As it was closed; nothing is beside it.
    shutil.rmtree(work)
    shutil.copytree(made, work)
    found = record(recorder, work, tmp_path / "notes", *words)
    after = seen(work / changed)
    assert before != after and found.syncs

    states = set()
    for said, _ in tried(found, place):
        state = seen(place / changed)
        assert state in (before, after), said
        states.add(state)
        for name, content in others.items():
            unchanged = (place / name).read_bytes() == content and not list(place.glob(f"{name}-*"))
            assert unchanged or seen(place / name) == heads[name], said
        if act == "a restoring" and state == after:
            [kept] = [path for path in place.glob("programme.db.before-*") if "-wal" not in path.name]
            assert seen(kept) == before, said
    assert states == {before, after}
    # Done is done: what was reported as done is on the disk, whatever was not synced by then.
    for said, end in found.states_at({len(found.notes) - 1}, MIXED):
        put(end, place)
        assert seen(place / changed) == after, said
