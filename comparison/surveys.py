"""Survey results of a review beside those of the other reviews of its framework, and their funnels.

What is compared is what the measures count once (`evidence.measures.compute`): one question, asked of one
group, about one strand, in the latest period a review has of it (that which ends last, as the measures
take it). Several results of one review in that period are one share: their mean, on the smallest base among
them, unknown if one of them is. The base of weighted answers is the effective one. A share on nothing but
fewer than FEWEST_ANSWERS answers, weighted or not, is marked: it never decides alone, is not among the best,
worst and median of the others, and stands in no funnel (see `comparison.funnel`).

Of other reviews nothing is used but share, base and authority, and the authority only where it may be named.
Cost grows with the number of survey results of the framework that answer the review's own questions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from comparison.funnel import (
    DEVIATIONS,
    INSIDE,
    Fit,
    Numbers,
    control_limits,
    fit_funnel,
    positions,
)
from comparison.indicators import shown
from evidence.at_event import sorted_by
from evidence.marks import marks_of, said_of
from evidence.measures.compute import wilson
from evidence.scales import describe_not_answered
from programme.calendar import day_words
from programme.database import Database, one, rows
from programme.reviews import Review
from rules.errors import EvidenceInvalid, UnknownName
from rules.ratings import FEWEST_ANSWERS, rounded
from rules.remedy import ShowLayout
from rules.words import many, percent

FEWEST_REVIEWS = 5
"""Reviews with the same result on a known base from which a funnel is drawn; this project's own choice."""
CURVE_POINTS = 60
"""Bases at which the limits are given for drawing."""
NOT_NAMED = "another authority"
Result = tuple[str, ...]
"""What is one result: a question, a group and a strand; and 'reversed' where its shares are of those who
disagreed, which no share of those who agreed is compared with."""


def result_of(question: str, group: str, strand: str, is_reversed: bool) -> Result:
    """What is one result."""
    return (question, group, strand, *(["reversed"] if is_reversed else []))


OWN = f"""
select e.id, e.text as question, e.group_name, e.strand, e.locator,
  e.period, s.dated, {sorted_by()} as key, e.value as share, e.base,
  e.answers, e.design_effect, e.marks, coalesce(e.reversed, 0) as reversed, e.source_id,
  coalesce(e.better, 'higher') as better, e.best, e.worst, s.ref as source,
  (select group_concat(d.key, ';') from tag t join domain d on d.id = t.domain_id
    where t.evidence_id = e.id and t.withdrawn_event is null) as domains
from evidence e join source s on s.id = e.source_id
where e.review_id = ? and e.kind = 'survey_result' and e.withdrawn_event is null
order by question, e.group_name, e.strand, key, share, source, e.id
"""
# One share a review of the framework for every question, group and strand: that of its latest period.
OF_FRAMEWORK = f"""
with counted as (
  select e.review_id, e.text, e.group_name, e.strand, e.value, e.base, e.answers,
    coalesce(e.reversed, 0) as reversed,
    rank() over (partition by e.review_id, e.text, e.group_name, e.strand, e.reversed
      order by {sorted_by()} desc) as age
  from evidence e join source s on s.id = e.source_id
  where e.kind = 'survey_result' and e.withdrawn_event is null and e.value is not null
    and e.review_id in (select id from review where framework_id = :framework)
    and (:review is null or (e.text, e.group_name, e.strand) in (
      select text, group_name, strand from evidence
      where review_id = :review and kind = 'survey_result' and withdrawn_event is null)))
select c.text as question, c.group_name, c.strand, c.reversed, v.key as review, v.authority,
  sum(cast(round(c.value * 1e6) as integer)) / 1e6 / count(*) as share,
  case when count(c.base) = count(*) then min(c.base) end as base,
  not max(coalesce(c.answers >= {FEWEST_ANSWERS}, 1)) as few
from counted c join review v on v.id = c.review_id
where c.age = 1 group by c.text, c.group_name, c.strand, c.reversed, v.id
order by c.text, c.group_name, c.strand, c.reversed
"""
NOT_ANSWERED = """
select r.source_id, r.question, r.group_name, r.said, count(*) as answers
from source s join survey_response r on r.source_id = s.id
where s.review_id = ? and r.said is not null
group by r.source_id, r.question, r.group_name, r.said order by answers desc, r.said
"""
OTHER_REVIEWS = "select count(*) from review where framework_id = ? and id <> ?"


