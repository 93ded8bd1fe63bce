"""Word and Excel files as archives: sizes, ratios, and no XML entities, before anything reads them."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

import defusedxml.ElementTree
import defusedxml.sax
from defusedxml import DefusedXmlException

from rules.errors import EvidenceInvalid

MOST_PARTS = 5_000
"""A report with a picture on every page has a few hundred."""
LARGEST_UNPACKED = 300_000_000
"""Bytes in all: six times the largest file, most of which are pictures that hardly pack."""
HIGHEST_RATIO = 200
"""Unpacked to packed: text packs to a tenth, tables of equal numbers to a fiftieth or so."""
RATIO_FROM = 10_000_000
"""Bytes unpacked from which the ratio matters: what is smaller harms nobody."""
XML = (".xml", ".rels", ".vml")

DAMAGED = "Save it again, without a password."


def check_archive(data: bytes, *, unread: tuple[str, ...] = ()) -> None:
    """Raise EvidenceInvalid for an Office file that is damaged, a bomb, or declares XML entities.

    Office programs write no document type declarations, which entities need; every part that is XML is read
    through for one, but for empty ones (LibreOffice writes such) and those that nobody reads (`unread`). Cost
    grows linearly with the unpacked XML.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_sizes(parts)
            for part in parts:
                if part.flag_bits & 1:
                    raise EvidenceInvalid("it is protected by a password.", hint="Save a copy without it.")
                xml_part = part.file_size > 0 and part.filename.lower().endswith(XML)
                if xml_part and part.filename not in unread:
                    with archive.open(part) as xml:
                        defusedxml.sax.parse(xml, ContentHandler(), forbid_dtd=True)
    except DefusedXmlException:
        raise _entities() from None
    except SAXException as error:
        said = f"it is damaged ({error.getMessage()})."
        raise EvidenceInvalid(said, hint=DAMAGED) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise EvidenceInvalid(f"it is damaged ({error}).", hint=DAMAGED) from None


def parsed(data: bytes) -> Any:
    """A part of an archive as an element tree; refuses XML entities whatever the part is called."""
    try:
        return defusedxml.ElementTree.fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise _entities() from None


def _entities() -> EvidenceInvalid:
    said = "it declares XML entities, which no Office program writes."
    return EvidenceInvalid(said, hint="Save it again in one.")


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    """The sizes that the archive itself states; the reader never unpacks more of a part than that."""
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    if len(parts) > MOST_PARTS:
        raise EvidenceInvalid(
            f"it holds {len(parts):,} parts; at most {MOST_PARTS:,} are read.", hint="Save it as a PDF."
        )
    if unpacked > LARGEST_UNPACKED:
        raise EvidenceInvalid(
            f"unpacked it is {unpacked / 1e6:,.0f} MB; at most {LARGEST_UNPACKED / 1e6:,.0f} MB are read.",
            hint="Divide it, or save it as a PDF.",
        )
    if unpacked > RATIO_FROM and unpacked > HIGHEST_RATIO * packed:
        raise EvidenceInvalid(
            f"it unpacks to {unpacked / max(packed, 1):,.0f} times its size; no document needs that much.",
            hint="Save it again, or save it as a PDF.",
        )
