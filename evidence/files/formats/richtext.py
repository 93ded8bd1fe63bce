"""Rich text (.rtf) as a program that writes it shows it: tables, notes, numbers of lists, forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html import escape

from evidence.files.formats.markup import NOT_TICKED, TICKED, html_sections
from evidence.files.formats.said import COMMENT, EMBEDDED, HIDDEN, PICTURE, Said
from evidence.files.formats.word_shown import BOXES
from rules.errors import EvidenceInvalid

TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])"
    r"|([^\\{}\r\n\x00]+)|[\r\n\x00\\]"
)
"""A control word, a byte, a control sign, a brace, or words."""
SIGNS = {
    **{"emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’"},
    **{"ldblquote": "“", "rdblquote": "”", "~": "\xa0", "_": "\u2011", "-": "\xad"},
    **{"emspace": " ", "enspace": " ", "qmspace": " ", "tab": " ", "{": "{", "}": "}", "\\": "\\"},
}
SKIPPED = {
    *("colortbl", "info", "listtable", "listoverridetable", "revtbl", "rsidtbl", "generator", "themedata"),
    *("colorschememapping", "datastore", "latentstyles", "xmlnstbl", "filetbl", "nonshppict", "fldinst"),
    *("ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "bkmkstart", "bkmkend", "tc", "xe"),
    *(
        "atnid",
        "atnauthor",
        "atndate",
        "atnref",
        "atrfstart",
        "atrfend",
        "pgdsctbl",
        "nonesttables",
        "objdata",
    ),
    *(
        "falt",
        "panose",
        "objclass",
        "objname",
        "template",
        "operator",
        "picprop",
        "sp",
        "datafield",
        "ffname",
    ),
    *(
        "ffhelptext",
        "ffstattext",
        "ffentrymcr",
        "ffexitmcr",
        "ffformat",
        "ffdeftext",
        "pnseclvl",
        "pn",
        "upr",
    ),
}
"""Groups that show nothing."""
AROUND = {"header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"}
BREAKS = ("par", "page", "sect", "column")
CODE_PAGES = {
    **{0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253"},
    **{
        162: "cp1254",
        163: "cp1258",
        177: "cp1255",
        178: "cp1256",
        186: "cp1257",
        204: "cp1251",
        222: "cp874",
    },
    **{238: "cp1250", 255: "cp850"},
}
"""The encoding that each character set of a font means."""
SYMBOL = 2
HEADING = re.compile(r"heading (\d)")
NEAR = 15
"""Twips between the edges of two cells that are the same."""
MOST_TABLES = 20
"""Tables in tables."""
DEEPEST = 2_000
"""Groups within groups."""


@dataclass
class _State:
    """What holds in a group, and is forgotten at its end."""

    where: str = "text"
    """text, skipped, around (headers), fonts, styles, form, entries."""
    hidden: bool = False
    deleted: bool = False
    moved: str = ""
    struck: bool = False
    font: int = -1
    skips: int = 1
    """Characters that stand in for one of Unicode."""


@dataclass
class _Table:
    """A table that is open: its rows, and the cell that is under way."""

    cell: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    rows: list[tuple[int, list[int], list[str]]] = field(default_factory=list)
    """Of each row its left edge, the right edges of its cells, and the cells."""

    def html(self) -> str:
        """The table: its cells span the columns between the edges that all its rows have."""
        columns = _columns(sorted({edge for left, edges, _ in self.rows for edge in (left, *edges)}))
        made = ["<table>"]
        for left, edges, cells in self.rows:
            made.append("<tr>")
            at = columns.get(left, 0)
            if at:
                made.append(f"<td colspan={at}></td>")
            for number, cell in enumerate(cells):
                ends = columns.get(edges[number], at + 1) if number < len(edges) else at + 1
                made.append(f"<td colspan={max(ends - at, 1)}>{cell}</td>")
                at = max(ends, at + 1)
            made.append("</tr>")
        return "".join([*made, "</table>"])


@dataclass
class _Story:
    """A stream of paragraphs: the text, a footnote, or a box."""

    done: list[str] = field(default_factory=list)
    paragraph: list[str] = field(default_factory=list)
    heading: int = 0
    depth: int = 0
    """In how many tables the paragraph is."""
    tables: list[_Table] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)
    left: int = 0

    def paragraph_ends(self) -> None:
        """Put the paragraph where it belongs."""
        text = "".join(self.paragraph)
        self.paragraph = []
        self.go_to(self.depth)
        if self.depth:
            self.tables[-1].cell.append(f"<p>{text}</p>")
            return
        tag = f"h{self.heading}" if self.heading else "p"
        self.done.append(f"<{tag}>{text}</{tag}>")

    def cell_ends(self, depth: int) -> None:
        """Put the cell into its row."""
        self.go_to(depth)
        table = self.tables[-1]
        table.cells.append("".join([*table.cell, *self.paragraph]))
        self.paragraph, table.cell = [], []

    def row_ends(self, depth: int) -> None:
        """Put the row into the table."""
        self.go_to(depth)
        table = self.tables[-1]
        if table.cells:
            table.rows.append((self.left, list(self.edges), table.cells))
        table.cells = []

    def go_to(self, depth: int) -> None:
        """Be in so many tables: those that are deeper are whole, and are put where they belong."""
        while len(self.tables) > depth:
            ended = self.tables.pop()
            if ended.cell:
                ended.cells.append("".join(ended.cell))
            if ended.cells:
                ended.rows.append((self.left, list(self.edges), ended.cells))
            (self.tables[-1].cell if self.tables else self.done).append(ended.html())
        while len(self.tables) < depth:
            self.tables.append(_Table())

    def whole(self) -> str:
        """All of it."""
        if self.paragraph:
            self.paragraph_ends()
        self.go_to(0)
        return "".join(self.done)


def _columns(edges: list[int]) -> dict[int, int]:
    """Which edge of a column every edge of a cell is; those that are almost the same are one."""
    found: dict[int, int] = {}
    column, last = -1, None
    for edge in edges:
        if last is None or edge - last > NEAR:
            column += 1
            last = edge
        found[edge] = column
    return found


def richtext_sections(data: bytes, said: Said) -> list[str]:
    """The text of an .rtf file by section (headings 1 to 3); raises EvidenceInvalid.

    Lists have their numbers, footnotes are at the end, forms are as they are filled in. What tracked changes
    took out is not read. Hidden text, comments, headers, footers and pictures are left out and counted.
    """
    return html_sections(_Reader(data.decode("latin-1"), said).html(), said)


class _Reader:
    """A file on its way to a page of HTML."""

    def __init__(self, text: str, said: Said) -> None:
        self.text, self.said = text, said
        self.state = _State()
        self.groups: list[_State] = []
        self.story = _Story()
        self.stories: list[tuple[int, str, _Story]] = []
        """Those that wait, each with the depth of the group that began the next one, and what that is."""
        self.notes: list[str] = []
        self.boxes: list[str] = []
        self.encoding = "cp1252"
        self.fonts: dict[int, tuple[str, int]] = {}
        """Name and character set of each font."""
        self.default_font = -1
        self.headings: dict[int, int] = {}
        self.style = -1
        self.said_there: list[str] = []
        """The words of a definition: the name of a font or a style, an entry of a form."""
        self.form: dict[str, int] = {}
        self.entries: list[str] = []
        self.bytes = bytearray()
        self.high = 0
        """The first half of a character that needs two."""
        self.to_skip = 0
        self.star = False
        self.hiding = False

    def html(self) -> str:
        """The file as a page of HTML."""
        at = 0
        while at < len(self.text) and (token := TOKEN.match(self.text, at)):
            at = token.end()
            word, number, byte, sign, brace, words = token.groups()
            if byte is None and self.bytes:
                self.put_bytes()
            if word is not None:
                at += self.control(word, int(number) if number else None)
            elif byte is not None:
                self.byte(int(byte, 16))
            elif sign is not None:
                self.sign(sign)
            elif brace == "{":
                self.group_begins()
            elif brace == "}":
                self.group_ends()
                if not self.groups:
                    break
            elif words:
                self.words(words)
        if self.bytes:
            self.put_bytes()
        while self.stories:
            self.story_ends()
        return self.story.whole() + "".join([*self.boxes, *(f"<p>{note}</p>" for note in self.notes)])

    # --- groups ---

    def group_begins(self) -> None:
        if len(self.groups) >= DEEPEST:
            raise EvidenceInvalid("it is nested too deeply.", hint="Save it as .docx.")
        self.groups.append(replace(self.state))
        self.star = False

    def group_ends(self) -> None:
        if not self.groups:
            return
        if self.state.where == "entries" and self.said_there:
            self.entries.append("".join(self.said_there))
            self.said_there = []
        ended = self.state.where
        self.state = self.groups.pop()
        if self.stories and self.stories[-1][0] > len(self.groups):
            self.story_ends()
        if ended == "form" and self.state.where != "form":
            self.form_field()

    def story_begins(self, what: str) -> None:
        self.stories.append((len(self.groups), what, self.story))
        self.story = _Story()
        self.state = _State(font=self.state.font, skips=self.state.skips)

    def story_ends(self) -> None:
        _, what, before = self.stories.pop()
        text = self.story.whole()
        self.story = before
        if what == "note":
            self.notes.append(text)
        else:
            self.boxes.append(text)

    # --- control words ---

    def control(self, word: str, number: int | None) -> int:
        """Do what a control word says; the characters to be passed over behind it."""
        self.to_skip = 0
        star, self.star = self.star, False
        if word == "bin":
            return max(number or 0, 0)
        if self.begins_a_group(word, star):
            return 0
        where = self.state.where
        if where == "fonts":
            self.of_font(word, number)
        elif where == "styles":
            self.of_style(word, number)
        elif where == "form":
            self.form[word] = number if number is not None else 1
        elif where == "text":
            self.in_text(word, number)
        if word == "u" and number is not None and where in ("text", "entries", "around"):
            self.unit(number % 0x10000)
            self.to_skip = self.state.skips
        elif word == "uc":
            self.state.skips = min(max(number or 0, 0), 10)
        return 0

    def begins_a_group(self, word: str, star: bool) -> bool:
        """Whether a word says what its group is, other than text; the state is set then."""
        state = self.state
        if state.where == "skipped" and word not in ("shptxt", "shppict", "formfield"):
            return True
        if word in SKIPPED:
            state.where = "skipped"
        elif word in AROUND:
            state.where = "around"
        elif word == "pict":
            self.said.left_out[PICTURE] += state.where == "text"
            state.where = "skipped"
        elif word == "object":
            self.said.left_out[EMBEDDED] += 1
            state.where = "skipped"
        elif word == "annotation":
            self.said.left_out[COMMENT] += 1
            state.where = "skipped"
        elif word == "moMath":
            self.said.equations += 1
            state.where = "skipped"
        elif word == "fonttbl":
            state.where = "fonts"
        elif word == "stylesheet":
            state.where = "styles"
        elif word == "formfield":
            self.form, self.entries = {}, []
            state.where = "form"
        elif word == "ffl":
            state.where = "entries"
        elif word == "footnote":
            self.story_begins("note")
        elif word == "shptxt":
            self.story_begins("box")
        elif star and word not in ("shppict", "ud", "nesttableprops"):
            state.where = "skipped"
        else:
            return False
        return True

    def of_font(self, word: str, number: int | None) -> None:
        if word == "f" and number is not None:
            self.state.font = number
            self.fonts.setdefault(number, ("", 0))
        elif word == "fcharset" and number is not None:
            self.fonts[self.state.font] = (self.fonts.get(self.state.font, ("", 0))[0], number)

    def of_style(self, word: str, number: int | None) -> None:
        if word == "s" and number is not None:
            self.style = number
        elif word == "outlinelevel" and number is not None and 0 <= number < 6:
            self.headings.setdefault(self.style, number + 1)

    def in_text(self, word: str, number: int | None) -> None:
        state, story = self.state, self.story
        on = number != 0
        if word in SIGNS:
            self.put(SIGNS[word])
        elif word in BREAKS:
            story.paragraph_ends()
            self.hiding = False
        elif word in ("line", "softline"):
            story.paragraph.append("<br>")
        elif word in ("cell", "nestcell"):
            story.cell_ends(1 if word == "cell" else max(story.depth, 2))
            self.hiding = False
        elif word in ("row", "nestrow"):
            story.row_ends(1 if word == "row" else max(story.depth, 2))
        elif word == "trowd":
            story.edges, story.left = [], 0
        elif word == "trleft":
            story.left = number or 0
        elif word == "cellx":
            story.edges.append(number or 0)
        elif word == "intbl":
            story.depth = max(story.depth, 1)
        elif word == "itap":
            story.depth = min(max(number or 0, 0), MOST_TABLES)
        elif word == "pard":
            story.heading, story.depth = 0, 0
        elif word == "s":
            story.heading = self.headings.get(number or 0, 0)
        elif word == "outlinelevel" and number is not None:
            story.heading = number + 1 if 0 <= number < 6 else 0
        elif word == "v":
            state.hidden = on
        elif word in ("deleted", "revised"):
            state.deleted = state.deleted if word == "revised" else on
            self.said.add(
                "tracked changes are read as accepted: inserted words are in the text, deleted words are not"
            )
        elif word in ("super", "sub"):
            state.moved = ("sup" if word == "super" else "sub") if on else ""
        elif word in ("up", "dn"):
            state.moved = ("sup" if word == "up" else "sub") if on else ""
        elif word in ("strike", "striked"):
            state.struck = on
        elif word == "nosupersub":
            state.moved = ""
        elif word == "plain":
            state.hidden = state.deleted = state.struck = False
            state.moved, state.font = "", self.default_font
        elif word == "f":
            state.font = number or 0
        elif word == "deff":
            self.default_font = state.font = number or 0
        elif word == "chftn":
            in_note = bool(self.stories) and self.stories[-1][1] == "note"
            self.put(f"[{len(self.notes) + 1}]")
            if in_note:
                self.story.paragraph.append(" ")
        elif word in ("ansicpg", "mac", "pc", "pca"):
            self.encoding = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}.get(word, f"cp{number}")

    def form_field(self) -> None:
        """What a field of a form shows that has no text of its own."""
        form, self.form = self.form, {}
        value = form.get("ffres", 25)
        value = form.get("ffdefres", 0) if value == 25 else value
        where, self.state.where = self.state.where, "text"
        if form.get("fftype") == 1:
            self.put(f" {TICKED if value else NOT_TICKED} ")
        elif form.get("fftype") == 2 and 0 <= value < len(self.entries):
            self.put(f" {self.entries[value]} ")
        self.state.where = where

    # --- characters ---

    def sign(self, sign: str) -> None:
        if sign == "*":
            self.star = True
        elif sign in ("\n", "\r"):
            self.control("par", None)
        elif self.to_skip:
            self.to_skip -= 1
        elif sign in SIGNS:
            self.put(SIGNS[sign])

    def byte(self, value: int) -> None:
        if self.to_skip:
            self.to_skip -= 1
            return
        name, charset = self.fonts.get(self.state.font, ("", 0))
        if charset == SYMBOL:
            self.put(BOXES.get((name, value), "" if value == 0xB7 else "\ufffd"))
        else:
            self.bytes.append(value)

    def put_bytes(self) -> None:
        """What the bytes so far are, in the encoding of their font."""
        _, charset = self.fonts.get(self.state.font, ("", 1))
        encoding = CODE_PAGES.get(charset, self.encoding) if charset not in (0, 1) else self.encoding
        data = bytes(self.bytes)
        self.bytes.clear()
        try:
            self.put(data.decode(encoding, "replace"))
        except LookupError:
            self.put(data.decode("cp1252", "replace"))

    def unit(self, unit: int) -> None:
        """Take one unit of UTF-16."""
        if 0xD800 <= unit < 0xDC00:
            self.high = unit
            return
        if 0xDC00 <= unit < 0xE000 and self.high:
            unit = 0x10000 + ((self.high - 0xD800) << 10) + unit - 0xDC00
        self.high = 0
        if 0xF000 <= unit <= 0xF0FF:
            name = self.fonts.get(self.state.font, ("", 0))[0]
            self.put(BOXES.get((name, unit - 0xF000), "" if unit == 0xF0B7 else chr(unit)))
        elif not 0xD800 <= unit < 0xE000:
            self.put(chr(unit))

    def words(self, words: str) -> None:
        if self.to_skip:
            words, self.to_skip = words[self.to_skip :], max(0, self.to_skip - len(words))
        if words:
            self.put(words)

    def put(self, text: str) -> None:
        """Put characters where they belong in this group."""
        state = self.state
        if state.where == "fonts":
            name, charset = self.fonts.get(state.font, ("", 0))
            self.fonts[state.font] = ((name + text).partition(";")[0].strip()[:80], charset)
        elif state.where == "styles":
            self.said_there.append(text)
            if ";" in text:
                found = HEADING.match("".join(self.said_there).strip().lower())
                if found and self.style >= 0:
                    self.headings[self.style] = min(max(int(found[1]), 1), 6)
                self.said_there, self.style = [], -1
        elif state.where == "entries":
            self.said_there.append(text)
        elif state.where == "around" and text.strip():
            self.said.add("headers and footers were left out")
        elif state.where == "text" and not state.deleted:
            if state.hidden:
                if text.strip() and not self.hiding:
                    self.said.left_out[HIDDEN] += 1
                    self.hiding = True
                return
            self.hiding = self.hiding and not text.strip()
            shown = escape(text)
            tag = state.moved or ("s" if state.struck else "")
            self.story.paragraph.append(f"<{tag}>{shown}</{tag}>" if tag else shown)
