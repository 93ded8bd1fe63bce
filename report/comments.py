"""Comments of the authority on the accuracy of an edition, and the team's answers; rows are never changed.

Comments come through the director, or whom they named, on paragraphs by their numbers. There is no limit of
length. What comes after the last day is kept, marked late, and answered all the same. Each comment has a
class: A a slip, B a fact that bears on a judgement, C something left out, D a view about a rating without a
new fact. A view is recorded and answered, and changes nothing by itself.

Who answers recorded, tagged and scored nothing that the paragraph rests on (its supports when the edition was
frozen). Outcome and reason are needed, also where a comment is accepted. What was changed because of it is
done first, with the ordinary commands, and named in the answer; it must be in the record, made after the
comment came in. A later answer takes the place of an earlier one, which stays in the record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TypedDict

from assessment.decisions.effects import changes_since, is_rated, rating_title
from evidence.at_event import counted_at
from programme.calendar import day_words, uk_day
from programme.database import Act, Database, add_event, insert, one, rows, rows_as, transaction
from programme.names import check_person, check_words
from programme.permissions import Action
from programme.reviews import Review, find_review
from programme.users import check_may
from report.actions import ReportAction
from report.model import from_json, paragraphs_of
from report.moderation import EditionFound, edition_name, find_edition, paragraph_id, paragraph_number
from report.schema import OUTCOMES
from report.sending import Sent, comments_are_open, sendings_of
from report.sheet import CommentRow, check_rows
from rules.errors import DecisionRefused, EvidenceInvalid, UnknownName
from rules.remedy import LeaveOut, Part

LISTED = """
select c.id, c.number, c.edition_id as edition, e.number as edition_number, v.key as review,
  p.number as paragraph, c.class as kind, c.text, c.proposed_words, c.evidence_offered, c.position_at_review,
  c.by, c.received_on, c.late, c.added_event,
  p.id is not null and coalesce((select withdrawn from paragraph_now where id = p.id), 1) as withdrawn,
  a.id as answer_id, a.outcome, a.because, a.by as answered_by, ae.at as answered_at, a.meeting_id as meeting
from comment c join edition e on e.id = c.edition_id join report r on r.id = e.report_id
join review v on v.id = r.review_id left join paragraph p on p.id = c.paragraph_id
left join answer a on a.id = (select max(id) from answer where comment_id = c.id)
left join event ae on ae.id = a.added_event
where (:comment is null or c.id = :comment) and (:edition is null or c.edition_id = :edition)
  and (:report is null or e.report_id = :report)
order by c.number, c.id
"""
SOURCES = """
select o.comment_id, s.ref as source, s.title, s.dated, o.of_the_time, x.at as released_at,
  x.by as released_by, x.because as released_because
from comment_source o join source s on s.id = o.source_id left join event x on x.id = o.released_event
where o.comment_id in (select value from json_each(?)) order by o.id
"""
EFFECTS = """
select answer_id, kind, what, event from answer_effect
where answer_id in (select value from json_each(?)) order by id
"""
SAME = """
select 1 from comment c where c.edition_id = :edition and c.paragraph_id is :paragraph and c.class = :kind
  and c.text = :text and c.proposed_words = :proposed and c.evidence_offered = :evidence
"""
LAST_NUMBER = """
select coalesce(max(c.number), 0) from comment c join edition e on e.id = c.edition_id where e.report_id = ?
"""
# The items that a paragraph rests on, by its supports when an edition was frozen; of the whole report: all.
BEHIND = f"""
with rests as (
  select kind, target from support x where x.paragraph_id = :paragraph and {counted_at("x", ":event")}),
tagged as (
  select t.evidence_id, d.key as domain, q.key as question from tag t
  join evidence e on e.id = t.evidence_id and e.review_id = :review
  join domain d on d.id = t.domain_id join question q on q.id = d.question_id
  where {counted_at("t", ":event")} and {counted_at("e", ":event")}),
