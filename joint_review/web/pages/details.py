"""The pages on the details of a source and of a review: corrected, and items of a source withdrawn."""

from __future__ import annotations

from typing import TypedDict

from evidence.at_event import DETAILS_OF_SOURCE, counted_at, source_at
from evidence.correcting import before_words, correct_source, corrections_of_source, renumbered
from evidence.rows import SOURCE_KINDS
from evidence.sources import SourceShown, find_source, withdraw_source
from joint_review.web import wording
from joint_review.web.compat import tilde_decode, tilde_encode
from joint_review.web.forms import Done, Form, Sent
from joint_review.web.page import NAME, REVIEW, Declared, Page
from joint_review.web.request import Asked
from joint_review.web.run_view import Head, Shown
from joint_review.web.state import Part, RestsOn, State
from programme.corrections import (
    CORRECTED,
    Correction,
    change_words,
    correct_review,
    corrections_of,
    review_at,
)
from programme.database import Database, one, rows, rows_as
from programme.permissions import Action
from programme.reviews import Review, find_review
from rules.framework import in_language

OF_SOURCE = REVIEW + "/sources/" + NAME.format("source") + "/details"
OF_REVIEW = REVIEW + "/details"
STATUSES = {"authorised": "authorised", "draft": "draft, may still change"}
LISTED = 100
"""Items that the page names before all of a source are withdrawn; the others are counted."""


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    of_source, of_review = (
        RestsOn(_source_then, fields=DETAILS_OF_SOURCE),
        RestsOn(_review_then, fields=CORRECTED["review"][2]),
    )
    return (
        Page(OF_SOURCE, "source", source),
        Form(OF_SOURCE, "correct", Action.TAG, correct, rests_on=of_source),
        Form(OF_SOURCE, "withdraw", Action.TAG, withdraw, rests_on=RestsOn(_items_then)),
        Page(OF_REVIEW, "review", review),
        Form(OF_REVIEW, "correct", Action.CORRECT_REVIEW, correct_of_review, rests_on=of_review),
    )


class ItemToWithdraw(TypedDict):
    """An item of a source that counts."""

    id: int
    text: str
    domains: str | None
    """Their titles, separated by semicolons."""


class SourceDetailsPage(Head):
    """The details of a source, how they were corrected, and its items that count."""

    source: SourceShown
    corrections: list[Correction]
    kinds: list[tuple[str, str]]
    strands: list[tuple[str, str]]
    statuses: list[tuple[str, str]]
    counting: list[ItemToWithdraw]
    """The items that a withdrawal would withdraw, the first 100."""
    items: int
    """How many there are."""
    rated: list[str]
    """The titles of the domains and questions that they are tagged to."""


class ReviewDetailsPage(Head):
    """The details of a review, and how they were corrected."""

    corrections: list[Correction]


COUNTING = """
select e.id, e.text, (select group_concat(d.title, '; ') from tag t join domain d on d.id = t.domain_id
  where t.evidence_id = e.id and t.withdrawn_event is null) as domains
from evidence e join source s on s.id = e.source_id
where s.review_id = ? and s.ref = ? and e.withdrawn_event is null order by e.id limit ?
"""
RATED = """
select distinct d.title from domain d join tag t on t.domain_id = d.id and t.withdrawn_event is null
join evidence e on e.id = t.evidence_id and e.withdrawn_event is null join source s on s.id = e.source_id
where s.review_id = ? and s.ref = ? order by d.position
"""


def source(db: Database, asked: Asked) -> SourceDetailsPage:
    """The details of a source; what was one of its index numbers before leads to it as well."""
    found = find_review(db, asked.names["review"])
    ref = _ref(db, found, asked.names["source"])
    shown = find_source(db, found, ref)
    return {
        **Shown(db, found, None, "en").head(),
        "source": shown,
        "corrections": corrections_of_source(db, found, ref),
        "kinds": [(kind, wording.SOURCE_KINDS[kind]) for kind in SOURCE_KINDS],
        "strands": _strands(found),
        "statuses": list(STATUSES.items()),
        "counting": rows_as(ItemToWithdraw, db, COUNTING, [found.id, ref, LISTED]),
        "items": shown["items"],
        "rated": [row["title"] for row in rows(db, RATED, [found.id, ref])],
    }


def review(db: Database, asked: Asked) -> ReviewDetailsPage:
    """The details of a review."""
    found = find_review(db, asked.names["review"])
    return {
        **Shown(db, found, None, "en").head(),
        "corrections": corrections_of(db, "review", found.id),
    }


def _strands(found: Review) -> list[tuple[str, str]]:
    return [(strand.id, in_language(strand.title)) for strand in found.framework.strands]


def _ref(db: Database, found: Review, name: str) -> str:
    """The index number that a source has now, from one in an address."""
    ref = str(tilde_decode(name))
    changed = renumbered(db, found).get(ref)
    return changed["now"] if changed else ref


