"""An edition of a report as readers see it, with its state; its files; and the forms: pass or return it,
settle a point, clear it for a body."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypedDict

from evidence.at_event import counted_at
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.page import NAME, REVIEW, Declared, Download, FileMade, Page
from joint_review.web.request import Asked
from joint_review.web.run_view import Head, Shown
from joint_review.web.state import Part, RestsOn, State
from programme.database import Database, rows, rows_as
from programme.permissions import Action
from programme.reviews import Review, find_review
from report.editions import body_of
from report.model import LANGUAGES, Language, Report
from report.moderation import EditionFound, Moderated, clear, moderate, moderation_of, settle_point
from report.named import edition_named
from report.points import point_from
from report.render.spoken import spoken_report
from report.schema import KINDS, VERDICTS
from rules.errors import UnknownName

REPORT = REVIEW + "/report"
EDITION = REPORT + "/" + NAME.format("edition")
FILE = EDITION + "/files/" + NAME.format("file")
MEDIA = {
    "html": "text/html; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
"""The formats of an edition's files, each with its media type."""


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        Page(EDITION, "edition", edition, Action.SEE_REPORT),
        Download(FILE, file_of, Action.SEE_REPORT),
        Form(EDITION, "moderate", Action.MODERATE, put_verdict, rests_on=RestsOn(_state_then)),
        Form(EDITION, "settle", Action.WRITE_REPORT, settle, rests_on=RestsOn(_point_then)),
        Form(EDITION, "clear", Action.CLEAR, put_clearance, rests_on=RestsOn(_state_then)),
    )


def head_of(db: Database, review: Review, asked: Asked) -> Head:
    """What every page of a report names; the note of the review only for those who see its evidence."""
    head = Shown(db, review, None, "en").head()
    if Action.SEE_REVIEW in asked.may:
        return head
    return {**head, "review": {**head["review"], "note": ""}}


class EditionListed(TypedDict):
    """An edition of a report."""

    id: int
    kind: str
    number: int
    purpose: str
    frozen_on: str
    state: str
    comments_until: str | None
    """The last day for comments; empty: none were asked for; None: not sent."""


class EditionNamed(EditionListed):
    """The same with what addresses call it."""

    name: str


EDITIONS = """
select e.id, r.kind, e.number, e.purpose, e.frozen_on, s.state, s.comments_until
from edition e join report r on r.id = e.report_id join edition_state s on s.id = e.id
where r.review_id = :review and (:kind = '' or r.kind = :kind) order by r.kind, e.number desc
"""


def editions_of(db: Database, review: Review, kind: str = "") -> list[EditionNamed]:
    """The editions of a review's report (and summary, if no kind is named), the latest of each first."""
    found = rows_as(EditionListed, db, EDITIONS, {"review": review.id, "kind": kind})
    return [{**row, "name": edition_address(row["kind"], row["number"])} for row in found]


class ReportStep(TypedDict):
    """A step of a report on its way."""

    title: str
    done: bool
    to: str
    """The page where it is done, behind the address of the review."""


FAR = """
select exists (select 1 from report where review_id = :review and kind = 'report') as started,
  coalesce(max(s.number), 0) as latest,
  count(s.id) as frozen, coalesce(sum(s.verdict = 'passed'), 0) as passed,
  coalesce(sum(s.verdict = 'passed' and s.cleared >= s.bodies), 0) as cleared,
  count(s.comments_until) as sent, count(s.presented_at) as presented, count(s.published_on) as published,
  (select count(*) from comment_state c join edition d on d.id = c.edition_id
    join report t on t.id = d.report_id
    where t.review_id = :review and c.state = 'open') as waiting
from report r join edition_state s on s.report_id = r.id where r.review_id = :review and r.kind = 'report'
"""


def report_steps(db: Database, review: Review) -> list[ReportStep]:
    """How far the report of a review is, step by step."""
    far = rows(db, FAR, {"review": review.id})[0]
    page = f"/report/{edition_address(KINDS[0], far['latest'])}" if far["latest"] else "/report"
    comments = f"{page}/comments" if far["latest"] else page
    return [
        {"title": "Report started", "done": bool(far["started"]), "to": "/report"},
        {"title": "Edition frozen for moderation", "done": bool(far["frozen"]), "to": "/report"},
        {"title": "Passed by the moderator", "done": bool(far["passed"]), "to": page},
        {"title": "Cleared by every body", "done": bool(far["cleared"]), "to": page},
        {"title": "Sent to the authority", "done": bool(far["sent"]), "to": page},
        {"title": "Comments answered", "done": bool(far["sent"] and not far["waiting"]), "to": comments},
        {"title": "Presented", "done": bool(far["presented"]), "to": "/publication"},
        {"title": "Published", "done": bool(far["published"]), "to": "/publication"},
    ]


