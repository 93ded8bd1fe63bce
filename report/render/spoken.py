"""A report in one language, as plain data for templates: what every renderer shows, decided once.

Every `Words` becomes `{"t": text, "l": language}` and every `Text` `{"runs": [...], "l": language}`, where
the language is empty for the one that was asked for. Tables and figures get their labels (Table 3). Supports
and paragraph numbers are left out where the report does not show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from report.model import (
    Appendix,
    Figure,
    Grid,
    Heading,
    Language,
    Numbered,
    Plain,
    Report,
    Run,
    Table,
    Text,
    Words,
    without_supports,
)
from report.render.phrases import PHRASES, phrase


@dataclass(frozen=True)
class Mark:
    """What marks a copy as one recipient's own."""

    number: int
    count: int
    holder: Words
    """The role or name it was made for."""
    until: Words | None = None
    """When its embargo ends, as people read it."""

    def line(self, lang: Language) -> str:
        """The line at the foot of every page: Copy 7 of 23, director, embargo until ..."""
        holder = self.holder.spoken(lang)[0]
        said = phrase(lang, "copy", number=self.number, count=self.count, holder=holder)
        if not self.until:
            return said
        return f"{said}, {phrase(lang, 'embargo', until=self.until.spoken(lang)[0])}"

    def across(self, lang: Language) -> str:
        """What is written across every page."""
        return phrase(lang, "mark", number=self.number)

    @property
    def property(self) -> str:
        """What the properties of the file say."""
        return f"copy {self.number} of {self.count}"


def spoken_report(report: Report, lang: Language, mark: Mark | None = None) -> dict[str, Any]:
    """A report as data for a template: `blocks` in their order; `contents`, headings of two levels."""
    whole = {
        name: _spoken(getattr(report, name), lang)
        for name in ("kind", "title", "subject", "authors", "dated", "status", "edition", "facts")
    }
    blocks = list(_blocks(report, lang))
    return whole | {
        "lang": lang,
        "phrases": dict(PHRASES[lang]),
        "blocks": blocks,
        "contents": [b for b in blocks if b["kind"] in ("heading", "appendix") and b["level"] <= 2],
        "mark": mark and {"line": mark.line(lang), "across": mark.across(lang), "property": mark.property},
    }


def _blocks(report: Report, lang: Language) -> Any:
    tables = figures = 0
    last = None
    for block in report.blocks:
        said = _spoken(block, lang)
        if isinstance(block, Table | Grid):
            tables += 1
            said["label"] = phrase(lang, "table", number=tables)
        elif isinstance(block, Figure):
            figures += 1
            said["label"] = phrase(lang, "figure", number=figures)
        elif isinstance(block, Appendix):
            said |= {"level": 1, "label": phrase(lang, "appendix", letter=block.letter)}
        elif isinstance(block, Heading):
            said["label"] = ""
        if isinstance(block, Numbered):
            first = block.number is not None and block.number != last
            said["shown"] = block.number if first and report.shows_numbers else None
            last = block.number
        if not report.shows_supports:
            _drop_supports(said)
        yield said


def _spoken(value: Any, lang: Language) -> Any:
    if isinstance(value, Words):
        text, there = value.spoken(lang)
        return {"t": text, "l": "" if there == lang or not text else there}
    if isinstance(value, Text):
        runs, there = value.spoken(lang)
        return {"runs": [_run(run) for run in runs], "l": "" if there == lang else there}
    if isinstance(value, Plain):
        return {name: _spoken(getattr(value, name), lang) for name in type(value).model_fields}
    if isinstance(value, tuple):
        return [_spoken(one, lang) for one in value]
    return value


def _run(run: Run) -> dict[str, str]:
    return {"t": run.text, "s": run.style}


def _drop_supports(said: dict[str, Any]) -> None:
    for text in (said.get("text"), *said.get("items", ())):
        if isinstance(text, dict) and "runs" in text:
            kept = without_supports(Run(text=run["t"], style=run["s"]) for run in text["runs"])
            text["runs"] = [_run(run) for run in kept]
