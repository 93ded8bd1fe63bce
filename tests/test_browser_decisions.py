"""In a real browser: challenge, reply, close, override by one, approval by another, acceptance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from assessment_example import AT, assess_plainly, new_programme, new_review, whole_review
from browsing import PASSWORD, WIDTHS, barriers, complaints_of, context, fits, sign_in
from playwright.sync_api import Browser, Page
from serving import Server, serving

from assessment.accounts import open_accounts
from assessment.audit import audit_programme
from assessment.database import open_programme
from assessment.decide import decision_states
from assessment.users import add_user
from evidence.reviews import find_review

REVIEW = "/reviews/r1"
PEOPLE = (("moderator-1", "moderator"), ("lead-2", "lead"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A review with enough in every domain and a run by the lead; a moderator and a second lead."""
    db = new_programme(tmp_path)
    review = new_review(db, "r1", "wales-round-2", *whole_review())
    assess_plainly(db, review)
    path = tmp_path / "programme.db"
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    accounts = open_accounts(path, quick)
    for name, role in PEOPLE:
        add_user(db, name, role=role, review="r1", by="lead", at=AT)
        accounts.set_password(name, PASSWORD, at=AT)
    db.conn.close()
    with serving(path) as running:
        yield running


@contextmanager
def signed_in(browser: Browser, server: Server, name: str) -> Iterator[Page]:
    """A page of somebody who is signed in; what the browser complained about fails the test."""
    with context(browser) as profile:
        page = profile.new_page()
        complaints = complaints_of(page)
        sign_in(page, server, name)
        yield page
        assert complaints == []


def sound(page: Page) -> None:
    """On a telephone and on a desk nothing is wider than the window, and nobody is kept out."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        assert barriers(page) == [], page.url


def press(page: Page, name: str) -> None:
    """Press a button and wait for what the next page says has been done."""
    sound(page)
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()
    page.locator("[role=status]").wait_for()


def test_from_a_challenge_to_an_override_by_one_approved_by_another_and_accepted_ratings(
    browser: Browser, server: Server
) -> None:
    with signed_in(browser, server, "moderator-1") as moderator, signed_in(browser, server, "lead-2") as lead:
        decide(moderator, lead, server)


def decide(moderator: Page, lead: Page, server: Server) -> None:
    # A challenge from the trail; nobody can accept the rating now.
    moderator.goto(f"{server.address}{REVIEW}/trail/carers")
    with moderator.expect_navigation():
        moderator.get_by_role("link", name="Challenge this rating").click()
    assert (moderator.input_value("#kind"), moderator.input_value("#target")) == ("rating", "carers")
    moderator.select_option("#ground", "one source")
    moderator.fill("#text", "All of it comes\nfrom one interview.")
    press(moderator, "Raise")
    lead.goto(f"{server.address}{REVIEW}/trail/carers")
    assert "carers cannot be accepted while challenge 1 is open" in lead.locator("main").inner_text()
    # A reply, then it is closed.
    with lead.expect_navigation():
        lead.locator("main").get_by_role("link", name="challenge 1", exact=True).first.click()
    lead.fill("#text", "That is so.")
    press(lead, "Reply")
    moderator.reload()
    assert "That is so." in moderator.locator("main").inner_text()
    moderator.select_option("#close-outcome", "upheld")
    moderator.fill("#close-because", "The other interviews say less.")
    press(moderator, "Close the challenge")
    sound(moderator)
    # Overridden by one, approved by another.
    moderator.goto(f"{server.address}{REVIEW}/trail/carers")
    moderator.get_by_text("Override it").click()
    moderator.check("#override-level-inconsistent")
    moderator.fill("#override-because", "Seen on two visits.")
    press(moderator, "Override")
    assert "You cannot approve the override" in moderator.locator("main").inner_text()
    lead.goto(f"{server.address}{REVIEW}/decisions")
    sound(lead)
    with lead.expect_navigation():
        lead.get_by_role("link", name="Decide on Support for carers").click()
    press(lead, "Approve")
    # It counts in the next run; then the other ratings of that run are accepted.
    db = open_programme(server.path)
    try:
        review = find_review(db, "r1")
        assert assess_plainly(db, review).rating("carers")["status"] == "decided"
        lead.goto(f"{server.address}{REVIEW}/trail/services")
        lead.get_by_text("Accept it").click()
        press(lead, "Accept")
        sound(lead)
        states = {row["target"]: row for row in decision_states(db, review)}
        assert {name for name, row in states.items() if row["settled"]} == {"carers", "services"}
        assert states["carers"]["approval"]["by"] == "lead-2"
        assert states["services"]["decision"]["run"] == 2
        assert audit_programme(db).problems == ()
    finally:
        db.conn.close()