def edition_address(kind: str, number: int) -> str:
    """What addresses call an edition: 2, or summary-2."""
    return str(number) if kind == KINDS[0] else f"{kind}-{number}"


def find_edition_of(db: Database, review: Review, name: str) -> EditionFound:
    """The edition of this review that an address names; raises UnknownName."""
    known = editions_of(db, review)
    found = next((row for row in known if row["name"] == name), None)
    if found is None:
        raise UnknownName("edition", name, [row["name"] for row in known])
    kind = "" if found["kind"] == KINDS[0] else f"{found['kind']}/"
    return edition_named(db, f"{review.key}/{kind}{found['number']}")


class EditionShown(EditionNamed):
    """The edition of a page."""

    by: str
    digest: str
    run: int
    latest: bool
    """Whether no later edition followed."""
    because: str


class ParagraphNamed(TypedDict):
    """A paragraph that a point can be about."""

    name: str
    words: str


class EditionPage(Head):
    """One edition as readers see it."""

    edition: EditionShown
    lang: Language
    languages_written: list[Language]
    report: dict[str, Any]
    """The report as it is read in that language, block by block."""
    moderated: Moderated
    amends: str
    """The edition that it amends, as addresses call it; empty: none."""
    verdicts: list[str]
    downloads: list[str]
    comments: int
    """How many comments the authority made on it."""


BECAUSE = "select because from edition where id = ?"
COMMENTS = "select count(*) as comments from comment where edition_id = ?"
NUMBER_OF = "select number from edition where id = ?"


def edition(db: Database, asked: Asked) -> EditionPage:
    """One edition of a review; raises UnknownName."""
    review = find_review(db, asked.names["review"])
    found = find_edition_of(db, review, asked.names["edition"])
    body = body_of(db, found["id"])
    lang = language_of(body, asked.text("lang"))
    amended = rows(db, NUMBER_OF, [found["amends"]]) if found["amends"] else []
    return {
        **head_of(db, review, asked),
        "edition": edition_shown(db, review, found),
        "lang": lang,
        "languages_written": list(body.languages),
        "report": spoken_report(body, lang),
        "moderated": moderation_of(db, found["id"]),
        "amends": edition_address(found["kind"], amended[0]["number"]) if amended else "",
        "verdicts": list(VERDICTS),
        "downloads": [f"{found['kind']}-{one}.{form}" for one in body.languages for form in MEDIA],
        "comments": rows(db, COMMENTS, [found["id"]])[0]["comments"],
    }


def edition_shown(db: Database, review: Review, found: EditionFound) -> EditionShown:
    """An edition with its state."""
    row = next(row for row in editions_of(db, review, found["kind"]) if row["id"] == found["id"])
    return {
        **row,
        "by": found["by"],
        "digest": found["text_digest"],
        "run": found["run_id"],
        "latest": found["latest"] == found["id"],
        "because": rows(db, BECAUSE, [found["id"]])[0]["because"],
    }


def language_of(body: Report, wanted: str) -> Language:
    """The language an edition is read in: the one asked for, else that of record; raises UnknownName."""
    found = next((lang for lang in LANGUAGES if lang == (wanted or body.record)), None)
    if found is None:
        raise UnknownName("language", wanted, LANGUAGES)
    return found


def file_of(db: Database, asked: Asked) -> FileMade:
    """A file of an edition, e.g. report-en.pdf; raises UnknownName."""
    review = find_review(db, asked.names["review"])
    found = find_edition_of(db, review, asked.names["edition"])
    return edition_file(db, found, asked.names["file"])


def edition_file(db: Database, found: EditionFound, name: str) -> FileMade:
    """A file of an edition by its name; raises UnknownName, and what a renderer raises."""
    body = body_of(db, found["id"])
    known = {f"{found['kind']}-{lang}.{form}": (lang, form) for lang in body.languages for form in MEDIA}
    if name not in known:
        raise UnknownName("file", name, known)
    lang, form = known[name]
    made = rendered(body, lang, form, frozen_at(found))
    called = f"edition-{edition_address(found['kind'], found['number'])}-{lang}.{form}"
    return FileMade(called, MEDIA[form], made)


