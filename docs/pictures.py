"""Takes the pictures of the guides anew, from the pages over the worked example: `make pictures`.

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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generated import programme
from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parent / "pictures"
REVIEW = "/reviews/wales-2004-08"
SHOTS = {
    "review": (REVIEW, 1280, 900),
    "trail": (f"{REVIEW}/trail/carers", 1280, 900),
    "whatif": (f"{REVIEW}/whatif/carers", 1280, 1400),
    "uncertainty": (f"{REVIEW}/uncertainty", 1280, 1500),
    "next": (f"{REVIEW}/next", 1280, 1200),
    "compare": ("/compare/wales-round-2", 1280, 1200),
}
"""Name of the picture: address of the page, width of the window, and how much of it is shown (0: all)."""


@contextmanager
def served(database: Path) -> Iterator[tuple[str, str]]:
    """The address of a server over the database, and the link that signs in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from assessment.cli import main; main()", "serve"]
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


def take(names: list[str]) -> None:
    """Take the pictures of these names."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with served(programme()) as (address, link), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(link)
        for name in names:
            path, width, height = SHOTS[name]
            page.set_viewport_size({"width": width, "height": height or 800})
            page.goto(address + path)
            page.screenshot(path=PICTURES / f"{name}.png", full_page=not height)
            print(PICTURES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1:] or list(SHOTS))
