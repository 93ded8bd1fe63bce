"""Findings recorded from the text of a source: recorded, changed, tagged many at once.

A change of what an item says withdraws it and adds a new one in its place, in one event, as an import with
--replace does: rows are never changed, and the life of an item tells both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from evidence.actions import EvidenceAction
from evidence.anchors import Anchor, anchor_of, find_quote, store_anchor, texts_of, the_place
from evidence.coding.leaving import leave_batches
from evidence.correcting import first_ref, unknown_source
from evidence.digests import item_digest, item_fields
from evidence.extents import Extent
from evidence.files.texts import refused
from evidence.items import find_item, refuse_withdrawn, tagged_to
from evidence.rows import FindingRow
from evidence.search import index_divided
from programme.database import Act, Database, add_event, insert, one, refuse_long, rows, transaction
from programme.reviews import Review, domain_ids
from rules.errors import EvidenceInvalid, Problem
from rules.letters import one_spelling

TURN = re.compile(r"\[(\d{2,4}:\d\d:\d\d)\] ")
"""How a turn of a transcript begins (`evidence.files.formats.transcript`)."""
TWIN = """
select id from evidence
where source_id = ? and locator = ? and person(recorded_by) = person(?) and digest = ?
  and withdrawn_event is null
"""
# What a person has recorded of the same passage, in whatever words its place was named at the time.
AT_PASSAGE = """
select e.id, e.locator, e.digest from evidence e join anchor a on a.evidence_id = e.id
where e.source_id = ? and a.page = ? and a.starts = ? and a.ends = ?
  and person(e.recorded_by) = person(?)
  and e.withdrawn_event is null order by e.id
"""
MOST_PLACES = 1_000
"""Of a quote on one page; one that occurs more often is too short to mean a place."""
TAKEN = "select 1 from evidence where source_id = ? and locator = ? and withdrawn_event is null"


@dataclass(frozen=True)
class Passage:
    """What was selected in a source's text, or typed as its words."""

    quote: str = ""
    """The words; empty for a finding that quotes nothing."""
    page: int | None = None
    start: int | None = None
    """Where they begin on the page, in code points; None where they were typed."""
    locator: str = ""
    """Where in the source a finding stands that quotes nothing."""


@dataclass(frozen=True)
class Said:
    """What a finding says, in the words of a form; checked when it is stored."""

    finding: str
    direction: str
    significance: str
    strand: str = ""
    domains: tuple[str, ...] = ()
    note: str = ""
    """Why it bears on the domains."""
    extent: str | None = None
    """How widespread it is: '7 of 30 files'; empty where that is not known. None where nothing is said of it:
    a finding that is changed keeps what it has."""


def record_finding(
    db: Database, review: Review, source: str, passage: Passage, said: Said, *, by: str, at: datetime
) -> int:
    """Record a finding with its passage and its tags, in one transaction; returns the item's number.

    Where no words of its own are given, it says what it quotes. What is there already is not recorded
    twice. Raises UnknownName for a source, EvidenceInvalid and QuoteUnclear for a quote, ImportRefused with
    the problems of the fields.
    """
    source_id = _source_id(db, review, source)
    pages = texts_of(db, source_id)
    anchor = None
    if passage.quote.strip():
        anchor = the_place(pages, passage.quote, passage.page, passage.start)
    elif passage.start is not None:
        raise EvidenceInvalid("nothing is selected", hint="Select the words to quote.")
    place = _locator(anchor, dict(pages)[anchor.page]) if anchor else passage.locator
    if not place.strip():
        problem = Problem(
            "quote", "nothing is quoted.", "Select words, or say where in the source the finding is."
        )
        raise refused([problem])
    quote = anchor.exact if anchor else ""
    named = first_ref(db, review, source)
    row = _row(review, named, place, quote, said, by, at)
    with transaction(db):
        if anchor:
            _refuse_repeat(db, source_id, row, anchor, by)
        row = row.model_copy(update={"locator": _free_locator(db, source_id, row, by)})
        act = Act(EvidenceAction.RECORD_ITEM, by, at, review.id, target=source)
        event = add_event(db, act, after={"locator": row.locator, "domains": list(row.domains)})
        number = _insert_item(db, review, source_id, row, event)
        if anchor:
            store_anchor(db, number, anchor, event)
        _insert_tags(db, review, number, row.domains, said.note, by, event)
    return number


