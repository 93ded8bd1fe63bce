"""The pages on blind second coding, as plain data, and their forms: batches, coding, what is settled."""

from __future__ import annotations

from typing import Any

from evidence.coding.agreement import Coding, coding_words
from evidence.coding.second_coding import (
    CodedAs,
    code_item,
    draw_batch,
    find_batch,
    hand_in,
    items_to_code,
    list_batches,
)
from evidence.coding.settlements import list_disagreements, settle
from evidence.items import context_of, find_item
from joint_review.web import wording
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.lists import PAGE_SIZE, paging_of
from joint_review.web.page import REVIEW, Found, Menu, Page, Subject
from joint_review.web.pages.reading import questions_of
from joint_review.web.request import Asked
from joint_review.web.run_view import Shown
from programme.database import Database, rows
from programme.names import same_person
from programme.permissions import Action, make_actor
from programme.reviews import Review, find_review
from programme.users import held_by, list_users
from rules.errors import UnknownName

CODING, APART = REVIEW + "/coding", REVIEW + "/disagreements"


def subject() -> Subject:
    """What these pages answer for."""
    return Subject(
        "coding",
        pages=(
            Page(CODING, "coding", coding, blind=True, menu=Menu("Second coding", 80)),
            Page(APART, "disagreements", disagreements, menu=Menu("Coded differently", 90)),
        ),
        forms=(
            Form(CODING, "draw", Action.SETTLE, draw, blind=True),
            Form(CODING, "code", Action.CODE_AGAIN, code, blind=True),
            Form(CODING, "done", Action.CODE_AGAIN, done, blind=True),
            Form(APART, "settle", Action.SETTLE, settle_item),
        ),
    )


JUDGED = ("direction", "significance", "score")
PLACE = "select id, source_id, quote from evidence where id = ?"


def coding(db: Database, asked: Asked) -> Found:
    """The batches of a review, and one of the reader's own to work on.

    `batches` (see `second_coding.list_batches`, each with `mine`), `coders` (who may be given one),
    `questions` with their domains, and `work`: None or {batch, items (see `second_coding.items_to_code`), now
    (the item to code: the one asked for, or the next; None where all are coded), `page` (the stored page
    around its quote, or None), left (how many are not coded yet)}. Without `batch` the first open one of the
    reader's. Nothing of what others made of the items is in it. Raises UnknownName for a batch or item there
    is not, DecisionRefused for somebody else's.
    """
    key, by = asked.names["review"], asked.by
    batch, item = asked.whole("batch"), asked.whole("item")
    review = find_review(db, key)
    batches = list_batches(db, review)
    found = [{**row, "mine": same_person(row["coder"], by)} for row in batches]
    if batch is None:
        mine = (row for row in batches if same_person(row["coder"], by))
        batch = next((row["number"] for row in mine if row["state"] == "open"), None)
    return {
        **Shown(db, review, None, "en").head(),
        "by": by,
        "batches": found,
        "coders": _coders(db, review),
        "questions": questions_of(review),
        "work": None if batch is None else _work(db, review, batch, by, item),
    }


def _work(db: Database, review: Review, number: int, by: str, item: int | None) -> dict[str, Any]:
    items = items_to_code(db, review, number, by)
    waiting = [row for row in items if not row["coded"] and not row["withdrawn"]]
    here = {row["item"]: row for row in items if not row["withdrawn"]}
    if item is not None and item not in here:
        raise UnknownName(f"item of batch {number}", f"E{item}", [f"E{known}" for known in here])
    now = here[item] if item is not None else waiting[0] if waiting else None
    # Of the item's surroundings the text alone: its neighbours would tell what others made of them.
    page = context_of(db, rows(db, PLACE, [now["item"]])[0])["page"] if now else None
    batch = find_batch(db, review, number)
    return {"batch": batch, "items": items, "now": now, "page": page, "left": len(waiting)}


def _coders(db: Database, review: Review) -> list[str]:
    """Who may be given a batch: who may code again here, and may not open Datasette's tables."""
    found = []
    for user in list_users(db):
        actor = make_actor(user["name"], held_by(db, user["name"]))
        if actor.may(Action.CODE_AGAIN, review.key) and not actor.may(Action.SEE_ALL_REVIEWS):
            found.append(actor.name)
    return found


