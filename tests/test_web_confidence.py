"""Signing a statement of confidence from the page: who may, what is stored, what is refused in words."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from assessment_example import assess_plainly
from form_bench import Bench, opened
from reading import Outline
from two_reviews import ADMINISTRATOR, LEAD, MODERATOR, OTHER, REVIEWER, two_reviews

from assessment.runs.audit import audit_programme
from joint_review.opening import open_programme
from programme.database import Database

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

PAGE = "/reviews/r1/uncertainty"
DRAWN = "run=1&draws=100&seed=7"
GIVEN = {
    "domain": "carers",
    "level": "low",
    "because": "Two visits <only>.",
    "on-adequacy": "Nobody was asked twice.",
    "run": "1",
    "draws": "100",
    "seed": "7",
}


@pytest.fixture
async def bench(db: Database, tmp_path: Path) -> AsyncIterator[Bench]:
    """A review with enough in every domain and a run; beside it one without."""
    assess_plainly(db, two_reviews(db))
    async with opened(tmp_path / "programme.db") as found:
        yield found


def stored(bench: Bench) -> list[tuple[Any, ...]]:
    columns = "run_id, target, level, because, by, adequacy_words, methods_words, draws, seed"
    return bench.rows(f"select {columns} from confidence")


async def test_leads_and_moderators_are_led_to_the_form_of_a_domain(bench: Bench) -> None:
    for actor, shown in ((LEAD, True), (MODERATOR, True), (REVIEWER, False)):
        page = (await bench.get(f"{PAGE}?{DRAWN}", actor)).text
        assert len(re.findall("sign=carers#sign", page)) == shown
        page = (await bench.get(f"{PAGE}?{DRAWN}&sign=carers", actor)).text
        assert (f'action="{PAGE}/sign' in page) == shown
    found = (await bench.get(f"{PAGE}.json?{DRAWN}&sign=carers", LEAD)).json()["signing"]
    assert (found["target"], found["levels"]) == ("carers", ["high", "moderate", "low", "very low"])
    assert (await bench.get(f"{PAGE}.json?{DRAWN}&sign=nothing", LEAD)).status_code == 404


async def test_a_statement_is_signed_and_stands_on_the_page_beside_what_the_figures_suggest(
    bench: Bench,
) -> None:
    done = await bench.send(f"{PAGE}/sign", GIVEN, LEAD)
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?{DRAWN}#confidence-carers"), (
        done.text
    )
    said = ("Two visits <only>.", "lead", "Nobody was asked twice.", "")
    assert stored(bench) == [(1, "carers", "low", *said, 100, 7)]
    page = (await bench.get(f"{PAGE}?{DRAWN}", REVIEWER)).text
    assert (
        "Two visits &lt;only&gt;." in page and "Nobody was asked twice." in page and "signed by lead" in page
    )
    assert 'id="confidence-carers"' in page
    db = open_programme(bench.path)
    assert audit_programme(db).problems == ()
    db.conn.close()


async def test_nobody_else_signs_and_nothing_changes(bench: Bench) -> None:
    before = bench.state()
    for actor in (None, REVIEWER, OTHER, ADMINISTRATOR):
        for ending in ("", ".json"):
            assert (await bench.send(f"{PAGE}/sign{ending}", GIVEN, actor)).status_code == 403
    assert bench.state() == before


@pytest.mark.parametrize(
    ("wrong", "mistake"),
    [
        ({"level": ""}, {"level": "Choose a level."}),
        ({"level": "certain"}, {"level": "'certain' is not one of: very low, low, moderate, high."}),
        ({"because": " "}, {"because": "Say why."}),
        ({"domain": ""}, {"domain": "Choose a domain."}),
        ({"draws": "7"}, {"draws": "Choose between 100 and 10,000 resamplings."}),
    ],
)
async def test_what_is_not_filled_in_is_said_beside_its_field_and_what_was_typed_is_kept(
    bench: Bench, wrong: dict[str, str], mistake: dict[str, str]
) -> None:
    page = await bench.refused(f"{PAGE}/sign", GIVEN | wrong, mistake, LEAD, f"?{DRAWN}&sign=carers")
    assert "Nobody was asked twice." in page and 'role="alert"' in page


async def test_a_domain_or_a_run_there_is_not_is_refused(bench: Bench) -> None:
    for wrong in ({"domain": "services"}, {"run": "9"}):
        done = await bench.send(f"{PAGE}/sign.json", GIVEN | wrong, LEAD)
        assert done.status_code == 400 and next(iter(wrong.values())) in done.json()["error"]
    done = await bench.send("/reviews/r2/uncertainty/sign.json", GIVEN | {"run": ""}, OTHER)
    assert done.status_code == 400 and "has not been assessed yet" in done.json()["error"]
    assert stored(bench) == []


async def test_the_page_with_the_form_is_sound(bench: Bench) -> None:
    page = (await bench.get(f"{PAGE}?{DRAWN}&sign=carers", LEAD)).text
    outline = Outline(page)
    assert outline.problems == [] and set(outline.controls) <= outline.labelled
    assert len(outline.ids) == len(set(outline.ids)) and set(outline.pointed_at) <= set(outline.ids)
    assert "Undefined" not in page
