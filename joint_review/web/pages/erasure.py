"""The page on erasing: requests, what each would blank, their approval; until when the review is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from evidence import erasing
from evidence.erasing import Place, Preview
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.page import REVIEW, Declared, Menu, Page
from joint_review.web.remedies import refusal_words
from joint_review.web.request import Asked
from joint_review.web.run_view import Head, Shown
from joint_review.web.state import Part, RestsOn, State
from joint_review.web.wording import plural
from programme.calendar import day_words, uk_day
from programme.database import Database
from programme.erasures import Erasure, end_request, find_erasure, list_erasures, refuse_to_approve
from programme.permissions import Action
from programme.retention import Kept, kept_at, kept_until, set_retention
from programme.reviews import find_review
from rules.errors import DecisionRefused

ERASURE = REVIEW + "/erasure"
KINDS = {"item": "Item", "source": "Source", "person": "Person"}


def subject() -> tuple[Declared, ...]:
    """What this page answers for."""
    may = Action.REQUEST_ERASURE
    return (
        Page(ERASURE, "erasure", erasure, may, menu=Menu("Erasing and keeping", 140)),
        Form(ERASURE, "request", may, request, rests_on=None),
        Form(ERASURE, "take-back", may, take_back, rests_on=RestsOn(_request_then)),
        Form(ERASURE, "approve", Action.APPROVE_ERASURE, approve, rests_on=RestsOn(_request_then)),
        Form(ERASURE, "refuse", Action.APPROVE_ERASURE, refuse, rests_on=RestsOn(_request_then)),
        Form(ERASURE, "retain", may, retain, rests_on=RestsOn(_kept_then, fields=("until",))),
    )


@dataclass(frozen=True, kw_only=True)
class RequestShown(Erasure):
    """A request to erase, its kind in words."""

    mine: bool
    """Whether who asks made it."""
    why_not: str
    """Why who asks cannot approve it; empty where they can."""
    looked_at: bool
    """Whether this is the open request of which the page shows what its approval would blank now."""
    places: tuple[Place, ...]
    kept: tuple[str, ...]
    to_read: tuple[str, ...]


class ErasurePage(Head):
    """The requests to erase of a review, the open ones first, and until when the review is kept."""

    requests: list[RequestShown]
    kinds: list[tuple[str, str]]
    kept_until: Kept | None


def erasure(db: Database, asked: Asked) -> ErasurePage:
    """The requests of a review, and until when it is kept; of one, what its approval would blank now."""
    review = find_review(db, asked.names["review"])
    found = sorted(list_erasures(db, review), key=lambda one: (one.outcome != "requested", -one.number))
    requests = []
    for one in found:
        is_looked_at = one.outcome == "requested" and one.number == asked.whole("request")
        would = erasing.preview_of(db, review, one) if is_looked_at else None
        requests.append(_shown(one, asked.by, would))
    return {
        **Shown(db, review, None, "en").head(),
        "requests": requests,
        "kinds": list(KINDS.items()),
        "kept_until": kept_until(db, review, uk_day(datetime.now(UTC))),
    }


def _shown(one: Erasure, by: str, would: Preview | None) -> RequestShown:
    why_not = ""
    try:
        refuse_to_approve(one, by)
    except DecisionRefused as error:
        why_not = refusal_words(error)
    return RequestShown(
        **{**vars(one), "kind": KINDS[one.kind]},
        mine=one.by == by,
        why_not=why_not,
        looked_at=would is not None,
        places=would.places if would else (),
        kept=would.kept if would else (),
        to_read=would.to_read if would else (),
    )


def _request_then(db: Database, sent: Sent, event: int) -> State:
    """How a request had ended, if it had."""
    one = find_erasure(db, find_review(db, sent.review), _number(sent))
    ended = one.ended_event is not None and one.ended_event <= event
    said = (f"{one.outcome} by {one.ended_by}",) if ended else ("open",)
    return State({"state": Part("State", said)}, one.ended_event if ended else None)


def _kept_then(db: Database, sent: Sent, event: int) -> State:
    """Until when the review was to be kept."""
    kept = kept_at(db, find_review(db, sent.review), event)
    return State({"until": Part("Keep until", (kept[0],) if kept else ())}, kept[1] if kept else None)


# --- the forms ---------------------------------------------------------------------------------------------


def request(db: Database, sent: Sent) -> Done:
    """Ask that something be erased; nothing is until another person approves it."""
    kind, target, spellings = _asked(sent)
    because = sent.text("because", needed="Say why.")
    review = find_review(db, sent.review)
    made, _ = erasing.ask_to_erase(
        db, review, kind, target, by=sent.by, because=because, at=sent.at, spellings=spellings
    )
    said = f"Request {made.number} recorded. Nothing is erased until another person approves it."
    return Done(said, to=f"?request={made.number}#request-{made.number}", more={"request": made.number})


def approve(db: Database, sent: Sent) -> Done:
    """Approve another person's request; the words are blanked, and the file is then cleared of them."""
    number, review = _number(sent), find_review(db, sent.review)
    blanked = erasing.blank(db, review, number, by=sent.by, because=sent.text("because"), at=sent.at)
    places = plural(blanked.preview.rows, "place")
    said = f"Request {number} approved: {places} blanked by event {blanked.event}."
    return Done(said, to="?", more={"event": blanked.event}, then=partial(_clear, blanked, said))


