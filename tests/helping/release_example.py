"""A report on its way to publication, for tests: answered, cleared, with recipients, in summer or winter."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from assessment_example import assess_plainly
from report_example import freeze, pass_and_clear, send_edition, write_report

from programme.database import Act, Database, add_event, insert, transaction
from programme.reviews import Review
from report.actions import ReportAction
from report.embargo import consult_director
from report.model import Language, Report
from report.practice import follow_practice, read_practice
from report.recipients import RecipientRow, list_recipients
from report.render.page import page
from report.render.spoken import Mark
from rules.loader import LIBRARY

WALES = LIBRARY / "wales-round-2" / "practice.yml"
START = date(2009, 6, 1)
DIRECTOR = {
    "role": "Director of Social Services",
    "organisation": "The authority",
    "stage": "draft",
    "purpose": "Comments on accuracy",
}
MINISTER = {
    "role": "Minister for Health and Social Services",
    "organisation": "Welsh Assembly Government",
    "stage": "embargo",
    "purpose": "Briefing",
}
PRESS = {
    "role": "Press office",
    "organisation": "National Assembly for Wales",
    "stage": "embargo",
    "purpose": "Preparing a statement",
    "hours": 12,
}


def practice_in_english(folder: Path) -> Path:
    """The practice of Wales in a file, but for a report that is written in English alone."""
    text = WALES.read_text(encoding="utf-8").replace("needed: [en, cy]", "needed: [en]")
    path = folder / "practice.yml"
    path.write_text(text, encoding="utf-8")
    return path


def start_summary(db: Database, review: Review, at: datetime) -> int:
    """An edition of the summary, passed and cleared; its row."""
    with transaction(db):
        event = add_event(db, Act(ReportAction.START, "lead", at, review.id), after={})
        row = {"review_id": review.id, "kind": "summary", "lang_of_record": "en", "by": "lead"}
        report = insert(db, "report", {**row, "added_event": event})
    edition = freeze(db, review, report)
    pass_and_clear(db, edition, at=at)
    return edition


def ready_report(db: Database, review: Review, folder: Path, at: datetime, *, consulted: bool = True) -> int:
    """An amended edition of a report that is cleared for publication, its summary likewise; its row.

    The first edition was sent, and its time for comments is over.
    """
    follow_practice(db, review, read_practice(practice_in_english(folder)), START, by="lead", at=at)
    assess_plainly(db, review)
    report = write_report(db, review, {1: "Carers are listened to.", 2: "They wait two weeks."})
    first = freeze(db, review, report)
    pass_and_clear(db, first, at=at)
    send_edition(db, first, until=at.date(), at=at)
    amended = freeze(db, review, report, amends=first)
    pass_and_clear(db, amended, at=at)
    summary = start_summary(db, review, at)
    if consulted:
        consult_director(db, summary, at.date(), "Content with it.", by="manager", at=at)
    return amended


def list_people(db: Database, review: Review, *people: dict[str, object], at: datetime) -> None:
    """Put people on the list of those who get the report."""
    rows = [(f"row {number}", RecipientRow.model_validate(one)) for number, one in enumerate(people, 2)]
    list_recipients(db, review, rows, by="coordinator", at=at)


def html(report: Report, lang: Language, made: datetime, mark: Mark) -> bytes:
    """A marked copy as HTML."""
    return page(report, lang, mark).encode()


def uk(text: str) -> datetime:
    """A moment written with its offset."""
    return datetime.fromisoformat(text).astimezone(UTC)
