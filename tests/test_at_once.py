"""What two people do at once is never lost, and what is sent twice is done once; over real HTTP requests."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from assessment_example import AT, tables_of
from form_bench import HERE, LEAD, REVIEWER, SOURCE, Bench, made, opened, programme
from form_fields import FormShown, forms_of
from form_scene import Found, filled_in, find_forms, form_at, make_scene, scene, send

from assessment.decisions.panel import close_panel, open_panel
from assessment.runs.audit import audit_programme
from joint_review.opening import open_programme
from joint_review.web.forms import NUMBER, Form, Sent
from joint_review.web.routes import all_forms
from joint_review.web.state import SHOWN
from programme.answers import keep_answer
from programme.database import Database, transaction
from programme.permissions import make_actor

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
    found = re.search(r'<table class="plain-table beside-table"[^>]*>(.*?)</table>', text, re.DOTALL)
    assert found, text
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", found[1], re.DOTALL)
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
    assert "While you had this form open, lead-1 changed it, so nothing was saved" in page.text
    rows = table(page.text)
    assert [row[0] for row in rows] == ["Part", "The finding", "Significance"]
    assert rows[1][1:] == ["Nobody asked carers.", "Carers were not asked.", "Not one carer was asked."]
    assert rows[2][1:] == ["Important", "Serious", "Important"]
    # What was typed is kept, in a form that now changes what they made of it; it may be sent after all.
    (form,) = [one for one in forms_of(page.text) if "/change" in one.action]
    assert form.fields["item"] == ["2"] and form.fields["finding"] == ["Not one carer was asked."]
    assert form.fields["significance"] == ["3"] and form.fields["note"] == ["Two visits."]
    assert (await sent(bench, form)).status_code == 303
    assert item_of(bench)[:4] == (3, "Not one carer was asked.", "weakness", 3)


async def test_what_changes_while_mistakes_are_corrected_is_not_overwritten_either(bench: Bench) -> None:
    wrong = await sent(bench, await shown(bench, "change"), finding="Not one.", significance="9")
    assert wrong.status_code == 400
    await sent(bench, await shown(bench, "change", actor=LEAD), LEAD, finding="Carers were not asked.")
    # The page that names the mistake was read before; the form on it rests on what its reader had seen.
    [form] = [one for one in forms_of(wrong.text) if "/change" in one.action]
    late = await sent(bench, form, significance="2")
    assert late.status_code == 409 and table(late.text)[1][2] == "Carers were not asked."
    [again] = [one for one in forms_of(late.text) if "/change" in one.action]
    theirs = await shown(bench, "change", f"{SOURCE}?change=2", LEAD)
    await sent(bench, theirs, LEAD, finding="Hardly anybody was asked.")
    assert (await sent(bench, again)).status_code == 409
    assert item_of(bench)[1] == "Hardly anybody was asked."


async def test_what_was_typed_of_an_item_that_was_withdrawn_meanwhile_is_kept(bench: Bench) -> None:
    mine, theirs = await shown(bench, "change"), await shown(bench, "withdraw", actor=LEAD)
    await sent(bench, theirs, LEAD, because="Misread.")
    page = await sent(bench, mine, finding="Not one carer was asked.", note="Two visits.")
    assert page.status_code == 409 and "Two visits." in page.text
    assert ["Withdrawn", "–", "withdrawn by lead-1: Misread.", "–"] in table(page.text)
    assert "Not one carer was asked." in page.text


async def test_a_page_that_was_sent_may_be_sent_with_other_words_and_by_another_person(bench: Bench) -> None:
    form = await shown(bench, "record", SOURCE)
    judged = {"direction": "weakness", "significance": "2", "domain": "carers"}
    await sent(bench, form, quote="Carers waited again.", **judged)
    await sent(bench, form, quote="Nobody asked.", **judged)
    await sent(bench, form, LEAD, quote="Nobody asked.", **judged)
    assert [row[1] for row in bench.items()][1:] == ["Carers waited again.", "Nobody asked.", "Nobody asked."]


async def test_a_program_that_sends_no_number_is_taken_at_its_word(bench: Bench) -> None:
    for words in ("One.", "Two.", "Two."):
        item = str(item_of(bench)[0])
        fields = {"item": item, "finding": words, "direction": "weakness", "significance": "2"}
        assert (await bench.send(f"{SOURCE}/change.json", fields)).json()["ok"]
    assert item_of(bench)[:2] == (3, "Two.")
    assert bench.rows("select count(*) from form_answer") == [(0,)]


async def test_a_program_is_told_what_was_changed_as_data(bench: Bench) -> None:
    mine = await shown(bench, "change")
    await sent(bench, await shown(bench, "change", actor=LEAD), LEAD, finding="Carers were not asked.")
    page, _, query = mine.action.partition("?")
    answer = await sent(bench, FormShown(f"{page}.json?{query}", fields=mine.fields), finding="Not one.")
    said = answer.json()
    assert (answer.status_code, said["ok"], said["changed_by"]) == (409, False, "lead-1")
    assert said["beside"] == [
        {
            "title": "The finding",
            "was": "Nobody asked carers.",
            "now": "Carers were not asked.",
            "yours": "Not one.",
            "differs": True,
        }
    ]


async def test_answers_are_forgotten_after_a_week(bench: Bench) -> None:
    await sent(bench, await shown(bench, "change"), significance="3")
    answered = "select key, at from form_answer"
    [(key, at)] = bench.rows(answered)

    def keep(db: Database, days: int) -> None:
        with transaction(db) as joined:
            keep_answer(joined, str(days), {}, at=datetime.fromisoformat(at) + timedelta(days=days))

    for days, kept in ((7, [key, "7"]), (8, ["7", "8"])):
        bench.in_file(lambda db, _, days=days: keep(db, days), "north")
        assert [row[0] for row in bench.rows(answered)] == kept
    assert bench.in_file(lambda db, _: audit_programme(db).problems, "north") == ()


async def test_a_form_of_a_page_that_was_shown_before_the_database_was_restored_is_not_done(
    bench: Bench,
) -> None:
    form, before = await shown(bench, "change"), bench.state()
    page = await sent(bench, form, **{SHOWN: "999", "finding": "Words of mine."})
    assert page.status_code == 409 and "restored from a backup" in page.text
    assert "Words of mine." in page.text and bench.state() == before


# --- every form of every page ------------------------------------------------------------------------------

EVERY = pytest.mark.parametrize("form", all_forms(), ids=lambda form: "/".join(form.path.split("/")[-2:]))
"""Every form that a page declares: a new one is sent here, too."""
MY_WORDS, THEIR_WORDS = "Words of mine", "Words of theirs"
MY_FILE, THEIR_FILE = "Words in a file of mine.", "Words in a file of theirs."


@pytest.fixture(scope="module")
def made_scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review in which every form can be sent; never written to."""
    return make_scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="module")
