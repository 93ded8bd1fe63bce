"""The record: every event sealed and chained, every stored row sealed with its event; tampering is named."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from assessment_example import AT, WELSH, add, assess_plainly, new_programme, new_review
from click.testing import CliRunner
from evidence_rows import finding, good_domain
from trying import Tried

from assessment.decisions.decide import override
from assessment.runs.audit import audit_programme
from evidence.actions import EvidenceAction
from evidence.items import tag_item, withdraw_item
from joint_review.cli import cli
from joint_review.opening import UPGRADES, init_programme, open_programme
from joint_review.record import audit_file
from joint_review.web import prepare_connection
from programme import seals
from programme.check import RecordCheck, head_of_record
from programme.database import (
    Act,
    Database,
    Migrations,
    add_event,
    insert,
    one,
    open_database,
    rows,
    transaction,
)
from programme.reviews import find_review, store_frameworks
from rules.errors import EvidenceInvalid, ReviewError

ROOT = Path(__file__).parent.parent


def events_of_a_review(db: Database) -> None:
    """Eight events: review, sources and items, a second import, tag, tag and item withdrawn, run, rating."""
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
    add(db, review, finding("I1", finding="Staff listen.", domains="workforce"))
    tag_item(db, review, 1, ["leadership"], by="reviewer-1", at=AT, note="The director says so.")
    withdraw_item(db, review, 1, by="reviewer-1", because="Not about leaders.", at=AT, domain="leadership")
    withdraw_item(db, review, 2, by="reviewer-2", because="Recorded twice.", at=AT)
    assess_plainly(db, review)
    override(db, review, "carers", "inconsistent", by="moderator-1", because="Few were asked.", at=AT)


CREATED, IMPORTED, MORE, TAGGED, UNTAGGED, WITHDRAWN, ASSESSED, RATED = range(1, 9)
"""The numbers of these events."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with these events; never written to."""
    folder = tmp_path_factory.mktemp("audit")
    with closing(new_programme(folder).conn) as connection:
        db = Database(connection)
        events_of_a_review(db)
        assert one(db, "select count(*) from event") == RATED
    return folder / "programme.db"


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "programme.db"))


def audited(path: Path, lodged: str = "") -> RecordCheck:
    with closing(open_programme(path).conn) as connection:
        return audit_programme(Database(connection), upgrades=UPGRADES, lodged=lodged)


def said(path: Path, lodged: str = "") -> list[str]:
    """What is wrong with the record, in sentences."""
    return [problem.says for problem in audited(path, lodged).problems]


def head_of(path: Path) -> str:
    with closing(open_programme(path).conn) as connection:
        return str(head_of_record(Database(connection)))


@contextmanager
def by_hand(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of somebody who goes past the software, and puts the triggers back unseen."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("pragma ignore_check_constraints=on")
        raw.execute("pragma synchronous=off")
        triggers = raw.execute(
            "select name, tbl_name, sql from sqlite_master where type = 'trigger'"
        ).fetchall()
        for name, _, _ in triggers:
            raw.execute(f"drop trigger [{name}]")
        yield raw
        tables = {name for (name,) in raw.execute("select name from sqlite_master where type = 'table'")}
        for _, table, sql in triggers:
            if table in tables:
                raw.execute(sql)


def tamper(path: Path, *statements: str) -> None:
    with by_hand(path) as raw:
        for statement in statements:
            raw.execute(statement)


# --- a record that is whole ----------------------------------------------------------------------------


def test_a_record_is_whole_and_says_from_when_to_when(path: Path) -> None:
    found = audited(path)
    assert found.problems == () and found.more == 0
    assert (found.events, found.first_at, found.last_at) == (RATED, AT.isoformat(), AT.isoformat())
    assert found.head is not None and found.head.number == RATED
    with closing(sqlite3.connect(path)) as plain:
        counted = ("evidence", "tag", "source", "review", "run", "rating", "criterion", "measure", "firing")
        counted += ("framework", "question", "domain", "level")
        stored = sum(plain.execute(f"select count(*) from {t}").fetchone()[0] for t in counted)
        stored += plain.execute("select count(*) from gap").fetchone()[0] + 1  # and the decision
    assert found.rows == stored


def test_a_record_in_which_nothing_has_happened_is_whole(tmp_path: Path) -> None:
    new_programme(tmp_path).conn.close()
    found = audited(tmp_path / "programme.db")
    assert (found.events, found.head, found.problems) == (0, None, ())


def test_what_names_very_many_rows_is_sealed_from_a_file_as_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "IN_MEMORY", 8)
    with closing(new_programme(tmp_path).conn) as connection:
        events_of_a_review(Database(connection))
        sealed = "select rows, length(naming) from sealed_rows where column_name = '' and event_id > 1"
        found = connection.execute(sealed).fetchall()
        assert any(many > 2 for many, _ in found) and all(size == 4 * many for many, size in found)
    assert said(tmp_path / "programme.db") == []
    tamper(tmp_path / "programme.db", "update evidence set text = 'Nobody was asked.' where id = 3")
    assert said(tmp_path / "programme.db") == ["item E3 was changed after event 2 stored it."]


