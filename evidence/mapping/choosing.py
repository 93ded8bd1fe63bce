"""The mappings of one import: which of its tables is read with which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence.files.grid import Wanted
from evidence.files.rawtable import RawTable, header_name
from evidence.files.tables import open_tables
from evidence.intake.layouts import fits_layout, is_other, wanted
from evidence.mapping.fitting import Fitted, column_names, fit, fits, shape_of
from evidence.mapping.kept import find_mapping, kept_for
from evidence.mapping.spec import TableMapping, check_mapping, read_mapping, refuse_open
from programme.database import Database
from programme.progress import no_progress
from rules.errors import EvidenceInvalid
from rules.policyfile import PolicyText
from rules.remedy import ProposeMapping, Remedy, UseMapping


@dataclass(frozen=True)
class Chosen:
    """A mapping that an import is given."""

    mapping: TableMapping
    place: str
    """What it is called in messages: its file, or 'the mapping ...'."""
    is_new: bool = True
    """Whether it comes from a file or a form, and is kept once the import is done."""

    def fit(self, table: RawTable) -> Fitted | None:
        """The mapping beside a table; None with problems noted in it.

        Raises ImportRefused where the mapping leaves something open.
        """
        refuse_open(self.mapping, self.place)
        return fit(self.mapping, table, self.place)


def choose_file(path: Path, given: Mapping[str, str] | None = None) -> Chosen:
    """The mapping in a YAML file, with what is given for all rows; raises PolicyFileInvalid."""
    mapping, _ = read_mapping(path)
    return Chosen(_having(mapping, given or {}, path.name), path.name)


def choose_named(db: Database, name: str, given: Mapping[str, str]) -> Chosen:
    """The kept mapping of a name, with what is given for all rows; raises UnknownName."""
    place = f"the mapping {name!r}"
    return Chosen(_having(find_mapping(db, name).mapping, given, place), place, is_new=False)


def choose_kept(db: Database, file: Path, encoding: str, given: Mapping[str, str]) -> list[Chosen]:
    """The kept mappings for the tables of a file; raises EvidenceInvalid where there is none."""
    with open_tables(file, encoding, no_progress, wanted=wanted()) as tables:
        shapes = [shape_of(column_names(table)) for table in tables]
    found = [kept for shape in shapes for kept in kept_for(db, shape)[:1]]
    if not found:
        raise EvidenceInvalid(
            f"no mapping is kept for tables of the shape of {file.name}",
            remedies=[ProposeMapping(file.name)],
        )
    return [choose_named(db, kept.name, given) for kept in found]


def _having(mapping: TableMapping, given: Mapping[str, str], place: str) -> TableMapping:
    """The mapping with what is given for all rows, checked; raises PolicyFileInvalid."""
    found = mapping.having(given)
    text = PolicyText(place)
    check_mapping(text, found)
    text.refuse_if_problems()
    return found


class Mappings:
    """The mappings of an import, and the tables that each was found to fit."""

    def __init__(self, chosen: Sequence[Chosen]) -> None:
        self.chosen = tuple(chosen)
        self.shapes: dict[int, str] = {}
        """The shape of the table that each of the mappings fits, by its place in `chosen`."""

    def wanted(self) -> list[Wanted]:
        """The headers to look for in a file: those that the mappings import."""
        return [
            Wanted(
                frozenset(header_name(title) for title, _ in chosen.mapping.used()),
                frozenset(map(header_name, chosen.mapping.columns)),
            )
            for chosen in self.chosen
        ]

    def beside(
        self, tables: Sequence[RawTable], layout: str | None, named: bool, notes: list[str]
    ) -> list[tuple[RawTable, Chosen | None]]:
        """The tables that are to be read, each with its mapping; what is left out is noted.

        Of a file with a table that a mapping fits, tables that fit neither a mapping nor a layout are left
        out; of any workbook, sheets that are no table of evidence, e.g. a cover, unless they are `named`.
        """
        found = [self._of(table) for table in tables]
        kept: list[tuple[RawTable, Chosen | None]] = []
        for table, chosen in zip(tables, found, strict=True):
            if chosen is None and self.chosen and layout is None and not fits_layout(table):
                if any(found):
                    notes.append(f"{table.place}: left out; it fits no layout and none of the mappings.")
                    continue
                chosen = self.chosen[0]
            kept.append((table, chosen))
        others = [table for table, chosen in kept if not chosen and is_other(table, layout)]
        if named or len(others) == len(kept):
            return kept
        notes += [f"{table.place}: its headers fit no layout: left out." for table in others]
        return [one for one in kept if not any(one[0] is table for table in others)]

    def _of(self, table: RawTable) -> Chosen | None:
        for number, chosen in enumerate(self.chosen):
            if fits(chosen.mapping, table):
                self.shapes.setdefault(number, shape_of(column_names(table)))
                return chosen
        return None

    def unused(self) -> list[Chosen]:
        """The mappings that fit none of the tables."""
        return [chosen for number, chosen in enumerate(self.chosen) if number not in self.shapes]

    def to_keep(self) -> Iterator[tuple[Chosen, str]]:
        """The mappings that come from files and were used, each with the shape of its table."""
        for number, shape in self.shapes.items():
            if self.chosen[number].is_new:
                yield self.chosen[number], shape


def offer_mapping(db: Database, table: RawTable, before: int) -> list[Remedy]:
    """What would do for a table that fits no layout: a proposal.

    Where a mapping is kept for its shape, that is said in place of the problems after the first `before`.
    """
    kept = kept_for(db, shape_of(column_names(table)))
    if not kept:
        return [ProposeMapping(table.file)]
    del table.problems[before:]
    table.more = 0
    table.problem(f"{table.place}, headers", "these headers fit no layout.", "", UseMapping(kept[0].name))
    return []
