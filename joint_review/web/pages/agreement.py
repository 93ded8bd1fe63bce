"""The page on how far reviewers agree, as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from evidence.coding import agreement as agreed
from joint_review.web.cache import BEYOND_PAGES, TooLarge, until_changed
from joint_review.web.lists import Paging, paging_of
from joint_review.web.page import REVIEW, Declared, Menu, listing
from joint_review.web.remedies import refusal
from joint_review.web.request import Asked
from joint_review.web.run_view import Said, Shown
from programme.database import Database, rows
from programme.reviews import Review, find_review
from rules.errors import EvidenceInvalid
from rules.words import percent


def subject() -> tuple[Declared, ...]:
    """What these pages answer for."""
    return (
        listing(
            REVIEW + "/agreement",
            "agreement",
            agreement,
            "listed.disagreements",
            menu=Menu("Agreement between reviewers", 70),
        ),
    )


DRAWS = 1_000
"""How often the page draws the items again, unless told."""
MOST_WORK = 10_000_000
"""Codings x groups of coders x draws up to which a page works: some seconds."""
# How many codings there are of the items that several coded (that of the recorder is one), and by how many.
SIZE = """
with several as (
  select e.id, e.recorded_by from evidence e where e.review_id = :review and exists (
    select 1 from coding c where c.evidence_id = e.id and c.withdrawn_event is null)),
coded as (
  select recorded_by as coder from several union all
  select c.coded_by from coding c join several s on s.id = c.evidence_id where c.withdrawn_event is null)
select count(*) as codings, count(distinct person(coder)) as coders from coded
"""


class FigureShown(TypedDict):
    """A figure in words."""

    domain: str | None
    title: str
    coders: str
    what: str
    items: str
    same: str
    kappa: str
    alpha: str
    interval: str


class FigureTable(TypedDict):
    """A group of figures as a table."""

    name: str
    title: str
    columns: dict[str, str]
    """The header of each column, by its name in the rows."""
    rows: list[FigureShown]


class CodingSaid(TypedDict):
    """What one person made of an item, in words."""

    coder: str
    said: str


class DisagreementShown(TypedDict):
    """An item that people coded differently."""

    item: int
    text: str
    source: str
    locator: str
    withdrawn: bool
    codings: list[CodingSaid]


class AgreementListed(TypedDict):
    """The rows of the page."""

    figures: list[FigureTable]
    disagreements: list[DisagreementShown]
    """A page of them."""


class AgreementPage(Said):
    """How far the reviewers agree about the items that several of them have coded."""

    draws: int
    seed: int
    agreement: agreed.Agreement | None
    """As `joint-review agreement --json` gives it."""


class AgreementMeasured(AgreementPage):
    """The same where something can be said."""

    paging: Paging
    """Of the disagreements."""
    listed: AgreementListed


def agreement(db: Database, asked: Asked) -> AgreementPage | AgreementMeasured:
    """How far the reviewers agree about the items that several of them have coded."""
    key = asked.names["review"]
    draws, seed, page = asked.draws_or(DRAWS), asked.seed, asked.page
    found = find_review(db, key)
    shown: AgreementPage = {
        **Shown(db, found, None, "en").head(),
        "draws": draws,
        "seed": seed,
        "said": None,
        "agreement": None,
        "problem": None,
    }
    try:
        _check_size(db, found, draws)
        measured = until_changed(
            db,
            ("agreement", found.id, draws, seed),
            lambda: agreed.measure_agreement(db, found, draws=draws, seed=seed),
        )
    except (EvidenceInvalid, TooLarge) as error:
        return {**shown, "problem": refusal(error)}
    paging = paging_of(len(measured.disagreements), page)
    apart = measured.disagreements[paging["offset"] : paging["last"]]
    return {
        **shown,
        "said": agreed.describe_agreement(measured),
        "agreement": measured,
        "paging": paging,
        "listed": {
            "figures": list(_figures(measured)),
            "disagreements": [_disagreement(found, one) for one in apart],
        },
    }


def _check_size(db: Database, review: Review, draws: int) -> None:
    (size,) = rows(db, SIZE, {"review": review.id})
    groups = 1 + size["coders"] * (size["coders"] - 1) // 2
    if size["codings"] * groups * draws > MOST_WORK:
        raise TooLarge(
            f"{size['codings']:,} codings by {size['coders']} reviewers, resampled {draws:,} times, are too"
            " many to compute this on a page",
            hint=f"Choose fewer resamplings. {BEYOND_PAGES}",
        )


def _figures(found: agreed.Agreement) -> Iterable[FigureTable]:
    """The groups of figures that there are, each as a table: columns {name: title}, and rows."""
    judged = [figure for figure in found.by_domain() if figure.what != agreed.DOMAINS]
    tied = [figure for figure in found.by_domain() if figure.what == agreed.DOMAINS]
    numbers = {"items": "Items", "same": "The same"}
    alpha = {**numbers, "alpha": "Alpha", "interval": "95 % interval of alpha"}
    for name, title, columns, figures in (
        ("overall", "All reviewers, all domains", {"what": "Of", **alpha}, found.overall()),
        (
            "judged",
            "By domain: judgements of items that both tagged to it",
            {"title": "Domain", "what": "Of", **alpha},
            judged,
        ),
        ("tied", "By domain: whether an item bears on it", {"title": "Domain", **numbers}, tied),
        (
            "pairs",
            "Each pair of reviewers, all domains",
            {"coders": "Reviewers", "what": "Of", **numbers, "kappa": "Kappa", **alpha},
            found.by_pair(),
        ),
    ):
        if figures:
            lines = [_figure(figure) for figure in figures]
            yield {"name": name, "title": title, "columns": columns, "rows": lines}


def _figure(figure: agreed.Figure) -> FigureShown:
    return {
        "domain": figure.domain,
        "title": figure.title,
        "coders": " and ".join(figure.coders),
        "what": figure.what,
        "items": f"{figure.items:,}",
        "same": percent(figure.same, decimals=1),
        "kappa": figure.no_kappa if figure.kappa is None else f"{figure.kappa:.2f}",
        "alpha": figure.no_alpha if figure.alpha is None else f"{figure.alpha:.2f}",
        "interval": agreed.interval_words(figure) or figure.no_interval,
    }


def _disagreement(review: Review, one: agreed.Disagreement) -> DisagreementShown:
    titles = {name: review.framework.title_of(name) for name in review.framework.domains}
    return {
        "item": one.item,
        "text": one.text,
        "source": one.source,
        "locator": one.locator,
        "withdrawn": one.withdrawn,
        "codings": [
            {"coder": coding.coder, "said": agreed.coding_words(coding, titles)} for coding in one.codings
        ],
    }
