"""joint-review report: write a report, check it, freeze an edition, render it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from joint_review.cli.commands import Entry, ImportedWhenCalled
from joint_review.cli.options import (
    FOLDER_OR_FILE,
    Programme,
    changing,
    now,
    reading,
    refuse_file,
    write_whole,
)
from joint_review.cli.progress import progress_bar
from joint_review.cli.show import paragraph, show_json
from rules.errors import ReviewError, UnknownName
from rules.words import listed, many

if TYPE_CHECKING:
    from report.check import Checked
    from report.model import Language, Report
    from report.writing import Stored

ENTRIES = {
    "start": Entry("report", "Start the report of a review; its grid and ratings come from the latest run."),
    "write": Entry("report", "Store the text of a report from Markdown files, tables or a Word document."),
    "text": Entry("report", "Write the text of a report into a folder, with the numbers of its paragraphs."),
    "withdraw": Entry("report", "Take a paragraph out of a report; its number is never used again."),
    "names": Entry("report", "List names of people that no report of a review may show."),
    "check": Entry(
        "report", "Check a report: what rests on nothing, what has changed, what was typed by hand."
    ),
    "freeze": Entry("report", "Freeze an edition: text, run and all that readers see; it never changes."),
    "render": Entry("report", "Render an edition, or the report as it is written, as HTML, PDF or Word."),
    "moderate": Entry(
        "moderation", "Pass or return an edition, as the external moderator, who wrote and rated nothing."
    ),
    "settle": Entry("moderation", "Settle a point of the moderator: say how it was met, or why it was not."),
    "clear": Entry("moderation", "Clear an edition for a body, as one of its managers."),
    "send": Entry("moderation", "Send an edition to the authority for its comments on accuracy."),
    "comments": Entry("comments", "Write the comment sheet, take comments in, list them."),
    "answer": Entry("comments", "Answer a comment of the authority, with a reason."),
    "amend": Entry("comments", "Freeze the edition that amends one that was sent, after comments."),
    "changes": Entry("comments", "Show what changed between two editions, and which comment moved what."),
    "copy-of": Entry(
        "copies", "Show whose copy a file is, or whose copies have the number on a page.", "copy_of"
    ),
}
"""Every command of a report, in the order of work."""


@click.group(cls=ImportedWhenCalled, entries=ENTRIES)
def report() -> None:
    """Write the report of a review: text, check, editions, moderation, comments of the authority.

    Example: joint-review report start wales-2004-08 --by lead-reviewer
    """


def kind_option(function: Any) -> Any:
    """--kind: the report, or its summary."""
    return click.option(
        "--kind",
        default="report",
        show_default=True,
        metavar="KIND",
        help="report, or summary: a second, shorter report of the same review.",
    )(function)


@click.command()
@click.argument("review")
@kind_option
@click.option(
    "--record",
    default="en",
    show_default=True,
    metavar="LANG",
    help="The language that counts where the two differ: en or cy.",
)
@changing
def start(programme: Programme, review: str, kind: str, record: str, by: str, as_json: bool) -> None:
    """Start the report of a review; its grid, ratings, headings and appendices come from the latest run.

    Example: joint-review report start wales-2004-08 --by lead-reviewer
    """
    from report.writing import start_report

    made = start_report(programme.db, programme.review(review), kind, record=record, by=by, at=now())
    if as_json:
        show_json({"report": made.id, "review": made.review.key, "kind": made.kind, "record": made.record})
        return
    click.echo(f"The {made.kind} of {made.review.key} was started.")


@click.command()
@click.argument("review")
@click.argument("file", type=FOLDER_OR_FILE)
@kind_option
@click.option("--because", default="", metavar="TEXT", help="Why it was changed (optional).")
@click.option(
    "--translations-agree",
    is_flag=True,
    help="Texts that are given again as they were agree with those of the other language as these are now.",
)
@click.option("--encoding", default="utf-8", show_default=True, metavar="NAME", help="Of the files.")
@changing
def write(
    programme: Programme,
    review: str,
    file: Path,
    kind: str,
    because: str,
    translations_agree: bool,
    encoding: str,
    by: str,
    as_json: bool,
) -> None:
    """Store the text of a report: a file, or all files of a folder; all of it, or nothing.

    FILE is Markdown (.md, a file a heading), a table of paragraphs or recommendations (.csv, .xlsx), or a
    Word document (.docx). A Markdown file or a heading of a Word document replaces what its heading says:
    what is not in it any more is withdrawn. docs/reports.md shows how texts are written.

    Example: joint-review report write wales-2004-08 examples/wales-2004-08/report --by lead-reviewer
    """
    from report.textfiles import read_files
    from report.writing import write_report
    from report.written import find_report, heading_names

    found = find_report(programme.db, programme.review(review), kind)
    framework = found.review.framework
    if not file.exists():
        raise ReviewError(f"there is no file or folder {file}", hint="Check the name.")
    with progress_bar() as progress:
        given = read_files(
            file, heading_names(framework), framework.domain_names, progress, encoding=encoding
        )
    stored = write_report(
        programme.db,
        found,
        given,
        by=by,
        at=now(),
        because=because,
        translations_agree=translations_agree,
    )
    _show_stored(stored, as_json)


def _show_stored(stored: Stored, as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "new": stored.new,
                "changed": stored.changed,
                "withdrawn": stored.withdrawn,
                "notes": stored.notes,
                "event": stored.event,
            }
        )
        return
    for note in stored.notes:
        click.echo(f"Note: {note}")
    if stored.event is None:
        click.echo("Nothing is different: nothing was stored.")
        return
    for numbers, what in ((stored.new, "new"), (stored.changed, "changed"), (stored.withdrawn, "withdrawn")):
        if numbers:
            click.echo(f"{many(len(numbers), 'paragraph')} {what}: {_numbers(numbers)}")


def _numbers(numbers: Sequence[int]) -> str:
    """p1 to p5 and p9."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return listed(f"p{run[0]}" if len(run) == 1 else f"p{run[0]} to p{run[-1]}" for run in runs)


