"""The upgrades of the tables of the programme and of evidence, in their order.

Files have recorded the name of the set and of every upgrade: neither ever changes.
"""

from __future__ import annotations

from evidence.coding.schema import CODING_VIEWS, CODINGS, PASSAGES, SECOND_CODING
from evidence.mapping.schema import KEPT_MAPPINGS
from evidence.schema import (
    ANCHORS,
    ANSWERS,
    CORRECTIONS,
    EXTENTS,
    FIRST_TABLES,
    FIRST_VIEWS,
    NOT_PUBLISHED,
    PLACED,
    RESPONDENTS,
    REVERSED,
    REVERSED_QUESTIONS,
    SAID_INSTEAD,
    VIEWS,
)
from evidence.search import INDEX_OF_DIVIDED, SEARCHED, index_divided
from programme import schema as programme_schema
from programme.columns import add_columns, create, refuse_changes, refuse_other_changes
from programme.database import Database, Migrations
from programme.periods import stored_period
from programme.schema import BEFORE_AND_AFTER, FORM_ANSWERS, SEALS
from programme.seals import nothing_stored, seal_events

migrations = Migrations("joint-review evidence")


@migrations()
def evidence_tables(db: Database) -> None:
    """The first version of the evidence tables."""
    create(db, (*programme_schema.FIRST_TABLES, *FIRST_TABLES))
    create(db, FIRST_VIEWS)
    _make_searchable(db, "evidence", "text", "quote", "locator")
    _make_searchable(db, "source_page", "text")


@migrations()
def coding_tables(db: Database) -> None:
    """What further reviewers make of items that others recorded."""
    create(db, CODINGS)


@migrations()
def respondent_tables(db: Database) -> None:
    """Characteristics, margins and weights of survey respondents; how many answered, beside the base."""
    create(db, RESPONDENTS)
    add_columns(db, "evidence", ANSWERS)
    # No answer was weighted before: the base is the number that answered.
    db.conn.execute("update evidence set answers = base where kind = 'survey_result' and base is not null")


@migrations()
def sealed_record(db: Database) -> None:
    """Events chained to one another, those of older files in their order; the last covers all older rows."""
    add_columns(db, "event", BEFORE_AND_AFTER)
    create(db, SEALS)
    seal_events(db.conn, nothing_stored(db.conn))


@migrations()
def texts_never_change(db: Database) -> None:
    """Stored text is never changed or taken away; search finds letters whatever accents they carry."""
    refuse_changes(db, "source_page")
    # 2: also from letters that carry two accents, which 1, the default, leaves as they are.
    _make_searchable(db, "source_page", "text", tokenize="unicode61 remove_diacritics 2", replace=True)


@migrations()
def anchor_tables(db: Database) -> None:
    """Where quotes stand in the stored texts."""
    create(db, ANCHORS)


@migrations()
def second_coding_tables(db: Database) -> None:
    """Batches for a blind second coding, and what was settled."""
    create(db, SECOND_CODING)
    create(db, CODING_VIEWS)


@migrations()
def second_coding_of_passages(db: Database) -> None:
    """Batches whose coder reads the passages alone."""
    add_columns(db, "coding_batch", PASSAGES)


@migrations()
def rows_never_replaced(db: Database) -> None:
    """Rows that are never changed are not replaced either, whatever key the new row shares with them."""
    for before in (
        *("event_is_never_changed", "event_is_never_replaced", "event_is_never_deleted"),
        "source_page_never_twice",
    ):
        db.conn.execute(f"drop trigger if exists {before}")
    # Those that there were then: later ones have the triggers from their own upgrade, which comes after this.
    of_evidence = (*FIRST_TABLES, *RESPONDENTS, *ANCHORS, *CODINGS, *SECOND_CODING)
    for table in (*programme_schema.FIRST_TABLES, *SEALS, *of_evidence):
        if table.never_changed:
            refuse_changes(db, table.name)


@migrations()
def events_by_review(db: Database) -> None:
    """The events of one review are found without reading those of all others."""
    db.conn.execute("create index if not exists event_of_review on event(review_id)")


