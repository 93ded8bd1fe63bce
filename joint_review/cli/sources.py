"""joint-review source add / list / show / search / correct / withdraw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from evidence import sources
from evidence.correcting import before_words, correct_source, corrections_of_source
from evidence.files.texts import GivenFile
from evidence.rows import SOURCE_KINDS
from evidence.search import search_sources
from joint_review.cli.commands import Commands
from joint_review.cli.options import FOLDER_OR_FILE, Programme, changing, listing, now, reading
from joint_review.cli.progress import progress_bar
from joint_review.cli.show import as_read, heading, paragraph, show_json, show_table
from programme.calendar import day_words
from programme.corrections import change_words, correction_words
from rules.words import listed, many

LISTED = 10
"""Numbers of items that are named in a sentence."""


@click.group(cls=Commands)
def source() -> None:
    """Store sources with their text, read them, search them."""


@source.command()
@click.argument("review")
@click.argument("files", nargs=-1, required=True, type=FOLDER_OR_FILE, metavar="FILE...")
@click.option("--ref", default="", help="Index number, for one source; the next if left out.")
@click.option("--title", default="", help="Title, for one source only; the file's name if left out.")
@click.option("--kind", default="document", show_default=True, help=f"One of {', '.join(SOURCE_KINDS)}.")
@click.option("--dated", default="", help="Date of the source, e.g. 2004-05-31.")
@click.option("--strand", default="", help="Group of people the source is about; all if left out.")
@click.option("--status", default="", help="draft or authorised; authorised if left out.")
@click.option(
    "--encoding", default="utf-8", show_default=True, help="Encoding of text files that are not UTF-8."
)
@changing
def add(
    programme: Programme,
    review: str,
    files: tuple[Path, ...],
    encoding: str,
    by: str,
    as_json: bool,
    **details: Any,
) -> None:
    """Store files as sources with their text: all, or none.

    Formats: .txt, .md, .html, .docx, .odt, .rtf, .pdf, .csv, .xlsx, .ods, .vtt and .srt. The text is stored
    once, by page or section, and never changes; a new version is a new source. A PDF needs a text layer. A
    text that is already stored is not stored again. Notes say what was left out, such as hidden text.

    Example: joint-review source add wales-2004-08 "Carers strategy.pdf" --kind document --dated 2006-03-01
    """
    found = programme.review(review)
    given = [GivenFile(path.name or str(path), path) for path in files]
    with progress_bar() as progress:
        report = sources.add_sources(
            programme.db,
            found,
            given,
            sources.SourceDetails(**details),
            by=by,
            at=now(),
            encoding=encoding,
            progress=progress,
        )
    if as_json:
        show_json(vars(report))
    else:
        _show_report(report)


def _show_report(report: sources.AddedSources) -> None:
    for row in report.added:
        pages = many(row["pages"], "page")
        click.echo(f"Added {row['source']}: {row['file']}, {pages}, {many(row['characters'], 'character')}.")
        for note in row["notes"]:
            click.echo(f"  Note: {note}.")
    for row in report.already_there:
        click.echo(f"Already there: {row['file']} has the same text as {row['source']}.")


@listing(source, lambda on, key: sources.list_sources(on.db, on.review(key)), "No sources.")
def list_(found: Sequence[sources.SourceListed]) -> None:
    """List the sources of a review, with how many pages of text and how many items each has.

    Example: joint-review source list wales-2004-08
    """
    names = ("source", "kind", "title", "dated", "strand", "status", "pages", "items")
    rows = [{**row, "dated": day_words(row["dated"] or "")} for row in found]
    show_table(rows, {name: name for name in names}, [None, None, 48, *[None] * 5])


@source.command()
@click.argument("review")
@click.argument("ref")
@click.option("--page", type=int, help="Show the text of this page or section.")
@reading
def show(programme: Programme, review: str, ref: str, page: int | None, as_json: bool) -> None:
    """Show a source and the contents of its text, or one page of it.

    Example: joint-review source show wales-2004-08 D-001 --page 3
    """
    if page is not None:
        text = sources.find_page(programme.db, programme.review(review), ref, page)
        if as_json:
            show_json(text)
        else:
            heading(f"{text['source']}, page {page} of {text['pages']:,}: {text['title']}")
            click.echo(text["text"])
        return
    found = sources.find_source(programme.db, programme.review(review), ref)
    if as_json:
        show_json(found)
        return
    heading(f"{found['source']}: {found['title']}")
    for name, value in found.items():
        if name not in ("source", "title", "contents", "notes") and value not in (None, ""):
            click.echo(f"{name.replace('_', ' '):>12}  {as_read(name, value)}")
    for note in found["notes"]:
        click.echo(f"{'note':>12}  {note}.")
    for correction in corrections_of_source(programme.db, programme.review(review), ref):
        paragraph(correction_words(correction))
    if found["contents"]:
        click.echo()
        columns = {"number": "page", "characters": "characters", "begins": "begins"}
        show_table(found["contents"], columns, [None, None, 70])


@source.command()
@click.argument("review")
@click.argument("words", nargs=-1, required=True, metavar="WORDS")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="How many to show.")
@click.option("--offset", default=0, type=click.IntRange(0), help="How many to skip.")
@reading
def search(
    programme: Programme, review: str, words: tuple[str, ...], limit: int, offset: int, as_json: bool
) -> None:
    """Search the text of all sources of a review for pages with these words.

    Case and accents do not matter (dwr finds dŵr); "several words" in quotation marks must follow each other
    in this order; carer* finds all words that begin with carer.

    Example: joint-review source search wales-2004-08 carers "nobody asked"
    """
    # The shell has taken the quotation marks away.
    asked = " ".join(f'"{word}"' if " " in word.strip() else word for word in words)
    found, total = search_sources(programme.db, programme.review(review), asked, limit=limit, offset=offset)
    if as_json:
        show_json({"total": total, "pages": found})
        return
    if not found:
        click.echo(
            "No page contains these words." if not total else f"There are {total:,}; give a lower --offset."
        )
        return
    for row in found:
        click.echo(f"{row['source']}, page {row['page']}: {row['title']}")
        paragraph(_with_marks(row["snippet"], row["found"]), "    ")
    if offset + len(found) < total:
        click.echo(f"\n{len(found)} of {many(total, 'page')}; --offset {offset + len(found)} shows the next.")


def _with_marks(text: str, found: list[list[int]]) -> str:
    """The text with stars around what was found."""
    for start, end in reversed(found):
        text = f"{text[:start]}*{text[start:end]}*{text[end:]}"
    return text


@source.command()
@click.argument("review")
@click.argument("ref")
@click.option("--ref", "new_ref", help="The right index number.")
@click.option("--title", help="The right title.")
@click.option("--kind", help=f"The right kind: one of {', '.join(SOURCE_KINDS)}.")
@click.option("--dated", help="The right date, e.g. 2004-05-31; '' takes the date away.")
@click.option("--status", help="draft or authorised.")
@click.option("--strand", help="The group of people the source is about.")
@click.option("--because", required=True, metavar="TEXT", help="The reason.")
@changing
def correct(
    programme: Programme,
    review: str,
    ref: str,
    new_ref: str | None,
    because: str,
    by: str,
    as_json: bool,
    **details: str | None,
) -> None:
    """Correct details of a source: its index number, title, kind, date, status or group of people.

    Its text never changes. Later runs count its items with the corrected details; runs made before stay what
    they were. What it was, who corrected it and why stay in the record.

    Example: joint-review source correct wales-2004-08 D-001 --kind interview --because "Filed as a document."
    """
    given = {name: value for name, value in {"ref": new_ref, **details}.items() if value is not None}
    if not given:
        raise click.UsageError("give what is to be corrected, e.g. --kind interview")
    found = correct_source(
        programme.db, programme.review(review), ref, given, by=by, because=because, at=now()
    )
    if as_json:
        show_json(found)
        return
    changed = "; ".join(map(change_words, found["correction"]["changes"]))
    click.echo(f"Corrected {found['source']}: {changed}.")
    if found["before"]:
        click.echo(f"{before_words(found['before'])}.")
    items = many(found["items"], "item")
    click.echo(f"The next run counts its {items} with these details; runs made before stay what they were.")


@source.command()
@click.argument("review")
@click.argument("ref")
@click.option("--because", required=True, metavar="TEXT", help="The reason.")
@changing
def withdraw(programme: Programme, review: str, ref: str, because: str, by: str, as_json: bool) -> None:
    """Withdraw every item of a source, all at once: no later run counts them.

    The text of the source stays and can be read. To blank it for good: joint-review erase source.

    Example: joint-review source withdraw wales-2004-08 I-004 --because "Consent was withdrawn."
    """
    found = sources.withdraw_source(
        programme.db, programme.review(review), ref, by=by, because=because, at=now()
    )
    if as_json:
        show_json({"source": ref, "withdrawn": found})
        return
    names = listed([f"E{number}" for number in found[:LISTED]])
    more = f" and {len(found) - LISTED:,} more" if len(found) > LISTED else ""
    they = "it" if len(found) == 1 else "them"
    click.echo(
        f"Withdrawn: {many(len(found), 'item')} of {ref} ({names}{more}). Later runs leave {they} out."
    )
