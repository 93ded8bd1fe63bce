"""Uploading, reading and tagging in a real browser: by mouse, by keyboard alone, by touch, right to left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from browsing import PATIENCE, barriers, complaints_of, context, fits, sign_in
from playwright.sync_api import Browser, Page, expect
from serving import Server, serving
from visitors import programme_without_sources

from assessment.runs.audit import audit_programme
from evidence.anchors import anchor_of
from evidence.files.texts import GivenFile
from evidence.findings import Said, change_finding
from evidence.sources import SourceDetails, add_sources, find_page
from joint_review.opening import open_programme
from programme.database import Database, rows
from programme.reviews import find_review

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REVIEW = "/reviews/north"
ENGLISH = (
    "Carers said that nobody had told them of their rights. One had waited for a year.\n"
    "\n"
    "𝒜 child 🦉 was seen on the day. The plan was up to date and signed by all.\n"
    "\n"
    "Nobody asked the family. Managers knew of it.\n"
)
WELSH = (
    "Mae'r tŷ ar y bryn. Dywedodd gofalwyr fod y dŵr yn oer, a'r gŵr yn wael.\n\nNi ofynnodd neb iddynt.\n"
)
ARABIC = "قالت الأسرة إن الخدمة تأخرت كثيرًا. لم يتصل بهم أحد.\n\nكانت الخطة جيدة.\n"
HEBREW = "המשפחה אמרה שאיש לא התקשר. התוכנית הייתה טובה.\n"
both_widths = pytest.mark.parametrize("width", [360, 1280])
wide = pytest.mark.parametrize("width", [1280])
narrow = pytest.mark.parametrize("width", [360])


@dataclass
class Bench:
    """A running server over a review of its own."""

    server: Server
    made: int = 0

    def source(self, text: str) -> str:
        """A source with this text, told from others by its last line; returns its index number."""
        self.made += 1
        db = open_programme(self.server.path)
        try:
            given = [GivenFile(f"{self.made}.txt", f"{text}\n\nNo. {self.made}\n".encode())]
            added = add_sources(db, find_review(db, "north"), given, SourceDetails(), by="lead-1", at=AT)
        finally:
            db.conn.close()
        return str(added.added[0]["source"])

    def recorded(self, source: str) -> list[dict[str, Any]]:
        """The items of a source that count, each with its `anchor`, which must hold."""
        db = open_programme(self.server.path)
        try:
            review = find_review(db, "north")
            found = rows(db, ITEMS, [source])
            for item in found:
                item["anchor"] = anchor_of(db, item["id"])
                if item["anchor"]:
                    page = find_page(db, review, source, item["anchor"].page)
                    assert item["anchor"].holds(page["text"])
            return found
        finally:
            db.conn.close()


ITEMS = """
select e.id, e.text, e.quote, e.direction, e.significance, e.recorded_by, (
  select group_concat(d.key, ' ') from (select * from tag order by id) t join domain d on d.id = t.domain_id
  where t.evidence_id = e.id and t.withdrawn_event is null) as domains
from evidence e join source s on s.id = e.source_id
where s.ref = ? and e.withdrawn_event is null order by e.id
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    path = tmp_path_factory.mktemp("bench") / "programme.db"
    with serving(programme_without_sources(path, "reviewer-1")) as server:
        yield Bench(server)


