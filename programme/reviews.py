"""Frameworks and reviews in the working database, and finding them by name."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from programme.actions import ProgrammeAction
from programme.calendar import day_words
from programme.database import (
    PROGRAM,
    Act,
    Clock,
    Database,
    add_event,
    insert,
    last_event,
    one,
    rows,
    system_clock,
    transaction,
)
from rules.errors import EvidenceInvalid, UnknownName
from rules.framework import Framework
from rules.loader import PolicySet, digest_of
from rules.stored import stored_framework


@dataclass(frozen=True)
class Review:
    """One review: its number and name, the authority, the framework and the evidence window."""

    id: int
    key: str
    authority: str
    framework: Framework
    framework_id: int
    framework_digest: str
    window_from: str | None
    window_to: str | None
    note: str


def store_frameworks(
    db: Database, policies: Sequence[PolicySet], *, clock: Clock = system_clock
) -> list[str]:
    """Put the frameworks into the database, or bring them up to date; returns the keys that changed.

    Domains and levels already there are kept and renamed: tags and runs refer to them. In a file in use this
    is an event, which names the digests. Raises EvidenceInvalid when a domain that evidence is tagged to is
    there no longer.
    """
    with transaction(db):
        before = dict(db.execute("select key, digest from framework").fetchall())
        changed = [policy.framework.id for policy in policies if _store_framework(db, policy.framework)]
        if changed and last_event(db):
            after = dict(db.execute("select key, digest from framework").fetchall())
            add_event(
                db,
                Act(ProgrammeAction.STORE_FRAMEWORKS, PROGRAM, clock(), target=", ".join(changed)),
                before={key: before.get(key) for key in changed},
                after={key: after[key] for key in changed},
            )
    return changed


def _store_framework(db: Database, framework: Framework) -> bool:
    digest = digest_of(framework)
    if one(db, "select digest from framework where key = ?", [framework.id]) == digest:
        return False
    body = json.dumps(framework.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    db.conn.execute(
        "insert into framework (key, title, title_cy, digest, body) values (?, ?, ?, ?, ?)"
        " on conflict (key) do update set title = excluded.title, title_cy = excluded.title_cy,"
        " digest = excluded.digest, body = excluded.body",
        [framework.id, framework.title["en"], framework.title.get("cy"), digest, body],
    )
    framework_id = one(db, "select id from framework where key = ?", [framework.id])
    _refuse_lost_domains(db, framework, framework_id)
    position = 0
    for axis, question in enumerate(framework.questions, start=1):
        db.conn.execute(
            "insert into question (framework_id, key, title, title_cy, position) values (?, ?, ?, ?, ?)"
            " on conflict (framework_id, key) do update set title = excluded.title,"
            " title_cy = excluded.title_cy, position = excluded.position",
            [framework_id, question.id, question.title["en"], question.title.get("cy"), axis],
        )
        question_id = one(
            db, "select id from question where framework_id = ? and key = ?", [framework_id, question.id]
        )
        for of_domains, scale in ((0, question.scale), (1, question.levels_of_domains)):
            db.conn.executemany(
                "insert into level (question_id, of_domains, number, key, title, title_cy)"
                " values (?, ?, ?, ?, ?, ?)"
                " on conflict (question_id, of_domains, number) do update set key = excluded.key,"
                " title = excluded.title, title_cy = excluded.title_cy",
                [
                    (question_id, of_domains, number, level.id, level.title["en"], level.title.get("cy"))
                    for number, level in enumerate(scale, start=1)
                ],
            )
            db.conn.execute(
                "delete from level where question_id = ? and of_domains = ? and number > ?",
                [question_id, of_domains, len(scale)],
            )
        for domain in question.domains:
            position += 1
            db.conn.execute(
                "insert into domain (framework_id, question_id, key, title, title_cy, looks_for, position)"
                " values (?, ?, ?, ?, ?, ?, ?)"
                " on conflict (framework_id, key) do update set question_id = excluded.question_id,"
                " title = excluded.title, title_cy = excluded.title_cy,"
                " looks_for = excluded.looks_for, position = excluded.position",
                [
                    framework_id,
                    question_id,
                    domain.id,
                    domain.title["en"],
                    domain.title.get("cy"),
                    "; ".join(domain.looks_for),
                    position,
                ],
            )
    return True


def _refuse_lost_domains(db: Database, framework: Framework, framework_id: int) -> None:
    kept = set(framework.domains)
    for row in rows(
        db,
        "select d.id, d.key, exists (select 1 from tag where domain_id = d.id)"
        " or exists (select 1 from coding_domain where domain_id = d.id) as used"
        " from domain d where d.framework_id = ?",
        [framework_id],
    ):
        if row["key"] not in kept:
            if row["used"]:
                raise EvidenceInvalid(
                    f"the framework {framework.id} no longer has the domain {row['key']!r}, "
                    "but evidence is tagged to it",
                    hint="Give the changed framework a new id; existing reviews keep the old one.",
                )
            db.conn.execute("delete from domain where id = ?", [row["id"]])


def create_review(
    db: Database,
    key: str,
    authority: str,
    framework_key: str,
    *,
    window_from: date | None,
    window_to: date | None,
    note: str = "",
    by: str,
    at: datetime,
) -> Review:
    """A new review; raises EvidenceInvalid when the name is taken or the window is upside down."""
    framework_id = one(db, "select id from framework where key = ?", [framework_key])
    if framework_id is None:
        names = [row["key"] for row in rows(db, "select key from framework")]
        raise UnknownName("framework", framework_key, names)
    if not key or not all(part.isalnum() for part in key.split("-")) or key != key.lower() or key.isdigit():
        raise EvidenceInvalid(
            f"{key!r} cannot name a review",
            hint="Use lower-case letters, digits and hyphens, not digits alone, e.g. wales-2004-08.",
        )
    if not authority.strip():
        raise EvidenceInvalid("the authority's name is empty")
    refuse_window(window_from, window_to)
    with transaction(db):
        if one(db, "select 1 from review where key = ?", [key]):
            raise EvidenceInvalid(f"there is already a review {key!r}", hint="Choose another name.")
        said = {
            "authority": authority.strip(),
            "window_from": window_from and window_from.isoformat(),
            "window_to": window_to and window_to.isoformat(),
            "note": note,
        }
        framework = one(db, "select digest from framework where id = ?", [framework_id])
        act = Act(ProgrammeAction.CREATE_REVIEW, by, at, target=key)
        event = add_event(db, act, after={**said, "framework": framework_key, "framework_digest": framework})
        insert(db, "review", {"key": key, "framework_id": framework_id, **said, "added_event": event})
    return find_review(db, key)


def refuse_window(first: date | None, last: date | None) -> None:
    """Raise EvidenceInvalid for an evidence window that ends before it begins."""
    if first and last and first > last:
        begins, ends = (day_words(day.isoformat()) for day in (first, last))
        raise EvidenceInvalid(f"the evidence window ends ({ends}) before it begins ({begins})")


REVIEW = """
select r.id, r.key, r.authority, r.window_from, r.window_to, r.note,
  f.id as framework_id, f.digest as framework_digest, f.body
