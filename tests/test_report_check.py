"""The check of a report finds all at once: what rests on nothing, what has changed, what was typed, names."""

from __future__ import annotations

from pathlib import Path

import pytest
from assessment_example import AT, add, assess_plainly, item_at
from command_line import Say
from evidence_rows import finding, good_domain, survey
from report_desk import QUALITY, ReportDesk, new_desk, rows_of_carers

from evidence.correcting import correct_source
from evidence.items import withdraw_item
from programme.database import Database
from report.check import check_report
from report.editions import draft_of
from report.listed import list_names
from report.naming import Names
from report.typed import typed_numbers
from report.writing import start_report


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> ReportDesk:
    return new_desk(db, tmp_path)


def test_a_paragraph_without_support_is_an_error_and_a_recommendation_without_one_a_warning(
    desk: ReportDesk,
) -> None:
    table = "number,kind,text,domains\nR1,improvement,Do it.,carers\n"
    files = {"carers.md": "heading: carers\n\nThis rests on nothing.", "r.csv": table}
    desk.write({**files, "introduction.md": "heading: introduction\n\nWe came in spring."})
    found = {(one.heading, one.severity) for one in desk.found("unsupported")}
    assert found == {("carers", "error"), ("recommendations", "warning")}


def test_a_withdrawn_item_and_one_that_came_after_the_run_are_errors(desk: ReportDesk) -> None:
    later = finding("I1")
    add(desk.db, desk.review, later)
    number = item_at(desk.db, desk.review, later)
    desk.carers(f"One [E1] and two [E{number}].")
    assert [one.message for one in desk.found("not counted")] == [f"E{number} came after run {desk.run.id}"]
    withdraw_item(desk.db, desk.review, 1, by="lead", because="Twice.", at=AT)
    [withdrawn] = desk.found("withdrawn")
    assert (withdrawn.severity, withdrawn.paragraph, withdrawn.message) == ("error", 1, "E1 was withdrawn")
    desk.assess()
    assert desk.found("not counted") == []


def test_values_and_sources_that_changed_since_a_text_was_written_are_named(desk: ReportDesk) -> None:
    desk.carers(f"{{carers.strengths_share}} and {{survey:{QUALITY}|Carers}} [S1:p.3].")
    assert desk.found("changed since") == []
    add(desk.db, desk.review, *good_domain("carers", 0, 4))
    desk.assess()
    correct_source(desk.db, desk.review, "S1", {"title": "Another"}, by="lead", because="Wrong.", at=AT)
    said = [one.message for one in desk.found("changed since")]
    assert any(one.startswith("{carers.strengths_share} was ") and " and is " in one for one in said)
    assert "S1 was corrected" in said
    assert not any(QUALITY in one for one in said)


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        ("Support for carers is rated {wrong} [E1].", ["rating"]),
        ("It was judged {wrong} [E1].", ["rating"]),
        ("It is rated {right} [E1].", ["typed rating"]),
        ("It is rated {{rating:carers}} [E1].", []),
        ("The records were poor, not excellent [E1].", []),
    ],
)
def test_a_rating_in_words_is_the_one_of_the_run(desk: ReportDesk, sentence: str, kinds: list[str]) -> None:
    framework = desk.review.framework
    level = desk.run.rating("carers").level
    assert level
    right = framework.level("carers", level).title["en"].lower()
    wrong = framework.level("carers", 1 if level > 1 else 2).title["en"].lower()
    desk.carers(sentence.format(right=right, wrong=wrong))
    assert [one.kind for one in desk.found("rating", "typed rating")] == kinds


def test_a_typed_number_names_the_measure_that_has_it(desk: ReportDesk) -> None:
    share = desk.run.result.measures["carers"]["strengths_share"].value
    desk.carers(f"Of our findings {share:g} per cent are strengths [E1].", "In 2004 it was so [E2].")
    [typed] = desk.found("typed number")
    assert (typed.severity, typed.paragraph) == ("warning", 1)
    assert "{carers.strengths_share}" in typed.hint


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("62 per cent of carers", ["62 per cent"]),
        ("62.4% and 7 %", ["62.4%", "7 %"]),
        ("7 of the ten councils", ["7 of the ten"]),
        ("1 in 4 waited", ["1 in 4"]),
        ("62 y cant o ofalwyr", ["62 y cant"]),
        ("in 2006/07, under section 7 of the Act", ["7 of the Act"]),
        ("between 2004 and 2008", []),
        ("three of the ten", []),
    ],
)
def test_shares_are_told_from_years(text: str, shown: list[str]) -> None:
    assert [one.shown for one in typed_numbers(text)] == shown


def test_a_compliance_without_basis_is_an_error(desk: ReportDesk) -> None:
    table = "number,kind,basis,text,domains\nR1,compliance,{},Do it [E1].,carers\n"
    desk.write({"r.csv": table.format("")})
    [basis] = desk.found("no basis")
    assert (basis.severity, basis.paragraph) == ("error", 1)
    desk.write({"r.csv": table.format("Section 1")})
    assert desk.found("no basis") == []


