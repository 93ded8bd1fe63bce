"""Where to look next: which kind of evidence, and how much, would make a rating least likely to change.

How likely that is: the share of draws in which the rules do not give the level they give now (see
assessment.robustness.uncertainty); for a domain that people decided it is about what the rules propose. It is
drawn again as if there were more of one kind of evidence. That is a preposterior analysis with a loss of 1
for a wrong level and 0 for the right one (Raiffa, H. and Schlaifer, R. (1961), Applied Statistical Decision
Theory, chapters 4 and 5), made simple by one assumption, `ASSUMED`. What that leaves out: new evidence may
also say something new, so a real gain can be larger or smaller. Where a measure stands right at its
threshold, no amount of the same settles it, and this says so. All amounts use the same random numbers, so
that they can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assessment.robustness.uncertainty import (
    Findings,
    Prepared,
    chance_of,
    check_draws,
    level_counts,
    prepare,
)
from assessment.runs.run import Run
from evidence.measures.pools import SampleSizes
from evidence.measures.resample import More
from programme.database import Database
from programme.reviews import Review
from rules.compile import measures_tested
from rules.errors import RunImpossible
from rules.framework import in_language
from rules.inference import Rating
from rules.rulebook import Of
from rules.sentences import Sentences
from rules.words import listed, percent

ASSUMED = (
    "Assumptions: new evidence says on the whole the same as the existing evidence, so that only the sample"
    " grows. New case files are scored like the existing ones; responses come in every survey group; a share"
    " without a base counts as 10 answers; an interview yields as many findings as the existing ones (one if"
    " there are none)."
)
STEP = {"case files": 15, "interviews": 4, "responses": 100}
"""One step of each kind. Fifteen cases are one fieldwork's sample and four interviews a reviewer's day (paper
on the fieldwork programme of joint reviews); a hundred responses are this project's own."""
TIMES = (1, 2, 4)
"""How many steps are tried."""
MOST = 0.8
"""The amount named is the least that brings this part of what the largest brings."""
MADE_OF = {"case files": Of.CASE_SCORES, "interviews": Of.FINDINGS, "responses": Of.SURVEY_RESULTS}


@dataclass(frozen=True)
class Gain:
    """What more of one kind of evidence would do for one domain."""

    kind: str
    """'case files', 'interviews' or 'responses'."""
    amount: int
    chance_wrong: float
    """With so much more."""
    fall: float
    """By how much the share of draws with another level falls; below 0 if it rises."""
    error: float
    """Monte Carlo standard error of the fall, not counting that both use the same random numbers."""


@dataclass(frozen=True)
class Shortfall:
    """By how much a measure is too little for a rating."""

    measure: str
    value: int | float | None
    needed: str
    short_by: int | float | None


@dataclass(frozen=True)
class DomainNext:
    """Where to look next for one domain."""

    target: str
    title: str
    status: str
    level_title: str | None
    """What the rules give now."""
    missing: tuple[str, ...]
    """What is lacking for a rating: the gaps."""
    short_by: tuple[Shortfall, ...]
    """The same in figures."""
    chance_wrong: float | None
    """None without a rating by the rules."""
    error: float | None
    gains: tuple[Gain, ...]
    best: Gain | None
    """The kind whose largest amount lowers the chance most, with the least amount that does most of it."""
    nothing_yet: tuple[str, ...]
    """Kinds that the rules ask for and of which nothing is there, so that nothing can be drawn."""
    sizes: SampleSizes
    said: str
    """One sentence."""


@dataclass(frozen=True)
class Next:
    """Where to look next, domain by domain: gaps first, then the least sure."""

    review: str
    run: int
    draws: int
    seed: int
    assumed: str
    domains: tuple[DomainNext, ...]


