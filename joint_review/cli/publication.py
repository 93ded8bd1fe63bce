"""joint-review publication: dates, recipients and copies of a report, its embargo, and its publication."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from joint_review.cli.commands import Entry, ImportedWhenCalled
from joint_review.cli.options import (
    FOLDER_OR_FILE,
    Day,
    Moment,
    Programme,
    changing,
    now,
    reading,
    refuse_file,
    write_whole,
)
from joint_review.cli.show import paragraph, show_json, show_table
from programme.calendar import day_words, moment_words
from rules.words import listed

if TYPE_CHECKING:
    from report.milestones import Milestone
    from report.publication import Maker

FORMATS = ("html", "pdf", "docx")
"""The formats in which copies and publications are rendered."""


ENTRIES = {
    "plan": Entry("publication", "Show the calendar of a review: every date with how it was computed."),
    "start": Entry("publication", "Set the day on which the weeks of a review begin, and its practice."),
    "move": Entry("publication", "Move a date of a review by hand, for a reason."),
    "calendar": Entry("publication", "Write the calendar of a review as an .ics file.", "calendar_"),
    "withheld": Entry("publication", "Show what is left out of the appendices, as numbers are too small."),
    "recipients": Entry("copies", "List who gets a report; add people from a file.", "recipients_"),
    "copies": Entry("copies", "Make a marked copy for everyone who gets an edition at a stage.", "copies_"),
    "used": Entry("copies", "Record that a copy was sent, opened or returned."),
    "readers": Entry("copies", "Show the early readers of an edition, by role.", "readers_"),
    "consult": Entry("publication", "Record that the director was consulted on the summary."),
    "present": Entry("publication", "Record the date and time of the presentation."),
    "breach": Entry("publication", "Record a breach of the embargo."),
    "publish": Entry("publication", "Publish the report of a review and its summary.", "publish_"),
}
"""Every command of publication, in the order of work."""


@click.group(cls=ImportedWhenCalled, entries=ENTRIES)
def publication() -> None:
    """Plan the dates of a report, give copies, keep the embargo, record the presentation, publish.

    Example: joint-review publication plan wales-2004-08
    """


# --- dates -------------------------------------------------------------------------------------------------


@click.command()
@click.argument("review")
@reading
def plan(programme: Programme, review: str, as_json: bool) -> None:
    """Show the calendar of a review: every date with how it was computed, moved or recorded.

    Example: joint-review publication plan wales-2004-08
    """
    from report.calendar import how_it_came
    from report.milestones import milestones
    from report.practice import followed_practice

    found = programme.review(review)
    steps = milestones(programme.db, found)
    followed = followed_practice(programme.db, found)
    if as_json:
        show_json({"practice": followed.practice.id, "steps": [_step(one) for one in steps]})
        return
    rows = [
        {
            "step": one.step,
            "day": day_words(one.day.isoformat()) if one.day else "no date yet",
            "week": "" if one.week is None else str(one.week),
            "how": " ".join(filter(None, (how_it_came(one), f"Note: {one.note}." if one.note else ""))),
        }
        for one in steps
    ]
    columns = {"step": "step", "day": "day", "week": "week", "how": "how it was computed"}
    show_table(rows, columns, [None, None, None, 60])
    if followed.starts_on is None:
        click.echo(f"Set when its weeks begin: joint-review publication start {review} DATE")


def _step(found: Milestone) -> dict[str, Any]:
    return {
        "step": found.step,
        "title": found.title,
        "day": found.day and found.day.isoformat(),
        "source": found.source,
        "computed": found.computed and found.computed.isoformat(),
        "how": found.how,
        "moved": found.moved,
        "week": found.week,
        "note": found.note,
        "place": found.place,
    }


@click.command()
@click.argument("review")
@click.argument("day", type=Day(), metavar="DATE")
@click.option(
    "--practice", "file", type=FOLDER_OR_FILE, help="A practice of your own, instead of the library's."
)
@click.option("--because", default="", metavar="TEXT", help="The reason (optional).")
@changing
def start(
    programme: Programme, review: str, day: date, file: Path | None, because: str, by: str, as_json: bool
) -> None:
    """Set the day on which the weeks of a review begin, and the practice that it follows.

    Example: joint-review publication start wales-2004-08 "5 January 2026"
    """
    from report.practice import follow_practice, followed_practice, load_practice, read_practice

    found = programme.review(review)
    if file:
        practice = read_practice(file)
    elif followed_practice(programme.db, found).starts_on:
        practice = followed_practice(programme.db, found).practice
    else:
        practice = load_practice(found.framework.id)
    follow_practice(programme.db, found, practice, day, by=by, because=because, at=now())
    if as_json:
        show_json({"practice": practice.id, "starts_on": day.isoformat()})
        return
    click.echo(
        f"{review} follows the practice {practice.id}; its weeks begin on {day_words(day.isoformat())}."
    )


@click.command()
@click.argument("review")
@click.argument("step")
@click.argument("day", type=Day(), metavar="DATE", required=False)
@click.option("--back", is_flag=True, help="Back to the date that is computed.")
@click.option("--because", required=True, metavar="TEXT", help="The reason.")
@changing
def move(
    programme: Programme,
    review: str,
    step: str,
    day: date | None,
    back: bool,
    because: str,
    by: str,
    as_json: bool,
) -> None:
    """Move a date of a review by hand; the computed date and the reason are kept beside it.

    Example: joint-review publication move wales-2004-08 draft 2026-08-17 --because "The team was ill."
    """
    from report.milestones import move_date

    if (day is None) != back:
        raise click.UsageError("give a date, or --back for the one that is computed")
    moved = move_date(programme.db, programme.review(review), step, day, because=because, by=by, at=now())
    if as_json:
        show_json(_step(moved))
        return
    click.echo(f"{moved.title['en']}: {day_words(moved.day.isoformat()) if moved.day else 'no date'}.")
    if moved.computed:
        paragraph(f"Computed: {day_words(moved.computed.isoformat())}, {moved.how}.")
    if moved.note:
        paragraph(f"Note: {moved.note}.")


@click.command("calendar")
@click.argument("review")
@click.argument("file", type=FOLDER_OR_FILE)
@click.option("--lang", default="en", metavar="LANG", help="en or cy: the language of its titles.")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
@reading
def calendar_(programme: Programme, review: str, file: Path, lang: str, replace: bool, as_json: bool) -> None:
    """Write the calendar of a review as an .ics file, which calendar programs open and bring up to date.

    Example: joint-review publication calendar wales-2004-08 dates.ics
    """
    from report.calendar import review_calendar

    refuse_file(file, replace, programme.path)
    write_whole(file, review_calendar(programme.db, programme.review(review), lang), replace)
    if as_json:
        show_json({"file": str(file)})
    else:
        click.echo(f"Written to {file}.")


@click.command()
@click.argument("review")
@reading
def withheld(programme: Programme, review: str, as_json: bool) -> None:
    """Show what is left out of the appendices, or joined, as numbers are too small to be printed.

    It is shown as the latest run counts the evidence, before an edition is frozen.

    Example: joint-review publication withheld wales-2004-08
    """
    from assessment.runs.run import load_run
    from report.withheld import withheld as found_in

    found = programme.review(review)
    rows = [vars(one) for one in found_in(programme.db, found, load_run(programme.db, found))]
    if as_json:
        show_json(rows)
        return
    if not rows:
        click.echo("Nothing is left out: no number is too small.")
    columns = {"table": "table", "row": "row", "without": "if all was printed", "printed": "printed"}
    show_table(rows, columns, [30, 30, 30, 30])


# --- the embargo -------------------------------------------------------------------------------------------


@click.command()
@click.argument("edition")
@click.option("--on", "day", type=Day(), required=True, help="The day of the consultation.")
@click.option("--note", required=True, metavar="TEXT", help="What the director said.")
@changing
def consult(programme: Programme, edition: str, day: date, note: str, by: str, as_json: bool) -> None:
    """Record that the director was consulted on the summary, which comes before any presentation.

    EDITION is an edition of the summary, e.g. wales-2004-08/summary/1.

    Example: joint-review publication consult wales-2004-08/summary/1 --on 2026-11-02 --note "Content."
    """
    from report.embargo import consult_director
    from report.named import edition_named

    found = edition_named(programme.db, edition)["id"]
    made = consult_director(programme.db, found, day, note, by=by, at=now())
    if as_json:
        show_json(made)
    else:
        click.echo(f"Consultation of {day_words(made['held_on'])} recorded.")


@click.command()
@click.argument("edition")
@click.option("--on", type=Moment(), metavar="MOMENT", help="Date and time, in UK time.")
@click.option("--place", default="", metavar="TEXT", help="Where.")
@click.option("--to", "to_whom", default="", metavar="cabinet|committee|council", help="To whom.")
@click.option("--take-back", is_flag=True, help="Take back what is recorded, as where it was put off.")
@click.option("--because", default="", metavar="TEXT", help="The reason, for --take-back.")
@changing
def present(
    programme: Programme,
    edition: str,
    on: datetime | None,
    place: str,
    to_whom: str,
    take_back: bool,
    because: str,
    by: str,
    as_json: bool,
) -> None:
    """Record the date and time of the presentation, in advance or afterwards; the report is public from then.

    Example: joint-review publication present wales-2004-08 --on "2026-11-23 14:00" --place "Civic Centre"
    --to cabinet
    """
    from report import embargo
    from report.named import edition_named

    found = edition_named(programme.db, edition)["id"]
    if take_back:
        old = embargo.withdraw_presentation(programme.db, found, because=because, by=by, at=now())
        if as_json:
            show_json(old)
        else:
            click.echo(f"The presentation of {moment_words(old['at'])} was taken back.")
        return
    if on is None or not to_whom:
        raise click.UsageError("give --on, --place and --to")
    made = embargo.present(programme.db, found, on, place, to_whom, by=by, at=now())
    if as_json:
        show_json(made)
        return
    click.echo(f"Presentation recorded for {moment_words(made['at'])}, {made['place']}.")
    click.echo("The embargo lasts until then; publication is possible from the day after.")


@click.command()
@click.argument("edition")
@click.option("--on", type=Moment(), required=True, metavar="MOMENT", help="When it happened, in UK time.")
@click.option("--text", required=True, help="What happened.")
@click.option("--done", required=True, metavar="TEXT", help="What was done about it.")
@click.option("--copy", "number", type=int, metavar="NUMBER", help="The copy, where it is known.")
@click.option(
    "--publish-from", type=Moment(), metavar="MOMENT", help="Bring publication forward to this moment."
)
@click.option(
    "--because", required=True, metavar="TEXT", help="Why publication is, or is not, brought forward."
)
@changing
def breach(
    programme: Programme,
    edition: str,
    on: datetime,
    text: str,
    done: str,
    number: int | None,
    publish_from: datetime | None,
    because: str,
    by: str,
    as_json: bool,
) -> None:
    """Record a breach of the embargo: when, which copy, what was done; it may bring publication forward.

    Example: joint-review publication breach wales-2004-08 --on "2026-11-23 08:15" --text "Sent too early."
    --done "The press office was called." --because "Nothing was printed."
    """
    from report.copies import find_copy
    from report.embargo import record_breach
    from report.named import edition_named

    found = edition_named(programme.db, edition)["id"]
    copy = None if number is None else find_copy(programme.db, found, number).id
    made = record_breach(
        programme.db,
        found,
        on,
        text,
        done,
        copy=copy,
        publish_from=publish_from,
        because=because,
        by=by,
        at=now(),
    )
    if as_json:
        show_json(made)
        return
    click.echo(f"Breach of {moment_words(made['at'])} recorded.")
    if made["publish_from"]:
        click.echo(f"Publication is possible from {moment_words(made['publish_from'])}.")


# --- publishing --------------------------------------------------------------------------------------------


@click.command("publish")
@click.argument("review")
@click.option("--to", "folder", type=FOLDER_OR_FILE, required=True, help="A new folder for the files.")
@click.option("--format", "formats", multiple=True, type=click.Choice(FORMATS), help="All if left out.")
@click.option("--because", default="", metavar="TEXT", help="A comment (optional).")
@changing
def publish_(
    programme: Programme,
    review: str,
    folder: Path,
    formats: Sequence[str],
    because: str,
    by: str,
    as_json: bool,
) -> None:
    """Publish the report of a review and its summary: write the files into a new folder, with their digests.

    Refused before the day after the presentation, in UK time.

    Example: joint-review publication publish wales-2004-08 --to public
    """
    from report.publication import publish

    found = programme.review(review)
    made = publish(
        programme.db, found, folder, makers_of(formats or FORMATS), by=by, because=because, at=now()
    )
    if as_json:
        show_json(made)
        return
    for one in made:
        click.echo(f"Edition {one['edition']} published on {day_words(one['on_date'])}.")
    names = [file["name"] for one in made for file in one["files"]]
    paragraph(f"In {folder}: {listed(names)}; their digests are in SHA256SUMS.")


def makers_of(formats: Sequence[str]) -> list[Maker]:
    """What writes the files of a publication: report and summary in these formats.

    What makes the public database joins them here.
    """
    from joint_review.cli.sent_files import rendered as file_of
    from report.publication import rendered

    def in_format(form: str) -> Maker:
        return rendered(form, lambda report, lang, at: file_of(report, f".{form}", lang, at))

    return [in_format(form) for form in formats]
