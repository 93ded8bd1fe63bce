"""Many at work at once: reviewers post tags, moderators read pages, a large import runs.

    python benchmarks/load.py [--reviewers 20] [--tags 100] [--moderators 5] [--rows 50000]
                              [--same-review] [--kill]

The server is the one that `joint-review serve` starts, the import a process of its own, and everybody signs
in with a name and a password and sends the forms of the pages. A reviewer reads a source, records a finding
in it with its first tag, sees the page that follows, ties the finding to a second domain, and so on, without
a pause; a moderator reads one page after the other. So the server is as busy as it can be, and what one of
them waits for is mostly the others. The import goes into another review of the same file, as the evidence of
another authority would; with --same-review into the one that all work at, whose pages then show its rows.

Whatever was answered as saved must stand in the database exactly once, all rows of the import too, and the
record must be whole; any other answer than the wanted one ends the benchmark. With --kill the server is
killed (SIGKILL) in the middle and started anew: reviewers repeat what they had no answer to.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import signal
import sqlite3
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from time import perf_counter

import httpx
from generate import DOMAINS, FRAMEWORK, write_evidence, write_findings
from rounds import Took, call, say
from server import BIN, Server
from table import Row, as_table, code, load, machine

from evidence.files.texts import GivenFile
from evidence.intake.importing import import_files
from evidence.sources import SourceDetails, add_sources
from joint_review.opening import init_programme
from programme.accounts import open_accounts
from programme.permissions import Role
from programme.reviews import create_review, find_review
from programme.users import add_user

REVIEW, OTHER = "bench", "other"
"""The review that all work at, and one of the same programme."""
PASSWORD = "a password of the benchmark"
STORED = 2_000
"""Items that are there before anybody begins."""
ALONE = 50
"""Tags that one reviewer posts with nobody else there, and pages that one moderator reads."""
PATIENCE = 120
"""Seconds that a client waits for an answer; who waits longer has lost."""
SENTENCES = 60
"""Of a page."""
IMPORT_AT, KILL_AT = 0.1, 0.5
"""Share of the tags that are posted when the import begins, and when the server is killed."""
READ = (
    "",
    "/items",
    "/items?domain=carers&page=2",
    "/trail/carers",
    "/coverage",
    "/sources",
    "/sources/D-001",
    "/decisions",
    "/challenges",
    "/items/7",
)
"""What moderators read of the review, in turns."""


@dataclass(frozen=True)
class Answer:
    """How long something took."""

    kind: str
    """post, page (the one that follows a post), read, or sign-in."""
    began: float
    seconds: float


@dataclass
class Saved:
    """What was answered as saved: by reviewer."""

    found: list[tuple[str, str, str]] = field(default_factory=list)
    """Findings: reviewer, words, domain."""
    tagged: list[tuple[str, int, str]] = field(default_factory=list)
    """Further tags: reviewer, item, domain."""


@dataclass(frozen=True)
class Loaded:
    """What came of it."""

    reviewers: int
    moderators: int
    rows: int
    alone: list[Answer]
    together: list[Answer]
    seconds: float
    """From the first post to the last, all together."""
    saved: int
    """Posts answered as saved; each was found once."""
    repeated: int
    """Requests that had no answer because the server was killed, and were sent once more."""
    import_alone: Took
    import_together: Took
    importing: tuple[float, float]
    """From when until when the import ran, by the clock of the answers."""


class WentWrong(Exception):
    """An answer that should not have been."""


def measure_load(
    folder: Path,
    *,
    reviewers: int = 20,
    tags: int = 100,
    moderators: int = 5,
    rows: int = 50_000,
    into: str = OTHER,
    kill: bool = False,
) -> Loaded:
    """Let them all work at once over a new database in `folder`; SystemExit where anything is lost."""
    path = _programme(folder / "load.db", reviewers, moderators)
    before = _items(path)
    files = write_findings(folder, rows, seed=7)
    for file in files:  # of other sources than those that are there
        text = re.sub("^F", "M", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        file.write_text(text, encoding="utf-8")
    say(f"importing {rows:,} rows with nobody else there")
    with _copy(path) as copy:
        import_alone = _import(copy, into, files)
    work = Work(path, into, files, reviewers, tags, moderators, kill)
    try:
        alone, took = asyncio.run(work.run())
    except* WentWrong as errors:
        sys.exit(str(errors.exceptions[0]))
    say("checking the record")
    posted = _check(path, before, work.saved, rows)
    imports = (import_alone, work.imported, work.importing)
    asked = (reviewers, moderators, rows)
    return Loaded(*asked, alone, work.answers, took, posted, work.repeated, *imports)


# --- what there is before ----------------------------------------------------------------------------


def _programme(path: Path, reviewers: int, moderators: int) -> Path:
    """A working database with a review, a source of text for each reviewer, and everybody's password."""
    say("making up a review, and passwords")
    at = datetime.now(UTC)
    db, _ = init_programme(path)
    with closing(db.conn), tempfile.TemporaryDirectory() as made:
        for key in (OTHER, REVIEW):
            review = create_review(
                db, key, key.title(), FRAMEWORK, window_from=None, window_to=None, by="benchmark", at=at
            )
        files = write_evidence(Path(made), STORED)
        import_files(db, review, files, by="benchmark", at=at)
        texts = [GivenFile(f"{number:03}.txt", _text(number).encode()) for number in range(1, reviewers + 2)]
        add_sources(db, find_review(db, REVIEW), texts, SourceDetails(), by="benchmark", at=at)
        accounts = open_accounts(path)
        for name, role in [*_people(reviewers, moderators), (f"reviewer-{reviewers + 1}", Role.REVIEWER)]:
            add_user(db, name, role=role, review=REVIEW, by="benchmark", at=at)
            accounts.set_password(name, PASSWORD, at=at)
    call(BIN / "joint-review", "assess", REVIEW, "--by", "root", "--db", path)
    return path


