"""Draws of the measures: against closed forms, in clusters, by their base, the same for every chunk."""

from __future__ import annotations

import numpy as np
import pytest
from assessment_example import AT as NOW
from assessment_example import WELSH, add, item_at, last_event, load_example, new_review
from evidence_rows import Row, finding, indicator, score, survey
from scipy.stats import binom
from uncertainty_example import CASES_MET, STRENGTHS, SURVEY_MEAN, drawn, measure, near, resampler_of

from evidence.items import withdraw_item
from evidence.measures.draws import binomial_quantiles
from evidence.measures.resample import More, Resampler
from programme.database import Database
from rules.errors import EvidenceInvalid
from rules.rulebook import Measure

N = 20_000


def files(*refs: str) -> list[Row]:
    return [{"source": ref, "title": f"File {ref}", "kind": "case_file"} for ref in refs]


def answers(source: str, group: str = "Carers", **by_question: str) -> list[Row]:
    """A row per respondent and question: 'yn-' are one who agrees, one who does not, one who is silent."""
    given = {"y": 5, "n": 2, "-": ""}
    return [
        {
            "source": source,
            "respondent": f"{number:04}",
            "question": question,
            "group": group,
            "answer": given[letter],
            "domains": "carers",
        }
        for question, letters in by_question.items()
        for number, letter in enumerate(letters)
    ]


def shares_of(values: np.ndarray, base: int) -> np.ndarray:
    """How often each number of positive answers, 0 to `base`, was drawn."""
    counts = np.rint(values * base / 100).astype(int)
    assert np.allclose(counts * 100 / base, values, atol=1e-4), "a value no share of this base can have"
    return np.bincount(counts, minlength=base + 1) / len(values)


# Case files ------------------------------------------------------------------------------------------------


def test_case_files_are_drawn_with_replacement(db: Database) -> None:
    refs = [f"F{n}" for n in range(12)]
    rows = [score(ref, 4 if n < 8 else 2) for n, ref in enumerate(refs)]
    review = new_review(db, "r1", "wales-round-2", *files(*refs), *rows)
    values = drawn(resampler_of(db, review, CASES_MET), N)[("carers", "m")]
    assert near(shares_of(values, 12), binom.pmf(np.arange(13), 12, 8 / 12), N)


def test_all_scores_of_a_case_file_move_together(db: Database) -> None:
    refs = [f"F{n}" for n in range(6)]
    rows = [score(ref, 4 if n < 4 else 2) for n, ref in enumerate(refs) for _ in range(3)]
    review = new_review(db, "r1", "wales-round-2", *files(*refs), *rows)
    values = drawn(resampler_of(db, review, CASES_MET), N)[("carers", "m")]
    assert near(shares_of(values, 6), binom.pmf(np.arange(7), 6, 4 / 6), N)


def test_a_case_file_moves_all_its_domains(db: Database) -> None:
    refs = [f"F{n}" for n in range(6)]
    rows = [score(ref, 4 if n < 4 else 2, domains="carers;assessment") for n, ref in enumerate(refs)]
    review = new_review(db, "r1", "wales-round-2", *files(*refs), *rows)
    found = drawn(resampler_of(db, review, CASES_MET), 500)
    assert np.array_equal(found[("carers", "m")], found[("assessment", "m")])
    assert len(np.unique(found[("carers", "m")])) > 3


def test_the_mean_of_scores_is_drawn_like_their_share(db: Database) -> None:
    refs = [f"F{n}" for n in range(5)]
    rows = [score(ref, 1.1 if n < 2 else 3.3) for n, ref in enumerate(refs)]
    review = new_review(db, "r1", "wales-round-2", *files(*refs), *rows)
    values = drawn(resampler_of(db, review, measure("case_scores", "mean")), N)[("carers", "m")]
    low = np.rint((3.3 - values) / 2.2 * 5).astype(int)
    assert np.allclose(values, 3.3 - low * 2.2 / 5, atol=1e-4)
    assert near(np.bincount(low, minlength=6) / N, binom.pmf(np.arange(6), 5, 2 / 5), N)


def test_a_domain_with_one_case_file_always_has_a_value(db: Database) -> None:
    refs = [f"F{n}" for n in range(8)]
    rows = [score(ref, 4, domains="assessment") for ref in refs[1:]] + [score("F0", 2), score("F0", 3)]
    review = new_review(db, "r1", "wales-round-2", *files(*refs), *rows)
    values = drawn(resampler_of(db, review, CASES_MET), 2_000)[("carers", "m")]
    assert np.unique(values).tolist() == [50.0]


