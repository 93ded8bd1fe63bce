"""The challenge register: challenges, replies, outcomes, and what came of them. Rows are never changed.

A challenge is to a rating (of a domain, a question or the cell), or to a rule, measure, item or tag behind
one. While it is open, no rating that rests on what it is about can be accepted, nor an override approved:

- to a rating: that rating, the question it belongs to, and the cell;
- to a rule or measure: the rating of the domain or question it is a rule or measure of, and all above it;
- to a tag: the rating of its domain, and all above it, as long as the run looked at counts the tag;
- to an item: the same for every domain that the run counts it in. An item withdrawn before a run is behind
  none of its ratings.

What was accepted before the challenge came stays accepted, but is not settled while it is open
(see `assessment.decisions.decide.decision_states`).

Who closes a challenge says what was changed because of it; each change must stand in the record, made after
the challenge was raised. Its effect shows in the first run after these changes, beside the run that was
challenged.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, TypeVar

from assessment.actions import AssessmentAction
from assessment.decisions.effects import Effect, changes_since, is_rated, rating_title
from assessment.decisions.schema import CHALLENGED, GROUNDS, OUTCOMES
from assessment.reasons.grid import CELL
from assessment.reasons.rule import find_rules
from assessment.runs.recorded import latest_of, latest_run
from assessment.runs.run import Run, load_run
from evidence.at_event import counted_at
from evidence.items import find_item, item_number
from programme.database import Act, Database, add_event, insert, one, rows, rows_as, transaction
from programme.names import check_person, check_words, same_person
from programme.reviews import Review, find_review, list_reviews
from rules.errors import DecisionRefused, UnknownName
from rules.framework import Framework
from rules.remedy import LeaveOut, Part, RaiseChallenge

CHALLENGES = f"""
select c.id as number, v.key as review, c.kind, c.target, c.rating, c.evidence_id as item, c.ground, c.text,
  c.by, e.at, c.on_run_id as run, o.id as outcome_id, o.outcome, o.because, o.by as closed_by,
  oe.at as closed_at, {latest_of("c.review_id")} as latest,
  -- The first run that counts what was changed because of it, or what happened up to its outcome.
  case when o.id is not null then (
    select min(r.id) from run r where r.review_id = c.review_id and r.evidence_event >= coalesce(
      (select max(event) from challenge_effect where outcome_id = o.id), o.added_event)) end as next_run
from challenge c join review v on v.id = c.review_id join event e on e.id = c.added_event
left join challenge_outcome o on o.challenge_id = c.id left join event oe on oe.id = o.added_event
where (:review is null or c.review_id = :review)
  and (:numbers is null or c.id in (select value from json_each(:numbers)))
  and (:open is null or (o.id is null) = :open)
order by c.id
"""
STORED = """
select c.id, c.review_id, c.by, c.added_event, o.outcome, o.by as closed_by
from challenge c left join challenge_outcome o on o.challenge_id = c.id where c.id = ?
"""
REPLIES = """
select p.challenge_id, p.text, p.by, e.at from challenge_reply p join event e on e.id = p.added_event
where p.challenge_id in (select value from json_each(?)) order by p.id
"""
CHANGED = """
select outcome_id, kind, what, event from challenge_effect
where outcome_id in (select value from json_each(?)) order by id
"""
# The domains that runs count the items in which challenges are to: of each [number of the challenge, run].
COUNTED_IN = f"""
select c.id, d.key from json_each(?) j
join challenge c on c.id = json_extract(j.value, '$[0]')
join run r on r.id = json_extract(j.value, '$[1]')
join evidence e on e.id = c.evidence_id and e.review_id = r.review_id
  and {counted_at("e", "r.evidence_event")}
join tag t on t.evidence_id = e.id and {counted_at("t", "r.evidence_event")}
join domain d on d.id = t.domain_id
order by c.id, d.position
"""
# The open challenges of a review, each with the domains that runs count its item in, one a row.
OPEN = f"""
select c.id as number, c.rating, c.evidence_id as item, r.id as run, d.key as counted
from challenge c
left join run r on r.id in (select value from json_each(:runs)) and c.evidence_id is not null
left join evidence e on e.id = c.evidence_id and e.review_id = r.review_id
  and {counted_at("e", "r.evidence_event")}
