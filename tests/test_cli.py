"""The command as people use it: its output, its exit codes, and that a refusal changes nothing."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import Say

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "wales-2004-08"


@pytest.fixture
def say(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Run `joint-review WORDS...` in a folder of its own, as reviewer-1."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JOINT_REVIEW_BY", "reviewer-1")
    return say


@pytest.fixture
def with_review(say: Say) -> Say:
    """The same, with a database and an empty review 'north' of the Welsh framework."""
    assert say("init").code == 0
    made = say("review", "create", "north", "--authority", "North", "--framework", "wales-round-2")
    assert made.code == 0, made.err
    return say


def write(name: str, *rows: dict[str, Any]) -> str:
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return name


def some_evidence(say: Say) -> None:
    """Enough evidence for one domain, support for carers."""
    sources = write(
        "sources.csv",
        {"source": "I1", "title": "Meeting with carers", "kind": "group_meeting"},
        {"source": "S1", "title": "Survey of carers", "kind": "survey"},
    )
    findings = write(
        "findings.csv",
        *(
            {
                "source": "I1",
                "locator": f"page {n}",
                "finding": f"Finding {n}",
                "direction": "strength" if n > 1 else "weakness",
                "significance": 2,
                "domains": "carers",
            }
            for n in range(1, 6)
        ),
    )
    survey = write(
        "survey-results.csv",
        {
            "source": "S1",
            "locator": "table 1",
            "group": "Carers",
            "question": "Do you get the help you need?",
            "positive": "70%",
            "base": 120,
            "domains": "carers",
        },
    )
    done = say("evidence", "import", "north", findings, survey, sources)
    assert done.code == 0, done.err


def counts(path: str = "programme.db") -> dict[str, int]:
    connection = sqlite3.connect(path)
    try:
        names = ("review", "source", "evidence", "tag", "run", "rating", "decision", "event")
        return {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in names}
    finally:
        connection.close()


def test_the_whole_way_from_an_empty_folder_to_a_decision(with_review: Say) -> None:
    some_evidence(with_review)
    checked = with_review("evidence", "check", "north")
    assert "no evidence" in checked.out and "Tagged to no domain: 0" in checked.out
    assessed = with_review("assess", "north", "--on", "2026-03-31")
    assert assessed.code == 0, assessed.err
    assert "Support for carers: MAINLY GOOD (proposed)" in assessed.out
    assert "Leadership: NOT ENOUGH EVIDENCE" in assessed.out
    assert "No position on the grid yet" in assessed.out
    rated = with_review("rate", "north", "carers", "inconsistent", "--because", "Seen otherwise on visits.")
    assert "proposed: mainly-good" in rated.out
    again = with_review("assess", "north", "--on", "2026-03-31", "--json").data
    (carers,) = [r for r in again["ratings"] if r["target"] == "carers"]
    assert (carers["status"], carers["level_id"]) == ("proposed", "mainly-good")
    approved = with_review("approve", "north", "carers", "--by", "somebody else")
    assert "approved by somebody else on run 1" in approved.out, approved.err
    again = with_review("assess", "north", "--on", "2026-03-31", "--json").data
    (carers,) = [r for r in again["ratings"] if r["target"] == "carers"]
    assert (carers["status"], carers["level_id"], carers["proposed_id"]) == (
        "decided",
        "inconsistent",
        "mainly-good",
    )


def test_the_explanation_names_measure_value_base_interval_threshold_and_margin(with_review: Say) -> None:
    some_evidence(with_review)
    with_review("assess", "north")
    text = with_review("explain", "north", "carers").out
    assert "Excellent needs" in text or "not Excellent" in text
    for word in ("margin", "base", "95 % interval", "at least 85 %", "-15", "120"):
        assert word in text, word


def test_the_trail_ends_at_source_and_locator(with_review: Say) -> None:
    some_evidence(with_review)
    with_review("assess", "north")
    text = " ".join(with_review("trail", "north", "carers", "--items", "10").out.split())
    assert "Finding 1 [weakness, important] - I1, page 1" in text
    assert "S1, table 1" in text


def test_assessing_twice_shows_the_same_run_and_prints_the_same_bytes(with_review: Say) -> None:
    some_evidence(with_review)
    first = with_review("assess", "north", "--on", "2026-03-31", "--json")
    second = with_review("assess", "north", "--on", "2026-03-31", "--json")
    assert first.out == second.out
    assert counts()["run"] == 1
    assert "Nothing has changed" in with_review("assess", "north", "--on", "2026-03-31").out


def test_importing_the_same_files_again_changes_nothing(with_review: Say) -> None:
    some_evidence(with_review)
    before = counts()
    done = with_review("evidence", "import", "north", "sources.csv", "findings.csv", "survey-results.csv")
    assert "Added: nothing new" in done.out and "Already there: 8" in done.out
    assert counts() == before


def test_one_item_is_added_tagged_shown_listed_and_withdrawn(with_review: Say) -> None:
    some_evidence(with_review)
    added = with_review(
        *("evidence", "add", "north", "findings", "source=I1", "locator=page 9"),
        *("finding=Respite is hard to get.", "direction=weakness", "significance=serious"),
    )
    assert added.out.strip() == "Added as E7."
    assert "carers, assessment" in with_review("evidence", "tag", "north", "E7", "carers", "assessment").out
    assert "Respite is hard to get." in with_review("evidence", "list", "north", "--search", "respite").out
    assert with_review("evidence", "list", "north", "--domain", "assessment", "--json").data["total"] == 1
    gone = with_review("evidence", "withdraw", "north", "E7", "--because", "Recorded twice")
    assert gone.code == 0, gone.err
    shown = with_review("evidence", "show", "north", "e7").out
    assert "Recorded twice" in shown and "tagged to  carers" in shown
    assert with_review("evidence", "list", "north", "--domain", "assessment").out.strip() == "No items."


def test_a_template_can_be_imported_as_it_is_written(with_review: Say) -> None:
    for kind in ("sources", "findings"):
        Path(f"{kind}.csv").write_text(with_review("evidence", "template", kind).out, encoding="utf-8")
    done = with_review("evidence", "import", "north", "sources.csv", "findings.csv")
    assert done.code == 0, done.err


def test_the_published_english_examples_are_judged_as_published(say: Say) -> None:
    names = ["assessing-needs", "healthier-lives", "equity", "care-provision", "partnerships"]
    names += ["safe-pathways", "safeguarding", "governance", "learning"]
    published = {
        "Hertfordshire": ("333343333", 78, "good"),
        "Windsor and Maidenhead": ("332223223", 62, "requires-improvement"),
        "Camden": ("334344344", 89, "outstanding"),
    }
    rows = [
        {"authority": name, **dict(zip(names, scores, strict=True))}
        for name, (scores, _, _) in published.items()
    ]
    found = say("judge", "cqc-local-authority", write("ratings.csv", *rows), "--json").data
    for row in found:
        _, percent, level = published[row["authority"]]
        assert row["overall"]["level"] == level
        assert percent in row["overall"]["measures"].values()
    assert "Camden,outstanding," in say("judge", "cqc-local-authority", "ratings.csv", "--csv").out


def test_frameworks_and_rulebooks_are_listed_shown_checked_and_tested(say: Say) -> None:
    assert "cqc-local-authority" in say("framework", "list").out
    assert "Rhagorol" in say("framework", "show", "wales-round-2", "--lang", "cy").out
    assert say("rules", "check").code == 0
    tested = say("rules", "test", "cqc-local-authority")
    assert tested.code == 0 and "15 of 15 cases passed" in tested.out
    assert "secure-fit" in say("rules", "show", "wales-round-2").out


def test_a_rulebook_with_mistakes_is_refused_with_all_of_them(say: Say, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("framework.yml", "rulebook.yml", "cases.yml"):
        text = (ROOT / "rules" / "library" / "wales-round-2" / name).read_text(encoding="utf-8")
        if name == "rulebook.yml":
            text = text.replace("policy: secure-fit", "policy: secure-fitt", 1).replace(
                "at_least: 80", "at_leest: 80", 1
            )
        (folder / name).write_text(text, encoding="utf-8")
    done = say("rules", "check", "mine")
    assert done.code == 1
    assert "'secure-fitt'" in done.err and "secure-fit" in done.err and "'at_leest'" in done.err
    assert "rulebook.yml:" in done.err


REFUSED = {
    "no database": (["review", "list", "--db", "none.db"], "joint-review init"),
    "an unknown review": (["assess", "nort"], "Did you mean 'north'?"),
    "an unknown domain": (["rate", "north", "carer", "poor", "--because", "x"], "Did you mean 'carers'?"),
    "an unknown level": (["rate", "north", "carers", "awful", "--because", "x"], "Allowed:"),
    "a rating without a reason": (["rate", "north", "carers", "poor", "--because", " "], "needs a reason"),
    "nothing to take back": (
        ["rate", "north", "carers", "--take-back", "--because", "x"],
        "has no decision to take back",
    ),
    "an unknown framework": (["framework", "show", "wales-round-3"], "Did you mean"),
    "a review twice": (
        ["review", "create", "north", "--authority", "N", "--framework", "wales-round-2"],
        "already a review",
    ),
    "a window upside down": (
        [
            *("review", "create", "south", "--authority", "S", "--framework", "wales-round-2"),
            *("--from", "2026-03-01", "--to", "2026-02-01"),
        ],
        "before it begins",
    ),
    "a file that is not there": (["evidence", "import", "north", "none.csv"], "none.csv"),
    "an unknown layout": (["evidence", "template", "finding"], "Did you mean 'findings'?"),
    "an item that is not there": (["evidence", "show", "north", "E99"], "no item E99"),
    "an item that is no number": (["evidence", "show", "north", "twelve"], "E1, E2"),
    "explaining before assessing": (["explain", "north"], "joint-review assess north"),
    "a run that is not there": (["trail", "north", "carers", "--run", "7"], "no run"),
    "a rulebook of another framework": (
        ["assess", "north", "--rulebook", str(ROOT / "rules/library/cqc-local-authority/rulebook.yml")],
        "belongs to 'cqc-local-authority'",
    ),
    "a file that is no database": (["review", "list", "--db", str(ROOT / "README.md")], "not a database"),
    "a rating of someone unknown": (["judge", "cqc-local-authority", "none.csv"], "none.csv"),
}
"""Ends with exit code 1."""
MISUSED = {
    "a mistyped command": (["asess", "north"], "Did you mean 'assess' or 'erase'?"),
    "a mistyped subcommand": (["evidence", "imprt"], "Did you mean 'import'?"),
    "no file to import": (["evidence", "import", "north"], "FILE"),
    "a rating and its taking back": (
        ["rate", "north", "carers", "poor", "--take-back", "--because", "x"],
        "either",
    ),
    "a date that could be two": (["assess", "north", "--on", "03/04/2026"], "could be two dates"),
    "a value without a column": (["evidence", "add", "north", "findings", "weakness"], "column=value"),
    "a review without details": (["review", "create", "south"], "missing: authority, framework"),
}
"""Ends with exit code 2, which is that of wrong usage."""


@pytest.mark.parametrize(
    ("name", "code"), [*((name, 1) for name in REFUSED), *((name, 2) for name in MISUSED)]
)
def test_what_cannot_be_done_is_said_with_a_remedy_and_changes_nothing(
    with_review: Say, name: str, code: int
) -> None:
    words, remedy = (REFUSED if code == 1 else MISUSED)[name]
    before = counts()
    done = with_review(*words)
    assert done.code == code, done
    assert remedy in done.err, done.err
    assert "Traceback" not in done.err
    assert counts() == before


def test_the_installed_command_runs_and_prints_its_version() -> None:
    command = Path(sys.executable).with_name("joint-review")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert "joint-review, version 0.1.0" in done.stdout


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("joint-review")
    done = subprocess.run(
        f"'{command}' framework show wales-round-2 | head -1",
        shell=True,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    "words", [("framework", "show", "wales-round-2"), ("evidence", "template", "sources")]
)
def test_a_terminal_that_knows_no_welsh_letters_gets_an_answer_all_the_same(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    def answer(*more: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", "from joint_review.cli import main; main()", *words, *more],
            cwd=tmp_path,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert answer()
    assert json.loads(answer("--json"))
