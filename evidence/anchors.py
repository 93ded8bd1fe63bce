"""Anchors: where an item's quote stands in the stored text of its source.

An anchor says it twice, as the two text selectors of the W3C's Web Annotation Data Model: by position
(TextPositionSelector) and by the words with what stands around them (TextQuoteSelector). Positions count
Unicode code points of the stored page, which is in NFC and never changes. An anchor that does not hold is
lost: that is said, and it is never moved to words that look alike.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from functools import cached_property
from itertools import accumulate
from typing import Any

from programme.database import Database, insert, rows
from rules.errors import EvidenceInvalid
from rules.letters import one_spelling

AROUND = 32
"""Characters before and after a quote that are kept with it."""
CONTEXT = "http://www.w3.org/ns/anno.jsonld"
"""The JSON-LD context that the W3C gives the vocabulary of annotations."""
BLANKS, LONG_BLANKS = re.compile(r"\s+"), re.compile(r"\s{2,}")
PAGE_ENDS = "\x00"
"""Put between pages that are searched together; no text holds it."""
COLUMNS = ("page", "starts", "ends", "exact", "prefix", "suffix")
TEXTS = "select number, text from source_page where source_id = ? order by number"
ANCHORED = """
select e.id, e.quote, a.page, a.starts, a.ends, a.exact, a.prefix, a.suffix
from evidence e left join anchor a on a.evidence_id = e.id
where e.source_id = ? and e.withdrawn_event is null order by e.id
"""
ONE = """
select e.id, e.source_id, e.quote, a.page, a.starts, a.ends, a.exact, a.prefix, a.suffix
from evidence e left join anchor a on a.evidence_id = e.id where e.id = ?
"""

Pages = Sequence[tuple[int, str]]
"""The pages of a source's text: number and text."""


@dataclass(frozen=True, order=True)
class Anchor:
    """A passage of a page."""

    page: int
    start: int
    """Code points of the page before it."""
    end: int
    """Code points up to its end; the one at `end` does not belong to it."""
    exact: str
    prefix: str
    suffix: str

    def holds(self, text: str | None) -> bool:
        """Whether the words stand where the anchor says; `text` is that of its page, None for no page."""
        return text is not None and text[self.start : self.end] == self.exact


class Standing(StrEnum):
    """How an item stands to the text of its source."""

    PLACED = "placed"
    """Its quote stands there, at a known place."""
    SEVERAL = "several"
    """Its quote stands there more than once, and nobody said which is meant."""
    LOST = "lost"
    """Its quote does not stand there, or no longer where its anchor says."""
    NONE = "none"
    """It quotes nothing, or the source has no text."""


@dataclass(frozen=True)
class Placed:
    """What is known of where an item stands."""

    standing: Standing
    anchor: Anchor | None = None
    """The place; for LOST the one where the words should be, if there was one."""
    times: int = 0
    """SEVERAL: how often the words stand there."""


class QuoteUnclear(EvidenceInvalid):
    """The words stand several times in the text; somebody has to say which are meant."""

    def __init__(self, places: Sequence[Anchor]) -> None:
        super().__init__(f"these words are in the text {len(places)} times", hint="Choose one of the places.")
        self.places = tuple(places)


def anchor_at(page: int, text: str, start: int, end: int) -> Anchor:
    """The anchor of a stretch of a page, without blanks at its ends; raises EvidenceInvalid for no words."""
    if not 0 <= start < end <= len(text):
        raise EvidenceInvalid(
            f"page {page} has no characters {start + 1:,} to {end:,}",
            hint=f"It has {len(text):,} characters.",
        )
    exact = text[start:end]
    start += len(exact) - len(exact.lstrip())
    exact = exact.strip()
    if not exact:
        raise EvidenceInvalid("only blanks are selected", hint="Select the words to quote.")
    end = start + len(exact)
    return Anchor(page, start, end, exact, text[max(0, start - AROUND) : start], text[end : end + AROUND])