@dataclass(frozen=True)
class Place:
    """One authority in a funnel."""

    authority: str
    """NOT_NAMED for a review that may not be named."""
    review: str | None
    """Name of the review, None if it may not be named."""
    own: bool
    """Whether it is the review asked about."""
    share: float
    base: float | None
    few: bool
    """On fewer than FEWEST_ANSWERS answers."""
    position: str
    """INSIDE, BEYOND_95 or BEYOND_998 of the limits with over-dispersion; empty if it is not shown."""
    by_chance_alone: str
    """The same, of the limits without over-dispersion."""
    side: str
    """'above', 'below' or 'at' the pooled share; empty if it is not shown."""
    not_shown: str
    """Why it is in no funnel: 'base unknown' or 'fewer than 10 answers'; else empty."""


@dataclass(frozen=True)
class Limits:
    """Control limits in percent at a row of bases."""

    base: tuple[float, ...]
    low_95: tuple[float, ...]
    high_95: tuple[float, ...]
    low_998: tuple[float, ...]
    high_998: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What is drawn of a funnel; see `comparison.funnel`."""

    target: float
    """Pooled share in percent, of all that are shown, the review's own among them."""
    phi: float
    """Mean squared z-score, winsorised: about 1 where the shares vary no more than by chance."""
    tau: float
    """Standard deviation between authorities in percentage points; 0 where chance explains what there is."""
    limits: Limits
    """With over-dispersion."""
    by_chance_alone: Limits
    """Without it, at the same bases; the same limits where tau is 0."""


@dataclass(frozen=True)
class Funnel:
    """All reviews of a framework with one result: a question, a group and a strand."""

    question: str
    group: str
    strand: str
    places: tuple[Place, ...]
    """By base and share; those without a base last."""
    usable: int
    """How many of them have a known base, on FEWEST_ANSWERS answers or more."""
    drawn: Drawn | None
    """None where fewer than FEWEST_REVIEWS are usable."""
    reversed: bool = False
    """Whether agreeing is bad, and the shares are of those who disagreed."""

    @property
    def result(self) -> Result:
        """Question, group and strand; and whether the shares are of those who disagreed."""
        return result_of(self.question, self.group, self.strand, self.reversed)


@dataclass(frozen=True)
class Other:
    """The share of one of the others."""

    authority: str
    review: str | None
    share: float
    base: float | None


@dataclass(frozen=True)
class Comparison:
    """A result beside those of others, in the direction that is better."""

    of: str
    """'reviews' (the others in the database), 'published' (as the item gives them) or 'nothing'."""
    others: int
    """How many other reviews are compared with."""
    too_small: int
    """How many others were left out for fewer than FEWEST_ANSWERS answers."""
    best: Other | None
    """None where no direction is better."""
    worst: Other | None
    median: float | None
    """Of the others; None if only published."""
    better_than: int | None
    """How many of the others it is better than; None if only published or no direction is better."""


