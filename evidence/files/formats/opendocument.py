"""OpenDocument texts (.odt): the text at its headings, as the page of a program that writes them shows it."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from evidence.files.formats.archive import check_archive, parsed
from evidence.files.formats.markup import NOT_TICKED, TICKED, html_sections, list_number
from evidence.files.formats.said import COMMENT, EMBEDDED, HIDDEN, PICTURE, Said
from rules.errors import EvidenceInvalid

Element = Any
"""An element of the standard library's ElementTree."""

OASIS = "{urn:oasis:names:tc:opendocument:xmlns:"
TEXT, TABLE, DRAW, STYLE = (f"{OASIS}{name}:1.0}}" for name in ("text", "table", "drawing", "style"))
OFFICE, FORM = (f"{OASIS}{name}:1.0}}" for name in ("office", "form"))
LINK = "{http://www.w3.org/1999/xlink}href"
MANIFEST = "META-INF/manifest.xml"
UNSHOWN = ("password", "hidden", "button", "image", "file", "fixed-text", "generic-control")
"""Fields of forms that show nothing that was filled in."""
MOST_AGAIN = 1_000
"""How often a cell or row that is repeated is written out."""
LONGEST_CHAIN = 20
"""Styles that are based on each other."""
LEVELS = 10
SKIPPED = {
    *(TEXT + name for name in ("tracked-changes", "sequence-decls", "variable-decls", "user-field-decls")),
    *(
        TEXT + name
        for name in ("table-of-content-source", "alphabetical-index-source", "bibliography-source")
    ),
    *(TEXT + name for name in ("illustration-index-source", "table-index-source", "user-index-source")),
    *(TEXT + name for name in ("object-index-source", "dde-connection-decls", "label", "note-citation")),
    *(OFFICE + name for name in ("forms", "annotation-end", "event-listeners", "settings")),
}
"""What shows nothing where it is."""
BREAKS = {TEXT + "line-break": "<br>", TEXT + "tab": " "}
ROWS = {TABLE + name for name in ("table-header-rows", "table-rows", "table-row-group")}


def opendocument_sections(data: bytes, said: Said) -> list[str]:
    """The text of an .odt file by section (headings 1 to 3); raises EvidenceInvalid.

    Lists have their numbers, footnotes are at the end, forms are as they are filled in, formulas a line of
    text. Deleted text is not read. Hidden text, comments and pictures are left out and counted in `said`.
    """
    # OpenOffice 2 declared the type of this list, of which only the bytes are looked at.
    check_archive(data, unread=(MANIFEST,))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return html_sections(_Document(archive, said).page(), said)


@dataclass
class _Style:
    parent: str = ""
    hidden: bool | None = None
    moved: str | None = None
    """'sup', 'sub' or '' for neither."""
    struck: bool | None = None


@dataclass
class _Lists:
    """The levels of a list style, and how far it is counted."""

    levels: dict[int, Element] = field(default_factory=dict)
    counted: list[int | None] = field(default_factory=lambda: [None] * (LEVELS + 1))


