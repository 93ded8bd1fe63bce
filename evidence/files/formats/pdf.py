"""PDF files with a text layer, page by page, with what is filled in and typed on them."""

from __future__ import annotations

import io
import logging
import unicodedata
from collections.abc import Callable
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, LimitReachedError, PyPdfError
from pypdf.generic import ContentStream, NameObject

from evidence.files.formats.pages import CONTROL, STAND_IN
from evidence.files.formats.pdf_forms import notes_on, values_of
from evidence.files.formats.pdf_lines import Drawn, Piece, keep_apart, put_beside, with_flushes
from evidence.files.formats.said import Said
from rules.errors import EvidenceInvalid

MOST_PAGES = 5_000
"""More than any report; reading so many takes a minute."""
MOST_UNREADABLE = 0.2
"""Share of characters a page may show without saying which they are; bullets and signs are a few of them."""
CONTENTS = NameObject("/Contents")
OCR = "Run it through text recognition (OCR), check the text, and add the result."
SAVE_AGAIN = "Save or print it as a PDF again."


class _Faults(logging.Handler):
    """Counts what pypdf passes over in a file that is not well formed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def notes(self) -> list[str]:
        if not self.messages:
            return []
        first = self.messages[0].strip().rstrip(".")[:100]
        return [f"the PDF is not quite well formed ({first}): compare its text with it"]


def _letters() -> dict[int, str]:
    """Joined and positional forms (ﬁ, Arabic initial forms) as the letters that they show.

    Which form of a letter stands somewhere is the font's affair; nobody types it or searches for it.
    """
    forms = [*range(0xFB00, 0xFE00), *range(0xFE70, 0xFEFF)]
    return {form: unicodedata.normalize("NFKC", chr(form)) for form in forms}


LETTERS = {**_letters(), 0xAD: "-"}
"""A soft hyphen that stands in a PDF is one that is shown, at the end of a line."""


def pdf_pages(data: bytes, progress: Callable[[int, int], None]) -> tuple[list[str], list[str]]:
    """The text of every page, in the order that the file gives it, and what a reader should know.

    Small raised digits are in brackets (2007[1]); values of forms and what was typed on a page are beside
    their labels.
    Raises EvidenceInvalid for a file that is damaged, protected or too long, for a scan without a text layer,
    and for text that cannot be read because its fonts do not say which letters they show. How much a stream
    may unpack to, and all of them together, pypdf limits itself (75 and 300 MB).
    """
    said = Said()
    faults, logger = _Faults(), logging.getLogger("pypdf")
    logger.addHandler(faults)
    logger.propagate = False
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise _encrypted()
        count = len(reader.pages)
        if count > MOST_PAGES:
            raise EvidenceInvalid(
                f"it has {count:,} pages; at most {MOST_PAGES:,} are read.", hint="Divide it."
            )
        texts: list[str] = []
        for number, page in enumerate(reader.pages, start=1):
            texts.append(_text_of(page, number, said))
            progress(number, count)
        notes_on(reader, said)
    except DependencyError:
        # Newer encryption needs a package that is not installed.
        raise _encrypted() from None
    except LimitReachedError as error:
        raise EvidenceInvalid(f"it is too large when unpacked ({error}).", hint=SAVE_AGAIN) from None
    except PyPdfError as error:
        raise EvidenceInvalid(f"it is damaged ({error}).", hint=SAVE_AGAIN) from None
    finally:
        logger.removeHandler(faults)
    return texts, [*_notes(reader, texts), *faults.notes(), *said.notes()]


def _encrypted() -> EvidenceInvalid:
    return EvidenceInvalid(
        "it is encrypted (protected by a password, or against copying).",
        hint="Save or print a copy without protection.",
    )


def _text_of(page: PageObject, number: int, said: Said) -> str:
    try:
        pieces = _pieces_of(page)
    except (PyPdfError, MemoryError, RecursionError):
        raise
    # A damaged page makes pypdf raise whatever it likes.
    except Exception as error:
        raise EvidenceInvalid(f"page {number} is damaged ({error}).", hint=SAVE_AGAIN) from None
    keep_apart(pieces)
    try:
        put_beside(pieces, values_of(page, said))
    except (PyPdfError, MemoryError, RecursionError):
        raise
    # As above; what is on the page itself could be read.
    except Exception:
        said.add(f"what is filled in or typed on page {number} could not be read")
    text = "".join(piece.text for piece in pieces)
    text = CONTROL.sub(STAND_IN, text.replace("\f", "\n")).translate(LETTERS)
    unreadable = sum(char == STAND_IN or unicodedata.category(char) == "Co" for char in text)
    if unreadable > MOST_UNREADABLE * max(len(text), 40):
        raise EvidenceInvalid(
            f"page {number} does not say which characters it shows (its fonts do not map them).", hint=OCR
        )
    return text


def _pieces_of(page: PageObject) -> list[Piece]:
    """The text of a page in the pieces in which it is drawn."""
    given = page.raw_get(CONTENTS) if CONTENTS in page else None
    if given is not None:
        content = ContentStream(given.get_object(), page.pdf, "bytes")
        if operations := with_flushes(content.operations):
            content.operations = operations
        # So that it is not taken apart a second time.
        page[CONTENTS] = content
    drawn = Drawn()
    text = page.extract_text(visitor_operand_before=drawn.operator, visitor_text=drawn.text)
    if given is not None:
        page[CONTENTS] = given
    if "".join(piece.text for piece in drawn.pieces) == text:
        return drawn.pieces
    return [Piece(text, 0, 0, 0)]


def _notes(reader: PdfReader, texts: list[str]) -> list[str]:
    empty = [number for number, text in enumerate(texts, start=1) if not text.strip()]
    if not empty:
        return []
    if len(empty) < len(texts):
        said = ", ".join(map(str, empty[:10])) + (f" and {len(empty) - 10} more" if len(empty) > 10 else "")
        return [f"no text on {'page' if len(empty) == 1 else 'pages'} {said} (blank, or a picture of text)"]
    if not any(_has_picture(reader.pages[number - 1]) for number in empty):
        raise EvidenceInvalid("there is no text in it.", hint=OCR)
    pages = "its page is a picture" if len(texts) == 1 else f"its {len(texts):,} pages are pictures"
    raise EvidenceInvalid(f"it is a scan: {pages} without a text layer.", hint=OCR)


def _has_picture(page: PageObject) -> bool:
    resources: Any = page.get("/Resources")
    drawn: Any = resources.get_object().get("/XObject") if resources is not None else None
    if drawn is None:
        return False
    return any(each.get_object().get("/Subtype") == "/Image" for each in drawn.get_object().values())
