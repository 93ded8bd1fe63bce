"""What is read off the tables of reports: how paragraphs read now; how far editions and comments are."""

from __future__ import annotations

from programme.columns import Table, table

FIRST_VIEWS: tuple[Table, ...] = (
    table(
        """
        paragraph_now -- Paragraphs as they read now; those that were withdrawn have no text.
          id integer -- The paragraph.
          report_id integer -- The report.
          number integer -- Its number in the report.
          heading text -- The domain, question or fixed heading.
          style text -- text, example, list, recommendation or priority.
          position integer -- Its place under its heading.
          text_en text -- What it says in English; empty: nothing, or no longer.
          text_cy text -- What it says in Welsh; empty: nothing, or no longer.
          en_text_id integer -- The row of `paragraph_text` of the English.
          cy_text_id integer -- The row of `paragraph_text` of the Welsh.
          stale text -- The language whose text was made from words that have changed since, if one was.
          withdrawn integer -- 1: its text was taken out.
        """,
        label="number",
        facets=("report_id", "heading", "style"),
        select="""select p.id, p.report_id, p.number, p.heading, p.style,
  (select position from paragraph_text where id = x.newest) as position,
  coalesce(en.text, '') as text_en, coalesce(cy.text, '') as text_cy,
  x.en as en_text_id, x.cy as cy_text_id,
  case when coalesce(cy.text, '') <> '' and cy.made_from is not null
      and (select text from paragraph_text where id = cy.made_from) is not en.text then 'cy'
    when coalesce(en.text, '') <> '' and en.made_from is not null
      and (select text from paragraph_text where id = en.made_from) is not cy.text then 'en' end as stale,
  coalesce(en.text, '') = '' and coalesce(cy.text, '') = '' as withdrawn
from (
  select paragraph_id, max(id) as newest, max(case lang when 'en' then id end) as en,
    max(case lang when 'cy' then id end) as cy
  from paragraph_text group by paragraph_id) x
join paragraph p on p.id = x.paragraph_id
left join paragraph_text en on en.id = x.en
left join paragraph_text cy on cy.id = x.cy""",
    ),
    table(
        """
        recommendation_now -- Recommendations and priorities as they read now.
          id integer -- The recommendation or priority.
          report_id integer -- The report.
          name text -- R and its number, or P and its number.
          series text -- R for a recommendation, P for a priority.
          number integer -- Its number in the series.
          kind text -- compliance or improvement; empty for a priority.
          basis text -- The statute or guidance, with its section.
          domains text -- The domains it is about, as a JSON list.
          paragraph integer -- The number of its paragraph.
          text_en text -- What it says in English.
          text_cy text -- What it says in Welsh.
          withdrawn integer -- 1: its text was taken out.
        """,
        label="name",
        facets=("report_id", "kind"),
        select="""select r.id, r.report_id, r.series || r.number as name, r.series, r.number, t.kind, t.basis,
  t.domains, p.number as paragraph, p.text_en, p.text_cy, p.withdrawn
from recommendation r
join paragraph_now p on p.id = r.paragraph_id
join recommendation_terms t on t.id = (
  select max(id) from recommendation_terms where recommendation_id = r.id)""",
    ),
    table(
        """
        edition_state -- How far every edition has come.
          id integer -- The edition.
          report_id integer -- The report.
          number integer -- Its number.
          purpose text -- What it is for.
          amended_by integer -- The edition that amends it, if one does.
          verdict text -- The moderator's latest verdict, if there is one.
          bodies integer -- How many bodies must clear it.
          cleared integer -- How many of them have.
          comments_until text -- The last day for comments, once it was sent.
          presented_at text -- When it was presented.
          published_on text -- When it was published.
          state text
            -- frozen, returned, passed, cleared, sent, presented or published; the clock closes comments.
        """,
        label="number",
        facets=("report_id", "state"),
        select="""select s.*, case when s.published_on is not null then 'published'
    when s.presented_at is not null then 'presented'
    when s.comments_until is not null then 'sent'
    when s.verdict = 'passed' and s.cleared >= s.bodies then 'cleared'
    when s.verdict is not null then s.verdict else 'frozen' end as state
from (
  select e.id, e.report_id, e.number, e.purpose,
    (select max(id) from edition where amends = e.id) as amended_by,
    (select verdict from moderation where edition_id = e.id order by id desc limit 1) as verdict,
    json_array_length(e.bodies) as bodies,
    (select count(*) from clearance c where c.edition_id = e.id and c.withdrawn_event is null
      and c.body in (select value from json_each(e.bodies))) as cleared,
    (select comments_until from sending where edition_id = e.id) as comments_until,
    (select at from presentation where edition_id = e.id and withdrawn_event is null) as presented_at,
    (select on_date from publication where edition_id = e.id) as published_on
  from edition e) s""",
    ),
    table(
        """
        comment_state -- Comments with the answer in force.
          id integer -- The comment.
          edition_id integer -- The edition it is on.
          number integer -- Its number.
          paragraph integer -- The number of the paragraph.
          class text -- A, B, C or D.
          late integer -- 1: received after the last day.
          answer_id integer -- The answer in force, if there is one.
          outcome text -- accepted, partly or not_accepted; empty: not answered.
          state text -- open or answered.
        """,
        label="number",
        facets=("edition_id", "class", "state"),
        select="""select c.id, c.edition_id, c.number, p.number as paragraph, c.class, c.late,
  a.id as answer_id, a.outcome, case when a.id is null then 'open' else 'answered' end as state
from comment c left join paragraph p on p.id = c.paragraph_id
left join answer a on a.id = (select max(id) from answer where comment_id = c.id)""",
    ),
    table(
        """
        copy_state -- Copies with their recipients, and when each was first sent and opened.
          id integer -- The copy.
          edition_id integer -- The edition.
          number integer -- Its number among the copies of the edition.
          of_copies integer -- How many copies of the edition there are.
          role text -- The recipient's role.
          organisation text -- The recipient's organisation.
          embargo_until text -- The moment before which it may not be passed on.
          sent_at text -- When it was first sent.
          opened_at text -- When it was first opened.
        """,
        label="number",
        facets=("edition_id", "organisation"),
        select="""select c.id, c.edition_id, c.number,
  (select count(*) from copy o where o.edition_id = c.edition_id) as of_copies,
  r.role, r.organisation, c.embargo_until,
  (select min(at) from copy_use where copy_id = c.id and what = 'sent') as sent_at,
  (select min(at) from copy_use where copy_id = c.id and what = 'opened') as opened_at
from copy c join recipient r on r.id = c.recipient_id""",
    ),
)
"""The first version of the views."""
