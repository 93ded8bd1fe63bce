"""joint-review decisions, accept, rate, approve, overrides.

Whoever has the file may act here under the name given with --by; the pages hold people to their roles. That
nobody accepts the ratings of their own run or approves their own override, and that an open challenge stands
in the way of both, holds here as there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar, Unpack

import click

from assessment.decisions import decide
from assessment.decisions.standing import Standing
from comparison.compare import framework_to_compare
from comparison.overrides import CountsInAll, count_overrides
from joint_review.cli.options import Function, Programme, changing, how_many, now, reading
from joint_review.cli.show import heading, paragraph, show_json, show_table
from rules.loader import load_policy
from rules.words import many

TARGETS = "DOMAIN|QUESTION|cell"
run_option = click.option(
    "--run", type=int, help="Number of the run that you looked at; the latest if left out."
)
note_option = click.option("--because", default="", metavar="TEXT", help="Reason (optional).")


class Looking(TypedDict):
    """What goes with ratings that are accepted or approved: who does it, why, and the run looked at."""

    by: str
    because: str
    run: int | None


def deciding(function: Function) -> Function:
    """A command that decides ratings of a review as a run shows them; `Looking` says what else it gets."""
    targets = click.argument("targets", nargs=-1, required=True, metavar=f"{TARGETS}...")
    return click.argument("review")(targets(run_option(note_option(changing(function)))))


Done = TypeVar("Done")


def _done(
    decide_all: Callable[..., list[Done]],
    programme: Programme,
    review: str,
    targets: Sequence[str],
    looking: Looking,
) -> list[Done]:
    """What became of the ratings named, all of which are decided or none."""
    found = programme.review(review)
    return decide_all(programme.db, found, *programme.targets(review, targets), **looking, at=now())


@click.command()
@click.argument("review")
@reading
def decisions(programme: Programme, review: str, as_json: bool) -> None:
    """Show the state of every rating: proposed, accepted, overridden, approved or lapsed.

    Example: joint-review decisions wales-2004-08
    """
    found = decide.decision_states(Standing(programme.db, programme.review(review)))
    if as_json:
        show_json(found)
        return
    rows = [{**row, "rated": row["level_title"] or row["status"], "said": _said(row)} for row in found]
    show_table(
        rows,
        {"target": "target", "rated": "rating", "state": "state", "said": "decided by / blocked by"},
        [None, 30, None, 60],
    )
    settled = sum(row["settled"] for row in found)
    click.echo(f"\n{settled} of {len(found)} settled.")


def _said(row: Mapping[str, Any]) -> str:
    """Who decided, who approved, and what is open."""
    said = []
    decision, approval = row["decision"], row["approval"]
    if decision:
        verb = "accepted" if decision["kind"] == "accept" else f"rated {decision['level_title']}"
        on = f" on run {decision['run']}" if decision["run"] else ""
        said.append(f"{verb} by {decision['by']}{on}")
    if approval:
        said.append(f"approved by {approval['by']} on run {approval['run']}")
    if row["lapsed_on"]:
        said.append(f"run {row['lapsed_on']} changed the rating")
    if row["state"] == "approved" and row["status"] != "decided":
        said.append("takes effect in the next run")
    if row["challenges"]:
        which = "open challenge" if len(row["challenges"]) == 1 else "open challenges"
        said.append(f"{which}: {', '.join(map(str, row['challenges']))}")
    if row["panel"]:
        said.append("a panel is voting")
    return "; ".join(said)


@click.command()
@deciding
def accept(
    programme: Programme, review: str, targets: tuple[str, ...], as_json: bool, **looking: Unpack[Looking]
) -> None:
    """Accept what a run proposes for domains, questions or 'cell', the position on the grid.

    The person who recorded the run cannot accept it. An open challenge to the rating, or to what it rests on,
    blocks acceptance. The acceptance lapses when a later run gives another rating.

    Example: joint-review accept wales-2004-08 carers leadership --by moderator-1
    """
    found = _done(decide.accept, programme, review, targets, looking)
    if as_json:
        show_json(found)
        return
    for one in found:
        level = one["level"] or "not enough evidence"
        click.echo(f"{one['target']}: accepted by {looking['by']} as {level} (run {one['run']}).")


@click.command()
@click.argument("review")
@click.argument("target", metavar=TARGETS)
@click.argument("level", required=False)
@click.option("--because", required=True, metavar="TEXT", help="The reason.")
@click.option(
    "--take-back",
    is_flag=True,
    help="Take back the last decision instead; the proposal applies again from the next run.",
)
@changing
def rate(
    programme: Programme,
    review: str,
    target: str,
    level: str | None,
    because: str,
    take_back: bool,
    by: str,
    as_json: bool,
) -> None:
    """Override a proposal with a rating of your own; it takes effect once another person approves it.

    To rate 'cell', the position on the grid, give the level of each question, joined by '/'.

    Example: joint-review rate wales-2004-08 carers inconsistent --by moderator-1 --because "Seen on visits."
    """
    if take_back == (level is not None):
        raise click.UsageError("give either a LEVEL or --take-back")
    target = programme.target(review, target)
    level = level and programme.level(review, target, level)
    found = decide.override(
        programme.db, programme.review(review), target, level, by=by, because=because, at=now()
    )
    if as_json:
        show_json(found)
        return
    if level is None:
        click.echo(f"{target}: decision taken back. The proposal applies again from the next run.")
        return
    for one in _each(found):
        beside = f" (proposed: {one['proposed']})" if one["proposed"] else ""
        click.echo(f"{one['target']}: rated {one['level']} by {by}{beside}.")
    click.echo("It takes effect in the next run after another person approves it:")
    click.echo(f"  joint-review approve {review} {target}")


def _each(found: decide.Overridden | decide.CellOverridden) -> list[decide.Overridden]:
    """The ratings that were given; of the cell, those of its questions."""
    if "questions" in found:
        return found["questions"]
    return [found]


@click.command()
@deciding
def approve(
    programme: Programme, review: str, targets: tuple[str, ...], as_json: bool, **looking: Unpack[Looking]
) -> None:
    """Approve another person's rating of domains or questions; it takes effect in the next run.

    'cell' means all questions together. The approval lapses when a later run proposes something else.

    Example: joint-review approve wales-2004-08 carers --by lead-1
    """
    found = _done(decide.approve, programme, review, targets, looking)
    if as_json:
        show_json(found)
        return
    for one in found:
        said = f"{one['target']}: {one['level']}, rated by {one['rated_by']}, approved by {looking['by']}"
        click.echo(f"{said} on run {one['run']}.")
    click.echo(f"It takes effect in the next run: joint-review assess {review}")


@click.command()
@click.argument("framework", required=False)
@how_many("--most", 10, "How many rules and reviewers to show.")
@reading
def overrides(programme: Programme, framework: str | None, most: int, as_json: bool) -> None:
    """Count overrides by review, rule and reviewer, and find similar evidence that was rated differently.

    Leave the framework out if all reviews have the same one. --json lists everything.

    Example: joint-review overrides wales-round-2 --most 20
    """
    policy = load_policy(framework_to_compare(programme.db, framework))
    found = count_overrides(programme.db, policy)
    if as_json:
        show_json(found)
        return
    total = found["all"]
    click.echo(f"{found['framework']['title']}: {many(total['decided'], 'rating')} decided, ", nl=False)
    click.echo(f"{total['overridden']} of them overridden.")
    tables: tuple[tuple[str, Sequence[CountsInAll], str, int | None], ...] = (
        ("Reviews", found["reviews"], "authority", None),
        ("Domains and questions", found["targets"], "title", None),
        ("Rules that the proposals rested on", found["rules"], "rule", most),
        ("Reviewers whose tags the proposals rested on", found["reviewers"], "reviewer", most),
    )
    for title, rows, name, shown in tables:
        heading(title)
        _show_counts([row for row in rows if row["decided"]], name, shown)
    heading("The same criteria met, rated differently")
    if not found["same_profile"]:
        click.echo("None.")
    for row in found["same_profile"]:
        for pair in row["pairs"]:
            told = [
                f"{name} {rating['level_title']}"
                for name, rating in zip(pair["authorities"], pair["ratings"], strict=True)
            ]
            paragraph(f"{row['title']}: {' and '.join(told)}. {pair['because']}", "  ")
    click.echo("\nFor the same proposal with a different final rating: joint-review compare")


def _show_counts(rows: Sequence[Mapping[str, Any]], name: str, most: int | None) -> None:
    if not rows:
        click.echo("No ratings decided yet.")
        return
    names = ("decided", "accepted", "overridden", "higher", "lower", "given")
    show_table(rows[:most], {name: "", **{n: n for n in names}}, [50, *[None] * len(names)])
    if most is not None and len(rows) > most:
        click.echo(f"... and {len(rows) - most} more (--most N shows more)")
