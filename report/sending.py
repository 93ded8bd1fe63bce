"""An edition sent to the authority for its comments: only what was cleared, with the record lodged elsewhere.

Sending starts the time for comments, counted from the day it is recorded. The head of the record of events
at that moment is stored with it; who sends confirms that it was lodged outside, so that nobody can say later
that what was sent rested on something else. A second round of comments on a report is asked for by the lead,
with a reason; an amended edition is otherwise sent as the answer to the first, and asks for none.

The product sends nothing by itself: what is recorded here is that somebody did.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict

from programme.calendar import day_words, uk_day
from programme.check import head_of_record
from programme.database import Act, Database, add_event, insert, one, rows_as, transaction
from programme.names import check_person, check_words
from programme.permissions import Action
from programme.users import check_may
from report.actions import ReportAction
from report.moderation import EditionFound, edition_name, find_edition, waiting_for
from rules.errors import DecisionRefused
from rules.remedy import ShowHead
from rules.words import listed

NO_COMMENTS = ""
"""The last day for comments of an edition that asks for none."""
SENDING = """
select s.id, s.edition_id as edition, e.number, s.sent_on, s.comments_until, s.computed, s.audit_event,
  s.audit_digest, s.by
from sending s join edition e on e.id = s.edition_id
where (:edition is null or s.edition_id = :edition) and (:report is null or e.report_id = :report)
order by s.id
"""
# A head that was the last of the record at any time since the edition could be sent.
LODGED = """
select s.event_id, s.digest from seal s
where s.event_id >= :since and (s.event_id || ':' || s.digest = :lodged or s.digest = :lodged)
"""
CLEARED_AT = """
select coalesce(max(added_event), 0) from clearance where edition_id = ? and withdrawn_event is null
"""


class Sent(TypedDict):
    """That an edition was sent to the authority."""

    id: int
    edition: int
    number: int
    """Of the edition."""
    sent_on: str
    comments_until: str
    """The last day for comments; empty: it asks for none."""
    computed: str
    audit_event: int
    audit_digest: str
    by: str


@dataclass(frozen=True)
class Deadline:
    """The last day for comments, and how it was computed or why it was set by hand."""

    until: date
    computed: str


def send(
    db: Database,
    edition: int,
    deadline: Deadline | None,
    *,
    lodged: str,
    because: str = "",
    by: str,
    at: datetime,
) -> Sent:
    """Record that an edition was sent to the authority; sent twice, it is the first sending that stays.

    `lodged`: the head of the record that was lodged elsewhere ('number:digest'), of any moment since the last
    body cleared the edition. `deadline` None asks for no comments. A second round of comments needs a reason
    (`because`) and the lead. Raises DecisionRefused and WordsMissing.
    """
    by = check_person(by, "sending")
    with transaction(db):
        found = find_edition(db, edition)
        if already := sendings_of(db, edition=edition):
            return already[0]
        check_may(db, by, Action.SEND, found["review"], "send the report")
        _refuse_sending(db, found)
        sent_on = uk_day(at)
        if deadline:
            _refuse_deadline(db, found, deadline, sent_on, because, by)
        number, digest = _lodged(db, found, lodged)
        act = Act(ReportAction.SEND, by, at, found["review_id"], f"edition {edition}", because)
        until = deadline.until.isoformat() if deadline else NO_COMMENTS
        event = add_event(
            db,
            act,
            detail={"head": f"{number}:{digest}"},
            before={"state": found["state"]},
            after={"state": "sent", "comments_until": until},
        )
        insert(
            db,
            "sending",
            {
                "edition_id": edition,
                "sent_on": sent_on.isoformat(),
                "comments_until": until,
                "computed": deadline.computed if deadline else "",
                "audit_event": number,
                "audit_digest": digest,
                "by": by,
                "added_event": event,
            },
        )
    return sendings_of(db, edition=edition)[0]


def _refuse_sending(db: Database, found: EditionFound) -> None:
    refuse_uncleared(db, found)
    if found["latest"] != found["id"]:
        name = edition_name(found)
        raise DecisionRefused(f"{name} was followed by a later edition", hint="Send the latest edition.")


def refuse_uncleared(db: Database, found: EditionFound) -> None:
    """Raise DecisionRefused where an edition was not passed, or is not cleared by every body."""
    name = edition_name(found)
    if found["verdict"] != "passed":
        raise DecisionRefused(
            f"the moderator has not passed {name}",
            hint="No authority sees a draft before it is passed, and cleared by every body.",
        )
    if waiting := waiting_for(db, found):
        raise DecisionRefused(
            f"{name} is not cleared by {listed(waiting)}", hint="Every body clears it before it is sent."
        )


def _refuse_deadline(
    db: Database, found: EditionFound, deadline: Deadline, sent_on: date, because: str, by: str
) -> None:
    if deadline.until < sent_on:
        raise DecisionRefused(
            f"the last day for comments ({day_words(deadline.until.isoformat())}) is before it is sent"
            f" ({day_words(sent_on.isoformat())})",
            hint="Give a later day.",
        )
    rounds = [sent for sent in sendings_of(db, report=found["report_id"]) if sent["comments_until"]]
    if not rounds:
        return
    first = rounds[0]["number"]
    check_words(because, "a second round of comments")
    check_may(db, by, Action.FREEZE, found["review"], f"ask for comments again, as on edition {first},")


def _lodged(db: Database, found: EditionFound, lodged: str) -> tuple[int, str]:
    """The head of the record that was lodged; raises DecisionRefused for none or another."""
    since = one(db, CLEARED_AT, [found["id"]])
    given = db.execute(LODGED, {"since": since, "lodged": lodged.strip()}).fetchone()
    if given is None:
        head = head_of_record(db)
        what = "no head of the record was given" if not lodged.strip() else "this is no head of the record"
        raise DecisionRefused(
            f"{what} from after the last clearance; the head is now {head}",
            hint="Lodge it outside, e.g. with the other body, then confirm it.",
            remedies=[ShowHead()],
        )
    return int(given[0]), str(given[1])


def sendings_of(db: Database, *, edition: int | None = None, report: int | None = None) -> list[Sent]:
    """The sendings of an edition, or of all editions of a report, in their order."""
    return rows_as(Sent, db, SENDING, {"edition": edition, "report": report})


def comments_are_open(sent: Sent, on: date) -> bool:
    """Whether comments are still in time on a day."""
    return bool(sent["comments_until"]) and on.isoformat() <= sent["comments_until"]
