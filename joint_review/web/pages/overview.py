"""What every page shows, as plain data: the JSON of the page, and what its template is given.

Each function answers one page and documents its shape. All raise UnknownName (or UnknownItem) for names
that nothing carries, and the trail RunImpossible for a review that was not assessed yet.
"""

from __future__ import annotations

from typing import Any

from assessment.runs.recorded import runs_of
from assessment.runs.run import Run, load_run
from comparison.reviews import count_reviews, reviews_with_position
from evidence.check import check_evidence, evidence_matrix, items_to_look_at
from evidence.rows import SOURCE_KINDS
from joint_review.web import wording
from joint_review.web.cache import Worked
from joint_review.web.lists import PAGE_SIZE, paging_of
from joint_review.web.page import HOME, REVIEW, Found, Menu, Page, Subject
from joint_review.web.pages.assessing import assessing
from joint_review.web.request import Asked
from joint_review.web.run_view import Shown
from programme.database import Database
from programme.permissions import Action
from programme.reviews import Review, find_review
from rules.errors import RunImpossible


def subject() -> Subject:
    """What these pages answer for."""
    return Subject(
        "overview",
        pages=(
            Page(HOME, "reviews", reviews),
            Page(REVIEW, "review", review, menu=Menu("Overview", 10)),
        ),
    )


def reviews(db: Database, asked: Asked) -> Found:
    """The reviews named in `only` (None: all).

    `reviews`: key, authority, framework, framework_title, window_from, window_to, items, run, made_on, and
    `position`, per question {question, title, level, levels, level_title, status}; and `paging`.
    """
    page, only = asked.page, asked.seen
    paging = paging_of(count_reviews(db, only), page)
    found = reviews_with_position(db, only=only, limit=PAGE_SIZE, offset=paging["offset"])
    return {"reviews": found, "paging": paging}


def review(db: Database, asked: Asked) -> Found:
    """The overview of a review, and for those who may assess it what they need for that.

    `review`, `run` (its facts; None before the first), `runs`, `grid`, `questions` (each a rating with
    `domains`, ratings too), `matrix` with `kinds` and `most`, `gaps`, `check`, `language`, `languages`.
    A rating has target, title, status, level (1 the worst) of `levels`, level_title, proposed_title,
    because, and decision {by, at, because} where a person decided; and, as far as they can be worked out,
    rests_on and chance (see `worked.Worked.marks`).
    """
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
    }


def _run_or_none(db: Database, found: Review, run_id: int | None) -> Run | None:
    try:
        return load_run(db, found, run_id)
    except RunImpossible:
        return None


def _matrix(db: Database, found: Review, language: str) -> dict[str, Any]:
    counts = evidence_matrix(db, found)
    lines = [{**line, "title": found.framework.title_of(line["domain"], language)} for line in counts]
    most = max((count for line in counts for count in line["counts"].values()), default=0)
    kinds = [{"kind": kind, "title": wording.SOURCE_KINDS[kind]} for kind in SOURCE_KINDS]
    return {"kinds": kinds, "most": most, "rows": lines}


def _check(db: Database, found: Review) -> dict[str, Any]:
    """How many items there are to look at under each heading, and the domains with a problem."""
    checked = check_evidence(db, found)
    looks = [
        {
            "look": look,
            "title": wording.LOOKS[look],
            "because": wording.LOOKS_BECAUSE[look],
            "items": len(ids),
        }
        for look, ids in items_to_look_at(checked).items()
    ]
    thin = [
        {name: domain[name] for name in ("key", "title", "problem", "items", "sources", "kinds")}
        for domain in checked.domains
        if domain["problem"]
    ]
    return {"problems": checked.problems, "items": looks, "domains": thin}
