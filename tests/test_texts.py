"""The text of a file: what it really is, its text by page or section, and nothing that could do harm."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_files import (
    archive,
    blank_pdf,
    changed,
    docx,
    paragraph,
    pdf,
    pdf_of_stream,
    run,
    table,
    with_notes,
    written,
    xlsx,
)

from evidence.files import reading
from evidence.files.formats import archive as office
from evidence.files.formats import child
from evidence.files.formats import pdf as pdf_format
from evidence.files.formats.markup import html_sections
from evidence.files.formats.pages import LONGEST_SECTION, as_pages, tidy
from evidence.files.formats.pdf import pdf_pages
from evidence.files.formats.plain import csv_sections, decode_html, markdown_sections
from evidence.files.formats.word import word_sections
from evidence.files.formats.workbook import workbook_sections
from evidence.files.texts import GivenFile, Text, read_texts
from rules.errors import EvidenceInvalid, ImportRefused
from rules.limits import LARGEST_FILE, LONGEST_TEXT, READ_MEMORY, READ_SECONDS

Said = list[tuple[int, int, str]]


def read(name: str, content: bytes | str | Path, **options: object) -> Text:
    content = content.encode() if isinstance(content, str) else content
    [text] = read_texts([GivenFile(name, content)], lambda *_: None, **options)  # type: ignore[arg-type]
    return text


def pages(name: str, content: bytes | str | Path, **options: object) -> list[str]:
    return list(read(name, content, **options).pages)


def refusals(*given: tuple[str, bytes | str | Path], **options: object) -> list[str]:
    """What is said of files that are refused."""
    files = [GivenFile(name, data.encode() if isinstance(data, str) else data) for name, data in given]
    with pytest.raises(ImportRefused) as caught:
        read_texts(files, lambda *_: None, **options)  # type: ignore[arg-type]
    assert caught.value.message.startswith("Nothing was stored")
    return [str(problem) for problem in caught.value.problems]


def refusal(name: str, content: bytes | str | Path, **options: object) -> str:
    [said] = refusals((name, content), **options)
    return said


# --- what a file is, by its content ----------------------------------------------------------------------

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
NOISE = bytes(range(256)) * 4
SPREADSHEET = archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"})
WORD_WITH_MACROS = changed(
    docx(paragraph("x")),
    "[Content_Types].xml",
    b"vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    b"vnd.ms-word.document.macroEnabled.main+xml",
)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("notes.txt", archive({"a": "b"}), "this is an archive (zip), not a plain text."),
        ("notes.txt", docx(paragraph("x")), "this is a Word document (.docx), not a plain text."),
        ("notes.md", pdf("x"), "this is a PDF, not a Markdown text. Give it a name that ends with .pdf."),
        ("report.pdf", b"<!DOCTYPE html><p>x", "this is an HTML page, not a PDF."),
        ("report.pdf", b"Carers were asked.", "this is a plain text, not a PDF."),
        ("report.docx", pdf("x"), "this is a PDF, not a Word document (.docx)."),
        ("report.docx", xlsx({"A": [["x"]]}), "this is an Excel workbook (.xlsx), not a Word document"),
        ("report.docx", b"{\\rtf1 x}", "this is a rich text file (.rtf), not a Word document"),
        ("report.docx", OLE, "this is an Office file from before 2007 (.doc, .xls), not a Word document"),
        ("report.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "an Office file with a password"),
        ("report.docx", WORD_WITH_MACROS, "this is a Word document with macros (.docm)"),
        ("table.xlsx", b"a,b\n1,2\n", "this is a plain text, not an Excel workbook (.xlsx)."),
        ("table.csv", xlsx({"A": [["x"]]}), "this is an Excel workbook (.xlsx), not a CSV table."),
        ("page.html", b"\x89PNG\r\n\x1a\n\0\0", "this is a picture (PNG), not an HTML page."),
        ("page.html", b"Carers were asked.", "this is a plain text, not an HTML page."),
        ("page.txt", b"\xef\xbb\xbf  <html><p>x", "this is an HTML page, not a plain text."),
        ("notes.txt", "<!doctype html><p>x".encode("utf-16"), "this is an HTML page, not a plain text."),
        ("notes.txt", b"<?xml version='1.0'?><a/>", "this is an XML file, not a plain text."),
        ("notes.txt", b"SQLite format 3\0", "this is a database (SQLite), not a plain text."),
        ("notes.txt", b"MZ\x90\0\x03", "this is not a text file (it holds zero bytes)."),
        (
            "scan.pdf",
            b"\xff\xd8\xff\xe0",
            "this is a picture (JPEG), not a PDF. A picture holds no text: run it",
        ),
        ("report.docx", b"PK\x03\x04 and no more", "this is a damaged archive (zip), not a Word document"),
        (
            "report.odt",
            archive({"mimetype": "x"}),
            "this is an archive (zip), not an OpenDocument text (.odt).",
        ),
        (
            "report.odt",
            SPREADSHEET,
            "this is an OpenDocument spreadsheet (.ods), not an OpenDocument text (.odt).",
        ),
        ("report.xyz", b"x", "files of type '.xyz' are not read. Give .txt, .md,"),
        ("report.doc", OLE, "Word documents from before 2007 (.doc) are not read. Open it in Word or Libre"),
        (
            "report.doc",
            b"{\\rtf1 x}",
            "This one is a rich text file (.rtf): give it a name that ends with .rtf.",
        ),
        ("call.mp4", b"\0", "recordings are not read. Give the transcript (.vtt, .srt or .docx)."),
        (
            "scan.pdf",
            NOISE,
            "this is not a PDF: its content is of no format that is known. It may be damaged",
        ),
        (
            "notes.docx",
            NOISE,
            "this is not a Word document (.docx): its content is of no format that is known.",
        ),
        ("call.vtt", b"Chair: Welcome.", "this is a plain text, not a transcript (.vtt)."),
        ("call.srt", b"Chair: Welcome.", "this is a plain text, not a file of subtitles (.srt)."),
        ("call.vtt", NOISE, "this is not a text file (it holds zero bytes)."),
        ("report", b"x", "files without a type are not read."),
        ("notes.txt", b"", "the file is empty."),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused_with_what_it_is(
    name: str, content: bytes, what: str
) -> None:
    assert what in refusal(name, content)


def test_a_name_is_shown_and_never_used_as_a_path(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not this", encoding="utf-8")
    text = read(f"../../{secret}", b"but this")
    assert (text.file, text.pages) == ("secret.txt", ("but this",))
    assert GivenFile("C:\\Users\\me\\Cynllun \x1b[2Jdŵr.TXT", b"").shown == "Cynllun ?[2Jdŵr.TXT"
    assert len(GivenFile("x" * 5_000 + ".txt", b"").shown) == 120
    assert GivenFile("x" * 5_000 + ".txt", b"").shown.endswith(".txt")


def test_files_that_are_not_there_or_too_large_are_refused_all_at_once(tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    found = refusals(
        ("note.txt", tmp_path / "note.txt"),
        ("folder.txt", tmp_path),
        ("large.txt", large),
        ("good.txt", b"x"),
    )
    assert found == [
        f"note.txt: there is no file {tmp_path}/note.txt. Did you mean 'notes.txt'?",
        f"folder.txt: {tmp_path} is a folder. Give the files in it.",
        "large.txt: the file is larger than 50 MB, which is the most that is read. Divide it, or save it with"
        " smaller pictures.",
    ]


def test_two_files_of_one_name_are_told_apart() -> None:
    assert [said.partition(":")[0] for said in refusals(("a.txt", b""), ("b/a.txt", b""))] == [
        "a.txt (file 1)",
        "a.txt (file 2)",
    ]


# --- one spelling for every text -------------------------------------------------------------------------


def test_a_text_is_put_into_one_form_before_it_is_stored() -> None:
    typed = "Dw\u0302r\u00a0glân \r\nty\u0302\u2028un gwasan\u00adaeth\r\r\n\n\n\n\ufefftri\t\n"
    assert tidy(typed) == "Dŵr glân\ntŷ\nun gwasanaeth\n\ntri"


@given(st.text())
def test_tidying_a_tidy_text_changes_nothing(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once == unicodedata.normalize("NFC", once)
    assert "\r" not in once and "\n\n\n" not in once and " \n" not in once


LETTERS = st.sampled_from(["a", "ŵ", "q\u0323\u0302", " ", ". ", "\n", "\n\n"])


@settings(max_examples=40)
@given(st.lists(LETTERS, min_size=1, max_size=40).map("".join), st.integers(1, 3_000))
def test_however_long_a_section_is_no_letter_is_lost_and_none_is_torn_from_its_marks(
    part: str, times: int
) -> None:
    section = "x" + part * times
    found = as_pages([section], numbered=False)
    assert "".join("".join(found).split()) == "".join(tidy(section).split())
    assert all(len(page) <= LONGEST_SECTION and page.strip() for page in found)
    assert not any(unicodedata.combining(page[0]) for page in found)


def test_a_long_section_goes_on_after_a_paragraph_and_a_numbered_page_is_never_divided() -> None:
    paragraphs = [f"{number}: " + "word " * 200 for number in range(40)]
    found = as_pages(["\n\n".join(paragraphs)], numbered=False)
    assert len(found) == 3
    assert all(re.match(r"\d+: word", page) for page in found)
    assert as_pages(["x " * LONGEST_SECTION, "", "y", " \n"], numbered=True) == [
        ("x " * LONGEST_SECTION).strip(),
        "",
        "y",
    ]


# --- plain text, Markdown, CSV ---------------------------------------------------------------------------

WELSH = "Mae dŵr yn y tŷ."
FRENCH = "café – 5 €"


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        (WELSH.encode(), "utf-8", WELSH),
        (WELSH.encode("utf-8-sig"), "utf-8", WELSH),
        (WELSH.encode("utf-16"), "utf-8", WELSH),
        (WELSH.encode("utf-16-be"), "utf-16-be", WELSH),
        (WELSH.encode(), "cp1252", WELSH),  # what is UTF-8 is never anything else
        (FRENCH.encode("cp1252"), "cp1252", FRENCH),
        (WELSH.encode("iso-8859-14"), "iso-8859-14", WELSH),
    ],
)
def test_a_text_is_read_in_its_encoding(content: bytes, encoding: str, text: str) -> None:
    assert pages("a.txt", content, encoding=encoding) == [text]


def test_bytes_that_are_not_in_the_encoding_are_refused_with_their_line() -> None:
    said = refusal("a.txt", b"one\ntwo\ncaf\xe9\n")
    assert said.startswith(
        "a.txt: line 3 is not utf-8 text (byte 0xe9). Save it as UTF-8, or give its encoding"
    )
    assert refusals(("a.txt", b"x"), encoding="klingon") == [
        "encoding: the encoding 'klingon' is not known. Use utf-8, cp1252 or utf-16."
    ]


def test_control_characters_are_refused_with_their_line() -> None:
    assert refusal("a.txt", "one\ntwo\x07\x1b") == (
        "a.txt: line 2 holds the control character U+0007, and 1 more follow."
        " Remove it, or save the file as UTF-8."
    )
    assert "U+0093" in refusal("a.html", "<p>\x93quoted\x94</p>")


def test_form_feeds_divide_a_text_into_pages_that_keep_their_numbers() -> None:
    assert pages("a.txt", "one\n\f\ftwo\f\f\n") == ["one", "", "two"]


def test_what_an_export_wrote_for_line_ends_and_raised_digits_are_put_right_in_every_format() -> None:
    assert pages("a.txt", "a_x000D_\nb, 2007¹") == ["a\nb, 2007[1]"]
    assert pages("a.csv", "note\n2007¹_x000D_b\n") == ["note\n2007[1] b"]
    assert pages("a.html", "<p>a_x000D_b 2007¹") == ["a\nb 2007[1]"]
    assert pages("a.docx", docx(paragraph("a_x000D_b 2007¹"))) == ["a\nb 2007[1]"]
    assert pages("a.pdf", pdf("In 2007¹")) == ["In 2007[1]"]


def test_a_file_without_any_text_is_refused() -> None:
    for name in ("a.txt", "a.md", "a.csv"):
        assert (
            refusal(name, " \n\f\n\u00a0\u200b ") == f"{name}: there is no text in it. Give a file with text."
        )
    assert "there is no text in it" in refusal("a.html", "<script>x</script>")
    assert "there is no text in it" in refusal("a.docx", docx(paragraph()))


def test_a_text_that_is_too_long_for_one_source_is_refused() -> None:
    assert "10,000,001 characters; at most 10,000,000" in refusal("a.txt", b"x" * (LONGEST_TEXT + 1))


def test_markdown_is_kept_as_it_is_written_in_sections_at_its_headings() -> None:
    text = "Intro\n\n# One\n## One a\ntext\n```\n# code\n```\n### Two\nmore\n#### deep\n#hash"
    assert markdown_sections(text) == [
        "Intro\n",
        "# One\n## One a\ntext\n```\n# code\n```",
        "### Two\nmore\n#### deep\n#hash",
    ]


def test_the_rows_of_a_csv_are_lines_with_tabs_between_cells() -> None:
    assert csv_sections('a;b;c\n"two\nlines";"x;y";\n\n;;z\n') == ["a\tb\tc\ntwo lines\tx;y\n\t\tz"]
    with pytest.raises(EvidenceInvalid, match="the quotation marks do not match in line 3"):
        csv_sections('a,b\n1,2\n"open,3\n')


# --- HTML ------------------------------------------------------------------------------------------------


def html(text: str) -> str:
    return "|".join(tidy(section) for section in html_sections(text))


@pytest.mark.parametrize(
    "page",
    [
        "a<script>BAD</script foo>b",
        'a<script>"</scr"+"ipt>BAD"</script>b',
        "a<script><!-- <script> x </script> BAD --></script>b",
        "<!-->a<script>BAD</script>b",
        "a<!-- x --!>b<script>BAD</script>",
        "a<style>BAD</style/>b",
        "ab<script>BAD",
        "a<SCRIPT>BAD</SCRIPT\n>b",
        "<script/>BAD</script>ab",
        "a<svg><style>BAD</style></svg>b",
        "a<template><p>BAD</template>b",
        "<head><title>BAD</title></head>a<noscript>BAD</noscript>b",
        "a<iframe>BAD</iframe><object>BAD</object>b",
        "a<p hidden>BAD</p><i style='color:red; Display : none'>BAD</i>b",
        "a<?php BAD ?>b<![CDATA[BAD]]>",
        "<p title='BAD'>a<img alt='BAD'></p>b",
        "a<!DOCTYPE BAD>b",
    ],
)
def test_what_a_browser_does_not_show_is_never_text(page: str) -> None:
    assert html(page).split() in (["ab"], ["a", "b"])


@given(st.text(), st.text(), st.text())
def test_a_script_is_never_text_whatever_stands_in_it_and_around_it(
    before: str, inside: str, after: str
) -> None:
    before, after = (re.sub("[<&]", "", part) for part in (before, after))
    inside = inside.replace("<", "")
    found = "".join(html_sections(f"<body>{before}<script>HEMLIG{inside}HEMLIG</script>{after}"))
    assert "HEMLIG" not in found
    assert _letters(found) == _letters(before + after)


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def test_html_is_read_as_a_page_shows_it() -> None:
    page = """<!doctype html><body><h1>Adroddiad</h1><h2>Gofalwyr</h2>
      <p>Mae  d&wcirc;r
      yn y <b>t&ycirc;</b>.<br>Nesaf<p>Ail</p>
      <ul><li>un<li><p>dau</p></ul><table><tr><th>Q<th>%<tr><td>Urddas<td><p>92</p><tr><td><td>x</table>
      <pre>
 a
   b</pre><h2>Plant</h2>1 &lt; 2 &amp; 3"""
    assert html_sections(page) and html(page) == (
        "Adroddiad\n\nGofalwyr\n\nMae dŵr yn y tŷ.\nNesaf\n\nAil\n\nun\n\ndau\n\n"
        "Q\t%\nUrddas\t92\n\tx\n\n a\n   b"
        "|Plant\n\n1 < 2 & 3"
    )


def test_a_page_inside_a_table_keeps_its_paragraphs() -> None:
    one, two = "One sentence after the other." * 5, "Another paragraph of a page." * 5
    page = f"<table><tr><td><p>{one}</p><p>{two}</p></td><td>side<br>line</td></tr></table>after"
    assert html(page) == f"{one}\n\n{two}\tside\nline\n\nafter"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('<meta charset="windows-1252"><p>caf\xe9 \x80'.encode("latin-1"), "café €"),
        (b"<meta http-equiv=Content-Type content='text/html; charset=iso-8859-1'><p>\x93x\x94", "“x”"),
        ('<meta charset="iso-8859-14"><p>dŵr'.encode("iso-8859-14"), "dŵr"),
        ("<meta charset=utf-16><p>dŵr".encode(), "dŵr"),
        ('<meta charset="latin1"><p>dŵr'.encode("utf-8-sig"), "dŵr"),
        ("<meta charset=nonsense><p>dŵr".encode(), "dŵr"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_names(content: bytes, text: str) -> None:
    assert html(decode_html(content)) == text


# --- Word and Excel --------------------------------------------------------------------------------------


def test_a_word_document_is_read_in_sections_with_tables_and_tracked_changes() -> None:
    inserted = f'<w:ins w:id="1" w:author="lead">{run(" nobody asked")}</w:ins>'
    deleted = '<w:del w:id="2" w:author="lead"><w:r><w:delText> everybody</w:delText></w:r></w:del>'
    noted = '<w:r><w:footnoteReference w:id="1"/><w:commentReference w:id="1"/></w:r>'
    held = f"<w:sdt><w:sdtContent>{paragraph('In a form field')}</w:sdtContent></w:sdt>"
    document = docx(
        paragraph("Cyflwyniad", "Heading1"),
        paragraph("Mae dw\u0302r yma."),
        paragraph("Gofalwyr", "Heading2"),
        paragraph("Carers said", xml=inserted + deleted + noted),
        table(["Cwestiwn", "%"], ["Urddas", "92"]),
        held,
        parts=with_notes("In a note.", "In a comment."),
    )
    assert pages("a.docx", document) == [
        "Cyflwyniad\n\nMae dŵr yma.",
        "Gofalwyr\n\nCarers said nobody asked[1]\n\nCwestiwn\t%\nUrddas\t92\n\nIn a form field"
        "\n\n[1] In a note.",
    ]


def test_a_workbook_is_read_by_sheet_as_it_shows() -> None:
    from datetime import date, datetime

    book = xlsx(
        {
            "Arolwg": [
                ["Cwestiwn", "Share", "When"],
                ["tŷ", 0.5, date(2004, 5, 31)],
                [],
                [True, None, 12.25],
            ],
            "Empty": [],
            "Notes": [[datetime(2004, 5, 31, 9, 30), 1_000_000]],
            "Secret": [["names"]],
        },
        hidden=["Secret"],
    )
    found = read("a.xlsx", book)
    assert list(found.pages) == [
        "Arolwg\n\nCwestiwn\tShare\tWhen\ntŷ\t0.5\t2004-05-31\nTRUE\t\t12.25",
        "Notes\n\n2004-05-31 09:30\t1000000",
    ]
    assert found.notes == ("hidden sheets are left out: Secret",)


def test_a_formula_shows_its_result_and_one_never_computed_is_refused() -> None:
    book = xlsx({"A": [["sum", "=1+1"]]})
    said = refusal("a.xlsx", book)
    assert said.startswith("a.xlsx: sheet 'A', cell B1: the formula was never computed. Open the workbook")
    computed = changed(book, "xl/worksheets/sheet1.xml", b"<v />", b"<v>2</v>")
    with pytest.raises(EvidenceInvalid, match="B1: the formula was never computed"):
        workbook_sections(computed)  # the workbook still asks to be computed
    saved = changed(computed, "xl/workbook.xml", b' fullCalcOnLoad="1"', b"")
    assert workbook_sections(saved) == (["A\n\nsum\t2"], [])


ENTITIES = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE w [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "document",
    [
        docx(paragraph("&b;"), before=ENTITIES),
        docx(paragraph("&b;"), before=OUTSIDE),
        docx(paragraph("x"), parts={"word/styles.xml": f"{OUTSIDE}<a>&b;</a>"}),
        docx(paragraph("x"), parts={"word/styles.xml": f"{ENTITIES}<a/>".encode("utf-16")}),
    ],
)
def test_xml_entities_are_refused_in_whatever_part_they_stand(document: bytes) -> None:
    with pytest.raises(EvidenceInvalid, match="it declares XML entities"):
        word_sections(document)


def test_xml_entities_are_refused_in_workbooks() -> None:
    book = changed(
        xlsx({"A": [["x"]]}), "xl/worksheets/sheet1.xml", b"<worksheet", OUTSIDE.encode() + b"<worksheet"
    )
    with pytest.raises(EvidenceInvalid, match="it declares XML entities"):
        workbook_sections(book)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"word/media/a.bin": bytes(3_100_000)}, "unpacked it is 3 MB; at most 3 MB are read"),
        ({"word/a.xml": b"<a>" + b" " * 2_000_000 + b"</a>"}, r"it unpacks to [\d,]+ times its size"),
        ({f"word/{number}": b"" for number in range(60)}, "it holds 63 parts; at most 60 are read"),
        ({"word/styles.xml": b"<a><b></a>"}, "it is damaged .mismatched tag"),
    ],
)
def test_bombs_and_damaged_archives_are_refused(
    monkeypatch: pytest.MonkeyPatch, parts: dict[str, bytes], said: str
) -> None:
    monkeypatch.setattr(office, "LARGEST_UNPACKED", 3_000_000)
    monkeypatch.setattr(office, "RATIO_FROM", 1_000_000)
    monkeypatch.setattr(office, "MOST_PARTS", 60)
    with pytest.raises(EvidenceInvalid, match=said):
        word_sections(docx(paragraph("x"), parts=parts))


def test_an_archive_with_a_damaged_part_is_refused() -> None:
    good = docx(paragraph("Carers said that nobody asked them. " * 20))
    at = good.index(b"word/document.xml") + 60
    with pytest.raises(EvidenceInvalid, match="it is damaged"):
        word_sections(good[:at] + bytes(20) + good[at + 20 :])


# --- PDF -------------------------------------------------------------------------------------------------


def pdf_text(data: bytes) -> Sequence[str]:
    return pdf_pages(data, lambda *_: None)[0]


def test_a_pdf_is_read_page_by_page_with_its_welsh_letters() -> None:
    found = read("a.pdf", pdf(["Mae dŵr yn y tŷ.", "Ŵyl, â ê î ô û"], "", "Tudalen 3"))
    assert list(found.pages) == ["Mae dŵr yn y tŷ.\nŴyl, â ê î ô û", "", "Tudalen 3"]
    assert found.notes == ("no text on page 2 (blank, or a picture of text)",)


def test_joined_letters_of_a_font_are_the_letters_that_they_show() -> None:
    [text] = pdf_text(pdf("o\ufb03ce \ufb01rst gwasan\u00adaeth"))
    assert tidy(text) == "office first gwasan-aeth"


def test_a_scan_is_refused_as_one() -> None:
    ocr = "Run it through text recognition (OCR), check the text, and add the result."
    assert refusal("a.pdf", pdf("", "", picture=True)) == (
        f"a.pdf: it is a scan: its 2 pages are pictures without a text layer. {ocr}"
    )
    assert refusal("b.pdf", pdf("")) == f"b.pdf: there is no text in it. {ocr}"


def test_an_encrypted_pdf_is_refused_as_one() -> None:
    writer = blank_pdf(1)
    writer.encrypt("", owner_password="owner", algorithm="RC4-128")
    with pytest.raises(EvidenceInvalid, match="it is encrypted"):
        pdf_pages(written(writer), lambda *_: None)


@pytest.mark.parametrize("data", [b"%PDF-1.7 and no more", pdf("x")[:-400], pdf("x")[:200]])
def test_a_damaged_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceInvalid, match="it is damaged"):
        pdf_pages(data, lambda *_: None)


def test_pdf_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pdf_text(pdf_of_stream(b"BT /F1 9 Tf (Carers) Tj ET")) == ["Carers"]
    for bomb in (pdf_of_stream(bytes(80_000_000)), pdf_of_stream(bytes(80_000_000), packed=3)):
        with pytest.raises(EvidenceInvalid, match="it is too large when unpacked"):
            pdf_pages(bomb, lambda *_: None)
    monkeypatch.setattr(pdf_format, "MOST_PAGES", 20)
    with pytest.raises(EvidenceInvalid, match="it has 21 pages; at most 20 are read"):
        pdf_pages(written(blank_pdf(21)), lambda *_: None)


def test_a_pdf_whose_fonts_name_no_letters_is_refused_and_one_with_odd_bullets_is_not() -> None:
    with pytest.raises(EvidenceInvalid, match="page 1 does not say which characters it shows"):
        pdf_text(pdf("".join(chr(0xE000 + number) for number in range(60))))


# --- the process that takes a file apart -----------------------------------------------------------------

SLOW = "<div>" * 100_000 + "x"
"""HTML's own rules make the time for this grow with the square of its depth."""


