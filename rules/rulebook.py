"""How it is judged: the measures, criteria, limits, sufficiency and policies of one framework."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    StrictFloat,
    StrictInt,
    model_serializer,
    model_validator,
)

from rules.framework import Framework, Id, PolicyModel, Words, in_language

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Number = StrictInt | StrictFloat


class Policy(StrEnum):
    """Which level the criteria add up to."""

    SECURE_FIT = "secure-fit"
    BEST_FIT = "best-fit"
    FIRST_MATCH = "first-match"


class Of(StrEnum):
    """What a measure is made of."""

    ITEMS = "items"
    FINDINGS = "findings"
    CASE_SCORES = "case_scores"
    SURVEY_RESULTS = "survey_results"
    INDICATORS = "indicators"
    RATINGS = "ratings"


class Statistic(StrEnum):
    """How a measure is made."""

    COUNT = "count"
    SHARE = "share"
    MEAN = "mean"
    KINDS = "kinds"
    SOURCES = "sources"
    AT_COMPARATOR = "at_comparator"
    IMPROVING = "improving"
    LOWEST = "lowest"
    PERCENT_OF_MAXIMUM = "percent_of_maximum"
    RATING = "rating"


STATISTICS: dict[Of, frozenset[Statistic]] = {
    Of.ITEMS: frozenset({Statistic.COUNT, Statistic.KINDS, Statistic.SOURCES}),
    Of.FINDINGS: frozenset({Statistic.COUNT, Statistic.SHARE}),
    Of.CASE_SCORES: frozenset({Statistic.COUNT, Statistic.SHARE, Statistic.MEAN}),
    Of.SURVEY_RESULTS: frozenset({Statistic.COUNT, Statistic.MEAN}),
    Of.INDICATORS: frozenset({Statistic.COUNT, Statistic.AT_COMPARATOR, Statistic.IMPROVING}),
    Of.RATINGS: frozenset(
        {
            Statistic.COUNT,
            Statistic.SHARE,
            Statistic.LOWEST,
            Statistic.PERCENT_OF_MAXIMUM,
            Statistic.RATING,
        }
    ),
}
"""Which statistics can be made of what."""


class Filter(PolicyModel):
    """Which items (or ratings) count; everything left out counts as 'any'."""

    direction: tuple[Literal["strength", "weakness", "neutral"], ...] | None = Field(
        default=None, description="Findings with one of these directions."
    )
    significance_at_least: int | None = Field(
        default=None, ge=1, le=3, description="Findings of at least this significance."
    )
    score_at_least: Number | None = Field(default=None, description="Case scores of at least this.")
    strand: tuple[Id, ...] | None = Field(default=None, description="Items about one of these strands.")
    source_kind: tuple[str, ...] | None = Field(
        default=None, description="Items from one of these kinds of source."
    )
    level_at_least: str | None = Field(default=None, description="Ratings at this level or better.")
    level_at_most: str | None = Field(default=None, description="Ratings at this level or worse.")

    @property
    def given(self) -> set[str]:
        """The names of the filters that are set."""
        return {name for name in type(self).model_fields if getattr(self, name) is not None}


RATING_FILTERS = frozenset({"level_at_least", "level_at_most"})
FILTERS: dict[Of, frozenset[str]] = {
    Of.ITEMS: frozenset({"strand", "source_kind"}),
    Of.FINDINGS: frozenset({"direction", "significance_at_least", "strand", "source_kind"}),
    Of.CASE_SCORES: frozenset({"score_at_least", "strand", "source_kind"}),
    Of.SURVEY_RESULTS: frozenset({"strand", "source_kind"}),
    Of.INDICATORS: frozenset({"strand", "source_kind"}),
    Of.RATINGS: RATING_FILTERS,
}
"""Which filters make sense for what a measure is made of."""


class Measure(PolicyModel):
    """One number per domain (or, of ratings, per question) that criteria may test."""

    id: Key = Field(description="Short name, e.g. strengths_share.")
    title: Words = Field(description="The title that people read.")
    of: Of = Field(description="What it is computed from.")
    statistic: Statistic = Field(description="How it is computed.")
    where: Filter = Field(default=Filter(), description="What is counted (for a share: the part).")
    among: Filter = Field(default=Filter(), description="For a share: the whole it is a part of.")
    weighted: bool = Field(
        default=False, description="Findings weigh as much as their significance (1 to 3)."
    )
    by_extent: bool = Field(
        default=True,
        description="Whether findings in a share count by how widespread they are; false: each counts whole.",
    )
    domain: Id | None = Field(default=None, description="For statistic 'rating': whose rating.")
    better: Literal["higher", "lower", "neither"] = Field(
        default="higher", description="Which direction is good."
    )
    unit: str = Field(default="", description="Unit shown after the value, e.g. %.")

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `by_extent` where it is as it always was: digests of rulebooks stay the same."""
        found: dict[str, Any] = dump(self)
        if self.by_extent:
            found.pop("by_extent", None)
        return found

    @property
    def is_percent(self) -> bool:
        """Whether the value is a percentage (0 to 100)."""
        return self.statistic in (
            Statistic.SHARE,
            Statistic.AT_COMPARATOR,
            Statistic.IMPROVING,
            Statistic.PERCENT_OF_MAXIMUM,
        ) or (self.of is Of.SURVEY_RESULTS and self.statistic is Statistic.MEAN)

    @property
    def counts_by_extent(self) -> bool:
        """Whether what it is made of counts by how widespread it is."""
        return self.of is Of.FINDINGS and self.statistic is Statistic.SHARE and self.by_extent

    @property
    def is_count(self) -> bool:
        """Whether the value is a whole number that is 0 (not missing) where nothing was found."""
        return self.statistic in (Statistic.COUNT, Statistic.KINDS, Statistic.SOURCES)

    @model_validator(mode="after")
    def _parts_fit(self) -> Measure:
        allowed = STATISTICS[self.of]
        if self.statistic not in allowed:
            raise ValueError(
                f"statistic {self.statistic.value!r} cannot be computed from {self.of.value}; "
                f"allowed: {', '.join(sorted(s.value for s in allowed))}"
            )
        for name in ("where", "among"):
            given = getattr(self, name).given
            if given - FILTERS[self.of]:
                wrong = ", ".join(sorted(given - FILTERS[self.of]))
                raise ValueError(
                    f"{name}: {wrong} cannot filter {self.of.value}; "
                    f"allowed: {', '.join(sorted(FILTERS[self.of]))}"
                )
        if self.among.given and self.statistic is not Statistic.SHARE:
            raise ValueError("'among' belongs to a share only")
        if self.weighted and self.of is not Of.FINDINGS:
            raise ValueError("only findings can be weighted by significance")
        if not self.by_extent and (self.of, self.statistic) != (Of.FINDINGS, Statistic.SHARE):
            raise ValueError("only a share of findings can leave their extent out ('by_extent: false')")
        if (self.domain is not None) != (self.statistic is Statistic.RATING):
            raise ValueError("'domain' belongs to statistic 'rating', and 'rating' needs it")
        return self