@dataclass
class Reviewer:
    """A reviewer at a page of a certain width, and what the browser complained about."""

    page: Page
    server: Server
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.server.address + path)
        self.fits()

    def read(self, source: str) -> Page:
        """Open the page of a source."""
        self.open(f"{REVIEW}/sources/{source}")
        return self.page

    def take_up(self, source: str, first: str, last: str, finding: str) -> Page:
        """Open the page of a source, select a passage, and type what was found in it."""
        self.read(source)
        self.drag(first, last)
        self.page.fill("#finding", finding)
        return self.page

    def fits(self) -> None:
        fits(self.page)
        assert [said for said in self.complaints if not re.search("4(00|09) \\((Bad|Conflict)", said)] == []

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, selector: str) -> None:
        """Press Tab until what the selector says has the focus, which must be seen."""
        for _ in range(80):
            self.press("Tab")
            if self.page.evaluate(f"document.activeElement.matches({selector!r})"):
                outline = "getComputedStyle(document.activeElement).outlineStyle"
                assert self.page.evaluate(outline) != "none"
                return
        pytest.fail(f"{selector} cannot be reached with the Tab key on {self.page.url}")

    def said(self, words: str) -> None:
        """What a screen reader is told."""
        told = "w => document.querySelector('[data-live]').textContent.includes(w)"
        self.page.wait_for_function(told, arg=words)

    def quotes(self, words: str) -> None:
        """What is selected comes to stand in the form; blanks between words may be of any kind."""
        spaced = r"\s+".join(map(re.escape, words.split()))
        expect(self.page.locator("#quote")).to_have_value(re.compile(f"^{spaced}$"), timeout=PATIENCE)

    def drag(self, first: str, last: str) -> None:
        """Select with the mouse from where some words begin to where others end."""
        self.page.wait_for_load_state("load")
        start, end = self.page.evaluate(SPOTS, [first, last])
        self.page.mouse.move(start["x"], start["y"])
        self.page.mouse.down()
        self.page.mouse.move((start["x"] + end["x"]) / 2, (start["y"] + end["y"]) / 2)
        self.page.mouse.move(end["x"], end["y"])
        self.page.mouse.up()

    def save_as(self, direction: str, significance: int) -> None:
        """Judge the finding in the form, and save it."""
        self.page.check(f"#direction-{direction}")
        self.page.check(f"#significance-{significance}")
        self.save()

    def save(self, press: bool = False) -> None:
        with self.page.expect_navigation(url=re.compile("#E")):
            if press:
                self.press("Enter")
            else:
                self.page.get_by_role("button", name=re.compile("^(Record finding|Save changes)$")).click()
        self.fits()


SPOTS = """([first, last]) => {
  const walk = document.createTreeWalker(document.querySelector('[data-text]'), NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    for (const [words, n] of [[first, 0], [last, 1]]) {
      const at = node.data.indexOf(words);
      if (at < 0 || found[n]) continue;
      found[n] = [node, n ? at + words.length - 1 : at];
    }
  }
  found[0][0].parentElement.scrollIntoView({ block: 'center' });
  return found.map(([node, edge], n) => {
    const range = new Range();
    range.setStart(node, edge);
    range.setEnd(node, edge + 1);
    const box = range.getBoundingClientRect();
    const back = getComputedStyle(node.parentElement).direction === 'rtl';
    return { x: (n === 0) === back ? box.right - 1 : box.left + 1, y: box.top + box.height / 2 };
  });
}"""


@pytest.fixture
def reviewer(browser: Browser, bench: Bench, width: int, request: Any) -> Iterator[Reviewer]:
    touch = "touch" in request.node.name
    with context(browser, viewport={"width": width, "height": 900}, has_touch=touch) as profile:
        page = profile.new_page()
        found = Reviewer(page, bench.server, complaints_of(page))
        sign_in(page, bench.server, "reviewer-1")
        yield found


