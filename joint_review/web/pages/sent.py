"""What the authority sees: editions that were sent to it, its own comments, and the form that adds one."""

from __future__ import annotations

from typing import Any, TypedDict

from joint_review.web.forms import Done, Form, Sent
from joint_review.web.page import NAME, REVIEW, Declared, Download, FileMade, Menu, Page
from joint_review.web.pages.comments import CLASSES
from joint_review.web.pages.editions import MEDIA, edition_address, edition_file, head_of, language_of
from joint_review.web.request import Asked
from joint_review.web.run_view import Head
from programme.database import Database
from programme.permissions import Action
from programme.reviews import Review, find_review
from report.comments import list_comments, receive_comments
from report.editions import body_of
from report.model import Language, paragraphs_of
from report.moderation import EditionFound, find_edition
from report.register import OUTCOMES
from report.render.spoken import spoken_report
from report.sending import Sent as Sending
from report.sending import sendings_of
from report.sheet import CommentRow
from rules.errors import UnknownName

SENT = REVIEW + "/sent"
ONE_SENT = SENT + "/" + NAME.format("edition")
POSITIONS = ("yes", "no")
"""Whether something was so at the time of the review."""
REPORTS = "select id from report where review_id = ? order by id"


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(SENT, "list", sent_editions, Action.SEE_SENT, menu=Menu("Sent to the authority", 145)),
        Page(ONE_SENT, "edition", sent_edition, Action.SEE_SENT),
        Form(ONE_SENT, "comment", Action.COMMENT, comment, rests_on=None),
        Download(ONE_SENT + "/files/" + NAME.format("file"), file_of, Action.SEE_SENT),
    )


class SentListed(TypedDict):
    """An edition that was sent."""

    name: str
    kind: str
    number: int
    sent_on: str
    comments_until: str
    """The last day for comments; empty: none are asked for."""


class OwnComment(TypedDict):
    """A comment of the authority, as it is shown to it."""

    number: int
    paragraph: int | None
    kind: str
    text: str
    proposed_words: str
    evidence_offered: str
    received_on: str
    late: bool
    outcome: str
    because: str
    changed: list[str]


class SentPage(Head):
    """The editions that were sent."""

    editions: list[SentListed]


class SentEditionPage(Head):
    """An edition that was sent, with the comments made on it."""

    edition: SentListed
    lang: Language
    languages_written: list[Language]
    report: dict[str, Any]
    downloads: list[str]
    comments: list[OwnComment]
    paragraphs: list[int]
    classes: dict[str, str]
    outcomes: dict[str, str]


def _sent_of(db: Database, review: Review) -> list[tuple[EditionFound, Sending]]:
    """The editions of a review that were sent, the latest first."""
    sendings = [
        one
        for (report,) in db.execute(REPORTS, [review.id]).fetchall()
        for one in sendings_of(db, report=report)
    ]
    return [(find_edition(db, one["edition"]), one) for one in reversed(sendings)]


def _listed(found: EditionFound, one: Sending) -> SentListed:
    return {
        "name": edition_address(found["kind"], found["number"]),
        "kind": found["kind"],
        "number": found["number"],
        "sent_on": one["sent_on"],
        "comments_until": one["comments_until"],
    }


def find_sent(db: Database, review: Review, name: str) -> tuple[EditionFound, SentListed]:
    """An edition that was sent; raises UnknownName for any other, whether there is one or not."""
    there = [(found, _listed(found, one)) for found, one in _sent_of(db, review)]
    for found, listed in there:
        if listed["name"] == name:
            return found, listed
    raise UnknownName("edition", name, [listed["name"] for _, listed in there])


def sent_editions(db: Database, asked: Asked) -> SentPage:
    """The editions of a review that were sent to the authority; raises UnknownName."""
    review = find_review(db, asked.names["review"])
    return {
        **head_of(db, review, asked),
        "editions": [_listed(found, one) for found, one in _sent_of(db, review)],
    }


def sent_edition(db: Database, asked: Asked) -> SentEditionPage:
    """An edition that was sent; raises UnknownName."""
    review = find_review(db, asked.names["review"])
    found, listed = find_sent(db, review, asked.names["edition"])
    body = body_of(db, found["id"])
    lang = language_of(body, asked.text("lang"))
    return {
        **head_of(db, review, asked),
        "edition": listed,
        "lang": lang,
        "languages_written": list(body.languages),
        "report": spoken_report(body, lang),
        "downloads": [f"{found['kind']}-{one}.{form}" for one in body.languages for form in MEDIA],
        "comments": [
            {
                "number": one["number"],
                "paragraph": one["paragraph"],
                "kind": one["kind"],
                "text": one["text"],
                "proposed_words": one["proposed_words"],
                "evidence_offered": one["evidence_offered"],
                "received_on": one["received_on"],
                "late": one["late"],
                "outcome": one["answer"]["outcome"] if one["answer"] else "",
                "because": one["answer"]["because"] if one["answer"] else "",
                "changed": [each["what"] for each in one["answer"]["effects"] if each["kind"] != "none"]
                if one["answer"]
                else [],
            }
            for one in list_comments(db, edition=found["id"])
        ],
        "paragraphs": sorted(paragraphs_of(body)),
        "classes": CLASSES,
        "outcomes": OUTCOMES,
    }


def comment(db: Database, sent: Sent) -> Done:
    """Record a comment on the accuracy of an edition that was sent."""
    found, _ = find_sent(db, find_review(db, sent.review), sent.names["edition"])
    sent.need(kind="Choose a class.", text="Say what is wrong.")
    row = CommentRow(
        sent.whole("paragraph", least=1),
        sent.one_of("kind", CLASSES),
        sent.text("text"),
        sent.text("proposed_words"),
        sent.text("evidence_offered"),
        sent.one_of("position_at_review", POSITIONS),
    )
    made = receive_comments(db, found["id"], [row], by=sent.by, at=sent.at)
    if not made["comments"]:
        return Done("This comment is recorded already.", to="?#comments")
    number = made["comments"][0]["number"]
    notes = " ".join(f"{note[:1].upper()}{note[1:]}." for note in made["notes"])
    return Done(f"Comment {number} is recorded. {notes}".strip(), to="?#comments", more={"comment": number})


def file_of(db: Database, asked: Asked) -> FileMade:
    """A file of an edition that was sent; raises UnknownName."""
    review = find_review(db, asked.names["review"])
    found, _ = find_sent(db, review, asked.names["edition"])
    return edition_file(db, found, asked.names["file"])
