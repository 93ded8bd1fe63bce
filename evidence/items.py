"""Evidence items: find, tag one or many, withdraw; and lists. (They come in by `intake` and `findings`.)"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypedDict, TypeVar, cast

from evidence.actions import EvidenceAction
from evidence.anchors import Anchor, anchor_at, anchor_of, find_quote, texts_of
from evidence.coding.leaving import leave_batches
from evidence.correcting import unknown_source
from evidence.extents import EXTENT_TEXT
from evidence.late import late_words
from evidence.marks import marks_of
from evidence.matching import Pages
from evidence.rows import DIRECTIONS, SOURCE_KINDS
from evidence.search import ITEMS, as_query_of_items
from programme.database import Act, Database, add_event, insert, one, rows, rows_as, transaction
from programme.names import check_words
from programme.reviews import Review, domain_ids
from rules.errors import EvidenceInvalid, UnknownName, suggest
from rules.ratings import FEWEST_ANSWERS
from rules.remedy import ListItems
from rules.words import many

# A share on so few answers that it never decides alone.
SMALL = f"e.kind = 'survey_result' and coalesce(e.answers < {FEWEST_ANSWERS}, 0) as small"
ITEM = f"""
select e.*, {SMALL}, {EXTENT_TEXT} as extent, s.ref as source, s.title as source_title,
  s.kind as source_kind, s.dated as source_dated, s.status as source_status,
  s.reference as source_reference, a.at as added_at, a.by as added_by,
  w.at as withdrawn_at, w.by as withdrawn_by, w.because as withdrawn_because
from evidence e
join source s on s.id = e.source_id
join event a on a.id = e.added_event
left join event w on w.id = e.withdrawn_event
"""
TAGS = """
select d.key as domain, d.title, t.note, t.tagged_by, t.withdrawn_event is not null as withdrawn,
  w.by as withdrawn_by, w.at as withdrawn_at, w.because as withdrawn_because
from tag t join domain d on d.id = t.domain_id left join event w on w.id = t.withdrawn_event
where t.evidence_id = ? order by d.position, t.id
"""


LONGEST_NUMBER = 18
"""With so many digits every number fits into SQLite."""


def item_number(text: str) -> int:
    """The number in 'E12', 'e12' or '12'; raises EvidenceInvalid."""
    digits = text.strip().removeprefix("E").removeprefix("e")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
        raise EvidenceInvalid(f"{text!r} is not the number of an item", hint="Items are numbered E1, E2, ...")
    return int(digits)


def find_item(db: Database, review: Review, number: int) -> dict[str, Any]:
    """The item with its source, who added and withdrew it, its tags and its place in the source.

    `small` is 1 for a survey result on so few answers that it never decides alone; `late` says how its source
    was offered late, empty for one that was not.
    """
    found = rows(db, ITEM + "where e.id = ? and e.review_id = ?", [number, review.id])
    if not found:
        count = one(db, "select count(*) from evidence where review_id = ?", [review.id])
        raise UnknownItem(number, review.key, count)
    item = found[0]
    item["marks"] = marks_of(item["marks"])
    item["tags"] = rows(db, TAGS, [number])
    item["context"] = context_of(db, item)
    item["late"] = late_words(db, item["source_id"])
    return item


class UnknownItem(EvidenceInvalid):
    """No item of the review has this number."""

    def __init__(self, number: int, review: str, count: int) -> None:
        super().__init__(
            f"the review {review} has no item E{number}",
            hint=f"It has {many(count, 'item')}.",
            remedies=[ListItems(review)],
        )


class AroundQuote(TypedDict):
    """The stored page that an item quotes, split at the quote."""

    number: int
    before: str
    quote: str
    after: str


class Neighbour(TypedDict):
    """An item of the same source, just before or after."""

    id: int
    marks: dict[str, str]
    locator: str
    kind: str
    text: str
    direction: str | None
    extent: str
    value: float | None
    scale_max: float | None
    small: int
    unit: str
    period: str
    group_name: str


class Context(TypedDict):
    """Where an item stands in its source."""

    page: AroundQuote | None
    """None unless the source's text is stored."""
    neighbours: list[Neighbour]
    """In the order of entry."""


class ItemListed(TypedDict):
    """An item in a list."""

    id: int
    marks: dict[str, str]
    """What stands in place of numbers that are not published, by column."""
    reversed: int | None
    """1 for the share who disagreed, where agreeing is bad."""
    kind: str
    source: str
    source_kind: str
    locator: str
    strand: str
    text: str
    direction: str | None
    significance: int | None
    extent: str
    """How widespread a finding is: '7 of 30 files'; empty where that was not recorded."""
    value: float | None
    scale_max: float | None
    unit: str
    base: float | None
    answers: int | None
    design_effect: float | None
    small: int
    """1 for a survey result on so few answers that it never decides alone."""
    group_name: str
    period: str
    recorded_by: str
    domains: str | None


