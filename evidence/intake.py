"""Import of evidence files: every row checked, then everything stored at once or nothing at all.

Rows are validated while the file streams into temporary tables, which lock nobody out; one short
transaction then checks them against what is stored and inserts them with a few set-based statements.
Cost grows linearly with the rows; memory does not grow with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlite_utils import Database

from evidence.database import add_event, one, rows, transaction
from evidence.layouts import recognise, row_model
from evidence.models import (
    POSITIVE_FROM,
    CaseScoreRow,
    FindingRow,
    IndicatorRow,
    ItemRow,
    Row,
    SourceRow,
    SurveyResponseRow,
    SurveyResultRow,
    TagRow,
)
from evidence.reviews import Review, domain_ids
from evidence.tables import Progress, RawTable, header_name, open_tables
from rules.errors import ImportRefused, Problem, suggest

SHOWN = 200
"""How many problems are listed; the rest are counted."""
CHUNK = 2_000
"""Rows validated and staged at a time."""


@dataclass
class ImportReport:
    """What an import did."""

    added: dict[str, int] = field(default_factory=dict)
    """Rows stored, by what they became: sources, items, tags, responses."""
    already_there: int = 0
    """Rows that repeat what is stored (same source and locator, same content)."""
    withdrawn: int = 0
    """Rows that repeat withdrawn items or tags, which stay withdrawn."""
    replaced: int = 0
    """Items withdrawn because a row with the same source and locator says something else (--replace)."""


def no_progress(done: int, total: int, what: str) -> None:
    """A progress callback that shows nothing."""


def import_files(
    db: Database,
    review: Review,
    paths: Sequence[Path],
    *,
    by: str,
    at: datetime,
    layout: str | None = None,
    encoding: str = "utf-8",
    replace: bool = False,
    progress: Progress = no_progress,
) -> ImportReport:
    """Import files of evidence into a review, all or nothing.

    The same source and locator are the same item: repeated rows change nothing. A row that says something
    else of an item already there is refused, or with `replace` withdraws the old item and adds the new one.
    Raises ImportRefused with every problem of every file (the first 200 listed), and stores nothing then.
    """
    intake = _Intake(db, review, by, at, progress)
    intake.prepare()
    try:
        with ExitStack() as files:
            for path in paths:
                tables = files.enter_context(open_tables(path, encoding, progress))
                for table in tables:
                    intake.read(table, layout)
        intake.refuse_if_problems()
        return intake.store([path.name for path in paths], replace)
    finally:
        intake.clear()


def import_row(
    db: Database, review: Review, layout: str, values: Mapping[str, str], *, by: str, at: datetime
) -> tuple[ImportReport, int | None]:
    """Import one row of a layout, with the same checks as a file's.

    Returns the report and, for an item, its number. Raises ImportRefused with every problem of the row.
    """
    headers = [header_name(name) for name in values]
    place = f"this {row_model(layout).layout} row"
    table = RawTable(place, layout, headers, iter([(place, list(values.values()))]))
    intake = _Intake(db, review, by, at, no_progress)
    intake.prepare()
    try:
        intake.read(table, layout)
        intake.refuse_if_problems()
        report = intake.store([layout], replace=False)
        return report, one(db, ITEM_OF_ROW, {"review": review.id})
    finally:
        intake.clear()


STAGING = """
create temp table incoming_source (
  n integer primary key, place, ref, title, kind, dated, status, strand, reference, text, digest);
create temp table incoming_item (
  n integer primary key, place, ref, locator, kind, strand, text, quote, direction, significance, value, base,
  unit, scale_max, group_name, period, better, comparator, comparator_name, best, worst, recorded_by,
  recorded_on, digest, source_id, derived);
create temp table incoming_tag (place, ref, locator, domain_id, note, tagged_by);
create temp table incoming_response (
  n integer primary key, place, ref, respondent, question, group_name, strand, answer, domains, source_id);
