"""The text of a file as it is stored: checked by content, taken apart in a process of its own, in pages."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from evidence.files.reading import ReaderEnded, Stopped, TooSlow, being_read, put_aside
from programme.progress import Progress
from rules.errors import EvidenceInvalid, ImportRefused, Problem, suggest
from rules.limits import (
    FORM_SECONDS,
    LARGEST_FILE,
    LONGEST_SAID,
    LONGEST_TEXT,
    LONGEST_TOGETHER,
    MOST_PAGES,
    READ_SECONDS,
    shortened,
)
from rules.remedy import read_remedy
from rules.words import many

LONGEST_FILE_NAME = 120
"""Characters of a file's name that are shown."""
LONGEST_SUFFIX = 20
"""Characters of a type of file that are looked at."""
LONGEST_ENCODING = 40
"""Characters of the name of an encoding."""
PERHAPS_DAMAGED = "The file may be damaged: save it again, or as a plain text."


@dataclass(frozen=True)
class GivenFile:
    """A file as somebody gave it."""

    name: str
    """What they call it: shown, and says what kind of file it should be. Never used as a path."""
    content: bytes | Path
    """What is in it, or where on this machine it lies."""

    @property
    def shown(self) -> str:
        """The name without folders and characters that are not seen, at most LONGEST_FILE_NAME long."""
        last = re.split(r"[/\\]", self.name)[-1]
        name = "".join(char if char.isprintable() else "?" for char in last).strip()
        return name if len(name) <= LONGEST_FILE_NAME else name[: LONGEST_FILE_NAME - 20] + "..." + name[-17:]

    @property
    def suffix(self) -> str:
        """The type of file that the name says it is, in lower case, as '.txt'; empty for none."""
        dot = self.shown.rfind(".")
        return self.shown[dot:][:LONGEST_SUFFIX].lower() if dot > 0 else ""


@dataclass(frozen=True)
class Text:
    """The text of a file, ready to be stored."""

    file: str
    kind: str
    """text, markdown, html, word, pdf, csv or workbook."""
    sha256: str
    """Digest of the file itself."""
    pages: tuple[str, ...]
    """From page 1; what no longer changes."""
    notes: tuple[str, ...] = ()
    """What a reader should know, e.g. which pages hold no text."""


@dataclass(frozen=True)
class Together:
    """What all the files of one form may cost."""

    seconds: float = FORM_SECONDS
    characters: int = LONGEST_TOGETHER


def read_texts(
    given: Sequence[GivenFile],
    progress: Progress,
    *,
    encoding: str = "utf-8",
    seconds: float = READ_SECONDS,
    together: Together | None = None,
) -> list[Text]:
    """The texts of files, in the order given; `seconds` limits the work on each, `together` that on all.

    `encoding` is that of text, CSV and HTML files that are not UTF-8 and do not name theirs. Raises
    ImportRefused with the problems of all the files. Memory grows with the texts.
    """
    texts: list[Text] = []
    problems: list[Problem] = []
    if not _is_encoding(encoding):
        said = f"the encoding {shortened(encoding, LONGEST_ENCODING)!r} is not known."
        problems.append(Problem("encoding", said, "Use utf-8, cp1252 or utf-16."))
        encoding = "utf-8"
    ends = time.monotonic() + (together.seconds if together else float("inf"))
    characters = 0
    for number, (file, name) in enumerate(zip(given, _names(given), strict=True)):
        progress(number, len(given), "reading the files")
        try:
            text = _read_text(file, name, progress, encoding, min(seconds, _left(ends, together)))
            characters += sum(map(len, text.pages))
            texts.append(text)
            if together and characters > together.characters:
                said = f"with it the files have more than {together.characters:,} characters together."
                problems.append(Problem(name, said, "Add fewer of them at a time."))
                break
        except EvidenceInvalid as error:
            problems.append(Problem(name, error.message, error.hint, error.remedies))
    progress(len(given), len(given), "reading the files")
    if problems:
        raise refused(problems)
    return texts


def _left(ends: float, together: Together | None) -> float:
    """The seconds that are left for all the files; raises EvidenceInvalid where there are none."""
    left = ends - time.monotonic()
    if together and left <= 0:
        raise EvidenceInvalid(
            f"it was not read: the files before it took {together.seconds:g} seconds.",
            hint="Add fewer files at a time.",
        )
    return left


def _is_encoding(name: str) -> bool:
    try:
        return len(name) <= LONGEST_ENCODING and bool(codecs.lookup(name))
    except (LookupError, ValueError):
        return False


