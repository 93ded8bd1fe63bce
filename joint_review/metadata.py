"""What Datasette is told: descriptions of tables and columns, facets, labels, who may enter, canned queries.

`datasette-metadata.yml` is this, written out; a test keeps the two the same.
"""

from __future__ import annotations

from typing import Any

import yaml

from assessment.actions import AssessmentAction
from assessment.decisions import schema as of_decisions
from assessment.runs import schema as of_runs
from evidence import schema as of_evidence
from evidence.actions import EvidenceAction
from evidence.at_event import PUBLISHED
from evidence.coding import schema as of_coding
from evidence.mapping import schema as of_mapping
from programme import schema as of_programme
from programme.actions import EventAction, ProgrammeAction
from programme.database import login_of
from programme.permissions import MAY, OWNER, Action
from report import schema as of_reports
from report.actions import ReportAction

TABLES = (
    *of_programme.TABLES,
    *of_evidence.TABLES,
    *of_coding.TABLES,
    *of_mapping.KEPT_MAPPINGS,
    *of_runs.TABLES,
    *of_decisions.TABLES,
    *of_reports.TABLES,
)
"""Every table of the working database, in the order in which people read about them."""
VIEWS = (
    *of_evidence.VIEWS,
    *of_coding.CODING_VIEWS,
    *of_runs.VIEWS,
    *of_decisions.DECISION_VIEWS,
    *of_reports.VIEWS,
)

ACTIONS: tuple[EventAction, ...] = (
    *ProgrammeAction,
    *EvidenceAction,
    *AssessmentAction,
    *ReportAction,
)
"""Everything an event can say was done: a stage adds its own."""

DATABASE = "programme"
FOR_WHOM = "Working evidence: for the review team and its moderators only"
"""What every page of the tables says beneath: Datasette's word for it is the licence."""

SEES_ALL_REVIEWS = {"id": OWNER, "all_reviews": sorted(role.value for role in MAY[Action.SEE_ALL_REVIEWS])}
"""Who may open Datasette's own pages, which show the rows of every review."""

DONE = " ".join(f"when '{action.value}' then '{action.label}'" for action in ACTIONS)
"""SQL: what an event says was done, in people's words."""

