"""`make cluster-demo`: what stricter rules would do to a dozen reviews, on a Dask cluster on this machine.

Makes up twelve reviews in a database of its own, starts a scheduler and two workers on 127.0.0.1, says what
examples/stricter-rules would move, and stops everything. No evidence here is real, and the rules are an
illustration.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from cluster import log, running_cluster
from generate import FRAMEWORK, make_reviews

from joint_review.opening import init_programme

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "examples" / "stricter-rules" / "rulebook.yml"
REVIEWS, ITEMS = 12, 300


def main() -> int:
    """Run it; returns the exit code of the command."""
    # Ended from outside, everything is stopped as well.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    start = perf_counter()
    with tempfile.TemporaryDirectory(prefix="joint-review-cluster-") as name:
        folder = Path(name)
        path = folder / "programme.db"
        print(f"Making up {REVIEWS} reviews of {ITEMS} items each ...", flush=True)
        db, _ = init_programme(path)
        make_reviews(db, REVIEWS, ITEMS)
        db.conn.close()
        print("Starting a Dask scheduler and two workers on 127.0.0.1 ...", flush=True)
        with running_cluster(folder) as cluster:
            words = ["rules", "impact", FRAMEWORK, str(RULES), "--cluster", cluster.address]
            print(f"\n$ joint-review {' '.join(words)} --db programme.db\n", flush=True)
            command = [sys.executable, "-c", "from joint_review.cli import main; main()", *words]
            done = subprocess.run([*command, "--db", str(path)], cwd=ROOT, timeout=120)
            if done.returncode:
                print(log(folder), file=sys.stderr)
    print(f"\nScheduler and workers are stopped; {perf_counter() - start:.0f} seconds in all.")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
