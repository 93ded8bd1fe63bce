"""The pages on evidence items: the list with its filter, and one item in context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from evidence.anchors import Standing, as_annotation, place_of
from evidence.check import check_evidence, items_to_look_at
from evidence.items import AroundQuote, ItemFilter, find_item, list_items, table_around
from evidence.sources import find_source
from exchange.evidence import evidence_tables
from exchange.tables import OutTable
from joint_review.web import wording
from joint_review.web.compat import tilde_encode
from joint_review.web.lists import PAGE_SIZE, ItemLine, Paging, item_line, paging_of, strand_title
from joint_review.web.page import NAME, REVIEW, Declared, Menu, Page
from joint_review.web.request import Asked, AskedWrongly
from joint_review.web.run_view import Head, Shown
from programme.corrections import corrections_of
from programme.database import Database
from programme.reviews import Review, find_review
from rules.errors import UnknownName
from rules.framework import Framework, in_language

ITEMS = REVIEW + "/items"


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(ITEMS, "items", items, menu=Menu("Items of evidence", 30), goes_out=items_out),
        Page(ITEMS + "/" + NAME.format("number"), "item", item),
    )


FIELDS = ("domain", "kind", "source_kind", "strand", "direction", "source", "only", "search")
"""What the filter of the list asks for."""


@dataclass(frozen=True)
class Wanted:
    """Which items were asked for, in the words of the form; empty means any."""

    domain: str = ""
    kind: str = ""
    source_kind: str = ""
    strand: str = ""
    direction: str = ""
    source: str = ""
    only: str = ""
    search: str = ""
    page: int = 1


class ItemsPage(Head):
    """The items of a review that pass a filter, a page of them."""

    filter: dict[str, str]
    """What was asked."""
    choices: dict[str, Sequence[tuple[str, str]]]
    """Per field, name and title of each."""
    items: list[ItemLine]
    paging: Paging


class ItemPage(Head):
    """One item with its source in context."""

    item: ItemLine
    """Everything recorded about it, with `says` and `compared` (its number in words), `tags`, `context` {page
    {number, before, quote, after} or None, before, after: its neighbours}, `table` (the table it is a cell
    of, or None), `corrections` of its source (see `programme.corrections`), who added and withdrew it,
    `standing` in its text (see `anchors.Standing`), and `annotation`: a W3C Web Annotation where
    its place is known, else None."""


def items(db: Database, asked: Asked) -> ItemsPage:
    """The items of a review that pass a filter; raises AskedWrongly for a choice there is not."""
    found = find_review(db, asked.names["review"])
    wanted, chosen = _chosen(db, found, asked)
    _, total = list_items(db, found, chosen)
    paging = paging_of(total, wanted.page)
    rows, _ = list_items(db, found, replace(chosen, limit=PAGE_SIZE, offset=paging["offset"]))
    given = {name: value for name, value in asdict(wanted).items() if value and name != "page"}
    return {
        **Shown(db, found, None, "en").head(),
        "filter": given,
        "choices": _choices(found.framework),
        "items": [item_line(found.framework, row) for row in rows],
        "paging": paging,
    }


def _chosen(db: Database, found: Review, asked: Asked) -> tuple[Wanted, ItemFilter]:
    """What was asked for, in the words of the form and as a filter."""
    wanted = Wanted(page=asked.page, **{name: asked.text(name) for name in FIELDS})
    for field, pairs in _choices(found.framework).items():
        given, names = getattr(wanted, field), [name for name, _ in pairs]
        if given and given not in names:
            unknown = UnknownName(wording.FIELDS[field].lower(), given, names)
            raise AskedWrongly(unknown.message, hint=unknown.hint)
    if wanted.source:
        try:
            find_source(db, found, wanted.source)
        except UnknownName as unknown:
            raise AskedWrongly(unknown.message, hint=unknown.hint) from None
    looks = items_to_look_at(check_evidence(db, found)) if wanted.only else {}
    return wanted, ItemFilter(
        domain=wanted.domain or None,
        kind=wanted.kind or None,
        strand=wanted.strand or None,
        source=wanted.source or None,
        source_kind=wanted.source_kind or None,
        direction=wanted.direction or None,
        withdrawn=wanted.only == "withdrawn",
        ids=looks.get(wanted.only),
        search=wanted.search,
        limit=0,
    )


def items_out(db: Database, asked: Asked) -> Iterator[OutTable]:
    """All items that pass the filter, with their sources, in the layouts of imports."""
    found = find_review(db, asked.names["review"])
    _, chosen = _chosen(db, found, asked)
    return evidence_tables(db, found, chosen=chosen)


def item(db: Database, asked: Asked) -> ItemPage:
    """One item with its source in context."""
    key, number = asked.names["review"], asked.item
    found = find_review(db, key)
    shown = find_item(db, found, number)
    context = shown["context"]
    neighbours = [item_line(found.framework, row) for row in context["neighbours"]]
    placed = place_of(db, number)
    here = placed.anchor if placed.standing is Standing.PLACED else None
    domains = [tag["domain"] for tag in shown["tags"] if not tag["withdrawn"]]
    where = f"../sources/{tilde_encode(shown['source'])}?page={here.page}" if here else ""
    return {
        **Shown(db, found, None, "en").head(),
        "item": {
            **shown,
            "says": wording.says(shown),
            "compared": wording.comparisons(shown),
            "strand_title": strand_title(found.framework, shown["strand"]),
            "context": {
                "page": _cut(context["page"]) if context["page"] else None,
                "before": [row for row in neighbours if row["id"] < number],
                "after": [row for row in neighbours if row["id"] > number],
            },
            "table": table_around(db, shown),
            "corrections": corrections_of(db, "source", shown["source_id"]),
            "standing": placed.standing,
            "annotation": as_annotation(shown, here, domains, where) if here else None,
        },
    }


def _choices(framework: Framework) -> dict[str, Sequence[tuple[str, str]]]:
    return {
        "domain": [(domain.id, in_language(domain.title)) for domain in framework.domains.values()],
        "kind": list(wording.KINDS.items()),
        "source_kind": list(wording.SOURCE_KINDS.items()),
        "strand": [(strand.id, in_language(strand.title)) for strand in framework.strands],
        "direction": list(wording.DIRECTIONS.items()),
        "only": list(wording.LOOKS.items()),
    }


def _cut(page: AroundQuote, around: int = 1500) -> AroundQuote:
    """The page with at most `around` letters on either side of the quote."""
    before, after = page["before"], page["after"]
    return {
        **page,
        "before": ("… " + before[-around:]) if len(before) > around else before,
        "after": (after[:around] + " …") if len(after) > around else after,
    }
