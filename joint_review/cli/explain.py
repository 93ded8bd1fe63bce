"""joint-review explain: why this rating and not the next one up, and why a rule did not fire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from assessment.reasons.explain import (
    CellExplained,
    LimitExplained,
    RatingExplained,
    explain_all,
    explain_cell,
    explain_rating,
)
from assessment.reasons.margins import OutcomeExplained
from assessment.reasons.rule import CellRuleExplained, MeasureShown, RuleExplained, explain_rules
from assessment.runs.recorded import decisions_in
from assessment.runs.run import load_run
from joint_review.cli.options import Programme, reading, run_option
from joint_review.cli.show import heading, paragraph, show_json, show_table
from programme.calendar import day_of_moment


@click.command()
@click.argument("review")
@click.argument("target", required=False)
@click.option(
    "--rule",
    metavar="ID",
    help="Explain instead why a rule applied or did not: its id, e.g. carers.mainly-good.strengths or"
    " cell.poor.badly, or domain.criterion.",
)
@run_option
@reading
def explain(
    programme: Programme,
    review: str,
    target: str | None,
    rule: str | None,
    run_id: int | None,
    as_json: bool,
) -> None:
    """Explain a rating and why it is not one level higher: a domain, a question, 'cell', or all.

    The explanation is of a recorded run, with the framework and rulebook that were frozen with it.

    Example: joint-review explain wales-2004-08 carers
    """
    if target and rule is not None:
        raise click.UsageError("give either a TARGET or --rule")
    found = programme.review(review)
    target = target and programme.target(review, target)
    run = load_run(programme.db, found, run_id)
    if rule is not None:
        rules = explain_rules(run, rule)
        if as_json:
            show_json(rules)
            return
        for found_rule in rules:
            _show_rule(found_rule)
        return
    decisions = decisions_in(programme.db, run)
    explained: list[RatingExplained | CellExplained]
    if target is None:
        explained = explain_all(run, decisions)
    elif target == "cell":
        explained = [explain_cell(run, decisions)]
    else:
        explained = [explain_rating(run, target, decisions)]
    if as_json:
        show_json(explained)
        return
    for one in explained:
        _show_cell(one) if isinstance(one, CellExplained) else _show_rating(one)


def _show_rating(told: RatingExplained) -> None:
    """One target: the sentence first, the criteria below, then the proposals that lost."""
    heading(f"{told.title}: {told.level_title or told.status}")
    paragraph(told.because)
    for sentence in _how(told):
        paragraph(sentence)
    _criteria("Met", told.met)
    _criteria("Criteria still not met", told.missed)
    if told.next_level:
        _criteria(f"For {told.next_level}", told.next)
    _criteria("Limits", told.limits)
    _criteria("Enough evidence?", told.sufficiency)
    if told.lost:
        click.echo("\nWhy not another level?")
        rows = [
            {"title": one.title, "count": f"{one.met} of {one.of}", "because": one.because}
            for one in reversed(told.lost)
        ]
        show_table(rows, {"title": "level", "count": "criteria met", "because": "why"}, [18, None, 68])


def _how(told: RatingExplained) -> Iterable[str]:
    """How the level came about, where the sentence leaves that open."""
    decision, before = told.decision, told.before_limits
    if decision:
        who = f" by {decision.by} on {day_of_moment(decision.at)}" if decision.by and decision.at else ""
        why = f": {decision.because}" if decision.because else "."
        yield f"Decided{who}{why}"
    if before and before.level != told.proposed:
        yield f"The criteria alone give {before.title}; with the limits it is {told.proposed_title}."
    if told.policy:
        yield f"Policy {told.policy}: {told.policy_words}."


def _criteria(title: str, outcomes: Sequence[OutcomeExplained]) -> None:
    if not outcomes:
        return
    click.echo(f"\n{title}:")
    rows = [
        {
            "met": _met(outcome),
            "statement": outcome.statement,
            "needed": outcome.needed,
            "margin": outcome.margin,
            "base": outcome.base,
            "interval": interval(outcome),
        }
        for outcome in outcomes
    ]
    columns = {
        "met": "",
        "statement": "what was measured",
        "needed": "test",
        "margin": "margin",
        "base": "base",
        "interval": "95 % interval",
    }
    show_table(rows, columns, [None, 50, 18, None, None, None])


def _met(outcome: OutcomeExplained) -> str:
    if outcome.part == "limits":
        return (
            "caps the rating"
            if isinstance(outcome, LimitExplained) and outcome.binds
            else "met"
            if outcome.met
            else "no effect"
        )
    return "met" if outcome.met else "NOT MET"


def interval(measured: OutcomeExplained | MeasureShown) -> str:
    """The 95 % interval of a measure, or nothing where it has none."""
    return "" if measured.low is None else f"{measured.low:.1f} to {measured.high:.1f}"


def _show_cell(told: CellExplained) -> None:
    """The grid cell: the sentence, the questions, the cells one step away, the rules of the others."""
    heading(f"{told.title}: {told.level_title}")
    paragraph(told.because)
    click.echo("\nThe questions:")
    for question in told.questions:
        paragraph(f"{question.title} {question.because}", "  ")
    if told.neighbours:
        click.echo("\nNeighbouring cells:")
        show_table(
            map(vars, told.neighbours),
            {"title": "cell", "way": "", "because": "what it takes"},
            [30, None, 66],
        )
    click.echo("\nRules of the cells:")
    rows = [{**vars(rule), "fired": "applied" if rule.fired else "did not apply"} for rule in told.rules]
    show_table(rows, {"rule": "rule", "fired": "", "because": "why"}, [None, None, 66])


def _show_rule(told: RuleExplained | CellRuleExplained) -> None:
    """One rule: the sentence first, its conditions below."""
    heading(f"{told.rule}: {'applied' if told.fired else 'did not apply'}")
    paragraph(told.because)
    rows = [
        {
            "pattern": number,
            "key": condition.key,
            "asked": condition.asked_words,
            "observed": "no value" if pattern.fact is None else condition.observed_words,
            "held": "met" if condition.held else "NOT MET",
            "by_how_much": condition.by_how_much,
        }
        for number, pattern in enumerate(told.patterns, start=1)
        for condition in pattern.conditions
    ]
    columns = {"key": "condition on", "asked": "test", "observed": "observed", "held": ""}
    many = {"pattern": "pattern"} if len(told.patterns) > 1 else {}
    click.echo()
    show_table(rows, {**many, **columns, "by_how_much": "by how much"}, [None] * (len(many) + 5))
    if told.measure:
        click.echo()
        paragraph(_measured(told.measure))
        paragraph(f"Source of the threshold: {told.reference}")
    for other in told.same_criterion:
        fired = "applied" if other.fired else "did not apply"
        click.echo(f"Another rule of the same criterion: {other.rule} {fired}.")


def _measured(measure: MeasureShown) -> str:
    base = "" if measure.base is None else f", base {measure.base:g}"
    between = interval(measure)
    return (
        f"Measure {measure.id} ({measure.title}): {measure.value_words}{base}"
        + (f", 95 % interval {between}" if between else "")
        + "."
    )