def found(made_scene: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Found]:
    """Where each form is shown, and to whom."""

    async def look() -> dict[str, Found]:
        async with scene(Path(shutil.copy(made_scene, tmp_path_factory.mktemp("found")))) as bench:
            return await find_forms(bench)

    return asyncio.run(look())


@pytest.fixture
async def stage(made_scene: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    """A server over a scene of the test's own."""
    async with scene(copy_of(made_scene, tmp_path, "programme.db")) as bench:
        yield bench


def copy_of(path: Path, folder: Path, name: str) -> Path:
    return Path(shutil.copy(path, folder / name))


def stored(bench: Bench) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with closing(open_programme(bench.path).conn) as connection:
        found = tables_of(Database(connection))
    # The index of the search lays its own rows together.
    return {name: rows for name, rows in found.items() if "_fts" not in name}


def counted(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, int]:
    return {name: len(found) for name, found in rows.items()}


async def filled(
    bench: Bench, here: Found, words: str, actor: Any = None, last: bool = False
) -> tuple[str, dict[str, list[str]]]:
    """The address of a form as its page shows it now, and what it holds once it is filled in."""
    page = await bench.get(here.page, actor or here.actor)
    for form in forms_of(page.text):
        action = urljoin(here.page, form.action)
        if form_at(action) == here.form:
            assert form.fields[NUMBER][0] and form.fields[SHOWN][0]
            return action, filled_in(form, words, last)
    raise AssertionError(f"{here.page} shows no form {here.form.name} any more")


def test_every_form_is_shown_by_a_page_that_links_lead_to(found: dict[str, Found]) -> None:
    assert [form.path for form in all_forms() if form.path not in found] == []


@EVERY
async def test_a_form_that_is_sent_twice_is_done_once_also_after_a_restart(
    form: Form, found: dict[str, Found], made_scene: Path, tmp_path: Path
) -> None:
    path, here = copy_of(made_scene, tmp_path, "programme.db"), found[form.path]
    file = MY_FILE if form.files else ""
    async with scene(path) as bench:
        before = counted(stored(bench))
        action, fields = await filled(bench, here, MY_WORDS)
        first = await send(bench, action, fields, here.actor, file)
        assert first.status_code == 303, first.text
        once = stored(bench)
        assert counted(once)["event"] > before["event"]
        again = await send(bench, action, fields, here.actor, file)
        assert (again.status_code, again.headers["location"]) == (303, first.headers["location"])
        assert stored(bench) == once
    async with scene(path) as bench:
        fields["csrftoken"] = [await bench.token(here.actor)]
        late = await send(bench, action, fields, here.actor, file)
        assert (late.status_code, late.headers["location"]) == (303, first.headers["location"])
        assert stored(bench) == once


@EVERY
async def test_a_form_that_is_sent_twice_at_the_same_moment_is_done_once(
    form: Form, found: dict[str, Found], made_scene: Path, tmp_path: Path
) -> None:
    here, file, done = found[form.path], MY_FILE if form.files else "", []
    for times in (1, 2):
        async with scene(copy_of(made_scene, tmp_path, f"{times}.db")) as bench:
            action, fields = await filled(bench, here, MY_WORDS)
            sendings = [send(bench, action, fields, here.actor, file) for _ in range(times)]
            answers = await asyncio.gather(*sendings)
            assert {answer.status_code for answer in answers} == {303}, answers[-1].text
            assert len({answer.headers["location"] for answer in answers}) == 1
            done.append(counted(stored(bench)))
    assert done[0] == done[1]


def state_of(
    bench: Bench, here: Found, action: str, fields: dict[str, list[str]], event: int | None = None
) -> Any:
    """What a form rests on, at an event or now; None where it rests on nothing."""
    names = re.fullmatch(here.form.path, urlsplit(action).path)
    assert names
    if here.form.rests_on is None:
        return None
    sent_by = Sent(names.groupdict(), fields, [], make_actor(here.actor["id"], []), AT)
    with closing(open_programme(bench.path).conn) as connection:
        db = Database(connection)
        return here.form.rests_on.find(db, sent_by, event or 2**53).parts


async def test_a_vote_is_never_given_to_a_panel_that_was_opened_meanwhile(
    found: dict[str, Found], stage: Bench
) -> None:
    here = next(one for one in found.values() if one.form.name == "vote")
    action, mine = await filled(stage, here, MY_WORDS)
    target, who = action.split("/")[-2], {"by": "second-1", "at": AT}
    stage.in_file(lambda db, review: close_panel(db, review, target, because="Too early.", **who))
    stage.in_file(lambda db, review: open_panel(db, review, target, ("first-1", "second-1"), **who))
    late = await send(stage, action, mine, here.actor)
    assert late.status_code == 409 and MY_WORDS in late.text
    assert table(late.text)[1][:3] == [
        "Panel",
        "panel 1, opened by lead-9",
        "panel 2, opened by second-1",
    ]
    assert stage.rows("select count(*) from vote") == [(0,)]


async def come_late(bench: Bench, here: Found, rival: Found) -> bool:
    """A form comes in after another person, who had the same page open, sent one of its forms.

    Whether it was told what they had changed.
    """
    action, mine = await filled(bench, here, MY_WORDS)
    who = rival.rival if rival.actor is here.actor else rival.actor
    other, theirs = await filled(bench, rival, THEIR_WORDS, who, last=True)
    shown = int(mine[SHOWN][0])
    assert state_of(bench, here, action, mine) == state_of(bench, here, action, mine, shown)
    start = stored(bench)
    first = await send(bench, other, theirs, who, THEIR_FILE if rival.form.files else "")
    assert first.status_code in (303, 400), first.text
    before = stored(bench)
    changed = state_of(bench, here, action, mine) != state_of(bench, here, action, mine, shown)
    late = await send(bench, action, mine, here.actor, MY_FILE if here.form.files else "")
    if late.status_code == 303:
        after = stored(bench)
        kept = "Changed by others meanwhile, and kept" in str(after["form_answer"][-1])
        assert kept == changed
        if not changed:
            # What the other person did is there as they left it; an erasure forgets what forms were answered.
            del before["form_answer"]
            lost = {name: set(rows) - set(start[name]) - set(after[name]) for name, rows in before.items()}
            assert {name: rows for name, rows in lost.items() if rows} == {}
        return changed
    assert late.status_code == (409 if changed else 400), late.text
    assert stored(bench) == before
    typed = [value for values in mine.values() for value in values if MY_WORDS in value]
    assert [value for value in typed if value not in late.text] == []
    assert not changed or len(table(late.text)) > 1
    return changed


@EVERY
async def test_a_form_that_comes_in_late_overwrites_nothing_and_loses_no_word(
    form: Form, found: dict[str, Found], made_scene: Path, tmp_path: Path
) -> None:
    here, told = found[form.path], 0
    for number, rival in enumerate(one for one in found.values() if one.form.page == form.page):
        async with scene(copy_of(made_scene, tmp_path, f"{number}.db")) as bench:
            told += await come_late(bench, here, rival)
    # What overwrites nothing has nobody to be told of.
    assert told or form.rests_on is None or form.name == "draw"


async def test_two_people_who_draw_for_the_same_coder_do_it_once(
    found: dict[str, Found], stage: Bench
) -> None:
    here = next(one for one in found.values() if one.form.name == "draw")
    action, mine = await filled(stage, here, MY_WORDS)
    _, theirs = await filled(stage, here, THEIR_WORDS, here.rival)
    assert (await send(stage, action, theirs, here.rival)).status_code == 303
    late = await send(stage, action, mine, here.actor)
    assert late.status_code == 409 and "drawn by second-1" in table(late.text)[1][2]
