"""What is erased is erased in reports as well, in texts and frozen editions; the record stays whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from assessment_example import AT, assess_plainly, new_review
from evidence_rows import whole_review
from report_example import freeze, pass_and_clear, send_edition, write_report

from assessment.runs.audit import audit_programme
from evidence.erasing import ask_to_erase, blank, clear
from joint_review.opening import UPGRADES
from programme.database import Database, one, rows
from programme.reviews import Review
from report.editions import body_of

NAME = "Zqwen ap Zqfamily"


@pytest.fixture
def review(db: Database) -> Review:
    found = new_review(db, "r1", "wales-round-2", *whole_review())
    assess_plainly(db, found)
    return found


def test_a_name_is_blanked_in_texts_and_editions(db: Database, review: Review, tmp_path: Path) -> None:
    report = write_report(db, review, {1: f"{NAME} waited too long.", 2: "Staff are able."})
    edition = freeze(db, review, report)
    pass_and_clear(db, edition)
    send_edition(db, edition)
    was = one(db, "select text_digest from edition where id = ?", [edition])
    assert NAME in str(body_of(db, edition))
    asked, _ = ask_to_erase(db, review, "person", NAME, by="lead", because="They asked.", at=AT)
    clear(db, blank(db, review, asked.number, by="moderator-1", because="Article 17.", at=AT))
    said = str(body_of(db, edition))
    assert NAME not in said and "Staff are able." in said and f"[person {asked.number}] waited" in said
    assert rows(db, "select text_en from paragraph_now order by number")[0]["text_en"].startswith("[person")
    assert one(db, "select count(*) from edition where text_digest = ?", [was]) == 0
    assert one(db, "select count(*) from event where after like '%' || ? || '%'", [was]) == 0
    assert audit_programme(db, upgrades=UPGRADES).problems == ()
    db.conn.commit()
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert NAME.encode() not in held and was.encode() not in held