def change_finding(
    db: Database, review: Review, number: int, said: Said, *, by: str, because: str = "", at: datetime
) -> int:
    """Change what a finding says, or the domains it is tagged to; returns the number that the item has now.

    Where only the domains differ, tags are added and withdrawn. Where what it says differs, the item is
    withdrawn and a new one takes its place, with its passage, recorded by who changed it; it leaves the open
    batches that hold it (`evidence.coding.leaving`). Nothing happens where nothing differs. Raises
    EvidenceInvalid for an item that was withdrawn or is no finding.
    """
    with transaction(db):
        item = find_item(db, review, number)
        refuse_withdrawn(item)
        if item["kind"] != "finding":
            raise EvidenceInvalid(
                f"item E{number} came from a file and is not a finding", hint="Import the row again."
            )
        if said.extent is None:
            said = replace(said, extent=item["extent"])
        named = first_ref(db, review, item["source"])
        row = _row(review, named, item["locator"], item["quote"], said, by, at)
        before, after = tagged_to(item), list(row.domains)
        was, now = (
            _says(item),
            _says(row.model_dump() | {"text": row.finding, "extent": _written(row.extent)}),
        )
        same = item_digest(named, item["locator"], item_fields(row)) == item["digest"]
        if same and sorted(before) == sorted(after):
            return number
        if not same:
            leave_batches(db, review, [number], by=by, at=at)
        act = Act(
            EvidenceAction.CHANGE_ITEM if not same else EvidenceAction.CHANGE_TAGS,
            by,
            at,
            review.id,
            target=f"E{number}",
            because=because,
        )
        event = add_event(
            db,
            act,
            before={"domains": before, **({} if same else was)},
            after={"domains": after, **({} if same else now)},
        )
        if same:
            _change_tags(db, review, number, before, after, said.note, by, event)
            return number
        db.conn.execute("update evidence set withdrawn_event = ? where id = ?", [event, number])
        new = _insert_item(db, review, item["source_id"], row, event)
        if anchor := anchor_of(db, number):
            store_anchor(db, new, anchor, event)
        notes = {tag["domain"]: tag["note"] for tag in item["tags"] if not tag["withdrawn"]}
        for domain in row.domains:
            _insert_tags(db, review, new, [domain], said.note or notes.get(domain, ""), by, event)
    return new


def place_quote(
    db: Database, review: Review, number: int, page: int, start: int, *, by: str, at: datetime
) -> Anchor:
    """Say which of several places an item's quote means; raises EvidenceInvalid where it stands elsewhere."""
    with transaction(db):
        item = find_item(db, review, number)
        refuse_withdrawn(item)
        if anchor_of(db, number):
            raise EvidenceInvalid(f"the place of item E{number} is known already")
        text = dict(texts_of(db, item["source_id"])).get(page, "")
        if not 0 <= start < len(text):
            raise EvidenceInvalid(
                f"page {page} has no character {start + 1:,}", hint=f"It has {len(text):,} characters."
            )
        # A quote that occurs more often than this on a page is not placed by choosing among its places.
        anchor = next(
            (at for at in find_quote([(page, text)], item["quote"], 1_000) if at.start == start), None
        )
        if anchor is None:
            raise EvidenceInvalid(f"the words of item E{number} are not there")
        act = Act(EvidenceAction.PLACE_QUOTE, by, at, review.id, target=f"E{number}")
        event = add_event(db, act, after={"page": page, "start": start})
        store_anchor(db, number, anchor, event)
    return anchor


def _source_id(db: Database, review: Review, ref: str) -> int:
    found = one(db, "select id from source where review_id = ? and ref = ?", [review.id, ref])
    if found is None:
        raise unknown_source(db, review, ref)
    return int(found)


