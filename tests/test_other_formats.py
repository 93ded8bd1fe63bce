"""OpenDocument, rich text, transcripts and subtitles as people see them, and what is lost."""

from __future__ import annotations

import re
from html import escape, unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from striprtf.striprtf import rtf_to_text
from text_files import odt, rtf

from evidence.files.formats.opendocument import opendocument_sections
from evidence.files.formats.pages import tidy
from evidence.files.formats.richtext import richtext_sections
from evidence.files.formats.said import Said
from evidence.files.formats.transcript import transcript_sections
from rules.errors import EvidenceInvalid

Read = tuple[str, list[str]]
"""A text, sections parted by bars, and the notes on it."""


# --- OpenDocument ------------------------------------------------------------------------------------------


def open_text(body: str, styles: str = "", **parts: str) -> Read:
    said = Said()
    found = opendocument_sections(
        odt(body, styles, {f"{name}.xml": xml for name, xml in parts.items()}), said
    )
    return "|".join(tidy(section) for section in found), said.notes()


def odf_style(name: str, **properties: str) -> str:
    given_by = " ".join(
        f'{key.replace("_", ":", 1).replace("_", "-")}="{value}"' for key, value in properties.items()
    )
    return f'<style:style style:name="{name}"><style:text-properties {given_by}/></style:style>'


def test_an_opendocument_text_is_read_in_sections_with_tables_notes_and_lists() -> None:
    numbered = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1"'
        ' style:num-suffix="." text:start-value="3"/><text:list-level-style-number text:level="2"'
        ' style:num-format="a" style:num-suffix=")" text:display-levels="2"/></text:list-style>'
    )
    body = """<text:h text:outline-level="1">Gofalwyr</text:h><text:p>Carers<text:s text:c="2"/>waited
      <text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>A note.</text:p>
      </text:note-body></text:note>.<text:line-break/>Again</text:p>
      <text:list text:style-name="L"><text:list-item><text:p>one</text:p><text:list><text:list-item>
      <text:p>deeper</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>two</text:p>
      </text:list-item></text:list><table:table><table:table-row>
      <table:table-cell table:number-rows-spanned="2"><text:p>Area</text:p></table:table-cell>
      <table:table-cell table:number-columns-spanned="2"><text:p>2007</text:p></table:table-cell>
      <table:covered-table-cell/><table:table-cell><text:p>2008</text:p></table:table-cell></table:table-row>
      <table:table-row><table:covered-table-cell/><table:table-cell table:number-columns-repeated="2">
      <text:p>n</text:p></table:table-cell><table:table-cell><text:p>m</text:p></table:table-cell>
      </table:table-row></table:table><text:h text:outline-level="2">Plant</text:h><text:p>x</text:p>"""
    text, notes = open_text(body, numbered)
    assert text.replace("\n\n", "\n").split("\n") == [
        *("Gofalwyr", "Carers waited [1].", "Again", "3. one", "3.a) deeper", "4. two"),
        *("Area\t2007\t\t2008", "\tn\tn\tm|Plant", "x", "[1] A note."),
    ]
    assert notes == []


def test_raised_hidden_and_deleted_words_of_an_opendocument_text() -> None:
    styles = (
        odf_style("up", style_text_position="super 58%")
        + odf_style("risen", style_text_position="33% 58%")
        + odf_style("gone", text_display="none")
    )
    body = """<text:tracked-changes><text:changed-region><text:deletion><text:p>deleted</text:p>
      </text:deletion></text:changed-region></text:tracked-changes>
      <text:p>In 2007<text:span text:style-name="up">1</text:span>
      there were 45<text:span text:style-name="risen">2</text:span><text:span text:style-name="gone"> secret
      </text:span><office:annotation><text:p>Why?</text:p></office:annotation>.</text:p>
      <text:section text:display="none"><text:p>secret</text:p></text:section>"""
    assert open_text(body, styles) == (
        "In 2007[1] there were 45[2].",
        [
            "2 hidden passages were left out",
            "1 comment was left out",
            "tracked changes are read as accepted: inserted words are in the text, deleted words are not",
        ],
    )


