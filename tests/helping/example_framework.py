"""A small framework, reviews judged by it, and evidence files, for the tests of the import."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evidence.intake.importing import import_files
from evidence.intake.report import ImportReport
from joint_review.opening import UPGRADES
from programme.database import Database, create_database, rows
from programme.reviews import Review, create_review, store_frameworks
from rules.errors import ImportRefused
from rules.framework import Framework
from rules.loader import PolicySet

AT = datetime(2004, 6, 1, 9, 30, tzinfo=UTC)
Row = Mapping[str, Any]


def _levels(*names: str) -> list[dict[str, str]]:
    return [{"id": name, "title": name.capitalize()} for name in names]


SMALL: dict[str, Any] = {
    "id": "small",
    "title": {"en": "A small framework", "cy": "Fframwaith bach"},
    "reference": "Made for tests.",
    "strands": _levels("all", "adults", "older-people", "carers", "children-and-families"),
    "questions": [
        {
            "id": "services",
            "title": "How good are the services?",
            "scale": _levels("poor", "fair", "good"),
            "domains": _levels("getting-help", "assessment", "care-planning", "carers"),
        },
        {
            "id": "prospects",
            "title": "Will they improve?",
            "scale": _levels("no", "yes"),
            "domains": _levels("leadership", "partnership"),
        },
    ],
}
"""A framework as it would stand in YAML; its names are those that the templates use."""


def small_framework(**changes: Any) -> Framework:
    return Framework.model_validate({**SMALL, **changes})


def policy_of(framework: Framework) -> PolicySet:
    return PolicySet(framework, rulebook=None)  # type: ignore[arg-type]  # the evidence tables need none


def new_programme(path: Path) -> Database:
    """A working database with the small framework, judged by nobody yet."""
    db = create_database(path, UPGRADES)
    store_frameworks(db, [policy_of(small_framework())])
    return db


def new_review(db: Database, key: str = "north") -> Review:
    return create_review(
        db, key, "North Council", "small", window_from=None, window_to=None, by="lead", at=AT
    )


# --- rows ----------------------------------------------------------------------------------------------


def source(ref: str = "I1", kind: str = "interview", **more: Any) -> dict[str, Any]:
    return {"source": ref, "title": f"Source {ref}", "kind": kind, **more}


def finding(locator: str = "p. 1", text: str = "Carers are asked.", **more: Any) -> dict[str, Any]:
    return {
        "source": "I1",
        "locator": locator,
        "finding": text,
        "direction": "strength",
        "significance": 2,
        "domains": "carers",
        **more,
    }


def answer(respondent: object, given: object, **more: Any) -> dict[str, Any]:
    return {
        "source": "S1",
        "respondent": respondent,
        "question": "I was heard",
        "group": "Adults",
        "strand": "adults",
        "answer": given,
        **more,
    }


SOURCES = [source("I1"), source("I2"), source("S1", "survey"), source("N1", "indicator_return")]


def write_csv(path: Path, found: Sequence[Row], **how: Any) -> Path:
    """The rows as a CSV with the columns of all of them."""
    headers = list(dict.fromkeys(name for row in found for name in row))
    with path.open("w", newline="", encoding=how.pop("encoding", "utf-8")) as file:
        writer = csv.DictWriter(file, headers, restval="", **how)
        writer.writeheader()
        writer.writerows(found)
    return path


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# --- importing and looking -----------------------------------------------------------------------------


class Desk:
    """A review in a database of its own, a folder for its files, and short words for what tests do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "programme.db"
        self.db = new_programme(self.path)
        self.review = new_review(self.db)

    def load(self, *paths: Path, **options: Any) -> ImportReport:
        return import_files(self.db, self.review, paths, by="lead", at=AT, **options)

    def load_rows(self, layout: str, *found: Row, **options: Any) -> ImportReport:
        return self.load(write_csv(self.folder / f"{layout}.csv", found), **options)

    def load_sources(self) -> ImportReport:
        return self.load_rows("sources", *SOURCES)

    def problems(self, *paths: Path, **options: Any) -> list[str]:
        """What is said of files that are refused; that nothing of them is stored is checked, too."""
        before = counts(self.db)
        with pytest.raises(ImportRefused) as caught:
            self.load(*paths, **options)
        assert counts(self.db) == before
        assert caught.value.message.startswith("Nothing was imported")
        return [str(problem) for problem in caught.value.problems]

    def problems_of_rows(self, layout: str, *found: Row, **options: Any) -> list[str]:
        return self.problems(write_csv(self.folder / f"{layout}.csv", found), **options)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return rows(self.db, sql)

    def survey_results(self, *columns: str) -> list[tuple[Any, ...]]:
        """The group and these columns of every survey result that counts."""
        found = self.rows(
            f"select {', '.join(('group_name', *columns))} from evidence where kind = 'survey_result'"
            " and withdrawn_event is null order by group_name, text"
        )
        return [tuple(row.values()) for row in found]

    def close(self) -> None:
        self.db.conn.close()


def added(**found: int) -> dict[str, int]:
    """What an import report says was added: nothing but this."""
    kinds = "sources responses items tags characteristics margins codings"
    return {**dict.fromkeys(kinds.split(), 0), **found}


def counts(db: Database) -> dict[str, int]:
    """How many rows every table of the database has."""
    names = [row["name"] for row in rows(db, "select name from sqlite_master where type = 'table'")]
    return {name: rows(db, f"select count(*) as n from [{name}]")[0]["n"] for name in names}


def contents(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that is stored of evidence, without row numbers and in an order of its own."""
    statements = {
        "sources": "select ref, digest from source",
        "pages": "select s.ref, p.number, p.text from source_page p join source s on s.id = p.source_id",
        "items": "select s.ref, e.locator, e.digest, e.text, e.value, e.recorded_by, e.recorded_on,"
        " e.withdrawn_event is not null from evidence e join source s on s.id = e.source_id",
        "tags": "select s.ref, e.locator, e.digest, d.key, t.note, t.tagged_by,"
        " t.withdrawn_event is not null, e.withdrawn_event is not null"
        " from tag t join evidence e on e.id = t.evidence_id"
        " join source s on s.id = e.source_id join domain d on d.id = t.domain_id",
        "codings": "select s.ref, e.locator, c.coded_by, c.digest, c.direction, c.significance, c.score,"
        " c.note, c.withdrawn_event is not null, (select json_group_array(key) from (select d.key"
        " from coding_domain x join domain d on d.id = x.domain_id where x.coding_id = c.id order by 1))"
        " from coding c join evidence e on e.id = c.evidence_id join source s on s.id = e.source_id",
        "characteristics": "select s.ref, c.respondent, c.characteristic, c.category"
        " from respondent_characteristic c join source s on s.id = c.source_id",
        "margins": "select s.ref, m.group_name, m.characteristic, m.category, m.percent, m.people,"
        " m.withdrawn_event is not null from population_margin m join source s on s.id = m.source_id",
        "weights": "select s.ref, w.group_name, w.respondent, w.weight, w.withdrawn_event is not null"
        " from respondent_weight w join source s on s.id = w.source_id",
        "answers": "select s.ref, r.respondent, r.question, r.group_name, r.strand, r.answer"
        " from survey_response r join source s on s.id = r.source_id",
    }
    return {name: _sorted(rows(db, sql)) for name, sql in statements.items()}


def _sorted(found: Iterable[Row]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in found), key=repr)
