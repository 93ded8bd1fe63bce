"""Lists on pages: their paging, and an item as every list shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from evidence.marks import marks_of
from joint_review.web import wording
from rules.errors import UnknownName
from rules.framework import Framework, in_language

PAGE_SIZE = 50


ItemLine = dict[str, Any]
"""An item as lists show it: what its row holds, column by column, and what is said of it."""


def item_line(framework: Framework, row: Mapping[str, Any]) -> ItemLine:
    """An item as lists show it: its row, `says`, `rests_on` and `strand_title`.

    Where they are known, also `domains` as {id, title}, and in `also` how many other domains use it.
    """
    unknown = dict.fromkeys(("base", "best", "worst", "comparator", "comparator_name", "better"))
    plain = {"strand": "all", "significance": None, "extent": "", "marks": None, "reversed": None}
    line = {**plain, **unknown, **row}
    if not isinstance(line["marks"], dict):
        line["marks"] = marks_of(line["marks"])
    names = line.get("domains")
    if names is not None:
        line["domains"] = [{"id": d, "title": _title(framework, d)} for d in names.split(";")]
    if "uses" in line:
        line["also"] = max(0, line["uses"] - 1)
    line["says"] = wording.says(line)
    line["rests_on"] = wording.rests_on(line)
    line["strand_title"] = strand_title(framework, line["strand"])
    return line


class Paging(TypedDict):
    """Which part of a list a page shows."""

    page: int
    pages: int
    total: int
    first: int
    last: int
    offset: int


def paging_of(total: int, page: int) -> Paging:
    """`page` of `pages`, `total` rows, the first and last row shown, and the offset; raises UnknownName."""
    pages = max(1, -(-total // PAGE_SIZE))
    if not 1 <= page <= pages:
        raise UnknownName("page", str(page), ["1"] if pages == 1 else [f"1 to {pages}"])
    offset = (page - 1) * PAGE_SIZE
    return {
        "page": page,
        "pages": pages,
        "total": total,
        "first": min(total, offset + 1),
        "last": min(total, offset + PAGE_SIZE),
        "offset": offset,
    }


def _title(framework: Framework, domain: str) -> str:
    return framework.title_of(domain) if framework.is_domain(domain) else domain


def strand_title(framework: Framework, name: str) -> str:
    """The title of a strand; the name itself where the framework has none of that name."""
    for strand in framework.strands:
        if strand.id == name:
            return in_language(strand.title)
    return name
