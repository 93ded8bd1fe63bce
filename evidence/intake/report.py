"""What an import did, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

ADDED = ("sources", "responses", "items", "tags", "characteristics", "margins", "codings")
"""What rows become."""


@dataclass
class ImportReport:
    """What an import did."""

    added: dict[str, int] = field(default_factory=dict)
    """Rows stored, by what they became: sources, items, tags, responses, codings, and what answers are
    weighted by: characteristics and margins; of all reviews together."""
    already_there: int = 0
    """Rows that repeat what is stored, or each other (same source and locator, same content)."""
    withdrawn: int = 0
    """Rows that repeat withdrawn items, tags or codings, which stay withdrawn."""
    replaced: int = 0
    """Items (or codings) withdrawn because a row for the same says something else (--replace), or items
    because more answers, characteristics or margins came in to a survey result made from answers."""
    corrected: int = 0
    """Rows that say of a source what was corrected since; the correction stays."""
    reviews: dict[str, int] = field(default_factory=dict)
    """How many rows were stored in each review, where the files named several."""
    notes: list[str] = field(default_factory=list)
    """What of the files was not imported, as sentences."""
    kept: list[str] = field(default_factory=list)
    """Names of the mappings that are kept from now on."""
