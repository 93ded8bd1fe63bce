"""Single items: their numbers, tags, withdrawal, place in the source, and lists of them."""

from __future__ import annotations

from typing import Any

import pytest
from assessment_example import AT, add, item_at, last_event, new_review, tables_of
from evidence_rows import Row, finding, indicator, score, survey

from evidence.intake.importing import import_row
from evidence.items import (
    ItemFilter,
    UnknownItem,
    find_item,
    item_number,
    list_items,
    tag_item,
    withdraw_item,
)
from programme.database import Database
from programme.database import rows as rows_of
from programme.reviews import Review
from rules.errors import EvidenceInvalid, UnknownName, WordsMissing


@pytest.fixture
def review(db: Database) -> Review:
    return new_review(db)


def put(db: Database, review: Review, *rows: Row) -> list[int]:
    """The numbers of the items that rows become."""
    add(db, review, *rows)
    return [item_at(db, review, row) for row in rows]


# Numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["E12", "e12", "12", " E12 ", "0012"])
def test_an_item_is_named_by_its_number(text: str) -> None:
    assert item_number(text) == 12


@pytest.mark.parametrize("text", ["", "E", "F12", "12.5", "-1", "E1E", "1²", "١٢", "9" * 19])
def test_anything_else_is_not_the_number_of_an_item(text: str) -> None:
    with pytest.raises(EvidenceInvalid, match="is not the number of an item"):
        item_number(text)


def test_an_unknown_item_is_an_error_that_says_how_many_there_are(db: Database, review: Review) -> None:
    put(db, review, finding("I1"), finding("I1"))
    with pytest.raises(UnknownItem) as caught:
        find_item(db, review, 999_999_999_999_999_999)
    assert "no item E999999999999999999" in str(caught.value)
    assert "It has 2 items" in caught.value.hint


def test_an_item_of_another_review_is_not_found(db: Database, review: Review) -> None:
    [number] = put(db, review, finding("I1"))
    with pytest.raises(UnknownItem):
        find_item(db, new_review(db, "r2"), number)


def test_an_item_comes_with_its_source_and_who_added_it(db: Database, review: Review) -> None:
    [number] = put(db, review, finding("D1", "weakness", 3, domains="carers;assessment"))
    item = find_item(db, review, number)
    about = {name: item[name] for name in ("source", "source_kind", "source_status", "direction", "added_by")}
    assert about == {
        "source": "D1",
        "source_kind": "document",
        "source_status": "draft",
        "direction": "weakness",
        "added_by": "reviewer-1",
    }
    assert [tag["domain"] for tag in item["tags"]] == ["assessment", "carers"]


# Tags -----------------------------------------------------------------------------------------------------


def test_an_item_can_serve_several_domains(db: Database, review: Review) -> None:
    [number] = put(db, review, finding("I1", domains="carers"))
    new = tag_item(
        db, review, number, ["assessment", "carers", "assessment"], by="lead", at=AT, note="Says how."
    )
    assert new == ["assessment"]
    tags = find_item(db, review, number)["tags"]
    assert [(tag["domain"], tag["tagged_by"], tag["note"]) for tag in tags] == [
        ("assessment", "lead", "Says how."),
        ("carers", "reviewer-1", ""),
    ]


def test_a_tag_that_is_there_already_records_nothing(db: Database, review: Review) -> None:
    [number] = put(db, review, finding("I1", domains="carers"))
    before = tables_of(db)
    assert tag_item(db, review, number, ["carers"], by="lead", at=AT) == []
    assert tables_of(db) == before


def test_a_mistyped_domain_tags_nothing_at_all(db: Database, review: Review) -> None:
    [number] = put(db, review, finding("I1", domains=""))
    before = tables_of(db)
    with pytest.raises(UnknownName, match="Did you mean 'assessment'"):
        tag_item(db, review, number, ["carers", "assesment"], by="lead", at=AT)
    assert tables_of(db) == before


