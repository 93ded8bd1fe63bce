"""Every page in a real browser, on a telephone and on a desk: nothing is cut, and nobody is kept out.

The pages are made from the routes, so that a new one is looked at by itself; the review has a bit of
everything in it, typed by people who use long words and signs of markup.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from addresses import fill
from browsing import WIDTHS, barriers, complaints_of, context, fits
from planted import KEY, NAMES, OTHER, plant
from playwright.sync_api import Browser, Page
from serving import Server, serving

from assessment.runs.schema import VIEWS as OF_RUNS
from evidence.schema import VIEWS as OF_EVIDENCE
from joint_review.metadata import QUERIES
from joint_review.web import page as declared
from joint_review.web.routes import all_pages
from joint_review.web.signin import SIGN_IN

SHOWN = list(
    dict.fromkeys(fill(page.path, NAMES)[0] for page, _ in all_pages() if isinstance(page, declared.Page))
)
AROUND = (
    f"/reviews/{OTHER}",
    f"/reviews/{OTHER}/coverage",
    f"/reviews/{OTHER}/surveys",
    f"/reviews/{OTHER}/agreement",
    f"/reviews/{KEY}?lang=cy",
    f"/reviews/{KEY}?run=2",
    f"/reviews/{KEY}/nothing",
    f"/reviews/{KEY}/items/40",
    f"/reviews/{KEY}/sources/{NAMES['source']}?change=1",
    f"/reviews/{KEY}/sources?search=words",
    f"/reviews/{KEY}/decisions?target=carers",
    f"/reviews/{KEY}/disagreements?only=all",
    f"/reviews/{KEY}/uncertainty?sign=carers",
    f"/reviews/{KEY}/panel/safeguarding",
    f"/reviews/{KEY}/panel/leadership",
    SIGN_IN,
)
"""Other states of pages: little evidence, a mistake, a form that is open, what was asked for."""
TABLES = ("evidence", "tag", "source", "event", "run", "rating", "anchor", "challenge", "coding_batch")
OF_DATASETTE = (
    "/programme",
    "/programme?sql=select+key,+title+from+domain",
    *(f"/programme/{name}?_size=20" for name in (*TABLES, *(view.name for view in (*OF_EVIDENCE, *OF_RUNS)))),
    *(f"/programme/{name}" for name in QUERIES),
    "/programme/evidence/1",
    "/programme/evidence?_facet=kind&_search=carers&_size=20",
    "/programme/nothing",
    "/nothing",
    "/-/databases",
)
"""Datasette's pages of a few tables, and of every view and query; more rows than these prove no more."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(plant(tmp_path_factory.mktemp("planted"))) as running:
        yield running


@pytest.fixture(scope="module")
def owner(browser: Browser, server: Server) -> Iterator[Page]:
    with context(browser) as profile:
        page = profile.new_page()
        page.goto(server.link)
        yield page


@pytest.mark.parametrize("path", [*SHOWN, *AROUND, *OF_DATASETTE])
def test_a_page_fits_and_keeps_nobody_out(owner: Page, server: Server, path: str) -> None:
    complaints = complaints_of(owner)
    owner.goto(server.address + path)
    for width in WIDTHS:
        owner.set_viewport_size({"width": width, "height": 900})
        fits(owner)
        assert barriers(owner) == []
    refused = path == SIGN_IN or path.endswith(("/nothing", "/items/1"))
    assert [said for said in complaints if not (refused and "status of 40" in said)] == []
