"""Numbers over time: the latest is that which ends last, however the files write when it was."""

from __future__ import annotations

import lzma
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from assessment_example import (
    AT,
    NO_INPUTS,
    WELSH,
    add,
    as_stored_before,
    assess_plainly,
    last_event,
    new_review,
)
from evidence_rows import Row, good_domain, indicator, survey
from hypothesis import given, settings
from hypothesis import strategies as st
from uncertainty_example import measure

from assessment.runs.changes import compare_runs, count_changes
from assessment.runs.recorded import is_out_of_date
from assessment.runs.result import make_result
from assessment.runs.run import Prepared, Run, assess, infer_of_record, load_run, record_run
from assessment.runs.verify import verify_run
from comparison.impact import Shared, assess_under_both
from comparison.surveys import compare_surveys
from evidence.check import check_evidence
from evidence.digests import PLACED
from evidence.measures.compute import compute_measures, evidence_digest
from evidence.measures.pairs import load_counted
from evidence.measures.scenarios import each_left_out, measures_without
from joint_review.opening import open_programme
from programme.database import Database, insert, one, transaction
from programme.periods import read_period
from programme.reviews import Review, find_review
from rules.errors import EvidenceInvalid, ImportRefused
from rules.loader import load_policy

MEAN = measure("survey_results", "mean", "mean")
AT_COMPARATOR = measure("indicators", "at_comparator", "at")
IMPROVING = measure("indicators", "improving", "up")
MEASURES = [MEAN, AT_COMPARATOR, IMPROVING]


def measured(db: Database, review: Review) -> dict[str, float | int | None]:
    found = compute_measures(db, review, MEASURES, last_event(db))["carers"]
    return {name: value.value for name, value in found.items()}


def asked(when: Sequence[tuple[str, float]]) -> list[Row]:
    return [survey("S1", "Are you heard?", share, 200, period=period) for period, share in when]


def source(ref: str, dated: str) -> Row:
    return {"source": ref, "title": ref, "kind": "survey", "dated": dated}


# --- the latest ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("November 2019", "April 2023"),
        ("30/11/2019", "01/12/2023"),
        ("Q4 2022", "Q1 2023"),
        ("Wave 9", "Wave 10"),
        ("FY19", "FY20"),
        ("Winter 2022/23", "Autumn 2023"),
        ("year to March 2019", "2021/22"),
        ("2021/22", "Q1 2022/23"),
        ("Tachwedd 2019", "Ebrill 2023"),
        ("2019-2021", "2022"),
        ("Year 9 (2019)", "Year 10 (2020)"),
    ],
)
def test_the_latest_survey_counts_whatever_the_alphabet_says(db: Database, earlier: str, later: str) -> None:
    review = new_review(db, "r1", "wales-round-2", *asked([(later, 80), (earlier, 40)]))
    assert measured(db, review)["mean"] == 80
    found = compare_surveys(db, review, named=None).results
    assert {one.period: one.latest for one in found} == {earlier: False, later: True}
    at = each_left_out(load_counted(db, review, last_event(db)).item)[1]
    without = measures_without(load_counted(db, review, last_event(db)), MEASURES, at)["carers"]["mean"]
    assert sorted(without) == [40, 80], "without the later one the earlier one counts"


@pytest.mark.parametrize(
    "periods",
    [
        "Wave 9 < Wave 10 < Wave 11",
        "September 2021 < May 2022 < April 2023",
        "31/12/2019 < 15/06/2021 < 01/02/2022",
        "Q4 2021 < Q2 2022 < Q1 2023",
        "2011-10 < 2011-11 < 2011-12",
    ],
)
def test_what_rises_over_time_improves(db: Database, periods: str) -> None:
    found = zip(periods.split(" < "), (50, 60, 70), strict=True)
    rows = [indicator("Waits", period, value) for period, value in found]
    review = new_review(db, "r1", "wales-round-2", *reversed(rows))
    assert measured(db, review)["up"] == 100


