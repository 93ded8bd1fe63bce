"""joint-review agreement: how far reviewers agree about the items that several of them have coded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from evidence.coding.agreement import (
    DOMAINS,
    Agreement,
    Disagreement,
    Figure,
    coding_words,
    describe_agreement,
    interval_words,
    measure_agreement,
)
from joint_review.cli.options import Programme, reading
from joint_review.cli.progress import progress_bar
from joint_review.cli.show import heading, paragraph, show_json, show_table
from joint_review.cli.uncertainty import seed_option
from rules.words import listed, many, percent

SHOWN = 10
"""Disagreements shown on a terminal."""
COLUMNS = {
    "title": "domain",
    "coders": "reviewers",
    **{name: name for name in ("what", "items", "same", "kappa", "alpha", "interval")},
}


@click.command()
@click.argument("review")
@click.option(
    "--draws", type=int, default=1_000, show_default=True, help="How often the items are resampled."
)
@seed_option
@reading
def agreement(programme: Programme, review: str, draws: int, seed: int, as_json: bool) -> None:
    """Show how far reviewers agree on the items that two or more of them have coded.

    Shows the share of identical codings, weighted kappa and Krippendorff's alpha with its interval, by domain
    and by pair of reviewers, then the items they coded most differently. Items that one reviewer coded, and
    domains that neither chose, never count as agreement. Codings of second reviewers are imported; see:
    joint-review evidence template codings. --json also lists the figures of every pair in every domain, and
    all differences.

    Example: joint-review agreement wales-2004-08 --draws 2000 --seed 1
    """
    with progress_bar() as progress:
        found = measure_agreement(
            programme.db, programme.review(review), draws=draws, seed=seed, progress=progress
        )
    if as_json:
        show_json(asdict(found))
    else:
        _show(found)


def _show(found: Agreement) -> None:
    paragraph(describe_agreement(found))
    _show_figures("All reviewers, all domains", found.overall())
    judged = [figure for figure in found.by_domain() if figure.what != DOMAINS]
    _show_figures("All reviewers: judgements of items that both tagged to the domain", judged)
    tied = [figure for figure in found.by_domain() if figure.what == DOMAINS]
    _show_figures("All reviewers: whether an item bears on the domain", tied, ("title", "items", "same"))
    _show_figures("Each pair of reviewers, all domains", found.by_pair())
    heading(f"Coded differently: {len(found.disagreements):,} of {many(found.items_by_several, 'item')}")
    for item in found.disagreements[:SHOWN]:
        _show_disagreement(item)
    if len(found.disagreements) > SHOWN:
        click.echo(f"  ... and {len(found.disagreements) - SHOWN:,} more (--json lists all)")
    click.echo()
    paragraph(
        f"Interval: the middle 95 % of {found.draws:,} resamplings of the items (seed {found.seed})."
        " Same: the share of pairs of codings that are the same; for domains, of the items that either"
        " reviewer tagged to the domain, the share that both tagged to it. Kappa: Cohen's, linear weights."
        " Alpha: Krippendorff's, ordinal; for domains, of the sets that reviewers chose. 1 is perfect"
        " agreement, 0 is what chance would give."
    )


def _show_figures(title: str, figures: Sequence[Figure], only: Sequence[str] = ()) -> None:
    """Figures as a table, with the columns named in `only`, or those that say something."""
    if not figures:
        return
    heading(title)
    rows: list[dict[str, Any]] = [
        {
            "title": figure.title,
            "coders": listed(figure.coders),
            "what": figure.what,
            "items": figure.items,
            "same": percent(figure.same, decimals=1),
            "kappa": figure.no_kappa if figure.kappa is None else f"{figure.kappa:.2f}",
            "alpha": figure.no_alpha if figure.alpha is None else f"{figure.alpha:.2f}",
            "interval": interval_words(figure) or figure.no_interval,
        }
        for figure in figures
    ]
    left_out = {name for name in ("title", "coders") if not any(row[name] for row in rows)}
    if not figures[0].coders:
        left_out.add("kappa")
    columns = {name: words for name, words in COLUMNS.items() if name not in left_out}
    if only:
        columns = {name: COLUMNS[name] for name in only}
    show_table(rows, columns, [30 if name == "title" else None for name in columns])


def _show_disagreement(item: Disagreement) -> None:
    since = " (withdrawn since)" if item.withdrawn else ""
    paragraph(f"E{item.item} {item.text} - {item.source}, {item.locator}{since}", "  ")
    for coding in item.codings:
        paragraph(f"{coding.coder}: {coding_words(coding)}", "      ")
