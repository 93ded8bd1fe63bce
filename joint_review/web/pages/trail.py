"""The pages that say why: the trail of a rating, a measure with its items, a rule."""

from __future__ import annotations

from assessment.reasons.explain import explain_cell
from assessment.reasons.rule import explain_rules
from assessment.reasons.trail import Item, find_measure, items_behind
from assessment.runs.run import load_run
from joint_review.web import wording
from joint_review.web.cache import Worked
from joint_review.web.lists import PAGE_SIZE, item_line, paging_of
from joint_review.web.page import NAME, REVIEW, Found, Page, Subject
from joint_review.web.pages.decisions import deciding
from joint_review.web.remedies import refusal
from joint_review.web.request import Asked
from joint_review.web.run_view import Shown, base_of
from joint_review.web.support import support_of
from programme.database import Database
from programme.reviews import find_review
from rules.errors import RunImpossible
from rules.rulebook import Of

TRAIL = REVIEW + "/trail/" + NAME.format("target")


def subject() -> Subject:
    """What these pages answer for."""
    return Subject(
        "trail",
        pages=(
            Page(TRAIL, "trail", trail),
            Page(TRAIL + "/" + NAME.format("measure"), "measure", measure),
            Page(REVIEW + "/rule/" + NAME.format("rule"), "rule", rule),
        ),
    )


def trail(db: Database, asked: Asked) -> Found:
    """Why a target ('cell', a question or a domain) is rated as it is.

    `review`, `run`, and the rating (see `review`); `looks_for` (what reviewers look for); `next`: {title,
    criteria not met} of the level above the one the criteria reach, None at the top; `limits`: those that
    hold the rating down; `missing`: what is not enough; `parts`: every group of criteria with its role, how
    many are met, and the criteria; `lost` (the levels the rules did not give), `missed` (the criteria missed
    all the same, under best-fit) and `policy_words`, as `joint-review explain --json` gives them; `domains`
    (of a question); `support` (see `web.support`); `questions`, `grid`, `neighbours` and `rules` (of the
    cell, as explain gives them); `deciding` (see `pages.decisions.deciding`).
    """
    key, target = asked.names["review"], asked.names["target"]
    run_id, language = asked.run, asked.language
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    worked = Worked(db, found, run)
    shown = Shown(db, found, run, language, worked.marks())
    page = {
        **shown.head(),
        "run": shown.facts(),
        "target": target,
        "support": support_of(worked, shown.framework, target, shown.language),
    }
    decided = {"deciding": deciding(shown, target, asked.by)}
    if target == "cell":
        explained = explain_cell(run, shown.decisions, shown.language)
        same = ("title", "because", "status", "neighbours", "rules")
        of_cell = {name: getattr(explained, name) for name in same}
        return {
            **page,
            **of_cell,
            "kind": "cell",
            "rests_on": shown.marks.get("cell", {}).get("rests_on", []),
            "grid": shown.grid(),
            "questions": shown.questions(),
            **decided,
        }
    why = {**shown.rating(target), **shown.explanation(target)}
    return {**page, **why, "domains": shown.domains(target), **decided}


def measure(db: Database, asked: Asked) -> Found:
    """A measure of a target with what it is made of.

    `measure`: key, title, value, base, low, high, unit, shown, made_of, described (sentences), thresholds;
    `criteria` that test it; `items` behind it, a page of them (see `item_line`), with `paging`; `ratings`
    where it is made of ratings.
    """
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
    same = ("key", "title", "value", "base", "low", "high", "unit", "made_of")
    return {
        **shown.head(),
        "run": shown.facts(),
        "target": target,
        "target_title": shown.framework.title_of(target),
        "question": shown.framework.question_of[target].id,
        "question_title": shown.framework.title_of(shown.framework.question_of[target].id),
        "measure": {name: value for name, value in row.items() if name in same}
        | {
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


def rule(db: Database, asked: Asked) -> Found:
    """Why a rule fired in a run, or did not.

    `review`, `run`, `rule` (the name asked for), `rules` (as `joint-review explain --rule --json` gives them:
    most names stand for one rule), and `problem` (`refusal`) where the recorded firings cannot be told.
    Raises UnknownName.
    """
    key, name = asked.names["review"], asked.names["rule"]
    run_id, language = asked.run, asked.language
    found = find_review(db, key)
    run = load_run(db, found, run_id)
    shown = Shown(db, found, run, language)
    page = {**shown.head(), "run": shown.facts(), "rule": name, "rules": None, "problem": None}
    try:
        return page | {"rules": explain_rules(run, name, shown.language)}
    except RunImpossible as error:
        return page | {"problem": refusal(error)}
