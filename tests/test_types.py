"""Where a shape is known it has a type: `dict[str, Any]` is returned only where this list says why."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAYERS = ("rules", "programme", "evidence", "assessment", "comparison", "pictures", "joint_review")
BODY = "parts of a page: JSON for programs, names for a template"
YET = "to be typed"
UNTYPED: dict[str, tuple[int, str]] = {
    "assessment/decisions/challenges.py": (10, "a row of the table of challenges"),
    "assessment/decisions/confidence.py": (1, "a row as it is stored, with a column per part of confidence"),
    "assessment/decisions/decide.py": (11, YET),
    "assessment/decisions/panel.py": (10, YET),
    "assessment/decisions/standing.py": (2, YET),
    "assessment/reasons/support.py": (1, YET),
    "comparison/edits.py": (1, YET),
    "comparison/impact.py": (10, YET),
    "comparison/nearest.py": (2, YET),
    "comparison/overrides.py": (3, YET),
    "comparison/reviews.py": (1, YET),
    "evidence/anchors.py": (2, "JSON-LD, whose shape the standard gives"),
    "evidence/coding/settlements.py": (1, YET),
    "evidence/digests.py": (1, YET),
    "evidence/files/formats/child.py": (
        2,
        "what a child process sends: JSON that is checked when it is read",
    ),
    "evidence/files/texts.py": (3, "what a child process sends: JSON that is checked when it is read"),
    "evidence/findings.py": (1, "an item as its table holds it, column by column, for digests and forms"),
    "evidence/intake/codings.py": (1, YET),
    "evidence/intake/importing.py": (
        2,
        "an item as its table holds it, column by column, for digests and forms",
    ),
    "evidence/items.py": (1, "an item as its table holds it, column by column, for digests and forms"),
    "evidence/measures/compute.py": (1, "the parameters of a SQL statement"),
    "joint_review/cli/reviews.py": (2, YET),
    "joint_review/cli/rulebooks.py": (1, YET),
    "joint_review/cli/uncertainty.py": (2, YET),
    "joint_review/metadata.py": (1, "the metadata that Datasette reads"),
    "joint_review/web/figures.py": (8, BODY),
    "joint_review/web/forms.py": (1, BODY),
    "joint_review/web/lists.py": (1, BODY),
    "joint_review/web/pages/agreement.py": (3, BODY),
    "joint_review/web/pages/assessing.py": (4, BODY),
    "joint_review/web/pages/coding.py": (2, BODY),
    "joint_review/web/pages/compare.py": (4, BODY),
    "joint_review/web/pages/decisions.py": (3, BODY),
    "joint_review/web/pages/indicators.py": (2, BODY),
    "joint_review/web/pages/items.py": (1, BODY),
    "joint_review/web/pages/overrides.py": (2, BODY),
    "joint_review/web/pages/overview.py": (2, BODY),
    "joint_review/web/pages/panel.py": (3, BODY),
    "joint_review/web/pages/reading.py": (6, BODY),
    "joint_review/web/pages/surveys.py": (3, BODY),
    "joint_review/web/pages/uncertainty.py": (6, BODY),
    "joint_review/web/pages/whatif.py": (5, BODY),
    "joint_review/web/remedies.py": (1, BODY),
    "joint_review/web/routes.py": (1, BODY),
    "joint_review/web/run_view.py": (8, BODY),
    "joint_review/web/signin.py": (1, BODY),
    "joint_review/web/support.py": (3, BODY),
    "pictures/curves.py": (1, YET),
    "programme/check.py": (1, "the rows of any table, as they are sealed"),
    "programme/database.py": (1, "the rows of any SELECT"),
    "programme/reviewfile.py": (1, YET),
    "programme/seals.py": (2, "the rows of any table, as they are sealed"),
    "programme/users.py": (1, YET),
    "rules/engine.py": (1, "what the engine is sent: JSON of its own form"),
    "rules/remedy.py": (1, YET),
    "rules/sentences.py": (1, "the fields of a dataclass, to make one of its kind with more"),
}
"""By file: how many functions return a `dict[str, Any]` (or several, or one inside), and why."""


def untyped(path: Path) -> int:
    return sum(
        "dict[str, Any]" in ast.unparse(node.returns)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None
    )


def test_what_returns_a_dict_of_anything_is_listed_with_its_reason() -> None:
    found = Counter[str]()
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            found[path.relative_to(ROOT).as_posix()] = untyped(path)
    assert {name: count for name, count in found.items() if count} == {
        name: count for name, (count, _) in UNTYPED.items()
    }


def test_the_list_gets_no_longer() -> None:
    assert sum(count for count, _ in UNTYPED.values()) <= 153
