"""A real browser for tests: starting it, signing in, and what must hold on every page."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, sync_playwright
from serving import Server

from joint_review.web.signin import SIGN_IN

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parents[2] / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "four plain words together"
PATIENCE = 30_000
"""How long to wait for what must come, in milliseconds: long, since other tests share the machine."""
WIDTHS = (360, 1280)
"""A telephone and a desk, in CSS pixels."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, headless; without one the test fails and says how to install it."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(f"no browser found ({', '.join(NAMES)}); install one with: make browser", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@contextlib.contextmanager
def context(browser: Browser, **wanted: Any) -> Iterator[BrowserContext]:
    """A fresh profile, patient, with the accessibility checker in every page."""
    with browser.new_context(**wanted) as made:
        made.set_default_timeout(PATIENCE)
        made.add_init_script(axe())
        yield made


@cache
def axe() -> str:
    """The source of axe-core, the accessibility checker."""
    if not AXE.exists():
        pytest.fail(f"axe-core is not at {AXE}; install it with: make test", pytrace=False)
    return AXE.read_text(encoding="utf-8")


def complaints_of(page: Page) -> list[str]:
    """A list that grows with whatever the browser complains about."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(f"{said.type}: {said.text}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def sign_in(page: Page, server: Server, name: str) -> None:
    """Sign in with name and password; the next time the session that was begun is used."""
    if name in server.cookies:
        page.context.add_cookies(server.cookies[name])
        return
    page.goto(f"{server.address}{SIGN_IN}")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/reviews$"))
    server.cookies[name] = list(page.context.cookies())


def fits(page: Page) -> None:
    """Nothing is wider than the window, once it has taken its size."""
    page.wait_for_load_state("load")
    with contextlib.suppress(TimeoutError):
        page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth", timeout=5_000)
    wide, width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= width, f"{page.url} is {wide} px wide in a window of {width}: {page.evaluate(OVER)}"


OVER = """() => [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
  .map(one => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 40)}`).slice(0, 9)"""
"""What is over the edge of the window."""


def barriers(page: Page) -> list[str]:
    """What keeps people out of the page, as far as axe-core finds it: all that is serious or critical.

    Its rules are those of WCAG 2.2 at levels A and AA and its own best practices; texts that cannot be told
    from their ground are among them.
    """
    page.wait_for_load_state("load")
    found: list[str] = page.evaluate(BARRIERS)
    return found


BARRIERS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  return violations.filter(one => ['serious', 'critical'].includes(one.impact)).flatMap(one =>
    one.nodes.map(node => `${one.id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}"""
