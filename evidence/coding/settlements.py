"""Settlements: what someone other than its coders makes of an item that two coded differently, and why.

What was settled takes effect in the next run; runs made before keep their trail. Where the settled judgement
is the recorder's, the item stays as it is, and its tags become those that were settled. Where it is another
one, the item is withdrawn, and one with the settled judgement and tags stands in its place, recorded by who
settled it. Nothing becomes agreement by that: the codings are compared as they were
(`evidence.coding.agreement`). An item is settled once and coded no more.

Cost of a list: that of reading all codings of the review.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from evidence.actions import EvidenceAction
from evidence.coding.agreement import Coding, Disagreement, coding_words, find_disagreements
from evidence.coding.second_coding import CodedAs, blind_to, check_done, find_batch, still_coding
from evidence.correcting import first_ref
from evidence.digests import ITEM_COLUMNS, PLACED, item_digest
from evidence.intake.codings import COLUMNS_OF_KINDS, NAMES_OF_KINDS
from evidence.items import find_item
from evidence.marks import marks_text
from evidence.rows import DIRECTIONS
from evidence.search import index_divided
from programme.database import Act, Database, add_event, insert, rows, rows_as, transaction
from programme.names import check_person, check_words, same_person
from programme.reviews import Review, domain_ids
from rules.errors import DecisionRefused, EvidenceInvalid, UnknownName
from rules.remedy import Give, ListDisagreements, Part

# --- what was coded differently ------------------------------------------------------------------------

SETTLED = """
select t.evidence_id as item, coalesce(t.replaced_by, t.evidence_id) as now, t.settled_by, t.direction,
  t.significance, t.score, t.because, a.at,
  (select group_concat(key) from (select d.key from settlement_domain x join domain d on d.id = x.domain_id
    where x.settlement_id = t.id order by d.position)) as domains
