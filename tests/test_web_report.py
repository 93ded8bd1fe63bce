"""The pages of a report: each role sees its own part, and a paragraph is written without a mouse."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from assessment_example import AT
from browsing import barriers, complaints_of, context, fits
from form_bench import Bench
from form_scene import MANAGER, MINE, make_scene, scene
from playwright.sync_api import Browser, expect
from serving import Server, serving

from joint_review.opening import open_programme
from programme.users import add_user

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
REPORT = "/reviews/r1/report"
AUTHORITY = {"id": "director-1", "held": [["authority", "r1"]], "all_reviews": []}
COORDINATOR = {"id": "coordinator-1", "held": [["coordinator", "r1"]], "all_reviews": []}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture
async def desk(made: Path) -> AsyncIterator[Bench]:
    """A server over a report of which edition 1 was sent and edition 2 was not; nothing is written to it."""
    async with scene(made) as bench:
        yield bench


async def test_the_authority_sees_what_was_sent_to_it_and_no_other_edition(desk: Bench) -> None:
    page = (await desk.get("/reviews/r1/sent/1", AUTHORITY)).text
    assert "Carers waited." in page and "It was one carer." in page and "No answer yet." in page
    assert (await desk.get("/reviews/r1/sent/2", AUTHORITY)).status_code == 404
    assert (await desk.get("/reviews/r1/sent/2/files/report-en.html", AUTHORITY)).status_code == 404
    listed = (await desk.get("/reviews/r1/sent.json", AUTHORITY)).json()["editions"]
    assert [one["name"] for one in listed] == ["1"]
    for path in (REPORT, f"{REPORT}/1", f"{REPORT}/1/comments", "/reviews/r1/publication", "/reviews/r1"):
        assert (await desk.get(path, AUTHORITY)).status_code == 403, path


async def test_files_of_an_edition_are_what_its_page_leads_to(desk: Bench) -> None:
    for page, actor in ((f"{REPORT}/2", MINE), ("/reviews/r1/sent/1", AUTHORITY)):
        links = re.findall(r'href="([^"]+/files/[^"]+)"', (await desk.get(page, actor)).text)
        assert [link.rpartition(".")[2] for link in links] == ["html", "docx", "pdf"]
        begins = [(await desk.get(link, actor)).content[:4] for link in links]
        assert begins == [b"<!do", b"PK\x03\x04", b"%PDF"]


async def test_a_manager_reads_the_report_and_no_evidence(desk: Bench) -> None:
    page = (await desk.get(REPORT, MANAGER)).text
    assert "Carers waited." in page
    assert not re.search(r'href="/reviews/r1/(items|sources|trail)', page) and "New paragraph" not in page
    assert (await desk.get("/reviews/r1/items", MANAGER)).status_code == 403
    listed = (await desk.get("/reviews", MANAGER)).text
    assert f'href="{REPORT}"' in listed and "How good" not in listed


async def test_the_task_list_of_a_review_shows_how_far_its_report_is(desk: Bench) -> None:
    steps = (await desk.get("/reviews/r1.json", MINE)).json()["report_steps"]
    done = {step["title"]: step["done"] for step in steps}
    assert done["Sent to the authority"] and not done["Comments answered"] and not done["Presented"]
    assert all(not step["done"] for step in steps if step["to"] == "/publication")


async def test_a_coordinator_sees_dates_and_no_word_of_the_report(desk: Bench) -> None:
    assert (await desk.get("/reviews/r1/publication", COORDINATOR)).status_code == 200
    for path in (REPORT, f"{REPORT}/1", f"{REPORT}/changes", "/reviews/r1/sent/1", "/reviews/r1/items"):
        assert (await desk.get(path, COORDINATOR)).status_code == 403, path


async def test_what_is_no_text_of_a_paragraph_is_said_beside_its_field(desk: Bench) -> None:
    fields = {"heading": "carers", "text_en": "One.\r\n\r\nAnother."}
    said = {"text_en": "A blank line begins another paragraph: write that one by itself."}
    await desk.refused(f"{REPORT}/add", fields, said, MINE, "?heading=carers")


async def test_the_director_comments_on_the_page_and_sees_the_comment_there(
    made: Path, tmp_path: Path
) -> None:
    path = tmp_path / "programme.db"
    path.write_bytes(made.read_bytes())
    db = open_programme(path)
    add_user(db, "director-1", role="authority", review="r1", by="administrator-1", at=AT)
    db.conn.close()
    async with scene(path) as bench:
        said = {"paragraph": "2", "kind": "C", "text": "A survey was left out."}
        done = await bench.send("/reviews/r1/sent/1/comment", said, AUTHORITY)
        assert done.status_code == 303, done.text
        page = (await bench.get("/reviews/r1/sent/1", AUTHORITY)).text
        assert "A survey was left out." in page and "class C, late" in page
        refused = await bench.send("/reviews/r1/sent/2/comment.json", said, AUTHORITY)
        assert refused.json()["ok"] is False


async def test_the_page_of_a_report_is_called_by_its_kind(desk: Bench) -> None:
    for kind, name in (("report", "Report"), ("summary", "Summary")):
        assert f"<h1>{name}</h1>" in (await desk.get(f"{REPORT}?kind={kind}", MINE)).text


@pytest.fixture
def server(made: Path, tmp_path: Path) -> Iterator[Server]:
    path = tmp_path / "programme.db"
    path.write_bytes(made.read_bytes())
    with serving(path) as running:
        yield running


@pytest.mark.parametrize("width", [360, 1280])
def test_a_paragraph_is_written_by_keyboard_alone(browser: Browser, server: Server, width: int) -> None:
    with context(browser, viewport={"width": width, "height": 900}) as profile:
        page = profile.new_page()
        page.goto(server.link)
        complaints = complaints_of(page)
        page.goto(f"{server.address}/reviews/r2/report?heading=carers")
        expect(page.get_by_role("heading", level=1)).to_have_text("Report")
        page.get_by_label("In English").focus()
        page.keyboard.type("Carers are")
        page.get_by_label("Insert an item or a value").focus()
        page.keyboard.type("rating:carers")
        page.keyboard.press("Enter")
        expect(page.get_by_label("In English")).to_be_focused()
        page.keyboard.type(" now.")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("status").first).to_contain_text("is written.")
        expect(page.locator("article").last).to_contain_text("Carers are {rating:carers} now.")
        fits(page)
        assert barriers(page) == [] and complaints == []
