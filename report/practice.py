"""How one inspectorate goes about its reports: dates, bodies, recipients, thresholds, each with its place.

A practice is a file per framework (`rules/library/<framework>/practice.yml`). A review follows the one it was
set to follow, frozen whole with the day on which its weeks begin; until then, that of its framework, without
any dates. What documents do not say is marked as ours in its place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from programme.database import Act, Database, add_event, insert, rows, transaction
from programme.names import check_person
from programme.permissions import Action
from programme.reviews import Review
from programme.users import check_may
from programme.workdays import Nation
from report.actions import ReportAction
from rules.errors import DecisionRefused, UnknownName, suggest
from rules.framework import Id, PolicyModel, Words
from rules.loader import LIBRARY, digest_of
from rules.policyfile import PolicyText, load_policy_file

NAME = "practice.yml"
DRAFT, COMMENTS, MEETING = "draft", "comments-due", "draft-meeting"
EMBARGO, PRESENTATION, PUBLICATION = "embargoed-copies", "presentation", "publication"
"""The steps that the product records by itself, as every practice names them."""

Place = Annotated[
    str,
    Field(min_length=1, description="Where the documents say so; begins with 'Ours' where they do not."),
]
Counted = Annotated[int | None, Field(default=None, ge=1, le=520)]


class Body(PolicyModel):
    """A body whose manager clears every edition."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+([ -][A-Za-z0-9]+)*$", max_length=40)]
    title: Words
    place: Place


class Step(PolicyModel):
    """A date in the course of a review: counted from another step, or (without one) set by hand."""

    id: Id
    title: Words
    place: Place
    after: Id | None = Field(default=None, description="The step from which its days are counted on.")
    before: Id | None = Field(default=None, description="The step from which its days are counted back.")
    weeks: Counted = Field(description="How many weeks after or before it.")
    days: Counted = Field(description="How many days, working days or not.")
    working_days: Counted = Field(description="How many working days of the nation.")
    week: int | None = Field(default=None, ge=0, le=520, description="The week that the documents name.")
    day_off: Literal["next", "last", "stays"] = Field(
        default="stays",
        description="On a weekend or bank holiday: the next working day, the last one before, or that day.",
    )

    @property
    def counted_from(self) -> str | None:
        """The step from which its days are counted, if they are counted."""
        return self.after or self.before


class UsualRecipient(PolicyModel):
    """Who gets a report in this practice, by role."""

    role: str = Field(min_length=1, max_length=200)
    organisation: str = Field(min_length=1, max_length=200)
    stage: Literal["draft", "embargo", "publication"]
    purpose: str = Field(min_length=1, max_length=500)
    hours: float | None = Field(
        default=None, gt=0, le=10_000, description="Hours before publication, if early."
    )
    place: Place


class EarlyReaders(PolicyModel):
    """How long before publication a report may be read."""

    hours: float = Field(gt=0, le=10_000, description="At most so many hours; longer needs a reason.")
    place: Place


class Disclosure(PolicyModel):
    """Below which numbers nothing is printed, so that nobody can be told from a table."""

    fewest_answers: int = Field(ge=1, le=1_000, description="Answers on which a share is printed.")
    fewest_files: int = Field(ge=1, le=1_000, description="Files in a cell that is printed.")
    zeros: Literal["small", "shown"] = Field(
        default="small", description="Whether a cell of 0 is left out as a small one is, or printed."
    )
    place: Place

    @property
    def zeros_are_small(self) -> bool:
        """Whether a cell of 0 is left out."""
        return self.zeros == "small"


class Languages(PolicyModel):
    """The languages in which an edition for publication must be whole."""

    needed: tuple[Literal["en", "cy"], ...] = Field(min_length=1)
    place: Place


class Comments(PolicyModel):
    """What becomes of the authority's comments."""

    published: bool = Field(description="Whether the register of comments is published with the report.")
    place: Place


class Practice(PolicyModel):
    """How one inspectorate goes about its reports."""

    id: Id
    framework: Id
    title: Words
    reference: str = Field(min_length=1)
    nation: Nation = Field(description="The nation whose bank holidays count.")
    bodies: tuple[Body, ...] = Field(min_length=1)
    languages: Languages
    steps: tuple[Step, ...] = Field(min_length=1)
    recipients: tuple[UsualRecipient, ...] = ()
    early_readers: EarlyReaders
    disclosure: Disclosure
    comments: Comments

    @cached_property
    def by_id(self) -> dict[str, Step]:
        """The steps by their short names, in order."""
        return {step.id: step for step in self.steps}

    @property
    def first(self) -> Step:
        """The step from which weeks are counted."""
        return self.steps[0]

    @property
    def is_presented(self) -> bool:
        """Whether a report is presented before it is published."""
        return PRESENTATION in self.by_id

    def step(self, name: str) -> Step:
        """The step of that short name; raises UnknownName."""
        if name not in self.by_id:
            raise UnknownName("step", name, self.by_id)
        return self.by_id[name]


def practice_ids(library: Path = LIBRARY) -> list[str]:
    """The frameworks of the library that have a practice, in alphabetical order."""
    return sorted(folder.name for folder in library.iterdir() if (folder / NAME).is_file())


def load_practice(framework_id: str, library: Path = LIBRARY) -> Practice:
    """The practice of a framework in the library; raises UnknownName or PolicyFileInvalid."""
    ids = practice_ids(library)
    if framework_id not in ids:
        raise UnknownName("practice for the framework", framework_id, ids)
    return read_practice(library / framework_id / NAME)


