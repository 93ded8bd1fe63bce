"""The temporary tables of an import, and the statements that decide what becomes of its rows.

Every source named gets a number (`incoming_ref`), every row is staged with it, every source and locator gets
one decision (`incoming_place`: new, same, changed, withdrawn), every item and domain another
(`incoming_tie`). All of it is decided before anything is stored.
"""

from __future__ import annotations

import re
from operator import itemgetter

from evidence.actions import EvidenceAction
from evidence.digests import ITEM_COLUMNS, LATER, OF_ANSWERS, PLACED
from evidence.extents import COLUMNS as EXTENT
from evidence.rows import (
    CaseScoreRow,
    FindingRow,
    IndicatorRow,
    Row,
    SurveyResultRow,
)
from rules.limits import MOST_COMPARED

# Columns that are compared with stored ones have their types: no index serves a comparison otherwise.
STAGING = """
create temp table incoming_ref (
  ref_no integer primary key, review_id integer, ref text, source_id integer, is_new default 0,
  doubtful default 0,
  event integer);
create unique index temp.incoming_ref_named on incoming_ref (review_id, ref);
create temp table incoming_source (
  n integer primary key, place, ref_no integer, title, kind, dated, status, strand, reference, text, digest);
create index temp.incoming_source_of on incoming_source (ref_no);
create temp table incoming_item (
  n integer primary key, place, ref_no integer, locator text, kind, strand, text, quote default '', direction,
  significance, value, base, unit default '', scale_max, group_name default '', period default '', better,
  comparator, comparator_name default '', best, worst, answers, design_effect,
  extent_found, extent_of, extent_word, extent_unit default '', marks, reversed, begins, ends, turn,
  recorded_by, recorded_on, digest, derived default 0);
create temp table incoming_tag (
  n integer primary key, place, ref_no integer, locator text, domain_id integer, note, tagged_by, own,
  digest);
create temp table incoming_coding (
  n integer primary key, place, ref_no integer, locator text, item integer, coded_by text, direction,
  significance, score, domains, note, digest, active_id integer, evidence_id integer, kind, recorded_by,
  scale_max, state);
create temp table incoming_response (
  n integer primary key, place, ref_no integer, respondent text, question text, group_name text, strand text,
  answer integer, said, domains, better);
create temp table incoming_question (
  ref_no integer, question text, lower integer, turned integer default 0,
  primary key (ref_no, question)) without rowid;
create temp table incoming_characteristic (
  n integer primary key, place, ref_no integer, respondent text, characteristic text, category text);
create temp table incoming_margin (
  n integer primary key, place, ref_no integer, group_name text, characteristic text, category text,
  percent real, people real, state default 'same');
create temp table incoming_weight (
  ref_no integer, respondent text, group_name text, weight integer,
  primary key (ref_no, respondent, group_name)) without rowid;
create temp table incoming_refused (n integer primary key, place, ref_no integer);
create temp table incoming_place (
  ref_no integer, locator text, n integer, times, derived, first, state, there default 0, active_id integer,
  primary key (ref_no, locator)) without rowid;
create temp table incoming_new (n integer primary key, id integer);
create temp table incoming_tie (
  evidence_id integer, domain_id integer, ref_no integer, note, tagged_by, own default 0, wanted default 0,
  state default 'new', first default '',
  primary key (evidence_id, domain_id)) without rowid;
"""
STAGED = re.findall(r"temp table (\w+)", STAGING)
REFERRING = tuple(
    f"incoming_{name}"
    for name in ("item", "response", "characteristic", "margin", "tag", "coding", "refused")
)
"""Tables of rows that name a source which may not be there."""

