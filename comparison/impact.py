"""What a changed rulebook would do: every review under the old rules and under the new, and what moves.

Every review of the framework is assessed twice on the evidence and the decisions there are now; nothing is
written, and no engine but the evaluator is asked. Cost is two assessments per review; reviews are shared out
over processes or a cluster (comparison.fanout), which changes no byte of the result.

What goes to another process or machine: the path of the working database, both rulebooks, and per review its
name and the levels that people decided. No evidence: workers read the file themselves, for reading only, and
refuse another file than the one meant. Measures made here and sent as numbers would be as safe. But making
them is half of the work at 3,000 items a review, and more with more items; done here, one after the other, it
would leave little to share out. A worker on another machine needs a copy of the file at the same path; not
a shared folder, as SQLite's log may not be read over a network.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from assessment.runs.run import decided_levels
from comparison.edits import (
    POLICY,
    RATINGS,
    Assessed,
    Cause,
    Key,
    cause_of,
    edits_of,
    outcomes_by_key,
)
from comparison.fanout import fan_out, fan_out_on_cluster
from comparison.moves import (
    AssessedTwice,
    CellMoved,
    CriterionSaid,
    CriterionWritten,
    Impact,
    LevelGiven,
    MoveCounted,
    NotAssessed,
    RatingMoved,
    ReviewNamed,
    RuleBehind,
    RulebookNamed,
    RuleCounted,
)
from evidence.measures.compute import compute_measures
from evidence.series import refuse_out_of_order
from programme.database import Database, last_event, one_state, open_for_reading, rows
from programme.reviews import Review, find_review, list_reviews
from rules.engine import check_facts, check_rules
from rules.errors import DatabaseUnusable, ReviewError, RunImpossible
from rules.evaluate import Evaluator
from rules.framework import Framework, in_language
from rules.inference import Fire, Rating, infer
from rules.loader import PolicySet
from rules.remedy import ListReviews, UpgradeDatabase
from rules.rule import Fact, Firing, Rule
from rules.rulebook import Criterion, Limit
from rules.sentences import Sentences
from rules.stored import stored_policy

Job = tuple[str, dict[str, int]]
"""The name of a review, and the levels people decided."""

# What tells one working database, and one state of it, from another.
EVENT = "select id, at, by, action, target from event where id = ?"


@dataclass(frozen=True)
class Shared:
    """What all reviews have in common: where they are read, up to which event, and the two rulebooks."""

    path: str
    event: int
    event_digest: str
    framework: str
    """As JSON, like both rulebooks."""
    old: str
    new: str


def rules_impact(
    db: Database,
    path: Path,
    old: PolicySet,
    new: PolicySet,
    *,
    workers: int = 1,
    cluster: str | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Impact:
    """Which ratings and grid positions move, and through which rule, if `new` takes the place of `old`.

    `db` is the working database at `path`; `workers` processes share the reviews, or the workers of the Dask
    scheduler at the address `cluster`. Raises RunImpossible where the two rulebooks are not of the same
    framework, or the database has another version of it or no review; WorkersFailed where processes or the
    cluster cannot do the work.
    """
    framework = _same_framework(old, new)
    reviews = [review for review in list_reviews(db) if review.framework.id == framework.id]
    if not reviews:
        raise RunImpossible(f"there is no review under {framework.id}", remedies=[ListReviews()])
    if reviews[0].framework_digest != old.framework_digest:
        raise RunImpossible(
            f"the framework {framework.id} differs between the database and the rulebooks' folder",
            remedies=[UpgradeDatabase()],
        )
    for policy in (old, new):
        for rules in policy.compiled.strata.values():
            check_rules(rules)
    shared, jobs = _shared_and_jobs(db, path, reviews, old, new)

    def step(done: int, total: int) -> None:
        progress(done, total, "reviews under both rulebooks")

    if cluster is None:
        found = fan_out(assess_under_both, shared, jobs, workers=workers, progress=step)
    else:
        found = fan_out_on_cluster(
            assess_under_both, shared, jobs, address=cluster, check=why_unreadable, progress=step
        )
    return _summed(framework, old, new, shared.event, reviews, found)


def _same_framework(old: PolicySet, new: PolicySet) -> Framework:
    if old.framework.id != new.framework.id:
        raise RunImpossible(
            f"the old rulebook is for {old.framework.id}, the new one for {new.framework.id}",
            hint="Give two rulebooks of the same framework.",
        )
    if old.framework_digest != new.framework_digest:
        raise RunImpossible(
            f"the two rulebooks belong to different versions of the framework {old.framework.id}",
            hint="Put both beside the same framework.yml.",
        )
    return old.framework


def _shared_and_jobs(
    db: Database, path: Path, reviews: Sequence[Review], old: PolicySet, new: PolicySet
) -> tuple[Shared, list[Job]]:
    """One state of the database: what is stored afterwards does not count."""
    with one_state(db):
        event = last_event(db)
        jobs = [(review.key, decided_levels(db, review)) for review in reviews]
        shared = Shared(
            str(path.resolve()),
            event,
            _event_digest(db, event),
            old.framework.model_dump_json(exclude_none=True),
            old.rulebook.model_dump_json(exclude_none=True),
            new.rulebook.model_dump_json(exclude_none=True),
        )
    return shared, jobs


# --- one review, wherever that is -----------------------------------------------------------------------


def why_unreadable(shared: Shared) -> str | None:
    """Why the database cannot be read here, or is not the one that is meant; None if it can."""
    try:
        _open(shared).conn.close()
    except DatabaseUnusable as error:
        return str(error.message)
    return None


def assess_under_both(shared: Shared, job: Job) -> AssessedTwice | NotAssessed:
    """What moves in one review, or why it could not be assessed.

    Opens the database for itself and changes nothing in it. Raises DatabaseUnusable.
    """
    key, decided = job
    ready = [_prepared(shared.framework, rulebook) for rulebook in (shared.old, shared.new)]
    books = [policy.rulebook.evidence_measures for policy, _ in ready]
    db = _open(shared)
    try:
        review = find_review(db, key)
        refuse_out_of_order(db, review, shared.event)
        measures = [
            compute_measures(db, review, book, shared.event)
            for book in (books if books[0] != books[1] else books[:1])
        ]
        old, new = (
            Assessed(policy, infer(policy.compiled, values, decided, fire))
            for (policy, fire), values in zip(ready, (measures[0], measures[-1]), strict=True)
        )
    except (ReviewError, sqlite3.DatabaseError) as error:
        return {"reason": str(error)}
    finally:
        db.conn.close()
    return {
        "moved": [
            _moved(old, new, one, other)
            for one, other in zip(old.inference.ratings, new.inference.ratings, strict=True)
            if (one.level, one.proposed) != (other.level, other.proposed)
        ],
        "cell": [old.inference.cell, new.inference.cell],
        "ratings": sum(
            one.level is not None or other.level is not None
            for one, other in zip(old.inference.ratings, new.inference.ratings, strict=True)
        ),
    }


def _open(shared: Shared) -> Database:
    db = open_for_reading(Path(shared.path))
    if _event_digest(db, shared.event) != shared.event_digest:
        db.conn.close()
        raise DatabaseUnusable(
            f"{shared.path} is another database here, or an older copy: event {shared.event} is not the same",
            hint="Make a copy of the current database available here.",
        )
    return db


def _event_digest(db: Database, event: int) -> str:
    return hashlib.sha256(json.dumps(rows(db, EVENT, [event]), sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=4)
def _prepared(framework: str, rulebook: str) -> tuple[PolicySet, Fire]:
    """A rulebook ready to be applied many times: making it ready costs as much as applying it."""
    policy = stored_policy(framework, rulebook)
    evaluators = {id(rules): Evaluator(rules) for rules in policy.compiled.strata.values()}

    def fire(rules: Sequence[Rule], facts: Sequence[Fact]) -> list[Firing]:
        check_facts(facts, rules)
        return evaluators[id(rules)].fire(facts)

    return policy, fire


def _moved(old: Assessed, new: Assessed, one: Rating, other: Rating) -> RatingMoved:
    framework, target = old.policy.framework, one.target
    held = one.level == other.level
    cause = cause_of(target, old, new)
    question = framework.question_of[target]
    domains = [
        domain.id
        for domain in question.domains
        if RATINGS in cause.edits and old.levels.get(domain.id) != new.levels.get(domain.id)
    ]
    return {
        "target": target,
        "title": framework.title_of(target),
        "kind": one.kind,
        "held": held,
        "direction": _direction(one.proposed, other.proposed) if held else _direction(one.level, other.level),
        "before": _level(framework, one),
        "after": _level(framework, other),
        "together": cause.together,
        "domains": domains,
        "rules": _rules(target, old, new, cause),
    }


def _direction(before: int | None, after: int | None) -> str:
    if before is None or after is None:
        return "unrated" if after is None else "rated"
    return "up" if after > before else "down"


def _level(framework: Framework, rating: Rating) -> LevelGiven:
    def title(number: int | None) -> str | None:
        return None if number is None else in_language(framework.level(rating.target, number).title)

    return {
        "status": rating.status,
        "level": rating.level,
        "level_id": rating.level_id,
        "level_title": title(rating.level),
        "proposed_title": title(rating.proposed),
    }


def _rules(target: str, old: Assessed, new: Assessed, cause: Cause) -> list[RuleBehind]:
    """What is behind a move, in the words and figures of this review."""
    found: list[RuleBehind] = []
    for key in (*(edit for edit in cause.edits if edit != RATINGS), *cause.followed):
        before, after = (_said(side, target, key) for side in (old, new))
        found.append(
            {
                "rule": ".".join(part for part in (target, *key) if part),
                "where": (new if after else old).policy.rulebook.block_of(old.policy.framework, target),
                "part": key[0],
                "criterion": key[1],
                "change": "same" if key in cause.followed else _change(before, after),
                "before": before,
                "after": after,
            }
        )
    return found


def _said(side: Assessed, target: str, key: Key) -> CriterionSaid | None:
    """What came of one criterion under one rulebook; None where it has no such criterion."""
    if key == POLICY:
        return {
            "needed": _how(side.policy, target),
            "statement": None,
            "measure": None,
            "value": None,
            "met": None,
            "no_better_than": None,
        }
    outcome = outcomes_by_key(side, target).get(key)
    if outcome is None:
        return None
    said = Sentences(side.policy).outcome(target, outcome)
    return {
        "needed": said.needed,
        "statement": said.statement,
        "measure": said.measure,
        "value": said.value,
        "met": said.met,
        "no_better_than": said.no_better_than,
    }


def _change(before: object, after: object) -> str:
    return "added" if before is None else "removed" if after is None else "changed"


def _how(policy: PolicySet, target: str) -> str:
    rules = policy.rulebook.rules_of(policy.framework, target)
    return "a moderator decides" if rules.propose == "people" else rules.policy.value


# --- all reviews together ---------------------------------------------------------------------------------


def _summed(
    framework: Framework,
    old: PolicySet,
    new: PolicySet,
    event: int,
    reviews: Sequence[Review],
    found: Sequence[AssessedTwice | NotAssessed],
) -> Impact:
    called: list[ReviewNamed] = [{"review": review.key, "authority": review.authority} for review in reviews]
    assessed = [(who, one) for who, one in zip(called, found, strict=True) if "reason" not in one]
    moves = [(who, move) for who, one in assessed for move in one["moved"]]
    counting = [(who, move) for who, move in moves if not move["held"]]
    cells: list[CellMoved] = [
        {**who, "before": before, "after": after}
        for who, one in assessed
        for before, after in [[_cell_titles(framework, cell) for cell in one["cell"]]]
        if before != after
    ]
    directions = [move["direction"] for _, move in counting]
    return {
        "framework": {"id": framework.id, "title": in_language(framework.title)},
        "old": _named(old),
        "new": _named(new),
        "event": event,
        "reviews": len(reviews),
        "assessed": len(assessed),
        "ratings": sum(one["ratings"] for _, one in assessed),
        "moved": {
            "up": directions.count("up"),
            "down": directions.count("down"),
            "rated": directions.count("rated"),
            "unrated": directions.count("unrated"),
            "held": len(moves) - len(counting),
            "reviews": len({who["review"] for who, _ in counting}),
            "cells": len(cells),
        },
        "rules": _by_rule(old, new, counting),
        "moves": _by_move(framework, counting),
        "cells": cells,
        "by_review": [{**who, "moved": one["moved"]} for who, one in assessed if one["moved"]],
        "not_assessed": [
            {**who, "reason": one["reason"]}
            for who, one in zip(called, found, strict=True)
            if "reason" in one
        ],
    }


def _named(policy: PolicySet) -> RulebookNamed:
    book = policy.rulebook
    title = in_language(book.title)
    return {"id": book.id, "version": book.version, "title": title, "digest": policy.rulebook_digest}


def _cell_titles(framework: Framework, cell: Sequence[str] | None) -> list[str] | None:
    if cell is None:
        return None
    return [
        in_language(framework.level(question.id, framework.level_number(question.id, level)).title)
        for question, level in zip(framework.questions, cell, strict=True)
    ]


UNRATED = "no rating"
Moves = Sequence[tuple[ReviewNamed, RatingMoved]]


def _by_rule(old: PolicySet, new: PolicySet, moves: Moves) -> list[RuleCounted]:
    """A row per difference between the rulebooks, in the order of how many ratings it moves."""
    found: dict[tuple[str, Key], RuleCounted] = {}
    reviews: dict[tuple[str, Key], set[str]] = {}
    for target in old.framework.question_of:
        for key in edits_of(old, new, target):
            before, after = (_as_written(policy, target, key) for policy in (old, new))
            block = (new if after else old).rulebook.block_of(old.framework, target)
            found.setdefault(
                (block, key),
                {
                    "where": block,
                    "part": key[0],
                    "criterion": key[1],
                    "change": _change(before, after),
                    "before": before,
                    "after": after,
                    "ratings": 0,
                    "alone": 0,
                    "reviews": 0,
                    "targets": {},
                },
            )
    for who, move in moves:
        for rule in move["rules"]:
            if rule["change"] == "same":
                continue
            name = rule["where"], (rule["part"], rule["criterion"])
            row = found[name]
            row["ratings"] += 1
            row["alone"] += not move["together"]
            reviews.setdefault(name, set()).add(who["review"])
            row["targets"][move["target"]] = row["targets"].get(move["target"], 0) + 1
    for name, where in reviews.items():
        found[name]["reviews"] = len(where)
    return sorted(
        found.values(), key=lambda row: (-row["ratings"], row["where"], row["part"], row["criterion"])
    )


def _as_written(policy: PolicySet, target: str, key: Key) -> CriterionWritten | None:
    """A criterion as its rulebook has it, without any review's figures."""
    if key == POLICY:
        return {"test": _how(policy, target), "measure": None, "no_better_than": None}
    for part, criterion in policy.rulebook.rules_of(policy.framework, target).criteria():
        if (part, criterion.id) == key:
            return {
                "test": _test(policy, target, criterion),
                "measure": criterion.measure,
                "no_better_than": criterion.no_better_than if isinstance(criterion, Limit) else None,
            }
    return None


def _test(policy: PolicySet, target: str, criterion: Criterion) -> str:
    """What a criterion asks for, in words."""
    missing = ", met if missing" if criterion.when_missing == "met" else ""
    return Sentences(policy).asked(target, criterion) + missing


def _by_move(framework: Framework, moves: Moves) -> list[MoveCounted]:
    found: dict[tuple[str, str, str], MoveCounted] = {}
    for who, move in moves:
        before, after = (side["level_title"] or UNRATED for side in (move["before"], move["after"]))
        row = found.setdefault(
            (move["target"], before, after),
            {
                "target": move["target"],
                "title": move["title"],
                "kind": move["kind"],
                "from": before,
                "to": after,
                "direction": move["direction"],
                "reviews": [],
            },
        )
        row["reviews"].append(who["review"])
    order = {target: number for number, target in enumerate(framework.question_of)}
    return sorted(found.values(), key=lambda row: (order[row["target"]], row["from"], row["to"]))
