"""The pages collected from `pages/`: a request, one function that answers it, the template or the JSON."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypedDict, cast
from urllib.parse import unquote, urlencode

from evidence.coding.second_coding import StillBlind, refuse_blind
from joint_review.plain import plain
from joint_review.web import forms, pages, signin
from joint_review.web.access import (
    LOG,
    NoWorkingDatabase,
    actor_of,
    find_working_database,
    read,
    sees_tables,
    working_database,
)
from joint_review.web.compat import Forbidden, Response, own_index
from joint_review.web.forms import Again, Form
from joint_review.web.outgoing import KINDS, make_file
from joint_review.web.page import HOME, REVIEW, Download, Page, Picture, Shown, Subject
from joint_review.web.remedies import Refusal, refusal
from joint_review.web.request import Asked, AskedWrongly
from programme.database import last_event
from programme.permissions import Action, Actor
from rules.errors import DatabaseUnusable, ReviewError
from rules.remedy import UpgradeDatabase

Subjects = tuple[Subject, ...]


def subjects() -> Subjects:
    """What the modules of `pages/` answer for, in the order of their names."""
    return tuple(
        Subject(module.name, import_module(f"{pages.__name__}.{module.name}").subject())
        for module in sorted(iter_modules(pages.__path__), key=lambda module: module.name)
    )


def all_pages() -> list[tuple[Shown, str]]:
    """Every page, picture and file, with the page's template, in the order in which addresses are tried."""
    found = [
        (page, f"{subject.folder}/{page.template}.html" if isinstance(page, Page) else "")
        for subject in subjects()
        for page in subject.pages
    ]
    return sorted(found, key=lambda entry: _specific(entry[0].path))


def all_forms() -> list[Form]:
    """Every form of every page."""
    return [form for subject in subjects() for form in subject.forms]


def _specific(path: str) -> list[tuple[bool, str]]:
    """What puts `/sources/add` before `/sources/NAME`: of two parts of an address, words before names."""
    return [("(?P<" in part, part) for part in path.split("/")]


def routes() -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    """The routes for Datasette: the home page, then every form, page and picture."""
    pages_of_forms = {page.path: (page, template) for page, template in all_pages() if template}
    found: list[tuple[str, Callable[..., Awaitable[Any]]]] = [(r"^/$", _home(*pages_of_forms[HOME]))]
    for form in all_forms():
        found.append((rf"^{form.path}(?P<format>\.json)?$", _submit(form, *pages_of_forms[form.page])))
    for page, template in all_pages():
        if isinstance(page, Page) and page.goes_out:
            found.append((rf"^{page.path}(?P<kind>\.(?:xlsx|csv|zip))$", _file(page, template)))
    for page, template in all_pages():
        ending = r"(?P<format>\.json)?" if isinstance(page, Page) else ""
        found.append((rf"^{page.path}{ending}$", _view(page, template)))
    return found


def _home(page: Shown, template: str) -> Callable[..., Awaitable[Any]]:
    async def home(datasette: Any, request: Any) -> Any:
        """The list of reviews; where there is no working database, Datasette's own home page."""
        if await find_working_database(datasette) is None:
            return await own_index(datasette, request)
        return await _show(datasette, request, page, template)

    return home


def _view(page: Shown, template: str) -> Callable[..., Awaitable[Any]]:
    async def view(datasette: Any, request: Any) -> Any:
        return await _show(datasette, request, page, template)

    return view


def _file(page: Page, template: str) -> Callable[..., Awaitable[Any]]:
    async def view(datasette: Any, request: Any) -> Any:
        """What goes out of a page, as a file."""
        return await _show(datasette, request, page, template)

    return view


def takes_files(path: str) -> bool:
    """Whether this is the address of a form that files may come with."""
    return any(form.files and re.search(rf"{form.path}(\.json)?$", path) for form in all_forms())


class MenuEntry(TypedDict):
    """An entry of the menu of a review."""

    title: str
    path: str
    """Behind that of the review."""
    here: bool


def menu_of(page: Page, may: Set[Action]) -> list[MenuEntry]:
    """The menu of a review for who may do this."""
    found = [
        (other.menu.position, other)
        for other, _ in all_pages()
        if isinstance(other, Page) and other.menu and not may.isdisjoint((other.action, *other.also))
    ]
    return [
        {
            "title": other.menu.title,
            "path": other.path.removeprefix(REVIEW),
            "here": other.path == page.path,
        }
        for _, other in sorted(found, key=lambda entry: entry[0])
        if other.menu
    ]


