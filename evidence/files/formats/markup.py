"""HTML as a browser would show it: without scripts and hidden parts, forms as they are filled in."""

from __future__ import annotations

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from evidence.files.formats.formulas import mathml
from evidence.files.formats.grid import Grid
from evidence.files.formats.pages import too_long
from evidence.files.formats.raised import LOOKED_BACK, lowered, raised
from evidence.files.formats.said import EMBEDDED, HIDDEN, PICTURE, Said
from evidence.files.formats.stylesheet import StyleSheet
from rules.limits import LONGEST_TEXT

SKIPPED = {
    *("script", "style", "template", "head", "title", "noscript", "noembed", "noframes", "datalist", "rp"),
}
"""Elements whose content a browser does not show as text."""
EMBEDS = {"iframe", "audio", "video", "canvas", "object", "embed"}
"""Elements that show something else than this page."""
HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
RAISED_STYLE = re.compile(r"vertical-align\s*:\s*(super|sub)\b", re.IGNORECASE)
STRUCK, STRUCK_STYLE = ("s", "strike", "del"), re.compile(r"line-through", re.IGNORECASE)
HEADINGS = ("h1", "h2", "h3")
PARAGRAPHS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "blockquote", "address", "hr", "table", "figure"),
    *("ul", "ol", "dl", "article", "section", "main", "header", "footer", "nav", "aside"),
    *("form", "fieldset", "details"),
}
"""Elements with an empty line around them."""
LINES = {"body", "div", "li", "dt", "dd", "tr", "caption", "figcaption", "legend", "option", "summary"}
"""Elements that begin and end a line."""
CELLS = ("td", "th")
ROW_GROUPS = ("thead", "tbody", "tfoot")
BLANKS = re.compile(r"[ \t\n\r\f]+")
LINE_ENDS = re.compile(r"\n+")
SHORT_LINE = 60
"""Characters of a line in a cell that is a figure, a name or a heading, not a paragraph."""
TICKED, NOT_TICKED = "☒", "☐"
WITHOUT_VALUE = ("hidden", "password", "submit", "reset", "button", "image", "file")
"""Kinds of input that show nothing that was filled in."""
AROUND = {"q": ("“", "”"), "rt": (" (", ")")}
"""What a browser shows before and behind an element, or what parts it from the words that it stands above."""
NOTES = ("footnote-", "endnote-")
"""How the names of a Word document's notes begin; their numbers are written as they are where they belong."""
FRACTION = re.compile(r"\[(\d{1,9})\]([/\u2044])\Z")
LONGEST_NUMBER = 9
"""Digits of the number of a list or a span that are believed."""

Attributes = dict[str, str | None]


def html_sections(text: str, said: Said | None = None) -> list[str]:
    """The text of a page at its headings (h1 to h3): paragraphs apart, a tab between the cells of a table.

    A heading that follows another one at once stays with it. Cells that a merged cell covers are empty. What
    is left out is counted in `said`. Cost grows linearly with the elements; raises EvidenceInvalid where the
    text is longer than one source may be.
    """
    return _Page(html_root(text), said or Said()).sections()


def html_root(text: str) -> Any:
    """The root element of a page as browsers read it; None for a page without any."""
    return LexborHTMLParser(text).root


