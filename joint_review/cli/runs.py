"""joint-review assess, trail, judge."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from assessment.reasons.grid import make_grid
from assessment.runs.judge import Judged, judge_file, write_csv
from joint_review.cli.options import (
    FOLDER_OR_FILE,
    Day,
    Programme,
    Seed,
    changing,
    how_many,
    json_option,
    now,
    reading,
    refuse_file,
    run_option,
    write_whole,
)
from joint_review.cli.show import (
    show_gaps,
    show_grid,
    show_json,
    show_ratings,
    show_table,
    show_trail,
)
from programme.calendar import day_words
from rules.loader import PolicySet, load_policy, load_rulebook


@click.command()
@click.argument("review")
@click.option("--on", type=Day(), help="The date of the run; today if left out.")
@click.option(
    "--seed",
    type=Seed(),
    default=0,
    show_default=True,
    help="Seed of all random choices; recorded with the run.",
)
@click.option("--rulebook", type=FOLDER_OR_FILE, help="A rulebook file to use instead of the library's.")
@click.option("--evaluator-only", is_flag=True, help="Do not use the inference engine; the run records this.")
@changing
def assess(
    programme: Programme,
    review: str,
    on: date | None,
    seed: int,
    rulebook: Path | None,
    evaluator_only: bool,
    by: str,
    as_json: bool,
) -> None:
    """Assess a review: propose ratings of all domains and questions, and the position on the grid.

    The run is recorded with everything it rests on. The same inputs give the same run.

    Example: joint-review assess wales-2004-08 --on 2009-06-01
    """
    from assessment.runs.run import assess as make_run
    from assessment.runs.summary import summarise_run

    found = programme.review(review)
    policy = load_policy(found.framework.id)
    if rulebook:
        policy = PolicySet(policy.framework, load_rulebook(rulebook, policy.framework))
    moment = now()
    run = make_run(
        programme.db,
        found,
        policy,
        on=on or moment.date(),
        by=by,
        at=moment,
        seed=seed,
        use_engine=False if evaluator_only else None,
    )
    summary = summarise_run(found, run)
    if as_json:
        show_json(summary)
        return
    click.echo(f"{found.authority}: run {run.id} of {day_words(summary.inputs.on)}, {run.digest[:12]}")
    click.echo(f"Rulebook {summary.rulebook.id}, version {summary.rulebook.version}. ", nl=False)
    click.echo(f"Checked by a second engine: {summary.second_engine}.")
    if not run.is_new:
        click.echo("Nothing has changed since this run, so no new run was recorded.")
    show_grid(make_grid(policy.framework, summary.cell))
    show_ratings(summary.ratings)
    show_gaps(summary.gaps)
    click.echo(f"\nWhy: joint-review explain {found.key} DOMAIN{_db(programme)}")
    click.echo(f"Pages: joint-review serve{_db(programme)}")


def _db(programme: Programme) -> str:
    return "" if str(programme.path) == "programme.db" else f" --db {programme.path}"


@click.command()
@click.argument("review")
@click.argument("target")
@how_many("--items", 3, "How many items to show per measure.")
@click.option(
    "--graph",
    type=FOLDER_OR_FILE,
    metavar="FILE",
    help="Write the trail with all its items to FILE as GraphML, for Gephi, yEd or networkx.",
)
@click.option("--replace", is_flag=True, help="Overwrite an older graph file of the same name.")
@run_option
@reading
def trail(
    programme: Programme,
    review: str,
    target: str,
    items: int,
    graph: Path | None,
    replace: bool,
    run_id: int | None,
    as_json: bool,
) -> None:
    """Show the trail from a rating down to the place in its sources: a domain, a question, or 'cell'.

    The graph file holds working evidence: only you may read it (file mode 600).

    Example: joint-review trail wales-2004-08 carers --items 5
    """
    from assessment.reasons.trail import trail_of
    from assessment.runs.run import load_run

    if replace and graph is None:
        raise click.UsageError("--replace belongs to --graph FILE")
    found = programme.review(review)
    target = programme.target(review, target)
    run = load_run(programme.db, found, run_id)
    if graph is not None:
        from assessment.reasons.support import trail_graphml

        refuse_file(graph, replace, programme.path)
        made = trail_graphml(programme.db, found, run, target)
        write_whole(graph, made.content, replace)
        if as_json:
            show_json({"file": str(graph), "run": run.id, "nodes": made.nodes, "edges": made.edges})
        else:
            click.echo(f"{graph} holds the trail of {target} in run {run.id}: ", nl=False)
            click.echo(f"{made.nodes:,} nodes, {made.edges:,} edges.")
        return
    tree = trail_of(programme.db, run, target, items=items)
    if as_json:
        show_json(tree)
    else:
        show_trail(tree)


@click.command()
@click.argument("framework")
@click.argument("ratings", type=FOLDER_OR_FILE, metavar="RATINGS.csv")
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of the CSV, e.g. cp1252.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the result as CSV.")
@json_option
def judge(framework: str, ratings: Path, encoding: str, as_csv: bool, as_json: bool) -> None:
    """Judge many authorities at once from their domain ratings; no evidence or database is needed.

    The file has a column `authority` and one column per domain, with its id or title; its cells hold level
    names or numbers, or "Not rated".

    Example: joint-review judge cqc-local-authority ratings.csv
    """
    policy = load_policy(framework)
    found = judge_file(policy, ratings, encoding=encoding)
    if as_json:
        show_json([one.plain() for one in found])
    elif as_csv:
        text = io.StringIO()
        write_csv(found, policy.framework, text)
        click.echo(text.getvalue(), nl=False)
    else:
        _show_judgements(policy, found)


def _show_judgements(policy: PolicySet, found: Sequence[Judged]) -> None:
    questions = [question.id for question in policy.framework.questions]
    rows = [
        {
            "authority": row.authority,
            **{name: row.questions[name]["title"] or row.questions[name]["status"] for name in questions},
            **{f"{name} because": row.questions[name]["because"] for name in questions},
        }
        for row in found
    ]
    names = ["authority", *questions, *(f"{name} because" for name in questions)]
    widths = [30, *[None] * len(questions), *[50] * len(questions)]
    show_table(rows, {name: name for name in names}, widths)
