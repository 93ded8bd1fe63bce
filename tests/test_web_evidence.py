"""The pages on survey results, indicators, and how far reviewers agree."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree

import pytest
from assessment_example import AT, add, new_programme
from evidence_rows import SOURCES, Row, finding, indicator, survey
from reading import MODERATOR, ROOT, SVG, Site, refusals, said_by, served

from evidence.intake.importing import import_files
from evidence.items import withdraw_item
from joint_review.opening import open_programme
from joint_review.web.pages import agreement
from programme.database import Database
from programme.reviews import Review, create_review, find_review

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

DIGNITY, FAMILY = "I was treated with dignity", "My family was asked"
RESULTS = {"a": (70, 100), "b": (80, 100), "c": (80, 100), "d": (80, 100), "e": (90, 100), "f": (55, 7)}
"""Positive answers in percent and base of every council. The funnel of the first five is worked out by hand
in test_surveys: 80 % pooled, and 70 % is beyond the 95 % limit."""


def council(db: Database, key: str, *rows: Row) -> Review:
    made = create_review(
        db, key, f"Council {key.upper()}", "wales-round-2", window_from=None, window_to=None, by="lead", at=AT
    )
    add(db, made, *SOURCES, *rows)
    return made


def code_again(db: Database, review: Review, folder: Path, *codings: Row) -> None:
    path = folder / "codings.json"
    path.write_text(json.dumps({"codings": codings}), encoding="utf-8")
    import_files(db, review, [path], by="lead", at=AT)


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six councils with a survey; the first also has indicators and findings that a second person coded."""
    folder = tmp_path_factory.mktemp("evidence")
    db = new_programme(folder)
    more: list[Row] = [
        survey("S1", FAMILY, 64, better="lower", best="60%", worst="90%"),
        indicator("Assessed in time", "2005/06", 40, comparator=50, comparator_name="Wales"),
        indicator("Assessed in time", "2006/07", 60, comparator=55, comparator_name="Wales"),
        indicator("Delayed transfers", "2006/07", 9, better="lower", domains="carers;resources"),
        indicator("Directors seen", "2006/07", 2, better="neither", domains=""),
        finding("I1", "strength", 3, locator="one"),
        finding("I1", "strength", 1, locator="two"),
        finding("I1", "weakness", 2, locator="three"),
        finding("I1", "weakness", 2, locator="four"),
    ]
    for key, (share, base) in RESULTS.items():
        made = council(db, key, survey("S1", DIGNITY, share, base), *(more if key == "a" else []))
        if key == "a":
            said = (("one", "strength", 3), ("two", "weakness", 3), ("three", "weakness", 2))
            coded = [
                {"source": "I1", "locator": at, "coded_by": "second", "direction": way, "significance": size}
                for at, way, size in said
            ]
            code_again(db, made, folder, *(row | {"domains": "carers"} for row in coded))
    db.conn.close()
    return folder / "programme.db"


@pytest.fixture
def copy(programme: Path, tmp_path: Path) -> Path:
    path = tmp_path / "programme.db"
    path.write_bytes(programme.read_bytes())
    return path


def reviewer(*reviews: str) -> dict[str, Any]:
    return {"id": "reviewer-1", "held": [["reviewer", key] for key in reviews], "all_reviews": []}


# Survey results


@pytest.mark.parametrize("more", [[], ["--question", "DIGNITY"]])
async def test_survey_results_are_what_the_command_says(site: Site, programme: Path, more: list[str]) -> None:
    query = f"?question={more[1]}" if more else ""
    page = await site.json(f"/reviews/a/surveys.json{query}")
    assert page["surveys"] == said_by("surveys", "a", *more, "--db", programme)


async def test_a_result_stands_beside_the_best_median_and_worst_with_their_names(site: Site) -> None:
    text = await site.page("/reviews/a/surveys")
    row = text[text.index(f'<th scope="row">{DIGNITY}') :]
    row = row[: row.index("</tr>")]
    for words in (
        "70 %",
        "60.4 to 78.1 %",
        '90 %<span class="beside">Council E</span>',
        '80 %<span class="beside">Council B</span>',
        "better than none of 4",
        "1 more with too few answers",
        "below the 95 % limit (worse)",
        "Support for carers",
    ):
        assert words in row, words
    published = text[text.index(f'<th scope="row">{FAMILY}') :]
    published = published[: published.index("</tr>")]
    for words in ("lower is better", "unknown", "as published", "60 %", "90 %", "published values only"):
        assert words in published, words


