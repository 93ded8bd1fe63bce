"""Copies of an edition: each of one recipient, with its number and mark, found again by number or file.

A copy is made once. Sent twice to one recipient it is the same copy: its number, how many there were, its end
of embargo and the time in its files are kept, so that the same edition gives the same bytes. Where a newer
renderer gives others, their digest is kept as well. Nothing is sent from here: that somebody sent a copy, and
that somebody opened one, is recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

from programme.calendar import moment_words, start_of_day, uk_day, uk_moment
from programme.database import Act, Database, add_event, insert, one, transaction
from programme.files import new_file, put_in_place
from programme.names import check_person
from programme.permissions import Action
from programme.reviews import Review, find_review
from programme.users import check_may
from report.actions import ReportAction
from report.milestones import milestone
from report.model import LANGUAGES, Language, Report, Words, from_json
from report.moderation import EditionFound, edition_name, find_edition, waiting_for
from report.practice import PUBLICATION, followed_practice
from report.recipients import DRAFT, EMBARGO, Recipient, recipients
from report.release_tables import FORMATS, USES
from report.render.spoken import Mark
from rules.errors import DecisionRefused, UnknownName
from rules.words import listed

SENT, OPENED, RETURNED = USES
STAGES_OF_COPIES = {DRAFT: (DRAFT,), EMBARGO: (DRAFT, EMBARGO)}
"""Who gets a copy at which stage: who had the draft also gets the report before it is public."""

Render = Callable[[Report, Language, datetime, Mark], bytes]
"""Makes a marked file of a report in a language; the time is what the file says of when it was made."""


class CopyFile(TypedDict):
    """A file of a copy."""

    name: str
    lang: str
    format: str
    digest: str


class Use(TypedDict):
    """That a copy was sent, opened or returned."""

    what: str
    at: str
    note: str
    by: str


@dataclass(frozen=True)
class Copy:
    """A copy of an edition."""

    id: int
    edition: int
    """Row of the edition."""
    edition_number: int
    kind: str
    review: str
    number: int
    among: int
    """How many copies there were when it was made."""
    recipient_id: int
    name: str
    role: str
    organisation: str
    hours: float | None
    embargo_until: str
    """The moment from which it may be passed on; empty for a copy of a draft."""
    made_on: str
    made_at: str
    files: tuple[CopyFile, ...] = ()
    uses: tuple[Use, ...] = ()

    def first(self, what: str) -> str | None:
        """When it was first sent, opened or returned; None if it never was."""
        return min((use["at"] for use in self.uses if use["what"] == what), default=None, key=_moment)

    @property
    def holder(self) -> str:
        """For whom it is: the name where there is one, else the role; and the organisation."""
        return f"{self.name}, {self.organisation}"


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)


COPIES = """
select c.id, c.edition_id as edition, e.number as edition_number, t.kind, v.key as review, c.number,
  c.among, c.recipient_id, r.name, r.role, r.organisation, r.hours_before as hours, c.embargo_until,
  c.made_on, a.at as made_at
from copy c join recipient r on r.id = c.recipient_id join event a on a.id = c.added_event
join edition e on e.id = c.edition_id join report t on t.id = e.report_id join review v on v.id = t.review_id
where (:edition is null or c.edition_id = :edition) and (:number is null or c.number = :number)
  and (:digest is null or c.id in (select copy_id from copy_file where digest = :digest))