@dataclass(frozen=True)
class SurveyResult:
    """One survey result of the review."""

    item: int
    source: str
    question: str
    group: str
    strand: str
    period: str
    """In its own words, or the date of the source."""
    share: float | None
    """In percent; None where the source does not publish it."""
    base: float | None
    """How many answered; if they are weighted, the effective number; None where it is unknown."""
    answers: int | None
    """How many answered, weighted or not."""
    design_effect: float | None
    """Answers divided by the base, where they are weighted."""
    low: float | None
    """Wilson's 95 % interval in percent; None where the base is unknown."""
    high: float | None
    small: bool
    """On fewer than FEWEST_ANSWERS answers: never decides alone."""
    better: str
    """higher, lower or neither."""
    domains: tuple[str, ...]
    latest: bool
    """Whether it is of the latest period; only those are compared."""
    comparison: Comparison | None
    position: str
    """Place in the funnel, in words; empty if there is none."""
    reversed: bool = False
    """Whether agreeing is bad: the share is of those who disagreed."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """What stands in place of numbers that are not published, by column: value, base, best, worst."""
    not_answered: Mapping[str, int] = field(default_factory=dict)
    """What was said instead of an answer, and how often; of results made of single answers."""

    @property
    def result(self) -> Result:
        """Question, group and strand; and whether the share is of those who disagreed."""
        return result_of(self.question, self.group, self.strand, self.reversed)


@dataclass(frozen=True, kw_only=True)
class Surveys:
    """The survey results of a review with their comparison."""

    review: str
    framework: str
    other_reviews: int
    """How many other reviews of the framework the database holds."""
    results: tuple[SurveyResult, ...]
    funnels: tuple[Funnel, ...]
    """One for every question, group and strand of the results, drawn or not."""


def compare_surveys(
    db: Database, review: Review, *, named: Collection[str] | None, question: str = ""
) -> Surveys:
    """Every survey result of a review beside the other reviews of the framework, with the funnels.

    Of the other reviews only share and base are used. `named` are the names of the reviews whose authority
    may be told (None: all); the others stand as NOT_NAMED. `question` keeps the questions with these words,
    in capitals or not. Raises EvidenceInvalid where the review has no survey results, UnknownName where none
    of its questions has the words.
    """
    own = rows(db, OWN, [review.id])
    if not own:
        raise EvidenceInvalid(
            f"the review {review.key} has no survey results",
            remedies=[ShowLayout("survey-results")],
        )
    kept = [row for row in own if question.casefold() in row["question"].casefold()]
    if not kept:
        raise UnknownName("survey question with the words", question, {row["question"] for row in own})
    asked = {_result_of(row) for row in kept}
    found = funnels_of(db, review.framework_id, named=named, own=review, asked=asked)
    others = one(db, OTHER_REVIEWS, [review.framework_id, review.id])
    return Surveys(
        review=review.key,
        framework=review.framework.id,
        other_reviews=others,
        results=_results(kept, found, review, rows(db, NOT_ANSWERED, [review.id])),
        funnels=tuple(found),
    )


def funnels_of(
    db: Database,
    framework_id: int,
    *,
    named: Collection[str] | None,
    own: Review | None = None,
    asked: Collection[Result] | None = None,
) -> list[Funnel]:
    """A funnel for every question, group and strand of a framework; with `own` for those of that review only.

    `asked` keeps these questions, groups and strands (None: all). Where fewer than FEWEST_REVIEWS reviews
    have the result on a known base and FEWEST_ANSWERS answers or more, the funnel is not drawn. `named` as in
    `compare_surveys`.
    """
    review = None if own is None else own.id
    found = rows(db, OF_FRAMEWORK, {"framework": framework_id, "review": review})
    may_name = None if named is None else {*named, *([] if own is None else [own.key])}
    return [
        _funnel(list(group), may_name, own)
        for result, group in groupby(found, _result_of)
        if asked is None or result in asked
    ]


def describe_spread(funnel: Funnel) -> str:
    """The pooled share, and how far authorities differ by more than chance, in words; empty if not drawn."""
    drawn = funnel.drawn
    if drawn is None:
        return ""
    said = f"{percent(drawn.target / 100, decimals=1)} positive in {funnel.usable} reviews together; "
    if drawn.tau == 0:
        return f"{said}they vary no more than chance allows."
    return (
        f"{said}they vary by more than chance: authorities differ by a standard deviation of"
        f" {drawn.tau:.1f} percentage points, which the limits take into account."
    )


def describe_surveys(found: Surveys, review: str, framework: str) -> str:
    """How many results there are, on what, and what they are compared with: one sentence.

    `review` and `framework` are what to call these two.
    """
    results, latest = found.results, [one for one in found.results if one.comparison]
    small = sum(one.small for one in results)
    missing = sum(one.share is None for one in results)
    unknown = sum(one.base is None and one.share is not None for one in results)
    compared = [one for one in latest if one.comparison and one.comparison.of == "reviews"]
    published = sum(one.comparison is not None and one.comparison.of == "published" for one in latest)
    away = sum(one.position not in ("", INSIDE) for one in latest)
    marks = [
        f"{small} with fewer than {FEWEST_ANSWERS} answers" if small else "",
        f"{unknown} without a known base" if unknown else "",
        f"{missing} not published" if missing else "",
    ]
    said = f"{many(len(results), 'survey result')} of {review}"
    said += f" ({', '.join(filter(None, marks))})" if any(marks) else ""
    if found.other_reviews:
        others = many(found.other_reviews, "other review")
        said += f": {len(compared)} compared with {others} of {framework}"
    else:
        said += f": the database holds no other review of {framework}"
    if published:
        said += f"; for {published} the source publishes the best or worst authority"
    drawn = sum(bool(one.position) for one in latest)
    if drawn:
        said += f"; {drawn} in a funnel, {away or 'none'} of them beyond its limits"
    return f"{said}."


def describe_base(one: SurveyResult) -> str:
    """How many answered, in words; a share on too few answers is marked."""
    mark = one.marks.get("base", "")
    if one.small:
        answered = mark or many(one.answers or 0, "answer")
        said = f"{answered}: too few to decide a rating on its own"
    elif one.base is None:
        said = said_of(mark) if mark else "unknown"
    else:
        weighted = f" (weighted, {one.answers} answered)" if one.design_effect and one.answers else ""
        said = f"{shown(round(one.base, 1))}{weighted}"
    instead = describe_not_answered(one.not_answered)
    return f"{said}; {instead}" if instead else said


def describe_share(one: SurveyResult) -> str:
    """The share in words, or that it is not published, with the mark in its place."""
    return f"{shown(one.share)} %" if one.share is not None else said_of(one.marks.get("value", ""))


def describe_missing_funnels(found: Surveys) -> str:
    """For how many questions there is no funnel, and what one takes; empty where there is one for all."""
    usable = [funnel.usable for funnel in found.funnels if funnel.drawn is None]
    if not usable:
        return ""
    most = max(usable)
    questions = many(len(found.funnels), "question and group", "questions and groups")
    return (
        f"No funnel for {len(usable)} of {questions}: a funnel needs at least {FEWEST_REVIEWS} reviews with"
        f" the same question, group and strand, each with {FEWEST_ANSWERS} answers or more and a known base;"
        f" there {'is' if most == 1 else 'are'} {f'at most {most}' if most else 'none'}."
    )


def _result_of(row: dict[str, Any]) -> Result:
    return result_of(row["question"], row["group_name"], row["strand"], row["reversed"])


def _funnel(
    found: list[dict[str, Any]],
    named: Collection[str] | None,
    own: Review | None,
) -> Funnel:
    named_by = (found[0]["question"], found[0]["group_name"], found[0]["strand"])
    turned = bool(found[0]["reversed"])
    for row in found:
        row["own"], row["few"] = own is not None and row["review"] == own.key, bool(row["few"])
        if named is not None and row["review"] not in named:
            row["review"], row["authority"] = None, NOT_NAMED
    # By what is told alone: nothing of the order of the reviews shows through.
    found.sort(key=lambda r: (r["base"] is None, r["base"], r["share"], r["authority"], r["review"] or ""))
    shares = np.array([row["share"] for row in found], dtype=float)
    bases = np.array([np.nan if row["base"] is None else row["base"] for row in found], dtype=float)
    usable = ~np.isnan(bases) & ~np.array([row["few"] for row in found])
    count = int(usable.sum())
    if count < FEWEST_REVIEWS:
        return Funnel(*named_by, tuple(_place(row, "", "", None) for row in found), count, None, turned)
    fit = fit_funnel(shares[usable], bases[usable])
    at = np.full((2, len(found)), "", dtype=object)
    for line, tau in enumerate((fit.tau, 0.0)):
        at[line, usable] = positions(shares[usable], bases[usable], fit.target, tau)
    places = tuple(
        _place(row, position, alone, fit) for row, position, alone in zip(found, at[0], at[1], strict=True)
    )
    # From the smallest base to a little beyond the largest, closer together where the limits bend most.
    smallest, largest = float(bases[usable].min()), float(bases[usable].max())
    curve = np.geomspace(min(FEWEST_ANSWERS, smallest), max(2 * FEWEST_ANSWERS, 1.1 * largest), CURVE_POINTS)
    drawn = Drawn(
        target=rounded(fit.target),
        phi=rounded(fit.phi),
        tau=rounded(fit.tau),
        limits=_limits(fit.target, curve, fit.tau),
        by_chance_alone=_limits(fit.target, curve, 0.0),
    )
    return Funnel(*named_by, places, count, drawn, turned)


def _place(row: dict[str, Any], position: str, alone: str, fit: Fit | None) -> Place:
    base, side, why = row["base"], "", ""
    if base is None:
        why = "base unknown"
    elif row["few"]:
        why = f"fewer than {FEWEST_ANSWERS} answers"
    elif fit is not None:
        side = "above" if row["share"] > fit.target else "below" if row["share"] < fit.target else "at"
    return Place(
        authority=row["authority"],
        review=row["review"],
        own=row["own"],
        share=rounded(row["share"]),
        base=None if base is None else rounded(base),
        few=row["few"],
        position=position,
        by_chance_alone=alone,
        side=side,
        not_shown=why,
    )


def _limits(target: float, bases: Numbers, tau: float) -> Limits:
    ends = [end for d in DEVIATIONS.values() for end in control_limits(target, bases, tau, d)]
    return Limits(*(tuple(rounded(value) for value in line) for line in (bases, *ends)))


def _results(
    own: Sequence[dict[str, Any]],
    found: Sequence[Funnel],
    review: Review,
    not_answered: Sequence[dict[str, Any]],
) -> tuple[SurveyResult, ...]:
    funnels = {funnel.result: funnel for funnel in found}
    latest = {_result_of(row): row["key"] for row in own if row["share"] is not None}
    instead: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in not_answered:
        of = (row["source_id"], f"question {row['question']}, group {row['group_name']}")
        instead.setdefault(of, {})[row["said"]] = row["answers"]
    order = {domain: number for number, domain in enumerate(review.framework.domains)}
    results = []
    for row in own:
        published = row["share"] is not None
        known = published and row["base"]
        low, high = map(rounded, wilson(row["share"], row["base"])) if known else (None, None)
        is_latest = published and row["key"] == latest[_result_of(row)]
        funnel = funnels[_result_of(row)] if published else None
        results.append(
            SurveyResult(
                item=row["id"],
                source=row["source"],
                question=row["question"],
                group=row["group_name"],
                strand=row["strand"],
                period=row["period"] or day_words(row["dated"] or ""),
                share=row["share"],
                base=row["base"],
                answers=row["answers"],
                design_effect=row["design_effect"],
                low=low,
                high=high,
                small=row["answers"] is not None and row["answers"] < FEWEST_ANSWERS,
                better=row["better"],
                domains=tuple(sorted(filter(None, (row["domains"] or "").split(";")), key=order.__getitem__)),
                latest=is_latest,
                comparison=_comparison(row, funnel) if funnel and is_latest else None,
                position=_position(funnel, row["better"]) if funnel and is_latest else "",
                reversed=bool(row["reversed"]),
                marks=marks_of(row["marks"]),
                not_answered=instead.get((row["source_id"], row["locator"]), {}),
            )
        )
    return tuple(results)


def _comparison(row: dict[str, Any], funnel: Funnel) -> Comparison:
    everyone = [place for place in funnel.places if not place.own]
    others = [place for place in everyone if not place.few]
    too_small = len(everyone) - len(others)
    if not others:
        published = [
            share if share is None else Other("as published", None, share, None)
            for share in (row["best"], row["worst"])
        ]
        of = "published" if any(published) else "nothing"
        return Comparison(of, 0, too_small, published[0], published[1], None, None)
    median = rounded(np.median([place.share for place in others]))
    if row["better"] == "neither":
        return Comparison("reviews", len(others), too_small, None, None, median, None)
    sign = 1 if row["better"] == "higher" else -1
    # The first of several that are equal: by base, the order of the places.
    best = max(others, key=lambda place: sign * place.share)
    worst = min(others, key=lambda place: sign * place.share)
    behind = sum(sign * place.share < sign * row["share"] for place in others)
    return Comparison("reviews", len(others), too_small, _other(best), _other(worst), median, behind)


def _other(place: Place) -> Other:
    return Other(place.authority, place.review, place.share, place.base)


def _position(funnel: Funnel, better: str) -> str:
    """The review's own place in the funnel in words, with whether that side is better or worse."""
    place = next(place for place in funnel.places if place.own)
    if not place.position:
        return ""
    if place.position == INSIDE:
        return INSIDE
    if better == "neither":
        return describe_place(place.position, place.side)
    good = (place.side == "above") == (better == "higher")
    return f"{describe_place(place.position, place.side)} ({'better' if good else 'worse'})"


def describe_place(position: str, side: str) -> str:
    """Where a share is in a funnel: 'inside', 'above the 95 % limit'; empty where it has no place."""
    return (
        f"{side} the {position.removeprefix('beyond ')} limit" if position not in ("", INSIDE) else position
    )
