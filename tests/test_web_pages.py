"""A page needs one module and one template, and nothing else has to know of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from datasette.app import Datasette

from joint_review.metadata import metadata
from joint_review.web import pages
from joint_review.web.page import Page
from joint_review.web.routes import all_forms, all_pages, subjects

MODULE = '''
"""How the weather was on the days of the visits."""

from joint_review.web.page import REVIEW, Menu, Page
from joint_review.web.run_view import Shown
from programme.permissions import Action
from programme.reviews import find_review


def subject():
    """What this page answers for."""
    return (
        Page(REVIEW + "/weather", "forecast", forecast, Action.TAG, menu=Menu("Weather", 15)),
        Page(REVIEW + "/weather/{}", "forecast", forecast),
    )


def forecast(db, asked):
    """The review, and `says`: how the weather was."""
    return {**Shown(db, find_review(db, asked.names["review"]), None, "en").head(), "says": "Dry."}
'''.replace("{}", "(?P<day>[^/]+?)")
TEMPLATE = """{% extends "frame/base.html" %}
{% import "frame/macros.html" as draw %}
{% block title %}Weather{% endblock %}
{% block content %}<h1>Weather</h1><p>{{ says }}</p>
{{ draw.about("/reviews/" ~ review.key, menu) }}{% endblock %}
"""
PLACE = "/reviews/wales-2004-08/weather"
REVIEWER = {"id": "reviewer-1", "held": [["reviewer", "wales-2004-08"]], "all_reviews": []}
ADMINISTRATOR = {"id": "administrator-1", "held": [["administrator", "wales-2004-08"]], "all_reviews": []}


@pytest.fixture
async def house(
    example_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Datasette]:
    """A server that finds one page more."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "weather.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "templates" / "weather").mkdir(parents=True)
    (tmp_path / "templates" / "weather" / "forecast.html").write_text(TEMPLATE, encoding="utf-8")
    monkeypatch.setattr(pages, "__path__", [*pages.__path__, str(tmp_path / "more")])
    told = metadata(example_db.stem)
    config = {"config": told} if hasattr(Datasette, "allowed") else {}
    server = Datasette([str(example_db)], metadata=told, template_dir=str(tmp_path / "templates"), **config)
    await server.invoke_startup()
    yield server
    for database in server.databases.values():
        for connection in getattr(database, "_all_file_connections", ()):
            connection.close()


async def get(house: Datasette, path: str, who: object = REVIEWER) -> httpx.Response:
    cookies = {"ds_actor": house.sign({"a": who}, "actor")} if who else None
    answer: httpx.Response = await house.client.get(path, cookies=cookies)
    return answer


async def test_a_module_and_a_template_make_a_page(house: Datasette) -> None:
    page = await get(house, PLACE)
    assert page.status_code == 200
    assert "<p>Dry.</p>" in page.text
    assert (await get(house, f"{PLACE}.json")).json()["says"] == "Dry."
    assert (await get(house, f"{PLACE}/2026-01-14")).status_code == 200


async def test_its_rights_hold(house: Datasette) -> None:
    for who in (None, ADMINISTRATOR):
        for path in (PLACE, f"{PLACE}.json", "/reviews/nothing/weather"):
            assert (await get(house, path, who)).status_code == 403


async def test_the_menu_of_every_review_page_names_it_in_its_place(house: Datasette) -> None:
    page = (await get(house, "/reviews/wales-2004-08/coverage")).text
    menu = page[page.index("More about this review") :]
    assert menu.index("Overview") < menu.index(f'href="{PLACE}">Weather<') < menu.index("Sources")
    own = (await get(house, PLACE)).text
    assert '<span aria-current="page">Weather</span>' in own
    assert 'aria-current="page">Coverage' not in own


def test_every_form_belongs_to_a_page() -> None:
    paths = {page.path for page, _ in all_pages()}
    assert {form.page for form in all_forms()} <= paths


def test_every_page_has_its_template_in_the_folder_of_its_subject() -> None:
    folder = Path(pages.__file__).parents[1] / "templates"
    missing = [
        template
        for page, template in all_pages()
        if isinstance(page, Page) and not (folder / template).is_file()
    ]
    assert missing == []
    folders = [subject.folder for subject in subjects()]
    assert len(folders) == len(set(folders))


def test_an_address_in_words_is_tried_before_one_with_a_name_in_its_place() -> None:
    paths = [page.path for page, _ in all_pages()]
    add = next(path for path in paths if path.endswith("/sources/add"))
    one = next(path for path in paths if path.endswith("/sources/(?P<source>[^/]+?)"))
    assert paths.index(add) < paths.index(one)
