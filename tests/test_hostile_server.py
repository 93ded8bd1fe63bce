"""One user, or one file, never stops the server for the others; and told to stop, it stops."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from serving import serving

from joint_review.web import guard, turns
from joint_review.web.turns import MOST_AT_ONCE, MOST_WAITING, TooManyWaiting, read_apart, turn_of_session
from joint_review.web.uploads import LARGEST_FORM, FormTooLarge, FormUnreadable, read_form
from rules.errors import DatabaseUnusable

SLOW = b"<div>" * 150_000 + b"x"
"""HTML's own rules make the time for this grow with the square of its depth."""
REVIEW = "/reviews/wales-2004-08"


def signed_in(address: str, link: str) -> tuple[httpx.Client, str]:
    client = httpx.Client(base_url=address, headers={"origin": address}, timeout=60)
    client.get(link)
    found = re.search(r'name="csrftoken" value="([^"]+)"', client.get("/-/sign-in").text)
    assert found
    return client, found[1]


def test_pages_do_not_wait_for_a_file_and_the_server_stops_when_told_whatever_is_under_way(
    example_copy: Path,
) -> None:
    with serving(example_copy) as server:
        client, token = signed_in(server.address, server.link)
        answers: list[Any] = []

        def send() -> None:
            try:
                fields = {"csrftoken": token, "kind": "document"}
                path = f"{REVIEW}/sources/add/files.json"
                answers.append(client.post(path, data=fields, files={"files": ("slow.html", SLOW)}))
            except httpx.HTTPError as error:
                answers.append(error)

        sending = threading.Thread(target=send)
        sending.start()
        host, port = server.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as half, closing(client):
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            half.sendall(
                f"POST {REVIEW}/coverage/tag HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {server.address}\r\n"
                f"Cookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: 1000\r\n\r\ncsrftoken=".encode()
            )
            took = []
            for _ in range(8):
                begun = time.monotonic()
                assert client.get(f"{REVIEW}/sources").status_code == 200
                took.append(time.monotonic() - begun)
            assert sorted(took)[4] < 2, "pages waited for the file"
            assert not answers, "the file was read at once: it holds up nothing"
            readers = psutil.Process(server.process.pid).children(recursive=True)
            assert readers, "the file is read in the server itself"
            begun = time.monotonic()
            server.process.terminate()
            server.process.wait(timeout=30)
            assert time.monotonic() - begun < 15
            sending.join(timeout=10)
            assert not sending.is_alive()
            _, left = psutil.wait_procs(readers, timeout=5)
            assert not left


@pytest.mark.parametrize(
    ("limit", "path", "part"),
    [
        ("STALLED_SECONDS", "/reviews/north/decide", b"x"),
        ("FORM_SECONDS", "/reviews/north/decide", b"x" * 5_000),
        ("UPLOAD_SECONDS", "/reviews/north/sources/add/files", b"x" * 5_000),
    ],
)
async def test_a_form_that_only_trickles_in_is_refused(
    monkeypatch: pytest.MonkeyPatch, limit: str, path: str, part: bytes
) -> None:
    monkeypatch.setattr(guard, limit, 0.3)
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"here"), (b"origin", b"http://here")]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    begun = time.monotonic()
    await guard.guarded(app)(scope, receive, send)
    assert time.monotonic() - begun < 5
    assert (sent[0]["status"], sent[1]["body"].decode()) == (408, guard.TOO_SLOW)


async def test_a_session_has_only_so_many_requests_under_way_and_nobody_else_waits_for_them() -> None:
    under_way, most = 0, 0
    go_on = asyncio.Event()

    async def ask(cookies: bytes) -> None:
        nonlocal under_way, most
        async with turn_of_session(cookies):
            under_way += 1
            most = max(most, under_way)
            await go_on.wait()
            under_way -= 1

    many = [
        asyncio.create_task(ask(b"a=b; joint_review_session=one")) for _ in range(MOST_AT_ONCE + MOST_WAITING)
    ]
    await asyncio.sleep(0.01)
    assert under_way == MOST_AT_ONCE
    with pytest.raises(TooManyWaiting):
        await ask(b"joint_review_session=one")
    others = [asyncio.create_task(ask(cookies)) for cookies in (b"joint_review_session=two", b"", b"x=y")]
    await asyncio.sleep(0.01)
    assert under_way == MOST_AT_ONCE + 3
    many[-1].cancel()
    go_on.set()
    await asyncio.gather(*many, *others, return_exceptions=True)
    assert (under_way, most) == (0, MOST_AT_ONCE + 3)
    async with turn_of_session(b"joint_review_session=one"):
        pass


@pytest.mark.parametrize(
    "cookies", [b'joint_review_session="one"', b"joint_review_session=x; joint_review_session=one"]
)
async def test_a_session_is_the_same_however_its_cookie_is_written(cookies: bytes) -> None:
    assert turns._session(cookies) == "one"


async def test_cookies_and_heads_of_parts_without_end_are_refused() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    long = [(b"cookie", b"a=" + b"x" * guard.LONGEST_COOKIES)]
    scope = {"type": "http", "method": "GET", "path": "/reviews", "headers": long}
    await guard.guarded(None)(scope, None, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 431

    async def receive() -> dict[str, Any]:
        head = b'--edge\r\nContent-Disposition: form-data; name="' + b"x" * 100_000
        return {"type": "http.request", "body": head, "more_body": True}

    with pytest.raises((FormTooLarge, FormUnreadable)):
        await read_form("multipart/form-data; boundary=edge", receive, Path("/nowhere"))
    with pytest.raises(FormUnreadable, match="not a form"):
        await read_form("multipart/form-data; boundary=" + "x" * 400, receive, Path("/nowhere"))


async def test_the_fields_of_a_form_with_files_are_together_no_larger_than_a_form_without(
    tmp_path: Path,
) -> None:
    field = b'--edge\r\nContent-Disposition: form-data; name="note"\r\n\r\n' + b"x" * 199_000 + b"\r\n"
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += len(field)
        return {"type": "http.request", "body": field, "more_body": True}

    with pytest.raises(FormTooLarge, match="1 MB in all fields"):
        await read_form("multipart/form-data; boundary=edge", receive, tmp_path)
    assert read < 2 * LARGEST_FORM


async def test_the_files_of_one_user_are_read_one_form_at_a_time_and_others_are_read_meanwhile() -> None:
    ends = threading.Event()

    def long(seconds: float) -> str:
        ends.wait(10)
        return "long"

    first = asyncio.create_task(read_apart("reviewer-1", long))
    await asyncio.sleep(0.05)
    with pytest.raises(DatabaseUnusable, match="still reading other files"):
        await read_apart("reviewer-1", long, seconds=0.2)
    assert await read_apart("reviewer-2", lambda seconds: seconds, seconds=30) == pytest.approx(30, abs=1)
    ends.set()
    assert await first == "long"
    assert await read_apart("reviewer-1", lambda _: 1) == 1
    assert turns.READERS == 2
