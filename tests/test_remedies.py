"""What would help where something is refused: data below the faces, a command on one, a link on the other."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import pickle
import re
import shlex
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

import click
import pytest
from assessment_example import AT, new_programme, new_review
from evidence_rows import good_domain

from assessment.decisions.decide import override
from evidence.coding.codings import withdraw_coding
from evidence.coding.second_coding import CodedAs
from evidence.coding.settlements import settle
from evidence.items import withdraw_item
from joint_review.cli import cli
from joint_review.cli.commands import say_error
from joint_review.cli.remedies import OPTIONS, remedy_words
from joint_review.web import remedies as pages
from joint_review.web.routes import routes
from programme.database import open_database
from rules import remedy as module
from rules.errors import DatabaseUnusable, ImportRefused, Problem, ReviewError, RunImpossible, WordsMissing
from rules.remedy import (
    KINDS,
    Assess,
    ClosePanel,
    Give,
    LeaveOut,
    MakeDatabase,
    Part,
    Remedy,
    Replace,
    ShowChallenge,
    read_remedy,
)

ROOT = Path(__file__).parent.parent
BELOW = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "joint_review")
"""The packages below the faces."""
TEMPLATES = ROOT / "joint_review" / "web" / "templates"

# --- nothing below the faces, and no page, names a command or an option ------------------------------------

COMMANDS = "|".join(map(re.escape, cli.list_commands(click.Context(cli))))
TYPED = re.compile(
    rf"joint-review (?:$|--|[A-Z]|(?:{COMMANDS})\b)"  # a command; `$`: what follows is put in
    r"|(?<![\w-])--[a-z][a-z-]+"  # an option
    r"|\bcommands?\b",  # talk of them
)
ALLOWED = {
    ("assessment/runs/run.py", "joint-review "): "the name of the software before its version, in runs",
    (
        "joint_review/upgrades/evidence.py",
        "joint-review evidence",
    ): "the name of a set of migrations, in files",
    ("joint_review/upgrades/report.py", "joint-review report"): "likewise",
}
"""What looks like a command and is none, with the reason."""


def words_in(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every string of a module that is no docstring."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def typed_in(*packages: str) -> dict[tuple[str, str], str]:
    """What names a command or an option: by file and text, the place and what was found."""
    found = {}
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for line, text in words_in(path.read_text(encoding="utf-8")):
                if seen := TYPED.search(text):
                    found[(name, text)] = f"{name}:{line} names {seen[0]!r}"
    return found


def test_nothing_below_the_faces_names_a_command_or_an_option() -> None:
    found = typed_in(*BELOW, "joint_review/upgrades")
    assert [said for key, said in found.items() if key not in ALLOWED] == []
    assert [key for key in ALLOWED if key not in found] == [], "no longer there: take it off the list"


def test_no_page_names_a_command_or_an_option_in_what_it_says() -> None:
    assert list(typed_in("joint_review/web").values()) == []


@pytest.mark.parametrize(
    "text",
    [
        "Run: joint-review assess ",
        "Give it with --because.",
        "Make one first: joint-review init --db FILE",
        "joint-review ",
        "Import the sources first, or in the same command.",
        "(--without source:a)",
    ],
)
def test_a_command_or_an_option_would_be_seen(text: str) -> None:
    assert TYPED.search(text)


@pytest.mark.parametrize(
    "text", ["not a joint-review database", "-- a comment of SQL", "a two--part word", "joint-review"]
)
def test_other_words_are_not_taken_for_one(text: str) -> None:
    assert not TYPED.search(text)


# --- every remedy, worded by each face ---------------------------------------------------------------------


def values_of(hint: Any) -> list[Any]:
    """Some values of a field of a remedy, an empty one among them where the field may be empty."""
    if inspect.isclass(hint) and issubclass(hint, Enum):
        return list(hint)
    return {str: ["carers"], int: [7], tuple[str, ...]: [(), ("two words", "b")]}[hint]


def all_of(kind: type[Remedy]) -> Iterator[Remedy]:
    hints, known = get_type_hints(kind), {}
    for one in dataclasses.fields(kind):
        known[one.name] = values_of(hints[one.name]) + ([""] if one.default == "" else [])
    for values in itertools.product(*known.values()):
        yield kind(**dict(zip(known, values, strict=True)))


EVERY = [remedy for kind in KINDS.values() for remedy in all_of(kind)]
every_remedy = pytest.mark.parametrize("remedy", EVERY, ids=repr)


def test_every_kind_of_remedy_is_frozen_and_says_what_it_does() -> None:
    declared = {
        name
        for name, one in vars(module).items()
        if inspect.isclass(one) and issubclass(one, Remedy) and not one.__subclasses__()
    }
    assert declared == set(KINDS) == {type(remedy).__name__ for remedy in EVERY}
    for kind in KINDS.values():
        assert (kind.__doc__ or "").split(" ")[0].istitle() and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


@every_remedy
def test_a_remedy_survives_being_written_down_and_handed_to_another_process(remedy: Remedy) -> None:
    assert read_remedy(remedy.as_data()) == remedy
    error = pickle.loads(pickle.dumps(ReviewError("no", where="here", hint="so", remedies=[remedy])))
    assert (error.message, error.where, error.hint, error.remedies) == ("no", "here", "so", (remedy,))


def commands(group: click.Command = cli) -> Iterator[click.Command]:
    yield group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None, name
            yield from commands(found)


OPTIONS_THERE = {
    name for command in commands() for one in command.params for name in (*one.opts, *one.secondary_opts)
}


def parse(words: list[str]) -> None:
    """Parse a command as typed, without doing it; raises click.UsageError."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(click.Context(command), words)
        assert found is not None, name
        command = found
    try:
        # FILE, WHO, LEVEL and the like stand for what the reader puts there.
        command.make_context("joint-review", ["7" if word == "NUMBER" else word for word in words])
    except click.exceptions.Exit as done:
        assert done.exit_code == 0, "a help text"


