"""The result of a run as it is recorded and digested: figures, ids, levels and firings, and no sentences.

`format` says how a record is read. Format 2 is what the classes here and the ratings of rules.inference make
of it: any other field, or other meaning of one, is a new format with a reader of its own, as format 1 has
(assessment.runs.format_1). What people read (titles, reasons, statements) is made when it is read, from the
framework and rulebook that were frozen with the run: see rules.sentences.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter

from assessment.runs.format_1 import Result1
from rules.compile import Stratum
from rules.errors import UnknownName
from rules.inference import Inference, Rating
from rules.loader import PolicySet
from rules.ratings import Measured, MeasureValue

FORMAT: Literal[2] = 2
"""The format that runs are recorded in."""
FORMATS = (1, 2)
"""The formats that can be read."""


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: the form that digests are taken of."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of a value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


@dataclass(frozen=True)
class MadeOf:
    """What a run is made of."""

    review: str
    """Key of the review."""
    framework: str
    """SHA-256 of the framework, like those of the rulebook and of the evidence that counted."""
    rulebook: str
    evidence: str
    decided: Mapping[str, int]
    """The levels people had decided, by domain or question."""
    on: str
    """Date of the run, as YYYY-MM-DD."""
    seed: int
    software: str
    engines: tuple[str, ...]
    """What made the firings."""


@dataclass(frozen=True)
class Inputs(MadeOf):
    """What a run is made of; the same inputs are the same run."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the inputs."""
        return digest(asdict(self))


@dataclass(frozen=True)
class Result:
    """Everything that a run concluded, free of row numbers, clocks and sentences."""

    inputs: Inputs
    framework: str
    """Id of the framework."""
    rulebook: str
    """Id of the rulebook."""
    rulebook_version: str
    cell: tuple[str, ...] | None
    """Level ids of the questions; None while a question has no rating."""
    ratings: tuple[Rating, ...]
    """Domains and questions in the order of the framework."""
    measures: Measured
    """By domain or question, then by measure."""
    firings: tuple[tuple[Stratum, str], ...]
    """The rules that fired, by stratum."""
    format: Literal[2] = FORMAT

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    def rating(self, target: str) -> Rating:
        """The rating of a domain or question; raises UnknownName."""
        for rating in self.ratings:
            if rating.target == target:
                return rating
        raise UnknownName("domain or question", target, [rating.target for rating in self.ratings])

    @property
    def second_engine(self) -> bool:
        """Whether a second engine checked the firings."""
        return len(self.inputs.engines) > 1

    @cached_property
    def text(self) -> str:
        """The record: canonical JSON."""
        return canonical(asdict(self))

    @property
    def digest(self) -> str:
        """SHA-256 of the record."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class UnknownFormat(ValueError):
    """A record in a format that this version has no reader for."""


def make_result(policy: PolicySet, inputs: Inputs, inference: Inference) -> Result:
    """The result of an inference."""
    return Result(
        inputs=inputs,
        framework=policy.framework.id,
        rulebook=policy.rulebook.id,
        rulebook_version=policy.rulebook.version,
        cell=inference.cell,
        ratings=inference.ratings,
        measures={
            target: dict(sorted(values.items())) for target, values in sorted(inference.measures.items())
        },
        firings=inference.firings,
    )


_FORMAT_2 = TypeAdapter(Result)


def read_result(text: str) -> tuple[int, Result]:
    """The format of a record, and the result that it holds.

    Raises UnknownFormat for a format that this version cannot read, ValueError for what is no record of its
    format.
    """
    found = json.loads(text)
    number = found.get("format", 1) if isinstance(found, dict) else None
    if type(number) is int and number == FORMAT:
        return FORMAT, _FORMAT_2.validate_json(text)
    if type(number) is int and number == 1:
        return 1, _from_format_1(Result1.model_validate_json(text))
    raise UnknownFormat(f"format {json.dumps(number)}")


def _from_format_1(old: Result1) -> Result:
    """A record of format 1 without its sentences."""
    return Result(
        inputs=Inputs(**old.inputs.model_dump(exclude={"digest"})),
        framework=old.framework.id,
        rulebook=old.rulebook.id,
        rulebook_version=old.rulebook.version,
        cell=old.cell,
        ratings=tuple(rating.figures() for rating in old.ratings),
        measures={
            target: {name: MeasureValue(**vars(value)) for name, value in values.items()}
            for target, values in old.measures.items()
        },
        firings=tuple((Stratum(stratum), rule) for stratum, rule in old.firings),
    )
