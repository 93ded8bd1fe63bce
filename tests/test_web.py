"""The pages in Datasette: what they show, who may see them, and what they say when something is wrong."""

from __future__ import annotations

import json
import re
import sqlite3
import string
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree

import pytest
from assessment_example import rate_approved, rewrite_results
from conftest import NOW
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath
from pages import filled
from reading import ELSEWHERE, MODERATOR, NEWER, REVIEW, REVIEWER, ROOT, SVG, Outline, Site, said_by, served

from assessment.decisions.confidence import state_confidence
from assessment.reasons.grid import make_grid
from assessment.robustness.uncertainty import measure_uncertainty
from assessment.runs.run import assess, load_run
from evidence.intake.importing import import_files
from evidence.items import withdraw_item
from joint_review.metadata import FOR_WHOM, QUERIES, TABLES, VIEWS, metadata
from joint_review.web import cache as worked
from joint_review.web import figures
from joint_review.web.cache import Kept
from programme.database import Database
from programme.reviews import create_review, find_review
from rules.errors import RunImpossible
from rules.loader import library_ids, load_policy

# Datasette asks SQLite for its version through connections it never closes (Python 3.13 warns of it).
pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

REFUSED: dict[str, Any] = {"id": "administrator-1", "held": [["administrator", None]], "all_reviews": []}


Connect = Callable[[Path], Database]


def paths(with_json: bool) -> list[str]:
    """Every page."""
    pages = [path for path in filled() if not path.endswith(".svg")]
    return pages if with_json else [path.removesuffix(".json") for path in pages]


PICTURES = [path for path in filled() if path.endswith(".svg")]
# A funnel takes five reviews; the example is one. Funnels are opened in test_web_evidence.
every_picture = pytest.mark.parametrize("path", [path for path in PICTURES if "/funnel/" not in path])
# A challenge takes somebody who raises it. Challenges are opened in test_web_decisions.
SHOWN = [path for path in paths(with_json=False) if "/challenges/1" not in path]
every_page = pytest.mark.parametrize("path", SHOWN)
every_json = pytest.mark.parametrize("path", [f"{path}.json" for path in SHOWN if path != "/"])


# Every page


@every_page
async def test_every_page_opens_for_root_with_sound_markup(site: Site, path: str) -> None:
    text = await site.page(path)
    outline = Outline(text)
    assert outline.problems == []
    assert outline.language == "en"
    assert outline.landmarks == {"main", "nav", "header", "footer"}
    assert outline.headings.count(1) == 1
    assert outline.headings[0] == 1
    for level, following in zip(outline.headings, outline.headings[1:], strict=False):
        assert following <= level + 1, f"a heading of level {following} after one of level {level}"
    assert len(outline.ids) == len(set(outline.ids))
    assert set(outline.pointed_at) <= set(outline.ids)
    assert set(outline.controls) <= outline.labelled
    assert "Skip to the content" in text
    assert "None" not in re.sub(r"<[^>]*>", " ", text).replace("None:", "").replace("None.", "")
    assert "Undefined" not in text


@every_json
async def test_every_page_is_there_as_json(site: Site, path: str) -> None:
    response = await site.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert response.json()["ok"] is True


@every_picture
async def test_every_picture_is_a_titled_svg_of_its_own(site: Site, path: str) -> None:
    response = await site.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/svg+xml; charset=utf-8"
    root = ElementTree.fromstring(response.text)
    assert root.tag == SVG + "svg"
    assert root[0].tag == SVG + "title" and root[0].text
    assert root[1].tag == SVG + "desc" and root[1].text
    narrow = ElementTree.fromstring((await site.get(f"{path}?narrow=1")).text)
    assert int(narrow.attrib["width"]) < int(root.attrib["width"]) == 720


async def test_the_refusal_says_how_to_sign_in(site: Site) -> None:
    anonymous = await site.get(REVIEW, None)
    assert "You need to sign in" in anonymous.text
    assert "joint-review serve" in anonymous.text
    refused = await site.get(REVIEW, REFUSED)
    assert "You are signed in as administrator-1" in refused.text
    assert (await site.get(f"{REVIEW}.json", None)).json() == {
        "ok": False,
        "status": 403,
        "title": "Not allowed",
        "error": "You need to sign in to see this page.",
        "hint": "",
    }


async def test_reviewers_see_the_pages_and_only_moderators_write_sql(site: Site) -> None:
    assert (await site.get(REVIEW, REVIEWER)).status_code == 200
    assert (await site.get("/programme.json?sql=select+1", REVIEWER)).status_code == 403
    assert (await site.get("/programme.json?sql=select+1", MODERATOR)).status_code == 200


async def test_an_operators_own_block_shuts_out_even_the_owner(example_db: Path) -> None:
    async with served(example_db, told={"allow": {"id": "nobody"}}) as open_site:
        assert (await open_site.get(REVIEW, ROOT)).status_code == 403


async def test_a_reviewer_sees_only_the_reviews_they_have_a_role_in(
    example_copy: Path, connect: Connect
) -> None:
    db = connect(example_copy)
    window = {"window_from": None, "window_to": None}
    create_review(db, "elsewhere", "Elsewhere", "wales-round-2", **window, by="lead", at=NOW)  # type: ignore[arg-type]
    async with served(example_copy) as open_site:
        for actor, keys in (
            (REVIEWER, ["wales-2004-08"]),
            (ELSEWHERE, ["elsewhere"]),
            (MODERATOR, ["elsewhere", "wales-2004-08"]),
        ):
            answer = (await open_site.get("/reviews.json", actor)).json()
            assert [one["key"] for one in answer["reviews"]] == keys
            assert answer["paging"]["total"] == len(keys)
        assert "Tables and queries" not in (await open_site.get("/reviews", REVIEWER)).text
        assert "Tables and queries" in (await open_site.get("/reviews", MODERATOR)).text


async def test_the_menu_leads_from_datasettes_own_pages_to_the_reviews(site: Site) -> None:
    assert 'href="/reviews"' in await site.page("/programme/source")
    text = await site.page("/")
    assert 'href="/programme"' in text
    assert "Sign out" in text


# What Datasette itself shows


