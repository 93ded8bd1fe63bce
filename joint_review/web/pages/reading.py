"""The page on which a source is read and tagged, as plain data, and its forms."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, TypedDict
from urllib.parse import urlencode

from evidence.anchors import Placed, Standing, find_quote, places_of, texts_of
from evidence.extents import EXTENT_TEXT, in_words
from evidence.findings import Passage, Said, change_finding, place_quote, record_finding
from evidence.items import ItemFilter, tag_items, withdraw_item
from evidence.sentences import paragraphs_of
from evidence.sources import SourceShown, find_source
from evidence.states import item_now, item_then
from exchange.evidence import evidence_tables
from exchange.tables import OutTable
from joint_review.web import wording
from joint_review.web.cache import supports_of_latest
from joint_review.web.compat import tilde_decode
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.lists import ItemLine, item_line
from joint_review.web.page import NAME, REVIEW, Declared, Page
from joint_review.web.request import Asked, AskedWrongly
from joint_review.web.run_view import Head, Shown
from joint_review.web.state import Part, RestsOn, State
from joint_review.web.support import RestingOn, resting_on
from programme.corrections import Correction, corrections_of
from programme.database import Database, one, rows, rows_as
from programme.permissions import Action
from programme.reviews import Review, find_review
from rules.errors import EvidenceInvalid, UnknownName
from rules.framework import in_language
from rules.words import SIGNIFICANCE

SOURCE = REVIEW + "/sources/" + NAME.format("source")


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(SOURCE, "source", source, goes_out=items_of_source),
        Form(SOURCE, "record", Action.TAG, record, rests_on=None),
        Form(SOURCE, "change", Action.TAG, change, rests_on=ITEM),
        Form(SOURCE, "withdraw", Action.TAG, withdraw, rests_on=RestsOn(_item_then, fields=("item",))),
        Form(SOURCE, "place", Action.TAG, place, rests_on=RestsOn(_place_then, fields=("item", "place"))),
        Form(SOURCE, "tag", Action.TAG, tag_many, rests_on=RestsOn(_items_then, ticks=("item",))),
    )


MOST_BESIDE = 300
"""Items without a place in the text that are shown; the others stand in the list of items."""
MOST_PLACES = 20

ITEMS = f"""
select e.*, {EXTENT_TEXT} as extent, s.ref as source, s.kind as source_kind, s.title as source_title,
  (select group_concat(d.key, ';') from tag t join domain d on d.id = t.domain_id
    where t.evidence_id = e.id and t.withdrawn_event is null) as domains,
  (select group_concat(distinct t.tagged_by) from tag t
    where t.evidence_id = e.id and t.withdrawn_event is null) as taggers
from evidence e join source s on s.id = e.source_id
where e.source_id = ? and e.withdrawn_event is null order by e.id
"""
# The untagged items of a review in the order in which they are gone through, and which comes next. What is
# tagged is told from two indexes alone (`tag_once` holds the coalesce), no row of it is read: this stands on
# every page of a source.
UNTAGGED = """
with loose as materialized (
  select e.id from evidence e where e.review_id = :review
    and not exists (select 1 from tag t where t.evidence_id = e.id and coalesce(t.withdrawn_event, 0) = 0)),
waiting as (
  select e.id, s.ref, coalesce(a.page, 0) as page, coalesce(a.starts, 0) as starts
  from loose join evidence e using (id) join source s on s.id = e.source_id
  left join anchor a on a.evidence_id = e.id
  where e.withdrawn_event is null)
"""
NEXT = (
    UNTAGGED
    + """
