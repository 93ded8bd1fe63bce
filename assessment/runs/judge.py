"""Overall judgements from domain ratings alone, for many authorities at once; no evidence needed."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO, TypedDict

from evidence.files.rawtable import BLANK_HEADER, RawTable, header_name
from evidence.files.spreadsheets import as_text
from evidence.files.tables import open_tables
from rules.engine import EngineWorker, available, fire_of_record
from rules.errors import ImportRefused, suggest
from rules.framework import Framework
from rules.grouping import Grouping
from rules.inference import Inference, infer
from rules.loader import PolicySet
from rules.sentences import Sentences
from rules.spellings import of_other_framework
from rules.words import listed, shown_value


class QuestionJudged(TypedDict):
    """The rating of one question."""

    level: str | None
    title: str | None
    status: str
    because: str
    measures: dict[str, int | float | None]


class Judged(NamedTuple):
    """The judgement of one authority."""

    authority: str
    questions: dict[str, QuestionJudged]
    """By question."""
    cell: tuple[str, ...] | None

    def plain(self) -> dict[str, object]:
        """The same as it is given as JSON: the questions beside the name and the cell."""
        return {"authority": self.authority, **self.questions, "cell": self.cell}


def judge_file(policy: PolicySet, path: Path, *, encoding: str = "utf-8") -> list[Judged]:
    """The judgement of every authority of a CSV (or XLSX, YAML, JSON) with a column per domain.

    Headers are ids or titles of domains. Cells hold level ids, titles or numbers (1 worst); an empty cell, or
    'Not rated', is a domain not rated. A column named like a question holds that question's rating. Raises
    ImportRefused with all problems of the file, those that say the same as one.
    """
    found, seen = Grouping(across_columns=True), dict[str, tuple[str, str]]()
    with open_tables(path, encoding, lambda done, total, what: None) as tables:
        authorities = [row for table in tables for row in _read(policy.framework, table, seen, found)]
        for table in tables:
            for problem in table.problems:
                found.add(problem.where, problem.message, problem.hint, problem.remedies)
            found.miss(table.more)
    if not found and not authorities:
        found.add(path.name, "the file has no rows below the headers.")
    if found:
        raise ImportRefused("Nothing was judged.", found.lines(), more=found.more)
    with EngineWorker() if available() else nullcontext() as worker:
        fire, words = partial(fire_of_record, worker=worker), Sentences(policy)
        return [
            _judgement(words, name, infer(policy.compiled, {}, levels, fire)) for name, levels in authorities
        ]


AUTHORITY = "authority"


def _names_of_columns(framework: Framework) -> dict[str, str]:
    """The domain or question that each header means: its id, or its title in any language."""
    titled: dict[str, set[str]] = {}
    for name, question in framework.question_of.items():
        words = framework.domains[name].title if name in framework.domains else question.title
        for title in words.values():
            titled.setdefault(header_name(title), set()).add(name)
    names = {header: min(meant) for header, meant in titled.items() if len(meant) == 1}
    return {**names, **{header_name(name): name for name in framework.question_of}}


def _check_headers(framework: Framework, table: RawTable, names: dict[str, str]) -> bool:
    """Note all that is wrong with the headers of a table; whether nothing is."""
    place, before = f"{table.place}, headers", len(table.problems) + table.more
    headers = table.headers
    unknown = [header for header in headers if header not in (BLANK_HEADER, AUTHORITY, *names)]
    if AUTHORITY not in headers:
        table.problem(place, "the column 'authority' is missing.", _meant(unknown))
    for number, header in enumerate(headers, start=1):
        if header == BLANK_HEADER:
            table.problem(place, f"column {number} has no header.")
        elif header in unknown and not (AUTHORITY not in headers and _is_authority(header)):
            table.problem(place, f"{framework.id} has no domain {header!r}.", _near(framework, header))
    for header in sorted(h for h, times in Counter(headers).items() if h and times > 1):
        table.problem(place, f"the column {header!r} appears twice.")
    columns: dict[str, list[str]] = {}
    for header in dict.fromkeys(headers):
        if header in names:
            columns.setdefault(names[header], []).append(header)
    for name, same in columns.items():
        if len(same) > 1:
            table.problem(place, f"the columns {listed(map(repr, same))} are all the domain {name!r}.")
    if len(table.problems) + table.more == before and not columns:
        table.problem(place, f"no column is a domain of {framework.id}.", _near(framework, ""))
    return len(table.problems) + table.more == before


def _is_authority(header: str) -> bool:
    return "authority" in header or header in ("council", "la", "name", "awdurdod")


def _meant(unknown: Sequence[str]) -> str:
    """A hint that names the header which may be that of the authorities."""
    likely = next(filter(_is_authority, unknown), "")
    return f"Is it {likely!r}? Write 'authority' there." if likely else ""


def _near(framework: Framework, header: str) -> str:
    """The domains nearest to a header, as ids and titles; or the framework that has such a domain."""
    written = header.replace("_", "-")
    if header and (other := of_other_framework("domain", written, framework.question_of)):
        return other
    holding = {name for title, name in _names_of_columns(framework).items() if header and header in title}
    if len(holding) == 1:
        return f"Did you mean {min(holding)!r}?"
    return suggest(written, framework.question_of)


def _read(
    framework: Framework, table: RawTable, seen: dict[str, tuple[str, str]], found: Grouping
) -> Iterator[tuple[str, dict[str, int]]]:
    """Every authority with its levels; `seen` holds where the authorities of all tables so far are."""
    names = _names_of_columns(framework)
    if not _check_headers(framework, table, names):
        return
    for where, cells in table.rows:
        row = dict(zip(table.headers, cells, strict=True))
        name = " ".join(str(row.pop(AUTHORITY)).split())
        key = unicodedata.normalize("NFKC", name).casefold()
        if not name:
            found.add(f"{where}, column {AUTHORITY!r}", "the name is empty.")
        elif key in seen:
            other, there = seen[key]
            written = "" if other == name else f", written {other!r}"
            found.add(where, f"{name!r} appears twice (also {there}{written}).")
        seen.setdefault(key, (name, where))
        levels: dict[str, int] = {}
        for header, cell in row.items():
            level = _level(framework, names[header], str(cell).strip())
            if isinstance(level, int):
                levels[names[header]] = level
            elif level is not None:
                found.add(f"{where}, column {header!r}", f"{shown_value(cell)} is not a level.", level)
        yield name, levels


NOT_RATED = frozenset({"not rated", "not yet rated", "unrated", "no rating", "heb ei raddio"})
"""What people write where a domain or question has no rating."""


def _level(framework: Framework, target: str, text: str) -> int | str | None:
    """The level's number; None for a cell that says there is none; a hint when it is no level."""
    written = " ".join(text.lower().replace("-", " ").replace("_", " ").split())
    if not written or written in NOT_RATED:
        return None
    scale = framework.scale_of(target)
    for number, level in enumerate(scale, start=1):
        titles = (title.lower() for title in level.title.values())
        if text.lower() in (level.id, str(number), f"{number}.0", *titles):
            return number
        if written == level.id.replace("-", " "):
            return number
    return f"{_did_you_mean(framework, target, written)} Or a number from 1 to {len(scale)}."


