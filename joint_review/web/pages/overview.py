"""What every page shows, as plain data: the JSON of the page, and what its template is given.

Each function answers one page and documents its shape. All raise UnknownName (or UnknownItem) for names
that nothing carries, and the trail RunImpossible for a review that was not assessed yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypedDict

from assessment.runs.recorded import RunListed, runs_of
from assessment.runs.run import Run, load_run
from comparison.reviews import ReviewListed, count_reviews, reviews_with_position
from evidence.check import DomainCounts, check_evidence, evidence_matrix, items_to_look_at
from evidence.rows import SOURCE_KINDS
from exchange.tables import OutTable
from exchange.whole import review_tables
from joint_review.web import wording
from joint_review.web.cache import Worked
from joint_review.web.lists import PAGE_SIZE, Paging, paging_of
from joint_review.web.page import HOME, REVIEW, Declared, Menu, Page, listing
from joint_review.web.pages.assessing import Assessing, assessing
from joint_review.web.pages.editions import ReportStep, report_steps
from joint_review.web.request import Asked
from joint_review.web.run_view import GridShown, Head, QuestionShown, RunShown, Shown
from programme.calendar import uk_day
from programme.database import Database, rows
from programme.permissions import Action
from programme.retention import Kept, kept_reviews
from programme.reviews import Review, find_review
from rules.errors import RunImpossible
from rules.sentences import Gap


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        listing(HOME, "reviews", reviews, "reviews", also=tuple(OF_REPORTS)),
        Page(REVIEW, "review", review, menu=Menu("Overview", 10), goes_out=whole),
    )


OF_REPORTS = {
    Action.SEE_REPORT: "/report",
    Action.PLAN_REPORT: "/publication",
    Action.SEE_SENT: "/sent",
}
"""What lets somebody see something of a review's report, and the page of it."""
MOST_REPORTS = 200
OF_THESE = """
select key, authority from review where :only is null or key in (select value from json_each(:only))
order by authority, key limit :most
"""


def whole(db: Database, asked: Asked) -> Iterator[OutTable]:
    """All of a review; what single people answered only for those who may see its tables anyway."""
    answers = Action.SEE_ALL_REVIEWS in asked.may
    return review_tables(db, find_review(db, asked.names["review"]), run=asked.run, answers=answers)


class ReviewsPage(TypedDict):
    """The reviews that who asks may see, a page of them."""

    reviews: list[ReviewListed]
    kept: dict[str, Kept]
    """Until when each is kept, by its key, where a date was set."""
    reports: list[ReportListed]
    """Of other reviews the report, or a part of it."""
    paging: Paging


class ReportListed(TypedDict):
    """A review of which somebody sees the report, or a part of that, and no evidence."""

    key: str
    authority: str
    to: str
    """The address of the page that they see, behind that of the review."""


class DomainLine(DomainCounts):
    """How many items there are of a domain, with its title."""

    title: str


class KindTitled(TypedDict):
    """A kind of evidence."""

    kind: str
    title: str


class Matrix(TypedDict):
    """The evidence by domain and kind."""

    kinds: list[KindTitled]
    most: int
    """The largest count."""
    rows: list[DomainLine]


class Look(TypedDict):
    """How many items there are to look at under a heading."""

    look: str
    title: str
    because: str
    items: int


class ThinDomain(TypedDict):
    """A domain with a problem."""

    key: str
    title: str
    problem: str
    items: int
    sources: int
    kinds: int


class CheckShown(TypedDict):
    """What the check of the evidence found."""

    problems: int
    items: list[Look]
    domains: list[ThinDomain]


class ReviewPage(Head):
    """The overview of a review."""

    run: RunShown | None
    """None before the first."""
    runs: list[RunListed]
    grid: GridShown
    questions: list[QuestionShown]
    matrix: Matrix
    gaps: list[Gap]
    check: CheckShown
    assessing: Assessing | None
    """For those who may assess it."""
    report_steps: list[ReportStep]
    """How far its report is; for those who may see that."""


def reviews(db: Database, asked: Asked) -> ReviewsPage:
    """The reviews that who asks may see, a page of them."""
    page, only = asked.page, asked.seen
    paging = paging_of(count_reviews(db, only), page)
    found = reviews_with_position(db, only=only, limit=PAGE_SIZE, offset=paging["offset"])
    shown = [row["key"] for row in found]
    kept = {one["review"]: one for one in kept_reviews(db, uk_day(datetime.now(UTC)), shown)}
    return {"reviews": found, "kept": kept, "reports": list(_reports(db, asked)), "paging": paging}


def _reports(db: Database, asked: Asked) -> Iterator[ReportListed]:
    """The reviews of whose report who asks sees something, and of which they see nothing else."""
    if asked.seen is None:
        return
    taken = set(asked.seen)
    for action, to in OF_REPORTS.items():
        only = asked.reviews_of(action)
        keys = None if only is None else json.dumps(sorted(only - taken))
        for row in rows(db, OF_THESE, {"only": keys, "most": MOST_REPORTS}):
            if row["key"] not in taken:
                taken.add(row["key"])
                yield {"key": row["key"], "authority": row["authority"], "to": to}


def review(db: Database, asked: Asked) -> ReviewPage:
    """The overview of a review, and for those who may assess it what they need for that."""
    key = asked.names["review"]
    run_id, language = asked.run, asked.language
    found = find_review(db, key)
    run = _run_or_none(db, found, run_id)
    shown = Shown(db, found, run, language, Worked(db, found, run).marks() if run else {})
    return {
        **shown.head(),
        "run": shown.facts(),
        "runs": runs_of(db, found),
        "grid": shown.grid(),
        "questions": shown.questions(),
        "matrix": _matrix(db, found, shown.language),
        "gaps": list(shown.words.gaps(run.result.ratings)) if run else [],
        "check": _check(db, found),
        "assessing": assessing(shown) if Action.ASSESS in asked.may else None,
        "report_steps": report_steps(db, found) if Action.SEE_REPORT in asked.may else [],
    }


def _run_or_none(db: Database, found: Review, run_id: int | None) -> Run | None:
    try:
        return load_run(db, found, run_id)
    except RunImpossible:
        return None


def _matrix(db: Database, found: Review, language: str) -> Matrix:
    counts = evidence_matrix(db, found)
    lines: list[DomainLine] = [
        {**line, "title": found.framework.title_of(line["domain"], language)} for line in counts
    ]
    most = max((count for line in counts for count in line["counts"].values()), default=0)
    kinds: list[KindTitled] = [{"kind": kind, "title": wording.SOURCE_KINDS[kind]} for kind in SOURCE_KINDS]
    return {"kinds": kinds, "most": most, "rows": lines}


def _check(db: Database, found: Review) -> CheckShown:
    """How many items there are to look at under each heading, and the domains with a problem."""
    checked = check_evidence(db, found)
    looks: list[Look] = [
        {
            "look": look,
            "title": wording.LOOKS[look],
            "because": wording.LOOKS_BECAUSE[look],
            "items": len(ids),
        }
        for look, ids in items_to_look_at(checked).items()
    ]
    thin: list[ThinDomain] = [
        {
            "key": domain["key"],
            "title": domain["title"],
            "problem": domain["problem"],
            "items": domain["items"],
            "sources": domain["sources"],
            "kinds": domain["kinds"],
        }
        for domain in checked.domains
        if domain["problem"]
    ]
    return {"problems": checked.problems, "items": looks, "domains": thin}
