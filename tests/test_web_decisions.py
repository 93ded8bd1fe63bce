"""The pages on decisions and challenges: who is shown what, what is refused in words, and what is stored."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from assessment_example import add, assess_plainly, item_at
from evidence_rows import finding
from form_bench import AT, Bench, opened
from reading import Outline
from two_reviews import ADMINISTRATOR, LEAD, MODERATOR, REVIEWER, person, two_reviews

from assessment.decisions.challenges import close_challenge, raise_challenge, reply_to_challenge
from assessment.decisions.decide import approve, decision_states, override
from assessment.decisions.panel import open_panel
from assessment.decisions.standing import Standing
from assessment.runs.audit import audit_programme
from joint_review.web.page import Page
from joint_review.web.routes import all_forms, all_pages
from programme.database import Database

pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

HEARSAY = finding("I1", "strength", domains="carers;workforce", finding="Everybody says so.")
TRAIL, DECISIONS, CHALLENGES = "/reviews/r1/trail/carers", "/reviews/r1/decisions", "/reviews/r1/challenges"
THIS = {"target": "carers", "run": "1"}
RAISED = {"kind": "rating", "target": "carers", "ground": "one source", "text": "One visit only."}


SECOND, OTHER = person("lead-2", "lead"), person("moderator-2", "moderator", "r2")


@pytest.fixture
async def bench(db: Database, tmp_path: Path) -> AsyncIterator[Bench]:
    """A review with enough in every domain and a run by the lead; beside it one without a run."""
    assess_plainly(db, two_reviews(db, HEARSAY))
    async with opened(tmp_path / "programme.db") as found:
        yield found


def state(bench: Bench, target: str = "carers") -> dict[str, Any]:
    states = bench.in_file(lambda db, review: decision_states(Standing(db, review)))
    found: dict[str, Any] = next(row for row in states if row["target"] == target)
    return found


def forms(text: str) -> set[str]:
    """The forms of decisions and challenges that a page shows."""
    return set(re.findall(r'action="/reviews/r1/(?:decisions|challenges(?:/\d+)?)/([a-z-]+)', text))


# Who is shown what ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TRAIL, f"{DECISIONS}?target=carers"])
async def test_the_forms_to_decide_are_shown_to_who_may_and_the_refusal_to_who_made_the_run(
    bench: Bench, path: str
) -> None:
    for actor, shown in ((REVIEWER, set()), (LEAD, {"override"}), (MODERATOR, {"accept", "override"})):
        page = await bench.get(path, actor)
        assert page.status_code == 200 and forms(page.text) == shown
        assert ("You cannot accept it: run 1 was recorded by lead" in page.text) == (actor is LEAD)
        assert 'name="run" value="1"' in page.text or not shown


async def test_every_rating_and_the_cell_stand_on_the_page_of_decisions_in_words(bench: Bench) -> None:
    found = (await bench.get(f"{DECISIONS}.json", REVIEWER)).json()
    assert [row["target"] for row in found["states"]][-1] == "cell"
    assert {row["words"] for row in found["states"]} == {"proposed"}
    assert (found["settled"], found["deciding"], found["run"]["id"]) == (0, None, 1)
    page = (await bench.get(f"{DECISIONS}?target=cell", MODERATOR)).text
    assert forms(page) == {"accept"} and "To change it, override those" in page


async def test_before_the_first_run_and_the_first_challenge_pages_say_so(bench: Bench) -> None:
    page = await bench.get("/reviews/r2/decisions?target=carers", OTHER)
    assert page.status_code == 200 and "has not been assessed yet" in page.text
    page = await bench.get("/reviews/r2/challenges", OTHER)
    assert "Nothing has been challenged yet." in page.text and 'id="raise"' in page.text
    assert 'id="raise"' not in (await bench.get(CHALLENGES, LEAD)).text


async def test_links_on_trails_measures_and_items_lead_to_a_challenge_with_its_target_filled_in(
    bench: Bench,
) -> None:
    item = bench.in_file(lambda db, review: item_at(db, review, HEARSAY))
    for path, kind, target in (
        (TRAIL, "rating", "carers"),
        (f"{TRAIL}/strengths_share", "measure", "carers.strengths_share"),
        (f"/reviews/r1/items/{item}", "item", f"E{item}"),
        ("/reviews/r1/rule/carers.mainly-good.strengths", "rule", "carers.mainly-good.strengths"),
    ):
        link = f"{CHALLENGES}?kind={kind}&amp;target={target}#raise"
        assert link in (await bench.get(path, MODERATOR)).text
        assert link not in (await bench.get(path, LEAD)).text
        page = (await bench.get(link.partition("#")[0].replace("&amp;", "&"), MODERATOR)).text
        assert f'<option value="{kind}" selected>' in page and f'value="{target}"' in page
        done = await bench.send(f"{CHALLENGES}/raise", RAISED | {"kind": kind, "target": target}, MODERATOR)
        assert done.status_code == 303, done.text


async def test_pages_are_sound_when_there_is_much_to_show(bench: Bench) -> None:
    await bench.send(f"{DECISIONS}/override", {**THIS, "level": "excellent", "because": "Seen."}, MODERATOR)
    await bench.send(f"{CHALLENGES}/raise", RAISED, MODERATOR)
    both = {"id": "lead-2", "held": [["lead", "r1"], ["moderator", "r1"]], "all_reviews": []}
    await bench.send(f"{CHALLENGES}/1/reply", {"text": "Three."}, both)
    paths = [DECISIONS, f"{DECISIONS}?target=carers", f"{DECISIONS}?target=cell", TRAIL]
    paths += [CHALLENGES, f"{CHALLENGES}/1"]
    for closed in (False, True):
        if closed:
            given = {"outcome": "upheld", "because": "Yes."}
            await bench.send(f"{CHALLENGES}/1/close", given, both)
        for path in paths:
            text = (await bench.get(path, both)).text
            outline = Outline(text)
            assert outline.problems == [] and set(outline.controls) <= outline.labelled
            assert len(outline.ids) == len(set(outline.ids)) and outline.headings.count(1) == 1
            assert set(outline.pointed_at) <= set(outline.ids)
            assert "None" not in re.sub(r"<[^>]*>", " ", text) and "Undefined" not in text
    assert (await bench.get(f"{CHALLENGES}/1.json", both)).json()["challenge"]["state"] == "upheld"


# Who may --------------------------------------------------------------------------------------------------

OURS = [form for form in all_forms() if "/decisions" in form.page or "/challenges" in form.page]
GIVEN = {
    **RAISED,
    "run": "1",
    "level": "excellent",
    "because": "x",
    "outcome": "upheld",
}


@pytest.mark.parametrize("form", OURS, ids=lambda form: form.name)
async def test_forms_are_refused_to_wrong_roles_and_other_reviews_and_change_nothing(
    bench: Bench, form: Any
) -> None:
    bench.in_file(lambda db, review: raise_challenge(db, review, "rating", "services", **CLAIM))
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: {"review": "r1", "challenge": "1"}[m[1]], form.path)
    wrong = person("lead-2", "lead") if form.name in ("raise", "close") else REVIEWER
    # Everybody who has a role in the review takes part in a conversation about it.
    wrongs = [] if form.name == "reply" else [wrong]
    before = bench.state()
    for actor in (None, *wrongs, OTHER, ADMINISTRATOR):
        for ending in ("", ".json"):
            assert (await bench.send(path + ending, GIVEN, actor)).status_code == 403
    assert bench.state() == before


CLAIM = {"ground": "one source", "text": "One visit only.", "by": "moderator-1", "at": AT}


async def test_a_challenge_is_read_answered_and_closed_in_its_own_review_only(bench: Bench) -> None:
    bench.in_file(lambda db, review: raise_challenge(db, review, "rating", "carers", **CLAIM))
    both = {"id": "lead-9", "held": [["lead", "r2"], ["moderator", "r2"]], "all_reviews": []}
    before = bench.state()
    for number in ("1", "2"):
        page = await bench.get(f"/reviews/r2/challenges/{number}.json", both)
        assert page.status_code == 404 and "One visit" not in page.text
    told = (await bench.get("/reviews/r2/challenges/1.json", both)).json()
    other = (await bench.get("/reviews/r2/challenges/2.json", both)).json()
    assert told["error"].replace("1", "2") == other["error"] and told["hint"] == other["hint"]
    for name, given in (("reply", {"text": "No."}), ("close", {"outcome": "upheld", "because": "Yes."})):
        done = await bench.send(f"/reviews/r2/challenges/1/{name}.json", given, both)
        assert done.status_code == 400 and "One visit" not in done.text
    assert bench.state() == before


async def test_pages_of_another_review_are_closed(bench: Bench) -> None:
    for page, _ in all_pages():
        if isinstance(page, Page) and ("/decisions" in page.path or "/challenges" in page.path):
            path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: "r1" if m[1] == "review" else "1", page.path)
            for actor in (None, OTHER):
                assert (await bench.get(f"{path}.json", actor)).status_code == 403


# What is refused in words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "actor", "says"),
    [
        ("accept", LEAD, "run 1 was recorded by lead, who cannot accept its ratings"),
        ("approve", SECOND, "no override of the rating of “Support for carers” awaits approval"),
        ("take-back", SECOND, "the rating of “Support for carers” has no decision to take back"),
    ],
)
async def test_what_cannot_be_done_is_said_on_the_page_without_commands(
    bench: Bench, name: str, actor: dict[str, Any], says: str
) -> None:
    before = bench.state()
    for ending in ("", ".json"):
        done = await bench.send(f"{DECISIONS}/{name}{ending}?target=carers", {**THIS, "because": "x"}, actor)
        assert done.status_code == 400
        text = done.json()["error"] if ending else done.text.replace("&#39;", "'")
        assert says.lower() in text.lower() and "joint-review " not in text
    assert bench.state() == before


async def test_an_own_override_is_approved_by_another_only(bench: Bench) -> None:
    given = {**THIS, "level": "excellent", "because": "Seen on visits."}
    done = await bench.send(f"{DECISIONS}/override", {**given, "back": "trail"}, MODERATOR)
    assert (done.status_code, done.headers["location"]) == (303, f"{TRAIL}#deciding")
    assert state(bench)["state"] == "override awaiting approval"
    own = (await bench.get(TRAIL, MODERATOR)).text
    assert (
        "You cannot approve the override: the rating of “Support for carers” was overridden by moderator-1"
        in own
    )
    assert "approve" not in forms(own)
    assert (await bench.send(f"{DECISIONS}/approve", THIS, MODERATOR)).status_code == 400
    assert "approve" in forms((await bench.get(TRAIL, SECOND)).text)
    done = await bench.send(f"{DECISIONS}/approve", THIS, SECOND)
    assert (done.status_code, state(bench)["approval"]["by"]) == (303, "lead-2")
    assert "Approved by lead-2 on run 1" in (await bench.get(DECISIONS, REVIEWER)).text
    done = await bench.send(f"{DECISIONS}/take-back.json", {**THIS, "because": "A slip."}, MODERATOR)
    assert done.json()["ok"] is True and state(bench)["state"] == "proposed"
    assert bench.in_file(lambda db, _: audit_programme(db).problems) == ()


async def test_several_ratings_are_accepted_at_once_and_bars_stand_beside_the_others(bench: Bench) -> None:
    await bench.send(f"{CHALLENGES}/raise", RAISED, MODERATOR)
    done = await bench.send(f"{DECISIONS}/accept", {"target": "resources", "run": "1"}, MODERATOR)
    assert done.status_code == 303
    found = (await bench.get(f"{DECISIONS}.json", SECOND)).json()["acceptable"]
    bars = {row["target"]: row["bar"] for row in found}
    # The challenge to carers bars the question above it and the position; resources are accepted already.
    barred = {"carers", "services", "cell"}
    assert {target for target, bar in bars.items() if bar} == barred and "resources" not in bars
    assert (
        len(bars) == 15
        and bars["carers"]
        == "the rating of “Support for carers” cannot be accepted while challenge 1 is open"
    )
    page = (await bench.get(DECISIONS, SECOND)).text
    assert 'id="many-workforce"' in page and 'id="many-carers"' not in page
    assert "The rating of “Support for carers” cannot be accepted while challenge 1 is open." in page
    before = bench.state()
    refused = await bench.send(
        f"{DECISIONS}/accept-many", {"target": ["workforce", "carers"], "run": "1"}, SECOND
    )
    assert refused.status_code == 400 and 'value="workforce" checked' in refused.text
    assert bench.state() == before
    none = await bench.send(f"{DECISIONS}/accept-many.json", {"run": "1"}, SECOND)
    assert none.json()["mistakes"] == {"target": "Tick at least one."}
    given = {"target": ["workforce", "leadership"], "run": "1", "because": "Read."}
    assert (await bench.send(f"{DECISIONS}/accept-many", given, SECOND)).status_code == 303
    assert "2 ratings are accepted, on run 1." in (await bench.get(DECISIONS, SECOND)).text
    for target in ("workforce", "leadership"):
        assert state(bench, target)["decision"]["by"] == "lead-2" and state(bench, target)["settled"]
    assert state(bench)["state"] == "proposed"


async def test_who_made_the_run_is_told_that_they_can_accept_none_and_who_may_not_decide_nothing(
    bench: Bench,
) -> None:
    page = (await bench.get(DECISIONS, LEAD)).text
    assert "You cannot accept any of these now." in page and "Accept ticked ratings" not in page
    page = await bench.get(f"{DECISIONS}.json", REVIEWER)
    assert page.json()["acceptable"] == []


async def test_while_a_challenge_is_open_the_page_names_it_and_offers_no_acceptance(bench: Bench) -> None:
    await bench.send(f"{CHALLENGES}/raise", RAISED, MODERATOR)
    for path in (TRAIL, f"{DECISIONS}?target=carers", "/reviews/r1/trail/cell"):
        page = (await bench.get(path, SECOND)).text
        assert f'href="{CHALLENGES}/1"' in page and "accept" not in forms(page)
    done = await bench.send(f"{DECISIONS}/accept.json", THIS, SECOND)
    assert (
        done.json()["error"]
        == "The rating of “Support for carers” cannot be accepted while challenge 1 is open."
    )
    assert "accept" in forms((await bench.get("/reviews/r1/trail/workforce", SECOND)).text)


async def test_while_a_panel_votes_nothing_can_be_decided(bench: Bench) -> None:
    members = ["reviewer-1", "lead-2"]
    bench.in_file(lambda db, review: open_panel(db, review, "carers", members, by="lead", at=AT))
    page = (await bench.get(TRAIL, SECOND)).text
    assert "A panel is voting on it" in page and forms(page) == set()
    given = {**THIS, "level": "excellent", "because": "x"}
    for name in ("accept", "override"):
        done = await bench.send(f"{DECISIONS}/{name}.json", given, SECOND)
        assert (
            done.status_code == 400
            and "a panel is voting on the rating of “support for carers”" in done.json()["error"].lower()
        )


async def test_a_decision_counts_for_the_run_that_was_looked_at(bench: Bench) -> None:
    def change(db: Database, review: Any) -> None:
        override(db, review, "carers", "excellent", by="moderator-1", because="Seen.", at=AT)
        approve(db, review, "carers", by="lead-2", at=AT)
        assess_plainly(db, review)

    await bench.get(TRAIL, SECOND)
    bench.in_file(change)
    done = await bench.send(f"{DECISIONS}/accept.json", THIS, SECOND)
    assert done.status_code == 400
    assert "A later run (2) changed the rating of “Support for carers”" in done.json()["error"]
    unknown = await bench.send(f"{DECISIONS}/accept.json", {**THIS, "run": "77"}, SECOND)
    assert unknown.status_code == 400 and "77" in unknown.json()["error"]


async def test_an_override_is_refused_when_the_rules_now_propose_something_else(bench: Bench) -> None:
    def worsen(db: Database, review: Any) -> None:
        add(db, review, *(finding("C1", "weakness", 3) for _ in range(40)))
        assess_plainly(db, review)

    bench.in_file(worsen)
    given = {**THIS, "level": "excellent", "because": "Seen."}
    done = await bench.send(f"{DECISIONS}/override.json", given, SECOND)
    assert (
        done.json()["error"] == "A later run (2) changed the proposal for the rating of “Support for carers”."
    )
    page = (await bench.get(f"{DECISIONS}?target=carers&run=1", SECOND)).text
    assert "You are looking at run 1, not the latest." in page and "override" not in forms(page)
    assert (await bench.send(f"{DECISIONS}/override", given | {"run": "2"}, SECOND)).status_code == 303
    assert state(bench)["decision"]["run"] == 2


@pytest.mark.parametrize(
    ("path", "given", "mistake"),
    [
        (f"{DECISIONS}/override", {**THIS, "because": "x"}, {"level": "Choose a level."}),
        (f"{DECISIONS}/override", {**THIS, "level": "excellent"}, {"because": "Say why."}),
        (f"{DECISIONS}/accept", {"run": "1"}, {"target": "Choose a rating."}),
        (f"{CHALLENGES}/raise", RAISED | {"text": " "}, {"text": "Say what is wrong."}),
        (f"{CHALLENGES}/raise", RAISED | {"ground": ""}, {"ground": "Choose a ground."}),
        (f"{CHALLENGES}/1/close", {"because": "x"}, {"outcome": "Choose an outcome."}),
    ],
)
async def test_what_is_not_filled_in_is_said_beside_its_field_and_what_was_typed_is_kept(
    bench: Bench, path: str, given: dict[str, str], mistake: dict[str, str]
) -> None:
    bench.in_file(lambda db, review: raise_challenge(db, review, "rating", "carers", **CLAIM))
    page = await bench.refused(path, given, mistake, MODERATOR, "?target=carers")
    assert next(iter(mistake.values())) in page


# Challenges -----------------------------------------------------------------------------------------------


async def test_a_challenge_is_raised_answered_and_closed_with_what_was_changed(bench: Bench) -> None:
    done = await bench.send(f"{CHALLENGES}/raise", RAISED, MODERATOR)
    assert done.headers["location"] == f"{CHALLENGES}/1"
    page = (await bench.get(f"{CHALLENGES}/1", LEAD)).text
    assert forms(page) == {"reply"} and "One visit only." in page
    assert forms((await bench.get(f"{CHALLENGES}/1", MODERATOR)).text) == {"reply", "close"}
    await bench.send(f"{CHALLENGES}/1/reply", {"text": "E14 says <so> too."}, LEAD)
    done = await bench.send(f"{CHALLENGES}/1/reply", {"text": "That is one more visit."}, MODERATOR)
    assert done.status_code == 303
    refused = await bench.send(
        f"{CHALLENGES}/1/close.json",
        {"outcome": "upheld", "because": "It is.", "changed": "carers"},
        MODERATOR,
    )
    assert "Nothing about “Support for carers” has changed since challenge 1" in refused.json()["error"]
    assert "--changed" not in refused.text
    await bench.send(f"{DECISIONS}/override", {**THIS, "level": "excellent", "because": "Seen."}, MODERATOR)
    given = {"outcome": "partly upheld", "because": "It is.", "changed": "carers"}
    assert (await bench.send(f"{CHALLENGES}/1/close", given, MODERATOR)).status_code == 303
    page = (await bench.get(f"{CHALLENGES}/1", REVIEWER)).text
    assert page.index("E14 says &lt;so&gt; too.") < page.index("That is one more visit.")
    assert "“Support for carers” rated Excellent" in page
    assert "No run has been recorded since." in page and forms(page) == set()
    late = await bench.send(f"{CHALLENGES}/1/reply.json", {"text": "Wait."}, LEAD)
    assert "was closed by moderator-1" in late.json()["error"] and "joint-review" not in late.text
    assert bench.in_file(lambda db, _: audit_programme(db).problems) == ()


async def test_the_replies_to_a_challenge_are_shown_fifty_on_a_page_the_latest_first_asked_for(
    bench: Bench,
) -> None:
    def reply_often(db: Database, review: Any) -> None:
        raise_challenge(db, review, "rating", "carers", **CLAIM)
        for n in range(52):
            reply_to_challenge(db, 1, text=f"Reply {n + 1}.", by="lead-1", at=AT)

    bench.in_file(reply_often)
    latest = (await bench.get(f"{CHALLENGES}/1", REVIEWER)).text
    assert "Reply 52." in latest and "Reply 50." not in latest and "51 to 52 of 52" in latest
    first = (await bench.get(f"{CHALLENGES}/1.json?page=1", REVIEWER)).json()
    assert [one["text"] for one in first["challenge"]["replies"]] == [f"Reply {n}." for n in range(1, 51)]
    assert (await bench.get(f"{CHALLENGES}/1?page=3", REVIEWER)).status_code == 404


async def test_the_register_has_the_open_challenges_first(bench: Bench) -> None:
    for target in ("carers", "workforce", "services"):
        await bench.send(f"{CHALLENGES}/raise", RAISED | {"target": target}, MODERATOR)
    await bench.send(f"{CHALLENGES}/3/close", {"outcome": "withdrawn", "because": "A slip."}, MODERATOR)
    found = (await bench.get(f"{CHALLENGES}.json", REVIEWER)).json()
    assert [row["number"] for row in found["challenges"]] == [2, 1, 3] and found["open"] == 2


async def test_open_or_closed_challenges_are_shown_alone_fifty_on_a_page(bench: Bench) -> None:
    def raise_many(db: Database, review: Any) -> None:
        for n in range(52):
            raise_challenge(db, review, "rating", "carers", **CLAIM | {"text": f"Doubt {n + 1}."})
        close_challenge(db, 7, "upheld", because="Yes.", by="moderator-1", at=AT)

    bench.in_file(raise_many)
    first = (await bench.get(f"{CHALLENGES}.json", REVIEWER)).json()
    second = (await bench.get(f"{CHALLENGES}.json?page=2", REVIEWER)).json()
    # 52 down to 1 without the closed one, which comes last.
    numbers = [row["number"] for row in (*first["challenges"], *second["challenges"])]
    assert numbers == [*range(52, 7, -1), *range(6, 0, -1), 7] and len(second["challenges"]) == 2
    assert (first["open"], first["closed"]) == (51, 1)
    closed = (await bench.get(f"{CHALLENGES}.json?only=closed", REVIEWER)).json()
    assert [row["number"] for row in closed["challenges"]] == [7]
    page = (await bench.get(CHALLENGES, REVIEWER)).text
    assert 'href="/reviews/r1/challenges?only=open"' in page and "1 to 50 of 52" in page
    page = (await bench.get(f"{CHALLENGES}?only=open&page=2", REVIEWER)).text
    assert "51 to 51 of 51" in page and Outline(page).problems == []
    assert (await bench.get(f"{CHALLENGES}?only=lost", REVIEWER)).status_code == 404


async def test_only_who_raised_a_challenge_is_offered_to_withdraw_it(bench: Bench) -> None:
    await bench.send(f"{CHALLENGES}/raise", RAISED, MODERATOR)
    other = person("moderator-3", "moderator")
    for actor, offered in ((MODERATOR, True), (other, False)):
        outcomes = (await bench.get(f"{CHALLENGES}/1.json", actor)).json()["outcomes"]
        assert ("withdrawn" in outcomes) == offered
    done = await bench.send(f"{CHALLENGES}/1/close.json", {"outcome": "withdrawn", "because": "x"}, other)
    assert done.status_code == 400 and "only they can withdraw it" in done.json()["error"]
