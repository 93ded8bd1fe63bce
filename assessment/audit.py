"""The whole record checked, frameworks and rulebooks included; and the life of one item, event by event."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sqlite_utils import Database

from assessment.run import canonical
from evidence.database import one, rows
from evidence.record import SHOWN, Progress, RecordCheck, RecordProblem, check_record, no_progress
from rules.errors import EvidenceInvalid
from rules.framework import Framework


def audit_programme(db: Database, *, lodged: str = "", progress: Progress = no_progress) -> RecordCheck:
    """Check the record (see `evidence.record`), and every framework and rulebook against its digest.

    Frameworks are brought up to date by `init`, which is no event: that they are what their digest says is
    checked here; which digest a review began with stands in the event that created it.
    """
    found = check_record(db, lodged=lodged, progress=progress)
    problems = [*found.problems, *_policies(db), *_frameworks(db)]
    more = found.more + max(len(problems) - SHOWN, 0)
    return dataclasses.replace(found, problems=tuple(problems[:SHOWN]), more=more)


def _policies(db: Database) -> Iterator[RecordProblem]:
    for row in rows(db, "select digest, kind, key, body from policy_text order by digest"):
        if hashlib.sha256(row["body"].encode()).hexdigest() != row["digest"]:
            what = f"{row['kind']} {row['key']}"
            says = f"the {what} with digest {row['digest'][:12]} is not the text that runs used."
            yield RecordProblem("changed", what, says)


def _frameworks(db: Database) -> Iterator[RecordProblem]:
    for row in rows(db, "select id, key, digest, body from framework order by id"):
        what = f"framework {row['key']}"
        try:
            same = hashlib.sha256(canonical(json.loads(row["body"])).encode()).hexdigest() == row["digest"]
            framework = Framework.model_validate_json(row["body"])
        except ValueError:
            yield RecordProblem("changed", what, f"the {what} cannot be read any more.")
            continue
        if not same:
            yield RecordProblem("changed", what, f"the {what} does not agree with its digest.")
        stored = {name: db.conn.execute(sql, [row["id"]]).fetchall() for name, sql in PARTS.items()}
        for name, wanted in _parts(framework).items():
            if stored[name] != wanted:
                says = f"the {name} of the {what} are not those that the framework names."
                yield RecordProblem("changed", f"{name} of {what}", says)


PARTS = {
    "questions": "select key, title, title_cy from question where framework_id = ? order by position",
    "domains": "select q.key, d.key, d.title, d.title_cy, d.looks_for from domain d"
    " join question q on q.id = d.question_id where d.framework_id = ? order by d.position",
    "levels": "select q.key, v.of_domains, v.number, v.key, v.title, v.title_cy from level v"
    " join question q on q.id = v.question_id where q.framework_id = ?"
    " order by q.position, v.of_domains, v.number",
}
"""What the tables hold of a framework, in its order."""


def _parts(framework: Framework) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables should hold of a framework."""
    questions = framework.questions
    return {
        "questions": [(q.id, q.title["en"], q.title.get("cy")) for q in questions],
        "domains": [
            (q.id, d.id, d.title["en"], d.title.get("cy"), "; ".join(d.looks_for))
            for q in questions
            for d in q.domains
        ],
        "levels": [
            (q.id, of_domains, number, level.id, level.title["en"], level.title.get("cy"))
            for q in questions
            for of_domains, scale in ((0, q.scale), (1, q.levels_of_domains))
            for number, level in enumerate(scale, start=1)
        ],
    }