class _Page:
    """One page on its way to text: what is before the next word is settled when that word comes."""

    def __init__(self, root: Any, said: Said) -> None:
        self.root = root
        self.report = said
        self.styles = (
            StyleSheet(style.text() for style in root.css("style")) if root else StyleSheet(iter(()))
        )
        self.done: list[str] = []
        self.parts: list[str] = []
        self.characters = 0
        self.breaks = 0
        """Line ends before the next word."""
        self.tabs = 0
        """Cells between the last word and the next."""
        self.gap = False
        """Whether a blank parts the last word from the next."""
        self.seam = False
        """Whether what is struck through meets what is not: 12 and a struck 15 are not 1215."""
        self.row_begins = False
        self.row_at = 0
        """The part with which the cell begins that is open."""
        self.marker = ""
        """The number of a list that is written before the next word."""
        self.cell_begins = False
        self.grid = Grid()
        self.lists: list[_List] = []
        self.blank = True
        """Whether the text so far ends with a blank."""
        self.said = False
        """Whether the section holds more than headings."""
        self.verbatim = 0
        self.in_heading = 0
        self.hidden = 0
        """How many of the elements open are hidden."""
        self.hides = False
        """Whether there are words in the hidden ones."""
        self.moved: list[list[str]] = []
        """The words of the raised or lowered elements open."""

    def sections(self) -> list[str]:
        """Walk through the page without recursion, however deep it is nested."""
        waiting: list[tuple[Any, str, str]] = [(self.root, "", "")]
        while waiting:
            node, left, how = waiting.pop()
            if left:
                self.leave(left, how)
                continue
            tag = node.tag
            if tag == "-text":
                self.words(node.text_content or "")
            elif tag is None or tag in SKIPPED or tag.startswith(("-", "!")):
                continue
            else:
                attributes = node.attributes
                if not self.skipped(tag, attributes):
                    how = _moves(tag, attributes)
                    self.enter(node, tag, attributes, how)
                    waiting.append((node, tag, how))
                    if tag not in ("select", "math"):
                        inside = reversed(list(node.iter(include_text=True)))
                        waiting.extend((child, "", "") for child in inside)
        return [*self.done, "".join(self.parts)]

    def skipped(self, tag: str, attributes: Attributes) -> bool:
        if tag in EMBEDS or tag == "img":
            if not self.hidden and not self.is_hidden(tag, attributes):
                self.report.left_out[PICTURE if tag == "img" else EMBEDDED] += 1
            return True
        # The way back that a footnote of a Word document ends with.
        return tag == "a" and (attributes.get("href") or "").startswith("#footnote-ref-")

    def enter(self, node: Any, tag: str, attributes: Attributes, how: str) -> None:
        if self.hidden or self.is_hidden(tag, attributes):
            self.hidden += 1
            return
        if tag in HEADINGS and not self.grid.in_row:
            if self.said:
                self.done.append("".join(self.parts))
                self.parts, self.breaks, self.tabs, self.blank, self.said = [], 0, 0, True, False
                self.gap = False
            self.in_heading += 1
        self.verbatim += tag in ("pre", "textarea")
        if tag in CELLS and self.grid.in_row:
            self.tabs += self.grid.cell_begins(
                _number(attributes, "colspan", 1), _number(attributes, "rowspan", 1)
            )
            self.cell_begins = True
        else:
            self.line_ends(tag)
        self.grid.enter(tag)
        self.row_begins = self.row_begins or tag == "tr"
        if tag in ("ol", "ul"):
            self.lists.append(_List(node, tag))
        elif tag == "li" and self.lists:
            self.marker = self.lists[-1].marker(attributes)
        if tag in AROUND:
            self.words(AROUND[tag][0])
        if how == "struck":
            self.seam = True
        elif how:
            self.moved.append([])
        elif tag in ("input", "select", "textarea"):
            self.field(node, tag, attributes)
        elif tag == "math":
            text, whole = mathml(node)
            self.report.equations += not whole
            self.apart(text)

    def is_hidden(self, tag: str, attributes: Attributes) -> bool:
        """Whether an element is hidden by itself, by its style or by the style sheet of the page."""
        if not attributes and tag != "dialog":
            return self.styles.hides(tag, attributes)
        if "hidden" in attributes or (tag == "dialog" and "open" not in attributes):
            return True
        style = attributes.get("style")
        if style and HIDDEN_STYLE.search(style):
            return True
        return not (style and "display" in style) and self.styles.hides(tag, attributes)

    def leave(self, tag: str, how: str) -> None:
        if self.hidden:
            self.hidden -= 1
            if not self.hidden and self.hides:
                self.report.left_out[HIDDEN] += 1
                self.hides = False
            return
        if how == "struck":
            self.seam = True
        elif how:
            self.move(how)
        if tag in AROUND:
            self.words(AROUND[tag][1])
        if tag in HEADINGS and self.in_heading and not self.grid.in_row:
            self.in_heading -= 1
        self.verbatim -= tag in ("pre", "textarea")
        if tag == "textarea":
            self.gap = True
        if tag in ("ol", "ul") and self.lists:
            self.lists.pop()
        if tag == "li":
            self.marker = ""
        if tag in CELLS and self.grid.in_row:
            # The line that an empty cell would begin is still to come; one that a cell ended is not.
            self.breaks = self.breaks if self.cell_begins else 0
            self.cell_begins = False
            return
        if tag == "tr" and self.grid.in_row:
            self.tabs = 0
            self.cell_begins = False
            self.row_begins, self.row_at = False, len(self.parts)
        self.grid.leave(tag)
        if tag != "br":
            self.line_ends(tag)

    def line_ends(self, tag: str) -> None:
        if self.cell_begins:
            return
        if tag == "br":
            self.breaks += 1
        else:
            self.breaks = max(self.breaks, 2 if tag in PARAGRAPHS else 1 if tag in LINES else 0)

    def words(self, text: str) -> None:
        if self.hidden:
            self.hides = self.hides or not text.isspace()
            return
        if self.moved:
            self.moved[-1].append(text)
            return
        if not self.verbatim:
            text = BLANKS.sub(" ", text)
            if not text.strip(" "):
                if text and not self.blank and not self.breaks and not self.tabs:
                    self.parts.append(" ")
                    self.blank = True
                return
        elif not text:
            return
        if self.breaks or self.tabs:
            in_row = self.tabs and not self.row_begins
            if in_row:
                self.one_line()
            self.put(("\n" * self.breaks if self.parts else "") + "\t" * self.tabs)
            self.row_at = len(self.parts) if in_row else self.row_at
            self.breaks = self.tabs = 0
            self.blank = True
        if self.row_begins:
            self.row_begins, self.row_at = False, len(self.parts)
        if self.marker:
            self.put(self.marker)
            self.marker, self.blank = "", True
        if self.gap and not self.blank:
            self.put(" ")
            self.blank = True
        self.gap = False
        if self.seam and not self.blank and text[:1].isalnum() and self.parts[-1][-1:].isalnum():
            self.put(" ")
        self.seam = False
        if self.blank and not self.verbatim:
            text = text.lstrip(" ")
        self.put(text)
        self.blank = text.endswith((" ", "\n"))
        self.cell_begins = False
        self.said = self.said or not self.in_heading

    def one_line(self) -> None:
        """Make a cell of short lines one line, so that the next cell stays in its row; paragraphs stay."""
        cell = "".join(self.parts[self.row_at :])
        if "\n" in cell and all(len(line) <= SHORT_LINE for line in cell.split("\n")):
            self.parts[self.row_at :] = [LINE_ENDS.sub(" ", cell)]
        self.row_at = len(self.parts)

    def put(self, text: str) -> None:
        self.characters += len(text)
        if self.characters > 2 * LONGEST_TEXT:
            raise too_long(self.characters)
        self.parts.append(text)

    def apart(self, text: str) -> None:
        """Words with a blank before and behind them."""
        if text.strip():
            self.gap = True
            self.words(text.strip())
            self.gap = True

    def move(self, how: str) -> None:
        """What was raised or lowered, as it is written in a plain text."""
        text = BLANKS.sub(" ", "".join(self.moved.pop()))
        if self.moved:
            self.moved[-1].append(text)
            return
        if text.startswith(" "):
            self.words(" ")
        before = "" if self.breaks or self.tabs else "".join(self.parts[-2:])[-LOOKED_BACK:]
        if how == "sub" and text.strip().isdigit() and (top := FRACTION.search(before)):
            del self.parts[-2:]
            self.parts.append(f"{before[: top.start()]} {top[1]}{top[2]}")
            self.words(text)
            return
        self.words(raised(text, before) if how == "super" else lowered(text, before))
        if text.endswith(" "):
            self.words(" ")

    def field(self, node: Any, tag: str, attributes: Attributes) -> None:
        """What is in a field of a form."""
        if tag == "select":
            self.apart(_chosen(node))
        elif tag == "textarea":
            self.gap = True
        elif (kind := (attributes.get("type") or "text").lower()) in ("checkbox", "radio"):
            self.apart(TICKED if "checked" in attributes else NOT_TICKED)
        elif kind not in WITHOUT_VALUE:
            self.apart(attributes.get("value") or "")


