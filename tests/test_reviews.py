"""Frameworks and reviews in the database, and finding them by name."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from example_framework import AT, SMALL, Desk, finding, policy_of, small_framework

from programme.database import Database, one, rows
from programme.reviews import create_review, domain_ids, find_review, list_reviews, store_frameworks
from rules.errors import EvidenceInvalid, UnknownName
from rules.loader import digest_of


def store(db: Database, changed: dict[str, Any]) -> list[str]:
    return store_frameworks(db, [policy_of(small_framework(**changed))])


def changed_questions(**changes: Any) -> dict[str, Any]:
    """The small framework's questions, the first one changed."""
    questions = copy.deepcopy(SMALL["questions"])
    questions[0].update(changes)
    return {"questions": questions}


def create(db: Database, key: str = "south", **changes: Any) -> Any:
    given = {"authority": "South", "framework_key": "small", "window_from": None, "window_to": None}
    return create_review(db, key, **{**given, **changes}, by="lead", at=AT)


# --- frameworks ----------------------------------------------------------------------------------------


def test_a_framework_is_stored_with_its_questions_domains_and_levels(desk: Desk) -> None:
    assert [row["key"] for row in desk.rows("select key from question order by position")] == [
        *("services", "prospects"),
    ]
    assert [row["key"] for row in desk.rows("select key from domain order by position")] == [
        *("getting-help", "assessment", "care-planning", "carers", "leadership", "partnership"),
    ]
    levels = desk.rows("select number, key from level where of_domains = 0 order by question_id, number")
    assert [(row["number"], row["key"]) for row in levels] == [
        *((1, "poor"), (2, "fair"), (3, "good"), (1, "no"), (2, "yes")),
    ]
    assert one(desk.db, "select title_cy from framework") == "Fframwaith bach"


def test_storing_a_framework_again_changes_nothing(desk: Desk) -> None:
    assert store(desk.db, {}) == []


def test_a_changed_framework_keeps_the_rows_that_others_refer_to(desk: Desk) -> None:
    before = {row["key"]: row["id"] for row in desk.rows("select key, id from domain")}
    levels = desk.rows("select id, question_id, of_domains, number from level order by id")
    domains = [*SMALL["questions"][0]["domains"], {"id": "new-one", "title": "New one"}]
    assert store(desk.db, changed_questions(domains=domains, title="How good?")) == ["small"]
    after = {row["key"]: row["id"] for row in desk.rows("select key, id from domain")}
    assert {key: after[key] for key in before} == before
    assert "new-one" in after
    assert desk.rows("select id, question_id, of_domains, number from level order by id") == levels
    assert one(desk.db, "select title from question where key = 'services'") == "How good?"
    assert find_review(desk.db, "north").framework.question("services").title == {"en": "How good?"}


def test_a_shorter_scale_loses_its_last_level(desk: Desk) -> None:
    store(desk.db, changed_questions(scale=SMALL["questions"][0]["scale"][:2]))
    levels = desk.rows("select key from level where of_domains = 0 order by question_id, number")
    assert [row["key"] for row in levels] == ["poor", "fair", "no", "yes"]


def test_a_domain_without_evidence_may_go_one_with_evidence_may_not(desk: Desk) -> None:
    desk.load_sources()
    desk.load_rows("findings", finding(domains="carers"))
    fewer = [domain for domain in SMALL["questions"][0]["domains"] if domain["id"] != "assessment"]
    assert store(desk.db, changed_questions(domains=fewer)) == ["small"]
    assert "assessment" not in domain_ids(desk.db, desk.review)
    before = desk.rows("select key, digest from framework")
    with pytest.raises(EvidenceInvalid, match="no longer has the domain 'carers'") as caught:
        store(desk.db, changed_questions(domains=fewer[:2]))
    assert "a new id" in caught.value.hint
    assert desk.rows("select key, digest from framework") == before


# --- reviews -------------------------------------------------------------------------------------------


def test_a_review_is_found_by_its_name_and_by_its_number(desk: Desk) -> None:
    review = create(desk.db, window_from=date(2004, 1, 1), window_to=date(2004, 12, 31), note="A pilot.")
    assert review == find_review(desk.db, "south") == find_review(desk.db, str(review.id))
    assert (review.authority, review.note) == ("South", "A pilot.")
    assert (review.window_from, review.window_to) == ("2004-01-01", "2004-12-31")
    assert review.framework == small_framework()
    assert review.framework_digest == digest_of(small_framework())
    assert [found.key for found in list_reviews(desk.db)] == ["north", "south"]
    [event] = rows(desk.db, "select by, action, target from event order by id desc limit 1")
    assert event == {"by": "lead", "action": "create review", "target": "south"}


def test_an_unknown_review_is_named_with_the_nearest(desk: Desk) -> None:
    with pytest.raises(UnknownName, match="there is no review 'nort'\n  Did you mean 'north'"):
        find_review(desk.db, "nort")


def test_an_unknown_framework_is_named_with_the_nearest(desk: Desk) -> None:
    with pytest.raises(UnknownName, match="there is no framework 'smal'\n  Did you mean 'small'"):
        create(desk.db, framework_key="smal")


@pytest.mark.parametrize(
    "key", ["", "South", "south west", "south_west", "-south", "south--west", "sou/th", "12"]
)
def test_a_review_has_a_plain_name(desk: Desk, key: str) -> None:
    with pytest.raises(EvidenceInvalid, match="cannot name a review") as caught:
        create(desk.db, key)
    assert "wales-2004-08" in caught.value.hint


def test_a_name_is_taken_once(desk: Desk) -> None:
    with pytest.raises(EvidenceInvalid, match="there is already a review 'north'"):
        create(desk.db, "north")
    assert len(list_reviews(desk.db)) == 1


def test_an_authority_has_a_name(desk: Desk) -> None:
    with pytest.raises(EvidenceInvalid, match="the authority's name is empty"):
        create(desk.db, authority="  ")


def test_a_window_ends_after_it_begins(desk: Desk) -> None:
    with pytest.raises(EvidenceInvalid, match="before it begins"):
        create(desk.db, window_from=date(2004, 12, 31), window_to=date(2004, 1, 1))
    create(desk.db, window_from=date(2004, 1, 1), window_to=date(2004, 1, 1))


def test_domains_are_those_of_the_framework_of_the_review(desk: Desk) -> None:
    other = small_framework(id="other", questions=SMALL["questions"][1:])
    store_frameworks(desk.db, [policy_of(other)])
    assert set(domain_ids(desk.db, create(desk.db, framework_key="other"))) == {"leadership", "partnership"}
    assert len(domain_ids(desk.db, desk.review)) == 6
