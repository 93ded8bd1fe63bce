"""How the pages say a refusal: what is wrong, and what would help, with a link where a page does it.

What no page can do is left out; where somebody else can do it for the reader, it says whom to ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict
from urllib.parse import quote

from joint_review.web.wording import sentence
from rules import remedy as remedies
from rules.errors import Problem, ReviewError
from rules.remedy import Part, Remedy

LABELS: dict[Part, str] = {
    Part.REASON: "the reason",
    Part.TEXT: "the text",
    Part.MEMBERS: "the members, two or more",
    Part.CODER: "who codes the items",
    Part.ITEMS: "how many items",
    Part.JUDGEMENT: "direction and significance",
    Part.SCORE: "the score",
    Part.CHANGED: "what was changed",
    Part.WITHOUT: "what to leave out",
    Part.ENCODING: "the encoding",
    Part.SHEET: "the sheet",
    Part.DATES: "the order of dates",
}
"""The parts that forms have fields for."""
ASK = "Ask whoever runs this server to"


@dataclass(frozen=True)
class Step:
    """Something that would help, as a page says it."""

    words: str
    """A sentence."""
    to: str = ""
    """The address of the page that does it, e.g. '/reviews/r1#assess'; empty where none does."""


NOTHING = Step("")


class StepShown(TypedDict):
    """Something that would help, and the address of the page that does it, or ''."""

    words: str
    to: str


class Refusal(TypedDict):
    """What is wrong, and what would help."""

    error: str
    """A sentence."""
    hint: str
    """What would help, in sentences."""
    steps: list[StepShown]
    """The same one by one."""


def refusal(error: ReviewError) -> Refusal:
    """An error as pages show it and programs are told it."""
    steps = [step for step in (Step(error.hint), *map(step_of, error.remedies)) if step.words]
    return {
        "error": sentence(error.message),
        "hint": " ".join(step.words for step in steps),
        "steps": [{"words": step.words, "to": step.to} for step in steps],
    }


def refusal_words(error: ReviewError) -> str:
    """An error and what would help, in sentences."""
    return " ".join(filter(None, (sentence(error.message), refusal(error)["hint"])))


def problem_words(problem: Problem) -> str:
    """What is wrong with one row or field, and what would help, in sentences."""
    return f"{sentence(problem.message)} {problem.advice(remedy_words)}".strip()


def problem_line(problem: Problem) -> str:
    """The same with the place where it is wrong."""
    return problem.worded(remedy_words)


ASKED: dict[type[Remedy], str] = {
    remedies.UpgradeDatabase: "bring its database up to date",
    remedies.OpenAgain: "see which file is there now, to stop it, and to start it again",
    remedies.ServePages: "start it with a working database",
    remedies.Install: "install it",
    remedies.VerifyRecord: "check its record",
    remedies.CreateReview: "create one",
    remedies.ProposeMapping: "import it with a mapping",
    remedies.UseMapping: "import it with a mapping",
}
"""What no page does, in the words with which whoever runs the server is asked."""


def remedy_words(remedy: Remedy) -> str:
    """What would help as a sentence; nothing where no page does it and nobody can be asked."""
    return step_of(remedy).words


def step_of(remedy: Remedy) -> Step:
    """A remedy as pages say it; without words where no page does it and nobody can be asked."""
    match remedy:
        case remedies.Give(part, values):
            these = f": {' or '.join(values)}" if values else ""
            return Step(f"Enter {LABELS[part]}{these}.") if part in LABELS else NOTHING
        case remedies.LeaveOut(part):
            return Step(f"Leave the field for {LABELS[part]} empty.") if part in LABELS else NOTHING
        case remedies.ShowLayout(layout):
            return Step(f"{ASK} import {layout.replace('-', ' ')}.")
        case remedies.VerifyRun(run):
            return Step(f"{ASK} verify run {run}.")
        case remedies.ListReviews():
            return Step("See all reviews.", "/reviews")
        case remedies.CompareReviews(framework):
            return Step(f"Compare the reviews under {framework}.", f"/compare/{quote(framework, safe='')}")
        case _ if type(remedy) in ASKED:
            return Step(f"{ASK} {ASKED[type(remedy)]}.")
        case _:
            return _step_in_review(remedy)


def _step_in_review(remedy: Remedy) -> Step:
    """A remedy that a page of a review does."""
    match remedy:
        case remedies.Assess(review):
            return Step("Assess the review.", _in(review, "#assess"))
        case remedies.CheckEvidence(review):
            return Step("See the items.", _in(review, "/items?only=out-of-order"))
        case remedies.ListItems(review) if review:
            return Step("See all items of the review.", _in(review, "/items"))
        case remedies.DrawItems(review):
            return Step("Draw items for a second reviewer.", _in(review, "/coding#draw"))
        case remedies.HandIn(review, batch):
            return Step(f"Hand in batch {batch}.", _in(review, f"/coding?batch={batch}"))
        case remedies.ListDisagreements(review):
            return Step("See what was coded differently.", _in(review, "/disagreements"))
        case remedies.ShowDecisions(review):
            return Step("See the status of every rating.", _in(review, "/decisions"))
        case remedies.Rate(review, target):
            return Step("Give it a level instead.", _in(review, "/trail/", target, "#deciding"))
        case remedies.TakeBack(review, target):
            return Step("Take the decision back.", _in(review, "/trail/", target, "#deciding"))
        case remedies.StartReport(review):
            return Step("Start the report.", _in(review, "/report"))
        case remedies.CheckReport(review):
            return Step("See what the check finds.", _in(review, "/report"))
        case remedies.ShowErasures(review):
            return Step("See the requests to erase.", _in(review, "/erasure"))
        case remedies.RaiseChallenge(review):
            return Step("Raise a challenge.", _in(review, "/challenges#raise"))
        case remedies.ShowChallenge(review, number):
            return Step(f"See challenge {number}.", _in(review, f"/challenges/{number}"))
        case remedies.OpenPanel(review, target):
            return Step("Open a panel.", _in(review, "/panel/", target, "#open"))
        case remedies.ShowPanel(review, target):
            return Step("See who has still to vote.", _in(review, "/panel/", target))
        case remedies.ClosePanel(review, target):
            return Step("See the panel.", _in(review, "/panel/", target))
        case _:
            return NOTHING


def _in(review: str, path: str, name: str = "", end: str = "") -> str:
    return f"/reviews/{quote(review, safe='')}{path}{quote(name, safe='')}{end}"
