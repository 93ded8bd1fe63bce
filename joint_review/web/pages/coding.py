"""The pages on blind second coding, as plain data, and their forms: batches, coding, what is settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from evidence.coding import second_coding, settlements
from evidence.coding.agreement import Coding, coding_words
from evidence.coding.leaving import left_then
from evidence.coding.states import batch_then, coders_then, coding_then, open_then, settled_then
from evidence.items import AroundQuote, context_of, find_item
from evidence.states import item_then
from joint_review.web import wording
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.lists import PAGE_SIZE, Paging, paging_of
from joint_review.web.page import REVIEW, Declared, Menu, Page, listing
from joint_review.web.pages.reading import QuestionNamed, questions_of
from joint_review.web.request import Asked
from joint_review.web.run_view import Head, Shown
from joint_review.web.state import Part, RestsOn, State
from joint_review.web.wording import plural
from programme.database import Database, rows
from programme.names import same_person
from programme.permissions import Action, make_actor
from programme.reviews import Review, find_review
from programme.users import held_by, list_users
from rules.errors import UnknownName
from rules.words import SIGNIFICANCE

CODING, APART = REVIEW + "/coding", REVIEW + "/disagreements"


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(CODING, "coding", coding, blind=True, menu=Menu("Second coding", 80)),
        listing(APART, "disagreements", disagreements, "items", Menu("Coded differently", 90)),
        Form(CODING, "draw", Action.SETTLE, draw, blind=True, rests_on=RestsOn(_open_then)),
        Form(CODING, "code", Action.CODE_AGAIN, code, blind=True, rests_on=CODED),
        Form(CODING, "done", Action.CODE_AGAIN, done, blind=True, rests_on=RestsOn(_batch_then)),
        Form(APART, "settle", Action.SETTLE, settle_item, rests_on=RestsOn(_apart_then)),
    )


PLACE = "select id, source_id, quote from evidence where id = ?"


class BatchListed(second_coding.Batch):
    """A batch, and whether it is the reader's own."""

    mine: bool


class Work(TypedDict):
    """A batch of the reader's own; nothing of what others made of the items is in it."""

    batch: second_coding.Batch
    items: list[second_coding.ItemToCode]
    now: second_coding.ItemToCode | None
    """The item to code: the one asked for, or the next; None where all are coded."""
    page: AroundQuote | None
    """The stored page around its quote."""
    left: int
    """How many are not coded yet."""


class CodingPage(Head):
    """The batches of a review, and one of the reader's own to work on."""

    by: str
    batches: list[BatchListed]
    coders: list[str]
    """Who may be given one."""
    questions: list[QuestionNamed]
    work: Work | None


@dataclass(frozen=True)
class CodingSaid(Coding):
    """What one person made of an item, also in words."""

    said: str


class SettledSaid(settlements.Settled):
    """How a difference was settled, also in words."""

    said: str


@dataclass(frozen=True)
class Apart(settlements.CodedDifferently):
    """An item that people coded differently, in words."""

    codings: tuple[CodingSaid, ...]
    settled: SettledSaid | None
    third: bool
    """Whether the reader did not code it, and so may settle it."""


@dataclass(frozen=True)
class Settling(Apart):
    """An item that is to be settled."""

    kind: str
    scale_max: float | None
    quote: str


class DisagreementsPage(Head):
    """What was coded differently."""

    items: list[Apart]
    """A page of them: those that are still to be settled, or with `only` 'all' all."""
    paging: Paging
    only: str
    open: int
    """How many are to be settled."""
    questions: list[QuestionNamed]
    settling: Settling | None
    """The item that was asked for."""


def coding(db: Database, asked: Asked) -> CodingPage:
    """The batches of a review, and one of the reader's own to work on; without one named the first open one.

    Raises UnknownName for a batch or item there is not, DecisionRefused for somebody else's.
    """
    key, by = asked.names["review"], asked.by
    batch, item = asked.whole("batch"), asked.whole("item")
    review = find_review(db, key)
    batches = second_coding.list_batches(db, review)
    found: list[BatchListed] = [{**row, "mine": same_person(row["coder"], by)} for row in batches]
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


