"""The pages on what there is evidence for, and on what a reviewer has still to do, as plain data."""

from __future__ import annotations

from assessment.decisions.challenges import list_challenges
from assessment.decisions.panel import show_panels
from evidence.check import check_evidence, evidence_matrix
from evidence.rows import SOURCE_KINDS
from joint_review.web import wording
from joint_review.web.figures import heat
from joint_review.web.lists import PAGE_SIZE, item_line, paging_of
from joint_review.web.page import REVIEW, Found, Menu, Page, Subject
from joint_review.web.request import Asked
from joint_review.web.run_view import Shown
from programme.database import Database, one, rows
from programme.names import same_person
from programme.reviews import find_review


def subject() -> Subject:
    """What these pages answer for."""
    return Subject(
        "coverage",
        pages=(
            Page(REVIEW + "/coverage", "coverage", coverage, menu=Menu("Coverage", 40)),
            Page(REVIEW + "/queue", "queue", queue),
        ),
    )


MINE = """
from evidence e join source s on s.id = e.source_id
where e.review_id = :review and e.recorded_by = :by and e.withdrawn_event is null
  and not exists (select 1 from tag t where t.evidence_id = e.id and t.withdrawn_event is null)
"""
MY_UNTAGGED = f"""
select e.*, s.ref as source, s.kind as source_kind, s.title as source_title, null as domains {MINE}
order by s.ref, e.id limit :limit offset :offset
"""
# Sources with a text from which this person recorded nothing yet.
UNREAD = """
select s.ref as source, s.title, s.kind, count(*) as pages
from source s join source_page p on p.source_id = s.id
where s.review_id = :review and not exists (
  select 1 from evidence e where e.source_id = s.id and e.recorded_by = :by)
group by s.id order by s.ref limit 100
"""


def coverage(db: Database, asked: Asked) -> Found:
    """Domains by kinds of evidence.

    `kinds`: [name, title] per column; `rows`: per domain its title, `items`, `problem` (why it cannot be
    judged yet, or empty) and `cells` {kind, count, heat}; `missing`: how many cells hold nothing.
    """
    key = asked.names["review"]
    review = find_review(db, key)
    lines = evidence_matrix(db, review)
    most = max((count for line in lines for count in line["counts"].values()), default=0)
    problems = {domain["key"]: domain["problem"] for domain in check_evidence(db, review).domains}
    found: list[Found] = [
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


def queue(db: Database, asked: Asked) -> Found:
    """What one reviewer has still to do in a review.

    `items`: a page of the items they recorded that are tagged to no domain (see `content.item_line`), with
    `paging`; `unread`: sources with a text from which they recorded nothing (source, title, kind, pages);
    `votes`: the panels that wait for their vote {target, title}; `challenges`: those that are open and to
    which they have not replied (as `challenges.list_challenges` gives them).
    """
    key, by, page = asked.names["review"], asked.by, asked.page
    review = find_review(db, key)
    waiting = [
        {"target": panel["target"], "title": panel["title"]}
        for panel in show_panels(db, review)
        if panel["state"] == "open" and any(same_person(name, by) for name in panel["waiting_for"])
    ]
    unanswered = [
        challenge
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
        "unread": rows(db, UNREAD, mine),
        "votes": waiting,
        "challenges": unanswered,
    }
