"""YAML and JSON files as tables: lists of rows, each with its place; nothing is built that is not there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import yaml

from evidence.files.encoding import refuse_file
from evidence.files.rawtable import RawTable, check_headers, header_name
from rules.errors import Problem
from rules.limits import LARGEST_LISTS, MOST_COLUMNS, MOST_PROBLEMS, MOST_TABLES

LISTS = "Write a list of rows (key: value), or lists of rows by layout name."


@dataclass
class _Group:
    """The rows of one list: (place, pairs as they stand)."""

    name: str
    rows: list[tuple[str, list[tuple[str, Any]]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    more: int = 0
    """Problems beyond MOST_PROBLEMS."""

    def problem(self, place: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(place, "this is not a row (key: value).", LISTS))
        else:
            self.more += 1


def structured_tables(path: Path, name: str, kind: str) -> list[RawTable]:
    """The lists of a file as tables; raises ImportRefused. Memory grows with the file."""
    if (size := path.stat().st_size) > LARGEST_LISTS:
        said = f"it has {size / 1e6:,.0f} MB; at most {LARGEST_LISTS / 1e6:,.0f} MB of such lists are read."
        refuse_file(name, said, "Divide it, or save it as CSV, which may be larger.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        refuse_file(f"{name}, line {line}", "this is not UTF-8 text.", "Save the file as UTF-8.")
    read = _json_groups if kind == ".json" else _yaml_groups
    groups = read(text, name, path.stem)
    if len(groups) > MOST_TABLES:
        refuse_file(name, f"it has {len(groups):,} lists; at most {MOST_TABLES} are read.", LISTS)
    alone = len(groups) == 1 and groups[0].name == path.stem
    return [_group_table(name, group, name if alone else f"{name}, {group.name}") for group in groups]


def _group_table(file: str, group: _Group, place: str) -> RawTable:
    headers: dict[str, str] = {}
    for where, pairs in group.rows:
        for key, _ in pairs:
            headers.setdefault(header_name(key), key)
        if len(headers) > MOST_COLUMNS:
            check_headers(where, headers)
    check_headers(place, headers)
    table = RawTable(file, group.name, list(headers), iter(()), list(group.problems), group.more, place)
    table.titles = list(headers.values())

    def values() -> Iterator[tuple[str, list[Any]]]:
        for where, pairs in group.rows:
            row: dict[str, Any] = {}
            for key, value in pairs:
                if header_name(key) in row:
                    table.problem(where, f"the key {key!r} appears twice.")
                row[header_name(key)] = value
            yield where, [row.get(header, "") for header in headers]

    table.rows = values()
    return table


def _json_groups(text: str, name: str, stem: str) -> list[_Group]:
    try:
        # Objects stay pairs, so that a key that stands twice is seen; numbers too large to read stay text.
        data = json.loads(
            text,
            object_pairs_hook=_Pairs,
            parse_constant=str,
            parse_int=lambda digits: int(digits) if len(digits) < 400 else digits,
        )
    except json.JSONDecodeError as error:
        refuse_file(f"{name}, line {error.lineno}", f"this is not JSON: {error.msg}.")
    except RecursionError:
        refuse_file(name, "this is nested too deeply.", LISTS)
    if isinstance(data, _Pairs):
        times = Counter(key for key, _ in data)
        for key in times:
            if times[key] > 1:
                refuse_file(name, f"the key {key!r} appears twice.")
        return [_json_group(name, key, rows) for key, rows in data]
    return [_json_group(name, stem, data)]


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs."""


def _json_group(name: str, key: str, rows: Any) -> _Group:
    group = _Group(key)
    if not isinstance(rows, list) or isinstance(rows, _Pairs):
        refuse_file(name, f"{key!r} is not a list of rows.", LISTS)
    for number, row in enumerate(rows, start=1):
        place = f"{name}, {key} {number}"
        if isinstance(row, _Pairs):
            group.rows.append((place, [(key, _json_value(value)) for key, value in row]))
        else:
            group.problem(place)
    return group


