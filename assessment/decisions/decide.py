"""Decisions on ratings: a run's rating accepted, or overridden by one person with the approval of another.

What a person may decide, whatever their role:

- *Accept* takes the rating of a named run as it is: of a domain, a question or the cell; also that there is
  not enough evidence for one. The proposals of a run are those of the person who made it: somebody else
  accepts them. In a team of two, one assesses and the other accepts.
- *Override* (`rate`) gives a level of the person's own, with the reason. It takes effect in the next run
  after another person has approved it; whoever gave it cannot. Who made the run may override, and may
  approve the override of another person: two people answer for it either way. Where the rules propose no
  level, giving one is the same. The cell is nothing but the ratings of its questions: to override it is to
  override these.
- Nothing is accepted or approved while a challenge is open to it or to what it rests on
  (`assessment.decisions.challenges`), and nothing is decided on a domain or question while a panel is voting
  on it (`assessment.decisions.panel`).

The latest decision on a domain, question or the cell is the one that stands; who disagrees with an override
that awaits approval accepts the proposal instead. A decision *lapses* when a run later than the one it was
given on changes the rating: an acceptance, when a later run gives another rating; an approval, when the rules
then propose something else than what was overridden. This is worked out from the runs and stored nowhere
(view `decision_state`). A lapsed override no longer takes effect in later runs, until somebody approves it
again on that later run. As the overrides of domains change what is proposed for their question, decide on the
domains first, assess, then decide on the questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NotRequired, TypedDict, Unpack, final

from assessment.actions import AssessmentAction
from assessment.decisions.challenges import check_rated
from assessment.decisions.standing import Decided, RatingSeen, Said, Seen, Standing, rating_in_words
from assessment.reasons.grid import CELL
from assessment.runs.recorded import latest_run
from programme.database import Act, Database, add_event, insert, transaction
from programme.names import check_person, check_words, same_person
from programme.reviews import Review
from rules.errors import DecisionRefused, UnknownName
from rules.framework import in_language
from rules.remedy import Assess, ClosePanel, Rate, ShowChallenge, ShowDecisions, TakeBack


class Accepted(TypedDict):
    """A rating accepted."""

    target: str
    level: str | None
    """None where it is accepted that there is not enough evidence."""
    by: str
    because: str
    run: int


@final
class Overridden(TypedDict):
    """A rating of a domain or question overridden, or taken back."""

    target: str
    level: str | None
    """None where it was taken back."""
    proposed: str | None
    run: int | None
    by: str
    because: str


@final
class CellOverridden(TypedDict):
    """The ratings of all questions overridden at once."""

    by: str
    because: str
    target: str
    level: str
    """The levels of the questions, joined by '/'."""
    run: int | None
    questions: list[Overridden]


class Approved(Accepted):
    """An override approved."""

    rated_by: str


class Decision(TypedDict):
    """The decision that stands on a domain, a question or the cell."""

    kind: str
    proposed: str | None
    by: str
    because: str
    at: str
    level: str | None
    level_title: str | None
    run: int | None


class Approval(TypedDict):
    """By whom an override was approved."""

    by: str | None
    at: str | None
    run: int


class DecisionState(TypedDict):
    """Where the decision on a domain, a question or the cell stands."""

    target: str
    title: str
    kind: str
    """domain, question or cell."""
    run: int | None
    """The latest."""
    status: str | None
    level_title: str | None
    """What counts in it."""
    proposed: str | None
    level: str | None
    state: str
    """proposed (nobody has decided), accepted, override awaiting approval, approved, or lapsed."""
    decision: Decision | None
    approval: Approval | None
    lapsed_on: int | None
    """The run that changed the rating."""
    counts: bool
    """Whether an override counts in the next run."""
    challenges: list[int]
    """The open ones to it or to what it rests on."""
    panel: int | None
    """The panel that is voting on it."""
    settled: bool
    """Accepted or approved, the latest run says the same, and no challenge is open."""


class Looking(TypedDict):
    """Who accepts or approves ratings, when and why, and the run they look at: the latest if left out."""

    by: str
    at: datetime
    because: NotRequired[str]
    run: NotRequired[int | None]


@contextmanager
def _looking(
    db: Database, review: Review, targets: Sequence[str], run: int | None
) -> Iterator[tuple[Standing, Seen]]:
    """Where ratings stand, and the run looked at, for a decision on them in one transaction."""
    for target in targets:
        check_rated(review.framework, target)
    with transaction(db):
        standing = Standing(db, review)
        yield standing, standing.looked_at(run)


def accept(db: Database, review: Review, *targets: str, **looking: Unpack[Looking]) -> list[Accepted]:
    """Accept what a run (the latest unless one is named) says of domains, questions or the cell; all or none.

    Raises UnknownName, RunImpossible, and DecisionRefused where one cannot be accepted: by the person who
    made the run, while a challenge is open or a panel votes, where a later run changed the rating, or where
    there is nothing to accept: a moderator gives the level, or gave it.
    """
    by = check_person(looking["by"], "a decision")
    at, because = looking["at"], looking.get("because", "").strip()
    with _looking(db, review, targets, looking.get("run")) as (standing, seen):
        for target in dict.fromkeys(targets):
            rating = _acceptable(standing, seen, target, by)
            _record(
                db,
                review,
                target,
                kind="accept",
                action=AssessmentAction.ACCEPT,
                level=rating["level"],
                level_id=rating["level_key"],
                proposed=rating["proposed"],
                run=seen.id,
                by=by,
                because=because,
                at=at,
                before=standing.decisions.get(target),
            )
    return [
        {
            "target": target,
            "level": seen.ratings[target]["level_key"],
            "by": by,
            "because": because,
            "run": seen.id,
        }
        for target in dict.fromkeys(targets)
    ]


def _acceptable(standing: Standing, seen: Seen, target: str, by: str) -> RatingSeen:
    """The rating of a run, where this person can accept it now; raises DecisionRefused."""
    review, decisions = standing.review, standing.decisions
    rating = _rating(seen, target)
    rated = rating_in_words(review.framework, target)
    if rating["status"] == "open":
        raise DecisionRefused(
            f"the rules propose no level for {rated}",
            remedies=[Rate(review.key, target)],
        )
    if rating["status"] == "decided":
        raise DecisionRefused(
            f"{rated} in run {seen.id} is an approved override; there is no proposal to accept",
            hint="To return to the proposal, take the override back and assess again.",
            remedies=[TakeBack(review.key, target), Assess(review.key)],
        )
    if same_person(by, seen.by):
        raise DecisionRefused(
            f"run {seen.id} was recorded by {seen.by}, who cannot accept its ratings",
            hint="Another person has to accept them.",
        )
    _refuse_outdated(standing, seen, target, "level_key")
    _refuse_challenged(standing, seen.id, target, "accepted")
    _refuse_while_voting(standing, target)
    if target in decisions and decisions[target]["state"] == "accepted":
        who, on = decisions[target]["by"], decisions[target]["run_id"]
        raise DecisionRefused(f"{rated} has already been accepted by {who} on run {on}")
    return rating


def override(
    db: Database,
    review: Review,
    target: str,
    level_id: str | None,
    *,
    by: str,
    because: str,
    at: datetime,
    run: int | None = None,
) -> Overridden | CellOverridden:
    """Override a rating with a person's own level (or, with `level_id` None, take the last decision back).

    It takes effect in the next run after another person approves it. `run` is the one that was looked at;
    left out, the latest, if there is one. The level of the cell is the levels of its questions, joined by
    '/'; a rating of each is recorded, given in `questions`. Raises UnknownName for a target, level or run
    there is not, and DecisionRefused without a reason, while a panel votes, or where a run later than the one
    named proposes something else.
    """
    check_rated(review.framework, target)
    levels = [] if level_id is None else list(_levels(review, target, level_id))
    by, because = check_person(by, "a rating"), check_words(because, "a rating")
    with transaction(db):
        standing = Standing(db, review)
        seen = None if run is None else standing.looked_at(run)
        run = run or latest_run(db, review)
        proposed = dict(db.conn.execute("select target, proposed from rating where run_id = ?", [run]))
        if level_id is None:
            if target not in standing.decisions:
                raise DecisionRefused(
                    f"{rating_in_words(review.framework, target)} has no decision to take back"
                )
            levels = [(target, None)]
        for rated, level in levels:
            _check_override(standing, seen, rated)
            _record(
                db,
                review,
                rated,
                kind="override",
                action=AssessmentAction.OVERRIDE if level else AssessmentAction.TAKE_BACK,
                level=None if level is None else review.framework.level_number(rated, level),
                level_id=level,
                proposed=proposed.get(rated),
                run=run,
                by=by,
                because=because,
                at=at,
                before=standing.decisions.get(rated),
            )
    found: list[Overridden] = [
        {
            "target": rated,
            "level": level,
            "proposed": proposed.get(rated),
            "run": run,
            "by": by,
            "because": because,
        }
        for rated, level in levels
    ]
    if target == CELL and level_id is not None:
        return {
            "by": by,
            "because": because,
            "target": CELL,
            "level": level_id,
            "run": run,
            "questions": found,
        }
    return found[0]


def _check_override(standing: Standing, seen: Seen | None, target: str) -> None:
    if seen:
        _rating(seen, target)
        _refuse_outdated(standing, seen, target, "proposed")
    _refuse_while_voting(standing, target)


def _levels(review: Review, target: str, level_id: str) -> Iterator[tuple[str, str | None]]:
    """The questions or the domain that a rating is of, with the level of each; raises UnknownName."""
    framework = review.framework
    if target != CELL:
        framework.level_number(target, level_id)
        yield target, level_id
        return
    names = [name.strip() for name in level_id.split("/")]
    if len(names) != len(framework.questions):
        needed = "/".join(question.id.upper() for question in framework.questions)
        raise UnknownName("cell", level_id, [needed])
    for question, name in zip(framework.questions, names, strict=True):
        framework.level_number(question.id, name)
        yield question.id, name


def approve(db: Database, review: Review, *targets: str, **looking: Unpack[Looking]) -> list[Approved]:
    """Approve the overrides of domains and questions (of 'cell': of its questions), looking at a run.

    All or none. Raises UnknownName, RunImpossible, and DecisionRefused: by who gave it, without one that
    awaits approval, while a challenge is open or a panel votes, or where a run later than the one named
    proposes something else.
    """
    by = check_person(looking["by"], "an approval")
    at, because = looking["at"], looking.get("because", "").strip()
    with _looking(db, review, targets, looking.get("run")) as (standing, seen):
        found = [waiting for target in targets for waiting in _waiting(standing, target)]
        overrides = list({waiting["target"]: waiting for waiting in found}.values())
        for waiting in overrides:
            name = waiting["target"]
            _check_approval(standing, seen, waiting, by)
            act = Act(AssessmentAction.APPROVE, by, at, review.id, target=name, because=because)
            event = add_event(
                db,
                act,
                detail={"level": waiting["level_key"], "rated_by": waiting["by"], "run": seen.id},
                before={"state": waiting["state"], "run": waiting["approved_run_id"]},
                after={"state": "approved", "run": seen.id},
            )
            row = {"decision_id": waiting["id"], "run_id": seen.id, "by": by, "because": because}
            insert(db, "approval", {**row, "added_event": event})
    return [
        {
            "target": waiting["target"],
            "level": waiting["level_key"],
            "rated_by": waiting["by"],
            "by": by,
            "because": because,
            "run": seen.id,
        }
        for waiting in overrides
    ]


def _check_approval(standing: Standing, seen: Seen, waiting: Decided, by: str) -> None:
    name, framework = waiting["target"], standing.review.framework
    if same_person(by, waiting["by"]):
        raise DecisionRefused(
            f"{rating_in_words(framework, name)} was overridden by {waiting['by']}, who cannot approve it",
            hint="Another person has to approve it.",
        )
    _rating(seen, name)
    _refuse_outdated(standing, seen, name, "proposed")
    _refuse_challenged(standing, seen.id, name, "approved")
    _refuse_while_voting(standing, name)


def why_not(standing: Standing, target: str, *, by: str, run: int | None = None) -> dict[str, str]:
    """Why this person cannot `accept`, `override` or `approve` a target now, looking at a run (the latest
    unless one is named): the message that each would be refused with, empty where it would be done.

    Raises UnknownName for a target or run there is not, and RunImpossible before the first run.
    """
    check_rated(standing.review.framework, target)
    seen = standing.looked_at(run)

    def approve_it() -> None:
        for waiting in _waiting(standing, target):
            _check_approval(standing, seen, waiting, by)

    tries: dict[str, Callable[[], object]] = {
        "accept": lambda: _acceptable(standing, seen, target, by),
        "override": lambda: _check_override(standing, seen, target),
        "approve": approve_it,
    }
    found = {}
    for name, tried in tries.items():
        try:
            tried()
            found[name] = ""
        except DecisionRefused as error:
            found[name] = error.message
    return found


def bars_to_acceptance(standing: Standing, *, by: str, run: int | None = None) -> dict[str, str]:
    """As `why_not`, of `accept` alone: its message by domain, question and cell, empty where it would do.

    A few statements, however many ratings and challenges there are.
    """
    seen, found = standing.looked_at(run), {}
    for target in (*standing.review.framework.question_of, CELL):
        try:
            _acceptable(standing, seen, target, by)
            found[target] = ""
        except DecisionRefused as error:
            found[target] = error.message
    return found


def _waiting(standing: Standing, target: str) -> list[Decided]:
    """The override of a target, or those of the cell's questions, that await approval (again)."""
    review, decisions = standing.review, standing.decisions
    names = [question.id for question in review.framework.questions] if target == CELL else [target]
    found = [decisions[name] for name in names if name in decisions and _waits(decisions[name])]
    if not found:
        raise DecisionRefused(
            f"no override of {rating_in_words(review.framework, target)} awaits approval",
            remedies=[ShowDecisions(review.key)],
        )
    return found