# Surveys ---------------------------------------------------------------------------------------------------


def test_a_published_share_is_binomial_with_its_base(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", survey("S1", "Satisfied", 70, 40))
    values = drawn(resampler_of(db, review, SURVEY_MEAN), N)[("carers", "m")]
    assert near(shares_of(values, 40), binom.pmf(np.arange(41), 40, 0.7), N)


def test_an_unknown_base_counts_as_ten_answers(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", survey("S1", "Satisfied", 73))
    values = drawn(resampler_of(db, review, SURVEY_MEAN), N)[("carers", "m")]
    assert near(shares_of(values, 10), binom.pmf(np.arange(11), 10, 0.73), N)


def test_a_question_where_lower_is_better_is_turned_round(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", survey("S1", "Waited", 20, 40, better="lower"))
    values = drawn(resampler_of(db, review, SURVEY_MEAN), N)[("carers", "m")]
    assert near(shares_of(values, 40), binom.pmf(np.arange(41), 40, 0.8), N)


def test_results_of_one_survey_and_group_share_their_quantile(db: Database) -> None:
    rows = [survey("S1", "A", 70, 50), survey("S1", "B", 70, 50, domains="assessment")]
    rows += [survey("S1", "C", 70, 50, group="Staff", domains="workforce")]
    review = new_review(db, "r1", "wales-round-2", *rows)
    found = drawn(resampler_of(db, review, SURVEY_MEAN), N)
    carers, assessment, workforce = (found[(d, "m")] for d in ("carers", "assessment", "workforce"))
    assert np.array_equal(carers, assessment)
    assert abs(np.corrcoef(carers, workforce)[0, 1]) < 0.05


@pytest.mark.parametrize("share", [0, 100])
def test_none_or_all_of_few_answers_is_no_certainty(db: Database, share: float) -> None:
    review = new_review(db, "r1", "wales-round-2", survey("S1", "Satisfied", share, 10))
    values = drawn(resampler_of(db, review, SURVEY_MEAN), N)[("carers", "m")]
    positive = (share / 10 + 0.5) / 11
    assert near(shares_of(values, 10), binom.pmf(np.arange(11), 10, positive), N)


def test_an_older_result_is_not_drawn(db: Database) -> None:
    rows = [survey("S0", "Satisfied", 10, 10, period="2001"), survey("S1", "Satisfied", 50, 10**9)]
    review = new_review(db, "r1", "wales-round-2", *rows)
    values = drawn(resampler_of(db, review, SURVEY_MEAN), 500)[("carers", "m")]
    assert np.all(np.abs(values - 50) < 0.02)


def test_respondents_are_drawn_with_all_their_answers(db: Database) -> None:
    letters = "y" * 14 + "n" * 6
    review = new_review(db, "r1", "wales-round-2", *answers("S1", Respect=letters, Choice=letters))
    found = resampler_of(db, review, SURVEY_MEAN)
    assert found.sizes["carers"].respondents == 20 and found.sizes["carers"].results_of_answers == 2
    values = drawn(found, N)[("carers", "m")]
    assert near(shares_of(values, 20), binom.pmf(np.arange(21), 20, 0.7), N)


def test_opposite_answers_of_the_same_people_cancel_out(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *answers("S1", A="yyyyynnnnn", B="nnnnnyyyyy"))
    assert np.unique(drawn(resampler_of(db, review, SURVEY_MEAN), 500)[("carers", "m")]).tolist() == [50.0]


def test_a_draw_without_any_answer_takes_one(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *answers("S1", A="y---------", B="yyyyynnnnn"))
    values = drawn(resampler_of(db, review, measure("survey_results", "mean")), 2_000)[("carers", "m")]
    assert not np.isnan(values).any() and values.min() >= 50


def test_every_group_keeps_its_size(db: Database) -> None:
    rows = [*answers("S1", A="y" * 10)]
    rows += [
        {**row, "group": "Staff", "respondent": f"s{n}"} for n, row in enumerate(answers("S1", A="nnnn"))
    ]
    review = new_review(db, "r1", "wales-round-2", *rows)
    assert np.unique(drawn(resampler_of(db, review, SURVEY_MEAN), 300)[("carers", "m")]).tolist() == [50.0]


def weighted(source: str, heavy: int, light: int) -> list[Row]:
    """Respondents in two age bands, of which one agrees and one does not, and margins of half and half."""
    rows: list[Row] = []
    for number, row in enumerate(answers(source, Respect="y" * heavy + "n" * light)):
        age = "old" if number < heavy else "young"
        who = {"source": source, "respondent": row["respondent"]}
        rows += [row, who | {"characteristic": "age", "category": age}]
    margin = {"source": source, "characteristic": "age", "percent": 50}
    return rows + [{**margin, "category": age} for age in ("old", "young")]


def test_weighted_respondents_are_drawn_with_the_weights_they_have(db: Database) -> None:
    """Five of weight 2 agree, fifteen of weight 2/3 do not: drawn k times the five make 3 k / (2 k + 20)."""
    review = new_review(db, "r1", "wales-round-2", *weighted("S1", heavy=5, light=15))
    found = resampler_of(db, review, SURVEY_MEAN)
    assert found.point["carers"]["m"].value == 50 and found.sizes["carers"].respondents == 20
    values = drawn(found, N)[("carers", "m")]
    drawn_heavy = np.rint(20 * values / (300 - 2 * values))
    assert np.allclose(300 * drawn_heavy / (20 + 2 * drawn_heavy), values, atol=1e-3)
    times = np.bincount(drawn_heavy.astype(int), minlength=21) / N
    assert near(times, binom.pmf(np.arange(21), 20, 0.25), N)


def test_ever_more_weighted_respondents_come_to_the_weighted_share(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *weighted("S1", heavy=3, light=12))
    values = drawn(resampler_of(db, review, SURVEY_MEAN), 500, more=More(responses=10**9))[("carers", "m")]
    assert np.all(np.abs(values - 50) < 0.02)


def test_weights_that_came_later_are_not_drawn_with(db: Database) -> None:
    rows = weighted("S1", heavy=5, light=15)
    review = new_review(db, "r1", "wales-round-2", *(row for row in rows if "answer" in row))
    before = last_event(db)
    add(db, review, *(row for row in rows if "answer" not in row))
    values = drawn(resampler_of(db, review, SURVEY_MEAN, event=before), N)[("carers", "m")]
    assert near(shares_of(values, 20), binom.pmf(np.arange(21), 20, 0.25), N)
    assert resampler_of(db, review, SURVEY_MEAN).point["carers"]["m"].value == 50


def test_a_mean_of_shares_on_few_answers_has_no_value_in_any_draw(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", survey("S1", "Respect", 60, 9), *answers("S0", A="yyn"))
    found = resampler_of(db, review, SURVEY_MEAN)
    assert found.point["carers"]["m"].too_few_answers
    assert np.isnan(drawn(found, 300)[("carers", "m")]).all()
    assert not np.isnan(drawn(found, 300, more=More(responses=1))[("carers", "m")]).any()
    add(db, review, survey("S0", "Choice", 60))
    assert not np.isnan(drawn(resampler_of(db, review, SURVEY_MEAN), 300)[("carers", "m")]).any()


def test_a_question_that_nobody_answered_is_an_error(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *answers("S1", A="yn"))
    db.conn.execute("drop trigger survey_response_never_update")
    db.conn.execute("update survey_response set answer = null")
    with pytest.raises(EvidenceInvalid, match="no respondent answered: S1, A, Carers"):
        resampler_of(db, review, SURVEY_MEAN)


# Findings --------------------------------------------------------------------------------------------------


def test_findings_are_drawn_with_replacement_as_many_as_there_are(db: Database) -> None:
    rows = [finding("I1", "strength" if n < 6 else "weakness") for n in range(9)]
    review = new_review(db, "r1", "wales-round-2", *rows)
    values = drawn(resampler_of(db, review, STRENGTHS), N)[("carers", "m")]
    assert near(shares_of(values, 9), binom.pmf(np.arange(10), 9, 6 / 9), N)


def test_weighted_findings_weigh_in_every_draw(db: Database) -> None:
    weighted = measure("findings", "share", weighted=True, where={"direction": ["strength"]})
    rows = [finding("I1", "strength", 3), finding("I1", "weakness", 1)]
    review = new_review(db, "r1", "wales-round-2", *rows)
    values = drawn(resampler_of(db, review, weighted), N)[("carers", "m")]
    assert near(np.array([np.mean(values == v) for v in (0, 75, 100)]), np.array([0.25, 0.5, 0.25]), N)


def test_measures_of_the_same_findings_are_drawn_together(db: Database) -> None:
    weak = measure("findings", "share", "weak", where={"direction": ["weakness"]})
    rows = [finding("I1", "strength" if n % 3 else "weakness", 1 + n % 3) for n in range(12)]
    review = new_review(db, "r1", "wales-round-2", *rows)
    found = drawn(resampler_of(db, review, STRENGTHS, weak), 500)
    assert np.allclose(found[("carers", "m")] + found[("carers", "weak")], 100, atol=1e-3)


def test_a_draw_of_neutral_findings_alone_takes_one_that_is_not(db: Database) -> None:
    among = measure(
        "findings",
        "share",
        where={"direction": ["strength"]},
        among={"direction": ["strength", "weakness"]},
    )
    rows = [finding("I1", "neutral") for _ in range(6)] + [finding("I1"), finding("I1", "weakness")]
    values = drawn(resampler_of(db, new_review(db, "r1", "wales-round-2", *rows), among), N)[("carers", "m")]
    assert not np.isnan(values).any() and abs(values.mean() - 50) < 2


def test_findings_can_be_held_fixed(db: Database) -> None:
    rows = [finding("I1", "strength" if n < 6 else "weakness") for n in range(9)]
    review = new_review(db, "r1", "wales-round-2", *rows)
    held = resampler_of(db, review, STRENGTHS, findings=False)
    assert held.drawn == set()
    assert np.unique(drawn(held, 300)[("carers", "m")]).tolist() == [66.6667]


# What stays, and what all draws have in common -------------------------------------------------------------


def test_counts_and_indicators_stay_as_they_are(db: Database) -> None:
    rows = [indicator("Breaks", "2007", 4, comparator=3), finding("I1"), score("C1", 3)]
    review = new_review(db, "r1", "wales-round-2", *rows)
    wanted = [
        measure("items", "count", "items"),
        measure("items", "kinds", "kinds"),
        measure("indicators", "at_comparator", "good"),
        measure("findings", "count", "found"),
        CASES_MET,
    ]
    found = resampler_of(db, review, *wanted)
    values = drawn(found, 200)
    for domain, given in found.point.items():
        for name in ("items", "kinds", "good", "found"):
            value = np.nan if given[name].value is None else given[name].value
            assert np.array_equal(np.unique(values[(domain, name)]), [value], equal_nan=True), (domain, name)


@pytest.fixture(scope="module")
def example(shared_db: Database) -> Resampler:
    # How widespread findings are is drawn apart from which are found (tests/test_extents.py).
    wanted = [one.model_copy(update={"by_extent": False}) for one in WELSH.rulebook.evidence_measures]
    return resampler_of(shared_db, load_example(shared_db), *wanted)


def test_every_unit_drawn_once_gives_the_measure_itself(example: Resampler) -> None:
    for _, pool, keys in example.pools:
        part, whole = pool.counts @ pool.part, pool.counts @ pool.whole
        for (domain, name), value in zip(keys, pool.factor * part / whole, strict=True):
            assert value == pytest.approx(example.point[domain][name].value, abs=1e-4), (domain, name)
    shares = np.zeros(len(example.means))
    for group in example.published:
        shares[list(group.items)] = group.shares
    for number, (domain, name) in enumerate(example.mean_of):
        value = 100 * shares[example.means[:, number] > 0].mean()
        assert value == pytest.approx(example.point[domain][name].value, abs=1e-4), (domain, name)
    assert {name for _, name in example.drawn} == {
        "strengths_share",
        "serious_weakness_share",
        "survey_positive",
    }


def test_draws_scatter_round_the_measure(example: Resampler) -> None:
    found = drawn(example, 4_000)
    for domain, name in example.drawn:
        values, point = found[(domain, name)], example.point[domain][name].value
        assert point is not None
        # A share is a ratio of two things drawn; its bias is of the order of one in the number of items.
        assert abs(values.mean() - point) <= 0.15 * values.std() + 5 * values.std() / np.sqrt(4_000)


@pytest.mark.parametrize("chunk", [1, 7, 100, 10**6])
def test_draws_do_not_depend_on_the_chunk(example: Resampler, chunk: int) -> None:
    whole, parts = drawn(example, 137, chunk=2_000), drawn(example, 137, chunk=chunk)
    assert all(np.array_equal(whole[key], parts[key], equal_nan=True) for key in whole)


def test_draws_of_many_different_people_do_not_depend_on_the_chunk(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    given = {f"Q{n}": "".join(rng.choice(["y", "n", "-"], size=150)) for n in range(8)}
    review = new_review(db, "r1", "wales-round-2", *answers("S1", **given))
    found = resampler_of(db, review, SURVEY_MEAN)
    assert len(found.people[0][0].counts) > 64
    whole = drawn(found, 211)[("carers", "m")]
    monkeypatch.setattr("evidence.measures.draws.CELLS", 1_000)
    assert np.array_equal(whole, drawn(found, 211, chunk=10)[("carers", "m")])
    assert abs(whole.mean() - (found.point["carers"]["m"].value or 0)) < 1


def test_the_seed_decides(example: Resampler) -> None:
    one, same, other = (drawn(example, 200, seed=seed) for seed in (1, 1, 2))
    key = ("carers", "strengths_share")
    assert np.array_equal(one[key], same[key]) and not np.array_equal(one[key], other[key])


def test_evidence_in_one_domain_leaves_the_draws_of_others_alone(db: Database) -> None:
    rows = [finding("I1", "strength" if n < 4 else "weakness") for n in range(9)]
    rows += [finding("I1", "strength", domains="assessment"), finding("I1", "weakness", domains="assessment")]
    review = new_review(db, "r1", "wales-round-2", *rows)
    before = drawn(resampler_of(db, review, STRENGTHS), 300)
    add(db, review, finding("I1", "weakness", domains="assessment"))
    after = drawn(resampler_of(db, review, STRENGTHS), 300)
    assert np.array_equal(before[("carers", "m")], after[("carers", "m")])
    assert not np.array_equal(before[("assessment", "m")], after[("assessment", "m")])


def test_what_came_later_is_not_drawn(db: Database) -> None:
    rows = [finding("I1", "strength" if n < 4 else "weakness") for n in range(9)]
    review = new_review(db, "r1", "wales-round-2", *rows)
    event, before = last_event(db), drawn(resampler_of(db, review, STRENGTHS), 300)
    add(db, review, finding("I1"))
    withdraw_item(db, review, item_at(db, review, rows[0]), by="lead", because="Wrong.", at=NOW)
    after = drawn(resampler_of(db, review, STRENGTHS, event=event), 300)
    assert np.array_equal(before[("carers", "m")], after[("carers", "m")])


def test_more_of_everything_is_drawn_as_if_it_were_there(db: Database) -> None:
    refs = [f"F{n}" for n in range(5)]
    rows = [score(ref, 4 if n < 3 else 2, domains="carers") for n, ref in enumerate(refs)]
    rows += [finding("I1", "strength" if n < 3 else "weakness") for n in range(5)]
    rows += [survey("S1", "Satisfied", 60, 5)]
    review = new_review(db, "r1", "wales-round-2", *files(*refs), *rows)
    wanted = [replace_id(one, name) for name, one in (("c", CASES_MET), ("f", STRENGTHS), ("s", SURVEY_MEAN))]
    more = More(case_files=15, responses=15, findings={"carers": 15})
    found = drawn(resampler_of(db, review, *wanted), N, more=more)
    for name in "cfs":
        assert near(shares_of(found[("carers", name)], 20), binom.pmf(np.arange(21), 20, 0.6), N), name


def replace_id(one: Measure, name: str) -> Measure:
    return one.model_copy(update={"id": name})


@pytest.mark.parametrize("base", [1, 7, 10_000, 10**6])
def test_quantiles_are_those_of_the_binomial(base: int) -> None:
    chance = np.random.default_rng(3).random(500)
    found = binomial_quantiles(chance, base, 0.37)
    assert np.allclose(found, 100 * binom.ppf(chance, base, 0.37) / base)


def test_a_huge_base_hardly_varies() -> None:
    found = binomial_quantiles(np.array([1e-9, 0.5, 1 - 1e-9]), 1e12, 0.37)
    assert np.allclose(found, 37, atol=1e-3) and found[1] == pytest.approx(37)
