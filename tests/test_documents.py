"""Documents as people see them: nothing runs together or slides, nothing hidden shows, losses are named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_files import W, changed, docx, paragraph, run, table

from evidence.files.formats.markup import html_sections, list_number
from evidence.files.formats.pages import line_ends, tidy
from evidence.files.formats.raised import kept_apart
from evidence.files.formats.said import Said
from evidence.files.formats.word import word_sections

Read = tuple[str, list[str]]
"""A text, sections parted by bars, and the notes on it."""


def html(text: str) -> Read:
    said = Said()
    return "|".join(tidy(section) for section in html_sections(text, said)), said.notes()


def word(*body: str, **parts: str) -> Read:
    """What is read of a Word document with this body, and parts beside it (styles, numbering, ...)."""
    beside = {f"word/{name}.xml": f"<w:{name} {W}>{xml}</w:{name}>" for name, xml in parts.items()}
    return read_word(docx(*body, parts=beside))


def read_word(document: bytes) -> Read:
    said = Said()
    return "|".join(tidy(section) for section in word_sections(document, said)), said.notes()


# --- raised and lowered characters -------------------------------------------------------------------------

RAISED = '<w:vertAlign w:val="superscript"/>'


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (
            "In 2007<sup>1</sup> there were 45<sup>2</sup> complaints",
            "In 2007[1] there were 45[2] complaints",
        ),
        ("2007<span style='vertical-align: super'>1</span>", "2007[1]"),
        ("2007<sup><a href='#n'>[1]</a></sup> and 45<sup>(2)</sup>", "2007[1] and 45(2)"),
        ("waited.<sup>1, 2</sup> The 1<sup>st</sup> of 3 km<sup>2</sup>", "waited.[1, 2] The 1st of 3 km²"),
        ("45<sup>a</sup> and 10<sup>-3</sup>", "45[a] and 10[-3]"),
        ("CO<sub>2</sub> of 7<sub>10</sub>, 4<sup>1</sup>/<sub>2</sub>", "CO2 of 7[10], 4 1/2"),
        ("a<sup> 1 </sup>b<sub> c </sub>d", "a [1] b c d"),
        ("<p><sup>1</sup> Of carers.", "[1] Of carers."),
    ],
)
def test_a_raised_digit_never_runs_into_the_figure_that_it_follows(page: str, text: str) -> None:
    assert html(page) == (text, [])


def test_a_raised_digit_is_kept_apart_in_word_too_however_it_is_raised() -> None:
    styles = (
        f'<w:style w:type="character" w:styleId="Mark"><w:rPr>{RAISED}</w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Note"><w:basedOn w:val="Mark"/></w:style>'
    )
    by_style = run("2", '<w:rStyle w:val="Note"/>')
    by_hand = run("3", '<w:position w:val="6"/><w:sz w:val="12"/>')
    said = run("In 2007") + run("1", RAISED) + run(" there were 45") + by_style + run(", then 46") + by_hand
    assert word(paragraph(xml=said), styles=styles)[0] == "In 2007[1] there were 45[2], then 46[3]"
    two = run("45") + run("1", RAISED) + run("2", RAISED)
    assert word(paragraph(xml=two))[0] == "45[12]"


@given(st.text("0123456789⁰¹²³⁴⁵⁶⁷⁸⁹⁻ km.,", max_size=30))
def test_raised_digits_of_unicode_are_kept_apart_in_every_text(text: str) -> None:
    found = kept_apart(text)
    assert kept_apart(found) == found
    plain = text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    assert found.translate(str.maketrans("²³", "23", "[]")).replace("⁻", "-") == plain
    for figure in text.split():
        if figure.isascii() and figure.isdigit():
            assert figure in found


@pytest.mark.parametrize(
    "page", ["12<s>15</s>18 of 20", "12<span style='text-decoration: line-through'>15</span>18 of 20"]
)
def test_figures_that_are_struck_through_never_run_into_the_others(page: str) -> None:
    assert html(page) == ("12 15 18 of 20", [])
    assert html("un<s>usual</s>, <del>late</del>.") == ("un usual, late.", [])


@pytest.mark.parametrize("mark", ["<w:strike/>", "<w:dstrike/>"])
def test_figures_that_are_struck_through_stay_apart_in_word(mark: str) -> None:
    said = run("Waits of 12") + run("15", mark) + run("18") + run(" days", '<w:strike w:val="0"/>')
    assert word(paragraph(xml=said))[0] == "Waits of 12 15 18 days"


# --- tables ------------------------------------------------------------------------------------------------


def test_cells_with_several_short_lines_stay_in_their_row() -> None:
    page = (
        "<table><tr><th>Number of<br>people<th>Share<tr><td><p>12</p><p>13</p><td>5"
        "<tr><td>1<td><p>2</p><p>3</p></table>"
    )
    assert html(page)[0] == "Number of people\tShare\n12 13\t5\n1\t2\n\n3"
    page = "<table><tr><td><table><tr><td>a<td>b<tr><td>c<td>d</table><td>beside</table>"
    assert html(page)[0] == "a\tb\nc\td\tbeside"


def test_figures_stay_under_their_headings_where_cells_are_merged() -> None:
    assert html(
        "<table><tr><th rowspan=2>Area<th colspan=2>2007<th>2008<tr><th>n<th>%<th>n<tr><td>Môn<td>1<td>2<td>3"
        "</table>"
    )[0] == ("Area\t2007\t\t2008\n\tn\t%\tn\nMôn\t1\t2\t3")
    assert html("<table><tr><td rowspan=0>A<td>1<tr><td>2<tbody><tr><td>B<td>3</table>")[0] == (
        "A\t1\n\t2\nB\t3"
    )
    within = "<table><tr><td rowspan=2>x<td>y<tr><td>z</table>"
    assert html(f"<table><tr><td colspan=2>{within}<td>B<tr><td>1<td>2<td>3</table>")[0] == (
        "x\ty\n\tz\t\tB\n1\t2\t3"
    )


def test_a_row_that_begins_further_in_and_one_that_is_hidden_move_nothing() -> None:
    def row(*cells: str, properties: str = "") -> str:
        made = "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells)
        return f"<w:tr><w:trPr>{properties}</w:trPr>{made}</w:tr>"

    text, notes = word(
        "<w:tbl>"
        + row("Area", "n", "%")
        + '<w:bookmarkStart w:id="0" w:name="here"/>'
        + row("9", properties='<w:gridBefore w:val="2"/>')
        + row("secret", "1", "2", properties="<w:hidden/>")
        + "</w:tbl>"
    )
    assert (text, notes) == ("Area\tn\t%\n\t\t9", ["1 hidden passage was left out"])


@st.composite
def merged(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """A table of 4 by 4 places: for each the place of the cell that covers it."""
    places = [[(row, column) for column in range(4)] for row in range(4)]
    for _ in range(draw(st.integers(0, 3))):
        row, column = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        covered = [
            (down, right)
            for down in range(row, draw(st.integers(row, 3)) + 1)
            for right in range(column, draw(st.integers(column, 3)) + 1)
        ]
        last_column = max(right for _, right in covered)
        covered = [
            (down, right)
            for down in {down for down, _ in covered}
            for right in range(column, last_column + 1)
        ]
        if all(
            places[down][right] == (down, right) and not _covers(places, down, right)
            for down, right in covered
        ):
            for down, right in covered:
                places[down][right] = (row, column)
    return places


def _covers(places: list[list[tuple[int, int]]], row: int, column: int) -> bool:
    return sum(place == (row, column) for line in places for place in line) > 1


@settings(max_examples=30)
@given(merged())
def test_every_cell_stays_in_its_column_whatever_is_merged(places: list[list[tuple[int, int]]]) -> None:
    page, document, expected = "", "", []
    for row, line in enumerate(places):
        page, document = page + "<tr>", document + "<w:tr>"
        shown = [f"{row}.{column}" if place == (row, column) else "" for column, place in enumerate(line)]
        expected.append("\t".join(shown).rstrip("\t"))
        for column, place in enumerate(line):
            if column and line[column - 1] == place:
                continue
            wide = line.count(place)
            tall = sum(place in other for other in places)
            if place == (row, column):
                page += f"<td colspan={wide} rowspan={tall}>{row}.{column}"
            merge = '<w:vMerge w:val="restart"/>' if place == (row, column) else "<w:vMerge/>"
            document += f'<w:tc><w:tcPr><w:gridSpan w:val="{wide}"/>{merge if tall > 1 else ""}</w:tcPr>'
            document += paragraph(f"{row}.{column}" if place == (row, column) else "") + "</w:tc>"
        document += "</w:tr>"
    lines = [line for line in expected if line]
    assert html(f"<table>{page}</table>")[0].split("\n") == lines
    assert word(f"<w:tbl>{document}</w:tbl>")[0].split("\n") == lines


# --- forms -------------------------------------------------------------------------------------------------

W14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'


def box(on: bool) -> str:
    state = f'<w14:checkbox {W14}><w14:checked w14:val="{int(on)}"/></w14:checkbox>'
    return f"<w:sdt><w:sdtPr>{state}</w:sdtPr><w:sdtContent>{run('☒' if on else '☐')}</w:sdtContent></w:sdt>"


def complex_field(instruction: str, result: str | None, data: str = "") -> str:
    begun = f'<w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r>'
    parted = '<w:r><w:fldChar w:fldCharType="separate"/></w:r>' + result if result is not None else ""
    ended = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    return f"{begun}<w:r><w:instrText>{instruction}</w:instrText></w:r>{parted}{ended}"


def test_a_form_of_word_is_read_as_it_is_filled_in() -> None:
    chosen = f"<w:sdt><w:sdtPr><w:dropDownList/></w:sdtPr><w:sdtContent>{run('Often')}</w:sdtContent></w:sdt>"
    controls = run("Asked?") + box(True) + run("Yes") + box(False) + run("No. How often: ") + chosen
    assert word(paragraph(xml=controls)) == ("Asked? ☒ Yes ☐ No. How often: Often", [])
    ticked = "<w:ffData><w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox></w:ffData>"
    empty = "<w:ffData><w:checkBox><w:default w:val='0'/></w:checkBox></w:ffData>"
    entries = "".join(f'<w:listEntry w:val="{entry}"/>' for entry in ("Never", "Often"))
    drop = f'<w:ffData><w:ddList><w:result w:val="1"/>{entries}</w:ddList></w:ffData>'
    legacy = (
        run("Yes")
        + complex_field(" FORMCHECKBOX ", None, ticked)
        + run("No")
        + complex_field(" FORMCHECKBOX ", "", empty)
        + complex_field(" FORMDROPDOWN ", None, drop)
        + run(", ")
        + complex_field(" FORMTEXT ", run("since 2007"), "<w:ffData><w:textInput/></w:ffData>")
    )
    assert word(paragraph(xml=legacy)) == ("Yes ☒ No ☐ Often, since 2007", [])
    drawn = '<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>' + run(
        "o", '<w:rFonts w:ascii="Wingdings"/>'
    )
    assert word(paragraph(xml=run("Yes") + drawn))[0] == "Yes ☒ ☐"


def test_a_form_of_a_page_is_read_as_it_is_filled_in() -> None:
    page = """<label>Asked? <input type=checkbox checked>Yes</label> <input type=radio>No
      <label>Name:<input value='Carers Trust'></label> <select><option>Never<option selected>Often</select>
      <textarea>two\nlines</textarea><input type=password value=x><input type=hidden value=x>
      <input type=submit value=Send><select multiple><option>x</select><datalist><option>x</datalist>"""
    assert html(page) == ("Asked? ☒ Yes ☐ No Name: Carers Trust Often two\nlines", [])


# --- fields, breaks, lists, equations, parts of other formats ----------------------------------------------


def test_the_results_of_fields_are_read_and_never_their_instructions() -> None:
    simple = f'<w:fldSimple w:instr=" SEQ Table ">{run("3")}</w:fldSimple>'
    assert word(paragraph("Table ", xml=simple + run(": complaints")))[0] == "Table 3: complaints"
    inner = complex_field(" MERGEFIELD Sex ", run("F"))
    nested = complex_field(" IF ", run("Dear Madam")).replace(
        "</w:instrText></w:r>", f"</w:instrText></w:r>{inner}"
    )
    assert word(paragraph(xml=nested))[0] == "Dear Madam"
    begun = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    assert word(paragraph(xml=begun + run("A field that never ends")))[0] == "A field that never ends"


def test_breaks_within_a_paragraph_part_the_words() -> None:
    parts = '<w:t>one</w:t><w:cr/><w:t>two</w:t><w:br w:type="page"/><w:t>three</w:t><w:ptab/><w:t>four</w:t>'
    assert word(f"<w:p><w:r>{parts}</w:r></w:p>")[0] == "one\ntwo\nthree four"


def test_what_changes_the_direction_of_words_loses_none() -> None:
    turned = f'<w:bdo w:val="rtl">{run("one")}</w:bdo><w:dir w:val="rtl">{run(" two")}</w:dir>'
    assert word(paragraph(xml=turned)) == ("one two", [])


NUMBERING = (
    '<w:abstractNum w:abstractNumId="0">'
    '<w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
    "</w:abstractNum>"
    '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="0"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>'
)


def entry(text: str, number: int, level: int = 0, style: str = "") -> str:
    numbered = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{numbered}</w:pPr>{run(text)}</w:p>"


def test_the_numbers_of_a_list_are_those_that_word_shows() -> None:
    body = [
        *(entry("A", 1), entry("B", 1), entry("b", 1, 1), entry("c", 1, 1), entry("C", 1), entry("d", 1, 1)),
        *(entry("bullet", 2), entry("anew", 3), paragraph("x"), entry("Heading", 3, 0, "Heading1")),
    ]
    text, _ = word(*body, numbering=NUMBERING)
    assert text.replace("\n\n", "\n").split("\n") == [
        *("3. A", "4. B", "4.a) b", "4.b) c", "5. C", "5.a) d", "bullet", "1. anew", "x|2. Heading"),
    ]


def test_the_numbers_of_a_list_are_those_that_a_page_shows() -> None:
    assert html("<ol start=3><li>x<li value=7>y<ol type=a><li>q</ol></ol><ol reversed><li>p<li>q</ol>")[
        0
    ] == ("3. x\n7. y\n\na. q\n\n2. p\n1. q")


@given(st.integers(1, 3_999))
def test_letters_and_roman_numerals_count(number: int) -> None:
    values = {"m": 1000, "d": 500, "c": 100, "l": 50, "x": 10, "v": 5, "i": 1}
    roman = [values[sign] for sign in list_number(number, "i")]
    assert number == sum(-v if v < max(roman[at:]) else v for at, v in enumerate(roman))
    letters = 0
    for letter in list_number(number, "a"):
        letters = letters * 26 + ord(letter) - 96
    assert letters == number


M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def test_an_equation_is_a_line_of_text_and_one_that_cannot_be_read_is_named() -> None:
    def math(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    half = f"<m:f><m:num>{math('1')}</m:num><m:den>{math('2')}</m:den></m:f>"
    power = f"<m:sSup><m:e>{math('10')}</m:e><m:sup>{math('3')}</m:sup></m:sSup>"
    equation = f"<m:oMath {M}>{half}{math('+')}{power}</m:oMath>"
    assert word(paragraph("Rate:", xml=equation + run("in all"))) == ("Rate: 1/2+10^3 in all", [])
    unknown = f"<m:oMath {M}><m:fromTheFuture>{math('x')}</m:fromTheFuture></m:oMath>"
    said = ["1 equation could not be read completely: check the text"]
    assert word(paragraph(xml=unknown)) == ("x", said)
    page = "<math><mfrac><mn>1</mn><mn>2</mn></mfrac><mo>+</mo><msup><mn>10</mn><mn>3</mn></msup></math>"
    assert html(page) == ("1/2 + 10^3", [])
    assert html("<math><mlongdiv><mn>1</mn></mlongdiv></math>") == ("1", said)


def test_parts_in_other_formats_are_read_in_their_place_or_named() -> None:
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    chunk = f'<w:altChunk xmlns:r="{relations}" r:id="{{}}"/>'
    related = "".join(
        f'<Relationship Id="{name}" Type="{relations}/aFChunk" Target="{name}.{kind}"/>'
        for name, kind in (("a", "html"), ("b", "docx"), ("c", "mht"))
    )
    rels = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{rels}">{related}</Relationships>',
        "word/a.html": b"<p>From 2007<sup>1</sup><p>a page",
        "word/b.docx": docx(paragraph("From a document")),
        "word/c.mht": b"x",
    }
    body = [paragraph("Before"), *(chunk.format(name) for name in "abc"), paragraph("after")]
    text, notes = read_word(docx(*body, parts=parts))
    assert text.split("\n\n") == ["Before", "From 2007[1]", "a page", "From a document", "after"]
    assert notes == ["1 embedded part was left out (a frame, a film, a chart or another file)"]


def test_the_text_of_a_box_is_read_once() -> None:
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    held = f"<w:txbxContent>{paragraph('In a box')}</w:txbxContent>"
    both = (
        f'<w:r><mc:AlternateContent xmlns:mc="{mc}"><mc:Choice Requires="wps">'
        f"<w:drawing><x>{held}</x></w:drawing></mc:Choice><mc:Fallback><w:pict><x>{held}</x></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert word(paragraph("Before", xml=both)) == ("Before\n\nIn a box", [])


def test_what_the_reader_does_not_know_is_named() -> None:
    odd = '<w:r><w:fromTheFuture/><w:sym w:font="Unknown" w:char="F041"/><w:t>text</w:t></w:r>'
    text, [note] = word(paragraph(xml=odd))
    assert text == "text"
    assert note == "parts that the reader does not know were left out: fromTheFuture and a symbol of a font"


def test_a_document_in_the_stricter_form_is_read_alike() -> None:
    loose = docx(paragraph("One", "Heading1"), paragraph("In 2007", xml=run("1", RAISED)), table(["a", "b"]))
    transitional = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    strict = changed(
        loose, "word/document.xml", transitional, b"http://purl.oclc.org/ooxml/wordprocessingml/main"
    )
    assert read_word(strict) == read_word(loose) == ("One\n\nIn 2007[1]\n\na\tb", [])


# --- what is hidden ----------------------------------------------------------------------------------------


def test_hidden_text_of_word_is_left_out_and_counted() -> None:
    styles = '<w:style w:type="paragraph" w:styleId="Hidden"><w:rPr><w:vanish/></w:rPr></w:style>'
    body = [
        paragraph(
            "Seen", xml=run(" secret", "<w:vanish/>") + run(" words", "<w:vanish/>") + run(" and read")
        ),
        paragraph("hidden by its style", "Hidden"),
        paragraph(xml=run("not this", '<w:vanish w:val="0"/>'), style="Hidden"),
    ]
    assert word(*body, styles=styles) == (
        "Seen and read\n\nnot this",
        ["2 hidden passages were left out"],
    )


def test_a_field_of_word_that_nobody_filled_in_is_empty() -> None:
    said = "<w:sdt><w:sdtPr>{}</w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    empty = said.format("<w:showingPlcHdr/>", run("Click or tap here to enter text."))
    assert word(paragraph("Date: ", xml=empty), paragraph("Place: ", xml=said.format("", run("Ty")))) == (
        "Date:\n\nPlace: Ty",
        [],
    )


def test_hidden_parts_of_a_page_and_what_it_embeds_are_left_out_and_counted() -> None:
    page = (
        "a<p hidden>x</p><div style='display:none'><p>x</p>y</div><p hidden></p><dialog>x</dialog>"
        "<img src=x><iframe>x</iframe>b"
    )
    assert html(page) == (
        "ab",
        [
            "3 hidden passages were left out",
            "1 picture was left out",
            "1 embedded part was left out (a frame, a film, a chart or another file)",
        ],
    )


@pytest.mark.parametrize(
    ("rules", "shown"),
    [
        (".secret {display: none}", False),
        ("/* a } */ p.secret, .other { color: red; DISPLAY:none !important }", False),
        ("#one{display:none}", False),
        ("p{display:none} .secret{display:block}", True),
        (".secret{display:none} p.secret{display:block}", True),
        (".secret{display:block} .secret{display:none}", False),
        (".secret{display:none} .open .secret{display:block}", True),
        ("@media print {.secret{display:none}}", True),
        (".secret{display:none} @media screen {.secret{display:block}}", True),
        (".secret .more{display:none}", True),
        (".secret:hover{display:none}", True),
        (".secret{display:none", True),
    ],
)
def test_what_the_style_sheet_of_a_page_hides_is_left_out(rules: str, shown: bool) -> None:
    page = f"<style>{rules}</style>a<p id=one class='secret x'>words</p>b"
    notes = [] if shown else ["1 hidden passage was left out"]
    assert html(page) == ("a\n\nwords\n\nb" if shown else "ab", notes)


def test_comments_headers_and_tracked_changes_are_named() -> None:
    gone = f"<w:del><w:r><w:delText>everybody</w:delText></w:r></w:del><w:ins>{run('nobody')}</w:ins>"
    text, notes = word(paragraph(xml=gone), comments=f'<w:comment w:id="1">{paragraph("Why?")}</w:comment>')
    assert text == "nobody"
    assert notes == [
        "1 comment was left out",
        "tracked changes are read as accepted: inserted words are in the text, deleted words are not",
    ]


def test_line_ends_that_an_export_wrote_out_are_line_ends() -> None:
    assert line_ends("a_x000D_\nb_x000d_c_x000D__x000A_d_x0009_e") == "a\nb\nc\nd\te"
