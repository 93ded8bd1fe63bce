"""Quotes and searches find words whatever a printer made of them, and never words that only look alike."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.anchors import QuoteUnclear, Standing, find_quote, place_of, the_place
from evidence.erasing import ask_to_erase, blank, clear
from evidence.files.formats.pages import tidy
from evidence.files.texts import GivenFile
from evidence.findings import Passage, Said, place_quote, record_finding
from evidence.intake.importing import import_files, import_row
from evidence.items import ItemFilter, find_item, list_items
from evidence.matching import BLANKS, Matcher, plainly, same_words
from evidence.search import SEARCHED, search_sources
from evidence.sources import SourceDetails, add_sources, find_page
from joint_review.opening import open_programme
from programme.database import Database, one, transaction
from programme.leftovers import path_of
from programme.reviews import Review, create_review, find_review
from rules.errors import ImportRefused

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PRINTED = (
    "Staff shared infor-\nmation with carers and safe‐\n  guarding leads. Self-\nassessment is done.\n"
    "An eﬀective oﬃcer gave the ﬁnal word – it’s “done”. Pre- and post-\nnatal care, 2007-\n2008,"
    " was re‑signed."
)

Connect = Callable[[Path], Database]


def found(quote: str, text: str = PRINTED) -> list[str]:
    return [text[start:end] for _, start, end in Matcher([(1, text)]).find(quote)]


@pytest.mark.parametrize(
    ("quote", "stands_as"),
    [
        ("information with carers", "infor-\nmation with carers"),
        ("infor- mation with", "infor-\nmation with"),
        ("infor-\nmation with", "infor-\nmation with"),
        ("infor\xadmation with", "infor-\nmation with"),
        ("safeguarding leads", "safe‐\n  guarding leads"),
        ("Self-assessment is", "Self-\nassessment is"),
        ("Self‑assessment is", "Self-\nassessment is"),
        (
            "information with carers and safeguarding leads. Self-assessment",
            PRINTED[13 : PRINTED.index(" is done")],
        ),
        ("effective officer gave the final", "eﬀective oﬃcer gave the ﬁnal"),
        ('it\'s "done".', "it’s “done”."),
        ("word - it’s", "word – it’s"),
        ("Pre- and post-natal", "Pre- and post-\nnatal"),
        ("2007-2008", "2007-\n2008"),
        ("re-signed", "re‑signed"),
        ("done.\t\n An", "done.\nAn"),
        ("Self-", "Self-"),
    ],
)
def test_words_are_found_however_they_were_printed_and_pasted(quote: str, stands_as: str) -> None:
    assert found(quote) == [stands_as]


@pytest.mark.parametrize(
    "quote",
    [
        *("resigned", "re signed", "20072008", "2007 2008", "post natal", "infor mation", "Infor-mation"),
        *("Postnatal", "information  with Carers", "an ef", "of", "icer", "ecti e", "Pre-and", "", " \n"),
    ],
)
def test_words_that_only_look_alike_are_not_found(quote: str) -> None:
    assert found(quote) == []


def test_a_word_that_has_its_hyphen_within_a_line_keeps_it() -> None:
    assert found("resign", "They re-sign each year.") == []
    assert found("re-sign", "They resign each year.") == []
    # At a line end nobody can tell: both may be meant.
    assert found("resign", "They re-\nsign.") == found("re-sign", "They re-\nsign.") == ["re-\nsign"]


def test_a_quote_with_line_ends_of_its_own_is_found_in_a_text_without_them() -> None:
    assert found("infor-\nmation", "The information is shared.") == ["information"]
    assert found("self-\nassessment", "The self-assessment is done.") == ["self-assessment"]
    assert found("self-\nassessment", "self-assessment, or selfassessment") == [
        "self-assessment",
        "selfassessment",
    ]


def test_both_spellings_at_two_places_are_asked_about() -> None:
    pages = [(1, "It’s late."), (2, "It's late.")]
    with pytest.raises(QuoteUnclear) as unclear:
        the_place(pages, "It's late.")
    assert [(at.page, at.exact) for at in unclear.value.places] == [(1, "It’s late."), (2, "It's late.")]
    assert the_place(pages, "It's late.", page=1).exact == "It’s late."


def test_the_words_of_an_anchor_are_those_of_the_text() -> None:
    [anchor] = find_quote([(3, PRINTED)], "safeguarding leads")
    assert (anchor.page, anchor.exact) == (3, "safe‐\n  guarding leads")
    assert anchor.holds(PRINTED)
    assert anchor.suffix.startswith(". Self-\nassess")
    assert same_words(anchor.exact, "safeguarding leads")
    assert not same_words(anchor.exact, "guarding leads")


def test_every_blank_there_is_is_compared_as_one() -> None:
    blanks = "".join(char for char in map(chr, range(0x110000)) if char.isspace())
    assert set(blanks) == {*BLANKS, " "}
    assert plainly("a".join(blanks)) == " a" * (len(blanks) - 1) + " "


# What a printer does to a text, and somebody who copies it, at random.

WORDS = st.lists(
    st.sampled_from(
        ["officer", "effective", "self-assessment", "it's", "tŷ", "the", "Pre- and", "stiff", "a"]
    ),
    min_size=2,
    max_size=14,
)


def printed(words: list[str], chance: random.Random) -> list[str]:
    """Each word as it may be printed; what they are joined with stays one blank or line end."""
    done = []
    for word in words:
        for plain, drawn in (("ffi", "ﬃ"), ("ff", "ﬀ"), ("'", "’")):
            word = word.replace(plain, drawn) if chance.random() < 0.5 else word
        if "-" in word and "- " not in word and chance.random() < 0.5:
            word = word.replace("-", "-\n")
        elif word.isalpha() and len(word) > 3 and chance.random() < 0.5:
            at = chance.randrange(1, len(word))
            word = word[:at] + chance.choice(["-\n", "‐\n ", "- \n"]) + word[at:]
        done.append(word)
    return done


@given(WORDS, st.randoms(use_true_random=False), st.data())
def test_a_quote_is_found_just_where_it_was_printed(
    words: list[str], chance: random.Random, data: st.DataObject
) -> None:
    drawn = printed(words, chance)
    gaps = [chance.choice([" ", "\n", "  ", " \n"]) for _ in drawn]
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    begins = sum(len(word) + len(gap) for word, gap in zip(drawn[:first], gaps, strict=False))
    quoted = "".join(word + gap for word, gap in zip(drawn[first : last + 1], gaps[first:], strict=False))
    quoted = quoted[: -len(gaps[last])]
    text = "".join(word + gap for word, gap in zip(drawn, gaps, strict=True))
    places = Matcher([(1, text)]).find(" ".join(words[first : last + 1]), most=100)
    assert (0, begins, begins + len(quoted)) in places
    # And every place that is found is one that reads so.
    assert {plainly(text[start:end]).replace("-", "") for _, start, end in places} == {
        " ".join(words[first : last + 1]).replace("-", "")
    }


# In a review: import, `evidence add`, the form of the page, and what is shown afterwards.


@pytest.fixture
def north(tmp_path: Path, connect: Connect) -> tuple[Database, Review]:
    db = connect(tmp_path / "programme.db")
    create_review(
        db,
        "north",
        "North",
        "wales-round-2",
        window_from=date(2025, 1, 1),
        window_to=None,
        by="lead-1",
        at=AT,
    )
    review = find_review(db, "north")
    add_sources(db, review, [GivenFile("plan.txt", PRINTED.encode())], SourceDetails(), by="lead-1", at=AT)
    return db, review


FINDING = {"source": "D-001", "finding": "F", "direction": "neutral", "significance": "1", "locator": "p. 1"}
QUOTE = "information with carers and safeguarding leads. Self-assessment is done. An effective officer"


def test_a_quote_is_imported_as_typed_and_shown_where_it_stands(
    north: tuple[Database, Review],
) -> None:
    db, review = north
    _, number = import_row(db, review, "findings", {**FINDING, "quote": QUOTE}, by="lead-1", at=AT)
    assert number
    placed = place_of(db, number)
    assert placed.standing is Standing.PLACED and placed.anchor
    assert placed.anchor.exact == PRINTED[13 : PRINTED.index(" gave the")] and placed.anchor.holds(PRINTED)
    page = find_item(db, review, number)["context"]["page"]
    assert page and page["before"] == PRINTED[:13] and page["quote"] == placed.anchor.exact
    # The same file again changes nothing.
    report, again = import_row(db, review, "findings", {**FINDING, "quote": QUOTE}, by="lead-1", at=AT)
    assert (again, report.already_there, report.added["items"]) == (number, 1, 0)


def test_a_quote_is_found_in_a_source_that_comes_in_with_it(
    tmp_path: Path, north: tuple[Database, Review]
) -> None:
    db, review = north
    sources, findings = tmp_path / "sources.csv", tmp_path / "findings.csv"
    sources.write_text('source,title,kind,text\nX,X,document,"First.\fThe self-\nassessment is late."\n')
    head = "source,locator,finding,direction,significance,quote\n"
    findings.write_text(head + "X,p. 2,F,weakness,1,The self-assessment is\n")
    import_files(db, review, [sources, findings], by="lead-1", at=AT)
    number = one(db, "select max(id) from evidence")
    assert (placed := place_of(db, number)).anchor and placed.anchor.page == 2
    findings.write_text(head + "X,p. 3,F,weakness,1,The self assessment is\n")
    with pytest.raises(ImportRefused) as refused:
        import_files(db, review, [sources, findings], by="lead-1", at=AT)
    [problem] = refused.value.problems
    assert (problem.where, "are not in the stored text" in problem.message) == (
        "findings.csv, row 2, column 'quote'",
        True,
    )


def test_the_form_of_the_page_finds_the_same_words(north: tuple[Database, Review]) -> None:
    db, review = north
    said = Said(finding="", direction="weakness", significance="2")
    number = record_finding(db, review, "D-001", Passage(QUOTE), said, by="reviewer-1", at=AT)
    placed = place_of(db, number)
    assert placed.standing is Standing.PLACED and placed.anchor
    assert one(db, "select quote from evidence where id = ?", [number]) == placed.anchor.exact


def test_of_two_places_one_is_chosen_for_a_quote_that_was_typed(north: tuple[Database, Review]) -> None:
    db, review = north
    twice = "The plan isn’t done.\nThe plan isn't done."
    add_sources(db, review, [GivenFile("twice.txt", twice.encode())], SourceDetails(), by="lead-1", at=AT)
    row = {**FINDING, "source": "D-002", "quote": "The plan isn't done."}
    _, number = import_row(db, review, "findings", row, by="lead-1", at=AT)
    assert number and place_of(db, number).standing is Standing.SEVERAL
    anchor = place_quote(db, review, number, 1, 0, by="lead-1", at=AT)
    assert anchor.exact == "The plan isn’t done."
    assert place_of(db, number).standing is Standing.PLACED


# Search


@pytest.mark.parametrize(
    "words",
    [
        *("information", "safeguarding", "self-assessment", "SELF-ASSESSMENT", "selfassessment", "effective"),
        *("eﬀective", "officer", "final", "informat*", '"information with carers"', "“shared information”"),
        *("self-assessment information final", "2007-2008", "infor", "staff"),
    ],
)
def test_a_search_finds_words_as_they_are_read(north: tuple[Database, Review], words: str) -> None:
    db, review = north
    [page], count = search_sources(db, review, words)
    assert (page["source"], page["page"], count) == ("D-001", 1, 1)
    assert page["found"] and all(page["snippet"][start:end] for start, end in page["found"])


@pytest.mark.parametrize("words", ["formation", "affective", '"information without"', "guard", "inform"])
def test_a_search_finds_no_others(north: tuple[Database, Review], words: str) -> None:
    db, review = north
    assert search_sources(db, review, words) == ([], 0)


def test_a_database_of_before_gets_the_index_of_what_it_holds(north: tuple[Database, Review]) -> None:
    db, review = north
    import_row(db, review, "findings", {**FINDING, "finding": "An eﬀort."}, by="lead-1", at=AT)
    with transaction(db):
        for table in SEARCHED:
            db.conn.execute(f"drop table {table}_divided_fts")
        db.conn.execute("delete from _sqlite_migrations where name = 'search_of_divided_words'")
    path = path_of(db)
    assert path
    db.conn.close()
    with closing(open_programme(path).conn) as connection:
        opened = Database(connection)
        assert search_sources(opened, review, "information")[1] == 1
        assert list_items(opened, review, ItemFilter(search="effort"))[1] == 1


def test_words_that_are_erased_are_found_no_more_in_either_spelling(north: tuple[Database, Review]) -> None:
    db, review = north
    said = Said(finding="Late.", direction="weakness", significance="2")
    number = record_finding(db, review, "D-001", Passage("shared information"), said, by="r", at=AT)
    asked, _ = ask_to_erase(db, review, "item", f"E{number}", by="lead-1", because="They asked.", at=AT)
    done = clear(db, blank(db, review, asked.number, by="lead-2", because="Article 17.", at=AT))
    assert done.searched.found == ()
    assert search_sources(db, review, "information") == search_sources(db, review, "mation") == ([], 0)
    assert list_items(db, review, ItemFilter(search="information"))[1] == 0
    assert search_sources(db, review, "safeguarding")[1] == 1


def test_a_name_that_a_line_end_divides_is_erased_as_well(north: tuple[Database, Review]) -> None:
    db, review = north
    text = "Asked: Llew-\nelyn ap Zq-\nWen. The Llewelyns' plan is done."
    add_sources(db, review, [GivenFile("a.txt", text.encode())], SourceDetails(), by="lead-1", at=AT)
    asked, _ = ask_to_erase(db, None, "person", "Llewelyn ap ZqWen", by="lead-1", because="Asked.", at=AT)
    blank(db, None, asked.number, by="lead-2", because="Article 17.", at=AT)
    page = find_page(db, review, "D-002", 1)["text"]
    assert page == "Asked: █████\n████ ██ ███\n███. The Llewelyns' plan is done."
    assert search_sources(db, review, "Llewelyn")[1] == 0


def test_items_are_found_by_words_that_their_quotes_divide(north: tuple[Database, Review]) -> None:
    db, review = north
    said = Said(finding="Late.", direction="weakness", significance="2")
    number = record_finding(db, review, "D-001", Passage("shared information"), said, by="r", at=AT)
    import_row(db, review, "findings", {**FINDING, "finding": "An eﬀort."}, by="lead-1", at=AT)
    for words, ids in (("information", [number]), ("effort", [number + 1]), ("inform", [])):
        assert [item["id"] for item in list_items(db, review, ItemFilter(search=words))[0]] == ids


def test_a_soft_hyphen_at_a_line_end_is_stored_as_the_hyphen_that_is_seen() -> None:
    assert tidy("infor\xad\r\nmation, in\xadfor\xad \nmation\xad") == "infor-\nmation, infor-\nmation"
    assert tidy(tidy("a\xad\n\xad\n")) == tidy("a\xad\n\xad\n")
