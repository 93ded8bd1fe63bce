"""Two reviews for tests of pages: r1 has enough in every domain, r2 has nothing; and who asks for a page."""

from __future__ import annotations

from typing import Any

from assessment_example import new_review
from evidence_rows import Row, whole_review

from programme.database import Database
from programme.reviews import Review


def person(name: str, role: str, review: str | None = "r1") -> dict[str, Any]:
    """Somebody who is signed in with a role in a review."""
    return {"id": name, "held": [[role, review]], "all_reviews": []}


REVIEWER, LEAD = person("reviewer-1", "reviewer"), person("lead", "lead")
MODERATOR, ADMINISTRATOR = (
    person("moderator-1", "moderator"),
    person("administrator-1", "administrator", None),
)
OTHER = person("lead-2", "lead", "r2")


def two_reviews(db: Database, *rows: Row) -> Review:
    """Makes both; r1, with these rows too, is what you get."""
    review = new_review(db, "r1", "wales-round-2", *whole_review(), *rows)
    new_review(db, "r2", "wales-round-2")
    return review