def _did_you_mean(framework: Framework, target: str, written: str) -> str:
    """The level that a word is most likely meant for, among others a word of the question's own scale."""
    scale = framework.scale_of(target)
    holding = [level.id for level in scale if set(written.split()) <= set(level.id.split("-"))]
    if len(holding) == 1:
        return f"Did you mean {holding[0]!r}?"
    question = framework.question_of[target]
    for number, level in enumerate(question.scale, start=1):
        if written == level.id.replace("-", " ") and scale != question.scale:
            meant = scale[number - 1].id if len(scale) == len(question.scale) else ""
            said = f"{level.id!r} is a rating of {question.id!r}, not of its domains."
            return f"{said} Did you mean {meant!r}?" if meant else said
    return suggest(written.replace(" ", "-"), [level.id for level in scale])


def _judgement(words: Sentences, name: str, inference: Inference) -> Judged:
    questions: dict[str, QuestionJudged] = {}
    for question in words.framework.questions:
        rating = inference.rating(question.id)
        measures = inference.measures.get(question.id, {})
        questions[question.id] = {
            "level": rating.level_id,
            "title": words.level_title(question.id, rating.level),
            "status": rating.status,
            "because": words.because(rating),
            "measures": {key: value.value for key, value in sorted(measures.items())},
        }
    return Judged(name, questions, inference.cell)


def write_csv(judgements: Sequence[Judged], framework: Framework, file: TextIO) -> None:
    """Judgements as CSV: authority, then level and reason of every question."""
    writer = csv.writer(file, lineterminator="\n")
    names = [q.id for q in framework.questions]
    writer.writerow(["authority", *(column for name in names for column in (name, f"{name}_because"))])
    for row in judgements:
        rated = [row.questions[name] for name in names]
        cells = [cell for one in rated for cell in (one["level"] or "", one["because"])]
        writer.writerow([as_text(cell) for cell in (row.authority, *cells)])
