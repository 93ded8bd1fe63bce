"""joint-review rules check / lint / test / show; rules impact is in joint_review.cli.impact."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import click

from joint_review.cli.commands import Commands
from joint_review.cli.impact import impact
from joint_review.cli.options import json_option
from joint_review.cli.remedies import remedy_words
from joint_review.cli.show import heading, paragraph, show_json, show_table
from rules.cases import CaseReport, load_cases, run_cases
from rules.compile import Stratum
from rules.engine import EngineWorker, available, check_rules, engine_names, fire_of_record
from rules.errors import ProblemsFound, ReviewError
from rules.framework import in_language
from rules.lint import lint
from rules.loader import LIBRARY, PolicySet, library_ids, load_policy, load_policy_folder
from rules.oddity import Example, Oddity
from rules.words import many

rulebooks = click.argument("names", nargs=-1, metavar="[ID|FOLDER]...")


def _folders(names: tuple[str, ...]) -> list[Path]:
    """The folders named, or the whole library."""
    found = []
    for name in names or library_ids():
        folder = Path(name)
        if not folder.is_dir():
            load_policy(name)
            folder = LIBRARY / name
        found.append(folder)
    return found


@click.group(cls=Commands)
def rules() -> None:
    """Check, test and show rulebooks, and show which ratings a changed rulebook would move."""


rules.add_command(impact)


@rules.command()
@rulebooks
@json_option
def check(names: tuple[str, ...], as_json: bool) -> None:
    """Check that rulebooks are well formed: every problem with line, allowed values and 'did you mean'.

    Example: joint-review rules check wales-round-2
    """
    results = []
    failed: list[ProblemsFound] = []
    for folder in _folders(names):
        try:
            policy = load_policy_folder(folder)
            load_cases(folder / "cases.yml", policy.framework)
            for stratum in Stratum:
                check_rules(policy.compiled.strata[stratum])
        except ProblemsFound as error:
            failed.append(error)
            problems = [problem.worded(remedy_words) for problem in error.problems] or [error.message]
            results.append({"rulebook": folder.name, "well_formed": False, "problems": problems})
        else:
            count = sum(map(len, policy.compiled.strata.values()))
            results.append({"rulebook": folder.name, "well_formed": True, "rules": count, "problems": []})
    if as_json:
        show_json(results)
    for result in results:
        if not as_json and result["well_formed"]:
            click.echo(f"{result['rulebook']}: well formed; rules: {result['rules']}.")
    if failed:
        raise ReviewError("\n".join(error.worded(remedy_words) for error in failed))


@rules.command("lint")
@rulebooks
@json_option
def lint_rulebooks(names: tuple[str, ...], as_json: bool) -> None:
    """Find gaps, overlaps, levels out of reach and criteria that never matter, each with a counterexample.

    Also finds ratings that get worse when a measure gets better, and measures that no criterion uses.
    Problems end the command with exit code 1; notes, which may be intended, do not.

    Example: joint-review rules lint wales-round-2
    """
    found = {folder.name: lint(load_policy_folder(folder)) for folder in _folders(names)}
    if as_json:
        show_json({name: [asdict(oddity) for oddity in oddities] for name, oddities in found.items()})
    else:
        for name, oddities in found.items():
            _show_oddities(name, oddities)
    problems = sum(oddity.severity == "problem" for oddities in found.values() for oddity in oddities)
    if problems:
        raise ReviewError(f"{many(problems, 'problem')} found")


def _show_oddities(name: str, oddities: list[Oddity]) -> None:
    problems = sum(oddity.severity == "problem" for oddity in oddities)
    click.echo(f"{name}: problems {problems}, notes {len(oddities) - problems}.")
    for oddity in oddities:
        paragraph(f"{oddity.severity}, {oddity.kind}: {oddity.where}: {oddity.message}.", "  ")
        given: dict[str, Any] = {}
        for example in oddity.counterexample:
            paragraph(_said(example, given), "      ")
            given = dict(example.given)


def _said(example: Example, before: dict[str, Any]) -> str:
    """A combination with its level; after another one only what is not as before."""
    changed = {name: value for name, value in example.given.items() if name not in before}
    changed |= {name: value for name, value in example.given.items() if before.get(name) != value}
    values = ", ".join(f"{name} {'none' if value is None else value}" for name, value in changed.items())
    return f"{'but with' if before else 'with'} {values or 'whatever is found'}: {example.level}"


@rules.command()
@rulebooks
@json_option
def test(names: tuple[str, ...], as_json: bool) -> None:
    """Run the cases of rulebooks through both engines, and list what no case covers.

    Example: joint-review rules test wales-round-2
    """
    reports: dict[str, CaseReport] = {}
    with EngineWorker() if available() else nullcontext() as worker:
        fire = partial(fire_of_record, worker=worker)
        for folder in _folders(names):
            policy = load_policy_folder(folder)
            book, found = load_cases(folder / "cases.yml", policy.framework)
            reports[folder.name] = run_cases(policy, book, found, fire)
    if as_json:
        show_json({name: _as_data(report) for name, report in reports.items()})
    else:
        for name, report in reports.items():
            _show_report(name, report)
        click.echo(f"Engines: {', '.join(engine_names())}.")
    if not all(report.passed for report in reports.values()):
        raise ReviewError("some cases fail, or no case covers some part of the rulebook")


class _CaseShown(TypedDict):
    case: str
    where: str
    passed: bool
    found: str


class _ReportShown(TypedDict):
    passed: bool
    uncovered: list[str]
    cases: list[_CaseShown]


def _as_data(report: CaseReport) -> _ReportShown:
    return {
        "passed": report.passed,
        "uncovered": list(report.uncovered),
        "cases": [
            {"case": r.case.case, "where": r.where, "passed": r.passed, "found": r.found}
            for r in report.results
        ],
    }


def _show_report(name: str, report: CaseReport) -> None:
    passed = sum(result.passed for result in report.results)
    click.echo(f"{name}: {passed} of {many(len(report.results), 'case')} passed.")
    for result in report.results:
        if not result.passed:
            expected = result.case.expect or " / ".join(result.case.expect_cell or ())
            click.echo(f"  {result.where}: {result.case.case}\n    expected {expected}, found {result.found}")
    for text in report.uncovered:
        click.echo(f"  not covered: {text}")


@rules.command()
@click.argument("name", metavar="ID|FOLDER")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a rulebook: measures, and the criteria of every level.

    Example: joint-review rules show wales-round-2
    """
    policy = load_policy_folder(_folders((name,))[0])
    if as_json:
        show_json(policy.rulebook.model_dump(mode="json", exclude_none=True))
        return
    book = policy.rulebook
    heading(f"{in_language(book.title)}, version {book.version}")
    paragraph(book.note)
    heading("Measures")
    rows = [
        {
            "id": m.id,
            "title": in_language(m.title),
            "made": f"{m.statistic.value} of {m.of.value}",
            "unit": m.unit,
        }
        for m in book.measures
    ]
    show_table(
        rows,
        {"id": "measure", "title": "what it measures", "made": "how", "unit": "unit"},
        [None, 50, None, None],
    )
    _show_rules(policy)


def _show_rules(policy: PolicySet) -> None:
    book, framework = policy.rulebook, policy.framework
    shown: set[str] = set()
    for target in [*framework.domains, *(question.id for question in framework.questions)]:
        block = book.block_of(framework, target)
        if block in shown:
            continue
        shown.add(block)
        found = book.rules_of(framework, target)
        heading(f"{block} ({'a moderator decides' if found.propose == 'people' else found.policy.value})")
        rows = [
            {
                "part": part,
                "id": criterion.id,
                "measure": criterion.measure,
                "test": f"{criterion.test.replace('_', ' ')} {criterion.threshold}",
                "missing": criterion.when_missing,
            }
            for part, criterion in found.criteria()
        ]
        columns = {
            "part": "level",
            "id": "criterion",
            "measure": "measure",
            "test": "test",
            "missing": "if missing",
        }
        show_table(rows, columns, [None] * 5)
