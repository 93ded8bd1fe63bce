"""An edition is frozen on an accepted run with a clean check, and reads the same for good."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from assessment_example import AT, add
from command_line import Say
from evidence_rows import finding
from report_desk import ReportDesk, new_desk

from assessment.decisions.challenges import close_challenge, raise_challenge
from evidence.erasing import ask_to_erase, blank
from programme.database import Database, rows
from programme.users import add_user
from report.editions import bars_to_freezing, body_of
from report.model import from_json, paragraphs_of, to_json, without_supports
from rules.errors import DecisionRefused, UnknownName, UserInvalid


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> ReportDesk:
    found = new_desk(db, tmp_path)
    found.carers("Rated {rating:carers}: {carers.strengths_share} [E1].")
    return found


def messages(desk: ReportDesk, purpose: str = "moderation") -> list[str]:
    return [bar.message for bar in bars_to_freezing(desk.db, desk.report, purpose)]


def test_a_rating_that_nobody_accepted_keeps_it_from_being_frozen(desk: ReportDesk) -> None:
    [waiting] = messages(desk)
    assert waiting.endswith("neither accepted nor approved")
    with pytest.raises(DecisionRefused, match="cannot be frozen"):
        desk.freeze()
    desk.accept_all()
    assert messages(desk) == []
    assert desk.freeze().number == 1


def test_all_that_is_in_the_way_is_said_at_once(desk: ReportDesk) -> None:
    desk.accept_all()
    by = {"by": "moderator-1", "at": AT}
    raised = raise_challenge(desk.db, desk.review, "rating", "carers", ground="other", text="No.", **by)
    add(desk.db, desk.review, finding("I1"))
    desk.carers("This rests on nothing.")
    said = messages(desk)
    assert f"the evidence has changed since run {desk.run.id}" in said
    assert f"challenge {raised['number']} is open" in said
    assert "the check finds 1 error: p2 rests on nothing" in said
    close_challenge(desk.db, raised["number"], "not upheld", because="So it is.", **by)
    desk.assess()
    desk.carers("This rests on it [E1].")
    assert messages(desk) == []


def test_an_edition_reads_the_same_whatever_changes_later(desk: ReportDesk) -> None:
    desk.accept_all()
    first = desk.freeze(at=datetime(2009, 6, 30, 23, 30, tzinfo=UTC))
    before = to_json(body_of(desk.db, first.id))
    desk.carers("[p1] Said differently [E1].")
    second = desk.freeze()
    assert (second.number, second.digest != first.digest) == (2, True)
    assert to_json(body_of(desk.db, first.id)) == before
    frozen = from_json(before)
    assert (frozen.edition, frozen.status.en) == ("1", "Draft: not for publication")
    # Half past eleven in the evening, in summer, is the next day in the UK.
    [row] = rows(desk.db, "select frozen_on, bodies, run_id from edition where id = ?", [first.id])
    assert row == {"frozen_on": "2009-07-01", "bodies": '["CSSIW", "WAO"]', "run_id": desk.run.id}
    assert (frozen.dated.en, frozen.dated.cy) == ("1 July 2009", "1 Gorffennaf 2009")


def test_the_same_report_frozen_twice_differs_in_its_number_alone(desk: ReportDesk) -> None:
    desk.accept_all()
    one, two = (body_of(desk.db, desk.freeze().id) for _ in range(2))
    assert one.blocks == two.blocks
    assert (one.edition, two.edition) == ("1", "2")


def test_a_publication_needs_both_languages_where_the_practice_says_so(desk: ReportDesk) -> None:
    desk.accept_all()
    [check] = messages(desk, "publication")
    assert "p1 has no Welsh text" in check
    desk.carers(
        "Rated {rating:carers}: {carers.strengths_share} [E1].",
        "cy: Sgôr {rating:carers}: {carers.strengths_share} [E1].",
    )
    assert desk.freeze("publication").purpose == "publication"
    with pytest.raises(UnknownName, match="purpose of an edition"):
        desk.freeze("fun")


def test_the_values_of_an_edition_are_words_in_its_language(desk: ReportDesk) -> None:
    desk.carers("Rated {rating:carers} [E1].", "cy: Sgôr {rating:carers} [E1].")
    desk.accept_all()
    [paragraph] = paragraphs_of(body_of(desk.db, desk.freeze().id))[2]
    level = desk.review.framework.level("carers", desk.run.rating("carers").level or 0)
    for lang, runs in (("en", paragraph.text.en), ("cy", paragraph.text.cy)):
        [value] = [run for run in runs if run.style == "number"]
        assert (value.text, value.target) == (level.title[lang], "rating:carers")
        assert not without_supports(runs)[-1].text.endswith(" .")


def test_the_commands_freeze_and_render(desk: ReportDesk, say: Say, tmp_path: Path) -> None:
    database = ("--db", str(tmp_path / "programme.db"))
    refused = say("report", "freeze", "r1", "--for", "moderation", "--by", "lead", *database)
    assert (refused.code, "joint-review decisions r1" in refused.err) == (1, True)
    desk.accept_all()
    frozen = say("report", "freeze", "r1", "--for", "moderation", "--by", "lead", *database)
    assert "Edition 1 of the report of r1 frozen for moderation, on run 1; digest " in frozen.out
    pages = []
    for name in ("a.html", "b.html"):
        assert say("report", "render", "r1/1", "--to", str(tmp_path / name), *database).code == 0
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]
    assert b"Rated " in pages[0]
    draft = say("report", "render", "r1", "--draft", "--to", str(tmp_path / "c.html"), *database)
    assert draft.code == 0
    other = say("report", "render", "r1", "--to", str(tmp_path / "c.odt"), *database)
    assert (other.code, "Give a .html, .pdf or .docx file." in other.err) == (1, True)
    there = say("report", "render", "r1", "--to", str(tmp_path / "a.html"), *database)
    assert there.code == 1
    lang = say("report", "render", "r1", "--lang", "fr", "--to", str(tmp_path / "d.html"), *database)
    assert (lang.code, "there is no language 'fr'" in lang.err) == (1, True)


def test_only_the_lead_writes_and_freezes_once_there_are_users(desk: ReportDesk) -> None:
    desk.accept_all()
    for name, role in (("reviewer-1", "reviewer"), ("manager-1", "manager"), ("lead-1", "lead")):
        add_user(desk.db, name, role=role, review="r1", by="root", at=AT)
    for name in ("reviewer-1", "manager-1"):
        with pytest.raises(UserInvalid, match="may not freeze the report of r1: that is for its lead"):
            desk.freeze(by=name)
        with pytest.raises(UserInvalid, match="may not write the report of r1"):
            desk.carers("Something else [E1].", by=name)
    assert desk.freeze(by="lead-1").number == 1


def test_an_edition_is_read_after_an_erasure_and_not_after_a_change_by_hand(desk: ReportDesk) -> None:
    desk.carers("One said: Finding words [E1].")
    desk.accept_all()
    edition = desk.freeze()
    asked, _ = ask_to_erase(
        desk.db, desk.review, "person", "Finding words", by="lead", because="They asked.", at=AT
    )
    blank(desk.db, desk.review, asked.number, by="moderator-1", because="Article 17.", at=AT)
    body = to_json(body_of(desk.db, edition.id))
    assert "Finding words" not in body
    desk.db.execute("drop trigger edition_never_update")
    other = desk.freeze()
    desk.db.execute("update edition set body = ? where id = ?", [body, other.id])
    with pytest.raises(DecisionRefused, match="is not the one that was frozen"):
        body_of(desk.db, other.id)
