"""A working database in use is never left behind: one made by version 0.1.0 opens, verifies and shows."""

from __future__ import annotations

import importlib.util
import lzma
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from report_rows import add_report_rows
from serving import serving

from assessment.decisions import schema as decision_schema
from assessment.runs import schema as run_schema
from assessment.runs.audit import audit_programme
from assessment.runs.run import load_run
from assessment.runs.verify import verify_run
from evidence import schema as evidence_schema
from evidence.coding import schema as coding_schema
from evidence.correcting import correct_source
from evidence.erasing import ask_to_erase, blank, clear
from evidence.findings import Passage, Said, record_finding
from joint_review import upgrades
from joint_review.opening import UPGRADES, init_programme, open_programme
from programme import schema as programme_schema
from programme.columns import table
from programme.corrections import correct_review
from programme.database import Database, create_database, one
from programme.retention import set_retention
from programme.reviews import find_review
from report import schema as report_schema
from rules.errors import EvidenceInvalid

AT = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
MADE = Path(__file__).parent / "files" / "made-by-0.1.0.db.xz"
"""Four reviews at work: read, tagged, coded twice, settled, challenged, voted on, overridden, signed for."""
RUNS = {
    1: "wales-2004-08",
    2: "wales-adults",
    3: "wales-children",
    4: "wales-2004-08",
    5: "fieldwork",
    6: "wales-2004-08",
    7: "fieldwork",
}
SCHEMAS = (programme_schema, evidence_schema, coding_schema, run_schema, decision_schema, report_schema)
NEVER_CHANGED = [found.name for schema in SCHEMAS for found in schema.TABLES if found.never_changed]
CELL = "inconsistent / uncertainly"
PAGES = [
    "/reviews",
    *(f"/reviews/{key}" for key in ("fieldwork", "wales-2004-08")),
    *(
        f"/reviews/wales-2004-08/{page}"
        for page in (
            "trail/cell",
            "trail/carers",
            "trail/services",
            "items/48",
            "decisions",
            "panel/workforce",
            "challenges",
            "changes?run=6&since=1",
            "uncertainty?draws=200",
        )
    ),
    "/reviews/wales-2004-08/trail/carers?run=1",
    "/reviews/fieldwork/sources/G-001",
    "/reviews/fieldwork/disagreements",
    "/compare/wales-round-2",
]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "programme.db"
    path.write_bytes(lzma.decompress(MADE.read_bytes()))
    return path


@pytest.fixture
def db(old: Path) -> Iterator[Database]:
    opened = open_programme(old)
    yield opened
    opened.conn.close()