def _submit(form: Form, page: Shown, template: str) -> Callable[..., Awaitable[Any]]:
    async def show(datasette: Any, request: Any, again: Again) -> Any:
        return await _show(datasette, request, page, template, again)

    async def view(datasette: Any, request: Any) -> Any:
        try:
            return await forms.submit(datasette, request, form, show, refuse)
        except Forbidden:
            if request.actor or request.method != "POST" or form.files:
                raise
            return await turn_away(datasette, request, await forms.typed(request))

    return view


async def _show(datasette: Any, request: Any, page: Shown, template: str, again: Again | None = None) -> Any:
    """The answer of a page; `again` where a form of it could not be done."""
    database = None
    names = {name: unquote(text) for name, text in request.url_vars.items() if text is not None}
    address = request.path.removesuffix(f"/{again.form}" if again else "")
    try:
        actor = actor_of(request.actor)
        # A file is of what a page lists for those it is first of all open to.
        action = page.action if names.get("kind") else _opens(page, actor, names.get("review"))
        database = await working_database(datasette, request.actor, action, names.get("review"))
        if actor is None:
            raise Forbidden("You need to sign in to see this page.")
        may = frozenset(action for action in Action if actor.may(action, names.get("review")))
        seen = actor.reviews(Action.SEE_REVIEW)
        asked = Asked(names, request.args, seen, actor.name, may, actor.reviews)
        if page.action is Action.SEE_ALL_REVIEWS:
            await read(database, lambda db: refuse_blind(db, None, actor.name))
        elif "review" in names and not (isinstance(page, Page) and page.blind):
            await read(database, lambda db: refuse_blind(db, names["review"], actor.name))
        if isinstance(page, Picture):
            drawn = await read(database, lambda db: page.draw(db, asked))
            return Response(drawn, content_type="image/svg+xml; charset=utf-8")
        if isinstance(page, Download):
            file = await read(database, lambda db: page.make(db, asked))
            return _kept_file(file.content, file.name, file.media)
        if (suffix := names.get("kind")) and page.goes_out:
            goes_out = page.goes_out
            made = await read(database, lambda db: make_file(db, asked, goes_out, suffix))
            return _download(made, suffix, names.get("review", "reviews"), address)
        found, shown = await read(
            database, lambda db: (page.find(db, asked), 0 if names.get("format") else last_event(db))
        )
        if names.get("format") and (wrong := cast(Refusal | None, found.get("wrong"))):
            raise AskedWrongly(wrong["error"], hint=wrong["hint"])
    except (ReviewError, sqlite3.Error) as error:
        if isinstance(error, StillBlind) and isinstance(page, Page) and not names.get("format"):
            return Response.redirect(datasette.urls.path(f"/reviews/{error.review}/coding"), status=303)
        return await refuse(datasette, request, error, database)
    if names.get("format"):
        return Response.json({"ok": True, **found}, default=plain)
    of = cast("Mapping[str, str] | None", found.get("review"))
    context = {
        **found,
        "home": datasette.urls.path(f"{HOME}/{of['key']}") if of else "",
        "keep": _kept(request, "run", "lang"),
        "drawn": _kept(request, "run", "lang", "draws", "seed"),
        "again": _query(request, "page"),
        "json": datasette.urls.path("/reviews.json") if page.path == HOME else f"{address}.json",
        "files": ""
        if action is not page.action
        else _files_of(page, datasette.urls.path("/reviews") if page.path == HOME else address),
        "query": f"?{request.query_string}" if request.query_string else "",
        "working": database.name if sees_tables(request.actor) else None,
        "menu": menu_of(page, may),
        "address": address,
        "may": {action.name.lower(): action in may for action in Action},
        "form": again.form if again else "",
        "typed": again.typed if again else {},
        "mistakes": again.mistakes if again else {},
        "refused": again.refused if again else None,
        "chosen_from": again.choices if again else (),
        "new_number": forms.new_number,
        "shown_at": again.shown if again and again.shown else shown,
    }
    text = await datasette.render_template(template, context, request=request)
    if again and (lost := forms.left_out(text, again)):
        text = await datasette.render_template(template, {**context, "left_out": lost}, request=request)
    status = again.status if again else 400 if found.get("wrong") else 200
    return Response.html(text, status=status)


def _files_of(page: Shown, address: str) -> str:
    """Where the files of a page are, but for their suffix: at its own address; nothing where it has none."""
    if not (isinstance(page, Page) and page.goes_out):
        return ""
    return address