ITEM = """
select e.id, v.key as review, e.kind, e.text, s.ref as source, e.locator,
  e.withdrawn_event is not null as withdrawn
from evidence e join review v on v.id = e.review_id join source s on s.id = e.source_id where e.id = ?
"""
# Everything that happened to one item, and what rested on it: runs that counted it, decisions since.
LIFE = """
with item as (select * from evidence where id = :item),
tied as (
  select t.*, d.key as domain from tag t join domain d on d.id = t.domain_id where t.evidence_id = :item),
coded as (
  select c.*, (select group_concat(d.key, ', ') from coding_domain b join domain d on d.id = b.domain_id
    where b.coding_id = c.id) as domains
  from coding c where c.evidence_id = :item),
life (event, step, what, about, said, named) as (
  select added_event, 1, 'added', (select 'in place of E' || max(o.id) from evidence o
      where o.source_id = item.source_id and o.locator = item.locator
        and o.withdrawn_event = item.added_event), '', recorded_by
  from item
  union all
  select added_event, 2, 'tagged', domain, note, tagged_by from tied
  union all
  select withdrawn_event, 3, 'tag withdrawn', domain, '', null from tied where withdrawn_event is not null
  union all
  select b.added_event, 4, 'drawn to be coded again', 'batch ' || b.id, '', b.coder
  from coding_batch_item i join coding_batch b on b.id = i.batch_id where i.evidence_id = :item
  union all
  select b.done_event, 5, 'codings handed in', 'batch ' || b.id, '', b.coder
  from coding_batch_item i join coding_batch b on b.id = i.batch_id
  where i.evidence_id = :item and b.done_event is not null
  union all
  select t.added_event, 1, 'settled', coalesce((select group_concat(key, ', ') from (
      select d.key from settlement_domain x join domain d on d.id = x.domain_id
      where x.settlement_id = t.id order by d.position)), 'no domain'),
    trim(coalesce(t.direction, '') || ' ' || coalesce(t.significance, t.score, '')), t.settled_by
  from settlement t where t.evidence_id = :item
  union all
  select added_event, 4, 'coded', coalesce(domains, 'no domain'),
    trim(coalesce(direction, '') || ' ' || coalesce(significance, score, '') || ' ' || note), coded_by
  from coded
  union all
  select withdrawn_event, 5, 'coding withdrawn', coalesce(domains, 'no domain'), '', coded_by
  from coded where withdrawn_event is not null
  union all
  select withdrawn_event, 6, 'withdrawn', (select 'replaced by E' || min(n.id) from evidence n
      where n.source_id = item.source_id and n.locator = item.locator
        and n.added_event = item.withdrawn_event), '', null
  from item where withdrawn_event is not null
  union all
  select r.added_event, 7, 'in a run', 'run ' || r.id, coalesce((select group_concat(domain, ', ') from tied t
      where t.added_event <= r.evidence_event
        and (t.withdrawn_event is null or t.withdrawn_event > r.evidence_event)), 'no domain'), null
  from item join run r on r.review_id = item.review_id and r.evidence_event >= item.added_event
    and (item.withdrawn_event is null or item.withdrawn_event > r.evidence_event)
  union all
  select d.added_event, 8, 'domain decided', d.target, case d.kind when 'accept'
      then 'accepted as ' || coalesce(d.level_key, 'not rated') else coalesce(d.level_key, 'taken back') end,
    null
  from item join decision d on d.review_id = item.review_id
  where exists (select 1 from tied t where t.domain = d.target and t.added_event < d.added_event
    and (t.withdrawn_event is null or t.withdrawn_event > d.added_event)))
select l.event, e.at, e.by, l.what, coalesce(l.about, '') as about, l.said, l.named, e.because, e.before,
  e.after
from life l join event e on e.id = l.event order by l.event, l.step, l.about
"""


def history_of(db: Database, number: int) -> dict[str, Any]:
    """The life of an item: added, tagged, coded, settled, withdrawn, the runs it was in, decisions since.

    `life` is a list in the order of events, each with number, time, who (`by`; `named` is who is credited,
    if recorded), what, about what, why, and what was there before and after. Raises EvidenceInvalid.
    """
    found = rows(db, ITEM, [number])
    if not found:
        count = one(db, "select count(*) from evidence")
        raise EvidenceInvalid(
            f"there is no item E{number}",
            hint=f"The database holds {count:,} items. List them: joint-review evidence list REVIEW",
        )
    life = rows(db, LIFE, {"item": number})
    for step in life:
        step["before"], step["after"] = json.loads(step["before"]), json.loads(step["after"])
    return {**found[0], "withdrawn": bool(found[0]["withdrawn"]), "life": life}
