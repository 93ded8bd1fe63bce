"""Points of the moderator from a file: what each is about, must or should, and the words."""

from __future__ import annotations

from pathlib import Path

from evidence.files.tables import open_tables
from programme.progress import no_progress
from report.moderation import Point
from report.schema import SEVERITIES
from rules.errors import ImportRefused, Problem, suggest
from rules.words import shown_value

COLUMNS = ("about", "severity", "text")
"""The columns of such a file; `about` may be left out."""


def read_points(path: Path, *, encoding: str = "utf-8") -> list[Point]:
    """The points in a CSV, XLSX, ODS, YAML or JSON file; raises ImportRefused with every row that is none."""
    found: list[Point] = []
    problems: list[Problem] = []
    with open_tables(path, encoding, no_progress) as tables:
        for table in tables:
            if missing := {"severity", "text"} - set(table.headers):
                said = f"it has no column {shown_value(sorted(missing)[0])}."
                problems.append(Problem(table.place, said, f"Its columns are {', '.join(COLUMNS)}."))
                continue
            for place, values in table.rows:
                row = dict(zip(table.headers, (str(value or "").strip() for value in values), strict=True))
                if not any(row.values()):
                    continue
                severity = row["severity"].lower()
                if severity not in SEVERITIES:
                    said = f"found {shown_value(severity)} as the severity."
                    problems.append(Problem(place, said, suggest(severity, SEVERITIES)))
                elif not row["text"]:
                    problems.append(Problem(place, "it has no text.", "Say what is to be changed."))
                else:
                    found.append(Point(row["text"], severity, row.get("about", "")))
            problems += table.problems
    if problems:
        raise ImportRefused("No verdict was recorded.", problems)
    return found


def point_from(text: str, severity: str) -> Point:
    """A point written in one line: 'p12: How many carers?'; without a colon it is about the whole edition."""
    about, colon, words = text.partition(":")
    if colon and " " not in about.strip():
        return Point(words.strip(), severity, about.strip())
    return Point(text.strip(), severity)