def _people(reviewers: int, moderators: int) -> Iterator[tuple[str, str]]:
    """Their names and roles; the first moderator and one reviewer more work alone before the others come."""
    yield from ((f"reviewer-{number}", Role.REVIEWER) for number in range(1, reviewers + 1))
    yield from ((f"moderator-{number}", Role.MODERATOR) for number in range(1, moderators + 1))


def _text(number: int) -> str:
    """Eight pages of sentences, no two alike."""
    pages = (
        "\n\n".join(
            " ".join(
                f"Sentence {line} on page {page} of plan {number} says that carers were asked and answered."
                for line in range(first, first + 5)
            )
            for first in range(1, SENTENCES + 1, 5)
        )
        for page in range(1, 9)
    )
    return "\f".join(pages)


def _import(path: Path, review: str, files: Sequence[Path]) -> Took:
    command = (BIN / "joint-review", "evidence", "import", review, *files, "--by", "root")
    return call(*command, "--db", path)[0]


@contextmanager
def _copy(path: Path) -> Iterator[Path]:
    copy = Path(shutil.copy(path, path.with_name("copy.db")))
    try:
        yield copy
    finally:
        for leftover in copy.parent.glob(copy.name + "*"):
            leftover.unlink()


# --- the people --------------------------------------------------------------------------------------


class Person:
    """Somebody with a browser: cookies, the form's token of the last page, and how long everything took."""

    def __init__(self, name: str, server: Server, answers: list[Answer]) -> None:
        self.name, self.server, self.answers = name, server, answers
        # Uvicorn closes what nobody used for five seconds; a browser would send anew what it met so.
        unused = httpx.Limits(keepalive_expiry=2)
        address = server.address
        self.client = httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=unused, verify=False)
        self.token = ""

    async def sign_in(self) -> None:
        await self.read("/-/sign-in", "form")
        await self.post("/-/sign-in", {"name": self.name, "password": PASSWORD}, "sign-in")

    async def read(self, path: str, kind: str) -> str:
        """A page, which must be there."""
        answer = await self._timed(kind, self.client.build_request("GET", path))
        if answer.status_code != 200:
            raise self._wrong(path, answer)
        if found := re.search(r'name="csrftoken" value="([^"]+)"', answer.text):
            self.token = found[1]
        return answer.text

    async def post(self, path: str, fields: dict[str, str], kind: str) -> str:
        """Send a form: the address of the page that follows, or what is said where it is there already."""
        request = self.client.build_request(
            "POST", path, data={"csrftoken": self.token, **fields}, headers={"origin": self.server.address}
        )
        answer = await self._timed(kind, request)
        known = re.search(r"recorded already, as (E\d+)", answer.text)
        if answer.status_code == 400 and self.server.killed and known:
            return f"#{known[1]}"
        if answer.status_code != 303:
            raise self._wrong(path, answer)
        return answer.headers["location"]

    async def _timed(self, kind: str, request: httpx.Request) -> httpx.Response:
        began = perf_counter()
        answer = await self.client.send(request)
        self.answers.append(Answer(kind, began, perf_counter() - began))
        return answer

    def _wrong(self, path: str, answer: httpx.Response) -> WentWrong:
        said = " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())[:2_000]
        return WentWrong(
            f"{self.name} was answered {answer.status_code} at {path}: {said}{self.server.last_words()}"
        )


