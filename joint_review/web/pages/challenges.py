"""The pages on challenges, as plain data, and their forms: raise, reply, close with what was changed."""

from __future__ import annotations

import re
from typing import Any

from assessment.decisions import challenges as register
from assessment.decisions.schema import CHALLENGED, GROUNDS, OUTCOMES
from assessment.reasons.grid import CELL
from joint_review.web.forms import Done, Form, Sent
from joint_review.web.lists import PAGE_SIZE, paging_of
from joint_review.web.page import NAME, REVIEW, Found, Menu, Page, Subject
from joint_review.web.request import Asked
from joint_review.web.run_view import Shown
from programme.database import Database, one, rows
from programme.names import same_person
from programme.permissions import Action
from programme.reviews import Review, find_review
from rules.errors import UnknownName

CHALLENGES = REVIEW + "/challenges"
CHALLENGE = CHALLENGES + "/" + NAME.format("challenge")


def subject() -> Subject:
    """What these pages answer for."""
    return Subject(
        "challenges",
        pages=(
            Page(CHALLENGES, "challenges", challenges, menu=Menu("Challenges", 120)),
            Page(CHALLENGE, "challenge", challenge),
        ),
        forms=(
            Form(CHALLENGES, "raise", Action.CHALLENGE, put),
            Form(CHALLENGE, "reply", Action.REPLY, reply),
            Form(CHALLENGE, "close", Action.CLOSE_CHALLENGE, close),
        ),
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


def challenges(db: Database, asked: Asked) -> Found:
    """The register of a review: the open challenges first, then the closed ones, each the latest first.

    `review`, `challenges`: a page of them (see `challenges.show_challenge`, each with `about`: see `_about`),
    all or, with `only`, those that are 'open' or 'closed'; `paging`, `only`, `open` and `closed` (how many
    are), and for the form that raises one: `kinds`, `grounds`, and `prefilled` {kind, target}. Raises
    UnknownName.
    """
    key, page = asked.names["review"], asked.page
    kind, target, only = asked.text("kind"), asked.text("target"), asked.text("only")
    review = find_review(db, key)
    for name, given, known in (
        ("kind of challenge", kind, CHALLENGED),
        ("state of challenges", only, STATES),
    ):
        if given and given not in known:
            raise UnknownName(name, given, known)
    counts = rows(db, COUNTS, [review.id])[0]
    paging = paging_of(counts[only] if only else sum(counts.values()), page)
    chosen = {"review": review.id, "only": only, "limit": PAGE_SIZE, "offset": paging["offset"]}
    found = register.show_challenges(db, [row["id"] for row in rows(db, REGISTER, chosen)])
    return {
        **Shown(db, review, None, "en").head(),
        "challenges": [{**row, "about": _about(review, row)} for row in found],
        "paging": paging,
        "only": only,
        **counts,
        "kinds": list(KINDS.items()),
        "grounds": list(GROUNDS),
        "prefilled": {"kind": kind, "target": target},
    }


def challenge(db: Database, asked: Asked) -> Found:
    """One challenge of a review.

    `review`, `challenge` (see `challenges.show_challenge`, with `about` and `blocked`: [name, title] of the
    ratings in `blocks`), and `outcomes`: how `by` may close it; only who raised it withdraws it. Raises
    UnknownName, for a challenge of another review too.
    """
    key, text, by = asked.names["review"], asked.names["challenge"], asked.by
    review = find_review(db, key)
    found = register.show_challenge(db, _number_of(db, review, text))
    mine = same_person(by, found["by"])
    return {
        **Shown(db, review, None, "en").head(),
        "challenge": {
            **found,
            "about": _about(review, found),
            "blocked": [(name, _title(review, name)) for name in found["blocks"]],
        },
        "outcomes": [outcome for outcome in OUTCOMES if mine or outcome != "withdrawn"],
    }


def _number_of(db: Database, review: Review, text: str) -> int:
    """The number of a challenge of this review; raises UnknownName."""
    if re.fullmatch(r"[0-9]{1,15}", text) and one(db, OF_REVIEW, [review.id, int(text)]):
        return int(text)
    raise UnknownName("challenge", text, [str(row["id"]) for row in rows(db, NUMBERS, [review.id])])


def _about(review: Review, row: dict[str, Any]) -> dict[str, str]:
    """What a challenge is to: `kind`, `title`, and `to`, what its page has behind the review's address."""
    kind, target = row["kind"], row["target"]
    item = target.partition(":")[0]
    title, to = {
        "rating": (_title(review, target), f"/trail/{target}"),
        "rule": (target, f"/rule/{target}"),
        "measure": (target, "/trail/" + target.replace(".", "/", 1)),
        "item": (target, f"/items/{item}"),
        "tag": (f"{item} to {_title(review, target.partition(':')[2])}", f"/items/{item}"),
    }[kind]
    return {"kind": KINDS[kind], "title": title, "to": to}


def _title(review: Review, target: str) -> str:
    if target == CELL:
        return "Position on the grid"
    return review.framework.title_of(target) if target in review.framework.question_of else target


# --- the forms ---------------------------------------------------------------------------------------------


def put(db: Database, sent: Sent) -> Done:
    """Raise a challenge."""
    review = find_review(db, sent.review)
    sent.need(
        kind="Choose what it is to.",
        target="Name what it is to.",
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
