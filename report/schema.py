"""The tables of reports: what each holds, column by column. Nothing is updated; states are views.

Those of dates, recipients, copies and publication are in `release_tables`, the views in `states`."""

from __future__ import annotations

from programme.columns import Table, table
from report.release_tables import PLANNED, PUBLISHED
from report.states import FIRST_VIEWS

KINDS = ("report", "summary")
"""What a report can be: a summary is a second report of the same review."""
LANGUAGES = ("en", "cy")
"""The languages of a report: English and Welsh."""
STYLES = ("text", "example", "list", "recommendation", "priority")
"""What a paragraph can be."""
FIRST_HEADINGS = ("title", "introduction", "judgement", "ratings")
"""The fixed headings before those of questions and domains, in order."""
LAST_HEADINGS = ("recommendations", "priorities", "appendix-a", "appendix-b", "appendix-c")
"""The fixed headings after those of questions and domains, in order."""
SUPPORTS = ("item", "source", "measure", "rating", "survey", "recommendation")
"""What a paragraph can rest on."""
SERIES = ("R", "P")
"""The two series of numbers: recommendations R1, R2, ..., priorities P1, P2, ..."""
KINDS_OF_RECOMMENDATION = ("compliance", "improvement")
"""What a recommendation can be: compliance rests on a statute or guidance, which its basis names."""
PURPOSES = ("moderation", "authority", "publication")
"""What an edition is frozen for."""
VERDICTS = ("passed", "returned")
"""How moderation can end."""
SEVERITIES = ("must", "should")
"""How much a point of the moderator matters: a `must` is settled before the next edition passes."""
CLASSES = ("A", "B", "C", "D")
"""The classes of comments: A slips, B a fact that bears on a judgement, C something left out, D a view."""
OUTCOMES = ("accepted", "partly", "not_accepted")
"""How a comment can be answered."""
EFFECTS = ("words", "item", "tag", "decision", "none")
"""What may be changed because of a comment."""
MEETINGS = ("draft", "handover", "sign-off", "reference-group", "workshop")
"""What a meeting can be for."""

WRITTEN: tuple[Table, ...] = (
    table(
        f"""
        report -- What is written of a review for the authority and the public.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          kind text not null check (kind in {KINDS})
            -- report, or summary: a second, shorter report of the same review.
          lang_of_record text not null check (lang_of_record in {LANGUAGES})
            -- The language that counts where the two differ: en or cy.
          by text not null -- Who started it.
          added_event integer not null references event(id) -- The event that recorded it.
          unique (review_id, kind)
        """,
        label="kind",
        facets=("review_id", "kind"),
        never_changed=True,
    ),
    table(
        f"""
        paragraph -- The smallest parts of reports that can be commented on. Numbers are never used again.
          id integer primary key -- Number of the row.
          report_id integer not null references report(id) -- The report.
          number integer not null check (number > 0) -- Its number in the report, from 1, for good.
          heading text not null
            -- The domain or question it belongs to, or a fixed heading, e.g. introduction.
          style text not null check (style in {STYLES})
            -- text, example (of evidence), list, recommendation or priority.
          added_event integer not null references event(id) -- The event that recorded it.
          unique (report_id, number)
        """,
        label="number",
        facets=("report_id", "heading", "style"),
        never_changed=True,
    ),
    table(
        f"""
        paragraph_text -- What paragraphs say, in each language; the latest of a language counts.
          id integer primary key -- Number of the row.
          paragraph_id integer not null references paragraph(id) -- The paragraph.
          lang text not null check (lang in {LANGUAGES}) -- en or cy.
          text text not null -- The text, as Markdown with marks; empty when the paragraph was withdrawn.
          position integer not null -- Its place under its heading; that of the latest text counts.
          made_from integer references paragraph_text(id)
            -- The text of the other language that it was made from.
          by text not null -- Who wrote it.
          added_event integer not null references event(id) -- The event that recorded it.
        create index text_of_paragraph on paragraph_text(paragraph_id, lang)
        """,
        label="text",
        facets=("lang", "by"),
        never_changed=True,
    ),
    table(
        f"""
        support -- What paragraphs rest on.
          id integer primary key -- Number of the row.
          paragraph_id integer not null references paragraph(id) -- The paragraph.
          kind text not null check (kind in {SUPPORTS})
            -- item, source, measure, rating, survey (result) or recommendation.
          target text not null
            -- Its name, e.g. E12, D-014, carers.strengths_share, carers, question|group or R4.
          note text not null default '' -- The page in a source, or a note.
          added_event integer not null references event(id) -- The event that recorded it.
          withdrawn_event integer references event(id) -- The event that took it away, if one did.
        create index support_of_paragraph on support(paragraph_id)
        create index support_by_target on support(target, kind)
        """,
        label="target",
        facets=("kind",),
    ),
    table(
        f"""
        recommendation -- Recommendations (R1, R2, ...) and priorities (P1, P2, ...). Their words are those of
          -- their paragraph.
          id integer primary key -- Number of the row.
          report_id integer not null references report(id) -- The report.
          paragraph_id integer not null unique references paragraph(id) -- The paragraph that holds its words.
          series text not null check (series in {SERIES}) -- R for a recommendation, P for a priority.
          number integer not null check (number > 0) -- Its number in the series, from 1, for good.
          added_event integer not null references event(id) -- The event that recorded it.
          unique (report_id, series, number)
        """,
        label="number",
        facets=("report_id", "series"),
        never_changed=True,
    ),
    table(
        """
        recommendation_terms -- Kind, basis and domains of recommendations; the latest of one counts.
          id integer primary key -- Number of the row.
          recommendation_id integer not null references recommendation(id) -- The recommendation or priority.
          kind text not null check (kind in ('', 'compliance', 'improvement'))
            -- compliance (with a statute or guidance) or improvement; empty for a priority.
          basis text not null -- The statute or guidance, with its section; needed for compliance.
          domains text not null -- The domains it is about, as a JSON list of their short names.
          by text not null -- Who wrote it.
          added_event integer not null references event(id) -- The event that recorded it.
        create index terms_of_recommendation on recommendation_terms(recommendation_id)
        """,
        label="kind",
        facets=("kind",),
        never_changed=True,
    ),
    table(
        """
        listed_name -- Names of people that no report of a review may show.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          name text not null -- The name.
          by text not null -- Who listed it.
          added_event integer not null references event(id) -- The event that recorded it.
          withdrawn_event integer references event(id) -- The event that took it off the list, if one did.
        create index listed_name_of_review on listed_name(review_id)
        """,
        label="name",
        facets=("review_id",),
    ),
)