left join tag t on t.evidence_id = e.id and {counted_at("t", "r.evidence_event")}
left join domain d on d.id = t.domain_id
where c.review_id = :review
  and not exists (select 1 from challenge_outcome o where o.challenge_id = c.id)
order by c.id, d.position
"""
# The ratings that are otherwise in a later run than in an earlier one: of each [challenge, earlier, later].
MOVED = """
select json_extract(j.value, '$[0]') as number, a.target, a.title,
  coalesce(b.level_title, b.status) as before, coalesce(a.level_title, a.status) as after
from json_each(?) j
join rating a on a.run_id = json_extract(j.value, '$[2]')
join rating b on b.run_id = json_extract(j.value, '$[1]') and b.target = a.target
where a.level is not b.level or a.status <> b.status
order by number, a.position
"""


@dataclass(frozen=True)
class Challenged:
    """What a challenge is to."""

    kind: str
    target: str
    """Its name as recorded, e.g. carers, carers.strengths_share, E12, E12:carers."""
    rating: str | None
    """The domain, question or cell concerned; None for an item."""
    item: int | None
    run: int | None
    """The review's latest run, which was looked at."""


class Reply(TypedDict):
    """A reply to a challenge."""

    text: str
    by: str
    at: str


class Outcome(TypedDict):
    """How a challenge ended."""

    outcome: str
    because: str
    by: str
    at: str
    changed: list[Effect]


class Moved(TypedDict):
    """A rating that is otherwise in a later run."""

    target: str
    title: str
    before: str
    after: str


class Raised(TypedDict):
    """A challenge as it was raised."""

    number: int
    review: str
    kind: str
    target: str
    rating: str | None
    item: int | None
    ground: str
    text: str
    by: str
    at: str
    run: int | None


class Challenge(Raised):
    """A challenge with its replies, its outcome (`state`: that, or open) and what came of it."""

    state: str
    replies: list[Reply]
    outcome: Outcome | None
    blocks: list[str]
    """The ratings that cannot be accepted on the latest run while it is open."""
    next_run: int | None
    """The first run after the changes (or after the outcome, without any)."""
    moved: list[Moved]
    """The ratings that are otherwise in `next_run` than in the run challenged."""


class _Stored(TypedDict):
    id: int
    review_id: int
    by: str
    added_event: int
    outcome: str | None
    closed_by: str


class _Row(Raised):
    outcome_id: int | None
    outcome: str | None
    because: str
    closed_by: str
    closed_at: str
    latest: int | None
    next_run: int | None


class _ReplyRow(Reply):
    challenge_id: int


class _EffectRow(Effect):
    outcome_id: int


class _MovedRow(Moved):
    number: int


class _OpenRow(TypedDict):
    number: int
    rating: str | None
    item: int | None
    run: int | None
    counted: str | None


Key = TypeVar("Key")
Entry = TypeVar("Entry")


def raise_challenge(
    db: Database, review: Review, kind: str, target: str, *, ground: str, text: str, by: str, at: datetime
) -> Challenge:
    """Record a challenge; returns it as `show_challenge` does.

    `kind` is rating (with a domain, a question or 'cell'), rule (its id), measure ('carers.strengths_share'),
    item ('E12') or tag ('E12:carers'). Raises UnknownName or EvidenceInvalid for what is not there,
    RunImpossible where there is no run to challenge a rating, rule or measure of, and DecisionRefused.
    """
    if kind not in CHALLENGED:
        raise UnknownName("kind of challenge", kind, CHALLENGED)
    if ground not in GROUNDS:
        raise UnknownName("ground of a challenge", ground, GROUNDS)
    by, text = check_person(by, "a challenge"), check_words(text, "a challenge", Part.TEXT)
    with transaction(db):
        what = _find(db, review, kind, target)
        act = Act(AssessmentAction.CHALLENGE, by, at, review.id, target=what.target, because=text)
        event = add_event(
            db, act, detail={"kind": kind, "ground": ground, "run": what.run}, after={"challenge": "open"}
        )
        number = insert(
            db,
            "challenge",
            {
                "review_id": review.id,
                "kind": kind,
                "target": what.target,
                "rating": what.rating,
                "evidence_id": what.item,
                "ground": ground,
                "text": text,
                "by": by,
                "on_run_id": what.run,
                "added_event": event,
            },
        )
    return show_challenge(db, number)


