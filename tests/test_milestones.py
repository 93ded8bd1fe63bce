"""The calendar of a review: each date with how it was computed, and moved dates with what was computed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from assessment_example import AT, assess_plainly, new_review
from evidence_rows import good_domain

from programme.calendar import uk_day
from programme.database import Act, Database, add_event, insert, one, rows, transaction
from programme.reviews import Review
from report.actions import ReportAction
from report.calendar import review_calendar
from report.milestones import (
    Milestone,
    comments_until,
    compute_days,
    milestone,
    milestones,
    move_date,
)
from report.practice import follow_practice, load_practice
from rules.errors import DecisionRefused, UnknownName, WordsMissing

START = date(2026, 1, 5)
WALES = load_practice("wales-round-2")
CQC = load_practice("cqc-local-authority")


@pytest.fixture
def review(db: Database) -> Review:
    """A review whose weeks began on Monday 5 January 2026."""
    made = new_review(db, "r1", "wales-round-2", *good_domain("carers", 4, 0))
    follow_practice(db, made, WALES, START, by="lead", at=AT)
    return made


def days(db: Database, review: Review) -> dict[str, str]:
    return {found.step: found.day.isoformat() if found.day else "" for found in milestones(db, review)}


def moved(db: Database, review: Review, step: str, to: date | None, because: str = "A strike.") -> Milestone:
    return move_date(db, review, step, to, because=because, by="lead", at=AT)


def stored(db: Database, review: Review, table: str, **values: Any) -> int:
    """A row of a table of reports, as the part that records it stores it."""
    with transaction(db):
        event = add_event(db, Act(ReportAction.SEND, "lead", AT, review.id))
        return insert(db, table, {**values, "added_event": event})


def edition_of(db: Database, review: Review) -> int:
    run = assess_plainly(db, review)
    report = stored(db, review, "report", review_id=review.id, kind="report", lang_of_record="en", by="lead")
    return stored(
        db,
        review,
        "edition",
        report_id=report,
        number=1,
        frozen_on="2026-08-03",
        purpose="moderation",
        run_id=run.id,
        run_digest="",
        text_digest="",
        body="{}",
        bodies="[]",
        by="lead",
    )


def send(db: Database, review: Review, edition: int, on: str) -> None:
    more = {"comments_until": on, "computed": "", "audit_event": 1, "audit_digest": ""}
    stored(db, review, "sending", edition_id=edition, sent_on=on, by="lead", **more)


def test_the_whole_calendar_of_a_review_that_starts_on_5_january_2026(db: Database, review: Review) -> None:
    assert days(db, review) == {
        "start": "2026-01-05",
        "final-assessment": "2026-07-06",
        "draft": "2026-08-10",
        "comments-due": "2026-08-23",
        "draft-meeting": "2026-08-24",
        "action-plan": "2026-10-26",
        "minister": "2026-11-20",
        "embargoed-copies": "2026-11-22",
        "presentation": "2026-11-23",
        "publication": "2026-11-24",
        "handover": "2027-01-19",
        "sign-off": "2028-01-18",
    }
    named = {step.id: step.week for step in WALES.steps if step.week is not None}
    assert {found.step: found.week for found in milestones(db, review) if found.step in named} == named


def test_every_date_says_how_it_was_computed(db: Database, review: Review) -> None:
    how = {found.step: found.how for found in milestones(db, review)}
    assert how["draft"] == "5 weeks after “Final assessment” (6 July 2026)"
    assert how["comments-due"] == "1 day before “Meeting on the draft” (24 August 2026)"
    assert how["minister"] == (
        "1 working day before “Presentation to councillors” (23 November 2026), by the bank holidays of Wales"
    )
    assert how["start"] == "set as the day from which weeks are counted"


def test_a_week_that_ends_on_a_bank_holiday_goes_to_the_next_working_day_and_says_so() -> None:
    found = compute_days(WALES, date(2025, 11, 24), {})["final-assessment"]
    assert found.day == date(2026, 5, 26)
    assert found.how.endswith(
        "25 May 2026 is a bank holiday in Wales (Spring bank holiday), so the next working day"
    )


def test_a_plan_that_is_due_before_something_goes_to_the_last_working_day_before() -> None:
    found = compute_days(WALES, START, {"presentation": date(2027, 1, 23)})["action-plan"]
    assert found.day == date(2026, 12, 24)
    assert found.how.endswith(
        "26 December 2026 is a bank holiday in Wales (Boxing Day), so the last working day before"
    )


def test_without_a_start_no_date_is_made_up(db: Database) -> None:
    bare = new_review(db, "bare", "wales-round-2", *good_domain("carers", 2, 0))
    found = milestones(db, bare)
    assert {one.day for one in found} == {None}
    assert {one.source for one in found} == {"open"}
    assert found[1].how == "26 weeks after “Start of the review”, which has no date yet"


def test_a_moved_date_keeps_the_computed_one_and_the_reason_and_takes_those_behind_it_along(
    db: Database, review: Review
) -> None:
    found = moved(db, review, "draft", date(2026, 8, 17), "The team was ill.")
    assert (found.day, found.computed, found.source) == (date(2026, 8, 17), date(2026, 8, 10), "moved")
    assert found.moved is not None
    assert (found.moved["computed_on"], found.moved["because"]) == ("2026-08-10", "The team was ill.")
    after = days(db, review)
    assert (after["comments-due"], after["draft-meeting"]) == ("2026-08-31", "2026-09-01")
    assert after["presentation"] == "2026-11-23"
    event = rows(db, "select action, target, because, before, after from event order by id desc limit 1")[0]
    assert event == {
        "action": "move date",
        "target": "draft",
        "because": "The team was ill.",
        "before": '{"day": "2026-08-10"}',
        "after": '{"computed": "2026-08-10", "day": "2026-08-17"}',
    }


def test_a_date_goes_back_to_the_computed_one_and_the_move_stays_recorded(
    db: Database, review: Review
) -> None:
    before = days(db, review)
    moved(db, review, "draft", date(2026, 8, 17))
    assert moved(db, review, "draft", None, "They are well again.").source == "computed"
    assert days(db, review) == before
    assert one(db, "select count(*) from milestone_move") == 2


def test_a_moved_date_on_a_day_off_or_out_of_order_is_named(db: Database, review: Review) -> None:
    assert (
        moved(db, review, "presentation", date(2026, 12, 25)).note
        == "25 December 2026 is a bank holiday in Wales (Christmas Day)"
    )
    assert moved(db, review, "presentation", date(2026, 12, 27)).note == "27 December 2026 is a Sunday"
    assert milestone(db, review, "publication").day == date(2026, 12, 28)
    assert (
        milestone(db, review, "publication").note
        == "28 December 2026 is a bank holiday in Wales (Boxing Day, substitute day)"
    )
    early = moved(db, review, "draft", date(2026, 6, 1))
    assert early.note == "“Draft to the director” is before “Final assessment”"


@pytest.mark.parametrize(
    ("step", "to", "because", "error", "said"),
    [
        ("draught", date(2026, 8, 17), "Why.", UnknownName, "Did you mean 'draft'"),
        ("draft", date(2026, 8, 17), " ", WordsMissing, "needs a reason"),
        ("draft", None, "Why.", DecisionRefused, "as it is computed already"),
        ("start", date(2026, 1, 12), "Why.", DecisionRefused, "the day from which weeks are counted"),
    ],
)
def test_what_cannot_be_moved_is_refused_and_changes_nothing(
    db: Database, review: Review, step: str, to: date | None, because: str, error: type[Exception], said: str
) -> None:
    before = one(db, "select count(*) from event")
    with pytest.raises(error, match=said):
        moved(db, review, step, to, because)
    assert one(db, "select count(*) from event") == before


def test_a_draft_that_went_out_late_moves_the_meeting_two_weeks_behind_it(
    db: Database, review: Review
) -> None:
    send(db, review, edition_of(db, review), "2026-08-20")
    found = milestone(db, review, "draft")
    assert (found.day, found.computed, found.source) == (date(2026, 8, 20), date(2026, 8, 10), "recorded")
    assert days(db, review)["draft-meeting"] == "2026-09-03"
    with pytest.raises(DecisionRefused, match="took place on 20 August 2026"):
        moved(db, review, "draft", date(2026, 8, 21))


def test_a_meeting_that_is_planned_sets_the_last_day_for_comments(db: Database, review: Review) -> None:
    stored(
        db,
        review,
        "meeting",
        review_id=review.id,
        kind="draft",
        planned_for="2026-08-28T10:00:00+01:00",
        by="lead",
    )
    assert milestone(db, review, "draft-meeting").source == "planned"
    last = comments_until(db, review, date(2026, 8, 10))
    assert (last.day, last.how) == (date(2026, 8, 27), "1 day before “Meeting on the draft” (28 August 2026)")
    with pytest.raises(DecisionRefused, match="is planned as a meeting for 28 August 2026"):
        moved(db, review, "draft-meeting", date(2026, 9, 1))


def test_the_last_day_for_comments_is_counted_from_the_day_of_sending(db: Database, review: Review) -> None:
    assert comments_until(db, review, date(2026, 8, 12)).day == date(2026, 8, 25)
    moved(db, review, "comments-due", date(2026, 9, 4), "Agreed with the director.")
    found = comments_until(db, review, date(2026, 8, 12))
    assert (found.day, found.how) == (date(2026, 9, 4), "moved by hand: Agreed with the director.")
    with pytest.raises(DecisionRefused, match="would be 4 September 2026, before the draft is sent"):
        comments_until(db, review, date(2026, 9, 7))


def test_a_council_in_england_has_ten_working_days_over_the_turn_of_the_year(db: Database) -> None:
    council = new_review(db, "england", "cqc-local-authority", *good_domain("safeguarding", 2, 0))
    found = comments_until(db, council, date(2026, 12, 18))
    assert found.day == date(2027, 1, 6)
    assert found.how == (
        "10 working days after “Draft to the local authority” (18 December 2026),"
        " by the bank holidays of England"
    )
    assert compute_days(CQC, date(2026, 12, 18), {})["publication"].how == "set by hand"


def test_what_is_decided_at_half_past_midnight_in_summer_is_not_of_the_day_before() -> None:
    decided = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert uk_day(decided) == date(2026, 7, 1)
    assert compute_days(CQC, uk_day(decided), {})["comments-due"].day == date(2026, 7, 15)
    # In winter UK time is UTC: the same moment of the day before stays of that day.
    assert uk_day(datetime(2026, 12, 30, 23, 30, tzinfo=UTC)) == date(2026, 12, 30)


def test_the_calendar_as_a_file_is_read_back_with_every_day(db: Database, review: Review) -> None:
    import icalendar

    written = review_calendar(db, review)
    assert written == review_calendar(db, review)
    found = {
        str(event["UID"]): event.decoded("dtstart").isoformat()
        for event in icalendar.Calendar.from_ical(written).walk("VEVENT")
    }
    assert found == {f"{step}@r1": day for step, day in days(db, review).items()}


def test_the_number_of_an_entry_rises_with_every_change_of_the_calendar(db: Database, review: Review) -> None:
    import icalendar

    def numbers() -> set[int]:
        calendar = icalendar.Calendar.from_ical(review_calendar(db, review))
        return {int(event["SEQUENCE"]) for event in calendar.walk("VEVENT")}

    (before,) = numbers()
    moved(db, review, "draft", date(2026, 8, 17))
    (after,) = numbers()
    assert after > before


def test_titles_in_the_file_are_welsh_where_welsh_is_asked_for(db: Database, review: Review) -> None:
    assert "Drafft at y cyfarwyddwr" in review_calendar(db, review, "cy").decode()
