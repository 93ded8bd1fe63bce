"""YAML policy files read with their line numbers, so that every problem is reported with its place.

What comes back is plain data plus a map from paths in it to lines. Duplicate keys, unknown keys, wrong
types and values outside the allowed ones are collected, all of a file at once, with "did you mean".
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from rules.errors import PolicyFileInvalid, Problem, suggest
from rules.limits import LARGEST_POLICY, MOST_PROBLEMS
from rules.words import many, shown_value

AnyModel = TypeVar("AnyModel", bound=BaseModel)
Path_ = tuple[str | int, ...]

DEEPEST = 60
"""A policy file nested deeper than this holds itself (an anchor inside what it names)."""
LONGEST = 100_000
"""More values than this are one anchor repeated over and over."""
UNREADABLE = object()
PLAIN_WORDS = {
    "string_type": "a text is needed",
    "int_type": "a whole number is needed",
    "int_parsing": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "float_type": "a number is needed",
    "float_parsing": "a number is needed",
    "bool_type": "true or false is needed",
    "bool_parsing": "true or false is needed",
    "dict_type": "keys with values are needed",
    "model_type": "keys with values are needed",
    "tuple_type": "a list is needed",
}
"""What pydantic's commonest findings are in the words of a policy file."""


@dataclass
class PolicyText:
    """A YAML file as plain data, with the line of every value and the problems of its form."""

    name: str
    data: Any = None
    lines: dict[Path_, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    more: int = 0
    """How many problems were found beyond MOST_PROBLEMS."""

    def place(self, path: Sequence[str | int]) -> str:
        """'file:line' of the value at `path`, or of the nearest thing around it."""
        steps = tuple(path)
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return f"{self.name}:{self.lines.get(steps, 1)}"

    def problem(self, path: Sequence[str | int], message: str, hint: str = "") -> None:
        """Note a problem of the value at `path`."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.place(path), message, hint))
        else:
            self.more += 1

    def refuse_if_problems(self) -> None:
        """Raise PolicyFileInvalid with all problems noted so far."""
        if self.problems:
            count, found = len(self.problems) + self.more, _by_line(self.problems)
            raise PolicyFileInvalid(f"{self.name} has {many(count, 'problem')}", found, more=self.more)


def _by_line(problems: list[Problem]) -> list[Problem]:
    return sorted(set(problems), key=lambda p: (int(p.where.rpartition(":")[2] or 0), p.message))


def read_policy_text(path: Path) -> PolicyText:
    """The file at `path` as plain data with line numbers; raises PolicyFileInvalid if it cannot be read."""
    try:
        if (size := path.stat().st_size) > LARGEST_POLICY:
            said = f"{path.name} has {size / 1e6:,.1f} MB; at most {LARGEST_POLICY / 1e6:g} MB are read"
            raise PolicyFileInvalid(said, [], hint="Give a framework, rulebook, cases or review file.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PolicyFileInvalid(f"{path} cannot be read: {error.strerror}", []) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem(f"{path.name}:{line}", "this is not UTF-8 text.", "Save the file as UTF-8.")
        raise PolicyFileInvalid(f"{path.name} cannot be read", [problem]) from error
    return parse_policy_text(text, path.name)


def parse_policy_text(text: str, name: str) -> PolicyText:
    """YAML text as plain data with line numbers; raises PolicyFileInvalid if it is not YAML or is empty."""
    found = PolicyText(name)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = Problem(f"{name}:{line}", f"this is not YAML: {error.problem or error.context}.")
        raise PolicyFileInvalid(f"{name} cannot be read", [problem]) from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        problem = Problem(f"{name}:{line}", f"this is not YAML: the character {text[error.position]!r}.")
        raise PolicyFileInvalid(f"{name} cannot be read", [problem]) from error
    except RecursionError as error:
        raise PolicyFileInvalid(f"{name} cannot be read: it is nested too deeply", []) from error
    if node is None:
        raise PolicyFileInvalid(f"{name} is empty", [])
    found.data = _plain(node, (), found)
    return found


def _plain(node: yaml.Node, path: Path_, found: PolicyText) -> Any:
    line = node.start_mark.line + 1
    found.lines.setdefault(path, line)
    if len(path) > DEEPEST or len(found.lines) > LONGEST:
        raise PolicyFileInvalid(
            f"{found.name} cannot be read",
            [
                Problem(
                    f"{found.name}:{line}", "this refers to itself, or is larger than a policy file can be."
                )
            ],
        )
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, i), found) for i, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = _scalar(key_node)
            if isinstance(key, bool):  # No and Yes are words, as keys
                key = key_node.value
            if not isinstance(key, str | int):
                found.problems.append(Problem(f"{found.name}:{line}", "a key must be a plain word."))
                continue
            if key in result:
                found.problems.append(Problem(f"{found.name}:{line}", f"the key {key!r} appears twice here."))
                continue
            found.lines[(*path, key)] = line
            result[key] = _plain(value_node, (*path, key), found)
        return result
    value = _scalar(node)
    if value is UNREADABLE:
        found.problems.append(
            Problem(f"{found.name}:{line}", f"the value {node.value!r} cannot be read as {node.tag!r}.")
        )
        return node.value
    return value


def _scalar(node: yaml.Node) -> Any:
    """The text, number, truth value or null a scalar stands for; UNREADABLE for anything else."""
    if not isinstance(node, yaml.ScalarNode):
        return UNREADABLE
    if node.tag == "tag:yaml.org,2002:timestamp":
        # YAML reads 2004-01-01 as a date; a version or an id written so stays what was written.
        return node.value
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError):
        return UNREADABLE


def validate_policy(found: PolicyText, model: type[AnyModel]) -> AnyModel | None:
    """The data as `model`, or None with every problem noted in `found`."""
    try:
        return model.model_validate(found.data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if len(found.problems) >= MOST_PROBLEMS:
                found.more += 1
                continue
            path = _existing(found, [step for step in detail["loc"] if step != "[key]"])
            message, hint = _say(detail, model, path)
            about = (*path, message.partition(":")[0])
            found.problem(about if about in found.lines else path, message, hint)
        return None


def load_policy_file(
    path: Path, model: type[AnyModel], check: Callable[[PolicyText, AnyModel], None] | None = None
) -> tuple[AnyModel, PolicyText]:
    """A YAML file as `model`, and its text; raises PolicyFileInvalid with all its problems.

    `check` notes in the text what else is wrong with what was read.
    """
    found = read_policy_text(path)
    read = validate_policy(found, model)
    if read is not None and check is not None:
        check(found, read)
    found.refuse_if_problems()
    if read is None:
        raise PolicyFileInvalid(f"{path.name} cannot be read", [])
    return read, found


def _existing(found: PolicyText, path: list[str | int]) -> Path_:
    """The steps of a pydantic location that are steps in the file (it adds names of union members)."""
    kept: list[str | int] = []
    for step in path:
        if (*kept, step) in found.lines:
            kept.append(step)
    return tuple(kept)


def _say(detail: ErrorDetails, model: type[BaseModel], path: Path_) -> tuple[str, str]:
    kind = detail["type"]
    name = next((step for step in reversed(path) if isinstance(step, str)), "the file")
    if kind == "extra_forbidden":
        return f"the key {name!r} is not known here.", suggest(name, _keys_at(model, detail["loc"][:-1]))
    if kind == "missing":
        return f"the key {detail['loc'][-1]!r} is missing.", ""
    if kind in ("literal_error", "enum"):
        allowed = [
            part.strip(" '") for part in detail.get("ctx", {})["expected"].replace(" or ", ", ").split(", ")
        ]
        return f"{shown_value(detail['input'])} is not allowed for {name!r}.", suggest(
            str(detail["input"]), allowed
        )
    if kind == "string_pattern_mismatch" or "[key]" in detail["loc"]:
        return (
            f"{shown_value(detail['input'])} cannot be used as a name.",
            "Names are lower-case letters, digits and hyphens (measures: underscores), e.g. mainly-good.",
        )
    if kind == "value_error":
        return detail["msg"].removeprefix("Value error, ") + ".", ""
    if kind in ("too_short", "string_too_short"):
        things = " characters" if kind == "string_too_short" else ""
        return f"{name!r}: at least {detail.get('ctx', {})['min_length']}{things} needed.", ""
    shown = shown_value(detail["input"])
    # In a choice of types the location goes on to the type tried: say once that none of them fits.
    choice = len([step for step in detail["loc"] if step != "[key]"]) > len(path)
    wanted = "this needs another type of value" if choice else PLAIN_WORDS.get(kind, detail["msg"].lower())
    return f"{name!r}: {wanted} (found {shown}).", ""


def _keys_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """The field names allowed at a path of pydantic's, for 'did you mean'."""
    current: Any = model
    for step in path:
        current = _unwrap(current)
        if isinstance(current, type) and issubclass(current, BaseModel):
            known = _fields(current).get(str(step))
            if known is None:
                return []
            current = known.annotation
        else:
            args = [arg for arg in get_args(current) if arg is not Ellipsis]
            current = args[-1] if args else None
    current = _unwrap(current)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return list(_fields(current))
    return []


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by the names that files give them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _unwrap(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return _unwrap(get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        members = [arg for arg in get_args(annotation) if arg is not type(None)]
        return _unwrap(members[0]) if members else None
    if origin is Literal:
        return None
    return annotation
