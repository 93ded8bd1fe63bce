"""Assessing from the page: who may, what is counted beforehand, what is recorded; and what changed since."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, ROOT, WELSH, add, assess_plainly, item_at, rate_approved
from evidence_rows import finding
from form_bench import Bench, opened
from reading import Outline
from two_reviews import ADMINISTRATOR, LEAD, MODERATOR, OTHER, REVIEWER, two_reviews

from assessment.runs.audit import audit_programme
from assessment.runs.run import Prepared, load_run, prepare_run, record_run
from assessment.runs.verify import verify_run
from evidence.items import tag_item, withdraw_item
from programme.database import Database, open_for_reading
from programme.reviews import find_review
from rules.loader import PolicySet, load_rulebook

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

REVIEW, CHANGES = "/reviews/r1", "/reviews/r1/changes"
DAY = date(2009, 7, 1)
ON = {"on": "2009-07-01"}
STRICTER = PolicySet(
    WELSH.framework, load_rulebook(ROOT / "examples/stricter-rules/rulebook.yml", WELSH.framework)
)
DOUBT = finding("I1", "weakness", 3, finding="A doubt.")
WORKFORCE = finding("G1", domains="workforce")


@pytest.fixture
async def bench(db: Database, tmp_path: Path) -> AsyncIterator[Bench]:
    """A review with enough in every domain that was not assessed yet."""
    two_reviews(db, DOUBT, WORKFORCE)
    async with opened(tmp_path / "programme.db") as found:
        yield found


def offered(text: str) -> bool:
    return 'action="/reviews/r1/assess"' in text


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).replace("&#39;", "'")


def more(db: Database, review: Any) -> None:
    """Evidence after the first run that takes carers down, and a decision that counts."""
    add(db, review, *(finding("C1", "weakness", 3, finding=f"Doubt {n}.") for n in range(40)))
    withdraw_item(db, review, item_at(db, review, DOUBT), by="lead", because="Not so.", at=AT)


# The form -------------------------------------------------------------------------------------------------


async def test_who_may_assess_is_shown_the_form_and_nobody_else(bench: Bench) -> None:
    for actor, shown in ((LEAD, True), (REVIEWER, False), (MODERATOR, False)):
        page = (await bench.get(REVIEW, actor)).text
        assert offered(page) == shown
        assert ((await bench.get(f"{REVIEW}.json", actor)).json()["assessing"] is not None) == shown


async def test_the_first_run_is_made_from_the_page_by_who_is_signed_in(bench: Bench) -> None:
    page = (await bench.get(REVIEW, LEAD)).text
    assert "Not assessed yet." in page and "Rulebook: wales-round-2-illustration, version" in page
    done = await bench.send(f"{REVIEW}/assess", ON, LEAD)
    assert (done.status_code, done.headers["location"]) == (303, f"{REVIEW}?"), done.text
    page = (await bench.get(REVIEW, LEAD)).text
    assert "Run 1 recorded. Position on the grid: Mainly good / Well placed." in page
    assert "What changed since the run before" not in page
    run = bench.in_file(load_run)
    assert (run.result.inputs.on, run.result.inputs.seed) == ("2009-07-01", 0)
    assert bench.rows("select by, action from event order by id desc limit 1") == [("lead", "assess")]
    assert bench.in_file(lambda db, review: verify_run(db, review, run)).same
    assert bench.in_file(lambda db, _: audit_programme(db).problems) == ()
    # The same as the command line makes.
    given = {"on": DAY, "use_engine": None}
    again = bench.in_file(lambda db, review: assess_plainly(db, review, **given))
    assert (again.id, again.is_new) == (1, False)


async def test_sent_twice_at_once_it_gives_one_run(bench: Bench) -> None:
    token = await bench.token(LEAD)
    sent = [
        bench.client.post(
            f"{REVIEW}/assess.json",
            data={"csrftoken": token, **ON},
            headers={"origin": "http://localhost"},
        )
        for _ in range(3)
    ]
    found = [done.json() for done in await asyncio.gather(*sent)]
    assert [one["ok"] for one in found] == [True] * 3 and {one["run"] for one in found} == {1}
    assert sorted(one["new"] for one in found) == [False, False, True]
    assert bench.rows("select count(*) from run") == [(1,)]
    assert bench.rows("select count(*) from event where action = 'assess'") == [(1,)]
    page = await bench.send(f"{REVIEW}/assess", ON, LEAD)
    assert page.headers["location"] == f"{REVIEW}?run=1"
    assert (
        "Nothing has changed since run 1 of 2009-07-01; it is shown again."
        in (await bench.get(REVIEW, LEAD)).text
    )


async def test_working_a_run_out_needs_no_more_than_reading(bench: Bench) -> None:
    """Which is why nobody who writes waits for it, and what they write meanwhile counts in the next run."""
    reading = open_for_reading(bench.path)
    try:
        reading.conn.execute("begin")
        review = find_review(reading, "r1")
        found = prepare_run(reading, review, WELSH, on=DAY, use_engine=False)
        bench.in_file(more)
        assert isinstance(found, Prepared) and bench.rows("select count(*) from run") == [(0,)]
    finally:
        reading.conn.close()
    run = bench.in_file(lambda db, review: record_run(db, review, found, by="lead", at=AT))
    assert run.is_new and run.rating("carers").level_id == "mainly-good"
    assert bench.in_file(lambda db, review: verify_run(db, review, run)).same
    since = (await bench.get(f"{REVIEW}.json", LEAD)).json()["assessing"]["since"]
    assert since["counts"]["items_added"] == 40


async def test_beforehand_it_is_counted_what_has_changed_since_the_latest_run(bench: Bench) -> None:
    def change(db: Database, review: Any) -> None:
        assess_plainly(db, review)
        more(db, review)
        first = item_at(db, review, WORKFORCE)
        tag_item(db, review, first, ["carers"], by="lead", at=AT)
        withdraw_item(db, review, first, domain="workforce", by="lead", because="No.", at=AT)
        # What came and went again since counts in neither.
        add(db, review, finding("C2", locator="gone"))
        gone = bench.rows("select max(id) from evidence")[0][0]
        withdraw_item(db, review, gone, by="lead", because="A slip.", at=AT)
        rate_approved(db, review, "leadership", "badly", by="lead", because="Seen.", at=AT)

    bench.in_file(change)
    since = (await bench.get(f"{REVIEW}.json", LEAD)).json()["assessing"]["since"]
    counted = {
        "items_added": 40,
        "items_withdrawn": 1,
        "tags_added": 1,
        "tags_withdrawn": 1,
        "sources_corrected": 0,
        "decisions": 1,
        "periods": 0,
    }
    assert since == {"run": 1, "made_on": "2009-06-01", "counts": counted, "any": True}
    said = words((await bench.get(REVIEW, LEAD)).text)
    assert (
        "40 items added and 1 withdrawn, 1 tag added to other items and 1 withdrawn; 1 rating whose" in said
    )
    bench.in_file(assess_plainly)
    since = (await bench.get(f"{REVIEW}.json", LEAD)).json()["assessing"]["since"]
    assert (since["run"], since["any"]) == (2, False)
    page = (await bench.get(REVIEW, LEAD)).text
    assert "no item, tag or decision in force has changed." in page


async def test_the_librarys_rulebook_or_one_of_an_earlier_run_is_chosen(bench: Bench) -> None:
    bench.in_file(lambda db, review: assess_plainly(db, review, STRICTER))
    found = (await bench.get(f"{REVIEW}.json", LEAD)).json()["assessing"]["rulebooks"]
    assert [(one["id"], one["of_library"], one["latest"]) for one in found] == [
        ("wales-round-2-illustration", True, False),
        ("wales-round-2-stricter", False, True),
    ]
    page = (await bench.get(REVIEW, LEAD)).text
    assert page.count('type="radio"') == 2 and f'value="{WELSH.rulebook_digest}" checked' in page
    # Without a date the run is of today.
    done = await bench.send(f"{REVIEW}/assess.json", {"rulebook": STRICTER.rulebook_digest}, LEAD)
    assert done.json()["new"] is True
    [(on, at)] = bench.rows(
        "select r.made_on, e.at from run r join event e on e.id = r.added_event where r.id = 2"
    )
    assert on == at[:10]
    assert bench.in_file(load_run).policy.rulebook.id == "wales-round-2-stricter"
    # That of another review is not among them.
    [(other,)] = bench.rows(
        f"select distinct rulebook_digest from run where rulebook_digest <> '{WELSH.rulebook_digest}'"
    )
    given = {"rulebook": other}
    refused = await bench.send("/reviews/r2/assess.json", given, OTHER)
    assert refused.json()["mistakes"] == {"rulebook": "This review has no such rulebook."}


# Who may, and what is refused -----------------------------------------------------------------------------


async def test_nobody_else_assesses_and_nothing_changes(bench: Bench) -> None:
    before = bench.state()
    for actor in (None, REVIEWER, MODERATOR, OTHER, ADMINISTRATOR):
        for ending in ("", ".json"):
            assert (await bench.send(f"{REVIEW}/assess{ending}", ON, actor)).status_code == 403
    for actor in (None, OTHER, ADMINISTRATOR):
        assert (await bench.get(f"{CHANGES}.json", actor)).status_code == 403
    assert bench.state() == before


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"on": "1.7.2009"}, {"on": "'1.7.2009' is not a date like 2026-03-31."}),
        ({"on": "2009-02-30"}, {"on": "'2009-02-30' is not a date like 2026-03-31."}),
        ({"rulebook": "ab12"}, {"rulebook": "This review has no such rulebook."}),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(
    bench: Bench, given: dict[str, str], mistake: dict[str, str]
) -> None:
    page = await bench.refused(f"{REVIEW}/assess", given, mistake, LEAD)
    assert next(iter(mistake.values())) in page


async def test_a_review_of_an_older_framework_is_not_assessed(bench: Bench) -> None:
    def age(db: Database, review: Any) -> None:
        db.conn.execute("update framework set digest = 'older' where key = 'wales-round-2'")

    bench.in_file(age)
    done = await bench.send(f"{REVIEW}/assess.json", ON, LEAD)
    assert (
        done.status_code == 400 and "has changed since it was put into the database" in done.json()["error"]
    )
    assert bench.rows("select count(*) from run") == [(0,)]


# What changed ---------------------------------------------------------------------------------------------


async def test_the_page_names_what_moved_and_by_which_change(bench: Bench) -> None:
    def change(db: Database, review: Any) -> None:
        assess_plainly(db, review)
        more(db, review)
        rate_approved(db, review, "leadership", "badly", by="moderator-1", because="Seen.", at=AT)
        assess_plainly(db, review)

    bench.in_file(change)
    found = (await bench.get(f"{CHANGES}.json", REVIEWER)).json()
    assert (found["before"]["id"], found["run"]["id"]) == (1, 2)
    assert [(row["target"], row["before"], row["after"], row["causes"]) for row in found["moved"]] == [
        ("carers", "Mainly good", "Poor", ["evidence"]),
        ("leadership", "Well placed", "Badly placed", ["decisions"]),
        ("organisation", "Well placed", "Uncertainly placed", ["decisions"]),
    ]
    assert found["position"] == {
        "before": "Mainly good / Well placed",
        "after": "Mainly good / Uncertainly placed",
    }
    assert (found["totals"]["items"], found["totals"]["rules"]) == (41, 0)
    said = words((await bench.get(CHANGES, REVIEWER)).text)
    assert "Support for carers Mainly good Poor the evidence alone" in said
    assert "Withdrawn by lead: E66 A doubt. “Not so.”" in said and "The same rulebook." in said
    assert 'href="/reviews/r1/changes"' in (await bench.get(REVIEW, REVIEWER)).text
    welsh = (await bench.get(f"{CHANGES}.json?lang=cy", REVIEWER)).json()
    assert welsh["moved"][0]["title"] == "Cymorth i ofalwyr"


async def test_another_rulebook_is_named_as_the_cause_with_the_rule_that_changed(bench: Bench) -> None:
    def change(db: Database, review: Any) -> None:
        add(
            db,
            review,
            finding("I1", "weakness", domains="getting-help"),
            finding("I1", "weakness", domains="getting-help"),
        )
        assess_plainly(db, review)
        assess_plainly(db, review, STRICTER)

    bench.in_file(change)
    # 4 of 7 are strengths: 57 %, enough for the library's 50, not for 60.
    found = (await bench.get(f"{CHANGES}.json", LEAD)).json()
    assert [(row["target"], row["causes"]) for row in found["moved"]] == [("getting-help", ["rules"])]
    path = "domain_defaults/services/levels/mainly-good/strengths/at_least"
    assert {"path": path, "before": 50.0, "after": 60.0} in found["changes"]["rules"]
    assert path in (await bench.get(CHANGES, LEAD)).text


async def test_any_two_runs_are_compared_the_earlier_one_first(bench: Bench) -> None:
    def change(db: Database, review: Any) -> None:
        for day in (1, 2, 3):
            assess_plainly(db, review, on=DAY.replace(day=day))

    bench.in_file(change)
    found = (await bench.get(f"{CHANGES}.json?run=3&since=1", LEAD)).json()
    assert (found["before"]["id"], found["run"]["id"], found["moved"]) == (1, 3, [])
    assert "Compare other runs" in (await bench.get(CHANGES, LEAD)).text
    refused = await bench.get(f"{CHANGES}.json?run=1&since=3", LEAD)
    assert refused.status_code == 404 and "Run 3 is later than run 1" in refused.json()["error"]
    assert (await bench.get(f"{CHANGES}.json?run=9", LEAD)).status_code == 404
    assert (await bench.get(f"{CHANGES}.json?run=1", LEAD)).json()["before"] is None


async def test_long_lists_are_cut_and_the_rest_is_counted(bench: Bench) -> None:
    def change(db: Database, review: Any) -> None:
        assess_plainly(db, review)
        add(db, review, *(finding("C1", finding=f"More {n}.") for n in range(60)))
        assess_plainly(db, review)

    bench.in_file(change)
    found = (await bench.get(f"{CHANGES}.json", LEAD)).json()
    assert (len(found["changes"]["items"]), found["totals"]["items"]) == (50, 60)
    assert "And 10 more items" in (await bench.get(CHANGES, LEAD)).text


async def test_pages_are_sound_before_the_first_run_after_it_and_with_two(bench: Bench) -> None:
    async def sound(*paths: str) -> None:
        for path in paths:
            page = await bench.get(path, LEAD)
            outline = Outline(page.text)
            assert page.status_code == 200 and outline.problems == [] and outline.headings.count(1) == 1
            assert set(outline.controls) <= outline.labelled
            assert len(outline.ids) == len(set(outline.ids)) and set(outline.pointed_at) <= set(outline.ids)
            assert (
                "None" not in words(page.text).replace("None yet.", "").replace("None.", "")
                and "Undefined" not in page.text
            )

    await sound(REVIEW)
    assert (await bench.get(CHANGES, LEAD)).status_code == 404
    bench.in_file(assess_plainly)
    await sound(REVIEW, CHANGES)
    bench.in_file(more)
    bench.in_file(assess_plainly)
    bench.in_file(lambda db, review: assess_plainly(db, review, on=DAY))
    await sound(REVIEW, CHANGES, f"{CHANGES}?run=3&since=1", f"{CHANGES}?run=2")
