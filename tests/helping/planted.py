"""Working databases with words planted in them that stand nowhere else, so that every leak of them shows.

`plant` builds a review whose free text is all such words, with a bit of everything pages show of it, beside
a review with none of them. `plant_everywhere` puts one into every text of every table, row by row, whatever
the column is for: pages cannot read that file any more, but Datasette's tables show it.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from assessment_example import AT, WELSH, add, assess_plainly, item_at, new_programme, new_review
from evidence_rows import SOURCES, finding, good_domain, indicator, score, survey
from release_example import WALES
from report_example import freeze, write_report, write_words

from assessment.decisions import decide
from assessment.decisions.challenges import close_challenge, raise_challenge, reply_to_challenge
from assessment.decisions.confidence import state_confidence
from assessment.decisions.panel import open_panel, vote
from assessment.robustness.uncertainty import measure_uncertainty
from evidence import erasing
from evidence.coding.second_coding import CodedAs, code_item, draw_batch, hand_in
from evidence.coding.settlements import settle
from evidence.files.texts import GivenFile
from evidence.findings import Passage, Said, record_finding
from evidence.items import withdraw_item
from evidence.sources import SourceDetails, add_sources
from programme.check import head_of_record
from programme.database import Database
from programme.retention import set_retention
from programme.reviews import Review, create_review
from programme.users import add_user, disable_user
from report.comments import answer_comment, receive_comments
from report.meetings import plan_meeting
from report.moderation import Point, clear, moderate
from report.practice import follow_practice, read_practice
from report.recipients import RecipientRow, list_recipients
from report.sending import Deadline, send
from report.sheet import CommentRow
from rules.loader import load_policy

PLANTED = re.compile(r"zqzq[a-z0-9_]+qzqz")
MARKUP = '<x onclick="zq">&amp;'
"""Put behind words that people type: it must be seen as it stands here, and never be markup."""


def word(name: str) -> str:
    """A word that stands nowhere else."""
    return f"zqzq{name}qzqz"


def said(name: str) -> str:
    """The same with markup behind it."""
    return f"{word(name)} {MARKUP}"


KEY, OTHER = word("key"), "other"
FIRST, SECOND, LEAD, MODERATOR = (word(name) for name in ("first", "second", "lead", "moderator"))
SOURCE = "D-001"
QUOTE = f"The words that {word('quoted')} quotes."
TEXT = f"{word('text')} was seen.\n\n{QUOTE} {MARKUP}"
OPEN, VOTED = "assessment", "safeguarding"
"""On these ratings panels vote, and have voted."""
SECRET = CodedAs("weakness", 3, None, ("leadership",))
"""What the second reviewer makes of the items of the open batch; the recorder says strength, carers."""


def plant(folder: Path) -> Path:
    """A working database with the two reviews; users hold their roles in it."""
    db = new_programme(folder)
    try:
        _fill(db)
    finally:
        db.conn.close()
    return folder / "programme.db"


def _fill(db: Database) -> None:
    window = {"window_from": date(2004, 1, 1), "window_to": date(2008, 12, 31)}
    for name, role, review in (
        ("administrator-1", "administrator", None),
        ("moderator-1", "moderator", None),
        ("nobody-1", None, None),
        ("gone-1", "moderator", None),
    ):
        add_user(db, name, role=role, review=review, by="administrator-1", at=AT)
    disable_user(db, "gone-1", by="administrator-1", because=said("gone"), at=AT)
    other = new_review(db, OTHER, "wales-round-2", *good_domain("carers"))
    assess_plainly(db, other)
    review = create_review(
        db, KEY, said("authority"), "wales-round-2", **window, note=said("note"), by=LEAD, at=AT
    )
    for name, role in (
        *((FIRST, "reviewer"), (SECOND, "reviewer"), (LEAD, "lead"), (MODERATOR, "moderator")),
        *(("manager-1", "manager"), ("manager-2", "manager")),
        *(("coordinator-1", "coordinator"), ("authority-1", "authority")),
    ):
        add_user(db, name, role=role, review=KEY, by="administrator-1", at=AT)
    sources = [
        {**row, "title": said(f"title{row['source']}".lower()), "reference": said("reference")}
        for row in SOURCES
    ]
    add(db, review, *sources)
    given = [GivenFile(f"../{word('file')}.txt", TEXT.encode())]
    add_sources(db, review, given, SourceDetails(), by=FIRST, at=AT)
    typed = {"quote": said("quote"), "recorded_by": FIRST}
    scores = [score("C1", 3, standard=said("standard"), **typed)]
    add(
        db,
        review,
        *[{**row, "finding": f"{said('finding')} {n}", **typed} for n, row in enumerate(_whole())],
        *scores,
        *[survey("S1", said(f"question{n}"), 70 + n, 200, group=said("group"), **typed) for n in range(3)],
        *[
            indicator(
                said("indicator"),
                f"{year}/{year - 1999:02}",
                3.0 + year / 1000,
                comparator=2,
                domains="carers",
            )
            | {"unit": said("unit"), "comparator_name": said("comparator")}
            for year in (2006, 2007)
        ],
    )
    _answers(db, review)
    record_finding(
        *(db, review, SOURCE, Passage(QUOTE, 1)),
        Said(said("record"), "strength", "2", domains=("carers",), note=said("tagged")),
        **{"by": FIRST, "at": AT},
    )
    run = assess_plainly(db, review, by=LEAD)
    _code_again(db, review)
    withdrawn = finding("G1", finding=said("withdrawn"), recorded_by=FIRST)
    add(db, review, withdrawn)
    withdraw_item(db, review, item_at(db, review, withdrawn), by=FIRST, because=said("why"), at=AT)
    decide.override(db, review, "carers", "poor", by=LEAD, because=said("override"), at=AT)
    decide.approve(db, review, "carers", by=MODERATOR, because=said("approval"), at=AT)
    decide.accept(db, review, "leadership", by=MODERATOR, because=said("accept"), at=AT)
    for target, closed in (("carers", False), ("workforce", True)):
        found = raise_challenge(
            db,
            review,
            *("rating", target),
            **{"ground": "other", "text": said("challenge"), "by": MODERATOR, "at": AT},
        )
        reply_to_challenge(db, found["number"], text=said("reply"), by=LEAD, at=AT)
        if closed:
            close_challenge(db, found["number"], "not upheld", because=said("outcome"), by=MODERATOR, at=AT)
    draws = measure_uncertainty(db, review, run, draws=100)
    words = {"methods": said("methods")}
    state_confidence(
        db,
        review,
        run,
        "carers",
        "low",
        draws,
        because=said("confidence"),
        by=LEAD,
        at=AT,
        words=words,
    )
    for target, votes in ((OPEN, {FIRST: "vote"}), (VOTED, {FIRST: "shownvote", LEAD: "othervote"})):
        open_panel(db, review, target, (FIRST, LEAD), by=MODERATOR, at=AT)
        for name, because in votes.items():
            vote(db, review, target, "poor", by=name, because=said(because), at=AT)
    assess_plainly(db, review, load_policy("wales-round-2"), on=date(2009, 6, 2), by=LEAD)
    _report(db, review)
    set_retention(db, review, date(2020, 1, 1), by=LEAD, because=said("retained"), at=AT)
    erasing.ask_to_erase(db, review, "person", word("quoted"), by=LEAD, because=said("asked"), at=AT)


def _whole() -> list[dict[str, Any]]:
    return [row for domain in WELSH.framework.domains for row in good_domain(domain)]


def _answers(db: Database, review: Any) -> None:
    """Single answers of survey respondents, weighted by who they are."""
    people = [("1", "under 65"), ("2", "65 and over"), ("3", "65 and over")]
    add(
        db,
        review,
        *[
            {"source": "S0", "respondent": number, "question": said("asked"), "group": "Carers", "answer": 4}
            for number, _ in people
        ],
        *[
            {"source": "S0", "respondent": number, "characteristic": word("age"), "category": age}
            for number, age in people
        ],
        *[
            {"source": "S0", "characteristic": word("age"), "category": age, "percent": "50%"}
            for age in ("under 65", "65 and over")
        ],
    )


def _code_again(db: Database, review: Any) -> None:
    """A batch that was handed in and settled, and one that is open."""
    by = {"by": SECOND, "at": AT}
    for items, done in ((2, True), (3, False)):
        batch = draw_batch(db, review, coder=SECOND, items=items, seed=items, by=LEAD, at=AT)["number"]
        found = db.conn.execute("select evidence_id from coding_batch_item where batch_id = ?", [batch])
        numbers = [row[0] for row in found]
        for number in numbers:
            kind = db.conn.execute("select kind from evidence where id = ?", [number]).fetchone()[0]
            told = {
                "finding": SECRET,
                "case_score": CodedAs(score=1.0, domains=SECRET.domains),
            }.get(kind, CodedAs(domains=SECRET.domains))
            note = said("codingdone" if done else "codingopen")
            code_item(db, review, batch, number, told, note=note, **by)
        if done:
            hand_in(db, review, batch, **by)
            number = next(n for n in numbers if _is_finding(db, n))
            settle(db, review, number, SECRET, by=LEAD, because=said("settled"), at=AT + timedelta(days=1))


def _report(db: Database, review: Review) -> None:
    """A report of which one edition was sent and commented on, and a later one was not."""
    follow_practice(db, review, read_practice(WALES), date(2009, 6, 1), by=LEAD, at=AT)
    words = {1: said("paragraph"), 2: f"{word('resting')} [E1] {{rating:carers}}"}
    report = write_report(db, review, words, {1: ["source:D-001"], 2: ["item:E1", "rating:carers"]})
    first = freeze(db, review, report)
    point = Point(said("point"), "should", "p1")
    moderate(db, first, "passed", points=[point], because=said("verdict"), by="moderator-1", at=AT)
    for body, manager in (("CSSIW", "manager-1"), ("WAO", "manager-2")):
        clear(db, first, body, because=said("clearance"), by=manager, at=AT)
    until = Deadline(date(2009, 6, 15), said("deadline"))
    send(db, first, until, lodged=str(head_of_record(db)), by=LEAD, at=AT)
    comment = CommentRow(1, "B", said("comment"), said("proposed"), said("offered"), "yes")
    by: dict[str, Any] = {"by": LEAD, "at": AT}
    made = receive_comments(db, first, [comment], sender=word("director"), **by)["comments"][0]
    answer_comment(db, made["id"], "accepted", because=said("answer"), by="moderator-1", at=AT)
    write_words(db, report, {1: said("later")})
    freeze(db, review, report, amends=first)
    plan_meeting(db, review, "draft", date(2009, 6, 20), note=said("meeting"), **by)
    details = {"organisation": said("office"), "stage": "draft", "purpose": said("purpose")}
    list_recipients(db, review, [("", RecipientRow(role=said("recipient"), **details))], **by)


def _is_finding(db: Database, number: int) -> bool:
    return bool(db.conn.execute("select kind = 'finding' from evidence where id = ?", [number]).fetchone()[0])


def plant_everywhere(made: Path, path: Path) -> Path:
    """A copy with a word in every text column of every row of every table, and no table without a row."""
    with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(path)) as connection:
        source.backup(connection)
        connection.executescript("pragma ignore_check_constraints = on; pragma foreign_keys = off;")
        for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            connection.execute(f'drop trigger "{name}"')
        for table in tables_of(connection):
            columns = connection.execute(f'pragma table_info("{table}")').fetchall()
            if not connection.execute(f'select count(*) from "{table}"').fetchone()[0]:
                ones = ", ".join("1" for _ in columns)
                connection.execute(f'insert into "{table}" values ({ones})')
            for _, column, kind, *_ in columns:
                if kind.lower() == "text":
                    planted = f"'zqzq{table}__{column}__' || rowid || 'qzqz'"
                    connection.execute(f'update "{table}" set "{column}" = {planted}')
        connection.commit()
    return path


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """The tables that hold what people put in: neither SQLite's own nor those of search."""
    found = connection.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
    return [name for (name,) in found if "_fts" not in name and not name.startswith(("sqlite_", "_sqlite"))]


NAMES = {
    "review": KEY,
    "target": "carers",
    "measure": "strengths_share",
    "number": "1",
    "source": SOURCE,
    "rule": "carers.excellent.strengths",
    "indicator": "0d6529c3fe9b",
    "funnel": "000000000000",
    "framework": "wales-round-2",
    "challenge": "1",
    "run": "1",
    "edition": "1",
    "file": "report-en.html",
}
"""A value for every name in the address of a page or form; a page with a new name needs a line here."""
