"""Why this rating and why not the next one up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from assessment_example import AT, ENGLISH, NO_INPUTS, WELSH, assess_plainly, new_review, rate_approved
from evidence_rows import finding, good_domain, whole_review

from assessment.reasons.explain import (
    DecisionExplained,
    RatingExplained,
    ReachedLevel,
    explain_all,
    explain_cell,
    explain_rating,
)
from assessment.runs.result import make_result
from assessment.runs.run import Run
from joint_review.plain import plain
from programme.database import Database
from programme.reviews import Review
from rules.engine import fire_of_record
from rules.errors import UnknownName
from rules.inference import Outcome, infer
from rules.loader import PolicySet
from rules.ratings import MeasureValue
from rules.rulebook import Policy


@pytest.fixture(scope="module")
def run(shared_db: Database) -> Run:
    """All domains alike, but for safeguarding (held down), carers (decided) and workforce (too little)."""
    others = [d for d in WELSH.framework.domains if d not in ("safeguarding", "workforce", "resources")]
    rows = [
        *whole_review(domains=others),
        *good_domain("safeguarding", 4, 0),
        *[finding("G1", "weakness", 3, domains="safeguarding") for _ in range(2)],
        finding("I1", domains="workforce"),
        *good_domain("resources", 2, 0),
        finding("I1", "weakness", 1, domains="resources"),
        *[finding("G1", "weakness", 3, domains="resources") for _ in range(2)],
    ]
    review = new_review(shared_db, "r1", "wales-round-2", *rows)
    rate_approved(shared_db, review, "carers", "poor", by="moderator", because="Seen on visits.", at=AT)
    return assess_plainly(shared_db, review)


def names(outcomes: Sequence[Outcome]) -> list[str]:
    return [f"{outcome.part}/{outcome.criterion}" for outcome in outcomes]


def ratings_of(run: Run) -> list[RatingExplained]:
    return [one for one in explain_all(run) if isinstance(one, RatingExplained)]


def test_what_is_met_and_what_the_next_level_needs_is_complete(run: Run) -> None:
    told = explain_rating(run, "leadership")
    assert (told.title, told.status, told.level, told.level_title) == (
        "Leadership",
        "proposed",
        "well",
        "Well placed",
    )
    assert names(told.met) == [
        f"{level}/{criterion}"
        for level in ("uncertainly", "well")
        for criterion in ("strengths", "surveys", "case-files")
    ]
    assert told.next_level == "Strongly placed"
    assert [(name, o.met) for name, o in zip(names(told.next), told.next, strict=True)] == [
        ("strongly/strengths", True),
        ("strongly/surveys", True),
        ("strongly/case-files", True),
        ("strongly/several-kinds", False),
        ("strongly/comparators", True),
    ]
    assert not told.missed
    assert names(told.sufficiency) == [
        f"sufficiency/{criterion}" for criterion in ("enough-items", "enough-findings", "enough-kinds")
    ]
    assert told.because.startswith("Well placed: strengths make up 80 % of what was found; not Strongly")


def test_a_limit_says_whether_it_binds(run: Run) -> None:
    told = explain_rating(run, "safeguarding")
    assert (told.level, told.proposed) == ("inconsistent", "inconsistent")
    assert [(o.criterion, o.met, o.binds) for o in told.limits] == [
        ("serious-weaknesses", True, True),
        ("serious-weaknesses-prevail", False, False),
    ]
    assert "mainly-good/strengths" in names(told.met)
    assert told.because.startswith(
        "Inconsistent, not Mainly good, because of a limit: serious weaknesses are 33.3 %"
    )


def test_a_limit_in_force_that_holds_nothing_down_does_not_bind(run: Run) -> None:
    told = explain_rating(run, "resources")
    assert told.level == "uncertainly"
    assert [(o.met, o.binds) for o in told.limits] == [(True, False), (False, False)]


def test_a_decision_is_explained_beside_what_the_rules_say(run: Run) -> None:
    told = explain_rating(run, "carers")
    assert (told.status, told.level, told.proposed) == ("decided", "poor", "mainly-good")
    assert told.because == "Poor, decided by moderators; the rules propose Mainly good."
    assert told.next_level == "Excellent"


def test_too_little_evidence_is_explained_by_what_is_missing(run: Run) -> None:
    told = explain_rating(run, "workforce")
    assert (told.status, told.level, told.next_level) == ("insufficient", None, None)
    assert (told.met, told.next) == ([], [])
    assert [(o.criterion, o.met) for o in told.sufficiency] == [
        ("enough-items", False),
        ("enough-findings", False),
        ("enough-kinds", False),
    ]


def test_the_cell_is_explained_by_its_questions(run: Run) -> None:
    told = explain_cell(run)
    assert (told.status, told.level) == ("placed", ("mainly-good", "well"))
    assert told.level_title == "Mainly good / Well placed"
    assert told.because == (
        "How good are the services? Mainly good; How well placed is the council to sustain and improve"
        " services? Well placed."
    )


def test_without_a_target_everything_is_explained_and_the_cell_last(run: Run) -> None:
    told = explain_all(run)
    assert [one.target for one in told] == [r.target for r in run.result.ratings] + ["cell"]
    *ratings, cell = (frozenset(plain(one)) for one in told)
    assert set(ratings) == {cell - {"questions", "neighbours", "rules"}}


def test_every_outcome_is_told_once_unless_it_belongs_to_a_level_beyond_the_next(run: Run) -> None:
    for told, rating in zip(ratings_of(run), run.result.ratings, strict=True):
        shown = [names(getattr(told, part)) for part in ("met", "missed", "next", "limits", "sufficiency")]
        flat = [name for part in shown for name in part]
        assert len(flat) == len(set(flat))
        scale = [level.id for level in WELSH.framework.scale_of(rating.target)]
        level = rating.before_limits
        beyond = set(scale[level + 1 :]) if level else set(scale)
        assert set(flat) == {n for n in names(rating.outcomes) if n.partition("/")[0] not in beyond}


def test_the_highest_level_has_no_next(db: Database) -> None:
    rows = [finding(source, domains="carers") for source in ("I1", "G1", "O1", "I1", "G1")]
    run = assess_plainly(db, new_review(db, "r1", "wales-round-2", *rows))
    told = explain_rating(run, "carers")
    assert (told.level, told.next, told.next_level) == ("excellent", [], None)
    assert len(told.met) == 11


def test_a_cell_not_yet_placed_says_which_question_is_not_rated(db: Database) -> None:
    services = [d.id for d in WELSH.framework.question("services").domains]
    run = assess_plainly(db, new_review(db, "r1", "wales-round-2", *whole_review(domains=services)))
    told = explain_cell(run)
    assert (told.status, told.level, told.level_title) == ("open", None, "Mainly good / not rated")
    assert told.because.endswith("improve services? not rated.")


@pytest.mark.parametrize(("target", "hint"), [("carer", "carers"), ("grid", "cell"), ("servces", "services")])
def test_a_mistyped_target_gets_the_nearest_one(run: Run, target: str, hint: str) -> None:
    with pytest.raises(UnknownName) as caught:
        explain_rating(run, target)
    assert f"'{hint}'" in caught.value.hint or hint in caught.value.hint


def test_what_is_left_to_people_is_explained_as_open(db: Database) -> None:
    review: Review = new_review(db, "r1", "cqc-local-authority")
    told = explain_rating(assess_plainly(db, review, ENGLISH), "safeguarding")
    assert (told.status, told.because) == ("open", "For a moderator to decide: the rules propose no level.")


def under(policy: str, given: dict[str, float], **changes: Any) -> RatingExplained:
    """Carers by the Welsh criteria under another policy, from given measures; enough evidence or not."""
    rules = WELSH.rulebook.domain_defaults["services"]
    levels = {"poor": rules.levels["inconsistent"][:1], **rules.levels}
    changed = rules.model_copy(
        update={"policy": Policy(policy), "levels": levels, "sufficiency": (), **changes}
    )
    defaults = {**WELSH.rulebook.domain_defaults, "services": changed}
    made = PolicySet(WELSH.framework, WELSH.rulebook.model_copy(update={"domain_defaults": defaults}))
    values = {"carers": {name: MeasureValue(value) for name, value in given.items()}}
    inference = infer(made.compiled, values, {}, partial(fire_of_record, worker=None))
    return explain_rating(Run(1, "r1", "", make_result(made, NO_INPUTS, inference), made), "carers")


def lost(told: RatingExplained) -> dict[str, tuple[str, int, int]]:
    return {one.level: (one.reason, one.met, one.of) for one in told.lost}


def said_of(told: RatingExplained, level: str) -> str:
    sentence: str = next(one.because for one in told.lost if one.level == level)
    return sentence


def test_under_best_fit_what_the_level_misses_is_told_too() -> None:
    told = under("best-fit", {"strengths_share": 10, "survey_positive": 70})
    assert told.level == "inconsistent"
    assert names(told.missed) == ["poor/strengths", "inconsistent/strengths"]
    assert names(told.met) == ["inconsistent/surveys", "inconsistent/case-files"]


def test_under_best_fit_the_others_lost_by_their_share() -> None:
    """Surveys at 70 % and no case files: 2 of 3 criteria of two levels, 2 of 5 of excellent."""
    told = under("best-fit", {"strengths_share": 10, "survey_positive": 70})
    assert lost(told) == {
        "poor": ("share", 0, 1),
        "mainly-good": ("share", 2, 3),
        "excellent": ("share", 2, 5),
    }
    assert said_of(told, "mainly-good").startswith(
        "2 of 3 criteria are met, the same share as Inconsistent, which is the lower level; strengths"
    )
    assert said_of(told, "excellent").startswith(
        "2 of 5 criteria are met, a smaller share than that of another level: Inconsistent has 2 of 3; "
    )


def test_under_first_match_a_worse_level_that_matches_too_lost_to_the_better() -> None:
    told = under("first-match", {"strengths_share": 50, "survey_positive": 70})
    assert told.level == "mainly-good"
    assert lost(told) == {
        "poor": ("better", 1, 1),
        "inconsistent": ("better", 3, 3),
        "excellent": ("criterion", 2, 5),
    }
    assert (
        said_of(told, "inconsistent")
        == "all its criteria are met, but those of Mainly good are met too, and it is better."
    )
    assert said_of(told, "excellent").startswith(
        "strengths make up 50 % of what was found (at least 80 % needed; not met, by 30 percentage points); "
    )


def test_where_nothing_matches_every_level_lost_by_a_criterion() -> None:
    told = under("first-match", {"strengths_share": 10, "survey_positive": 70})
    assert (told.status, told.level, told.before_limits) == ("open", None, None)
    assert {reason for reason, _, _ in lost(told).values()} == {"criterion"}
    assert len(told.lost) == 4


def test_under_secure_fit_a_level_loses_by_what_is_missed_at_or_below_it(run: Run) -> None:
    told = explain_rating(run, "resources")
    assert told.policy == "secure-fit"
    assert lost(told) == {
        "badly": ("better", 0, 0),
        "well": ("criterion", 2, 3),
        "strongly": ("criterion", 3, 5),
    }
    assert said_of(told, "well") == (
        "strengths make up 36.4 % of what was found (at least 50 % needed; not met, by 13.6 percentage"
        " points); a limit would also keep it at Uncertainly placed: serious weaknesses are 40 % of what was"
        " found."
    )
    assert said_of(told, "strongly").startswith(
        "Well placed, a lower level, is not reached: strengths make up 36.4 %"
    )
    assert said_of(told, "badly") == "every criterion up to Uncertainly placed is met, and that is better."


def test_the_level_before_limits_lost_to_the_limit(run: Run) -> None:
    told = explain_rating(run, "safeguarding")
    assert told.before_limits == ReachedLevel(number=3, level="mainly-good", title="Mainly good")
    assert lost(told)["mainly-good"] == ("limit", 3, 3)
    [limit] = next(one.failed for one in told.lost if one.level == "mainly-good")
    assert (limit.criterion, limit.by_how_much) == (
        "serious-weaknesses",
        "met by 3.3 percentage points",
    )
    assert said_of(told, "mainly-good") == (
        "its criteria are met, but a limit keeps the rating at Inconsistent:"
        " serious weaknesses are 33.3 % of what was found."
    )


def test_a_level_between_the_limit_and_what_the_criteria_give_lost_to_the_limit_too() -> None:
    told = under(
        "secure-fit", {"strengths_share": 90, "survey_positive": 90, "kinds": 3, "serious_weakness_share": 60}
    )
    assert (told.proposed, told.before_limits.level) == ("poor", "excellent")
    assert [reason for reason, _, _ in lost(told).values()] == ["limit"] * 3
    assert "even the criteria of Excellent are met, but a limit keeps the rating at Poor" in said_of(
        told, "inconsistent"
    )


def test_every_level_but_the_proposed_one_lost_and_the_counts_are_those_of_its_criteria(run: Run) -> None:
    for told, rating in zip(ratings_of(run), run.result.ratings, strict=True):
        scale = [level.id for level in WELSH.framework.scale_of(rating.target)]
        assert [one.level for one in told.lost] == [name for name in scale if name != told.proposed]
        for one in told.lost:
            own = [o for o in rating.outcomes if o.part == one.level]
            assert (one.met, one.of) == (sum(o.met for o in own), len(own))
            assert one.because.endswith(".")


def test_without_enough_evidence_every_level_lost_by_that(run: Run) -> None:
    told = explain_rating(run, "workforce")
    assert {one.reason for one in told.lost} == {"not-enough-evidence"}
    assert [o.by_how_much for o in told.lost[0].failed] == [
        "not met, by 4",
        "not met, by 2",
        "not met, by 1",
    ]


def test_a_decision_is_told_with_who_and_why_and_the_proposal_it_overrides(run: Run) -> None:
    said = {
        "carers": {"level_key": "poor", "by": "moderator", "because": "Seen on visits.", "at": AT.isoformat()}
    }
    told = explain_rating(run, "carers", said)
    assert told.decision == DecisionExplained(
        level="poor",
        title="Poor",
        overrides=True,
        proposed="Mainly good",
        by="moderator",
        because="Seen on visits.",
        at=AT.isoformat(),
    )
    assert (told.proposed_title, explain_rating(run, "leadership").decision) == ("Mainly good", None)


def test_what_a_criterion_tells_is_enough_to_read_it(run: Run) -> None:
    told = explain_rating(run, "leadership")
    strengths = next(o for o in told.next if o.criterion == "strengths")
    assert (strengths.measure_title, strengths.value_words, strengths.by_how_much) == (
        "Strengths among strengths and weaknesses, weighted by significance",
        "80 %",
        "met exactly",
    )
    assert strengths.rules == ("leadership.strongly.strengths",)
    surveys = next(o for o in told.next if o.criterion == "surveys")
    assert (surveys.value_words, surveys.by_how_much) == (
        "no value",
        "met without a value",
    )
    assert surveys.rules == ("leadership.strongly.surveys", "leadership.strongly.surveys.missing")


def test_the_cells_one_step_away_say_what_they_would_take(run: Run) -> None:
    """Of services 5 of 7 domains are mainly good, none excellent; of the organisation 4 of 5 well placed."""
    told = explain_cell(run)
    assert [(one.levels, one.question, one.way) for one in told.neighbours] == [
        (("excellent", "well"), "services", "up"),
        (("inconsistent", "well"), "services", "down"),
        (("mainly-good", "strongly"), "organisation", "up"),
        (("mainly-good", "uncertainly"), "organisation", "down"),
    ]
    up, down = told.neighbours[:2]
    assert up.because == (
        "Not reached: 0 % of the domains are excellent (at least 50 % needed; not met, by 50 percentage"
        " points); 71.4 % of the domains are mainly good or better (at least 100 % needed; not met, by 28.6"
        " percentage points)."
    )
    assert names(up.criteria) == ["excellent/half-at-the-top", "excellent/none-below"]
    assert down.because == (
        "It would fall if this criterion were no longer met: 71.4 % of the domains are mainly good or better"
        " (at least 50 % needed; met by 21.4 percentage points)."
    )
    assert (up.rule, up.title) == ("cell.excellent.well", "Excellent / Well placed")


def test_of_the_cells_one_rule_fired_and_the_others_say_why_not(run: Run) -> None:
    told = explain_cell(run)
    assert len(told.rules) == 16
    assert [one.rule for one in told.rules if one.fired] == ["cell.mainly-good.well"]
    because = {one.rule: one.because for one in told.rules}
    assert because["cell.poor.well"] == (
        "The rule did not apply: How good are the services? is rated Mainly good, not Poor."
    )
    assert [(one.target, one.level) for one in told.questions] == [
        ("services", "mainly-good"),
        ("organisation", "well"),
    ]


def test_a_decided_question_moves_by_another_decision_only(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *whole_review())
    rate_approved(db, review, "services", "inconsistent", by="moderator", because="Seen on visits.", at=AT)
    told = explain_cell(assess_plainly(db, review))
    assert {one.level: one.because for one in told.neighbours if one.question == "services"} == {
        "mainly-good": "The rules propose this level; a moderator decided differently.",
        "poor": "A moderator decided this rating, so it would take another decision.",
    }


def test_a_grid_of_one_question_has_two_neighbours(db: Database) -> None:
    review = new_review(db, "r1", "cqc-local-authority")
    for domain in ENGLISH.framework.domains:
        level = ENGLISH.framework.scale_of(domain)[2].id
        rate_approved(db, review, domain, level, by="inspector", because="Scored.", at=AT)
    told = explain_cell(assess_plainly(db, review, ENGLISH))
    assert told.level == ("good",)
    assert [(one.level, one.way) for one in told.neighbours] == [
        ("outstanding", "up"),
        ("requires-improvement", "down"),
    ]
    # 27 of 36 points are 75 %: 13 short of 88, 12 above 63.
    assert "not met, by 13 percentage points" in told.neighbours[0].because
    assert "met by 12 percentage points" in told.neighbours[1].because