def _download(made: bytes, suffix: str, review: str, address: str) -> Any:
    """A file to be kept, named for the review and the page that it comes from."""
    page = address.removesuffix(suffix).rpartition("/")[2]
    name = "-".join(dict.fromkeys(re.sub(r"[^A-Za-z0-9_-]", "-", part) for part in (review, page)))
    return _kept_file(made, f"{name}{suffix}", KINDS[suffix])


def _kept_file(content: bytes, name: str, media: str) -> Any:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, content_type=media)


def _opens(page: Shown, actor: Actor | None, review: str | None) -> Action:
    """What of that which opens a page who asks may do; else what it is first of all open to."""
    also = page.also if isinstance(page, Page) else ()
    for action in (page.action, *also) if actor else ():
        if actor and (actor.may(action, review) if review else actor.reviews(action) != frozenset()):
            return action
    return page.action


def _kept(request: Any, *names: str) -> str:
    """What of the query string the links of a page carry on: '?run=2', or nothing."""
    keep = {name: request.args.get(name) for name in names if request.args.get(name)}
    return f"?{urlencode(keep)}" if keep else ""


def _query(request: Any, without: str) -> str:
    """The query string up to a value for `without`: '?a=b&without='."""
    pairs = [
        (name, value) for name in request.args for value in request.args.getlist(name) if name != without
    ]
    return f"?{urlencode([*pairs, (without, '')])}"


async def refuse(
    datasette: Any, request: Any, error: Exception, database: Any = None, status: int | None = None
) -> Any:
    """The page (or JSON) that says what is wrong and what would do."""
    found, title, known = _plainly(error)
    if status is not None and status != found:
        found, title = status, "Not done"
    status = found
    said = {"ok": False, "status": status, "title": title, **refusal(known)}
    if request.path.endswith(".json"):
        del said["steps"]
        return Response.json(said, status=status)
    said["working"] = database.name if database else None
    page = await datasette.render_template("frame/error.html", said, request=request)
    return Response.html(page, status=status)


def _plainly(error: Exception) -> tuple[int, str, ReviewError]:
    """Status, title and what is told of an error; what nobody foresaw goes to the server's log only."""
    if not isinstance(error, ReviewError):
        LOG.error("%s", error, exc_info=error)
        unread = DatabaseUnusable(
            "the working database cannot be read",
            hint="It may be older than this software.",
            remedies=[UpgradeDatabase()],
        )
        return 500, "The database cannot be read", unread
    if isinstance(error, AskedWrongly):
        return 400, "This address is not valid", error
    if isinstance(error, StillBlind):
        return 403, "Not yet", error
    if isinstance(error, NoWorkingDatabase):
        return 404, "No working database", error
    if isinstance(error, DatabaseUnusable):
        return 503, "Not done", error
    return 404, "Not found", error


async def answer_error(datasette: Any, request: Any, error: Exception) -> Any:
    """The answer to an error on a page of Datasette's own; None to leave it to Datasette.

    To who may not see all reviews, what is not there and what was asked wrongly are refused as what is there
    is; others are told what is not there, on a page like all of ours.
    """
    if await find_working_database(datasette) is None:
        return None
    if sees_tables(request.actor):
        if getattr(error, "status", 500) != 404 or request.path.endswith(".json"):
            return None
        said = {"title": "Page not found", "error": "There is no page at this address.", "working": None}
        page = await datasette.render_template("frame/error.html", said, request=request)
        return Response.html(page, status=404)
    if getattr(error, "status", 500) < 500:
        return await turn_away(datasette, request)
    return await refuse(datasette, request, error)


async def turn_away(datasette: Any, request: Any, typed: Sequence[str] = ()) -> Any:
    """403: the form that signs in, or that this account may not see the page; nothing about what is there.

    `typed` is what somebody had written who is signed out by now: it is handed back to them.
    """
    error = "You may not see this page." if request.actor else "You need to sign in to see this page."
    if request.path.endswith(".json"):
        said = {"ok": False, "status": 403, "title": "Not allowed", "error": error, "hint": ""}
        return Response.json(said, status=403)
    if not request.actor:
        after = request.path + (f"?{request.query_string}" if request.query_string else "")
        return await signin.show_form(datasette, request, after, status=403, typed=typed)
    page = await datasette.render_template("frame/forbidden.html", {"error": error}, request=request)
    return Response.html(page, status=403)
