"""The page that imports a table: at once, or with a mapping that is shown first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from evidence.files.tables import open_tables
from evidence.files.texts import LONGEST_ENCODING, GivenFile
from evidence.intake.importing import import_files
from evidence.intake.layouts import fits_layout, wanted
from evidence.intake.report import ImportReport
from evidence.mapping.choosing import Chosen
from evidence.mapping.from_file import ProposedFor, propose_for
from evidence.mapping.kept import KeptMapping, kept_for
from evidence.mapping.propose import COLUMNS_OF
from evidence.mapping.spec import check_mapping
from joint_review.web.access import read
from joint_review.web.forms import Done, Form, Mistakes, Sent
from joint_review.web.page import REVIEW, Declared, Page
from joint_review.web.preview import Preview, asked_for, preview_of, typed_mapping
from joint_review.web.request import Asked
from joint_review.web.run_view import Head, Shown
from joint_review.web.turns import read_apart
from joint_review.web.waiting import LARGEST_WAITING, Waiting, find_waiting, forget, put_to_wait
from joint_review.web.wording import plural
from programme.calendar import DateOrder
from programme.database import Database
from programme.permissions import Action
from programme.progress import no_progress
from programme.reviews import Review, find_review
from rules.errors import EvidenceInvalid, ImportRefused, ProblemsFound, ReviewError
from rules.policyfile import PolicyText

IMPORT = REVIEW + "/import"
THE_MAPPING = "the mapping on this page"


def subject() -> tuple[Declared, ...]:
    """What this page answers for."""
    return (
        Page(IMPORT, "importing", importing, Action.ADD_SOURCE),
        Form(IMPORT, "table", Action.ADD_SOURCE, store_table, read_table, files=True, rests_on=None),
    )


class ImportingPage(Head):
    """What the page that imports a table needs."""

    largest: int
    """In megabytes."""
    orders: list[tuple[str, str]]
    """How dates can be meant that could be two."""


ORDERS = [
    ("", "as other dates of their column show"),
    (DateOrder.DAY_FIRST.value, "the day first: 8 October 2021"),
    (DateOrder.MONTH_FIRST.value, "the month first: 10 August 2021"),
]


def importing(db: Database, asked: Asked) -> ImportingPage:
    """What the page that imports a table needs."""
    review = find_review(db, asked.names["review"])
    head = Shown(db, review, None, "en").head()
    return {**head, "largest": LARGEST_WAITING // 1_000_000, "orders": ORDERS}


class ToBeMapped(EvidenceInvalid):
    """A table that fits no layout: what each of its columns is has to be said first."""

    def __init__(self, message: str, preview: Preview) -> None:
        super().__init__(message)
        self.places = (preview,)


class NotImported(ProblemsFound):
    """A table with problems; its mapping is shown again."""

    def __init__(self, error: ProblemsFound, preview: Preview | None) -> None:
        super().__init__(
            error.message, error.problems, hint=error.hint, more=error.more, remedies=error.remedies
        )
        self.places = (preview,) if preview else ()


class Lacking(Mistakes):
    """Fields of a mapping that are not filled in; the mapping is shown again."""

    def __init__(self, mistakes: dict[str, str], preview: Preview) -> None:
        super().__init__(mistakes)
        self.places = (preview,)


@dataclass(frozen=True)
class ReadTable:
    """A table that is ready to be imported."""

    waiting: Waiting
    chosen: Chosen | None
    """Its mapping; None for one that fits a layout."""
    preview: Preview | None


async def read_table(database: Any, sent: Sent) -> ReadTable:
    """The table that was sent, or waits, with its mapping; raises ToBeMapped where that is to come."""
    review = await read(database, lambda db: find_review(db, sent.review))
    waiting, is_new = _waiting(sent)
    layout = sent.one_of("layout", COLUMNS_OF) or None

    def work(seconds: float) -> ProposedFor | ReviewError | None:
        with TemporaryDirectory(prefix="joint-review-") as folder:
            path = _put(waiting, Path(folder))
            if is_new and _fits(path, waiting, seconds):
                return None
            how: dict[str, Any] = {"encoding": waiting.encoding, "framework": review.framework}
            try:
                return propose_for(path, name=waiting.name, layout=layout, seconds=seconds, **how)
            except EvidenceInvalid as error:
                if layout:
                    return error
                return propose_for(path, name=waiting.name, layout="findings", seconds=seconds, **how)

    found = await read_apart(sent.by, work)
    if isinstance(found, ReviewError):
        raise found
    if found is None:
        return ReadTable(waiting, None, None)
    kept = await read(database, lambda db: _kept(db, found, layout))
    return _mapped(sent, review, waiting, found, kept, is_new)


def _waiting(sent: Sent) -> tuple[Waiting, bool]:
    """The table that came with the form, or the one that waits for it, and which of the two."""
    encoding = sent.text("encoding", longest=LONGEST_ENCODING) or "utf-8"
    given = next(iter(sent.files), None)
    if given is not None:
        data = _content(given)
        if len(data) > LARGEST_WAITING:
            most = f"{LARGEST_WAITING // 1_000_000} MB"
            raise Mistakes({"files": f"A page imports at most {most}. Divide the file."})
        by = {"by": sent.by, "review": sent.review}
        return put_to_wait(**by, name=given.shown or "table", data=data, encoding=encoding), True
    found = find_waiting(sent.text("waiting"), by=sent.by, review=sent.review)
    if found is None:
        what = "The table is no longer here. Choose it again." if sent.text("waiting") else "Choose a file."
        raise Mistakes({"files": what})
    return found, False


def _content(given: GivenFile) -> bytes:
    if isinstance(given.content, bytes):
        return given.content
    with given.content.open("rb") as file:
        return file.read(LARGEST_WAITING + 1)


def _put(waiting: Waiting, folder: Path) -> Path:
    """The table as a file, under a name of this program's own."""
    path = folder / f"table{GivenFile(waiting.name, b'').suffix}"
    path.write_bytes(waiting.data)
    return path


