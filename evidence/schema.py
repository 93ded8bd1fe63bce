"""The evidence tables of the working database: what each holds, column by column.

One description serves three readers: SQLite (the DDL), Datasette (descriptions) and the reference docs.
"""

from __future__ import annotations

from dataclasses import replace

from evidence.extents import EXTENT_TEXT
from programme.columns import Table, columns, table, with_columns

FIRST_TABLES: tuple[Table, ...] = (
    table(
        """
        source -- Where evidence comes from: a case file, an interview, a survey, a return, a document, a
          -- visit.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review it was gathered for.
          ref text not null -- Index number within the review.
          title text not null -- Title.
          kind text not null check (kind in ('case_file', 'interview', 'group_meeting', 'survey',
            'indicator_return', 'document', 'observation')) -- Kind of evidence it gives.
          dated text -- Its date.
          status text not null check (status in ('draft', 'authorised')) -- Draft or authorised.
          strand text not null -- Group of people it is about.
          reference text not null default '' -- Where the source itself can be found.
          digest text not null -- SHA-256 of what was stored of it, including its text.
          added_event integer not null references event(id) -- The event that added it.
          unique (review_id, ref)
        """,
        label="title",
        facets=("kind", "strand", "status"),
        sort="ref",
    ),
    table(
        """
        source_page -- The stored text of a source by page or section; it never changes.
          id integer primary key -- Number of the row.
          source_id integer not null references source(id) -- The source.
          number integer not null -- Page or section number, from 1.
          text text not null -- The text.
          unique (source_id, number)
        """,
        sort="number",
        never_changed=True,
    ),
    table(
        """
        evidence -- The evidence items: findings, case-file scores, survey results, indicators; each with its
          -- source.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          source_id integer not null references source(id) -- The source it was found in.
          locator text not null -- Where in the source: page, section, table and row.
          kind text not null check (kind in ('finding', 'case_score', 'survey_result', 'indicator'))
            -- Kind of item.
          strand text not null -- Group of people it is about.
          text text not null -- The finding, the standard scored, the survey question or the indicator.
          quote text not null default '' -- The words quoted from the source, if any.
          direction text check (direction in ('strength', 'weakness', 'neutral'))
            -- Findings: strength, weakness or neutral.
          significance integer check (significance between 1 and 3)
            -- Findings: 1 minor, 2 important, 3 serious.
          value real -- Case score; share answering positively (0 to 100); value of the indicator.
          base real check (base > 0) -- How many answered; empty where it was not published.
          unit text not null default '' -- Unit of the value.
          scale_max real -- Case scores: the best possible score.
          group_name text not null default '' -- Survey results: who answered.
          period text not null default '' -- The year or date the number is for, e.g. 2007/08.
          better text check (better in ('higher', 'lower', 'neither')) -- Numbers: which direction is better.
          comparator real -- Indicators: what it is compared with.
          comparator_name text not null default '' -- Indicators: whose value the comparator is.
          best real -- Survey results: the best authority's share.
          worst real -- Survey results: the worst authority's share.
          recorded_by text not null -- Who recorded it.
          recorded_on text not null -- The day it was recorded.
          digest text not null -- SHA-256 (first 32 hex digits) of the content of the item.
          added_event integer not null references event(id) -- The event that added it.
          withdrawn_event integer references event(id) -- The event that withdrew it, if one did.
        create unique index evidence_once on evidence(source_id, locator, coalesce(withdrawn_event, 0))
        create index evidence_of_review on evidence(review_id, kind)
        """,
        label="text",
        facets=("kind", "strand", "direction", "source_id"),
    ),
    table(
        """
        tag -- The domains that an evidence item bears on; an item may have several.
          id integer primary key -- Number of the row.
          evidence_id integer not null references evidence(id) -- The item.
          domain_id integer not null references domain(id) -- The domain.
          note text not null default '' -- Why it bears on the domain.
          tagged_by text not null -- Who tagged it.
          added_event integer not null references event(id) -- The event that added it.
          withdrawn_event integer references event(id) -- The event that withdrew it, if one did.
        create unique index tag_once on tag(evidence_id, domain_id, coalesce(withdrawn_event, 0))
        create index tag_of_domain on tag(domain_id)
        """,
        facets=("domain_id", "tagged_by"),
    ),
    table(
        """
        survey_response -- Single answers of survey respondents; survey results are computed from them.
          id integer primary key -- Number of the row.
          source_id integer not null references source(id) -- The survey.
          respondent text not null -- Number of the respondent within the survey, never a name.
          question text not null -- The question.
          group_name text not null -- The group the respondent belongs to.
          strand text not null -- Group of people the answer is about.
          answer integer check (answer between 1 and 5) -- 1 strongly disagree to 5 strongly agree.
          added_event integer not null references event(id) -- The event that added it.
          unique (source_id, respondent, question)
        """,
        facets=("question", "group_name"),
    ),
)

