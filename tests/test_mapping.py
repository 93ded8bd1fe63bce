"""Mappings: tables that fit no layout become evidence without a cell of them touched."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from example_framework import Desk, write, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from evidence.files.rawtable import RawTable, header_name
from evidence.intake.report import ImportReport
from evidence.mapping.choosing import Chosen, choose_file, choose_kept, choose_named
from evidence.mapping.fitting import column_names, shape_of
from evidence.mapping.from_file import propose_for
from evidence.mapping.kept import find_mapping, kept_for, list_mappings
from evidence.mapping.spec import TableMapping, mapping_of, read_mapping
from evidence.mapping.words import is_period, is_personal, says_who
from evidence.mapping.written import as_yaml, scalar
from programme.database import one, rows
from rules.errors import EvidenceInvalid, PolicyFileInvalid, UnknownName
from rules.policyfile import parse_policy_text

WORDS = ("Strongly agree", "Agree", "Neither", "Disagree", "Strongly disagree")
QUESTIONS = (
    *("I was treated with dignity", "Staff listened to me", "I know whom to call", "Help came in time"),
    *("I felt ignored", "I would recommend the service"),
)
STANDARDS = ("On time", "Plan is up to date", "Risk assessed", "Views recorded", "Supervised", "Reviewed")
TITLES = {"Getting-help": "getting-help", "Care-planning": "care-planning", "Carers": "carers"}
"""Titles of domains of the small framework, and their ids."""


def added(report: ImportReport) -> dict[str, int]:
    """What an import stored."""
    return {kind: count for kind, count in report.added.items() if count}


def survey_rows(people: int = 120) -> list[dict[str, Any]]:
    """One row a person, one column a question."""
    rnd = random.Random(1)
    return [
        {
            "Respondent ID": number,
            "E-mail": f"person-{number}@example.org",
            "Age band": rnd.choice(("18 to 64", "65 and over")),
            **{question: rnd.choice(WORDS) for question in QUESTIONS},
        }
        for number in range(1, people + 1)
    ]


def workbook(path: Path, found: list[dict[str, Any]], sheet: str = "Responses") -> Path:
    book = Workbook()
    assert book.active is not None
    book.active.title = sheet
    book.active.append(list(found[0]))
    for row in found:
        book.active.append(list(row.values()))
    book.create_sheet("Lists").append(["Codes", "Words"])
    book.save(path)
    return path


def audit_rows(files: int = 30) -> list[dict[str, Any]]:
    """One row a case file, one column a standard."""
    rnd = random.Random(2)
    marks = ("Met", "Partly met", "Not met", "N/A")
    return [
        {"Case": f"{number:03}", **{standard: rnd.choice(marks) for standard in STANDARDS}}
        for number in range(1, files + 1)
    ]


def indicator_rows(many: int = 15) -> list[dict[str, Any]]:
    """One row an indicator, years in columns."""
    return [
        {"Indicator": f"Indicator {n}", "Good is": ("High", "Low")[n % 2], **years(n)}
        for n in range(1, many + 1)
    ]


def years(n: int) -> dict[str, float]:
    return {"2019/20": n + 0.5, "2020/21": n + 1.5, "2021/22": n + 2.5}


def finding_rows(many: int = 60) -> list[dict[str, Any]]:
    """Findings with titles of domains, and words for weights."""
    rnd = random.Random(3)
    return [
        {
            "Finding": f"Finding number {number}.",
            "Strength / weakness": rnd.choice(("Strength", "Weakness")),
            "Weight": rnd.choice(("High", "Medium", "Low")),
            "Domain": "; ".join(rnd.sample(sorted(TITLES), rnd.choice((1, 2)))),
            "Page": f"p. {number}",
        }
        for number in range(1, many + 1)
    ]


def proposed(desk: Desk, path: Path, **more: str) -> Chosen:
    """The mapping proposed for a file, written down and read again; `more` is what a person fills in."""
    found = propose_for(path, framework=desk.review.framework)
    mapping = path.with_suffix(".yml")
    mapping.write_text(as_yaml(found.proposal), encoding="utf-8")
    return choose_file(mapping, more)


# --- the four files of an analyst --------------------------------------------------------------------------


def test_a_wide_survey_is_imported_as_it_is(desk: Desk) -> None:
    path = workbook(desk.folder / "carers 2023.xlsx", survey_rows())
    report = desk.load(path, mappings=[proposed(desk, path)])
    assert added(report) == {"sources": 1, "responses": 720, "items": 6, "characteristics": 120}
    assert report.kept == ["carers 2023"]
    *notes, asked = report.notes
    assert notes == [
        "carers 2023.xlsx, sheet 'Responses': columns left out: E-mail.",
        "carers 2023.xlsx, sheet 'Lists': left out; it fits no layout and none of the mappings.",
    ]
    assert "Agreeing is counted as good" in asked
    assert "'I felt ignored'" in asked
    wanted = {
        (str(row["Respondent ID"]), question, 5 - WORDS.index(row[question]))
        for row in survey_rows()
        for question in QUESTIONS
    }
    stored = desk.db.execute("select respondent, question, answer from survey_response")
    assert set(stored) == wanted
    assert "example.org" not in json.dumps([list(row) for row in desk.db.execute("select * from source")])


def test_a_wide_audit_is_imported_with_a_source_for_every_case_file(desk: Desk) -> None:
    path = write_csv(desk.folder / "audit.csv", audit_rows())
    report = desk.load(path, mappings=[proposed(desk, path)])
    met = {"Met": 3.0, "Partly met": 2.0, "Not met": 1.0}
    wanted = {
        (f"C-{row['Case']}", standard, met[row[standard]], 3.0)
        for row in audit_rows()
        for standard in STANDARDS
        if row[standard] != "N/A"
    }
    assert added(report) == {"sources": 30, "items": len(wanted)}
    stored = desk.db.execute(
        "select s.ref, e.text, e.value, e.scale_max from evidence e join source s on s.id = e.source_id"
        " where s.kind = 'case_file'"
    )
    assert set(stored) == wanted
    none = 180 - len(wanted)
    assert report.notes[1] == f"audit.csv: {none} cells give no row, with N/A ({none}) in them."


def test_an_indicator_table_with_years_in_columns_is_imported_as_it_is(desk: Desk) -> None:
    path = write_csv(desk.folder / "indicators.csv", indicator_rows())
    report = desk.load(path, mappings=[proposed(desk, path)])
    assert added(report) == {"sources": 1, "items": 45}
    stored = desk.db.execute("select text, period, value, better, locator from evidence")
    wanted = {
        (row["Indicator"], year, row[year], {"High": "higher", "Low": "lower"}[row["Good is"]])
        for row in indicator_rows()
        for year in years(1)
    }
    assert set(stored) == {(*row, f"{row[0]}, {row[1]}") for row in wanted}


def test_findings_with_titles_of_domains_are_imported_as_they_are(desk: Desk) -> None:
    path = write_csv(desk.folder / "findings.csv", finding_rows())
    report = desk.load(path, mappings=[proposed(desk, path, kind="interview")])
    weights = {"Low": 1, "Medium": 2, "High": 3}
    tags = sum(len(row["Domain"].split("; ")) for row in finding_rows())
    assert added(report) == {"sources": 1, "items": 60, "tags": tags}
    stored = desk.db.execute(
        "select e.text, e.direction, e.significance, e.locator, (select group_concat(d.key, ' ') from tag t"
        " join domain d on d.id = t.domain_id where t.evidence_id = e.id) from evidence e"
    )
    assert {(*row[:4], frozenset(row[4].split())) for row in stored} == {
        (
            *(row["Finding"], row["Strength / weakness"].lower(), weights[row["Weight"]], row["Page"]),
            frozenset(TITLES[title] for title in row["Domain"].split("; ")),
        )
        for row in finding_rows()
    }


def test_all_four_are_imported_together_and_again_without_change(desk: Desk) -> None:
    paths = [
        workbook(desk.folder / "survey.xlsx", survey_rows(12)),
        write_csv(desk.folder / "audit.csv", audit_rows(6)),
        write_csv(desk.folder / "indicators.csv", indicator_rows(4)),
        write_csv(desk.folder / "findings.csv", finding_rows(5)),
    ]
    kinds = [{}, {}, {}, {"kind": "document"}]
    mappings = [proposed(desk, path, **more) for path, more in zip(paths, kinds, strict=True)]
    first = desk.load(*paths, mappings=mappings)
    assert first.added["items"] > 6 + 12 + 5 and len(first.kept) == 4
    again = desk.load(*paths, mappings=mappings)
    assert added(again) == {} and again.kept == []
    assert again.already_there > 80


# --- the file of a mapping ---------------------------------------------------------------------------------

SURVEY = """
layout: survey-responses
with: {source: S1, group: Carers}
source: {title: Survey, kind: survey}
columns:
  No: respondent
  "Heard": {is: question, named: I was heard, with: {domains: carers}}
  "2019": leave out