def test_a_rated_heading_is_written_of_and_a_weak_one_has_a_recommendation(
    db: Database, tmp_path: Path
) -> None:
    desk = new_desk(db, tmp_path, *good_domain("carers", 1, 7), *good_domain("workforce", 8, 0))
    assert {(one.heading, one.severity) for one in desk.found("not written")} == {
        ("carers", "error"),
        ("workforce", "error"),
    }
    assert [one.heading for one in desk.found("no recommendation")] == ["carers"]
    desk.carers("One [E1].")
    desk.write({"r.csv": "number,kind,text,domains\nR1,improvement,Do it [E1].,carers\n"})
    assert [one.heading for one in desk.found("not written", "no recommendation")] == ["workforce"]


def test_names_of_people_are_found_by_their_titles_and_by_the_list(desk: ReportDesk) -> None:
    list_names(desk.db, desk.review, ["Enw  Dychmygol"], by="lead", at=AT)
    desk.carers("The team of enw dychmygol said so [E1].", "Cllr Enghraifft said so [E2].", "A carer [E3].")
    assert [(one.paragraph, one.severity) for one in desk.found("name")] == [(1, "error"), (2, "error")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mr Enghraifft came", ["Mr Enghraifft"]),
        ("Dr. E. and the Lord Mayor", []),
        ("Cynghorydd Enghraifft a'r Athro", ["Cynghorydd Enghraifft"]),
        ("Mrs", []),
    ],
)
def test_a_title_alone_is_no_name(text: str, found: list[str]) -> None:
    assert [name for name in Names([]).found_in(text) if name != "Dr. E"] == found


def test_items_from_outside_the_window_and_items_that_carry_much_are_warnings(
    db: Database, tmp_path: Path
) -> None:
    old = finding("S0", domains="carers")
    desk = new_desk(db, tmp_path, *rows_of_carers(), old)
    number = item_at(db, desk.review, old)
    headings = ("carers", "workforce", "leadership", "resources")
    desk.write({f"{name}.md": f"heading: {name}\n\nSo it is [E{number}]." for name in headings})
    assert [one.message for one in desk.found("outside the window", "carries much")] == [
        f"E{number} is named under 4 headings",
        f"E{number} is from outside the evidence window",
    ]


def test_a_report_that_names_too_much_is_told_so(desk: ReportDesk) -> None:
    desk.carers(*(f"Seen [E{number}]." for number in range(1, 8)))
    [much] = desk.found("names much")
    assert "names 70 % of all items" in much.message
    desk.carers(*(f"> Seen {number} [E1]." for number in range(7)))
    [examples] = desk.found("many examples")
    assert "has 7 examples" in examples.message


def test_both_languages_rest_on_the_same_and_are_there_for_publication(desk: ReportDesk) -> None:
    desk.carers("One [E1] [E2].", "cy: Un [E1].", "Two [E3].")
    [other] = desk.found("languages")
    assert (other.severity, "[E2]" in other.message) == ("error", True)
    assert desk.found("language missing") == []
    [missing] = desk.found("language missing", for_publication=True)
    assert (missing.paragraph, missing.message) == (2, "has no Welsh text")
    desk.carers("[p1] One more [E1].", "cy: Un [E1].", "Two [E3].")
    assert [one.severity for one in desk.found("stale")] == ["warning"]
    assert [one.severity for one in desk.found("stale", for_publication=True)] == ["error"]


def test_a_value_that_a_later_run_no_longer_has_is_an_error(desk: ReportDesk) -> None:
    desk.carers(f"{{survey:{QUALITY}|Carers}} [E1].")
    for item in [row[0] for row in desk.db.execute("select id from evidence where kind = 'survey_result'")]:
        withdraw_item(desk.db, desk.review, item, by="lead", because="Wrong.", at=AT)
    desk.run = assess_plainly(desk.db, desk.review)
    [unknown] = desk.found("unknown value")
    assert unknown.severity == "error"
    add(desk.db, desk.review, survey("S1", QUALITY, 50, 9, domains="carers"))
    desk.assess()
    assert desk.found("unknown value") == []


def test_the_command_shows_findings_and_fails_for_errors(desk: ReportDesk, say: Say, tmp_path: Path) -> None:
    desk.carers("This rests on nothing.")
    done = say("report", "check", "r1", "--db", str(tmp_path / "programme.db"))
    assert done.code == 1
    assert "Error: carers, p1: rests on nothing." in done.out
    desk.carers("This rests on E1 [E1].")
    done = say("report", "check", "r1", "--json", "--db", str(tmp_path / "programme.db"))
    assert done.code == 0
    assert '"items_named": 1' in done.out


def test_a_changed_item_is_named_with_the_one_in_its_place(desk: ReportDesk) -> None:
    desk.carers("One [E1].")
    [(source, locator)] = desk.db.execute(
        "select s.ref, e.locator from evidence e join source s on s.id = e.source_id where e.id = 1"
    ).fetchall()
    again = finding(source, locator=locator, finding="Said differently.")
    add(desk.db, desk.review, again, replace=True)
    [withdrawn] = desk.found("withdrawn")
    assert withdrawn.hint == f"E{item_at(desk.db, desk.review, again)} is in its place: read it."


def test_a_summary_needs_no_text_under_every_heading(desk: ReportDesk) -> None:
    summary = start_report(desk.db, desk.review, "summary", by="lead", at=AT)
    found = check_report(desk.db, summary)
    assert found.findings == ()
    [block] = [one for one in draft_of(desk.db, summary).blocks if one.kind == "grid"]
    assert block.id == "grid"
    assert not [one for one in draft_of(desk.db, summary).blocks if one.kind in ("appendix", "figure")]
