"""No pattern and no loop over what somebody wrote costs more than its text: measured, and by their form."""

from __future__ import annotations

import ast
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree import LAYERS, ROOT

from evidence import matching, numerals
from evidence.anchors import find_quote
from evidence.files.formats import content, plain
from evidence.files.formats.content import kind_of
from evidence.files.formats.pages import LONGEST_SECTION, as_pages, tidy
from evidence.files.formats.raised import kept_apart
from evidence.files.formats.richtext import richtext_sections
from evidence.files.formats.said import Said
from evidence.files.formats.stylesheet import StyleSheet
from evidence.files.formats.transcript import spoken, transcript_sections
from evidence.files.spreadsheets import OutgoingCsv
from evidence.files.xlsx import MERGED
from evidence.sentences import paragraphs_of
from programme.names import same_person
from programme.sought import Sought, blocked
from rules.errors import Problem, ProblemsFound, UnknownName, suggest
from rules.letters import PARTS, is_mark, one_spelling
from rules.limits import LONGEST_SAID, MOST_MARKS, MOST_PROBLEMS
from rules.policyfile import parse_policy_text

MANY = 1_000
"""A repeat up to so often is as good as one without bound."""
REPEATS = ("MAX_REPEAT", "MIN_REPEAT")


# --- by their form ---------------------------------------------------------------------------------------


def patterns() -> Iterator[tuple[str, ast.expr, str, str]]:
    """Every pattern of the tree: its place, itself, what is done with it, and its name if it has one."""
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            named = {
                id(node.value): node.targets[0].id
                for node in ast.walk(tree)
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            }
            for node in ast.walk(tree):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                if isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args:
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield place, node.args[0], node.func.attr, named.get(id(node), "")


