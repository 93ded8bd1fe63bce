"""Reading the body of a form: its fields, and the files that came with it, within limits.

The files go into a folder of the server's own under numbers; what the sender calls them is kept as a name
alone. Limits hold while the body comes in: what is too much is never read to its end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from evidence.files.texts import GivenFile
from rules.errors import ReviewError
from rules.limits import LARGEST_FILE

LARGEST_FORM = 1_000_000
"""Bytes of a form without files, and of the fields of one with files together."""
LARGEST_UPLOAD = 250_000_000
"""Bytes of a form with files."""
MOST_FILES = 50
MOST_FIELDS = 2_000
LONGEST_FIELD = 200_000
"""Bytes of one field of a form with files."""

LONGEST_KIND, LONGEST_PART_HEAD = 300, 5_000
"""Bytes of the Content-Type of a form, and of all the headers of one of its parts."""

Receive = Callable[[], Awaitable[dict[str, Any]]]
Fields = dict[str, list[str]]


class FormUnreadable(ReviewError):
    """The body of a form cannot be read."""


class FormTooLarge(ReviewError):
    """The body of a form is larger than any that is read."""

    def __init__(self, most: str) -> None:
        super().__init__(f"this request is too large: at most {most}", hint="Send less at a time.")


async def read_form(kind: str, receive: Receive, folder: Path | None) -> tuple[Fields, list[GivenFile]]:
    """The fields of a form, each with all its values, and its files, which are put into `folder`.

    `kind` is the Content-Type of the request; without a folder no files are taken. Raises FormUnreadable and
    FormTooLarge, and OSError where the files cannot be written.
    """
    if len(kind) > LONGEST_KIND:
        raise FormUnreadable("this request is not a form", hint="Its Content-Type is too long.")
    name, options = parse_options_header(kind)
    if name == b"application/x-www-form-urlencoded":
        return await _read_plain(receive), []
    if name == b"multipart/form-data" and options.get(b"boundary"):
        if folder is None:
            raise FormUnreadable("this form takes no files")
        parts = _Parts(folder)
        try:
            await _read_parts(MultipartParser(options[b"boundary"], parts.callbacks()), receive)
        except FormParserError as error:
            raise _cut_off() from error
        finally:
            parts.close()
        if not parts.complete:
            raise _cut_off()
        return parts.fields, parts.files
    raise FormUnreadable("this request is not a form", hint="Send application/x-www-form-urlencoded.")


def _cut_off() -> FormUnreadable:
    return FormUnreadable("the form did not arrive completely", hint="Send it again.")


async def _chunks(receive: Receive, most: int, said: str) -> Any:
    total, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise _cut_off()
        body, more = message.get("body", b""), message.get("more_body", False)
        total += len(body)
        if total > most:
            raise FormTooLarge(said)
        yield body


async def _read_plain(receive: Receive) -> Fields:
    said = f"{LARGEST_FORM / 1e6:g} MB"
    body = b"".join([chunk async for chunk in _chunks(receive, LARGEST_FORM, said)])
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise FormUnreadable("the form cannot be read", hint="Its fields must be UTF-8.") from error
    fields: Fields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


async def _read_parts(parser: MultipartParser, receive: Receive) -> None:
    async for chunk in _chunks(receive, LARGEST_UPLOAD, f"{LARGEST_UPLOAD / 1e6:g} MB"):
        parser.write(chunk)
    parser.finalize()


class _Parts:
    """The parts of a form with files, as they come in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fields: Fields = {}
        self.files: list[GivenFile] = []
        self.count = 0
        self.headers: dict[str, str] = {}
        self.header, self.value = b"", b""
        self.name = ""
        self.text = bytearray()
        self.said = 0
        """Bytes of all fields so far."""
        self.file: IO[bytes] | None = None
        self.written = 0
        self.skipped = False
        self.complete = False
        """Whether the end of the last part came, which the parser itself does not ask for."""
        self.head = 0

    def callbacks(self) -> Any:
        """What the parser calls."""
        return {
            "on_part_begin": self.begin,
            "on_header_field": self.header_name,
            "on_header_value": self.header_value,
            "on_header_end": self.header_end,
            "on_headers_finished": self.headers_finished,
            "on_part_data": self.data,
            "on_part_end": self.end,
            "on_end": self.whole,
        }

    def whole(self) -> None:
        self.complete = True

    def close(self) -> None:
        if self.file:
            self.file.close()
            self.file = None

    def begin(self) -> None:
        self.count += 1
        if self.count > MOST_FIELDS:
            raise FormTooLarge(f"{MOST_FIELDS:,} fields")
        self.headers, self.name, self.written, self.skipped, self.head = {}, "", 0, False, 0
        self.text.clear()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self.head_grows(end - start)
        self.header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.head_grows(end - start)
        self.value += data[start:end]

    def head_grows(self, size: int) -> None:
        self.head += size
        if self.head > LONGEST_PART_HEAD:
            raise FormTooLarge(f"{LONGEST_PART_HEAD:,} characters in the name of a file")

    def header_end(self) -> None:
        self.headers[self.header.decode("latin-1").lower()] = self.value.decode("latin-1")
        self.header, self.value = b"", b""

    def headers_finished(self) -> None:
        _, options = parse_options_header(self.headers.get("content-disposition", ""))
        self.name = options.get(b"name", b"").decode("utf-8", "replace")
        given = options.get(b"filename")
        if given is None:
            return
        if not given:  # a field for files that was left empty
            self.skipped = True
            return
        if len(self.files) == MOST_FILES:
            raise FormTooLarge(f"{MOST_FILES} files")
        path = self.folder / str(len(self.files) + 1)
        self.file = path.open("wb")
        self.files.append(GivenFile(given.decode("utf-8", "replace"), path))

    def data(self, data: bytes, start: int, end: int) -> None:
        if self.file:
            # One byte more than is read tells that a file is too large; the rest is of no use.
            kept = data[start : min(end, start + LARGEST_FILE + 1 - self.written)]
            self.file.write(kept)
            self.written += len(kept)
        elif not self.skipped:
            self.text += data[start:end]
            self.said += end - start
            if self.said > LARGEST_FORM:
                raise FormTooLarge(f"{LARGEST_FORM / 1e6:g} MB in all fields")
            if len(self.text) > LONGEST_FIELD:
                raise FormTooLarge(f"{LONGEST_FIELD:,} characters in one field")

    def end(self) -> None:
        if self.file:
            self.close()
        elif not self.skipped:
            try:
                self.fields.setdefault(self.name, []).append(self.text.decode("utf-8"))
            except ValueError as error:
                raise FormUnreadable("the form cannot be read", hint="Its fields must be UTF-8.") from error
