"""Blind second coding: batches of items drawn by chance for a second reviewer, coded unseen, handed in.

A batch is drawn from the items of a review that count, but for those that its coder knows: items at a source
and locator where they recorded or coded something before, or that an earlier batch gave them. Nor is drawn
what was settled (`evidence.coding.settlements`). The order in which items are drawn is that of the SHA-256 of
seed, source and locator, so that it can be made again with any tool, depends on no numbering, and gives two
coders the same items where both may have them.

- By default every item has the same chance, so that figures of agreement stand for the review.
- By domain, one item is drawn from every domain (and from the untagged ones) in turn, then a second from
  each, and so on; an item of several domains counts in the one where it comes first. Small domains are
  represented then, and weigh more in figures over all domains than they do in the review.

Of passages, only findings are drawn whose words have a known place in a stored text, and the coder reads
these words in their place, not the finding in the recorder's words, which may tell what was made of them.

While a batch is open, nothing here tells its coder what others made of its items, and their own codings are
compared with nothing (`shown_coding`). Handing in ends that, and with it the right to code these items.
Only items are drawn: text without an item has no coding to compare a second one with.

Cost: one pass over the items of the review for a draw, otherwise over those of the batch.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from evidence.actions import EvidenceAction
from evidence.coding.leaving import Left
from evidence.files.spreadsheets import as_text
from evidence.intake.codings import COLUMNS_OF_KINDS, CodingRow
from evidence.intake.importing import import_row
from evidence.intake.layouts import columns
from evidence.marks import said_of
from programme.database import Act, Database, add_event, insert, one, rows, rows_as, transaction
from programme.names import same_person
from programme.reviews import Review
from programme.users import check_assigned
from rules.errors import DecisionRefused, EvidenceInvalid, UnknownName
from rules.remedy import Give, HandIn, Part
from rules.words import many, shown_number

NAMED = 5
"""Items named where some are not coded yet; the rest are counted."""


@dataclass(frozen=True)
class CodedAs:
    """What somebody makes of an item: direction and significance, or a score, and the domains."""

    direction: str | None = None
    significance: int | None = None
    score: float | None = None
    domains: tuple[str, ...] = ()


# --- drawing -----------------------------------------------------------------------------------------------

# The names under which items of the review were recorded or coded.
NAMES = """
select distinct recorded_by as name from evidence where review_id = :review
union
select c.coded_by from coding c join evidence e on e.id = c.evidence_id where e.review_id = :review
"""
# The items that count and that the coder (under any of these names) does not know, with their rank.
ELIGIBLE = """
with recursive own (name) as (select value from json_each(:own)),
eligible as materialized (
  select e.id, draw_rank(:seed, s.ref, e.locator) as rank
  from evidence e join source s on s.id = e.source_id
  where e.review_id = :review and e.withdrawn_event is null
    and (not :passages or exists (select 1 from anchor a where a.evidence_id = e.id))
    and not exists (select 1 from evidence o where o.source_id = e.source_id and o.locator = e.locator
      and (o.recorded_by in own
        or exists (select 1 from coding c where c.evidence_id = o.id and c.coded_by in own)
        or exists (select 1 from coding_batch_item i join coding_batch b on b.id = i.batch_id
          where i.evidence_id = o.id and b.coder in own)))
    and not exists (select 1 from settlement t where e.id in (t.evidence_id, t.replaced_by)))
"""
SIMPLE = f"{ELIGIBLE} select id, rank, 1 as round from eligible order by rank"
BY_DOMAIN = f"""{ELIGIBLE},
rounds as (
  select l.id, l.rank, row_number() over (partition by t.domain_id order by l.rank) as round
  from eligible l left join tag t on t.evidence_id = l.id and t.withdrawn_event is null)
