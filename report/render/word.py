"""A report as a Word document: the one door to python-docx.

What Word needs so that everybody can read the file: the language of every passage, headings that are
headings, tables with a title and a header that every page repeats, pictures with their texts, a page of A4.
Contents and page numbers are fields, which Word computes when the file is opened. The body is written as
WordprocessingML and read once: python-docx has no names for half of this, and adds rows far more slowly.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from report.differences import Change, Piece
from report.model import Language, Report
from report.render.drawing import png_of
from report.render.phrases import phrase
from report.render.spoken import Mark, spoken_report
from report.render.tracked import Line, Rows, compared_blocks
from report.render.word_styles import (
    ACCENT,
    BAD,
    BESIDE,
    BULLETS,
    GOOD,
    KEEP,
    LINE,
    LISTS,
    NUMBERS,
    PALE,
    QUIET,
    SHADES,
    STYLES,
    TAB,
    across,
    field,
    list_instance,
    words_of,
)
from rules.errors import ReportNotRendered
from rules.remedy import Install

if TYPE_CHECKING:
    from docx.document import Document

TAGS = {"en": "en-GB", "cy": "cy-GB"}
"""What Word calls the languages."""
WIDTH = 8618
"""Of the text, in twentieths of a point: A4 with margins of 34 and 24 mm."""
WHEN = (1980, 1, 1, 0, 0, 0)
"""The date of every part in the archive, so that equal documents are equal files."""
LONG = 40
"""Letters from which a word is set smaller: a digest has 64."""
SHORT = 20
"""Tables of so many rows are kept on one page."""
OWN_LISTS = 100
"""Numbered lists count from here; below are those of the template."""
GREY = f'<w:color w:val="{QUIET}"/><w:sz w:val="17"/>'
RUNS = {
    "emphasis": "<w:i/>",
    "strong": "<w:b/>",
    "support": GREY,
    "removed": f'<w:strike/><w:color w:val="{BAD}"/>',
    "added": f'<w:color w:val="{GOOD}"/><w:u w:val="single"/>',
}
Said = dict[str, Any]


def word(report: Report, lang: Language, timestamp: datetime, mark: Mark | None = None) -> bytes:
    """The report as a Word document (.docx) in that language, as a marked copy if `mark` is given.

    `timestamp` is what the file says of when it was made. Raises ReportNotRendered where python-docx is not
    installed.
    """
    said = spoken_report(report, lang, mark)
    document = new_document(lang)
    describe(document, said, timestamp)
    writing = _Writing(document, report, lang, said)
    fill(document, "".join(writing.whole()))
    _margins(document, said, lang)
    return as_file(document)


def tracked(before: Report, after: Report, lang: Language, timestamp: datetime) -> bytes:
    """Two versions of a report as a Word document with tracked changes: the later one, with what it changed.

    Rejecting all changes gives the words of `before`, accepting all those of `after`. Charts are named by
    their captions and texts alone. Raises ReportNotRendered where python-docx is not installed.
    """
    said = spoken_report(after, lang)
    document = new_document(lang)
    describe(document, said, timestamp)
    marks = _Marks(said["authors"]["t"], timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    fill(document, "".join(marks.written(one) for one in compared_blocks(before, after, lang)))
    _margins(document, said, lang)
    document.sections[0].different_first_page_header_footer = False
    return as_file(document)


class _Marks:
    """What Word needs of every change: a number, who made it and when."""

    def __init__(self, author: str, date: str) -> None:
        self.made = f"w:author={quoteattr(author)} w:date={quoteattr(date)}"
        self.count = 0

    def mark(self, change: Change, content: str = "") -> str:
        """The mark of a change around runs; of nothing for what was kept."""
        name = {Change.ADDED: "ins", Change.REMOVED: "del"}.get(change)
        if name is None:
            return content
        self.count += 1
        return f'<w:{name} w:id="{self.count}" {self.made}>{content}</w:{name}>'

    def runs(self, pieces: tuple[Piece, ...]) -> str:
        return "".join(
            self.mark(one.change, words_of(one.text, kind="delText" if one.change == Change.REMOVED else "t"))
            for one in pieces
        )

    def written(self, one: Line | Rows) -> str:
        if isinstance(one, Line):
            own = self.mark(one.change)
            number, style = "", one.style
            if one.number is not None:
                style = "ReportNumbered"
                kind = "delText" if one.change == Change.REMOVED else "t"
                number = self.mark(one.change, words_of(str(one.number), GREY, kind) + TAB)
            return paragraph(style, number + self.runs(one.pieces), f"<w:rPr>{own}</w:rPr>" if own else "")
        rows = []
        for row in one.rows:
            cells = "".join(
                _cell(paragraph("ReportCell", self.runs(cell)), PALE if row.header else "")
                for cell in row.cells
            )
            rows.append(_row(cells, header=row.header, mark=self.mark(row.change)))
        return table(one.title, list(one.widths), rows) + paragraph("ReportSmall", "")


def new_document(lang: Language) -> Document:
    """An empty document of A4 with our styles, in that language."""
    kit = _library()
    document: Document = kit["open"](io.BytesIO(kit["template"]))
    styles = document.styles.element
    for ours in _parts("".join(STYLES)):
        name = ours.get(_name("styleId"))
        for there in styles.findall(f".//{_name('style')}[@{_name('styleId')}='{name}']"):
            styles.remove(there)
        styles.append(ours)
    language = f'<w:lang w:val="{TAGS[lang]}" w:eastAsia="{TAGS[lang]}" w:bidi="ar-SA"/>'
    defaults = styles.find(f".//{_name('rPrDefault')}/{_name('rPr')}")
    for there in defaults.findall(_name("lang")):
        defaults.remove(there)
    defaults.extend(_parts(language))
    lists = document.part.numbering_part.element
    lists[:0] = _parts("".join(LISTS))
    lists.extend(_parts("".join(list_instance(number, number) for number in (BULLETS, NUMBERS))))
    section = document.sections[0]
    for side, millimetres in (
        ("page_width", 210),
        ("page_height", 297),
        ("left_margin", 34),
        ("right_margin", 24),
        ("top_margin", 29),
        ("bottom_margin", 26),
        ("header_distance", 13),
        ("footer_distance", 11),
    ):
        setattr(section, side, kit["mm"](millimetres))
    section.different_first_page_header_footer = True
    return document


def describe(document: Document, said: Said, timestamp: datetime) -> None:
    """Set the properties of the file: title, author, language, dates, the mark of a copy."""
    about = document.core_properties
    about.title = f"{said['title']['t']}: {said['subject']['t']}"
    about.author = about.last_modified_by = said["authors"]["t"]
    about.subject, about.comments = said["subject"]["t"], ""
    about.language = TAGS[said["lang"]]
    about.keywords = said["mark"]["property"] if said["mark"] else ""
    about.created = about.modified = timestamp.astimezone(UTC).replace(tzinfo=None)
    about.revision = 1


def fill(document: Document, body: str) -> None:
    """Put paragraphs and tables, as WordprocessingML, into an empty document."""
    into = document.element.body
    last = into.sectPr
    for part in _parts(body):
        last.addprevious(part)


def as_file(document: Document) -> bytes:
    """The bytes of a document: the same for the same document, whenever it is written."""
    first, last = io.BytesIO(), io.BytesIO()
    document.save(first)
    with zipfile.ZipFile(first) as parts, zipfile.ZipFile(last, "w", zipfile.ZIP_DEFLATED) as out:
        for part in parts.infolist():
            out.writestr(zipfile.ZipInfo(part.filename, WHEN), parts.read(part), zipfile.ZIP_DEFLATED)
    return last.getvalue()


def paragraph(style: str, runs: str, more: str = "") -> str:
    """The XML of a paragraph in one of our styles."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{more}</w:pPr>{runs}</w:p>'


