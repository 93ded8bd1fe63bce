"""The text of a file as it is stored: checked by content, taken apart in a process of its own, in pages."""

from __future__ import annotations

import codecs
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from evidence.files.formats import plain
from evidence.files.formats.child import LONGEST_ANSWER, SECONDS
from evidence.files.formats.content import PLAIN, kind_of
from evidence.files.formats.pages import CONTROL, STAND_IN, as_pages
from evidence.files.tables import LONGEST_CELL
from programme.progress import Progress
from rules.errors import EvidenceInvalid, ImportRefused, Problem, suggest
from rules.remedy import read_remedy
from rules.words import many

LARGEST_FILE = 50_000_000
"""Bytes: a long report with many pictures; what is larger is mostly pictures, which are not stored."""
LONGEST_TEXT = LONGEST_CELL
"""Characters of one source, about 3,000 printed pages; the same as in a file of sources."""
LONGEST_NAME = 120
"""Characters of a file's name that are shown."""
LOOK_EVERY = 0.2
"""Seconds between two looks at how far a file is."""
HERE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class GivenFile:
    """A file as somebody gave it."""

    name: str
    """What they call it: shown, and says what kind of file it should be. Never used as a path."""
    content: bytes | Path
    """What is in it, or where on this machine it lies."""

    @property
    def shown(self) -> str:
        """The name without folders and characters that are not seen, at most LONGEST_NAME long."""
        last = re.split(r"[/\\]", self.name)[-1]
        name = "".join(char if char.isprintable() else "?" for char in last).strip()
        return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 20] + "..." + name[-17:]


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


def read_texts(
    given: Sequence[GivenFile], progress: Progress, *, encoding: str = "utf-8", seconds: float = SECONDS
) -> list[Text]:
    """The texts of files, in the order given; `seconds` limits the work on each.

    `encoding` is that of text, CSV and HTML files that are not UTF-8 and do not name theirs. Raises
    ImportRefused with the problems of all the files. Memory grows with the texts and the largest file.
    """
    texts: list[Text] = []
    problems: list[Problem] = []
    try:
        codecs.lookup(encoding)
    except LookupError:
        hint = "Use utf-8, cp1252 or utf-16."
        problems.append(Problem("encoding", f"the encoding {encoding!r} is not known.", hint))
        encoding = "utf-8"
    names = _names(given)
    for number, (file, name) in enumerate(zip(given, names, strict=True)):
        progress(number, len(given), "reading the files")
        try:
            texts.append(_read_text(file, name, progress, encoding, seconds))
        except EvidenceInvalid as error:
            problems.append(Problem(name, error.message, error.hint, error.remedies))
    progress(len(given), len(given), "reading the files")
    if problems:
        raise refused(problems)
    return texts


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
    data = _content(file)
    kind = kind_of(file.shown, data)
    if kind in PLAIN:
        found = _plain_sections(kind, data, encoding)
    else:
        found = _ask_child(kind, data, encoding, seconds, lambda at, of: progress(at, of, f"reading {name}"))
        found["sections"] = [CONTROL.sub(STAND_IN, each.replace("\f", "\n")) for each in found["sections"]]
    if (length := sum(map(len, found["sections"]))) > LONGEST_TEXT:
        raise EvidenceInvalid(
            f"its text has {length:,} characters; at most {LONGEST_TEXT:,} are stored as one source.",
            hint="Divide it into several sources.",
        )
    pages = as_pages(found["sections"], found["numbered"])
    if not any(page.strip() for page in pages):
        raise EvidenceInvalid("there is no text in it.", hint="Give a file with text.")
    return Text(file.shown, kind, hashlib.sha256(data).hexdigest(), tuple(pages), tuple(found["notes"]))


def _content(file: GivenFile) -> bytes:
    """What is in a file, if it is one and of a size that is read."""
    if isinstance(file.content, bytes):
        data = file.content
    else:
        path = file.content
        if path.is_dir():
            raise EvidenceInvalid(f"{path} is a folder.", hint="Give the files in it.")
        if not path.is_file():
            near = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
            hint = suggest(path.name, near) if near else ""
            raise EvidenceInvalid(f"there is no file {path}.", hint=hint if hint.startswith("Did") else "")
        try:
            with path.open("rb") as opened:
                data = opened.read(LARGEST_FILE + 1)
        except OSError as error:
            raise EvidenceInvalid(f"the file cannot be read ({error.strerror or error}).") from None
    if len(data) > LARGEST_FILE:
        raise EvidenceInvalid(
            f"the file is larger than {LARGEST_FILE / 1e6:,.0f} MB, which is the most that is read.",
            hint="Divide it, or save it with smaller pictures.",
        )
    if not data:
        raise EvidenceInvalid("the file is empty.", hint="Give a file with text.")
    return data


def _plain_sections(kind: str, data: bytes, encoding: str) -> dict[str, Any]:
    text = plain.decode(data, encoding)
    numbered = False
    if kind == "csv":
        sections = plain.csv_sections(text)
    elif kind == "markdown":
        sections = plain.markdown_sections(text)
    else:
        sections, numbered = plain.text_sections(text)
    return {"sections": sections, "numbered": numbered, "notes": []}


# --- the process that takes a file apart -----------------------------------------------------------------


def _ask_child(kind: str, data: bytes, encoding: str, seconds: float, progress: Any) -> dict[str, Any]:
    """What the child makes of a file; raises EvidenceInvalid when it refuses, dies, or takes too long.

    It is given no name and no path, and none of this process's environment.
    """
    with (
        tempfile.TemporaryFile() as question,
        tempfile.TemporaryFile() as answer,
        tempfile.TemporaryFile() as spoken,
    ):
        question.write(data)
        question.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "evidence.files.formats.child", kind, encoding],
            stdin=question,
            stdout=answer,
            stderr=spoken,
            cwd=HERE,
            env={},
        )
        try:
            _wait(process, spoken, seconds, progress)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        answer.seek(0)
        said = answer.read(LONGEST_ANSWER)
    return _read_answer(said, process.returncode)


def _wait(process: subprocess.Popen[bytes], spoken: IO[bytes], seconds: float, progress: Any) -> None:
    ends = time.monotonic() + seconds
    while True:
        try:
            process.wait(timeout=LOOK_EVERY)
            return
        except subprocess.TimeoutExpired:
            pass
        if time.monotonic() > ends:
            raise EvidenceInvalid(
                f"reading it took longer than {seconds:g} seconds and was stopped.",
                hint="Divide it, or save it as a PDF or a plain text.",
            )
        for done, total in _progress_in(spoken):
            progress(done, total)


def _progress_in(spoken: IO[bytes]) -> Iterator[tuple[int, int]]:
    """The last that the child said of its progress, if anything."""
    end = spoken.seek(0, 2)
    spoken.seek(max(0, end - 200))
    if found := re.findall(rb"^(\d{1,9}) (\d{1,9})$", spoken.read(), flags=re.MULTILINE):
        yield int(found[-1][0]), int(found[-1][1])


def _read_answer(said: bytes, code: int) -> dict[str, Any]:
    hint = "The file may be damaged: save it again, or as a plain text."
    try:
        found: dict[str, Any] = json.loads(said)
        refused_because = found.get("refused")
    except (ValueError, AttributeError, RecursionError):
        how = f"died of signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise EvidenceInvalid(f"it could not be read: the reader {how}.", hint=hint) from None
    if refused_because:
        what, hint, remedies = refused_because
        raise EvidenceInvalid(what, hint=hint, remedies=[read_remedy(one) for one in remedies])
    return found
