"""What holds for every answer and every form, Datasette's own included.

Headers: no script but the server's own, no framing, no guessing of types, nothing kept by caches, no way to
another server. Tables as CSV: no formulas (see `evidence.files.spreadsheets`).
Cookies: never readable by scripts, never sent along from other sites, over HTTPS only where there is HTTPS.
Forms: a POST must come from a page of this server by its Origin (or Sec-Fetch-Site) header, beside the token
that Datasette asks for; a request without either header is refused. A body is read up to a limit only (forms
with files have their own: see `uploads`) and for a limited time, and one that is no form is refused, whatever
reads it.
Turns: a session has only so many requests under way at once (see `turns`).
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from hashlib import sha256
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from evidence.files.spreadsheets import OutgoingCsv
from joint_review import stopping
from joint_review.web.compat import Request, own_scripts
from joint_review.web.forms import typed
from joint_review.web.routes import takes_files
from joint_review.web.signin import COOKIE, COOKIES, behind_tls
from joint_review.web.tables import MORE, as_asked, is_csv, most_rows
from joint_review.web.turns import TooManyWaiting, turn_of_session
from joint_review.web.uploads import LARGEST_FORM, LARGEST_UPLOAD, FormUnreadable
from rules.errors import ReviewError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OWN_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SCRIPTS = " ".join(
    f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in own_scripts()
)
DATASETTE_POLICY = (
    OWN_POLICY.replace("script-src 'self'", f"script-src 'self' {SCRIPTS}")
    .replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    .replace("img-src 'self'", "img-src 'self' data:")
)
"""Datasette's own pages hold some style, and a few scripts of its own, which are named by their digests."""
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Pictures hold their own style and nothing else."""
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000"
OURS = ("/reviews", "/compare", "/overrides", "/-/sign-in", "/-/sign-out")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOO_LARGE = "The request is too large. Nothing was changed."
TOO_SLOW = (
    "The form took too long to arrive. Nothing was changed. Send it again, with fewer or smaller files."
)
TOO_MANY = "Too many pages were asked for at once. Wait until some of them are there."
STOPPING = "The server is being restarted. Nothing was changed. Send the form again in a minute."
LONG_COOKIES = "The cookies of this site are too long. Delete them, and sign in again."
LONGEST_COOKIES = 8_000
"""Bytes of the cookies of a request, which browsers limit to half of that each."""
FORM_SECONDS, UPLOAD_SECONDS = 60.0, 600.0
"""How long a form may take to arrive; with files."""
STALLED_SECONDS, LEAST_BYTES = 30.0, 10_000
"""A form has to bring so many bytes a second, once it has taken so long."""
NO_FORM = "The form could not be read. Nothing was changed."
CHANGED = (
    "The file of the working database {wrong} while this server had it open, so the server shows and stores"
    " nothing more. Ask whoever runs this server to see which file is there now, to stop it, and to start it"
    " again."
)
TYPED = "What you had typed was not stored. Copy it from here:"
REFUSED = "This request did not come from a page of this server, so it was refused. Nothing was changed."


def guarded(app: App, ending: str = "", what_changed: Callable[[], Awaitable[str]] | None = None) -> App:
    """The application with all of it.

    The names of cookies get this `ending`; `what_changed` gives what happened to the file of the database.
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                stopping.listen()
            await app(scope, receive, send)
            return
        tls = behind_tls()
        scope = {**scope, "headers": [_own_cookies(name, value, ending) for name, value in scope["headers"]]}

        if scope["method"] in SAFE and not _is_ours(scope["path"]):
            scope = as_asked(scope)
        table: OutgoingCsv | None = None

        async def answer(message: MutableMapping[str, Any]) -> None:
            nonlocal table
            if message["type"] == "http.response.start":
                headers = _with_headers(scope["path"], message.get("headers", ()), tls, ending)
                if _is_csv(scope, headers):
                    table = OutgoingCsv(most_rows(scope), MORE)
                    headers = [pair for pair in headers if pair[0].lower() != b"content-length"]
                message["headers"] = headers
            elif table is not None:
                more = message.get("more_body", False)
                message["body"] = table.feed(message.get("body", b""), more=more)
            await send(message)

        # Of several such headers Datasette, too, takes the last.
        cookies = {name.lower(): value for name, value in scope["headers"]}.get(b"cookie", b"")
        if len(cookies) > LONGEST_COOKIES:
            await _refuse(scope, answer, 431, LONG_COOKIES)
            return
        try:
            async with turn_of_session(cookies):
                if what_changed and "/-/static" not in scope["path"] and (wrong := await what_changed()):
                    await _close(scope, receive, answer, CHANGED.format(wrong=wrong))
                elif scope["method"] in SAFE:
                    await app(scope, receive, answer)
                elif is_from_here(scope):
                    await _take_form(app, scope, receive, answer)
                else:
                    await _refuse(scope, answer)
        except TooManyWaiting:
            await _refuse(scope, answer, 429, TOO_MANY)

    return guard


async def _close(scope: Scope, receive: Receive, send: Send, said: str) -> None:
    """Refuse everything, and hand back what was typed into a form."""
    if scope["method"] not in SAFE and is_from_here(scope) and not scope["path"].endswith(".json"):
        texts: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(FORM_SECONDS):
                texts = await typed(Request(scope, receive))
        said = "\n\n".join([said, *([TYPED, *texts] if texts else ())])
    await _refuse(scope, send, 503, said)


