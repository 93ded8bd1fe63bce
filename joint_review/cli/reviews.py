"""joint-review review create / list / show / correct / retain / due."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from comparison.reviews import ReviewListed, reviews_with_position
from joint_review.cli.commands import Commands
from joint_review.cli.exporting import export
from joint_review.cli.options import (
    FOLDER_OR_FILE,
    Day,
    DayOrNone,
    Programme,
    changing,
    now,
    reading,
    run_option,
)
from joint_review.cli.show import as_read, paragraph, show_done, show_json, show_table
from programme.calendar import day_words, uk_day
from programme.corrections import change_words, correct_review, correction_words, corrections_of
from programme.retention import due_reviews, kept_reviews, set_retention
from programme.reviewfile import ReviewDetails, create_from_file
from programme.reviews import create_review
from programme.reviews import list_reviews as all_reviews

MOST_REVIEWS = 100_000
TITLES = {"key": "review", "run": "latest run", "made_on": "assessed on", "said": "position"}
"""What people read for the names of some columns."""


@click.group(cls=Commands)
def review() -> None:
    """Create and show reviews: one authority, one framework, the dates of the evidence window."""


@review.command()
@click.argument("key", required=False)
@click.option("--authority", help="The authority that is reviewed.")
@click.option("--framework", help="The framework it is judged by; see: joint-review framework list")
@click.option("--from", "window_from", type=Day(), help="First day of the evidence window.")
@click.option("--to", "window_to", type=Day(), help="Last day of the evidence window.")
@click.option("--note", default="", help="A note for readers of the review.")
@click.option("--file", "file", type=FOLDER_OR_FILE, help="A YAML file that holds all of these instead.")
@changing
def create(
    programme: Programme,
    key: str | None,
    authority: str | None,
    framework: str | None,
    window_from: date | None,
    window_to: date | None,
    note: str,
    file: Path | None,
    by: str,
    as_json: bool,
) -> None:
    """Create a review. A YAML file (--file) may also say until when it is kept and why (retention).

    Example: joint-review review create ceredigion-2026 --authority "Ceredigion" --framework wales-round-2
    --from 2025-01-01 --to 2026-03-31
    """
    given = {"key": key, "authority": authority, "framework": framework}
    if file:
        if any(given.values()) or window_from or window_to or note:
            raise click.UsageError("give either --file or the review's details, not both")
        made = create_from_file(programme.db, file, by=by, at=now())
    else:
        if not (key and authority and framework):
            missing = [name for name, value in given.items() if not value]
            raise click.UsageError(f"missing: {', '.join(missing)} (or give --file)")
        details: ReviewDetails = {
            "key": key,
            "authority": authority,
            "framework_key": framework,
            "window_from": window_from,
            "window_to": window_to,
            "note": note,
        }
        made = create_review(programme.db, **details, by=by, at=now())
    if as_json:
        show_json(_row(programme, made.key))
    else:
        click.echo(f"Review {made.key} of {made.authority} is ready.")
        click.echo(f"Next: joint-review evidence import {made.key} FILE...")


@review.command("list")
@reading
def list_reviews(programme: Programme, as_json: bool) -> None:
    """List the reviews with their latest position on the grid.

    Example: joint-review review list
    """
    found = _rows(programme)
    if as_json:
        show_json(found)
    elif not found:
        click.echo("No reviews yet. Create one: joint-review review create --help")
    else:
        columns = {
            "key": "review",
            "authority": "authority",
            "framework": "framework",
            "items": "items",
            "made_on": "assessed on",
            "said": "position",
        }
        rows = [{**row, "made_on": day_words(row["made_on"] or "")} for row in found]
        show_table(rows, columns, [None, 40, None, None, None, 40])


@review.command()
@click.argument("key", metavar="REVIEW")
@reading
def show(programme: Programme, key: str, as_json: bool) -> None:
    """Show one review: authority, framework, evidence window, how much evidence, latest run.

    Example: joint-review review show wales-2004-08
    """
    found = _row(programme, programme.review(key).key)
    if as_json:
        show_json(found)
        return
    for name, value in found.items():
        if value not in (None, "") and not isinstance(value, list):
            title = TITLES.get(name, name.replace("_", " "))
            click.echo(f"{title:>15}  {as_read(name, value)}")
    for correction in corrections_of(programme.db, "review", programme.review(key).id):
        paragraph(correction_words(correction))


@review.command("export")
@click.argument("key", metavar="REVIEW")
@click.argument("file", type=FOLDER_OR_FILE)
@click.option("--only", metavar="TABLE", help="Only this table, e.g. findings, ratings or measures.")
@run_option
@click.option("--replace", is_flag=True, help="Write over a file that is already there.")
@reading
def export_(
    programme: Programme,
    key: str,
    file: Path,
    only: str | None,
    run_id: int | None,
    replace: bool,
    as_json: bool,
) -> None:
    """Write a review into a file: evidence, ratings, measures, decisions; .xlsx, .csv or .zip of CSV files.

    The tables of evidence can be imported again. Ratings and measures are those of the latest run, or of the
    run that is named.

    Example: joint-review review export wales-2004-08 review.xlsx
    """
    from assessment.runs.run import load_run
    from exchange.whole import review_tables

    found = programme.review(key)
    if run_id is not None:
        load_run(programme.db, found, run_id)
    export(
        programme,
        file,
        lambda: review_tables(programme.db, found, only=only, run=run_id),
        replace=replace,
        as_json=as_json,
    )


@review.command()
@click.argument("key", metavar="REVIEW")
@click.option("--authority", help="The right name of the authority.")
@click.option(
    "--from", "window_from", type=DayOrNone(), help="First day of the evidence window; '' for none."
)
@click.option("--to", "window_to", type=DayOrNone(), help="Last day of the evidence window; '' for none.")
@click.option("--note", help="The right note; '' for none.")
@click.option("--because", required=True, metavar="TEXT", help="The reason.")
@changing
def correct(
    programme: Programme, key: str, because: str, by: str, as_json: bool, **details: str | date | None
) -> None:
    """Correct details of a review: the authority's name, the evidence window or the note.

    Later checks and statements use the corrected details; what was recorded before stays as it was.

    Example: joint-review review correct wales-2004-08 --to 2009-12-31 --because "The scope letter says so."
    """
    given = {name: value for name, value in details.items() if value is not None}
    if not given:
        raise click.UsageError("give what is to be corrected, e.g. --to 2009-12-31")
    found = correct_review(programme.db, programme.review(key), given, by=by, because=because, at=now())
    show_done(found, as_json, f"Corrected {key}: {'; '.join(map(change_words, found['changes']))}.")


@review.command()
@click.argument("key", metavar="REVIEW")
@click.option("--until", required=True, type=Day(), help="The last day on which it is kept.")
@click.option("--because", required=True, metavar="TEXT", help="The reason, e.g. your retention schedule.")
@changing
def retain(programme: Programme, key: str, until: date, because: str, by: str, as_json: bool) -> None:
    """Set until when a review is kept. Nothing is erased by itself: `review due` lists what is due.

    Example: joint-review review retain wales-2004-08 --until 2032-03-31 --because "Schedule 4: six years."
    """
    kept = set_retention(programme.db, programme.review(key), until, by=by, because=because, at=now())
    show_done(kept, as_json, f"{key} is kept until {day_words(kept['keep_until'])}: {kept['because']}")


@review.command()
@click.option("--on", type=Day(), help="As of this day; today if left out.")
@reading
def due(programme: Programme, on: date | None, as_json: bool) -> None:
    """List the reviews that were to be kept until a day that has passed, and those without a date.

    Example: joint-review review due --on 2032-04-01
    """
    day = on or uk_day(now())
    found = due_reviews(programme.db, day)
    dated = {kept["review"] for kept in kept_reviews(programme.db, day)}
    without = [one.key for one in all_reviews(programme.db) if one.key not in dated]
    if as_json:
        show_json({"due": found, "without_a_date": without})
        return
    if found:
        rows = [{**kept, "keep_until": day_words(kept["keep_until"])} for kept in found]
        show_table(
            rows,
            {"review": "review", "authority": "authority", "keep_until": "kept until", "because": "reason"},
            [None, 40, None, 40],
        )
        click.echo("\nErase what is no longer needed, source by source: joint-review erase source --help")
    else:
        click.echo(f"No review is due on {day_words(day.isoformat())}.")
    if without:
        click.echo(f"Without a retention date: {', '.join(without)}")


class _Row(ReviewListed):
    said: str
    """Its position in words."""
    keep_until: str | None
    """The last day on which it is kept, if one was set."""


def _rows(programme: Programme) -> list[_Row]:
    kept = {one["review"]: one["keep_until"] for one in kept_reviews(programme.db, uk_day(now()))}
    return [
        {
            **row,
            "keep_until": kept.get(row["key"]),
            "said": " / ".join(part["level_title"] or "not rated" for part in row["position"]),
        }
        for row in reviews_with_position(programme.db, limit=MOST_REVIEWS)
    ]


def _row(programme: Programme, key: str) -> _Row:
    return next(row for row in _rows(programme) if row["key"] == key)
