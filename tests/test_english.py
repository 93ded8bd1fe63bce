"""People read plain English: no page, message or guide uses a phrase that docs/developing.md lists.

The table at the end of that page is the list. Each area of text that people read has a reader; the test walks
through the areas and names file, line, the words found and what to write instead.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tree import LAYERS, ROOT

AREAS = ("guides", "generated parts", "templates", "messages", "titles")

Read = tuple[int, str]
"""A stretch of text that people read, and the line on which it begins."""
BREAK = "\0"
"""Put where words before and after are not read as one sentence."""
VALUE, VALUE_IN_TEMPLATE = "#", "¤"
"""Put where a number or another value is filled in when the text is shown."""


@dataclass(frozen=True)
class Phrase:
    """A phrase of the list, as a pattern, with what to write instead."""

    pattern: re.Pattern[str]
    instead: str


def phrases(page: str) -> list[Phrase]:
    """The phrases of the section "English" of docs/developing.md, in the order of its table."""
    found = []
    for line in page.partition("\n## English\n")[2].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 2:
            found += [Phrase(_pattern(words), cells[1]) for words in re.findall(r"`([^`]+)`", cells[0])]
    return found


def _pattern(words: str) -> re.Pattern[str]:
    filled = {"#": f"(?:[{VALUE}{VALUE_IN_TEMPLATE}]|1)", "{{x}}": VALUE_IN_TEMPLATE}
    parts = [filled.get(word) or re.escape(word) for word in words.split()]
    return re.compile(r"(?<![\w.,])" + r"\s+".join(parts) + r"(?!\w)", re.IGNORECASE)


WORDS = phrases((ROOT / "docs" / "developing.md").read_text(encoding="utf-8"))


def found_in(read: Iterator[Read]) -> list[str]:
    """Where a text uses a phrase of the list: line, the words found, and what to write instead."""
    found = set()
    for line, text in read:
        for phrase in WORDS:
            for match in phrase.pattern.finditer(text):
                at = line + text.count("\n", 0, match.start())
                words = " ".join(match.group().split()).replace(VALUE_IN_TEMPLATE, "{{…}}")
                found.add((at, words, phrase.instead))
    return [f"{at}: “{words}”; write instead: {instead}" for at, words, instead in sorted(found)]


# --- guides ------------------------------------------------------------------------------------------

GENERATED = re.compile(r"^<!-- \[\[\[cog.*?^<!-- \[\[\[end\]\]\] -->", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^[ ]*```.*?^[ ]*```", re.DOTALL | re.MULTILINE)
LIST_OF_WORDS = re.compile(r"^## English\n.*", re.DOTALL | re.MULTILINE)


def _blank(text: str) -> str:
    """As many lines, with nothing to read in them."""
    return re.sub(r"[^\n]", BREAK, text)


def _without(text: str, *parts: re.Pattern[str]) -> str:
    for part in parts:
        text = part.sub(lambda match: _blank(match.group()), text)
    return text


def hand_written(text: str) -> Iterator[Read]:
    """A guide without the parts that code writes, code itself, and the list of words."""
    yield 1, _without(text, GENERATED, BLOCK, re.compile(r"`[^`\n]+`"), LIST_OF_WORDS)


def generated(text: str) -> Iterator[Read]:
    """The parts of a guide that code writes, with the output of commands."""
    for part in GENERATED.finditer(text):
        head, _, body = part.group().partition("]]] -->")
        yield text.count("\n", 0, part.start()) + head.count("\n") + 1, body


# --- templates ---------------------------------------------------------------------------------------

UNSEEN = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->|\{#.*?#\}", re.DOTALL | re.IGNORECASE)
CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
LITERAL = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'')
TAG = re.compile(r"</?([a-z][a-z0-9]*)\b[^>]*>", re.IGNORECASE)
READ_ALOUD = re.compile(r'\b(?:aria-label|aria-description|alt|title|placeholder)="([^"]*)"')
WITHIN_SENTENCES = {"a", "abbr", "b", "cite", "code", "em", "i", "kbd", "small", "span", "strong", "time"}


def visible(text: str) -> Iterator[Read]:
    """What a template shows: its text, attributes that are read aloud, and words it hands to macros."""
    text = CODE.sub(_words_of_code, _without(text, UNSEEN))
    yield 1, TAG.sub(_words_of_tag, text)


def _words_of_code(match: re.Match[str]) -> str:
    kept = _keep(match.group(), LITERAL, 0)
    return kept[:-1] + VALUE_IN_TEMPLATE if match.group().startswith("{{") else kept


def _words_of_tag(match: re.Match[str]) -> str:
    if match.group(1).lower() in WITHIN_SENTENCES and not READ_ALOUD.search(match.group()):
        return re.sub(r"[^\n]", " ", match.group())
    return _keep(match.group(), READ_ALOUD, 1)


def _keep(text: str, part: re.Pattern[str], group: int) -> str:
    """The text with everything blanked but a group of each match, in its place."""
    blank = list(_blank(text))
    for match in part.finditer(text):
        start, end = match.span(group)
        start, end = (start + 1, end - 1) if group == 0 else (start, end)
        blank[start:end] = text[start:end]
    return "".join(blank)


# --- messages in the code ----------------------------------------------------------------------------

SQL = re.compile(
    r"\s*(?:select\b.*\bfrom|with\b.*\bselect|insert\b.*\binto|update\b.*\bset|delete\s+from|alter\s+table"
    r"|create\s+(?:temp|table|view|trigger|virtual|unique|index)|drop\s+(?:table|view|trigger|index))\b",
    re.DOTALL,
)
REGEX = re.compile(r"\\[sdwbSDWB]|\(\?[:!=<P]|\[\^")
FILLED = re.compile(r"%[sd]|\{[^{}]*\}")


def messages(text: str) -> Iterator[Read]:
    """The strings of a module that may be shown to people, with help texts of commands among them.

    Left out: what documents the code (strings that are statements), SQL and regular expressions.
    """
    tree = ast.parse(text)
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    help_texts = {id(text) for node in ast.walk(tree) if (text := _help_text(node))}
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
        if isinstance(part, ast.Constant)
    }
    for node in ast.walk(tree):
        if id(node) in inside or (id(node) in statements and id(node) not in help_texts):
            continue
        if isinstance(node, ast.JoinedStr):
            words = "".join(map(_filled_in, node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = FILLED.sub(VALUE, node.value)
        else:
            continue
        if not SQL.match(words) and not REGEX.search(words):
            yield node.lineno, words


def _filled_in(part: ast.expr) -> str:
    """A part of an f-string as it is read: a constant of the code is not a number that may be 1."""
    if isinstance(part, ast.FormattedValue):
        return "N" if isinstance(part.value, ast.Name) and part.value.id.isupper() else VALUE
    return str(part.value) if isinstance(part, ast.Constant) else ""


def _help_text(node: ast.AST) -> ast.expr | None:
    """The docstring of a command or group of click, which is its help text."""
    if not isinstance(node, ast.FunctionDef) or not isinstance(node.body[0], ast.Expr):
        return None
    made = any(re.search(r"\b(?:command|group)\b", ast.unparse(one)) for one in node.decorator_list)
    return node.body[0].value if made else None


# --- the library of rules ----------------------------------------------------------------------------


def titles(text: str) -> Iterator[Read]:
    """The titles of a policy file, in every language."""
    yield from _titles(yaml.compose(text), within=False)


def _titles(node: yaml.Node | None, *, within: bool) -> Iterator[Read]:
    if isinstance(node, yaml.ScalarNode):
        if within:
            yield node.start_mark.line + 1, str(node.value)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _titles(child, within=within)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            yield from _titles(child, within=within or key.value == "title")


# --- the areas ---------------------------------------------------------------------------------------

GUIDES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("examples/*/README.md"),
]
CODE_FILES = [path for name in (*LAYERS, "docs/making") for path in (ROOT / name).rglob("*.py")]
READERS: dict[str, tuple[list[Path], Callable[[str], Iterator[Read]]]] = {
    "guides": (GUIDES, hand_written),
    "generated parts": (GUIDES, generated),
    "templates": (list((ROOT / "joint_review" / "web" / "templates").rglob("*.html")), visible),
    "messages": (CODE_FILES, messages),
    "titles": (list((ROOT / "rules" / "library").glob("*/*.yml")), titles),
}


@pytest.mark.parametrize("area", AREAS)
def test_what_people_read_is_plain_english(area: str) -> None:
    paths, read = READERS[area]
    assert paths, area
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted(paths)
        for line in found_in(read(path.read_text(encoding="utf-8")))
    ]
    assert not found, "\n".join(["words of the dialect; docs/developing.md has the list", *found])


def test_the_list_names_what_to_write_instead() -> None:
    assert len(WORDS) > 80
    assert all(phrase.instead for phrase in WORDS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The reason stands here.", "stands here"),
        ("Asked wrongly", "Asked wrongly"),
        ("A reason, if one is\n  to be said", "is to be said"),
        ("Rated differently all\nthe same", "all the same"),
        ("run 1 is made", "run 1 is made"),
    ],
)
def test_a_phrase_is_found_whatever_its_capitals_and_line_breaks(text: str, said: str) -> None:
    assert any(f"“{said}”" in line for line in found_in(hand_written(text)))


@pytest.mark.parametrize(
    "text",
    [
        "They understand here what is meant.",
        "Choose differently; otherwise leave it.",
        "run 11 is made",
        "1.1 items",
    ],
)
def test_words_that_only_look_like_a_phrase_are_left_alone(text: str) -> None:
    assert found_in(hand_written(text)) == []


def test_a_guide_is_read_without_code_generated_parts_and_the_list_itself() -> None:
    guide = (
        "# Guide\n\n```text\nit stands here\n```\n\n`all the same` and\nstands here\n\n"
        "<!-- [[[cog\ncog.out('by way of')\n]]] -->\nby way of\n<!-- [[[end]]] -->\n\n"
        "anew\n\n## English\n\n| `all the same` | still |\n"
    )
    assert _found(hand_written(guide)) == [(8, "stands here"), (16, "anew")]
    assert _found(generated(guide)) == [(13, "by way of")]


def test_a_template_is_read_as_it_is_shown() -> None:
    template = (
        '{# stands here #}<script>"stands here"</script>\n'
        '<p title="Asked wrongly">{{ n }} <strong>ratings</strong></p>\n'
        '<td>{{ n }}</td><td>ratings</td>{{ jr_plural(n, "rating") }}\n'
        '{{ forms.text("because", "If one is to be said") }}\n'
        "{% if by_way_of %}<b>by</b>\n<i>way</i> of{% endif %}\n"
    )
    assert _found(visible(template)) == [
        (2, "Asked wrongly"),
        (2, "{{…}} ratings"),
        (4, "If one is to be"),
        (4, "is to be said"),
        (5, "by way of"),
    ]


def test_messages_are_the_strings_of_a_module_and_the_help_of_its_commands() -> None:
    module = (
        '"""Nothing stands here."""\n'
        "QUERY = \"select 'stands here' from item where id = ?\"\n"
        'WORD = re.compile(r"\\bstands here\\b")\n'
        'raise Refused(f"run {run.id} is made", hint="Nothing was "\n'
        '    "asked wrongly")\n'
        "@cli.command()\n"
        "def show() -> None:\n"
        '    """Show what stands behind it."""\n'
        "def other() -> None:\n"
        '    """What stands behind it."""\n'
    )
    assert _found(messages(module)) == [(4, "asked wrongly"), (4, "run # is made"), (8, "stands behind")]


def test_titles_of_the_library_are_read_in_every_language_and_nothing_else() -> None:
    policy = "title:\n  en: What stands here\nmeasures:\n- id: items\n  title: All the same\n  note: anew\n"
    assert _found(titles(policy)) == [(2, "stands here"), (5, "All the same")]


def _found(read: Iterator[Read]) -> list[tuple[int, str]]:
    lines = [re.match(r"(\d+): “(.*?)”", line) for line in found_in(read)]
    return sorted((int(line[1]), line[2]) for line in lines if line)