def test_forms_boxes_and_formulas_of_an_opendocument_text() -> None:
    body = """<office:forms><form:form>
      <form:checkbox form:id="c1" form:label="Asked" form:current-state="checked"/>
      <form:text form:id="c2" form:current-value="since 2007"/><form:listbox form:id="c3">
      <form:option form:label="Never"/><form:option form:label="Often" form:current-selected="true"/>
      </form:listbox></form:form></office:forms><text:p><draw:control draw:control="c1"/>
      <draw:control draw:control="c2"/><draw:control draw:control="c3"/><draw:frame><draw:object
      xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="./Half"/><draw:image/></draw:frame><draw:frame>
      <draw:text-box><text:p>In a box</text:p></draw:text-box></draw:frame>
      <draw:frame><draw:image/></draw:frame></text:p>"""
    half = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mn>1</mn><mn>2</mn></mfrac></math>'
    text, notes = open_text(body, **{"Half/content": half})
    assert text.split() == ["☒", "Asked", "since", "2007", "Often", "1/2", "In", "a", "box"]
    assert notes == ["1 picture was left out"]


def test_a_text_with_empty_parts_as_libreoffice_writes_them_is_read() -> None:
    assert open_text("<text:p>One</text:p>", **{"Configurations2/accelerator/current": ""}) == ("One", [])


def test_an_opendocument_text_with_a_password_is_refused_as_one() -> None:
    with pytest.raises(EvidenceInvalid, match="it is protected by a password"):
        open_text("", **{"META-INF/manifest": "<manifest><encryption-data/></manifest>"})


# --- rich text ---------------------------------------------------------------------------------------------


def rich(body: str) -> Read:
    said = Said()
    return "|".join(tidy(section) for section in richtext_sections(rtf(body), said)), said.notes()


def test_a_rich_text_is_read_with_its_letters_headings_and_notes() -> None:
    body = (
        r"\pard\s1 Gofalwyr\par\pard Mae d\u373?r yn caf\'e9 {\f2\'b9}; \u-10179?\u-8704?\par"
        r"{\listtext\pard\plain 3.\tab}one\par{\listtext\f1\'b7\tab}two\par "
        r"Carers{\super\chftn}{\footnote\pard{\super\chftn}A note.} said\line so\'85\par"
    )
    assert rich(body)[0] == (
        "Gofalwyr\n\nMae dŵr yn café ą; 😀\n\n3. one\n\ntwo\n\nCarers[1] said\nso…\n\n[1] A note."
    )


def test_raised_hidden_and_deleted_words_of_a_rich_text() -> None:
    body = (
        r"{\header A draft\par}In 2007{\super 1} there were 45{\up6 2}{\v  secret}{\deleted gone}."
        r"{\*\annotation Why?}{\*\shppict{\pict\pngblip 0102}}{\nonshppict{\pict 01}}"
        r"{\mmath{\*\moMath x}}\par"
    )
    assert rich(body) == (
        "In 2007[1] there were 45[2].",
        [
            "1 hidden passage was left out",
            "1 picture was left out",
            "1 comment was left out",
            "1 equation could not be read completely: check the text",
            "headers and footers were left out",
            "tracked changes are read as accepted: inserted words are in the text, deleted words are not",
        ],
    )


def test_cells_of_a_rich_text_stay_under_their_headings() -> None:
    body = (
        r"\trowd\cellx1000\cellx3000\cellx4005\pard\intbl Area\cell 2007\cell 2008\cell\row"
        r"\trowd\clvmgf\cellx1000\cellx2000\cellx3000\cellx4000\intbl A\cell 1\cell 2\cell 3\cell\row"
        r"\trowd\trleft1000\cellx2000\cellx3000\intbl 4\cell 5\cell\row\pard after\par"
    )
    assert rich(body)[0] == "Area\t2007\t\t2008\nA\t1\t2\t3\n\t4\t5\n\nafter"


def test_a_table_in_a_table_of_rich_text_keeps_its_rows() -> None:
    def inner(*cells: str) -> str:
        properties = r"{\*\nesttableprops\trowd\cellx1000\cellx2000\nestrow}"
        return "".join(rf"\pard\intbl\itap2 {cell}\nestcell " for cell in cells) + properties

    body = (
        rf"\trowd\cellx2000\cellx4000 {inner('a', 'b')}{inner('c', 'd')}\pard\intbl\itap1\cell"
        r"\pard\intbl beside\cell\row\pard after\par"
    )
    assert rich(body)[0] == "a\tb\nc\td\tbeside\n\nafter"