def test_a_financial_year_written_in_two_ways_is_one_period(db: Database) -> None:
    rows = [indicator("Waits", "2021/22", 5, comparator=4), indicator("Waits", "2021/2022", 3, comparator=4)]
    review = new_review(db, "r1", "wales-round-2", *rows, *asked([("2021/22", 40), ("2021-22", 80)]))
    assert measured(db, review) == {"mean": 60, "at": 0, "up": None}


def test_of_two_surveys_of_one_year_without_a_period_the_later_one_counts(db: Database) -> None:
    rows = [source("S8", "2007-02-01"), source("S9", "2007-11-01")]
    results = [survey(ref, "Are you heard?", share, 200) for ref, share in (("S8", 40), ("S9", 80))]
    review = new_review(db, "r1", "wales-round-2", *rows, *results)
    assert measured(db, review)["mean"] == 80
    add(db, review, source("S10", "2007-11-01"), survey("S10", "Are you heard?", 60, 200))
    assert measured(db, review)["mean"] == 70, "two of one day are one share"


def test_a_period_counts_before_the_date_of_its_source(db: Database) -> None:
    rows = [source("S8", "2020-02-01"), survey("S8", "Are you heard?", 40, 200, period="2005")]
    review = new_review(db, "r1", "wales-round-2", *rows, survey("S1", "Are you heard?", 80, 200))
    assert measured(db, review)["mean"] == 80