class Together:
    """The pages of a text in one piece, in which everything is searched."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    @cached_property
    def text(self) -> str:
        """All of it."""
        return PAGE_ENDS.join(text for _, text in self.pages)

    @cached_property
    def begins(self) -> list[int]:
        """Where every page begins in it."""
        return list(accumulate((len(text) + 1 for _, text in self.pages), initial=0))

    def find(self, words: str, most: int) -> Iterator[tuple[int, int]]:
        """The places of these words, overlapping ones too: number of the page (from 0), and where on it."""
        start = self.text.find(words) if words and PAGE_ENDS not in words else -1
        while start >= 0 and most:
            at = bisect_right(self.begins, start) - 1
            yield at, start - self.begins[at]
            start, most = self.text.find(words, start + 1), most - 1

    def places(self, quote: str, most: int) -> list[Anchor]:
        """The same as anchors."""
        return [anchor_at(*self.pages[at], start, start + len(quote)) for at, start in self.find(quote, most)]


def find_exactly(pages: Pages, quote: str, most: int = 2) -> list[Anchor]:
    """Where exactly these words stand, overlapping ones too; at most `most` places, in reading order."""
    return Together(pages).places(quote, most)


def find_typed(pages: Pages, quote: str, most: int = 20) -> list[Anchor]:
    """Where words that somebody typed or pasted stand: in NFC, whatever blanks and line ends part them.

    Pages and quote are compared with one blank for every stretch of them, all pages in one search: a search
    of much text takes time that grows with the text, whatever is looked for.
    """
    wanted = " ".join(one_spelling(quote).split())
    plain = Together([(page, BLANKS.sub(" ", text)) for page, text in pages])
    found: list[Anchor] = []
    for at, start in plain.find(wanted, most):
        page, text = pages[at]
        found.append(anchor_at(page, text, *_with_its_blanks(text, start, len(wanted))))
    return found


def _with_its_blanks(text: str, start: int, length: int) -> tuple[int, int]:
    """From and to in a text of a stretch of it that was found with one blank for every stretch of them."""
    shorter, first, last = 0, start, start + length
    for blanks in LONG_BLANKS.finditer(text):
        at = blanks.start() - shorter
        if at >= start + length:
            break
        shorter += len(blanks[0]) - 1
        if at < start:
            first = start + shorter
        last = start + length + shorter
    return first, last


def the_place(pages: Pages, quote: str, page: int | None = None, start: int | None = None) -> Anchor:
    """The one place of a quote; `page` and `start` say which where it stands several times.

    Raises EvidenceInvalid where the words do not stand there, QuoteUnclear where several places fit.
    """
    found = find_typed(pages, quote)
    if start is not None:
        found = [anchor for anchor in found if (anchor.page, anchor.start) == (page, start)]
    if not found:
        raise EvidenceInvalid("these words are not in the stored text", hint="Quote word for word.")
    if len(found) > 1:
        here = [anchor for anchor in found if anchor.page == page]
        if len(here) == 1:
            return here[0]
        raise QuoteUnclear(found)
    return found[0]


def texts_of(db: Database, source_id: int) -> list[tuple[int, str]]:
    """The pages of a source's text; none where its text is not stored."""
    return [(row["number"], row["text"]) for row in rows(db, TEXTS, [source_id])]


def places_of(db: Database, source_id: int, pages: Pages) -> dict[int, Placed]:
    """Where every item of a source that counts stands in its text, by the item's number.

    Items with an anchor are checked against it. Others, which came from files, stand where their quote is
    found, if it is found once. Cost: for each of those a search of the text.
    """
    texts, together = dict(pages), Together(pages)
    return {row["id"]: _place(row, together, texts) for row in rows(db, ANCHORED, [source_id])}


def place_of(db: Database, number: int) -> Placed:
    """Where one item stands in the text of its source, also one that was withdrawn."""
    found = rows(db, ONE, [number])[0]
    pages = texts_of(db, found["source_id"])
    return _place(found, Together(pages), dict(pages))


def _place(row: Mapping[str, Any], together: Together, texts: Mapping[int, str]) -> Placed:
    if row["page"] is not None:
        anchor = as_anchor(row)
        held = anchor.exact == row["quote"] and anchor.holds(texts.get(anchor.page))
        return Placed(Standing.PLACED if held else Standing.LOST, anchor)
    if not row["quote"] or not texts:
        return Placed(Standing.NONE)
    found = together.places(row["quote"], most=100)
    if len(found) == 1:
        return Placed(Standing.PLACED, found[0])
    return Placed(Standing.SEVERAL, times=len(found)) if found else Placed(Standing.LOST)


def as_anchor(row: Mapping[str, Any]) -> Anchor:
    """The anchor that a row of the table holds."""
    return Anchor(*(row[name] for name in COLUMNS))


def store_anchor(db: Database, number: int, anchor: Anchor, event: int) -> None:
    """Store an item's anchor, inside the caller's transaction."""
    where = dict(zip(COLUMNS, astuple(anchor), strict=True))
    insert(db, "anchor", {"evidence_id": number, **where, "added_event": event})


def anchor_of(db: Database, number: int) -> Anchor | None:
    """The anchor that was stored with an item."""
    found = rows(db, "select * from anchor where evidence_id = ?", [number])
    return as_anchor(found[0]) if found else None


def as_annotation(
    item: Mapping[str, Any], anchor: Anchor, domains: Sequence[str], source: str
) -> dict[str, Any]:
    """An item as a Web Annotation (JSON-LD): its domains and words as bodies, its passage as the target.

    `item` has id, text, recorded_by and recorded_on; `source` is the address of the page's text, relative to
    where the annotation stands.
    """
    return {
        "@context": CONTEXT,
        "id": f"#E{item['id']}",
        "type": "Annotation",
        "motivation": "tagging" if domains else "describing",
        "creator": {"type": "Person", "nickname": item["recorded_by"]},
        "created": f"{item['recorded_on']}T00:00:00Z",
        "body": [
            {"type": "TextualBody", "purpose": "describing", "value": item["text"], "format": "text/plain"},
            *({"type": "TextualBody", "purpose": "tagging", "value": domain} for domain in domains),
        ],
        "target": {"source": source, "selector": list(selectors(anchor))},
    }


def selectors(anchor: Anchor) -> Iterator[dict[str, Any]]:
    """The two selectors of a passage, either of which finds it."""
    yield {
        "type": "TextQuoteSelector",
        "exact": anchor.exact,
        "prefix": anchor.prefix,
        "suffix": anchor.suffix,
    }
    yield {"type": "TextPositionSelector", "start": anchor.start, "end": anchor.end}
