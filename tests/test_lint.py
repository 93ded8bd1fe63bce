"""Lint: what is odd in a rulebook is found, and shown by combinations that the inference confirms."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Say
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_rulebooks import Value, infer_alone, policy_sets, values_near

from rules.compile import measures_tested, thresholds
from rules.framework import Domain, Framework, Level, Question, Strand
from rules.lint import is_monotone, lint, reachable_levels
from rules.loader import PolicySet, library_ids, load_policy
from rules.oddity import Example, Oddity
from rules.propose import Met, propose_level
from rules.ranges import ranges
from rules.ratings import measure_ratings
from rules.rulebook import Criterion, Limit, Measure, Of, Policy, Rulebook, RuleSet, Statistic

SCALE = ("weak", "fair", "good")
DOMAINS = ("help", "plans", "homes")
SHARE = {"of": "findings", "statistic": "share"}
MEASURES: dict[str, dict[str, Any]] = {
    "findings": {"of": "findings", "statistic": "count"},
    "kinds": {"of": "items", "statistic": "kinds", "better": "neither"},
    "strengths": SHARE,
    "surveys": {"of": "survey_results", "statistic": "mean"},
    "serious": {**SHARE, "better": "lower"},
    "scores": {"of": "case_scores", "statistic": "mean"},
    "rated": {"of": "ratings", "statistic": "count"},
    "fair_share": {"of": "ratings", "statistic": "share", "where": {"level_at_least": "fair"}},
    "only_fair": {
        "of": "ratings",
        "statistic": "share",
        "where": {"level_at_least": "fair", "level_at_most": "fair"},
    },
    "good_share": {"of": "ratings", "statistic": "share", "where": {"level_at_least": "good"}},
    "lowest": {"of": "ratings", "statistic": "lowest"},
    "help_rating": {"of": "ratings", "statistic": "rating", "domain": "help"},
}
PEOPLE = RuleSet(propose="people")
SAID = {"because": "{value}", "reference": "Made for tests."}


def criterion_of(name: str, text: str) -> dict[str, Any]:
    """A criterion as 'measure test number', with 'or missing' where no value meets it too."""
    words, _, missing = text.partition(" or ")
    measure, test, number = words.split()
    value: Any = number if number in SCALE else float(number) if "." in number else int(number)
    return {
        "id": name,
        "measure": measure,
        test: value,
        "when_missing": "met" if missing else "not-met",
        **SAID,
    }


def rule_set(
    levels: dict[str, str], policy: str = "secure-fit", enough: str = "", limits: dict[str, str] | None = None
) -> RuleSet:
    """Rules with the criteria of each part in one text, separated by commas: c1, c2 and so on."""

    def criteria(text: str) -> Iterator[dict[str, Any]]:
        for number, words in enumerate(filter(None, text.split(", ")), start=1):
            yield criterion_of(f"c{number}", words)

    return RuleSet(
        policy=Policy(policy),
        sufficiency=tuple(Criterion(**one) for one in criteria(enough)),
        levels={level: tuple(Criterion(**one) for one in criteria(text)) for level, text in levels.items()},
        limits=tuple(
            Limit(**criterion_of(f"l{number}", text), no_better_than=level)
            for number, (text, level) in enumerate((limits or {}).items(), start=1)
        ),
    )


def framework_of(question: str, scale: Sequence[str], domains: Sequence[str]) -> Framework:
    """One question about these domains."""
    levels = tuple(Level(id=name, title={"en": name}) for name in scale)
    asked = Question(
        id=question,
        title={"en": question},
        scale=levels,
        domains=tuple(Domain(id=name, title={"en": name}) for name in domains),
    )
    everybody = Strand(id="all", title={"en": "All"})
    return Framework(
        id="mini", title={"en": "Mini"}, reference="Made for tests.", strands=(everybody,), questions=(asked,)
    )


HEAD: dict[str, Any] = {"id": "mini-rules", "framework": "mini", "version": "1", "title": {"en": "Mini"}}


def policy_of(
    domains: RuleSet = PEOPLE, question: RuleSet = PEOPLE, *, alone: RuleSet | None = None, unused: str = ""
) -> PolicySet:
    """One question with three domains, which `alone` rates one by one; the measures tested, and `unused`."""
    framework = framework_of("care", SCALE, DOMAINS)
    blocks = [domains, question, *([alone] if alone else [])]
    used = {criterion.measure for block in blocks for _, criterion in block.criteria()} | {unused}
    rulebook = Rulebook(
        **HEAD,
        measures=tuple(
            Measure(id=name, title={"en": name}, **given) for name, given in MEASURES.items() if name in used
        ),
        domain_defaults={"care": domains},
        domains=dict.fromkeys(DOMAINS, alone) if alone else {},
        questions={"care": question},
    )
    return PolicySet(framework, rulebook)


def left_to_people(policy: PolicySet) -> PolicySet:
    """The same with every domain left to people, so that a domain nobody decides has no rating."""
    blocks = dict.fromkeys(policy.rulebook.domain_defaults, PEOPLE)
    book = policy.rulebook.model_copy(update={"domain_defaults": blocks, "domains": {}})
    return PolicySet(policy.framework, book)


def level_of(policy: PolicySet, block: str, example: Example) -> str:
    """What the inference makes of the combination of an example."""
    framework = policy.framework
    targets = [*framework.domains, *(question.id for question in framework.questions)]
    target = next(name for name in targets if policy.rulebook.block_of(framework, name) == block)
    given = {name: value for name, value in example.given.items() if value is not None}
    if framework.is_domain(target):
        numbers = {name: value for name, value in given.items() if not isinstance(value, str)}
        rating = infer_alone(policy, {target: numbers}, {}).rating(target)
    else:
        decided = {name: framework.level_number(name, str(level)) for name, level in given.items()}
        rating = infer_alone(left_to_people(policy), {}, decided).rating(target)
    return rating.level_id or rating.status


def found_in(policy: PolicySet) -> list[Oddity]:
    """What lint finds, every counterexample of it confirmed by the inference."""
    oddities = lint(policy)
    for oddity in oddities:
        assert oddity.counterexample or oddity.kind == "unused", oddity
        for example in oddity.counterexample:
            assert level_of(policy, oddity.block, example) == example.level, oddity
    return oddities


def said(oddities: Sequence[Oddity]) -> list[tuple[str, str, str]]:
    return [(oddity.kind, oddity.severity, oddity.where) for oddity in oddities]


def examples(oddity: Oddity) -> list[tuple[dict[str, Any], str]]:
    return [(dict(example.given), example.level) for example in oddity.counterexample]


DOMAIN, QUESTION = "domain_defaults/care", "questions/care"


# One small rulebook per kind of oddity


def test_a_rulebook_with_nothing_odd_has_no_oddities() -> None:
    rules = rule_set(
        {"fair": "strengths at_least 20", "good": "strengths at_least 50"}, enough="findings at_least 3"
    )
    assert found_in(policy_of(rules)) == []


def test_a_gap_is_what_no_level_of_first_match_matches() -> None:
    rules = rule_set(
        {"weak": "findings at_most 4", "fair": "findings equals 5", "good": "findings at_least 7"},
        "first-match",
    )
    oddities = found_in(policy_of(rules))
    assert said(oddities) == [
        ("gap", "problem", DOMAIN),
        ("not-monotone", "problem", f"{DOMAIN}, findings"),
    ]
    assert examples(oddities[0]) == [({"findings": 6}, "open")]
    assert examples(oddities[1]) == [({"findings": 5}, "fair"), ({"findings": 6}, "open")]
    assert oddities[1].message.endswith("the level is lost: fair, then open")


def test_an_overlap_of_first_match_is_a_note_as_the_better_level_is_given() -> None:
    rules = rule_set(
        {"weak": "findings less_than 3", "fair": "findings at_least 3", "good": "findings at_least 9"},
        "first-match",
    )
    oddities = found_in(policy_of(rules))
    assert said(oddities) == [("overlap", "note", f"{DOMAIN}, good")]
    assert examples(oddities[0]) == [({"findings": 9}, "good")]


def test_an_overlap_of_best_fit_is_a_problem_as_the_lower_level_is_given() -> None:
    rules = rule_set(
        {"weak": "findings less_than 3", "fair": "findings at_least 3", "good": "findings at_least 9"},
        "best-fit",
    )
    oddities = found_in(policy_of(rules))
    assert said(oddities) == [
        ("overlap", "problem", f"{DOMAIN}, good"),
        ("unreachable", "problem", f"{DOMAIN}, good"),
        ("never-matters", "problem", f"{DOMAIN}, good, c1"),
    ]
    assert examples(oddities[0]) == [({"findings": 9}, "fair")]
    assert oddities[1].message.endswith("where its criteria are met, another level results")


def test_a_tie_of_best_fit_is_a_note() -> None:
    rules = rule_set(
        {
            "weak": "findings less_than 3, surveys less_than 20",
            "fair": "findings at_least 3, surveys less_than 60",
            "good": "findings at_least 9, surveys at_least 60",
        },
        "best-fit",
    )
    ties = [f for f in found_in(policy_of(rules)) if f.kind == "overlap" and f.severity == "note"]
    assert [oddity.where for oddity in ties] == [DOMAIN]
    (given_values, level) = examples(ties[0])[0]
    assert ties[0].message.startswith(f"{level!r} and ")
    assert set(given_values) == {"findings", "surveys"}


def test_a_level_that_asks_for_what_cannot_be_is_unreachable() -> None:
    rules = rule_set({"fair": "strengths at_least 20", "good": "strengths more_than 100"})
    oddities = found_in(policy_of(rules))
    assert ("unreachable", "problem", f"{DOMAIN}, good") in said(oddities)
    assert reachable_levels(policy_of(rules))[DOMAIN] == {"weak", "fair"}


def test_a_level_above_a_limit_that_is_always_met_is_unreachable() -> None:
    rules = rule_set(
        {"fair": "strengths at_least 20", "good": "strengths at_least 50"},
        limits={"findings at_least 0": "fair"},
    )
    oddities = found_in(policy_of(rules))
    assert said(oddities) == [
        ("unreachable", "problem", f"{DOMAIN}, good"),
        ("never-matters", "problem", f"{DOMAIN}, good, c1"),
    ]
    assert examples(oddities[0]) == [({"findings": 0, "strengths": 50}, "fair")]


def test_the_lowest_level_is_unreachable_where_the_next_is_always_met() -> None:
    rules = rule_set({"fair": "findings at_least 0", "good": "findings at_least 5"})
    assert said(found_in(policy_of(rules))) == [
        ("unreachable", "problem", f"{DOMAIN}, weak"),
        ("never-matters", "problem", f"{DOMAIN}, fair, c1"),
    ]


def test_evidence_that_is_never_enough_is_said_once() -> None:
    rules = rule_set(
        {"fair": "surveys at_least 0", "good": "surveys at_least 5"},
        enough="findings at_least 5, findings at_most 3",
    )
    oddities = found_in(policy_of(rules))
    assert said(oddities)[0] == ("unreachable", "problem", f"{DOMAIN}, sufficiency")
    assert [oddity.kind for oddity in oddities].count("unreachable") == 1


def test_a_level_of_best_fit_that_is_only_ever_met_in_part_can_be_reached_all_the_same() -> None:
    rules = rule_set(
        {
            "weak": "findings less_than 3, kinds less_than 3",
            "fair": "findings equals 5, kinds equals 5",
            "good": "strengths at_least 50, surveys at_least 50, serious more_than 100",
        },
        "best-fit",
    )
    policy = policy_of(rules)
    assert reachable_levels(policy)[DOMAIN] == set(SCALE)
    assert "unreachable" not in {oddity.kind for oddity in found_in(policy)}


@pytest.mark.parametrize(
    ("rules", "where", "reason"),
    [
        (
            rule_set({"fair": "findings at_least 3", "good": "findings at_least 9, findings at_least 2"}),
            "good, c2",
            "where it is not met, another criterion of the same level or a lower one is not met either",
        ),
        (
            rule_set({"fair": "strengths at_least 3", "good": "strengths at_least 9, kinds at_least 0"}),
            "good, c2",
            "it is always met",
        ),
        (
            rule_set(
                {"fair": "strengths at_least 3", "good": "strengths at_least 9"},
                limits={"serious more_than 100": "fair"},
            ),
            "limits, l1",
            "it is never met",
        ),
        (
            rule_set(
                {"fair": "strengths at_least 3", "good": "strengths at_least 50"},
                limits={"strengths at_most 40": "fair"},
            ),
            "limits, l1",
            "where it is met, the level is no better anyway",
        ),
        (
            rule_set(
                {"fair": "strengths at_least 3", "good": "strengths at_least 9"},
                enough="findings at_least 5, findings more_than 3",
            ),
            "sufficiency, c2",
            "where it is not met, another criterion of the same level is not met either",
        ),
        (
            rule_set(
                {
                    "weak": "findings less_than 9",
                    "fair": "findings at_least 5, kinds at_least 2",
                    "good": "findings at_least 5",
                },
                "first-match",
            ),
            "fair, c2",
            "where it is not met, the level is the same",
        ),
    ],
    ids=[
        "a criterion implied by others",
        "a criterion always met",
        "a limit never met",
        "a limit below what it limits",
        "a weaker need of evidence",
        "a level hidden by a better one",
    ],
)
def test_what_never_matters_is_found_with_the_reason(rules: RuleSet, where: str, reason: str) -> None:
    policy = policy_of(rules)
    oddities = {f.where: f for f in found_in(policy) if f.kind == "never-matters"}
    oddity = oddities[f"{DOMAIN}, {where}"]
    assert oddity.message == f"{reason}; without it no combination gets another level"
    assert oddity.severity == "problem"


def test_need_of_evidence_matters_also_where_people_give_the_level() -> None:
    rules = rule_set({}, enough="findings at_least 5, findings at_least 3").model_copy(
        update={"propose": "people"}
    )
    oddities = found_in(policy_of(rules))
    assert said(oddities) == [("never-matters", "problem", f"{DOMAIN}, sufficiency, c2")]


@pytest.mark.parametrize("second", ["findings at_least 3", "findings more_than 2", "findings more_than 2.5"])
def test_the_same_test_twice_is_a_duplicate_however_it_is_written(second: str) -> None:
    rules = rule_set({"fair": f"findings at_least 3, {second}", "good": "findings at_least 9"})
    oddities = found_in(policy_of(rules))
    assert said(oddities) == [("duplicate", "problem", f"{DOMAIN}, fair, c2")]
    assert oddities[0].message == "this tests the same as 'c1'"


def test_the_same_test_in_two_levels_is_no_duplicate_but_never_matters_in_the_upper() -> None:
    rules = rule_set({"fair": "findings at_least 3", "good": "findings at_least 3, surveys at_least 5"})
    assert ("never-matters", "problem", f"{DOMAIN}, good, c1") in said(found_in(policy_of(rules)))


def test_a_measure_that_makes_the_level_worse_by_getting_better_is_shown_at_the_threshold() -> None:
    rules = rule_set(
        {"fair": "surveys at_least 20", "good": "surveys at_least 40"},
        limits={"strengths at_least 60": "weak"},
    )
    oddities = found_in(policy_of(rules))
    assert said(oddities) == [
        ("not-monotone", "problem", f"{DOMAIN}, strengths"),
        ("missing-better", "note", f"{DOMAIN}, strengths"),
    ]
    before, after = examples(oddities[0])
    assert before == ({"strengths": 30, "surveys": 40}, "good")
    assert after == ({"strengths": 60, "surveys": 40}, "weak")
    assert not is_monotone(policy_of(rules))


def test_a_measure_of_which_less_is_better_gets_better_by_falling() -> None:
    rules = rule_set({"fair": "serious at_least 20", "good": "serious at_least 40"})
    (oddity,) = found_in(policy_of(rules))
    assert oddity.message == "serious gets better, from 40 to 10, and the level gets worse: good, then weak"


def test_a_measure_of_which_no_way_is_better_is_left_out() -> None:
    rules = rule_set({"fair": "kinds less_than 9", "good": "kinds less_than 4"})
    assert found_in(policy_of(rules)) == []


def test_having_no_value_may_be_better_than_a_bad_one_which_is_a_note() -> None:
    rules = rule_set({"fair": "surveys at_least 20 or missing", "good": "surveys at_least 40"})
    policy = policy_of(rules)
    oddities = found_in(policy)
    assert said(oddities) == [("missing-better", "note", f"{DOMAIN}, surveys")]
    assert examples(oddities[0]) == [({"surveys": 10}, "weak"), ({"surveys": None}, "fair")]
    assert oddities[0].message == "having no surveys at all is better than 10: fair instead of weak"
    assert is_monotone(policy)


def test_a_measure_nobody_tests_is_unused() -> None:
    rules = rule_set({"fair": "surveys at_least 20", "good": "surveys at_least 40"})
    assert said(lint(policy_of(rules, unused="findings"))) == [("unused", "problem", "measures, findings")]


def test_rules_that_rate_no_domain_are_unused_and_so_are_their_measures() -> None:
    default = rule_set({"fair": "surveys at_least 20", "good": "surveys at_least 40"})
    alone = rule_set({"fair": "strengths at_least 20", "good": "strengths at_least 40"})
    assert said(lint(policy_of(default, alone=alone))) == [
        ("unused", "note", DOMAIN),
        ("unused", "problem", "measures, surveys"),
    ]


# Questions: what varies is the ratings of the domains


def test_a_share_of_three_domains_cannot_be_a_half() -> None:
    rules = rule_set(
        {"fair": "fair_share at_least 50", "good": "good_share equals 50"}, enough="rated at_least 3"
    )
    oddities = found_in(policy_of(question=rules))
    assert ("unreachable", "problem", f"{QUESTION}, good") in said(oddities)
    assert reachable_levels(policy_of(question=rules))[QUESTION] == {"weak", "fair", "insufficient"}


def test_a_share_of_no_ratings_is_missing_and_is_tried() -> None:
    rules = rule_set(
        {
            "weak": "fair_share less_than 0 or missing",
            "fair": "fair_share at_most 50",
            "good": "fair_share more_than 50",
        },
        "first-match",
    )
    assert reachable_levels(policy_of(question=rules))[QUESTION] == set(SCALE)


def test_a_question_that_gets_worse_when_a_domain_gets_better_is_found() -> None:
    rules = rule_set(
        {"fair": "fair_share at_least 50", "good": "only_fair at_least 100"}, enough="rated at_least 3"
    )
    (oddity,) = [f for f in found_in(policy_of(question=rules)) if f.kind == "not-monotone"]
    before, after = examples(oddity)
    assert before == ({"help": "fair", "plans": "fair", "homes": "fair"}, "good")
    assert after[1] == "fair"
    assert oddity.message.startswith("rating of a domain (as of help) gets better, from fair to good")


def test_a_bad_rating_that_a_question_names_is_better_left_out() -> None:
    rules = rule_set(
        {"fair": "lowest at_least fair", "good": "lowest at_least good"},
        enough="rated at_least 2",
        limits={"help_rating at_most weak": "weak"},
    )
    oddities = found_in(policy_of(question=rules))
    assert said(oddities) == [
        ("never-matters", "problem", f"{QUESTION}, limits, l1"),
        ("missing-better", "note", f"{QUESTION}, help"),
        ("missing-better", "note", f"{QUESTION}, plans"),
    ]
    assert examples(oddities[1]) == [
        ({"help": "weak", "plans": "good", "homes": "good"}, "weak"),
        ({"help": None, "plans": "good", "homes": "good"}, "good"),
    ]


# The library


ABSENCE = "Meant so, by when_missing: met; a domain is rated by the kinds of evidence there are."
SERIOUS = "Cannot happen while strengths_share has a value, or makes the lowest level: both are of one whole."
NOT_RATED = (
    "Meant so: not enough evidence is no rating, never a low one, and sufficiency asks for most domains."
)
EXPECTED = {
    "cqc-local-authority": {},
    "wales-round-1": {
        "domain_defaults/served, strengths_share": ABSENCE,
        "domain_defaults/served, serious_weakness_share": (
            "Cannot happen while strengths_share has a value; where both are missing only the survey speaks."
        ),
        "questions/served, timeliness": NOT_RATED,
    },
    "wales-round-2": {
        "domain_defaults/services, serious_weakness_share": SERIOUS,
        "domain_defaults/services, survey_positive": ABSENCE,
        "domain_defaults/services, cases_met": ABSENCE,
        "domain_defaults/services, at_comparator": ABSENCE,
        "domain_defaults/organisation, serious_weakness_share": SERIOUS,
        "domain_defaults/organisation, survey_positive": ABSENCE,
        "domain_defaults/organisation, cases_met": ABSENCE,
        "domain_defaults/organisation, at_comparator": ABSENCE,
        "questions/services, getting-help": NOT_RATED,
        "questions/services, safeguarding": NOT_RATED,
        "questions/organisation, leadership": NOT_RATED,
        "questions/organisation, planning-partnerships": NOT_RATED,
    },
}
"""All findings on the library; each of them is a note that no value is better than a bad one."""


@pytest.mark.parametrize("framework_id", library_ids())
def test_the_library_has_no_problems_and_only_the_notes_explained_here(framework_id: str) -> None:
    policy = load_policy(framework_id)
    expected = [("missing-better", "note", where) for where in EXPECTED[framework_id]]
    assert said(found_in(policy)) == expected
    assert is_monotone(policy)


@pytest.mark.parametrize("framework_id", library_ids())
def test_every_level_of_the_library_can_be_reached(framework_id: str) -> None:
    policy = load_policy(framework_id)
    targets = [*policy.framework.domains, *(question.id for question in policy.framework.questions)]
    reached = reachable_levels(policy)
    for target in targets:
        if policy.rulebook.rules_of(policy.framework, target).propose != "people":
            block = policy.rulebook.block_of(policy.framework, target)
            assert {level.id for level in policy.framework.scale_of(target)} <= reached[block]


# The command


def test_notes_alone_do_not_fail_the_command(say: Say) -> None:
    code, out, _ = say("rules", "lint", "wales-round-1")
    assert code == 0
    assert out.startswith(
        "wales-round-1: problems 0, notes 3.\n  note, missing-better: domain_defaults/served,"
    )
    assert "but with strengths_share none: overall" in out


def test_a_problem_fails_the_command_and_json_says_what_the_text_says(say: Say) -> None:
    folder = Path(__file__).parent / "broken" / "good"
    code, out, _ = say("rules", "lint", str(folder), "--json")
    assert code == 1
    problems = [oddity for oddity in json.loads(out)["good"] if oddity["severity"] == "problem"]
    assert problems == [
        {
            "kind": "never-matters",
            "severity": "problem",
            "block": "questions/care",
            "level": "limits",
            "criterion": "weak-help",
            "message": "where it is met, the level is no better anyway; "
            "without it no combination gets another level",
            "counterexample": [{"given": {"help": "weak", "plans": "weak"}, "level": "weak"}],
        }
    ]
    code, out, _ = say("rules", "lint", str(folder))
    assert code == 1
    assert "problem, never-matters: questions/care, limits, weak-help: where it is met," in out


# Cells


@pytest.mark.parametrize(
    ("statistic", "of", "numbers", "expected"),
    [
        ("share", "findings", [20, 50], [10, 20, 40, 50, 80, None]),
        ("share", "findings", [0, 100], [0, 50, 100, None]),
        ("share", "findings", [50, 50.0001, 50.0002], [20, 50, 50.0001, 50.0002, 80, None]),
        ("share", "findings", [120, -1], [50, None]),
        ("count", "items", [3, 5], [0, 3, 4, 5, 6]),
        ("count", "items", [2.5], [0, 2, 3, 4]),
        ("count", "items", [-1], [0, 1]),
        ("mean", "case_scores", [2.5], [2, 2.5, 3, None]),
    ],
)
def test_thresholds_cut_a_measure_into_points_and_what_lies_between(
    statistic: str, of: str, numbers: list[float], expected: list[Value]
) -> None:
    measure = Measure(id="m", title={"en": "M"}, of=Of(of), statistic=Statistic(statistic))
    found = list(ranges(measure, numbers))
    if of == "items" and numbers == [-1]:
        found, expected = found[:1], expected[:1]
    assert [value if value is None else round(value, 4) for value in found] == expected


# Against brute force, on random rulebooks


many = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


class Brute:
    """Every combination of values at, just beside and between thresholds, without any shortcut."""

    def __init__(self, policy: PolicySet, target: str) -> None:
        self.policy, self.target = policy, target
        framework, book = policy.framework, policy.rulebook
        self.rules = book.rules_of(framework, target)
        self.scale = [level.id for level in framework.scale_of(target)]
        self.criteria = {(part, criterion.id): criterion for part, criterion in self.rules.criteria()}
        self.axes: dict[str, list[Value]] = {}
        if framework.is_domain(target):
            for name in measures_tested(framework, book, target):
                measure = book.measure(name)
                values = values_near(policy, target, measure, missing=not measure.is_count)
                self.axes[name] = values
        else:
            own = [domain.id for domain in framework.question(target).domains]
            named = {book.measure(name).domain for name in measures_tested(framework, book, target)}
            for name in framework.domains:
                if name in own or name in named:
                    self.axes[name] = [*range(1, len(framework.scale_of(name)) + 1), None]
        self.shape = tuple(map(len, self.axes.values()))
        points = itertools.product(*self.axes.values())
        met = self._met_by_measures if framework.is_domain(target) else self._met_by_ratings
        self.met = [met(dict(zip(self.axes, point, strict=True))) for point in points]

    def _holds(self, criterion: Criterion, value: Value) -> bool:
        if value is None:
            return criterion.when_missing == "met"
        numbers = thresholds(self.policy.framework, self.policy.rulebook, self.target, criterion)
        first = numbers[0]
        return {
            "at_least": value >= first,
            "at_most": value <= first,
            "more_than": value > first,
            "less_than": value < first,
            "equals": value == first,
            "one_of": value in numbers,
        }[criterion.test]

    def _met_by_measures(self, values: dict[str, Value]) -> Met:
        return frozenset(part for part, c in self.criteria.items() if self._holds(c, values[c.measure]))

    def _met_by_ratings(self, levels: dict[str, Value]) -> Met:
        framework, book = self.policy.framework, self.policy.rulebook
        rated = {name: int(level) for name, level in levels.items() if level is not None}
        values = {
            name: measure_ratings(framework, self.target, book.measure(name), rated).value
            for name in measures_tested(framework, book, self.target)
        }
        return self._met_by_measures(values)

    def results(self, rules: RuleSet) -> np.ndarray:
        """The level of every combination; 0 for none, -1 where evidence is not enough; an axis per factor."""

        def result(met: Met) -> int:
            proposal = propose_level(rules, self.scale, met)
            return -1 if proposal.missing else proposal.level or 0

        known = {met: result(met) for met in set(self.met)}
        return np.array([known[met] for met in self.met]).reshape(self.shape)

    def graded(self) -> Iterator[tuple[str, int, bool]]:
        """The factors of which one way is better: name, axis, and whether they can have no value."""
        for axis, (name, values) in enumerate(self.axes.items()):
            if not self.policy.framework.is_domain(self.target):
                yield name, axis, True
            elif self.policy.rulebook.measure(name).better != "neither":
                yield name, axis, values[-1] is None

    def rising(self, name: str, axis: int, results: np.ndarray) -> np.ndarray:
        """The results of all that has a value, from the worst to the best."""
        count = sum(value is not None for value in self.axes[name])
        order = range(count)
        if self.policy.framework.is_domain(self.target):
            order = order if self.policy.rulebook.measure(name).better == "higher" else reversed(order)
        return np.moveaxis(results.take(list(order), axis=axis), axis, 0)

    def without(self, part: tuple[str, str]) -> RuleSet:
        def kept(name: str, criteria: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(c for c in criteria if (name, c.id) != part)

        return self.rules.model_copy(
            update={
                "levels": {name: kept(name, criteria) for name, criteria in self.rules.levels.items()},
                "limits": kept("limits", self.rules.limits),
                "sufficiency": kept("sufficiency", self.rules.sufficiency),
            }
        )


def probes(policy: PolicySet, target: str) -> set[str]:
    """The domains lint varies for a question: those named by measures, and the first of the others."""
    names = {
        policy.rulebook.measure(name).domain
        for name in measures_tested(policy.framework, policy.rulebook, target)
    }
    others = [d.id for d in policy.framework.question(target).domains if d.id not in names]
    return {name for name in names if name} | set(others[:1])


@many
@given(policy=policy_sets(most_domains=3, most_levels=3))
def test_lint_finds_what_brute_force_finds_and_nothing_else(policy: PolicySet) -> None:
    oddities = found_in(policy)
    reached = reachable_levels(policy)
    framework, book = policy.framework, policy.rulebook
    targets = [*framework.domains, *(question.id for question in framework.questions)]
    one_of = {book.block_of(framework, target): target for target in reversed(targets)}
    for block, target in one_of.items():
        mine = [oddity for oddity in oddities if oddity.block == block]
        brute = Brute(policy, target)
        rules, results = brute.rules, brute.results(brute.rules)
        people = rules.propose == "people"

        def named(kind: str, mine: list[Oddity] = mine) -> set[str]:
            return {oddity.criterion for oddity in mine if oddity.kind == kind}

        names = {-1: "insufficient", 0: "open"} | dict(enumerate(brute.scale, start=1))
        assert reached[block] == {names[int(result)] for result in np.unique(results)}
        unreachable = {oddity.level for oddity in mine if oddity.kind == "unreachable"}
        if people:
            assert not unreachable
        elif (results == -1).all():
            assert unreachable == {"sufficiency"}
        else:
            assert unreachable == set(brute.scale) - reached[block]
        gap = rules.policy is Policy.FIRST_MATCH and not people and bool((results == 0).any())
        assert bool([oddity for oddity in mine if oddity.kind == "gap"]) == gap

        repeated = {
            (part, criterion)
            for oddity in mine
            if oddity.kind == "duplicate"
            for part in [oddity.level]
            for criterion in (oddity.criterion, oddity.message.split("'")[1])
        }
        never = {(f.level, f.criterion) for f in mine if f.kind == "never-matters"}
        for part in brute.criteria:
            same = bool((brute.results(brute.without(part)) == results).all())
            assert (part in never) == (same and part not in repeated), part
        for part, criterion in repeated:
            twins = [
                c for c in brute.criteria if c[0] == part and (part, criterion) in repeated and c in repeated
            ]
            assert any(
                other != (part, criterion)
                and all(((part, criterion) in met) == (other in met) for met in brute.met)
                for other in twins
            )

        allowed = set(brute.axes) if framework.is_domain(target) else probes(policy, target)
        levels = np.maximum(results, 0)
        falling, better = set(), set()
        for name, axis, can_be_missing in brute.graded():
            rising = brute.rising(name, axis, levels)
            if (np.diff(rising, axis=0) < 0).any():
                falling.add(name)
            if can_be_missing and (levels.take(-1, axis=axis) > rising.min(axis=0)).any():
                better.add(name)
        assert named("not-monotone") == falling & allowed
        assert named("missing-better") == better & allowed
        if not people and rules.policy is not Policy.SECURE_FIT:
            full = {
                name: np.array([all((name, c.id) in met for c in criteria) for met in brute.met])
                for name, criteria in rules.levels.items()
            }
            enough = results.reshape(-1) >= 0
            pairs = [
                high
                for low, high in itertools.combinations(brute.scale, 2)
                if (full[low] & full[high] & enough).any()
            ]
            found = [f.level for f in mine if f.kind == "overlap" and f.level]
            assert sorted(found) == sorted(pairs)
    assert is_monotone(policy) == (not any(oddity.kind == "not-monotone" for oddity in oddities))
    used = {name for target in framework.question_of for name in measures_tested(framework, book, target)}
    unused = {f.criterion for f in oddities if f.kind == "unused" and f.block == "measures"}
    assert unused == {measure.id for measure in book.measures} - used


@many
@given(data=st.data())
def test_under_a_monotone_rulebook_raising_a_measure_never_lowers_a_level(data: st.DataObject) -> None:
    policy = data.draw(policy_sets(most_domains=2, most_levels=3))
    assume(policy.framework.domains and is_monotone(policy))
    domain = data.draw(st.sampled_from(list(policy.framework.domains)))
    values = {
        measure.id: data.draw(
            st.sampled_from(values_near(policy, domain, measure, missing=not measure.is_count))
        )
        for measure in policy.rulebook.evidence_measures
    }
    graded = [m for m in policy.rulebook.evidence_measures if m.better != "neither"]
    assume(graded)
    measure = data.draw(st.sampled_from(graded))
    assume(values[measure.id] is not None)
    other = data.draw(st.sampled_from(values_near(policy, domain, measure, missing=False)))
    low, high = sorted([values[measure.id], other], reverse=measure.better == "lower")  # type: ignore[type-var]
    before = infer_alone(policy, {domain: {**values, measure.id: low}}, {}).rating(domain)
    after = infer_alone(policy, {domain: {**values, measure.id: high}}, {}).rating(domain)
    assert (after.level or 0) >= (before.level or 0)


@many
@given(data=st.data())
def test_under_a_monotone_rulebook_raising_a_domain_never_lowers_a_question(data: st.DataObject) -> None:
    policy = data.draw(policy_sets(most_domains=2, most_levels=3))
    assume(policy.framework.domains and is_monotone(policy))
    levels = {name: st.integers(1, len(policy.framework.scale_of(name))) for name in policy.framework.domains}
    rated = {name: data.draw(levels[name]) for name in data.draw(st.sets(st.sampled_from(sorted(levels))))}
    raised = data.draw(st.sampled_from(sorted(levels)))
    low, high = sorted([data.draw(levels[raised]), data.draw(levels[raised])])
    for question in policy.framework.questions:
        before, after = (
            infer_alone(left_to_people(policy), {}, {**rated, raised: level}).rating(question.id)
            for level in (low, high)
        )
        assert (after.level or 0) >= (before.level or 0)


@settings(many, max_examples=25)
@given(policy=policy_sets(most_domains=2))
def test_lint_says_the_same_every_time(policy: PolicySet) -> None:
    assert lint(policy) == lint(PolicySet(policy.framework, policy.rulebook))


# Size


def test_many_measures_and_many_domains_take_seconds_and_no_shortcut() -> None:
    """Twelve measures of five thresholds each: two thousand million combinations; twenty domains."""
    names = [f"m{number}" for number in range(12)]
    measures = [
        Measure(id=name, title={"en": name}, of=Of.FINDINGS, statistic=Statistic.SHARE) for name in names
    ]
    shares = {
        f"r{n}": Measure.model_validate(
            {
                "id": f"r{n}",
                "title": "r",
                "of": "ratings",
                "statistic": "share",
                "where": {"level_at_least": f"l{n}"},
            }
        )
        for n in range(2, 6)
    }
    scale = tuple(Level(id=f"l{n}", title={"en": "l"}) for n in range(1, 6))
    framework = framework_of("all-of-it", [level.id for level in scale], [f"d{n}" for n in range(20)])
    of_domains = RuleSet(
        policy=Policy.BEST_FIT,
        levels={
            level.id: tuple(
                Criterion.model_validate({"id": name, "measure": name, "at_least": 15 * number, **SAID})
                for name in names
            )
            for number, level in enumerate(scale)
        },
    )
    of_questions = RuleSet(
        levels={
            f"l{n}": (Criterion.model_validate({"id": "half", "measure": f"r{n}", "at_least": 50, **SAID}),)
            for n in range(2, 6)
        }
    )
    rulebook = Rulebook(
        **HEAD,
        measures=(*measures, *shares.values()),
        domain_defaults={"all-of-it": of_domains},
        questions={"all-of-it": of_questions},
    )
    started = time.perf_counter()
    oddities = lint(PolicySet(framework, rulebook))
    taken = time.perf_counter() - started
    assert {oddity.kind for oddity in oddities} >= {"overlap", "unreachable"}
    assert taken < 60, taken
