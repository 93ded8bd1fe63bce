"""Evidence in the layouts that imports take, so that it comes back as it was.

The columns are those that the layouts declare (`evidence.rows`, `evidence.intake.layouts`), in the order of
their templates. A column is read from the column of the table that has its name; those that are stored under
another name stand in `STORED_AS`. Only what counts now goes out: withdrawn items and tags stay behind, and so
does what is hidden until its time. The numbers of items, and which of several places a quote means, belong to
this database and do not go along.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from evidence.extents import EXTENT_TEXT
from evidence.intake import layouts
from evidence.items import ItemFilter, chosen_items
from evidence.numerals import PERCENT_UNIT
from evidence.rows import (
    DISAGREEING,
    CaseScoreRow,
    FindingRow,
    GivenPercent,
    IndicatorRow,
    ItemRow,
    NumberInUnit,
    Percent,
    SurveyResultRow,
    ValueInUnit,
)
from exchange.tables import Cell, OutTable
from programme.database import Database
from programme.reviews import Review
from rules.errors import EvidenceInvalid, UnknownName

Row = Mapping[str, Any]
KINDS: dict[str, type[ItemRow]] = {
    "finding": FindingRow,
    "case_score": CaseScoreRow,
    "survey_result": SurveyResultRow,
    "indicator": IndicatorRow,
}
"""The layout of every kind of item."""
STORED_AS = {
    **dict.fromkeys(("finding", "standard", "question", "indicator"), "text"),
    **{"score": "value", "positive": "value", "group": "group_name"},
}
"""Columns of items whose column in the table has another name."""
SOURCES = """
select s.ref as source, s.title, s.kind, s.dated, s.status, s.strand, s.reference,
  (select group_concat(text, char(12)) from (
    select text from source_page where source_id = s.id order by number)) as text
from source s where s.review_id = :review {more} order by s.id
"""
# Results that are made of single answers are made again when these come in.
MADE = """
(exists (select 1 from survey_response a where a.source_id = e.source_id and a.question = e.text
    and a.group_name = e.group_name) and e.locator = 'question ' || e.text || ', group ' || e.group_name
  or e.text glob '[[]erased *' and exists (select 1 from survey_response a where a.source_id = e.source_id
    and e.locator = 'question ' || a.question || ', group ' || a.group_name))
"""
TAGGED = """
(select group_concat(key, ';') from (
  select d.key from tag t join domain d on d.id = t.domain_id
  where t.evidence_id = e.id and t.withdrawn_event is null {which} order by d.position)) as domains
"""
# Who tagged an item and why goes out in the layout of tags, where it is not who recorded it, without a word.
BY_RECORDER = "and (t.note <> '' or t.tagged_by = e.recorded_by)"
ITEMS = f"""
select e.*, s.ref as source, {EXTENT_TEXT} as extent, {TAGGED}
from evidence e join source s on s.id = e.source_id
where e.kind = :of_kind and e.id in (select id from chosen) and {{more}} order by e.id
"""
RESPONSES = f"""
select s.ref as source, a.*, a.group_name as "group", coalesce(a.answer, a.said) as answer,
  case when exists (select 1 from reversed_question r where r.source_id = a.source_id
    and r.question = a.question and r.withdrawn_event is null) then 'lower' else '' end as better, (
  select domains from (select {TAGGED.format(which=BY_RECORDER)} from evidence e
    where e.source_id = a.source_id and e.text = a.question and e.group_name = a.group_name
      and e.kind = 'survey_result' and e.withdrawn_event is null
      and e.locator = 'question ' || a.question || ', group ' || a.group_name limit 1)) as domains
from survey_response a join source s on s.id = a.source_id where s.review_id = :review order by a.id
"""
RESPONDENTS = """
select s.ref as source, c.* from respondent_characteristic c join source s on s.id = c.source_id
where s.review_id = :review order by c.id
"""
MARGINS = """
select s.ref as source, m.*, m.group_name as "group"
from population_margin m join source s on s.id = m.source_id
where s.review_id = :review and m.withdrawn_event is null order by m.id
"""
TAGS = """
select s.ref as source, e.locator, d.key as domain, t.note, t.tagged_by
from tag t join evidence e on e.id = t.evidence_id join source s on s.id = e.source_id
join domain d on d.id = t.domain_id
where e.review_id = :review and t.withdrawn_event is null and e.withdrawn_event is null
  and (t.note <> '' or t.tagged_by <> e.recorded_by) order by e.id, d.position
"""
# The view leaves out batches that are not handed in.
CODINGS = """
select s.ref as source, e.locator, c.coded_by, c.direction, c.significance, c.score, c.note,
  (select group_concat(key, ';') from (select d.key from coding_domain x join domain d on d.id = x.domain_id
    where x.coding_id = c.id order by d.position)) as domains
