"""What the columns of a table show about dates and periods that could mean two things.

08/10/2021 is 8 October where another date of its column can only have the day first (13/12/2024). Rows with
such dates wait until their column shows the order, or the table has ended. That the month comes first is
never taken from a column: people here write the day first, so that 12/13/2024 is more likely a slip. 2011-12
is December where the other periods of its column are months, and Hydref 2023 is the autumn where they are
seasons. A column that shows both is refused, and both rows are named.

Cost: one look at every different text of a column. Up to MOST_WAITING rows are kept in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from evidence.intake.into import GivenRow
from evidence.rows import Row
from programme.calendar import DateOrder, is_two_dates, order_shown, slashed_dates
from programme.periods import Shown, could_mean_two, period_shown

MOST_WAITING = 50_000
"""Rows that wait for a later one to show the order of their dates; more are not read."""
MOST_KNOWN = 10_000
DATES, PERIODS = ("dated", "recorded_on"), ("period",)
"""The columns of all layouts that hold a date, and those that hold a period."""
UNLIKE = (
    (Shown.MONTHS, Shown.YEARS),
    (Shown.SPANS, Shown.MONTHS),
    (Shown.SEASONS, Shown.WELSH_MONTHS),
)
"""What a column can show, by what it says of the texts that could mean two things."""
HINTS = {
    Shown.MONTHS: "Write the month as December 2011, the financial year as 2011/12.",
    Shown.SPANS: "Write the month as September 2007, the years as '2007 to 2009'.",
    Shown.SEASONS: "Write the season as 'yr hydref 2023', the month as 'mis Hydref 2023'.",
}

Rows = list[GivenRow]
Seen = tuple[GivenRow, str]
"""The first row with a text, and the text."""


@dataclass(frozen=True)
class Clash:
    """Two rows of a column that contradict each other."""

    place: str
    message: str
    hint: str


@dataclass
class _Column:
    """What has been seen of one column."""

    name: str
    orders: dict[DateOrder, Seen] = field(default_factory=dict)
    shown: dict[Shown, Seen] = field(default_factory=dict)
    doubtful: dict[Shown, Seen] = field(default_factory=dict)
    """The first text that could mean two things, by what would tell them apart."""
    taken: dict[Shown, bool] = field(default_factory=dict)
    """How such texts were read so far: whether as months, or as seasons."""
    spans: set[str] = field(default_factory=set)
    """Texts such as 2007-09: September 2007, or 2007 to 2009."""
    known: set[str] = field(default_factory=set)
    clashed: bool = False


class Times:
    """The columns that hold dates and periods of the rows of one kind that a table gives.

    `given` is the order of dates, if it is known.
    """

    def __init__(self, model: type[Row], given: DateOrder | None) -> None:
        self.given = given
        self.waiting: Rows = []
        self.clashes: list[Clash] = []
        self._columns = [_Column(name) for name in (*DATES, *PERIODS) if name in model.model_fields]

    @property
    def context(self) -> dict[str, Any]:
        """What the validators of the rows are told: the order of dates and what is shown, by column."""
        return {
            "dates": {column.name: self.given or _order_of(column) for column in self._columns},
            "shown": {
                column.name: frozenset(column.shown) for column in self._columns if column.name in PERIODS
            },
        }

    def ready(self, rows: Rows) -> Rows:
        """The rows that can be read now, in their order; those whose dates are in doubt wait."""
        if not self._columns:
            return rows
        doubtful: set[int] = set()
        for column in self._columns:
            doubtful |= set(self._look_at(column, rows))
            self._find_clashes(column)
        open_columns = [column for column in self._columns if not (self.given or _order_of(column))]
        waiting = {
            number
            for number in doubtful
            if any(
                is_two_dates(each)
                for column in open_columns
                for each in _dates_of(column, _text(rows[number].values.get(column.name)))
            )
        }
        if not waiting:
            return rows
        if len(self.waiting) + len(waiting) > MOST_WAITING:
            return rows
        self.waiting += [rows[number] for number in sorted(waiting)]
        return [row for number, row in enumerate(rows) if number not in waiting]

    def rest(self, size: int) -> Iterator[Rows]:
        """The rows that waited, so many at a time: now the whole table has been seen."""
        for start in range(0, len(self.waiting), size):
            yield self.waiting[start : start + size]

    def _look_at(self, column: _Column, rows: Rows) -> Iterable[int]:
        """Note what the texts of a column show; the numbers of the rows whose dates could be two."""
        name, known = column.name, column.known
        texts = [row.values.get(name) for row in rows]
        # The same few texts come again and again in a file.
        new = {text for text in texts if isinstance(text, str)} - known
        for number in [number for number, text in enumerate(texts) if text in new] if new else ():
            row, text = rows[number], str(texts[number])
            plain = text.strip()
            dates = _dates_of(column, plain)
            orders = {order for order in map(order_shown, dates) if order}
            for order in orders:
                column.orders.setdefault(order, (row, plain))
            if not orders and any(map(is_two_dates, dates)):
                yield number
            elif column.name in PERIODS:
                if shown := period_shown(plain):
                    column.shown.setdefault(shown, (row, plain))
                elif kind := could_mean_two(plain):
                    column.doubtful.setdefault(kind, (row, plain))
                    if kind is Shown.SPANS:
                        column.spans.add(plain)
                if len(known) < MOST_KNOWN:
                    known.add(text)
            elif len(known) < MOST_KNOWN:
                known.add(text)

    def _find_clashes(self, column: _Column) -> None:
        if column.clashed:
            return
        if len(column.orders) == 2 and not self.given:
            (row, text), (other, said) = (
                column.orders[order] for order in (DateOrder.MONTH_FIRST, DateOrder.DAY_FIRST)
            )
            self._clash(
                column,
                row,
                f"{text!r} has the month first, and {said!r} ({other.place}) the day.",
                "Write all dates of a column in one order.",
            )
        for one, other_kind in UNLIKE:
            if one not in column.doubtful:
                continue
            as_one = one in column.shown
            if (as_one and other_kind in column.shown) or column.taken.setdefault(one, as_one) != as_one:
                row, text = column.doubtful[one]
                shown, said = column.shown[one]
                self._clash(
                    column,
                    row,
                    f"{text!r} could be two periods: other rows of the column show one and the other"
                    f" ({said!r}, {shown.place}).",
                    HINTS[one],
                )

        if column.spans and not {Shown.SPANS, Shown.MONTHS} & set(column.shown):
            _, *others = sorted(column.spans)
            row, text = column.doubtful[Shown.SPANS]
            if others and len({(int(text[5:]) - int(text[:4])) % 100 for text in column.spans}) == 1:
                message = f"{text!r} could be two periods, a month or some years; so could {others[-1]!r}."
                self._clash(column, row, message, HINTS[Shown.SPANS])
            else:
                column.shown[Shown.MONTHS] = (row, text)

    def _clash(self, column: _Column, row: GivenRow, message: str, hint: str) -> None:
        column.clashed = True
        place = (row.cells or {}).get(column.name) or f"{row.place}, column {column.name!r}"
        self.clashes.append(Clash(place, message, hint))


def _order_of(column: _Column) -> DateOrder | None:
    """The order that a column shows: the day first, or nothing sure."""
    return DateOrder.DAY_FIRST if set(column.orders) == {DateOrder.DAY_FIRST} else None


def _dates_of(column: _Column, text: str) -> list[str]:
    """The dates that a cell holds: a period can have words beside them."""
    return slashed_dates(text) if column.name in PERIODS else [text]


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
