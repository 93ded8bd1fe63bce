"""Where a shape is known it has a type: `dict[str, Any]` is returned only where this list says why."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from tree import LAYERS, ROOT

DICT = "dict[str, Any]"
ITEM = "an item as its table holds it, column by column, for digests, forms and lists"
SENT = "what a child process sends: JSON that is checked when it is read"
SEALED = "the rows of any table, as they are sealed"
UNTYPED: dict[str, tuple[int, str]] = {
    "assessment/decisions/states.py": (1, "the latest row of whichever statement says what was decided"),
    "evidence/anchors.py": (2, "JSON-LD, whose shape the standard gives"),
    "assessment/runs/changes.py": (1, "a row with its JSON read, before it has a type"),
    "evidence/coding/agreement.py": (1, "the rows of codings, as statements of both kinds give them"),
    "evidence/correcting.py": (2, "a source as its table holds it, column by column, as it is digested"),
    "evidence/digests.py": (3, ITEM),
    "evidence/extents.py": (1, ITEM),
    "evidence/files/encoded.py": (1, SENT),
    "evidence/files/formats/child.py": (2, SENT),
    "evidence/files/tables.py": (1, SENT),
    "evidence/intake/importing.py": (1, "the rows of whichever statement found a problem"),
    "evidence/intake/times.py": (1, "a row as a file gives it, before it has a type"),
    "evidence/items.py": (3, "an item as its table holds it, and the parameters of SQL statements"),
    "evidence/measures/compute.py": (1, "the parameters of a SQL statement"),
    "joint_review/metadata.py": (1, "the metadata that Datasette reads"),
    "joint_review/web/lists.py": (1, ITEM),
    "joint_review/web/pages/reading.py": (2, ITEM),
    "joint_review/web/tables.py": (1, "the scope of a request, as ASGI has it"),
    "joint_review/cli/publication.py": (1, "a step of the calendar as its JSON has it"),
    "programme/chain.py": (1, SEALED),
    "programme/database.py": (1, "the rows of any SELECT"),
    "report/recipients.py": (1, "a row as its table holds it, column by column"),
    "report/render/page.py": (1, "headings with what is below them, as their template takes them"),
    "report/render/spoken.py": (1, "the report as typst and the templates take it: JSON of their own form"),
    "report/render/word.py": (1, "the modules of a library that may be missing"),
    "rules/engine.py": (1, "what the engine is sent: JSON of its own form"),
    "rules/rulebook.py": (1, "what pydantic writes of a rulebook, for its digest"),
    "rules/sentences.py": (1, "the fields of a dataclass, to make one of its kind with more"),
}
"""By file: how many functions return a `dict[str, Any]` (or several, or one inside), and why."""


def modules() -> dict[str, ast.Module]:
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*.py"))
    }


def other_names(module: ast.Module) -> set[str]:
    """The other names that a module gives a `dict[str, Any]`, as in `Row = dict[str, Any]`."""
    return {
        target.id
        for node in module.body
        if isinstance(node, ast.Assign) and DICT in ast.unparse(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def names_in(module: ast.Module, known: Mapping[str, set[str]]) -> set[str]:
    """Those that it gives and those that it imports."""
    return other_names(module) | {
        name.asname or name.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
        if name.name in known.get(f"{node.module.replace('.', '/')}.py", set())
    }


def untyped(module: ast.Module, names: set[str]) -> int:
    return sum(
        DICT in ast.unparse(node.returns)
        or any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node.returns))
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None
    )


def test_what_returns_a_dict_of_anything_is_listed_with_its_reason() -> None:
    parsed = modules()
    known = {path: other_names(module) for path, module in parsed.items()}
    found = {path: untyped(module, names_in(module, known)) for path, module in parsed.items()}
    assert {name: count for name, count in found.items() if count} == {
        name: count for name, (count, _) in UNTYPED.items()
    }


def test_the_list_stays_short() -> None:
    assert sum(count for count, _ in UNTYPED.values()) <= 40


def test_another_name_for_a_dict_of_anything_counts_as_one() -> None:
    given = ast.parse("Row = dict[str, Any]\ndef rows() -> list[Row]: ...\ndef count() -> int: ...\n")
    taken = ast.parse("from evidence.items import Row\ndef first() -> Row | None: ...\n")
    known = {"evidence/items.py": other_names(given)}
    assert untyped(given, names_in(given, known)) == 1
    assert untyped(taken, names_in(taken, known)) == 1
    assert untyped(taken, names_in(taken, {})) == 0
