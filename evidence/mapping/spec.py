"""What a mapping can say, and its file.

layout: survey-responses
with:
  source: S-014
  group: Carers
columns:
  Respondent: respondent
  Age band: {is: characteristic}
  I was treated with respect: {is: question, with: {domains: care-planning}}
  I felt ignored: {is: question, with: {better: lower}}
  E-mail: leave out
values:
  answer: {Mostly: 4, Not sure: ""}
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from evidence.intake.layouts import LAYOUTS, REVIEW, row_model
from evidence.mapping.options import MOST_OPTIONS
from evidence.mapping.words import same_words
from evidence.rows import RespondentRow, Row, SourceRow
from rules.errors import ImportRefused, Problem, suggest
from rules.limits import LONGEST_LINE, LONGEST_NAME, LONGEST_WORDS, MOST_COLUMNS
from rules.policyfile import PolicyText, load_policy_file

LEFT_OUT = "leave out"
"""What is written for a column that is not imported."""
WIDE: dict[str, dict[str, tuple[str, str]]] = {
    "survey-responses": {
        "question": ("question", "answer"),
        "characteristic": ("characteristic", "category"),
    },
    "case-scores": {"standard": ("standard", "score")},
    "survey-results": {"question": ("question", "positive"), "group": ("group", "positive")},
    "indicators": {"period": ("period", "value"), "indicator": ("indicator", "value")},
}
"""What a column can be that makes a row of its own from every cell: by layout, the column of the layout that
its header goes to, and the one that the cell goes to."""
CHARACTERISTIC = "characteristic"
IN_BRACES = re.compile(r"\{([^{}]{1,500})\}")
"""A column of the table in braces, whose cell is put there."""
OF_PLACE = ("row", "column", "sheet")
"""What says, in braces, where a cell is: {row}, {column}, {sheet}."""
OF_ONE_FILE = ("source", "period")
"""Columns whose value all rows of one file share, and the rows of the next file hardly ever."""
OF_ONE_SOURCE = ("title", "dated", "reference")
ABOUT_SOURCE = tuple(name for name in SourceRow.model_fields if name not in ("source", "text"))


def _as_text(value: Any) -> Any:
    if value is None:
        return ""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _with_texts(value: Any) -> Any:
    return {_as_text(key): one for key, one in value.items()} if isinstance(value, dict) else value


def _known(name: str) -> str:
    if name not in LAYOUTS:
        raise ValueError(f"there is no layout {name!r}; layouts are {', '.join(LAYOUTS)}")
    return name


Words = Annotated[str, BeforeValidator(_as_text), Field(max_length=LONGEST_WORDS)]
Line = Annotated[str, BeforeValidator(_as_text), Field(max_length=LONGEST_LINE)]
Name = Annotated[str, BeforeValidator(_as_text), Field(max_length=LONGEST_NAME)]
Fixed = Annotated[dict[Name, Words], BeforeValidator(_with_texts), Field(max_length=100)]
Meanings = Annotated[dict[Words, Words], BeforeValidator(_with_texts), Field(max_length=MOST_COLUMNS)]


class Part(BaseModel):
    """Base of all parts of a mapping: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ColumnUse(Part):
    """What a column of the table is."""

    holds: Name = Field(default="", description="The column of the layout whose values are in its cells.")
    is_: Literal["", "question", "standard", "period", "indicator", "group", "characteristic"] = Field(
        default="", alias="is", description="What its header is; each cell then makes a row of its own."
    )
    leave_out: bool = Field(default=False, description="Whether the column is not imported.")
    named: Words = Field(default="", description="What is recorded instead of the header.")
    with_: Fixed = Field(default={}, alias="with", description="What the rows of this column have.")
    values: Meanings = Field(default={}, description="What words in its cells mean.")
    options: tuple[Words, ...] = Field(
        default=(),
        max_length=MOST_OPTIONS,
        description="What its cells name several of at once; each becomes a question: ticked, or not.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_word(cls, value: Any) -> Any:
        if value == LEFT_OUT:
            return {"leave_out": True}
        return {"holds": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_use(self) -> ColumnUse:
        if bool(self.holds) + bool(self.is_) + self.leave_out != 1:
            raise ValueError(f"say what the column holds, what it is, or {LEFT_OUT!r}")
        if (self.named or self.with_) and not self.is_:
            raise ValueError("'named' and 'with' belong to a column that is a question or the like")
        if self.options and self.is_ != "question":
            raise ValueError("'options' belong to a column that is a question")
        alike = Counter(map(same_words, self.options))
        if twice := [option for option in self.options if alike[same_words(option)] > 1]:
            raise ValueError(f"the option {twice[0]!r} is there twice")
        if wrong := [to for to in self.values.values() if self.options and to not in ("", *self.options)]:
            raise ValueError(f"{wrong[0]!r} is none of the options")
        return self


class TableMapping(Part):
    """A mapping: how the rows of one layout are made from a table."""

    name: Name = Field(default="", description="What it is kept as; the name of its file if left out.")
    layout: Annotated[str, AfterValidator(_known)] = Field(description=f"One of {', '.join(LAYOUTS)}.")
    sheet: Line = Field(default="", description="The sheet of the workbook that it is for.")
    skip: int = Field(
        default=0, ge=0, le=20, description="Rows below the headers that hold no data, e.g. full questions."
    )
    leave_out_rows: Annotated[dict[Line, tuple[Words, ...]], BeforeValidator(_with_texts)] = Field(
        default={},
        max_length=20,
        description="Rows that are not imported: values of a column that they have.",
    )
    with_: Fixed = Field(
        default={},
        alias="with",
        description="What every row has: column of the layout and value; {Header} in it is the cell there.",
    )
    source: Fixed = Field(
        default={}, description="Title, kind, date and so on of the source, recorded if it is not there yet."
    )
    columns: Annotated[dict[Line, ColumnUse], BeforeValidator(_with_texts)] = Field(
        min_length=1, max_length=MOST_COLUMNS, description="What each column of the table is."
    )
    period_columns: bool = Field(
        default=False, description="Whether every other column whose header is a period is one: {is: period}."
    )
    values: Annotated[dict[Name, Meanings], BeforeValidator(_with_texts)] = Field(
        default={}, description="What words in cells mean, by column of the layout; '' is no value."
    )

    @property
    def model(self) -> type[Row]:
        """The row of its layout."""
        return row_model(self.layout)

    def used(self) -> Iterator[tuple[str, ColumnUse]]:
        """Every column that is imported, with what it is."""
        return ((title, use) for title, use in self.columns.items() if not use.leave_out)

    def wide(self) -> list[tuple[str, ColumnUse]]:
        """The columns of which every cell makes a row, characteristics apart."""
        return [(title, use) for title, use in self.used() if use.is_ and use.is_ != CHARACTERISTIC]

    def as_json(self) -> str:
        """The mapping as it is kept, without its name: the same for equal mappings."""
        said = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"name"})
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))

    def for_any_file(self) -> TableMapping:
        """The mapping without what belongs to one file: its source, and the one period of all its rows."""

        def kept(texts: Mapping[str, str], of_one: tuple[str, ...]) -> dict[str, str]:
            return {
                name: text for name, text in texts.items() if name not in of_one or IN_BRACES.search(text)
            }

        about = kept(self.source, OF_ONE_SOURCE)
        return self.model_copy(update={"with_": kept(self.with_, OF_ONE_FILE), "source": about})

    def having(self, given: Mapping[str, str]) -> TableMapping:
        """The mapping with these values for all rows, or for the source; raises ValueError."""
        with_, source = dict(self.with_), dict(self.source)
        for name, text in given.items():
            if name in self.model.model_fields or name == REVIEW or name not in ABOUT_SOURCE:
                with_[name] = text
            else:
                source[name] = text
        return self.model_validate({**self.model_dump(by_alias=True), "with": with_, "source": source})


