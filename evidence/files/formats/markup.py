"""HTML as a browser would show it: scripts, styles and hidden parts are never text."""

from __future__ import annotations

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser

SKIPPED = {
    *("script", "style", "template", "head", "title", "noscript", "iframe", "noembed", "noframes"),
    *("audio", "video", "canvas", "object"),
}
"""Elements whose content a browser does not show as text."""
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
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
BLANKS = re.compile(r"[ \t\n\r\f]+")


def html_sections(text: str) -> list[str]:
    """The text of a page at its headings (h1 to h3): paragraphs apart, a tab between the cells of a table.

    A heading that follows another one at once stays with it. Cost grows linearly with the elements.
    """
    return _Page(LexborHTMLParser(text).root).sections()


class _Page:
    """One page on its way to text: what is before the next word is settled when that word comes."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.done: list[str] = []
        self.parts: list[str] = []
        self.breaks = 0
        """Line ends before the next word."""
        self.tabs = 0
        """Cells between the last word and the next."""
        self.cell_begins = False
        self.rows: list[int] = []
        """The rows open, each with its cells so far."""
        self.blank = True
        """Whether the text so far ends with a blank."""
        self.said = False
        """Whether the section holds more than headings."""
        self.verbatim = 0
        self.in_heading = 0

    def sections(self) -> list[str]:
        """Walk through the page without recursion, however deep it is nested."""
        waiting: list[tuple[Any, bool]] = [(self.root, False)]
        while waiting:
            node, left = waiting.pop()
            tag = node.tag
            if tag == "-text":
                self.words(node.text_content or "")
            elif left:
                self.leave(tag)
            elif not self.skipped(node, tag):
                self.enter(tag)
                waiting.append((node, True))
                waiting.extend((child, False) for child in reversed(list(node.iter(include_text=True))))
        return [*self.done, "".join(self.parts)]

    def skipped(self, node: Any, tag: str | None) -> bool:
        if tag is None or tag in SKIPPED or tag.startswith("-") or tag.startswith("!"):
            return True
        attributes = node.attributes
        if "hidden" in attributes or HIDDEN.search(attributes.get("style") or ""):
            return True
        # The way back that a footnote of a Word document ends with.
        return tag == "a" and (attributes.get("href") or "").startswith("#footnote-ref-")

    def enter(self, tag: str) -> None:
        if tag in HEADINGS and not self.rows:
            if self.said:
                self.done.append("".join(self.parts))
                self.parts, self.breaks, self.tabs, self.blank, self.said = [], 0, 0, True, False
            self.in_heading += 1
        self.verbatim += tag == "pre"
        if tag in CELLS and self.rows:
            self.tabs += self.rows[-1] > 0
            self.rows[-1] += 1
            self.cell_begins = True
        else:
            self.line_ends(tag)
        if tag == "tr":
            self.rows.append(0)

    def leave(self, tag: str) -> None:
        if tag in HEADINGS and self.in_heading and not self.rows:
            self.in_heading -= 1
        self.verbatim -= tag == "pre"
        if tag in CELLS and self.rows:
            # The line that an empty cell would begin is still to come; one that a cell ended is not.
            self.breaks = self.breaks if self.cell_begins else 0
            self.cell_begins = False
            return
        if tag == "tr" and self.rows:
            self.rows.pop()
            self.tabs = 0
            self.cell_begins = False
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
            self.parts.append(("\n" * self.breaks if self.parts else "") + "\t" * self.tabs)
            self.breaks = self.tabs = 0
            self.blank = True
        if self.blank and not self.verbatim:
            text = text.lstrip(" ")
        self.parts.append(text)
        self.blank = text.endswith((" ", "\n"))
        self.cell_begins = False
        self.said = self.said or not self.in_heading
