"""A mapping as YAML with comments, and what is open in it as lines to fill in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from evidence.mapping.propose import AGREEING_BAD, Proposal

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[ -][A-Za-z0-9_]+)*")
"""Text that YAML reads as the same text without quotation marks, unless it is one of NOT_PLAIN."""
NOT_PLAIN = frozenset(("yes", "no", "on", "off", "true", "false", "null", "y", "n", "nan", "inf"))
ORDER = ("layout", "sheet", "skip", "leave_out_rows", "with", "source", "period_columns", "columns", "values")
WIDEST = 60


def scalar(text: object) -> str:
    """A value as YAML reads it back as the same text, number or truth value."""
    if isinstance(text, bool):
        return "true" if text else "false"
    if isinstance(text, int):
        return str(text)
    said = str(text)
    plain = PLAIN.fullmatch(said) and said.lower() not in NOT_PLAIN and len(said) < 200
    quoted = json.dumps(said, ensure_ascii=False)
    return said if plain else "".join(map(_escaped, quoted))


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"


def as_yaml(proposal: Proposal) -> str:
    """The mapping as a file, with remarks as comments; reading it gives the mapping again."""
    lines: list[str] = []
    for name in ORDER:
        if name in proposal.mapping:
            lines += _lines(name, proposal.mapping[name], (name,), proposal, 0)
        if name == "values":
            lines += _unknown(proposal)
    return "\n".join(lines) + "\n"


def _lines(key: str, value: Any, path: tuple[str, ...], proposal: Proposal, depth: int) -> Iterator[str]:
    indent, remark = "  " * depth, proposal.remarks.get(path, "")
    if isinstance(value, Mapping) and depth < 2 and not (depth == 1 and path[0] == "columns"):
        yield _commented(f"{indent}{scalar(key)}:", remark)
        for name, one in value.items():
            yield from _lines(name, one, (*path, name), proposal, depth + 1)
        return
    if options := proposal.options.get(key) if path[0] == "columns" else None:
        remark += f": {_flow({'is': 'question', 'options': options})}"
    yield _commented(f"{indent}{scalar(key)}: {_flow(value)}", remark)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(name)}: {_flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(scalar, value)) + "]"
    return scalar(value)


def _commented(line: str, remark: str) -> str:
    said = " ".join(remark.split()).replace(AGREEING_BAD, f"{AGREEING_BAD} Then add: with: {{better: lower}}")
    return f"{line}  # {said}" if said else line


def _unknown(proposal: Proposal) -> Iterator[str]:
    """Lines for words whose meaning has to be said; comments until somebody does."""
    if not proposal.unknown:
        return
    yield '# What these mean has to be said: take away the # and write it, or "" for no value.'
    if not proposal.mapping.get("values"):
        yield "# values:"
    for name, words in proposal.unknown.items():
        yield f"#   {name}:"
        for word in words:
            yield f"#     {scalar(word)}: "
