"""Forms: who may send them, what is refused, and that nothing changes then; over real HTTP requests."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from form_bench import HERE, LEAD, MODERATOR, REVIEW, SOURCE, TEXT, Bench, filled, made, opened, programme

from assessment.reasons.history import history_of
from assessment.runs.audit import audit_programme
from joint_review.opening import open_programme
from joint_review.web import access, uploads
from joint_review.web.routes import all_forms
from joint_review.web.signin import cookie_ending
from joint_review.web.uploads import LARGEST_FORM, MOST_FILES
from programme.database import Database
from programme.permissions import Role

__all__ = ["made", "programme"]

# Datasette asks SQLite for its version through connections it never closes (Python 3.13 warns of it).
pytestmark = pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")

ADMINISTRATOR = {"id": "administrator-1", "held": [["administrator", None]], "all_reviews": []}
ELSEWHERE = {"id": "reviewer-2", "held": [["reviewer", "south"]], "all_reviews": []}
OWNER = {"id": "everybody-1", "held": [[role.value, None] for role in Role], "all_reviews": []}
"""Holds every role, so that nothing but the form itself is a reason to refuse it."""
FINDING = {"quote": "Nobody asked.", "direction": "weakness", "significance": "2", "domain": "carers"}


@pytest.fixture
async def bench(programme: Path) -> AsyncIterator[Bench]:
    async with opened(programme) as found:
        yield found


PATHS = [filled(form.path) for form in all_forms()]
"""Every form there is."""
WITH_FILES = {filled(form.path) for form in all_forms() if form.files}


# Who may


@pytest.mark.parametrize(
    "actor", [None, ADMINISTRATOR, ELSEWHERE], ids=["anonymous", "administrator", "elsewhere"]
)
async def test_nobody_sends_a_form_of_a_review_without_a_role_in_it(
    bench: Bench, actor: dict[str, Any] | None
) -> None:
    before = bench.state()
    for path in (one + ending for one in PATHS for ending in ("", ".json")):
        for address in (path, path.replace("north", "nowhere")):
            done = await bench.send(address, {**FINDING, "item": "1", "because": "x"}, actor)
            assert done.status_code == 403, address
            assert "North" not in done.text
    assert bench.state() == before


async def test_who_is_signed_out_by_now_gets_back_what_they_had_typed(bench: Bench) -> None:
    before = bench.state()
    typed = {**FINDING, "note": "Seen on two visits.\n<b>Both</b>"}
    done = await bench.send(f"{SOURCE}/record", typed, None)
    assert done.status_code == 403 and "nothing was saved" in done.text
    assert "Nobody asked." in done.text and "Seen on two visits.\n&lt;b&gt;Both&lt;/b&gt;" in done.text
    assert f'name="next" value="{SOURCE}/record"' in done.text
    # Who is signed in and may not has no need of it, and a program is told in its own way.
    assert "Seen on two" not in (await bench.send(f"{SOURCE}/record", typed, ELSEWHERE)).text
    assert (await bench.send(f"{SOURCE}/record.json", typed, None)).json()["status"] == 403
    assert bench.state() == before


@pytest.mark.parametrize("name", ["record", "change", "withdraw", "place", "tag"])
async def test_a_moderator_reads_sources_but_does_not_tag(bench: Bench, name: str) -> None:
    before = bench.state()
    assert (await bench.get(SOURCE, MODERATOR)).status_code == 200
    assert (await bench.send(f"{SOURCE}/{name}", FINDING | {"item": "1"}, MODERATOR)).status_code == 403
    assert bench.state() == before


@pytest.mark.parametrize("token", [{}, {"csrftoken": ""}, {"csrftoken": "made up"}], ids=str)
async def test_a_form_without_its_token_is_refused_with_or_without_a_cookie_of_it(
    bench: Bench, token: dict[str, str]
) -> None:
    before = bench.state()
    for path in PATHS:
        await bench.token(OWNER)
        done = await bench.client.post(path, data={**FINDING, **token}, headers=HERE)
        assert done.status_code == 403, path
        files = {"files": ("a.txt", b"Words.")}
        done = await bench.client.post(path, data=token, files=files, headers=HERE)
        assert done.status_code == (403 if path in WITH_FILES else 400), path
        del bench.client.cookies[f"ds_csrftoken{cookie_ending([bench.path])}"]
        assert (await bench.client.post(path, data=FINDING, headers=HERE)).status_code == 403, path
    assert bench.state() == before


async def test_a_form_from_another_site_is_refused(bench: Bench) -> None:
    before, token = bench.state(), await bench.token(OWNER)
    for path in PATHS:
        for headers in ({}, {"origin": "http://elsewhere.example"}):
            done = await bench.client.post(path, data={**FINDING, "csrftoken": token}, headers=headers)
            assert done.status_code == 403, path
    assert bench.state() == before


async def test_the_address_of_a_form_leads_to_its_page(bench: Bench) -> None:
    for path in PATHS:
        done = await bench.get(f"{path}?page=1", OWNER)
        assert done.status_code == 303, path
        assert done.headers["location"] == path.rpartition("/")[0] + "?page=1"


# What cannot be read


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"\xff\xfe=1"),
        ("application/x-www-form-urlencoded", b"a=%ff"),
        ("multipart/form-data", b"--x\r\n\r\n"),
        ("multipart/form-data; boundary=x", b"--y\r\nno part\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="quote"\r\n\r\nno'),
        ("application/json", b'{"quote": "x"}'),
        ("", b"quote=x"),
    ],
)
async def test_a_body_that_is_no_form_is_refused_in_words(bench: Bench, kind: str, body: bytes) -> None:
    before, token = bench.state(), await bench.token(OWNER)
    for path in PATHS:
        for more in ({}, {"x-csrftoken": token}):
            headers = {**HERE, "content-type": kind, **more}
            done = await bench.client.post(path, content=body, headers=headers)
            assert done.status_code in (400, 403), f"{path}: {done.text}"
    assert bench.state() == before


async def test_a_form_is_read_up_to_a_limit_only(bench: Bench) -> None:
    before, token = bench.state(), await bench.token(OWNER)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield f"csrftoken={token}&note=".encode()
        while True:
            read += 100_000
            yield b"x" * 100_000

    headers = {**HERE, "content-type": "application/x-www-form-urlencoded"}
    for path in PATHS:
        read = 0
        done = await bench.client.post(path, content=endless(), headers=headers)
        assert done.status_code == 413, path
        assert read <= LARGEST_FORM + 500_000
    assert bench.state() == before


async def test_whoever_may_not_upload_is_told_before_their_files_are_read(bench: Bench) -> None:
    await bench.token(ELSEWHERE)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        while read < 50_000_000:
            read += 100_000
            yield b"x" * 100_000

    headers = {**HERE, "content-type": "multipart/form-data; boundary=x"}
    done = await bench.client.post(f"{REVIEW}/sources/add/files", content=endless(), headers=headers)
    assert done.status_code == 403
    assert read == 0


# Uploading


async def test_files_become_sources_whose_texts_can_be_searched_and_read(bench: Bench) -> None:
    files = [
        ("files", ("../../etc/Gweld y tŷ.txt", "Y tŷ ar y bryn.".encode())),
        ("files", ("minutes.md", b"# Minutes\n\nCarers were heard.")),
    ]
    done = await bench.send(f"{REVIEW}/sources/add/files", {"kind": "interview"}, LEAD, files=files)
    assert (done.status_code, done.headers["location"]) == (303, f"{REVIEW}/sources")
    page = await bench.get(f"{REVIEW}/sources", LEAD)
    assert "2 sources added." in page.text and "I-001" in page.text
    found = (await bench.get(f"{REVIEW}/sources.json?search=ty")).json()
    assert {(one["source"], one["page"]) for one in found["found"]} == {("D-001", 1), ("I-001", 1)}
    assert "Y tŷ ar y bryn." in (await bench.get(f"{REVIEW}/sources/I-001")).text
    assert bench.rows("select by from event where action = 'add sources' order by id desc")[0] == ("lead-1",)
    assert check_record(bench) == []


async def test_what_was_left_out_of_a_file_is_said_when_it_is_added_and_on_its_page(bench: Bench) -> None:
    page = b"<p>In 2007<sup>1</sup> <input type=checkbox checked>asked<p hidden>secret<p hidden>words"
    files = [
        ("files", ("form.html", page)),
        ("files", ("call.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nYes")),
    ]
    await bench.send(f"{REVIEW}/sources/add/files", {"kind": "interview"}, LEAD, files=files)
    assert "I-002: 2 hidden passages were left out." in (await bench.get(f"{REVIEW}/sources", LEAD)).text
    shown = (await bench.get(f"{REVIEW}/sources/I-002", LEAD)).text
    assert "2 hidden passages were left out." in shown and "In 2007[1] ☒ asked" in shown
    assert (await bench.get(f"{REVIEW}/sources/I-002.json", LEAD)).json()["source"]["notes"] == [
        "2 hidden passages were left out"
    ]
    assert "[00:00:01] Yes" in (await bench.get(f"{REVIEW}/sources/I-001", LEAD)).text


def check_record(bench: Bench) -> list[Any]:
    db = open_programme(bench.path)
    try:
        return list(audit_programme(db).problems)
    finally:
        db.conn.close()


async def test_every_problem_of_every_file_is_said_and_nothing_is_stored(bench: Bench) -> None:
    before = bench.state()
    files = [
        ("files", ("good.txt", b"Good words.")),
        ("files", ("empty.txt", b"")),
        ("files", ("picture.pdf", b"\x89PNG\r\n\x1a\n0000")),
    ]
    fields = {"kind": "interview", "dated": "31/31/2026", "title": "One title"}
    done = await bench.send(f"{REVIEW}/sources/add/files", fields, files=files)
    assert done.status_code == 400
    for words in ("empty.txt", "picture.pdf", "31/31/2026", "for a single file"):
        assert words in done.text
    assert 'value="One title"' in done.text and '<option value="interview" selected>' in done.text
    said = (await bench.send(f"{REVIEW}/sources/add/files.json", fields, files=files)).json()
    assert said["ok"] is False and "dated" in said["mistakes"] and len(said["problems"]) == 2
    assert bench.state() == before


async def test_a_form_with_files_that_ends_early_is_refused_wherever_it_ends(bench: Bench) -> None:
    before, address = bench.state(), f"{REVIEW}/sources/add/files"
    token = await bench.token(LEAD)
    request = bench.client.build_request(
        "POST",
        address,
        data={"csrftoken": token, "kind": "document"},
        files=[("files", (f"{name}.txt", f"What {name} says. ".encode() * 30)) for name in ("one", "two")],
        headers=HERE,
    )
    whole = request.read()
    end = len(whole.rstrip()) - len(b"--")
    # Within the last file, before and within its end, within the first one, between two, in a field.
    second = whole.rindex(b"Content-Disposition")
    ends = [
        end,
        end - 1,
        end - 20,
        end - 60,
        end - 200,
        second,
        second + 30,
        second - 5,
        second - 200,
        300,
        0,
    ]
    for ending in ("", ".json"):
        for cut in ends:
            headers = {**HERE, "content-type": request.headers["content-type"]}
            done = await bench.client.post(address + ending, content=whole[:cut], headers=headers)
            assert done.status_code == 400, (cut, whole[:cut][-40:])
            assert "did not arrive completely" in done.text, cut
            assert bench.state() == before
    headers = {**HERE, "content-type": request.headers["content-type"]}
    done = await bench.client.post(address, content=whole + b"\r\n", headers=headers)
    assert done.status_code == 303


async def test_no_file_and_too_many_files_are_refused(bench: Bench) -> None:
    before = bench.state()
    none = await bench.send(f"{REVIEW}/sources/add/files", {"kind": "document"}, files=[("files", ("", b""))])
    assert none.status_code == 400 and "no file was given" in none.text.lower()
    many = [("files", (f"{n}.txt", b"Words.")) for n in range(MOST_FILES + 1)]
    done = await bench.send(f"{REVIEW}/sources/add/files", {"kind": "document"}, files=many)
    assert done.status_code == 413 and f"at most {MOST_FILES} files" in done.text
    assert bench.state() == before


async def test_files_that_are_too_large_together_are_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGEST_UPLOAD", 10_000)
    before = bench.state()
    given = [("files", (f"{n}.txt", b"Words. " * 1_000)) for n in range(2)]
    done = await bench.send(f"{REVIEW}/sources/add/files", {"kind": "document"}, files=given)
    assert done.status_code == 413 and "0.01 MB" in done.text
    assert bench.state() == before
    done = await bench.send(f"{REVIEW}/sources/add/files", {"kind": "document"}, files=given[:1])
    assert done.status_code == 303


async def test_a_text_that_is_there_is_said_and_not_stored_twice(bench: Bench) -> None:
    before = bench.state()
    files = [("files", ("again.txt", TEXT.encode()))]
    done = await bench.send(f"{REVIEW}/sources/add/files.json", {"kind": "document"}, files=files)
    assert done.json()["already_there"] == [{"file": "again.txt", "source": "D-001"}]
    assert bench.state() == before


# Recording


async def test_words_typed_are_found_in_the_text_and_recorded_with_their_tags(bench: Bench) -> None:
    done = await bench.send(f"{SOURCE}/record?page=1", FINDING | {"on_page": "1", "note": "They said so."})
    assert (done.status_code, done.headers["location"]) == (303, f"{SOURCE}?page=1&item=1#E1")
    assert bench.items() == [(1, "Nobody asked.", "Nobody asked.")]
    found = (await bench.get(f"{SOURCE}.json")).json()
    (item,) = [item for block in found["blocks"] for item in block["items"]]
    assert item["anchor"]["start"] == TEXT.index("Nobody")
    assert item["domains"] == [{"id": "carers", "title": "Support for carers"}]
    assert (item["recorded_by"], item["says"]) == ("reviewer-1", "Weakness, important")
    page = (await bench.get(SOURCE)).text
    assert "Recorded as E1." in page
    assert re.search(r'<mark data-piece="\d+">Nobody asked\.</mark>', page)
    assert check_record(bench) == []


async def test_words_that_stand_twice_ask_which_are_meant_and_keep_what_was_typed(bench: Bench) -> None:
    sent = FINDING | {"quote": "Carers   waited", "on_page": "1", "finding": "They <wait> & wait."}
    done = await bench.send(f"{SOURCE}/record?page=1", sent)
    assert done.status_code == 400
    assert "these words are in the text 2 times" in done.text.lower()
    assert 'value="They &lt;wait&gt; &amp; wait."' in done.text
    second = TEXT.rindex("Carers")
    assert f'value="1:{second}"' in done.text
    assert bench.items() == []
    done = await bench.send(f"{SOURCE}/record?page=1", sent | {"place": f"1:{second}"})
    assert done.status_code == 303
    (anchor,) = bench.rows("select starts, ends, exact from anchor")
    assert anchor == (second, second + len("Carers waited"), "Carers waited")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"quote": "Carers waved"}, "are not in the stored text"),
        ({"quote": "Carers waited", "start": "5", "on_page": "1"}, "are not in the stored text"),
        ({"quote": ""}, "nothing is quoted"),
        ({"direction": ""}, "Choose strength, weakness or neutral."),
        ({"direction": "up"}, "expected one of strength, weakness, neutral"),
        ({"significance": "9"}, "expected 1 (minor), 2 (important) or 3 (serious)"),
        ({"domain": "carrers"}, "Did you mean"),
        ({"strand": "martians"}, "expected a strand of the framework"),
        ({"start": "-4"}, "is not a whole number from 0"),
        ({"place": "1:x"}, "Choose one of the places."),
        ({"finding": "x" * 20_000}, "longer than 10,000 characters"),
        ({"note": "a\0b"}, "a control character"),
    ],
)
async def test_a_wrong_field_is_said_in_words_and_nothing_is_stored(
    bench: Bench, wrong: dict[str, str], said: str
) -> None:
    before = bench.state()
    for ending in ("", ".json"):
        done = await bench.send(f"{SOURCE}/record{ending}", FINDING | wrong)
        assert done.status_code == 400
        assert said.lower() in done.text.lower()
    assert bench.state() == before


async def test_all_fields_that_are_missing_are_named_at_once(bench: Bench) -> None:
    empty = FINDING | {"direction": "", "significance": ""}
    done = await bench.send(f"{SOURCE}/record.json", empty)
    assert done.status_code == 400 and set(done.json()["mistakes"]) == {"direction", "significance"}


async def test_a_form_sent_twice_is_recorded_once(bench: Bench) -> None:
    assert (await bench.send(f"{SOURCE}/record", FINDING)).status_code == 303
    again = await bench.send(f"{SOURCE}/record", FINDING)
    assert again.status_code == 400 and "already recorded, as E1" in again.text
    other = await bench.send(f"{SOURCE}/record", FINDING, LEAD)
    assert other.status_code == 303
    assert [row[0] for row in bench.items()] == [1, 2]


# Changing


async def test_a_changed_finding_takes_the_place_of_the_old_one_which_stays_in_the_record(
    bench: Bench, connect: Callable[[Path], Database]
) -> None:
    await bench.send(f"{SOURCE}/record", FINDING)
    sent = {"item": "1", "finding": "Nobody asked carers.", "direction": "weakness", "significance": "3"}
    done = await bench.send(f"{SOURCE}/change", {**sent, "domain": ["carers", "assessment"]}, LEAD)
    assert done.headers["location"].endswith("?item=2#E2")
    assert bench.items() == [(2, "Nobody asked carers.", "Nobody asked.")]
    life = history_of(connect(bench.path), 2)["life"]
    assert [(step["what"], step["about"]) for step in life] == [
        ("added", "in place of E1"),
        ("tagged", "assessment"),
        ("tagged", "carers"),
    ]
    assert len(bench.rows("select 1 from anchor")) == 2
    late = await bench.send(f"{SOURCE}/change", {**sent, "finding": "Other."})
    assert late.status_code == 400 and "E1 was withdrawn by lead-1" in late.text
    assert check_record(bench) == []


async def test_other_domains_alone_leave_the_item_and_change_its_tags(bench: Bench) -> None:
    await bench.send(f"{SOURCE}/record", FINDING)
    same = {"item": "1", "finding": "Nobody asked.", "direction": "weakness", "significance": "2"}
    state = bench.state()
    await bench.send(f"{SOURCE}/change", {**same, "domain": "carers"})
    assert bench.state() == state
    done = await bench.send(f"{SOURCE}/change", {**same, "domain": "assessment"})
    assert done.headers["location"].endswith("?item=1#E1")
    tags = "select d.key, t.withdrawn_event is null from tag t join domain d on d.id = t.domain_id order by 1"
    assert bench.rows(tags) == [("assessment", 1), ("carers", 0)]
    assert check_record(bench) == []


async def test_an_item_is_withdrawn_with_a_reason_only(bench: Bench) -> None:
    await bench.send(f"{SOURCE}/record", FINDING)
    before = bench.state()
    bare = await bench.send(f"{SOURCE}/withdraw?change=1", {"item": "1", "because": "  "})
    assert bare.status_code == 400 and "Say why it is withdrawn." in bare.text
    assert bench.state() == before
    done = await bench.send(f"{SOURCE}/withdraw", {"item": "1", "because": "Misread.", "on_page": "1"})
    assert done.headers["location"] == f"{SOURCE}?page=1"
    assert bench.items() == []
    assert bench.rows("select by, because from event order by id desc limit 1") == [
        ("reviewer-1", "Misread.")
    ]
    assert check_record(bench) == []


async def test_many_items_are_tagged_at_once_or_none(bench: Bench) -> None:
    for quote in ("Nobody asked.", "A child was seen."):
        quote = quote.replace("A child", "𝒜 child")
        await bench.send(f"{SOURCE}/record", FINDING | {"quote": quote, "domain": ""})
    before = bench.state()
    for wrong in ({"item": ["1", "99"]}, {"item": ["1", "x"]}, {"item": []}, {"domain": []}, {"domain": "x"}):
        fields = {"item": ["1", "2"], "domain": "carers"} | wrong
        assert (await bench.send(f"{SOURCE}/tag", fields)).status_code == 400
        assert bench.state() == before
    done = await bench.send(f"{SOURCE}/tag", {"item": ["1", "2"], "domain": ["carers", "assessment"]})
    assert done.status_code == 303
    assert len(bench.rows("select 1 from tag where withdrawn_event is null")) == 4
    assert check_record(bench) == []


async def test_the_next_untagged_item_is_the_next_in_reading_order_and_then_the_first(bench: Bench) -> None:
    for quote in ("Nobody asked.", "Carers waited."):
        await bench.send(f"{SOURCE}/record", FINDING | {"quote": quote, "domain": ""})
    first = (await bench.get(f"{SOURCE}.json?page=1")).json()["next"]
    assert (first["item"], first["waiting"]) == (2, 2)
    after = (await bench.get(f"{SOURCE}.json?item=2")).json()["next"]
    assert after["item"] == 1
    assert (await bench.get(f"{SOURCE}.json?item=1")).json()["next"]["item"] == 2
    mine = (await bench.get(f"{REVIEW}/queue.json")).json()
    assert [item["id"] for item in mine["items"]] == [1, 2]
    assert (await bench.get(f"{REVIEW}/queue.json", LEAD)).json()["items"] == []


async def test_items_are_filtered_by_tag_reviewer_and_untagged(bench: Bench) -> None:
    await bench.send(f"{SOURCE}/record", FINDING)
    await bench.send(f"{SOURCE}/record", FINDING | {"quote": "Carers waited.", "domain": ""}, LEAD)

    async def shown(query: str) -> list[int]:
        found = (await bench.get(f"{SOURCE}.json?{query}")).json()
        return [item["id"] for block in found["blocks"] for item in block["items"]]

    assert await shown("") == [2, 1]
    assert await shown("domain=carers") == [1]
    assert await shown("reviewer=lead-1") == [2]
    assert await shown("only=untagged") == [2]


async def test_coverage_counts_the_items_and_leads_to_what_is_missing(bench: Bench) -> None:
    await bench.send(f"{SOURCE}/record", FINDING)
    found = (await bench.get(f"{REVIEW}/coverage.json")).json()
    cells = {(row["domain"], cell["kind"]): cell["count"] for row in found["rows"] for cell in row["cells"]}
    assert cells.pop(("carers", "document")) == 1
    assert set(cells.values()) == {0} and found["missing"] == len(cells)
    page = (await bench.get(f"{REVIEW}/coverage")).text
    assert f'href="{REVIEW}/items?domain=carers&amp;source_kind=document"' in page
    assert f'href="{REVIEW}/sources?kind=interview"' in page


async def test_many_reviewers_at_once_lose_nothing_and_double_nothing(bench: Bench) -> None:
    token = await bench.token()
    words = [TEXT[start : start + 4] for start in range(0, 24) if len(set(TEXT[start : start + 4])) == 4]
    wanted = {word.strip(): TEXT.index(word.strip()) for word in words if TEXT.count(word.strip()) == 1}

    async def record(quote: str) -> int:
        sent = FINDING | {"csrftoken": token, "quote": quote}
        return (await bench.client.post(f"{SOURCE}/record", data=sent, headers=HERE)).status_code

    # Every one is sent twice, as by a finger that trembles.
    done = await asyncio.gather(*(record(quote) for quote in [*wanted, *wanted]))
    assert sorted(done) == [303] * len(wanted) + [400] * len(wanted)
    assert len(wanted) > 8
    assert sorted(bench.rows("select starts, exact from anchor")) == sorted(
        (start, quote) for quote, start in wanted.items()
    )
    assert check_record(bench) == []


async def test_that_somebody_else_goes_on_writing_is_said_and_what_was_typed_is_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "WRITE_WAITS", 0.2)
    typed = FINDING | {"finding": "Nobody asked anybody.", "note": "Typed with care."}
    with sqlite3.connect(bench.path) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("begin immediate")
        done = await bench.send(f"{SOURCE}/record", typed)
        as_json = await bench.send(f"{SOURCE}/record.json", typed)
        connection.rollback()
    connection.close()
    assert done.status_code == 503
    assert "in use by another process" in done.text
    assert all(typed[name] in done.text for name in ("quote", "finding", "note"))
    assert as_json.status_code == 503 and "try again" in as_json.json()["hint"]
    assert (await bench.send(f"{SOURCE}/record", typed)).status_code == 303
