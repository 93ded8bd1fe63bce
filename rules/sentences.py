"""What people read of ratings: titles, statements, what a test needs, and the sentence that says why.

All of it is made when it is read, from figures and ids, with the framework and rulebook that gave them. No
digest covers it, so that every sentence can be mended at any time. A language has one catalogue of sentences;
a reader of a language without one gets English sentences, and the titles of the framework in their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from rules.compile import thresholds
from rules.framework import Framework, in_language
from rules.inference import Outcome, Rating, shown_exactly
from rules.loader import PolicySet
from rules.ratings import FEWEST_ANSWERS
from rules.rulebook import Criterion, Measure, RuleSet, Statistic
from rules.words import shown_number


@dataclass(frozen=True)
class Catalogue:
    """The sentences of one language, with what is filled in between braces."""

    tests: Mapping[str, str]
    """By test: what it asks for."""
    either: str
    """Between the thresholds of a test that takes several."""
    needs: str
    """A statement, and what the criterion takes instead."""
    too_few_answers: str
    no_value: str
    unknown_base: str
    decided: str
    decided_otherwise: str
    decided_without_evidence: str
    not_enough_evidence: str
    left_to_people: str
    no_level: str
    held_down: str
    reached: str
    reached_plainly: str
    next_needs: str
    not_next: str
    a_limit: str
    """How one limit is called in `held_down`, and below how several are."""
    limits: str
    and_one_more: str
    """What is added where one criterion more is not met, and below where several are."""
    and_more: str


ENGLISH = Catalogue(
    tests={
        "at_least": "at least {}",
        "at_most": "at most {}",
        "more_than": "more than {}",
        "less_than": "less than {}",
        "equals": "exactly {}",
        "one_of": "one of {}",
    },
    either=" or ",
    needs="{statement} ({needed} needed)",
    too_few_answers="{measure} rests on survey results with fewer than {fewest} answers, which cannot"
    " decide a rating on their own",
    no_value="no data for: {measure}",
    unknown_base="an unknown number",
    decided="{level}, decided by moderators.",
    decided_otherwise="{level}, decided by moderators; the rules propose {proposed}.",
    decided_without_evidence="{level}, decided by moderators; there is not enough evidence for the rules"
    " to propose a level.",
    not_enough_evidence="Not enough evidence: {lacking}.",
    left_to_people="For a moderator to decide: the rules propose no level.",
    no_level="No level's criteria are all met.",
    held_down="{level}, not {before}, because of {limit}: {limits}.",
    reached="{level}: {statement}.",
    reached_plainly="{level}.",
    next_needs="{level}: {statement}; {better} needs {needed}{more}.",
    not_next="{level}: {support}; not {better}, because {statement} ({needed} needed){more}.",
    a_limit="a limit",
    limits="{count} limits",
    and_one_more=", and 1 other criterion is not met",
    and_more=", and {count} other criteria are not met",
)
CATALOGUES: dict[str, Catalogue] = {"en": ENGLISH}
"""By language; readers of any other language get the English one."""


@dataclass(frozen=True, kw_only=True)
class OutcomeInWords(Outcome):
    """An outcome with its sentences."""

    statement: str
    """The rulebook's sentence about the measure, filled in."""
    needed: str
    """What the test asks for."""
    reference: str
    """Where the threshold comes from."""


@dataclass(frozen=True, kw_only=True)
class RatingInWords(Rating):
    """A rating with its title, the titles of its level, and the sentence that says why."""

    outcomes: tuple[OutcomeInWords, ...]
    title: str
    question: str
    """Id of the question it belongs to."""
    level_title: str | None
    because: str
    """One sentence: why this level and not the next."""


@dataclass(frozen=True)
class Gap:
    """One thing that is missing before a target can be rated."""

    target: str
    """The domain or question."""
    title: str
    missing: str
    """What is there and what is needed, in words."""


