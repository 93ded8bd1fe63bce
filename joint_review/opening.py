"""Opening the working database with all its tables, and filling a new one with the library."""

from __future__ import annotations

from pathlib import Path

from joint_review.upgrades import assessment, evidence, report
from programme.database import Database, create_database, open_database, system_salts
from programme.reviews import store_frameworks
from programme.seals import Salts
from rules.loader import LIBRARY, library_ids, load_policy

UPGRADES = (evidence.migrations, assessment.migrations, report.migrations)
"""The sets of upgrades, in the order in which a new file gets its tables."""


def init_programme(path: Path, library: Path = LIBRARY, *, login: str = "") -> tuple[Database, list[str]]:
    """The working database at `path`, made if need be, with the library's frameworks; and which changed."""
    policies = [load_policy(framework_id, library) for framework_id in library_ids(library)]
    changed: list[str] = []
    db = create_database(
        path, UPGRADES, login=login, fill=lambda db: changed.extend(store_frameworks(db, policies))
    )
    return db, changed


def open_programme(path: Path, salts: Salts = system_salts, *, login: str = "") -> Database:
    """The working database at `path`, its events sealed with these salts; raises DatabaseUnusable.

    `login`: under which login of the system it is worked on; events record it.
    """
    return open_database(path, UPGRADES, salts=salts, login=login)