def test_the_worked_example_is_whole(example_copy: Path) -> None:
    assert said(example_copy) == []


def test_the_seal_is_the_canonical_json_that_the_documentation_names(tmp_path: Path) -> None:
    db, _ = init_programme(tmp_path / "p.db")
    with transaction(db):
        add_event(db, Act(Tried.TRY, "lead", AT))
    with transaction(db):
        add_event(db, Act(Tried.TRY, "lead", AT, target="T", because="B"), before=[1], after={"b": 2, "a": 1})
    [first, seal] = rows(db, "select * from seal")
    db.conn.close()
    # In plain ASCII with whole numbers, RFC 8785 is JSON with sorted keys and no spaces.
    text = (
        '{"after":"{\\"a\\": 1, \\"b\\": 2}","because":"B","before":"[1]","detail":"{}","salt":"'
        + seal["salt"]
        + '","target":"T"}'
    )
    assert seal["said"] == hashlib.sha256(text.encode()).hexdigest()
    text = (
        '{"action":"try","at":"2009-06-01T09:30:00+00:00","by":"lead","event":2,"previous":"'
        + first["digest"]
        + '","review_id":null,"rows":[],"said":"'
        + seal["said"]
        + '"}'
    )
    assert seal["digest"] == hashlib.sha256(text.encode()).hexdigest()


def test_every_table_is_sealed_or_known_to_stand_outside(made: Path) -> None:
    """A table that refers to no event would escape the audit: it must be named here, with its reason."""
    outside = {
        *("framework", "question", "domain", "level"),  # checked against the framework's digest
        "policy_text",  # named by its digest
        *("event", "seal", "sealed_rows"),  # the chain itself
        "_sqlite_migrations",
        "form_answer",  # kept for a week, so that a form sent twice is done once; what it did is in its event
    }
    with closing(sqlite3.connect(made)) as plain:
        sealed = {table.name for table in seals.sealed_tables(plain)}
        names = {row[0] for row in plain.execute("select name from sqlite_master where type = 'table'")}
    assert {name for name in names - sealed if "_fts" not in name} == outside
    assert {
        "evidence",
        "tag",
        "source",
        "source_page",
        "survey_response",
        "run",
        "rating",
        "decision",
    } < sealed


# --- tampering with events -----------------------------------------------------------------------------


def moved(table: str, column: str, number: int, to: int) -> str:
    return f"update {table} set {column} = {to} where {column} = {number}"


def swapped(table: str, column: str, a: int, b: int) -> list[str]:
    return [moved(table, column, a, -1), moved(table, column, b, a), moved(table, column, -1, b)]


EVENTS: dict[str, tuple[list[str], list[str]]] = {
    "a reason is changed": (
        [f"update event set because = 'It was fine.' where id = {WITHDRAWN}"],
        ["event 6 was changed after it was sealed (target, reason, details, before or after)."],
    ),
    "what was there before is changed": (
        [f"update event set before = 'null' where id = {TAGGED}"],
        ["event 4 was changed after it was sealed (target, reason, details, before or after)."],
    ),
    "the person is changed": (
        [f"update event set by = 'reviewer-9' where id = {WITHDRAWN}"],
        ["event 6 was changed after it was sealed (person, time, action, review, or the list of its rows)."],
    ),
    "the time is changed": (
        [f"update event set at = '2009-06-02T09:30:00+00:00' where id = {CREATED}"],
        ["event 1 was changed after it was sealed (person, time, action, review, or the list of its rows)."],
    ),
    "the last event is changed": (
        [f"update event set by = 'reviewer-9' where id = {RATED}"],
        ["event 8 was changed after it was sealed (person, time, action, review, or the list of its rows)."],
    ),
    "words become bytes that are no text": (
        [f"update event set because = cast(x'ff' as text) where id = {WITHDRAWN}"],
        ["event 6 was changed after it was sealed (target, reason, details, before or after)."],
    ),
    "an event is deleted": (
        [f"delete from event where id = {WITHDRAWN}"],
        ["event 6 is missing; its seal is there."],
    ),
    "an event is deleted with all its seals": (
        [
            f"delete from event where id = {UNTAGGED}",
            f"delete from seal where event_id = {UNTAGGED}",
            f"delete from sealed_rows where event_id = {UNTAGGED}",
        ],
        [
            "event 5 is missing, together with the seal.",
            "the seals of rows have a gap or another order at row 13 of sealed_rows: one was removed or"
            " renumbered.",
            "row 7 of tag carries a mark of event 5 (withdrawn_event) that this event did not make.",
        ],
    ),
    "the seal of an event is deleted": (
        [f"delete from seal where event_id = {TAGGED}"],
        [
            "the seal of event 4 is missing.",
            "row 7 of tag, stored by event 4, cannot be checked: the seal of this event is missing.",
        ],
    ),
    "an event is added at the end": (
        ["insert into event (id, at, by, action) values (9, '2010', 'reviewer-1', 'rate')"],
        ["event 9 was inserted by hand: it has no seal, and the chain leaves it out."],
    ),
    "an event is added far behind": (
        ["insert into event (id, at, by, action) values (99, '2010', 'reviewer-1', 'rate')"],
        [
            "events 9 to 98 are missing, together with the seal.",
            "event 99 was inserted by hand: it has no seal, and the chain leaves it out.",
        ],
    ),
    "an event is added before the first": (
        ["insert into event (id, at, by, action) values (0, '2000', 'reviewer-1', 'rate')"],
        [
            "event 0 was inserted by hand.",
            "event 0 was inserted by hand: it has no seal, and the chain leaves it out.",
        ],
    ),
    "two events change places": (
        swapped("event", "id", TAGGED, WITHDRAWN),
        [
            "event 4 is out of order: it was sealed as event 6.",
            "event 6 is out of order: it was sealed as event 4.",
        ],
    ),
    "two events change places with their seals": (
        swapped("event", "id", TAGGED, RATED) + swapped("seal", "event_id", TAGGED, RATED),
        [
            "event 4 is out of order: it was sealed as event 8.",
            "event 8 is out of order: it was sealed as event 4.",
            "decision 1 was changed after event 8 stored it.",
            "row 7 of tag was changed after event 4 stored it.",
        ],
    ),
}


