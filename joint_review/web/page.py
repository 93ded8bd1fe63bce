"""What a module of `pages/` declares of itself: its pages, pictures and forms, and their place in the menu.

Such a module, `weather.py`, begins with a function `subject`, which gives them:

    def subject() -> tuple[Declared, ...]:
        return (
            Page(REVIEW + "/weather", "forecast", forecast, menu=Menu("Weather", 130)),
            Form(REVIEW + "/weather", "record", Action.TAG, record),
        )

`forecast(db, asked)` finds what the page shows, as plain data: the JSON of the page, and what
`templates/weather/forecast.html` is given. Nothing else needs to know of it: `routes` collects all modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from joint_review.web.forms import Form
from joint_review.web.outgoing import GoesOut, the_list
from joint_review.web.request import Asked
from programme.database import Database
from programme.permissions import Action

Found = Mapping[str, object]
"""What a page shows, as JSON would hold it: of each page a TypedDict of its own. Where there is `wrong` in
it (a `Refusal`), what was asked of the page cannot be done."""

NAME = "(?P<{}>[^/]+?)"
"""A name in an address, as a pattern."""
HOME = "/reviews"
REVIEW = "/reviews/" + NAME.format("review")


class Menu(NamedTuple):
    """A place in the menu of a review."""

    title: str
    position: int
    """Lower numbers come first."""


@dataclass(frozen=True)
class Page:
    """A page: its path, its template, and the function that finds what it shows."""

    path: str
    template: str
    """Name of the template in the folder of its subject, without `.html`."""
    find: Callable[[Database, Asked], Found]
    action: Action = Action.SEE_REVIEW
    """What one must be allowed to do, to the review in the path (or, without one, to any)."""
    also: tuple[Action, ...] = ()
    """Others that open it, too, e.g. to those who see no evidence: the page then shows them less."""
    blind: bool = False
    """Whether it is open to who codes items of the review blind: it tells what others made of none."""
    menu: Menu | None = None
    """Where the menu of a review names it, if it does."""
    goes_out: GoesOut | None = None
    """What of it can be had as XLSX and CSV, if anything: behind its path, .xlsx, .csv and .zip."""


def listing(
    path: str,
    template: str,
    find: Callable[[Database, Asked], Found],
    listed: str,
    menu: Menu | None = None,
    action: Action = Action.SEE_REVIEW,
    also: tuple[Action, ...] = (),
) -> Page:
    """A page whose list goes out of it, called as its template; `listed` leads to it in the page's JSON."""
    out = the_list(find, listed, template)
    return Page(path, template, find, action, also=also, menu=menu, goes_out=out)


def of_frameworks(
    path: str, template: str, find: Callable[[Database, Asked], Found], listed: str
) -> tuple[Page, Page]:
    """The page across all reviews under a framework, at its path and behind that with the framework named."""
    action = Action.SEE_ALL_REVIEWS
    named = path + "/" + NAME.format("framework")
    return Page(path, template, find, action), listing(named, template, find, listed, action=action)


@dataclass(frozen=True)
class Picture:
    """A picture that a page shows: its path, and the function that draws it as SVG."""

    path: str
    draw: Callable[[Database, Asked], str]
    action: Action = Action.SEE_REVIEW


class FileMade(NamedTuple):
    """A file that was made to be kept."""

    name: str
    media: str
    """Its media type."""
    content: bytes


@dataclass(frozen=True)
class Download:
    """A file that a page leads to: its path, and the function that makes it."""

    path: str
    make: Callable[[Database, Asked], FileMade]
    action: Action = Action.SEE_REVIEW


Shown = Page | Picture | Download
"""What answers when it is asked for."""
Declared = Page | Picture | Download | Form
"""What a module of `pages/` declares: pages (with `.json` too), pictures, files, what pages can change."""


@dataclass(frozen=True)
class Subject:
    """What one module of `pages/` answers for."""

    folder: str
    """The folder of its templates: the name of the module."""
    declared: tuple[Declared, ...]

    @property
    def pages(self) -> tuple[Shown, ...]:
        """Its pages, pictures and files."""
        return tuple(one for one in self.declared if not isinstance(one, Form))

    @property
    def forms(self) -> tuple[Form, ...]:
        """Its forms."""
        return tuple(one for one in self.declared if isinstance(one, Form))
