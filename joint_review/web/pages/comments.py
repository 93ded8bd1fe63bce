"""The comments of the authority on an edition, as a register, and the form that answers one."""

from __future__ import annotations

import re

from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.page import Declared, Page
from joint_review.web.pages.editions import EDITION, EditionShown, edition_shown, find_edition_of, head_of
from joint_review.web.request import Asked
from joint_review.web.run_view import Head
from joint_review.web.state import Part, RestsOn, State
from programme.database import Database, rows
from programme.permissions import Action
from programme.reviews import find_review
from report.comments import CommentListed, answer_comment, list_comments
from report.meetings import Meeting, meetings_of
from report.register import OUTCOMES
from rules.errors import UnknownName

COMMENTS = EDITION + "/comments"
CLASSES = {
    "A": "a slip of writing, numbers or titles",
    "B": "a fact that bears on a judgement",
    "C": "something left out",
    "D": "a view about a rating",
}
"""What the classes of comments mean, in words."""


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(COMMENTS, "comments", comments, Action.SEE_REPORT),
        Form(COMMENTS, "answer", Action.ANSWER, answer, rests_on=RestsOn(_answer_then)),
    )


class CommentsPage(Head):
    """The comments on an edition, with their answers."""

    edition: EditionShown
    comments: list[CommentListed]
    classes: dict[str, str]
    outcomes: dict[str, str]
    answering: int | None
    """The number of the comment that is being answered."""
    meetings: list[Meeting]
    amended_by: str
    """The edition that amends this one, as addresses call it; empty: none."""


AMENDED_BY = """
select e.number from edition_state s join edition e on e.id = s.amended_by where s.id = ?
"""


def comments(db: Database, asked: Asked) -> CommentsPage:
    """The comments on an edition of a review; raises UnknownName."""
    review = find_review(db, asked.names["review"])
    found = find_edition_of(db, review, asked.names["edition"])
    shown = edition_shown(db, review, found)
    amended = rows(db, AMENDED_BY, [found["id"]])
    prefix = shown["name"].rpartition("-")[0]
    return {
        **head_of(db, review, asked),
        "edition": shown,
        "comments": list_comments(db, edition=found["id"]),
        "classes": CLASSES,
        "outcomes": {outcome: words for outcome, words in OUTCOMES.items() if outcome},
        "answering": asked.whole("answer"),
        "meetings": [one for one in meetings_of(db, review) if one["held_on"]],
        "amended_by": "-".join(filter(None, (prefix, str(amended[0]["number"])))) if amended else "",
    }


ANSWER_THEN = """
select a.outcome, a.because, a.by, a.added_event as event from answer a
join comment c on c.id = a.comment_id
where c.edition_id = :edition and c.number = :number and a.added_event <= :event order by a.id desc limit 1
"""


def _answer_then(db: Database, sent: Sent, event: int) -> State:
    """How the comment was answered."""
    found = find_edition_of(db, find_review(db, sent.review), sent.names["edition"])
    given = {"edition": found["id"], "number": sent.whole("comment", least=1) or 0, "event": event}
    there = rows(db, ANSWER_THEN, given)
    said = tuple(f"{OUTCOMES[row['outcome']]}, by {row['by']}: {row['because']}" for row in there)
    return State({"answer": Part("Answer", said)}, there[0]["event"] if there else None)


def answer(db: Database, sent: Sent) -> Done:
    """Answer a comment, with the reason and what was changed because of it."""
    found = find_edition_of(db, find_review(db, sent.review), sent.names["edition"])
    number = sent.whole("comment", least=1)
    if number is None:
        raise Mistakes({"comment": "Choose a comment."})
    known = {one["number"]: one["id"] for one in list_comments(db, edition=found["id"])}
    if number not in known:
        raise UnknownName("comment", str(number), [str(one) for one in known])
    sent.need(outcome="Choose an outcome.", because="Say why.")
    outcome = sent.one_of("outcome", [one for one in OUTCOMES if one])
    changed = re.findall(r"[^\s,;]+", sent.text("changed"))
    made = answer_comment(
        db,
        known[number],
        outcome,
        because=sent.text("because"),
        changed=changed,
        meeting=sent.whole("meeting", least=1),
        by=sent.by,
        at=sent.at,
    )
    said = f"Comment {made['number']} is answered: {OUTCOMES[outcome]}."
    return Done(said, to=f"?#comment-{number}", more={"comment": number})
