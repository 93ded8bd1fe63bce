"""The reviews of a programme: each with its latest run and where that places it."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TypedDict

from programme.database import Database, one, rows_as

# Every review with its framework, how many items count now, and its latest run.
REVIEWS = """
select v.id, v.key, v.authority, f.key as framework, f.title as framework_title, v.window_from, v.window_to,
  (select count(*) from evidence e where e.review_id = v.id and e.withdrawn_event is null) as items,
  r.id as run, r.made_on
from review v join framework f on f.id = v.framework_id left join latest_run r on r.review_id = v.id
where :only is null or v.key in (select value from json_each(:only))
order by v.authority, v.key limit :limit offset :offset
"""


COUNT = "select count(*) from review where :only is null or key in (select value from json_each(:only))"


# Where the latest runs place their reviews: one row per question, in the order of the framework.
POSITIONS = """
select r.review_id, x.target as question, x.title, x.level, x.level_title, x.status,
  (select count(*) from question q join level l on l.question_id = q.id and l.of_domains = 0
    where q.framework_id = v.framework_id and q.key = x.target) as levels
from latest_run r join review v on v.id = r.review_id
join rating x on x.run_id = r.id and x.kind = 'question'
order by r.review_id, x.position
"""


# The frameworks that reviews are judged by, with how many there are of each and how many were assessed.
FRAMEWORKS = """
select f.key as framework, f.title, count(*) as reviews, count(r.id) as assessed
from framework f join review v on v.framework_id = f.id left join latest_run r on r.review_id = v.id
where :only is null or v.key in (select value from json_each(:only))
group by f.id order by f.title, f.key
"""


class Position(TypedDict):
    """Where the latest run places a review on one question."""

    question: str
    title: str
    level: int | None
    level_title: str | None
    status: str
    levels: int
    """How many there are."""


class _PositionOf(Position):
    review_id: int


class ReviewHead(TypedDict):
    """What a review is of: the authority, the framework, and the dates of its evidence."""

    key: str
    authority: str
    framework: str
    framework_title: str
    window_from: str | None
    window_to: str | None


class ReviewNow(ReviewHead):
    """A review, how many items count now, and its latest run."""

    items: int
    run: int | None
    """None, as `made_on`, for a review that was not assessed yet."""
    made_on: str | None


class ReviewListed(ReviewNow):
    """A review with where its latest run places it."""

    position: list[Position]
    """One entry per question; none for a review that was not assessed yet."""


class _Review(ReviewNow):
    id: int


class FrameworkUsed(TypedDict):
    """A framework that reviews are judged by."""

    framework: str
    title: str
    reviews: int
    assessed: int


def count_reviews(db: Database, only: Collection[str] | None = None) -> int:
    """How many reviews there are, of those named in `only` (None: all)."""
    return int(one(db, COUNT, {"only": _as_list(only)}))


def reviews_with_position(
    db: Database, *, only: Collection[str] | None = None, limit: int = 50, offset: int = 0
) -> list[ReviewListed]:
    """A page of the reviews named in `only` (None: all): name, framework, window, items, latest run."""
    found = rows_as(_Review, db, REVIEWS, {"only": _as_list(only), "limit": limit, "offset": offset})
    positions: dict[int, list[Position]] = {}
    for row in rows_as(_PositionOf, db, POSITIONS):
        positions.setdefault(row["review_id"], []).append(
            {
                "question": row["question"],
                "title": row["title"],
                "level": row["level"],
                "level_title": row["level_title"],
                "status": row["status"],
                "levels": row["levels"],
            }
        )
    return [
        {
            "key": row["key"],
            "authority": row["authority"],
            "framework": row["framework"],
            "framework_title": row["framework_title"],
            "window_from": row["window_from"],
            "window_to": row["window_to"],
            "items": row["items"],
            "run": row["run"],
            "made_on": row["made_on"],
            "position": positions.get(row["id"], []),
        }
        for row in found
    ]


def _as_list(names: Collection[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))


def frameworks_in_use(db: Database, only: Collection[str] | None = None) -> list[FrameworkUsed]:
    """The frameworks that reviews are judged by.

    Counted are the reviews named in `only` (None: all).
    """
    return rows_as(FrameworkUsed, db, FRAMEWORKS, {"only": _as_list(only)})