class _Document:
    """A document on its way to a page of HTML."""

    def __init__(self, archive: zipfile.ZipFile, said: Said) -> None:
        self.archive, self.said = archive, said
        self.names = set(archive.namelist())
        if MANIFEST in self.names and b"encryption-data" in archive.read(MANIFEST):
            raise EvidenceInvalid("it is protected by a password.", hint="Save a copy without it.")
        if "content.xml" not in self.names:
            raise EvidenceInvalid("it is damaged (it has no content).", hint="Save it again.")
        self.content = parsed(archive.read("content.xml"))
        styles = parsed(archive.read("styles.xml")) if "styles.xml" in self.names else None
        self.styles: dict[str, _Style] = {}
        self.lists: dict[str, _Lists] = {}
        self.outline = _Lists()
        for root in (styles, self.content):
            if root is not None:
                self.read_styles(root)
        self.controls = {
            found.get(FORM + "id") or found.get("{http://www.w3.org/XML/1998/namespace}id", ""): found
            for forms in self.content.iter(OFFICE + "forms")
            for found in forms.iter()
        }
        self.notes: list[str] = []
        self.label = ""
        if styles is not None and _has_words(styles, TEXT + "p"):
            self.said.add("headers and footers were left out")

    def read_styles(self, root: Element) -> None:
        for found in root.iter(STYLE + "style"):
            style = _Style(found.get(STYLE + "parent-style-name", ""))
            for properties in found.iter(STYLE + "text-properties"):
                style.hidden = {"none": True, "true": False}.get(properties.get(TEXT + "display", ""))
                style.moved = _moved(properties.get(STYLE + "text-position"))
                through = properties.get(STYLE + "text-line-through-style")
                style.struck = None if through is None else through != "none"
            self.styles[found.get(STYLE + "name", "")] = style
        for found in root.iter(TEXT + "list-style"):
            self.lists[found.get(STYLE + "name", "")] = _Lists(_levels(found))
        for found in root.iter(TEXT + "outline-style"):
            self.outline = _Lists(_levels(found))

    def page(self) -> str:
        """The document as a page of HTML."""
        body = self.content.find(f"{OFFICE}body/{OFFICE}text")
        if body is None:
            raise EvidenceInvalid("it is damaged (it has no text).", hint="Save it again.")
        changes = body.find(TEXT + "tracked-changes")
        if changes is not None and len(changes):
            self.said.add(
                "tracked changes are read as accepted: inserted words are in the text, deleted words are not"
            )
        parts = list(self.inside(body))
        return "".join(parts) + "".join(f"<p>{note}</p>" for note in self.notes)

    def inside(self, parent: Element, spaces: bool = False) -> Iterator[str]:
        """What is in an element; its own text only in a paragraph (`spaces`)."""
        if spaces and parent.text:
            yield escape(parent.text)
        for child in parent:
            yield from self.of(child, spaces)
            if spaces and child.tail:
                yield escape(child.tail)

    def of(self, element: Element, spaces: bool) -> Iterator[str]:
        """The HTML of an element."""
        tag = element.tag
        if not isinstance(tag, str) or tag in SKIPPED:
            return
        if self.hidden(element):
            self.said.left_out[HIDDEN] += _has_words(element)
        elif tag == TEXT + "h":
            yield from self.heading(element)
        elif tag == TEXT + "p":
            yield from ("<p>", self.number(), *self.moved(element), "</p>")
        elif tag == TEXT + "span":
            yield from self.moved(element)
        elif tag == TEXT + "s":
            yield " "
        elif tag in BREAKS:
            yield BREAKS[tag]
        elif tag == TEXT + "list":
            yield from self.entries(element, 1, "")
        elif tag == TABLE + "table":
            yield from ("<table>", *self.rows(element), "</table>")
        elif tag == TEXT + "note":
            yield self.note(element)
        elif tag == OFFICE + "annotation":
            self.said.left_out[COMMENT] += 1
        elif tag.startswith(DRAW):
            yield from self.drawn(element, spaces)
        elif tag == TEXT + "ruby-text":
            yield from (" (", *self.inside(element, True), ")")
        elif tag.startswith((TEXT, OFFICE, TABLE)) or "content-control" in tag:
            yield from self.inside(element, spaces)

    def hidden(self, element: Element) -> bool:
        """Whether an element is hidden, by itself or by its style."""
        if element.get(TEXT + "display") == "none" or element.tag == TEXT + "hidden-text":
            return True
        if element.get(TABLE + "visibility", "visible") != "visible":
            return True
        if any(
            found.get(TEXT + "is-hidden") == "true" for found in element.findall(TEXT + "hidden-paragraph")
        ):
            return True
        name = element.get(TEXT + "style-name")
        return bool(name and self.of_style(name).hidden)

    def of_style(self, name: str) -> _Style:
        """What a style says with those that it is based on."""
        found = _Style()
        for _ in range(LONGEST_CHAIN):
            style = self.styles.get(name)
            if style is None:
                break
            found.hidden = style.hidden if found.hidden is None else found.hidden
            found.moved = style.moved if found.moved is None else found.moved
            found.struck = style.struck if found.struck is None else found.struck
            name = style.parent
        return found

    def moved(self, element: Element) -> Iterator[str]:
        """The words of a paragraph or a part of one, raised or lowered as its style has it."""
        name = element.get(TEXT + "style-name")
        style = self.of_style(name) if name else _Style()
        how = style.moved or ("s" if style.struck else "")
        if how:
            yield f"<{how}>"
        yield from self.inside(element, True)
        if how:
            yield f"</{how}>"

    def heading(self, element: Element) -> Iterator[str]:
        level = _whole(element.get(TEXT + "outline-level"), 1)
        number = self.number()
        if not number and element.get(TEXT + "is-list-header") != "true":
            number = self.counted(self.outline, min(level, LEVELS), None)
        tag = f"h{min(max(level, 1), 6)}"
        yield from (f"<{tag}>", number, *self.moved(element), f"</{tag}>")

    def note(self, element: Element) -> str:
        """The mark of a footnote, whose words come at the end."""
        citation = element.find(TEXT + "note-citation")
        mark = escape("".join(citation.itertext())) if citation is not None else ""
        body = element.find(TEXT + "note-body")
        words = "".join(self.inside(body)) if body is not None else ""
        self.notes.append(f"[{mark}] {words.removeprefix('<p>')}")
        return f"<sup>[{mark}]</sup>"

    def entries(self, element: Element, level: int, style: str) -> Iterator[str]:
        """The entries of a list, each with its number."""
        style = element.get(TEXT + "style-name") or style
        lists = self.lists.setdefault(style, _Lists())
        goes_on = element.get(TEXT + "continue-numbering") == "true" or element.get(TEXT + "continue-list")
        if level == 1 and not goes_on:
            lists.counted = [None] * (LEVELS + 1)
        yield "<ul>"
        for child in element:
            if child.tag in (TEXT + "list-item", TEXT + "list-header"):
                yield "<li>"
                self.label = ""
                if child.tag == TEXT + "list-item" and any(each.tag != TEXT + "list" for each in child):
                    start = child.get(TEXT + "start-value")
                    self.label = self.counted(lists, min(level, LEVELS), _whole(start, 0) if start else None)
                for each in child:
                    if each.tag == TEXT + "list":
                        yield from self.entries(each, level + 1, style)
                    elif each.tag == TEXT + "p" and not self.hidden(each):
                        yield from ("<div>", self.number(), *self.moved(each), "</div>")
                    else:
                        yield from self.of(each, False)
                yield "</li>"
        self.label = ""
        yield "</ul>"

    def number(self) -> str:
        """The number that is to be written before this paragraph."""
        label, self.label = self.label, ""
        return label

    def counted(self, lists: _Lists, level: int, start: int | None) -> str:
        """The number of the next entry of a level; empty where it has none."""
        found = lists.levels.get(level)
        form = found.get(STYLE + "num-format", "") if found is not None else ""
        first = _whole(found.get(TEXT + "start-value"), 1) if found is not None else 1
        now = lists.counted[level]
        lists.counted[level] = start if start is not None else first if now is None else now + 1
        lists.counted[level + 1 :] = [None] * (LEVELS - level)
        if found is None or not form:
            return ""
        shown = min(_whole(found.get(TEXT + "display-levels"), 1), level)
        numbers = []
        for each in range(level - shown + 1, level + 1):
            of = lists.levels.get(each)
            style = of.get(STYLE + "num-format", "") if of is not None else ""
            if style:
                numbers.append(list_number(lists.counted[each] or 1, style))
        label = found.get(STYLE + "num-prefix", "") + ".".join(numbers) + found.get(STYLE + "num-suffix", "")
        return escape(f"{label.strip()} ")

    def rows(self, element: Element) -> Iterator[str]:
        for child in element:
            if child.tag in ROWS:
                yield from self.rows(child)
            elif child.tag == TABLE + "table-row":
                if self.hidden(child):
                    self.said.left_out[HIDDEN] += _has_words(child)
                    continue
                row = "".join(("<tr>", *self.cells(child), "</tr>"))
                times = _whole(child.get(TABLE + "number-rows-repeated"), 1)
                yield from [row] * min(times, MOST_AGAIN if _has_words(child) else 1)

    def cells(self, row: Element) -> Iterator[str]:
        for cell in row:
            if cell.tag != TABLE + "table-cell":
                continue
            across = _whole(cell.get(TABLE + "number-columns-spanned"), 1)
            down = _whole(cell.get(TABLE + "number-rows-spanned"), 1)
            times = min(_whole(cell.get(TABLE + "number-columns-repeated"), 1), MOST_AGAIN)
            content = "".join(self.inside(cell))
            if not content:
                across, times = across * times, 1
            yield from [f"<td colspan={across} rowspan={max(down, 1)}>{content}</td>"] * times

    def drawn(self, element: Element, spaces: bool) -> Iterator[str]:
        """The words of boxes, shapes, fields of forms and formulas; pictures and other files are counted."""
        tag = element.tag
        if tag == DRAW + "image":
            self.said.left_out[PICTURE] += 1
        elif tag in (DRAW + "object", DRAW + "object-ole", DRAW + "plugin", DRAW + "floating-frame"):
            yield self.formula(element.get(LINK, ""))
        elif tag == DRAW + "control":
            yield self.control(element.get(DRAW + "control", ""))
        elif tag == DRAW + "frame":
            # The versions of one thing: a formula or a chart, and its picture.
            inner = [child for child in element if child.tag.startswith((DRAW, TABLE))]
            for child in inner[:1]:
                yield from self.of(child, False)
        else:
            yield from self.inside(element)

    def formula(self, link: str) -> str:
        part = posixpath.normpath(posixpath.join(link, "content.xml"))
        if part in self.names:
            root = parsed(self.archive.read(part))
            if root.tag.rpartition("}")[2] == "math":
                return " " + "".join(_as_html(root, 0)) + " "
        self.said.left_out[EMBEDDED] += 1
        return ""

    def control(self, name: str) -> str:
        """What is in a field of a form."""
        found = self.controls.get(name)
        kind = found.tag.removeprefix(FORM) if found is not None else ""
        if found is None or kind in UNSHOWN:
            return ""
        if kind in ("checkbox", "radio"):
            state = found.get(FORM + "current-state") or found.get(FORM + "state", "")
            on = state == "checked" or "true" in (
                found.get(FORM + "current-selected"),
                found.get(FORM + "selected"),
            )
            return f" {TICKED if on else NOT_TICKED} {escape(found.get(FORM + 'label', ''))}"
        chosen = [
            option.get(FORM + "label", "")
            for option in found.iter(FORM + "option")
            if "true" in (option.get(FORM + "current-selected"), option.get(FORM + "selected"))
        ]
        value = ", ".join(chosen) or found.get(FORM + "current-value") or found.get(FORM + "value", "")
        return f" {escape(value)} "