def _find(db: Database, review: Review, kind: str, target: str) -> Challenged:
    """What is challenged, looked up."""
    latest = latest_run(db, review)
    if kind == "item":
        number = item_number(target)
        find_item(db, review, number)
        return Challenged(kind, f"E{number}", None, number, latest)
    if kind == "tag":
        name, _, domain = target.partition(":")
        number = item_number(name)
        tags = [tag["domain"] for tag in find_item(db, review, number)["tags"] if not tag["withdrawn"]]
        if domain not in tags:
            raise UnknownName(f"tag of E{number} to", domain, tags)
        return Challenged(kind, f"E{number}:{domain}", domain, number, latest)
    run = load_run(db, review)
    if kind == "rating":
        check_rated(run.policy.framework, target)
        return Challenged(kind, target, target, None, run.id)
    if kind == "rule":
        rules = run.policy.compiled
        meaning = rules.meaning.get(find_rules(rules, target)[0][1].id)
        return Challenged(kind, target, meaning.target if meaning else CELL, None, run.id)
    rated, _, measure = target.partition(".")
    _check_measure(run, rated, measure)
    return Challenged(kind, target, rated, None, run.id)


def check_rated(framework: Framework, target: str) -> None:
    """Raise UnknownName unless `target` is a domain, a question or the cell."""
    if target != CELL and target not in framework.question_of:
        raise UnknownName("domain or question", target, [*framework.question_of, CELL])


def _check_measure(run: Run, rated: str, measure: str) -> None:
    known = run.result.measures
    if rated not in known or measure not in known[rated]:
        names = [f"{rated}.{name}" for name in known.get(rated, {})] or list(known)
        raise UnknownName("measure", f"{rated}.{measure}".rstrip("."), names)


def reply_to_challenge(db: Database, number: int, *, text: str, by: str, at: datetime) -> Challenge:
    """Add a reply to an open challenge; returns the challenge."""
    by, text = check_person(by, "a reply"), check_words(text, "a reply", Part.TEXT)
    with transaction(db):
        found = _open(db, number)
        act = Act(AssessmentAction.REPLY, by, at, found["review_id"], target=f"challenge {number}")
        event = add_event(db, act, after={"reply": text})
        insert(db, "challenge_reply", {"challenge_id": number, "text": text, "by": by, "added_event": event})
    return show_challenge(db, number)


def close_challenge(
    db: Database,
    number: int,
    outcome: str,
    *,
    because: str,
    changed: Sequence[str] = (),
    by: str,
    at: datetime,
) -> Challenge:
    """Close a challenge with its outcome and its effect; returns the challenge.

    `changed` names what was changed because of it: an item ('E12', also for its tags), a domain, question or
    'cell' that was decided, or 'rulebook'. What is named must have changed since the challenge was raised.
    Nothing named: nothing was changed, and `because` says why. Only who raised a challenge withdraws it.
    """
    if outcome not in OUTCOMES:
        raise UnknownName("outcome of a challenge", outcome, OUTCOMES)
    by, because = check_person(by, "an outcome"), check_words(because, "an outcome")
    with transaction(db):
        found = _open(db, number)
        if outcome == "withdrawn" and not same_person(by, found["by"]):
            raise DecisionRefused(
                f"challenge {number} was raised by {found['by']}; only they can withdraw it",
                hint="Close it as upheld, partly upheld or not upheld.",
            )
        effects = list(_effects(db, found, changed))
        act = Act(
            AssessmentAction.CLOSE_CHALLENGE,
            by,
            at,
            found["review_id"],
            target=f"challenge {number}",
            because=because,
        )
        event = add_event(
            db,
            act,
            detail={"changed": [effect["what"] for effect in effects]},
            before={"challenge": "open"},
            after={"challenge": outcome},
        )
        row = {"challenge_id": number, "outcome": outcome, "because": because, "by": by, "added_event": event}
        outcome_id = insert(db, "challenge_outcome", row)
        for effect in effects:
            insert(db, "challenge_effect", {"outcome_id": outcome_id, **effect})
    return show_challenge(db, number)


