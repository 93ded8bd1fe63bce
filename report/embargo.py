"""What comes before publication: the consultation on the summary, the presentation, breaches of the embargo.

A report becomes public at the moment of its presentation, and is published the day after, by the day in the
UK, whatever the clocks do. A practice without a presentation publishes on the day that its calendar names. A
breach of the embargo may bring publication forward, by a manager and for a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict

from programme.calendar import day_words, moment_words, start_of_day, uk_day, uk_moment
from programme.database import Act, Database, add_event, insert, last_event, one, rows, rows_as, transaction
from programme.names import check_person, check_words
from programme.permissions import Action
from programme.reviews import Review, find_review
from programme.users import check_may
from report.actions import ReportAction
from report.copies import refuse_uncleared
from report.milestones import milestone
from report.moderation import EditionFound, edition_name, find_edition
from report.practice import PUBLICATION, followed_practice
from report.release_tables import PRESENTED_TO
from rules.errors import DecisionRefused, UnknownName
from rules.words import listed, many


class Presentation(TypedDict):
    """When and where an edition is, or was, presented."""

    id: int
    edition: int
    at: str
    place: str
    to_whom: str
    by: str


class Consultation(TypedDict):
    """That the director was consulted on an edition of the summary."""

    edition: int
    held_on: str
    note: str
    by: str


class Breach(TypedDict):
    """That an embargo was broken, and what was done."""

    id: int
    edition: int
    copy: int | None
    """Number of the copy, where it is known."""
    at: str
    text: str
    done: str
    publish_from: str
    because: str
    by: str


PRESENTATION = """
select id, edition_id as edition, at, place, to_whom, by from presentation
where edition_id = ? and withdrawn_event is null
"""
CONSULTATIONS = """
select edition_id as edition, held_on, note, by from consultation where edition_id = ? order by id
"""
BREACHES = """
select b.id, b.edition_id as edition, c.number as copy, b.at, b.text, b.done, b.publish_from, b.because, b.by
from breach b left join copy c on c.id = b.copy_id where b.edition_id = ? order by b.id
"""
SENT = """
select 1 from sending s join edition e on e.id = s.edition_id
where e.report_id = ? and s.comments_until <> '' limit 1
"""
WAS_PUBLISHED = "select 1 from publication where edition_id = ?"
LATEST = """
select max(e.id) from edition e join report r on r.id = e.report_id
where r.review_id = :review and r.kind = :kind
"""
UNANSWERED = """
select c.number, e.number as edition from comment_state c join edition e on e.id = c.edition_id
where e.report_id = ? and c.state = 'open' order by c.id
"""
# The sendings of a report whose time for comments is not over on a day.
OPEN_FOR_COMMENTS = """
select e.number, s.comments_until from sending s join edition e on e.id = s.edition_id
where e.report_id = :report and s.comments_until >= :day
"""


def latest_edition(db: Database, review: Review, kind: str) -> int | None:
    """The latest edition of the report or the summary of a review; None where there is none."""
    found: int | None = one(db, LATEST, {"review": review.id, "kind": kind})
    return found


def presentation_of(db: Database, edition: int) -> Presentation | None:
    """When an edition is or was presented, if that is recorded."""
    return next(iter(rows_as(Presentation, db, PRESENTATION, [edition])), None)


def consultations_of(db: Database, edition: int) -> list[Consultation]:
    """The consultations of the director on an edition of the summary."""
    return rows_as(Consultation, db, CONSULTATIONS, [edition])


def breaches_of(db: Database, edition: int) -> list[Breach]:
    """The breaches of the embargo on an edition."""
    return rows_as(Breach, db, BREACHES, [edition])


# --- before it is public -----------------------------------------------------------------------------------


def consult_director(
    db: Database, edition: int, held_on: date, note: str, *, by: str, at: datetime
) -> Consultation:
    """Record that the director was consulted on an edition of the summary, and what they said."""
    by, note = check_person(by, "a consultation"), check_words(note, "a consultation")
    with transaction(db):
        found = find_edition(db, edition)
        check_may(db, by, Action.PRESENT, found["review"], "record a consultation on the summary")
        if found["kind"] != "summary":
            raise DecisionRefused(
                f"{edition_name(found)} is no summary", hint="The director is consulted on the summary."
            )
        if held_on > uk_day(at):
            raise DecisionRefused(f"{day_words(held_on.isoformat())} is still to come")
        act = Act(ReportAction.CONSULT, by, at, found["review_id"], f"edition {edition}", note)
        event = add_event(db, act, after={"held_on": held_on.isoformat()})
        row = {"edition_id": edition, "held_on": held_on.isoformat(), "note": note, "by": by}
        insert(db, "consultation", {**row, "added_event": event})
    return consultations_of(db, edition)[-1]


def present(
    db: Database, edition: int, when: datetime, place: str, to_whom: str, *, by: str, at: datetime
) -> Presentation:
    """Record the date and time at which an edition is presented, in advance or afterwards.

    Raises DecisionRefused while it is not cleared, comments are open or have no answer, or the director was
    not consulted on the latest edition of the summary; and where a presentation is recorded already.
    """
    by, place = check_person(by, "a presentation"), check_words(place, "a presentation")
    if to_whom not in PRESENTED_TO:
        raise UnknownName("body that a report is presented to", to_whom, PRESENTED_TO)
    when = uk_moment(when)
    with transaction(db):
        found = find_edition(db, edition)
        check_may(db, by, Action.PRESENT, found["review"], "record the presentation of the report")
        _refuse_presenting(db, found, when, at)
        act = Act(ReportAction.PRESENT, by, at, found["review_id"], f"edition {edition}")
        event = add_event(db, act, after={"at": when.isoformat(), "place": place, "to": to_whom})
        row = {"at": when.isoformat(), "place": place, "to_whom": to_whom, "by": by}
        insert(db, "presentation", {"edition_id": edition, **row, "added_event": event})
        made = presentation_of(db, edition)
    if made is None:
        raise DecisionRefused("the presentation was not recorded")
    return made


def _refuse_presenting(db: Database, found: EditionFound, when: datetime, at: datetime) -> None:
    name = edition_name(found)
    if found["kind"] != "report":
        raise DecisionRefused(f"{name} is not presented by itself", hint="Present the report.")
    refuse_uncleared(db, found, "it is presented")
    refuse_open_comments(db, found, uk_day(at), "it is presented")
    if already := presentation_of(db, found["id"]):
        raise DecisionRefused(
            f"the presentation of {name} is recorded for {moment_words(already['at'])}",
            hint="Take that back first, with the reason.",
        )
    cleared = one(
        db,
        "select max(v.at) from clearance c join event v on v.id = c.added_event"
        " where c.edition_id = ? and c.withdrawn_event is null",
        [found["id"]],
    )
    if cleared and when < datetime.fromisoformat(cleared):
        raise DecisionRefused(
            f"{moment_words(when.isoformat())} is before {name} was cleared ({moment_words(cleared)})"
        )
    review = find_review(db, found["review"])
    summary = latest_edition(db, review, "summary")
    if summary is None or not consultations_of(db, summary):
        which = "there is no edition of the summary" if summary is None else f"edition {summary} of it"
        raise DecisionRefused(
            f"the director was not consulted on the summary ({which})",
            hint="Consult the director on the summary, and record it, before the report is presented.",
        )


def refuse_open_comments(db: Database, found: EditionFound, today: date, what: str) -> None:
    """Raise DecisionRefused while the authority was not asked for comments on a report, may still give some,
    or has no answer to one. `what` cannot be done before: 'it is presented'."""
    if found["kind"] == "report" and not one(db, SENT, [found["report_id"]]):
        raise DecisionRefused(
            f"the authority was not asked for its comments on the report of {found['review']}",
            hint=f"Send it an edition before {what}.",
        )
    waiting = rows(db, OPEN_FOR_COMMENTS, {"report": found["report_id"], "day": today.isoformat()})
    if waiting:
        until = day_words(waiting[0]["comments_until"])
        raise DecisionRefused(
            f"the authority may comment on edition {waiting[0]['number']} until {until}",
            hint=f"Wait until that day is over before {what}.",
        )
    unanswered = rows(db, UNANSWERED, [found["report_id"]])
    if unanswered:
        named = listed(str(comment["number"]) for comment in unanswered[:5])
        count = many(len(unanswered), "comment")
        raise DecisionRefused(
            f"{count} of the authority {'has' if len(unanswered) == 1 else 'have'} no answer: {named}",
            hint=f"Answer every comment before {what}.",
        )


def withdraw_presentation(db: Database, edition: int, *, because: str, by: str, at: datetime) -> Presentation:
    """Take back the presentation recorded for an edition, as where it was put off; returns what it was."""
    by, because = check_person(by, "this"), check_words(because, "taking a presentation back")
    with transaction(db):
        found = find_edition(db, edition)
        check_may(db, by, Action.PRESENT, found["review"], "take back the presentation of the report")
        recorded = presentation_of(db, edition)
        if recorded is None:
            raise DecisionRefused(f"no presentation of {edition_name(found)} is recorded")
        if one(db, WAS_PUBLISHED, [edition]):
            raise DecisionRefused(f"{edition_name(found)} was published after its presentation")
        act = Act(
            ReportAction.WITHDRAW_PRESENTATION, by, at, found["review_id"], f"edition {edition}", because
        )
        event = add_event(db, act, before={"at": recorded["at"]})
        db.conn.execute("update presentation set withdrawn_event = ? where id = ?", [event, recorded["id"]])
    return recorded


def record_breach(
    db: Database,
    edition: int,
    when: datetime,
    text: str,
    done: str,
    *,
    copy: int | None = None,
    publish_from: datetime | None = None,
    because: str,
    by: str,
    at: datetime,
) -> Breach:
    """Record that the embargo on an edition was broken: when, by which copy (its row), and what was done.

    `publish_from` brings publication forward to a moment; `because` says why, or why not. Raises
    DecisionRefused for an edition that was published, and for a moment to come.
    """
    by, because = check_person(by, "a breach"), check_words(because, "a breach")
    text, done = check_words(text, "a breach"), check_words(done, "what was done about a breach")
    when = uk_moment(when)
    with transaction(db):
        found = find_edition(db, edition)
        check_may(db, by, Action.PRESENT, found["review"], "record a breach of the embargo on the report")
        if one(db, WAS_PUBLISHED, [edition]):
            raise DecisionRefused(f"{edition_name(found)} is published; no embargo is on it")
        if when > at:
            raise DecisionRefused(f"{moment_words(when.isoformat())} is still to come")
        if publish_from:
            refuse_uncleared(db, found, "its publication is brought forward")
        begins = uk_moment(publish_from).isoformat() if publish_from else ""
        act = Act(ReportAction.BREACH, by, at, found["review_id"], f"edition {edition}", because)
        event = add_event(db, act, after={"at": when.isoformat(), "publish_from": begins})
        row = {"edition_id": edition, "copy_id": copy, "at": when.isoformat(), "text": text, "done": done}
        row |= {"publish_from": begins, "because": because, "by": by, "added_event": event}
        insert(db, "breach", row)
    return breaches_of(db, edition)[-1]


# --- when it may be published ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Earliest:
    """From when on an edition may be published, and why then."""

    moment: datetime
    because: str


def earliest_publication(db: Database, review: Review, edition: int) -> Earliest:
    """From when on an edition of the report may be published.

    That is the first moment of the day that the practice names (the day after the presentation), or of a
    later one to which it was moved; earlier only where a breach brought it forward. Raises DecisionRefused
    where no presentation, and no day, is recorded.
    """
    brought = [breach for breach in breaches_of(db, edition) if breach["publish_from"]]
    if brought:
        last = brought[-1]
        moment = datetime.fromisoformat(last["publish_from"])
        return Earliest(moment, f"brought forward because of a breach: {last['because']}")
    practice = followed_practice(db, review).practice
    recorded = presentation_of(db, edition)
    if practice.is_presented and recorded is None:
        raise DecisionRefused(
            f"edition {edition} was not presented", hint="Record the date and time of its presentation."
        )
    if PUBLICATION not in practice.by_id:
        raise DecisionRefused(f"the practice {practice.id} has no step {PUBLICATION!r}")
    found = milestone(db, review, PUBLICATION)
    day, how = found.day, found.how
    if found.source == "moved" and found.moved:
        how = f"moved by hand: {found.moved['because']}"
        # What a practice computes from the presentation is a rule; moving the day may only put it off.
        if found.computed and day and day < found.computed:
            day, how = found.computed, found.how
    if day is None:
        raise DecisionRefused(
            f"no day is set for the publication of edition {edition}", hint="Set it in the calendar."
        )
    return Earliest(start_of_day(day), how)


def refuse_clock(db: Database, at: datetime) -> None:
    """Raise DecisionRefused where the clock is behind the last event of the record: it was set back."""
    last = one(db, "select at from event where id = ?", [last_event(db)])
    if last and at.replace(microsecond=0) < datetime.fromisoformat(last):
        raise DecisionRefused(
            f"the clock says {moment_words(at.isoformat())}, but the last event was recorded at"
            f" {moment_words(last)}",
            hint="Set the clock right, then publish.",
        )
