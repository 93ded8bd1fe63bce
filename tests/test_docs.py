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
from joint_review.metadata import metadata, metadata_yaml

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
