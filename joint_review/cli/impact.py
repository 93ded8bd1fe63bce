"""joint-review rules impact: what a changed rulebook would do to every review."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from comparison.impact import UNRATED, rules_impact
from joint_review.cli.options import Programme, reading
from joint_review.cli.progress import progress_bar
from joint_review.cli.show import heading, paragraph, show_json, show_table
from rules.errors import UnknownName
from rules.loader import PolicySet, library_ids, load_policy, load_policy_folder, load_rulebook
from rules.policyfile import read_policy_text
from rules.words import many


def policy_named(name: str) -> PolicySet:
    """A rulebook by the framework's id, from a folder, or from a file beside a framework of the library.

    Raises UnknownName or PolicyFileInvalid.
    """
    path = Path(name)
    if path.is_dir():
        return load_policy_folder(path)
    if not path.is_file():
        return load_policy(name)
    found = read_policy_text(path)
    found.refuse_if_problems()
    framework_id = found.data.get("framework") if isinstance(found.data, dict) else None
    if framework_id not in library_ids():
        raise UnknownName("framework", str(framework_id), library_ids(), where=found.place(["framework"]))
    framework = load_policy(str(framework_id)).framework
    return PolicySet(framework, load_rulebook(path, framework))


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=lambda: os.cpu_count() or 1,
    show_default="number of CPUs",
    help="Processes that share the reviews; 1 means only this process.",
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Share the reviews over the workers of this Dask scheduler instead, e.g. tcp://127.0.0.1:8786.",
)
@reading
def impact(
    programme: Programme, old: str, new: str, workers: int, cluster: str | None, as_json: bool
) -> None:
    """Show which ratings a changed rulebook would move, and through which rule: all reviews under both.

    OLD and NEW are rulebooks: a framework's id (its rulebook in the library), a folder, or a rulebook file.
    Nothing is written. Dask workers read the database themselves: each needs it, or a copy, at the same path.

    Example: joint-review rules impact wales-round-2 examples/stricter-rules/rulebook.yml
    """
    before, after = policy_named(old), policy_named(new)
    with progress_bar() as progress:
        found = rules_impact(
            programme.db,
            programme.path,
            before,
            after,
            workers=workers,
            cluster=cluster,
            progress=progress,
        )
    if as_json:
        show_json(found)
    else:
        _show(found)


def _show(found: Mapping[str, Any]) -> None:
    moved = found["moved"]
    reviews = many(found["reviews"], "review")
    click.echo(f"{found['framework']['title']}: {found['assessed']} of {reviews} assessed.")
    for when in ("old", "new"):
        book = found[when]
        click.echo(f"  {when}: {book['title']}, version {book['version']} ({book['digest'][:12]})")
    count = sum(moved[name] for name in DIRECTIONS)
    told = ", ".join(f"{moved[name]} {said}" for name, said in DIRECTIONS.items() if moved[name])
    click.echo(f"Ratings that move: {count:,} of {found['ratings']:,}{f' ({told})' if told else ''}.")
    click.echo(
        f"Reviews with any such rating: {moved['reviews']}."
        f" Positions on the grid that move: {moved['cells']}."
    )
    if moved["held"]:
        click.echo(f"Proposals that move while the rating stays as decided: {moved['held']}.")
    for one in found["not_assessed"]:
        paragraph(f"Not assessed: {one['authority']} ({one['review']}): {one['reason']}", "  ")
    _show_rules(found["rules"])
    _show_moves(found["moves"])
    _show_cells(found["cells"])
    _show_reviews(found["by_review"])


DIRECTIONS = {"up": "up", "down": "down", "rated": "newly rated", "unrated": "no longer rated"}


def _show_rules(rules: Sequence[Mapping[str, Any]]) -> None:
    heading(f"Rules that differ: {len(rules)}")
    if not rules:
        click.echo("None: both rulebooks give the same ratings.")
    rows = [
        {
            "where": f"{row['where']}: {row['part']} {row['criterion']}".rstrip(),
            "before": _written(row["before"]),
            "after": _written(row["after"]),
            "ratings": row["ratings"],
            "alone": row["alone"],
            "reviews": row["reviews"],
        }
        for row in rules
    ]
    columns = {
        "where": "rule",
        "before": "before",
        "after": "after",
        "ratings": "ratings it moves",
        "alone": "alone",
        "reviews": "reviews",
    }
    show_table(rows, columns, [40, 25, 25, None, None, None])


def _written(criterion: Mapping[str, Any] | None) -> str:
    if criterion is None:
        return "no such rule"
    measure = f"{criterion['measure']} " if criterion["measure"] else ""
    limit = f", caps the rating at {criterion['no_better_than']}" if criterion["no_better_than"] else ""
    return f"{measure}{criterion['test']}{limit}"


def _show_moves(moves: Sequence[Mapping[str, Any]]) -> None:
    if not moves:
        return
    heading("Ratings that move")
    rows = [
        {
            "title": row["title"],
            "move": f"{row['from']} -> {row['to']}",
            "count": len(row["reviews"]),
            "reviews": ", ".join(row["reviews"][:5]) + (", ..." if len(row["reviews"]) > 5 else ""),
        }
        for row in moves
    ]
    columns = {"title": "domain or question", "move": "move", "count": "reviews", "reviews": "which"}
    show_table(rows, columns, [35, None, None, 40])


def _show_cells(cells: Sequence[Mapping[str, Any]]) -> None:
    if not cells:
        return
    heading("Positions on the grid that move")
    for cell in cells:
        before, after = (" / ".join(cell[when] or ["none"]) for when in ("before", "after"))
        paragraph(f"{cell['authority']} ({cell['review']}): {before} -> {after}", "  ")


def _show_reviews(reviews: Sequence[Mapping[str, Any]]) -> None:
    if not reviews:
        return
    heading("By review")
    for review in reviews:
        click.echo(f"{review['authority']} ({review['review']})")
        for move in review["moved"]:
            name = "proposed_title" if move["held"] else "level_title"
            before, after = (move[when][name] or UNRATED for when in ("before", "after"))
            kept = (
                f" (proposed; {move['before']['level_title']} was decided and still counts)"
                if move["held"]
                else ""
            )
            paragraph(f"{move['title']}: {before} -> {after}{kept}", "  ")
            if move["domains"]:
                paragraph(f"through the ratings of {', '.join(move['domains'])}", "      ")
            for rule in move["rules"]:
                paragraph(f"{rule['rule']}: {_said(rule)}", "      ")
            if move["together"] and len(move["rules"]) > 1:
                paragraph("none of these on its own", "      ")


def _said(rule: Mapping[str, Any]) -> str:
    """One rule in one review: what it asked and asks, and whether that was and is met."""
    before, after = rule["before"], rule["after"]
    told = [
        f"{when} {side['needed']}{_met(side)}"
        for when, side in (("before", before), ("after", after))
        if side is not None
    ]
    statement = (after or before)["statement"]
    what = {"added": "new; ", "removed": "gone; "}.get(rule["change"], "")
    return what + (f"{statement}; " if statement else "") + ", ".join(told)


def _met(side: Mapping[str, Any]) -> str:
    return "" if side["met"] is None else " (met)" if side["met"] else " (not met)"
