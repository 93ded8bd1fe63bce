"""The pages on challenges, as plain data, and their forms: raise, reply, close with what was changed."""

from __future__ import annotations

import re
from typing import TypedDict

from assessment.decisions import challenges as register
from assessment.decisions.schema import CHALLENGED, GROUNDS, OUTCOMES
from assessment.decisions.states import challenge_then, replies_then
from assessment.reasons.grid import CELL
from joint_review.web.forms import Done, Form, Sent
from joint_review.web.lists import PAGE_SIZE, Paging, paging_of
from joint_review.web.page import NAME, REVIEW, Declared, Menu, Page, listing
from joint_review.web.request import Asked
from joint_review.web.run_view import Head, Shown
from joint_review.web.state import Part, RestsOn, State
from programme.database import Database, one, rows, rows_as
from programme.names import same_person
from programme.permissions import Action
from programme.reviews import Review, find_review
from rules.errors import UnknownName

CHALLENGES = REVIEW + "/challenges"
CHALLENGE = CHALLENGES + "/" + NAME.format("challenge")


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        listing(CHALLENGES, "challenges", challenges, "challenges", Menu("Challenges", 120)),
        Page(CHALLENGE, "challenge", challenge),
        Form(CHALLENGES, "raise", Action.CHALLENGE, put, rests_on=None),
        Form(CHALLENGE, "reply", Action.REPLY, reply, rests_on=RestsOn(_open_then)),
        Form(CHALLENGE, "close", Action.CLOSE_CHALLENGE, close, rests_on=RestsOn(_all_then)),
    )


KINDS = {"rating": "Rating", "rule": "Rule", "measure": "Measure", "item": "Item", "tag": "Tag"}
STATES = ("open", "closed")
REGISTER = """
select c.id from challenge c left join challenge_outcome o on o.challenge_id = c.id
where c.review_id = :review and (:only = '' or :only = case when o.id is null then 'open' else 'closed' end)
order by o.id is not null, c.id desc limit :limit offset :offset
"""
COUNTS = """
select count(*) - count(o.id) as open, count(o.id) as closed
from challenge c left join challenge_outcome o on o.challenge_id = c.id where c.review_id = ?
"""
NUMBERS = "select id from challenge where review_id = ? order by id desc limit 20"
OF_REVIEW = "select count(*) from challenge where review_id = ? and id = ?"


class About(TypedDict):
    """What a challenge is to."""

    kind: str
    title: str
    to: str
    """What its page has behind the review's address."""


class ChallengeListed(register.Challenge):
    """A challenge in the register."""

    about: About


class ChallengeShown(ChallengeListed):
    """A challenge on its own page."""

    blocked: list[tuple[str, str]]
    """Name and title of the ratings that cannot be accepted while it is open."""


class Prefilled(TypedDict):
    """What stands in the form that raises a challenge."""

    kind: str
    target: str


class Counted(TypedDict):
    """How many challenges of a review are open, and how many are closed."""

    open: int
    closed: int


class RegisterPage(Head, Counted):
    """The register of a review: the open challenges first, then the closed ones, each the latest first."""

    challenges: list[ChallengeListed]
    """A page of them; with `only` those that are 'open' or 'closed'."""
    paging: Paging
    only: str
    kinds: list[tuple[str, str]]
    grounds: list[str]
    prefilled: Prefilled


class ChallengePage(Head):
    """One challenge of a review."""

    challenge: ChallengeShown
    """With the replies of the page; the latest, unless another is asked for."""
    paging: Paging
    outcomes: list[str]
    """How who asks may close it; only who raised it withdraws it."""


def challenges(db: Database, asked: Asked) -> RegisterPage:
    """The register of a review; raises UnknownName."""
    key, page = asked.names["review"], asked.page
    kind, target, only = asked.text("kind"), asked.text("target"), asked.text("only")
    review = find_review(db, key)
    for name, given, known in (
        ("kind of challenge", kind, CHALLENGED),
        ("state of challenges", only, STATES),
    ):
        if given and given not in known:
            raise UnknownName(name, given, known)
    counts = rows_as(Counted, db, COUNTS, [review.id])[0]
    of_state = {"open": counts["open"], "closed": counts["closed"]}
    paging = paging_of(of_state[only] if only else sum(of_state.values()), page)
    chosen = {"review": review.id, "only": only, "limit": PAGE_SIZE, "offset": paging["offset"]}
    found = register.show_challenges(db, [row["id"] for row in rows(db, REGISTER, chosen)])
    return {
        **Shown(db, review, None, "en").head(),
        "challenges": [{**row, "about": about(review, row)} for row in found],
        "paging": paging,
        "only": only,
        **counts,
        "kinds": list(KINDS.items()),
        "grounds": list(GROUNDS),
        "prefilled": {"kind": kind, "target": target},
    }


