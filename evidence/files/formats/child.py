"""The process in which files are read, and its limits.

`python -m evidence.files.formats.child` is a host: over the socket that is its standard input it is told what
to read (a line of JSON, with the file and a pipe for the answer as descriptors), and makes a process for each
file, which costs no new start of Python. What a file does to that process is done to it alone. The host reads
no file itself; when its socket closes, it ends with what it has under way.

The answer is lines of JSON: {"at": [done, in all, what]} says how far the work is. Of a text that is stored
the last line is {"kind", "pages", "notes"}; of a table of evidence {"tables": [...]} comes first, then its
rows. {"refused": ...} says why there is none.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import IO, Any

from evidence.files.encoded import as_json
from rules.errors import EvidenceInvalid, ImportRefused, Problem
from rules.limits import LONGEST_PAGE, LONGEST_TEXT, MOST_PAGES, READ_MEMORY, READ_SECONDS

TABLE_MEMORY = 1_000_000_000
"""Bytes of address space for a table of evidence, which only commands read; YAML is held as a whole."""
TABLE_SECONDS = 3_600
"""Seconds of processor time for a table of evidence; some million rows take a minute."""
ROWS_AT_ONCE, CHARACTERS_AT_ONCE = 2_000, 2_000_000
"""How much of a table is handed over at a time."""
NICE = 10
"""How far the reading of files stands back behind who answers people."""
SAVE_AGAIN = "Save it again, or as a PDF or a plain text."
NEEDED = {
    "text": {
        "": ("evidence.files.formats.content", "evidence.files.formats.plain"),
        ".pdf": ("evidence.files.formats.pdf",),
        ".docx": ("evidence.files.formats.word",),
        ".xlsx": ("evidence.files.formats.workbook",),
        ".html": ("evidence.files.formats.markup",),
        ".ods": ("evidence.files.formats.workbook",),
        ".odt": ("evidence.files.formats.opendocument",),
        ".rtf": ("evidence.files.formats.richtext",),
        ".vtt": ("evidence.files.formats.transcript",),
        ".srt": ("evidence.files.formats.transcript",),
        ".htm": ("evidence.files.formats.markup",),
    },
    "table": {
        "": ("evidence.files.apart", "evidence.files.delimited"),
        ".xlsx": ("evidence.files.sheets", "evidence.files.xlsx"),
        ".xlsm": ("evidence.files.sheets", "evidence.files.xlsx"),
        ".ods": ("evidence.files.sheets", "evidence.files.ods"),
        ".sav": ("evidence.files.spss",),
        ".zsav": ("evidence.files.spss",),
        ".yml": ("evidence.files.lists",),
        ".yaml": ("evidence.files.lists",),
        ".json": ("evidence.files.lists",),
        ".docx": ("evidence.files.formats.word_tables",),
        ".docm": ("evidence.files.formats.word_tables",),
    },
}
"""What the host loads for what is read, and for a type of file, before it makes the process: the next is
ready sooner. What it does not need for a small table would be most of the time that one takes."""


def confine(memory: int = READ_MEMORY, seconds: int = READ_SECONDS) -> None:
    """Limit this process for good: memory, processor time, what it can write. Where the system can."""
    import resource

    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds + 5,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for which, most in limits.items():
        with suppress(ValueError, OSError):  # some systems cannot limit memory
            resource.setrlimit(which, (most, most))
    with suppress(OSError):
        os.nice(NICE)


class Teller:
    """Where the answer goes."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out

    def tell(self, said: dict[str, Any]) -> None:
        """Hand a line of the answer over."""
        self.out.write(as_json(said) + b"\n")
        self.out.flush()

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Say how far the work is."""
        self.tell({"at": [done, total, what]})


# --- texts that are stored -------------------------------------------------------------------------------


def read_text(suffix: str, data: bytes, encoding: str, tell: Teller) -> dict[str, Any]:
    """Kind, pages and notes of a file that is called so; raises EvidenceInvalid."""
    from evidence.files.formats.content import kind_of
    from evidence.files.formats.pages import CONTROL, STAND_IN, as_pages, line_ends, too_long
    from evidence.files.formats.raised import kept_apart

    kind = kind_of(f"file{suffix}", data)
    sections, numbered, notes = _sections(kind, data, encoding, tell)
    if kind not in ("text", "markdown", "csv", "transcript", "subtitles"):
        sections = [CONTROL.sub(STAND_IN, each.replace("\f", "\n")) for each in sections]
    end = " " if kind in ("csv", "workbook", "spreadsheet") else "\n"
    sections = [kept_apart(line_ends(each, end)) for each in sections]
    if (length := sum(map(len, sections))) > LONGEST_TEXT:
        raise too_long(length)
    if len(sections) > MOST_PAGES:
        raise too_many_pages(numbered)
    if numbered and (long := next((n for n, page in enumerate(sections, 1) if len(page) > LONGEST_PAGE), 0)):
        if kind == "pdf":
            raise EvidenceInvalid(
                f"page {long} has {len(sections[long - 1]):,} characters; at most {LONGEST_PAGE:,} are read.",
                hint="Divide it, or give its text.",
            )
        numbered = False
        notes = [*notes, f"page {long} is too long for one page: the page numbers of the file are not kept"]
    pages = as_pages(sections, numbered)
    if len(pages) > MOST_PAGES:
        raise too_many_pages(numbered)
    if not any(page.strip() for page in pages):
        raise EvidenceInvalid("there is no text in it.", hint="Give a file with text.")
    return {"kind": kind, "pages": pages, "notes": notes}


def too_many_pages(numbered: bool) -> EvidenceInvalid:
    """What is said of a source with more pages or sections than are stored."""
    what = "pages" if numbered else "sections"
    return EvidenceInvalid(
        f"it has more than {MOST_PAGES:,} {what}, which is the most that is read.",
        hint="Divide it into several sources.",
    )


def _sections(kind: str, data: bytes, encoding: str, tell: Teller) -> tuple[list[str], bool, list[str]]:
    """The sections of a file, whether they are numbered pages, and notes."""
    from evidence.files.formats import plain
    from evidence.files.formats.said import Said

    said = Said()
    if kind == "text":
        return *plain.text_sections(plain.decode(data, encoding)), []
    if kind == "markdown":
        return plain.markdown_sections(plain.decode(data, encoding)), False, []
    if kind == "csv":
        return plain.csv_sections(plain.decode(data, encoding)), False, []
    if kind == "html":
        from evidence.files.formats.markup import html_sections

        return html_sections(plain.decode_html(data, encoding), said), False, said.notes()
    if kind == "word":
        from evidence.files.formats.word import word_sections

        return word_sections(data, said), False, said.notes()
    if kind in ("transcript", "subtitles"):
        from evidence.files.formats.transcript import transcript_sections

        form = "vtt" if kind == "transcript" else "srt"
        return transcript_sections(plain.decode(data, encoding), form, said), False, said.notes()
    if kind == "opendocument":
        from evidence.files.formats.opendocument import opendocument_sections

        return opendocument_sections(data, said), False, said.notes()
    if kind == "richtext":
        from evidence.files.formats.richtext import richtext_sections

        return richtext_sections(data, said), False, said.notes()
    if kind in ("workbook", "spreadsheet"):
        from evidence.files.formats.workbook import spreadsheet_sections, workbook_sections

        sections, notes = (workbook_sections if kind == "workbook" else spreadsheet_sections)(data)
        return sections, False, notes
    from evidence.files.formats.pdf import pdf_pages

    def progress(done: int, total: int) -> None:
        if done % 10 == 0:
            tell.progress(done, total)

    pages, notes = pdf_pages(data, progress)
    return pages, True, notes


def text_answer(suffix: str, data: bytes, encoding: str, tell: Teller) -> dict[str, Any]:
    """What `read_text` gives, or why it cannot."""
    try:
        return read_text(suffix, data, encoding, tell)
    except EvidenceInvalid as error:
        return {"refused": [error.message, error.hint, [one.as_data() for one in error.remedies]]}
    except MemoryError:
        return {
            "refused": ["reading it needs more memory than is allowed.", "Divide it, or save it again.", []]
        }
    except RecursionError:
        return {"refused": ["it is nested too deeply.", SAVE_AGAIN, []]}
    # What a damaged file makes a reader raise is not for its documentation to say.
    except Exception as error:
        return {"refused": [f"it is damaged{_said(error)}.", SAVE_AGAIN, []]}


def _said(error: Exception) -> str:
    """What a library says is wrong, in brackets; the type of its error tells people nothing."""
    words = " ".join(str(error).split())[:200]
    return f" ({words})" if words else ""


# --- tables of evidence ------------------------------------------------------------------------------------


def tell_tables(job: dict[str, Any], tell: Teller) -> None:
    """Hand over the tables of a file, then the rows of each, or why it cannot be read."""
    from evidence.files.apart import tables_of
    from evidence.files.grid import Wanted

    name = job["name"]
    wanted = [Wanted(frozenset(needed), frozenset(known)) for needed, known in job["wanted"]]
    asked = Path(job["path"]), job["encoding"], tell.progress, name, wanted, job["sheets"]
    try:
        with tables_of(*asked) as tables:
            found = [
                [t.file, t.name, t.headers, t.titles, t.place, _problems(t), t.cut_short] for t in tables
            ]
            tell.tell({"tables": found, "notes": tables.notes})
            for table in tables:
                for rows in _in_stretches(table.rows):
                    tell.tell({"rows": rows, "problems": _problems(table), "cut": table.cut_short})
                ended = {"end": True, "problems": _problems(table), "cut": table.cut_short}
                tell.tell({**ended, "notes": table.notes})
    except ImportRefused as error:
        tell.tell({"refused": [_problem(one) for one in error.problems]})
    except MemoryError:
        said = Problem(name, "reading it needs more memory than is allowed.", "Divide it, or save it as CSV.")
        tell.tell({"refused": [_problem(said)]})
    except RecursionError:
        said = Problem(name, "it is nested too deeply.", "Save it as CSV.")
        tell.tell({"refused": [_problem(said)]})
    # As above.
    except Exception as error:
        said = Problem(name, f"the file is damaged{_said(error)}.", "Save it again.")
        tell.tell({"refused": [_problem(said)]})


def _in_stretches(rows: Iterator[tuple[str, list[Any]]]) -> Iterator[list[tuple[str, list[Any]]]]:
    """The rows, as many at a time as are handed over together."""
    rows = iter(rows)
    while True:
        some: list[tuple[str, list[Any]]] = []
        characters = 0
        for row in islice(rows, ROWS_AT_ONCE):
            some.append(row)
            characters += sum(len(cell) for cell in row[1] if isinstance(cell, str))
            if characters > CHARACTERS_AT_ONCE:
                break
        if not some:
            return
        yield some


def _problems(table: Any) -> list[Any]:
    """The problems found since they were last handed over, and how many more there are."""
    found = [[_problem(one) for one in table.problems], table.more]
    table.problems.clear()
    table.more = 0
    return found


def _problem(one: Problem) -> list[Any]:
    return [one.where, one.message, one.hint, [remedy.as_data() for remedy in one.remedies]]


# --- the host ----------------------------------------------------------------------------------------------


def work(job: dict[str, Any]) -> None:
    """Read what is asked for in this process, within its limits, and answer on standard output."""
    with open(1, "wb", closefd=False) as out:
        tell = Teller(out)
        if job["reads"] == "table":
            confine(TABLE_MEMORY, TABLE_SECONDS)
            with suppress(BrokenPipeError):
                tell_tables(job, tell)
            return
        confine()
        with open(0, "rb", closefd=False) as data:
            data.seek(0)
            tell.tell(text_answer(job["suffix"], data.read(), job["encoding"], tell))


def serve(control: socket.socket) -> None:
    """Make a process for every file until the socket closes, and say with what code each ended."""
    while True:
        said, given, _, _ = socket.recv_fds(control, 65_536, 2)
        if not said:
            return
        job = json.loads(said)
        needed = NEEDED[job["reads"]]
        for module in (*needed[""], *needed.get(job["suffix"], ())):
            import_module(module)
        # What is there by now is shared with the processes to come, and not gone through by them.
        gc.freeze()
        code = _in_its_own_process(job, given, control)
        control.sendall(f"{code}\n".encode())


def _in_its_own_process(job: dict[str, Any], given: list[int], control: socket.socket) -> int:
    ended, ends = os.pipe()
    process = os.fork()
    if not process:
        _and_exit(lambda: work(job), [(given[0], 0), (given[1], 1)], [ended, control.fileno(), *given])
    for descriptor in (*given, ends):
        os.close(descriptor)
    # Nothing is said to the host meanwhile: that it can be read means that it is closed.
    ready, _, _ = select.select([control.fileno(), ended], [], [])
    if control.fileno() in ready:
        os.killpg(0, signal.SIGKILL)
    os.close(ended)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _and_exit(do: Callable[[], None], moved: list[tuple[int, int]], closed: list[int]) -> None:
    """Do it in this new process with these descriptors, and end without anything of the host's."""
    code = 1
    try:
        for old, new in moved:
            os.dup2(old, new)
        for descriptor in closed:
            os.close(descriptor)
        do()
        code = 0
    finally:
        os._exit(code)


def main() -> None:
    """Be the host."""
    with socket.socket(fileno=os.dup(0)) as control:
        quiet = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(quiet, descriptor)
        sys.stdin = sys.stdout = sys.stderr = open(os.devnull, "r+")  # noqa: SIM115
        serve(control)


if __name__ == "__main__":
    main()
