"""Single answers: respondents written without their zeros, and questions where agreeing is bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from assessment_example import add, assess_plainly, new_review
from command_line import Say
from example_framework import Desk, answer, write_csv
from reading import served

from assessment.runs.verify import verify_run
from comparison.surveys import compare_surveys
from evidence.measures.pools import Pools
from programme.database import Database, one
from rules.loader import load_policy
from rules.rulebook import Of


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.load_sources()
    return desk


def age(respondent: str, category: str = "old") -> dict[str, Any]:
    return {"source": "S1", "respondent": respondent, "characteristic": "age", "category": category}


# --- respondents without their zeros -------------------------------------------------------------------


def test_answers_saved_again_without_zeros_do_not_count_twice(desk: Desk) -> None:
    desk.load_rows("survey-responses", *(answer(f"{n:04}", 5) for n in range(1, 21)))
    [problem] = desk.problems_of_rows("survey-responses", *(answer(str(n), 5) for n in range(1, 21)))
    assert "respondent '1' of 'S1' is '0001' in what is stored, and 19 more likewise" in problem
    assert "They would count twice" in problem
    assert desk.survey_results("answers") == [("Adults", 20)]


def test_nor_do_they_within_one_file(desk: Desk) -> None:
    [problem] = desk.problems_of_rows("survey-responses", answer("007", 5), answer("7", 5))
    assert "respondent '7' of 'S1' is '007' in survey-responses.csv, row 2" in problem


def test_numbers_that_differ_in_more_than_zeros_are_different_people(desk: Desk) -> None:
    given = ("1", "10", "100", "A1", "A01", "20")
    desk.load_rows("survey-responses", *(answer(number, 5) for number in given))
    assert desk.survey_results("answers") == [("Adults", 6)]


@pytest.mark.parametrize("before", [True, False])
def test_a_respondent_without_zeros_is_told_who_was_meant(desk: Desk, before: bool) -> None:
    answers = [answer(f"{n:04}", 5) for n in range(1, 4)]
    if before:
        desk.load_rows("survey-responses", *answers)
        [problem] = desk.problems_of_rows("respondents", age("1"))
    else:
        files = [
            write_csv(desk.folder / f"{name}.csv", rows)
            for name, rows in (("survey-responses", answers), ("respondents", [age("1")]))
        ]
        [problem] = desk.problems(*files)
    assert "there are no answers of a respondent '1' to 'S1'. Did you mean '0001'?" in problem


# --- questions where agreeing is bad -------------------------------------------------------------------

WAITED = {"question": "I had to wait", "better": "lower"}


def test_where_agreeing_is_bad_the_share_is_of_those_who_disagree(desk: Desk) -> None:
    given = (5, 4, 3, 2, 1, 1, "Don't know")
    desk.load_rows("survey-responses", *(answer(n, said, **WAITED) for n, said in enumerate(given)))
    assert desk.survey_results("value", "base", "better", "reversed") == [("Adults", 50.0, 6.0, "higher", 1)]
    assert desk.rows("select question from reversed_question") == [{"question": "I had to wait"}]
    kept = desk.rows("select answer from survey_response where respondent = '0'")
    assert kept == [{"answer": 5}], "what was answered is stored as it was answered"


def test_where_agreeing_may_be_bad_and_nothing_says_so_the_import_asks(desk: Desk) -> None:
    ignored = {"question": "I feel ignored"}
    [note] = desk.load_rows("survey-responses", answer("1", 5, **ignored), answer("1", 4)).notes
    assert "Agreeing is counted as good, as nothing was recorded about it: 'I feel ignored' (S1)." in note
    assert desk.load_rows("survey-responses", answer("2", 5, **ignored)).notes == []
    said = {"better": "higher", "question": "I was not rushed"}
    assert desk.load_rows("survey-responses", answer("1", 5, **said)).notes == []


def test_one_question_with_two_values_is_refused(desk: Desk) -> None:
    rows = (answer("1", 5, **WAITED), answer("2", 5, **{**WAITED, "better": "higher"}))
    found = desk.problems_of_rows("survey-responses", *rows)
    assert "column 'better': the question 'I had to wait' has 'higher' here and 'lower' in" in found[0]


def test_what_a_row_does_not_say_of_its_question_the_others_say(desk: Desk) -> None:
    desk.load_rows("survey-responses", answer("1", 5, **WAITED), answer("2", 1, question="I had to wait"))
    assert desk.survey_results("value") == [("Adults", 50.0)]
    desk.load_rows("survey-responses", answer("3", 1, question="I had to wait"))
    assert desk.survey_results("round(value, 3)", "reversed") == [("Adults", 66.667, 1)]


def test_another_direction_than_the_stored_one_is_asked_about_and_turns_all_its_groups(desk: Desk) -> None:
    plain = {"question": "I had to wait"}
    desk.load_rows("survey-responses", answer("1", 5, **plain), answer("2", 5, group="Carers", **plain))
    [problem] = desk.problems_of_rows("survey-responses", answer("3", 5, **WAITED))
    assert "'I had to wait' in 'S1' is stored with 'higher', not with 'lower'." in problem
    desk.load_rows("survey-responses", answer("3", 5, **WAITED), replace=True)
    assert desk.survey_results("value", "reversed") == [("Adults", 0.0, 1), ("Carers", 0.0, 1)]
    back = {**WAITED, "better": "higher"}
    desk.load_rows("survey-responses", answer("3", 5, **back), replace=True)
    assert desk.survey_results("value", "reversed") == [("Adults", 100.0, None), ("Carers", 100.0, None)]
    assert desk.rows("select count(*) as n from reversed_question where withdrawn_event is null") == [
        {"n": 0}
    ]


def rows_of(*given: Any, **more: Any) -> list[dict[str, Any]]:
    asked = {"source": "S0", "question": "I had to wait", "group": "Carers", "domains": "carers", **more}
    return [{**asked, "respondent": str(n), "answer": said} for n, said in enumerate(given)]


def test_runs_before_keep_their_result_and_drawing_turns_answers_as_measuring_does(db: Database) -> None:
    given = [5] * 12 + [1] * 8
    review = new_review(db, "r1", "wales-round-2", *rows_of(*given))
    run = assess_plainly(db, review)
    add(db, review, *rows_of(*given, better="lower"), replace=True)
    assert verify_run(db, review, run).same
    measures = [m for m in load_policy("wales-round-2").rulebook.measures if m.of is not Of.RATINGS]
    event = int(one(db, "select max(id) from event"))
    pools = Pools(db, review, measures, event)
    [(pool, _)] = pools.people({item: n for n, item in enumerate(pools.answered)})
    share = 100 * (pool.part * pool.counts[:, None]).sum() / (pool.whole * pool.counts[:, None]).sum()
    assert share == pytest.approx(40)
    [result] = compare_surveys(db, review, named=None).results
    assert (result.share, result.reversed) == (pytest.approx(40), True)


def test_a_share_who_disagreed_is_compared_with_no_share_who_agreed(db: Database) -> None:
    new_review(db, "r1", "wales-round-2", *rows_of(*[5] * 20))
    second = new_review(db, "r2", "wales-round-2", *rows_of(*[5] * 20, better="lower"))
    [result] = compare_surveys(db, second, named=None).results
    assert result.comparison is not None
    assert (result.share, result.comparison.of) == (0, "nothing")


async def test_commands_and_pages_show_it_and_what_was_said_instead(
    db: Database, say: Say, tmp_path: Path
) -> None:
    new_review(db, "r1", "wales-round-2", *rows_of(5, 1, "Don't know", better="lower"))
    [result] = json.loads(say("surveys", "r1", "--json", "--db", tmp_path / "programme.db").out)["results"]
    assert (result["reversed"], result["not_answered"]) == (True, {"Don't know": 1})
    assert "agreeing is" in say("surveys", "r1", "--db", tmp_path / "programme.db").out
    async with served(tmp_path / "programme.db") as site:
        for page in ("surveys", "items/1"):
            assert "agreeing is bad: share who disagreed" in await site.page(f"/reviews/r1/{page}")
        assert "1 answer not given (1 Don&#39;t know)" in await site.page("/reviews/r1/surveys")