def _json_value(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return MappingProxyType(dict(value)) if isinstance(value, _Pairs) else value


DEEPEST = 20
"""Parsing takes ever longer the deeper a YAML file is nested; none of ours is."""
NULLS = ("", "~", "null", "Null", "NULL")
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _yaml_groups(text: str, name: str, stem: str) -> list[_Group]:
    """The rows of a YAML file with their lines; values stay as they are written (0012, 12:30, no)."""
    try:
        return _YamlRows(yaml.parse(text, Loader=Loader), name, stem).groups()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        refuse_file(f"{name}, line {line}", f"this is not YAML: {error.problem or error.context}.")
    except yaml.YAMLError as error:
        refuse_file(name, f"this is not YAML: {error}.")


class _YamlRows:
    """Reads the events of a YAML file: nothing is built that the file does not hold, however it is nested."""

    def __init__(self, events: Iterator[Any], name: str, stem: str) -> None:
        self.events, self.name, self.stem = events, name, stem

    def groups(self) -> list[_Group]:
        found: list[_Group] = []
        event = self.next(yaml.StreamStartEvent, yaml.DocumentStartEvent)
        if isinstance(event, yaml.SequenceStartEvent):
            found.append(self.rows(self.stem))
        elif isinstance(event, yaml.MappingStartEvent):
            names: set[str] = set()
            while not isinstance(key := self.next(), yaml.MappingEndEvent):
                found.append(self.group(self.text(key), names))
                if len(found) > MOST_TABLES:
                    self.refuse(key, f"there are more than {MOST_TABLES} lists.")
        elif isinstance(event, yaml.StreamEndEvent) or self.text(event) == "":
            refuse_file(self.name, "the file is empty.")
        else:
            self.refuse(event, "this is not a list of rows.")
        event = self.next(yaml.DocumentEndEvent)
        if not isinstance(event, yaml.StreamEndEvent):
            self.refuse(event, "a second document (---) begins here.")
        return found

    def next(self, *skipped: type) -> Any:
        event = next(self.events)
        while isinstance(event, skipped):
            event = next(self.events)
        return event

    def refuse(self, event: Any, message: str) -> NoReturn:
        refuse_file(f"{self.name}, line {event.start_mark.line + 1}", message, LISTS)

    def text(self, event: Any) -> str:
        """The text of a plain value or key; null is empty."""
        if not isinstance(event, yaml.ScalarEvent):
            self.refuse(event, "a plain word is expected here.")
        plain = event.implicit[0] and event.value in NULLS
        return "" if plain else str(event.value)

    def group(self, key: str, names: set[str]) -> _Group:
        event = self.next()
        if key in names:
            self.refuse(event, f"the key {key!r} appears twice.")
        names.add(key)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.rows(key)
        if isinstance(event, yaml.ScalarEvent) and self.text(event) == "":
            return _Group(key)
        self.refuse(event, f"{key!r} is not a list of rows.")

    def rows(self, key: str) -> _Group:
        group = _Group(key)
        number = 0
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            number += 1
            place = f"{self.name}, {key} {number}, line {event.start_mark.line + 1}"
            if isinstance(event, yaml.MappingStartEvent):
                group.rows.append((place, self.pairs()))
            else:
                self.skip(event)
                group.problem(place)
        return group

    def pairs(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        while not isinstance(key := self.next(), yaml.MappingEndEvent):
            found.append((self.text(key), self.value()))
        return found

    def value(self) -> Any:
        """A text, or a list of texts; what holds more is left for the layout to refuse."""
        event = self.next()
        if isinstance(event, yaml.ScalarEvent):
            return self.text(event)
        if not isinstance(event, yaml.SequenceStartEvent):
            self.skip(event)
            return {"...": "..."}
        found: list[Any] = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            if isinstance(event, yaml.ScalarEvent):
                found.append(self.text(event))
            else:
                self.skip(event)
                found.append({"...": "..."})
        return found

    def skip(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.refuse(event, f"the shorthand *{event.anchor} is not read; write the value out.")
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if not depth:
                return
            if depth > DEEPEST:
                self.refuse(event, "this is nested too deeply.")
            event = self.next()
