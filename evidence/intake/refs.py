"""The sources that rows of an import name, each with a number that its rows are staged with."""

from __future__ import annotations

from collections.abc import Collection

from evidence.intake.into import Intos, SourceKey
from programme.database import Database, one

KEPT = 5_000
"""Sources whose numbers are kept in memory; the others are looked up."""
KNOWN = "select ref_no from incoming_ref where review_id = ? and ref = ?"
STAGE = "insert into incoming_ref (review_id, ref) values (?, ?)"
DOUBTFUL = "update incoming_ref set doubtful = 1 where review_id = ? and ref = ?"
NAMED = "select review_id, ref from incoming_ref where ref_no = ?"


class Refs:
    """The numbers of sources, in the order in which they are named; memory does not grow with them."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._kept: dict[SourceKey, int] = {}

    def number(self, key: SourceKey) -> int:
        """The number of a source, a new one where nothing has named it yet."""
        number = self._kept.get(key)
        if number is None:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            found = one(self.db, KNOWN, key) or self.db.conn.execute(STAGE, key).lastrowid
            self._kept[key] = number = int(found or 0)
        return number

    def doubt(self, keys: Collection[SourceKey]) -> None:
        """Note which sources may be missing because their own rows have problems."""
        for key in keys:
            self.number(key)
        self.db.conn.executemany(DOUBTFUL, keys)


class FirstRefs:
    """By the number of a source in an import, the index number that its items are digested with."""

    def __init__(self, db: Database, intos: Intos) -> None:
        self.db, self.intos = db, intos

    def __getitem__(self, number: int) -> str:
        review, ref = self.db.conn.execute(NAMED, [number]).fetchone()
        return self.intos.by_id[review].first_refs.get(ref, str(ref))
