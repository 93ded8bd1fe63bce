"""How often pages ask the database: a few times, and never more often because a review has more in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from assessment_example import AT, WELSH, add, assess_plainly, rate_approved
from conftest import NOW
from evidence_rows import finding
from pages import filled
from reading import Site, served
from statements import Watched, watched

from assessment.decisions.challenges import close_challenge, raise_challenge, reply_to_challenge
from assessment.decisions.decide import override
from assessment.decisions.panel import open_panel, vote
from assessment.runs.run import load_run
from evidence.items import withdraw_item
from programme.database import Database, one
from programme.reviews import Review, find_review
from rules.stored import stored_framework, stored_policy, stored_rulebook

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

REVIEW = "/reviews/wales-2004-08"
TRAIL = f"{REVIEW}/trail/getting-help"
MOST_OF_A_TRAIL, MOST_AT_FIRST = 12, 30
"""Of a trail page; of any page, and of the first one of a run, for which what is kept of it is worked out."""
DOMAINS = list(WELSH.framework.domains)
WORKED_OUT = ("/whatif", "/uncertainty", "/next", ".svg", "/rule/")
"""Pages of what is worked out once and kept: the same statements whatever is in the review, and slow at
first. The trail, which shows some of it, is opened here."""
# A funnel takes five reviews.
PAGES = sorted(
    {
        path.removesuffix(".json")
        for path in filled()
        if path != "/" and not any(part in path for part in (*WORKED_OUT, "/funnel/"))
    }
)


def more_work(db: Database, review: Review, times: int) -> None:
    """Items, challenges to ratings and items (open, answered and closed), decisions, votes and runs."""
    for number in range(times):
        add(db, review, *(finding("R1", domains=domain) for domain in DOMAINS[:6]))
        first = int(one(db, "select max(id) from evidence")) - 3
        for kind, target in (("rating", DOMAINS[number]), ("item", f"E{first}"), ("item", f"E{first + 1}")):
            challenge = raise_challenge(
                db, review, kind, target, ground="other", text="Why?", by="reviewer-1", at=AT
            )["number"]
            reply_to_challenge(db, challenge, text="So.", by="lead", at=AT)
        withdraw_item(db, review, first + 1, by="lead", because="Doubtful.", at=AT)
        close_challenge(db, challenge, "upheld", because="Yes.", changed=[f"E{first + 1}"], by="lead", at=AT)
        assess_plainly(db, review, seed=number + 1)
    for number in range(times):
        level = WELSH.framework.scale_of(DOMAINS[number])[0].id
        override(db, review, DOMAINS[number], level, by="reviewer-1", because="Seen.", at=AT)
        voted_on = DOMAINS[-1 - number]
        open_panel(db, review, voted_on, ["reviewer-1", "reviewer-2"], by="lead", at=AT)
        lowest = WELSH.framework.scale_of(voted_on)[0].id
        for name in ("reviewer-1", "reviewer-2")[: 1 + number % 2]:
            vote(db, review, voted_on, lowest, by=name, at=AT)


@pytest.fixture(scope="module")
def grown(example_db: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The worked example after a little more work, and after four times as much."""
    from joint_review.opening import open_programme

    found = []
    for times in (1, 4):
        path = tmp_path_factory.mktemp(f"grown-{times}") / "programme.db"
        shutil.copy(example_db, path)
        db = open_programme(path)
        try:
            more_work(db, find_review(db, "wales-2004-08"), times)
        finally:
            db.conn.close()
        found.append(path)
    return found[0], found[1]


async def asked(site: Site, watch: Watched, path: str) -> list[str]:
    """The statements that a page runs."""
    watch.clear()
    response = await site.get(path)
    assert response.status_code == 200, f"{path}: {response.text}"
    return list(watch.statements)


async def test_no_page_asks_more_often_because_there_is_more(grown: tuple[Path, Path]) -> None:
    counts: list[dict[str, int]] = []
    for path in grown:
        with watched() as watch:
            async with served(path) as site:
                counts.append({page: len(await asked(site, watch, page)) for page in PAGES})
    small, large = counts
    assert {page: (small[page], large[page]) for page in PAGES if large[page] > small[page]} == {}
    assert min(small.values()) >= 1
    assert {page: count for page, count in small.items() if count > MOST_AT_FIRST} == {}


@pytest.mark.parametrize("target", ["getting-help", "services", "cell"])
async def test_a_trail_page_asks_at_most_twelve_times(grown: tuple[Path, Path], target: str) -> None:
    with watched() as watch:
        async with served(grown[1]) as site:
            for query in ("", "?run=1"):
                path = f"{REVIEW}/trail/{target}{query}"
                assert 5 <= len(await asked(site, watch, path)) <= MOST_AT_FIRST
                for again in (path, f"{path}{'&' if query else '?'}lang=cy"):
                    statements = await asked(site, watch, again)
                    assert 5 <= len(statements) <= MOST_OF_A_TRAIL, "\n".join(statements)


async def test_a_trail_page_parses_each_policy_once_and_later_ones_none(example_db: Path) -> None:
    stored_framework.cache_clear()
    stored_rulebook.cache_clear()
    stored_policy.cache_clear()
    async with served(example_db) as site:
        await site.page(TRAIL)
        parsed = stored_rulebook.cache_info().misses
        texts = stored_framework.cache_info().misses
        await site.page(TRAIL)
        await site.page(f"{REVIEW}/decisions")
    assert (parsed, stored_rulebook.cache_info().misses) == (1, 1)
    # The framework of the review and that of the run: two ways of writing the same one.
    assert texts == stored_framework.cache_info().misses == 2


def test_the_framework_of_a_review_and_that_of_its_runs_is_one(
    example_db: Path, connect: Callable[[Path], Database]
) -> None:
    db = connect(example_db)
    review = find_review(db, "wales-2004-08")
    first, again = load_run(db, review), load_run(db, review)
    assert first.policy.framework is review.framework
    assert again.policy is first.policy


def test_a_policy_whose_text_was_changed_is_another_one(
    example_copy: Path, connect: Callable[[Path], Database]
) -> None:
    db = connect(example_copy)
    review = find_review(db, "wales-2004-08")
    before = load_run(db, review)
    db.conn.execute("drop trigger policy_text_never_update")
    db.conn.execute(
        "update policy_text set body = replace(body, 'Getting help', 'Being helped') where kind = 'framework'"
    )
    after = load_run(db, review)
    assert before.policy.framework.title_of("getting-help") == "Getting help"
    assert after.policy.framework.title_of("getting-help") == "Being helped"


async def test_pages_leave_the_results_that_they_share_as_they_are(
    example_copy: Path, connect: Callable[[Path], Database]
) -> None:
    db = connect(example_copy)
    review = find_review(db, "wales-2004-08")
    rate_approved(db, review, "carers", "poor", by="lead", because="Seen.", at=NOW)
    assess_plainly(db, review)
    async with served(example_copy) as site:
        for page in (REVIEW, TRAIL, f"{REVIEW}/trail/cell", f"{REVIEW}/changes", f"{REVIEW}/decisions"):
            await site.page(page)
    for number in (1, 2):
        run = load_run(db, review, number)
        assert run.result.digest == run.digest
