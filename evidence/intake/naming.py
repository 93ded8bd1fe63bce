"""What rows name: sources that are there, or were under another number, and people who are users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evidence.correcting import former_hint, former_words, renumbered_words
from evidence.intake import staging
from evidence.intake.into import Intos
from programme.database import Database, rows
from programme.permissions import OWNER
from programme.users import names_of_users
from rules.errors import Near

Say = Callable[..., None]
"""Takes the place of a problem, what it is, and a hint."""
Found = Callable[[str], list[dict[str, Any]]]
"""Gives the rows that have a problem."""


class People:
    """Whom rows may name: anybody while there are no users, later users alone."""

    def __init__(self, db: Database, say: Say) -> None:
        self.names, self.say = names_of_users(db), say

    def check(self, place: str, column: str, name: str) -> None:
        """Say where a row credits somebody who is no user."""
        if name and self.names is not None and name not in self.names:
            known = [person for person in self.names if person != OWNER]
            self.say(f"{place}, column {column!r}", f"there is no user {name!r}.", Near(name, known))


def say_unknown_sources(db: Database, intos: Intos, found: Found, say: Say) -> None:
    """Say which rows name a source that is not there, and what became of a number that was corrected."""
    known: dict[int, list[str]] = {}
    for table in staging.REFERRING:
        for row in found(staging.UNKNOWN_SOURCES.format(table=table)):
            into, place = intos.by_id[row["review_id"]], f"{row['place']}, column 'source'"
            if renamed := into.renumbered.get(row["ref"]):
                said = f"there is no source {row['ref']!r} any longer: {renumbered_words(renamed)}."
                say(place, said, f"Write {renamed['now']!r}.")
                continue
            review = into.review
            if review.id not in known:
                known[review.id] = [one["ref"] for one in rows(db, staging.REFS, {"review": review.id})]
            named = "this review" if into is intos.home else f"the review {review.key!r}"
            first = "Import the sources first, or together with this file."
            said = f"there is no source {row['ref']!r} in {named}."
            say(place, said, Near(row["ref"], known[review.id], first))


def say_wrong_sources(intos: Intos, found: Found, say: Say) -> None:
    """Say which sources come in with other content than is stored, twice, or under a number of before."""
    for row in found(staging.CHANGED_SOURCES):
        say(
            row["place"],
            f"the source {row['ref']!r} is already there, with different content.",
            "Stored sources never change: give the new version an index number of its own.",
        )
    for row in found(staging.CLASHING_SOURCES):
        say(
            row["place"],
            f"the source {row['ref']!r} appears twice, with different content (also {row['other']}).",
            "Give each source an index number of its own.",
        )
    if not any(into.renumbered for into in intos.by_id.values()):
        return
    for row in found(staging.NEW_SOURCES_NAMED):
        if renamed := intos.by_id[row["review_id"]].renumbered.get(row["ref"]):
            say(
                f"{row['place']}, column 'source'",
                f"{former_words(renamed)}.",
                former_hint(renamed),
            )