def written(node: ast.expr) -> str | bytes | None:
    """A pattern that is written as it is; in an f-string each value counts as a letter."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "1" for part in node.values)
        return "".join(map(str, parts))
    return None


Part = tuple[Any, Any]


def is_open(part: Part) -> bool:
    """Whether a part repeats so often that it is without bound, and gives back what it took."""
    op, what = str(part[0]), part[1]
    return op in REPEATS and what[1] >= MANY


def inside(part: Part) -> Iterator[list[Part]]:
    """The sequences that a part is made of."""
    op, what = str(part[0]), part[1]
    if op in (*REPEATS, "POSSESSIVE_REPEAT"):
        yield list(what[2])
    elif op == "SUBPATTERN":
        yield list(what[3])
    elif op == "BRANCH":
        yield from (list(one) for one in what[1])
    elif op in ("ASSERT", "ASSERT_NOT"):
        yield list(what[1])
    elif op == "ATOMIC_GROUP":
        yield list(what)


def letters(parts: Iterable[Part], flags: int, first: bool = True) -> set[int]:
    """Which of the first thousand characters may begin (or end) what these parts match."""
    found: set[int] = set()
    sequence = list(parts) if first else list(parts)[::-1]
    for op, what in sequence:
        name = str(op)
        if name in (*REPEATS, "POSSESSIVE_REPEAT"):
            found |= letters(what[2], flags, first)
            if what[0] == 0:
                continue
            return found
        if name == "SUBPATTERN":
            found |= letters(what[3], flags, first)
            if any(True for _ in what[3]) and not can_be_empty(what[3]):
                return found
            continue
        if name == "BRANCH":
            for one in what[1]:
                found |= letters(one, flags, first)
            if any(can_be_empty(one) for one in what[1]):
                continue
            return found
        if name in ("AT", "ASSERT", "ASSERT_NOT"):
            continue
        found |= matched_by(name, what, flags)
        return found
    return found


def can_be_empty(parts: Iterable[Part]) -> bool:
    return all(
        (str(op) in (*REPEATS, "POSSESSIVE_REPEAT") and (what[0] == 0 or can_be_empty(what[2])))
        or str(op) in ("AT", "ASSERT", "ASSERT_NOT")
        or (str(op) == "SUBPATTERN" and can_be_empty(what[3]))
        or (str(op) == "BRANCH" and any(map(can_be_empty, what[1])))
        for op, what in parts
    )


def matched_by(name: str, what: Any, flags: int) -> set[int]:
    """The characters up to U+03FF that one part matches."""
    chars = range(0x400)
    if name == "LITERAL":
        return {what} | ({ord(chr(what).swapcase()[0])} if flags & re.I else set())
    if name == "NOT_LITERAL":
        return set(chars) - {what}
    if name == "ANY":
        return set(chars)
    if name == "IN":
        found: set[int] = set()
        negated = False
        for op, value in what:
            if str(op) == "NEGATE":
                negated = True
            elif str(op) == "RANGE":
                found |= set(range(value[0], min(value[1], 0x3FF) + 1))
            elif str(op) == "LITERAL":
                found.add(value)
            else:
                found |= {char for char in chars if re.match(CATEGORIES[str(value)], chr(char))}
        return set(chars) - found if negated else found
    return set(chars)


CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def faults(pattern: str | bytes, flags: int = 0, *, searched: bool = True) -> list[str]:
    """What in a pattern could cost more than its text.

    Repeats in repeats that begin alike, neighbours that share letters; and, where it is searched for and not
    tried in one place alone, a beginning that may come again within what is gone through before it fails.
    """
    parts = list(_parser.parse(pattern, flags))
    found = list(_faults(parts, flags))
    if searched and parts and str(parts[0][0]) != "ASSERT_NOT":
        found += _again_and_again(parts, flags, letters(parts, flags))
    return found


def _faults(parts: list[Part], flags: int) -> Iterator[str]:
    for at, part in enumerate(parts):
        if is_open(part):
            begins = letters([part], flags)
            for within in open_within(part[1][2]):
                if letters([within], flags) & begins:
                    yield f"a repeat in a repeat: {within}"
            own = begins | letters([part], flags, first=False)
            for other in parts[at + 1 :]:
                if is_open(other) and own & letters([other], flags):
                    yield f"two repeats of the same letters: {part} {other}"
                if not can_be_empty([other]):
                    break
        for sequence in inside(part):
            yield from _faults(sequence, flags)


def open_within(parts: Iterable[Part]) -> Iterator[Part]:
    """All repeats without bound in these parts, however deep."""
    for part in parts:
        if is_open(part):
            yield part
        for sequence in inside(part):
            yield from open_within(sequence)


def _again_and_again(parts: list[Part], flags: int, begins: set[int]) -> Iterator[str]:
    for at, part in enumerate(parts):
        long = str(part[0]) in (*REPEATS, "POSSESSIVE_REPEAT") and part[1][1] >= MANY
        needs_more = not can_be_empty(parts[at + 1 :])
        if long and needs_more and letters([part], flags) & begins:
            yield f"searched, it begins again within: {part}"
        for sequence in inside(part):
            if needs_more:
                yield from _again_and_again([*sequence, *parts[at + 1 :]], flags, begins)


TRIED_IN_ONE_PLACE = ("match", "fullmatch")
SEARCHES = re.compile(r"\b([A-Z_]+)\.(search|finditer|findall|sub|split)\b")
MATCHES_EVERYWHERE = {"CELL"}
"""Never fails where it is tried: the search never goes back."""


def test_no_pattern_of_the_tree_can_go_back_without_bound() -> None:
    found, looked_at = [], 0
    names = {
        name
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*.py")
        for name, _ in SEARCHES.findall(path.read_text(encoding="utf-8"))
    }
    for place, node, how, name in patterns():
        text = written(node)
        if text is not None:
            looked_at += 1
            one_place = how in TRIED_IN_ONE_PLACE or (how == "compile" and name not in names)
            searched = not one_place and name not in MATCHES_EVERYWHERE
            found += [f"{place}: {fault}" for fault in faults(text, searched=searched)]
    assert looked_at > 45
    assert found == []


BAD = (
    *(r"(a*)*b", r"(\w+\s*)*:", r"\s*\s*x", r"(<!--.*?-->\s*)*<html"),
    *(r"a\s*=\s*\"?\s*", r"[.!?]+\s+", "<m[^>]*>"),
)


@pytest.mark.parametrize("bad", BAD)
def test_the_look_at_their_form_finds_patterns_that_can(bad: str) -> None:
    assert faults(bad)


# --- measured --------------------------------------------------------------------------------------------

SMALL, TIMES, MORE = 4_000, 8, 30.0
"""From so many characters to so many times as many the time may grow this much: less than half its square."""


def seconds(work: Callable[[str], Any], text: str) -> float:
    """The quickest of three rounds, in processor time of this thread."""
    rounds = []
    for _ in range(3):
        begun = time.thread_time()
        work(text)
        rounds.append(time.thread_time() - begun)
    return min(rounds)


def csv_out(text: str) -> bytes:
    return OutgoingCsv().feed(text.encode(), more=False)


CUE = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n"
MARKS = "\u0301\u0301"
A_NAME = Sought(["A"])
WORK: dict[str, tuple[Callable[[str], Any], Callable[[int], str]]] = {
    "comments at the head of a text": (
        lambda text: kind_of("notes.md", text.encode()),
        lambda n: "<!-- a -->\n" * (n // 11) + "# Notes",
    ),
    "comments that never end": (content._behind_comments, lambda n: "<!--" * (n // 4)),
    "the encoding that a page names": (
        lambda text: plain.CHARSET.search(text.encode()),
        lambda n: "<meta charset" * (n // 26) + " " * (n // 2),
    ),
    "merged cells": (lambda text: list(MERGED.finditer(text.encode())), lambda n: "<mergeCell " * (n // 11)),
    "marks on one letter": (one_spelling, lambda n: "a" + MARKS * (n // 2)),
    "a text of marks alone": (tidy, lambda n: MARKS * (n // 2)),
    "pages of marks": (lambda text: as_pages([text], False), lambda n: "a" + "\u0301" * n),
    "a long section": (lambda text: as_pages([text * 20], False), lambda n: "a" * n),
    "ends of sentences": (paragraphs_of, lambda n: "Aa. " * (n // 4)),
    "stops alone": (paragraphs_of, lambda n: "." * n),
    "stops and quotation marks": (paragraphs_of, lambda n: '."' * (n // 2)),
    "stops of other scripts": (paragraphs_of, lambda n: "؟)" * (n // 2)),
    "numbers of paragraphs": (paragraphs_of, lambda n: "1. " * (n // 3)),
    "lines of a page": (paragraphs_of, lambda n: "Aa b.\n" * (n // 6)),
    "paragraphs": (paragraphs_of, lambda n: "\n " * (n // 2)),
    "a quote that is almost there": (
        lambda text: find_quote([(1, text), (2, text)], text[: len(text) // 2] + " b"),
        lambda n: "a " * (n // 2),
    ),
    "a quote that is there exactly": (
        lambda text: find_quote([(1, text)], "b" + text[: len(text) // 2]),
        lambda n: "a" * n,
    ),
    "a name in every sentence": (lambda text: A_NAME.replaced(text, "[person 1]"), lambda n: "A b. " * n),
    "a name that is blocked": (lambda text: blocked(text, A_NAME.spans(text)), lambda n: "A b. " * n),
    "raised digits": (kept_apart, lambda n: "1¹" * (n // 2)),
    "rich text": (
        lambda text: richtext_sections(text.encode("latin-1"), Said()),
        lambda n: "{\\rtf1 " + "\\'e9" * (n // 4),
    ),
    "tags of a cue": (lambda text: list(spoken(text)), lambda n: "<v " * (n // 3)),
    "names before the words of cues": (
        lambda text: transcript_sections(CUE + text, "vtt", Said()),
        lambda n: "a: " * (n // 3),
    ),
    "rules of a page": (
        lambda text: StyleSheet(iter([text])).hides("p", {"class": "a"}),
        lambda n: ".a{display:none}" * (n // 16),
    ),
    "comments of a style sheet": (
        lambda text: StyleSheet(iter([text])).hides("p", {}),
        lambda n: "none" + "/*" * (n // 2),
    ),
    "quotation marks in a table that goes out": (csv_out, lambda n: '"' * n + "x"),
    "cells with loose quotation marks": (csv_out, lambda n: '"x""' * (n // 4)),
    "dates": (lambda text: numerals.PLAIN.fullmatch(text), lambda n: "1" * n),
    "numbers in groups": (
        lambda text: numerals.GROUPED.fullmatch(text),
        lambda n: "1" + ",111" * (n // 4) + "x",
    ),
    "names": (lambda text: same_person(text, "x"), lambda n: "a" + MARKS * (n // 2)),
    "a name that nothing has": (
        lambda text: suggest(text, [text + "x", text + "y"]),
        lambda n: "ab" * (n // 2),
    ),
    "stretches of blanks": (matching.plainly, lambda n: " a" * (n // 4) + " " * (n // 2)),
    "words divided at every line end": (
        lambda text: find_quote([(1, text)], text[: len(text) // 2].replace("-\n", "-") + " b"),
        lambda n: "ab-\n" * (n // 4),
    ),
    "a quote of words with hyphens": (
        lambda text: find_quote([(1, text.replace("-", "-\n"))], text[len(text) // 2 :] + " b"),
        lambda n: "ab-cd " * (n // 6),
    ),
    "a quote of half ligatures": (
        lambda text: find_quote([(1, text)], "f" * (len(text) // 2)),
        lambda n: "\ufb00" * n,
    ),
    "keys of a file that stand twice": (
        lambda text: parse_policy_text(text, "a.yml"),
        lambda n: "".join(f"k{number % 7}: 1\n" for number in range(n // 40)),
    ),
}


@pytest.mark.parametrize("what", WORK)
def test_what_is_done_to_a_text_takes_time_that_grows_with_the_text(what: str) -> None:
    work, made = WORK[what]
    small = max(seconds(work, made(SMALL)), 0.0002)
    large = seconds(work, made(SMALL * TIMES))
    assert large < small * MORE, f"{small:.4f} s, then {large:.4f} s for {TIMES} times as much"


# --- what came out of it ---------------------------------------------------------------------------------


@given(st.text(st.sampled_from("ae\u0301\u0323\u0344\u0f73\u034f\u1ebfŵ 中"), max_size=200))
def test_one_spelling_is_unicodes_own_but_for_endless_marks(text: str) -> None:
    found = one_spelling(text)
    assert one_spelling(found) == found == unicodedata.normalize("NFC", found)
    assert max((len(run) for run in re.findall(f"[{MARKS}\u0344\u0f73]+", found)), default=0) <= MOST_MARKS
    if PARTS not in found:
        assert found == unicodedata.normalize("NFC", text)
    assert all(is_mark(char) for char in MARKS)


def test_a_section_of_marks_alone_ends_as_pages() -> None:
    found = as_pages(["a" + "\u0301" * 3 * LONGEST_SECTION], numbered=False)
    assert len(found) > 1 and all(0 < len(page) <= LONGEST_SECTION + 2 * MOST_MARKS for page in found)


def test_messages_are_short_and_only_so_many_problems_are_listed() -> None:
    long = "x" * 100_000
    problem = Problem(long, long, long)
    others = [Problem(f"{number} {long}", long, long) for number in range(1_000)]
    error = ProblemsFound(long, others, more=5)
    assert max(map(len, (problem.where, problem.message, problem.hint, error.message))) <= LONGEST_SAID
    assert (len(error.problems), error.more) == (MOST_PROBLEMS, 1_000 - MOST_PROBLEMS + 5)
    unknown = UnknownName("source", long, [long + str(number) for number in range(3_000)])
    assert len(str(unknown)) < 3 * LONGEST_SAID