select id, rank, min(round) as round from rounds group by id order by round, rank
"""


def _rank(seed: int, source: str, locator: str) -> str:
    return hashlib.sha256(f"{seed}\x1f{source}\x1f{locator}".encode()).hexdigest()


class BatchDrawn(TypedDict):
    """A batch as it was drawn, and how far it is coded."""

    number: int
    review: str
    coder: str
    seed: int
    drawn_from: int
    """How many items could be drawn."""
    drawn_at: str
    drawn_by: str
    items: int
    coded: int
    withdrawn: int
    """Not coded, and withdrawn since."""
    done_at: str | None
    """None while it is open, like the next two."""
    done_by: str | None
    done_because: str | None


class Batch(BatchDrawn):
    """Items drawn for somebody to code blind."""

    by_domain: bool
    passages: bool
    state: str
    """open or done."""


class _BatchRow(BatchDrawn):
    by_domain: int
    passages: int


class OwnCoding(TypedDict):
    """What the coder made of an item."""

    direction: str | None
    significance: int | None
    score: float | None
    domains: list[str]
    note: str | None


class ItemToCode(TypedDict):
    """An item of a batch for its coder, without what anybody else made of it."""

    item: int
    kind: str
    source: str
    source_title: str
    source_kind: str
    source_dated: str | None
    locator: str
    strand: str
    says: str
    """Text and figures in one line; of a passage its own words."""
    quote: str
    scale_max: float | None
    withdrawn: bool
    left: Left | None
    """Who took it out of the batch, and when; None while it is there."""
    coded: bool
    own: OwnCoding | None


def draw_batch(
    db: Database,
    review: Review,
    *,
    coder: str,
    items: int,
    seed: int = 0,
    by_domain: bool = False,
    passages: bool = False,
    by: str,
    at: datetime,
) -> Batch:
    """Draw `items` items for `coder` to code blind; returns the batch as `list_batches` shows it.

    With `passages` items that quote a stored text, of which the coder is shown the words quoted alone. The
    same items, codings, seed and coder give the same draw. Raises EvidenceInvalid where there are fewer
    items to draw, and by domain where so few cannot represent every domain that has any.
    """
    coder = coder.strip()
    if not coder:
        raise EvidenceInvalid("a batch needs a reviewer who codes it", remedies=[Give(Part.CODER)])
    if items < 1:
        raise EvidenceInvalid(f"{many(items, 'item')} cannot be drawn", hint="Give a number from 1 up.")
    if seed < 0:
        raise EvidenceInvalid(f"{seed} is not a valid seed", hint="Give a whole number from 0 up.")
    db.conn.create_function("draw_rank", 3, _rank, deterministic=True)
    with transaction(db):
        names = [row["name"] for row in rows(db, NAMES, {"review": review.id})]
        own = [coder, *(name for name in names if same_person(name, coder))]
        asked = {"review": review.id, "seed": seed, "own": json.dumps(own), "passages": passages}
        found = rows(db, BY_DOMAIN if by_domain else SIMPLE, asked)
        check_assigned(db, coder)
        _check_enough(found, items, by_domain, passages, coder)
        drawn = sorted(row["id"] for row in found[:items])
        act = Act(EvidenceAction.DRAW_BATCH, by, at, review.id, target=coder)
        event = add_event(
            db,
            act,
            detail={
                "seed": seed,
                "by_domain": by_domain,
                "passages": passages,
                "drawn_from": len(found),
            },
            after={"coder": coder, "items": [f"E{number}" for number in drawn]},
        )
        row = {"coder": coder, "seed": seed, "by_domain": by_domain, "passages": passages}
        row |= {"review_id": review.id, "drawn_from": len(found), "added_event": event}
        batch = insert(db, "coding_batch", row)
        db.conn.executemany(
            "insert into coding_batch_item (batch_id, evidence_id) values (?, ?)",
            [(batch, number) for number in drawn],
        )
    return find_batch(db, review, batch)


def _check_enough(
    found: Sequence[dict[str, Any]], items: int, by_domain: bool, passages: bool, coder: str
) -> None:
    if items > len(found):
        without = " Items that quote no stored text are left out too." if passages else ""
        raise EvidenceInvalid(
            f"only {many(len(found), 'item')} can be drawn for {coder}",
            hint="Left out are items that this reviewer recorded, coded or was given before, and items that"
            f" were withdrawn or settled.{without}",
        )
    needed = sum(row["round"] == 1 for row in found) if by_domain else 0
    if items < needed:
        raise EvidenceInvalid(
            f"{many(items, 'item')} cannot represent every domain",
            hint=f"Give at least {needed}.",
            remedies=[Give(Part.ITEMS, (str(needed),))],
        )


# --- batches -----------------------------------------------------------------------------------------------

BATCHES = """
select b.id as number, v.key as review, b.coder, b.seed, b.by_domain, b.passages, b.drawn_from,
  a.at as drawn_at, a.by as drawn_by, h.at as done_at, h.by as done_by, h.because as done_because,
  count(i.id) as items, count(c.id) as coded,
  coalesce(sum(c.id is null and e.withdrawn_event is not null), 0) as withdrawn
