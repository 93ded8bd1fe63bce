"""The Datasette plugin: the evidence trail as pages, each also as JSON.

Modules in reading order:

    access    who may see the pages, which database they show, reading from it
    signin    signing in and out, and who a request is from
    turns     how much one user may have under way at once
    tables    Datasette's own tables as people ask for them
    guard     what holds for every answer and every form: headers, cookies, where a form comes from
    waiting   tables that wait for the mapping they are imported with
    preview   the preview of a table that fits no layout: its mapping as fields of a form
    uploads   reading the body of a form: fields and files, within limits
    state     what a form was shown with, compared with what is there when it comes in
    forms     forms: the one way in which a page changes something
    request   what a request asks for, checked in words
    run_view  a review as one run shows it, in one language
    lists     lists on pages: their paging, and an item as every list shows it
    cache     what takes a while to work out from a run, kept in memory
    support   what ratings rest on, and what would be lost without a source
    assets    style sheets and scripts, each with an address that changes when its bytes do
    figures   the grid, scales and bars as plain numbers
    wording   the words for what the tables hold as short names
    remedies  how a refusal is said: what is wrong, and what would help, with a link
    compat    the door to Datasette, and all that differs between 0.65 and 1.0
    outgoing  lists of pages as files: XLSX and CSV
    page      what a module of pages declares of itself
    pages/    the pages, one module a subject
    routes    the pages collected: request, one function, template or JSON

This module holds the hooks, through which Datasette finds the rest; templates/ and static/ it finds itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from joint_review.web import access, compat, figures, guard, signin, wording
from joint_review.web import routes as views
from joint_review.web.access import NoWorkingDatabase, working_database
from joint_review.web.assets import static_address
from joint_review.web.compat import Forbidden, hookimpl, tilde_encode
from programme.bounded import prepare
from programme.corrections import stand_in
from programme.database import system_salts
from programme.hidden import hide
from programme.names import give_names
from programme.seals import give_salts

F = TypeVar("F", bound=Callable[..., Any])


def hook(function: F) -> F:
    """Mark a function as one of Datasette's hooks, and keep its type."""
    marked: F = hookimpl(function)
    return marked


def last_hook(function: F) -> F:
    """Mark a function as a hook that is asked after those of all other plugins."""
    marked: F = hookimpl(trylast=True)(function)
    return marked


@hook
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    """The pages, before Datasette's own routes."""
    signing = {
        signin.SIGN_IN: signin.sign_in,
        signin.SIGN_OUT: signin.sign_out,
        signin.OWNER_LINK: signin.sign_in_owner,
    }
    return [*((f"^{path}$", view) for path, view in signing.items()), *views.routes()]


@hook
def actor_from_request(datasette: Any, request: Any) -> Callable[[], Awaitable[Any]]:
    """Who is signed in with a name and password."""
    return partial(signin.find_actor, datasette, request)


@last_hook
def permission_allowed(datasette: Any, actor: dict[str, Any] | None, action: str) -> Any:
    """What Datasette may show, whatever its metadata says; asked last, so that nothing overrules it."""

    async def ask() -> bool | None:
        return False if await access.closed(datasette, actor, action) else None

    return ask


@hook
def permission_resources_sql(datasette: Any, actor: dict[str, Any] | None, action: str) -> Any:
    """The same for Datasette 1.0."""

    async def ask() -> Any:
        return compat.nothing() if await access.closed(datasette, actor, action) else None

    return ask()


@hook
def handle_exception(datasette: Any, request: Any, exception: Exception) -> Callable[[], Awaitable[Any]]:
    """Who may not see Datasette's pages is told alike what is refused, is not there, or was asked wrongly."""

    async def answer() -> Any:
        return await views.answer_error(datasette, request, exception)

    return answer


@hook
def extra_css_urls(datasette: Any) -> list[str]:
    """Of Datasette's own pages; ours do not extend its template."""
    return [static_address(datasette, "tables.css")]


@hook
def extra_js_urls(datasette: Any) -> list[str]:
    """Of Datasette's own pages: see `static/tables.js`."""
    return [static_address(datasette, "tables.js")]


@hook
def skip_csrf(datasette: Any, scope: Any) -> bool:
    """Forms with files check their token themselves, once it is known that who sends them may."""
    return views.takes_files(str(scope.get("path", "")))


@hook
def asgi_wrapper(datasette: Any) -> Callable[[guard.App], guard.App]:
    """What holds for every answer: see `guard`."""
    paths = [Path(database.path) for database in datasette.databases.values() if database.path]
    return partial(
        guard.guarded,
        ending=signin.cookie_ending(paths),
        what_changed=partial(access.what_changed, datasette),
    )


@hook
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    """The file that is served is known from the start, so that it is noticed when another takes its place."""

    async def know() -> None:
        access.set_logs_aside(datasette)
        await access.find_working_database(datasette)

    return know


@hook
def prepare_connection(conn: Any) -> None:
    """Wait for writers instead of failing, hold foreign keys (both are off by default), salt events."""
    conn.execute("pragma busy_timeout=20000")
    conn.execute("pragma foreign_keys=on")
    give_salts(conn, system_salts)
    give_names(conn)
    prepare(conn)
    stand_in(conn)
    hide(conn)


@hook
def forbidden(datasette: Any, request: Any) -> Callable[[], Awaitable[Any]]:
    """One plain page for everything refused, Datasette's own pages included."""
    return partial(views.turn_away, datasette, request)


@hook
def menu_links(datasette: Any, actor: dict[str, Any] | None) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    """The way to the reviews from Datasette's own pages, for those who may go it."""

    async def links() -> list[dict[str, str]]:
        try:
            database = await working_database(datasette, actor)
        except (Forbidden, NoWorkingDatabase):
            return []
        found = [{"href": datasette.urls.path("/reviews"), "label": "Reviews"}]
        if access.sees_tables(actor):
            href = datasette.urls.database(database.name)
            found.append({"href": href, "label": "Tables and queries"})
        return found

    return links


@hook
def prepare_jinja2_environment(env: Any, datasette: Any) -> None:
    """What the templates need to say numbers and draw figures, under names of our own."""
    for function in (
        figures.grid_figure,
        figures.crowd_figure,
        figures.heat,
        figures.mini_grid,
        figures.scale_figure,
        figures.item_bar,
        figures.measure_bar,
        wording.number,
        wording.percent,
        wording.signed,
        wording.interval,
        wording.moment,
        wording.day,
        wording.window,
        wording.plural,
        wording.corrected,
    ):
        env.globals[f"jr_{function.__name__}"] = function
    env.globals["jr_words"] = wording
    env.globals["jr_in_path"] = tilde_encode
    env.globals["jr_static"] = partial(static_address, datasette)
