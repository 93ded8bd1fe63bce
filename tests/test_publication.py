"""From the embargo to publication: who has a copy, what is refused before its time, what is made public."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, new_review
from evidence_rows import good_domain
from release_example import DIRECTOR, MINISTER, PRESS, html, list_people, ready_report, uk
from report_example import freeze, pass_and_clear, write_words

from programme.database import Act, Database, add_event, one, transaction
from programme.reviews import Review
from programme.users import add_user
from report.actions import ReportAction
from report.copies import copies_like, find_copy, make_copies, may_have_from, record_use
from report.embargo import (
    consult_director,
    earliest_publication,
    latest_edition,
    present,
    presentation_of,
    record_breach,
    withdraw_presentation,
)
from report.milestones import milestone, move_date
from report.model import Column, Heading, Language, Paragraph, Report, Table, Text, Words
from report.practice import follow_practice, load_practice
from report.publication import (
    SUMS,
    Publishing,
    publish,
    published_edition,
    rendered,
    small_cells,
    untranslated,
    write_sums,
)
from report.recipients import (
    RecipientRow,
    early_readers,
    list_recipients,
    read_recipients,
    recipients,
    usual_rows,
    withdraw_recipient,
)
from report.render.page import page
from rules.errors import DecisionRefused, ImportRefused, UnknownName, UserInvalid

CLEARED = datetime(2009, 6, 2, 9, tzinfo=UTC)
LATER = CLEARED + timedelta(days=3)


@pytest.fixture
def review(db: Database) -> Review:
    return new_review(db, "r1", "wales-round-2", *good_domain("carers", 6, 2))


@pytest.fixture
def edition(db: Database, review: Review, tmp_path: Path) -> int:
    """An edition that is cleared for publication, and the summary with it."""
    return ready_report(db, review, tmp_path, CLEARED)


def presented(db: Database, edition: int, when: str, at: datetime = LATER) -> None:
    present(db, edition, uk(when), "Civic Centre", "cabinet", by="manager", at=at)


def copies(
    db: Database, edition: int, folder: Path, stage: str = "embargo", at: datetime = LATER
) -> list[Any]:
    return make_copies(db, edition, stage, folder, {"html": html}, ["en"], by="coordinator", at=at)


def plain_page(report: Report, lang: Language, made: datetime) -> bytes:
    return page(report, lang).encode()


MAKERS = [rendered("html", plain_page)]


def published(db: Database, review: Review, folder: Path, at: str, **more: Any) -> list[Any]:
    return publish(db, review, folder, MAKERS, by="manager", at=uk(at), **more)


# --- recipients -------------------------------------------------------------------------------------------


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipients.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_is_read_from_a_file_and_embargoed_readers_get_the_hours_of_the_practice(
    db: Database, review: Review, tmp_path: Path
) -> None:
    file = written(
        tmp_path,
        "Role,Organisation,Stage,Purpose,Hours\n"
        "Director of Social Services,The authority,draft,Comments,\n"
        "Minister,Welsh Assembly Government,embargo,Briefing,\n"
        "Press office,National Assembly,Embargo,Statement,12\n",
    )
    listed = list_recipients(db, review, read_recipients(file), by="lead", at=AT)
    assert listed == {"added": 3, "there": 0}
    assert [(one["role"], one["hours"]) for one in recipients(db, review)] == [
        ("Director of Social Services", None),
        ("Minister", 24.0),
        ("Press office", 12.0),
    ]
    again = list_recipients(db, review, read_recipients(file), by="lead", at=AT)
    assert again == {"added": 0, "there": 3}


def test_every_mistake_of_a_list_is_named_with_its_row_and_nobody_is_listed(
    db: Database, review: Review, tmp_path: Path
) -> None:
    file = written(
        tmp_path,
        "role,organisation,stage,purpose\n,The authority,draft,Comments\n"
        "Minister,Government,embargoo,Briefing\n",
    )
    with pytest.raises(ImportRefused) as refused:
        read_recipients(file)
    assert [problem.where for problem in refused.value.problems] == [
        "recipients.csv, row 2, column 'role'",
        "recipients.csv, row 3, column 'stage'",
    ]
    assert "Did you mean 'embargo'?" in str(refused.value)
    with pytest.raises(ImportRefused, match="'purpos' is not known"):
        read_recipients(written(tmp_path, "role,organisation,stage,purpos\nMinister,Government,draft,x\n"))
    with pytest.raises(ImportRefused, match="no rows below the headers"):
        read_recipients(written(tmp_path, "role,organisation,stage,purpose\n"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hours": 48}, "48 hours are more than the practice allows (24)"),
        ({"stage": "publication", "hours": 24}, "hours are for the stage embargo"),
        ({"hours": -1}, "-1 hours are not a time before publication"),
        ({"purpose": "Another"}, "is listed with another purpose"),
    ],
)
def test_more_hours_than_the_practice_allows_need_a_reason(
    db: Database, review: Review, changes: dict[str, object], said: str
) -> None:
    list_people(db, review, MINISTER, at=AT)
    with pytest.raises(ImportRefused) as refused:
        list_people(
            db, review, {**PRESS, **changes} if "purpose" not in changes else {**MINISTER, **changes}, at=AT
        )
    assert said in str(refused.value)
    assert len(recipients(db, review)) == 1


def test_longer_hours_with_a_reason_are_listed_with_it(db: Database, review: Review) -> None:
    list_people(db, review, {**MINISTER, "hours": 48, "because": "A bank holiday."}, at=AT)
    assert [(one["hours"], one["because"]) for one in recipients(db, review)] == [(48.0, "A bank holiday.")]


def test_who_is_taken_off_the_list_gets_no_copy_and_stays_recorded(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    list_people(db, review, MINISTER, PRESS, at=AT)
    presented(db, edition, "2009-06-08T14:00+01:00")
    number = recipients(db, review)[1]["id"]
    withdraw_recipient(db, review, number, because="Not needed.", by="lead", at=LATER)
    assert [copy.role for copy in copies(db, edition, tmp_path / "copies")] == [MINISTER["role"]]
    assert [one["withdrawn"] for one in recipients(db, review, withdrawn=True)] == [0, 1]
    with pytest.raises(DecisionRefused, match="was taken off the list before"):
        withdraw_recipient(db, review, number, because="Again.", by="lead", at=LATER)


def test_the_usual_recipients_of_wales_can_be_listed_as_they_are(db: Database, review: Review) -> None:
    usual = usual_rows(load_practice("wales-round-2"))
    people = [{name: value for name, value in row.items() if value} for row in usual]
    list_people(db, review, *people, at=AT)
    assert len(recipients(db, review)) == 12


# --- copies -----------------------------------------------------------------------------------------------


def test_each_copy_has_its_number_and_mark_and_is_found_by_file_and_by_number(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    list_people(db, review, DIRECTOR, MINISTER, PRESS, at=AT)
    presented(db, edition, "2009-06-08T14:00+01:00")
    made = copies(db, edition, tmp_path / "copies")
    assert [(copy.number, copy.among, copy.role) for copy in made] == [
        (1, 3, DIRECTOR["role"]),
        (2, 3, MINISTER["role"]),
        (3, 3, PRESS["role"]),
    ]
    file = tmp_path / "copies" / made[1].files[0]["name"]
    text = file.read_text(encoding="utf-8")
    assert "Copy 2 of 3, Minister for Health and Social Services, embargo until 8 June 2009, 2:00pm" in text
    leaked = Path(shutil.copy(file, tmp_path / "found-on-a-website.html"))
    assert [copy.number for copy in copies_like(db, leaked)] == [2]
    assert [copy.holder for copy in copies_like(db, "3")] == ["Press office, National Assembly for Wales"]
    leaked.write_text("Something else.", encoding="utf-8")
    assert copies_like(db, leaked) == [] == copies_like(db, "99")


def test_a_copy_that_is_made_twice_is_the_same_copy_also_once_there_are_more(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    list_people(db, review, MINISTER, at=AT)
    presented(db, edition, "2009-06-08T14:00+01:00")
    first = copies(db, edition, tmp_path / "a")
    events = one(db, "select count(*) from event")
    again = copies(db, edition, tmp_path / "b", at=LATER + timedelta(hours=5))
    assert again == first
    assert one(db, "select count(*) from event") == events
    name = first[0].files[0]["name"]
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    list_people(db, review, PRESS, at=LATER)
    more = copies(db, edition, tmp_path / "c")
    assert [(copy.number, copy.among) for copy in more] == [(1, 1), (2, 2)]
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "c" / name).read_bytes()


def test_nobody_but_listed_recipients_has_a_copy(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    presented(db, edition, "2009-06-08T14:00+01:00")
    with pytest.raises(DecisionRefused, match="nobody gets the report of r1 at the stage embargo"):
        copies(db, edition, tmp_path / "copies")
    list_people(db, review, MINISTER, at=AT)
    copies(db, edition, tmp_path / "copies")
    assert one(db, "select count(*) from copy where recipient_id not in (select id from recipient)") == 0


def test_no_embargoed_copy_is_made_before_its_end_is_known_and_none_of_an_edition_that_is_not_cleared(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    list_people(db, review, DIRECTOR, MINISTER, at=AT)
    with pytest.raises(DecisionRefused, match="not known until when the embargo"):
        copies(db, edition, tmp_path / "copies")
    draft = copies(db, edition, tmp_path / "copies", "draft")
    assert [(copy.role, copy.embargo_until) for copy in draft] == [(DIRECTOR["role"], "")]
    report = one(db, "select report_id from edition where id = ?", [edition])
    newer = freeze(db, review, report, amends=edition)
    with pytest.raises(DecisionRefused, match="the moderator must pass edition 3"):
        copies(db, newer, tmp_path / "copies", "draft")
    pass_and_clear(db, newer, at=LATER)
    with pytest.raises(DecisionRefused, match="was followed by a later edition"):
        copies(db, edition, tmp_path / "copies", "draft")
    with pytest.raises(UnknownName, match="stage of copies"):
        copies(db, newer, tmp_path / "copies", "publication")


def used(db: Database, edition: int, number: int, what: str, when: str, at: str) -> Any:
    return record_use(db, edition, number, what, uk(when), by="coordinator", at=uk(at))


def test_an_early_copy_is_not_sent_before_the_hours_of_its_reader(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    list_people(db, review, MINISTER, PRESS, at=AT)
    presented(db, edition, "2009-06-08T14:00+01:00")
    copies(db, edition, tmp_path / "copies")
    with pytest.raises(DecisionRefused, match="may have copy 2 from 8 June 2009, 2:00am"):
        used(db, edition, 2, "sent", "2009-06-08T01:59+01:00", "2009-06-08T10:00+01:00")
    sent = used(db, edition, 1, "sent", "2009-06-07T14:00+01:00", "2009-06-08T10:00+01:00")
    assert sent.first("sent") == "2009-06-07T14:00:00+01:00"
    with pytest.raises(DecisionRefused, match="was not sent by 8 June 2009, 9:00am"):
        used(db, edition, 2, "opened", "2009-06-08T09:00+01:00", "2009-06-08T10:00+01:00")
    opened = used(db, edition, 1, "opened", "2009-06-07T15:00+01:00", "2009-06-08T10:00+01:00")
    assert opened.first("opened") == "2009-06-07T15:00:00+01:00"
    with pytest.raises(DecisionRefused, match="is still to come"):
        used(db, edition, 1, "returned", "2009-06-08T11:00+01:00", "2009-06-08T10:00+01:00")


def test_twenty_four_hours_are_as_many_when_the_clocks_go_forward(
    db: Database, review: Review, tmp_path: Path
) -> None:
    edition = ready_report(db, review, tmp_path, uk("2010-03-01T09:00+00:00"))
    list_people(db, review, MINISTER, at=uk("2010-03-01T10:00+00:00"))
    presented(db, edition, "2010-03-28T14:00+01:00", uk("2010-03-20T10:00+00:00"))
    (copy,) = copies(db, edition, tmp_path / "copies", at=uk("2010-03-20T10:00+00:00"))
    earliest = may_have_from(db, review, copy)
    assert earliest is not None and earliest.isoformat() == "2010-03-27T13:00:00+00:00"


def test_a_presentation_that_is_put_off_puts_off_when_copies_may_be_sent(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    list_people(db, review, MINISTER, at=AT)
    presented(db, edition, "2009-06-08T14:00+01:00")
    copies(db, edition, tmp_path / "copies")
    withdraw_presentation(db, edition, because="The hall burnt down.", by="manager", at=LATER)
    presented(db, edition, "2009-06-15T14:00+01:00")
    earliest = may_have_from(db, review, find_copy(db, edition, 1))
    assert earliest is not None and earliest.isoformat() == "2009-06-14T14:00:00+01:00"


# --- the presentation and the embargo ---------------------------------------------------------------------


def test_nothing_is_presented_before_the_director_was_consulted_on_the_summary(
    db: Database, review: Review, tmp_path: Path
) -> None:
    edition = ready_report(db, review, tmp_path, CLEARED, consulted=False)
    with pytest.raises(DecisionRefused, match="the director was not consulted on the summary"):
        presented(db, edition, "2009-06-08T14:00+01:00")
    summary = latest_edition(db, review, "summary")
    assert summary is not None
    consult_director(db, summary, date(2009, 6, 4), "Content.", by="manager", at=LATER)
    presented(db, edition, "2009-06-08T14:00+01:00")
    with pytest.raises(DecisionRefused, match="is no summary"):
        consult_director(db, edition, date(2009, 6, 4), "Content.", by="manager", at=LATER)


def test_a_presentation_is_recorded_once_in_uk_time_and_moves_the_publication_behind_it(
    db: Database, review: Review, edition: int
) -> None:
    presented(db, edition, "2009-06-07T23:30+00:00")
    recorded = presentation_of(db, edition)
    assert recorded is not None and recorded["at"] == "2009-06-08T00:30:00+01:00"
    assert milestone(db, review, "presentation").day == date(2009, 6, 8)
    assert milestone(db, review, "publication").day == date(2009, 6, 9)
    with pytest.raises(DecisionRefused, match="is recorded for 8 June 2009, 12:30am"):
        presented(db, edition, "2009-06-10T14:00+01:00")


def test_an_edition_is_not_presented_before_it_was_cleared_or_while_a_comment_may_come_or_has_no_answer(
    db: Database, review: Review, edition: int
) -> None:
    with pytest.raises(DecisionRefused, match=r"is before edition 2 .* was cleared"):
        presented(db, edition, "2009-06-01T14:00+01:00")
    with pytest.raises(DecisionRefused, match="may comment on edition 1 until 2 June 2009"):
        presented(db, edition, "2009-06-08T14:00+01:00", at=CLEARED)
    first = one(db, "select amends from edition where id = ?", [edition])
    with transaction(db):
        event = add_event(db, Act(ReportAction.RECEIVE_COMMENTS, "director", LATER, review.id))
        db.conn.execute(
            "insert into comment (edition_id, number, class, text, position_at_review, by, received_on, late,"
            " added_event) values (?, 1, 'A', 'A slip.', '', 'director', '2009-06-02', 0, ?)",
            [first, event],
        )
    with pytest.raises(DecisionRefused, match="1 comment of the authority has no answer: 1"):
        presented(db, edition, "2009-06-08T14:00+01:00")


def test_a_breach_is_recorded_with_its_copy_and_may_bring_publication_forward(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    list_people(db, review, PRESS, at=AT)
    presented(db, edition, "2009-06-08T14:00+01:00")
    (copy,) = copies(db, edition, tmp_path / "copies")
    breach = record_breach(
        db,
        edition,
        uk("2009-06-08T08:15+01:00"),
        "A scheduled mail went out early.",
        "The press office was called.",
        copy=copy.id,
        publish_from=uk("2009-06-08T09:00+01:00"),
        because="The figures are in the news.",
        by="manager",
        at=uk("2009-06-08T08:45+01:00"),
    )
    assert (breach["copy"], breach["at"]) == (1, "2009-06-08T08:15:00+01:00")
    earliest = earliest_publication(db, review, edition)
    assert earliest.moment == uk("2009-06-08T09:00+01:00")
    with pytest.raises(DecisionRefused, match="may be published from 8 June 2009, 9:00am"):
        published(db, review, tmp_path / "out", "2009-06-08T08:59+01:00")
    (report, _) = published(db, review, tmp_path / "out", "2009-06-08T09:00+01:00")
    assert report["on_date"] == "2009-06-08"


# --- publication ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("presented_at", "too_early", "in_time"),
    [
        ("2009-06-08T14:00+01:00", "2009-06-08T23:59:59+01:00", "2009-06-09T00:00:00+01:00"),
        # Half past midnight in summer is the day before in UTC.
        ("2009-06-08T00:30+01:00", "2009-06-08T23:59:59+01:00", "2009-06-09T00:00:00+01:00"),
        # The clocks go forward on Sunday 28 March 2010, and back on Sunday 31 October 2010.
        ("2010-03-27T14:00+00:00", "2010-03-27T23:59:59+00:00", "2010-03-28T00:00:00+00:00"),
        ("2010-03-28T14:00+01:00", "2010-03-28T23:59:59+01:00", "2010-03-29T00:00:00+01:00"),
        ("2010-10-30T14:00+01:00", "2010-10-30T23:59:59+01:00", "2010-10-31T00:00:00+01:00"),
        ("2010-10-31T14:00+00:00", "2010-10-31T23:59:59+00:00", "2010-11-01T00:00:00+00:00"),
    ],
)
def test_a_report_is_published_from_the_first_moment_of_the_day_after_its_presentation(
    db: Database,
    review: Review,
    edition: int,
    tmp_path: Path,
    presented_at: str,
    too_early: str,
    in_time: str,
) -> None:
    presented(db, edition, presented_at)
    with pytest.raises(DecisionRefused, match="may be published from"):
        published(db, review, tmp_path / "out", too_early)
    assert not (tmp_path / "out").exists()
    assert published_edition(db, edition) is None
    report, summary = published(db, review, tmp_path / "out", in_time)
    assert report["on_date"] == summary["on_date"] == in_time[:10]
    assert one(db, "select state from edition_state where id = ?", [edition]) == "published"


def test_a_clock_that_was_set_back_does_not_publish(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    presented(db, edition, "2009-06-08T14:00+01:00", at=uk("2009-06-20T10:00+01:00"))
    with pytest.raises(DecisionRefused, match="the last event was recorded at 20 June 2009, 10:00am"):
        published(db, review, tmp_path / "out", "2009-06-20T09:59:59+01:00")
    published(db, review, tmp_path / "out", "2009-06-20T10:00+01:00")


def test_the_files_are_those_of_report_and_summary_with_digests_that_anybody_can_check(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    list_people(db, review, MINISTER, PRESS, at=AT)
    presented(db, edition, "2009-06-08T14:00+01:00")
    copies(db, edition, tmp_path / "copies")
    report, summary = published(db, review, tmp_path / "out", "2009-06-09T09:00+01:00")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [SUMS, "early-readers.csv", "report-en.html", "summary-en.html"]
    assert [file["name"] for file in report["files"]] == ["early-readers.csv", "report-en.html"]
    assert [(file["name"], file["lang"], file["format"]) for file in summary["files"]] == [
        ("summary-en.html", "en", "html")
    ]
    checked = subprocess.run(
        ["sha256sum", "--check", SUMS], cwd=tmp_path / "out", capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, 3)
    for file in report["files"]:
        content = (tmp_path / "out" / file["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["digest"]


def test_the_list_of_early_readers_is_published_by_role_with_hours_and_without_names(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    list_people(
        db, review, {**MINISTER, "name": "A. Name", "hours": 30, "because": "=HALF TERM"}, PRESS, at=AT
    )
    presented(db, edition, "2009-06-08T14:00+01:00")
    copies(db, edition, tmp_path / "copies")
    published(db, review, tmp_path / "out", "2009-06-09T09:00+01:00")
    text = (tmp_path / "out" / "early-readers.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines() == [
        "role,organisation,purpose,hours before,reason for longer",
        "Press office,National Assembly for Wales,Preparing a statement,12,",
        "Minister for Health and Social Services,Welsh Assembly Government,Briefing,30,'=HALF TERM",
    ]
    assert len(early_readers(db, edition)) == 2


def test_what_fails_while_files_are_made_leaves_no_folder_and_no_record(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    presented(db, edition, "2009-06-08T14:00+01:00")
    before = one(db, "select count(*) from event")

    def fails(db: Database, publishing: Publishing, folder: Path) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        publish(db, review, tmp_path / "out", [*MAKERS, fails], by="manager", at=uk("2009-06-09T09:00+01:00"))
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []
    assert one(db, "select count(*) from event") == before


def test_a_report_is_published_once_and_never_over_a_folder_that_is_there(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    presented(db, edition, "2009-06-08T14:00+01:00")
    (tmp_path / "there").mkdir()
    with pytest.raises(DecisionRefused, match="is there already"):
        published(db, review, tmp_path / "there", "2009-06-09T09:00+01:00")
    published(db, review, tmp_path / "out", "2009-06-09T09:00+01:00")
    with pytest.raises(DecisionRefused, match="was published on 9 June 2009"):
        published(db, review, tmp_path / "again", "2009-06-10T09:00+01:00")
    with pytest.raises(DecisionRefused, match="was published after its presentation"):
        withdraw_presentation(db, edition, because="Why.", by="manager", at=uk("2009-06-10T09:00+01:00"))


def test_without_a_presentation_or_the_last_clearance_nothing_is_published(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    with pytest.raises(DecisionRefused, match="was not presented"):
        published(db, review, tmp_path / "out", "2009-06-09T09:00+01:00")
    presented(db, edition, "2009-06-08T14:00+01:00")
    report = one(db, "select report_id from edition where id = ?", [edition])
    write_words(db, report, {2: "They wait three weeks."})
    freeze(db, review, report, amends=edition)
    with pytest.raises(DecisionRefused, match="the moderator must pass edition 3"):
        published(db, review, tmp_path / "out", "2009-06-09T09:00+01:00")


def test_publication_is_put_off_by_moving_its_day_and_never_brought_forward_by_that(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    presented(db, edition, "2009-06-08T14:00+01:00")
    move = partial(move_date, db, review, "publication", by="lead", at=LATER)
    move(date(2009, 6, 8), because="Sooner is better.")
    assert earliest_publication(db, review, edition).moment == uk("2009-06-09T00:00+01:00")
    move(date(2009, 6, 11), because="An election.")
    earliest = earliest_publication(db, review, edition)
    assert (earliest.moment, earliest.because) == (
        uk("2009-06-11T00:00+01:00"),
        "moved by hand: An election.",
    )


def test_a_report_that_is_half_translated_is_named_where_both_languages_are_needed() -> None:
    report = Report(
        title=Words(en="Report", cy="Adroddiad"),
        subject=Words.same("Sir Enghraifft"),
        authors=Words(en="The team", cy="Y tîm"),
        dated=Words.same("2009"),
        blocks=(
            Heading(id="h1", level=1, text=Words(en="Carers", cy="Gofalwyr")),
            Paragraph(id="p1", number=1, text=Text.plain("Heard.", "Clywyd.")),
            Paragraph(id="p2", number=2, text=Text.plain("They wait.")),
            Heading(id="h2", level=1, text=Words(cy="Arweinyddiaeth")),
        ),
    )
    assert list(untranslated(report, ["en", "cy"])) == [("p2", "cy"), ("h2", "en")]
    assert list(untranslated(report, ["en"])) == [("h2", "en")]


def test_the_practice_of_wales_itself_asks_for_both_languages(
    db: Database, review: Review, edition: int, tmp_path: Path
) -> None:
    follow_practice(db, review, load_practice("wales-round-2"), date(2009, 6, 1), by="lead", at=LATER)
    presented(db, edition, "2009-06-08T14:00+01:00")
    with pytest.raises(DecisionRefused, match="the report lacks Welsh in"):
        published(db, review, tmp_path / "out", "2009-06-09T09:00+01:00")


def test_a_number_below_what_the_practice_prints_is_named_with_its_table_and_row() -> None:
    def table(name: str, *cells: str) -> Table:
        columns = (Column(title=Words.same("Row")), Column(title=Words.same("Number"), align="end"))
        rows = tuple((Words.same(f"row {number}"), Words.same(cell)) for number, cell in enumerate(cells, 1))
        return Table(id=name, caption=Words.same(name), columns=columns, rows=rows)

    report = Report(
        title=Words.same("Report"),
        subject=Words.same("Sir Enghraifft"),
        authors=Words.same("The team"),
        dated=Words.same("2009"),
        blocks=(
            table("appendix-a", "3"),
            table("appendix-b-surveys", "9", "10", "3 %", "fewer than 10 answers", "1,234"),
            table("appendix-c-files", "4", "5", "0", "not printed"),
        ),
    )
    rules = load_practice("wales-round-2").disclosure
    assert list(small_cells(report, rules)) == [
        "9 in “appendix-b-surveys”, row 1",
        "4 in “appendix-c-files”, row 1",
        "0 in “appendix-c-files”, row 3",
    ]
    shown = rules.model_copy(update={"zeros": "shown"})
    assert len(list(small_cells(report, shown))) == 2


def test_digests_are_written_as_sha256sum_reads_them(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"b")
    (tmp_path / "a.txt").write_bytes(b"a")
    write_sums(tmp_path)
    lines = (tmp_path / SUMS).read_text(encoding="utf-8").splitlines()
    assert [line[64:] for line in lines] == ["  a.txt", "  b.txt"]
    assert all(len(line[:64]) == 64 for line in lines)


# --- who may ----------------------------------------------------------------------------------------------

PLANS = {"lead", "coordinator", "manager"}
MANAGES = {"manager"}


@pytest.mark.parametrize("role", ["lead", "moderator", "manager", "coordinator", "authority"])
def test_only_those_named_for_it_plan_dates_list_recipients_make_copies_present_and_publish(
    db: Database, review: Review, edition: int, tmp_path: Path, role: str
) -> None:
    list_people(db, review, MINISTER, at=AT)
    presented(db, edition, "2009-06-08T14:00+01:00")
    (copy,) = copies(db, edition, tmp_path / "copies")
    summary = latest_edition(db, review, "summary")
    assert summary is not None
    add_user(db, "somebody", role=role, by="root", at=LATER)
    by: dict[str, Any] = {"by": "somebody", "at": uk("2009-06-09T10:00+01:00")}
    out = tmp_path / "copies"
    rows_of = [("row 2", RecipientRow.model_validate(PRESS))]
    practice = load_practice("wales-round-2")
    withdraw = partial(withdraw_presentation, db, edition, because="Why.")
    breach = partial(
        record_breach, db, edition, uk("2009-06-08T09:00+01:00"), "Out.", "Nothing.", because="Why."
    )
    acts: list[tuple[set[str], Any]] = [
        (PLANS, partial(follow_practice, db, review, practice, date(2009, 6, 2))),
        (PLANS, partial(move_date, db, review, "handover", date(2010, 3, 1), because="Why.")),
        (PLANS, partial(list_recipients, db, review, rows_of)),
        (PLANS, partial(make_copies, db, edition, "embargo", out, {"html": html}, ["en"])),
        (PLANS, partial(record_use, db, edition, copy.number, "sent", uk("2009-06-08T13:00+01:00"))),
        (PLANS, partial(withdraw_recipient, db, review, copy.recipient_id, because="Why.")),
        (MANAGES, partial(consult_director, db, summary, date(2009, 6, 3), "Content.")),
        (MANAGES, breach),
        (MANAGES, withdraw),
        (MANAGES, partial(present, db, edition, uk("2009-06-08T15:00+01:00"), "Hall", "council")),
        (MANAGES, partial(publish, db, review, tmp_path / "out", MAKERS)),
    ]
    for allowed, act in acts:
        before = one(db, "select count(*) from event")
        if role in allowed:
            with nullcontext() if act is not acts[-1][1] else pytest.raises(DecisionRefused, match="Welsh"):
                act(**by)
        else:
            with pytest.raises(UserInvalid, match="somebody may not"):
                act(**by)
            assert one(db, "select count(*) from event") == before