from review r join framework f on f.id = r.framework_id
"""


def find_review(db: Database, key: str) -> Review:
    """The review with this name (or, if none has it, this number); raises UnknownName."""
    found = rows(
        db,
        REVIEW + " where r.key = :key or cast(r.id as text) = :key order by r.key = :key desc",
        {"key": key},
    )
    if not found:
        names = [row["key"] for row in rows(db, "select key from review")]
        raise UnknownName("review", key, names)
    return _as_review(found[0])


def list_reviews(db: Database, only: Collection[str] | None = None) -> list[Review]:
    """All reviews, or those named in `only`, in the order of their names."""
    named = None if only is None else json.dumps(sorted(only))
    return [_as_review(row) for row in rows(db, REVIEW + NAMED, {"only": named})]


NAMED = " where :only is null or r.key in (select value from json_each(:only)) order by r.key"


def _as_review(row: dict[str, object]) -> Review:
    framework = stored_framework(str(row.pop("body")))
    return Review(framework=framework, **row)  # type: ignore[arg-type]


def domain_ids(db: Database, review: Review) -> dict[str, int]:
    """The row number of every domain of the review's framework, by domain id."""
    found = rows(db, "select key, id from domain where framework_id = ?", [review.framework_id])
    return {row["key"]: row["id"] for row in found}
