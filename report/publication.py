"""Publication: the files that are made public, with their digests and the list of early readers.

The files are made whole in a folder of their own, with their digests in `SHA256SUMS`, which are recorded as
well; the folder gets its name in the same moment in which publication is recorded. What writes files is given
as makers: the renderers of the report, and what makes the public database.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import TypedDict

from evidence.files.spreadsheets import BYTE_ORDER_MARK, as_text
from programme.calendar import day_words, moment_words, uk_day
from programme.database import Act, Database, add_event, insert, rows, rows_as, transaction
from programme.files import sync_folder
from programme.names import check_person
from programme.permissions import Action
from programme.reviews import Review
from programme.users import check_may
from report.actions import ReportAction
from report.copies import refuse_uncleared
from report.embargo import (
    Earliest,
    earliest_publication,
    latest_edition,
    refuse_clock,
    refuse_open_comments,
)
from report.model import LANGUAGES, Language, Plain, Report, Table, Text, Words, from_json
from report.moderation import edition_name, find_edition
from report.practice import Disclosure, Practice, followed_practice
from report.recipients import EarlyReader, early_readers
from report.release_tables import FORMATS
from rules.errors import DecisionRefused, UnknownName
from rules.words import listed, many

SUMS = "SHA256SUMS"
"""The file that holds the digests of the others, as `sha256sum --check` reads it."""
EARLY = "early-readers.csv"
LANGUAGE_NAMES = {"en": "English", "cy": "Welsh"}


class PublishedFile(TypedDict):
    """A file of a publication."""

    name: str
    lang: str
    format: str
    digest: str


class Published(TypedDict):
    """An edition that was made public, with its files."""

    edition: int
    on_date: str
    because: str
    by: str
    files: list[PublishedFile]


PUBLISHED = "select id, on_date, because, by from publication where edition_id = ?"
FILES = "select name, lang, format, digest from publication_file where publication_id = ? order by name"


def published_edition(db: Database, edition: int) -> Published | None:
    """What was published of an edition; None while nothing was."""
    found = rows(db, PUBLISHED, [edition])
    if not found:
        return None
    row = found[0]
    return {
        "edition": edition,
        "on_date": row["on_date"],
        "because": row["because"],
        "by": row["by"],
        "files": rows_as(PublishedFile, db, FILES, [row["id"]]),
    }


# --- publishing --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Publishing:
    """What is about to be published: what makers of files are given."""

    review: Review
    practice: Practice
    on: date
    editions: dict[str, int]
    """The edition of the report, and of the summary, by kind."""
    reports: dict[str, Report]
    """What these say, by kind."""
    frozen_at: dict[str, datetime]
    """When each was frozen: the time that its files say they were made."""
    early: tuple[EarlyReader, ...]


Maker = Callable[[Database, Publishing, Path], None]
"""Writes files of a publication into a folder, e.g. a report in all its formats, or the public database.

A name begins with the kind of its edition ('summary-'), or else belongs to the report; '-en.' and '-cy.'
before the suffix are its language.
"""


def early_readers_file(db: Database, publishing: Publishing, folder: Path) -> None:
    """Write the list of early readers: by role, with purpose and hours."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(["role", "organisation", "purpose", "hours before", "reason for longer"])
    allowed = publishing.practice.early_readers.hours
    for reader in publishing.early:
        hours = f"{reader['hours'] or allowed:g}"
        cells = (reader["role"], reader["organisation"], reader["purpose"], hours, reader["because"])
        table.writerow([as_text(cell) for cell in cells])
    (folder / EARLY).write_text(BYTE_ORDER_MARK + written.getvalue(), encoding="utf-8", newline="")


def rendered(form: str, render: Callable[[Report, Language, datetime], bytes]) -> Maker:
    """What writes the report, and the summary, in a format: in each language that the practice asks for, and
    in each in which it was written."""

    def make(db: Database, publishing: Publishing, folder: Path) -> None:
        for kind, report in publishing.reports.items():
            asked = {*publishing.practice.languages.needed, *report.languages}
            for lang in LANGUAGES:
                if lang in asked:
                    content = render(report, lang, publishing.frozen_at[kind])
                    (folder / f"{kind}-{lang}.{form}").write_bytes(content)

    return make