@pytest.mark.parametrize("name", EVENTS)
def test_tampering_with_events_is_named(path: Path, name: str) -> None:
    statements, expected = EVENTS[name]
    tamper(path, *statements)
    assert said(path) == expected


def test_an_event_pushed_in_between_moves_all_later_ones_out_of_order(path: Path) -> None:
    tables = (("event", "id"), ("seal", "event_id"), ("sealed_rows", "event_id"))
    later = [moved(t, c, n, n + 1) for n in range(RATED, TAGGED - 1, -1) for t, c in tables]
    forged = [
        "insert into event (id, at, by, action) values (4, '2009', 'reviewer-1', 'tag')",
        "insert into seal select 4, salt, said, previous, hex(randomblob(32)) from seal where event_id = 3",
    ]
    tamper(path, *later, *forged)
    found = said(path)
    assert "event 4 was changed after it was sealed" in found[0]
    assert [f"event {n + 1} is out of order: it was sealed as event {n}." for n in range(4, 9)] == found[1:6]


def resealed(path: Path, number: int) -> None:
    """Make the seal of an event anew, as somebody could who knows how."""
    with by_hand(path) as raw:
        raw.row_factory = sqlite3.Row
        event = dict(raw.execute("select * from event where id = ?", [number]).fetchone())
        seal = dict(raw.execute("select * from seal where event_id = ?", [number]).fetchone())
        found = raw.execute(
            'select table_name as "table", column_name as "column", first_id as first, last_id as last, rows,'
            " columns, digest from sealed_rows where event_id = ?",
            [number],
        )
        words = seals.said_digest(event, seal["salt"])
        previous = raw.execute("select digest from seal where event_id = ?", [number - 1]).fetchone()
        before = previous["digest"] if previous else seals.START
        digest = seals.event_digest(event, words, map(dict, found), before)
        raw.execute(
            "update seal set said = ?, previous = ?, digest = ? where event_id = ?",
            [words, before, digest, number],
        )


def test_an_event_changed_and_sealed_anew_does_not_fit_the_one_after_it(path: Path) -> None:
    tamper(path, f"update event set because = 'It was fine.' where id = {WITHDRAWN}")
    resealed(path, WITHDRAWN)
    assert said(path) == [
        "event 6 is not the one that event 7 was chained to: it was replaced, or changed and sealed again."
    ]


def test_a_record_sealed_anew_to_its_end_is_betrayed_by_a_lodged_head_alone(path: Path) -> None:
    lodged = head_of(path)
    tamper(path, f"update event set because = 'It was fine.' where id = {WITHDRAWN}")
    for number in range(WITHDRAWN, RATED + 1):
        resealed(path, number)
    assert said(path) == []
    [found] = said(path, lodged)
    assert "the head kept elsewhere, of event 8, is not in this record" in found


def test_a_record_cut_off_at_its_end_is_betrayed_by_a_lodged_head_alone(path: Path) -> None:
    lodged = head_of(path)
    tamper(
        path,
        f"delete from decision where added_event = {RATED}",
        f"delete from sealed_rows where event_id = {RATED}",
        f"delete from seal where event_id = {RATED}",
        f"delete from event where id = {RATED}",
    )
    assert said(path) == []
    [found] = said(path, lodged)
    assert "the head kept elsewhere is of event 8, but the record ends at event 7" in found
    [found] = said(path, lodged.partition(":")[2])
    assert "is not in this record" in found