def _waits(decision: Decided) -> bool:
    return decision["kind"] == "override" and decision["state"] != "approved"


def _rating(seen: Seen, target: str) -> RatingSeen:
    if target not in seen.ratings:
        raise DecisionRefused(
            f"run {seen.id} used another framework, which has no {target!r}",
            hint="Assess again first.",
        )
    return seen.ratings[target]


def _refuse_outdated(standing: Standing, seen: Seen, target: str, what: Said) -> None:
    """Refuse where a run later than the one looked at says otherwise: what is given on it lapses at once."""
    later = standing.outdated(seen, target, what)
    if later is not None:
        proposal = "" if what == "level_key" else "the proposal for "
        raise DecisionRefused(
            f"a later run ({later}) changed {proposal}{rating_in_words(standing.review.framework, target)}",
            hint="Look at the latest run before you decide.",
        )


def _refuse_challenged(standing: Standing, run: int, target: str, done: str) -> None:
    numbers = standing.challenged(run).get(target)
    if numbers:
        which = f"challenge {numbers[0]} is" if len(numbers) == 1 else f"challenges {_listed(numbers)} are"
        raise DecisionRefused(
            f"{rating_in_words(standing.review.framework, target)} cannot be {done} while {which} open",
            remedies=[ShowChallenge(standing.review.key, numbers[0])],
        )


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def _refuse_while_voting(standing: Standing, target: str) -> None:
    review = standing.review
    if target in standing.voting:
        raise DecisionRefused(
            f"a panel is voting on {rating_in_words(review.framework, target)};"
            " a decision now would influence the vote",
            hint="Wait for all votes, or close the panel.",
            remedies=[ClosePanel(review.key, target)],
        )