def publish(
    db: Database,
    review: Review,
    folder: Path,
    makers: Sequence[Maker],
    *,
    by: str,
    because: str = "",
    at: datetime,
) -> list[Published]:
    """Publish the latest edition of a review's report, and of its summary: make the files and record them.

    `folder` must not be there yet: it appears complete, with `SHA256SUMS`, or not at all. Raises
    DecisionRefused before its time, with a clock that was set back, for what is not cleared, lacks a needed
    language or was published before; and whatever a maker raises.
    """
    by = check_person(by, "publication")
    if folder.exists():
        raise DecisionRefused(f"{folder} is there already", hint="Give the name of a new folder.")
    if not folder.absolute().parent.is_dir():
        raise DecisionRefused(f"the folder {folder.parent} does not exist", hint="Create it first.")
    publishing, _ = _checked(db, review, by, at)
    part = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.absolute().parent))
    try:
        part.chmod(0o755)
        for make in (*makers, early_readers_file):
            make(db, publishing, part)
        digests = write_sums(part)
        with transaction(db) as joined:
            again, earliest = _checked(joined, review, by, at)
            if again != publishing:
                raise DecisionRefused(
                    f"the report of {review.key} changed while its files were made", hint="Publish again."
                )
            for kind, edition in publishing.editions.items():
                act = Act(ReportAction.PUBLISH, by, at, review.id, f"edition {edition}", because.strip())
                _record(joined, publishing, kind, digests, act, earliest.because)
            part.rename(folder)
            part = folder
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    sync_folder(folder.absolute().parent)
    made = (published_edition(db, edition) for edition in publishing.editions.values())
    return [one for one in made if one is not None]


def _checked(db: Database, review: Review, by: str, at: datetime) -> tuple[Publishing, Earliest]:
    """What can be published now; raises DecisionRefused where nothing can."""
    check_may(db, by, Action.PUBLISH, review.key, "publish the report")
    refuse_clock(db, at)
    practice = followed_practice(db, review).practice
    editions = {
        kind: edition
        for kind in ("report", "summary")
        if (edition := latest_edition(db, review, kind)) is not None
    }
    if "report" not in editions:
        raise DecisionRefused(f"{review.key} has no edition of its report")
    for edition in editions.values():
        found = find_edition(db, edition)
        refuse_uncleared(db, found, "it is published")
        if published := published_edition(db, edition):
            said = f"{edition_name(found)} was published on {day_words(published['on_date'])}"
            raise DecisionRefused(said)
        refuse_open_comments(db, found, uk_day(at), "it is published")
    earliest = earliest_publication(db, review, editions["report"])
    if at < earliest.moment:
        raise DecisionRefused(
            f"the report of {review.key} may be published from {moment_words(earliest.moment.isoformat())}:"
            f" {earliest.because}",
            hint=f"It is {moment_words(at.isoformat())} now.",
        )
    bodies = {
        kind: rows(
            db,
            "select body, frozen_on from edition where id = ?",
            [edition],
        )[0]
        for kind, edition in editions.items()
    }
    reports = {kind: from_json(row["body"]) for kind, row in bodies.items()}
    for kind, report in reports.items():
        _refuse_half_translated(report, kind, practice.languages.needed)
        _refuse_small_cells(report, kind, practice.disclosure)
    publishing = Publishing(
        review,
        practice,
        uk_day(at),
        editions,
        reports,
        # The time that `report render` gives the same edition, so that its files are these.
        {kind: datetime.fromisoformat(row["frozen_on"]).replace(tzinfo=UTC) for kind, row in bodies.items()},
        tuple(early_readers(db, editions["report"])),
    )
    return publishing, earliest