def test_a_lodged_head_is_found_again_when_the_record_has_grown(path: Path) -> None:
    lodged = head_of(path)
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        with transaction(db):
            add_event(db, Act(Tried.TRY, "lead", AT))
    assert head_of(path) != lodged
    assert said(path, lodged) == [] == said(path, lodged.partition(":")[2].upper())
    [found] = said(path, "3:" + lodged.partition(":")[2])
    assert "names event 3, but its digest is that of event 8" in found


@pytest.mark.parametrize("text", ["12", "abc", "8:" + "g" * 64, "x:" + "0" * 64, "٣:" + "0" * 64])
def test_what_is_no_head_is_refused(path: Path, text: str) -> None:
    with pytest.raises(EvidenceInvalid, match="is not a head of the record"):
        said(path, text)


# --- tampering with what is stored ---------------------------------------------------------------------

SPANS = ("rows 1 to 5 of evidence", "rows 1 to 9 of source", "rows 1 to 5 of tag")
OF_AN_ITEM = (
    "review_id, source_id, kind, strand, text, direction, significance, recorded_by, recorded_on, digest,"
    " added_event"
)
STORED: dict[str, tuple[str, list[str]]] = {
    "the words of an item": (
        "update evidence set text = 'Nobody was asked.' where id = 3",
        ["item E3 was changed after event 2 stored it."],
    ),
    "the words and the digest of an item": (
        "update evidence set text = 'Nobody was asked.', digest = hex(randomblob(16)) where id = 3",
        ["item E3 was changed after event 2 stored it."],
    ),
    "an item is deleted": ("delete from evidence where id = 4", ["item E4, stored by event 2, is missing."]),
    "an item is added": (
        f"insert into evidence (id, locator, {OF_AN_ITEM}) select 900, 'p. 900', {OF_AN_ITEM} from evidence"
        " where id = 3",
        ["item E900 was inserted by hand: no event stored it."],
    ),
    "an item is said to be older than it is": (
        "update evidence set added_event = 2 where id = 6",
        ["item E6 was changed after event 3 stored it."],
    ),
    "a withdrawal is taken back": (
        "update evidence set withdrawn_event = null where id = 2",
        ["item E2 no longer carries the mark of event 6 (withdrawn_event)."],
    ),
    "an item is withdrawn": (
        "update evidence set withdrawn_event = 6 where id = 5",
        ["item E5 carries a mark of event 6 (withdrawn_event) that this event did not make."],
    ),
    "an item is withdrawn by an event that withdrew none": (
        "update evidence set withdrawn_event = 7 where id = 5",
        ["item E5 carries a mark of event 7 (withdrawn_event) that this event did not make."],
    ),
    "a tag is moved": (
        "update tag set domain_id = domain_id + 1 where id = 2",
        ["row 2 of tag was changed after event 2 stored it."],
    ),
    "a tag is deleted": ("delete from tag where id = 3", ["row 3 of tag, stored by event 2, is missing."]),
    "a source is given another date": (
        "update source set dated = '2008-01-01' where id = 1",
        ["source 1 was changed after event 2 stored it."],
    ),
    "the result of a run": (
        "update run set result = replace(result, 'carers', 'others') where id = 1",
        ["run 1 was changed after event 7 stored it."],
    ),
    "the level in a run": (
        "update rating set level = 4 where id = (select id from rating where target = 'carers')",
        ["row 7 of rating was changed after event 7 stored it."],
    ),
    "a decision": (
        "update decision set level = 4, level_key = 'excellent'",
        ["decision 1 was changed after event 8 stored it."],
    ),
    "a rulebook": (
        "update policy_text set body = replace(body, '60', '10') where kind = 'rulebook'",
        ["the rulebook wales-round-2-illustration with digest"],
    ),
    "a framework": (
        "update framework set body = replace(body, 'Workforce', 'Staff') where key = 'wales-round-2'",
        [
            "row 3 of framework was changed after event 1 sealed it.",
            "the framework wales-round-2 does not agree with its digest.",
            "the domains of the framework wales-round-2 are not those that the framework names.",
        ],
    ),
    "a domain is renamed": (
        "update domain set key = 'other' where key = 'carers'"
        " and framework_id = (select id from framework where key = 'wales-round-2')",
        [
            "row 20 of domain was changed after event 1 sealed it.",
            "the domains of the framework wales-round-2 are not those that the framework names.",
        ],
    ),
    "what names rows in a seal": (
        "update sealed_rows set naming = x'00' where event_id = 2",
        [f"the list that names the {span}, stored by event 2, was changed" for span in SPANS],
    ),
    "an item, and what would name it": (
        "update evidence set text = text || '.'",
        [f"item E{n} was changed after event {3 if n == 6 else 2} stored it." for n in range(1, 7)],
    ),
    "a table is gone": ("drop table decision", ["the table decision is missing, with its 1 row."]),
}


@pytest.mark.parametrize("name", STORED)
def test_tampering_with_what_is_stored_is_named(path: Path, name: str) -> None:
    statement, expected = STORED[name]
    tamper(path, statement)
    found = said(path)
    assert len(found) == len(expected)
    assert all(sentence.startswith(start) for sentence, start in zip(found, expected, strict=True)), found


