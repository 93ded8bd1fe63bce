"""Takes the pictures of the guides anew, from the pages over the example reviews: `make pictures`.

Needs chromium and playwright, as the page tests do. Nothing is drawn by hand or changed afterwards.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from example_report import on_paper, on_the_web
from example_week import PASSWORD, at_work
from generated import programme
from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path(__file__).parents[1] / "pictures"
WALES, FIELDWORK = "/reviews/wales-2004-08", "/reviews/fieldwork"
OWNER = ""
"""Who signs in with the link: the person at the machine."""


def select_words(page: Page) -> None:
    """Select words in the text, as a mouse does."""
    page.evaluate(
        """() => { const node = [...document.querySelectorAll('[data-piece]')]
          .find(one => one.textContent.includes('Three of these four')).firstChild;
          const at = node.data.indexOf('Three of these four');
          getSelection().setBaseAndExtent(node, at, node, node.data.length); }"""
    )
    page.wait_for_function("() => document.querySelector('#quote').value !== ''")
    page.fill("#filter", "carers")


@dataclass(frozen=True)
class Shot:
    """A picture: its name, the address of the page, and the window."""

    name: str
    path: str
    height: int
    """How much of the page is shown."""
    width: int = 1280
    who: str = OWNER
    database: Callable[[], Path] = programme
    act: Callable[[Page], None] | None = None
    """What is done on the page before."""


def at_work_by(who: str, name: str, path: str, height: int, width: int = 1280, **more: object) -> Shot:
    """A picture of the programme with people at work in it."""
    return Shot(name, path, height, width, who, at_work, **more)  # type: ignore[arg-type]


SHOTS = (
    Shot("review", WALES, 900),
    Shot("trail", f"{WALES}/trail/carers", 900),
    Shot("whatif", f"{WALES}/whatif/carers", 1400),
    Shot("uncertainty", f"{WALES}/uncertainty", 1500),
    Shot("next", f"{WALES}/next", 1200),
    Shot("compare", "/compare/wales-round-2", 1200),
    Shot("reviews", "/reviews", 900),
    Shot("item", f"{WALES}/items/30", 900),
    Shot("measure", f"{WALES}/trail/getting-help/strengths_share", 900),
    Shot("rule", f"{WALES}/rule/getting-help.excellent.strengths", 900),
    Shot("surveys", f"{WALES}/surveys", 900),
    Shot("indicators", f"{WALES}/indicators", 900),
    at_work_by("reviewer-1", "sources", f"{FIELDWORK}/sources", 700),
    at_work_by("reviewer-1", "adding", f"{FIELDWORK}/sources/add", 900),
    at_work_by("reviewer-1", "searching", f"{FIELDWORK}/sources?search=review", 700),
    at_work_by("reviewer-1", "reading", f"{FIELDWORK}/sources/G-001?page=3", 1200, act=select_words),
    at_work_by("reviewer-1", "reading-welsh", f"{FIELDWORK}/sources/G-002?page=2", 1500, 390),
    at_work_by("reviewer-1", "items", f"{FIELDWORK}/items", 900),
    at_work_by("reviewer-1", "coverage", f"{FIELDWORK}/coverage", 1000),
    at_work_by("reviewer-1", "queue", f"{FIELDWORK}/queue", 700),
    at_work_by("reviewer-3", "coding", f"{FIELDWORK}/coding", 1300),
    at_work_by("lead-1", "disagreements", f"{FIELDWORK}/disagreements", 1000),
    at_work_by("lead-1", "agreement", f"{FIELDWORK}/agreement", 1000),
    at_work_by("moderator-1", "challenges", f"{WALES}/challenges", 900),
    at_work_by("moderator-1", "challenge", f"{WALES}/challenges/2", 1000),
    at_work_by("moderator-2", "decisions", f"{WALES}/decisions", 1000),
    at_work_by("moderator-2", "panel", f"{WALES}/panel/workforce", 1100),
    at_work_by("moderator-2", "changes", f"{WALES}/changes", 1200),
    at_work_by("moderator-2", "overrides", "/overrides/wales-round-2", 1200),
    at_work_by("moderator-2", "deciding", f"{WALES}/trail/resources", 1000),
)


@dataclass(frozen=True)
class OfReport:
    """A picture of the example's report: its name, what is shown, and the window."""

    name: str
    made: Callable[[], str]
    """Gives what is shown as HTML."""
    width: int
    height: int
    at: str = ""
    """The part of the page that is shown, by its id."""


OF_REPORT = (
    OfReport("report-paper", on_paper, 1280, 620),
    OfReport("report-web", on_the_web, 1280, 900, "h-carers"),
    OfReport("report-narrow", on_the_web, 390, 800, "h-judgement"),
)


@contextmanager
def served(database: Path) -> Iterator[tuple[str, str]]:
    """The address of a server over the database, and the link that signs in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from joint_review.cli import main; main()", "serve"]
    command += ["--db", str(database), "--port", str(port)]
    with subprocess.Popen(  # its Datasette dies with it: one process group
        command,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout
        link = ""
        for line in process.stdout:
            link = link or "".join(re.findall(r"http://\S+/-/auth-token\?token=\w+", line))
            if "Uvicorn running" in line:
                break
        try:
            yield f"http://127.0.0.1:{port}", link
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.stdout.read()


@contextmanager
def signed_in(browser: Browser, who: str, address: str, link: str) -> Iterator[Page]:
    """A page of somebody who is signed in."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/-/sign-in" if who else link)
        if who:
            page.fill("#name", who)
            page.fill("#password", PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(re.compile("/reviews$"))
        yield page


def take(names: list[str]) -> None:
    """Take the pictures of these names; all of them where none is named."""
    wanted = [shot for shot in SHOTS if not names or shot.name in names]
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for database, shots in groupby(wanted, lambda shot: shot.database):
            with served(database()) as (address, link):
                for who, theirs in groupby(shots, lambda shot: shot.who):
                    with signed_in(browser, who, address, link) as page:
                        for shot in theirs:
                            page.set_viewport_size({"width": shot.width, "height": shot.height})
                            page.goto(address + shot.path)
                            if shot.act:
                                shot.act(page)
                            page.screenshot(path=PICTURES / f"{shot.name}.png")
                            print(PICTURES / f"{shot.name}.png")
        with tempfile.TemporaryDirectory() as folder:
            for part in OF_REPORT:
                if names and part.name not in names:
                    continue
                file = Path(folder) / f"{part.name}.html"
                file.write_text(part.made(), encoding="utf-8")
                page = browser.new_page(viewport={"width": part.width, "height": part.height})
                page.goto(file.as_uri() + (f"#{part.at}" if part.at else ""))
                page.screenshot(path=PICTURES / f"{part.name}.png")
                print(PICTURES / f"{part.name}.png")
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1:])