def _refuse_half_translated(report: Report, kind: str, needed: Sequence[Language]) -> None:
    missing = list(untranslated(report, needed))
    if not missing:
        return
    lang, places = missing[0][1], [place for place, lang in missing]
    raise DecisionRefused(
        f"the {kind} lacks {LANGUAGE_NAMES[lang]} in {many(len(places), 'place')}: {listed(places[:5])}",
        hint="Its practice asks for it in "
        f"{listed(LANGUAGE_NAMES[one] for one in needed)}: complete it, and freeze it again.",
    )


def untranslated(report: Report, needed: Iterable[Language]) -> Iterator[tuple[str, Language]]:
    """Where a report has a text in one language and not in another that is needed, once for each place."""
    parts: list[tuple[str, Plain]] = [("the title", report.title)]
    parts += [(block.id, block) for block in report.blocks]
    for place, part in parts:
        for lang in needed:
            if any(bool(text) and not getattr(text, lang) for text in _texts(part)):
                yield place, lang
                break


def _texts(value: object) -> Iterator[Words | Text]:
    if isinstance(value, Words | Text):
        yield value
    elif isinstance(value, Plain):
        for name in type(value).model_fields:
            yield from _texts(getattr(value, name))
    elif isinstance(value, tuple):
        for one_value in value:
            yield from _texts(one_value)


WHOLE = re.compile(r"[0-9]{1,3}(?:,?[0-9]{3}){0,4}")
"""A number of people or files as tables print it: 7, 1,234; not a share (62 %), nor an interval."""
APPENDIX_B, APPENDIX_C = "appendix-b", "appendix-c"


def _refuse_small_cells(report: Report, kind: str, rules: Disclosure) -> None:
    small = list(small_cells(report, rules))
    if small:
        raise DecisionRefused(
            f"{many(len(small), 'number')} in the {kind} {'is' if len(small) == 1 else 'are'} below what the"
            f" practice prints: {listed(small[:5])}",
            hint="Leave them out, and freeze the report again.",
        )


def small_cells(report: Report, rules: Disclosure) -> Iterator[str]:
    """Numbers in the appendices on surveys and case files that are below the thresholds of a practice."""
    for block in report.blocks:
        fewest = {APPENDIX_B: rules.fewest_answers, APPENDIX_C: rules.fewest_files}.get(block.id[:10])
        if not isinstance(block, Table) or fewest is None:
            continue
        for row in block.rows:
            for column, cell in zip(block.columns, row, strict=True):
                text = cell.en.strip()
                if column.align != "end" or not WHOLE.fullmatch(text):
                    continue
                number = int(text.replace(",", ""))
                if number < fewest and (number or rules.zeros_are_small):
                    yield f"{number} in “{block.caption.en}”, {row[0].en}"


def write_sums(folder: Path) -> dict[str, str]:
    """Write `SHA256SUMS` for the files of a folder; the digest of each by its name, that file's as well."""
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file()
    }
    text = "".join(f"{digest}  {name}\n" for name, digest in digests.items())
    (folder / SUMS).write_text(text, encoding="utf-8")
    return digests


def _record(
    db: Database, publishing: Publishing, kind: str, digests: dict[str, str], act: Act, when: str
) -> None:
    """Record that an edition was published, with the files that belong to it; `when`: why it may be now."""
    others = tuple(name for name in publishing.editions if name != kind)
    files = {
        name: digest
        for name, digest in digests.items()
        if name.startswith(kind) or (kind == "report" and not name.startswith(others))
    }
    event = add_event(db, act, detail={"when": when}, after={"files": files})
    row = {"on_date": publishing.on.isoformat(), "because": act.because, "by": act.by, "added_event": event}
    publication = insert(db, "publication", {"edition_id": publishing.editions[kind], **row})
    for name, digest in files.items():
        stem, _, suffix = name.rpartition(".")
        lang = next((lang for lang in LANGUAGES if stem.endswith(f"-{lang}")), "")
        if suffix not in FORMATS:
            raise UnknownName("format of a published file", suffix, FORMATS)
        file = {"name": name, "lang": lang, "format": suffix, "digest": digest}
        insert(db, "publication_file", {"publication_id": publication, **file})