# --- what the forms rest on --------------------------------------------------------------------------------


def _source_then(db: Database, sent: Sent, event: int) -> State:
    """The details of a source at an event."""
    found = find_review(db, sent.review)
    number = _number(db, sent, found)
    details = rows(db, DETAILS_THEN, {"source": number, "event": event})[0]
    names = {"kind": wording.SOURCE_KINDS, "strand": dict(_strands(found)), "status": STATUSES}
    parts = {
        name: Part(TITLES[name], (details[name] or "",), names.get(name, {})) for name in DETAILS_OF_SOURCE
    }
    return State(parts, one(db, LAST_OF_SOURCE, [number, event]))


TITLES = {
    "ref": "Index number",
    "title": "Title",
    "kind": "Kind of source",
    "dated": "Date",
    "status": "Status",
    "strand": "Group of people",
    "authority": "Authority",
    "window_from": "First day of the evidence window",
    "window_to": "Last day of the evidence window",
    "note": "Note",
}
DETAILS_THEN = f"select s.* from {source_at(':event')} s where s.id = :source"
LAST_OF_SOURCE = "select max(added_event) from source_was where source_id = ? and added_event <= ?"
LAST_OF_REVIEW = "select max(added_event) from review_was where review_id = ? and added_event <= ?"


def _review_then(db: Database, sent: Sent, event: int) -> State:
    """The details of a review at an event."""
    found = find_review(db, sent.review)
    then = review_at(db, found, event)
    parts = {name: Part(TITLES[name], (getattr(then, name) or "",)) for name in CORRECTED["review"][2]}
    return State(parts, one(db, LAST_OF_REVIEW, [found.id, event]))


ITEMS_THEN = f"""
select e.id, max(e.added_event, coalesce((select max(x.withdrawn_event) from evidence x
  where x.source_id = e.source_id and x.withdrawn_event <= :event), 0)) as event
from evidence e where e.source_id = :source and {counted_at("e", ":event")} order by e.id
"""


def _items_then(db: Database, sent: Sent, event: int) -> State:
    """The items of a source that counted at an event."""
    number = _number(db, sent, find_review(db, sent.review))
    found = rows(db, ITEMS_THEN, {"source": number, "event": event})
    items = tuple(f"E{row['id']}" for row in found)
    last = "select max(withdrawn_event) from evidence where source_id = ? and withdrawn_event <= ?"
    latest = max((row["event"] for row in found), default=one(db, last, [number, event]))
    return State({"items": Part("Items that count", items)}, latest)


def _number(db: Database, sent: Sent, found: Review) -> int:
    ref = find_source(db, found, _ref(db, found, sent.names["source"]))["source"]
    return int(one(db, "select id from source where review_id = ? and ref = ?", [found.id, ref]))


# --- the forms ---------------------------------------------------------------------------------------------


def correct(db: Database, sent: Sent) -> Done:
    """Correct details of a source, with a reason."""
    found = find_review(db, sent.review)
    because = sent.text("because", needed="Say why.")
    given = {name: sent.text(name) for name in DETAILS_OF_SOURCE if name in sent.fields}
    if not given.get("ref"):
        given.pop("ref", None)
    ref = _ref(db, found, sent.names["source"])
    done = correct_source(db, found, ref, given, by=sent.by, because=because, at=sent.at)
    said = "; ".join(map(change_words, done["correction"]["changes"]))
    before = f" {before_words(done['before'])}." if done["before"] else ""
    return Done(
        f"{done['source']} is corrected: {said}.{before}",
        to=f"/reviews/{found.key}/sources/{tilde_encode(done['source'])}/details",
        more={"source": done["source"], "correction": done["correction"]},
    )


def withdraw(db: Database, sent: Sent) -> Done:
    """Withdraw every item of a source that counts, with a reason."""
    found = find_review(db, sent.review)
    because = sent.text("because", needed="Say why they are withdrawn.")
    ref = _ref(db, found, sent.names["source"])
    gone = withdraw_source(db, found, ref, by=sent.by, because=because, at=sent.at)
    they = "it" if len(gone) == 1 else "them"
    said = f"{wording.plural(len(gone), 'item')} of {ref} withdrawn. Later runs leave {they} out."
    return Done(said, to="?", more={"withdrawn": gone})


def correct_of_review(db: Database, sent: Sent) -> Done:
    """Correct details of a review, with a reason."""
    found = find_review(db, sent.review)
    because = sent.text("because", needed="Say why.")
    given = {name: sent.text(name) for name in CORRECTED["review"][2] if name in sent.fields}
    dates = {name: sent.day(name) for name in DATES if name in given}
    done = correct_review(db, found, {**given, **dates}, by=sent.by, because=because, at=sent.at)
    said = "; ".join(map(change_words, done["changes"]))
    return Done(f"The review is corrected: {said}.", to="?", more={"correction": done})


DATES = ("window_from", "window_to")