def test_a_change_is_found_even_where_the_row_cannot_be_named(path: Path) -> None:
    tamper(
        path,
        "update evidence set text = 'Nobody was asked.' where id = 3",
        "update sealed_rows set naming = x'' where table_name = 'evidence'",
    )
    assert said(path) == [
        "rows 1 to 5 of evidence, stored by event 2, were changed; it is not possible to say which of them.",
        "the list that names the item E6, stored by event 3, was changed; the rows were not.",
        "the list that names the marks of event 6 in evidence (withdrawn_event) was changed; they were not.",
    ]


def test_a_change_of_any_column_of_any_sealed_table_is_found(path: Path) -> None:
    with by_hand(path) as raw:
        raw.execute("pragma foreign_keys=off")
        unique = raw.execute(
            "select name from sqlite_master where sql like 'create unique index%'"
        ).fetchall()
        for (name,) in unique:
            raw.execute(f"drop index {name}")
        db, missed, tried = Database(raw), [], 0
        for table in seals.sealed_tables(raw):
            for column in (*table.columns, *table.marks):
                row = raw.execute(f'select rowid, "{column}" from {table.name} limit 1').fetchone()
                if (
                    row is None
                    or column in ("id", "digest")
                    or (table.name, column) == ("run", "input_digest")
                ):
                    continue
                number, was = row
                other = was + 1 if isinstance(was, int | float) else f"{was or ''}x"
                if column.endswith("_id"):
                    other = 4_000_000
                raw.execute(f'update {table.name} set "{column}" = ? where rowid = ?', [other, number])
                found = audit_programme(db).problems
                tried += 1
                if not any(f" {number}" in p.what or f"E{number}" in p.what for p in found):
                    missed.append((table.name, column))
                raw.execute(f'update {table.name} set "{column}" = ? where rowid = ?', [was, number])
        assert audit_programme(db).problems == ()
    assert missed == []
    assert tried > 80


def test_many_problems_are_counted_and_the_first_named(path: Path) -> None:
    with by_hand(path) as raw:
        raw.executemany(
            "insert into tag (evidence_id, domain_id, tagged_by, added_event) values (?, 1, 'x', 2)",
            [(1_000_000 + n,) for n in range(500)],
        )
    found = audited(path)
    assert (len(found.problems), found.more) == (200, 300)


def test_two_events_of_one_transaction_are_both_sealed_and_their_rows_with_the_later(path: Path) -> None:
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        with transaction(db):
            first = add_event(db, Act(EvidenceAction.TAG, "lead", AT, target="E3"))
            insert(db, "tag", {"evidence_id": 3, "domain_id": 1, "tagged_by": "x", "added_event": first})
            second = add_event(db, Act(EvidenceAction.WITHDRAW_ITEM, "lead", AT, target="E4"))
            db.conn.execute("update evidence set withdrawn_event = ? where id = 4", [second])
    assert said(path) == []
    tamper(
        path, "update tag set note = 'x' where id = 8", "update evidence set withdrawn_event = 9 where id = 4"
    )
    assert said(path) == [
        "item E4 no longer carries the mark of event 10 (withdrawn_event).",
        "item E4 carries a mark of event 9 (withdrawn_event) that this event did not make.",
        "row 8 of tag was changed after event 10 stored it.",
    ]


def test_rows_stored_beside_no_event_are_no_part_of_the_record(path: Path) -> None:
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        with transaction(db):
            insert(db, "tag", {"evidence_id": 3, "domain_id": 1, "tagged_by": "x", "added_event": 2})
        with transaction(db):
            add_event(db, Act(Tried.TRY, "lead", AT))
    assert said(path) == ["row 8 of tag was inserted by hand: no event stored it."]


@pytest.mark.parametrize("table", ["seal", "sealed_rows"])
@pytest.mark.parametrize(
    "statement",
    ["update {} set digest = ''", "delete from {}", "insert or replace into {} select * from {}"],
)
def test_seals_are_never_changed(path: Path, table: str, statement: str) -> None:
    with (
        closing(open_programme(path).conn) as connection,
        pytest.raises(sqlite3.IntegrityError, match=f"rows of {table} are never changed"),
    ):
        connection.execute(statement.replace("{}", table))


# --- salts ---------------------------------------------------------------------------------------------


