"""Details of sources and reviews that were wrong, corrected: what follows, what stays, what is said of it."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from assessment_example import AT, assess_plainly, new_review
from command_line import Say
from evidence_rows import finding, indicator, survey, whole_review

from assessment.reasons.history import history_of
from assessment.reasons.trail import find_measure, items_behind
from assessment.robustness.alternatives import load_baseline
from assessment.robustness.uncertainty import measure_uncertainty
from assessment.robustness.whatif import leave_one_out
from assessment.runs.audit import audit_programme
from assessment.runs.changes import compare_runs, count_changes
from assessment.runs.run import Run
from assessment.runs.verify import verify_run
from evidence.changed import evidence_changed
from evidence.check import check_evidence
from evidence.coding.second_coding import draw_batch, items_to_code
from evidence.correcting import CorrectedSource, before_words, correct_source, corrections_of_source
from evidence.erasing import ask_to_erase, blank, clear
from evidence.files.texts import GivenFile
from evidence.findings import Passage, Said, change_finding, record_finding
from evidence.intake.importing import ImportReport, import_files
from evidence.measures.compute import evidence_digest
from evidence.sources import SourceDetails, add_sources, find_source, withdraw_source
from joint_review.opening import open_programme
from programme.corrections import correct_review, correction_words, review_at
from programme.database import Database, last_event, one
from programme.reviews import Review, find_review
from rules.errors import EvidenceInvalid, ImportRefused, UnknownName, WordsMissing

SOURCES = """\
source,title,kind,dated,text
D-001,Plan,document,2007-01-01,Nobody asked carers.
I-001,Talk,interview,2008-01-01,
"""
FINDINGS = """\
source,locator,finding,direction,significance,domains,quote
D-001,p1,Nobody asked.,weakness,2,carers,Nobody asked
D-001,p2,Late.,weakness,3,carers,
I-001,p1,Good.,strength,2,carers,
"""


@pytest.fixture
def review(db: Database, tmp_path: Path) -> Review:
    made = new_review(db, "r1", "wales-round-2")
    load(db, made, tmp_path)
    return made


def load(db: Database, review: Review, folder: Path, **texts: str) -> ImportReport:
    """What comes of importing files; those not given are as above."""
    paths = []
    for name, text in {"sources": SOURCES, "findings": FINDINGS, **texts}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        paths.append(folder / f"{name}.csv")
    return import_files(db, review, paths, by="reviewer-1", at=AT)


def correct(
    db: Database, review: Review, of: str = "D-001", /, because: str = "Mixed up.", **new: str
) -> CorrectedSource:
    return correct_source(db, review, of, new, by="lead-1", because=because, at=AT)


def verified(db: Database, review: Review, *runs: Run) -> bool:
    return all(verify_run(db, review, run).same for run in runs)


def measured(run: Run, name: str) -> Any:
    return run.result.measures["carers"][name].value


# What follows, and what stays ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "interview"},
        {"dated": "2003-05-01"},
        {"dated": ""},
        {"status": "draft"},
        {"strand": "older-people"},
        {"title": "The carers' plan"},
        {"ref": "D-010"},
        {"ref": "D-010", "kind": "interview", "dated": "2008-05-01", "title": "Talk with the team"},
    ],
    ids=lambda change: ",".join(change),
)
def test_a_run_made_before_a_correction_stays_what_it_was_and_a_later_one_follows(
    db: Database, review: Review, change: dict[str, str]
) -> None:
    before = assess_plainly(db, review)
    digest, event = evidence_digest(db, review, before.event), before.event
    correct(db, review, **change)
    assert evidence_digest(db, review, event) == digest
    assert evidence_digest(db, review, last_event(db)) != digest
    assert evidence_changed(db, review, event)
    after = assess_plainly(db, review)
    assert after.id != before.id
    assert verified(db, review, before, after)
    assert measured(before, "kinds") == 2
    assert measured(after, "kinds") == (1 if "kind" in change else 2)
    assert audit_programme(db).problems == ()


def test_what_was_corrected_and_corrected_back_counts_as_it_did(db: Database, review: Review) -> None:
    before = assess_plainly(db, review)
    correct(db, review, kind="interview")
    middle = assess_plainly(db, review)
    correct(db, review, kind="document", because="It was right.")
    assert not evidence_changed(db, review, before.event)
    assert assess_plainly(db, review).id == before.id
    assert verified(db, review, before, middle)


def test_a_date_moves_what_is_latest_in_later_runs_alone(db: Database) -> None:
    rows = [survey(ref, "Were you heard?", share, 200) for ref, share in (("S0", 80), ("S1", 40))]
    review = new_review(db, "r1", "wales-round-2", *({**row, "period": ""} for row in rows))
    correct(db, review, "S0", dated="2007-06-30")
    correct(db, review, "S1", dated="2005-06-30")
    first = assess_plainly(db, review)
    correct(db, review, "S1", dated="2008-06-30")
    second = assess_plainly(db, review)
    assert [measured(run, "survey_positive") for run in (first, second)] == [80, 40]
    assert verified(db, review, first, second)


def test_how_sure_a_run_is_and_what_would_change_it_stay_whatever_is_renumbered_since(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", *whole_review())
    run = assess_plainly(db, review)
    before = measure_uncertainty(db, review, run, draws=100)
    turns = leave_one_out(db, load_baseline(db, review, run))
    refs = [ref for (ref,) in db.execute("select ref from source order by ref").fetchall()]
    for number, ref in enumerate(reversed(refs)):
        correct(db, review, ref, ref=f"A-{number:03}", kind="observation", title=f"Source {number}")
    assert measure_uncertainty(db, review, run, draws=100) == before
    again = leave_one_out(db, load_baseline(db, review, run))
    assert again["by_source"] == turns["by_source"]


def test_the_items_of_a_measure_are_those_the_run_counted_whatever_was_corrected_since(
    db: Database, review: Review
) -> None:
    run = assess_plainly(db, review)
    kinds = find_measure(db, run, "carers", "kinds")["id"]
    found, total = items_behind(db, kinds)
    correct(db, review, kind="interview", title="Talk with the team", ref="I-009")
    again, still = items_behind(db, kinds)
    assert (still, [item["id"] for item in again]) == (total, [item["id"] for item in found])
    item = next(item for item in again if item["source"] == "I-009")
    assert (item["source_kind"], item["source_title"]) == ("document", "Plan")
    [said] = item["source_corrected"]
    assert "by lead-1: kind from document to interview; index number from D-001 to I-009;" in said
    assert said.endswith(" title from “Plan” to “Talk with the team”; because: Mixed up.")


def test_a_statement_on_a_run_keeps_the_window_of_its_time(db: Database, review: Review) -> None:
    event = last_event(db)
    correct_review(
        db, review, {"window_from": date(2008, 1, 1)}, by="lead-1", because="The scope says so.", at=AT
    )
    now = find_review(db, "r1")
    assert now.window_from == "2008-01-01"
    assert review_at(db, now, event).window_from == review.window_from
    assert [row["id"] for row in check_evidence(db, now).outside_window] == [1, 2]


# What is said of it ----------------------------------------------------------------------------------------


def test_a_correction_says_who_when_why_and_what_it_was(db: Database, review: Review) -> None:
    done = correct(db, review, kind="group meeting", dated="")
    assert (done["source"], done["items"]) == ("D-001", 2)
    assert correction_words(done["correction"]).endswith(
        " by lead-1: date from 1 January 2007 to nothing; kind from document to group meeting;"
        " because: Mixed up."
    )
    assert corrections_of_source(db, review, "D-001") == [done["correction"]]
    assert one(db, "select action from event where id = ?", [done["correction"]["event"]]) == "correct"


def test_the_life_of_an_item_names_the_correction_of_its_source(db: Database, review: Review) -> None:
    correct(db, review, ref="D-010")
    step = history_of(db, 1)["life"][-1]
    assert (step["what"], step["said"], step["because"]) == (
        "source corrected",
        "index number from D-001 to D-010",
        "Mixed up.",
    )


def test_what_changed_between_runs_names_corrections(db: Database, review: Review) -> None:
    before = assess_plainly(db, review)
    assert count_changes(db, review, before)["sources_corrected"] == 0
    correct(db, review, kind="interview")
    assert count_changes(db, review, before)["sources_corrected"] == 1
    [said] = compare_runs(db, review, before, assess_plainly(db, review))["corrections"]
    assert (said["source"], said["changes"]) == (
        "D-001",
        [{"detail": "kind", "was": "document", "now": "interview"}],
    )


def test_the_check_of_the_record_accepts_a_correction_and_names_it(db: Database, review: Review) -> None:
    correct(db, review, kind="interview", because="Filed as a document.")
    correct_review(db, review, {"note": "Read again."}, by="lead-1", because="New facts.", at=AT)
    found = audit_programme(db)
    assert found.problems == ()
    assert [words.partition(" changed ")[2] for words in found.revised] == [
        "digest, kind of source 10, corrected because: Filed as a document.",
        "note of review 1, corrected because: New facts.",
    ]


def test_a_correction_altered_by_hand_is_found(db: Database, review: Review) -> None:
    correct(db, review, kind="interview")
    db.execute("drop trigger source_never_update")
    db.execute("update source set kind = 'survey' where ref = 'D-001'")
    said = " ".join(problem.says for problem in audit_programme(db).problems)
    assert "was changed after event" in said
    assert "kind is not as that event says" in said


# What is refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("because", ["", "  ", "...", "- ?"])
def test_a_correction_needs_a_reason_with_words(db: Database, review: Review, because: str) -> None:
    with pytest.raises(WordsMissing, match="a correction needs a reason"):
        correct(db, review, kind="interview", because=because)
    with pytest.raises(WordsMissing, match="a correction needs a reason"):
        correct_review(db, review, {"note": "x"}, by="lead-1", because=because, at=AT)


def test_a_correction_that_changes_nothing_is_refused(db: Database, review: Review) -> None:
    with pytest.raises(EvidenceInvalid, match="has these details already"):
        correct(db, review, kind="Document", title=" Plan ", dated="1 January 2007")
    with pytest.raises(EvidenceInvalid, match="has these details already"):
        correct_review(db, review, {"note": review.note}, by="lead-1", because="Why not.", at=AT)


def test_an_index_number_that_is_taken_is_refused(db: Database, review: Review) -> None:
    before = last_event(db)
    with pytest.raises(EvidenceInvalid, match="'I-001' is taken: it is that of “Talk”"):
        correct_source(db, review, "D-001", {"ref": "I-001"}, by="lead-1", because="Mixed up.", at=AT)
    assert last_event(db) == before


def test_all_values_that_will_not_do_are_named_at_once(db: Database, review: Review) -> None:
    with pytest.raises(ImportRefused) as caught:
        correct(db, review, kind="memo", dated="soon", title="", strand="nobody")
    assert [problem.where for problem in caught.value.problems] == ["title", "kind", "dated", "strand"]


def test_a_window_that_ends_before_it_begins_is_refused(db: Database, review: Review) -> None:
    with pytest.raises(EvidenceInvalid, match="before it begins"):
        correct_review(db, review, {"window_to": "1990-01-01"}, by="lead-1", because="Scope.", at=AT)
    with pytest.raises(EvidenceInvalid, match="name is empty"):
        correct_review(db, review, {"authority": " "}, by="lead-1", because="Scope.", at=AT)


# Files that were written before ----------------------------------------------------------------------------


def renumber(db: Database, review: Review, was: str = "D-001", now: str = "D-010") -> None:
    correct_source(db, review, was, {"ref": now}, by="lead-1", because="Mixed up.", at=AT)


def test_an_import_that_names_the_old_number_is_told_the_new_one(
    db: Database, review: Review, tmp_path: Path
) -> None:
    renumber(db, review)
    before = last_event(db)
    with pytest.raises(ImportRefused) as caught:
        load(db, review, tmp_path, sources="source,title,kind\nX-1,Other,document\n")
    [problem] = caught.value.problems
    assert problem.where == "findings.csv, rows 2-3, column 'source'"
    assert (
        "there is no source 'D-001' any longer: its index number was corrected to 'D-010'" in problem.message
    )
    assert problem.hint == "Write 'D-010'."
    with pytest.raises(ImportRefused, match="'D-001' was the number of a source that is here"):
        load(db, review, tmp_path)
    assert last_event(db) == before


def test_the_same_rows_under_the_new_number_are_the_same_items(
    db: Database, review: Review, tmp_path: Path
) -> None:
    renumber(db, review)
    rows = {"sources": SOURCES.replace("D-001", "D-010"), "findings": FINDINGS.replace("D-001", "D-010")}
    report = load(db, review, tmp_path, **rows)
    assert (report.added["sources"], report.added["items"], report.already_there) == (0, 0, 5)


def test_rows_that_say_what_was_corrected_change_nothing_and_are_counted(
    db: Database, review: Review, tmp_path: Path
) -> None:
    correct(db, review, kind="interview")
    report = load(db, review, tmp_path)
    assert (report.added["sources"], report.corrected, report.replaced) == (0, 1, 0)
    assert find_source(db, review, "D-001")["kind"] == "interview"
    with pytest.raises(ImportRefused, match="is already there, with different content"):
        load(db, review, tmp_path, sources=SOURCES.replace("Plan,document", "Plan,survey"))


def test_a_text_that_ends_with_an_empty_page_is_still_the_same_after_a_correction(
    db: Database, review: Review, tmp_path: Path
) -> None:
    sources = 'source,title,kind,text\nD-005,Notes,document,"One.\fTwo.\f"\n'
    load(db, review, tmp_path, sources=sources)
    correct(db, review, "D-005", title="Minutes")
    report = load(db, review, tmp_path, sources=sources.replace("Notes", "Minutes"))
    assert (report.added["sources"], report.corrected) == (0, 0)


def test_a_source_is_still_found_by_words_about_its_old_number(db: Database, review: Review) -> None:
    renumber(db, review)
    with pytest.raises(UnknownName, match="its index number was corrected to 'D-010'") as caught:
        find_source(db, review, "D-001")
    assert caught.value.hint == "Give 'D-010'."


def test_a_freed_number_is_given_to_no_source_by_itself(db: Database, review: Review) -> None:
    renumber(db, review, "D-001", "REG-7")
    added = add_sources(
        db, review, [GivenFile("a.txt", b"Other words.")], SourceDetails(), by="reviewer-1", at=AT
    )
    assert [row["source"] for row in added.added] == ["D-002"]


def test_a_new_source_is_refused_the_number_that_another_had(db: Database, review: Review) -> None:
    renumber(db, review)
    before = last_event(db)
    file, details = GivenFile("a.txt", b"Other words."), SourceDetails(ref="D-001")
    with pytest.raises(ImportRefused) as caught:
        add_sources(db, review, [file], details, by="reviewer-1", at=AT)
    [problem] = caught.value.problems
    assert problem.where == "ref"
    assert problem.message.startswith("'D-001' was the number of a source that is here: its index number was")
    assert problem.hint.startswith("Write 'D-010'. If another source has this number, give it")
    assert last_event(db) == before


def test_a_correction_to_the_number_that_another_had_says_so(db: Database, review: Review) -> None:
    renumber(db, review)
    done = correct(db, review, "I-001", ref="D-001")
    assert done["before"] is not None
    assert before_words(done["before"]) == (
        "'D-001' was the number of D-010 before: files that name it now mean this source"
    )
    assert correct(db, review, "D-010", title="Other")["before"] is None


def test_numbers_that_were_swapped_can_be_put_right(db: Database, review: Review, tmp_path: Path) -> None:
    before = assess_plainly(db, review)
    for was, now in (("D-001", "X"), ("I-001", "D-001"), ("X", "I-001")):
        renumber(db, review, was, now)
    assert find_source(db, review, "D-001")["title"] == "Talk"
    swapped = str.maketrans({"D": "I", "I": "D"})
    rows = FINDINGS.splitlines()
    turned = [rows[0], *(row[:1].translate(swapped) + row[1:] for row in rows[1:])]
    report = load(
        db, review, tmp_path, sources="source,title,kind\nX-9,Other,document\n", findings="\n".join(turned)
    )
    assert (report.added["items"], report.already_there) == (0, 3)
    assert verified(db, review, before)


def test_findings_are_recorded_and_changed_under_the_new_number(db: Database, review: Review) -> None:
    renumber(db, review)
    said = Said("Nobody asked.", "weakness", "2", domains=("carers",))
    assert change_finding(db, review, 1, said, by="reviewer-1", at=AT) == 1
    number = record_finding(
        db, review, "D-010", Passage("asked carers"), Said("", "weakness", "1"), by="reviewer-1", at=AT
    )
    with pytest.raises(EvidenceInvalid, match="already recorded"):
        record_finding(
            db, review, "D-010", Passage("asked carers"), Said("", "weakness", "1"), by="reviewer-1", at=AT
        )
    assert number == 4


def test_items_stay_in_an_open_batch_and_its_sheet_has_the_corrected_details(
    db: Database, review: Review
) -> None:
    batch = draw_batch(db, review, coder="reviewer-2", items=3, by="lead-1", at=AT)["number"]
    correct_source(
        db, review, "D-001", {"ref": "D-010", "title": "The plan"}, by="lead-1", because="Mixed up.", at=AT
    )
    sheet = items_to_code(db, review, batch, "reviewer-2")
    assert len(sheet) == 3
    assert {row["source"] for row in sheet} == {"D-010", "I-001"}


# With erasing and withdrawing ------------------------------------------------------------------------------


def test_an_erasure_takes_the_titles_of_before_too(db: Database, review: Review) -> None:
    run = assess_plainly(db, review)
    correct(db, review, title="Plan of the Bevan family")
    correct(db, review, title="Plan 4", because="It named people.")
    asked, _ = ask_to_erase(db, review, "source", "D-001", by="lead-1", because="Asked.", at=AT)
    clear(db, blank(db, review, asked.number, by="moderator-1", because="Agreed.", at=AT))
    for table in ("event", "source", "source_was"):
        held = str(db.execute(f"select * from {table}").fetchall())
        assert "Bevan" not in held
        assert "Plan 4" not in held
    assert audit_programme(db).problems == ()
    assert verify_run(db, review, run).same
    correct(db, review, title="Interview 4", kind="interview")
    assert audit_programme(db).problems == ()


def test_a_correction_alone_leaves_the_digest_of_the_evidence_to_be_repeated(
    db: Database, review: Review
) -> None:
    run = assess_plainly(db, review)
    correct(db, review, kind="interview")
    assert verify_run(db, review, run).not_repeated == ()


def test_a_corrected_source_can_be_withdrawn(db: Database, review: Review) -> None:
    renumber(db, review)
    assert withdraw_source(db, review, "D-010", by="lead-1", because="Consent.", at=AT) == [1, 2]


def test_other_reviews_are_left_alone(db: Database, review: Review) -> None:
    other = new_review(db, "r2", "wales-round-2", finding("D1"), indicator("Beds", "2007", 3))
    correct(db, other, "D1", ref="D-001")
    run = assess_plainly(db, other)
    correct(db, review, kind="interview")
    renumber(db, review)
    assert not evidence_changed(db, other, run.event)
    assert count_changes(db, other, run)["sources_corrected"] == 0
    assert find_source(db, other, "D-001")["kind"] == "document"


# On the command line ---------------------------------------------------------------------------------------


def test_the_commands_correct_say_what_they_did_and_record_the_login(say: Say, tmp_path: Path) -> None:
    db = ("--db", str(tmp_path / "p.db"))
    say("init", *db)
    say("review", "create", "r1", "--authority", "A", "--framework", "wales-round-2", *db)
    (tmp_path / "sources.csv").write_text(SOURCES, encoding="utf-8")
    say("evidence", "import", "r1", str(tmp_path / "sources.csv"), *db)
    why = ("--because", "Filed wrongly.", "--by", "lead-1", *db)
    done = say("source", "correct", "r1", "D-001", "--ref", "D-010", "--dated", "", *why)
    assert done.out.startswith(
        "Corrected D-010: date from 1 January 2007 to nothing; index number from D-001 to D-010."
    )
    assert "Corrected on" in say("source", "show", "r1", "D-010", *db).out
    say(
        "evidence",
        "add",
        "r1",
        "findings",
        "source=D-010",
        "locator=p1",
        "finding=Late.",
        "domains=carers",
        "direction=weakness",
        "significance=2",
        *db,
    )
    say("assess", "r1", *db)
    for words in (("evidence", "show", "r1", "E1"), ("trail", "r1", "carers")):
        told = " ".join(say(*words, *db).out.split())
        assert "D-010: Corrected on " in told and told.count("because: Filed wrongly.") > 0
    done = say("review", "correct", "r1", "--authority", "Authority B", "--to", "2009-12-31", *why)
    assert "authority from “A” to “Authority B”" in done.out
    assert "because: Filed wrongly." in " ".join(say("review", "show", "r1", *db).out.split())
    with closing(open_programme(tmp_path / "p.db").conn) as connection:
        found = connection.execute(
            "select by, json_extract(detail, '$.login') <> '' from event where action = 'correct'"
        ).fetchall()
    assert found == [("lead-1", 1), ("lead-1", 1)]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("source", "correct", "r1", "D-001"), 2, "because"),
        (("source", "correct", "r1", "D-001", "--because", "Why."), 2, "give what is to be corrected"),
        (
            ("source", "correct", "r1", "D-1", "--kind", "survey", "--because", "Why."),
            1,
            "there is no source",
        ),
        (("review", "correct", "r1", "--because", "Why."), 2, "give what is to be corrected"),
        (("review", "correct", "r1", "--to", "soon", "--because", "Why."), 2, "is not a date"),
    ],
)
def test_what_is_missing_in_a_command_is_said(
    say: Say, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    db = ("--db", str(tmp_path / "p.db"))
    say("init", *db)
    say("review", "create", "r1", "--authority", "A", "--framework", "wales-round-2", *db)
    done = say(*words, *db)
    assert (done.code, said in done.err) == (code, True)
