"""Whether a run is out of date is answered from the events since, and never differently from all evidence."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from assessment_example import AT, WELSH, add, assess_plainly, item_at, last_event, new_review, rate_approved
from evidence_rows import Row, finding, survey

from assessment.decisions.decide import accept, override
from assessment.decisions.standing import Standing
from assessment.runs.recorded import is_out_of_date
from assessment.runs.run import Run, decided_levels, load_run
from evidence.changed import CHANGED, evidence_changed
from evidence.findings import Said, change_finding
from evidence.items import tag_item, withdraw_item
from evidence.measures.compute import evidence_digest
from programme.database import Database, one, rows, transaction
from programme.reviews import Review
from rules.errors import ReviewError

BY: dict[str, Any] = {"by": "reviewer-1", "at": AT}
DOMAINS = ("carers", "assessment", "workforce")


def differs(db: Database, review: Review, run: Run) -> bool:
    """Whether a run is out of date, found the long way: from all evidence that counts now."""
    inputs = run.result.inputs
    evidence = evidence_digest(db, review, last_event(db))
    return bool(evidence != inputs.evidence or decided_levels(db, review) != inputs.decided)


@dataclass
class Office:
    """Two reviews at work: every step does something that somebody could do, by chance."""

    db: Database
    chance: random.Random
    reviews: list[Review] = field(default_factory=list)
    runs: list[tuple[Review, Run]] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def step(self) -> str:
        """Do something; what is refused is left."""
        steps: dict[str, Callable[[Review], object]] = {
            "import": self.import_rows,
            "replace": self.replace,
            "tag": self.tag,
            "withdraw tag": self.withdraw_tag,
            "withdraw": self.withdraw,
            "bring back": self.bring_back,
            "change": self.change,
            "override": self.override,
            "take back": self.take_back,
            "assess": self.assess,
        }
        name = self.chance.choice(list(steps))
        try:
            steps[name](self.chance.choice(self.reviews))
        except ReviewError:
            return f"{name}, refused"
        return name

    def import_rows(self, review: Review) -> None:
        made = [self._row() for _ in range(self.chance.randint(1, 3))]
        self.rows.setdefault(review.key, []).extend(made)
        add(self.db, review, *made)

    def _row(self) -> Row:
        domains = ";".join(self.chance.sample(DOMAINS, self.chance.randint(0, 2)))
        if self.chance.random() < 0.2:
            return survey("S1", f"Question {self.chance.random()}", 60, 120, domains=domains)
        return finding("I1", domains=domains)

    def replace(self, review: Review) -> None:
        """A row as it was, or changed, imported again in the place of what is there."""
        row = self._known(review)
        if self.chance.random() < 0.5 and "finding" in row:
            row = {**row, "significance": self.chance.randint(1, 3)}
        add(self.db, review, row, replace=True)

    def bring_back(self, review: Review) -> None:
        """A row as it was first imported, where its item was withdrawn."""
        add(self.db, review, self._known(review))

    def _known(self, review: Review) -> Row:
        return self.chance.choice(self.rows.get(review.key) or [self._row()])

    def _item(self, review: Review) -> int:
        sql = "select id from evidence where review_id = ? and withdrawn_event is null order by id"
        return int(self.chance.choice([row["id"] for row in rows(self.db, sql, [review.id])] or [1]))

    def tag(self, review: Review) -> None:
        tag_item(self.db, review, self._item(review), [self.chance.choice(DOMAINS)], **BY)

    def withdraw_tag(self, review: Review) -> None:
        number, domain = self._item(review), self.chance.choice(DOMAINS)
        withdraw_item(self.db, review, number, domain=domain, because="Wrong.", **BY)

    def withdraw(self, review: Review) -> None:
        withdraw_item(self.db, review, self._item(review), because="Doubtful.", **BY)

    def change(self, review: Review) -> None:
        level, domain = str(self.chance.randint(1, 3)), self.chance.choice(DOMAINS)
        said = Said("Said otherwise.", "weakness", level, domains=(domain,))
        change_finding(self.db, review, self._item(review), said, because="Misread.", **BY)

    def override(self, review: Review) -> None:
        level = self.chance.choice(("poor", "excellent"))
        rate_approved(self.db, review, "carers", level, by="lead", because="Seen.", at=AT)

    def take_back(self, review: Review) -> None:
        override(self.db, review, "carers", None, by="lead", because="Not so.", at=AT)

    def assess(self, review: Review) -> None:
        self.runs.append((review, assess_plainly(self.db, review)))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_events_since_tell_what_all_evidence_tells(db: Database, seed: int) -> None:
    office = Office(db, random.Random(seed))
    office.reviews = [new_review(db, "r1"), new_review(db, "r2")]
    for review in office.reviews:
        office.import_rows(review)
        office.assess(review)
    answers: list[bool] = []
    for number in range(60):
        what = office.step()
        for review, run in office.runs:
            long_way = differs(db, review, run)
            assert is_out_of_date(db, review, run) is long_way, (number, what, review.key, run.id)
            answers.append(long_way)
    assert min(answers.count(True), answers.count(False)) >= 10
    _seal_as_an_upgrade_does(db)
    for review, run in office.runs:
        assert is_out_of_date(db, review, run) is differs(db, review, run)
    for _ in range(10):
        office.step()
        for review, run in office.runs:
            assert is_out_of_date(db, review, run) is differs(db, review, run)


def _seal_as_an_upgrade_does(db: Database) -> None:
    """As in a file from before events were sealed: one event, of whatever review, holds all older rows."""
    with transaction(db):
        db.conn.execute("drop trigger sealed_rows_never_delete")
        for table in ("evidence", "tag"):
            db.conn.execute("delete from sealed_rows where table_name = ?", [table])
            count = one(db, f"select max(id) from {table}")
            db.conn.execute(
                "insert into sealed_rows"
                " (event_id, table_name, column_name, first_id, last_id, rows, columns, digest, naming)"
                " values (?, ?, '', 1, ?, ?, '', '', x'')",
                [last_event(db), table, count, count],
            )


def test_what_was_undone_leaves_a_run_up_to_date(db: Database) -> None:
    row = finding("I1")
    review = new_review(db, "r1", "wales-round-2", row, finding("G1"))
    run = assess_plainly(db, review)
    number = item_at(db, review, row)
    tag_item(db, review, number, ["workforce"], **BY)
    assert is_out_of_date(db, review, run)
    withdraw_item(db, review, number, domain="workforce", because="Wrong.", **BY)
    assert not is_out_of_date(db, review, run)
    more = finding("O1")
    add(db, review, more)
    withdraw_item(db, review, item_at(db, review, more), because="Hearsay.", **BY)
    assert not is_out_of_date(db, review, run)
    withdraw_item(db, review, number, because="Doubtful.", **BY)
    assert is_out_of_date(db, review, run)


def test_an_item_put_in_the_place_of_another_that_says_the_same_leaves_a_run_up_to_date(db: Database) -> None:
    row = finding("I1")
    review = new_review(db, "r1", "wales-round-2", row, finding("G1"))
    run, number = assess_plainly(db, review), item_at(db, review, row)
    add(db, review, {**row, "significance": 3}, replace=True)
    assert is_out_of_date(db, review, run)
    add(db, review, row, replace=True)
    assert item_at(db, review, row) != number
    assert not is_out_of_date(db, review, run)


def test_what_happens_in_another_review_leaves_a_run_up_to_date(db: Database) -> None:
    row = finding("I1")
    review, other = new_review(db, "r1", "wales-round-2", row), new_review(db, "r2", "wales-round-2", row)
    run = assess_plainly(db, review)
    add(db, other, *(finding("G1") for _ in range(5)))
    withdraw_item(db, other, item_at(db, other, row), because="Doubtful.", **BY)
    assert not is_out_of_date(db, review, run)


def test_a_decision_that_counts_makes_a_run_out_of_date_and_an_acceptance_does_not(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *(finding("I1") for _ in range(3)), finding("G1"))
    run = assess_plainly(db, review)
    accept(db, review, "carers", by="moderator-1", at=AT)
    assert not is_out_of_date(db, review, load_run(db, review))
    rate_approved(db, review, "carers", "poor", by="lead", because="Seen.", at=AT)
    assert Standing(db, review).counting == decided_levels(db, review) == {"carers": 1}
    assert is_out_of_date(db, review, run)


def test_only_rows_that_the_reviews_own_events_touched_are_looked_at(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *(finding("I1") for _ in range(3)))
    asked = {"review": review.id, "event": last_event(db)}
    plan = [row[3] for row in db.conn.execute(f"explain query plan {CHANGED}", asked)]
    reads = [step for step in plan if step.startswith(("SCAN", "SEARCH"))]
    # What is scanned are the rows that changed, gathered before: never a table, nor an index from its start.
    scanned = [step for step in reads if step.startswith("SCAN")]
    assert set(scanned) <= {"SCAN CONSTANT ROW", "SCAN later", "SCAN b", "SCAN e"}
    assert not any("evidence_of_review" in step or "tag_of_domain" in step for step in reads)
    assert "SEARCH event USING COVERING INDEX event_of_review (review_id=? AND rowid>?)" in reads


def test_how_long_it_takes_does_not_depend_on_how_much_evidence_there_is(db: Database) -> None:
    """Counted in steps of SQLite's machine: the same after ten items as after a thousand."""

    def steps(review: Review) -> int:
        event, taken = last_event(db), 0

        def count() -> int:
            nonlocal taken
            taken += 1
            return 0

        tag_item(db, review, int(one(db, "select max(id) from evidence")), ["workforce"], **BY)
        db.conn.set_progress_handler(count, 1)
        try:
            assert evidence_changed(db, review, event)
        finally:
            db.conn.set_progress_handler(None, 0)
        return taken

    small = new_review(db, "r1", "wales-round-2", *(finding("I1") for _ in range(10)))
    few = steps(small)
    large = new_review(db, "r2", "wales-round-2", *(finding("I1") for _ in range(1_000)))
    assert steps(large) <= few * 1.2


def test_a_run_of_a_review_without_evidence_is_out_of_date_once_there_is_some(db: Database) -> None:
    review = new_review(db, "r1")
    run = assess_plainly(db, review, WELSH)
    assert not is_out_of_date(db, review, run)
    row = finding("I1")
    add(db, review, row)
    assert is_out_of_date(db, review, run)
    withdraw_item(db, review, item_at(db, review, row), because="Doubtful.", **BY)
    assert not is_out_of_date(db, review, run)
