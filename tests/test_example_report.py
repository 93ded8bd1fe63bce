"""The report of the worked example: whole, true to its findings, clean in the check, in three forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from assessment_example import AT, EXAMPLE, WELSH
from docx import Document
from pypdf import PdfReader
from selectolax.lexbor import LexborHTMLParser

from assessment.decisions.decide import accept
from assessment.runs.run import Run
from programme.database import Database, rows
from programme.reviews import Review
from report.check import check_report
from report.editions import Frozen, body_of, freeze
from report.marks import marks_in
from report.model import Appendix, Example, Heading, Paragraph, texts_of
from report.practice import follow_practice, read_practice
from report.render.page import page
from report.render.pdf import pdf
from report.render.word import word
from report.textfiles import read_files
from report.writing import start_report, write_report
from report.written import StoredReport, Writing, heading_names

FOLDER = EXAMPLE / "report"
DOMAINS = list(WELSH.framework.domains)
QUESTIONS = [question.id for question in WELSH.framework.questions]
FEWEST_RECOMMENDATIONS, PRIORITIES = 13, 5
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
COUNCILS = re.compile(rf"\b({'|'.join(NUMBERS)}|half)\b", re.IGNORECASE)
EXTENTS = """
select id, extent_found from evidence where review_id = ? and extent_of = 10 and extent_found > 1
"""
TAGS = """
select t.evidence_id as item, d.key as domain from tag t join domain d on d.id = t.domain_id
where t.withdrawn_event is null
"""

Stored = tuple[Database, StoredReport, Frozen]


@pytest.fixture(scope="module")
def stored(example: tuple[Database, Review, Run]) -> Stored:
    """The worked example with every rating accepted, its report written and an edition frozen."""
    db, review, _ = example
    accept(db, review, *DOMAINS, *QUESTIONS, "cell", by="moderator-1", at=AT)
    follow_practice(db, review, read_practice(EXAMPLE / "practice.yml"), AT.date(), by="lead", at=AT)
    report = start_report(db, review, by="lead", at=AT)
    domains, headings = review.framework.domain_names, heading_names(review.framework)
    given = read_files(FOLDER, headings, domains, lambda done, total, what: None)
    write_report(db, report, given, by="lead", at=AT)
    return db, report, freeze(db, report, "moderation", by="lead", at=AT)


def test_no_body_is_named_as_author_of_a_report_it_did_not_write(stored: Stored) -> None:
    db, _, frozen = stored
    report = body_of(db, frozen.id)
    assert report.title.en.startswith("Worked example")
    assert report.authors.en == "Made with joint-review as an example"


def texts_under(stored: Stored, heading: str) -> list[str]:
    """What is written under a heading, in English."""
    db, report, _ = stored
    return [one.texts["en"] for one in Writing(db, report).by_heading.get(heading, [])]


def test_the_check_finds_nothing(stored: Stored) -> None:
    db, report, frozen = stored
    assert check_report(db, report).findings == ()
    assert frozen.warnings == 0


@pytest.mark.parametrize("heading", ["introduction", "judgement", *QUESTIONS, *DOMAINS])
def test_every_heading_is_written(stored: Stored, heading: str) -> None:
    assert len(texts_under(stored, heading)) >= 3


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_domain_has_examples_and_a_recommendation(stored: Stored, domain: str) -> None:
    db, report, _ = stored
    writing = Writing(db, report)
    examples = [one for one in writing.by_heading[domain] if one.style == "example"]
    assert 3 <= len(examples) <= 6
    assert [terms.label for terms in writing.recommendations if domain in terms.domains]


def test_there_are_recommendations_of_both_kinds_and_five_priorities(stored: Stored) -> None:
    db, report, _ = stored
    terms = Writing(db, report).recommendations
    recommended = [one for one in terms if one.series == "R"]
    assert [one.label for one in recommended] == [f"R{at + 1}" for at in range(len(recommended))]
    assert len(recommended) >= FEWEST_RECOMMENDATIONS
    assert {one.kind for one in recommended} == {"compliance", "improvement"}
    assert all(bool(one.basis) == (one.kind == "compliance") for one in recommended)
    assert [one.label for one in terms if one.series == "P"] == [f"P{at + 1}" for at in range(PRIORITIES)]


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_a_domain_says_rests_on_evidence_of_that_domain(stored: Stored, domain: str) -> None:
    db, _, _ = stored
    tagged = {f"E{row['item']}" for row in rows(db, TAGS) if row["domain"] == domain}
    named = {
        mark.name for text in texts_under(stored, domain) for mark in marks_in(text) if not mark.is_filled
    }
    assert named - tagged == set()


def test_where_a_number_of_councils_is_given_it_is_that_of_the_finding(stored: Stored) -> None:
    db, report, _ = stored
    councils = {f"E{row['id']}": row["extent_found"] for row in rows(db, EXTENTS, [report.review.id])}
    compared = 0
    for heading in (*QUESTIONS, *DOMAINS):
        for text in texts_under(stored, heading):
            at = 0
            for mark in marks_in(text):
                said, at = text[at : mark.start], mark.end
                given = {word.lower() for word in COUNCILS.findall(said)}
                if given and mark.name in councils:
                    found = NUMBERS[councils[mark.name] - 2]
                    assert found in given or (found == "five" and "half" in given), said
                    compared += 1
    assert compared >= 15


def test_no_line_begins_with_a_unit_or_with_what_the_words_before_it_rest_on(stored: Stored) -> None:
    db, _, frozen = stored
    texts = [block.text for block in body_of(db, frozen.id).blocks if isinstance(block, Paragraph | Example)]
    for runs in (text.en for text in texts):
        assert not any(re.search("[0-9] %", run.text) for run in runs if run.style == "number")
        before = [run.text for run, after in pairwise(runs) if after.style == "support" and run.text.strip()]
        assert [text for text in before if text.endswith(" ")] == []
        assert runs


def test_all_three_forms_hold_every_heading(stored: Stored) -> None:
    db, _, frozen = stored
    report = body_of(db, frozen.id)
    titles = [next(texts_of(block, "en")) for block in report.blocks if isinstance(block, Heading | Appendix)]
    html = LexborHTMLParser(page(report, "en"))
    forms = {
        "html": [node.text() for node in html.css("h1, h2, h3")],
        "pdf": [str(one["/Title"]) for one in outline(pdf(report, "en", AT))],
        "docx": [one.text for one in Document(BytesIO(word(report, "en", AT))).paragraphs],
    }
    for form, found in forms.items():
        said = [" ".join(one.split()) for one in found]
        assert [title for title in titles if not any(title in one for one in said)] == [], form


def outline(made: bytes) -> Iterator[Mapping[str, Any]]:
    """The bookmarks of a PDF, those below others too."""
    waiting = list(PdfReader(BytesIO(made)).outline)
    while waiting:
        match waiting.pop(0):
            case list() as below:
                waiting = [*below, *waiting]
            case one:
                yield one


def test_the_page_in_welsh_has_welsh_titles_and_marks_the_rest_as_english(stored: Stored) -> None:
    db, _, frozen = stored
    read = LexborHTMLParser(page(body_of(db, frozen.id), "cy"))
    html, heading = read.css_first("html"), read.css_first("h1")
    assert html and html.attributes["lang"] == "cy"
    assert heading and "gwasanaethau cymdeithasol" in heading.text()
    titles = {node.text().strip() for node in read.css("h2")}
    assert {"Dyfarniad cyffredinol", "Argymhellion"} <= titles
    assert len(read.css("[lang=en]")) > len(DOMAINS)
