"""Import of spreadsheets beside CSV: the same findings as CSV, XLSX and ODS.

Alone: python benchmarks/spreadsheets.py [--large]. Ratios are of processor time, of the quickest round of
each: whatever else a machine does adds to it and never takes away. `--large` adds the peak memory with a
million rows of XLSX, with texts of its own in every row, beside 25,000.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

from generate import FRAMEWORK, write_findings
from rounds import Took, call, memory, rounds, shown
from table import Row, as_table, load, machine

BIN = Path(sys.executable).parent
REVIEW = "bench"
ROWS, LARGE = 25_000, 1_000_000
MOST, BOUND = 2.0, "twice CSV"
"""Processor time of a spreadsheet's import, divided by that of the same rows as CSV."""
FLAT = 1.1
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OASIS = "urn:oasis:names:tc:opendocument:xmlns"


def write_xlsx(csv_file: Path) -> Path:
    """The same table as a workbook, its texts shared in the order of the cells, as Excel writes them."""
    path = csv_file.with_suffix(".xlsx")
    texts: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, target in {"_rels/.rels": "xl/workbook.xml", "xl/_rels/workbook.xml.rels": ""}.items():
            kinds = (
                {"officeDocument": target}
                if target
                else {
                    "worksheet": "worksheets/sheet1.xml",
                    "sharedStrings": "sharedStrings.xml",
                }
            )
            each = "".join(
                f'<Relationship Id="r{number}" Type="{RELATIONS}/{kind}" Target="{part}"/>'
                for number, (kind, part) in enumerate(kinds.items(), start=1)
            )
            book.writestr(name, f'<Relationships xmlns="{PACKAGE}">{each}</Relationships>')
        sheet = f'<sheet name="{csv_file.stem}" sheetId="1" r:id="r1"/>'
        root = f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        book.writestr("xl/workbook.xml", f"{root}<sheets>{sheet}</sheets></workbook>")
        with book.open("xl/worksheets/sheet1.xml", "w") as part:
            part.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for number, cells in enumerate(_cells(csv_file), start=1):
                part.write(_row(number, cells, texts).encode())
            part.write(b"</sheetData></worksheet>")
        with book.open("xl/sharedStrings.xml", "w") as part:
            part.write(f'<sst xmlns="{MAIN}" uniqueCount="{len(texts)}">'.encode())
            for text in texts:
                part.write(f"<si><t>{escape(text)}</t></si>".encode())
            part.write(b"</sst>")
    return path


def _row(number: int, cells: Sequence[str], texts: dict[str, int]) -> str:
    found = []
    for letter, cell in zip("ABCDEFGHIJKLMNOP", cells, strict=False):
        if cell.isdigit():
            found.append(f'<c r="{letter}{number}"><v>{cell}</v></c>')
        elif cell:
            found.append(f'<c r="{letter}{number}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>')
    return f'<row r="{number}">{"".join(found)}</row>'


def write_ods(csv_file: Path) -> Path:
    """The same table as an OpenDocument spreadsheet."""
    path = csv_file.with_suffix(".ods")
    spaces = " ".join(f'xmlns:{name}="{OASIS}:{name}:1.0"' for name in ("office", "table", "text"))
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book,
        book.open("content.xml", "w") as part,
    ):
        part.write(f"<office:document-content {spaces}><office:body><office:spreadsheet>".encode())
        part.write(f'<table:table table:name="{csv_file.stem}">'.encode())
        for cells in _cells(csv_file):
            part.write(f"<table:table-row>{''.join(map(_ods_cell, cells))}</table:table-row>".encode())
        part.write(b"</table:table></office:spreadsheet></office:body></office:document-content>")
    return path


def _ods_cell(cell: str) -> str:
    kind = f'float" office:value="{cell}' if cell.isdigit() else "string"
    said = f"<text:p>{escape(cell)}</text:p>"
    return f'<table:table-cell office:value-type="{kind}">{said}</table:table-cell>'


def _cells(csv_file: Path) -> Iterator[list[str]]:
    with csv_file.open(newline="", encoding="utf-8") as file:
        yield from csv.reader(file)


def _import(folder: Path, files: Sequence[Path], _: int) -> Took:
    path = folder / "import.db"
    for old in folder.glob("import.db*"):
        old.unlink()
    command = BIN / "joint-review"
    call(command, "init", "--db", path)
    about = ("--authority", "Bench", "--framework", FRAMEWORK, "--db", path)
    call(command, "review", "create", REVIEW, *about)
    return call(command, "evidence", "import", REVIEW, *files, "--db", path)[0]


def measure_spreadsheets(folder: Path, times: int, *, large: bool) -> list[Row]:
    """A row for each kind of spreadsheet beside CSV and, of many rows, one for memory."""
    folder.mkdir(exist_ok=True)
    sources, findings = write_findings(folder, ROWS)
    kinds: dict[str, Callable[[Path], Path]] = {"XLSX": write_xlsx, "ODS": write_ods}
    files: dict[str, Sequence[Path]] = {"CSV": (sources, findings)}
    files |= {kind: (sources, write(findings)) for kind, write in kinds.items()}
    contenders = [partial(_import, folder, given) for given in files.values()]
    took = dict(zip(files, rounds(times, "findings in spreadsheets", *contenders), strict=True))
    beside = least(took["CSV"])
    found = [
        Row(
            f"import of {ROWS:,} findings as {kind}",
            f"{least(took[kind]):.2f} s of processor time; {shown(took[kind])}",
            f"as CSV: {beside:.2f} s; {shown(took['CSV'])}",
            least(took[kind]) / beside,
        ).at_most(MOST, BOUND)
        for kind in kinds
    ]
    if large:
        found += _large(folder, took["XLSX"])
    return found


def _large(folder: Path, small: Sequence[Took]) -> Iterable[Row]:
    many = folder / "many"
    many.mkdir(exist_ok=True)
    sources, findings = write_findings(many, LARGE)
    took = _import(folder, (sources, write_xlsx(findings)), 1)
    yield Row(
        f"peak memory of the import of {LARGE:,} findings as XLSX",
        f"{took.memory:.0f} MiB; {took.cpu:.0f} s of processor time",
        f"{ROWS:,} findings: {memory(small):.0f} MiB",
        took.memory / memory(small),
    ).at_most(FLAT, "flat")


def least(took: Sequence[Took]) -> float:
    """The processor time of the quickest round."""
    return min(one.cpu for one in took)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        rows = measure_spreadsheets(Path(made), 5, large="--large" in sys.argv)
    print(machine(()), f"load {load()}", as_table(rows), sep="\n")
    sys.exit(0 if all(row.held for row in rows) else 1)