SAYS: dict[type[Row], tuple[str, ...]] = {
    FindingRow: (*ITEM_COLUMNS[:6], *EXTENT),
    CaseScoreRow: (*ITEM_COLUMNS[:4], "value", "base", "scale_max", "better", "marks"),
    SurveyResultRow: (
        *(*ITEM_COLUMNS[:4], "value", "base", "unit", "group_name", "period", "better", "best", "worst"),
        *(*OF_ANSWERS, *LATER, *PLACED),
    ),
    IndicatorRow: (
        *(*ITEM_COLUMNS[:4], "value", "unit", "period", "better", "comparator", "comparator_name", "marks"),
        *PLACED,
    ),
}
"""The columns that a kind of item fills; the others are empty and need not be staged."""
PICKED = {model: itemgetter(*names) for model, names in SAYS.items()}


def _insert_into(table: str, *names: str) -> str:
    return f"insert into {table} ({', '.join(names)}) values ({', '.join('?' * len(names))})"


STAGE_ITEM = {
    model: _insert_into(
        *("incoming_item", "place", "ref_no", "locator", *names, "recorded_by", "recorded_on", "digest"),
    )
    for model, names in SAYS.items()
}
STAGE_REFUSED = _insert_into("incoming_refused", "place", "ref_no")
STAGE_SOURCE = _insert_into(
    *("incoming_source", "place", "ref_no", "title", "kind", "dated", "status", "strand", "reference"),
    *("text", "digest"),
)
STAGE_TAG = _insert_into(
    *("incoming_tag", "place", "ref_no", "locator", "domain_id", "note", "tagged_by", "own", "digest")
)
STAGE_RESPONSE = _insert_into(
    *("incoming_response", "place", "ref_no", "respondent", "question", "group_name", "strand", "answer"),
    *("said", "domains", "better"),
)


# --- sources: known, new, changed --------------------------------------------------------------------

KNOWN_SOURCES = """
update incoming_ref set source_id =
  (select id from source s where s.review_id = incoming_ref.review_id and s.ref = incoming_ref.ref)
"""
# New sources get their numbers here, so that everything can be decided before anything is stored.
NEW_SOURCES = """
update incoming_ref set is_new = 1, source_id = k.id
from (select i.ref_no, (select coalesce(max(id), 0) from source) + row_number() over (order by min(i.n)) as id
      from incoming_source i join incoming_ref r using (ref_no) where r.source_id is null group by i.ref_no) k
where k.ref_no = incoming_ref.ref_no
"""
REFS = f"""
select ref from source where review_id = :review
union select ref from incoming_ref where is_new and review_id = :review
limit {MOST_COMPARED}
"""
UNKNOWN_SOURCES = """
select i.n, i.place, r.ref, r.review_id from incoming_ref r join {table} i using (ref_no)
where r.source_id is null and not r.doubtful and i.place is not null
"""
CHANGED_SOURCES = """
select i.n, i.place, r.ref from incoming_source i join incoming_ref r using (ref_no)
join source s on s.id = r.source_id
where not r.is_new and s.digest <> i.digest
  and not exists (select 1 from source_was w where w.source_id = s.id and w.digest = i.digest)
"""
# Rows that say of a source what was corrected since.
CORRECTED_SOURCES = """
select count(*) from incoming_source i join incoming_ref r using (ref_no) join source s on s.id = r.source_id
where not r.is_new and s.digest <> i.digest
  and exists (select 1 from source_was w where w.source_id = s.id and w.digest = i.digest)
"""
NEW_SOURCES_NAMED = """
select min(i.n) as n, i.place, r.ref, r.review_id from incoming_source i join incoming_ref r using (ref_no)
where r.is_new and r.ref in (
  select w.ref from source_was w join source s on s.id = w.source_id where s.review_id = r.review_id)
group by r.ref_no
"""
CLASHING_SOURCES = """
select i.n, i.place, r.ref, f.place as other
from (select ref_no, min(n) as n, place, digest from incoming_source group by ref_no having count(*) > 1) f
join incoming_source i on i.ref_no = f.ref_no and i.digest <> f.digest
join incoming_ref r on r.ref_no = f.ref_no
"""

# --- items: one decision for every source and locator that comes in ----------------------------------

