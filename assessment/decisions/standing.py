"""Where the decisions of a review stand: every part read once, when it is first asked for.

A page, or an action, makes one `Standing` and asks it for every rating; nothing is asked of the database
again for each of them. It is as old as its first question: make another one after something was decided.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypedDict

from assessment.decisions.challenges import open_challenges
from assessment.reasons.grid import CELL
from assessment.runs.recorded import latest_of
from programme.database import Database, rows_as
from programme.reviews import Review
from rules.errors import RunImpossible, UnknownName
from rules.framework import Framework
from rules.remedy import Assess

# The latest run and the ones named, each rating a row.
SEEN = f"""
select r.id, r.cell, e.by, x.target, x.status, x.level, x.level_key, x.level_title, x.proposed
from run r join event e on e.id = r.added_event left join rating x on x.run_id = r.id
where r.review_id = :review
  and (r.id = {latest_of(":review")}
    or r.id in (select value from json_each(:runs)))
"""
DECISIONS = "select * from decision_state where review_id = ? order by id"
PANELS = "select target, id, state, voted from panel_state where review_id = ?"
# The first run later than the one looked at that gives a rating another level, or another proposal.
OUTDATED = f"""
select x.target, min(case when l.level_key is not x.level_key then r.id end) as level_key,
  min(case when l.proposed is not x.proposed then r.id end) as proposed
