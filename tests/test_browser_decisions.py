"""In a real browser: challenge, reply, close, override by one, approval by another, acceptance."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from assessment_example import AT, assess_plainly, new_programme, new_review, whole_review
from playwright.sync_api import Browser, Page, sync_playwright
from test_browser import ARGUMENTS, CONTRAST, NAMES

from assessment.accounts import open_accounts
from assessment.audit import audit_programme
from assessment.database import open_programme
from assessment.decide import decision_states
from assessment.pages import metadata_yaml
from assessment.users import add_user
from evidence.reviews import find_review

GOOD = "four plain words together"
REVIEW = "/reviews/r1"
PEOPLE = (("moderator-1", "moderator"), ("lead-2", "lead"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(f"no browser found ({', '.join(NAMES)}); install one with: make browser", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A review with enough in every domain and a run by the lead; a moderator and a second lead."""
    db = new_programme(tmp_path)
    review = new_review(db, "r1", "wales-round-2", *whole_review())
    assess_plainly(db, review)
    path = tmp_path / "programme.db"
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    accounts = open_accounts(path, quick)
    for name, role in PEOPLE:
        add_user(db, name, role=role, review="r1", by="lead", at=AT)
        accounts.set_password(name, GOOD, at=AT)
    db.conn.close()
    told = tmp_path / "metadata.yml"
    told.write_text(metadata_yaml(path.stem), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "datasette", "serve", str(path), "--metadata", str(told)]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if "Uvicorn running" in line:
                break
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.stdout.read()


def signed_in(chromium: Browser, server: str, name: str) -> Page:
    """A page of somebody who is signed in; what the browser complains about fails the test."""
    page = chromium.new_context().new_page()
    page.set_default_timeout(8_000)
    page.on("console", lambda said: pytest.fail(f"{said.type}: {said.text}"))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{server}/-/sign-in")
    page.fill("#name", name)
    page.fill("#password", GOOD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/reviews$"))
    return page


def fits(page: Page) -> None:
    """On a telephone and on a desk nothing is wider than the window, and every text can be read."""
    page.wait_for_load_state("load")
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
        assert page.evaluate(CONTRAST) == [], page.url


def test_from_a_challenge_to_an_override_by_one_approved_by_another_and_accepted_ratings(
    chromium: Browser, server: str, tmp_path: Path
) -> None:
    moderator = signed_in(chromium, server, "moderator-1")
    lead = signed_in(chromium, server, "lead-2")

    def press(page: Page, name: str) -> None:
        fits(page)
        page.get_by_role("button", name=name, exact=True).click()
        page.locator("[role=status]").wait_for()

    # A challenge from the trail; nobody can accept the rating now.
    moderator.goto(f"{server}{REVIEW}/trail/carers")
    moderator.get_by_role("link", name="Challenge this rating").click()
    assert (moderator.input_value("#kind"), moderator.input_value("#target")) == ("rating", "carers")
    moderator.select_option("#ground", "one source")
    moderator.fill("#text", "All of it comes\nfrom one interview.")
    press(moderator, "Raise")
    lead.goto(f"{server}{REVIEW}/trail/carers")
    assert "carers cannot be accepted while challenge 1 is open" in lead.locator("main").inner_text()
    # A reply, then it is closed.
    lead.locator("main").get_by_role("link", name="challenge 1", exact=True).first.click()
    lead.fill("#text", "That is so.")
    press(lead, "Reply")
    moderator.reload()
    assert "That is so." in moderator.locator("main").inner_text()
    moderator.select_option("#close-outcome", "upheld")
    moderator.fill("#close-because", "The other interviews say less.")
    press(moderator, "Close the challenge")
    fits(moderator)
    # Overridden by one, approved by another.
    moderator.goto(f"{server}{REVIEW}/trail/carers")
    moderator.get_by_text("Override it").click()
    moderator.check("#override-level-inconsistent")
    moderator.fill("#override-because", "Seen on two visits.")
    press(moderator, "Override")
    assert "You cannot approve the override" in moderator.locator("main").inner_text()
    lead.goto(f"{server}{REVIEW}/decisions")
    fits(lead)
    lead.get_by_role("link", name="Decide on Support for carers").click()
    press(lead, "Approve")
    # It counts in the next run; then the other ratings of that run are accepted.
    db = open_programme(tmp_path / "programme.db")
    try:
        review = find_review(db, "r1")
        assert assess_plainly(db, review).rating("carers")["status"] == "decided"
        lead.goto(f"{server}{REVIEW}/trail/services")
        lead.get_by_text("Accept it").click()
        press(lead, "Accept")
        fits(lead)
        states = {row["target"]: row for row in decision_states(db, review)}
        assert {name for name, row in states.items() if row["settled"]} == {"carers", "services"}
        assert states["carers"]["approval"]["by"] == "lead-2"
        assert states["services"]["decision"]["run"] == 2
        assert audit_programme(db).problems == ()
    finally:
        db.conn.close()
    for page in (moderator, lead):
        page.context.close()
