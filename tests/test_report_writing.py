"""Writing a report: paragraphs keep their numbers, name what they rest on, are stored whole or not at all."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from assessment_example import AT, add, new_review, tables_of
from command_line import Say
from evidence_rows import finding
from report_desk import QUALITY, ReportDesk, new_desk

from evidence.items import withdraw_item
from programme.database import Database
from report.model import Bullets, Example, Recommendation, Text, paragraphs_of
from report.writing import start_report, withdraw_paragraph
from rules.errors import DecisionRefused, ImportRefused, RunImpossible, UnknownName

HEADINGS = "heading: carers"


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> ReportDesk:
    return new_desk(db, tmp_path)


def test_a_report_needs_a_run_and_is_started_once(db: Database, desk: ReportDesk) -> None:
    with pytest.raises(DecisionRefused, match="was started before"):
        start_report(db, desk.review, by="lead", at=AT)
    with pytest.raises(RunImpossible, match="was not assessed yet"):
        start_report(db, new_review(db, "r2"), by="lead", at=AT)
    summary = start_report(db, desk.review, "summary", by="lead", at=AT)
    assert (summary.kind, summary.record) == ("summary", "en")


def test_what_a_paragraph_names_is_what_it_rests_on(desk: ReportDesk) -> None:
    stored = desk.carers(f"Rated {{rating:carers}} [E1] [S1:p.3]. {{survey:{QUALITY}|Carers}} agree.")
    assert stored.new == (1,)
    assert desk.supports(1) == {"{rating:carers}", "[E1]", "[S1:p.3]", f"{{survey:{QUALITY}|Carers}}"}


def test_writing_the_same_again_stores_nothing(desk: ReportDesk) -> None:
    desk.carers("First [E1].", "> An example [E2].", "- one [E3]\n- two")
    before = tables_of(desk.db)
    assert desk.carers("First [E1].", "> An example [E2].", "- one [E3]\n- two").event is None
    assert tables_of(desk.db) == before


def test_a_paragraph_keeps_its_number_by_number_or_by_its_words(desk: ReportDesk) -> None:
    desk.carers("First [E1].", "Second [E2].", "Third [E3].")
    stored = desk.carers("Third [E3].", "[p2] Second, said better [E2].", "A fourth [E4].")
    assert (stored.new, stored.withdrawn) == ((4,), (1,))
    assert desk.texts() == {3: "Third [E3].", 2: "Second, said better [E2].", 4: "A fourth [E4]."}
    # A number is never used again, not even by the same words.
    assert desk.carers("First [E1].").new == (5,)


def test_a_changed_text_changes_what_it_rests_on_and_keeps_what_was_named_beside_it(desk: ReportDesk) -> None:
    table = "paragraph,heading,style,lang,text,supports\n,carers,text,en,Said [E1].,E2; S1:p.4\n"
    desk.write({"paragraphs.csv": table})
    assert desk.supports(1) == {"[E1]", "[E2]", "[S1:p.4]"}
    desk.carers("[p1] Said again [E3].")
    assert desk.supports(1) == {"[E3]", "[E2]", "[S1:p.4]"}


def test_texts_in_two_languages_are_one_paragraph(desk: ReportDesk) -> None:
    desk.carers("Carers wait [E1].", "cy: Mae gofalwyr yn aros [E1].", "More help [E2].")
    assert desk.texts() == {1: "Carers wait [E1].", 2: "More help [E2]."}
    assert desk.texts(lang="cy") == {1: "Mae gofalwyr yn aros [E1].", 2: ""}


@pytest.mark.parametrize("together", [True, False])
def test_a_file_in_welsh_goes_with_the_english_by_order_or_number(desk: ReportDesk, together: bool) -> None:
    english = {"carers.md": "heading: carers\n\nOne [E1].\n\nTwo [E2]."}
    welsh = {"carers.cy.md": "heading: carers\nlang: cy\n\nUn [E1].\n\nDau [E2]."}
    if together:
        desk.write(english | welsh)
    else:
        desk.write(english)
        desk.write(welsh)
    assert desk.texts(lang="cy") == {1: "Un [E1].", 2: "Dau [E2]."}
    desk.write({"c.md": "heading: Support for carers\nlang: cy\n\n[p2] Dau arall [E2].\n\n[p1] Un [E1]."})
    assert desk.texts(lang="cy") == {1: "Un [E1].", 2: "Dau arall [E2]."}


def test_welsh_of_another_length_needs_numbers(desk: ReportDesk) -> None:
    desk.carers("One [E1].", "Two [E2].")
    with pytest.raises(ImportRefused) as refused:
        desk.write({"c.md": "heading: carers\nlang: cy\n\nUn [E1]."})
    assert "1 paragraph in cy, and 2 in en" in str(refused.value)
    assert "[p1]" in str(refused.value)


def test_welsh_is_stale_once_the_english_it_was_made_from_changes(desk: ReportDesk) -> None:
    desk.carers("Carers wait [E1].", "cy: Mae gofalwyr yn aros [E1].")
    desk.carers("[p1] Carers wait long [E1].", "cy: Mae gofalwyr yn aros [E1].")
    assert desk.writing.all[1].stale == "cy"
    desk.carers("[p1] Carers wait long [E1].", "cy: Mae gofalwyr yn aros [E1].", translations_agree=True)
    assert desk.writing.all[1].stale is None
    desk.carers("[p1] Carers wait longer [E1].", "cy: Mae gofalwyr yn aros yn hirach [E1].")
    assert desk.writing.all[1].stale is None


def test_only_moving_a_paragraph_makes_no_welsh_stale_or_fresh(desk: ReportDesk) -> None:
    desk.carers("One [E1].", "cy: Un [E1].", "Two [E2].")
    desk.carers("[p1] One more [E1].", "cy: Un [E1].", "Two [E2].")
    desk.carers("Two [E2].", "[p1] One more [E1].", "cy: Un [E1].")
    assert [*desk.texts()] == [2, 1]
    assert desk.writing.all[1].stale == "cy"


def test_recommendations_have_numbers_for_good_and_their_terms_can_change(desk: ReportDesk) -> None:
    head = "number,kind,basis,text,text_cy,domains\n"
    row = 'R2,compliance,"Care Act, section 1",Do it [E1].,Gwnewch ef [E1].,"carers, workforce"\n'
    desk.write({"recommendations.csv": head + row + "P1,,,Put carers first [E2].,,carers\n"})
    [second, priority] = desk.writing.recommendations
    assert (second.label, second.kind, second.domains) == ("R2", "compliance", ("carers", "workforce"))
    assert (priority.label, priority.kind) == ("P1", "")
    assert desk.write({"recommendations.csv": head + row}).event is None
    changed = desk.write({"recommendations.csv": head + "R2,improvement,,Do it [E1].,,carers\n"})
    assert changed.event is not None
    assert desk.writing.recommendations[0].kind == "improvement"
    assert desk.texts("recommendations", "cy") == {1: "Gwnewch ef [E1]."}
    # Its paragraph can name it; without it, nothing can.
    desk.carers("See what we ask for [R2].")
    with pytest.raises(ImportRefused, match="no recommendation R3"):
        desk.carers("See what we ask for [R3].")


def test_all_problems_are_named_at_once_and_nothing_is_stored(desk: ReportDesk) -> None:
    before = tables_of(desk.db)
    with pytest.raises(ImportRefused) as refused:
        desk.carers(
            "No item [E999].",
            "{carers.strength_share} of them, {rating:carer}, {survey:Servces are of good quality|Carers},"
            f" {{survey:{QUALITY}|Carer}}.",
            "[p7] No number [Q9].",
        )
    said = str(refused.value)
    for part in (
        "carers.md, line 3: there is no item E999 in this review. The nearest item is E",
        "line 5: there is no measure, rating or survey 'carers.strength_share'. Did you mean"
        " 'carers.strengths_share'",
        "there is no domain or question 'carer'. Did you mean 'carers'",
        f"there is no survey question 'Servces are of good quality'. Did you mean '{QUALITY}'",
        "'Carer'. Did you mean 'Carers'",
        "line 7: there is no paragraph p7",
        "there is no source 'Q9'",
    ):
        assert part in said
    assert tables_of(desk.db) == before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("No front lines.", "line 1: the heading is missing. Begin the file with its heading"),
        ("heading: carer\n\nText [E1].", "there is no heading 'carer'. Did you mean 'carers'"),
        ("heading: carers\nlang: fr\n\nText.", "there is no language 'fr'. Write en or cy."),
        ("heading: carers\nlanguage: en\n\nText.", "there is no front line 'language'"),
        ("heading: carers\n\nOne [E1].\n\n# A heading", "line 5: a heading is not read in a paragraph"),
        ("heading: carers\n\nOne\n<b>two</b> [E1].", "line 4: HTML is not read"),
        ("heading: carers\n\n[A page](http://x.example) [E1].", "a link is not read"),
        ("heading: carers\n\n![A page](x.png) [E1].", "a picture is not read"),
        ("heading: carers\n\ncy: Yn gyntaf.", "no paragraph is before this cy: line"),
        (
            "heading: carers\n\nP1: An aim [E1].",
            "P1 belongs under another heading. Move it to",
        ),
        ("heading: carers\n\n" + "x" * 10_001, "has 10,001 characters; at most 10,000 are stored"),
    ],
)
def test_what_is_not_read_is_refused_with_its_place(desk: ReportDesk, content: str, says: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        desk.write({"carers.md": content})
    assert says in " ".join(str(refused.value).split())


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("paragraph,heading,text\nx,carers,Text [E1].\n", "'x' is no number of a paragraph"),
        ("paragraph,heading,text\n9,carers,Text [E1].\n", "there is no paragraph p9"),
        ("heading,style,text\ncarers,exmple,Text.\n", "no style 'exmple'. Did you mean 'example'"),
        ("heading,text\ncarers,\n", "the text is missing"),
        ("heading,text,note\ncarers,Text.,x\n", "there is no column 'note' in report-paragraphs"),
        ("number,text,kind\nR1,Do it.,complience\n", "kind of recommendation 'complience'. Did you mean"),
        ("number,text,kind\n1,Do it.,improvement\n", "'1' is no number of a recommendation. Write R4."),
        ("number,text,kind,domains\nR1,Do it.,improvement,carer\n", "there is no domain 'carer'"),
        ("colour,shape\nred,round\n", "the columns are those of no table of a report"),
    ],
)
def test_a_table_that_is_wrong_is_refused_by_row(desk: ReportDesk, table: str, says: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        desk.write({"table.csv": table})
    assert says in " ".join(str(refused.value).split())


def test_a_paragraph_is_withdrawn_with_a_reason_and_its_number_says_so(desk: ReportDesk) -> None:
    desk.carers("One [E1].", "Two [E2].")
    withdraw_paragraph(desk.db, desk.report, 1, by="lead", because="Said twice.", at=AT)
    assert desk.texts() == {2: "Two [E2]."}
    assert desk.supports(1) == set()
    with pytest.raises(UnknownName, match="no paragraph 'p1'"):
        withdraw_paragraph(desk.db, desk.report, 1, by="lead", because="Again.", at=AT)
    with pytest.raises(ImportRefused, match=r"p1 was withdrawn\. Leave the number out"):
        desk.carers("[p1] One [E1].")
    with pytest.raises(ImportRefused, match="p2 belongs to “"):
        desk.write({"w.md": "heading: workforce\n\n[p2] Two [E2]."})


def test_a_word_document_is_read_by_its_headings_and_numbers(desk: ReportDesk) -> None:
    docx = pytest.importorskip("docx")
    desk.carers("One [E1].", "Two [E2].")
    document = docx.Document()
    document.add_paragraph("A note before any heading.")
    document.add_heading("Support for carers", 1)
    document.add_paragraph("[p2] Two, said better [E2].")
    document.add_paragraph("Three is 2*3 [E3].")
    for item in ("first [E4]", "second"):
        document.add_paragraph(item, style="List Bullet")
    document.add_paragraph("> Seen in one file [E5].")
    document.add_heading("Something else", 2)
    document.add_paragraph("It belongs nowhere.")
    document.add_heading("recommendations", 1)
    document.add_paragraph("R1: Do it [E6].")
    file = desk.folder / "report.docx"
    document.save(str(file))
    stored = desk.write(file)
    assert desk.texts() == {
        2: "Two, said better [E2].",
        3: "Three is 2\\*3 [E3].",
        4: "- first [E4]\n- second",
        5: "Seen in one file [E5].",
    }
    assert [one.style for one in desk.writing.by_heading["carers"]] == ["text", "text", "list", "example"]
    assert [terms.label for terms in desk.writing.recommendations] == ["R1"]
    assert stored.withdrawn == (1,)
    for text in ("A note before any heading.", "Something else", "It belongs nowhere."):
        assert f"report.docx: not placed, under no heading of the report: “{text}”" in stored.notes
    assert paragraphs_of(desk.draft())[3][0].text.words("en") == "Three is 2*3."


def test_a_workbook_of_paragraphs_changes_what_it_names_and_leaves_the_rest(desk: ReportDesk) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    desk.carers("One [E1].", "Two [E2].", "cy: Dau [E2].", "Three [E3].")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Paragraph", "Heading", "Style", "Lang", "Text", "Supports"])
    sheet.append([1, "Support for carers", "text", "en", "One, said better [E1].", "E4; {rating:carers}"])
    sheet.append(["p3", "carers", "text", "en", "", ""])
    sheet.append([None, "carers", "example", "en", "Seen [E5].", None])
    file = desk.folder / "report-paragraphs.xlsx"
    book.save(file)
    stored = desk.write(file)
    assert (stored.new, stored.changed, stored.withdrawn) == ((4,), (1,), (3,))
    assert desk.texts() == {1: "One, said better [E1].", 2: "Two [E2].", 4: "Seen [E5]."}
    assert desk.texts(lang="cy")[2] == "Dau [E2]."
    assert desk.supports(1) == {"[E1]", "[E4]", "{rating:carers}"}


def test_the_model_has_the_parts_in_their_order_and_values_of_the_run(desk: ReportDesk) -> None:
    desk.write(
        {
            "title.md": "heading: title\n\nA review\n\ncy: Adolygiad",
            "carers.md": "heading: carers\n\nRated {rating:carers}: {carers.strengths_share} and"
            f" {{survey:{QUALITY}|Carers}} [E1].\n\ncy: Sgôr {{rating:carers}}: {{carers.strengths_share}} a"
            f" {{survey:{QUALITY}|Carers}} [E1].\n\n> Seen [E2].\n\n- *one* [E3]\n- two",
            "recommendations.csv": "number,kind,text,domains\nR1,improvement,Do it [E4].,carers\n",
        }
    )
    report = desk.draft()
    assert (report.title.en, report.title.cy, report.languages) == ("A review", "Adolygiad", ("en", "cy"))
    names = [block.id for block in report.blocks if block.kind in ("heading", "grid", "table")]
    assert names[:4] == ["h-judgement", "grid", "h-ratings", "ratings"]
    assert names.index("h-services") < names.index("h-carers") < names.index("h-organisation")
    assert "h-organisation" in names[: names.index("h-recommendations")]
    assert names.index("h-recommendations") < names.index("appendix-a-sources")
    by_number = paragraphs_of(report)
    [written] = by_number[1]
    title = desk.review.framework.level("carers", desk.run.rating("carers").level or 0).title
    assert written.text.words("en") == f"Rated {title['en']}: 75 % and 62.4 %."
    assert written.text.words("cy") == f"Sgôr {title['cy']}: 75 % a 62.4 %."
    assert isinstance(by_number[2][0], Example)
    bullets = by_number[3][0]
    assert isinstance(bullets, Bullets)
    assert [item.en[0].style for item in bullets.items] == ["emphasis", "plain"]
    [advice] = [block for block in report.blocks if isinstance(block, Recommendation)]
    assert (advice.label, advice.sort) == ("R1", "improvement")
    assert advice.text == Text(en=advice.text.en)


def test_the_latest_survey_result_is_filled_in(desk: ReportDesk) -> None:
    desk.carers(f"{{survey:{QUALITY}|Carers}} agree.")
    assert paragraphs_of(desk.draft())[1][0].text.words("en") == "62.4 % agree."


def test_the_commands_write_check_and_give_back_the_same_text(
    desk: ReportDesk, say: Say, tmp_path: Path
) -> None:
    database = ("--db", str(tmp_path / "programme.db"))
    text = tmp_path / "given"
    text.mkdir()
    (text / "carers.md").write_text("heading: carers\n\nOne [E1].\n\ncy: Un [E1].\n\n> Two [E2].\n")
    with (text / "recommendations.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["number", "kind", "text"], ["R1", "improvement", "Do it [E3]."]])
    done = say("report", "write", "r1", str(text), "--by", "lead", *database)
    assert (done.code, done.out) == (0, "3 paragraphs new: p1 to p3\n")
    out = tmp_path / "out"
    assert say("report", "text", "r1", str(out), *database).code == 0
    assert sorted(path.name for path in out.iterdir()) == ["carers.md", "recommendations.csv"]
    assert "[p1] One [E1].\n\ncy: Un [E1].\n\n[p2] > Two [E2].\n" in (out / "carers.md").read_text()
    again = say("report", "write", "r1", str(out), "--by", "lead", *database)
    assert again.out == "Nothing is different: nothing was stored.\n"
    missing = say("report", "write", "r1", str(tmp_path / "none"), "--by", "lead", *database)
    assert (missing.code, "there is no file or folder" in missing.err) == (1, True)
    other = say("report", "write", "r1", str(out), "--by", "lead", "--kind", "summary", *database)
    assert (other.code, "no summary of r1 was started" in other.err) == (1, True)


def test_a_withdrawn_item_can_stay_in_a_text_until_the_check_is_heeded(desk: ReportDesk) -> None:
    desk.carers("One [E1].")
    withdraw_item(desk.db, desk.review, 1, by="lead", because="Twice.", at=AT)
    add(desk.db, desk.review, finding("I1"))
    assert desk.carers("One [E1].", "Two [E2].").new == (2,)