from shown_coding c join evidence e on e.id = c.evidence_id join source s on s.id = e.source_id
where e.review_id = :review and e.withdrawn_event is null order by c.id
"""
ONLY_TO_READ = ("item", "says", "quote")
"""Columns of codings that an import does not store."""
ANSWERS = {"survey-responses": RESPONSES, "respondents": RESPONDENTS, "population-margins": MARGINS}
"""What single people answered and are: not to be published."""


def evidence_tables(
    db: Database,
    review: Review,
    *,
    only: str | None = None,
    chosen: ItemFilter | None = None,
    answers: bool = True,
) -> Iterator[OutTable]:
    """The evidence of a review as tables, those without rows left out; all together can be imported again.

    `only`: the table of this layout alone. `chosen`: only the items that pass a filter, whatever its limit,
    with all their domains. Without `answers`, what single people answered is left out, and results made of it
    go out as published ones. Raises UnknownName, and EvidenceInvalid for withdrawn items.
    """
    if only is not None and only not in layouts.LAYOUTS:
        raise UnknownName("layout", only, layouts.LAYOUTS)
    if chosen is not None and chosen.withdrawn:
        raise EvidenceInvalid(
            "withdrawn items do not go out",
            hint="An import would count them again. The page as JSON has them.",
        )
    complete = chosen is None and only is None
    for layout in layouts.LAYOUTS:
        if only in (None, layout) and (rows := _rows(db, review, layout, complete, chosen, answers)):
            first = next(rows, None)
            if first is not None:
                names = tuple(name for name, _, _ in layouts.columns(layout))
                yield OutTable(layout, names, _with(first, rows), long=frozenset({"text"}))


def _with(first: Mapping[str, Cell], rows: Iterator[Mapping[str, Cell]]) -> Iterator[Mapping[str, Cell]]:
    yield first
    yield from rows


def _rows(
    db: Database, review: Review, layout: str, complete: bool, chosen: ItemFilter | None, answers: bool
) -> Iterator[Mapping[str, Cell]] | None:
    """The rows of a layout as its columns; None where it does not go out."""
    model = layouts.row_model(layout)
    names = [name for name, _, _ in layouts.columns(layout)]
    kind = next((kind for kind, row in KINDS.items() if row.layout == layout), None)
    with_items, parameters = chosen_items(db, review, chosen or ItemFilter())
    if kind is not None:
        more = f"not ({MADE})" if answers and chosen is None else "1"
        sql = ITEMS.format(which=BY_RECORDER if complete else "", more=more)
        parameters["of_kind"] = kind
    elif layout == "sources":
        here = "and s.id in (select source_id from evidence where id in (select id from chosen))"
        sql = SOURCES.format(more=here if chosen else "")
    elif chosen is not None or (layout in ANSWERS and not answers):
        return None
    else:
        sql = {**ANSWERS, "tags": TAGS, "codings": CODINGS}[layout]
    if "chosen" in sql:
        sql = f"with chosen as ({with_items}) {sql}"
    percent = [name for name in names if _takes(model.model_fields[name].metadata, Percent, GivenPercent)]
    in_unit = [name for name in names if _takes(model.model_fields[name].metadata, NumberInUnit, ValueInUnit)]
    cursor = db.conn.execute(sql, parameters)
    found = [column for column, *_ in cursor.description]
    stored_as = STORED_AS if kind else {}
    read = [_reader(name, stored_as.get(name, name), found) for name in names]
    return _written(cursor, found, names, read, percent, in_unit)


def _takes(metadata: list[Any], *kinds: Any) -> bool:
    """Whether a column of a layout takes one of these kinds of numbers."""
    return any(one is get_args(kind)[1] for one in metadata for kind in kinds)


def _reader(name: str, column: str, stored: list[str]) -> Callable[[Row], Cell]:
    """How a column of a layout is read from its stored one; raises UnknownName where there is none."""
    if column in stored:
        return lambda row: _marked(row, column)
    if name in ONLY_TO_READ:
        return lambda _: None
    raise UnknownName("stored column", name, stored)


def _marked(row: Row, column: str) -> Cell:
    """A value, or the mark of a number that its source does not publish."""
    value: Cell = row[column]
    if value is None and row.get("marks"):
        marks: dict[str, str] = json.loads(row["marks"])
        return marks.get(column)
    return value


def _written(
    cursor: Any,
    found: list[str],
    names: list[str],
    read: list[Callable[[Row], Cell]],
    percent: list[str],
    in_unit: list[str],
) -> Iterator[Mapping[str, Cell]]:
    for values in cursor:
        row = dict(zip(found, values, strict=True))
        cells = {name: reader(row) for name, reader in zip(names, read, strict=True)}
        for name in (*percent, *(in_unit if PERCENT_UNIT.match(str(row.get("unit"))) else ())):
            # A share below 1 could be taken for a part of 1.
            if isinstance(value := cells[name], float) and 0 < abs(value) < 1:
                cells[name] = f"{value!r}%"
        if row.get("reversed"):
            cells["better"] = DISAGREEING
        if cells.get("base") is not None and row.get("design_effect") is not None:
            cells["base"] = row["answers"]
        yield cells