@click.command()
@click.argument("review")
@click.argument("folder", type=FOLDER_OR_FILE)
@kind_option
@click.option("--replace", is_flag=True, help="Write over files that are there.")
@reading
def text(programme: Programme, review: str, folder: Path, kind: str, replace: bool, as_json: bool) -> None:
    """Write the text of a report into a folder as it is stored, with the numbers of its paragraphs.

    What comes out can be edited and given back to `report write`.

    Example: joint-review report text wales-2004-08 text-of-the-report
    """
    from report.textout import text_files
    from report.written import Writing, find_report

    found = find_report(programme.db, programme.review(review), kind)
    files = text_files(Writing(programme.db, found))
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        refuse_file(folder / name, replace, programme.path)
    for name, content in files.items():
        write_whole(folder / name, content.encode(), replace)
    if as_json:
        show_json({"folder": str(folder), "files": sorted(files)})
        return
    click.echo(f"{many(len(files), 'file')} written to {folder}.")


@click.command()
@click.argument("review")
@click.argument("number", metavar="PARAGRAPH")
@kind_option
@click.option("--because", required=True, metavar="TEXT", help="The reason.")
@changing
def withdraw(
    programme: Programme, review: str, number: str, kind: str, because: str, by: str, as_json: bool
) -> None:
    """Take a paragraph out of a report; its number is never used again.

    Example: joint-review report withdraw wales-2004-08 p12 --because "Said twice." --by lead-reviewer
    """
    from report.writing import withdraw_paragraph
    from report.written import Writing, find_report

    found = find_report(programme.db, programme.review(review), kind)
    digits = number.removeprefix("p")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        known = [f"p{one.number}" for one in Writing(programme.db, found).paragraphs]
        raise UnknownName("paragraph", number, known)
    _show_stored(
        withdraw_paragraph(programme.db, found, int(digits), by=by, because=because, at=now()), as_json
    )


@click.command()
@click.argument("review")
@click.argument("name", nargs=-1)
@click.option("--off", is_flag=True, help="Take the NAMEs off the list.")
@click.option("--because", default="", metavar="TEXT", help="The reason, for --off.")
@changing
def names(
    programme: Programme, review: str, name: tuple[str, ...], off: bool, because: str, by: str, as_json: bool
) -> None:
    """Add NAMEs of people to those that no report of a review may show; without any, show the list.

    Example: joint-review report names wales-2004-08 "The full name" --by lead-reviewer
    """
    from report.listed import list_names, listed_names, unlist_names

    found = programme.review(review)
    if name and off:
        there = unlist_names(programme.db, found, name, because=because, by=by, at=now())
    elif name:
        there = list_names(programme.db, found, name, by=by, at=now())
    else:
        there = listed_names(programme.db, found)
    if as_json:
        show_json({"names": there})
        return
    for each in there:
        click.echo(each)
    if not there:
        click.echo("No names are listed.")