def _open(db: Database, number: int) -> _Stored:
    """The row of an open challenge; raises UnknownName or DecisionRefused."""
    found = rows_as(_Stored, db, STORED, [number])
    if not found:
        known = rows(db, "select id from challenge order by id desc limit 20")
        raise UnknownName("challenge", str(number), [str(row["id"]) for row in known])
    if found[0]["outcome"]:
        raise DecisionRefused(
            f"challenge {number} was closed by {found[0]['closed_by']}: {found[0]['outcome']}",
            hint="Raise a new challenge if there is more to say.",
            remedies=[RaiseChallenge(_review_of(db, found[0]["review_id"]).key)],
        )
    return found[0]


def _effects(db: Database, challenge: _Stored, changed: Iterable[str]) -> Iterable[Effect]:
    """The changes that the names stand for, each with the event that made it."""
    review = _review_of(db, challenge["review_id"])
    for name in dict.fromkeys(changed):
        if name == "rulebook":
            yield {"kind": "rulebook", "what": "rulebook changed", "event": None}
            continue
        found = changes_since(db, review, name, challenge["added_event"])
        if not found:
            what = rating_title(review.framework, name) if is_rated(review, name) else name
            raise DecisionRefused(
                f"nothing about {what} has changed since challenge {challenge['id']} was raised",
                hint="Make the change first; or close the challenge without naming a change.",
                remedies=[LeaveOut(Part.CHANGED)],
            )
        yield from found


def _review_of(db: Database, review_id: int) -> Review:
    return find_review(db, one(db, "select key from review where id = ?", [review_id]))


def show_challenge(db: Database, number: int) -> Challenge:
    """A challenge with its replies, its outcome and what came of it; raises UnknownName.

    Other changes may have moved its ratings too: `joint-review diff` says which change moved what.
    """
    found = show_challenges(db, [number])
    if not found:
        known = rows(db, "select id from challenge order by id desc limit 20")
        raise UnknownName("challenge", str(number), [str(row["id"]) for row in known])
    return found[0]


def show_challenges(db: Database, numbers: Sequence[int]) -> list[Challenge]:
    """The challenges of these numbers, in their order, as `show_challenge` shows them; those there are."""
    asked = {"review": None, "numbers": json.dumps(list(numbers)), "open": None}
    found = {shown["number"]: shown for shown in _shown(db, rows_as(_Row, db, CHALLENGES, asked))}
    return [found[number] for number in numbers if number in found]


def list_challenges(
    db: Database,
    review: Review | None = None,
    *,
    only_open: bool = False,
    only: Collection[str] | None = None,
) -> list[Challenge]:
    """The challenges of a review, or of all (of those named in `only`, if given), as `show_challenge` shows.

    A few statements, however many there are.
    """
    asked = {"review": review and review.id, "numbers": None, "open": 1 if only_open else None}
    found = [row for row in rows_as(_Row, db, CHALLENGES, asked) if only is None or row["review"] in only]
    return _shown(db, found)


