"""Moderation and clearance: an edition passed by an outsider, then formally approved by every body.

The external moderator has written and rated nothing in the review: no paragraph, no evidence, no decision.
They pass an edition or return it, with points; what they say *must* change is settled before any later
edition passes. Each body named in the review's practice then clears the edition, each by a manager of its
own who neither wrote nor moderated it.

Both are of one edition: what was approved is what was frozen. A change of text makes a new edition, so
moderation and clearance lapse by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from assessment.actions import AssessmentAction
from assessment.decisions.challenges import check_rated
from evidence.actions import EvidenceAction
from programme.database import Act, Database, add_event, insert, one, rows, rows_as, transaction
from programme.names import check_person, check_words, same_person
from programme.permissions import Action
from programme.reviews import Review, find_review
from programme.users import check_may
from report.actions import ReportAction
from report.schema import SEVERITIES, VERDICTS
from rules.errors import DecisionRefused, UnknownName
from rules.remedy import Part
from rules.words import listed, many

WROTE = (
    ReportAction.START,
    ReportAction.WRITE,
    ReportAction.WITHDRAW_PARAGRAPH,
    ReportAction.FREEZE,
    ReportAction.AMEND,
)
"""What events say of who wrote a report."""
FOUND = (
    EvidenceAction.IMPORT,
    EvidenceAction.ADD_SOURCES,
    EvidenceAction.RECORD_ITEM,
    EvidenceAction.CHANGE_ITEM,
    EvidenceAction.CHANGE_TAGS,
    EvidenceAction.TAG,
    EvidenceAction.SETTLE,
)
"""What events say of who gathered evidence."""
RATED = (
    AssessmentAction.ACCEPT,
    AssessmentAction.OVERRIDE,
    AssessmentAction.TAKE_BACK,
    AssessmentAction.APPROVE,
    AssessmentAction.VOTE,
    AssessmentAction.STATE_CONFIDENCE,
)
"""What events say of who rated."""

EDITION = """
select e.id, e.report_id, r.review_id, v.key as review, r.kind, e.number, e.purpose, e.frozen_on, e.run_id,
  e.text_digest, e.bodies, e.amends, e.by, e.added_event, s.state, s.verdict, s.amended_by,
  (select max(id) from edition where report_id = e.report_id) as latest
from edition e join report r on r.id = e.report_id join review v on v.id = r.review_id
join edition_state s on s.id = e.id
where e.id = ?
"""
TOOK_PART = """
select distinct action from event
where review_id = :review and person(by) = person(:by)
  and action in (select value from json_each(:actions))
"""
# Who recorded or tagged it is named in rows, too: an import brings the work of others.
RECORDED = """
select exists (select 1 from evidence where review_id = :review and person(recorded_by) = person(:by))
  or exists (select 1 from tag t join evidence e on e.id = t.evidence_id
    where e.review_id = :review and person(t.tagged_by) = person(:by))
"""
UNSETTLED = """
select p.id, e.id as edition, e.number as edition_number, p.number, p.text
from moderation_point p join moderation m on m.id = p.moderation_id join edition e on e.id = m.edition_id
where e.report_id = ? and e.id <= ? and p.severity = 'must' and p.settled_event is null
order by p.id
"""
POINTS = """
select p.id, m.edition_id as edition, e.number as edition_number, p.number, g.number as paragraph, p.rating,
  p.text, p.severity, m.by, a.at, s.by as settled_by, s.at as settled_at, s.because as settled_because
from moderation_point p join moderation m on m.id = p.moderation_id join edition e on e.id = m.edition_id
join event a on a.id = p.added_event
left join paragraph g on g.id = p.paragraph_id left join event s on s.id = p.settled_event
where (:edition is null or m.edition_id = :edition) and (:report is null or e.report_id = :report)
order by p.id
"""
CLEARANCES = """
select c.id, c.body, c.by, a.at, c.because from clearance c join event a on a.id = c.added_event
where c.edition_id = ? and c.withdrawn_event is null order by c.id
"""
VERDICT_OF = """
select m.id, m.verdict, m.by, m.because, a.at from moderation m join event a on a.id = m.added_event
where m.edition_id = ? order by m.id desc limit 1
"""


class EditionFound(TypedDict):
    """An edition with what says how far it has come; `report.editions` reads its body."""

    id: int
    report_id: int
    review_id: int
    review: str
    """Key of the review."""
    kind: str
    number: int
    purpose: str
    frozen_on: str
    run_id: int
    text_digest: str
    bodies: str
    """The bodies that must clear it, as JSON."""
    amends: int | None
    by: str
    added_event: int
    state: str
    verdict: str | None
    amended_by: int | None
    latest: int
    """The latest edition of its report."""


class PointListed(TypedDict):
    """A point of the moderator, and how it was settled."""

    id: int
    edition: int
    edition_number: int
    number: int
    paragraph: int | None
    rating: str | None
    text: str
    severity: str
    by: str
    at: str
    settled_by: str | None
    settled_at: str | None
    settled_because: str | None


class ClearanceListed(TypedDict):
    """A clearance in force."""

    id: int
    body: str
    by: str
    at: str
    because: str


class Verdict(TypedDict):
    """The moderator's latest verdict on an edition."""

    id: int
    verdict: str
    by: str
    because: str
    at: str