items (id) as (
  select cast(substr(target, 2) as integer) from rests where kind = 'item'
  union select e.id from rests x join source s on s.ref = x.target and s.review_id = :review
    join evidence e on e.source_id = s.id where x.kind = 'source'
  union select b.evidence_id from rests x join measure m on m.target || '.' || m.key = x.target
    join measure_evidence b on b.measure_id = m.id where x.kind = 'measure' and m.run_id = :run
  union select t.evidence_id from rests x join measure m on m.target || '.' || m.key = x.target
    join tagged t on m.target in (t.domain, t.question, 'cell')
    where x.kind = 'measure' and m.run_id = :run and m.made_of = 'ratings'
  union select t.evidence_id from rests x join tagged t on x.target in (t.domain, t.question, 'cell')
    where x.kind = 'rating'
  union select e.id from rests x join evidence e on e.text || '|' || e.group_name = x.target
    where x.kind = 'survey' and e.review_id = :review and e.kind = 'survey_result'
  union select id from evidence where review_id = :review and :paragraph is null)
"""
INVOLVED = f"""{BEHIND}
select i.id, 'recorded' as did from items i join evidence e on e.id = i.id
where person(e.recorded_by) = person(:by)
union all
select i.id, 'tagged' from items i join tag t on t.evidence_id = i.id
where person(t.tagged_by) = person(:by)
union all
select i.id, 'scored' from items i join coding c on c.evidence_id = i.id
where person(c.coded_by) = person(:by)
limit 1
"""
# Other words of a paragraph since an event, in any language.
WORDS_SINCE = """
select 'words' as kind, t.added_event as event,
  'p' || p.number || case when t.text = '' then ' withdrawn' else ' changed' end as what