ANSWERS = columns("""
    answers integer check (answers > 0)
      -- Survey results: how many answered; the base is less where answers are weighted.
    design_effect real check (design_effect > 0)
      -- Weighted survey results: answers divided by the base (Kish), empty where answers are not weighted.
""")
"""Columns of `evidence` since survey answers can be weighted."""

EXTENTS = columns("""
    extent_found integer check (extent_found >= 0)
      -- Findings: in how many (files, councils, teams) it was found, where that is known.
    extent_of integer check (extent_of >= 1 and extent_of >= extent_found) -- Of how many.
    extent_word text check (extent_word in ('isolated', 'some', 'most', 'all'))
      -- Findings: how widespread, where no number is known: isolated, some, most or all.
    extent_unit text not null default '' -- What was looked at, in words: files, councils, teams.
""")
"""Columns of `evidence` since findings say how widespread they are."""
SAID_INSTEAD = columns("""
    said text
      -- What was said instead of an answer, e.g. Don't know; empty where there is one, or nothing was said.
""")
"""Columns of `survey_response` since what people say instead of an answer is kept."""

REVERSED = columns("""
    reversed integer check (reversed = 1)
      -- Survey results made of single answers: 1 where agreeing is bad. Their value is then the share who
      -- disagreed.
""")
"""Columns of `evidence` since single answers can be to questions where agreeing is bad."""

NOT_PUBLISHED = columns("""
    marks text
      -- Numbers that the source does not publish, each with the mark in its place, as JSON: {"value": "[c]"}.
""")
"""Columns of `evidence` since suppressed and missing numbers are kept as such."""

REVERSED_QUESTIONS: tuple[Table, ...] = (
    table(
        """
        reversed_question -- The questions of a survey, with single answers, where agreeing is bad.
          id integer primary key -- Number of the row.
          source_id integer not null references source(id) -- The survey.
          question text not null -- The question.
          added_event integer not null references event(id) -- The event that added it.
          withdrawn_event integer references event(id) -- The event that withdrew it, if one did.
        create unique index reversed_question_once on reversed_question(source_id, question,
          coalesce(withdrawn_event, 0))
        """,
        facets=("source_id",),
    ),
)

RESPONDENTS: tuple[Table, ...] = (
    table(
        """
        respondent_characteristic -- Characteristics of survey respondents, e.g. their age band; only for
          -- weighting, never to be published: respondents who share all their categories with few others can
          -- be recognised.
          id integer primary key -- Number of the row.
          source_id integer not null references source(id) -- The survey.
          respondent text not null -- Number of the respondent within the survey, never a name.
          characteristic text not null -- The characteristic, e.g. age band, area, sex.
          category text not null -- The respondent's category; empty if the respondent did not say.
          added_event integer not null references event(id) -- The event that added it.
          unique (source_id, respondent, characteristic)
        """,
        facets=("characteristic", "category"),
    ),
    table(
        """
        population_margin -- The make-up of the people a survey is about, by one characteristic at a time;
          -- answers are weighted to these figures.
          id integer primary key -- Number of the row.
          source_id integer not null references source(id) -- The survey.
          group_name text not null -- The group that the margin is for; empty for all respondents.
          characteristic text not null -- E.g. age band, area, sex.
          category text not null -- One category of it.
          percent real check (percent between 0 and 100) -- Its share of the people, in percent,
          people real check (people >= 0) -- or how many they are.
          added_event integer not null references event(id) -- The event that added it.
          withdrawn_event integer references event(id) -- The event that withdrew it, if one did.
        create unique index population_margin_once on population_margin(source_id, group_name, characteristic,
          category, coalesce(withdrawn_event, 0))
        """,
        facets=("characteristic", "group_name"),
    ),
    table(
        """
        respondent_weight -- How much each respondent counts, so that the respondents together resemble the
          -- whole population (raking to the margins).
          id integer primary key -- Number of the row.
          source_id integer not null references source(id) -- The survey.
          group_name text not null -- The group that is weighted; empty for all respondents together.
          respondent text not null -- Number of the respondent within the survey.
          weight real not null check (weight > 0) -- The weight, to six decimals; their mean is 1.
          added_event integer not null references event(id) -- The event that added it.
          withdrawn_event integer references event(id) -- The event that withdrew it, if one did.
        create unique index respondent_weight_once on respondent_weight(source_id, respondent, group_name,
          coalesce(withdrawn_event, 0))
        """,
        facets=("group_name",),
    ),
)