PLACES = """
insert into incoming_place (ref_no, locator, n, times, derived, state)
select ref_no, locator, min(n), count(*), derived, 'new' from incoming_item group by ref_no, locator
"""
# Which of several equal rows is stored is settled by what they say, never by their order. (Beside min(),
# SQLite takes the other columns from the row of the minimum.)
REPEATED_PLACES = """
update incoming_place set n = f.n, first = f.first
from (select i.ref_no, i.locator, i.n, min(i.recorded_on || char(31) || i.recorded_by) as first
      from incoming_item i cross join incoming_place p on p.ref_no = i.ref_no and p.locator = i.locator
      where p.times > 1 group by i.ref_no, i.locator) f
where f.ref_no = incoming_place.ref_no and f.locator = incoming_place.locator
"""
TAGGED_PLACES = """
insert or ignore into incoming_place (ref_no, locator, times, state)
select ref_no, locator, 0, 'tagged' from incoming_tag where own
union select ref_no, locator, 0, 'tagged' from incoming_coding
"""
CLASHING_ROWS = """
select i.n, i.place, r.ref, i.locator, f.place as other
from incoming_item i cross join incoming_place p on p.ref_no = i.ref_no and p.locator = i.locator
cross join incoming_item f on f.n = p.n cross join incoming_ref r on r.ref_no = p.ref_no
where p.times > 1 and i.digest <> f.digest
"""
# same: the item is there. withdrawn: it was, and a person (or, without --replace, a later import) withdrew
# it. changed: another item is there. new: nothing is.
DECIDE_PLACES = f"""
update incoming_place set there = 1, active_id = m.active_id, state = case
  when state = 'tagged' then 'tagged'
  when m.same then 'same'
  when m.twin and (m.dropped or not :replace) then 'withdrawn'
  when m.active_id is not null then 'changed'
  else 'new' end
from (
  select p.ref_no, p.locator, max(case when e.withdrawn_event is null then e.id end) as active_id,
    max(e.digest = i.digest and e.withdrawn_event is null) as same,
    max(e.digest = i.digest and e.withdrawn_event is not null) as twin,
    max(e.digest = i.digest and v.action <> '{EvidenceAction.IMPORT}') as dropped
  from incoming_place p cross join incoming_ref r on r.ref_no = p.ref_no and not r.is_new
  cross join evidence e on e.source_id = r.source_id and e.locator = p.locator
  left join incoming_item i on i.n = p.n
  left join event v on v.id = e.withdrawn_event
  group by p.ref_no, p.locator) m
where m.ref_no = incoming_place.ref_no and m.locator = incoming_place.locator
"""
CHANGED_ITEMS = """
select i.n, i.place, p.active_id from incoming_place p join incoming_item i on i.n = p.n
where p.state = 'changed' and not p.derived
"""
NEW_ITEMS = """
insert into incoming_new (n, id)
select n, (select coalesce(max(id), 0) from evidence) + row_number() over (order by n)
from incoming_place where state in ('new', 'changed') order by n
"""

# --- tags: one decision for every item and domain that comes in --------------------------------------

