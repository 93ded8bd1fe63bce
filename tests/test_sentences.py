"""A page shows its paragraphs and sentences whole, whatever lines a printer made of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.sentences import LONGEST_AT_ONCE, LONGEST_SENTENCE, paragraphs_of


def read(text: str) -> list[list[str]]:
    """The sentences of every paragraph, each on one line."""
    found = paragraphs_of(text)
    return [[" ".join(text[start:end].split()) for start, end in one.sentences] for one in found]


MANAGER = "1. The on-call manager, who was new to\nthe service, did not record the plans\nfor actions taken."


@pytest.mark.parametrize("times", [1, 40])
def test_a_sentence_over_several_lines_is_whole_on_a_full_page_as_on_a_short_one(times: int) -> None:
    page = "\n".join([MANAGER, "Carers were asked. Staff know whom to call", "when plans change."] * times)
    sentences = [sentence for paragraph in read(page) for sentence in paragraph]
    assert (
        sentences
        == [
            "1. The on-call manager, who was new to the service, did not record the plans for actions taken.",
            "Carers were asked.",
            "Staff know whom to call when plans change.",
        ]
        * times
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "1. Plans were late.",
        "12) Plans were late.",
        "Plans, e.g. Those of carers, i.e. Families, were late.",
        "See No. 4 and para. 3.2 of vol. 2, p. 12.",
        "Dr. Jones, Mrs. Davies and Cllr. Rees agreed.",
        "Mae gwasanaethau, e.e. Gofal plant, h.y. Gofalwyr, yn hwyr.",
        "Gw. t. 12 a thud. 3, Rhif. 4.",
        "The cost was £3.5m, approx. 4.2 % of the total.",
        "They come to the U.K. Government at 5 p.m. each day.",
    ],
)
def test_abbreviations_and_numbers_end_no_sentence(sentence: str) -> None:
    assert read(f"Before it. {sentence} After it.") == [["Before it.", sentence, "After it."]]
    assert read(f"{sentence}\n\nNext.") == [[sentence], ["Next."]]


def test_what_ends_a_sentence_ends_it() -> None:
    assert read("Was it done? No. It was late! “So be it.” (See below.)")[0][:3] == [
        "Was it done?",
        "No.",
        "It was late!",
    ]
    assert read("تأخرت الخدمة. هل هذا صحيح؟ نعم") == [["تأخرت الخدمة.", "هل هذا صحيح؟", "نعم"]]


def test_paragraphs_without_empty_lines_are_told_by_the_room_that_their_last_lines_leave() -> None:
    page = (
        "Leadership\n"
        "The council has set out a plan for the next three years, and has told its\n"
        "staff of it.\n"
        "Carers are asked what they need, and most of them say that somebody does\n"
        "listen. Plans are clear.\n"
    )
    assert read(page) == [
        ["Leadership"],
        ["The council has set out a plan for the next three years, and has told its staff of it."],
        [
            "Carers are asked what they need, and most of them say that somebody does listen.",
            "Plans are clear.",
        ],
    ]


def test_items_of_lists_and_rows_of_tables_are_paragraphs_of_their_own() -> None:
    assert read("What works:\n• staff are kind\n• plans are clear and\n  shared\n") == [
        ["What works:"],
        ["• staff are kind"],
        ["• plans are clear and shared"],
    ]
    assert read("3.1 Plans are late.\n3.2 Staff are kind.\n3.3 It\ngoes on.") == [
        ["3.1 Plans are late."],
        ["3.2 Staff are kind."],
        ["3.3 It goes on."],
    ]
    assert read("Team\tCases\nNorth\t12\n") == [["Team Cases"], ["North 12"]]


def test_a_number_at_the_beginning_of_a_line_is_no_item_within_a_sentence() -> None:
    page = "The panel has looked at all of the cases that came in, in which\n3. Of these were late."
    assert len(read(page)) == 1


@given(st.text(alphabet='ab AB.\n\t-1•"”?؟', max_size=300))
def test_the_sentences_cover_every_paragraph_and_the_paragraphs_all_words(text: str) -> None:
    passages = paragraphs_of(text)
    shown = "".join(text[one.start : one.end] for one in passages)
    assert "".join(shown.split()) == "".join(text.split())
    for one in passages:
        assert [one.start, one.end] == [one.sentences[0][0], one.sentences[-1][1]]
        assert all(before[1] == after[0] for before, after in pairwise(one.sentences))
        assert all(text[start:end].strip() for start, end in one.sentences)
        assert not any(text[start].isspace() for start, _ in one.sentences)
    assert all(before.end <= after.start for before, after in pairwise(passages))


def test_what_has_no_end_is_divided_at_its_lines() -> None:
    lines = "carers and parents and staff of the team\n" * 300
    spans = [span for one in paragraphs_of(lines) for span in one.sentences]
    assert max(end - start for start, end in spans) <= LONGEST_SENTENCE
    assert all(one.end - one.start <= LONGEST_AT_ONCE for one in paragraphs_of("ab " * 10_000))
