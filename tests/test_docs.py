"""The documentation tells the truth: generated parts are current, every command and dependency is there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from joint_review.cli import cli
from joint_review.cli.serve import SETTINGS
from joint_review.metadata import metadata, metadata_yaml
from joint_review.web import access, guard, lists, turns, uploads
from programme import accounts, answers
from rules import limits

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md")])


def commands(command: click.Command, names: tuple[str, ...] = ("joint-review",)) -> dict[str, click.Command]:
    found = {" ".join(names): command}
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child, f"there is no {name} where the list of commands says"
            found |= commands(child, (*names, name))
    return found


def test_generated_parts_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", "--diff", "-I", "docs/making", *map(str, PAGES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"run `make docs`\n{done.stdout}\n{done.stderr}"


def test_the_metadata_file_is_what_the_schemas_say() -> None:
    text = (ROOT / "datasette-metadata.yml").read_text(encoding="utf-8")
    assert text == metadata_yaml(), "run `make docs`"
    assert yaml.safe_load(text) == metadata()


@pytest.mark.parametrize("name", [name for name in commands(cli) if name != "joint-review"])
def test_every_command_says_what_it_does_with_an_example(name: str) -> None:
    command = commands(cli)[name]
    text = command.help or ""
    first = text.strip().splitlines()[0]
    assert first.endswith((".", ":")) or "." in text, name
    if not isinstance(command, click.Group):
        assert f"Example: {name}" in text.replace("\n    ", " "), f"{name} has no example of itself"
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.opts[0]} has no help"


def test_every_dependency_is_named_with_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    needed = [*project["dependencies"], *project["optional-dependencies"]["engine"]]
    for line in needed:
        name = re.split(r"[<>=; ]", line)[0]
        assert f"| {name} |" in text, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


FIGURES = {
    "after five wrong tries for a name, or fifty from an address, in 15 minutes": (
        (accounts.TRIES, accounts.OF_ADDRESS, accounts.WITHIN.total_seconds() / 60),
        (5, 50, 15),
    ),
    "after an hour without a page, after twelve hours in any case": (
        (accounts.IDLE.total_seconds() / 3_600, accounts.WHOLE.total_seconds() / 3_600),
        (1, 12),
    ),
    "set back by more than 5 minutes": (accounts.AHEAD.total_seconds() / 60, 5),
    "at most 50 files of 50 MB and 250 MB together": (
        (uploads.MOST_FILES, limits.LARGEST_FILE / 1e6, uploads.LARGEST_UPLOAD / 1e6),
        (50, 50, 250),
    ),
    "in the same transaction as the change and kept for a week": (answers.KEPT.days, 7),
    "no more than two minutes, 550 MB of memory, 5,000 pages and 10 million characters": (
        (limits.READ_SECONDS, limits.READ_MEMORY / 1e6, limits.MOST_PAGES, limits.LONGEST_TEXT / 1e6),
        (120, 550, 5_000, 10),
    ),
    "Two files are read at once": (turns.READERS, 2),
    "have 90 seconds and 20 million characters": (
        (limits.FORM_SECONDS, limits.LONGEST_TOGETHER / 1e6),
        (90, 20),
    ),
    "a page has at most 200,000 characters": (limits.LONGEST_PAGE, 200_000),
    "more than 1,000 columns, 100 sheets or 5 million rows": (
        (limits.MOST_COLUMNS, limits.MOST_TABLES, limits.MOST_ROWS / 1e6),
        (1_000, 100, 5),
    ),
    "at most 200 problems are listed": (limits.MOST_PROBLEMS, 200),
    "within a minute (with files ten), and does not stall for half a minute": (
        (guard.FORM_SECONDS / 60, guard.UPLOAD_SECONDS / 60, guard.STALLED_SECONDS / 60),
        (1, 10, 0.5),
    ),
    "a session has four requests under way at once": (turns.MOST_AT_ONCE, 4),
    "a statement of somebody's own has three seconds": (SETTINGS["sql_time_limit_ms"], "3000"),
    "fifty at a time": (lists.PAGE_SIZE, 50),
    "a form waits for it (up to 45 seconds)": (access.WRITE_WAITS, 45),
}


@pytest.mark.parametrize("words", FIGURES)
def test_the_figures_that_the_guide_on_security_promises_are_those_of_the_program(words: str) -> None:
    text = " ".join((ROOT / "docs" / "security.md").read_text(encoding="utf-8").split())
    assert words in text, "the guide says it in other words by now: change them here, with their figures"
    of_the_program, promised = FIGURES[words]
    assert of_the_program == promised
