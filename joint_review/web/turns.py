"""Turns: how much one user may have under way at once, so that nobody waits for them.

A session has MOST_AT_ONCE requests under way; its others wait, and too many waiting are refused. Files are
read in threads of their own, READERS in all and one form of a user at a time: signing in, pages and other
forms never wait for a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TypeVar
from weakref import WeakKeyDictionary

from joint_review.web.signin import COOKIE
from rules.errors import DatabaseUnusable
from rules.limits import FORM_SECONDS

T = TypeVar("T")
MOST_AT_ONCE = 4
"""Requests of a session that are under way; a browser sends six at most, and most pages take some tenths."""
MOST_WAITING = 60
"""Requests of a session that wait for their turn."""
LONGEST_WAIT = 20.0
"""Seconds that they wait; then they are refused."""
READERS = 2
"""Files that are read at once, each in a process of up to READ_MEMORY."""
_POOL = ThreadPoolExecutor(READERS, thread_name_prefix="reading files")


@dataclass
class _Line:
    """The requests of one session, or the forms of one user."""

    most: int
    under_way: int = 0
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    async def enter(self) -> None:
        if self.under_way < self.most:
            self.under_way += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self.waiting:
                self.waiting.remove(turn)
            else:
                self.leave()
            raise

    def leave(self) -> None:
        while self.waiting:
            turn = self.waiting.pop(0)
            if not turn.done():
                turn.set_result(None)  # goes on in this one's place
                return
        self.under_way -= 1


Lines = dict[object, _Line]
_lines: WeakKeyDictionary[asyncio.AbstractEventLoop, Lines] = WeakKeyDictionary()


def _line(key: object, most: int) -> _Line:
    of_loop = _lines.setdefault(asyncio.get_running_loop(), {})
    return of_loop.setdefault(key, _Line(most))


@asynccontextmanager
async def _turn(key: object, most: int) -> AsyncIterator[None]:
    line = _line(key, most)
    await line.enter()
    try:
        yield
    finally:
        _leave(key, line)


def _leave(key: object, line: _Line) -> None:
    line.leave()
    if not line.under_way:
        _lines[asyncio.get_running_loop()].pop(key, None)


class TooManyWaiting(Exception):
    """So many requests of one session wait, or for so long, that no more are taken."""


def _session(cookies: bytes) -> str:
    """The token of the session, read as it is when it is looked up: however it is written, it is the same."""
    found: SimpleCookie = SimpleCookie()
    with suppress(CookieError):
        found.load(cookies.decode("latin-1"))
    return found[COOKIE].value if COOKIE in found else ""


@asynccontextmanager
async def turn_of_session(cookies: bytes) -> AsyncIterator[None]:
    """Wait until the session that is in these cookies may go on; raises TooManyWaiting.

    Without a session there is nothing to wait for: what is open to strangers costs little.
    """
    session = _session(cookies)
    if not session:
        yield
        return
    if len(_line(session, MOST_AT_ONCE).waiting) >= MOST_WAITING:
        raise TooManyWaiting
    line = _line(session, MOST_AT_ONCE)
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            await line.enter()
    except TimeoutError:
        raise TooManyWaiting from None
    try:
        yield
    finally:
        _leave(session, line)


async def read_apart(by: str, work: Callable[[float], T], seconds: float = FORM_SECONDS) -> T:
    """What `work` gives, in one of the threads that read files; it is told how many seconds are left to it.

    Raises DatabaseUnusable where its turn does not come in half of the time.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    try:
        async with asyncio.timeout(seconds / 2) as waiting:
            async with _turn(("files", by), 1), _turn("files", READERS):
                waiting.reschedule(None)
                return await loop.run_in_executor(_POOL, work, max(1.0, ends - loop.time()))
    except TimeoutError:
        raise DatabaseUnusable(
            "the server is still reading other files", hint="Send these again in some minutes."
        ) from None