def mapping_of(text: str, name: str) -> TableMapping:
    """The mapping that `as_json` gave; raises ValueError."""
    return TableMapping.model_validate({**json.loads(text), "name": name})


def read_mapping(path: Path) -> tuple[TableMapping, PolicyText]:
    """The mapping in a YAML file, named for it, and its text.

    Raises PolicyFileInvalid with every problem and its line.
    """
    found, text = load_policy_file(path, TableMapping, check_mapping)
    return found.model_copy(update={"name": found.name or path.stem}), text


def check_mapping(text: PolicyText, mapping: TableMapping) -> None:
    """Note what a mapping says that its layout has no place for."""
    fields = mapping.model.model_fields
    columns = [*fields, REVIEW]
    for name in mapping.with_:
        if name not in columns:
            text.problem(("with", name), _no_column(mapping, name), suggest(name, columns, most=20))
    for name in mapping.source:
        if name not in ABOUT_SOURCE:
            text.problem(("source", name), f"a source has no {name!r}.", suggest(name, ABOUT_SOURCE))
    if mapping.source and mapping.layout == SourceRow.layout:
        text.problem(("source",), "the rows of this layout are the sources themselves.", "Leave it out.")
    for name in mapping.values:
        if name not in columns and name not in RespondentRow.model_fields:
            text.problem(("values", name), _no_column(mapping, name), suggest(name, columns, most=20))
    _check_columns(text, mapping, columns)


