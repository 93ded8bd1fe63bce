"""The pages: a request, one function that answers it, and the template or the JSON."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from datasette import Forbidden, Response
from datasette.utils import tilde_decode
from sqlite_utils import Database

from evidence.coding.second_coding import StillBlind, refuse_blind
from joint_review.web import forms as writing
from joint_review.web import signin
from joint_review.web.access import (
    LOG,
    NoWorkingDatabase,
    actor_of,
    find_working_database,
    read,
    sees_tables,
    working_database,
)
from joint_review.web.compat import own_index
from joint_review.web.forms import Again, Form
from joint_review.web.pages import (
    agreement,
    assessing,
    challenges,
    coding,
    compare,
    coverage,
    decisions,
    indicators,
    overrides,
    panel,
    sources,
    surveys,
    uncertainty,
    whatif,
)
from joint_review.web.pages import items as of_items
from joint_review.web.pages import overview as content
from joint_review.web.pages import reading as tagging
from joint_review.web.pages import trail as why
from joint_review.web.request import Asked, AskedWrongly
from programme.permissions import Action
from rules.errors import DatabaseUnusable, ReviewError

Found = dict[str, Any]


def reviews(db: Database, asked: Asked) -> Found:
    """The list of reviews."""
    return content.reviews(db, page=asked.page, only=asked.seen)


def review(db: Database, asked: Asked) -> Found:
    """The overview of a review, and for those who may assess it what they need for that."""
    key = asked.names["review"]
    found = content.review(db, key, run_id=asked.run, language=asked.language)
    return {**found, "assessing": assessing.assessing(db, key) if Action.ASSESS in asked.may else None}


def what_changed(db: Database, asked: Asked) -> Found:
    """What changed between two runs."""
    key, since = asked.names["review"], asked.whole("since")
    return assessing.changes(db, key, run_id=asked.run, since=since, language=asked.language)


def trail(db: Database, asked: Asked) -> Found:
    """Why the grid position, a question or a domain is rated as it is."""
    names = asked.names
    key, target, run = names["review"], names["target"], asked.run
    found = why.trail(db, key, target, run_id=run, language=asked.language)
    return {**found, "deciding": decisions.deciding(db, key, target, asked.by, run_id=run)}


def measure(db: Database, asked: Asked) -> Found:
    """A measure and the items behind it."""
    names = asked.names
    return why.measure(
        db, names["review"], names["target"], names["measure"], run_id=asked.run, page=asked.page
    )


def items(db: Database, asked: Asked) -> Found:
    """The items of a review that pass a filter."""
    fields = ("domain", "kind", "source_kind", "strand", "direction", "source", "only", "search")
    chosen = of_items.Wanted(page=asked.page, **{name: asked.text(name) for name in fields})
    try:
        return of_items.items(db, asked.names["review"], chosen)
    except of_items.UnknownChoice as error:
        raise AskedWrongly(error.message, hint=error.hint) from error


def item(db: Database, asked: Asked) -> Found:
    """One item with its source in context."""
    return of_items.item(db, asked.names["review"], asked.item)


def would_change(db: Database, asked: Asked) -> Found:
    """What would change a rating; without a target, the position on the grid."""
    names = asked.names
    return whatif.whatif(
        db,
        names["review"],
        names.get("target") or "cell",
        asked.change,
        run_id=asked.run,
        language=asked.language,
    )


def how_sure(db: Database, asked: Asked) -> Found:
    """How sure a run is."""
    key, sign = asked.names["review"], asked.text("sign")
    return uncertainty.uncertainty(
        db, key, asked.draws, asked.seed, run_id=asked.run, language=asked.language, sign=sign
    )


def look_next(db: Database, asked: Asked) -> Found:
    """Where to look next."""
    return uncertainty.next_evidence(
        db, asked.names["review"], asked.draws, asked.seed, run_id=asked.run, language=asked.language
    )


def tornado_picture(db: Database, asked: Asked) -> str:
    """What moves a domain or question."""
    names = asked.names
    return whatif.tornado_picture(
        db, names["review"], names["target"], asked.width, run_id=asked.run, language=asked.language
    )


def profile_picture(db: Database, asked: Asked) -> str:
    """How sure every level is."""
    return uncertainty.profile_picture(
        db,
        asked.names["review"],
        asked.draws,
        asked.seed,
        asked.width,
        run_id=asked.run,
        language=asked.language,
    )


def chances_picture(db: Database, asked: Asked) -> str:
    """The chance of a wrong rating, now and with more evidence."""
    return uncertainty.chances_picture(
        db, asked.names["review"], asked.draws, asked.seed, asked.width, run_id=asked.run
    )


def rule(db: Database, asked: Asked) -> Found:
    """Why a rule fired, or did not."""
    names = asked.names
    return why.rule(db, names["review"], names["rule"], run_id=asked.run, language=asked.language)


def side_by_side(db: Database, asked: Asked) -> Found:
    """All reviews under a framework."""
    framework = asked.names.get("framework")
    return compare.compare(db, framework, until=asked.until, nearest=asked.pairs, only=asked.seen)


def overridden(db: Database, asked: Asked) -> Found:
    """How often proposals were overridden, across reviews."""
    return overrides.overrides(db, asked.names.get("framework"), only=asked.seen, page=asked.page)


def survey_results(db: Database, asked: Asked) -> Found:
    """Survey results beside those of other reviews."""
    question = asked.text("question")
    return surveys.surveys(db, asked.names["review"], question=question, page=asked.page, named=asked.seen)


def funnel_picture(db: Database, asked: Asked) -> str:
    """The funnel of one survey result."""
    names = asked.names
    return surveys.funnel_picture(db, names["review"], names["funnel"], asked.width, named=asked.seen)


def over_the_years(db: Database, asked: Asked) -> Found:
    """Indicators over the years."""
    return indicators.indicators(db, asked.names["review"])


def trend_picture(db: Database, asked: Asked) -> str:
    """One indicator over the years."""
    return indicators.trend_picture(db, asked.names["review"], asked.names["indicator"], asked.width)


def how_far_agreed(db: Database, asked: Asked) -> Found:
    """How far reviewers agree."""
    return agreement.agreement(
        db,
        asked.names["review"],
        draws=asked.draws_or(agreement.DRAWS),
        seed=asked.seed,
        page=asked.page,
    )


def all_sources(db: Database, asked: Asked) -> Found:
    """The sources of a review."""
    return sources.sources(
        db, asked.names["review"], search=asked.text("search"), kind=asked.text("kind"), page=asked.page
    )


def add_sources(db: Database, asked: Asked) -> Found:
    """The page that adds sources."""
    return sources.adding(db, asked.names["review"])


def source(db: Database, asked: Asked) -> Found:
    """A source to be read and tagged."""
    reading = tagging.Reading(
        page=asked.whole("page"),
        item=asked.whole("item"),
        change=asked.whole("change"),
        **{name: asked.text(name) for name in ("domain", "reviewer", "only")},
    )
    return tagging.source(db, asked.names["review"], tilde_decode(asked.names["source"]), reading)


def covered(db: Database, asked: Asked) -> Found:
    """What there is evidence for."""
    return coverage.coverage(db, asked.names["review"])


def queue(db: Database, asked: Asked) -> Found:
    """What who asks has still to do."""
    return coverage.queue(db, asked.names["review"], asked.by, page=asked.page)


def second_coding(db: Database, asked: Asked) -> Found:
    """The batches of a blind second coding."""
    number, item_ = asked.whole("batch"), asked.whole("item")
    return coding.coding(db, asked.names["review"], asked.by, batch=number, item=item_)


def coded_differently(db: Database, asked: Asked) -> Found:
    """What was coded differently, and what was settled."""
    review, only, chosen = asked.names["review"], asked.text("only"), asked.whole("item")
    return coding.disagreements(db, review, asked.by, only=only, item=chosen, page=asked.page)


def all_decisions(db: Database, asked: Asked) -> Found:
    """Where every rating stands, and one of them to decide on."""
    key, target, many = asked.names["review"], asked.text("target"), Action.DECIDE in asked.may
    return decisions.decisions(db, key, asked.by, target=target, run_id=asked.run, many=many)


def all_panels(db: Database, asked: Asked) -> Found:
    """The panels of a review."""
    return panel.panels(db, asked.names["review"], asked.by, language=asked.language)


def one_panel(db: Database, asked: Asked) -> Found:
    """The panel on one rating."""
    names = asked.names
    return panel.panel(db, names["review"], names["target"], asked.by, language=asked.language)


def all_challenges(db: Database, asked: Asked) -> Found:
    """The challenge register of a review."""
    given = {name: asked.text(name) for name in ("kind", "target", "only")}
    return challenges.challenges(db, asked.names["review"], page=asked.page, **given)


def challenge(db: Database, asked: Asked) -> Found:
    """One challenge with its replies and its outcome."""
    return challenges.challenge(db, asked.names["review"], asked.names["challenge"], asked.by)


@dataclass(frozen=True)
class Page:
    """A page: its path, its template, and the function that finds what it shows."""

    path: str
    template: str
    find: Callable[[Database, Asked], Found]
    action: Action = Action.SEE_REVIEW
    """What one must be allowed to do, to the review in the path (or, without one, to any)."""
    blind: bool = False
    """Whether it is open to who codes items of the review blind: it tells what others made of none."""


@dataclass(frozen=True)
class Picture:
    """A picture that a page shows: its path, and the function that draws it as SVG."""

    path: str
    draw: Callable[[Database, Asked], str]
    action: Action = Action.SEE_REVIEW


NAME = "(?P<{}>[^/]+?)"
REVIEW = "/reviews/" + NAME.format("review")
TRAIL = REVIEW + "/trail/" + NAME.format("target")
WHATIF = REVIEW + "/whatif"
UNCERTAINTY = REVIEW + "/uncertainty"
SOURCES = REVIEW + "/sources"
ADD_SOURCES = SOURCES + "/add"
CODING = REVIEW + "/coding"
APART = REVIEW + "/disagreements"
SOURCE = SOURCES + "/" + NAME.format("source")
DECISIONS = REVIEW + "/decisions"
PANELS = REVIEW + "/panel"
PANEL = PANELS + "/" + NAME.format("target")
CHALLENGES = REVIEW + "/challenges"
CHALLENGE = CHALLENGES + "/" + NAME.format("challenge")
HOME = Page("/reviews", "overview/reviews.html", reviews)
PAGES: tuple[Page | Picture, ...] = (
    HOME,
    Page(REVIEW, "overview/review.html", review),
    Page(REVIEW + "/changes", "assessing/changes.html", what_changed),
    Page(TRAIL, "trail/trail.html", trail),
    Page(TRAIL + "/" + NAME.format("measure"), "trail/measure.html", measure),
    Page(REVIEW + "/items", "items/items.html", items),
    Page(REVIEW + "/items/" + NAME.format("number"), "items/item.html", item),
    Page(WHATIF, "whatif/whatif.html", would_change),
    Page(WHATIF + "/" + NAME.format("target"), "whatif/whatif.html", would_change),
    Picture(WHATIF + "/" + NAME.format("target") + r"/tornado\.svg", tornado_picture),
    Page(UNCERTAINTY, "uncertainty/uncertainty.html", how_sure),
    Picture(UNCERTAINTY + r"/profile\.svg", profile_picture),
    Page(REVIEW + "/next", "uncertainty/next.html", look_next),
    Picture(REVIEW + r"/next/chances\.svg", chances_picture),
    Page(REVIEW + "/rule/" + NAME.format("rule"), "trail/rule.html", rule),
    Page(REVIEW + "/surveys", "surveys/surveys.html", survey_results),
    Picture(REVIEW + "/surveys/funnel/" + NAME.format("funnel") + r"\.svg", funnel_picture),
    Page(REVIEW + "/indicators", "indicators/indicators.html", over_the_years),
    Picture(REVIEW + "/indicators/trend/" + NAME.format("indicator") + r"\.svg", trend_picture),
    Page(REVIEW + "/agreement", "agreement/agreement.html", how_far_agreed),
    Page(CODING, "coding/coding.html", second_coding, blind=True),
    Page(APART, "coding/disagreements.html", coded_differently),
    Page(SOURCES, "sources/sources.html", all_sources, blind=True),
    Page(ADD_SOURCES, "sources/add.html", add_sources, Action.ADD_SOURCE, blind=True),
    Page(SOURCE, "reading/source.html", source),
    Page(REVIEW + "/coverage", "coverage/coverage.html", covered),
    Page(REVIEW + "/queue", "coverage/queue.html", queue),
    Page(DECISIONS, "decisions/decisions.html", all_decisions),
    Page(PANELS, "panel/panels.html", all_panels),
    Page(PANEL, "panel/panel.html", one_panel),
    Page(CHALLENGES, "challenges/challenges.html", all_challenges),
    Page(CHALLENGE, "challenges/challenge.html", challenge),
    Page("/compare", "compare/compare.html", side_by_side, Action.SEE_ALL_REVIEWS),
    Page(
        "/compare/" + NAME.format("framework"), "compare/compare.html", side_by_side, Action.SEE_ALL_REVIEWS
    ),
    Page("/overrides", "overrides/overrides.html", overridden, Action.SEE_ALL_REVIEWS),
    Page(
        "/overrides/" + NAME.format("framework"),
        "overrides/overrides.html",
        overridden,
        Action.SEE_ALL_REVIEWS,
    ),
)
"""Every page and picture; each page also answers with `.json` at the end of its path."""
FORMS: tuple[Form, ...] = (
    Form(
        *(ADD_SOURCES, "files", Action.ADD_SOURCE, sources.store_files, sources.read_files),
        files=True,
        blind=True,
    ),
    Form(REVIEW, "assess", Action.ASSESS, assessing.assess, assessing.work_out),
    Form(
        *(UNCERTAINTY, "sign", Action.SIGN_CONFIDENCE, uncertainty.sign, uncertainty.draw_for_statement),
    ),
    Form(CODING, "draw", Action.SETTLE, coding.draw, blind=True),
    Form(CODING, "code", Action.CODE_AGAIN, coding.code, blind=True),
    Form(CODING, "done", Action.CODE_AGAIN, coding.done, blind=True),
    Form(APART, "settle", Action.SETTLE, coding.settle_item),
    Form(SOURCE, "record", Action.TAG, tagging.record),
    Form(SOURCE, "change", Action.TAG, tagging.change),
    Form(SOURCE, "withdraw", Action.TAG, tagging.withdraw),
    Form(SOURCE, "place", Action.TAG, tagging.place),
    Form(SOURCE, "tag", Action.TAG, tagging.tag_many),
    Form(DECISIONS, "accept", Action.DECIDE, decisions.accept),
    Form(DECISIONS, "accept-many", Action.DECIDE, decisions.accept_many),
    Form(DECISIONS, "override", Action.DECIDE, decisions.override),
    Form(DECISIONS, "take-back", Action.DECIDE, decisions.take_back),
    Form(DECISIONS, "approve", Action.APPROVE, decisions.approve),
    Form(PANEL, "open", Action.PANEL, panel.open_),
    Form(PANEL, "vote", Action.VOTE, panel.vote),
    Form(PANEL, "close", Action.PANEL, panel.close),
    Form(CHALLENGES, "raise", Action.CHALLENGE, challenges.put),
    Form(CHALLENGE, "reply", Action.REPLY, challenges.reply),
    Form(CHALLENGE, "close", Action.CLOSE_CHALLENGE, challenges.close),
)
"""What the pages can change; see `writing`."""


def routes() -> list[tuple[str, Callable[..., Awaitable[Any]]]]:
    """The routes for Datasette: the home page, then every page and picture."""
    found: list[tuple[str, Callable[..., Awaitable[Any]]]] = [(r"^/$", home)]
    pages = {page.path: page for page in PAGES if isinstance(page, Page)}
    for form in FORMS:
        found.append((rf"^{form.path}(?P<format>\.json)?$", _submit(form, pages[form.page])))
    for page in PAGES:
        ending = r"(?P<format>\.json)?" if isinstance(page, Page) else ""
        found.append((rf"^{page.path}{ending}$", _view(page)))
    return found


async def home(datasette: Any, request: Any) -> Any:
    """The list of reviews; where there is no working database, Datasette's own home page."""
    if await find_working_database(datasette) is None:
        return await own_index(datasette, request)
    return await _show(datasette, request, HOME)