def _clear(blanked: erasing.Blanked, said: str, db: Database) -> Done:
    done, more = erasing.clear(db, blanked), [said]
    if not done.cleared:
        more.append("Others were reading an older state, so the file still holds some of it.")
        more.append("Ask whoever runs this server to clear it.")
    elif done.searched.found:
        more.append("Some of these words are still in the file: another review, or what stays, has them too.")
    else:
        size = f"{done.searched.bytes:,} bytes"
        more.append(f"{size} were searched for stretches of these words: none is left in the file.")
    more.append("Backups made earlier still hold the words.")
    told = {"event": done.event, "cleared": done.cleared, "bytes": done.searched.bytes}
    return Done(" ".join(more), to="?", more=told)


def refuse(db: Database, sent: Sent) -> Done:
    """Refuse a request; nothing is erased."""
    return _end(db, sent)


def take_back(db: Database, sent: Sent) -> Done:
    """Take back one's own request; nothing is erased."""
    number = _number(sent)
    found = {one.number: one for one in list_erasures(db, find_review(db, sent.review))}
    if number in found and found[number].by != sent.by:
        raise DecisionRefused(f"request {number} was made by {found[number].by}", hint="It can be refused.")
    return _end(db, sent)


def _end(db: Database, sent: Sent) -> Done:
    number, because = _number(sent), sent.text("because", needed="Say why.")
    ended = end_request(db, find_review(db, sent.review), number, by=sent.by, because=because, at=sent.at)
    said = f"Request {number} {ended.outcome}. Nothing was erased."
    return Done(said, to="?", more={"outcome": ended.outcome})


def retain(db: Database, sent: Sent) -> Done:
    """Set until when the review is kept."""
    sent.need(until="Give a date.", because="Say why.")
    until = sent.day("until")
    if until is None:
        raise Mistakes({"until": "Give a date."})
    review = find_review(db, sent.review)
    kept = set_retention(db, review, until, by=sent.by, because=sent.text("because"), at=sent.at)
    return Done(f"The review is kept until {day_words(kept['keep_until'])}.", to="?", more=dict(kept))


def _asked(sent: Sent) -> tuple[str, str, list[str]]:
    """What is to be erased, as the form says it; raises Mistakes."""
    sent.need(kind="Choose what is to be erased.", target="Give the item, the source or the name.")
    kind = sent.one_of("kind", KINDS)
    spellings = [line for line in sent.text("spellings").splitlines() if line.strip()]
    return kind, sent.text("target", longest=200), spellings if kind == "person" else []


def _number(sent: Sent) -> int:
    number = sent.whole("request", least=1)
    if number is None:
        raise Mistakes({"request": "Choose a request."})
    return number
