"""The commands of publication, from the first date to the published files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from assessment_example import new_review
from command_line import Say
from evidence_rows import good_domain
from release_example import ready_report

from programme.calendar import uk_moment
from programme.database import Database

TODAY = datetime.now(UTC)
CLEARED = TODAY - timedelta(days=6)
YESTERDAY = uk_moment(TODAY - timedelta(days=1)).strftime("%Y-%m-%d %H:%M%z")
TOMORROW = uk_moment(TODAY + timedelta(days=1)).strftime("%Y-%m-%d %H:%M%z")


@pytest.fixture
def tell(say: Say, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command on a database with a review; gives its output, and fails where it is refused."""
    monkeypatch.chdir(tmp_path)
    new_review(db, "r1", "wales-round-2", *good_domain("carers", 6, 2))

    def told(*words: str) -> str:
        done = say(*words, "--by", "lead") if words[1] not in READ_ONLY else say(*words)
        assert done.code == 0, done.err
        return done.out

    return told


READ_ONLY = ("plan", "calendar", "copy-of", "readers")


def test_the_calendar_is_planned_moved_and_written_for_other_calendars(
    tell: Callable[..., str], tmp_path: Path
) -> None:
    assert "Set when its weeks begin: joint-review publication start r1 DATE" in tell(
        "publication", "plan", "r1"
    )
    assert "its weeks begin on 5 January 2026" in tell("publication", "start", "r1", "5 January 2026")
    started = json.loads(tell("publication", "start", "r1", "6 January 2026", "--json"))
    assert started == {"practice": "wales-round-2", "starts_on": "2026-01-06"}
    tell("publication", "start", "r1", "5 January 2026")
    said = tell("publication", "move", "r1", "draft", "2026-08-17", "--because", "The team was ill.")
    assert "Draft to the director: 17 August 2026." in said
    assert "Computed: 10 August 2026, 5 weeks after “Final assessment” (6 July 2026)." in said
    steps = json.loads(tell("publication", "plan", "r1", "--json"))["steps"]
    draft = next(step for step in steps if step["step"] == "draft")
    assert (draft["day"], draft["computed"], draft["source"]) == ("2026-08-17", "2026-08-10", "moved")
    tell("publication", "calendar", "r1", "dates.ics")
    assert (tmp_path / "dates.ics").read_bytes().startswith(b"BEGIN:VCALENDAR")
    assert "10 August 2026" in tell(
        "publication", "move", "r1", "draft", "--back", "--because", "Well again."
    )


def test_what_cannot_be_is_said_with_what_to_do(tell: Callable[..., str], say: Say) -> None:
    done = say("publication", "move", "r1", "draft", "2026-08-17")
    assert done.code == 2 and "--because" in done.err
    done = say("publication", "move", "r1", "draught", "2026-08-17", "--because", "Why.", "--by", "lead")
    assert (done.code, "Did you mean 'draft'" in done.err) == (1, True)
    done = say("publication", "present", "r1", "--on", "2026-03-29 01:30", "--by", "lead")
    assert done.code == 2 and "The clocks go forward" in done.err
    done = say("publication", "publish", "r1", "--to", "public", "--by", "lead")
    assert (done.code, "r1 has no edition of its report" in done.err) == (1, True)


def test_a_report_goes_from_its_recipients_to_publication(
    tell: Callable[..., str], say: Say, db: Database, tmp_path: Path
) -> None:
    from programme.reviews import find_review

    tell("publication", "recipients", "r1", "--usual", "usual.csv")
    assert "12 recipients added." in tell("publication", "recipients", "r1", "--from", "usual.csv")
    ready_report(db, find_review(db, "r1"), tmp_path, CLEARED)
    present = ("publication", "present", "r1", "--place", "Civic Centre", "--to", "cabinet", "--on")
    assert "Presentation recorded for" in tell(*present, TOMORROW)
    made = tell("publication", "copies", "r1", "--stage", "embargo", "--to", "copies", "--format", "html")
    assert "7 of 7" in made
    file = next((tmp_path / "copies").glob("*copy-004-en.html"))
    assert "Members who attend the presentation" in tell("report", "copy-of", str(file))
    done = say("report", "copy-of", "99")
    assert (done.code, "99 is no copy that was made here" in done.err) == (1, True)
    done = say("publication", "publish", "r1", "--to", "public", "--by", "lead")
    assert (done.code, "may be published from" in done.err) == (1, True)
    tell("publication", "present", "r1", "--take-back", "--because", "The hall was free earlier.")
    tell(*present, YESTERDAY)
    assert "Press office" in tell("publication", "readers", "r1")
    assert "sent recorded" in tell("publication", "used", "r1", "1", "sent")
    said = tell("publication", "publish", "r1", "--to", "public", "--format", "html")
    assert "SHA256SUMS" in said
    assert sorted(path.name for path in (tmp_path / "public").iterdir()) == [
        "SHA256SUMS",
        "early-readers.csv",
        "report-en.html",
        "summary-en.html",
    ]


def test_a_breach_names_its_copy(tell: Callable[..., str], db: Database, tmp_path: Path) -> None:
    from programme.reviews import find_review

    ready_report(db, find_review(db, "r1"), tmp_path, CLEARED)
    when = ("--on", YESTERDAY, "--text", "Sent too early.", "--done", "Taken down.")
    said = tell("publication", "breach", "r1", *when, "--because", "Nothing was printed.")
    assert "recorded." in said and "Publication is possible" not in said