from coding_batch b join review v on v.id = b.review_id join event a on a.id = b.added_event
left join event h on h.id = b.done_event
join coding_batch_item i on i.batch_id = b.id join evidence e on e.id = i.evidence_id
left join coding c on c.evidence_id = i.evidence_id and c.coded_by = b.coder and c.withdrawn_event is null
where b.review_id = :review and (:number is null or b.id = :number)
group by b.id order by b.id
"""


def list_batches(db: Database, review: Review) -> list[Batch]:
    """The batches of a review."""
    return _batches(db, review, None)


def find_batch(db: Database, review: Review, number: int) -> Batch:
    """A batch as `list_batches` shows it; raises UnknownName."""
    found = _batches(db, review, number)
    if not found:
        known = rows(db, "select id from coding_batch where review_id = ? order by id", [review.id])
        raise UnknownName("batch", str(number), [str(row["id"]) for row in known])
    return found[0]


def _batches(db: Database, review: Review, number: int | None) -> list[Batch]:
    return [
        {
            **row,
            "by_domain": bool(row["by_domain"]),
            "passages": bool(row["passages"]),
            "state": "done" if row["done_at"] else "open",
        }
        for row in rows_as(_BatchRow, db, BATCHES, {"review": review.id, "number": number})
    ]


def blind_to(db: Database, review: Review, name: str) -> frozenset[int]:
    """The items of which a person must not be shown other codings: those of the batches they have open.

    What has taken the place of such an item since is among them.
    """
    found = rows(db, OPEN_ITEMS, [review.id])
    return frozenset(row["evidence_id"] for row in found if same_person(row["coder"], name))


class StillBlind(DecisionRefused):
    """Who asks is coding items of the review blind, and would see here what others made of them."""

    def __init__(self, review: str, batch: int) -> None:
        super().__init__(
            f"you are coding items of this review a second time (batch {batch}), without seeing how others"
            " coded them",
            hint="The other pages of this review become available once you hand in the batch.",
        )
        self.review = review


def refuse_blind(db: Database, review: str | None, name: str) -> None:
    """Raise StillBlind for a person with an open batch in the review of that key (in any review for None)."""
    for row in rows(db, OPEN_BATCHES, [review]):
        if same_person(row["coder"], name):
            raise StillBlind(row["review"], row["number"])


def is_blind(db: Database, name: str) -> bool:
    """Whether a person has an open batch in any review."""
    try:
        refuse_blind(db, None, name)
    except StillBlind:
        return True
    return False


OPEN_BATCHES = """
select b.id as number, b.coder, v.key as review from coding_batch b join review v on v.id = b.review_id
where v.key = coalesce(?, v.key) and b.done_event is null order by b.id
"""
OPEN_ITEMS = """
select b.coder, o.id as evidence_id from coding_batch b join coding_batch_item i on i.batch_id = b.id
join evidence e on e.id = i.evidence_id
join evidence o on o.source_id = e.source_id and o.locator = e.locator
where b.review_id = ? and b.done_event is null
"""


# --- coding ------------------------------------------------------------------------------------------------

# Nothing here may tell what the recorder made of an item, not even its digest or who recorded it.
TO_CODE = """
select e.id as item, e.kind, s.ref as source, s.title as source_title, s.kind as source_kind,
  s.dated as source_dated, e.locator, e.strand,
  case when b.passages then replace(e.quote, char(10), ' ') else e.text end as text, e.quote, e.group_name,
  e.period, e.unit, case when e.kind in ('survey_result', 'indicator') then e.value end as value,
  case when e.kind in ('survey_result', 'indicator') then json_extract(e.marks, '$.value') end as mark,
  case when e.kind = 'survey_result' then e.answers end as answers, e.scale_max,
  e.withdrawn_event is not null as withdrawn, w.by as left_by, w.at as left_at,
  exists (select 1 from evidence n where n.added_event = e.withdrawn_event
    and n.source_id = e.source_id and n.locator = e.locator) as changed,
  c.id is not null as coded, c.direction, c.significance, c.score, c.note,
  (select json_group_array(key) from (
    select d.key from coding_domain x join domain d on d.id = x.domain_id
    where x.coding_id = c.id order by d.position)) as domains