order by c.edition_id, c.number
"""
FILES = """
select copy_id, name, lang, format, digest from copy_file
where copy_id in (select value from json_each(?)) order by id
"""
USED = """
select copy_id, what, at, note, by from copy_use
where copy_id in (select value from json_each(?)) order by id
"""


def copies_of(
    db: Database, *, edition: int | None = None, number: int | None = None, digest: str | None = None
) -> list[Copy]:
    """Copies with their files and what became of them: of an edition, with a number, or with a file of that
    digest (SHA-256); all of them for nothing given."""
    given = {"edition": edition, "number": number, "digest": digest}
    found = db.execute(COPIES, given)
    names = [column[0] for column in found.description]
    there = [dict(zip(names, row, strict=True)) for row in found]
    ids = [f"[{','.join(str(copy['id']) for copy in there)}]"]
    files: dict[int, list[CopyFile]] = {}
    for of, name, lang, form, file_digest in db.execute(FILES, ids):
        files.setdefault(of, []).append({"name": name, "lang": lang, "format": form, "digest": file_digest})
    uses: dict[int, list[Use]] = {}
    for of, what, at, note, by in db.execute(USED, ids):
        uses.setdefault(of, []).append({"what": what, "at": at, "note": note, "by": by})
    return [
        Copy(**copy, files=tuple(files.get(copy["id"], ())), uses=tuple(uses.get(copy["id"], ())))
        for copy in there
    ]


def find_copy(db: Database, edition: int, number: int) -> Copy:
    """A copy of an edition by its number; raises UnknownName."""
    if not (found := copies_of(db, edition=edition, number=number)):
        known = [str(copy.number) for copy in copies_of(db, edition=edition)]
        raise UnknownName(f"copy of edition {edition} with the number", str(number), known)
    return found[0]


def copies_like(db: Database, given: Path | str) -> list[Copy]:
    """The copies that a file is, or that have a number as it is read off a page; empty for none.

    A file is known by its digest alone: one that was saved again is looked up by the number on its pages.
    """
    path = Path(given)
    if path.is_file():
        return copies_of(db, digest=_digest(path))
    text = str(given).strip()
    return copies_of(db, number=int(text)) if text.isdecimal() and len(text) < 10 else []


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- making them -----------------------------------------------------------------------------------------

PRESENTED = "select at from presentation where edition_id = ? and withdrawn_event is null"


def public_from(db: Database, review: Review, edition: int) -> datetime | None:
    """The moment from which an edition is public: that of its presentation, or where the practice has none,
    the first of the day of publication; None while it is not known."""
    at = one(db, PRESENTED, [edition])
    if at:
        return datetime.fromisoformat(at)
    practice = followed_practice(db, review).practice
    if practice.is_presented or PUBLICATION not in practice.by_id:
        return None
    day = milestone(db, review, PUBLICATION).day
    return start_of_day(day) if day else None


def make_copies(
    db: Database,
    edition: int,
    stage: str,
    folder: Path,
    renders: Mapping[str, Render],
    languages: Sequence[Language],
    *,
    by: str,
    at: datetime,
) -> list[Copy]:
    """Make the copies of an edition for all who get it at a stage, as files in a folder.

    `stage` is draft or embargo; `renders` makes a file of each format. Who has a copy keeps it: its files are
    made again. Raises DecisionRefused while the edition is not cleared or no longer the latest, and where it
    is not known until when an embargo lasts.
    """
    by = check_person(by, "copies")
    if stage not in STAGES_OF_COPIES:
        raise UnknownName("stage of copies", stage, STAGES_OF_COPIES)
    for form in renders:
        if form not in FORMATS:
            raise UnknownName("format", form, FORMATS)
    numbers = _number(db, edition, stage, by, at)
    report = from_json(one(db, "select body from edition where id = ?", [edition]))
    made = [copy for copy in copies_of(db, edition=edition) if copy.number in numbers]
    folder.mkdir(parents=True, exist_ok=True)
    files: list[tuple[int, CopyFile]] = []
    for copy in made:
        for lang in languages:
            for form, render in renders.items():
                content = render(report, lang, _moment(copy.made_at), mark_of(copy))
                name = f"{copy.review}-{copy.kind}-{copy.edition_number}-copy-{copy.number:03}-{lang}.{form}"
                with new_file(folder / name) as part:
                    part.write_bytes(content)
                    put_in_place(part, folder / name)
                digest = hashlib.sha256(content).hexdigest()
                files.append((copy.id, {"name": name, "lang": lang, "format": form, "digest": digest}))
    _keep_digests(db, edition, files, by, at)
    return [copy for copy in copies_of(db, edition=edition) if copy.number in numbers]


def mark_of(copy: Copy) -> Mark:
    """What marks the files of a copy."""
    until = copy.embargo_until
    words = Words(**{lang: moment_words(until, lang) for lang in LANGUAGES}) if until else None
    return Mark(copy.number, copy.among, Words.same(copy.name), words)


def _number(db: Database, edition: int, stage: str, by: str, at: datetime) -> set[int]:
    """Give everyone who has none a copy with a number; the numbers of all copies of the stage."""
    with transaction(db):
        found = find_edition(db, edition)
        check_may(db, by, Action.PLAN_REPORT, found["review"], "have copies of the report made")
        refuse_uncleared(db, found, "copies of it are made")
        review = find_review(db, found["review"])
        getting = [one for one in recipients(db, review) if one["stage"] in STAGES_OF_COPIES[stage]]
        if not getting:
            raise DecisionRefused(
                f"nobody gets the {found['kind']} of {found['review']} at the stage {stage}",
                hint="List who gets it first.",
            )
        until = _embargo(db, review, found, stage)
        there = {copy.recipient_id: copy.number for copy in copies_of(db, edition=edition)}
        new = [one for one in getting if one["id"] not in there]
        if new:
            _store(db, found, review, new, max(there.values(), default=0), until, by, at)
    wanted = {one["id"] for one in getting}
    return {copy.number for copy in copies_of(db, edition=edition) if copy.recipient_id in wanted}


def _embargo(db: Database, review: Review, found: EditionFound, stage: str) -> str:
    if stage == DRAFT:
        return ""
    until = public_from(db, review, found["id"])
    if until is None:
        raise DecisionRefused(
            f"it is not known until when the embargo on {edition_name(found)} lasts",
            hint="Record the date and time of the presentation first, or set the day of publication.",
        )
    return until.isoformat()


def _store(
    db: Database,
    found: EditionFound,
    review: Review,
    new: Sequence[Recipient],
    last: int,
    until: str,
    by: str,
    at: datetime,
) -> None:
    among = last + len(new)
    act = Act(ReportAction.MAKE_COPIES, by, at, review.id, target=f"edition {found['id']}")
    event = add_event(db, act, after={"copies": [last + 1, among], "embargo_until": until})
    for number, recipient in enumerate(new, last + 1):
        insert(
            db,
            "copy",
            {
                "edition_id": found["id"],
                "recipient_id": recipient["id"],
                "number": number,
                "among": among,
                "made_on": uk_day(at).isoformat(),
                "embargo_until": until,
                "by": by,
                "added_event": event,
            },
        )


def refuse_uncleared(db: Database, found: EditionFound, what: str) -> None:
    """Raise DecisionRefused unless an edition was passed, is cleared by every body, and is the latest one.

    `what` cannot be done before: 'it is presented'.
    """
    name = edition_name(found)
    if found["verdict"] != "passed":
        raise DecisionRefused(f"the moderator must pass {name} before {what}")
    if waiting := waiting_for(db, found):
        raise DecisionRefused(f"{listed(waiting)} must clear {name} before {what}")
    if found["latest"] != found["id"]:
        raise DecisionRefused(f"{name} was followed by a later edition", hint="Take the latest edition.")


KNOWN_FILE = "select 1 from copy_file where copy_id = ? and digest = ?"


def _keep_digests(
    db: Database, edition: int, files: Sequence[tuple[int, CopyFile]], by: str, at: datetime
) -> None:
    with transaction(db):
        new = [(copy, file) for copy, file in files if not one(db, KNOWN_FILE, [copy, file["digest"]])]
        if not new:
            return
        found = find_edition(db, edition)
        act = Act(ReportAction.MAKE_COPIES, by, at, found["review_id"], target=f"edition {edition}")
        event = add_event(db, act, after={"files": len(new)})
        for copy, file in new:
            insert(db, "copy_file", {"copy_id": copy, **file, "added_event": event})


# --- what becomes of them --------------------------------------------------------------------------------


def record_use(
    db: Database,
    edition: int,
    number: int,
    what: str,
    when: datetime,
    *,
    note: str = "",
    by: str,
    at: datetime,
) -> Copy:
    """Record that a copy was sent, opened or returned at a moment.

    Raises DecisionRefused for a moment to come, for a copy that was opened or returned before it was sent,
    and for an embargoed copy that is sent earlier than its recipient may have it; that needs no record here,
    but one of the breach.
    """
    by = check_person(by, "this")
    if what not in USES:
        raise UnknownName("use of a copy", what, USES)
    when = uk_moment(when)
    with transaction(db):
        found = find_edition(db, edition)
        check_may(db, by, Action.PLAN_REPORT, found["review"], "record what became of copies")
        copy = find_copy(db, edition, number)
        _refuse_use(db, find_review(db, found["review"]), copy, what, when, at)
        act = Act(
            ReportAction.RECORD_COPY,
            by,
            at,
            found["review_id"],
            target=f"copy {number} of edition {edition}",
            because=note.strip(),
        )
        event = add_event(db, act, after={what: when.isoformat()})
        row = {"copy_id": copy.id, "what": what, "at": when.isoformat(), "note": note.strip(), "by": by}
        insert(db, "copy_use", {**row, "added_event": event})
        return find_copy(db, edition, number)


def _refuse_use(db: Database, review: Review, copy: Copy, what: str, when: datetime, at: datetime) -> None:
    if when > at:
        raise DecisionRefused(f"{moment_words(when.isoformat())} is still to come")
    if what == SENT:
        earliest = may_have_from(db, review, copy)
        if earliest is not None and when < earliest:
            raise DecisionRefused(
                f"{copy.holder} may have copy {copy.number} from {moment_words(earliest.isoformat())}",
                hint="Send it then. If it was sent before, record that as a breach of the embargo.",
            )
        return
    sent = copy.first(SENT)
    if sent is None or when < _moment(sent):
        raise DecisionRefused(
            f"copy {copy.number} was not sent by {moment_words(when.isoformat())}",
            hint="Record first when it was sent.",
        )


def may_have_from(db: Database, review: Review, copy: Copy) -> datetime | None:
    """From when on its recipient may have an embargoed copy; None for a copy of a draft, at once."""
    if not copy.embargo_until:
        return None
    hours = copy.hours or followed_practice(db, review).practice.early_readers.hours
    # Counted in UTC: 24 hours are 24 hours when clocks change, too.
    # A presentation that was put off after the copy was made moves its time, too.
    until = public_from(db, review, copy.edition) or _moment(copy.embargo_until)
    return uk_moment(until.astimezone(UTC) - timedelta(hours=hours))
