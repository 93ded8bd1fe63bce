"""Why a rule fired in a recorded run, or why it did not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, ENGLISH, NO_INPUTS, WELSH, assess_plainly, new_review, rate_approved
from click.testing import CliRunner
from evidence_rows import finding, good_domain, whole_review
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_rulebooks import evidence_values, infer_alone, policy_sets

from assessment.reasons.explain import RatingExplained, explain_all, explain_rating
from assessment.reasons.rule import CellRuleExplained, OtherRule, RuleExplained, explain_rules
from assessment.runs.result import make_result
from assessment.runs.run import Run, load_run
from joint_review.cli import cli
from joint_review.plain import plain
from programme.database import Database
from programme.reviews import Review
from rules.errors import RunImpossible, UnknownName
from rules.loader import PolicySet
from rules.ratings import MeasureValue
from rules.remedy import VerifyRun
from rules.rulebook import Rulebook


@pytest.fixture(scope="module")
def run(shared_db: Database) -> Run:
    """Every domain has 4 strengths and 1 weakness, 80 %; safeguarding 57.1 %, and 2 of 6 are grave."""
    rows = [
        *whole_review(domains=[d for d in WELSH.framework.domains if d != "safeguarding"]),
        *good_domain("safeguarding", 4, 0),
        *[finding("G1", "weakness", 3, domains="safeguarding") for _ in range(2)],
    ]
    return assess_plainly(shared_db, new_review(shared_db, "r1", "wales-round-2", *rows))


def told(run: Run, name: str) -> RuleExplained | CellRuleExplained:
    [one] = explain_rules(run, name)
    return one


def test_a_rule_that_did_not_fire_says_what_was_asked_what_was_observed_and_by_how_much(run: Run) -> None:
    one = told(run, "safeguarding.excellent.strengths")
    assert (one.fired, one.stratum, one.kind) == (False, "domain", "criterion")
    assert one.because == (
        "The rule did not apply: strengths make up 57.1 % of what was found, but Excellent for “Safeguarding"
        " adults and children” needs at least 80 % (not met, by 22.9 percentage points)."
    )
    [pattern] = one.patterns
    assert [(c.key, c.asked, c.observed, c.held) for c in pattern.conditions] == [
        ("kind", "measure", "measure", True),
        ("target", "safeguarding", "safeguarding", True),
        ("measure", "strengths_share", "strengths_share", True),
        ("value", 80, 57.1429, False),
    ]
    assert pattern.conditions[-1].margin == -22.8571
    assert pattern.fact["value"] == 57.1429
    assert (one.measure.value, one.measure.unit) == (57.1429, "%")
    # The base of a weighted share is Kish's: 14 squared by 4 x 4 + 2 x 9, eight of fourteen being strengths.
    assert one.measure.base == pytest.approx(14**2 / 34, abs=1e-4)
    assert one.measure.low < 57.1429 < one.measure.high
    assert (one.needed, one.part_title, one.rating.level) == (
        "at least 80 %",
        "Excellent",
        "inconsistent",
    )


def test_a_rule_that_fired_says_so_with_what_there_was_to_spare(run: Run) -> None:
    one = told(run, "safeguarding.mainly-good.strengths")
    assert one.fired and one.patterns[0].held
    assert one.because == (
        "The rule applied: strengths make up 57.1 % of what was found, and Mainly good for “Safeguarding"
        " adults and children” needs at least 50 % (met by 7.1 percentage points)."
    )


def test_a_limit_is_told_as_the_limit_it_is(run: Run) -> None:
    fired, near = (
        told(run, f"safeguarding.limits.{name}")
        for name in ("serious-weaknesses", "serious-weaknesses-prevail")
    )
    assert fired.because == (
        "The rule applied: serious weaknesses are 33.3 % of what was found, and the rule to limit"
        " “Safeguarding adults and children” to Inconsistent needs at least 30 % (met by 3.3 percentage"
        " points)."
    )
    assert near.because.endswith("” to Poor needs at least 60 % (not met, by 26.7 percentage points).")


def test_where_there_is_no_value_the_rule_for_a_missing_one_fires_instead(run: Run) -> None:
    value, missing = explain_rules(run, "carers.mainly-good.surveys")[0], None
    assert not value.fired and value.patterns[0].fact is None
    assert value.because.endswith(
        "needs at least 65 %. The criterion is met by carers.mainly-good.surveys.missing."
    )
    assert [c.observed for c in value.patterns[0].conditions] == [None] * 4
    missing = told(run, "carers.mainly-good.surveys.missing")
    assert missing.fired and "the rulebook lets that meet a criterion of Mainly good" in missing.because
    assert missing.same_criterion == [OtherRule("carers.mainly-good.surveys", False)]


def test_enough_evidence_is_a_rule_like_any_other(run: Run) -> None:
    one = told(run, "carers.sufficiency.enough-items")
    assert one.because == (
        "The rule applied: the number of items of evidence is 5, and enough evidence on “Support for"
        " carers” needs at least 5 (met exactly)."
    )


def test_a_rating_tested_by_a_question_is_told_by_its_title(run: Run) -> None:
    one = told(run, "services.limits.safeguarding-at-the-lowest")
    assert one.because == (
        "The rule did not apply: safeguarding is rated Inconsistent, but the rule to limit “How good are"
        " the services?” to Inconsistent needs at most Poor (not met, by 1 level)."
    )
    assert (one.stratum, one.measure.value_words) == ("question", "Inconsistent")


def test_a_rule_of_a_cell_says_which_question_stands_elsewhere_and_how_far(run: Run) -> None:
    one = told(run, "cell.poor.well")
    assert (one.kind, one.stratum, one.fired, one.title) == (
        "cell",
        "overall",
        False,
        "Poor / Well placed",
    )
    assert one.because == "The rule did not apply: How good are the services? is rated Mainly good, not Poor."
    services, organisation = one.patterns
    assert (services.held, organisation.held) == (False, True)
    assert services.conditions[-1].by_how_much == "2 levels away"
    assert told(run, "cell.mainly-good.well").fired


def test_a_cell_without_a_rating_says_which_question_has_none(db: Database) -> None:
    services = [domain.id for domain in WELSH.framework.question("services").domains]
    made = assess_plainly(db, new_review(db, "r1", "wales-round-2", *whole_review(domains=services)))
    one = told(made, "cell.mainly-good.well")
    assert one.because == (
        "The rule did not apply: How well placed is the council to sustain and improve services? is not"
        " rated."
    )
    assert one.rating.status == "open"


def test_a_criterion_named_with_its_target_stands_for_its_rules_in_every_part(run: Run) -> None:
    assert [one.rule for one in explain_rules(run, "carers.strengths")] == [
        "carers.inconsistent.strengths",
        "carers.mainly-good.strengths",
        "carers.excellent.strengths",
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        (
            "carers.sufficiency",
            "Did you mean carers.sufficiency.enough-items, carers.sufficiency.enough-findings",
        ),
        ("cell", "cell.poor.badly, "),
        ("carers.mainly-good.strenths", "Did you mean 'carers.mainly-good.strengths'"),
        ("carer.enough-items", "Did you mean 'carers."),
        ("", "Allowed: "),
    ],
)
def test_a_beginning_or_a_mistyped_rule_gets_the_nearest_ones(run: Run, name: str, hint: str) -> None:
    with pytest.raises(UnknownName, match="there is no rule") as caught:
        explain_rules(run, name)
    assert hint in caught.value.hint


def test_what_fired_in_the_worked_example_is_what_the_engine_recorded(example_db: Path, connect: Any) -> None:
    db = connect(example_db)
    run = load_run(db, Review(1, "wales-2004-08", "", WELSH.framework, 1, "", None, None, ""))
    rules = [rule.id for rules in run.policy.compiled.strata.values() for rule in rules]
    recorded = {rule for _, rule in run.result.firings}
    for name in rules[:: len(rules) // 40]:
        assert told(run, name).fired == (name in recorded)
    assert len(rules) == 327


def test_recorded_measures_that_do_not_give_the_recorded_firings_are_an_error(run: Run) -> None:
    carers = {**run.result.measures["carers"], "strengths_share": MeasureValue(10)}
    measures = {**run.result.measures, "carers": carers}
    changed = dataclasses.replace(run, result=dataclasses.replace(run.result, measures=measures))
    with pytest.raises(RunImpossible, match=r"do not give the firings that it recorded: carers\.") as caught:
        explain_rules(changed, "leadership.well.strengths")
    assert caught.value.remedies == (VerifyRun(run.id),)


def test_an_older_run_is_explained_by_the_rulebook_frozen_with_it(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *whole_review())
    first = assess_plainly(db, review)
    body = WELSH.rulebook.model_dump(mode="json", exclude_unset=True)
    body["domain_defaults"]["services"]["levels"]["mainly-good"][0]["at_least"] = 90
    second = assess_plainly(db, review, PolicySet(WELSH.framework, Rulebook.model_validate(body)))
    asked = [
        told(load_run(db, review, made.id), "carers.mainly-good.strengths").patterns[0].conditions[-1]
        for made in (first, second)
    ]
    assert [(c.asked, c.held) for c in asked] == [(50, True), (90, False)]
    before = explain_rating(load_run(db, review, first.id), "carers")
    after = explain_rating(load_run(db, review), "carers")
    assert (before.level, after.level) == ("mainly-good", "inconsistent")


def test_decided_ratings_are_the_facts_of_the_cell(db: Database) -> None:
    review = new_review(db, "r1", "cqc-local-authority")
    rate_approved(db, review, "overall", "good", by="inspector", because="Judged as a whole.", at=AT)
    made = assess_plainly(db, review, ENGLISH)
    assert told(made, "cell.good").fired
    assert told(made, "cell.outstanding").because.endswith("is rated Good, not Outstanding.")


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(policy=policy_sets(most_domains=2, most_levels=3), data=st.data())
def test_every_rule_of_any_rulebook_is_told_as_it_fired(policy: PolicySet, data: st.DataObject) -> None:
    measures = data.draw(evidence_values(policy))
    inference = infer_alone(policy, measures, {})
    made = Run(1, "r1", "", make_result(policy, NO_INPUTS, inference), policy)
    fired = {rule for _, rule in inference.firings}
    for rule in [rule.id for rules in policy.compiled.strata.values() for rule in rules]:
        one = told(made, rule)
        assert one.fired == (rule in fired)
        assert one.because.startswith("The rule applied: " if rule in fired else "The rule did not apply: ")
        assert one.fired == all(pattern.held for pattern in one.patterns)
        assert [p.held for p in one.patterns] == [all(c.held for c in p.conditions) for p in one.patterns]
    explained = explain_all(made)
    assert json.dumps(explained, default=plain)
    for one in explained:
        if isinstance(one, RatingExplained):
            count = len(policy.framework.scale_of(one.target)) - (one.proposed is not None)
            assert len(one.lost) == count


def say(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [*words])
    return done.exit_code, done.output


def test_the_command_says_it_in_a_sentence_first_and_as_json(example_db: Path) -> None:
    where = ["--db", str(example_db)]
    code, text = say("explain", "wales-2004-08", "--rule", "carers.mainly-good.strengths", *where)
    assert code == 0
    lines = [line for line in text.splitlines() if line]
    assert lines[0] == "carers.mainly-good.strengths: did not apply"
    assert lines[2].startswith("The rule did not apply: strengths make up 18.0 % of what was found")
    assert "not met, by 32 percentage points" in text and "Measure strengths_share" in text
    code, text = say("explain", "wales-2004-08", "--rule", "carers.strengths", "--json", *where)
    assert [one["fired"] for one in json.loads(text)] == [False, False, False]


def test_the_command_shows_what_lost_and_the_cells_one_step_away(example_db: Path) -> None:
    code, text = say("explain", "wales-2004-08", "--db", str(example_db))
    assert code == 0
    assert text.count("Why not another level?") == 15
    assert "Neighbouring cells:" in text and "cell.inconsistent.uncertainly" in text
    code, text = say("explain", "wales-2004-08", "cell", "--json", "--db", str(example_db))
    [cell] = json.loads(text)
    assert len(cell["neighbours"]) == 4 and len(cell["rules"]) == 16


def test_a_decision_is_shown_with_who_gave_it_and_why(example_copy: Path, connect: Any) -> None:
    db = connect(example_copy)
    review = Review(1, "wales-2004-08", "A", WELSH.framework, 1, "", None, None, "")
    rate_approved(db, review, "carers", "poor", by="moderator-1", because="Seen on visits.", at=AT)
    code, _ = say(
        "assess", "wales-2004-08", "--evaluator-only", "--on", "2009-06-01", "--db", str(example_copy)
    )
    assert code == 0
    _, text = say("explain", "wales-2004-08", "carers", "--db", str(example_copy))
    assert "Decided by moderator-1 on 1 June 2009: Seen on visits." in text


def test_a_rule_and_a_target_are_not_asked_together(example_db: Path) -> None:
    code, text = say("explain", "wales-2004-08", "carers", "--rule", "x", "--db", str(example_db))
    assert code == 2 and "either a TARGET or --rule" in text
