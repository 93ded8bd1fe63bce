"""The house as it was drawn: imports run one way, every dependency has one door, all is documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BELOW_REPORT = ("rules", "programme", "evidence", "fieldwork", "assessment", "comparison", "pictures")
LAYERS: dict[str, tuple[str, ...]] = {
    "rules": (),
    "programme": ("rules",),
    "evidence": ("rules", "programme"),
    "fieldwork": ("rules", "programme", "evidence"),
    "assessment": ("rules", "programme", "evidence"),
    "comparison": ("rules", "programme", "evidence", "fieldwork", "assessment"),
    "pictures": BELOW_REPORT[:-1],
    "report": BELOW_REPORT,
    "exchange": BELOW_REPORT,
    "follow_up": (*BELOW_REPORT, "report", "exchange"),
    "joint_review": (*BELOW_REPORT, "report", "exchange", "follow_up"),
}
"""Every package with those it may import: the house, ground floor first; some rooms are not built yet."""
MODULES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
PACKAGES = sorted(path.parent for path in MODULES if path.name == "__init__.py")
LONGEST_MODULE = 600

DOORS = {
    "durable": r"rules/engine\.py",
    "holidays": r"programme/workdays\.py",
    "icalendar": r"programme/calendarfile\.py",
    "networkx": r"evidence/graph\.py",
    "rfc8785": r"programme/seals\.py",
    "openpyxl": r"exchange/files\.py",
    "datasette": r"joint_review/(web/compat|cli/serve)\.py",
    "pyreadstat": r"evidence/files/spss\.py",
    "nupunkt": r"evidence/sentences\.py",
    "pypdf": r"evidence/files/formats/pdf\.py",
    "python_multipart": r"joint_review/web/uploads\.py",
    "markdown_it": r"report/markdown\.py",
    "mammoth": r"evidence/files/formats/word\.py",
    "selectolax": r"evidence/files/formats/markup\.py",
    "webvtt": r"evidence/files/formats/transcript\.py",
    "defusedxml": r"evidence/files/formats/archive\.py",
    "click": r"joint_review/cli/\w+\.py",
    "tqdm": r"joint_review/cli/\w+\.py",
    "tabulate": r"joint_review/cli/\w+\.py",
    "yaml": r"rules/policyfile\.py|evidence/files/lists\.py|joint_review/metadata\.py",
    "argon2": r"programme/accounts\.py",
    "matplotlib": r"pictures/plots\.py",
    "distributed": r"comparison/fanout\.py",
    "jinja2": r"report/render/page\.py",
    "markupsafe": r"report/render/page\.py",
    "docx": r"report/render/word\.py",
    "typst": r"report/render/pdf\.py",
    "font_source_sans_pro": r"report/render/pdf\.py",
    "sqlite_utils": r"programme/database\.py|joint_review/upgrades/evidence\.py",
}
"""The files that may import a dependency, as a pattern."""

OPENERS = {
    "programme/database.py",
    "programme/logs.py",
    "programme/accounts.py",
    "programme/unchanged.py",
    "programme/backup.py",
    "programme/shape.py",
    "joint_review/web/access.py",
}
"""The files that open a database or hand on a connection; all others are given a `Database`."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def imports_of(path: Path) -> list[tuple[int, str]]:
    """(line, module) of every import of a file, also of those inside functions."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(path)}:{node.lineno}: a relative import hides its layer"
            found.append((node.lineno, node.module or ""))
    return found


def runs_back(layer: str, imported: str) -> bool:
    top = imported.partition(".")[0]
    return top in LAYERS and top != layer and top not in LAYERS[layer]


def test_imports_run_one_way() -> None:
    wrong = [
        f"{name_of(path)}:{line} imports {imported}"
        for path in MODULES
        for line, imported in imports_of(path)
        if runs_back(name_of(path).partition("/")[0], imported)
    ]
    assert wrong == []


def test_an_import_that_runs_back_would_be_seen() -> None:
    assert runs_back("rules", "programme.reviews")
    assert runs_back("programme", "evidence.items")
    assert runs_back("evidence", "assessment")
    assert runs_back("comparison", "joint_review.web")
    assert runs_back("report", "follow_up.plan")
    assert runs_back("fieldwork", "assessment.runs.run")
    assert not runs_back("assessment", "rules.engine")
    assert not runs_back("joint_review", "pictures.plots")


def test_every_package_stands_in_the_house() -> None:
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert folders <= set(LAYERS)


def test_no_module_imports_tests_or_benchmarks() -> None:
    tops = {imported.partition(".")[0] for path in MODULES for _, imported in imports_of(path)}
    assert not tops & {"tests", "benchmarks", "pytest", "hypothesis"}
    oracles = {"krippendorff", "pandas", "raking", "statsmodels", "weightipy"}
    assert not tops & oracles, "these serve the tests alone"


@pytest.mark.parametrize("dependency", DOORS)
def test_a_dependency_has_one_door(dependency: str) -> None:
    door = re.compile(DOORS[dependency])
    users = [
        (name_of(path), line)
        for path in MODULES
        for line, imported in imports_of(path)
        if imported.partition(".")[0] == dependency
    ]
    assert [f"{name}:{line}" for name, line in users if not door.fullmatch(name)] == []
    assert users, f"nothing imports {dependency} any more: take it out of the list"


def test_a_database_is_opened_in_few_places() -> None:
    found = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Database", "sqlite3.connect")
    }
    assert found == OPENERS


def test_modules_are_named_for_what_they_own() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "core", "base", "manager", "tools"}
    assert [name_of(path) for path in MODULES if path.stem in vague] == []


def test_no_folder_of_tests_hides_a_package() -> None:
    assert [name for name in LAYERS if (ROOT / "tests" / name).exists()] == []
    assert not (ROOT / "tests" / "__init__.py").exists()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_everything_public_says_what_it_is(path: Path) -> None:
    assert list(undocumented(path)) == []


def undocumented(path: Path) -> Iterator[str]:
    def look(node: ast.AST, name: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if child.name.startswith("_"):
                continue
            if not (ast.get_docstring(child) or "").strip():
                yield f"{name_of(path)}:{child.lineno} {name}{child.name}"
            if isinstance(child, ast.ClassDef):
                yield from look(child, f"{child.name}.")

    if not (ast.get_docstring(tree_of(path)) or "").strip():
        yield f"{name_of(path)}:1"
    yield from look(tree_of(path), "")


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_a_package_lists_exactly_its_modules(package: Path) -> None:
    said = ast.get_docstring(tree_of(package / "__init__.py")) or ""
    listed = re.findall(r"^ {4}(\w+/?) {2,}\S", said, flags=re.MULTILINE)
    modules = {path.stem for path in package.glob("*.py") if path.name != "__init__.py"}
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    library = {"library/"} & set(listed)
    there = modules | folders | library
    assert (there - set(listed), set(listed) - there) == (set(), set()), "not listed, and not there"
    assert len(listed) == len(set(listed))
    assert all((package / name).is_dir() for name in listed if name.endswith("/"))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE, f"{name_of(path)} has {lines} lines"


def test_every_package_with_its_pages_policies_and_templates_is_installed() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    how = project["tool"]["setuptools"]
    # Every folder with an __init__.py, and no other.
    assert how["packages"] == {"find": {"namespaces": False}}
    patterns = {(place, pattern) for place, given in how["package-data"].items() for pattern in given}
    data = {
        path
        for place, pattern in patterns
        for path in (ROOT / place.replace(".", "/")).glob(pattern)
        if path.is_file()
    }
    kinds = {".yml", ".csv", ".html", ".css", ".js", ".typ"}
    there = {path for layer in LAYERS for path in (ROOT / layer).rglob("*") if path.suffix in kinds}
    assert there == data


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_what_must_hold_is_checked_by_errors_and_not_by_assert(path: Path) -> None:
    asserts = [node.lineno for node in ast.walk(tree_of(path)) if isinstance(node, ast.Assert)]
    assert [f"{name_of(path)}:{line}" for line in asserts] == [], "python -O leaves these out"


MOST_BY_POSITION = 8


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_call_hands_over_a_long_row_of_values_without_their_names(path: Path) -> None:
    calls = [
        f"{name_of(path)}:{node.lineno} {ast.unparse(node.func)}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and sum(not isinstance(value, ast.Constant) for value in node.args) > MOST_BY_POSITION
    ]
    assert calls == []


CHECKS = re.compile(r"pytest\.(raises|warns|fail)|np\.testing\.\w+|(\w+\.)?assert_\w+")


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def checks(function: ast.AST, helpers: set[str]) -> bool:
    """Whether a function asserts something, expects an error, or calls one that does."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert | ast.Raise):
            return True
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if CHECKS.fullmatch(name) or name.rpartition(".")[2] in helpers:
                return True
    return False


def test_every_test_can_fail() -> None:
    functions = [
        (path, found) for path in sorted((ROOT / "tests").rglob("*.py")) for found in functions_of(path)
    ]
    helpers: set[str] = set()
    while more := {f.name for _, f in functions if checks(f, helpers)} - helpers:
        helpers |= more
    idle = [
        f"{name_of(path)}:{function.lineno} {function.name}"
        for path, function in functions
        if function.name.startswith("test_") and function.name not in helpers
    ]
    assert idle == []