def test_a_tag_that_was_withdrawn_can_be_given_again_and_both_stay_on_record(
    db: Database, review: Review
) -> None:
    [number] = put(db, review, finding("I1", domains="carers"))
    withdraw_item(db, review, number, by="lead", because="Not about carers.", at=AT, domain="carers")
    assert tag_item(db, review, number, ["carers"], by="moderator", at=AT) == ["carers"]
    tags = find_item(db, review, number)["tags"]
    assert [(tag["tagged_by"], tag["withdrawn"], tag["withdrawn_because"]) for tag in tags] == [
        ("reviewer-1", 1, "Not about carers."),
        ("moderator", 0, None),
    ]


# Withdrawal -----------------------------------------------------------------------------------------------


def test_a_withdrawn_item_stays_with_who_when_and_why(db: Database, review: Review) -> None:
    [number] = put(db, review, finding("I1"))
    withdraw_item(db, review, number, by="lead", because="Recorded twice.", at=AT)
    item = find_item(db, review, number)
    assert (item["withdrawn_by"], item["withdrawn_because"]) == ("lead", "Recorded twice.")
    assert item["withdrawn_at"] == "2009-06-01T09:30:00+00:00"
    event = rows_of(db, "select * from event where id = ?", [last_event(db)])[0]
    assert (event["action"], event["target"], event["by"]) == ("withdraw item", f"E{number}", "lead")


@pytest.mark.parametrize("because", ["", "   "])
def test_nothing_is_withdrawn_without_a_reason(db: Database, review: Review, because: str) -> None:
    [number] = put(db, review, finding("I1"))
    before = tables_of(db)
    with pytest.raises(WordsMissing, match="withdrawing evidence needs a reason"):
        withdraw_item(db, review, number, by="lead", because=because, at=AT)
    assert tables_of(db) == before


def test_a_withdrawn_item_is_neither_withdrawn_again_nor_tagged(db: Database, review: Review) -> None:
    [number] = put(db, review, finding("I1"))
    withdraw_item(db, review, number, by="lead", because="Recorded twice.", at=AT)
    before = tables_of(db)
    with pytest.raises(EvidenceInvalid, match="was withdrawn by lead"):
        withdraw_item(db, review, number, by="lead", because="Again.", at=AT)
    with pytest.raises(EvidenceInvalid, match="Recorded twice"):
        tag_item(db, review, number, ["assessment"], by="lead", at=AT)
    assert tables_of(db) == before


def test_only_a_tag_that_is_there_can_be_withdrawn(db: Database, review: Review) -> None:
    [number] = put(db, review, finding("I1", domains="carers"))
    said: dict[str, Any] = {"by": "lead", "because": "Not about it.", "at": AT}
    with pytest.raises(EvidenceInvalid, match="not tagged to 'assessment'") as caught:
        withdraw_item(db, review, number, domain="assessment", **said)
    assert "carers" in caught.value.hint
    with pytest.raises(UnknownName, match="Did you mean 'carers'"):
        withdraw_item(db, review, number, domain="carer", **said)
    withdraw_item(db, review, number, domain="carers", **said)
    with pytest.raises(EvidenceInvalid, match="not tagged to 'carers'"):
        withdraw_item(db, review, number, domain="carers", **said)


# The place in the source ----------------------------------------------------------------------------------

TEXT = "Carers wait long.\fNobody asked me. I had a break at last. That was good."


def test_a_quote_is_shown_in_the_page_it_stands_on(db: Database, review: Review) -> None:
    source = {"source": "T1", "title": "Notes", "kind": "interview", "text": TEXT}
    add(db, review, source)
    [number] = put(db, review, finding("T1", quote="I had a break at last."))
    assert find_item(db, review, number)["context"]["page"] == {
        "number": 2,
        "before": "Nobody asked me. ",
        "quote": "I had a break at last.",
        "after": " That was good.",
    }


def test_without_stored_text_an_item_has_no_page(db: Database, review: Review) -> None:
    [number] = put(db, review, finding("I1", quote="I had a break."))
    assert find_item(db, review, number)["context"]["page"] is None


