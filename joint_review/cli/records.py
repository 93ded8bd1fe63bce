"""joint-review verify, diff: runs made again, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from assessment.runs.changes import compare_runs
from assessment.runs.result import FORMAT
from assessment.runs.run import find_run
from assessment.runs.verify import verify_run
from joint_review.cli.options import Programme, reading
from joint_review.cli.show import heading, paragraph, show_json, show_table
from programme.calendar import day_words
from programme.corrections import correction_words
from rules.errors import ReviewError
from rules.words import listed, many


@click.command()
@click.argument("run", type=int)
@reading
def verify(programme: Programme, run: int, as_json: bool) -> None:
    """Repeat a run from its frozen inputs and compare the result byte for byte.

    If an older version recorded the run in format 1, all figures, levels and firings are compared, but not
    its sentences: those are now written when they are read. If words of its evidence were erased since, the
    digest of the evidence is not compared, but all figures, levels and firings are.

    Ends with exit code 1 if anything differs. If the inference engine is installed, it checks the firings
    again, even if the run was recorded without it.

    Example: joint-review verify 3
    """
    review, recorded = find_run(programme.db, run)
    done = verify_run(programme.db, review, recorded)
    if as_json:
        show_json(asdict(done))
    else:
        engine = "yes" if done.second_engine else "no"
        same = "byte for byte the same" if done.format == FORMAT else "the same"
        click.echo(
            f"Run {run} of {review.key}, repeated: {same if done.same else 'NOT the same'}."
            f" Checked by a second engine now: {engine}."
        )
        if done.same and done.format != FORMAT:
            click.echo(
                f"Run {run} was recorded in format {done.format}: its figures, levels and firings are"
                " the same. Sentences are not compared."
            )
        if done.not_repeated:
            click.echo(
                "The digest of its evidence is not compared, because words were erased since:"
                f" {listed(done.not_repeated)}."
            )
        if done.software != done.software_now:
            click.echo(f"It was recorded by {done.software}; this is {done.software_now}.")
    if not done.same:
        raise ReviewError(
            "the run gave another result when it was repeated:\n  "
            + "\n  ".join(done.differences or ("its record",))
        )


@click.command()
@click.argument("before", type=int, metavar="RUN")
@click.argument("after", type=int, metavar="RUN")
@reading
def diff(programme: Programme, before: int, after: int, as_json: bool) -> None:
    """Show what changed between two runs of a review, and which change moved which rating.

    Example: joint-review diff 3 4
    """
    review, earlier = find_run(programme.db, before)
    other, later = find_run(programme.db, after)
    if review.id != other.id:
        raise ReviewError(f"run {before} is of the review {review.key}, run {after} of {other.key}")
    found = compare_runs(programme.db, review, earlier, later)
    if as_json:
        show_json(found)
    else:
        _show(found, {name: review.framework.title_of(name) for name in review.framework.domains})


def _show(found: Mapping[str, Any], titles: Mapping[str, str]) -> None:
    heading(f"Ratings that moved: {len(found['ratings'])}")
    for rating in found["ratings"]:
        causes = listed(
            f"the {cause}" if cause != "together" else "several changes together"
            for cause in rating["causes"]
        )
        paragraph(f"{rating['title']}: {rating['before']} -> {rating['after']}, by {causes}.", "  ")
        paragraph(rating["because"], "      ")
    counts = [many(len(found[name]), name.removesuffix("s")) for name in ("items", "tags")]
    corrected = (
        f", {many(len(found['corrections']), 'correction')} of sources" if found["corrections"] else ""
    )
    heading(f"Evidence: {counts[0]} added or withdrawn, {counts[1]} of other items{corrected}")
    for item in found["items"][:20]:
        said = f" ({item['because']})" if item["because"] else ""
        paragraph(f"{item['change']} by {item['by']}: E{item['id']} {item['text']}{said}", "  ")
    for one in found["corrections"][:20]:
        paragraph(f"{one['source']}: {correction_words(one)}", "  ")
    for tag in found["tags"][:20]:
        domain = titles.get(tag["domain"], tag["domain"])
        paragraph(f"tag {tag['change']} by {tag['by']}: E{tag['id']} to “{domain}”", "  ")
    more = max(len(found["items"]) - 20, 0) + max(len(found["tags"]) - 20, 0)
    if more:
        click.echo(f"  ... and {more:,} more (--json lists all)")
    if found["periods"]:
        heading(f"Periods that are elsewhere now that they are sorted by time: {len(found['periods'])}")
        for one in found["periods"][:20]:
            days = f" ({day_words(one['begins'])} to {day_words(one['ends'])})" if one["begins"] else ""
            paragraph(f"E{one['id']} {one['text']}: {one['period'] or 'no period'}{days}", "  ")
        if len(found["periods"]) > 20:
            click.echo(f"  ... and {len(found['periods']) - 20:,} more (--json lists all)")
    for name, columns in (
        ("rules", {"path": "in the rulebook", "before": "before", "after": "after"}),
        ("decisions", {"title": "decided", "before": "before", "after": "after"}),
        ("measures", {"target": "of", "measure": "measure", "before": "before", "after": "after"}),
    ):
        if found[name]:
            heading(f"{name.capitalize()} that changed: {len(found[name])}")
            show_table(found[name], columns, [60, *[None] * (len(columns) - 1)])
    if found["software"]:
        click.echo(f"\nSoftware: {found['software']['before']} -> {found['software']['after']}")
