"""Signing in and out, and who a request is from.

A session is a cookie with an unguessable token (see `assessment.accounts`); roles are read anew for every
request, so that a role taken or a user disabled counts at once. The link that `joint-review serve` prints
signs in the owner of the machine, as Datasette's `root`, with every role.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datasette import Response

from assessment.accounts import Accounts, open_accounts
from assessment.users import held_by, is_user
from assessment.web.access import find_working_database, read
from rules.errors import DatabaseUnusable, SignInRefused

COOKIE = "joint_review_session"
SIGN_IN, SIGN_OUT = "/-/sign-in", "/-/sign-out"
LONGEST = 400
"""Letters of a field of the form; more is nobody's name or password."""


def behind_tls() -> bool:
    """Whether people reach the pages over HTTPS: `joint-review serve --tls` says so."""
    return os.environ.get("JOINT_REVIEW_TLS") == "1"


async def find_actor(datasette: Any, request: Any) -> dict[str, Any] | None:
    """Who is signed in, as Datasette is told: `id`, `held` (role and review) and `all_reviews` (roles)."""
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
    if name is None:
        return None
    known, held = await read(database, lambda db: (is_user(db, name), held_by(db, name)))
    if not known:
        return None
    return {
        "id": name,
        "held": sorted([one.role.value, one.review] for one in held if one.review)
        + sorted([one.role.value, None] for one in held if not one.review),
        "all_reviews": sorted(one.role.value for one in held if one.review is None),
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
            raise SignInRefused("there is nothing here to sign in to")
        known = await read(database, lambda db: is_user(db, name))
        accounts = await asyncio.to_thread(_accounts, database)
        token = await asyncio.to_thread(
            accounts.sign_in,
            # A disabled user is told, and costs, what an unknown one does.
            name if known else "",
            password,
            _address(request),
            at=datetime.now(UTC),
            tokens=secrets.token_urlsafe,
        )
    except SignInRefused as error:
        return await show_form(datasette, request, after, name, error, status=403)
    response = Response.redirect(after or datasette.urls.path("/reviews"), status=303)
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=behind_tls())
    return response


async def sign_out(datasette: Any, request: Any) -> Any:
    """End the session, and Datasette's own."""
    if request.method != "POST":
        return Response.redirect(datasette.urls.path("/reviews"), status=303)
    token, database = request.cookies.get(COOKIE), await find_working_database(datasette)
    if token and database is not None:
        accounts = await asyncio.to_thread(_accounts, database)
        await asyncio.to_thread(accounts.sign_out, token)
    response = Response.redirect(datasette.urls.path(SIGN_IN), status=303)
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
) -> Any:
    """The form, with what went wrong the last time; `after` is where to go then."""
    said = {
        "after": after,
        "asked": request.path != SIGN_IN,
        "name": name,
        "error": f"{error.message[:1].upper()}{error.message[1:]}. {error.hint}" if error else "",
        "sign_in": datasette.urls.path(SIGN_IN),
    }
    page = await datasette.render_template("review_sign_in.html", said, request=request)
    return Response.html(page, status=status)


def _inside(path: str) -> str:
    """The path if it leads to a page of this server and to nowhere else; else nothing."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if inside and "\\" not in path and len(path) <= LONGEST else ""


def _address(request: Any) -> str:
    client = request.scope.get("client")
    return str(client[0]) if client else "unknown"
