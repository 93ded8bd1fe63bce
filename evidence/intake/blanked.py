"""Rows of an import about what had words erased since: the same as what is left, or words that are gone.

Digests of what was erased are replaced, since they would give a guess away. So a row is compared with what is
left: an export that was made after the erasure comes back unchanged, and one from before it is refused, with
or without leave to replace, or the words would be back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evidence.correcting import digest_of_source
from evidence.digests import ITEM_COLUMNS, PLACED, item_digest
from evidence.intake.refs import FirstRefs
from programme.actions import ProgrammeAction
from programme.calendar import day_of_moment
from programme.database import Database, rows
from programme.revisions import is_revised

Say = Callable[..., None]

ERASED = f"""
(select r.row_id as number, max(v.at) as at from revised_row r
 join event v on v.id = r.added_event and v.action <> '{ProgrammeAction.CORRECT}'
 where r.table_name = '{{table}}' group by r.row_id)
"""
# Where another item has taken the place of one that was withdrawn, the row is about that.
ITEMS = f"""
select i.n, i.place, i.ref_no, i.locator as at_place, i.digest as given, i.derived, x.at, e.*,
  i.derived and i.value is e.value and i.base is e.base and i.answers is e.answers
    and i.design_effect is e.design_effect and i.reversed is e.reversed as alike
from {ERASED.format(table="evidence")} x cross join evidence e on e.id = x.number
join incoming_ref f on f.source_id = e.source_id
cross join incoming_item i on i.ref_no = f.ref_no and i.locator = e.locator
where not exists (select 1 from evidence o
  where o.source_id = e.source_id and o.locator = e.locator and o.withdrawn_event is null and o.id <> e.id)
order by i.n, e.withdrawn_event is null
"""
SOURCES = f"""
select i.n, i.place, i.digest as given, x.at, s.*
from {ERASED.format(table="source")} x cross join source s on s.id = x.number
join incoming_ref f on f.source_id = s.id join incoming_source i on i.ref_no = f.ref_no order by i.n
"""
TEXT = """
select coalesce(group_concat(text, char(12)), '') as text from (
  select text from source_page where source_id = ? order by number)
"""
RESPONDENTS = f"""
select min(i.n) as n, i.place, i.respondent, s.ref, max(x.at) as at
from {ERASED.format(table="survey_response")} x cross join survey_response r on r.id = x.number
join source s on s.id = r.source_id join incoming_ref f on f.source_id = s.id
join incoming_response i on i.ref_no = f.ref_no
where not exists (select 1 from survey_response o
  where o.source_id = s.id and o.respondent = i.respondent)
group by f.ref_no, i.respondent order by 1
"""
INDEX = "create index if not exists temp.incoming_item_at on incoming_item (ref_no, locator)"


def recognise_erased(db: Database, named: FirstRefs, say: Say) -> None:
    """Take rows that say what is left of erased items for these; say which say more.

    `named` gives the index number that the items of a source are digested with, by its number in the import.
    """
    if not is_revised(db):
        return
    db.conn.execute(INDEX)
    for row in rows(db, ITEMS):
        said = {name: row[name] for name in (*ITEM_COLUMNS, *PLACED)}
        # A result of answers may have lost the words of its question, which the answers still have.
        same = row["alike"] or item_digest(named[row["ref_no"]], row["at_place"], said) == row["given"]
        if same or not row["derived"]:
            _take_for(db, "incoming_item", row["n"], row["digest"])
            at = [row["digest"], row["ref_no"], row["at_place"], row["given"]]
            db.conn.execute(
                "update incoming_tag set digest = ? where ref_no = ? and locator = ? and digest = ?", at
            )
        if not same and not row["derived"]:
            hint = "Take the row out of the file. If it is another item, give it another locator."
            say(row["place"], f"words of item E{row['id']} were erased {_on(row)}.", hint)


def recognise_erased_sources(db: Database, say: Say) -> None:
    """The same for sources, and for who answered a survey."""
    if not is_revised(db):
        return
    for row in rows(db, SOURCES):
        [left] = rows(db, TEXT, [row["id"]])
        same = row["given"] in (digest_of_source(row, left["text"] + end) for end in ("", "\f"))
        _take_for(db, "incoming_source", row["n"], row["digest"])
        if not same:
            said = f"words of the source {row['ref']!r} were erased {_on(row)}."
            say(row["place"], said, "Take its row out of the file.")
    for row in rows(db, RESPONDENTS):
        said = (
            f"who answered {row['ref']!r} was erased {_on(row)}; {row['respondent']!r} is none of them now."
        )
        say(f"{row['place']}, column 'respondent'", said, "Take the answers out of the file.")


def _take_for(db: Database, table: str, number: int, digest: str) -> None:
    db.conn.execute(f"update {table} set digest = ? where n = ?", [digest, number])


def _on(row: Mapping[str, Any]) -> str:
    return f"on {day_of_moment(row['at'])}"
