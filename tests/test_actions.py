"""What events say was done: declared once, with words for people, and the same in files in use."""

from __future__ import annotations

import ast
import lzma
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tree import LAYERS, ROOT

from joint_review.metadata import ACTIONS

DECLARED = {f"{type(action).__name__}.{action.name}" for action in ACTIONS}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for package in LAYERS:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def recorded(call: ast.Call) -> list[str]:
    """The actions that a call may record, as they are written; one passed on is followed to its callers."""
    (given,) = [word.value for word in call.keywords if word.arg == "action"] or call.args[:1]
    parts = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
    return [ast.unparse(part) for part in parts]


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name:
                yield path, node


def test_every_action_that_the_product_records_is_declared_and_every_declared_one_recorded() -> None:
    found = {
        (action, f"{path}:{call.lineno}")
        for name in ("Act", "_record")
        for path, call in calls(name)
        if name == "Act" or any(word.arg == "action" for word in call.keywords)
        for action in recorded(call)
    }
    # assessment.decisions.decide records every decision in one place, with the action its callers name.
    passed_on = {(action, at) for action, at in found if action == "action"}
    assert [at.split(":")[0] for _, at in passed_on] == ["assessment/decisions/decide.py"]
    assert {(action, at) for action, at in found - passed_on if action not in DECLARED} == set()
    assert {action for action, _ in found - passed_on} == DECLARED


def test_no_event_is_stored_but_by_the_one_function() -> None:
    stored = {
        f"{path}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and "insert into event " in str(node.value))
        or (
            isinstance(node, ast.Call)
            and any(getattr(word, "value", "") == "event" for word in node.args[1:2])
            and getattr(node.func, "id", "") == "insert"
        )
    }
    assert [at.split(":")[0] for at in stored] == ["programme/database.py"]


def test_no_two_stages_mean_different_things_by_one_action() -> None:
    assert len({action.value for action in ACTIONS}) == len(ACTIONS)
    assert len({action.label for action in ACTIONS}) == len(ACTIONS)


def test_people_read_an_action_as_the_beginning_of_a_line() -> None:
    labels = [action.label for action in ACTIONS]
    assert [label for label in labels if not label[0].isupper() or label.endswith(".")] == []


def test_a_file_in_use_holds_no_action_that_is_not_known_any_more(tmp_path: Path) -> None:
    old = tmp_path / "programme.db"
    old.write_bytes(lzma.decompress((Path(__file__).parent / "files" / "made-by-0.1.0.db.xz").read_bytes()))
    with closing(sqlite3.connect(old)) as connection:
        stored = {action for (action,) in connection.execute("select distinct action from event")}
    assert len(stored) > 20
    assert stored - {action.value for action in ACTIONS} == set()
