"""The form that assesses a review, and the page on what changed between two runs.

An assessment is worked out in one of the reading threads and only recorded in the writing one, so that
nobody waits for it; one at a time, so that others can still read. Sent twice it gives one run: the same
inputs are the same run (see `assessment.runs.run`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict
from weakref import WeakKeyDictionary

from assessment.runs.changes import (
    BeforeAndAfter,
    InputsChanged,
    MeasureMoved,
    RatingMoved,
    count_changes,
)
from assessment.runs.recorded import RunListed, latest_run, runs_of
from assessment.runs.run import Prepared, Run, load_run, prepare_run, record_run
from joint_review.web import wording
from joint_review.web.access import read
from joint_review.web.cache import KEPT, TooLarge, Worked
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.lists import PAGE_SIZE
from joint_review.web.page import REVIEW, Declared, Page
from joint_review.web.remedies import Refusal, refusal, refusal_words
from joint_review.web.request import Asked
from joint_review.web.run_view import Head, RatingShown, RunShown, Shown
from programme.database import Database, one, rows, rows_as
from programme.permissions import Action
from programme.reviews import Review, find_review
from rules.errors import ReviewError, RunImpossible
from rules.framework import in_language
from rules.loader import LIBRARY, PolicySet, load_policy
from rules.stored import stored_rulebook


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(REVIEW + "/changes", "changes", changes),
        Form(REVIEW, "assess", Action.ASSESS, assess, work_out, rests_on=None),
    )


# The rulebooks that runs of a review were made with under its framework as it is, the latest first.
USED = """
select r.rulebook_digest as digest, b.key as id, b.version, max(r.id) as run
from run r join policy_text b on b.digest = r.rulebook_digest
where r.review_id = ? and r.framework_digest = ? group by r.rulebook_digest order by run desc
"""
BODY = "select body from policy_text where digest = ? and kind = 'rulebook'"
_TURNS: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()
"""Of every database the lock that makes assessments of it wait for each other."""


class Since(TypedDict):
    """What changed since the latest run."""

    run: int
    made_on: str
    counts: dict[str, int]
    """See `changes.count_changes`."""
    any: bool
    """Whether anything changed."""


class RulebookChoice(TypedDict):
    """A rulebook to assess with."""

    digest: str
    id: str
    version: str
    of_library: bool
    latest: bool
    """Whether the latest run was made with it."""


class Assessing(TypedDict):
    """What the form that assesses a review shows."""

    since: Since | None
    """None before the first run."""
    rulebooks: list[RulebookChoice]
    """That of the library first."""
    problem: str | None
    """Why nothing can be assessed (a sentence)."""


class MoveShown(TypedDict):
    """A rating that is otherwise in the later run."""

    target: str
    title: str
    kind: str
    because: str
    before: str
    """The title of a level, or the words of a status."""
    after: str
    causes: list[str] | None
    """The changes that alone moved it, or 'together'; None where it was not worked out."""


class MeasureShown(MeasureMoved):
    """A measure that changed, with its title and its values as people read them."""

    before_shown: str
    after_shown: str
    target_title: str
    title: str


class PositionMoved(TypedDict):
    """The position on the grid in both runs, as titles."""

    before: str | None
    after: str | None


class ChangesShown(InputsChanged):
    """What changed, as `joint-review diff --json` gives it, of each list the first 50.

    `domains` has the titles of the domains of the tags.
    """

    domains: dict[str, str]
    measures: list[MeasureShown]
    ratings: list[RatingMoved]
    cell: BeforeAndAfter


class ChangesPage(Head):
    """What changed from a run to a later one."""

    run: RunShown | None
    runs: list[RunListed]
    before: RunShown | None
    """None for the first run."""
    changes: ChangesShown | None
    problem: Refusal | None
    """Where changes cannot be told."""
    position: PositionMoved | None
    moved: list[MoveShown]
    totals: dict[str, int]
    """How long each list is."""


def assessing(shown: Shown) -> Assessing:
    """What the form that assesses a review shows."""
    db, review, run = shown.db, shown.review, _latest(shown)
    since: Since | None = None
    if run:
        counts = count_changes(db, review, run, shown.standing.counting)
        made_on = run.result.inputs.on
        since = {"run": run.id, "made_on": made_on, "counts": counts, "any": any(counts.values())}
    found: Assessing = {"since": since, "rulebooks": [], "problem": None}
    try:
        return {**found, "rulebooks": _rulebooks(db, review, run)}
    except ReviewError as error:
        return {**found, "problem": refusal_words(error)}


def _latest(shown: Shown) -> Run | None:
    latest = shown.standing.latest
    if latest is None or (shown.run and shown.run.id == latest.id):
        return shown.run
    return load_run(shown.db, shown.review)


class _Used(TypedDict):
    digest: str
    id: str
    version: str
    run: int


def _rulebooks(db: Database, review: Review, run: Run | None) -> list[RulebookChoice]:
    policy = _library(review.framework.id)
    latest = run and run.policy.rulebook_digest
    of_library, used = policy.rulebook, rows_as(_Used, db, USED, [review.id, policy.framework_digest])
    books = [
        (policy.rulebook_digest, of_library.id, of_library.version),
        *((row["digest"], row["id"], row["version"]) for row in used),
    ]
    return [
        {
            "digest": digest,
            "id": name,
            "version": version,
            "of_library": number == 0,
            "latest": digest == latest,
        }
        for number, (digest, name, version) in enumerate(books)
        if number == 0 or digest != policy.rulebook_digest
    ]


def _library(framework_id: str) -> PolicySet:
    """The framework and rulebook of the library, read again when a file has changed; raises UnknownName."""
    files = [LIBRARY / framework_id / name for name in ("framework.yml", "rulebook.yml")]
    stamps = tuple(file.stat().st_mtime_ns for file in files if file.is_file())
    return KEPT.get(("library", framework_id, stamps), lambda: load_policy(framework_id))


def _policy(db: Database, review: Review, digest: str) -> PolicySet:
    """The rulebook chosen; raises Mistakes."""
    policy = _library(review.framework.id)
    if digest in ("", policy.rulebook_digest):
        return policy
    if digest not in [row["digest"] for row in rows(db, USED, [review.id, policy.framework_digest])]:
        raise Mistakes({"rulebook": "This review has no such rulebook."})
    try:
        return PolicySet(policy.framework, stored_rulebook(one(db, BODY, [digest])))
    except ValueError:
        raise Mistakes({"rulebook": "This version of the software cannot read that rulebook."}) from None


# --- what changed ------------------------------------------------------------------------------------------


def changes(db: Database, asked: Asked) -> ChangesPage:
    """What changed from a run (`since`, or the one before) to a later one (that named, or the latest).

    Raises UnknownName, and RunImpossible without a run or where they stand in the wrong order.
    """
    key = asked.names["review"]
    run_id, since, language = asked.run, asked.whole("since"), asked.language
    review = find_review(db, key)
    run = load_run(db, review, run_id)
    shown = Shown(db, review, run, language)
    if since is None:
        since = latest_run(db, review, before=run.id)
    page: ChangesPage = {
        **shown.head(),
        "run": shown.facts(),
        "runs": runs_of(db, review),
        "before": None,
        "changes": None,
        "problem": None,
        "position": None,
        "moved": [],
        "totals": {},
    }
    if since is None:
        return page
    before = load_run(db, review, since)
    if before.id > run.id:
        raise RunImpossible(
            f"run {before.id} is later than run {run.id}",
            hint="Name the earlier run first, then the later one.",
        )
    then = Shown(db, review, before, language)
    page["before"] = then.facts()
    page["position"] = {"before": _position(then), "after": _position(shown)}
    causes: dict[str, list[str]] = {}
    try:
        found = Worked(db, review, run).changes(before)
        causes = {row["target"]: row["causes"] for row in found["ratings"]}
        page["changes"] = {
            "before": found["before"],
            "after": found["after"],
            "items": found["items"][:PAGE_SIZE],
            "tags": found["tags"][:PAGE_SIZE],
            "domains": {row["domain"]: _title(shown, row["domain"]) for row in found["tags"][:PAGE_SIZE]},
            "corrections": found["corrections"][:PAGE_SIZE],
            "rules": found["rules"][:PAGE_SIZE],
            "decisions": found["decisions"][:PAGE_SIZE],
            "periods": found["periods"][:PAGE_SIZE],
            "software": found["software"],
            "engines": found["engines"],
            "measures": [_measure(shown, row) for row in found["measures"][:PAGE_SIZE]],
            "ratings": found["ratings"],
            "cell": found["cell"],
        }
        page["totals"] = {
            "items": len(found["items"]),
            "tags": len(found["tags"]),
            "corrections": len(found["corrections"]),
            "rules": len(found["rules"]),
            "decisions": len(found["decisions"]),
            "periods": len(found["periods"]),
            "measures": len(found["measures"]),
        }
    except TooLarge as error:
        page["problem"] = refusal(error)
    return {**page, "moved": list(_moved(then, shown, causes))}


def _position(shown: Shown) -> str | None:
    placed = shown.grid()["position"]
    return " / ".join(q["level_title"] or "" for q in shown.questions()) if placed else None


def _moved(then: Shown, now: Shown, causes: dict[str, list[str]]) -> Iterator[MoveShown]:
    """The ratings that are otherwise in the later run, in the order of its framework."""
    earlier = {rating.target for rating in then.recorded.result.ratings}
    for target in (rating.target for rating in now.recorded.result.ratings if rating.target in earlier):
        one, other = then.rating(target), now.rating(target)
        if (one["level"], one["status"]) != (other["level"], other["status"]):
            yield {
                "target": other["target"],
                "title": other["title"],
                "kind": other["kind"],
                "because": other["because"],
                "before": _said(one),
                "after": _said(other),
                "causes": causes.get(target),
            }


def _said(rating: RatingShown) -> str:
    return str(rating["level_title"] or wording.STATUSES[rating["status"]])


def _title(shown: Shown, domain: str) -> str:
    framework = shown.framework
    return framework.title_of(domain, shown.language) if domain in framework.question_of else domain


def _measure(shown: Shown, row: MeasureMoved) -> MeasureShown:
    """A measure that changed, with its title and its values as people read them."""
    measure = shown.recorded.policy.rulebook.measure(row["measure"])
    return {
        **row,
        "before_shown": shown.value_of(row["target"], measure, row["before"]),
        "after_shown": shown.value_of(row["target"], measure, row["after"]),
        "target_title": shown.framework.title_of(row["target"], shown.language),
        "title": in_language(measure.title, shown.language),
    }


# --- the form ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """An assessment as it was asked for."""

    on: date
    rulebook: str
    """Digest of the rulebook chosen; empty for that of the library."""


async def work_out(database: Any, sent: Sent) -> Prepared | Run:
    """The assessment asked for, worked out and not recorded yet; takes as long as the evidence is large."""
    wanted = _wanted(sent)

    def prepare(db: Database) -> Prepared | Run:
        review = find_review(db, sent.review)
        return prepare_run(db, review, _policy(db, review, wanted.rulebook), on=wanted.on)

    async with _TURNS.setdefault(database, asyncio.Lock()):
        return await read(database, prepare)


def _wanted(sent: Sent) -> Wanted:
    text = sent.text("on")
    try:
        on = date.fromisoformat(text) if text else sent.at.date()
    except ValueError:
        raise Mistakes({"on": f"{text[:20]!r} is not a date like 2026-03-31."}) from None
    return Wanted(on, sent.text("rulebook"))


def assess(db: Database, sent: Sent) -> Done:
    """Record what `work_out` worked out; the run that is there already where nothing has changed since."""
    review, found = find_review(db, sent.review), sent.prepared
    run = found if isinstance(found, Run) else record_run(db, review, found, by=sent.by, at=sent.at)
    position = _position(Shown(db, review, run, "en"))
    more = {"run": run.id, "new": run.is_new, "cell": run.result.cell, "digest": run.digest}
    if not run.is_new:
        said = f"Nothing has changed since run {run.id} of {run.result.inputs.on}; it is shown again."
        return Done(said, to=f"?run={run.id}", more=more)
    said = f"Run {run.id} recorded. Position on the grid: {position or 'none'}."
    return Done(said, to="?", more=more)
