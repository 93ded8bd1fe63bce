"""The text of a paragraph: its marks, its emphasis and lists, whatever people write."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from report.markdown import BEGINS, ENDS, parts_of, refused_in
from report.marks import Mark, Support, filled_support, marks_in, supports_in, supports_named, without_marks
from report.model import Run

WORDS = st.text(st.sampled_from("abcŵŷ é,;:’"), min_size=1, max_size=30)
ANY = st.text(st.characters(exclude_categories=("Cs",)), max_size=80)
WRITTEN = st.lists(
    st.sampled_from(["[E1]", "[S1:p.3]", "{rating:carers}", "{cell}", "*", "**", "[", "]", "{", "}", "\\"])
    | WORDS
    | st.sampled_from(["\n", "- ", "1. ", " "]),
    max_size=20,
).map("".join)


def shown(mark: Mark) -> Run:
    return Run(text=f"<{mark.name}>", style="number" if mark.is_filled else "support")


@pytest.mark.parametrize(
    ("text", "supports"),
    [
        ("Seen [E12] and [E12].", [Support("item", "E12")]),
        ("In [D-014:p. 3], twice.", [Support("source", "D-014", "p. 3")]),
        ("See [R4] and [P1].", [Support("recommendation", "R4"), Support("recommendation", "P1")]),
        ("{carers.share} of {survey: Good? | Carers }", None),
        ("In [2004], [a b], \\[E1] and [E1](x).", []),
        ("{}", []),
    ],
)
def test_a_mark_is_told_by_its_form(text: str, supports: list[Support] | None) -> None:
    found = list(supports_in([text]))
    expected = [Support("measure", "carers.share"), Support("survey", "Good?|Carers")]
    assert found == (expected if supports is None else supports)


def test_supports_beside_a_text_are_listed_with_or_without_brackets() -> None:
    listed = "E12; [S1:p.3]\n{carers.share}; {rating:carers};"
    kinds = [(one.kind, one.target, one.note) for one in supports_named(listed)]
    assert kinds == [
        ("item", "E12", ""),
        ("source", "S1", "p.3"),
        ("measure", "carers.share", ""),
        ("rating", "carers", ""),
    ]


@given(
    kind=st.sampled_from(["rating", "measure", "survey", "cell"]),
    name=st.from_regex(r"[a-z]{1,9}", fullmatch=True),
)
def test_a_support_is_written_as_it_is_read(kind: str, name: str) -> None:
    written = {
        "rating": f"rating:{name}",
        "measure": f"{name}.x",
        "survey": f"survey:{name}|g",
        "cell": "cell",
    }
    support = filled_support(written[kind])
    assert supports_in([support.mark]) == (support,)


@given(text=WRITTEN | ANY)
def test_marks_never_overlap_and_nothing_else_is_lost_with_them(text: str) -> None:
    marks = marks_in(text)
    assert all(one.end <= other.start for one, other in pairwise(marks))
    kept, at = "", 0
    for mark in marks:
        kept, at = kept + text[at : mark.start], mark.end
    assert without_marks(text).replace(" ", "") == (kept + text[at:]).replace(" ", "")


@settings(deadline=None)  # the first one loads what reads Markdown
@given(text=WRITTEN)
def test_every_mark_is_shown_once_and_nothing_of_the_reading_is_left(text: str) -> None:
    parts = parts_of(text, shown)
    runs = [run for part in parts for item in part.items for run in item]
    said = "".join(run.text for run in runs)
    assert BEGINS not in said
    assert ENDS not in said
    filled = [run for run in runs if run.style in ("number", "support")]
    assert [run.text for run in filled] == [f"<{mark.name}>" for mark in marks_in(text)]


@settings(deadline=None)
@given(words=st.lists(WORDS, min_size=1, max_size=5))
def test_words_without_marks_stay_as_they_are(words: list[str]) -> None:
    text = "\n".join(word.strip() for word in words if word.strip())
    said = " ".join(run.text for part in parts_of(text, shown) for item in part.items for run in item)
    assert said.split() == text.split()


def test_emphasis_and_lists_are_read_and_a_backslash_makes_plain() -> None:
    [text, points] = parts_of("*So* it **is** [E1], 2\\*3.\n\n1. one\n2. {cell}", shown)
    assert [(run.text, run.style) for run in text.items[0]] == [
        ("So", "emphasis"),
        (" it ", "plain"),
        ("is", "strong"),
        (" ", "plain"),
        ("<E1>", "support"),
        (", 2*3.", "plain"),
    ]
    assert (points.is_list, points.ordered, len(points.items)) == (True, True, 2)


@pytest.mark.parametrize("text", ["# A", "a <b>", "[a](b)", "![a](b)", "```\na", f"a{BEGINS}"])
def test_what_is_not_read_is_named(text: str) -> None:
    [(line, what, hint)] = [found for found in refused_in(text) if found[1] != "a link"] or list(
        refused_in(text)
    )
    assert (line, bool(what), bool(hint)) == (1, True, True)


@pytest.mark.parametrize("text", ["a < b", "Nr. #3", "5 > 3", "a [b] (c)"])
def test_what_only_looks_like_it_is_not_refused(text: str) -> None:
    assert list(refused_in(text)) == []
