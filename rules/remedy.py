"""What would help where something is refused: the act and what it is done to, as data.

A refusal (see `errors`) holds remedies beside its message; it names no command, no option and no page. Each
face says a remedy in its own way: the command line as a command (`joint_review.cli.remedies`), the pages as a
link (`joint_review.web.remedies`), and either leaves out what cannot be done there. Tests hold both to every
remedy of this module. Advice that is no act of this software ("Free some space") is the refusal's `hint`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Part(StrEnum):
    """A part of what is asked for, which can be given with it, or left out."""

    PERSON = "who does it"
    REASON = "the reason"
    TEXT = "the text"
    MEMBERS = "the members"
    CODER = "who codes the items"
    ITEMS = "the number of items"
    JUDGEMENT = "direction and significance"
    SCORE = "the score"
    ROLE = "the role"
    REVIEW = "the review"
    ALL_REVIEWS = "that all reviews are meant"
    CHANGED = "what was changed"
    WITHOUT = "what to leave out"
    ENCODING = "the encoding"
    DATES = "the order of dates"
    SHEET = "the sheet"
    DATABASE = "the file of the working database"
    VALUE = "a value of all rows"
    WORKERS = "the number of processes"
    CLUSTER = "the address of the cluster"


@dataclass(frozen=True)
class Remedy:
    """Something that can be done about a refusal; each kind is a class of its own.

    A kind that has fields of its own is a dataclass; `InReview` and `OnRating` are families of kinds.
    """

    @property
    def does(self) -> str:
        """The name of the act, e.g. Assess."""
        return type(self).__name__

    def as_data(self) -> dict[str, object]:
        """The remedy as JSON can hold it: its name as 'does', and what it is done to."""
        return {"does": self.does, **asdict(self)}


def read_remedy(data: Mapping[str, Any]) -> Remedy:
    """The remedy that `Remedy.as_data` gave; raises ValueError or LookupError for anything else."""
    from pydantic import TypeAdapter

    given = {name: value for name, value in data.items() if name != "does"}
    found: Remedy = TypeAdapter(KINDS[data["does"]]).validate_python(given)
    return found


@dataclass(frozen=True)
class Give(Remedy):
    """Repeat the action with this part; `values` are valid ones, if they are known."""

    part: Part
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeaveOut(Remedy):
    """Repeat the action without this part."""

    part: Part


@dataclass(frozen=True)
class Replace(Remedy):
    """Repeat the action so that the new version replaces the existing one."""

    effect: str
    """What that does to what is there, e.g. 'withdraw the old item'."""


@dataclass(frozen=True)
class MakeDatabase(Remedy):
    """Make a new working database; without `file` somewhere else."""

    file: str = ""


class UpgradeDatabase(Remedy):
    """Bring the working database up to date with this version and its library."""


class OpenAgain(Remedy):
    """See which file has the name of the working database now, then open that."""


class CloseDatabase(Remedy):
    """Stop other processes that have the working database open: the server of the pages, imports."""


class ServePages(Remedy):
    """Start the server of the pages with a working database."""


@dataclass(frozen=True)
class Install(Remedy):
    """Install an optional part of this software."""

    extra: str


class ShowHead(Remedy):
    """Show the head of the record of events."""


class VerifyRecord(Remedy):
    """Check the record of events, and see what was altered."""


class CreateReview(Remedy):
    """Create a review."""


class ListReviews(Remedy):
    """See which reviews there are."""


@dataclass(frozen=True)
class CompareReviews(Remedy):
    """Compare the reviews under one framework."""

    framework: str


@dataclass(frozen=True)
class ListItems(Remedy):
    """See which items of evidence a review holds; without `review`, the user chooses it."""

    review: str = ""


@dataclass(frozen=True)
class ShowLayout(Remedy):
    """See the columns of a kind of evidence file."""

    layout: str


@dataclass(frozen=True)
class ProposeMapping(Remedy):
    """See a proposal of how a table that fits no layout becomes evidence."""

    file: str


@dataclass(frozen=True)
class UseMapping(Remedy):
    """Repeat the import with a mapping that is kept for tables of this shape."""

    name: str


@dataclass(frozen=True)
class VerifyRun(Remedy):
    """Verify a run: see where it differs from what was recorded."""

    run: int


@dataclass(frozen=True)
class InReview(Remedy):
    """Something that can be done in one review."""

    review: str


class DrawItems(InReview):
    """Draw items of a review for a second reviewer, who codes them without seeing the first coding."""


@dataclass(frozen=True)
class HandIn(InReview):
    """Hand in a batch of a second reviewer's codings."""

    batch: int


class ListDisagreements(InReview):
    """See which items of a review were coded differently."""


class Assess(InReview):
    """Assess a review (again)."""


class CheckEvidence(InReview):
    """Check the evidence of a review: which items are untagged, out of order in time, and so on."""


class ShowDecisions(InReview):
    """See the state of the decision on every rating of a review."""


class StartReport(InReview):
    """Start the report of a review."""


class CheckReport(InReview):
    """See what the check of a report finds."""


class ShowErasures(InReview):
    """See the requests to erase words of a review."""


class RaiseChallenge(InReview):
    """Raise a challenge in a review."""


@dataclass(frozen=True)
class ShowChallenge(InReview):
    """See a challenge, to reply or to close it."""

    number: int


@dataclass(frozen=True)
class OnRating(InReview):
    """Something that can be done about one rating of a review."""

    target: str
    """The domain or question."""


class Rate(OnRating):
    """Override a rating with a level of one's own."""


class TakeBack(OnRating):
    """Take the decision on a rating back, so that the proposal applies again."""


class OpenPanel(OnRating):
    """Open a panel on a rating."""


class ShowPanel(OnRating):
    """See a panel, and who is still to vote."""


class ClosePanel(OnRating):
    """Close a panel before all have voted."""


KINDS: dict[str, type[Remedy]] = {
    kind.__name__: kind
    for family in (Remedy, InReview, OnRating)
    for kind in family.__subclasses__()
    if not kind.__subclasses__()
}
"""Every kind of remedy by its name."""
