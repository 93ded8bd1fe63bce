"""The tables of the programme: its frameworks and reviews, its record, its users."""

from __future__ import annotations

from programme.columns import Table, columns, table, with_columns

FIRST_TABLES: tuple[Table, ...] = (
    table(
        """
        framework -- The frameworks that reviews judge by.
          id integer primary key -- Number of the row.
          key text not null unique -- Short name, e.g. wales-round-2.
          title text not null -- Title in English.
          title_cy text -- Title in Welsh, where given.
          digest text not null -- SHA-256 of the framework; runs name it.
          body text not null -- The whole framework as canonical JSON.
        """,
        label="title",
    ),
    table(
        """
        question -- The questions of a framework: the axes of its grid.
          id integer primary key -- Number of the row.
          framework_id integer not null references framework(id) -- The framework.
          key text not null -- Short name, e.g. services.
          title text not null -- The question in English.
          title_cy text -- The question in Welsh, where given.
          position integer not null -- 1 is the first axis (across), 2 the second (up).
          unique (framework_id, key)
        """,
        label="title",
    ),
    table(
        """
        domain -- The headings under a question, each rated on its own.
          id integer primary key -- Number of the row.
          framework_id integer not null references framework(id) -- The framework.
          question_id integer not null references question(id) -- The question it belongs to.
          key text not null -- Short name, e.g. getting-help.
          title text not null -- Title in English.
          title_cy text -- Title in Welsh, where given.
          looks_for text not null default '' -- What reviewers look for.
          position integer not null -- Order in the framework.
          unique (framework_id, key)
        """,
        label="title",
        facets=("question_id",),
        sort="position",
    ),
    table(
        """
        level -- The levels of every scale, 1 the worst.
          id integer primary key -- Number of the row.
          question_id integer not null references question(id) -- The question whose scale it is.
          of_domains integer not null check (of_domains in (0, 1)) -- 1: the scale of its domains.
          number integer not null -- 1 is the worst level.
          key text not null -- Short name, e.g. mainly-good.
          title text not null -- Title in English.
          title_cy text -- Title in Welsh, where given.
          unique (question_id, of_domains, number)
        """,
        label="title",
        facets=("question_id",),
    ),
    table(
        """
        event -- Who did what, when and why: written once, never changed or deleted.
          id integer primary key -- Number of the row.
          at text not null -- Date and time, UTC, ISO 8601.
          by text not null -- Who did it: the name of a person or a role.
          action text not null -- What was done, e.g. import, tag, withdraw, rate.
          review_id integer references review(id) -- The review it belongs to, if it belongs to one.
          target text not null default '' -- What it was done to.
          because text not null default '' -- The reason.
          detail text not null default '{}' -- Details, as JSON.
        """,
        label="action",
        facets=("action", "by", "review_id"),
        sort="id",
        never_changed=True,
    ),
    table(
        """
        review -- One review: one authority, judged by one framework.
          id integer primary key -- Number of the row.
          key text not null unique -- Short name, e.g. wales-2004-08.
          authority text not null -- The authority reviewed.
          framework_id integer not null references framework(id) -- The framework it is judged by.
          window_from text -- First day of the evidence window.
          window_to text -- Last day of the evidence window.
          note text not null default '' -- A note for readers of the review.
          added_event integer not null references event(id) -- The event that created it.
        """,
        label="authority",
        facets=("framework_id",),
    ),
)


def _user_role(roles: str) -> Table:
    """The table of roles, which takes these: a check, as SQL, and in words."""
    checked, said = roles.split(": ")
    return table(
        f"""
        user_role -- The roles that users have, or had, in a review.
          id integer primary key -- Number of the row.
          user_id integer not null references user(id) -- The user.
          review_id integer references review(id) -- The review; empty for all reviews.
          role text not null check (role in ({checked}))
            -- {said}.
          added_event integer not null references event(id) -- The event that gave the role.
          withdrawn_event integer references event(id) -- The event that took the role away, if one did.
        create unique index user_role_once on user_role(user_id, role, coalesce(review_id, 0)) where
          withdrawn_event is null
        """,
        label="role",
        facets=("user_id", "review_id", "role"),
    )


USER = table(
    """
    user -- Who may sign in. Passwords are not here, but in a file of their own.
      id integer primary key -- Number of the row.
      name text not null unique -- The name they sign in with.
      added_event integer not null references event(id) -- The event that added them.
      disabled_event integer references event(id) -- The event that disabled them, if one did.
    """,
    label="name",
    sort="name",
)
FIRST_USERS: tuple[Table, ...] = (
    USER,
    _user_role(
        "'reviewer', 'lead', 'moderator', 'administrator': reviewer, lead, moderator or administrator"
    ),
)
"""Users and their roles, before there were reports."""
ROLES_OF_REPORTS = _user_role(
    "'reviewer', 'lead', 'moderator', 'administrator', 'manager', 'coordinator', 'authority':"
    " reviewer, lead, moderator, administrator, manager, coordinator or authority"
)
"""The roles that users have since there are reports."""
USERS: tuple[Table, ...] = (USER, ROLES_OF_REPORTS)


BEFORE_AND_AFTER = columns("""
    before text not null default 'null' -- The values before, as JSON; null if there were none.
    after text not null default 'null' -- The values since, as JSON; null if there are none.
""")
"""Columns of `event` since events are sealed."""


