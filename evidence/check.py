"""What to look at before assessing: untagged, thin, overused, old, draft or misplaced evidence; surveys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypedDict

from evidence.at_event import OUTSIDE, PUBLISHED
from evidence.rows import KINDS_OF_SOURCE, SOURCE_KINDS
from evidence.series import without_order
from evidence.weights import LARGE
from programme.database import Database, last_event, rows, rows_as
from programme.reviews import Review
from rules.ratings import FEWEST_ANSWERS
from rules.words import many

FEW = 5
"""A domain with fewer items than this has too little evidence."""
MANY = 3
"""An item tagged to this many domains or more is used in many."""


class DomainFound(TypedDict):
    """What is tagged to a domain: how many items, of how many sources and kinds."""

    key: str
    title: str
    items: int
    kinds: int
    sources: int
    kind_names: str
    """The kinds, separated by commas."""


class DomainChecked(DomainFound):
    """The same with what is wrong with it."""

    problem: str
    """Empty for nothing."""


@dataclass(frozen=True)
class EvidenceCheck:
    """Everything the check found; lists of rows, empty where there is nothing to say."""

    untagged: list[dict[str, Any]]
    """Items tagged to no domain: id, source, locator, text."""
    domains: list[DomainChecked]
    """Every domain, in the order of the framework."""
    used_in_many: list[dict[str, Any]]
    """Items tagged to three domains or more: id, text, domains, uses."""
    outside_window: list[dict[str, Any]]
    """Items whose whole period, or whose source, lies outside the evidence window: id, text, dated."""
    not_placed: list[dict[str, Any]]
    """Numbers whose period does not say when it was ('last year', 'Wave 9'): id, text, period."""
    out_of_order: list[dict[str, Any]]
    """Numbers of series whose periods cannot be put in order, so that nothing can be assessed: id, text,
    period."""
    recorded_later: list[dict[str, Any]]
    """Items recorded on a day after the one on which they were added: id, text, recorded_on."""
    beyond_source: list[dict[str, Any]]
    """Items whose locator names a page that the stored text does not have: id, text, locator, pages."""
    drafts: list[dict[str, Any]]
    """Items of sources that are still drafts: id, source, text."""
    few_answers: list[dict[str, Any]]
    """Survey results on so few answers that they never decide alone: id, source, text, group_name and
    answers."""
    large_weights: list[dict[str, Any]]
    """Surveys (and groups) in which a respondent counts more than `weights.LARGE` times the mean: source,
    group_name ('' for all respondents), largest (the weight), respondents (how many are weighted), base (the
    effective number of them)."""

    @property
    def problems(self) -> int:
        """How many things there are to look at."""
        thin = sum(1 for domain in self.domains if domain["problem"])
        items = (self.untagged, self.used_in_many, self.outside_window, self.drafts, self.few_answers)
        doubtful = (self.not_placed, self.out_of_order, self.recorded_later, self.beyond_source)
        return thin + sum(map(len, (*items, *doubtful, self.large_weights)))


def check_evidence(db: Database, review: Review) -> EvidenceCheck:
    """Check the evidence that counts now in a review; a few grouped statements, whatever its size."""
    headings: dict[str, list[dict[str, Any]]] = {heading: [] for heading in COLUMNS}
    window = {"window_from": review.window_from, "window_to": review.window_to}
    for row in rows(db, ITEMS, {"review": review.id, "many": MANY, **window}):
        if row["beyond_source"] and _last_page(row["locator"]) <= row["pages"]:
            row["beyond_source"] = False
        for heading, columns in COLUMNS.items():
            if row[heading]:
                headings[heading].append({column: row[column] for column in columns})
    headings["used_in_many"].sort(key=lambda row: -row["uses"])
    return EvidenceCheck(
        **headings,
        domains=check_domains(db, review),
        out_of_order=[
            {"id": one.id, "text": one.text, "period": one.period or "no period"}
            for one in without_order(db, review, last_event(db))
        ],
        large_weights=rows(db, LARGE_WEIGHTS, {"review": review.id}),
    )


def check_domains(db: Database, review: Review) -> list[DomainChecked]:
    """Every domain, in the order of the framework, with what is tagged to it and whether that will do."""
    found = rows_as(DomainFound, db, DOMAINS, {"review": review.id, "framework": review.framework_id})
    return [{**domain, "problem": _problem(domain)} for domain in found]


PAGE = re.compile(
    r"\b(?:page|pages|p|pp|pg|tudalen|tudalennau|tud)\.? ?(\d{1,5})(?: ?(?:-|\u2013|to|and) ?(\d{1,5}))?\b",
    re.I,
)


def _last_page(locator: str) -> int:
    """The last page that a locator names; 0 for none."""
    return max((int(number) for found in PAGE.findall(locator) for number in found if number), default=0)


def _problem(domain: DomainFound) -> str:
    if domain["items"] == 0:
        return "no evidence"
    if domain["items"] < FEW:
        return f"only {many(domain['items'], 'item')}"
    if domain["sources"] == 1:
        return "all from one source"
    if domain["kinds"] == 1:
        return f"only one kind of evidence ({KINDS_OF_SOURCE[domain['kind_names']]})"
    return ""


# The review's own tags first: the tags of other reviews are never read.
DOMAINS = f"""
with used as materialized (
  select t.domain_id, e.id, s.kind, s.id as source_id
  from evidence e
  join tag t on t.evidence_id = e.id and t.withdrawn_event is null
  join source s on s.id = e.source_id
  where e.review_id = :review and e.withdrawn_event is null and {PUBLISHED})
