"""The Datasette plugin: the evidence trail as pages, each also as JSON.

Modules in reading order:

    access    who may see the pages, which database they show, reading from it
    views     the pages: request, one function, template or JSON
    content   what every page shows, as plain data
    shown     a review as one run shows it, in one language
    figures   the grid, scales and bars as plain numbers
    wording   the words for what the tables hold as short names
    compat    everything that differs between Datasette 0.65 and 1.0

This module holds the hooks, through which Datasette finds the rest; templates/ and static/ it finds itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from datasette import Forbidden, hookimpl

from assessment.web import figures, views, wording
from assessment.web.access import NoWorkingDatabase, working_database

F = TypeVar("F", bound=Callable[..., Any])
STYLE = Path(__file__).parent / "static" / "review.css"


def hook(function: F) -> F:
    """Mark a function as one of Datasette's hooks, and keep its type."""
    marked: F = hookimpl(function)
    return marked


@hook
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    """The pages, before Datasette's own routes."""
    return views.routes()


@hook
def prepare_connection(conn: Any) -> None:
    """Wait for writers instead of failing, and hold foreign keys; both are off by default."""
    conn.execute("pragma busy_timeout=20000")
    conn.execute("pragma foreign_keys=on")


@hook
def forbidden(datasette: Any, request: Any) -> Callable[[], Awaitable[Any]]:
    """One plain page for everything refused, Datasette's own pages included."""

    async def answer() -> Any:
        return await views.turn_away(datasette, request)

    return answer


@hook
def menu_links(datasette: Any, actor: dict[str, Any] | None) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    """The way to the reviews from Datasette's own pages, for those who may go it."""

    async def links() -> list[dict[str, str]]:
        try:
            database = await working_database(datasette, actor)
        except (Forbidden, NoWorkingDatabase):
            return []
        return [
            {"href": datasette.urls.path("/reviews"), "label": "Reviews"},
            {"href": datasette.urls.database(database.name), "label": "Tables and queries"},
        ]

    return links


@hook
def prepare_jinja2_environment(env: Any) -> None:
    """What the templates need to say numbers and draw figures, under names of our own."""
    for function in (
        figures.grid_figure,
        figures.heat,
        figures.mini_grid,
        figures.scale_figure,
        figures.item_bar,
        figures.measure_bar,
        wording.number,
        wording.signed,
        wording.interval,
        wording.moment,
        wording.plural,
    ):
        env.globals[f"jr_{function.__name__}"] = function
    env.globals["jr_words"] = wording
    env.globals["jr_style"] = hashlib.sha256(STYLE.read_bytes()).hexdigest()[:8]