def say(words: Said, properties: str = "") -> str:
    """Words as a run, marked with their language where it is not that of the document."""
    if not words["t"]:
        return ""
    return words_of(words["t"], properties + _language(words["l"]))


def told(text: Said, properties: str = "") -> str:
    """A text as runs."""
    language = _language(text["l"])
    return "".join(
        words_of(run["t"], RUNS.get(run["s"], properties) + language) for run in text["runs"] if run["t"]
    )


def _language(tag: str) -> str:
    return f'<w:lang w:val="{TAGS[tag]}"/>' if tag else ""


class _Writing:
    """A report on its way into a document: keeps count of bookmarks, lists and pictures."""

    def __init__(self, document: Document, report: Report, lang: Language, said: Said) -> None:
        self.document, self.report, self.lang, self.said = document, report, lang, said
        self.bookmarks = self.lists = 0

    def whole(self) -> Iterator[str]:
        yield from self.title_page()
        yield from self.contents()
        for block, shown in zip(self.report.blocks, self.said["blocks"], strict=True):
            yield from getattr(self, f"_{shown['kind']}")(shown, block)

    def title_page(self) -> Iterator[str]:
        said = self.said
        yield paragraph("ReportAuthors", say(said["authors"]))
        yield paragraph("Title", say(said["title"]))
        yield paragraph("Subtitle", say(said["subject"]))
        summary = words_of(f"{said['phrases']['summary']}, ") if said["kind"] == "summary" else ""
        yield paragraph("ReportQuiet", summary + say(said["dated"]))
        if said["status"]["t"]:
            yield paragraph("ReportStatus", say(said["status"]))
        if said["edition"]:
            yield paragraph(
                "ReportQuiet", words_of(phrase(self.lang, "edition", number=said["edition"]), GREY)
            )

    def contents(self) -> Iterator[str]:
        if self.said["contents"]:
            contents = words_of(self.said["phrases"]["contents"])
            yield paragraph("ReportContents", contents, "<w:pageBreakBefore/>")
        headings = [block for block in self.said["blocks"] if block["kind"] in ("heading", "appendix")]
        places = {block["id"]: place for place, block in enumerate(headings, 1)}
        listed = self.said["contents"]
        start = (
            '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
            '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        )
        end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        for number, block in enumerate(listed):
            name = f"_Toc{places[block['id']]}"
            label = words_of(f"{block['label']}: ") if block["label"] else ""
            title = f"{label}{say(block['text'])}"
            entry = f'<w:hyperlink w:anchor="{name}" w:history="1">{title}</w:hyperlink>'
            first, last = "" if number else start, end if number == len(listed) - 1 else ""
            yield paragraph(f"TOC{block['level']}", first + entry + last)
        if self.said["facts"]:
            yield paragraph("ReportAbout", words_of(self.said["phrases"]["about"]))
        for name, value in self.said["facts"]:
            small = '<w:sz w:val="15"/>' if len(value["t"]) > LONG and " " not in value["t"] else ""
            yield paragraph("ReportFact", say(name, "<w:b/>") + TAB + say(value, small))

    def _number(self, shown: Said) -> str:
        return words_of(str(shown["shown"]), GREY) + TAB if shown.get("shown") else TAB

    def _heading(self, shown: Said, _: Any) -> Iterator[str]:
        self.bookmarks += 1
        label = words_of(f"{shown['label']}: ") if shown["label"] else ""
        yield paragraph(
            f"Heading{shown['level']}",
            f'<w:bookmarkStart w:id="{self.bookmarks}" w:name="_Toc{self.bookmarks}"/>{label}'
            f'{say(shown["text"])}<w:bookmarkEnd w:id="{self.bookmarks}"/>',
        )

    _appendix = _heading

    def _paragraph(self, shown: Said, _: Any) -> Iterator[str]:
        number = self._number(shown) if shown["shown"] else ""
        yield paragraph("ReportNumbered" if number else "Normal", number + told(shown["text"]))

    def _example(self, shown: Said, _: Any) -> Iterator[str]:
        number = words_of(f"{shown['shown']}  ", GREY) if shown["shown"] else ""
        yield paragraph("ReportLabel", number + words_of(self.said["phrases"]["example"]))
        yield paragraph("ReportExample", told(shown["text"]))

    def _list(self, shown: Said, _: Any) -> Iterator[str]:
        if shown["shown"]:
            yield paragraph("ReportNumberLine", words_of(str(shown["shown"])), KEEP + BESIDE)
        style, more = "ReportBullet", ""
        if shown["ordered"]:
            number = OWN_LISTS + self.lists
            self.lists += 1
            self.document.part.numbering_part.element.extend(_parts(list_instance(number, NUMBERS)))
            style, more = "ReportNumber", f'<w:numPr><w:numId w:val="{number}"/></w:numPr>'
        for item in shown["items"]:
            yield paragraph(style, told(item), more)

    def _labelled(self, shown: Said, more: str = "") -> str:
        label = words_of(shown["label"], f'<w:b/><w:color w:val="{ACCENT}"/><w:sz w:val="26"/>')
        return paragraph("ReportLabelled", self._number(shown) + label + TAB + told(shown["text"]), more)

    def _priority(self, shown: Said, _: Any) -> Iterator[str]:
        yield self._labelled(shown)

    def _recommendation(self, shown: Said, _: Any) -> Iterator[str]:
        yield self._labelled(shown, KEEP)
        names = self.said["phrases"]
        runs = words_of(names[shown["sort"]], "<w:b/>")
        if shown["basis"]["t"]:
            runs += words_of(f" · {names['basis']}: ") + say(shown["basis"])
        for place, one in enumerate(shown["headings"]):
            runs += words_of(", " if place else f" · {names['concerns']}: ") + say(one)
        yield paragraph("ReportUnder", runs)

    def _rating(self, shown: Said, _: Any) -> Iterator[str]:
        names, level = self.said["phrases"], shown["level"]
        strong = '<w:b/><w:color w:val="1A2530"/><w:sz w:val="24"/>'
        reached = say(shown["scale"][level - 1], strong) if level else words_of(names["not_rated"], strong)
        steps = phrase(self.lang, "level", level=level, count=len(shown["scale"])) if level else ""
        more = words_of(f"   ({steps})", GREY) if level else ""
        yield paragraph("ReportRating", words_of(f"{names['rating']}: ") + reached + more)

    def _caption(self, shown: Said) -> str:
        label = words_of(f"{shown['label']}  ", f'<w:color w:val="{ACCENT}"/>')
        return paragraph("Caption", label + say(shown["caption"]))

    def _table(self, shown: Said, _: Any) -> Iterator[str]:
        if not shown["rows"]:
            yield paragraph("ReportQuiet", say(shown["empty"]))
            return
        yield self._caption(shown)
        columns = shown["columns"]
        aligned = ["" if column["align"] == "start" else '<w:jc w:val="right"/>' for column in columns]
        together = KEEP if len(shown["rows"]) <= SHORT else ""
        head = "".join(
            _cell(
                paragraph("ReportCell", say(column["title"], f'<w:b/><w:color w:val="{ACCENT}"/>'), more),
                PALE,
            )
            for column, more in zip(columns, aligned, strict=True)
        )
        rows = [_row(head, header=True)]
        looks = ["<w:b/>" if shown["row_titles"] else "", *[""] * (len(columns) - 1)]
        for place, row in enumerate(shown["rows"], 1):
            kept = together if place < len(shown["rows"]) else ""
            cells = zip(row, aligned, looks, strict=True)
            rows.append(
                _row(
                    "".join(_cell(paragraph("ReportCell", say(c, look), kept + at)) for c, at, look in cells)
                )
            )
        yield table(shown["caption"]["t"], [column["width"] for column in columns], rows)
        yield paragraph("ReportSmall", say(shown["note"]))

    def _grid(self, shown: Said, _: Any) -> Iterator[str]:
        yield self._caption(shown)
        yield paragraph("ReportAxis", say(shown["across"]))
        columns, rows, two = shown["columns"], shown["rows"], bool(shown["up"]["t"])
        centre, bold = '<w:jc w:val="center"/>', "<w:b/>"
        accent = f'<w:b/><w:color w:val="{ACCENT}"/>'
        head = _cell(paragraph("ReportCell", say(shown["up"], accent))) if two else ""
        head += "".join(_cell(paragraph("ReportCell", say(one, bold), centre)) for one in columns)
        lines = [_row(head, header=True)]
        most = max(len(columns) + len(rows) - 2, 1)
        for y, row in enumerate(rows):
            cells = _cell(paragraph("ReportCell", say(row, bold))) if two else ""
            for x in range(len(columns)):
                here = (shown["column"], shown["row"]) == (x, y)
                runs = say(self.said["subject"], '<w:b/><w:color w:val="FFFFFF"/>') if here else ""
                shade = SHADES[round((x + len(rows) - 1 - y) * (len(SHADES) - 1) / most)]
                cells += _cell(paragraph("ReportCell", runs, centre), ACCENT if here else shade, middle=True)
            lines.append(_row(cells, height=850))
        widths = [*([28] if two else []), *[18] * len(columns)]
        yield table(shown["alt"]["t"], widths, lines, edges="FFFFFF")
        yield paragraph("Normal", say(shown["alt"]), '<w:spacing w:before="160"/>')

    def _figure(self, shown: Said, block: Any) -> Iterator[str]:
        yield self._caption(shown)
        width = _library()["twips"](WIDTH)
        inline = self.document.part.new_pic_inline(io.BytesIO(png_of(block, self.lang)), width)
        inline.docPr.set("descr", shown["alt"]["t"])
        inline.docPr.set("title", shown["caption"]["t"])
        inline.docPr.set("name", shown["id"])
        yield f"<w:p><w:r><w:drawing>{_library()['written'](inline)}</w:drawing></w:r></w:p>"


def table(title: str, widths: list[int], rows: list[str], edges: str = "") -> str:
    """The XML of a table as wide as the text, its columns in proportion, with a title for screen readers."""
    whole = sum(widths)
    columns = "".join(f'<w:gridCol w:w="{WIDTH * width // whole}"/>' for width in widths)
    side = f'w:val="single" w:sz="{12 if edges else 4}" w:space="0" w:color="{edges or LINE}"'
    sides = "".join(f"<w:{name} {side}/>" for name in (("top", "left", "bottom", "right") if edges else ()))
    inner = f"<w:insideH {side}/>" + (f"<w:insideV {side}/>" if edges else "")
    outer = sides or f'<w:top w:val="single" w:sz="8" w:space="0" w:color="{ACCENT}"/><w:bottom {side}/>'
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>{outer}{inner}</w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="80" w:type="dxa"/>'
        '<w:right w:w="80" w:type="dxa"/></w:tblCellMar><w:tblLook w:val="00A0" w:firstRow="1" w:lastRow="0"'
        ' w:firstColumn="1" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/>'
        f"<w:tblCaption w:val={quoteattr(title)}/><w:tblDescription w:val={quoteattr(title)}/></w:tblPr>"
        f"<w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _row(cells: str, *, header: bool = False, height: int = 0, mark: str = "") -> str:
    said = "<w:cantSplit/>" + (f'<w:trHeight w:val="{height}"/>' if height else "")
    said += ("<w:tblHeader/>" if header else "") + mark
    return f"<w:tr><w:trPr>{said}</w:trPr>{cells}</w:tr>"


def _cell(content: str, shade: str = "", *, middle: bool = False) -> str:
    fill = f'<w:shd w:val="clear" w:color="auto" w:fill="{shade}"/>' if shade else ""
    look = fill + ('<w:vAlign w:val="center"/>' if middle else "")
    return f"<w:tc>{f'<w:tcPr>{look}</w:tcPr>' if look else ''}{content}</w:tc>"


def _margins(document: Document, said: Said, lang: Language) -> None:
    """Write what is at the head and the foot of every page, and across it."""
    section = document.sections[0]
    number, _, count = phrase(lang, "page", number="\n", count="\t").partition("\n")
    between, _, rest = count.partition("\t")
    pages = (
        words_of(number) + field("PAGE", "1") + words_of(between) + field("NUMPAGES", "1") + words_of(rest)
    )
    red = f'<w:color w:val="{BAD}"/>'
    left = [words_of(said["mark"]["line"], red)] if said["mark"] else []
    left += [say(said["status"], red)] if said["status"]["t"] else []
    tabs = f'<w:tabs><w:tab w:val="clear" w:pos="4680"/><w:tab w:val="right" w:pos="{WIDTH}"/></w:tabs>'
    line = f'w:val="single" w:sz="4" w:space="4" w:color="{LINE}"'
    over, under = f"<w:pBdr><w:top {line}/></w:pBdr>", f"<w:pBdr><w:bottom {line}/></w:pBdr>"
    crossed = across(said["mark"]["across"]) if said["mark"] else ""
    heading = field('STYLEREF "heading 1"')
    head = paragraph("Header", crossed + say(said["subject"]) + TAB + heading, under + tabs)
    foot = paragraph("Footer", (left[0] if left else "") + TAB + pages, over + tabs)
    foot += "".join(paragraph("Footer", one) for one in left[1:])
    _put(section.header, head)
    _put(section.footer, foot)
    _put(section.first_page_header, paragraph("Header", crossed))
    _put(section.first_page_footer, paragraph("Footer", left[0] if said["mark"] else ""))


def _put(part: Any, content: str) -> None:
    part.is_linked_to_previous = False
    element = part._element
    for there in list(element):
        element.remove(there)
    for one in _parts(content):
        element.append(one)


def _parts(text: str) -> list[Any]:
    """Elements of WordprocessingML from their text."""
    kit = _library()
    return list(kit["parse"](f"<w:body {kit['spaces']}>{text}</w:body>"))


def _name(tag: str) -> str:
    name: str = _library()["name"](f"w:{tag}")
    return name


@cache
def _library() -> dict[str, Any]:
    """What is used of python-docx, and its template without the picture of somebody's first page."""
    try:
        import docx
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls, qn
        from docx.oxml.xmlchemy import serialize_for_reading
        from docx.shared import Mm, Twips
    except ImportError as error:
        missing = "Word files need an optional part of this software"
        raise ReportNotRendered(missing, remedies=[Install("report")]) from error
    made = io.BytesIO()
    document = docx.Document()
    relations = document.part.package.rels
    for name in [name for name, one in relations.items() if one.reltype.endswith("/thumbnail")]:
        del relations[name]
    document.save(made)
    return {
        "open": docx.Document,
        "template": made.getvalue(),
        "parse": parse_xml,
        "spaces": nsdecls("w", "r", "wp", "a", "pic"),
        "name": qn,
        "written": serialize_for_reading,
        "mm": Mm,
        "twips": Twips,
    }