values:
  answer: {Mostly: 4, Not sure: ""}
"""
"""A mapping as somebody writes it."""


def test_a_mapping_says_what_each_column_is(desk: Desk) -> None:
    path = write(desk.folder / "a.csv", "No,Heard,2019\n1,Mostly,x\n2,not sure.,\n3,strongly agree,\n")
    mapping = choose_file(write(desk.folder / "map.yml", SURVEY))
    report = desk.load(path, mappings=[mapping])
    assert added(report) == {"sources": 1, "responses": 3, "items": 1, "tags": 1}
    stored = desk.db.execute(
        "select respondent, question, group_name, answer from survey_response order by 1"
    )
    assert list(stored) == [
        ("1", "I was heard", "Carers", 4),
        ("2", "I was heard", "Carers", None),
        ("3", "I was heard", "Carers", 5),
    ]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("layout: survey-responses", "layout: surveys", "map.yml:2: there is no layout 'surveys'"),
        ("No: respondent", "No: respondant", "no column 'respondant'. Did you mean 'respondent'?"),
        (
            "is: question",
            "is: standard",
            "map.yml:7: no column of the layout survey-responses is a standard.",
        ),
        ("is: question, ", "", "map.yml:7: say what the column holds, what it is, or 'leave out'."),
        ("group: Carers}", "gruop: Carers}", "map.yml:3: the layout survey-responses has no column 'gruop'."),
        ("kind: survey", "kinds: survey", "map.yml:4: a source has no 'kinds'. Did you mean 'kind'"),
        ("with: {source", "wiht: {source", "map.yml:3: the key 'wiht' is not known here."),
        ("answer: {M", "replies: {M", "map.yml:10: the layout survey-responses has no column 'replies'."),
        ("No: respondent", "No: respondent\n  Id: respondent", "the column 'No' holds 'respondent' already."),
        ('"2019": leave out', '"2019": group', "map.yml:8: 'with' gives 'group' already."),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said_with_its_line(
    tmp_path: Path, before: str, after: str, problem: str
) -> None:
    assert before in SURVEY
    with pytest.raises(PolicyFileInvalid) as caught:
        read_mapping(write(tmp_path / "map.yml", SURVEY.replace(before, after)))
    assert any(problem in str(one) for one in caught.value.problems), caught.value


def test_all_problems_of_a_mapping_are_said_at_once(tmp_path: Path) -> None:
    wrong = SURVEY.replace("No: respondent", "No: respondant").replace("kind:", "kinds:")
    with pytest.raises(PolicyFileInvalid) as caught:
        read_mapping(write(tmp_path / "map.yml", wrong))
    assert [problem.where for problem in caught.value.problems] == ["map.yml:4", "map.yml:6"]


# --- problems name the cells of the original file ----------------------------------------------------------


def test_a_problem_names_sheet_row_and_column_of_the_original(desk: Desk) -> None:
    found = survey_rows(3)
    found[1][QUESTIONS[2]] = "Mostly"
    path = workbook(desk.folder / "survey.xlsx", found)
    good = workbook(desk.folder / "good.xlsx", survey_rows(3))
    mapping = choose_file(_written(desk, good))
    (problem,) = desk.problems(path, mappings=[mapping])
    assert problem.startswith(
        "survey.xlsx, sheet 'Responses', row 3, column 'I know whom to call': found 'Mostly'; expected 1 "
    )


def _written(desk: Desk, path: Path) -> Path:
    found = propose_for(path, framework=desk.review.framework)
    return write(path.with_suffix(".yml"), as_yaml(found.proposal))


def test_what_is_wrong_with_the_mapping_itself_is_said_once(desk: Desk) -> None:
    path = write(desk.folder / "a.csv", "No,Heard,2019\n1,4,\n2,5,\n3,5,\n")
    wrong = SURVEY.replace("domains: carers", "domains: nursing")
    mapping = choose_file(write(desk.folder / "map.yml", wrong))
    (problem,) = desk.problems(path, mappings=[mapping])
    assert problem.startswith("map.yml, column 'Heard', 'domains': found 'nursing'")


def test_columns_that_the_mapping_or_the_file_lack_are_named(desk: Desk) -> None:
    path = write(desk.folder / "a.csv", "No,Herd,2019\n1,4,\n")
    mapping = choose_file(write(desk.folder / "map.yml", SURVEY))
    assert desk.problems(path, mappings=[mapping]) == [
        "a.csv, headers: there is no column 'Heard', which map.yml names. Did you mean 'Herd'?",
        "a.csv, headers: map.yml does not say what the column 'Herd' is."
        " Add it, with 'leave out' if it is not imported.",
    ]


def test_what_a_mapping_leaves_open_is_asked_for(desk: Desk) -> None:
    path = write_csv(desk.folder / "a.csv", [{"Indicator": "I", "2019": 1, "2020": 2}])
    mapping = proposed(desk, path)
    (problem,) = desk.problems(path, mappings=[mapping])
    assert problem.startswith("a.yml: nothing gives 'better': Which direction is better: higher, lower or")
    assert added(desk.load(path, mappings=[proposed(desk, path, better="lower")])) == {
        "sources": 1,
        "items": 2,
    }


def test_a_mapping_that_fits_none_of_the_tables_is_named(desk: Desk) -> None:
    desk.load_sources()
    path = write_csv(desk.folder / "sources.csv", [{"source": "X1", "title": "X", "kind": "document"}])
    mapping = choose_file(write(desk.folder / "map.yml", SURVEY))
    assert desk.problems(path, mappings=[mapping]) == [
        "map.yml: it fits none of the tables. Leave it out, or give the right file."
    ]


# --- nothing that says who somebody is ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["Name", "First name", "E-mail address", "IP Address", "RecipientLastName", "E-bost", "Enw llawn"],
)
def test_columns_that_say_who_somebody_is_are_never_imported(desk: Desk, header: str) -> None:
    assert is_personal(header)
    path = write(desk.folder / "a.csv", f"No,Heard,{header}\n1,4,x\n")
    allowed = SURVEY.replace('"2019": leave out', f"{header}: leave out")
    assert (
        desk.load(path, mappings=[choose_file(write(desk.folder / "a.yml", allowed))]).added["responses"] == 1
    )
    forced = allowed.replace(f"{header}: leave out", f"{header}: {{is: characteristic}}")
    (problem,) = desk.problems(path, mappings=[choose_file(write(desk.folder / "b.yml", forced))])
    assert problem.startswith(f"a.csv, column '{header}': by its header it identifies people")


def test_a_cell_that_is_an_address_is_refused_whatever_its_header(desk: Desk) -> None:
    path = write(desk.folder / "a.csv", "No,Heard,2019\n1,4,\nb@example.org,5,\n")
    (problem,) = desk.problems(path, mappings=[choose_file(write(desk.folder / "map.yml", SURVEY))])
    assert problem.startswith(
        "a.csv, row 3, column 'No': this is an e-mail address, which is never imported."
    )


@pytest.mark.parametrize("text", ["a@b.org", "192.0.2.1", "2001:db8::1:2:3", "fe80:0:0:0:1:2:3:4"])
def test_addresses_are_known(text: str) -> None:
    assert says_who(text)


@pytest.mark.parametrize(
    "text", ["", "12:30", "1.2.3", "at home @ night", "10:30:00", "Agree", "c 3.4.5.6.7"]
)
def test_other_cells_are_no_addresses(text: str) -> None:
    assert not says_who(text)


# --- kept for the next file --------------------------------------------------------------------------------


def test_a_mapping_is_kept_and_offered_for_the_next_file_of_its_shape(desk: Desk) -> None:
    first = write_csv(desk.folder / "indicators.csv", indicator_rows())
    desk.load(first, mappings=[proposed(desk, first)])
    later = [{"2023/24": 1.5, "GOOD IS": "High", "indicator": "Indicator 1", "2022/23": 2.5}]
    path = write_csv(desk.folder / "next.csv", later)
    assert desk.problems(path) == [
        "next.csv, headers: these headers fit no layout. UseMapping(name='indicators')"
    ]
    (kept,) = choose_kept(desk.db, path, "utf-8", {"source": "N-2", "title": "The next return"})
    report = desk.load(path, mappings=[kept])
    assert added(report) == {"sources": 1, "items": 2} and report.kept == []
    assert one(desk.db, "select title from source where ref = 'N-2'") == "The next return"


def test_a_kept_mapping_never_puts_the_next_file_into_an_old_source(desk: Desk) -> None:
    first = write_csv(desk.folder / "indicators.csv", indicator_rows())
    desk.load(first, mappings=[proposed(desk, first)])
    assert "source" not in find_mapping(desk.db, "indicators").mapping.with_
    said = desk.problems(first, mappings=[choose_named(desk.db, "indicators", {})])
    assert [problem.partition(":")[0] for problem in said] == ["the mapping 'indicators'"] * 2
    assert "nothing gives 'source'" in said[0] and "nothing gives 'title'" in said[1]


def test_a_changed_mapping_takes_the_place_of_the_older_one_which_stays_in_the_record(desk: Desk) -> None:
    path = write(desk.folder / "a.csv", "No,Heard,2019\n1,4,x\n")
    desk.load(path, mappings=[choose_file(write(desk.folder / "map.yml", SURVEY))])
    changed = SURVEY.replace("Carers", "Adults").replace("S1", "S2")
    desk.load(path, mappings=[choose_file(write(desk.folder / "map.yml", changed))])
    assert find_mapping(desk.db, "map").mapping.with_ == {"group": "Adults"}
    assert [kept.name for kept in list_mappings(desk.db)] == ["map"]
    assert [kept.id for kept in kept_for(desk.db, shape_of(["no", "Heard", "2019"]))] == [2]
    events = rows(desk.db, "select action, target from event where action = 'keep mapping'")
    assert events == [{"action": "keep mapping", "target": "map"}] * 2
    with pytest.raises(UnknownName, match="there is no mapping 'mop'"):
        find_mapping(desk.db, "mop")


def test_a_mapping_of_a_refused_import_is_not_kept(desk: Desk) -> None:
    path = write(desk.folder / "a.csv", "No,Heard,2019\n1,wrong,x\n")
    desk.problems(path, mappings=[choose_file(write(desk.folder / "map.yml", SURVEY))])
    assert list_mappings(desk.db) == []


# --- proposals ---------------------------------------------------------------------------------------------


def test_a_proposal_is_the_same_every_time_and_reads_back_as_it_is(desk: Desk) -> None:
    path = workbook(desk.folder / "survey.xlsx", survey_rows(40))
    found = [propose_for(path, framework=desk.review.framework) for _ in range(2)]
    texts = {as_yaml(one.proposal) for one in found}
    assert len(texts) == 1
    text = texts.pop()
    assert yaml.safe_load(text) == json.loads(json.dumps(found[0].proposal.mapping))
    assert "# is agreeing bad here? Then add: with: {better: lower}" in text


def test_words_that_are_not_known_are_left_to_say(desk: Desk) -> None:
    words = ["Agree", "Disagree", "Strongly agree", "Mostly so"]
    path = write_csv(
        desk.folder / "a.csv", [{"No": n, "Heard": words[n % 4], "Seen": "Agree"} for n in range(20)]
    )
    found = propose_for(path)
    assert found.proposal.unknown == {"answer": ["Mostly so"]}
    assert "#     Mostly so: " in as_yaml(found.proposal)
    (problem,) = desk.problems(path, mappings=[proposed(desk, path)])
    assert problem.startswith("a.csv, rows 5, 9, 13, 17, 21, column 'Heard': found 'Mostly so'; expected 1")


def test_a_question_where_agreeing_is_bad_is_turned_round(desk: Desk) -> None:
    path = write(desk.folder / "a.csv", "No,Heard,2019\n1,Strongly disagree,x\n2,Agree,x\n")
    lower = SURVEY.replace("with: {domains: carers}", "with: {domains: carers, better: lower}")
    desk.load(path, mappings=[choose_file(write(desk.folder / "map.yml", lower))])
    assert one(desk.db, "select value from evidence where kind = 'survey_result'") == 50.0
    assert list(desk.db.execute("select answer from survey_response order by respondent")) == [(1,), (4,)]
    found = propose_for(
        write(desk.folder / "b.csv", "No,I felt ignored,Q\n1,Agree,Agree\n2,Disagree,Agree\n")
    )
    assert "# is agreeing bad here? Then add: with: {better: lower}" in as_yaml(found.proposal)


def test_a_long_table_of_official_statistics_is_imported_as_it_is(desk: Desk) -> None:
    measures = [("Adults receiving care", "1,234"), ("Seen in time (%)", "71.5")]
    path = write_csv(
        desk.folder / "open data.csv",
        [
            {"Area": "Cardiff", "Year": year, "Measure": name, "Data values": value, "Notes": ""}
            for year in ("2021-22", "2022-23")
            for name, value in measures
        ],
    )
    desk.load(path, mappings=[proposed(desk, path, better="neither")])
    found = desk.db.execute("select text, period, value from evidence order by id").fetchall()
    assert [tuple(row) for row in found] == [
        ("Adults receiving care", "2021-22", 1234.0),
        ("Seen in time (%)", "2021-22", 71.5),
        ("Adults receiving care", "2022-23", 1234.0),
        ("Seen in time (%)", "2022-23", 71.5),
    ]


def test_numbers_beside_an_indicator_are_no_other_indicators(desk: Desk) -> None:
    path = write_csv(
        desk.folder / "quarters.csv", [{"Measure": "Delays", "Polarity": "Low", "Q1": 5, "Q2": 6}]
    )
    found = propose_for(path, framework=desk.review.framework, layout="indicators")
    assert found.proposal.mapping["columns"] == {
        "Measure": "indicator",
        "Polarity": "better",
        "Q1": "leave out",
        "Q2": "leave out",
    }
    assert {"period", "value"} <= {name for name, said in found.proposal.mapping["with"].items() if not said}


def test_each_standard_of_an_audit_keeps_its_own_scale(desk: Desk) -> None:
    path = write_csv(
        desk.folder / "audit.csv",
        [
            {"Case ref": "1", "Plan signed?": "Y", "Overall": "Good", "Review": 3, "Voice": 2},
            {"Case ref": "2", "Plan signed?": "N", "Overall": "Inadequate", "Review": 5, "Voice": 1},
        ],
    )
    desk.load(path, mappings=[proposed(desk, path)])
    found = desk.db.execute("select text, value, scale_max from evidence order by id").fetchall()
    assert [tuple(row) for row in found] == [
        ("Plan signed?", 3.0, 3),
        ("Overall", 3.0, 4),
        ("Review", 3.0, 5),
        ("Voice", 2.0, 5),
        ("Plan signed?", 1.0, 3),
        ("Overall", 1.0, 4),
        ("Review", 5.0, 5),
        ("Voice", 1.0, 5),
    ]


def test_a_table_of_nothing_that_is_known_has_no_proposal(desk: Desk) -> None:
    path = write(desk.folder / "a.csv", "Colour,Shape\nred,round\n")
    with pytest.raises(EvidenceInvalid, match="no kind of evidence is recognised"):
        propose_for(path)
    (problem,) = desk.problems(path)
    assert problem.startswith("a.csv, headers: these headers do not fit any layout.")


@pytest.mark.parametrize(
    "header",
    ["2019", "2019/20", "2019-20", "2019/2020", "FY19", "FY 2019/20", "Q1 2020", "2020 Q4", "Mawrth 2021"],
)
def test_headers_that_are_periods_are_known(header: str) -> None:
    assert is_period(header)


@pytest.mark.parametrize("header", ["", "1", "19", "Question 2019", "Q1", "May", "12/13", "In 2019/20"])
def test_other_headers_are_no_periods(header: str) -> None:
    assert not is_period(header)


# --- properties --------------------------------------------------------------------------------------------

HEADER = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
@settings(max_examples=80)
def test_what_a_proposal_writes_yaml_reads_back(text: str) -> None:
    assert yaml.safe_load(f"{scalar(text)}: {scalar(text)}") == {text: text}


@given(st.lists(HEADER, min_size=1, max_size=12), st.randoms())
@settings(max_examples=60)
def test_the_shape_of_a_table_does_not_hang_on_the_order_of_its_columns(
    titles: list[str], rnd: random.Random
) -> None:
    names = column_names(RawTable("a", "a", [header_name(t) for t in titles], iter(()), titles=titles))
    assert len({header_name(name) for name in names}) == len(names) == len(titles)
    other = list(names)
    rnd.shuffle(other)
    assert shape_of(other) == shape_of(names)


def test_a_kept_mapping_is_read_as_it_was_written() -> None:
    found = TableMapping.model_validate(parse_policy_text(SURVEY, "map.yml").data)
    assert mapping_of(found.as_json(), "") == found


def test_the_headers_of_a_mapping_are_found_below_notes_and_hidden_rows_are_named(desk: Desk) -> None:
    path = write(desk.folder / "a.csv", "Survey of carers 2023\n\nNo,Heard,2019\n1,Mostly,x\n2,Agree,\n")
    desk.load(path, mappings=[choose_file(write(desk.folder / "map.yml", SURVEY))])
    assert one(desk.db, "select count(*) from survey_response") == 2
    book = Workbook()
    assert book.active is not None
    for row in (
        ["Kept by the council"],
        [],
        ["No", "Heard", "2019"],
        [3, "Agree", None],
        [4, "Disagree", None],
    ):
        book.active.append(row)
    book.active.row_dimensions[5].hidden = True
    book.save(desk.folder / "b.xlsx")
    report = desk.load(desk.folder / "b.xlsx", mappings=[choose_file(desk.folder / "map.yml")])
    assert report.added["responses"] == 1
    assert any("row 5" in note and "hidden" in note for note in report.notes), report.notes
