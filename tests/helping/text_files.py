"""Files of every format that sources are added from, made as office programs and printers make them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import matplotlib
from openpyxl import Workbook
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONT = f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf"
"""A font that has ŵ and ŷ, which the fonts that come with PDF lack."""


def pdf(*pages: str | Sequence[str], picture: bool = False) -> bytes:
    """A PDF with these pages, each a text or its lines; with a picture on each if wanted."""
    if "DejaVu" not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont("DejaVu", FONT))
    out = io.BytesIO()
    canvas = Canvas(out, invariant=True)
    for page in pages:
        canvas.setFont("DejaVu", 10)
        for number, line in enumerate([page] if isinstance(page, str) else page):
            canvas.drawString(50, 800 - 15 * number, line)
        if picture:
            canvas.drawImage(ImageReader(_grey()), 50, 50, 400, 400)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def form_pdf() -> bytes:
    """A PDF with a form that is filled in."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=True)
    canvas.drawString(50, 700, "Asked in 2007:")
    canvas.acroForm.textfield(name="name", x=150, y=695, value="Carers", width=200, height=16)
    canvas.acroForm.checkbox(name="yes", x=50, y=670, size=12, checked=True)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _grey() -> Any:
    from PIL import Image

    return Image.new("L", (8, 8), 128)


def blank_pdf(pages: int) -> PdfWriter:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    return writer


def written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def pdf_of_stream(stream: bytes, packed: int = 1) -> bytes:
    """A PDF with one page that draws what stands in `stream`, packed so many times over."""
    for _ in range(packed):
        stream = zlib.compress(stream, 9)
    drawn = StreamObject()
    drawn._data = stream
    drawn[NameObject("/Filter")] = ArrayObject([NameObject("/FlateDecode")] * packed)
    writer = blank_pdf(1)
    page = writer.pages[0]
    page[NameObject("/Contents")] = writer._add_object(drawn)
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    named = DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
    fonts = DictionaryObject({NameObject("/F1"): named})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    return written(writer)


# --- Word ------------------------------------------------------------------------------------------------

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
WORD_TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>
</Types>"""
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN_PART = f"""<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="{PACKAGE_RELATIONS}">
<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="word/document.xml"/></Relationships>"""
NOTES_PART = f"""<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="{PACKAGE_RELATIONS}">
<Relationship Id="rId1" Type="{RELATIONS}/footnotes" Target="footnotes.xml"/>
<Relationship Id="rId2" Type="{RELATIONS}/comments" Target="comments.xml"/></Relationships>"""


def run(text: str, properties: str = "") -> str:
    looks = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{looks}<w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(text: str = "", style: str = "", xml: str = "") -> str:
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{named}{run(text) if text else ''}{xml}</w:p>"


def table(*rows: Sequence[str]) -> str:
    cells = ["".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows]
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def docx(*body: str, before: str = "", parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word document with this body; `before` stands before its root, `parts` come beside it."""
    document = f'<?xml version="1.0" encoding="UTF-8"?>{before}<w:document {W}><w:body>{"".join(body)}'
    return archive(
        {
            "[Content_Types].xml": WORD_TYPES,
            "_rels/.rels": MAIN_PART,
            "word/document.xml": f"{document}</w:body></w:document>",
            **(parts or {}),
        }
    )


def with_notes(footnote: str, comment: str) -> dict[str, str | bytes]:
    return {
        "word/_rels/document.xml.rels": NOTES_PART,
        "word/footnotes.xml": f'<w:footnotes {W}><w:footnote w:id="1">{paragraph(footnote)}'
        "</w:footnote></w:footnotes>",
        "word/comments.xml": f'<w:comments {W}><w:comment w:id="1">{paragraph(comment)}'
        "</w:comment></w:comments>",
    }


# --- OpenDocument and rich text --------------------------------------------------------------------------

ODF = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        **{name: name for name in ("office", "text", "table", "style", "form")},
        "draw": "drawing",
    }.items()
)


def odt(body: str, styles: str = "", parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """An OpenDocument text with this body and these automatic styles; `parts` come beside it."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {ODF}>'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.text"
    return archive({"mimetype": kind, "content.xml": content, **(parts or {})})


RTF_HEAD = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fnil\fcharset2 Wingdings;}"
    r"{\f2\fcharset238 Times CE;}}{\stylesheet{\ql Normal;}{\s1 heading 1;}}{\info{\title not this}}"
)


def rtf(body: str) -> bytes:
    """A rich text file with this body, in three fonts and with a style for headings."""
    return f"{RTF_HEAD}{body}}}".encode("cp1252")


# --- archives and workbooks ------------------------------------------------------------------------------


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


def changed(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """An archive with something in one of its parts replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        parts = {info.filename: read.read(info) for info in read.infolist()}
    assert old in parts[name]
    return archive({**parts, name: parts[name].replace(old, new)})


def xlsx(sheets: Mapping[str, Sequence[Sequence[Any]]], hidden: Sequence[str] = ()) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def book_of(
    rows: Iterable[Iterable[Any]], change: Callable[[Any], None] | None = None, title: str = "T"
) -> Workbook:
    """A workbook with one sheet of these rows."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    if change:
        change(sheet)
    return book
