"""The pages on sources: the list, searching their texts, adding files. As plain data, and the form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evidence.files.texts import LONGEST_ENCODING, Text, Together
from evidence.rows import SOURCE_KINDS
from evidence.search import PageFound, search_sources
from evidence.sources import (
    SourceDetails,
    SourceListed,
    count_sources,
    list_sources,
    read_sources,
    store_sources,
)
from exchange.evidence import evidence_tables
from exchange.tables import OutTable
from joint_review.web.access import read
from joint_review.web.forms import Done, Form, Sent
from joint_review.web.lists import PAGE_SIZE, Paging, paging_of
from joint_review.web.page import REVIEW, Declared, Menu, Page
from joint_review.web.remedies import Refusal, refusal
from joint_review.web.request import Asked, AskedWrongly
from joint_review.web.run_view import Head, Shown
from joint_review.web.turns import read_apart
from joint_review.web.wording import plural
from programme.database import Database
from programme.permissions import Action
from programme.reviews import find_review
from rules.errors import EvidenceInvalid, UnknownName
from rules.framework import in_language
from rules.limits import LARGEST_FILE

SOURCES = REVIEW + "/sources"
ADD = SOURCES + "/add"
MOST_NOTES = 4
"""Notes on one source that are shown when it is added; its page has all."""


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(
            *(SOURCES, "sources", sources),
            blind=True,
            menu=Menu("Sources", 20),
            goes_out=sources_out,
        ),
        Page(ADD, "add", adding, Action.ADD_SOURCE, blind=True),
        Form(ADD, "files", Action.ADD_SOURCE, store_files, read_files, files=True, blind=True, rests_on=None),
    )


# Of the sources named, how many items each has that are tagged to no domain.
UNTAGGED = """
select s.ref, count(*) from source s join evidence e on e.source_id = s.id
where s.review_id = ? and s.ref in (select value from json_each(?)) and e.withdrawn_event is null
  and not exists (select 1 from tag t where t.evidence_id = e.id and t.withdrawn_event is null)
group by s.id
"""


class SourceOfReview(SourceListed):
    """A source, and how many of its items are tagged to no domain."""

    untagged: int


class PageWithWords(PageFound):
    """A page that holds the words searched for, cut where they begin and end."""

    parts: list[tuple[str, bool]]
    """Each text, and whether it is one of the words."""


class SourcesShown(Head):
    """The sources of a review, or the pages of their texts that hold some words."""

    search: str
    kind: str
    sources: list[SourceOfReview]
    found: list[PageWithWords] | None
    """None without words to search for."""
    problem: Refusal | None


class SourcesPage(SourcesShown):
    """The same with the paging of the one or the other."""

    paging: Paging


class AddingPage(Head):
    """What the page that adds sources needs."""

    kinds: list[str]
    strands: list[tuple[str, str]]
    """Name and title of each."""
    largest: int
    """In megabytes."""


def sources(db: Database, asked: Asked) -> SourcesPage:
    """The sources of a review, or the pages of their texts that hold some words."""
    key = asked.names["review"]
    search, kind, page = asked.text("search"), asked.text("kind"), asked.page
    review = find_review(db, key)
    if kind and kind not in SOURCE_KINDS:
        unknown = UnknownName("kind of source", kind, SOURCE_KINDS)
        raise AskedWrongly(unknown.message, hint=unknown.hint)
    shown: SourcesShown = {
        **Shown(db, review, None, "en").head(),
        "search": search,
        "kind": kind,
        "sources": [],
        "found": None,
        "problem": None,
    }
    if search:
        try:
            _, total = search_sources(db, review, search, limit=0)
        except EvidenceInvalid as error:
            return {**shown, "paging": paging_of(0, 1), "problem": refusal(error)}
        paging = paging_of(total, page)
        found, _ = search_sources(db, review, search, limit=PAGE_SIZE, offset=paging["offset"])
        return {**shown, "paging": paging, "found": [{**row, "parts": _parts(row)} for row in found]}
    chosen = kind or None
    paging = paging_of(count_sources(db, review, kind=chosen), page)
    there = list_sources(db, review, kind=chosen, limit=PAGE_SIZE, offset=paging["offset"])
    refs = json.dumps([row["source"] for row in there])
    untagged = dict(db.conn.execute(UNTAGGED, [review.id, refs]).fetchall())
    return {
        **shown,
        "paging": paging,
        "sources": [{**row, "untagged": untagged.get(row["source"], 0)} for row in there],
    }


def sources_out(db: Database, asked: Asked) -> Iterator[OutTable]:
    """All sources of a review with their texts, in the layout of imports."""
    return evidence_tables(db, find_review(db, asked.names["review"]), only="sources")


def _parts(row: PageFound) -> list[tuple[str, bool]]:
    """A snippet cut where the words found begin and end."""
    text, at, parts = row["snippet"], 0, []
    for start, end in row["found"]:
        parts += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [part for part in (*parts, (text[at:], False)) if part[0]]


def adding(db: Database, asked: Asked) -> AddingPage:
    """What the page that adds sources needs."""
    key = asked.names["review"]
    review = find_review(db, key)
    return {
        **Shown(db, review, None, "en").head(),
        "kinds": list(SOURCE_KINDS),
        "strands": [(strand.id, in_language(strand.title)) for strand in review.framework.strands],
        "largest": LARGEST_FILE // 1_000_000,
    }


@dataclass(frozen=True)
class ReadFiles:
    """Files that were read and are ready to be stored."""

    details: SourceDetails
    texts: list[Text]


async def read_files(database: Any, sent: Sent) -> ReadFiles:
    """The texts of the files that were sent; takes as long as the files take, and writes nothing."""
    fields = ("ref", "title", "dated", "strand", "status")
    details = SourceDetails(
        kind=sent.text("kind") or "document", **{name: sent.text(name, longest=500) for name in fields}
    )
    review = await read(database, lambda db: find_review(db, sent.review))
    encoding = sent.text("encoding", longest=LONGEST_ENCODING) or "utf-8"

    def work(seconds: float) -> list[Text]:
        together = Together(seconds)
        return read_sources(review, sent.files, details, encoding=encoding, together=together)

    return ReadFiles(details, await read_apart(sent.by, work))


def store_files(db: Database, sent: Sent) -> Done:
    """Store what `read_files` read."""
    ready: ReadFiles = sent.prepared
    review = find_review(db, sent.review)
    report = store_sources(db, review, ready.texts, ready.details, by=sent.by, at=sent.at)
    said = [f"{plural(len(report.added), 'source')} added."] if report.added else ["Nothing was added."]
    shown = [f"{one['source']} ({plural(one['pages'], 'page')})" for one in report.added[:10]]
    said += [", ".join(shown) + ("" if len(report.added) <= 10 else ", ...") + "."] if shown else []
    for there in report.already_there[:5]:
        said.append(f"{there['file']} is stored already, as {there['source']}.")
    for one in report.added[:5]:
        said += [f"{one['source']}: {note}." for note in one["notes"][:MOST_NOTES]]
        if len(one["notes"]) > MOST_NOTES:
            said.append(f"{one['source']}: its page has more notes.")
    return Done(
        " ".join(said),
        to=f"/reviews/{sent.review}/sources",
        more={"added": report.added, "already_there": report.already_there},
    )