Marked = TypeVar("Marked", Neighbour, ItemListed)


class TableCell(TypedDict):
    """An item as the cell of a table of its source."""

    id: int
    text: str
    value: float | None
    mark: str
    """What stands in place of a number that is not published."""
    unit: str
    direction: str | None


class TableLine(TypedDict):
    """A line of such a table: the item of every column, or None."""

    title: str
    cells: list[TableCell | None]


class TableAround(TypedDict):
    """The table that an item is a cell of."""

    title: str
    columns: list[str]
    rows: list[TableLine]


class _CellAt(TableCell):
    locator: str


def context_of(db: Database, item: Mapping[str, Any], around: int = 3) -> Context:
    """Where an item stands in its source: the stored page around its quote, and its neighbours."""
    page: AroundQuote | None = None
    texts = texts_of(db, item["source_id"]) if item["quote"] else []
    if at := _place_of(db, item, texts):
        text = dict(texts)[at.page]
        page = {
            "number": at.page,
            "before": text[: at.start],
            "quote": at.exact,
            "after": text[at.end :],
        }
    neighbours = rows_as(
        Neighbour, db, NEIGHBOURS, {"source": item["source_id"], "id": item["id"], "around": around}
    )
    return {"page": page, "neighbours": [_with_marks(row) for row in neighbours]}


def _with_marks(row: Marked) -> Marked:
    """A row as it is read, its marks by column."""
    row["marks"] = marks_of(cast("str | None", row["marks"]))
    return row


def _place_of(db: Database, item: Mapping[str, Any], texts: Pages) -> Anchor | None:
    """Where an item's quote stands: as recorded; else the first place of its words."""
    stored = anchor_of(db, item["id"])
    if stored and stored.holds(dict(texts).get(stored.page)):
        return stored
    quote = item["quote"]
    for number, text in texts:
        if (start := text.find(quote)) >= 0:
            return anchor_at(number, text, start, start + len(quote))
    return next(iter(find_quote(texts, quote, most=1)), None)


NEIGHBOURS = f"""
select * from (
  select e.id, marks, locator, e.kind, text, direction, {EXTENT_TEXT} as extent, value, scale_max,
    {SMALL}, unit, period, group_name
  from evidence e
  where source_id = :source and id < :id and withdrawn_event is null order by id desc limit :around)
union all
select * from (
  select e.id, marks, locator, e.kind, text, direction, {EXTENT_TEXT} as extent, value, scale_max,
    {SMALL}, unit, period, group_name
  from evidence e
  where source_id = :source and id > :id and withdrawn_event is null order by id limit :around)
order by id
"""


def find_domain(review: Review, text: str) -> str:
    """The id of the domain of a review's framework that has this id or title; raises UnknownName."""
    names = review.framework.domain_names
    found = names.find(text)
    if found is None:
        raise UnknownName("domain", text, names, hint=names.hint(text))
    return found


def _insert_tag(db: Database, number: int, domain_id: int, note: str, by: str, event: int) -> None:
    row = {"evidence_id": number, "domain_id": domain_id, "note": note, "tagged_by": by, "added_event": event}
    insert(db, "tag", row)


def tag_item(
    db: Database,
    review: Review,
    number: int,
    domains: Sequence[str],
    *,
    by: str,
    at: datetime,
    note: str = "",
) -> list[str]:
    """Tie an item to domains; returns the domains it was not tied to before. A withdrawn item is refused."""
    return tag_items(db, review, [number], domains, by=by, at=at, note=note)[number]


def tag_items(
    db: Database,
    review: Review,
    numbers: Sequence[int],
    domains: Sequence[str],
    *,
    by: str,
    at: datetime,
    note: str = "",
) -> dict[int, list[str]]:
    """Tie items to domains, all or none; returns per item the domains it was not tied to before.

    An event per item. A withdrawn item is refused.
    """
    known = domain_ids(db, review)
    found = dict.fromkeys(find_domain(review, domain) for domain in domains)
    wanted = [(domain, known[domain]) for domain in found]
    with transaction(db):
        return {
            number: _tag(db, review, number, wanted, by=by, at=at, note=note)
            for number in dict.fromkeys(numbers)
        }


