"""Policy files that are well formed load; every mistake in one is named with its line and what would do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from rules.cases import load_cases
from rules.errors import PolicyFileInvalid, UnknownName
from rules.framework import Framework
from rules.loader import (
    digest_of,
    library_ids,
    load_framework,
    load_policy,
    load_policy_folder,
    load_rulebook,
)
from rules.policyfile import parse_policy_text, read_policy_text
from rules.rulebook import Rulebook

BROKEN = Path(__file__).parent / "broken"
GOOD = BROKEN / "good"
EXPECT = "# expect: "


@pytest.fixture(scope="module")
def mini() -> Framework:
    """The small framework against which the broken rulebooks and cases are read."""
    return load_framework(GOOD / "framework.yml")


def load_any(path: Path, framework: Framework) -> BaseModel:
    """The file as what its name begins with: framework, rulebook or cases."""
    kind = path.name.partition("-")[0]
    if kind == "framework":
        return load_framework(path)
    if kind == "rulebook":
        return load_rulebook(path, framework)
    return load_cases(path, framework)[0]


def problems_of(path: Path, framework: Framework) -> list[str]:
    with pytest.raises(PolicyFileInvalid) as caught:
        load_any(path, framework)
    return [str(problem) for problem in caught.value.problems]


def expected_in(path: Path) -> list[tuple[str, str]]:
    """The 'FILE:LINE: ' and the words that the comments at the head of a broken file announce."""
    heads = [line for line in path.read_text().splitlines() if line.startswith(EXPECT)]
    split = [head.removeprefix(EXPECT).partition(" ") for head in heads]
    return [(f"{path.name}:{line}: ", words) for line, _, words in split]


def test_the_small_policy_from_which_all_broken_ones_are_made_is_well_formed(mini: Framework) -> None:
    policy = load_policy_folder(GOOD)
    book, _ = load_cases(GOOD / "cases.yml", mini)
    assert policy.rulebook.framework == book.framework == mini.id == "mini"


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yml")), ids=lambda path: path.stem)
def test_one_mistake_is_one_problem_with_its_line_and_its_remedy(path: Path, mini: Framework) -> None:
    [(where, words)] = expected_in(path)
    [problem] = problems_of(path, mini)
    assert problem.startswith(where)
    assert words in problem


@pytest.mark.parametrize("path", sorted((BROKEN / "many").glob("*.yml")), ids=lambda path: path.stem)
def test_many_mistakes_are_all_reported_at_once_in_the_order_of_the_file(path: Path, mini: Framework) -> None:
    expected = expected_in(path)
    problems = problems_of(path, mini)
    unmatched = [
        (where, words)
        for where, words in expected
        if not any(problem.startswith(where) and words in problem for problem in problems)
    ]
    assert not unmatched, problems
    assert len(problems) == len(expected), problems
    lines = [int(problem.split(":")[1]) for problem in problems]
    assert lines == sorted(lines)


def test_the_error_says_how_many_problems_and_lists_them(mini: Framework) -> None:
    with pytest.raises(PolicyFileInvalid) as caught:
        load_rulebook(BROKEN / "rulebook-unknown-measure.yml", mini)
    assert str(caught.value).splitlines() == [
        "rulebook-unknown-measure.yml has 1 problem",
        "  rulebook-unknown-measure.yml:19: no measure is called 'finding'. Did you mean 'findings'?",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "framework.yml is empty"),
        (b"# nothing but a comment\n", "framework.yml is empty"),
        (b"id: mini\ntitle: Caf\xe9\n", "framework.yml:2: this is not UTF-8 text. Save the file as UTF-8."),
        (b"id: mini\ntitle: a\x00b\n", "framework.yml:2: this is not YAML: the character '\\x00'"),
        (b"[" * 1200, "it is nested too deeply"),
        (b"id: 'mini\n", "framework.yml:2: this is not YAML: found unexpected end of stream"),
    ],
    ids=["empty", "only a comment", "not UTF-8", "a null character", "endless nesting", "an open quote"],
)
def test_what_cannot_be_read_at_all_is_said_in_one_sentence(
    content: bytes, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "framework.yml"
    path.write_bytes(content)
    with pytest.raises(PolicyFileInvalid) as caught:
        load_framework(path)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileInvalid, match=r"framework\.yml cannot be read: No such file"):
        load_framework(tmp_path / "framework.yml")


def test_anchors_that_multiply_are_refused_before_they_fill_the_memory() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    started = time.perf_counter()
    with pytest.raises(PolicyFileInvalid, match="is larger than a policy file can be"):
        parse_policy_text("\n".join(levels), "rulebook.yml")
    assert time.perf_counter() - started < 10


def test_an_anchor_may_be_used_for_what_is_said_twice() -> None:
    found = parse_policy_text("first: &same\n  - {id: a}\nsecond: *same\n", "rulebook.yml")
    assert found.data == {"first": [{"id": "a"}], "second": [{"id": "a"}]}
    assert found.place(["second", 0, "id"]) == "rulebook.yml:2"


def test_a_byte_order_mark_at_the_beginning_does_no_harm(tmp_path: Path, mini: Framework) -> None:
    path = tmp_path / "framework.yml"
    path.write_bytes(b"\xef\xbb\xbf" + (GOOD / "framework.yml").read_bytes())
    assert load_framework(path) == mini


def test_a_version_written_as_a_date_stays_what_was_written(tmp_path: Path, mini: Framework) -> None:
    path = tmp_path / "rulebook.yml"
    for written in ("2004-06-01", "2004-13-45"):
        text = (GOOD / "rulebook.yml").read_text().replace('version: "1"', f"version: {written}")
        path.write_text(text)
        assert load_rulebook(path, mini).version == written


def test_the_place_of_something_left_out_is_the_nearest_thing_around_it() -> None:
    found = read_policy_text(GOOD / "rulebook.yml")
    assert found.place(["domain_defaults", "care", "levels", "good", 0, "at_least"]) == "rulebook.yml:19"
    assert found.place(["domain_defaults", "care", "levels", "good", 0, "at_most"]) == "rulebook.yml:17"
    assert found.place(["nothing", "of", "the", "kind"]) == "rulebook.yml:1"


def test_a_framework_that_is_not_in_the_library_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"there is no framework 'wales-round2'") as caught:
        load_policy("wales-round2")
    assert "wales-round-2" in caught.value.hint


def test_a_library_is_every_folder_with_a_framework(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a").mkdir()
    (tmp_path / "notes").mkdir()
    for name in ("a", "b"):
        for file in ("framework.yml", "rulebook.yml"):
            (tmp_path / name / file).write_text((GOOD / file).read_text())
    assert library_ids(tmp_path) == ["a", "b"]
    assert load_policy("a", tmp_path).framework.id == "mini"


def test_the_digest_names_the_policy_and_not_the_layout_of_its_file(tmp_path: Path, mini: Framework) -> None:
    text = (GOOD / "rulebook.yml").read_text()
    (tmp_path / "same.yml").write_text("# a comment\n\n" + text.replace("title: A small", "title:   A small"))
    (tmp_path / "other.yml").write_text(text.replace("at_least: 9", "at_least: 10"))
    rulebooks: list[Rulebook] = [
        load_rulebook(path, mini)
        for path in (GOOD / "rulebook.yml", tmp_path / "same.yml", tmp_path / "other.yml")
    ]
    first, same, other = (digest_of(rulebook) for rulebook in rulebooks)
    assert first == same != other
    assert len(first) == 64
