"""Codings in an import: their row, and the statements that decide about staged ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypedDict

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WrapValidator
from pydantic_core.core_schema import ValidatorFunctionWrapHandler

from evidence.actions import EvidenceAction
from evidence.items import LONGEST_NUMBER
from evidence.rows import (
    Direction,
    DomainNames,
    NeededPerson,
    PlainNumber,
    RowAboutItem,
    Significance,
    Text,
)
from rules.errors import refuse
from rules.remedy import Replace
from rules.words import many


def _if_given(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """What stands in a cell that may be empty."""
    return None if value is None or (isinstance(value, str) and not value.strip()) else check(value)


def _beside_direction(value: int | None, info: ValidationInfo) -> int | None:
    if "direction" in info.data and (value is None) != (info.data["direction"] is None):
        raise refuse("direction and significance together, or neither")
    return value


def _beside_no_direction(value: float | None, info: ValidationInfo) -> float | None:
    if value is not None and value < 1:
        raise refuse("a score from 1 up")
    if value is not None and info.data.get("direction"):
        raise refuse("a direction with its significance, or a score, not both")
    return value


def _number_of_item(value: Any) -> int | None:
    text = "" if value is None else str(value).strip().upper().removeprefix("E").removesuffix(".0")
    if text and not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise refuse("the number of an item, e.g. E12, or nothing")
    return int(text) if text else None


class CodingRow(RowAboutItem):
    """A second reviewer's coding of an item that another reviewer recorded, made without seeing theirs."""

    layout: ClassVar[str] = "codings"
    coded_by: NeededPerson = Field(
        description="Who codes it: any reviewer except the one who recorded the item."
    )
    direction: Annotated[Direction | None, WrapValidator(_if_given)] = Field(
        default=None, description="Findings: strength, weakness or neutral; empty for other items."
    )
    significance: Annotated[
        Significance | None, WrapValidator(_if_given), AfterValidator(_beside_direction)
    ] = Field(
        default=None,
        validate_default=True,
        description="Findings: 1 minor, 2 important, 3 serious; empty for other items.",
    )
    score: Annotated[PlainNumber, AfterValidator(_beside_no_direction)] = Field(
        default=None, description="Case scores: the score, 1 the worst; empty for other items."
    )
    domains: DomainNames = Field(
        default=(), description="All domains it bears on, separated by semicolons; empty if it bears on none."
    )
    note: Text = Field(default="", description="Why.")
    item: Annotated[int | None, BeforeValidator(_number_of_item)] = Field(
        default=None,
        description="Number of the item, e.g. E12, as the sheet of a batch gives it; refused if another"
        " item now has this source and locator.",
    )
    says: Text = Field(
        default="", description="What the item says, in the sheet of a batch: only to read, not stored."
    )
    quote: Text = Field(
        default="", description="The words it quotes, in the sheet of a batch: only to read, not stored."
    )


STAGE = """
insert into incoming_coding (place, ref_no, locator, item, coded_by, direction, significance, score, domains,
  note, digest)
values (:place, :ref_no, :locator, :item, :coded_by, :direction, :significance, :score, :domains, :note,
  :digest)
"""


class Staged(TypedDict):
    """The values of a coding for `STAGE`."""

    place: str
    ref_no: int
    locator: str
    item: int | None
    coded_by: str
    direction: str | None
    significance: int | None
    score: float | None
    note: str
    domains: str
    """Their row numbers, as JSON."""
    digest: str


def staged(place: str, ref_no: int, row: Any, domains: Mapping[str, int]) -> Staged:
    """The values of a coding for `STAGE`; `domains` gives the row number of every domain."""
    said = (row.direction, row.significance, row.score, *sorted(row.domains), row.note)
    digest = hashlib.sha256("\x1f".join(map(str, said)).encode()).hexdigest()[:32]
    chosen = json.dumps(sorted(domains[name] for name in row.domains))
    return {
        "place": place,
        "ref_no": ref_no,
        "locator": row.locator,
        "item": row.item,
        "coded_by": row.coded_by,
        "direction": row.direction,
        "significance": row.significance,
        "score": row.score,
        "note": row.note,
        "domains": chosen,
        "digest": digest,
    }


