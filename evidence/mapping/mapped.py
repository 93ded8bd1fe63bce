"""The rows that a mapping makes of a table, each with the cells that it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from evidence.files.rawtable import RawTable, Unreadable, header_name
from evidence.intake.into import GivenRow, Intos
from evidence.intake.layouts import REVIEW
from evidence.mapping.exports import is_of_tool
from evidence.mapping.fitting import Fitted, Placed
from evidence.mapping.options import NOT_TICKED, TICKED, Unclear, ticked
from evidence.mapping.profile import ColumnSeen
from evidence.mapping.spec import IN_BRACES, WIDE
from evidence.mapping.words import as_words, is_personal, same_words, says_who
from evidence.rows import ItemRow, RespondentRow, Row, SourceRow
from evidence.scales import is_said_instead
from rules.errors import suggest
from rules.limits import shortened
from rules.words import listed, many

MadeRow = tuple[type[Row], GivenRow]
"""A row of a layout as a mapping makes it. Its place is the row of the table, and for one of a wide column
the column, too; its `cells` say where each value comes from: a cell, or the mapping."""
MOST_SOURCES = 100_000
"""Sources that are remembered so that each is staged once."""


class RowMaker:
    """Makes the rows of one table."""

    def __init__(self, fitted: Fitted, table: RawTable, intos: Intos) -> None:
        self.fitted, self.table, self.mapping, self.intos = fitted, table, fitted.mapping, intos
        self.empty: Counter[str] = Counter()
        """What is in the cells of wide columns that give no row, and how often."""
        self.unwanted = [
            (fitted.positions[header_name(title)], title, {same_words(word) for word in words})
            for title, words in self.mapping.leave_out_rows.items()
        ]
        self.rows_left_out: Counter[str] = Counter()
        """Rows that the mapping leaves out, by what they are left out for."""
        self.aside = [
            (fitted.positions[header_name(title)], ColumnSeen(title))
            for title in fitted.left_out
            if self.mapping.layout == "survey-responses" and not (is_personal(title) or is_of_tool(title))
        ]
        """Columns of a survey that are left out: several answers in one cell are named in the end."""
        self.sources: dict[tuple[str, ...], bool] = {}
        """Sources that came, each with whether it is stored already."""
        model = self.mapping.model
        self.fields = set(model.model_fields)
        self.values = {
            column: {same_words(word): meant for word, meant in words.items()}
            for column, words in self.mapping.values.items()
        }
        self.own = {
            placed.at: {same_words(word): meant for word, meant in placed.use.values.items()}
            for placed in (*fitted.holds, *fitted.wide, *fitted.characteristics)
        }
        self.fixed = dict(self.mapping.with_)
        if issubclass(model, ItemRow) and "locator" not in self.given():
            self.fixed["locator"] = "row {row}, {column}" if fitted.wide else "row {row}"

    def given(self) -> set[str]:
        """The columns of the layout that cells or the mapping give."""
        wide = {name for placed in self.fitted.wide for name in placed.use.with_}
        return {*self.mapping.with_, *(placed.use.holds for placed in self.fitted.holds), *wide}

    def rows(self) -> Iterator[MadeRow]:
        """All rows of the table; cells that say who somebody is are noted in it as problems."""
        for number, (place, cells) in enumerate(self.table.rows):
            if number >= self.mapping.skip and not self._left_out(cells):
                for at, column in self.aside:
                    column.see(as_words(cells[at]))
                yield from self._of_row(place, cells)

    def _left_out(self, cells: list[Any]) -> bool:
        """Whether a row is one that the mapping leaves out."""
        for at, title, words in self.unwanted:
            text = as_words(cells[at])
            if same_words(text) in words:
                self.rows_left_out[f"{title}: {text[:40] or 'nothing'}"] += 1
                return True
        return False

    def _of_row(self, place: str, cells: list[Any]) -> Iterator[MadeRow]:
        fitted = self.fitted
        where = {"row": place.rpartition(" ")[2], "sheet": self.table.name, "column": ""}
        values: dict[str, Any] = {}
        places: dict[str, str] = {}
        for placed in fitted.holds:
            column = placed.use.holds
            values[column] = self._meant(placed, column, cells[placed.at], place)
            places[column] = f"{place}, column {placed.title!r}"
        for name, text in self.fixed.items():
            # What names the column is filled in for every column.
            if "{column}" not in text:
                values[name] = self._filled(text, cells, where)
                places.setdefault(name, f"{fitted.place}, {name!r}")
        if self.mapping.source:
            yield from self._source(place, cells, where, values)
        if not fitted.wide and not fitted.characteristics:
            yield self.mapping.model, GivenRow(place, values, places)
            return
        for placed in fitted.wide:
            for option, meant in self._answers(placed, cells[placed.at], place):
                made = self._of_cell(placed, option, meant, place, cells, where, values, places)
                if made is not None:
                    yield made
        for placed in fitted.characteristics:
            kept = {name: values[name] for name in ("source", "respondent", REVIEW) if name in values}
            at = f"{place}, column {placed.title!r}"
            meant = self._meant(placed, "category", cells[placed.at], place)
            said = {**kept, "characteristic": placed.use.named or placed.title, "category": meant}
            yield RespondentRow, GivenRow(at, said, {**places, "characteristic": at, "category": at})

    def _of_cell(
        self,
        placed: Placed,
        option: str,
        meant: Any,
        place: str,
        cells: list[Any],
        where: dict[str, str],
        values: dict[str, Any],
        places: dict[str, str],
    ) -> MadeRow | None:
        """The row of one cell of a wide column, or of one option in it."""
        name, column = WIDE[self.mapping.layout][placed.use.is_]
        if column != "answer" and not isinstance(meant, Unreadable) and as_words(meant) == "":
            self.empty[as_words(cells[placed.at])[:40] or "nothing"] += 1
            return None
        at = f"{place}, column {placed.title!r}"
        use, here = placed.use, {**where, "column": placed.use.named or placed.title}
        asked = self._filled(use.named, cells, here) if use.named else placed.title
        said = {**values, name: f"{asked}: {option}" if option else asked, column: meant}
        found = {**places, name: at, column: at}
        for other, text in self.fixed.items():
            if "{column}" in text:
                said[other], found[other] = self._filled(text, cells, here), f"{self.fitted.place}, {other!r}"
        for other, text in use.with_.items():
            said[other] = self._filled(text, cells, here)
            found[other] = f"{self.fitted.place}, column {placed.title!r}, {other!r}"
        return self.mapping.model, GivenRow(at, said, found)

    def _answers(self, placed: Placed, value: Any, place: str) -> Iterator[tuple[str, Any]]:
        """What the cell of a wide column means; for every option, where it names several of them."""
        options, text = placed.use.options, as_words(value)
        if not options:
            yield "", self._meant(placed, WIDE[self.mapping.layout][placed.use.is_][1], value, place)
        elif isinstance(value, Unreadable) or not text or is_said_instead(text):
            yield from ((option, value) for option in options)
        else:
            try:
                found, wrong = ticked(text, options, self.own[placed.at])
            except Unclear:
                hint = "Join the answers with semicolons, with one after the last."
                said = f"{shortened(text, 60)!r} can be read as different options of this question."
                self.table.problem(f"{place}, column {placed.title!r}", said, hint)
                return
            if wrong:
                self._note_wrong(placed, text, wrong, place)
                return
            yield from ((option, TICKED if option in found else NOT_TICKED) for option in options)

    def _note_wrong(self, placed: Placed, text: str, wrong: list[str], place: str) -> None:
        at, hint = f"{place}, column {placed.title!r}", suggest(wrong[0], placed.use.options)
        if self._is_who(text, at):
            return
        says = (
            f"Write it under 'options' in {self.fitted.place}, or under 'values' of the column: '' for none."
        )
        expected = f"options of this question, such as {placed.use.options[0]!r}"
        near = hint if hint.startswith("Did") else ""
        found = shortened(wrong[0], 60)
        self.table.problem(at, f"found {found!r}; expected {expected}.", f"{near} {says}".strip())

    def _source(
        self, place: str, cells: list[Any], where: dict[str, str], values: dict[str, Any]
    ) -> Iterator[MadeRow]:
        """The source of a row, once, unless it is stored."""
        about = {name: self._filled(text, cells, where) for name, text in self.mapping.source.items()}
        ref, review = as_words(values.get("source", "")), as_words(values.get(REVIEW, ""))
        key = (review, ref, *about.values())
        if key in self.sources:
            return
        at = f"{self.fitted.place}, 'source'"
        there = bool(ref) and self.intos.has_source(review, ref)
        if len(self.sources) < MOST_SOURCES:
            self.sources[key] = there
        if not there:
            said = {"source": ref, **about} | ({REVIEW: review} if REVIEW in values else {})
            yield SourceRow, GivenRow(place, said, dict.fromkeys(SourceRow.model_fields, at))

    def notes(self) -> list[str]:
        """What of the table was not imported, as sentences."""
        said = []
        if self.fitted.left_out:
            said.append(f"{self.table.place}: columns left out: {listed(self.fitted.left_out)}.")
        for _, column in self.aside:
            if column.options:
                said.append(
                    f"{self.table.place}: {many(column.joined, 'cell')} of {column.title!r} with several"
                    " answers left out; a mapping can make a question of each option."
                )
        for why, times in self.rows_left_out.most_common(5):
            said.append(f"{self.table.place}: {many(times, 'row')} left out ({why}).")
        if self.empty:
            found = listed(f"{word} ({times:,})" for word, times in self.empty.most_common(5))
            cells = many(self.empty.total(), "cell gives", "cells give")
            said.append(f"{self.table.place}: {cells} no row, with {found} in them.")
        there = sorted({key[1] for key, stored in self.sources.items() if stored})
        if there:
            names = listed(there[:10]) + (f" and {len(there) - 10:,} more" if len(there) > 10 else "")
            said.append(f"Stored before, and left as they are: {names}.")
        return said

    def _meant(self, placed: Placed, column: str, value: Any, place: str) -> Any:
        """What a cell means for a column of the layout."""
        if isinstance(value, Unreadable):
            return value
        text = as_words(value)
        if self._is_who(text, f"{place}, column {placed.title!r}"):
            return value
        own, words = self.own[placed.at], self.values.get(column, {})
        if not own and not words:
            return value
        key = same_words(text)
        if key in own:
            return own[key]
        if key in words:
            return words[key]
        if column == "domains" and ";" in text:
            parts = (part.strip() for part in text.split(";"))
            return ";".join(own.get(same_words(part), words.get(same_words(part), part)) for part in parts)
        return value

    def _is_who(self, text: str, at: str) -> bool:
        """Whether a cell says who somebody is, which is noted."""
        who = says_who(text)
        if who:
            hint = f"Write 'leave out' for the column in {self.fitted.place}."
            self.table.problem(at, f"this is {who}, which is never imported.", hint)
        return bool(who)

    def _filled(self, text: str, cells: list[Any], where: Mapping[str, str]) -> str:
        """The text with the cells that it names in braces."""
        if "{" not in text:
            return text

        def cell(name: str) -> str:
            if name in where and header_name(name) not in self.fitted.positions:
                return where[name]
            at = self.fitted.positions.get(header_name(name))
            return where.get(name, "") if at is None else as_words(cells[at])

        return IN_BRACES.sub(lambda found: cell(found[1]), text)
