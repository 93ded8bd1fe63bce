"""Anchors: where an item's quote stands in the stored text of its source.

An anchor says it twice, as the two text selectors of the W3C's Web Annotation Data Model: by position
(TextPositionSelector) and by the words with what stands around them (TextQuoteSelector). Positions count
Unicode code points of the stored page, which is in NFC and never changes. An anchor that does not hold is
lost: that is said, and it is never moved to words that look alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Any

from evidence.matching import Matcher, Pages, same_words
from programme.database import Database, insert, rows
from rules.errors import EvidenceInvalid

AROUND = 32
"""Characters before and after a quote that are kept with it."""
CONTEXT = "http://www.w3.org/ns/anno.jsonld"
"""The JSON-LD context that the W3C gives the vocabulary of annotations."""
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


def find_quote(pages: Pages, quote: str, most: int = 20) -> list[Anchor]:
    """Where a quote stands, however it was typed, pasted or imported: see `evidence.matching`.

    At most `most` places, overlapping ones too, in reading order. The anchors name the words as they are in
    the text.
    """
    return anchors_of(Matcher(pages), quote, most)


def anchors_of(matcher: Matcher, quote: str, most: int = 20) -> list[Anchor]:
    """The same in pages that several quotes are looked for in."""
    return [anchor_at(*matcher.pages[page], start, end) for page, start, end in matcher.find(quote, most)]


def the_place(pages: Pages, quote: str, page: int | None = None, start: int | None = None) -> Anchor:
    """The one place of a quote; `page` and `start` say which where it stands several times.

    Raises EvidenceInvalid where the words do not stand there, QuoteUnclear where several places fit.
    """
    found = find_quote(pages, quote)
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
    texts, matcher = dict(pages), Matcher(pages)
    return {row["id"]: _place(row, matcher, texts) for row in rows(db, ANCHORED, [source_id])}


def place_of(db: Database, number: int) -> Placed:
    """Where one item stands in the text of its source, also one that was withdrawn."""
    found = rows(db, ONE, [number])[0]
    pages = texts_of(db, found["source_id"])
    return _place(found, Matcher(pages), dict(pages))


def _place(row: Mapping[str, Any], matcher: Matcher, texts: Mapping[int, str]) -> Placed:
    if row["page"] is not None:
        anchor = as_anchor(row)
        quoted = anchor.exact == row["quote"] or same_words(anchor.exact, row["quote"])
        held = quoted and anchor.holds(texts.get(anchor.page))
        return Placed(Standing.PLACED if held else Standing.LOST, anchor)
    if not row["quote"] or not texts:
        return Placed(Standing.NONE)
    found = anchors_of(matcher, row["quote"], most=100)
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
