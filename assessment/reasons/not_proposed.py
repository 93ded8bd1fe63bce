"""The proposals that lost: every level that the rules did not give a target, and why they did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assessment.reasons.margins import OutcomeExplained
from rules.framework import in_language
from rules.inference import Rating
from rules.rulebook import Policy
from rules.sentences import Sentences
from rules.words import many

POLICY_WORDS = {
    Policy.SECURE_FIT: "the highest level whose criteria are all met, together with those of every level"
    " below",
    Policy.BEST_FIT: "the level with the largest share of its criteria met; of two with the same share, the"
    " lower one",
    Policy.FIRST_MATCH: "the best level whose own criteria are all met",
}
"""What each policy gives, in words."""
MOST_SAID = 3

Outcomes = Sequence[OutcomeExplained]
Reason = Literal[
    "criterion", "share", "better", "limit", "no-criteria", "not-enough-evidence", "left-to-people"
]
Why = tuple[Reason, str, Outcomes]
"""Reason, sentence, and the criteria (or limits) that stood in the way."""


@dataclass(frozen=True)
class LostLevel:
    """A level that the rules did not give, and why."""

    level: str
    title: str
    number: int
    """1 is the worst."""
    met: int
    """How many of its own criteria are met."""
    of: int
    """How many it has."""
    reason: Reason
    because: str
    """The same as a sentence."""
    failed: Outcomes
    """The criteria that were missed, and the limits that hold it down or would."""


def lost_levels(words: Sentences, rating: Rating, outcomes: Outcomes) -> list[LostLevel]:
    """Every level of a target but the one that the rules propose, worst first.

    `outcomes` are the rating's, as assessment.reasons.margins explains them. Reasons:

        criterion            secure-fit, first-match: a criterion of it, or of a level below, is missed
        share                best-fit: another level has a larger share of its criteria met, or as large a one
                             and is the lower
        better               a better level is reached (secure-fit) or matches, too (first-match)
        limit                the criteria give it, or more, and a limit holds the rating down
        no-criteria          the rulebook has no criteria for it
        not-enough-evidence  no level is proposed: there is not enough evidence
        left-to-people       no level is proposed: a moderator decides
    """
    contest = _Contest(words, rating, outcomes)
    return [contest.lost(number) for number in range(1, len(contest.scale) + 1) if number != rating.proposed]


def failing_words(outcomes: Outcomes) -> str:
    """Criteria that were missed, in words: what was measured, what was needed, by how much."""
    said = [f"{o.statement} ({o.needed} needed; {o.by_how_much})" for o in outcomes[:MOST_SAID]]
    more = len(outcomes) - len(said)
    return "; ".join(said) + (f"; and {many(more, 'other criterion', 'other criteria')}" if more else "")


class _Contest:
    """The levels of one target against each other, under its policy."""

    def __init__(self, words: Sentences, rating: Rating, outcomes: Outcomes) -> None:
        policy, self.language = words.policy, words.language
        self.rules = policy.rulebook.rules_of(policy.framework, rating.target)
        self.scale = policy.framework.scale_of(rating.target)
        self.proposed, self.reached = rating.proposed, rating.before_limits
        self.lacking = [o for o in outcomes if o.part == "sufficiency" and not o.met]
        self.limits = [o for o in outcomes if o.part == "limits"]
        self.binding = [o for o in self.limits if o.criterion in rating.limits]
        self.own = [[o for o in outcomes if o.part == level.id] for level in self.scale]

    def title(self, number: int) -> str:
        return in_language(self.scale[number - 1].title)

    def title_of(self, level: str) -> str:
        return next(in_language(one.title) for one in self.scale if one.id == level)

    def limits_below(self, number: int) -> Outcomes:
        """The limits in force that would hold a level down, were it reached."""
        names = [level.id for level in self.scale]
        return [o for o in self.limits if o.met and names.index(o.no_better_than or "") + 1 < number]

    def lost(self, number: int) -> LostLevel:
        own, level = self.own[number - 1], self.scale[number - 1]
        reason, said, failed = self.why(number)
        if reason in ("criterion", "share"):
            for limit in self.limits_below(number):
                said += f"; a limit would also keep it at {self.title_of(limit.no_better_than or '')}:"
                said += f" {limit.statement}"
                failed = [*failed, limit]
        return LostLevel(
            level=level.id,
            title=in_language(level.title, self.language),
            number=number,
            met=sum(o.met for o in own),
            of=len(own),
            reason=reason,
            because=f"{said}.",
            failed=failed,
        )

    def why(self, number: int) -> Why:
        if self.lacking:
            return "not-enough-evidence", "there is not enough evidence for any level", self.lacking
        if self.rules.propose == "people":
            return "left-to-people", "the rules propose no level: a moderator decides", []
        if self.reached and self.proposed and self.proposed < number <= self.reached:
            held = "; ".join(o.statement for o in self.binding)
            met = (
                "its criteria"
                if number == self.reached
                else f"even the criteria of {self.title(self.reached)}"
            )
            keeps = "a limit keeps" if len(self.binding) == 1 else "limits keep"
            said = f"{met} are met, but {keeps} the rating at {self.title(self.proposed)}: {held}"
            return "limit", said, self.binding
        match self.rules.policy:
            case Policy.SECURE_FIT:
                return self._secure(number)
            case Policy.BEST_FIT:
                return self._best(number)
            case _:
                return self._first(number)

    def _missed(self, number: int) -> Outcomes:
        return [o for o in self.own[number - 1] if not o.met]

    def _no_criteria(self) -> Why:
        return "no-criteria", "the rulebook has no criteria for it", []

    def _secure(self, number: int) -> Why:
        reached = self.reached or 1
        if number < reached:
            held = f"every criterion up to {self.title(reached)} is met, and that is better"
            return "better", held, []
        stopped = next((n for n in range(reached + 1, number + 1) if self._missed(n)), None)
        if stopped is None:
            return self._no_criteria()
        failed = self._missed(stopped)
        said = failing_words(failed)
        if stopped < number:
            said = f"{self.title(stopped)}, a lower level, is not reached: {said}"
        return "criterion", said, failed

    def _best(self, number: int) -> Why:
        reached = self.reached or 1
        mine, best = self.own[number - 1], self.own[reached - 1]
        if not mine:
            return self._no_criteria()
        counts = [(sum(o.met for o in some), len(some)) for some in (mine, best)]
        (met, of), (most, of_best) = counts
        held = f"{met} of {many(of, 'criterion is', 'criteria are')} met"
        more = f"{self.title(reached)} has {most} of {of_best}"
        if met * of_best == most * of:
            said = f"{held}, the same share as {self.title(reached)}, which is the lower level"
        else:
            said = f"{held}, a smaller share than that of another level: {more}"
        missed = self._missed(number)
        return "share", said + (f"; {failing_words(missed)}" if missed else ""), missed

    def _first(self, number: int) -> Why:
        if not self.own[number - 1]:
            return self._no_criteria()
        missed = self._missed(number)
        if missed:
            return "criterion", failing_words(missed), missed
        better = self.title(self.reached or number)
        return "better", f"all its criteria are met, but those of {better} are met too, and it is better", []
