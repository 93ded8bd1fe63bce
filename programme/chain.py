"""Events checked: each against its seal, and each seal against the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from programme.database import Database, one, rows
from programme.problems import SHOWN, Problems
from programme.revisions import Revised
from programme.seals import PLAIN, SAID, START, event_digest, in_order, said_digest

# Every event with its seal, and seals whose event is gone.
LINKS = f"""
select e.id, {", ".join(f"e.{name}" for name in (*PLAIN, *SAID))}, e.id is not null as is_there,
  s.event_id is not null as is_sealed, s.salt, s.said as sealed_said, s.previous, s.digest
from event e left join seal s on s.event_id = e.id
union all
select s.event_id, {", ".join("null" for _ in (*PLAIN, *SAID))}, 0, 1, s.salt, s.said, s.previous, s.digest
from seal s where not exists (select 1 from event e where e.id = s.event_id)
order by 1
"""
SEALED = """
select id, event_id, table_name as "table", column_name as "column", first_id as first, last_id as last, rows,
  columns, digest from sealed_rows order by event_id, table_name, column_name
"""
NUMBERS = """
select id, event_id, table_name as "table", column_name as "column" from sealed_rows order by id
"""

Link = Mapping[str, Any]


class Chain:
    """The check of all events, in the order of their numbers."""

    def __init__(self, db: Database, problems: Problems, revised: Revised) -> None:
        self.db, self.problems, self.revised = db, problems, revised
        self.sealed = _Sealed(db)
        self.wrong: list[dict[str, Any]] = []
        self.unsealed: list[int] = []
        self.last, self.previous, self.named = 0, START, False

    def check(self) -> None:
        """Check every event, and the chain."""
        cursor = self.db.conn.execute(LINKS)
        names = [column[0] for column in cursor.description]
        for values in cursor:
            link = dict(zip(names, values, strict=True))
            with self.problems.part(f"event {link['id']}"):
                self._link(link, self.sealed.of(link["id"]))
        self._not_sealed(self.unsealed, True)
        for number in self.sealed.left_over():
            says = f"there are seals of rows for an event {number} that does not exist."
            event = number if isinstance(number, int) else None
            self.problems.add("inserted", f"rows sealed with event {number}", says, event)
        self._name_wrong()

    def _link(self, link: Link, found: list[dict[str, Any]]) -> None:
        number, add = link["id"], self.problems.add
        self._gap(number, link["previous"] == self.previous)
        follows = number == self.last + 1
        self.last = max(number, self.last)
        if not link["is_there"]:
            add("missing", f"event {number}", f"event {number} is missing; its seal is there.", number)
            self.previous, self.named = link["digest"], True
            return
        self.problems.advance()
        if not link["is_sealed"]:
            self.unsealed.append(number)
            return
        linked = link["previous"] == self.previous
        if self.unsealed:
            self._not_sealed(self.unsealed, linked)
            linked, self.unsealed = True, []
        is_revised = ("event", number) in self.revised.latest
        is_right = self.revised.event_is_right(link, found) if is_revised else _is_right(link, found)
        if not is_right:
            self.wrong.append({**link, "rows": found})
        elif follows and not linked and not self.named:
            says = (
                f"event {number - 1} is not the one that event {number} was chained to: it was replaced,"
                " or changed and sealed again."
            )
            add("changed", f"event {number - 1}", says, number - 1)
        self.previous, self.named = link["digest"], not is_right

    def _gap(self, number: int, linked: bool) -> None:
        last, add = self.last, self.problems.add
        if number <= last + 1:
            if number < 1:
                add("inserted", f"event {number}", f"event {number} was inserted by hand.", number)
            return
        gone = f"event {last + 1}" if number == last + 2 else f"events {last + 1} to {number - 1}"
        if linked:
            says = f"event {number} was given its number by hand: it follows event {last}."
            add("out of order", f"event {number}", says, number)
        else:
            verb = "is" if number == last + 2 else "are"
            add("missing", gone, f"{gone} {verb} missing, together with the seal.", last + 1)

    def _not_sealed(self, numbers: list[int], linked: bool) -> None:
        for number in numbers:
            says = (
                f"event {number} was inserted by hand: it has no seal, and the chain leaves it out."
                if linked
                else f"the seal of event {number} is missing."
            )
            self.problems.add("inserted" if linked else "not sealed", f"event {number}", says, number)

    def _name_wrong(self) -> None:
        """Name events that do not agree with their seal: out of order if they agree with another place."""
        places: dict[int, int] = {}
        wrong = self.wrong[:SHOWN]
        for link in wrong:
            number = link["id"]
            place = self._true_place(link, wrong, places.get(number - 1))
            if place is not None:
                places[number] = place
                says = f"event {number} is out of order: it was sealed as event {place}."
                self.problems.add("out of order", f"event {number}", says, number)
                continue
            if not _says_the_same(link):
                part = "target, reason, details, before or after"
            else:
                part = "person, time, action, review, or the list of its rows"
            says = f"event {number} was changed after it was sealed ({part})."
            self.problems.add("changed", f"event {number}", says, number)
        self.problems.count(max(len(self.wrong) - SHOWN, 0))

    def _true_place(self, link: Link, wrong: list[dict[str, Any]], place_before: int | None) -> int | None:
        """The number that an event was sealed with, if it was another one."""
        # Moved together with its seal: the seal still says what it follows.
        before = one(self.db, "select event_id from seal where digest = ?", [link["previous"]])
        follows = before or (0 if link["previous"] == START else None)
        for last in (follows, place_before):
            if last is None or last + 1 == link["id"]:
                continue
            moved = {**link, "id": last + 1}
            others = [row for other in wrong if other["id"] == last + 1 for row in other["rows"]]
            if _is_right(moved, link["rows"]) or _is_right(moved, others):
                return int(last) + 1
        # Moved alone: it agrees with the seal that stayed in its own place.
        for other in wrong:
            if other["id"] != link["id"]:
                said = {name: link[name] for name in (*PLAIN, *SAID)}
                if _is_right({**other, **said}, other["rows"]):
                    return int(other["id"])
        return None


def check_numbers_of_seals(db: Database, problems: Problems) -> None:
    """Check that the seals of rows have the numbers and the order in which they are stored."""
    before: tuple[Any, ...] | None = None
    for expected, row in enumerate(rows(db, NUMBERS), start=1):
        place = (row["event_id"], *in_order(row))
        if row["id"] != expected or (before is not None and place <= before):
            what = f"row {row['id']} of sealed_rows"
            says = f"the seals of rows have a gap or another order at {what}: one was removed or renumbered."
            problems.add("out of order", what, says)
            return
        before = place


class _Sealed:
    """The seals of rows, event by event, read along with the events."""

    def __init__(self, db: Database) -> None:
        cursor = db.conn.execute(SEALED)
        self.names = [column[0] for column in cursor.description]
        self.cursor = iter(cursor)
        self.next: dict[str, Any] | None = None
        self.orphans: set[Any] = set()
        self._step()

    def _step(self) -> None:
        for values in self.cursor:
            self.next = dict(zip(self.names, values, strict=True))
            if isinstance(self.next["event_id"], int):
                return
            self.orphans.add(self.next["event_id"])
        self.next = None

    def of(self, event: int) -> list[dict[str, Any]]:
        """The seals of an event; events are asked for in order."""
        found = []
        while self.next is not None and self.next["event_id"] <= event:
            if self.next["event_id"] == event:
                found.append(self.next)
            else:
                self.orphans.add(self.next["event_id"])
            self._step()
        return found

    def left_over(self) -> Iterator[Any]:
        """Events that there are seals of rows for, but that were never asked for."""
        while self.next is not None:
            self.orphans.add(self.next["event_id"])
            self._step()
        yield from sorted(
            self.orphans,
            key=lambda event: (not isinstance(event, int), event if isinstance(event, int) else 0),
        )


def _is_right(link: Link, sealed: list[dict[str, Any]]) -> bool:
    """Whether an event agrees with its seal."""
    try:
        found = event_digest(link, link["sealed_said"], sealed, link["previous"])
    except (TypeError, ValueError):
        # What cannot be written in the canonical form was never sealed.
        return False
    return bool(found == link["digest"]) and _says_the_same(link)


def _says_the_same(link: Link) -> bool:
    """Whether what people wrote in an event agrees with its seal."""
    try:
        return bool(said_digest(link, link["salt"]) == link["sealed_said"])
    except (TypeError, ValueError):
        return False
