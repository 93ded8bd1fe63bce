"""What takes a while to work out, worked out once and kept in memory.

Of a run is kept what follows from it alone: runs never change, and what people add later (decisions,
statements of confidence) is read anew for every page. What follows from the evidence as it stands is kept
until the next event (`until_changed`). The oldest results are dropped. Reviews with more than MOST_ITEMS
items are left to the command line, so that no page holds the server up.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypedDict, TypeVar

from assessment.reasons.support import Supports, supports_of
from assessment.robustness.alternatives import Baseline, load_baseline
from assessment.robustness.next_evidence import Next, look_next
from assessment.robustness.smallest import SmallestChanges, smallest_changes
from assessment.robustness.tornado import Tornado, tornado
from assessment.robustness.uncertainty import Uncertainty, measure_uncertainty
from assessment.robustness.whatif import LeftOut, Resting, leave_one_out
from assessment.runs.changes import RunChanges, compare_runs
from assessment.runs.run import Run, load_run
from programme.database import Database, one, rows
from programme.reviews import Review
from programme.seals import last_digest
from rules.errors import ReviewError, RunImpossible, RunUnreadable

T = TypeVar("T")

MOST_ITEMS = 10_000
"""Items of a review up to which pages try alternatives and draw again: some seconds of work."""
DRAWS, MOST_DRAWS = 2_000, 10_000
"""How often pages draw, unless told, and at most."""
BEYOND_PAGES = "Ask whoever runs this server to compute it there, where there is no limit."


class TooLarge(ReviewError):
    """The review is too large for a page to try alternatives of it."""


class Kept:
    """Results by key, the latest used last; safe between threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave for this key, now or before; what it raises is not kept."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                before: T = self._found[key]
                return before
        made = make()
        with self._lock:
            self._found[key] = made
            self._found.move_to_end(key)
            while len(self._found) > self.most:
                self._found.popitem(last=False)
        return made

    def __len__(self) -> int:
        return len(self._found)


KEPT, CURRENT = Kept(64), Kept(128)
"""What follows from runs, and what follows from all that stands in the database: many small pictures."""


def supports_of_latest(db: Database, review: Review) -> Supports | None:
    """What everything in the latest run of a review rests on; None without a run, or where it cannot be told.

    The run itself is read only if that is not known yet.
    """
    found = rows(db, LATEST, [review.id])
    if not found:
        return None
    key = (_file_of(db), found[0]["id"], found[0]["result_digest"], found[0]["corrected"], "supports")
    try:
        return KEPT.get(key, lambda: Worked(db, review, load_run(db, review, found[0]["id"])).supports())
    except (RunImpossible, RunUnreadable, TooLarge):
        return None


LATEST = """
select id, result_digest, (select coalesce(max(added_event), 0) from source_was) as corrected
from run where review_id = ? order by id desc limit 1
"""


