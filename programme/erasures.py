"""Requests to erase words, and how they end: one person asks, another approves; nobody approves their own.

What is erased is found when it is approved (`evidence.erasing`), so that words that came in between are
erased too. The request of a person's name holds the name until then; it is replaced in the request as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Unpack

from programme.actions import ProgrammeAction
from programme.corrections import check_corrected, is_correction
from programme.database import Act, Database, add_event, insert, one, rows, transaction
from programme.names import Doing, check_person, check_words, same_person
from programme.problems import RecordProblem
from programme.reviews import Review
from programme.seals import columns_of
from programme.sought import BLOCK
from rules.errors import DecisionRefused, EvidenceInvalid, UnknownName
from rules.remedy import ShowErasures

KINDS = ("source", "item", "person")
LONGEST_NAME, SHORTEST_NAME = 200, 3


@dataclass(frozen=True)
class Erasure:
    """A request to erase, and how it ended."""

    number: int
    review: str | None
    """Key of the review; None for all reviews."""
    kind: str
    """source, item or person."""
    target: str
    """Index number of the source, 'E12', or the name (what replaced it, once it was erased)."""
    spellings: tuple[str, ...]
    by: str
    because: str
    at: str
    outcome: str
    """requested, erased, refused or taken back."""
    ended_by: str
    """Empty while it is only requested, like the next three."""
    ended_because: str
    ended_at: str
    ended_event: int | None

    @property
    def instead(self) -> str:
        """What is written in place of the words, where their length does not matter."""
        return f"[{'person' if self.kind == 'person' else 'erased'} {self.number}]"


LISTED = """
select e.id as number, v.key as review, e.kind, e.target, e.spellings, e.by, e.because, a.at,
  coalesce(o.outcome, 'requested') as outcome, coalesce(o.by, '') as ended_by,
  coalesce(o.because, '') as ended_because, coalesce(f.at, '') as ended_at, o.added_event as ended_event
from erasure e join event a on a.id = e.added_event left join review v on v.id = e.review_id
left join erasure_outcome o on o.erasure_id = e.id left join event f on f.id = o.added_event
"""


def list_erasures(db: Database, review: Review | None) -> list[Erasure]:
    """The requests of a review (None: those that concern all reviews), in their order."""
    if not columns_of(db.conn, "erasure"):
        return []  # an older file, which is served as it is
    found = rows(db, LISTED + "where e.review_id is ? order by e.id", [review and review.id])
    return [Erasure(**{**row, "spellings": tuple(json.loads(row["spellings"]))}) for row in found]


def find_erasure(db: Database, review: Review | None, number: int) -> Erasure:
    """A request of a review (None: of all reviews); raises UnknownName."""
    found = list_erasures(db, review)
    for erasure in found:
        if erasure.number == number:
            return erasure
    raise UnknownName("request to erase", str(number), [str(erasure.number) for erasure in found])


def check_names(names: Sequence[str]) -> tuple[str, ...]:
    """The spellings of a name without blanks around them; raises EvidenceInvalid for what is no name."""
    found = tuple(dict.fromkeys(" ".join(name.split()) for name in names if name.strip()))
    if not found:
        raise EvidenceInvalid("no name was given", hint="Give the name as it was written.")
    for name in found:
        if not SHORTEST_NAME <= len(name) <= LONGEST_NAME or not any(map(str.isalpha, name)):
            raise EvidenceInvalid(
                f"{name[:40]!r} cannot be erased as a name",
                hint=f"A name has {SHORTEST_NAME} to {LONGEST_NAME} characters, letters among them.",
            )
    return found


def request_erasure(
    db: Database,
    review: Review | None,
    kind: str,
    target: str,
    *,
    spellings: Sequence[str] = (),
    **who: Unpack[Doing],
) -> Erasure:
    """Record that somebody asks to erase a source, an item or a name that the caller has looked up.

    Nothing is erased by it. Raises WordsMissing, and DecisionRefused where the same is already asked for.
    """
    by = check_person(who["by"], "a request to erase")
    because = check_words(who["because"], "a request to erase")
    with transaction(db):
        for other in list_erasures(db, review):
            if (other.kind, other.target, other.outcome) == (kind, target, "requested"):
                raise DecisionRefused(
                    f"erasing {target} was already asked for, by request {other.number}",
                    remedies=[ShowErasures(review.key)] if review else [],
                )
        number = review.id if review else None
        act = Act(ProgrammeAction.REQUEST_ERASURE, by, who["at"], number, target, because)
        event = add_event(db, act, detail={"kind": kind, "spellings": list(spellings)})
        row = {
            "review_id": review and review.id,
            "kind": kind,
            "target": target,
            "spellings": json.dumps(list(spellings), ensure_ascii=False),
            "by": by,
            "because": because,
            "added_event": event,
        }
        return find_erasure(db, review, insert(db, "erasure", row))


def refuse_to_approve(erasure: Erasure, by: str) -> None:
    """Raise DecisionRefused where this person cannot approve a request."""
    _refuse_ended(erasure)
    if same_person(erasure.by, by):
        raise DecisionRefused(
            f"request {erasure.number} was made by {erasure.by}, who cannot approve it",
            hint="Another person has to approve it.",
        )
    if erasure.kind == "person" and any(
        same_person(name, by) for name in (erasure.target, *erasure.spellings)
    ):
        raise DecisionRefused(
            f"request {erasure.number} is about the person who would approve it",
            hint="Another person has to approve it.",
        )


def _refuse_ended(erasure: Erasure) -> None:
    if erasure.outcome != "requested":
        raise DecisionRefused(f"request {erasure.number} has ended: {erasure.outcome} by {erasure.ended_by}")


def end_request(
    db: Database, review: Review | None, number: int, *, by: str, because: str, at: datetime
) -> Erasure:
    """Refuse a request, or take it back where one's own; nothing is erased. The reason is needed."""
    by, because = check_person(by, "a refusal"), check_words(because, "refusing to erase")
    with transaction(db):
        erasure = find_erasure(db, review, number)
        _refuse_ended(erasure)
        outcome = "taken back" if same_person(erasure.by, by) else "refused"
        act = Act(
            ProgrammeAction.REFUSE_ERASURE,
            by,
            at,
            review.id if review else None,
            f"request {number}",
            because,
        )
        store_outcome(db, erasure, outcome, by, because, add_event(db, act, after={"outcome": outcome}))
        return find_erasure(db, review, number)


