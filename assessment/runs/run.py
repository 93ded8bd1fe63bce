"""One assessment: inputs frozen, measures computed, rules applied, everything recorded and never changed.

A run is its inputs: framework, rulebook, the evidence that counts, what people decided, software version,
date and seed. Assessing again with the same inputs gives the run that is already there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import lru_cache, partial
from importlib.metadata import version

from pydantic import BaseModel, ValidationError

from assessment.actions import AssessmentAction
from assessment.runs.result import (
    FORMAT,
    FORMATS,
    Inputs,
    Result,
    UnknownFormat,
    canonical,
    make_result,
    read_result,
)
from evidence.measures.compute import behind, compute_measures, evidence_digest
from evidence.series import refuse_out_of_order
from programme.database import Act, Database, add_event, insert, last_event, one, one_state, rows, transaction
from programme.reviews import Review, find_review
from rules.engine import EngineWorker, available, engine_names, fire_of_record
from rules.errors import RunImpossible, RunUnreadable, UnknownName
from rules.inference import Inference, Rating, infer
from rules.loader import PolicySet
from rules.ratings import Measured
from rules.remedy import Assess, UpgradeDatabase
from rules.rulebook import Of
from rules.sentences import Sentences
from rules.stored import stored_policy


@dataclass(frozen=True)
class Run:
    """A recorded run: its number and its whole result."""

    id: int
    review: str
    digest: str
    """SHA-256 of the record."""
    result: Result
    """Figures, ids, levels and firings; the same inputs give the same bytes."""
    policy: PolicySet = field(compare=False, repr=False)
    """The framework and rulebook as they were frozen with the run (`digest` covers them)."""
    event: int = 0
    """The last event whose evidence counted."""
    is_new: bool = False
    """False when the same inputs had been assessed before."""
    format: int = FORMAT
    """The format that the run was recorded in."""
    corrected: int = field(default=0, compare=False)
    """The last correction of a source when the run was read: sources are called by the numbers of then."""

    def rating(self, target: str) -> Rating:
        """The rating of a domain or question; raises UnknownName."""
        return self.result.rating(target)

    def sentences(self, language: str = "en") -> Sentences:
        """What people read of the run, by the framework and rulebook that were frozen with it."""
        return Sentences(self.policy, language)


def software_version() -> str:
    """Name and version of this software, as runs record it."""
    return f"joint-review {version('joint-review')}"


@dataclass(frozen=True)
class Prepared:
    """An assessment worked out from what stood in the database, and not recorded yet."""

    policy: PolicySet
    event: int
    """The last event that counted."""
    result: Result


def assess(
    db: Database,
    review: Review,
    policy: PolicySet,
    *,
    on: date,
    by: str,
    at: datetime,
    seed: int = 0,
    use_engine: bool | None = None,
) -> Run:
    """Assess a review and record the run; the same inputs give the run already recorded.

    `use_engine` False leaves the inference engine out (the evaluator makes the firings alone and the run
    says so); None uses it where this Python has it. Raises EvidenceInvalid where the periods of a
    series cannot be put in order, EnginesDisagree or EngineFailed, and records nothing then.
    """
    with one_state(db):
        found = prepare_run(db, review, policy, on=on, seed=seed, use_engine=use_engine)
    return found if isinstance(found, Run) else record_run(db, review, found, by=by, at=at)


def prepare_run(
    db: Database,
    review: Review,
    policy: PolicySet,
    *,
    on: date,
    seed: int = 0,
    use_engine: bool | None = None,
) -> Prepared | Run:
    """Everything of `assess` but the recording, in the caller's read transaction; the run that is already
    there, where the same inputs were assessed before. This is what takes long: see docs/performance.md."""
    _check_framework(review, policy)
    with_engine = available() if use_engine is None else use_engine
    event = last_event(db)
    decided = decided_levels(db, review)
    inputs = Inputs(
        review=review.key,
        framework=policy.framework_digest,
        rulebook=policy.rulebook_digest,
        evidence=evidence_digest(db, review, event),
        decided=decided,
        on=on.isoformat(),
        seed=seed,
        software=software_version(),
        engines=engine_names() if with_engine else ("evaluator",),
    )
    known = _made_of(db, inputs)
    if known:
        return load_run(db, review, known)
    refuse_out_of_order(db, review, event)
    measures = compute_measures(db, review, policy.rulebook.evidence_measures, event)
    inference = infer_of_record(policy, measures, decided, with_engine)
    return Prepared(policy, event, make_result(policy, inputs, inference))


def record_run(db: Database, review: Review, found: Prepared, *, by: str, at: datetime) -> Run:
    """Record what `prepare_run` worked out; the run already there, if the same was recorded meanwhile."""
    with transaction(db):
        # Another process may have made the very same run in the meantime.
        known = _made_of(db, found.result.inputs)
        if known:
            return load_run(db, review, known)
        number = _record(db, review, found, by=by, at=at)
    return Run(number, review.key, found.result.digest, found.result, found.policy, found.event, is_new=True)


def _made_of(db: Database, inputs: Inputs) -> int | None:
    """The number of the run with these inputs, in whatever format it was recorded."""
    known = one(db, "select id from run where input_digest = ?", [inputs.digest])
    return None if known is None else int(known)


def _check_framework(review: Review, policy: PolicySet) -> None:
    if policy.framework.id != review.framework.id:
        raise RunImpossible(
            f"the rulebook is for {policy.framework.id}, the review for {review.framework.id}",
            hint="Give a rulebook of the review's framework.",
        )
    if policy.framework_digest != review.framework_digest:
        raise RunImpossible(
            f"the framework {policy.framework.id} has changed since it was put into the database",
            remedies=[UpgradeDatabase()],
        )


def infer_of_record(
    policy: PolicySet, measures: Measured, decided: Mapping[str, int], with_engine: bool
) -> Inference:
    """The inference, with firings made by the engine in a process of its own and checked by the evaluator."""
    if not with_engine:
        return infer(policy.compiled, measures, decided, partial(fire_of_record, worker=None))
    with EngineWorker() as worker:
        return infer(policy.compiled, measures, decided, partial(fire_of_record, worker=worker))


def _record(db: Database, review: Review, found: Prepared, *, by: str, at: datetime) -> int:
    policy, result = found.policy, found.result
    inputs, cell = result.inputs, " / ".join(result.cell) if result.cell else None
    earlier = rows(db, BEFORE, [review.id])
    act = Act(AssessmentAction.ASSESS, by, at, review.id, target=review.key)
    added = add_event(
        db,
        act,
        before=earlier[0] if earlier else None,
        after={"cell": cell, "input_digest": inputs.digest, "result_digest": result.digest},
    )
    _store_policy_text(db, "framework", policy.framework.id, "", policy.framework_digest, policy.framework)
    rulebook = policy.rulebook
    _store_policy_text(db, "rulebook", rulebook.id, rulebook.version, policy.rulebook_digest, rulebook)
    run_id = insert(
        db,
        "run",
        {
            "review_id": review.id,
            "made_on": inputs.on,
            "cell": cell,
            "framework_digest": policy.framework_digest,
            "rulebook_digest": policy.rulebook_digest,
            "evidence_digest": inputs.evidence,
            "evidence_event": found.event,
            "decided": canonical(inputs.decided),
            "software": inputs.software,
            "engines": canonical(inputs.engines),
            "second_engine": "yes" if result.second_engine else "no",
            "seed": inputs.seed,
            "input_digest": inputs.digest,
            "result_digest": result.digest,
            "result": result.text,
            "added_event": added,
        },
    )
    # The tables hold the words of the day as well, for whoever reads them without this program.
    words = Sentences(policy)
    measure_ids = _record_measures(db, run_id, words, result)
    criterion_ids = _record_ratings(db, run_id, words, result, measure_ids)
    db.conn.executemany(
        "insert into firing (run_id, stratum, rule, criterion_id) values (?, ?, ?, ?)",
        [
            (run_id, str(stratum), rule, criterion_ids.get(_criterion_of(policy, rule)))
            for stratum, rule in result.firings
        ],
    )
    db.conn.executemany(
        "insert into gap (run_id, target, title, missing) values (?, ?, ?, ?)",
        [(run_id, gap.target, gap.title, gap.missing) for gap in words.gaps(result.ratings)],
    )
    return run_id


BEFORE = """
select id as run, cell, input_digest, result_digest from run where review_id = ? order by id desc limit 1
"""


def _store_policy_text(
    db: Database, kind: str, key: str, version_: str, text_digest: str, model: BaseModel
) -> None:
    if not one(db, "select 1 from policy_text where digest = ?", [text_digest]):
        body = canonical(model.model_dump(mode="json"))
        row = {"digest": text_digest, "kind": kind, "key": key, "version": version_, "body": body}
        insert(db, "policy_text", row)


def _record_measures(
    db: Database, run_id: int, words: Sentences, result: Result
) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for target, values in result.measures.items():
        for name, value in values.items():
            measure = words.policy.rulebook.measure(name)
            kind, item_filter = (None, "{}") if measure.of is Of.RATINGS else behind(measure)
            found[(target, name)] = insert(
                db,
                "measure",
                {
                    "run_id": run_id,
                    "target": target,
                    "key": name,
                    "title": words.measure_title(name),
                    **asdict(value),
                    "unit": measure.unit,
                    "made_of": measure.of.value,
                    "item_kind": kind,
                    "item_filter": item_filter,
                },
            )
    return found


def _record_ratings(
    db: Database,
    run_id: int,
    words: Sentences,
    result: Result,
    measure_ids: Mapping[tuple[str, str], int],
) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for position, rating in enumerate(map(words.rating, result.ratings), start=1):
        insert(
            db,
            "rating",
            {
                "run_id": run_id,
                "target": rating.target,
                "kind": rating.kind,
                "question": rating.question,
                "title": rating.title,
                "status": rating.status,
                "level": rating.level,
                "level_key": rating.level_id,
                "level_title": rating.level_title,
                "proposed": rating.proposed_id,
                "because": rating.because,
                "position": position,
            },
        )
        for outcome in rating.outcomes:
            found[(rating.target, outcome.part, outcome.criterion)] = insert(
                db,
                "criterion",
                {
                    "run_id": run_id,
                    "target": rating.target,
                    "part": outcome.part,
                    "key": outcome.criterion,
                    "measure_id": measure_ids[(rating.target, outcome.measure)],
                    "met": int(outcome.met),
                    "margin": outcome.margin,
                    "statement": outcome.statement,
                    "needed": outcome.needed,
                    "reference": outcome.reference,
                },
            )
    return found


def _criterion_of(policy: PolicySet, rule: str) -> tuple[str, str, str]:
    meaning = policy.compiled.meaning.get(rule)
    return meaning.key if meaning else ("", "", "")


RECORD = """
select r.id, r.software, r.result_digest, r.result, r.evidence_event, f.body as framework,
  b.body as rulebook,
  (select coalesce(max(added_event), 0) from source_was) as corrected
