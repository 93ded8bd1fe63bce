"""Files of every kind, damaged at random: each is read or refused in words; refused, it changes nothing.

A few seconds of it run with the other tests, the same ones each time. `FUZZ=1000` tries so many of every
reader, `FUZZ_SEED=7` others than before; a file that is neither read nor refused is kept, and named.
"""

from __future__ import annotations

import asyncio
import io
import os
import random
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from text_files import W, docx, form_pdf, odt, paragraph, pdf, rtf, run, table, xlsx

from evidence.files.tables import open_tables
from evidence.files.texts import GivenFile, read_texts
from evidence.intake.importing import import_files
from evidence.intake.layouts import LAYOUTS, template
from joint_review.web.uploads import FormTooLarge, FormUnreadable, read_form
from programme.database import Database
from programme.progress import no_progress
from programme.reviewfile import read_review_file
from programme.reviews import create_review, find_review
from rules.errors import ProblemsFound, ReviewError
from rules.framework import Framework
from rules.limits import LONGEST_SAID, MOST_PAGES, MOST_PROBLEMS
from rules.policyfile import load_policy_file

TIMES = int(os.environ.get("FUZZ", "14"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
SECONDS = 30.0
LIBRARY = Path(__file__).parent.parent / "rules" / "library"
PIECES = (
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r\n",
        b"\x0c",
        b'"',
        b"'",
        b"<",
        b">",
        b"</",
        b"<!--",
        b"-->",
    ),
    *(
        b"]]>",
        b"&amp;",
        b"&#0;",
        b"&x;",
        b"{",
        b"}",
        b"[",
        b"]",
        b"- ",
        b": ",
        b"? ",
        b"&a ",
        b"*a ",
        b"%PDF-",
    ),
    *(b"endobj", b"stream", b"/Length 1", b"PK\x03\x04", b"\xcc\x81", b"\xe2\x80\xae", b"\xed\xa0\x80"),
    *(b"9999999999999999999", b"-1", b"1e999", b"NaN", b"=1+1", b"\t", b";", b",", b"---\n", b"\xc3", b"\\"),
)
"""What means something to one reader or another."""


def damaged(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """The bytes with one to four things done to them."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made) + 1)
        to = min(len(made), at + chance.choice((1, 2, 8, 60, 900)))
        match chance.randrange(8):
            case 0:
                del made[at:to]
            case 1:
                made[at:to] = made[at:to] * chance.choice((2, 3, 60))
            case 2:
                made[at:at] = chance.choice(PIECES) * chance.choice((1, 2, 300))
            case 3:
                for place in range(at, to):
                    made[place] = chance.randrange(256)
            case 4:
                if at < len(made):
                    made[at] ^= 1 << chance.randrange(8)
            case 5:
                del made[at:]
            case 6:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                made[at:at] = other[start : start + chance.choice((10, 400, 5_000))]
            case _:
                made[at:to] = chance.choice(PIECES)
    return bytes(made[:400_000])


def damaged_within(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """An archive, one part of which is damaged; or the archive itself."""
    if chance.random() < 0.3:
        return damaged(data, chance, others)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        parts = old.namelist()
        hit = chance.choice(parts)
        for name in parts:
            content = old.read(name)
            new.writestr(name, damaged(content, chance, others) if name == hit else content)
    return out.getvalue()


ROWS = [["source", "locator", "finding"], ["C1", "page 1", "Carers waited."]]
BOOK = xlsx({"Findings": ROWS, "Two": [["a"], [1]]})
DOCUMENTS: dict[str, bytes] = {
    "a.txt": "One\fTwo tŷ dŵr\n\nCarers e\u0301 waited.".encode(),
    "wide.txt": "Un\fDau tŷ".encode("utf-16"),
    "a.md": b"# One\n\nText\n\n```\n# not\n```\n## Two\nmore <b>text</b>",
    "a.html": b"<!-- x --><!doctype html><meta charset='utf-8'><h1>A</h1><p hidden>no<p>Text"
    b"<table><tr><td>1<td>2</table>",
    "a.csv": b'a;b\n"one; two";2\n3;"four ""five"""\n',
    "a.pdf": pdf(["Carers waited.", "Nobody asked."], "Two"),
    "a.docx": docx(paragraph("One", style="Heading1") + paragraph("Carers waited.") + table(["a", "b"])),
    "a.xlsx": BOOK,
    "form.html": b"<style>.a{display:none}</style><p class=a>x"
    b"<p>In 2007<sup>1</sup> <input type=checkbox checked> <select><option>a<option selected>b"
    b"</select><ol start=3><li>x</ol><table><tr><td rowspan=2>a<td colspan=3>b<tr><td>c</table>"
    b"<math><mfrac><mn>1<mn>2",
    "form.docx": docx(
        paragraph("In 2007", xml=run("1", '<w:vertAlign w:val="superscript"/>')),
        '<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:fldSimple w:instr="x"><w:r>'
        '<w:t>3</w:t></w:r></w:fldSimple><w:r><w:fldChar w:fldCharType="begin"><w:ffData>'
        '<w:checkBox/></w:ffData></w:fldChar></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>',
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/><w:vMerge w:val="restart"/></w:tcPr></w:tc></w:tr>'
        "</w:tbl>",
        parts={
            "word/numbering.xml": f'<w:numbering {W}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0">'
            '<w:start w:val="3"/><w:lvlText w:val="%1."/></w:lvl></w:abstractNum><w:num w:numId="1">'
            '<w:abstractNumId w:val="0"/></w:num></w:numbering>'
        },
    ),
    "form.pdf": form_pdf(),
    "a.odt": odt(
        '<text:h text:outline-level="1">A</text:h><text:p>b<text:note><text:note-citation>1'
        "</text:note-citation><text:note-body><text:p>c</text:p></text:note-body></text:note></text:p>"
        "<text:list><text:list-item><text:p>d</text:p></text:list-item></text:list><table:table>"
        '<table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>e</text:p>'
        "</table:table-cell></table:table-row></table:table>"
    ),
    "a.rtf": rtf(
        r"\pard\s1 A\par\pard In 2007{\super 1} d\u373?r {\footnote\pard b} {\v c}\par"
        r"\trowd\cellx1000\cellx2000\intbl a\cell b\cell\row\pard{\field{\*\fldinst FORMCHECKBOX "
        r"{\*\formfield{\fftype1\ffres1}}}{\fldrslt }}\par"
    ),
    "a.vtt": b"WEBVTT\n\nc-1/15\n00:00:03.120 --> 00:00:05.000\n<v Chair>Carers &amp; families</v>\n",
    "a.srt": b"1\n00:00:01,000 --> 00:00:02,000\nChair: Who?\n\n2\n00:00:03,000 --> 00:00:04,000\nWe.\n",
}
TABLES: dict[str, bytes] = {
    **{f"{layout}.csv": template(layout).encode() for layout in LAYOUTS},
    "findings.xlsx": BOOK,
    "findings.yml": b"findings:\n- source: C1\n  locator: page 1\n  finding: Waited.\n  domains: [a]\n",
    "findings.json": b'[{"source": "C1", "locator": "page 1", "finding": "Waited.", "significance": 2}]',
}
BOUNDARY = b"--edge"
FORM = b"\r\n".join(
    [
        *(BOUNDARY, b'Content-Disposition: form-data; name="kind"', b"", b"document", BOUNDARY),
        b'Content-Disposition: form-data; name="files"; filename="a.txt"',
        *(b"Content-Type: text/plain", b"", b"Carers waited.", BOUNDARY + b"--", b""),
    ]
)
EVERYTHING = [*DOCUMENTS.values(), *TABLES.values(), FORM]


def tries(seeds: dict[str, bytes], what: str) -> Iterator[tuple[str, bytes]]:
    """Damaged files, each name in its turn: always the same ones for a seed."""
    chance = random.Random(f"{what} {SEED}")
    names = list(seeds)
    for number in range(TIMES):
        name = names[number % len(names)]
        archive = name.endswith((".xlsx", ".docx", ".odt"))
        yield name, (damaged_within if archive else damaged)(seeds[name], chance, EVERYTHING)


def check(name: str, data: bytes, read: Callable[[], Any]) -> bool:
    """Whether the file was read; fails, and keeps it, where it was not refused as it should be."""
    try:
        read()
    except ReviewError as error:
        problems = error.problems if isinstance(error, ProblemsFound) else ()
        said = [error.message, *(text for one in problems for text in (one.where, one.message, one.hint))]
        short = len(problems) <= MOST_PROBLEMS and all(len(text) <= LONGEST_SAID for text in said)
        ended = [text for text in said if any(words in text for words in UNEXPECTED)]
        if short and not ended and error.message:
            return False
        pytest.fail(f"refused otherwise than in words: {ended or said}; kept as {kept(name, data)}")
    except Exception as error:
        pytest.fail(f"neither read nor refused ({type(error).__name__}: {error}); kept as {kept(name, data)}")
    return True


UNEXPECTED = ("the reader ended", "the reader died", "nobody understands", "took longer", "took too long")
"""What is said where the process that reads did not get to an end of its own."""


def kept(name: str, data: bytes) -> str:
    folder = Path(tempfile.gettempdir()) / "joint-review-fuzz"
    folder.mkdir(exist_ok=True)
    path = folder / f"{SEED}-{abs(hash(data))}-{name}"
    path.write_bytes(data)
    return str(path)


def test_a_damaged_document_is_read_or_refused_in_words() -> None:
    read = 0
    for name, data in tries(DOCUMENTS, "documents"):

        def one(name: str = name, data: bytes = data) -> None:
            for text in read_texts([GivenFile(name, data or b" ")], no_progress, seconds=SECONDS):
                assert len(text.pages) <= MOST_PAGES and any(page.strip() for page in text.pages)

        read += check(name, data, one)
    assert read, "nothing was left readable: too much is damaged for this to try anything"


def test_a_damaged_table_is_read_or_refused_in_words(tmp_path: Path) -> None:
    for name, data in tries(TABLES, "tables"):
        path = tmp_path / name
        path.write_bytes(data)

        def one(path: Path = path) -> None:
            with open_tables(path, "utf-8", no_progress, seconds=SECONDS) as tables:
                for found in tables:
                    assert all(len(values) == len(found.headers) for _, values in found.rows)
                    assert len(found.problems) <= MOST_PROBLEMS

        check(name, data, one)


def state(db: Database) -> list[Any]:
    """How many rows every table holds."""
    names = [name for (name,) in db.conn.execute("select name from sqlite_master where type = 'table'")]
    return [db.conn.execute(f'select count(*) from "{name}"').fetchone() for name in names]


def test_a_refused_import_changes_nothing(db: Database, tmp_path: Path) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    create_review(db, "r1", "One", "wales-round-2", window_from=None, window_to=None, by="lead", at=at)
    review = find_review(db, "r1")
    for name, data in tries(TABLES, "imports"):
        path = tmp_path / name
        path.write_bytes(data)
        before = state(db)

        def one(path: Path = path) -> None:
            import_files(db, review, [path], by="lead", at=at)

        if not check(name, data, one):
            assert state(db) == before, f"{name}: kept as {kept(name, data)}"
        assert not db.conn.in_transaction


def test_a_damaged_policy_file_is_read_or_refused_in_words(tmp_path: Path) -> None:
    frameworks = {path.parent.name: path.read_bytes() for path in sorted(LIBRARY.glob("*/framework.yml"))[:3]}
    review = b"id: north-2026\nauthority: North\nframework: wales-round-2\nwindow: {from: 2025-01-01}\n"
    for name, data in tries({**frameworks, "review": review}, "policies"):
        path = tmp_path / f"{name}.yml"
        path.write_bytes(data)

        def one(path: Path = path, name: str = name) -> None:
            read_review_file(path) if name == "review" else load_policy_file(path, Framework)

        check(path.name, data, one)


def test_a_damaged_form_is_read_or_refused_in_words(tmp_path: Path) -> None:
    for number, (name, data) in enumerate(tries({"form": FORM}, "forms")):
        folder = tmp_path / str(number)
        folder.mkdir()
        cut = random.Random(number).randrange(len(data) + 1)

        async def parts(data: bytes = data, cut: int = cut, folder: Path = folder) -> None:
            waiting = [data[:cut], data[cut:]]

            async def receive() -> dict[str, Any]:
                body = waiting.pop(0)
                return {"type": "http.request", "body": body, "more_body": bool(waiting)}

            await read_form("multipart/form-data; boundary=edge", receive, folder)

        def one(parts: Any = parts) -> None:
            try:
                asyncio.run(parts())
            except (FormUnreadable, FormTooLarge) as error:
                raise ReviewError(error.message) from error

        check(name, data, one)