async def test_a_share_on_few_answers_is_marked(site: Site) -> None:
    text = await site.page("/reviews/f/surveys")
    assert '<span class="unmet">△ 7 answers: too few to decide a rating on its own</span>' in text


async def test_the_funnel_is_drawn_and_said_in_a_table(site: Site) -> None:
    page = await site.json("/reviews/a/surveys.json")
    (funnel,) = page["listed"]["funnels"]
    address = f"/reviews/a/surveys/funnel/{funnel['digest']}.svg"
    text = await site.page("/reviews/a/surveys")
    assert f'<img src="{address}" alt="Funnel: ' in text
    assert f'href="#funnel-{funnel["digest"]}"' in text and f'id="funnel-{funnel["digest"]}"' in text
    table = text[text.index('id="funnel-') :]
    assert '<th scope="row">Council A <span class="quiet">(this review)</span></th>' in table
    assert '<a href="/reviews/f/surveys">Council F</a>' in table
    assert "not shown: fewer than 10 answers" in table
    for query, width in (("", 720), ("?narrow=1", 328)):
        drawn = ElementTree.fromstring((await site.get(address + query)).text)
        assert int(drawn.attrib["width"]) == width
        assert drawn[0].tag == SVG + "title" and DIGNITY in (drawn[0].text or "")
        assert "Council A" in "".join(drawn.itertext())
    assert (await site.get(address, None)).status_code == 403
    assert (await site.get("/reviews/a/surveys/funnel/123.svg")).status_code == 404


async def test_a_funnel_keeps_its_address_when_evidence_is_added(copy: Path) -> None:
    async with served(copy) as site:
        (before,) = (await site.json("/reviews/a/surveys.json"))["listed"]["funnels"]
        address = f"/reviews/a/surveys/funnel/{before['digest']}.svg"
        assert "This review: 70 % of 100" in (await site.get(address)).text
        db = open_programme(copy)
        add(
            db,
            find_review(db, "a"),
            survey("S1", "Asked first of all", 50, 50),
            survey("S1", DIGNITY, 72, 120),
        )
        db.conn.close()
        (after,) = (await site.json("/reviews/a/surveys.json"))["listed"]["funnels"]
        assert after["digest"] == before["digest"]
        # Two results of one period are one: their mean, on the smaller base.
        assert "This review: 71 % of 100" in (await site.get(address)).text


async def test_reviews_that_may_not_be_seen_are_not_named_in_the_page_or_the_funnel(site: Site) -> None:
    (funnel,) = (await site.json("/reviews/a/surveys.json"))["listed"]["funnels"]
    address = f"/reviews/a/surveys/funnel/{funnel['digest']}.svg"
    # Who may see all asks first, so that nothing kept from that answer may be told.
    assert "Council E" in (await site.get("/reviews/a/surveys", MODERATOR)).text
    assert (await site.get(address, ROOT)).status_code == 200
    for path in ("/reviews/a/surveys", "/reviews/a/surveys.json", address):
        seen = await site.get(path, reviewer("a", "b"))
        assert seen.status_code == 200
        assert "Council A" in seen.text
        assert not re.search("Council [C-F]|/reviews/[c-f]/", seen.text)
        if not path.endswith(".svg"):
            assert "Council B" in seen.text and "another authority" in seen.text


async def test_words_that_no_question_has_are_said_on_the_page(site: Site) -> None:
    text = await site.page("/reviews/a/surveys?question=zebra")
    assert "There is no survey question with the words &#39;zebra&#39;" in text
    assert 'value="zebra"' in text and 'href="/reviews/a/surveys">Show all' in text


