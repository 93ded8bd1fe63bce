"""SPSS files (.sav, .zsav) as tables: the answers as their labels, the full questions as first row.

pyreadstat reads them, without pandas. What it would get wrong is not asked of it: it makes 26:30 of a TIME
02:30 and gives a MOYR as a bare number, so dates and times are made here from the seconds in the file; it
names no weight variable, so the header is read for it. Labels of values end after 120 bytes, whoever wrote
the file, which is said where one is that long.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from evidence.files.encoding import refuse_file
from evidence.files.rawtable import RawTable, check_headers, header_name
from programme.progress import Progress
from rules.limits import MOST_ROWS
from rules.remedy import Install
from rules.words import listed

QUESTION = "\u2063"
"""An invisible mark before the text of each full question in the first row."""
CUT_AT = 118
"""Bytes from which a label may have been cut: 120, less the rest of a letter of several bytes."""
ROWS_AT_ONCE = 5_000
START = datetime(1582, 10, 14)
"""What SPSS counts the seconds of dates from."""
LATEST = 400_000_000_000
"""Seconds of the latest date that Python can say, and some."""
WEIGHT_AT = 76
"""Where the header of a file says which variable weights its rows."""
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]


def spss_table(path: Path, name: str, encoding: str, progress: Progress) -> RawTable:
    """The table of a file; raises ImportRefused where it cannot be read."""
    try:
        import pyreadstat
    except ImportError:
        refuse_file(name, "files of SPSS need an optional part of this software.", "", Install("spss"))
    read: Any = pyreadstat.read_sav
    how: dict[str, Any] = {"disable_datetime_conversion": True, "user_missing": True, "output_format": "dict"}
    if encoding != "utf-8":
        how["encoding"] = encoding
    try:
        _, about = read(path, metadataonly=True, **how)
    except MemoryError:
        raise
    # What a damaged file makes the library raise is not for its documentation to say.
    except Exception as error:
        refuse_file(name, f"this is not a file of SPSS that can be read ({error}).", "Save it again as .sav.")
    names = list(about.column_names)
    check_headers(f"{name}, variables", names)
    if about.number_rows is not None and about.number_rows > MOST_ROWS:
        refuse_file(name, f"it has more than {MOST_ROWS:,} rows.", "Divide it.")
    table = RawTable(name, path.stem, [header_name(one) for one in names], iter(()), titles=names)
    table.notes += _notes(path, name, about)
    cells = [_Cells(about, one) for one in names]

    def rows() -> Iterator[tuple[str, list[Any]]]:
        labels = [about.column_names_to_labels.get(one) or "" for one in names]
        yield f"{name}, questions", [f"{QUESTION}{' '.join(label.split())}" for label in labels]
        number, total = 0, about.number_rows or 1
        while True:
            some, _ = read(path, row_offset=number, row_limit=ROWS_AT_ONCE, **how)
            columns = [some[one] for one in names]
            count = len(columns[0]) if columns else 0
            for at in range(count):
                number += 1
                yield (
                    f"{name}, row {number}",
                    [one.read(c[at]) for one, c in zip(cells, columns, strict=True)],
                )
            progress(number, total, f"reading {name}")
            if count < ROWS_AT_ONCE:
                return

    table.rows = rows()
    return table


class _Cells:
    """How the cells of one variable are read."""

    def __init__(self, about: Any, name: str) -> None:
        self.labels: Mapping[Any, str] = about.variable_value_labels.get(name) or {}
        self.missing: list[Mapping[str, Any]] = about.missing_ranges.get(name) or []
        self.kind = _kind(str(about.original_variable_types.get(name, "")))

    def read(self, value: Any) -> Any:
        """The label, or the value as people see it; empty where the file calls it missing."""
        if value is None or value == "" or value != value or self.is_missing(value):
            return ""
        if value in self.labels:
            return self.labels[value]
        return _shown(value, self.kind) if isinstance(value, float | int) else value

    def is_missing(self, value: Any) -> bool:
        """Whether the file calls this value missing."""
        number = isinstance(value, float | int)
        return any(
            one["lo"] <= value <= one["hi"]
            for one in self.missing
            if number == isinstance(one["lo"], float | int) and number == isinstance(one["hi"], float | int)
        )


def _kind(written: str) -> str:
    """The kind of a format: 'DATE' of DATE11."""
    return written.rstrip("0123456789.").upper()


def _shown(value: float, kind: str) -> Any:
    """A number, date or time as SPSS shows it."""
    if kind in ("TIME", "DTIME", "MTIME"):
        minutes, seconds = divmod(int(abs(value)), 60)
        hours, minutes = divmod(minutes, 60)
        shown = f"{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "")
        return f"-{shown}" if value < 0 else shown
    if kind == "MONTH" and 1 <= value <= 12:
        return MONTHS[int(value) - 1]
    if kind == "WKDAY" and 1 <= value <= 7:
        return DAYS[int(value) - 1]
    if kind in DATED and 0 <= value < LATEST:
        try:
            return DATED[kind](START + timedelta(seconds=value))
        except OverflowError:
            pass
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value


def _date(at: datetime) -> Any:
    return at.date()


DATED: dict[str, Any] = {
    **dict.fromkeys(("DATE", "ADATE", "EDATE", "SDATE", "JDATE"), _date),
    **dict.fromkeys(("DATETIME", "YMDHMS"), lambda at: at.replace(microsecond=0)),
    "MOYR": lambda at: f"{MONTHS[at.month - 1]} {at.year}",
    "QYR": lambda at: f"Q{(at.month + 2) // 3} {at.year}",
    "WKYR": lambda at: f"week {(at.timetuple().tm_yday + 6) // 7} {at.year}",
}
"""How a date is shown, by the kind of its format."""


def _notes(path: Path, name: str, about: Any) -> list[str]:
    said = []
    if weight := weighted_by(path, about):
        said.append(f"{name}: its rows are weighted by {weight}, which is not imported: weight by margins.")
    missing = [
        f"{variable}: {listed(_range(about, variable, one) for one in ranges[:5])}"
        for variable, ranges in about.missing_ranges.items()
    ]
    if missing:
        more = f"; and {len(missing) - 5:,} more variables" if len(missing) > 5 else ""
        said.append(
            f"{name}: the file calls these missing, so they are not answers: {'; '.join(missing[:5])}{more}."
        )
    cut = sorted(
        variable
        for variable, labels in about.variable_value_labels.items()
        if any(len(label.encode()) >= CUT_AT for label in labels.values())
    )
    if cut:
        said.append(f"{name}: labels of {listed(map(repr, cut[:5]))} may be cut short, at 120 bytes.")
    for one in getattr(about, "mr_sets", None) or {}:
        said.append(f"{name}: {one} is a question with several answers: each is a column of its own.")
    return said


def _range(about: Any, variable: str, one: Mapping[str, Any]) -> str:
    if one["lo"] != one["hi"]:
        return f"{_plain(one['lo'])} to {_plain(one['hi'])}"
    label = (about.variable_value_labels.get(variable) or {}).get(one["lo"], "")
    return f"{_plain(one['lo'])} ({label})" if label else _plain(one["lo"])


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def weighted_by(path: Path, about: Any) -> str:
    """The variable that weights the rows of a file, as its header says; 'a variable' if unclear."""
    with path.open("rb") as file:
        head = file.read(WEIGHT_AT + 4)
    if len(head) < WEIGHT_AT + 4 or head[:3] != b"$FL":
        return ""
    layout = head[64:68]
    order = "<" if layout in (b"\x02\0\0\0", b"\x03\0\0\0") else ">"
    (index,) = struct.unpack(f"{order}i", head[WEIGHT_AT:])
    if index <= 0:
        return ""
    at = 1
    for name in about.column_names:
        if at == index:
            return f"{name!r}"
        written = str(about.original_variable_types.get(name, ""))
        at += -(-int(written[1:]) // 8) if written[:1] == "A" and written[1:].isdigit() else 1
    return "a variable"
