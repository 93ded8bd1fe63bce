"""Leave-one-out over every item and source, beside measuring and rating again without each.

`measure_leave_one_out` makes a review of generated evidence and times both ways in this process: all
alternatives at once (`assessment.robustness.whatif.leave_one_out`), and, for a sample of items spread over
the review, `compute_measures` and `infer` from scratch without the item. Both come to the same ratings, or it
stops.

    python benchmarks/leave_one_out.py            5,000 items
    python benchmarks/leave_one_out.py 20000
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from generate import FRAMEWORK, write_evidence

from assessment.robustness.alternatives import load_baseline
from assessment.robustness.whatif import leave_one_out
from assessment.runs.run import assess, infer_of_record
from evidence.intake.importing import import_files
from evidence.measures.scenarios import compute_measures_without
from joint_review.opening import init_programme
from programme.reviews import create_review
from rules.loader import load_policy

NOW = datetime(2009, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LeaveOneOut:
    """What leave-one-out took over a whole review, and what it would take from scratch."""

    items: int
    sources: int
    loading: float
    """Seconds to make the run's own measures and ratings again from the database."""
    at_once: float
    """Seconds for all alternatives, with the table of what flips (median of the rounds)."""
    from_scratch: float
    """Seconds to measure and rate again without one item (median of the sample)."""
    ratio: float
    """All alternatives at once divided by all of them from scratch; loading counts to the first."""


def measure_leave_one_out(items: int = 5_000, sample: int = 20, rounds: int = 3) -> LeaveOneOut:
    """Both ways over the same generated review; SystemExit where they differ."""
    with tempfile.TemporaryDirectory() as folder:
        db, _ = init_programme(Path(folder) / "programme.db")
        try:
            policy = load_policy(FRAMEWORK)
            review = create_review(
                db,
                "bench",
                "Bench",
                FRAMEWORK,
                window_from=date(2004, 1, 1),
                window_to=date(2008, 12, 31),
                by="bench",
                at=NOW,
            )
            import_files(db, review, write_evidence(Path(folder), items), by="bench", at=NOW)
            run = assess(db, review, policy, on=NOW.date(), by="bench", at=NOW, use_engine=False)
            start = perf_counter()
            base = load_baseline(db, review, run)
            loading = perf_counter() - start
            took = []
            for _ in range(rounds):
                start = perf_counter()
                found = leave_one_out(db, base)
                took.append(perf_counter() - start)
            flips = {
                one["item"]: {flip["target"]: flip["after"] for flip in one["flips"]}
                for one in found["by_item"]
            }
            numbers = sorted(set(base.counted.item.tolist()))
            alone = []
            for number in numbers[:: max(len(numbers) // sample, 1)]:
                start = perf_counter()
                made = compute_measures_without(
                    db, base.review, policy.rulebook.evidence_measures, base.event, [number]
                )
                after = infer_of_record(policy, made, base.decided, with_engine=False)
                alone.append(perf_counter() - start)
                changed = {
                    rating.target: base.level_title(rating.target, rating.level or 0)
                    for rating, was in zip(after.ratings, base.inference.ratings, strict=True)
                    if rating.level != was.level
                }
                expected = {name: to for name, to in flips.get(f"E{number}", {}).items() if name != "cell"}
                if changed != expected:
                    sys.exit(f"without E{number}: {changed} from scratch, {expected} at once")
        finally:
            db.conn.close()
    at_once, once = median(took), median(alone)
    alternatives = found["items"] + found["sources"]
    ratio = (loading + at_once) / (once * alternatives)
    return LeaveOneOut(found["items"], found["sources"], loading, at_once, once, ratio)


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    print(json.dumps(asdict(measure_leave_one_out(size)), indent=2))
