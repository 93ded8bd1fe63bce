"""joint-review panel: independent first votes on a rating."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from assessment.decisions import panel as panels
from joint_review.cli.commands import Commands
from joint_review.cli.options import Programme, changing, now
from joint_review.cli.show import show_json, show_table


@click.group(cls=Commands)
def panel() -> None:
    """Let several people rate independently: votes are hidden until all members have voted."""


@panel.command("open")
@click.argument("review")
@click.argument("target", metavar="DOMAIN|QUESTION")
@click.option(
    "--member",
    "members",
    multiple=True,
    required=True,
    metavar="WHO",
    help="A member of the panel; repeat for each.",
)
@changing
def open_(
    programme: Programme, review: str, target: str, members: tuple[str, ...], by: str, as_json: bool
) -> None:
    """Open a panel of at least two members on the rating of a domain or question.

    Example: joint-review panel open wales-2004-08 carers --member lead-1 --member moderator-1
    """
    target = programme.target(review, target)
    found = panels.open_panel(programme.db, programme.review(review), target, members, by=by, at=now())
    _show(found, as_json)


@panel.command("vote")
@click.argument("review")
@click.argument("target", metavar="DOMAIN|QUESTION")
@click.argument("level")
@click.option("--because", default="", metavar="TEXT", help="What the others will read once all have voted.")
@changing
def vote_(
    programme: Programme, review: str, target: str, level: str, because: str, by: str, as_json: bool
) -> None:
    """Record a member's vote. It cannot be changed; the last vote makes all votes visible.

    Example: joint-review panel vote wales-2004-08 carers inconsistent --by moderator-1
    """
    target = programme.target(review, target)
    level = programme.level(review, target, level)
    found = panels.vote(
        programme.db, programme.review(review), target, level, by=by, because=because, at=now()
    )
    _show(found, as_json)


@panel.command("show")
@click.argument("review")
@click.argument("target", metavar="DOMAIN|QUESTION", required=False)
@changing
def show_(programme: Programme, review: str, target: str | None, by: str, as_json: bool) -> None:
    """Show panels: who has voted and, once all have, the spread; until then, only the vote of --by WHO.

    Example: joint-review panel show wales-2004-08 carers --by moderator-1
    """
    target = target and programme.target(review, target)
    found = panels.show_panels(programme.db, programme.review(review), target, to=by)
    if as_json:
        show_json(found)
        return
    for one in found:
        _show(one, False)
    if not found:
        click.echo("No panels.")


@panel.command("close")
@click.argument("review")
@click.argument("target", metavar="DOMAIN|QUESTION")
@click.option("--because", required=True, metavar="TEXT", help="The reason; it is recorded.")
@changing
def close_(programme: Programme, review: str, target: str, because: str, by: str, as_json: bool) -> None:
    """Close a panel before all have voted; votes cast so far are then shown, and voting ends.

    Example: joint-review panel close wales-2004-08 carers --because "lead-1 has left."
    """
    target = programme.target(review, target)
    found = panels.close_panel(
        programme.db, programme.review(review), target, by=by, because=because, at=now()
    )
    _show(found, as_json)


def _show(found: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    voted = len(found["members"]) - len(found["waiting_for"])
    click.echo(f"{found['title']}: panel {found['number']}, {found['state']}, ", nl=False)
    click.echo(f"{voted} of {len(found['members'])} voted.")
    if found["closed"]:
        click.echo(f"Closed by {found['closed']['by']}: {found['closed']['because']}")
    if found["waiting_for"]:
        what = "Waiting for" if found["state"] == "open" else "Did not vote"
        click.echo(f"{what}: {', '.join(found['waiting_for'])}.")
    if found["own_vote"] and found["state"] == "open":
        click.echo(f"Your vote: {found['own_vote']['level_title']}.")
    spread = found["spread"]
    if spread:
        median = " to ".join(spread["median"])
        click.echo(f"Median {median}; from {spread['range'][0]} to {spread['range'][1]}.")
        names = {"member": "member", "level_title": "vote", "because": ""}
        show_table(found["votes"], names, [None, None, 60])
