"""The pages: a request, one function that answers it, and the template or the JSON."""

from __future__ import annotations

import re
import sqlite3
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from datasette import Response
from sqlite_utils import Database

from assessment.web import content
from assessment.web.access import NoWorkingDatabase, find_working_database, read, working_database
from assessment.web.compat import own_index
from rules.errors import ReviewError, UnknownName

Found = dict[str, Any]


class AskedWrongly(ReviewError):
    """The query string holds something that cannot be meant."""


@dataclass(frozen=True)
class Asked:
    """A request as the pages need it: names from the path, values from the query string."""

    names: dict[str, str]
    values: Any

    def whole(self, name: str, default: int | None = None) -> int | None:
        """A whole number from 1; raises AskedWrongly."""
        text = self.values.get(name) or ""
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
            raise AskedWrongly(f"{name} must be a whole number from 1, not {text[:40]!r}")
        return int(text)

    def text(self, name: str) -> str:
        """A text; raises AskedWrongly when it is longer than anything one would type."""
        text = (self.values.get(name) or "").strip()
        if len(text) > 200 or "\0" in text:
            raise AskedWrongly(f"{name} must be a text of at most 200 characters")
        return str(text)

    @property
    def page(self) -> int:
        """The page of a list."""
        return self.whole("page", 1) or 1

    @property
    def run(self) -> int | None:
        """The run asked for; None for the latest."""
        return self.whole("run")

    @property
    def language(self) -> str:
        """The language of titles; raises AskedWrongly."""
        text = self.text("lang") or "en"
        if not re.fullmatch("[a-z]{2}", text):
            raise AskedWrongly(f"lang must be a language like en or cy, not {text[:40]!r}")
        return text

    @property
    def item(self) -> int:
        """The number of an item, written 12 or E12; raises UnknownName."""
        text = self.names["number"]
        if not re.fullmatch(r"[Ee]?[0-9]{1,15}", text):
            raise UnknownName("item", text, ["E1, E2, ..."])
        return int(text.lstrip("Ee"))


def reviews(db: Database, asked: Asked) -> Found:
    """The list of reviews."""
    return content.reviews(db, page=asked.page)


def review(db: Database, asked: Asked) -> Found:
    """The overview of a review."""
    return content.review(db, asked.names["review"], run_id=asked.run, language=asked.language)


def trail(db: Database, asked: Asked) -> Found:
    """Why the grid position, a question or a domain is rated as it is."""
    names = asked.names
    return content.trail(db, names["review"], names["target"], run_id=asked.run, language=asked.language)


def measure(db: Database, asked: Asked) -> Found:
    """A measure and the items behind it."""
    names = asked.names
    return content.measure(
        db, names["review"], names["target"], names["measure"], run_id=asked.run, page=asked.page
    )


def items(db: Database, asked: Asked) -> Found:
    """The items of a review that pass a filter."""
    fields = ("domain", "kind", "source_kind", "strand", "direction", "source", "only", "search")
    chosen = content.Wanted(page=asked.page, **{name: asked.text(name) for name in fields})
    try:
        return content.items(db, asked.names["review"], chosen)
    except content.UnknownChoice as error:
        raise AskedWrongly(error.message, hint=error.hint) from error


def item(db: Database, asked: Asked) -> Found:
    """One item with its source in context."""
    return content.item(db, asked.names["review"], asked.item)


@dataclass(frozen=True)
class Page:
    """A page: its path, its template, and the function that finds what it shows."""

    path: str
    template: str
    find: Callable[[Database, Asked], Found]


NAME = "(?P<{}>[^/]+?)"
REVIEW = "/reviews/" + NAME.format("review")
TRAIL = REVIEW + "/trail/" + NAME.format("target")
PAGES = (
    Page("/reviews", "review_list.html", reviews),
    Page(REVIEW, "review_page.html", review),
    Page(TRAIL, "review_trail.html", trail),
    Page(TRAIL + "/" + NAME.format("measure"), "review_measure.html", measure),
    Page(REVIEW + "/items", "review_items.html", items),
    Page(REVIEW + "/items/" + NAME.format("number"), "review_item.html", item),
)
"""Every page; each also answers with `.json` at the end of its path."""


