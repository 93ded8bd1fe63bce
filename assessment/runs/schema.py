"""The tables of runs and decisions in the working database: what each holds, column by column."""

from __future__ import annotations

from dataclasses import replace

from evidence.at_event import (
    PUBLISHED,
    added_by,
    detail_then,
    not_withdrawn_by,
    sorted_at,
    sorted_by_words,
    was_of_source,
)
from programme.columns import Table, table

EVENT = "r.evidence_event"
"""SQL: the last event that counted in a run."""

FIRST_TABLES: tuple[Table, ...] = (
    table(
        """
        policy_text -- Frameworks and rulebooks exactly as runs used them.
          digest text primary key -- SHA-256 of the text.
          kind text not null check (kind in ('framework', 'rulebook')) -- Framework or rulebook.
          key text not null -- Its short name.
          version text not null -- Version of the rulebook.
          body text not null -- The whole of it, as canonical JSON.
        """,
        label="key",
        facets=("kind", "key"),
        never_changed=True,
    ),
    table(
        """
        run -- One assessment of a review: frozen inputs and results, never changed.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review assessed.
          made_on text not null -- The date of the run.
          cell text -- The position on the grid as level names, if every question is rated.
          framework_digest text not null references policy_text(digest) -- The framework used.
          rulebook_digest text not null references policy_text(digest) -- The rulebook used.
          evidence_digest text not null -- SHA-256 of the evidence that counted.
          evidence_event integer not null references event(id) -- The last event that counted.
          decided text not null -- The ratings people had decided by then, as JSON.
          software text not null -- Version of this software.
          engines text not null -- The engine that computed the firings, as JSON.
          second_engine text not null -- Checked by a second engine: yes or no.
          seed integer not null -- Seed of all random choices.
          input_digest text not null unique -- SHA-256 of all inputs; the same inputs are the same run.
          result_digest text not null -- SHA-256 of the result, as recorded.
          result text not null
            -- The whole result as canonical JSON: figures, ids, levels and firings; no sentences since format
            -- 2.
          added_event integer not null references event(id) -- The event that recorded it.
        create index run_of_review on run(review_id)
        """,
        label="made_on",
        facets=("review_id", "cell"),
        never_changed=True,
    ),
    table(
        """
        measure -- The measures of a run: one number per target and measure, with base and interval.
          id integer primary key -- Number of the row.
          run_id integer not null references run(id) -- The run.
          target text not null -- The domain or question measured.
          key text not null -- Short name of the measure.
          title text not null -- What it measures, in the words of the day of the run.
          value real -- The value; empty if there is no data.
          base real -- How many answers, cases or findings it rests on; empty if unknown.
          low real -- Lower end of the 95 % interval.
          high real -- Upper end of the 95 % interval.
          unit text not null -- Unit of the value.
          made_of text not null -- What it is computed from: items, findings, ..., ratings.
          item_kind text -- Kind of the items it is computed from; empty for all kinds.
          item_filter text not null default '{}' -- Which of these items, as JSON.
          unique (run_id, target, key)
        """,
        label="title",
        facets=("target", "made_of"),
        never_changed=True,
    ),
    table(
        """
        criterion -- Every criterion of a run, met or not: what was measured, what was needed, by how much.
          id integer primary key -- Number of the row.
          run_id integer not null references run(id) -- The run.
          target text not null -- The domain or question rated.
          part text not null -- sufficiency, the level it belongs to, or limits.
          key text not null -- Short name of the criterion.
          measure_id integer not null references measure(id) -- The measure tested.
          met integer not null check (met in (0, 1)) -- 1 if it was met.
          margin real -- Distance to the threshold, positive when met.
          statement text not null -- The sentence about the measure, in the words of the day of the run.
          needed text not null -- What the test asks for, in the words of the day of the run.
          reference text not null -- Where the threshold comes from, by the rulebook of the run.
          unique (run_id, target, part, key)
        """,
        label="statement",
        facets=("target", "part", "met"),
        never_changed=True,
    ),
    table(
        """
        firing -- The firings of a run: the rules whose conditions were all met.
          id integer primary key -- Number of the row.
          run_id integer not null references run(id) -- The run.
          stratum text not null -- domain, question or overall.
          rule text not null -- The rule: target, part and criterion, or a cell.
          criterion_id integer references criterion(id) -- The criterion it expresses, if any.
          unique (run_id, rule)
        """,
        label="rule",
        facets=("stratum",),
        never_changed=True,
    ),
    table(
        """
        rating -- What a run concludes for every domain and question.
          id integer primary key -- Number of the row.
          run_id integer not null references run(id) -- The run.
          target text not null -- The domain or question.
          kind text not null check (kind in ('domain', 'question')) -- Domain or question.
          question text not null -- The question it belongs to.
          title text not null -- Its title in the framework of the run.
          status text not null
            -- proposed, decided, insufficient (evidence), or open (for a moderator to decide).
          level integer -- The level that counts, 1 the worst.
          level_key text -- Its short name.
          level_title text -- Its title in the framework of the run.
          proposed text -- The level the rules propose.
          because text not null
            -- One sentence, why this and not the next, in the words of the day of the run.
          position integer not null -- Order in the framework.
          unique (run_id, target)
        """,
        label="title",
        facets=("question", "status", "level_title"),
        sort="position",
        never_changed=True,
    ),
    table(
        """
        gap -- What is missing before a target can be rated.
          id integer primary key -- Number of the row.
          run_id integer not null references run(id) -- The run.
          target text not null -- The domain or question.
          title text not null -- Its title in the framework of the run.
          missing text not null -- What is there and what is needed, in the words of the day of the run.
        """,
        label="missing",
        facets=("target",),
        never_changed=True,
    ),
)