def challenge(db: Database, asked: Asked) -> ChallengePage:
    """One challenge of a review; raises UnknownName, for a challenge of another review too."""
    key, text, by = asked.names["review"], asked.names["challenge"], asked.by
    review = find_review(db, key)
    found = register.show_challenge(db, _number_of(db, review, text))
    mine = same_person(by, found["by"])
    count = len(found["replies"])
    paging = paging_of(count, asked.whole("page") or max(1, -(-count // PAGE_SIZE)))
    shown = found["replies"][paging["offset"] : paging["last"]]
    return {
        **Shown(db, review, None, "en").head(),
        "paging": paging,
        "challenge": {
            **found,
            "replies": shown,
            "about": about(review, found),
            "blocked": [(name, _title(review, name)) for name in found["blocks"]],
        },
        "outcomes": [outcome for outcome in OUTCOMES if mine or outcome != "withdrawn"],
    }


def _number_of(db: Database, review: Review, text: str) -> int:
    """The number of a challenge of this review; raises UnknownName."""
    if re.fullmatch(r"[0-9]{1,15}", text) and one(db, OF_REVIEW, [review.id, int(text)]):
        return int(text)
    raise UnknownName("challenge", text, [str(row["id"]) for row in rows(db, NUMBERS, [review.id])])


def about(review: Review, row: register.Challenge) -> About:
    """What a challenge is about."""
    kind, target = row["kind"], row["target"]
    item = target.partition(":")[0]
    title, to = {
        "rating": (_title(review, target), f"/trail/{target}"),
        "rule": (target, f"/rule/{target}"),
        "measure": (_measure_title(review, target), "/trail/" + target.replace(".", "/", 1)),
        "item": (target, f"/items/{item}"),
        "tag": (f"{item}, tagged to {_title(review, target.partition(':')[2])}", f"/items/{item}"),
    }[kind]
    return {"kind": KINDS[kind], "title": title, "to": to}


def _title(review: Review, target: str) -> str:
    if target == CELL:
        return "Position on the grid"
    return review.framework.title_of(target) if target in review.framework.question_of else target


def _measure_title(review: Review, target: str) -> str:
    """The domain's title and the measure's name in words: only the rulebook of a run knows its title."""
    domain, _, name = target.partition(".")
    return f"{_title(review, domain)}: {name.replace('_', ' ')}"


# --- what the forms rest on --------------------------------------------------------------------------------


def _open_then(db: Database, sent: Sent, event: int) -> State:
    """Whether the challenge was open."""
    review = find_review(db, sent.review)
    then = challenge_then(db, review, _number_of(db, review, sent.names["challenge"]), event)
    return State({"state": Part("State", then.words)}, then.event)


def _all_then(db: Database, sent: Sent, event: int) -> State:
    """The same with its replies: who closes it has read them."""
    state = _open_then(db, sent, event)
    number = _number_of(db, find_review(db, sent.review), sent.names["challenge"])
    replies = replies_then(db, number, event)
    parts = {**state.parts, "replies": Part("Replies", replies.words)}
    return State(parts, max(state.event or 0, replies.event))


# --- the forms ---------------------------------------------------------------------------------------------


def put(db: Database, sent: Sent) -> Done:
    """Raise a challenge."""
    review = find_review(db, sent.review)
    sent.need(
        kind="Choose what it is about.",
        target="Name what it is about.",
        ground="Choose a ground.",
        text="Say what is wrong.",
    )
    kind = sent.one_of("kind", CHALLENGED)
    target = sent.text("target")
    ground = sent.one_of("ground", GROUNDS)
    text = sent.text("text")
    found = register.raise_challenge(
        db, review, kind, target, ground=ground, text=text, by=sent.by, at=sent.at
    )
    said = f"Challenge {found['number']} is open."
    return Done(said, to=f"/{found['number']}", more={"challenge": found["number"]})


def reply(db: Database, sent: Sent) -> Done:
    """Reply to an open challenge."""
    number = _number_of(db, find_review(db, sent.review), sent.names["challenge"])
    text = sent.text("text", needed="Write the reply.")
    register.reply_to_challenge(db, number, text=text, by=sent.by, at=sent.at)
    return Done(f"Replied to challenge {number}.", to="?", more={"challenge": number})


def close(db: Database, sent: Sent) -> Done:
    """Close a challenge with its outcome, the reason, and what was changed because of it."""
    number = _number_of(db, find_review(db, sent.review), sent.names["challenge"])
    sent.need(outcome="Choose an outcome.", because="Say why.")
    outcome, because = sent.one_of("outcome", OUTCOMES), sent.text("because")
    changed = re.findall(r"[^\s,;]+", sent.text("changed"))
    register.close_challenge(db, number, outcome, because=because, changed=changed, by=sent.by, at=sent.at)
    return Done(f"Challenge {number} is closed: {outcome}.", to="?", more={"challenge": number})
