"""The evidence tables of the working database: what each holds, column by column.

One description serves three readers: SQLite (the DDL), Datasette (descriptions) and the reference docs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlite_utils import Database, Migrations


@dataclass(frozen=True)
class Column:
    """A column: its SQL type with constraints, and what people read about it."""

    name: str
    sql: str
    description: str


@dataclass(frozen=True)
class Table:
    """A table (or view): what it holds, its columns, and what belongs to it."""

    name: str
    description: str
    columns: tuple[Column, ...]
    constraints: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    label: str = ""
    facets: tuple[str, ...] = ()
    sort: str = ""
    select: str = field(default="", repr=False)
    """For a view: its SELECT."""

    @property
    def create_sql(self) -> str:
        """The statement that creates the table or view."""
        if self.select:
            return f"create view {self.name} as\n{self.select}"
        lines = [f"  {column.name} {column.sql}" for column in self.columns]
        lines += [f"  {constraint}" for constraint in self.constraints]
        return f"create table {self.name} (\n" + ",\n".join(lines) + "\n)"


def create(db: Database, tables: tuple[Table, ...]) -> None:
    """Create tables and views with their indexes, in order."""
    for table in tables:
        db.conn.execute(table.create_sql)
        for index in table.indexes:
            db.conn.execute(index)


C = Column
ID = C("id", "integer primary key", "Number of the row.")

TABLES: tuple[Table, ...] = (
    Table(
        "framework",
        "The frameworks that reviews judge by.",
        (
            ID,
            C("key", "text not null unique", "Short name, e.g. wales-round-2."),
            C("title", "text not null", "Title in English."),
            C("title_cy", "text", "Title in Welsh, where given."),
            C("digest", "text not null", "SHA-256 of the framework; runs name it."),
            C("body", "text not null", "The whole framework as canonical JSON."),
        ),
        label="title",
    ),
    Table(
        "question",
        "The questions of a framework: the axes of its grid.",
        (
            ID,
            C("framework_id", "integer not null references framework(id)", "The framework."),
            C("key", "text not null", "Short name, e.g. services."),
            C("title", "text not null", "The question in English."),
            C("title_cy", "text", "The question in Welsh, where given."),
            C("position", "integer not null", "1 is the first axis (across), 2 the second (up)."),
        ),
        ("unique (framework_id, key)",),
        label="title",
    ),
    Table(
        "domain",
        "The headings under a question, each rated on its own.",
        (
            ID,
            C("framework_id", "integer not null references framework(id)", "The framework."),
            C("question_id", "integer not null references question(id)", "The question it belongs to."),
            C("key", "text not null", "Short name, e.g. getting-help."),
            C("title", "text not null", "Title in English."),
            C("title_cy", "text", "Title in Welsh, where given."),
            C("looks_for", "text not null default ''", "What reviewers look for."),
            C("position", "integer not null", "Order in the framework."),
        ),
        ("unique (framework_id, key)",),
        label="title",
        facets=("question_id",),
        sort="position",
    ),
    Table(
        "level",
        "The levels of every scale, 1 the worst.",
        (
            ID,
            C("question_id", "integer not null references question(id)", "The question whose scale it is."),
            C("of_domains", "integer not null check (of_domains in (0, 1))", "1: the scale of its domains."),
            C("number", "integer not null", "1 is the worst level."),
            C("key", "text not null", "Short name, e.g. mainly-good."),
            C("title", "text not null", "Title in English."),
            C("title_cy", "text", "Title in Welsh, where given."),
        ),
        ("unique (question_id, of_domains, number)",),
        label="title",
        facets=("question_id",),
    ),
    Table(
        "event",
        "Who did what, when and why: written once, never changed or deleted.",
        (
            ID,
            C("at", "text not null", "Date and time, UTC, ISO 8601."),
            C("by", "text not null", "Who did it: a person's or role's name."),
            C("action", "text not null", "What was done, e.g. import, tag, withdraw, rate."),
            C("review_id", "integer references review(id)", "The review it belongs to, if one."),
            C("target", "text not null default ''", "What it was done to."),
            C("because", "text not null default ''", "The reason given."),
            C("detail", "text not null default '{}'", "More about it, as JSON."),
        ),
        label="action",
        facets=("action", "by", "review_id"),
        sort="id",
        indexes=(
            "create trigger event_is_never_changed before update on event"
            " begin select raise(abort, 'the event record is never changed'); end",
            # 'insert or replace' deletes without asking the trigger below.
            "create trigger event_is_never_replaced before insert on event"
            " when exists (select 1 from event where id = new.id)"
            " begin select raise(abort, 'the event record is never changed'); end",
            "create trigger event_is_never_deleted before delete on event"
            " begin select raise(abort, 'the event record is never deleted'); end",
        ),
    ),
    Table(
        "review",
        "One review: one authority, judged by one framework.",
        (
            ID,
            C("key", "text not null unique", "Short name, e.g. wales-2004-08."),
            C("authority", "text not null", "The authority reviewed."),
            C("framework_id", "integer not null references framework(id)", "The framework it is judged by."),
            C("window_from", "text", "First day of the evidence window."),
            C("window_to", "text", "Last day of the evidence window."),
            C("note", "text not null default ''", "Anything a reader should know."),
            C("added_event", "integer not null references event(id)", "The event that created it."),
        ),
        label="authority",
        facets=("framework_id",),
    ),
    Table(
        "source",
        "Where evidence comes from: a case file, an interview, a survey, a return, a document, a visit.",
        (
            ID,
            C("review_id", "integer not null references review(id)", "The review it was gathered for."),
            C("ref", "text not null", "Index number within the review."),
            C("title", "text not null", "What it is."),
            C(
                "kind",
                "text not null check (kind in ('case_file', 'interview', 'group_meeting', 'survey',"
                " 'indicator_return', 'document', 'observation'))",
                "Kind of evidence it gives.",
            ),
            C("dated", "text", "Its date."),
            C("status", "text not null check (status in ('draft', 'authorised'))", "Draft or authorised."),
            C("strand", "text not null", "Group of people it is about."),
            C("reference", "text not null default ''", "Where the source itself can be found."),
            C("digest", "text not null", "SHA-256 of what was stored of it, its text included."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
        ),
        ("unique (review_id, ref)",),
        label="title",
        facets=("kind", "strand", "status"),
        sort="ref",
    ),
    Table(
        "source_page",
        "The stored text of a source by page or section; it never changes.",
        (
            ID,
            C("source_id", "integer not null references source(id)", "The source."),
            C("number", "integer not null", "Page or section number, from 1."),
            C("text", "text not null", "The text."),
        ),
        ("unique (source_id, number)",),
        sort="number",
    ),
    Table(
        "evidence",
        "The evidence items: findings, case-file scores, survey results, indicators; each with its source.",
        (
            ID,
            C("review_id", "integer not null references review(id)", "The review."),
            C("source_id", "integer not null references source(id)", "The source it was found in."),
            C("locator", "text not null", "Where in the source: page, section, table and row."),
            C(
                "kind",
                "text not null check (kind in ('finding', 'case_score', 'survey_result', 'indicator'))",
                "Kind of item.",
            ),
            C("strand", "text not null", "Group of people it is about."),
            C(
                "text",
                "text not null",
                "The finding, the standard scored, the survey question or the indicator.",
            ),
            C("quote", "text not null default ''", "The words quoted from the source, if any."),
            C(
                "direction",
                "text check (direction in ('strength', 'weakness', 'neutral'))",
                "Findings: strength, weakness or neutral.",
            ),
            C(
                "significance",
                "integer check (significance between 1 and 3)",
                "Findings: 1 minor, 2 important, 3 serious.",
            ),
            C("value", "real", "Case score; share answering positively (0 to 100); value of the indicator."),
            C("base", "real check (base > 0)", "How many answered; empty where it was not published."),
            C("unit", "text not null default ''", "Unit of the value."),
            C("scale_max", "real", "Case scores: the best score there is."),
            C("group_name", "text not null default ''", "Survey results: who answered."),
            C("period", "text not null default ''", "The year or date the number is for, e.g. 2007/08."),
            C(
                "better",
                "text check (better in ('higher', 'lower', 'neither'))",
                "Numbers: which direction is better.",
            ),
            C("comparator", "real", "Indicators: what it is compared with."),
            C("comparator_name", "text not null default ''", "Indicators: whose value that is."),
            C("best", "real", "Survey results: the best authority's share."),
            C("worst", "real", "Survey results: the worst authority's share."),
            C("recorded_by", "text not null", "Who recorded it."),
            C("recorded_on", "text not null", "The day it was recorded."),
            C("digest", "text not null", "SHA-256 (first 32 hex digits) of what the item says."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
            C("withdrawn_event", "integer references event(id)", "The event that withdrew it, if one did."),
        ),
        label="text",
        facets=("kind", "strand", "direction", "source_id"),
        indexes=(
            "create unique index evidence_once on evidence(source_id, locator, coalesce(withdrawn_event, 0))",
            "create index evidence_of_review on evidence(review_id, kind)",
        ),
    ),
    Table(
        "tag",
        "Which domains an evidence item bears on; one item may serve several.",
        (
            ID,
            C("evidence_id", "integer not null references evidence(id)", "The item."),
            C("domain_id", "integer not null references domain(id)", "The domain."),
            C("note", "text not null default ''", "Why it bears on the domain."),
            C("tagged_by", "text not null", "Who tied them."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
            C("withdrawn_event", "integer references event(id)", "The event that withdrew it, if one did."),
        ),
        facets=("domain_id", "tagged_by"),
        indexes=(
            "create unique index tag_once on tag(evidence_id, domain_id, coalesce(withdrawn_event, 0))",
            "create index tag_of_domain on tag(domain_id)",
        ),
    ),
    Table(
        "survey_response",
        "Single answers of survey respondents; survey results are made from them.",
        (
            ID,
            C("source_id", "integer not null references source(id)", "The survey."),
            C("respondent", "text not null", "Number of the respondent within the survey, never a name."),
            C("question", "text not null", "The question."),
            C("group_name", "text not null", "The group the respondent belongs to."),
            C("strand", "text not null", "Group of people the answer is about."),
            C("answer", "integer check (answer between 1 and 5)", "1 strongly disagree to 5 strongly agree."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
        ),
        ("unique (source_id, respondent, question)",),
        facets=("question", "group_name"),
    ),
)

VIEWS: tuple[Table, ...] = (
    Table(
        "current_evidence",
        "The evidence items that count now, with their source: withdrawn items left out.",
        (
            C("id", "integer", "Number of the item."),
            C("review_id", "integer", "The review."),
            C("kind", "text", "Kind of item."),
            C("strand", "text", "Group of people it is about."),
            C("text", "text", "What it says."),
            C("direction", "text", "Findings: strength, weakness or neutral."),
            C("significance", "integer", "Findings: 1 minor, 2 important, 3 serious."),
            C("value", "real", "Its number, if it has one."),
            C("source", "text", "Index number of the source."),
            C("source_kind", "text", "Kind of evidence the source gives."),
            C("locator", "text", "Where in the source."),
            C("domains", "text", "The domains it is tagged to."),
        ),
        select="""select e.id, e.review_id, e.kind, e.strand, e.text, e.direction, e.significance, e.value,
  s.ref as source, s.kind as source_kind, e.locator,
  (select group_concat(d.title, '; ') from tag t join domain d on d.id = t.domain_id
    where t.evidence_id = e.id and t.withdrawn_event is null) as domains
from evidence e join source s on s.id = e.source_id
where e.withdrawn_event is null""",
        facets=("kind", "strand", "source_kind"),
    ),
)

migrations = Migrations("joint-review evidence")


@migrations()
def evidence_tables(db: Database) -> None:
    """The first version of the evidence tables."""
    create(db, TABLES)
    create(db, VIEWS)
    db.table("evidence").enable_fts(["text", "quote", "locator"], create_triggers=True)
    db.table("source_page").enable_fts(["text"], create_triggers=True)
