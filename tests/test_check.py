"""What a lead reviewer is told to look at before assessing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from assessment_example import AT, add, item_at, load_example, new_review
from evidence_rows import Row, finding, good_domain, indicator, score, survey

from evidence.check import check_evidence
from evidence.items import withdraw_item
from programme.database import Database
from programme.reviews import Review, create_review


def problem_of(db: Database, review: Review, domain: str = "carers") -> str:
    return next(str(row["problem"]) for row in check_evidence(db, review).domains if row["key"] == domain)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "no evidence"),
        ([finding("I1")], "only 1 item"),
        ([finding("I1"), finding("G1"), score("C1", 3), finding("O1")], "only 4 items"),
        ([finding("I1") for _ in range(5)], "all from one source"),
        (
            [finding("C1"), score("C1", 3), score("C2", 3), score("C2", 2), finding("C2")],
            "only one kind of evidence (case files)",
        ),
        (good_domain("carers"), ""),
    ],
)
def test_a_domain_with_thin_or_one_sided_evidence_is_named(
    db: Database, rows: list[Row], problem: str
) -> None:
    review = new_review(db, "r1", "wales-round-2", *rows)
    assert problem_of(db, review) == problem


def test_every_domain_is_listed_in_the_order_of_the_framework(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
    found = check_evidence(db, review)
    assert [row["key"] for row in found.domains] == list(review.framework.domains)
    carers = next(row for row in found.domains if row["key"] == "carers")
    assert (carers["items"], carers["kinds"], carers["sources"]) == (5, 2, 2)


def test_evidence_of_another_review_is_not_mixed_in(db: Database) -> None:
    new_review(db, "other", "wales-round-2", *good_domain("carers"), finding("D1", domains=""))
    found = check_evidence(db, new_review(db))
    assert {row["problem"] for row in found.domains} == {"no evidence"}
    assert (found.untagged, found.drafts, found.used_in_many, found.outside_window) == ([], [], [], [])


def test_items_without_a_domain_are_listed_with_their_place(db: Database) -> None:
    row = finding("I1", domains="")
    review = new_review(db, "r1", "wales-round-2", row, finding("I1"))
    [found] = check_evidence(db, review).untagged
    assert (found["source"], found["locator"], found["text"]) == ("I1", row["locator"], row["finding"])


def test_an_item_whose_only_tag_was_withdrawn_is_untagged(db: Database) -> None:
    row = finding("I1")
    review = new_review(db, "r1", "wales-round-2", row)
    number = item_at(db, review, row)
    withdraw_item(db, review, number, by="lead", because="Not about carers.", at=AT, domain="carers")
    assert [found["id"] for found in check_evidence(db, review).untagged] == [number]


def test_an_item_used_in_three_domains_is_named(db: Database) -> None:
    three = finding("I1", domains="carers;assessment;leadership")
    review = new_review(db, "r1", "wales-round-2", three, finding("I1", domains="carers;assessment"))
    [found] = check_evidence(db, review).used_in_many
    assert (found["id"], found["uses"]) == (item_at(db, review, three), 3)
    assert set(found["domains"].split("; ")) == {"carers", "assessment", "leadership"}


def test_items_of_drafts_are_named(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", finding("D1"), finding("I1"))
    assert [row["source"] for row in check_evidence(db, review).drafts] == ["D1"]


WITHIN = ("2003/04", "year to March 2004", "2004/05", "2008", "2008/09", "2004-01-01", "winter")
OUTSIDE = ("2002/03", "December 2003", "2009/10", "2003-12-31", "2009-01-01")


@pytest.mark.parametrize(
    ("row", "outside"),
    [
        (finding("I1"), False),
        (finding("S0"), True),
        (finding("X"), False),
        *((indicator("Breaks", period, 5), False) for period in WITHIN),
        *((indicator("Breaks", period, 5), True) for period in OUTSIDE),
        (survey("S0", "Respect", 80), True),
        (survey("S0", "Respect", 80, period="2007"), False),
    ],
)
def test_an_item_is_outside_the_window_by_its_period_or_else_by_its_source(
    db: Database, row: Row, outside: bool
) -> None:
    """The window is 2004-01-01 to 2008-12-31; the source X has no date."""
    undated = {"source": "X", "title": "Undated", "kind": "interview"}
    review = new_review(db, "r1", "wales-round-2", undated, row)
    assert [found["text"] for found in check_evidence(db, review).outside_window] == (
        [row.get("finding") or row.get("indicator") or row.get("question")] if outside else []
    )


@pytest.mark.parametrize(
    ("window", "outside"),
    [((None, None), []), (("2004-01-01", None), ["2001"]), ((None, "2004-01-01"), ["2007"])],
)
def test_a_window_may_be_open_at_either_end(
    db: Database, window: tuple[str | None, str | None], outside: list[str]
) -> None:
    first, last = (None if day is None else date.fromisoformat(day) for day in window)
    review = create_review(
        db, "open", "Council", "wales-round-2", window_from=first, window_to=last, by="lead", at=AT
    )
    sources = [
        {"source": year, "title": year, "kind": "interview", "dated": f"{year}-06-01"}
        for year in ("2001", "2007")
    ]
    add(db, review, *sources, finding("2001"), finding("2007"))
    assert [row["dated"][:4] for row in check_evidence(db, review).outside_window] == outside


@pytest.mark.parametrize(
    ("locator", "beyond"),
    [
        ("page 2", False),
        ("page 40", True),
        ("p. 3", True),
        ("pp. 1-2", False),
        ("pages 1 to 3", True),
        ("tudalen 3", True),
        ("section 40", False),
        ("row 12 of page 1", False),
    ],
)
def test_a_page_that_the_source_does_not_have_is_named(db: Database, locator: str, beyond: bool) -> None:
    """The stored text of T has two pages; that of I1 is not stored."""
    text = {"source": "T", "title": "T", "kind": "document", "text": "One page.\fAnother."}
    rows = [finding("T", locator=locator), finding("I1", locator=locator)]
    review = new_review(db, "r1", "wales-round-2", text, *rows)
    found = [(row["locator"], row["pages"]) for row in check_evidence(db, review).beyond_source]
    assert found == ([(locator, 2)] if beyond else [])


def test_what_was_recorded_after_it_was_added_is_named(db: Database) -> None:
    days = ("2009-05-31", "2009-06-01", "2009-06-02", "2090-01-01")
    review = new_review(db, "r1", "wales-round-2", *(finding("I1", recorded_on=day) for day in days))
    assert [row["recorded_on"] for row in check_evidence(db, review).recorded_later] == list(days[2:])


def test_a_window_that_begins_within_a_financial_year_holds_some_of_it(db: Database) -> None:
    review = create_review(
        db, "r", "C", "wales-round-2", window_from=date(2025, 1, 1), window_to=None, by="lead", at=AT
    )
    source = {"source": "N1", "title": "N", "kind": "indicator_return"}
    rows = [indicator("X", period, 5) for period in ("2023/24", "2024/25", "December 2024", "Q4 2024/25")]
    add(db, review, source, *rows)
    assert [row["dated"] for row in check_evidence(db, review).outside_window] == ["2023/24", "December 2024"]


def test_withdrawn_items_are_nothing_to_look_at(db: Database) -> None:
    rows = [finding("D1", domains=""), finding("S0", domains="carers;assessment;leadership")]
    review = new_review(db, "r1", "wales-round-2", *rows)
    before = check_evidence(db, review)
    for row in rows:
        withdraw_item(db, review, item_at(db, review, row), by="lead", because="Unclear.", at=AT)
    after = check_evidence(db, review)
    empty: list[dict[str, Any]] = []
    assert (after.untagged, after.used_in_many, after.outside_window, after.drafts) == (empty,) * 4
    # Untagged and a draft; used in three domains and too old; three thin domains stay without evidence.
    assert before.problems - after.problems == 4


def test_the_worked_example_has_little_to_look_at(db: Database) -> None:
    found = check_evidence(db, load_example(db))
    assert [row["problem"] for row in found.domains] == [""] * 13
    assert found.drafts == []
