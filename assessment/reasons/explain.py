"""Why this rating and not the next one up, from a recorded run with its frozen framework and rulebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from assessment.reasons.margins import OutcomeExplained, explain_outcome
from assessment.reasons.not_proposed import POLICY_WORDS, LostLevel, failing_words, lost_levels
from assessment.reasons.rule import CellRuleExplained, explain_cell_rules
from assessment.runs.run import Run
from rules.errors import UnknownName
from rules.framework import in_language
from rules.inference import Rating
from rules.rulebook import Policy
from rules.sentences import Sentences

Decisions = Mapping[str, Mapping[str, Any]]
"""Who decided and why, by domain or question: see assessment.runs.recorded.decisions_in."""
Outcomes = Sequence[OutcomeExplained]


@dataclass(frozen=True, kw_only=True)
class LimitExplained(OutcomeExplained):
    """A limit, and whether it holds the rating down."""

    binds: bool


@dataclass(frozen=True, kw_only=True)
class ReachedLevel:
    """The level that the policy alone gives."""

    number: int
    """1 is the worst."""
    level: str
    """Its id."""
    title: str


@dataclass(frozen=True)
class DecisionExplained:
    """What a person decided."""

    level: str | None
    title: str | None
    overrides: bool
    """Whether it is not what the rules propose."""
    proposed: str | None
    """Title of what the rules propose."""
    by: str | None
    because: str | None
    at: str | None


@dataclass(frozen=True)
class RatingExplained:
    """Why a domain or question is rated as it is, and not one level up."""

    target: str
    kind: Literal["domain", "question"]
    title: str
    status: str
    level: str | None
    level_title: str | None
    because: str
    """One sentence."""
    proposed: str | None
    """What the rules propose, after limits."""
    proposed_title: str | None
    before_limits: ReachedLevel | None
    policy: str | None
    """How criteria add up to a level; None where a moderator decides."""
    policy_words: str | None
    met: Outcomes
    """Criteria of the level before limits and of those below."""
    missed: Outcomes
    """Of the same those that are still not met (under secure-fit none)."""
    next: Outcomes
    """Criteria of the level above, met or not."""
    next_level: str | None
    """Title of that level."""
    limits: Sequence[LimitExplained]
    sufficiency: Outcomes
    """Whether there is enough evidence."""
    lost: Sequence[LostLevel]
    """The levels the rules did not give, and why."""
    decision: DecisionExplained | None


@dataclass(frozen=True)
class QuestionOfCell:
    """A question whose level makes the position on the grid."""

    target: str
    title: str
    status: str
    level: str | None
    level_title: str | None
    because: str


@dataclass(frozen=True)
class Neighbour:
    """A cell one level of one question away, and what it would take."""

    levels: tuple[str, ...]
    title: str
    rule: str
    question: str
    question_title: str
    way: Literal["up", "down"]
    level: str
    level_title: str
    because: str
    criteria: Outcomes
    """Those to be met, or that would have to be lost."""


@dataclass(frozen=True, kw_only=True)
class CellExplained:
    """Why the authority stands where it does on the grid, and what the cells beside it would need."""

    target: Literal["cell"] = "cell"
    kind: Literal["cell"] = "cell"
    title: str
    status: Literal["placed", "open"]
    level: tuple[str, ...] | None
    level_title: str
    because: str
    questions: Sequence[QuestionOfCell]
    neighbours: Sequence[Neighbour]
    """None while a question has no rating."""
    rules: Sequence[CellRuleExplained]
    # What ratings have and the cell has not: every explanation has the same names.
    proposed: None = None
    proposed_title: None = None
    before_limits: None = None
    policy: None = None
    policy_words: None = None
    met: Outcomes = ()
    missed: Outcomes = ()
    next: Outcomes = ()
    next_level: None = None
    limits: Sequence[LimitExplained] = ()
    sufficiency: Outcomes = ()
    lost: Sequence[LostLevel] = ()
    decision: None = None


def explain_all(
    run: Run, decisions: Decisions | None = None, language: str = "en"
) -> list[RatingExplained | CellExplained]:
    """The explanations of every domain and question of a run, and last of the position on the grid."""
    words = run.sentences(language)
    found = [_explain_rating(words, rating, decisions or {}) for rating in run.result.ratings]
    return [*found, explain_cell(run, decisions, language)]


def explain_rating(
    run: Run, target: str, decisions: Decisions | None = None, language: str = "en"
) -> RatingExplained:
    """The explanation of one domain or question of a run; raises UnknownName."""
    names = [*(rating.target for rating in run.result.ratings), "cell"]
    if target not in names[:-1]:
        raise UnknownName("domain or question", target, names)
    return _explain_rating(run.sentences(language), run.rating(target), decisions or {})


def explain_cell(run: Run, decisions: Decisions | None = None, language: str = "en") -> CellExplained:
    """Why the authority stands where it does on the grid, and what the neighbouring cells would need."""
    words = run.sentences(language)
    questions = words.framework.questions
    parts = [_explain_rating(words, run.rating(q.id), decisions or {}) for q in questions]
    said = "; ".join(f"{part.title} {part.level_title or 'not rated'}" for part in parts)
    same = [part.name for part in fields(QuestionOfCell)]
    return CellExplained(
        title="Position on the grid",
        status="placed" if run.result.cell else "open",
        level=run.result.cell,
        level_title=" / ".join(part.level_title or "not rated" for part in parts),
        because=said + ".",
        questions=[QuestionOfCell(**{name: getattr(part, name) for name in same}) for part in parts],
        neighbours=list(_neighbours(words, run, parts)),
        rules=explain_cell_rules(run, language),
    )


def _explain_rating(words: Sentences, rating: Rating, decisions: Decisions) -> RatingExplained:
    target, scale = rating.target, words.framework.scale_of(rating.target)
    rules = words.policy.rulebook.rules_of(words.framework, target)
    names = [level.id for level in scale]
    outcomes = [explain_outcome(words, target, outcome) for outcome in rating.outcomes]
    level = rating.before_limits or 0
    above = scale[level] if level and level < len(scale) else None
    reached = [o for o in outcomes if o.part in names[:level]]
    from_criteria = rules.propose != "people"
    return RatingExplained(
        target=target,
        kind=rating.kind,
        title=words.title(target),
        status=rating.status,
        level=rating.level_id,
        level_title=words.level_title(target, rating.level),
        because=words.because(rating),
        proposed=rating.proposed_id,
        proposed_title=words.level_title(target, rating.proposed),
        before_limits=(
            ReachedLevel(
                number=level,
                level=names[level - 1],
                title=in_language(scale[level - 1].title, words.language),
            )
            if level
            else None
        ),
        policy=rules.policy.value if from_criteria else None,
        policy_words=POLICY_WORDS[rules.policy] if from_criteria else None,
        met=[o for o in reached if o.met],
        missed=[o for o in reached if not o.met],
        next=[o for o in outcomes if above and o.part == above.id],
        next_level=in_language(above.title, words.language) if above else None,
        limits=[
            LimitExplained(**vars(o), binds=o.criterion in rating.limits)
            for o in outcomes
            if o.part == "limits"
        ],
        sufficiency=[o for o in outcomes if o.part == "sufficiency"],
        lost=lost_levels(words, rating, outcomes),
        decision=_decision(words, rating, decisions.get(target, {})),
    )


def _decision(words: Sentences, rating: Rating, said: Mapping[str, Any]) -> DecisionExplained | None:
    if rating.status != "decided":
        return None
    return DecisionExplained(
        level=rating.level_id,
        title=words.level_title(rating.target, rating.level),
        overrides=rating.level != rating.proposed,
        proposed=words.level_title(rating.target, rating.proposed),
        by=said.get("by"),
        because=said.get("because"),
        at=said.get("at"),
    )


WAYS: tuple[tuple[Literal["up", "down"], int], ...] = (("up", 1), ("down", -1))


def _neighbours(words: Sentences, run: Run, parts: Sequence[RatingExplained]) -> Iterator[Neighbour]:
    """The cells one level of one question away; none while a question has no rating."""
    questions = words.framework.questions
    levels = [level for q in questions if (level := run.rating(q.id).level) is not None]
    if len(levels) < len(questions):
        return
    for position, (question, part) in enumerate(zip(questions, parts, strict=True)):
        for way, step in WAYS:
            number = levels[position] + step
            if not 1 <= number <= len(question.scale):
                continue
            there = [*levels[:position], number, *levels[position + 1 :]]
            cell = [words.framework.level(q.id, n) for q, n in zip(questions, there, strict=True)]
            said, criteria = _needed(part, question.scale[number - 1].id, way)
            yield Neighbour(
                levels=tuple(level.id for level in cell),
                title=" / ".join(in_language(level.title, words.language) for level in cell),
                rule="cell." + ".".join(level.id for level in cell),
                question=question.id,
                question_title=in_language(question.title, words.language),
                way=way,
                level=question.scale[number - 1].id,
                level_title=in_language(question.scale[number - 1].title, words.language),
                because=said,
                criteria=criteria,
            )


def _needed(part: RatingExplained, level: str, way: str) -> tuple[str, Outcomes]:
    """What a question would need to stand at the level next to its own, and the criteria concerned."""
    if part.decision:
        if level == part.proposed:
            return "The rules propose this level; a moderator decided differently.", []
        return "A moderator decided this rating, so it would take another decision.", []
    if way == "up":
        lost = next(one for one in part.lost if one.level == level)
        return f"Not reached: {lost.because}", lost.failed
    return _to_fall(part)


def _to_fall(part: RatingExplained) -> tuple[str, Outcomes]:
    """What would have to be lost for a question to fall a level."""
    own = [o for o in part.met if o.part == part.level and o.value is not None]
    nearest = sorted(own, key=lambda o: (_relative(o), o.criterion))
    if not nearest:
        return "There was no data for any criterion of its present level.", []
    said = failing_words(nearest[:1])
    if part.policy == Policy.SECURE_FIT:
        if len(nearest) == 1:
            return f"It would fall if this criterion were no longer met: {said}.", nearest
        said = f"any one of {len(nearest)} criteria were no longer met; the closest is: {said}"
        return f"It would fall if {said}.", nearest
    if part.policy == Policy.FIRST_MATCH:
        said = f"one of its criteria were no longer met and those of the level below were: {said}"
        return f"It would fall if {said}.", nearest
    return f"It would fall if fewer of its criteria were met than now; the closest is: {said}.", nearest


def _relative(outcome: OutcomeExplained) -> float:
    """How near a criterion is to its threshold, whatever its unit."""
    if outcome.margin is None:
        return 0.0
    return float(abs(outcome.margin)) / max(abs(outcome.thresholds[0]), 1)
