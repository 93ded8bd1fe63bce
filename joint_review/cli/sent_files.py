"""The files of editions and their changes, by the name that is asked for; and those of a sending together."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from joint_review.cli.options import now, write_whole
from programme.reviews import find_review
from rules.errors import EvidenceInvalid, ReportNotRendered
from rules.remedy import Install

if TYPE_CHECKING:
    from programme.database import Database
    from report.changes import Changes
    from report.model import Language, Report
    from report.moderation import EditionFound
    from report.render.spoken import Mark

PDF, WORD, PAGE, WORKBOOK = ".pdf", ".docx", ".html", ".xlsx"


def frozen_at(edition: EditionFound) -> datetime:
    """The time that files of an edition say they were made: the day on which it was frozen."""
    return datetime.fromisoformat(edition["frozen_on"]).replace(tzinfo=UTC)


def rendered(report: Report, suffix: str, lang: Language, at: datetime, mark: Mark | None = None) -> bytes:
    """A report in the format of a suffix, as a marked copy if `mark` is given.

    Raises EvidenceInvalid for another suffix, or what a renderer raises.
    """
    if suffix == PAGE:
        from report.render.page import page

        return page(report, lang, mark).encode()
    if suffix == WORD:
        from report.render.word import word

        return word(report, lang, at, mark)
    if suffix == PDF:
        from report.render.pdf import pdf

        return pdf(report, lang, at, mark)
    raise EvidenceInvalid(f"nothing of a report is written as {suffix or 'a file without a type'!r}")


def sheet_file(report: Report, suffix: str, lang: Language, at: datetime) -> bytes:
    """The comment sheet of an edition as a workbook or a Word document; raises EvidenceInvalid."""
    from exchange.files import write_xlsx
    from exchange.tables import OutTable
    from report.sheet import HEADERS, LAYOUT, meanings, sheet_columns, sheet_document, sheet_rows

    if suffix == WORD:
        return rendered(sheet_document(report), suffix, lang, at)
    if suffix != WORKBOOK:
        raise EvidenceInvalid(
            f"no comment sheet is written as {suffix or 'a file without a type'!r}",
            hint="End its name with .xlsx or .docx.",
        )
    said = meanings(lang)
    out = io.BytesIO()
    tables = [
        OutTable(LAYOUT, sheet_columns(lang), sheet_rows(report, lang)),
        OutTable(HEADERS["kind"].spoken(lang)[0], tuple(said[0]), said),
    ]
    write_xlsx(tables, out)
    return out.getvalue()


def changes_file(
    found: Changes, before: Report, after: Report, suffix: str, lang: Language, at: datetime
) -> bytes:
    """What changed between two editions, as a file.

    .docx: the later edition with its words as tracked changes; .html and .pdf: ratings moved, register and
    words marked; .xlsx: ratings moved and register as tables. Raises EvidenceInvalid for another suffix.
    """
    from exchange.files import write_xlsx
    from exchange.tables import OutTable
    from report.changes_document import changes_document
    from report.register import rating_rows, register_rows

    if suffix == WORD:
        from report.render.word import tracked

        return tracked(before, after, lang, at)
    if suffix == WORKBOOK:
        tables = {"Ratings moved": rating_rows(found), "Register": register_rows(found)}
        out = io.BytesIO()
        write_xlsx([OutTable(name, columns, rows) for name, (columns, rows) in tables.items()], out)
        return out.getvalue()
    if suffix in (PAGE, PDF):
        return rendered(changes_document(found, after), suffix, lang, at)
    raise EvidenceInvalid(
        f"no changes are written as {suffix or 'a file without a type'!r}",
        hint="End its name with .docx, .html, .pdf or .xlsx.",
    )


@dataclass(frozen=True)
class SentFiles:
    """All that goes to the authority with an edition, by name."""

    edition: Mapping[str, bytes]
    """The edition in every language and format there is."""
    beside: Mapping[str, bytes]
    """The comment sheet, and where the edition amends another, what changed."""


def files_of_sending(db: Database, edition: EditionFound) -> SentFiles:
    """The files of a sending; what needs a part of this software that is not installed is left out."""
    from report.changes import changes_between
    from report.editions import body_of

    report, at = body_of(db, edition["id"]), frozen_at(edition)
    name = f"{edition['review']}-{edition['kind']}-{edition['number']}"
    whole: dict[str, bytes] = {}
    beside: dict[str, bytes] = {}

    def add(to: dict[str, bytes], file: str, make: Callable[[], bytes]) -> None:
        try:
            to[file] = make()
        except ReportNotRendered as error:
            if not any(isinstance(remedy, Install) for remedy in error.remedies):
                raise

    for lang in report.languages:
        for suffix in (PAGE, WORD, PDF):
            add(whole, f"{name}-{lang}{suffix}", partial(rendered, report, suffix, lang, at))
        for suffix in (WORKBOOK, WORD):
            add(beside, f"{name}-comments-{lang}{suffix}", partial(sheet_file, report, suffix, lang, at))
        if edition["amends"]:
            before = body_of(db, edition["amends"])
            found = changes_between(db, edition["amends"], edition["id"])
            for suffix in (WORD, PAGE, PDF, WORKBOOK):
                file = f"{name}-changes-{lang}{suffix}"
                make = partial(changes_file, found, before, report, suffix=suffix, lang=lang, at=at)
                add(beside, file, make)
    return SentFiles(whole, beside)


def write_sending(db: Database, edition: EditionFound, files: SentFiles, folder: Path, by: str) -> None:
    """Write the files of a sending into a new folder.

    Where it is known who gets the draft, each has a marked copy of the edition; else there is one, unmarked.
    """
    from report.copies import make_copies
    from report.editions import body_of
    from report.recipients import DRAFT, recipients

    folder.mkdir(parents=True)
    review = find_review(db, edition["review"])
    named = any(one_of["stage"] == DRAFT for one_of in recipients(db, review))
    for name, content in {**({} if named else files.edition), **files.beside}.items():
        write_whole(folder / name, content, False)
    if named:
        forms = {Path(name).suffix.removeprefix(".") for name in files.edition}
        renders = {form: partial(_as_copy, f".{form}") for form in sorted(forms)}
        languages = body_of(db, edition["id"]).languages
        make_copies(db, edition["id"], DRAFT, folder / "copies", renders, languages, by=by, at=now())


def _as_copy(suffix: str, report: Report, lang: Language, at: datetime, mark: Mark) -> bytes:
    return rendered(report, suffix, lang, at, mark)
