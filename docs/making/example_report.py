"""The report of the worked example, written and frozen, and its pages: for the pictures of the guides."""

from __future__ import annotations

import base64
import functools
import shutil
from pathlib import Path

from generated import EXAMPLE, MOMENT, programme

from assessment.decisions.decide import accept
from joint_review.opening import open_programme
from programme.reviews import find_review
from report.editions import body_of, freeze
from report.model import Report
from report.practice import follow_practice, read_practice
from report.render.page import page
from report.render.pdf import drawn_pages
from report.textfiles import read_files
from report.writing import start_report, write_report
from report.written import heading_names

PAGES = (1, 4, 7)
"""The pages of the PDF that are shown: the title, the grid, examples with a chart."""
STYLE = """
body { margin: 0; padding: 24px; background: #e4e8ec; display: flex; gap: 20px }
img { width: calc((100% - 40px) / 3); box-shadow: 0 1px 6px #0006 }
"""


@functools.cache
def edition() -> Report:
    """The first edition of the example's report, every rating accepted as the rules propose it."""
    path = Path(shutil.copy(programme(), programme().with_name("report.db")))
    db = open_programme(path)
    review = find_review(db, "wales-2004-08")
    framework = review.framework
    rated = [*framework.domains, *(question.id for question in framework.questions), "cell"]
    accept(db, review, *rated, by="moderator-1", at=MOMENT)
    practice = read_practice(EXAMPLE / "practice.yml")
    follow_practice(db, review, practice, MOMENT.date(), by="lead-reviewer", at=MOMENT)
    report = start_report(db, review, by="lead-reviewer", at=MOMENT)
    given = read_files(
        EXAMPLE / "report", heading_names(framework), framework.domain_names, lambda done, total, what: None
    )
    write_report(db, report, given, by="lead-reviewer", at=MOMENT)
    made = body_of(db, freeze(db, report, "moderation", by="lead-reviewer", at=MOMENT).id)
    db.conn.close()
    return made


def on_the_web() -> str:
    """The report as one HTML page."""
    return page(edition(), "en")


def on_paper() -> str:
    """Some pages of the PDF beside each other, as an HTML page."""
    pages = drawn_pages(edition(), "en")
    shown = "".join(
        f'<img alt="" src="data:image/png;base64,{base64.b64encode(pages[number - 1]).decode()}">'
        for number in PAGES
    )
    return f"<!doctype html><title>Pages</title><style>{STYLE}</style>{shown}"
