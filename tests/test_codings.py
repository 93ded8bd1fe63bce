"""Codings by second reviewers: what may stand in their file, all or nothing, never part of a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from example_framework import (
    AT,
    Desk,
    contents,
    counts,
    finding,
    policy_of,
    small_framework,
    source,
    write_csv,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment.runs.run import assess, load_run
from assessment.runs.verify import verify_run
from evidence.coding.codings import withdraw_coding
from evidence.intake.importing import import_files, import_row
from evidence.items import withdraw_item
from evidence.measures.compute import evidence_digest
from programme.database import Database, one, rows
from programme.reviews import find_review, store_frameworks
from rules.errors import EvidenceInvalid, ImportRefused, WordsMissing
from rules.loader import load_policy

SCORE = {
    **{"source": "C1", "locator": "standard 1", "standard": "Risk is assessed", "score": 3},
    "domains": "carers",
}
SURVEY = {
    **{"source": "S1", "locator": "row 1", "group": "Adults", "question": "Heard?", "positive": 70},
    "domains": "carers",
}
INDICATOR = {
    **{"source": "N1", "locator": "row 1", "indicator": "Referrals", "period": "2004/05"},
    **{"value": 12, "better": "higher", "domains": "carers"},
}


def coding(locator: str = "p. 1", **more: Any) -> dict[str, Any]:
    return {
        **{"source": "I1", "locator": locator, "coded_by": "second"},
        **{"direction": "weakness", "significance": 3, "score": "", "domains": "carers", "note": ""},
        **more,
    }


def of_score(score: Any, **more: Any) -> dict[str, Any]:
    return coding("standard 1", source="C1", direction="", significance="", score=score, **more)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A review with two findings and one item of every other kind, all recorded by 'first'."""
    desk = Desk(tmp_path)
    desk.load_sources()
    desk.load_rows("sources", source("C1", "case_file"))
    first = {"recorded_by": "first"}
    desk.load_rows("findings", finding("p. 1", **first), finding("p. 2", "Plans are late.", **first))
    for layout, row in (("case-scores", SCORE), ("survey-results", SURVEY), ("indicators", INDICATOR)):
        desk.load_rows(layout, {**row, **first})
    yield desk
    desk.close()


def stored(desk: Desk) -> list[tuple[Any, ...]]:
    """What is stored of codings: locator, coder, judgement, note, whether withdrawn, domains."""
    return [(row[1], row[2], *row[4:]) for row in contents(desk.db)["codings"]]


# --- what may stand in the file --------------------------------------------------------------------------


def test_a_coding_is_stored_beside_the_item_which_stays_as_it_is(desk: Desk) -> None:
    before = {name: rows for name, rows in contents(desk.db).items() if name != "codings"}
    report = desk.load_rows(
        "codings",
        coding(domains="assessment; carers", note="Nobody offers it."),
        of_score(1, domains="", coded_by="third"),
    )
    assert {what: count for what, count in report.added.items() if count} == {"codings": 2}
    assert stored(desk) == [
        ("standard 1", "third", None, None, 1.0, "", 0, "[]"),
        ("p. 1", "second", "weakness", 3, None, "Nobody offers it.", 0, '["assessment","carers"]'),
    ]
    assert {name: rows for name, rows in contents(desk.db).items() if name != "codings"} == before


def test_counted_items_are_coded_by_their_domains_alone(desk: Desk) -> None:
    blank = {"direction": "", "significance": "", "score": ""}
    desk.load_rows("codings", coding("row 1", source="S1", **blank), coding("row 1", source="N1", **blank))
    assert [row[2:5] for row in stored(desk)] == [(None, None, None)] * 2


def test_a_coding_may_come_with_the_item_it_is_of(desk: Desk) -> None:
    items = write_csv(desk.folder / "findings.csv", [finding("p. 3", recorded_by="first")])
    codings = write_csv(desk.folder / "codings.csv", [coding("p. 3")])
    assert desk.load(codings, items).added["codings"] == 1
    assert [row[0] for row in stored(desk)] == ["p. 3"]


