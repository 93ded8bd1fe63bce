"""Word documents: the text at its headings, with tables, notes, forms and what tracked changes put in."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree

import mammoth

from evidence.files.formats.archive import check_archive, parsed
from evidence.files.formats.markup import html_sections
from evidence.files.formats.pages import tidy
from evidence.files.formats.plain import decode, decode_html
from evidence.files.formats.said import COMMENT, EMBEDDED, Said
from evidence.files.formats.word_shown import Shown
from evidence.files.formats.word_styles import Numbers, Styles, W
from rules.errors import EvidenceInvalid

STRICT = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", W.strip("{}").encode()),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/math",
        b"http://schemas.openxmlformats.org/officeDocument/2006/math",
    ),
)
"""The names of the stricter form of the format, and those that readers know."""
RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
MAIN = "word/document.xml"
IGNORED, SYMBOL = "An unrecognised element was ignored: ", "A w:sym element"
"""How mammoth's messages on what it left out begin; the others are on styles that it does not know."""
HARMLESS = ("Unrecognised ", "Paragraph style ", "Run style ", "Table style ", "Did not understand ")
DEEPEST = 2
"""Documents in a document in a document."""


def word_sections(data: bytes, said: Said | None = None, *, depth: int = 0) -> list[str]:
    """The text of a .docx file by section (headings 1 to 3); raises EvidenceInvalid.

    As Word shows it: results of fields and forms, numbers of lists, equations as a line of text; text that
    tracked changes put in counts, text they took out does not; footnotes are at the end. Hidden text,
    comments, headers, footers and pictures are left out and counted in `said`; nothing outside the file is
    ever read.
    """
    said = said or Said()
    return html_sections(word_html(data, said, depth=depth), said)


def word_html(data: bytes, said: Said, *, depth: int = 0) -> str:
    """What Word shows of a .docx file, as HTML (see `word_sections`); raises EvidenceInvalid."""
    check_archive(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        shown = _Package(archive, said, depth).rewritten()
    # A document can bring a style map of its own, which could leave out what it likes.
    found = mammoth.convert_to_html(shown, convert_image=_no_picture, include_embedded_style_map=False)
    for message in found.messages:
        text = str(message.message)
        if text.startswith(IGNORED):
            said.unread[text.removeprefix(IGNORED).rpartition(":")[2]] += 1
        elif text.startswith(SYMBOL):
            said.unread["a symbol of a font"] += 1
        elif not text.startswith(HARMLESS):
            said.unread[text] += 1
    return str(found.value)


def _no_picture(image: Any) -> list[Any]:
    return []


class _Package:
    """The parts of a document."""

    def __init__(self, archive: zipfile.ZipFile, said: Said, depth: int) -> None:
        self.archive, self.said, self.depth = archive, said, depth
        self.names = set(archive.namelist())
        found = [target for kind, target in self.related("") if kind == "officeDocument"]
        self.main = next((name for name in found if name in self.names), MAIN)
        self.parts: dict[str, list[str]] = {}
        for kind, target in self.related(self.main):
            if target in self.names:
                self.parts.setdefault(kind, []).append(target)

    def read(self, name: str) -> bytes:
        data = self.archive.read(name)
        for strict, known in STRICT:
            data = data.replace(strict, known)
        return data

    def relationships(self, name: str) -> Iterable[Any]:
        folder, _, last = name.rpartition("/")
        path = posixpath.join(folder, "_rels", f"{last}.rels")
        return parsed(self.read(path)).iter(RELATIONSHIP) if path in self.names else ()

    def related(self, name: str) -> Iterable[tuple[str, str]]:
        """What is related to a part: in which way, and where it is."""
        folder = posixpath.dirname(name)
        for found in self.relationships(name):
            if found.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, found.get("Target", "")))
                yield found.get("Type", "").rpartition("/")[2], target.lstrip("/")

    def root_of(self, kind: str) -> Any:
        """The first part of a kind, taken apart; None where there is none."""
        names = [*self.parts.get(kind, ()), f"word/{kind}.xml"]
        name = next((name for name in names if name in self.names), None)
        return None if name is None else parsed(self.read(name))

    def rewritten(self) -> io.BytesIO:
        """The document as an archive that shows the same and hides nothing."""
        styles = Styles(self.root_of("styles"))
        numbering = self.root_of("numbering")
        shown = Shown(styles, Numbers(numbering, styles), self.said, self.other)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
            notes = [
                name
                for kind in ("footnotes", "endnotes")
                for name in (*self.parts.get(kind, ()), f"word/{kind}.xml")
                if name in self.names
            ]
            for name in dict.fromkeys([self.main, *notes]):
                root = parsed(self.read(name))
                shown.rewrite(root)
                made.writestr(name, ElementTree.tostring(root))
                root.clear()
            if numbering is not None:
                # The numbers are text by now: what is left of lists is that their entries are lines.
                for form in numbering.iter(W + "numFmt"):
                    form.set(W + "val", "bullet")
                name = next(iter(self.parts.get("numbering", ())), "word/numbering.xml")
                made.writestr(name, ElementTree.tostring(numbering))
            styled = (*self.parts.get("styles", ()), "word/styles.xml")
            kept = {*made.namelist(), *self.parts.get("comments", ()), "word/comments.xml"}
            for name in sorted(self.names - kept):
                if name.endswith((".rels", "[Content_Types].xml")) or name in styled:
                    made.writestr(name, self.read(name))
        self._left_out()
        out.seek(0)
        return out

    def _left_out(self) -> None:
        """Say what is beside the document and not in its text."""
        comments = self.root_of("comments")
        if comments is not None:
            self.said.left_out[COMMENT] += len(list(comments.iter(W + "comment")))
        around = [name for kind in ("header", "footer") for name in self.parts.get(kind, ())]
        if any(_has_words(self.read(name)) for name in around):
            self.said.add("headers and footers were left out")

    def other(self, relation: str) -> list[str]:
        """The lines of a part that is in a format of its own; none, and said, where it cannot be read."""
        for found in self.relationships(self.main):
            if found.get("Id") == relation and found.get("TargetMode") != "External":
                folder = posixpath.dirname(self.main)
                path = posixpath.normpath(posixpath.join("/", folder, found.get("Target", ""))).lstrip("/")
                if path in self.names:
                    return self._lines(path)
        self.said.left_out[EMBEDDED] += 1
        return []

    def _lines(self, path: str) -> list[str]:
        suffix = posixpath.splitext(path)[1].lower()
        data = self.archive.read(path)
        try:
            if suffix in (".html", ".htm", ".xhtml"):
                sections = html_sections(decode_html(data, "cp1252"), self.said)
            elif suffix == ".docx" and self.depth < DEEPEST:
                sections = word_sections(data, self.said, depth=self.depth + 1)
            elif suffix == ".txt":
                sections = [decode(data, "cp1252")]
            else:
                self.said.left_out[EMBEDDED] += 1
                return []
        except EvidenceInvalid:
            self.said.left_out[EMBEDDED] += 1
            return []
        return [line for section in sections for line in tidy(section).split("\n") if line.strip()]


def _has_words(part: bytes) -> bool:
    return any(text.text and text.text.strip() for text in parsed(part).iter(W + "t"))
