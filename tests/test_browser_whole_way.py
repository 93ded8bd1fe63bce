"""The whole way of a review in a real browser, each step by somebody else, from the first file to acceptance.

Upload, select, tag, next untagged, code again with the keyboard alone, settle; assess; challenge, reply,
close; vote; override by one, approval by another; accept. Every page on the way fits and keeps nobody out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from assessment_example import AT, new_programme, new_review
from browsing import PASSWORD, PATIENCE, WIDTHS, barriers, complaints_of, context, fits, sign_in
from evidence_rows import whole_review
from playwright.sync_api import Browser, Page, expect
from serving import Server, serving

from assessment.decisions.decide import decision_states
from assessment.decisions.panel import show_panels
from assessment.decisions.standing import Standing
from assessment.runs.audit import audit_programme
from evidence.coding.settlements import list_disagreements
from joint_review.opening import open_programme
from programme.accounts import open_accounts
from programme.reviews import find_review
from programme.users import add_user

REVIEW = "/reviews/r1"
PEOPLE = {
    "reviewer-1": "reviewer",
    "reviewer-2": "reviewer",
    "lead-1": "lead",
    "moderator-1": "moderator",
    "moderator-2": "moderator",
}
TEXT = "Carers said that nobody had told them of their rights.\n\nOne had waited for a year.\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A review with enough in every domain, and people who may sign in; nothing is assessed yet."""
    db = new_programme(tmp_path)
    new_review(db, "r1", "wales-round-2", *whole_review())
    path = tmp_path / "programme.db"
    accounts = open_accounts(path, PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    for name, role in PEOPLE.items():
        add_user(db, name, role=role, review="r1", by="lead", at=AT)
        accounts.set_password(name, PASSWORD, at=AT)
    db.conn.close()
    with serving(path) as running:
        yield running


class Office:
    """The people of a review at one browser, each signed in with a window of their own."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.browser, self.server = browser, server
        self.looked_at: set[str] = set()

    @contextmanager
    def person(self, name: str) -> Iterator[Page]:
        """A page of somebody who is signed in; what the browser complained about fails the test."""
        with context(self.browser) as profile:
            page = profile.new_page()
            complaints = complaints_of(page)
            sign_in(page, self.server, name)
            yield page
            assert complaints == []

    def open(self, page: Page, path: str) -> None:
        page.goto(f"{self.server.address}{REVIEW}{path}")
        self.look_at(page)

    def look_at(self, page: Page) -> None:
        """On a telephone and on a desk nothing is wider than the window, and nobody is kept out."""
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            fits(page)
        assert barriers(page) == [], page.url

    def follow(self, page: Page, link: str) -> None:
        """Follow the first link of that name, and look at the page it leads to."""
        with page.expect_navigation():
            page.locator("main").get_by_role("link", name=link, exact=True).first.click()
        self.look_at(page)

    def press(self, page: Page, button: str) -> None:
        """Press a button and wait for what the next page says has been done."""
        with page.expect_navigation():
            page.get_by_role("button", name=button, exact=True).click()
        page.locator("[role=status]").wait_for()
        self.look_at(page)


def test_from_the_first_file_to_acceptance(browser: Browser, server: Server, tmp_path: Path) -> None:
    office = Office(browser, server)
    read_and_tag(office, tmp_path)
    code_again_and_settle(office)
    assess(office, 1)
    challenge(office)
    vote(office)
    override_and_accept(office)
    db = open_programme(server.path)
    try:
        assert audit_programme(db).problems == ()
    finally:
        db.conn.close()


def read_and_tag(office: Office, folder: Path) -> None:
    file = folder / "Interview with carers.txt"
    file.write_text(TEXT, encoding="utf-8")
    with office.person("reviewer-1") as page:
        office.open(page, "")
        office.follow(page, "Sources")
        office.follow(page, "Add sources")
        page.set_input_files("#files", str(file))
        page.select_option("#kind", "interview")
        page.fill("#dated", "2007-05-31")
        office.press(page, "Add sources")
        row = page.locator("main li, main tr").filter(has_text="Interview with carers").last
        with page.expect_navigation():
            row.get_by_role("link").first.click()
        office.look_at(page)
        for words, domains in (
            ("nobody had told them of their rights", ()),
            ("waited for a year", ("carers",)),
        ):
            page.evaluate(SELECT, words)
            expect(page.locator("#quote")).to_have_value(words, timeout=PATIENCE)
            for domain in domains:
                page.fill("#filter", domain)
                page.locator("#filter").press("Enter")
            page.check("#direction-weakness")
            page.check("#significance-3")
            with page.expect_navigation():
                page.get_by_role("button", name="Record finding").click()
        with page.expect_navigation():
            page.locator("a[data-next]").click()
        card = page.locator(".card.untagged")
        assert "nobody had told them" in card.inner_text()
        with page.expect_navigation():
            card.get_by_role("link", name=re.compile("Change")).click()
        office.look_at(page)
        page.fill("#filter", "assessment")
        page.locator("#filter").press("Enter")
        with page.expect_navigation():
            page.get_by_role("button", name="Save changes").click()
        assert "All items of this review are tagged." in page.locator("main").inner_text()


SELECT = """words => {
  const pieces = [...document.querySelectorAll('[data-piece]')];
  const node = pieces.find(one => one.textContent.includes(words)).firstChild;
  const at = node.data.indexOf(words);
  getSelection().setBaseAndExtent(node, at, node, at + words.length);
}"""


def code_again_and_settle(office: Office) -> None:
    with office.person("lead-1") as lead:
        office.open(lead, "/coding")
        lead.select_option("#draw-coder", "reviewer-2")
        lead.fill("#draw-items", "2")
        lead.check("#draw-passages")
        office.press(lead, "Draw items")
    with office.person("reviewer-2") as page:
        # Wherever they go, they are at their batch until it is handed in.
        office.open(page, "/items")
        assert page.url.endswith("/coding")
        for _ in range(2):
            main = page.locator("main").inner_text()
            assert "waited for a year" in main and "weakness, serious" not in main.lower()
            tab_to(page, "#filter")
            page.keyboard.type("carers")
            page.keyboard.press("Enter")
            tab_to(page, "#direction-strength")
            page.keyboard.press("ArrowRight")
            tab_to(page, "#significance-1")
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowRight")
            tab_to(page, "#note")
            page.keyboard.type("Read twice.")
            with page.expect_navigation():
                page.keyboard.press("Enter")
        assert "All items are coded." in page.locator("main").inner_text()
        tab_to(page, "button.small")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        office.look_at(page)
        office.open(page, "/disagreements")
        assert "1 item to be settled" in page.locator("main").inner_text()
    with office.person("lead-1") as lead:
        office.open(lead, "/disagreements")
        with lead.expect_navigation():
            lead.get_by_role("link", name=re.compile("^Settle E")).click()
        for domain in ("assessment", "carers"):
            lead.check(f"#domain-{domain}")
        lead.check("#direction-weakness")
        lead.check("#significance-3")
        lead.fill("#because", "It bears on both.")
        office.press(lead, "Settle item")
    db = open_programme(office.server.path)
    try:
        [settled] = list_disagreements(db, find_review(db, "r1"))
        assert settled.settled is not None
        assert (settled.settled["settled_by"], settled.text) == (
            "lead-1",
            "nobody had told them of their rights",
        )
    finally:
        db.conn.close()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what the selector says has the focus, which must be seen."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    pytest.fail(f"{selector} cannot be reached with the Tab key on {page.url}")


def assess(office: Office, run: int) -> None:
    with office.person("lead-1") as lead:
        office.open(lead, "")
        office.press(lead, "Assess review")
        assert f"Run {run}" in lead.locator("[role=status]").inner_text()
        office.open(lead, "/trail/cell")


def challenge(office: Office) -> None:
    with office.person("moderator-1") as moderator, office.person("reviewer-1") as reviewer:
        office.open(moderator, "/trail/carers")
        office.follow(moderator, "Challenge this rating")
        assert (moderator.input_value("#kind"), moderator.input_value("#target")) == ("rating", "carers")
        moderator.select_option("#ground", "one source")
        moderator.fill("#text", "All of it comes\nfrom one interview.")
        office.press(moderator, "Raise challenge")
        office.open(moderator, "/trail/carers")
        barred = "the rating of “Support for carers” cannot be accepted while challenge 1 is open"
        assert barred in moderator.locator("main").inner_text()
        office.open(reviewer, "/challenges/1")
        reviewer.fill("#text", "That is so.")
        office.press(reviewer, "Send reply")
        moderator.goto(reviewer.url)
        assert "That is so." in moderator.locator("main").inner_text()
        moderator.select_option("#close-outcome", "upheld")
        moderator.fill("#close-because", "The other interviews say less.")
        office.press(moderator, "Close challenge")


def vote(office: Office) -> None:
    members = ("moderator-1", "moderator-2")
    with office.person("lead-1") as lead:
        office.open(lead, "/panel/carers")
        for name in members:
            lead.get_by_role("checkbox", name=name).check()
        office.press(lead, "Open the panel")
        for name, level in zip(members, ("inconsistent", "poor"), strict=True):
            with office.person(name) as member:
                office.open(member, "/panel/carers")
                assert "The other interviews" not in member.locator("main").inner_text()
                member.check(f"#vote-level-{level}")
                member.fill("#vote-because", f"Words of {name}.")
                office.press(member, "Cast vote")
            office.open(lead, "/panel/carers")
            assert ("Words of moderator-1." in lead.locator("main").inner_text()) == (name == members[-1])
    db = open_programme(office.server.path)
    try:
        [panel] = show_panels(db, find_review(db, "r1"), "carers")
        assert [(one["member"], one["level"]) for one in panel["votes"]] == [
            ("moderator-2", "poor"),
            ("moderator-1", "inconsistent"),
        ]
    finally:
        db.conn.close()


def override_and_accept(office: Office) -> None:
    with office.person("moderator-1") as one, office.person("moderator-2") as other:
        office.open(one, "/trail/carers")
        one.get_by_text("Override it").click()
        one.check("#override-level-inconsistent")
        one.fill("#override-because", "Seen on two visits.")
        office.press(one, "Override rating")
        assert "You cannot approve the override" in one.locator("main").inner_text()
        office.open(other, "/decisions")
        office.follow(other, "Decide on Support for carers")
        office.press(other, "Approve override")
        assess(office, 2)
        office.open(other, "/decisions")
        for domain in ("leadership", "workforce"):
            other.check(f"#many-{domain}")
        office.press(other, "Accept ticked ratings")
        office.open(one, "/trail/services")
        one.get_by_text("Accept it").click()
        office.press(one, "Accept rating")
    db = open_programme(office.server.path)
    try:
        states = {row["target"]: row for row in decision_states(Standing(db, find_review(db, "r1")))}
    finally:
        db.conn.close()
    settled = {name for name, row in states.items() if row["settled"]}
    assert settled == {"carers", "leadership", "services", "workforce"}
    assert states["carers"]["approval"]["by"] == "moderator-2"
    assert states["carers"]["level"] == "inconsistent"
    assert states["services"]["decision"]["run"] == 2
