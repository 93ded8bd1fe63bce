"""Runs: the same inputs give the same bytes, everything is recorded once, and nothing is half recorded."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from assessment_example import (
    AT,
    ENGLISH,
    EXAMPLE,
    EXAMPLE_FILES,
    ON,
    ROOT,
    WELSH,
    add,
    assess_plainly,
    item_at,
    last_event,
    load_example,
    new_programme,
    new_review,
    rate_approved,
    tables_of,
)
from evidence_rows import finding, good_domain, indicator, score, survey, whole_review

from assessment.decisions.decide import approve, override
from assessment.reasons.trail import MeasureNode, Node, trail_of
from assessment.runs import run as run_module
from assessment.runs.result import canonical, digest
from assessment.runs.run import (
    Run,
    assess,
    decided_levels,
    find_run,
    infer_of_record,
    load_run,
)
from assessment.runs.schema import TABLES
from evidence.items import withdraw_item
from joint_review.opening import open_programme
from programme.database import Database, one, rows
from programme.reviews import Review, find_review
from rules.engine import EngineWorker, available, engine_names
from rules.errors import (
    DecisionRefused,
    EngineFailed,
    EnginesDisagree,
    RunImpossible,
    UnknownName,
    WordsMissing,
)
from rules.evaluate import Evaluator
from rules.loader import PolicySet
from rules.remedy import Assess, UpgradeDatabase
from rules.sentences import Gap

needs_engine = pytest.mark.skipif(not available(), reason="durable_rules cannot be imported on this Python")
MIXED = [
    *whole_review(),
    score("C1", 3, domains="assessment"),
    score("C2", 1, domains="assessment;care-planning"),
    survey("S1", "Respect", 81.5, 200, domains="care-planning"),
    survey("S0", "Respect", 20, 100, domains="care-planning"),
    indicator("Assessed in time", "2007/08", 59, comparator=68, domains="assessment"),
    finding("D1", "weakness", 3, domains="safeguarding"),
]


@pytest.fixture(scope="module")
def made(shared_db: Database) -> tuple[Database, Review, Run]:
    """A review, assessed once; only looked at."""
    rows_but_one = [row for row in MIXED if row["domains"] != "workforce"]
    review = new_review(shared_db, "r1", "wales-round-2", *rows_but_one, *good_domain("resources", 0, 3))
    rate_approved(shared_db, review, "carers", "poor", by="moderator", because="Seen on visits.", at=AT)
    withdraw_item(
        shared_db, review, item_at(shared_db, review, MIXED[0]), by="lead", because="Recorded twice.", at=AT
    )
    run = assess_plainly(shared_db, review)
    return shared_db, review, run


# The same inputs, the same run ----------------------------------------------------------------------------


def test_the_same_inputs_give_the_run_that_is_already_there(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *MIXED)
    first = assess_plainly(db, review)
    before = tables_of(db)
    second = assess_plainly(db, review, by="somebody else")
    assert (first.is_new, second.is_new) == (True, False)
    assert (second.id, second.digest) == (first.id, first.digest)
    assert second.result.text == first.result.text
    assert tables_of(db) == before


@pytest.mark.parametrize("change", [{"on": date(2009, 6, 2)}, {"seed": 7}])
def test_another_date_or_seed_is_another_run(db: Database, change: dict[str, Any]) -> None:
    review = new_review(db, "r1", "wales-round-2", *MIXED)
    assert assess_plainly(db, review).id != assess_plainly(db, review, **change).id


def test_evidence_that_came_and_went_leaves_the_inputs_as_they_were(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *MIXED)
    first, row = assess_plainly(db, review), finding("I1", "weakness", 3)
    add(db, review, row)
    assert assess_plainly(db, review).id != first.id
    withdraw_item(db, review, item_at(db, review, row), by="lead", because="Another council.", at=AT)
    assert assess_plainly(db, review).id == first.id


def shuffled(folder: Path, seed: int) -> list[Path]:
    """The files of the worked example with their rows, and themselves, in another order."""
    order = random.Random(seed)
    found = []
    for path in EXAMPLE_FILES:
        head, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        order.shuffle(lines)
        (folder / path.name).write_text(head + "".join(lines), encoding="utf-8")
        found.append(folder / path.name)
    order.shuffle(found)
    return found


def test_another_database_with_the_rows_in_another_order_gives_the_same_bytes(tmp_path: Path) -> None:
    assert all("\n" not in cell for path in EXAMPLE_FILES for cell in path.read_text().split('"')[1::2])
    results = []
    for seed, name in enumerate(("first.db", "second.db")):
        db = new_programme(tmp_path, name)
        if seed:
            new_review(db, "another", "wales-round-2", *good_domain("carers"))
        review = load_example(db, shuffled(tmp_path, seed) if seed else EXAMPLE_FILES)
        run = assess_plainly(db, review)
        results.append(run.result.text)
        assert one(db, "select result from run where id = ?", [run.id]) == results[-1]
        db.conn.close()
    assert results[0] == results[1]


def in_a_child(program: str, *arguments: object, **environment: str) -> str:
    """What a Python process of its own prints."""
    found = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        text=True,
        timeout=120,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


REPEAT = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from joint_review.opening import open_programme
from assessment.runs.run import assess
from programme.reviews import find_review
from rules.loader import load_policy
db = open_programme(Path(sys.argv[1]))
about = {"on": date(2009, 6, 1), "by": "lead", "at": datetime.now(UTC), "use_engine": False}
run = assess(db, find_review(db, "r1"), load_policy("wales-round-2"), **about)
print(run.is_new, run.result.text)
"""