# A spreadsheet makes 7 of the locator 007, and a date of 3-4. Where the source has no item at such a locator,
# the number of the item says which one is meant.
ITEMS_BY_NUMBER = """
update incoming_coding set locator = (select o.locator from evidence o where o.id = incoming_coding.item)
where exists (select 1 from evidence o join incoming_ref r on r.source_id = o.source_id
    where o.id = incoming_coding.item and r.ref_no = incoming_coding.ref_no)
  and not exists (select 1 from evidence e join incoming_ref r on r.source_id = e.source_id
    where r.ref_no = incoming_coding.ref_no and e.locator = incoming_coding.locator)
  and not exists (select 1 from incoming_item i
    where i.ref_no = incoming_coding.ref_no and i.locator = incoming_coding.locator)
"""


# One spelling of every coder: that of the codings and batches that are stored, before that of the file.
ONE_SPELLING = """
with named as (
  select name, min(later) as later from (
    select coded_by as name, 0 as later from coding union select coder, 0 from coding_batch
    union select coded_by, 1 from incoming_coding)
  group by name),
first as (
  select who, name from (
    select person(name) as who, name, row_number() over (partition by person(name) order by later, name) as n
    from named)
  where n = 1)
update incoming_coding set coded_by = f.name from first f
where f.who = person(incoming_coding.coded_by) and f.name <> incoming_coding.coded_by
"""
# The item that is there, or that comes in with the coding. What was coded before another item took its place
# is a coding of the older one: always where that was settled, else where the sheet names it.
ITEMS_OF_CODINGS = """
update incoming_coding set active_id = m.active_id, evidence_id = m.evidence_id, kind = m.kind,
  recorded_by = m.recorded_by, scale_max = m.scale_max
from (
  select c.n, coalesce(w.id, p.active_id) as active_id, coalesce(w.id, e.id) as evidence_id,
    coalesce(i.kind, e.kind) as kind, coalesce(i.recorded_by, e.recorded_by) as recorded_by,
    case when w.id is null then e.scale_max else i.scale_max end as scale_max
  from incoming_coding c cross join incoming_place p on p.ref_no = c.ref_no and p.locator = c.locator
  left join incoming_new w on w.n = p.n left join incoming_item i on i.n = w.n
  left join settlement t on t.replaced_by = p.active_id
  left join incoming_ref r on r.ref_no = c.ref_no
  left join evidence o on o.id = c.item and o.source_id = r.source_id and o.locator = c.locator
    and exists (select 1 from coding k
      where k.evidence_id = o.id and k.coded_by = c.coded_by and k.digest = c.digest)
  left join evidence e on e.id = coalesce(o.id, t.evidence_id, p.active_id) and w.id is null) m
where m.n = incoming_coding.n
"""


# twice: the file says it before. same: it is stored. withdrawn: it was, or its item was. changed: the person
# coded the item otherwise before. new: they did not code it.
DECIDE_CODINGS = f"""
update incoming_coding set state = case
  when evidence_id is null then 'withdrawn'
  when incoming_coding.n > m.first then 'twice'
  when m.same then 'same'
  when m.twin and (m.dropped or not :replace) then 'withdrawn'
  when m.active then 'changed'
  else 'new' end
from (
  select i.n, min(f.n) as first,
    coalesce(max(c.digest = i.digest and c.withdrawn_event is null), 0) as same,
    coalesce(max(c.digest = i.digest and c.withdrawn_event is not null), 0) as twin,
    coalesce(max(c.digest = i.digest and v.action <> '{EvidenceAction.IMPORT}'), 0) as dropped,
    coalesce(max(c.withdrawn_event is null and c.id is not null), 0) as active
  from incoming_coding i
  left join (select min(n) as n, evidence_id, coded_by from incoming_coding group by evidence_id, coded_by) f
    on f.evidence_id = i.evidence_id and f.coded_by = i.coded_by
  left join coding c on c.evidence_id = i.evidence_id and c.coded_by = i.coded_by
  left join event v on v.id = c.withdrawn_event
  group by i.n) m
where m.n = incoming_coding.n
"""


