"""Word documents: the text at its headings, with tables, footnotes and what tracked changes put in."""

from __future__ import annotations

import io
from typing import Any

import mammoth

from evidence.files.formats.archive import check_archive
from evidence.files.formats.markup import html_sections


def word_sections(data: bytes) -> list[str]:
    """The text of a .docx file by section (headings 1 to 3); raises EvidenceInvalid.

    Text that tracked changes put in counts, text they took out does not; footnotes stand at the end.
    Comments, headers, footers and pictures are left out, and nothing outside the file is ever read.
    """
    check_archive(data)
    # A document can bring a style map of its own, which could leave out what it likes.
    found = mammoth.convert_to_html(
        io.BytesIO(data), convert_image=_no_picture, include_embedded_style_map=False
    )
    return html_sections(found.value)


def _no_picture(image: Any) -> list[Any]:
    return []