@both_widths
def test_from_an_uploaded_file_to_a_tagged_finding_and_the_next_untagged(
    reviewer: Reviewer, bench: Bench, width: int, tmp_path: Path
) -> None:
    page = reviewer.page
    reviewer.open(f"{REVIEW}/sources")
    page.get_by_role("link", name="Add sources").click()
    file = tmp_path / f"Interview with carers {width}.txt"
    file.write_text(f"{ENGLISH}\nSeen at {width}.", encoding="utf-8")
    page.set_input_files("#files", str(file))
    page.select_option("#kind", "interview")
    reviewer.fits()
    page.get_by_role("button", name="Add sources").click()
    page.wait_for_url(re.compile("/sources$"))
    status = page.locator("[role=status]").inner_text()
    source = status.split("(")[0].split()[-1]
    page.get_by_role("link", name=source, exact=True).click()
    page.wait_for_selector("[data-text]")
    reviewer.drag("nobody had", "for a year.")
    reviewer.quotes("nobody had told them of their rights. One had waited for a year.")
    for place in ("strength", "weakness"):
        page.check(f"#direction-{place}")
    page.check("#significance-3")
    reviewer.save()
    (item,) = bench.recorded(source)
    assert (item["direction"], item["significance"], item["domains"]) == ("weakness", 3, None)
    card = page.locator(f"#E{item['id']}")
    assert "no domain" in card.inner_text()
    text, beside = page.locator(".words").first.bounding_box(), card.bounding_box()
    assert text and beside
    if width == 360:
        assert beside["y"] >= text["y"] + text["height"]
    else:
        assert beside["x"] >= text["x"] + text["width"] and beside["y"] < text["y"] + text["height"]
    # Tagged from its card, by filtering the domains; then nothing of it is left to do.
    reviewer.open(f"{REVIEW}/queue")
    with page.expect_navigation():
        page.locator(f"main a[href*='item={item['id']}']").click()
    with page.expect_navigation():
        page.locator(f"#E{item['id']}").get_by_role("link", name="Change").click()
    page.fill("#filter", "carers")
    reviewer.press("Enter")
    assert page.input_value("#filter") == ""
    reviewer.save()
    assert bench.recorded(source)[0]["domains"] == "carers"
    assert page.locator(f"a[data-next][href*='item={item['id']}#']").count() == 0


@both_widths
def test_with_the_keyboard_alone_several_sentences_several_domains_and_enter_saves(
    reviewer: Reviewer, bench: Bench
) -> None:
    source = bench.source(ENGLISH)
    reviewer.read(source)
    reviewer.tab_to("[data-sentence]")
    reviewer.press("ArrowDown", "ArrowDown", "Shift+ArrowDown")
    reviewer.said("Selected: 𝒜 child")
    reviewer.press("Enter")
    assert reviewer.page.evaluate("document.activeElement.id") == "filter"
    page = reviewer.page
    page.keyboard.type("plan")
    reviewer.press("Enter")
    reviewer.said("chosen")
    page.keyboard.type("carers")
    reviewer.press("Enter")
    reviewer.tab_to("#direction-strength")
    reviewer.press("Space", "Tab", "Space")
    reviewer.tab_to("#note")
    page.keyboard.type("Says so.")
    reviewer.save(press=True)
    (item,) = bench.recorded(source)
    assert item["quote"] == "𝒜 child 🦉 was seen on the day. The plan was up to date and signed by all."
    assert item["anchor"].start == ENGLISH.index("𝒜")
    assert set(item["domains"].split()) == {"care-planning", "carers"}
    # The keyboard goes on from the passage that was recorded.
    page.wait_for_function("() => document.activeElement.textContent.startsWith('𝒜 child 🦉 was seen')")


@wide
def test_across_paragraphs_with_the_mouse_and_a_word_more_or_less_with_buttons(
    reviewer: Reviewer, bench: Bench
) -> None:
    source = bench.source(ENGLISH)
    reviewer.read(source)
    reviewer.drag("signed by", "Nobody asked")
    reviewer.quotes("signed by all. Nobody asked")
    page = reviewer.page
    for move in ("Begin a word earlier", "End a word later", "End a word later", "Begin a word later"):
        page.get_by_role("button", name=move).click()
    page.get_by_role("button", name="Begin a word later").click()
    page.get_by_role("button", name="End a word earlier").click()
    reviewer.quotes("by all. Nobody asked the")
    reviewer.save_as("neutral", 1)
    (item,) = bench.recorded(source)
    assert item["quote"] == "by all.\n\nNobody asked the"
    assert item["text"] == "by all. Nobody asked the"
    assert page.locator("mark").all_inner_texts() == ["by all.", "Nobody asked the"]


