"""Signing in by name and password over real HTTP requests, and what holds for every answer and form."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from datasette.app import Datasette
from serving import free_port, serving_as_a_person_would

from joint_review.metadata import metadata
from joint_review.web.access import FILES
from joint_review.web.guard import is_from_here
from joint_review.web.signin import COOKIE, OWNER_LINK, SIGN_IN, SIGN_OUT, cookie_ending
from programme import users
from programme.accounts import TRIES, accounts_path, open_accounts
from programme.backup import back_up
from programme.database import Database

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GOOD = "four plain words together"
HERE = {"origin": "http://localhost"}
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def programme(example_copy: Path, connect: Callable[[Path], Database]) -> Path:
    db = connect(example_copy)
    users.add_user(db, "reviewer-1", role="reviewer", review="wales-2004-08", by="a", at=AT)
    users.add_user(db, "reviewer-2", role="reviewer", by="a", at=AT)
    accounts = open_accounts(example_copy, QUICK)
    for name in ("reviewer-1", "reviewer-2"):
        accounts.set_password(name, GOOD, at=AT)
    return example_copy


def cookie_of(database: Path) -> str:
    """The name of the cookie of a session in the browser."""
    return f"{COOKIE}{cookie_ending([database])}"


NEWER = hasattr(Datasette, "allowed")
"""Datasette 1.0: takes from `config` what 0.65 takes from `metadata`, and gives out no tokens."""


@asynccontextmanager
async def browser(database: Path, link: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client that keeps cookies, as a browser does; `link` is the token that signs the owner in."""
    told = metadata(database.stem)
    config = {"config": told} if NEWER else {}
    datasette = Datasette([str(database)], metadata=told, settings={"num_sql_threads": 1}, **config)
    datasette._root_token = link
    await datasette.invoke_startup()
    transport = httpx.ASGITransport(app=datasette.app(), client=("127.0.0.1", 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    for one in datasette.databases.values():
        if NEWER:
            one.close()
        else:
            for connection in one._all_file_connections:
                connection.close()
        FILES.pop(one, None)


async def sign_in(
    client: httpx.AsyncClient, name: str = "reviewer-1", password: str = GOOD, after: str = "", **headers: str
) -> httpx.Response:
    token = await token_of(client, after)
    sent = {"csrftoken": token, "name": name, "password": password, "next": after}
    return await client.post(SIGN_IN, data=sent, headers=HERE | headers)


async def token_of(client: httpx.AsyncClient, after: str = "") -> str:
    """The token that the form gives out; nothing on 1.0, which has none."""
    form = await client.get(SIGN_IN, params={"next": after})
    token = re.search(r'name="csrftoken" value="([^"]+)"', form.text)
    assert token or NEWER
    return token[1] if token else ""


async def sign_out(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post(SIGN_OUT, data={"csrftoken": await token_of(client)}, headers=HERE)


async def who(client: httpx.AsyncClient) -> str | None:
    """Whose name stands at the top of the page."""
    found = re.search(r"<summary>(.*?)</summary>", (await client.get(SIGN_IN)).text)
    return found and found[1]


async def test_a_name_and_password_open_the_pages_and_signing_out_closes_them(programme: Path) -> None:
    async with browser(programme) as client:
        assert (await client.get("/reviews/wales-2004-08")).status_code == 403
        done = await sign_in(client, after="/reviews/wales-2004-08/items")
        assert (done.status_code, done.headers["location"]) == (303, "/reviews/wales-2004-08/items")
        assert await who(client) == "reviewer-1"
        assert (await sign_out(client)).status_code == 303
        assert await who(client) is None


async def test_the_session_cookie_is_closed_to_scripts_and_to_other_sites(programme: Path) -> None:
    async with browser(programme) as client:
        cookie = (await sign_in(client)).headers["set-cookie"]
    assert cookie.startswith(f"{cookie_of(programme)}=")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie


async def test_behind_tls_every_cookie_is_for_https_only(
    programme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOINT_REVIEW_TLS", "1")
    async with browser(programme) as client:
        # 1.0 gives no cookie out before.
        form = await (sign_in(client) if NEWER else client.get(SIGN_IN))
    assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in form.headers.get_list("set-cookie"))
    assert form.headers.get_list("set-cookie")
    assert form.headers["strict-transport-security"]


async def test_a_disabled_user_is_out_at_once_and_not_let_in_again(
    programme: Path, connect: Callable[[Path], Database]
) -> None:
    async with browser(programme) as client:
        await sign_in(client)
        users.disable_user(connect(programme), "reviewer-1", by="a", because="left", at=AT)
        assert await who(client) is None
        assert (await sign_in(client)).status_code == 403


async def test_a_role_given_or_taken_counts_at_the_next_request(
    programme: Path, connect: Callable[[Path], Database]
) -> None:
    db = connect(programme)
    paths = ("/reviews/wales-2004-08", "/programme/evidence")
    async with browser(programme) as client:
        await sign_in(client)
        assert [(await client.get(path)).status_code for path in paths] == [200, 403]
        users.take_role(db, "reviewer-1", "reviewer", "wales-2004-08", by="a", at=AT)
        assert [(await client.get(path)).status_code for path in paths] == [403, 403]
        users.give_role(db, "reviewer-1", "moderator", None, by="a", at=AT)
        assert [(await client.get(path)).status_code for path in paths] == [200, 200]


async def test_a_wrong_password_is_said_and_after_some_tries_one_waits(programme: Path) -> None:
    async with browser(programme) as client:
        for _ in range(TRIES):
            done = await sign_in(client, password="not the right words")
            assert done.status_code == 403
            assert "The name or the password is wrong." in done.text
            assert 'value="reviewer-1"' in done.text and "not the right words" not in done.text
        done = await sign_in(client)
        assert "too many failed attempts to sign in" in done.text.lower()
        assert (await sign_in(client, "reviewer-2")).status_code == 303


async def test_names_that_are_known_disabled_and_unknown_are_told_the_same_time_after_time(
    programme: Path, connect: Callable[[Path], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("programme.accounts.TRIES", 2)
    users.disable_user(connect(programme), "reviewer-2", by="a", because="left", at=AT)
    told: dict[str, list[tuple[int, str]]] = {}
    async with browser(programme) as client:
        for name in ("reviewer-1", "reviewer-2", "reviewer-9"):
            for _ in range(3):
                done = await sign_in(client, name, "not the right words")
                text = re.sub(r'value="[^"]*"', "", done.text)
                told.setdefault(name, []).append((done.status_code, text))
    assert told["reviewer-1"] == told["reviewer-2"] == told["reviewer-9"]


async def test_the_owners_link_works_once_and_begins_a_session_that_ends_like_any(programme: Path) -> None:
    async with browser(programme, link="a-token-that-was-printed") as client:
        assert (await client.get(f"{OWNER_LINK}?token=another")).status_code == 403
        done = await client.get(f"{OWNER_LINK}?token=a-token-that-was-printed")
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert "HttpOnly" in done.headers["set-cookie"] and "ds_actor" not in client.cookies
        assert await who(client) == "root"
        assert (await client.get("/programme/evidence")).status_code == 200
        stolen = client.cookies[cookie_of(programme)]
        await sign_out(client)
        client.cookies.set(cookie_of(programme), stolen)
        assert await who(client) is None
        assert (await client.get(f"{OWNER_LINK}?token=a-token-that-was-printed")).status_code == 403
        assert (await client.get("/programme/evidence")).status_code == 403


async def test_a_session_ends_with_a_new_sign_in_a_new_password_and_its_time(programme: Path) -> None:
    async with browser(programme) as client:
        await sign_in(client)
        first = client.cookies[cookie_of(programme)]
        await sign_in(client, "reviewer-2")
        second = client.cookies[cookie_of(programme)]
        assert await who(client) == "reviewer-2"
        client.cookies.clear()
        client.cookies.set(cookie_of(programme), first)
        assert await who(client) is None
        client.cookies.set(cookie_of(programme), second)
        open_accounts(programme, QUICK).set_password("reviewer-2", "five other plain words now", at=AT)
        assert await who(client) is None


async def test_two_programmes_on_one_machine_take_no_cookie_from_each_other(
    programme: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "programme.db"
    back_up(programme, other)
    shutil.copy(accounts_path(programme), accounts_path(other))
    async with browser(programme) as first, browser(other) as second:
        # One browser: it keeps cookies by host, whatever the port.
        second._cookies = first._cookies
        assert (await sign_in(first, "reviewer-1")).status_code == 303
        assert await who(second) is None
        assert (await sign_in(second, "reviewer-2")).status_code == 303
        assert (await who(first), await who(second)) == ("reviewer-1", "reviewer-2")
        token, text = await token_of(first), await token_of(second)
        assert token != text
        for client in (first, second):
            assert (await client.get("/reviews")).status_code == 200
        names = {cookie.name for cookie in first.cookies.jar}
        assert {name[: len(COOKIE)] for name in names} >= {COOKIE} and len(names) == 4, names
        assert (await sign_out(first)).status_code == 303
        assert (await who(first), await who(second)) == (None, "reviewer-2")


async def test_servers_over_the_same_database_share_a_session(programme: Path) -> None:
    async with browser(programme) as first, browser(programme) as second:
        second._cookies = first._cookies
        await sign_in(first)
        assert await who(second) == "reviewer-1"


async def test_a_cookie_without_the_ending_of_its_programme_signs_nobody_in(programme: Path) -> None:
    async with browser(programme) as client:
        await sign_in(client)
        token = client.cookies[cookie_of(programme)]
        client.cookies.clear()
        for name in (COOKIE, f"{COOKIE}_0123456789ab", f"{cookie_of(programme)}0"):
            client.cookies.set(name, token)
        assert await who(client) is None
        client.cookies.set(cookie_of(programme), token)
        assert await who(client) == "reviewer-1"


async def test_a_session_that_somebody_else_chose_is_never_taken_on(programme: Path) -> None:
    async with browser(programme) as client:
        client.cookies.set(cookie_of(programme), "chosen-by-somebody-else")
        done = await sign_in(client)
        assert COOKIE in done.headers["set-cookie"] and "chosen-by-somebody-else" not in str(done.headers)
        client.cookies.clear()
        client.cookies.set(cookie_of(programme), "chosen-by-somebody-else")
        assert await who(client) is None


async def test_strangers_are_not_told_what_is_the_matter_with_the_accounts(
    programme: Path, caplog: pytest.LogCaptureFixture
) -> None:
    accounts_path(programme).chmod(0o644)
    async with browser(programme) as client:
        done = await sign_in(client)
    assert done.status_code == 503 and "Nobody can sign in at the moment." in done.text
    assert str(programme.parent) not in done.text and "chmod" not in done.text
    assert "can be read by others" in caplog.text


def test_where_a_try_comes_from_is_not_what_its_headers_say(
    programme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    port = free_port()
    with serving_as_a_person_would(programme, port):
        address = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=address, timeout=60) as client:
            found = re.search(r'name="csrftoken" value="([^"]+)"', client.get(SIGN_IN).text)
            sent = {"csrftoken": found[1] if found else "", "name": "x", "password": "y"}
            headers = {"origin": address, "x-forwarded-for": "203.0.113.9"}
            assert client.post(SIGN_IN, data=sent, headers=headers).status_code == 403
    with sqlite3.connect(accounts_path(programme)) as connection:
        assert connection.execute("select distinct address from wrong_try").fetchall() == [("127.0.0.1",)]
    connection.close()


@pytest.mark.parametrize(
    "after", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "reviews", "/a\nb"]
)
async def test_signing_in_never_leads_to_another_site(programme: Path, after: str) -> None:
    async with browser(programme) as client:
        done = await sign_in(client, after=after)
    assert done.headers["location"] == "/reviews"


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://elsewhere.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
    ids=["none", "elsewhere", "null", "cross-site"],
)
async def test_a_form_from_elsewhere_is_refused_before_anything_is_tried(
    programme: Path, headers: dict[str, str]
) -> None:
    async with browser(programme) as client:
        sent = {"csrftoken": await token_of(client), "name": "reviewer-1", "password": GOOD}
        done = await client.post(SIGN_IN, data=sent, headers=headers)
        assert done.status_code == 403 and "did not come from a page of this server" in done.text
        assert cookie_of(programme) not in client.cookies


@pytest.mark.skipif(NEWER, reason="1.0 goes by where a form comes from alone")
async def test_a_form_without_its_token_is_refused(programme: Path) -> None:
    async with browser(programme) as client:
        await client.get(SIGN_IN)
        sent = {"name": "reviewer-1", "password": GOOD}
        assert (await client.post(SIGN_IN, data=sent, headers=HERE)).status_code == 403
        assert cookie_of(programme) not in client.cookies


@pytest.mark.parametrize("origin", ["http://localhost", "http://localhost:80", "https://localhost", ""])
def test_where_a_form_comes_from_is_compared_with_where_it_goes_to(origin: str) -> None:
    headers = [(b"host", b"localhost"), (b"origin", origin.encode())]
    assert is_from_here({"headers": headers}) is (origin in ("http://localhost", "https://localhost"))


@pytest.mark.parametrize("path", ["/reviews", SIGN_IN, "/", "/-/static/app.css", "/nowhere"])
async def test_every_answer_carries_the_headers_that_protect_it(programme: Path, path: str) -> None:
    async with browser(programme) as client:
        headers = (await client.get(path)).headers
    policy = [part.strip() for part in headers["content-security-policy"].split(";")]
    assert {"default-src 'none'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'"} <= set(
        policy
    )
    assert "http" not in headers["content-security-policy"], "something of another server is let in"
    [scripts] = [part for part in policy if part.startswith("script-src ")]
    assert "unsafe" not in scripts and "*" not in scripts
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
    assert (headers.get("cache-control") == "no-store") is ("/static" not in path)


async def test_a_forged_or_stale_cookie_is_nobody(programme: Path) -> None:
    async with browser(programme) as client:
        await sign_in(client)
        with sqlite3.connect(f"{programme}.accounts") as connection:
            connection.execute("update session set used = '2020-01-01T00:00:00+00:00'")
        connection.close()
        assert await who(client) is None
        client.cookies.set(cookie_of(programme), "x" * 5_000)
        assert await who(client) is None
