"""What two people do at once is never lost, and what is sent twice is done once; over real HTTP requests."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from form_bench import HERE, LEAD, REVIEWER, SOURCE, Bench, made, opened, programme
from form_fields import FormShown, forms_of

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

__all__ = ["made", "programme"]
FINDING = {"quote": "Nobody asked.", "direction": "weakness", "significance": "2", "domain": "carers"}
CHANGE = f"{SOURCE}?change=1"


@pytest.fixture
async def bench(programme: Path) -> AsyncIterator[Bench]:
    async with opened(programme) as found:
        await found.send(f"{SOURCE}/record", FINDING | {"finding": "Nobody asked carers."})
        yield found


async def shown(bench: Bench, name: str, address: str = CHANGE, actor: Any = REVIEWER) -> FormShown:
    """A form as somebody sees it."""
    page = (await bench.get(address, actor)).text
    return next(form for form in forms_of(page) if form.action.partition("?")[0].endswith(f"/{name}"))


async def sent(bench: Bench, form: FormShown, actor: Any = REVIEWER, **typed: Any) -> httpx.Response:
    """The answer to a form with what is typed in it."""
    bench.client.cookies.update(bench.cookies(actor))
    return await bench.client.post(form.action, data={**form.fields, **typed}, headers=HERE)


def table(text: str) -> list[list[str]]:
    """The rows of the table that shows what was changed beside what was typed, as words."""
    found = re.search(r'<table class="plain-table beside-table">(.*?)</table>', text, re.DOTALL)
    assert found, text
    rows = re.findall(r"<tr>(.*?)</tr>", found[1], re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]


def item_of(bench: Bench) -> tuple[Any, ...]:
    """The one item that counts: its number, words, direction, significance, and domains."""
    (found,) = bench.rows(
        "select id, text, direction, significance from evidence where withdrawn_event is null"
    )
    domains = bench.rows(
        "select d.key from tag t join domain d on d.id = t.domain_id join evidence e on e.id = t.evidence_id"
        " where t.withdrawn_event is null and e.withdrawn_event is null order by 1"
    )
    return (*found, " ".join(key for (key,) in domains))


async def test_a_changed_finding_that_is_sent_twice_is_changed_once(bench: Bench) -> None:
    form = await shown(bench, "change")
    first = await sent(bench, form, significance="3")
    state = bench.state()
    again = await sent(bench, form, significance="3")
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"]
    assert bench.state() == state and item_of(bench)[0] == 2


async def test_two_people_who_change_different_parts_of_a_finding_both_have_their_way(bench: Bench) -> None:
    mine, theirs = await shown(bench, "change"), await shown(bench, "change", actor=LEAD)
    await sent(bench, theirs, LEAD, significance="3", domain=["carers", "assessment"])
    done = await sent(bench, mine, finding="Nobody asked.", domain=["carers", "leadership"])
    assert done.status_code == 303 and done.headers["location"].endswith("item=3#E3")
    assert item_of(bench) == (3, "Nobody asked.", "weakness", 3, "assessment carers leadership")
    page = (await bench.get(SOURCE)).text
    assert "Changed by others meanwhile, and kept: Significance and Domains." in page


async def test_two_people_who_change_the_same_words_see_both_side_by_side(bench: Bench) -> None:
    mine, theirs = await shown(bench, "change"), await shown(bench, "change", actor=LEAD)
    await sent(bench, theirs, LEAD, finding="Carers were not asked.", significance="3")
    before = bench.state()
    page = await sent(bench, mine, finding="Not one carer was asked.", note="Two visits.")
    assert page.status_code == 409 and bench.state() == before
    assert "Lead-1 changed it while you had this form open" in page.text
    rows = table(page.text)
    assert [row[0] for row in rows] == ["Part", "The finding", "Significance", "Note"]
    assert rows[1][1:] == ["Nobody asked carers.", "Carers were not asked.", "Not one carer was asked."]
    assert rows[2][1:] == ["Important", "Serious", "Important"]
    # What was typed is kept, in a form that now changes what they made of it; it may be sent after all.
    (form,) = [one for one in forms_of(page.text) if "/change" in one.action]
    assert form.fields["item"] == ["2"] and form.fields["finding"] == ["Not one carer was asked."]
    assert form.fields["significance"] == ["3"] and form.fields["note"] == ["Two visits."]
    assert (await sent(bench, form)).status_code == 303
    assert item_of(bench)[:4] == (3, "Not one carer was asked.", "weakness", 3)


async def test_what_was_typed_of_an_item_that_was_withdrawn_meanwhile_is_kept(bench: Bench) -> None:
    mine, theirs = await shown(bench, "change"), await shown(bench, "withdraw", actor=LEAD)
    await sent(bench, theirs, LEAD, because="Misread.")
    page = await sent(bench, mine, finding="Not one carer was asked.")
    assert page.status_code == 409
    assert ["Withdrawn", "–", "withdrawn by lead-1: Misread.", "–"] in table(page.text)
    assert "Not one carer was asked." in page.text
