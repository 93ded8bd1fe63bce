"""A report as it is stored: its headings in order, its paragraphs as they read now, what they rest on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TypedDict

from programme.database import Database, rows, rows_as
from programme.reviews import Review
from report.marks import Support
from report.model import LANGUAGES, Language, Words
from report.schema import FIRST_HEADINGS, KINDS, LAST_HEADINGS
from rules.errors import DecisionRefused, UnknownName
from rules.framework import Framework
from rules.remedy import StartReport
from rules.spellings import Spellings

FIXED: Mapping[str, Words] = MappingProxyType(
    {
        "title": Words(en="Title", cy="Teitl"),
        "introduction": Words(en="Introduction", cy="Cyflwyniad"),
        "judgement": Words(en="Overall judgement", cy="Dyfarniad cyffredinol"),
        "ratings": Words(en="Ratings", cy="Sgoriau"),
        "recommendations": Words(en="Recommendations", cy="Argymhellion"),
        "priorities": Words(en="Priorities for improvement", cy="Blaenoriaethau ar gyfer gwella"),
        "appendix-a": Words(en="Sources of evidence", cy="Ffynonellau tystiolaeth"),
        "appendix-b": Words(en="Survey results", cy="Canlyniadau arolygon"),
        "appendix-c": Words(en="Case files", cy="Ffeiliau achos"),
    }
)
"""The titles of the headings that every report has."""
PARAGRAPHS = """
select id, number, heading, style, position, text_en, text_cy, en_text_id, cy_text_id, stale, withdrawn
from paragraph_now where report_id = ? order by number
"""
SUPPORTS = """
select s.id, p.number, s.kind, s.target, s.note, s.added_event
from support s join paragraph p on p.id = s.paragraph_id
where p.report_id = ? and s.withdrawn_event is null order by s.id
"""
RECOMMENDATIONS = """
select id, name, series, number, kind, basis, domains, paragraph, withdrawn
from recommendation_now where report_id = ? order by series desc, number
"""


@dataclass(frozen=True)
class StoredReport:
    """A report that was started."""

    id: int
    review: Review
    kind: str
    record: Language
    """The language of record."""


@dataclass(frozen=True)
class Written:
    """A paragraph as it reads now."""

    id: int
    number: int
    heading: str
    style: str
    position: int
    texts: Mapping[Language, str]
    """Empty where there is nothing in a language."""
    rows: Mapping[Language, int | None]
    """The rows of the texts."""
    stale: Language | None
    """The language whose text was made from words that have changed since."""
    withdrawn: bool


@dataclass(frozen=True)
class StoredSupport:
    """A support that counts."""

    id: int
    paragraph: int
    """The number of the paragraph."""
    support: Support
    event: int
    """The event that recorded it."""


@dataclass(frozen=True)
class Terms:
    """A recommendation or priority: its number, kind, basis and domains."""

    id: int
    label: str
    """R4 or P2."""
    series: str
    kind: str
    basis: str
    domains: tuple[str, ...]
    paragraph: int
    withdrawn: bool


class _Row(TypedDict):
    id: int
    number: int
    heading: str
    style: str
    position: int
    text_en: str
    text_cy: str
    en_text_id: int | None
    cy_text_id: int | None
    stale: Language | None
    withdrawn: int


def headings_of(framework: Framework) -> dict[str, Words]:
    """All headings of a report in their order: short name and titles."""
    found = {name: FIXED[name] for name in FIRST_HEADINGS}
    for question in framework.questions:
        found[question.id] = Words.of(question.title)
        found |= {domain.id: Words.of(domain.title) for domain in question.domains}
    return found | {name: FIXED[name] for name in LAST_HEADINGS}


def heading_names(framework: Framework) -> Spellings:
    """The headings by short name or title."""
    titled = headings_of(framework)
    return Spellings(
        "heading", {name: {"en": words.en, "cy": words.cy or words.en} for name, words in titled.items()}
    )


def find_report(db: Database, review: Review, kind: str = "report") -> StoredReport:
    """The report (or summary) of a review; raises UnknownName, and DecisionRefused where none was started."""
    if kind not in KINDS:
        raise UnknownName("kind of report", kind, KINDS)
    found = rows(
        db, "select id, lang_of_record from report where review_id = ? and kind = ?", [review.id, kind]
    )
    if not found:
        raise DecisionRefused(f"no {kind} of {review.key} was started", remedies=[StartReport(review.key)])
    return StoredReport(found[0]["id"], review, kind, found[0]["lang_of_record"])


class Writing:
    """What is written of a report now, read from the database once, when it is first asked for."""

    def __init__(self, db: Database, report: StoredReport) -> None:
        self._db, self.report = db, report

    @cached_property
    def all(self) -> dict[int, Written]:
        """Every paragraph there ever was, by its number."""
        return {
            row["number"]: Written(
                id=row["id"],
                number=row["number"],
                heading=row["heading"],
                style=row["style"],
                position=row["position"],
                texts={"en": row["text_en"], "cy": row["text_cy"]},
                rows={"en": row["en_text_id"], "cy": row["cy_text_id"]},
                stale=row["stale"],
                withdrawn=bool(row["withdrawn"]),
            )
            for row in rows_as(_Row, self._db, PARAGRAPHS, [self.report.id])
        }

    @cached_property
    def paragraphs(self) -> tuple[Written, ...]:
        """Those that count, in the order of the report."""
        order = {name: place for place, name in enumerate(headings_of(self.report.review.framework))}
        kept = [one for one in self.all.values() if not one.withdrawn]
        return tuple(
            sorted(kept, key=lambda one: (order.get(one.heading, len(order)), one.position, one.number))
        )

    @cached_property
    def by_heading(self) -> dict[str, list[Written]]:
        """The paragraphs of every heading that has any."""
        found: dict[str, list[Written]] = {}
        for one in self.paragraphs:
            found.setdefault(one.heading, []).append(one)
        return found

    @cached_property
    def supports(self) -> tuple[StoredSupport, ...]:
        """What the paragraphs rest on."""
        return tuple(
            StoredSupport(
                row["id"],
                row["number"],
                Support(row["kind"], row["target"], row["note"]),
                row["added_event"],
            )
            for row in rows(self._db, SUPPORTS, [self.report.id])
        )

    @cached_property
    def supports_of(self) -> dict[int, list[StoredSupport]]:
        """The supports by the number of their paragraph."""
        found: dict[int, list[StoredSupport]] = {}
        for one in self.supports:
            found.setdefault(one.paragraph, []).append(one)
        return found

    @cached_property
    def recommendations(self) -> tuple[Terms, ...]:
        """Recommendations, then priorities, by their numbers; withdrawn ones too."""
        return tuple(
            Terms(
                id=row["id"],
                label=row["name"],
                series=row["series"],
                kind=row["kind"],
                basis=row["basis"],
                domains=tuple(json.loads(row["domains"])),
                paragraph=row["paragraph"],
                withdrawn=bool(row["withdrawn"]),
            )
            for row in rows(self._db, RECOMMENDATIONS, [self.report.id])
        )

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages in which anything is written."""
        return tuple(lang for lang in LANGUAGES if any(one.texts[lang] for one in self.paragraphs))