PARAMETERS = {
    "why_this_rating": "review=1&target=getting-help",
    "weakest_evidence": "review=1",
    "one_source_domains": "review=1",
    "conflicting_evidence": "review=1",
    "used_in_several_domains": "review=1",
    "untagged_items": "review=1",
    "changed_between_runs": "before=1&after=2",
    "what_was_done": "review=1",
}
EMPTY_HERE = {"one_source_domains"}
"""In the example every domain rests on several sources."""


@pytest.mark.parametrize("name", list(QUERIES))
async def test_every_canned_query_runs_and_finds_something(
    example_copy: Path, connect: Connect, name: str
) -> None:
    db = connect(example_copy)
    review = find_review(db, "wales-2004-08")
    rate_approved(db, review, "carers", "poor", by="lead", because="Seen on visits.", at=NOW)
    assess(db, review, load_policy("wales-round-2"), on=date(2009, 6, 2), by="lead", at=NOW, use_engine=False)
    async with served(example_copy) as open_site:
        answer = await open_site.json(f"/programme/{name}.json?_shape=objects&{PARAMETERS[name]}")
    assert bool(answer["rows"]) is (name not in EMPTY_HERE)


def test_every_table_and_column_is_described_and_exists(example_db: Path, connect: Connect) -> None:
    db = connect(example_db)
    described = metadata("programme")["databases"]["programme"]["tables"]
    tables = (*TABLES, *VIEWS)
    assert described.pop("_sqlite_migrations") == {"hidden": True}
    assert sorted(described) == sorted(table.name for table in tables)
    for name, told in described.items():
        columns = [row[1] for row in db.conn.execute(f"pragma table_info({name})")]
        assert list(told["columns"]) == columns, name
        assert told["description"].strip()
        assert all(text.strip() for text in told["columns"].values()), name
        for column in (*told.get("facets", ()), told.get("label_column"), told.get("sort")):
            assert column is None or column in columns, f"{name}: {column}"
    hidden = ("_fts", "sqlite_", "_sqlite_")
    real = db.conn.execute("select name from sqlite_master where type in ('table', 'view')").fetchall()
    assert [
        name for (name,) in real if not any(part in name for part in hidden) and name not in described
    ] == []


# The list


async def test_the_list_shows_authority_window_items_and_position(site: Site) -> None:
    (row,) = (await site.json("/reviews.json"))["reviews"]
    assert row == {
        "key": "wales-2004-08",
        "authority": "Ten councils of the second round, taken together",
        "framework": "wales-round-2",
        "framework_title": "Joint reviews of social services in Wales, second round (2004 to 2008)",
        "window_from": "2004-01-01",
        "window_to": "2008-12-31",
        "items": 567,
        "run": 1,
        "made_on": "2009-06-01",
        "position": [
            {
                "question": "services",
                "title": "How good are the services?",
                "level": 2,
                "level_title": "Inconsistent",
                "status": "proposed",
                "levels": 4,
            },
            {
                "question": "organisation",
                "title": "How well placed is the council to sustain and improve services?",
                "level": 2,
                "level_title": "Uncertainly placed",
                "status": "proposed",
                "levels": 4,
            },
        ],
    }
    text = await site.page("/")
    for words in (
        "567",
        "1 January 2004 to 31 December 2008",
        "Inconsistent",
        "Uncertainly placed",
        "(run 1)",
    ):
        assert words in text


async def test_an_empty_database_says_how_to_begin(tmp_path: Path, connect: Connect) -> None:
    connect(tmp_path / "programme.db")
    async with served(tmp_path / "programme.db") as open_site:
        text = await open_site.page("/reviews")
        assert "No reviews yet" in text
        assert "joint-review review create" in text
        assert (await open_site.json("/reviews.json"))["reviews"] == []


