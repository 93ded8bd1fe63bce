"""What would change it: every answer is tried by really making the change and rating again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from assessment_example import AT, add, assess_plainly, item_at, new_review, rate_approved, tables_of
from click.testing import CliRunner
from evidence_rows import Row, finding, good_domain, score, survey, whole_review
from random_evidence import random_rows

from assessment.robustness.alternatives import Baseline, load_baseline
from assessment.robustness.sentences import read_setting
from assessment.robustness.smallest import smallest_changes, steps_of
from assessment.robustness.whatif import find_left_out, leave_one_out, try_change, with_measures, without
from assessment.runs.run import load_run
from evidence.items import withdraw_item
from joint_review.cli.whatif import whatif
from programme.database import Database
from programme.reviews import Review, find_review
from rules.errors import ReviewError, RunImpossible, UnknownName
from rules.loader import load_policy
from rules.ratings import rounded
from rules.remedy import Give, Part

_numbers = itertools.count(1)


def based(db: Database, *rows: Row) -> tuple[Review, Baseline]:
    """A new review with these rows, assessed, as a base."""
    review = new_review(db, f"w{next(_numbers)}", "wales-round-2", *rows)
    return review, again(db, review)


def again(db: Database, review: Review) -> Baseline:
    return load_baseline(db, review, assess_plainly(db, review))


def levels_of(base: Baseline) -> dict[str, int | None]:
    return {rating.target: rating.level for rating in base.inference.ratings}


def after_of(tried: dict[str, Any], target: str) -> str:
    return next(str(rating["after"]) for rating in tried["ratings"] if rating["target"] == target)


def direction(base: Baseline, target: str, after: dict[str, int | None]) -> str:
    old, new = levels_of(base)[target] or 0, after[target] or 0
    if old == new:
        return "same"
    return "unrated" if not new else "rated" if not old else "up" if new > old else "down"


# One at a time --------------------------------------------------------------------------------------------


def test_leave_one_out_is_what_withdrawing_each_item_and_source_does(db: Database) -> None:
    rows = good_domain("carers", 3, 2) + good_domain("assessment", 4, 1) + random_rows(Random(7), 12)
    _, base = based(db, *rows)
    found = leave_one_out(db, base)
    before = {rating.target: rating.level for rating in base.inference.ratings}
    counted = base.counted
    flips = {one["item"]: one["flips"] for one in found["by_item"]}
    assert found["items"] == len(set(counted.item.tolist()))
    for number in sorted(set(counted.item.tolist())):
        tried = without(db, base, [f"E{number}"])
        changed = {r["target"]: r["after"] for r in tried["ratings"] if r["changed"]}
        assert changed == {flip["target"]: flip["after"] for flip in flips.get(f"E{number}", [])}
    for code, ref in enumerate(counted.source.names):
        tried = without(db, base, [f"source:{ref}"])
        mine = [one["flips"] for one in found["by_source"] if one["source"] == ref]
        changed = {r["target"]: r["after"] for r in tried["ratings"] if r["changed"]}
        assert changed == {flip["target"]: flip["after"] for flips in mine for flip in flips}, (code, ref)
    assert before == levels_of(base)


def test_without_an_item_is_the_run_after_it_was_withdrawn_and_nothing_is_written(db: Database) -> None:
    row = finding("G1", "strength", 3)
    review, base = based(db, row, *good_domain("carers", 2, 3))
    before = tables_of(db)
    tried = without(db, base, [f"E{item_at(db, review, row)}"])
    leave_one_out(db, base)
    smallest_changes(db, base, "carers")
    assert tables_of(db) == before
    withdraw_item(db, review, item_at(db, review, row), because="Twice.", by="lead", at=AT)
    later = assess_plainly(db, review)
    assert [r["because"] for r in tried["ratings"][:-1]] == [
        later.sentences().because(r) for r in later.result.ratings
    ]


def test_a_rating_that_falls_without_one_source_rests_on_it(db: Database) -> None:
    rows = [finding("I1", "strength", 3), finding("I1"), *(finding("G1", "weakness", 1) for _ in range(4))]
    _, base = based(db, *rows, finding("O1", "weakness", 1))
    resting = {one["target"]: one for one in leave_one_out(db, base)["rests_on_one_source"]}
    assert {one["source"]: one["after"] for one in resting["carers"]["deciding"]} == {
        "I1": "Poor",
        "G1": "no rating",
    }
    assert resting["carers"]["only_source"] is None


def test_a_rating_all_of_whose_items_come_from_one_source_is_marked_apart(db: Database) -> None:
    _, base = based(db, *(finding("I1") for _ in range(6)))
    resting = {one["target"]: one for one in leave_one_out(db, base)["rests_on_one_source"]}
    assert resting["carers"]["only_source"] == "I1"
    assert resting["carers"]["deciding"] == []  # not rated with it, not rated without it


def test_what_a_person_decided_hides_the_change_and_is_said(db: Database) -> None:
    rows = [finding("I1", "strength", 3), *good_domain("carers", 1, 4)]
    review, base = based(db, *rows)
    assert levels_of(base)["carers"] == 2
    rate_approved(db, review, "carers", "excellent", by="moderator", because="Seen.", at=AT)
    decided = again(db, review)
    item = item_at(db, review, rows[0])
    tried = without(db, decided, [f"E{item}"])
    mine = next(rating for rating in tried["ratings"] if rating["target"] == "carers")
    assert (mine["changed"], mine["hidden"], mine["after"]) == (False, False, "Excellent")
    turns = leave_one_out(db, decided)
    assert turns["decided"] == ["Support for carers"]
    with_weak = with_measures(db, decided, {("carers", "strengths_share"): 10})
    assert next(r for r in with_weak["ratings"] if r["target"] == "carers")["hidden"]
    found = smallest_changes(db, decided, "carers")
    assert found["decided"] and found["before"] == "Inconsistent"
    assert {one["move"] for one in found["measures"]} >= {"up", "down"}
    hidden = [flip for one in turns["by_source"] for flip in one["flips"]]
    assert hidden and all(flip["hidden"] for flip in hidden if flip["target"] == "carers")


# Leaving out by name --------------------------------------------------------------------------------------


def test_evidence_is_left_out_by_source_item_kind_and_strand(db: Database) -> None:
    row = finding("I1", strand="older-people")
    review, base = based(db, row, finding("G1"), finding("I1"), score("C1", 3))
    number = item_at(db, review, row)
    for name, kind, items in [
        ("I1", "source", 2),
        ("interview", "kind", 2),
        ("case_file", "kind", 1),
        ("older-people", "strand", 1),
        ("strand:all", "strand", 3),
        (f"E{number}", "item", 1),
        (f"item:{number}", "item", 1),
    ]:
        found = find_left_out(db, base, name)
        assert (found["kind"], found["items"]) == (kind, items), name
    assert try_change(db, base, ["I1", "older-people", "case_file"], {})["items"] == 3


def test_a_name_that_could_be_two_things_must_say_which(db: Database) -> None:
    source = {"source": "survey", "title": "A survey", "kind": "document", "dated": "2007-01-31"}
    _, base = based(db, source, finding("survey"), survey("S1", "Respect", 50))
    with pytest.raises(ReviewError, match="is a source and a kind") as error:
        find_left_out(db, base, "survey")
    assert error.value.remedies == (Give(Part.WITHOUT, ("source:survey", "kind:survey")),)
    assert find_left_out(db, base, "kind:survey")["items"] == 1


def test_unknown_names_are_refused_with_the_nearest(db: Database) -> None:
    _, base = based(db, finding("I1"))
    with pytest.raises(UnknownName, match="'interviw'") as error:
        find_left_out(db, base, "interviw")
    assert "'interview'" in error.value.hint
    with pytest.raises(ReviewError, match="has no item E999"):
        find_left_out(db, base, "E999")
    with pytest.raises(ReviewError, match="nothing of the source 'G1' counted"):
        find_left_out(db, base, "G1")


# Measures set ---------------------------------------------------------------------------------------------


def test_a_measure_set_moves_the_rating_exactly_from_its_threshold(db: Database) -> None:
    _, base = based(db, *good_domain("carers", 2, 3))
    assert (
        after_of(with_measures(db, base, {("carers", "strengths_share"): 49.9999}), "carers")
        == "Inconsistent"
    )
    assert after_of(with_measures(db, base, {("carers", "strengths_share"): 50}), "carers") == "Mainly good"


@pytest.mark.parametrize(
    ("target", "name", "value", "message"),
    [
        ("nowhere", "items", 3, "no domain or question 'nowhere'"),
        ("services", "items", 3, "is a question"),
        ("carers", "itmes", 3, "no measure"),
        ("carers", "items", 2.5, "cannot be 2.5"),
        ("carers", "items", None, "cannot be missing"),
        ("carers", "strengths_share", 101, "cannot be 101"),
    ],
)
def test_values_that_a_measure_cannot_have_are_refused(
    db: Database, target: str, name: str, value: float | None, message: str
) -> None:
    _, base = based(db, finding("I1"))
    with pytest.raises(ReviewError, match=message):
        with_measures(db, base, {(target, name): value})


# The smallest changes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_every_smallest_set_of_measures_moves_and_no_part_of_it_does(db: Database, seed: int) -> None:
    rows = good_domain("carers", 2 + seed % 3, 2) + random_rows(Random(seed), 20)
    _, base = based(db, *rows)
    found = smallest_changes(db, base, "carers")["measures"]
    assert found
    for one in found:
        values = {(c["target"], c["measure"]): c["after"] for c in one["changes"]}
        assert after_of(with_measures(db, base, values), "carers") == one["after"]
        for size in range(1, len(values)):
            for some in itertools.combinations(values, size):
                part = {name: values[name] for name in some}
                assert after_of(with_measures(db, base, part), "carers") != one["after"]


@pytest.mark.parametrize("seed", range(3))
def test_no_smallest_set_of_one_or_two_measures_is_missed(db: Database, seed: int) -> None:
    """Against a dense grid of values: whatever moves the rating contains a set that was found."""
    _, base = based(db, *good_domain("carers", 2 + seed, 2), survey("S1", "Respect", 30 + 20 * seed))
    found = smallest_changes(db, base, "carers")["measures"]
    known = {(one["move"], frozenset(c["measure"] for c in one["changes"])) for one in found}
    counts = {"items": (0, 4, 5, 9), "findings": (0, 2, 3, 9), "kinds": (0, 1, 2, 3, 6)}
    shares = (0, 19.9999, 20, 29.9999, 30, 39.9999, 40, 50, 60, 65, 80, 85, 100, None)
    names = [*counts, "strengths_share", "serious_weakness_share", "survey_positive", "cases_met"]
    evaluator, decided = base.evaluator, base.decided
    old = {name: base.measures["carers"][name].value for name in names}
    for some in [*itertools.combinations(names, 1), *itertools.combinations(names, 2)]:
        grid = list(itertools.product(*(counts.get(name, shares) for name in some)))
        arrays = {n: np.full(len(grid), np.nan if v is None else float(v)) for n, v in old.items()}
        for column, name in enumerate(some):
            arrays[name] = np.array([np.nan if row[column] is None else float(row[column]) for row in grid])
        levels = evaluator.rate({"carers": arrays}, decided, len(grid))["carers"]
        for level in {int(level) for level in levels}:
            move = direction(base, "carers", {"carers": level})
            if move != "same":
                parts = [frozenset(p) for n in (1, 2) for p in itertools.combinations(some, n)]
                assert any((move, part) in known for part in parts), (some, move)


def test_a_question_moves_by_the_measures_of_its_domains_through_the_whole_rulebook(db: Database) -> None:
    _, base = based(db, *whole_review(2, 3))
    found = smallest_changes(db, base, "services")["measures"]
    ups = [one for one in found if one["move"] == "up"]
    assert not ups  # four of seven domains would have to rise
    _, base = based(db, *whole_review(2, 3), *(finding("I1", "strength", 3, domains=name) for name in LIFTED))
    found = smallest_changes(db, base, "services")["measures"]
    ups = [one for one in found if one["move"] == "up" and not one["gaps"]]
    assert ups and {one["size"] for one in ups} == {1}
    for one in ups[:4]:
        values = {(c["target"], c["measure"]): c["after"] for c in one["changes"]}
        assert after_of(with_measures(db, base, values), "services") == one["after"] == "Mainly good"
    cell = smallest_changes(db, base, "cell")["measures"]
    assert {one["after"] for one in cell if one["move"] == "up"} >= {"Mainly good / Uncertainly placed"}


LIFTED = ("getting-help", "assessment", "care-planning")


def test_steps_name_the_value_nearest_to_what_was_measured(db: Database) -> None:
    _, base = based(db, *good_domain("carers", 2, 3))
    steps = steps_of(base, "carers", base.policy.rulebook.measure("strengths_share"))
    assert {(s.way, s.value, s.shown) for s in steps} == {
        (1, 50, "50"),
        (1, 80, "80"),
        (-1, 19.9999, "just below 20"),
        (0, None, "no data"),
    }
    kinds = steps_of(base, "carers", base.policy.rulebook.measure("kinds"))
    assert {(s.way, s.value) for s in kinds} == {(1, 3), (-1, 1)}


# The same in evidence -------------------------------------------------------------------------------------


def test_sets_of_items_are_those_whose_withdrawal_moves_the_rating(db: Database) -> None:
    rows = [*good_domain("carers", 3, 3), finding("I1", "weakness", 3), score("C1", 3), score("C2", 1)]
    _, base = based(db, *rows)
    found = smallest_changes(db, base, "carers")["withdrawals"]
    assert found["searched"] == {"1": 9, "2": 36, "3": 84}
    listed: dict[str, set[frozenset[str]]] = {}
    for group in found["groups"]:
        listed.setdefault(group["move"], set()).update(frozenset(one["items"]) for one in group["shown"])
    moving: dict[str, set[frozenset[str]]] = {}
    items = [f"E{item}" for item in sorted(set(base.counted.item.tolist()))]
    titles = ["no rating", "Poor", "Inconsistent", "Mainly good", "Excellent"]
    for size in (1, 2, 3):
        for some in itertools.combinations(items, size):
            after = {"carers": titles.index(after_of(without(db, base, some), "carers"))}
            move = direction(base, "carers", after)
            known = moving.setdefault(move, set())
            if move != "same" and not any(part < frozenset(some) for part in known):
                known.add(frozenset(some))
    moving.pop("same", None)
    assert listed == {move: sets for move, sets in moving.items() if sets}


def test_so_many_more_case_scores_and_not_one_fewer(db: Database) -> None:
    low = [score("C1", 2) for _ in range(6)]
    rows = [*good_domain("carers", 4, 1), *(score("C2", 3) for _ in range(4)), *low]
    _, base = based(db, *rows)
    found = {one["move"]: one for one in smallest_changes(db, base, "carers")["scores"]}
    # 65 % of ten cases: three more than the four there are; below 40 %: one fewer.
    assert (found["up"]["number"], found["up"]["of"], found["up"]["after"]) == (3, 10, "Mainly good")
    assert (found["down"]["number"], found["down"]["after"]) == (1, "Poor")
    for count, level in ((2, 2), (3, 3)):
        better = [*rows[:9], *(row | {"score": 3} for row in low[:count]), *low[count:]]
        _, other = based(db, *better)
        assert levels_of(other)["carers"] == level


def test_so_many_more_findings_and_not_one_fewer(db: Database) -> None:
    rows = good_domain("carers", 2, 3)
    _, base = based(db, *rows)
    found = smallest_changes(db, base, "carers")["findings"]
    assert {one["move"] for one in found} == {"up", "down"}
    for one in found:
        for more in (one["number"] - 1, one["number"]):
            added = [finding("I1", one["direction"], one["significance"]) for _ in range(more)]
            _, other = based(db, *rows, *added)
            moved = direction(base, "carers", levels_of(other))
            assert moved == (one["move"] if more == one["number"] else "same"), one


def test_so_many_other_answers_and_not_one_fewer(db: Database) -> None:
    rows = good_domain("carers", 4, 1)
    asked = [survey("S1", "Respect", 55, 200), survey("S1", "Breaks", 60, 1000), survey("S1", "Old", 90)]
    waited = survey("S1", "I waited", 60, 50, better="lower")
    _, base = based(db, *rows, *asked, waited)
    found = {one["move"]: one for one in smallest_changes(db, base, "carers")["answers"]}
    assert levels_of(base)["carers"] == 2
    # The mean of 55, 60, 90 and 40 is 61.25: fifteen points are missing, of the fifty who waited 7.5.
    assert (found["up"]["question"], found["up"]["number"], found["up"]["of"]) == ("I waited", 8, 50)
    for number, level in ((7, 2), (8, 3)):
        _, other = based(db, *rows, *asked, waited | {"positive": f"{60 - 100 * number / 50}%"})
        assert levels_of(other)["carers"] == level


def test_of_weighted_answers_nothing_is_said(db: Database) -> None:
    rows: list[Row] = []
    for number in range(20):
        who = {"source": "S1", "respondent": f"{number:02}"}
        said = {
            "question": "Respect",
            "group": "Carers",
            "answer": 5 if number < 11 else 1,
            "domains": "carers",
        }
        rows += [who | said, who | {"characteristic": "age", "category": "old" if number < 5 else "young"}]
    margins = [
        {"source": "S1", "characteristic": "age", "category": name, "percent": 50}
        for name in ("old", "young")
    ]
    _, base = based(db, *good_domain("carers", 4, 1), *rows, *margins)
    found = smallest_changes(db, base, "carers")
    assert found["answers"] == []
    [silent] = [one for one in found["not_said"] if one["kind"] == "answers"]
    assert silent["because"] == "answers are weighted, so it depends on whose answers are different"


def test_shares_on_few_answers_alone_are_not_moved_by_other_answers(db: Database) -> None:
    few = [survey("S1", "Respect", 100 * n / 9, 9) for n in (5,)]
    _, base = based(db, *good_domain("carers", 4, 1), *few)
    assert smallest_changes(db, base, "carers")["answers"] == []


# Which run ------------------------------------------------------------------------------------------------


def test_the_base_is_the_run_as_it_was_made(db: Database) -> None:
    review, base = based(db, *good_domain("carers", 2, 3))
    first = levels_of(base)["carers"]
    add(db, review, *good_domain("carers", 9, 0))
    later = again(db, review)
    assert levels_of(later)["carers"] != first
    old = load_baseline(db, review, load_run(db, review, base.run))
    assert levels_of(old)["carers"] == first
    assert old.counted.item.tolist() == base.counted.item.tolist()


def test_a_run_that_cannot_be_repeated_is_no_base(db: Database) -> None:
    review, _ = based(db, *good_domain("carers", 2, 3))
    run = load_run(db, review)
    ratings = tuple(replace(r, level=4) if r.target == "carers" else r for r in run.result.ratings)
    other = replace(run, result=replace(run.result, ratings=ratings))
    with pytest.raises(RunImpossible, match="could not be repeated"):
        load_baseline(db, review, other)


def test_the_same_question_gets_the_same_answer(db: Database) -> None:
    review, base = based(db, *good_domain("carers", 2, 3), *random_rows(Random(3), 15))
    for target in ("carers", "cell"):
        one, other = (smallest_changes(db, again(db, find_review(db, review.key)), target) for _ in range(2))
        assert json.dumps(one) == json.dumps(other)
    assert json.dumps(leave_one_out(db, base)) == json.dumps(leave_one_out(db, base))


@pytest.mark.parametrize("framework", ["wales-round-1", "wales-round-2", "cqc-local-authority"])
def test_where_there_is_no_evidence_nothing_would_change_and_nothing_fails(
    db: Database, framework: str
) -> None:
    review = new_review(db, "empty", framework)
    base = load_baseline(db, review, assess_plainly(db, review, load_policy(framework)))
    found = leave_one_out(db, base)
    assert (found["sources"], found["items"], found["rests_on_one_source"]) == (0, 0, [])
    for target in [*base.targets, "cell"]:
        changes = smallest_changes(db, base, target)
        assert changes["withdrawals"]["groups"] == []
        assert {one["move"] for one in changes["measures"]} <= {"rated"}


# The command ----------------------------------------------------------------------------------------------


@pytest.fixture
def say(example_db: Path) -> Callable[..., Any]:
    return lambda *words: CliRunner().invoke(whatif, [*words, "--db", str(example_db)])


def test_the_command_says_it_in_a_sentence_first(say: Callable[..., Any]) -> None:
    done = say("wales-2004-08", "carers")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Support for carers: Poor in run 1. Fewest changes needed: 1 to move it up")
    assert "-> 20 %" in done.output
    assert "1 more strength (important) was found" in done.output
    assert "depends on S2 (Inconsistent without it)" in done.output


def test_the_command_tries_what_it_is_told(say: Callable[..., Any]) -> None:
    done = say("wales-2004-08", "carers", "--without", "R4", "--set", "strengths_share=50 %")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Without R4 (source,")
    assert "with carers.strengths_share = 50" in done.output
    data = json.loads(say("wales-2004-08", "--set", "carers.strengths_share=50", "--json").output)
    assert after_of(data, "carers") == "Mainly good"


def test_a_question_is_told_without_a_colon_after_its_question_mark(say: Callable[..., Any]) -> None:
    said = say("wales-2004-08", "services").output
    assert said.startswith("How good are the services? Inconsistent in run")


def test_a_measure_with_nothing_to_measure_is_told_as_none(say: Callable[..., Any]) -> None:
    [line] = [
        line
        for line in say("wales-2004-08", "carers", "--set", "survey_positive=none").output.splitlines()
        if line.startswith("Support for carers  People surveyed")
    ]
    assert line.split()[-2:] == ["71.7", "none"]


def test_the_whole_review_as_json(say: Callable[..., Any]) -> None:
    found = json.loads(say("wales-2004-08", "--json").output)
    assert found["smallest"]["target"] == "cell"
    assert found["leave_one_out"]["rests_on_one_source"][0]["target"] == "independence"


@pytest.mark.parametrize(
    "text", ["carers", "=3", "kinds=3", ".kinds=3", "carers.kinds=three", "carers.kinds=inf"]
)
def test_settings_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(ReviewError):
        read_setting(text, None)


def test_settings_are_read_with_and_without_their_domain() -> None:
    assert read_setting("carers.kinds=3", None) == (("carers", "kinds"), 3)
    assert read_setting("kinds = 3", "carers") == (("carers", "kinds"), 3)
    assert read_setting("carers.survey_positive=none", "x") == (("carers", "survey_positive"), None)
    assert rounded(read_setting("a.b=33.3 %", None)[1] or 0) == 33.3
