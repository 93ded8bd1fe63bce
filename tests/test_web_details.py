"""The pages on details: a source and a review corrected, items of a source withdrawn, two people at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from assessment_example import AT
from form_bench import LEAD, MODERATOR, REVIEW, REVIEWER, SOURCE, Bench, made, opened, programme

from assessment.runs.audit import audit_programme
from evidence.findings import Passage, Said, record_finding
from joint_review.opening import UPGRADES

__all__ = ["made", "programme"]
DETAILS, OF_REVIEW = f"{SOURCE}/details", f"{REVIEW}/details"
WHY = {"because": "Filed as a document."}


@pytest.fixture
async def bench(programme: Path) -> AsyncIterator[Bench]:
    async with opened(programme) as found:
        for quote in ("Nobody asked.", "Mae'r tŷ ar y dŵr."):
            said = Said("", "weakness", "2", domains=("carers",))
            found.in_file(
                lambda db, review, quote=quote, said=said: record_finding(
                    db, review, "D-001", Passage(quote), said, by="reviewer-1", at=AT
                ),
                "north",
            )
        yield found


async def test_a_correction_is_made_on_the_page_and_shown_where_the_source_is(bench: Bench) -> None:
    assert (await bench.get(DETAILS)).status_code == 200
    done = (await bench.send(f"{DETAILS}/correct.json", {"kind": "interview", **WHY})).json()
    assert done["message"] == "D-001 is corrected: kind from document to interview."
    for page in (DETAILS, SOURCE, f"{REVIEW}/items/1"):
        text = (await bench.get(page)).text
        assert "by reviewer-1: kind from document to interview; because: Filed as a document." in text
    whole = bench.in_file(lambda db, _: audit_programme(db, upgrades=UPGRADES), "north")
    assert whole.problems == () and whole.revised != ()


async def test_a_new_index_number_leads_on_and_the_old_address_leads_there(bench: Bench) -> None:
    done = await bench.send(f"{DETAILS}/correct", {"ref": "I-007", **WHY})
    assert done.status_code == 303 and done.headers["location"].startswith(f"{REVIEW}/sources/I-007/details")
    assert "Details of I-007" in (await bench.get(DETAILS)).text
    said = await bench.get(SOURCE)
    assert said.status_code == 404 and "corrected to" in said.text and "I-007" in said.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "interview"}, "Say why."),
        ({"kind": "interview", "because": "..."}, "reason"),
        ({"kind": "document", **WHY}, "nothing to correct"),
        ({"dated": "soon", **WHY}, "a date"),
        ({"title": "", "kind": "memo", **WHY}, "a text"),
    ],
)
async def test_what_will_not_do_is_said_and_what_was_typed_stays(
    bench: Bench, fields: dict[str, str], said: str
) -> None:
    done = await bench.send(f"{DETAILS}/correct", fields)
    assert done.status_code == 400 and said in done.text
    assert all(text in done.text for text in fields.values() if text != "...")


async def test_what_two_people_correct_in_different_fields_is_both_kept(bench: Bench) -> None:
    shown = {"form_number": "1", "shown_at": str(bench.rows("select max(id) from event")[0][0])}
    fields = {"ref": "D-001", "title": "plan", "kind": "document", "status": "authorised", "strand": "all"}
    first = {**fields, "dated": "", "kind": "interview", **WHY}
    second = {**fields, "dated": "2026-01-31", "because": "The date was missing.", **shown}
    await bench.send(f"{DETAILS}/correct", first, LEAD)
    done = await bench.send(f"{DETAILS}/correct.json", second)
    assert done.json()["ok"], done.text
    assert bench.rows("select kind, dated from source") == [("interview", "2026-01-31")]


async def test_what_both_correct_differently_is_shown_side_by_side(bench: Bench) -> None:
    shown = {"form_number": "1", "shown_at": str(bench.rows("select max(id) from event")[0][0])}
    await bench.send(f"{DETAILS}/correct", {"kind": "interview", **WHY}, LEAD)
    done = await bench.send(f"{DETAILS}/correct.json", {"kind": "survey", **WHY, **shown})
    assert done.status_code == 409 and done.json()["changed_by"] == "lead-1"
    assert bench.rows("select kind from source") == [("interview",)]


async def test_all_items_of_a_source_are_withdrawn_after_a_preview(bench: Bench) -> None:
    page = (await bench.get(DETAILS)).text
    assert "This would withdraw 2 items" in page and "Nobody asked." in page
    assert (await bench.send(f"{DETAILS}/withdraw", {})).status_code == 400
    done = (await bench.send(f"{DETAILS}/withdraw.json", {"because": "Consent was withdrawn."})).json()
    assert done["withdrawn"] == [1, 2]
    page = (await bench.get(DETAILS)).text
    assert "This would withdraw" not in page
    assert (await bench.send(f"{DETAILS}/withdraw", {"because": "Again."})).status_code == 400


async def test_items_that_came_since_the_preview_are_not_withdrawn_unseen(bench: Bench) -> None:
    shown = {"form_number": "1", "shown_at": str(bench.rows("select max(id) from event")[0][0])}
    said = Said("Later.", "weakness", "2")
    bench.in_file(
        lambda db, review: record_finding(
            db, review, "D-001", Passage("Carers waited again"), said, by="lead-1", at=AT
        ),
        "north",
    )
    done = await bench.send(f"{DETAILS}/withdraw.json", {"because": "Consent.", **shown})
    assert done.status_code == 409 and done.json()["beside"][0]["now"] == "E1, E2, E3"
    assert len(bench.items()) == 3


async def test_a_reviews_window_is_corrected_by_leads_and_moderators_alone(bench: Bench) -> None:
    fields = {"window_to": "2027-03-31", "note": "Longer.", "because": "The scope letter says so."}
    assert (await bench.send(f"{OF_REVIEW}/correct", fields, REVIEWER)).status_code == 403
    assert "Correct the details" not in (await bench.get(OF_REVIEW)).text
    assert (
        await bench.send(f"{OF_REVIEW}/correct", {**fields, "window_to": "soon"}, LEAD)
    ).status_code == 400
    done = (await bench.send(f"{OF_REVIEW}/correct.json", fields, MODERATOR)).json()
    assert (
        done["ok"] and "end of the evidence window from 31 December 2026 to 31 March 2027" in done["message"]
    )
    assert "The scope letter says so." in (await bench.get(OF_REVIEW)).text
    assert "31 March 2027" in (await bench.get(REVIEW)).text


async def test_filters_of_pages_that_can_match_nothing_are_refused(bench: Bench) -> None:
    for query in (
        "items?source=Z-9",
        "items?domain=equity",
        "sources?kind=memo",
        "sources/D-001?domain=equity",
    ):
        done = await bench.get(f"{REVIEW}/{query}")
        assert done.status_code in (400, 404), query
