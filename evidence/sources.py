"""Sources with their text: added from files, listed, read page by page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, TypedDict

from pydantic import ValidationError

from evidence.actions import EvidenceAction
from evidence.correcting import former_hint, former_words, renumbered, unknown_source
from evidence.digests import source_digest, source_fields
from evidence.files.texts import GivenFile, Text, Together, read_texts, refused
from evidence.items import withdraw_item
from evidence.late import late_words
from evidence.rows import SourceRow
from evidence.search import store_pages
from programme.database import Act, Database, add_event, insert, one, rows, rows_as, said_plainly, transaction
from programme.progress import Progress, no_progress
from programme.reviews import Review
from rules.errors import EvidenceInvalid, ImportRefused, Problem
from rules.limits import MOST_PAGES, READ_SECONDS

INITIALS = {
    "case_file": "C",
    "interview": "I",
    "group_meeting": "G",
    "survey": "S",
    "indicator_return": "N",
    "document": "D",
    "observation": "O",
}
"""What the index numbers begin with that sources get if none is given: D-001, D-002, ..."""


@dataclass(frozen=True)
class SourceDetails:
    """What is known of the sources that files are added as; all the same for several files."""

    ref: str = ""
    """Index number; the next of its kind if empty. For one file alone."""
    title: str = ""
    """What it is; the file's name if empty. For one file alone."""
    kind: str = "document"
    dated: str | date | None = None
    strand: str = ""
    status: str = ""


@dataclass
class AddedSources:
    """What became of the files that were given."""

    added: list[dict[str, Any]] = field(default_factory=list)
    """source (index number), title, file, type, pages, characters, notes."""
    already_there: list[dict[str, str]] = field(default_factory=list)
    """file, and source: the one that holds the same text."""


def add_sources(
    db: Database,
    review: Review,
    given: Sequence[GivenFile],
    details: SourceDetails,
    *,
    by: str,
    at: datetime,
    encoding: str = "utf-8",
    progress: Progress = no_progress,
    seconds: float = READ_SECONDS,
) -> AddedSources:
    """Store files as sources of a review with their text by page or section, all or nothing.

    In the order of their names, whatever order they are given in. A text that a source of the review holds
    already is not stored again. Nobody is locked out while the files are read. Raises ImportRefused with
    every problem of every file, and stores nothing then. `encoding` and `seconds` as for `read_texts`.
    """
    texts = read_sources(review, given, details, encoding=encoding, progress=progress, seconds=seconds)
    return store_sources(db, review, texts, details, by=by, at=at)


def read_sources(
    review: Review,
    given: Sequence[GivenFile],
    details: SourceDetails,
    *,
    encoding: str = "utf-8",
    progress: Progress = no_progress,
    seconds: float = READ_SECONDS,
    together: Together | None = None,
) -> list[Text]:
    """The first half of `add_sources`: details checked and files read, without any database."""
    problems = [] if given else [Problem("files", "no file was given.", "Give at least one.")]
    problems += _problems_of(review, details, len(given))
    texts: list[Text] = []
    try:
        texts = read_texts(given, progress, encoding=encoding, seconds=seconds, together=together)
    except ImportRefused as error:
        problems += error.problems
    if problems:
        raise refused(problems)
    return sorted(texts, key=lambda text: (text.file, text.sha256))


def store_sources(
    db: Database, review: Review, texts: Sequence[Text], details: SourceDetails, *, by: str, at: datetime
) -> AddedSources:
    """The second half of `add_sources`: what was read, stored all or nothing."""
    with said_plainly(), transaction(db):
        return _Storing(db, review, details, by, at).store(texts)


def _problems_of(review: Review, details: SourceDetails, files: int) -> list[Problem]:
    """What is wrong with the details, before any file is looked at."""
    problems = [
        Problem(name, "this option is for a single file.", "Add the files one by one, or leave it out.")
        for name, value in (("ref", details.ref), ("title", details.title))
        if value and files > 1
    ]
    try:
        _row(review, details, details.ref or "-", details.title or "-")
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            context = detail.get("ctx", {})
            name = {"source": "ref"}.get(str(detail["loc"][0]), str(detail["loc"][0]))
            expected = context.get("expected") or detail["msg"]
            shown = str(detail["input"])[:60]
            message = f"found {shown!r}; expected {expected}."
            problems.append(Problem(name, message, str(context.get("hint", ""))))
    return problems


def _row(review: Review, details: SourceDetails, ref: str, title: str, more: Any = ()) -> SourceRow:
    given = {
        "source": ref,
        "title": title,
        "kind": details.kind,
        "dated": details.dated,
        "status": details.status,
        "strand": details.strand,
        **dict(more),
    }
    return SourceRow.model_validate(given, context={"strands": review.framework.strand_names})