def another_database(path: Path) -> None:
    """A database of another program."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table notes (text text)")
        connection.execute("insert into notes values ('hello')")


async def test_without_a_working_database_the_pages_say_so_and_home_is_datasettes(tmp_path: Path) -> None:
    another_database(tmp_path / "other.db")
    async with served(tmp_path / "other.db", told={}) as open_site:
        assert (await open_site.get("/reviews", None)).status_code == 403
        missing = await open_site.get("/reviews", ROOT)
        assert missing.status_code == 404
        assert "serves no working database" in missing.text
        home = await open_site.get("/", None)
        assert home.status_code == 200
        assert "other" in home.text
    async with served(tmp_path / "other.db", told={"allow": ROOT}) as open_site:
        assert (await open_site.get("/", None)).status_code == 403


async def test_the_working_database_is_found_by_its_mark_whatever_its_name_and_place(
    example_db: Path, tmp_path: Path
) -> None:
    another_database(tmp_path / "other.db")
    renamed = tmp_path / "north wales.db"
    renamed.write_bytes(example_db.read_bytes())
    async with served(tmp_path / "other.db", renamed, told=metadata("north wales")) as open_site:
        assert len((await open_site.json("/reviews.json"))["reviews"]) == 1
        assert 'href="/north+wales"' in await open_site.page("/reviews")


async def test_every_link_keeps_the_path_the_server_is_mounted_at(example_db: Path) -> None:
    async with served(example_db, base_url="/joint/") as open_site:
        for path in SHOWN[1:]:
            text = await open_site.page(path)
            links = re.findall(r'(?:href|action)="([^"]*)"', text)
            assert [link for link in links if not link.startswith(("/joint/", "?", "#"))] == [], path


@pytest.mark.skipif(NEWER, reason="1.0 itself refuses to serve beside a broken file")
async def test_a_broken_file_beside_the_working_database_does_no_harm(
    example_db: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all, whatever its name says" * 100)
    async with served(broken, example_db, told=metadata("programme")) as open_site:
        response = await open_site.get(REVIEW)
        assert response.status_code == 200


# A review


async def test_a_review_shows_the_grid_the_ratings_and_the_evidence(site: Site) -> None:
    answer = await site.json(f"{REVIEW}.json")
    names = {"ok", "review", "run", "runs", "grid", "questions", "matrix", "gaps", "check"}
    assert set(answer) == {*names, "language", "languages", "assessing", "report_steps"}
    assert answer["grid"]["position"] == ["Inconsistent", "Uncertainly placed"]
    assert [len(row["cells"]) for row in answer["grid"]["rows"]] == [4, 4, 4, 4]
    assert [cell["levels"] for row in answer["grid"]["rows"] for cell in row["cells"] if cell["here"]] == [
        ["inconsistent", "uncertainly"]
    ]
    first = answer["questions"][0]["domains"][0]
    assert (first["target"], first["status"], first["level"], first["level_title"]) == (
        "getting-help",
        "proposed",
        3,
        "Mainly good",
    )
    row = answer["matrix"]["rows"][0]
    assert row["items"] == sum(row["counts"].values()) == 63
    assert answer["run"]["id"] == 1 and answer["run"]["latest"] and not answer["run"]["out_of_date"]
    assert len(answer["run"]["result_digest"]) == 64
    assert {look["look"]: look["items"] for look in answer["check"]["items"]}["untagged"] == 21


async def test_the_grid_is_said_in_words_and_the_numbers_of_the_matrix_lead_to_their_items(
    site: Site,
) -> None:
    text = await site.page(REVIEW)
    assert 'role="img" aria-labelledby="grid-title grid-desc"' in text
    assert "<desc" in text and "How good are the services? Inconsistent" in text
    assert ">here</text>" in text
    answer = await site.json(f"{REVIEW}.json")
    for row in answer["matrix"]["rows"][:3]:
        for kind, count in row["counts"].items():
            link = f"{REVIEW}/items?domain={row['domain']}&amp;source_kind={kind}"
            assert (link in text) is bool(count)
            if count:
                items = await site.json(f"{REVIEW}/items.json?domain={row['domain']}&source_kind={kind}")
                assert items["paging"]["total"] == count
        assert f"{REVIEW}/items?domain={row['domain']}&amp;direction=strength" in text


async def test_what_to_look_at_leads_to_as_many_items_as_it_says(site: Site) -> None:
    answer = await site.json(f"{REVIEW}.json")
    for look in answer["check"]["items"]:
        listed = await site.json(f"{REVIEW}/items.json?only={look['look']}")
        assert listed["paging"]["total"] == look["items"], look
    assert answer["check"]["domains"] == []


async def test_titles_are_in_welsh_where_asked_and_marked_as_such(site: Site) -> None:
    text = await site.page(f"{REVIEW}?lang=cy")
    assert '<a href="/reviews/wales-2004-08/trail/getting-help?lang=cy" lang="cy">Cael cymorth</a>' in text
    assert "Pa mor dda" in text
    trail = await site.page(f"{REVIEW}/trail/getting-help?lang=cy")
    assert '<h1 lang="cy">Cael cymorth</h1>' in trail
    assert (await site.json(f"{REVIEW}.json?lang=fr"))["language"] == "en"


async def test_an_older_run_can_be_looked_at(example_copy: Path, connect: Connect) -> None:
    db = connect(example_copy)
    review = find_review(db, "wales-2004-08")
    rate_approved(
        db, review, "carers", "inconsistent", by="lead reviewer", because="Seen on every visit.", at=NOW
    )
    async with served(example_copy) as open_site:
        assert (await open_site.json(f"{REVIEW}.json"))["run"]["out_of_date"] is True
        assert "changed since this run" in await open_site.page(REVIEW)
        assess(db, review, load_policy("wales-round-2"), on=NOW.date(), by="lead", at=NOW, use_engine=False)
        now, before = await open_site.json(f"{REVIEW}.json"), await open_site.json(f"{REVIEW}.json?run=1")
        assert (now["run"]["id"], before["run"]["id"]) == (2, 1)
        assert [run["id"] for run in now["runs"]] == [2, 1]
        carers = next(rating for rating in now["questions"][0]["domains"] if rating["target"] == "carers")
        assert (carers["status"], carers["level_title"], carers["proposed_title"]) == (
            "decided",
            "Inconsistent",
            "Poor",
        )
        assert carers["decision"]["because"] == "Seen on every visit."
        text = await open_site.page(f"{REVIEW}/trail/carers")
        assert "Decided by lead reviewer" in text
        assert "the rules propose <span>Poor" in text
        old = await open_site.page(f"{REVIEW}?run=1")
        assert "not the latest" in old
        assert f"{REVIEW}/trail/cell?run=1" in old
        trail = await open_site.page(f"{REVIEW}/trail/carers?run=1")
        assert "Decided by" not in trail


async def test_a_review_not_yet_assessed_shows_its_evidence_and_how_to_assess_it(
    tmp_path: Path, connect: Connect
) -> None:
    db = connect(tmp_path / "programme.db")
    create_review(
        db, "westvale-2026", "Westvale", "wales-round-1", window_from=None, window_to=None, by="lead", at=NOW
    )
    async with served(tmp_path / "programme.db") as open_site:
        text = await open_site.page("/reviews/westvale-2026")
        assert "Not assessed yet" in text and 'href="#assess"' in text
        assert "joint-review assess westvale-2026" not in text
        other = (await open_site.get("/reviews/westvale-2026", MODERATOR)).text
        assert "joint-review assess westvale-2026" in other and 'href="#assess"' not in other
        assert "Evidence by domain and kind" in text
        answer = await open_site.json("/reviews/westvale-2026.json")
        assert answer["run"] is None and answer["grid"]["position"] is None
        assert answer["questions"][0]["domains"][0]["status"] == "none"
        trail = await open_site.get("/reviews/westvale-2026/trail/cell")
        assert trail.status_code == 404
        assert 'href="/reviews/westvale-2026#assess"' in trail.text and "joint-review " not in trail.text
        told = (await open_site.get("/reviews/westvale-2026/trail/cell.json")).json()
        assert told["hint"] == "Assess the review."
        assert "No evidence yet" in await open_site.page("/reviews/westvale-2026/items")
        assert "Not assessed yet" in await open_site.page("/")


async def test_a_framework_with_one_question_has_a_grid_of_one_row(tmp_path: Path, connect: Connect) -> None:
    db = connect(tmp_path / "programme.db")
    review = create_review(
        db, "north-2024", "North", "cqc-local-authority", window_from=None, window_to=None, by="lead", at=NOW
    )
    policy = load_policy("cqc-local-authority")
    assess(db, review, policy, on=NOW.date(), by="lead", at=NOW, use_engine=False)
    async with served(tmp_path / "programme.db") as open_site:
        answer = await open_site.json("/reviews/north-2024.json")
        assert [len(row["cells"]) for row in answer["grid"]["rows"]] == [4]
        assert answer["grid"]["up"] is None and answer["grid"]["position"] is None
        assert len(answer["gaps"]) == 10
        assert "not enough evidence" in await open_site.page("/reviews/north-2024")
        assert "For a moderator to decide" in await open_site.page(
            "/reviews/north-2024/trail/assessing-needs"
        )
        assert "Why no level is proposed" in await open_site.page("/reviews/north-2024/trail/overall")
        for domain in review.framework.domains:
            rate_approved(db, review, domain, "good-standard", by="panel", because="Agreed.", at=NOW)
        assess(db, review, policy, on=NOW.date(), by="lead", at=NOW, use_engine=False)
        assert (await open_site.json("/reviews/north-2024.json"))["grid"]["position"] == ["Good"]
        for page in ("", "/trail/cell", "/trail/overall", "/trail/overall/score_percent"):
            await open_site.page(f"/reviews/north-2024{page}")


# The trail


async def test_the_trail_of_a_domain_says_why_and_why_not_the_next(site: Site) -> None:
    answer = await site.json(f"{REVIEW}/trail/getting-help.json")
    assert answer["level_title"] == "Mainly good"
    assert answer["next"]["title"] == "Excellent"
    assert [criterion["criterion"] for criterion in answer["next"]["criteria"]] == ["strengths", "surveys"]
    assert [(part["part"], part["role"]) for part in answer["parts"]] == [
        ("sufficiency", "sufficiency"),
        ("inconsistent", "below"),
        ("mainly-good", "reached"),
        ("excellent", "next"),
        ("limits", "limits"),
    ]
    strengths = answer["parts"][3]["criteria"][0]
    assert strengths["measure_title"].startswith("Strengths among strengths")
    assert (strengths["shown"], strengths["needed"], strengths["met"]) == ("78 %", "at least 80 %", False)
    text = await site.page(f"{REVIEW}/trail/getting-help")
    for words in (
        "Why not <span>Excellent</span>?",
        "✗ not met",
        "✓ met",
        "60.3 to 89.2 %",
        "−2 percentage points",
    ):
        assert words in text
    assert text.index("Why not") < text.index("All criteria")


async def test_the_trail_leads_from_the_cell_to_questions_and_domains(site: Site) -> None:
    cell = await site.page(f"{REVIEW}/trail/cell")
    assert f'href="{REVIEW}/trail/services"' in cell and f'href="{REVIEW}/trail/organisation"' in cell
    question = await site.json(f"{REVIEW}/trail/services.json")
    assert [rating["target"] for rating in question["domains"]][:2] == ["getting-help", "assessment"]
    text = await site.page(f"{REVIEW}/trail/services")
    assert f'href="{REVIEW}/trail/getting-help"' in text
    assert f'href="{REVIEW}/trail/services/mainly_good_or_better"' in text


async def test_a_limit_that_binds_is_said_first(example_copy: Path, connect: Connect) -> None:
    db = connect(example_copy)
    review = find_review(db, "wales-2004-08")
    services = next(question for question in review.framework.questions if question.id == "services")
    for domain in services.domains:
        level = "poor" if domain.id == "safeguarding" else "excellent"
        rate_approved(db, review, domain.id, level, by="lead", because="For the test.", at=NOW)
    assess(db, review, load_policy("wales-round-2"), on=NOW.date(), by="lead", at=NOW, use_engine=False)
    async with served(example_copy) as open_site:
        answer = await open_site.json(f"{REVIEW}/trail/services.json")
        assert [limit["binds"] for limit in answer["limits"]] == [True]
        text = await open_site.page(f"{REVIEW}/trail/services")
        assert "A limit caps the rating below" in text and "▼ caps the rating" in text


async def test_a_measure_shows_what_it_is_made_of_and_every_item_behind_it(site: Site) -> None:
    answer = await site.json(f"{REVIEW}/trail/performance-management/items.json")
    assert answer["measure"]["value"] == answer["paging"]["total"] == 67
    assert (answer["paging"]["pages"], len(answer["items"])) == (2, 50)
    second = await site.json(f"{REVIEW}/trail/performance-management/items.json?page=2")
    assert len({item["id"] for item in (*answer["items"], *second["items"])}) == 67
    text = await site.page(f"{REVIEW}/trail/performance-management/items")
    assert "1 to 50 of 67" in text and 'rel="next" href="?page=2"' in text
    assert 'rel="prev" href="?page=1"' in await site.page(
        f"{REVIEW}/trail/performance-management/items?page=2"
    )
    share = await site.json(f"{REVIEW}/trail/getting-help/strengths_share.json")
    assert share["measure"]["thresholds"] == [20, 50, 80]
    assert share["paging"]["total"] == 43
    assert share["measure"]["described"][0] == (
        "The share of findings that are strengths among the findings that are strengths or weaknesses."
    )
    assert any(item["also"] for item in share["items"])
    assert "also used in 1 other domain" in await site.page(f"{REVIEW}/trail/getting-help/strengths_share")


async def test_a_measure_made_of_ratings_leads_to_these_ratings(site: Site) -> None:
    answer = await site.json(f"{REVIEW}/trail/services/mainly_good_or_better.json")
    assert len(answer["ratings"]) == 7 and answer["items"] == []
    rated = await site.json(f"{REVIEW}/trail/services/safeguarding_rating.json")
    assert rated["measure"]["shown"] == "Inconsistent"


# What would change it, how sure is it, where to look next


@pytest.mark.parametrize("target", ["cell", "services", "getting-help"])
async def test_what_would_change_it_is_what_the_command_says(example_copy: Path, target: str) -> None:
    async with served(example_copy) as open_site:
        page = await open_site.json(f"{REVIEW}/whatif/{target}.json")
    command = said_by("whatif", "wales-2004-08", target, "--db", example_copy)
    assert page["smallest"] == command["smallest"]
    assert page["leave_one_out"] == command["leave_one_out"]


async def test_a_change_that_is_tried_is_what_the_command_says(example_copy: Path) -> None:
    async with served(example_copy) as open_site:
        query = "without=source:R4&without=E48,+E56&measure=carers.kinds&value=1&set=items%3D40"
        page = await open_site.json(f"{REVIEW}/whatif/assessment.json?{query}")
        text = await open_site.page(f"{REVIEW}/whatif/assessment?{query}")
    change = ["--without", "source:R4", "--without", "E48", "--without", "E56"]
    change += ["--set", "items=40", "--set", "carers.kinds=1"]
    assert page["tried"] == said_by("whatif", "wales-2004-08", "assessment", *change, "--db", example_copy)
    assert page["tried_said"].startswith("Without source R4 (")
    for words in (page["tried_said"].split(":")[0], 'value="E48, E56"', "Ratings that would change"):
        assert words in text


async def test_how_sure_it_is_is_what_the_command_says(example_copy: Path) -> None:
    async with served(example_copy) as open_site:
        page = await open_site.json(f"{REVIEW}/uncertainty.json?draws=500&seed=3")
        standard = await open_site.json(f"{REVIEW}/uncertainty.json")
    command = said_by("uncertainty", "wales-2004-08", "--draws", 500, "--seed", 3, "--db", example_copy)
    assert page["confidence"] == command.pop("confidence")
    assert page["uncertainty"] == command
    assert (standard["draws"], standard["seed"]) == (2_000, 0)


async def test_where_to_look_next_is_what_the_command_says(example_copy: Path) -> None:
    async with served(example_copy) as open_site:
        page = await open_site.json(f"{REVIEW}/next.json?draws=300&seed=5")
    command = said_by("next", "wales-2004-08", "--draws", 300, "--seed", 5, "--db", example_copy)
    assert page["next"] == command


async def test_every_rating_leads_to_all_questions_and_back(site: Site) -> None:
    text = await site.page(REVIEW)
    for target in ("carers", "leadership"):
        for path in (
            f"/trail/{target}",
            f"/whatif/{target}",
            f"/uncertainty#of-{target}",
            f"/next#of-{target}",
        ):
            assert f'href="{REVIEW}{path}"' in text
    trail = await site.page(f"{REVIEW}/trail/carers")
    for path in ("/whatif/carers", "/uncertainty#of-carers", "/next#of-carers"):
        assert f'href="{REVIEW}{path}"' in trail
    assert f'href="{REVIEW}/trail/carers"' in await site.page(f"{REVIEW}/whatif/carers")
    for page in ("uncertainty", "next"):
        text = await site.page(f"{REVIEW}/{page}")
        assert 'id="of-carers"' in text and f'href="{REVIEW}/trail/carers"' in text


async def test_a_rating_that_rests_on_one_source_is_marked_with_it(site: Site) -> None:
    turns = (await site.json(f"{REVIEW}/whatif.json"))["leave_one_out"]
    resting = {one["target"]: one for one in turns["rests_on_one_source"]}
    assert resting, "the example has none, so nothing would be tested"
    review = await site.json(f"{REVIEW}.json")
    for question in review["questions"]:
        for rating in (question, *question["domains"]):
            deciding = resting.get(rating["target"], {"deciding": []})["deciding"]
            assert [(one["source"], one["after"]) for one in rating["rests_on"]] == [
                (one["source"], one["after"]) for one in deciding
            ]
    assert resting["carers"]["deciding"] == [{"source": "S2", "after": "Inconsistent", "hidden": False}]
    for path in ("", "/trail/carers", "/trail/services", "/trail/cell"):
        text = await site.page(f"{REVIEW}{path}")
        assert f'<a href="{REVIEW}/items?source=S2">S2</a> (without it: Inconsistent)' in text
    assert "Rests on one source" not in await site.page(f"{REVIEW}/trail/getting-help")


async def test_beside_a_level_stands_how_many_draws_give_it(site: Site) -> None:
    sure = (await site.json(f"{REVIEW}/uncertainty.json"))["uncertainty"]
    chances = {target["target"]: target["agreement"] for target in sure["targets"]}
    carers = await site.json(f"{REVIEW}/trail/carers.json")
    assert carers["chance"] == chances["carers"]
    assert f"how sure: {100 * chances['carers']:.0f} %" in await site.page(f"{REVIEW}/trail/carers")


async def test_the_grid_says_the_probability_of_every_cell(site: Site) -> None:
    page = await site.json(f"{REVIEW}/uncertainty.json")
    cells = {tuple(cell["levels"]): cell for row in page["grid"]["rows"] for cell in row["cells"]}
    for cell in page["uncertainty"]["cells"]:
        if cell["levels"]:
            assert cells[tuple(cell["levels"])]["chance"] == cell["probability"]
    assert sum(cell["chance"] for cell in cells.values()) + page["nowhere"] == pytest.approx(1)
    text = await site.page(f"{REVIEW}/uncertainty")
    assert text.count('class="chance-') == 16
    assert re.search(r'class="middle here"[^>]*>9\d %</text>', text)


async def test_what_people_sign_later_shows_at_once(example_copy: Path, connect: Connect) -> None:
    db = connect(example_copy)
    review = find_review(db, "wales-2004-08")
    run = load_run(db, review, None)
    async with served(example_copy) as open_site:
        assert "Seen on visits." not in await open_site.page(f"{REVIEW}/uncertainty")
        sure = measure_uncertainty(db, review, run, draws=200)
        words = {"coherence": "Carers say otherwise."}
        signed = {"because": "Seen on visits.", "by": "moderator-1", "at": NOW, "words": words}
        state_confidence(db, review, run, "carers", "low", sure, **signed)
        text = await open_site.page(f"{REVIEW}/uncertainty")
        for said in (
            "<strong>low</strong>, signed by moderator-1",
            "Seen on visits.",
            "Carers say otherwise.",
        ):
            assert said in text
        page = await open_site.json(f"{REVIEW}/uncertainty.json")
        assert page["confidence"]["carers"]["stated"]["level"] == "low"


async def test_each_run_has_answers_of_its_own(example_copy: Path, connect: Connect) -> None:
    db = connect(example_copy)
    review = find_review(db, "wales-2004-08")
    async with served(example_copy) as open_site:
        assert "Poor in run 1" in await open_site.page(f"{REVIEW}/whatif/carers")
        rate_approved(db, review, "carers", "excellent", by="lead", because="Seen on visits.", at=NOW)
        policy = load_policy("wales-round-2")
        assess(db, review, policy, on=date(2009, 6, 2), by="lead", at=NOW, use_engine=False)
        latest = await open_site.page(f"{REVIEW}/whatif/carers")
        assert "in run 2" in latest and "A moderator decided this rating" in latest
        older = await open_site.page(f"{REVIEW}/whatif/carers?run=1")
        assert "Poor in run 1" in older and "not the latest" in older
        assert f'src="{REVIEW}/whatif/carers/tornado.svg?run=1"' in older
        assert f'href="{REVIEW}/uncertainty?run=1#of-carers"' in older
        sure = await open_site.page(f"{REVIEW}/uncertainty")
        assert "by the rules alone" in sure and "Excellent</span> (decided)" in sure
        assert "Excellent" in (await open_site.get(f"{REVIEW}/uncertainty/profile.svg")).text


async def test_pages_on_a_rating_are_in_the_language_asked_for(site: Site) -> None:
    text = await site.page(f"{REVIEW}/whatif/carers?lang=cy")
    assert '<h1 lang="cy">' in text
    assert f'src="{REVIEW}/whatif/carers/tornado.svg?lang=cy"' in text
    assert "Gwael" in (await site.get(f"{REVIEW}/whatif/carers/tornado.svg?lang=cy")).text
    assert "Gwael" in (await site.get(f"{REVIEW}/uncertainty/profile.svg?lang=cy")).text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("without=source:R99", "There is no source &#39;R99&#39;."),
        ("without=E99999", "has no item E99999"),
        ("measure=carers.strength_share&value=3", "Did you mean &#39;strengths_share&#39;?"),
        ("measure=carers.strengths_share&value=300", "It is a percentage: 0 to 100."),
        ("measure=carers.items&value=many", "&#39;many&#39; is not a number"),
        ("measure=carers.items&value=", "No value is given for carers.items."),
        ("measure=&value=5", "Choose a measure and give it a value."),
        ("measure=services.items&value=5", "computed from the ratings of its domains"),
        ("set=nonsense", "does not set a measure"),
    ],
)
async def test_a_change_that_cannot_be_tried_is_said_beside_the_form(
    site: Site, query: str, words: str
) -> None:
    response = await site.get(f"{REVIEW}/whatif/carers?{query}")
    assert response.status_code == 400
    form = response.text[response.text.index('<form class="filter try"') :]
    assert words in form[: form.index("</form>")]
    assert "The smallest changes" in response.text, "the page itself is still there"
    answer = await site.get(f"{REVIEW}/whatif/carers.json?{query}")
    assert answer.status_code == 400
    assert sorted(answer.json()) == ["error", "hint", "ok", "status", "title"]


async def test_where_a_run_rests_on_nothing_that_can_be_drawn_the_pages_say_so(
    tmp_path: Path, connect: Connect
) -> None:
    db = connect(tmp_path / "programme.db")
    window = {"window_from": None, "window_to": None}
    review = create_review(db, "east", "East", "cqc-local-authority", **window, by="lead", at=NOW)
    for domain in review.framework.domains:
        rate_approved(db, review, domain, "good-standard", by="lead", because="Agreed.", at=NOW)
    policy = load_policy("cqc-local-authority")
    assess(db, review, policy, on=NOW.date(), by="lead", at=NOW, use_engine=False)
    first = next(iter(review.framework.domains))
    async with served(tmp_path / "programme.db") as open_site:
        text = await open_site.page("/reviews/east/uncertainty")
        assert "rests on nothing that can be resampled" in text and "<img" not in text
        assert (await open_site.json("/reviews/east/uncertainty.json"))["problem"]["hint"]
        text = await open_site.page("/reviews/east/next")
        assert "The rules propose no level here: a moderator decides." in text and "<img" not in text
        picture = await open_site.get("/reviews/east/uncertainty/profile.svg")
        assert picture.status_code == 404 and "<svg" not in picture.text
        left = await open_site.page(f"/reviews/east/whatif/{first}")
        assert "A moderator gives one, so evidence alone does not change it" in left
        overall = await open_site.page("/reviews/east/whatif/overall")
        assert "overall/tornado.svg" in overall
        assert "Good" in await open_site.page("/reviews/east")


async def test_a_run_that_cannot_be_made_again_is_shown_without_what_would_follow_from_it(
    example_copy: Path,
) -> None:
    def change(result: Any) -> None:
        carers = next(rating for rating in result["ratings"] if rating["target"] == "carers")
        carers |= {"level": 4, "level_id": "excellent"}

    rewrite_results(example_copy, change)
    async with served(example_copy) as open_site:
        assert "could not be repeated" in await open_site.page(f"{REVIEW}/whatif/carers")
        assert "verify run 1" in await open_site.page(f"{REVIEW}/whatif/carers")
        text = await open_site.page(REVIEW)
        assert "Rests on one source" not in text and "Inconsistent" in text


async def test_a_review_too_large_for_a_page_is_left_to_who_runs_the_server(example_copy: Path) -> None:
    with patch.object(worked, "MOST_ITEMS", 500):
        async with served(example_copy) as open_site:
            for page in ("whatif/carers", "uncertainty", "next"):
                text = await open_site.page(f"{REVIEW}/{page}")
                assert "567 items, too many to compute this on a page (at most 500)" in text
                assert "Ask whoever runs this server" in text and "joint-review " not in text
            assert "Rests on one source" not in await open_site.page(REVIEW)


def test_what_was_worked_out_is_kept_up_to_a_number_and_failures_are_not() -> None:
    kept, made = Kept(2), list[str]()

    def make(name: str) -> Callable[[], str]:
        def now() -> str:
            made.append(name)
            if name == "bad":
                raise RunImpossible("no")
            return name

        return now

    for name in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(name, make(name)) == name
    # c drove out b, which had been used longest ago.
    assert made == ["a", "b", "c", "b"]
    assert len(kept) == 2
    for _ in range(2):
        with pytest.raises(RunImpossible):
            kept.get("bad", make("bad"))
    assert made[-2:] == ["bad", "bad"]


# Items


async def test_items_can_be_filtered_and_paged(site: Site) -> None:
    everything = await site.json(f"{REVIEW}/items.json")
    assert everything["paging"] == {
        "page": 1,
        "pages": 12,
        "total": 567,
        "first": 1,
        "last": 50,
        "offset": 0,
    }
    chosen = await site.json(f"{REVIEW}/items.json?kind=finding&direction=weakness&strand=carers")
    assert chosen["items"] and all(
        (item["kind"], item["direction"], item["strand"]) == ("finding", "weakness", "carers")
        for item in chosen["items"]
    )
    assert chosen["filter"] == {"kind": "finding", "direction": "weakness", "strand": "carers"}
    searched = await site.json(f"{REVIEW}/items.json?search=contact+centres")
    assert searched["items"] and all("ontact" in item["text"] for item in searched["items"])
    text = await site.page(f"{REVIEW}/items?domain=carers&search=zebra")
    assert "No item matches the filter" in text and 'value="zebra"' in text
    assert '<option value="carers" selected>' in text
    paged = await site.page(f"{REVIEW}/items?kind=finding&page=2")
    assert 'href="?kind=finding&amp;page=3"' in paged


@pytest.mark.parametrize(
    "words", ['"', "a AND", "x*", "-", "NEAR(", "a:b", "(", "^", "' or 1=1 --", "%00", '"><script>']
)
async def test_any_words_can_be_searched_for(site: Site, words: str) -> None:
    response = await site.get(f"{REVIEW}/items?search={words}")
    assert response.status_code in (200, 400)
    assert "Traceback" not in response.text and "<script" not in response.text


async def test_an_item_shows_its_source_in_context(site: Site) -> None:
    listed = await site.json(f"{REVIEW}/items.json?search=referrals+answered+within+one+day")
    number = listed["items"][0]["id"]
    item = (await site.json(f"{REVIEW}/items/{number}.json"))["item"]
    assert item["says"] == "63 %"
    assert item["source"] == "N2" and "table of referrals, row 2000/01" in item["locator"]
    assert item["table"]["columns"] == ["number", "response in a day", "assessment"]
    assert [row["title"] for row in item["table"]["rows"]] == ["2000/01", "2006/07", "2007/08"]
    text = await site.page(f"{REVIEW}/items/E{number}")
    for words in ("higher is better", "49,561 referrals", "National returns", 'class="this"', "svg class="):
        assert words in text
    assert f'href="{REVIEW}/trail/getting-help"' in text
    assert 'href="/programme/source/' in text


async def test_a_survey_result_is_shown_between_worst_and_best(site: Site) -> None:
    listed = await site.json(f"{REVIEW}/items.json?search=services+are+of+good+quality")
    item = (await site.json(f"{REVIEW}/items/{listed['items'][0]['id']}.json"))["item"]
    assert (item["value"], item["best"], item["worst"]) == (73, 82, 63)
    assert item["compared"] == [
        "asked: all people surveyed",
        "for 2008",
        "base unknown",
        "best authority 82 %",
        "worst authority 63 %",
        "higher is better",
    ]


async def test_the_stored_text_is_shown_with_the_quote_marked(tmp_path: Path, connect: Connect) -> None:
    db = connect(tmp_path / "programme.db")
    review = create_review(
        db, "north-2024", "North", "wales-round-2", window_from=None, window_to=None, by="lead", at=NOW
    )
    (tmp_path / "sources.csv").write_text(
        "source,title,kind,dated,status,text\n"
        "C1,Case file 1,case_file,2004-05-01,draft,"
        '"Lives alone. <b>Nobody</b> asked the daughter. Reviewed."\n'
    )
    (tmp_path / "findings.csv").write_text(
        "source,locator,finding,direction,significance,domains,quote\n"
        "C1,page 1,The family was left out.,weakness,3,assessment,<b>Nobody</b> asked the daughter.\n"
    )
    files = [tmp_path / "sources.csv", tmp_path / "findings.csv"]
    import_files(db, review, files, by="lead", at=NOW)
    async with served(tmp_path / "programme.db") as open_site:
        text = await open_site.page("/reviews/north-2024/items/1")
        marked = "Lives alone. <mark>&lt;b&gt;Nobody&lt;/b&gt; asked the daughter.</mark> Reviewed."
        assert marked in text
        assert "draft, may still change" in text
        drafts = await open_site.json("/reviews/north-2024/items.json?only=drafts")
        assert drafts["paging"]["total"] == 1


async def test_a_withdrawn_item_stays_and_says_who_when_and_why(example_copy: Path, connect: Connect) -> None:
    db = connect(example_copy)
    review = find_review(db, "wales-2004-08")
    withdraw_item(db, review, 30, by="reviewer-1", because="About another council.", at=NOW)
    withdraw_item(
        db, review, 46, by="reviewer-2", because="Not about this.", at=NOW, domain="planning-partnerships"
    )
    async with served(example_copy) as open_site:
        text = await open_site.page(f"{REVIEW}/items/30")
        for words in ("Withdrawn.", "reviewer-1", "1 June 2009, 10:30am", "About another council."):
            assert words in text
        assert "tag withdrawn" in await open_site.page(f"{REVIEW}/items/46")
        assert (await open_site.json(f"{REVIEW}/items.json?only=withdrawn"))["paging"]["total"] == 1
        assert (await open_site.json(f"{REVIEW}/items.json"))["paging"]["total"] == 566
        behind = await open_site.json(f"{REVIEW}/trail/getting-help/strengths_share.json")
        assert behind["paging"]["total"] == 43, "a run keeps the items it counted"
        assert "withdrawn since" in await open_site.page(f"{REVIEW}/trail/getting-help/strengths_share")


# Figures


@pytest.mark.parametrize("language", ["en", "cy"])
@pytest.mark.parametrize("framework_id", library_ids())
def test_the_names_of_all_levels_fit_their_place_on_the_grid(framework_id: str, language: str) -> None:
    framework = load_policy(framework_id).framework
    cell = [question.scale[0].id for question in framework.questions]
    grid = make_grid(framework, cell, language)
    figure = figures.grid_figure(
        {
            "across": grid.across,
            "up": grid.up,
            "columns": grid.columns,
            "rows": [{"title": title, "cells": [asdict(c) for c in cells]} for title, cells in grid.rows],
            "position": grid.position,
        }
    )
    assert sum(cell["here"] for cell in figure["cells"]) == 1
    assert figure["mark"]["x"] == min(cell["x"] for cell in figure["cells"])
    for label in figure["labels"]:
        room = min(cell["x"] for cell in figure["cells"]) if label["end"] else figure["cell"]["width"]
        for line in label["lines"]:
            assert figures.text_width(line["text"]) <= room
            assert not line["text"].endswith("-"), "a word was broken"
    bottom = max(line["y"] for block in figure["axes"] for line in block["lines"])
    assert bottom < figure["height"]


def test_a_figure_has_room_for_its_text_in_the_widest_of_the_usual_fonts() -> None:
    bold = FontProperties(family="DejaVu Sans", weight="bold", size=figures.FONT)
    for character in string.ascii_letters + string.digits + "ŵŷâêîôûïŴŶÂÊÎÔÛ.,;:'|!()[]-–’%&…←→↑↓ ":
        wide, _, _ = TextToPath().get_text_width_height_descent(character, bold, ismath=False)
        assert figures.text_width(character) >= wide, character


def test_a_word_too_long_for_its_line_is_broken_and_none_of_it_is_lost() -> None:
    lines = figures.wrap("Llanfairpwllgwyngyllgogerychwyrndrobwll council", 60)
    assert (
        "".join(line.removesuffix("-") for line in lines) == "Llanfairpwllgwyngyllgogerychwyrndrobwllcouncil"
    )
    assert all(figures.text_width(line) <= 60 for line in lines)


def test_a_bar_holds_everything_it_is_to_show() -> None:
    bar = figures.bar_figure(-5.0, percent=False, marks=[20.0], ends=[3.0, 12.0])
    assert bar is not None
    assert (bar["low"], bar["value"]) == (-5, 8)
    assert bar["value"] < bar["band"]["x"] < bar["marks"][0] <= 312
    assert figures.bar_figure(7.0, percent=False) is None
    assert figures.bar_figure(None, percent=True) is None


def test_only_nothing_is_shown_as_nothing() -> None:
    assert [figures.heat(count, 60) for count in (0, 1, 12, 13, 60)] == [0, 1, 1, 2, 5]


# What is wrong is said plainly


UNKNOWN = [
    ("/reviews/wales-2004-09", "Did you mean &#39;wales-2004-08&#39;?"),
    (f"{REVIEW}/trail/carer", "Did you mean &#39;carers&#39;?"),
    (f"{REVIEW}/trail/carers/strength_share", "Did you mean &#39;strengths_share&#39;?"),
    (f"{REVIEW}/trail/cell/strengths_share", "There is no domain or question"),
    (f"{REVIEW}/items/9999", "has no item E9999"),
    (f"{REVIEW}/items/12345678901234567890", "There is no item"),
    (f"{REVIEW}/items/%C2%B2", "There is no item"),
    (f"{REVIEW}?run=99", "There is no run"),
    (f"{REVIEW}/trail/carers?run=99", "There is no run"),
    (f"{REVIEW}/items?page=99", "There is no page"),
    (f"{REVIEW}/whatif/carer", "Did you mean &#39;carers&#39;?"),
    (f"{REVIEW}/whatif/carers?run=99", "There is no run"),
    (f"{REVIEW}/uncertainty?run=99", "There is no run"),
]
"""Names that nothing carries."""
UNMEANT = [
    (f"{REVIEW}?run=one", "Run must be a whole number from 1"),
    (f"{REVIEW}?run=0", "Run must be a whole number from 1"),
    (f"{REVIEW}/items?page=-1", "Page must be a whole number from 1"),
    (f"{REVIEW}/items?page=99999999999999999999", "Page must be a whole number from 1"),
    (f"{REVIEW}?lang=Welsh", "Lang must be a language"),
    (f"{REVIEW}/items?domain=carer", "Did you mean &#39;carers&#39;?"),
    (f"{REVIEW}/items?kind=findings", "Did you mean &#39;finding&#39;?"),
    (f"{REVIEW}/items?only=everything", "There is no selection"),
    (f"{REVIEW}/items?search={'x' * 201}", "at most 200 characters"),
    ("/reviews?page=x", "Page must be a whole number from 1"),
    (f"{REVIEW}/uncertainty?draws=99", "Choose between 100 and 10,000 resamplings, not 99"),
    (f"{REVIEW}/next?draws=10001", "Choose between 100 and 10,000 resamplings, not 10,001"),
    (f"{REVIEW}/uncertainty?draws=many", "Draws must be a whole number from 1"),
    (f"{REVIEW}/uncertainty?seed=-1", "Seed must be a whole number from 0"),
    (f"{REVIEW}/uncertainty/profile.svg?seed=x", "Seed must be a whole number from 0"),
    (f"{REVIEW}/whatif?without={'x' * 201}", "at most 200 characters"),
    (f"{REVIEW}/whatif?{'without=E1&' * 21}", "may be given 20 times at most"),
]
"""Queries that cannot be meant."""


@pytest.mark.parametrize(
    ("status", "path", "words"), [*((404, *one) for one in UNKNOWN), *((400, *one) for one in UNMEANT)]
)
async def test_a_name_that_nothing_carries_is_a_404_and_a_query_that_cannot_be_meant_a_400(
    site: Site, status: int, path: str, words: str
) -> None:
    assert words in await site.page(path, status)


@pytest.mark.parametrize("path", [path for path, _ in UNKNOWN])
async def test_a_name_that_nothing_carries_gets_its_hint_as_json_too(site: Site, path: str) -> None:
    answer = await site.get(path.replace("?", ".json?") if "?" in path else f"{path}.json")
    assert answer.status_code == 404
    assert sorted(answer.json()) == ["error", "hint", "ok", "status", "title"]


async def test_a_file_that_cannot_be_read_is_said_without_a_traceback(example_copy: Path) -> None:
    raw = Database(sqlite3.connect(example_copy))
    raw.execute("drop view latest_run")
    raw.conn.close()
    async with served(example_copy) as open_site:
        response = await open_site.get("/reviews")
        assert response.status_code == 500
        assert "cannot be read" in response.text
        assert "latest_run" not in response.text and "Traceback" not in response.text


async def test_pages_leave_the_file_as_it_is(example_copy: Path) -> None:
    before = example_copy.read_bytes()
    async with served(example_copy) as open_site:
        for path in SHOWN:
            await open_site.page(path)
    assert example_copy.read_bytes() == before


async def test_every_page_of_the_tables_says_for_whom_they_are(site: Site) -> None:
    # The page of a row first: Datasette 0.65 forgets it there until somebody has opened the table.
    for path in ("/programme/source/1", "/programme/source", "/programme"):
        assert FOR_WHOM in await site.page(path), path


def test_the_json_of_a_page_is_plain_json(example_db: Path, connect: Connect) -> None:
    from datasette.utils import MultiParams

    from joint_review.plain import plain
    from joint_review.web.pages.overview import review
    from joint_review.web.pages.trail import trail
    from joint_review.web.request import Asked

    db = connect(example_db)
    names = {"review": "wales-2004-08", "target": "getting-help"}
    for find in (review, trail):
        found = find(db, Asked(names, MultiParams({}), None))
        assert json.loads(json.dumps(found, allow_nan=False, default=plain)).keys() == found.keys()
