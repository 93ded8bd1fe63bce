"""From measures and decisions to ratings, reasons and the cell of the grid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from assessment_example import ENGLISH, WELSH
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.compile import Stratum
from rules.evaluate import Evaluator
from rules.inference import Inference, Outcome, Rating, infer
from rules.loader import PolicySet, load_policy_folder
from rules.ratings import MeasureValue
from rules.sentences import Sentences

ENOUGH = {"items": 8, "findings": 5, "kinds": 2}
GOOD = {**ENOUGH, "strengths_share": 62}


def inferred(
    measures: Mapping[str, Mapping[str, float | MeasureValue]] | None = None,
    decided: Mapping[str, str] | None = None,
    policy: PolicySet = WELSH,
) -> Inference:
    """What the rules conclude from measures by domain and levels that people decided."""
    values = {
        target: {
            name: value if isinstance(value, MeasureValue) else MeasureValue(value)
            for name, value in given.items()
        }
        for target, given in (measures or {}).items()
    }
    levels = {t: policy.framework.level_number(t, level) for t, level in (decided or {}).items()}
    return infer(policy.compiled, values, levels, lambda rules, facts: Evaluator(rules).fire(facts))


def rated(decided: str | None = None, domain: str = "carers", **measures: float | MeasureValue) -> Rating:
    return inferred({domain: measures}, {domain: decided} if decided else {}).rating(domain)


def because(rating: Rating, policy: PolicySet = WELSH) -> str:
    return Sentences(policy).because(rating)


def said_of(outcome: Outcome, target: str = "carers", policy: PolicySet = WELSH) -> tuple[str, str]:
    words = Sentences(policy)
    return words.statement(target, outcome), words.needed(target, outcome)


def everywhere(**measures: float) -> dict[str, dict[str, float]]:
    return {domain: dict(measures) for domain in WELSH.framework.domains}


# Statuses -------------------------------------------------------------------------------------------------


def test_enough_evidence_gives_a_proposal() -> None:
    rating = rated(**GOOD)
    assert (rating.status, rating.level, rating.level_id) == ("proposed", 3, "mainly-good")
    assert (rating.proposed, rating.proposed_id, rating.before_limits) == (3, "mainly-good", 3)


@pytest.mark.parametrize("lacking", ["items", "findings", "kinds"])
def test_too_little_evidence_is_insufficient_and_never_the_lowest_level(lacking: str) -> None:
    rating = rated(**{**GOOD, "strengths_share": 0, lacking: 1})
    assert (rating.status, rating.level, rating.level_id, rating.proposed) == (
        "insufficient",
        None,
        None,
        None,
    )


def test_no_evidence_at_all_is_insufficient_everywhere_and_places_nowhere() -> None:
    found = inferred()
    assert {rating.status for rating in found.ratings} == {"insufficient"}
    assert {rating.level for rating in found.ratings} == {None}
    assert found.cell is None


@given(
    st.dictionaries(
        st.sampled_from(["items", "findings", "kinds", "strengths_share", "survey_positive"]),
        st.integers(0, 100),
    )
)
@settings(max_examples=40, deadline=None)
def test_a_domain_without_a_level_is_never_one_with_enough_evidence(measures: dict[str, int]) -> None:
    rating = rated(**measures)
    enough = all(outcome.met for outcome in rating.outcomes if outcome.part == "sufficiency")
    assert (rating.level is None) == (rating.status == "insufficient") == (not enough)


def test_ratings_come_in_the_order_of_the_framework() -> None:
    services, organisation = WELSH.framework.questions
    expected = [d.id for d in services.domains] + ["services"]
    expected += [d.id for d in organisation.domains] + ["organisation"]
    assert [rating.target for rating in inferred().ratings] == expected
    assert [r.target for r in inferred().ratings if r.kind == "question"] == ["services", "organisation"]


# Decisions ------------------------------------------------------------------------------------------------


def test_a_decision_counts_and_the_proposal_stays_beside_it() -> None:
    rating = rated("inconsistent", **GOOD)
    assert (rating.status, rating.level, rating.level_id) == ("decided", 2, "inconsistent")
    assert (rating.proposed, rating.proposed_id) == (3, "mainly-good")
    assert because(rating) == "Inconsistent, decided by moderators; the rules propose Mainly good."


def test_a_decision_that_agrees_with_the_rules_is_still_a_decision() -> None:
    assert rated("mainly-good", **GOOD).status == "decided"


def test_a_decision_without_enough_evidence_says_so() -> None:
    rating = rated("inconsistent", items=1)
    assert (rating.status, rating.level_id, rating.proposed) == ("decided", "inconsistent", None)
    assert because(rating) == (
        "Inconsistent, decided by moderators; there is not enough evidence for the rules to propose a level."
    )


def test_a_decided_domain_counts_for_its_question() -> None:
    services = [domain.id for domain in WELSH.framework.question("services").domains]
    proposed = inferred(everywhere(**GOOD))
    assert proposed.rating("services").level_id == "mainly-good"
    decided = inferred(everywhere(**GOOD), dict.fromkeys(services[:4], "inconsistent"))
    question = decided.rating("services")
    assert (question.status, question.level_id) == ("proposed", "inconsistent")
    assert decided.measures["services"]["mainly_good_or_better"] == MeasureValue(42.8571, 7)


def test_a_decided_question_places_the_authority_whatever_its_domains_say() -> None:
    found = inferred(everywhere(**GOOD), {"services": "poor"})
    assert found.cell == ("poor", "well")
    assert found.rating("services").proposed_id == "mainly-good"
    only_questions = inferred({}, {"services": "excellent", "organisation": "badly"})
    assert only_questions.cell == ("excellent", "badly")


# Limits ---------------------------------------------------------------------------------------------------


def test_a_limit_holds_a_level_down_and_is_named() -> None:
    rating = rated(**GOOD, serious_weakness_share=35)
    assert (rating.level_id, rating.before_limits, rating.limits) == (
        "inconsistent",
        3,
        ("serious-weaknesses",),
    )
    assert because(rating) == (
        "Inconsistent, not Mainly good, because of a limit: serious weaknesses are 35 % of what was found."
    )


def test_of_several_limits_the_lowest_holds() -> None:
    rating = rated(**GOOD, serious_weakness_share=60)
    assert (rating.level_id, rating.limits) == ("poor", ("serious-weaknesses-prevail",))


@pytest.mark.parametrize(("share", "level"), [(29.9999, "mainly-good"), (30, "inconsistent")])
def test_a_limit_is_in_force_from_its_threshold(share: float, level: str) -> None:
    assert rated(**GOOD, serious_weakness_share=share).level_id == level


def test_a_limit_that_is_met_but_holds_nothing_down_is_no_limit() -> None:
    rating = rated(**{**GOOD, "strengths_share": 30}, serious_weakness_share=35)
    assert (rating.level_id, rating.limits) == ("inconsistent", ())


def test_the_lowest_rating_of_safeguarding_limits_the_question() -> None:
    found = inferred(everywhere(**GOOD), {"safeguarding": "poor"})
    question = found.rating("services")
    assert (question.level_id, question.before_limits) == ("inconsistent", 3)
    assert (
        because(question) == "Inconsistent, not Mainly good, because of a limit: safeguarding is rated Poor."
    )


# Reasons --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measures", "said"),
    [
        (
            GOOD,
            "Mainly good: strengths make up 62 % of what was found; not Excellent, because the number of"
            " kinds of source is 2 (at least 3 needed), and 1 other criterion is not met.",
        ),
        (
            {**GOOD, "kinds": 3},
            "Mainly good: strengths make up 62 % of what was found; Excellent needs at least 80 %.",
        ),
        (
            {**GOOD, "survey_positive": 84, "kinds": 3, "strengths_share": 90},
            "Mainly good: on average 84 % of people surveyed answered positively; Excellent needs at least"
            " 85 %.",
        ),
        (
            {**GOOD, "strengths_share": 10},
            "Poor: strengths make up 10 % of what was found; Inconsistent needs at least 20 %.",
        ),
        (
            ENOUGH,
            "Poor: no data for: strengths among strengths and weaknesses, weighted by"
            " significance; Inconsistent needs at least 20 %.",
        ),
        (
            {**GOOD, "strengths_share": 95, "kinds": 4},
            "Excellent: strengths make up 95 % of what was found.",
        ),
        (
            {"items": 4, "findings": 5, "kinds": 1},
            "Not enough evidence: the number of items of evidence is 4 (at least 5 needed);"
            " the number of kinds of source is 1 (at least 2 needed).",
        ),
    ],
)
def test_the_reason_says_why_this_level_and_not_the_next(measures: dict[str, float], said: str) -> None:
    assert because(rated(**measures)) == said


def test_the_reason_for_a_question_counts_its_domains() -> None:
    assert because(inferred(everywhere(**GOOD)).rating("services")) == (
        "Mainly good: 100 % of the domains are mainly good or better; not Excellent, because 0 % of the"
        " domains are excellent (at least 50 % needed)."
    )
    assert because(inferred().rating("organisation")) == (
        "Not enough evidence: the number of domains rated is 0 (at least 4 needed)."
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (49.9999, "49.9999 %"),
        (49.96, "49.96 %"),
        (49.94, "49.9 %"),
        (50.04, "50.04 %"),
        (50, "50 %"),
        (62.25, "62.2 %"),
    ],
)
def test_a_value_is_never_rounded_onto_its_threshold(value: float, shown: str) -> None:
    rating = rated(**{**GOOD, "strengths_share": value})
    outcome = next(o for o in rating.outcomes if (o.part, o.criterion) == ("mainly-good", "strengths"))
    assert said_of(outcome) == (f"strengths make up {shown} of what was found", "at least 50 %")


# Outcomes -------------------------------------------------------------------------------------------------


def outcome_of(rating: Rating, part: str, criterion: str) -> Any:
    return next(o for o in rating.outcomes if (o.part, o.criterion) == (part, criterion))


@pytest.mark.parametrize(
    ("share", "met", "margin"), [(62, True, 12), (50, True, 0), (49.5, False, -0.5), (0, False, -50)]
)
def test_the_margin_is_positive_when_met_and_negative_when_missed(
    share: float, met: bool, margin: float
) -> None:
    outcome = outcome_of(rated(**{**GOOD, "strengths_share": share}), "mainly-good", "strengths")
    assert (outcome.met, outcome.margin) == (met, margin)


def test_a_limit_tells_its_ceiling_and_how_far_off_it_is() -> None:
    outcome = outcome_of(rated(**GOOD, serious_weakness_share=12.5), "limits", "serious-weaknesses")
    assert (outcome.met, outcome.margin, outcome.no_better_than) == (False, -17.5, "inconsistent")


def test_an_outcome_carries_base_and_interval_of_its_measure() -> None:
    value = MeasureValue(62, 50, 48.15, 74.14)
    outcome = outcome_of(rated(**{**GOOD, "strengths_share": value}), "excellent", "strengths")
    assert (outcome.value, outcome.base, outcome.low, outcome.high) == (62, 50, 48.15, 74.14)


def test_a_missing_measure_meets_only_what_says_so() -> None:
    rating = rated(**GOOD)
    missing = outcome_of(rating, "mainly-good", "surveys")
    assert (missing.met, missing.value, missing.margin) == (True, None, None)
    assert said_of(missing)[0] == "no data for: people surveyed who answered positively"
    assert not outcome_of(rated(**ENOUGH), "mainly-good", "strengths").met


def test_a_measure_of_shares_on_few_answers_says_why_it_has_no_value() -> None:
    outcome = outcome_of(
        rated(**{**GOOD, "survey_positive": MeasureValue(None, 7)}), "mainly-good", "surveys"
    )
    assert (outcome.met, outcome.value, outcome.base) == (True, None, 7)
    assert said_of(outcome)[0].endswith(
        "survey results with fewer than 10 answers, which cannot decide a rating on their own"
    )


def test_every_criterion_of_a_target_has_an_outcome() -> None:
    for rating in inferred(everywhere(**GOOD)).ratings:
        criteria = [
            (part, c.id) for part, c in WELSH.rulebook.rules_of(WELSH.framework, rating.target).criteria()
        ]
        assert [(outcome.part, outcome.criterion) for outcome in rating.outcomes] == criteria


# Firings and the cell -------------------------------------------------------------------------------------


def test_a_cell_is_the_levels_of_the_questions() -> None:
    found = inferred(everywhere(**GOOD))
    assert found.cell == ("mainly-good", "well")
    assert (Stratum.OVERALL, "cell.mainly-good.well") in found.firings


def test_with_one_question_unrated_there_is_no_cell() -> None:
    services = {d.id: GOOD for d in WELSH.framework.question("services").domains}
    found = inferred(services)
    assert (found.rating("services").level_id, found.cell) == ("mainly-good", None)


def test_firings_are_the_criteria_met_and_nothing_else() -> None:
    found = inferred(everywhere(**GOOD, serious_weakness_share=35))
    fired = {rule.removesuffix(".missing") for stratum, rule in found.firings if stratum != Stratum.OVERALL}
    met = {f"{r.target}.{o.part}.{o.criterion}" for r in found.ratings for o in r.outcomes if o.met}
    assert fired == met
    assert list(found.firings) == sorted(set(found.firings))


def test_measures_of_ratings_stand_under_their_question() -> None:
    found = inferred(everywhere(**GOOD), {"leadership": "strongly"})
    assert found.measures["organisation"]["leadership_rating"] == MeasureValue(4, 1)
    assert found.measures["organisation"]["strongly_share"] == MeasureValue(16.6667, 6)
    assert found.measures["services"]["domains_rated"] == MeasureValue(7, 7)


# The English framework by hand ----------------------------------------------------------------------------

NAMES = ("significant-shortfalls", "some-shortfalls", "good-standard", "exceptional-standard")


@pytest.mark.parametrize(
    ("scores", "percent", "level"),
    [
        ((3, 3, 3, 3, 4, 3, 3, 3, 3), 78, "good"),  # 28 of 36 = 77.78
        ((3, 3, 2, 2, 2, 3, 2, 2, 3), 62, "requires-improvement"),  # 22 of 36 = 61.11
        ((1, 1, 1, 1, 1, 1, 1, 1, 1), 25, "inadequate"),
        ((2, 2, 2, 2, 1, 1, 1, 1, 1), 37, "inadequate"),  # 13 of 36 = 36.11
        ((2, 2, 2, 2, 2, 1, 1, 1, 1), 39, "requires-improvement"),  # 14 of 36 = 38.89
        ((4, 4, 4, 4, 3, 3, 3, 3, 3), 87, "good"),  # 31 of 36 = 86.11
        ((4, 4, 4, 4, 4, 3, 3, 3, 3), 89, "outstanding"),  # 32 of 36 = 88.89
    ],
)
def test_nine_scores_by_hand_give_the_published_percentage_and_band(
    scores: tuple[int, ...], percent: int, level: str
) -> None:
    decided = {d: NAMES[s - 1] for d, s in zip(ENGLISH.framework.domains, scores, strict=True)}
    found = inferred({}, decided, ENGLISH)
    assert found.measures["overall"]["score_percent"].value == percent
    assert (found.rating("overall").level_id, found.cell) == (level, (level,))


def test_where_people_give_the_level_a_domain_is_open_and_the_question_insufficient() -> None:
    found = inferred({}, {}, ENGLISH)
    assert {r.status for r in found.ratings if r.kind == "domain"} == {"open"}
    assert (
        because(found.rating("safeguarding"), ENGLISH)
        == "For a moderator to decide: the rules propose no level."
    )
    assert found.rating("overall").status == "insufficient"


# The other policies ---------------------------------------------------------------------------------------

FRAMEWORK = """\
id: small
title: A small framework
reference: Made for tests.
strands: [{id: all, title: All}]
questions:
  - id: overall
    title: How good is it?
    scale: [{id: low, title: Low}, {id: middle, title: Middle}, {id: high, title: High}]
    domains: [{id: safety, title: Safety}, {id: leadership, title: Leadership}]
