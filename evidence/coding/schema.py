"""The tables of codings, of batches for a blind second coding and of settlements, column by column."""

from __future__ import annotations

from programme.columns import Table, columns, table, with_columns

CODINGS: tuple[Table, ...] = (
    table(
        """
        coding -- How second reviewers code items that others recorded, each on their own; no run counts it.
          -- Tables and queries show who coded what; the pages on agreement show how.
          id integer primary key -- Number of the row.
          evidence_id integer not null references evidence(id) -- The item.
          coded_by text not null
            -- Who coded it: never the reviewer who recorded the item; the item itself is their coding.
          direction text check (direction in ('strength', 'weakness', 'neutral'))
            -- Findings: strength, weakness or neutral.
          significance integer check (significance between 1 and 3)
            -- Findings: 1 minor, 2 important, 3 serious.
          score real -- Case scores: the score this reviewer gives, 1 the worst.
          note text not null default '' -- Why.
          digest text not null -- SHA-256 (first 32 hex digits) of the content of the coding.
          added_event integer not null references event(id) -- The event that added it.
          withdrawn_event integer references event(id) -- The event that withdrew it, if one did.
        create unique index coding_once on coding(evidence_id, coded_by, coalesce(withdrawn_event, 0))
        """,
        facets=("coded_by", "direction"),
    ),
    table(
        """
        coding_domain -- The domains to which a coding tags its item; a coding without any means that it bears
          -- on none.
          id integer primary key -- Number of the row.
          coding_id integer not null references coding(id) -- The coding.
          domain_id integer not null references domain(id) -- The domain.
          unique (coding_id, domain_id)
        """,
        facets=("domain_id",),
    ),
)

PASSAGES = columns("""
    passages integer not null default 0 check (passages in (0, 1))
      -- 1: the coder reads only the quoted words; 0: also the finding in the first reviewer's words.
""")
"""Added to `coding_batch` by a later version."""

SECOND_CODING: tuple[Table, ...] = (
    table(
        """
        coding_batch -- Items drawn at random for a second reviewer, who codes them without seeing the first
          -- coding.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          coder text not null -- The reviewer who codes them.
          seed integer not null -- Seed of the random selection.
          by_domain integer not null check (by_domain in (0, 1))
            -- 1: drawn from each domain in turn; 0: every item had the same chance.
          drawn_from integer not null -- How many items could be drawn.
          added_event integer not null references event(id) -- The event that drew it.
          done_event integer references event(id) -- The event that handed it in; empty while open.
        create index coding_batch_of_review on coding_batch(review_id, coder)
        """,
        label="coder",
        facets=("review_id", "coder"),
    ),
    table(
        """
        coding_batch_item -- The items of every batch.
          id integer primary key -- Number of the row.
          batch_id integer not null references coding_batch(id) -- The batch.
          evidence_id integer not null references evidence(id) -- The item.
          unique (batch_id, evidence_id)
        create index coding_batch_of_item on coding_batch_item(evidence_id)
        """,
        never_changed=True,
    ),
    table(
        """
        settlement
            -- How someone other than its coders settled an item that was coded differently;
            -- later runs count it.
          id integer primary key -- Number of the row.
          evidence_id integer not null unique references evidence(id) -- The item.
          replaced_by integer unique references evidence(id)
            -- The item that replaces it; empty if its coding was kept, with at most its tags changed.
          settled_by text not null -- Who settled it: never a reviewer who had coded it.
          direction text check (direction in ('strength', 'weakness', 'neutral'))
            -- Findings: strength, weakness or neutral.
          significance integer check (significance between 1 and 3)
            -- Findings: 1 minor, 2 important, 3 serious.
          score real -- Case scores: the score, 1 the worst.
          because text not null -- The reason.
          added_event integer not null references event(id) -- The event that settled it.
        """,
        facets=("settled_by",),
        never_changed=True,
    ),
    table(
        """
        settlement_domain -- The domains that an item bears on, as settled.
          id integer primary key -- Number of the row.
          settlement_id integer not null references settlement(id) -- The settlement.
          domain_id integer not null references domain(id) -- The domain.
          unique (settlement_id, domain_id)
        """,
        facets=("domain_id",),
        never_changed=True,
    ),
)

CODING_VIEWS: tuple[Table, ...] = (
    table(
        """
        shown_coding -- The codings that count, without those of batches that are still open.
          id integer -- The coding.
          evidence_id integer -- The item.
          coded_by text -- Who coded it.
          direction text -- Findings: strength, weakness or neutral.
          significance integer -- Findings: 1 minor, 2 important, 3 serious.
          score real -- Case scores: the score this reviewer gives, 1 the worst.
          note text -- Why.
          added_event integer -- The event that added it.
        """,
        select="""select c.id, c.evidence_id, c.coded_by, c.direction, c.significance, c.score, c.note,
  c.added_event
from coding c
where c.withdrawn_event is null and not exists (
  select 1 from coding_batch_item i join coding_batch b on b.id = i.batch_id
  where i.evidence_id = c.evidence_id and b.coder = c.coded_by and b.done_event is null)""",
        facets=("coded_by", "direction"),
    ),
)

TABLES: tuple[Table, ...] = (*CODINGS, *with_columns(SECOND_CODING, "coding_batch", PASSAGES))
