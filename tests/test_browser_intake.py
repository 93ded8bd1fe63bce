"""A table imported in a real browser: on a telephone without any script, on a desk by the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import barriers, complaints_of, context, fits, sign_in
from playwright.sync_api import Browser, Page
from serving import Server, serving
from visitors import programme_without_sources

from joint_review.opening import open_programme

IMPORT = "/reviews/north/import"
LONG = "Help came when it was needed, and whoever came knew what had been agreed with me before"
SURVEY = (
    f"Respondent,E-mail,Age band,I was heard,{LONG.replace(',', ';')}\n"
    "1,a@example.org,18 to 64,Strongly agree,Disagree\n"
    "2,b@example.org,65 and over,Agree,Mostly so\n"
    "3,c@example.org,65 and over,Disagree,Agree\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = tmp_path_factory.mktemp("intake") / "programme.db"
    with serving(programme_without_sources(path, "reviewer-1")) as found:
        yield found


def responses(server: Server, source: str) -> int:
    db = open_programme(server.path)
    try:
        sql = "select count(*) from survey_response r join source s on s.id = r.source_id where s.ref = ?"
        (count,) = db.execute(sql, [source]).fetchone()
        return int(count)
    finally:
        db.conn.close()


def send_table(page: Page, server: Server, folder: Path, name: str) -> None:
    """Send a table that fits no layout, and see its preview."""
    path = folder / name
    path.write_text(SURVEY, encoding="utf-8")
    page.goto(f"{server.address}{IMPORT}")
    fits(page)
    page.set_input_files("#files", path)
    page.focus("text=Import table")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=What each column is")
    fits(page)


def test_a_table_is_imported_on_a_telephone_without_any_script(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    size = {"width": 390, "height": 844}
    with context(browser, viewport=size, java_script_enabled=False) as opened:
        page = opened.new_page()
        sign_in(page, server, "reviewer-1")
        path = tmp_path / "telephone.csv"
        path.write_text(SURVEY, encoding="utf-8")
        page.goto(f"{server.address}{IMPORT}")
        page.set_input_files("#files", path)
        page.get_by_role("button", name="Import table").click()
        page.get_by_role("button", name="Import all rows").click()
        assert page.get_by_text("found 'Mostly so'").count() == 1
        assert responses(server, "telephone") == 0
        page.get_by_label("Answer: “Mostly so”").select_option("4")
        page.get_by_role("button", name="Import all rows").click()
        page.wait_for_url("**/sources")
    assert responses(server, "telephone") == 6


@pytest.mark.parametrize("width", [390, 1280])
def test_a_table_is_imported_by_the_keyboard_and_the_preview_keeps_nobody_out(
    browser: Browser, server: Server, tmp_path: Path, width: int
) -> None:
    with context(browser, viewport={"width": width, "height": 900}) as opened:
        page = opened.new_page()
        complaints = complaints_of(page)
        sign_in(page, server, "reviewer-1")
        send_table(page, server, tmp_path, f"desk {width}.csv")
        assert barriers(page) == []
        page.get_by_label("Age band").focus()
        page.keyboard.press("Home")
        assert page.get_by_label("Age band").input_value() == ""
        page.get_by_label("Answer: “Mostly so”").focus()
        page.keyboard.press("End")
        assert page.get_by_label("Answer: “Mostly so”").input_value() == ""
        page.get_by_label("Keep it as").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/sources")
        fits(page)
        assert [one for one in complaints if "400" not in one] == []
    assert responses(server, f"desk {width}") == 6