TABLES: tuple[Table, ...] = FIRST_TABLES

FIRST_VIEWS: tuple[Table, ...] = (
    table(
        """
        measure_evidence -- The items that each measure of each run rests on.
          measure_id integer -- The measure.
          run_id integer -- The run.
          evidence_id integer -- The item.
        """,
        select=f"""select m.id as measure_id, m.run_id, e.id as evidence_id
from measure m
join run r on r.id = m.run_id
join review v on v.id = r.review_id
join domain d on d.framework_id = v.framework_id and d.key = m.target
join tag t on t.domain_id = d.id and {added_by("t", EVENT)}
  and {not_withdrawn_by("t", EVENT)}
join evidence e on e.id = t.evidence_id and e.review_id = r.review_id and {added_by("e", EVENT)}
  and {not_withdrawn_by("e", EVENT)}
join source s on s.id = e.source_id
where m.made_of <> 'ratings'
  and (m.item_kind is null or e.kind = m.item_kind)
  and (json_extract(m.item_filter, '$.direction') is null
    or e.direction in (select value from json_each(m.item_filter, '$.direction')))
  and (json_extract(m.item_filter, '$.significance_at_least') is null
    or e.significance >= json_extract(m.item_filter, '$.significance_at_least'))
  and (json_extract(m.item_filter, '$.score_at_least') is null
    or e.value >= json_extract(m.item_filter, '$.score_at_least'))
  and (json_extract(m.item_filter, '$.strand') is null
    or e.strand in (select value from json_each(m.item_filter, '$.strand')))
  and (json_extract(m.item_filter, '$.source_kind') is null
    or s.kind in (select value from json_each(m.item_filter, '$.source_kind')))
  and (json_extract(m.item_filter, '$.judged') is null or e.better <> 'neither')
  and (json_extract(m.item_filter, '$.compared') is null or e.comparator is not null)
  and (json_extract(m.item_filter, '$.latest') is null or not exists (
    select 1 from evidence n
    join source ns on ns.id = n.source_id
    join tag nt on nt.evidence_id = n.id and nt.domain_id = t.domain_id
      and {added_by("nt", EVENT)}
      and {not_withdrawn_by("nt", EVENT)}
    where n.review_id = e.review_id and n.kind = e.kind and n.text = e.text
      and n.group_name = e.group_name and n.strand = e.strand and n.better <> 'neither'
      and (n.kind = 'survey_result' or (n.unit = e.unit and n.better = e.better))
      and {added_by("n", EVENT)}
      and {not_withdrawn_by("n", EVENT)}
      and (json_extract(m.item_filter, '$.compared') is null or n.comparator is not null)
      and (json_extract(m.item_filter, '$.source_kind') is null
        or ns.kind in (select value from json_each(m.item_filter, '$.source_kind')))
      and coalesce(nullif(n.period, ''), substr(ns.dated, 1, 4), '')
        > coalesce(nullif(e.period, ''), substr(s.dated, 1, 4), '')))""",
    ),
    table(
        """
        trail_edge -- Every step of every trail, from the judgement down to the source.
          run_id integer -- The run; empty for steps that belong to no run.
          from_node text -- The upper end, e.g. rating:12.
          relation text -- How the two are related.
          to_node text -- The lower end, e.g. criterion:40.
        """,
        select="""select r.id as run_id, 'run:' || r.id as from_node, 'places on the grid' as relation,
  'rating:' || x.id as to_node
from run r join rating x on x.run_id = r.id and x.kind = 'question'
union all
select u.run_id, 'rating:' || u.id, 'is made of', 'rating:' || l.id
from rating u join rating l on l.run_id = u.run_id and l.question = u.target and l.kind = 'domain'
where u.kind = 'question'
union all
select c.run_id, 'rating:' || x.id, case when c.met then 'criterion met' else 'criterion not met' end,
  'criterion:' || c.id
from criterion c join rating x on x.run_id = c.run_id and x.target = c.target
union all
select run_id, 'criterion:' || id, 'tests', 'measure:' || measure_id from criterion
union all
select run_id, 'measure:' || measure_id, 'counts', 'evidence:' || evidence_id from measure_evidence
union all
select null, 'evidence:' || id, 'stands in', 'source:' || source_id from evidence""",
    ),
    table(
        """
        latest_run -- The latest run of every review.
          id integer -- Number of the run.
          review_id integer -- The review.
          made_on text -- The date of the run.
          cell text -- The position on the grid.
        """,
        select="""select id, review_id, made_on, cell from run
where id in (select max(id) from run group by review_id)""",
    ),
)