async def test_many_results_stand_on_several_pages(copy: Path) -> None:
    db = open_programme(copy)
    add(db, find_review(db, "b"), *(survey("S1", f"Question {n:02}", 50, 20) for n in range(60)))
    db.conn.close()
    async with served(copy) as site:
        text = await site.page("/reviews/b/surveys?question=Question")
        assert "1 to 50 of 60" in text and 'href="?question=Question&amp;page=2"' in text
        second = await site.json("/reviews/b/surveys.json?question=Question&page=2")
        assert len(second["listed"]["results"]) == 10 and len(second["surveys"]["results"]) == 60


# Indicators


async def test_indicators_are_what_the_command_says(site: Site, programme: Path) -> None:
    page = await site.json("/reviews/a/indicators.json")
    assert page["indicators"] == said_by("indicators", "a", "--db", programme)


async def test_an_indicator_stands_under_each_of_its_domains_with_standing_and_trend(site: Site) -> None:
    text = await site.page("/reviews/a/indicators")
    by_domain = text[text.index('<h2 id="domains">') : text.index('<h2 id="series">')]
    headings = re.findall(r"<h3>(?:<a [^>]*>)?([^<]*)", by_domain)
    assert headings == ["Support for carers", "Managing resources", "Tagged to no domain"]
    assert by_domain.count(">Delayed transfers</a>") == 2
    row = by_domain[by_domain.index(">Assessed in time</a>") :]
    row = row[: row.index("</tr>")]
    for words in ("60", "2006/07", "Wales 55", "better", "improving", "higher is better"):
        assert words in row, words
    assert "too few periods" in by_domain and "neither way is better" in by_domain


async def test_every_series_has_its_picture_and_its_values_with_their_items(site: Site) -> None:
    page = await site.json("/reviews/a/indicators.json")
    text = await site.page("/reviews/a/indicators")
    drawn = [one for one in page["listed"]["series"] if one["drawn"]]
    assert [one["name"] for one in drawn] == ["Assessed in time"], "one period is no line"
    address = f"/reviews/a/indicators/trend/{drawn[0]['digest']}.svg"
    assert f'<img src="{address}" alt="Line: Assessed in time' in text
    picture = ElementTree.fromstring((await site.get(address)).text)
    assert "60 in 2006/07; better than Wales (55) by 5" in (picture[1].text or "")
    for reading in drawn[0]["readings"]:
        assert f'<a href="/reviews/a/items/{reading["item"]}">E{reading["item"]}</a>' in text
    assert [one["difference"] for one in drawn[0]["readings"]] == ["−10", "+5"]
    assert (await site.get(address, None)).status_code == 403
    assert (await site.get("/reviews/a/indicators/trend/no.svg")).status_code == 404


async def test_a_withdrawn_value_leaves_the_picture_at_once(copy: Path) -> None:
    async with served(copy) as site:
        first = (await site.json("/reviews/a/indicators.json"))["listed"]["series"][0]
        address = f"/reviews/a/indicators/trend/{first['digest']}.svg"
        assert "2005/06" in (await site.get(address)).text
        db = open_programme(copy)
        item = first["readings"][0]["item"]
        withdraw_item(db, find_review(db, "a"), item, by="lead", because="Wrong year.", at=AT)
        db.conn.close()
        assert "2005/06" not in (await site.get(address)).text
        assert "2005/06" not in await site.page("/reviews/a/indicators")


@pytest.mark.parametrize(
    ("page", "words", "command"),
    [
        ("indicators", "has no indicators", "Ask whoever runs this server to import indicators."),
        ("agreement", "coded only by the reviewer who recorded it", "Draw items for a second reviewer."),
    ],
)
async def test_a_review_without_them_says_how_to_bring_them_in(
    site: Site, page: str, words: str, command: str
) -> None:
    text = await site.page(f"/reviews/b/{page}")
    assert words in text and command in text
    assert (await site.json(f"/reviews/b/{page}.json"))["problem"]["hint"]


async def test_a_review_without_survey_results_says_how_to_bring_them_in(tmp_path: Path) -> None:
    db = new_programme(tmp_path)
    council(db, "new")
    db.conn.close()
    async with served(tmp_path / "programme.db") as site:
        text = await site.page("/reviews/new/surveys")
        assert "has no survey results" in text and "to import survey results." in text