def frozen_at(found: EditionFound) -> datetime:
    """The time that files of an edition say they were made: the day on which it was frozen."""
    return datetime.fromisoformat(found["frozen_on"]).replace(tzinfo=UTC)


def rendered(body: Report, lang: Language, form: str, at: datetime) -> bytes:
    """A report as HTML, Word or PDF; renderers are imported when they are needed."""
    if form == "html":
        from report.render.page import page

        return page(body, lang).encode()
    if form == "docx":
        from report.render.word import word

        return word(body, lang, at)
    from report.render.pdf import pdf

    return pdf(body, lang, at)


# --- what the forms rest on --------------------------------------------------------------------------------

VERDICT_THEN = """
select m.verdict || ' by ' || m.by as said, m.added_event as event from moderation m
where m.edition_id = :edition and m.added_event <= :event order by m.id desc limit 1
"""
CLEARED_THEN = f"""
select c.body || ' by ' || c.by as said, max(c.added_event, coalesce(c.withdrawn_event, 0)) as event
from clearance c where c.edition_id = :edition and {counted_at("c", ":event")} order by c.id
"""
LATER_THEN = """
select 'edition ' || number as said, added_event as event from edition
where report_id = :report and id > :edition and added_event <= :event order by id desc limit 1
"""
POINT_THEN = """
select v.id as event, v.by || ': ' || v.because as said from moderation_point p
join moderation m on m.id = p.moderation_id join event v on v.id = p.settled_event
where m.edition_id = :edition and p.number = :point and v.id <= :event order by p.id desc limit 1
"""


def _state_then(db: Database, sent: Sent, event: int) -> State:
    """How far the edition had come: its verdict, its clearances, and a later edition."""
    found = find_edition_of(db, find_review(db, sent.review), sent.names["edition"])
    given = {"edition": found["id"], "report": found["report_id"], "event": event}
    parts, last = {}, 0
    for name, title, sql in (
        ("verdict of the moderator", "Moderation", VERDICT_THEN),
        ("clearances", "Clearances", CLEARED_THEN),
        ("later edition", "Later edition", LATER_THEN),
    ):
        there = rows(db, sql, given)
        parts[name] = Part(title, tuple(row["said"] for row in there))
        last = max([last, *(row["event"] for row in there if row["event"] <= event)])
    return State(parts, last or None)


def _point_then(db: Database, sent: Sent, event: int) -> State:
    """How a point was settled."""
    found = find_edition_of(db, find_review(db, sent.review), sent.names["edition"])
    given = {"edition": found["id"], "point": sent.whole("point", least=1) or 0, "event": event}
    there = rows(db, POINT_THEN, given)
    part = Part("Settled", tuple(row["said"] for row in there))
    return State({"settled": part}, there[0]["event"] if there else None)


# --- the forms ---------------------------------------------------------------------------------------------


def put_verdict(db: Database, sent: Sent) -> Done:
    """Pass or return an edition, with points."""
    found = find_edition_of(db, find_review(db, sent.review), sent.names["edition"])
    sent.need(verdict="Choose a verdict.", because="Say why.")
    verdict, because = sent.one_of("verdict", VERDICTS), sent.text("because")
    points = [
        point_from(line.strip(), severity)
        for severity in ("must", "should")
        for line in sent.text(severity).splitlines()
        if line.strip()
    ]
    made = moderate(db, found["id"], verdict, points=points, because=because, by=sent.by, at=sent.at)
    return Done(f"Edition {made['number']} is {verdict}.", to="?", more={"state": made["state"]})


def settle(db: Database, sent: Sent) -> Done:
    """Settle a point of the moderator."""
    found = find_edition_of(db, find_review(db, sent.review), sent.names["edition"])
    number = sent.whole("point", least=1)
    if number is None:
        raise Mistakes({"point": "Choose a point."})
    because = sent.text("because", needed="Say how it was met, or why it was not.")
    settle_point(db, found["id"], number, because=because, by=sent.by, at=sent.at)
    return Done(f"Point {number} is settled.", to="?", more={"point": number})


def put_clearance(db: Database, sent: Sent) -> Done:
    """Clear an edition for a body."""
    found = find_edition_of(db, find_review(db, sent.review), sent.names["edition"])
    body = sent.text("body", needed="Choose a body.")
    made = clear(db, found["id"], body, because=sent.text("because"), by=sent.by, at=sent.at)
    said = f"Edition {made['number']} is cleared for {body}."
    return Done(said, to="?", more={"waiting": made["waiting"]})
