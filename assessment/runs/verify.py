"""A recorded run made again from its frozen inputs, and compared byte for byte.

A run that was recorded in an older format is compared in all that both formats hold: figures, ids, levels,
firings and thresholds. Its sentences are not compared, but its record must still agree with its own digest.

Where words of its evidence were erased since, the digest of the evidence cannot be repeated; all else can.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assessment.runs.result import FORMAT, make_result
from assessment.runs.run import Run, infer_of_record, software_version
from evidence.erased import erased_evidence
from evidence.measures.compute import compute_measures, evidence_digest
from programme.database import Database, rows
from programme.reviews import Review
from rules.engine import available
from rules.loader import PolicySet

FROZEN = """
select evidence_event, evidence_digest, decided, result, result_digest from run where id = ? and review_id = ?
"""
SHOWN = 20
"""How many differences are listed."""


@dataclass(frozen=True)
class Frozen:
    """What a run was made of."""

    policy: PolicySet
    event: int
    """The last event that counted."""
    decided: dict[str, int]
    evidence_digest: str
    result: str
    result_digest: str


@dataclass(frozen=True)
class Verification:
    """What came of making a run again."""

    run: int
    format: int
    """The format that the run was recorded in: of an older one the sentences are not compared."""
    same: bool
    """Whether the result is the same: every byte of it, or (of an older format) every figure, id, level and
    firing; and whether the record is the one that its digest was taken of."""
    second_engine: bool
    """Whether the firings were checked by the inference engine this time."""
    software: str
    """The version that made the run."""
    software_now: str
    differences: tuple[str, ...]
    """Where the results differ: path, recorded and computed value (the first 20)."""
    not_repeated: tuple[str, ...] = ()
    """The items and sources that were erased since: the digest of the evidence is then not compared."""


def frozen_inputs(db: Database, review: Review, run: Run) -> Frozen:
    """The inputs of a run as they were recorded."""
    row = rows(db, FROZEN, [run.id, review.id])[0]
    return Frozen(
        run.policy,
        row["evidence_event"],
        json.loads(row["decided"]),
        row["evidence_digest"],
        row["result"],
        row["result_digest"],
    )


def verify_run(db: Database, review: Review, run: Run) -> Verification:
    """Make a run again from its frozen inputs and compare."""
    frozen = frozen_inputs(db, review, run)
    then = dataclasses.replace(review, framework=frozen.policy.framework)
    with_engine = available()
    measures = compute_measures(db, then, frozen.policy.rulebook.evidence_measures, frozen.event)
    inference = infer_of_record(frozen.policy, measures, frozen.decided, with_engine)
    digest, erased = evidence_digest(db, then, frozen.event), tuple(erased_evidence(db, then, frozen.event))
    inputs = dataclasses.replace(
        run.result.inputs,
        evidence=run.result.inputs.evidence if erased else digest,
        framework=frozen.policy.framework_digest,
        rulebook=frozen.policy.rulebook_digest,
    )
    computed = make_result(frozen.policy, inputs, inference)
    recorded = frozen.result if run.format == FORMAT else run.result.text
    differences = list(_differences(json.loads(recorded), json.loads(computed.text), ""))
    if hashlib.sha256(frozen.result.encode()).hexdigest() != frozen.result_digest:
        differences.insert(0, "the record does not match its digest")
    return Verification(
        run.id,
        run.format,
        computed.text == recorded and not differences,
        with_engine,
        inputs.software,
        software_version(),
        tuple(differences[:SHOWN]),
        erased,
    )


def _differences(recorded: Any, computed: Any, path: str) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(computed, dict):
        for key in sorted({*recorded, *computed}):
            yield from _differences(recorded.get(key), computed.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(recorded, list) and isinstance(computed, list) and len(recorded) == len(computed):
        for position, (one, other) in enumerate(zip(recorded, computed, strict=True)):
            yield from _differences(one, other, f"{path}[{position}]")
    elif recorded != computed:
        yield f"{path}: recorded {_short(recorded)}, computed {_short(computed)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
