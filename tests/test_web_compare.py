"""The pages that compare all reviews under one framework."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, WELSH, add, assess_plainly, new_programme, rate_approved
from evidence_rows import SOURCES, Row, whole_review
from reading import ELSEWHERE, MODERATOR, REVIEWER, Site, refusals, said_by, served

from joint_review.opening import open_programme
from joint_review.web import figures
from programme.database import Database
from programme.reviews import Review, create_review, find_review
from rules.loader import PolicySet

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

COMPARE = "/compare/wales-round-2"
HIGHER_BAR = 65
"""Percent of strengths that a stricter rulebook asks of mainly good (the library's asks 50)."""


def council(db: Database, key: str, *rows: Row, framework: str = "wales-round-2") -> Review:
    made = create_review(
        db, key, f"Council of {key}", framework, window_from=None, window_to=None, by="lead", at=AT
    )
    add(db, made, *SOURCES, *rows)
    return made


def stricter() -> PolicySet:
    text = WELSH.rulebook.model_dump(mode="json", exclude_none=True)
    text["domain_defaults"]["services"]["levels"]["mainly-good"][0]["at_least"] = HIGHER_BAR
    return PolicySet(WELSH.framework, type(WELSH.rulebook).model_validate(text))


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three reviews alike (one decided otherwise), one with more weaknesses, one never assessed."""
    folder = tmp_path_factory.mktemp("compare")
    db = new_programme(folder)
    for key, strengths, weaknesses in (("north", 4, 2), ("south", 4, 2), ("east", 4, 2), ("west", 2, 3)):
        made = council(db, key, *whole_review(strengths, weaknesses))
        if key == "east":
            rate_approved(db, made, "carers", "poor", by="lead", because="Seen on visits.", at=AT)
        assess_plainly(db, made)
    council(db, "middle")
    db.conn.close()
    return folder / "programme.db"


async def test_the_comparison_is_what_the_command_says(site: Site, programme: Path) -> None:
    page = await site.json(f"{COMPARE}.json?nearest=2&until=2010-01-01")
    command = said_by("compare", "--nearest", 2, "--until", "2010-01-01", "--db", programme)
    assert page["comparison"] == command
    assert (await site.json("/compare.json"))["comparison"] == said_by("compare", "--db", programme)


async def test_every_authority_stands_in_its_cell_by_count_number_and_name(site: Site) -> None:
    page = await site.json(f"{COMPARE}.json")
    numbers = {one["review"]: one["number"] for one in page["listed"]["reviews"]}
    held = {
        (row["title"], column): cell["numbers"]
        for row in page["listed"]["grid"]["rows"]
        for column, cell in zip(page["listed"]["grid"]["columns"], row["cells"], strict=True)
        if cell["numbers"]
    }
    # 4 strengths of 6 are mainly good, 2 of 5 inconsistent; one domain of seven moves no question.
    assert held == {
        ("Well placed", "Mainly good"): [numbers[key] for key in ("east", "north", "south")],
        ("Uncertainly placed", "Inconsistent"): [numbers["west"]],
    }
    text = await site.page(COMPARE)
    assert ">3 reviews</text>" in text and ">1, 2, 3</text>" in text and ">1 review</text>" in text
    said = "Mainly good / Well placed: Council of east, Council of north, Council of south"
    assert f'<desc id="grid-desc">{said}' in text
    assert text.index('href="/reviews/west"') > text.index('href="/reviews/south"')
    assert "Council of middle</a> has not been assessed yet." in text


async def test_profiles_say_every_level_in_words_and_lead_to_why(site: Site) -> None:
    text = await site.page(COMPARE)
    table = text[text.index('<table class="profiles">') : text.index("</table>")]
    assert table.count('scope="row"') == len(WELSH.framework.domains) + 2
    east = table[table.index('href="/reviews/east/trail/carers"') :]
    assert "Poor" in east[: east.index("</td>")] and "(decided by moderators)" in east[: east.index("</td>")]
    north = table[table.index('href="/reviews/north/trail/carers"') :]
    assert "Mainly good" in north[: north.index("</td>")] and "decided" not in north[: north.index("</td>")]


async def test_nearest_pairs_say_what_separates_them_and_lead_to_both_trails(site: Site) -> None:
    text = await site.page(f"{COMPARE}?nearest=1")
    nearest = text[text.index('<h2 id="nearest">') : text.index('<h2 id="decided">')]
    assert '<a href="/reviews/west/trail/getting-help">Council of west</a> <strong>Inconsistent' in nearest
    assert '<a href="/reviews/east/trail/getting-help">Council of east</a> <strong>Mainly good' in nearest
    assert "Council of west did not meet it (by 10 percentage points)" in nearest
    for words in ("✗ not met", "✓ met", "strengths make up 40 % of what was found", "<strong>yes</strong>"):
        assert words in nearest
    # Like evidence, rated otherwise by a person: what the rules saw is the same.
    carers = nearest[nearest.index("<h3>Support for carers") :]
    assert "decided by moderators" in carers[: carers.index("<h3>", 5)]
    assert "the same criteria were met in both" in carers and "No criteria differ" in carers


async def test_what_people_decided_differently_is_named(site: Site) -> None:
    text = await site.page(COMPARE)
    decided = text[text.index('<h2 id="decided">') :]
    assert "<h3>Support for carers" in decided and "proposed: Mainly good" in decided
    assert '<strong>Poor</strong>, decided by moderators: <a href="/reviews/east/trail/carers">' in decided
    assert '<strong>Mainly good</strong>, as proposed: <a href="/reviews/north/trail/carers">' in decided


async def test_the_list_and_every_review_lead_to_the_comparison(site: Site) -> None:
    assert 'href="/compare"' in await site.page("/reviews")
    assert f'href="{COMPARE}"' in await site.page("/reviews/north")
    assert f'href="{COMPARE}"' in await site.page("/reviews/north/surveys")


async def test_only_who_may_see_all_reviews_compares_them(site: Site) -> None:
    north: dict[str, Any] = {**REVIEWER, "held": [["reviewer", "north"]]}
    for path in ("/compare", COMPARE, f"{COMPARE}.json"):
        assert (await site.get(path, MODERATOR)).status_code == 200
        for actor in (north, ELSEWHERE, None):
            refused = await site.get(path, actor)
            assert refused.status_code == 403
            assert "Council of" not in refused.text
    assert "/compare" not in (await site.get("/reviews/north", north)).text
    assert "/compare" not in (await site.get("/reviews", north)).text


async def test_of_several_frameworks_one_is_chosen(tmp_path: Path) -> None:
    db = new_programme(tmp_path)
    assess_plainly(db, council(db, "north", *whole_review()))
    council(db, "england", framework="cqc-local-authority")
    db.conn.close()
    async with served(tmp_path / "programme.db") as site:
        text = await site.page("/compare")
        assert 'href="/compare/wales-round-2"' in text and 'href="/compare/cqc-local-authority"' in text
        assert "1 review, 1 assessed" in text and "1 review, 0 assessed" in text
        one_only = await site.page(COMPARE)
        assert "a comparison needs two" in one_only and 'href="/compare"' in one_only
        assert "has not been assessed yet" in await site.page("/compare/cqc-local-authority")
        assert "There is no review under wales-round-1" in await site.page("/compare/wales-round-1")


async def test_where_there_is_nothing_to_compare_the_page_says_so(tmp_path: Path) -> None:
    new_programme(tmp_path).conn.close()
    async with served(tmp_path / "programme.db") as site:
        assert "There is nothing to compare yet" in await site.page("/compare")
        assert (await site.json("/compare.json"))["frameworks"] == []


async def test_reviews_rated_by_other_rules_are_marked(tmp_path: Path) -> None:
    db = new_programme(tmp_path)
    assess_plainly(db, council(db, "north", *whole_review(4, 3)))
    assess_plainly(db, council(db, "south", *whole_review(4, 3)), stricter())
    db.conn.close()
    async with served(tmp_path / "programme.db") as site:
        text = await site.page(COMPARE)
        assert "Some reviews were rated with a different rulebook from the current one" in text
        assert "the two were rated under different rules" in text and "not known: other rules" in text


async def test_a_new_run_shows_at_once(programme: Path, tmp_path: Path) -> None:
    path = tmp_path / "programme.db"
    path.write_bytes(programme.read_bytes())
    async with served(path) as site:
        before = await site.json(f"{COMPARE}.json")
        db = open_programme(path)
        assess_plainly(db, find_review(db, "middle"))
        db.conn.close()
        after = await site.json(f"{COMPARE}.json")
    assert [len(page["comparison"]["reviews"]) for page in (before, after)] == [4, 5]


@refusals(
    ("wales-round-3", 404, "Did you mean &#39;wales-round-2&#39;"),
    ("wales-round-2?until=today", 400, "Until must be a date like 2026-03-31"),
    ("wales-round-2?nearest=51", 400, "A page shows at most 50 of the most similar pairs"),
    ("wales-round-2?nearest=-1", 400, "Nearest must be a whole number from 1"),
)
async def test_what_cannot_be_compared_is_said_in_words(
    site: Site, path: str, status: int, words: str
) -> None:
    assert words in await site.page(f"/compare/{path}", status)


async def test_before_anything_was_assessed_there_is_nothing_to_compare(site: Site) -> None:
    text = await site.page(f"{COMPARE}?until=2001-01-01")
    assert "had not been assessed by 1 January 2001" in text
    assert 'value="2001-01-01"' in text, "another date can be chosen"


@pytest.mark.parametrize("count", [1, 9, 30, 200])
def test_a_cell_says_its_count_whatever_it_holds_and_numbers_as_far_as_they_fit(count: int) -> None:
    numbers = list(range(1, count + 1))
    grid = {
        "across": "How good?",
        "up": "How likely to improve?",
        "columns": ["Poor", "Good"],
        "position": None,
        "rows": [
            {"title": "Yes", "cells": [{"here": False, "numbers": numbers}, {"here": False, "numbers": []}]},
            {"title": "No", "cells": [{"here": False, "numbers": []}, {"here": False, "numbers": [201]}]},
        ],
    }
    figure = figures.crowd_figure(grid)
    full, empty = figure["cells"][0], figure["cells"][1]
    assert full["texts"][0]["text"] == ("1 review" if count == 1 else f"{count} reviews")
    assert empty["texts"] == [] and empty["shade"] == "chance-0"
    below = " ".join(line["text"] for line in full["texts"][1:])
    assert below in ("", ", ".join(map(str, numbers)))
    for line in full["texts"]:
        assert figures.text_width(line["text"]) <= figure["cell"]["width"]
        assert full["y"] + 8 < line["y"] < full["y"] + figure["cell"]["height"]