def test_the_same_work_gives_the_same_run_and_another_head_every_time(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        with closing(new_programme(tmp_path / name).conn) as connection:
            db = Database(connection)
            review = new_review(
                db, "r1", "wales-round-2", finding("I1", locator="p. 1", finding="As it was.")
            )
            run = assess_plainly(db, review, WELSH)
            found.append(
                (run.digest, run.result, one(db, "select evidence_digest from run"), head_of_record(db))
            )
    assert found[0][:3] == found[1][:3]
    assert found[0][3] != found[1][3]


def test_what_the_pages_write_is_salted_as_well(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        prepare_connection(connection)
        db = Database(connection)
        tag_item(db, find_review(db, "r1"), 3, ["workforce"], by="reviewer-1", at=AT)
        # On a connection of the pages nobody reads it.
        assert one(db, "select salt from seal order by event_id desc") is None
    with closing(open_programme(path).conn) as connection:
        assert len(one(Database(connection), "select salt from seal order by event_id desc")) == 32
    assert said(path) == []


def test_a_check_within_a_transaction_leaves_it_open(path: Path) -> None:
    with closing(open_programme(path).conn) as connection:
        connection.execute("begin")
        assert audit_programme(Database(connection)).problems == ()
        assert connection.in_transaction


def test_every_event_has_a_salt_of_its_own_and_equal_words_have_unequal_digests(path: Path) -> None:
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        for _ in range(2):
            with transaction(db):
                add_event(db, Act(Tried.TRY, "lead", AT, because="The same words."))
        found = rows(db, "select salt, said from seal")
    assert len({row["salt"] for row in found}) == len({row["said"] for row in found}) == RATED + 2
    assert all(len(bytes.fromhex(row["salt"])) == 16 for row in found)


def test_salts_come_from_outside_and_settle_the_head(tmp_path: Path) -> None:
    heads = []
    for name in ("a.db", "b.db"):
        init_programme(tmp_path / name)[0].conn.close()
        db = open_programme(tmp_path / name, salts=iter([f"{n:032x}" for n in range(99)]).__next__)
        with closing(db.conn), transaction(db):
            add_event(db, Act(Tried.TRY, "lead", AT))
        heads.append(head_of(tmp_path / name))
    assert heads[0] == heads[1]


# --- older files ---------------------------------------------------------------------------------------


def made_older(path: Path) -> None:
    """Take from a file what it did not have before events were sealed."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        triggers = raw.execute(
            "select name, sql from sqlite_master where type = 'trigger' and tbl_name = 'event'"
        ).fetchall()
        for (name,) in raw.execute(
            "select name from sqlite_master where name like '%_by_withdrawn_event'"
        ).fetchall():
            raw.execute(f"drop index {name}")
        raw.execute("drop table sealed_rows")
        raw.execute("drop table seal")
        views = raw.execute("select name, sql from sqlite_master where type = 'view'").fetchall()
        for kind, found in (("trigger", triggers), ("view", views)):
            for name, _ in found:
                raw.execute(f"drop {kind} {name}")
        for column in ("before", "after"):
            raw.execute(f"alter table event drop column {column}")
        for _, sql in (*triggers, *views):
            raw.execute(sql)
        raw.execute("delete from _sqlite_migrations where name = 'sealed_record'")


def test_the_events_of_an_older_file_are_sealed_in_their_order_when_it_is_opened(path: Path) -> None:
    made_older(path)
    with closing(sqlite3.connect(path)) as plain:
        before = plain.execute("select * from event").fetchall()
    found = audited(path)
    assert (found.problems, found.events) == ((), RATED + 1), "and the event of the upgrade"
    with closing(sqlite3.connect(path)) as plain:
        now = plain.execute(
            "select id, at, by, action, review_id, target, because, detail from event"
            " where action <> 'upgrade'"
        ).fetchall()
        assert now == before
        with pytest.raises(sqlite3.IntegrityError, match="rows of event are never changed"):
            plain.execute("update event set by = 'x'")
    # What older events marked is theirs; all rows are those of the last.
    tamper(path, "update evidence set withdrawn_event = null", "delete from tag where id = 1")
    assert said(path) == [
        "item E2 no longer carries the mark of event 6 (withdrawn_event).",
        "row 1 of tag, stored by event 8, is missing.",
    ]


def test_an_older_file_goes_on_as_any_other(path: Path) -> None:
    made_older(path)
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        review = new_review(db, "r2", "wales-round-2", finding("I1"))
        withdraw_item(db, review, 7, by="lead", because="No.", at=AT)
    assert said(path) == []


# --- several at once, and broken off -------------------------------------------------------------------

WRITER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from joint_review.opening import open_programme
from evidence.items import tag_item, withdraw_item
from programme.reviews import find_review
db = open_programme(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
item, review, domains = int(sys.argv[2]), find_review(db, "r1"), ["leadership", "workforce", "resources"]
for number in range(6):
    domain = domains[number % 3]
    tag_item(db, review, item, [domain], by=sys.argv[2], at=datetime.now(UTC))
    withdraw_item(db, review, item, by=sys.argv[2], because="No.", at=datetime.now(UTC), domain=domain)
    time.sleep(0.02)
db.conn.close()
"""


def test_processes_that_write_at_once_make_one_chain(path: Path) -> None:
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, str(path), str(item)],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for item in (1, 3, 4)
        ]
        assert [process.stdout and process.stdout.readline() for process in started] == ["ready\n"] * 3
        for process in started:
            assert process.stdin is not None
            process.stdin.close()
        assert [process.wait(timeout=60) for process in started] == [0] * 3
    found = audited(path)
    assert (found.problems, found.events) == ((), RATED + 36)
    with closing(sqlite3.connect(path)) as plain:
        turns = [row[0] for row in plain.execute(f"select by from event where id > {RATED} order by id")]
    assert sum(one != other for one, other in itertools.pairwise(turns)) > 3, "they never took turns"


