"""What Word shows of a document, written so that every reader sees it: fields, boxes, numbers, equations.

The parts of a document are rewritten before mammoth reads them. Hidden text, deleted text and the
instructions of fields go; the results of fields and forms, numbers of lists and equations become text; what
is raised by a style is raised itself. What cannot be taken is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from evidence.files.formats.formulas import word_equation
from evidence.files.formats.said import EMBEDDED, HIDDEN, PICTURE, Said
from evidence.files.formats.word_styles import Numbers, Styles, W, switch_of, value_of

Element = Any
"""An element of the standard library's ElementTree."""

MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
V = "{urn:schemas-microsoft-com:vml}"
W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"

GONE = {W + name for name in ("del", "moveFrom")}
"""What tracked changes took out."""
THROUGH = {
    *(
        W + name
        for name in ("ins", "moveTo", "smartTag", "customXml", "hyperlink", "fldSimple", "dir", "bdo")
    ),
    *(MC + "Choice", MC + "Fallback"),
}
"""What only says something about what is in it."""
SILENT = {
    *("pPr", "rPr", "sectPr", "tblPr", "tblGrid", "trPr", "tcPr", "tblPrEx", "sdtPr", "sdtEndPr", "proofErr"),
    *("bookmarkStart", "bookmarkEnd", "commentRangeStart", "commentRangeEnd", "permStart", "permEnd"),
    *("commentReference", "annotationRef", "footnoteRef", "endnoteRef", "separator", "continuationSeparator"),
    *("lastRenderedPageBreak", "delText", "delInstrText", "customXmlPr", "smartTagPr", "fldData", "pgNum"),
    *("moveFromRangeStart", "moveFromRangeEnd", "moveToRangeStart", "moveToRangeEnd"),
    *("customXmlInsRangeStart", "customXmlInsRangeEnd", "customXmlDelRangeStart", "customXmlDelRangeEnd"),
    *("customXmlMoveFromRangeStart", "customXmlMoveFromRangeEnd"),
    *("customXmlMoveToRangeStart", "customXmlMoveToRangeEnd", "contentPart", "background"),
}
"""What shows nothing."""
KEPT = {W + name for name in ("noBreakHyphen", "softHyphen", "footnoteReference", "endnoteReference")}
SYMBOL_FONTS = ("Wingdings", "Webdings", "Symbol")
BOXES = {
    **{("Wingdings", code): "☐" for code in (0x6F, 0x71, 0x72, 0xA8)},
    **{("Wingdings", code): "☒" for code in (0x78, 0xFD, 0xFE)},
    **{("Wingdings 2", code): "☐" for code in (0x2A, 0xA3, 0x30)},
    **{("Wingdings 2", code): "☒" for code in (0x51, 0x52, 0x53, 0x54)},
}
"""Boxes of forms that are drawn with a font of symbols."""
DEEPEST_FIELDS = 50


@dataclass
class Field:
    """A field that is open: what it says is shown from its separator on."""

    data: Element | None = None
    instruction: str = ""
    shows: bool = False
    said: bool = False
    """Whether its result has any text."""