"""
STAGED = ("incoming_source", "incoming_item", "incoming_tag", "incoming_response")

INSERT_ITEM = "insert into incoming_item values (null" + ", ?" * 25 + ")"


class _Intake:
    """One import under way."""

    def __init__(self, db: Database, review: Review, by: str, at: datetime, progress: Progress) -> None:
        self.db, self.review, self.by, self.at, self.progress = db, review, by, at, progress
        self.problems: list[Problem] = []
        self.more = 0
        self.domains = domain_ids(db, review)
        self.context = {
            "strands": {strand.id for strand in review.framework.strands},
            "domains": set(self.domains),
        }

    def prepare(self) -> None:
        self.clear()
        for statement in STAGING.strip().split(";\n"):
            self.db.conn.execute(statement.rstrip(";"))

    def clear(self) -> None:
        for name in STAGED:
            self.db.conn.execute(f"drop table if exists temp.{name}")

    def problem(self, place: str, message: str, hint: str = "") -> None:
        if len(self.problems) < SHOWN:
            self.problems.append(Problem(place, message, hint))
        else:
            self.more += 1

    def refuse_if_problems(self) -> None:
        if self.problems:
            count = len(self.problems) + self.more
            raise ImportRefused(
                f"Nothing was imported: {count:,} problem{'s' if count > 1 else ''} found.",
                self.problems,
                more=self.more,
            )

    # --- reading: rows into the staging tables -------------------------------------------------------

    def read(self, table: RawTable, layout: str | None) -> None:
        model = recognise(table, layout)
        if model is not None:
            adapter = TypeAdapter(list[model])  # type: ignore[valid-type]
            for chunk in _chunks(table.rows):
                self._stage(model, self._validated(model, adapter, table.headers, chunk))
        for problem in table.problems:
            self.problem(problem.where, problem.message, problem.hint)

    def _validated(
        self,
        model: type[Row],
        adapter: TypeAdapter[list[Row]],
        headers: list[str],
        chunk: list[tuple[str, list[Any]]],
    ) -> list[tuple[str, Row]]:
        given = [dict(zip(headers, values, strict=True)) for _, values in chunk]
        try:
            found = adapter.validate_python(given, context=self.context)
            return [(place, row) for (place, _), row in zip(chunk, found, strict=True)]
        except ValidationError:
            pass
        good: list[tuple[str, Row]] = []
        for (place, _), values in zip(chunk, given, strict=True):
            try:
                good.append((place, model.model_validate(values, context=self.context)))
            except ValidationError as error:
                self._say(place, error)
        return good

    def _say(self, place: str, error: ValidationError) -> None:
        for detail in error.errors(include_url=False):
            column = str(detail["loc"][0]) if detail["loc"] else ""
            context = detail.get("ctx", {})
            expected = context.get("expected") or detail["msg"]
            shown = repr(detail["input"]) if not isinstance(detail["input"], dict) else "the row"
            shown = shown if len(shown) <= 60 else shown[:57] + "..."
            at = f"{place}, column {column!r}" if column else place
            hint = str(context.get("hint", ""))
            self.problem(at, f"{shown} stands here; expected {expected}.", hint)

    def _stage(self, model: type[Row], found: list[tuple[str, Row]]) -> None:
        execute = self.db.conn.executemany
        self.db.conn.execute("begin")
        if issubclass(model, SourceRow):
            execute(
                "insert into incoming_source values (null" + ", ?" * 10 + ")",
                (_source_values(place, row) for place, row in found if isinstance(row, SourceRow)),
            )
        elif issubclass(model, ItemRow):
            execute(INSERT_ITEM, (self._item_values(p, r) for p, r in found if isinstance(r, ItemRow)))
            execute(
                "insert into incoming_tag values (?, ?, ?, ?, '', ?)",
                (
                    (place, row.source, row.locator, self.domains[domain], row.recorded_by or self.by)
                    for place, row in found
                    if isinstance(row, ItemRow)
                    for domain in row.domains
                ),
            )
        elif issubclass(model, SurveyResponseRow):
            execute(
                "insert into incoming_response values (null" + ", ?" * 9 + ")",
                (
                    (
                        p,
                        r.source,
                        r.respondent,
                        r.question,
                        r.group,
                        r.strand,
                        r.answer,
                        ";".join(r.domains),
                        None,
                    )
                    for p, r in found
                    if isinstance(r, SurveyResponseRow)
                ),
            )
        else:
            execute(
                "insert into incoming_tag values (?, ?, ?, ?, ?, ?)",
                (
                    (p, r.source, r.locator, self.domains[r.domain], r.note, r.tagged_by or self.by)
                    for p, r in found
                    if isinstance(r, TagRow)
                ),
            )
        self.db.conn.execute("commit")

    def _item_values(self, place: str, row: ItemRow) -> tuple[Any, ...]:
        said = item_fields(row)
        return (
            place,
            row.source,
            row.locator,
            *said,
            row.recorded_by or self.by,
            (row.recorded_on or self.at.date()).isoformat(),
            item_digest(row.source, row.locator, said),
            None,
            0,
        )

    # --- storing: the staging tables into the review -------------------------------------------------

    def store(self, names: list[str], replace: bool) -> ImportReport:
        report = ImportReport()
        self.progress(0, 4, "storing")
        with transaction(self.db):
            event = add_event(
                self.db,
                at=self.at,
                by=self.by,
                action="import",
                review_id=self.review.id,
                target=", ".join(names),
            )
            report.added["sources"] = self._store_sources(event, report)
            self._resolve_sources()
            self._derive_survey_results()
            self._check_items(replace)
            self.refuse_if_problems()
            self.progress(1, 4, "storing")
            report.added["responses"] = self._run(INSERT_RESPONSES, event=event)
            report.replaced = self._run(WITHDRAW_REPLACED, event=event)
            self._count_repeats(report)
            self.progress(2, 4, "storing")
            report.added["items"] = self._run(INSERT_ITEMS, event=event)
            self.progress(3, 4, "storing")
            self._check_tags()
            self.refuse_if_problems()
            report.withdrawn += one(self.db, COUNT_WITHDRAWN_TAGS, {"review": self.review.id})
            report.added["tags"] = self._run(INSERT_TAGS, event=event)
            if not any(report.added.values()) and not report.replaced:
                # Nothing changed: the record of events stays as it was, too.
                self.db.conn.execute("rollback")
                self.db.conn.execute("begin immediate")
        self.progress(4, 4, "storing")
        return report

    def _run(self, sql: str, **parameters: Any) -> int:
        return self.db.conn.execute(sql, {"review": self.review.id, **parameters}).rowcount

    def _found(self, sql: str) -> list[dict[str, Any]]:
        return rows(self.db, sql, {"review": self.review.id, "most": SHOWN})

    def _store_sources(self, event: int, report: ImportReport) -> int:
        for row in self._found(CHANGED_SOURCES):
            self.problem(
                row["place"],
                f"the source {row['ref']!r} is already there and says something else.",
                "Stored sources never change: give the new version an index number of its own.",
            )
        report.already_there += one(self.db, COUNT_SAME_SOURCES, {"review": self.review.id})
        added = self._run(INSERT_SOURCES, event=event)
        for row in self._found(NEW_TEXTS):
            pages = [page.strip("\n") for page in row["text"].split("\f")]
            self.db.conn.executemany(
                "insert into source_page (source_id, number, text) values (?, ?, ?)",
                [(row["id"], number, page) for number, page in enumerate(pages, start=1)],
            )
        return added

    def _resolve_sources(self) -> None:
        """Fill in the number of every row's source; rows of one place in a source then stand together."""
        known = [row["ref"] for row in self._found("select ref from source where review_id = :review")]
        for name in ("incoming_item", "incoming_response"):
            self._run(
                f"update {name} set source_id ="
                f" (select id from source s where s.review_id = :review and s.ref = {name}.ref)"
            )
            for row in self._found(f"select place, ref from {name} where source_id is null limit :most"):
                self.problem(
                    f"{row['place']}, column 'source'",
                    f"there is no source {row['ref']!r} in this review.",
                    suggest(row["ref"], known) or "Import the sources first, or in the same command.",
                )
        self.db.conn.execute("create index temp.incoming_at on incoming_item (source_id, locator, n)")

    def _derive_survey_results(self) -> None:
        """One survey result per question and group of the responses that come in."""
        if not one(self.db, "select exists (select 1 from incoming_response)"):
            return
        for row in self._found(CLASHING_RESPONSES):
            self.problem(
                row["place"],
                f"respondent {row['respondent']} already answered {row['question']!r} otherwise.",
                "Each respondent answers a question once.",
            )
        for row in self._found(SURVEY_RESULTS):
            if row["base"] == 0:
                self.problem(
                    row["place"],
                    f"nobody of {row['group_name']!r} answered {row['question']!r}.",
                    "Leave the question out for this group.",
                )
                continue
            self._stage_survey_result(row)

    def _stage_survey_result(self, row: dict[str, Any]) -> None:
        result = SurveyResultRow(
            source=row["ref"],
            locator=f"question {row['question']}, group {row['group_name']}",
            strand=row["strand"],
            group=row["group_name"],
            question=row["question"],
            positive=f"{100 * row['positive'] / row['base']:.10f}%",
            base=row["base"],
        )
        values = self._item_values(row["place"], result)
        self.db.conn.execute(INSERT_ITEM, (*values[:-2], row["source_id"], 1))
        for domain in sorted({d for d in (row["domains"] or "").split(";") if d}):
            self.db.conn.execute(
                "insert into incoming_tag values (?, ?, ?, ?, '', ?)",
                [row["place"], row["ref"], result.locator, self.domains[domain], self.by],
            )

    def _check_items(self, replace: bool) -> None:
        for row in self._found(CLASHING_ROWS):
            self.problem(
                row["place"],
                f"source {row['ref']!r}, locator {row['locator']!r} stands twice, with different content"
                f" (also {row['other']}).",
                "Make the locators more exact, e.g. add the paragraph or the row.",
            )
        if not replace:
            for row in self._found(CHANGED_ITEMS):
                self.problem(
                    row["place"],
                    f"item E{row['id']} has the same source and locator and says something else.",
                    "Make the locator more exact, or give --replace to withdraw the old item.",
                )
        for row in self._found(LOST_QUOTES):
            self.problem(
                f"{row['place']}, column 'quote'",
                f"these words do not stand in the stored text of source {row['ref']!r}.",
                "Quote word for word.",
            )

    def _count_repeats(self, report: ImportReport) -> None:
        same = one(self.db, COUNT_SAME_ITEMS)
        withdrawn = one(self.db, COUNT_WITHDRAWN_ITEMS)
        twice = one(self.db, COUNT_REPEATED_ROWS)
        report.already_there += same + twice
        report.withdrawn += withdrawn

    def _check_tags(self) -> None:
        for row in self._found(TAGS_WITHOUT_ITEM):
            self.problem(
                row["place"],
                f"there is no item with source {row['ref']!r} and locator {row['locator']!r} to tag.",
                "Source and locator must be written exactly as in the item.",
            )


