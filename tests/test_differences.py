"""Two versions of a report word by word: what rejecting and accepting every change gives."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from report.differences import (
    Change,
    Compared,
    Piece,
    Worded,
    accepting,
    changed_only,
    compare_paragraphs,
    compare_words,
    rejecting,
)

WORDS = st.lists(
    st.sampled_from(["carers", "wait", "for", "an", "assessment,", "assessment.", " ", "  ", "\n", "ŵy"])
)
TEXTS = st.one_of(WORDS.map(" ".join), st.text("ab,.”ŵ \n\u00a0\u2009", max_size=40))
VERSIONS = st.lists(st.integers(1, 8), unique=True, max_size=8).flatmap(
    lambda numbers: st.tuples(
        *(TEXTS.map(lambda text, n=number: Worded(f"p{n}", text)) for number in numbers)
    )
)


def shown(pieces: tuple[Piece, ...]) -> str:
    """Pieces as people read them: [-removed-] and {+added+}."""
    marks = {Change.KEPT: ("", ""), Change.REMOVED: ("[-", "-]"), Change.ADDED: ("{+", "+}")}
    return "".join(marks[piece.change][0] + piece.text + marks[piece.change][1] for piece in pieces)


@settings(max_examples=50)
@given(VERSIONS, VERSIONS)
def test_rejecting_all_gives_the_first_version_and_accepting_all_the_second(
    before: tuple[Worded, ...], after: tuple[Worded, ...]
) -> None:
    compared = compare_paragraphs(before, after)
    assert rejecting(compared) == before
    assert accepting(compared) == after


@given(TEXTS, TEXTS)
def test_words_of_a_paragraph_are_all_there_and_no_piece_is_empty(before: str, after: str) -> None:
    pieces = compare_words(before, after)
    assert "".join(piece.text for piece in pieces if piece.change != Change.ADDED) == before
    assert "".join(piece.text for piece in pieces if piece.change != Change.REMOVED) == after
    assert all(piece.text for piece in pieces)
    assert all(one.change != other.change for one, other in pairwise(pieces))


@given(VERSIONS)
def test_a_version_beside_itself_has_no_change(version: tuple[Worded, ...]) -> None:
    assert changed_only(compare_paragraphs(version, version)) == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("Carers wait too long.", "Some carers wait too long.", "[-Carers-]{+Some carers+} wait too long."),
        ("Half wait, we found.", "Half wait; we found.", "Half wait[-,-]{+;+} we found."),
        ("Carers waited in May.", "Carers waited since June.", "Carers waited [-in May-]{+since June+}."),
        ("62.4 % were seen", "62.9 % were seen", "[-62.4-]{+62.9+} % were seen"),
        ("Nothing.", "", "[-Nothing.-]"),
        ("", "", ""),
    ],
)
def test_what_was_replaced_is_marked_as_people_would(before: str, after: str, expected: str) -> None:
    assert shown(compare_words(before, after)) == expected


def test_a_paragraph_put_elsewhere_is_removed_here_and_added_there_and_says_so() -> None:
    first, second, third = (Worded(f"p{n}", f"Paragraph {n}.") for n in (1, 2, 3))
    compared = compare_paragraphs([first, second, third], [second, third, first])
    assert compared == (
        Compared("p1", Change.REMOVED, (Piece(Change.REMOVED, "Paragraph 1."),), moved=True),
        Compared("p2", Change.KEPT, (Piece(Change.KEPT, "Paragraph 2."),)),
        Compared("p3", Change.KEPT, (Piece(Change.KEPT, "Paragraph 3."),)),
        Compared("p1", Change.ADDED, (Piece(Change.ADDED, "Paragraph 1."),), moved=True),
    )


def test_a_paragraph_is_never_taken_for_one_with_another_number() -> None:
    compared = compare_paragraphs([Worded("p1", "Carers wait.")], [Worded("p2", "Carers wait.")])
    assert [(one.number, one.change, one.moved) for one in compared] == [
        ("p1", Change.REMOVED, False),
        ("p2", Change.ADDED, False),
    ]


def test_a_number_that_appears_twice_is_refused() -> None:
    twice = [Worded("p1", "One."), Worded("p1", "Two.")]
    with pytest.raises(ValueError, match="p1 appears twice"):
        compare_paragraphs(twice, [])


def test_a_paragraph_as_long_as_a_book_takes_no_long_time() -> None:
    before, after = "a b " * 20_000, "b c " * 20_000
    started = time.process_time()
    pieces = compare_words(f"Same {before}end.", f"Same {after}end.")
    assert time.process_time() - started < 2
    assert pieces[0].text.startswith("Same") and pieces[-1].text.endswith("end.")
    assert Compared("p1", Change.CHANGED, pieces)
