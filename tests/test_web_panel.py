"""The pages on panels: who is shown what, what stays hidden, what is refused in words, and what is stored."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, assess_plainly
from form_bench import Bench, opened
from reading import Outline
from two_reviews import ADMINISTRATOR, LEAD, MODERATOR, OTHER, REVIEWER, person, two_reviews

from assessment.decisions.panel import show_panels
from assessment.runs.audit import audit_programme
from joint_review.opening import open_programme
from programme.database import Database
from programme.reviews import find_review
from programme.users import add_user, disable_user

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

LIST, ONE = "/reviews/r1/panel", "/reviews/r1/panel/carers"
HIDDEN = "Seen with my own eyes"


SECOND_REVIEWER = person("reviewer-2", "reviewer")
THREE = {"member": ["reviewer-1", "reviewer-2", "moderator-1"]}


@pytest.fixture
async def bench(db: Database, tmp_path: Path) -> AsyncIterator[Bench]:
    """A review with enough in every domain and a run by the lead, and users of it and of another."""
    assess_plainly(db, two_reviews(db))
    for one in (LEAD, MODERATOR, REVIEWER, SECOND_REVIEWER, OTHER, ADMINISTRATOR):
        [[role, key]] = one["held"]
        add_user(db, one["id"], role=role, review=key, by="lead", at=AT)
    add_user(db, "moderator-2", role="moderator", by="lead", at=AT)
    add_user(db, "reviewer-3", role="reviewer", review="r1", by="lead", at=AT)
    disable_user(db, "reviewer-3", by="lead", because="Left.", at=AT)
    async with opened(tmp_path / "programme.db") as found:
        yield found


async def voting(bench: Bench, *names: str) -> None:
    """A panel on carers, and the votes of these members."""
    done = await bench.send(f"{ONE}/open", THREE, LEAD)
    assert (done.status_code, done.headers["location"]) == (303, ONE), done.text
    for name in names:
        await vote(bench, name)


async def vote(bench: Bench, name: str, level: str = "excellent") -> Any:
    role = "moderator" if name.startswith("moderator") else "reviewer"
    given = {"level": level, "because": f"{HIDDEN}, says {name}."}
    return await bench.send(f"{ONE}/vote", given, person(name, role))


def stored(bench: Bench) -> list[dict[str, Any]]:
    db = open_programme(bench.path)
    try:
        assert audit_programme(db).problems == ()
        return show_panels(db, find_review(db, "r1"))
    finally:
        db.conn.close()


def forms(text: str) -> set[str]:
    return set(re.findall(r'action="/reviews/r1/panel/carers/([a-z]+)', text))


def words(text: str) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))


def spread(text: str) -> list[list[str]]:
    """The rows of the first table of a page, as words."""
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [words(cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)
    ]


# Who is shown what ----------------------------------------------------------------------------------------


async def test_a_panel_is_opened_by_leads_and_moderators_from_the_users_who_may_vote(bench: Bench) -> None:
    for actor, shown in ((REVIEWER, set()), (LEAD, {"open"}), (MODERATOR, {"open"})):
        page = (await bench.get(ONE, actor)).text
        assert forms(page) == shown and "There is no panel on this rating yet." in page
    found = (await bench.get(f"{ONE}.json", LEAD)).json()
    # Not who is disabled, manages users, or has a role in another review alone.
    assert found["voters"] == ["lead", "moderator-1", "moderator-2", "reviewer-1", "reviewer-2"]
    assert (found["panel"], found["before"], found["member"]) == (None, [], None)


async def test_members_see_the_form_to_vote_until_they_have_and_others_never(bench: Bench) -> None:
    await voting(bench)
    assert forms((await bench.get(ONE, REVIEWER)).text) == {"vote"}
    assert forms((await bench.get(ONE, MODERATOR)).text) == {"vote", "close"}
    assert forms((await bench.get(ONE, LEAD)).text) == {"close"}
    assert (await vote(bench, "reviewer-1")).headers["location"] == ONE
    page = (await bench.get(ONE, REVIEWER)).text
    assert forms(page) == set() and "You have voted" in page
    assert "Your vote on Support for carers is recorded. It is shown once all members have voted." in page


async def test_the_list_says_whose_vote_is_waited_for_and_who_has_voted(bench: Bench) -> None:
    await voting(bench, "reviewer-1")
    found = (await bench.get(f"{LIST}.json", SECOND_REVIEWER)).json()
    assert [row["target"] for row in found["ratings"] if row["yours"]] == ["carers"] and found["open"] == 1
    assert len(found["ratings"]) == 15
    page = (await bench.get(LIST, SECOND_REVIEWER)).text
    assert "Waiting for your vote" in page and f'href="{ONE}#vote"' in page and "1 of 3 voted" in page
    for actor in (REVIEWER, LEAD):
        assert "Waiting for your vote" not in (await bench.get(LIST, actor)).text
    assert 'href="/reviews/r1/panel/workforce#open"' in (await bench.get(LIST, LEAD)).text
    assert f'href="{ONE}#open"' not in (await bench.get(LIST, LEAD)).text
    assert "#open" not in (await bench.get(LIST, REVIEWER)).text


async def test_no_page_tells_a_vote_before_all_have_voted_not_even_to_the_voter(bench: Bench) -> None:
    await voting(bench, "reviewer-1", "moderator-1")
    assert bench.rows("select count(*) from vote") == [(2,)]
    pages = [
        LIST,
        ONE,
        "/reviews/r1/trail/carers",
        "/reviews/r1/decisions",
        "/reviews/r1/decisions?target=carers",
    ]
    for actor in (REVIEWER, SECOND_REVIEWER, MODERATOR, LEAD):
        for path in pages:
            head, _, query = path.partition("?")
            for address in (path, f"{head}.json?{query}"):
                text = (await bench.get(address, actor)).text
                assert HIDDEN not in text, address
        found = (await bench.get(f"{ONE}.json", actor)).json()["panel"]
        assert (found["votes"], found["spread"], found["own_vote"]) == ([], None, None)
        assert found["spread_by_level"] == []
    refused = await bench.send(f"{ONE}/vote.json", {"level": "poor", "because": "x"}, MODERATOR)
    assert refused.status_code == 400 and HIDDEN not in refused.text
    assert (
        "moderator-1 has already voted on the rating of “support for carers”"
        in refused.json()["error"].lower()
    )


async def test_once_all_have_voted_the_spread_shows_in_the_order_of_levels_beside_the_proposal(
    bench: Bench,
) -> None:
    await voting(bench)
    for name, level in (("reviewer-1", "excellent"), ("reviewer-2", "inconsistent")):
        await vote(bench, name, level)
    done = await vote(bench, "moderator-1", "mainly-good")
    assert done.status_code == 303
    page = (await bench.get(ONE, REVIEWER)).text
    assert spread(page) == [
        ["Poor", "0", "–"],
        ["Inconsistent", "1 ●", "reviewer-2"],
        ["Mainly good ◆ median ▸ proposed by the rules", "1 ●", "moderator-1"],
        ["Excellent", "1 ●", "reviewer-1"],
    ]
    said = words(page)
    assert "3 votes, from Inconsistent to Excellent ; median Mainly good" in said
    assert "The rules proposed Mainly good in run 1." in said
    assert f"{HIDDEN}, says reviewer-2." in page
    found = (await bench.get(f"{ONE}.json", LEAD)).json()["panel"]
    assert [row["members"] for row in found["spread_by_level"]] == [
        [],
        ["reviewer-2"],
        ["moderator-1"],
        ["reviewer-1"],
    ]


async def test_of_an_even_number_of_votes_the_two_levels_in_the_middle_are_marked(bench: Bench) -> None:
    await bench.send(f"{ONE}/open", {"member": ["reviewer-1", "reviewer-2"]}, MODERATOR)
    await vote(bench, "reviewer-1", "poor")
    await vote(bench, "reviewer-2", "mainly-good")
    found = (await bench.get(f"{ONE}.json", LEAD)).json()["panel"]
    assert [row["level"] for row in found["spread_by_level"] if row["median"]] == ["poor", "mainly-good"]
    assert "median Poor to Mainly good" in words((await bench.get(ONE, LEAD)).text)


async def test_votes_that_agree_are_said_to(bench: Bench) -> None:
    await voting(bench, *THREE["member"])
    assert "All 3 votes are for Excellent" in words((await bench.get(ONE, LEAD)).text)


async def test_a_panel_closed_early_shows_the_votes_there_are_and_another_can_be_opened(bench: Bench) -> None:
    await voting(bench, "reviewer-1")
    done = await bench.send(f"{ONE}/close", {"because": "The others are ill."}, MODERATOR)
    assert done.status_code == 303
    page = (await bench.get(ONE, REVIEWER)).text
    assert "The others are ill." in page and HIDDEN in page and "did not vote" in page
    assert forms((await bench.get(ONE, LEAD)).text) == {"open"}
    await bench.send(f"{ONE}/open", {"member": ["lead", "reviewer-2"]}, LEAD)
    found = (await bench.get(f"{ONE}.json", LEAD)).json()
    assert (found["panel"]["number"], [one["number"] for one in found["before"]]) == (2, [1])
    page = (await bench.get(ONE, LEAD)).text
    assert "Panel 1, opened by lead" in page and HIDDEN in page
    assert [one["state"] for one in stored(bench)] == ["closed early", "open"]


async def test_trail_and_decisions_lead_to_the_panel(bench: Bench) -> None:
    link = f'href="{ONE}"'
    for voted in ((), THREE["member"]):
        if not voted:
            await voting(bench)
        for name in voted:
            await vote(bench, name)
        for path in (
            "/reviews/r1/trail/carers",
            "/reviews/r1/decisions",
            "/reviews/r1/decisions?target=carers",
        ):
            page = (await bench.get(path, REVIEWER)).text
            assert link in page and ("A panel is voting on it" in page) == (not voted)
    assert 'href="/reviews/r1/panel/workforce"' in (await bench.get("/reviews/r1/trail/workforce", LEAD)).text
    assert "/panel/cell" not in (await bench.get("/reviews/r1/trail/cell", LEAD)).text


async def test_titles_and_levels_are_in_welsh_where_that_is_asked(bench: Bench) -> None:
    await voting(bench, *THREE["member"])
    english = (await bench.get(f"{ONE}.json", LEAD)).json()
    welsh = (await bench.get(f"{ONE}.json?lang=cy", LEAD)).json()
    assert welsh["title"] == "Cymorth i ofalwyr" != english["title"]
    assert dict(welsh["levels"])["excellent"] == "Rhagorol"
    page = (await bench.get(f"{ONE}?lang=cy", LEAD)).text
    assert '<span lang="cy">Rhagorol</span>' in page and "/panel?lang=cy" in page
    assert "Cymorth i ofalwyr" in (await bench.get(f"{LIST}?lang=cy", LEAD)).text


async def test_pages_are_sound_in_every_state(bench: Bench) -> None:
    async def sound() -> None:
        for actor in (LEAD, MODERATOR, REVIEWER):
            for path in (LIST, ONE):
                page = await bench.get(path, actor)
                outline = Outline(page.text)
                assert page.status_code == 200 and outline.problems == []
                assert set(outline.controls) <= outline.labelled
                assert len(outline.ids) == len(set(outline.ids)) and outline.headings.count(1) == 1
                assert set(outline.pointed_at) <= set(outline.ids)
                assert "None" not in words(page.text) and "Undefined" not in page.text

    await sound()
    await voting(bench, "reviewer-1")
    await sound()
    await vote(bench, "reviewer-2")
    await vote(bench, "moderator-1", "poor")
    await sound()
    await bench.send(f"{ONE}/open", THREE, LEAD)
    await sound()
    await bench.send(f"{ONE}/close", {"because": "A slip."}, LEAD)
    await sound()


async def test_where_too_few_may_vote_the_page_says_so(bench: Bench) -> None:
    page = (await bench.get("/reviews/r2/panel/carers", person("root", "lead", "r2"))).text
    # Of the other review there are a lead, and a moderator of all reviews.
    assert "lead-2" in page and "moderator-2" in page and "needs at least two people" not in page
    db = open_programme(bench.path)
    disable_user(db, "lead-2", by="lead", because="Left.", at=AT)
    db.conn.close()
    page = (await bench.get("/reviews/r2/panel/carers", person("root", "lead", "r2"))).text
    assert "A panel needs at least two people who may vote in this review, and there is one." in words(page)


# Who may, and what is refused in words --------------------------------------------------------------------

GIVEN = {**THREE, "level": "excellent", "because": "x"}


@pytest.mark.parametrize("name", ["open", "vote", "close"])
async def test_forms_are_refused_to_wrong_roles_and_other_reviews_and_change_nothing(
    bench: Bench, name: str
) -> None:
    if name != "open":
        await voting(bench)
    before = bench.state()
    for actor in (None, OTHER, ADMINISTRATOR, *([REVIEWER] if name != "vote" else [])):
        for ending in ("", ".json"):
            assert (await bench.send(f"{ONE}/{name}{ending}", GIVEN, actor)).status_code == 403
    assert bench.state() == before


async def test_pages_of_another_review_are_closed(bench: Bench) -> None:
    for path in (LIST, ONE):
        for actor in (None, OTHER, ADMINISTRATOR):
            page = await bench.get(f"{path}.json", actor)
            assert page.status_code == 403 and "reviewer-1" not in page.text


@pytest.mark.parametrize(
    ("name", "given", "mistake"),
    [
        ("open", {}, {"member": "Tick at least two."}),
        ("open", {"member": ["reviewer-1"]}, {"member": "Tick at least two."}),
        (
            "open",
            {"member": ["reviewer-1", "lead-2"]},
            {"member": "'lead-2' may not vote in this review."},
        ),
        ("vote", {"because": "x"}, {"level": "Choose a level."}),
        ("vote", {"level": "excellent"}, {"because": "Say why."}),
        ("close", {}, {"because": "Say why."}),
    ],
)
async def test_what_is_not_filled_in_is_said_beside_its_field_and_what_was_typed_is_kept(
    bench: Bench, name: str, given: dict[str, Any], mistake: dict[str, str]
) -> None:
    if name != "open":
        await voting(bench)
    page = await bench.refused(f"{ONE}/{name}", given, mistake, MODERATOR)
    assert 'aria-invalid="true"' in page and next(iter(mistake.values())) in page
    for field, value in given.items():
        for one in [value] if isinstance(value, str) else value:
            kept = rf'value="{one}" checked' if field != "because" else rf">\n{one}</textarea>"
            assert re.search(kept, page) or one == "lead-2"


@pytest.mark.parametrize(
    ("name", "actor", "votes", "says"),
    [
        ("open", LEAD, (), "a panel is already voting on the rating of “Support for carers”"),
        ("vote", LEAD, (), "lead is not a member of the panel on the rating of “Support for carers”"),
        (
            "vote",
            REVIEWER,
            ("reviewer-1",),
            "reviewer-1 has already voted on the rating of “Support for carers”",
        ),
        ("vote", REVIEWER, THREE["member"], "no panel is voting on the rating of “Support for carers”"),
        ("close", LEAD, THREE["member"], "no panel is voting on the rating of “Support for carers”"),
    ],
)
async def test_what_cannot_be_done_is_said_on_the_page_without_commands(
    bench: Bench, name: str, actor: dict[str, Any], votes: tuple[str, ...], says: str
) -> None:
    await voting(bench, *votes)
    before = bench.state()
    for ending in ("", ".json"):
        done = await bench.send(f"{ONE}/{name}{ending}", GIVEN, actor)
        said = done.json()["error"] if ending else done.text
        assert done.status_code == 400 and says.lower() in said.lower() and "joint-review " not in done.text
        assert ending or 'role="alert"' in done.text
    assert bench.state() == before


@pytest.mark.parametrize("path", ["/reviews/r1/panel/nothing", "/reviews/nowhere/panel/carers"])
async def test_a_rating_there_is_not_is_not_found(bench: Bench, path: str) -> None:
    actor = person("everybody", "lead", None)
    assert (await bench.get(f"{path}.json", actor)).status_code == 404
    assert (await bench.send(f"{path}/open.json", GIVEN, actor)).status_code == 400


async def test_a_first_vote_is_given_once_and_stored_with_its_reason(bench: Bench) -> None:
    await voting(bench, *THREE["member"])
    [found] = stored(bench)
    assert found["state"] == "complete" and found["spread"]["votes"] == 3
    assert [vote["because"] for vote in found["votes"]] == [
        f"{HIDDEN}, says {n}." for n in sorted(THREE["member"])
    ]


async def test_a_queue_holds_the_panels_and_challenges_that_wait_for_its_reader(bench: Bench) -> None:
    async def waiting(actor: dict[str, Any]) -> tuple[list[str], list[int]]:
        found = (await bench.get("/reviews/r1/queue.json", actor)).json()
        return [row["target"] for row in found["votes"]], [row["number"] for row in found["challenges"]]

    await voting(bench, "reviewer-1")
    raised = {"kind": "rating", "target": "carers", "ground": "other", "text": "How do you know?"}
    await bench.send("/reviews/r1/challenges/raise", raised, MODERATOR)
    assert await waiting(REVIEWER) == ([], [1])
    assert await waiting(SECOND_REVIEWER) == (["carers"], [1])
    page = words((await bench.get("/reviews/r1/queue", SECOND_REVIEWER)).text)
    assert "1 panel waiting for your vote" in page and "How do you know?" in page
    await bench.send("/reviews/r1/challenges/1/reply", {"text": "We asked them."}, SECOND_REVIEWER)
    assert await waiting(SECOND_REVIEWER) == (["carers"], [])