select w.id as item, w.ref as source, w.page, (select count(*) from waiting) as waiting
from waiting w
order by (w.ref, w.page, w.starts, w.id) > (:ref, :page, :starts, :item) desc, w.ref, w.page, w.starts, w.id
limit 1
"""
)


@dataclass(frozen=True)
class Reading:
    """What of a source is asked for; empty means any."""

    page: int | None = None
    item: int | None = None
    """The item that is looked at: its page is shown."""
    change: int | None = None
    """The item that is to be changed."""
    domain: str = ""
    reviewer: str = ""
    only: str = ""
    """'untagged', or empty."""

    def fits(self, item: dict[str, Any]) -> bool:
        """Whether an item passes the filter."""
        domains = (item["domains"] or "").split(";")
        people = {item["recorded_by"], *(item["taggers"] or "").split(",")}
        return (
            (not self.domain or self.domain in domains)
            and (not self.reviewer or self.reviewer in people)
            and (self.only != "untagged" or not item["domains"])
        )


class Piece(TypedDict):
    """A stretch of a sentence, with the numbers of the items whose passages it belongs to."""

    start: int
    text: str
    items: list[int]
    begun: list[int]
    """Those whose passages begin here."""
    last: list[int]
    """Those whose passages end here."""


class Sentence(TypedDict):
    """A sentence of the text; from and to in code points."""

    start: int
    end: int
    pieces: list[Piece]


class TextBlock(TypedDict):
    """A paragraph of the text, and the items that begin in it."""

    start: int
    end: int
    sentences: list[Sentence]
    items: list[ItemLine]


class QuestionNamed(TypedDict):
    """A question, with id and title of its domains."""

    id: str
    title: str
    domains: list[tuple[str, str]]


class NextUntagged(TypedDict):
    """The next untagged item, and how many there are."""

    item: int
    source: str
    page: int
    waiting: int


class FilterGiven(TypedDict):
    """Which items are asked for."""

    domain: str
    reviewer: str
    only: str


class SourcePage(Head):
    """A source to be read and tagged.

    An item is as in lists (see `lists.item_line`) with `standing` (see `anchors.Standing`), `anchor`, `times`
    and `shown`, whether it passes the filter.
    """

    source: SourceShown
    corrections: list[Correction]
    page: int | None
    pages: int
    blocks: list[TextBlock]
    """The text of the page."""
    unplaced: list[ItemLine]
    """Items without a known place in the text."""
    more_unplaced: int
    elsewhere: int
    """How many stand on other pages."""
    items: int
    questions: list[QuestionNamed]
    strands: list[tuple[str, str]]
    reviewers: list[str]
    filter: FilterGiven
    filtered: bool
    next: NextUntagged | None
    changing: ItemLine | None
    """The item to be changed, with `tagged` and the `places` to choose from; None where no item of that
    number counts."""
    resting: RestingOn | None
    """What rests on it."""


def source(db: Database, asked: Asked) -> SourcePage:
    """A source to be read and tagged."""
    key, ref = asked.names["review"], tilde_decode(asked.names["source"])
    change_asked = asked.whole("change")
    reading = Reading(
        page=asked.whole("page"),
        item=asked.whole("item"),
        # Somebody else may have changed it: what has taken its place is changed instead.
        change=change_asked and item_now(db, change_asked),
        **{name: asked.text(name) for name in ("domain", "reviewer", "only")},
    )
    review = find_review(db, key)
    found = find_source(db, review, ref)
    if reading.domain and reading.domain not in review.framework.domains:
        unknown = UnknownName("domain", reading.domain, review.framework.domains)
        raise AskedWrongly(unknown.message, hint=unknown.hint)
    source_id = int(one(db, "select id from source where review_id = ? and ref = ?", [review.id, ref]))
    pages = texts_of(db, source_id)
    placed = places_of(db, source_id, pages)
    items = [_item(review, row, placed[row["id"]], reading) for row in rows(db, ITEMS, [source_id])]
    number = _page_asked(reading, placed, pages, ref)
    here = [item for item in items if _page_of(item) == number and item["standing"] == Standing.PLACED]
    unplaced = [item for item in items if item["standing"] != Standing.PLACED and item["shown"]]
    text = dict(pages).get(number or 0, "")
    return {
        **Shown(db, review, None, "en").head(),
        "source": found,
        "corrections": corrections_of(db, "source", source_id),
        "page": number,
        "pages": len(pages),
        "blocks": list(_blocks(text, here)),
        "unplaced": unplaced[:MOST_BESIDE],
        "more_unplaced": max(0, len(unplaced) - MOST_BESIDE),
        "elsewhere": sum(
            item["standing"] == Standing.PLACED and item["shown"] and _page_of(item) != number
            for item in items
        ),
        "items": len(items),
        "questions": questions_of(review),
        "strands": [(strand.id, in_language(strand.title)) for strand in review.framework.strands],
        "reviewers": sorted({name for item in items for name in _people(item)}),
        "filter": {"domain": reading.domain, "reviewer": reading.reviewer, "only": reading.only},
        "filtered": bool(reading.domain or reading.reviewer or reading.only),
        "next": _next(db, review, ref, number, reading, placed),
        "changing": _changing(items, reading, pages),
        "resting": resting_on(supports_of_latest(db, review), review.framework, ref),
    }


def items_of_source(db: Database, asked: Asked) -> Iterator[OutTable]:
    """A source and all of its items, in the layouts of imports."""
    review = find_review(db, asked.names["review"])
    ref = find_source(db, review, tilde_decode(asked.names["source"]))["source"]
    return evidence_tables(db, review, chosen=ItemFilter(source=ref))


def _people(item: ItemLine) -> set[str]:
    return {item["recorded_by"], *(item["taggers"] or "").split(",")} - {""}


def _item(review: Review, row: dict[str, Any], placed: Placed, asked: Reading) -> ItemLine:
    return {
        **item_line(review.framework, row),
        "shown": asked.fits(row),
        "standing": placed.standing,
        "times": placed.times,
        "anchor": asdict(placed.anchor) if placed.anchor else None,
    }


def _page_of(item: ItemLine) -> int | None:
    return item["anchor"]["page"] if item["anchor"] else None


def _page_asked(
    asked: Reading, placed: dict[int, Placed], pages: Sequence[tuple[int, str]], ref: str
) -> int | None:
    """The page to show: the one asked for, or that of the item, or the first; None without any text."""
    item = placed.get(asked.item or asked.change or 0)
    page = asked.page
    if page is None and item and item.standing is Standing.PLACED and item.anchor:
        page = item.anchor.page
    numbers = [number for number, _ in pages]
    if page is None:
        return numbers[0] if numbers else None
    if page not in numbers:
        hint = f"It has the pages 1 to {len(numbers):,}." if numbers else "No text of it is stored."
        raise EvidenceInvalid(f"the source {ref} has no page {page}", hint=hint)
    return page


def questions_of(review: Review) -> list[QuestionNamed]:
    """The questions of a review's framework."""
    return [
        {
            "id": question.id,
            "title": in_language(question.title),
            "domains": [(domain.id, in_language(domain.title)) for domain in question.domains],
        }
        for question in review.framework.questions
    ]