@dataclass(frozen=True)
class Check:
    """One fault that staged codings may have: what finds them, and what is said of each."""

    rows: str
    """The statement that finds them, with `n`, `place` and what the message names."""
    message: str
    hint: str = ""
    column: str = ""
    """The column of the file that it is about, if it is one."""

    def told(self, row: Mapping[str, Any]) -> tuple[str, str, str]:
        """Place, message and hint of one row that was found."""
        place = f"{row['place']}, column {self.column!r}" if self.column else row["place"]
        return place, self.message.format_map(row), self.hint


# Codings that would come after everybody, or their coder, was told what others made of the item.
SETTLED = """
select i.n, i.place, i.evidence_id, t.settled_by from incoming_coding i
join settlement t on t.evidence_id = i.evidence_id where i.state in ('new', 'changed')
"""


HANDED_IN = """
select i.n, i.place, i.coded_by, i.evidence_id, min(b.id) as batch
from incoming_coding i join coding_batch_item x on x.evidence_id = i.evidence_id
join coding_batch b on b.id = x.batch_id and b.coder = i.coded_by and b.done_event is not null
where i.state in ('new', 'changed') and i.evidence_id not in (select evidence_id from settlement) group by i.n
"""


CHECKS = (
    Check(
        """
select c.n, c.place, r.ref, c.locator from incoming_coding c join incoming_ref r using (ref_no)
join incoming_place p on p.ref_no = c.ref_no and p.locator = c.locator
where p.state = 'tagged' and not p.there and r.source_id is not null
""",
        "there is no item with source {ref!r} and locator {locator!r} to code.",
        "Source and locator must be written exactly as in the item; or give its number in 'item'.",
    ),
    Check(
        "select n, place, coded_by from incoming_coding where person(coded_by) = person(recorded_by)",
        "{coded_by!r} recorded this item, so the item itself is their coding.",
        "A coding is a second person's: name the reviewer who coded it without the first.",
        column="coded_by",
    ),
    Check(
        "select n, place, score, scale_max from incoming_coding"
        " where kind = 'case_score' and score > scale_max",
        "found {score:g}; expected a score from 1 to {scale_max:g}.",
        column="score",
    ),
    Check(
        """
select i.n, i.place, i.coded_by, f.place as other
from (select ref_no, locator, coded_by, min(n) as n, place, digest
      from incoming_coding group by ref_no, locator, coded_by having count(*) > 1) f
join incoming_coding i
  on i.ref_no = f.ref_no and i.locator = f.locator and i.coded_by = f.coded_by and i.digest <> f.digest
""",
        "{coded_by!r} codes this item twice, differently (also {other}).",
        "A reviewer codes each item once.",
    ),
    Check(
        """
select n, place, item, active_id from incoming_coding
where item is not null and active_id is not null and item not in (active_id, evidence_id)
""",
        "found E{item}, but the item at this source and locator is now E{active_id}.",
        "Check that item, and write its number.",
        column="item",
    ),
    Check(
        SETTLED,
        "item E{evidence_id} was settled by {settled_by}; it can no longer be coded.",
        "Someone other than its coders settles what was coded differently.",
    ),
    Check(
        HANDED_IN,
        "{coded_by!r} has handed in batch {batch}, and may since have seen how others coded item"
        " E{evidence_id}.",
        "Someone other than its coders settles what was coded differently.",
    ),
)


NO_JUDGEMENT = """
select n, place, kind from incoming_coding
where direction is null and score is null and kind in ('finding', 'case_score')
"""


NOT_TO_BE_JUDGED = """
select n, place, kind, case when direction is null then 'score' else 'direction' end as column,
  coalesce(direction, score) as given
from incoming_coding
where (direction is not null and kind <> 'finding') or (score is not null and kind <> 'case_score')
"""


