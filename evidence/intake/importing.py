"""Import of evidence files: every row checked, then everything stored at once or nothing at all.

Rows are validated while the file streams into temporary tables, which lock nobody out; one short
transaction then checks them against what is stored, decides what becomes of every row, and inserts with a
few set-based statements. Cost grows linearly with the rows; memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from evidence import rows as models
from evidence.actions import EvidenceAction
from evidence.coding.leaving import leave_batches
from evidence.digests import item_digest, item_fields, source_digest, source_fields
from evidence.files.rawtable import RawTable, Unreadable, header_name
from evidence.files.tables import open_tables
from evidence.intake import answers, codings, respondents, staging
from evidence.intake.blanked import recognise_erased, recognise_erased_sources
from evidence.intake.into import GivenRow, Into, Intos, SourceKey
from evidence.intake.layouts import recognise, row_model, wanted
from evidence.intake.naming import People, say_unknown_sources, say_wrong_sources
from evidence.intake.order import check_series, not_placed
from evidence.intake.quotes import check_quotes, store_texts
from evidence.intake.refs import FirstRefs, Refs
from evidence.intake.report import ImportReport, all_together, count_by_review
from evidence.intake.said import Wrong, in_order, problems_of
from evidence.intake.sameplace import place_findings
from evidence.intake.times import Times
from evidence.mapping.choosing import Chosen, Mappings, offer_mapping
from evidence.mapping.kept import keep_mapping
from evidence.mapping.mapped import RowMaker
from evidence.search import index_divided
from programme.calendar import DateOrder
from programme.database import Act, Database, add_event, one, rows, said_plainly, transaction
from programme.progress import Progress, no_progress
from programme.reviews import Review
from rules.errors import ImportRefused, Problem
from rules.grouping import MOST_GROUPED, Grouping
from rules.remedy import Remedy, Replace
from rules.words import many

CHUNK = 2_000
"""Rows validated and staged at a time."""
SOURCE_NAME = TypeAdapter(models.Needed)


def import_files(
    db: Database,
    review: Review,
    paths: Sequence[Path],
    *,
    by: str,
    at: datetime,
    layout: str | None = None,
    encoding: str = "utf-8",
    sheets: Sequence[str] = (),
    replace: bool = False,
    dates: DateOrder | None = None,
    mappings: Sequence[Chosen] = (),
    names: Sequence[str] = (),
    elsewhere: bool = True,
    progress: Progress = no_progress,
) -> ImportReport:
    """Import files of evidence into a review (rows with a column `review` into that), all or nothing.

    The same source and locator are the same item: repeated rows change nothing, and a row that repeats what
    was withdrawn leaves it withdrawn. A row that says something else of an item already there is refused, or
    with `replace` withdraws the old item and adds the new one. Survey results are made from single answers,
    and made anew when more answers come in. Of workbooks only `sheets` are read, if any are named. `dates`
    says which number comes first in dates such as 08/10/2021, where their column does not show it. Tables
    that a mapping fits are read with it; those of files are kept. Files are called by `names`; rows of other
    reviews are refused without `elsewhere`. Raises ImportRefused with every problem of every file (the first
    200 listed), and stores nothing then.
    """
    names = names or [(path.name if _alone(path, paths) else "") or str(path) for path in paths]
    if layout:
        row_model(layout)
    with _staging(_Intake(db, review, by, at, progress, Mappings(mappings), dates)) as intake:
        intake.intos.elsewhere = elsewhere
        for path, name in zip(paths, names, strict=True):
            intake.read_file(path, name, encoding, layout, sheets)
        return intake.store(names, replace)


def _alone(path: Path, paths: Sequence[Path]) -> bool:
    """Whether no other file of the import has the same name."""
    return not any(other.name == path.name and other != path for other in paths)


def import_row(
    db: Database,
    review: Review,
    layout: str,
    values: Mapping[str, str],
    *,
    by: str,
    at: datetime,
    replace: bool = False,
    dates: DateOrder | None = None,
) -> tuple[ImportReport, int | None]:
    """Import one row of a layout, with the same checks as a file's; `replace`, `dates` as for `import_files`.

    Returns the report and, for an item or a tag, the number of the item. Raises ImportRefused with every
    problem of the row.
    """
    headers = [header_name(name) for name in values]
    place = f"this {row_model(layout).layout} row"
    table = RawTable(place, layout, headers, iter([(place, list(values.values()))]))
    with _staging(_Intake(db, review, by, at, dates=dates)) as intake:
        intake.read(table, None, layout)
        report = intake.store([layout], replace)
        return report, one(db, staging.ITEM_OF_ROW)


@contextmanager
def _staging(intake: _Intake) -> Iterator[_Intake]:
    """An import with its temporary tables, which are gone afterwards."""
    with said_plainly():
        intake.clear()
        try:
            for statement in staging.STAGING.strip().split(";\n"):
                intake.db.conn.execute(statement.rstrip(";"))
            yield intake
        finally:
            intake.clear()


class _Intake:
    """One import under way."""

    def __init__(
        self,
        db: Database,
        review: Review,
        by: str,
        at: datetime,
        progress: Progress = no_progress,
        mappings: Mappings | None = None,
        dates: DateOrder | None = None,
    ) -> None:
        self.mappings, self.dates = mappings or Mappings(()), dates
        self.said: set[tuple[str, str]] = set()
        """What was said of a mapping, which is the same for every row."""
        self.remedies: list[Remedy] = []
        self.db, self.review, self.by, self.at, self.progress = db, review, by, at, progress
        self.problems = Grouping()
        self.unread = False
        """Whether a file or some rows could not be read at all, so that what others refer to may be there."""
        self.files: list[str] = []
        self.notes: list[str] = []
        self.refs = Refs(db)
        self.doubtful: set[SourceKey] = set()
        """Sources whose own rows have problems: that they are not there need not be said, too."""
        self.intos = Intos(db, review, self.problem)
        self.people = People(db, self.problem)

    def clear(self) -> None:
        if self.db.conn.in_transaction and not self.db.joined:
            self.db.conn.execute("rollback")
        for name in staging.STAGED:
            self.db.conn.execute(f"drop table if exists temp.{name}")

    def problem(self, place: str, message: str, hint: object = "", *remedies: Remedy) -> None:
        self.problems.add(place, message, hint, remedies)

    def refuse_if_problems(self) -> None:
        if self.problems:
            raise ImportRefused(
                f"Nothing was imported: {many(self.problems.count, 'problem')} found.",
                sorted(self.problems.lines(), key=lambda one: (self._file_of(one), in_order(one))),
                more=self.problems.more,
                remedies=self.remedies,
            )

    def _file_of(self, problem: Problem) -> int:
        inside = (problem.where == name or problem.where.startswith(f"{name}, ") for name in self.files)
        return next((number for number, found in enumerate(inside) if found), len(self.files))

    # --- reading: rows into the staging tables -------------------------------------------------------

    def read_file(
        self, path: Path, name: str, encoding: str, layout: str | None, sheets: Sequence[str] = ()
    ) -> None:
        """Read and stage a file; what is wrong with it is noted, and the next file is read all the same."""
        self.files.append(name)
        before = self.problems.count
        look_for = [*self.mappings.wanted(), *wanted(layout)]
        try:
            with open_tables(path, encoding, self.progress, name, wanted=look_for, sheets=sheets) as tables:
                self.notes += tables.notes
                aside: list[str] = []
                given = self.mappings.beside(tables, layout, bool(sheets), aside)
                found = sum([self.read(*one, layout) for one in given])
                self.notes += aside
        except ImportRefused as error:
            self.unread = True
            for problem in error.problems:
                self.problem(problem.where, problem.message, problem.hint, *problem.remedies)
            return
        if not found and self.problems.count == before:
            self.problem(name, "there are no rows below the headers.", "Give a file with rows.")

    def read(self, table: RawTable, chosen: Chosen | None, layout: str | None) -> int:
        """Read and stage a table; returns how many rows it has."""
        if chosen:
            return self._read_mapped(table, chosen)
        count = 0
        if not table.headers and not table.problems:
            return 0
        before = len(table.problems)
        model = recognise(table, layout)
        if model is None:
            self.unread = True
            self.remedies = offer_mapping(self.db, table, before) or self.remedies
        self._note_all(table)
        if model is not None:
            take = _Taker(self, model, table)
            while chunk := list(islice(table.rows, CHUNK)):
                count += len(chunk)
                take.some(
                    [
                        GivenRow(place, dict(zip(table.headers, values, strict=True)))
                        for place, values in chunk
                    ]
                )
            take.rest()
        self._note_all(table)
        self.notes += table.notes
        self.unread = self.unread or table.cut_short
        return count

    def _read_mapped(self, table: RawTable, chosen: Chosen) -> int:
        """Read and stage the rows that a mapping makes of a table; returns how many rows the table has."""
        fitted = chosen.fit(table)
        self._note_all(table)
        if fitted is None:
            self.unread = True
            return 0
        maker = RowMaker(fitted, table, self.intos)
        takers: dict[type[models.Row], _Taker] = {}
        count = 0
        while chunk := list(islice(maker.rows(), CHUNK)):
            count += len(chunk)
            made: dict[type[models.Row], list[GivenRow]] = {}
            for model, row in chunk:
                made.setdefault(model, []).append(row)
            for model, given in made.items():
                takers.setdefault(model, _Taker(self, model, table)).some(given)
        for take in takers.values():
            take.rest()
        self._note_all(table)
        self.unread = self.unread or table.cut_short
        self.notes += [*table.notes, *maker.notes()]
        return count

    def _note_all(self, table: RawTable) -> None:
        for problem in table.problems:
            self.problem(problem.where, problem.message, problem.hint, *problem.remedies)
        table.problems.clear()
        self.problems.miss(table.more)
        table.more = 0

    def _take(
        self,
        model: type[models.Row],
        adapter: TypeAdapter[list[models.Row]],
        table: RawTable,
        given: list[GivenRow],
        into: Into,
        times: Mapping[str, Any],
    ) -> None:
        """Stage the good rows for a review; the problems of the others are noted."""
        context = {**into.context, **times}
        try:
            found = adapter.validate_python([row.values for row in given], context=context)
        except ValidationError:
            good = self._validated_singly(model, given, into, context)
        else:
            good = [(row.place, one) for row, one in zip(given, found, strict=True)]
        self._note_all(table)
        if good:
            self._stage(model, good, into)

    def _validated_singly(
        self, model: type[models.Row], given: list[GivenRow], into: Into, context: dict[str, Any]
    ) -> list[tuple[str, models.Row]]:
        good: list[tuple[str, models.Row]] = []
        for row in given:
            try:
                good.append((row.place, model.model_validate(row.values, context=context)))
            except ValidationError as error:
                if self.problems.is_full:
                    # Words are dear: what is only counted is not put into any.
                    said = sum(isinstance(value, Unreadable) for value in row.values.values())
                    self.problems.miss(error.error_count() - said)
                else:
                    for wrong in self._new(problems_of(row, error), row):
                        remedies = (wrong.remedy,) if wrong.remedy else ()
                        self.problems.add(wrong.where, wrong.message, wrong.hint, remedies)
                self._keep_source_of(model, row, into)
        return good

    def _new(self, problems: Iterable[Wrong], row: GivenRow) -> Iterator[Wrong]:
        """The problems of a row; what is wrong with the mapping itself is said once."""
        for problem in problems:
            key = problem.where, problem.message
            if row.cells is None or problem.where.startswith(row.place) or key not in self.said:
                self.said.add(key)
                yield problem

    def _keep_source_of(self, model: type[models.Row], row: GivenRow, into: Into) -> None:
        """Remember which source a refused row names: others may name it, or it may not be there either."""
        try:
            ref = SOURCE_NAME.validate_python(row.values.get("source"))
        except ValidationError:
            return
        if model is models.SourceRow:
            self.doubtful.add((into.review.id, ref))
        else:
            self.db.conn.execute(staging.STAGE_REFUSED, (row.place, self._ref_no(ref, into)))

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Fill temporary tables in one go; nobody else is locked out."""
        if self.db.joined:
            yield
            return
        self.db.conn.execute("begin")
        try:
            yield
        except BaseException:
            self.db.conn.execute("rollback")
            raise
        self.db.conn.execute("commit")

    def _stage(self, model: type[models.Row], found: list[tuple[str, models.Row]], into: Into) -> None:
        with self._together():
            if issubclass(model, models.ItemRow):
                self._stage_items(model, found, into)
            else:
                staged: dict[type[models.Row], tuple[str, Callable[[str, Any, Into], Any]]] = {
                    models.SourceRow: (staging.STAGE_SOURCE, self._source_values),
                    models.SurveyResponseRow: (staging.STAGE_RESPONSE, self._response_values),
                    models.TagRow: (staging.STAGE_TAG, self._tag_values),
                    models.RespondentRow: (respondents.STAGE_CHARACTERISTIC, self._characteristic_values),
                    models.MarginRow: (respondents.STAGE_MARGIN, self._margin_values),
                    codings.CodingRow: (codings.STAGE, self._coding_values),
                }
                statement, values = staged[model]
                self.db.conn.executemany(statement, [values(place, row, into) for place, row in found])

    def _stage_items(self, model: type[models.Row], found: list[tuple[str, Any]], into: Into) -> None:
        items: list[tuple[Any, ...]] = []
        tags: list[tuple[Any, ...]] = []
        picked, today = staging.PICKED[model], self.at.date()
        for place, row in found:
            self.people.check(place, "recorded_by", row.recorded_by)
            said, ref_no, by = item_fields(row), self._ref_no(row.source, into), row.recorded_by or self.by
            digest = item_digest(into.first_refs.get(row.source, row.source), row.locator, said)
            on = (row.recorded_on or today).isoformat()
            items.append((place, ref_no, row.locator, *picked(said), by, on, digest))
            for domain in row.domains:
                tags.append((None, ref_no, row.locator, into.domains[domain], "", by, 0, digest))
        self.db.conn.executemany(staging.STAGE_ITEM[model], items)
        self.db.conn.executemany(staging.STAGE_TAG, tags)

    def _ref_no(self, ref: str, into: Into) -> int:
        return self.refs.number((into.review.id, ref))

    def _source_values(self, place: str, row: Any, into: Into) -> tuple[Any, ...]:
        return (place, self._ref_no(row.source, into), *source_fields(row), source_digest(row))

    def _response_values(self, place: str, row: Any, into: Into) -> tuple[Any, ...]:
        said = row.answer if isinstance(row.answer, str) else None
        answered = (row.respondent, row.question, row.group, row.strand, None if said else row.answer, said)
        return (place, self._ref_no(row.source, into), *answered, ";".join(row.domains), row.better or None)

    def _characteristic_values(self, place: str, row: Any, into: Into) -> tuple[Any, ...]:
        return (place, self._ref_no(row.source, into), row.respondent, row.characteristic, row.category)

    def _margin_values(self, place: str, row: Any, into: Into) -> tuple[Any, ...]:
        said = (row.group, row.characteristic, row.category, row.percent, row.people)
        return (place, self._ref_no(row.source, into), *said)

    def _tag_values(self, place: str, row: Any, into: Into) -> tuple[Any, ...]:
        self.people.check(place, "tagged_by", row.tagged_by)
        domain_id, by = into.domains[row.domain], row.tagged_by or self.by
        return (place, self._ref_no(row.source, into), row.locator, domain_id, row.note, by, 1, None)

    def _coding_values(self, place: str, row: Any, into: Into) -> codings.Staged:
        self.people.check(place, "coded_by", row.coded_by)
        return codings.staged(place, self._ref_no(row.source, into), row, into.domains)

    # --- deciding: what becomes of every staged row --------------------------------------------------

    def store(self, names: Sequence[str], replace: bool) -> ImportReport:
        """Decide and store everything, or raise ImportRefused."""
        self.progress(0, 4, "storing")
        for chosen in () if self.problems else self.mappings.unused():
            self.problem(chosen.place, "it fits none of the tables.", "Leave it out, or give the right file.")
        if self.problems:
            # Nothing will be stored; what else is wrong with the rows is looked for without locking anybody.
            self._decide(replace)
            self.refuse_if_problems()
        with transaction(self.db) as joined:
            self._decide(replace)
            self.refuse_if_problems()
            counted = count_by_review(self.db)
            report = self._report(counted)
            self.progress(1, 4, "storing")
            if any(report.added.values()) or report.replaced:
                self._insert(names, counted)
            for chosen, shape in self.mappings.to_keep():
                if name := keep_mapping(joined, self.review, chosen.mapping, shape, by=self.by, at=self.at):
                    report.kept.append(name)
        self.progress(4, 4, "storing")
        return report

    def _decide(self, replace: bool) -> None:
        # Once a row could not be read, what is missing may stand in it.
        complete = not self.problems
        self._resolve_sources()
        recognise_erased_sources(self.db, self.problem)
        say_wrong_sources(self.intos, self._found, self.problem)
        self.notes += codings.find_by_number(self._run)
        complete = complete and self._make_survey_results(replace)
        self._decide_items(replace)
        if complete:
            self._check_tags()
            codings.decide(self._run, self._found, self.problem, replace)
        if not self.problems:
            self._decide_tags()

    def _run(self, sql: str, **parameters: Any) -> int:
        return self.db.conn.execute(sql, {"review": self.review.id, **parameters}).rowcount

    def _one(self, sql: str) -> Any:
        return one(self.db, sql, {"review": self.review.id})

    def _found(self, sql: str) -> list[dict[str, Any]]:
        """The rows that have a problem, as many as are grouped; the others are counted."""
        numbered = f"select *, count(*) over () as total from ({sql}) order by n limit {MOST_GROUPED}"
        found = rows(self.db, numbered, {"review": self.review.id})
        if found:
            self.problems.miss(found[0]["total"] - len(found))
        return found

    def _resolve_sources(self) -> None:
        """Fill in the number of every source named, and the numbers that new ones will have."""
        self.refs.doubt(self.doubtful)
        self._run(staging.KNOWN_SOURCES)
        self._run(staging.NEW_SOURCES)
        if self.unread:
            return
        say_unknown_sources(self.db, self.intos, self._found, self.problem)

    def _make_survey_results(self, replace: bool) -> bool:
        """One survey result per question and group that answers come in for; False if something is wrong."""
        strands = {number: into.context["strands"] for number, into in self.intos.by_id.items()}
        survey = respondents.Respondents(self.db, self.problem, self._found, strands)
        if not survey.decide(replace):
            return False
        before = self._one("select coalesce(max(n), 0) from incoming_item")
        for number, made in survey.results():
            self._stage_items(models.SurveyResultRow, made, self.intos.by_id[number])
        self._run("update incoming_item set derived = 1 where n > :before", before=before)
        return True

    def _decide_items(self, replace: bool) -> None:
        named = FirstRefs(self.db, self.intos)
        recognise_erased(self.db, named, self.problem)
        place_findings(self.db, named)
        self._run(staging.PLACES)
        if (self._one("select max(times) from incoming_place") or 0) > 1:
            self._run(staging.REPEATED_PLACES)
            for row in self._found(staging.CLASHING_ROWS):
                self.problem(
                    row["place"],
                    f"source {row['ref']!r}, locator {row['locator']!r} appears twice, with different content"
                    f" (also {row['other']}).",
                    "Make the locators more exact, e.g. add the paragraph or the row.",
                )
        self._run(staging.TAGGED_PLACES)
        self._run(staging.DECIDE_PLACES, replace=replace)
        for row in self._found(staging.CHANGED_ITEMS) if not replace else ():
            self.problem(
                row["place"],
                f"item E{row['active_id']} has the same source and locator, but different content.",
                "Make the locator more exact.",
                Replace("withdraw the old item"),
            )
        check_quotes(self.db, self.problem)
        self._run(staging.NEW_ITEMS)
        check_series(self.db, self._found, self.problem)

    def _check_tags(self) -> None:
        for row in self._found(staging.TAGS_WITHOUT_ITEM):
            self.problem(
                row["place"],
                f"there is no item with source {row['ref']!r} and locator {row['locator']!r} to tag.",
                "Source and locator must be written exactly as in the item.",
            )

    def _decide_tags(self) -> None:
        self._run(staging.TAKEN_OVER_TIES)
        self._run(staging.TIES)
        self._run(staging.DECIDE_TIES)

    def _report(self, counted: dict[int, ImportReport]) -> ImportReport:
        """What the import did in all reviews."""
        named = (
            {} if set(counted) <= {self.review.id} else {n: i.review.key for n, i in self.intos.by_id.items()}
        )
        report = all_together(counted, named)
        report.not_placed = not_placed(self.db)
        report.notes = [*self.notes, *answers.taken_as_good(self.db)]
        report.corrected = self._one(staging.CORRECTED_SOURCES)
        report.not_answered = {row["said"]: row["answers"] for row in rows(self.db, answers.NOT_ANSWERED)}
        return report

    # --- storing: what was decided into the reviews --------------------------------------------------

    def _insert(self, names: Sequence[str], counted: dict[int, ImportReport]) -> None:
        changed = {
            number: report
            for number, report in counted.items()
            if any(report.added.values()) or report.replaced
        }
        for number, report in changed.items():
            if report.replaced:
                replaced = [row["active_id"] for row in rows(self.db, staging.REPLACED, {"review": number})]
                leave_batches(self.db, self.intos.by_id[number].review, replaced, by=self.by, at=self.at)
        for number, report in changed.items():
            act = Act(
                EvidenceAction.IMPORT,
                self.by,
                self.at,
                number,
                target=", ".join(names),
                because=one(self.db, staging.BECAUSE, {"review": number}),
            )
            event = add_event(self.db, act, detail={**report.added, "replaced": report.replaced})
            self._run("update incoming_ref set event = :event where review_id = :of", event=event, of=number)
        self._run(staging.INSERT_SOURCES)
        store_texts(self.db)
        self._run(staging.INSERT_RESPONSES)
        for statement in (*answers.STORE, *respondents.STORE):
            self._run(statement)
        self.progress(2, 4, "storing")
        self._run(staging.WITHDRAW_REPLACED)
        self._run(staging.INSERT_ITEMS)
        index_divided(self.db, "evidence", "id in (select id from incoming_new)")
        self.progress(3, 4, "storing")
        self._run(staging.INSERT_TAGS)
        codings.store(self._run)


class _Taker:
    """Takes the rows of one kind that a table gives, as soon as their dates can be read."""

    def __init__(self, intake: _Intake, model: type[models.Row], table: RawTable) -> None:
        self.intake, self.model, self.table = intake, model, table
        self.adapter: TypeAdapter[list[models.Row]] = TypeAdapter(list[model])  # type: ignore[valid-type]
        self.times = Times(model, intake.dates)

    def some(self, given: list[GivenRow]) -> None:
        """Take the rows whose dates are in no doubt; the others wait."""
        self._take(self.times.ready(given))

    def rest(self) -> None:
        """Take those that waited, and say what contradicts each other."""
        for given in self.times.rest(CHUNK):
            self._take(given)
        for clash in self.times.clashes:
            self.intake.problem(clash.place, clash.message, clash.hint)

    def _take(self, given: list[GivenRow]) -> None:
        context = self.times.context
        for into, some in self.intake.intos.divided(given):
            self.intake._take(self.model, self.adapter, self.table, some, into, context)
