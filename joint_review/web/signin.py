"""Signing in and out, and who a request is from.

A session is a cookie with an unguessable token (see `programme.accounts`); roles are read anew for every
request, so that a role taken or a user disabled counts at once. The link that `joint-review serve` prints
signs in the owner of the machine, once, as Datasette's `root`, with every role, and with a session like any.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TypedDict

from evidence.coding.second_coding import is_blind
from joint_review.web.access import LOG, find_working_database, read
from joint_review.web.compat import Forbidden, Response, own_link, use_link
from joint_review.web.remedies import refusal_words
from programme.accounts import WHOLE, Accounts, open_accounts
from programme.permissions import OWNER
from programme.users import held_by, is_user
from rules.errors import DatabaseUnusable, SignInRefused

COOKIE = "joint_review_session"
COOKIES = (COOKIE, "ds_csrftoken", "ds_messages", "ds_actor")
"""Ours, and Datasette's."""
SIGN_IN, SIGN_OUT, OWNER_LINK = "/-/sign-in", "/-/sign-out", "/-/auth-token"
LONGEST = 400
"""Letters of a field of the form; more is nobody's name or password."""


def behind_tls() -> bool:
    """Whether people reach the pages over HTTPS: `joint-review serve --tls` says so."""
    return os.environ.get("JOINT_REVIEW_TLS") == "1"


def cookie_ending(paths: Iterable[Path]) -> str:
    """What the names of cookies end with in the browser, for a server over these databases and no others.

    A browser keeps cookies by host, whatever the port: two programmes on one machine would take them from
    each other.
    """
    known = "\0".join(sorted(str(path.resolve()) for path in paths))
    return f"_{sha256(known.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


class OwnerSignedIn(TypedDict):
    """The owner of the machine, as Datasette is told."""

    id: str


class SignedIn(TypedDict):
    """Somebody else, as Datasette is told."""

    id: str
    held: list[list[str | None]]
    """Role and review of each: what our pages ask (see `programme.permissions`)."""
    all_reviews: list[str]
    """Roles in all reviews: what Datasette's pages are opened by."""


async def find_actor(datasette: Any, request: Any) -> OwnerSignedIn | SignedIn | None:
    """Who is signed in, as Datasette is told."""
    token = request.cookies.get(COOKIE)
    if not token or len(token) > LONGEST:
        return None
    database = await find_working_database(datasette)
    if database is None:
        return None
    try:
        accounts = await asyncio.to_thread(_accounts, database)
        name = await asyncio.to_thread(accounts.user_of, token, at=datetime.now(UTC))
    except DatabaseUnusable:
        return None
    if name is None or name == OWNER:
        return {"id": OWNER} if name else None
    known, held, blind = await read(
        database, lambda db: (is_user(db, name), held_by(db, name), is_blind(db, name))
    )
    if not known:
        return None
    of_some = sorted((one.role.value, one.review) for one in held if one.review)
    of_all = sorted(one.role.value for one in held if one.review is None)
    held_now: list[list[str | None]] = [[role, review] for role, review in of_some]
    return {
        "id": name,
        "held": held_now + [[role, None] for role in of_all],
        # Tables hold what a blind coder is not to see.
        "all_reviews": [] if blind else of_all,
    }


def _accounts(database: Any) -> Accounts:
    return open_accounts(Path(database.path))


async def sign_in(datasette: Any, request: Any) -> Any:
    """The page that signs in; the only one that strangers see."""
    if request.method != "POST":
        return await show_form(datasette, request, _inside(request.args.get("next") or ""))
    form = await request.post_vars()
    after = _inside(form.get("next", ""))
    name, password = (form.get(field, "")[:LONGEST] for field in ("name", "password"))
    database = await find_working_database(datasette)
    try:
        if database is None:
            raise SignInRefused("this server has nothing to sign in to")
        known = await read(database, lambda db: is_user(db, name))
        accounts = await asyncio.to_thread(_accounts, database)
        token = await asyncio.to_thread(
            accounts.sign_in,
            name,
            password,
            _address(request),
            at=datetime.now(UTC),
            tokens=secrets.token_urlsafe,
            # A disabled user is told, and costs, what an unknown one does.
            known=known,
        )
    except SignInRefused as error:
        return await show_form(datasette, request, after, name, error, status=403)
    except DatabaseUnusable as error:
        return await _closed(datasette, request, error, after, name)
    return await _begun(request, accounts, token, after or datasette.urls.path("/reviews"))