def test_an_item_stands_among_its_neighbours_in_the_same_source(db: Database, review: Review) -> None:
    numbers = put(db, review, *[finding("I1") for _ in range(10)])
    put(db, review, finding("G1"))
    withdraw_item(db, review, numbers[3], by="lead", because="Recorded twice.", at=AT)
    neighbours = find_item(db, review, numbers[4])["context"]["neighbours"]
    assert [row["id"] for row in neighbours] == [*numbers[0:3], *numbers[5:8]]


# Lists ----------------------------------------------------------------------------------------------------


@pytest.fixture
def several(db: Database, review: Review) -> list[int]:
    numbers = put(
        db,
        review,
        finding("I1", "strength", finding="Breaks are offered early.", domains="carers"),
        finding("I1", "weakness", finding="Nobody tells carers of breaks.", domains="carers;assessment"),
        finding("G1", "neutral", finding="Cyngor i ofalwyr: tŷ a gardd.", domains="", strand="carers"),
        score("C1", 3, domains="assessment"),
        survey("S1", "Respect", 80, domains="carers"),
        indicator("Breaks given", "2007/08", 12, domains="carers"),
        finding("I1", "strength", finding="Recorded twice.", domains="carers"),
    )
    withdraw_item(db, review, numbers[-1], by="lead", because="Recorded twice.", at=AT)
    return numbers


@pytest.mark.parametrize(
    ("chosen", "positions"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"domain": "carers"}, [0, 1, 4, 5]),
        ({"domain": "assessment", "kind": "finding"}, [1]),
        ({"kind": "survey_result"}, [4]),
        ({"strand": "carers"}, [2]),
        ({"source": "I1"}, [0, 1]),
        ({"source_kind": "interview"}, [0, 1]),
        ({"direction": "neutral"}, [2]),
        ({"untagged": True}, [2]),
        ({"withdrawn": True}, [6]),
        ({"search": "breaks"}, [0, 1, 5]),
        ({"search": "breaks carers"}, [1]),
        ({"search": "ty gardd"}, [2]),
        ({"search": "carers:"}, [1]),
        ({"search": "   "}, [0, 1, 2, 3, 4, 5]),
        ({"search": '"'}, []),
        ({"search": "breaks\0carers"}, [1]),
        ({"search": "breaks OR respect"}, []),
    ],
)
def test_items_are_listed_by_what_they_are_about(
    db: Database, review: Review, several: list[int], chosen: dict[str, Any], positions: list[int]
) -> None:
    found, total = list_items(db, review, ItemFilter(**chosen))
    assert [several.index(row["id"]) for row in found] == positions
    assert total == len(positions)


def test_items_are_listed_by_their_numbers(db: Database, review: Review, several: list[int]) -> None:
    found, total = list_items(db, review, ItemFilter(ids=[several[4], several[0], several[6]]))
    assert ([row["id"] for row in found], total) == ([several[0], several[4]], 2)
    assert list_items(db, review, ItemFilter(ids=[])) == ([], 0)


def test_a_long_list_comes_in_pages_that_miss_and_repeat_nothing(db: Database, review: Review) -> None:
    numbers = put(db, review, *[finding("I1") for _ in range(7)])
    pages = [list_items(db, review, ItemFilter(limit=3, offset=offset)) for offset in (0, 3, 6)]
    assert [row["id"] for found, _ in pages for row in found] == numbers
    assert [total for _, total in pages] == [7, 7, 7]


def test_a_list_of_a_domain_that_is_not_there_is_an_error(db: Database, review: Review) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'leadership'"):
        list_items(db, review, ItemFilter(domain="leaderships"))


def test_a_listed_item_names_its_domains(db: Database, review: Review, several: list[int]) -> None:
    found, _ = list_items(db, review, ItemFilter(ids=several[:3]))
    assert [set((row["domains"] or "").split(";")) for row in found] == [
        {"carers"},
        {"assessment", "carers"},
        {""},
    ]


def test_a_single_row_becomes_an_item_with_a_number(db: Database, review: Review) -> None:
    report, number = import_row(db, review, "findings", finding("I1", "weakness", 3), by="reviewer-2", at=AT)
    assert report.added["items"] == 1
    assert number is not None
    assert find_item(db, review, number)["recorded_by"] == "reviewer-2"
