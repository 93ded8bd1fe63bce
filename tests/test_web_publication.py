"""The page on the dates of a report, on who gets it, and on its embargo."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from assessment_example import AT, new_review
from evidence_rows import good_domain
from reading import ROOT, Site, served
from release_example import MINISTER, html, list_people, ready_report, uk

from programme.database import Database
from programme.reviews import Review
from report.copies import make_copies, record_use
from report.embargo import present
from report.milestones import move_date
from report.practice import follow_practice, load_practice

PAGE = "/reviews/r1/publication"
CLEARED = uk("2009-06-02T10:00+01:00")
LATER = uk("2009-06-05T10:00+01:00")


@pytest.fixture
def review(db: Database) -> Review:
    return new_review(db, "r1", "wales-round-2", *good_domain("carers", 6, 2))


@pytest.fixture
async def site(db: Database, review: Review, tmp_path: Path) -> AsyncIterator[Site]:
    async with served(tmp_path / "programme.db") as found:
        yield found


async def test_every_date_is_shown_with_how_it_came_about(db: Database, review: Review, site: Site) -> None:
    before = await site.page(PAGE)
    assert "The day on which its weeks begin is not set" in before and "Nobody is listed yet." in before
    practice = load_practice("wales-round-2")
    follow_practice(db, review, practice, date(2026, 1, 5), by="lead", at=AT)
    move_date(db, review, "draft", date(2026, 8, 17), because="The team was ill.", by="lead", at=AT)
    text = await site.page(PAGE)
    assert "Its weeks begin on 5 January 2026." in text
    assert (
        "Moved by hand: The team was ill. Computed: 5 weeks after “Final assessment” (6 July 2026)." in text
    )
    rows = {row["step"]: row["day"] for row in (await site.json(f"{PAGE}.json"))["rows"]}
    assert (rows["draft"], rows["draft-meeting"]) == ("17 August 2026", "1 September 2026")


async def test_copies_are_shown_with_when_they_were_sent_and_opened(
    db: Database, review: Review, site: Site, tmp_path: Path
) -> None:
    edition = ready_report(db, review, tmp_path, CLEARED)
    list_people(db, review, {**MINISTER, "purpose": "<b>Briefing</b>"}, at=CLEARED)
    present(db, edition, uk("2009-06-08T14:00+01:00"), "Hall", "cabinet", by="manager", at=LATER)
    make_copies(db, edition, "embargo", tmp_path / "c", {"html": html}, ["en"], by="lead", at=LATER)
    sent = uk("2009-06-07T15:00+01:00")
    record_use(db, edition, 1, "sent", sent, by="lead", at=uk("2009-06-08T09:00+01:00"))
    text = await site.page(PAGE)
    assert "The presentation is recorded for 8 June 2009, 2:00pm" in text
    assert "7 June 2009, 3:00pm" in text and "not recorded" in text
    assert "&lt;b&gt;Briefing&lt;/b&gt;" in text


async def test_a_review_whose_framework_has_no_practice_says_so(db: Database, site: Site) -> None:
    new_review(db, "r2", "wales-round-1")
    assert "has no practice, so no dates are computed" in await site.page("/reviews/r2/publication")


@pytest.mark.parametrize(
    ("role", "status"),
    [("lead", 200), ("coordinator", 200), ("manager", 200), ("reviewer", 403), ("authority", 403)],
)
async def test_only_those_who_plan_a_report_see_its_dates_and_recipients(
    site: Site, role: str, status: int
) -> None:
    actor = {"id": "somebody", "held": [[role, "r1"]], "all_reviews": []}
    assert (await site.get(PAGE, actor)).status_code == status
    assert (await site.get(PAGE, ROOT)).status_code == 200