"""
RULEBOOK = """\
id: small-rules
framework: small
version: "1"
title: Rules
measures:
  - {{id: share, title: Share, of: findings, statistic: share, unit: "%"}}
  - {{id: items, title: Items, of: items, statistic: count}}
  - {{id: worst, title: The lowest rating, of: ratings, statistic: lowest}}
  - {{id: rated, title: Domains rated, of: ratings, statistic: count}}
domain_defaults:
  overall:
    policy: {policy}
    levels:
      low:
        - {{id: a, measure: share, less_than: 33.3333, because: "share {{value}}", reference: r}}
      middle:
        - {{id: a, measure: share, at_least: 33.3333, because: "share {{value}}", reference: r}}
        - {{id: b, measure: items, one_of: [3, 4], because: "{{value}} items", reference: r}}
      high:
        - {{id: a, measure: share, more_than: 66.6667, because: "share {{value}}", reference: r}}
        - {{id: b, measure: items, at_least: 4, because: "{{value}} items", reference: r}}
        - {{id: c, measure: items, at_most: 9, because: "{{value}} items", reference: r}}
questions:
  overall:
    policy: {policy}
    levels:
      low:
        - {{id: a, measure: worst, equals: low, because: "the lowest rating is {{value}}", reference: r}}
      middle:
        - {{id: a, measure: worst, at_least: middle, because: "the lowest rating is {{value}}", reference: r}}
        - {{id: b, measure: worst, at_most: middle, because: "the lowest rating is {{value}}", reference: r}}
      high:
        - {{id: a, measure: worst, at_least: 3, because: "the lowest rating is {{value}}", reference: r}}
        - {{id: b, measure: rated, at_least: 2, because: "{{value}} domains are rated", reference: r}}