from paragraph_text t join paragraph p on p.id = t.paragraph_id
where t.paragraph_id = ? and t.added_event > ? order by t.added_event
"""


class SourceOffered(TypedDict):
    """A source that was offered as evidence with a comment."""

    source: str
    title: str
    dated: str | None
    of_the_time: int
    """0: from after the window, or not so at the time; it is closed for tagging unless it was released."""
    released_at: str | None
    released_by: str | None
    released_because: str | None


class CommentEffect(TypedDict):
    """What was changed because of a comment: words, item, tag, decision or none."""

    kind: str
    what: str
    event: int | None
    """The event that made the change."""


class Answered(TypedDict):
    """The answer in force."""

    outcome: str
    because: str
    by: str
    at: str
    meeting: int | None
    effects: list[CommentEffect]


class CommentListed(TypedDict):
    """A comment with what was offered with it and its answer."""

    id: int
    number: int
    """In the report, from 1."""
    edition: int
    edition_number: int
    review: str
    paragraph: int | None
    """None: on the whole report."""
    withdrawn: bool
    """Whether its paragraph was withdrawn since."""
    kind: str
    """Its class: A, B, C or D."""
    text: str
    proposed_words: str
    evidence_offered: str
    position_at_review: str
    by: str
    received_on: str
    late: bool
    event: int
    """The event that recorded it."""
    sources: list[SourceOffered]
    answer: Answered | None


class Received(TypedDict):
    """What became of comments that came in."""

    comments: list[CommentListed]
    already_there: int
    """Those that were recorded before, word for word."""
    notes: list[str]
    """What to know of them: which are late, which name no evidence, and that a later edition followed."""


class _Row(TypedDict):
    id: int
    number: int
    edition: int
    edition_number: int
    review: str
    paragraph: int | None
    kind: str
    text: str
    proposed_words: str
    evidence_offered: str
    position_at_review: str
    by: str
    received_on: str
    late: int
    added_event: int
    withdrawn: int
    answer_id: int | None
    outcome: str
    because: str
    answered_by: str
    answered_at: str
    meeting: int | None


class _SourceRow(SourceOffered):
    comment_id: int


class _EffectRow(CommentEffect):
    answer_id: int


# --- received --------------------------------------------------------------------------------------------


def receive_comments(
    db: Database,
    edition: int,
    given: Sequence[CommentRow],
    *,
    sender: str = "",
    received_on: date | None = None,
    by: str,
    at: datetime,
) -> Received:
    """Record comments on an edition that was sent, all or none; what is there word for word stays once.

    `sender`: the director, or whom they named; `by`: who records them, and the sender where none is named.
    `received_on`: the UK day on which they came, today if None. Raises UnknownName, ImportRefused with every
    comment that cannot be, and DecisionRefused where the edition was not sent.
    """
    by = check_person(by, "a comment")
    with transaction(db):
        found = find_edition(db, edition)
        check_may(db, by, Action.COMMENT, found["review"], "record comments on the report")
        sent = _sent(db, found)
        came = received_on or uk_day(at)
        _refuse_day(sent, came, uk_day(at))
        check_rows(given, list(paragraphs_of(from_json(_body(db, edition)))))
        late = not comments_are_open(sent, came)
        new = [row for row in dict.fromkeys(given) if not _is_there(db, found, row)]
        numbers = _store(db, found, new, sender.strip() or by, came, late, by, at) if new else []
    recorded = [comment for number in numbers for comment in list_comments(db, comment=number)]
    return {
        "comments": recorded,
        "already_there": len(given) - len(new),
        "notes": list(_notes(found, sent, late, recorded)),
    }


def _body(db: Database, edition: int) -> str:
    return str(one(db, "select body from edition where id = ?", [edition]))


def _sent(db: Database, found: EditionFound) -> Sent:
    sent = sendings_of(db, edition=found["id"])
    if not sent:
        raise DecisionRefused(
            f"{edition_name(found)} was not sent to the authority",
            hint="Comment on an edition that was sent.",
        )
    return sent[0]


def _refuse_day(sent: Sent, came: date, today: date) -> None:
    if not sent["sent_on"] <= came.isoformat() <= today.isoformat():
        raise DecisionRefused(
            f"comments cannot have come on {day_words(came.isoformat())}: the edition was sent on"
            f" {day_words(sent['sent_on'])}, and today is {day_words(today.isoformat())}"
        )


def _is_there(db: Database, found: EditionFound, row: CommentRow) -> bool:
    asked = {
        "edition": found["id"],
        "paragraph": _paragraph(db, found, row),
        "kind": row.kind,
        "text": row.text.strip(),
        "proposed": row.proposed_words.strip(),
        "evidence": row.evidence_offered.strip(),
    }
    return bool(one(db, SAME, asked))


def _paragraph(db: Database, found: EditionFound, row: CommentRow) -> int | None:
    return None if row.paragraph is None else paragraph_id(db, found["report_id"], row.paragraph)


def _store(
    db: Database,
    found: EditionFound,
    given: Sequence[CommentRow],
    sender: str,
    came: date,
    late: bool,
    by: str,
    at: datetime,
) -> list[int]:
    act = Act(ReportAction.RECEIVE_COMMENTS, by, at, found["review_id"], f"edition {found['id']}")
    event = add_event(db, act, after={"comments": len(given), "late": late})
    last = int(one(db, LAST_NUMBER, [found["report_id"]]))
    return [
        insert(
            db,
            "comment",
            {
                "edition_id": found["id"],
                "number": number,
                "paragraph_id": _paragraph(db, found, row),
                "class": row.kind,
                "text": row.text.strip(),
                "proposed_words": row.proposed_words.strip(),
                "evidence_offered": row.evidence_offered.strip(),
                "position_at_review": row.position_at_review,
                "by": sender,
                "received_on": came.isoformat(),
                "late": int(late),
                "added_event": event,
            },
        )
        for number, row in enumerate(given, start=last + 1)
    ]


def _notes(found: EditionFound, sent: Sent, late: bool, recorded: Iterable[CommentListed]) -> Iterator[str]:
    if late:
        until = sent["comments_until"]
        yield (
            f"late: comments were asked for until {day_words(until)}"
            if until
            else ("late: no comments were asked for on this edition")
        )
    superseded = found["latest"] != found["id"]
    if superseded:
        yield f"{edition_name(found)} was followed by a later edition"
    for comment in recorded:
        name = f"comment {comment['number']}"
        if superseded and comment["paragraph"] is not None:
            what = "was withdrawn since" if comment["withdrawn"] else "is still in the report"
            yield f"{name}: p{comment['paragraph']} {what}"
        if comment["kind"] == "C" and not comment["evidence_offered"]:
            yield f"{name}: no evidence named"


# --- listed ----------------------------------------------------------------------------------------------


def find_comment(db: Database, comment: int) -> CommentListed:
    """A comment by its number in the working database; raises UnknownName."""
    found = list_comments(db, comment=comment)
    if not found:
        known = rows(db, "select id from comment order by id desc limit 20")
        raise UnknownName("comment", str(comment), [str(row["id"]) for row in known])
    return found[0]


def list_comments(
    db: Database, *, edition: int | None = None, report: int | None = None, comment: int | None = None
) -> list[CommentListed]:
    """The comments on an edition, or on all editions of a report, by their numbers; three statements."""
    found = rows_as(_Row, db, LISTED, {"edition": edition, "report": report, "comment": comment})
    numbers = json.dumps([row["id"] for row in found])
    answers = json.dumps([row["answer_id"] for row in found if row["answer_id"] is not None])
    sources = rows_as(_SourceRow, db, SOURCES, [numbers])
    effects = rows_as(_EffectRow, db, EFFECTS, [answers])
    return [
        {
            "id": row["id"],
            "number": row["number"],
            "edition": row["edition"],
            "edition_number": row["edition_number"],
            "review": row["review"],
            "paragraph": row["paragraph"],
            "withdrawn": bool(row["withdrawn"]),
            "kind": row["kind"],
            "text": row["text"],
            "proposed_words": row["proposed_words"],
            "evidence_offered": row["evidence_offered"],
            "position_at_review": row["position_at_review"],
            "by": row["by"],
            "received_on": row["received_on"],
            "late": bool(row["late"]),
            "event": row["added_event"],
            "sources": [_offered(one_of) for one_of in sources if one_of["comment_id"] == row["id"]],
            "answer": _answered(
                row, [one_of for one_of in effects if one_of["answer_id"] == row["answer_id"]]
            ),
        }
        for row in found
    ]


def _offered(row: _SourceRow) -> SourceOffered:
    return {
        "source": row["source"],
        "title": row["title"],
        "dated": row["dated"],
        "of_the_time": row["of_the_time"],
        "released_at": row["released_at"],
        "released_by": row["released_by"],
        "released_because": row["released_because"],
    }


def _answered(row: _Row, effects: Iterable[_EffectRow]) -> Answered | None:
    if row["answer_id"] is None:
        return None
    return {
        "outcome": row["outcome"],
        "because": row["because"],
        "by": row["answered_by"],
        "at": row["answered_at"],
        "meeting": row["meeting"],
        "effects": [
            {"kind": one_of["kind"], "what": one_of["what"], "event": one_of["event"]} for one_of in effects
        ],
    }


# --- answered --------------------------------------------------------------------------------------------


def answer_comment(
    db: Database,
    comment: int,
    outcome: str,
    *,
    because: str,
    changed: Sequence[str] = (),
    meeting: int | None = None,
    by: str,
    at: datetime,
) -> CommentListed:
    """Answer a comment: accepted, partly or not_accepted, with the reason and what was changed because of it.

    `changed` names a paragraph ('p12'), an item ('E12', also for its tags), or a domain, question or 'cell'
    that was decided. Raises UnknownName, WordsMissing, and DecisionRefused where `by` is not independent,
    where nothing of what is named has changed since, and where a view alone (D) would change something.
    """
    if outcome not in OUTCOMES:
        raise UnknownName("outcome of a comment", outcome, OUTCOMES)
    by, because = check_person(by, "an answer"), check_words(because, "an answer")
    with transaction(db):
        found = find_comment(db, comment)
        edition = find_edition(db, found["edition"])
        review = find_review(db, found["review"])
        check_may(db, by, Action.ANSWER, review.key, "answer comments on the report")
        _refuse_involved(db, review, edition, found, by)
        if meeting is not None:
            _refuse_other_meeting(db, review, meeting)
        effects = list(_effects(db, review, edition, found, changed))
        if effects and outcome == "not_accepted":
            raise DecisionRefused(
                "a comment that changed something is not one that was not accepted",
                hint="Answer it as accepted, or partly.",
                remedies=[LeaveOut(Part.CHANGED)],
            )
        act = Act(ReportAction.ANSWER, by, at, review.id, f"comment {comment}", because)
        event = add_event(
            db,
            act,
            detail={"changed": [effect["what"] for effect in effects]},
            before={"comment": found["answer"]["outcome"] if found["answer"] else "open"},
            after={"comment": outcome},
        )
        row = {"comment_id": comment, "outcome": outcome, "because": because, "by": by}
        number = insert(db, "answer", {**row, "meeting_id": meeting, "added_event": event})
        nothing: CommentEffect = {"kind": "none", "what": "nothing was changed", "event": None}
        for effect in effects or [nothing]:
            insert(db, "answer_effect", {"answer_id": number, **effect})
    return find_comment(db, comment)


def _refuse_involved(
    db: Database, review: Review, edition: EditionFound, comment: CommentListed, by: str
) -> None:
    """Raise DecisionRefused where somebody recorded, tagged or scored what the paragraph rests on."""
    paragraph = comment["paragraph"]
    asked = {
        "review": review.id,
        "paragraph": None if paragraph is None else paragraph_id(db, edition["report_id"], paragraph),
        "event": edition["added_event"],
        "run": edition["run_id"],
        "by": by,
    }
    if involved := rows(db, INVOLVED, asked):
        what = "the report" if paragraph is None else f"p{paragraph}"
        raise DecisionRefused(
            f"{by} {involved[0]['did']} E{involved[0]['id']}, on which {what} rests",
            hint="A comment is answered by somebody who recorded, tagged and scored nothing of that.",
        )


def _refuse_other_meeting(db: Database, review: Review, meeting: int) -> None:
    if not one(db, "select 1 from meeting where id = ? and review_id = ?", [meeting, review.id]):
        known = rows(db, "select id from meeting where review_id = ?", [review.id])
        raise UnknownName("meeting", str(meeting), [str(row["id"]) for row in known])


def _effects(
    db: Database, review: Review, edition: EditionFound, comment: CommentListed, changed: Iterable[str]
) -> Iterator[CommentEffect]:
    """The changes that names stand for, each with the event that made it."""
    for name in dict.fromkeys(each.strip() for each in changed):
        number = paragraph_number(name) if name[:1].lower() == "p" else None
        if number is not None:
            row = paragraph_id(db, edition["report_id"], number)
            found = rows_as(CommentEffect, db, WORDS_SINCE, [row, comment["event"]])
        elif is_rated(review, name) or name[:1] in "Ee":
            found = [
                {"kind": effect["kind"], "what": effect["what"], "event": effect["event"]}
                for effect in changes_since(db, review, name, comment["event"])
            ]
        else:
            raise EvidenceInvalid(
                f"{name!r} is nothing that a comment changes",
                hint="Name a paragraph (p12), an item (E12), or a domain or question that was decided.",
            )
        if not found:
            what = rating_title(review.framework, name) if is_rated(review, name) else name
            raise DecisionRefused(
                f"nothing about {what} has changed since comment {comment['number']} came in",
                hint="Make the change first; or answer without naming a change.",
                remedies=[LeaveOut(Part.CHANGED)],
            )
        if comment["kind"] == "D":
            raise DecisionRefused(
                "a view about a rating changes nothing by itself",
                hint="Where it brings a new fact, ask for it as a comment of class B or C.",
                remedies=[LeaveOut(Part.CHANGED)],
            )
        yield from found
