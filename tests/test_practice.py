"""How an inspectorate goes about its reports: files that are checked whole, and what a review follows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from assessment_example import AT, new_review
from evidence_rows import good_domain

from programme.database import Database, one
from programme.workdays import Nation
from report.practice import (
    NAME,
    Practice,
    follow_practice,
    followed_practice,
    load_practice,
    practice_ids,
    read_practice,
)
from rules.errors import DecisionRefused, PolicyFileInvalid, UnknownName
from rules.loader import LIBRARY, digest_of, library_ids

WALES = LIBRARY / "wales-round-2" / NAME
START = date(2026, 1, 5)
every_practice = pytest.mark.parametrize("practice_id", practice_ids())


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = WALES.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / NAME
    path.write_text(text, encoding="utf-8")
    return path


def line_of(path: Path, words: str) -> int:
    return next(
        number
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words in line
    )


def test_the_practices_of_wales_and_of_cqc_are_in_the_library() -> None:
    assert practice_ids() == ["cqc-local-authority", "wales-round-2"]
    assert set(practice_ids()) <= set(library_ids())


@every_practice
def test_every_figure_of_a_practice_names_its_place(practice_id: str) -> None:
    practice = load_practice(practice_id)
    assert practice.framework == practice_id
    parts = [*practice.bodies, *practice.steps, *practice.recipients]
    parts += [practice.languages, practice.early_readers, practice.disclosure, practice.comments]
    for part in parts:
        assert part.place.startswith(
            ("Ours", "Draft report", "Milestones", "How we report", "Report pres")
        ) or (part.place.startswith(("The local authority action plan", "Handover", "Signing off")))


def test_the_dates_of_wales_are_the_weeks_of_its_guidance() -> None:
    practice = load_practice("wales-round-2")
    weeks = {step.id: step.week for step in practice.steps if step.week is not None}
    assert weeks == {
        "final-assessment": 26,
        "draft": 31,
        "draft-meeting": 33,
        "action-plan": 42,
        "presentation": 46,
        "handover": 54,
    }
    assert [body.id for body in practice.bodies] == ["CSSIW", "WAO"]
    assert practice.languages.needed == ("en", "cy")
    assert (practice.disclosure.fewest_answers, practice.disclosure.fewest_files) == (10, 5)


def test_comments_to_cqc_are_due_ten_working_days_after_the_draft_by_the_bank_holidays_of_england() -> None:
    practice = load_practice("cqc-local-authority")
    step = practice.step("comments-due")
    assert (step.after, step.working_days, practice.nation) == ("draft", 10, Nation.ENGLAND)
    assert not practice.is_presented


def test_a_framework_without_a_practice_names_those_that_have_one() -> None:
    with pytest.raises(UnknownName) as refused:
        load_practice("wales-round-1")
    assert "there is no practice for the framework 'wales-round-1'" in str(refused.value)
    assert "wales-round-2" in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("    weeks: 26\n", "    weeks: 27\n", "    week: 26", "is counted to week 27, not to 26"),
        (
            "    weeks: 5\n",
            "    weeks: 5\n    days: 2\n",
            "id: draft\n",
            "one of 'weeks', 'days' and 'working_days'",
        ),
        (
            "    before: draft-meeting\n",
            "    before: draft-meting\n",
            "before: draft-meting",
            "draft-meeting",
        ),
        (
            "    before: draft-meeting\n    days: 1\n",
            "    days: 1\n",
            "days: 1",
            "no step is named from which to count",
        ),
        ("    after: draft\n", "    after: draft-meeting\n", "id: comments-due", "counted from itself"),
        ("nation: wales", "nation: cymru", "nation: cymru", "'cymru' is not allowed"),
        ("  fewest_files: 5\n", "  fewest_file: 5\n", "fewest_file: 5", "'fewest_file' is not known here"),
        ("  - id: WAO\n", "  - id: CSSIW\n", "", "the body 'CSSIW' appears twice here"),
        ("  - id: handover\n", "  - id: draft\n", "", "the step 'draft' appears twice here"),
        (
            "    purpose: Briefing in advance of publication\n    hours: 24\n",
            "    purpose: Briefing in advance of publication\n    hours: 48\n",
            "hours: 48",
            "48 hours are more than early readers have (24)",
        ),
    ],
)
def test_a_mistake_in_a_practice_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, at: str, said: str
) -> None:
    path = changed(tmp_path, (old, new))
    with pytest.raises(PolicyFileInvalid) as refused:
        read_practice(path)
    assert said in str(refused.value)
    if at and "\n" not in at:
        assert f"{NAME}:{line_of(path, at)}" in str(refused.value)


def test_a_review_follows_the_practice_of_its_framework_without_dates_until_it_is_set(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers", 2, 0))
    assert followed_practice(db, review).practice == load_practice("wales-round-2")
    assert followed_practice(db, review).starts_on is None
    followed = follow_practice(db, review, load_practice("wales-round-2"), START, by="lead", at=AT)
    assert (followed.starts_on, followed.by) == (START, "lead")
    assert one(db, "select digest from review_practice") == digest_of(load_practice("wales-round-2"))


def test_a_practice_is_kept_whole_so_that_a_changed_file_moves_no_date_of_a_review(
    db: Database, tmp_path: Path
) -> None:
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers", 2, 0))
    own = read_practice(changed(tmp_path, ("  fewest_files: 5\n", "  fewest_files: 7\n")))
    follow_practice(db, review, own, START, by="lead", because="Agreed with the authority.", at=AT)
    assert followed_practice(db, review).practice == own
    assert isinstance(followed_practice(db, review).practice, Practice)


def test_a_practice_of_another_framework_and_the_same_one_again_are_refused(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers", 2, 0))
    with pytest.raises(DecisionRefused, match="cqc-local-authority is for cqc-local-authority"):
        follow_practice(db, review, load_practice("cqc-local-authority"), START, by="lead", at=AT)
    follow_practice(db, review, load_practice("wales-round-2"), START, by="lead", at=AT)
    with pytest.raises(DecisionRefused, match="from that day already"):
        follow_practice(db, review, load_practice("wales-round-2"), START, by="lead", at=AT)
    assert one(db, "select count(*) from review_practice") == 1