def applied(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    return set(connection.execute("select migration_set, name from _sqlite_migrations").fetchall())


def test_every_upgrade_it_has_recorded_is_still_known(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        recorded = applied(connection)
    known = {(group.name, name) for group in UPGRADES for name in group.names}
    assert recorded
    assert recorded - known == set()


def test_opening_it_brings_it_up_to_date_and_loses_nothing(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        tables = [
            name
            for (name,) in connection.execute(
                "select name from sqlite_master where type = 'table' and name not like '\\_%' escape '\\'"
                " and name not like 'sqlite%' and name not like '%\\_fts%' escape '\\'"
            )
        ]
        before = {name: connection.execute(f"select count(*) from [{name}]").fetchone() for name in tables}
    with closing(open_programme(old).conn) as connection:
        known = {(group.name, name) for group in UPGRADES for name in group.names}
        assert applied(connection) == known
        after = {name: connection.execute(f"select count(*) from [{name}]").fetchone() for name in tables}
    grown = {name for name in tables if after[name] != before[name]}
    assert grown == {"event", "seal", "sealed_rows"}, "an upgrade adds a sealed event, and nothing else"
    assert before["evidence"] == (1395,)


def test_its_views_and_triggers_are_those_of_a_new_database(db: Database, tmp_path: Path) -> None:
    made = "select type, name, sql from sqlite_master where type in ('view', 'trigger') order by type, name"
    with closing(init_programme(tmp_path / "new.db")[0].conn) as new:
        assert db.conn.execute(made).fetchall() == new.execute(made).fetchall()


def test_upgrades_do_not_ask_for_tables_that_come_after_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    later = table("later -- What a later version keeps.\n  id integer primary key -- N.", never_changed=True)
    for schema in SCHEMAS:
        monkeypatch.setattr(schema, "TABLES", (*schema.TABLES, later))
    sets = []
    for module in (upgrades.evidence, upgrades.assessment, upgrades.report):
        spec = importlib.util.spec_from_file_location(module.__name__, module.__file__)
        assert spec and spec.loader
        as_if_new = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(as_if_new)
        sets.append(as_if_new.migrations)
    with closing(create_database(tmp_path / "new.db", sets).conn) as connection:
        known = {(group.name, name) for group in UPGRADES for name in group.names}
        assert applied(connection) == known


def fill_newer_tables(db: Database) -> None:
    """A row in each of the tables that later versions added, and that an older file has none in."""
    review = find_review(db, "fieldwork")
    number = one(db, "select min(id) from evidence where review_id = ?", [review.id])
    by = {"by": "lead", "because": "Written wrongly.", "at": AT}
    correct_review(db, review, {"note": "Read again."}, **by)
    add_report_rows(db, review, AT)
    correct_source(
        db, review, one(db, "select ref from source where review_id = ?", [review.id]), {"title": "T"}, **by
    )
    set_retention(db, review, date(2030, 1, 1), by="lead", because="The schedule.", at=AT)
    asked, _ = ask_to_erase(db, review, "item", f"E{number}", by="lead", because="Named.", at=AT)
    clear(db, blank(db, review, asked.number, by="moderator", at=AT))


@pytest.mark.parametrize("table", NEVER_CHANGED)
def test_its_rows_are_never_changed_deleted_or_replaced(old: Path, table: str) -> None:
    with closing(open_programme(old).conn) as connection:
        if not one(Database(connection), f"select 1 from {table}"):
            fill_newer_tables(Database(connection))
    # A connection of its own: that of the product has triggers of deletion asked by 'or replace' as well.
    with closing(sqlite3.connect(old)) as connection:
        columns = connection.execute(
            "select name, pk and type = 'INTEGER' from pragma_table_info(?)", [table]
        ).fetchall()
        unique = connection.execute(
            'select count(*) from pragma_index_list(?) where "unique"', [table]
        ).fetchone()[0]
        stored = connection.execute(f"select * from {table}").fetchall()
        others = ", ".join(name for name, is_number in columns if not is_number)
        changes = [
            f"update {table} set rowid = rowid + 1000",
            f"delete from {table}",
            f"insert or replace into {table} select * from {table} limit 1",
            f"replace into {table} select * from {table} limit 1",
            f"insert or replace into {table} (rowid, {others}) select rowid, {others} from {table} limit 1",
            *([f"insert or replace into {table} ({others}) select {others} from {table}"] if unique else []),
        ]
        for change in changes:
            with pytest.raises(sqlite3.IntegrityError, match=f"rows of {table} are never changed"):
                connection.execute(change)
        assert stored
        assert connection.execute(f"select * from {table}").fetchall() == stored


def test_its_record_is_whole(db: Database) -> None:
    assert audit_programme(db).problems == ()


@pytest.mark.parametrize("number", RUNS)
def test_its_runs_are_read_and_verified(db: Database, number: int) -> None:
    review = find_review(db, RUNS[number])
    run = load_run(db, review, number)
    found = verify_run(db, review, run)
    assert found.differences == ()
    assert found.same


def test_its_runs_conclude_what_they_concluded(db: Database) -> None:
    cells = dict(db.conn.execute("select id, cell from run").fetchall())
    assert {number: cells[number] for number in (1, 4, 6)} == {1: CELL, 4: CELL, 6: CELL}
    run = load_run(db, find_review(db, "wales-2004-08"), 6)
    assert (run.rating("carers").level_id, run.rating("independence").status) == (
        "inconsistent",
        "decided",
    )


def test_what_is_recorded_of_a_passage_is_not_recorded_twice_though_places_have_other_words(
    db: Database,
) -> None:
    review = find_review(db, "fieldwork")
    words = "they were listened to, and it was written up within two weeks"
    (row,) = db.execute(
        "select id, locator from evidence where quote = ? and withdrawn_event is null", [words]
    ).fetchall()
    assert row[1] == "page 3, letters 175 to 235"
    said = Said("", "strength", "2", "carers", ("carers",))
    with pytest.raises(EvidenceInvalid, match=f"already recorded, as E{row[0]}"):
        record_finding(db, review, "G-001", Passage(words), said, by="reviewer-1", at=AT)
    record_finding(db, review, "G-001", Passage(words), said, by="reviewer-2", at=AT)


def test_its_pages_show(old: Path) -> None:
    # As the command that serves pages does first.
    open_programme(old).conn.close()
    with serving(old) as server, httpx.Client(base_url=server.address, follow_redirects=True) as client:
        assert client.get(server.link).status_code == 200
        answers = {path: client.get(path).status_code for path in PAGES}
    assert answers == dict.fromkeys(PAGES, 200)