def _record(
    db: Database,
    review: Review,
    target: str,
    *,
    kind: str,
    action: AssessmentAction,
    level: int | None,
    level_id: str | None,
    proposed: str | None,
    run: int | None,
    by: str,
    because: str,
    at: datetime,
    before: Decided | None,
) -> None:
    """Store a decision with its event, inside the caller's transaction."""
    taken_back = action is AssessmentAction.TAKE_BACK
    act = Act(action, by, at, review.id, target=target, because=because)
    event = add_event(
        db,
        act,
        detail={"level": level_id, "run": run, "proposed": proposed},
        before=before and _after(before["kind"], before["level_key"]),
        after=None if taken_back else _after(kind, level_id),
    )
    insert(
        db,
        "decision",
        {
            "review_id": review.id,
            "target": target,
            "kind": kind,
            "level": level,
            "level_key": level_id,
            "by": by,
            "because": because,
            "on_run_id": run,
            "proposed": proposed,
            "added_event": event,
        },
    )


def _after(kind: str, level_id: str | None) -> dict[str, str | None]:
    return {"accepted": level_id} if kind == "accept" else {"level": level_id}


def decision_states(standing: Standing) -> list[DecisionState]:
    """Where the decision on every domain, question and the cell stands, in the order of the framework."""
    review, seen = standing.review, standing.latest
    framework, latest = review.framework, seen.id if seen else None
    challenged, panels, counting = standing.challenged(latest), standing.voting, standing.counting
    targets = [
        (name, "question" if name == question.id else "domain")
        for question in framework.questions
        for name in (*(domain.id for domain in question.domains), question.id)
    ]
    found: list[DecisionState] = []
    for target, kind in (*targets, (CELL, "cell")):
        rating = seen.ratings.get(target) if seen else None
        status, level = (rating["status"], rating["level_key"]) if rating else (None, None)
        decision = standing.decisions.get(target)
        state = decision["state"] if decision else "proposed"
        # An approved override takes effect in the next run; until then the rating shown is still another.
        in_force = state == "accepted" or (state == "approved" and status == "decided")
        same = decision is not None and level == decision["level_key"]
        found.append(
            {
                "target": target,
                "title": "Position on the grid" if target == CELL else framework.title_of(target),
                "kind": kind,
                "run": latest,
                "status": status,
                "level_title": rating["level_title"] if rating else None,
                "proposed": rating["proposed"] if rating else None,
                "level": level,
                "state": state,
                "decision": decision and _decision(review, decision),
                "approval": _approval(decision),
                "lapsed_on": decision and decision["lapsed_run_id"],
                "counts": target in counting,
                "challenges": challenged.get(target, []),
                "panel": panels.get(target),
                "settled": in_force and same and target not in challenged,
            }
        )
    return found


def _decision(review: Review, row: Decided) -> Decision:
    framework = review.framework
    title = in_language(framework.level(row["target"], row["level"]).title) if row["level"] else None
    return {
        "kind": row["kind"],
        "proposed": row["proposed"],
        "by": row["by"],
        "because": row["because"],
        "at": row["at"],
        "level": row["level_key"],
        "level_title": title,
        "run": row["run_id"],
    }


def _approval(row: Decided | None) -> Approval | None:
    if row is None or row["approved_run_id"] is None:
        return None
    return {"by": row["approved_by"], "at": row["approved_at"], "run": row["approved_run_id"]}
