"""Overall judgements from domain ratings alone, for many authorities at once; no evidence needed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO, TypedDict

from evidence.files.rawtable import BLANK_HEADER, RawTable
from evidence.files.spreadsheets import as_text
from evidence.files.tables import open_tables
from rules.engine import EngineWorker, available, fire_of_record
from rules.errors import ImportRefused, Problem, suggest
from rules.framework import Framework
from rules.inference import Inference, infer
from rules.loader import PolicySet
from rules.sentences import Sentences


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

    Cells hold level ids, titles or numbers (1 worst); an empty cell is a domain not rated. A column named
    like a question holds that question's rating. Raises ImportRefused with all problems of the file.
    """
    with open_tables(path, encoding, lambda done, total, what: None) as tables:
        seen: dict[str, str] = {}
        authorities = [row for table in tables for row in _read(policy.framework, table, seen)]
        problems = [problem for table in tables for problem in table.problems]
        more = sum(table.more for table in tables)
    if not problems and not authorities:
        problems = [Problem(path.name, "the file has no rows below the headers.")]
    if problems:
        raise ImportRefused("Nothing was judged.", problems, more=more)
    with EngineWorker() if available() else nullcontext() as worker:
        fire, words = partial(fire_of_record, worker=worker), Sentences(policy)
        return [
            _judgement(words, name, infer(policy.compiled, {}, levels, fire)) for name, levels in authorities
        ]


def _check_headers(framework: Framework, table: RawTable, names: dict[str, str]) -> None:
    """Note what is wrong with the headers of a table; `names` holds the domain or question of each header."""
    place = f"{table.place}, headers"
    if "authority" not in table.headers:
        table.problem(place, "the column 'authority' is missing.")
        return
    for number, header in enumerate(table.headers, start=1):
        if header == BLANK_HEADER:
            table.problem(place, f"column {number} has no header.")
        elif header != "authority" and header not in names:
            hint = suggest(header, framework.question_of)
            table.problem(place, f"{framework.id} has no domain {header!r}.", hint)
    for header in sorted(h for h, times in Counter(table.headers).items() if h and times > 1):
        table.problem(place, f"the column {header!r} appears twice.")
    if not table.problems and not any(header in names for header in table.headers):
        table.problem(place, f"no column is a domain of {framework.id}.")


def _read(
    framework: Framework, table: RawTable, seen: dict[str, str]
) -> Iterator[tuple[str, dict[str, int]]]:
    """Every authority with its levels; `seen` holds where the authorities of all tables so far stand."""
    names = {name.replace("-", "_"): name for name in framework.question_of}
    _check_headers(framework, table, names)
    if table.problems:
        return
    for where, cells in table.rows:
        row = dict(zip(table.headers, cells, strict=True))
        name = str(row.pop("authority")).strip()
        if not name:
            table.problem(f"{where}, column 'authority'", "the name is empty.")
        elif name in seen:
            table.problem(where, f"{name!r} appears twice (also {seen[name]}).")
        seen.setdefault(name, where)
        levels: dict[str, int] = {}
        for header, cell in row.items():
            level = _level(framework, names[header], str(cell).strip())
            if isinstance(level, int):
                levels[names[header]] = level
            elif level is not None:
                table.problem(f"{where}, column {header!r}", f"{cell!r} is not a level.", level)
        yield name, levels


def _level(framework: Framework, target: str, text: str) -> int | str | None:
    """The level's number; None for an empty cell; a hint when it is no level."""
    if not text:
        return None
    scale = framework.scale_of(target)
    for number, level in enumerate(scale, start=1):
        if text.lower() in (level.id, str(number), f"{number}.0", *(w.lower() for w in level.title.values())):
            return number
    return suggest(text, [level.id for level in scale]) + f" Or a number from 1 to {len(scale)}."


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
