"""joint-review report moderate / settle / clear / send: from a frozen edition to the authority."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from joint_review.cli.options import FOLDER_OR_FILE, Day, Programme, changing, now
from joint_review.cli.show import paragraph, show_json
from programme.calendar import day_of_moment, day_words, uk_day
from rules.errors import ReviewError
from rules.words import listed

if TYPE_CHECKING:
    from report.moderation import Moderated, Point


@click.command()
@click.argument("edition")
@click.argument("verdict", metavar="passed|returned")
@click.option("--because", required=True, metavar="TEXT", help="The reason for the verdict.")
@click.option(
    "--points",
    type=FOLDER_OR_FILE,
    metavar="FILE",
    help="A table of points: about (p12, a domain, 'cell', or nothing), severity (must or should), text.",
)
@click.option(
    "--must", multiple=True, metavar="TEXT", help="Something that must be changed, e.g. 'p12: How many?'"
)
@click.option("--should", multiple=True, metavar="TEXT", help="Something that should be considered.")
@changing
def moderate(
    programme: Programme,
    edition: str,
    verdict: str,
    because: str,
    points: Path | None,
    must: Sequence[str],
    should: Sequence[str],
    by: str,
    as_json: bool,
) -> None:
    """Pass or return an edition, as the external moderator, who wrote and rated nothing in the review.

    EDITION is REVIEW for the latest edition of its report, REVIEW/2 for its second, REVIEW/summary/1 for the
    first of its summary. What must be changed is settled before any later edition passes.

    Example: joint-review report moderate wales-2004-08 returned --because "Thin." --must "p12: How many?"
    """
    from report import moderation
    from report.named import edition_named
    from report.points import point_from, read_points

    made: list[Point] = [*(read_points(points) if points else ())]
    made += [point_from(text, "must") for text in must] + [point_from(text, "should") for text in should]
    number = edition_named(programme.db, edition)["id"]
    found = moderation.moderate(programme.db, number, verdict, points=made, because=because, by=by, at=now())
    _show(found, as_json)


@click.command()
@click.argument("edition")
@click.argument("number", type=int)
@click.option("--because", required=True, metavar="TEXT", help="How the point was met, or why it was not.")
@changing
def settle(programme: Programme, edition: str, number: int, because: str, by: str, as_json: bool) -> None:
    """Settle a point of the moderator on an edition: say how it was met, or why it was not.

    Example: joint-review report settle wales-2004-08/1 2 --because "The number is in p12 now."
    """
    from report import moderation
    from report.named import edition_named

    found = edition_named(programme.db, edition)["id"]
    _show(moderation.settle_point(programme.db, found, number, because=because, by=by, at=now()), as_json)


@click.command()
@click.argument("edition")
@click.option("--body", required=True, metavar="NAME", help="The body that approves, e.g. CSSIW.")
@click.option("--because", default="", metavar="TEXT", help="Comment (optional); the reason, to withdraw.")
@click.option("--withdraw", is_flag=True, help="Take the body's clearance back.")
@changing
def clear(
    programme: Programme, edition: str, body: str, because: str, withdraw: bool, by: str, as_json: bool
) -> None:
    """Approve an edition formally for a body, as a manager of it who neither wrote nor moderated it.

    Example: joint-review report clear wales-2004-08/2 --body CSSIW --by manager-1
    """
    from report import moderation
    from report.named import edition_named

    number = edition_named(programme.db, edition)["id"]
    act = moderation.withdraw_clearance if withdraw else moderation.clear
    _show(act(programme.db, number, body, because=because, by=by, at=now()), as_json)


def _show(found: Moderated, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    click.echo(f"Edition {found['number']} of the {found['kind']} of {found['review']}: {found['state']}")
    if verdict := found["verdict"]:
        click.echo(f"{verdict['verdict'].capitalize()} by {verdict['by']}, {day_of_moment(verdict['at'])}")
        paragraph(verdict["because"], "  ")
    for point in found["points"]:
        about = f"p{point['paragraph']}" if point["paragraph"] else point["rating"] or "the whole edition"
        state = f"settled by {point['settled_by']}" if point["settled_by"] else "open"
        paragraph(f"{point['number']}. {point['severity']}, {about}: {point['text']} ({state})", "  ")
    for one in found["cleared"]:
        click.echo(f"Cleared for {one['body']} by {one['by']}, {day_of_moment(one['at'])}")
    if found["waiting"] and found["state"] == "passed":
        click.echo(f"Waiting for {listed(found['waiting'])}.")


@click.command()
@click.argument("edition")
@click.option(
    "--lodged",
    default="",
    metavar="HEAD",
    help="The head of the record, once it is lodged outside; without it, the head is printed, nothing sent.",
)
@click.option(
    "--until", type=Day(), metavar="DATE", help="The last day for comments, if not the computed one."
)
@click.option("--no-comments", is_flag=True, help="Ask for no comments: the answer to those that came.")
@click.option(
    "--because", default="", metavar="TEXT", help="Why the day is set by hand, or a second round asked."
)
@click.option(
    "--into",
    "folder",
    type=FOLDER_OR_FILE,
    metavar="FOLDER",
    help="Write what goes to the authority into a new folder: edition, comment sheet, changes.",
)
@click.option(
    "--to",
    "recipients",
    type=FOLDER_OR_FILE,
    metavar="FILE",
    help="A table of who gets it (layout recipients); with --into each has a marked copy.",
)
@changing
def send(
    programme: Programme,
    edition: str,
    lodged: str,
    until: date | None,
    no_comments: bool,
    because: str,
    folder: Path | None,
    recipients: Path | None,
    by: str,
    as_json: bool,
) -> None:
    """Record that an edition is sent to the authority for its comments; every body has cleared it.

    First lodge the head of the record outside, e.g. with the other body, then give it. The last day for
    comments comes from the calendar of the review; an amended edition asks for none unless a day is given.

    Example: joint-review report send wales-2004-08/2 --lodged 412:5f1c...
    """
    from joint_review.cli.sent_files import files_of_sending, write_sending
    from programme.database import transaction
    from report import sending
    from report.milestones import comments_until
    from report.named import edition_named
    from report.recipients import list_recipients, read_recipients
    from report.sending import Deadline

    found = edition_named(programme.db, edition)
    if folder and folder.exists():
        raise ReviewError(f"{folder} is there already", hint="Give the name of a new folder.")
    deadline = None
    if until:
        deadline = Deadline(until, because or "set by hand")
    elif not no_comments and not found["amends"] and found["state"] == "cleared":
        computed = comments_until(programme.db, programme.review(found["review"]), uk_day(now()))
        deadline = Deadline(computed.day, computed.how) if computed.day else None
    people = read_recipients(recipients) if recipients else []
    files = files_of_sending(programme.db, found) if folder else None
    review = programme.review(found["review"])
    with transaction(programme.db) as joined:
        if people:
            list_recipients(joined, review, people, by=by, at=now())
        sent = sending.send(joined, found["id"], deadline, lodged=lodged, because=because, by=by, at=now())
    if folder and files:
        write_sending(programme.db, found, files, folder, by)
    if as_json:
        show_json(sent)
        return
    name = f"Edition {sent['number']} of the {found['kind']} of {found['review']}"
    click.echo(f"{name} sent on {day_words(sent['sent_on'])}.")
    if sent["comments_until"]:
        paragraph(f"Comments until {day_words(sent['comments_until'])} ({sent['computed']}).")
    else:
        click.echo("It asks for no comments.")
    click.echo(f"Record lodged up to event {sent['audit_event']}.")
    if folder:
        click.echo(f"Files for the authority written to {folder}.")
