"""The pages on what there is evidence for, and on what a reviewer has still to do, as plain data."""

from __future__ import annotations

from typing import TypedDict

from assessment.decisions.challenges import list_challenges
from assessment.decisions.panel import show_panels
from evidence.check import check_domains, evidence_matrix
from evidence.extents import EXTENT_TEXT
from evidence.rows import SOURCE_KINDS
from joint_review.web import wording
from joint_review.web.figures import heat
from joint_review.web.lists import PAGE_SIZE, ItemLine, Paging, item_line, paging_of
from joint_review.web.page import REVIEW, Declared, Menu, Page, listing
from joint_review.web.pages.challenges import ChallengeListed, about
from joint_review.web.request import Asked
from joint_review.web.run_view import Head, Shown
from programme.database import Database, one, rows, rows_as
from programme.names import same_person
from programme.reviews import find_review


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        listing(REVIEW + "/coverage", "coverage", coverage, "rows", Menu("Coverage", 40)),
        Page(REVIEW + "/queue", "queue", queue),
    )


# Some names are spelled in several ways: all of these are one person's.
SPELLED = """(
  select name from (select distinct recorded_by as name from evidence where review_id = :review)
  where person(name) = person(:by))"""
MINE = f"""
from evidence e join source s on s.id = e.source_id
where e.review_id = :review and e.recorded_by in {SPELLED} and e.withdrawn_event is null
  and not exists (select 1 from tag t where t.evidence_id = e.id and t.withdrawn_event is null)
"""
MY_UNTAGGED = f"""
select e.*, {EXTENT_TEXT} as extent, s.ref as source, s.kind as source_kind, s.title as source_title,
  null as domains {MINE}
order by s.ref, e.id limit :limit offset :offset
"""
# Sources with a text from which this person recorded nothing yet.
UNREAD = f"""
select s.ref as source, s.title, s.kind, count(*) as pages
from source s join source_page p on p.source_id = s.id
where s.review_id = :review and not exists (
  select 1 from evidence e where e.source_id = s.id and e.recorded_by in {SPELLED})
group by s.id order by s.ref limit 100
"""


class CellCovered(TypedDict):
    """How much evidence of one kind there is for a domain."""

    kind: str
    count: int
    heat: int


class DomainCovered(TypedDict):
    """How much evidence there is for a domain."""

    domain: str
    title: str
    items: int
    problem: str
    """Why it cannot be judged yet, or empty."""
    cells: list[CellCovered]


class CoveragePage(Head):
    """Domains by kinds of evidence."""

    kinds: list[tuple[str, str]]
    """Name and title, per column."""
    rows: list[DomainCovered]
    missing: int
    """How many cells hold nothing."""


class Unread(TypedDict):
    """A source with a text from which somebody recorded nothing."""

    source: str
    title: str
    kind: str
    pages: int


class Waiting(TypedDict):
    """A panel that waits for a vote."""

    target: str
    title: str


class QueuePage(Head):
    """What one reviewer has still to do in a review."""

    by: str
    items: list[ItemLine]
    """A page of the items they recorded that are tagged to no domain."""
    paging: Paging
    unread: list[Unread]
    votes: list[Waiting]
    challenges: list[ChallengeListed]
    """Those that are open and to which they have not replied."""


def coverage(db: Database, asked: Asked) -> CoveragePage:
    """Domains by kinds of evidence."""
    key = asked.names["review"]
    review = find_review(db, key)
    lines = evidence_matrix(db, review)
    most = max((count for line in lines for count in line["counts"].values()), default=0)
    problems = {domain["key"]: domain["problem"] for domain in check_domains(db, review)}
    found: list[DomainCovered] = [
        {
            "domain": line["domain"],
            "title": review.framework.title_of(line["domain"]),
            "items": line["items"],
            "problem": problems.get(line["domain"]) or "",
            "cells": [
                {"kind": kind, "count": line["counts"][kind], "heat": heat(line["counts"][kind], most)}
                for kind in SOURCE_KINDS
            ],
        }
        for line in lines
    ]
    return {
        **Shown(db, review, None, "en").head(),
        "kinds": [(kind, wording.SOURCE_KINDS[kind]) for kind in SOURCE_KINDS],
        "rows": found,
        "missing": sum(not cell["count"] for line in found for cell in line["cells"]),
    }


def queue(db: Database, asked: Asked) -> QueuePage:
    """What one reviewer has still to do in a review."""
    key, by, page = asked.names["review"], asked.by, asked.page
    review = find_review(db, key)
    waiting: list[Waiting] = [
        {"target": panel["target"], "title": panel["title"]}
        for panel in show_panels(db, review)
        if panel["state"] == "open" and any(same_person(name, by) for name in panel["waiting_for"])
    ]
    unanswered: list[ChallengeListed] = [
        {**challenge, "about": about(review, challenge)}
        for challenge in list_challenges(db, review, only_open=True)
        if not any(same_person(reply["by"], by) for reply in challenge["replies"])
    ]
    mine = {"review": review.id, "by": by}
    paging = paging_of(int(one(db, f"select count(*) {MINE}", mine)), page)
    found = rows(db, MY_UNTAGGED, {**mine, "limit": PAGE_SIZE, "offset": paging["offset"]})
    return {
        **Shown(db, review, None, "en").head(),
        "by": by,
        "items": [item_line(review.framework, row) | {"domains": []} for row in found],
        "paging": paging,
        "unread": rows_as(Unread, db, UNREAD, mine),
        "votes": waiting,
        "challenges": unanswered,
    }