FORMS = ("{:%B %Y}", "{:%-d %B %Y}", "{:%Y-%m-%d}", "{:%Y}", "year to {:%B %Y}", "as at {:%-d %B %Y}")
MOMENTS = st.lists(
    st.tuples(st.dates(date(1990, 1, 1), date(2040, 12, 31)), st.sampled_from(FORMS), st.integers(0, 100)),
    min_size=2,
    max_size=5,
    unique_by=lambda one: read_period(one[1].format(one[0])).key,
)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_series_gets_better_as_its_days_say(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    from assessment_example import new_programme

    moments = data.draw(MOMENTS)
    written = [(read_period(form.format(day)), form.format(day), value) for day, form, value in moments]
    in_time = sorted(written, key=lambda one: (one[0].ends, one[0].begins))
    with closing((db := new_programme(tmp_path_factory.mktemp("any"))).conn):
        rows = [indicator("Waits", words, value) for _, words, value in written]
        review = new_review(db, "r1", "wales-round-2", *rows)
        assert measured(db, review)["up"] == (100 if in_time[0][2] < in_time[-1][2] else 0)


# --- what cannot be put in order -------------------------------------------------------------------------


def problems(db: Database, review: Review, *rows: Row) -> list[str]:
    before = one(db, "select count(*) from evidence")
    with pytest.raises(ImportRefused) as refused:
        add(db, review, *rows)
    assert one(db, "select count(*) from evidence") == before, "nothing is stored"
    return [f"{problem.where}: {problem.message}" for problem in refused.value.problems]


def test_a_period_without_a_place_is_refused_beside_others_and_both_rows_are_named(db: Database) -> None:
    review = new_review(db)
    rows = [indicator("Waits", "2021/22", 5), indicator("Waits", "last year", 6)]
    assert problems(db, review, *rows) == [
        "rows.json, indicators 2, column 'period': 'last year' does not say when it was, and this indicator"
        " has other periods, such as '2021/22' (rows.json, indicators 1)."
    ]


@pytest.mark.parametrize(
    ("stored", "new"),
    [("2021/22", "last year"), ("last year", "2021/22"), ("Wave 9", "2021/22"), ("Wave 9", "FY20")],
)
def test_what_is_stored_already_counts_as_others(db: Database, stored: str, new: str) -> None:
    review = new_review(db, "r1", "wales-round-2", indicator("Waits", stored, 5))
    [said] = problems(db, review, indicator("Waits", new, 6))
    assert said.startswith("rows.json, indicators 1, column 'period': ")
    assert "other periods" in said or "has a period that does not say when it was" in said


def test_alone_or_repeated_it_is_taken_and_named(db: Database) -> None:
    review = new_review(db)
    rows = [indicator("Waits", "Pilot", 5), indicator("Waits", "pilot", 6), indicator("Beds", "2021/22", 6)]
    report = add(db, review, *rows)
    assert report.not_placed == ["rows.json, indicators 1: Pilot", "rows.json, indicators 2: pilot"]
    assert [row["period"] for row in check_evidence(db, review).not_placed] == ["Pilot", "pilot"]


def test_another_group_or_unit_is_another_series(db: Database) -> None:
    review = new_review(db)
    report = add(
        db,
        review,
        *(indicator("Waits", "2021/22", 5, unit="days"), indicator("Waits", "soon", 5, unit="weeks")),
        *(
            survey("S1", "Heard?", 5, 9, period="2019"),
            survey("S1", "Heard?", 5, 9, period="x", group="Staff"),
        ),
    )
    assert report.added["items"] == 4


def test_a_result_without_any_date_is_refused_beside_others(db: Database) -> None:
    review = new_review(db, "r1", "wales-round-2", source("U1", ""), source("U2", ""))
    add(db, review, survey("U1", "Are you heard?", 40, 200))
    add(db, review, survey("U2", "Are you heard?", 60, 200))
    [said] = problems(db, review, survey("S1", "Are you heard?", 80, 200))
    assert "has a period that does not say when it was, such as that of its source" in said


def test_what_takes_the_place_of_another_is_not_beside_it(db: Database) -> None:
    row = indicator("Waits", "last year", 5)
    review = new_review(db, "r1", "wales-round-2", row)
    add(db, review, {**row, "period": "2021/22"}, indicator("Waits", "2022/23", 6), replace=True)
    assert measured(db, review)["up"] == 100


def test_what_an_older_version_stored_in_no_order_is_not_assessed_and_named(
    db: Database, tmp_path: Path
) -> None:
    rows = [indicator("Waits", "2005/06", 5), indicator("Waits", "2006/07", 6)]
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers"), *rows)
    as_stored_before(db, "2006/07", "last year")
    with pytest.raises(
        EvidenceInvalid, match=r"1 series of r1 cannot be put in order of time: E7 \(last year\)"
    ):
        assess_plainly(db, review)
    assert {row["period"] for row in check_evidence(db, review).out_of_order} == {"2005/06", "last year"}
    policy = load_policy("wales-round-2")
    body = policy.rulebook.model_dump_json(exclude_none=True)
    framework = policy.framework.model_dump_json(exclude_none=True)
    from comparison.impact import _event_digest

    event = last_event(db)
    shared = Shared(str(tmp_path / "programme.db"), event, _event_digest(db, event), framework, body, body)
    found = assess_under_both(shared, ("r1", {}))
    assert "cannot be put in order of time" in str(found.get("reason"))


# --- files from before -----------------------------------------------------------------------------------

MADE = Path(__file__).parent / "files" / "made-by-0.1.0.db.xz"
NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
BY_ALPHABET = ("April 2008", "May 2007", "September 2006")
"""In the order of the alphabet; in time it is the other way round."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of 0.1.0 in which numbers have periods whose alphabet is not their time."""
    path = tmp_path / "programme.db"
    path.write_bytes(lzma.decompress(MADE.read_bytes()))
    with closing(sqlite3.connect(path)) as connection:
        series = connection.execute(
            "select review_id, kind, text, strand, group_name from evidence"
            " where kind in ('indicator', 'survey_result')"
            " group by 1, 2, 3, 4, 5 having count(distinct period) in (2, 3)"
        ).fetchall()
        assert series
        for one_series in series:
            found = connection.execute(
                "select distinct period from evidence"
                " where (review_id, kind, text, strand, group_name) = (?, ?, ?, ?, ?) order by period",
                one_series,
            ).fetchall()
            for (period,), words in zip(found, BY_ALPHABET, strict=False):
                connection.execute(
                    "update evidence set period = ? where period = ?"
                    " and (review_id, kind, text, strand, group_name) = (?, ?, ?, ?, ?)",
                    [words, period, *one_series],
                )
        connection.commit()
    return path


def test_runs_from_before_keep_their_result_and_later_ones_are_made_by_time(old: Path) -> None:
    db = open_programme(old)
    try:
        review = find_review(db, "wales-2004-08")
        before = load_run(db, review)
        assert verify_run(db, review, before).same
        assert is_out_of_date(db, review, before)
        assert count_changes(db, review, before)["periods"] > 0
        after = assess(db, review, before.policy, on=date(2026, 3, 3), by="lead", at=NOW, use_engine=False)
        assert after.is_new and verify_run(db, review, after).same
        assert not is_out_of_date(db, review, after)
        moved = {row["period"]: row["begins"] for row in compare_runs(db, review, before, after)["periods"]}
        assert moved["April 2008"] == "2008-04-01"
        up = [
            compute_measures(db, review, [IMPROVING], run.event)["getting-help"]["up"].value
            for run in (before, after)
        ]
        assert up == [100, 0], "by the alphabet it rose, by time it fell"
    finally:
        db.conn.close()


def run_from_before(db: Database, review: Review) -> Run:
    """A run of a time at which periods were sorted by their words: the upgrade that reads them comes now."""
    event = last_event(db)
    with transaction(db):
        upgrade = {"action": "upgrade", "after": '{"upgrades": ["place_periods"]}', "before": "null"}
        told = {"at": AT.isoformat(), "by": "joint-review", "target": "", "because": "", "detail": "{}"}
        insert(db, "event", {**upgrade, **told})
    measures = compute_measures(db, review, WELSH.rulebook.evidence_measures, event)
    digests = {"framework": WELSH.framework_digest, "rulebook": WELSH.rulebook_digest}
    inputs = replace(NO_INPUTS, evidence=evidence_digest(db, review, event), **digests)
    made = make_result(WELSH, inputs, infer_of_record(WELSH, measures, {}, with_engine=False))
    return record_run(db, review, Prepared(WELSH, event, made), by="lead", at=AT)


def test_what_moved_because_periods_are_sorted_by_time_is_said(db: Database) -> None:
    heard = asked([("April 2008", 20), ("September 2006", 85)])
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers", 6, 2), *heard)
    before = run_from_before(db, review)
    after = assess_plainly(db, review)
    assert after.is_new and verify_run(db, review, before).same and verify_run(db, review, after).same
    found = compare_runs(db, review, before, after)
    assert [(row["measure"], row["before"], row["after"]) for row in found["measures"]][:1] == [
        ("survey_positive", 85, 20)
    ]
    [moved] = [rating for rating in found["ratings"] if rating["target"] == "carers"]
    assert moved["causes"] == ["order of periods"] and moved["before"] != moved["after"]
    assert [row["period"] for row in found["periods"]] == ["September 2006", "April 2008"]
    # The items behind the figures of each run are those that it counted.
    for run, share in ((before, 85), (after, 20)):
        [item] = behind(db, run.id, "survey_positive")
        assert one(db, "select value from evidence where id = ?", [item]) == share


def behind(db: Database, run: int, name: str) -> list[int]:
    found = "select m.evidence_id from measure_evidence m join measure x on x.id = m.measure_id"
    return [item for (item,) in db.execute(f"{found} where m.run_id = ? and x.key = ?", [run, name])]


def test_a_file_in_which_time_and_alphabet_agree_has_no_new_run(tmp_path: Path) -> None:
    path = tmp_path / "programme.db"
    path.write_bytes(lzma.decompress(MADE.read_bytes()))
    db = open_programme(path)
    try:
        for key in ("wales-2004-08", "fieldwork"):
            review = find_review(db, key)
            run = load_run(db, review)
            assert evidence_digest(db, review, last_event(db)) == evidence_digest(db, review, run.event)
            assert count_changes(db, review, run)["periods"] == 0
        read = "select count(*) from evidence where period <> '' and ends is null"
        assert db.execute(read).fetchone() == (0,)
    finally:
        db.conn.close()


def test_the_days_of_older_rows_are_sealed(old: Path) -> None:
    open_programme(old).conn.close()
    with closing(sqlite3.connect(old)) as connection:
        sealed = connection.execute(
            "select substr(column_name, 2) from sealed_rows where table_name = 'evidence'"
            " and column_name like '+%' order by 1"
        ).fetchall()
    assert set(PLACED) <= {name for (name,) in sealed}