MODERATED: tuple[Table, ...] = (
    table(
        f"""
        edition -- Reports frozen at one moment: text, run and all that readers see.
          id integer primary key -- Number of the row.
          report_id integer not null references report(id) -- The report.
          number integer not null check (number > 0) -- Its number, from 1.
          frozen_on text not null -- The day on which it was frozen, in UK time.
          purpose text not null check (purpose in {PURPOSES})
            -- What it is for: moderation, authority (amended after its comments) or publication.
          run_id integer not null references run(id) -- The run whose ratings and measures it shows.
          run_digest text not null -- SHA-256 of that run's result.
          text_digest text not null -- SHA-256 of the body.
          body text not null -- All that readers see, as canonical JSON of the model.
          bodies text not null -- The bodies that must clear it, as a JSON list.
          amends integer references edition(id) -- The edition it amends, if it amends one.
          by text not null -- Who froze it.
          because text not null default '' -- A comment, if any.
          added_event integer not null references event(id) -- The event that recorded it.
          unique (report_id, number)
        """,
        label="number",
        facets=("report_id", "purpose"),
        never_changed=True,
    ),
    table(
        f"""
        moderation -- The external moderator's verdicts on editions; the latest of an edition counts.
          id integer primary key -- Number of the row.
          edition_id integer not null references edition(id) -- The edition.
          verdict text not null check (verdict in {VERDICTS}) -- passed or returned.
          by text not null -- The moderator.
          because text not null -- The reason.
          added_event integer not null references event(id) -- The event that recorded it.
        create index moderation_of_edition on moderation(edition_id)
        """,
        label="verdict",
        facets=("verdict", "by"),
        never_changed=True,
    ),
    table(
        f"""
        moderation_point -- What the moderator wants changed.
          id integer primary key -- Number of the row.
          moderation_id integer not null references moderation(id) -- The verdict it came with.
          number integer not null check (number > 0) -- Its number in the verdict, from 1.
          paragraph_id integer references paragraph(id) -- The paragraph it is about, if it is about one.
          rating text -- The domain, question or cell it is about, if it is about one.
          text text not null -- The point, in the moderator's words.
          severity text not null check (severity in {SEVERITIES})
            -- must (settled before an edition passes) or should.
          added_event integer not null references event(id) -- The event that recorded it.
          settled_event integer references event(id) -- The event that settled it, which says how.
          unique (moderation_id, number)
        """,
        label="text",
        facets=("severity",),
    ),
    table(
        """
        clearance -- Formal approvals of editions, each by one body.
          id integer primary key -- Number of the row.
          edition_id integer not null references edition(id) -- The edition.
          body text not null -- The body, as the review's practice names it.
          by text not null -- The manager who cleared it.
          because text not null -- The manager's comment, if any.
          added_event integer not null references event(id) -- The event that recorded it.
          withdrawn_event integer references event(id) -- The event that took it back, if one did.
        create unique index clearance_once on clearance(edition_id, body) where withdrawn_event is null
        """,
        label="body",
        facets=("body", "by"),
    ),
)

