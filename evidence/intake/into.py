"""The reviews that the rows of an import go into: one, or those that a column `review` names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from evidence.correcting import Renumbered, first_refs, renumbered
from evidence.intake.layouts import REVIEW
from programme.database import Database, one, rows
from programme.reviews import Review, domain_ids, find_review
from rules.errors import UnknownName

NAMED = """
select key from review where key = :name or lower(authority) = lower(:name) order by key = :name desc, key
"""
SourceKey = tuple[int, str]
"""Number of the review, and index number of the source in it."""


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in case and blanks alone."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


class GivenRow(NamedTuple):
    """A row as a file, or a mapping of it, gives it."""

    place: str
    values: dict[str, Any]
    cells: Mapping[str, str] | None = None
    """Where each value comes from, if that is not the column of its name in the row at `place`."""


@dataclass(frozen=True)
class Into:
    """A review that rows go into."""

    review: Review
    domains: dict[str, int]
    """The number of every domain of its framework."""
    context: dict[str, Any]
    """What names of its framework rows are checked against."""
    first_refs: dict[str, str]
    """Under which number sources came in that have another now: their items are digested with it."""
    renumbered: dict[str, Renumbered]
    """The numbers that no source has any longer, since they were corrected."""


def into_review(db: Database, review: Review) -> Into:
    """The review with the names of its framework."""
    domains = domain_ids(db, review)
    context: dict[str, Any] = {
        "strands": review.framework.strand_names,
        "domains": review.framework.domain_names,
        "seen_domains": {},
    }
    return Into(review, domains, context, first_refs(db, review), renumbered(db, review))


class Intos:
    """The reviews of one import, looked up once each."""

    def __init__(self, db: Database, home: Review, say: Callable[..., None]) -> None:
        """`home` takes the rows that name no review; `say` is told of a review that there is not."""
        self.db, self.say = db, say
        self.elsewhere = True
        """Whether rows may go into other reviews than `home`."""
        self.home = into_review(db, home)
        self.by_id = {home.id: self.home}
        self.by_name: dict[str, Into | None] = {"": self.home, home.key: self.home}

    def find(self, name: str, place: str) -> Into | None:
        """The review that a row names; None where there is none, which is said once."""
        if name not in self.by_name:
            self.by_name[name] = self._look_up(name, place)
        return self.by_name[name]

    def _look_up(self, name: str, place: str) -> Into | None:
        if not self.elsewhere:
            home = self.home.review
            if same_name(name, home.authority):
                return self.home
            hint = "Leave these rows out; they are imported on the page of their own review."
            self.say(place, f"found {name!r}; only rows of the review {home.key!r} are imported here.", hint)
            return None
        keys = [row["key"] for row in rows(self.db, NAMED, {"name": name})]
        if len(keys) > 1 and name not in keys:
            self.say(place, f"there are several reviews of {name!r}.", f"Write one of: {', '.join(keys)}.")
            return None
        try:
            review = find_review(self.db, name if name in keys or not keys else keys[0])
        except UnknownName as error:
            self.say(place, f"{error.message}.", error.hint)
            return None
        if review.id not in self.by_id:
            self.by_id[review.id] = into_review(self.db, review)
        return self.by_id[review.id]

    def has_source(self, name: str, ref: str) -> bool:
        """Whether a source is stored in the review of that name."""
        into = self.by_name.get(name) or (None if name in self.by_name else self._look_up_quietly(name))
        found = "select 1 from source where review_id = ? and ref = ?"
        return into is not None and one(self.db, found, [into.review.id, ref]) is not None

    def _look_up_quietly(self, name: str) -> Into | None:
        """The review, for rows that name it will say what is wrong with it."""
        say, self.say = self.say, lambda *_: None
        try:
            return self._look_up(name, "")
        finally:
            self.say = say

    def divided(self, given: list[GivenRow]) -> Iterator[tuple[Into, list[GivenRow]]]:
        """The rows of a layout by the review that each names, without that column."""
        if not given or REVIEW not in given[0].values:
            yield self.home, given
            return
        found: dict[int, list[GivenRow]] = {}
        for row in given:
            name = " ".join(str(row.values.pop(REVIEW, "")).split())
            place = (row.cells or {}).get(REVIEW) or f"{row.place}, column {REVIEW!r}"
            if into := self.find(name, place):
                found.setdefault(into.review.id, []).append(row)
        for number, some in found.items():
            yield self.by_id[number], some