@pytest.mark.parametrize("text", [WELSH, ARABIC, HEBREW], ids=["welsh", "arabic", "hebrew"])
@both_widths
def test_accented_and_right_to_left_texts_are_selected_as_they_are_read(
    reviewer: Reviewer, bench: Bench, text: str
) -> None:
    source = bench.source(text)
    reviewer.read(source)
    first = text.split("\n")[0]
    sentence = re.split(r"(?<=\.) ", first)[1]
    reviewer.tab_to("[data-sentence]")
    rightward = text is WELSH
    reviewer.press("ArrowRight" if rightward else "ArrowLeft", "Space")
    reviewer.quotes(sentence)
    words = sentence.split()
    reviewer.page.get_by_role("button", name="Begin a word later").click()
    reviewer.quotes(" ".join(words[1:]))
    reviewer.drag(words[1], words[2])
    reviewer.quotes(" ".join(words[1:3]))
    reviewer.page.check("#direction-neutral")
    reviewer.page.check("#significance-1")
    reviewer.save()
    (item,) = bench.recorded(source)
    assert item["quote"] == " ".join(words[1:3])
    assert item["anchor"].start == text.index(item["quote"])
    assert reviewer.page.locator("mark").inner_text() == item["quote"]


@narrow
def test_on_a_touch_screen_a_tap_chooses_a_sentence_and_a_bar_leads_to_the_form(
    reviewer: Reviewer, bench: Bench
) -> None:
    source, page = bench.source(ENGLISH), reviewer.page
    reviewer.read(source)
    page.locator("[data-sentence]", has_text="The plan was").tap()
    reviewer.quotes("The plan was up to date and signed by all.")
    bar = page.locator("[data-selected-bar]")
    assert bar.is_visible() and "The plan was" in bar.inner_text()
    # What a long press selects comes as a change of the selection, without any mouse.
    page.evaluate(
        """() => { const node = [...document.querySelectorAll('[data-piece]')]
          .find(e => e.textContent.includes('Managers')).firstChild;
          const at = node.data.indexOf('knew');
          getSelection().setBaseAndExtent(node, at, node, at + 4); }"""
    )
    page.wait_for_function("() => document.querySelector('#quote').value === 'knew'")
    page.get_by_role("button", name="Record it").tap()
    assert page.evaluate("document.activeElement.id") == "filter"
    page.locator("label[for=domain-leadership]").tap()
    page.locator("label[for=direction-weakness]").tap()
    page.locator("label[for=significance-2]").tap()
    with page.expect_navigation(url=re.compile("#E")):
        page.get_by_role("button", name="Record finding").tap()
    (item,) = bench.recorded(source)
    assert (item["quote"], item["domains"]) == ("knew", "leadership")


@wide
def test_passages_that_overlap_are_both_shown_and_selecting_over_them_counts_right(
    reviewer: Reviewer, bench: Bench
) -> None:
    source = bench.source(ENGLISH)
    page = reviewer.page
    for first, last in (("child", "on the"), ("was seen", "day."), ("🦉", "The plan")):
        reviewer.read(source)
        reviewer.drag(first, last)
        reviewer.save_as("neutral", 1)
    quotes = [item["quote"] for item in bench.recorded(source)]
    assert quotes == ["child 🦉 was seen on the", "was seen on the day.", "🦉 was seen on the day. The plan"]
    assert page.locator("mark.more").all_inner_texts() == ["🦉 ", "was seen on the", " day."]


@wide
def test_mistakes_stand_beside_their_fields_and_what_was_typed_is_kept(
    reviewer: Reviewer, bench: Bench
) -> None:
    source = bench.source(ENGLISH)
    page = reviewer.take_up(source, "Managers", "of it.", "They knew.")
    with page.expect_navigation():
        page.get_by_role("button", name="Record finding").click()
    page.wait_for_selector("[role=alert]")
    assert "Choose strength, weakness or neutral." in page.locator("#wrong-direction").inner_text()
    assert page.input_value("#finding") == "They knew."
    reviewer.quotes("Managers knew of it.")
    reviewer.save_as("weakness", 2)
    assert bench.recorded(source)[0]["text"] == "They knew."


