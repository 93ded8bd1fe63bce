"""Digests that were made from words which are erased: what replaces them, so that no guess can be tried."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from programme.database import Database, one, rows
from programme.revisions import fingerprint


class Replaced(NamedTuple):
    """A new value of a column."""

    table: str
    row: int
    column: str
    value: str


Values = Mapping[tuple[str, int], Mapping[str, Any]]
"""New values, by table and number of the row, then by column."""


def digests_of(db: Database, values: Values, salt: str) -> list[Replaced]:
    """The digests that go with rows whose words are replaced by `values`.

    Sources, items and codings get the same for the same, made with `salt`; an edition of a report gets the
    digest of what it says now, in the event that froze it too.
    """
    numbers: dict[str, set[int]] = {"source": set(), "evidence": set(), "coding": set()}
    for table, row in values:
        if table == "source_page":
            numbers["source"].add(one(db, "select source_id from source_page where id = ?", [row]))
        elif table in numbers:
            numbers[table].add(row)
    found = []
    for table, changed in numbers.items():
        for row in changed:
            digest = one(db, f"select digest from {table} where id = ?", [row])
            found.append(Replaced(table, row, "digest", fingerprint(digest, salt)))
    for source in numbers["source"]:
        for was in rows(db, "select id, digest from source_was where source_id = ?", [source]):
            found.append(Replaced("source_was", was["id"], "digest", fingerprint(was["digest"], salt)))
    for (table, row), columns in values.items():
        if table == "edition" and "body" in columns:
            found += _of_edition(db, row, columns["body"], values)
    return found


def _of_edition(db: Database, edition: int, body: str, values: Values) -> Iterator[Replaced]:
    now = hashlib.sha256(body.encode()).hexdigest()
    [row] = rows(db, "select text_digest, added_event from edition where id = ?", [edition])
    yield Replaced("edition", edition, "text_digest", now)
    after = values.get(("event", row["added_event"]), {}).get("after")
    after = after or one(db, "select after from event where id = ?", [row["added_event"]])
    if after and row["text_digest"] in after:
        yield Replaced("event", row["added_event"], "after", after.replace(row["text_digest"], now))
