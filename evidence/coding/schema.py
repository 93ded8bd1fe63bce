"""The tables of codings, of batches for a blind second coding and of settlements, column by column."""

from __future__ import annotations

from programme.columns import ID, Column, Table, with_columns

C = Column

CODINGS: tuple[Table, ...] = (
    Table(
        "coding",
        "How second reviewers code items that others recorded, each on their own; no run counts it."
        " Tables and queries show who coded what; the pages on agreement show how.",
        (
            ID,
            C("evidence_id", "integer not null references evidence(id)", "The item."),
            C(
                "coded_by",
                "text not null",
                "Who coded it: never the reviewer who recorded the item; the item itself is their coding.",
            ),
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
            C("score", "real", "Case scores: the score this reviewer gives, 1 the worst."),
            C("note", "text not null default ''", "Why."),
            C("digest", "text not null", "SHA-256 (first 32 hex digits) of the content of the coding."),
            C("added_event", "integer not null references event(id)", "The event that added it."),
            C("withdrawn_event", "integer references event(id)", "The event that withdrew it, if one did."),
        ),
        facets=("coded_by", "direction"),
        indexes=(
            "create unique index coding_once on coding(evidence_id, coded_by, coalesce(withdrawn_event, 0))",
        ),
    ),
    Table(
        "coding_domain",
        "The domains to which a coding tags its item; a coding without any means that it bears on none.",
        (
            ID,
            C("coding_id", "integer not null references coding(id)", "The coding."),
            C("domain_id", "integer not null references domain(id)", "The domain."),
        ),
        ("unique (coding_id, domain_id)",),
        facets=("domain_id",),
    ),
)

PASSAGES = (
    C(
        "passages",
        "integer not null default 0 check (passages in (0, 1))",
        "1: the coder reads only the quoted words; 0: also the finding in the first reviewer's words.",
    ),
)
"""Added to `coding_batch` by a later version."""

SECOND_CODING: tuple[Table, ...] = (
    Table(
        "coding_batch",
        "Items drawn at random for a second reviewer, who codes them without seeing the first coding.",
        (
            ID,
            C("review_id", "integer not null references review(id)", "The review."),
            C("coder", "text not null", "The reviewer who codes them."),
            C("seed", "integer not null", "Seed of the random selection."),
            C(
                "by_domain",
                "integer not null check (by_domain in (0, 1))",
                "1: drawn from each domain in turn; 0: every item had the same chance.",
            ),
            C("drawn_from", "integer not null", "How many items could be drawn."),
            C("added_event", "integer not null references event(id)", "The event that drew it."),
            C("done_event", "integer references event(id)", "The event that handed it in; empty while open."),
        ),
        label="coder",
        facets=("review_id", "coder"),
        indexes=("create index coding_batch_of_review on coding_batch(review_id, coder)",),
    ),
    Table(
        "coding_batch_item",
        "The items of every batch.",
        (
            ID,
            C("batch_id", "integer not null references coding_batch(id)", "The batch."),
            C("evidence_id", "integer not null references evidence(id)", "The item."),
        ),
        ("unique (batch_id, evidence_id)",),
        indexes=("create index coding_batch_of_item on coding_batch_item(evidence_id)",),
        never_changed=True,
    ),
    Table(
        "settlement",
        "How someone other than its coders settled an item that was coded differently; later runs count it.",
        (
            ID,
            C("evidence_id", "integer not null unique references evidence(id)", "The item."),
            C(
                "replaced_by",
                "integer unique references evidence(id)",
                "The item that replaces it; empty if its coding was kept, with at most its tags changed.",
            ),
            C("settled_by", "text not null", "Who settled it: never a reviewer who had coded it."),
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
            C("score", "real", "Case scores: the score, 1 the worst."),
            C("because", "text not null", "The reason."),
            C("added_event", "integer not null references event(id)", "The event that settled it."),
        ),
        facets=("settled_by",),
        never_changed=True,
    ),
    Table(
        "settlement_domain",
        "The domains that an item bears on, as settled.",
        (
            ID,
            C("settlement_id", "integer not null references settlement(id)", "The settlement."),
            C("domain_id", "integer not null references domain(id)", "The domain."),
        ),
        ("unique (settlement_id, domain_id)",),
        facets=("domain_id",),
        never_changed=True,
    ),
)

CODING_VIEWS: tuple[Table, ...] = (
    Table(
        "shown_coding",
        "The codings that count, without those of batches that are still open.",
        (
            C("id", "integer", "The coding."),
            C("evidence_id", "integer", "The item."),
            C("coded_by", "text", "Who coded it."),
            C("direction", "text", "Findings: strength, weakness or neutral."),
            C("significance", "integer", "Findings: 1 minor, 2 important, 3 serious."),
            C("score", "real", "Case scores: the score this reviewer gives, 1 the worst."),
            C("note", "text", "Why."),
            C("added_event", "integer", "The event that added it."),
        ),
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