from run r
join policy_text f on f.digest = r.framework_digest
join policy_text b on b.digest = r.rulebook_digest
where r.review_id = :review and (:run is null or r.id = :run)
order by r.id desc limit 1
"""


_read = lru_cache(maxsize=16)(read_result)
"""Results are kept by a process, so that none is read twice in a row: runs never change."""


def load_run(db: Database, review: Review, run_id: int | None = None) -> Run:
    """A run of the review, the latest unless a number is given, with its frozen framework and rulebook.

    Raises RunImpossible where there is none, UnknownName for a number that no run of the review has, and
    RunUnreadable where another version made it whose record this one cannot read.
    """
    found = rows(db, RECORD, {"review": review.id, "run": run_id})
    if not found and run_id is None:
        raise RunImpossible(
            f"the review {review.key} has not been assessed yet",
            remedies=[Assess(review.key)],
        )
    if not found:
        known = [str(row["id"]) for row in rows(db, "select id from run where review_id = ?", [review.id])]
        raise UnknownName(f"run of {review.key}", str(run_id), known)
    [row] = found
    try:
        policy = stored_policy(row["framework"], row["rulebook"])
        recorded, result = _read(row["result"])
    except UnknownFormat as error:
        formats = " and ".join(map(str, FORMATS))
        raise RunUnreadable(
            f"run {row['id']} was recorded by {row['software']} in {error}, and {software_version()} reads"
            f" formats {formats}",
            hint="Update joint-review to the version that recorded the run, or to a later one.",
        ) from error
    except ValueError as error:
        raise RunUnreadable(
            f"run {row['id']} was recorded by {row['software']}, and {software_version()} cannot read its"
            f" record: {_unreadable(error)}",
            hint="Use the version that recorded it, or assess again.",
            remedies=[Assess(review.key)],
        ) from error
    digest, event = row["result_digest"], row["evidence_event"]
    named = {"format": recorded, "corrected": row["corrected"]}
    return Run(row["id"], review.key, digest, result, policy, event, **named)


def _unreadable(error: ValueError) -> str:
    """What stands in the way of reading a record, in a few words."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'/'.join(map(str, first['loc']))}: {first['msg']} ({error.title})"


def find_run(db: Database, run_id: int) -> tuple[Review, Run]:
    """A run by its number alone, with its review; raises UnknownName."""
    key = one(db, "select v.key from run r join review v on v.id = r.review_id where r.id = ?", [run_id])
    if key is None:
        raise UnknownName("run", str(run_id), [str(row["id"]) for row in rows(db, "select id from run")])
    review = find_review(db, key)
    return review, load_run(db, review, run_id)


COUNTING = """
select target, level from decision_state
where review_id = ? and kind = 'override' and state = 'approved' order by id
"""


def decided_levels(db: Database, review: Review) -> dict[str, int]:
    """The levels people have decided, by domain or question: overrides that another person has approved.

    An override that awaits approval, or whose approval has lapsed, does not count; nor does one that was
    taken back or followed by another decision. An accepted rating is the rules' own and is not among these.
    """
    return {row["target"]: row["level"] for row in rows(db, COUNTING, [review.id])}