def _work(db: Database, review: Review, number: int, by: str, item: int | None) -> Work:
    items = second_coding.items_to_code(db, review, number, by)
    waiting = [row for row in items if not row["coded"] and not row["withdrawn"]]
    here = {row["item"]: row for row in items if not row["withdrawn"]}
    if item is not None and item not in here:
        if all(row["item"] != item for row in items):
            raise UnknownName(f"item of batch {number}", f"E{item}", [f"E{known}" for known in here])
        item = None  # it left the batch: the page says so, and goes on with the next
    now = here[item] if item is not None else waiting[0] if waiting else None
    # Of the item's surroundings the text alone: its neighbours would tell what others made of them.
    page = context_of(db, rows(db, PLACE, [now["item"]])[0])["page"] if now else None
    batch = second_coding.find_batch(db, review, number)
    return {"batch": batch, "items": items, "now": now, "page": page, "left": len(waiting)}


def _coders(db: Database, review: Review) -> list[str]:
    """Who may be given a batch: who may code again here, and may not open Datasette's tables."""
    found = []
    for user in list_users(db):
        actor = make_actor(user["name"], held_by(db, user["name"]))
        if actor.may(Action.CODE_AGAIN, review.key) and not actor.may(Action.SEE_ALL_REVIEWS):
            found.append(actor.name)
    return found


def disagreements(db: Database, asked: Asked) -> DisagreementsPage:
    """What was coded differently."""
    key, by = asked.names["review"], asked.by
    only, item, page = asked.text("only"), asked.whole("item"), asked.page
    review = find_review(db, key)
    every = settlements.list_disagreements(db, review, to=by)
    still = [row for row in every if not row.settled and not row.withdrawn]
    chosen = every if only == "all" else still
    paging = paging_of(len(chosen), page)
    titles = {name: review.framework.title_of(name) for name in review.framework.domains}
    shown = [_said(row, by, titles) for row in chosen[paging["offset"] : paging["offset"] + PAGE_SIZE]]
    settling: Settling | None = None
    if here := next((_said(row, by, titles) for row in still if row.item == item), None):
        known = find_item(db, review, here.item)
        settling = Settling(
            **vars(here), kind=known["kind"], scale_max=known["scale_max"], quote=known["quote"]
        )
    return {
        **Shown(db, review, None, "en").head(),
        "items": shown,
        "paging": paging,
        "only": only,
        "open": len(still),
        "questions": questions_of(review),
        "settling": settling,
    }


def _said(row: settlements.CodedDifferently, by: str, titles: dict[str, str]) -> Apart:
    settled: SettledSaid | None = None
    if row.settled:
        settled = {**row.settled, "said": settlements.settlement_words(row.settled, titles)}
    in_words = {
        "codings": tuple(CodingSaid(**vars(one), said=coding_words(one, titles)) for one in row.codings),
        "settled": settled,
    }
    third = not any(same_person(one.coder, by) for one in row.codings)
    return Apart(**{**vars(row), **in_words}, third=third)


# --- what the forms rest on --------------------------------------------------------------------------------


def _open_then(db: Database, sent: Sent, event: int) -> State:
    """The batches that the coder had open."""
    coder = sent.text("coder")
    found = open_then(db, find_review(db, sent.review), coder, event)
    said = (f"batch {one['number']}: {plural(one['items'], 'item')}, drawn by {one['by']}" for one in found)
    last = max((one["added_event"] for one in found), default=0)
    return State({"open": Part(f"Open batches of {coder}", tuple(said))}, last)


def _coding_then(db: Database, sent: Sent, event: int) -> State:
    """What the coder had made of the item, and whether it was still in the batch."""
    review, batch, number = find_review(db, sent.review), _number(sent, "batch"), _number(sent, "item")
    # Nobody but its coder is shown what they made of it.
    mine = same_person(second_coding.find_batch(db, review, batch)["coder"], sent.by)
    own = coding_then(db, batch, number, event) if mine else None
    left = left_then(db, review, number, event)
    parts = {"left": Part("Left the batch", (left.words,) if left else ())}
    if own:
        titles = {name: review.framework.title_of(name) for name in review.framework.domains}
        levels = {str(level): words.capitalize() for level, words in SIGNIFICANCE.items()}
        parts |= {
            "direction": Part("Direction", (own["direction"],), wording.DIRECTIONS),
            "significance": Part("Significance", (own["significance"],), levels),
            "score": Part("Score", (own["score"],)),
            "domain": Part("Domains", tuple(own["domains"]), titles),
            "note": Part("Note", (own["note"],)),
        }
    return State(parts, left.event if left else own and own["added_event"])


CODED = RestsOn(_coding_then, fields=("direction", "significance", "score", "note"), ticks=("domain",))


