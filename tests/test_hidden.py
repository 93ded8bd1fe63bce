"""Votes, blind codings and the salts of seals read as empty on connections that people ask questions on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from assessment_example import AT, assess_plainly, item_at, new_programme, new_review
from evidence_rows import finding

from assessment.decisions.panel import open_panel, show_panels, vote
from assessment.runs.audit import audit_programme
from evidence.coding.second_coding import CodedAs, code_item, draw_batch, hand_in, items_to_code
from programme.database import Database, system_salts
from programme.hidden import FROM_PEOPLE, as_pages, as_writer, hide
from programme.reviews import find_review
from programme.seals import give_salts

SEEN = finding("I1", "strength", 1, recorded_by="reviewer-1")
SECRET = CodedAs("weakness", 3, None, ("leadership",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A panel on which one of two has voted, and a batch of which one item is coded."""
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        review = new_review(db, "r1", "wales-round-2", SEEN)
        assess_plainly(db, review)
        open_panel(db, review, "carers", ("a", "b"), by="lead", at=AT)
        vote(db, review, "carers", "poor", by="a", because="I say poor.", at=AT)
        draw_batch(db, review, coder="reviewer-2", items=1, by="lead", at=AT)
        number = item_at(db, review, SEEN)
        code_item(db, review, 1, number, SECRET, note="I say weak.", by="reviewer-2", at=AT)
    return tmp_path / "programme.db"


@pytest.fixture(params=["mode=ro", "mode=rw"])
def plain(path: Path, request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    """A connection that is not hidden yet, for reading alone and for writing too."""
    with closing(sqlite3.connect(f"file:{path}?{request.param}", uri=True)) as connection:
        yield connection


VOTE, CODING = (1, "poor", "I say poor."), ("weakness", 3, "I say weak.")
SPIES = {
    "select level, level_key, because from vote": VOTE,
    "select v.level, v.level_key, v.because from vote v": VOTE,
    "with shown_vote as (select level, level_key, because from vote) select * from shown_vote": VOTE,
    "select max(level), max(level_key), max(because) from main.vote": VOTE,
    "select level, level_key, because from (select * from VOTE) as shown_vote": VOTE,
    "select (select level from vote), (select level_key from vote), (select because from vote)": VOTE,
    "select direction, significance, note from coding": CODING,
    "with shown_coding as (select * from coding) select direction, significance, note from shown_coding": (
        CODING
    ),
    "with c(i, e, b, d, s, x, n) as (select id, evidence_id, coded_by, direction, significance, score, note"
    " from coding) select d, s, n from c": CODING,
    "select min(direction), sum(significance), group_concat(note) from main.coding": CODING,
    "select d.key from coding_domain c join domain d on d.id = c.domain_id": ("leadership",),
    "select count(*) from vote where level = 1": (1,),
    "select count(*) from coding where note like 'I say%' or direction = 'weakness'": (1,),
    "select sum(length(salt)) > 0 from seal": (1,),
    "select count(distinct digest) from coding": (1,),
}


@pytest.mark.parametrize("sql", SPIES)
def test_sql_of_ones_own_reads_nothing_before_its_time(plain: sqlite3.Connection, sql: str) -> None:
    assert plain.execute(sql).fetchall() == [SPIES[sql]]
    hide(plain)
    found = plain.execute(sql).fetchall()
    assert {value for row in found for value in row} <= {None, 0}
    # Who voted and who coded is told.
    assert plain.execute("select count(*) from vote").fetchone() == (1,)
    assert plain.execute("select coded_by from coding").fetchone() == ("reviewer-2",)


def test_pages_read_codings_but_no_votes_and_no_salts(plain: sqlite3.Connection) -> None:
    hide(plain)
    db = Database(plain)
    review = find_review(db, "r1")
    vote_sql, coding_sql = "select level_key from vote", "select direction from coding"
    for _ in range(2):
        # The same words of SQL, so that a statement kept from before would tell.
        assert plain.execute(coding_sql).fetchone() == (None,)
        with as_pages(plain):
            assert plain.execute(coding_sql).fetchone() == ("weakness",)
            assert plain.execute(vote_sql).fetchone() == (None,)
            assert plain.execute("select max(salt) from seal").fetchone() == (None,)
            assert items_to_code(db, review, 1, "reviewer-2")[0]["own"]["direction"] == "weakness"
            assert show_panels(db, review, to="a")[0]["own_vote"] is None
        with as_writer(plain):
            assert plain.execute(vote_sql).fetchone() == ("poor",)
            assert show_panels(db, review, to="a")[0]["own_vote"]["level"] == "poor"
        assert plain.execute(vote_sql).fetchone() == (None,)


def test_a_connection_is_hidden_again_whatever_went_wrong_meanwhile(plain: sqlite3.Connection) -> None:
    hide(plain)
    for lifted in (as_pages, as_writer):
        with pytest.raises(sqlite3.OperationalError), lifted(plain):
            plain.execute("select nothing")
        assert plain.execute("select note from coding").fetchone() == (None,)


def test_what_is_written_is_sealed_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        give_salts(connection, system_salts)
        hide(connection)
        db = Database(connection)
        with as_writer(connection):
            review = find_review(db, "r1")
            found = vote(db, review, "carers", "excellent", by="b", at=AT)
            hand_in(db, review, 1, by="reviewer-2", at=AT)
            assert audit_programme(db).problems == ()
        # Now the votes show, in the table they were copied to, and the coding on pages.
        assert [one["level"] for one in found["votes"]] == ["poor", "excellent"]
        sql = "select level_key from shown_vote order by level"
        assert connection.execute(sql).fetchall() == [("poor",), ("excellent",)]
        with as_pages(connection):
            assert [row["own"]["note"] for row in items_to_code(db, review, 1, "reviewer-2")] == [
                "I say weak."
            ]


def test_every_hidden_column_is_there(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for table, columns in FROM_PEOPLE.items():
            there = {row[1] for row in connection.execute(f"pragma table_info({table})")}
            assert columns <= there or table == "sqlite_dbpage", table
