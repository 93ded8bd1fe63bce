"""The whole way in a real browser: from the list of reviews down to the source, by mouse and by keyboard."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browsing import WIDTHS, barriers, complaints_of, context, fits
from playwright.sync_api import Browser, Page
from serving import Server, serving

REVIEW = "/reviews/wales-2004-08"
WAY = (
    (REVIEW, "Ten councils of the second round, taken together"),
    (f"{REVIEW}/trail/cell", "Position on the grid"),
    (f"{REVIEW}/trail/services", "How good are the services?"),
    (f"{REVIEW}/trail/getting-help", "Getting help"),
    (f"{REVIEW}/trail/getting-help/strengths_share", "Strengths among strengths and weaknesses"),
    (f"{REVIEW}/items/30", "Every council dealt with requests"),
)
"""The pages from the list of reviews down to an item, each with the beginning of its heading."""
EVERY_PAGE = (
    "/reviews",
    *(path for path, _ in WAY),
    f"{REVIEW}?lang=cy",
    f"{REVIEW}/items",
    f"{REVIEW}/items?domain=carers&search=zebra",
    f"{REVIEW}/items/520",
    f"{REVIEW}/trail/services/mainly_good_or_better",
    f"{REVIEW}/trail/organisation",
    f"{REVIEW}/whatif",
    f"{REVIEW}/whatif/carers",
    f"{REVIEW}/whatif/services?without=source:R4&measure=carers.items&value=2",
    f"{REVIEW}/whatif/family-support?lang=cy",
    f"{REVIEW}/uncertainty",
    f"{REVIEW}/next",
    f"{REVIEW}/rule/getting-help.excellent.strengths",
    f"{REVIEW}/rule/cell.poor.badly",
    f"{REVIEW}/surveys",
    f"{REVIEW}/surveys?question=zebra",
    f"{REVIEW}/indicators",
    f"{REVIEW}/agreement",
    "/compare",
    "/compare/wales-round-1",
)
both_widths = pytest.mark.parametrize("width", [360, 1280])


@pytest.fixture(scope="module")
def server(example_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = Path(shutil.copy(example_db, tmp_path_factory.mktemp("served") / "programme.db"))
    with serving(path, "--setting", "suggest_facets", "off") as running:
        yield running


@dataclass
class Reader:
    """A person at a page of a certain width, and what the browser complained about."""

    page: Page
    address: str
    width: int
    complaints: list[str] = field(default_factory=list)

    def is_at(self, path: str, heading: str) -> None:
        """The page is the one expected, fits its width, and nothing was complained about."""
        self.page.wait_for_url(self.address + path)
        assert self.page.locator("h1").inner_text().startswith(heading)
        self.fits()

    def fits(self) -> None:
        fits(self.page)
        assert self.complaints == []

    def tab_to(self, href: str) -> None:
        """Press Tab until the link has the focus, which must be seen; the first Tab finds the skip link."""
        self.page.keyboard.press("Tab")
        assert self.focused() == "#main"
        for _ in range(150):
            self.page.keyboard.press("Tab")
            if self.focused() == href:
                outline = "getComputedStyle(document.activeElement).outlineStyle"
                assert self.page.evaluate(outline) == "solid", f"the focus on {href} is not seen"
                return
        pytest.fail(f"{href} cannot be reached with the Tab key on {self.page.url}")

    def tab_to_name(self, name: str) -> None:
        """Press Tab until a field of that name has the focus."""
        for _ in range(150):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement.getAttribute('name')") == name:
                return
        pytest.fail(f"{name} cannot be reached with the Tab key on {self.page.url}")

    def focused(self) -> str | None:
        found: str | None = self.page.evaluate("document.activeElement.getAttribute('href')")
        return found


@pytest.fixture
def reader(browser: Browser, server: Server, width: int) -> Iterator[Reader]:
    with context(browser, viewport={"width": width, "height": 800}) as profile:
        page = profile.new_page()
        reader = Reader(page, server.address, width, complaints_of(page))
        if "root" in server.cookies:
            profile.add_cookies(server.cookies["root"])
            page.goto(server.address)
        else:
            page.goto(server.link)
            server.cookies["root"] = list(profile.cookies())
        yield reader


@both_widths
def test_with_the_mouse_from_the_list_of_reviews_to_the_source(reader: Reader) -> None:
    reader.is_at("/", "Reviews")
    for path, heading in WAY:
        if path.endswith("/trail/cell"):
            grid = reader.page.locator("svg.grid")
            assert grid.is_visible()
            assert "Inconsistent" in reader.page.locator("#grid-desc").text_content()  # type: ignore[operator]
        reader.page.locator(f"main a[href='{path}']").first.click()
        reader.is_at(path, heading)
    source = reader.page.locator("section", has=reader.page.locator("h2", has_text="Where it comes from"))
    assert "R1: Reports of the ten reviews on adult services" in source.inner_text()
    assert "ch. 4, Adults, Managing demand, para 1" in source.inner_text()
    source.locator("a[href^='/programme/source/']").click()
    assert "Reports of the ten reviews on adult services" in reader.page.inner_text("section.content")
    assert reader.complaints == []


@both_widths
def test_with_the_keyboard_alone_from_the_list_of_reviews_to_the_source(reader: Reader) -> None:
    reader.is_at("/", "Reviews")
    for path, heading in WAY:
        reader.tab_to(path)
        reader.page.keyboard.press("Enter")
        reader.is_at(path, heading)
    href = reader.page.locator("a[href^='/programme/source/']").get_attribute("href")
    assert href
    reader.tab_to(href)
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_url(reader.address + href)
    assert "Reports of the ten reviews on adult services" in reader.page.inner_text("section.content")


@pytest.mark.parametrize("width", [1280])
def test_every_page_fits_keeps_nobody_out_and_fetches_nothing_from_elsewhere(reader: Reader) -> None:
    fetched: set[str] = set()
    reader.page.on("request", lambda request: fetched.add(request.url))
    for path in EVERY_PAGE:
        reader.page.goto(reader.address + path)
        for width in WIDTHS:
            reader.page.set_viewport_size({"width": width, "height": 800})
            reader.fits()
            overlapping = reader.page.evaluate(OVERLAPPING)
            assert overlapping == [], f"texts of the grid overlap or are cut: {overlapping}"
        assert barriers(reader.page) == [], path  # on a telephone: test_browser_pages
    assert {url for url in fetched if not url.startswith(reader.address)} == set()


OVERLAPPING = """() => {
  const svg = document.querySelector('svg.grid');
  if (!svg) return [];
  const frame = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  const found = boxes.filter(([, b]) => b.left < frame.left - 1 || b.right > frame.right + 1
    || b.top < frame.top - 1 || b.bottom > frame.bottom + 1).map(([t]) => t);
  boxes.forEach(([t, a], i) => boxes.slice(i + 1).forEach(([u, b]) => {
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
      found.push(t + ' / ' + u);
  }));
  return found;
}"""
"""The texts of the grid that lie over each other or outside of the drawing."""


def test_the_link_signs_in_once_and_signing_out_closes_the_pages(
    browser: Browser, example_copy: Path
) -> None:
    with serving(example_copy) as server, context(browser) as profile, context(browser) as another:
        page, stranger = profile.new_page(), another.new_page()
        page.goto(server.link)
        again = stranger.goto(server.link)
        assert again and again.status == 403
        refused = stranger.goto(server.address + REVIEW)
        assert refused and refused.status == 403
        assert "You need to sign in" in stranger.inner_text("main")
        shown = page.goto(server.address + REVIEW)
        assert shown and shown.status == 200
        page.locator("details.account summary").click()
        with page.expect_navigation():
            page.get_by_role("button", name="Sign out").click()
        gone = page.goto(server.address + REVIEW)
        assert gone and gone.status == 403


@both_widths
def test_pictures_are_there_fit_the_page_and_are_drawn_for_its_width(reader: Reader) -> None:
    for path in ("whatif/carers", "uncertainty", "next"):
        reader.page.goto(f"{reader.address}{REVIEW}/{path}")
        image = reader.page.locator("figure.plot img")
        assert image.get_attribute("alt")
        drawn, shown, right = (
            image.evaluate(f"async i => {{ await i.decode(); return {what}; }}")
            for what in ("i.naturalWidth", "i.clientWidth", "i.getBoundingClientRect().right")
        )
        assert drawn == (328 if reader.width == 360 else 720)
        # Text of 10.5 pixels stays that large.
        assert shown >= 0.95 * drawn and right <= reader.width
        assert reader.complaints == []


@both_widths
def test_no_text_of_a_picture_lies_over_another_or_is_cut(reader: Reader) -> None:
    narrow = "?narrow=1" if reader.width == 360 else ""
    for path in (
        "whatif/carers/tornado",
        "whatif/leadership/tornado",
        "uncertainty/profile",
        "next/chances",
        "indicators/trend/0d6529c3fe9b",
    ):
        reader.page.goto(f"{reader.address}{REVIEW}/{path}.svg{narrow}")
        overlapping = reader.page.evaluate(OVERLAPPING.replace("svg.grid", "svg"))
        assert overlapping == [], f"{path}: {overlapping}"


@both_widths
def test_a_change_can_be_tried_with_the_keyboard_alone(reader: Reader) -> None:
    reader.page.goto(f"{reader.address}{REVIEW}")
    reader.tab_to(f"{REVIEW}/whatif/carers")
    reader.page.keyboard.press("Enter")
    reader.is_at(f"{REVIEW}/whatif/carers", "Support for carers")
    reader.tab_to_name("without")
    reader.page.keyboard.type("S2")
    for name in ("without", "measure", "value"):
        reader.page.keyboard.press("Tab")
        assert reader.page.evaluate("document.activeElement.name") == name
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_url(re.compile("without=source%3AS2"))
    said = reader.page.locator("section", has=reader.page.locator("h2", has_text="Try it"))
    assert "Without source S2" in said.inner_text()
    assert "Inconsistent" in said.inner_text()
    reader.fits()


@both_widths
def test_the_figures_behind_a_statement_of_confidence_open_with_the_keyboard(reader: Reader) -> None:
    reader.page.goto(f"{reader.address}{REVIEW}/uncertainty")
    summary = reader.page.locator("ul.confidence summary").first
    summary.focus()
    reader.page.keyboard.press("Enter")
    assert (
        "Whether there is enough evidence" in reader.page.locator("ul.confidence details").first.inner_text()
    )
    reader.fits()


@both_widths
def test_a_link_to_one_rating_leads_to_its_line(reader: Reader) -> None:
    for page in ("uncertainty", "next"):
        reader.page.goto(f"{reader.address}{REVIEW}/trail/carers")
        reader.page.locator(f"main a[href='{REVIEW}/{page}#of-carers']").click()
        reader.page.wait_for_url(f"{reader.address}{REVIEW}/{page}#of-carers")
        line = reader.page.locator("#of-carers")
        assert "Support for carers" in line.inner_text()
        seen = """() => {
          const { top } = document.querySelector(':target').getBoundingClientRect();
          return top >= 0 && top < innerHeight;
        }"""
        reader.page.wait_for_function(seen)


@both_widths
def test_from_the_list_to_a_rating_beside_others_with_the_keyboard_alone(reader: Reader) -> None:
    reader.page.goto(f"{reader.address}/reviews")
    reader.tab_to("/compare")
    reader.page.keyboard.press("Enter")
    reader.is_at("/compare", "Compare reviews")
    assert "1 review" in reader.page.locator("svg.grid").text_content()  # type: ignore[operator]
    reader.tab_to(f"{REVIEW}/trail/resources")
    table = reader.page.locator("table.profiles")
    first = table.locator("tbody th").first.bounding_box()
    region = reader.page.locator(".scroll", has=table).bounding_box()
    assert first and region and first["x"] == pytest.approx(region["x"], abs=1), "the titles stay in sight"
    reader.page.keyboard.press("Enter")
    reader.is_at(f"{REVIEW}/trail/resources", "Managing resources")
    reader.tab_to(f"{REVIEW}/rule/resources.limits.serious-weaknesses")


@both_widths
def test_the_line_of_an_indicator_is_drawn_when_it_comes_in_sight(reader: Reader) -> None:
    reader.page.goto(f"{reader.address}{REVIEW}/indicators")
    reader.page.locator("a[href='#of-0d6529c3fe9b']").first.click()
    image = reader.page.locator("#of-0d6529c3fe9b img")
    image.scroll_into_view_if_needed()
    reader.page.wait_for_function("i => i.complete && i.naturalWidth > 0", arg=image.element_handle())
    drawn = image.evaluate("i => i.naturalWidth")
    assert drawn == (328 if reader.width == 360 else 720)
    reader.fits()


@both_widths
def test_the_filter_of_items_works_with_the_keyboard(reader: Reader) -> None:
    reader.page.goto(f"{reader.address}{REVIEW}/items")
    reader.page.locator("#search").focus()
    reader.page.keyboard.type("carers")
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_url(re.compile(r"search=carers"))
    assert "match the filter" in reader.page.locator("h2").first.inner_text()
    reader.page.get_by_role("link", name="Show all").click()
    reader.is_at(f"{REVIEW}/items", "Items of evidence")