TAGS_WITHOUT_ITEM = """
select t.n, t.place, r.ref, t.locator from incoming_tag t join incoming_ref r using (ref_no)
join incoming_place p on p.ref_no = t.ref_no and p.locator = t.locator
where t.own and p.state = 'tagged' and not p.there and r.source_id is not null
"""
# A survey result made anew keeps the tags that people gave it or took from it.
TAKEN_OVER_TIES = """
insert into incoming_tie (evidence_id, domain_id, ref_no, note, tagged_by, state, first)
select w.id, t.domain_id, p.ref_no, t.note, t.tagged_by,
  case when t.withdrawn_event is null then 'new' else 'withdrawn' end, '' || max(t.id)
from incoming_place p join incoming_new w on w.n = p.n join tag t on t.evidence_id = p.active_id
where p.derived and p.state = 'changed' group by w.id, t.domain_id
"""
# Of several notes on one tie the first in the alphabet is kept, and any note before none.
TIES = """
insert into incoming_tie (evidence_id, domain_id, ref_no, note, tagged_by, own, wanted, first)
select coalesce(w.id, p.active_id), t.domain_id, p.ref_no, t.note, t.tagged_by, t.own, 1,
  (case t.note when '' then '~~' else '~' end) || t.note || char(31) || t.tagged_by
from incoming_tag t cross join incoming_place p on p.ref_no = t.ref_no and p.locator = t.locator
left join incoming_new w on w.n = p.n
where coalesce(w.id, p.active_id) is not null and (t.own or p.state <> 'withdrawn')
on conflict (evidence_id, domain_id) do update set
  own = own + excluded.own, wanted = 1,
  note = case when excluded.first < first then excluded.note else note end,
  tagged_by = case when excluded.first < first then excluded.tagged_by else tagged_by end,
  first = min(first, excluded.first)
"""
DECIDE_TIES = """
update incoming_tie set state = case when m.active then 'same' else 'withdrawn' end
from (select i.evidence_id, i.domain_id, max(t.withdrawn_event is null) as active
      from incoming_tie i cross join tag t on t.evidence_id = i.evidence_id and t.domain_id = i.domain_id
      group by 1, 2) m
where m.evidence_id = incoming_tie.evidence_id and m.domain_id = incoming_tie.domain_id
"""

# --- counting and storing ----------------------------------------------------------------------------


def rows_of_reviews(table: str) -> str:
    """SQL: how many rows of a staging table each review has, as `all_of_them`."""
    return (
        f"select review_id, count(*) as all_of_them from {table} join incoming_ref using (ref_no)"
        " group by review_id"
    )


def new_of_reviews(staged: str, stored: str, *key: str) -> str:
    """SQL: how many rows, told by a key within their source, come new to each review, as `added`."""
    same = " and ".join(f"t.{column} = i.{column}" for column in key)
    columns = ", ".join(f"i.{column}" for column in key)
    return (
        f"select review_id, count(*) as added from (select distinct f.review_id, i.ref_no, {columns}"
        f" from {staged} i join incoming_ref f using (ref_no)"
        f" where not exists (select 1 from {stored} t where t.source_id = f.source_id and {same}))"
        " group by review_id"
    )