def killed_while_sealing(path: Path, instructions: int) -> bool:
    """Tag an item in a process that kills itself so many of SQLite's instructions after sealing began."""
    child = os.fork()
    if child == 0:
        try:
            db = open_programme(path)

            def salt() -> str:
                db.conn.set_progress_handler(lambda: os.kill(os.getpid(), signal.SIGKILL) or 0, instructions)
                return "0" * 32

            seals.give_salts(db.conn, salt)
            tag_item(db, find_review(db, "r1"), 3, ["leadership", "workforce"], by="reviewer-1", at=AT)
        finally:
            os._exit(1)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("instructions", [1, 20, 50])
def test_a_process_killed_while_it_seals_leaves_the_record_as_it_was(path: Path, instructions: int) -> None:
    before = head_of(path)
    assert killed_while_sealing(path, instructions)
    assert head_of(path) == before
    assert said(path) == []


def steps_of(db: Database, work: Callable[[], object]) -> int:
    """How many of SQLite's instructions a piece of work takes, in tens."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    db.conn.set_progress_handler(count, 10)
    work()
    db.conn.set_progress_handler(None, 0)
    return steps


def test_an_event_costs_the_same_whatever_is_stored(path: Path) -> None:
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)

        def one_event() -> None:
            with transaction(db):
                event = add_event(db, Act(EvidenceAction.WITHDRAW_ITEM, "lead", AT))
                db.conn.execute(
                    "update evidence set withdrawn_event = ? where id ="
                    " (select min(id) from evidence where withdrawn_event is null)",
                    [event],
                )

        few = steps_of(db, one_event)
        review = new_review(db, "r2", "wales-round-2", *(finding("I1") for _ in range(3_000)))
        withdraw_item(db, review, 8, by="lead", because="No.", at=AT)
        many = steps_of(db, one_event)
    assert few > 10
    assert many < 1.5 * few, (few, many)


# --- the command ---------------------------------------------------------------------------------------


@pytest.fixture
def run() -> Iterator[Callable[..., str]]:
    def command(*words: object) -> str:
        done = CliRunner().invoke(cli, [str(word) for word in words])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    yield command


def test_the_command_says_in_a_sentence_that_the_record_is_whole(path: Path, run: Callable[..., str]) -> None:
    head = head_of(path)
    found = run("audit", "verify", "--db", path)
    assert found.startswith(
        "The record is intact: 8 events from 1 June 2009, 10:30am to 1 June 2009, 10:30am, "
    ) and found.endswith(f"rows unchanged, head {head}\n")
    assert ", including the one that you gave, " in run("audit", "verify", "--head", head, "--db", path)
    assert run("audit", "head", "--db", path).startswith(
        f"{head}  (event 8 of 1 June 2009, 10:30am, by moderator-1)"
    )
    assert json.loads(run("audit", "head", "--json", "--db", path))["number"] == RATED
    assert json.loads(run("audit", "verify", "--json", "--db", path))["problems"] == []


def test_the_command_names_every_problem_and_fails(path: Path, run: Callable[..., str]) -> None:
    tamper(path, "update event set by = 'x' where id = 6", "delete from tag where id = 3")
    with pytest.raises(ReviewError) as caught:
        run("audit", "verify", "--db", path)
    assert "the record was altered after it was sealed: 2 problems." in str(caught.value)
    assert "event 6 was changed" in str(caught.value) and "row 3 of tag" in str(caught.value)


def test_a_record_without_events_has_no_head(tmp_path: Path, run: Callable[..., str]) -> None:
    new_programme(tmp_path).conn.close()
    assert "holds no events yet" in run("audit", "verify", "--db", tmp_path / "programme.db")
    assert json.loads(run("audit", "head", "--json", "--db", tmp_path / "programme.db")) is None
    with pytest.raises(ReviewError, match="holds no events yet"):
        run("audit", "head", "--db", tmp_path / "programme.db")


# --- what an upgrade or a new library brings ------------------------------------------------------------


def brings_a_column(name: str = "later") -> Migrations:
    """An upgrade of a later version, which adds a column to the tags."""
    later = Migrations("joint-review later")

    @later()
    def more_of_tags(db: Database) -> None:
        db.execute(f"alter table tag add column {name} text not null default 'as before'")

    return later


def test_a_column_that_an_upgrade_adds_is_sealed_by_the_event_of_the_upgrade(path: Path) -> None:
    sets = [*UPGRADES, brings_a_column()]
    with closing(open_database(path, sets, clock=lambda: AT).conn) as connection:
        db = Database(connection)
        [event] = rows(db, "select * from event where action = 'upgrade'")
        assert (event["id"], event["by"], event["at"]) == (RATED + 1, "joint-review", AT.isoformat())
        assert json.loads(event["after"]) == {"upgrades": ["more_of_tags"]}
        tag_item(db, find_review(db, "r1"), 3, ["workforce"], by="reviewer-1", at=AT)
        assert audit_programme(db, upgrades=sets).problems == ()
    tamper(path, "update tag set later = 'x' where id in (2, 8)")
    with closing(open_database(path, sets).conn) as connection:
        found = audit_programme(Database(connection), upgrades=sets)
    assert [problem.says for problem in found.problems] == [
        "row 8 of tag was changed after event 10 stored it.",
        "row 2 of tag was changed after event 9 sealed it.",
    ]


def test_a_column_that_no_event_has_sealed_yet_is_said_not_to_be(path: Path) -> None:
    with by_hand(path) as raw:
        Database(raw).execute("alter table tag add column later text not null default 'as before'")
    with closing(open_programme(path).conn) as connection:
        found = audit_programme(Database(connection))
    assert (found.problems, found.not_sealed) == ((), ("the column later of rows 1 to 7 of tag",))


def test_frameworks_are_sealed_again_when_the_library_changes_them(path: Path) -> None:
    changed = WELSH.framework.model_copy(update={"title": {"en": "Another title"}})
    with closing(open_programme(path).conn) as connection:
        db = Database(connection)
        assert store_frameworks(db, [WELSH]) == []
        assert one(db, "select count(*) from event") == RATED
        other = dataclasses.replace(WELSH, framework=changed)
        assert store_frameworks(db, [other], clock=lambda: AT) == ["wales-round-2"]
        [event] = rows(db, "select * from event where action = 'store frameworks'")
        assert (event["by"], event["target"]) == ("joint-review", "wales-round-2")
        assert json.loads(event["before"]) == {"wales-round-2": WELSH.framework_digest}
    assert said(path) == []
    tamper(path, "update framework set title = 'A third' where key = 'wales-round-2'")
    assert said(path) == [
        "row 3 of framework was changed after event 9 sealed it.",
        "the name or title of the framework wales-round-2 is not that of its text.",
    ]


FRAMEWORKS: dict[str, tuple[list[str], list[str]]] = {
    "two domains have changed numbers": (
        swapped("domain", "id", 14, 15),
        ["row 14 of domain was changed", "row 15 of domain was changed"],
    ),
    "two questions have changed numbers": (
        swapped("question", "id", 4, 5),
        ["row 4 of question was changed", "row 5 of question was changed"],
    ),
    "a position": (
        ["update domain set position = 99 where id = 26"],
        ["row 26 of domain was changed", "the domains of the framework wales-round-2 are not"],
    ),
    "a title": (
        ["update question set title = 'Are services cheap?' where id = 4"],
        ["row 4 of question was changed", "the questions of the framework wales-round-2 are not"],
    ),
    "a rulebook that a run used is gone": (
        ["delete from policy_text where kind = 'rulebook'"],
        ["the rulebook of run 1, with digest"],
    ),
    "a rulebook that no run used": (
        [
            "insert into policy_text select '"
            + hashlib.sha256(b"{}").hexdigest()
            + "', kind, key, version, '{}' from policy_text where kind = 'rulebook'"
        ],
        ["the rulebook wales-round-2-illustration with digest 44136fa355b3 was inserted by hand"],
    ),
}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_tampering_with_what_reviews_are_judged_by_is_named(path: Path, name: str) -> None:
    statements, expected = FRAMEWORKS[name]
    tamper(path, *statements)
    found = said(path)
    assert all(any(one.startswith(begins) for one in found) for begins in expected), found


def test_what_cannot_be_shown_is_written_out(path: Path) -> None:
    tamper(path, r"update framework set key = cast(x'ff1b5b' as text) where key = 'wales-round-2'")
    assert any(r"framework \udcff\x1b[" in one for one in said(path)), said(path)


def test_many_problems_of_one_table_do_not_hide_one_of_another(path: Path) -> None:
    forged = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 900)"
    tamper(
        path,
        f"insert into tag (evidence_id, domain_id, tagged_by, added_event) {forged}"
        " select 9000 + i, 1, 'x', 2 from n",
        "update decision set because = 'x'",
        "drop view latest_run",
    )
    found = audited(path)
    assert (len(found.problems), found.more) == (200, 702)
    says = [problem.says for problem in found.problems]
    assert "decision 1 was changed after event 8 stored it." in says
    assert "the view latest_run is missing." in says


@pytest.mark.parametrize("table", ["evidence", "tag", "event", "seal", "domain"])
def test_a_page_of_the_file_that_cannot_be_read_is_named_and_the_rest_is_checked(
    path: Path, table: str
) -> None:
    tamper(path, "update gap set title = 'x' where id = 1")
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("pragma journal_mode = delete")
        size = raw.execute("pragma page_size").fetchone()[0]
        root = raw.execute("select rootpage from sqlite_master where name = ?", [table]).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    found = audit_file(path)
    says = [problem.says for problem in found.problems]
    assert any("malformed" in one for one in says), says
    assert any("gap" in one for one in says), says
