"""A report as one HTML page that needs nothing else: no script, no file, no font from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from report.model import Figure, Language, Report, Table
from report.render.drawing import svg_of, with_ids_of_its_own
from report.render.phrases import PHRASES
from report.render.spoken import Mark, spoken_report

TEMPLATES = Path(__file__).parent / "templates"


def page(report: Report, lang: Language, mark: Mark | None = None, other: str = "") -> str:
    """The report as HTML in that language, as a marked copy if `mark` is given.

    `other` is the address of the page in the other language, to which it then links.
    """
    said = spoken_report(report, lang, mark)
    for block, shown in zip(report.blocks, said["blocks"], strict=True):
        if isinstance(block, Figure):
            # Drawn by us: the words in it were escaped when it was drawn.
            shown["svg"] = Markup(with_ids_of_its_own(svg_of(block, lang), block.id))
        elif isinstance(block, Table):
            shown["whole"] = sum(column.width for column in block.columns)
    there: Language = "cy" if lang == "en" else "en"
    link = {"href": other, "lang": there, "name": PHRASES[there]["language"]} if other else None
    template, style = _template()
    return template.render(
        r=said, p=said["phrases"], contents=_nested(said["contents"]), style=Markup(style), other=link
    )


def _nested(headings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The headings of level 1, each with those of level 2 below it."""
    found: list[dict[str, Any]] = []
    for block in headings:
        if block["level"] == 1:
            found.append({"block": block, "under": []})
        else:
            found[-1]["under"].append(block)
    return found


@cache
def _template() -> tuple[Template, str]:
    frame = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )
    return frame.get_template("report.html"), (TEMPLATES / "report.css").read_text(encoding="utf-8").strip()
