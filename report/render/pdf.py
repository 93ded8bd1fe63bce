"""A report as PDF: tagged (PDF/UA-1) and for the archive (PDF/A-2a); the one door to typst.

Typst is compiled code in one wheel: `pip install 'joint-review[report]'`. Where it is missing, Word and HTML
still come. The template (`templates/report.typ`) gets the report as JSON: no text of it is markup, no file is
read, no package is fetched. Only the fonts that come with the packages are used, so that the same report,
language and time give the same bytes on every machine.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from report.model import Figure, Language, Report
from report.render.drawing import svg_of, with_font
from report.render.spoken import Mark, spoken_report
from rules.errors import ReportNotRendered
from rules.remedy import Install

if TYPE_CHECKING:
    import typst

TEMPLATES = Path(__file__).parent / "templates"
STANDARDS: tuple[typst.PDFStandard, ...] = ("ua-1", "a-2a")
FONT = "Source Sans Pro"


def pdf(report: Report, lang: Language, timestamp: datetime, mark: Mark | None = None) -> bytes:
    """The report as a PDF file in that language, as a marked copy if `mark` is given.

    `timestamp` is what the file says of when it was made; it needs a time zone. Raises ReportNotRendered
    where typst is not installed, and where it finds that the file would not be accessible.
    """
    compiler = _compiler()
    inputs = _inputs(report, lang, mark)
    try:
        made = compiler.compile(
            format="pdf", sys_inputs=inputs, pdf_standards=list(STANDARDS), timestamp=timestamp
        )
    except RuntimeError as error:
        raise ReportNotRendered(f"The PDF could not be made: {error}") from error
    if not isinstance(made, bytes):
        raise TypeError("typst gave no PDF file")
    return made


def drawn_pages(report: Report, lang: Language, dots_per_inch: int = 100) -> list[bytes]:
    """The pages of the PDF as pictures (PNG), for guides.

    Raises ReportNotRendered where typst is not installed.
    """
    inputs = _inputs(report, lang, None)
    made = _compiler().compile(format="png", sys_inputs=inputs, ppi=dots_per_inch)
    pages = made if isinstance(made, list) else [made]
    return [page for page in pages if isinstance(page, bytes)]


def _inputs(report: Report, lang: Language, mark: Mark | None) -> dict[str, str]:
    """What the template gets: the report as JSON, its charts drawn."""
    said = spoken_report(report, lang, mark)
    for block, shown in zip(report.blocks, said["blocks"], strict=True):
        if isinstance(block, Figure):
            shown["svg"] = with_font(svg_of(block, lang), FONT)
    return {"report": json.dumps(said)}


@cache
def _compiler() -> typst.Compiler:
    try:
        import font_source_sans_pro
        import typst
    except ImportError as error:
        missing = "PDF files need an optional part of this software"
        raise ReportNotRendered(missing, remedies=[Install("report")]) from error

    folder: str = font_source_sans_pro.font_directory
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[folder])
    return typst.Compiler(TEMPLATES / "report.typ", root=TEMPLATES, font_paths=fonts)
