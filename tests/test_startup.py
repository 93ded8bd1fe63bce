"""Commands answer at once: what no command needs is not loaded. Nothing is timed here (see benchmarks)."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import click
import pytest
from serving import free_port

from joint_review.cli import ENTRIES, cli
from rules.loader import load_policy

EXAMPLE = Path(__file__).parent.parent / "examples" / "wales-2004-08"
HEAVY = {
    *("argon2", "datasette", "distributed", "mammoth", "matplotlib", "networkx", "numpy", "openpyxl"),
    *("pandas", "pypdf", "scipy", "selectolax", "sqlite_utils", "statsmodels", "tqdm", "webvtt"),
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


def test_the_first_page_of_the_server_loads_no_library_that_it_does_not_need(assessed: Path) -> None:
    port = free_port()
    command = [sys.executable, "-X", "importtime", "-c", "from joint_review.cli import main; main()", "serve"]
    command += ["--db", str(assessed), "--port", str(port)]
    imported = assessed.with_suffix(".imported.log")
    with (
        imported.open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout
            link = re.search(r"http://\S+/-/auth-token\?token=\w+", process.stdout.readline())
            while "Uvicorn running" not in imported.read_text():
                assert process.poll() is None, imported.read_text()[-2000:]
            browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            assert link
            browser.open(link[0], timeout=60).close()
            with browser.open(f"http://127.0.0.1:{port}/reviews", timeout=60) as page:
                assert b"wales-2004-08" in page.read()
        finally:
            process.terminate()
    loaded = set(re.findall(r"^import time: .*\|\s+([\w.]+)$", imported.read_text(), re.MULTILINE))
    assert {"datasette", "uvicorn", "joint_review"} <= loaded
    assert not loaded & {*HEAVY, "dask.base"} - {"argon2", "datasette", "numpy"}


@pytest.mark.parametrize("name", ENTRIES)
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None and command.name == name
    first = inspect.cleandoc(command.help or "").split("\n\n")[0].replace("\n", " ")
    assert ENTRIES[name].help == first, f"joint_review/cli/__init__.py: write {first!r} for {name!r}"


@pytest.mark.parametrize(
    ("process", "spared"),
    [
        ("import rules.engine", {"rules.remedy"}),
        (
            "from evidence.files.formats import child\n"
            "for name in child.NEEDED['table']['']: child.import_module(name)",
            {"rules.remedy", "zipfile", "subprocess", "tempfile", "openpyxl", "yaml", "pydantic"},
        ),
    ],
    ids=["of the engine", "that reads a CSV table"],
)
def test_the_processes_of_a_command_load_only_what_they_work_with(process: str, spared: set[str]) -> None:
    program = f"import sys\n{process}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not spared & set(done.stdout.split())
