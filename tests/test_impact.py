"""What a changed rulebook would do: which ratings move in which reviews, and through exactly which rule."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, WELSH, add, new_programme, rate_approved, tables_of
from command_line import Say
from evidence_rows import SOURCES, finding, good_domain, score, survey, whole_review
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_rulebooks import evidence_values, infer_alone, policy_sets, rule_sets

from comparison.edits import POLICY, RATINGS, Assessed, Mixture, cause_of, edits_of
from comparison.impact import rules_impact
from joint_review.cli.impact import policy_named
from programme.database import Database, open_for_reading
from programme.reviews import Review, create_review
from rules.errors import DatabaseUnusable, PolicyFileInvalid, RunImpossible, UnknownName
from rules.loader import LIBRARY, PolicySet, load_policy
from rules.rulebook import Of, Rulebook, RuleSet

Row = dict[str, Any]
EXAMPLE = Path(__file__).parents[1] / "examples" / "stricter-rules" / "rulebook.yml"
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def moved(db: Database, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What moves if the rules of the library are changed."""

    def compare(change: Change, **options: Any) -> dict[str, Any]:
        return rules_impact(db, tmp_path / "programme.db", WELSH, changed(change), **options)

    return compare


def review(db: Database, key: str, *rows: Row) -> Review:
    made = create_review(
        db, key, key.capitalize(), "wales-round-2", window_from=None, window_to=None, by="lead", at=AT
    )
    add(db, made, *SOURCES, *rows)
    return made


def changed(change: Change) -> PolicySet:
    text = WELSH.rulebook.model_dump(mode="json", exclude_none=True)
    change(text)
    return PolicySet(WELSH.framework, Rulebook.model_validate(text))


