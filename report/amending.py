"""An edition amended after the authority's comments: a new edition of what is written and assessed by now.

It is frozen when the time for comments is over and every comment on the report has an answer, and rests on a
run that includes all that was changed because of them. It is moderated and cleared as the first one was; the
moderator reads the difference, or all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from assessment.runs.run import Run, load_run
from programme.calendar import day_words, uk_day
from programme.database import Database, transaction
from programme.names import check_person
from programme.permissions import Action
from programme.reviews import Review, find_review
from programme.users import check_may
from report.comments import CommentListed, list_comments
from report.editions import Frozen, freeze
from report.moderation import EditionFound, edition_name, find_edition
from report.sending import sendings_of
from report.written import find_report
from rules.errors import DecisionRefused, RunImpossible
from rules.remedy import Assess
from rules.words import listed, many

COUNTED = ("item", "tag", "decision")
"""The kinds of effect that a run counts."""


def amend(
    db: Database,
    edition: int,
    purpose: str = "publication",
    *,
    because: str = "",
    by: str,
    at: datetime,
) -> Frozen:
    """Freeze the edition that amends another, as the report is written and assessed by now.

    `purpose`: publication, or authority for another draft. Raises UnknownName; DecisionRefused and
    RunImpossible as `check_amending` and `report.editions.freeze` do.
    """
    by = check_person(by, "an edition")
    with transaction(db) as joined:
        found = find_edition(db, edition)
        review = find_review(db, found["review"])
        check_may(db, by, Action.FREEZE, review.key, "amend the report")
        check_amending(db, found, uk_day(at))
        report = find_report(db, review, found["kind"])
        return freeze(
            joined,
            report,
            purpose,
            by=by,
            at=at,
            because=because,
            amends=edition,
        )


def check_amending(db: Database, found: EditionFound, today: date) -> None:
    """Raise DecisionRefused or RunImpossible where an edition cannot be amended yet."""
    name = edition_name(found)
    if found["latest"] != found["id"]:
        raise DecisionRefused(f"{name} was followed by a later edition", hint="Amend the latest edition.")
    sent = sendings_of(db, report=found["report_id"])
    if not sent:
        raise DecisionRefused(
            f"{name} was not sent to the authority",
            hint="Freeze another edition: nobody outside has seen it.",
        )
    until = max(one_of["comments_until"] for one_of in sent)
    if until >= today.isoformat():
        raise DecisionRefused(
            f"the authority may comment until {day_words(until)}", hint="Amend it once that day is over."
        )
    comments = list_comments(db, report=found["report_id"])
    if waiting := [comment for comment in comments if comment["answer"] is None]:
        has = "has" if len(waiting) == 1 else "have"
        numbers = listed(str(comment["number"]) for comment in waiting[:10])
        raise DecisionRefused(
            f"{many(len(waiting), 'comment')} {has} no answer: {numbers}", hint="Answer every comment first."
        )
    review = find_review(db, found["review"])
    refuse_missing_effects(review, load_run(db, review), comments)


def refuse_missing_effects(review: Review, run: Run, comments: Sequence[CommentListed]) -> None:
    """Raise RunImpossible where a run was made before something that was changed because of a comment."""
    for comment in comments:
        for effect in comment["answer"]["effects"] if comment["answer"] else ():
            if effect["kind"] in COUNTED and (effect["event"] or 0) > run.event:
                raise RunImpossible(
                    f"run {run.id} was made before this was changed because of comment {comment['number']}:"
                    f" {effect['what']}",
                    remedies=[Assess(review.key)],
                )