# For every review named, which may have none of some.
COUNTS = f"""
with places as (
  select f.review_id, coalesce(sum(times) filter (where state = 'same' and not derived), 0) as same,
    coalesce(sum(times - 1) filter (where state in ('new', 'changed')), 0) as twice,
    coalesce(sum(times) filter (where state = 'withdrawn'), 0) as withdrawn,
    coalesce(sum(state = 'changed'), 0) as replaced,
    coalesce(sum(state in ('new', 'changed')), 0) as added
  from incoming_place join incoming_ref f using (ref_no) group by f.review_id),
ties as (
  select f.review_id, coalesce(sum(state = 'new'), 0) as added,
    coalesce(sum(own) filter (where state = 'same'), 0) as same,
    coalesce(sum(own - 1) filter (where state = 'new' and own), 0) as twice,
    coalesce(sum(state = 'withdrawn' and wanted), 0) as withdrawn
  from incoming_tie join incoming_ref f using (ref_no) group by f.review_id),
lost as (
  select f.review_id, count(*) as withdrawn
  from incoming_place p join incoming_tag t on t.ref_no = p.ref_no and t.locator = p.locator
  join incoming_ref f on f.ref_no = p.ref_no
  where t.own and p.active_id is null and p.there and p.state in ('tagged', 'withdrawn')
  group by f.review_id),
sources as (
  select review_id, count(*) as all_of_them, count(distinct ref_no) filter (where is_new) as added
  from incoming_source join incoming_ref using (ref_no) group by review_id),
responses as ({rows_of_reviews("incoming_response")}),
answered as ({new_of_reviews("incoming_response", "survey_response", "respondent", "question")})
select v.review_id, coalesce(s.added, 0) as sources, coalesce(a.added, 0) as responses,
  coalesce(p.added, 0) as items, coalesce(t.added, 0) as tags,
  coalesce(s.all_of_them - s.added, 0) + coalesce(r.all_of_them, 0) - coalesce(a.added, 0)
    + coalesce(p.same + p.twice, 0) + coalesce(t.same + t.twice, 0) as already_there,
  coalesce(p.withdrawn, 0) + coalesce(t.withdrawn, 0) + coalesce(l.withdrawn, 0) as withdrawn,
  coalesce(p.replaced, 0) as replaced
from (select distinct review_id from incoming_ref) v
left join places p using (review_id) left join ties t using (review_id) left join lost l using (review_id)
left join sources s using (review_id) left join responses r using (review_id)
left join answered a using (review_id)
"""
# The reason given for what is withdrawn in the import.
BECAUSE = """
select coalesce(group_concat(reason, ' '), '') from (
  select distinct case when derived
    then 'Survey results were computed again, from more answers or other weights.'
    else 'Items were replaced by rows with different content.' end as reason
  from incoming_place join incoming_ref f using (ref_no)
  where state = 'changed' and f.review_id = :review
  union
  select 'Agreeing with a question is bad, or no longer bad: its answers are turned round.'
  from incoming_question join incoming_ref f using (ref_no) where turned and f.review_id = :review
  order by reason)
"""
INSERT_SOURCES = """
insert into source (id, review_id, ref, title, kind, dated, status, strand, reference, digest, added_event)
select r.source_id, r.review_id, r.ref, i.title, i.kind, i.dated, i.status, i.strand, i.reference, i.digest,
  r.event
from incoming_source i join incoming_ref r using (ref_no)
where r.is_new group by r.source_id order by r.source_id
"""
NEW_TEXTS = """
select r.source_id, i.text from incoming_source i join incoming_ref r using (ref_no)
where r.is_new and i.text <> '' group by r.source_id
"""
INSERT_RESPONSES = """
insert into survey_response
  (source_id, respondent, question, group_name, strand, answer, said, added_event)
select r.source_id, i.respondent, i.question, i.group_name, i.strand, i.answer, max(i.said), r.event
from incoming_response i join incoming_ref r using (ref_no)
where not exists (select 1 from survey_response s
  where s.source_id = r.source_id and s.respondent = i.respondent and s.question = i.question)
group by i.ref_no, i.respondent, i.question order by min(i.n)
"""
REPLACED = """
select active_id from incoming_place join incoming_ref f using (ref_no)
where state = 'changed' and f.review_id = :review
"""
WITHDRAW_REPLACED = """
update evidence set withdrawn_event = p.event
from (select active_id, f.event from incoming_place join incoming_ref f using (ref_no)
  where state = 'changed') p
where p.active_id = evidence.id
"""
INSERT_ITEMS = f"""
insert into evidence (id, review_id, source_id, locator, {", ".join((*ITEM_COLUMNS, *PLACED))},
  recorded_by, recorded_on, digest, added_event)
select w.id, r.review_id, r.source_id, i.locator, {", ".join(f"i.{n}" for n in (*ITEM_COLUMNS, *PLACED))},
  i.recorded_by, i.recorded_on, i.digest, r.event
from incoming_new w cross join incoming_item i on i.n = w.n cross join incoming_ref r on r.ref_no = i.ref_no
order by w.n
"""
INSERT_TAGS = """
insert into tag (evidence_id, domain_id, note, tagged_by, added_event)
select evidence_id, domain_id, note, tagged_by, f.event from incoming_tie join incoming_ref f using (ref_no)
where state = 'new' order by evidence_id, domain_id
"""
ITEM_OF_ROW = """
select coalesce(w.id, p.active_id) from incoming_place p left join incoming_new w on w.n = p.n limit 1
"""
