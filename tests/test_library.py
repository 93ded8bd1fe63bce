"""The frameworks of the library: they load, their cases hold and cover them, and their figures are as set."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from rules.cases import CaseReport, find_uncovered, load_cases, run_cases
from rules.evaluate import Evaluator
from rules.framework import Words
from rules.inference import Inference, infer
from rules.loader import LIBRARY, PolicySet, library_ids, load_policy, load_policy_folder
from rules.ratings import MeasureValue, measure_ratings
from rules.rule import Fact, Firing, Rule
from rules.rulebook import Criterion, Policy, RuleSet
from rules.sentences import Sentences

IDS = library_ids()
WELSH = ["wales-round-1", "wales-round-2"]
GOOD = Path(__file__).parent / "broken" / "good"
ILLUSTRATION = "Illustration of the project; the documents publish no thresholds."

every_framework = pytest.mark.parametrize("framework_id", IDS)
welsh_frameworks = pytest.mark.parametrize("framework_id", WELSH)


@cache
def evaluator(rules: tuple[Rule, ...]) -> Evaluator:
    return Evaluator(rules)


def fire(rules: Sequence[Rule], facts: Sequence[Fact]) -> list[Firing]:
    return evaluator(tuple(rules)).fire(facts)


@cache
def policy_of(framework_id: str) -> PolicySet:
    return load_policy(framework_id)


@cache
def report_of(framework_id: str) -> CaseReport:
    policy = policy_of(framework_id)
    return run_cases(policy, *load_cases(LIBRARY / framework_id / "cases.yml", policy.framework), fire)


def rule_sets(policy: PolicySet) -> Iterator[tuple[str, RuleSet]]:
    """Every block of rules with its name, as coverage names it."""
    for section in ("domain_defaults", "domains", "questions"):
        for name, rules in getattr(policy.rulebook, section).items():
            yield f"{section}/{name}", rules


def because(framework_id: str, inference: Inference, target: str) -> str:
    """Why a target is rated as it is, in one sentence."""
    return Sentences(policy_of(framework_id)).because(inference.rating(target))


def judge(framework_id: str, *, measures: dict[str, dict[str, float]], **ratings: str) -> Inference:
    """The inference from measures by domain and from decided levels (underscores stand for hyphens)."""
    policy = policy_of(framework_id)
    decided = {name.replace("_", "-"): level for name, level in ratings.items()}
    levels = {name: policy.framework.level_number(name, level) for name, level in decided.items()}
    values = {t: {name: MeasureValue(v) for name, v in given.items()} for t, given in measures.items()}
    return infer(policy.compiled, values, levels, fire)


# The cases


def test_the_library_holds_the_two_welsh_rounds_and_the_english_assessment() -> None:
    assert IDS == ["cqc-local-authority", "wales-round-1", "wales-round-2"]


@every_framework
def test_every_case_comes_out_as_its_sentence_says(framework_id: str) -> None:
    wrong = [
        f"{r.where}: {r.case.case} Found: {r.found}" for r in report_of(framework_id).results if not r.passed
    ]
    assert wrong == []


@every_framework
def test_no_criterion_level_or_cell_is_without_a_case(framework_id: str) -> None:
    report = report_of(framework_id)
    assert report.uncovered == ()
    assert report.passed


@every_framework
def test_every_case_is_a_sentence_of_its_own(framework_id: str) -> None:
    sentences = [result.case.case for result in report_of(framework_id).results]
    assert len(set(sentences)) == len(sentences)
    assert [s for s in sentences if not (s[0].isupper() and s.endswith("."))] == []


@every_framework
def test_whatever_cases_cover_is_missed_when_they_are_taken_away(framework_id: str) -> None:
    policy, results = policy_of(framework_id), report_of(framework_id).results
    missed_by = [(result, set(find_uncovered(policy, [result]))) for result in results]
    everything = list(find_uncovered(policy, []))
    for name in everything:
        covering = [result for result, missed in missed_by if name not in missed]
        assert covering, name
        left = [result for result in results if result not in covering]
        assert name in find_uncovered(policy, left), name
    for block, rules in rule_sets(policy):
        for part, criterion in rules.criteria():
            assert f"{block}, {part}, {criterion.id}: no case in which it is met" in everything
            assert f"{block}, {part}, {criterion.id}: no near miss" in everything


# The rulebooks


@every_framework
def test_every_measure_is_used_by_a_criterion(framework_id: str) -> None:
    policy = policy_of(framework_id)
    used = {c.measure for _, rules in rule_sets(policy) for _, c in rules.criteria()}
    assert [m.id for m in policy.rulebook.measures if m.id not in used] == []


@every_framework
def test_every_block_is_decided_by_secure_fit_and_no_domain_has_rules_of_its_own(framework_id: str) -> None:
    policy = policy_of(framework_id)
    assert {rules.policy for _, rules in rule_sets(policy)} == {Policy.SECURE_FIT}
    assert policy.rulebook.domains == {}


@every_framework
def test_what_a_criterion_says_fits_into_a_sentence(framework_id: str) -> None:
    for _, rules in rule_sets(policy_of(framework_id)):
        for _, criterion in rules.criteria():
            said = criterion.because
            assert "{value}" in said
            assert said[0] == "{" or said[0].islower()
            assert not said.endswith(".")


@welsh_frameworks
def test_the_welsh_thresholds_say_that_they_are_an_illustration(framework_id: str) -> None:
    rulebook = policy_of(framework_id).rulebook
    assert rulebook.note.startswith(ILLUSTRATION)
    criteria = [c for _, rules in rule_sets(policy_of(framework_id)) for _, c in rules.criteria()]
    assert {criterion.reference for criterion in criteria} == {ILLUSTRATION}


def numbers_of(rules: RuleSet) -> dict[str, list[str]]:
    """The tests of a block, by part: 'sufficiency', the number of the level, 'limits'."""

    def said(c: Criterion) -> str:
        return f"{c.measure} {c.test} {c.threshold}{' or missing' if c.when_missing == 'met' else ''}"

    levels = {f"level {n}": [said(c) for c in cs] for n, cs in enumerate(rules.levels.values(), start=2)}
    return {
        "sufficiency": [said(c) for c in rules.sufficiency],
        **levels,
        "limits": [said(c) for c in rules.limits],
    }


@pytest.mark.parametrize("question", ["services", "organisation"])
def test_the_thresholds_of_the_second_round_are_those_set_beforehand(question: str) -> None:
    policy = policy_of("wales-round-2")
    rules = policy.rulebook.domain_defaults[question]
    assert numbers_of(rules) == {
        "sufficiency": ["items at_least 5", "findings at_least 3", "kinds at_least 2"],
        "level 2": [
            "strengths_share at_least 20",
            "survey_positive at_least 40 or missing",
            "cases_met at_least 40 or missing",
        ],
        "level 3": [
            "strengths_share at_least 50",
            "survey_positive at_least 65 or missing",
            "cases_met at_least 65 or missing",
        ],
        "level 4": [
            "strengths_share at_least 80",
            "survey_positive at_least 85 or missing",
            "cases_met at_least 85 or missing",
            "kinds at_least 3",
            "at_comparator at_least 75 or missing",
        ],
        "limits": ["serious_weakness_share at_least 30", "serious_weakness_share at_least 60"],
    }
    scale = [level.id for level in policy.framework.question(question).scale]
    assert list(rules.levels) == scale[1:]
    assert [limit.no_better_than for limit in rules.limits] == [scale[1], scale[0]]


@pytest.mark.parametrize(
    ("question", "rated", "shares", "leading", "lowest", "held_at"),
    [
        (
            "services",
            5,
            ("inconsistent_or_better", "mainly_good_or_better", "excellent_share"),
            "safeguarding_rating",
            "poor",
            "inconsistent",
        ),
        (
            "organisation",
            4,
            ("uncertainly_or_better", "well_or_better", "strongly_share"),
            "leadership_rating",
            "badly",
            "uncertainly",
        ),
    ],
)
def test_the_questions_of_the_second_round_are_decided_as_set_beforehand(
    question: str, rated: int, shares: tuple[str, str, str], leading: str, lowest: str, held_at: str
) -> None:
    rules = policy_of("wales-round-2").rulebook.questions[question]
    assert numbers_of(rules) == {
        "sufficiency": [f"domains_rated at_least {rated}"],
        "level 2": [f"{shares[0]} at_least 50"],
        "level 3": [f"{shares[1]} at_least 50"],
        "level 4": [f"{shares[2]} at_least 50", f"{shares[1]} at_least 100"],
        "limits": [f"{leading} at_most {lowest}"],
    }
    assert [limit.no_better_than for limit in rules.limits] == [held_at]


def test_a_domain_of_the_second_round_is_explained_in_one_sentence() -> None:
    enough = {"items": 9, "findings": 6, "kinds": 3}
    shares = {"strengths_share": 62.5, "serious_weakness_share": 10.0, "survey_positive": 52.0}
    inference = judge("wales-round-2", measures={"carers": {**enough, **shares}})
    assert because("wales-round-2", inference, "carers") == (
        "Inconsistent: on average 52 % of people surveyed answered positively; "
        "Mainly good needs at least 65 %."
    )
    shares = {"strengths_share": 62.5, "serious_weakness_share": 31.0}
    inference = judge("wales-round-2", measures={"carers": {**enough, **shares}})
    assert because("wales-round-2", inference, "carers") == (
        "Inconsistent, not Mainly good, because of a limit: serious weaknesses are 31 % of what was found."
    )


def test_domains_without_enough_evidence_leave_the_question_and_the_grid_open() -> None:
    inference = judge("wales-round-2", measures={}, organisation="well")
    assert {r.status for r in inference.ratings if r.target != "organisation"} == {"insufficient"}
    assert inference.cell is None


# The frameworks


def texts_of(framework_id: str) -> Iterator[tuple[str, Words]]:
    framework = policy_of(framework_id).framework
    yield framework.id, framework.title
    for strand in framework.strands:
        yield f"strand {strand.id}", strand.title
    for question in framework.questions:
        yield question.id, question.title
        for level in (*question.scale, *(question.domain_scale or ())):
            yield f"{question.id}, {level.id}", level.title
        for domain in question.domains:
            yield domain.id, domain.title


@welsh_frameworks
def test_every_welsh_framework_has_its_titles_in_welsh_too(framework_id: str) -> None:
    for name, words in texts_of(framework_id):
        assert set(words) == {"en", "cy"}, name
        assert words["cy"] != words["en"], name
        assert unicodedata.is_normalized("NFC", words["cy"]), name


def test_the_ratings_of_the_second_round_read_as_they_should_in_welsh() -> None:
    framework = policy_of("wales-round-2").framework
    services, organisation = framework.questions
    assert [level.title["cy"] for level in services.scale] == [
        "Gwael",
        "Anghyson",
        "Da ar y cyfan",
        "Rhagorol",
    ]
    assert [level.title["cy"] for level in organisation.scale] == [
        "Mewn sefyllfa wael",
        "Mewn sefyllfa ansicr",
        "Mewn sefyllfa dda",
        "Mewn sefyllfa gref",
    ]
    assert framework.title_of("carers", "cy") == "Cymorth i ofalwyr"
    assert {strand.id: strand.title["cy"] for strand in framework.strands}["older-people"] == "Pobl hŷn"


@every_framework
def test_every_domain_says_what_reviewers_look_for_and_where_it_comes_from(framework_id: str) -> None:
    for domain in policy_of(framework_id).framework.domains.values():
        assert 3 <= len(domain.looks_for) <= 6, domain.id
        assert domain.reference, domain.id


def test_the_domains_are_the_headings_the_documents_name() -> None:
    def domains(framework_id: str) -> list[list[str]]:
        return [[d.id for d in q.domains] for q in policy_of(framework_id).framework.questions]

    assert domains("wales-round-2") == [
        [
            "getting-help",
            "assessment",
            "care-planning",
            "safeguarding",
            "independence",
            "family-support",
            "carers",
        ],
        [
            "leadership",
            "planning-partnerships",
            "commissioning",
            "workforce",
            "performance-management",
            "resources",
        ],
    ]
    assert domains("wales-round-1") == [["timeliness", "having-a-say", "information", "keeping-in-touch"], []]
    assert [len(names) for names in domains("cqc-local-authority")] == [9]


# The published assessments of the Care Quality Commission, in the order of its nine statements


@pytest.mark.parametrize(
    ("authority", "scores", "percent", "rating"),
    [
        ("Hertfordshire", (3, 3, 3, 3, 4, 3, 3, 3, 3), 78, "good"),
        ("Windsor and Maidenhead", (3, 3, 2, 2, 2, 3, 2, 2, 3), 62, "requires-improvement"),
        ("Camden", (3, 3, 4, 3, 4, 4, 3, 4, 4), 89, "outstanding"),
    ],
    ids=["Hertfordshire", "Windsor and Maidenhead", "Camden"],
)
def test_published_assessments_get_their_published_percentage_and_rating(
    authority: str, scores: tuple[int, ...], percent: int, rating: str
) -> None:
    policy = policy_of("cqc-local-authority")
    levels = dict(zip(policy.framework.domains, scores, strict=True))
    measure = policy.rulebook.measure("score_percent")
    assert measure_ratings(policy.framework, "overall", measure, levels) == MeasureValue(percent, 9)
    inference = infer(policy.compiled, {}, levels, fire)
    assert inference.cell == (rating,)
    sentences = [result.case.case for result in report_of("cqc-local-authority").results]
    assert any(sentence.startswith(authority) and f"{percent} %" in sentence for sentence in sentences)


@pytest.mark.parametrize("total", range(9, 37))
def test_every_sum_of_nine_scores_falls_into_its_published_band(total: int) -> None:
    policy = policy_of("cqc-local-authority")
    low, extra = divmod(total, 9)
    scores = [low + 1] * extra + [low] * (9 - extra)
    rating = infer(policy.compiled, {}, dict(zip(policy.framework.domains, scores, strict=True)), fire).cell
    bands = {"inadequate": range(25, 39), "requires-improvement": range(39, 63), "good": range(63, 88)}
    percent = next(n for n in range(101) if n * 36 >= 100 * total)
    assert rating == (next((name for name, band in bands.items() if percent in band), "outstanding"),)


def test_no_score_is_ever_proposed_for_a_quality_statement() -> None:
    inference = judge("cqc-local-authority", measures={}, safeguarding="good-standard")
    assert {r.status for r in inference.ratings if r.kind == "domain"} == {"open", "decided"}
    assert (
        because("cqc-local-authority", inference, "safeguarding") == "A good standard, decided by moderators."
    )
    assert inference.rating("overall").status == "insufficient"


# How cases themselves are judged


CASES = """
framework: mini
cases:
  - case: Eight findings are one short of good help.
    domain: help
    measures: {findings: 8}
    expect: good
  - case: Good care is what people decided it to be.
    question: care
    ratings: {care: good}
    expect: good
  - case: A measure that is misspelt is not one that is missing.
    domain: help
    measures: {finding: 9}
    expect: good
