"""The calendar of a review: every date with how it was computed, and those that were moved by hand.

A step is counted from another one's day: from what happened where that is recorded, else from a meeting's
plan, else from where it was moved to, else from what was computed. So a draft that went out late moves the
meeting two weeks behind it, and a presentation that was put off moves the publication.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypedDict

from programme.calendar import day_words
from programme.database import Act, Database, add_event, insert, one, rows, rows_as, transaction
from programme.names import check_person, check_words
from programme.permissions import Action
from programme.reviews import Review
from programme.users import check_may
from programme.workdays import (
    Nation,
    is_working_day,
    last_working_day,
    next_working_day,
    why_off,
    working_days_after,
)
from report.actions import ReportAction
from report.practice import (
    COMMENTS,
    DRAFT,
    MEETING,
    PRESENTATION,
    PUBLICATION,
    Followed,
    Practice,
    Step,
    followed_practice,
)
from rules.errors import DecisionRefused
from rules.framework import in_language
from rules.words import many

NATIONS = {
    Nation.ENGLAND: "England",
    Nation.WALES: "Wales",
    Nation.SCOTLAND: "Scotland",
    Nation.NORTHERN_IRELAND: "Northern Ireland",
}

MOVES = """
select m.step, m.computed_on, m.moved_to, m.by, m.because, e.at
from milestone_move m join event e on e.id = m.added_event
where m.review_id = :review and m.id = (
  select max(o.id) from milestone_move o where o.review_id = m.review_id and o.step = m.step)
"""
# What happened, and which meetings are planned: each step with its day (UK time), the latest last.
RECORDED = """
select :draft as step, min(s.sent_on) as day
from sending s join edition d on d.id = s.edition_id join report r on r.id = d.report_id
where r.review_id = :review and r.kind = 'report' having min(s.sent_on) is not null
union all
select case g.kind when 'draft' then :meeting else g.kind end, h.held_on
from meeting_held h join meeting g on g.id = h.meeting_id
where g.review_id = :review and g.kind in ('draft', 'handover', 'sign-off')
union all
select :presentation, substr(max(p.at), 1, 10)
from presentation p join edition d on d.id = p.edition_id join report r on r.id = d.report_id
where r.review_id = :review and r.kind = 'report' and p.withdrawn_event is null
having max(p.at) is not null
union all
select :publication, min(p.on_date)
from publication p join edition d on d.id = p.edition_id join report r on r.id = d.report_id
where r.review_id = :review and r.kind = 'report' having min(p.on_date) is not null
"""
PLANNED = """
select case kind when 'draft' then :meeting else kind end as step, substr(planned_for, 1, 10) as day
from meeting where review_id = :review and withdrawn_event is null
  and kind in ('draft', 'handover', 'sign-off') order by id
