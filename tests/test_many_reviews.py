"""One file for many reviews: a column `review` names where each row goes, and all are stored or none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from example_framework import (
    AT,
    Desk,
    answer,
    finding,
    new_review,
    policy_of,
    small_framework,
    source,
    write_csv,
)

from evidence.intake.importing import import_row
from programme.database import rows
from programme.reviews import create_review, store_frameworks


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Three reviews: north (where files are imported), south, and east under another framework."""
    found = Desk(tmp_path)
    new_review(found.db, "south")
    questions = [
        {
            "id": "help",
            "title": "Help?",
            "scale": [{"id": "no", "title": "No"}, {"id": "yes", "title": "Yes"}],
        }
    ]
    questions[0]["domains"] = [{"id": "housing", "title": "Housing"}]
    store_frameworks(found.db, [policy_of(small_framework(id="other", questions=questions))])
    by = {"window_from": None, "window_to": None, "by": "lead", "at": AT}
    create_review(found.db, "east", "East City", "other", **by)
    yield found
    found.db.conn.close()


def of(review: str, **row: object) -> dict[str, object]:
    return {"review": review, **row}


def stored(desk: Desk) -> set[tuple[str, str, str]]:
    return set(
        desk.db.execute(
            "select v.key, s.ref, e.text from evidence e join review v on v.id = e.review_id"
            " join source s on s.id = e.source_id and s.review_id = v.id where e.withdrawn_event is null"
        )
    )


SOURCES = [
    of("", **source("I1")),
    of("south", **source("I1", title="Another")),
    of("East City", **source("I1")),
]
FINDINGS = [
    of("north", **finding(text="In the north.")),
    of("south", **finding(text="In the south.")),
    of("east", **finding(text="In the east.", domains="housing")),
    of("", **finding("p. 2", text="At home.")),
]


def test_every_row_goes_into_the_review_that_it_names(desk: Desk) -> None:
    paths = [write_csv(desk.folder / f"{name}.csv", found) for name, found in FILES.items()]
    report = desk.load(*paths)
    assert stored(desk) == {
        ("north", "I1", "In the north."),
        ("north", "I1", "At home."),
        ("south", "I1", "In the south."),
        ("east", "I1", "In the east."),
    }
    assert (report.added["sources"], report.added["items"], report.added["tags"]) == (3, 4, 4)
    assert report.reviews == {"north": 5, "south": 3, "east": 3}
    events = rows(
        desk.db, "select v.key from event e join review v on v.id = e.review_id where action = 'import'"
    )
    assert [row["key"] for row in events] == ["north", "south", "east"]
    marked = desk.db.execute(
        "select count(*) from evidence e join event v on v.id = e.added_event where v.review_id = e.review_id"
    )
    assert marked.fetchone() == (4,)
    again = desk.load(*paths)
    assert not any(again.added.values()) and again.already_there == 7


FILES = {"sources": SOURCES, "findings": FINDINGS}


def test_a_wrong_row_of_one_review_keeps_those_of_all_others_out(desk: Desk) -> None:
    wrong = [*FINDINGS, of("east", **finding("p. 3", domains="carers"))]
    paths = [write_csv(desk.folder / "sources.csv", SOURCES), write_csv(desk.folder / "findings.csv", wrong)]
    (problem,) = desk.problems(*paths)
    assert problem.startswith(
        "findings.csv, row 6, column 'domains': found 'carers'; expected domains of the"
    )


def test_a_review_that_there_is_not_is_named_once(desk: Desk) -> None:
    found = [of("suoth", **source(f"I{n}")) for n in range(5)]
    assert desk.problems(write_csv(desk.folder / "sources.csv", found)) == [
        "sources.csv, row 2, column 'review': there is no review 'suoth'. Did you mean 'south' or 'north'?"
    ]


def test_an_authority_with_several_reviews_is_not_enough(desk: Desk) -> None:
    (problem,) = desk.problems(write_csv(desk.folder / "sources.csv", [of("North Council", **source())]))
    assert "there are several reviews of 'North Council'. Write one of: north, south." in problem


def test_a_source_of_another_review_is_not_enough(desk: Desk) -> None:
    desk.load_rows("sources", source("I1"))
    (problem,) = desk.problems(write_csv(desk.folder / "findings.csv", [of("south", **finding())]))
    assert problem.startswith(
        "findings.csv, row 2, column 'source': there is no source 'I1' in the review 'south'."
    )


def test_answers_of_every_review_become_results_there(desk: Desk) -> None:
    surveys = [of(review, **source("S1", "survey")) for review in ("north", "south")]
    answers = [of("north", **answer(n, 5)) for n in range(4)] + [
        of("south", **answer(n, n + 2)) for n in range(4)
    ]
    paths = [
        write_csv(desk.folder / "sources.csv", surveys),
        write_csv(desk.folder / "survey-responses.csv", answers),
    ]
    desk.load(*paths)
    found = desk.db.execute(
        "select v.key, e.value from evidence e join review v on v.id = e.review_id order by v.key"
    )
    assert list(found) == [("north", 100.0), ("south", 50.0)]


def test_replacing_reaches_the_reviews_that_are_named(desk: Desk) -> None:
    desk.load(*(write_csv(desk.folder / f"{name}.csv", found) for name, found in FILES.items()))
    changed = [of("south", **finding(text="Changed in the south."))]
    report = desk.load(write_csv(desk.folder / "findings.csv", changed), replace=True)
    assert report.replaced == 1 and report.reviews == {"south": 2}
    assert ("south", "I1", "Changed in the south.") in stored(desk)
    assert ("north", "I1", "In the north.") in stored(desk)
    withdrawn = desk.db.execute(
        "select v.key from evidence e join event t on t.id = e.withdrawn_event"
        " join review v on v.id = t.review_id"
    )
    assert list(withdrawn) == [("south",)]


def test_one_row_may_name_its_review_too(desk: Desk) -> None:
    values = {name: str(text) for name, text in source("I9").items()}
    import_row(desk.db, desk.review, "sources", {**values, "review": "south"}, by="lead", at=AT)
    assert list(desk.db.execute("select v.key from source s join review v on v.id = s.review_id")) == [
        ("south",)
    ]
