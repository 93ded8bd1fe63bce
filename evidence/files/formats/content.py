"""What a file is, by its content, and whether its name says the same."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from dataclasses import dataclass

from evidence.files.encoding import MARKS
from rules.errors import EvidenceInvalid

KINDS = {
    ".txt": "text",
    ".md": "markdown",
    ".html": "html",
    ".htm": "html",
    ".docx": "word",
    ".odt": "opendocument",
    ".rtf": "richtext",
    ".pdf": "pdf",
    ".csv": "csv",
    ".xlsx": "workbook",
    ".ods": "spreadsheet",
    ".vtt": "transcript",
    ".srt": "subtitles",
}
"""The kind of file that every suffix promises."""
WHAT = {
    "text": "a plain text",
    "markdown": "a Markdown text",
    "html": "an HTML page",
    "word": "a Word document (.docx)",
    "opendocument": "an OpenDocument text (.odt)",
    "richtext": "a rich text file (.rtf)",
    "pdf": "a PDF",
    "csv": "a CSV table",
    "workbook": "an Excel workbook (.xlsx)",
    "spreadsheet": "an OpenDocument spreadsheet (.ods)",
    "transcript": "a transcript (.vtt)",
    "subtitles": "a file of subtitles (.srt)",
}
"""How the kinds are named to people."""
PLAIN = ("text", "markdown", "csv")
"""The kinds that are text throughout, and need nothing to take them apart."""

ALLOWED = "Give .txt, .md, .html, .docx, .odt, .rtf, .pdf, .csv, .xlsx, .ods, .vtt or .srt."
SAVE_AS_DOCX = "Open it in Word or LibreOffice and save it as .docx."
NOT_READ = {
    ".doc": ("Word documents from before 2007 (.doc)", SAVE_AS_DOCX),
    ".dot": ("Word templates from before 2007 (.dot)", SAVE_AS_DOCX),
    ".docm": ("Word documents with macros (.docm)", SAVE_AS_DOCX),
    ".xls": (
        "Excel workbooks from before 2007 (.xls)",
        "Open it in Excel or LibreOffice and save it as .xlsx.",
    ),
    ".pages": ("Pages documents", "Export it as .docx or PDF."),
    ".ppt": ("presentations", "Save it as a PDF."),
    ".pptx": ("presentations", "Save it as a PDF."),
    ".odp": ("presentations", "Save it as a PDF."),
    ".fods": ("flat OpenDocument spreadsheets (.fods)", "Save it as .ods."),
    ".eml": ("e-mails", "Save the e-mail as a PDF or a text, and give its attachments by themselves."),
    ".msg": ("e-mails", "Save the e-mail as a PDF or a text, and give its attachments by themselves."),
    ".mp3": ("recordings", "Give the transcript (.vtt, .srt or .docx)."),
    ".mp4": ("recordings", "Give the transcript (.vtt, .srt or .docx)."),
}
"""Types of files that are not read, and what to do."""
PICTURE = "A picture holds no text: run it through text recognition (OCR) and save it as a PDF with text."
UNPACK = "Unpack it and give the files in it."


@dataclass(frozen=True)
class Found:
    """What a file really is: a kind that is read, or in words something that is not, and what would do."""

    kind: str = ""
    what: str = ""
    hint: str = ""


SIGNS = (
    (b"%PDF-", Found("pdf")),
    (b"{\\rtf", Found("richtext")),
    (b"\x89PNG\r\n\x1a\n", Found("", "a picture (PNG)", PICTURE)),
    (b"\xff\xd8\xff", Found("", "a picture (JPEG)", PICTURE)),
    (b"GIF8", Found("", "a picture (GIF)", PICTURE)),
    (b"II*\x00", Found("", "a picture (TIFF)", PICTURE)),
    (b"MM\x00*", Found("", "a picture (TIFF)", PICTURE)),
    (b"\x1f\x8b", Found("", "a packed file (gzip)", UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Found("", "an archive (7z)", UNPACK)),
    (b"Rar!\x1a\x07", Found("", "an archive (RAR)", UNPACK)),
    (b"SQLite format 3\x00", Found("", "a database (SQLite)", ALLOWED)),
)
"""What the first bytes of a file say it is."""
OFFICE_97 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The container of older Office files, and of newer ones with a password."""
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The stream that holds an Office file with a password."""

MAIN_PARTS = (
    (b"wordprocessingml.document.main+xml", Found("word")),
    (b"spreadsheetml.sheet.main+xml", Found("workbook")),
    (b"ms-word.document.macroEnabled", Found("", "a Word document with macros (.docm)", "Save it as .docx.")),
    (b"ms-excel.sheet.macroEnabled", Found("", "a workbook with macros (.xlsm)", "Save it as .xlsx.")),
    (b"ms-excel.sheet.binary", Found("", "a binary workbook (.xlsb)", "Save it as .xlsx.")),
    (b"template.main+xml", Found("", "an Office template", "Save it as .docx or .xlsx.")),
    (b"presentationml", Found("", "a presentation (.pptx)", "Save it as a PDF.")),
)
"""What the list of content types of an Office file says its main part is."""
LONGEST_TYPES = 1_000_000
"""Bytes; the list of content types of an Office file is a few thousand."""

UNKNOWN = Found(
    "", "its content is of no format that is known", "It may be damaged: get it again, or save it again."
)
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Bytes that no text has, but for one in UTF-16 or UTF-32."""
COMMENT = ("<!--", "-->")
PAGE = re.compile(r"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
TAG = re.compile(r"<[a-z!/]", re.IGNORECASE)
LOOKED_AT = 4_096
"""Bytes at the start of a text file that say whether it is HTML."""


def kind_of(name: str, data: bytes) -> str:
    """The kind of a file: what its name promises, if its content is that; raises EvidenceInvalid if not."""
    dot = name.rfind(".")
    suffix = name[dot:].lower() if dot > 0 else ""
    promised = KINDS.get(suffix)
    if suffix in NOT_READ:
        what, hint = NOT_READ[suffix]
        found = _found(data)
        if found.kind in ("richtext", "html", "word"):
            # Programs write these under the old name, too.
            hint = f"This one is {WHAT[found.kind]}: give it a name that ends with {_suffix_of(found.kind)}."
        raise EvidenceInvalid(f"{what} are not read.", hint=hint)
    if promised is None:
        what = f"files of type {suffix!r}" if suffix else "files without a type"
        raise EvidenceInvalid(f"{what} are not read.", hint=ALLOWED)
    found = _found(data)
    if promised == "pdf" and b"%PDF-" in data[:1024]:
        return promised  # readers take a PDF with something before its header, too
    if found.kind == promised or (found.kind in ("text", "transcript") and promised in PLAIN):
        return promised
    if promised == "subtitles" and found.kind == "text" and "-->" in _start(data):
        return promised
    if found == UNKNOWN and promised in (*PLAIN, "transcript", "subtitles"):
        # What is wrong with it is said where it is read, with the line.
        return promised
    if promised == "html" and found.kind == "text" and TAG.search(_start(data)):
        return promised
    if found == UNKNOWN:
        raise EvidenceInvalid(f"this is not {WHAT[promised]}: {found.what}.", hint=found.hint)
    what = found.what or WHAT[found.kind]
    hint = found.hint or f"Give it a name that ends with {_suffix_of(found.kind)}."
    raise EvidenceInvalid(f"this is {what}, not {WHAT[promised]}.", hint=hint)


def _suffix_of(kind: str) -> str:
    return next(name for name, other in KINDS.items() if other == kind)


def _found(data: bytes) -> Found:
    for sign, found in SIGNS:
        if data.startswith(sign):
            return found
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_archive(data)
    if data.startswith(OFFICE_97):
        if ENCRYPTED in data:
            return Found("", "an Office file with a password", "Save a copy without the password.")
        return Found("", "an Office file from before 2007 (.doc, .xls)", "Save it as .docx or .xlsx.")
    start = _start(data)
    xml = start.lstrip().startswith("<?xml")
    if PAGE.match(start, _behind_comments(start)) or (xml and "<html" in start):
        return Found("html")
    if xml:
        return Found("", "an XML file", ALLOWED)
    if start.startswith("WEBVTT"):
        return Found("transcript")
    return Found("text") if _is_text(data) else UNKNOWN


def _is_text(data: bytes) -> bool:
    """Whether the beginning of a file may be text: without characters that no text has."""
    marked = any(data.startswith(mark) for mark, _ in MARKS)
    wide = marked and not data.startswith(codecs.BOM_UTF8)
    return wide or not BINARY.search(data[:LOOKED_AT])


def _behind_comments(text: str) -> int:
    """Where the text begins behind the blanks and whole HTML comments at its head."""
    opens, closes = COMMENT
    at = len(text) - len(text.lstrip())
    while text.startswith(opens, at) and (end := text.find(closes, at + len(opens))) >= 0:
        at = end + len(closes)
        while at < len(text) and text[at].isspace():
            at += 1
    return at


def _start(data: bytes) -> str:
    """The start of a text as far as it matters here."""
    marked = next((found for mark, found in MARKS if data.startswith(mark)), "latin-1")
    return data[:LOOKED_AT].decode(marked, errors="ignore")


def _in_archive(data: bytes) -> Found:
    """What kind of archive a zip file is, by the list of content types that every Office file has."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            types = b""
            if "[Content_Types].xml" in names:
                with archive.open("[Content_Types].xml") as part:
                    types = part.read(LONGEST_TYPES)
            if "mimetype" in names:
                with archive.open("mimetype") as part:
                    kind = part.read(100).strip()
                    if kind == b"application/vnd.oasis.opendocument.text":
                        return Found("opendocument")
                    if kind == b"application/vnd.oasis.opendocument.spreadsheet":
                        return Found("spreadsheet")
                    if kind.startswith(b"application/vnd.oasis.opendocument"):
                        what = "an OpenDocument file that is neither a text nor a spreadsheet"
                        return Found("", what, "Save it as a PDF.")
    except MemoryError:
        raise
    # A damaged archive makes zipfile raise whatever it likes.
    except Exception:
        return Found("", "a damaged archive (zip)", "Save or copy it again.")
    for sign, found in MAIN_PARTS:
        if sign in types:
            return found
    return Found("", "an archive (zip)", UNPACK)
