"""The pages of blind second coding: its coder sees nothing of the first coding until it is handed in."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from form_bench import AT, HERE, LEAD, MODERATOR, REVIEW, REVIEWER, Bench, filled, made, opened, programme
from form_fields import forms_of

from assessment.runs.audit import audit_programme
from evidence.coding.second_coding import draw_batch
from evidence.findings import Passage, Said, change_finding, record_finding
from joint_review.opening import open_programme
from joint_review.web import lists
from joint_review.web.forms import Form
from joint_review.web.page import Page
from joint_review.web.pages import coding
from joint_review.web.routes import all_forms, all_pages
from programme.database import Database
from programme.permissions import Role
from programme.reviews import find_review
from programme.users import add_user

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

__all__ = ["made", "programme"]
SECOND = {"id": "reviewer-2", "held": [["reviewer", "north"]], "all_reviews": []}
NOTE = "Words of the first reviewer alone"
CODING, APART = f"{REVIEW}/coding", f"{REVIEW}/disagreements"
SAID = {"direction": "strength", "significance": "1", "domain": ["leadership"], "note": "Seen."}


@pytest.fixture
async def bench(programme: Path, connect: Callable[[Path], Database]) -> AsyncIterator[Bench]:
    """Two findings by reviewer-1, given to reviewer-2 as a batch."""
    db = connect(programme)
    review = find_review(db, "north")
    for name, review_key in (("reviewer-1", "north"), ("reviewer-2", "north"), ("reviewer-9", "south")):
        add_user(db, name, role="reviewer", review=review_key, by="administrator-1", at=AT)
    add_user(db, "moderator-1", role="moderator", by="administrator-1", at=AT)
    for quote in ("Nobody asked.", "Carers waited."):
        said = Said(f"{quote} (in words)", "weakness", "3", domains=("carers",), note=NOTE)
        passage = Passage(quote, 1, 0 if quote.startswith("Carers") else None)
        record_finding(db, review, "D-001", passage, said, by="reviewer-1", at=AT)
    draw_batch(db, review, coder="reviewer-2", items=2, by="lead-1", at=AT)
    async with opened(programme) as open_bench:
        yield open_bench


def judgements(text: str) -> list[str]:
    """What of the first coding stands in a page: what is ticked, and its words outside of forms."""
    text = re.sub(r'<details class="account">.*?</details>', "", text, flags=re.S)
    shown = [*re.findall(r'<input type="(?:radio|checkbox)"[^>]*checked', text)]
    # What every form offers is no judgement; all of it goes away with the forms.
    text = re.sub(r"<form.*?</form>", "", text, flags=re.S)
    text = text.replace('"questions"', "").lower()
    words = ("weakness", "serious", "support for carers", NOTE.lower())
    return shown + [word for word in words if word in text]


async def test_nothing_of_the_first_coding_stands_in_the_page_or_its_json(bench: Bench) -> None:
    page = await bench.get(CODING, SECOND)
    assert page.status_code == 200 and "Nobody asked." in page.text and "in words" in page.text
    assert judgements(page.text) == []
    data = (await bench.get(f"{CODING}.json", SECOND)).json()
    # The names of domains and reviewers that a form offers are no judgement.
    text = json.dumps([data["work"], data["batches"]])
    assert [word for word in ("weakness", "carers", NOTE, "reviewer-1") if word in text] == []
    assert "Nobody asked." in text
    # The same words do stand on the pages of the review, for those who may see them.
    shown = await bench.get(f"{REVIEW}/items", REVIEWER)
    assert "weakness" in shown.text and "Support for carers" in shown.text


@pytest.mark.parametrize(
    "page", [page for page, _ in all_pages() if "?P<review>" in page.path], ids=lambda page: page.path
)
async def test_no_page_of_the_review_tells_the_coder_of_an_open_batch(bench: Bench, page: Any) -> None:
    names = {"number": "1", "source": "D-001", "target": "carers"}
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: names.get(m[1], "x"), page.path.replace("[^/]+?", "x"))
    path = path.replace("\\.", ".").replace("/x", "/north", 1)
    with_every_role = SECOND | {"held": [*SECOND["held"], ["lead", "north"], ["moderator", "north"]]}
    for address in (path, f"{path}.json") if isinstance(page, Page) else (path,):
        answer = await bench.get(address, with_every_role)
        if isinstance(page, Page) and page.blind:
            assert answer.status_code in (200, 403)
        elif address.endswith(".json") or not isinstance(page, Page):
            assert answer.status_code == 403, answer.text
            assert "Not yet" in answer.text
        else:
            assert (answer.status_code, answer.headers["location"]) == (303, CODING)
        assert [
            word
            for word in ("weakness", "serious", NOTE)
            if word in re.sub(r"<form.*?</form>", "", answer.text, flags=re.S)
        ] == []


async def test_others_see_the_review_as_ever_and_not_the_batch(bench: Bench) -> None:
    for actor in (REVIEWER, LEAD, MODERATOR):
        assert (await bench.get(f"{REVIEW}/items", actor)).status_code == 200
        assert (await bench.get(f"{CODING}?batch=1", actor)).status_code == 404
    listed = (await bench.get(f"{CODING}.json", LEAD)).json()
    assert listed["work"] is None and [row["coder"] for row in listed["batches"]] == ["reviewer-2"]


async def test_the_coder_goes_from_item_to_item_and_hands_in(bench: Bench) -> None:
    first = (await bench.get(f"{CODING}.json", SECOND)).json()["work"]["now"]["item"]
    done = await bench.send(f"{CODING}/code", {"batch": "1", "item": first, **SAID}, SECOND)
    assert (done.status_code, done.headers["location"]) == (303, f"{CODING}?batch=1")
    work = (await bench.get(f"{CODING}.json?batch=1", SECOND)).json()["work"]
    assert work["left"] == 1 and work["now"]["item"] != first
    own = next(row["own"] for row in work["items"] if row["item"] == first)
    assert (own["direction"], own["domains"], own["note"]) == ("strength", ["leadership"], "Seen.")
    refused = await bench.send(f"{CODING}/done.json", {"batch": "1"}, SECOND)
    assert refused.status_code == 400 and "1 of 2 items not coded yet" in refused.json()["error"]
    second = {"batch": "1", "item": work["now"]["item"], **SAID, "direction": "weakness", "significance": "3"}
    await bench.send(f"{CODING}/code", {**second, "domain": ["carers"]}, SECOND)
    done = await bench.send(f"{CODING}/done.json", {"batch": "1"}, SECOND)
    assert done.json()["message"] == "Batch 1 is handed in: 2 of 2 items coded."
    # Now the coder sees the review again, and what was coded differently.
    assert (await bench.get(f"{REVIEW}/items", SECOND)).status_code == 200
    [apart] = (await bench.get(f"{APART}.json", SECOND)).json()["items"]
    assert apart["item"] == first and apart["third"] is False
    assert "You coded this item" not in (await bench.get(APART, SECOND)).text
    again = await bench.send(
        f"{CODING}/code.json", {"batch": "1", "item": first, **SAID, "note": "!"}, SECOND
    )
    assert again.status_code == 400 and "has handed in batch 1" in json.dumps(again.json())


async def test_an_item_that_is_changed_leaves_the_batch_and_its_coder_is_told(bench: Bench) -> None:
    page = (await bench.get(CODING, SECOND)).text
    form = next(one for one in forms_of(page) if "/code" in one.action)
    item = int(form.fields["item"][0])
    changed = Said("In other words.", "strength", "1", domains=("carers",))
    bench.in_file(
        lambda db, review: change_finding(
            *(db, review, item, changed), **{"by": "reviewer-1", "because": NOTE, "at": AT}
        ),
        "north",
    )
    before = bench.state()
    typed = {**form.fields, "direction": "neutral", "significance": "1", "note": "Typed with care."}
    bench.client.cookies.update(bench.cookies(SECOND))
    late = await bench.client.post(form.action, data=typed, headers=HERE)
    assert late.status_code == 409 and bench.state() == before
    assert "changed by reviewer-1" in late.text and "Typed with care." in late.text
    for text in (late.text, (await bench.get(CODING, SECOND)).text):
        assert f"1 item left this batch since it was drawn: E{item}." in text
        assert judgements(re.sub(r" checked| selected", "", text)) == []
    [one] = [
        one for one in (await bench.get(f"{CODING}.json", SECOND)).json()["work"]["items"] if one["left"]
    ]
    assert one["left"] == {"by": "reviewer-1", "at": AT.isoformat(), "changed": True}
    left = "select target, detail, before, because from event where action = 'items leave batch'"
    assert bench.rows(left) == [("batch 1", '{"coder": "reviewer-2"}', f'{{"items": ["E{item}"]}}', "")]
    assert bench.in_file(lambda db, _: audit_programme(db).problems, "north") == ()


@pytest.mark.parametrize(
    ("fields", "name", "says"),
    [
        ({"direction": ""}, "direction", "Choose strength, weakness or neutral."),
        ({"significance": "9"}, "significance", "Choose minor, important or serious."),
        ({"item": ""}, "item", "The number of the item is missing."),
    ],
)
async def test_a_coding_that_is_not_filled_in_is_refused_beside_its_field(
    bench: Bench, fields: dict[str, str], name: str, says: str
) -> None:
    before = bench.state()
    sent = {"batch": "1", "item": "1", **SAID, **fields}
    answer = await bench.send(f"{CODING}/code.json", sent, SECOND)
    assert answer.status_code == 400 and answer.json()["mistakes"] == {name: says}
    page = await bench.send(f"{CODING}/code", sent, SECOND)
    assert page.status_code == 400 and "Seen." in page.text
    assert bench.state() == before


async def test_a_form_that_comes_in_late_shows_nobody_what_the_coder_made_of_an_item(bench: Bench) -> None:
    page = await bench.get(CODING, SECOND)
    form = next(one for one in forms_of(page.text) if "/code" in one.action)
    item = form.fields["item"][0]
    coded = {"batch": "1", "item": item, **SAID, "note": "Words of the second reviewer"}
    assert (await bench.send(f"{CODING}/code", coded, SECOND)).status_code == 303
    own = {name: value for name, value in form.fields.items() if name != "csrftoken"}
    late = {**own, "direction": "neutral", "significance": "2"}
    for actor in (REVIEWER, LEAD):
        for ending in ("", ".json"):
            answer = await bench.send(f"{CODING}/code{ending}", late, actor)
            assert answer.status_code in (400, 404), answer.text
            assert "Words of the second" not in answer.text
    assert "Words of the second reviewer" in (await bench.send(f"{CODING}/code", late, SECOND)).text


async def test_nobody_codes_a_batch_of_another(bench: Bench) -> None:
    before = bench.state()
    answer = await bench.send(f"{CODING}/code.json", {"batch": "1", "item": "1", **SAID}, REVIEWER)
    assert (
        answer.status_code == 400 and "drawn for reviewer-2; only they can code it" in answer.json()["error"]
    )
    assert bench.state() == before


async def test_a_lead_draws_a_batch_for_those_who_may_code_here_and_see_no_tables(bench: Bench) -> None:
    found = (await bench.get(f"{CODING}.json", LEAD)).json()
    assert found["coders"] == ["reviewer-1", "reviewer-2"]
    assert 'action="/reviews/north/coding/draw"' in (await bench.get(CODING, LEAD)).text
    assert 'action="/reviews/north/coding/draw"' not in (await bench.get(CODING, REVIEWER)).text
    refused = await bench.send(f"{CODING}/draw.json", {"coder": "moderator-1", "items": "1"}, LEAD)
    assert "moderator-1" in refused.json()["mistakes"]["coder"]
    refused = await bench.send(f"{CODING}/draw.json", {"coder": "reviewer-1", "items": "1"}, LEAD)
    assert refused.json()["error"] == "Only 0 items can be drawn for reviewer-1."
    assert (await bench.send(f"{CODING}/draw.json", {"coder": "reviewer-1"}, REVIEWER)).status_code == 403


async def test_a_lead_settles_what_was_coded_differently_with_a_reason(bench: Bench) -> None:
    for item in ("1", "2"):
        await bench.send(f"{CODING}/code", {"batch": "1", "item": item, **SAID}, SECOND)
    await bench.send(f"{CODING}/done", {"batch": "1"}, SECOND)
    assert (await bench.get(f"{APART}.json", LEAD)).json()["open"] == 2
    page = await bench.get(f"{APART}?item=1", LEAD)
    assert "Settle E1" in page.text and "reviewer-2" in page.text
    assert (await bench.send(f"{APART}/settle.json", {"item": "1", **SAID}, SECOND)).status_code == 403
    refused = await bench.send(f"{APART}/settle.json", {"item": "1", **SAID}, LEAD)
    assert refused.json()["mistakes"] == {"because": "Say why."}
    given = {"item": "1", **SAID, "direction": "neutral", "because": "Both hold."}
    done = await bench.send(f"{APART}/settle", given, LEAD)
    assert done.status_code == 303
    left = (await bench.get(f"{APART}.json", LEAD)).json()
    assert left["open"] == 1 and [row["item"] for row in left["items"]] == [2]
    every = (await bench.get(f"{APART}.json?only=all", LEAD)).json()["items"]
    settled = next(row["settled"] for row in every if row["item"] == 1)
    assert settled["said"] == "neutral (minor); Leadership (Both hold.)" and settled["now"] == 3
    assert "settled by lead-1" in (await bench.get(f"{APART}?only=all", LEAD)).text
    db = open_programme(bench.path)
    assert audit_programme(db).problems == ()
    db.conn.close()


async def test_what_was_coded_differently_is_shown_in_pages(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (lists, coding):
        monkeypatch.setattr(module, "PAGE_SIZE", 1)
    for item in ("1", "2"):
        await bench.send(f"{CODING}/code", {"batch": "1", "item": item, **SAID}, SECOND)
    await bench.send(f"{CODING}/done", {"batch": "1"}, SECOND)
    shown = [(await bench.get(f"{APART}.json?page={page}", LEAD)).json()["items"] for page in (1, 2)]
    assert sorted(row["item"] for rows in shown for row in rows) == [1, 2]
    assert [len(rows) for rows in shown] == [1, 1]
    assert "page=2" in (await bench.get(APART, LEAD)).text
    assert (await bench.get(f"{APART}?page=3", LEAD)).status_code == 404


@pytest.mark.parametrize("form", all_forms(), ids=lambda form: f"{form.page}/{form.name}")
async def test_no_form_of_the_review_answers_the_coder_of_an_open_batch(bench: Bench, form: Form) -> None:
    # A change of an item to what it says already changes nothing: its answer would tell what it says.
    if form.blind:
        return
    before = bench.state()
    path = filled(form.path)
    everything = {"id": "reviewer-2", "held": [[role, "north"] for role in Role], "all_reviews": []}
    given = {"item": "1", "direction": "weakness", "significance": "3", "domain": "carers"}
    for address in (path, f"{path}.json"):
        answer = await bench.send(address, given, everything)
        assert (answer.status_code == 403 and "Not yet" in answer.text) or "Not done" in answer.text
    assert bench.state() == before