def look_next(
    db: Database,
    review: Review,
    run: Run,
    *,
    draws: int = 2_000,
    seed: int = 0,
    step: Mapping[str, int] = STEP,
    findings: Findings = "resampled",
) -> Next:
    """Where more evidence would make ratings least likely to change; raises RunImpossible.

    `step` gives the least amount tried of every kind; twice and four times as much are tried, too.
    """
    check_draws(draws, seed)
    for kind, amount in step.items():
        if kind not in STEP or amount < 1:
            raise RunImpossible(
                f"{amount} more {kind} cannot be tried", hint="Give a whole number from 1 up."
            )
    # A review that has just begun has nothing to draw, and its gaps are what to close first.
    prepared = prepare(db, review, run, findings, must_draw=False)
    now = level_counts(prepared, draws, seed)
    kinds = _kinds(prepared)
    tried = [
        (kind, amount, level_counts(prepared, draws, seed, _more(prepared, kind, amount)))
        for kind in step
        if any(kind in there for there, _ in kinds.values())
        for amount in (step[kind] * times for times in TIMES)
    ]
    found, words = [], run.sentences()
    for domain, (there, nothing_yet) in kinds.items():
        rating = run.rating(domain)
        level = rating.proposed
        wrong, gains = None, []
        if level is not None:
            wrong = chance_of(draws - now[domain][level], draws)
            for kind, amount, counts in tried:
                if kind in there:
                    then, error = chance_of(draws - counts[domain][level], draws)
                    both = (error**2 + wrong[1] ** 2) ** 0.5
                    gains.append(Gain(kind, amount, then, wrong[0] - then, both))
        best = _best(gains)
        titles = [in_language(one.title) for one in prepared.framework.scale_of(domain)]
        missing = tuple(gap.missing for gap in words.gaps([rating]))
        found.append(
            DomainNext(
                target=domain,
                title=words.title(domain),
                status=rating.status,
                level_title=None if level is None else titles[level - 1],
                missing=missing,
                short_by=tuple(_short_by(words, rating)),
                chance_wrong=wrong and wrong[0],
                error=wrong and wrong[1],
                gains=tuple(gains),
                best=best,
                nothing_yet=nothing_yet,
                sizes=prepared.resampler.sizes[domain],
                said=_said(
                    missing,
                    wrong and wrong[0],
                    best,
                    nothing_yet,
                    max(
                        (gain.amount for gain in gains if best and gain.kind == best.kind), default=len(gains)
                    ),
                ),
            )
        )
    found.sort(key=lambda one: (one.chance_wrong is not None, -(one.chance_wrong or 0)))
    return Next(run.review, run.id, draws, seed, ASSUMED, tuple(found))


def _kinds(prepared: Prepared) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """By domain: the kinds of evidence that can be drawn, and those the rules ask for that are not there."""
    framework, book = prepared.framework, prepared.frozen.policy.rulebook
    drawn = prepared.resampler.drawn
    found = {}
    for domain in framework.domains:
        tested = [book.measure(name) for name in measures_tested(framework, book, domain)]
        there = {m.of for m in tested if (domain, m.id) in drawn}
        asked = {m.of for m in tested if not m.is_count}
        found[domain] = (
            tuple(kind for kind, of in MADE_OF.items() if of in there),
            tuple(
                kind for kind, of in MADE_OF.items() if of in asked - there and not _any(prepared, domain, of)
            ),
        )
    return found


def _any(prepared: Prepared, domain: str, of: Of) -> bool:
    sizes = prepared.resampler.sizes[domain]
    results = sizes.results_of_answers + sizes.results_published + sizes.results_without_base
    return bool({Of.FINDINGS: sizes.findings, Of.CASE_SCORES: sizes.case_scores}.get(of, results))


def _more(prepared: Prepared, kind: str, amount: int) -> More:
    if kind == "case files":
        return More(case_files=amount)
    if kind == "responses":
        return More(responses=amount)
    sizes = prepared.resampler.sizes
    each = {
        domain: size.findings_of_interviews / size.interviews if size.interviews else 1.0
        for domain, size in sizes.items()
    }
    return More(findings={domain: round(amount * findings) for domain, findings in each.items()})


def _best(gains: list[Gain]) -> Gain | None:
    """The kind that helps most, if any helps by more than the Monte Carlo error can make."""
    most = max(gains, key=lambda gain: gain.fall, default=None)
    if most is None or most.fall <= 2 * most.error:
        return None
    same = sorted((g for g in gains if g.kind == most.kind), key=lambda gain: gain.amount)
    return next(gain for gain in same if gain.fall >= MOST * most.fall)


def _short_by(words: Sentences, rating: Rating) -> list[Shortfall]:
    return [
        Shortfall(
            outcome.measure,
            outcome.value,
            words.needed(rating.target, outcome),
            None if outcome.margin is None else -outcome.margin,
        )
        for outcome in rating.lacking
    ]


def _said(
    missing: tuple[str, ...],
    wrong: float | None,
    best: Gain | None,
    nothing_yet: tuple[str, ...],
    largest: int,
) -> str:
    if wrong is None:
        if not missing:
            return "The rules propose no level here: a moderator decides."
        return f"Close the gap first: {'; '.join(missing)}."
    also = f" No {listed(nothing_yet, 'or')} yet." if nothing_yet else ""
    share = _chance(wrong)
    chance = f"{share[:1].upper()}{share[1:]} of simulated resamplings give a different level"
    if best:
        least = "" if best.chance_wrong < 0.05 else ", and adding more would hardly lower it further"
        lower = f"{best.amount} more {best.kind} would lower that share to {_chance(best.chance_wrong)}"
        return f"{chance}; {lower}{least if best.amount < largest else ''}.{also}"
    if not largest:
        return f"Nothing that decides this rating can be resampled, so no share can be given.{also}"
    if wrong < 0.05:
        return f"{chance}. More evidence of the same kinds would change little.{also}"
    near = "more evidence of the same kinds would not settle it, because a measure is near its threshold"
    return f"{chance}, and {near}.{also}"


def _chance(wrong: float) -> str:
    # No number of draws shows that a chance is nothing.
    return "less than 1 %" if wrong < 0.01 else percent(wrong)