def test_a_form_of_rich_text_is_read_as_it_is_filled_in() -> None:
    def form(kind: str, said: str) -> str:
        return rf"{{\field{{\*\fldinst {kind} {{\*\formfield{{{said}}}}}}}{{\fldrslt }}}}"

    body = (
        "Asked? "
        + form("FORMCHECKBOX", r"\fftype1\ffres25\ffdefres1{\*\ffname x}")
        + "Yes "
        + form("FORMDROPDOWN", r"\fftype2\ffres1{\*\ffl Never}{\*\ffl Often}")
        + r" {\field{\*\fldinst HYPERLINK x}{\fldrslt since 2007}} {\f1\'fe}"
        + r"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt\pard In a box\par}}}\par"
    )
    assert rich(body) == ("Asked? ☒ Yes Often since 2007 ☒\n\nIn a box", [])


PLAIN_RTF = st.lists(
    st.sampled_from(
        [r"\par ", r"{\b bold}", r"\'e9", r"\u373?", "word ", r"{\*\unknown x}", r"\emdash ", r"\{"]
    ),
    max_size=30,
).map("".join)


@settings(max_examples=60)
@given(PLAIN_RTF)
def test_plain_rich_text_has_the_words_that_another_reader_finds(body: str) -> None:
    assert rich(body)[0].split() == tidy(rtf_to_text(rtf(body).decode("cp1252"))).split()


# --- transcripts -------------------------------------------------------------------------------------------


def transcript(text: str, form: str = "vtt") -> Read:
    said = Said()
    return "|".join(tidy(section) for section in transcript_sections(text, form, said)), said.notes()


TEAMS = """WEBVTT

NOTE made by a program

c1a2-44/15-0
00:00:03.120 --> 00:00:05.000
<v Chair of the review>Carers &amp; families waited</v>

c1a2-44/15-1
00:00:05.000 --> 00:00:09.000
<v Chair of the review>since <i>2007</i>.</v>
<v.loud Manager>No, they did not.</v>
"""


def test_a_transcript_of_teams_keeps_speakers_and_times_and_whole_sentences() -> None:
    assert transcript(TEAMS) == (
        "[00:00:03] Chair of the review: Carers & families waited since 2007.\n\n"
        "[00:00:05] Manager: No, they did not.",
        ["1 comment was left out"],
    )


def cues(*said: tuple[int, str], form: str = "vtt") -> str:
    point = "," if form == "srt" else "."
    blocks = [
        f"{number}\n00:{at // 60:02}:{at % 60:02}{point}000 --> 00:59:59{point}000\n{words}\n"
        for number, (at, words) in enumerate(said, start=1)
    ]
    return "\n".join([*(["WEBVTT\n"] if form == "vtt" else []), *blocks])


def test_names_before_the_words_are_speakers_as_zoom_writes_them() -> None:
    text = cues(
        (3, "Chair: Who"), (5, "Chair: asked?"), (8, "Manager: Nobody."), (130, "Manager: Later we did.")
    )
    assert transcript(text)[0] == (
        "[00:00:03] Chair: Who asked?\n\n[00:00:08] Manager: Nobody.\n\n[00:02:10] Manager: Later we did."
    )


def test_subtitles_without_names_are_whole_paragraphs_and_lose_no_words() -> None:
    text = cues((1, "Carers waited"), (9, "since: 2007.\nThen"), (70, "they asked."), form="srt")
    assert (
        transcript(text, "srt")[0] == "[00:00:01] Carers waited since: 2007. Then\n\n[00:01:10] they asked."
    )
    rarely = cues((1, "Chair: Who"), (2, "asked"), (3, "you?"), (4, "Chair: Well"), (5, "then"), form="srt")
    assert transcript(rarely, "srt")[0] == "[00:00:01] Chair: Who asked you?\n\n[00:00:04] Chair: Well then"


def test_words_without_a_time_are_named_with_their_line() -> None:
    text = cues((1, "Carers waited.")) + "\n00:00:09.000 -> 00:00:12.000\nlost\n"
    said = "line 7: no time that can be read, so the words there"
    assert transcript(text)[1] == [f"{said} were left out"]
    joined = cues((1, "Carers waited."), form="srt") + "\n\n\nand more\n"
    assert transcript(joined, "srt") == (
        "[00:00:01] Carers waited. and more",
        [f"{said} are under the time before"],
    )


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3_000), st.text("ab :<>v/&.", max_size=12)), max_size=6))
def test_no_word_of_a_cue_is_lost(said: list[tuple[int, str]]) -> None:
    said = [(at, escape(words, quote=False)) for at, words in sorted(said) if words.strip()]
    found, _ = transcript(cues(*said))
    words = re.sub(r"\[\d\d:\d\d:\d\d\] ", "", found).replace(":", " ").split()
    assert sorted(set(words)) == sorted(
        {w for _, text in said for w in unescape(text).replace(":", " ").split()}
    )
