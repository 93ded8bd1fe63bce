"""joint-review challenge: challenges to ratings and to what stands behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from assessment.decisions import challenges
from assessment.decisions.effects import rating_title
from assessment.decisions.schema import CHALLENGED, GROUNDS
from joint_review.cli.commands import Commands
from joint_review.cli.options import Programme, changing, now, reading
from joint_review.cli.show import paragraph, show_done, show_json, show_table
from programme.calendar import day_of_moment
from rules.words import listed


def _words(text: str) -> str:
    """'not-supported' as 'not supported': words need no quotes on the command line."""
    return text.strip().lower().replace("-", " ")


@click.group(cls=Commands)
def challenge() -> None:
    """Challenge ratings, or what they rest on; reply to challenges, and close them with an outcome."""


@challenge.command("add")
@click.argument("review")
@click.argument("kind", metavar="|".join(CHALLENGED))
@click.argument("target")
@click.option(
    "--ground", required=True, metavar="GROUND", help=f"One of: {', '.join(GROUNDS)} (or with hyphens)."
)
@click.option("--text", required=True, help="The challenge, in your own words.")
@changing
def add_(
    programme: Programme,
    review: str,
    kind: str,
    target: str,
    ground: str,
    text: str,
    by: str,
    as_json: bool,
) -> None:
    """Challenge a rating, rule, measure, item or tag; while it is open, it blocks acceptance.

    TARGET is a domain, a question or 'cell' (rating), the id of a rule, DOMAIN.MEASURE, an item (E12), or an
    item with its domain (tag: E12:carers).

    Example: joint-review challenge add wales-2004-08 rating carers --ground one-source --text "One visit."
    """
    found = challenges.raise_challenge(
        programme.db,
        programme.review(review),
        kind,
        programme.target(review, target),
        ground=_words(ground),
        text=text,
        by=by,
        at=now(),
    )
    if as_json:
        show_json(found)
        return
    click.echo(f"Challenge {found['number']} is open: {found['target']}, {found['ground']}.")
    if found["blocks"]:
        click.echo(f"Until it is closed, it blocks acceptance of: {_blocked(programme, found)}.")
    else:
        click.echo("No rating of the latest run rests on it.")


@challenge.command("list")
@click.argument("review", required=False)
@click.option("--open", "only_open", is_flag=True, help="List only open challenges.")
@reading
def list_(programme: Programme, review: str | None, only_open: bool, as_json: bool) -> None:
    """List the challenges of a review, or of all reviews.

    Example: joint-review challenge list wales-2004-08 --open
    """
    found = challenges.list_challenges(
        programme.db, None if review is None else programme.review(review), only_open=only_open
    )
    if as_json:
        show_json(found)
        return
    if not found:
        click.echo("No open challenges." if only_open else "No challenges.")
    columns = ("number", "review", "kind", "target", "ground", "by", "state", "text")
    show_table(found, {name: name for name in columns}, [*[None] * 7, 50])


@challenge.command("show")
@click.argument("number", type=int)
@reading
def show_(programme: Programme, number: int, as_json: bool) -> None:
    """Show a challenge with its replies, its outcome, and what moved in the next run.

    Example: joint-review challenge show 3
    """
    found = challenges.show_challenge(programme.db, number)
    if as_json:
        show_json(found)
    else:
        _show(programme, found)


def _blocked(programme: Programme, found: Mapping[str, Any]) -> str:
    """The ratings that cannot be accepted while a challenge is open."""
    framework = programme.review(found["review"]).framework
    return listed(rating_title(framework, target) for target in found["blocks"])


def _show(programme: Programme, found: Mapping[str, Any]) -> None:
    click.echo(f"Challenge {found['number']} of {found['review']}: {found['state']}")
    on = f", looking at run {found['run']}" if found["run"] else ""
    what = f"{found['kind']} {found['target']}, {found['ground']}"
    click.echo(f"{what}; {found['by']}, {day_of_moment(found['at'])}{on}")
    paragraph(found["text"], "  ")
    for reply in found["replies"]:
        click.echo(f"Reply of {reply['by']}, {day_of_moment(reply['at'])}")
        paragraph(reply["text"], "  ")
    if found["blocks"]:
        click.echo(f"While it is open, it blocks acceptance of: {_blocked(programme, found)}.")
    outcome = found["outcome"]
    if outcome is None:
        return
    click.echo(f"{outcome['outcome'].capitalize()}: {outcome['by']}, {day_of_moment(outcome['at'])}")
    paragraph(outcome["because"], "  ")
    changed = "; ".join(change["what"] for change in outcome["changed"])
    click.echo(f"Changed because of it: {changed or 'nothing'}.")
    if found["next_run"] is None:
        click.echo("No run has been recorded since.")
        return
    click.echo(f"The next run is {found['next_run']}. Moved since run {found['run']}:")
    for moved in found["moved"]:
        paragraph(f"{moved['title']}: {moved['before']} -> {moved['after']}", "  ")
    if not found["moved"]:
        click.echo("  nothing")


@challenge.command("reply")
@click.argument("number", type=int)
@click.option("--text", required=True, help="The reply, in your own words.")
@changing
def reply_(programme: Programme, number: int, text: str, by: str, as_json: bool) -> None:
    """Reply to an open challenge.

    Example: joint-review challenge reply 3 --by lead-1 --text "E14 and E20 say the same."
    """
    found = challenges.reply_to_challenge(programme.db, number, text=text, by=by, at=now())
    show_done(found, as_json, f"Replied to challenge {number}.")


@challenge.command("close")
@click.argument("number", type=int)
@click.argument("outcome", metavar="OUTCOME")
@click.option("--because", required=True, metavar="TEXT", help="The reason for the outcome and its effect.")
@click.option(
    "--changed",
    multiple=True,
    metavar="NAME",
    help="What was changed because of it: an item (E12, also for its tags), a domain or question that was"
    " decided, or 'rulebook'. Repeat for several; leave out if nothing was changed.",
)
@changing
def close_(
    programme: Programme,
    number: int,
    outcome: str,
    because: str,
    changed: tuple[str, ...],
    by: str,
    as_json: bool,
) -> None:
    """Close a challenge: upheld, partly-upheld, not-upheld or withdrawn, with what was changed because of it.

    Example: joint-review challenge close 3 upheld --because "E12 was hearsay." --changed E12
    """
    found = challenges.close_challenge(
        programme.db, number, _words(outcome), because=because, changed=changed, by=by, at=now()
    )
    if as_json:
        show_json(found)
        return
    effects = found["outcome"]["changed"] if found["outcome"] else []
    what = "; ".join(change["what"] for change in effects) or "nothing"
    click.echo(f"Challenge {number} is closed: {found['state']}. Changed because of it: {what}.")
