"""The page on decisions, as plain data, and its forms: where every rating stands; accept and override."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypedDict
from urllib.parse import quote

from assessment.decisions import decide
from assessment.decisions.challenges import check_rated
from assessment.decisions.standing import Standing
from assessment.decisions.states import decision_then
from assessment.reasons.grid import CELL
from assessment.runs.run import Run, load_run
from exchange.results import result_tables
from exchange.tables import OutTable
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.outgoing import the_list
from joint_review.web.page import REVIEW, Declared, Menu, Page
from joint_review.web.request import Asked
from joint_review.web.run_view import Head, RunShown, Shown
from joint_review.web.state import Part, RestsOn, State
from joint_review.web.wording import plural
from programme.database import Database
from programme.permissions import Action
from programme.reviews import Review, find_review
from rules.errors import RunImpossible
from rules.framework import Framework, in_language

DECISIONS = REVIEW + "/decisions"


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(
            *(DECISIONS, "decisions", decisions),
            menu=Menu("Decisions", 100),
            goes_out=decided,
        ),
        Form(DECISIONS, "accept", Action.DECIDE, accept, rests_on=DECISIONS_THEN),
        Form(DECISIONS, "accept-many", Action.DECIDE, accept_many, rests_on=DECISIONS_THEN),
        Form(DECISIONS, "override", Action.DECIDE, override, rests_on=DECISIONS_THEN),
        Form(DECISIONS, "take-back", Action.DECIDE, take_back, rests_on=DECISIONS_THEN),
        Form(DECISIONS, "approve", Action.APPROVE, approve, rests_on=DECISIONS_THEN),
    )


def decided(db: Database, asked: Asked) -> Iterator[OutTable]:
    """The state of every rating, and all decisions of the review."""
    yield from the_list(decisions, "states", "ratings")(db, asked)
    yield from result_tables(db, find_review(db, asked.names["review"]), only="decisions")


class StateShown(decide.DecisionState):
    """Where a decision stands."""

    words: str
    """The name of its state for people."""
    voted: bool
    """Whether a panel has voted on it."""


class Acceptable(TypedDict):
    """A rating of the latest run that was not accepted yet."""

    target: str
    title: str
    rated: str | None
    """The title of its level."""
    bar: str
    """Why who asks cannot accept it, or empty."""


class Deciding(TypedDict):
    """A rating as somebody sees it who decides on it."""

    target: str
    title: str
    run: int
    """The one looked at."""
    rated: str | None
    """The title of its level."""
    proposed: str | None
    """That of what its rules say."""
    state: StateShown
    """As things stand now, on the latest run."""
    levels: list[tuple[str, str]]
    """Name and title of each, the worst first; none for the cell."""
    why_not: dict[str, str]
    """Why who asks cannot `accept`, `override` or `approve` it (a sentence); empty where they can, as far as
    their role allows it."""


class DecisionsPage(Head):
    """Where the decision on every rating of a review stands, on the latest run."""

    run: RunShown | None
    """The latest; None before the first."""
    states: list[StateShown]
    settled: int
    """How many are."""
    deciding: Deciding | None
    """The rating that was asked for."""
    acceptable: list[Acceptable]
    """For those who may decide."""


def decisions(db: Database, asked: Asked) -> DecisionsPage:
    """Where the decision on every rating of a review stands; raises UnknownName."""
    key, by = asked.names["review"], asked.by
    target, run_id, many = asked.text("target"), asked.run, Action.DECIDE in asked.may
    review = find_review(db, key)
    if target:
        check_rated(review.framework, target)
    run = _latest(db, review)
    shown = Shown(db, review, run, "en")
    states = _states(shown.standing)
    looked_at = shown
    if run and target and run_id not in (None, run.id):
        looked_at = Shown(db, review, load_run(db, review, run_id), "en", standing=shown.standing)
    return {
        **shown.head(),
        "run": shown.facts(),
        "states": states,
        "settled": sum(row["settled"] for row in states),
        "deciding": deciding(looked_at, target, by) if run and target else None,
        "acceptable": _acceptable(shown.standing, states, by) if run and many else [],
    }


def _acceptable(standing: Standing, states: list[StateShown], by: str) -> list[Acceptable]:
    bars = decide.bars_to_acceptance(standing, by=by)
    return [
        {
            "target": row["target"],
            "title": row["title"],
            "rated": row["level_title"],
            "bar": bars[row["target"]],
        }
        for row in states
        if row["state"] != "accepted"
    ]


def deciding(shown: Shown, target: str, by: str) -> Deciding | None:
    """A rating as somebody sees it who decides on it; None where the review's framework has it no more."""
    review, run = shown.review, shown.run
    if run is None or (target != CELL and target not in review.framework.question_of):
        return None
    state = next(row for row in _states(shown.standing) if row["target"] == target)
    rated, proposed = _rated(shown.in_english(), target)
    refusals = decide.why_not(shown.standing, target, by=by, run=run.id)
    return {
        "target": target,
        "title": state["title"],
        "run": run.id,
        "rated": rated,
        "proposed": proposed,
        "state": state,
        "levels": _levels(review.framework, target),
        "why_not": refusals,
    }


