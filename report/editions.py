"""Editions: a report frozen at one moment, with its run and all that readers see; never changed.

What keeps a report from being frozen is said all at once (`bars_to_freezing`). The body of an edition is the
canonical JSON of the model, so that it reads the same however the database changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from assessment.decisions.challenges import list_challenges
from assessment.decisions.decide import DecisionState, decision_states
from assessment.decisions.standing import Standing
from assessment.runs.recorded import latest_run
from assessment.runs.run import load_run
from evidence.changed import evidence_changed
from programme.calendar import uk_day
from programme.database import Act, Database, add_event, insert, one, rows, transaction
from programme.names import check_person
from programme.permissions import Action
from programme.users import check_may
from report.actions import ReportAction
from report.check import check_report
from report.composing import EditionOf, compose
from report.model import Report, from_json, to_json
from report.practice import followed_practice
from report.schema import PURPOSES
from report.written import StoredReport
from rules.errors import DecisionRefused, RunImpossible, UnknownName
from rules.remedy import Assess, CheckReport, Remedy, ShowChallenge, ShowDecisions
from rules.words import listed, many

EDITION = "select id, number, body, text_digest from edition where id = ?"
MOST_NAMED = 5
"""Findings and ratings that a refusal names; the check shows all."""


@dataclass(frozen=True)
class Frozen:
    """An edition that was frozen."""

    id: int
    number: int
    purpose: str
    run: int
    digest: str
    """SHA-256 of its body."""
    bodies: tuple[str, ...]
    """The bodies that must clear it."""
    warnings: int
    """How many warnings the check had."""


@dataclass(frozen=True)
class Bar:
    """Something that keeps a report from being frozen."""

    message: str
    remedy: Remedy


def bars_to_freezing(db: Database, report: StoredReport, purpose: str) -> tuple[Bar, ...]:
    """Everything that keeps the report from being frozen now; nothing where it can be."""
    return tuple(_bars(db, report, purpose))


def _bars(db: Database, report: StoredReport, purpose: str) -> Iterator[Bar]:
    review = report.review
    run = load_run(db, review)
    if evidence_changed(db, review, run.event):
        yield Bar(f"the evidence has changed since run {run.id}", Assess(review.key))
    states = decision_states(Standing(db, review))
    if waiting := [one_state["title"] for one_state in states if _waits(one_state)]:
        said = (
            f"{listed(_first(waiting))} {'is' if len(waiting) == 1 else 'are'} neither accepted nor approved"
        )
        yield Bar(said, ShowDecisions(review.key))
    for challenge in list_challenges(db, review, only_open=True):
        yield Bar(f"challenge {challenge['number']} is open", ShowChallenge(review.key, challenge["number"]))
    checked = check_report(db, report, for_publication=purpose == "publication")
    if checked.errors:
        named = [_where(error.paragraph, error.heading) + error.message for error in checked.errors]
        of_what = " for a publication" if purpose == "publication" else ""
        said = f"the check{of_what} finds {many(len(checked.errors), 'error')}: {'; '.join(_first(named))}"
        yield Bar(said, CheckReport(review.key))


def _waits(state: DecisionState) -> bool:
    """Whether a rating that the report shows is neither accepted nor approved."""
    return state["level"] is not None and not state["settled"] and not state["challenges"]


def _first(names: Sequence[str]) -> list[str]:
    more = len(names) - MOST_NAMED
    return [*names[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])]


def _where(paragraph: int | None, heading: str) -> str:
    return f"p{paragraph} " if paragraph else f"“{heading}” " if heading else ""


def freeze(
    db: Database,
    report: StoredReport,
    purpose: str,
    *,
    by: str,
    at: datetime,
    because: str = "",
    amends: int | None = None,
) -> Frozen:
    """Freeze an edition of a report for moderation, the authority or publication.

    `amends`: the edition that it amends, by its number in the working database. Raises UnknownName;
    RunImpossible where the review was never assessed; DecisionRefused with everything that keeps it from
    being frozen; UserInvalid for who may not.
    """
    if purpose not in PURPOSES:
        raise UnknownName("purpose of an edition", purpose, PURPOSES)
    by = check_person(by, "an edition")
    review = report.review
    if latest_run(db, review) is None:
        raise RunImpossible(f"{review.key} was not assessed yet", remedies=[Assess(review.key)])
    with transaction(db):
        check_may(db, by, Action.FREEZE, review.key, f"freeze the {report.kind}")
        if bars := bars_to_freezing(db, report, purpose):
            raise DecisionRefused(
                "\n".join(["the report cannot be frozen:", *(f"  {bar.message}" for bar in bars)]),
                remedies=list(dict.fromkeys(bar.remedy for bar in bars)),
            )
        run = load_run(db, review)
        number = 1 + int(
            one(db, "select coalesce(max(number), 0) from edition where report_id = ?", [report.id])
        )
        said = EditionOf(purpose, number, uk_day(at))
        composed = compose(db, report, run, said)
        body = to_json(composed)
        digest = hashlib.sha256(body.encode()).hexdigest()
        bodies = tuple(body.id for body in followed_practice(db, review).practice.bodies)
        act = Act(
            ReportAction.AMEND if amends else ReportAction.FREEZE,
            by,
            at,
            review.id,
            target=f"{report.kind} {number}",
            because=because.strip(),
        )
        event = add_event(
            db, act, after={"purpose": purpose, "run": run.id, "digest": digest, "amends": amends}
        )
        made = insert(
            db,
            "edition",
            {
                "report_id": report.id,
                "number": number,
                "frozen_on": uk_day(at).isoformat(),
                "purpose": purpose,
                "run_id": run.id,
                "run_digest": run.digest,
                "text_digest": digest,
                "body": body,
                "bodies": json.dumps(list(bodies), ensure_ascii=False),
                "amends": amends,
                "by": by,
                "because": because.strip(),
                "added_event": event,
            },
        )
    warnings = len(check_report(db, report).findings)
    return Frozen(made, number, purpose, run.id, digest, bodies, warnings)


def body_of(db: Database, edition: int) -> Report:
    """What readers see of an edition, by its number in the working database.

    Words that were erased since are gone from it. Raises UnknownName; DecisionRefused where its body is not
    the one that was frozen.
    """
    found = rows(db, EDITION, [edition])
    if not found:
        raise UnknownName("edition", str(edition), [])
    body = str(found[0]["body"])
    if hashlib.sha256(body.encode()).hexdigest() != found[0]["text_digest"]:
        raise DecisionRefused(f"the body of edition {edition} is not the one that was frozen")
    return from_json(body)


def draft_of(db: Database, report: StoredReport) -> Report:
    """The report as it is written now, with the values of the latest run."""
    return compose(db, report, load_run(db, report.review), EditionOf())
