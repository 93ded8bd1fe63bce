"""How results look on a terminal: JSON, tables, the grid, a rating, a trail."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from tabulate import tabulate

from evidence.extents import in_words
from joint_review.plain import plain
from programme.calendar import day_words, moment_words
from rules.ratings import FEWEST_ANSWERS
from rules.words import SIGNIFICANCE, shown_number

if TYPE_CHECKING:
    from assessment.reasons.grid import Grid
    from assessment.reasons.trail import MeasureNode, Node
    from rules.sentences import Gap, RatingInWords


def show_json(value: Any) -> None:
    """A value as indented JSON with sorted keys; letters that the output cannot show are escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=plain)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2, sort_keys=True, default=plain)
    click.echo(text)


def show_done(found: Any, as_json: bool, said: str) -> None:
    """What was done: as JSON, or in a sentence or two."""
    if as_json:
        show_json(found)
    else:
        click.echo(said)


def show_table(
    rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], widths: Sequence[int | None]
) -> None:
    """Rows as a table; `columns` maps keys to headers, `widths` wraps long cells (None: as wide as it is)."""
    cells = [[_cell(row[key]) for key in columns] for row in rows]
    if not cells:
        return
    click.echo(
        tabulate(
            cells, list(columns.values()), tablefmt="simple", maxcolwidths=list(widths), disable_numparse=True
        )
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return shown_number(value)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def as_read(name: str, value: Any) -> str:
    """A value of a record as people read it: dates and times in words."""
    return moment_words(value) if name.endswith("_at") else day_words(str(value))


def heading(text: str) -> None:
    """A heading with a line under it."""
    click.echo(f"\n{text}\n{'-' * len(text)}")


def paragraph(text: str, indent: str = "") -> None:
    """A text wrapped to the terminal."""
    width = min(shutil.get_terminal_size().columns, 110)
    click.echo(textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent))


def show_grid(grid: Grid) -> None:
    """The grid with the position marked, and the same in words."""
    if grid.up:
        click.echo(f"\n{grid.up}")
    rows = [[title, *("  [HERE]  " if cell.here else "" for cell in cells)] for title, cells in grid.rows]
    click.echo(tabulate([*rows, ["", *grid.columns]], tablefmt="grid", stralign="center"))
    click.echo(f"{grid.across}\n")
    click.echo(grid.sentence())


def show_ratings(ratings: Sequence[RatingInWords]) -> None:
    """Every question with its domains, each with level, how it came about, and one line of reason."""
    for question in (r for r in ratings if r.kind == "question"):
        heading(f"{question.title}  {_level(question)}")
        paragraph(question.because)
        click.echo()
        for rating in ratings:
            if rating.kind == "domain" and rating.question == question.target:
                click.echo(f"  {rating.title}: {_level(rating)}")
                paragraph(rating.because, "      ")


def _level(rating: RatingInWords) -> str:
    if rating.status == "insufficient":
        return "NOT ENOUGH EVIDENCE"
    if rating.level_title is None:
        return "NOT RATED"
    return f"{rating.level_title.upper()} ({rating.status})"


def show_gaps(gaps: Sequence[Gap]) -> None:
    """What is missing, or that nothing is."""
    heading("Gaps")
    if not gaps:
        click.echo("None.")
    for gap in gaps:
        paragraph(f"{gap.title}: {gap.missing}", "  ")


def show_trail(node: Node, depth: int = 0) -> None:
    """The tree of a trail, a line per node, indented by level."""
    from assessment.reasons.trail import MeasureNode

    paragraph(_trail_line(node), "  " * depth)
    if not isinstance(node, MeasureNode):
        for child in node.below:
            show_trail(child, depth + 1)
        return
    for item in node.below:
        line = f"E{item['id']} {item['text']}{_numbers(item)} - {item['source']}, {item['locator']}"
        paragraph(line, "  " * (depth + 1))
        for said in filter(None, (*item["source_corrected"], item["source_late"])):
            paragraph(f"{item['source']}: {said}", "  " * (depth + 3))
    more = node.items_in_all - len(node.below)
    if more > 0:
        click.echo("  " * (depth + 1) + f"... and {more:,} more items (--items N shows more)")


def _trail_line(node: Node) -> str:
    from assessment.reasons.trail import CellNode, CriterionNode, RatingNode

    if isinstance(node, CellNode):
        return f"Position on the grid: {' / '.join(node.cell or ['none yet'])}"
    if isinstance(node, RatingNode):
        return f"{node.title} {node.level or 'not rated'} ({node.status}): {node.because}"
    if isinstance(node, CriterionNode):
        met = "met" if node.met else "not met"
        return f"[{met}] {node.part}: {node.statement} ({node.needed} needed)"
    return f"measure {node.measure}: {_value(node)}"


def _value(node: MeasureNode) -> str:
    if node.value is None:
        return "no data"
    base = "" if node.base is None else f", base {shown_number(node.base)}"
    interval = "" if node.low is None else f", 95 % interval {node.low:.1f} to {node.high:.1f}"
    return f"{shown_number(node.value)} {node.unit}".strip() + base + interval


def _numbers(node: Mapping[str, Any]) -> str:
    if node["direction"]:
        how = (node["direction"], SIGNIFICANCE[node["significance"]], in_words(node["extent"]))
        return f" [{', '.join(filter(None, how))}]"
    if node["value"] is None:
        return ""
    number = f"{shown_number(node['value'])} {node['unit'] or ''}".rstrip()
    if node["scale_max"]:
        number += f" of {shown_number(node['scale_max'])}"
    few = f"fewer than {FEWEST_ANSWERS} answers" if node["small"] else ""
    about = ", ".join(text for text in (node["group_name"], node["period"], few) if text)
    return f" [{number}; {about}]" if about else f" [{number}]"