"""


@pytest.fixture(scope="module", params=["first-match", "best-fit"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return load_small(tmp_path_factory.mktemp("small"), request.param)


def load_small(folder: Path, policy: str) -> PolicySet:
    (folder / "framework.yml").write_text(FRAMEWORK, encoding="utf-8")
    (folder / "rulebook.yml").write_text(RULEBOOK.format(policy=policy), encoding="utf-8")
    return load_policy_folder(folder)


@pytest.mark.parametrize(
    ("share", "items", "first_match", "best_fit"),
    [
        (10, 0, "low", "low"),
        (70, 5, "high", "high"),
        (50, 4, "middle", "middle"),
        (70, 3, "middle", "middle"),  # 2 of 2 before 2 of 3
        (70, 10, None, "high"),  # 1 of 2, but 2 of 3
        (50, 12, None, "middle"),  # 1 of 2 before 1 of 3
        (33.3333, 3, "middle", "middle"),
        (66.6667, 5, None, "high"),  # not more than the threshold: 2 of 3
        (None, 4, None, "high"),  # 1 of 2, but 2 of 3
    ],
)
def test_first_match_takes_a_level_met_in_full_and_best_fit_the_nearest(
    small: PolicySet, share: float | None, items: int, first_match: str | None, best_fit: str
) -> None:
    values = {"safety": {"share": MeasureValue(share), "items": items}}
    rating = inferred(values, {}, small).rating("safety")
    policy = small.rulebook.domain_defaults["overall"].policy.value
    expected = first_match if policy == "first-match" else best_fit
    assert (rating.level_id, rating.status) == (expected, "proposed" if expected else "open")
    if expected is None:
        assert because(rating, small) == "No level's criteria are all met."


def test_of_levels_that_fit_alike_best_fit_takes_the_lower(tmp_path: Path) -> None:
    small = load_small(tmp_path, "best-fit")
    rating = inferred({"safety": {"share": 70, "items": 4}}, {}, small).rating("safety")
    assert rating.level_id == "middle"
    assert because(rating, small) == "Middle: share 70."


def test_thresholds_are_shown_with_all_their_decimals_and_levels_by_title(tmp_path: Path) -> None:
    small = load_small(tmp_path, "first-match")
    found = inferred({"safety": {"share": 33.31, "items": 4}}, {"leadership": "high"}, small)
    outcome = outcome_of(found.rating("safety"), "middle", "a")
    assert said_of(outcome, "safety", small) == ("share 33.3", "at least 33.3333 %")
    one_of = outcome_of(found.rating("safety"), "middle", "b")
    assert said_of(one_of, "safety", small)[1] == "one of 3 or 4"
    assert (one_of.met, one_of.margin) == (True, None)
    question = found.rating("overall")
    assert (question.level_id, because(question, small)) == (
        "low",
        "Low: the lowest rating is Low; Middle needs at least Middle.",
    )
    assert said_of(outcome_of(question, "high", "a"), "overall", small)[1] == "at least High"


def test_a_margin_at_the_threshold_is_nought_without_a_sign(tmp_path: Path) -> None:
    small = load_small(tmp_path, "first-match")
    rating = inferred({"safety": {"share": 33.3333, "items": 9}}, {}, small).rating("safety")
    assert str(outcome_of(rating, "low", "a").margin) == "0.0"
    assert str(outcome_of(rating, "high", "c").margin) == "0"
    assert not outcome_of(rating, "low", "a").met


@pytest.mark.parametrize(
    ("part", "criterion", "met", "margin"),
    [
        ("low", "a", True, 23.3333),  # less than 33.3333
        ("middle", "a", False, -23.3333),  # at least 33.3333
        ("high", "a", False, -56.6667),  # more than 66.6667
        ("high", "b", True, 8),  # at least 4
        ("high", "c", False, -3),  # at most 9
    ],
)
def test_a_margin_is_positive_on_the_side_that_meets_the_test(
    tmp_path: Path, part: str, criterion: str, met: bool, margin: float
) -> None:
    small = load_small(tmp_path, "first-match")
    outcome = outcome_of(
        inferred({"safety": {"share": 10, "items": 12}}, {}, small).rating("safety"), part, criterion
    )
    assert (outcome.met, outcome.margin) == (met, margin)