def _states(standing: Standing) -> list[StateShown]:
    voted = standing.voted
    return [
        {**row, "words": _words(row), "voted": row["target"] in voted}
        for row in decide.decision_states(standing)
    ]


def _latest(db: Database, review: Review) -> Run | None:
    try:
        return load_run(db, review)
    except RunImpossible:
        return None


def _rated(shown: Shown, target: str) -> tuple[str | None, str | None]:
    """What a rating and its rules say, as the titles of levels."""
    if target == CELL:
        grid = shown.grid()
        position = grid["sentence"] if grid["position"] else None
        return position, position
    if target not in shown.framework.question_of:
        return None, None
    rating = shown.rating(target)
    return rating["level_title"], rating["proposed_title"]


def _levels(framework: Framework, target: str) -> list[tuple[str, str]]:
    scale = () if target == CELL else framework.scale_of(target)
    return [(level.id, in_language(level.title)) for level in scale]


def _words(state: decide.DecisionState) -> str:
    """A state as people read it."""
    words = {"override awaiting approval": "overridden, awaits approval", "approved": "override approved"}
    if state["run"] is None:
        return "not assessed yet"
    if state["state"] == "proposed" and state["status"] in ("open", "insufficient"):
        return "nobody has decided"
    return words.get(state["state"], str(state["state"]))


# --- what the forms rest on --------------------------------------------------------------------------------


def _decisions_then(db: Database, sent: Sent, event: int) -> State:
    """The decisions on the ratings that the form is about; on the cell, those on its questions too."""
    review = find_review(db, sent.review)
    questions = [question.id for question in review.framework.questions]
    targets = [name for name in sent.texts("target") if name in (*review.framework.question_of, CELL)]
    parts, last = {}, 0
    for name in dict.fromkeys((*targets, *(questions if CELL in targets else ()))):
        then = decision_then(db, review, name, event)
        parts[f"decision on {name}"] = Part(f"Decision on {_title(review, name)}", then.words)
        last = max(last, then.event)
    return State(parts, last)


DECISIONS_THEN = RestsOn(_decisions_then)


# --- the forms ---------------------------------------------------------------------------------------------


def accept(db: Database, sent: Sent) -> Done:
    """Accept a rating of the run that the person was looking at."""
    review, target, run = _asked(db, sent)
    found = decide.accept(db, review, target, by=sent.by, because=sent.text("because"), run=run, at=sent.at)
    return _done(sent, target, f"{_title(review, target)} is accepted, on run {run}.", {"decided": found})


def accept_many(db: Database, sent: Sent) -> Done:
    """Accept several ratings of the run that the person was looking at; all of them or none."""
    review, run = find_review(db, sent.review), sent.whole("run", least=1)
    targets = sent.texts("target")
    if not targets:
        raise Mistakes({"target": "Tick at least one."})
    because = sent.text("because")
    found = decide.accept(db, review, *targets, by=sent.by, because=because, run=run, at=sent.at)
    said = f"{plural(len(found), 'rating is', 'ratings are')} accepted, on run {run}."
    return Done(said, to="?", more={"decided": found})


def override(db: Database, sent: Sent) -> Done:
    """Give a rating of one's own, with the reason."""
    review, target, run = _asked(db, sent)
    levels = dict(_levels(review.framework, target))
    sent.need(level="Choose a level.", because="Say why.")
    level, because = sent.one_of("level", levels), sent.text("because")
    found = decide.override(db, review, target, level, by=sent.by, because=because, at=sent.at, run=run)
    then = "It takes effect in the next run after another person approves it."
    said = f"{_title(review, target)} is rated {levels[level]}. {then}"
    return _done(sent, target, said, {"decided": found})


def take_back(db: Database, sent: Sent) -> Done:
    """Take back the decision in force, with the reason; the proposal applies again from the next run."""
    review, target, run = _asked(db, sent)
    because = sent.text("because", needed="Say why.")
    found = decide.override(db, review, target, None, by=sent.by, because=because, at=sent.at, run=run)
    return _done(sent, target, f"The decision on {_title(review, target)} is taken back.", {"decided": found})


def approve(db: Database, sent: Sent) -> Done:
    """Approve another person's override, looking at a run."""
    review, target, run = _asked(db, sent)
    found = decide.approve(db, review, target, by=sent.by, because=sent.text("because"), run=run, at=sent.at)
    rated = _title(review, target)
    said = f"The override of {rated} is approved, on run {run}. It takes effect in the next run."
    return _done(sent, target, said, {"decided": found})


def _asked(db: Database, sent: Sent) -> tuple[Review, str, int | None]:
    """The review, the rating, and the run that the page showed; raises Mistakes or UnknownName."""
    review = find_review(db, sent.review)
    target = sent.text("target", needed="Choose a rating.")
    check_rated(review.framework, target)
    return review, target, sent.whole("run", least=1)


def _title(review: Review, target: str) -> str:
    return "Position on the grid" if target == CELL else review.framework.title_of(target)


def _done(sent: Sent, target: str, message: str, more: Mapping[str, object]) -> Done:
    """Back to the trail, if it was decided there, or else to where all decisions stand."""
    if sent.text("back") == "trail":
        return Done(message, to=f"/reviews/{quote(sent.review)}/trail/{quote(target)}#deciding", more=more)
    return Done(message, to="?", more=more)