@dataclass
class Shown:
    """A document on its way to what it shows. `other` gives the paragraphs of a part in another format."""

    styles: Styles
    numbers: Numbers
    said: Said
    other: Callable[[str], list[str]]
    fields: list[Field] = field(default_factory=list)
    whole_fields: bool = True
    """Whether every field that begins also ends."""
    hiding: bool = False
    style: str = ""
    changed: bool = False
    """Whether there are tracked changes."""

    def rewrite(self, root: Element) -> None:
        """Rewrite a part in place: the document itself, or its notes."""
        self.whole_fields = _fields_end(root)
        self.fields.clear()
        for story in root if root.tag in (W + "footnotes", W + "endnotes") else root.findall(W + "body"):
            story[:] = list(self.blocks(story))
        if self.changed:
            self.said.add(
                "tracked changes are read as accepted: inserted words are in the text, deleted words are not"
            )

    # --- blocks ---

    def blocks(self, parent: Element) -> Iterator[Element]:
        """The paragraphs and tables of a body, a cell or a box."""
        for child in parent:
            tag = child.tag
            if tag == W + "p":
                yield from self.paragraph(child)
            elif tag == W + "tbl":
                child[:] = [*child.findall(W + "tblPr"), *self.rows(child)]
                yield child
            elif tag == W + "altChunk":
                yield from (_paragraph(_run(line)) for line in self.other(child.get(RELATION, "")))
            elif tag in (M + "oMath", M + "oMathPara"):
                yield _paragraph(*self.equation(child))
            elif tag == W + "sdt" and _checkbox(child) is not None:
                yield _paragraph(_run(_checkbox(child) or ""))
            elif (inside := self.opened(child)) is not None:
                yield from self.blocks(inside)

    def opened(self, child: Element) -> Element | None:
        """What an element is only a cover of; None for one that shows nothing, or that is not known."""
        tag = child.tag
        if tag in GONE:
            self.changed = True
        elif tag in THROUGH:
            self.changed = self.changed or tag in (W + "ins", W + "moveTo")
            return child
        elif tag == W + "sdt":
            # Until something is filled in, a field shows what to do there.
            properties = child.find(W + "sdtPr")
            return None if switch_of(properties, "showingPlcHdr") else child.find(W + "sdtContent")
        elif tag == MC + "AlternateContent":
            return _chosen(child)
        elif tag == W + "subDoc":
            self.said.left_out[EMBEDDED] += 1
        elif isinstance(tag, str) and (not tag.startswith(W) or tag.removeprefix(W) not in SILENT):
            self.said.unread[tag.rpartition("}")[2]] += 1
        return None

    def rows(self, parent: Element) -> Iterator[Element]:
        """The rows of a table, without those that are hidden or deleted."""
        for child in parent:
            if child.tag == W + "tr":
                properties = child.find(W + "trPr")
                if properties is not None and properties.find(W + "del") is not None:
                    self.changed = True
                elif switch_of(properties, "hidden"):
                    self.hide(any(True for _ in _words(child)))
                    self.hiding = False
                else:
                    cells = list(self.cells(child))
                    before = value_of(properties, "gridBefore")
                    if before and before.isdigit() and before.strip("0"):
                        cells.insert(0, _empty_cell(before))
                    child[:] = cells
                    yield child
            elif (inside := self.opened(child)) is not None:
                yield from self.rows(inside)

    def cells(self, parent: Element) -> Iterator[Element]:
        """The cells of a row."""
        for child in parent:
            if child.tag == W + "tc":
                properties = child.find(W + "tcPr")
                covered = properties is not None and (properties.find(W + "hMerge") is not None)
                covered = covered and value_of(properties, "hMerge") in ("", "continue")
                content = [] if covered else list(self.blocks(child))
                child[:] = [*([properties] if properties is not None else []), *content]
                yield child
            elif (inside := self.opened(child)) is not None:
                yield from self.cells(inside)

    def paragraph(self, paragraph: Element) -> Iterator[Element]:
        """A paragraph with what it shows, and its number before it."""
        properties = paragraph.find(W + "pPr")
        before, self.style = self.style, value_of(properties, "pStyle") or ""
        runs = properties.find(W + "rPr") if properties is not None else None
        self.hiding = False
        content = list(self.inline(paragraph))
        deleted = runs is not None and runs.find(W + "del") is not None
        if not deleted and not (switch_of(runs, "vanish") and not content):
            label = self.numbers.label(properties, self.style)
            if label and content:
                content.insert(0, _run(label + " "))
        if properties is not None and (level := self.styles.heading(properties, self.style)):
            named = properties.find(W + "pStyle")
            if named is None:
                named = ElementTree.Element(W + "pStyle")
                properties.insert(0, named)
            named.set(W + "val", f"Heading{level}")
        paragraph[:] = [*([properties] if properties is not None else []), *content]
        self.style = before
        yield paragraph

    # --- in a paragraph ---

    def inline(self, parent: Element) -> Iterator[Element]:
        """The runs of a paragraph, whatever they are wrapped in."""
        for child in parent:
            tag = child.tag
            if tag == W + "r":
                yield from self.run(child)
            elif tag in (M + "oMath", M + "oMathPara"):
                yield from self.equation(child)
            elif tag == W + "sdt" and (box := _checkbox(child)) is not None:
                yield from self.shown(_run(box))
            elif (inside := self.opened(child)) is not None:
                yield from self.inline(inside)

    def run(self, run: Element) -> Iterator[Element]:
        """A run with what it shows; nothing where that is hidden."""
        properties = run.find(W + "rPr")
        hidden = self.styles.hidden(properties, self.style)
        made = ElementTree.Element(W + "r")
        if moved := self.styles.moved(properties, self.style):
            align = ElementTree.SubElement(ElementTree.SubElement(made, W + "rPr"), W + "vertAlign")
            align.set(W + "val", moved)
        if switch_of(properties, "strike") or switch_of(properties, "dstrike"):
            looks = made.find(W + "rPr")
            looks = ElementTree.SubElement(made, W + "rPr") if looks is None else looks
            ElementTree.SubElement(looks, W + "strike")
        inside = list(self.parts(run, properties))
        if not inside:
            return
        if hidden:
            self.hide(any(True for part in inside for _ in _words(part)))
            return
        self.hiding = False
        made.extend(inside)
        yield made

    def parts(self, run: Element, properties: Element | None) -> Iterator[Element]:
        """What a run shows."""
        fonts = properties.find(W + "rFonts") if properties is not None else None
        font = "" if fonts is None else fonts.get(W + "ascii") or fonts.get(W + "hAnsi") or ""
        for child in run:
            tag = child.tag
            if tag in (W + "fldChar", W + "instrText"):
                yield from self.field(child)
            elif tag == W + "t":
                yield from self.shown(*_text(child.text or "", font))
            elif tag in KEPT:
                yield from self.shown(child)
            elif tag in (W + "tab", W + "ptab"):
                yield from self.shown(ElementTree.Element(W + "tab"))
            elif tag in (W + "br", W + "cr"):
                yield from self.shown(ElementTree.Element(W + "br"))
            elif tag == W + "sym":
                yield from self.shown(*_symbol(child))
            elif tag == W + "ruby":
                base, above = ("".join(_words(child.find(W + name))) for name in ("rubyBase", "rt"))
                yield from self.shown(_t(f"{base} ({above})" if above else base))
            elif tag in (W + "drawing", W + "pict", W + "object"):
                yield from self.drawn(child)
            elif tag == MC + "AlternateContent":
                chosen = _chosen(child)
                yield from self.parts(chosen, properties) if chosen is not None else ()
            elif (inside := self.opened(child)) is not None:
                yield from self.parts(inside, properties)

    def shown(self, *parts: Element) -> Iterator[Element]:
        """These, unless they are part of the instructions of a field."""
        if self.whole_fields and not all(each.shows for each in self.fields):
            return
        for each in self.fields:
            each.said = True
        yield from parts

    def field(self, sign: Element) -> Iterator[Element]:
        """Mind where a field begins and ends; what a form field shows that has no text."""
        if sign.tag == W + "instrText":
            if self.fields:
                self.fields[-1].instruction += sign.text or ""
            return
        kind = sign.get(W + "fldCharType")
        if kind == "begin" and len(self.fields) < DEEPEST_FIELDS:
            self.fields.append(Field(sign.find(W + "ffData")))
        elif kind == "separate" and self.fields:
            self.fields[-1].shows = True
        elif kind == "end" and self.fields:
            ended = self.fields.pop()
            if chosen := _form_value(ended):
                yield from self.shown(_t(chosen))

    def equation(self, equation: Element) -> Iterator[Element]:
        """An equation as a line of text."""
        text, whole = word_equation(equation)
        self.said.equations += not whole
        if text:
            yield from self.shown(_run(f" {text} "))

    def drawn(self, drawing: Element) -> Iterator[Element]:
        """The text of boxes in a drawing; pictures, charts and other files are counted."""
        names = {str(each.tag).rpartition("}")[2] for each in drawing.iter()}
        for each in _boxes(drawing):
            made = ElementTree.Element(W + "pict")
            box = ElementTree.SubElement(ElementTree.SubElement(made, V + "textbox"), W + "txbxContent")
            style, fields, self.fields = self.style, self.fields, []
            box.extend(self.blocks(each))
            self.style, self.fields = style, fields
            yield from self.shown(made)
        for each in drawing.iter(V + "textpath"):
            yield from self.shown(_t(f" {each.get('string', '')} "))
        if names & {"blip", "imagedata"} and not names & {"OLEObject", "control"}:
            self.said.left_out[PICTURE] += 1
        elif names & {"chart", "relIds", "OLEObject", "control"}:
            self.said.left_out[EMBEDDED] += 1

    def hide(self, words: bool) -> None:
        """Count a hidden passage once, however many runs it has."""
        if words and not self.hiding:
            self.said.left_out[HIDDEN] += 1
            self.hiding = True


