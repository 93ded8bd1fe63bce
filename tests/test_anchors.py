"""Anchors: where quotes stand in stored texts, in every script, and what is said when they do not."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.anchors import (
    AROUND,
    Anchor,
    QuoteUnclear,
    Standing,
    anchor_at,
    anchor_of,
    as_annotation,
    find_quote,
    places_of,
    texts_of,
    the_place,
)
from evidence.files.texts import GivenFile
from evidence.findings import Passage, Said, change_finding, place_quote, record_finding
from evidence.intake.importing import import_row
from evidence.items import find_item
from evidence.sources import SourceDetails, add_sources
from programme.database import Database, one
from programme.reviews import Review, create_review, find_review
from rules.errors import EvidenceInvalid, ImportRefused

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEXT = "Mae'r tŷ ar y dŵr.\n\n𝒜 child 🦉 was seen. The child was heard.\n\nقالت الأسرة إن الخدمة تأخرت."
SAID = Said(finding="Found.", direction="weakness", significance="2", domains=("carers",))

Connect = Callable[[Path], Database]


@pytest.fixture
def north(tmp_path: Path, connect: Connect) -> tuple[Database, Review]:
    db = connect(tmp_path / "programme.db")
    window = {"window_from": date(2025, 1, 1), "window_to": None}
    create_review(db, "north", "North", "wales-round-2", **window, by="lead-1", at=AT)  # type: ignore[arg-type]
    review = find_review(db, "north")
    given = [GivenFile("plan.txt", f"{TEXT}\fSecond page. The child was heard.".encode())]
    add_sources(db, review, given, SourceDetails(), by="lead-1", at=AT)
    return db, review


# Finding words


def test_positions_count_code_points_and_letters_beyond_the_first_plane_are_one_each() -> None:
    (found,) = find_quote([(1, TEXT)], "child 🦉 was")
    # Welsh: 18 letters and 2 line ends; then the script A, one code point (two units in JavaScript), a blank.
    assert (found.start, found.end) == (22, 33)
    assert found.prefix == "Mae'r tŷ ar y dŵr.\n\n𝒜 "
    assert found.suffix == " seen. The child was heard.\n\nقال"
    assert len(found.suffix) == AROUND


def test_words_typed_with_marks_apart_are_found_in_the_text_that_keeps_them_together() -> None:
    apart = unicodedata.normalize("NFD", "tŷ ar y dŵr")
    assert apart != "tŷ ar y dŵr"
    (found,) = find_quote([(1, TEXT)], apart)
    assert found.exact == "tŷ ar y dŵr"


def test_a_letter_without_its_accent_is_another_letter() -> None:
    assert find_quote([(1, TEXT)], "ty ar y dwr") == []


def test_words_pasted_with_other_line_ends_are_found_as_they_stand() -> None:
    (found,) = find_quote([(1, TEXT)], "dŵr. 𝒜 child")
    assert found.exact == "dŵr.\n\n𝒜 child"


@pytest.mark.parametrize("quote", ["", "  \n", "was  unseen", "CHILD", "a.child"])
def test_what_does_not_stand_there_is_not_found(quote: str) -> None:
    assert find_quote([(1, TEXT)], quote) == []


def test_words_that_overlap_themselves_are_found_every_time() -> None:
    assert [a.start for a in find_quote([(1, "anana")], "ana")] == [0, 2]
    assert [a.start for a in find_quote([(1, "a a a")], "a a")] == [0, 2]


def test_of_several_places_somebody_must_say_which() -> None:
    pages = [(1, TEXT), (2, "The child was heard.")]
    with pytest.raises(QuoteUnclear) as unclear:
        the_place([(1, "no no"), (2, "no")], "no", page=1)
    assert [(a.page, a.start) for a in unclear.value.places] == [(1, 0), (1, 3), (2, 0)]
    # One place on the page that is being read is the one that is meant.
    assert the_place(pages, "The child was heard.", page=2).start == 0
    with pytest.raises(EvidenceInvalid, match="are not in the stored text"):
        the_place(pages, "The child was heard.", page=2, start=1)


@given(st.text(alphabet="ab ŵ🦉א\n", min_size=1, max_size=40), st.data())
def test_every_stretch_of_a_text_is_found_again_where_it_was_taken(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    if not text[start:end].strip():
        with pytest.raises(EvidenceInvalid, match="only blanks"):
            anchor_at(1, text, start, end)
        return
    anchor = anchor_at(1, text, start, end)
    assert anchor.holds(text)
    assert anchor.exact == text[start:end].strip()
    assert text.startswith(anchor.prefix + anchor.exact + anchor.suffix, anchor.start - len(anchor.prefix))
    assert anchor in find_quote([(1, text)], anchor.exact, most=100)
    assert the_place([(1, text)], anchor.exact, 1, anchor.start) == anchor


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (5, 2), (0, 10_000)])
def test_a_stretch_outside_of_the_page_is_refused(start: int, end: int) -> None:
    with pytest.raises(EvidenceInvalid, match="page 1 has no characters"):
        anchor_at(1, TEXT, start, end)


# Anchors that are stored


def standing(db: Database, number: int) -> Standing:
    (source,) = db.conn.execute("select source_id from evidence where id = ?", [number]).fetchone()
    return places_of(db, source, texts_of(db, source))[number].standing


def test_a_recorded_quote_keeps_its_place_through_a_change(north: tuple[Database, Review]) -> None:
    db, review = north
    number = record_finding(db, review, "D-001", Passage("تأخرت"), SAID, by="reviewer-1", at=AT)
    assert standing(db, number) is Standing.PLACED
    other = Said(finding="Late.", direction="weakness", significance="3", domains=("carers",))
    new = change_finding(db, review, number, other, by="reviewer-1", at=AT)
    assert new != number
    assert anchor_of(db, new) == anchor_of(db, number)
    assert standing(db, new) is Standing.PLACED


def test_a_finding_in_a_transcript_has_the_time_in_its_locator(north: tuple[Database, Review]) -> None:
    db, review = north
    first = "00:01.000 --> 00:02.000\n<v Chair>Who asked?</v>"
    call = f"WEBVTT\n\n{first}\n\n01:05.000 --> 01:06.000\n<v Manager>Nobody.</v>"
    add_sources(db, review, [GivenFile("call.vtt", call.encode())], SourceDetails("C-1"), by="lead", at=AT)
    places = {}
    for words in ("Who asked?", "Nobody."):
        number = record_finding(db, review, "C-1", Passage(words), SAID, by="reviewer-1", at=AT)
        places[words] = find_item(db, review, number)["locator"]
    assert places == {
        "Who asked?": "page 1, 00:00:01, characters 19 to 28",
        "Nobody.": "page 1, 00:01:05, characters 51 to 57",
    }


def test_an_anchor_that_no_longer_matches_is_lost_and_never_moved(north: tuple[Database, Review]) -> None:
    db, review = north
    passage = Passage("The child was heard.", page=1)
    number = record_finding(db, review, "D-001", passage, SAID, by="reviewer-1", at=AT)
    db.conn.execute("drop trigger anchor_never_update")
    # The same words stand on page 2 as well, and close by: neither is taken for the lost one.
    db.conn.execute("update anchor set starts = starts + 1, ends = ends + 1")
    assert standing(db, number) is Standing.LOST
    db.conn.execute("update anchor set page = 7")
    assert standing(db, number) is Standing.LOST


def test_a_stored_anchor_is_never_changed_or_taken_away(north: tuple[Database, Review]) -> None:
    db, review = north
    record_finding(db, review, "D-001", Passage("was seen"), SAID, by="reviewer-1", at=AT)
    for change in ("update anchor set starts = 0", "delete from anchor"):
        with pytest.raises(Exception, match="rows of anchor are never changed"):
            db.conn.execute(change)


def test_quotes_from_files_stand_where_they_are_found_once(north: tuple[Database, Review]) -> None:
    db, review = north
    row = {"source": "D-001", "finding": "F", "direction": "neutral", "significance": "1"}
    numbers = []
    for n, quote in enumerate(["was seen", "The child was heard.", ""]):
        _, number = import_row(
            db, review, "findings", {**row, "locator": f"p{n}", "quote": quote}, by="lead-1", at=AT
        )
        assert number
        numbers.append(number)
    assert [standing(db, n) for n in numbers] == [Standing.PLACED, Standing.SEVERAL, Standing.NONE]
    twice = numbers[1]
    with pytest.raises(EvidenceInvalid, match="are not there"):
        place_quote(db, review, twice, 2, 0, by="reviewer-1", at=AT)
    anchor = place_quote(db, review, twice, 2, 13, by="reviewer-1", at=AT)
    assert (anchor.page, anchor.exact) == (2, "The child was heard.")
    assert standing(db, twice) is Standing.PLACED
    with pytest.raises(EvidenceInvalid, match="is known already"):
        place_quote(db, review, twice, 1, 0, by="reviewer-1", at=AT)


def test_what_is_wrong_with_a_finding_is_said_by_field(north: tuple[Database, Review]) -> None:
    db, review = north
    wrong = Said(finding="", direction="up", significance="", domains=("carrers",))
    with pytest.raises(ImportRefused) as refused:
        record_finding(db, review, "D-001", Passage("was seen"), wrong, by="reviewer-1", at=AT)
    assert sorted(problem.where for problem in refused.value.problems) == [
        "direction",
        "domains",
        "significance",
    ]
    assert one(db, "select count(*) from evidence") == 0


# As a Web Annotation


def test_an_item_is_given_as_a_web_annotation_with_both_selectors() -> None:
    anchor = Anchor(2, 22, 33, "child 🦉 was", "𝒜 ", " seen")
    item = {"id": 7, "text": "Seen.", "recorded_by": "reviewer-1", "recorded_on": "2026-03-02"}
    found = as_annotation(item, anchor, ["carers"], "../sources/D-001?page=2")
    assert found["@context"] == "http://www.w3.org/ns/anno.jsonld"
    assert found["type"] == "Annotation"
    assert found["target"] == {
        "source": "../sources/D-001?page=2",
        "selector": [
            {"type": "TextQuoteSelector", "exact": "child 🦉 was", "prefix": "𝒜 ", "suffix": " seen"},
            {"type": "TextPositionSelector", "start": 22, "end": 33},
        ],
    }
    assert [body["value"] for body in found["body"]] == ["Seen.", "carers"]