def refused(problems: Sequence[Problem]) -> ImportRefused:
    """The error that says all problems, and that nothing was stored."""
    count = len(problems)
    return ImportRefused(f"Nothing was stored: {many(count, 'problem')} found.", problems)


def _names(given: Iterable[GivenFile]) -> list[str]:
    """What the files are called in messages: by more than their names where two have the same one."""
    files = list(given)
    shown = [file.shown for file in files]
    times = Counter(shown)
    return [
        name if times[name] == 1 else f"{name} (file {number})" for number, name in enumerate(shown, start=1)
    ]


def _read_text(file: GivenFile, name: str, progress: Progress, encoding: str, seconds: float) -> Text:
    with _opened(file) as opened:
        said = _ask_reader(file.suffix, opened, encoding, seconds, name, progress)
        digest = _digest(opened)
    return Text(file.shown, said.kind, digest, tuple(said.pages), tuple(said.notes))


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while some := file.read(1_000_000):
        digest.update(some)
    return digest.hexdigest()


@contextmanager
def _opened(file: GivenFile) -> Iterator[IO[bytes]]:
    """A file that is one, and of a size that is read."""
    with ExitStack() as stack:
        if isinstance(file.content, bytes):
            opened = stack.enter_context(put_aside(file.content))
        else:
            opened = stack.enter_context(_at(file.content))
        _check_size(os.fstat(opened.fileno()).st_size)
        yield opened


def _at(path: Path) -> IO[bytes]:
    if path.is_dir():
        raise EvidenceInvalid(f"{path} is a folder.", hint="Give the files in it.")
    if not path.is_file():
        near = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = suggest(path.name, near) if near else ""
        raise EvidenceInvalid(f"there is no file {path}.", hint=hint if hint.startswith("Did") else "")
    try:
        return path.open("rb")
    except OSError as error:
        raise EvidenceInvalid(f"the file cannot be read ({error.strerror or error}).") from None


def _check_size(size: int) -> None:
    if size > LARGEST_FILE:
        raise EvidenceInvalid(
            f"the file is larger than {LARGEST_FILE / 1e6:,.0f} MB, which is the most that is read.",
            hint="Divide it, or save it with smaller pictures.",
        )
    if not size:
        raise EvidenceInvalid("the file is empty.", hint="Give a file with text.")


# --- the process that takes a file apart -----------------------------------------------------------------


class _Answer(BaseModel):
    """What the reading process found in a file; it is believed no further than this."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    kind: str = Field(max_length=20)
    pages: Annotated[list[str], Field(max_length=MOST_PAGES)]
    notes: Annotated[list[Annotated[str, Field(max_length=LONGEST_SAID)]], Field(max_length=MOST_PAGES)]


def _ask_reader(
    suffix: str, file: IO[bytes], encoding: str, seconds: float, name: str, progress: Progress
) -> _Answer:
    """What the reader makes of a file; raises EvidenceInvalid when it refuses, dies, or takes too long.

    It is given no name and no path, and none of this process's environment.
    """
    job = {"reads": "text", "suffix": suffix, "encoding": encoding}
    ends = time.monotonic() + seconds
    said: Any = None
    try:
        with being_read(job, file, seconds) as lines:
            for said in lines:
                if isinstance(said, dict) and "at" in said:
                    done, total, _ = said["at"]
                    progress(done, total, f"reading {name}")
                if time.monotonic() > ends:
                    raise TooSlow
    except TooSlow:
        raise EvidenceInvalid(
            f"reading it took longer than {seconds:.3g} seconds and was stopped.",
            hint="Divide it, or save it as a PDF or a plain text.",
        ) from None
    except Stopped:
        raise EvidenceInvalid("reading it was stopped.", hint="Give it again.") from None
    except ReaderEnded as how:
        raise EvidenceInvalid(f"it could not be read: the reader {how}.", hint=PERHAPS_DAMAGED) from None
    try:
        if said and "refused" in said:
            what, hint, remedies = said["refused"]
            raise EvidenceInvalid(what, hint=hint, remedies=[read_remedy(one) for one in remedies])
        found = _Answer.model_validate(said)
        if sum(map(len, found.pages)) <= LONGEST_TEXT + MOST_PAGES:
            return found
    except (ValueError, TypeError, LookupError):
        pass
    ended = "answered what nobody understands" if said else "ended with exit code 0"
    raise EvidenceInvalid(f"it could not be read: the reader {ended}.", hint=PERHAPS_DAMAGED)