def _next(
    db: Database, review: Review, ref: str, page: int | None, asked: Reading, placed: dict[int, Placed]
) -> NextUntagged | None:
    here = placed.get(asked.item or 0)
    anchor = here.anchor if here else None
    at = {
        "review": review.id,
        "ref": ref,
        # Items that have no anchor of their own come first in their source.
        "page": anchor.page if anchor else 0 if here or not page else page,
        "starts": anchor.start if anchor else -1,
        "item": asked.item or 0,
    }
    found = rows_as(NextUntagged, db, NEXT, at)
    return found[0] if found else None


def _changing(items: Iterable[ItemLine], asked: Reading, pages: Sequence[tuple[int, str]]) -> ItemLine | None:
    found = next((item for item in items if item["id"] == asked.change), None)
    if found is None:
        return None
    several = found["standing"] == Standing.SEVERAL
    places = find_quote(pages, found["quote"], MOST_PLACES) if several else []
    tagged = [domain["id"] for domain in found["domains"] or []]
    return {**found, "tagged": tagged, "places": [asdict(one) for one in places]}


# --- the text, cut where something begins or ends ----------------------------------------------------------


def _blocks(text: str, items: Sequence[ItemLine]) -> Iterable[TextBlock]:
    """The paragraphs of a page, each with its sentences, and the items that begin in it."""
    shown = sorted(
        (item for item in items if item["shown"]), key=lambda item: (item["anchor"]["start"], item["id"])
    )
    begins = [item["anchor"]["start"] for item in shown]
    marks = _Marks([(item["anchor"]["start"], item["anchor"]["end"], item["id"]) for item in shown])
    for passage in paragraphs_of(text):
        yield {
            "start": passage.start,
            "end": passage.end,
            "sentences": [
                {
                    "start": first,
                    "end": last,
                    "pieces": list(_pieces(text, first, last, marks.on(first, last))),
                }
                for first, last in passage.sentences
            ],
            "items": shown[bisect_left(begins, passage.start) : bisect_left(begins, passage.end)],
        }


