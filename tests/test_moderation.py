"""Moderation and clearance of editions: who may, what stands in the way, what lapses with the edition."""

from __future__ import annotations

import pytest
from assessment_example import AT, assess_plainly, new_review, rate_approved
from evidence_rows import whole_review
from report_example import BODIES, freeze, pass_and_clear, send_edition, write_report, write_words

from programme.database import Database
from programme.reviews import Review
from programme.users import add_user
from report.moderation import (
    Point,
    clear,
    find_edition,
    moderate,
    moderation_of,
    settle_point,
    withdraw_clearance,
)
from rules.errors import DecisionRefused, UnknownName, UserInvalid, WordsMissing

OUTSIDER = {"because": "Read against the evidence.", "by": "moderator-9", "at": AT}


@pytest.fixture
def review(db: Database) -> Review:
    found = new_review(db, "r1", "wales-round-2", *whole_review())
    assess_plainly(db, found)
    return found


@pytest.fixture
def report(db: Database, review: Review) -> int:
    return write_report(db, review, {1: "Carers wait too long.", 2: "Staff are able."})


@pytest.fixture
def edition(db: Database, review: Review, report: int) -> int:
    return freeze(db, review, report)


def test_an_edition_is_frozen_then_passed_then_cleared_by_every_body(db: Database, edition: int) -> None:
    assert find_edition(db, edition)["state"] == "frozen"
    moderate(db, edition, "passed", **OUTSIDER)
    assert moderation_of(db, edition)["waiting"] == list(BODIES)
    clear(db, edition, "cssiw", by="manager-1", at=AT)
    assert find_edition(db, edition)["state"] == "passed"
    found = clear(db, edition, "WAO", by="manager-2", at=AT)
    assert (found["state"], found["waiting"]) == ("cleared", [])
    assert [(one["body"], one["by"]) for one in found["cleared"]] == [
        ("CSSIW", "manager-1"),
        ("WAO", "manager-2"),
    ]


def test_what_must_change_keeps_every_later_edition_from_passing_until_it_is_settled(
    db: Database, review: Review, report: int, edition: int
) -> None:
    points = [
        Point("How many carers?", "must", "p1"),
        Point("Is this rating right?", "should", "carers"),
        Point("Too long."),
    ]
    found = moderate(db, edition, "returned", points=points, **OUTSIDER)
    assert [(one["number"], one["severity"], one["paragraph"], one["rating"]) for one in found["points"]] == [
        (1, "must", 1, None),
        (2, "should", None, "carers"),
        (3, "must", None, None),
    ]
    write_words(db, report, {1: "Of 30 carers, 20 wait too long."})
    second = freeze(db, review, report)
    with pytest.raises(
        DecisionRefused, match="2 points that must be settled are not: 1 of edition 1 and 3 of"
    ):
        moderate(db, second, "passed", **OUTSIDER)
    for number in (1, 3):
        settle_point(db, edition, number, because="Written again.", by="lead", at=AT)
    with pytest.raises(DecisionRefused, match="was settled by lead"):
        settle_point(db, edition, 1, because="Again.", by="lead", at=AT)
    assert moderate(db, second, "passed", **OUTSIDER)["state"] == "passed"


@pytest.mark.parametrize(
    ("verdict", "points", "words"),
    [
        ("passed", [Point("Wrong.", "must")], "not passed while something in it must change"),
        ("returned", [], "with at least one point"),
    ],
)
def test_a_verdict_fits_its_points(
    db: Database, edition: int, verdict: str, points: list[Point], words: str
) -> None:
    with pytest.raises(DecisionRefused, match=words):
        moderate(db, edition, verdict, points=points, **OUTSIDER)


@pytest.mark.parametrize(
    ("point", "words"),
    [
        (Point("What?", about="p7"), "no paragraph 'p7'"),
        (Point("What?", about="carer"), "no domain or question 'carer'"),
        (Point("What?", "perhaps"), "no severity of a point 'perhaps'"),
    ],
)
def test_a_point_is_about_something_that_is_there(
    db: Database, edition: int, point: Point, words: str
) -> None:
    with pytest.raises(UnknownName, match=words) as refused:
        moderate(db, edition, "returned", points=[point], **OUTSIDER)
    assert refused.value.hint
    assert moderation_of(db, edition)["verdict"] is None