TESTS = ("at_least", "at_most", "more_than", "less_than", "equals", "one_of")


PLACEHOLDERS = frozenset({"value", "base", "threshold", "domain", "measure"})
"""What `because` sentences may leave open."""


def _placeholders(sentence: str) -> Iterator[str]:
    """The placeholders of a sentence as written; raises ValueError for a lone brace."""
    try:
        parts = list(Formatter().parse(sentence))
    except ValueError as error:
        raise ValueError(f"because: the braces do not match in {sentence!r}") from error
    for _, name, form, conversion in parts:
        if name is not None:
            yield name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")


class Criterion(PolicyModel):
    """One test of one measure."""

    id: Id = Field(description="Short name, unique within its level.")
    measure: Key = Field(description="The measure tested.")
    at_least: Number | str | None = Field(default=None, description="Met from this value up.")
    at_most: Number | str | None = Field(default=None, description="Met up to and with this value.")
    more_than: Number | str | None = Field(default=None, description="Met above this value.")
    less_than: Number | str | None = Field(default=None, description="Met below this value.")
    equals: Number | str | None = Field(default=None, description="Met by this value only.")
    one_of: tuple[Number | str, ...] | None = Field(
        default=None, min_length=1, description="Met by these values."
    )
    when_missing: Literal["not-met", "met"] = Field(
        default="not-met", description="What applies if the measure has no value."
    )
    because: str = Field(
        description="The sentence about the measure; {value}, {base}, {threshold}, {domain}, {measure} are"
        " filled in."
    )
    reference: str = Field(description="Where the threshold comes from.")

    @property
    def test(self) -> str:
        """Which of the six tests the criterion makes."""
        return next(name for name in TESTS if getattr(self, name) is not None)

    @property
    def threshold(self) -> Number | str | tuple[Number | str, ...]:
        """What the measure is tested against, as written."""
        value: Number | str | tuple[Number | str, ...] = getattr(self, self.test)
        return value

    @model_validator(mode="after")
    def _exactly_one_test(self) -> Criterion:
        given = [name for name in TESTS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"exactly one test is needed of {', '.join(TESTS)}; found {', '.join(given) or 'none'}"
            )
        unknown = sorted(set(_placeholders(self.because)) - PLACEHOLDERS)
        if unknown:
            raise ValueError(
                f"because: {{{unknown[0]}}} is not known; "
                f"allowed: {', '.join(f'{{{name}}}' for name in sorted(PLACEHOLDERS))}"
            )
        return self


