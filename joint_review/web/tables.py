"""Datasette's own tables as people ask for them: a blank search shows all, and a CSV has every row.

Datasette 0.65 takes a blank for a statement of its search, which fails, and ends the CSV behind its link at
1,000 rows without a word. So what is asked for is put right before Datasette sees it. The CSV of a query,
which Datasette cannot give as a whole, says in its last row that there may be more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from joint_review.metadata import QUERIES

BLANK = re.compile(r"[\s\"]*+")
MOST_OF_QUERY = 1_000
"""Rows that a query gives: Datasette's `max_returned_rows`."""
MORE = "A query gives at most 1,000 rows: there may be more. Tables and exports give all."


def as_asked(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The request for a page of Datasette's own as it is to be answered."""
    query = scope.get("query_string", b"")
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    wanted = [
        (name, value)
        for name, value in pairs
        if not (name == "_search" or name.startswith("_search_")) or not BLANK.fullmatch(value)
    ]
    names = dict(wanted)
    if is_csv(scope) and not names.keys() & {"_stream", "_next"} and names.get("_size", "max") == "max":
        wanted = [(name, value) for name, value in wanted if name != "_size"]
        wanted += [("_size", "max"), ("_stream", "on")]
    if wanted == pairs:
        return dict(scope)
    return {**scope, "query_string": urlencode(wanted).encode("latin-1")}


def is_csv(scope: Mapping[str, Any]) -> bool:
    """Whether a table is asked for as CSV."""
    return str(scope["path"]).endswith(".csv") or b"_format=csv" in scope.get("query_string", b"")


def most_rows(scope: Mapping[str, Any]) -> int | None:
    """At how many rows a CSV may have been ended; None where it has all."""
    name = unquote(str(scope["path"])).rpartition("/")[2].removesuffix(".csv")
    of_query = name in QUERIES or re.search(rb"(?:\A|&)sql=", scope.get("query_string", b""))
    return MOST_OF_QUERY if of_query else None
