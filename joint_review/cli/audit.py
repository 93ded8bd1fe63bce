"""joint-review audit verify / head, history, backup, restore: the record checked, kept and brought back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from assessment.reasons.history import Step, history_of
from evidence.items import item_number
from joint_review.cli.commands import Commands
from joint_review.cli.options import (
    FOLDER_OR_FILE,
    Programme,
    by_option,
    db_option,
    json_option,
    now,
    reading,
    say_set_aside,
    system_login,
)
from joint_review.cli.progress import progress_bar
from joint_review.cli.show import heading, paragraph, show_json, show_table
from joint_review.opening import open_programme
from joint_review.record import audit_file, head_of_file
from programme.backup import Copy, back_up, restore_backup
from programme.calendar import moment_words
from programme.check import RecordCheck
from programme.database import Database
from programme.logs import has_own_log
from programme.users import check_by
from rules.errors import ReviewError, UserInvalid
from rules.words import many


@click.group(cls=Commands)
def audit() -> None:
    """Check that the record has not been altered: who did what, when and why, and what was stored."""


@audit.command("verify")
@click.option(
    "--head",
    default="",
    metavar="NUMBER:DIGEST",
    help="A head that you kept elsewhere; without one, a record that was cut off at its end looks complete.",
)
@db_option
@json_option
def verify_(db_path: Path, head: str, as_json: bool) -> None:
    """Check every event against its seal, and every stored row against the event that stored it.

    Lists what was changed, is missing, was inserted or is out of order, and then ends with exit code 1. Reads
    the file and changes nothing in it: an older file is not upgraded, and what it never sealed is named.

    Example: joint-review audit verify --head 103:da49d1f7...
    """
    with progress_bar() as progress:
        found = audit_file(db_path, lodged=head, progress=progress)
    if not has_own_log(db_path):
        click.echo(f"What is beside {db_path} belongs to another database; it was not read.", err=True)
    if as_json:
        show_json(asdict(found))
    if found.problems:
        count = len(found.problems) + found.more
        lines = [problem.says for problem in found.problems]
        if found.more:
            lines.append(f"... and {found.more:,} more")
        raise ReviewError(
            f"the record was altered after it was sealed: {many(count, 'problem')}.\n  " + "\n  ".join(lines),
            hint="Compare with a backup: joint-review audit verify --db BACKUP",
        )
    if found.not_sealed and found.head is None:
        raise ReviewError(
            "the record is not sealed: " + "; ".join(found.not_sealed),
            where=str(db_path),
            hint="Nothing shows whether it was altered. Keep a copy; this version seals it when it is opened"
            " for work, e.g. with: joint-review review list",
        )
    if not as_json:
        click.echo(_whole(found, bool(head)))


def _whole(found: RecordCheck, lodged: bool) -> str:
    if found.head is None or found.first_at is None or found.last_at is None:
        return "The record is intact. It holds no events yet."
    events = "one event" if found.events == 1 else many(found.events, "event")
    span = f"from {moment_words(found.first_at)} to {moment_words(found.last_at)}"
    known = ", including the one that you gave" if lodged else ""
    stored = f"{found.rows:,} rows unchanged"
    lines = [f"The record is intact: {events} {span}{known}, {stored}, head {found.head}"]
    lines += [f"Not sealed: {what}" for what in found.not_sealed]
    return "\n  ".join([*lines, *(f"Changed by an event: {what}" for what in found.revised)])


@audit.command()
@db_option
@json_option
def head(db_path: Path, as_json: bool) -> None:
    """Print the head of the record: kept elsewhere, it shows whether anything before it was altered.

    Example: joint-review audit head >> heads-kept-elsewhere.txt
    """
    found = head_of_file(db_path)
    if as_json:
        show_json(found and asdict(found))
    elif found is None:
        raise ReviewError("the record holds no events yet, so it has no head")
    else:
        who = f"{found.by} ({found.login})" if found.login not in ("", found.by) else found.by
        click.echo(f"{found}  (event {found.number} of {moment_words(found.at)}, by {who})")


@click.command()
@click.argument("item")
@reading
def history(programme: Programme, item: str, as_json: bool) -> None:
    """Show the history of an item: who added, tagged, coded, settled or withdrew it; which runs counted it.

    --json also lists the values before and after every change.

    Example: joint-review history E12
    """
    found = history_of(programme.db, item_number(item))
    if as_json:
        show_json(found)
        return
    heading(f"E{found['id']} of {found['review']}{' (withdrawn)' if found['withdrawn'] else ''}")
    paragraph(found["text"])
    click.echo(f"{found['source']}, {found['locator']}\n")
    lines = [
        {
            "event": step["event"],
            "when": moment_words(step["at"]),
            "by": _by(step),
            "what": f"{step['what']}: {step['about']}" if step["about"] else step["what"],
            "why": "; ".join(text for text in (step["said"], step["because"]) if text),
        }
        for step in found["life"]
    ]
    columns = {
        "event": "event",
        "when": "when (UK time)",
        "by": "by",
        "what": "what",
        "why": "note or reason",
    }
    show_table(lines, columns, [None, 24, 30, 40, 40])


def _by(step: Step) -> str:
    other = step["named"] and step["named"] != step["by"]
    name = f"{step['by']} for {step['named']}" if other else step["by"]
    return f"{name} ({step['login']})" if step["login"] not in ("", step["by"]) else name


@click.command()
@click.argument("file", type=FOLDER_OR_FILE)
@click.option("--replace", is_flag=True, help="Overwrite an older backup of the same name.")
@db_option
@json_option
def backup(db_path: Path, file: Path, replace: bool, as_json: bool) -> None:
    """Copy the working database to one file, even while others read and write it, and check the copy.

    The copy is the database as it was at one moment. Only you may read the file (mode 600).

    Example: joint-review backup programme-backup.db
    """
    with progress_bar() as progress:
        made = back_up(db_path, file, replace=replace, progress=progress)
    _show(made, f"{file} is a checked copy of {db_path}", as_json)


@click.command()
@click.argument("file", type=FOLDER_OR_FILE)
@click.option("--replace", is_flag=True, help="Rename an existing database and show its new name.")
@by_option
@db_option
@json_option
def restore(db_path: Path, file: Path, replace: bool, by: str, as_json: bool) -> None:
    """Check a backup and make it the working database; the database it replaces is kept beside it.

    Stop `joint-review serve` first. Restoring is itself recorded as an event.

    Example: joint-review restore programme-backup.db --db programme.db --replace
    """

    def reopen(path: Path) -> Database:
        db = open_programme(path, login=system_login())
        try:
            check_by(db, by)
        except UserInvalid:
            db.conn.close()
            raise
        return db

    with progress_bar() as progress:
        made = restore_backup(
            file, db_path, replace=replace, by=by, at=now(), reopen=reopen, progress=progress
        )
    _show(made, f"{db_path} restored from {file}", as_json)


def _show(made: Copy, sentence: str, as_json: bool) -> None:
    if as_json:
        kept = {"kept": made.kept and str(made.kept), "set_aside": [str(file) for file in made.set_aside]}
        show_json({**asdict(made), **kept})
        return
    click.echo(f"{sentence}: {made.bytes:,} bytes, head {made.head or 'none yet'}")
    if made.kept:
        click.echo(f"The previous database is kept as {made.kept}")
    say_set_aside(file for file in made.set_aside if file != made.kept)