def test_the_recorder_of_an_item_cannot_code_it_again(desk: Desk) -> None:
    [problem] = desk.problems_of_rows("codings", coding(coded_by="first"))
    assert problem == (
        "codings.csv, row 2, column 'coded_by': 'first' recorded this item, so the item itself is their"
        " coding. A coding is a second person's: name the reviewer who coded it without the first."
    )
    items = write_csv(desk.folder / "findings.csv", [finding("p. 9", recorded_by="first")])
    [problem] = desk.problems(
        items, write_csv(desk.folder / "codings.csv", [coding("p. 9", coded_by="first")])
    )
    assert "'first' recorded this item" in problem


def test_every_problem_of_every_row_is_named_at_once(desk: Desk) -> None:
    found = desk.problems_of_rows(
        "codings",
        coding(direction="weekness"),
        coding(significance=4),
        coding(significance=""),
        coding(direction=""),
        coding(domains="carer"),
        coding(coded_by=""),
        coding(score=2),
        of_score(0),
        of_score("high"),
    )
    assert found == [
        "codings.csv, row 2, column 'direction': found 'weekness'; expected one of strength, weakness,"
        " neutral. Did you mean 'weakness'?",
        "codings.csv, row 3, column 'significance': found '4'; expected 1 (minor), 2 (important) or 3"
        " (serious).",
        "codings.csv, row 4, column 'significance': found nothing; expected direction and significance"
        " together, or neither.",
        "codings.csv, row 5, column 'significance': found '3'; expected direction and significance"
        " together, or neither.",
        "codings.csv, row 6, column 'domains': found 'carer'; expected domains of the framework,"
        " separated by semicolons. Did you mean 'carers'?",
        "codings.csv, row 7, column 'coded_by': found nothing; expected a text.",
        "codings.csv, row 8, column 'score': found '2'; expected a direction with its significance, or"
        " a score, not both.",
        "codings.csv, row 9, column 'score': found '0'; expected a score from 1 up.",
        "codings.csv, row 10, column 'score': found 'high'; expected a number. Write 1234.5 or 1,234.5;"
        " units belong in their own column.",
    ]


def test_what_does_not_fit_the_item_is_named_with_what_would(desk: Desk) -> None:
    blank = {"direction": "", "significance": ""}
    found = desk.problems_of_rows(
        "codings",
        coding("p. 7"),
        coding(**blank),
        coding("p. 2", **blank, score=2),
        of_score(""),
        of_score(5, coded_by="third"),
        coding("row 1", source="N1"),
        coding("row 1", source="S1", **blank, score=2),
        coding("p. 1", source="I9"),
    )
    assert found == [
        "codings.csv, row 2: there is no item with source 'I1' and locator 'p. 7' to code. Source and locator"
        " must be written exactly as in the item; or give its number in 'item'.",
        "codings.csv, row 3, column 'direction': the cell is empty, but the item is a finding."
        " Give direction and significance.",
        "codings.csv, row 4, column 'score': found 2, but the item is a finding. Give its direction instead.",
        "codings.csv, row 5, column 'score': the cell is empty, but the item is a case score."
        " Give the score.",
        "codings.csv, row 6, column 'score': found 5; expected a score from 1 to 4.",
        "codings.csv, row 7, column 'direction': found 'weakness', but the item is an indicator."
        " Give only the domains it bears on.",
        "codings.csv, row 8, column 'score': found 2, but the item is a survey result. Give only the"
        " domains it bears on.",
        "codings.csv, row 9, column 'source': there is no source 'I9' in this review. Allowed: C1, I1, I2,"
        " N1, S1.",
    ]


def test_a_bad_coding_keeps_the_good_rows_of_all_files_out(desk: Desk) -> None:
    before = counts(desk.db)
    with pytest.raises(ImportRefused):
        desk.load_rows("codings", coding(), coding("p. 2", direction="up"))
    assert counts(desk.db) == before


