"""What the files of a report cost: the example's report as DOCX, PDF and HTML, and marked copies of it.

    python benchmarks/report_files.py

The report of `examples/wales-2004-08` is written and composed once. Each round renders it in a process of its
own, which loads all that renderers need: with the charts of its survey results, and without. Copies are made
one after the other in one process, each with a mark of its own, as they are before a presentation.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

from pypdf import PdfReader
from rounds import call, say
from table import Row, as_table, machine

from joint_review.opening import open_programme
from programme.reviews import find_review
from report.editions import draft_of
from report.model import Figure, Words, from_json, to_json
from report.render.page import page
from report.render.pdf import pdf
from report.render.spoken import Mark
from report.render.word import word
from report.written import find_report

EXAMPLE = Path(__file__).parent.parent / "examples" / "wales-2004-08"
REVIEW = "wales-2004-08"
NOW = datetime(2026, 11, 2, tzinfo=UTC)
ROUNDS, COPIES = 5, 150
MOST_WITHOUT, MOST_WITH, MOST_COPY = 3.0, 6.0, 0.5
"""Seconds of processor time."""


@dataclass(frozen=True)
class FilesMade:
    """What the files of one report took, in seconds of processor time."""

    blocks: int
    charts: int
    pages: int
    without: list[float]
    """All three files without charts, start of Python and loading included."""
    with_charts: list[float]
    pdf_copies: list[float]
    """Each of the copies."""
    word_copies: list[float]


def write_example(folder: Path) -> Path:
    """The example's report as it is written, composed from its run, as a file of JSON."""
    folder.mkdir(exist_ok=True)
    programme, body = folder / "programme.db", folder / "report.json"
    command, by = Path(sys.executable).parent / "joint-review", ("--by", "benchmark", "--db", programme)
    files = [EXAMPLE / f"{name}.csv" for name in ("sources", "findings", "survey-results", "indicators")]
    call(command, "init", "--db", programme)
    call(command, "review", "create", "--file", EXAMPLE / "review.yml", *by)
    call(command, "evidence", "import", REVIEW, *files, *by)
    call(command, "assess", REVIEW, "--evaluator-only", *by)
    call(command, "report", "start", REVIEW, *by)
    call(command, "report", "write", REVIEW, EXAMPLE / "report", *by)
    db = open_programme(programme)
    try:
        report = draft_of(db, find_report(db, find_review(db, REVIEW)))
    finally:
        db.conn.close()
    body.write_text(to_json(report), encoding="utf-8")
    return body


def measure_files(folder: Path, rounds: int = ROUNDS, copies: int = COPIES) -> FilesMade:
    """The files of the example's report `rounds` times, and so many copies of it."""
    body = write_example(folder)
    report = from_json(body.read_bytes())
    took: dict[str, list[float]] = {"without": [], "with": []}
    for number in range(1, rounds + 1):
        for charts in took:
            say(f"files of a report {charts} charts, round {number} of {rounds}")
            took[charts].append(call(sys.executable, __file__, charts, body)[0].cpu)
    say(f"{copies} copies of a report as PDF and as Word")
    _, said = call(sys.executable, __file__, "copies", body, copies)
    made = json.loads(said.splitlines()[-1])
    return FilesMade(
        blocks=len(report.blocks),
        charts=sum(isinstance(block, Figure) for block in report.blocks),
        pages=made["pages"],
        without=took["without"],
        with_charts=took["with"],
        pdf_copies=made["pdf"],
        word_copies=made["word"],
    )


def render_all(body: Path, *, charts: bool) -> None:
    """The three files of a report, in a process that has loaded nothing yet."""
    report = from_json(body.read_bytes())
    if not charts:
        blocks = tuple(block for block in report.blocks if not isinstance(block, Figure))
        report = report.model_copy(update={"blocks": blocks})
    made = (pdf(report, "en", NOW), word(report, "en", NOW), page(report, "en").encode())
    assert all(made)


def render_copies(body: Path, copies: int) -> dict[str, Any]:
    """Seconds of processor time of every copy, and the pages of one."""
    report = from_json(body.read_bytes())
    took: dict[str, Any] = {"pdf": [], "word": []}
    content = b""
    for number in range(1, copies + 1):
        mark = Mark(number, copies, Words.same(f"Recipient {number}"), Words.same("24 November 2026, 2pm"))
        for name, render in (("pdf", pdf), ("word", word)):
            start = process_time()
            made = render(report, "en", NOW, mark)
            took[name].append(process_time() - start)
            content = made if name == "pdf" else content
    return took | {"pages": len(PdfReader(io.BytesIO(content)).pages)}


def files_rows(found: FilesMade) -> list[Row]:
    """The lines of the table."""

    def row(measured: str, took: list[float], bound: float, more: str) -> Row:
        middle, most = statistics.median(took), max(took)
        own = f"{middle:.2f} s of processor time, at most {most:.2f} s"
        return Row(measured, own, more, bound=f"at most {bound:g} s", held=middle <= bound)

    one = f"a report of {found.pages} pages"
    shown = f"{found.charts} charts"
    first = f"first with its charts, {found.pdf_copies[0]:.2f} s and {found.word_copies[0]:.2f} s"
    many = f"each of {len(found.pdf_copies)} marked copies"
    return [
        row(f"DOCX, PDF and HTML of {one}, no charts", found.without, MOST_WITHOUT, f"{found.blocks} blocks"),
        row(
            f"DOCX, PDF and HTML of {one}, {shown}",
            found.with_charts,
            MOST_WITH,
            "the start of Python included",
        ),
        row(f"{many} as PDF", found.pdf_copies, MOST_COPY, first),
        row(f"{many} as DOCX", found.word_copies, MOST_COPY, ""),
    ]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["with" | "without" as wanted, path]:
            render_all(Path(path), charts=wanted == "with")
        case ["copies", path, number]:
            print(json.dumps(render_copies(Path(path), int(number))))
        case _:
            with tempfile.TemporaryDirectory(prefix="joint-review-bench-") as name:
                measured = measure_files(Path(name) / "report")
            print(machine(("joint-review",)))
            print(as_table(files_rows(measured)))
            print(json.dumps(asdict(measured)))
