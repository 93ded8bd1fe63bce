"""Exports of the tools for surveys: which tool made a table, and what is special in it.

Qualtrics writes three rows of headers (short names, full questions, codes in JSON) and its own trials among
the answers; SurveyMonkey two (questions, options); LimeSurvey answers that were never submitted; Microsoft
Forms and Google Forms several answers in one cell. SPSS files come with the full questions as first row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from evidence.files.spss import QUESTION
from evidence.mapping.words import plain_header

QUALTRICS_CODES = '{"ImportId"'
TRIALS = ("Survey Preview", "Survey Test", "Spam", "Preview", "Test")
ANSWER_BELOW = frozenset(("response", "open ended response", "ymateb", ""))
"""What is below a question with one answer in SurveyMonkey's second row."""


OF_TOOLS = frozenset(
    (
        *("start date", "startdate", "end date", "enddate", "recorded date", "recordeddate", "date created"),
        *("date modified", "date submitted", "submitdate", "date started", "startdate", "date last action"),
        *(
            "datestamp",
            "start time",
            "completion time",
            "last modified time",
            "timestamp",
            "duration in seconds",
        ),
        *("total time", "status", "progress", "finished", "collector id", "last page", "lastpage", "seed"),
        *(
            "start language",
            "startlanguage",
            "user language",
            "userlanguage",
            "language",
            "distribution channel",
        ),
        *("distributionchannel", "external reference", "externalreference", "custom data 1", "total points"),
        *("quiz feedback", "refurl", "referrer url"),
    )
)
"""Headers of columns that tools add of their own: when, in which language, how far."""


def is_of_tool(title: str) -> bool:
    """Whether a header is that of a column which a tool adds of its own."""
    plain = plain_header(title)
    return plain in OF_TOOLS or plain.startswith(("points ", "feedback ", "question time ", "group time "))


@dataclass(frozen=True)
class Export:
    """What a tool's export needs."""

    tool: str
    """Its name; empty where no tool is recognised."""
    skip: int = 0
    """Rows below the headers that hold no data."""
    named: dict[str, str] = field(default_factory=dict)
    """The full question of a column, by the name of the column."""
    leave_out_rows: dict[str, list[str]] = field(default_factory=dict)
    respondent: str = ""
    """The column that numbers the respondents."""


def export_of(names: Sequence[str], titles: Sequence[str], first: Sequence[Sequence[str]]) -> Export:
    """The tool that made a table: by its headers as written, the names of its columns, and its first rows."""
    plain = {plain_header(title): name for title, name in zip(titles, names, strict=True)}
    below = first[0] if first else []
    if len(first) > 1 and any(text.startswith(QUALTRICS_CODES) for text in first[1]):
        rows = {plain["status"]: list(TRIALS)} if "status" in plain else {}
        respondent = plain.get("responseid", plain.get("response id", ""))
        return Export("Qualtrics", 2, _named(names, below), rows, respondent)
    if below and any(text.startswith(QUESTION) for text in below):
        return Export("SPSS", 1, _named(names, below))
    if {"respondent id", "collector id"} <= plain.keys():
        return Export("SurveyMonkey", 1, _with_options(names, titles, below), {}, plain["respondent id"])
    if ("date submitted" in plain or "submitdate" in plain) and ("last page" in plain or "lastpage" in plain):
        submitted = plain.get("date submitted", plain.get("submitdate", ""))
        respondent = next(
            (plain[name] for name in ("response id", "id response id", "id") if name in plain), ""
        )
        return Export("LimeSurvey", 0, {}, {submitted: [""]}, respondent)
    if {"id", "start time", "completion time"} <= plain.keys():
        return Export("Microsoft Forms", 0, {}, {}, plain["id"])
    if titles and plain_header(titles[0]) in ("timestamp", "stamp amser"):
        return Export("Google Forms")
    return Export("")


def _named(names: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """The full question of every column that has one."""
    found = ((name, text.removeprefix(QUESTION)) for name, text in zip(names, texts, strict=False))
    return {name: text for name, text in found if text and text != name}


def _with_options(names: Sequence[str], titles: Sequence[str], below: Sequence[str]) -> dict[str, str]:
    """The question of every column with what it offers: an empty header goes on with the one before."""
    found, question = {}, ""
    for name, title, option in zip(names, titles, below, strict=False):
        question = title or question
        one = plain_header(option) in ANSWER_BELOW
        text = question if one else f"{question}: {option}"
        if text != name:
            found[name] = text
    return found