def routes() -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    """The routes for Datasette: the home page, then every page."""
    return [(r"^/$", home), *((rf"^{page.path}(?P<format>\.json)?$", _view(page)) for page in PAGES)]


async def home(datasette: Any, request: Any) -> Any:
    """The list of reviews; where there is no working database, Datasette's own home page."""
    if await find_working_database(datasette) is None:
        return await own_index(datasette, request)
    return await _show(datasette, request, PAGES[0])


def _view(page: Page) -> Callable[..., Awaitable[Any]]:
    async def view(datasette: Any, request: Any) -> Any:
        return await _show(datasette, request, page)

    return view


async def _show(datasette: Any, request: Any, page: Page) -> Any:
    database = None
    names = {name: unquote(text) for name, text in request.url_vars.items() if text is not None}
    try:
        database = await working_database(datasette, request.actor)
        asked = Asked(names, request.args)
        found = await read(database, lambda db: page.find(db, asked))
    except (ReviewError, sqlite3.Error) as error:
        return await refuse(datasette, request, error, database)
    if names.get("format"):
        return Response.json({"ok": True, **found})
    keep = {name: request.args.get(name) for name in ("run", "lang") if request.args.get(name)}
    context = {
        **found,
        "keep": f"?{urlencode(keep)}" if keep else "",
        "again": _query(request, "page"),
        "json": datasette.urls.path("/reviews.json") if page is PAGES[0] else f"{request.path}.json",
        "query": f"?{request.query_string}" if request.query_string else "",
        "working": database.name,
    }
    return Response.html(await datasette.render_template(page.template, context, request=request))


def _query(request: Any, without: str) -> str:
    """The query string up to a value for `without`: '?a=b&without='."""
    pairs = [
        (name, value) for name in request.args for value in request.args.getlist(name) if name != without
    ]
    return f"?{urlencode([*pairs, (without, '')])}"


async def refuse(datasette: Any, request: Any, error: Exception, database: Any = None) -> Any:
    """The page (or JSON) that says what is wrong and what would do."""
    status, title, message, hint = _plainly(error)
    said = {"ok": False, "status": status, "title": title, "error": message, "hint": hint}
    if request.path.endswith(".json"):
        return Response.json(said, status=status)
    said["working"] = database.name if database else None
    page = await datasette.render_template("review_error.html", said, request=request)
    return Response.html(page, status=status)


def _plainly(error: Exception) -> tuple[int, str, str, str]:
    """Status, title, message and hint of an error; what nobody foresaw goes to the server's log only."""
    if not isinstance(error, ReviewError):
        traceback.print_exception(error)
        hint = "It may be older than this software. Bring it up to date: joint-review init --db FILE"
        return 500, "Cannot be read", "The working database cannot be read.", hint
    message = f"{error.message[:1].upper()}{error.message[1:]}."
    if isinstance(error, AskedWrongly):
        return 400, "Asked wrongly", message, error.hint
    if isinstance(error, NoWorkingDatabase):
        return 404, "No working database", message, error.hint
    return 404, "Not found", message, error.hint


async def turn_away(datasette: Any, request: Any) -> Any:
    """403: how to sign in, or that this account may not see the page; nothing about what is there."""
    error = "You may not see this page." if request.actor else "You need to sign in to see this page."
    if request.path.endswith(".json"):
        said = {"ok": False, "status": 403, "title": "Not allowed", "error": error, "hint": ""}
        return Response.json(said, status=403)
    page = await datasette.render_template("review_forbidden.html", {"error": error}, request=request)
    return Response.html(page, status=403)
