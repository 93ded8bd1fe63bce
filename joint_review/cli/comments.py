"""joint-review report comments / answer / amend / changes: what the authority says, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from joint_review.cli.commands import Commands
from joint_review.cli.options import (
    FOLDER_OR_FILE,
    Day,
    Programme,
    changing,
    now,
    reading,
    refuse_file,
    write_whole,
)
from joint_review.cli.show import heading, paragraph, show_json, show_table
from programme.calendar import day_of_moment, day_words
from rules.words import listed, many

if TYPE_CHECKING:
    from report.changes import Changes
    from report.comments import CommentListed


@click.group(cls=Commands)
def comments() -> None:
    """Write the comment sheet of an edition, take comments on accuracy in, list them, take evidence in."""


@comments.command("sheet")
@click.argument("edition")
@click.argument("file", type=FOLDER_OR_FILE)
@click.option(
    "--lang", type=click.Choice(["en", "cy"]), default="en", show_default=True, help="Its language."
)
@click.option("--replace", is_flag=True, help="Write over an older file.")
@reading
def sheet_(programme: Programme, edition: str, file: Path, lang: Any, replace: bool, as_json: bool) -> None:
    """Write the comment sheet of an edition: a row for every paragraph, as a workbook or a Word document.

    Example: joint-review report comments sheet wales-2004-08/2 comments.xlsx
    """
    from joint_review.cli.sent_files import frozen_at, sheet_file
    from report.editions import body_of
    from report.named import edition_named
    from report.sending import refuse_uncleared
    from report.sheet import sheet_rows

    refuse_file(file, replace, programme.path)
    found = edition_named(programme.db, edition)
    refuse_uncleared(programme.db, found)
    report = body_of(programme.db, found["id"])
    write_whole(file, sheet_file(report, file.suffix.lower(), lang, frozen_at(found)), replace)
    count = len(sheet_rows(report, lang)) - 1
    if as_json:
        show_json({"file": str(file), "edition": found["id"], "paragraphs": count})
    else:
        click.echo(
            f"Written to {file}: a row for each of {many(count, 'paragraph')}, and one for the whole report."
        )


@comments.command("import")
@click.argument("edition")
@click.argument("file", type=FOLDER_OR_FILE)
@click.option("--from", "sender", default="", metavar="WHO", help="The director, or whom they named.")
@click.option("--received", type=Day(), metavar="DATE", help="The day on which they came; today if left out.")
@changing
def import_(
    programme: Programme,
    edition: str,
    file: Path,
    sender: str,
    received: date | None,
    by: str,
    as_json: bool,
) -> None:
    """Take in the comments in a sheet that came back: XLSX, DOCX, CSV or ODS; all rows, or none.

    Example: joint-review report comments import wales-2004-08/2 comments.xlsx --from director
    """
    from joint_review.cli.progress import progress_bar
    from report.comments import receive_comments
    from report.editions import body_of
    from report.named import edition_named
    from report.sheet import read_sheet

    found = edition_named(programme.db, edition)
    report = body_of(programme.db, found["id"])
    earlier = {
        f"edition {number}": body_of(programme.db, row)
        for row, number in programme.db.execute(
            "select id, number from edition where report_id = ? and id < ? order by id desc",
            [found["report_id"], found["id"]],
        ).fetchall()
    }
    with progress_bar() as progress:
        read = read_sheet(file, report, before=earlier, progress=progress)
    came = receive_comments(
        programme.db, found["id"], read.rows, sender=sender, received_on=received, by=by, at=now()
    )
    if as_json:
        show_json({**came, "notes": [*came["notes"], *read.notes]})
        return
    click.echo(f"{many(len(came['comments']), 'comment')} recorded; {came['already_there']} recorded before.")
    for note in (*came["notes"], *read.notes):
        paragraph(f"Note: {note}", "  ")


@comments.command("list")
@click.argument("edition")
@click.option("--open", "only_open", is_flag=True, help="List only comments without an answer.")
@reading
def list_(programme: Programme, edition: str, only_open: bool, as_json: bool) -> None:
    """List the comments on an edition, with their answers.

    Example: joint-review report comments list wales-2004-08/2 --open
    """
    from report.comments import list_comments
    from report.named import edition_named

    found = list_comments(programme.db, edition=edition_named(programme.db, edition)["id"])
    found = [comment for comment in found if not (only_open and comment["answer"])]
    if as_json:
        show_json(found)
        return
    if not found:
        click.echo("No comments." if not only_open else "No comments without an answer.")
    for comment in found:
        _show(comment)


def _show(comment: CommentListed) -> None:
    from report.named import comment_name
    from report.register import OUTCOMES

    about = "the whole report" if comment["paragraph"] is None else f"p{comment['paragraph']}"
    late = ", late" if comment["late"] else ""
    heading(f"{comment_name(comment)}: class {comment['kind']}, {about}{late}")
    click.echo(f"{comment['by']}, {day_words(comment['received_on'])}")
    for label, text in (
        ("", comment["text"]),
        ("Words proposed: ", comment["proposed_words"]),
        ("Evidence: ", comment["evidence_offered"]),
    ):
        for line in (label + text).splitlines() if text else ():
            paragraph(line, "  ")
    if comment["position_at_review"]:
        click.echo(f"  So at the time of the review: {comment['position_at_review']}")
    for source in comment["sources"]:
        closed = not source["of_the_time"] and not source["released_at"]
        click.echo(
            f"  Offered: {source['source']}, {source['title']}{' (closed for tagging)' if closed else ''}"
        )
    answer = comment["answer"]
    if answer is None:
        click.echo("No answer yet.")
        return
    said = OUTCOMES[answer["outcome"]].capitalize()
    click.echo(f"{said}: {answer['by']}, {day_of_moment(answer['at'])}")
    paragraph(answer["because"], "  ")
    paragraph(f"Changed: {'; '.join(effect['what'] for effect in answer['effects'])}", "  ")


@comments.command("offer")
@click.argument("comment")
@click.argument("files", nargs=-1, required=True, type=FOLDER_OR_FILE)
@click.option("--dated", required=True, type=Day(), metavar="DATE", help="Of when the evidence is.")
@click.option("--title", default="", help="What it is; the file's name if left out. For one file.")
@click.option("--kind", default="document", show_default=True, help="Kind of source.")
@changing
def offer_(
    programme: Programme,
    comment: str,
    files: Sequence[Path],
    dated: date,
    title: str,
    kind: str,
    by: str,
    as_json: bool,
) -> None:
    """Store evidence that the authority offers with a comment as sources, marked late.

    What is from after the evidence window, or was not so at the time of the review, can be read, not tagged.

    Example: joint-review report comments offer wales-2004-08/3 return.pdf --dated 2008-06-30
    """
    from evidence.files.texts import GivenFile
    from evidence.sources import SourceDetails
    from joint_review.cli.progress import progress_bar
    from report.named import comment_named
    from report.offered import offer_evidence, read_offered

    named = comment_named(programme.db, comment)
    details = SourceDetails(title=title, kind=kind, dated=dated)
    given = [GivenFile(file.name, file) for file in files]
    with progress_bar() as progress:
        texts = read_offered(programme.review(named["review"]), given, details, progress=progress)
    found = offer_evidence(programme.db, named["id"], texts, details, dated=dated, by=by, at=now())
    if as_json:
        show_json(found)
        return
    click.echo(f"Stored, marked late: {listed(found['added']) or 'nothing'}.")
    if found["already_there"]:
        click.echo(f"Held before: {listed(found['already_there'])}.")
    if found["closed"]:
        click.echo(
            "It is not of the time of the review: it can be read, not tagged, until the lead releases it."
        )


@comments.command("release")
@click.argument("comment")
@click.argument("source")
@click.option("--because", required=True, metavar="TEXT", help="Why it may count after all.")
@changing
def release_(programme: Programme, comment: str, source: str, because: str, by: str, as_json: bool) -> None:
    """Let the items of a source be tagged that was offered late and is closed; for the lead.

    Example: joint-review report comments release wales-2004-08/3 D-041 --because "It describes 2007."
    """
    from report.named import comment_named
    from report.offered import release_source

    number = comment_named(programme.db, comment)["id"]
    found = release_source(programme.db, number, source, because=because, by=by, at=now())
    if as_json:
        show_json(found)
    else:
        click.echo(f"The items of {source} can be tagged now; they stay marked as late.")


@click.command()
@click.argument("comment")
@click.option("--outcome", required=True, metavar="accepted|partly|not-accepted", help="How it is answered.")
@click.option("--because", required=True, metavar="TEXT", help="The reason, also where it is accepted.")
@click.option(
    "--changed",
    multiple=True,
    metavar="NAME",
    help="What was changed because of it: a paragraph (p12), an item (E12, also for its tags), or a domain or"
    " question that was decided. Repeat for several; leave out if nothing was changed.",
)
@click.option("--meeting", type=int, metavar="NUMBER", help="The meeting at which it was settled.")
@changing
def answer(
    programme: Programme,
    comment: str,
    outcome: str,
    because: str,
    changed: Sequence[str],
    meeting: int | None,
    by: str,
    as_json: bool,
) -> None:
    """Answer a comment, as somebody who recorded, tagged and scored nothing that its paragraph rests on.

    COMMENT is REVIEW/3 for the third comment on its report. What follows from it is done first, with the
    commands for it, and named here.

    Example: joint-review report answer wales-2004-08/3 --outcome accepted --because "Hearsay." --changed E12
    """
    from report.comments import answer_comment
    from report.named import comment_named

    found = answer_comment(
        programme.db,
        comment_named(programme.db, comment)["id"],
        outcome.strip().lower().replace("-", "_"),
        because=because,
        changed=changed,
        meeting=meeting,
        by=by,
        at=now(),
    )
    if as_json:
        show_json(found)
    else:
        _show(found)


@click.command()
@click.argument("edition")
@click.option(
    "--for",
    "purpose",
    default="publication",
    show_default=True,
    metavar="PURPOSE",
    help="publication, or authority for another draft.",
)
@click.option("--because", default="", metavar="TEXT", help="A comment (optional).")
@changing
def amend(programme: Programme, edition: str, purpose: str, because: str, by: str, as_json: bool) -> None:
    """Freeze the edition that amends one that was sent, as the report is written and assessed by now.

    Refused while comments may still come, one has no answer, or the latest run lacks what was changed because
    of one. It is moderated and cleared as the first one was.

    Example: joint-review report amend wales-2004-08/2 --by lead-reviewer
    """

    from report import amending
    from report.named import edition_named

    found = edition_named(programme.db, edition)
    made = amending.amend(
        programme.db,
        found["id"],
        purpose,
        because=because,
        by=by,
        at=now(),
    )
    if as_json:
        show_json(vars(made))
        return
    click.echo(
        f"Edition {made.number} amends edition {found['number']}, on run {made.run}; digest {made.digest}"
    )
    click.echo(f"What changed: joint-review report changes {found['id']} {made.id}")


@click.command()
@click.argument("first")
@click.argument("second")
@click.option(
    "--to", "file", type=FOLDER_OR_FILE, metavar="FILE", help="Write it into a file: .xlsx or .docx."
)
@click.option(
    "--lang", type=click.Choice(["en", "cy"]), default="en", show_default=True, help="The language."
)
@click.option("--replace", is_flag=True, help="Write over an older file.")
@reading
def changes(
    programme: Programme,
    first: str,
    second: str,
    file: Path | None,
    lang: Any,
    replace: bool,
    as_json: bool,
) -> None:
    """Show what changed from an edition to a later one: ratings first, then comments, evidence and words.

    A .docx file has the later edition with tracked changes; .html and .pdf have ratings, register and
    words, marked; .xlsx has ratings and register as tables.

    Example: joint-review report changes wales-2004-08/2 wales-2004-08/3 --to changes.docx
    """
    from joint_review.cli.sent_files import changes_file, frozen_at
    from report.changes import changes_between
    from report.editions import body_of
    from report.named import edition_named

    if file:
        refuse_file(file, replace, programme.path)
    before, after = (edition_named(programme.db, text) for text in (first, second))
    found = changes_between(programme.db, before["id"], after["id"])
    if file:
        was, now_ = (body_of(programme.db, edition["id"]) for edition in (before, after))
        content = changes_file(found, was, now_, file.suffix.lower(), lang, frozen_at(after))
        write_whole(file, content, replace)
    if as_json:
        show_json(found)
        return
    _show_changes(found, lang)
    if file:
        click.echo(f"\nWritten to {file}.")


def _show_changes(found: Changes, lang: str) -> None:
    from report.register import OUTCOMES

    click.echo(
        f"From edition {found['before']} to edition {found['after']} of the report of {found['review']}"
    )
    heading("Ratings")
    for moved in found["ratings"]:
        numbers = moved["comments"]
        because = f"comment {listed(map(str, numbers), 'or')} alone" if numbers else "no single comment alone"
        paragraph(f"{moved['title']}: {moved['before']} -> {moved['after']} ({because})", "  ")
    if not found["ratings"]:
        click.echo("No rating moved.")
    if found["nothing_can_have_moved"]:
        paragraph(
            "No rating can have moved: evidence, rules and decisions are the same. Digest of the evidence of"
            f" both: {found['evidence_digest']}"
        )
    heading("Comments")
    _table(
        [
            {
                "comment": entry["number"],
                "paragraph": f"p{entry['paragraph']}" if entry["paragraph"] else "all",
                "class": f"{entry['kind']}{', late' if entry['late'] else ''}",
                "outcome": OUTCOMES[entry["outcome"]],
                "reason": entry["because"],
                "changed": "; ".join(entry["changed"]) or "nothing",
            }
            for entry in found["register"]
        ]
    )
    heading("Evidence")
    for item in found["runs"]["items"]:
        paragraph(f"E{item['id']} {item['change']}: {item['text']}", "  ")
    if not found["runs"]["items"]:
        click.echo("No items added or withdrawn.")
    heading("Words")
    for block in found["words"].get(lang, []):
        marks = {"kept": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
        pieces = (marks[one.change][0] + one.text + marks[one.change][1] for one in block.pieces)
        paragraph(f"{block.number} {block.change}: {''.join(pieces)}", "  ")
    if not found["words"].get(lang):
        click.echo("No words changed.")


def _table(rows: Iterable[Mapping[str, Any]]) -> None:
    columns = ("comment", "paragraph", "class", "outcome", "reason", "changed")
    show_table(rows, {name: name for name in columns}, [None, None, None, 16, 36, 30])