select d.key, d.title, count(distinct u.id) as items, count(distinct u.kind) as kinds,
  count(distinct u.source_id) as sources, coalesce(group_concat(distinct u.kind), '') as kind_names
from domain d left join used u on u.domain_id = d.id
where d.framework_id = :framework group by d.id order by d.position
"""
COLUMNS = {
    "untagged": ("id", "source", "locator", "text"),
    "used_in_many": ("id", "text", "domains", "uses"),
    "outside_window": ("id", "text", "dated"),
    "not_placed": ("id", "text", "period"),
    "recorded_later": ("id", "text", "recorded_on"),
    "beyond_source": ("id", "text", "locator", "pages"),
    "drafts": ("id", "source", "text"),
    "few_answers": ("id", "source", "text", "group_name", "answers"),
}
"""What is shown of an item under every heading that `ITEMS` answers for."""
# Every item that is under a heading, with a column for each that says so. Whether a page that the locator
# names is beyond the last one of its source is found out afterwards. An hour: summer time.
ITEMS = f"""
with used as materialized (
  select e.id, group_concat(d.key, '; ') as domains, count(*) as uses
  from evidence e join tag t on t.evidence_id = e.id and t.withdrawn_event is null
  join domain d on d.id = t.domain_id
  where e.review_id = :review and e.withdrawn_event is null group by e.id),
stored as materialized (
  select s.id, max(p.number) as pages from source s join source_page p on p.source_id = s.id
  where s.review_id = :review group by s.id)
select e.id, s.ref as source, e.locator, e.text, e.group_name, e.answers, e.period, e.recorded_on,
  coalesce(nullif(e.period, ''), s.dated) as dated, used.domains, used.uses, stored.pages,
  used.id is null as untagged,
  used.uses >= :many as used_in_many,
  {OUTSIDE} as outside_window,
  e.period <> '' and e.ends is null and e.kind in ('survey_result', 'indicator') as not_placed,
  e.recorded_on > date(v.at, '+1 hour') as recorded_later,
  stored.id is not null and e.locator glob '*[0-9]*' as beyond_source,
  s.status = 'draft' as drafts,
  e.kind = 'survey_result' and e.answers < {FEWEST_ANSWERS} as few_answers
from evidence e join source s on s.id = e.source_id join event v on v.id = e.added_event
left join used on used.id = e.id left join stored on stored.id = e.source_id
where e.review_id = :review and e.withdrawn_event is null
  and ({" or ".join(COLUMNS)})
order by e.id
"""
LARGE_WEIGHTS = f"""
select s.ref as source, w.group_name, max(w.weight) as largest, count(*) as respondents,
  round(sum(w.weight) * sum(w.weight) / sum(w.weight * w.weight), 1) as base
from source s join respondent_weight w on w.source_id = s.id and w.withdrawn_event is null
where s.review_id = :review group by s.id, w.group_name having max(w.weight) > {LARGE}
order by s.ref, w.group_name
"""


# The items that count now, by domain and kind of source.
MATRIX = f"""
select d.key as domain, s.kind, count(*) as items, sum(e.direction is 'strength') as strengths,
  sum(e.direction is 'weakness') as weaknesses
from evidence e
join tag t on t.evidence_id = e.id and t.withdrawn_event is null
join domain d on d.id = t.domain_id
join source s on s.id = e.source_id
where e.review_id = ? and e.withdrawn_event is null and {PUBLISHED}
group by d.id, s.kind
"""


class DomainCounts(TypedDict):
    """How many items there are of a domain."""

    domain: str
    counts: dict[str, int]
    """By kind of source."""
    items: int
    strengths: int
    weaknesses: int


def evidence_matrix(db: Database, review: Review) -> list[DomainCounts]:
    """A row per domain, in the order of the framework."""
    table: dict[str, DomainCounts] = {
        domain: {
            "domain": domain,
            "counts": dict.fromkeys(SOURCE_KINDS, 0),
            "items": 0,
            "strengths": 0,
            "weaknesses": 0,
        }
        for domain in review.framework.domains
    }
    for row in rows(db, MATRIX, [review.id]):
        line = table[row["domain"]]
        line["counts"][row["kind"]] = row["items"]
        line["items"] += row["items"]
        line["strengths"] += row["strengths"]
        line["weaknesses"] += row["weaknesses"]
    return list(table.values())


def items_to_look_at(check: EvidenceCheck) -> dict[str, list[int]]:
    """The numbers of the items behind every heading of the evidence check that is about items."""
    return {
        "untagged": [row["id"] for row in check.untagged],
        "used-in-many": [row["id"] for row in check.used_in_many],
        "outside-window": [row["id"] for row in check.outside_window],
        "no-place-in-time": [row["id"] for row in check.not_placed],
        "out-of-order": [row["id"] for row in check.out_of_order],
        "recorded-later": [row["id"] for row in check.recorded_later],
        "beyond-source": [row["id"] for row in check.beyond_source],
        "drafts": [row["id"] for row in check.drafts],
    }