from coding_batch_item i join coding_batch b on b.id = i.batch_id join evidence e on e.id = i.evidence_id
join source s on s.id = e.source_id left join event w on w.id = e.withdrawn_event
left join coding c on c.evidence_id = e.id and c.coded_by = b.coder and c.withdrawn_event is null
where i.batch_id = ? order by s.ref, e.id
"""
FACTS = ("group_name", "period", "unit", "value", "mark", "answers")
"""What an item holds beside its text that is no judgement of its recorder."""


def items_to_code(db: Database, review: Review, number: int, actor: str) -> list[ItemToCode]:
    """The items of a batch for its coder, by source, without what anybody else made of them.

    Raises UnknownName, and DecisionRefused for anybody but the coder.
    """
    batch = find_batch(db, review, number)
    _check_coder(batch, actor)
    found = list[ItemToCode]()
    for row in rows(db, TO_CODE, [number]):
        facts = {name: row[name] for name in FACTS}
        own: OwnCoding = {
            "direction": row["direction"],
            "significance": row["significance"],
            "score": row["score"],
            "domains": json.loads(row["domains"]),
            "note": row["note"],
        }
        found.append(
            {
                "item": row["item"],
                "kind": row["kind"],
                "source": row["source"],
                "source_title": row["source_title"],
                "source_kind": row["source_kind"],
                "source_dated": row["source_dated"],
                "locator": row["locator"],
                "strand": row["strand"],
                "says": _says(row["kind"], row["text"], row["scale_max"], facts),
                "quote": row["quote"],
                "scale_max": row["scale_max"],
                "withdrawn": bool(row["withdrawn"]),
                "left": _left(row),
                "coded": bool(row["coded"]),
                "own": own if row["coded"] else None,
            }
        )
    return found


def _left(row: dict[str, Any]) -> Left | None:
    if not row["withdrawn"]:
        return None
    return {"by": row["left_by"], "at": row["left_at"], "changed": bool(row["changed"])}


def _check_coder(batch: Batch, actor: str) -> None:
    if not same_person(batch["coder"], actor):
        raise DecisionRefused(
            f"batch {batch['number']} was drawn for {batch['coder']}; only they can code it"
        )


def _says(kind: str, text: str, scale_max: float | None, facts: dict[str, Any]) -> str:
    """What an item says in one line."""
    parts = [text]
    if kind == "case_score":
        parts.append(f"to be scored from 1, the worst, to {scale_max:g}")
    if kind not in COLUMNS_OF_KINDS:
        parts.append("only its domains are coded")
    if facts["value"] is not None:
        parts.append(f"{shown_number(facts['value'])} {facts['unit']}".strip())
    if facts["mark"]:
        parts.append(said_of(facts["mark"]))
    parts += [facts[name] for name in ("group_name", "period") if facts[name]]
    if facts["answers"] is not None:
        parts.append(f"{facts['answers']:,} answers")
    return "; ".join(parts)


def write_sheet(db: Database, review: Review, number: int, actor: str) -> str:
    """The items of a batch as a CSV to fill in, in the layout `codings`, which imports as it is filled.

    What the coder has said already stands there; withdrawn items are left out. Raises like `items_to_code`.
    """
    coder = find_batch(db, review, number)["coder"]
    names = [name for name, _, _ in columns(CodingRow.layout)]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    for row in items_to_code(db, review, number, actor):
        if row["withdrawn"]:
            continue
        own = {name: value for name, value in (row["own"] or {}).items() if value is not None}
        own["domains"] = ";".join(row["own"]["domains"] if row["own"] else ())
        shown = {"item": f"E{row['item']}", "says": as_text(row["says"]), "quote": as_text(row["quote"])}
        writer.writerow(
            {"source": row["source"], "locator": row["locator"], "coded_by": coder, **own, **shown}
        )
    return text.getvalue()


def code_item(
    db: Database,
    review: Review,
    number: int,
    item: int,
    judgement: CodedAs,
    *,
    note: str = "",
    by: str,
    at: datetime,
) -> None:
    """Store what the coder of an open batch makes of one of its items, in place of what they said before.

    Raises like `items_to_code`, UnknownName for an item that is not in the batch, and ImportRefused with
    everything that is wrong.
    """
    found = {row["item"]: row for row in items_to_code(db, review, number, by)}
    if item not in found:
        raise UnknownName(f"item of batch {number}", f"E{item}", [f"E{known}" for known in found])
    batch = find_batch(db, review, number)
    said = (judgement.direction, judgement.significance, judgement.score)
    values = dict(zip(("direction", "significance", "score"), map(_cell, said), strict=True))
    values |= {"source": found[item]["source"], "locator": found[item]["locator"], "item": f"E{item}"}
    values |= {"coded_by": batch["coder"], "domains": ";".join(judgement.domains), "note": note}
    import_row(db, review, CodingRow.layout, values, by=by, at=at, replace=True)


def _cell(value: float | str | None) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


NOT_CODED = """
select i.evidence_id as item from coding_batch_item i join coding_batch b on b.id = i.batch_id
join evidence e on e.id = i.evidence_id and e.withdrawn_event is null
where i.batch_id = ? and not exists (select 1 from coding c
  where c.evidence_id = i.evidence_id and c.coded_by = b.coder and c.withdrawn_event is null)
