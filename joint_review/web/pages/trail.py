"""The pages that say why: the trail of a rating, a measure with its items, a rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from assessment.reasons.explain import Neighbour, explain_cell
from assessment.reasons.rule import CellRuleExplained, RuleExplained, explain_rules
from assessment.reasons.trail import Item, MeasureFigures, find_measure, items_behind
from assessment.runs.run import load_run
from joint_review.web import wording
from joint_review.web.cache import RestsOn, Worked
from joint_review.web.lists import PAGE_SIZE, ItemLine, Paging, item_line, paging_of
from joint_review.web.page import NAME, REVIEW, Declared, Page
from joint_review.web.pages.decisions import Deciding, deciding
from joint_review.web.remedies import Refusal, refusal
from joint_review.web.request import Asked
from joint_review.web.run_view import (
    Explanation,
    GridShown,
    Head,
    QuestionShown,
    RatingShown,
    RunShown,
    Shown,
    base_of,
)
from joint_review.web.support import SupportShown, support_of
from programme.database import Database
from programme.reviews import find_review
from rules.errors import RunImpossible
from rules.rulebook import Of

TRAIL = REVIEW + "/trail/" + NAME.format("target")


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(TRAIL, "trail", trail),
        Page(TRAIL + "/" + NAME.format("measure"), "measure", measure),
        Page(REVIEW + "/rule/" + NAME.format("rule"), "rule", rule),
    )


class CellTrail(Head):
    """Why the position on the grid is what it is."""

    run: RunShown | None
    target: str
    support: SupportShown | None
    """What it rests on."""
    title: str
    because: str
    status: str
    neighbours: Sequence[Neighbour]
    """The cells beside it, as `joint-review explain --json` gives them, like `rules`."""
    rules: Sequence[CellRuleExplained]
    kind: Literal["cell"]
    rests_on: list[RestsOn]
    grid: GridShown
    questions: list[QuestionShown]
    deciding: Deciding | None


class RatingTrail(Head, RatingShown, Explanation):
    """Why a question or a domain is rated as it is."""

    run: RunShown | None
    support: SupportShown | None
    """What it rests on."""
    domains: list[RatingShown]
    """Those of a question."""
    deciding: Deciding | None


class MeasureShown(MeasureFigures):
    """A measure with its value in words."""

    shown: str
    base_shown: str
    described: list[str]
    """Sentences."""
    thresholds: list[float]
    """What its value is tested against."""


class CriterionOfMeasure(TypedDict):
    """A criterion that tests a measure."""

    part: str
    met: bool
    statement: str
    needed: str
    margin: float | None
    reference: str
    part_title: str


class MeasurePage(Head):
    """A measure of a domain or question with what it is made of."""

    run: RunShown | None
    target: str
    target_title: str
    question: str
    question_title: str
    measure: MeasureShown
    criteria: list[CriterionOfMeasure]
    items: list[ItemLine]
    """A page of the items behind it."""
    paging: Paging
    ratings: list[RatingShown]
    """Where it is made of ratings."""


class RulePage(Head):
    """Why a rule fired in a run, or did not."""

    run: RunShown | None
    rule: str
    """The name asked for."""
    rules: list[RuleExplained | CellRuleExplained] | None
    """As `joint-review explain --rule --json` gives them: most names stand for one rule."""
    problem: Refusal | None
    """Where the recorded firings cannot be told."""


def trail(db: Database, asked: Asked) -> CellTrail | RatingTrail:
    """Why a target ('cell', a question or a domain) is rated as it is."""
    key, target = asked.names["review"], asked.names["target"]
    run_id, language = asked.run, asked.language
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    worked = Worked(db, found, run)
    shown = Shown(db, found, run, language, worked.marks())
    head, facts = shown.head(), shown.facts()
    support = support_of(worked, shown.framework, target, shown.language)
    decided = deciding(shown, target, asked.by)
    if target == "cell":
        explained = explain_cell(run, shown.decisions, shown.language)
        return {
            **head,
            "run": facts,
            "target": target,
            "support": support,
            "title": explained.title,
            "because": explained.because,
            "status": explained.status,
            "neighbours": explained.neighbours,
            "rules": explained.rules,
            "kind": "cell",
            "rests_on": shown.marks.get("cell", {}).get("rests_on", []),
            "grid": shown.grid(),
            "questions": shown.questions(),
            "deciding": decided,
        }
    return {
        **head,
        "run": facts,
        "target": target,
        "support": support,
        **shown.rating(target),
        **shown.explanation(target),
        "domains": shown.domains(target),
        "deciding": decided,
    }


def measure(db: Database, asked: Asked) -> MeasurePage:
    """A measure of a target with what it is made of."""
    key, target = asked.names["review"], asked.names["target"]
    name, run_id, page = asked.names["measure"], asked.run, asked.page
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    run.rating(target)
    shown = Shown(db, found, run, "en")
    row = find_measure(db, run, target, name)
    definition = shown.rulebook.measure(name)
    outcomes = [o for o in run.rating(target).outcomes if o.measure == name]
    numbers: list[Item] = []
    paging = paging_of(0, 1)
    if definition.of is not Of.RATINGS:
        _, total = items_behind(db, row["id"], limit=0)
        paging = paging_of(total, page)
        numbers, _ = items_behind(db, row["id"], limit=PAGE_SIZE, offset=paging["offset"])
    return {
        **shown.head(),
        "run": shown.facts(),
        "target": target,
        "target_title": shown.framework.title_of(target),
        "question": shown.framework.question_of[target].id,
        "question_title": shown.framework.title_of(shown.framework.question_of[target].id),
        "measure": {
            "key": row["key"],
            "title": row["title"],
            "value": row["value"],
            "base": row["base"],
            "low": row["low"],
            "high": row["high"],
            "unit": row["unit"],
            "made_of": row["made_of"],
            "shown": shown.value_of(target, definition, row["value"]),
            "base_shown": base_of(definition, row["base"]),
            "described": wording.describe_measure(definition),
            "thresholds": sorted({number for o in outcomes for number in o.thresholds}),
        },
        "criteria": [
            {
                "part": said.part,
                "met": said.met,
                "statement": said.statement,
                "needed": said.needed,
                "margin": said.margin,
                "reference": said.reference,
                "part_title": shown.part_title(target, said.part),
            }
            for said in (shown.words.outcome(target, outcome) for outcome in outcomes)
        ],
        "items": [item_line(found.framework, item) for item in numbers],
        "paging": paging,
        "ratings": shown.domains(target) if definition.of is Of.RATINGS else [],
    }


def rule(db: Database, asked: Asked) -> RulePage:
    """Why a rule fired in a run, or did not; raises UnknownName."""
    key, name = asked.names["review"], asked.names["rule"]
    run_id, language = asked.run, asked.language
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    shown = Shown(db, found, run, language)
    page: RulePage = {
        **shown.head(),
        "run": shown.facts(),
        "rule": name,
        "rules": None,
        "problem": None,
    }
    try:
        return {**page, "rules": explain_rules(run, name, shown.language)}
    except RunImpossible as error:
        return {**page, "problem": refusal(error)}
