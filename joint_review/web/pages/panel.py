"""The pages on panels, as plain data, and their forms: open, vote, close.

Nothing on them tells a vote before all members have voted, to the voter neither: pages read on connections
for which votes are hidden (`programme.hidden`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from assessment.decisions import panel as register
from assessment.decisions.states import panel_then, voters_then
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.page import NAME, REVIEW, Declared, Menu, Page, listing
from joint_review.web.request import Asked
from joint_review.web.run_view import Head, Shown
from joint_review.web.state import Part, RestsOn, State
from programme.database import Database
from programme.names import same_person
from programme.permissions import Action, Held, Role, make_actor
from programme.reviews import Review, find_review
from programme.users import list_users
from rules.framework import in_language

PANELS = REVIEW + "/panel"
PANEL = PANELS + "/" + NAME.format("target")


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        listing(PANELS, "panels", panels, "ratings", Menu("Panels", 110)),
        Page(PANEL, "panel", panel),
        Form(PANEL, "open", Action.PANEL, open_, rests_on=RestsOn(_panel_then)),
        Form(PANEL, "vote", Action.VOTE, vote, rests_on=RestsOn(_panel_then)),
        Form(PANEL, "close", Action.PANEL, close, rests_on=RestsOn(_voting_then)),
    )


KINDS = {True: "domain", False: "question"}


class RatingOfPanel(TypedDict):
    """A rating with its latest panel."""

    target: str
    title: str
    kind: str
    panel: register.Panel | None
    earlier: int
    """How many panels there were before."""
    yours: bool
    """Whether the vote of who asks is waited for."""


class LevelVoted(TypedDict):
    """What was voted for one level."""

    level: str
    title: str
    number: int
    """1 the worst."""
    members: list[str]
    """Who gave it."""
    median: bool
    """Whether it is the median or one of the two levels it falls between."""
    proposed: bool
    """Whether the rules proposed it."""


class PanelWithSpread(register.Panel):
    """A panel, with what was voted by level once it shows."""

    spread_by_level: list[LevelVoted]
    """The worst first; none before it shows."""


class PanelsPage(Head):
    """The ratings of a review with their panels, in the order of the framework."""

    ratings: list[RatingOfPanel]
    open: int
    """How many panels are voting."""


class PanelPage(Head, RatingOfPanel):
    """The panel on one rating; `panel` has `spread_by_level`."""

    before: list[PanelWithSpread]
    """The earlier ones, the latest first."""
    levels: list[tuple[str, str]]
    """Name and title of each, the worst first."""
    member: str | None
    """The name under which who asks is a member of it."""
    voted_at: str | None
    voters: list[str]
    """Who may be named to a panel."""


def panels(db: Database, asked: Asked) -> PanelsPage:
    """The ratings of a review with their panels, in the order of the framework."""
    key, by, language = asked.names["review"], asked.by, asked.language
    review = find_review(db, key)
    shown = Shown(db, review, None, language)
    on: dict[str, list[register.Panel]] = {}
    for one in register.show_panels(db, review):
        on.setdefault(one["target"], []).append(one)
    ratings = [_rating(shown, target, on.get(target, []), by) for target in _in_order(review)]
    return {
        **shown.head(),
        "ratings": ratings,
        "open": sum(row["panel"] is not None and row["panel"]["state"] == "open" for row in ratings),
    }


def panel(db: Database, asked: Asked) -> PanelPage:
    """The panel on one rating; raises UnknownName."""
    key, target = asked.names["review"], asked.names["target"]
    by, language = asked.by, asked.language
    review = find_review(db, key)
    review.framework.check_target(target)
    shown = Shown(db, review, None, language)
    levels = _levels(review, target, shown.language)
    found = [_with_spread(one, levels) for one in register.show_panels(db, review, target)]
    mine = _membership(found[-1], by) if found else None
    return {
        **shown.head(),
        **_rating(shown, target, found, by),
        "before": found[-2::-1],
        "levels": levels,
        "member": mine and mine["name"],
        "voted_at": mine and mine["voted_at"],
        "voters": _voters(db, review),
    }


def _in_order(review: Review) -> Iterable[str]:
    """The domains of every question, then the question, as decisions are made."""
    for question in review.framework.questions:
        yield from (domain.id for domain in question.domains)
        yield question.id


def _rating(shown: Shown, target: str, found: Sequence[register.Panel], by: str) -> RatingOfPanel:
    latest = found[-1] if found else None
    mine = _membership(latest, by) if latest and latest["state"] == "open" else None
    return {
        "target": target,
        "title": shown.framework.title_of(target, shown.language),
        "kind": KINDS[shown.framework.is_domain(target)],
        "panel": latest,
        "earlier": max(len(found) - 1, 0),
        "yours": mine is not None and mine["voted_at"] is None,
    }


def _membership(found: register.Panel, by: str) -> register.Member | None:
    return next((member for member in found["members"] if same_person(member["name"], by)), None)


def _levels(review: Review, target: str, language: str) -> list[tuple[str, str]]:
    return [(level.id, in_language(level.title, language)) for level in review.framework.scale_of(target)]


def _with_spread(found: register.Panel, levels: list[tuple[str, str]]) -> PanelWithSpread:
    medians = _medians([vote["level"] for vote in found["votes"]], [name for name, _ in levels])
    rows: list[LevelVoted] = [
        {
            "level": name,
            "title": title,
            "number": number,
            "members": [vote["member"] for vote in found["votes"] if vote["level"] == name],
            "median": name in medians,
            "proposed": name == found["proposed"],
        }
        for number, (name, title) in enumerate(levels, start=1)
    ]
    return {**found, "spread_by_level": rows if found["votes"] else []}


def _medians(votes: list[str], scale: list[str]) -> set[str]:
    """The level in the middle of the votes; of an even number the two."""
    ordered = sorted(votes, key=scale.index)
    return set(ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1])


def _voters(db: Database, review: Review) -> list[str]:
    """The users who may vote in a review, by name."""
    found = []
    for user in list_users(db):
        held = [Held(Role(one["role"]), one["review"]) for one in user["roles"]]
        if not user["disabled"] and make_actor(user["name"], held).may(Action.VOTE, review.key):
            found.append(user["name"])
    return found


# --- what the forms rest on --------------------------------------------------------------------------------


def _panel_then(db: Database, sent: Sent, event: int) -> State:
    """Which panel was the latest on the rating: a vote is never given to another."""
    then = panel_then(db, find_review(db, sent.review), sent.names["target"], event)
    return State({"panel": Part("Panel", then.words)}, then.event)


def _voting_then(db: Database, sent: Sent, event: int) -> State:
    """The same with who had voted, not what."""
    state = _panel_then(db, sent, event)
    voters = voters_then(db, find_review(db, sent.review), sent.names["target"], event)
    parts = {**state.parts, "voted": Part("Have voted", voters.words)}
    return State(parts, max(state.event or 0, voters.event))


# --- the forms ---------------------------------------------------------------------------------------------


def open_(db: Database, sent: Sent) -> Done:
    """Open a panel on a rating, its members chosen from those who may vote."""
    review, target = _asked(db, sent)
    members, known = sent.texts("member"), _voters(db, review)
    unknown = [name for name in members if name not in known]
    if unknown:
        raise Mistakes({"member": f"{unknown[0][:40]!r} may not vote in this review."})
    if len(members) < register.FEWEST_MEMBERS:
        raise Mistakes({"member": "Tick at least two."})
    found = register.open_panel(db, review, target, members, by=sent.by, at=sent.at)
    return Done(f"A panel of {len(members)} is voting on {found['title']}.", more={"panel": found["number"]})


def vote(db: Database, sent: Sent) -> Done:
    """Give one's first vote."""
    review, target = _asked(db, sent)
    sent.need(level="Choose a level.", because="Say why.")
    level, because = sent.one_of("level", dict(_levels(review, target, "en"))), sent.text("because")
    found = register.vote(db, review, target, level, by=sent.by, because=because, at=sent.at)
    said = f"Your vote on {found['title']} is recorded."
    said += " It is shown once all members have voted." if found["state"] == "open" else " All have voted."
    return Done(said, more={"panel": found["number"], "state": found["state"]})


def close(db: Database, sent: Sent) -> Done:
    """Close a panel before all have voted, with the reason."""
    review, target = _asked(db, sent)
    because = sent.text("because", needed="Say why.")
    found = register.close_panel(db, review, target, by=sent.by, because=because, at=sent.at)
    return Done(f"The panel on {found['title']} is closed.", more={"panel": found["number"]})


def _asked(db: Database, sent: Sent) -> tuple[Review, str]:
    """The review and the rating in the address; raises UnknownName."""
    review = find_review(db, sent.review)
    review.framework.check_target(sent.names["target"])
    return review, sent.names["target"]