SEALS: tuple[Table, ...] = (
    table(
        """
        seal -- How each event is chained to the one before, so that `audit verify` finds later changes.
          event_id integer primary key references event(id) -- The event.
          salt text not null -- A random value; without it, a guess at what the event says cannot be tested.
          said text not null -- SHA-256 of the salt and of what people wrote in the event.
          previous text not null -- Digest of the event before; zeros for the first.
          digest text not null -- SHA-256 of the event, its sealed rows and the digest before.
        create unique index seal_by_digest on seal(digest)
        """,
        sort="event_id",
        never_changed=True,
    ),
    table(
        """
        sealed_rows -- Which rows were stored, or marked, together with an event, and the digest over them.
          id integer primary key -- Number of the row.
          event_id integer not null references event(id) -- The event.
          table_name text not null -- The table the rows are in.
          column_name text not null -- The column that marks them; empty for rows that were added; + and a
            column that an upgrade added to them.
          first_id integer not null -- Number of the first row.
          last_id integer not null -- Number of the last row.
          rows integer not null -- How many rows there are.
          columns text not null -- The columns that the digest covers; empty for marks.
          digest text not null -- Salted SHA-256 over the rows.
          naming blob not null
            -- What identifies single rows: the first bytes of each digest; for marks, numbers.
        create unique index sealed_rows_once on sealed_rows(event_id, table_name, column_name)
        create index sealed_rows_of_table on sealed_rows(table_name, column_name, first_id)
        """,
        facets=("table_name",),
        never_changed=True,
    ),
)

FORM_ANSWERS: tuple[Table, ...] = (
    table(
        """
        form_answer -- What forms of the pages were answered, so that a form sent twice is done once. Kept for
          -- a week, and no part of the record: what a form did is in its event.
          id integer primary key -- Number of the row.
          key text not null unique
            -- SHA-256 of the number in the form, who sent it, where, and all that it said.
          at text not null -- Date and time, UTC, ISO 8601.
          event integer not null -- The last event once it was done.
          answer text not null -- The answer, as JSON.
        create index form_answer_at on form_answer(at)
        """,
        sort="id",
    ),
)

REVISIONS: tuple[Table, ...] = (
    table(
        """
        revised_row -- Rows that were changed after they were sealed, as an erasure does: `audit verify`
          -- accepts these changes alone, and names them.
          id integer primary key -- Number of the row.
          table_name text not null -- The table that the row is in.
          row_id integer not null -- Number of the row that was changed.
          columns text not null -- The columns that were changed.
          seal_id integer references sealed_rows(id) -- The seal that covers the row; empty for an event.
          was text not null -- The digest of the row in that seal, before it was first changed.
          salt text not null -- A random value.
          now text not null -- SHA-256 of this salt and of the row as it was left.
          added_event integer not null references event(id) -- The event that changed it.
        create index revised_row_of_table on revised_row(table_name, row_id)
        create index revised_row_of_seal on revised_row(seal_id)
        """,
        facets=("table_name",),
        never_changed=True,
    ),
)

ERASURES: tuple[Table, ...] = (
    table(
        """
        erasure -- Requests to erase the words of a source or an item, or the name of a person.
          id integer primary key -- Number of the row.
          review_id integer references review(id) -- The review; empty for all reviews.
          kind text not null check (kind in ('source', 'item', 'person')) -- Source, item or person.
          target text not null
            -- The index number, the item, or the name; a name is replaced once it was erased.
          spellings text not null default '[]' -- Other spellings of the name, as JSON.
          by text not null -- Who asks for it.
          because text not null -- The reason.
          added_event integer not null references event(id) -- The event that recorded it.
        create index erasure_of_review on erasure(review_id)
        """,
        label="target",
        facets=("review_id", "kind"),
        never_changed=True,
    ),
    table(
        """
        erasure_outcome -- How requests to erase ended. A request without a row here awaits approval.
          id integer primary key -- Number of the row.
          erasure_id integer not null unique references erasure(id) -- The request.
          outcome text not null check (outcome in ('erased', 'refused', 'taken back'))
            -- Erased (by the approval of another person), refused or taken back.
          by text not null -- Who approved, refused or took it back.
          because text not null -- The reason; optional for an approval.
          added_event integer not null references event(id) -- The event that recorded it.
        """,
        label="outcome",
        facets=("outcome",),
        never_changed=True,
    ),
)

RETENTION: tuple[Table, ...] = (
    table(
        """
        retention -- Until when reviews are to be kept; the latest of a review counts. Nothing is erased by
          -- itself.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          keep_until text not null -- The last day on which it is kept.
          by text not null -- Who set it.
          because text not null -- The reason, e.g. the retention schedule.
          added_event integer not null references event(id) -- The event that recorded it.
        create index retention_of_review on retention(review_id)
        """,
        label="keep_until",
        facets=("review_id",),
        sort="keep_until",
        never_changed=True,
    ),
)

CORRECTIONS: tuple[Table, ...] = (
    table(
        """
        review_was -- What the details of reviews were before they were corrected.
          id integer primary key -- Number of the row.
          review_id integer not null references review(id) -- The review.
          authority text not null -- The authority, as it was written until then.
          window_from text -- First day of the evidence window, until then.
          window_to text -- Last day of the evidence window, until then.
          note text not null -- The note, as it was until then.
          added_event integer not null references event(id) -- The event that corrected them.
        create index review_was_by_event on review_was(review_id, added_event)
        """,
        label="authority",
        facets=("review_id",),
        never_changed=True,
    ),
)

TABLES: tuple[Table, ...] = (
    *with_columns(FIRST_TABLES, "event", BEFORE_AND_AFTER),
    *SEALS,
    *USERS,
    *FORM_ANSWERS,
    *REVISIONS,
    *ERASURES,
    *RETENTION,
    *CORRECTIONS,
)
