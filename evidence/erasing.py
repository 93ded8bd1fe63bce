"""Erasing words: what a request would blank, where; and blanking it, with another person's approval.

Of an *item*: its finding and its quote, and wherever in the review somebody wrote the same: on the page it
was quoted from, in other items, notes, challenges, reasons. Of a *source*: its title, its file's name, its
whole text, its items, and who answered it. Of a *person*: the name, in whatever text of the review, and as
the name of who did something; `[person 3]` replaces it everywhere, so that it still shows what one person
did.

What stays: figures, levels, dates, domains, answers by number, the index number; and the names of what was
measured (a question, an indicator, a standard) where other items that stay carry them too, since series of
figures are told apart by them. Where words must keep their places (pages, quotes), each character becomes a
block, so that other quotes of the page still stand where they stood.

Digests of items and sources are made from their words and would give a guess away: they are replaced. A run
that counted them can then no longer repeat the digest of its evidence, and says so; its figures it can.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Unpack

from evidence.anchors import AROUND, find_quote
from evidence.digested import digests_of
from evidence.items import find_item, item_number
from evidence.search import index_again
from evidence.sources import find_source
from programme.actions import ProgrammeAction
from programme.answers import forget_answers
from programme.database import Act, Database, add_event, one, rows, system_salts, transaction
from programme.erasures import (
    Erasure,
    check_names,
    find_erasure,
    refuse_to_approve,
    request_erasure,
    store_outcome,
)
from programme.leftovers import (
    Searched,
    clear_leftovers,
    copies_beside,
    files_of,
    path_of,
    rebuild_search,
    search_bytes,
)
from programme.names import Doing, check_person, same_person
from programme.reviews import Review
from programme.revisions import Revision, revise_rows
from programme.seals import Salts, sealed_tables
from programme.sought import Sought, blocked, samples
from rules.errors import DecisionRefused
from rules.words import many

WORDS_OF_RULES = ("run", "measure", "criterion", "firing", "rating", "gap")
"""Tables of runs: figures, ids, and words of frameworks and rulebooks. Nobody types into them."""
NOT_WORDS = frozenset({"revised_row"})
EXACT = frozenset(
    {("source_page", "text"), ("evidence", "quote"), *(("anchor", c) for c in ("exact", "prefix", "suffix"))}
)
"""The columns whose words must keep their places."""
JSON = frozenset(
    {
        *(("event", column) for column in ("detail", "before", "after")),
        ("erasure", "spellings"),
        ("edition", "body"),
    }
)

Key = tuple[str, int]
"""A table and the number of a row."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A column that words would be erased from."""

    table: str
    column: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a request would blank, and what it would not."""

    places: tuple[Place, ...]
    """By table and column."""
    kept: tuple[str, ...]
    """What stays although it belongs to what is erased, and why: sentences."""
    to_read: tuple[str, ...]
    """Texts about what is erased, in which nothing was found to be quoted: read them yourself."""
    tables: int
    """How many tables were searched."""
    columns: int
    """How many columns of text."""
    copies: tuple[str, ...] = ()
    """Files beside the database that hold what it held earlier."""

    @property
    def rows(self) -> int:
        """In how many places, counted by row and column."""
        return sum(place.rows for place in self.places)


@dataclass(frozen=True, kw_only=True)
class Blanked:
    """Rows that were blanked; the file may still hold their words."""

    erasure: Erasure
    event: int
    preview: Preview
    """What was blanked."""
    phrases: tuple[str, ...] = field(repr=False)
    """The words that the file is then searched for."""


@dataclass(frozen=True, kw_only=True)
class Erased:
    """An erasure that was carried out."""

    erasure: Erasure
    event: int
    preview: Preview
    """What was blanked."""
    cleared: bool
    """Whether no older state is left in the file or its log."""
    searched: Searched
    """The search of the file, byte by byte, for what was erased."""


@dataclass
class _Plan:
    """The new values of rows, as they are found."""

    values: dict[Key, dict[str, Any]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    """Looked for as they are, for a search of the file."""
    ranges: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """Stretches to block, by the row of the page."""
    names: dict[str, str] = field(default_factory=dict)
    tables: int = 0
    columns: int = 0

    def named(self, name: str, instead: str) -> str:
        """What replaces a name: the same for the same, another for another."""
        return self.names.setdefault(name, f"{instead[:-1]}.{len(self.names) + 1}]")

    def put(self, table: str, row: int, column: str, value: Any) -> None:
        self.values.setdefault((table, row), {})[column] = value


# --- asking, looking, carrying out ----------------------------------------------------------------------


def ask_to_erase(
    db: Database,
    review: Review | None,
    kind: str,
    target: str,
    *,
    spellings: Iterable[str] = (),
    **who: Unpack[Doing],
) -> tuple[Erasure, Preview]:
    """Record a request to erase a source ('D-001'), an item ('E12') or a name, and what it would blank.

    `review` is None for a name in all reviews. Raises UnknownName, UnknownItem, EvidenceInvalid,
    WordsMissing, or DecisionRefused where there is nothing to erase.
    """
    target, others = _target(db, review, kind, target, spellings)
    plan = _plan(db, review, kind, target, others, "[erased]")
    if not plan.values:
        raise DecisionRefused(f"nothing of {target} is left to erase")
    erasure = request_erasure(db, review, kind, target, spellings=others, **who)
    return erasure, _as_preview(db, review, kind, target, plan)


def preview(
    db: Database, review: Review | None, kind: str, target: str, spellings: Iterable[str] = ()
) -> Preview:
    """What a request would blank, before it is made. Changes nothing; raises as `ask_to_erase`."""
    target, others = _target(db, review, kind, target, spellings)
    return _as_preview(db, review, kind, target, _plan(db, review, kind, target, others, "[erased]"))


def preview_of(db: Database, review: Review | None, erasure: Erasure) -> Preview:
    """What the approval of a request would blank now."""
    plan = _plan(db, review, erasure.kind, erasure.target, erasure.spellings, erasure.instead)
    return _as_preview(db, review, erasure.kind, erasure.target, plan)


def blank(
    db: Database,
    review: Review | None,
    number: int,
    *,
    by: str,
    at: datetime,
    because: str = "",
    salts: Salts = system_salts,
) -> Blanked:
    """Approve another person's request, and blank what it asks for, in one event; `clear` does the rest.

    Raises DecisionRefused for one's own request, DatabaseUnusable where the record is not whole.
    """
    by = check_person(by, "an approval")
    with transaction(db):
        erasure = find_erasure(db, review, number)
        refuse_to_approve(erasure, by)
        plan = _plan(db, review, erasure.kind, erasure.target, erasure.spellings, erasure.instead)
        if erasure.kind == "person" and _sought(erasure).spans(because):
            raise DecisionRefused(
                "the reason names the person who is to be erased", hint="Leave the name out."
            )
        done = _as_preview(db, review, erasure.kind, erasure.target, plan)
        for one_of in digests_of(db, plan.values, salts()):
            plan.put(*one_of)
        review_id = review.id if review else None
        act = Act(ProgrammeAction.ERASE, by, at, review_id, f"request {number}", because.strip())
        places = [f"{place.table}.{place.column}: {place.rows}" for place in done.places]
        event = add_event(db, act, detail={"kind": erasure.kind, "blanked": places})
        store_outcome(db, erasure, "erased", by, because.strip(), event)
        revisions = [Revision(table, row, values) for (table, row), values in sorted(plan.values.items())]
        try:
            revise_rows(db, event, revisions, salts)
        except sqlite3.IntegrityError as error:
            raise DecisionRefused(f"the words cannot be replaced where they are needed: {error}") from error
        index_again(db, plan.values)
        rebuild_search(db, {table for table, _ in plan.values})
        forget_answers(db)
        ended = find_erasure(db, review, number)
    return Blanked(erasure=ended, event=event, preview=done, phrases=tuple(plan.phrases))


def clear(db: Database, blanked: Blanked) -> Erased:
    """Rewrite and search the file, outside any transaction: no byte of the words is left in it or its log."""
    cleared, searched = clear_file(db, blanked.phrases)
    return Erased(
        erasure=blanked.erasure,
        event=blanked.event,
        preview=blanked.preview,
        cleared=cleared,
        searched=searched,
    )


def clear_file(db: Database, words: Iterable[str] = ()) -> tuple[bool, Searched]:
    """Clear the file of what rows no longer hold; whether all could be cleared, and the search for words."""
    cleared, path = clear_leftovers(db), path_of(db)
    return cleared, search_bytes(files_of(path) if path else (), [*words])


def _target(
    db: Database, review: Review | None, kind: str, target: str, spellings: Iterable[str]
) -> tuple[str, tuple[str, ...]]:
    """What is to be erased as it is recorded; raises where there is no such thing."""
    if kind == "person":
        names = check_names([target, *spellings])
        _refuse_users(db, names)
        return names[0], names[1:]
    if review is None:
        raise DecisionRefused("a source or an item is erased in its review")
    if kind == "item":
        return f"E{find_item(db, review, item_number(target))['id']}", ()
    return find_source(db, review, target)["source"], ()


def _refuse_users(db: Database, names: Iterable[str]) -> None:
    for row in rows(db, "select name from user where disabled_event is null"):
        if any(same_person(row["name"], name) for name in names):
            raise DecisionRefused(
                f"{row['name']} may still sign in",
                hint="Disable the user first; then the name can be erased.",
            )


def _sought(erasure: Erasure) -> Sought:
    return Sought((erasure.target, *erasure.spellings))


# --- what is blanked ------------------------------------------------------------------------------------


def _plan(
    db: Database, review: Review | None, kind: str, target: str, spellings: Iterable[str], instead: str
) -> _Plan:
    plan = _Plan()
    if kind == "person":
        plan.phrases = [target, *spellings]
        _search(db, review, plan, Sought(plan.phrases), instead)
        return plan
    if review is None:
        raise DecisionRefused("a source or an item is erased in its review")
    if kind == "source":
        source = one(db, "select id from source where review_id = ? and ref = ?", [review.id, target])
        passages = _source_itself(db, plan, source, instead)
        numbers = [row["id"] for row in rows(db, "select id from evidence where source_id = ?", [source])]
    else:
        passages, numbers = [], [item_number(target)]
    for number in numbers:
        passages += _item_itself(db, plan, number, set(numbers), instead)
    plan.phrases = samples(passages)
    _search(db, review, plan, Sought((), passages), instead)
    return plan


def _source_itself(db: Database, plan: _Plan, source: int, instead: str) -> list[str]:
    """Blank what is stored of a source; the passages that others may have quoted."""
    row = rows(db, "select * from source where id = ?", [source])[0]
    for column in ("title", "reference"):
        if row[column]:
            _put_unless(plan, "source", source, column, row[column], instead)
    passages = [row["title"], row["reference"], *_earlier_titles(db, plan, source, instead)]
    for page in rows(db, "select id, text from source_page where source_id = ?", [source]):
        passages.append(page["text"])
        _put_unless(plan, "source_page", page["id"], "text", page["text"], _all_blocked(page["text"]))
    _respondents(db, plan, source, instead)
    added = rows(db, "select id, detail from event where id = ?", [row["added_event"]])[0]
    came_as = one(db, "select ref from source_was where source_id = ? order by id", [source]) or row["ref"]
    detail = json.loads(added["detail"])
    for file in detail.get("files", ()) if isinstance(detail, dict) else ():
        if file.get("source") == came_as and not file["file"].startswith("[erased "):
            passages.append(file["file"])
            file.update(file=instead, sha256=instead)
            plan.put("event", added["id"], "detail", json.dumps(detail, ensure_ascii=False, sort_keys=True))
    return [passage for passage in passages if passage and not passage.startswith("[erased ")]


CORRECTING = """
select e.id, e.before, e.after from event e
where e.id in (select added_event from source_was where source_id = ?)
"""


def _earlier_titles(db: Database, plan: _Plan, source: int, instead: str) -> list[str]:
    """Blank the titles that a source had before they were corrected, and give them."""
    titles = []
    for was in rows(db, "select id, title from source_was where source_id = ?", [source]):
        titles.append(was["title"])
        _put_unless(plan, "source_was", was["id"], "title", was["title"], instead)
    for event in rows(db, CORRECTING, [source]):
        for column in ("before", "after"):
            details = json.loads(event[column])
            if not details.get("title", "[erased ").startswith("[erased "):
                blanked = json.dumps(details | {"title": instead}, ensure_ascii=False, sort_keys=True)
                plan.put("event", event["id"], column, blanked)
    return titles


OF_RESPONDENTS = (
    ("survey_response", "respondent"),
    ("respondent_characteristic", "respondent"),
    ("respondent_weight", "respondent"),
    ("respondent_characteristic", "category"),
    ("population_margin", "category"),
)


def _respondents(db: Database, plan: _Plan, source: int, instead: str) -> None:
    """Who answered a survey and what they are: numbered, so that the same are still the same."""
    for table, column in OF_RESPONDENTS:
        found = rows(
            db, f"select id, {column} as name from {table} where source_id = ? order by id", [source]
        )
        for row in found:
            if row["name"] and not row["name"].startswith("[erased "):
                plan.put(table, row["id"], column, plan.named(row["name"], instead))


PLACE = """
select p.id as page, a.starts, a.ends from anchor a join evidence e on e.id = a.evidence_id
join source_page p on p.source_id = e.source_id and p.number = a.page where a.evidence_id = ?
"""
SHARED = """
select s.ref, e.id from evidence e join source s on s.id = e.source_id
where e.review_id = ? and e.kind = ? and e.text = ? and e.withdrawn_event is null order by e.id
"""


def _item_itself(db: Database, plan: _Plan, number: int, erased: set[int], instead: str) -> list[str]:
    """Blank what is stored of an item; the passages that others may have quoted."""
    row = rows(db, "select * from evidence where id = ?", [number])[0]
    passages = [row["quote"]]
    if row["quote"]:
        _put_unless(plan, "evidence", number, "quote", row["quote"], _all_blocked(row["quote"]))
        for place in rows(db, PLACE, [number]):
            plan.ranges.setdefault(place["page"], []).append((place["starts"], place["ends"]))
    _extent_itself(db, plan, row, instead)
    others = (
        [] if row["kind"] == "finding" else rows(db, SHARED, [row["review_id"], row["kind"], row["text"]])
    )
    staying = [other for other in others if other["id"] not in erased]
    if staying:
        plan.kept.append(
            f"“{row['text']}” of E{number}: E{staying[0]['id']} of {staying[0]['ref']} carries the same name,"
            " and figures are put in series by it"
        )
    else:
        passages += [row["text"]] if row["kind"] == "finding" else []
        new = instead if row["kind"] == "finding" else plan.named(row["text"], instead)
        _put_unless(plan, "evidence", number, "text", row["text"], new)
    return [passage for passage in passages if passage and not passage.startswith(("[erased ", "█"))]


def _extent_itself(db: Database, plan: _Plan, row: Mapping[str, Any], instead: str) -> None:
    """Blank what a finding says was looked at, also in the events of its changes; the numbers stay."""
    unit = row["extent_unit"]
    if not unit or unit.startswith("[erased "):
        return
    plan.put("evidence", row["id"], "extent_unit", instead)
    for event, column in ((row["added_event"], "after"), (row["withdrawn_event"], "before")):
        text = one(db, f"select {column} from event where id = ?", [event]) or "{}"
        said = json.loads(text)
        if isinstance(said, dict) and said.get("extent", "").endswith(unit):
            said["extent"] = said["extent"].removesuffix(unit) + instead
            plan.put("event", event, column, json.dumps(said, ensure_ascii=False, sort_keys=True))


def _put_unless(plan: _Plan, table: str, row: int, column: str, old: str, new: str) -> None:
    if old != new and not old.startswith("[erased "):
        plan.put(table, row, column, new)


def _all_blocked(text: str) -> str:
    return blocked(text, [(0, len(text))])


# --- the same words elsewhere ---------------------------------------------------------------------------


def _search(db: Database, review: Review | None, plan: _Plan, sought: Sought, instead: str) -> None:
    """Find the words in every text of every table (of the review), and replace them."""
    for table, columns in text_columns(db).items():
        names = ", ".join(f't."{column}"' for column in columns)
        where = "1" if review is None else f"({_review_of(db, table, 't')}) = :review"
        found = db.execute(
            f"select t.rowid, {names} from {table} t where {where}", {"review": review and review.id}
        )
        plan.tables, plan.columns = plan.tables + 1, plan.columns + len(columns)
        held: dict[str, int] = {}
        for number, *texts in found.fetchall():
            planned = plan.values.get((table, number), {})
            for column, text in zip(columns, texts, strict=True):
                now = planned.get(column, text)
                new = _replaced(sought, plan, table, number, column, now, instead)
                if new != now and table in WORDS_OF_RULES:
                    held[column] = held.get(column, 0) + 1
                elif new != now:
                    plan.put(table, number, column, new)
        plan.kept += [
            f"{table}.{column} holds the words in {many(count, 'row')}: the words of rulebooks, and of"
            " runs made with them"
            for column, count in held.items()
        ]
    _follow_pages(db, plan)


def _replaced(
    sought: Sought, plan: _Plan, table: str, number: int, column: str, text: Any, instead: str
) -> Any:
    if not isinstance(text, str) or not text:
        return text
    if (table, column) in EXACT:
        ranges = plan.ranges.get(number, []) if table == "source_page" else []
        return blocked(text, [*sought.spans(text), *ranges])
    if (table, column) in JSON:
        return sought.replaced_in_json(text, instead)
    return sought.replaced(text, instead)


def text_columns(db: Database) -> dict[str, list[str]]:
    """Every column of text of every table that is searched: all that events and what they store hold."""
    found = {}
    for table in ("event", *(sealed.name for sealed in sealed_tables(db.conn))):
        if table not in NOT_WORDS:
            columns = rows(db, "select name, type from pragma_table_info(?)", [table])
            found[table] = [column["name"] for column in columns if column["type"].lower() == "text"]
    return {table: columns for table, columns in found.items() if columns}


def _review_of(db: Database, table: str, alias: str) -> str:
    """SQL: the review that a row of a table belongs to."""
    columns = [row["name"] for row in rows(db, "select name from pragma_table_info(?)", [table])]
    if table == "review":
        return f"{alias}.id"
    if table == "event":
        made = f"select id from review where added_event = {alias}.id"
        return f"coalesce({alias}.review_id, ({made}))"
    if "review_id" in columns:
        return f"{alias}.review_id"
    if "added_event" in columns:
        return f"select review_id from event where id = {alias}.added_event"
    [parent, *_] = [
        row
        for row in rows(db, 'select "table", "from" from pragma_foreign_key_list(?)', [table])
        if row["table"] not in ("event", "domain", "framework", "sealed_rows")
    ]
    inner = f"{alias}_{parent['table']}"
    return (
        f"select ({_review_of(db, parent['table'], inner)}) from {parent['table']} {inner}"
        f" where {inner}.id = {alias}.{parent['from']}"
    )


QUOTING = """
select e.id, e.quote, a.id as anchor, a.page, a.starts, a.ends from evidence e
left join anchor a on a.evidence_id = e.id where e.source_id = ? and e.quote <> '' order by e.id
"""


def _follow_pages(db: Database, plan: _Plan) -> None:
    """Bring quotes and anchors to what their pages say now: what overlaps with blocked words is blocked."""
    pages = {row: values["text"] for (table, row), values in plan.values.items() if table == "source_page"}
    by_source: dict[int, list[int]] = {}
    for row in sorted(pages):
        source = one(db, "select source_id from source_page where id = ?", [row])
        by_source.setdefault(source, []).append(row)
    for source, changed in by_source.items():
        wanted = f"select id, number, text from source_page where id in ({', '.join(map(str, changed))})"
        old = {page["number"]: page for page in rows(db, wanted)}
        for item in rows(db, QUOTING, [source]):
            if item["page"] in old:
                new = pages[old[item["page"]]["id"]]
                _put_anchor(plan, item, old[item["page"]]["text"], new)
            elif item["anchor"] is None:
                texts = [(number, page["text"]) for number, page in old.items()]
                for place in find_quote(texts, item["quote"], most=1):
                    new = pages[old[place.page]["id"]][place.start : place.end]
                    if new != item["quote"]:
                        plan.put("evidence", item["id"], "quote", new)


def _put_anchor(plan: _Plan, item: Mapping[str, Any], old: str, new: str) -> None:
    start, end = item["starts"], item["ends"]
    stretches = {
        "exact": (start, end),
        "prefix": (max(0, start - AROUND), start),
        "suffix": (end, end + AROUND),
    }
    for column, (first, last) in stretches.items():
        if old[first:last] != new[first:last]:
            plan.put("anchor", item["anchor"], column, new[first:last])
    if old[start:end] != new[start:end] and item["quote"] == old[start:end]:
        plan.put("evidence", item["id"], "quote", new[start:end])


# --- what is shown of it --------------------------------------------------------------------------------

ABOUT = """
select 'tag' as "table", id, 'the note on a tag of ' as what, note as text, tagged_by as by from tag
where evidence_id = :item and note <> ''
union all
select 'coding', id, 'the note of a second coding of ', note, coded_by from coding
where evidence_id = :item and note <> ''
union all
select 'settlement', id, 'how coders were settled on ', because, settled_by from settlement
where evidence_id = :item
union all
select 'challenge', id, 'challenge ' || id || ' to ', text, by from challenge where evidence_id = :item
"""


def _as_preview(db: Database, review: Review | None, kind: str, target: str, plan: _Plan) -> Preview:
    counted: dict[tuple[str, str], int] = {}
    for (table, _), values in plan.values.items():
        for column in values:
            counted[(table, column)] = counted.get((table, column), 0) + 1
    to_read = []
    for row in rows(db, ABOUT, {"item": item_number(target)}) if kind == "item" else []:
        if (row["table"], row["id"]) not in plan.values:
            to_read.append(f"{row['what']}{target}, by {row['by']}")
    path = path_of(db)
    places = (
        Place(table=table, column=column, rows=count) for (table, column), count in sorted(counted.items())
    )
    return Preview(
        places=tuple(places),
        kept=tuple(dict.fromkeys(plan.kept)),
        to_read=tuple(to_read),
        tables=plan.tables,
        columns=plan.columns,
        copies=tuple(copy.name for copy in copies_beside(path)) if path else (),
    )
