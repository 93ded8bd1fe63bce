"""The tables of dates, recipients, copies and publication: what each holds, column by column."""

from __future__ import annotations

from programme.columns import Table, table

STAGES = ("draft", "embargo", "publication")
"""From which stage on a recipient gets the report."""
USES = ("sent", "opened", "returned")
"""What can be recorded of a copy."""
PRESENTED_TO = ("cabinet", "committee", "council")
"""To whom a report is presented."""
FORMATS = ("pdf", "docx", "html", "db", "xlsx", "csv", "txt")
"""The forms in which copies and publications are made."""

PLANNED: tuple[Table, ...] = (
    table(
        """
        review_practice -- How the review goes about its report: dates, bodies, thresholds; the latest of a
          -- review counts.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          key text not null -- Short name of the practice, e.g. wales-round-2.
          starts_on text not null -- The day on which the review starts, from which weeks are counted.
          digest text not null -- SHA-256 of the practice.
          body text not null -- The whole practice as canonical JSON.
          by text not null -- Who set it.
          because text not null -- The reason, if any.
          added_event integer not null references event(id) -- The event that recorded it.
        create index practice_of_review on review_practice(review_id)
        """,
        label="key",
        facets=("review_id", "key"),
        never_changed=True,
    ),
    table(
        """
        milestone_move -- Dates of a review's calendar that were moved by hand; the latest of a step counts.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          step text not null -- Short name of the step, as the practice names it.
          computed_on text not null -- The day that the practice gives.
          moved_to text not null -- The day it was moved to; empty: back to the day that is computed.
          by text not null -- Who moved it.
          because text not null -- The reason.
          added_event integer not null references event(id) -- The event that recorded it.
        create index move_of_review on milestone_move(review_id, step)
        """,
        label="step",
        facets=("review_id", "step"),
        never_changed=True,
    ),
    table(
        f"""
        recipient -- Who gets a report, and from which stage on.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          name text not null -- The name, or the role where no name is needed.
          role text not null -- The role, e.g. director, portfolio holder, press office.
          organisation text not null -- The organisation.
          purpose text not null -- What they need it for.
          channel text not null -- How it reaches them: link, post, in person, ...
          from_stage text not null check (from_stage in {STAGES}) -- draft, embargo or publication.
          hours_before real -- Hours before publication at which they may have it, for an early reader.
          because text not null default '' -- The reason for more hours than the practice allows, if so.
          by text not null -- Who listed them.
          added_event integer not null references event(id) -- The event that recorded it.
          withdrawn_event integer references event(id) -- The event that took them off the list, if one did.
        create index recipient_of_review on recipient(review_id)
        """,
        label="role",
        facets=("review_id", "from_stage", "organisation"),
    ),
    table(
        """
        copy -- Copies of editions, each of one recipient.
          id integer primary key -- Number of the row.
          edition_id integer not null references edition(id) -- The edition.
          recipient_id integer not null references recipient(id) -- The recipient.
          number integer not null check (number > 0) -- Its number among the copies of the edition.
          among integer not null check (among >= number) -- How many copies there were when it was made.
          made_on text not null -- The day on which it was made, in UK time.
          embargo_until text not null default '' -- The moment before which it may not be passed on.
          by text not null -- Who had it made.
          added_event integer not null references event(id) -- The event that recorded it.
          unique (edition_id, number)
          unique (edition_id, recipient_id)
        """,
        label="number",
        facets=("edition_id",),
        never_changed=True,
    ),
    table(
        f"""
        copy_file -- The files of copies, by which a leaked file is found.
          id integer primary key -- Number of the row.
          copy_id integer not null references copy(id) -- The copy.
          name text not null -- Name of the file.
          lang text not null check (lang in ('en', 'cy')) -- en or cy.
          format text not null check (format in {FORMATS}) -- pdf, docx, html, ...
          digest text not null -- SHA-256 of the file.
          added_event integer not null references event(id) -- The event that recorded it.
        create index copy_file_by_digest on copy_file(digest)
        """,
        label="name",
        facets=("format", "lang"),
        never_changed=True,
    ),
    table(
        f"""
        copy_use -- When copies were sent, opened and returned.
          id integer primary key -- Number of the row.
          copy_id integer not null references copy(id) -- The copy.
          what text not null check (what in {USES}) -- sent, opened or returned.
          at text not null -- When, in UK time.
          note text not null default '' -- A note.
          by text not null -- Who recorded it.
          added_event integer not null references event(id) -- The event that recorded it.
        create index use_of_copy on copy_use(copy_id)
        """,
        label="what",
        facets=("what",),
        never_changed=True,
    ),
)

PUBLISHED: tuple[Table, ...] = (
    table(
        """
        consultation -- When the director was consulted on a summary.
          id integer primary key -- Number of the row.
          edition_id integer not null references edition(id) -- The edition of the summary.
          held_on text not null -- The day.
          note text not null -- What the director said.
          by text not null -- Who recorded it.
          added_event integer not null references event(id) -- The event that recorded it.
        create index consultation_on_edition on consultation(edition_id)
        """,
        label="held_on",
        never_changed=True,
    ),
    table(
        f"""
        presentation -- Presentations of editions to the authority.
          id integer primary key -- Number of the row.
          edition_id integer not null references edition(id) -- The edition.
          at text not null -- Date and time, in UK time.
          place text not null -- Where.
          to_whom text not null check (to_whom in {PRESENTED_TO}) -- cabinet, committee or council.
          by text not null -- Who recorded it.
          added_event integer not null references event(id) -- The event that recorded it.
          withdrawn_event integer references event(id) -- The event that took it back, if one did.
        create unique index presentation_once on presentation(edition_id) where withdrawn_event is null
        """,
        label="at",
        facets=("to_whom",),
    ),
    table(
        """
        publication -- Editions that were made public.
          id integer primary key -- Number of the row.
          edition_id integer not null unique references edition(id) -- The edition.
          on_date text not null -- The day on which it was published, in UK time.
          because text not null default '' -- Why it was published earlier than planned, if it was.
          by text not null -- Who published it.
          added_event integer not null references event(id) -- The event that recorded it.
        """,
        label="on_date",
        never_changed=True,
    ),
    table(
        f"""
        publication_file -- The files of publications.
          id integer primary key -- Number of the row.
          publication_id integer not null references publication(id) -- The publication.
          name text not null -- Name of the file.
          lang text not null check (lang in ('en', 'cy', '')) -- en or cy; empty for both.
          format text not null check (format in {FORMATS}) -- pdf, docx, html, db, ...
          digest text not null -- SHA-256 of the file.
          unique (publication_id, name)
        """,
        label="name",
        facets=("format", "lang"),
        never_changed=True,
    ),
    table(
        """
        breach -- Breaches of the embargo.
          id integer primary key -- Number of the row.
          edition_id integer not null references edition(id) -- The edition.
          copy_id integer references copy(id) -- The copy, where it is known.
          at text not null -- When it happened, in UK time.
          text text not null -- What happened.
          done text not null -- What was done about it.
          publish_from text not null default ''
            -- The moment from which it may be published because of this; empty: as planned.
          by text not null -- Who recorded it.
          because text not null -- The reason.
          added_event integer not null references event(id) -- The event that recorded it.
        create index breach_of_edition on breach(edition_id)
        """,
        label="text",
        never_changed=True,
    ),
)