def test_another_process_with_another_hash_seed_gives_the_same_bytes(db: Database, tmp_path: Path) -> None:
    review = new_review(db, "r1", "wales-round-2", *MIXED)
    db.conn.execute("pragma wal_checkpoint(truncate)")
    shutil.copy(tmp_path / "programme.db", tmp_path / "other.db")
    said = in_a_child(REPEAT, tmp_path / "other.db", PYTHONHASHSEED="4711")
    assert said == f"True {assess_plainly(db, review).result.text}\n"


def test_two_who_assess_at_the_same_moment_make_one_run(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = new_review(db, "r1", "wales-round-2", *MIXED)
    made: list[Run] = []

    def meanwhile(*given: Any) -> Any:
        monkeypatch.undo()
        other = open_programme(tmp_path / "programme.db")
        made.append(assess_plainly(other, review, by="the other"))
        other.conn.close()
        return infer_of_record(*given)

    monkeypatch.setattr(run_module, "infer_of_record", meanwhile)
    run = assess_plainly(db, review)
    assert (made[0].is_new, run.is_new) == (True, False)
    assert (run.id, run.digest) == (made[0].id, made[0].digest)
    assert one(db, "select count(*) from run") == 1


# What is recorded -----------------------------------------------------------------------------------------


def test_the_run_row_holds_the_frozen_inputs_and_the_whole_result(
    made: tuple[Database, Review, Run],
) -> None:
    db, review, run = made
    [row] = rows(db, "select * from run where id = ?", [run.id])
    inputs = run.result.inputs
    assert row["input_digest"] == digest(asdict(inputs)) == inputs.digest
    assert row["result"] == run.result.text == canonical(asdict(run.result))
    assert row["result_digest"] == run.digest == hashlib.sha256(row["result"].encode()).hexdigest()
    assert (row["made_on"], row["seed"], row["review_id"]) == ("2009-06-01", 0, review.id)
    assert row["evidence_event"] == row["added_event"] - 1
    assert json.loads(row["decided"]) == inputs.decided == {"carers": 1}
    assert (json.loads(row["engines"]), row["second_engine"]) == (["evaluator"], "no")
    assert row["cell"] == (" / ".join(run.result.cell) if run.result.cell else None)
    assert inputs.review == "r1"
    assert re.fullmatch(r"joint-review \d+\.\d+\S*", row["software"])


def test_framework_and_rulebook_are_kept_as_they_were_used(made: tuple[Database, Review, Run]) -> None:
    db, _, run = made
    found = {row["kind"]: row for row in rows(db, "select * from policy_text")}
    assert sorted(found) == ["framework", "rulebook"]
    for kind, model in (("framework", WELSH.framework), ("rulebook", WELSH.rulebook)):
        row = found[kind]
        assert hashlib.sha256(row["body"].encode()).hexdigest() == row["digest"]
        assert row["digest"] == getattr(run.result.inputs, kind)
        assert type(model).model_validate_json(row["body"]) == model


def test_the_measures_of_the_result_are_those_in_the_table(made: tuple[Database, Review, Run]) -> None:
    db, _, run = made
    found = rows(db, "select * from measure where run_id = ?", [run.id])
    results = run.result.measures
    expected = {(t, name): asdict(value) for t, values in results.items() for name, value in values.items()}
    assert {
        (row["target"], row["key"]): {name: row[name] for name in ("value", "base", "low", "high")}
        for row in found
    } == expected
    for row in found:
        assert (row["title"], row["unit"], row["made_of"]) == (
            WELSH.rulebook.measure_title(row["key"]),
            WELSH.rulebook.measure(row["key"]).unit,
            WELSH.rulebook.measure(row["key"]).of.value,
        )


def test_the_ratings_of_the_result_are_those_in_the_table(made: tuple[Database, Review, Run]) -> None:
    db, _, run = made
    found = rows(db, "select * from rating where run_id = ? order by position", [run.id])
    names = ("target", "kind", "question", "title", "status", "level", "level_title", "because")
    assert [{name: row[name] for name in names} for row in found] == [
        {name: getattr(run.sentences().rating(rating), name) for name in names}
        for rating in run.result.ratings
    ]
    assert [(row["level_key"], row["proposed"]) for row in found] == [
        (rating.level_id, rating.proposed_id) for rating in run.result.ratings
    ]
    assert {row["status"] for row in found} == {"proposed", "decided", "insufficient"}


def test_the_criteria_of_the_result_are_those_in_the_table(made: tuple[Database, Review, Run]) -> None:
    db, _, run = made
    found = rows(
        db,
        "select c.*, m.key as measure, m.target as measured"
        " from criterion c join measure m on m.id = c.measure_id where c.run_id = ? order by c.id",
        [run.id],
    )
    names = ("part", "measure", "margin", "statement", "needed", "reference")
    assert [(row["target"], row["key"], bool(row["met"]), {n: row[n] for n in names}) for row in found] == [
        (rating.target, outcome.criterion, outcome.met, {n: getattr(outcome, n) for n in names})
        for rating in map(run.sentences().rating, run.result.ratings)
        for outcome in rating.outcomes
    ]
    assert all(row["measured"] == row["target"] for row in found)


def test_the_firings_and_gaps_of_the_result_are_those_in_the_tables(
    made: tuple[Database, Review, Run],
) -> None:
    db, _, run = made
    found = rows(
        db,
        "select f.stratum, f.rule, c.met, c.target || '.' || c.part || '.' || c.key as criterion"
        " from firing f left join criterion c on c.id = f.criterion_id where f.run_id = ? order by f.id",
        [run.id],
    )
    assert [(row["stratum"], row["rule"]) for row in found] == list(run.result.firings)
    for row in found:
        if row["stratum"] == "overall":
            assert row["criterion"] is None
        else:
            assert (row["rule"].removesuffix(".missing"), row["met"]) == (row["criterion"], 1)
    gaps = rows(db, "select target, title, missing from gap where run_id = ? order by id", [run.id])
    assert gaps == [asdict(gap) for gap in run.sentences().gaps(run.result.ratings)]
    assert {gap["target"] for gap in gaps} == {"getting-help", "workforce"}


def test_who_made_a_run_and_when_stands_in_the_event_record(made: tuple[Database, Review, Run]) -> None:
    db, review, run = made
    [event] = rows(db, "select * from event where id = (select added_event from run where id = ?)", [run.id])
    assert (event["action"], event["by"], event["at"], event["review_id"]) == (
        "assess",
        "lead",
        "2009-06-01T09:30:00+00:00",
        review.id,
    )


def test_a_run_read_again_is_the_run_that_was_made(made: tuple[Database, Review, Run]) -> None:
    db, review, run = made
    assert load_run(db, review) == dataclasses.replace(run, is_new=False)
    assert load_run(db, review, run.id).result == run.result


@pytest.mark.parametrize("table", [table.name for table in TABLES if table.never_changed])
@pytest.mark.parametrize(
    "change",
    [
        "update {0} set rowid = rowid + 1000",
        "delete from {0}",
        "insert or replace into {0} select * from {0} limit 1",
    ],
)
def test_what_a_run_recorded_is_never_changed(
    made: tuple[Database, Review, Run], table: str, change: str
) -> None:
    db, _, _ = made
    assert one(db, f"select count(*) from {table}")
    with pytest.raises(sqlite3.IntegrityError, match=f"rows of {table} are never changed"):
        db.conn.execute(change.format(table))


def test_every_recorded_row_belongs_to_rows_that_are_there(made: tuple[Database, Review, Run]) -> None:
    db, _, _ = made
    assert db.conn.execute("pragma foreign_key_check").fetchall() == []
    assert db.conn.execute("pragma integrity_check").fetchall() == [("ok",)]


# The two engines ------------------------------------------------------------------------------------------


@needs_engine
def test_a_run_without_the_engine_says_so_and_differs_in_nothing_else(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *MIXED)
    alone = assess_plainly(db, review, use_engine=False)
    both = assess_plainly(db, review, use_engine=None)
    assert (alone.result.second_engine, both.result.second_engine) == (False, True)
    assert alone.result.inputs.engines == ("evaluator",)
    assert both.result.inputs.engines == engine_names()
    assert one(db, "select second_engine from run where id = ?", [both.id]) == "yes"
    same_inputs = dataclasses.replace(both.result.inputs, engines=alone.result.inputs.engines)
    assert dataclasses.replace(both.result, inputs=same_inputs) == alone.result


class Stubborn(EngineWorker):
    """A worker whose engine leaves one firing out."""

    def __enter__(self) -> EngineWorker:
        return self

    def fire(self, rules: Any, facts: Any) -> Any:
        return Evaluator(rules).fire(facts)[1:]


class Broken(Stubborn):
    """A worker whose engine dies."""

    def fire(self, rules: Any, facts: Any) -> Any:
        raise EngineFailed("the engine's process died of signal 11")


@pytest.mark.parametrize(("worker", "error"), [(Stubborn, EnginesDisagree), (Broken, EngineFailed)])
def test_where_the_engines_differ_or_one_dies_nothing_is_recorded(
    db: Database, monkeypatch: pytest.MonkeyPatch, worker: type[EngineWorker], error: type[Exception]
) -> None:
    review = new_review(db, "r1", "wales-round-2", *MIXED)
    before = tables_of(db)
    monkeypatch.setattr(run_module, "EngineWorker", worker)
    with pytest.raises(error) as caught:
        assess_plainly(db, review, use_engine=True)
    assert tables_of(db) == before
    if error is EnginesDisagree:
        assert "fired only by the evaluator: assessment." in str(caught.value)
    monkeypatch.undo()
    assert assess_plainly(db, review).is_new


# What happens meanwhile -----------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["compute_measures", "infer_of_record", "make_result"])
def test_what_others_enter_during_a_run_waits_for_the_next(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    review = new_review(db, "r1", "wales-round-2", *MIXED)
    undisturbed = assess_plainly(db, review, seed=1)
    late = [finding("I1", "weakness", 3) for _ in range(20)]
    original = getattr(run_module, moment)

    def meanwhile(*given: Any) -> Any:
        other = open_programme(tmp_path / "programme.db")
        add(other, review, *late)
        number = item_at(other, review, MIXED[1])
        withdraw_item(other, review, number, by="other", because="Twice.", at=AT)
        rate_approved(other, review, "leadership", "badly", by="moderator", because="Seen.", at=AT)
        other.conn.close()
        return original(*given)

    monkeypatch.setattr(run_module, moment, meanwhile)
    run = assess_plainly(db, review)
    monkeypatch.undo()
    assert run.result.ratings == undisturbed.result.ratings
    assert run.result.measures == undisturbed.result.measures
    numbers = {item_at(db, review, row) for row in late}
    counted = rows(db, "select distinct evidence_id from measure_evidence where run_id = ?", [run.id])
    assert not numbers & {row["evidence_id"] for row in counted}
    following = assess_plainly(db, review)
    assert following.rating("carers").level_id == "poor"
    assert following.rating("leadership").status == "decided"


KILLED = """
import os, signal, sys
from datetime import UTC, date, datetime
from pathlib import Path
from assessment.runs import run
from joint_review.opening import open_programme
from programme.reviews import find_review
from rules.loader import load_policy

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def dies_after(function, calls):
    left = [calls]
    def call(*args, **kwargs):
        result = function(*args, **kwargs)
        left[0] -= 1
        return result if left[0] else die()
    return call

policy = load_policy("wales-round-2")
folder, *moments = sys.argv[1:]
for number, moment in enumerate(moments):
    child = os.fork()
    if not child:
        exec(moment)
        db = open_programme(Path(folder) / f"{number}.db")
        about = {"on": date(2009, 6, 1), "by": "lead", "at": datetime.now(UTC), "use_engine": False}
        run.assess(db, find_review(db, "r1"), policy, **about)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
MOMENTS = {
    "before anything is recorded": "run.make_result = dies_after(run.make_result, 1)",
    "after the run's own row": "run._record_measures = die",
    "among the criteria": "run.insert = dies_after(run.insert, 200)",
    "just before the end": "run._record = dies_after(run._record, 1)",
}


def test_a_run_killed_at_any_moment_leaves_nothing_and_can_be_made_again(tmp_path: Path) -> None:
    first = new_programme(tmp_path, "0.db")
    new_review(first, "r1", "wales-round-2", *MIXED)
    before = tables_of(first)
    first.conn.close()
    for number in range(1, len(MOMENTS)):
        shutil.copy(tmp_path / "0.db", tmp_path / f"{number}.db")
    codes = in_a_child(KILLED, tmp_path, *MOMENTS.values()).split()
    assert codes == [str(-signal.SIGKILL)] * len(MOMENTS)
    digests = set()
    for number, name in enumerate(MOMENTS):
        db = open_programme(tmp_path / f"{number}.db")
        assert tables_of(db) == before, name
        run = assess_plainly(db, find_review(db, "r1"))
        assert run.is_new
        digests.add(run.digest)
        db.conn.close()
    assert len(digests) == 1


# Evidence withdrawn between two runs ----------------------------------------------------------------------


def items_in(node: Node) -> set[int]:
    """The numbers of all items in a trail."""
    if isinstance(node, MeasureNode):
        return {int(item["id"]) for item in node.below}
    return set().union(*map(items_in, node.below))


def test_withdrawn_evidence_lowers_the_next_run_while_the_older_keeps_its_trail(db: Database) -> None:
    carers = good_domain("carers", 4, 1)
    review = new_review(
        db, "r1", "wales-round-2", *carers, finding("I1", "neutral"), finding("G1", "neutral")
    )
    first = assess_plainly(db, review)
    numbers = [item_at(db, review, row) for row in carers[:2]]
    trail = trail_of(db, first, "carers")
    assert set(numbers) <= items_in(trail)
    for number in numbers:
        withdraw_item(db, review, number, by="lead", because="Hearsay.", at=AT)
    second = assess_plainly(db, review)
    assert first.rating("carers").level_id == "mainly-good"
    assert first.result.measures["carers"]["strengths_share"].value == 80
    assert second.result.measures["carers"]["strengths_share"].value == 66.6667
    assert second.result.measures["carers"]["items"].value == 5
    assert not set(numbers) & items_in(trail_of(db, second, "carers"))
    assert items_in(trail_of(db, first, "carers")) == items_in(trail)
    withdraw_item(db, review, item_at(db, review, carers[2]), by="lead", because="Hearsay.", at=AT)
    third = assess_plainly(db, review)
    assert (third.rating("carers").status, third.rating("carers").level) == ("insufficient", None)
    assert load_run(db, review, first.id).result == first.result


# Decisions ------------------------------------------------------------------------------------------------


def test_a_persons_rating_counts_once_another_approves_it_and_can_be_taken_back(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *MIXED)
    first = assess_plainly(db, review)
    said = {"by": "moderator", "because": "Seen on visits.", "at": AT}
    decision = override(db, review, "carers", "inconsistent", **said)
    assert decision == {
        "target": "carers",
        "level": "inconsistent",
        "by": "moderator",
        "because": "Seen on visits.",
        "proposed": "mainly-good",
        "run": first.id,
    }
    assert assess_plainly(db, review).id == first.id
    approve(db, review, "carers", by="lead", at=AT)
    rating = assess_plainly(db, review).rating("carers")
    assert (rating.status, rating.level_id, rating.proposed_id) == (
        "decided",
        "inconsistent",
        "mainly-good",
    )
    rate_approved(db, review, "carers", "poor", **said)
    assert assess_plainly(db, review).rating("carers").level_id == "poor"
    override(db, review, "carers", None, **said)
    assert decided_levels(db, review) == {}
    assert assess_plainly(db, review).id == first.id
    kept = rows(db, "select level, level_key, by, proposed, on_run_id from decision order by id")
    assert [(row["level"], row["level_key"]) for row in kept] == [
        (2, "inconsistent"),
        (1, "poor"),
        (None, None),
    ]


def test_a_question_can_be_rated_by_a_person_too(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *MIXED)
    rate_approved(db, review, "services", "excellent", by="lead", because="All in all.", at=AT)
    run = assess_plainly(db, review)
    assert run.result.cell == ("excellent", "well")
    assert run.rating("services").proposed_id == "mainly-good"


def test_decisions_of_one_review_say_nothing_about_another(db: Database) -> None:
    first, second = new_review(db, "r1"), new_review(db, "r2")
    rate_approved(db, first, "carers", "poor", by="lead", because="Seen.", at=AT)
    assert (decided_levels(db, first), decided_levels(db, second)) == ({"carers": 1}, {})


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"target": "carer"}, UnknownName, "Did you mean 'carers'"),
        ({"target": "cell"}, UnknownName, "there is no cell 'poor'"),
        ({"target": "cell", "level_id": "poor/bad"}, UnknownName, "there is no level of organisation 'bad'"),
        ({"level_id": "mainly-god"}, UnknownName, "Did you mean 'mainly-good'"),
        ({"level_id": "well"}, UnknownName, "there is no level of carers 'well'"),
        ({"level_id": ""}, UnknownName, "there is no level of carers"),
        ({"because": "  "}, WordsMissing, "a rating needs a reason"),
        ({"by": ""}, WordsMissing, "a rating needs the name of a person"),
        ({"level_id": None}, DecisionRefused, "has no decision to take back"),
    ],
)
def test_a_rating_that_cannot_be_is_refused_and_leaves_no_trace(
    db: Database, given: dict[str, Any], error: type[Exception], message: str
) -> None:
    review = new_review(db)
    before = tables_of(db)
    sound = {"target": "carers", "level_id": "poor", "by": "lead", "because": "Seen.", "at": AT}
    with pytest.raises(error, match=message):
        override(db, review, **{**sound, **given})
    assert tables_of(db) == before


# Gaps -----------------------------------------------------------------------------------------------------


def gaps_of(run: Run) -> list[Gap]:
    return list(run.sentences().gaps(run.result.ratings))


def test_gaps_say_what_is_there_and_what_is_needed(db: Database) -> None:
    review = new_review(
        db, "r1", "wales-round-2", *whole_review(domains=["carers"]), finding("I1", domains="workforce")
    )
    gaps = gaps_of(assess_plainly(db, review))
    assert [gap for gap in gaps if gap.target == "workforce"] == [
        Gap("workforce", "Workforce", text)
        for text in (
            "the number of items of evidence is 1 (at least 5 needed)",
            "the number of strengths and weaknesses found is 1 (at least 3 needed)",
            "the number of kinds of source is 1 (at least 2 needed)",
        )
    ]
    assert [gap.missing for gap in gaps if gap.target == "services"] == [
        "the number of domains rated is 1 (at least 5 needed)"
    ]
    assert "carers" not in {gap.target for gap in gaps}


def test_what_is_left_to_people_is_a_gap_until_they_give_it(db: Database) -> None:
    review = new_review(db, "r1", "cqc-local-authority")
    run = assess_plainly(db, review, ENGLISH)
    assert len(gaps_of(run)) == 10
    assert gaps_of(run)[0].missing == "For a moderator to decide: the rules propose no level"
    for domain in ENGLISH.framework.domains:
        rate_approved(db, review, domain, "good-standard", by="assessor", because="Panel.", at=AT)
    run = assess_plainly(db, review, ENGLISH)
    assert (gaps_of(run), run.result.cell) == ([], ("good",))


# What cannot be -------------------------------------------------------------------------------------------


def test_a_review_without_evidence_has_a_run_with_nothing_rated(db: Database) -> None:
    run = assess_plainly(db, new_review(db))
    assert (run.result.cell, len(gaps_of(run))) == (None, 13 * 3 + 2)
    assert {rating.status for rating in run.result.ratings} == {"insufficient"}


def test_a_rulebook_of_another_framework_is_refused(db: Database) -> None:
    review = new_review(db)
    with pytest.raises(RunImpossible, match="the rulebook is for cqc-local-authority"):
        assess(db, review, ENGLISH, on=ON, by="lead", at=AT)


def test_a_framework_that_changed_since_is_refused_until_the_database_follows(db: Database) -> None:
    review = new_review(db)
    changed = WELSH.framework.model_copy(update={"note": "Another note."})
    with pytest.raises(RunImpossible, match="has changed since") as caught:
        assess_plainly(db, review, PolicySet(changed, WELSH.rulebook))
    assert caught.value.remedies == (UpgradeDatabase(),)
    assert one(db, "select count(*) from run") == 0


def test_a_review_not_yet_assessed_has_no_run_to_show(db: Database) -> None:
    with pytest.raises(RunImpossible, match="has not been assessed yet") as caught:
        load_run(db, new_review(db))
    assert caught.value.remedies == (Assess("r1"),)


def test_a_run_of_another_review_is_not_found(db: Database) -> None:
    first, second = new_review(db, "r1"), new_review(db, "r2")
    run = assess_plainly(db, first)
    with pytest.raises(UnknownName, match=f"there is no run of r2 '{run.id}'"):
        load_run(db, second, run.id)
    with pytest.raises(UnknownName, match=f"Allowed: {run.id}"):
        load_run(db, first, run.id + 500)


def test_a_run_is_found_by_its_number_alone_with_its_review(made: tuple[Database, Review, Run]) -> None:
    db, review, run = made
    found_review, found = find_run(db, run.id)
    assert (found_review.key, found.result) == (review.key, run.result)
    with pytest.raises(UnknownName, match=f"there is no run '{run.id + 500}'"):
        find_run(db, run.id + 500)


def test_a_mistyped_target_gets_the_nearest_one(made: tuple[Database, Review, Run]) -> None:
    _, _, run = made
    with pytest.raises(UnknownName, match="Did you mean 'safeguarding'"):
        run.rating("safegarding")


def test_the_event_that_counts_is_the_last_one_before_the_run(made: tuple[Database, Review, Run]) -> None:
    db, _, run = made
    assert one(db, "select evidence_event from run where id = ?", [run.id]) == last_event(db) - 1


def test_the_worked_examples_folder_holds_what_the_tests_shuffle() -> None:
    assert {path.name for path in EXAMPLE_FILES} <= {path.name for path in EXAMPLE.iterdir()}