class Limit(Criterion):
    """A criterion that, when met, holds a rating down to a level."""

    no_better_than: Id = Field(description="The best level possible while the limit is met.")


class RuleSet(PolicyModel):
    """How one target (a domain or a question) is rated."""

    propose: Literal["from-criteria", "people"] = Field(
        default="from-criteria", description="'people': the rules propose no level; a moderator decides."
    )
    policy: Policy = Field(default=Policy.SECURE_FIT, description="Which level the criteria add up to.")
    sufficiency: tuple[Criterion, ...] = Field(
        default=(), description="What must be met for the evidence to be enough."
    )
    levels: dict[Id, tuple[Criterion, ...]] = Field(default={}, description="Criteria per level id.")
    limits: tuple[Limit, ...] = Field(default=(), description="What limits a rating.")

    def criteria(self) -> Iterator[tuple[str, Criterion]]:
        """Every criterion with the part it stands in: 'sufficiency', a level id, or 'limits'."""
        for criterion in self.sufficiency:
            yield "sufficiency", criterion
        for level, criteria in self.levels.items():
            for criterion in criteria:
                yield level, criterion
        for limit in self.limits:
            yield "limits", limit


class Rulebook(PolicyModel):
    """How the domains and questions of one framework are rated."""

    id: Id = Field(description="Short name of the rulebook.")
    framework: Id = Field(description="The framework it belongs to.")
    version: str = Field(description="Version of the policy, e.g. '1'.")
    title: Words = Field(description="The title that people read.")
    note: str = Field(default="", description="A note for readers, above all on where thresholds come from.")
    measures: tuple[Measure, ...] = Field(description="The measures the criteria test.")
    domain_defaults: dict[Id, RuleSet] = Field(
        description="Rules of all domains of a question, by question id."
    )
    domains: dict[Id, RuleSet] = Field(
        default={}, description="Rules of single domains, instead of the default."
    )
    questions: dict[Id, RuleSet] = Field(description="Rules of the questions, over the domains' ratings.")

    def rules_of(self, framework: Framework, target: str) -> RuleSet:
        """The rules that rate a domain or a question of `framework`, levels in the order of its scale."""
        if not framework.is_domain(target):
            rules = self.questions[target]
        else:
            rules = self.domains.get(target) or self.domain_defaults[framework.question_of[target].id]
        scale = [level.id for level in framework.scale_of(target) if level.id in rules.levels]
        if list(rules.levels) == scale:
            return rules
        return rules.model_copy(update={"levels": {name: rules.levels[name] for name in scale}})

    def block_of(self, framework: Framework, target: str) -> str:
        """Where the target's rules are written: 'domains/ID', 'domain_defaults/ID' or 'questions/ID'."""
        if not framework.is_domain(target):
            return f"questions/{target}"
        if target in self.domains:
            return f"domains/{target}"
        return f"domain_defaults/{framework.question_of[target].id}"

    def measure(self, measure_id: str) -> Measure:
        """The measure with this id."""
        return next(m for m in self.measures if m.id == measure_id)

    def measure_title(self, measure_id: str, language: str = "en") -> str:
        """The title of a measure."""
        return in_language(self.measure(measure_id).title, language)

    @property
    def evidence_measures(self) -> tuple[Measure, ...]:
        """The measures made of evidence, not of ratings."""
        return tuple(m for m in self.measures if m.of is not Of.RATINGS)
