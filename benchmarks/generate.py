"""Made-up evidence for the benchmarks: the same seed gives the same files, byte for byte; no real data.

`write_findings` makes a file of findings with its file of sources; `write_evidence` makes a whole review of
all four kinds of item. Both follow the documented layouts (joint-review evidence template), and write as
they go, so that a million rows need no more memory than a thousand. `make_reviews` puts many such reviews
into a database.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from evidence.intake.importing import import_files
from programme.database import Database
from programme.reviews import create_review
from rules.loader import load_policy

FRAMEWORK = "wales-round-2"
DOMAINS = tuple(load_policy(FRAMEWORK).framework.domains)
STRANDS = ("adults", "older-people", "learning-disabilities", "children-and-families", "carers")
WORDS = (
    "people staff carers plans reviews visits support care families records meetings managers home risk help "
    "information was were not always often clear late quickly found kept shared written asked given by after "
    "before with without their own"
)
ROWS_OF_SOURCE = 50
"""How many items one source gives."""

Line = Iterable[Any]


def write_findings(folder: Path, rows: int, seed: int = 1) -> list[Path]:
    """sources.csv and findings.csv in `folder`; one tag or two per row. Returns their paths."""
    return [
        _write(folder / "sources.csv", SOURCE, _sources("F", rows, Random(seed), FINDING_SOURCES)),
        _write(folder / "findings.csv", FINDING, _findings(rows, Random(seed + 1))),
    ]


def name_reviews(paths: Sequence[Path], reviews: Sequence[str]) -> None:
    """Give CSV files a column `review`, in which each source, and all rows about it, is of one of these."""
    for path in paths:
        with path.open(newline="", encoding="utf-8") as file:
            headers, *lines = csv.reader(file)
        named = ([reviews[int(line[0][1:]) % len(reviews)], *line] for line in lines)
        _write(path, " ".join(["review", *headers]), named)


def write_evidence(folder: Path, items: int, seed: int = 1) -> list[Path]:
    """A review of `items` items: 60 % findings, 20 % case scores, 10 % survey results, 10 % indicators.

    Returns the paths of the five files, sources first.
    """
    cases, surveys, indicators = items // 5, items // 10, items // 10
    findings = items - cases - surveys - indicators

    def sources() -> Iterator[Line]:
        random = Random(seed)
        yield from _sources("F", findings, random, FINDING_SOURCES)
        yield from _sources("C", cases, random, ("case_file",))
        yield from _sources("S", surveys, random, ("survey",))
        yield from _sources("N", indicators, random, ("indicator_return",))

    return [
        _write(folder / "sources.csv", SOURCE, sources()),
        _write(folder / "findings.csv", FINDING, _findings(findings, Random(seed + 1))),
        _write(folder / "case-scores.csv", CASE_SCORE, _case_scores(cases, Random(seed + 2))),
        _write(folder / "survey-results.csv", SURVEY_RESULT, _survey_results(surveys, Random(seed + 3))),
        _write(folder / "indicators.csv", INDICATOR, _indicators(indicators, Random(seed + 4))),
    ]


def make_reviews(db: Database, reviews: int, items: int) -> None:
    """Reviews of `items` items each, with evidence of their own, none of them assessed."""
    at = datetime(2009, 6, 1, tzinfo=UTC)
    for number in range(1, reviews + 1):
        authority = f"Authority {number:03}"
        review = create_review(
            db, f"a{number:03}", authority, FRAMEWORK, window_from=None, window_to=None, by="benchmark", at=at
        )
        with tempfile.TemporaryDirectory() as folder:
            files = write_evidence(Path(folder), items, seed=10 * number)
            import_files(db, review, files, by="benchmark", at=at)


def _write(path: Path, columns: str, lines: Iterable[Line]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns.split())
        writer.writerows(lines)
    return path


SOURCE = "source title kind dated status strand reference"
FINDING = "source locator strand finding direction significance domains recorded_by"
CASE_SCORE = "source locator strand standard score scale_max domains recorded_by"
SURVEY_RESULT = "source locator strand group question positive base period domains recorded_by"
INDICATOR = (
    "source locator strand indicator period value unit better comparator comparator_name domains recorded_by"
)
FINDING_SOURCES = ("case_file", "interview", "group_meeting", "document", "observation")


def _sources(letter: str, rows: int, random: Random, kinds: tuple[str, ...]) -> Iterator[Line]:
    for number in range(-(-rows // ROWS_OF_SOURCE)):
        dated = f"200{random.randrange(4, 9)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
        kind, strand = random.choice(kinds), random.choice(STRANDS)
        yield (
            f"{letter}{number}",
            f"Source {number}",
            kind,
            dated,
            "authorised",
            strand,
            f"List, line {number}",
        )


def _place(letter: str, row: int) -> tuple[str, str]:
    """Source and locator of a row; each locator stands once in its source."""
    source, within = divmod(row, ROWS_OF_SOURCE)
    return f"{letter}{source}", f"page {within // 5 + 1}, paragraph {within % 5 + 1}"


def _domains(random: Random) -> str:
    return ";".join(random.sample(DOMAINS, random.choice((1, 2))))


def _reviewer(random: Random) -> str:
    return f"reviewer-{random.randrange(1, 7)}"


def _findings(rows: int, random: Random) -> Iterator[Line]:
    words = WORDS.split()
    for row in range(rows):
        yield (
            *_place("F", row),
            random.choice(STRANDS),
            " ".join(random.choices(words, k=14)).capitalize() + ".",
            random.choices(("strength", "weakness", "neutral"), (5, 4, 1))[0],
            random.choices((1, 2, 3), (4, 4, 2))[0],
            _domains(random),
            _reviewer(random),
        )


def _case_scores(rows: int, random: Random) -> Iterator[Line]:
    for row in range(rows):
        standard = f"Standard {row % ROWS_OF_SOURCE + 1} is met"
        score = random.choices((1, 2, 3, 4), (1, 2, 5, 2))[0]
        yield (
            *_place("C", row),
            random.choice(STRANDS),
            standard,
            score,
            4,
            _domains(random),
            _reviewer(random),
        )


def _survey_results(rows: int, random: Random) -> Iterator[Line]:
    """Every question is asked of five groups in two years."""
    for row in range(rows):
        question, within = divmod(row, 10)
        strand = STRANDS[within // 2]
        yield (
            *_place("S", row),
            strand,
            f"Group of {strand}",
            f"Question {question}: people are content",
            f"{random.randrange(30, 96)}%",
            random.randrange(40, 900),
            f"200{4 + within % 2 * 4}",
            DOMAINS[question % len(DOMAINS)],
            _reviewer(random),
        )


def _indicators(rows: int, random: Random) -> Iterator[Line]:
    """Every indicator is returned for five years; four in five have a comparator."""
    for row in range(rows):
        series, year = divmod(row, 5)
        comparator = random.randrange(40, 90) if series % 5 else ""
        yield (
            *_place("N", row),
            STRANDS[series % len(STRANDS)],
            f"Indicator {series}: done in time",
            f"{2003 + year}/{4 + year:02}",
            random.randrange(30, 99),
            "percent",
            "lower" if series % 4 == 0 else "higher",
            comparator,
            "all authorities" if comparator else "",
            DOMAINS[series % len(DOMAINS)],
            _reviewer(random),
        )