"""


def test_a_case_that_fails_shows_what_was_found_and_where(tmp_path: Path) -> None:
    path = tmp_path / "cases.yml"
    path.write_text(CASES.lstrip())
    policy = load_policy_folder(GOOD)
    report = run_cases(policy, *load_cases(path, policy.framework), fire)
    assert not report.passed
    assert [(result.where, result.passed, result.found) for result in report.results] == [
        ("cases.yml:3", False, "fair"),
        ("cases.yml:7", True, "good"),
        ("cases.yml:11", False, "no measure is called 'finding'. Did you mean 'findings'?"),
    ]


def test_a_level_that_people_decided_is_not_reached_by_the_criteria(tmp_path: Path) -> None:
    path = tmp_path / "cases.yml"
    path.write_text(CASES.lstrip())
    policy = load_policy_folder(GOOD)
    report = run_cases(policy, *load_cases(path, policy.framework), fire)
    assert "questions/care: no case reaches the level 'good'" in report.uncovered
    assert "domain_defaults/care: no case reaches the level 'fair'" not in report.uncovered
    assert "domain_defaults/care, good, many: no near miss" not in report.uncovered
    assert "cell good / bright: no case reaches it" in report.uncovered


@pytest.mark.parametrize(("findings", "near"), [(9, False), (8, True), (7, False), (0, False)])
def test_a_near_miss_of_a_count_misses_by_one(findings: int, near: bool, tmp_path: Path) -> None:
    path = tmp_path / "cases.yml"
    sentence = (
        f"framework: mini\ncases:\n  - case: There are {findings} findings about help.\n    domain: help\n"
    )
    path.write_text(f"{sentence}    measures: {{findings: {findings}}}\n    expect: good\n")
    policy = load_policy_folder(GOOD)
    report = run_cases(policy, *load_cases(path, policy.framework), fire)
    assert ("domain_defaults/care, good, many: no near miss" not in report.uncovered) == near


@pytest.mark.parametrize("good_domains", [(), ("help",), ("help", "plans")])
def test_a_near_miss_of_a_share_of_domains_misses_by_one_domain(
    good_domains: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "cases.yml"
    given = ", ".join(f"{name}: good" for name in good_domains)
    path.write_text(
        "framework: mini\ncases:\n  - case: Some domains are good and others fair.\n    question: care\n"
        f"    ratings: {{{given}}}\n    others: fair\n    expect: good\n"
    )
    policy = load_policy_folder(GOOD)
    report = run_cases(policy, *load_cases(path, policy.framework), fire)
    missed = {name for name in report.uncovered if name.endswith("no near miss")}
    assert ("questions/care, good, all: no near miss" not in missed) == (len(good_domains) == 1)
    assert ("questions/care, fair, half: no near miss" not in missed) == (len(good_domains) == 0)
