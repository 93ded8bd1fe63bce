"""A review with a report being written: texts are given as files, as people give them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from assessment_example import AT, assess_plainly, new_review
from evidence_rows import Row, good_domain, survey

from assessment.decisions.decide import accept
from assessment.runs.run import Run
from programme.database import Database
from programme.progress import no_progress
from programme.reviews import Review
from report.check import Checked, Finding, check_report
from report.editions import Frozen, draft_of, freeze
from report.model import Report
from report.textfiles import read_files
from report.writing import Stored, start_report, write_report
from report.written import StoredReport, Writing, find_report, heading_names

QUALITY = "Services are of good quality"


@dataclass
class ReportDesk:
    """A review, its report, and a folder in which its text is."""

    db: Database
    review: Review
    folder: Path
    run: Run

    @property
    def report(self) -> StoredReport:
        return find_report(self.db, self.review)

    @property
    def writing(self) -> Writing:
        return Writing(self.db, self.report)

    def write(self, files: dict[str, str] | Path, **more: Any) -> Stored:
        """Store what these files hold; they are all that is in the folder."""
        if isinstance(files, Path):
            place = files
        else:
            place = self.folder / f"text {len(list(self.folder.iterdir()))}"
            place.mkdir()
            for name, content in files.items():
                (place / name).write_text(content, encoding="utf-8")
        framework = self.review.framework
        given = read_files(place, heading_names(framework), framework.domain_names, no_progress)
        return write_report(self.db, self.report, given, **{"by": "lead", "at": AT, **more})

    def carers(self, *paragraphs: str, **more: Any) -> Stored:
        """Store these paragraphs as all that is said of carers."""
        return self.write({"carers.md": "\n\n".join(["heading: carers", *paragraphs])}, **more)

    def texts(self, heading: str = "carers", lang: str = "en") -> dict[int, str]:
        """What paragraphs under a heading say, by number, in their order."""
        return {p.number: p.texts[lang] for p in self.writing.by_heading.get(heading, [])}  # type: ignore[index]

    def supports(self, number: int) -> set[str]:
        return {one.support.mark for one in self.writing.supports_of.get(number, [])}

    def check(self, **more: Any) -> Checked:
        return check_report(self.db, self.report, **more)

    def found(self, *kinds: str, **more: Any) -> list[Finding]:
        """What the check finds of these kinds."""
        return [one for one in self.check(**more).findings if one.kind in kinds]

    def assess(self, **more: Any) -> Run:
        self.run = assess_plainly(self.db, self.review, on=AT.date() + timedelta(days=1), **more)
        return self.run

    def accept_all(self) -> None:
        """Accept every rating of the latest run, and the position on the grid."""
        rated = [rating.target for rating in self.run.result.ratings if rating.level is not None]
        targets = [*rated, *(["cell"] if self.run.result.cell else [])]
        accept(self.db, self.review, *targets, by="moderator-1", at=AT)

    def freeze(self, purpose: str = "moderation", **more: Any) -> Frozen:
        return freeze(self.db, self.report, purpose, **{"by": "lead", "at": AT, **more})

    def draft(self) -> Report:
        return draft_of(self.db, self.report)


def rows_of_carers() -> list[Row]:
    """Enough evidence for a rating of carers: six findings, a survey result."""
    return [
        *good_domain("carers", 6, 2),
        survey("S1", QUALITY, 62.4, 200, domains="carers"),
        survey("S0", QUALITY, 55, 180, domains="carers"),
    ]


def new_desk(db: Database, folder: Path, *rows: Row) -> ReportDesk:
    """A review assessed with these rows, its report started."""
    review = new_review(db, "r1", "wales-round-2", *(rows or rows_of_carers()))
    run = assess_plainly(db, review)
    start_report(db, review, by="lead", at=AT)
    place = folder / "texts"
    place.mkdir()
    return ReportDesk(db, review, place, run)