class _Storing:
    """Texts on their way into the database, inside a transaction."""

    def __init__(self, db: Database, review: Review, details: SourceDetails, by: str, at: datetime) -> None:
        self.db, self.review, self.details, self.by, self.at = db, review, details, by, at

    def store(self, texts: Sequence[Text]) -> AddedSources:
        report = AddedSources()
        stored = self.stored_already(texts)
        new: list[tuple[SourceRow, Text]] = []
        for text in texts:
            if ref := stored.get(text.pages):
                report.already_there.append({"file": text.file, "source": ref})
                continue
            text = self.with_earlier(text)
            row = self.row_of(text, len(new))
            stored[text.pages] = row.source
            new.append((row, text))
        if not new:
            return report
        act = Act(
            EvidenceAction.ADD_SOURCES,
            self.by,
            self.at,
            self.review.id,
            target=", ".join(row.source for row, _ in new),
        )
        event = add_event(
            self.db,
            act,
            detail={
                "files": [
                    {
                        "source": row.source,
                        "file": text.file,
                        "type": text.kind,
                        "sha256": text.sha256,
                        **({"notes": list(text.notes)} if text.notes else {}),
                    }
                    for row, text in new
                ]
            },
        )
        for row, text in new:
            self.insert(row, text, event)
            report.added.append(
                {
                    "source": row.source,
                    "title": row.title,
                    "file": text.file,
                    "type": text.kind,
                    "pages": len(text.pages),
                    "characters": sum(map(len, text.pages)),
                    "notes": list(text.notes),
                }
            )
        return report

    def stored_already(self, texts: Sequence[Text]) -> dict[tuple[str, ...], str]:
        """The sources of the review that hold one of these texts, by their pages; the first where several do.

        One pass over the first pages of the review, and over the pages of those that begin alike.
        """
        wanted = {text.pages for text in texts}
        found: dict[tuple[str, ...], str] = {}
        firsts = json.dumps([pages[0] for pages in wanted])
        alike = self.db.conn.execute(BEGINNING_ALIKE, {"review": self.review.id, "firsts": firsts})
        for source_id, ref in alike.fetchall():
            pages = tuple(
                text
                for (text,) in self.db.conn.execute(
                    "select text from source_page where source_id = ? order by number", [source_id]
                )
            )
            if pages in wanted:
                found.setdefault(pages, ref)
        return found

    def with_earlier(self, text: Text) -> Text:
        """The text with a note where the same file was stored before, when it was read to another text."""
        ends = _of_file(text)
        earlier = one(self.db, SAME_FILE, {"review": self.review.id, "ends": ends, "length": len(ends)})
        if earlier is None:
            return text
        said = f"the same file was read to another text before, which stays as {earlier}"
        return replace(text, notes=(*text.notes, said))

    def row_of(self, text: Text, before: int) -> SourceRow:
        """The source that a text becomes; `before` sources of this call come before it."""
        ref = self.details.ref.strip()
        if ref and one(
            self.db, "select 1 from source where review_id = ? and ref = ?", [self.review.id, ref]
        ):
            raise refused(
                [
                    Problem(
                        text.file,
                        f"the source {ref!r} is already there, with different content.",
                        "Stored sources never change: give the new version an index number of its own.",
                    )
                ]
            )
        if former := renumbered(self.db, self.review).get(ref):
            raise refused([Problem("ref", f"{former_words(former)}.", former_hint(former))])
        if not ref:
            initial = INITIALS[_row(self.review, self.details, "-", "-").kind]
            last = one(self.db, LAST_NUMBER, {"review": self.review.id, "initial": initial}) or 0
            ref = f"{initial}-{last + before + 1:03}"
        stem = text.file.rpartition(".")[0].replace("_", " ").strip()
        more = {"reference": text.file + _of_file(text)}
        row = _row(self.review, self.details, ref, self.details.title or stem or text.file, more)
        # The pages are tidy already, by the process that read them: they are not gone through once more.
        return row.model_copy(update={"text": "\f".join(text.pages)})

    def insert(self, row: SourceRow, text: Text, event: int) -> None:
        title, kind, dated, status, strand, reference, _ = source_fields(row)
        source_id = insert(
            self.db,
            "source",
            {
                "review_id": self.review.id,
                "ref": row.source,
                "title": title,
                "kind": kind,
                "dated": dated,
                "status": status,
                "strand": strand,
                "reference": reference,
                "digest": source_digest(row),
                "added_event": event,
            },
        )
        store_pages(self.db, source_id, text.pages)


def _of_file(text: Text) -> str:
    """How the reference of a source ends that was read from this file."""
    return f" (SHA-256 {text.sha256[:12]})"


SAME_FILE = """
select min(ref) from source where review_id = :review and substr(reference, -:length) = :ends
"""
BEGINNING_ALIKE = """
select s.id, s.ref from source s cross join source_page p on p.source_id = s.id and p.number = 1
where s.review_id = :review and p.text in (select value from json_each(:firsts)) order by s.id
"""
LAST_NUMBER = """
select max(cast(substr(ref, 3) as integer)) from (
  select ref from source where review_id = :review
  union all
  select w.ref from source_was w join source s on s.id = w.source_id where s.review_id = :review)
where ref glob :initial || '-[0-9]*' and substr(ref, 3) not glob '*[^0-9]*'
  and length(ref) < 12
"""


# --- listing and reading ---------------------------------------------------------------------------------


