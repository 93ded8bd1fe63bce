"""Bad input to the commands that read runs: a plain message with a remedy, exit code 1, nothing changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from assessment_example import (
    AT,
    ON,
    WELSH,
    assess_plainly,
    new_programme,
    new_review,
    rate_approved,
    tables_of,
)
from command_line import Say
from evidence_rows import good_domain

from assessment.runs.run import load_run
from joint_review.opening import open_programme
from programme.database import Database
from programme.reviews import find_review
from rules.errors import RunImpossible, RunUnreadable

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review 'north' with two runs: carers assessed, then decided by a person."""
    folder = tmp_path_factory.mktemp("refusals")
    db = new_programme(folder)
    review = new_review(db, "north", "wales-round-2", *good_domain("carers"))
    assess_plainly(db, review)
    rate_approved(db, review, "carers", "poor", by="moderator-1", because="Seen on visits.", at=AT)
    assess_plainly(db, review)
    db.conn.close()
    return folder / "programme.db"


@pytest.fixture
def db(two_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same in a file of the test's own, which is where the commands look."""
    monkeypatch.chdir(tmp_path)
    opened = open_programme(Path(shutil.copy(two_runs, tmp_path / "programme.db")))
    yield opened
    opened.conn.close()


def rewrite(db: Database, table: str, column: str, change: Callable[[Any], None], where: str) -> None:
    """Change recorded JSON as no version of this software would, past the triggers that forbid it."""
    trigger = f"{table}_never_update"
    kept = db.conn.execute("select sql from sqlite_master where name = ?", [trigger]).fetchone()[0]
    db.conn.execute(f"drop trigger {trigger}")
    for number, text in db.conn.execute(f"select rowid, {column} from {table} where {where}").fetchall():
        body = json.loads(text)
        change(body)
        db.conn.execute(f"update {table} set {column} = ? where rowid = ?", [json.dumps(body), number])
    db.conn.execute(kept)
    db.conn.commit()


def an_unknown_key(db: Database) -> None:
    rewrite(
        *(db, "policy_text", "body"),
        lambda body: body["questions"]["services"].update(quorum=3),
        "kind = 'rulebook'",
    )


def a_key_that_is_lacking(db: Database) -> None:
    rewrite(db, "policy_text", "body", lambda body: body.pop("questions"), "kind = 'rulebook'")


def a_framework_without_scales(db: Database) -> None:
    rewrite(db, "policy_text", "body", lambda body: body["questions"][0].pop("scale"), "kind = 'framework'")


def results_without_margins(db: Database) -> None:
    def change(body: Any) -> None:
        for rating in body["ratings"]:
            for outcome in rating["outcomes"]:
                del outcome["margin"]

    rewrite(db, "run", "result", change, "1")


def results_without_firings(db: Database) -> None:
    rewrite(db, "run", "result", lambda body: body.pop("firings"), "1")


OLDER = {
    an_unknown_key: "questions/services/quorum: Extra inputs are not permitted (Rulebook)",
    a_key_that_is_lacking: "questions: Field required (Rulebook)",
    a_framework_without_scales: "questions/0/scale: Field required (Framework)",
    results_without_margins: "ratings/0/outcomes/0/margin: Field required (Result)",
    results_without_firings: "firings: Field required (Result)",
}
READERS = {
    "explain": ["explain", "north"],
    "explain --rule": ["explain", "north", "--rule", "carers.mainly-good.strengths"],
    "trail": ["trail", "north", "carers", "--run", "1"],
    "whatif": ["whatif", "north", "carers"],
    "uncertainty": ["uncertainty", "north", "--draws", "100"],
    "confidence": ["confidence", "north", "carers", "--draws", "100"],
    "next": ["next", "north", "--draws", "100"],
    "verify": ["verify", "2"],
    "diff": ["diff", "1", "2"],
}


@pytest.mark.parametrize("name", READERS)
def test_a_run_whose_record_this_version_cannot_read_is_refused_by_every_command(
    db: Database, say: Say, name: str
) -> None:
    an_unknown_key(db)
    before = tables_of(db)
    code, out, err = say(*READERS[name])
    number = 1 if name in ("trail", "diff") else 2
    assert (code, out) == (1, "")
    assert err.startswith(f"Error: run {number} was recorded by joint-review ")
    assert f"cannot read its record: {OLDER[an_unknown_key]}" in err
    assert "joint-review assess north" in err
    assert tables_of(db) == before


@pytest.mark.parametrize("older", OLDER, ids=lambda change: change.__name__)
def test_what_stands_in_the_way_of_reading_a_record_is_said(
    db: Database, say: Say, older: Callable[[Database], None]
) -> None:
    older(db)
    code, _, err = say("verify", "1")
    assert code == 1
    assert f"cannot read its record: {OLDER[older]}" in err and "Traceback" not in err


def test_a_run_that_cannot_be_read_is_not_taken_for_no_run_at_all(db: Database) -> None:
    """Pages show a review without a run as not assessed; this one was."""
    an_unknown_key(db)
    with pytest.raises(RunUnreadable) as caught:
        load_run(db, find_review(db, "north"))
    assert not isinstance(caught.value, RunImpossible)


@pytest.mark.parametrize("name", READERS)
def test_a_run_that_can_be_read_is_not_refused(db: Database, say: Say, name: str) -> None:
    assert say(*READERS[name])[0] == 0


SEEDED = {
    "assess": ["assess", "north", "--evaluator-only", "--on", ON.isoformat()],
    "uncertainty": ["uncertainty", "north", "--draws", "100"],
    "confidence": ["confidence", "north", "carers", "--draws", "100"],
    "next": ["next", "north", "--draws", "100"],
}


@pytest.mark.parametrize(
    ("name", "seed"),
    [*((name, "abc") for name in SEEDED), *(("assess", seed) for seed in ("1.5", "-1", "", "1" * 19, "²"))],
)
def test_a_seed_that_is_no_number_is_refused_with_what_would_do(
    db: Database, say: Say, name: str, seed: str
) -> None:
    before = tables_of(db)
    code, out, err = say(*SEEDED[name], f"--seed={seed}")
    assert (code, out) == (1, "")
    assert err == (
        f"Error: {seed!r} is not a valid seed\n  Give a whole number from 0 up, of at most 18 digits:"
        " --seed 1\n"
    )
    assert tables_of(db) == before


def test_a_seed_that_is_a_number_is_recorded_with_the_run(db: Database, say: Say) -> None:
    assert say(*SEEDED["assess"], "--seed", "7" * 18)[0] == 0
    assert db.conn.execute("select seed from run order by id desc").fetchone() == (int("7" * 18),)


@pytest.mark.parametrize("other", ["cqc-local-authority", "wales-round-1"])
def test_a_rulebook_of_another_framework_is_refused_and_named(db: Database, say: Say, other: str) -> None:
    before = tables_of(db)
    path = ROOT / "rules" / "library" / other / "rulebook.yml"
    code, _, err = say("assess", "north", "--rulebook", str(path))
    assert code == 1
    assert f"this rulebook belongs to {other!r}, not to {WELSH.framework.id!r}." in err
    assert tables_of(db) == before