def until_changed(db: Database, name: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives for all that stands in the database, kept under a name until the next event."""
    return CURRENT.get((_file_of(db), last_digest(db.conn), name), make)


def _file_of(db: Database) -> str:
    return next(str(row[2]) for row in db.conn.execute("pragma database_list") if row[1] == "main")


ITEMS = "select count(*) from evidence where review_id = ? and added_event <= ?"


class RestsOn(TypedDict):
    """A source that alone decides a rating."""

    source: str
    after: str | None
    """The level without it; None where all items are from it."""
    hidden: bool
    """Whether a person's rating counts, so that only the proposal would change."""


class Mark(TypedDict, total=False):
    """What pages say beside a rating, as far as it can be worked out."""

    rests_on: list[RestsOn]
    chance: float
    """The share of draws that give its level."""


class Worked:
    """A run of a review, and what is worked out from it. All raise RunImpossible, or TooLarge."""

    def __init__(self, db: Database, review: Review, run: Run) -> None:
        self.db, self.review, self.run = db, review, run
        # Sources are called by the numbers that they have now.
        self._key = (_file_of(db), run.id, run.digest, run.corrected)

    def once(self, name: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives for this run, kept under a name."""
        return KEPT.get((*self._key, name), make)

    def _check_size(self) -> None:
        parameters = [self.review.id, self.run.event]
        items = self.once("items", lambda: int(one(self.db, ITEMS, parameters)))
        if items > MOST_ITEMS:
            raise TooLarge(
                f"this review has {items:,} items, too many to compute this on a page"
                f" (at most {MOST_ITEMS:,})",
                hint=BEYOND_PAGES,
            )

    @property
    def baseline(self) -> Baseline:
        """The run, ready for alternatives."""
        self._check_size()
        return self.once("baseline", lambda: load_baseline(self.db, self.review, self.run))

    def turns(self) -> LeftOut:
        """Every source and item left out in turn: see `assessment.robustness.whatif.leave_one_out`."""
        baseline = self.baseline
        return self.once("turns", lambda: leave_one_out(self.db, baseline))

    def smallest(self, target: str) -> SmallestChanges:
        """The smallest changes that move a target: see `assessment.robustness.smallest`."""
        baseline = self.baseline
        return self.once(("smallest", target), lambda: smallest_changes(self.db, baseline, target))

    def tornado(self, target: str, language: str) -> Tornado:
        """What moves a domain or question: see `assessment.robustness.tornado`."""
        baseline = self.baseline
        return self.once(("tornado", target, language), lambda: tornado(baseline, self.run, target, language))

    def sure(self, draws: int = DRAWS, seed: int = 0) -> Uncertainty:
        """How sure the run is: see `assessment.robustness.uncertainty`."""
        self._check_size()
        return self.once(
            ("sure", draws, seed),
            lambda: measure_uncertainty(self.db, self.review, self.run, draws=draws, seed=seed),
        )

    def ahead(self, draws: int = DRAWS, seed: int = 0) -> Next:
        """Where to look next: see `assessment.robustness.next_evidence`."""
        self._check_size()
        return self.once(
            ("ahead", draws, seed),
            lambda: look_next(self.db, self.review, self.run, draws=draws, seed=seed),
        )

    def changes(self, before: Run) -> RunChanges:
        """What changed since an earlier run: see `assessment.runs.changes.compare_runs`."""
        self._check_size()
        name = ("changes", before.id, before.digest)
        return self.once(name, lambda: compare_runs(self.db, self.review, before, self.run))

    def supports(self) -> Supports:
        """What everything in the run rests on: see `assessment.reasons.support`."""

        def make() -> Supports:
            self._check_size()
            return supports_of(self.db, self.review, self.run)

        return self.once("supports", make)

    def marks(self) -> dict[str, Mark]:
        """By target: `rests_on` (see `_resting`) and `chance` (the share of draws that give its level).

        Without what cannot be worked out: a run of other software, a review too large, nothing to draw.
        """
        marks: dict[str, Mark] = {}
        try:
            for resting in self.turns()["rests_on_one_source"]:
                marks.setdefault(resting["target"], {})["rests_on"] = _resting(resting)
        except (RunImpossible, TooLarge):
            pass
        try:
            for target in self.sure().targets:
                if target.status in ("proposed", "insufficient"):
                    marks.setdefault(target.target, {})["chance"] = target.agreement
        except (RunImpossible, TooLarge):
            pass
        return marks


def _resting(found: Resting) -> list[RestsOn]:
    """The sources that alone decide a target.

    `source`; `after`, the level without it (None: all items are from it); `hidden`, where a person's rating
    counts and only the proposal would change.
    """
    sources: list[RestsOn] = [
        {"source": one["source"], "after": one["after"], "hidden": one["hidden"]} for one in found["deciding"]
    ]
    only = found["only_source"]
    if only and only not in [one["source"] for one in sources]:
        sources.append({"source": only, "after": None, "hidden": False})
    return sources
