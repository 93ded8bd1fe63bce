"""The whole record checked, frameworks and rulebooks included; and the life of one item, event by event."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from assessment.runs.result import canonical
from programme.check import SHOWN, RecordCheck, RecordProblem, check_record
from programme.database import Database, rows
from programme.progress import Progress, no_progress
from rules.framework import Framework


def audit_programme(db: Database, *, lodged: str = "", progress: Progress = no_progress) -> RecordCheck:
    """Check the record (see `programme.check`), and every framework and rulebook against its digest.

    Frameworks are brought up to date by `init`, which is no event: that they are what their digest says is
    checked here; which digest a review began with stands in the event that created it.
    """
    found = check_record(db, lodged=lodged, progress=progress)
    problems = [*found.problems, *_policies(db), *_frameworks(db)]
    more = found.more + max(len(problems) - SHOWN, 0)
    return dataclasses.replace(found, problems=tuple(problems[:SHOWN]), more=more)


def _policies(db: Database) -> Iterator[RecordProblem]:
    for row in rows(db, "select digest, kind, key, body from policy_text order by digest"):
        if hashlib.sha256(row["body"].encode()).hexdigest() != row["digest"]:
            what = f"{row['kind']} {row['key']}"
            says = f"the {what} with digest {row['digest'][:12]} is not the text that runs used."
            yield RecordProblem(kind="changed", what=what, says=says)


def _frameworks(db: Database) -> Iterator[RecordProblem]:
    for row in rows(db, "select id, key, digest, body from framework order by id"):
        what = f"framework {row['key']}"
        try:
            same = hashlib.sha256(canonical(json.loads(row["body"])).encode()).hexdigest() == row["digest"]
            framework = Framework.model_validate_json(row["body"])
        except ValueError:
            says = f"the {what} can no longer be read."
            yield RecordProblem(kind="changed", what=what, says=says)
            continue
        if not same:
            says = f"the {what} does not agree with its digest."
            yield RecordProblem(kind="changed", what=what, says=says)
        stored = {name: db.conn.execute(sql, [row["id"]]).fetchall() for name, sql in PARTS.items()}
        for name, wanted in _parts(framework).items():
            if stored[name] != wanted:
                says = f"the {name} of the {what} are not those that the framework names."
                yield RecordProblem(kind="changed", what=f"{name} of {what}", says=says)


PARTS = {
    "questions": "select key, title, title_cy from question where framework_id = ? order by position",
    "domains": "select q.key, d.key, d.title, d.title_cy, d.looks_for from domain d"
    " join question q on q.id = d.question_id where d.framework_id = ? order by d.position",
    "levels": "select q.key, v.of_domains, v.number, v.key, v.title, v.title_cy from level v"
    " join question q on q.id = v.question_id where q.framework_id = ?"
    " order by q.position, v.of_domains, v.number",
}
"""What the tables hold of a framework, in its order."""


def _parts(framework: Framework) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables should hold of a framework."""
    questions = framework.questions
    return {
        "questions": [(q.id, q.title["en"], q.title.get("cy")) for q in questions],
        "domains": [
            (q.id, d.id, d.title["en"], d.title.get("cy"), "; ".join(d.looks_for))
            for q in questions
            for d in q.domains
        ],
        "levels": [
            (q.id, of_domains, number, level.id, level.title["en"], level.title.get("cy"))
            for q in questions
            for of_domains, scale in ((0, q.scale), (1, q.levels_of_domains))
            for number, level in enumerate(scale, start=1)
        ],
    }
