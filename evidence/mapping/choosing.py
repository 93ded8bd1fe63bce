"""The mappings of one import: which of its tables is read with which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evidence.files.rawtable import RawTable
from evidence.intake.layouts import fits_layout
from evidence.mapping.fitting import Fitted, column_names, fit, fits, shape_of
from evidence.mapping.kept import kept_for
from evidence.mapping.spec import TableMapping, refuse_open
from programme.database import Database
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


class Mappings:
    """The mappings of an import, and the tables that each was found to fit."""

    def __init__(self, chosen: Sequence[Chosen]) -> None:
        self.chosen = tuple(chosen)
        self.shapes: dict[int, str] = {}
        """The shape of the table that each of the mappings fits, by its place in `chosen`."""

    def beside(
        self, tables: Sequence[RawTable], layout: str | None, notes: list[str]
    ) -> Iterator[tuple[RawTable, Chosen | None]]:
        """Every table that is to be read, with its mapping.

        Of a file with a table that a mapping fits, tables that fit neither a mapping nor a layout are left
        out, which is noted.
        """
        found = [self._of(table) for table in tables]
        for table, chosen in zip(tables, found, strict=True):
            known = layout is not None or fits_layout(table)
            if chosen is None and self.chosen and not known:
                if any(found):
                    notes.append(f"{table.place}: left out; it fits no layout and none of the mappings.")
                    continue
                chosen = self.chosen[0]
            yield table, chosen

    def _of(self, table: RawTable) -> Chosen | None:
        for number, chosen in enumerate(self.chosen):
            if fits(chosen.mapping, table):
                self.shapes.setdefault(number, shape_of(column_names(table)))
                return chosen
        return None

    def to_keep(self) -> Iterator[tuple[Chosen, str]]:
        """The mappings that come from files and were used, each with the shape of its table."""
        for number, shape in self.shapes.items():
            if self.chosen[number].is_new:
                yield self.chosen[number], shape


def keeps_shape(db: Database, table: RawTable) -> list[Remedy]:
    """What would do for a table that fits no layout: a mapping that is kept for its shape, or a new one."""
    kept = kept_for(db, shape_of(column_names(table)))
    return [UseMapping(kept[0].name)] if kept else [ProposeMapping(table.file)]