def _tag(
    db: Database,
    review: Review,
    number: int,
    wanted: Sequence[tuple[str, int]],
    *,
    by: str,
    at: datetime,
    note: str,
) -> list[str]:
    item = find_item(db, review, number)
    refuse_withdrawn(item)
    before = tagged_to(item)
    new = [(domain, domain_id) for domain, domain_id in wanted if domain not in before]
    if new:
        act = Act(EvidenceAction.TAG, by, at, review.id, target=f"E{number}")
        event = add_event(
            db,
            act,
            detail={"domains": [domain for domain, _ in new]},
            before={"domains": before},
            after={"domains": before + [domain for domain, _ in new]},
        )
        for _, domain_id in new:
            _insert_tag(db, number, domain_id, note, by, event)
    return [domain for domain, _ in new]


def tagged_to(item: dict[str, Any]) -> list[str]:
    """The domains that an item from `find_item` is tagged to now."""
    return [tag["domain"] for tag in item["tags"] if not tag["withdrawn"]]


def refuse_withdrawn(item: dict[str, Any]) -> None:
    """Raise EvidenceInvalid for an item from `find_item` that was withdrawn."""
    if item["withdrawn_event"] is not None:
        raise EvidenceInvalid(
            f"item E{item['id']} was withdrawn by {item['withdrawn_by']} ({item['withdrawn_because']})"
        )


def withdraw_item(
    db: Database,
    review: Review,
    number: int,
    *,
    by: str,
    because: str,
    at: datetime,
    domain: str | None = None,
) -> None:
    """Withdraw an item, or only its tag to `domain`; it stays in the record and no later run counts it.

    An item leaves the open batches that hold it (`evidence.coding.leaving`).
    """
    because = check_words(because, "withdrawing evidence")
    known = domain_ids(db, review)
    with transaction(db):
        item = find_item(db, review, number)
        refuse_withdrawn(item)
        if domain is None:
            leave_batches(db, review, [number], by=by, at=at)
            act = Act(EvidenceAction.WITHDRAW_ITEM, by, at, review.id, target=f"E{number}", because=because)
            event = add_event(
                db,
                act,
                before={"counts": True, "domains": tagged_to(item)},
                after={"counts": False, "domains": []},
            )
            db.conn.execute("update evidence set withdrawn_event = ? where id = ?", [event, number])
            return
        domain = find_domain(review, domain)
        domain_id = known[domain]
        tagged = tagged_to(item)
        if domain not in tagged:
            raise EvidenceInvalid(f"item E{number} is not tagged to {domain!r}", hint=suggest(domain, tagged))
        act = Act(
            EvidenceAction.WITHDRAW_TAG, by, at, review.id, target=f"E{number} {domain}", because=because
        )
        event = add_event(
            db,
            act,
            before={"domains": tagged},
            after={"domains": [name for name in tagged if name != domain]},
        )
        db.conn.execute(
            "update tag set withdrawn_event = ?"
            " where evidence_id = ? and domain_id = ? and withdrawn_event is null",
            [event, number, domain_id],
        )


@dataclass(frozen=True)
class ItemFilter:
    """Which items to list; everything left out means any."""

    domain: str | None = None
    kind: str | None = None
    strand: str | None = None
    source: str | None = None
    source_kind: str | None = None
    direction: str | None = None
    untagged: bool = False
    withdrawn: bool = False
    search: str = ""
    limit: int = 50
    offset: int = 0
    ids: Sequence[int] | None = None


def _checked(db: Database, review: Review, chosen: ItemFilter) -> ItemFilter:
    """The filter with ids for what it names; raises UnknownName for what nothing can match."""
    strands = review.framework.strand_names
    found: dict[str, str] = {}
    for name, what, allowed in (
        ("kind", "kind of item", KINDS_OF_ITEM),
        ("source_kind", "kind of source", SOURCE_KINDS),
        ("direction", "direction", DIRECTIONS),
    ):
        if given := getattr(chosen, name):
            word = "_".join(given.lower().replace("-", " ").split())
            found[name] = word if word in allowed else word.removesuffix("s")
            if found[name] not in allowed:
                raise UnknownName(what, given, allowed)
    if chosen.strand:
        if (strand := strands.find(chosen.strand)) is None:
            raise UnknownName("strand", chosen.strand, strands, hint=strands.hint(chosen.strand))
        found["strand"] = strand
    if chosen.source is not None:
        known = "select 1 from source where review_id = ? and ref = ?"
        if not one(db, known, [review.id, chosen.source]):
            raise unknown_source(db, review, chosen.source)
    return replace(chosen, **found)  # type: ignore[arg-type]


KINDS_OF_ITEM = ("finding", "case_score", "survey_result", "indicator")


