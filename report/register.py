"""The register of comments and the ratings that moved, as tables for people: what the authority is sent."""

from __future__ import annotations

from collections.abc import Iterable

from report.changes import Changes, MovedAlone

OUTCOMES = {
    "accepted": "accepted",
    "partly": "accepted in part",
    "not_accepted": "not accepted",
    "": "no answer",
}
"""How a comment was answered, in words."""
Rows = list[dict[str, str | int]]


def rating_rows(found: Changes) -> tuple[tuple[str, ...], Rows]:
    """The columns and rows of the ratings that moved, each with the comments that alone moved it."""
    rows: Rows = [
        {
            "Rating": moved["title"],
            "Before": moved["before"],
            "After": moved["after"],
            "Comments that alone moved it": ", ".join(map(str, moved["comments"])) or "none alone",
        }
        for moved in found["ratings"]
    ]
    return ("Rating", "Before", "After", "Comments that alone moved it"), rows


def register_rows(found: Changes) -> tuple[tuple[str, ...], Rows]:
    """The columns and rows of the register, comments that moved ratings first."""
    rows: Rows = [
        {
            "Number": entry["number"],
            "Paragraph": "whole report" if entry["paragraph"] is None else f"p{entry['paragraph']}",
            "Class": entry["kind"],
            "Late": "late" if entry["late"] else "",
            "Comment": entry["text"] or entry["proposed_words"],
            "Outcome": OUTCOMES[entry["outcome"]],
            "Reason": entry["because"],
            "What changed": "; ".join(entry["changed"]) or "nothing",
            "Ratings it alone would have moved": moved_words(entry["alone"]) or "none",
        }
        for entry in found["register"]
    ]
    columns = ("Number", "Paragraph", "Class", "Late", "Comment", "Outcome", "Reason", "What changed")
    return (*columns, "Ratings it alone would have moved"), rows


def moved_words(moved: Iterable[MovedAlone]) -> str:
    """Ratings that moved, in one line."""
    return "; ".join(f"{one['title']}: {one['before']} to {one['after']}" for one in moved)