class SourceListed(TypedDict):
    """A source with how many pages and items it has."""

    source: str
    kind: str
    title: str
    dated: str | None
    strand: str
    status: str
    reference: str
    digest: str | None
    added_at: str
    added_by: str
    pages: int
    items: int


class PageListed(TypedDict):
    """A page of a source's text: its length, and how it begins."""

    number: int
    characters: int
    begins: str


class SourceShown(SourceListed):
    """A source with the pages of its text."""

    contents: list[PageListed]
    notes: list[str]
    """What was said when its file was read: what was left out, or could not be read."""
    late: str
    """How it was offered late, with a comment on the report; empty for one that was not."""


class PageShown(TypedDict):
    """A page of a source's text."""

    source: str
    title: str
    pages: int
    page: int
    text: str


def list_sources(
    db: Database, review: Review, *, kind: str | None = None, limit: int = -1, offset: int = 0
) -> list[SourceListed]:
    """The sources of a review (of one kind, if given) in the order of their index numbers, with how many
    pages and items each has; `limit` of them from `offset` on."""
    parameters = {"review": review.id, "kind": kind, "limit": limit, "offset": offset}
    listed = LISTED + CHOSEN + " order by s.ref limit :limit offset :offset"
    return rows_as(SourceListed, db, listed, parameters)


def count_sources(db: Database, review: Review, *, kind: str | None = None) -> int:
    """How many sources a review has (of one kind, if given)."""
    sql = f"select count(*) from source s {CHOSEN}"
    return int(one(db, sql, {"review": review.id, "kind": kind}))


CHOSEN = "where s.review_id = :review and (:kind is null or s.kind = :kind)"
LISTED = """
select s.ref as source, s.kind, s.title, s.dated, s.strand, s.status, s.reference, s.digest,
  a.at as added_at, a.by as added_by,
  (select count(*) from source_page p where p.source_id = s.id) as pages,
  (select count(*) from evidence e where e.source_id = s.id and e.withdrawn_event is null) as items
from source s join event a on a.id = s.added_event
"""
CONTENTS = f"""
select p.number, length(p.text) as characters, trim(replace(substr(p.text, 1, 70), char(10), ' ')) as begins
from source_page p join source s on s.id = p.source_id where s.review_id = ? and s.ref = ? order by p.number
limit {MOST_PAGES}
"""
# The event that added a source names its files in the order in which they were stored.
NOTES = """
select json_extract(a.detail, '$.files[' || (
    select count(*) from source o where o.added_event = s.added_event and o.id < s.id) || '].notes')
from source s join event a on a.id = s.added_event
where s.review_id = ? and s.ref = ? and a.action = ? and json_valid(a.detail)
"""
PAGE = """
select p.text from source_page p join source s on s.id = p.source_id
where s.review_id = ? and s.ref = ? and p.number = ?
"""


ROW = "select id from source where review_id = ? and ref = ?"


def find_source(db: Database, review: Review, ref: str) -> SourceShown:
    """A source as it is listed, with the pages of its text; raises UnknownName."""
    found = rows_as(SourceListed, db, LISTED + "where s.review_id = ? and s.ref = ?", [review.id, ref])
    if not found:
        raise unknown_source(db, review, ref)
    return {
        **found[0],
        "contents": rows_as(PageListed, db, CONTENTS, [review.id, ref]),
        "notes": json.loads(one(db, NOTES, [review.id, ref, EvidenceAction.ADD_SOURCES]) or "[]"),
        "late": late_words(db, one(db, ROW, [review.id, ref])),
    }


def find_page(db: Database, review: Review, ref: str, number: int) -> PageShown:
    """A page of a source's text. Raises UnknownName and EvidenceInvalid."""
    source = find_source(db, review, ref)
    text = one(db, PAGE, [review.id, ref, number])
    if text is None:
        count = source["pages"]
        hint = f"It has the pages 1 to {count:,}." if count else "None of its text is stored."
        raise EvidenceInvalid(f"the source {ref} has no page {number}", hint=hint)
    return {
        "source": source["source"],
        "title": source["title"],
        "pages": source["pages"],
        "page": number,
        "text": text,
    }


COUNTING = """
select e.id from evidence e join source s on s.id = e.source_id
where s.review_id = ? and s.ref = ? and e.withdrawn_event is null order by e.id
"""


def withdraw_source(
    db: Database, review: Review, ref: str, *, by: str, because: str, at: datetime
) -> list[int]:
    """Withdraw every item of a source that counts, and give their numbers; its text stays and can be read.

    Each is withdrawn by an event of its own, all of them or none. Raises UnknownName, WordsMissing, and
    EvidenceInvalid where no item of it counts.
    """
    with transaction(db) as joined:
        source = find_source(joined, review, ref)["source"]
        found = rows(joined, COUNTING, [review.id, source])
        if not found:
            raise EvidenceInvalid(f"no item of {source} counts", hint="There is nothing to withdraw.")
        for item in found:
            withdraw_item(joined, review, item["id"], by=by, because=because, at=at)
    return [item["id"] for item in found]
