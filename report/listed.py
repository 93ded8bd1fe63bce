"""Names of people that no report of a review shows, as its team lists them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from programme.database import Act, Database, add_event, insert, rows, transaction
from programme.names import check_person, check_words
from programme.permissions import Action
from programme.reviews import Review
from programme.users import check_may
from report.actions import ReportAction
from rules.errors import UnknownName
from rules.words import many

LISTED_NAMES = """
select id, name from listed_name where review_id = ? and withdrawn_event is null order by name
"""


def listed_names(db: Database, review: Review) -> tuple[str, ...]:
    """The names of people that no report of a review shows."""
    return tuple(row["name"] for row in rows(db, LISTED_NAMES, [review.id]))


def list_names(
    db: Database, review: Review, names: Sequence[str], *, by: str, at: datetime
) -> tuple[str, ...]:
    """Put names of people on the list of those that no report of a review shows; returns the whole list."""
    by = check_person(by, "a list of names")
    given = [" ".join(name.split()) for name in names]
    with transaction(db):
        check_may(db, by, Action.WRITE_REPORT, review.key, "list names for the report")
        there = {row["name"].casefold() for row in rows(db, LISTED_NAMES, [review.id])}
        new = [name for name in dict.fromkeys(given) if name and name.casefold() not in there]
        if new:
            act = Act(ReportAction.LIST_NAME, by, at, review.id, target=many(len(new), "name"))
            event = add_event(db, act)
            for name in new:
                insert(
                    db,
                    "listed_name",
                    {"review_id": review.id, "name": name, "by": by, "added_event": event},
                )
    return listed_names(db, review)


def unlist_names(
    db: Database, review: Review, names: Sequence[str], *, because: str, by: str, at: datetime
) -> tuple[str, ...]:
    """Take names off that list; returns what is left. Raises UnknownName for one that is not on it."""
    by, because = check_person(by, "a list of names"), check_words(because, "taking a name off the list")
    with transaction(db):
        check_may(db, by, Action.WRITE_REPORT, review.key, "list names for the report")
        there = {row["name"].casefold(): row["id"] for row in rows(db, LISTED_NAMES, [review.id])}
        given = list(dict.fromkeys(" ".join(name.split()) for name in names))
        for name in given:
            if name.casefold() not in there:
                raise UnknownName("name on the list", name, listed_names(db, review))
        if given:
            act = Act(ReportAction.UNLIST_NAME, by, at, review.id, many(len(given), "name"), because)
            event = add_event(db, act)
            for name in given:
                db.conn.execute(
                    "update listed_name set withdrawn_event = ? where id = ?", [event, there[name.casefold()]]
                )
    return listed_names(db, review)