async def sign_in_owner(datasette: Any, request: Any) -> Any:
    """The link that `joint-review serve` prints; it works once."""
    database = await find_working_database(datasette)
    if database is None:
        return await own_link(datasette, request)
    if not use_link(datasette, request.args.get("token") or ""):
        raise Forbidden("this link was already used, or is not valid")
    try:
        accounts = await asyncio.to_thread(_accounts, database)
        at = datetime.now(UTC)
        token = await asyncio.to_thread(accounts.begin, OWNER, at=at, tokens=secrets.token_urlsafe)
    except DatabaseUnusable as error:
        return await _closed(datasette, request, error)
    return await _begun(request, accounts, token, datasette.urls.instance())


async def _closed(
    datasette: Any, request: Any, error: DatabaseUnusable, after: str = "", name: str = ""
) -> Any:
    """Strangers need not know where the file is and what is the matter with it."""
    LOG.error("%s", error, exc_info=error)
    closed = SignInRefused("nobody can sign in at the moment", hint="The server's log says why.")
    return await show_form(datasette, request, after, name, closed, status=503)


async def _begun(request: Any, accounts: Accounts, token: str, after: str) -> Any:
    """On to a page with a new session, which takes the place of the one there was."""
    if old := request.cookies.get(COOKIE):
        await asyncio.to_thread(accounts.sign_out, old)
    response = Response.redirect(after, status=303)
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=behind_tls())
    return response


async def sign_out(datasette: Any, request: Any) -> Any:
    """End the session, and Datasette's own."""
    if request.method != "POST":
        return Response.redirect(datasette.urls.path("/reviews"), status=303)
    token, database = request.cookies.get(COOKIE), await find_working_database(datasette)
    response = Response.redirect(datasette.urls.path(SIGN_IN), status=303)
    try:
        if token and database is not None:
            accounts = await asyncio.to_thread(_accounts, database)
            await asyncio.to_thread(accounts.sign_out, token)
    except DatabaseUnusable as error:
        LOG.error("%s", error, exc_info=error)
        hours = int(WHOLE.total_seconds() // 3600)
        said = SignInRefused(
            "this browser is signed out, but the session could not be ended on the server",
            hint=f"It ends by itself after {hours} hours at most.",
        )
        response = await show_form(datasette, request, "", "", said, status=503)
    for cookie in (COOKIE, "ds_actor"):
        response.set_cookie(cookie, "", max_age=0, httponly=True, samesite="lax", secure=behind_tls())
    return response


async def show_form(
    datasette: Any,
    request: Any,
    after: str,
    name: str = "",
    error: SignInRefused | None = None,
    status: int = 200,
    typed: Sequence[str] = (),
) -> Any:
    """The form, with what went wrong the last time; `after` is where to go then, `typed` was not saved."""
    said = {
        "typed": typed,
        "after": after,
        "asked": request.path != SIGN_IN,
        "name": name,
        "error": refusal_words(error) if error else "",
        "sign_in": datasette.urls.path(SIGN_IN),
    }
    page = await datasette.render_template("frame/sign_in.html", said, request=request)
    return Response.html(page, status=status)


def _inside(path: str) -> str:
    """The path if it leads to a page of this server and to nowhere else; else nothing."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if inside and "\\" not in path and len(path) <= LONGEST else ""


def _address(request: Any) -> str:
    client = request.scope.get("client")
    return str(client[0]) if client else "unknown"