from settlement t join evidence e on e.id = t.evidence_id join event a on a.id = t.added_event
where e.review_id = ?
"""
IN_BATCHES = """
select i.evidence_id as item, b.id as batch from coding_batch_item i join coding_batch b on b.id = i.batch_id
where b.review_id = ? order by b.id
"""


class Judged(TypedDict):
    """What a third person judged an item to be, but for its domains."""

    now: int
    """The item that counts since."""
    settled_by: str
    direction: str | None
    significance: int | None
    score: float | None
    because: str
    at: str


class Settled(Judged):
    """How a difference was settled."""

    domains: list[str]


@dataclass(frozen=True)
class CodedDifferently(Disagreement):
    """An item that people coded differently, and what came of it."""

    batches: list[int]
    """Their numbers."""
    settled: Settled | None


class _SettledRow(Judged):
    item: int
    domains: str | None


class _InBatch(TypedDict):
    item: int
    batch: int


def list_disagreements(
    db: Database, review: Review, batch: int | None = None, *, to: str | None = None, only_open: bool = False
) -> list[CodedDifferently]:
    """The items that people coded differently (those of a batch), the largest difference first.

    Codings of batches that are still open play no part, and items that `to` has still to code are left out.
    Two neutral codings do not differ, whatever their significance.
    `only_open`: those that are still to be settled. Raises UnknownName, DecisionRefused for an open batch.
    """
    if batch is not None:
        check_done(find_batch(db, review, batch))
    hidden = frozenset() if to is None else blind_to(db, review, to)
    batches: dict[int, list[int]] = {}
    for row in rows_as(_InBatch, db, IN_BATCHES, [review.id]):
        batches.setdefault(row["item"], []).append(row["batch"])
    settled = {row["item"]: _settled(row) for row in rows_as(_SettledRow, db, SETTLED, [review.id])}
    found: list[CodedDifferently] = []
    for one in find_disagreements(db, review):
        here = batches.get(one.item, [])
        closed = one.item in settled or one.withdrawn
        if one.item in hidden or (batch is not None and batch not in here) or (only_open and closed):
            continue
        found.append(CodedDifferently(**vars(one), batches=here, settled=settled.get(one.item)))
    return found


def _settled(row: _SettledRow) -> Settled:
    return {
        "now": row["now"],
        "settled_by": row["settled_by"],
        "direction": row["direction"],
        "significance": row["significance"],
        "score": row["score"],
        "because": row["because"],
        "at": row["at"],
        "domains": row["domains"].split(",") if row["domains"] else [],
    }


def settlement_words(settled: Settled, titles: Mapping[str, str] | None = None) -> str:
    """What an item was settled to be, and why; domains by their `titles` where these are given, else ids."""
    return coding_words(
        Coding(
            settled["settled_by"],
            False,
            settled["direction"],
            settled["significance"],
            settled["score"],
            tuple(settled["domains"]),
            settled["because"],
        ),
        titles,
    )


# --- settling ------------------------------------------------------------------------------------------


def settle(
    db: Database,
    review: Review,
    number: int,
    judgement: CodedAs,
    *,
    by: str,
    because: str,
    at: datetime,
) -> int:
    """Settle what item `number` is, and record why; returns the number of the item that counts from now on.

    Raises EvidenceInvalid for an item that is not there and for a judgement that does not fit it, UnknownName
    for a domain, and DecisionRefused without a reason, for somebody who coded the item, where nothing was
    coded differently, and where it was settled or withdrawn before or is still being coded.
    """
    by, because = check_person(by, "a settlement"), check_words(because, "a settlement")
    known = domain_ids(db, review)
    for domain in judgement.domains:
        if domain not in known:
            raise UnknownName("domain", domain, known)
    with transaction(db):
        item = find_item(db, review, number)
        _check_open(db, item)
        found = [one for one in find_disagreements(db, review) if one.item == number]
        if not found:
            raise DecisionRefused(
                f"no two reviewers coded E{number} differently",
                remedies=[ListDisagreements(review.key)],
            )
        _check_third(db, item, by)
        _check_fits(item, judgement)
        domains = [name for name in known if name in judgement.domains]
        return _Settling(db, review, item, found[0], by, because, at).store(judgement, domains)


def _check_open(db: Database, item: dict[str, Any]) -> None:
    number = item["id"]
    for row in rows(db, SETTLEMENT_OF, {"item": number}):
        said = f"E{row['evidence_id']} was settled by {row['settled_by']}"
        if row["replaced_by"] is not None:
            said += f"; E{row['replaced_by']} replaced it"
        raise DecisionRefused(said, hint="A moderator can challenge the settlement.")
    if item["withdrawn_event"] is not None:
        raise DecisionRefused(
            f"E{number} was withdrawn by {item['withdrawn_by']} ({item['withdrawn_because']})"
        )
    coder = still_coding(db, number)
    if coder is not None:
        raise DecisionRefused(
            f"{coder} is still coding E{number}", hint="Settle it once that batch is handed in."
        )


SETTLEMENT_OF = "select * from settlement where :item in (evidence_id, replaced_by)"
CODERS = """
select e.recorded_by as name, 'recorded' as what from evidence e where e.id = :item
union all
select c.coded_by, 'coded' from coding c where c.evidence_id = :item order by what desc, name
"""


def _check_third(db: Database, item: dict[str, Any], by: str) -> None:
    for row in rows(db, CODERS, {"item": item["id"]}):
        if same_person(row["name"], by):
            raise DecisionRefused(
                f"{by} {row['what']} E{item['id']} and cannot settle it",
                hint="Someone other than its coders has to settle it.",
            )


def _check_fits(item: dict[str, Any], judgement: CodedAs) -> None:
    """Raise EvidenceInvalid for a judgement that an item of its kind cannot have."""
    kind = item["kind"]
    column = COLUMNS_OF_KINDS.get(kind)
    this = f"E{item['id']} is {NAMES_OF_KINDS[kind]}"
    given = {"direction": judgement.direction, "significance": judgement.significance}
    if column == "direction" and None in given.values():
        raise EvidenceInvalid(
            f"{this}: direction and significance are needed", remedies=[Give(Part.JUDGEMENT)]
        )
    if column != "direction" and any(value is not None for value in given.values()):
        raise EvidenceInvalid(f"{this}, which has no direction and no significance")
    if column == "score" and judgement.score is None:
        raise EvidenceInvalid(f"{this}: the score is needed", remedies=[Give(Part.SCORE)])
    if column != "score" and judgement.score is not None:
        raise EvidenceInvalid(f"{this}, which no reviewer scores")
    if judgement.direction is not None and judgement.direction not in DIRECTIONS:
        raise UnknownName("direction", judgement.direction, DIRECTIONS)
    if judgement.significance not in (None, 1, 2, 3):
        raise EvidenceInvalid(
            f"{judgement.significance} is not a significance", hint="1 is minor, 2 important, 3 serious."
        )
    if judgement.score is not None and not 1 <= judgement.score <= item["scale_max"]:
        raise EvidenceInvalid(f"{judgement.score:g} is not a score from 1 to {item['scale_max']:g}")


class _Settling:
    """One settlement on its way into the database, inside a transaction."""

    def __init__(
        self,
        db: Database,
        review: Review,
        item: dict[str, Any],
        apart: Disagreement,
        by: str,
        because: str,
        at: datetime,
    ) -> None:
        self.db, self.review, self.item, self.apart = db, review, item, apart
        self.by, self.because, self.at = by, because, at
        self.domain_ids = domain_ids(db, review)
        self.named = first_ref(db, review, item["source"])

    def store(self, judgement: CodedAs, domains: list[str]) -> int:
        item, number = self.item, int(self.item["id"])
        tagged = [tag["domain"] for tag in item["tags"] if not tag["withdrawn"]]
        score = item["value"] if item["kind"] == "case_score" else None
        was = {"direction": item["direction"], "significance": item["significance"], "score": score}
        is_now = {name: getattr(judgement, name) for name in was}
        act = Act(
            EvidenceAction.SETTLE, self.by, self.at, self.review.id, target=f"E{number}", because=self.because
        )
        event = add_event(
            self.db,
            act,
            detail={"coded_by": [coding.coder for coding in self.apart.codings]},
            before={**was, "domains": tagged},
            after={**is_now, "domains": domains},
        )
        replaced_by = None
        if is_now == was:
            self.withdraw_tags(number, [name for name in tagged if name not in domains], event)
            self.tag(number, [name for name in domains if name not in tagged], event)
        else:
            replaced_by = self.replace(judgement, domains, event)
            self.tag(replaced_by, domains, event)
        settlement = insert(
            self.db,
            "settlement",
            {
                "evidence_id": number,
                "replaced_by": replaced_by,
                "settled_by": self.by,
                **is_now,
                "because": self.because,
                "added_event": event,
            },
        )
        self.db.conn.executemany(
            "insert into settlement_domain (settlement_id, domain_id) values (?, ?)",
            [(settlement, self.domain_ids[name]) for name in domains],
        )
        return number if replaced_by is None else replaced_by

    def withdraw_tags(self, number: int, domains: Iterable[str], event: int) -> None:
        self.db.conn.executemany(
            "update tag set withdrawn_event = ?"
            " where evidence_id = ? and domain_id = ? and withdrawn_event is null",
            [(event, number, self.domain_ids[name]) for name in domains],
        )

    def tag(self, number: int, domains: Iterable[str], event: int) -> None:
        self.db.conn.executemany(
            "insert into tag (evidence_id, domain_id, tagged_by, added_event) values (?, ?, ?, ?)",
            [(number, self.domain_ids[name], self.by, event) for name in domains],
        )

    def replace(self, judgement: CodedAs, domains: list[str], event: int) -> int:
        """Put an item with another judgement in the place of this one; returns its number."""
        item = self.item
        says = {name: item[name] for name in (*ITEM_COLUMNS, *PLACED)}
        says |= {"direction": judgement.direction, "significance": judgement.significance}
        says["marks"] = marks_text(item["marks"])
        if item["kind"] == "case_score" and judgement.score is not None:
            says |= {"value": float(judgement.score), "base": 1.0, "marks": None}
        self.db.conn.execute("update evidence set withdrawn_event = ? where id = ?", [event, item["id"]])
        number = insert(
            self.db,
            "evidence",
            {
                **{name: item[name] for name in ("review_id", "source_id", "locator")},
                **says,
                "recorded_by": self.by,
                "recorded_on": self.at.date().isoformat(),
                "digest": item_digest(self.named, item["locator"], says),
                "added_event": event,
            },
        )
        index_divided(self.db, "evidence", "id = ?", [number])
        where = {"old": item["id"], "new": number, "event": event}
        self.db.conn.execute(TAKE_ANCHOR, where)
        settled = json.dumps([self.domain_ids[name] for name in domains])
        self.db.conn.execute(LEAVE_TAGS, {**where, "settled": settled})
        return number


TAKE_ANCHOR = """
insert into anchor (evidence_id, page, starts, ends, exact, prefix, suffix, added_event)
select :new, page, starts, ends, exact, prefix, suffix, :event from anchor where evidence_id = :old
"""
# Tags that the item had and that were not settled are withdrawn ones of the new item, so that files which are
# imported again do not give them back.
LEAVE_TAGS = """
insert into tag (evidence_id, domain_id, note, tagged_by, added_event, withdrawn_event)
select :new, domain_id, max(note), min(tagged_by), :event, :event from tag
where evidence_id = :old and domain_id not in (select value from json_each(:settled)) group by domain_id
"""