def with_sources_as_they_were(view: Table) -> Table:
    """A view on runs in which sources (s, ns) have the details that they had when the run was made."""
    said = view.select
    for alias, item in (("ns", "n"), ("s", "e")):
        for name in ("kind", "dated"):
            for before in (" ", "("):
                said = said.replace(f"{before}{alias}.{name}", f"{before}{detail_then(alias, name)}")
        joined = f"join source {alias} on {alias}.id = {item}.source_id"
        said = said.replace(joined, f"{joined} {was_of_source(alias, EVENT)}")
    return replace(view, select=said)


def without_what_is_not_published(view: Table) -> Table:
    """A view on the items behind measures without numbers that are not published."""
    said = view.select.replace(
        "where m.made_of <> 'ratings'", f"where m.made_of <> 'ratings' and {PUBLISHED}"
    )
    said = said.replace("n.better <> 'neither'", "n.better <> 'neither' and n.value is not null")
    return replace(view, select=said)


def with_the_latest_by_time(view: Table) -> Table:
    """A view on runs in which the latest period of those since the upgrade is that which ends last."""
    said = view.select
    for item, source in (("n", "ns"), ("e", "s")):
        dated = detail_then(source, "dated")
        said = said.replace(sorted_by_words(item, dated), sorted_at(EVENT, item, dated))
    return replace(view, select=said)


CORRECTED_VIEWS: tuple[Table, ...] = (with_sources_as_they_were(FIRST_VIEWS[0]),)
"""Views as they are since details of sources can be corrected."""
PUBLISHED_VIEWS: tuple[Table, ...] = tuple(map(without_what_is_not_published, CORRECTED_VIEWS))
"""Views as they are since numbers that are not published are kept as such."""
VIEWS_BY_TIME: tuple[Table, ...] = tuple(map(with_the_latest_by_time, PUBLISHED_VIEWS))
"""Views as they are since periods are read as times."""

VIEWS: tuple[Table, ...] = (*VIEWS_BY_TIME, *FIRST_VIEWS[1:])