from rating x join run r on r.review_id = :review and r.id > :run
left join rating l on l.run_id = r.id and l.target = x.target
where x.run_id = :run group by x.target
union all
select '{CELL}', min(r.id), min(r.id) from run x join run r on r.review_id = x.review_id and r.id > x.id
where x.id = :run and r.cell is not x.cell
"""


class RatingSeen(TypedDict):
    """A rating of a run; of the cell, `level` is None and the others are made of those of the questions."""

    status: str
    level: int | None
    level_key: str | None
    level_title: str | None
    proposed: str | None


class Decided(TypedDict):
    """The latest decision on a domain, a question or the cell: a row of `decision_state`."""

    id: int
    review_id: int
    target: str
    kind: str
    level: int | None
    level_key: str | None
    proposed: str | None
    by: str
    because: str
    at: str
    run_id: int | None
    approved_by: str | None
    approved_at: str | None
    approved_run_id: int | None
    lapsed_run_id: int | None
    state: str


class _RunRow(TypedDict):
    id: int
    cell: str | None
    by: str
    target: str | None
    status: str
    level: int | None
    level_key: str | None
    level_title: str | None
    proposed: str | None


class _PanelRow(TypedDict):
    target: str
    id: int
    state: str
    voted: int


class _OutdatedRow(TypedDict):
    target: str
    level_key: int | None
    proposed: int | None


class _Number(TypedDict):
    id: int


Said = Literal["level_key", "proposed"]
"""What a run says of a rating: its level, or what its rules propose."""


def rating_in_words(framework: Framework, target: str) -> str:
    """What a refusal calls a rating: 'the rating of “Getting help”', or the position on the grid."""
    return "the position on the grid" if target == CELL else f"the rating of “{framework.title_of(target)}”"


@dataclass(frozen=True)
class Seen:
    """A run of a review as somebody looks at it who decides."""

    id: int
    by: str
    """Who made it."""
    ratings: dict[str, RatingSeen]
    """By domain and question, and of the cell."""


class Standing:
    """What stands before who decides on the ratings of a review; `runs`: those that will be looked at."""

    def __init__(self, db: Database, review: Review, *runs: int) -> None:
        self.db, self.review, self._named = db, review, frozenset(runs)
        self._challenged: dict[int | None, dict[str, list[int]]] = {}
        self._outdated: dict[int, dict[str, _OutdatedRow]] = {}

    @property
    def latest(self) -> Seen | None:
        """The latest run; None before the first."""
        return max(self._runs.values(), key=lambda seen: seen.id, default=None)

    def looked_at(self, run: int | None = None) -> Seen:
        """The latest run or the one named; raises RunImpossible or UnknownName."""
        if run is not None and run not in self._runs:
            self._runs.update(self._seen(run))
        found = self.latest if run is None else self._runs.get(run)
        if found is None and run is None:
            raise RunImpossible(
                f"the review {self.review.key} has not been assessed yet, so there is no rating to decide on",
                remedies=[Assess(self.review.key)],
            )
        if found is None:
            known = rows_as(_Number, self.db, "select id from run where review_id = ?", [self.review.id])
            raise UnknownName(f"run of {self.review.key}", str(run), [str(row["id"]) for row in known])
        return found

    @cached_property
    def _runs(self) -> dict[int, Seen]:
        """The runs looked at so far, among them the latest."""
        return self._seen(*self._named)

    def _seen(self, *runs: int) -> dict[int, Seen]:
        found: dict[int, list[_RunRow]] = {}
        for row in rows_as(_RunRow, self.db, SEEN, {"review": self.review.id, "runs": json.dumps(runs)}):
            found.setdefault(row["id"], []).append(row)
        return {run: self._as_seen(of_run) for run, of_run in found.items()}

    def _as_seen(self, found: list[_RunRow]) -> Seen:
        first = found[0]
        ratings: dict[str, RatingSeen] = {
            row["target"]: {
                "status": row["status"],
                "level": row["level"],
                "level_key": row["level_key"],
                "level_title": row["level_title"],
                "proposed": row["proposed"],
            }
            for row in found
            if row["target"] is not None
        }
        questions = [ratings[q.id] for q in self.review.framework.questions if q.id in ratings]
        states = {rating["status"] for rating in questions}
        ratings[CELL] = {
            "status": next((s for s in ("open", "insufficient") if s in states), "proposed"),
            "level": None,
            "level_key": first["cell"],
            "level_title": " / ".join(rating["level_title"] or "not rated" for rating in questions),
            "proposed": first["cell"],
        }
        return Seen(first["id"], first["by"], ratings)

    @cached_property
    def decisions(self) -> dict[str, Decided]:
        """The decision that stands, by domain, question and cell."""
        return {row["target"]: row for row in rows_as(Decided, self.db, DECISIONS, [self.review.id])}

    @property
    def counting(self) -> dict[str, int]:
        """The levels that count in the next run: what `assessment.runs.run.decided_levels` gives."""
        return {
            target: row["level"]
            for target, row in self.decisions.items()
            if row["kind"] == "override" and row["state"] == "approved" and row["level"] is not None
        }

    @cached_property
    def _panels(self) -> list[_PanelRow]:
        return rows_as(_PanelRow, self.db, PANELS, [self.review.id])

    @property
    def voting(self) -> dict[str, int]:
        """The number of the panel that is voting, by domain and question."""
        return {row["target"]: row["id"] for row in self._panels if row["state"] == "open"}

    @property
    def voted(self) -> frozenset[str]:
        """The domains and questions that a panel has voted on."""
        return frozenset(row["target"] for row in self._panels if row["state"] != "open" and row["voted"])

    def challenged(self, run: int | None) -> dict[str, list[int]]:
        """The open challenges to what a run's ratings rest on: see `challenges.open_challenges`."""
        if run not in self._challenged:
            runs: set[int | None] = {run, *self._runs} - self._challenged.keys()
            self._challenged |= open_challenges(self.db, self.review, runs)
        return self._challenged[run]

    def outdated(self, seen: Seen, target: str, what: Said) -> int | None:
        """The first run later than the one looked at whose rating has another `what`."""
        if self.latest and self.latest.id == seen.id:
            return None
        if seen.id not in self._outdated:
            found = rows_as(_OutdatedRow, self.db, OUTDATED, {"review": self.review.id, "run": seen.id})
            self._outdated[seen.id] = {row["target"]: row for row in found}
        row = self._outdated[seen.id].get(target)
        return row[what] if row else None