@every_remedy
def test_the_command_line_says_every_remedy_as_something_that_can_be_typed(
    remedy: Remedy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = remedy_words(remedy)
    assert said and said[0].isupper() and "\n" not in said
    for option in re.findall(r"(?<![\w-])--[a-z-]+", said):
        assert option in OPTIONS_THERE | {"--help"}, f"no command takes {option}"
    _, is_command, typed = said.partition(": joint-review ")
    if is_command:
        parse(shlex.split(typed))
    else:
        assert "--" in said or "pip install" in said or "(joint-review serve)" in said
    assert list(tmp_path.iterdir()) == [], "nothing was done"


def test_a_command_that_is_none_would_be_seen() -> None:
    for wrong in (["asses", "r1"], ["assess"], ["assess", "r1", "--becuase", "x"], ["panel", "shut", "r1"]):
        with pytest.raises(click.UsageError):
            parse(wrong)


def test_every_part_that_can_be_given_has_its_option() -> None:
    assert set(OPTIONS) == set(Part)


ROUTES = [re.compile(pattern) for pattern, _ in routes()]


@every_remedy
def test_the_pages_say_a_remedy_without_commands_and_link_only_to_pages_that_are_there(
    remedy: Remedy,
) -> None:
    step = pages.step_of(remedy)
    assert not TYPED.search(step.words)
    if not step.words:
        assert not step.to
        return
    assert step.words[0].isupper() and step.words.endswith(".")
    if step.to:
        path, _, place = step.to.partition("#")
        assert any(route.match(path.partition("?")[0]) for route in ROUTES), f"no page is at {path}"
        there = "".join(page.read_text(encoding="utf-8") for page in TEMPLATES.glob("*/*.html"))
        assert not place or f'id="{place}"' in there, f"no page has a place {place}"


def test_names_in_an_address_are_put_there_safely() -> None:
    assert pages.step_of(ClosePanel("a/b", "c?d")).to == "/reviews/a%2Fb/panel/c%3Fd"


def test_the_pages_leave_out_what_no_page_does() -> None:
    for remedy in (MakeDatabase("x.db"), Replace("write over it"), Give(Part.PERSON), LeaveOut(Part.CLUSTER)):
        assert pages.step_of(remedy) == pages.NOTHING


# --- a refusal as a whole ----------------------------------------------------------------------------------

CHALLENGED = ReviewError(
    "the rating of “Support for carers” cannot be accepted while challenge 3 is open",
    hint="It may be withdrawn.",
    remedies=[ShowChallenge("r1", 3), Give(Part.PERSON)],
)


def test_the_command_line_says_message_hint_and_each_remedy_in_lines_of_their_own() -> None:
    assert say_error(CHALLENGED) == (
        "the rating of “Support for carers” cannot be accepted while challenge 3 is open\n"
        "  It may be withdrawn.\n"
        "  See: joint-review challenge show 3\n"
        "  Give it with --by."
    )


def test_a_page_says_the_same_with_a_link_and_without_what_it_cannot_do() -> None:
    assert pages.refusal(CHALLENGED) == {
        "error": "The rating of “Support for carers” cannot be accepted while challenge 3 is open.",
        "hint": "It may be withdrawn. See challenge 3.",
        "steps": [
            {"words": "It may be withdrawn.", "to": ""},
            {"words": "See challenge 3.", "to": "/reviews/r1/challenges/3"},
        ],
    }


def test_each_problem_of_a_file_keeps_its_remedy_in_its_line() -> None:
    problem = Problem("a.csv, row 2", "E1 says something else.", "Be exact.", (Replace("withdraw it"),))
    refused = ImportRefused("Nothing was imported.", [problem], remedies=[Assess("r1")], more=2)
    assert say_error(refused) == (
        "Nothing was imported.\n"
        "  a.csv, row 2: E1 says something else. Be exact. Give --replace to withdraw it.\n"
        "  ... and 2 more of the same files\n"
        "  Run: joint-review assess r1"
    )
    assert pages.problem_words(problem) == "E1 says something else. Be exact."
    assert pages.problem_line(problem) == "a.csv, row 2: E1 says something else. Be exact."


def test_words_of_a_command_are_quoted_where_a_shell_needs_it(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable) as refused:
        open_database(tmp_path / "my programme.db", [])
    assert refused.value.remedies == (MakeDatabase(f"{tmp_path}/my programme.db"),)
    said = say_error(refused.value) or ""
    assert shlex.split(said.partition(": joint-review ")[2])[-1] == f"{tmp_path}/my programme.db"


def test_without_a_face_the_data_shows() -> None:
    error = RunImpossible("the review r1 has not been assessed yet", remedies=[Assess("r1")])
    assert str(error) == "the review r1 has not been assessed yet\n  Assess(review='r1')"


# --- by whom and why ---------------------------------------------------------------------------------------


def test_whoever_does_not_say_who_or_why_is_refused_alike_everywhere(tmp_path: Path) -> None:
    db = new_programme(tmp_path)
    review = new_review(db, "r1", "wales-round-2", *good_domain("carers"))
    who, why = {"by": "lead", "at": AT}, {"because": " ", "at": AT}
    refused = {
        "a rating": lambda: override(db, review, "carers", "poor", by="lead", **why),
        "a settlement": lambda: settle(db, review, 1, CodedAs("strength", 1), by="lead", **why),
        "withdrawing evidence": lambda: withdraw_item(db, review, 1, by="lead", **why),
        "withdrawing a coding": lambda: withdraw_coding(db, review, 1, "second", by="lead", **why),
    }
    for what, act in refused.items():
        with pytest.raises(WordsMissing) as caught:
            act()
        assert caught.value.message == f"{what} needs a reason"
        assert caught.value.remedies == (Give(Part.REASON),)
    who = {"because": "So.", "by": "  ", "at": AT}
    for act in (
        lambda: override(db, review, "carers", "poor", **who),
        lambda: settle(db, review, 1, CodedAs("strength", 1), **who),
    ):
        with pytest.raises(WordsMissing) as caught:
            act()
        assert caught.value.remedies == (Give(Part.PERSON),)
    assert say_error(caught.value) == "a settlement needs the name of a person\n  Give it with --by."
    db.conn.close()
