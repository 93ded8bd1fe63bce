"""Writing tables of a review into a file: evidence export, review export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from joint_review.cli.options import Programme, refuse_file
from joint_review.cli.show import show_json
from programme.database import one_state
from programme.files import new_file, put_in_place
from rules.errors import ReviewError
from rules.words import many

if TYPE_CHECKING:
    from exchange.tables import OutTable

MOST_LEFT_OUT = 10
"""Cells that are named which a workbook could not hold; its last sheet has all of them."""


def export(
    programme: Programme,
    file: Path,
    tables: Callable[[], Iterator[OutTable]],
    *,
    replace: bool,
    as_json: bool,
) -> None:
    """Write tables, read in one transaction, into a file of the kind that its name says: all, or nothing."""
    from exchange.files import suffix_of, write_tables

    suffix = suffix_of(file)
    refuse_file(file, replace, programme.path)
    with new_file(file) as part:
        with one_state(programme.db), part.open("wb") as out:
            counts, left = write_tables(tables(), out, suffix)
        try:
            put_in_place(part, file, replace=replace)
        except FileExistsError as error:
            raise ReviewError(f"{file} already exists", hint="Give another name, or --replace.") from error
    if as_json:
        show_json({"file": str(file), "rows": counts, "left_out": left})
        return
    said = ", ".join(f"{name} ({many(count, 'row')})" for name, count in counts.items())
    click.echo(f"Written to {file}: {said}.")
    for one in left[:MOST_LEFT_OUT]:
        click.echo(f"  Left out: {one['column']} of {one['row']} in {one['table']}: {one['why']}")
    if len(left) > MOST_LEFT_OUT:
        click.echo(f"  ... and {len(left) - MOST_LEFT_OUT:,} more, all named in the last sheet.")