def services(text: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = text["domain_defaults"]["services"]
    return found


def strengths_needed(percent: float) -> Change:
    """Mainly good needs this percentage of strengths (50 in the library)."""

    def change(text: dict[str, Any]) -> None:
        services(text)["levels"]["mainly-good"][0]["at_least"] = percent

    return change


def rules_of(found: dict[str, Any], *, at: int = 0) -> list[tuple[str, str]]:
    """(rule, change) behind the first move of a review."""
    return [(rule["rule"], rule["change"]) for rule in found["by_review"][at]["moved"][0]["rules"]]


# --- a threshold moved by one point ---------------------------------------------------------------------


def test_one_point_moves_exactly_one_rating_in_one_review_through_exactly_that_rule(
    db: Database, moved: Callable[..., dict[str, Any]]
) -> None:
    for key, strengths in (("north", 5), ("south", 6), ("east", 4)):  # of ten: 50, 60 and 40 %
        review(db, key, *good_domain("carers", strengths, 10 - strengths))
    found = moved(strengths_needed(51))
    assert found["moved"] == {
        "up": 0,
        "down": 1,
        "rated": 0,
        "unrated": 0,
        "held": 0,
        "reviews": 1,
        "cells": 0,
    }
    (one,) = found["by_review"]
    (move,) = one["moved"]
    assert (one["review"], move["target"]) == ("north", "carers")
    assert (move["before"]["level_title"], move["after"]["level_title"]) == ("Mainly good", "Inconsistent")
    said = {"statement": "strengths make up 50 % of what was found", "measure": "strengths_share"}
    assert move["rules"] == [
        {
            "rule": "carers.mainly-good.strengths",
            "where": "domain_defaults/services",
            "part": "mainly-good",
            "criterion": "strengths",
            "change": "changed",
            "before": {**said, "needed": "at least 50 %", "value": 50, "met": True, "no_better_than": None},
            "after": {**said, "needed": "at least 51 %", "value": 50, "met": False, "no_better_than": None},
        }
    ]
    assert found["rules"] == [
        {
            "where": "domain_defaults/services",
            "part": "mainly-good",
            "criterion": "strengths",
            "change": "changed",
            "before": {"test": "at least 50 %", "measure": "strengths_share", "no_better_than": None},
            "after": {"test": "at least 51 %", "measure": "strengths_share", "no_better_than": None},
            "ratings": 1,
            "alone": 1,
            "reviews": 1,
            "targets": {"carers": 1},
        }
    ]
    assert [(row["target"], row["from"], row["to"], row["reviews"]) for row in found["moves"]] == [
        ("carers", "Mainly good", "Inconsistent", ["north"])
    ]
    assert (found["reviews"], found["assessed"], found["ratings"]) == (3, 3, 3)


def test_a_threshold_met_exactly_is_still_met(db: Database, moved: Callable[..., dict[str, Any]]) -> None:
    review(db, "north", *good_domain("carers", 5, 5))
    assert moved(strengths_needed(50))["rules"] == []
    assert moved(strengths_needed(49))["by_review"] == []
    assert moved(strengths_needed(49))["rules"][0]["ratings"] == 0
    assert len(moved(strengths_needed(50.0001))["by_review"]) == 1


def test_nothing_is_written(db: Database, moved: Callable[..., dict[str, Any]]) -> None:
    review(db, "north", *good_domain("carers", 5, 5))
    before = tables_of(db)
    moved(strengths_needed(51))
    assert tables_of(db) == before


def test_a_database_opened_for_reading_cannot_be_changed(db: Database, tmp_path: Path) -> None:
    review(db, "north", *good_domain("carers", 5, 5))
    reading = open_for_reading(tmp_path / "programme.db")
    try:
        reading.conn.execute("create temp table counted (item)")
        for change in ("delete from tag", "update review set note = 'x'", "create table more (x)"):
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reading.conn.execute(change)
    finally:
        reading.conn.close()


# --- through which rule -----------------------------------------------------------------------------------


def test_a_decision_holds_a_rating_whose_proposal_moves(
    db: Database, moved: Callable[..., dict[str, Any]]
) -> None:
    made = review(db, "north", *good_domain("carers", 5, 5))
    rate_approved(db, made, "carers", "mainly-good", by="moderator-1", because="Seen on visits.", at=AT)
    found = moved(strengths_needed(51))
    assert (found["moved"]["held"], found["moved"]["down"], found["moves"]) == (1, 0, [])
    (move,) = found["by_review"][0]["moved"]
    assert move["held"]
    assert move["after"]["level_title"] == "Mainly good"
    assert move["after"]["proposed_title"] == "Inconsistent"
    assert found["rules"][0]["ratings"] == 0


def test_two_rules_that_only_together_lift_a_rating_are_both_named(
    db: Database, moved: Callable[..., dict[str, Any]]
) -> None:
    review(db, "north", *good_domain("carers", 4, 5), survey("S1", "Are you heard?", 60))

    def change(text: dict[str, Any]) -> None:
        strengths_needed(40)(text)
        services(text)["levels"]["mainly-good"][1]["at_least"] = 60
        services(text)["levels"]["excellent"][0]["at_least"] = 95  # has no part in it

    found = moved(change)
    (move,) = found["by_review"][0]["moved"]
    assert move["together"]
    assert move["direction"] == "up"
    assert [rule["criterion"] for rule in move["rules"]] == ["strengths", "surveys"]
    assert [(row["criterion"], row["ratings"], row["alone"]) for row in found["rules"]] == [
        ("strengths", 1, 0),
        ("surveys", 1, 0),
        ("strengths", 0, 0),
    ]


def test_each_rule_that_would_do_alone_is_named(db: Database, moved: Callable[..., dict[str, Any]]) -> None:
    review(db, "north", *good_domain("carers", 5, 5), survey("S1", "Are you heard?", 65))

    def change(text: dict[str, Any]) -> None:
        strengths_needed(51)(text)
        services(text)["levels"]["mainly-good"][1]["at_least"] = 66

    found = moved(change)
    assert [row["alone"] for row in found["rules"]] == [1, 1]
    assert found["by_review"][0]["moved"][0]["together"] is False


def test_a_stricter_limit_and_a_harsher_one(db: Database, moved: Callable[..., dict[str, Any]]) -> None:
    grave = [finding("I1", "weakness", 3) for _ in range(3)]
    review(db, "north", *good_domain("carers", 9, 0), *grave)  # 3 of 12: 25 %

    def stricter(text: dict[str, Any]) -> None:
        services(text)["limits"][0]["at_least"] = 25

    found = moved(stricter)
    assert rules_of(found) == [("carers.limits.serious-weaknesses", "changed")]
    before, after = (found["by_review"][0]["moved"][0]["rules"][0][when] for when in ("before", "after"))
    assert (before["met"], after["met"], after["needed"]) == (False, True, "at least 25 %")

    def harsher(text: dict[str, Any]) -> None:
        stricter(text)
        services(text)["limits"][0]["no_better_than"] = "poor"

    found = moved(harsher)
    (move,) = found["by_review"][0]["moved"]
    assert move["after"]["level_title"] == "Poor"
    assert found["rules"][0]["after"]["no_better_than"] == "poor"


def test_more_evidence_asked_for_leaves_a_domain_unrated(
    db: Database, moved: Callable[..., dict[str, Any]]
) -> None:
    review(db, "north", *good_domain("carers", 3, 2))

    def change(text: dict[str, Any]) -> None:
        services(text)["sufficiency"][0]["at_least"] = 6

    found = moved(change)
    assert rules_of(found) == [("carers.sufficiency.enough-items", "changed")]
    assert found["moved"]["unrated"] == 1
    assert found["by_review"][0]["moved"][0]["after"]["status"] == "insufficient"
    assert found["moves"][0]["to"] == "no rating"


def test_rules_added_and_removed(db: Database, moved: Callable[..., dict[str, Any]]) -> None:
    review(db, "north", *good_domain("carers", 4, 6))

    def removed(text: dict[str, Any]) -> None:
        del services(text)["levels"]["mainly-good"][0]

    found = moved(removed)
    assert rules_of(found) == [("carers.mainly-good.strengths", "removed")]
    assert found["rules"][0]["after"] is None

    def added(text: dict[str, Any]) -> None:
        more = {**services(text)["levels"]["inconsistent"][0], "id": "half", "at_least": 50}
        services(text)["levels"]["inconsistent"].append(more)

    found = moved(added)
    assert rules_of(found) == [("carers.inconsistent.half", "added")]
    assert found["by_review"][0]["moved"][0]["rules"][0]["before"] is None


def test_a_measure_made_otherwise_moves_through_the_criteria_that_test_it(
    db: Database, moved: Callable[..., dict[str, Any]]
) -> None:
    # Five grave strengths and six slight weaknesses: 71 % by weight, 45 % by number.
    rows = [finding("I1", "strength", 3) for _ in range(5)] + [finding("G1", "weakness", 1) for _ in range(6)]
    review(db, "north", *rows)

    def change(text: dict[str, Any]) -> None:
        next(m for m in text["measures"] if m["id"] == "strengths_share")["weighted"] = False

    found = moved(change)
    assert rules_of(found) == [("carers.mainly-good.strengths", "changed")]
    rule = found["by_review"][0]["moved"][0]["rules"][0]
    assert (rule["before"]["value"], rule["after"]["value"]) == (71.4286, 45.4545)
    assert (rule["before"]["needed"], rule["after"]["needed"]) == ("at least 50 %", "at least 50 %")


def test_how_criteria_add_up_is_a_rule_too(db: Database, moved: Callable[..., dict[str, Any]]) -> None:
    # Excellent but for the number of kinds: two of five criteria short of it under best fit, too.
    review(db, "north", *good_domain("carers", 9, 1))

    def change(text: dict[str, Any]) -> None:
        services(text)["policy"] = "first-match"
        services(text)["levels"]["poor"] = [{**services(text)["sufficiency"][0], "id": "some"}]
        services(text)["levels"]["excellent"] = services(text)["levels"]["excellent"][:1]
        services(text)["levels"]["mainly-good"][1]["when_missing"] = "not-met"

    found = moved(change)
    (move,) = found["by_review"][0]["moved"]
    assert move["after"]["level_title"] == "Excellent"
    assert "policy" in {row["part"] for row in found["rules"]}


def test_a_question_moves_through_the_ratings_of_its_domains(
    db: Database, moved: Callable[..., dict[str, Any]]
) -> None:
    review(db, "north", *whole_review(5, 5))
    found = moved(strengths_needed(51))
    assert found["moved"]["down"] == 8  # seven domains and their question
    question = next(move for move in found["by_review"][0]["moved"] if move["kind"] == "question")
    assert len(question["domains"]) == 7
    assert {rule["change"] for rule in question["rules"]} == {"same"}
    assert all(rule["rule"].startswith("services.") for rule in question["rules"])
    assert found["rules"][0]["ratings"] == 7
    assert [(cell["before"], cell["after"]) for cell in found["cells"]] == [
        (["Mainly good", "Well placed"], ["Inconsistent", "Well placed"])
    ]


def test_words_alone_are_no_change(db: Database, moved: Callable[..., dict[str, Any]]) -> None:
    review(db, "north", *good_domain("carers", 5, 5))

    def change(text: dict[str, Any]) -> None:
        criterion = services(text)["levels"]["mainly-good"][0]
        criterion["because"], criterion["reference"] = "{value} % it is", "Another one."
        text["title"], text["measures"][3]["title"] = {"en": "Other"}, {"en": "Other words"}

    found = moved(change)
    assert found["old"]["digest"] != found["new"]["digest"]
    assert (found["rules"], found["by_review"]) == ([], [])


def test_a_review_that_cannot_be_assessed_is_listed_with_the_reason(
    db: Database, moved: Callable[..., dict[str, Any]]
) -> None:
    review(db, "north", *good_domain("carers", 5, 5))
    review(db, "south", *(score(case, 9e14, scale_max=9e14) for case in ("C1", "C2")))

    def change(text: dict[str, Any]) -> None:
        strengths_needed(51)(text)
        text["measures"].append({"id": "scores", "title": "Scores", "of": "case_scores", "statistic": "mean"})

    found = moved(change)
    (one,) = found["not_assessed"]
    assert (one["review"], one["reason"]) == ("south", "integer overflow")
    assert (found["reviews"], found["assessed"], found["moved"]["down"]) == (2, 1, 1)


# --- however it is run, and what cannot be run -------------------------------------------------------------


def test_processes_give_the_same_bytes_and_say_how_far_they_are(
    db: Database, moved: Callable[..., dict[str, Any]]
) -> None:
    for number in range(5):
        review(db, f"r{number}", *good_domain("carers", 4 + number, 5))
    seen: dict[int, list[tuple[int, int]]] = {1: [], 2: []}
    found = {
        workers: moved(
            strengths_needed(51),
            workers=workers,
            progress=lambda done, total, what, workers=workers: seen[workers].append((done, total)),
        )
        for workers in (1, 2)
    }
    assert json.dumps(found[1]) == json.dumps(found[2])
    assert seen[1] == seen[2] == [(done, 5) for done in range(1, 6)]


def test_the_order_of_import_changes_nothing(tmp_path: Path) -> None:
    rows = {key: good_domain("carers", n, 5) for key, n in (("a", 4), ("b", 5), ("c", 6))}
    found = []
    for name, keys in (("one", "abc"), ("other", "cab")):
        path = tmp_path / f"{name}.db"
        db = new_programme(tmp_path, path.name)
        try:
            for key in keys:
                review(db, key, *rows[key])
            found.append(rules_impact(db, path, WELSH, changed(strengths_needed(51))))
        finally:
            db.conn.close()
    assert found[0] == found[1]


def test_another_database_at_the_path_is_refused(db: Database, tmp_path: Path) -> None:
    review(db, "north", *good_domain("carers", 5, 5))
    (tmp_path / "other").mkdir()
    new_programme(tmp_path / "other").conn.close()
    new = changed(strengths_needed(51))
    with pytest.raises(DatabaseUnusable, match="is another database here, or an older copy"):
        rules_impact(db, tmp_path / "other" / "programme.db", WELSH, new)
    with pytest.raises(DatabaseUnusable, match="there is no database at"):
        rules_impact(db, tmp_path / "none.db", WELSH, new)
    with pytest.raises(DatabaseUnusable, match="not a joint-review database"):
        (tmp_path / "empty.db").touch()
        rules_impact(db, tmp_path / "empty.db", WELSH, new)


def test_rulebooks_of_different_frameworks_are_refused(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "programme.db"
    with pytest.raises(RunImpossible, match="the old rulebook is for wales-round-2, the new one for cqc"):
        rules_impact(db, path, WELSH, load_policy("cqc-local-authority"))
    other = PolicySet(WELSH.framework.model_copy(update={"note": "Changed."}), WELSH.rulebook)
    with pytest.raises(RunImpossible, match="different versions of the framework wales-round-2"):
        rules_impact(db, path, WELSH, other)
    with pytest.raises(RunImpossible, match="there is no review under wales-round-2"):
        rules_impact(db, path, WELSH, WELSH)
    review(db, "north")
    with pytest.raises(RunImpossible, match="differs between the database and the rulebooks"):
        rules_impact(db, path, other, other)


# --- the causes, on random rulebooks ------------------------------------------------------------------------


@st.composite
def two_rulebooks(draw: st.DrawFn) -> tuple[PolicySet, PolicySet]:
    """Two rulebooks of one framework that measure alike; some blocks of rules are others."""
    old = draw(policy_sets(most_domains=3, most_levels=3))
    framework, book = old.framework, old.rulebook
    evidence = [measure for measure in book.measures if measure.of is not Of.RATINGS]
    again: dict[str, dict[str, RuleSet]] = {"domain_defaults": {}, "questions": {}}
    for question in framework.questions:
        if question.domains and draw(st.booleans()):
            again["domain_defaults"][question.id] = draw(
                rule_sets(framework, question, question.levels_of_domains, evidence)
            )
        number = question.id[-1]
        of_ratings = [measure for measure in book.measures if measure.id.startswith(f"r{number}_")]
        if draw(st.booleans()):
            again["questions"][question.id] = draw(rule_sets(framework, question, question.scale, of_ratings))
    blocks = {name: {**getattr(book, name), **found} for name, found in again.items()}
    return old, PolicySet(framework, book.model_copy(update=blocks))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_named_as_the_cause_moves_the_rating_and_nothing_less_does(data: st.DataObject) -> None:
    old, new = data.draw(two_rulebooks())
    measures = data.draw(evidence_values(old, new))
    one, other = (Assessed(policy, infer_alone(policy, measures, {})) for policy in (old, new))
    moved = [
        rating.target
        for rating in one.inference.ratings
        if rating.proposed != other.inference.rating(rating.target).proposed
    ]
    for target in old.framework.question_of:
        mixture = Mixture(target, one, other)
        for edits, side in (((), one), (mixture.edits, other)):
            rating = side.inference.rating(target)
            assert mixture.propose({*edits}) == (rating.proposed, rating.status == "insufficient"), target
    assume(moved)
    for target in moved:
        cause = cause_of(target, one, other)
        assert cause.edits, target
        known = {*edits_of(old, new, target), *([] if old.framework.is_domain(target) else [RATINGS])}
        assert set(cause.edits) <= known
        if not old.framework.is_domain(target) or POLICY in cause.edits:
            continue
        wanted = other.inference.rating(target).proposed
        tried = [set(cause.edits)] if cause.together else [{edit} for edit in cause.edits]
        for edits in tried:
            rules = with_edits(old, new, target, edits)
            if rules is not None:
                book = old.rulebook.model_copy(update={"domains": {**old.rulebook.domains, target: rules}})
                found = infer_alone(PolicySet(old.framework, book), measures, {})
                assert found.rating(target).proposed == wanted, (target, edits)


def with_edits(old: PolicySet, new: PolicySet, target: str, edits: set[tuple[str, str]]) -> RuleSet | None:
    """The old rules of a target with some criteria as in the new; None where a level would be left empty."""
    before, after = (policy.rulebook.rules_of(policy.framework, target) for policy in (old, new))

    def mixed(part: str, ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> tuple[Any, ...]:
        kept = [criterion for criterion in ours if (part, criterion.id) not in edits]
        return (*kept, *(criterion for criterion in theirs if (part, criterion.id) in edits))

    names = [level.id for level in old.framework.scale_of(target)]
    levels = {name: mixed(name, before.levels.get(name, ()), after.levels.get(name, ())) for name in names}
    if any(not found and (name in before.levels or name in after.levels) for name, found in levels.items()):
        return None
    return before.model_copy(
        update={
            "sufficiency": mixed("sufficiency", before.sufficiency, after.sufficiency),
            "limits": mixed("limits", before.limits, after.limits),
            "levels": {name: found for name, found in levels.items() if found},
        }
    )


# --- the command, and the rulebook of the example -----------------------------------------------------------


def test_the_example_differs_from_the_library_in_one_threshold() -> None:
    found = policy_named(str(EXAMPLE))
    assert found.framework_digest == WELSH.framework_digest
    targets = {target: edits_of(WELSH, found, target) for target in WELSH.framework.question_of}
    assert {edit for edits in targets.values() for edit in edits} == {("mainly-good", "strengths")}
    assert "Illustration" in found.rulebook.note


def test_a_rulebook_is_named_by_framework_folder_or_file(tmp_path: Path) -> None:
    shutil.copytree(LIBRARY / "wales-round-1", tmp_path / "mine")
    assert policy_named("wales-round-1") == policy_named(str(tmp_path / "mine"))
    assert policy_named(str(tmp_path / "mine" / "rulebook.yml")) == policy_named("wales-round-1")
    (tmp_path / "bare.yml").write_text("id: bare\nframework: nowhere\n", encoding="utf-8")
    with pytest.raises(UnknownName, match=r"bare.yml:2: there is no framework 'nowhere'"):
        policy_named(str(tmp_path / "bare.yml"))
    (tmp_path / "broken.yml").write_text("id: [", encoding="utf-8")
    with pytest.raises(PolicyFileInvalid):
        policy_named(str(tmp_path / "broken.yml"))
    with pytest.raises(UnknownName, match="wales-round-7"):
        policy_named("wales-round-7")


def test_the_command_says_what_moves(db: Database, tmp_path: Path, say: Say) -> None:
    review(db, "north", *whole_review(5, 5))
    impact = ("rules", "impact")
    words = ("wales-round-2", str(EXAMPLE), "--workers", "1", "--db", str(tmp_path / "programme.db"))
    done = say(*impact, *words)
    assert done.code == 0
    text = done.out
    assert "Ratings that move: 8 of 15 (8 down)." in text
    assert "carers.mainly-good.strengths: strengths make up 50 % of what was found;" in text
    assert "Mainly good / Well placed -> Inconsistent / Well placed" in text
    done = say(*impact, *words, "--json")
    assert done.code == 0
    path = tmp_path / "programme.db"
    expected = rules_impact(db, path, WELSH, policy_named(str(EXAMPLE)))
    assert done.data == expected
    done = say(*impact, "wales-round-2", "cqc-local-authority", *words[2:])
    assert done.code == 1
    assert "Give two rulebooks of the same framework." in done.err
    assert say(*impact, *words[:2], "--workers", "0", *words[4:]).code == 2