# Agreement


async def test_agreement_is_what_the_command_says(site: Site, programme: Path) -> None:
    page = await site.json("/reviews/a/agreement.json?draws=300&seed=4")
    command = said_by("agreement", "a", "--draws", 300, "--seed", 4, "--db", programme)
    assert page["agreement"] == command
    standard = await site.json("/reviews/a/agreement.json")
    assert standard["agreement"] == said_by("agreement", "a", "--db", programme)


async def test_the_figures_stand_in_tables_and_differences_lead_to_their_items(site: Site) -> None:
    page = await site.json("/reviews/a/agreement.json")
    text = await site.page("/reviews/a/agreement")
    for heading in (
        "All reviewers, all domains",
        "By domain: judgements of items that both tagged to it",
        "By domain: whether an item bears on it",
        "Each pair of reviewers, all domains",
    ):
        assert f">{heading}</h3>" in text
    # Three findings by both: 3 and 3, 1 and -3, -2 and -2. Two of three are the same.
    overall = text[text.index(">All reviewers, all domains<") :]
    assert re.search(
        r'<th scope="row">findings</th><td class="number">3</td><td class="number">66.7 %', overall
    )
    assert "not used for sets of domains" in text, "why there is no kappa"
    (apart,) = page["listed"]["disagreements"]
    assert "Coded differently: 1 of 3 items" in text
    assert f'<a href="/reviews/a/items/{apart["item"]}">E{apart["item"]}</a>' in text
    assert "<dt>second</dt><dd>serious weakness; Support for carers</dd>" in text
    assert "<dt>reviewer-1</dt><dd>minor strength; Support for carers</dd>" in text


async def test_a_new_coding_shows_at_once(copy: Path, tmp_path: Path) -> None:
    async with served(copy) as site:
        assert "3 items were coded by two" in await site.page("/reviews/a/agreement")
        db = open_programme(copy)
        row = {"source": "I1", "locator": "four", "coded_by": "second", "direction": "strength"}
        code_again(db, find_review(db, "a"), tmp_path, row | {"significance": 2, "domains": "carers"})
        db.conn.close()
        assert "4 items were coded by two" in await site.page("/reviews/a/agreement")


async def test_more_codings_than_a_page_works_through_are_left_to_who_runs_the_server(site: Site) -> None:
    # Three items by two people: six codings, one pair and all together, 1,000 draws.
    with patch.object(agreement, "MOST_WORK", 11_999):
        text = await site.page("/reviews/a/agreement")
        assert (
            "6 codings by 2 reviewers, resampled 1,000 times, are too many to compute this on a page" in text
        )
        assert "Choose fewer resamplings." in text and "joint-review " not in text
        assert "Krippendorff" in await site.page("/reviews/a/agreement?draws=900")


@refusals(
    ("/reviews/z/surveys", 404, "There is no review"),
    ("/reviews/z/indicators", 404, "There is no review"),
    ("/reviews/z/agreement", 404, "There is no review"),
    ("/reviews/a/surveys?page=2", 404, "There is no page"),
    ("/reviews/a/agreement?page=2", 404, "There is no page"),
    ("/reviews/a/surveys?page=x", 400, "Page must be a whole number from 1"),
    (f"/reviews/a/surveys?question={'x' * 201}", 400, "at most 200 characters"),
    ("/reviews/a/agreement?draws=99", 400, "Choose between 100 and 10,000 resamplings, not 99"),
    ("/reviews/a/agreement?seed=no", 400, "Seed must be a whole number from 0"),
)
async def test_what_is_not_there_and_what_cannot_be_meant_is_said_in_words(
    site: Site, path: str, status: int, words: str
) -> None:
    assert words in await site.page(path, status)


async def test_pages_of_the_evidence_lead_to_each_other_and_back(site: Site) -> None:
    pages = ("", "/items", "/surveys", "/indicators", "/agreement")
    for page in ("", "/surveys", "/indicators", "/agreement"):
        text = await site.page(f"/reviews/a{page}")
        for other in pages:
            assert other == page or f'href="/reviews/a{other}"' in text, (page, other)
