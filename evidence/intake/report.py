"""What an import did, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evidence.intake import codings, respondents, staging
from programme.database import Database, rows

ADDED = ("sources", "responses", "items", "tags", "characteristics", "margins", "codings")
"""What rows become."""


@dataclass
class ImportReport:
    """What an import did."""

    added: dict[str, int] = field(default_factory=dict)
    """Rows stored, by what they became: sources, items, tags, responses, codings, and what answers are
    weighted by: characteristics and margins; of all reviews together."""
    not_answered: dict[str, int] = field(default_factory=dict)
    """What was said instead of an answer in the responses that were stored, and how often."""
    already_there: int = 0
    """Rows that repeat what is stored, or each other (same source and locator, same content)."""
    withdrawn: int = 0
    """Rows that repeat withdrawn items, tags or codings, which stay withdrawn."""
    replaced: int = 0
    """Items (or codings) withdrawn because a row for the same says something else (--replace), or items
    because more answers, characteristics or margins came in to a survey result made from answers."""
    not_placed: list[str] = field(default_factory=list)
    """The places of new numbers whose period does not say when it was, each with the period; the first 20."""
    corrected: int = 0
    """Rows that say of a source what was corrected since; the correction stays."""
    reviews: dict[str, int] = field(default_factory=dict)
    """How many rows were stored in each review, where the files named several."""
    notes: list[str] = field(default_factory=list)
    """What of the files was not imported, as sentences."""
    kept: list[str] = field(default_factory=list)
    """Names of the mappings that are kept from now on."""


def count_by_review(db: Database) -> dict[int, ImportReport]:
    """What becomes of the staged rows of every review, by its number."""
    counted = {row["review_id"]: row for row in rows(db, staging.COUNTS)}
    known = {row["review_id"]: row for row in rows(db, respondents.COUNTS)}
    coded = {row["review_id"]: row for row in rows(db, codings.COUNTS)}
    found = {}
    for number, row in counted.items():
        more = coded.get(number, dict.fromkeys(("codings", "already_there", "withdrawn", "replaced"), 0))
        added = {kind: row[kind] for kind in ("sources", "responses", "items", "tags")}
        added |= {kind: known[number][kind] for kind in ("characteristics", "margins")}
        said = {name: row[name] + more[name] for name in ("already_there", "withdrawn", "replaced")}
        said["already_there"] += known[number]["already_there"]
        found[number] = ImportReport(added={**added, "codings": more["codings"]}, **said)
    return found


def all_together(counted: Mapping[int, ImportReport], named: Mapping[int, str]) -> ImportReport:
    """The reports of all reviews as one; with names, how many rows each of the reviews got."""
    report = ImportReport(added=dict.fromkeys(ADDED, 0))
    for number, one in counted.items():
        for kind, count in one.added.items():
            report.added[kind] += count
        report.already_there += one.already_there
        report.withdrawn += one.withdrawn
        report.replaced += one.replaced
        if named:
            report.reviews[named[number]] = sum(one.added.values())
    return report
