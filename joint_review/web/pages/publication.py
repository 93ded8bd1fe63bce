"""The page on the dates of a review's report, on who gets it, and on the embargo, as plain data."""

from __future__ import annotations

from typing import TypedDict

from joint_review.web.page import REVIEW, Declared, Menu, listing
from joint_review.web.pages.editions import head_of
from joint_review.web.remedies import refusal_words
from joint_review.web.request import Asked
from joint_review.web.run_view import Head
from programme.calendar import day_words, moment_words
from programme.database import Database
from programme.permissions import Action
from programme.reviews import Review, find_review
from report.calendar import how_it_came
from report.copies import Copy, copies_of
from report.embargo import (
    Breach,
    Consultation,
    Presentation,
    breaches_of,
    consultations_of,
    earliest_publication,
    latest_edition,
    presentation_of,
)
from report.meetings import Meeting, meetings_of
from report.milestones import milestones
from report.practice import followed_practice
from report.publication import Published, published_edition
from report.recipients import EarlyReader, Recipient, early_readers, recipients
from rules.errors import ReviewError, UnknownName
from rules.framework import in_language


def subject() -> tuple[Declared, ...]:
    """What this page answers for."""
    menu = Menu("Dates and publication", 160)
    return (listing(REVIEW + "/publication", "publication", publication, "rows", menu, Action.PLAN_REPORT),)


class Step(TypedDict):
    """A date in the course of a review."""

    step: str
    title: str
    day: str
    """As people read it; empty while it is not known."""
    week: int | None
    how: str
    """How the day was computed, moved or recorded."""
    note: str
    """What to look at."""
    place: str
    """Where the documents name it."""


class CopyShown(TypedDict):
    """A copy of an edition."""

    number: int
    among: int
    holder: str
    role: str
    until: str
    sent: str
    opened: str


class PublicationPage(Head):
    """Dates, recipients, copies and the embargo of a review's report."""

    rows: list[Step]
    practice: str
    """The title of the practice that the review follows; empty: its framework has none."""
    starts: str
    """The day on which its weeks begin; empty: not set."""
    recipients: list[Recipient]
    edition: int | None
    """The latest edition of the report, whose copies these are."""
    copies: list[CopyShown]
    early: list[EarlyReader]
    presentation: Presentation | None
    breaches: list[Breach]
    meetings: list[Meeting]
    consultations: list[Consultation]
    """Of the director, on the latest edition of the summary."""
    published: Published | None
    earliest: str
    """From when on it may be published, as people read it; empty while that is not known."""
    earliest_because: str
    """Why then, or why that is not known."""


def publication(db: Database, asked: Asked) -> PublicationPage:
    """Dates, recipients, copies and the embargo of a review's report."""
    review = find_review(db, asked.names["review"])
    edition = latest_edition(db, review, "report")
    summary = latest_edition(db, review, "summary")
    practice, starts, steps = _calendar(db, review)
    earliest, because = _earliest(db, review, edition)
    return {
        **head_of(db, review, asked),
        "rows": steps,
        "practice": practice,
        "starts": starts,
        "recipients": recipients(db, review),
        "edition": edition,
        "copies": [] if edition is None else [_copy(copy) for copy in copies_of(db, edition=edition)],
        "early": [] if edition is None else early_readers(db, edition),
        "presentation": None if edition is None else presentation_of(db, edition),
        "breaches": [] if edition is None else breaches_of(db, edition),
        "meetings": meetings_of(db, review),
        "consultations": [] if summary is None else consultations_of(db, summary),
        "published": None if edition is None else published_edition(db, edition),
        "earliest": earliest,
        "earliest_because": because,
    }


def _earliest(db: Database, review: Review, edition: int | None) -> tuple[str, str]:
    """From when on an edition may be published, and why then, or why that is not known."""
    if edition is None:
        return "", "No edition of the report has been frozen."
    try:
        found = earliest_publication(db, review, edition)
    except ReviewError as error:
        return "", refusal_words(error)
    return moment_words(found.moment.isoformat()), found.because


def _calendar(db: Database, review: Review) -> tuple[str, str, list[Step]]:
    """The title of the practice, the day on which weeks begin, and all steps; nothing without a practice."""
    try:
        followed = followed_practice(db, review)
    except UnknownName:
        return "", "", []
    steps: list[Step] = [
        {
            "step": found.step,
            "title": in_language(found.title),
            "day": day_words(found.day.isoformat()) if found.day else "",
            "week": found.week,
            "how": how_it_came(found),
            "note": found.note,
            "place": found.place,
        }
        for found in milestones(db, review)
    ]
    starts = day_words(followed.starts_on.isoformat()) if followed.starts_on else ""
    return in_language(followed.practice.title), starts, steps


def _copy(copy: Copy) -> CopyShown:
    return {
        "number": copy.number,
        "among": copy.among,
        "holder": copy.holder,
        "role": copy.role,
        "until": _when(copy.embargo_until),
        "sent": _when(copy.first("sent")),
        "opened": _when(copy.first("opened")),
    }


def _when(at: str | None) -> str:
    return moment_words(at) if at else ""
