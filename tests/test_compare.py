"""All reviews under one framework side by side: where each stands, and where like was rated unlike."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assessment_example import AT, WELSH, add, assess_plainly, new_programme, rate_approved
from command_line import Say
from evidence_rows import SOURCES, finding, good_domain, indicator, survey
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from comparison.compare import compare_reviews, framework_to_compare
from comparison.nearest import _side_by_side, distances
from programme.database import Database
from programme.reviews import Review, create_review, store_frameworks
from rules.errors import RunImpossible, UnknownName
from rules.loader import PolicySet

Row = dict[str, Any]


def review(db: Database, key: str, *rows: Row, framework: str = "wales-round-2") -> Review:
    made = create_review(
        db, key, key.capitalize(), framework, window_from=None, window_to=None, by="lead", at=AT
    )
    add(db, made, *SOURCES, *rows)
    return made


def decide(db: Database, made: Review, **levels: str) -> None:
    for target, level in levels.items():
        rate_approved(db, made, target, level, by="moderator-1", because="Seen on visits.", at=AT)


def stricter(threshold: int) -> PolicySet:
    """Mainly good needs this percentage of strengths (otherwise 50)."""
    text = WELSH.rulebook.model_dump(mode="json", exclude_none=True)
    text["domain_defaults"]["services"]["levels"]["mainly-good"][0]["at_least"] = threshold
    return PolicySet(WELSH.framework, type(WELSH.rulebook).model_validate(text))


def about(found: dict[str, Any], target: str) -> dict[str, Any]:
    return next(row for row in found["nearest"] if row["target"] == target)


# --- the grid and the profiles -------------------------------------------------------------------------


def test_every_authority_stands_in_its_cell(db: Database) -> None:
    for key, services, organisation in (
        ("north", "poor", "badly"),
        ("south", "excellent", "strongly"),
        ("east", "poor", "badly"),
    ):
        made = review(db, key)
        decide(db, made, services=services, organisation=organisation)
        assess_plainly(db, made)
    nowhere = review(db, "west")
    assess_plainly(db, nowhere)
    grid = compare_reviews(db, WELSH)["grid"]
    there = {tuple(c["levels"]): c["reviews"] for row in grid["rows"] for c in row["cells"] if c["reviews"]}
    assert there == {("poor", "badly"): ["east", "north"], ("excellent", "strongly"): ["south"]}
    assert grid["nowhere"] == ["west"]
    assert grid["rows"][0]["title"] == "Strongly placed"


def test_profiles_give_every_review_its_own_ratings_whatever_order_they_were_assessed_in(
    db: Database,
) -> None:
    later = review(db, "aaa", *good_domain("carers", 4, 6))
    first = review(db, "zzz", *good_domain("carers", 9, 1))
    assess_plainly(db, first)
    assess_plainly(db, later)
    found = compare_reviews(db, WELSH)
    carers = next(row for row in found["profiles"] if row["target"] == "carers")
    assert [one["review"] for one in found["reviews"]] == ["aaa", "zzz"]
    assert [rating["level_id"] for rating in carers["ratings"]] == ["inconsistent", "mainly-good"]
    assert carers["scale"] == ["Poor", "Inconsistent", "Mainly good", "Excellent"]
    assert [row["target"] for row in found["profiles"]][:2] == ["services", "getting-help"]


def test_a_review_counts_with_its_latest_run_or_the_latest_up_to_a_date(db: Database) -> None:
    made = review(db, "north", *good_domain("carers", 4, 6))
    early = assess_plainly(db, made, on=date(2009, 1, 1))
    add(db, made, *(finding("I1") for _ in range(20)))
    late = assess_plainly(db, made, on=date(2009, 6, 1))
    assert compare_reviews(db, WELSH)["reviews"][0]["run"] == late.id
    assert compare_reviews(db, WELSH, until=date(2009, 5, 31))["reviews"][0]["run"] == early.id
    with pytest.raises(RunImpossible, match="north had not been assessed by 31 December 2008"):
        compare_reviews(db, WELSH, until=date(2008, 12, 31))


# --- like evidence, rated unlike -----------------------------------------------------------------------


def test_the_nearest_pair_is_told_by_the_one_criterion_that_separates_it(db: Database) -> None:
    # 4 of 8 findings are strengths (50 %, just enough), 3 of 7 (42.8571 %), 1 of 10 (10 %: poor).
    for key, strengths, weaknesses in (("north", 4, 4), ("south", 3, 4), ("west", 1, 9)):
        assess_plainly(db, review(db, key, *good_domain("carers", strengths, weaknesses)))
    row = about(compare_reviews(db, WELSH), "carers")
    assert row["pairs_in_all"] == 3
    pair = row["pairs"][0]
    assert pair["reviews"] == ["south", "north"]
    assert [rating["level_title"] for rating in pair["ratings"]] == ["Inconsistent", "Mainly good"]
    (criterion,) = pair["separated_by"]
    assert (criterion["part"], criterion["criterion"]) == ("mainly-good", "strengths")
    assert criterion["values"] == [42.8571, 50]
    assert criterion["margins"] == [-7.1429, 0]
    assert criterion["met"] == [False, True]
    assert criterion["decides"] is True
    assert pair["criteria_apart"] == 1
    assert pair["gap"] == 0.1786  # 7.1429 of the 40 points between the lowest and the highest share
    assert pair["because"] == (
        "Strengths among strengths and weaknesses, weighted by significance, needed at least 50 %:"
        " South did not meet it (by 7.1 percentage points), North met it (exactly)."
    )


def test_a_review_with_nothing_to_measure_is_not_said_to_meet_a_criterion(db: Database) -> None:
    judged = [indicator("Carers assessed", "2008", 40, comparator=60)]
    assess_plainly(db, review(db, "north", *good_domain("carers", 9, 1), *judged))
    assess_plainly(db, review(db, "south", *good_domain("carers", 4, 6)))
    (pair,) = about(compare_reviews(db, WELSH), "carers")["pairs"]
    apart = next(one for one in pair["separated_by"] if one["measure"] == "at_comparator")
    assert apart["values"] == [None, 0]
    assert "South had no data for it, North did not meet it (by" in _side_by_side(apart, ["South", "North"])


def test_fewer_criteria_apart_are_nearer_than_a_smaller_gap(db: Database) -> None:
    # North and south are two criteria apart by one point each; north and east one criterion by many.
    north = [*good_domain("carers", 5, 5), survey("S1", "Are you heard?", 65)]
    south = [*good_domain("carers", 49, 51), survey("S1", "Are you heard?", 64)]
    east = [*good_domain("carers", 5, 5), survey("S1", "Are you heard?", 41)]
    for key, rows in (("north", north), ("south", south), ("east", east)):
        assess_plainly(db, review(db, key, *rows))
    pairs = about(compare_reviews(db, WELSH), "carers")["pairs"]
    assert [(pair["reviews"], pair["criteria_apart"]) for pair in pairs] == [
        (["east", "north"], 1),
        (["south", "north"], 2),
    ]
    assert [one["decides"] for one in pairs[1]["separated_by"]] == [False, False]  # neither alone


def test_a_criterion_that_changed_nothing_is_told_after_the_one_that_decides(db: Database) -> None:
    # North's third kind of source is asked for by excellent alone.
    north = [*good_domain("carers", 5, 5), finding("O1", "neutral")]
    south = [*good_domain("carers", 4, 6)]
    for key, rows in (("north", north), ("south", south)):
        assess_plainly(db, review(db, key, *rows))
    (pair,) = about(compare_reviews(db, WELSH), "carers")["pairs"]
    assert [(one["part"], one["decides"]) for one in pair["separated_by"]] == [
        ("mainly-good", True),
        ("excellent", False),
    ]


def test_a_limit_may_be_what_separates_two(db: Database) -> None:
    rows = good_domain("carers", 7, 0)
    grave = [finding("I1", "weakness", 3) for _ in range(3)]
    mild = [finding("I1", "weakness", 2) for _ in range(3)]
    assess_plainly(db, review(db, "north", *rows, *grave))
    assess_plainly(db, review(db, "south", *rows, *mild))
    (pair,) = about(compare_reviews(db, WELSH), "carers")["pairs"]
    assert pair["reviews"] == ["north", "south"]
    assert [(one["part"], one["criterion"], one["met"]) for one in pair["separated_by"]] == [
        ("limits", "serious-weaknesses", [True, False])
    ]
    assert (
        "it applies to North (exactly), it does not apply to South (by 30 percentage points)"
        in pair["because"]
    )


def test_what_a_person_decided_is_named_where_the_rules_saw_the_same(db: Database) -> None:
    for key in ("north", "south"):
        made = review(db, key, *good_domain("carers", 5, 5))
        if key == "north":
            decide(db, made, carers="inconsistent")
        assess_plainly(db, made)
    found = compare_reviews(db, WELSH)
    (pair,) = about(found, "carers")["pairs"]
    assert (pair["criteria_apart"], pair["gap"], pair["distance"]) == (0, 0, 0)
    assert pair["decided"] == [True, False]
    assert pair["because"] == "North: decided by moderators; the same criteria were met in both."
    (decided,) = found["decided_differently"]
    assert (decided["target"], decided["proposed"]) == ("carers", "mainly-good")
    assert [(r["level_id"], r["decided"], r["as_proposed"]) for r in decided["ratings"]] == [
        ("inconsistent", ["north"], []),
        ("mainly-good", [], ["south"]),
    ]


def test_the_same_decision_on_the_same_proposal_is_not_told(db: Database) -> None:
    for key in ("north", "south"):
        made = review(db, key, *good_domain("carers", 5, 5))
        decide(db, made, carers="inconsistent")
        assess_plainly(db, made)
    found = compare_reviews(db, WELSH)
    assert found["decided_differently"] == []
    assert found["nearest"] == []
    assert found["nearest_none"] == "No two reviews were rated differently."


def test_a_domain_without_a_rating_is_in_no_pair(db: Database) -> None:
    assess_plainly(db, review(db, "north", *good_domain("carers", 5, 5)))
    assess_plainly(db, review(db, "south", *good_domain("carers", 1, 1)))  # not enough items
    assert compare_reviews(db, WELSH)["nearest"] == []


# --- other rules, no runs, few reviews -------------------------------------------------------------------


def test_runs_under_other_rules_are_marked_and_so_are_pairs_across(db: Database) -> None:
    north, south = (review(db, key, *good_domain("carers", 5, 5)) for key in ("north", "south"))
    assess_plainly(db, north, stricter(51))
    assess_plainly(db, south)
    found = compare_reviews(db, WELSH)
    assert [one["current"] for one in found["reviews"]] == [False, True]
    assert [(book["current"], book["reviews"]) for book in found["rulebooks"]] == [(True, 1), (False, 1)]
    (pair,) = about(found, "carers")["pairs"]
    assert pair["same_rules"] is False
    (criterion,) = pair["separated_by"]
    assert criterion["needed"] == ["at least 51 %", "at least 50 %"]
    assert criterion["decides"] is None
    assert pair["because"].endswith("the two were rated under different rules.")


def test_a_run_under_an_older_framework_is_left_out_and_said_so(db: Database) -> None:
    made = review(db, "north", *good_domain("carers", 5, 5))
    older = PolicySet(WELSH.framework.model_copy(update={"note": "An older text."}), WELSH.rulebook)
    store_frameworks(db, [older])
    run = assess_plainly(db, Review(**{**vars(made), "framework_digest": older.framework_digest}), older)
    with pytest.raises(RunImpossible, match="has changed since it was put into the database"):
        compare_reviews(db, WELSH)
    store_frameworks(db, [WELSH])
    assess_plainly(db, review(db, "south", *good_domain("carers", 5, 5)))
    found = compare_reviews(db, WELSH)
    assert [one["review"] for one in found["reviews"]] == ["south"]
    assert found["left_out"] == [
        {
            "review": "north",
            "authority": "North",
            "run": run.id,
            "reason": f"was last assessed (run {run.id}) under an older version of the framework",
        }
    ]


def test_one_review_stands_on_the_grid_and_has_nothing_beside_it(db: Database) -> None:
    made = review(db, "north")
    decide(db, made, services="poor", organisation="badly")
    assess_plainly(db, made)
    review(db, "south")
    found = compare_reviews(db, WELSH)
    assert found["reviews"][0]["position"] == ["Poor", "Badly placed"]
    assert [(one["review"], one["reason"]) for one in found["left_out"]] == [
        ("south", "has not been assessed yet")
    ]
    assert found["nearest"] == []
    assert "a comparison needs two" in found["nearest_none"]


def test_nothing_of_a_review_that_may_not_be_seen_is_in_the_comparison(db: Database) -> None:
    for key, strengths in (("north", 5), ("south", 4), ("hidden", 3)):
        assess_plainly(db, review(db, key, *good_domain("carers", strengths, 5)))
    review(db, "hidden-too")
    found = compare_reviews(db, WELSH, only={"north", "south"})
    assert "hidden" not in json.dumps(found).lower()
    assert about(found, "carers")["pairs_in_all"] == 1


def test_the_order_of_import_changes_nothing(tmp_path: Path) -> None:
    rows = {key: good_domain("carers", n, 5) for key, n in (("a", 3), ("b", 4), ("c", 5), ("d", 6))}
    found = []
    for name, keys in (("one", "abcd"), ("other", "dbca")):
        db = new_programme(tmp_path, f"{name}.db")
        try:
            for key in keys:
                assess_plainly(db, review(db, key, *rows[key]))
            found.append(compare_reviews(db, WELSH))
        finally:
            db.conn.close()
    for one in found:
        for made in one["reviews"]:
            made.pop("run")
    assert found[0] == found[1]


def test_the_framework_may_be_left_out_where_there_is_one_only(db: Database) -> None:
    with pytest.raises(RunImpossible, match="there is no review yet"):
        framework_to_compare(db, None)
    review(db, "north")
    assert framework_to_compare(db, None) == "wales-round-2"
    review(db, "west", framework="cqc-local-authority")
    with pytest.raises(RunImpossible, match="cqc-local-authority, wales-round-2"):
        framework_to_compare(db, None)
    with pytest.raises(UnknownName, match="wales-round-3"):
        framework_to_compare(db, "wales-round-3")


# --- how far apart two reviews are ----------------------------------------------------------------------

ALL = (np.array([0, 0, 1]), np.array([1, 2, 2]))


def test_missing_in_one_counts_as_far_as_can_be_and_missing_in_both_as_nothing() -> None:
    values = np.array([[10.0, np.nan], [20.0, np.nan], [np.nan, 5.0]])
    met = np.array([[1, 1], [0, 1], [1, 1]], dtype=np.int8)
    apart, gap, distance = distances(met, values, *ALL, [0, 1])
    assert apart.tolist() == [1, 0, 1]
    assert gap.tolist() == [1.0, 0.0, 1.0]  # 10 points of a range of 10; nothing; missing against 20
    assert distance.tolist() == [0.5, 1.0, 1.0]


def test_a_measure_behind_two_criteria_counts_once_in_the_gap() -> None:
    met = np.array([[1, 1], [0, 0], [0, 1]], dtype=np.int8)
    apart, gap, _ = distances(met, np.array([[80.0], [40.0], [60.0]]), *ALL, [0, 0])
    assert apart.tolist() == [2, 1, 1]
    assert gap.tolist() == [1.0, 0.5, 0.5]


@given(
    st.lists(
        st.lists(st.integers(0, 100), min_size=3, max_size=3), min_size=2, max_size=6, unique_by=tuple
    ).map(np.array)
)
def test_the_distance_is_the_mean_of_differences_in_units_of_the_range(values: np.ndarray) -> None:
    width = np.ptp(values, axis=0)
    expected = pdist(values / np.where(width > 0, width, 1), "cityblock") / 3
    one, other = np.triu_indices(len(values), 1)
    met = np.ones((len(values), 3), dtype=np.int8)
    _, gap, distance = distances(met, values.astype(float), one, other, [0, 1, 2])
    assert np.allclose(distance, expected, atol=1e-4)
    assert (distance <= 1).all()
    assert not gap.any()


# --- the command ----------------------------------------------------------------------------------------


def test_the_command_shows_grid_profiles_pairs_and_decisions(db: Database, tmp_path: Path, say: Say) -> None:
    for key, strengths in (("north", 5), ("south", 4)):
        made = review(db, key, *good_domain("carers", strengths, 5))
        decide(db, made, services="poor", organisation="badly")
        assess_plainly(db, made)
    path = str(tmp_path / "programme.db")
    done = say("compare", "--db", path)
    assert done.code == 0
    text = done.out
    assert "2 of 2 reviews" in text
    assert "Poor / Badly placed: North, South." in text
    assert "1* " in text
    assert "South Inconsistent, North Mainly good: 1 criterion differs" in text
    done = say("compare", "--json", "--db", path)
    assert done.code == 0
    assert done.data == compare_reviews(db, WELSH)


def test_the_command_ends_with_1_where_nothing_can_be_compared(
    db: Database, tmp_path: Path, say: Say
) -> None:
    path = tmp_path / "copy.db"
    shutil.copy(tmp_path / "programme.db", path)
    for words, because in (
        ([], "there is no review yet"),
        (["wales-round-1"], "there is no review under wales-round-1"),
        (["wales-round-7"], "Did you mean"),
    ):
        done = say("compare", *words, "--db", str(path))
        assert done.code == 1
        assert because in done.err