def _row(
    review: Review, source: str, locator: str, quote: str, said: Said, by: str, at: datetime
) -> FindingRow:
    """The finding as a row of a file would give it, with the same checks."""
    given = {
        "source": source,
        "locator": locator,
        "quote": quote,
        "finding": said.finding or " ".join(quote.split()),
        "direction": said.direction,
        "significance": said.significance,
        "extent": said.extent or "",
        "strand": said.strand,
        "domains": ";".join(said.domains),
        "recorded_by": by,
        "recorded_on": at.date(),
    }
    known = {
        "strands": review.framework.strand_names,
        "domains": review.framework.domain_names,
    }
    try:
        return FindingRow.model_validate(given, context=known)
    except ValidationError as error:
        raise refused(
            [
                Problem(
                    str(detail["loc"][0]),
                    f"expected {detail.get('ctx', {}).get('expected') or detail['msg']}.",
                    str(detail.get("ctx", {}).get("hint", "")),
                )
                for detail in error.errors(include_url=False)
            ]
        ) from None


def _locator(anchor: Anchor, text: str) -> str:
    """Where a passage is, for people: the page, the time in a transcript, and its characters from 1.

    Never who speaks: names that are to be erased are looked for in texts, not in locators.
    """
    before = text.rfind("\n\n", 0, anchor.start)
    turn = TURN.match(text, 0 if before < 0 else before + 2)
    at = f"{turn[1]}, " if turn else ""
    return f"page {anchor.page}, {at}characters {anchor.start + 1} to {anchor.end}"


def _refuse_repeat(db: Database, source_id: int, row: FindingRow, anchor: Anchor, by: str) -> None:
    """Raise EvidenceInvalid where this person has recorded the same of the same passage."""
    for item in rows(db, AT_PASSAGE, [source_id, anchor.page, anchor.start, anchor.end, by]):
        if item["digest"] == item_digest(row.source, item["locator"], item_fields(row)):
            raise _repeat(item["id"])


def _repeat(item: int) -> EvidenceInvalid:
    return EvidenceInvalid(
        f"this is already recorded, as E{item}", hint="Change that item to tag it to more domains."
    )


def _free_locator(db: Database, source_id: int, row: FindingRow, by: str) -> str:
    """The locator, numbered where others recorded something there; raises EvidenceInvalid for a repeat."""
    place, number = row.locator, 1
    while one(db, TAKEN, [source_id, row.locator]):
        digest = item_digest(row.source, row.locator, item_fields(row))
        if twin := one(db, TWIN, [source_id, row.locator, by, digest]):
            raise _repeat(twin)
        number += 1
        row = row.model_copy(update={"locator": f"{place}, no. {number}"})
    return row.locator


def _insert_item(db: Database, review: Review, source_id: int, row: FindingRow, event: int) -> int:
    said = item_fields(row)
    number = int(one(db, "select coalesce(max(id), 0) + 1 from evidence"))
    if row.recorded_on is None:
        raise EvidenceInvalid("the finding has no date", hint="Give the day on which it was recorded.")
    insert(
        db,
        "evidence",
        {
            "id": number,
            "review_id": review.id,
            "source_id": source_id,
            "locator": row.locator,
            **said,
            "recorded_by": row.recorded_by,
            "recorded_on": row.recorded_on.isoformat(),
            "digest": item_digest(row.source, row.locator, said),
            "added_event": event,
        },
    )
    index_divided(db, "evidence", "id = ?", [number])
    return number


def _insert_tags(
    db: Database, review: Review, number: int, domains: Sequence[str], note: str, by: str, event: int
) -> None:
    known = domain_ids(db, review)
    note = one_spelling(note.strip())
    refuse_long({"note": note})
    db.conn.executemany(
        "insert into tag (evidence_id, domain_id, note, tagged_by, added_event) values (?, ?, ?, ?, ?)",
        [(number, known[domain], note, by, event) for domain in domains],
    )


def _change_tags(
    db: Database,
    review: Review,
    number: int,
    before: Sequence[str],
    after: Sequence[str],
    note: str,
    by: str,
    event: int,
) -> None:
    known = domain_ids(db, review)
    db.conn.executemany(
        "update tag set withdrawn_event = ?"
        " where evidence_id = ? and domain_id = ? and withdrawn_event is null",
        [(event, number, known[domain]) for domain in before if domain not in after],
    )
    new = [domain for domain in after if domain not in before]
    _insert_tags(db, review, number, new, note, by, event)


def _written(extent: Extent | None) -> str:
    return extent.text if extent else ""


def _says(item: Any) -> dict[str, object]:
    return {name: item[name] for name in ("text", "direction", "significance", "extent", "strand")}