def _source_values(place: str, row: SourceRow) -> tuple[Any, ...]:
    dated = row.dated.isoformat() if row.dated else None
    said = (row.source, row.title, row.kind, dated, row.status, row.strand, row.reference, row.text)
    digest = hashlib.sha256("\x1f".join(str(value) for value in said).encode()).hexdigest()
    return (place, *said, digest)


def item_fields(row: ItemRow) -> tuple[Any, ...]:
    """What an item says, in the order of the columns from `kind` to `worst`."""
    special: tuple[Any, ...]
    if isinstance(row, FindingRow):
        kind, text = "finding", row.finding
        special = (row.direction, row.significance, *[None] * 2, "", None, "", "", None, None, "", None, None)
    elif isinstance(row, CaseScoreRow):
        kind, text = "case_score", row.standard
        special = (None, None, row.score, 1.0, "", row.scale_max, "", "", "higher", None, "", None, None)
    elif isinstance(row, SurveyResultRow):
        kind, text = "survey_result", row.question
        special = (
            *(None, None, row.positive, row.base, "percent", None, row.group, row.period, row.better),
            *(None, "", row.best, row.worst),
        )
    elif isinstance(row, IndicatorRow):
        kind, text = "indicator", row.indicator
        special = (
            *(None, None, row.value, None, row.unit, None, "", row.period, row.better),
            *(row.comparator, row.comparator_name, None, None),
        )
    else:
        raise TypeError(f"{type(row).__name__} is no evidence item")
    return (kind, row.strand, text, row.quote, *special)


