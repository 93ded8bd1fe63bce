"""A review's details from a YAML file: what is read, and what is refused, all at once and with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from assessment_example import AT, EXAMPLE

from programme.database import Database
from programme.retention import kept_until
from programme.reviewfile import create_from_file, read_review_file
from programme.reviews import create_review, list_reviews
from rules.errors import EvidenceInvalid, PolicyFileInvalid, WordsMissing

GOOD = """\
id: sir-enghraifft-2008
authority: Cyngor Sir Enghraifft
framework: wales-round-2
window: {from: 2004-01-01, to: 31 December 2008}
note: Made for tests.
"""


def read(folder: Path, text: str) -> dict[str, object]:
    path = folder / "review.yml"
    path.write_text(text, encoding="utf-8")
    return read_review_file(path)


def test_a_review_file_gives_what_a_new_review_needs(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD) == {
        "key": "sir-enghraifft-2008",
        "authority": "Cyngor Sir Enghraifft",
        "framework_key": "wales-round-2",
        "window_from": date(2004, 1, 1),
        "window_to": date(2008, 12, 31),
        "note": "Made for tests.",
    }


def test_window_and_note_may_be_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, "id: a-1\nauthority: A\nframework: wales-round-1\n")
    assert (found["window_from"], found["window_to"], found["note"]) == (None, None, "")


@pytest.mark.parametrize(
    ("window", "days"),
    [
        ("{from: 2004-01-01}", (date(2004, 1, 1), None)),
        ("{to: 2008-12-31}", (None, date(2008, 12, 31))),
        ("{from: 2004-01-01, to: }", (date(2004, 1, 1), None)),
        ("{}", (None, None)),
    ],
)
def test_a_window_may_be_open_at_either_end(
    tmp_path: Path, window: str, days: tuple[date | None, date | None]
) -> None:
    found = read(tmp_path, f"id: a-1\nauthority: A\nframework: wales-round-1\nwindow: {window}\n")
    assert (found["window_from"], found["window_to"]) == days


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("id: sir-enghraifft-2008", "id: Sir Enghraifft"), "review.yml:1: 'Sir Enghraifft' cannot be used"),
        (("id: sir-enghraifft-2008\n", ""), "the key 'id' is missing"),
        (("authority: Cyngor Sir Enghraifft\n", "authority: ''\n"), "review.yml:2: 'authority': at least 1"),
        (("note:", "notes:"), "review.yml:5: the key 'notes' is not known here. Did you mean 'note'?"),
        (("2004-01-01", "2004-02-31"), "review.yml:4: 'from': a date that exists (found '2004-02-31')"),
        (("2004-01-01", "1/2/2004"), "review.yml:4: 'from': a date (found '1/2/2004')"),
        (
            ("from: 2004-01-01", "form: 2004-01-01"),
            "review.yml:4: the key 'form' is not known here. Did you mean 'from'?",
        ),
        (("note: Made for tests.", "id: twice"), "review.yml:5: the key 'id' appears twice here"),
        (("framework: wales-round-2", "framework: [a]"), "review.yml:3: 'framework'"),
        (("{from: 2004-01-01, to: 31 December 2008}", "2004"), "review.yml:4: 'window': keys with values"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(PolicyFileInvalid) as caught:
        read(tmp_path, GOOD.replace(*change))
    assert said in str(caught.value)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileInvalid) as caught:
        read(tmp_path, "id: A\nauthority: ''\nwindow: {from: never}\ncolour: red\n")
    assert [problem.where for problem in caught.value.problems] == [
        "review.yml:1",
        "review.yml:1",
        "review.yml:2",
        "review.yml:3",
        "review.yml:4",
    ]


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "id: [\n", "just words"])
def test_what_is_no_review_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PolicyFileInvalid, match=r"review\.yml"):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileInvalid, match=r"nowhere\.yml cannot be read"):
        read_review_file(tmp_path / "nowhere.yml")


def test_a_window_that_ends_before_it_begins_makes_no_review(db: Database, tmp_path: Path) -> None:
    details = read(tmp_path, GOOD.replace("2004-01-01", "2009-01-01"))
    with pytest.raises(EvidenceInvalid, match="before it begins"):
        create_review(db, **details, by="lead", at=AT)  # type: ignore[arg-type]


def test_the_worked_example_names_its_review_and_framework() -> None:
    found = read_review_file(EXAMPLE / "review.yml")
    assert (found["key"], found["framework_key"]) == ("wales-2004-08", "wales-round-2")
    assert (found["window_from"], found["window_to"]) == (date(2004, 1, 1), date(2008, 12, 31))


# Until when it is kept -------------------------------------------------------------------------------------

KEPT = GOOD + "retention: {until: 31 March 2032, because: Schedule 4.}\n"


def written(folder: Path, text: str) -> Path:
    (folder / "review.yml").write_text(text, encoding="utf-8")
    return folder / "review.yml"


def test_a_review_file_may_say_until_when_the_review_is_kept_and_why(db: Database, tmp_path: Path) -> None:
    review = create_from_file(db, written(tmp_path, KEPT), by="lead", at=AT)
    kept = kept_until(db, review, AT.date())
    assert kept is not None
    assert (kept["keep_until"], kept["because"], kept["by"]) == ("2032-03-31", "Schedule 4.", "lead")
    other = create_from_file(db, written(tmp_path, GOOD.replace("2008\na", "2009\na")), by="lead", at=AT)
    assert kept_until(db, other, AT.date()) is None


@pytest.mark.parametrize(
    ("retention", "said"),
    [
        ("{until: 31 March 2032}", "because"),
        ("{because: Schedule 4.}", "until"),
        ("{until: , because: Schedule 4.}", "a date"),
        ("{until: soon, because: Schedule 4.}", "found 'soon'"),
    ],
)
def test_retention_that_is_not_whole_is_refused_with_its_line(
    db: Database, tmp_path: Path, retention: str, said: str
) -> None:
    path = written(tmp_path, f"{GOOD}retention: {retention}\n")
    with pytest.raises(PolicyFileInvalid) as caught:
        create_from_file(db, path, by="lead", at=AT)
    assert said in str(caught.value)
    assert "review.yml:6" in str(caught.value)


def test_a_review_that_cannot_be_kept_as_its_file_says_is_not_created(db: Database, tmp_path: Path) -> None:
    path = written(tmp_path, KEPT.replace("Schedule 4.", "'...'"))
    with pytest.raises(WordsMissing):
        create_from_file(db, path, by="lead", at=AT)
    assert list_reviews(db) == []
