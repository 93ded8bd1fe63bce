"""A review's details as a YAML file: name, authority, framework and evidence window."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TypedDict

from pydantic import Field

from programme.calendar import Day
from rules.errors import PolicyFileInvalid
from rules.framework import Id, PolicyModel
from rules.limits import LONGEST_LINE, LONGEST_WORDS
from rules.policyfile import read_policy_text, validate_policy


class Window(PolicyModel):
    """The dates between which evidence counts as timely."""

    first: Day = Field(default=None, alias="from", description="First day of the evidence window.")
    last: Day = Field(default=None, alias="to", description="Last day of the evidence window.")


class ReviewFile(PolicyModel):
    """One review."""

    id: Id = Field(description="Short name of the review.")
    authority: str = Field(
        min_length=1, max_length=LONGEST_LINE, description="The authority that is reviewed."
    )
    framework: Id = Field(description="The framework it is judged by.")
    window: Window = Field(default=Window(), description="The evidence window: {from: date, to: date}.")
    note: str = Field(default="", max_length=LONGEST_WORDS, description="A note for readers of the review.")


class ReviewDetails(TypedDict):
    """A review as `create_review` takes it."""

    key: str
    authority: str
    framework_key: str
    window_from: date | None
    window_to: date | None
    note: str


def read_review_file(path: Path) -> ReviewDetails:
    """The file's details; raises PolicyFileInvalid with all problems."""
    found = read_policy_text(path)
    review = validate_policy(found, ReviewFile)
    found.refuse_if_problems()
    if review is None:
        raise PolicyFileInvalid(f"{path.name} cannot be read", [])
    return {
        "key": review.id,
        "authority": review.authority,
        "framework_key": review.framework,
        "window_from": review.window.first,
        "window_to": review.window.last,
        "note": review.note,
    }
