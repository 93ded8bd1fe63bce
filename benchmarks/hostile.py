"""One user who does the server harm, and what everybody else has of it.

    python benchmarks/hostile.py [--pages 50] [--only WORDS]

The server is the one that `joint-review serve` starts. One user repeats one thing in several threads, as fast
as it is answered, while another reads PAGES pages. Of each thing the table shows how long those pages took,
how much memory all processes of the server held together, how long the longest of the hostile requests took,
and what they were answered. Bounds: pages within 1 s (median), 1.5 GB, every request ended or refused within
120 s. Files that only commands take are imported meanwhile by the command line, whose processes count, too.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, sleep
from urllib.parse import urlencode

import httpx
from generate import FRAMEWORK, write_evidence
from load import PASSWORD, REVIEW
from rounds import say
from server import BIN, Server
from table import code, load, machine

from evidence.files.texts import GivenFile
from evidence.intake.importing import import_files
from evidence.sources import SourceDetails, add_sources
from joint_review.opening import init_programme
from programme.accounts import open_accounts
from programme.permissions import Role
from programme.reviews import create_review, find_review
from programme.users import add_user

MEDIAN, MEMORY, ENDS = 1.0, 1_500_000_000, 120.0
"""Seconds of a page; bytes of all processes; seconds of one hostile request."""
AT_ONCE, AT_TERMINALS = 8, 2
"""Threads in which the one user does it; commands that they run at once."""
HERE = f"/reviews/{REVIEW}"
READ = (
    *(HERE, f"{HERE}/items", f"{HERE}/sources", f"{HERE}/trail/carers", f"{HERE}/sources/D-002"),
    "/-/sign-in",
)
TERMINAL = "on the command line"
MARK = "\u0301"


@dataclass
class Person:
    """Somebody who is signed in."""

    address: str
    name: str
    client: httpx.Client = field(init=False)
    token: str = ""

    def __post_init__(self) -> None:
        headers = {"origin": self.address}
        # One connection a request: those of a hostile user are not kept for each other.
        limits = httpx.Limits(max_connections=100, keepalive_expiry=2)
        self.client = httpx.Client(base_url=self.address, headers=headers, timeout=ENDS + 60, limits=limits)
        self.token = self._token()
        said = {"csrftoken": self.token, "name": self.name, "password": PASSWORD}
        assert self.client.post("/-/sign-in", data=said).status_code == 303
        self.token = self._token()

    def _token(self) -> str:
        found = re.search(r'name="csrftoken" value="([^"]+)"', self.client.get("/-/sign-in").text)
        assert found
        return found[1]

    def form(self, path: str, **fields: str) -> str:
        """Send a form; what it was answered."""
        answer = self.client.post(f"{HERE}{path}.json", data={"csrftoken": self.token, **fields})
        return str(answer.status_code)

    def files(self, *files: tuple[str, bytes]) -> str:
        """Add files as sources."""
        given = [("files", file) for file in files]
        fields = {"csrftoken": self.token, "kind": "document"}
        answer = self.client.post(f"{HERE}/sources/add/files.json", data=fields, files=given)
        return str(answer.status_code)

    def page(self, path: str) -> str:
        """Ask for a page."""
        return str(self.client.get(path).status_code)


Does = Callable[[Person], str]


def rests(person: Person) -> str:
    """Does nothing."""
    sleep(0.2)
    return ""


@dataclass
class Found:
    """What came of one thing."""

    what: str
    pages: list[float]
    memory: int
    longest: float
    answers: Counter[str]

    @property
    def held(self) -> bool:
        """Whether all bounds are held."""
        return statistics.median(self.pages) <= MEDIAN and self.memory <= MEMORY and self.longest <= ENDS


# --- what is done ------------------------------------------------------------------------------------------


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def word(body: bytes) -> bytes:
    kind = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    rels = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    main = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    packages = b"http://schemas.openxmlformats.org/package/2006"
    return packed(
        {
            "[Content_Types].xml": b'<Types xmlns="%s/content-types"><Override PartName="/word/document.xml"'
            b' ContentType="%s"/></Types>' % (packages, kind),
            "_rels/.rels": b'<Relationships xmlns="%s/relationships"><Relationship Id="r" Type="%s"'
            b' Target="word/document.xml"/></Relationships>' % (packages, rels),
            "word/document.xml": b'<w:document xmlns:w="%s"><w:body>%s</w:body></w:document>' % (main, body),
        }
    )


def open_document() -> bytes:
    """A table of 50 rows, each of which says that it is there ten million times."""
    name = b"urn:oasis:names:tc:opendocument:xmlns:%s:1.0"
    names = b" ".join(b'xmlns:%s="%s"' % (each, name % each) for each in (b"office", b"text", b"table"))
    cell = b'<table:table-cell table:number-columns-repeated="9999999"><text:p>a</text:p></table:table-cell>'
    row = b'<table:table-row table:number-rows-repeated="9999999">%s</table:table-row>' % cell
    body = b"<office:body><office:text><table:table>%s</table:table></office:text></office:body>" % (row * 50)
    return packed(
        {
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": b"<office:document-content %s>%s</office:document-content>" % (names, body),
        }
    )


def workbook(sheet: bytes, sheets: int = 1) -> bytes:
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = b"http://schemas.openxmlformats.org/package/2006"
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml"
    names = range(1, sheets + 1)
    listed = b"".join(b'<sheet name="S%d" sheetId="%d" r:id="r%d"/>' % (n, n, n) for n in names)
    place = b'<Relationship Id="r%d" Type="%s/worksheet" Target="worksheets/s%d.xml"/>'
    places = b"".join(place % (n, rel, n) for n in names)
    of_type = b'<Override PartName="/xl/worksheets/s%d.xml" ContentType="%s.worksheet+xml"/>'
    types = b"".join(of_type % (n, kind) for n in names)
    content = b'<worksheet xmlns="%s">%s</worksheet>' % (main, sheet)
    return packed(
        {
            "[Content_Types].xml": b'<Types xmlns="%s/content-types"><Override PartName="/xl/workbook.xml"'
            b' ContentType="%s.sheet.main+xml"/>%s</Types>' % (packages, kind, types),
            "_rels/.rels": b'<Relationships xmlns="%s/relationships"><Relationship Id="r" Type='
            b'"%s/officeDocument" Target="xl/workbook.xml"/></Relationships>' % (packages, rel),
            "xl/workbook.xml": b'<workbook xmlns="%s" xmlns:r="%s"><sheets>%s</sheets></workbook>'
            % (main, rel, listed),
            "xl/_rels/workbook.xml.rels": b'<Relationships xmlns="%s/relationships">%s</Relationships>'
            % (packages, places),
            **{f"xl/worksheets/s{n}.xml": content for n in names},
        }
    )


def cell(place: str, text: str = "x") -> bytes:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'.encode()


def rows_far_out(rows: int) -> bytes:
    made = b"".join(b'<row r="%d">%s</row>' % (n, cell(f"XFD{n}")) for n in range(1, rows))
    return b"<sheetData>" + made + b"</sheetData>"


def pdf(pages: int) -> bytes:
    from pypdf import PdfWriter

    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    writer.write(out)
    return out.getvalue()


def slowly(person: Person) -> str:
    """A form of which one byte comes a second."""
    host, port = person.address.removeprefix("http://").split(":")
    cookies = "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())
    with socket.create_connection((host, int(port)), timeout=ENDS) as raw:
        raw.sendall(
            f"POST {HERE}/coverage/tag.json HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {person.address}\r\n"
            f"Cookie: {cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            "Content-Length: 900\r\n\r\n".encode()
        )
        raw.settimeout(1)
        for _ in range(int(ENDS)):
            try:
                raw.sendall(b"x")
                if found := raw.recv(15):
                    return found.decode().split()[1]
                return "closed"
            except TimeoutError:
                continue
            except OSError:
                return "closed"
    return "open"


def records(fields: dict[str, str]) -> Does:
    return lambda person: person.form("/sources/D-004/record", **fields)


def statement(sql: str) -> Does:
    return lambda person: person.page("/hostile.json?" + urlencode({"sql": sql}))


def sends(*files: tuple[str, bytes]) -> Does:
    return lambda person: person.files(*files)


ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select "


def things() -> Iterator[tuple[str, str, Does]]:
    """Each thing, who does it, and how."""
    reviewer, moderator = "reviewer-1", "moderator-1"
    comments = b"<!-- a -->\n" * 300 + b"# Notes\ntext"
    yield "a text that begins with 300 comments", reviewer, sends(("a.md", comments))
    yield "two million marks on one letter", reviewer, sends(("a.txt", ("a" + MARK * 2_000_000).encode()))
    yield "a million form feeds", reviewer, sends(("a.txt", b"a" + b"\f" * 1_000_000 + b"b"))
    yield "a million headings", reviewer, sends(("a.md", b"# a\nb\n" * 1_000_000))
    yield "a line of 40 million letters", reviewer, sends(("a.txt", b"a" * 40_000_000))
    yield "a page of HTML 150,000 elements deep", reviewer, sends(("a.html", b"<div>" * 150_000 + b"x"))
    cells = b"<table>" + b"<tr>" + b"<td>" * 2_000_000
    yield "a table of HTML with two million cells", reviewer, sends(("a.html", cells))
    spans = b"<table>" + b"<tr><td colspan=1000 rowspan=65000>a<td>b" * 100_000
    yield "a table of HTML whose cells span everything", reviewer, sends(("a.html", spans))
    letters = b"{\\rtf1 " + b"\\'e9" * 8_000_000 + b"}"
    yield "a rich text of eight million letters", reviewer, sends(("a.rtf", letters))
    yield "an OpenDocument table of endless rows", reviewer, sends(("a.odt", open_document()))
    cues = b"WEBVTT\n\n" + b"00:00:01.000 --> 00:00:02.000\n<v A>a\n\n" * 700_000
    yield "a transcript of 700,000 cues", reviewer, sends(("a.vtt", cues))
    yield "a Word document that unpacks to 280 MB", reviewer, sends(("a.docx", word(b" " * 280_000_000)))
    deep = b"<w:tbl><w:tr><w:tc>" * 5_000 + b"</w:tc></w:tr></w:tbl>" * 5_000
    yield "a Word document 5,000 tables deep", reviewer, sends(("a.docx", word(deep)))
    many = b"<w:p><w:r><w:t>a</w:t></w:r></w:p>" * 400_000
    yield "a Word document of 400,000 paragraphs", reviewer, sends(("a.docx", word(many)))
    far = workbook(rows_far_out(60_000))
    yield "a workbook with cells in the last column", reviewer, sends(("a.xlsx", far))
    yield "a workbook of 2,000 sheets", reviewer, sends(("a.xlsx", workbook(b"<sheetData/>", 2_000)))
    yield "a PDF of 6,000 pages", reviewer, sends(("a.pdf", pdf(6_000)))
    long = "".join(random.Random(1).choices("abc \n", k=2_000_000)).encode()
    yield "50 texts of two million characters", reviewer, sends(*((f"{n}.txt", long) for n in range(50)))
    yield "forms that bring a byte a second", reviewer, slowly
    yield "a page of dots", reviewer, lambda person: person.page(f"{HERE}/sources/D-003")
    almost = "a " * 4_990 + "b"
    fields = {"direction": "weakness", "significance": "2", "domain": "carers", "finding": "x"}
    yield "a quote that is almost in the text", reviewer, records({**fields, "quote": almost})
    marks = {**fields, "quote": "a" + MARK * 8_000, "note": "a" + MARK * 8_000}
    yield "words of marks in a form", reviewer, records(marks)
    yield "words of a million characters", reviewer, records({**fields, "note": "a" * 990_000})
    yield "the same page, again and again", reviewer, lambda person: person.page(f"{HERE}/coverage")
    yield "a statement without end", moderator, statement(f"{ENDLESS} count(*) from n")
    blobs = f"{ENDLESS} randomblob(900000) from n"
    yield "a statement that gives gigabytes", moderator, statement(blobs)
    yield "a statement that makes gigabytes", moderator, statement("select hex(zeroblob(900000000))")
    yield "a statement of 30,000 bytes", moderator, statement("select 1" + " + 1" * 7_500)
    imported = HOSTILE_IMPORTS
    for what in imported:
        yield f"{TERMINAL}: {what}", reviewer, imported[what]


def imports(name: str, data: Callable[[], bytes]) -> Does:
    """The import of a file by the command line, into the database that is served."""
    made: list[bytes] = []

    def do(person: Person) -> str:
        if not made:
            made.append(data())
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(made[0])
            command = [BIN / "joint-review", "evidence", "import", REVIEW, path, "--by", "hostile"]
            done = subprocess.run([*map(str, command), "--db", str(DATABASE[0])], capture_output=True)
        return f"exit code {done.returncode}"

    return do


DATABASE: list[Path] = []
HEADS = "source,locator,finding,direction,significance\n"
HOSTILE_IMPORTS: dict[str, Does] = {
    "a table of 200,000 headers": imports("a.csv", lambda: ",".join(map(str, range(200_000))).encode()),
    "100,000 keys that differ": imports(
        "a.json", lambda: json.dumps([{f"k{n}": n} for n in range(100_000)]).encode()
    ),
    "50,000 wrong rows": imports("findings.csv", lambda: (HEADS + "X,p,f,up,9\n" * 50_000).encode()),
    "a million merged cells": imports(
        "a.xlsx",
        lambda: workbook(
            b"<sheetData><row r='1'>"
            + cell("A1")
            + b"</row></sheetData><mergeCells>"
            + b"".join(b'<mergeCell ref="A%d:B%d"/>' % (n, n) for n in range(2, 1_000_000))
            + b"</mergeCells>"
        ),
    ),
    "a line of 100 million letters": imports("a.csv", lambda: b"a" * 100_000_000),
}


# --- measuring ---------------------------------------------------------------------------------------------


def programme(path: Path) -> None:
    """A review with evidence, sources of text, a reviewer who is hostile and one who is not."""
    at = datetime.now(UTC)
    db, _ = init_programme(path)
    with closing(db.conn), tempfile.TemporaryDirectory() as made:
        review = create_review(
            db, REVIEW, "Bench", FRAMEWORK, window_from=None, window_to=None, by="benchmark", at=at
        )
        import_files(db, review, write_evidence(Path(made), 2_000), by="benchmark", at=at)
        texts = {
            "1.txt": "Carers waited. " * 500,
            "2.txt": "Nobody asked. " * 500,
            "3.txt": "." * 190_000 + "\fend",
            "4.txt": "a " * 1_000_000,
        }
        given = [GivenFile(name, text.encode()) for name, text in texts.items()]
        add_sources(db, find_review(db, REVIEW), given, SourceDetails(), by="benchmark", at=at)
        accounts = open_accounts(path)
        people = (("reviewer-1", Role.REVIEWER, REVIEW), ("reviewer-2", Role.REVIEWER, REVIEW))
        for name, role, of in (*people, ("moderator-1", Role.MODERATOR, None)):
            add_user(db, name, role=role, review=of, by="benchmark", at=at)
            accounts.set_password(name, PASSWORD, at=at)
    command = [BIN / "joint-review", "assess", REVIEW, "--by", "root", "--db", path]
    subprocess.run([*map(str, command)], check=True, capture_output=True)


def memory_of(parent: int) -> int:
    """Bytes that a process and all below it hold, what they share counted once."""
    below: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
        except OSError:
            continue
        below.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(status.parent.name))
    held, waiting = 0, [parent, *(one for one in below.get(os.getpid(), ()) if one != parent)]
    while waiting:
        process = waiting.pop()
        waiting += below.get(process, ())
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        held += sum(int(size) for size in re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)) * 1_024
    return held


def measure(server: Server, what: str, hostile: Person, does: Does, reader: Person, pages: int) -> Found:
    """Let it be done while pages are read."""
    stop, longest, answers = threading.Event(), [0.0], Counter[str]()
    memory = [0]

    def again() -> None:
        while not stop.is_set():
            begun = perf_counter()
            try:
                said = does(hostile)
            except (httpx.HTTPError, OSError) as error:
                said = type(error).__name__
            longest[0] = max(longest[0], perf_counter() - begun)
            answers[said] += 1

    def watch() -> None:
        assert server.process
        while not stop.is_set():
            memory[0] = max(memory[0], memory_of(server.process.pid))
            sleep(0.5)

    many = AT_TERMINALS if what.startswith(TERMINAL) else AT_ONCE
    threads = [*(threading.Thread(target=again) for _ in range(many)), threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    sleep(1)
    took = []
    for number in range(pages):
        begun = perf_counter()
        assert reader.page(READ[number % len(READ)]) == "200"
        took.append(perf_counter() - begun)
    stop.set()
    for thread in threads:
        thread.join(ENDS + 60)
    return Found(what, took, memory[0], longest[0], answers)


def rows(found: Sequence[Found]) -> list[str]:
    """The table."""
    lines = ["| one user | pages of others: median; worst | memory | longest request | answers | held |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for one in found:
        times = f"{statistics.median(one.pages):.2f} s; {max(one.pages):.2f} s"
        answers = ", ".join(f"{said}: {count:,}" for said, count in one.answers.most_common())
        held = "yes" if one.held else "no"
        size = f"{one.memory / 1e6:,.0f} MB"
        lines.append(f"| {one.what} | {times} | {size} | {one.longest:.1f} s | {answers} | {held} |")
    return lines


def main() -> None:
    """Measure everything and print the table; exit code 1 where a bound is not held."""
    parser = argparse.ArgumentParser(description="One hostile user, and what everybody else has of it.")
    parser.add_argument("--pages", type=int, default=50, help="pages that are read beside each thing")
    parser.add_argument("--only", default="", help="only what has these words in its name")
    asked = parser.parse_args()
    before = load()
    with tempfile.TemporaryDirectory(prefix="joint-review-bench-") as folder:
        path = Path(folder) / "hostile.db"
        say("making up a review")
        programme(path)
        DATABASE[:] = [path]
        server = Server(path)
        server.start()
        found: list[Found] = []
        try:
            names = ("reviewer-1", "reviewer-2", "moderator-1")
            people = {name: Person(server.address, name) for name in names}
            reader = people["reviewer-2"]
            nothing = measure(server, "nothing", reader, rests, reader, asked.pages)
            found.append(Found(nothing.what, nothing.pages, nothing.memory, 0, Counter()))
            for what, who, does in things():
                if asked.only in what:
                    say(what)
                    found.append(measure(server, what, people[who], does, reader, asked.pages))
                    say(rows(found[-1:])[-1])
            begun = perf_counter()
            server.stop()
            say(f"told to stop, the server ended within {perf_counter() - begun:.1f} s")
        finally:
            server.stop()
    named = ("joint-review", "datasette", "uvicorn", "httpx", "pypdf", "openpyxl", "mammoth", "selectolax")
    print(f"{machine(named)}; code {code()}\nLoad average before: {before}; after: {load()}.\n")
    print("\n".join(rows(found)))
    sys.exit(not all(one.held for one in found))


if __name__ == "__main__":
    main()