def _batch_then(db: Database, sent: Sent, event: int) -> State:
    """How far the batch was."""
    found = batch_then(db, find_review(db, sent.review), _number(sent, "batch"), event)
    if found is None:
        return State({})
    parts = {
        "coded": Part("Items coded", (str(found["coded"]),)),
        "gone": Part("Items that left the batch", (str(found["gone"]),)),
        "done": Part("Handed in by", (found["done_by"],)),
    }
    return State(parts, found["event"])


def _apart_then(db: Database, sent: Sent, event: int) -> State:
    """The item that is to be settled, who had coded it, and whether it was settled."""
    number = _number(sent, "item")
    item = item_then(db, find_review(db, sent.review), number, event)
    if item is None:
        return State({})
    judged = [wording.DIRECTIONS.get(item["direction"], ""), str(item["value"] or "")]
    judged += [SIGNIFICANCE[int(item["significance"])] if item["significance"] else "", *item["domains"]]
    parts = {
        "item": Part("The item", (", ".join(filter(None, (item["text"], *judged, item["withdrawn"]))),)),
        "coders": Part("Coded by", tuple(coders_then(db, number, event))),
        "settled": Part("Settled", (settled_then(db, number, event),)),
    }
    return State(parts, item["event"])


# --- the forms ---------------------------------------------------------------------------------------------


def draw(db: Database, sent: Sent) -> Done:
    """Draw a batch for a reviewer of this review."""
    review = find_review(db, sent.review)
    coder = sent.one_of("coder", _coders(db, review), needed="Choose who codes them.")
    items, seed = sent.whole("items", least=1), sent.whole("seed")
    if items is None:
        raise Mistakes({"items": "Say how many."})
    batch = second_coding.draw_batch(
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
    drawn = f"{items:,} of {wording.plural(batch['drawn_from'], 'item')}"
    said = f"Batch {batch['number']}: {drawn} drawn for {coder}."
    return Done(said, to="?", more={"batch": batch["number"]})


def code(db: Database, sent: Sent) -> Done:
    """Store what the coder makes of an item, and go on to the next."""
    review, number, item = find_review(db, sent.review), _number(sent, "batch"), _number(sent, "item")
    kinds = {row["item"]: row["kind"] for row in second_coding.items_to_code(db, review, number, sent.by)}
    judgement = _judgement(sent, kinds.get(item, ""))
    second_coding.code_item(
        db, review, number, item, judgement, note=sent.text("note"), by=sent.by, at=sent.at
    )
    return Done(f"E{item} is coded.", to=f"?batch={number}", more={"item": item})


def done(db: Database, sent: Sent) -> Done:
    """Hand in a batch."""
    review, number = find_review(db, sent.review), _number(sent, "batch")
    batch = second_coding.hand_in(db, review, number, by=sent.by, at=sent.at, because=sent.text("because"))
    coded = f"{batch['coded']:,} of {wording.plural(batch['items'], 'item')}"
    said = f"Batch {number} is handed in: {coded} coded."
    return Done(said, to=f"?batch={number}", more={"batch": number})


def settle_item(db: Database, sent: Sent) -> Done:
    """Settle what was coded differently."""
    review, item = find_review(db, sent.review), _number(sent, "item")
    kind = find_item(db, review, item)["kind"]
    sent.need(because="Say why.", **(wording.NEEDED if kind == "finding" else {}))
    judgement, because = _judgement(sent, kind), sent.text("because")
    now = settlements.settle(db, review, item, judgement, by=sent.by, because=because, at=sent.at)
    said = f"E{item} is settled." if now == item else f"E{item} is settled; it is E{now} now."
    return Done(said, to="?", more={"item": now})


def _number(sent: Sent, name: str) -> int:
    number = sent.whole(name, least=1)
    if number is None:
        raise Mistakes({name: f"The number of the {name} is missing."})
    return number


def _judgement(sent: Sent, kind: str) -> second_coding.CodedAs:
    """What a form says of an item of a kind; raises Mistakes for what is missing."""
    domains = tuple(sent.texts("domain"))
    if kind == "finding":
        sent.need(**wording.NEEDED)
        direction, significance = sent.text("direction"), sent.text("significance")
        if significance not in ("1", "2", "3"):
            raise Mistakes({"significance": wording.NEEDED["significance"]})
        return second_coding.CodedAs(direction, int(significance), None, domains)
    if kind == "case_score":
        text = sent.text("score", needed="Give the score.")
        try:
            return second_coding.CodedAs(score=float(text), domains=domains)
        except ValueError:
            raise Mistakes({"score": f"{text[:20]!r} is not a number."}) from None
    return second_coding.CodedAs(domains=domains)