def chosen_items(db: Database, review: Review, chosen: ItemFilter) -> tuple[str, dict[str, Any]]:
    """SQL that gives the ids of all items that pass a filter, and its parameters."""
    where, parameters = _passing(db, review, chosen)
    return f"select e.id {ITEMS_AND_SOURCES} where {where}", parameters


ITEMS_AND_SOURCES = "from evidence e join source s on s.id = e.source_id"


def _passing(db: Database, review: Review, chosen: ItemFilter) -> tuple[str, dict[str, Any]]:
    chosen = _checked(db, review, chosen)
    parts: list[str] = ["e.review_id = :review"]
    parameters: dict[str, Any] = {"review": review.id}
    parts.append("e.withdrawn_event is not null" if chosen.withdrawn else "e.withdrawn_event is null")
    given: dict[str, Any] = {
        "e.kind = :kind": chosen.kind,
        "e.strand = :strand": chosen.strand,
        "e.direction = :direction": chosen.direction,
        "s.ref = :source": chosen.source,
        "s.kind = :source_kind": chosen.source_kind,
    }
    for condition, value in given.items():
        if value is not None:
            parts.append(condition)
            parameters[condition.rpartition(":")[2]] = value
    if chosen.domain is not None:
        parameters["domain"] = domain_ids(db, review)[find_domain(review, chosen.domain)]
        parts.append(
            "exists (select 1 from tag t where t.evidence_id = e.id and t.domain_id = :domain"
            " and t.withdrawn_event is null)"
        )
    if chosen.untagged:
        parts.append(
            "not exists (select 1 from tag t where t.evidence_id = e.id and t.withdrawn_event is null)"
        )
    if chosen.ids is not None:
        parameters["ids"] = json.dumps(list(chosen.ids))
        parts.append("e.id in (select value from json_each(:ids))")
    if words := as_query_of_items(chosen.search):
        parameters["search"] = words
        parts.append(f"e.id in ({ITEMS})")
    return " and ".join(parts), parameters


def list_items(db: Database, review: Review, chosen: ItemFilter) -> tuple[list[ItemListed], int]:
    """The items that pass a filter (a page of them, in the order of entry), and how many there are in all."""
    where, parameters = _passing(db, review, chosen)
    total = one(db, f"select count(*) {ITEMS_AND_SOURCES} where {where}", parameters)
    found = rows_as(
        ItemListed,
        db,
        LISTED.format(where=where),
        {**parameters, "limit": chosen.limit, "offset": chosen.offset},
    )
    return [_with_marks(row) for row in found], int(total)


LISTED = f"""
select e.id, e.marks, e.reversed, e.kind, s.ref as source, s.kind as source_kind, e.locator, e.strand,
  e.text, e.direction,
  e.significance, {EXTENT_TEXT} as extent, e.value, e.scale_max, e.unit, e.base, e.answers,
  e.design_effect, {SMALL}, e.group_name, e.period, e.recorded_by,
  (select group_concat(d.key, ';') from tag t join domain d on d.id = t.domain_id
    where t.evidence_id = e.id and t.withdrawn_event is null) as domains
from evidence e join source s on s.id = e.source_id
where {{where}} order by e.id limit :limit offset :offset
"""


# The items of one table of a source: all whose locator begins with the same words before ', row '.
TABLE = """
select id, locator, text, value, coalesce(json_extract(marks, '$.value'), '') as mark, unit, direction
from evidence
where source_id = :source and withdrawn_event is null and substr(locator, 1, length(:stem)) = :stem
order by id limit 200
"""


ROW, COLUMN = ", row ", ", column "


def table_around(db: Database, item: Mapping[str, Any]) -> TableAround | None:
    """The table of the source that an item is a cell of, from its locator ('..., row A, column B').

    None where the locator names no row, or the table has this one cell only.
    """
    stem, row, _ = item["locator"].partition(ROW)
    if not row:
        return None
    cells: dict[str, dict[str, TableCell]] = {}
    columns: dict[str, None] = {}
    for found in rows_as(_CellAt, db, TABLE, {"source": item["source_id"], "stem": stem + ROW}):
        name, _, column = found["locator"].removeprefix(stem + ROW).partition(COLUMN)
        cells.setdefault(name, {})[column] = {
            "id": found["id"],
            "text": found["text"],
            "value": found["value"],
            "mark": found["mark"],
            "unit": found["unit"],
            "direction": found["direction"],
        }
        columns[column] = None
    if sum(map(len, cells.values())) < 2:
        return None
    return {
        "title": stem,
        "columns": list(columns),
        "rows": [{"title": name, "cells": [line.get(c) for c in columns]} for name, line in cells.items()],
    }
