"""joint-review meeting plan / held / off / list: the meetings on a report."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from joint_review.cli.commands import Commands
from joint_review.cli.options import Day, Programme, changing, now, reading
from joint_review.cli.show import show_json, show_table
from programme.calendar import day_words

if TYPE_CHECKING:
    from report.meetings import Meeting

COLUMNS = {
    "id": "Meeting",
    "kind": "Kind",
    "when": "Planned for",
    "state": "State",
    "attended": "Attended",
}


@click.group(cls=Commands)
def meeting() -> None:
    """Plan the meetings on a report, record that they were held, or call them off."""


@meeting.command()
@click.argument("review")
@click.argument("kind", metavar="KIND")
@click.argument("day", type=Day(), metavar="DATE")
@click.option("--time", default="", metavar="TIME", help="The time of day in the UK, e.g. 10:30 (optional).")
@click.option("--note", default="", metavar="TEXT", help="A note (optional).")
@changing
def plan(
    programme: Programme, review: str, kind: str, day: date, time: str, note: str, by: str, as_json: bool
) -> None:
    """Plan a meeting. KIND is draft (on the draft report), handover, sign-off, reference-group or workshop.

    Example: joint-review meeting plan wales-2004-08 draft 2026-07-14 --time 10:30 --by coordinator-1
    """
    from report.meetings import plan_meeting

    found = programme.review(review)
    made = plan_meeting(programme.db, found, kind, day, time=time, note=note, by=by, at=now())
    _show([made], as_json, f"Meeting {made['id']} is planned.")


@meeting.command()
@click.argument("review")
@click.argument("number", type=int)
@click.argument("day", type=Day(), metavar="DATE")
@click.option("--attended", required=True, metavar="WHO", help="Who attended, by role.")
@click.option("--note", default="", metavar="TEXT", help="A note of what was said (optional).")
@changing
def held(
    programme: Programme,
    review: str,
    number: int,
    day: date,
    attended: str,
    note: str,
    by: str,
    as_json: bool,
) -> None:
    """Record that a meeting was held, and who attended.

    Example: joint-review meeting held wales-2004-08 1 2026-07-14 --attended "director, lead reviewer"
    """
    from report.meetings import hold_meeting

    found = programme.review(review)
    made = hold_meeting(programme.db, found, number, day, attended=attended, note=note, by=by, at=now())
    _show([made], as_json, f"Meeting {number} was held.")


@meeting.command()
@click.argument("review")
@click.argument("number", type=int)
@click.option("--because", required=True, metavar="TEXT", help="The reason.")
@changing
def off(programme: Programme, review: str, number: int, because: str, by: str, as_json: bool) -> None:
    """Call a planned meeting off.

    Example: joint-review meeting off wales-2004-08 1 --because "The director is ill." --by coordinator-1
    """
    from report.meetings import call_off_meeting

    made = call_off_meeting(programme.db, programme.review(review), number, because=because, by=by, at=now())
    _show([made], as_json, f"Meeting {number} is called off.")


@meeting.command("list")
@click.argument("review")
@reading
def list_(programme: Programme, review: str, as_json: bool) -> None:
    """List the meetings of a review: planned, held, called off.

    Example: joint-review meeting list wales-2004-08
    """
    from report.meetings import meetings_of

    found = meetings_of(programme.db, programme.review(review))
    _show(found, as_json, "" if found else "No meetings are planned.")


def _show(found: list[Meeting], as_json: bool, said: str) -> None:
    if as_json:
        show_json({"meetings": found})
        return
    if said:
        click.echo(said)
    if found:
        rows = [{**each, "when": _when(each), "state": _state(each)} for each in found]
        show_table(rows, COLUMNS, [None, None, None, None, 40])


def _when(found: Meeting) -> str:
    day, _, time = found["planned_for"].partition("T")
    return day_words(day) + (f", {time}" if time else "")


def _state(found: Meeting) -> str:
    if found["called_off"]:
        return "called off"
    return f"held on {day_words(found['held_on'])}" if found["held_on"] else "planned"