def _check_columns(text: PolicyText, mapping: TableMapping, columns: list[str]) -> None:
    can_be, before = WIDE.get(mapping.layout, {}), dict.fromkeys(mapping.with_, "with")
    for title, use in mapping.used():
        at = ("columns", title)
        if use.is_ and use.is_ not in can_be:
            allowed = f"It can be: {', '.join(can_be)}." if can_be else "Say what its cells hold."
            text.problem(at, f"no column of the layout {mapping.layout} is a {use.is_}.", allowed)
        if use.options and "answer" not in can_be.get(use.is_, ()):
            text.problem(at, f"the layout {mapping.layout} has no answers to be ticked.", "Leave them out.")
        for name in (use.holds, *use.with_):
            if name and name not in columns:
                text.problem((*at, name), _no_column(mapping, name), suggest(name, columns, most=20))
        if use.holds in before:
            other = before[use.holds]
            also = "'with' gives" if other == "with" else f"the column {other!r} holds"
            text.problem(at, f"{also} {use.holds!r} already.", "Keep one of them.")
        elif use.holds:
            before[use.holds] = title
    for title, use in mapping.wide():
        for name in sorted(set(can_be.get(use.is_, ())) & set(before)):
            text.problem(("columns", title), f"{name!r} is given by {before[name]!r}, too.", "Keep one.")


def _no_column(mapping: TableMapping, name: str) -> str:
    return f"the layout {mapping.layout} has no column {name!r}."


def open_questions(mapping: TableMapping) -> list[str]:
    """Columns of the layout that every row needs and nothing gives; and what the source lacks."""
    holds = {use.holds for _, use in mapping.used() if use.holds}
    common = holds | {name for name, text in mapping.with_.items() if text.strip()} | {"locator"}
    needed = [name for name, info in mapping.model.model_fields.items() if info.is_required()]
    lacking = []
    for name in needed:
        shares = [
            name in WIDE[mapping.layout][use.is_] or use.with_.get(name, "").strip() != ""
            for _, use in mapping.wide()
            if use.is_ in WIDE.get(mapping.layout, {})
        ]
        if mapping.period_columns:
            shares.append(name in WIDE["indicators"]["period"])
        if name not in common and not (shares and all(shares)):
            lacking.append(name)
    return lacking + [name for name in ("title", "kind") if mapping.source and not mapping.source.get(name)]


def refuse_open(mapping: TableMapping, place: str) -> None:
    """Raise ImportRefused where a mapping leaves something open that every row needs."""
    from rules.remedy import Give
    from rules.remedy import Part as Asked

    fields = {**SourceRow.model_fields, **mapping.model.model_fields}
    lacking = open_questions(mapping)
    if lacking:
        raise ImportRefused(
            "Nothing was imported.",
            [
                Problem(
                    place,
                    f"nothing gives {name!r}: {str(fields[name].description).rstrip('.')}.",
                    f"Write it under {'source' if name in ('title', 'kind') else 'with'!r}.",
                    (Give(Asked.VALUE, (f"{name}=...",)),),
                )
                for name in lacking
            ],
        )