@wide
def test_items_that_are_ticked_are_tagged_together(reviewer: Reviewer, bench: Bench) -> None:
    source = bench.source(ENGLISH)
    page = reviewer.page
    for words in ("Managers", "Nobody"):
        reviewer.read(source)
        reviewer.drag(words, words)
        reviewer.save_as("neutral", 1)
    for box in page.locator("input[name=item]").all():
        box.check()
    page.fill("#many-filter", "leader")
    page.locator("#many-filter").press("Enter")
    with page.expect_navigation():
        page.get_by_role("button", name="Tag ticked items").click()
    assert "2 items tagged to" in page.locator("[role=status]").inner_text()
    assert [item["domains"] for item in bench.recorded(source)] == ["leadership", "leadership"]


@both_widths
def test_what_another_person_changed_is_shown_beside_what_was_typed_and_the_focus_is_there(
    reviewer: Reviewer, bench: Bench
) -> None:
    source = bench.source(ENGLISH)
    page = reviewer.take_up(source, "Managers", "of it.", "They knew.")
    reviewer.save_as("weakness", 2)
    [item] = bench.recorded(source)
    page.get_by_role("link", name=f"Change E{item['id']}").click()
    page.fill("#finding", "Managers knew it all along.")
    with closing(open_programme(bench.server.path).conn) as connection:
        theirs = Said("All managers knew.", "weakness", "3")
        db = Database(connection)
        change_finding(db, find_review(db, "north"), item["id"], theirs, by="lead-1", at=AT)
    with page.expect_navigation():
        page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("alert")).to_be_focused()
    table = page.get_by_role("table", name="What was changed, and what you typed")
    expect(table.get_by_role("columnheader")).to_have_count(4)
    row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="The finding"))
    words = ["They knew.", "All managers knew.", "Managers knew it all along."]
    expect(row.get_by_role("cell")).to_have_text(words)
    region = page.get_by_role("region", name="What was changed, and what you typed")
    wide, seen = region.evaluate("one => [one.scrollWidth, one.clientWidth]")
    assert wide <= seen, f"a column is out of sight: {wide} px in {seen}"
    reviewer.fits()
    assert barriers(page) == []
    # Sent again, what was typed takes the place of their words, and their significance stays.
    assert page.input_value("#finding") == words[-1]
    reviewer.save()
    [now] = bench.recorded(source)
    assert (now["text"], now["significance"], now["recorded_by"]) == (words[-1], 3, "reviewer-1")


def test_without_any_script_words_are_pasted_and_found(browser: Browser, bench: Bench) -> None:
    source = bench.source(ENGLISH)
    with context(browser, java_script_enabled=False) as profile:
        page = profile.new_page()
        sign_in(page, bench.server, "reviewer-1")
        page.goto(f"{bench.server.address}{REVIEW}/sources/{source}")
        page.fill("#quote", "The plan was up\nto date")
        page.check("#domain-care-planning")
        page.check("#direction-strength")
        page.check("#significance-2")
        page.get_by_role("button", name="Record finding").click()
        assert page.locator("mark").inner_text() == "The plan was up to date"


@both_widths
def test_every_page_fits_and_keeps_nobody_out(reviewer: Reviewer, bench: Bench) -> None:
    source = bench.source(ENGLISH + WELSH)
    pages = ("sources", "sources/add", "sources?search=carers", f"sources/{source}", "coverage", "queue")
    for path in pages:
        reviewer.open(f"{REVIEW}/{path}")
        assert barriers(reviewer.page) == [], path


def test_after_all_this_the_record_holds(bench: Bench) -> None:
    db = open_programme(bench.server.path)
    try:
        assert audit_programme(db).problems == ()
    finally:
        db.conn.close()
