"""The record in the file of a working database: checked as it is, and changed by not one byte."""

from __future__ import annotations

from pathlib import Path

from assessment.runs.audit import audit_programme
from joint_review.opening import UPGRADES
from programme.check import Head, RecordCheck, head_of_record
from programme.database import Database
from programme.progress import Progress, no_progress
from programme.unchanged import read_unchanged


def audit_file(path: Path, *, lodged: str = "", progress: Progress = no_progress) -> RecordCheck:
    """The record in a file checked, whichever version made it; raises DatabaseUnusable."""

    def check(db: Database) -> RecordCheck:
        return audit_programme(db, upgrades=UPGRADES, lodged=lodged, progress=progress)

    return read_unchanged(path, check)


def head_of_file(path: Path) -> Head | None:
    """The head of the record in a file; None while nothing has happened, or nothing was sealed."""
    return read_unchanged(path, head_of_record)
