"""joint-review publication recipients / copies / used / readers, report copy-of: who gets a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from joint_review.cli.options import (
    FOLDER_OR_FILE,
    Moment,
    Programme,
    changing,
    now,
    reading,
    refuse_file,
    write_whole,
)
from joint_review.cli.show import show_json, show_table
from programme.calendar import moment_words
from rules.errors import ReviewError
from rules.words import many, shown_number

if TYPE_CHECKING:
    from report.copies import Copy
    from report.model import Language

FORMATS = ("html", "pdf", "docx")
"""The formats in which copies are rendered."""
COLUMNS = ("role", "organisation", "stage", "purpose", "name", "channel", "hours", "because")
"""The columns of the layout `recipients`, in their order."""


@click.command("recipients")
@click.argument("review")
@click.option(
    "--from", "file", type=FOLDER_OR_FILE, metavar="FILE", help="Add those in this file (CSV, XLSX)."
)
@click.option("--usual", type=FOLDER_OR_FILE, metavar="FILE", help="Write the usual recipients into a CSV.")
@click.option(
    "--withdraw", type=int, metavar="NUMBER", help="Take the recipient with this number off the list."
)
@click.option("--because", default="", metavar="TEXT", help="The reason, for --withdraw.")
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of CSV that is not UTF-8.")
@changing
def recipients_(
    programme: Programme,
    review: str,
    file: Path | None,
    usual: Path | None,
    withdraw: int | None,
    because: str,
    encoding: str,
    by: str,
    as_json: bool,
) -> None:
    """List who gets a report and from which stage on; add people from a file, or take somebody off the list.

    Stages: draft (for comments), embargo (before publication) and publication.

    Example: joint-review publication recipients wales-2004-08 --from recipients.csv
    """
    from report.practice import followed_practice
    from report.recipients import (
        list_recipients,
        read_recipients,
        recipients,
        usual_rows,
        withdraw_recipient,
    )

    if sum(given is not None for given in (file, usual, withdraw)) > 1:
        raise click.UsageError("give one of --from, --usual and --withdraw")
    found = programme.review(review)
    if usual:
        refuse_file(usual, False, programme.path)
        write_whole(usual, _as_csv(usual_rows(followed_practice(programme.db, found).practice)), False)
        click.echo(f"Written to {usual}. Complete it, then give it with --from.")
        return
    if withdraw is not None:
        withdraw_recipient(programme.db, found, withdraw, because=because, by=by, at=now())
    if file:
        listed_now = list_recipients(
            programme.db, found, read_recipients(file, encoding=encoding), by=by, at=now()
        )
        if not as_json:
            there = f"; {listed_now['there']:,} were listed already" if listed_now["there"] else ""
            click.echo(f"{many(listed_now['added'], 'recipient')} added{there}.")
    rows = recipients(programme.db, found)
    if as_json:
        show_json(rows)
        return
    if not rows:
        click.echo("Nobody is listed. Begin with the usual recipients: --usual FILE")
    names = ("id", "role", "organisation", "stage", "hours", "channel", "copies")
    show_table(rows, {name: name for name in names}, [None, 34, 30, None, None, None, None])


def _as_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    import io

    from exchange.files import write_csv
    from exchange.tables import OutTable

    out = io.BytesIO()
    write_csv(OutTable("recipients", COLUMNS, rows), out)
    return out.getvalue()


@click.command("copies")
@click.argument("edition")
@click.option("--stage", metavar="STAGE", help="Make the copies for a stage: draft or embargo.")
@click.option("--to", "folder", type=FOLDER_OR_FILE, metavar="FOLDER", help="The folder for their files.")
@click.option("--format", "formats", multiple=True, type=click.Choice(FORMATS), help="pdf if left out.")
@click.option("--lang", "langs", multiple=True, type=click.Choice(["en", "cy"]), help="en if left out.")
@changing
def copies_(
    programme: Programme,
    edition: str,
    stage: str | None,
    folder: Path | None,
    formats: Sequence[str],
    langs: Sequence[Language],
    by: str,
    as_json: bool,
) -> None:
    """Make a marked copy for everyone who gets an edition at a stage, or list the copies there are.

    EDITION is REVIEW for the latest edition of its report, REVIEW/2 for its second. Who has a copy keeps it:
    its files are made again, with the same number.

    Example: joint-review publication copies wales-2004-08 --stage embargo --to copies
    """
    from report.copies import copies_of, make_copies
    from report.named import edition_named

    if (stage is None) != (folder is None):
        raise click.UsageError("to make copies, give both --stage and --to")
    found = edition_named(programme.db, edition)["id"]
    if stage is None or folder is None:
        made = copies_of(programme.db, edition=found)
    else:
        renders = {form: _marked(form) for form in formats or ("pdf",)}
        made = make_copies(programme.db, found, stage, folder, renders, langs or ("en",), by=by, at=now())
    _show_copies(made, as_json)
    if folder and not as_json:
        click.echo(f"Files written to {folder}.")


def _marked(form: str) -> Any:
    """What makes marked files of a format."""

    def render(report: Any, lang: Language, made: datetime, mark: Any) -> bytes:
        match form:
            case "html":
                from report.render.page import page

                return page(report, lang, mark).encode()
            case "docx":
                from report.render.word import word

                return word(report, lang, made, mark)
            case _:
                from report.render.pdf import pdf

                return pdf(report, lang, made, mark)

    return render


def _show_copies(copies: Sequence[Copy], as_json: bool) -> None:
    if as_json:
        show_json([{**vars(copy), "holder": copy.holder} for copy in copies])
        return
    if not copies:
        click.echo("No copies.")
    rows = [
        {
            "number": f"{copy.number} of {copy.among}",
            "holder": copy.holder,
            "until": moment_words(copy.embargo_until) if copy.embargo_until else "draft",
            "sent": _when(copy.first("sent")),
            "opened": _when(copy.first("opened")),
        }
        for copy in copies
    ]
    columns = {
        "number": "copy",
        "holder": "for",
        "until": "embargo until",
        "sent": "sent",
        "opened": "opened",
    }
    show_table(rows, columns, [None, 40, None, None, None])


def _when(at: str | None) -> str:
    return moment_words(at) if at else ""


@click.command()
@click.argument("edition")
@click.argument("number", type=int)
@click.argument("what", metavar="sent|opened|returned")
@click.option("--on", type=Moment(), metavar="MOMENT", help="Date and time, in UK time; now if left out.")
@click.option("--note", default="", metavar="TEXT", help="A note (optional).")
@changing
def used(
    programme: Programme,
    edition: str,
    number: int,
    what: str,
    on: datetime | None,
    note: str,
    by: str,
    as_json: bool,
) -> None:
    """Record that a copy was sent, opened or returned. Nothing is sent from here.

    Example: joint-review publication used wales-2004-08 7 sent --on "22 November 2026, 2:00pm"
    """
    from report.copies import record_use
    from report.named import edition_named

    found = edition_named(programme.db, edition)["id"]
    moment = now()
    copy = record_use(programme.db, found, number, what, on or moment, note=note, by=by, at=moment)
    if as_json:
        show_json(vars(copy))
    else:
        click.echo(f"Copy {copy.number} of {copy.among}, {copy.holder}: {what} recorded.")


@click.command("copy-of")
@click.argument("given", metavar="FILE|NUMBER")
@reading
def copy_of(programme: Programme, given: str, as_json: bool) -> None:
    """Show whose copy a file is, or whose copies have the number that can be read on a page.

    A file that was saved again is no longer known: look its number up, which is on every page.

    Example: joint-review report copy-of found.pdf
    """
    from report.copies import copies_like

    found = copies_like(programme.db, given)
    if as_json:
        show_json([{**vars(copy), "holder": copy.holder} for copy in found])
        return
    for copy in found:
        click.echo(
            f"Copy {copy.number} of {copy.among} of edition {copy.edition_number} of the {copy.kind} of"
            f" {copy.review}: {copy.holder} ({copy.role})."
        )
        for use in copy.uses:
            note = f": {use['note']}" if use["note"] else ""
            click.echo(f"  {use['what']} {moment_words(use['at'])}, recorded by {use['by']}{note}")
    if not found:
        hint = "Look up the number that is on its pages." if Path(given).is_file() else ""
        raise ReviewError(f"{given} is no copy that was made here", hint=hint)


@click.command("readers")
@click.argument("edition")
@reading
def readers_(programme: Programme, edition: str, as_json: bool) -> None:
    """Show the early readers of an edition, as the list that is published with it says them: by role.

    Example: joint-review publication readers wales-2004-08
    """
    from report.named import edition_named
    from report.recipients import early_readers

    found = early_readers(programme.db, edition_named(programme.db, edition)["id"])
    if as_json:
        show_json(found)
        return
    if not found:
        click.echo("Nobody has an embargoed copy of it.")
    rows = [{**one, "hours": "" if one["hours"] is None else shown_number(one["hours"])} for one in found]
    columns = {name: name for name in ("role", "organisation", "purpose", "hours", "because")}
    show_table(rows, columns, [36, 30, 30, None, 30])