def test_one_coding_goes_through_the_same_checks_as_a_file(desk: Desk) -> None:
    values = {name: str(value) for name, value in coding().items()}
    report, number = import_row(desk.db, desk.review, "codings", values, by="lead", at=AT)
    assert report.added["codings"] == 1
    assert number == one(desk.db, "select id from evidence where locator = 'p. 1'")
    with pytest.raises(ImportRefused, match="recorded this item"):
        import_row(desk.db, desk.review, "codings", {**values, "coded_by": "first"}, by="lead", at=AT)


# --- repeated, changed, withdrawn --------------------------------------------------------------------------


def test_codings_imported_again_change_nothing(desk: Desk) -> None:
    rows = [coding(), coding("p. 2", coded_by="third"), of_score(2)]
    desk.load_rows("codings", *rows)
    before = counts(desk.db)
    report = desk.load_rows("codings", *rows, *rows[:1])
    assert (report.added["codings"], report.already_there) == (0, 4)
    assert counts(desk.db) == before


def test_two_reviewers_code_the_same_item_each_once(desk: Desk) -> None:
    desk.load_rows("codings", coding(), coding(coded_by="third", direction="strength"))
    assert [row[1] for row in stored(desk)] == ["second", "third"]
    [problem] = desk.problems_of_rows("codings", coding("p. 2"), coding("p. 2", significance=1))
    assert problem == (
        "codings.csv, row 3: 'second' codes this item twice, differently (also codings.csv, row 2)."
        " A reviewer codes each item once."
    )


def test_a_changed_coding_is_refused_or_takes_the_place_of_the_old_one(desk: Desk) -> None:
    desk.load_rows("codings", coding())
    [problem] = desk.problems_of_rows("codings", coding(domains="carers;assessment"))
    number = one(desk.db, "select id from evidence where locator = 'p. 1'")
    assert problem == (
        f"codings.csv, row 2: 'second' has already coded item E{number}, differently."
        " Replace(effect='withdraw the old coding')"
    )
    report = desk.load_rows("codings", coding(domains="carers;assessment"), replace=True)
    assert (report.added["codings"], report.replaced) == (1, 1)
    assert [row[-2:] for row in stored(desk)] == [(1, '["carers"]'), (0, '["assessment","carers"]')]
    # And back again: what an import withdrew, a later one may bring back.
    assert desk.load_rows("codings", coding()).withdrawn == 1
    report = desk.load_rows("codings", coding(), replace=True)
    assert (report.added["codings"], report.replaced) == (1, 1)
    assert [row[-1] for row in stored(desk) if not row[-2]] == ['["carers"]']


def test_a_coding_that_a_person_withdrew_stays_withdrawn(desk: Desk) -> None:
    desk.load_rows("codings", coding())
    number = one(desk.db, "select id from evidence where locator = 'p. 1'")
    withdraw_coding(desk.db, desk.review, number, "second", by="lead", because="Wrong page.", at=AT)
    for replace in (False, True):
        report = desk.load_rows("codings", coding(), replace=replace)
        assert (report.added["codings"], report.withdrawn) == (0, 1)
    assert desk.load_rows("codings", coding(significance=1)).added["codings"] == 1
    assert sorted((row[3], row[6]) for row in stored(desk)) == [(1, 0), (3, 1)]
    [event] = desk.rows("select * from event where action = 'withdraw coding'")
    assert (event["by"], event["because"], event["target"]) == ("lead", "Wrong page.", f"E{number} second")


def test_a_coding_is_withdrawn_with_a_reason_and_once(desk: Desk) -> None:
    desk.load_rows("codings", coding())
    number = one(desk.db, "select id from evidence where locator = 'p. 1'")
    how = {"by": "lead", "at": AT}
    with pytest.raises(WordsMissing, match="withdrawing a coding needs a reason"):
        withdraw_coding(desk.db, desk.review, number, "second", because=" ", **how)
    with pytest.raises(EvidenceInvalid, match=r"'secnd' has not coded .*\n.*Did you mean 'second'"):
        withdraw_coding(desk.db, desk.review, number, "secnd", because="Wrong.", **how)
    withdraw_coding(desk.db, desk.review, number, "second", because="Wrong.", **how)
    with pytest.raises(EvidenceInvalid, match="No second reviewer has"):
        withdraw_coding(desk.db, desk.review, number, "second", because="Wrong.", **how)


