"""What the overviews show: reviews with their latest run, runs of a review, evidence by domain and kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from assessment.runs.run import Run, decided_levels
from evidence.changed import evidence_changed
from programme.database import Database, one, rows_as
from programme.reviews import Review

# The runs of a review, newest first, with the titles of the levels they came to.
RUNS = """
select r.id, r.made_on, r.result_digest as digest, e.at, e.by,
  (select group_concat(title, ' / ') from (
    select coalesce(x.level_title, 'not rated') as title from rating x
    where x.run_id = r.id and x.kind = 'question' order by x.position)) as position
from run r join event e on e.id = r.added_event
where r.review_id = ? order by r.id desc
"""
LATEST = "select max(id) from run where review_id = :review and (:before is null or id < :before)"


def latest_of(review: str) -> str:
    """SQL: the number of the latest run of a review, which a parameter or a column names; null for none."""
    return f"(select max(id) from run where review_id = {review})"


FACTS = f"""
select r.id, r.made_on, r.software, r.second_engine, r.seed, r.input_digest, r.result_digest,
  r.evidence_digest, e.at, e.by, b.key as rulebook, b.version as rulebook_version,
  r.id = {latest_of("r.review_id")} as latest
from run r join event e on e.id = r.added_event join policy_text b on b.digest = r.rulebook_digest
where r.id = ?
"""
# The decisions that counted in a run: of every target the latest override by then of the level it froze.
DECISIONS = """
select d.target, d.level_key, d.by, d.because, e.at, (
    select a.by from approval a where a.decision_id = d.id and a.added_event <= r.evidence_event
    order by a.id desc limit 1) as approved_by
from run r join json_each(r.decided) j
join decision d on d.id = (
  select max(o.id) from decision o where o.review_id = r.review_id and o.target = j.key
    and o.kind = 'override' and o.level = j.value and o.added_event <= r.evidence_event)
join event e on e.id = d.added_event
where r.id = :run
"""


def latest_run(db: Database, review: Review, *, before: int | None = None) -> int | None:
    """The number of a review's latest run, or of the latest before another; None where there is none."""
    number: int | None = one(db, LATEST, {"review": review.id, "before": before})
    return number


class RunListed(TypedDict):
    """A run of a review in a list."""

    id: int
    made_on: str
    digest: str
    at: str
    by: str
    position: str | None
    """The titles of the levels of its questions."""


class RunFacts(TypedDict):
    """What a run was made with, by whom and when."""

    id: int
    made_on: str
    software: str
    second_engine: str
    seed: int
    input_digest: str
    result_digest: str
    evidence_digest: str
    at: str
    by: str
    rulebook: str
    rulebook_version: str
    latest: bool
    """Whether it is the latest of its review."""


class DecisionCounted(TypedDict):
    """An override that counted in a run."""

    level_key: str
    by: str
    because: str
    at: str
    approved_by: str | None


class _DecisionOfTarget(DecisionCounted):
    target: str


def runs_of(db: Database, review: Review) -> list[RunListed]:
    """The runs of a review, newest first: number, date, who, when, digest and position."""
    return rows_as(RunListed, db, RUNS, [review.id])


def facts_of(db: Database, run: Run) -> RunFacts:
    """What a run was made with, by whom and when."""
    facts = rows_as(RunFacts, db, FACTS, [run.id])[0]
    return {**facts, "latest": bool(facts["latest"])}


def decisions_in(db: Database, run: Run) -> dict[str, DecisionCounted]:
    """The overrides that counted in a run, by domain or question."""
    return {
        row["target"]: {
            "level_key": row["level_key"],
            "by": row["by"],
            "because": row["because"],
            "at": row["at"],
            "approved_by": row["approved_by"],
        }
        for row in rows_as(_DecisionOfTarget, db, DECISIONS, {"run": run.id})
    }


def is_out_of_date(db: Database, review: Review, run: Run, decided: Mapping[str, int] | None = None) -> bool:
    """Whether evidence or decisions have changed since a run, so that assessing again may differ.

    `decided` spares asking for the levels that people have decided by now (see `run.decided_levels`).
    """
    if (decided_levels(db, review) if decided is None else decided) != run.result.inputs.decided:
        return True
    return evidence_changed(db, review, run.event)