def _fits(path: Path, waiting: Waiting, seconds: float) -> bool:
    with open_tables(
        path, waiting.encoding, no_progress, waiting.name, wanted=wanted(), seconds=seconds
    ) as tables:
        return any(map(fits_layout, tables))


def _kept(db: Database, found: ProposedFor, layout: str | None) -> KeptMapping | None:
    kept = kept_for(db, found.shape)
    return kept[0] if kept and layout in (None, kept[0].layout) else None


def _mapped(
    sent: Sent, review: Review, waiting: Waiting, found: ProposedFor, kept: KeptMapping | None, is_new: bool
) -> ReadTable:
    """The table with the mapping that the form says; raises what is wrong with it, with its preview."""
    again = is_new or sent.ticked("again")

    def typed(name: str) -> str | None:
        return None if again or name not in sent.fields else sent.text(name)

    preview = preview_of(waiting.token, waiting.name, found, kept, review.framework, typed)
    if again:
        raise ToBeMapped("This table fits no layout. Check what each column is, then import it.", preview)
    try:
        mapping = typed_mapping(found, kept, review.framework, typed)
    except ValidationError as error:
        raise ToBeMapped(f"The mapping is not valid: {error.errors()[0]['msg']}.", preview) from error
    if lacking := asked_for(mapping):
        raise Lacking(lacking, preview)
    text = PolicyText(THE_MAPPING)
    check_mapping(text, mapping)
    try:
        text.refuse_if_problems()
    except ProblemsFound as error:
        raise NotImported(error, preview) from error
    name = mapping.name or Path(waiting.name).stem
    chosen = Chosen(mapping.model_copy(update={"name": name}), THE_MAPPING)
    return ReadTable(waiting, chosen, preview)


def store_table(db: Database, sent: Sent) -> Done:
    """Import what `read_table` read, all of it or nothing."""
    ready: ReadTable = sent.prepared
    review = find_review(db, sent.review)
    order = sent.one_of("dates", [value for value, _ in ORDERS if value])
    with TemporaryDirectory(prefix="joint-review-") as folder:
        path = _put(ready.waiting, Path(folder))
        try:
            report = import_files(
                db,
                review,
                [path],
                by=sent.by,
                at=sent.at,
                encoding=ready.waiting.encoding,
                mappings=[ready.chosen] if ready.chosen else [],
                names=[ready.waiting.name],
                dates=DateOrder(order) if order else None,
                elsewhere=False,
            )
        except ImportRefused as error:
            raise NotImported(error, ready.preview) from error
    forget(ready.waiting.token)
    return Done(_said(report), to=f"/reviews/{sent.review}/sources", more={"added": report.added})


def _said(report: ImportReport) -> str:
    added = ", ".join(plural(count, what.removesuffix("s")) for what, count in report.added.items() if count)
    said = [f"Imported: {added}." if added else "Nothing new: all of it is there already."]
    said += report.notes[:5]
    if report.kept:
        said.append("The mapping is kept for the next file of this shape.")
    return " ".join(said)