def item_digest(source: str, locator: str, said: Iterable[Any]) -> str:
    """The first 32 hex digits of the SHA-256 of what an item says and where it stands."""
    text = "\x1f".join(map(str, (source, locator, *said)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _chunks(found: Iterator[tuple[str, list[Any]]]) -> Iterator[list[tuple[str, list[Any]]]]:
    chunk: list[tuple[str, list[Any]]] = []
    for row in found:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


# The first row of every (source, locator) that comes in; repeats of it are counted, not stored.
CHANGED_SOURCES = """
select i.place, i.ref from incoming_source i join source s on s.review_id = :review and s.ref = i.ref
where s.digest <> i.digest
union all
select i.place, i.ref from incoming_source i
where exists (select 1 from incoming_source j where j.ref = i.ref and j.n < i.n and j.digest <> i.digest)
limit :most
"""
COUNT_SAME_SOURCES = """
select count(*) from incoming_source i
where exists (select 1 from source s where s.review_id = :review and s.ref = i.ref and s.digest = i.digest)
  or exists (select 1 from incoming_source j where j.ref = i.ref and j.n < i.n)
"""
INSERT_SOURCES = """
insert into source (review_id, ref, title, kind, dated, status, strand, reference, digest, added_event)
select :review, ref, title, kind, dated, status, strand, reference, digest, :event
from incoming_source i
where not exists (select 1 from source s where s.review_id = :review and s.ref = i.ref)
  and n = (select min(n) from incoming_source j where j.ref = i.ref)
order by n
"""
NEW_TEXTS = """
select s.id, i.text from incoming_source i join source s on s.review_id = :review and s.ref = i.ref
where i.text <> '' and not exists (select 1 from source_page p where p.source_id = s.id)
group by s.id
"""
CLASHING_RESPONSES = """
select i.place, i.respondent, i.question from incoming_response i
join survey_response r
  on r.source_id = i.source_id and r.respondent = i.respondent and r.question = i.question
where r.answer is not i.answer or r.group_name <> i.group_name or r.strand <> i.strand
union all
select max(i.place), i.respondent, i.question from incoming_response i
group by i.source_id, i.respondent, i.question
having count(distinct coalesce(i.answer, 0) || '|' || i.group_name || '|' || i.strand) > 1
limit :most
"""
# Results of all answers, stored and coming in, for every question and group that anything comes in for.
SURVEY_RESULTS = f"""
with touched as (
  select source_id, ref, question, group_name, min(place) as place, group_concat(domains, ';') as domains
  from (select distinct source_id, ref, question, group_name, domains, min(place) as place
        from incoming_response where source_id is not null
        group by source_id, ref, question, group_name, domains)
  group by source_id, question, group_name),
answers as (
  select source_id, respondent, question, group_name, strand, answer from survey_response
  where source_id in (select source_id from touched)
  union
  select source_id, respondent, question, group_name, strand, answer from incoming_response)
select t.source_id, t.ref, t.question, t.group_name, t.place, t.domains,
  case when count(distinct a.strand) = 1 then min(a.strand) else 'all' end as strand,
  count(a.answer) as base, sum(a.answer >= {POSITIVE_FROM}) as positive
from touched t
join answers a on a.source_id = t.source_id and a.question = t.question and a.group_name = t.group_name
group by t.source_id, t.question, t.group_name
order by t.ref, t.question, t.group_name
"""
INSERT_RESPONSES = """
insert or ignore into survey_response
  (source_id, respondent, question, group_name, strand, answer, added_event)
select source_id, respondent, question, group_name, strand, answer, :event from incoming_response order by n
"""
ITEM_OF_ROW = """
select e.id from incoming_item i join source s on s.review_id = :review and s.ref = i.ref
join evidence e on e.source_id = s.id and e.locator = i.locator and e.withdrawn_event is null
"""
CLASHING_ROWS = """
with first as (
  select source_id, locator, min(n) as n, count(distinct digest) as contents
  from incoming_item where source_id is not null group by source_id, locator)
select i.place, i.ref, i.locator, (select place from incoming_item where n = f.n) as other
from first f join incoming_item i on i.source_id = f.source_id and i.locator = f.locator and i.n > f.n
where f.contents > 1 and i.digest <> (select digest from incoming_item where n = f.n)
limit :most
"""
CHANGED_ITEMS = """
select i.place, e.id from incoming_item i
join evidence e on e.source_id = i.source_id and e.locator = i.locator and e.withdrawn_event is null
where e.digest <> i.digest and not i.derived
limit :most
"""
LOST_QUOTES = """
select i.place, i.ref from incoming_item i
where i.quote <> '' and exists (select 1 from source_page p where p.source_id = i.source_id)
  and not exists (select 1 from source_page p where p.source_id = i.source_id and instr(p.text, i.quote))
limit :most
"""
WITHDRAW_REPLACED = """
update evidence set withdrawn_event = :event
where withdrawn_event is null and id in (
  select e.id from incoming_item i
  join evidence e on e.source_id = i.source_id and e.locator = i.locator and e.withdrawn_event is null
  where e.digest <> i.digest)
"""
COUNT_SAME_ITEMS = """
select count(*) from incoming_item i
join evidence e on e.source_id = i.source_id and e.locator = i.locator and e.withdrawn_event is null
where e.digest = i.digest
"""
COUNT_WITHDRAWN_ITEMS = """
select count(*) from incoming_item i
where exists (select 1 from evidence e where e.source_id = i.source_id and e.locator = i.locator
    and e.digest = i.digest and e.withdrawn_event is not null)
  and not exists (select 1 from evidence e where e.source_id = i.source_id and e.locator = i.locator
    and e.withdrawn_event is null)
"""
COUNT_REPEATED_ROWS = """
select coalesce(sum(times - 1), 0) from (
  select count(*) as times from incoming_item i
  where not exists (select 1 from evidence e where e.source_id = i.source_id and e.locator = i.locator)
  group by source_id, locator)
"""
INSERT_ITEMS = """
insert into evidence (review_id, source_id, locator, kind, strand, text, quote, direction, significance,
  value, base, unit, scale_max, group_name, period, better, comparator, comparator_name, best, worst,
  recorded_by, recorded_on, digest, added_event)
select :review, source_id, locator, kind, strand, text, quote, direction, significance, value,
  base, unit, scale_max, group_name, period, better, comparator, comparator_name, best, worst,
  recorded_by, recorded_on, digest, :event
from incoming_item i
where not exists (select 1 from evidence e where e.source_id = i.source_id and e.locator = i.locator
    and (e.withdrawn_event is null or e.digest = i.digest))
  and not exists (select 1 from incoming_item j
    where j.source_id = i.source_id and j.locator = i.locator and j.n < i.n)
order by n
"""
TAGGED = """
from (select ref, locator, domain_id, min(note) as note, min(tagged_by) as tagged_by
      from incoming_tag group by ref, locator, domain_id) i
join source s on s.review_id = :review and s.ref = i.ref
join evidence e on e.source_id = s.id and e.locator = i.locator and e.withdrawn_event is null
"""
TAGS_WITHOUT_ITEM = """
select t.place, t.ref, t.locator from incoming_tag t
left join source s on s.review_id = :review and s.ref = t.ref
where not exists (select 1 from evidence e where e.source_id = s.id and e.locator = t.locator)
limit :most
"""
COUNT_WITHDRAWN_TAGS = f"""
select count(*) {TAGGED}
where exists (select 1 from tag t where t.evidence_id = e.id and t.domain_id = i.domain_id
    and t.withdrawn_event is not null)
  and not exists (select 1 from tag t where t.evidence_id = e.id and t.domain_id = i.domain_id
    and t.withdrawn_event is null)
"""
INSERT_TAGS = f"""
insert into tag (evidence_id, domain_id, note, tagged_by, added_event)
select e.id, i.domain_id, i.note, i.tagged_by, :event {TAGGED}
where not exists (select 1 from tag t where t.evidence_id = e.id and t.domain_id = i.domain_id)
order by e.id, i.domain_id
"""
