"""A small report for tests: paragraphs with supports, editions of it, and what becomes of an edition."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from assessment_example import AT

from assessment.runs.run import load_run
from programme.check import head_of_record
from programme.database import Act, Database, add_event, insert, one, transaction
from programme.reviews import Review
from report.actions import ReportAction
from report.model import Paragraph, Report, Text, Words, to_json
from report.moderation import clear, moderate
from report.sending import Deadline, Sent, send

BODIES = ("CSSIW", "WAO")
UNTIL = (AT + timedelta(days=14)).date()
"""The last day for comments on what `send_edition` sends."""


def write_report(
    db: Database, review: Review, paragraphs: Mapping[int, str], supports: Mapping[int, Sequence[str]] = {}
) -> int:
    """A report with these paragraphs by number, and their supports as 'kind:target'; its row."""
    with transaction(db):
        event = add_event(db, Act(ReportAction.START, "lead", AT, review.id), after={})
        row = {"review_id": review.id, "kind": "report", "lang_of_record": "en", "by": "lead"}
        report = insert(db, "report", {**row, "added_event": event})
    write_words(db, report, paragraphs)
    with transaction(db):
        event = add_event(db, Act(ReportAction.WRITE, "lead", AT, review.id), after={})
        for number, names in supports.items():
            for name in names:
                kind, _, target = name.partition(":")
                row = {"paragraph_id": _paragraph(db, report, number), "kind": kind, "target": target}
                insert(db, "support", {**row, "added_event": event})
    return report


def write_words(db: Database, report: int, paragraphs: Mapping[int, str]) -> None:
    """Give paragraphs (new) words."""
    with transaction(db):
        review = one(db, "select review_id from report where id = ?", [report])
        event = add_event(db, Act(ReportAction.WRITE, "lead", AT, review), after={})
        for number, text in paragraphs.items():
            if _paragraph(db, report, number) is None:
                row = {"report_id": report, "number": number, "heading": "introduction", "style": "text"}
                insert(db, "paragraph", {**row, "added_event": event})
            said = {"paragraph_id": _paragraph(db, report, number), "lang": "en", "text": text, "by": "lead"}
            insert(db, "paragraph_text", {**said, "position": number, "added_event": event})


def _paragraph(db: Database, report: int, number: int) -> int | None:
    row: int | None = one(db, "select id from paragraph where report_id = ? and number = ?", [report, number])
    return row


def freeze(db: Database, review: Review, report: int, *, amends: int | None = None) -> int:
    """An edition of the report as it reads now; its row."""
    run = load_run(db, review)
    found = db.execute(
        "select number, text_en from paragraph_now where report_id = ? and not withdrawn order by position",
        [report],
    ).fetchall()
    body = to_json(
        Report(
            title=Words(en="Report"),
            subject=Words(en=review.authority),
            authors=Words(en="The team"),
            dated=Words(en="1 June 2009"),
            blocks=tuple(
                Paragraph(id=f"p{number}", number=number, text=Text.plain(text)) for number, text in found
            ),
        )
    )
    with transaction(db):
        event = add_event(db, Act(ReportAction.FREEZE, "lead", AT, review.id), after={})
        last = one(db, "select coalesce(max(number), 0) from edition where report_id = ?", [report])
        return insert(
            db,
            "edition",
            {
                "report_id": report,
                "number": last + 1,
                "frozen_on": AT.date().isoformat(),
                "purpose": "publication" if amends else "moderation",
                "run_id": run.id,
                "run_digest": run.digest,
                "text_digest": hashlib.sha256(body.encode()).hexdigest(),
                "body": body,
                "bodies": '["CSSIW", "WAO"]',
                "amends": amends,
                "by": "lead",
                "added_event": event,
            },
        )


def pass_and_clear(db: Database, edition: int, at: datetime = AT) -> None:
    """Have an edition passed by the external moderator and cleared by both bodies."""
    moderate(db, edition, "passed", because="Sound.", by="moderator-9", at=at)
    for body in BODIES:
        clear(db, edition, body, by=f"manager of {body}", at=at)


def send_edition(db: Database, edition: int, *, until: date = UNTIL, at: datetime = AT, **more: str) -> Sent:
    """Send a cleared edition."""
    head = str(head_of_record(db))
    return send(db, edition, Deadline(until, "Set for the test."), lodged=head, by="lead", at=at, **more)


def sent_report(
    db: Database, review: Review, paragraphs: Mapping[int, str], supports: Mapping[int, Sequence[str]] = {}
) -> tuple[int, int]:
    """A report of which the first edition was sent: their rows."""
    report = write_report(db, review, paragraphs, supports)
    edition = freeze(db, review, report)
    pass_and_clear(db, edition)
    send_edition(db, edition)
    return report, edition
