"""Commands answer at once: what no command needs is not loaded. Nothing is timed here (see benchmarks)."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import click
import pytest

from joint_review.cli import ENTRIES, cli
from rules.loader import load_policy

EXAMPLE = Path(__file__).parent.parent / "examples" / "wales-2004-08"
HEAVY = {
    *("argon2", "datasette", "distributed", "mammoth", "matplotlib", "networkx", "numpy", "openpyxl"),
    *("pandas", "pypdf", "scipy", "selectolax", "sqlite_utils", "statsmodels", "tqdm"),
}
"""Libraries that take long to load, each needed by few commands."""
RUN = """
import sys
from joint_review.cli import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded_by(*words: object) -> set[str]:
    """The packages in memory when a command has ended well."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working database with the worked example, assessed."""
    path = tmp_path_factory.mktemp("startup") / "programme.db"
    files = [EXAMPLE / f"{name}.csv" for name in ("sources", "findings", "survey-results", "indicators")]
    loaded_by("init", "--db", path)
    loaded_by("review", "create", "--file", EXAMPLE / "review.yml", "--by", "lead", "--db", path)
    loaded_by("evidence", "import", "wales-2004-08", *files, "--by", "lead", "--db", path)
    loaded_by("assess", "wales-2004-08", "--by", "lead", "--db", path)
    return path


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_version_and_the_list_of_commands_need_click_alone(option: str) -> None:
    loaded = loaded_by(option)
    assert not loaded & {*HEAVY, "pydantic", "yaml", "programme", "evidence", "assessment", "comparison"}


@pytest.mark.parametrize(
    "words",
    [
        ["review", "list"],
        ["review", "show", "wales-2004-08"],
        ["explain", "wales-2004-08", "carers"],
        ["trail", "wales-2004-08", "carers"],
        ["challenge", "list", "wales-2004-08"],
        ["assess", "wales-2004-08", "--by", "lead"],
    ],
    ids=" ".join,
)
def test_a_command_over_what_is_stored_loads_no_heavy_library(assessed: Path, words: list[str]) -> None:
    assert not loaded_by(*words, "--db", assessed) & HEAVY


def test_judging_from_ratings_alone_loads_no_heavy_library(tmp_path: Path) -> None:
    domains = list(load_policy("cqc-local-authority").framework.domains)
    ratings = tmp_path / "ratings.csv"
    ratings.write_text(",".join(["authority", *domains]) + "\nA" + ",3" * len(domains) + "\n")
    assert not loaded_by("judge", "cqc-local-authority", ratings) & HEAVY


def test_a_library_is_loaded_where_it_is_used(assessed: Path) -> None:
    """Else the tests above would pass because nothing is ever seen."""
    assert {"numpy", "scipy"} <= loaded_by("uncertainty", "wales-2004-08", "--draws", 100, "--db", assessed)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None and command.name == name
    first = inspect.cleandoc(command.help or "").split("\n\n")[0].replace("\n", " ")
    assert ENTRIES[name].help == first, f"joint_review/cli/__init__.py: write {first!r} for {name!r}"
