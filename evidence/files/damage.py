"""What is wrong with a damaged file, in words for people: what libraries say of it is for programmers."""

from __future__ import annotations

import zipfile
import zlib
from xml.parsers.expat import ExpatError


class Damaged(ValueError):
    """A file is not as such files are; the message says how, in words for people."""


def damage(error: Exception) -> str:
    """What is wrong with a file that made a library raise this."""
    match error:
        case Damaged():
            return str(error)
        case ExpatError():
            return f"the XML in it is broken in line {error.lineno:,}"
        case zipfile.BadZipFile() | zipfile.LargeZipFile():
            return "parts of it are missing, or were changed"
        case zlib.error() | EOFError():
            return "a packed part of it cannot be unpacked"
        case KeyError() | IndexError():
            return "it names a part that it does not have"
        case UnicodeError():
            return "letters in it are in no encoding that it names"
        case NotImplementedError():
            return "it is packed in a way that is not read"
        case RuntimeError() if "password" in str(error):
            return "it has a password"
        case _:
            return "what is in it is not in the places where such files have it"
