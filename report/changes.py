"""Before and after: what became of a report, its evidence and its ratings from one edition to a later one.

The words are compared paragraph by paragraph, the runs of the two editions as all runs are. Of every comment
that was answered between them it is asked what it alone would have moved: the run of the first edition is
made again with nothing but the changes named in its answer. Where evidence, rules and decisions are the
same, no rating can have moved, and equal digests show it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TypedDict

from assessment.runs.changes import RunChanges, compare_runs
from assessment.runs.run import Run, infer_of_record, load_run
from assessment.runs.verify import Frozen, frozen_inputs
from evidence.measures.compute import compute_measures
from evidence.some_events import with_some_events
from programme.database import Database, one, rows
from programme.reviews import Review, find_review
from report.comments import CommentListed, list_comments
from report.differences import Compared, Worded, changed_only, compare_paragraphs
from report.model import LANGUAGES, Heading, Language, Numbered, Report, from_json, texts_of
from report.moderation import edition_name, find_edition
from rules.errors import RunImpossible
from rules.inference import Rating

BODY = "select body from edition where id = ?"
DECIDED_AT = """
select d.target from decision d left join approval a on a.decision_id = d.id
where d.review_id = :review and (d.added_event = :event or a.added_event = :event)
"""


class MovedAlone(TypedDict):
    """A rating that the changes of one comment alone would have moved."""

    target: str
    title: str
    before: str
    after: str


class RatingChanged(MovedAlone):
    """A rating that moved from one edition to the other."""

    comments: list[int]
    """The numbers of the comments of which each alone would have moved it so; none: no single one."""


class Entry(TypedDict):
    """A comment as the register has it."""

    id: int
    number: int
    edition: int
    """Number of the edition it is on."""
    paragraph: int | None
    kind: str
    """Its class."""
    late: bool
    text: str
    proposed_words: str
    outcome: str
    """accepted, partly, not_accepted; empty while it has no answer."""
    because: str
    changed: list[str]
    alone: list[MovedAlone]
    """The ratings that it alone would have moved."""


class Changes(TypedDict):
    """What changed from one edition of a report to a later one."""

    review: str
    before: int
    """Number of the first edition."""
    after: int
    same_evidence: bool
    """Whether both editions rest on the same evidence, by equal digests."""
    nothing_can_have_moved: bool
    """Whether rules and decisions are the same as well."""
    evidence_digest: str
    """That of the second."""
    ratings: list[RatingChanged]
    register: list[Entry]
    """The comments on the first edition and those up to the second: those that moved ratings first."""
    runs: RunChanges
    words: dict[str, list[Compared]]
    """The paragraphs in which something is different, by language (those that the second edition has)."""


def changes_between(db: Database, before: int, after: int) -> Changes:
    """What changed from an edition to a later one of the same report.

    Raises UnknownName, and RunImpossible where they are of different reports or in the wrong order.
    """
    first, second = find_edition(db, before), find_edition(db, after)
    if first["report_id"] != second["report_id"] or first["number"] > second["number"]:
        raise RunImpossible(
            f"{edition_name(second)} does not come after {edition_name(first)}",
            hint="Name the earlier edition first, then a later one of the same report.",
        )
    review = find_review(db, first["review"])
    old, new = load_run(db, review, first["run_id"]), load_run(db, review, second["run_id"])
    comments = [
        comment
        for comment in list_comments(db, report=first["report_id"])
        if first["number"] <= comment["edition_number"] < max(second["number"], first["number"] + 1)
    ]
    alone = moved_alone(db, review, old, new.result.inputs.decided, comments)
    runs = compare_runs(db, review, old, new)
    ratings = [
        RatingChanged(
            target=moved["target"],
            title=moved["title"],
            before=moved["before"],
            after=moved["after"],
            comments=[
                comment["number"]
                for comment in comments
                if any(
                    (one_of["target"], one_of["after"]) == (moved["target"], moved["after"])
                    for one_of in alone[comment["id"]]
                )
            ],
        )
        for moved in runs["ratings"]
    ]
    entries = [_entry(comment, alone[comment["id"]]) for comment in comments]
    same = old.result.inputs.evidence == new.result.inputs.evidence
    ruled = (old.result.inputs.rulebook, old.result.inputs.framework, old.result.inputs.decided)
    ruled_now = (new.result.inputs.rulebook, new.result.inputs.framework, new.result.inputs.decided)
    was, now = (from_json(one(db, BODY, [number])) for number in (before, after))
    return {
        "review": review.key,
        "before": first["number"],
        "after": second["number"],
        "same_evidence": same,
        "nothing_can_have_moved": same and ruled == ruled_now,
        "evidence_digest": new.result.inputs.evidence,
        "ratings": ratings,
        "register": sorted(entries, key=lambda entry: (not entry["alone"], entry["number"])),
        "runs": runs,
        "words": {lang: words_changed(was, now, lang) for lang in LANGUAGES if lang in now.languages},
    }


def _entry(comment: CommentListed, alone: list[MovedAlone]) -> Entry:
    answer = comment["answer"]
    return {
        "id": comment["id"],
        "number": comment["number"],
        "edition": comment["edition_number"],
        "paragraph": comment["paragraph"],
        "kind": comment["kind"],
        "late": comment["late"],
        "text": comment["text"],
        "proposed_words": comment["proposed_words"],
        "outcome": answer["outcome"] if answer else "",
        "because": answer["because"] if answer else "",
        "changed": [effect["what"] for effect in answer["effects"] if effect["kind"] != "none"]
        if answer
        else [],
        "alone": alone,
    }


# --- words -----------------------------------------------------------------------------------------------


def words_changed(before: Report, after: Report, lang: Language) -> list[Compared]:
    """The texts of two editions in which something is different, each by the name of its block."""
    return list(changed_only(compare_paragraphs(worded(before, lang), worded(after, lang))))


def worded(report: Report, lang: Language) -> list[Worded]:
    """What people wrote in a report, in order, each block by its name; nothing that a run gives."""
    return [
        Worded(block.id, "\n".join(line for line in texts_of(block, lang) if line))
        for block in report.blocks
        if isinstance(block, Numbered | Heading)
    ]


# --- what each comment alone would have moved --------------------------------------------------------------


def moved_alone(
    db: Database,
    review: Review,
    run: Run,
    later: Mapping[str, int],
    comments: Sequence[CommentListed],
) -> dict[int, list[MovedAlone]]:
    """The ratings of a run that the changes named in each comment's answer alone would have moved.

    By the row of the comment; `later`: the decided levels of the later run. The run is made again for every
    comment that changed evidence or a decision, with the evaluator alone.
    """
    old = frozen_inputs(db, review, run)
    found: dict[int, list[MovedAlone]] = {comment["id"]: [] for comment in comments}
    for comment in comments:
        effects = comment["answer"]["effects"] if comment["answer"] else []
        counted = {
            effect["event"]
            for effect in effects
            if effect["event"]
            and effect["event"] > old.event
            and effect["kind"] in ("item", "tag", "decision")
        }
        if not counted:
            continue
        decided = dict(old.decided)
        targets = {row["target"] for event in counted for row in _decided_at(db, review, event)}
        for target in targets:
            decided.pop(target, None)
            if target in later:
                decided[target] = later[target]
        found[comment["id"]] = _moved(db, review, run, old, counted, decided)
    return found


def _decided_at(db: Database, review: Review, event: int) -> list[dict[str, str]]:
    return rows(db, DECIDED_AT, {"review": review.id, "event": event})


def _moved(
    db: Database, review: Review, run: Run, old: Frozen, later: set[int], decided: Mapping[str, int]
) -> list[MovedAlone]:
    then = dataclasses.replace(review, framework=old.policy.framework)
    with with_some_events(db, old.event, later):
        measures = compute_measures(db, then, old.policy.rulebook.evidence_measures, old.event)
    words = run.sentences()
    was: dict[str, Rating] = {rating.target: rating for rating in run.result.ratings}
    return [
        {
            "target": rating.target,
            "title": words.title(rating.target),
            "before": words.level_title(rating.target, was[rating.target].level) or was[rating.target].status,
            "after": words.level_title(rating.target, rating.level) or rating.status,
        }
        for rating in infer_of_record(old.policy, measures, decided, with_engine=False).ratings
        if (rating.level, rating.status) != (was[rating.target].level, was[rating.target].status)
    ]