@dataclass(frozen=True)
class Sentences:
    """What people read of the ratings of one framework and rulebook, in one language."""

    policy: PolicySet
    language: str = "en"

    @property
    def framework(self) -> Framework:
        """The framework the ratings are of."""
        return self.policy.framework

    @cached_property
    def catalogue(self) -> Catalogue:
        """The sentences of the language, or the English ones."""
        return CATALOGUES.get(self.language, ENGLISH)

    @cached_property
    def _inside(self) -> str:
        """The language of titles inside sentences: that of the sentences."""
        return self.language if self.language in CATALOGUES else "en"

    def title(self, target: str) -> str:
        """The title of a domain or question."""
        return self.framework.title_of(target, self.language)

    def level_title(self, target: str, number: int | None) -> str | None:
        """The title of a level by its number; None for no level."""
        return in_language(self.framework.level(target, number).title, self.language) if number else None

    def measure_title(self, measure_id: str) -> str:
        """The title of a measure."""
        return self.policy.rulebook.measure_title(measure_id, self.language)

    def statement(self, target: str, outcome: Outcome) -> str:
        """The rulebook's sentence about a measure, filled in with what was measured."""
        measure = self.policy.rulebook.measure(outcome.measure)
        title, catalogue = in_language(measure.title, self._inside), self.catalogue
        if outcome.value is None:
            if outcome.base:
                return catalogue.too_few_answers.format(measure=title, fewest=FEWEST_ANSWERS)
            return catalogue.no_value.format(measure=title[:1].lower() + title[1:])
        titles = titles_of_levels(self.framework, target, measure, self._inside)
        return self._criterion(target, outcome).because.format(
            value=_shown_against(outcome.value, outcome.thresholds, titles),
            base=catalogue.unknown_base if outcome.base is None else shown_number(outcome.base),
            threshold=self._either(outcome.thresholds, titles),
            domain=self.framework.title_of(target, self._inside),
            measure=title,
        )

    def needed(self, target: str, outcome: Outcome) -> str:
        """What the test of an outcome asks for: 'at least 50 %'."""
        return self._test(target, outcome.measure, outcome.test, outcome.thresholds)

    def asked(self, target: str, criterion: Criterion) -> str:
        """The same of a criterion that was not measured yet."""
        numbers = sorted(thresholds(self.framework, self.policy.rulebook, target, criterion))
        return self._test(target, criterion.measure, criterion.test, numbers)

    def _test(self, target: str, measure_id: str, test: str, numbers: Sequence[int | float]) -> str:
        measure = self.policy.rulebook.measure(measure_id)
        titles = titles_of_levels(self.framework, target, measure, self._inside)
        unit = f" {measure.unit}" if measure.unit else ""
        return self.catalogue.tests[test].format(self._either(numbers, titles)) + unit

    def _either(self, numbers: Sequence[int | float], titles: tuple[str, ...]) -> str:
        return self.catalogue.either.join(shown_exactly(number, titles) for number in numbers)

    def lacking(self, target: str, outcome: Outcome) -> str:
        """What was measured and what would be needed."""
        statement, needed = self.statement(target, outcome), self.needed(target, outcome)
        return self.catalogue.needs.format(statement=statement, needed=needed)

    def because(self, rating: Rating) -> str:
        """One sentence: the level, what it rests on, and what the next level up would have needed."""
        said, target = self.catalogue, rating.target
        rules, scale = self._rules[target], self.framework.scale_of(target)

        def title(number: int) -> str:
            return in_language(scale[number - 1].title, self._inside)

        if rating.status == "decided" and rating.level is not None:
            if rating.lacking:
                return said.decided_without_evidence.format(level=title(rating.level))
            if rating.proposed is None:
                return said.decided.format(level=title(rating.level))
            return said.decided_otherwise.format(level=title(rating.level), proposed=title(rating.proposed))
        if rating.lacking:
            lacking = "; ".join(self.lacking(target, o) for o in rating.lacking)
            return said.not_enough_evidence.format(lacking=lacking)
        if rating.proposed is None:
            return said.left_to_people if rules.propose == "people" else said.no_level
        level = title(rating.proposed)
        if rating.limits:
            held = [o for o in rating.outcomes if o.part == "limits" and o.criterion in rating.limits]
            limits = "; ".join(self.statement(target, o) for o in held)
            limit = said.a_limit if len(held) == 1 else said.limits.format(count=len(held))
            before = title(rating.before_limits or 1)
            return said.held_down.format(level=level, before=before, limit=limit, limits=limits)
        return self._reached(rating, level, scale[rating.proposed - 1].id)

    def _reached(self, rating: Rating, level: str, own: str) -> str:
        """The sentence of a level that no limit lowers and nobody decided."""
        said, target = self.catalogue, rating.target
        above = self.framework.scale_of(target)[rating.proposed or 0 :]
        supports = [o for o in rating.outcomes if o.part == own and o.met and o.value is not None]
        failed = [o for o in rating.outcomes if above and o.part == above[0].id and not o.met]
        if not failed:
            if not supports:
                return said.reached_plainly.format(level=level)
            return said.reached.format(level=level, statement=self.statement(target, supports[0]))
        worst = min(failed, key=lambda o: (_relative(o), o.criterion))
        words = {
            "level": level,
            "better": in_language(above[0].title, self._inside),
            "statement": self.statement(target, worst),
            "needed": self.needed(target, worst),
            "more": self._and_more(len(failed) - 1),
        }
        if not supports or worst.measure in [o.measure for o in supports]:
            return said.next_needs.format(**words)
        return said.not_next.format(support=self.statement(target, supports[0]), **words)

    def _and_more(self, count: int) -> str:
        if count == 1:
            return self.catalogue.and_one_more
        return self.catalogue.and_more.format(count=count) if count else ""

    def outcome(self, target: str, outcome: Outcome) -> OutcomeInWords:
        """An outcome with its sentences."""
        return OutcomeInWords(
            **_as_it_is(outcome),
            statement=self.statement(target, outcome),
            needed=self.needed(target, outcome),
            reference=self._criterion(target, outcome).reference,
        )

    def rating(self, rating: Rating) -> RatingInWords:
        """A rating with its title, its sentence, and those of its criteria."""
        outcomes = tuple(self.outcome(rating.target, o) for o in rating.outcomes)
        return RatingInWords(
            **_as_it_is(rating) | {"outcomes": outcomes},
            title=self.title(rating.target),
            question=self.framework.question_of[rating.target].id,
            level_title=self.level_title(rating.target, rating.level),
            because=self.because(rating),
        )

    def gaps(self, ratings: Sequence[Rating]) -> Iterator[Gap]:
        """What is missing before the targets without a rating can have one."""
        for rating in ratings:
            title, missing = self.title(rating.target), list[str]()
            if rating.status == "insufficient":
                missing = [self.lacking(rating.target, o) for o in rating.lacking]
            elif rating.status == "open":
                missing = [self.because(rating).rstrip(".")]
            yield from (Gap(rating.target, title, text) for text in missing)

    @cached_property
    def _rules(self) -> dict[str, RuleSet]:
        framework, rulebook = self.framework, self.policy.rulebook
        return {target: rulebook.rules_of(framework, target) for target in framework.question_of}

    @cached_property
    def _criteria(self) -> dict[tuple[str, str, str], Criterion]:
        return {
            (target, part, criterion.id): criterion
            for target, rules in self._rules.items()
            for part, criterion in rules.criteria()
        }

    def _criterion(self, target: str, outcome: Outcome) -> Criterion:
        return self._criteria[target, outcome.part, outcome.criterion]


def _as_it_is(value: Outcome | Rating) -> dict[str, Any]:
    return {part.name: getattr(value, part.name) for part in fields(value)}


def titles_of_levels(
    framework: Framework, target: str, measure: Measure, language: str = "en"
) -> tuple[str, ...]:
    """The level titles a measure's numbers stand for, where it is a rating; else nothing."""
    if measure.statistic is Statistic.RATING and measure.domain is not None:
        scale = framework.scale_of(measure.domain)
    elif measure.statistic is Statistic.LOWEST:
        scale = framework.question_of[target].levels_of_domains
    else:
        return ()
    return tuple(in_language(level.title, language) for level in scale)


def _shown_against(value: int | float, numbers: Sequence[int | float], titles: tuple[str, ...]) -> str:
    """The value as people read it, exact where rounding would put it on or across a threshold."""
    near = round(value, 1)
    if titles or any((near > n, near < n) != (value > n, value < n) for n in numbers):
        return shown_exactly(value, titles)
    return shown_number(value)


def _relative(outcome: Outcome) -> float:
    """How far from its threshold an outcome is, whatever its unit."""
    if outcome.margin is None:
        return 0.0
    return outcome.margin / max(abs(outcome.thresholds[0]), 1)