@migrations()
def rows_change_by_marks_alone(db: Database) -> None:
    """Sealed rows that can be marked (withdrawn, handed in) are not changed, deleted or replaced either."""
    for table in ("coding_domain", "respondent_characteristic", "review", "source", "survey_response"):
        refuse_changes(db, table)
    for table in ("coding", "evidence", "population_margin", "respondent_weight", "tag"):
        refuse_other_changes(db, table, "withdrawn_event")
    refuse_other_changes(db, "coding_batch", "done_event")


@migrations()
def form_answers(db: Database) -> None:
    """What forms were answered, so that one sent twice is done once."""
    create(db, FORM_ANSWERS)


@migrations()
def revision_and_retention_tables(db: Database) -> None:
    """Words erased on request, by the approval of another person; how long reviews are kept."""
    create(db, programme_schema.REVISIONS)
    create(db, programme_schema.ERASURES)
    create(db, programme_schema.RETENTION)


@migrations()
def correction_tables(db: Database) -> None:
    """What details of reviews and sources were before they were corrected."""
    create(db, programme_schema.CORRECTIONS)
    create(db, CORRECTIONS)


@migrations()
def kept_mappings(db: Database) -> None:
    """Mappings of tables that fit no layout, kept for the next file of the same shape."""
    create(db, KEPT_MAPPINGS)


@migrations()
def extents_of_findings(db: Database) -> None:
    """How widespread a finding is."""
    add_columns(db, "evidence", EXTENTS)
    refuse_other_changes(db, "evidence", "withdrawn_event")


@migrations()
def answers_and_marks_as_given(db: Database) -> None:
    """What was said instead of an answer, questions where agreeing is bad, marks of what is not published."""
    add_columns(db, "survey_response", SAID_INSTEAD)
    add_columns(db, "evidence", (*NOT_PUBLISHED, *REVERSED))
    create(db, REVERSED_QUESTIONS)
    db.conn.execute(
        "create index survey_response_said on survey_response(source_id, question, group_name, said)"
        " where said is not null"
    )
    refuse_other_changes(db, "evidence", "withdrawn_event")
    refuse_other_changes(db, "reversed_question", "withdrawn_event")


@migrations()
def search_of_divided_words(db: Database) -> None:
    """Words that are divided at line ends or drawn with ligatures are searched as they are read."""
    for table in SEARCHED:
        db.conn.execute(INDEX_OF_DIVIDED.format(table=table))
        index_divided(db, table)


@migrations()
def place_periods(db: Database) -> None:
    """When the periods of numbers begin and end, read from their words.

    From its event on, periods are sorted by time (see `evidence.at_event`); they were by their words before.
    """
    add_columns(db, "evidence", PLACED)
    db.conn.execute("create index event_of_upgrades on event(id) where action = 'upgrade'")
    found = db.conn.execute("select distinct period from evidence where period <> ''").fetchall()
    read = [stored_period(words) for (words,) in found]
    db.conn.execute(
        "create temp table placed (period text primary key, begins text, ends text, turn text) without rowid"
    )
    db.conn.executemany(
        "insert into placed values (?, ?, ?, ?)",
        [
            (one.words, *(day and day.isoformat() for day in (one.begins, one.ends)), one.turn or None)
            for one in read
        ],
    )
    db.conn.execute("drop trigger evidence_never_update")
    db.conn.execute(
        "update evidence set begins = p.begins, ends = p.ends, turn = p.turn from temp.placed p"
        " where p.period = evidence.period and coalesce(p.begins, p.turn) is not null"
    )
    db.conn.execute("drop table temp.placed")
    refuse_other_changes(db, "evidence", "withdrawn_event")
    db.conn.execute(
        "create index evidence_without_time on evidence(review_id)"
        " where ends is null and kind in ('survey_result', 'indicator')"
    )


@migrations()
def items_with_extents(db: Database) -> None:
    """The view of current items shows how widespread a finding is."""
    for view in VIEWS:
        db.conn.execute(f"drop view {view.name}")
        create(db, (view,))


def _make_searchable(
    db: Database, table: str, *columns: str, tokenize: str | None = None, replace: bool = False
) -> None:
    """A full-text index over the columns, kept up to date by triggers."""
    import sqlite_utils

    tables = sqlite_utils.Database(db.conn, execute_plugins=False)
    tables.table(table).enable_fts(columns, create_triggers=True, tokenize=tokenize, replace=replace)
