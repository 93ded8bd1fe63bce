"""How the command line says what would help: a remedy as the command, or the option, that does it."""

from __future__ import annotations

import shlex

from rules import remedy as remedies
from rules.remedy import Part, Remedy

OPTIONS: dict[Part, str] = {
    Part.PERSON: "--by",
    Part.REASON: "--because",
    Part.TEXT: "--text",
    Part.MEMBERS: "--member",
    Part.CODER: "--to",
    Part.ITEMS: "--items",
    Part.JUDGEMENT: "--direction and --significance",
    Part.SCORE: "--score",
    Part.ROLE: "--role",
    Part.REVIEW: "--review",
    Part.ALL_REVIEWS: "--all-reviews",
    Part.CHANGED: "--changed",
    Part.WITHOUT: "--without",
    Part.ENCODING: "--encoding",
    Part.DATES: "--dates",
    Part.SHEET: "--sheet",
    Part.DATABASE: "--db",
    Part.VALUE: "--set",
    Part.WORKERS: "--workers",
    Part.CLUSTER: "--cluster",
}
"""The options that give each part of what is asked."""
GIVEN: dict[Part, str] = {
    Part.MEMBERS: "Name each with --member, e.g. --member reviewer-1.",
    Part.CODER: "Name the reviewer with --to.",
    Part.JUDGEMENT: "Give them with --direction and --significance.",
    Part.DATABASE: "Give the right file with --db.",
    Part.ALL_REVIEWS: "Or give --all-reviews for all of them.",
}
"""What is said of a part in other words than "Give it with ..."."""


def remedy_words(remedy: Remedy) -> str:
    """What to type, as a sentence; a command is the end of it, so that it can be copied."""
    match remedy:
        case remedies.Give(part, values):
            if values:
                return f"Write: {' or '.join(f'{OPTIONS[part]} {shlex.quote(value)}' for value in values)}"
            return GIVEN.get(part, f"Give it with {OPTIONS[part]}.")
        case remedies.LeaveOut(part):
            return f"Leave {OPTIONS[part]} out."
        case remedies.Replace(effect):
            return f"Give --replace to {effect}."
        case remedies.CloseDatabase():
            return "Stop imports and the server of the pages (joint-review serve) first."
        case remedies.OpenAgain():
            return (
                "See which file has that name now. Then repeat this; a server is started again"
                " (joint-review serve)."
            )
        case remedies.UseMapping(name):
            return f"A mapping for tables of this shape is kept. Use it: --map {shlex.quote(name)}"
        case remedies.Install(extra):
            return f"Install it: pip install 'joint-review[{extra}]'"
        case _:
            lead, *command = _command(remedy)
            return f"{lead}: joint-review {shlex.join(command)}"


def _command(remedy: Remedy) -> tuple[str, ...]:
    """What a command is for, and its words."""
    match remedy:
        case remedies.MakeDatabase(file):
            return ("Create one first" if file else "Create a new one", "init", "--db", file or "FILE")
        case remedies.UpgradeDatabase():
            return "Bring the database up to date first", "init", "--db", "FILE"
        case remedies.ServePages():
            return "Start the server with a database", "serve", "--db", "programme.db"
        case remedies.ShowHead():
            return "It is printed by", "audit", "head"
        case remedies.VerifyRecord():
            return "See what was altered", "audit", "verify"
        case remedies.CreateReview():
            return "Create one first", "review", "create", "--help"
        case remedies.ListReviews():
            return "See the reviews there are", "review", "list"
        case remedies.CompareReviews(framework):
            return "Run", "compare", framework
        case remedies.ListItems(review):
            return "List them", "evidence", "list", review or "REVIEW"
        case remedies.ShowLayout(layout):
            return "See its columns", "evidence", "template", layout
        case remedies.ProposeMapping(file):
            return "A mapping makes it fit; see a proposal", "evidence", "map", file
        case remedies.DrawItems(review):
            return "Draw items", "coding", "draw", review, "--to", "WHO", "--items", "NUMBER"
        case remedies.HandIn(review, batch):
            return "Hand it in", "coding", "done", review, str(batch)
        case remedies.ListDisagreements(review):
            return "See what was coded differently", "coding", "disagreements", review
        case remedies.CheckEvidence(review):
            return "Run", "evidence", "check", review
        case remedies.Assess(review):
            return "Run", "assess", review
        case remedies.VerifyRun(run):
            return "See where it differs", "verify", str(run)
        case remedies.ShowDecisions(review):
            return "See the state of decisions", "decisions", review
        case remedies.Rate(review, target):
            return "Give it a level instead", "rate", review, target, "LEVEL", "--because", "REASON"
        case remedies.TakeBack(review, target):
            return "Take it back", "rate", review, target, "--take-back", "--because", "REASON"
        case remedies.ShowErasures(review):
            return "See the requests", "erase", "list", review
        case remedies.StartReport(review):
            return "Start it", "report", "start", review
        case remedies.CheckReport(review):
            return "See all of it", "report", "check", review
        case remedies.RaiseChallenge():
            return "Raise one", "challenge", "add", "--help"
        case remedies.ShowChallenge(_, number):
            return "See", "challenge", "show", str(number)
        case remedies.OpenPanel():
            return "Open one", "panel", "open", "--help"
        case remedies.ShowPanel(review, target):
            return "See who is still to vote", "panel", "show", review, target
        case remedies.ClosePanel(review, target):
            return "Close it", "panel", "close", review, target, "--because", "REASON"
        case _:
            raise NotImplementedError(f"the command line has no words for {remedy!r}")