def test_a_file_that_takes_too_long_costs_that_file_alone() -> None:
    begun = time.monotonic()
    said = refusals(("slow.html", SLOW), ("empty.txt", b""), ("good.html", "<p>x"), seconds=2)
    assert time.monotonic() - begun < 20
    assert said == [
        "slow.html: reading it took longer than 2 seconds and was stopped."
        " Divide it, or save it as a PDF or a plain text.",
        "empty.txt: the file is empty. Give a file with text.",
    ]


def test_how_far_a_long_file_is_can_be_seen() -> None:
    said: Said = []
    long = pdf(*([f"line {n}" for n in range(50)] for _ in range(80)))
    read_texts([GivenFile("long.pdf", long)], lambda *seen: said.append(seen))
    about = [(done, total) for done, total, what in said if what == "reading long.pdf"]
    assert about and about == sorted(about)
    assert all(0 < done <= total == 80 for done, total in about)
    assert said[0] == (0, 1, "reading the files") and said[-1] == (1, 1, "reading the files")


@pytest.mark.parametrize(
    ("does", "how"),
    [
        ("import os; os.abort()", "the reader died of signal 6"),
        ("raise SystemExit(3)", "the reader ended with exit code 3"),
        ("print('nonsense')", "the reader ended with exit code 0"),
        ("print('[1]')", "the reader ended with exit code 0"),
        ("import os; print(os.environ['PATH'])", "the reader ended with exit code 1"),
    ],
)
def test_a_reader_that_dies_or_talks_nonsense_costs_that_file_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, does: str, how: str
) -> None:
    (tmp_path / "evidence" / "files" / "formats").mkdir(parents=True)
    (tmp_path / "evidence" / "files" / "formats" / "child.py").write_text(does, encoding="utf-8")
    monkeypatch.setattr(reading, "HERE", tmp_path)
    assert refusals(("a.html", "<p>x"), ("b.txt", "")) == [
        f"a.html: it could not be read: {how}. The file may be damaged: save it again, or as a plain text.",
        "b.txt: the file is empty. Give a file with text.",
    ]


def test_the_reader_is_held_to_its_limits() -> None:
    program = (
        "import os, resource; from evidence.files.formats import child; child.confine()\n"
        "for name in ('AS', 'CPU', 'FSIZE', 'CORE'):\n"
        "    print(resource.getrlimit(getattr(resource, 'RLIMIT_' + name)))\n"
        "print(os.nice(0))\n"
        "try: bytes(2 * child.READ_MEMORY)\nexcept MemoryError: print('stopped')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=reading.HERE, capture_output=True, text=True, check=True
    )
    limits = [f"({n}, {n})" for n in (READ_MEMORY, READ_SECONDS + 5, 0, 0)]
    assert done.stdout.splitlines() == [*limits, str(os.nice(0) + child.NICE), "stopped"]
