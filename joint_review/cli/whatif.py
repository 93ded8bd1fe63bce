"""joint-review whatif: what would change a rating, and what rests on one source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from assessment.reasons.grid import CELL
from assessment.robustness import sentences
from assessment.robustness.alternatives import Baseline, MeasureChange, load_baseline
from assessment.robustness.smallest import MeasureStep, SmallestChanges, smallest_changes
from assessment.robustness.smallest_evidence import Withdrawals
from assessment.robustness.whatif import (
    Deciding,
    Flip,
    LeftOut,
    TriedChange,
    leave_one_out,
    try_change,
)
from assessment.runs.run import load_run
from joint_review.cli.options import Programme, reading, run_option
from joint_review.cli.show import heading, paragraph, show_json, show_table
from rules.errors import UnknownName
from rules.words import listed, many

WHAT = "source, item (E12), kind of source, or strand"


@click.command()
@click.argument("review")
@click.argument("target", required=False)
@click.option("--without", "left_out", multiple=True, metavar="WHAT", help=f"Leave out a {WHAT}; repeatable.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="TARGET.MEASURE=VALUE",
    help="Give a measure another value, or 'none'; repeatable. With a TARGET, MEASURE=VALUE is enough.",
)
@run_option
@reading
def whatif(
    programme: Programme,
    review: str,
    target: str | None,
    left_out: Sequence[str],
    settings: Sequence[str],
    run_id: int | None,
    as_json: bool,
) -> None:
    """Show what would change a rating: the smallest changes, and every source and item left out in turn.

    TARGET is a domain, a question, or 'cell', the position on the grid; left out, it means 'cell'.
    --without and --set show only what that one change would do. The rules are applied again to every
    alternative, on the evidence, rulebook and decisions of a recorded run; nothing is written.

    Example: joint-review whatif wales-2004-08 carers
    """
    found = programme.review(review)
    target = target and programme.target(review, target)
    baseline = load_baseline(programme.db, found, load_run(programme.db, found, run_id))
    if target and target != CELL and target not in baseline.targets:
        raise UnknownName("domain or question", target, [*baseline.targets, CELL])
    if left_out or settings:
        values = dict(sentences.read_setting(text, target) for text in settings)
        tried = try_change(programme.db, baseline, left_out, values)
        show_json(tried) if as_json else _show_tried(baseline, tried, target)
        return
    smallest = smallest_changes(programme.db, baseline, target or CELL)
    turns = leave_one_out(programme.db, baseline)
    if as_json:
        show_json({"smallest": smallest, "leave_one_out": turns})
        return
    _show_smallest(baseline, smallest)
    _show_withdrawals(smallest["withdrawals"])
    _show_turns(turns, target)


def _show_tried(baseline: Baseline, tried: TriedChange, target: str | None) -> None:
    changed = [rating for rating in tried["ratings"] if rating["changed"]]
    hidden = [rating for rating in tried["ratings"] if rating["hidden"]]
    domains = sum(rating["kind"] != CELL for rating in changed)
    paragraph(
        f"{_tried_words(baseline, tried)}: {many(domains, 'rating')} of run {baseline.run} would change; "
        f"the position on the grid {sentences.describe_position(tried)}."
    )
    if target and target != CELL:
        mine = next(rating for rating in tried["ratings"] if rating["target"] == target)
        click.echo()
        paragraph(f"{mine['title']}, {mine['before']} in the run: {mine['because']}")
    if changed:
        heading("Ratings that would change")
        show_table(
            changed,
            {"title": "of", "before": "in the run", "after": "then", "because": "why"},
            [28, None, None, 46],
        )
    for rating in hidden:
        click.echo()
        paragraph(f"{rating['title']} does not change, because a moderator decided it. {rating['because']}")
    if tried["measures"]:
        heading("Measures that would change")
        shown = tried["measures"] if not target or target == CELL else _of(tried["measures"], target)
        show_table(
            [
                {**row, **{when: "none" if row[when] is None else row[when] for when in ("before", "after")}}
                for row in shown[: 3 * sentences.LISTED]
            ],
            {"title": "of", "measure_title": "measure", "before": "in the run", "after": "then"},
            [28, 46, None, None],
        )
        _more(len(shown) - 3 * sentences.LISTED)


def _of(rows: Iterable[MeasureChange], target: str) -> list[MeasureChange]:
    return [row for row in rows if row["target"] == target]


def _tried_words(baseline: Baseline, tried: TriedChange) -> str:
    parts = [f"{one['given']} ({one['kind']}, {many(one['items'], 'item')})" for one in tried["left_out"]]
    words = [f"Without {listed(parts)}"] if parts else []
    for one in tried["set"]:
        value = "none" if one["value"] is None else f"{one['value']:,g}"
        words.append(f"{'with' if words else 'With'} {one['target']}.{one['measure']} = {value}")
    return ", ".join(words)


def _more(count: int) -> None:
    if count > 0:
        click.echo(f"... and {count:,} more (--json lists all)")


def _show_smallest(baseline: Baseline, smallest: SmallestChanges) -> None:
    sets = smallest["measures"]
    paragraph(sentences.describe_smallest(smallest))
    if smallest["decided"]:
        paragraph("A moderator decided this rating: only the proposal would change.")
    if smallest["decided_domains"]:
        names = ", ".join(smallest["decided_domains"])
        paragraph(f"Decided by moderators; evidence alone does not change them: {names}.")
    for move in sentences.MOVED:
        mine = [one for one in sets if one["move"] == move]
        if mine:
            heading(f"{sentences.MOVED[move]}: measures")
            most = sentences.LISTED if move != "unrated" else sentences.LISTED // 2
            without_gaps = [one for one in mine if not one["gaps"]] or mine
            rows = [
                {
                    "after": one["after"],
                    "changes": "\n  and ".join(
                        _change_words(change, smallest["target"]) for change in one["changes"]
                    ),
                }
                for one in without_gaps[:most]
            ]
            show_table(rows, {"changes": "if all of these change", "after": "then"}, [74, 30])
            _more(len(without_gaps) - most)
            if len(without_gaps) < len(mine):
                gaps = many(len(mine) - len(without_gaps), "set works", "sets work")
                paragraph(
                    f"A further {gaps} only by opening or closing a gap in the evidence (--json lists them)."
                )
    _show_counts(smallest)


def _change_words(change: MeasureStep, target: str) -> str:
    # Of several domains in the short form that --set takes.
    of_several = f"{change['target']}.{change['measure']}"
    what = change["measure_title"] if change["target"] == target else of_several
    unit = f" {change['unit']}" if change["unit"] else ""
    before = "no data" if change["before"] is None else f"{change['before']:,g}{unit}"
    after = change["shown"] if change["after"] is None else change["shown"] + unit
    return f"{what}: {before} -> {after}"


def _show_counts(smallest: SmallestChanges) -> None:
    rows = sentences.in_evidence(smallest)
    if rows or smallest["not_said"]:
        heading("The same changes as evidence, everything else unchanged")
    show_table(rows[: 2 * sentences.LISTED], {"said": "if", "after": "then", "move": "moves"}, [74, 30, None])
    _more(len(rows) - 2 * sentences.LISTED)
    for one in smallest["not_said"][: sentences.LISTED]:
        paragraph(f"Not available for {one['title']} ({one['kind']}): {one['because']}.")


def _show_withdrawals(found: Withdrawals) -> None:
    heading("If items were withdrawn")
    tried = [f"{many(count, 'set')} of {size}" for size, count in found["searched"].items() if count]
    none = "; none moves the rating" if not found["groups"] else ""
    paragraph(f"Tried: {', '.join(tried) or 'nothing, as there are no items'}{none}.")
    skipped = [size for size, count in found["searched"].items() if count is None]
    if skipped:
        paragraph(f"Sets of {listed(skipped)} were not tried: there are too many.")
    for group in found["groups"]:
        of = f"{many(group['sets'], 'set')} of {many(group['size'], 'item')}"
        click.echo(f"\n{sentences.MOVED[group['move']]}: {of}")
        texts = found["items"] if group["size"] == 1 else {}
        rows = [
            {
                "items": ", ".join(f"{i} {_short(texts.get(i, ''))}".strip() for i in one["items"]),
                "after": one["after"],
            }
            for one in group["shown"][: sentences.LISTED]
        ]
        show_table(rows, {"items": "withdrawn", "after": "then"}, [74, 30])
        _more(group["sets"] - min(len(group["shown"]), sentences.LISTED))


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _show_turns(turns: LeftOut, target: str | None) -> None:
    heading("Left out one at a time")
    rows = [
        {"left out": f"{flip['without']} {_short(flip['text'], 40)}", **flip, "hidden": _hidden(flip)}
        for flip in sentences.flips(turns, target)
    ]
    tried = f"{many(turns['sources'], 'source')} and {many(turns['items'], 'item')}"
    count = len({row["left out"] for row in rows})
    what = "a rating" if target in (None, CELL) else "this rating"
    paragraph(f"{tried} were left out in turn; {count or 'none'} of them alone would change {what}.")
    columns = {
        "left out": "without",
        "title": "rating",
        "before": "in the run",
        "after": "then",
        "hidden": "",
    }
    show_table(rows[: 3 * sentences.LISTED], columns, [40, 26, 20, 20, 12])
    _more(len(rows) - 3 * sentences.LISTED)
    if any(row["hidden"] for row in rows):
        paragraph(
            "'decided': no effect on the rating, which a moderator decided; only the proposal would change."
        )
    found = sentences.resting(turns, target)
    heading("Rests on one source")
    if not found:
        click.echo(
            "None: no rating depends on a single source, and no rating takes all its items from one source."
        )
    for one in found:
        if one["deciding"]:
            parts = [
                f"{d['source']} ({d['after']} without it{_hidden(d, ', but a moderator decided the rating')})"
                for d in one["deciding"]
            ]
            paragraph(f"{one['title']}: depends on {', '.join(parts)}.", "  ")
        if one["only_source"]:
            paragraph(f"{one['title']}: all its items come from {one['only_source']}.", "  ")


def _hidden(flip: Flip | Deciding, word: str = "decided") -> str:
    return word if flip["hidden"] else ""
