"""A review's details as a YAML file: name, authority, framework and evidence window."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TypedDict

from pydantic import BeforeValidator, Field

from programme.calendar import Day, read_date
from programme.database import Database, transaction
from programme.retention import set_retention
from programme.reviews import Review, create_review
from rules.errors import PolicyFileInvalid, refuse
from rules.framework import Id, PolicyModel
from rules.limits import LONGEST_LINE, LONGEST_WORDS
from rules.policyfile import read_policy_text, validate_policy


class Window(PolicyModel):
    """The dates between which evidence counts as timely."""

    first: Day = Field(default=None, alias="from", description="First day of the evidence window.")
    last: Day = Field(default=None, alias="to", description="Last day of the evidence window.")


def _given(value: Any) -> date:
    day = read_date(value)
    if day is None:
        raise refuse("a date", "Write 2032-03-31 or 31 March 2032.")
    return day


GivenDay = Annotated[date, BeforeValidator(_given)]


class Keeping(PolicyModel):
    """Until when a review is kept, and why."""

    until: GivenDay = Field(description="The last day on which it is kept.")
    because: str = Field(
        min_length=1, max_length=LONGEST_WORDS, description="The reason, e.g. your retention schedule."
    )


class ReviewFile(PolicyModel):
    """One review."""

    id: Id = Field(description="Short name of the review.")
    authority: str = Field(
        min_length=1, max_length=LONGEST_LINE, description="The authority that is reviewed."
    )
    framework: Id = Field(description="The framework it is judged by.")
    window: Window = Field(default=Window(), description="The evidence window: {from: date, to: date}.")
    note: str = Field(default="", max_length=LONGEST_WORDS, description="A note for readers of the review.")
    retention: Keeping | None = Field(
        default=None, description="Until when it is kept: {until: date, because: text}."
    )


class ReviewDetails(TypedDict):
    """A review as `create_review` takes it."""

    key: str
    authority: str
    framework_key: str
    window_from: date | None
    window_to: date | None
    note: str


def create_from_file(db: Database, path: Path, *, by: str, at: datetime) -> Review:
    """A new review with the details of a file, and until when it is kept, if the file says that.

    All or nothing. Raises PolicyFileInvalid with all problems of the file, and as `create_review` and
    `set_retention` do.
    """
    found = _read(path)
    with transaction(db) as joined:
        made = create_review(joined, **_details(found), by=by, at=at)
        if found.retention:
            set_retention(joined, made, found.retention.until, by=by, because=found.retention.because, at=at)
    return made


def read_review_file(path: Path) -> ReviewDetails:
    """The file's details; raises PolicyFileInvalid with all problems."""
    return _details(_read(path))


def _read(path: Path) -> ReviewFile:
    found = read_policy_text(path)
    review = validate_policy(found, ReviewFile)
    found.refuse_if_problems()
    if review is None:
        raise PolicyFileInvalid(f"{path.name} cannot be read", [])
    return review


def _details(review: ReviewFile) -> ReviewDetails:
    return {
        "key": review.id,
        "authority": review.authority,
        "framework_key": review.framework,
        "window_from": review.window.first,
        "window_to": review.window.last,
        "note": review.note,
    }
