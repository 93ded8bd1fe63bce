"""Several findings at one place of a source: each is stored, from the second on with a number in its locator.

A page of notes gives many findings, and 'p. 4' is where all of them are. Which of them has which number is
settled by what is stored already, then by what they say, never by the order of the rows: the same file again
changes nothing. One finding that says something else than the one stored at its place is still refused, for
it may be the same finding in other words.
"""

from __future__ import annotations

import re
from itertools import count, groupby
from typing import Any

from evidence.digests import ITEM_COLUMNS, PLACED, item_digest
from evidence.intake.refs import FirstRefs
from programme.database import Database, rows

NUMBERED = ", finding "
"""What a locator is followed by for the second finding and those after it: 'p. 4, finding 2'."""

TOGETHER = f"""
select i.*, r.source_id, g.several from incoming_item i join incoming_ref r using (ref_no) join (
  select f.ref_no, f.locator, min(f.digest) <> max(f.digest) as several
  from incoming_item f join incoming_ref s using (ref_no) where f.kind = 'finding'
  group by f.ref_no, f.locator
  having several or exists (select 1 from evidence e
    where e.source_id = s.source_id and e.locator = f.locator || '{NUMBERED}2')) g
on g.ref_no = i.ref_no and g.locator = i.locator
where i.kind = 'finding' order by i.ref_no, i.locator, i.digest
"""
STORED = """
select locator, digest, withdrawn_event is null as counts from evidence
where source_id = :source and kind = 'finding'
  and (locator = :locator or locator between :locator || :numbered and :locator || :numbered || ':')
"""
INDEX = "create index if not exists temp.incoming_tag_of on incoming_tag (ref_no, locator)"
MOVE_ITEM = "update incoming_item set locator = ?, digest = ? where n = ?"
MOVE_TAGS = """
update incoming_tag set locator = ? where ref_no = ? and locator = ? and digest = ? and not own
"""


def place_findings(db: Database, named: FirstRefs) -> None:
    """Give findings that come in at one place locators of their own; `named` names the source of a number."""
    together = rows(db, TOGETHER)
    if not together:
        return
    db.conn.execute(INDEX)
    for (ref_no, locator), some in groupby(together, lambda row: (row["ref_no"], row["locator"])):
        found = list(some)
        ref = named[ref_no]
        each = {row["digest"]: row for row in found}
        numbers = _numbers(db, ref, locator, each)
        for row in found:
            number = numbers[row["digest"]]
            if number > 1:
                there = f"{locator}{NUMBERED}{number}"
                said = {name: row[name] for name in (*ITEM_COLUMNS, *PLACED)}
                db.conn.execute(MOVE_ITEM, [there, item_digest(ref, there, said), row["n"]])
                db.conn.execute(MOVE_TAGS, [there, ref_no, locator, row["digest"]])


def _numbers(db: Database, ref: str, locator: str, each: dict[str, dict[str, Any]]) -> dict[str, int]:
    """The number of every finding by its digest: that of its equal, of one no longer there, or a new one."""
    source = next(iter(each.values()))["source_id"]
    asked = {"source": source, "locator": locator, "numbered": NUMBERED}
    stored: dict[int, list[tuple[str, bool]]] = {}
    for row in rows(db, STORED, asked):
        number = _number_of(row["locator"], locator)
        if number:
            stored.setdefault(number, []).append((row["digest"], bool(row["counts"])))
    numbers: dict[str, int] = {}
    for digest, row in each.items():
        said = {name: row[name] for name in (*ITEM_COLUMNS, *PLACED)}
        for number, found in sorted(stored.items()):
            there = locator if number == 1 else f"{locator}{NUMBERED}{number}"
            if number not in numbers.values() and any(
                item_digest(ref, there, said) == known for known, _ in found
            ):
                numbers[digest] = number
                break
    taken = set(numbers.values())
    # What the file says in place of a stored finding is refused, or replaces it, as anywhere else.
    replaced = [n for n, found in sorted(stored.items()) if n not in taken and any(c for _, c in found)]
    free = iter(replaced)
    new = (number for number in count(1) if number not in taken and number not in stored)
    for digest in sorted(set(each) - set(numbers)):
        numbers[digest] = next(free, 0) or next(new)
    return numbers


def _number_of(stored: str, locator: str) -> int:
    """1 for the locator itself, the number in one that goes on with it; 0 for any other."""
    if stored == locator:
        return 1
    found = re.fullmatch(r"[1-9][0-9]{0,5}", stored.removeprefix(f"{locator}{NUMBERED}"))
    return int(found[0]) if found else 0
