"""joint-review compare: all reviews under one framework side by side."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import click
from tabulate import tabulate

from comparison.compare import compare_reviews, framework_to_compare
from joint_review.cli.options import Day, Programme, how_many, reading
from joint_review.cli.show import heading, paragraph, show_json, show_table
from rules.loader import load_policy
from rules.words import many, shown_number


@click.command()
@click.argument("framework", required=False)
@click.option("--until", type=Day(), metavar="DATE", help="Use runs up to this date; all if left out.")
@how_many("--nearest", 3, "Pairs to show for each domain and question.")
@reading
def compare(
    programme: Programme, framework: str | None, until: date | None, nearest: int, as_json: bool
) -> None:
    """Compare all reviews under one framework: grid, profiles, similar evidence rated differently.

    The latest run of every review is used. Leave the framework out if all reviews have the same one.
    The most similar reviews differ in the fewest criteria met, and by the least in those.

    Example: joint-review compare wales-round-2 --nearest 5
    """
    policy = load_policy(framework_to_compare(programme.db, framework))
    found = compare_reviews(programme.db, policy, until=until, nearest=nearest)
    if as_json:
        show_json(found)
        return
    names = {review["review"]: review["authority"] for review in found["reviews"]}
    twice = {name for name, times in Counter(names.values()).items() if times > 1}
    called = {key: f"{name} ({key})" if name in twice else name for key, name in names.items()}
    reviews = many(len(names) + len(found["left_out"]), "review")
    click.echo(f"{found['framework']['title']}: {len(names)} of {reviews}.")
    _show_left_out(found)
    _show_grid(found["grid"], called)
    _show_profiles(found, called)
    _show_nearest(found)
    _show_decided(found["decided_differently"], called)


def _show_left_out(found: Mapping[str, Any]) -> None:
    for one in found["left_out"]:
        paragraph(f"Left out: {one['authority']} ({one['review']}) {one['reason']}.", "  ")
    if len(found["rulebooks"]) > 1 or not found["rulebooks"][0]["current"]:
        for book in found["rulebooks"]:
            now = "the current rulebook" if book["current"] else "NOT the current rulebook"
            under = [one["review"] for one in found["reviews"] if one["rulebook"] == book["digest"]]
            named = f"{book['id']}, version {book['version']}, {book['digest'][:12]} ({now})"
            paragraph(f"{named}: {', '.join(under)}.", "  ")


def _show_grid(grid: Mapping[str, Any], called: Mapping[str, str]) -> None:
    """The grid with every authority in its cell, and the same in words."""
    if grid["up"]:
        click.echo(f"\n{grid['up']}")
    rows = [
        [row["title"], *("\n".join(_wrapped(called, cell["reviews"])) for cell in row["cells"])]
        for row in grid["rows"]
    ]
    click.echo(tabulate([*rows, ["", *grid["columns"]]], tablefmt="grid"))
    click.echo(f"{grid['across']}\n")
    for row in grid["rows"]:
        for cell in row["cells"]:
            if cell["reviews"]:
                paragraph(f"{' / '.join(cell['titles'])}: {_names(called, cell['reviews'])}.", "  ")
    if grid["nowhere"]:
        paragraph(f"No position yet: {_names(called, grid['nowhere'])}.", "  ")


def _wrapped(called: Mapping[str, str], reviews: Sequence[str]) -> list[str]:
    return [line for key in reviews for line in textwrap.wrap(called[key], 20, subsequent_indent="  ")]


def _names(called: Mapping[str, str], reviews: Sequence[str]) -> str:
    return ", ".join(called[key] for key in reviews)


def _show_profiles(found: Mapping[str, Any], called: Mapping[str, str]) -> None:
    """A line per review, a column per domain and question: level numbers, explained below."""
    heading("Profiles")
    profiles = found["profiles"]
    rows = [
        {"authority": called[review["review"]]}
        | {row["target"]: _level(row["ratings"][at]) for row in profiles}
        for at, review in enumerate(found["reviews"])
    ]
    columns = {"authority": "authority"}
    columns |= {row["target"]: str(number) for number, row in enumerate(profiles, start=1)}
    show_table(rows, columns, [30, *[None] * len(profiles)])
    click.echo()
    scale: list[str] = []
    for number, row in enumerate(profiles, start=1):
        indent = "  " if row["kind"] == "question" else "    "
        if row["scale"] != scale:
            scale = row["scale"]
            levels = ", ".join(f"{level} {title}" for level, title in enumerate(scale, start=1))
            paragraph(f"{number}  {row['title']} ({levels})", indent)
        else:
            paragraph(f"{number}  {row['title']}", indent)
    click.echo("  * * decided by moderators; - no rating")


def _level(rating: Mapping[str, Any]) -> str:
    mark = "*" if rating["status"] == "decided" else ""
    return "-" if rating["level"] is None else f"{rating['level']}{mark}"


def _show_nearest(found: Mapping[str, Any]) -> None:
    heading("Similar evidence, different rating")
    if found["nearest_none"]:
        click.echo(found["nearest_none"])
    for row in found["nearest"]:
        shown = len(row["pairs"])
        click.echo(
            f"{row['title']}: {many(row['pairs_in_all'], 'pair')} rated differently, the most similar {shown}"
        )
        for pair in row["pairs"]:
            told = [
                f"{name} {rating['level_title']}"
                for name, rating in zip(pair["authorities"], pair["ratings"], strict=True)
            ]
            apart = pair["criteria_apart"]
            differ = many(apart, "criterion differs", "criteria differ") if apart else "no criteria differ"
            paragraph(
                f"{told[0]}, {told[1]}: {differ}, gap {pair['gap']:.2f}, distance {pair['distance']:.2f}",
                "  ",
            )
            paragraph(pair["because"], "      ")


def _show_decided(found: Sequence[Mapping[str, Any]], called: Mapping[str, str]) -> None:
    heading("Same proposal, different final rating")
    if not found:
        click.echo("None.")
    for row in found:
        click.echo(f"{row['title']}, proposed {row['proposed_title']}:")
        for rating in row["ratings"]:
            for how, reviews in (("decided", rating["decided"]), ("as proposed", rating["as_proposed"])):
                if reviews:
                    count = shown_number(len(reviews))
                    paragraph(f"{rating['level_title']}, {how} ({count}): {_names(called, reviews)}", "  ")
