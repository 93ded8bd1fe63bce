"""joint-review uncertainty, confidence, next: how sure a run is, who signs for it, and where to look next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypedDict, Unpack

import click

from assessment.decisions.confidence import (
    CONCERN_WORDS,
    CONCERNS,
    LEVELS,
    Suggestion,
    state_confidence,
    statements_of,
    suggest_confidence,
)
from assessment.decisions.schema import PARTS_OF_CONFIDENCE
from assessment.robustness.next_evidence import DomainNext, look_next
from assessment.robustness.next_evidence import Next as NextEvidence
from assessment.robustness.uncertainty import Findings, TargetChances, Uncertainty, measure_uncertainty
from assessment.runs.run import load_run
from evidence.measures.pools import SampleSizes
from joint_review.cli.options import Function, Programme, Seed, changing, now, reading, run_option
from joint_review.cli.show import heading, paragraph, show_json, show_table
from programme.calendar import day_of_moment
from rules.errors import UnknownName
from rules.words import many, percent

seed_option = click.option(
    "--seed", type=Seed(), default=0, show_default=True, help="Seed of the resampling."
)
findings_option = click.option(
    "--findings",
    type=click.Choice(["resampled", "fixed"]),
    default="resampled",
    show_default=True,
    help="Whether findings are resampled too, or kept fixed.",
)


def draws_option(default: int) -> Callable[[Function], Function]:
    """--draws N: how often the evidence is drawn."""
    return click.option(
        "--draws", type=int, default=default, show_default=True, help="How often the evidence is resampled."
    )


class Drawing(TypedDict):
    """How the evidence is drawn again."""

    draws: int
    seed: int
    findings: Findings


def drawing(draws: int) -> Callable[[Function], Function]:
    """--draws, --seed and --findings: how the evidence is drawn again, `draws` times if left out."""

    def with_options(function: Function) -> Function:
        return draws_option(draws)(seed_option(findings_option(function)))

    return with_options


@click.command()
@click.argument("review")
@drawing(10_000)
@run_option
@reading
def uncertainty(
    programme: Programme, review: str, run_id: int | None, as_json: bool, **drawn: Unpack[Drawing]
) -> None:
    """Show how sure a run is: the probability of each level of each domain and question, and of each cell.

    The evidence is resampled many times: case files, survey respondents and findings, and published shares by
    how many answered (10 if that is unknown). Each sample goes through the whole rulebook. The same seed
    gives the same figures.

    Example: joint-review uncertainty wales-2004-08 --draws 10000 --seed 1
    """
    found = programme.review(review)
    run = load_run(programme.db, found, run_id)
    sure = measure_uncertainty(programme.db, found, run, **drawn)
    suggested = suggest_confidence(programme.db, found, run, sure)
    stated = {row["target"]: row for row in statements_of(programme.db, run)}
    if as_json:
        confidence = {
            name: {"suggested": asdict(one), "stated": stated.get(name)} for name, one in suggested.items()
        }
        show_json({**asdict(sure), "confidence": confidence})
        return
    _show_uncertainty(sure)
    _show_suggestions(sure, suggested, stated)


def _percent(chance: float) -> str:
    return percent(chance, decimals=1)


def _show_uncertainty(sure: Uncertainty) -> None:
    here = next(cell for cell in sure.cells if cell.here)
    domains = [target for target in sure.targets if target.kind == "domain"]
    least = min(domains, key=lambda target: target.agreement)
    paragraph(
        f"Run {sure.run} of {sure.review}: {_percent(here.probability)} of {sure.draws:,} simulated"
        f" resamplings give its position on the grid, {here.title} (simulation error"
        f" {_percent(here.error)}). The least sure domain is {least.title}: {_percent(least.agreement)} give"
        f" {least.level_title}."
    )
    for question in (target for target in sure.targets if target.kind == "question"):
        heading(f"{question.title}  {question.level_title}")
        mine = [target for target in domains if target.question == question.target]
        rows = [_chances_row(target) for target in (*mine, question)]
        titles = {chance.title for target in mine for chance in target.levels}
        titles |= {chance.title for chance in question.levels}
        order = [c.title for target in (question, *mine[:1]) for c in target.levels if c.title in titles]
        names = [*dict.fromkeys(name for name in order if name != "not rated"), "not rated"]
        columns = {"of": "", "rating": "rating", **{name: name for name in names}, "error": "error up to"}
        show_table(
            [dict.fromkeys(columns, "") | row for row in rows], columns, [30, *[None] * (len(names) + 2)]
        )
    heading("Cells of the grid")
    rows = [
        {
            "cell": cell.title + (" (here)" if cell.here else ""),
            "probability": _percent(cell.probability),
            "error": _percent(cell.error),
        }
        for cell in sorted(sure.cells, key=lambda cell: -cell.probability)
        if cell.probability or cell.here
    ]
    show_table(rows, {"cell": "cell", "probability": "probability", "error": "error"}, [None] * 3)
    left = sum(1 for cell in sure.cells if cell.levels and not cell.probability and not cell.here)
    none = "No resampling fell in"
    click.echo(f"{none} the other cell.\n" if left == 1 else f"{none} any of the other {left} cells.\n")
    paragraph(sure.assumed)


def _chances_row(target: TargetChances) -> dict[str, str]:
    row = {"of": target.title, "rating": target.level_title}
    if target.status == "decided":
        row["rating"] += " (decided)"
    if target.rules_alone:
        row["of"] += " (proposal of the rules)"
    chances = target.rules_alone or target.levels
    row |= {chance.title: _percent(chance.probability) if chance.probability else "-" for chance in chances}
    return {**row, "error": _percent(max(chance.error for chance in chances))}


def _show_suggestions(
    sure: Uncertainty, suggested: Mapping[str, Suggestion], stated: Mapping[str, Mapping[str, Any]]
) -> None:
    heading("Confidence: what the figures suggest, and what reviewers have signed")
    rows = [
        {
            "domain": sure.target(name).title,
            "suggested": one.level,
            **{part: of.concern for part, of in one.parts.items()},
            "signed": f"{stated[name]['level']}, {stated[name]['by']}" if name in stated else "not yet",
        }
        for name, one in suggested.items()
    ]
    columns = {name: name for name in ("domain", "suggested", *PARTS_OF_CONFIDENCE, "signed")}
    show_table(rows, columns, [30, *[None] * 6])
    click.echo(
        "\nThe four parts show concerns. For the figures of a domain: joint-review confidence REVIEW DOMAIN"
    )


@click.command()
@click.argument("review")
@click.argument("domain")
@click.option("--level", type=click.Choice(LEVELS), help="Your confidence; nothing is recorded without it.")
@click.option("--because", default="", metavar="TEXT", help="The statement, in your words.")
@click.option("--methods", default="", metavar="TEXT", help="Comment: how evidence was gathered (optional).")
@click.option("--coherence", default="", metavar="TEXT", help="Comment: does the evidence agree (optional).")
@click.option("--adequacy", default="", metavar="TEXT", help="Comment: is there enough evidence (optional).")
@click.option("--relevance", default="", metavar="TEXT", help="Comment: is the evidence relevant (optional).")
@draws_option(2_000)
@seed_option
@run_option
@changing
def confidence(
    programme: Programme,
    review: str,
    domain: str,
    level: str | None,
    because: str,
    draws: int,
    seed: int,
    run_id: int | None,
    by: str,
    as_json: bool,
    **words: str,
) -> None:
    """State how confident you are in the rating of a domain; the statement is kept with the run.

    Statements are never changed; the latest counts. Without --level, the command shows what the figures
    suggest and the statements so far.

    Example: joint-review confidence wales-2004-08 carers --level low --because "Surveys disagree."
    """
    found = programme.review(review)
    domain = programme.target(review, domain)
    run = load_run(programme.db, found, run_id)
    if level is None and (because or any(words.values())):
        raise click.UsageError("give --level with the statement")
    sure = measure_uncertainty(programme.db, found, run, draws=draws, seed=seed)
    if level is None:
        suggested = suggest_confidence(programme.db, found, run, sure)
        if domain not in suggested:
            raise UnknownName("domain", domain, suggested)
        stated = [row for row in statements_of(programme.db, run) if row["target"] == domain]
        if as_json:
            show_json({"suggested": asdict(suggested[domain]), "stated": stated})
        else:
            _show_confidence(sure.target(domain), suggested[domain], stated)
        return
    said = state_confidence(
        programme.db, found, run, domain, level, sure, because=because, by=by, at=now(), words=words
    )
    if as_json:
        show_json(said)
        return
    click.echo(
        f"Confidence in {domain}: {level}, signed by {by} (the figures suggest {said['suggested_level']})."
        f" Recorded with run {run.id}."
    )


def _show_confidence(
    target: TargetChances, suggested: Suggestion, stated: Sequence[Mapping[str, Any]]
) -> None:
    paragraph(
        f"{target.title}, {target.level_title}: the figures suggest {suggested.level} confidence."
        f" {'The latest statement counts.' if stated else 'No statement has been made yet.'}"
    )
    rows = [
        {"part": name, "concern": CONCERN_WORDS[CONCERNS.index(part.concern)], "figures": part.figures}
        for name, part in suggested.parts.items()
    ]
    click.echo()
    show_table(rows, {"part": "part", "concern": "suggested", "figures": "figures"}, [None, None, 60])
    for row in stated:
        paragraph(f"{day_of_moment(row['at'])}, {row['by']}: {row['level']}. {row['because']}")
        for name in PARTS_OF_CONFIDENCE:
            if row[f"{name}_words"]:
                paragraph(f"{name}: {row[f'{name}_words']}", "  ")


@click.command("next")
@click.argument("review")
@click.option("--cases", default=15, show_default=True, type=int, help="Fewest additional case files to try.")
@click.option(
    "--interviews", default=4, show_default=True, type=int, help="Fewest additional interviews to try."
)
@click.option(
    "--responses", default=100, show_default=True, type=int, help="Fewest additional survey responses to try."
)
@drawing(2_000)
@run_option
@reading
def next_(
    programme: Programme,
    review: str,
    cases: int,
    interviews: int,
    responses: int,
    run_id: int | None,
    as_json: bool,
    **drawn: Unpack[Drawing],
) -> None:
    """Show where to look next: the evidence that would make ratings least likely to change.

    Domains with gaps come first, then the least sure. For each kind of evidence, the command tries the number
    you give, twice as many, and four times as many.

    Example: joint-review next wales-2004-08 --interviews 8
    """
    found = programme.review(review)
    run = load_run(programme.db, found, run_id)
    step = {"case files": cases, "interviews": interviews, "responses": responses}
    ahead = look_next(programme.db, found, run, step=step, **drawn)
    if as_json:
        show_json(asdict(ahead))
    else:
        _show_next(ahead)


def _show_next(ahead: NextEvidence) -> None:
    gaps = [domain for domain in ahead.domains if domain.chance_wrong is None]
    helped = [domain for domain in ahead.domains if domain.best]
    first = gaps[0] if gaps else helped[0] if helped else ahead.domains[0]
    gaps_said = f"The rules cannot rate {len(gaps)} of {many(len(ahead.domains), 'domain')} yet."
    paragraph(
        f"{gaps_said if gaps else 'Every domain can be rated.'} Look first at {first.title}: {first.said}"
    )
    heading("Domain by domain")
    for domain in ahead.domains:
        paragraph(f"{domain.title} ({domain.level_title or domain.status}): {domain.said}", "  ")
        paragraph(f"Rests on {_sizes(domain.sizes)}.", "      ")
    if any(domain.gains for domain in ahead.domains):
        heading("How likely ratings are to change, now and with more evidence")
        names = list(dict.fromkeys(f"{g.amount} {g.kind}" for d in ahead.domains for g in d.gains))
        columns = {"domain": "domain", "now": "now", **{name: name for name in names}}
        rows = [_gains_row(domain, names) for domain in ahead.domains if domain.gains]
        show_table(rows, columns, [30, None, *[9] * len(names)])
        errors = [gain.error for domain in ahead.domains for gain in domain.gains]
        click.echo(
            f"Simulation error of these falls: at most {_percent(max(errors))} ({ahead.draws:,} resamplings)."
        )
    click.echo()
    paragraph(ahead.assumed)


def _gains_row(domain: DomainNext, names: Sequence[str]) -> dict[str, str]:
    then = {f"{gain.amount} {gain.kind}": _percent(gain.chance_wrong) for gain in domain.gains}
    now_ = "" if domain.chance_wrong is None else _percent(domain.chance_wrong)
    return {"domain": domain.title, "now": now_, **dict.fromkeys(names, ""), **then}


def _sizes(sizes: SampleSizes) -> str:
    results = sizes.results_of_answers + sizes.results_published + sizes.results_without_base
    interviews = many(sizes.interviews, "interview")
    parts = [
        f"{many(sizes.findings, 'finding')} ({sizes.findings_of_interviews} from {interviews})",
        many(sizes.case_files, "case file"),
        many(results, "survey result"),
    ]
    if sizes.results_without_base:
        parts[-1] += f" ({sizes.results_without_base} without a base)"
    if sizes.smallest_base is not None:
        parts[-1] += f", the smallest of {many(sizes.smallest_base, 'answer')}"
    if sizes.respondents:
        parts.append(many(sizes.respondents, "respondent"))
    return ", ".join(parts)
