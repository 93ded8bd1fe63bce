"""The page on erasing: who sees it, who asks, who approves; and how long a review is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from assessment_example import AT
from form_bench import LEAD, MODERATOR, REVIEW, REVIEWER, SOURCE, Bench, made, opened, programme

from assessment.runs.audit import audit_programme
from evidence.files.texts import GivenFile
from evidence.sources import SourceDetails, add_sources
from joint_review.opening import UPGRADES
from programme.database import Database, one
from programme.reviews import Review

__all__ = ["made", "programme"]
PAGE = f"{REVIEW}/erasure"
WORDS = "Carers waited. Mae'r tŷ ar y dŵr."
ASK = {"kind": "source", "target": "D-001", "because": "Consent was withdrawn."}


@pytest.fixture
async def bench(programme: Path) -> AsyncIterator[Bench]:
    async with opened(programme) as found:
        yield found


def held(bench: Bench) -> bool:
    """Whether any file of the database holds the words."""
    files = [bench.path, bench.path.with_name(bench.path.name + "-wal")]
    return any(WORDS.encode() in path.read_bytes() for path in files if path.exists())


async def test_one_asks_another_approves_and_no_byte_is_left_under_a_running_server(bench: Bench) -> None:
    assert held(bench)
    done = await bench.send(f"{PAGE}/request.json", ASK, LEAD)
    assert done.json() == {
        "ok": True,
        "message": "Request 1 recorded. Nothing is erased until another person approves it.",
        "request": 1,
    }
    page = (await bench.get(f"{PAGE}?request=1", MODERATOR)).text
    assert "Awaits approval by another person" in page and "source_page" in page
    assert held(bench)
    done = await bench.send(f"{PAGE}/approve.json", {"request": "1"}, MODERATOR)
    found = done.json()
    assert (
        found["ok"] and found["cleared"] and "for stretches of these words: none is left" in found["message"]
    )
    assert not held(bench)
    assert "Erased</strong> by moderator-1" in (await bench.get(PAGE, LEAD)).text
    assert "█" in (await bench.get(f"{SOURCE}?page=1", LEAD)).text
    whole = bench.in_file(lambda db, _: audit_programme(db, upgrades=UPGRADES), "north")
    assert whole.problems == () and whole.revised != ()


async def test_words_that_another_review_holds_are_said_to_be_there(bench: Bench) -> None:
    def same_words(db: Database, review: Review) -> None:
        page = one(db, "select text from source_page order by id limit 1")
        add_sources(db, review, [GivenFile("copy.txt", page.encode())], SourceDetails(), by="root", at=AT)

    bench.in_file(same_words, "south")
    await bench.send(f"{PAGE}/request.json", ASK, LEAD)
    said = (await bench.send(f"{PAGE}/approve.json", {"request": "1"}, MODERATOR)).json()
    assert said["cleared"] and "another review, or what stays, has them too" in said["message"]
    assert "older state" not in said["message"] and held(bench)


async def test_who_asked_is_told_that_another_person_approves(bench: Bench) -> None:
    await bench.send(f"{PAGE}/request", ASK, LEAD)
    page = (await bench.get(PAGE, LEAD)).text
    assert "You cannot approve it" in page and "Erase these words" not in page
    done = await bench.send(f"{PAGE}/approve", {"request": "1"}, LEAD)
    assert done.status_code == 400 and "who cannot approve it" in done.text
    assert held(bench)


async def test_a_reviewer_neither_sees_the_page_nor_asks(bench: Bench) -> None:
    assert (await bench.get(PAGE, REVIEWER)).status_code == 403
    for name in ("request", "approve", "refuse", "take-back", "retain"):
        assert (await bench.send(f"{PAGE}/{name}", ASK | {"request": "1"}, REVIEWER)).status_code == 403
    assert "Erasing and keeping" not in (await bench.get(REVIEW, REVIEWER)).text
    assert "Erasing and keeping" in (await bench.get(REVIEW, LEAD)).text


async def test_what_is_missing_is_named_beside_its_field_and_what_was_typed_stays(bench: Bench) -> None:
    done = await bench.send(f"{PAGE}/request", {"because": "Consent was withdrawn."}, LEAD)
    assert done.status_code == 400
    assert "Choose what is to be erased." in done.text and "Consent was withdrawn." in done.text
    done = await bench.send(f"{PAGE}/request", ASK | {"target": "D-099"}, LEAD)
    assert done.status_code == 400 and "there is no source" in done.text.lower()


async def test_a_request_is_taken_back_by_who_made_it_and_refused_by_others(bench: Bench) -> None:
    await bench.send(f"{PAGE}/request", ASK, LEAD)
    why = {"request": "1", "because": "It is needed."}
    assert (await bench.send(f"{PAGE}/take-back", why, MODERATOR)).status_code == 400
    assert (await bench.send(f"{PAGE}/take-back.json", why, LEAD)).json()["outcome"] == "taken back"
    await bench.send(f"{PAGE}/request", ASK, LEAD)
    refused = await bench.send(f"{PAGE}/refuse.json", why | {"request": "2"}, MODERATOR)
    assert refused.json()["outcome"] == "refused"
    assert held(bench)


async def test_a_review_shows_until_when_it_is_kept_and_what_is_due(bench: Bench) -> None:
    wrong = await bench.send(f"{PAGE}/retain", {"until": "soon", "because": "Schedule."}, LEAD)
    assert wrong.status_code == 400 and "This is not a date." in wrong.text
    await bench.send(f"{PAGE}/retain", {"until": "31 March 2020", "because": "Schedule 4."}, LEAD)
    page = (await bench.get(PAGE, LEAD)).text
    assert "31 March 2020" in page and "this day has passed" in page
    assert "Kept until" in (await bench.get("/reviews", LEAD)).text
    await bench.send(f"{PAGE}/retain", {"until": "31 March 2099", "because": "Schedule 5."}, LEAD)
    listed = (await bench.get("/reviews", LEAD)).text
    assert "31 March 2099" in listed and "31 March 2020" not in listed
    assert held(bench), "nothing is erased by itself"