CHECKED: tuple[Table, ...] = (
    table(
        """
        sending -- Editions sent to the authority for its comments.
          id integer primary key -- Number of the row.
          edition_id integer not null unique references edition(id) -- The edition.
          sent_on text not null -- The day on which it was sent, in UK time.
          comments_until text not null -- The last day for comments.
          computed text not null -- How that day was computed, or why it was set by hand.
          audit_event integer not null -- The last event of the record when it was sent.
          audit_digest text not null -- Its digest, confirmed as lodged outside.
          by text not null -- Who sent it.
          added_event integer not null references event(id) -- The event that recorded it.
        """,
        label="sent_on",
        facets=("by",),
        never_changed=True,
    ),
    table(
        f"""
        meeting -- Meetings on a report that were planned.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          kind text not null check (kind in {MEETINGS})
            -- On the draft, handover, sign-off, reference group or workshop.
          planned_for text not null -- The day (and time, in UK time) for which it is planned.
          note text not null default '' -- A note.
          by text not null -- Who planned it.
          added_event integer not null references event(id) -- The event that recorded it.
          withdrawn_event integer references event(id) -- The event that called it off, if one did.
        create index meeting_of_review on meeting(review_id)
        """,
        label="kind",
        facets=("review_id", "kind"),
    ),
    table(
        """
        meeting_held -- Meetings that were held.
          id integer primary key -- Number of the row.
          meeting_id integer not null unique references meeting(id) -- The meeting.
          held_on text not null -- The day on which it was held.
          attended text not null -- Who attended, by role.
          note text not null default '' -- A note of what was said.
          by text not null -- Who recorded it.
          added_event integer not null references event(id) -- The event that recorded it.
        """,
        label="held_on",
        never_changed=True,
    ),
    table(
        f"""
        comment -- What the authority says about the accuracy of an edition.
          id integer primary key -- Number of the row.
          edition_id integer not null references edition(id) -- The edition.
          number integer not null check (number > 0) -- Its number in the report, from 1, for good.
          paragraph_id integer references paragraph(id) -- The paragraph; empty: about the whole report.
          class text not null check (class in {CLASSES})
            -- A (slip), B (a fact that bears on a judgement), C (something left out) or D (a view).
          text text not null -- What is wrong, in the authority's words.
          proposed_words text not null default '' -- The words it proposes.
          evidence_offered text not null default '' -- The evidence it names, with its page.
          position_at_review text not null check (position_at_review in ('yes', 'no', ''))
            -- Whether this was so at the time of the review: yes or no; empty where nothing was said.
          by text not null -- The director, or whom they named.
          received_on text not null -- The day on which it was received, in UK time.
          late integer not null check (late in (0, 1)) -- 1: received after the last day for comments.
          added_event integer not null references event(id) -- The event that recorded it.
          unique (edition_id, number)
        create index comment_on_paragraph on comment(paragraph_id)
        """,
        label="text",
        facets=("class", "late", "by"),
        never_changed=True,
    ),
    table(
        """
        comment_source -- Sources that were offered as evidence with a comment.
          id integer primary key -- Number of the row.
          comment_id integer not null references comment(id) -- The comment.
          source_id integer not null references source(id) -- The source.
          of_the_time integer not null check (of_the_time in (0, 1))
            -- 0: from after the evidence window, or not so at the time of the review: it may be read, not
            -- tagged, unless it is released.
          added_event integer not null references event(id) -- The event that recorded it.
          released_event integer references event(id) -- The event that released it for tagging, if one did.
          unique (comment_id, source_id)
        create index comment_of_source on comment_source(source_id)
        """,
        label="source_id",
    ),
    table(
        f"""
        answer -- The team's answers to comments; the latest of a comment counts.
          id integer primary key -- Number of the row.
          comment_id integer not null references comment(id) -- The comment.
          outcome text not null check (outcome in {OUTCOMES}) -- accepted, partly or not_accepted.
          because text not null -- The reason, also where it was accepted.
          by text not null -- Who answered.
          meeting_id integer references meeting(id) -- The meeting at which it was settled, if at one.
          added_event integer not null references event(id) -- The event that recorded it.
        create index answer_to_comment on answer(comment_id)
        """,
        label="outcome",
        facets=("outcome", "by"),
        never_changed=True,
    ),
    table(
        f"""
        answer_effect -- What was changed because of a comment.
          id integer primary key -- Number of the row.
          answer_id integer not null references answer(id) -- The answer.
          kind text not null check (kind in {EFFECTS}) -- What was changed: words, item, tag, decision, none.
          what text not null -- The change in words.
          event integer -- Number of the event that made the change, if one did.
        create index effect_of_answer on answer_effect(answer_id)
        """,
        label="what",
        facets=("kind",),
        never_changed=True,
    ),
)

FIRST_TABLES: tuple[Table, ...] = (*WRITTEN, *MODERATED, *CHECKED, *PLANNED, *PUBLISHED)
"""The first version of the tables, each after those it refers to."""
TABLES: tuple[Table, ...] = FIRST_TABLES
VIEWS: tuple[Table, ...] = FIRST_VIEWS