@click.command()
@click.argument("review")
@kind_option
@click.option("--for-publication", is_flag=True, help="Also what a publication needs: every language.")
@reading
def check(programme: Programme, review: str, kind: str, for_publication: bool, as_json: bool) -> None:
    """Check a report: what rests on nothing, what has changed since, what was typed by hand, names of people.

    Errors keep an edition from being frozen; warnings do not. Exit 1 when there is an error.

    Example: joint-review report check wales-2004-08
    """
    from report.check import check_report
    from report.written import find_report

    found = find_report(programme.db, programme.review(review), kind)
    checked = check_report(programme.db, found, for_publication=for_publication)
    if as_json:
        show_json(
            {
                "run": checked.run,
                "paragraphs": checked.paragraphs,
                "items_named": checked.named,
                "items": checked.items,
                "findings": [vars(one) for one in checked.findings],
            }
        )
    else:
        _show_checked(checked)
    if checked.errors:
        sys.exit(1)


def _show_checked(checked: Checked) -> None:
    for one in checked.findings:
        where = f"p{one.paragraph}" if one.paragraph else ""
        where = ", ".join(filter(None, (one.heading, where))) or "report"
        paragraph(f"{one.severity.capitalize()}: {where}: {one.message}. {one.hint}".rstrip())
    errors, warnings = len(checked.errors), len(checked.findings) - len(checked.errors)
    click.echo(
        f"{many(checked.paragraphs, 'paragraph')} on run {checked.run}, which name"
        f" {checked.named:,} of {many(checked.items, 'item')}:"
        f" {many(errors, 'error')}, {many(warnings, 'warning')}."
    )


@click.command()
@click.argument("review")
@kind_option
@click.option(
    "--for",
    "purpose",
    required=True,
    metavar="PURPOSE",
    help="What it is for: moderation, authority or publication.",
)
@click.option("--because", default="", metavar="TEXT", help="A comment (optional).")
@changing
def freeze(
    programme: Programme, review: str, kind: str, purpose: str, because: str, by: str, as_json: bool
) -> None:
    """Freeze an edition of a report: its text, its run and all that readers see. It never changes.

    Refused while a rating that it shows is neither accepted nor approved, a challenge is open, the evidence
    has changed since the latest run, or the check finds an error; all of it is said at once.

    Example: joint-review report freeze wales-2004-08 --for moderation --by lead-reviewer
    """
    from report import editions
    from report.written import find_report

    found = find_report(programme.db, programme.review(review), kind)
    made = editions.freeze(programme.db, found, purpose, by=by, at=now(), because=because)
    if as_json:
        show_json(vars(made))
        return
    click.echo(
        f"Edition {made.number} of the {kind} of {found.review.key} frozen for {made.purpose},"
        f" on run {made.run}; digest {made.digest}"
    )
    if made.warnings:
        click.echo(f"The check has {many(made.warnings, 'warning')}: joint-review report check {review}")


@click.command()
@click.argument("edition")
@click.option(
    "--to", "file", type=FOLDER_OR_FILE, required=True, metavar="FILE", help="A .html, .pdf or .docx file."
)
@click.option("--lang", default="", metavar="LANG", help="en or cy; by default the language of record.")
@click.option("--draft", is_flag=True, help="The report as it is written now: EDITION is then the review.")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
@reading
def render(
    programme: Programme, edition: str, file: Path, lang: str, draft: bool, replace: bool, as_json: bool
) -> None:
    """Render an edition as HTML, PDF or Word, by the name of the file; the same edition gives the same bytes.

    EDITION is REVIEW for the latest edition of its report, REVIEW/2 for its second.

    Example: joint-review report render wales-2004-08 --to report.pdf
    """
    from report.editions import body_of, draft_of
    from report.model import LANGUAGES
    from report.named import edition_named
    from report.written import find_report

    refuse_file(file, replace, programme.path)
    if draft:
        made, on = (
            draft_of(programme.db, find_report(programme.db, programme.review(edition))),
            now().replace(microsecond=0),
        )
    else:
        found = edition_named(programme.db, edition)
        made = body_of(programme.db, found["id"])
        on = datetime.fromisoformat(found["frozen_on"]).replace(tzinfo=UTC)
    chosen = next((one for one in LANGUAGES if one == (lang or made.record)), None)
    if chosen is None:
        raise UnknownName("language", lang, LANGUAGES)
    write_whole(file, _rendered(made, file, chosen, on), replace)
    if as_json:
        show_json({"file": str(file), "lang": chosen})
        return
    click.echo(f"Written to {file}.")


def _rendered(made: Report, file: Path, lang: Language, on: datetime) -> bytes:
    match file.suffix.lower():
        case ".html" | ".htm":
            from report.render.page import page

            return page(made, lang).encode()
        case ".pdf":
            from report.render.pdf import pdf

            return pdf(made, lang, on)
        case ".docx":
            from report.render.word import word

            return word(made, lang, on)
        case other:
            raise ReviewError(
                f"a report is not rendered as {other or 'a file without an ending'}",
                hint="Give a .html, .pdf or .docx file.",
            )
