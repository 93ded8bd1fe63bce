"""joint-review surveys, indicators: a review's numbers beside those of others, and over the years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from comparison.funnel import INSIDE
from comparison.indicators import Series, comparators, describe_indicators, indicators_of, shown
from comparison.surveys import (
    Comparison,
    Funnel,
    Other,
    SurveyResult,
    Surveys,
    compare_surveys,
    describe_base,
    describe_missing_funnels,
    describe_place,
    describe_share,
    describe_spread,
    describe_surveys,
)
from joint_review.cli.options import Programme, reading
from joint_review.cli.show import heading, paragraph, show_json, show_table
from rules.words import listed, many


@click.command()
@click.argument("review")
@click.option("--question", default="", metavar="TEXT", help="Only questions that contain these words.")
@reading
def surveys(programme: Programme, review: str, question: str, as_json: bool) -> None:
    """Show survey results beside those of other reviews under the same framework, with funnel limits.

    A funnel shows which authorities differ by more than chance, and by more than authorities usually differ.
    It needs five reviews with the same question, group and strand, each with a known base of at least ten
    answers.

    Example: joint-review surveys wales-2004-08 --question dignity
    """
    found = compare_surveys(programme.db, programme.review(review), named=None, question=question)
    if as_json:
        show_json(asdict(found))
        return
    paragraph(describe_surveys(found, found.review, found.framework))
    heading("Results")
    _show_results(found.results)
    _show_funnels(found, every_place=bool(question))


def _show_results(results: Sequence[SurveyResult]) -> None:
    lines = [
        {
            "item": f"E{one.item}",
            "question": _question(one),
            "who": one.group,
            "period": one.period,
            "share": describe_share(one),
            "base": describe_base(one),
            "interval": "" if one.low is None else f"{one.low:.1f} to {one.high:.1f}",
            "others": _others(one.comparison),
            "position": one.position,
        }
        for one in results
    ]
    columns = {
        "item": "item",
        "question": "question",
        "who": "who answered",
        "period": "period",
        "share": "positive",
        "base": "base",
        "interval": "95 % interval",
        "others": "others",
        "position": "in the funnel",
    }
    if not any(line["position"] for line in lines):
        del columns["position"]
    if not any(line["interval"] for line in lines):
        del columns["interval"]
    widths = {"question": 30, "who": 20, "base": 16, "others": 34, "position": 18}
    show_table(lines, columns, [widths.get(name) for name in columns])


def _question(one: SurveyResult) -> str:
    if one.reversed:
        return f"{one.question} (agreeing is bad: share who disagreed)"
    return f"{one.question} ({one.better} is better)" if one.better != "higher" else one.question


def _others(found: Comparison | None) -> str:
    """Best, median and worst of the others in one phrase; empty for earlier periods, and without others."""
    if found is None:
        return ""
    left_out = f"; {found.too_small} more with too few answers" if found.too_small else ""
    if found.of == "nothing":
        return left_out.removeprefix("; ").replace("more", "others")
    if found.of == "published":
        ends = {"best": found.best, "worst": found.worst}
        return ", ".join(f"{name} {shown(end.share)}" for name, end in ends.items() if end) + " (published)"
    parts = [
        _end("best", found.best),
        f"median {shown(found.median)}",
        _end("worst", found.worst),
    ]
    said = f"{many(found.others, 'review')}: {', '.join(filter(None, parts))}"
    if found.better_than is not None:
        said += f"; better than {found.better_than or 'none'} of {found.others}"
    return said + left_out


def _end(name: str, other: Other | None) -> str:
    return "" if other is None else f"{name} {shown(other.share)} ({other.authority})"


def _show_funnels(found: Surveys, every_place: bool) -> None:
    heading("Funnels")
    drawn = [funnel for funnel in found.funnels if funnel.drawn]
    for funnel in drawn:
        _show_funnel(funnel, every_place)
    missing = describe_missing_funnels(found)
    if missing:
        paragraph(missing)


def _show_funnel(funnel: Funnel, every_place: bool) -> None:
    if funnel.drawn is None:
        return
    drawn = funnel.drawn
    paragraph(f"{funnel.question} ({funnel.group}): {describe_spread(funnel)}")
    places = [p for p in funnel.places if every_place or p.own or p.position not in ("", INSIDE)]
    lines = [
        {
            "authority": f"{place.authority} (this review)" if place.own else place.authority,
            "share": f"{shown(place.share)} %",
            "base": shown(place.base),
            "position": describe_place(place.position, place.side) or f"not shown: {place.not_shown}",
            "alone": describe_place(place.by_chance_alone, place.side),
        }
        for place in places
    ]
    columns = {
        "authority": "authority",
        "share": "positive",
        "base": "base",
        "position": "limits, allowing for usual differences",
        "alone": "limits, by chance alone",
    }
    if drawn.tau == 0:
        columns = {name: title for name, title in columns.items() if name != "alone"} | {"position": "limits"}
    show_table(lines, columns, [40, None, None, 22, 22][: len(columns)])
    click.echo()


@click.command()
@click.argument("review")
@reading
def indicators(programme: Programme, review: str, as_json: bool) -> None:
    """Show indicators over the years: latest value, comparator, trend, and which direction is better.

    Example: joint-review indicators wales-2004-08
    """
    found = indicators_of(programme.db, programme.review(review))
    if as_json:
        show_json([asdict(one) for one in found])
        return
    paragraph(describe_indicators(review, found))
    heading("Indicators")
    lines = [
        {
            "name": f"{one.name} ({one.strand.replace('-', ' ')})",
            "values": "; ".join(
                f"{period.period or 'no period'}: {listed(r.words for r in period.readings)}"
                for period in one.periods
            ),
            "unit": one.unit,
            "better": one.better,
            "comparator": _comparator(one),
            "trend": one.trend,
            "domains": ", ".join(one.domains) or "none",
        }
        for one in found
    ]
    columns = {
        "name": "indicator",
        "values": "values",
        "unit": "unit",
        "better": "better",
        "comparator": "compared with",
        "trend": "trend",
        "domains": "domains",
    }
    show_table(lines, columns, [34, 24, 12, None, 30, 14, 20])
    for one in found:
        if one.note:
            paragraph(f"{one.name} ({one.strand}): {one.note}")


def _comparator(one: Series) -> str:
    if one.compared is None:
        return ""
    when = "" if one.compared.period == one.latest.period else f" in {one.compared.period}"
    return f"{one.standing}: {comparators(one.compared)}{when}"