async def _take_form(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a form on, as long as its body is not too large and can be read."""
    read, started, files, late = 0, False, takes_files(scope["path"]), ""
    most = 2 * LARGEST_UPLOAD if files else LARGEST_FORM
    began = monotonic()
    ends = began + (UPLOAD_SECONDS if files else FORM_SECONDS)
    if not files and dict(scope["headers"]).get(b"content-type", b"").startswith(b"multipart/"):
        # Datasette takes none either, and asgi-csrf 0.11 fails on them with today's python-multipart.
        await _refuse(scope, send, 400, NO_FORM)
        return

    async def limited() -> MutableMapping[str, Any]:
        nonlocal read, late
        due = min(ends, began + STALLED_SECONDS + read / LEAST_BYTES)
        try:
            message = await stopping.unless_stopped(receive(), due - monotonic())
        except (TimeoutError, stopping.BeingStopped) as error:
            late = TOO_SLOW if isinstance(error, TimeoutError) else STOPPING
            raise FormUnreadable(late) from None
        read += len(message.get("body", b""))
        if read > most:
            raise FormUnreadable(TOO_LARGE)
        return message

    async def answer(message: MutableMapping[str, Any]) -> None:
        nonlocal started
        if started or (read <= most and not late):
            started = True
            await send(message)

    try:
        await app(scope, limited, answer)
    except (ReviewError, ValueError, LookupError, AssertionError):
        # What Datasette's own check of the token raises for a body that is no form.
        if started:
            raise
    if late and not started:
        await _refuse(scope, send, 408 if late == TOO_SLOW else 503, late)
    elif not started:
        await _refuse(scope, send, 413 if read > most else 400, TOO_LARGE if read > most else NO_FORM)


def is_from_here(scope: Scope) -> bool:
    """Whether a request says that a page of this server sent it."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get(b"origin")
    if origin is not None:
        return bool(origin) and urlsplit(origin).netloc == headers.get(b"host")
    return headers.get(b"sec-fetch-site") == "same-origin"


def _with_headers(path: str, headers: Any, tls: bool, ending: str) -> list[tuple[bytes, bytes]]:
    found = [(name, _inside(name, value)) for name, value in headers if name.lower() not in REPLACED]
    cookies = [
        (name, _safe_cookie(value, tls, ending)) if name.lower() == b"set-cookie" else (name, value)
        for name, value in found
    ]
    said = HEADERS | {"content-security-policy": _policy(path)}
    if "/-/static" not in path:
        said["cache-control"] = "no-store"
    if tls:
        said["strict-transport-security"] = HSTS
    return [*cookies, *((name.encode(), value.encode()) for name, value in said.items())]


def _is_csv(scope: Scope, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a table goes out as CSV; to be looked at, Datasette sends it as plain text."""
    kinds = (b"text/csv", b"text/plain") if is_csv(scope) else (b"text/csv",)
    return any(name.lower() == b"content-type" and value.startswith(kinds) for name, value in headers)


def _inside(name: bytes, value: bytes) -> bytes:
    """A header; the address to go on to is one of this server, whatever path it was made of."""
    elsewhere = name.lower() == b"location" and value[:1] == b"/" and value[1:2] in (b"/", b"\\")
    return b"/" if elsewhere else value


def _policy(path: str) -> str:
    if path.endswith(".svg"):
        return PICTURE_POLICY
    return OWN_POLICY if _is_ours(path) else DATASETTE_POLICY


def _is_ours(path: str) -> bool:
    return path == "/" or path.startswith(OURS)


REPLACED = frozenset(
    name.encode()
    for name in (*HEADERS, "content-security-policy", "cache-control", "strict-transport-security")
)


def _own_cookies(header: bytes, value: bytes, ending: str) -> tuple[bytes, bytes]:
    """A header; cookies of these databases under the names they are asked for by, and none of others'."""
    if header.lower() != b"cookie" or not ending:
        return header, value
    found: dict[bytes, bytes] = {}
    for part in value.split(b";"):
        name, _, given = part.strip().partition(b"=")
        plain = next((one.encode() for one in COOKIES if name.startswith(one.encode())), None)
        if plain is None:
            found[name] = given
        elif name == plain + ending.encode():
            found[plain] = given
        elif name == plain and plain != COOKIE.encode():
            # Datasette's are signed; also by other ways to sign in, which know no endings.
            found.setdefault(plain, given)
    return header, b"; ".join(name + b"=" + given for name, given in found.items())


def _safe_cookie(value: bytes, tls: bool, ending: str) -> bytes:
    """A cookie with all the attributes that protect it, under the name that a browser keeps it by."""
    parts = value.split(b"; ")
    name, _, given = parts[0].partition(b"=")
    if ending and name.decode("latin-1") in COOKIES:
        parts[0] = name + ending.encode() + b"=" + given
    known = {part.split(b"=")[0].lower() for part in parts[1:]}
    for name, part in ((b"httponly", b"HttpOnly"), (b"samesite", b"SameSite=Lax"), (b"secure", b"Secure")):
        if name not in known and (tls or name != b"secure"):
            parts.append(part)
    return b"; ".join(parts)


async def _refuse(scope: Scope, send: Send, status: int = 403, error: str = REFUSED) -> None:
    title = "Not allowed" if status == 403 else "Not done"
    said = json.dumps({"ok": False, "status": status, "title": title, "error": error, "message": error})
    is_json = scope["path"].endswith(".json")
    body = said if is_json else error
    kind = b"application/json" if is_json else b"text/plain; charset=utf-8"
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body.encode()})
