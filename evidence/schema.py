"""The evidence tables of the working database: what each holds, column by column.

One description serves three readers: SQLite (the DDL), Datasette (descriptions) and the reference docs.
"""

from __future__ import annotations

from programme.columns import ID, Column, Table, with_columns

C = Column

FIRST_TABLES: tuple[Table, ...] = (
    Table(
        "source",
        "Where evidence comes from: a case file, an interview, a survey, a return, a document, a visit.",
        (
            ID,
            C("review_id", "integer not null references review(id)", "The review it was gathered for."),
            C("ref", "text not null", "Index number within the review."),
            C("title", "text not null", "Title."),
            C(
                "kind",
                "text not null check (kind in ('case_file', 'interview', 'group_meeting', 'survey',"
                " 'indicator_return', 'document', 'observation'))",
                "Kind of evidence it gives.",
            ),
            C("dated", "text", "Its date."),
            C("status", "text not null check (status in ('draft', 'authorised'))", "Draft or authorised."),
            C("strand", "text not null", "Group of people it is about."),
            C("reference", "text not null default ''", "Where the source itself can be found."),
            C("digest", "text not null", "SHA-256 of what was stored of it, including its text."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
        ),
        ("unique (review_id, ref)",),
        label="title",
        facets=("kind", "strand", "status"),
        sort="ref",
    ),
    Table(
        "source_page",
        "The stored text of a source by page or section; it never changes.",
        (
            ID,
            C("source_id", "integer not null references source(id)", "The source."),
            C("number", "integer not null", "Page or section number, from 1."),
            C("text", "text not null", "The text."),
        ),
        ("unique (source_id, number)",),
        sort="number",
        never_changed=True,
    ),
    Table(
        "evidence",
        "The evidence items: findings, case-file scores, survey results, indicators; each with its source.",
        (
            ID,
            C("review_id", "integer not null references review(id)", "The review."),
            C("source_id", "integer not null references source(id)", "The source it was found in."),
            C("locator", "text not null", "Where in the source: page, section, table and row."),
            C(
                "kind",
                "text not null check (kind in ('finding', 'case_score', 'survey_result', 'indicator'))",
                "Kind of item.",
            ),
            C("strand", "text not null", "Group of people it is about."),
            C(
                "text",
                "text not null",
                "The finding, the standard scored, the survey question or the indicator.",
            ),
            C("quote", "text not null default ''", "The words quoted from the source, if any."),
            C(
                "direction",
                "text check (direction in ('strength', 'weakness', 'neutral'))",
                "Findings: strength, weakness or neutral.",
            ),
            C(
                "significance",
                "integer check (significance between 1 and 3)",
                "Findings: 1 minor, 2 important, 3 serious.",
            ),
            C("value", "real", "Case score; share answering positively (0 to 100); value of the indicator."),
            C("base", "real check (base > 0)", "How many answered; empty where it was not published."),
            C("unit", "text not null default ''", "Unit of the value."),
            C("scale_max", "real", "Case scores: the best possible score."),
            C("group_name", "text not null default ''", "Survey results: who answered."),
            C("period", "text not null default ''", "The year or date the number is for, e.g. 2007/08."),
            C(
                "better",
                "text check (better in ('higher', 'lower', 'neither'))",
                "Numbers: which direction is better.",
            ),
            C("comparator", "real", "Indicators: what it is compared with."),
            C("comparator_name", "text not null default ''", "Indicators: whose value the comparator is."),
            C("best", "real", "Survey results: the best authority's share."),
            C("worst", "real", "Survey results: the worst authority's share."),
            C("recorded_by", "text not null", "Who recorded it."),
            C("recorded_on", "text not null", "The day it was recorded."),
            C("digest", "text not null", "SHA-256 (first 32 hex digits) of the content of the item."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
            C("withdrawn_event", "integer references event(id)", "The event that withdrew it, if one did."),
        ),
        label="text",
        facets=("kind", "strand", "direction", "source_id"),
        indexes=(
            "create unique index evidence_once on evidence(source_id, locator, coalesce(withdrawn_event, 0))",
            "create index evidence_of_review on evidence(review_id, kind)",
        ),
    ),
    Table(
        "tag",
        "The domains that an evidence item bears on; an item may have several.",
        (
            ID,
            C("evidence_id", "integer not null references evidence(id)", "The item."),
            C("domain_id", "integer not null references domain(id)", "The domain."),
            C("note", "text not null default ''", "Why it bears on the domain."),
            C("tagged_by", "text not null", "Who tagged it."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
            C("withdrawn_event", "integer references event(id)", "The event that withdrew it, if one did."),
        ),
        facets=("domain_id", "tagged_by"),
        indexes=(
            "create unique index tag_once on tag(evidence_id, domain_id, coalesce(withdrawn_event, 0))",
            "create index tag_of_domain on tag(domain_id)",
        ),
    ),
    Table(
        "survey_response",
        "Single answers of survey respondents; survey results are computed from them.",
        (
            ID,
            C("source_id", "integer not null references source(id)", "The survey."),
            C("respondent", "text not null", "Number of the respondent within the survey, never a name."),
            C("question", "text not null", "The question."),
            C("group_name", "text not null", "The group the respondent belongs to."),
            C("strand", "text not null", "Group of people the answer is about."),
            C("answer", "integer check (answer between 1 and 5)", "1 strongly disagree to 5 strongly agree."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
        ),
        ("unique (source_id, respondent, question)",),
        facets=("question", "group_name"),
    ),
)

ANSWERS: tuple[Column, ...] = (
    C(
        "answers",
        "integer check (answers > 0)",
        "Survey results: how many answered; the base is less where answers are weighted.",
    ),
    C(
        "design_effect",
        "real check (design_effect > 0)",
        "Weighted survey results: answers divided by the base (Kish), empty where answers are not weighted.",
    ),
)
"""Columns of `evidence` since survey answers can be weighted."""

RESPONDENTS: tuple[Table, ...] = (
    Table(
        "respondent_characteristic",
        "Characteristics of survey respondents, e.g. their age band; only for weighting, never to be"
        " published: respondents who share all their categories with few others can be recognised.",
        (
            ID,
            C("source_id", "integer not null references source(id)", "The survey."),
            C("respondent", "text not null", "Number of the respondent within the survey, never a name."),
            C("characteristic", "text not null", "The characteristic, e.g. age band, area, sex."),
            C("category", "text not null", "The respondent's category; empty if the respondent did not say."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
        ),
        ("unique (source_id, respondent, characteristic)",),
        facets=("characteristic", "category"),
    ),
    Table(
        "population_margin",
        "The make-up of the people a survey is about, by one characteristic at a time; answers are weighted"
        " to these figures.",
        (
            ID,
            C("source_id", "integer not null references source(id)", "The survey."),
            C("group_name", "text not null", "The group that the margin is for; empty for all respondents."),
            C("characteristic", "text not null", "E.g. age band, area, sex."),
            C("category", "text not null", "One category of it."),
            C("percent", "real check (percent between 0 and 100)", "Its share of the people, in percent,"),
            C("people", "real check (people >= 0)", "or how many they are."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
            C("withdrawn_event", "integer references event(id)", "The event that withdrew it, if one did."),
        ),
        facets=("characteristic", "group_name"),
        indexes=(
            "create unique index population_margin_once on population_margin"
            "(source_id, group_name, characteristic, category, coalesce(withdrawn_event, 0))",
        ),
    ),
    Table(
        "respondent_weight",
        "How much each respondent counts, so that the respondents together resemble the whole population"
        " (raking to the margins).",
        (
            ID,
            C("source_id", "integer not null references source(id)", "The survey."),
            C(
                "group_name",
                "text not null",
                "The group that is weighted; empty for all respondents together.",
            ),
            C("respondent", "text not null", "Number of the respondent within the survey."),
            C("weight", "real not null check (weight > 0)", "The weight, to six decimals; their mean is 1."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
            C("withdrawn_event", "integer references event(id)", "The event that withdrew it, if one did."),
        ),
        facets=("group_name",),
        indexes=(
            "create unique index respondent_weight_once on respondent_weight"
            "(source_id, respondent, group_name, coalesce(withdrawn_event, 0))",
        ),
    ),
)


ANCHORS: tuple[Table, ...] = (
    Table(
        "anchor",
        "Where an item's quote is in the stored text of its source: position and words, as the two text"
        " selectors of the W3C Web Annotation Data Model.",
        (
            ID,
            C("evidence_id", "integer not null unique references evidence(id)", "The item."),
            C("page", "integer not null check (page > 0)", "Number of the page or section of the source."),
            C(
                "starts",
                "integer not null check (starts >= 0)",
                "Where the quote begins on the page: Unicode code points before it.",
            ),
            C("ends", "integer not null check (ends > starts)", "Where it ends: code points up to its end."),
            C("exact", "text not null", "The words quoted, exactly as on the page."),
            C("prefix", "text not null", "The words just before."),
            C("suffix", "text not null", "The words just after."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
        ),
        never_changed=True,
    ),
)


TABLES: tuple[Table, ...] = (
    *with_columns(FIRST_TABLES, "evidence", ANSWERS),
    *RESPONDENTS,
    *ANCHORS,
)

FIRST_VIEWS: tuple[Table, ...] = (
    Table(
        "current_evidence",
        "The evidence items that count now, with their source: withdrawn items left out.",
        (
            C("id", "integer", "Number of the item."),
            C("review_id", "integer", "The review."),
            C("kind", "text", "Kind of item."),
            C("strand", "text", "Group of people it is about."),
            C("text", "text", "Its text."),
            C("direction", "text", "Findings: strength, weakness or neutral."),
            C("significance", "integer", "Findings: 1 minor, 2 important, 3 serious."),
            C("value", "real", "Its value, if it has one."),
            C("source", "text", "Index number of the source."),
            C("source_kind", "text", "Kind of evidence the source gives."),
            C("locator", "text", "Where in the source."),
            C("domains", "text", "The domains it is tagged to."),
        ),
        select="""select e.id, e.review_id, e.kind, e.strand, e.text, e.direction, e.significance, e.value,
  s.ref as source, s.kind as source_kind, e.locator,
  (select group_concat(d.title, '; ') from tag t join domain d on d.id = t.domain_id
    where t.evidence_id = e.id and t.withdrawn_event is null) as domains
from evidence e join source s on s.id = e.source_id
where e.withdrawn_event is null""",
        facets=("kind", "strand", "source_kind"),
    ),
)

VIEWS: tuple[Table, ...] = FIRST_VIEWS
