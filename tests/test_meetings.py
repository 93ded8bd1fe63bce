"""Meetings on a report: planned, held, called off; who may. Names taken off the list."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from assessment_example import AT, new_review
from evidence_rows import whole_review

from programme.calendar import uk_day
from programme.check import check_record
from programme.database import Database, rows
from programme.reviews import Review
from programme.users import add_user
from report.listed import list_names, listed_names, unlist_names
from report.meetings import call_off_meeting, hold_meeting, meetings_of, plan_meeting
from rules.errors import DecisionRefused, UnknownName, UserInvalid, WordsMissing

BY = {"by": "coordinator-1", "at": AT}
TODAY = uk_day(AT)


@pytest.fixture
def review(db: Database) -> Review:
    return new_review(db, "r1", "wales-round-2", *whole_review())


def test_a_meeting_is_planned_then_held(db: Database, review: Review) -> None:
    made = plan_meeting(db, review, "draft", TODAY, time="9:05", note="In the county hall.", **BY)
    assert (made["planned_for"], made["held_on"], made["called_off"]) == (f"{TODAY}T09:05", None, 0)
    held = hold_meeting(db, review, made["id"], TODAY, attended="director, lead reviewer", **BY)
    assert (held["held_on"], held["attended"]) == (TODAY.isoformat(), "director, lead reviewer")
    assert check_record(db).problems == ()


def test_a_meeting_ends_once(db: Database, review: Review) -> None:
    off = plan_meeting(db, review, "workshop", TODAY, **BY)["id"]
    call_off_meeting(db, review, off, because="The hall is closed.", **BY)
    held = plan_meeting(db, review, "sign-off", TODAY, **BY)["id"]
    hold_meeting(db, review, held, TODAY, attended="lead reviewer", **BY)
    for number, said in ((off, "was called off"), (held, "was held on")):
        with pytest.raises(DecisionRefused, match=said):
            hold_meeting(db, review, number, TODAY, attended="lead reviewer", **BY)
        with pytest.raises(DecisionRefused, match=said):
            call_off_meeting(db, review, number, because="Once more.", **BY)
    assert [(one["id"], one["called_off"]) for one in meetings_of(db, review)] == [(off, 1), (held, 0)]


@pytest.mark.parametrize("time", ["24:00", "10.30", "10:3", "soon"])
def test_a_time_that_is_none_is_refused(db: Database, review: Review, time: str) -> None:
    with pytest.raises(DecisionRefused, match="is not a time of day"):
        plan_meeting(db, review, "draft", TODAY, time=time, **BY)
    assert meetings_of(db, review) == []


def test_what_cannot_be_is_refused(db: Database, review: Review) -> None:
    with pytest.raises(UnknownName, match="kind of meeting"):
        plan_meeting(db, review, "lunch", TODAY, **BY)
    number = plan_meeting(db, review, "draft", TODAY, **BY)["id"]
    with pytest.raises(DecisionRefused, match="still to come"):
        hold_meeting(db, review, number, TODAY + timedelta(days=1), attended="director", **BY)
    with pytest.raises(UnknownName, match="meeting"):
        call_off_meeting(db, review, number + 1, because="No.", **BY)
    other = new_review(db, "r2", "wales-round-2", *whole_review())
    with pytest.raises(UnknownName, match="meeting"):
        call_off_meeting(db, other, number, because="Of another review.", **BY)


def test_once_there_are_users_a_reviewer_plans_no_meeting(db: Database, review: Review) -> None:
    add_user(db, "reviewer-1", role="reviewer", review="r1", by="lead", at=AT)
    add_user(db, "coordinator-1", role="coordinator", review="r1", by="lead", at=AT)
    with pytest.raises(UserInvalid, match="may not plan a meeting"):
        plan_meeting(db, review, "draft", date(2026, 7, 14), by="reviewer-1", at=AT)
    assert plan_meeting(db, review, "draft", date(2026, 7, 14), **BY)["kind"] == "draft"


def test_a_name_is_taken_off_the_list_with_a_reason(db: Database, review: Review) -> None:
    list_names(db, review, ["Enw Dychmygol", "Enw Arall"], by="lead", at=AT)
    with pytest.raises(WordsMissing):
        unlist_names(db, review, ["Enw Arall"], because=" ", by="lead", at=AT)
    with pytest.raises(UnknownName, match="name on the list"):
        unlist_names(db, review, ["Enw Dychmygol", "Neb"], because="A place.", by="lead", at=AT)
    assert listed_names(db, review) == ("Enw Arall", "Enw Dychmygol")
    assert unlist_names(db, review, ["enw  arall"], because="A place.", by="lead", at=AT) == (
        "Enw Dychmygol",
    )
    assert rows(db, "select because from event order by id desc limit 1")[0]["because"] == "A place."