def test_who_wrote_gathered_or_rated_does_not_moderate(db: Database, review: Review, edition: int) -> None:
    rate_approved(db, review, "carers", "poor", by="rater-1", because="Seen.", at=AT)
    for by, what in (
        ("lead", "wrote the report"),
        ("LEAD", "wrote the report"),
        ("reviewer-1", "gathered evidence"),
        ("rater-1", "rated"),
        ("approver", "rated"),
    ):
        with pytest.raises(DecisionRefused, match=f"{by} {what}"):
            moderate(db, edition, "passed", because="Sound.", by=by, at=AT)


def test_who_wrote_or_moderated_does_not_clear_and_each_body_has_a_manager_of_its_own(
    db: Database, edition: int
) -> None:
    with pytest.raises(DecisionRefused, match="has not passed"):
        clear(db, edition, "WAO", by="manager-1", at=AT)
    moderate(db, edition, "passed", **OUTSIDER)
    for by, words in (("lead", "wrote the report"), ("moderator-9", "moderated the report")):
        with pytest.raises(DecisionRefused, match=words):
            clear(db, edition, "WAO", by=by, at=AT)
    clear(db, edition, "WAO", by="manager-1", at=AT)
    with pytest.raises(DecisionRefused, match=r"WAO has cleared .* already, by manager-1"):
        clear(db, edition, "WAO", by="manager-2", at=AT)
    with pytest.raises(DecisionRefused, match=r"has cleared .* for WAO"):
        clear(db, edition, "CSSIW", by="Manager-1", at=AT)
    with pytest.raises(UnknownName, match="Estyn"):
        clear(db, edition, "Estyn", by="manager-2", at=AT)


def test_clearance_lapses_with_the_edition_and_can_be_withdrawn(
    db: Database, review: Review, report: int, edition: int
) -> None:
    pass_and_clear(db, edition)
    withdraw_clearance(db, edition, "WAO", because="A page was missing.", by="manager of WAO", at=AT)
    assert find_edition(db, edition)["state"] == "passed"
    clear(db, edition, "WAO", by="manager of WAO", at=AT)
    second = freeze(db, review, report)
    assert find_edition(db, second)["state"] == "frozen"
    for step in (
        lambda: clear(db, edition, "WAO", by="manager-7", at=AT),
        lambda: moderate(db, edition, "returned", points=[Point("What?")], **OUTSIDER),
        lambda: send_edition(db, edition),
    ):
        with pytest.raises(DecisionRefused, match="followed by a later edition"):
            step()


def test_what_was_returned_is_not_passed_so_no_clearance_outlives_it(db: Database, edition: int) -> None:
    pass_and_clear(db, edition)
    moderate(db, edition, "returned", points=[Point("A page is missing.")], **OUTSIDER)
    assert find_edition(db, edition)["state"] == "returned"
    with pytest.raises(DecisionRefused, match="was returned"):
        moderate(db, edition, "passed", **OUTSIDER)
    with pytest.raises(DecisionRefused, match="has not passed"):
        send_edition(db, edition)


def test_once_there_are_users_each_act_is_for_its_role(db: Database, edition: int) -> None:
    for name, role in (("moderator-9", "moderator"), ("manager-1", "manager"), ("owner-1", "administrator")):
        add_user(db, name, role=role, by="root", at=AT)
    with pytest.raises(UserInvalid, match=r"manager-1 may not moderate the report of r1: .* moderator"):
        moderate(db, edition, "passed", because="Sound.", by="manager-1", at=AT)
    moderate(db, edition, "passed", **OUTSIDER)
    with pytest.raises(UserInvalid, match=r"moderator-9 may not clear the report of r1: .* manager"):
        clear(db, edition, "WAO", by="moderator-9", at=AT)
    assert clear(db, edition, "WAO", by="manager-1", at=AT)["cleared"]


def test_a_verdict_needs_a_reason(db: Database, edition: int) -> None:
    with pytest.raises(WordsMissing, match="needs a reason"):
        moderate(db, edition, "passed", because="...", by="moderator-9", at=AT)
    with pytest.raises(UnknownName, match="no verdict 'fine'"):
        moderate(db, edition, "fine", **OUTSIDER)