CHANGED = f"""
select n, place, coded_by, evidence_id from incoming_coding where state = 'changed'
  and n not in (select n from ({SETTLED})) and n not in (select n from ({HANDED_IN}))
"""


COUNTS = """
select f.review_id, coalesce(sum(state in ('new', 'changed')), 0) as codings,
  coalesce(sum(state in ('same', 'twice')), 0) as already_there,
  coalesce(sum(state = 'withdrawn'), 0) as withdrawn, coalesce(sum(state = 'changed'), 0) as replaced
from incoming_coding join incoming_ref f using (ref_no) group by f.review_id
"""


WITHDRAW_CHANGED = """
update coding set withdrawn_event = c.event
from (select distinct i.evidence_id, i.coded_by, f.event
  from incoming_coding i join incoming_ref f using (ref_no) where i.state = 'changed') c
where withdrawn_event is null and coding.evidence_id = c.evidence_id and coding.coded_by = c.coded_by
"""


INSERT = """
insert into coding (evidence_id, coded_by, direction, significance, score, note, digest, added_event)
select evidence_id, coded_by, direction, significance, score, note, digest, f.event
from incoming_coding join incoming_ref f using (ref_no)
where state in ('new', 'changed') order by evidence_id, coded_by
"""


INSERT_DOMAINS = """
insert into coding_domain (coding_id, domain_id)
select c.id, d.value from incoming_coding i
join coding c on c.evidence_id = i.evidence_id and c.coded_by = i.coded_by and c.withdrawn_event is null
join json_each(i.domains) d
where i.state in ('new', 'changed') order by c.id, d.value
"""


NAMES_OF_KINDS = {
    "finding": "a finding",
    "case_score": "a case score",
    "survey_result": "a survey result",
    "indicator": "an indicator",
}


COLUMNS_OF_KINDS = {"finding": "direction", "case_score": "score"}
"""The column in which a kind of item is judged; survey results and indicators are counted, not judged."""


Run = Callable[..., int]


Found = Callable[[str], list[dict[str, Any]]]


Say = Callable[..., None]
"""Is told of a problem: place, message, hint, and what remedies there are."""


def find_by_number(run: Run) -> list[str]:
    """Find items by number where no item has the locator; what is said of that, if it was done."""
    found = run(ITEMS_BY_NUMBER)
    if not found:
        return []
    which = f"{many(found, 'coding')} with a locator that no item has (spreadsheets change some)"
    return [f"{which}: the item was found by its number."]


def decide(run: Run, found: Found, say: Say, replace: bool) -> None:
    """Decide what becomes of every staged coding; `say` is told place, message and hint of every problem.

    `run` executes a statement, `found` gives the rows of one that looks for problems.
    """
    run(ONE_SPELLING)
    run(ITEMS_OF_CODINGS)
    run(DECIDE_CODINGS, replace=replace)
    for check in CHECKS:
        for row in found(check.rows):
            say(*check.told(row))
    for row in found(NO_JUDGEMENT):
        column = COLUMNS_OF_KINDS[row["kind"]]
        say(
            f"{row['place']}, column {column!r}",
            f"the cell is empty, but the item is {NAMES_OF_KINDS[row['kind']]}.",
            "Give direction and significance." if column == "direction" else "Give the score.",
        )
    for row in found(NOT_TO_BE_JUDGED):
        needed = COLUMNS_OF_KINDS.get(row["kind"])
        given = repr(row["given"]) if row["column"] == "direction" else f"{row['given']:g}"
        say(
            f"{row['place']}, column {row['column']!r}",
            f"found {given}, but the item is {NAMES_OF_KINDS[row['kind']]}.",
            f"Give its {needed} instead." if needed else "Give only the domains it bears on.",
        )
    for row in found(CHANGED) if not replace else ():
        say(
            row["place"],
            f"{row['coded_by']!r} has already coded item E{row['evidence_id']}, differently.",
            "",
            Replace("withdraw the old coding"),
        )


def store(run: Run) -> None:
    """Store the codings that were decided to be stored."""
    run(WITHDRAW_CHANGED)
    run(INSERT)
    run(INSERT_DOMAINS)
