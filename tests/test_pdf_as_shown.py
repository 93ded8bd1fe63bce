"""PDFs as people see them: raised digits apart, forms filled in, and what is typed or pinned on."""

from __future__ import annotations

import io
from collections.abc import Callable

from pypdf import PdfWriter
from pypdf.annotations import AnnotationDictionary, FreeText
from pypdf.annotations import Text as Note
from pypdf.generic import NameObject
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph
from text_files import written

from evidence.files.formats.pages import tidy
from evidence.files.formats.pdf import pdf_pages

Read = tuple[str, list[str]]
"""A text, sections parted by bars, and the notes on it."""


def drawn(draw: Callable[[Canvas], None], *pinned: AnnotationDictionary) -> Read:
    """What is read of a PDF of one page that is drawn so, with these annotations on it."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=True)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    data = out.getvalue()
    if pinned:
        writer = PdfWriter(clone_from=io.BytesIO(data))
        for annotation in pinned:
            writer.add_annotation(0, annotation)
        data = written(writer)
    [text], notes = pdf_pages(data, lambda *_: None)
    return tidy(text), notes


def write(canvas: Canvas, x: float, y: float, size: float, text: str) -> None:
    canvas.setFont("Helvetica", size)
    canvas.drawString(x, y, text)


def test_small_raised_digits_behind_a_figure_are_kept_apart_in_a_pdf() -> None:
    words = (
        "In 2007<super>1</super> there were 45<super>2</super> complaints in 3 km<super>2</super>,"
        " the 1<super>st</super>; CO<sub>2</sub>, 4<super>1</super>/2."
    )
    made = Paragraph(words, getSampleStyleSheet()["Normal"])

    def raised_by_rise(canvas: Canvas) -> None:
        made.wrap(500, 100)
        made.drawOn(canvas, 50, 700)

    assert drawn(raised_by_rise) == (
        "In 2007[1] there were 45[2] complaints in 3 km², the 1st; CO2, 4 1/2.",
        [],
    )

    def raised_by_place(canvas: Canvas) -> None:
        for x, y, size, text in (50, 700, 10, "In 2007"), (84, 704, 6, "1"), (90, 700, 10, "there were"):
            write(canvas, x, y, size, text)

    assert drawn(raised_by_place) == ("In 2007[1] there were", [])

    def raised_by_matrix(canvas: Canvas) -> None:
        text = canvas.beginText(50, 700)
        text.setFont("Helvetica", 1)
        for x, y, size, said in (50, 700, 10, "In 2007"), (83.8, 704, 6, "1"), (90, 700, 10, "there were"):
            text.setTextTransform(size, 0, 0, size, x, y)
            text.textOut(said)
        canvas.drawText(text)

    assert drawn(raised_by_matrix) == ("In 2007[1] there were", [])


def test_smaller_figures_of_a_table_are_not_taken_for_notes() -> None:
    def cells(canvas: Canvas) -> None:
        for x, y, size, text in (
            (50, 700, 10, "12"),
            (100, 702, 8, "34"),
            (50, 680, 10, "56"),
            (62, 668, 8, "78"),
        ):
            write(canvas, x, y, size, text)

    assert drawn(cells)[0].split() == ["12", "34", "56", "78"]


def test_a_form_of_a_pdf_is_read_as_it_is_filled_in_with_values_beside_their_labels() -> None:
    def form(canvas: Canvas) -> None:
        fields = canvas.acroForm
        write(canvas, 50, 700, 10, "Name:")
        fields.textfield(name="name", x=100, y=695, value="Carers Trust", width=200, height=16)
        write(canvas, 66, 672, 10, "Yes")
        fields.checkbox(name="yes", x=50, y=670, size=12, checked=True)
        write(canvas, 116, 672, 10, "No")
        fields.checkbox(name="no", x=100, y=670, size=12, checked=False)
        write(canvas, 50, 640, 10, "How often:")
        fields.choice(
            name="often", x=120, y=635, value="Often", options=["Never", "Often"], width=80, height=16
        )
        for value, x in ("alone", 50), ("with others", 150):
            write(canvas, x + 16, 612, 10, value)
            fields.radio(name="how", value=value, selected=value == "alone", x=x, y=610, size=12)
        write(canvas, 50, 580, 10, "Since when?")
        fields.textfield(name="since", x=50, y=560, value="2007", width=200, height=14)
        fields.textfield(name="x1", tooltip="Remarks", x=50, y=100, value="none", width=200, height=14)

    assert drawn(form) == (
        "Name: Carers Trust\n☒ Yes\n☐ No\nHow often: Often\n☒ alone\n☐ with others\nSince when? 2007\n\n"
        "Remarks: none",
        [],
    )


def test_what_is_typed_on_a_pdf_is_read_and_what_is_pinned_to_it_is_named() -> None:
    def page(canvas: Canvas) -> None:
        write(canvas, 50, 700, 10, "Answer:")

    hidden = FreeText(text="secret", rect=(110, 600, 200, 620))
    hidden.flags = 2
    marked = AnnotationDictionary()
    marked[NameObject("/Subtype")] = NameObject("/Redact")
    found = drawn(
        page,
        FreeText(text="nobody asked", rect=(110, 696, 200, 712)),
        FreeText(text="in the margin", rect=(300, 50, 500, 70)),
        hidden,
        Note(text="Is that so?", rect=(300, 50, 500, 70)),
        marked,
    )
    assert found == (
        "Answer: nobody asked\n\nin the margin",
        [
            "1 hidden passage was left out",
            "1 comment was left out",
            "words are marked for redaction but were never removed: they are in the text",
        ],
    )
