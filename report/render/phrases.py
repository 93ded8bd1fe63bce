"""The set phrases of a report, in English and Welsh."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from report.model import Language

PHRASES: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "en": {
            "language": "English",
            "contents": "Contents",
            "about": "About this report",
            "page": "Page {number} of {count}",
            "table": "Table {number}",
            "figure": "Figure {number}",
            "grid": "Grid",
            "appendix": "Appendix {letter}",
            "example": "Example",
            "recommendation": "Recommendation {label}",
            "priority": "Priority {label}",
            "compliance": "Compliance",
            "improvement": "Improvement",
            "basis": "Basis",
            "concerns": "Concerns",
            "rating": "Rating",
            "level": "{level} of {count}",
            "not_rated": "Not rated",
            "paragraph": "Paragraph {number}",
            "edition": "Edition {number}",
            "report": "Report",
            "summary": "Summary",
            "copy": "Copy {number} of {count}, {holder}",
            "embargo": "embargo until {until}",
            "mark": "Copy {number}",
            "value": "Value",
            "interval": "95 % interval",
            "others": "Other reviews",
            "range": "Lowest to highest of the other reviews",
            "measured": "What was asked",
            "to": "{low} to {high}",
            "figures": "The figures of this chart",
            "skip": "Skip to the report",
            "here": "{subject} is here",
            "worst": "worst",
            "best": "best",
        },
        "cy": {
            "language": "Cymraeg",
            "contents": "Cynnwys",
            "about": "Am yr adroddiad hwn",
            "page": "Tudalen {number} o {count}",
            "table": "Tabl {number}",
            "figure": "Ffigur {number}",
            "grid": "Grid",
            "appendix": "Atodiad {letter}",
            "example": "Enghraifft",
            "recommendation": "Argymhelliad {label}",
            "priority": "Blaenoriaeth {label}",
            "compliance": "Cydymffurfio",
            "improvement": "Gwella",
            "basis": "Sail",
            "concerns": "Yn ymwneud â",
            "rating": "Sgôr",
            "level": "{level} o {count}",
            "not_rated": "Heb sgôr",
            "paragraph": "Paragraff {number}",
            "edition": "Argraffiad {number}",
            "report": "Adroddiad",
            "summary": "Crynodeb",
            "copy": "Copi {number} o {count}, {holder}",
            "embargo": "embargo tan {until}",
            "mark": "Copi {number}",
            "value": "Gwerth",
            "interval": "Cyfwng 95 %",
            "others": "Adolygiadau eraill",
            "range": "Isaf i uchaf yr adolygiadau eraill",
            "measured": "Beth a ofynnwyd",
            "to": "{low} i {high}",
            "figures": "Ffigurau'r siart hon",
            "skip": "Neidio i'r adroddiad",
            "here": "Mae {subject} yma",
            "worst": "gwaethaf",
            "best": "gorau",
        },
    }
)
"""Every phrase by its name in both languages; values go where {names} are."""


def phrase(lang: Language, name: str, **values: object) -> str:
    """A set phrase with its values."""
    return PHRASES[lang][name].format(**values)