"""
NAMES = {
    "draft": DRAFT,
    "meeting": MEETING,
    "presentation": PRESENTATION,
    "publication": PUBLICATION,
}


class Move(TypedDict):
    """A date that was moved by hand, with what was computed then."""

    step: str
    computed_on: str
    """The day that was computed when it was moved; empty for a step without one."""
    moved_to: str
    """Empty: back to the day that is computed."""
    by: str
    because: str
    at: str


@dataclass(frozen=True)
class Computed:
    """A day, and how it was computed."""

    day: date | None
    how: str


@dataclass(frozen=True)
class Milestone:
    """A step of a review with its day, and where that comes from."""

    step: str
    title: dict[str, str]
    place: str
    """Where the documents name it."""
    computed: date | None
    how: str
    """How that day was computed, as a sentence without its full stop."""
    moved: Move | None = None
    """How it was moved by hand, if it is."""
    planned: date | None = None
    """The day for which its meeting is planned."""
    recorded: date | None = None
    """The day on which it happened."""
    week: int | None = None
    """Its week, counted from the start of the review."""
    note: str = ""
    """What to look at: a day on which nobody works, or one before the step that it follows."""

    @property
    def day(self) -> date | None:
        """Its day: as it happened, as planned, as moved, or as computed."""
        moved = self.moved["moved_to"] if self.moved else ""
        return self.recorded or self.planned or (date.fromisoformat(moved) if moved else self.computed)

    @property
    def source(self) -> str:
        """Where its day comes from: recorded, planned, moved, computed or open."""
        moved = self.moved is not None and bool(self.moved["moved_to"])
        for name, there in (("recorded", self.recorded), ("planned", self.planned), ("moved", moved)):
            if there:
                return name
        return "computed" if self.computed else "open"


def compute_days(
    practice: Practice, starts_on: date | None, fixed: Mapping[str, date]
) -> dict[str, Computed]:
    """The day of every step, computed from the others; `fixed` days count where a step is counted from.

    A step that is set by hand, or is counted from one without a day, has none.
    """
    found: dict[str, Computed] = {}

    def day_of(name: str) -> date | None:
        return fixed.get(name) or computed(practice.step(name)).day

    def computed(step: Step) -> Computed:
        if step.id not in found:
            found[step.id] = _computed(practice, step, starts_on, day_of)
        return found[step.id]

    for step in practice.steps:
        computed(step)
    return {step.id: found[step.id] for step in practice.steps}


def _computed(
    practice: Practice, step: Step, starts_on: date | None, day_of: Callable[[str], date | None]
) -> Computed:
    if step.counted_from is None:
        if step.id == practice.first.id:
            how = "set as the day from which weeks are counted" if starts_on else "not set yet"
            return Computed(starts_on, how)
        return Computed(None, "set by hand")
    title = in_language(practice.step(step.counted_from).title)
    way = "after" if step.after else "before"
    sign = 1 if step.after else -1
    if step.working_days:
        count = many(step.working_days, "working day")
    else:
        count = many(step.weeks, "week") if step.weeks else many(step.days or 0, "day")
    start = day_of(step.counted_from)
    if start is None:
        return Computed(None, f"{count} {way} “{title}”, which has no date yet")
    how = f"{count} {way} “{title}” ({_words(start)})"
    nation = practice.nation
    if step.working_days:
        day = working_days_after(start, sign * step.working_days, nation)
        return Computed(day, f"{how}, by the bank holidays of {NATIONS[nation]}")
    day = start + sign * timedelta(days=7 * (step.weeks or 0) + (step.days or 0))
    if step.day_off == "stays" or is_working_day(day, nation):
        return Computed(day, how)
    off = f"{_words(day)} is {_off(day, nation)}"
    if step.day_off == "next":
        return Computed(next_working_day(day, nation), f"{how}; {off}, so the next working day")
    return Computed(last_working_day(day, nation), f"{how}; {off}, so the last working day before")


def _words(day: date) -> str:
    return day_words(day.isoformat())


def _off(day: date, nation: Nation) -> str:
    name = why_off(day, nation) or ""
    if name in ("Saturday", "Sunday"):
        return f"a {name}"
    return f"a bank holiday in {NATIONS[nation]} ({name})"


def milestones(db: Database, review: Review) -> list[Milestone]:
    """The calendar of a review, step by step in the order of its practice.

    Raises UnknownName where its framework has no practice.
    """
    return _milestones(db, review, followed_practice(db, review), {})


def _milestones(
    db: Database, review: Review, followed: Followed, happened: Mapping[str, date]
) -> list[Milestone]:
    practice = followed.practice
    given = {"review": review.id, **NAMES}
    recorded = {row["step"]: date.fromisoformat(row["day"]) for row in rows(db, RECORDED, given)}
    recorded |= happened
    planned = {row["step"]: date.fromisoformat(row["day"]) for row in rows(db, PLANNED, given)}
    moves = {move["step"]: move for move in rows_as(Move, db, MOVES, {"review": review.id})}
    moved = {step: date.fromisoformat(move["moved_to"]) for step, move in moves.items() if move["moved_to"]}
    days = compute_days(practice, followed.starts_on, {**moved, **planned, **recorded})
    found = [
        Milestone(
            step.id,
            step.title,
            step.place,
            days[step.id].day,
            days[step.id].how,
            moved=moves.get(step.id),
            planned=planned.get(step.id),
            recorded=recorded.get(step.id),
        )
        for step in practice.steps
    ]
    by_step = {milestone.step: milestone for milestone in found}
    return [_looked_at(practice, milestone, by_step, followed.starts_on) for milestone in found]


def _looked_at(
    practice: Practice, found: Milestone, by_step: Mapping[str, Milestone], starts_on: date | None
) -> Milestone:
    """The milestone with its week and a note of what to look at."""
    day = found.day
    if day is None:
        return found
    notes = []
    if not found.recorded and not is_working_day(day, practice.nation):
        notes.append(f"{_words(day)} is {_off(day, practice.nation)}")
    step = practice.step(found.step)
    if step.counted_from:
        other = by_step[step.counted_from]
        first, last = (other, found) if step.after else (found, other)
        if first.day and last.day and first.day > last.day:
            notes.append(f"“{in_language(last.title)}” is before “{in_language(first.title)}”")
    week = (day - starts_on).days // 7 if starts_on else None
    return replace(found, week=week, note="; ".join(notes))


def milestone(db: Database, review: Review, step: str) -> Milestone:
    """One step of the calendar; raises UnknownName for a step that the practice does not have."""
    followed_practice(db, review).practice.step(step)
    return next(found for found in milestones(db, review) if found.step == step)


def comments_until(db: Database, review: Review, sent_on: date) -> Computed:
    """The last day for comments on a draft that is sent on a day, and how it was computed.

    Raises DecisionRefused where the practice names none, or where it would be over before the draft is sent.
    """
    found = _milestones(db, review, followed_practice(db, review), {DRAFT: sent_on})
    last = next((one for one in found if one.step == COMMENTS), None)
    if last is None or last.day is None:
        raise DecisionRefused(
            f"the practice of {review.key} names no last day for comments", hint="Set that day by hand."
        )
    how = f"moved by hand: {last.moved['because']}" if last.source == "moved" and last.moved else last.how
    if last.day < sent_on:
        raise DecisionRefused(
            f"the last day for comments would be {_words(last.day)}, before the draft is sent",
            hint="Move the last day for comments or the meeting on the draft.",
        )
    return Computed(last.day, how)


def move_date(
    db: Database, review: Review, step: str, to: date | None, *, because: str, by: str, at: datetime
) -> Milestone:
    """Move a step to a day, for a reason; `to` None: back to the day that is computed.

    The day that is computed now is kept beside it. Raises UnknownName for a step that is not there, and
    DecisionRefused for the start of the review (which `follow_practice` sets), for a step that has happened,
    and where nothing would change.
    """
    by, because = check_person(by, "a moved date"), check_words(because, "a moved date")
    with transaction(db):
        check_may(db, by, Action.PLAN_REPORT, review.key, "move a date")
        practice = followed_practice(db, review).practice
        found = milestone(db, review, step)
        title = in_language(found.title)
        if step == practice.first.id:
            raise DecisionRefused(f"“{title}” is the day from which weeks are counted; set it as such")
        if found.recorded:
            raise DecisionRefused(f"“{title}” took place on {_words(found.recorded)}, so it cannot be moved")
        if found.planned:
            raise DecisionRefused(
                f"“{title}” is planned as a meeting for {_words(found.planned)}",
                hint="Call that meeting off, and plan another one.",
            )
        now = found.moved["moved_to"] if found.moved else ""
        new = to.isoformat() if to else ""
        if now == new:
            raise DecisionRefused(f"“{title}” is {'on that day' if to else 'as it is computed'} already")
        computed = found.computed.isoformat() if found.computed else ""
        event = add_event(
            db,
            Act(ReportAction.MOVE_DATE, by, at, review.id, target=step, because=because),
            before={"day": now or computed},
            after={"day": new or computed, "computed": computed},
        )
        insert(
            db,
            "milestone_move",
            {
                "review_id": review.id,
                "step": step,
                "computed_on": computed,
                "moved_to": new,
                "by": by,
                "because": because,
                "added_event": event,
            },
        )
        return milestone(db, review, step)


CHANGED = """
select max(event) from (
  select max(added_event) as event from review_practice where review_id = :review
  union all select max(added_event) from milestone_move where review_id = :review
  union all select max(max(added_event, coalesce(withdrawn_event, 0))) from meeting where review_id = :review
  union all select max(h.added_event) from meeting_held h join meeting g on g.id = h.meeting_id
    where g.review_id = :review
  union all select max(s.added_event) from sending s join edition d on d.id = s.edition_id
    join report r on r.id = d.report_id where r.review_id = :review
  union all select max(max(p.added_event, coalesce(p.withdrawn_event, 0))) from presentation p
    join edition d on d.id = p.edition_id join report r on r.id = d.report_id where r.review_id = :review
  union all select max(p.added_event) from publication p join edition d on d.id = p.edition_id
    join report r on r.id = d.report_id where r.review_id = :review)
"""


def last_change(db: Database, review: Review) -> int:
    """The number of the last event that moved anything in the calendar; 0 for none."""
    return int(one(db, CHANGED, {"review": review.id}) or 0)