def disagreements(db: Database, asked: Asked) -> Found:
    """What was coded differently.

    `items`: a page of them (see `settlements.list_disagreements`), those that are still to be settled or with
    `only` 'all' all; each coding with `said` (in words), `settled` too, and `third`: whether the reader coded
    it not, and so may settle it. `paging`, `open` (how many are to be settled), `questions`, and `settling`:
    the item of `item` with `kind` and `scale_max`, or None.
    """
    key, by = asked.names["review"], asked.by
    only, item, page = asked.text("only"), asked.whole("item"), asked.page
    review = find_review(db, key)
    every = list_disagreements(db, review, to=by)
    still = [row for row in every if not row["settled"] and not row["withdrawn"]]
    chosen = every if only == "all" else still
    paging = paging_of(len(chosen), page)
    titles = {name: review.framework.title_of(name) for name in review.framework.domains}
    shown = [_said(row, by, titles) for row in chosen[paging["offset"] : paging["offset"] + PAGE_SIZE]]
    settling = next((_said(row, by, titles) for row in still if row["item"] == item), None)
    if settling:
        known = find_item(db, review, settling["item"])
        settling |= {name: known[name] for name in ("kind", "scale_max", "quote")}
    return {
        **Shown(db, review, None, "en").head(),
        "items": shown,
        "paging": paging,
        "only": only,
        "open": len(still),
        "questions": questions_of(review),
        "settling": settling,
    }


def _said(row: dict[str, Any], by: str, titles: dict[str, str]) -> dict[str, Any]:
    codings = [{**one, "said": coding_words(Coding(**one), titles)} for one in row["codings"]]
    settled = row["settled"]
    if settled:
        judged = {name: settled[name] for name in (*JUDGED, "domains")}
        said = Coding(settled["settled_by"], False, **judged, note=settled["because"])
        settled = {**settled, "said": coding_words(said, titles)}
    third = not any(same_person(one["coder"], by) for one in codings)
    return {**row, "codings": codings, "settled": settled, "third": third}


# --- the forms ---------------------------------------------------------------------------------------------


def draw(db: Database, sent: Sent) -> Done:
    """Draw a batch for a reviewer of this review."""
    review = find_review(db, sent.review)
    coder = sent.one_of("coder", _coders(db, review), needed="Choose who codes them.")
    items, seed = sent.whole("items", least=1), sent.whole("seed")
    if items is None:
        raise Mistakes({"items": "Say how many."})
    batch = draw_batch(
        db,
        review,
        coder=coder,
        items=items,
        seed=seed or 0,
        by_domain=sent.ticked("by_domain"),
        passages=sent.ticked("passages"),
        by=sent.by,
        at=sent.at,
    )
    said = f"Batch {batch['number']}: {items:,} of {batch['drawn_from']:,} items drawn for {coder}."
    return Done(said, to="?", more={"batch": batch["number"]})


def code(db: Database, sent: Sent) -> Done:
    """Store what the coder makes of an item, and go on to the next."""
    review, number, item = find_review(db, sent.review), _number(sent, "batch"), _number(sent, "item")
    kinds = {row["item"]: row["kind"] for row in items_to_code(db, review, number, sent.by)}
    judgement = _judgement(sent, kinds.get(item, ""))
    code_item(db, review, number, item, judgement, note=sent.text("note"), by=sent.by, at=sent.at)
    return Done(f"E{item} is coded.", to=f"?batch={number}", more={"item": item})


def done(db: Database, sent: Sent) -> Done:
    """Hand in a batch."""
    review, number = find_review(db, sent.review), _number(sent, "batch")
    batch = hand_in(db, review, number, by=sent.by, at=sent.at, because=sent.text("because"))
    said = f"Batch {number} is handed in: {batch['coded']:,} of {batch['items']:,} items coded."
    return Done(said, to=f"?batch={number}", more={"batch": number})


def settle_item(db: Database, sent: Sent) -> Done:
    """Settle what was coded differently."""
    review, item = find_review(db, sent.review), _number(sent, "item")
    kind = find_item(db, review, item)["kind"]
    sent.need(because="Say why.", **(wording.NEEDED if kind == "finding" else {}))
    judgement, because = _judgement(sent, kind), sent.text("because")
    now = settle(db, review, item, judgement, by=sent.by, because=because, at=sent.at)
    said = f"E{item} is settled." if now == item else f"E{item} is settled; it is E{now} now."
    return Done(said, to="?", more={"item": now})


def _number(sent: Sent, name: str) -> int:
    number = sent.whole(name, least=1)
    if number is None:
        raise Mistakes({name: f"No {name} is named."})
    return number


def _judgement(sent: Sent, kind: str) -> CodedAs:
    """What a form says of an item of a kind; raises Mistakes for what is missing."""
    domains = tuple(sent.texts("domain"))
    if kind == "finding":
        sent.need(**wording.NEEDED)
        direction, significance = sent.text("direction"), sent.text("significance")
        if significance not in ("1", "2", "3"):
            raise Mistakes({"significance": wording.NEEDED["significance"]})
        return CodedAs(direction, int(significance), None, domains)
    if kind == "case_score":
        text = sent.text("score", needed="Give the score.")
        try:
            return CodedAs(score=float(text), domains=domains)
        except ValueError:
            raise Mistakes({"score": f"{text[:20]!r} is not a number."}) from None
    return CodedAs(domains=domains)
