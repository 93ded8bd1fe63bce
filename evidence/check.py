"""What to look at before assessing: untagged, thin, overused, old, draft or misplaced evidence; surveys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypedDict

from evidence.at_event import OUTSIDE, PUBLISHED
from evidence.rows import KINDS_OF_SOURCE, SOURCE_KINDS
from evidence.series import without_order
from evidence.weights import LARGE
from programme.database import Database, last_event, rows
from programme.reviews import Review
from rules.ratings import FEWEST_ANSWERS
from rules.words import many

FEW = 5
"""A domain with fewer items than this has too little evidence."""
MANY = 3
"""An item tagged to this many domains or more is used in many."""


@dataclass(frozen=True)
class EvidenceCheck:
    """Everything the check found; lists of rows, empty where there is nothing to say."""

    untagged: list[dict[str, Any]]
    """Items tagged to no domain: id, source, locator, text."""
    domains: list[dict[str, Any]]
    """Every domain: key, title, items, kinds, sources, the kinds' names, and `problem` ('' if none)."""
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
    parameters = {"review": review.id, "framework": review.framework_id, "many": MANY}
    window = {"window_from": review.window_from, "window_to": review.window_to}
    domains = rows(db, DOMAINS, parameters)
    for domain in domains:
        domain["problem"] = _problem(domain)
    return EvidenceCheck(
        untagged=rows(db, UNTAGGED, parameters),
        domains=domains,
        used_in_many=rows(db, USED_IN_MANY, parameters),
        outside_window=rows(db, OUTSIDE_WINDOW, {**parameters, **window}) if any(window.values()) else [],
        not_placed=rows(db, NOT_PLACED, parameters),
        out_of_order=[
            {"id": one.id, "text": one.text, "period": one.period or "no period"}
            for one in without_order(db, review, last_event(db))
        ],
        recorded_later=rows(db, RECORDED_LATER, parameters),
        beyond_source=[row for row in rows(db, ON_A_PAGE, parameters) if _last_page(row) > row["pages"]],
        drafts=rows(db, DRAFTS, parameters),
        few_answers=rows(db, FEW_ANSWERS, parameters),
        large_weights=rows(db, LARGE_WEIGHTS, parameters),
    )


PAGE = re.compile(
    r"\b(?:page|pages|p|pp|pg|tudalen|tudalennau|tud)\.? ?(\d{1,5})(?: ?(?:-|\u2013|to|and) ?(\d{1,5}))?\b",
    re.I,
)


def _last_page(row: dict[str, Any]) -> int:
    """The last page that a locator names; 0 for none."""
    return max(
        (int(number) for found in PAGE.findall(row["locator"]) for number in found if number), default=0
    )


def _problem(domain: dict[str, Any]) -> str:
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
UNTAGGED = """
select e.id, s.ref as source, e.locator, e.text from evidence e join source s on s.id = e.source_id
where e.review_id = :review and e.withdrawn_event is null
  and not exists (select 1 from tag t where t.evidence_id = e.id and t.withdrawn_event is null)
order by e.id
"""
USED_IN_MANY = """
select e.id, e.text, group_concat(d.key, '; ') as domains, count(*) as uses
from evidence e join tag t on t.evidence_id = e.id and t.withdrawn_event is null
join domain d on d.id = t.domain_id
where e.review_id = :review and e.withdrawn_event is null
group by e.id having count(*) >= :many order by uses desc, e.id
"""
OUTSIDE_WINDOW = f"""
select e.id, e.text, coalesce(nullif(e.period, ''), s.dated) as dated
from evidence e join source s on s.id = e.source_id
where e.review_id = :review and e.withdrawn_event is null and {OUTSIDE}
order by e.id
"""
NOT_PLACED = """
select e.id, e.text, e.period from evidence e
where e.review_id = :review and e.withdrawn_event is null and e.period <> ''
  and e.ends is null and e.kind in ('survey_result', 'indicator') order by e.id
"""
# An hour: summer time.
RECORDED_LATER = """
select e.id, e.text, e.recorded_on from evidence e join event v on v.id = e.added_event
where e.review_id = :review and e.withdrawn_event is null and e.recorded_on > date(v.at, '+1 hour')
order by e.id
"""
ON_A_PAGE = """
select e.id, e.text, e.locator, p.pages from evidence e
join (select source_id, max(number) as pages from source_page group by source_id) p using (source_id)
where e.review_id = :review and e.withdrawn_event is null and e.locator glob '*[0-9]*' order by e.id
"""
DRAFTS = """
select e.id, s.ref as source, e.text from evidence e join source s on s.id = e.source_id
where e.review_id = :review and e.withdrawn_event is null and s.status = 'draft' order by e.id
"""
FEW_ANSWERS = f"""
select e.id, s.ref as source, e.text, e.group_name, e.answers
from evidence e join source s on s.id = e.source_id
where e.review_id = :review and e.kind = 'survey_result' and e.withdrawn_event is null
  and e.answers < {FEWEST_ANSWERS} order by e.id
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