def _shown(db: Database, found: Sequence[_Row]) -> list[Challenge]:
    """Rows of `CHALLENGES` with what belongs to them."""
    if not found:
        return []
    numbers = json.dumps([row["number"] for row in found])
    still_open = [row for row in found if row["outcome"] is None]
    moved = [[r["number"], r["run"], r["next_run"]] for r in found if r["run"] and r["next_run"]]
    replies = _by(
        (row["challenge_id"], Reply(text=row["text"], by=row["by"], at=row["at"]))
        for row in rows_as(_ReplyRow, db, REPLIES, [numbers])
    )
    closed = [row["outcome_id"] for row in found if row["outcome_id"] is not None]
    changed = _by(
        (row["outcome_id"], Effect(kind=row["kind"], what=row["what"], event=row["event"]))
        for row in (rows_as(_EffectRow, db, CHANGED, [json.dumps(closed)]) if closed else [])
    )
    ratings = _by(
        (
            row["number"],
            Moved(target=row["target"], title=row["title"], before=row["before"], after=row["after"]),
        )
        for row in (rows_as(_MovedRow, db, MOVED, [json.dumps(moved)]) if moved else [])
    )
    names = {row["review"] for row in still_open}
    frameworks = {review.key: review.framework for review in (list_reviews(db, names) if names else ())}
    blocked = _blocked(db, frameworks, still_open)
    return [
        {
            "number": row["number"],
            "review": row["review"],
            "kind": row["kind"],
            "target": row["target"],
            "rating": row["rating"],
            "item": row["item"],
            "ground": row["ground"],
            "text": row["text"],
            "by": row["by"],
            "at": row["at"],
            "run": row["run"],
            "state": row["outcome"] or "open",
            "replies": replies.get(row["number"], []),
            "outcome": {
                "outcome": row["outcome"],
                "because": row["because"],
                "by": row["closed_by"],
                "at": row["closed_at"],
                "changed": changed.get(row["outcome_id"], []),
            }
            if row["outcome"] and row["outcome_id"] is not None
            else None,
            "blocks": blocked.get(row["number"], []),
            "next_run": row["next_run"],
            "moved": ratings.get(row["number"], []),
        }
        for row in found
    ]


def _by(found: Iterable[tuple[Key, Entry]]) -> dict[Key, list[Entry]]:
    """What belongs to each key, in order."""
    sorted_: dict[Key, list[Entry]] = {}
    for key, entry in found:
        sorted_.setdefault(key, []).append(entry)
    return sorted_


def open_challenges(
    db: Database, review: Review, runs: Iterable[int | None]
) -> dict[int | None, dict[str, list[int]]]:
    """The numbers of the open challenges to what a run's ratings rest on, by domain, question and cell.

    Of every run named; None is a review before its first run, in which items are behind no rating.
    """
    named = list(runs)
    asked = {"review": review.id, "runs": json.dumps(named)}
    challenges = _by((row["number"], row) for row in rows_as(_OpenRow, db, OPEN, asked))
    found: dict[int | None, dict[str, list[int]]] = {run: {} for run in named}
    for number, counted in challenges.items():
        for run in named:
            domains = [row["counted"] for row in counted if row["counted"] and row["run"] == run]
            for target in _blocks(review.framework, counted[0], domains):
                found[run].setdefault(target, []).append(number)
    return found


def _blocked(
    db: Database, frameworks: Mapping[str, Framework], challenges: Sequence[_Row]
) -> dict[int, list[str]]:
    """The ratings of the latest run that rest on what is challenged, each after those it rests on.

    By the number of the challenge; `latest` of a challenge is the run that is looked at.
    """
    items = [[row["number"], row["latest"]] for row in challenges if row["item"] is not None]
    counted: dict[int, list[str]] = {}
    for number, domain in db.conn.execute(COUNTED_IN, [json.dumps(items)]) if items else ():
        counted.setdefault(number, []).append(domain)
    return {
        row["number"]: _blocks(frameworks[row["review"]], row, counted.get(row["number"], []))
        for row in challenges
    }


def _blocks(framework: Framework, challenge: _Row | _OpenRow, counted: Sequence[str]) -> list[str]:
    """The ratings that rest on what is challenged; `counted`: the domains that its item counts in."""
    if challenge["item"] is None:
        names = [challenge["rating"]] if challenge["rating"] else []
    else:
        names = [key for key in counted if challenge["rating"] in (None, key)]
    if not names:
        return []
    questions = [framework.question_of[name].id for name in names if name in framework.question_of]
    return list(dict.fromkeys([*(name for name in names if name != CELL), *questions, CELL]))