class Work:
    """Everybody at once, and how far they are."""

    def __init__(
        self,
        path: Path,
        into: str,
        files: Sequence[Path],
        reviewers: int,
        tags: int,
        moderators: int,
        kill: bool,
    ) -> None:
        self.path, self.into, self.files, self.tags, self.kill = path, into, files, tags, kill
        self.reviewers, self.moderators = reviewers, moderators
        self.server = Server(path)
        self.answers: list[Answer] = []
        self.saved = Saved()
        self.done = self.repeated = 0
        self.announced = False
        self.moved = asyncio.Condition()
        self.imported, self.importing = Took(0, 0, 0), (0.0, 0.0)

    async def run(self) -> tuple[list[Answer], float]:
        """The answers to one reviewer and one moderator alone; the seconds that all together took."""
        await asyncio.to_thread(self.server.start)
        try:
            alone = await self._one_by_one()
            say(f"{self.reviewers} reviewers and {self.moderators} moderators sign in")
            people = [
                Person(name, self.server, self.answers)
                for name, _ in _people(self.reviewers, self.moderators)
            ]
            async with _signed_in(people):
                return alone, await self._all_at_once(people)
        finally:
            self.server.stop()

    async def _one_by_one(self) -> list[Answer]:
        say("one reviewer, then one moderator, with nobody else there")
        answers: list[Answer] = []
        names = (f"reviewer-{self.reviewers + 1}", "moderator-1")
        reviewer, moderator = people = [Person(name, self.server, answers) for name in names]
        async with _signed_in(people):
            await self._review(reviewer, self.reviewers + 1, ALONE)
            for _, page in zip(range(ALONE), cycle(READ), strict=False):
                await moderator.read(f"/reviews/{REVIEW}{page}", "read")
        self.done, self.announced = 0, True
        return answers

    async def _all_at_once(self, people: Sequence[Person]) -> float:
        ended = asyncio.Event()
        began = perf_counter()
        took = 0.0

        async def post() -> None:
            nonlocal took
            posting = enumerate(people[: self.reviewers], 1)
            await asyncio.gather(*(self._review(person, number, self.tags) for number, person in posting))
            took = perf_counter() - began

        async with asyncio.TaskGroup() as reading:
            for person in people[self.reviewers :]:
                reading.create_task(self._moderate(person, ended))
            await asyncio.gather(post(), self._import_meanwhile(), self._kill_meanwhile())
            ended.set()
        return took

    async def _review(self, person: Person, number: int, tags: int) -> None:
        """Post so many tags: every other one with a new finding, the next one to a second domain of it."""
        home = f"/reviews/{REVIEW}/sources/D-{number:03}"
        await self._answered(person.read, home, "page")
        item = 0
        for step in range(tags):
            domain = DOMAINS[(number + step) % len(DOMAINS)]
            if step % 2 == 0:
                fields = _finding(person.name, number, step // 2) | {"domain": domain}
                to = await self._answered(person.post, f"{home}/record", fields, "post")
                item = int(to.rpartition("#E")[2])
                self.saved.found.append((person.name, fields["finding"], domain))
            else:
                fields = {"item": str(item), "domain": domain, "note": f"a second domain, says {person.name}"}
                await self._answered(person.post, f"{home}/tag?item={item}", fields, "post")
                self.saved.tagged.append((person.name, item, domain))
            await self._step()
            await self._answered(person.read, f"{home}?item={item}", "page")

    async def _moderate(self, person: Person, ended: asyncio.Event) -> None:
        for page in cycle(READ):
            if ended.is_set():
                return
            await self._answered(person.read, f"/reviews/{REVIEW}{page}", "read")

    async def _import_meanwhile(self) -> None:
        await self._reached(IMPORT_AT)
        say("the import begins")
        began = perf_counter()
        self.imported = await asyncio.to_thread(_import, self.path, self.into, self.files)
        self.importing = (began, perf_counter())
        say("the import has ended")

    async def _kill_meanwhile(self) -> None:
        if not self.kill:
            return
        await self._reached(KILL_AT)
        say("the server is killed and started anew")
        self.server.kill()
        await asyncio.to_thread(self.server.start)

    async def _step(self) -> None:
        async with self.moved:
            self.done += 1
            self.moved.notify_all()
        if self.announced and self.done % max(1, self._wanted // 10) == 0:
            say(f"{self.done:,} of {self._wanted:,} tags posted")

    async def _reached(self, share: float) -> None:
        async with self.moved:
            await self.moved.wait_for(lambda: self.done >= share * self._wanted)

    @property
    def _wanted(self) -> int:
        return self.reviewers * self.tags

    async def _answered(self, send: Callable[..., Awaitable[str]], *arguments: object) -> str:
        """What the server answers; where it went down in the middle, what it answers when it is back."""
        while True:
            await self.server.up.wait()
            try:
                return await send(*arguments)
            except httpx.TimeoutException as error:
                raise WentWrong(f"there was no answer in {PATIENCE} s") from error
            except httpx.TransportError as error:
                if not self.kill:
                    raise WentWrong(f"the connection broke: {error!r}{self.server.last_words()}") from error
                self.repeated += 1
                await asyncio.sleep(0.1)


@asynccontextmanager
async def _signed_in(people: Sequence[Person]) -> AsyncIterator[None]:
    try:
        await asyncio.gather(*(person.sign_in() for person in people))
        yield
    finally:
        for person in people:
            await person.client.aclose()


def _finding(who: str, number: int, line: int) -> dict[str, str]:
    """The form of a new finding; it quotes a sentence of the source that nothing else quotes."""
    page, line = divmod(line, SENTENCES)
    words = f"Sentence {line + 1} on page {page + 1} of plan {number}"
    return {
        "quote": words,
        "on_page": str(page + 1),
        "finding": f"{words}, as {who} sees it",
        "direction": "strength",
        "significance": "2",
        "strand": "all",
    }


# --- the record afterwards ---------------------------------------------------------------------------


def _items(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("select count(*) from evidence").fetchone()[0])


FOUND = """
select e.recorded_by, e.text, d.key from evidence e
join tag t on t.evidence_id = e.id join domain d on d.id = t.domain_id
where e.recorded_by = t.tagged_by and t.note = '' and e.recorded_by like 'reviewer-%'
  and e.locator like 'page %, characters %' and t.withdrawn_event is null and e.withdrawn_event is null
"""
TAGGED = """
select t.tagged_by, t.evidence_id, d.key from tag t join domain d on d.id = t.domain_id
where t.note like 'a second domain, says %' and t.withdrawn_event is null
"""


def _check(path: Path, before: int, saved: Saved, rows: int) -> int:
    """How many posts were answered as saved and stand in the database once; SystemExit where not all do."""
    with closing(sqlite3.connect(path)) as connection:
        found, tagged = connection.execute(FOUND).fetchall(), connection.execute(TAGGED).fetchall()
        whole = connection.execute("pragma integrity_check").fetchone()[0]
    wrong = [f"the file is damaged: {whole}"] if whole != "ok" else []
    for what, there, wanted in (("findings", found, saved.found), ("tags", tagged, saved.tagged)):
        lost, more = Counter(wanted) - Counter(there), Counter(there) - Counter(wanted)
        if lost or more:
            examples = [*lost, *more][:5]
            wrong.append(f"{what}: {lost.total()} lost, {more.total()} too many, e.g. {examples}")
    imported = _items(path) - before - len(saved.found)
    if imported != rows:
        wrong.append(f"of the import's {rows:,} rows {imported:,} are there")
    if wrong:
        sys.exit("\n".join(wrong))
    call(BIN / "joint-review", "audit", "verify", "--db", path)
    return len(found) + len(tagged)


# --- the table ---------------------------------------------------------------------------------------


WAITED = (("post", "a tag is posted"), ("page", "the page after it"), ("read", "a moderator's page"))


def load_rows(loaded: Loaded) -> list[Row]:
    """The lines of the table."""
    what = f"{loaded.reviewers} reviewers, {loaded.moderators} moderators, an import"
    began, ended = loaded.importing
    times = {kind: _times(loaded.alone, kind) for kind in ("post", "page", "read")}
    during = [one.seconds for one in loaded.together if one.kind == "post" and began <= one.began <= ended]
    found = []
    for kind, said in WAITED:
        own, alone = _times(loaded.together, kind), times[kind]
        ratio = statistics.median(own) / statistics.median(alone)
        found.append(Row(f"{said}, {what}", _shown(own), f"one alone: {_shown(alone)}", ratio))
    together, by_itself = loaded.import_together, loaded.import_alone
    return [
        *found,
        Row(f"a tag is posted while the import runs, {what}", _shown(during)),
        Row(f"signing in, all at the same moment, {what}", _shown(_times(loaded.together, "sign-in"))),
        Row(
            f"import of {loaded.rows:,} rows, {what}",
            f"{together.seconds:.2f} s",
            f"with nobody there: {by_itself.seconds:.2f} s",
            together.seconds / by_itself.seconds,
            together.cpu / by_itself.cpu,
        ),
        Row(
            f"tags posted, {what}",
            f"{(loaded.saved - ALONE) / loaded.seconds:.1f} a second",
            f"answered as saved: {loaded.saved:,}; found: each of them once, and all {loaded.rows:,} rows",
            bound="nothing lost, nothing twice, no other answer",
            held=True,
        ),
    ]


def _times(answers: Sequence[Answer], kind: str) -> list[float]:
    return [one.seconds for one in answers if one.kind == kind]


def _shown(times: Sequence[float]) -> str:
    """Median, 95th and 99th of a hundred, and the worst, in milliseconds."""
    if len(times) < 2:
        return "too few"
    hundredths = statistics.quantiles(times, n=100, method="inclusive")
    median, most, nearly_all = (hundredths[at - 1] * 1000 for at in (50, 95, 99))
    return f"{median:,.0f} ms (95 %: {most:,.0f}, 99 %: {nearly_all:,.0f}, worst {max(times) * 1000:,.0f})"


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description="Reviewers, moderators and an import at work at once.")
    parser.add_argument("--reviewers", type=int, default=20, help="who post tags (default 20)")
    parser.add_argument("--tags", type=int, default=100, help="tags that each of them posts (default 100)")
    parser.add_argument("--moderators", type=int, default=5, help="who read pages (default 5)")
    parser.add_argument("--rows", type=int, default=50_000, help="rows that are imported (default 50,000)")
    parser.add_argument("--same-review", action="store_true", help="import into the review all work at")
    parser.add_argument("--kill", action="store_true", help="kill the server in the middle")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # and the server with it
    before, measured = load(), code()
    with tempfile.TemporaryDirectory(prefix="joint-review-load-") as name:
        people = {"reviewers": given.reviewers, "moderators": given.moderators}
        into = REVIEW if given.same_review else OTHER
        work = {"tags": given.tags, "rows": given.rows, "into": into, "kill": given.kill}
        found = measure_load(Path(name), **people, **work)
    print(f"{machine(('joint-review', 'datasette', 'uvicorn', 'httpx'))}; code {measured}")
    print(f"Load average (1, 5, 15 minutes) before: {before}; after: {load()}.")
    if given.kill:
        print(f"The server was killed and started anew; {found.repeated} requests were sent once more.")
    print()
    print(as_table(load_rows(found)))


if __name__ == "__main__":
    main()