# --- small parts -------------------------------------------------------------------------------------------


def _t(text: str) -> Element:
    made = ElementTree.Element(W + "t")
    made.text = text
    made.set(SPACE, "preserve")
    return made


def _run(text: str) -> Element:
    made = ElementTree.Element(W + "r")
    for number, part in enumerate(text.split("\t")):
        if number:
            ElementTree.SubElement(made, W + "tab")
        made.append(_t(part))
    return made


def _paragraph(*runs: Element) -> Element:
    made = ElementTree.Element(W + "p")
    made.extend(runs)
    return made


def _empty_cell(columns: str) -> Element:
    made = ElementTree.Element(W + "tc")
    span = ElementTree.SubElement(ElementTree.SubElement(made, W + "tcPr"), W + "gridSpan")
    span.set(W + "val", columns)
    return made


def _words(parent: Element | None) -> Iterator[str]:
    """The texts in an element that are more than blanks."""
    for each in parent.iter(W + "t") if parent is not None else ():
        if each.text and not each.text.isspace():
            yield each.text


def _text(text: str, font: str) -> Iterable[Element]:
    """A text; letters of a font of symbols as the symbols that they show."""
    if not font.startswith(SYMBOL_FONTS) or not all(_code(char) for char in text):
        return [_t(text)]
    return [part for char in text for part in _drawn_as(font, _code(char))]


