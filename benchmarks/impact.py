"""What a changed rulebook would do to 150 reviews: one process beside two Dask workers.

`measure_impact` makes the reviews up, each of a few thousand items, runs `comparison.impact.rules_impact` in
this process and on a scheduler with two workers on this machine, by turns, and stops where the two say
different things. All are warm: the libraries are loaded and the workers are up. Efficiency is the time of one
process divided by twice the time of two workers; 1 would be no loss at all. By processor time, which a busy
machine disturbs less, it is the time of the one divided by all that the others use.

    python benchmarks/impact.py              150 reviews of 3,000 items
    python benchmarks/impact.py 20 500
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import psutil
from cluster import Cluster, running_cluster
from generate import FRAMEWORK, make_reviews
from rounds import Took

from comparison.impact import rules_impact
from joint_review.cli.impact import policy_named
from joint_review.opening import init_programme
from programme.database import Database

RULES = Path(__file__).resolve().parent.parent / "examples" / "stricter-rules" / "rulebook.yml"
WORKERS = 2


@dataclass(frozen=True)
class Impact:
    """What all reviews under both rulebooks took."""

    reviews: int
    items: int
    """Of each review."""
    moved: int
    """Ratings that move."""
    alone: list[Took]
    """What one process took, by round."""
    shared: list[Took]
    """What the workers took, by round; processor time of scheduler, workers and the one who asks."""


def measure_impact(reviews: int = 150, items: int = 3_000, rounds: int = 3) -> Impact:
    """Both ways over the same reviews, by turns; SystemExit where they differ."""
    with tempfile.TemporaryDirectory(prefix="joint-review-impact-") as name:
        folder = Path(name)
        path = folder / "programme.db"
        db, _ = init_programme(path)
        try:
            make_reviews(db, reviews, items)
            with running_cluster(folder, WORKERS) as cluster:
                ways: dict[str, dict[str, Any]] = {"alone": {}, "shared": {"cluster": cluster.address}}
                taken: dict[str, list[Took]] = {"alone": [], "shared": []}
                said: dict[str, str] = {}
                for number in range(rounds + 1):
                    for way, options in ways.items():
                        start, used = perf_counter(), _used(cluster)
                        said[way] = _impact(db, path, options)
                        took = Took(perf_counter() - start, _used(cluster) - used, 0)
                        if number:  # the first round loads what is needed
                            taken[way].append(took)
                if said["alone"] != said["shared"]:
                    sys.exit("the workers say something else than one process")
        finally:
            db.conn.close()
    moved = json.loads(said["alone"])["moved"]
    count = sum(moved[way] for way in ("up", "down", "rated", "unrated"))
    return Impact(reviews, items, count, taken["alone"], taken["shared"])


def _used(cluster: Cluster) -> float:
    """Processor time so far of this process and the cluster's."""
    times = [psutil.Process(one.pid).cpu_times() for one in (cluster.scheduler, *cluster.workers)]
    return process_time() + sum((one.user + one.system for one in times), 0.0)


def _impact(db: Database, path: Path, options: dict[str, Any]) -> str:
    found = rules_impact(db, path, policy_named(FRAMEWORK), policy_named(str(RULES)), **options)
    return json.dumps(found, sort_keys=True)


if __name__ == "__main__":
    print(json.dumps(asdict(measure_impact(*map(int, sys.argv[1:]))), indent=2))