ANCHORS: tuple[Table, ...] = (
    table(
        """
        anchor -- Where an item's quote is in the stored text of its source: position and words, as the two
          -- text selectors of the W3C Web Annotation Data Model.
          id integer primary key -- Number of the row.
          evidence_id integer not null unique references evidence(id) -- The item.
          page integer not null check (page > 0) -- Number of the page or section of the source.
          starts integer not null check (starts >= 0)
            -- Where the quote begins on the page: Unicode code points before it.
          ends integer not null check (ends > starts) -- Where it ends: code points up to its end.
          exact text not null -- The words quoted, exactly as on the page.
          prefix text not null -- The words just before.
          suffix text not null -- The words just after.
          added_event integer not null references event(id) -- The event that added it.
        """,
        never_changed=True,
    ),
)


PLACED = columns("""
    begins text
      -- Numbers: the first day of their period (YYYY-MM-DD); empty where its words do not say when it was.
    ends text check (ends >= begins) -- The last day of their period.
    turn text -- Numbers whose period has a number but no time, e.g. Wave 9: what is counted, and the number.
""")
"""Columns of `evidence` since periods are read as times."""


CORRECTIONS: tuple[Table, ...] = (
    table(
        """
        source_was -- What the details of sources were before they were corrected.
          id integer primary key -- Number of the row.
          source_id integer not null references source(id) -- The source.
          ref text not null -- Its index number until then.
          title text not null -- Its title until then.
          kind text not null -- Its kind until then.
          dated text -- Its date until then.
          status text not null -- Draft or authorised, until then.
          strand text not null -- Group of people it was said to be about.
          digest text not null -- Its digest until then.
          added_event integer not null references event(id) -- The event that corrected them.
        create index source_was_by_event on source_was(source_id, added_event)
        create index source_was_of_event on source_was(added_event)
        """,
        label="title",
        facets=("kind", "status", "strand"),
        never_changed=True,
    ),
)


TABLES: tuple[Table, ...] = (
    *with_columns(
        with_columns(FIRST_TABLES, "evidence", (*ANSWERS, *EXTENTS, *NOT_PUBLISHED, *REVERSED, *PLACED)),
        "survey_response",
        SAID_INSTEAD,
    ),
    *RESPONDENTS,
    *ANCHORS,
    *CORRECTIONS,
    *REVERSED_QUESTIONS,
)

FIRST_VIEWS: tuple[Table, ...] = (
    table(
        """
        current_evidence -- The evidence items that count now, with their source: withdrawn items left out.
          id integer -- Number of the item.
          review_id integer -- The review.
          kind text -- Kind of item.
          strand text -- Group of people it is about.
          text text -- Its text.
          direction text -- Findings: strength, weakness or neutral.
          significance integer -- Findings: 1 minor, 2 important, 3 serious.
          value real -- Its value, if it has one.
          source text -- Index number of the source.
          source_kind text -- Kind of evidence the source gives.
          locator text -- Where in the source.
          domains text -- The domains it is tagged to.
        """,
        select="""select e.id, e.review_id, e.kind, e.strand, e.text, e.direction, e.significance, e.value,
  s.ref as source, s.kind as source_kind, e.locator,
  (select group_concat(d.title, '; ') from tag t join domain d on d.id = t.domain_id
    where t.evidence_id = e.id and t.withdrawn_event is null) as domains
from evidence e join source s on s.id = e.source_id
where e.withdrawn_event is null""",
        facets=("kind", "strand", "source_kind"),
    ),
)


def with_extents(view: Table) -> Table:
    """A view on items with a column for how widespread a finding is."""
    at = [column.name for column in view.columns].index("significance") + 1
    [extent] = columns("extent text -- Findings: how widespread, e.g. 7 of 30 files; empty if not said.")
    select = view.select.replace(" e.significance,", f" e.significance,\n  {EXTENT_TEXT} as extent,")
    return replace(view, columns=(*view.columns[:at], extent, *view.columns[at:]), select=select)


VIEWS: tuple[Table, ...] = tuple(map(with_extents, FIRST_VIEWS))
"""Views as they are since findings can have an extent that is shown beside them."""
