"""What people say in surveys: the usual words as levels, what is said instead of an answer, no guesses."""

from __future__ import annotations

from typing import Any

import pytest
from example_framework import Desk, answer
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from evidence.scales import CODES, LEVELS, SAID_INSTEAD, SCALES, is_said_instead, level_of, read_answer


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("Strongly agree", 5),
        ("Tend to agree", 4),
        ("Neither agree nor disagree", 3),
        ("Neutral", 3),
        ("tend to DISAGREE", 2),
        ("Strongly  disagree.", 1),
        ("5 - Strongly agree", 5),
        ("5. Strongly agree", 5),
        ("Strongly agree (5)", 5),
        ("1 = strongly disagree", 1),
        ("4.0", 4),
        ("Cytuno'n gryf", 5),
        ("Cytuno\u2019n gryf", 5),
        ("Ddim yn cytuno nac yn anghytuno", 3),
        ("Anghytuno", 2),
        ("Very satisfied", 5),
        ("Fairly dissatisfied", 2),
        ("Bodlon iawn", 5),
        ("Always", 5),
        ("Sometimes", 3),
        ("Byth", 1),
    ],
)
def test_the_usual_words_are_levels_in_english_and_welsh(said: str, level: int) -> None:
    assert read_answer(said) == level


@pytest.mark.parametrize(
    "said",
    [
        *("Don't know", "Don\u2019t know", "Prefer not to say", "N/A", "NA", "-99", "-9", "\u22129", "-99.0"),
        *("Ddim yn gwybod", "Gwell gen i beidio \u00e2 dweud", "Not applicable", "6 - Don't know"),
        *("-8 Don't know", "Don't know (99)", "refused"),
    ],
)
def test_what_is_said_instead_of_an_answer_is_kept_as_it_was_said(said: str) -> None:
    assert read_answer(f" {said} ") == said


def test_nothing_is_nothing() -> None:
    assert read_answer(" ") is None


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("7", "other steps are not converted"),
        ("0", "other steps are not converted"),
        ("10", "other steps are not converted"),
        ("99", "other steps are not converted"),
        ("-1", "other steps are not converted"),
        ("8/10", "other steps are not converted"),
        ("4.5", "other steps are not converted"),
        ("Good", "other steps are not converted"),
        ("Extremely satisfied", "other steps are not converted"),
        ("Yes", "other steps are not converted"),
        ("Na", "other steps are not converted"),  # Welsh for no, not what is said instead of an answer
        ("Not sure", "the middle of some scales and no answer on others"),
        ("1 - Strongly agree", "say different things"),
        ("3 - Don't know", "say different things"),
        ("Strongly agre", "Did you mean 'strongly agree'"),
    ],
)
def test_what_could_be_another_level_is_refused_and_never_guessed(said: str, advice: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        read_answer(said)
    assert advice in str((caught.value.context or {})["hint"])


def test_no_word_is_a_level_of_two_scales_nor_both_a_level_and_no_answer() -> None:
    words = [word for scale in SCALES.values() for level in scale for word in level]
    assert len(words) == len(set(words)) == len(LEVELS)
    assert not set(words) & SAID_INSTEAD
    assert all(level_of(word) == LEVELS[word] and read_answer(word) == LEVELS[word] for word in words)
    assert all(is_said_instead(word) for word in SAID_INSTEAD)
    assert not {str(code) for code in CODES} & {str(number) for number in range(-5, 101)}


@given(st.text(max_size=60))
def test_whatever_is_said_it_is_a_level_or_kept_as_it_is_or_refused(text: str) -> None:
    try:
        found = read_answer(text)
    except PydanticCustomError as error:
        assert (error.context or {})["expected"] and str((error.context or {})["hint"])
    else:
        assert found in (None, 1, 2, 3, 4, 5) or found == text.strip()


@given(
    st.sampled_from(sorted(LEVELS)),
    st.sampled_from([" - ", ": ", ". ", " = ", " ", " \u2013 "]),
    st.integers(-999, 999),
)
def test_a_number_beside_a_word_is_taken_only_if_it_says_the_same(
    word: str, between: str, number: int
) -> None:
    for text in (f"{number}{between}{word}", f"{word.title()} ({number})"):
        if number == LEVELS[word]:
            assert read_answer(text) == number
        else:
            with pytest.raises(PydanticCustomError):
                read_answer(text)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A review with a survey and nothing of it yet."""
    desk.load_sources()
    return desk


# --- in an import --------------------------------------------------------------------------------------


def responses(*said: Any, **more: Any) -> list[dict[str, Any]]:
    return [answer(number, words, **more) for number, words in enumerate(said, 1)]


def test_who_said_that_they_do_not_know_is_no_part_of_the_base(desk: Desk) -> None:
    said = ("Strongly agree", "Agree", "Disagree", "Don't know", "Don't know", "-99", "")
    report = desk.load_rows("survey-responses", *responses(*said))
    assert desk.survey_results("round(value, 4)", "base", "answers") == [("Adults", 66.6667, 3, 3)]
    assert report.not_answered == {"Don't know": 2, "-99": 1}
    kept = desk.rows("select respondent, answer, said from survey_response where said is not null order by 1")
    assert [tuple(row.values()) for row in kept] == [
        ("4", None, "Don't know"),
        ("5", None, "Don't know"),
        ("6", None, "-99"),
    ]
    assert desk.load_rows("survey-responses", *responses(*said)).not_answered == {}


def test_don_t_know_is_an_answer_like_an_empty_cell_and_unlike_a_level(desk: Desk) -> None:
    desk.load_rows("survey-responses", *responses(5, ""))
    again = desk.load_rows("survey-responses", *responses(5, "Don't know"))
    assert (again.added["responses"], again.already_there) == (0, 2)
    [problem] = desk.problems_of_rows("survey-responses", *responses("Don't know"))
    assert "answers 'I was heard' differently" in problem