def _view(page: Page | Picture) -> Callable[..., Awaitable[Any]]:
    async def view(datasette: Any, request: Any) -> Any:
        return await _show(datasette, request, page)

    return view


def takes_files(path: str) -> bool:
    """Whether this is the address of a form that files may come with."""
    return any(form.files and re.search(rf"{form.path}(\.json)?$", path) for form in FORMS)


def _submit(form: Form, page: Page) -> Callable[..., Awaitable[Any]]:
    async def show(datasette: Any, request: Any, again: Again) -> Any:
        return await _show(datasette, request, page, again)

    async def view(datasette: Any, request: Any) -> Any:
        try:
            return await writing.submit(datasette, request, form, show, refuse)
        except Forbidden:
            if request.actor or request.method != "POST" or form.files:
                raise
            return await turn_away(datasette, request, await writing.typed(request))

    return view


async def _show(datasette: Any, request: Any, page: Page | Picture, again: Again | None = None) -> Any:
    """The answer of a page; `again` where a form of it could not be done."""
    database = None
    names = {name: unquote(text) for name, text in request.url_vars.items() if text is not None}
    address = request.path.removesuffix(f"/{again.form}" if again else "")
    try:
        database = await working_database(datasette, request.actor, page.action, names.get("review"))
        actor = actor_of(request.actor)
        assert actor  # or `working_database` would have refused
        may = frozenset(action for action in Action if actor.may(action, names.get("review")))
        asked = Asked(names, request.args, actor.reviews(Action.SEE_REVIEW), actor.name, may)
        if page.action is Action.SEE_ALL_REVIEWS:
            await read(database, lambda db: refuse_blind(db, None, actor.name))
        elif "review" in names and not (isinstance(page, Page) and page.blind):
            await read(database, lambda db: refuse_blind(db, names["review"], actor.name))
        if isinstance(page, Picture):
            drawn = await read(database, lambda db: page.draw(db, asked))
            return Response(drawn, content_type="image/svg+xml; charset=utf-8")
        found = await read(database, lambda db: page.find(db, asked))
        if names.get("format") and found.get("wrong"):
            raise AskedWrongly(found["wrong"]["error"].rstrip("."), hint=found["wrong"]["hint"])
    except (ReviewError, sqlite3.Error) as error:
        if isinstance(error, StillBlind) and isinstance(page, Page) and not names.get("format"):
            return Response.redirect(datasette.urls.path(f"/reviews/{error.review}/coding"), status=303)
        return await refuse(datasette, request, error, database)
    if names.get("format"):
        return Response.json({"ok": True, **found})
    context = {
        **found,
        "keep": _kept(request, "run", "lang"),
        "drawn": _kept(request, "run", "lang", "draws", "seed"),
        "again": _query(request, "page"),
        "json": datasette.urls.path("/reviews.json") if page is HOME else f"{address}.json",
        "query": f"?{request.query_string}" if request.query_string else "",
        "working": database.name if sees_tables(request.actor) else None,
        "address": address,
        "may": {action.name.lower(): action in may for action in Action},
        "form": again.form if again else "",
        "typed": again.typed if again else {},
        "mistakes": again.mistakes if again else {},
        "refused": again.refused if again else None,
        "chosen_from": again.choices if again else (),
    }
    text = await datasette.render_template(page.template, context, request=request)
    status = again.status if again else 400 if found.get("wrong") else 200
    return Response.html(text, status=status)


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
    found, title, message, hint = _plainly(error)
    if status is not None and status != found:
        found, title = status, "Not done"
    status = found
    said = {"ok": False, "status": status, "title": title, "error": message, "hint": hint}
    if request.path.endswith(".json"):
        return Response.json(said, status=status)
    said["working"] = database.name if database else None
    page = await datasette.render_template("frame/error.html", said, request=request)
    return Response.html(page, status=status)


def _plainly(error: Exception) -> tuple[int, str, str, str]:
    """Status, title, message and hint of an error; what nobody foresaw goes to the server's log only."""
    if not isinstance(error, ReviewError):
        LOG.error("%s", error, exc_info=error)
        hint = "It may be older than this software. Bring it up to date: joint-review init --db FILE"
        return 500, "Cannot be read", "The working database cannot be read.", hint
    message = f"{error.message[:1].upper()}{error.message[1:]}."
    if isinstance(error, AskedWrongly):
        return 400, "Asked wrongly", message, error.hint
    if isinstance(error, StillBlind):
        return 403, "Not yet", message, error.hint
    if isinstance(error, NoWorkingDatabase):
        return 404, "No working database", message, error.hint
    if isinstance(error, DatabaseUnusable):
        return 503, "Not done", message, error.hint
    return 404, "Not found", message, error.hint


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
        said = {"title": "Nothing is here", "error": "There is no page at this address.", "working": None}
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