class Moderated(TypedDict):
    """How an edition was moderated, and who cleared it."""

    edition: int
    number: int
    kind: str
    """report or summary."""
    review: str
    state: str
    verdict: Verdict | None
    points: list[PointListed]
    bodies: list[str]
    """The bodies that must clear it."""
    cleared: list[ClearanceListed]
    waiting: list[str]
    """The bodies that have not."""


@dataclass(frozen=True)
class Point:
    """Something that the moderator wants changed."""

    text: str
    severity: str = "must"
    """must or should."""
    about: str = ""
    """A paragraph (p12), a domain, a question or cell; empty: the whole edition."""


def find_edition(db: Database, edition: int) -> EditionFound:
    """An edition by its number in the working database; raises UnknownName."""
    found = rows_as(EditionFound, db, EDITION, [edition])
    if not found:
        known = rows(db, "select id from edition order by id desc limit 20")
        raise UnknownName("edition", str(edition), [str(row["id"]) for row in known])
    return found[0]


def edition_name(edition: EditionFound) -> str:
    """What sentences call an edition: 'edition 2 of the report of wales-2004-08'."""
    return f"edition {edition['number']} of the {edition['kind']} of {edition['review']}"


# --- moderation ------------------------------------------------------------------------------------------


def moderate(
    db: Database,
    edition: int,
    verdict: str,
    *,
    points: Sequence[Point] = (),
    because: str,
    by: str,
    at: datetime,
) -> Moderated:
    """Record the external moderator's verdict on an edition (passed or returned), with points.

    Raises UnknownName for another verdict, an unknown edition, paragraph or rating; WordsMissing; and
    DecisionRefused where `by` took part in the review, where the edition is not the latest or was sent, and
    where an edition is passed although something that must change is not settled.
    """
    if verdict not in VERDICTS:
        raise UnknownName("verdict", verdict, VERDICTS)
    by, because = check_person(by, "a verdict"), check_words(because, "a verdict")
    with transaction(db):
        found = find_edition(db, edition)
        review = find_review(db, found["review"])
        check_may(db, by, Action.MODERATE, review.key, "moderate the report")
        _refuse_unless_open(found, verdict)
        refuse_insider(db, review, by)
        checked = [_checked(db, review, found, point) for point in points]
        if verdict == "passed":
            _refuse_unsettled(db, found, points)
        elif not points:
            raise DecisionRefused(
                "an edition is returned with at least one point",
                hint="Say what must or should be changed.",
            )
        act = Act(ReportAction.MODERATE, by, at, review.id, f"edition {edition}", because)
        event = add_event(
            db,
            act,
            detail={"points": len(points)},
            before={"state": found["state"]},
            after={"verdict": verdict},
        )
        row = {"edition_id": edition, "verdict": verdict, "by": by, "because": because, "added_event": event}
        moderation = insert(db, "moderation", row)
        for number, (point, paragraph, rating) in enumerate(checked, start=1):
            insert(
                db,
                "moderation_point",
                {
                    "moderation_id": moderation,
                    "number": number,
                    "paragraph_id": paragraph,
                    "rating": rating,
                    "text": point.text.strip(),
                    "severity": point.severity,
                    "added_event": event,
                },
            )
    return moderation_of(db, edition)


def _refuse_unless_open(found: EditionFound, verdict: str) -> None:
    """Raise DecisionRefused where an edition is moderated no longer, or was so before.

    What was returned is not passed: its successor is. So no clearance outlives a return.
    """
    if found["latest"] != found["id"]:
        raise DecisionRefused(
            f"{edition_name(found)} was followed by a later edition", hint="Moderate the latest edition."
        )
    if found["state"] not in ("frozen", "returned", "passed", "cleared"):
        raise DecisionRefused(f"{edition_name(found)} was {found['state']}; it is no longer moderated")
    if found["verdict"] == "returned":
        raise DecisionRefused(
            f"{edition_name(found)} was returned", hint="Write the changes, then freeze another edition."
        )
    if found["verdict"] == verdict:
        raise DecisionRefused(f"{edition_name(found)} was {verdict} already")