class _Marks:
    """Where passages begin and end, gone through once with the text."""

    def __init__(self, marks: Sequence[tuple[int, int, int]]) -> None:
        self.coming = deque(marks)
        self.open: list[tuple[int, int, int]] = []

    def on(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """Those that touch this stretch; stretches are asked for in the order of the text."""
        while self.coming and self.coming[0][0] < end:
            self.open.append(self.coming.popleft())
        self.open = [mark for mark in self.open if mark[1] > start]
        return sorted(self.open, key=lambda mark: mark[2])


def _pieces(text: str, start: int, end: int, marks: Sequence[tuple[int, int, int]]) -> Iterable[Piece]:
    """A sentence in pieces, each with the items whose passages it belongs to."""
    inside = [(first, last, item) for first, last, item in marks if first < end and last > start]
    edges = {edge for first, last, _ in inside for edge in (first, last) if start < edge < end}
    for first, last in pairwise([start, *sorted(edges), end]):
        held = [item for begins, ends, item in inside if begins <= first and last <= ends]
        begun = [item for begins, _, item in inside if begins == first]
        ended = [item for _, ends, item in inside if ends == last]
        yield {"start": first, "text": text[first:last], "items": held, "begun": begun, "last": ended}


# --- what the forms rest on --------------------------------------------------------------------------------


def _item_then(db: Database, sent: Sent, event: int) -> State:
    """An item at an event, part by part as the forms on it name them."""
    review = find_review(db, sent.review)
    item = item_then(db, review, _number(sent), event)
    if item is None:
        return State({})
    framework = review.framework
    strands = {strand.id: in_language(strand.title) for strand in framework.strands}
    titles = {name: framework.title_of(name) for name in framework.domains}
    parts = {
        "item": Part("", (str(item["item"]),)),
        "finding": Part("The finding", (item["text"],)),
        "direction": Part("Direction", (item["direction"],), wording.DIRECTIONS),
        "significance": Part("Significance", (item["significance"],), LEVELS),
        "extent": Part("How widespread", (item["extent"],)),
        "strand": Part("Group of people", (item["strand"],), strands),
        "domain": Part("Domains", tuple(item["domains"]), titles),
        "withdrawn": Part("Withdrawn", (item["withdrawn"],)),
    }
    return State(parts, item["event"])


LEVELS = {str(number): words.capitalize() for number, words in SIGNIFICANCE.items()}
ITEM = RestsOn(
    _item_then,
    fields=("item", "finding", "direction", "significance", "extent", "strand"),
    ticks=("domain",),
)


def _place_then(db: Database, sent: Sent, event: int) -> State:
    """Where the quote of an item was known to be at an event."""
    item = item_then(db, find_review(db, sent.review), _number(sent), event)
    if item is None:
        return State({})
    parts = {
        "item": Part("", (str(item["item"]),)),
        "place": Part("Page and first character", (item["place"],)),
        "withdrawn": Part("Withdrawn", (item["withdrawn"],)),
    }
    return State(parts, item["event"])


def _items_then(db: Database, sent: Sent, event: int) -> State:
    """The items that are ticked, at an event: what each of them says, and what has taken its place."""
    review = find_review(db, sent.review)
    numbers = [int(text) for text in sent.texts("item") if re.fullmatch(r"[0-9]{1,15}", text)]
    there = [(number, item) for number in numbers if (item := item_then(db, review, number, event))]
    parts = {"item": Part("", tuple(str(item["item"]) for _, item in there))}
    for number, item in there:
        judged = (
            wording.DIRECTIONS.get(item["direction"]),
            LEVELS.get(item["significance"]),
            in_words(item["extent"]),
        )
        says = filter(None, (item["text"], *judged, item["withdrawn"]))
        parts[f"E{number}"] = Part(f"E{number}", (", ".join(says),))
    return State(parts, max((item["event"] for _, item in there), default=None))


# --- the forms ---------------------------------------------------------------------------------------------


def _said(sent: Sent) -> Said:
    sent.need(**wording.NEEDED)
    return Said(
        finding=sent.text("finding"),
        direction=sent.text("direction"),
        significance=sent.text("significance"),
        extent=sent.text("extent") if "extent" in sent.fields else None,
        strand=sent.text("strand"),
        domains=tuple(sent.texts("domain")),
        note=sent.text("note"),
    )


def _ref(sent: Sent) -> str:
    return str(tilde_decode(sent.names["source"]))


def _at(page: Any, item: int) -> str:
    query = {"page": page, "item": item} if page else {"item": item}
    return f"?{urlencode(query)}#E{item}"


def record(db: Database, sent: Sent) -> Done:
    """Record what was selected, or typed as the words of the source, as a finding."""
    review = find_review(db, sent.review)
    page, start, quote = sent.whole("on_page", least=1), sent.whole("start"), sent.text("quote")
    if chosen := sent.text("place"):
        page, start = _place(chosen)
    passage = Passage(quote, page, start, sent.text("locator", longest=300))
    number = record_finding(db, review, _ref(sent), passage, _said(sent), by=sent.by, at=sent.at)
    return Done(f"Recorded as E{number}.", to=_at(page if quote else None, number), more={"item": number})


def _place(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", text)
    if not found:
        raise Mistakes({"place": "Choose one of the places."})
    return int(found[1]), int(found[2])


def _number(sent: Sent) -> int:
    number = sent.whole("item", least=1)
    if number is None:
        raise Mistakes({"item": "No item was chosen."})
    return number


def change(db: Database, sent: Sent) -> Done:
    """Change what an item says, and its domains."""
    review, number = find_review(db, sent.review), _number(sent)
    said = _said(sent)
    new = change_finding(db, review, number, said, by=sent.by, because=sent.text("because"), at=sent.at)
    done = f"E{number} is changed." if new == number else f"E{number} is changed; it is E{new} now."
    return Done(done, to=_at(None, new), more={"item": new})


def withdraw(db: Database, sent: Sent) -> Done:
    """Withdraw an item, with a reason."""
    review, number = find_review(db, sent.review), _number(sent)
    because = sent.text("because", needed="Say why it is withdrawn.")
    withdraw_item(db, review, number, by=sent.by, because=because, at=sent.at)
    page = sent.whole("on_page", least=1)
    return Done(f"E{number} is withdrawn.", to=f"?page={page}" if page else "?", more={"item": number})


def place(db: Database, sent: Sent) -> Done:
    """Say which of several places an item's quote means."""
    review, number = find_review(db, sent.review), _number(sent)
    page, start = _place(sent.text("place", needed="Choose one of the places."))
    place_quote(db, review, number, page, start, by=sent.by, at=sent.at)
    return Done(f"The place of E{number} is recorded.", to=_at(page, number), more={"item": number})


def tag_many(db: Database, sent: Sent) -> Done:
    """Tag all items that are ticked to the domains that are ticked."""
    review = find_review(db, sent.review)
    numbers = sent.texts("item")
    if not numbers:
        raise Mistakes({"item": "Tick at least one item."})
    if not all(re.fullmatch(r"[0-9]{1,15}", number) for number in numbers):
        raise Mistakes({"item": "One of the item numbers is not valid."})
    domains = sent.texts("domain")
    if not domains:
        raise Mistakes({"domain": "Choose at least one domain."})
    wanted = [int(number) for number in numbers]
    done = tag_items(db, review, wanted, domains, by=sent.by, at=sent.at, note=sent.text("note"))
    new = sum(1 for added in done.values() if added)
    titles = ", ".join(review.framework.title_of(domain) for domain in domains)
    said = f"{wording.plural(new, 'item')} tagged to {titles}."
    return Done(said, more={"tagged": {f"E{number}": added for number, added in done.items()}})
