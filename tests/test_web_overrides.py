"""The page on overrides across reviews: its counts, where they lead, who sees it, and when it is empty."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, assess_plainly, new_programme, new_review, rate_approved
from evidence_rows import good_domain
from form_bench import Bench, opened
from reading import Outline

from assessment.decisions.decide import accept
from joint_review.opening import open_programme
from programme.database import Database
from programme.reviews import create_review

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

PAGE = "/overrides"
MODERATOR = {"id": "moderator-1", "held": [["moderator", None]], "all_reviews": ["moderator"]}
OF_ONE = {"id": "moderator-2", "held": [["moderator", "r1"]], "all_reviews": []}
LEAD = {"id": "lead-1", "held": [["lead", None]], "all_reviews": ["lead"]}
BECAUSE = {"by": "moderator-1", "because": "Seen <twice>.", "at": AT}


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Bench]:
    """Two reviews of authorities of the same name, assessed and not decided on."""
    with closing(new_programme(tmp_path).conn) as connection:
        reviews(Database(connection))
    async with opened(tmp_path / "programme.db") as found:
        yield found


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Carers overridden in one and accepted in the other, the workforce raised, leadership given."""
    with closing(new_programme(tmp_path).conn) as connection:
        db = Database(connection)
        first, second = reviews(db)
        rate_approved(db, first, "carers", "poor", **BECAUSE)
        accept(db, second, "carers", by="moderator-1", at=AT)
        rate_approved(db, second, "workforce", "strongly", **BECAUSE)
        rate_approved(db, second, "leadership", "well", **BECAUSE)
        for review in (first, second):
            assess_plainly(db, review)
    async with opened(tmp_path / "programme.db") as found:
        yield found


def reviews(db: Database) -> list[Any]:
    found = [
        new_review(db, "r1", "wales-round-2", *good_domain("carers")),
        new_review(db, "r2", "wales-round-2", *good_domain("carers"), *good_domain("workforce")),
    ]
    for review in found:
        assess_plainly(db, review)
    return found


def rows_of(text: str, section: str) -> list[list[str]]:
    """The rows of the table of a section, as words."""
    body = text.partition(f'id="{section}"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    cells = (
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", body)
    )
    return [[re.sub(r"<[^>]*>", "", cell).strip() for cell in row] for row in cells]


async def test_reviews_rules_and_reviewers_stand_with_their_counts(bench: Bench) -> None:
    page = (await bench.get(PAGE, MODERATOR)).text
    # Decided, accepted, overridden, to higher, to lower, given.
    assert rows_of(page, "reviews") == [
        ["Sir Enghraifft (r1)", "1", "0", "1", "0", "1", "0"],
        ["Sir Enghraifft (r2)", "3", "1", "1", "1", "0", "1"],
    ]
    assert rows_of(page, "targets")[0] == ["Support for carers", "2", "1", "1", "0", "1", "0"]
    rules = {row[0]: row[1:] for row in rows_of(page, "rules")}
    carers = "Sir Enghraifft (r1): Support for carers"
    assert rules["carers.mainly-good.strengths"] == ["2", "1", "1", "0", "1", "0", carers]
    workforce = "Sir Enghraifft (r2): Workforce"
    assert rules["workforce.well.strengths"] == ["1", "0", "1", "1", "0", "0", workforce]
    assert rows_of(page, "reviewers") == [
        ["reviewer-1", "3", "1", "2", "1", "1", "0", f"{carers}; {workforce}"]
    ]
    assert rows_of(page, "overridden") == [
        [carers, "Mainly good", "Poor", "moderator-1, approver", "Seen &lt;twice&gt;."],
        [workforce, "Well placed", "Strongly placed", "moderator-1, approver", "Seen &lt;twice&gt;."],
    ]
    assert (
        "4 ratings decided: 1 accepted, 2 overridden (1 to a higher level, 1 to a lower one), and 1 given"
        in page
    )