def refuse_insider(db: Database, review: Review, by: str) -> None:
    """Raise DecisionRefused where somebody wrote, gathered evidence or rated in a review."""
    asked = {"review": review.id, "by": by}
    for actions, what in ((WROTE, "wrote the report"), (FOUND, "gathered evidence"), (RATED, "rated")):
        named = json.dumps([action.value for action in actions])
        found = rows(db, TOOK_PART, {**asked, "actions": named})
        if found or (actions is FOUND and one(db, RECORDED, asked)):
            raise DecisionRefused(
                f"{by} {what} in the review {review.key}; its moderator comes from outside",
                hint="Ask a moderator who wrote and rated nothing in this review.",
            )


def _checked(
    db: Database, review: Review, found: EditionFound, point: Point
) -> tuple[Point, int | None, str | None]:
    """A point with the paragraph or the rating that it is about; raises UnknownName or WordsMissing."""
    check_words(point.text, "a point", Part.TEXT)
    if point.severity not in SEVERITIES:
        raise UnknownName("severity of a point", point.severity, SEVERITIES)
    about = point.about.strip()
    if not about:
        return point, None, None
    if (number := paragraph_number(about)) is not None:
        return point, paragraph_id(db, found["report_id"], number), None
    check_rated(review.framework, about)
    return point, None, about


def paragraph_number(text: str) -> int | None:
    """The number in 'p12', 'P12' or '12'; None for a text that is no number of a paragraph."""
    digits = text.strip().lower().removeprefix("p").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def paragraph_id(db: Database, report: int, number: int) -> int:
    """The row of a paragraph of a report; raises UnknownName with the nearest numbers."""
    found = one(db, "select id from paragraph where report_id = ? and number = ?", [report, number])
    if found is None:
        near = rows(
            db,
            "select number from paragraph where report_id = ? order by abs(number - ?), number limit 5",
            [report, number],
        )
        raise UnknownName("paragraph", f"p{number}", [f"p{row['number']}" for row in near])
    return int(found)


def _refuse_unsettled(db: Database, found: EditionFound, points: Iterable[Point]) -> None:
    if any(point.severity == "must" for point in points):
        raise DecisionRefused(
            "an edition is not passed while something in it must change",
            hint="Return it, or make the point one that should be considered.",
        )
    if unsettled := rows(db, UNSETTLED, [found["report_id"], found["id"]]):
        named = listed(f"{row['number']} of edition {row['edition_number']}" for row in unsettled[:10])
        raise DecisionRefused(
            f"{many(len(unsettled), 'point')} that must be settled {'is' if len(unsettled) == 1 else 'are'}"
            f" not: {named}",
            hint="Settle each of them first, and say how.",
        )


def settle_point(
    db: Database, edition: int, number: int, *, because: str, by: str, at: datetime
) -> Moderated:
    """Settle a point of the moderator's latest verdict on an edition; `because` says how it was met, or why
    not.

    Raises UnknownName and DecisionRefused where it was settled already.
    """
    by, because = check_person(by, "settling a point"), check_words(because, "settling a point")
    with transaction(db):
        found = find_edition(db, edition)
        points = [point for point in points_of(db, edition=edition) if point["number"] == number]
        if not points:
            known = [str(point["number"]) for point in points_of(db, edition=edition)]
            raise UnknownName(f"point of edition {edition}", str(number), known)
        open_ones = [point for point in points if point["settled_by"] is None]
        if not open_ones:
            raise DecisionRefused(
                f"point {number} of edition {edition} was settled by {points[-1]['settled_by']}"
            )
        act = Act(
            ReportAction.SETTLE_POINT,
            by,
            at,
            found["review_id"],
            f"edition {edition}, point {number}",
            because,
        )
        event = add_event(db, act, before={"point": "open"}, after={"point": "settled"})
        db.conn.execute(
            "update moderation_point set settled_event = ? where id = ?", [event, open_ones[-1]["id"]]
        )
    return moderation_of(db, edition)


def points_of(db: Database, *, edition: int | None = None, report: int | None = None) -> list[PointListed]:
    """The points of an edition, or of all editions of a report, in the order in which they were made."""
    return rows_as(PointListed, db, POINTS, {"edition": edition, "report": report})


# --- clearance -------------------------------------------------------------------------------------------


