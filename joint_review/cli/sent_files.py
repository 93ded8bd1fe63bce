"""The files of editions and their changes, by the name that is asked for; and those of a sending together."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rules.errors import EvidenceInvalid, ReportNotRendered
from rules.remedy import Install

if TYPE_CHECKING:
    from programme.database import Database
    from report.changes import Changes
    from report.model import Language, Report
    from report.moderation import EditionFound

PDF, WORD, PAGE, WORKBOOK = ".pdf", ".docx", ".html", ".xlsx"


def frozen_at(edition: EditionFound) -> datetime:
    """The time that files of an edition say they were made: the day on which it was frozen."""
    return datetime.fromisoformat(edition["frozen_on"]).replace(tzinfo=UTC)


def rendered(report: Report, suffix: str, lang: Language, at: datetime) -> bytes:
    """A report in the format of a suffix; raises EvidenceInvalid for another, or what a renderer raises."""
    if suffix == PAGE:
        from report.render.page import page

        return page(report, lang).encode()
    if suffix == WORD:
        from report.render.word import word

        return word(report, lang, at)
    if suffix == PDF:
        from report.render.pdf import pdf

        return pdf(report, lang, at)
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


def files_of_sending(db: Database, edition: EditionFound) -> dict[str, bytes]:
    """All that goes to the authority with an edition, by name: the edition in every language and format there
    is, the comment sheet, and where it amends another, what changed.

    What needs a part of this software that is not installed is left out.
    """
    from report.changes import changes_between
    from report.editions import body_of

    report, at = body_of(db, edition["id"]), frozen_at(edition)
    name = f"{edition['review']}-{edition['kind']}-{edition['number']}"
    files: dict[str, bytes] = {}

    def add(file: str, make: Any, *given: Any) -> None:
        try:
            files[file] = make(*given)
        except ReportNotRendered as error:
            if not any(isinstance(remedy, Install) for remedy in error.remedies):
                raise

    for lang in report.languages:
        for suffix in (PAGE, WORD, PDF):
            add(f"{name}-{lang}{suffix}", rendered, report, suffix, lang, at)
        for suffix in (WORKBOOK, WORD):
            add(f"{name}-comments-{lang}{suffix}", sheet_file, report, suffix, lang, at)
        if edition["amends"]:
            before = body_of(db, edition["amends"])
            found = changes_between(db, edition["amends"], edition["id"])
            for suffix in (WORD, PAGE, PDF, WORKBOOK):
                add(f"{name}-changes-{lang}{suffix}", changes_file, found, before, report, suffix, lang, at)
    return files