order by i.evidence_id
"""


def hand_in(db: Database, review: Review, number: int, *, by: str, at: datetime, because: str = "") -> Batch:
    """Hand in a batch: its codings are compared from now on, and can be changed no more; returns the batch.

    Items that are left uncoded, and handing in for the coder, need a reason. What is not coded is compared
    with nothing. Raises UnknownName and DecisionRefused.
    """
    with transaction(db):
        batch = find_batch(db, review, number)
        if batch["state"] == "done":
            raise DecisionRefused(f"batch {number} was handed in by {batch['done_by']}")
        missing = [f"E{row['item']}" for row in rows(db, NOT_CODED, [number])]
        if missing and not because.strip():
            more = f" and {len(missing) - NAMED:,} more" if len(missing) > NAMED else ""
            raise DecisionRefused(
                f"{len(missing):,} of {many(batch['items'], 'item')} not coded yet:"
                f" {', '.join(missing[:NAMED])}{more}",
                hint="Code them, or hand in without them and give the reason.",
                remedies=[Give(Part.REASON)],
            )
        if not same_person(by, batch["coder"]) and not because.strip():
            raise DecisionRefused(
                f"batch {number} was drawn for {batch['coder']}",
                hint="To hand it in for another reviewer, give the reason.",
                remedies=[Give(Part.REASON)],
            )
        act = Act(
            EvidenceAction.HAND_IN, by, at, review.id, target=f"batch {number}", because=because.strip()
        )
        event = add_event(
            db,
            act,
            detail={"coded": batch["coded"], "not_coded": missing},
            before={"batch": "open"},
            after={"batch": "done"},
        )
        db.conn.execute("update coding_batch set done_event = ? where id = ?", [event, number])
    return find_batch(db, review, number)


def check_done(batch: Batch) -> None:
    """Raise DecisionRefused for a batch that is still open."""
    if batch["state"] == "open":
        raise DecisionRefused(
            f"batch {batch['number']} is still open: {batch['coder']} has coded {batch['coded']:,} of"
            f" {many(batch['items'], 'item')}",
            hint="Differences are shown once it is handed in.",
            remedies=[HandIn(batch["review"], batch["number"])],
        )


def still_coding(db: Database, item: int) -> str | None:
    """Who has an item in a batch that is still open; None for nobody."""
    found: str | None = one(db, STILL_CODING, [item])
    return found


STILL_CODING = """
select b.coder from coding_batch_item i join coding_batch b on b.id = i.batch_id
where i.evidence_id = ? and b.done_event is null order by b.id limit 1
"""