def clear(db: Database, edition: int, body: str, *, because: str = "", by: str, at: datetime) -> Moderated:
    """Approve an edition formally for a body.

    Raises UnknownName for a body that the practice does not name, and DecisionRefused while the moderator has
    not passed it, where `by` wrote or moderated it or cleared it for another body, and where the body has
    cleared it already.
    """
    by = check_person(by, "a clearance")
    with transaction(db):
        found = find_edition(db, edition)
        bodies: list[str] = json.loads(found["bodies"])
        named = next(
            (one_body for one_body in bodies if one_body.casefold() == body.strip().casefold()), None
        )
        if named is None:
            raise UnknownName("body that clears this report", body, bodies)
        check_may(db, by, Action.CLEAR, found["review"], "clear the report")
        _refuse_clearing(db, found, named, by)
        act = Act(ReportAction.CLEAR, by, at, found["review_id"], f"edition {edition}", because)
        event = add_event(db, act, after={"body": named})
        insert(
            db,
            "clearance",
            {
                "edition_id": edition,
                "body": named,
                "by": by,
                "because": because.strip(),
                "added_event": event,
            },
        )
    return moderation_of(db, edition)


def _refuse_clearing(db: Database, found: EditionFound, body: str, by: str) -> None:
    name = edition_name(found)
    if found["verdict"] != "passed":
        raise DecisionRefused(
            f"the moderator has not passed {name}", hint="It can be cleared once the moderator has passed it."
        )
    if found["latest"] != found["id"]:
        raise DecisionRefused(f"{name} was followed by a later edition", hint="Clear the latest edition.")
    for clearance in clearances_of(db, found["id"]):
        if clearance["body"] == body:
            raise DecisionRefused(f"{body} has cleared {name} already, by {clearance['by']}")
        if same_person(clearance["by"], by):
            raise DecisionRefused(
                f"{by} has cleared {name} for {clearance['body']}",
                hint="Each body clears it by a manager of its own.",
            )
    asked = {"review": found["review_id"], "by": by}
    wrote = json.dumps([action.value for action in WROTE])
    if same_person(found["by"], by) or rows(db, TOOK_PART, {**asked, "actions": wrote}):
        raise DecisionRefused(
            f"{by} wrote the report; who clears it did not", hint="Ask another manager of this body."
        )
    moderated = "select 1 from moderation m join edition e on e.id = m.edition_id"
    if one(db, f"{moderated} where e.report_id = ? and person(m.by) = person(?)", [found["report_id"], by]):
        raise DecisionRefused(
            f"{by} moderated the report; who clears it did not", hint="Ask another manager of this body."
        )


def withdraw_clearance(
    db: Database, edition: int, body: str, *, because: str, by: str, at: datetime
) -> Moderated:
    """Take a body's clearance of an edition back, before it is sent, presented or published."""
    by, because = check_person(by, "a withdrawal"), check_words(because, "a withdrawal")
    with transaction(db):
        found = find_edition(db, edition)
        given = [
            one_of for one_of in clearances_of(db, edition) if one_of["body"].casefold() == body.casefold()
        ]
        if not given:
            raise UnknownName("clearance by", body, [one_of["body"] for one_of in clearances_of(db, edition)])
        if found["state"] not in ("passed", "cleared"):
            raise DecisionRefused(f"{edition_name(found)} was {found['state']}; its clearance stays")
        act = Act(ReportAction.WITHDRAW_CLEARANCE, by, at, found["review_id"], f"edition {edition}", because)
        event = add_event(db, act, before={"body": given[0]["body"]})
        db.conn.execute("update clearance set withdrawn_event = ? where id = ?", [event, given[0]["id"]])
    return moderation_of(db, edition)


def clearances_of(db: Database, edition: int) -> list[ClearanceListed]:
    """The clearances of an edition that are in force."""
    return rows_as(ClearanceListed, db, CLEARANCES, [edition])


def waiting_for(db: Database, found: EditionFound) -> list[str]:
    """The bodies that have not cleared an edition."""
    cleared = {clearance["body"] for clearance in clearances_of(db, found["id"])}
    return [body for body in json.loads(found["bodies"]) if body not in cleared]


def moderation_of(db: Database, edition: int) -> Moderated:
    """How an edition was moderated and cleared; raises UnknownName."""
    found = find_edition(db, edition)
    verdicts = rows_as(Verdict, db, VERDICT_OF, [edition])
    return {
        "edition": edition,
        "number": found["number"],
        "kind": found["kind"],
        "review": found["review"],
        "state": found["state"],
        "verdict": verdicts[0] if verdicts else None,
        "points": points_of(db, edition=edition),
        "bodies": json.loads(found["bodies"]),
        "cleared": clearances_of(db, edition),
        "waiting": waiting_for(db, found),
    }
