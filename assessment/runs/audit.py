"""The whole record checked, with the frameworks and rulebooks that runs used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assessment.runs.result import canonical
from programme.check import RecordCheck, check_record
from programme.corrections import check_corrections
from programme.database import Database, Migrations, rows
from programme.erasures import check_erasures
from programme.problems import RecordProblem
from programme.progress import Progress, no_progress
from rules.framework import Framework


def audit_programme(
    db: Database,
    *,
    upgrades: Sequence[Migrations] = (),
    lodged: str = "",
    progress: Progress = no_progress,
) -> RecordCheck:
    """Check the record (see `programme.check`), and every framework and rulebook against its digest.

    With `upgrades`, the schema of the file as well.
    """
    also = {
        "rulebooks and frameworks of runs": _policies,
        "frameworks": _frameworks,
        "erasures": check_erasures,
        "corrections": check_corrections,
    }
    return check_record(db, upgrades=upgrades, lodged=lodged, also=also, progress=progress)


def _policies(db: Database) -> Iterator[RecordProblem]:
    """The texts that runs used: each is there, is what its digest says, and is one that a run used."""
    used: dict[str, dict[str, int]] = {"framework": {}, "rulebook": {}}
    for run in rows(db, "select id, framework_digest, rulebook_digest from run order by id"):
        for kind, runs in used.items():
            runs.setdefault(run[f"{kind}_digest"], run["id"])
    there = set()
    for row in rows(db, "select digest, kind, key, version, body from policy_text order by digest"):
        what = f"{row['kind']} {row['key']}"
        there.add((row["kind"], row["digest"]))
        name = f"the {what} with digest {str(row['digest'])[:12]}"
        if _digest(row["body"]) != row["digest"]:
            yield RecordProblem(kind="changed", what=what, says=f"{name} is not the text that runs used.")
        elif row["digest"] not in used.get(row["kind"], {}):
            says = f"{name} was inserted by hand, or is of another kind: no run used it as a {row['kind']}."
            yield RecordProblem(kind="inserted", what=what, says=says)
        elif _named(row) != (row["key"], row["version"]):
            says = f"{name} was given another name or version than it has in its text."
            yield RecordProblem(kind="changed", what=what, says=says)
    for kind, runs in used.items():
        for digest, number in runs.items():
            if (kind, digest) not in there:
                what = f"{kind} of run {number}"
                says = f"the {what}, with digest {str(digest)[:12]}, is missing."
                yield RecordProblem(kind="missing", what=what, says=says)


def _digest(text: object) -> str:
    return hashlib.sha256(str(text).encode("utf-8", "surrogateescape")).hexdigest()


def _named(row: Mapping[str, Any]) -> tuple[str, str]:
    """The name and version that a text has in itself; a framework has no version."""
    body = json.loads(row["body"])
    return body["id"], body["version"] if row["kind"] == "rulebook" else ""


def _frameworks(db: Database) -> Iterator[RecordProblem]:
    for row in rows(db, "select id, key, title, title_cy, digest, body from framework order by id"):
        what = f"framework {row['key']}"
        try:
            same = hashlib.sha256(canonical(json.loads(row["body"])).encode()).hexdigest() == row["digest"]
            framework = Framework.model_validate_json(row["body"])
        except (RecursionError, TypeError, ValueError):
            yield RecordProblem(kind="changed", what=what, says=f"the {what} can no longer be read.")
            continue
        if not same:
            yield RecordProblem(kind="changed", what=what, says=f"the {what} does not agree with its digest.")
        names = (framework.id, framework.title["en"], framework.title.get("cy"))
        if names != (row["key"], row["title"], row["title_cy"]):
            says = f"the name or title of the {what} is not that of its text."
            yield RecordProblem(kind="changed", what=f"title of {what}", says=says)
        stored = {name: db.conn.execute(sql, [row["id"]]).fetchall() for name, sql in PARTS.items()}
        for name, wanted in _parts(framework).items():
            if stored[name] != wanted:
                says = f"the {name} of the {what} are not those that the framework names."
                yield RecordProblem(kind="changed", what=f"{name} of {what}", says=says)


PARTS = {
    "questions": "select key, title, title_cy, position from question where framework_id = ?"
    " order by position",
    "domains": "select q.key, d.key, d.title, d.title_cy, d.looks_for, d.position from domain d"
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
        "questions": [
            (q.id, q.title["en"], q.title.get("cy"), axis) for axis, q in enumerate(questions, start=1)
        ],
        "domains": [
            (q.id, d.id, d.title["en"], d.title.get("cy"), "; ".join(d.looks_for), position)
            for position, (q, d) in enumerate(((q, d) for q in questions for d in q.domains), start=1)
        ],
        "levels": [
            (q.id, of_domains, number, level.id, level.title["en"], level.title.get("cy"))
            for q in questions
            for of_domains, scale in ((0, q.scale), (1, q.levels_of_domains))
            for number, level in enumerate(scale, start=1)
        ],
    }