def test_a_coding_of_a_withdrawn_item_is_counted_and_not_stored(desk: Desk) -> None:
    number = one(desk.db, "select id from evidence where locator = 'p. 1'")
    withdraw_item(desk.db, desk.review, number, by="lead", because="Twice.", at=AT)
    report = desk.load_rows("codings", coding())
    assert (report.added["codings"], report.withdrawn) == (0, 1)


def test_a_coding_stays_with_the_item_it_was_made_of(desk: Desk) -> None:
    desk.load_rows("codings", coding())
    old = one(desk.db, "select id from evidence where locator = 'p. 1'")
    changed = finding("p. 1", "Carers are never asked.", direction="weakness", recorded_by="first")
    desk.load_rows("findings", changed, replace=True)
    assert desk.rows("select evidence_id, withdrawn_event from coding") == [
        {"evidence_id": old, "withdrawn_event": None}
    ]
    assert desk.load_rows("codings", coding()).added["codings"] == 1  # of the new one


def test_a_domain_that_codings_name_cannot_be_taken_out_of_the_framework(desk: Desk) -> None:
    desk.load_rows("codings", coding(domains="partnership"))
    without = small_framework().model_dump(mode="json")
    without["questions"][1]["domains"].pop()
    with pytest.raises(EvidenceInvalid, match="no longer has the domain 'partnership'"):
        store_frameworks(desk.db, [policy_of(small_framework(questions=without["questions"]))])


ROWS = st.lists(
    st.builds(
        lambda locator, coder, direction, domains: coding(
            locator, coded_by=coder, direction=direction, domains=domains
        ),
        st.sampled_from(["p. 1", "p. 2"]),
        st.sampled_from(["second", "third"]),
        st.sampled_from(["strength", "neutral"]),
        st.sampled_from(["", "carers", "carers;assessment", "assessment;carers"]),
    ),
    max_size=4,
    unique_by=lambda row: (row["locator"], row["coded_by"]),
)


@settings(max_examples=8, deadline=None)
@given(rows=ROWS, random=st.randoms())
def test_the_order_of_rows_never_changes_what_is_stored(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], random: Any
) -> None:
    found = []
    for shuffled in (rows, random.sample(rows, len(rows))):
        desk = Desk(tmp_path_factory.mktemp("desk"))
        desk.load_sources()
        desk.load_rows("findings", finding("p. 1"), finding("p. 2", "Plans are late."))
        if rows:
            desk.load_rows("codings", *shuffled)
        found.append(
            (contents(desk.db), desk.rows("select id, evidence_id, coded_by from coding order by id"))
        )
        desk.close()
    assert found[0] == found[1]


# --- never part of a run ---------------------------------------------------------------------------------


def test_codings_change_no_run_no_measure_and_no_digest(
    example_copy: Path, connect: Callable[[Path], Database], tmp_path: Path
) -> None:
    db = connect(example_copy)
    review, policy = find_review(db, "wales-2004-08"), load_policy("wales-round-2")
    run = load_run(db, review, None)
    event = one(db, "select max(id) from event")
    before = evidence_digest(db, review, event)
    items = rows(
        db,
        "select s.ref, e.locator from evidence e join source s on s.id = e.source_id"
        " where e.kind = 'finding' order by e.id limit 50",
    )
    path = tmp_path / "codings.json"
    found = [{**coding(item["locator"], source=item["ref"]), "score": None} for item in items]
    path.write_text(json.dumps({"codings": found}))
    assert import_files(db, review, [path], by="lead", at=AT).added["codings"] == 50
    assert evidence_digest(db, review, one(db, "select max(id) from event")) == before
    assert verify_run(db, review, run).same
    made = run.result.inputs.on
    again = assess(db, review, policy, on=date.fromisoformat(made), by="lead", at=AT)
    assert (again.id, again.is_new, again.digest) == (run.id, False, run.digest)