def read_practice(path: Path) -> Practice:
    """The practice in a YAML file; raises PolicyFileInvalid with all its problems, each with its line."""
    return load_policy_file(path, Practice, _check)[0]


def _check(found: PolicyText, practice: Practice) -> None:
    names = [step.id for step in practice.steps]
    for position, step in enumerate(practice.steps):
        path: list[str | int] = ["steps", position]
        if step.id in names[:position]:
            found.problem([*path, "id"], f"the step {step.id!r} appears twice here.")
        _check_counting(found, path, step, names)
    ids = [body.id for body in practice.bodies]
    for position, body in enumerate(practice.bodies):
        if body.id in ids[:position]:
            found.problem(["bodies", position, "id"], f"the body {body.id!r} appears twice here.")
    for position, usual in enumerate(practice.recipients):
        if usual.hours is not None and usual.hours > practice.early_readers.hours:
            found.problem(
                ["recipients", position, "hours"],
                f"{usual.hours:g} hours are more than early readers have ({practice.early_readers.hours:g}).",
            )
    if practice.first.counted_from:
        found.problem(["steps", 0], "the first step is the one that others are counted from.")
    elif not found.problems:
        _check_weeks(found, practice)


def _check_counting(found: PolicyText, path: list[str | int], step: Step, names: list[str]) -> None:
    given = [name for name in ("weeks", "days", "working_days") if getattr(step, name) is not None]
    if step.after and step.before:
        found.problem([*path, "before"], "a step is counted from one other step: 'after' or 'before' it.")
    elif step.counted_from and len(given) != 1:
        found.problem(path, f"{step.id!r}: one of 'weeks', 'days' and 'working_days' is needed.")
    elif given and not step.counted_from:
        message = f"{step.id!r}: no step is named from which to count."
        found.problem([*path, given[0]], message, "Name it as 'after' or 'before'.")
    for way in ("after", "before"):
        other = getattr(step, way)
        if other is not None and other not in names:
            found.problem([*path, way], f"there is no step {other!r}.", suggest(other, names))


def _check_weeks(found: PolicyText, practice: Practice) -> None:
    """Steps that are counted in circles, and weeks that are not those the documents name."""
    for position, step in enumerate(practice.steps):
        chain, at = [step], step
        while at.counted_from and at.counted_from not in [one.id for one in chain]:
            at = practice.by_id[at.counted_from]
            chain.append(at)
        if at.counted_from:
            found.problem(["steps", position], f"{step.id!r} is counted from itself in the end.")
            continue
        if step.week is None or at.id != practice.first.id:
            continue
        # Single days, as between presentation and publication, make no week.
        weeks = sum((one.weeks or 0) * (1 if one.after else -1) for one in chain)
        if weeks != step.week:
            found.problem(
                ["steps", position, "week"], f"{step.id!r} is counted to week {weeks}, not to {step.week}."
            )


# --- the practice of a review ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Followed:
    """The practice that a review follows."""

    practice: Practice
    starts_on: date | None
    """The day on which its weeks begin; None until it was set."""
    by: str = ""
    because: str = ""


LATEST = """
select body, starts_on, by, because from review_practice where review_id = ? order by id desc limit 1
"""


@lru_cache(64)
def _stored(body: str) -> Practice:
    return Practice.model_validate_json(body)


def followed_practice(db: Database, review: Review, library: Path = LIBRARY) -> Followed:
    """The practice that a review was set to follow; until then that of its framework, without a start.

    Raises UnknownName where its framework has none.
    """
    found = rows(db, LATEST, [review.id])
    if not found:
        return Followed(load_practice(review.framework.id, library), None)
    last = found[0]
    start = date.fromisoformat(last["starts_on"])
    return Followed(_stored(last["body"]), start, last["by"], last["because"])


def follow_practice(
    db: Database,
    review: Review,
    practice: Practice,
    starts_on: date,
    *,
    by: str,
    because: str = "",
    at: datetime,
) -> Followed:
    """Have a review follow a practice, its weeks counted from a day; the practice is kept whole with it.

    Raises DecisionRefused for a practice of another framework, and where nothing would change.
    """
    by = check_person(by, "a practice")
    if practice.framework != review.framework.id:
        raise DecisionRefused(
            f"the practice {practice.id} is for {practice.framework}; {review.key} is judged by"
            f" {review.framework.id}",
            hint="Give the practice of that framework.",
        )
    with transaction(db):
        check_may(db, by, Action.PLAN_REPORT, review.key, "set the practice")
        before = rows(
            db,
            "select key, starts_on, digest from review_practice where review_id = ? order by id desc limit 1",
            [review.id],
        )
        now = {"key": practice.id, "starts_on": starts_on.isoformat(), "digest": digest_of(practice)}
        if before and before[0] == now:
            raise DecisionRefused(f"{review.key} follows this practice from that day already")
        event = add_event(
            db,
            Act(ReportAction.FOLLOW_PRACTICE, by, at, review.id, target=practice.id, because=because.strip()),
            before=before[0] if before else None,
            after=now,
        )
        body = json.dumps(practice.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        insert(
            db,
            "review_practice",
            {
                "review_id": review.id,
                **now,
                "body": body,
                "by": by,
                "because": because.strip(),
                "added_event": event,
            },
        )
    return followed_practice(db, review)