async def test_counts_lead_to_the_decisions(bench: Bench) -> None:
    page = (await bench.get(PAGE, MODERATOR)).text
    for link in ("/reviews/r1/decisions", "/reviews/r1/decisions?target=carers#deciding"):
        assert f'href="{link}"' in page
        assert (await bench.get(link.partition("#")[0], MODERATOR)).status_code == 200


async def test_like_evidence_rated_unlike_stands_with_both_ratings(bench: Bench) -> None:
    found = (await bench.get(f"{PAGE}.json", MODERATOR)).json()
    [row] = found["listed"]["same_profile"]
    assert row["target"] == "carers"
    sides = row["pairs"][0]["sides"]
    assert [(one["review"], one["level_title"], one["decided"]) for one in sides] == [
        ("r1", "Poor", True),
        ("r2", "Mainly good", False),
    ]
    page = (await bench.get(PAGE, MODERATOR)).text.partition('id="alike"')[2]
    assert 'href="/reviews/r1/trail/carers"' in page and 'href="/reviews/r2/trail/carers"' in page


async def test_the_numbers_are_those_of_the_command(bench: Bench) -> None:
    found = (await bench.get(f"{PAGE}/wales-round-2.json", MODERATOR)).json()
    assert found["overrides"]["all"] == {
        "decided": 4,
        "accepted": 1,
        "higher": 1,
        "lower": 1,
        "given": 1,
        "overridden": 2,
    }
    assert [(one["review"], one["target"]) for one in found["overrides"]["overridden"]] == [
        ("r1", "carers"),
        ("r2", "workforce"),
    ]


async def test_only_who_sees_all_reviews_sees_it_and_is_led_there(bench: Bench) -> None:
    for path in (
        PAGE,
        f"{PAGE}.json",
        f"{PAGE}/wales-round-2",
        f"{PAGE}/wales-round-2.json",
        f"{PAGE}/nothing",
    ):
        for actor in (None, OF_ONE, LEAD):
            page = await bench.get(path, actor)
            assert page.status_code == 403 and "Enghraifft" not in page.text and "carers" not in page.text
    for path in ("/reviews", "/compare/wales-round-2"):
        assert 'href="/overrides' in (await bench.get(path, MODERATOR)).text
    for actor in (OF_ONE, LEAD):
        assert 'href="/overrides' not in (await bench.get("/reviews", actor)).text


async def test_before_anything_is_decided_it_says_what_will_stand_there(empty: Bench) -> None:
    page = (await empty.get(PAGE, MODERATOR)).text
    assert "Nothing has been decided yet." in page and "this page shows how often" in page
    assert "<table" not in page and Outline(page).problems == []


async def test_one_framework_is_chosen_where_there_are_several(empty: Bench) -> None:
    db = open_programme(empty.path)
    window: dict[str, Any] = {"window_from": None, "window_to": None}
    create_review(db, "e1", "Elsewhere", "cqc-local-authority", **window, by="lead", at=AT)
    db.conn.close()
    page = (await empty.get(PAGE, MODERATOR)).text
    assert 'href="/overrides/wales-round-2"' in page and 'href="/overrides/cqc-local-authority"' in page
    page = (await empty.get("/overrides/cqc-local-authority", MODERATOR)).text
    assert "no review under cqc-local-authority can be compared" in page.lower()
    assert (await empty.get("/overrides/nothing", MODERATOR)).status_code == 404


async def test_its_markup_is_sound_and_its_policy_strict(bench: Bench) -> None:
    page = await bench.get(PAGE, MODERATOR)
    outline = Outline(page.text)
    assert outline.problems == [] and outline.headings.count(1) == 1
    assert len(outline.ids) == len(set(outline.ids)) and set(outline.pointed_at) <= set(outline.ids)
    assert "None" not in re.sub(r"<[^>]*>", " ", page.text) and "Undefined" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe-inline" not in page.headers["content-security-policy"]