def _levels(style: Element) -> dict[int, Element]:
    return {_whole(each.get(TEXT + "level"), 1): each for each in style if each.get(TEXT + "level")}


def _moved(position: str | None) -> str | None:
    """Whether text is raised or lowered: 'super 58%', '33% 58%', 'sub', '-33%', '0% 100%'."""
    if position is None:
        return None
    first = position.split()[0] if position.split() else ""
    if first in ("super", "sub"):
        return "sup" if first == "super" else "sub"
    number = first.rstrip("%").split(".")[0]
    if not number.lstrip("-").isdigit() or not number.strip("-0"):
        return ""
    return "sub" if number.startswith("-") else "sup"


def _has_words(element: Element, within: str = "") -> bool:
    """Whether there are words in an element; in those with one name, if it is given."""
    if not within:
        return any(text.strip() for text in element.itertext())
    return any(_has_words(found) for found in element.iter(within))


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else otherwise


def _as_html(element: Element, depth: int) -> Iterator[str]:
    """MathML without its namespaces, as pages hold it."""
    name = str(element.tag).rpartition("}")[2]
    if name == "annotation" or not name.isalnum():
        return
    yield f"<{name}>{escape(element.text or '')}"
    for child in element:
        yield from _as_html(child, depth + 1)
        yield escape(child.tail or "")
    yield f"</{name}>"
