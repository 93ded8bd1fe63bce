"""The tables of the programme: its frameworks and reviews, its record, its users."""

from __future__ import annotations

from programme.columns import ID, Column, Table, with_columns

C = Column

FIRST_TABLES: tuple[Table, ...] = (
    Table(
        "framework",
        "The frameworks that reviews judge by.",
        (
            ID,
            C("key", "text not null unique", "Short name, e.g. wales-round-2."),
            C("title", "text not null", "Title in English."),
            C("title_cy", "text", "Title in Welsh, where given."),
            C("digest", "text not null", "SHA-256 of the framework; runs name it."),
            C("body", "text not null", "The whole framework as canonical JSON."),
        ),
        label="title",
    ),
    Table(
        "question",
        "The questions of a framework: the axes of its grid.",
        (
            ID,
            C("framework_id", "integer not null references framework(id)", "The framework."),
            C("key", "text not null", "Short name, e.g. services."),
            C("title", "text not null", "The question in English."),
            C("title_cy", "text", "The question in Welsh, where given."),
            C("position", "integer not null", "1 is the first axis (across), 2 the second (up)."),
        ),
        ("unique (framework_id, key)",),
        label="title",
    ),
    Table(
        "domain",
        "The headings under a question, each rated on its own.",
        (
            ID,
            C("framework_id", "integer not null references framework(id)", "The framework."),
            C("question_id", "integer not null references question(id)", "The question it belongs to."),
            C("key", "text not null", "Short name, e.g. getting-help."),
            C("title", "text not null", "Title in English."),
            C("title_cy", "text", "Title in Welsh, where given."),
            C("looks_for", "text not null default ''", "What reviewers look for."),
            C("position", "integer not null", "Order in the framework."),
        ),
        ("unique (framework_id, key)",),
        label="title",
        facets=("question_id",),
        sort="position",
    ),
    Table(
        "level",
        "The levels of every scale, 1 the worst.",
        (
            ID,
            C("question_id", "integer not null references question(id)", "The question whose scale it is."),
            C("of_domains", "integer not null check (of_domains in (0, 1))", "1: the scale of its domains."),
            C("number", "integer not null", "1 is the worst level."),
            C("key", "text not null", "Short name, e.g. mainly-good."),
            C("title", "text not null", "Title in English."),
            C("title_cy", "text", "Title in Welsh, where given."),
        ),
        ("unique (question_id, of_domains, number)",),
        label="title",
        facets=("question_id",),
    ),
    Table(
        "event",
        "Who did what, when and why: written once, never changed or deleted.",
        (
            ID,
            C("at", "text not null", "Date and time, UTC, ISO 8601."),
            C("by", "text not null", "Who did it: the name of a person or a role."),
            C("action", "text not null", "What was done, e.g. import, tag, withdraw, rate."),
            C(
                "review_id",
                "integer references review(id)",
                "The review it belongs to, if it belongs to one.",
            ),
            C("target", "text not null default ''", "What it was done to."),
            C("because", "text not null default ''", "The reason."),
            C("detail", "text not null default '{}'", "Details, as JSON."),
        ),
        label="action",
        facets=("action", "by", "review_id"),
        sort="id",
        never_changed=True,
    ),
    Table(
        "review",
        "One review: one authority, judged by one framework.",
        (
            ID,
            C("key", "text not null unique", "Short name, e.g. wales-2004-08."),
            C("authority", "text not null", "The authority reviewed."),
            C("framework_id", "integer not null references framework(id)", "The framework it is judged by."),
            C("window_from", "text", "First day of the evidence window."),
            C("window_to", "text", "Last day of the evidence window."),
            C("note", "text not null default ''", "A note for readers of the review."),
            C("added_event", "integer not null references event(id)", "The event that created it."),
        ),
        label="authority",
        facets=("framework_id",),
    ),
)


USERS: tuple[Table, ...] = (
    Table(
        "user",
        "Who may sign in. Passwords are not here, but in a file of their own.",
        (
            ID,
            C("name", "text not null unique", "The name they sign in with."),
            C("added_event", "integer not null references event(id)", "The event that added them."),
            C("disabled_event", "integer references event(id)", "The event that disabled them, if one did."),
        ),
        label="name",
        sort="name",
    ),
    Table(
        "user_role",
        "The roles that users have, or had, in a review.",
        (
            ID,
            C("user_id", "integer not null references user(id)", "The user."),
            C("review_id", "integer references review(id)", "The review; empty for all reviews."),
            C(
                "role",
                "text not null check (role in ('reviewer', 'lead', 'moderator', 'administrator'))",
                "reviewer, lead, moderator or administrator.",
            ),
            C("added_event", "integer not null references event(id)", "The event that gave the role."),
            C(
                "withdrawn_event",
                "integer references event(id)",
                "The event that took the role away, if one did.",
            ),
        ),
        label="role",
        facets=("user_id", "review_id", "role"),
        indexes=(
            "create unique index user_role_once on user_role(user_id, role, coalesce(review_id, 0))"
            " where withdrawn_event is null",
        ),
    ),
)


BEFORE_AND_AFTER: tuple[Column, ...] = (
    C("before", "text not null default 'null'", "The values before, as JSON; null if there were none."),
    C("after", "text not null default 'null'", "The values since, as JSON; null if there are none."),
)
"""Columns of `event` since events are sealed."""


SEALS: tuple[Table, ...] = (
    Table(
        "seal",
        "How each event is chained to the one before, so that `audit verify` finds later changes.",
        (
            C("event_id", "integer primary key references event(id)", "The event."),
            C(
                "salt",
                "text not null",
                "A random value; without it, a guess at what the event says cannot be tested.",
            ),
            C("said", "text not null", "SHA-256 of the salt and of what people wrote in the event."),
            C("previous", "text not null", "Digest of the event before; zeros for the first."),
            C("digest", "text not null", "SHA-256 of the event, its sealed rows and the digest before."),
        ),
        sort="event_id",
        indexes=("create unique index seal_by_digest on seal(digest)",),
        never_changed=True,
    ),
    Table(
        "sealed_rows",
        "Which rows were stored, or marked, together with an event, and the digest over them.",
        (
            ID,
            C("event_id", "integer not null references event(id)", "The event."),
            C("table_name", "text not null", "The table the rows are in."),
            C("column_name", "text not null", "The column that marks them; empty for rows that were added."),
            C("first_id", "integer not null", "Number of the first row."),
            C("last_id", "integer not null", "Number of the last row."),
            C("rows", "integer not null", "How many rows there are."),
            C("columns", "text not null", "The columns that the digest covers; empty for marks."),
            C("digest", "text not null", "Salted SHA-256 over the rows."),
            C(
                "naming",
                "blob not null",
                "What identifies single rows: the first bytes of each digest; for marks, numbers.",
            ),
        ),
        facets=("table_name",),
        indexes=(
            "create unique index sealed_rows_once on sealed_rows(event_id, table_name, column_name)",
            "create index sealed_rows_of_table on sealed_rows(table_name, column_name, first_id)",
        ),
        never_changed=True,
    ),
)

TABLES: tuple[Table, ...] = (
    *with_columns(FIRST_TABLES, "event", BEFORE_AND_AFTER),
    *SEALS,
    *USERS,
)