def store_outcome(db: Database, erasure: Erasure, outcome: str, by: str, because: str, event: int) -> None:
    """How a request ended, inside the caller's transaction."""
    row = {"erasure_id": erasure.number, "outcome": outcome, "by": by, "because": because}
    insert(db, "erasure_outcome", {**row, "added_event": event})


# --- what a check of the record asks of erasures -----------------------------------------------------------

REVISING = """
select r.id, r.table_name, r.row_id, r.columns, r.added_event, e.action, q.id as request, q.by as asked,
  o.by as approved
from revised_row r left join event e on e.id = r.added_event
left join erasure_outcome o on o.added_event = r.added_event and o.outcome = 'erased'
left join erasure q on q.id = o.erasure_id
where r.id in (select max(id) from revised_row group by table_name, row_id, seal_id) order by r.id
"""
DIGESTS = frozenset({"digest", "text_digest"})
"""Columns that an erasure gives another value, which says nothing of the words."""


def check_erasures(db: Database) -> Iterator[RecordProblem]:
    """Revised rows that neither an erasure nor a correction explains: without an approval by another person,
    or with words that an erasure would not have written."""
    if not columns_of(db.conn, "revised_row"):
        return
    for row in rows(db, REVISING):
        what = f"row {row['row_id']} of {row['table_name']}"
        event = row["added_event"]
        if is_correction(row["action"]):
            yield from check_corrected(db, row, what)
        elif row["action"] != ProgrammeAction.ERASE.value or row["request"] is None:
            says = f"{what} was changed by event {event}, which is not an erasure that was approved."
            yield RecordProblem(kind="changed", what=what, says=says, event=event)
        elif same_person(str(row["asked"]), str(row["approved"])):
            says = f"{what} was erased by event {event}, which one person both asked for and approved."
            yield RecordProblem(kind="changed", what=what, says=says, event=event)
        else:
            yield from _words_in_place(db, row, what)


def _words_in_place(db: Database, row: dict[str, object], what: str) -> Iterator[RecordProblem]:
    for column in set(str(row["columns"]).split(",")) - DIGESTS:
        value = str(one(db, f'select "{column}" from {row["table_name"]} where rowid = ?', [row["row_id"]]))
        if BLOCK not in value and "[erased " not in value and "[person " not in value:
            says = f"{what} has words in {column} that event {row['added_event']} would have erased."
            event = row["added_event"] if isinstance(row["added_event"], int) else None
            yield RecordProblem(kind="changed", what=what, says=says, event=event)
