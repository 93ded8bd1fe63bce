"""The table of the mappings that are kept, with its descriptions."""

from __future__ import annotations

from programme.columns import Table, table

KEPT_MAPPINGS: tuple[Table, ...] = (
    table(
        """
        kept_mapping -- How tables that fit no layout become evidence: one row for every mapping that was
          -- imported with, and for every change of one; the latest of a name is used.
          id integer primary key -- Number of the row.
          name text not null -- What it is called.
          shape text not null
            -- Fingerprint of the headers of the tables it is for: SHA-256, first 32 hex digits.
          layout text not null -- The layout whose rows it makes.
          body text not null
            -- The mapping, as JSON, without the index number, title and date of the source of one file.
          added_event integer not null references event(id) -- The event that kept it.
        create index kept_mapping_of_shape on kept_mapping(shape)
        create index kept_mapping_of_name on kept_mapping(name)
        """,
        label="name",
        facets=("layout",),
        never_changed=True,
    ),
)