class _List:
    """A list that is open, with the number of its next entry."""

    def __init__(self, node: Any, tag: str) -> None:
        attributes = node.attributes
        self.numbered = tag == "ol"
        self.style = attributes.get("type") or "1"
        self.step = 1
        self.number = 1
        if self.numbered and "reversed" in attributes:
            self.step = -1
            self.number = sum(1 for child in node.iter() if child.tag == "li")
        self.number = _number(attributes, "start", self.number)

    def marker(self, attributes: Attributes) -> str:
        """The number of the next entry, as '3. '; empty where the list has none."""
        if not self.numbered:
            return ""
        number = self.number = _number(attributes, "value", self.number)
        self.number += self.step
        if (attributes.get("id") or "").startswith(NOTES):
            return f"[{number}] "
        return f"{list_number(number, self.style)}. "


ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


def list_number(number: int, style: str) -> str:
    """The number of an entry of a list: in digits (1), letters (a, A) or Roman numerals (i, I)."""
    if style.lower() == "a" and number > 0:
        letters = ""
        while number and len(letters) < LONGEST_NUMBER:
            number, letter = divmod(number - 1, 26)
            letters = chr(97 + letter) + letters
        return letters if style == "a" else letters.upper()
    if style.lower() == "i" and 0 < number < 4_000:
        roman = ""
        for value, sign in ROMAN:
            roman += sign * (number // value)
            number %= value
        return roman if style == "i" else roman.upper()
    return str(number)


def _chosen(select: Any) -> str:
    """The entries that are chosen in a drop-down; the first one that can be if none is."""
    options = select.css("option")
    chosen = [option for option in options if "selected" in option.attributes]
    if not chosen and "multiple" not in select.attributes:
        chosen = [option for option in options if "disabled" not in option.attributes][:1]
    return ", ".join(BLANKS.sub(" ", option.text()).strip() for option in chosen)


def _moves(tag: str, attributes: Attributes) -> str:
    """Whether an element raises ('super'), lowers ('sub') or strikes through ('struck') what is in it."""
    if tag in ("sup", "sub"):
        return "super" if tag == "sup" else "sub"
    if tag in STRUCK:
        return "struck"
    style = attributes.get("style")
    if not style or tag in CELLS:
        return ""
    found = RAISED_STYLE.search(style)
    return found[1].lower() if found else "struck" if STRUCK_STYLE.search(style) else ""


def _number(attributes: Attributes, name: str, otherwise: int) -> int:
    text = (attributes.get(name) or "").strip()[: LONGEST_NUMBER + 1]
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER:
        return int(text)
    return otherwise