def _code(char: str) -> int:
    """The place in a font of symbols that a character means; 0 for none."""
    code = ord(char)
    return code - 0xF000 if 0xF000 < code <= 0xF0FF else code if 0x20 < code <= 0xFF else 0


def _symbol(symbol: Element) -> Iterable[Element]:
    code = symbol.get(W + "char", "")
    if len(code) > 6 or not all(char in "0123456789abcdefABCDEF" for char in code) or not code:
        return []
    return _drawn_as(symbol.get(W + "font", ""), int(code, 16) & 0xFF, symbol)


def _drawn_as(font: str, code: int, symbol: Element | None = None) -> list[Element]:
    if box := BOXES.get((font, code)):
        return [_t(f" {box} ")]
    if symbol is None:
        symbol = ElementTree.Element(W + "sym")
        symbol.set(W + "font", font)
        symbol.set(W + "char", f"F0{code:02X}")
    return [symbol]


def _checkbox(control: Element) -> str | None:
    """A content control that is a box to tick, as it is; None for another one."""
    properties = control.find(W + "sdtPr")
    box = properties.find(W14 + "checkbox") if properties is not None else None
    if box is None:
        return None
    checked = box.find(W14 + "checked")
    on = checked is not None and checked.get(W14 + "val", "1") not in ("0", "false", "off")
    return f" {'☒' if on else '☐'} "


def _form_value(ended: Field) -> str:
    """What a legacy form field shows that has no text of its own."""
    if ended.data is None or ended.said:
        return ""
    if (box := ended.data.find(W + "checkBox")) is not None:
        on = switch_of(box, "checked")
        on = switch_of(box, "default") if on is None else on
        return f" {'☒' if on else '☐'} "
    if (choice := ended.data.find(W + "ddList")) is not None:
        entries = [entry.get(W + "val", "") for entry in choice.findall(W + "listEntry")]
        chosen = value_of(choice, "result") or value_of(choice, "default") or "0"
        at = int(chosen) if chosen.isdigit() and len(chosen) < 6 else 0
        return entries[at] if at < len(entries) else ""
    return ""


def _chosen(alternatives: Element) -> Element | None:
    """The version of some content that is read: the one with text in it, else the one for old programs."""
    versions = [*alternatives.findall(MC + "Choice"), *alternatives.findall(MC + "Fallback")]
    for version in versions:
        if next(version.iter(W + "txbxContent"), None) is not None:
            return version
    return versions[-1] if versions else None


def _boxes(drawing: Element) -> Iterator[Element]:
    """The boxes of text in a drawing, without those in another of them, and one version of each."""
    waiting = [drawing]
    while waiting:
        each = waiting.pop()
        if each.tag == W + "txbxContent":
            yield each
        elif each.tag == MC + "AlternateContent":
            chosen = _chosen(each)
            waiting += [chosen] if chosen is not None else []
        else:
            waiting += reversed(list(each))


def _fields_end(root: Element) -> bool:
    """Whether every field of a part that begins also ends."""
    open_now = 0
    for each in root.iter(W + "fldChar"):
        kind = each.get(W + "fldCharType")
        open_now += 1 if kind == "begin" else -1 if kind == "end" else 0
        if open_now < 0 or open_now >= DEEPEST_FIELDS:
            return False
    return open_now == 0