QUERIES: dict[str, dict[str, str]] = {
    "why_this_rating": {
        "title": "Why this rating?",
        "description": "Every criterion of one domain or question in the latest run: met or not, and by how"
        " much. Give the review's number and the target, e.g. getting-help.",
        "sql": """select c.part, c.key as criterion, case c.met when 1 then 'met' else 'not met' end as met,
  c.statement, c.needed, round(c.margin, 1) as margin, m.base,
  round(m.low, 1) as low, round(m.high, 1) as high, c.reference
from latest_run r join criterion c on c.run_id = r.id join measure m on m.id = c.measure_id
where r.review_id = cast(:review as integer) and c.target = :target order by c.id""",
    },
    "weakest_evidence": {
        "title": "Which ratings rest on the weakest evidence?",
        "description": "Domains by how little evidence they rest on: items, sources, kinds of source. Numbers"
        " that are not published count for nothing.",
        "sql": f"""with used as (
  select t.domain_id, e.id, s.id as source_id, s.kind
  from evidence e join tag t on t.evidence_id = e.id and t.withdrawn_event is null
  join source s on s.id = e.source_id
  where e.review_id = cast(:review as integer) and e.withdrawn_event is null and {PUBLISHED})
select d.title as domain, count(distinct u.id) as items, count(distinct u.source_id) as sources,
  count(distinct u.kind) as kinds, x.level_title as rating, x.status
from domain d
join review v on v.framework_id = d.framework_id and v.id = cast(:review as integer)
left join used u on u.domain_id = d.id
left join latest_run r on r.review_id = v.id
left join rating x on x.run_id = r.id and x.target = d.key
group by d.id order by kinds, sources, items""",
    },
    "one_source_domains": {
        "title": "Which domains rest on one source, or on one kind of source?",
        "description": "Domains of a review whose items all come from one source or one kind of source."
        " Numbers that are not published count for nothing.",
        "sql": f"""select d.title as domain, count(distinct e.id) as items, count(distinct s.id) as sources,
  group_concat(distinct s.kind) as kinds, min(s.ref) as first_source
from tag t join domain d on d.id = t.domain_id join evidence e on e.id = t.evidence_id
join source s on s.id = e.source_id
where e.review_id = cast(:review as integer) and t.withdrawn_event is null and e.withdrawn_event is null
  and {PUBLISHED}
group by d.id having count(distinct s.id) = 1 or count(distinct s.kind) = 1 order by d.position""",
    },
    "conflicting_evidence": {
        "title": "Where does evidence conflict?",
        "description": "Domains and strands with both strengths and weaknesses that are important or serious,"
        " the most evenly divided first.",
        "sql": """select d.title as domain, e.strand,
  sum(e.direction = 'strength') as strengths, sum(e.direction = 'weakness') as weaknesses,
  group_concat(distinct case e.direction when 'strength' then s.kind end) as strengths_from,
  group_concat(distinct case e.direction when 'weakness' then s.kind end) as weaknesses_from
from tag t join domain d on d.id = t.domain_id join evidence e on e.id = t.evidence_id
join source s on s.id = e.source_id
where e.review_id = cast(:review as integer) and t.withdrawn_event is null and e.withdrawn_event is null
  and e.kind = 'finding' and e.significance >= 2
group by d.id, e.strand having strengths > 0 and weaknesses > 0
order by min(strengths, weaknesses) desc, d.position""",
    },
    "used_in_several_domains": {
        "title": "Which items are used in several domains?",
        "description": "Items tagged to more than one domain: the same evidence counts in each of them.",
        "sql": """select e.id, e.text, s.ref as source, e.locator, count(*) as domains,
  group_concat(d.title, '; ') as tagged_to
from tag t join domain d on d.id = t.domain_id join evidence e on e.id = t.evidence_id
join source s on s.id = e.source_id
where e.review_id = cast(:review as integer) and t.withdrawn_event is null and e.withdrawn_event is null
group by e.id having count(*) > 1 order by domains desc, e.id""",
    },
    "untagged_items": {
        "title": "Which items are not tagged to any domain?",
        "description": "Items that no rating uses.",
        "sql": """select e.id, e.kind, e.text, s.ref as source, e.locator, e.recorded_by
from evidence e join source s on s.id = e.source_id
where e.review_id = cast(:review as integer) and e.withdrawn_event is null
  and not exists (select 1 from tag t where t.evidence_id = e.id and t.withdrawn_event is null)
order by e.id""",
    },
    "changed_between_runs": {
        "title": "What changed between two runs?",
        "description": "Ratings and measures that differ between two runs of a review, by their numbers.",
        "sql": """select 'rating' as what, b.title as name, b.target, a.level_title as before,
  b.level_title as after, b.because
from rating b join rating a on a.target = b.target and a.run_id = cast(:before as integer)
where b.run_id = cast(:after as integer) and (a.level is not b.level or a.status <> b.status)
union all
select 'measure', b.title, b.target, round(a.value, 1), round(b.value, 1), ''
from measure b join measure a on a.target = b.target and a.key = b.key and a.run_id = cast(:before as integer)
where b.run_id = cast(:after as integer) and a.value is not b.value
order by 1 desc, 3""",
    },
    "what_was_done": {
        "title": "What was done in a review, when and by whom?",
        "description": "The record of events of one review, the latest first. Give the review's number.",
        "sql": f"""select id as event, at, by, case action {DONE} else action end as done, target, because,
  {login_of("event")} as login
from event where review_id = cast(:review as integer) order by id desc""",
    },
}


def metadata(database: str = DATABASE) -> dict[str, Any]:
    """Datasette's metadata for a working database of that name."""
    tables = {}
    for table in (*TABLES, *VIEWS):
        entry: dict[str, Any] = {
            "description": table.description,
            "columns": {column.name: column.description for column in table.columns},
        }
        # Datasette 0.65 shows it on the page of a row only where the table itself says it.
        entry["license"] = FOR_WHOM
        if table.label:
            entry["label_column"] = table.label
        if table.facets:
            entry["facets"] = list(table.facets)
        if table.sort:
            entry["sort"] = table.sort
        tables[table.name] = entry
    tables["_sqlite_migrations"] = {"hidden": True}  # how far the file was upgraded; nothing for readers
    return {
        "title": "Joint review",
        "description": "The evidence trail: from every rating down to the source it rests on.",
        "license": FOR_WHOM,
        "allow": SEES_ALL_REVIEWS,
        "allow_sql": SEES_ALL_REVIEWS,
        "databases": {
            database: {
                "description": "The working database: reviews, evidence, runs and decisions.",
                "queries": {name: dict(query) for name, query in QUERIES.items()},  # Datasette writes in them
                "tables": tables,
            }
        },
    }


class _Dumper(yaml.SafeDumper):
    """Writes long texts as blocks, and shared values out in full."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def metadata_yaml(database: str = DATABASE) -> str:
    """`metadata` as the text of datasette-metadata.yml."""
    head = "# Written by joint_review/metadata.py from the schemas: change those, then run `make docs`.\n"
    return head + yaml.dump(
        metadata(database), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110
    )
